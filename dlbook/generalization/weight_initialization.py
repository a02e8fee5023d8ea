"""Weight initialization: how large the first weights are, and why they must differ."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def glorot_uniform(fan_in: int, fan_out: int, generator: np.random.Generator) -> np.ndarray:
    r"""Draw weights evenly from $-\sqrt{6/(\text{in}+\text{out})}$ to the same above 0.

    Their variance is $2/(\text{in}+\text{out})$: a compromise between the way forward, which asks
    for $1/\text{in}$, and the way back, which asks for $1/\text{out}$.

    Args:
        fan_in: Inputs of the layer, 1 or more.
        fan_out: Units of the layer, 1 or more.
        generator: Source of the random numbers.

    Returns:
        A kernel of shape (fan_in, fan_out).

    Raises:
        ValueError: There are no inputs or no units.

    Example:
        >>> kernel = glorot_uniform(64, 32, np.random.default_rng(0))
        >>> kernel.shape, bool(abs(kernel).max() < 0.25)
        ((64, 32), True)
    """
    limit = np.sqrt(6 / (_count(fan_in, "fan_in") + _count(fan_out, "fan_out")))
    return generator.uniform(-limit, limit, size=(fan_in, fan_out))


def he_normal(fan_in: int, fan_out: int, generator: np.random.Generator) -> np.ndarray:
    r"""Draw weights from a normal distribution of variance $2/\text{in}$, made for ReLU.

    Args:
        fan_in: Inputs of the layer, 1 or more.
        fan_out: Units of the layer, 1 or more.
        generator: Source of the random numbers.

    Returns:
        A kernel of shape (fan_in, fan_out).

    Raises:
        ValueError: There are no inputs or no units.

    Example:
        >>> kernel = he_normal(200, 100, np.random.default_rng(0))
        >>> kernel.shape, round(float(kernel.std()), 3)
        ((200, 100), 0.1)
    """
    deviation = np.sqrt(2 / _count(fan_in, "fan_in"))
    return generator.normal(0, deviation, size=(fan_in, _count(fan_out, "fan_out")))


def signal_through_layers(
    inputs: ArrayLike,
    num_layers: int,
    scale: float,
    activation: str = "relu",
    generator: np.random.Generator | None = None,
) -> list[np.ndarray]:
    r"""Send inputs through layers as wide as the inputs, with weights of variance scale / in.

    Args:
        inputs: Shape (examples, units).
        num_layers: How many layers, 1 or more.
        scale: Variance of a weight times the number of inputs: 2 is He's, 1 is Glorot's (where
            in and out are equal).
        activation: "relu", "tanh" or "linear".
        generator: Source of the random numbers; `None`: seed 0.

    Returns:
        The outputs of every layer, each of the shape of the inputs.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers = signal_through_layers(np.ones((5, 64)), 3, scale=2.0)
        >>> len(layers), layers[-1].shape
        (3, (5, 64))
    """
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"`activation` must be one of {known}. Received: {activation!r}")
    values = numbers(inputs, "inputs", rank=2)
    generator = generator or np.random.default_rng(0)
    width = values.shape[1]
    deviation = np.sqrt(positive(scale, "scale") / width)
    found = []
    for _ in range(_count(num_layers, "num_layers")):
        kernel = generator.normal(0, deviation, size=(width, width))
        values = ACTIVATIONS[activation](values @ kernel)
        found.append(values)
    return found


def _count(value: int, name: str) -> int:
    if value != int(value) or value < 1:
        raise ValueError(f"`{name}` must be a whole number, 1 or more. Received: {value!r}")
    return int(value)


ACTIVATIONS = {
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
    "linear": lambda values: values,
}

# The experiment

SIZES = (64, 64, 32, 32, 10)
DEVIATIONS = (0.0001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0)
KERNELS = ("Glorot", "second layer 0", "all 0", "all 1", "all 1/inputs", "one unit")
LOSS = "sparse_categorical_crossentropy_from_logits"
NUM_STARTS = 20


def normal_start(deviation: float) -> "keras.Sequential":
    """Build 64-64-32-32-10 with weights of one deviation in all layers."""
    from keras.initializers import RandomNormal

    return mlp(SIZES, kernel_initializer=RandomNormal(stddev=deviation))  # type: ignore


def chosen_start(kernels: str, biases: str) -> "keras.Sequential":
    """Build 64-64-32-32-10 with weights and biases that start in a certain way.

    Args:
        kernels: One of `KERNELS`; "one unit" stands for a network 64-1-1-1-10 whose weights start
            at 1/inputs.
        biases: "0", as in Keras, or "random": small random numbers, as in PyTorch.
    """
    from keras import Input, Sequential
    from keras.initializers import Constant, RandomUniform
    from keras.layers import Dense

    sizes = (64, 1, 1, 1, 10) if kernels == "one unit" else SIZES
    fixed = {"all 0": "zeros", "all 1": "ones"}
    layers = []
    for place, (inputs, units) in enumerate(pairwise(sizes)):
        start: Any = fixed.get(kernels, "glorot_uniform")
        if kernels in KERNELS[-2:]:
            start = Constant(1 / inputs)
        if kernels == "second layer 0" and place == 1:
            start = "zeros"
        bias: Any = RandomUniform(-(inputs**-0.5), inputs**-0.5) if biases == "random" else "zeros"
        last = place == len(sizes) - 2
        layers.append(
            Dense(units, None if last else "relu", name="output" if last else f"hidden_{place + 1}",
                  kernel_initializer=start, bias_initializer=bias)
        )  # fmt: skip
    return Sequential([Input((sizes[0],)), *layers])


def recipe(start: str) -> "keras.Sequential":
    """Build 10-16-32-32-1 with Glorot's or He's weights, both normal."""
    return mlp((10, 16, 32, 32, 1), kernel_initializer=f"{start.lower()}_normal")


def small_network() -> "keras.Sequential":
    """Build 10-16-1 with Keras' usual start."""
    return mlp((10, 16, 1))


def split_of(seed: int) -> Data:
    """Split the patients; 20 seeds in a row share a split and differ in their first weights."""
    return datasets.diabetes_high(seed // NUM_STARTS)


def measure_signal(seed: int, start: str, activation: str, num_layers: int = 30) -> dict[str, Any]:
    """Return the spread of the outputs of every layer, as a share of the spread of the inputs."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(200, 64))
    scale = {"Glorot": 1.0, "He": 2.0}[start]
    layers = signal_through_layers(inputs, num_layers, scale, activation, generator)
    return {"spread": np.array([values.std() for values in layers])}


def measure_change(model: Any, data: Data, seed: int, start: str) -> dict[str, float]:
    """Return by which part of its length the kernel of every layer has changed."""
    import keras

    keras.utils.set_random_seed(seed)
    pairs = zip(model.layers, start_on_digits(start).layers, strict=True)
    return {
        f"change_{place}": float(
            np.linalg.norm(now.get_weights()[0] - then.get_weights()[0])
            / np.linalg.norm(then.get_weights()[0])
        )
        for place, (now, then) in enumerate(pairs, start=1)
    }


def start_on_digits(start: str) -> "keras.Sequential":
    """Build 64-64-32-32-10 with Glorot's or He's weights."""
    return mlp(SIZES, kernel_initializer=f"{start.lower()}_normal")


DIGITS: dict[str, Any] = {
    "optimizer": "adam", "learning_rate": 0.01, "batch_size": 64, "epochs": 10,
    "metrics": ("accuracy",),
}  # fmt: skip
START_SCALE = Experiment(
    name="start_scale",
    question="How large should the first weights be?",
    independent={"deviation": DEVIATIONS},
    full_independent={"deviation": tuple(np.geomspace(1e-4, 10, 25).round(5).tolist())},
    trial=Training(normal_start, datasets.digits, LOSS, **DIGITS),
    units={"deviation": "standard deviation of the first weights"},
)
CONSTANT_START = Experiment(
    name="constant_start",
    question="May weights start equal?",
    independent={"kernels": KERNELS, "biases": ("0", "random")},
    trial=Training(chosen_start, datasets.digits, LOSS, keep_weights=True, **DIGITS),
)
GLOROT_OR_HE = Experiment(
    name="glorot_or_he",
    question="Is He's start better than Glorot's for a network of ReLU units?",
    independent={"start": ("Glorot", "He")},
    trial=Training(
        recipe, datasets.diabetes_high, "binary_crossentropy_from_logits",
        learning_rate=0.01, batch_size=64, epochs=600, metrics=("accuracy",),
    ),
)  # fmt: skip
SIGNAL = Experiment(
    name="signal",
    question="What becomes of the signal on its way through 30 layers?",
    independent={"activation": ("relu", "tanh"), "start": ("Glorot", "He")},
    trial=measure_signal,
    dims={"spread": ("layer",)},
)
RESTARTS = Experiment(
    name="many_starts",
    question="Does it pay to train several times and to keep the best?",
    independent={},
    trial=Training(
        small_network, split_of, "binary_crossentropy_from_logits",
        optimizer="adam", learning_rate=0.01, batch_size=32, epochs=50, metrics=("accuracy",),
    ),
    seeds=range(20 * NUM_STARTS),
)  # fmt: skip
WEIGHT_CHANGE = Experiment(
    name="weight_change",
    question="Which layers move away from their first weights?",
    independent={"start": ("Glorot", "He"), "epochs": (1, 10)},
    trial=Training(start_on_digits, datasets.digits, LOSS, outputs=measure_change, **DIGITS),
    seeds=range(5),
    full_seeds=range(20),
)


def best_of(results: "xr.Dataset", count: int) -> "xr.Dataset":
    """Keep the network with the best validation accuracy out of `count` starts.

    Args:
        results: Of the experiment `many_starts`.
        count: A divisor of 20.

    Returns:
        Its validation and test accuracy, for each split (called `seed`): the mean over all groups
        of so many starts.
    """
    import xarray

    last = results.isel(epoch=-1)
    names = ("val_accuracy", "test_accuracy")
    runs = {name: last[name].values.reshape(-1, NUM_STARTS // count, count) for name in names}
    chosen = runs["val_accuracy"].argmax(axis=-1)[..., None]
    kept = {name: np.take_along_axis(one, chosen, axis=-1)[..., 0] for name, one in runs.items()}
    return xarray.Dataset({name: ("seed", one.mean(axis=1)) for name, one in kept.items()})


# The claims


def any_small_start(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy for every small deviation."""
    small = results["test_accuracy"].sel(deviation=results["deviation"] < 1)
    return evidence_of_each(small, "deviation {deviation}", at_least=0.9)


def zero_start(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy of networks in which one kernel, or all, start at 0."""
    accuracy = results["test_accuracy"].sel(kernels=["all 0", "second layer 0"])
    return evidence_of_each(accuracy, "{kernels}, biases {biases}", at_most=0.2)


def gain_of_he(results: "xr.Dataset") -> list[Evidence]:
    """He's start minus Glorot's: training loss (turned round), training and test accuracy."""
    last = results.isel(epoch=-1)
    gain = last.sel(start="He") - last.sel(start="Glorot")
    gains = {
        "training loss, Glorot minus He": -gain["loss"],
        "training accuracy": gain["accuracy"],
        "test accuracy": gain["test_accuracy"],
    }
    return [Evidence.from_mean(name, one, at_least=0) for name, one in gains.items()]


def gain_of_restarts(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy of the best of several starts (by validation) minus that of one start."""
    one = best_of(results, 1)["test_accuracy"]
    return [
        Evidence.from_mean(
            f"best of {count} minus one", best_of(results, count)["test_accuracy"] - one, at_least=0
        )
        for count in (5, 20)
    ]


CLAIMS = (
    Claim(
        "C-weight_initialization-1",
        "Any small random start will do.",
        START_SCALE,
        any_small_start,
        note="deviations below 1, test accuracy on digits; holds from 0.9 up",
    ),
    Claim(
        "C-weight_initialization-2",
        "A network that starts at zero cannot learn.",
        CONSTANT_START,
        zero_start,
        note="test accuracy on digits, chance is 0.1; holds up to 0.2",
    ),
    Claim(
        "C-weight_initialization-3",
        "With ReLU, He's start is better than Glorot's.",
        GLOROT_OR_HE,
        gain_of_he,
        note="after 600 epochs, paired; holds if the whole interval lies above 0",
    ),
    Claim(
        "C-weight_initialization-4",
        "Train many times from different random weights and pick the best: it will be better.",
        RESTARTS,
        gain_of_restarts,
        note="test accuracy of the network with the best validation accuracy minus that of one "
        "start, 20 splits; holds if the whole interval lies above 0",
    ),
)

# The figure


def plot_histograms(seed: int = 0) -> "plots.BookFigure":
    """Draw the outputs of ReLU units in layers 1, 5, 10 and 20, for two starts."""
    inputs = np.random.default_rng(seed).normal(size=(200, 64))
    depths, edges = (1, 5, 10, 20), np.linspace(0, 3, 31)
    drawing, panels = plots.figure(
        "Histograms of the outputs of ReLU units in layers 1, 5, 10 and 20. With Glorot's weights "
        "they crowd more and more at 0. With He's weights they stay spread out.",
        rows=4,
        columns=2,
        height=7.5,
        sharex=True,
    )
    for column, (name, scale) in enumerate((("Glorot", 1.0), ("He", 2.0))):
        layers = signal_through_layers(inputs, 20, scale)
        for panel, depth in zip(panels[:, column], depths, strict=True):
            values = layers[depth - 1]
            plots.histogram(panel, values[values > 0], edges)
            panel.set(title=f"{name}, layer {depth}", yticks=[])
        panels[-1, column].set(xlabel="output of a unit")
    return drawing


def plot_signal(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the spread of the outputs from layer to layer, for two activations and two starts."""
    drawing, panels = plots.figure(
        "Spread of the outputs against the layer. With ReLU He's start keeps it and Glorot's lets "
        "it fall by a constant factor in each layer; with tanh the two lie close together.",
        rows=2,
        height=6,
        sharex=True,
        sharey=True,
    )
    layers = np.arange(1, results.sizes["layer"] + 1)
    for panel, activation in zip(panels, results["activation"].values, strict=True):
        plots.log_axis(panel, "y")
        for start in results["start"].values:
            interval = mean_interval(results["spread"].sel(activation=activation, start=start))
            plots.band(panel, layers, interval, label=str(start))
        panel.set(title=str(activation), ylabel="deviation of the outputs")
        plots.label_lines(panel)
    panels[-1].set(xlabel="layer")
    return drawing


def plot_start_scale(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw test accuracy against the deviation of the first weights, one dot per seed."""
    accuracy = results["test_accuracy"]
    drawing, axes = plots.figure(
        "Test accuracy against the deviation of the first weights, on a logarithmic axis: chance "
        "for the smallest, a plateau in the middle, a fall for the largest.",
    )
    plots.log_axis(axes, "x")
    deviations = results["deviation"].values
    plots.dots(axes, deviations, accuracy.transpose("deviation", "seed").values, color="sky")
    plots.band(axes, deviations, mean_interval(accuracy), color="blue")
    plots.reference(axes, 0.1, "chance", at=0.85)
    axes.set(xlabel="deviation of the first weights", ylabel="test accuracy", ylim=(0, 1.04))
    return drawing


def plot_twins(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw the weights of four units of the first layer as pictures, for two starts."""
    images, titles = [], []
    for kernels, name in (("all 1/inputs", "equal"), ("Glorot", "Glorot")):
        run = results["weights_hidden_1_kernel"].sel(kernels=kernels, biases="0", seed=seed)
        units = run.values[:, :4].T.reshape(4, 8, 8)
        images += list((units - units.min()) / np.ptp(units))
        titles += [f"{name}, unit {place}" for place in range(1, 5)]
    drawing, _ = plots.gallery(
        images,
        "Two rows of four pictures of 8 by 8 weights after training. In the first row all four "
        "are the same picture; in the second all are different.",
        titles=titles,
        columns=4,
        limits=(0, 1),
    )
    return drawing


def plot_restarts(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw validation and test accuracy of the best of 1, 2, 4, 5, 10 and 20 starts."""
    counts = (1, 2, 4, 5, 10, 20)
    found = [best_of(results, count) for count in counts]
    drawing, axes = plots.figure(
        "Accuracy of the best of so many starts: the validation accuracy, by which it was chosen, "
        "climbs; the test accuracy stays nearly level.",
    )
    plots.log_axis(axes, "x")
    for part, label in (("val_accuracy", "validation"), ("test_accuracy", "test")):
        rows = [mean_interval(one[part]) for one in found]
        joined = {key: [float(row[key]) for row in rows] for key in ("mean", "low", "high")}
        plots.band(axes, counts, joined, label=label)
    axes.set(xlabel="number of starts", ylabel="accuracy of the one kept")
    axes.set_xticks(counts, [str(count) for count in counts])
    plots.label_lines(axes)
    return drawing
