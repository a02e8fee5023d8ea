"""Reproducible randomness: a seed makes a run repeatable, not right."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import check_count
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import welch
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def draw_numbers(seed: int | None, count: int) -> np.ndarray:
    """Draw numbers around 0 from a generator of their own.

    Args:
        seed: The number that starts the generator, 0 or larger; `None`: the computer takes one
            from its own noise, and nobody knows which.
        count: How many numbers.

    Returns:
        Numbers with mean 0 and deviation 1, shape (count,); equal for equal seeds.

    Raises:
        ValueError: `seed` or `count` is not a whole number, or too small.

    Example:
        >>> draw_numbers(17, 2).round(5)
        array([1.10126, 0.33843])
    """
    chosen = None if seed is None else check_count("seed", seed, least=0)
    return np.random.default_rng(chosen).normal(size=check_count("count", count))


def weights_of_seed(seed: int | None) -> np.ndarray:
    """Return the weights with which Keras starts the network 2-1-1 of the course.

    Args:
        seed: What `keras.utils.set_random_seed` is given before the network is built; `None`: a
            number from the noise of the computer.

    Returns:
        The three weights in one row (the biases start at 0), shape (3,).

    Raises:
        ValueError: `seed` is not a whole number from 0 on.

    Example:
        >>> same(weights_of_seed(1), weights_of_seed(1))
        True
    """
    import keras

    noise = np.random.SeedSequence().generate_state(1)[0]
    keras.utils.set_random_seed(int(noise) if seed is None else check_count("seed", seed, least=0))
    kernels = mlp((2, 1, 1)).get_weights()[::2]
    return np.concatenate([kernel.ravel() for kernel in kernels])


def same(a: ArrayLike, b: ArrayLike) -> bool:
    """Say whether two results are equal to the last bit.

    Args:
        a: Numbers, any shape.
        b: Numbers.

    Returns:
        Whether shapes and all values are equal; a missing value (nan) equals another.

    Example:
        >>> same([0.1 + 0.2], [0.3])
        False
    """
    first, second = np.asarray(a), np.asarray(b)
    return first.shape == second.shape and bool(np.array_equal(first, second, equal_nan=True))


# The experiment

COURSE_SEEDS = {"1a": 1, "none": None, "2": 2, "1b": 1}


def compare_networks(seed: int, first: str, second: str) -> dict[str, float]:
    """Build two of the four networks of the course, and compare their weights."""
    one, other = (weights_of_seed(COURSE_SEEDS[name]) for name in (first, second))
    return {"equal": float(first == second or same(one, other))}


def noisy_network() -> "keras.Sequential":
    """Build a network with much chance in it: 16 units, of which each step drops about half."""
    import keras

    hidden = mlp((2, 16, 1)).layers
    return keras.Sequential([keras.Input((2,)), hidden[0], keras.layers.Dropout(0.5), hidden[1]])


def points_again(seed: int, repeat: str) -> datasets.Data:
    """Draw the points of a seed, once more for every repeat."""
    return points_of(seed)


def start_at(start: int) -> "keras.Sequential":
    """Build the network 2-1-1 with the initial weights that belong to `start`."""
    import keras

    glorot = keras.initializers.GlorotUniform
    first, second = glorot(seed=2 * start), glorot(seed=2 * start + 1)
    hidden = keras.layers.Dense(1, "relu", kernel_initializer=first)  # type: ignore[arg-type]
    output = keras.layers.Dense(1, kernel_initializer=second)  # type: ignore[arg-type]
    return keras.Sequential([keras.Input((2,)), hidden, output])


def points_of(seed: int) -> datasets.Data:
    """Draw the two clouds of the course, 100 points each, and as many fresh ones."""
    return datasets.clusters(seed).without_validation()


FOUR_NETWORKS = Experiment(
    name="four_networks",
    question="Which of four networks begin with the same weights?",
    independent={"first": tuple(COURSE_SEEDS), "second": tuple(COURSE_SEEDS)},
    trial=compare_networks,
    seeds=range(1),
)
TWICE = Experiment(
    name="twice",
    question="Is the same seed, run twice, the same run?",
    independent={"repeat": ("first time", "second time")},
    trial=Training(
        noisy_network,
        points_again,
        "binary_crossentropy_from_logits",
        optimizer="adam",
        learning_rate=0.01,
        batch_size=20,
        epochs=20,
        metrics=("accuracy",),
        keep_weights=True,
    ),
)
WHERE_LUCK_COMES_FROM = Experiment(
    name="where_luck_comes_from",
    question="Is it the initial weights or the data that make a run lucky?",
    independent={"start": range(60)},
    trial=Training(
        start_at,
        points_of,
        "binary_crossentropy_from_logits",
        epochs=1000,
        metrics=("accuracy",),
    ),
    units={"start": "seed of the weights", "seed": "seed of the data",
           "test_accuracy": "accuracy on fresh points"},
)  # fmt: skip

# The claims


def differences(four: "xr.Dataset", twice: "xr.Dataset") -> list[Evidence]:
    """What equal seeds leave of the difference between two runs: weights, then everything."""
    first, second = (twice.sel(repeat=name) for name in twice["repeat"].values)
    largest = max(float(abs(first[name] - second[name]).max()) for name in twice.data_vars)
    equal = four["equal"].sel(first="1a", second="1b")
    return [
        Evidence.exact("networks 1a and 1b: equal", float(equal.mean()), equal.size, at_least=1),
        Evidence.exact(
            "two trainings: largest difference", largest, twice.sizes["seed"], at_most=0
        ),
    ]


def range_over_starts(results: "xr.Dataset") -> Evidence:
    """Best minus worst accuracy over 60 starts, on the same data."""
    accuracy = results["test_accuracy"]
    ranges = accuracy.max("start") - accuracy.min("start")
    return Evidence.from_mean("best minus worst of 60 starts", ranges, at_most=0.05)


def data_or_weights(results: "xr.Dataset") -> Evidence:
    """Deviation when only the data change, minus deviation when only the start changes."""
    accuracy = results["test_accuracy"]
    by_data = accuracy.std("seed", ddof=1).values
    by_start = accuracy.std("start", ddof=1).values
    difference = welch(by_data, by_start)
    return Evidence.from_comparison("deviation: data minus weights", difference, at_least=0)


CLAIMS = (
    Claim(
        "C-reproducible_randomness-1",
        "The same seed gives the same result.",
        (FOUR_NETWORKS, TWICE),
        differences,
        note="weights, losses and accuracies of all epochs; they must be equal to the last bit",
    ),
    Claim(
        "C-reproducible_randomness-2",
        "The result of a run with a seed can be trusted.",
        WHERE_LUCK_COMES_FROM,
        range_over_starts,
        note="it can if the seed hardly matters: best and worst seed at most 0.05 apart",
    ),
    Claim(
        "C-reproducible_randomness-3",
        "The data are the main source of luck.",
        WHERE_LUCK_COMES_FROM,
        data_or_weights,
        note="standard deviation of the accuracy; holds if the whole interval lies above 0",
    ),
)

# The figure


def plot_streams() -> "plots.BookFigure":
    """Draw the numbers of one seed, of the same seed again, and of another."""
    drawing, panels = plots.figure(
        "Three jagged lines of 30 numbers: the first two are the same, the third is another.",
        rows=3,
        height=4,
        sharex=True,
        sharey=True,
    )
    streams = (("seed 1", 1, "blue"), ("seed 1 again", 1, "blue"), ("seed 2", 2, "orange"))
    for panel, (title, seed, color) in zip(panels, streams, strict=True):
        panel.plot(np.arange(1, 31), draw_numbers(seed, 30), "o-", color=color, markersize=4)
        panel.set(title=title)
    panels[-1].set(xlabel="draw")
    return drawing


def plot_four_networks(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw which of the four networks begin alike, as a table of signs."""
    drawing, axes = plots.diagram(
        "A table of four networks against themselves: equal signs on the diagonal and where the "
        "two networks of seed 1 meet, unequal signs elsewhere.",
        height=2.9,
    )
    names = [f"network {name}" if name != "none" else "no seed" for name in COURSE_SEEDS]
    equal = results["equal"].isel(seed=0).values > 0
    left, bottom, step = 2.0, 0.15, 0.56
    for row, name in enumerate(names):
        up = bottom + step * (3.5 - row)
        axes.text(left - 0.15, up, name, ha="right", va="center")
        for column in range(4):
            place = (left + step * (column + 0.5), up)
            alike = equal[row, column]
            plots.box(
                axes, place, "=" if alike else "≠", width=0.5, height=0.5,
                color="accent" if alike else "muted",
            )  # fmt: skip
    for column, name in enumerate(COURSE_SEEDS):
        across = left + step * (column + 0.5)
        axes.text(across, bottom + 4 * step + 0.12, name, ha="center", va="bottom")
    return drawing


def plot_where_luck_comes_from(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of every start on every data set."""
    drawing, axes = plots.figure(
        "A map of accuracies, seeds of the weights from left to right, seeds of the data upwards: "
        "stripes that stand upright, some strong over all data sets and some pale.",
        height=4,
    )
    accuracy = results["test_accuracy"].transpose("seed", "start")
    plots.heatmap(axes, accuracy, label="accuracy\N{EM SPACE}", limits=(0.4, 1))
    return drawing


def plot_clouds(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what varies with the start, and what varies with the data for four single starts."""
    accuracy = results["test_accuracy"]
    rows = {"weights vary, data 0": accuracy.sel(seed=0).values}
    for start in range(4):
        rows[f"data vary, weights {start}"] = accuracy.sel(start=start).values
    rows["both vary"] = np.array([float(accuracy.sel(start=20 + s, seed=s)) for s in range(20)])
    drawing, axes = plots.figure(
        "Rows of dots. Where the weights vary the dots spread from about one half to nearly 1; "
        "where only the data vary, each start has its own place.",
        height=4.2,
    )
    plots.strip(axes, rows)
    axes.set(xlabel="accuracy on fresh points")
    return drawing
