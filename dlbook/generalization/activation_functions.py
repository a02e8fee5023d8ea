"""Activation functions: what bends the sums of a network, and what each bend costs."""

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.calculus.derivatives import relu, relu_slope, sigmoid, sigmoid_slope
from dlbook.lab import datasets, plots
from dlbook.lab.activations import SLOPED
from dlbook.lab.checks import numbers
from dlbook.lab.choice import at_own_rate, mean_of_others
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def dead_share(outputs: ArrayLike) -> float:
    """Return the share of units that are never above 0, whatever the example.

    Args:
        outputs: What each unit answers to each example, shape (examples, units).

    Returns:
        A share from 0 to 1.

    Raises:
        ValueError: `outputs` has not two axes.

    Example:
        >>> dead_share([[0.0, 2.0], [0.0, 0.0]])
        0.5
    """
    return float(np.mean(~(numbers(outputs, "outputs", rank=2) > 0).any(axis=0)))


FUNCTIONS = {
    "sigmoid": (sigmoid, sigmoid_slope),
    "tanh": SLOPED["tanh"],
    "relu": (relu, relu_slope),
    **SLOPED,
}

# The experiment

BARS = {"digits": 0.9, "patients": 0.7}  # the training accuracy that is to be reached
ENDS = {"digits": (64, 10), "patients": (10, 1)}  # inputs and outputs of the network
DIGITS_LOSS = "sparse_categorical_crossentropy_from_logits"
COMMON: Any = {"batch_size": 16, "metrics": ("accuracy",)}


def some_digits(seed: int) -> datasets.Data:
    """Take 500 digits to learn from, 120 for validation, 357 for the test."""
    return datasets.digits(seed, num_examples=500, validation=120)


def digits_or_patients(seed: int, data_set: str) -> datasets.Data:
    """Take the digits, or the patients whose diabetes did or did not get far."""
    return some_digits(seed) if data_set == "digits" else datasets.diabetes_high(seed)


def deep_network(
    activation: str, data_set: str = "digits", bias: float = 0.0, hidden_layers: int = 3
) -> "keras.Model":
    """Build hidden layers of 32 units each; all biases start at `bias`."""
    import keras

    inputs, outputs = ENDS[data_set]
    start: Any = keras.initializers.Constant(bias)
    return mlp((inputs, *[32] * hidden_layers, outputs), activation, bias_initializer=start)


def hidden_sums(model: "keras.Model", inputs: np.ndarray, activation: str) -> list[np.ndarray]:
    """Compute the sums of every hidden layer of a network, before the activation."""
    weights, found = model.get_weights()[:-2], []
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        found.append(inputs @ kernel + bias)
        inputs = FUNCTIONS[activation][0](found[-1])
    return found


def lost_units(model: "keras.Model", data: datasets.Data, activation: str) -> dict[str, float]:
    """Find the share of hidden units without any answer above 0 on the training images.

    The network is mute if a hidden layer gives the same answers to all images. If the weights are
    no longer numbers, all units are lost, and the network has overflowed.
    """
    if not all(np.isfinite(one).all() for one in model.get_weights()):
        return {"lost": 1.0, "mute": 0.0, "overflowed": 1.0}
    sums = hidden_sums(model, data.x_train, activation)
    answers = [FUNCTIONS[activation][0](one) for one in sums]
    mute = any(np.ptp(one, axis=0).max() == 0 for one in answers)
    lost = dead_share(np.concatenate(sums, axis=1))
    return {"lost": lost, "mute": float(mute), "overflowed": 0.0}


def signal_left(activation: str, seed: int = 0) -> float:
    """Return the mean squared slope of the activation in an untrained network for digits."""
    import keras

    keras.utils.set_random_seed(seed)
    sums = hidden_sums(deep_network(activation), some_digits(seed).x_train, activation)
    return float(np.mean(FUNCTIONS[activation][1](np.stack(sums)) ** 2))


def score_or_high(seed: int, task: str) -> datasets.Data:
    """Take the patients, with the score to predict, or whether it is high (1) or low (0)."""
    load = datasets.diabetes if task == "score" else datasets.diabetes_high
    return load(seed, validation=0)


def shallow_network(output: str) -> "keras.Model":
    """Build ten inputs, 16 ReLU units and one output with an activation of its own."""
    return mlp((10, 16, 1), output_activation=output)


HIDDEN_ACTIVATION = Experiment(
    name="hidden_activation",
    question="Which activation of the hidden layers learns fastest, and which ends best?",
    independent={
        "data_set": tuple(ENDS),
        "activation": ("relu", "tanh", "sigmoid"),
        "learning_rate": (0.01, 0.1, 1, 3),
    },
    full_independent={"learning_rate": (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)},
    trial=Training(
        deep_network,
        digits_or_patients,
        by("data_set", {"patients": "binary_crossentropy_from_logits"}, DIGITS_LOSS),
        epochs=40,
        **COMMON,
    ),
)
RELU_FAMILY = Experiment(
    name="relu_family",
    question="Does it matter which relative of ReLU is used?",
    independent={
        "activation": ("relu", "relu6", "leaky_relu", "elu", "gelu"),
        "learning_rate": (0.01, 0.1),
    },
    full_independent={"learning_rate": (0.001, 0.01, 0.1, 1)},
    trial=Training(deep_network, some_digits, DIGITS_LOSS, epochs=10, **COMMON),
)
DEAD_UNITS = Experiment(
    name="dead_units",
    question="When do units fall silent, and does a leak help?",
    independent={
        "activation": ("relu", "leaky_relu"),
        "hidden_layers": (1, 3),
        "bias": (0, -2),
        "learning_rate": (0, 0.1, 1),
    },
    trial=Training(deep_network, some_digits, DIGITS_LOSS, epochs=5, outputs=lost_units, **COMMON),
)
OUTPUT = Experiment(
    name="output",
    question="Which activation belongs to the output?",
    independent={
        "task": ("score", "high or low"),
        "output": ("linear", "sigmoid", "tanh", "relu"),
    },
    trial=Training(
        shallow_network,
        score_or_high,
        "mean_squared_error",
        learning_rate=0.05,
        epochs=30,
        batch_size=16,
    ),
)

# The claims


def epochs_to_bar(results: "xr.Dataset") -> "xr.DataArray":
    """Count the epochs until the training accuracy reaches the bar; one more than all if never."""
    import xarray as xr

    bars = xr.DataArray([BARS[str(name)] for name in results["data_set"].values], dims="data_set")
    reached = results["accuracy"] >= bars
    return (reached.argmax("epoch") + 1).where(reached.any("epoch"), results.sizes["epoch"] + 1)


def gains(values: "xr.DataArray", first: str, second: str, **bounds: Any) -> list[Evidence]:
    """Compare two activations on each data set, in pairs of the same seed."""
    a, b = values.sel(activation=first), values.sel(activation=second)
    return [
        Evidence.from_comparison(
            f"{name}: {first} minus {second}",
            paired(a.sel(data_set=name), b.sel(data_set=name)),
            **bounds,
        )
        for name in values["data_set"].values
    ]


def learns_faster(results: "xr.Dataset") -> list[Evidence]:
    """Epochs to the bar, the sigmoid's minus ReLU's, each at its own best rate."""
    needed = epochs_to_bar(at_own_rate(results))
    return gains(needed, "sigmoid", "relu", at_least=0, unit="epochs")


def ends_better(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy on fresh examples, ReLU's minus that of sigmoid and tanh, at their best rates."""
    accuracy = at_own_rate(results)["test_accuracy"]
    return [
        one for other in ("sigmoid", "tanh") for one in gains(accuracy, "relu", other, at_least=0)
    ]


def spread_of_family(results: "xr.Dataset") -> "xr.DataArray":
    """Accuracy of the best relative minus that of the worst; both named by the other seeds."""
    score = mean_of_others(results["val_accuracy"].isel(epoch=-1, drop=True))
    accuracy = results["test_accuracy"]
    picks = (score.argmax("activation"), score.argmin("activation"))
    best, worst = (accuracy.isel(activation=one).drop_vars("activation") for one in picks)
    return best - worst


def family_matters(results: "xr.Dataset") -> list[Evidence]:
    """Spread of the relatives, in deviations from seed to seed."""
    spread = spread_of_family(results)
    deviation = results["test_accuracy"].var("seed", ddof=1).mean("activation") ** 0.5
    return [
        Evidence.from_mean(
            f"rate {rate:g}",
            spread.sel(learning_rate=rate) / float(deviation.sel(learning_rate=rate)),
            at_least=1,
        )
        for rate in results["learning_rate"].values
    ]


def by_start(values: "xr.DataArray", **bounds: Any) -> list[Evidence]:
    """Take the leaky ReLU minus ReLU for every network, start of the biases and rate above 0."""
    found = values.sel(activation="leaky_relu") - values.sel(activation="relu")
    cases = found.isel(learning_rate=slice(1, None)).stack(
        case=("hidden_layers", "bias", "learning_rate")
    )
    words = ["{} hidden, biases from {}, rate {:g}".format(*case) for case in cases["case"].values]
    return [
        Evidence.from_mean(name.replace("-", "−"), one, **bounds)
        for name, one in zip(words, cases.transpose("case", "seed"), strict=True)
    ]


def leak_prevents(results: "xr.Dataset") -> list[Evidence]:
    """Share of lost units after training, leaky ReLU minus ReLU."""
    return by_start(results["lost"], at_most=-0.001)


def leak_helps(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy on fresh images, leaky ReLU minus ReLU."""
    return by_start(results["test_accuracy"], at_least=0)


def sigmoid_at_the_end(results: "xr.Dataset") -> list[Evidence]:
    """Squared error on fresh patients, linear output minus sigmoid, for each task."""
    linear, limited = (results["test_loss"].sel(output=one) for one in ("linear", "sigmoid"))
    return [
        Evidence.from_comparison(
            str(task), paired(linear.sel(task=task), limited.sel(task=task)), at_least=0
        )
        for task in linear["task"].values
    ]


ABOVE = "holds if the whole interval lies above 0"
CLAIMS = (
    Claim(
        "C-activation_functions-1",
        "ReLU learns faster than the sigmoid.",
        HIDDEN_ACTIVATION,
        learns_faster,
        f"epochs until the training accuracy is 0.9 (digits) or 0.7 (patients), own rates; {ABOVE}",
    ),
    Claim(
        "C-activation_functions-2",
        "ReLU ends better on fresh examples than activations that saturate.",
        HIDDEN_ACTIVATION,
        ends_better,
        f"accuracy at each one's own best rate; {ABOVE}",
    ),
    Claim(
        "C-activation_functions-3",
        "It matters which relative of ReLU is used.",
        RELU_FAMILY,
        family_matters,
        "best minus worst of five, in deviations from seed to seed; holds from 1 up",
    ),
    Claim(
        "C-activation_functions-4",
        "A leaky ReLU prevents units that are silent for every example.",
        DEAD_UNITS,
        leak_prevents,
        "share of lost units, leaky ReLU minus ReLU; holds if the whole interval is below −0.001",
    ),
    Claim(
        "C-activation_functions-5",
        "With a leaky ReLU a network learns more.",
        DEAD_UNITS,
        leak_helps,
        f"accuracy on fresh images, leaky ReLU minus ReLU; {ABOVE}",
    ),
    Claim(
        "C-activation_functions-6",
        "The sigmoid belongs to the output.",
        OUTPUT,
        sigmoid_at_the_end,
        f"squared error, linear output minus sigmoid; {ABOVE}",
    ),
)

# The figure

NAMES = {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "leaky_relu": "leaky ReLU"}


def plot_functions() -> "plots.BookFigure":
    """Draw eight activation functions, each with its slope."""
    drawing, panels = plots.figure(
        "Eight small graphs from −4 to 4: each activation function as a solid line, its slope "
        "dashed. Sigmoid and tanh become flat on both sides, ReLU and its relatives on one.",
        rows=4,
        columns=2,
        height=8.6,
        sharex=True,
    )
    places = np.linspace(-4, 4, 401)
    for panel, (name, (function, slope)) in zip(np.ravel(panels), FUNCTIONS.items(), strict=True):
        panel.plot(places, function(places), color="blue")
        panel.plot(places, slope(places), "--", color="orange")
        panel.set(title=name, ylim=(-1.3, 2.2))
    for panel in panels[-1]:
        panel.set(xlabel="sum")
    return drawing


def plot_hidden_activation(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw training accuracy against epochs, each activation at its own best rate."""
    drawing, panels = plots.figure(
        "Two panels, digits and patients: training accuracy against epochs. Tanh and ReLU rise at "
        "once; the sigmoid stays flat at chance for a while and then rises.",
        rows=2,
        height=6,
        sharex=True,
    )
    best = at_own_rate(results)["accuracy"]
    for panel, name in zip(panels, results["data_set"].values, strict=True):
        for activation in results["activation"].values:
            interval = mean_interval(best.sel(data_set=name, activation=activation))
            plots.band(panel, best["epoch"], interval, label=NAMES[str(activation)])
        plots.reference(panel, BARS[str(name)], "bar")
        plots.label_lines(panel)
        panel.set(title=str(name), ylabel="training accuracy")
    panels[-1].set(xlabel="epochs")
    return drawing


def plot_rates(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on fresh examples against the learning rate."""
    drawing, panels = plots.figure(
        "Two panels, digits and patients: accuracy on fresh examples against the learning rate. "
        "ReLU and tanh do well at small rates and fail at large ones; for the sigmoid it is the "
        "other way about.",
        rows=2,
        height=6,
        sharex=True,
    )
    accuracy = results["test_accuracy"]
    for panel, name in zip(panels, results["data_set"].values, strict=True):
        plots.log_axis(panel, "x")
        for activation in results["activation"].values:
            interval = mean_interval(accuracy.sel(data_set=name, activation=activation))
            plots.band(panel, accuracy["learning_rate"], interval, label=NAMES[str(activation)])
        rates = accuracy["learning_rate"].values
        panel.set_xticks(rates, [f"{rate:g}" for rate in rates])
        panel.set(title=str(name), ylabel="accuracy on fresh examples")
        panel.legend()
    panels[-1].set(xlabel="learning rate")
    return drawing


def plot_relu_family(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of each relative of ReLU, one panel per rate."""
    rates = results["learning_rate"].values
    drawing, panels = plots.figure(
        "Rows of dots, five activations at each learning rate. At the small rate they lie far "
        "apart, at the larger one they overlap.",
        rows=len(rates),
        height=2.9 * len(rates),
        sharex=True,
    )
    for panel, rate in zip(panels, rates, strict=True):
        runs = results["test_accuracy"].sel(learning_rate=rate)
        groups = {str(name): runs.sel(activation=name).values for name in runs["activation"].values}
        plots.strip(panel, groups)
        panel.set(title=f"rate {rate:g}", xlim=(0, 1.03))
    panels[-1].set(xlabel="accuracy on fresh images")
    return drawing


def plot_dead_units(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of lost units at the start and after training, for each kind of network."""
    drawing, panels = plots.figure(
        "Four panels, for one and three hidden layers and for biases that start at 0 and at −2: "
        "share of lost hidden units at the start and after training, for ReLU and leaky ReLU.",
        rows=2,
        columns=2,
        height=5.6,
        sharex=True,
        sharey=True,
    )
    lost, rates = results["lost"], results["learning_rate"].values
    kinds = product(results["bias"].values, results["hidden_layers"].values)
    for panel, (start, layers) in zip(np.ravel(panels), kinds, strict=True):
        for name, style in (("relu", "o-"), ("leaky_relu", "s--")):
            runs = lost.sel(bias=start, activation=name, hidden_layers=layers)
            line = plots.band(panel, range(len(rates)), mean_interval(runs), label=NAMES[name])
            line.set(marker=style[0], linestyle=style[1:])
        panel.set_xticks(range(len(rates)), ["start", *(f"{rate:g}" for rate in rates[1:])])
        panel.set(title=f"{layers} hidden, biases {start}".replace("-", "−"), ylim=(-0.05, 1.08))
    panels[0, 0].legend()
    plots.share_labels(drawing, x="learning rate", y="share of lost units")
    return drawing


def plot_output(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the squared error on fresh patients for each activation of the output."""
    titles = {"score": "score (negative and positive)", "high or low": "high or low (0 or 1)"}
    drawing, panels = plots.figure(
        "Rows of dots, two panels: squared error of four output activations. For scores the "
        "linear one and tanh are best, for 0 or 1 the sigmoid.",
        rows=2,
        height=5.4,
    )
    for panel, task in zip(panels, results["task"].values, strict=True):
        runs = results["test_loss"].sel(task=task)
        groups = {str(name): runs.sel(output=name).values for name in runs["output"].values}
        plots.strip(panel, groups)
        panel.set(title=titles[str(task)], xlabel="squared error on fresh patients")
    return drawing
