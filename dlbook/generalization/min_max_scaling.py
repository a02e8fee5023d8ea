"""Min-max scaling: the smallest training value becomes 0, the largest 1."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.generalization.z_transform import fit_z, z_transform
from dlbook.lab import datasets, plots
from dlbook.lab.best_rate import at_best_rate
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import xarray as xr

# The idea


def fit_min_max(train: ArrayLike, axis: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Find the smallest and the largest value of every feature.

    Args:
        train: The training inputs, shape (examples, ...), and no others.
        axis: The axis along which to look; 0 is that of the examples.

    Returns:
        The smallest and the largest values, kept in a shape that fits the inputs.

    Raises:
        ValueError: `train` is a single number, empty or not finite.

    Example:
        >>> low, high = fit_min_max([[1.0, 5.0], [3.0, 4.0]])
        >>> print(low, high)
        [[1. 4.]] [[3. 5.]]
    """
    array = numbers(train, "train")
    return array.min(axis=axis, keepdims=True), array.max(axis=axis, keepdims=True)


def min_max(
    values: ArrayLike, low: ArrayLike, high: ArrayLike, to: tuple[float, float] = (0, 1)
) -> np.ndarray:
    r"""Bring values from the range low to high into another: $a + (b-a)\,\frac{x-\min}{\max-\min}$.

    A value outside the range stays outside. A constant feature, whose largest value is its
    smallest, has no range: it is shifted to the lower end, and 1 stands in for its range.

    Args:
        values: The numbers $x$, shape (examples, ...): training inputs or any later ones.
        low: Smallest training values, from `fit_min_max`, or a limit that is known.
        high: Largest training values, not below `low`.
        to: The ends $a$ and $b$ of the new range, $a < b$.

    Returns:
        The scaled values, the same shape, without unit.

    Raises:
        ValueError: `values` is empty or not finite, a largest value lies below the smallest, or
            `to` is no range.

    Example:
        >>> print(min_max([2.0, 4.0, 10.0], 2.0, 10.0))
        [0.   0.25 1.  ]
    """
    start, width, factor = _range(low, high, to)
    return to[0] + factor * (numbers(values, "values") - start) / width


def invert_min_max(
    scaled: ArrayLike, low: ArrayLike, high: ArrayLike, to: tuple[float, float] = (0, 1)
) -> np.ndarray:
    """Go back from scaled values to values in their own unit.

    Args:
        scaled: What `min_max` returned, or other numbers on that scale.
        low: The smallest values with which it was made.
        high: The largest values with which it was made.
        to: The range that it was made for.

    Returns:
        The values.

    Raises:
        ValueError: As `min_max`.

    Example:
        >>> print(invert_min_max([0.0, 0.25, 1.0], 2.0, 10.0))
        [ 2.  4. 10.]
    """
    start, width, factor = _range(low, high, to)
    return start + width * (numbers(scaled, "scaled") - to[0]) / factor


def _range(
    low: ArrayLike, high: ArrayLike, to: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, float]:
    start = np.asarray(low, dtype=float)
    width = np.asarray(high, dtype=float) - start
    if not (width >= 0).all():
        raise ValueError(f"`high` must not lie below `low`. Received: {low!r} and {high!r}")
    if not to[0] < to[1]:
        raise ValueError(f"`to` must be a lower and a higher number. Received: {to!r}")
    return start, np.where(width == 0, 1.0, width), to[1] - to[0]


# The experiment

SCALINGS = ("min-max", "z-transform", "median and quartiles")
RANGES = ("[0, 1]", "[−1, 1]", "[0, 255]", "binarized")


def fit_robust(train: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Measure the median of every feature, and the distance between its quartiles.

    Half of the values lie between the quartiles, so a few extreme ones cannot move them.

    Args:
        train: The training inputs, shape (examples, features).

    Returns:
        The medians, and the distances (1 where it is 0), each of shape (1, features).

    Example:
        >>> center, width = fit_robust([[1.0], [2.0], [3.0], [4.0], [1000.0]])
        >>> print(center, width)
        [[3.]] [[2.]]
    """
    low, center, high = np.percentile(numbers(train, "train"), [25, 50, 75], axis=0, keepdims=True)
    return center, np.where(high > low, high - low, 1.0)


def spoil(seed: int, share: float) -> tuple[Data, np.ndarray]:
    """Make a share of the training values ten times as large, as by a slipped decimal point.

    Returns:
        The wines, raw, and which training values were changed. Validation and test stay clean.
    """
    data = datasets.wine(seed, scaling="none")
    changed = np.random.default_rng([seed, 5]).random(data.x_train.shape) < share
    x_train = np.where(changed, 10 * data.x_train, data.x_train)
    return Data(x_train, data.y_train, data.x_validation, data.y_validation,
                data.x_test, data.y_test), changed  # fmt: skip


def spoiled_wines(seed: int, share: float, scaling: str) -> Data:
    """Spoil training values, then scale all parts by the training numbers."""
    data, _ = spoil(seed, share)
    if scaling == "min-max":
        low, high = fit_min_max(data.x_train)
        return data.with_inputs(partial(min_max, low=low, high=high))
    fit = fit_z if scaling == "z-transform" else fit_robust
    center, width = fit(data.x_train)
    return data.with_inputs(partial(z_transform, mean=center, std=width))


def measure_bulk(seed: int, share: float, scaling: str) -> dict[str, float]:
    """Measure the part of the whole scaled range that the middle 90 % of the good values fill."""
    _, changed = spoil(seed, share)
    x = spoiled_wines(seed, share, scaling).x_train.astype(float)
    bulk = np.nanpercentile(np.where(changed, np.nan, x), [5, 95], axis=0)
    return {
        "bulk": float(np.mean(bulk[1] - bulk[0])),
        "share_of_range": float(np.mean((bulk[1] - bulk[0]) / np.ptp(x, axis=0))),
    }


def measure_outside(
    seed: int, num_train: int, num_features: int, num_new: int = 20_000
) -> dict[str, float]:
    """Count the new values, and the new rows, that fall outside the training range."""
    generator = np.random.default_rng(seed)
    low, high = fit_min_max(generator.normal(size=(num_train, num_features)))
    new = min_max(generator.normal(size=(num_new, num_features)), low, high)
    outside = (new < 0) | (new > 1)
    return {"values": float(outside.mean()), "rows": float(outside.any(axis=1).mean())}


def ranged_digits(seed: int, pixel_range: str) -> Data:
    """Split the digits; bring their pixels, 0 to 1, into another range."""
    data = datasets.digits(seed)
    changes = {
        "[0, 1]": lambda x: x,
        "[−1, 1]": lambda x: 2 * x - 1,
        "[0, 255]": lambda x: 255 * x,
        "binarized": lambda x: (x > 0.5).astype(np.float32),
    }
    return data.with_inputs(changes[pixel_range])


OUTLIER = Experiment(
    name="outlier",
    question="What do a few extreme training values do to each scaling?",
    independent={
        "share": (0.0, 0.01, 0.05),
        "scaling": SCALINGS,
        "learning_rate": (0.01, 0.1, 0.3),
    },
    trial=Training(
        partial(mlp, (13, 16, 32, 3)),
        spoiled_wines,
        "sparse_categorical_crossentropy_from_logits",
        batch_size=16,
        epochs=100,
        metrics=("accuracy",),
    ),
)
BULK = Experiment(
    name="bulk",
    question="How much of the range is left for the ordinary values?",
    independent={"share": (0.0, 0.01, 0.05), "scaling": SCALINGS},
    trial=measure_bulk,
)
OUTSIDE = Experiment(
    name="outside",
    question="How many new values fall outside the training range?",
    independent={"num_train": (20, 100, 1000), "num_features": (1, 13)},
    trial=measure_outside,
    seeds=range(50),
)
RANGE = Experiment(
    name="range",
    question="Which range should the pixels of digits have?",
    independent={"pixel_range": RANGES, "learning_rate": (0.0001, 0.001, 0.01, 0.1, 0.3, 1.0)},
    trial=Training(
        partial(mlp, (64, 32, 10)),
        ranged_digits,
        "sparse_categorical_crossentropy_from_logits",
        batch_size=32,
        epochs=20,
        metrics=("accuracy",),
    ),
    units={"learning_rate": "learning rate"},
)

# The claims


def all_inside(results: "xr.Dataset") -> list[Evidence]:
    """Share of new values outside the range of the training values."""
    one = results["values"].sel(num_features=1)
    return [
        Evidence.from_mean(f"{count:,} training rows", one.sel(num_train=count), at_most=0.001)
        for count in results["num_train"].values.tolist()
    ]


def gain_of_symmetry(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy with pixels in [−1, 1] minus that in [0, 1], rate by rate."""
    accuracy = results["test_accuracy"]
    wide, narrow = accuracy.sel(pixel_range=RANGES[1]), accuracy.sel(pixel_range=RANGES[0])
    return [
        Evidence.from_comparison(
            f"rate {rate}",
            paired(wide.sel(learning_rate=rate), narrow.sel(learning_rate=rate)),
            at_least=0,
        )
        for rate in results["learning_rate"].values.tolist()
    ]


def ruin(bulk: "xr.Dataset", trained: "xr.Dataset") -> list[Evidence]:
    """What 1 % of extreme values take from min-max scaling."""
    left = bulk["bulk"].sel(scaling="min-max")
    accuracy = at_best_rate(trained).sel(scaling="min-max")
    lost = paired(accuracy.sel(share=0), accuracy.sel(share=0.01))
    share = left.sel(share=0.01) / left.sel(share=0)
    return [
        Evidence.from_mean("width of the bulk, as a part of before", share, at_most=0.5),
        Evidence.from_comparison("test accuracy lost", lost, at_least=0.05),
    ]


def loss_of_grey(results: "xr.Dataset") -> Evidence:
    """Test accuracy with grey levels minus that of black and white, each at its best rate."""
    accuracy = at_best_rate(results)
    grey, plain = (accuracy.sel(pixel_range=name) for name in ("[0, 1]", "binarized"))
    return Evidence.from_comparison("digits", paired(grey, plain), at_least=0.02)


CLAIMS = (
    Claim(
        "C-min_max_scaling-1",
        "Min-max scaling transforms all the values to be between 0 and 1.",
        OUTSIDE,
        all_inside,
        note="share of new values of one feature that fall outside; holds up to 0.001",
    ),
    Claim(
        "C-min_max_scaling-2",
        "[−1, 1] trains better than [0, 1].",
        RANGE,
        gain_of_symmetry,
        note="difference of test accuracies, paired; holds if the whole interval lies above 0",
    ),
    Claim(
        "C-min_max_scaling-3",
        "A few outliers ruin min-max scaling.",
        (BULK, OUTLIER),
        ruin,
        note="1 % of the training values ten times too large; holds if the ordinary values keep at "
        "most half of their width, and if test accuracy falls by 0.05 or more",
    ),
    Claim(
        "C-min_max_scaling-4",
        "The grey levels of the pixels matter.",
        RANGE,
        loss_of_grey,
        note="test accuracy with grey levels minus that of black and white, each at the rate with "
        "the best validation accuracy, paired; holds from 0.02 up",
    ),
)

# The figure


def plot_squeeze(seed: int = 0) -> "plots.BookFigure":
    """Draw alcohol in wines before and after scaling, and after it with one outlier."""
    data = datasets.wine(seed, scaling="none")
    alcohol = data.x_train[:, 0].astype(float)
    spoiled = np.append(alcohol, 132.0)
    rows = {
        "raw, per cent": (alcohol, None),
        "scaled": (min_max(alcohol, *fit_min_max(alcohol)), (-0.04, 1.04)),
        "scaled, with one wine of 132 per cent": (
            min_max(spoiled, *fit_min_max(spoiled)), (-0.04, 1.04),
        ),
    }  # fmt: skip
    drawing, panels = plots.figure(
        "Three number lines with the same wines. The first two look alike, from 11 to 15 and from "
        "0 to 1. On the third all wines crowd at the left end and one lies at 1.",
        rows=3,
        height=4.6,
    )
    for panel, (title, (values, limits)) in zip(panels, rows.items(), strict=True):
        panel.plot(values, np.zeros_like(values), "|", color="blue", markersize=22, alpha=0.6)
        panel.set(title=title, ylim=(-1, 1), yticks=[])
        if limits:
            panel.set_xlim(*limits)
    return drawing


def plot_outside(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of new values and of new rows outside, against the training rows."""
    drawing, axes = plots.figure(
        "Share outside the training range against training rows, both on logarithmic axes. Values "
        "follow the formula; rows of 13 features lie more than ten times higher at the right.",
        height=3.8,
    )
    plots.log_axis(axes, "both")
    counts = results["num_train"].values
    grid = np.geomspace(20, 1000, 50)
    axes.plot(grid, 2 / (grid + 1), "--", color="muted", linewidth=1.3)
    for name, features, label in (("values", 1, "values"), ("rows", 13, "rows of 13")):
        interval = mean_interval(results[name].sel(num_features=features))
        plots.band(axes, counts, interval, label=label)
    axes.set(xlabel="training rows", ylabel="share outside 0 to 1", ylim=(0.001, 1))
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    plots.label_lines(axes)
    return drawing


def plot_range(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw test accuracy as a table of pixel range and learning rate."""
    accuracy = results["test_accuracy"].mean("seed").isel(pixel_range=slice(None, None, -1))
    drawing, axes = plots.figure(
        "A table of test accuracy: four rows for the range of the pixels, six columns for the "
        "learning rate.",
        height=3.4,
    )
    plots.heatmap(
        axes, accuracy.values, results["learning_rate"].values, RANGES[::-1], limits=(0, 1)
    )
    axes.set(xlabel="learning rate")
    return drawing
