"""Entropy: how uncertain we are before we look, in yes-or-no questions."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval
from dlbook.maths.softmax import softmax

if TYPE_CHECKING:
    import xarray as xr

# The idea


def entropy(probabilities: ArrayLike, base: float = 2) -> np.ndarray:
    r"""Measure the uncertainty of a distribution: $H(p) = -\sum_i p_i \log_b p_i$.

    0 if one outcome is certain, $\log_b k$ if all $k$ outcomes are equally likely. An outcome
    that never happens adds nothing: 0 log 0 counts as 0. Labels and values play no role.

    Args:
        probabilities: $p$, shape (..., num_outcomes), each row (last axis) sums to 1.
        base: $b$ above 1. With 2 the unit is bits, with $e$ nats.

    Returns:
        One number per row, shape (...), between 0 and $\log_b$ of the number of outcomes.

    Raises:
        ValueError: A row of `probabilities` holds negative numbers or does not sum to 1, or
            `base` is not above 1.

    Example:
        >>> print(entropy([0.5, 0.25, 0.125, 0.125]))
        1.75

    Source:
        Shannon (1948).
    """
    shares = distribution(probabilities, "probabilities")
    surprises = -np.log(np.where(shares > 0, shares, 1))
    return (shares * surprises).sum(axis=-1) / unit(base)


def histogram_entropy(values: ArrayLike, bin_edges: ArrayLike) -> float:
    """Measure in bits how evenly values fall into bins. Narrower bins give larger numbers.

    Args:
        values: The data, any shape with one axis or more, all between the outer edges.
        bin_edges: The edges of the bins, rising, shape (num_bins + 1,).

    Returns:
        The entropy of the shares of the bins, between 0 and log2 of the number of bins.

    Raises:
        ValueError: `values` lie outside the bins, or `bin_edges` do not rise.

    Example:
        >>> histogram_entropy([0.2, 0.7, 1.5, 1.6], bin_edges=[0, 1, 2])
        1.0
    """
    data, edges = numbers(values, "values"), numbers(bin_edges, "bin_edges", rank=1)
    if len(edges) < 2 or np.diff(edges).min() <= 0:
        raise ValueError(
            f"`bin_edges` must hold two or more rising numbers. Received: {bin_edges!r}"
        )
    if data.min() < edges[0] or data.max() > edges[-1]:
        raise ValueError(
            f"`values` must lie between the outer edges, {edges[0]:g} and {edges[-1]:g}. "
            f"Received: {data.min():g} to {data.max():g}"
        )
    return float(entropy(np.histogram(data, edges)[0] / data.size))


def max_entropy(num_outcomes: int, base: float = 2) -> float:
    r"""Return the largest entropy that so many outcomes can have: $\log_b k$.

    Args:
        num_outcomes: $k$, 1 or more.
        base: $b$ above 1. With 2 the unit is bits, with $e$ nats.

    Returns:
        The entropy of $k$ equally likely outcomes.

    Raises:
        ValueError: `num_outcomes` is below 1 or `base` is not above 1.

    Example:
        >>> max_entropy(8)
        3.0
    """
    if positive(num_outcomes, "num_outcomes") < 1:
        raise ValueError(f"`num_outcomes` must be 1 or more. Received: {num_outcomes!r}")
    return math.log(num_outcomes) / unit(base)


def distribution(values: ArrayLike, name: str) -> np.ndarray:
    """Return values as an array whose rows are probabilities, or say what is wrong with them.

    Args:
        values: Shares, shape (..., num_outcomes).
        name: The argument's name, for the message.

    Returns:
        The array; each row holds no negative number and sums to 1 (within 10⁻⁵, room for the
        rounding of 32-bit numbers).

    Raises:
        ValueError: A number is negative, or a row does not sum to 1.

    Example:
        >>> distribution([0.2, 0.8], "probabilities")
        array([0.2, 0.8])
    """
    array = numbers(values, name)
    sums = array.sum(axis=-1)
    if array.min() < 0 or not np.allclose(sums, 1, rtol=0, atol=1e-5):
        raise ValueError(
            f"`{name}` must hold no negative number, and each row must sum to 1. "
            f"Received: smallest {array.min():g}, sums {sums.min():g} to {sums.max():g}"
        )
    return array


def unit(base: float) -> float:
    """Return how many nats one unit of a base has: its natural logarithm.

    Args:
        base: Above 1; 2 for bits.

    Returns:
        The number of nats, above 0.

    Raises:
        ValueError: `base` is not above 1.

    Example:
        >>> round(unit(2), 4)
        0.6931
    """
    if positive(base, "base") <= 1:
        raise ValueError(f"`base` must be above 1. Received: {base!r}")
    return math.log(base)


# The experiment

EDGES = np.arange(-25, 25.5, 0.5)


def measure_event(seed: int, num_outcomes: int, probability: float) -> dict[str, float]:
    """Give one event a probability, share the rest among the others, return its entropy."""
    others = np.full(num_outcomes - 1, (1 - probability) / (num_outcomes - 1))
    return {
        "entropy": float(entropy([probability, *others])),
        "variance": probability * (1 - probability),
    }


def measure_outcomes(seed: int, num_outcomes: int, peakedness: float) -> dict[str, float]:
    """Draw a distribution at random, return its entropy and the share of its commonest value."""
    logits = np.random.default_rng(seed).normal(size=num_outcomes)
    shares = softmax(peakedness * logits)
    return {"entropy": float(entropy(shares)), "commonest": float(shares.max())}


def two_groups(seed: int, separation: float) -> np.ndarray:
    """Draw 1,000 normal values around -separation and 1,000 around +separation."""
    noise = np.random.default_rng(seed).normal(size=(2, 1000))
    return (noise + np.array([[-separation], [separation]])).ravel()


def measure_groups(seed: int, separation: float) -> dict[str, float]:
    """Return the variance of two groups and their entropy in bins of width 0.5."""
    values = two_groups(seed, separation)
    return {"variance": float(values.var()), "entropy": histogram_entropy(values, EDGES)}


ONE_EVENT = Experiment(
    name="one_event",
    question="At which probability is an event most uncertain?",
    independent={"num_outcomes": (2, 4, 8), "probability": np.linspace(0, 1, 101).round(2)},
    trial=measure_event,
    seeds=range(1),
    units={
        "num_outcomes": "outcomes",
        "probability": "probability of one of them",
        "entropy": "entropy (bits)",
    },
)
OUTCOMES = Experiment(
    name="outcomes",
    question="Does low entropy mean that values repeat?",
    independent={"num_outcomes": (2, 4, 8, 16), "peakedness": (0, 1, 3, 10)},
    trial=measure_outcomes,
    units={
        "num_outcomes": "outcomes",
        "peakedness": "peakedness (0: all alike)",
        "entropy": "entropy (bits)",
        "commonest": "share of the commonest value",
    },
)
ENTROPY_OR_VARIANCE = Experiment(
    name="entropy_or_variance",
    question="Do entropy and variance see the same?",
    independent={"separation": (0, 1, 2, 4, 8, 16)},
    trial=measure_groups,
    units={"separation": "distance of each group from 0", "entropy": "entropy (bits)"},
)

# The claims


def peak_at_half(results: "xr.Dataset") -> list[Evidence]:
    """How far from .5 the entropy is largest, for each number of outcomes."""
    peaks = results["entropy"].isel(seed=0).idxmax("probability")
    return [
        Evidence.exact(f"{count} outcomes", abs(float(peak) - 0.5), 101, at_most=0.005)
        for count, peak in zip(results["num_outcomes"].values, peaks, strict=True)
    ]


def repeats(results: "xr.Dataset") -> Evidence:
    """Rank correlation, for each seed, of entropy with the share of the commonest value."""
    from scipy.stats import spearmanr

    flat = results.stack(condition=("num_outcomes", "peakedness")).transpose("seed", "condition")
    pairs = zip(flat["entropy"].values, flat["commonest"].values, strict=True)
    return Evidence.from_mean(
        "16 kinds of data", np.array([spearmanr(*pair)[0] for pair in pairs]), at_most=-0.95
    )


def different_things(results: "xr.Dataset") -> list[Evidence]:
    """What happens to variance and entropy when the groups move from 4 to 16."""
    near, far = results.sel(separation=4), results.sel(separation=16)
    return [
        Evidence.from_mean(
            "variance grows by this factor", far["variance"] / near["variance"], at_least=10
        ),
        Evidence.from_mean(
            "entropy changes by", abs(far["entropy"] - near["entropy"]), at_most=0.1, unit="bits"
        ),
    ]


def certain_at_the_ends(results: "xr.Dataset") -> list[Evidence]:
    """Entropy of an event of probability 0 or 1."""
    values = results["entropy"].isel(seed=0)
    return [
        Evidence.exact(
            f"{count} outcomes, probability {end}",
            float(values.sel(num_outcomes=count, probability=end)),
            1,
            at_most=1e-9,
            unit="bits",
        )
        for count in (2, 4)
        for end in (0, 1)
    ]


def straight_variance(results: "xr.Dataset") -> Evidence:
    """How far the variance at probability .5 lies above a straight line from 0 to 1."""
    variance = results["variance"].isel(seed=0, num_outcomes=0)
    line = (variance.sel(probability=0) + variance.sel(probability=1)) / 2
    height = float(variance.sel(probability=0.5) - line)
    return Evidence.exact("variance at 0.5, above a straight line", height, 3, at_most=1e-9)


CLAIMS = (
    Claim(
        "C-entropy-1",
        "Entropy is largest at probability 0.5.",
        ONE_EVENT,
        peak_at_half,
        note="distance of the peak from 0.5; holds up to half a step of the grid, 0.005",
    ),
    Claim(
        "C-entropy-2",
        "Low entropy means that most of the values repeat.",
        OUTCOMES,
        repeats,
        note="rank correlation of entropy and the share of the commonest value; holds to −0.95",
    ),
    Claim(
        "C-entropy-3",
        "Entropy and variance measure different things.",
        ENTROPY_OR_VARIANCE,
        different_things,
        note="groups move from 4 to 16; holds if the variance grows tenfold and the entropy stays",
    ),
    Claim(
        "C-entropy-4",
        "An event is most predictable at 0 and at 1.",
        ONE_EVENT,
        certain_at_the_ends,
        note="entropy that is left; holds at 0",
    ),
    Claim(
        "C-entropy-5",
        "Entropy differs from variance in being nonlinear.",
        ONE_EVENT,
        straight_variance,
        note="if the variance were linear in the probability, this would be 0",
    ),
)

# The figure


def plot_arch(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the entropy of a coin over its probability, with 0, .5 and 1 marked."""
    values = results["entropy"].isel(seed=0).sel(num_outcomes=2)
    drawing, axes = plots.figure(
        "Entropy of a coin against its probability: an arch from 0 at probability 0 up to 1 bit "
        "at 0.5 and back to 0 at probability 1."
    )
    axes.plot(values["probability"], values, color="blue")
    marked = values.sel(probability=[0, 0.5, 1])
    axes.plot(marked["probability"], marked, "o", color="accent", clip_on=False)
    plots.note(axes, "never happens", (0, 0), (34, 12))
    plots.note(axes, "most uncertain", (0.5, 1), (0, -34))
    plots.note(axes, "always happens", (1, 0), (-34, 12))
    axes.set(xlabel="probability", ylabel="entropy (bits)", xlim=(-0.02, 1.02), ylim=(0, 1.05))
    return drawing


def plot_one_event(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw entropy over the probability of one event, for 2, 4 and 8 outcomes, peaks marked."""
    drawing, axes = plots.figure(
        "Entropy against the probability of one of 2, 4 or 8 outcomes: three arches that end in "
        "0 at probability 1 and have their peaks at 1/2, 1/4 and 1/8."
    )
    curves = results["entropy"].isel(seed=0)
    for count, values in zip(results["num_outcomes"].values, curves, strict=True):
        (line,) = axes.plot(values["probability"], values)
        axes.plot([1 / count], [max_entropy(count)], "o", color=line.get_color())
        plots.note(axes, f"{count} outcomes", (1 / count, max_entropy(count)), (0, -24))
    axes.set(xlabel="probability of one outcome", ylabel="entropy (bits)", ylim=(0, 3.4))
    return drawing


def plot_strips(strips: Sequence[str]) -> "plots.BookFigure":
    """Draw words as strips of boxes, with the entropy of their letters."""
    described = [f"{strip}: {_letter_entropy(strip):.2f} bits" for strip in strips]
    drawing, axes = plots.diagram(
        f"Strips of letters with their entropies. {'; '.join(described)}.",
        height=1.1 * len(strips),
    )
    for row, strip in enumerate(reversed(strips)):
        title = f"{_letter_entropy(strip):.2f} bits"
        plots.matrix(axes, [list(strip)], corner=(0.7, 0.1 + 1.1 * row), title=title)
    return drawing


def _letter_entropy(text: str) -> float:
    """Measure the entropy of the letters of a text, in bits."""
    return float(entropy(np.unique(list(text), return_counts=True)[1] / len(text)))


def plot_outcomes(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw entropy against peakedness, one line per number of outcomes."""
    alt = (
        "Entropy against peakedness for 2, 4, 8 and 16 outcomes: all lines start at their largest "
        "value, the logarithm of the number of outcomes, and fall towards 0."
    )
    return plots.curves(results, "entropy", "peakedness", "num_outcomes", alt=alt)[0]


def plot_entropy_or_variance(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw variance and entropy of two groups against their distance."""
    drawing, panels = plots.figure(
        "Two panels against the distance of two groups: the variance climbs ever more steeply to "
        "257, the entropy rises by one bit and then stays level.",
        rows=2,
        height=5,
        sharex=True,
    )
    for panel, name, color in zip(panels, ("variance", "entropy"), ("orange", "blue"), strict=True):
        plots.band(panel, results["separation"], mean_interval(results[name]), color=color)
        panel.set(ylabel=plots.axis_name(results, name))
        panel.set_ylim(bottom=0)
    panels[-1].set(xlabel="distance of each group from 0")
    return drawing
