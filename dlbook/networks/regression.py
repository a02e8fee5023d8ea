"""Networks for regression: a number as answer, and when a straight line answers better."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.least_squares import r_squared
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

NOISE = 0.5


def noisy_line(
    seed: int = 0, slope: float = 1.0, num_examples: int = 50, noise: float = NOISE
) -> Data:
    r"""Draw the course's examples: $y = \text{slope} \cdot x + \text{noise}$, with normal $x$.

    Args:
        seed: The same seed gives the same inputs and the same noise, whatever the slope.
        slope: Rise of $y$ for each step of $x$.
        num_examples: Number of examples, above 0.
        noise: Standard deviation of what the line cannot tell.

    Returns:
        Training data, inputs and targets of shape (num_examples, 1).

    Example:
        >>> noisy_line(slope=2.0)
        Data(train=(50, 1) -> (50, 1))
    """
    generator = np.random.default_rng([seed, 7])
    x, rest = generator.normal(size=(2, num_examples, 1)).astype(np.float32)
    return Data(x, np.float32(slope) * x + np.float32(noise) * rest)


def build_regressor(network: str = "1-8-1", activation: str = "relu") -> "keras.Sequential":
    """Build a network that answers with a number: its output layer has no activation.

    Args:
        network: Number of inputs, units of each hidden layer, and 1 for the output, with hyphens
            between: "10-32-32-1" has two hidden layers of 32 units.
        activation: Activation of the hidden layers; "linear" for none.

    Returns:
        An untrained model from shape (batch, inputs) to (batch, 1).

    Example:
        >>> build_regressor("10-32-32-1").count_params()
        1441
    """
    return mlp([int(units) for units in network.split("-")], activation)


def least_squares(inputs: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, float]:
    r"""Find the one best linear answer: slopes and intercept that minimize the squared error.

    Args:
        inputs: Shape (num_examples, num_features).
        targets: Shape (num_examples,) or (num_examples, 1).

    Returns:
        The slopes, shape (num_features,), and the intercept.

    Raises:
        ValueError: The shapes do not fit together, or there is not *one* best answer, because
            examples are too few or features repeat one another.

    Example:
        >>> slopes, intercept = least_squares([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
        >>> print(slopes.round(6), round(intercept, 6))
        [2.] 1.0
    """
    x, y = numbers(inputs, "inputs", rank=2), numbers(targets, "targets").ravel()
    if len(x) != len(y):
        raise ValueError(
            f"`targets` must hold one number for each of the {len(x)} rows of `inputs`. "
            f"Received: {len(y)} targets"
        )
    columns = np.column_stack([x, np.ones(len(x))])
    found, _, rank, _ = np.linalg.lstsq(columns, y)
    if rank < columns.shape[1]:
        raise ValueError(
            "`inputs` must have more rows than columns, and no column that follows from the "
            "others, or else many answers are equally good. "
            f"Received: shape {x.shape}, rank {rank} with the intercept"
        )
    return found[:-1], float(found[-1])


# The experiment

Draw = Callable[..., Data]
NETWORKS = ("1-1-1 ReLU", "1-1-1 linear", "1-8-1 ReLU")
BASELINES = ("least squares", "ridge", "10 neighbours")
SMALL, LARGE = (20, 40, 80, 160, 320), (20, 80, 320, 1280, 5120)
TENTH: dict[Any, int] = {count: count // 10 for count in (*SMALL, *LARGE)}


def course_start(inputs: int) -> dict[str, Any]:
    """Return the start of the course's framework: weights and biases within 1/√inputs of 0."""
    import keras

    parts = ("kernel_initializer", "bias_initializer")
    limit = inputs**-0.5
    return {part: keras.initializers.RandomUniform(-limit, limit) for part in parts}


def line_network(line_network: str) -> "keras.Sequential":
    """Build one of the three networks of the slope study, with the course's start."""
    import keras

    sizes, activation = line_network.lower().split(" ")
    units = int(sizes.split("-")[1])
    hidden = keras.layers.Dense(units, activation, name="hidden", **course_start(1))
    output = keras.layers.Dense(1, name="output", **course_start(units))
    return keras.Sequential([keras.Input((1,)), hidden, output])


def with_output(output: str) -> "keras.Sequential":
    """Build a network 1-8-1 with an activation at its output."""
    return mlp((1, 8, 1), output_activation=output)


def patients(seed: int, num_examples: int) -> Data:
    """Split the diabetes patients: some to train on, and always the same 100 held out."""
    return datasets.diabetes(seed, num_examples=num_examples, validation=100, test=0)


def curved(seed: int, num_examples: int) -> Data:
    r"""Draw $y = \sin(2\, w^\top x)$ with noise 0.1: five inputs, one hidden direction $w$."""
    generator = np.random.default_rng([seed, 8])
    direction = generator.normal(size=5)
    direction /= np.linalg.norm(direction)
    inputs = [generator.normal(size=(count, 5)) for count in (1000, num_examples)]
    targets = [np.sin(2 * x @ direction) + 0.1 * generator.normal(size=len(x)) for x in inputs]
    x_held, x = (part.astype("float32") for part in inputs)
    y_held, y = (part.astype("float32") for part in targets)
    return Data(x, y[:, None], x_validation=x_held, y_validation=y_held[:, None])


def train_on(draw: Draw, network: str, learning_rate: float, epochs: int) -> Training:
    """Train a network on ever more examples, with ten updates in every epoch."""
    return Training(
        partial(build_regressor, network),
        draw,
        "mean_squared_error",
        optimizer="adam",
        learning_rate=learning_rate,
        batch_size=by("num_examples", TENTH),
        epochs=epochs,
    )


def measure_baseline(draw: Draw, seed: int, baseline: str, num_examples: int) -> dict[str, float]:
    """Return how much of the held-out spread a traditional model explains."""
    data = draw(seed, num_examples)
    return {"r_squared": r_squared(data.y_validation, predict(baseline, data))}


def predict(baseline: str, data: Data) -> np.ndarray:
    """Fit a traditional model and return its answers for the held-out examples."""
    from sklearn.linear_model import RidgeCV
    from sklearn.neighbors import KNeighborsRegressor

    if baseline == "least squares":
        slopes, intercept = least_squares(data.x_train, data.y_train)
        return data.x_validation @ slopes + intercept
    model = RidgeCV(np.logspace(-2, 3, 16)) if baseline == "ridge" else KNeighborsRegressor(10)
    return model.fit(data.x_train, data.y_train.ravel()).predict(data.x_validation)


def network_r_squared(results: "xr.Dataset", draw: Draw) -> "xr.DataArray":
    """Turn the held-out loss of every epoch into the part of the spread that is explained."""
    loss = results["val_loss"].transpose("num_examples", "seed", "epoch")
    counts, seeds = (loss[name].values.tolist() for name in ("num_examples", "seed"))
    spread = [[np.var(draw(seed, count).y_validation) for seed in seeds] for count in counts]
    return 1 - loss / np.array(spread)[..., None]


def line_loss(seed: int, slope: float) -> float:
    """Return the training loss of least squares on the course's line."""
    data = noisy_line(seed, slope)
    slopes, intercept = least_squares(data.x_train, data.y_train)
    return float(np.mean((data.y_train.ravel() - data.x_train @ slopes - intercept) ** 2))


def share_on(results: "xr.Dataset") -> "xr.DataArray":
    """Share of the training points for which the one ReLU of 1-1-1 is above 0."""
    one = results.sel(line_network=NETWORKS[0]).transpose("slope", "seed", ...)
    kernel = one["weights_hidden_kernel"].values[..., :1, 0]
    bias = one["weights_hidden_bias"].values[..., :1]
    points = np.stack([noisy_line(seed).x_train.ravel() for seed in one["seed"].values])
    return one["loss"].isel(epoch=-1).copy(data=np.mean(kernel * points + bias > 0, axis=-1))


SLOPE = Experiment(
    name="slope",
    question="How does the slope of a line change what a network learns of it?",
    independent={"line_network": NETWORKS, "slope": np.linspace(-2, 2, 21).round(1)},
    trial=Training(
        line_network,
        noisy_line,
        "mean_squared_error",
        learning_rate=0.05,
        epochs=500,
        metrics=("correlation",),
        keep_weights=True,
    ),
    seeds=range(50),
)
SMALL_DATA = Experiment(
    name="small_data",
    question="How many patients does a network need to predict their diabetes?",
    independent={"num_examples": SMALL},
    trial=train_on(patients, "10-32-32-1", learning_rate=0.001, epochs=15),
)
SMALL_BASELINES = Experiment(
    name="small_baselines",
    question="And how many do traditional models need?",
    independent={"baseline": BASELINES, "num_examples": SMALL},
    trial=partial(measure_baseline, patients),
)
CURVED_DATA = Experiment(
    name="curved_data",
    question="How many examples does a network need to find a curve in five dimensions?",
    independent={"num_examples": LARGE},
    trial=train_on(curved, "5-32-32-1", learning_rate=0.01, epochs=100),
)
CURVED_BASELINES = Experiment(
    name="curved_baselines",
    question="And what do traditional models make of the curve?",
    independent={"baseline": BASELINES, "num_examples": LARGE},
    trial=partial(measure_baseline, curved),
)
OUTPUT = Experiment(
    name="output",
    question="Which activation may stand at the output of a regressor?",
    independent={"output": ("linear", "relu", "sigmoid")},
    trial=Training(
        with_output,
        noisy_line,
        "mean_squared_error",
        optimizer="adam",
        learning_rate=0.05,
        epochs=300,
    ),
)

# The claims


def growth_with_slope(results: "xr.Dataset") -> list[Evidence]:
    """Loss at the steepest slopes minus loss at slope 0, by network."""
    loss = results["loss"].isel(epoch=-1)
    extra = (loss.sel(slope=-2) + loss.sel(slope=2)) / 2 - loss.sel(slope=0)
    return [
        Evidence.from_mean(name, extra.sel(line_network=name), at_least=0.1) for name in NETWORKS
    ]


def failure_at_zero(results: "xr.Dataset") -> list[Evidence]:
    """Loss at slope 0 above that of least squares on the same points, by network."""
    loss = results["loss"].isel(epoch=-1).sel(slope=0)
    extra = loss - [line_loss(seed, 0.0) for seed in loss["seed"].values]
    return [
        Evidence.from_mean(name, extra.sel(line_network=name), at_least=0.1) for name in NETWORKS
    ]


def gain_over(others: Any, ours: Any, sign: int, at_least: float) -> list[Evidence]:
    """Compare the network's R² with that of traditional models, paired by seed."""
    gains = (sign * (ours - others["r_squared"])).stack(case=["num_examples", "baseline"])
    return [
        Evidence.from_mean(
            f"{name}, {count:,} examples", gains.sel(case=(count, name)), at_least=at_least
        )
        for count, name in gains["case"].values.tolist()
    ]


def small_is_traditional(network: "xr.Dataset", others: "xr.Dataset") -> list[Evidence]:
    """What traditional models explain more than the network, on 20 and 40 patients."""
    ours = network_r_squared(network, patients).isel(epoch=-1, num_examples=[0, 1])
    return gain_over(others.sel(baseline=list(BASELINES[:2])), ours, sign=-1, at_least=0)


def complex_is_network(network: "xr.Dataset", others: "xr.Dataset") -> list[Evidence]:
    """What the network explains more of the curve than traditional models, on most examples."""
    ours = network_r_squared(network, curved).isel(epoch=-1, num_examples=[-1])
    return gain_over(others, ours, sign=1, at_least=0.05)


CLAIMS = (
    Claim(
        "C-regression-1",
        "The loss of a network for regression grows with the slope.",
        SLOPE,
        growth_with_slope,
        note="loss at slopes −2 and 2 minus loss at slope 0; holds from 0.1 up",
    ),
    Claim(
        "C-regression-2",
        "Traditional models work better on small data sets.",
        (SMALL_DATA, SMALL_BASELINES),
        small_is_traditional,
        note="R² of the traditional model minus R² of the network, held-out patients; holds if the "
        "whole interval lies above 0",
    ),
    Claim(
        "C-regression-3",
        "Networks learn relationships that are too complex for other models.",
        (CURVED_DATA, CURVED_BASELINES),
        complex_is_network,
        note="R² of the network minus R² of the other model at 5,120 examples; holds from 0.05 up",
    ),
    Claim(
        "C-regression-4",
        "At slope 0 the correlation is near 0, so the network has failed there.",
        SLOPE,
        failure_at_zero,
        note="loss at slope 0 minus that of least squares on the same points; holds from 0.1 up",
    ),
)

# The figure


def plot_fit(seed: int = 0, slope: float = 1.0) -> "plots.BookFigure":
    """Draw the course's points, the line of least squares and the errors that it leaves."""
    data = noisy_line(seed, slope)
    x, y = data.x_train.ravel(), data.y_train.ravel()
    slopes, intercept = least_squares(data.x_train, y)
    drawing, axes = plots.figure(
        "Fifty points around a rising straight line; a thin upright stroke leads from each point "
        "to the line and shows its error."
    )
    axes.vlines(x, x * slopes[0] + intercept, y, color="accent", linewidth=1)
    axes.plot(x, y, "o", color="blue", markersize=5)
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, ends * slopes[0] + intercept, color="ink")
    axes.set(xlabel="x", ylabel="y")
    return drawing


def plot_slope(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw loss and correlation against the slope, one line per network."""
    drawing, panels = plots.figure(
        "Two panels over the slope. Loss: flat and low for two networks, a valley at slope 0 for "
        "the one with a single ReLU. Correlation: near 1 at steep slopes, low around 0, for all.",
        rows=2,
        height=6.4,
        sharex=True,
    )
    for panel, name in zip(panels, ("loss", "correlation"), strict=True):
        values = results[name].isel(epoch=-1)
        for network in NETWORKS:
            interval = mean_interval(values.sel(line_network=network), skipna=True)
            plots.band(panel, results["slope"], interval, label=network)
        panel.set(ylabel=name)
        plots.label_lines(panel)
    plots.reference(panels[0], NOISE**2, "noise")
    panels[-1].set(xlabel="slope")
    return drawing


def plot_answers(results: "xr.Dataset", slope: float = 2.0) -> "plots.BookFigure":
    """Draw what 50 trained networks with a single ReLU answer, by how often their ReLU is on."""
    one = results.sel(line_network=NETWORKS[0], slope=slope)
    parts = [one[f"weights_{name}"].values for name in
             ("hidden_kernel", "hidden_bias", "output_kernel", "output_bias")]  # fmt: skip
    share = share_on(results).sel(slope=slope).values
    drawing, axes = plots.figure(
        "Answers of 50 networks over x: some are level lines, most are level on one side and "
        "rise or fall on the other, with a kink between."
    )
    x = np.linspace(-2.5, 2.5, 101)
    axes.plot(x, slope * x, color="ink", linewidth=2.4, label="the law")
    kernel, bias, last, last_bias = (part.reshape(len(share), -1)[:, 0] for part in parts)
    kinds = {"off everywhere": (share == 0, "red"), "on for a part": (share > 0, "blue")}
    for label, (chosen, color) in kinds.items():
        for run in np.flatnonzero(chosen):
            answer = last[run] * np.maximum(kernel[run] * x + bias[run], 0) + last_bias[run]
            name = label if run == np.flatnonzero(chosen)[0] else "_"
            axes.plot(x, answer, color=color, linewidth=0.9, alpha=0.6, label=name)
    axes.set(xlabel="x", ylabel="answer")
    axes.legend(loc="upper left")
    return drawing


def plot_learning(network: "xr.Dataset", others: "xr.Dataset", draw: Draw) -> "plots.BookFigure":
    """Draw R² on held-out examples against the number of training examples."""
    ours = network_r_squared(network, draw)
    drawing, axes = plots.figure(
        "R² on held-out examples against the number of training examples, one line for each of "
        "three traditional models and two for the network.",
        height=4.2,
    )
    plots.log_axis(axes, "x")
    counts = network["num_examples"]
    for name in BASELINES:
        chosen = mean_interval(others["r_squared"].sel(baseline=name))
        plots.band(axes, counts, chosen, label=name)
    plots.band(axes, counts, mean_interval(ours.isel(epoch=-1)), label="network", color="red")
    best = mean_interval(ours.max("epoch"))["mean"]
    axes.plot(counts, best, "--", color="red", linewidth=1.2, label="its best epoch")
    plots.reference(axes, 0)
    plots.note(axes, "the mean", (float(counts[-2]), 0), (-28, -30), color="muted")
    axes.set(xlabel="training examples", ylabel="R² on held-out examples", ylim=(-0.85, 1))
    axes.set_xticks(counts.values, [f"{count:,}" for count in counts.values])
    plots.label_lines(axes)
    return drawing


def plot_output(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the final loss for three activations at the output, one dot per seed."""
    drawing, axes = plots.figure(
        "Three rows of dots: with a linear output the loss is low and nearly the same in all runs; "
        "with ReLU or a sigmoid it is far higher, and spread out.",
        height=2.8,
    )
    loss = results["loss"].isel(epoch=-1)
    plots.strip(
        axes, {name: loss.sel(output=name).values for name in map(str, loss["output"].values)}
    )
    axes.set(xlabel="loss on the training points")
    return drawing
