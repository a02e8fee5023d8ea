"""Binarizing the output: why a sigmoid, and why linear layers collapse into one."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def classify(logits: ArrayLike, threshold: float = 0.0) -> np.ndarray:
    """Decide between two classes: 1 where the logit lies above the threshold.

    A logit of 0 is a probability of one half, so 0 is the threshold for logits
    and 0.5 the one for probabilities.

    Args:
        logits: Raw outputs of a model, any shape with one axis or more.
        threshold: The value above which the answer is class 1.

    Returns:
        Classes 0 and 1 as integers, same shape.

    Raises:
        ValueError: `logits` is empty or not finite.

    Example:
        >>> classify([-3, 0.2, 5])
        array([0, 1, 1])
    """
    return (numbers(logits, "logits") > threshold).astype(int)


def collapse(
    kernels: Sequence[ArrayLike], biases: Sequence[ArrayLike]
) -> tuple[np.ndarray, np.ndarray]:
    r"""Fold linear layers into one: $(xW_1 + b_1)W_2 + b_2$ is $x(W_1W_2) + (b_1W_2 + b_2)$.

    Args:
        kernels: Weights of each layer in order, shapes (inputs, units).
        biases: Biases of each layer in order, shapes (units,).

    Returns:
        The kernel and the bias of the one layer that computes the same.

    Raises:
        ValueError: There are no layers, not one bias per kernel, or shapes that do not follow
            on one another.

    Example:
        >>> kernel, bias = collapse([[[2.0]], [[3.0]]], [[1.0], [1.0]])
        >>> print(kernel, bias)
        [[6.]] [4.]
    """
    _check_layers(kernels, biases)
    kernel, bias = np.asarray(kernels[0], float), np.asarray(biases[0], float)
    for next_kernel, next_bias in zip(kernels[1:], biases[1:], strict=True):
        factor = np.asarray(next_kernel, float)
        kernel, bias = kernel @ factor, bias @ factor + np.asarray(next_bias, float)
    return kernel, bias


def connections(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Count weights and biases of each fully connected layer.

    Args:
        sizes: Number of inputs, then the units of each layer; at least two numbers above 0.

    Returns:
        A pair (weights, biases) for each layer.

    Raises:
        ValueError: There are fewer than two sizes, or one is below 1.

    Example:
        >>> connections([2, 16, 1, 1])
        [(32, 16), (16, 1), (1, 1)]
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"`sizes` must hold two or more numbers above 0. Received: {sizes!r}")
    return [(before * after, after) for before, after in pairwise(sizes)]


def build_classifier(network: str = "2-1-1", activation: str = "relu") -> "keras.Sequential":
    """Build a network for two classes that ends in one logit.

    Args:
        network: Number of inputs, units of each hidden layer, and 1 for the output, with hyphens
            between: "2-16-1" has one hidden layer of 16 units.
        activation: Activation of the hidden layers; "linear" for none.

    Returns:
        An untrained model from shape (batch, inputs) to (batch, 1).

    Example:
        >>> build_classifier("2-16-1-1").count_params()
        67
    """
    return mlp([int(units) for units in network.split("-")], activation)


def _check_layers(kernels: Sequence[ArrayLike], biases: Sequence[ArrayLike]) -> None:
    shapes = [numbers(kernel, "kernels", rank=2).shape for kernel in kernels]
    units = [numbers(bias, "biases", rank=1).size for bias in biases]
    inputs, outputs = [shape[0] for shape in shapes], [shape[1] for shape in shapes]
    if not shapes or outputs != units or inputs[1:] != units[:-1]:
        raise ValueError(
            "`kernels` and `biases` must hold one entry for each layer, with one bias per unit, "
            "and the units of a layer must be the inputs of the next. "
            f"Received: kernels of shapes {shapes}, biases for {units} units"
        )


# The experiment


def one_output(output: str) -> "keras.Sequential":
    """Build a perceptron whose output is a trained threshold, a raw number or a sigmoid."""
    import keras

    def threshold(value):
        return keras.ops.cast(value > 0, value.dtype)

    activation = {"trained threshold": threshold, "raw number": None}.get(output, "sigmoid")
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation, name="output")])


def biopsy_network(hidden: str) -> "keras.Sequential":
    """Build a perceptron for 30 features, or a network with 16 linear or ReLU units."""
    activation = "relu" if "ReLU" in hidden else "linear"
    return build_classifier("30-1" if hidden == "none" else "30-16-1", activation)


def far_points(seed: int, distance: float) -> datasets.Data:
    """Add to the two clusters five points of class 1, far out on their own side."""
    data = datasets.clusters(seed)
    extra, ones = np.full((5, 2), [5 + distance, 1], np.float32), np.ones((5, 1), np.float32)
    x_train, y_train = np.vstack([data.x_train, extra]), np.vstack([data.y_train, ones])
    return replace(data, x_train=x_train, y_train=y_train)


def measure_collapse(seed: int, hidden_layers: int) -> dict[str, float]:
    """Return the largest difference between a random linear network and its one layer."""
    generator = np.random.default_rng(seed)
    sizes = [2, *[16] * hidden_layers, 1]
    kernels = [np.float32(generator.normal(size=pair) / 4) for pair in pairwise(sizes)]
    biases = [np.float32(generator.normal(size=units)) for units in sizes[1:]]
    inputs = outputs = datasets.clusters(seed).x_test
    for kernel, bias in zip(kernels, biases, strict=True):
        outputs = outputs @ kernel + bias
    kernel, bias = collapse(kernels, biases)
    return {"difference": float(np.abs(outputs - (inputs @ kernel + bias)).max())}


OUTPUTS = ("trained threshold", "raw number", "sigmoid, squared error", "sigmoid, cross-entropy")
LOSS = "binary_crossentropy_from_logits"
ACCURACY = {"test_accuracy": "accuracy on fresh data"}

WHY_SIGMOID = Experiment(
    name="why_sigmoid",
    question="Which output learns, and which one bears points far out?",
    independent={"output": OUTPUTS, "distance": (0, 10, 50)},
    trial=Training(
        one_output,
        far_points,
        by("output", {OUTPUTS[-1]: "binary_crossentropy"}, default="mean_squared_error"),
        optimizer="adam",
        learning_rate=0.05,
        epochs=500,
        metrics=("accuracy",),
        keep_weights=True,
    ),
    units={**ACCURACY, "distance": "distance of five extra points"},
)
LEARNING_RATE = Experiment(
    name="learning_rate",
    question="Which learning rates separate two clusters, with and without a ReLU?",
    independent={"activation": ("relu", "linear"), "learning_rate": np.linspace(0.001, 0.1, 40)},
    trial=Training(
        build_classifier,
        datasets.clusters,
        LOSS,
        epochs=500,
        metrics=("accuracy",),
        keep_weights=True,
    ),
    seeds=range(50),
    units=ACCURACY,
)
RELU_OR_NOT = Experiment(
    name="relu_or_not",
    question="Does a larger network lose by its ReLU?",
    independent={
        "network": ("2-16-1-1", "2-16-1"),
        "activation": ("relu", "linear"),
        "learning_rate": np.geomspace(0.001, 0.1, 5),
    },
    trial=Training(build_classifier, datasets.clusters, LOSS, epochs=1000, metrics=("accuracy",)),
    units=ACCURACY,
    full_independent={"learning_rate": np.geomspace(0.001, 0.1, 10)},
)
REAL_DATA = Experiment(
    name="real_data",
    question="Do hidden units, linear or not, help to tell tumours apart?",
    independent={"hidden": ("none", "16 linear units", "16 ReLU units")},
    trial=Training(
        biopsy_network,
        datasets.breast_cancer,
        LOSS,
        optimizer="adam",
        batch_size=32,
        epochs=30,
        metrics=("accuracy",),
    ),
    units=ACCURACY,
)
COLLAPSE = Experiment(
    name="collapse",
    question="Is a deep linear network the same as one layer?",
    independent={"hidden_layers": (1, 2, 4, 8)},
    trial=measure_collapse,
    units={"difference": "largest difference of outputs"},
)

# The claims


def sigmoid_or_raw(results: "xr.Dataset") -> list[Evidence]:
    """What the sigmoid adds to the raw number: accuracy, and evenness over the seeds."""
    raw, sigmoid = (results["test_accuracy"].sel(output=name) for name in OUTPUTS[1:3])
    spreads = [abs(accuracy - accuracy.mean("seed")) for accuracy in (raw, sigmoid)]
    gains = {"accuracy": sigmoid - raw, "stability": spreads[0] - spreads[1]}
    return [
        Evidence.from_mean(
            f"{name}, distance {distance}", gain.sel(distance=distance), at_least=0.01
        )
        for name, gain in gains.items()
        for distance in results["distance"].values
    ]


def gain_without_relu(
    small: "xr.Dataset", large: "xr.Dataset", real: "xr.Dataset"
) -> list[Evidence]:
    """Accuracy that each network gains without its ReLU, over the learning rates above 0.03."""
    fast = {"learning_rate": slice(0.03, None)}
    accuracies = {
        "2-1-1": small["test_accuracy"].sel(fast).mean("learning_rate"),
        "2-16-1-1": large["test_accuracy"]
        .sel({**fast, "network": "2-16-1-1"})
        .mean("learning_rate"),
        "2-16-1": large["test_accuracy"].sel({**fast, "network": "2-16-1"}).mean("learning_rate"),
    }
    gains = {
        network: accuracy.sel(activation="linear") - accuracy.sel(activation="relu")
        for network, accuracy in accuracies.items()
    }
    linear, relu = (
        real["test_accuracy"].sel(hidden=f"16 {one} units") for one in ("linear", "ReLU")
    )
    gains["30-16-1, biopsies"] = linear - relu
    return [Evidence.from_mean(name, gain, at_least=0.01) for name, gain in gains.items()]


def folded(results: "xr.Dataset") -> list[Evidence]:
    """Largest difference over all seeds between deep linear network and folded layer."""
    largest = results["difference"].max("seed")
    return [
        Evidence.exact(f"depth {depth}", float(one), results.sizes["seed"], at_most=1e-5)
        for depth, one in zip(results["hidden_layers"].values, largest, strict=True)
    ]


def regret_of_one_run(results: "xr.Dataset") -> list[Evidence]:
    """Mean accuracy at the rate that one run per rate calls best, minus that of the best rate."""
    runs = results["test_accuracy"].sel(activation="relu").transpose("seed", "learning_rate")
    mean = runs.mean("seed").values
    studies = {"a new start and new data for each rate": fresh_starts(runs), "one for all": runs}
    return [
        Evidence.from_mean(
            name, study[:, 0].copy(data=mean[study.values.argmax(1)] - mean.max()), at_least=-0.01
        )
        for name, study in studies.items()
    ]


def fresh_starts(runs: "xr.DataArray") -> "xr.DataArray":
    """Put together studies in which every learning rate has a seed of its own."""
    return runs.copy(data=np.random.default_rng(0).permuted(runs.values, axis=0))


def share_on(results: "xr.Dataset") -> "xr.DataArray":
    """Share of the training points for which the single ReLU of 2-1-1 is above 0."""
    kernel = results["weights_hidden_1_kernel"].sel(activation="relu").values[..., 0]
    bias = results["weights_hidden_1_bias"].sel(activation="relu").values
    points = np.stack([datasets.clusters(seed).x_train for seed in results["seed"].values])
    on = np.einsum("spf,rsf->rsp", points, kernel) + bias > 0
    accuracy = results["test_accuracy"].sel(activation="relu")
    return accuracy.transpose("learning_rate", "seed").copy(data=on.mean(-1))


CLAIMS = (
    Claim(
        "C-binary_output-1",
        "The restricted range of the sigmoid increases stability and accuracy.",
        WHY_SIGMOID,
        sigmoid_or_raw,
        note="sigmoid minus raw number, both with squared error: accuracy, and how much less it "
        "strays from its mean over the seeds; holds from 0.01 up",
    ),
    Claim(
        "C-binary_output-2",
        "For linear problems, removing the nonlinear functions increases accuracy.",
        (LEARNING_RATE, RELU_OR_NOT, REAL_DATA),
        gain_without_relu,
        note="accuracy without ReLU minus with it (learning rates above 0.03); holds from 0.01 up",
    ),
    Claim(
        "C-binary_output-3",
        "Without nonlinear functions all layers combine into one.",
        COLLAPSE,
        folded,
        note="largest difference of outputs; holds up to 10⁻⁵, room for 32-bit rounding",
    ),
    Claim(
        "C-binary_output-4",
        "A good learning rate can be read from one run.",
        LEARNING_RATE,
        regret_of_one_run,
        note="mean accuracy (50 runs) at the rate that one run per rate calls best, minus that of "
        "the best rate; holds from −0.01 up",
    ),
)

# The figure

CEILING = 0.9772  # Phi(2): the groups lie 4 apart, so a line in the middle errs beyond 2 deviations


def plot_outputs(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw logits and probabilities of one trained perceptron, coloured by class."""
    data = datasets.clusters(seed)
    kernel, bias = _line(results, seed, OUTPUTS[-1], 0)
    logits, labels = data.x_test @ kernel + bias, data.y_test.ravel()
    figure, axes = plots.figure(
        "Probability against logit: the points lie on the S-shaped sigmoid, class 0 mostly left "
        "of logit 0 and below probability 0.5, class 1 mostly right and above."
    )
    curve = np.linspace(logits.min(), logits.max(), 200)
    axes.plot(curve, 1 / (1 + np.exp(-curve)), color="muted", linewidth=1)
    plots.reference(axes, 0.5, "threshold", at=0.7)
    plots.reference(axes, 0, along="y")
    for label, color, marker in ((0, "blue", "o"), (1, "orange", "s")):
        chosen = logits[labels == label]
        axes.plot(
            chosen,
            1 / (1 + np.exp(-chosen)),
            marker,
            color=color,
            alpha=0.5,
            label=f"class {label}",
        )
    axes.set(xlabel="logit", ylabel="probability of class 1")
    axes.legend(loc="lower right")
    return figure


def _line(
    results: "xr.Dataset", seed: int, output: str, distance: float
) -> tuple[np.ndarray, float]:
    run = results.sel(seed=seed, output=output, distance=distance)
    kernel, bias = run["weights_output_kernel"], run["weights_output_bias"]
    return kernel.values.ravel(), bias.values.item()


def plot_why_sigmoid(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy against the distance of the far points, one line for each output."""
    alt = (
        "Accuracy against distance of five far points: both sigmoids stay high, the raw number "
        "falls, the trained threshold stays near one half."
    )
    figure, axes = plots.curves(results, "test_accuracy", "distance", "output", alt=alt)
    plots.reference(axes, CEILING, "best possible line")
    axes.set_ylim(0.4, 1.05)
    return figure


def plot_boundaries(results: "xr.Dataset", distance: float, seed: int = 0) -> "plots.BookFigure":
    """Draw where the raw number and the sigmoid put the boundary, with far points."""
    data = datasets.clusters(seed)
    figure, axes = plots.figure(
        "Two groups of points with two boundaries: that of the raw number lies off the middle, "
        "that of the sigmoid between the groups."
    )
    plots.points(axes, data.x_train, data.y_train.ravel().astype(int))
    height = np.array([-2.5, 4.5])
    for output, level, color in ((OUTPUTS[1], 0.5, "red"), (OUTPUTS[-1], 0, "green")):
        kernel, bias = _line(results, seed, output, distance)
        places = (level - bias - kernel[1] * height) / kernel[0]
        axes.plot(places, height, color=color, label=output)
    axes.set(xlabel="first feature", ylabel="second feature")
    plots.label_lines(axes)
    return figure


def plot_contours(seed: int = 0) -> "plots.BookFigure":
    """Draw the logits of a deep linear network and of the layer that it folds into."""
    import keras

    keras.utils.set_random_seed(seed)
    model = build_classifier("2-16-16-16-1", "linear")
    kernel, bias = collapse(model.get_weights()[0::2], model.get_weights()[1::2])
    data = datasets.clusters(seed)
    figure, axes = plots.figure(
        "Two panels with the same points and the same parallel lines of equal logit: a deep "
        "linear network and the one layer that it folds into.",
        columns=2,
        sharey=True,
    )
    computes = {"three hidden layers": model, "one layer": lambda points: points @ kernel + bias}
    x, y = np.meshgrid(np.linspace(-2, 8, 40), np.linspace(-3, 5, 40))
    for panel, (title, compute) in zip(axes, computes.items(), strict=True):
        logits = np.array(compute(np.stack([x, y], axis=-1).reshape(-1, 2))).reshape(x.shape)
        plots.points(panel, data.x_test[:60], data.y_test[:60].ravel().astype(int), size=8)
        panel.contour(x, y, logits, levels=9, colors="muted", linewidths=0.9)
        panel.contour(x, y, logits, levels=[0], colors="ink", linewidths=2.2)
        panel.set(title=title, xlabel="first feature")
    axes[0].set(ylabel="second feature")
    return figure


def plot_learning_rate(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw every network as a dot and the mean as a line, with ReLU and without."""
    figure, axes = plots.figure(
        "Accuracy against learning rate, one dot per network: with ReLU many dots stay near 0.5 "
        "at every rate, without it nearly all are near 0.97 beyond the smallest rates.",
        rows=2,
        height=6,
        sharex=True,
        sharey=True,
    )
    rates = results["learning_rate"]
    for panel, activation in zip(axes, results["activation"].values, strict=True):
        accuracy = results["test_accuracy"].sel(activation=activation)
        runs = accuracy.transpose("learning_rate", "seed").values
        plots.dots(panel, rates[::2], runs[::2], color="sky")
        plots.band(panel, rates, mean_interval(accuracy), color="blue")
        panel.set(title=f"hidden unit: {activation}", ylabel="accuracy on fresh data")
    axes[-1].set(xlabel="learning rate")
    return figure


def plot_single_runs(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what three people with one network per rate would have seen, with ReLU."""
    runs = results["test_accuracy"].sel(activation="relu").transpose("seed", "learning_rate")
    figure, panels = plots.figure(
        "Accuracy against learning rate for three studies of one run per rate: jagged curves "
        "that jump between 0.5 and 0.97.",
        rows=3,
        height=5,
        sharex=True,
        sharey=True,
    )
    for person, panel in enumerate(panels):
        panel.plot(
            results["learning_rate"], fresh_starts(runs).isel(seed=person), "o-", color="blue"
        )
        panel.set(ylabel=f"accuracy, study {person + 1}")
    panels[-1].set(xlabel="learning rate")
    return figure


def plot_relu_or_not(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw mean accuracy against learning rate, with ReLU and without, for both networks."""
    figure, panels = plots.figure(
        "Accuracy against learning rate, with and without ReLU: 2-16-1-1 loses by its ReLU, "
        "2-16-1 does not.",
        rows=2,
        height=5,
        sharex=True,
        sharey=True,
    )
    for panel, network in zip(panels, results["network"].values, strict=True):
        plots.log_axis(panel, "x")
        for activation in results["activation"].values:
            accuracy = results["test_accuracy"].sel(network=network, activation=activation)
            interval = mean_interval(accuracy)
            plots.band(panel, results["learning_rate"], interval, label=str(activation))
        panel.set(title=network, ylabel="accuracy on fresh data")
        plots.label_lines(panel)
    panels[-1].set(xlabel="learning rate")
    return figure


def plot_real_data(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy on biopsies, one dot per split, for the three networks."""
    accuracy = results["test_accuracy"]
    figure, axes = plots.figure(
        "Accuracy on unseen biopsies, one dot per split: the perceptron is at least as good as "
        "16 linear or 16 ReLU units.",
        height=3,
    )
    names = ["none (perceptron)", *results["hidden"].values[1:]]
    plots.strip(axes, dict(zip(names, accuracy.transpose("hidden", "seed").values, strict=True)))
    axes.set(xlabel="accuracy on unseen biopsies")
    return figure
