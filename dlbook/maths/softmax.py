"""Softmax: any list of numbers becomes shares of one whole."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval

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
    scaled = numbers(logits, "logits") / positive(temperature, "temperature")
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def naive_softmax(logits: ArrayLike) -> np.ndarray:
    """Compute softmax as the formula is written, which overflows to nan above about 709.

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
    """Return the share of 100 random vectors that `form` turns into probabilities."""
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
    return {
        "accuracy": float(np.mean(reported.argmax(axis=1) == labels)),
        "confidence": float(np.mean(reported.max(axis=1))),
    }


VALID = Experiment(
    name="valid",
    question="For which inputs are the outputs between 0 and 1, with sum 1?",
    independent={"form": tuple(FORMS), "largest": (1, 10, 100, 700, 1000, 2000)},
    trial=count_valid,
    seeds=range(100),
    units={"largest": "largest input", "valid": "share of vectors that are valid"},
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


def all_valid(results):
    """Share of valid outputs of the stable form, for each size of input."""
    stable = results["valid"].sel(form="stable")
    return [
        Evidence.from_mean(f"inputs up to {size}", stable.sel(largest=size), at_least=1)
        for size in stable["largest"].values
    ]


def promise_minus_fact(results):
    """Confidence minus accuracy, for a timid, the true and a bold scale."""
    gap = results["confidence"] - results["accuracy"]
    return [
        Evidence.from_mean(f"scale {scale:g}", gap.sel(scale=scale), at_least=-0.02, at_most=0.02)
        for scale in (0.1, 1, 10)
    ]


def unchanged(results):
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


def hotter_minus_colder(results):
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
        note="holds if all of 10,000 random lists come out so",
    ),
    Claim(
        "C-softmax-2",
        "The outputs are probabilities.",
        CALIBRATION,
        promise_minus_fact,
        note="confidence minus accuracy; holds within ±0.02",
    ),
    Claim(
        "C-softmax-3",
        "Adding the same number to every input changes nothing.",
        SHIFT,
        unchanged,
        note="largest change of a share; holds below 10⁻¹², the size of rounding",
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


def plot_steps(logits: ArrayLike):
    """Draw numbers, exponentials and shares as bars, and the shares as slices of one whole."""
    values = numbers(logits, "logits", rank=1)
    panels = {"numbers": values, "exponentials": np.exp(values), "shares": softmax(values)}
    names = [f"{value:g}" for value in values]
    figure, axes = plots.figure(
        f"Bars for the numbers {', '.join(names)}, for their exponentials and for their shares, "
        "and one bar cut into the three shares.",
        rows=2,
        columns=2,
        height=5,
    )
    for panel, (title, heights) in zip(axes.flat, panels.items(), strict=False):
        bars = panel.bar(names, heights, color="blue", width=0.6)
        panel.bar_label(bars, fmt="%.3g", padding=2)
        panel.set(title=title, xlabel="input", yticks=[])
        panel.margins(y=0.15)
    start = 0.0
    for name, share, color in zip(names, panels["shares"], plots.CYCLE, strict=False):
        axes[1, 1].bar(["whole"], [share], bottom=start, color=color, width=0.6)
        axes[1, 1].annotate(f"{name}: {share:.0%}", (0.38, start + share / 2), va="center")
        start += share
    axes[1, 1].set(title="slices of one whole", xlim=(-0.6, 1.2), yticks=[], xticks=[])
    return figure


def plot_straight_line(logits: ArrayLike):
    """Draw shares against numbers on a logarithmic axis: a straight line of slope 1."""
    values = numbers(logits, "logits", rank=1)
    figure, axes = plots.figure(
        "Share against number on a logarithmic axis: all dots lie on one straight rising line."
    )
    axes.set_yscale("log")
    axes.plot(np.sort(values), np.sort(softmax(values)), color="muted", linewidth=1)
    axes.plot(values, softmax(values), "o", color="blue")
    axes.set(xlabel="number", ylabel="share")
    return figure


def plot_confidence(results):
    """Draw the largest of ten shares against temperature."""
    figure, axes = plots.curves(
        results,
        "confidence",
        "temperature",
        alt="Confidence against temperature: nearly 1 in the cold, nearly one in ten in the heat.",
    )
    plots.reference(axes, 0.1, "1 in 10: all alike")
    axes.set_ylim(0, 1)
    return figure


def plot_calibration(results):
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


def plot_valid(results):
    """Draw the share of valid outputs against the size of the inputs, for both forms."""
    figure, _ = plots.curves(
        results,
        "valid",
        "largest",
        "form",
        alt="Share of valid outputs against the largest input: the stable form stays at 1, the "
        "formula as written falls towards 0.",
    )
    return figure
