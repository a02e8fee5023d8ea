"""Softmax: any list of numbers becomes shares of one whole."""

from collections.abc import Callable, Sequence
from itertools import pairwise
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


def softmax(logits: ArrayLike, temperature: float = 1.0) -> np.ndarray:
    r"""Turn numbers into shares of one whole: $p_i = e^{z_i/T} / \sum_j e^{z_j/T}$.

    Only differences between the numbers count. The largest number is therefore
    subtracted first, which changes nothing but keeps the exponentials from overflowing.

    Args:
        logits: The numbers $z$, shape (..., num_classes), any finite values.
        temperature: $T > 0$. Low makes the largest share larger, high makes all alike.

    Returns:
        The shares $p$, same shape, between 0 and 1; each row (last axis) sums to 1.

    Raises:
        ValueError: `logits` is a single number, empty or not finite, or `temperature` is not
            above 0.

    Example:
        >>> softmax([1, 2, 3]).round(4)
        array([0.09  , 0.2447, 0.6652])

    Source:
        Bridle (1990), who gave it the name.
    """
    values = numbers(logits, "logits")
    below_largest = values - values.max(axis=-1, keepdims=True)
    exponentials = np.exp(below_largest / positive(temperature, "temperature"))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def naive_softmax(logits: ArrayLike) -> np.ndarray:
    """Compute softmax as the formula is written: nan if a number is above 709 or all below -745.

    Args:
        logits: The numbers $z$, shape (..., num_classes).

    Returns:
        The shares, same shape; nan wherever an exponential is too large for a float.

    Raises:
        ValueError: `logits` is a single number, empty or not finite.

    Example:
        >>> naive_softmax([5, 5])
        array([0.5, 0.5])
    """
    exponentials = np.exp(numbers(logits, "logits"))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


# The experiment

FORMS: dict[str, Callable] = {"stable": softmax, "as written": naive_softmax}


def count_valid(seed: int, form: str, largest: float) -> dict[str, float]:
    """Return the part of 100 random lists that `form` turns into shares of one whole."""
    logits = np.random.default_rng(seed).uniform(-largest, largest, size=(100, 10))
    with np.errstate(over="ignore", invalid="ignore"):
        shares = FORMS[form](logits)
    inside = ((shares >= 0) & (shares <= 1)).all(axis=1)
    return {"valid": float(np.mean(inside & np.isclose(shares.sum(axis=1), 1, atol=1e-12)))}


def measure_shift(seed: int, shift: float) -> dict[str, float]:
    """Return how much the shares move when `shift` is added to every number."""
    logits = np.random.default_rng(seed).normal(size=10)
    return {"largest_change": float(np.abs(softmax(logits + shift) - softmax(logits)).max())}


def measure_confidence(seed: int, temperature: float) -> dict[str, float]:
    """Return the largest of ten shares of standard normal numbers."""
    logits = np.random.default_rng(seed).normal(size=10)
    return {"confidence": float(softmax(logits, temperature).max())}


def measure_calibration(seed: int, scale: float) -> dict[str, float]:
    """Draw 1,000 labels from softmax(z), report softmax(scale z), compare promise and fact."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=2, size=(1000, 10))
    thresholds = softmax(logits).cumsum(axis=1)
    labels = (generator.uniform(size=(1000, 1)) > thresholds[:, :-1]).sum(axis=1)
    reported = softmax(scale * logits)
    confidence, right = reported.max(axis=1), reported.argmax(axis=1) == labels
    gaps = np.bincount((confidence * 10).astype(int), confidence - right)
    return {
        "accuracy": float(right.mean()),
        "confidence": float(confidence.mean()),
        "calibration_error": float(np.abs(gaps).sum() / len(labels)),
    }


VALID = Experiment(
    name="valid",
    question="For which inputs are the outputs between 0 and 1, with sum 1?",
    independent={"form": tuple(FORMS), "largest": (1, 10, 100, 700, 1000, 2000)},
    trial=count_valid,
    seeds=range(100),
    units={"largest": "largest input", "valid": "part of lists that are valid"},
)
SHIFT = Experiment(
    name="shift",
    question="Does adding the same number to all inputs change anything?",
    independent={"shift": (-1000, -1, 1, 1000)},
    trial=measure_shift,
    units={"largest_change": "largest change of a share"},
)
CONFIDENCE = Experiment(
    name="confidence",
    question="How does temperature change the largest share?",
    independent={"temperature": (0.1, 0.3, 1, 3, 10)},
    trial=measure_confidence,
    seeds=range(200),
    units={"confidence": "largest of ten shares"},
)
CALIBRATION = Experiment(
    name="calibration",
    question="Is a model that says 80 % right 80 % of the time?",
    independent={"scale": (0.1, 0.25, 0.5, 1, 2, 4, 10)},
    trial=measure_calibration,
    units={"scale": "scale of the numbers"},
)

# The claims


def all_valid(results: "xr.Dataset") -> list[Evidence]:
    """Part of all lists that the stable form turns into shares, for each size of input."""
    stable = results["valid"].sel(form="stable").mean("seed")
    return [
        Evidence.exact(
            f"inputs up to {size:,}", float(stable.sel(largest=size)), 10_000, at_least=1
        )
        for size in (1, 1000, 2000)
    ]


def broken_promise(results: "xr.Dataset") -> list[Evidence]:
    """Calibration error for a timid, the true and a bold scale."""
    error = results["calibration_error"]
    return [
        Evidence.from_mean(f"scale {scale:g}", error.sel(scale=scale), at_most=0.05)
        for scale in (0.1, 1, 10)
    ]


def unchanged(results: "xr.Dataset") -> list[Evidence]:
    """Largest change of any share, over all seeds, for each shift."""
    change = results["largest_change"].max("seed")
    return [
        Evidence.exact(
            f"{shift:+g}".replace("-", "−"),
            float(change.sel(shift=shift)),
            results.sizes["seed"],
            at_most=1e-12,
        )
        for shift in results["shift"].values
    ]


def hotter_minus_colder(results: "xr.Dataset") -> list[Evidence]:
    """Change of confidence from each temperature to the next, paired by seed."""
    levels = results["temperature"].values
    confidence = results["confidence"]
    return [
        Evidence.from_mean(
            f"{cold:g} to {hot:g}",
            confidence.sel(temperature=hot) - confidence.sel(temperature=cold),
            at_most=0,
        )
        for cold, hot in pairwise(levels)
    ]


CLAIMS = (
    Claim(
        "C-softmax-1",
        "The outputs lie between 0 and 1 and add up to 1.",
        VALID,
        all_valid,
        note="part of 10,000 random lists for which it is so, with a sum within 10⁻¹² of 1",
    ),
    Claim(
        "C-softmax-2",
        "The outputs are probabilities.",
        CALIBRATION,
        broken_promise,
        note="calibration error: mean gap of confidence and accuracy in ten bins; holds up to 0.05",
    ),
    Claim(
        "C-softmax-3",
        "Adding the same number to every input changes nothing.",
        SHIFT,
        unchanged,
        note="largest change of a share; holds up to 10⁻¹², room for rounding",
    ),
    Claim(
        "C-softmax-4",
        "Heat lowers confidence.",
        CONFIDENCE,
        hotter_minus_colder,
        note="change of confidence from one temperature to the next",
    ),
)

# The figure


def plot_steps(logits: ArrayLike, names: Sequence[str]) -> "plots.BookFigure":
    """Draw numbers, exponentials and shares as bars, and the shares as slices of one whole."""
    values = numbers(logits, "logits", rank=1)
    panels = {"numbers": values, "exponentials": np.exp(values), "shares": softmax(values)}
    figure, axes = plots.figure(
        f"Bars for the numbers of {', '.join(names)}, for their exponentials and for their "
        "shares, and one bar cut into the shares.",
        rows=2,
        columns=2,
        height=5,
    )
    colors = [plots.CYCLE[place % len(plots.CYCLE)] for place in range(len(values))]
    for panel, (title, heights) in zip(axes.flat[:3], panels.items(), strict=True):
        bars = panel.bar(names, heights, color=colors, width=0.6)
        panel.bar_label(bars, fmt="%.3g", padding=2)
        panel.set(title=title, yticks=[])
        panel.margins(y=0.15)
    tops = panels["shares"].cumsum()
    for name, share, top, color in zip(names, panels["shares"], tops, colors, strict=True):
        axes[1, 1].bar([0], [share], bottom=top - share, color=color, width=0.6)
        axes[1, 1].annotate(f"{name} {share:.0%}", (0.38, top - share / 2), va="center")
    axes[1, 1].set(title="slices of one whole", xlim=(-0.6, 1.8), yticks=[], xticks=[])
    return figure


def plot_straight_line(logits: ArrayLike) -> "plots.BookFigure":
    """Draw shares against numbers on a logarithmic axis: a straight line of slope 1."""
    values = numbers(logits, "logits", rank=1)
    figure, axes = plots.figure(
        "Share against number on a logarithmic axis: all dots lie on one straight rising line."
    )
    axes.set_yscale("log")
    grid = np.linspace(values.min(), values.max(), 2)
    total = np.log(np.exp(values - values.max()).sum()) + values.max()
    axes.plot(grid, np.exp(grid - total), color="muted", linewidth=1)
    axes.plot(values, softmax(values), "o", color="blue")
    axes.set(xlabel="number", ylabel="share", xticks=range(-5, 16, 5))
    return figure


def plot_confidence(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the largest of ten shares against temperature."""
    alt = "Confidence against temperature: about 0.9 in the cold, near one in ten in the heat."
    figure, axes = plots.curves(results, "confidence", "temperature", alt=alt)
    plots.reference(axes, 0.1, "1 in 10: all alike")
    axes.set_ylim(0, 1)
    return figure


def plot_calibration(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what the model promises and what it delivers against the scale of its numbers."""
    figure, axes = plots.figure(
        "Confidence and accuracy against scale: accuracy is level, confidence rises and crosses "
        "it at scale 1."
    )
    plots.log_axis(axes, "x")
    for name in ("confidence", "accuracy"):
        plots.band(axes, results["scale"], mean_interval(results[name]), label=name)
    plots.reference(axes, 1, "the truth", along="y")
    axes.set(xlabel="scale of the numbers", ylabel="share", ylim=(0, 1))
    plots.label_lines(axes)
    return figure


def plot_valid(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of valid outputs against the size of the inputs, for both forms."""
    alt = (
        "Part of lists that are valid against the largest input: the stable form stays at 1, the "
        "formula as written falls towards 0."
    )
    return plots.curves(results, "valid", "largest", "form", alt=alt)[0]
