"""Variance and standard deviation: how far values lie from their mean."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval
from dlbook.stats.mean import draw_answers, mean

if TYPE_CHECKING:
    import xarray as xr

# The idea


def variance(values: ArrayLike, ddof: int = 0, axis: int | None = None) -> np.ndarray:
    r"""Average squared distances from the mean: $s^2 = \frac{1}{n-d} \sum_i (x_i - \bar x)^2$.

    It is 0 if all values are equal, and grows with the square of their distances. With $d = 0$
    it is the variance of these values. With $d = 1$ it estimates, without bias, the variance of
    the population from which they were drawn.

    Args:
        values: The numbers $x$, any shape with one axis or more.
        ddof: What to subtract from the number of values, $d$ (delta degrees of freedom).
        axis: The axis along which to look; `None` takes all values together.

    Returns:
        The variance, in the squared unit of the values; one number, or an array without that axis.

    Raises:
        ValueError: `values` is a single number, empty or not finite, has no such axis, or has
            not more than `ddof` values there.

    Example:
        >>> variance([1, 2, 6])
        np.float64(4.666666666666667)
    """
    array = numbers(values, "values")
    center = mean(array, axis)
    count = array.size // center.size
    if not 0 <= ddof < count:
        raise ValueError(
            f"`ddof` must be 0 or more and less than the number of values, {count}. "
            f"Received: {ddof!r}"
        )
    distances = array - (center if axis is None else np.expand_dims(center, axis))
    return (distances**2).sum(axis=axis) / (count - ddof)


def standard_deviation(values: ArrayLike, ddof: int = 0, axis: int | None = None) -> np.ndarray:
    r"""Take the square root of the variance: $s = \sqrt{s^2}$.

    It has the unit of the values again. Even with `ddof=1` it is a little too small for small
    samples: the root of an unbiased number is not unbiased.

    Args:
        values: The numbers, any shape with one axis or more.
        ddof: What to subtract from the number of values.
        axis: The axis along which to look; `None` takes all values together.

    Returns:
        The standard deviation, in the unit of the values, 0 or more.

    Raises:
        ValueError: As `variance`.

    Example:
        >>> standard_deviation([1, 1, 5, 5])
        np.float64(2.0)
    """
    return np.sqrt(variance(values, ddof, axis))


def running_variance(values: ArrayLike) -> np.ndarray:
    """Update the variance with every new value, and forget the value (Welford's method).

    Each value moves the mean a little and adds to the sum of squares its distance from the old
    mean times that from the new one. No large numbers are subtracted, so no digits are lost.

    Args:
        values: The numbers, shape (num_values,), in the order in which they arrive.

    Returns:
        The variance (`ddof=0`) of the first value, of the first two, and so on; same shape.

    Raises:
        ValueError: `values` is not one list of finite numbers, or empty.

    Example:
        >>> running_variance([1, 3, 2])
        array([0.        , 1.        , 0.66666667])

    Source:
        Welford (1962).
    """
    center = squares = 0.0
    path = []
    for count, value in enumerate(numbers(values, "values", rank=1), start=1):
        distance = value - center
        center += distance / count
        squares += distance * (value - center)
        path.append(squares / count)
    return np.array(path)


def naive_variance(values: ArrayLike) -> np.floating:
    r"""Subtract the squared mean from the mean of squares: $\overline{x^2} - \bar x^2$.

    Exact on paper. In floating-point numbers two huge, nearly equal numbers are subtracted if
    the mean is large, and nothing but rounding may be left; even negative variances.

    Args:
        values: The numbers, any shape with one axis or more.

    Returns:
        The variance of all values, or nonsense if the mean is many deviations from 0.

    Raises:
        ValueError: `values` is a single number, empty or not finite.

    Example:
        >>> naive_variance([1, 1, 5, 5])
        np.float64(4.0)
    """
    array = numbers(values, "values")
    return np.mean(array**2) - np.mean(array) ** 2


# The experiment

SAMPLES = 1000  # samples that each run of `bias` draws
CODES = {
    "1-2-3-4-5": (1, 2, 3, 4, 5),
    "0-25-50-75-100": (0, 25, 50, 75, 100),
    "1-2-3-4-10": (1, 2, 3, 4, 10),
}


def estimate_spread(seed: int, num_values: int, ddof: int) -> dict[str, float]:
    """Return the mean estimate from 1,000 samples of a population with variance 1."""
    samples = np.random.default_rng(seed).normal(size=(SAMPLES, num_values))
    estimates = variance(samples, ddof, axis=1)
    return {"variance": float(estimates.mean()), "deviation": float(np.sqrt(estimates).mean())}


def draw_tails(seed: int, degrees_of_freedom: float, num_values: int) -> dict[str, float]:
    """Return the variance of values with heavy (1) or nearly normal (30) tails."""
    values = np.random.default_rng(seed).standard_t(degrees_of_freedom, size=num_values)
    return {"variance": float(variance(values))}


def compare_answers(seed: int, codes: str) -> dict[str, np.ndarray]:
    """Say for 200 pairs of groups of 100 answers whether the first group varies more."""
    answers = draw_answers(seed, num_answers=100)
    spreads = variance(np.array(CODES[codes])[answers], axis=-1)
    return {"first_group_varies_more": (np.diff(spreads)[:, 0] < -1e-9).astype(float)}


BIAS = Experiment(
    name="bias",
    question="How well does a small sample tell the variance of its population?",
    independent={"num_values": (2, 3, 5, 10, 30, 100), "ddof": (0, 1)},
    trial=estimate_spread,
    units={"num_values": "values in a sample", "variance": "mean estimate"},
)
EXISTENCE = Experiment(
    name="existence",
    question="Does the variance settle when values are added?",
    independent={"degrees_of_freedom": (1, 2, 3, 30), "num_values": (100, 1000, 10_000, 100_000)},
    trial=draw_tails,
    seeds=range(50),
    units={"num_values": "number of values"},
)
CODED = Experiment(
    name="codes",
    question="Does it depend on the codes of the answers which group varies more?",
    independent={"codes": tuple(CODES)},
    trial=compare_answers,
    dims={"first_group_varies_more": ("pair",)},
)

# The claims


def too_small(results: "xr.Dataset") -> list[Evidence]:
    """Mean estimate with division by n, in units of (n - 1) / n."""
    estimates = results["variance"].sel(ddof=0)
    return [
        Evidence.from_mean(
            f"n = {n}", estimates.sel(num_values=n) * n / (n - 1), at_least=0.95, at_most=1.05
        )
        for n in results["num_values"].values.tolist()
    ]


def growth(results: "xr.Dataset") -> "xr.DataArray":
    """Return by how many powers of ten the variance grew from 100 values to 100,000."""
    estimates = results["variance"].copy(data=np.log10(results["variance"].values))
    return estimates.isel(num_values=-1, drop=True) - estimates.isel(num_values=0, drop=True)


def settles(results: "xr.Dataset") -> list[Evidence]:
    """Growth of the variance for each weight of the tails."""
    grown = growth(results)
    return [
        Evidence.from_mean(
            f"{one} degree{'s' * (one > 1)} of freedom",
            grown.sel(degrees_of_freedom=one),
            at_most=0.3,
        )
        for one in results["degrees_of_freedom"].values.tolist()
    ]


def flips(results: "xr.Dataset", codes: str) -> "xr.DataArray":
    """Return the part of the pairs whose order differs from that with 1-2-3-4-5."""
    order = results["first_group_varies_more"]
    return (order.sel(codes=codes) != order.sel(codes="1-2-3-4-5")).mean("pair")


def keeps_order(results: "xr.Dataset") -> list[Evidence]:
    """Part of the pairs that change their order, for two other codings."""
    return [
        Evidence.from_mean(codes, flips(results, codes), at_most=0.01)
        for codes in ("0-25-50-75-100", "1-2-3-4-10")
    ]


def root_is_right(results: "xr.Dataset") -> list[Evidence]:
    """Mean standard deviation with division by n - 1; the truth is 1."""
    deviations = results["deviation"].sel(ddof=1)
    return [
        Evidence.from_mean(f"n = {n}", deviations.sel(num_values=n), at_least=0.98, at_most=1.02)
        for n in results["num_values"].values.tolist()
    ]


CLAIMS = (
    Claim(
        "C-variance-1",
        "Dividing by n makes the estimated variance too small, by the factor (n − 1)/n.",
        BIAS,
        too_small,
        note="mean estimate divided by (n − 1)/n; holds from 0.95 to 1.05",
    ),
    Claim(
        "C-variance-2",
        "The variance is suitable for any distribution.",
        EXISTENCE,
        settles,
        note="growth from 100 to 100,000 values in powers of ten; holds up to 0.3, a factor of 2",
    ),
    Claim(
        "C-variance-3",
        "The variance is suitable for ordinal data.",
        CODED,
        keeps_order,
        note="pairs of groups in another order than with the codes 1-2-3-4-5; holds up to 1 in 100",
    ),
    Claim(
        "C-variance-4",
        "Dividing by n − 1 makes the standard deviation right.",
        BIAS,
        root_is_right,
        note="mean standard deviation where the truth is 1; holds from 0.98 to 1.02",
    ),
)

# The figure


def plot_squares(values: ArrayLike) -> "plots.BookFigure":
    """Draw the squared distance of each value from the mean as a square."""
    heights = numbers(values, "values", rank=1)
    center, step = float(mean(heights)), np.ptp(heights) / 1.8
    figure, axes = plots.figure(
        "Seven dots above and below the line of their mean; a square hangs between each dot and "
        "the line, and the last square has the mean area of all.",
        height=2.6,
    )
    for place, height in enumerate(heights):
        side = abs(height - center)
        _square(axes, (place * step, center), (height, side), "sky")
        axes.plot([place * step], [height], "o", color="blue")
    side = float(standard_deviation(heights))
    place = len(heights) * step
    _square(axes, (place, center), (center + side, side), "accent")
    axes.annotate("variance", (place, center + side + 0.25), color="accent")
    axes.annotate("mean", (place, center - 0.2), va="top", color="muted")
    axes.axhline(center, color="muted", linewidth=1)
    axes.set(aspect="equal", xticks=[], ylabel="sandwiches sold", xlim=(-0.4, place + 4.5))
    axes.spines["bottom"].set_visible(False)
    return figure


def _square(axes, corner, top_and_side, color):
    (left, center), (top, side) = corner, top_and_side
    across, up = [left, left + side, left + side, left], [center, center, top, top]
    axes.fill(across, up, facecolor=color, alpha=0.35, edgecolor=color)
    if side > 1.5:
        axes.annotate(f"{side**2:.1f}", (left + side / 2, (center + top) / 2), ha="center")


def plot_bias(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the mean estimates against the size of the sample."""
    figure, axes = plots.figure(
        "Mean estimate against size of the sample: the variance with division by n rises from one "
        "half to the truth, with n − 1 it is right throughout, and the deviation lies below it."
    )
    plots.log_axis(axes, "x")
    looks = {
        "variance, n − 1": ("variance", 1, "blue"),
        "deviation, n − 1": ("deviation", 1, "green"),
        "variance, n": ("variance", 0, "orange"),
    }
    for label, (name, ddof, color) in looks.items():
        interval = mean_interval(results[name].sel(ddof=ddof))
        plots.band(axes, results["num_values"], interval, label=label, color=color)
    grid = np.geomspace(2, 100, 50)
    axes.plot(grid, (grid - 1) / grid, color="muted", linestyle=":", linewidth=1.5)
    plots.reference(axes, 1, "the truth", at=0.3)
    axes.set(xlabel="values in a sample", ylabel="mean estimate", ylim=(0.4, 1.12))
    plots.label_lines(axes)
    return figure


def plot_existence(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the variance against the number of values, one dot per seed, light and heavy tails."""
    figure, axes = plots.figure(
        "Variance against number of values: with light tails the dots close up around one value, "
        "with the heaviest tails they climb by a factor of ten per step and stay scattered.",
        height=3.9,
    )
    plots.log_axis(axes, "both")
    looks = ((1, "Cauchy (1)", "red"), (2, "2", "orange"), (30, "30", "blue"))
    for degrees, label, color in looks:
        estimates = results["variance"].sel(degrees_of_freedom=degrees)
        plots.dots(axes, results["num_values"].values, estimates.values, color=color)
        axes.plot(results["num_values"], estimates.median("seed"), color=color, label=label)
    axes.set(xlabel="number of values", ylabel="variance")
    plots.label_lines(axes, title="degrees of freedom")
    return figure


def plot_paths(seeds: int = 3, num_values: int = 20_000) -> "plots.BookFigure":
    """Draw the variance after every value, for nearly normal and for Cauchy data."""
    figure, panels = plots.figure(
        "Variance against number of values so far. Left: three paths settle near 1. Right: three "
        "paths sink slowly and jump up again and again.",
        columns=2,
        height=3,
    )
    shown = np.unique(np.geomspace(10, num_values, 250).astype(int))
    for panel, degrees, title in zip(panels, (30, 1), ("30 degrees", "Cauchy"), strict=True):
        plots.log_axis(panel, "both")
        for seed in range(seeds):
            values = np.random.default_rng(seed).standard_t(degrees, size=num_values)
            panel.plot(shown, running_variance(values)[shown - 1], linewidth=1.3)
        panel.set(title=title)
    panels[0].set_ylim(0.1, 10)
    plots.share_labels(figure, x="number of values", y="variance")
    return figure
