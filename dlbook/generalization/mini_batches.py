"""Mini-batches and data augmentation: how many examples an update sees, and which."""

import itertools
from collections.abc import Iterator
from functools import partial
from timeit import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.augment import altered
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.softmax_regression import loss_gradient
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import xarray as xr

# The idea


def batches(
    num_examples: int, batch_size: int, generator: np.random.Generator, drop_remainder: bool = False
) -> Iterator[np.ndarray]:
    """Shuffle the examples and deal them out, a batch for each update of an epoch.

    Args:
        num_examples: How many examples there are, 1 or more.
        batch_size: Examples in a batch, 1 or more.
        generator: Shuffles.
        drop_remainder: Whether to leave out the last batch if it is smaller than the others.

    Yields:
        Row numbers, shape (batch_size,); fewer in the last batch if the sizes do not divide.

    Raises:
        ValueError: A number is below 1.

    Example:
        >>> [len(rows) for rows in batches(10, 4, np.random.default_rng(0))]
        [4, 4, 2]
    """
    if min(num_examples, batch_size) < 1:
        raise ValueError(
            "`num_examples` and `batch_size` must be 1 or more. "
            f"Received: {num_examples} and {batch_size}"
        )
    order = generator.permutation(num_examples)
    for start in range(0, num_examples, batch_size):
        rows = order[start : start + batch_size]
        if len(rows) == batch_size or not drop_remainder:
            yield rows


def batch_mean_of_means(losses: ArrayLike, batch_size: int) -> float:
    r"""Average each batch, then average the averages.

    This is the mean of all losses only if the batches are equally large. A small last batch counts
    as much as a large one, so its examples count more.

    Args:
        losses: One number per example, in the order of the batches.
        batch_size: Examples in a batch; the last one may have fewer.

    Returns:
        The mean of the means.

    Example:
        >>> batch_mean_of_means([1, 2, 3, 6], 3)
        4.0
    """
    values = numbers(losses, "losses", rank=1)
    parts = np.split(values, range(batch_size, len(values), batch_size))
    return float(np.mean([part.mean() for part in parts]))


def distance_to_origin(inputs: ArrayLike) -> np.ndarray:
    r"""Make a new feature from two: $\sqrt{x_1^2 + x_2^2}$.

    Args:
        inputs: Shape (examples, features).

    Returns:
        Distances, shape (examples, 1).

    Example:
        >>> distance_to_origin([[3.0, 4.0]])
        array([[5.]])
    """
    return np.linalg.norm(numbers(inputs, "inputs", rank=2), axis=1, keepdims=True)


# The experiment

RATES = (0.005, 0.05, 0.5)
KINDS = ("none", "noise", "shifts")
ORDERS = ("split, then copy", "copy, then split")
COPIES = {"none": "plain copies", "noise": "noisy copies"}
LOSS = "sparse_categorical_crossentropy_from_logits"


def measure_noise(seed: int, batch_size: int, num_batches: int = 100) -> dict[str, float]:
    """Draw batches of digits; measure how far their slopes lie from that of all digits."""
    data = datasets.digits(seed, validation=0)
    x, y, generator = data.x_train, data.y_train, np.random.default_rng([seed, 52])
    weights, off = generator.normal(0, 0.1, (64, 10)), []
    whole = loss_gradient(weights, x, y)
    for _ in range(num_batches):
        rows = generator.choice(len(x), batch_size, replace=False)
        off.append(np.sum((loss_gradient(weights, x[rows], y[rows]) - whole) ** 2))
    return {"noise": float(np.sqrt(np.mean(off) / np.sum(whole**2)))}


def measure_time(seed: int, batch_size: int) -> dict[str, float]:
    """Time one epoch on 1,440 digits in batches, each with its slope and its update."""
    data = datasets.digits(seed, validation=0)
    x, y, generator = data.x_train, data.y_train, np.random.default_rng(seed)
    weights = np.zeros((64, 10))

    def epoch() -> None:
        for rows in batches(len(x), batch_size, generator):
            weights[:] -= 0.01 * loss_gradient(weights, x[rows], y[rows])

    return {"milliseconds": 1000 * min(repeat(epoch, number=1, repeat=3))}


def augmented(seed: int, rows: int, kind: str) -> Data:
    """Take few digits and repeat them to 800 rows, every second time altered.

    So all conditions have equally many rows and updates. The 357 fresh digits choose nothing.
    """
    data = datasets.digits(seed, num_examples=rows, validation=0)
    kinds = 800 // rows // 2 * ["none", kind]
    x = [altered(data.x_train, one, 1000 * seed + turn) for turn, one in enumerate(kinds)]
    y = np.tile(data.y_train, len(kinds))
    return Data(np.concatenate(x), y, x_validation=data.x_test, y_validation=data.y_test)


def in_order(seed: int, order: str, kind: str) -> Data:
    """Make 1,000 rows of 500 digits and their copies; 200 rows are the devset, split in some order.

    With the split first, only the training digits get copies; the devset is repeated as it is.
    """
    data = datasets.digits(seed, num_examples=500, validation=0)
    x = np.concatenate([data.x_train, altered(data.x_train, kind, seed)])
    rows = np.random.default_rng([seed, 54]).permutation(1000)
    if order == ORDERS[0]:
        rows = np.r_[0:400, 500:900, 400:500, 400:500]
    x, y = x[rows], np.tile(data.y_train, 2)[rows]
    return Data(x[:800], y[:800], x[800:], y[800:], data.x_test, data.y_test)


def with_distance(seed: int, extra: str) -> Data:
    """Draw three clouds of points; the third feature is the distance to the origin, or always 0."""
    data = datasets.clusters(seed, centers=((1, 1), (5, 1), (4, 3)), num_test=200)
    used = float(extra == "distance")
    return data.with_inputs(lambda x: np.hstack([x, used * distance_to_origin(x)])).scaled()


SETTINGS: Any = {"learning_rate": 0.1, "momentum": 0.9, "batch_size": 40, "metrics": ("accuracy",)}
EPOCH_TIME = Experiment(
    name="epoch_time",
    question="How long does an epoch take in batches of different size?",
    independent={"batch_size": (2, 8, 32, 128, 512)},
    trial=measure_time,
)
NOISE_SCALE = Experiment(
    name="noise_scale",
    question="How far is the slope of a batch from the slope of all examples?",
    independent={"batch_size": (1, 4, 16, 64, 256)},
    trial=measure_noise,
)
BATCH_SIZE = Experiment(
    name="batch_size",
    question="Which batch size learns iris best, and for which budget?",
    independent={"batch_size": (6, 18, 90), "learning_rate": RATES},
    full_independent={"batch_size": (2, 6, 18, 45, 90)},
    trial=Training(
        partial(mlp, (4, 64, 64, 3)), datasets.iris, LOSS, epochs=100, metrics=("accuracy",)
    ),
)
AUGMENTATION = Experiment(
    name="augmentation",
    question="How much do altered copies help, and with how many examples?",
    independent={"rows": (50, 100, 400), "kind": KINDS},
    trial=Training(partial(mlp, (64, 64, 10)), augmented, LOSS, epochs=16, **SETTINGS),
)
SPLIT_ORDER = Experiment(
    name="split_order",
    question="What does the devset say if copies are made before the split?",
    independent={"order": ORDERS, "kind": tuple(COPIES)},
    trial=Training(partial(mlp, (64, 64, 10)), in_order, LOSS, epochs=10, **SETTINGS),
)
EXTRA_FEATURE = Experiment(
    name="extra_feature",
    question="Does the distance to the origin help to tell three clouds apart?",
    independent={"extra": ("nothing", "distance")},
    trial=Training(partial(mlp, (3, 8, 3)), with_distance, LOSS, epochs=25, **SETTINGS),
)

# The claims


def compare(cases: dict[str, Any], unit: str = "points") -> list[Evidence]:
    """Compare the first of each pair with the second, seed by seed; above 0 is better."""
    return [
        Evidence.from_comparison(name, paired(*pair), at_least=0, unit=unit)
        for name, pair in cases.items()
    ]


def budgets(results: "xr.Dataset") -> dict[str, "xr.DataArray"]:
    """Return accuracy on held-out flowers by batch size, for three ways to be fair.

    90 flowers in batches of some size: after as many epochs as the size there were 90 updates.
    """
    slow, sizes = results.sel(learning_rate=RATES[0], drop=True), results["batch_size"]
    best = results["val_loss"].isel(epoch=-1).fillna(np.inf).argmin("learning_rate")
    return {
        "equal epochs": slow["test_accuracy"],
        "equal updates": slow["val_accuracy"].sel(batch_size=sizes, epoch=sizes),
        "own rate": results["test_accuracy"].isel(learning_rate=best),
    }


def small_is_better(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy with batches of 6 minus accuracy with all 90 in one batch, in points."""
    found = {name: 100 * runs for name, runs in budgets(results).items()}
    return compare({n: (one.sel(batch_size=6), one.sel(batch_size=90)) for n, one in found.items()})


def gap_at(results: "xr.Dataset", batch_size: int, rate: float, target: float) -> "xr.DataArray":
    """Return validation minus training loss where the training loss first is at most `target`.

    An epoch's loss is a mean over its updates; the mean of two epochs is that between them.
    """
    runs = results.sel(batch_size=batch_size, learning_rate=rate)
    loss = (runs["loss"] + runs["loss"].shift(epoch=-1)) / 2
    low = loss <= target
    return (runs["val_loss"] - loss).isel(epoch=low.argmax("epoch")).where(low.any("epoch"))


def batches_overfit_less(results: "xr.Dataset") -> list[Evidence]:
    """Gap with all examples in a batch minus gap with batches of 6, at equal training loss."""
    cases = {}
    for loss in (0.2, 0.1):
        gaps = (gap_at(results, size, rate, loss) for size, rate in ((90, 0.5), (6, 0.05)))
        cases[f"training loss {loss}"] = tuple(gaps)
    return compare(cases, unit="")


def copies_help(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy on fresh digits with altered copies minus that with plain ones, in points."""
    found = 100 * results["val_accuracy"].isel(epoch=-1)
    cases = {}
    for kind in KINDS[1:]:
        for rows in results["rows"].values:
            runs = found.sel(rows=rows)
            cases[f"{kind}, {rows} digits"] = runs.sel(kind=kind), runs.sel(kind="none")
    return compare(cases)


def feature_helps(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy with the distance minus that without, in points."""
    accuracy = 100 * results["test_accuracy"]
    return compare({"clouds": (accuracy.sel(extra="distance"), accuracy.sel(extra="nothing"))})


def averages_smooth(results: "xr.Dataset") -> list[Evidence]:
    """Slope of the noise against the batch size, both as logarithms, in each seed."""
    noise = results["noise"].transpose("batch_size", "seed")
    slopes = np.polyfit(np.log(results["batch_size"]), np.log(noise), 1)[0]
    return [Evidence.from_mean("power of the size", slopes, at_least=-0.55, at_most=-0.45)]


def illusion(results: "xr.Dataset") -> dict[tuple[str, str], "xr.DataArray"]:
    """Return accuracy on the devset minus accuracy on the test digits, in points, by condition."""
    found = 100 * (results["val_accuracy"].isel(epoch=-1) - results["test_accuracy"])
    cases = itertools.product(ORDERS, COPIES)
    return {(order, COPIES[kind]): found.sel(order=order, kind=kind) for order, kind in cases}


def devset_is_honest(results: "xr.Dataset") -> list[Evidence]:
    """Illusion for both orders, with plain copies and with noisy ones."""
    bounds: Any = {"at_least": -3, "at_most": 3, "unit": "points"}
    return [
        Evidence.from_mean(f"{order}, {name}", found, **bounds)
        for (order, name), found in illusion(results).items()
    ]


def faster(results: "xr.Dataset") -> list[Evidence]:
    """Time of an epoch in batches of 2 over that in batches of 128."""
    spent = results["milliseconds"]
    ratio = spent.sel(batch_size=2) / spent.sel(batch_size=128)
    return [Evidence.from_mean("time of 2 over time of 128", ratio, at_least=2)]


CLAIMS = (
    Claim(
        "C-mini_batches-1",
        "Batches decrease the time of an epoch.",
        EPOCH_TIME,
        faster,
        note="seconds per epoch, size 2 over size 128; holds from 2 up",
    ),
    Claim(
        "C-mini_batches-2",
        "Small batches learn better.",
        BATCH_SIZE,
        small_is_better,
        note="accuracy on held-out flowers, size 6 minus all 90; holds if above 0",
    ),
    Claim(
        "C-mini_batches-3",
        "Batching reduces overfitting.",
        BATCH_SIZE,
        batches_overfit_less,
        note="validation minus training loss, all 90 minus size 6; holds if above 0",
    ),
    Claim(
        "C-mini_batches-4",
        "Data augmentation helps.",
        AUGMENTATION,
        copies_help,
        note="accuracy on fresh digits, altered minus plain copies; holds if above 0",
    ),
    Claim(
        "C-mini_batches-5",
        "An extra feature made of the others helps.",
        EXTRA_FEATURE,
        feature_helps,
        note="test accuracy with the distance minus without, paired; holds if above 0",
    ),
    Claim(
        "C-mini_batches-6",
        "Averaging over many samples smooths learning.",
        NOISE_SCALE,
        averages_smooth,
        note="the noise falls like one over the root of the size: power between -0.55 and -0.45",
    ),
    Claim(
        "C-mini_batches-7",
        "The devset says how the model will do on fresh examples.",
        SPLIT_ORDER,
        devset_is_honest,
        note="devset accuracy minus test accuracy; holds between -3 and 3 points",
    ),
)

# The figure


def plot_losses(seed: int = 0, updates: int = 80) -> "plots.BookFigure":
    """Draw the loss of each batch during training on digits, for batches of 1, 16 and all."""
    from scipy.special import log_softmax

    data = datasets.digits(seed, validation=0)
    x, y = data.x_train, data.y_train
    drawing, axes = plots.figure(
        "Loss of the batch against the number of updates. Single examples: a wild zigzag. Batches "
        "of 16: a rough line. All examples: a smooth curve. All three go down.",
    )
    for size, color in ((1, "sky"), (16, "orange"), (len(x), "blue")):
        generator, weights, losses = np.random.default_rng(seed), np.zeros((64, 10)), []
        stream = (rows for _ in range(updates) for rows in batches(len(x), size, generator))
        for rows in itertools.islice(stream, updates):
            logs = log_softmax(x[rows] @ weights, axis=1)
            losses.append(-logs[np.arange(len(rows)), y[rows]].mean())
            weights = weights - 0.2 * loss_gradient(weights, x[rows], y[rows])
        label = "all" if size == len(x) else str(size)
        axes.plot(np.arange(1, updates + 1), losses, color=color, label=label)
    axes.set(xlabel="updates", ylabel="loss of the batch", ylim=(0, None))
    axes.legend(title="batch size")
    return drawing


def plot_altered(seed: int = 0) -> "plots.BookFigure":
    """Draw four digits plain, with noise, shifted by one pixel, and mirrored."""
    data = datasets.digits(seed, num_examples=40)
    images = data.x_train[[int(np.argmax(data.y_train == digit)) for digit in (0, 2, 3, 7)]]
    kinds = ("none", "noise", "shifts", "mirror")
    pictures = [one.reshape(8, 8) for kind in kinds for one in altered(images, kind, seed)]
    drawing, _ = plots.gallery(
        pictures,
        "Four handwritten digits in four rows: as they are, with grey noise, moved by one pixel, "
        "and mirrored.",
        titles=[kind if column == 0 else "" for kind in kinds for column in range(4)],
        columns=4,
        limits=(0, 1),
    )
    return drawing


def show_sizes(axes: Any, results: "xr.Dataset") -> np.ndarray:
    """Make the horizontal axis one of batch sizes."""
    sizes = results["batch_size"].values
    plots.log_axis(axes, "x")
    axes.set(xlabel="batch size")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    return sizes


def show_heights(axes: Any, heights: tuple[float, ...], values: np.ndarray) -> None:
    """Mark those heights of a logarithmic axis that lie among the values."""
    low, high = values.min() / 1.2, values.max() * 1.2
    kept = [height for height in heights if low < height < high]
    axes.set_yticks(kept, [f"{height:g}" for height in kept])
    axes.set_ylim(low, high)


def plot_epoch_time(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the time of an epoch against the batch size, a dot per seed."""
    drawing, axes = plots.figure(
        "Time of an epoch against batch size, both logarithmic: a nearly straight fall from small "
        "batches to large ones."
    )
    plots.log_axis(axes, "both")
    sizes = show_sizes(axes, results)
    times = results["milliseconds"].transpose("batch_size", "seed")
    axes.plot(sizes, times.median("seed"), color="blue")
    plots.dots(axes, sizes, times.values)
    show_heights(axes, (0.3, 1, 3, 10, 30, 100, 300), times.values)
    axes.set(ylabel="milliseconds per epoch")
    return drawing


def plot_noise_scale(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the noise of a batch's slope against its size, and one over the root of the size."""
    drawing, axes = plots.figure(
        "Noise of the slope against batch size, both logarithmic: a straight line, beside a dashed "
        "one that falls like one over the root of the size."
    )
    plots.log_axis(axes, "both")
    sizes = show_sizes(axes, results)
    noise = mean_interval(results["noise"])
    plots.band(axes, sizes, noise, label="measured")
    expected = float(noise["mean"][0]) / np.sqrt(sizes / sizes[0])
    axes.plot(sizes, expected, "--", color="accent", label="1/√size")
    show_heights(axes, (0.2, 0.5, 1, 2, 5, 10), results["noise"].values)
    axes.set(ylabel="noise / slope")
    axes.legend()
    return drawing


def plot_batch_size(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on held-out flowers against the batch size, for three ways to be fair."""
    drawing, axes = plots.figure(
        "Accuracy against batch size, three lines: with equal epochs it falls with the size; with "
        "equal updates, and with each size at its own rate, it is nearly level."
    )
    sizes = show_sizes(axes, results)
    for name, accuracy in budgets(results).items():
        interval = mean_interval(accuracy.transpose("batch_size", "seed"))
        plots.band(axes, sizes, interval, label=name)
    axes.set(ylabel="accuracy", ylim=(0.5, 1.0))
    axes.legend(loc="lower left")
    return drawing


def plot_augmentation(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the gain of altered copies over plain ones, against the number of digits."""
    drawing, axes = plots.figure(
        "Gain of noisy and of shifted copies over plain copies, in points of accuracy, against the "
        "number of different digits, with bands around a line at 0."
    )
    plots.log_axis(axes, "x")
    rows, accuracy = results["rows"].values, 100 * results["val_accuracy"].isel(epoch=-1)
    for kind in KINDS[1:]:
        gain = accuracy.sel(kind=kind) - accuracy.sel(kind="none")
        plots.band(axes, rows, mean_interval(gain), label=kind)
    plots.reference(axes, 0)
    axes.set_xticks(rows, [str(count) for count in rows])
    axes.minorticks_off()
    axes.set(xlabel="different digits", ylabel="gain in points")
    plots.label_lines(axes)
    return drawing


def plot_split_order(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the illusion of every seed: devset accuracy minus test accuracy, by order and copies."""
    drawing, axes = plots.figure(
        "Four rows of dots around 0: devset minus test accuracy. With the split first they scatter "
        "around 0; with plain copies made before the split nearly all lie above it.",
        height=3.6,
    )
    rows = {f"{order},\n{name}": runs.values for (order, name), runs in illusion(results).items()}
    plots.strip(axes, rows)
    plots.reference(axes, 0, along="y")
    axes.set(xlabel="devset minus test accuracy, in points")
    return drawing
