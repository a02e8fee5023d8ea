"""The perceptron: a weighted sum, a bias and one bend, and what it cannot separate."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr
    from matplotlib.axes import Axes

# The idea


def weighted_sum(inputs: ArrayLike, kernel: ArrayLike, bias: float = 0.0) -> np.ndarray:
    r"""Multiply each input by its weight and add up, with the bias: $z = \mathbf{x}\mathbf{w} + b$.

    It is 0 on the separating line, positive on one side of it and negative on the other.

    Args:
        inputs: One example per row, shape (num_examples, features).
        kernel: The weights $\mathbf{w}$, shape (features,).
        bias: The number $b$ that is added; also called intercept.

    Returns:
        One number per example, shape (num_examples,).

    Raises:
        ValueError: The shapes do not fit, or a number is not finite.

    Example:
        >>> weighted_sum([[1, 1], [5, 1]], kernel=[1, 0], bias=-3)
        array([-2.,  2.])
    """
    points, weights = numbers(inputs, "inputs", rank=2), numbers(kernel, "kernel", rank=1)
    if points.shape[1] != weights.size:
        raise ValueError(
            f"`kernel` must hold one weight for each of the {points.shape[1]} features. "
            f"Received: shape {weights.shape}"
        )
    return points @ weights + numbers([bias], "bias")[0]


def perceptron(
    inputs: ArrayLike, kernel: ArrayLike, bias: float = 0.0, activation: str = "sigmoid"
) -> np.ndarray:
    r"""Compute one artificial neuron: $y = \sigma(\mathbf{x}\mathbf{w} + b)$.

    Args:
        inputs: One example per row, shape (num_examples, features).
        kernel: The weights, shape (features,).
        bias: The number that is added to the weighted sum.
        activation: Name of the nonlinear function in Keras, such as "sigmoid", "tanh", "relu".

    Returns:
        One output per example, shape (num_examples,).

    Raises:
        ValueError: As `weighted_sum`, or Keras knows no such activation.

    Example:
        >>> perceptron([[1, 1], [3, 1], [5, 1]], kernel=[1, 0], bias=-3).round(2)
        array([0.12, 0.5 , 0.88])
    """
    import keras

    function = keras.activations.get(activation)
    return np.asarray(function(weighted_sum(inputs, kernel, bias)))


def hyperplane_distance(points: ArrayLike, kernel: ArrayLike, bias: float = 0.0) -> np.ndarray:
    r"""Measure how far points lie from the line: $(\mathbf{x}\mathbf{w} + b) / |\mathbf{w}|$.

    Args:
        points: One per row, shape (num_points, features).
        kernel: The weights, shape (features,), not all 0.
        bias: The number that is added to the weighted sum.

    Returns:
        One distance per point, positive on the side to which the weights point.

    Raises:
        ValueError: As `weighted_sum`, or all weights are 0, so that there is no line.

    Example:
        >>> hyperplane_distance([[0, 0], [5, 1]], kernel=[3, 4], bias=-10)
        array([-2. ,  1.8])
    """
    length = np.linalg.norm(numbers(kernel, "kernel", rank=1))
    if length == 0:
        raise ValueError(f"`kernel` must not be all zeros. Received: {kernel!r}")
    return weighted_sum(points, kernel, bias) / length


class Line(NamedTuple):
    """A separating line, and the share of points on the right side of it."""

    accuracy: float
    kernel: np.ndarray
    bias: float


def best_line(inputs: ArrayLike, labels: ArrayLike, through: ArrayLike | None = None) -> Line:
    """Try lines in 360 directions, each at every place, and keep the one that errs least.

    No training: it says what any perceptron can reach at best on these points.

    Args:
        inputs: Points of a plane, shape (num_examples, 2).
        labels: Class of each, 0 or 1.
        through: A point that the line must pass through; `None`: any line.

    Returns:
        The line and its accuracy.

    Raises:
        ValueError: `inputs` is not a list of points of a plane, or there is not one label each.

    Example:
        >>> corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> best_line(corners, [0, 0, 0, 1]).accuracy, best_line(corners, [0, 1, 1, 0]).accuracy
        (1.0, 0.75)
    """
    points, classes = numbers(inputs, "inputs", rank=2), np.ravel(labels).astype(int)
    if points.shape[1] != 2 or classes.size != len(points):
        raise ValueError(
            "`inputs` must have two features and `labels` one class for each row. "
            f"Received: shapes {points.shape} and {classes.shape}"
        )
    angles = np.radians(np.arange(360) + 0.37)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    heights = points @ directions
    if through is None:
        cuts, right = _best_cuts(heights, classes)
    else:
        cuts = np.asarray(through, float) @ directions
        right = ((heights > cuts) == classes[:, None]).mean(axis=0)
    best = int(right.argmax())
    return Line(float(right[best]), directions[:, best], float(-cuts[best]))


def _best_cuts(heights: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best place of a cut in each column of heights, and its share of right answers."""
    order = heights.argsort(axis=0)
    ranked = np.take_along_axis(heights, order, axis=0)
    ranked = np.vstack([ranked[:1] - 1, ranked, ranked[-1:] + 1])
    steps = np.cumsum(1 - 2 * classes[order], axis=0)
    right = np.vstack([np.zeros_like(steps[:1]), steps]) + classes.sum()
    right = np.where(np.diff(ranked, axis=0) > 1e-9, right, 0)
    best = right.argmax(axis=0)[None]
    below, above = (np.take_along_axis(ranked, best + step, axis=0)[0] for step in (0, 1))
    return (below + above) / 2, np.take_along_axis(right, best, axis=0)[0] / len(classes)


def build_perceptron(activation: str = "sigmoid", use_bias: bool = True) -> "keras.Sequential":
    """Build a perceptron with two inputs in Keras.

    Args:
        activation: Name of the nonlinear function.
        use_bias: Whether it has a bias.

    Returns:
        An untrained model from shape (batch, 2) to (batch, 1).

    Example:
        >>> build_perceptron().count_params(), build_perceptron(use_bias=False).count_params()
        (3, 2)
    """
    return mlp((2, 1), output_activation=activation, use_bias=use_bias)


# The experiment

PROBLEMS = ("two groups", "AND", "OR", "XOR", "rings")
NETWORKS = ("perceptron", "2-8-1")
BIASES = ("with bias", "without bias")
PLACES = ("raw", "centred")


def problem_data(seed: int, problem: str, num_examples: int = 400) -> datasets.Data:
    """Draw a problem with two classes, and 2,000 fresh points to test on."""
    if problem in ("two groups", "rings"):
        draw = datasets.clusters if problem == "two groups" else datasets.doughnuts
        data = draw(seed, num_examples=num_examples // 2, num_test=1000)
    else:
        gate, corner = problem.lower(), num_examples // 4
        data = datasets.xor(seed, gate=gate, num_examples=corner, num_test=500)
    return data.without_validation()


def network_for(network: str) -> "keras.Sequential":
    """Build a perceptron, or a network with a hidden layer of eight ReLU units."""
    return (
        build_perceptron()
        if network == NETWORKS[0]
        else mlp((2, 8, 1), output_activation="sigmoid")
    )


def uneven_clusters(seed: int, share: float, place: str) -> datasets.Data:
    """Draw 200 points, a share of them of class 1, and ten times as many to test on."""
    rare = round(200 * share)
    data = datasets.clusters(seed, num_examples=(200 - rare, rare), num_test=0)
    fresh = datasets.clusters(seed, num_examples=(10 * (200 - rare), 10 * rare))
    data = replace(data, x_test=fresh.x_test, y_test=fresh.y_test)
    mean = data.x_train.mean(axis=0)
    return data.with_inputs(lambda inputs: inputs - mean) if place == "centred" else data


def perceptron_for(bias: str) -> "keras.Sequential":
    """Build a perceptron with or without a bias."""
    return build_perceptron(use_bias=bias == "with bias")


def found(y_true: Any, y_pred: Any) -> Any:
    """Share of the examples of class 1 that the model finds, known as recall."""
    from keras import ops

    hits = y_true * ops.cast(y_pred > 0.5, y_true.dtype)
    return ops.divide(ops.sum(hits), ops.sum(y_true))


def ceiling(share: float, place: str, bias: str) -> float:
    """Accuracy of the best line on endlessly many points of `uneven_clusters`."""
    from scipy.special import ndtr

    angles = np.radians(np.arange(0, 360, 0.5))
    first, second = np.array([[1, 1], [5, 1]]) @ np.stack([np.cos(angles), np.sin(angles)])
    cuts = (1 - share) * first + share * second if place == "centred" else 0 * first
    if bias == "with bias":
        cuts = cuts + np.linspace(-8, 8, 801)[:, None]
    return float(((1 - share) * ndtr(cuts - first) + share * ndtr(second - cuts)).max())


ACCURACY = {"test_accuracy": "accuracy on fresh data"}
TRAINED: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.05, "epochs": 500}

SEPARABILITY = Experiment(
    name="separability",
    question="What can one perceptron solve, and what needs a hidden layer?",
    independent={"problem": PROBLEMS, "network": NETWORKS, "num_examples": (20, 400)},
    trial=Training(
        network_for, problem_data, "binary_crossentropy", metrics=("accuracy",), **TRAINED
    ),
    units={**ACCURACY, "num_examples": "examples"},
)
BIAS = Experiment(
    name="bias",
    question="Does centring the data make the bias superfluous?",
    independent={"share": (0.5, 0.2, 0.05), "place": PLACES, "bias": BIASES},
    trial=Training(
        perceptron_for,
        uneven_clusters,
        "binary_crossentropy",
        metrics=("accuracy", found),
        **TRAINED,
    ),
    units={**ACCURACY, "share": "share of class 1"},
)

# The claims


def network_gain(results: "xr.Dataset", problem: str, num_examples: int) -> "xr.DataArray":
    """Accuracy of the network minus that of the perceptron, for each seed."""
    runs = results["test_accuracy"].sel(problem=problem, num_examples=num_examples)
    return runs.sel(network="2-8-1") - runs.sel(network="perceptron")


def lost_on_curves(results: "xr.Dataset") -> list[Evidence]:
    """What a perceptron lacks where no line separates the classes."""
    return [
        Evidence.from_mean(problem, network_gain(results, problem, 400), at_least=0.15)
        for problem in ("XOR", "rings")
    ]


def lost_on_lines(results: "xr.Dataset") -> list[Evidence]:
    """What a network loses where a line is enough."""
    return [
        Evidence.from_mean(
            f"{problem}, {count} examples", -network_gain(results, problem, count), at_least=0.01
        )
        for problem in ("two groups", "AND", "OR")
        for count in results["num_examples"].values
    ]


def gap_after_centring(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy with bias minus without, on centred data."""
    runs = results["test_accuracy"].sel(place="centred")
    having, lacking = (runs.sel(bias=bias) for bias in BIASES)
    return [
        Evidence.from_comparison(
            f"class 1 is {100 * share:.0f} % of the points",
            paired(having.sel(share=share), lacking.sel(share=share)),
            at_most=0.01,
        )
        for share in results["share"].values
    ]


CLAIMS = (
    Claim(
        "C-perceptron-1",
        "Linear models can only solve linearly separable problems; nonlinear models can solve "
        "more complex ones.",
        SEPARABILITY,
        lost_on_curves,
        note="accuracy of the 2-8-1 network minus that of the perceptron, 400 examples, where no "
        "line separates the classes; holds from 0.15 up",
    ),
    Claim(
        "C-perceptron-2",
        "Never use a nonlinear model for a linear problem.",
        SEPARABILITY,
        lost_on_lines,
        note="accuracy of the perceptron minus that of the 2-8-1 network, where a line is enough; "
        "holds if the network loses 0.01 or more",
    ),
    Claim(
        "C-perceptron-3",
        "You don't need a bias if the data are mean-centred.",
        BIAS,
        gap_after_centring,
        note="accuracy with bias minus without, centred data; holds up to 0.01",
    ),
)

# The figure


def plot_anatomy() -> "plots.BookFigure":
    """Draw two inputs, a bias, their weights, the sum, the activation and the output."""
    figure, axes = plots.diagram(
        "A perceptron: two inputs and a constant 1 are multiplied by their weights and the bias, "
        "added up, and passed through a nonlinear activation to the output.",
        height=2.9,
    )
    total, bend = (3.1, 1.45), (4.6, 1.45)
    inputs = {"1": ("b", 2.5), "x₁": ("w₁", 1.45), "x₂": ("w₂", 0.4)}
    for name, (weight, height) in inputs.items():
        place = plots.circle(axes, (0.6, height), name, color="muted")
        plots.arrow(axes, (0.9, height), (total[0] - 0.42, 1.45 + 0.3 * (height - 1.45)), weight)
    for place, text, color in ((total, "Σ", "blue"), (bend, "σ", "accent")):
        plots.circle(axes, place, text, radius=0.36, color=color)
    plots.arrow(axes, (total[0] + 0.4, 1.45), (bend[0] - 0.4, 1.45), "z")
    plots.arrow(axes, (bend[0] + 0.4, 1.45), (5.75, 1.45))
    axes.text(5.85, 1.45, "y", va="center")
    for (across, _), text in ((total, "weighted\nsum"), (bend, "activation")):
        axes.text(across, 0.95, text, ha="center", va="top", color="muted", fontsize=12)
    return figure


def plot_output(kernel: Sequence[float], bias: float) -> "plots.BookFigure":
    """Draw the output of a sigmoid perceptron over the plane, and three activation functions."""
    figure, (left, right) = plots.figure(
        "Left: a plane of two features, shaded from 0 on one side of a straight line to 1 on the "
        "other. Right: the S-shaped sigmoid from 0 to 1, the S-shaped tanh from −1 to 1, and "
        "ReLU, flat and then rising.",
        columns=2,
        height=3.2,
    )
    across, up = np.meshgrid(np.linspace(-1, 7, 60), np.linspace(-3, 5, 60))
    grid = np.column_stack([across.ravel(), up.ravel()])
    outputs = perceptron(grid, kernel, bias).reshape(across.shape)
    for low in np.arange(0.1, 1, 0.1):
        left.contourf(across, up, outputs, levels=[low, 2], colors=["accent"], alpha=0.09)
    left.contour(across, up, outputs, levels=[0.5], colors=["ink"], linewidths=1.6)
    plots.plane(left)
    left.set(xlabel="first feature", ylabel="second feature", title="output y")
    z = np.linspace(-3, 3, 61)
    for name, color in (("sigmoid", "accent"), ("tanh", "blue"), ("relu", "green")):
        label = "ReLU" if name == "relu" else name
        right.plot(z, perceptron(z[:, None], [1], 0, name), color=color, label=label)
    right.set(xlabel="weighted sum z", title="activation", ylim=(-1.2, 3.2))
    plots.label_lines(right)
    return figure


def plot_feature_space(seed: int = 0) -> "plots.BookFigure":
    """Draw two groups with the best line anywhere and the best line through the origin."""
    data = datasets.clusters(seed)
    figure, axes = plots.figure(
        "Two groups of points. The best line stands between them. The best line through the "
        "origin is slanted and cuts through one of the groups."
    )
    plots.points(axes, data.x_train, data.y_train)
    height = np.array([-2.5, 4.5])
    for name, through, color in ((BIASES[0], None, "green"), (BIASES[1], (0, 0), "red")):
        line = best_line(data.x_train, data.y_train, through)
        along = height if through is None else np.array([-1.5, 3.2])
        axes.plot(
            -(line.bias + line.kernel[1] * along) / line.kernel[0], along, color=color, label=name
        )
    axes.scatter([0], [0], marker="+", s=90, c="ink", zorder=4)
    plots.note(axes, "origin", (0, 0), (-14, -26))
    axes.set(xlabel="first feature", ylabel="second feature", xlim=(-2, 8))
    plots.label_lines(axes)
    return figure


def plot_separability(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy by problem for both models, few and many examples, with the best line."""
    figure, panels = plots.figure(
        "Accuracy by problem: perceptron and network are close on two groups, AND and OR; on XOR "
        "and rings the perceptron stays near one half and the network is far better.",
        columns=2,
        height=4.4,
        sharey=True,
    )
    for panel, count in zip(panels, results["num_examples"].values, strict=True):
        for shift, network, color in ((-0.17, NETWORKS[0], "blue"), (0.17, NETWORKS[1], "orange")):
            runs = results["test_accuracy"].sel(num_examples=count, network=network)
            _rows(panel, runs, shift, color)
        panel.set(title=f"{count} examples", xlabel="accuracy on fresh data", xlim=(0.4, 1.02))
        panel.grid(False, axis="y")
    best = [best_of_problem(name) for name in results["problem"].values]
    for panel in panels:
        heights = np.arange(len(best))
        panel.vlines(best, heights - 0.4, heights + 0.4, color="ink", linewidth=1.6, zorder=4)
    panels[0].set_yticks(range(len(best)), results["problem"].values)
    panels[0].set_ylim(len(best) - 0.4, -0.6)
    panels[1].legend(loc="upper left")
    return figure


def best_of_problem(problem: str) -> float:
    """Accuracy of the best line on the fresh points of a problem."""
    data = problem_data(0, problem)
    return best_line(data.x_test, data.y_test).accuracy


def _rows(panel: "Axes", runs: "xr.DataArray", shift: float, color: str) -> None:
    for row, problem in enumerate(runs["problem"].values):
        values = runs.sel(problem=problem)
        interval = mean_interval(values)
        low, high = float(interval["low"]), float(interval["high"])
        heights = np.full(values.size, row + shift)
        panel.scatter(values, heights, s=14, c=color, alpha=0.3, zorder=2.5)
        panel.hlines(row + shift, low, high, color=color, linewidth=2.4, zorder=3)
        label = str(runs["network"].values) if row == 0 else None
        mean = float(interval["mean"])
        panel.scatter([mean], [row + shift], s=36, c=color, label=label, zorder=3.5)


def plot_bias(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy by class share, raw and centred, with a bias and without, and the ceilings."""
    figure, panels = plots.figure(
        "Accuracy by share of class 1, raw and centred data. With a bias it is high everywhere. "
        "Without one it is lower on raw data, and on centred data the lower the rarer the class.",
        columns=2,
        height=3.6,
        sharey=True,
    )
    shares = results["share"].values
    places = np.arange(len(shares), dtype=float)
    for panel, place in zip(panels, results["place"].values, strict=True):
        for shift, bias, color in ((-0.18, BIASES[0], "green"), (0.18, BIASES[1], "red")):
            runs = results["test_accuracy"].sel(place=place, bias=bias)
            plots.dots(
                panel, places + shift, runs.transpose("share", "seed"), color=color, spread=0.25
            )
            best = [ceiling(share, place, bias) for share in shares]
            middle = places + shift
            panel.hlines(best, middle - 0.17, middle + 0.17, color="ink", linewidth=1.6, zorder=4)
            panel.scatter([], [], s=30, c=color, label=bias)
        panel.set_xticks(places, [f"{100 * share:.0f} %" for share in shares])
        panel.set(title=f"{place} data", xlabel="share of class 1", ylim=(0.4, 1.02))
    panels[0].set(ylabel="accuracy on fresh data")
    panels[0].legend(loc="lower left")
    return figure
