"""Vanishing and exploding gradients: what becomes of the error on its way back."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.calculus.derivatives import sigmoid
from dlbook.descent.gradient_descent_algorithm import descend
from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training
from dlbook.maths.softmax import softmax

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

Function = Callable[[np.ndarray], np.ndarray]
ACTIVATIONS: dict[str, tuple[Function, Function]] = {  # the slope is a function of the output
    "linear": (lambda z: z, np.ones_like),
    "sigmoid": (sigmoid, lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(a.dtype)),
}


def forward_pass(
    inputs: ArrayLike, kernels: Sequence[np.ndarray], activation: str
) -> list[np.ndarray]:
    r"""Compute what every layer puts out: $a_0 = x,\; a_l = f(a_{l-1} W_l)$, at last the logits.

    Args:
        inputs: The examples $x$, shape (num_examples, num_inputs).
        kernels: The weights $W_l$ of each layer, shapes (inputs, units); the last gives logits.
        activation: Name of $f$, which all layers but the last have.

    Returns:
        The inputs and the outputs of every layer, one more than there are kernels.

    Raises:
        ValueError: The activation is unknown, or a kernel does not fit what goes into it.

    Example:
        >>> kernels = [np.array([[2.0]]), np.array([[3.0]])]
        >>> [value.item() for value in forward_pass([[1.0]], kernels, "relu")]
        [1.0, 2.0, 6.0]
    """
    function, _ = _activation(activation)
    values = [np.asarray(inputs)]
    for place, kernel in enumerate(kernels):
        if values[-1].shape[-1] != kernel.shape[0]:
            rule = f"{values[-1].shape[-1]} rows in kernel {place}, one for each input"
            raise ValueError(f"`kernels` must have {rule}. Received: shape {kernel.shape}")
        sums = values[-1] @ kernel
        values.append(sums if place == len(kernels) - 1 else function(sums))
    return values


def backward_pass(
    values: Sequence[np.ndarray], kernels: Sequence[np.ndarray], activation: str, blame: ArrayLike
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    r"""Send the blame back through the layers, from the logits to the first.

    $$\delta_l = (\delta_{l+1} W_{l+1}^\top) \cdot f', \quad
    \text{gradient of } W_l = a_{l-1}^\top \delta_l$$

    At every layer the signal $\delta$ meets the weights and the slope of the activation. It
    vanishes if they make it smaller each time, and explodes if they make it larger.

    Args:
        values: What `forward_pass` returned.
        kernels: The weights of each layer.
        activation: Name of the activation.
        blame: Slope of the loss by the logits, shape (num_examples, num_logits).

    Returns:
        The gradients of the kernels and the signals, both one for each layer, the first one first.

    Raises:
        ValueError: The activation is unknown.

    Example:
        >>> kernels = [np.array([[2.0]]), np.array([[3.0]])]
        >>> gradients, signals = backward_pass(
        ...     forward_pass([[1.0]], kernels, "relu"), kernels, "relu", [[1.0]])
        >>> [one.item() for one in gradients], [one.item() for one in signals]
        ([3.0, 2.0], [3.0, 1.0])
    """
    _, slope = _activation(activation)
    signals = [np.asarray(blame)]
    for kernel, value in zip(reversed(kernels[1:]), reversed(values[1:-1]), strict=True):
        signals.insert(0, signals[0] @ kernel.T * slope(value))
    return [value.T @ one for value, one in zip(values[:-1], signals, strict=True)], signals


def signal_ratio(signals: Sequence[np.ndarray]) -> float:
    """Say what is left of the signal at the first layer: its norm there over that at the last.

    Args:
        signals: As `backward_pass` returns them.

    Returns:
        Below 1 if it shrinks on its way back, above 1 if it grows.

    Example:
        >>> signal_ratio([np.array([3.0]), np.array([1.0])])
        3.0
    """
    return float(np.linalg.norm(signals[0]) / np.linalg.norm(signals[-1]))


def clip(gradient: ArrayLike, largest_norm: float) -> np.ndarray:
    r"""Shorten a gradient that is too long: $g \cdot \min(1, c / \lVert g \rVert)$.

    Args:
        gradient: The gradient $g$, one axis or more.
        largest_norm: The length $c$ that it may have, above 0.

    Returns:
        The gradient, at most that long.

    Raises:
        ValueError: `gradient` is not finite or `largest_norm` is not above 0.

    Example:
        >>> clip([30.0, 40.0], largest_norm=5.0)
        array([3., 4.])
    """
    slopes = numbers(gradient, "gradient")
    norm = np.linalg.norm(slopes)
    return slopes * min(1.0, positive(largest_norm, "largest_norm") / norm) if norm else slopes


def _activation(name: str) -> tuple[Function, Function]:
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"`activation` must be one of {known}. Received: {name!r}")
    return ACTIVATIONS[name]


# The experiment

WIDTH, CLASSES = 64, 10
SCALES = {  # deviation of the first weights, from the number of inputs of a layer
    "small": lambda inputs, units: 0.01,
    "glorot": lambda inputs, units: np.sqrt(2 / (inputs + units)),
    "he": lambda inputs, units: np.sqrt(2 / inputs),
    "large": lambda inputs, units: 2 * np.sqrt(2 / inputs),
}


def draw_kernels(seed: int, num_layers: int, initialization: str) -> list[np.ndarray]:
    """Draw the first weights of so many hidden layers of 64 units, and of the output layer.

    All initializations scale the same draws, and a deeper network keeps the first layers.
    """
    generator = np.random.default_rng([seed, 1])
    sizes = [WIDTH] * (num_layers + 1) + [CLASSES]
    scale = SCALES[initialization]
    return [scale(*pair) * generator.normal(size=pair) for pair in pairwise(sizes)]


def digits_batch(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 64 images of digits, shape (64, 64), and their classes."""
    data = datasets.digits(seed, validation=0, num_examples=64)
    return data.x_train.astype(float), data.y_train


def blame_of(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the slope of the mean cross-entropy by the logits: probability minus target."""
    return (softmax(logits) - np.eye(logits.shape[-1])[classes]) / len(classes)


def measure_depth(
    seed: int, initialization: str, activation: str, num_layers: int
) -> dict[str, np.ndarray | float]:
    """Return the gradient of every layer of an untrained network, and what becomes of the signal.

    All of them as powers of ten.
    """
    inputs, classes = digits_batch(seed)
    kernels = draw_kernels(seed, num_layers, initialization)
    values = forward_pass(inputs, kernels, activation)
    gradients, signals = backward_pass(values, kernels, activation, blame_of(values[-1], classes))
    norms = np.log10([np.linalg.norm(one) for one in gradients])
    weights = [kernel.shape[0] * np.mean(kernel**2) for kernel in kernels[1:]]
    slopes = [np.mean(ACTIVATIONS[activation][1](value) ** 2) for value in values[1:-1]]
    return {
        "gradient": norms,
        "first_layer_gradient": norms[0],
        "signal": np.log10(signal_ratio(signals)),
        "predicted_signal": 0.5 * np.log10(np.multiply(weights, slopes)).sum(),
    }


def deep_network(num_layers: int, activation: str) -> "keras.Sequential":
    """Build hidden layers of 32 units: sigmoid with Glorot's start, or ReLU with He's."""
    start = "he_normal" if activation == "relu" else "glorot_normal"
    return mlp((64, *[32] * num_layers, 10), activation, kernel_initializer=start)


def measure_change(model: Any, data: Any, seed: int, activation: str) -> dict[str, float]:
    """Return by which part of its length the kernel of the first layer has changed."""
    import keras

    keras.utils.set_random_seed(seed)
    start = deep_network(1, activation).get_weights()[0]  # the first layer starts alike
    change = np.linalg.norm(model.get_weights()[0] - start)
    return {"first_layer_change": float(change / np.linalg.norm(start))}


def fall(seed: int, clipping: str, start: int, learning_rate: float) -> dict[str, float]:
    """Return the distance from the minimum of x⁴ after 500 steps; nan if the walk diverges."""

    def gradient(x: np.ndarray) -> np.ndarray:
        return 4 * x**3 if clipping == "none" or not np.isfinite(x).all() else clip(4 * x**3, 1)

    end = abs(float(descend(gradient, [start], learning_rate, 500)[-1, 0]))
    return {"distance": end if np.isfinite(end) else np.nan}


DEPTH = Experiment(
    name="depth",
    question="What becomes of the gradient on its way through the layers?",
    independent={
        "initialization": tuple(SCALES),
        "activation": tuple(ACTIVATIONS),
        "num_layers": (2, 4, 8, 16, 32),
    },
    trial=measure_depth,
    dims={"gradient": ("layer",)},
    units={"num_layers": "hidden layers", "first_layer_gradient": "gradient (power of ten)"},
)
TRAINING = Experiment(
    name="training",
    question="Does a deep network learn to read digits?",
    independent={"activation": ("sigmoid", "relu"), "num_layers": (1, 2, 4, 8)},
    trial=Training(
        deep_network,
        lambda seed: datasets.digits(seed, validation=0),
        "sparse_categorical_crossentropy_from_logits",
        learning_rate=0.1,
        batch_size=32,
        epochs=10,
        metrics=("accuracy",),
        outputs=measure_change,
    ),
    units={"test_accuracy": "accuracy on fresh digits", "num_layers": "hidden layers"},
)
STEEP = Experiment(
    name="steep",
    question="From where does a walk fall down a steep wall, and when does it jump?",
    independent={
        "clipping": ("none", "norm 1"),
        "start": (1, 2, 3, 4, 5),
        "learning_rate": (0.01, 0.05, 0.1, 0.2),
    },
    trial=fall,
    seeds=range(1),
    units={"learning_rate": "learning rate", "distance": "distance from the minimum"},
)

# The claims


def each_layer_adds(results: "xr.Dataset", initialization: str) -> "xr.DataArray":
    """Return by how many powers of ten the first gradient changes with each further layer."""
    values = results["first_layer_gradient"].sel(initialization=initialization)
    depth = values["num_layers"] - values["num_layers"].mean()
    return (values * depth).sum("num_layers") / (depth**2).sum()


def vanishing(results: "xr.Dataset") -> list[Evidence]:
    """Powers of ten that each further layer takes from the first gradient."""
    change = each_layer_adds(results, "glorot").sel(activation=["sigmoid", "tanh"])
    names = ("sigmoid, Glorot", "tanh, Glorot")
    return [Evidence.from_mean(*one, at_most=-0.1) for one in zip(names, change, strict=True)]


def learning_stops(results: "xr.Dataset") -> list[Evidence]:
    """Change of the first layer and accuracy of eight layers of sigmoids."""
    deep = results.sel(activation="sigmoid", num_layers=8)
    return [
        Evidence.from_mean("change of the first layer", deep["first_layer_change"], at_most=0.01),
        Evidence.from_mean("accuracy (chance is 0.1)", deep["test_accuracy"], at_most=0.15),
    ]


def exploding(results: "xr.Dataset") -> list[Evidence]:
    """Powers of ten that each further layer with large weights adds to the first gradient."""
    change = each_layer_adds(results, "large")
    return [Evidence.from_mean(*one, at_least=0.1) for one in zip(ACTIVATIONS, change, strict=True)]


def relu_keeps(results: "xr.Dataset") -> list[Evidence]:
    """First gradient below 32 layers of ReLU, as a power of ten, for each initialization."""
    deep = results["first_layer_gradient"].sel(activation="relu", num_layers=32)
    return [
        Evidence.from_mean(start, deep.sel(initialization=start), at_least=-1, at_most=1)
        for start in SCALES
    ]


def product_explains(results: "xr.Dataset") -> list[Evidence]:
    """Largest error per layer, in powers of ten, of the product of weights and slopes."""
    miss = abs(results["predicted_signal"] - results["signal"]).mean("seed")
    worst = (miss / results["num_layers"]).max(["num_layers", "initialization"]).to_series()
    runs = results.sizes["seed"]
    return [Evidence.exact(str(name), one, runs, at_most=0.05) for name, one in worst.items()]


def jumps(results: "xr.Dataset") -> list[Evidence]:
    """Whether walks diverge just where a step is longer than twice the way, and clipped none."""
    diverged = results["distance"].isnull().isel(seed=0)
    steep = results["start"] ** 2 > 1 / (2 * results["learning_rate"])
    agrees, clipped = diverged.sel(clipping="none") == steep, diverged.sel(clipping="norm 1")
    return [
        Evidence.exact("as x² > 1/(2 · rate) says, share", float(agrees.mean()), 20, at_least=1),
        Evidence.exact("diverges when clipped, share", float(clipped.mean()), 20, at_most=0),
    ]


NAME = "C-vanishing_and_exploding_gradients"
CLAIMS = (
    Claim(
        f"{NAME}-1",
        "Activations that saturate make gradients vanish in deep networks.",
        DEPTH,
        vanishing,
        "powers of ten that each layer adds to the gradient of the first; holds up to −0.1",
    ),
    Claim(
        f"{NAME}-2",
        "A vanishing gradient means that the weights do not change.",
        TRAINING,
        learning_stops,
        "8 layers of sigmoids, 10 epochs; holds up to a change of 0.01, an accuracy of 0.15",
    ),
    Claim(
        f"{NAME}-3",
        "Gradients explode where weights are large.",
        DEPTH,
        exploding,
        "powers of ten that each layer adds to the gradient of the first; holds from 0.1",
    ),
    Claim(
        f"{NAME}-4",
        "ReLU prevents both.",
        DEPTH,
        relu_keeps,
        "gradient of the first of 32 layers, as a power of ten; holds between −1 and 1",
    ),
    Claim(
        f"{NAME}-5",
        "The cause is the product of weights and slopes along the layers.",
        DEPTH,
        product_explains,
        "largest error of the product in powers of ten per layer; holds up to 0.05",
    ),
    Claim(
        f"{NAME}-6",
        "Where the slope is very steep the next step may skip the minimum.",
        STEEP,
        jumps,
        "x⁴, 20 pairs of start and rate; all diverge as predicted, none when clipped",
    ),
)

# The figure

COLORS = dict(zip(ACTIVATIONS, ("muted", "red", "blue", "orange"), strict=True))
START_NAMES = {
    "small": "small: deviation 0.01",
    "glorot": "Glorot",
    "he": "He",
    "large": "large: twice He",
}


def flat(w: np.ndarray) -> np.ndarray:
    """Return the squared error of one sigmoid whose target is 1."""
    return (sigmoid(w) - 1) ** 2


def flat_slope(w: np.ndarray) -> np.ndarray:
    """Return the slope of `flat`."""
    return 2 * (sigmoid(w) - 1) * sigmoid(w) * (1 - sigmoid(w))


def plot_flat_and_steep() -> "plots.BookFigure":
    """Draw a step on a flat tail and a step on a steep wall."""
    figure, (left, right) = plots.figure(
        "Left: an error curve with a flat tail, on which a step hardly moves. Right: the curve "
        "of the fourth power, on which a step from 1.8 lands on the other side, higher up.",
        columns=2,
        height=3.2,
    )
    places = np.linspace(-9, 5, 200)
    left.plot(places, flat(places), color="blue")
    walk = descend(flat_slope, [-7.0], 1.0, 1).ravel()
    plots.path(left, np.column_stack([walk, flat(walk)]))
    left.set(title="vanishing: too flat", xlabel="weight", ylabel="error")
    places = np.linspace(-2.6, 2.6, 200)
    right.plot(places, places**4, color="blue")
    walk = descend(lambda x: 4 * x**3, [1.8], 0.18, 1).ravel()
    plots.path(right, np.column_stack([walk, walk**4]))
    right.set(title="exploding: too steep", xlabel="weight", ylabel="error")
    return figure


def plot_layers(results: "xr.Dataset", num_layers: int = 16) -> "plots.BookFigure":
    """Draw the gradient of every layer, one panel for each initialization."""
    figure, panels = plots.figure(
        f"Length of the gradient at every layer of networks with {num_layers} hidden layers, on a "
        "logarithmic axis: nearly straight lines whose tilt depends on activation and first "
        "weights.",
        rows=2,
        columns=2,
        height=6,
        sharex=True,
    )
    layers = np.arange(1, num_layers + 2)
    kept = results["gradient"].sel(num_layers=num_layers).isel(layer=slice(None, len(layers)))
    for panel, (start, title) in zip(panels.ravel(), START_NAMES.items(), strict=True):
        for name in results["activation"].values.tolist():
            interval = mean_interval(kept.sel(initialization=start, activation=name))
            plots.band(panel, layers, interval, label=name, color=COLORS[name])
        panel.set(title=title)
        plots.label_lines(panel)
    plots.share_labels(figure, x="layer", y="length of the gradient (power of ten)")
    return figure


def plot_depth(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the gradient of the first layer for every depth and activation, as four tables."""
    figure, panels = plots.figure(
        "Four tables, one for each initialization: the gradient of the first layer, as a power of "
        "ten, for four activations and 2 to 32 layers. Only a few cells keep near 0.",
        rows=2,
        columns=2,
        height=5.6,
    )
    mean = results["first_layer_gradient"].mean("seed")
    for panel, (start, title) in zip(panels.ravel(), START_NAMES.items(), strict=True):
        table = mean.sel(initialization=start).transpose("num_layers", "activation")
        plots.heatmap(panel, table, limits=(-20, 20))
        panel.set(title=title, xlabel="", ylabel="")
    plots.share_labels(figure, y="hidden layers")
    return figure


def plot_prediction(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the signal that the product predicts against the one that was measured."""
    figure, axes = plots.figure(
        "What is left of the signal at the first layer: predicted by the product of weights and "
        "slopes against measured. The points lie on the diagonal."
    )
    mean = results[["signal", "predicted_signal"]].mean("seed")
    for name, marker in zip(ACTIVATIONS, "osD^", strict=True):
        measured, predicted = (mean[one].sel(activation=name).values.ravel() for one in mean)
        axes.plot(predicted, measured, marker, color=COLORS[name], alpha=0.7, label=name)
    ends = np.array([mean["signal"].min(), mean["signal"].max()])
    axes.plot(ends, ends, color="grid", zorder=0)
    axes.set(xlabel="predicted (power of ten)", ylabel="signal left (power of ten)")
    axes.legend(loc="upper left")
    return figure


def plot_training(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw change of the first layer and accuracy against depth, for sigmoid and ReLU."""
    figure, panels = plots.figure(
        "Change of the first layer and accuracy against the number of layers: both collapse for "
        "sigmoids and stay for ReLU.",
        rows=2,
        height=5.6,
        sharex=True,
    )
    places = range(results.sizes["num_layers"])
    plots.log_axis(panels[0], "y")
    for panel, dependent in zip(panels, ("first_layer_change", "test_accuracy"), strict=True):
        for name in results["activation"].values.tolist():
            values = results[dependent].sel(activation=name)
            plots.dots(panel, places, values.transpose("num_layers", "seed"), color=COLORS[name])
            panel.plot(places, values.mean("seed"), color=COLORS[name], label=name)
        panel.set(ylabel=plots.axis_name(results, dependent))
        plots.label_lines(panel)
    plots.reference(panels[1], 0.1, "chance")
    panels[1].set_xticks(places, [str(one) for one in results["num_layers"].values])
    panels[1].set(xlabel="hidden layers")
    return figure


def plot_steep(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the distance after 500 steps for every start and rate, without and with clipping."""
    figure, panels = plots.figure(
        "Two tables of start against learning rate. Without clipping the cells with a far start "
        "and a large rate are crossed out: the walk diverges. With clipping none is.",
        columns=2,
        height=3.6,
    )
    for panel, clipping in zip(panels, ("none", "norm 1"), strict=True):
        table = results["distance"].isel(seed=0).sel(clipping=clipping)
        plots.heatmap(panel, table, limits=(0, 1))
        panel.set(title=f"clipping: {clipping}")
    return figure
