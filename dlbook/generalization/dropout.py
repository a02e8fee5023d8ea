"""Dropout: random units are switched off while a network learns, and none when it is used."""

from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, hidden, plots, regularized
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.oval_rings import best_attainable, oval_rings
from dlbook.lab.regularized import dropout_mlp, paired_rows
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training
from dlbook.networks.regression import course_start

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def dropout(activations: ArrayLike, rate: float, generator: np.random.Generator) -> np.ndarray:
    r"""Set a random share of the activations to 0, and enlarge those that are left.

    $$\tilde a = \frac{m}{1 - \text{rate}}\, a, \qquad m = \begin{cases} 0 & \text{with
    probability rate} \\ 1 & \text{otherwise} \end{cases}$$

    On average over many draws nothing changes: the expected value of $\tilde a$ is $a$. The higher
    the rate, the more it varies: its variance is $a^2 \cdot \text{rate} / (1 - \text{rate})$.

    Args:
        activations: Outputs $a$ of the units of a layer, any shape.
        rate: Probability of being dropped, from 0 to below 1.
        generator: Draws the mask $m$, anew for every activation.

    Returns:
        The changed activations $\tilde a$, same shape.

    Raises:
        ValueError: `rate` is below 0, or 1 and more.

    Example:
        >>> dropout([3.0, 3.0, 3.0, 3.0], 0.25, np.random.default_rng(1))
        array([4., 4., 0., 4.])
    """
    values = numbers(activations, "activations")
    if not 0 <= rate < 1:
        raise ValueError(f"`rate` must be from 0 to below 1. Received: {rate!r}")
    return values * (generator.random(values.shape) >= rate) / (1 - rate)


def monte_carlo_predictions(
    model: "keras.Model", inputs: ArrayLike, times: int, *, seed: int = 0
) -> np.ndarray:
    """Ask a network many times with its dropout left on.

    The mean of the answers is one prediction, their spread says how much the units that are left
    disagree.

    Args:
        model: A Keras model with `Dropout` layers.
        inputs: Examples, shape (examples, features).
        times: How often to ask, 1 or more.
        seed: Draws the masks.

    Returns:
        Outputs, shape (times, examples, outputs).

    Raises:
        ValueError: `times` is below 1.

    Example:
        >>> monte_carlo_predictions(dropout_mlp((2, 8, 1), 0.5), [[1.0, 2.0]], times=5).shape
        (5, 1, 1)
    """
    if times < 1:
        raise ValueError(f"`times` must be 1 or more. Received: {times!r}")
    for layer in model.layers:
        if getattr(layer, "seed_generator", None) is not None:
            layer.seed_generator.state.assign([seed, 0])
    x = np.asarray(inputs, np.float32)
    answers = np.asarray(model(np.tile(x, (times, 1)), training=True))
    return answers.reshape(times, len(x), -1)


# The experiment

STARTS = ("Keras' start", "course's start")
RATES = (0.0, 0.1, 0.25, 0.5, 0.9)
COURSE_RATES = tuple(round(0.1 * step, 1) for step in range(10))
REMOVED, FEW, MANY = (0, 8, 16, 32, 48, 56), 108, 1080


def ring_network(rate: float, start: str = STARTS[0], units: int = 64) -> "keras.Sequential":
    """Build 2-units-units-1 with dropout after both hidden layers."""
    return dropout_mlp((2, units, units, 1), rate, course_start if start == STARTS[1] else None)


def iris_network(rate: float) -> "keras.Sequential":
    """Build the course's 4-12-12-3 with dropout after both hidden layers."""
    return dropout_mlp((4, 12, 12, 3), rate)


def digit_network(
    rate: float, hidden_layers: int = 1, hidden_units: int = 64
) -> "keras.Sequential":
    """Build a network for digits, with dropout after each hidden layer."""
    return dropout_mlp((64, *[hidden_units] * hidden_layers, 10), rate)


def placed_network(place: str) -> "keras.Sequential":
    """Build 64-64-10 with dropout 0.5 where it belongs, or on the outputs, where it does not."""
    import keras

    model = dropout_mlp((64, 64, 10), 0.5 if place == "hidden layer" else 0)
    model.add(keras.layers.Dropout(0.5 if place == "output layer" else 0))
    return model


def some_digits(seed: int, num_examples: int = MANY) -> Data:
    """Take some digits to learn from; few are repeated, so that an epoch always has 1,080 rows."""
    return regularized.repeated_digits(seed, num_examples, MANY)


def examine(model: "keras.Model", data: Data, rate: float, seed: int) -> dict[str, float]:
    """Look into a trained network: who shares the work, and what if it is used wrongly?"""
    layers, (x, y) = hidden.dense_layers(model), (data.x_test, data.y_test)
    last = hidden.relu_activations(layers, x)[-2]
    found = hidden.train_accuracy(model, data) | hidden.reliance(layers, x, y, REMOVED)
    found["participation"] = float(hidden.participation(last).mean())
    found["active"] = float(np.mean(last > 0))
    found["silent"] = float(np.mean(last.max(axis=0) == 0))
    drop = partial(dropout, rate=rate, generator=np.random.default_rng([seed, 52]))
    for name, change in (("left_on", drop), ("unscaled", lambda values: values / (1 - rate))):
        wrong = hidden.relu_activations(layers, x, change)[-1]
        found[f"{name}_accuracy"] = hidden.accuracy_of(wrong, y)
        found[f"{name}_loss"] = hidden.cross_entropy_of(wrong, y)
    return found


def measure_step(seed: int, units: int) -> dict[str, float]:
    """Time updates with and without dropout in turn; the seed only numbers the repetitions."""
    steps = {f"ms_{kind}": regularized.update(kind, units) for kind in regularized.KINDS}
    return regularized.milliseconds(steps, backwards=bool(seed % 2))


CLASSES = "sparse_categorical_crossentropy_from_logits"
MEASURED: Any = {"metrics": ("accuracy",), "keep_curves": False, "outputs": hidden.train_accuracy}
ADAM: Any = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 64}
RINGS = Training(
    ring_network, oval_rings, "binary_crossentropy_from_logits", epochs=25, **ADAM, **MEASURED
)
RATE = Experiment(
    name="rate",
    question="Which dropout rate separates two blurred rings best?",
    independent={"start": STARTS, "rate": RATES},
    full_independent={"rate": COURSE_RATES},
    trial=RINGS,
)
BOUNDARIES = Experiment(
    name="boundaries",
    question="What do the boundaries look like?",
    independent={"rate": (0.0, 0.1, 0.5)},
    trial=replace(RINGS, keep_weights=True, outputs=None),
    seeds=range(1),
)
COURSE_RATE = Experiment(
    name="course_rate",
    question="What does the course's own recipe give?",
    independent={"rate": (0.0, 0.5), "epochs": (10,)},
    full_independent={"rate": COURSE_RATES, "epochs": (1000,)},
    trial=replace(
        RINGS,
        model=partial(ring_network, start=STARTS[1], units=128),
        optimizer="sgd",
        learning_rate=0.002,
        batch_size=16,
    ),
)
RATE_ON_IRIS = Experiment(
    name="rate_on_iris",
    question="Which dropout rate suits a small network and 120 flowers?",
    independent={"rate": RATES, "epochs": (100,)},
    full_independent={"rate": COURSE_RATES, "epochs": (500,)},
    trial=Training(
        iris_network,
        partial(datasets.iris, validation=0),
        CLASSES,
        learning_rate=0.005,
        batch_size=16,
        **MEASURED,
    ),
)
DIGITS = Training(digit_network, some_digits, CLASSES, epochs=12, **ADAM, **MEASURED)
DEPTH_AND_DATA = Experiment(
    name="depth_and_data",
    question="Does dropout help deeper networks more, and those with more examples?",
    independent={"hidden_layers": (1, 3), "num_examples": (FEW, MANY), "rate": (0.0, 0.25, 0.5)},
    full_independent={"hidden_layers": (1, 2, 3, 4), "num_examples": (FEW, 216, 540, MANY)},
    trial=replace(DIGITS, keep_curves=True, outputs=examine),
)
PLACE = Experiment(
    name="place",
    question="What does dropout do on the output layer?",
    independent={"place": ("hidden layer", "output layer")},
    trial=replace(DIGITS, model=placed_network),
)
ROOM = Experiment(
    name="room",
    question="Does dropout win when training is three times as long, or the network wider?",
    independent={"hidden_units": (64,), "rate": (0.0, 0.5)},
    full_independent={"hidden_units": (64, 256), "rate": (0.0, 0.1, 0.25, 0.5)},
    trial=replace(DIGITS, model=partial(digit_network, hidden_layers=3), epochs=36),
)
EPOCH_TIME = Experiment(
    name="epoch_time",
    question="Is an update faster when half of the units are dropped?",
    independent={"units": (128, 512)},
    trial=measure_step,
)

# The claims

WHERE = "{hidden_layers} hidden, {num_examples:,} examples"


def chosen_rates(results: "xr.Dataset") -> "xr.DataArray":
    """Rate with the best accuracy on the validation examples of each single seed."""
    return results["val_accuracy"].isel(epoch=-1).idxmax("rate")


def read_from_one(results: "xr.Dataset") -> list[Evidence]:
    """Share of seeds whose own choice is the rate that is best for all the others."""
    fresh = results["test_accuracy"]
    best = (fresh.sum("seed") - fresh).idxmax("rate")
    hits = (chosen_rates(results) == best).astype(float)
    starts = results["start"].values
    return [Evidence.from_mean(one, hits.sel(start=one), at_least=0.5) for one in starts]


def faster(results: "xr.Dataset") -> list[Evidence]:
    """Time of an update with dropout, as a share above that without."""
    more, sizes = results["ms_dropout"] / results["ms_no_dropout"] - 1, results["units"].values
    return [Evidence.from_mean(f"{one} units", more.sel(units=one), at_most=0) for one in sizes]


def with_minus_without(values: "xr.DataArray", words: str = WHERE, **bounds: float) -> list:
    """Compare dropout 0.5 with none in pairs of a seed, for each depth and number of examples."""
    return paired_rows(values, "rate", (0.5, 0), words, **bounds)


def down_and_up(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy with dropout minus without: on training examples, then on fresh ones."""
    train = with_minus_without(results["train_accuracy"], f"train, {WHERE}", at_most=0)
    return train + with_minus_without(results["test_accuracy"], f"test, {WHERE}", at_least=0)


def without_units(results: "xr.Dataset") -> "xr.DataArray":
    """Accuracy on fresh digits by number of removed units, as one table."""
    import xarray as xr

    tables = [results[f"removed_{count}"] for count in REMOVED]
    return xr.concat(tables, xr.IndexVariable("removed", list(REMOVED)))


def less_reliant(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy lost by removing half the units, and by the worst single one: 0.5 minus 0."""
    half = results["removed_0"] - results["removed_32"]
    found = with_minus_without(half, f"half, {WHERE}", at_most=0)
    return found + with_minus_without(results["worst_unit"], f"worst, {WHERE}", at_most=0)


def grows(results: "xr.Dataset") -> list[Evidence]:
    """How the gain of dropout 0.5 changes with depth, and with the number of examples."""
    gain = results["test_accuracy"].sel(rate=0.5) - results["test_accuracy"].sel(rate=0)
    words = ("deeper, {num_examples:,} examples", "more data, {hidden_layers} hidden")
    deeper = paired_rows(gain, "hidden_layers", (3, 1), words[0], at_least=0)
    return deeper + paired_rows(gain, "num_examples", (MANY, FEW), words[1], at_least=0)


CLAIMS = (
    Claim(
        "C-dropout-1",
        "The ideal dropout rate can be read from one run per rate.",
        RATE,
        read_from_one,
        note="share of seeds whose choice is the best rate of all other seeds; at least one half",
    ),
    Claim(
        "C-dropout-2",
        "With dropout each epoch computes faster.",
        EPOCH_TIME,
        faster,
        note="time of an update with dropout, as a share above that without; faster is below 0",
    ),
    Claim(
        "C-dropout-3",
        "Dropout requires more training.",
        DEPTH_AND_DATA,
        lambda results: with_minus_without(regularized.epochs_needed(results), at_least=0),
        note="epochs to 95 % of the final validation accuracy, rate 0.5 minus 0; more is above 0",
    ),
    Claim(
        "C-dropout-4",
        "Dropout makes a network less reliant on individual nodes.",
        DEPTH_AND_DATA,
        less_reliant,
        note="accuracy lost without half, or the worst, of the last hidden units: 0.5 minus 0",
    ),
    Claim(
        "C-dropout-5",
        "Dropout works better on deeper networks, and with sufficient data.",
        DEPTH_AND_DATA,
        grows,
        note="change of the gain of rate 0.5 in test accuracy; better is above 0",
    ),
    Claim(
        "C-dropout-6",
        "Dropout can decrease training accuracy but increase generalization.",
        DEPTH_AND_DATA,
        down_and_up,
        note="accuracy, rate 0.5 minus 0: on training examples at most 0, on test at least 0",
    ),
    Claim(
        "C-dropout-7",
        "Dropout forces distributed representations.",
        DEPTH_AND_DATA,
        lambda results: with_minus_without(results["participation"], at_least=0),
        note="share of the last hidden units that take part, rate 0.5 minus 0; more is above 0",
    ),
)

# The figure


def plot_masks(rate: float = 0.5, units: int = 12, examples: int = 8) -> "plots.BookFigure":
    """Draw what dropout does to the same activations in four steps of training."""
    drawing, panels = plots.figure(
        "Four small tables of eight examples by twelve units. In each, other squares are empty: "
        "the mask is drawn anew for every example and every step.",
        rows=2,
        columns=2,
        height=4.6,
    )
    generator = np.random.default_rng(0)
    for step, panel in enumerate(np.ravel(panels), start=1):
        plots.image(panel, dropout(np.ones((examples, units)), rate, generator), f"step {step}")
    return drawing


def plot_rate(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on training and on fresh points against the dropout rate, by start."""
    starts = results["start"].values
    drawing, panels = plots.figure(
        "Two panels, one for each way to start: accuracy on training points and on fresh ones "
        "against the dropout rate, with a dot for each of twenty networks.",
        rows=len(starts),
        height=6,
        sharex=True,
        sharey=True,
    )
    best = float(np.mean([best_attainable(oval_rings(seed)) for seed in range(5)]))
    for panel, start in zip(np.ravel(panels), starts, strict=True):
        runs = results.sel(start=start)
        places = np.arange(len(runs["rate"]))
        plots.dots(panel, places, runs["test_accuracy"].values, color="orange", spread=0.3)
        for name, label in (("train_accuracy", "training"), ("test_accuracy", "fresh")):
            plots.band(panel, places, mean_interval(runs[name]), label=label)
        plots.reference(panel, best, "attainable" if start == starts[0] else "")
        panel.set_xticks(places, [str(rate) for rate in runs["rate"].values])
        panel.set(title=start[0].upper() + start[1:], ylabel="accuracy", ylim=(0.45, 0.96))
        plots.label_lines(panel)
    np.ravel(panels)[-1].set(xlabel="dropout rate")
    return drawing


def plot_boundaries(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the boundary between two rings that one network learns at each of three rates."""
    rates = results["rate"].values
    drawing, panels = plots.figure(
        "Three planes with two blurred rings of points, one inside the other, and the boundary "
        "that one network learned between them at each dropout rate.",
        rows=len(rates),
        height=9,
    )
    data = oval_rings(0)
    for panel, rate in zip(np.ravel(panels), rates, strict=True):
        run = results.isel(seed=0).sel(rate=rate)
        names = ("weights_dense", "weights_dense_1", "weights_dense_2")
        layers = [(run[f"{name}_kernel"].values, run[f"{name}_bias"].values) for name in names]

        def outer(points: np.ndarray, layers: Any = layers) -> np.ndarray:
            return (hidden.relu_activations(layers, points)[-1].ravel() > 0).astype(float)

        plots.decision_regions(panel, outer, (-24, 24), (-18, 18))
        plots.points(panel, data.x_train[:90], data.y_train[:90], size=12)
        panel.set(title=f"rate {rate:g}", xlim=(-24, 24), ylim=(-18, 18))
    return drawing


def plot_rate_on_iris(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on flowers against the dropout rate: three ways to measure it."""
    drawing, axes = plots.figure(
        "Accuracy on flowers against the dropout rate: while training, on training flowers after "
        "it, and on fresh flowers.",
    )
    runs = results.isel(epochs=-1)
    shown = {
        "training": runs["train_accuracy"],
        "fresh": runs["test_accuracy"],
        "dropout on": runs["accuracy"].isel(epoch=-1),
    }
    for label, values in shown.items():
        plots.band(axes, runs["rate"], mean_interval(values), label=label)
    plots.reference(axes, 1 / 3, "chance")
    axes.set(xlabel="dropout rate", ylabel="accuracy", ylim=(0.3, 1.02))
    plots.label_lines(axes)
    return drawing


def plot_depth_and_data(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw validation accuracy per epoch for each depth, number of examples and rate."""
    layers, counts = results["hidden_layers"].values, results["num_examples"].values
    drawing, panels = plots.figure(
        "Four panels of curves, for one and three hidden layers and for few and many examples: "
        "validation accuracy against epochs for three dropout rates.",
        rows=len(counts),
        columns=len(layers),
        height=5.4,
        sharex=True,
        sharey="row",
    )
    for panel, (count, depth) in zip(panels.ravel(), product(counts, layers), strict=True):
        runs = results["val_accuracy"].sel(hidden_layers=depth, num_examples=count)
        for rate in runs["rate"].values:
            interval = mean_interval(runs.sel(rate=rate))
            plots.band(panel, runs["epoch"], interval, label=f"{rate:g}")
        panel.set_title(f"{depth} hidden, {count:,} examples", fontsize=11.5)
    panels[0, 0].legend(title="rate", loc="lower right")
    plots.share_labels(drawing, "epoch", "validation accuracy")
    return drawing


def plot_reliance(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy against the number of removed units, for rates 0 and 0.5."""
    drawing, axes = plots.figure(
        "Accuracy on fresh digits against the number of removed units out of 64: one line for "
        "networks trained with dropout, one for networks trained without.",
    )
    runs = without_units(results).sel(hidden_layers=1, num_examples=MANY)
    for rate in (0, 0.5):
        interval = mean_interval(runs.sel(rate=rate))
        plots.band(axes, list(REMOVED), interval, label=f"rate {rate:g}")
    axes.set(xlabel="removed units (of 64)", ylabel="accuracy", ylim=(0, 1.02))
    axes.set_xticks(REMOVED)
    plots.label_lines(axes)
    return drawing
