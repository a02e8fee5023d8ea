"""What is deep learning? Many artificial neurons together bend what one can only cut straight."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def weighted_sum(inputs: ArrayLike, weights: ArrayLike, bias: float = 0.0) -> np.ndarray:
    r"""Multiply every input by its weight, and add all up: $x_1 w_1 + x_2 w_2 + \dots + b$.

    Args:
        inputs: One example, shape (features,), or several as rows, shape (examples, features).
        weights: How much each feature counts, shape (features,); below 0 it counts against.
        bias: What is added whatever the inputs are.

    Returns:
        One number for each example: any number, large or small.

    Raises:
        ValueError: There is not one weight for each feature, or a number is not finite.

    Example:
        >>> weighted_sum([5, 8], weights=[1, 0.5], bias=-8)
        np.float64(1.0)
    """
    x, w = _fitting(inputs, weights)
    return x @ w + bias


def _fitting(inputs: ArrayLike, weights: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, w = numbers(inputs, "inputs"), numbers(weights, "weights", rank=1)
    if x.shape[-1] != len(w):
        raise ValueError(
            f"`weights` must hold one number for each of {x.shape[-1]} features. "
            f"Received: {len(w)} numbers"
        )
    return x, w


def sigmoid(value: ArrayLike) -> np.ndarray:
    r"""Squeeze any number into the range from 0 to 1: $\sigma(z) = 1 / (1 + e^{-z})$.

    It is written so that it does not overflow, however far below 0 the number lies.

    Args:
        value: Any numbers $z$, any shape.

    Returns:
        Numbers between 0 and 1, same shape; one half at 0.

    Example:
        >>> sigmoid(0)
        np.float64(0.5)
    """
    return np.exp(-np.logaddexp(0, -np.asarray(value, dtype=float)))


def artificial_neuron(inputs: ArrayLike, weights: ArrayLike, bias: float = 0.0) -> np.ndarray:
    r"""Compute the weighted sum, then pass it through the sigmoid: $\hat y = \sigma(z)$.

    Args:
        inputs: One example, shape (features,), or several, shape (examples, features).
        weights: How much each feature counts, shape (features,).
        bias: What is added whatever the inputs are.

    Returns:
        A number between 0 and 1 for each example.

    Raises:
        ValueError: As `weighted_sum`.

    Example:
        >>> artificial_neuron([5, 8], weights=[1, 0.5], bias=-8).round(3)
        np.float64(0.731)
    """
    return sigmoid(weighted_sum(inputs, weights, bias))


def add_bias_input(inputs: ArrayLike) -> np.ndarray:
    """Put an input $x_0 = 1$ before the others, so that the bias becomes its weight.

    Args:
        inputs: One example, shape (features,), or several, shape (examples, features).

    Returns:
        The same with one feature more, which is always 1 and comes first.

    Raises:
        ValueError: `inputs` is empty or not finite.

    Example:
        >>> add_bias_input([[5, 8], [2, 6]])
        array([[1., 5., 8.],
               [1., 2., 6.]])
    """
    x = numbers(inputs, "inputs")
    return np.concatenate([np.ones((*x.shape[:-1], 1)), x], axis=-1)


# The experiment

CLOUDS, RINGS = SHAPES = ("two clouds", "two rings")
NEURON, NETWORK = "one neuron", "8 hidden neurons"
LOGISTIC, SVM = "logistic regression", "support vector machine"


def draw_students(seed: int = 0, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Invent students: hours studied and slept before an exam, and whether they passed."""
    generator = np.random.default_rng(seed)
    hours = generator.uniform([0, 3], [10, 10], size=(count, 2))
    luck = generator.normal(scale=0.6, size=count)
    return hours, (weighted_sum(hours, [1, 0.5], -8) + luck > 0).astype(int)


def draw_points(seed: int, shape: str) -> datasets.Data:
    """Draw points of two kinds, scaled with the mean and deviation of the training part."""
    if shape == RINGS:
        return datasets.doughnuts(seed).without_validation()
    return datasets.clusters(seed).without_validation().scaled()


def build_network(network: str = NETWORK, activation: str = "relu") -> "keras.Sequential":
    """Build one neuron, or one behind 8 hidden ones; both end in a sigmoid."""
    sizes = (2, 1) if network == NEURON else (2, 8, 1)
    return mlp(sizes, activation, output_activation="sigmoid")


def measure_method(seed: int, shape: str, classifier: str) -> dict[str, float]:
    """Fit a method of scikit-learn to the same points, and measure its share of right answers."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    points = draw_points(seed, shape)
    fitted = (LogisticRegression() if classifier == LOGISTIC else SVC()).fit(
        points.x_train, points.y_train.ravel()
    )
    return {"test_accuracy": float(fitted.score(points.x_test, np.ravel(points.y_test)))}  # type: ignore[arg-type]


ACCURACY = {"test_accuracy": "share of right answers on new points"}
LEARNING = {
    "loss": "binary_crossentropy",
    "optimizer": "adam",
    "learning_rate": 0.05,
    "epochs": 300,
    "metrics": ("accuracy",),
}
LINE_OR_NETWORK = Experiment(
    name="line_or_network",
    question="When does a network beat a straight line?",
    independent={"shape": SHAPES, "network": (NEURON, NETWORK)},
    trial=Training(build_network, draw_points, **LEARNING),
    units=ACCURACY,
)
OTHER_METHODS = Experiment(
    name="other_methods",
    question="How well do older methods do on the same points?",
    independent={"shape": SHAPES, "classifier": (LOGISTIC, SVM)},
    trial=measure_method,
    units=ACCURACY,
)
WITHOUT_FUNCTION = Experiment(
    name="without_function",
    question="Do 8 hidden neurons bend anything without their function?",
    independent={"activation": ("relu", "linear"), "shape": (RINGS,)},
    trial=Training(build_network, draw_points, **LEARNING, keep_weights=True),
    units=ACCURACY,
)

# The claims


def network_minus(networks: "xr.Dataset", others: "xr.Dataset", shape: str, name: str) -> "dict":
    """Compare the network with another method, seed by seed on the same points."""
    network = networks["test_accuracy"].sel(shape=shape, network=NETWORK)
    other = others["test_accuracy"].sel(shape=shape, classifier=name)
    return {"condition": f"{shape}, network minus {name}", "comparison": paired(network, other)}


def gain_on_clouds(networks: "xr.Dataset", others: "xr.Dataset") -> Evidence:
    """What the network adds to logistic regression where a line is enough."""
    gain = network_minus(networks, others, CLOUDS, LOGISTIC)
    return Evidence.from_comparison(**gain, at_least=-0.01, at_most=0.01)


def gain_on_rings(networks: "xr.Dataset", others: "xr.Dataset") -> Evidence:
    """What the network adds to logistic regression where no line is enough."""
    gain = network_minus(networks, others, RINGS, LOGISTIC)
    return Evidence.from_comparison(**gain, at_least=0.1)


def gain_on_machine(networks: "xr.Dataset", others: "xr.Dataset") -> Evidence:
    """What the network adds to a support vector machine where no line is enough."""
    return Evidence.from_comparison(**network_minus(networks, others, RINGS, SVM), at_least=0.01)


def gain_of_function(networks: "xr.Dataset", hidden: "xr.Dataset") -> list[Evidence]:
    """What the function adds on the rings, in a hidden layer and in a neuron by itself."""
    with_function, without = (
        hidden["test_accuracy"].sel(shape=RINGS, activation=name) for name in ("relu", "linear")
    )
    alone = networks["test_accuracy"].sel(shape=RINGS, network=NEURON) - 0.5
    return [
        Evidence.from_mean("in 8 hidden neurons: gain", with_function - without, at_least=0.1),
        Evidence.from_mean("in one neuron: gain over guessing", alone, at_least=0.1),
    ]


def neuron_or_logistic(networks: "xr.Dataset", others: "xr.Dataset") -> list[Evidence]:
    """Difference between one trained neuron and logistic regression, for both kinds of points."""
    differences = {
        shape: paired(
            networks["test_accuracy"].sel(shape=shape, network=NEURON),
            others["test_accuracy"].sel(shape=shape, classifier=LOGISTIC),
        )
        for shape in SHAPES
    }
    return [
        Evidence.from_comparison(shape, difference, at_least=-0.01, at_most=0.01)
        for shape, difference in differences.items()
    ]


BOTH = (LINE_OR_NETWORK, OTHER_METHODS)
CLAIMS = (
    Claim(
        "C-what_is_deep_learning-1",
        "Where a line is enough, a network and logistic regression do equally well.",
        BOTH,
        gain_on_clouds,
        note="difference in the share of right answers; holds within 0.01 either way",
    ),
    Claim(
        "C-what_is_deep_learning-2",
        "Where the solution is nonlinear, deep learning can help.",
        BOTH,
        gain_on_rings,
        note="network minus logistic regression; holds from 0.1 up",
    ),
    Claim(
        "C-what_is_deep_learning-3",
        "Deep learning is the only method that helps there.",
        BOTH,
        gain_on_machine,
        note="network minus support vector machine; holds from 0.01 up",
    ),
    Claim(
        "C-what_is_deep_learning-4",
        "To get a nonlinear solution, pass the weighted sum through a function.",
        (LINE_OR_NETWORK, WITHOUT_FUNCTION),
        gain_of_function,
        note="on the rings; each gain must be 0.1 or more",
    ),
    Claim(
        "C-what_is_deep_learning-5",
        "One artificial neuron with a sigmoid is logistic regression.",
        BOTH,
        neuron_or_logistic,
        note="difference in the share of right answers; holds within 0.01 either way",
    ),
)

# The figure

USES = (
    ("what you read", "an advert"),
    ("a card payment", "fraud or not?"),
    ("a medical picture", "ill or healthy?"),
    ("a car camera", "left or right?"),
    ("“Good morning”", "“Buenos días”"),
)
DRAWN = 40  # points in a picture of the rings; 400 would hide one another
HOURS = {"xlabel": "hours studied", "ylabel": "hours slept"}


def plot_uses() -> "plots.BookFigure":
    """Draw five inputs that networks turn into five outputs."""
    drawing, axes = plots.diagram(
        "Five inputs on the left, such as a card payment, lead through a network in the middle "
        "to five outputs on the right, such as fraud or not.",
        height=3.7,
    )
    axes.set(xlim=(2.3, 4.1), ylim=(0.7, 3.0))
    plots.network(axes, (2, 3, 2))
    for row, (before, after) in enumerate(USES):
        up = 3.3 - 0.72 * row
        plots.box(axes, (0.95, up), before, width=1.86, height=0.56)
        plots.box(axes, (5.45, up), after, width=1.86, height=0.56, color="green")
        middle = 1.86 + 0.25 * (up - 1.86)
        plots.arrow(axes, (1.92, up), (2.3, middle))
        plots.arrow(axes, (4.1, middle), (4.48, up))
    axes.set(xlim=(0, 6.4), ylim=(0, 3.7))
    return drawing


def plot_pass_or_fail(seed: int = 0) -> "plots.BookFigure":
    """Draw the students as points, and the line of the neuron between them."""
    hours, passed = draw_students(seed)
    drawing, axes = plots.figure(
        "Students as points, hours studied to the right and hours slept upwards: those who "
        "passed lie to the upper right of a straight line, those who failed to the lower left.",
        height=4,
    )
    plots.decision_regions(
        axes, lambda points: artificial_neuron(points, [1, 0.5], -8), (-0.3, 10.3), (2.7, 10.3)
    )
    plots.points(axes, hours, passed)
    plots.note(axes, "failed", (1.2, 4.2), (0, 0))
    plots.note(axes, "passed", (9, 9.4), (0, 0))
    axes.set(**HOURS)
    return drawing


def plot_neuron() -> "plots.BookFigure":
    """Draw one artificial neuron with its three inputs, the sum, the sigmoid and the output."""
    drawing, axes = plots.diagram(
        "Three inputs, a constant 1, hours studied and hours slept, go with their weights into a "
        "circle that adds them; its sum goes through a circle with an S-shaped curve to the end.",
        height=2.9,
    )
    inputs = (("x₀ = 1", 2.45, "× (−8)"), ("x₁ = 5\nstudied", 1.45, "× 1"),
              ("x₂ = 8\nslept", 0.45, "× 0.5"))  # fmt: skip
    for text, up, weight in inputs:
        plots.box(axes, (0.62, up), text, width=1.2, height=0.66, color="muted")
        plots.arrow(axes, (1.25, up), (2.66, 1.45 + 0.28 * (up - 1.45)))
        axes.text(1.92, up + (0.16 - 0.36 * (up - 1.45)), weight, ha="center", color="accent",
                  fontsize=12, gid="halo")  # fmt: skip
    plots.circle(axes, (3.0, 1.45), "Σ", radius=0.34)
    plots.circle(axes, (4.25, 1.45), "", radius=0.34)
    curve = np.linspace(-1, 1, 40)
    axes.plot(4.25 + 0.24 * curve, 1.27 + 0.36 * sigmoid(6 * curve), color="ink", zorder=4)
    plots.arrow(axes, (3.36, 1.45), (3.89, 1.45), "1")
    plots.arrow(axes, (4.61, 1.45), (5.14, 1.45))
    plots.box(axes, (5.75, 1.45), "0.73\nto pass", width=1.15, height=0.66, color="green")
    for across, text in ((3.0, "add up"), (4.25, "sigmoid σ")):
        axes.text(across, 0.96, text, ha="center", va="top", color="muted")
    return drawing


def plot_sigmoid() -> "plots.BookFigure":
    """Draw the sigmoid with three students on it."""
    drawing, axes = plots.figure(
        "The S-shaped sigmoid against the weighted sum: near 0 on the left, one half at 0, near "
        "1 on the right, with three students on the curve.",
        height=3.2,
    )
    curve = np.linspace(-6, 6, 200)
    axes.plot(curve, sigmoid(curve), color="blue")
    students = {"studied 2\nslept 6": (2, 6), "studied 5\nslept 8": (5, 8),
                "studied 9\nslept 6": (9, 6)}  # fmt: skip
    offsets = ((-3, 20), (20, -34), (0, -24))
    for (name, hours), offset in zip(students.items(), offsets, strict=True):
        place = float(weighted_sum(hours, [1, 0.5], -8))
        axes.plot(place, sigmoid(place), "o", color="accent")
        plots.note(axes, name, (place, float(sigmoid(place))), offset)
    axes.text(-5.9, 0.9, "ŷ = σ(xᵀw)", fontsize=15)
    axes.set(xlabel="weighted sum", ylabel="output: chance to pass")
    return drawing


def plot_rings(seed: int = 0) -> "plots.BookFigure":
    """Draw the two rings with the line that the single neuron would use, and with a circle."""
    data = draw_points(seed, RINGS)
    drawing, panels = plots.figure(
        "Two panels with the same two rings of points, one inside the other. Left: a straight "
        "line leaves half of each ring on either side. Right: a circle between the rings.",
        columns=2,
        height=3.3,
        sharey=True,
    )
    turn = np.linspace(0, 2 * np.pi, 90)
    borders = {
        "a line": np.array([[-0.96, -2.4], [0.96, 2.4]]),
        "a curve": 1.39 * np.column_stack([np.cos(turn), np.sin(turn)]),
    }
    for panel, (title, border) in zip(panels, borders.items(), strict=True):
        plots.points(panel, data.x_train[:DRAWN], data.y_train[:DRAWN], size=14)
        panel.plot(*border.T, color="ink")
        panel.set(title=title, xlabel="first feature", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4))
    panels[0].set(ylabel="second feature")
    return drawing


def plot_network() -> "plots.BookFigure":
    """Draw the network of 8 hidden neurons; every circle but the inputs is a neuron."""
    drawing, axes = plots.diagram(
        "A network: two inputs, eight neurons in a column, one neuron as the output. Lines lead "
        "from every circle of a column to every circle of the next.",
        height=4.6,
    )
    plots.network(
        axes,
        (2, 8, 1),
        labels=[["x₁", "x₂"], ["Σƒ"] * 8, ["Σσ"]],
        titles=["inputs", "8 hidden neurons", "output"],
    )
    axes.text(6.3, 4.45, "every Σƒ: f(xᵀw)", ha="right", va="top", color="blue")
    return drawing


def plot_folds(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw the lines at which the hidden neurons of a trained network switch on, and its answer."""
    data = draw_points(seed, RINGS)
    run = results.sel(seed=seed, shape=RINGS, activation="relu")
    kernel, bias = run["weights_hidden_1_kernel"].values, run["weights_hidden_1_bias"].values
    drawing, panels = plots.figure(
        "Left: eight straight lines that cross the inner parts of two rings of points. Right: the "
        "same points, and a closed many-sided border between inner and outer ring.",
        columns=2,
        height=3.3,
        sharey=True,
    )
    plots.decision_regions(panels[1], _answer(run), (-2.4, 2.4), (-2.4, 2.4))
    for panel, title in zip(panels, ("8 lines", "all together"), strict=True):
        plots.points(panel, data.x_train[:DRAWN], data.y_train[:DRAWN], size=14)
        panel.set(title=title, xlabel="first feature", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4))
    for weights, start in zip(kernel.T, bias, strict=True):
        foot = -start * weights / (weights @ weights)
        along = np.array([-weights[1], weights[0]]) / np.linalg.norm(weights)
        ends = foot + np.array([[-6], [6]]) * along
        panels[0].plot(*ends.T, color="ink", linewidth=1.4, zorder=4)
        panels[1].plot(*ends.T, color="muted", linewidth=0.6, alpha=0.7)
    panels[0].set(ylabel="second feature")
    return drawing


def _answer(run):
    weights = [run[f"weights_{layer}"].values for layer in
               ("hidden_1_kernel", "hidden_1_bias", "output_kernel", "output_bias")]  # fmt: skip
    function = {"relu": lambda x: np.maximum(x, 0), "linear": lambda x: x}[
        str(run.activation.values)
    ]

    def answer(points: np.ndarray) -> np.ndarray:
        hidden = function(points @ weights[0] + weights[1])
        return sigmoid(hidden @ weights[2] + weights[3])

    return answer


def plot_without_function(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw what 8 hidden neurons answer with and without their function."""
    data = draw_points(seed, RINGS)
    drawing, panels = plots.figure(
        "Two panels with two rings of points. Left, with the function: a closed border between "
        "the rings. Right, without it: a straight border, or none, that cuts through both rings.",
        columns=2,
        height=3.3,
        sharey=True,
    )
    names = {"relu": "with its function", "linear": "without"}
    for panel, (activation, title) in zip(panels, names.items(), strict=True):
        run = results.sel(seed=seed, shape=RINGS, activation=activation)
        plots.decision_regions(panel, _answer(run), (-2.4, 2.4), (-2.4, 2.4))
        plots.points(panel, data.x_train[:DRAWN], data.y_train[:DRAWN], size=14)
        panel.set(title=title, xlabel="first feature")
    panels[0].set(ylabel="second feature")
    return drawing


def plot_line_or_network(
    results: "xr.Dataset", others: "xr.Dataset | None" = None
) -> "plots.BookFigure":
    """Draw the share of right answers of every method, one dot per seed, for both shapes."""
    drawing, panels = plots.figure(
        "Share of right answers, one dot per repetition. On two clouds all methods lie together "
        "near 0.97. On two rings those with a straight line lie near 0.5, the others near 1.",
        rows=2,
        height=4.6,
        sharex=True,
    )
    for panel, shape in zip(panels, SHAPES, strict=True):
        rows = _rows(results, "network", shape)
        plots.strip(panel, rows | ({} if others is None else _rows(others, "classifier", shape)))
        panel.set(title=shape)
    panels[-1].set(xlabel="share of right answers on new points")
    return drawing


def _rows(results, variable, shape):
    accuracy = results["test_accuracy"].sel(shape=shape)
    return {name: accuracy.sel({variable: name}).values for name in results[variable].values}
