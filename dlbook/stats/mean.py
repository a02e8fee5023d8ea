"""The mean: the point at which all values balance."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval

if TYPE_CHECKING:
    import xarray as xr

# The idea


def mean(values: ArrayLike, axis: int | None = None) -> np.ndarray:
    r"""Share the sum equally among all values: $\bar x = \frac1n \sum_i x_i$.

    It is the balance point of the values, and the number with the smallest mean squared
    distance from them. One value far out moves it as far as it likes.

    Args:
        values: The numbers $x$, any shape with one axis or more.
        axis: The axis to average along; `None` averages all values.

    Returns:
        The mean, in the unit of the values; one number, or an array without that axis.

    Raises:
        ValueError: `values` is a single number, empty or not finite, or has no such axis.

    Example:
        >>> mean([1, 2, 6])
        np.float64(3.0)
    """
    array = numbers(values, "values")
    place = _place(array, axis)
    count = array.size if axis is None else array.shape[place]
    return array.sum(axis=axis) / count


def median(values: ArrayLike, axis: int | None = None) -> np.ndarray:
    r"""Return the middle value: in order, as many values stand before it as behind it.

    With an even number of values it is the mean of the two in the middle. It is the number
    with the smallest mean absolute distance from the values, and one value far out hardly
    moves it.

    Args:
        values: The numbers, any shape with one axis or more.
        axis: The axis along which to look for the middle; `None` looks at all values.

    Returns:
        The median, in the unit of the values; one number, or an array without that axis.

    Raises:
        ValueError: `values` is a single number, empty or not finite, or has no such axis.

    Example:
        >>> median([1, 2, 6])
        np.float64(2.0)
    """
    array = numbers(values, "values")
    place = _place(array, axis)
    ordered = np.sort(array, axis=axis)
    count = ordered.shape[place]
    return np.take(ordered, [(count - 1) // 2, count // 2], axis=place).mean(axis=place)


def trimmed_mean(values: ArrayLike, share: float) -> np.float64:
    """Return the mean of what is left when both ends are cut off.

    A share of 0 is the mean; just below one half it is nearly the median.

    Args:
        values: The numbers, shape (num_values,).
        share: The part of the values to cut off at each end, from 0 up to, not including, 0.5.

    Returns:
        The mean of the values in the middle.

    Raises:
        ValueError: `values` is not one list of finite numbers, or `share` is not in its range.

    Example:
        >>> trimmed_mean([0, 1, 2, 3, 4000], share=0.2)
        np.float64(2.0)
    """
    ordered = np.sort(numbers(values, "values", rank=1))
    if not 0 <= share < 0.5:
        raise ValueError(
            f"`share` must be a number from 0 up to, not including, 0.5. Received: {share!r}"
        )
    cut = int(share * len(ordered))
    return ordered[cut : len(ordered) - cut].mean()


def _place(array: np.ndarray, axis: int | None) -> int:
    if axis is not None and not -array.ndim <= axis < array.ndim:
        raise ValueError(
            f"`axis` must be None or name one of the axes of `values`, which has shape "
            f"{array.shape}. Received: {axis!r}"
        )
    return 0 if axis is None else axis


# The experiment

SAMPLES = 200  # samples that each run draws


class Population(NamedTuple):
    """How to draw from a population, its part below a value, and its interquartile range."""

    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    part_below: Callable[[np.ndarray], np.ndarray]
    middle_half: float


def normal_below(values: np.ndarray) -> np.ndarray:
    """Return the part of the standard normal distribution below each value."""
    from scipy.special import ndtr

    return ndtr(values)


def laplace_below(values: np.ndarray) -> np.ndarray:
    """Return the part of the standard Laplace distribution below each value."""
    tail = np.exp(-np.abs(values)) / 2
    return np.where(values < 0, tail, 1 - tail)


POPULATIONS = {
    "normal": Population(lambda g, shape: g.normal(size=shape), normal_below, 1.3490),
    "Laplace": Population(lambda g, shape: g.laplace(size=shape), laplace_below, 2 * np.log(2)),
    "lognormal": Population(
        lambda g, shape: g.lognormal(size=shape),
        lambda x: normal_below(np.log(np.maximum(x, 1e-300))),
        1.4536,
    ),
    "two peaks": Population(
        lambda g, shape: g.normal(size=shape) + g.choice([-3, 3], size=shape),
        lambda x: (normal_below(x - 3) + normal_below(x + 3)) / 2,
        6.0,
    ),
    "Cauchy": Population(
        lambda g, shape: g.standard_cauchy(size=shape),
        lambda x: 0.5 + np.arctan(x) / np.pi,
        2.0,
    ),
}
STATISTICS: dict[str, Callable] = {"mean": mean, "median": median}
CODES = {
    "interval": (33.8, 35.6, 37.4, 39.2, 41.0),
    "ordinal": (1, 2, 3, 4, 10),
    "nominal": (4, 1, 5, 3, 2),
}


def estimate_middle(
    seed: int, distribution: str, statistic: str, num_values: int
) -> dict[str, np.ndarray | float]:
    """Estimate the middle from 200 samples, and say how much of the population lies there."""
    population = POPULATIONS[distribution]
    values = population.draw(np.random.default_rng(seed), (SAMPLES, num_values))
    estimate = STATISTICS[statistic](values, axis=1)
    reach = population.middle_half / 4
    near = population.part_below(estimate + reach) - population.part_below(estimate - reach)
    below = population.part_below(estimate)
    return {"estimate": estimate, "share_below": below.mean(), "density_near": near.mean()}


def draw_answers(seed: int, num_answers: int) -> np.ndarray:
    """Draw 200 pairs of groups that answer 0 to 4, each group with frequencies of its own."""
    generator = np.random.default_rng(seed)
    thresholds = generator.dirichlet(np.ones(5), size=(SAMPLES, 2, 1)).cumsum(axis=-1)
    draws = generator.uniform(size=(SAMPLES, 2, num_answers, 1))
    return (draws > thresholds[..., :-1]).sum(axis=-1)


def recode_answers(seed: int, scale: str, statistic: str) -> dict[str, float]:
    """Return the part of 200 pairs of groups whose order turns round under other codes."""
    answers = draw_answers(seed, num_answers=25)
    order = [
        np.sign(np.diff(STATISTICS[statistic](codes[answers], axis=-1)).round(9))
        for codes in (np.arange(1, 6), np.array(CODES[scale]))
    ]
    return {"turned": float(np.mean(order[0] * order[1] < 0))}


MEAN_OR_MEDIAN = Experiment(
    name="mean_or_median",
    question="Which statistic finds the middle of which population?",
    independent={
        "distribution": tuple(POPULATIONS),
        "statistic": tuple(STATISTICS),
        "num_values": (11, 101, 1001),
    },
    trial=estimate_middle,
    dims={"estimate": ("sample",)},
    units={
        "num_values": "values in a sample",
        "share_below": "part of the population below the estimate",
        "density_near": "part of the population near the estimate",
    },
)
RECODE = Experiment(
    name="recode",
    question="Does a comparison of two groups survive other codes for the same answers?",
    independent={"scale": tuple(CODES), "statistic": tuple(STATISTICS)},
    trial=recode_answers,
    units={"turned": "part of the pairs that change their order"},
)

# The claims


def spread(results: "xr.Dataset") -> "xr.DataArray":
    """Return the interquartile range of the estimates of each run."""
    quartiles = results["estimate"].quantile([0.25, 0.75], dim="sample")
    return quartiles.diff("quantile").squeeze("quantile", drop=True)


def mean_against_median(results: "xr.Dataset", distribution: str) -> "xr.DataArray":
    """Return the spread of the mean in spreads of the median, 101 values, one per seed."""
    widths = spread(results).sel(distribution=distribution, num_values=101)
    return widths.sel(statistic="mean") / widths.sel(statistic="median")


def suits_normal(results: "xr.Dataset") -> Evidence:
    """Spread of the mean in spreads of the median, normal data."""
    ratio = mean_against_median(results, "normal")
    return Evidence.from_mean("normal: spread, mean / median", ratio, at_most=1)


def suits_no_other(results: "xr.Dataset") -> list[Evidence]:
    """Ways in which the mean may be the wrong number where data are not normal."""
    means = results.sel(statistic="mean", num_values=101)
    below = means["share_below"].sel(distribution="lognormal")
    near = means["density_near"].sel(distribution="two peaks")
    laplace, peaks = (mean_against_median(results, name) for name in ("Laplace", "two peaks"))
    return [
        Evidence.from_mean("Laplace: spread, mean / median", laplace, at_least=1),
        Evidence.from_mean("two peaks: spread, mean / median", peaks, at_least=1),
        Evidence.from_mean("two peaks: population near the mean", near, at_most=0.1),
        Evidence.from_mean("lognormal: population below the mean", below, at_least=0.6),
    ]


def more_data(results: "xr.Dataset") -> list[Evidence]:
    """Spread of the mean of 1,001 values in spreads of the mean of 11."""
    widths = spread(results).sel(statistic="mean")
    ratio = widths.sel(num_values=1001) / widths.sel(num_values=11)
    return [
        Evidence.from_mean(name, ratio.sel(distribution=name), at_most=0.5)
        for name in results["distribution"].values
    ]


def keeps_order(results: "xr.Dataset") -> list[Evidence]:
    """Part of pairs whose means change their order, for each kind of data."""
    turned = results["turned"].sel(statistic="mean")
    bounds = {
        "interval": {"at_most": 0},
        "ordinal": {"at_least": 0.01},
        "nominal": {"at_least": 0.01},
    }
    return [
        Evidence.from_mean(scale, turned.sel(scale=scale), **limits)
        for scale, limits in bounds.items()
    ]


CLAIMS = (
    Claim(
        "C-mean-1",
        "The mean is suitable for roughly normally distributed data.",
        MEAN_OR_MEDIAN,
        suits_normal,
        note="from sample to sample it varies less than the median; holds below 1",
    ),
    Claim(
        "C-mean-2",
        "It is suitable for no other data.",
        MEAN_OR_MEDIAN,
        suits_no_other,
        note="spread: the median is steadier (1 or more); near: at most 0.1; below: 0.6 or more",
    ),
    Claim(
        "C-mean-3",
        "With more data the mean becomes reliable, whatever the data.",
        MEAN_OR_MEDIAN,
        more_data,
        note="spread of the mean of 1,001 values divided by that of 11; holds up to 0.5",
    ),
    Claim(
        "C-mean-4",
        "The suitable data types are interval and ratio.",
        RECODE,
        keeps_order,
        note="pairs of means that other codes turn round: none for interval, 1 in 100 or more else",
    ),
)

# The figure


def plot_balance(values: ArrayLike) -> "plots.BookFigure":
    """Draw the values as weights on a beam that balances at their mean."""
    weights = np.sort(numbers(values, "values", rank=1))
    center = float(mean(weights))
    figure, axes = plots.figure(
        "Seven weights on a beam at their values; a wedge under the mean holds the beam level.",
        height=2.4,
    )
    heights = [0.24 + 0.46 * np.sum(weights[:at] == one) for at, one in enumerate(weights)]
    axes.plot(weights, heights, "o", color="blue", markersize=15)
    axes.plot([weights[0] - 0.5, weights[-1] + 0.5], [0, 0], color="ink", linewidth=3)
    axes.plot([center], [-0.22], "^", color="accent", markersize=17)
    axes.annotate(f"mean {center:.3f}", (center + 0.3, -0.28), va="center", color="accent")
    axes.set(yticks=[], ylim=(-0.6, 1.1))
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0)
    return figure


def plot_populations(seed: int = 0) -> "plots.BookFigure":
    """Draw 20,000 values of each population with their mean and their median."""
    figure, axes = plots.figure(
        "Five histograms with mean and median: together in the normal, Laplace and two-peaked "
        "data, apart in the lognormal, and in the Cauchy data the mean lies anywhere.",
        rows=3,
        columns=2,
        height=6.6,
    )
    limits = {"lognormal": (0, 8), "two peaks": (-7, 7)}
    for panel, (name, population) in zip(axes.flat, POPULATIONS.items(), strict=False):
        values = population.draw(np.random.default_rng(seed), (20_000,))
        low, high = limits.get(name, (-6, 6))
        panel.hist(values[(values > low) & (values < high)], bins=50, color="sky", alpha=0.6)
        panel.axvline(mean(values), color="accent")
        panel.axvline(median(values), color="blue", linestyle="--")
        panel.set(
            title=name, xticks=(0, 4) if low == 0 else (-4, 0, 4), yticks=[], xlim=(low, high)
        )
    axes[2, 1].plot([], [], color="accent", label="mean")
    axes[2, 1].plot([], [], color="blue", linestyle="--", label="median")
    axes[2, 1].legend(loc="center")
    axes[2, 1].set_axis_off()
    return figure


def plot_mean_or_median(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the spread of mean and median against the size of the sample, normal and Cauchy."""
    figure, axes = plots.figure(
        "Spread against size of the sample: all lines fall but one; the mean of Cauchy data "
        "spreads as much with 1,001 values as with 11."
    )
    plots.log_axis(axes, "both")
    widths = spread(results)
    looks = {("Cauchy", "mean"): "red", ("Cauchy", "median"): "orange"}
    looks |= {("normal", "median"): "sky", ("normal", "mean"): "blue"}
    for (distribution, statistic), color in looks.items():
        width = mean_interval(widths.sel(distribution=distribution, statistic=statistic))
        label = f"{statistic}, {distribution}"
        plots.band(axes, results["num_values"], width, label=label, color=color)
    axes.set(xlabel="values in a sample", ylabel="spread of the estimates")
    plots.label_lines(axes)
    return figure
