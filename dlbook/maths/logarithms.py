"""Logarithms: products become sums, and numbers too small for a computer become ordinary."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval

if TYPE_CHECKING:
    import xarray as xr

# The idea


def log(value: float, base: float = math.e) -> float:
    r"""Say to what power the base must be raised to give the value: $\ln x / \ln b$.

    Negative for values below 1, 0 at 1, and ever larger above: it grows slowly, without bound.

    Args:
        value: $x$, one number above 0.
        base: $b$, above 0 and not 1. 2 counts doublings, 10 counts digits, $e$ is natural.

    Returns:
        The power, any number.

    Raises:
        ValueError: `value` or `base` is not above 0, or `base` is 1.

    Example:
        >>> round(log(1000, base=10), 12)
        3.0
    """
    if positive(base, "base") == 1:
        raise ValueError(f"`base` must not be 1, whose powers are all 1. Received: {base!r}")
    return math.log(positive(value, "value")) / math.log(base)


def log_product(probabilities: ArrayLike) -> float:
    r"""Return the natural logarithm of a product: $\ln\prod_i p_i = \sum_i \ln p_i$.

    The product itself becomes 0 in a computer when it has many factors; the sum does not.

    Args:
        probabilities: The factors $p_i$, between 0 and 1, any shape with one axis or more.

    Returns:
        The logarithm, 0 or below; minus infinity if a factor is 0.

    Raises:
        ValueError: `probabilities` is empty or holds a number outside 0 to 1.

    Example:
        >>> round(log_product([0.5] * 1200), 2)
        -831.78
    """
    with np.errstate(divide="ignore"):
        return float(np.log(_probabilities(probabilities)).sum())


def log_sum_exp(logits: ArrayLike) -> np.ndarray:
    r"""Return $\ln\sum_j e^{z_j}$ of each row, without overflow.

    The largest number is taken out of the sum first: $\max z + \ln\sum_j e^{z_j - \max z}$.

    Args:
        logits: The numbers $z$, shape (..., num_classes), any finite values.

    Returns:
        One number per row, shape (...): at least the largest of the row.

    Raises:
        ValueError: `logits` is a single number, empty or not finite.

    Example:
        >>> print(log_sum_exp([1000, 1000]).round(4))
        1000.6931
    """
    values = numbers(logits, "logits")
    largest = values.max(axis=-1, keepdims=True)
    return largest[..., 0] + np.log(np.exp(values - largest).sum(axis=-1))


def clipped_log(probabilities: ArrayLike, epsilon: float = 1e-7) -> np.ndarray:
    """Take the natural logarithm after moving probabilities into epsilon to 1 - epsilon.

    So the logarithm of 0 is not minus infinity but ln(epsilon), about -16.1 for 1e-7.
    The price: all probabilities below epsilon look alike.

    Args:
        probabilities: Between 0 and 1, any shape with one axis or more.
        epsilon: The smallest probability that is told from 0, above 0 and below 0.5.

    Returns:
        The logarithms, same shape, between ln(epsilon) and ln(1 - epsilon).

    Raises:
        ValueError: `probabilities` holds a number outside 0 to 1, or `epsilon` is not above 0
            and below 0.5.

    Example:
        >>> clipped_log([0.0, 0.5]).round(2)
        array([-16.12,  -0.69])
    """
    if positive(epsilon, "epsilon") >= 0.5:
        raise ValueError(f"`epsilon` must be below 0.5. Received: {epsilon!r}")
    return np.log(_probabilities(probabilities).clip(epsilon, 1 - epsilon))


def _probabilities(values: ArrayLike) -> np.ndarray:
    array = numbers(values, "probabilities")
    if array.min() < 0 or array.max() > 1:
        raise ValueError(f"`probabilities` must lie between 0 and 1. Received: {values!r}")
    return array


# The experiment


def measure_growth(seed: int, x: float) -> dict[str, float]:
    """Return the logarithm of x, its slope there, the gain of doubling x, and the way back."""
    step = 1e-5 * x
    return {
        "logarithm": log(x),
        "slope": (log(x + step) - log(x - step)) / (2 * step),
        "gain_of_doubling": log(2 * x) - log(x),
        "round_trip_error": abs(math.exp(log(x)) / x - 1),
    }


def measure_spread(seed: int, probability: float) -> dict[str, float]:
    """Return the logarithm of a probability and that of a probability 0.009 above it."""
    return {
        "logarithm": log(probability),
        "negative_logarithm": -log(probability),
        "apart": log(probability + 0.009) - log(probability),
    }


def measure_underflow(
    seed: int, form: str, precision: str, num_probabilities: int
) -> dict[str, float]:
    """Return 1 if `form` loses many random probabilities: it gives 0, or nothing finite."""
    draws = 1 - np.random.default_rng(seed).random(num_probabilities)
    probabilities = draws.astype(precision)
    result = probabilities.prod() if form == "product" else np.log(probabilities).sum()
    return {"lost": float(result == 0 or not np.isfinite(result))}


GROWTH = Experiment(
    name="growth",
    question="Does the logarithm stop growing?",
    independent={"x": tuple(10.0**power for power in range(-4, 9))},
    trial=measure_growth,
    seeds=range(1),
    units={"gain_of_doubling": "rise of the logarithm when x doubles"},
)
SPREAD = Experiment(
    name="spread",
    question="What does the logarithm do to small probabilities?",
    independent={"probability": (0.001, 0.01, 0.1, 0.101, 0.5, 0.9, 0.99)},
    trial=measure_spread,
    seeds=range(1),
    units={
        "negative_logarithm": "−log of the probability",
        "apart": "distance of p and p + 0.009 after the logarithm",
    },
)
UNDERFLOW = Experiment(
    name="underflow",
    question="How many probabilities can be multiplied before the result is lost?",
    independent={
        "form": ("product", "sum of logs"),
        "precision": ("float32", "float64"),
        "num_probabilities": (10, 30, 60, 100, 150, 300, 600, 700, 800, 1000),
    },
    trial=measure_underflow,
    seeds=range(200),
    units={
        "num_probabilities": "how many probabilities",
        "lost": "share of results that are lost",
    },
)

# The claims


def round_trip(results: "xr.Dataset") -> Evidence:
    """Largest relative error of exp(log x) over all x."""
    error = results["round_trip_error"]
    return Evidence.exact(
        "there and back, 0.0001 to 10⁸", float(error.max()), error.size, at_most=1e-14
    )


def easier(results: "xr.Dataset") -> list[Evidence]:
    """Share of results that the product loses and the sum of logarithms saves."""
    lost = results["lost"]
    saved = lost.sel(form="product") - lost.sel(form="sum of logs")
    return [
        Evidence.from_mean(
            f"{count:,} probabilities, {precision}",
            saved.sel(num_probabilities=count, precision=precision),
            at_least=0.99,
        )
        for count, precision in ((10, "float32"), (300, "float32"), (1000, "float64"))
    ]


def slower_but_never_still(results: "xr.Dataset") -> list[Evidence]:
    """Distance of the slope from 1/x, and the smallest gain when x doubles."""
    misses = abs(results["slope"] * results["x"] - 1)
    gains = results["gain_of_doubling"]
    return [
        Evidence.exact(
            "slope: distance from 1/x, relative", float(misses.max()), misses.size, at_most=1e-6
        ),
        Evidence.exact(
            "smallest rise when x doubles", float(gains.min()), gains.size, at_least=0.69
        ),
    ]


def spread_out(results: "xr.Dataset") -> Evidence:
    """How many times as far apart .001 and .01 are, after the logarithm, as .101 and .11."""
    apart = results["apart"].isel(seed=0)
    ratio = float(apart.sel(probability=0.001) / apart.sel(probability=0.101))
    return Evidence.exact("0.001 to 0.01 against 0.101 to 0.11", ratio, 2, at_least=10)


def larger_for_smaller(results: "xr.Dataset") -> list[Evidence]:
    """How much the logarithm, and its negative, gain from probability 0.1 to 0.001."""
    values = results.isel(seed=0)
    gain = values.sel(probability=0.001) - values.sel(probability=0.1)
    return [
        Evidence.exact(f"{name}, from 0.1 down to 0.001", float(gain[variable]), 2, at_least=0)
        for name, variable in (("log p", "logarithm"), ("−log p", "negative_logarithm"))
    ]


CLAIMS = (
    Claim(
        "C-logarithms-1",
        "The logarithm undoes the exponential.",
        GROWTH,
        round_trip,
        note="largest relative error of exp(log x); holds up to 10⁻¹⁴, room for rounding",
    ),
    Claim(
        "C-logarithms-2",
        "Logarithms make small probabilities easier to compute with.",
        UNDERFLOW,
        easier,
        note="share of results that the product loses and the sum of logs saves; holds from 0.99",
    ),
    Claim(
        "C-logarithms-3",
        "The increase in y slows down as x gets bigger, but it never stops.",
        GROWTH,
        slower_but_never_still,
        note="the slope must be 1/x within 10⁻⁶, and doubling x must always add 0.69 or more",
    ),
    Claim(
        "C-logarithms-4",
        "The logarithm spreads out the small probabilities near 0.",
        SPREAD,
        spread_out,
        note="ratio of two distances that were equal before the logarithm; holds from 10 up",
    ),
    Claim(
        "C-logarithms-5",
        "Small probabilities get larger values.",
        SPREAD,
        larger_for_smaller,
        note="change of the value when the probability shrinks; holds if it grows",
    ),
)

# The figure


def plot_mirror() -> "plots.BookFigure":
    """Draw exponential and logarithm as mirror images in the diagonal."""
    drawing, axes = plots.figure(
        "The exponential climbs ever more steeply, the logarithm ever more slowly; each is the "
        "mirror image of the other in the dashed diagonal.",
        height=4.6,
    )
    x = np.linspace(-3, np.log(4), 100)
    axes.plot([-3, 4], [-3, 4], color="muted", linewidth=1, linestyle="--")
    axes.plot(x, np.exp(x), color="orange")
    axes.plot(np.exp(x), x, color="blue")
    plots.plane(axes)
    axes.annotate("exponential", (1, 3.6), ha="right")
    axes.annotate("logarithm", (4, 0.75), ha="right", va="top")
    axes.plot([1, np.exp(1)], [np.exp(1), 1], "o-", color="muted", linewidth=1, markersize=5)
    axes.set(xlabel="x", ylabel="y", xlim=(-3, 4.1), ylim=(-3, 4.1))
    return drawing


def plot_spread(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw −log p over the probabilities, with the levels .1, .01 and .001 marked."""
    drawing, axes = plots.figure(
        "Minus the logarithm against probability: 0 at probability 1, then a steep climb near "
        "0. The marks at 0.1, 0.01 and 0.001 lie at equal distances above each other."
    )
    grid = np.geomspace(0.0005, 1, 200)
    axes.plot(grid, -np.log(grid), color="blue")
    marked = results["negative_logarithm"].isel(seed=0).sel(probability=[0.1, 0.01, 0.001])
    axes.plot(marked["probability"], marked, "o", color="accent")
    for probability, height in zip(marked["probability"].values, marked.values, strict=True):
        plots.note(axes, f"p = {probability:g}: {height:.1f}", (probability, height), (24, 6))
    axes.set(xlabel="probability p", ylabel="−log p", xlim=(-0.02, 1.02), ylim=(0, 8))
    return drawing


def plot_underflow(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of lost results against the number of probabilities."""
    drawing, axes = plots.figure(
        "Share of lost results against how many probabilities: products in 32 bits are lost "
        "around 100 factors, in 64 bits around 750; sums of logarithms never."
    )
    plots.log_axis(axes, "x")
    interval = mean_interval(results["lost"])
    lines = {
        "product, 32 bits": {"form": "product", "precision": "float32"},
        "product, 64 bits": {"form": "product", "precision": "float64"},
        "sum of logs": {"form": "sum of logs", "precision": "float32"},
    }
    for (label, condition), color in zip(lines.items(), ("red", "orange", "blue"), strict=True):
        place = results["num_probabilities"]
        plots.band(axes, place, interval.sel(condition), label=label, color=color)
    axes.set(xlabel="how many probabilities", ylabel="share of results that are lost")
    plots.label_lines(axes)
    return drawing
