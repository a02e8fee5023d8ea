"""Cross-entropy: the surprise of someone who believes one thing while another is true."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval
from dlbook.maths.entropy import distribution, entropy, max_entropy, unit
from dlbook.maths.softmax import softmax

if TYPE_CHECKING:
    import xarray as xr

# The idea


def cross_entropy(p: ArrayLike, q: ArrayLike, base: float = math.e) -> np.ndarray:
    r"""Measure the mean surprise of a model q in a world p: $H(p, q) = -\sum_i p_i \log q_i$.

    Smallest, and then the entropy of p, if the model is the truth. Infinite if the model calls
    impossible ($q_i = 0$) what does happen ($p_i > 0$).

    Args:
        p: The true probabilities, shape (..., num_outcomes), each row sums to 1.
        q: What the model says, same shape.
        base: Above 1. With $e$ the unit is nats, with 2 bits.

    Returns:
        One number per row, shape (...), from the entropy of p up to infinity.

    Raises:
        ValueError: A row of `p` or `q` is no distribution, their shapes differ, or `base` is
            not above 1.

    Example:
        >>> print(cross_entropy([1, 0], [0.25, 0.75], base=2))
        2.0
    """
    truth, model = distribution(p, "p"), distribution(q, "q")
    if truth.shape != model.shape:
        raise ValueError(
            f"`q` must have the shape of `p`, {truth.shape}. Received: shape {model.shape}"
        )
    with np.errstate(divide="ignore"):
        surprises = np.where(truth > 0, -np.log(model), 0)
    return (truth * surprises).sum(axis=-1) / unit(base)


def kl_divergence(p: ArrayLike, q: ArrayLike, base: float = math.e) -> np.ndarray:
    r"""Measure the surprise that a wrong model adds: $\mathrm{KL}(p\|q) = H(p, q) - H(p)$.

    Never negative, and 0 only if both distributions are the same. The name is short for
    Kullback-Leibler divergence.

    Args:
        p: The true probabilities, shape (..., num_outcomes), each row sums to 1.
        q: What the model says, same shape.
        base: Above 1. With $e$ the unit is nats, with 2 bits.

    Returns:
        One number per row, shape (...), from 0 up to infinity.

    Raises:
        ValueError: As for `cross_entropy`.

    Example:
        >>> print(kl_divergence([0.5, 0.5], [0.25, 0.75]).round(4))
        0.1438
    """
    return cross_entropy(p, q, base) - entropy(p, base)


def label_cross_entropy(label: ArrayLike, probabilities: ArrayLike) -> np.ndarray:
    r"""Take the surprise of the true class: $-\log q_y$, in nats.

    The cross-entropy for a truth that is certain, so that all terms but one are 0.

    Args:
        label: The true class $y$, a whole number from 0, one per row: shape (...).
        probabilities: What the model says, $q$, shape (..., num_classes), rows that sum to 1.

    Returns:
        One number per row, shape (...), from 0 up to infinity.

    Raises:
        ValueError: A row of `probabilities` is no distribution, or `label` is not one class for
            each row.

    Example:
        >>> print(label_cross_entropy(0, [0.25, 0.75]).round(4))
        1.3863
    """
    shares, labels = distribution(probabilities, "probabilities"), np.asarray(label)
    is_class = labels.dtype.kind in "iu" and ((labels >= 0) & (labels < shares.shape[-1])).all()
    if labels.shape != shares.shape[:-1] or not is_class:
        raise ValueError(
            f"`label` must hold one whole number from 0 to {shares.shape[-1] - 1} for each row, "
            f"shape {shares.shape[:-1]}. Received: {label!r}"
        )
    chosen = np.take_along_axis(shares, labels[..., np.newaxis], axis=-1)[..., 0]
    with np.errstate(divide="ignore"):
        return -np.log(chosen)


def double_softmax_floor(num_classes: int) -> float:
    r"""Return the lowest loss after a second softmax: $\log(e + K - 1) - 1$, in nats.

    The second softmax receives shares, at best 1 for the true class and 0 for the others.

    Args:
        num_classes: $K$, 1 or more.

    Returns:
        The loss of a perfect prediction that went through softmax once too often.

    Raises:
        ValueError: `num_classes` is below 1.

    Example:
        >>> round(double_softmax_floor(10), 3)
        1.461
    """
    if num_classes < 1:
        raise ValueError(f"`num_classes` must be 1 or more. Received: {num_classes!r}")
    return math.log(math.e + num_classes - 1) - 1


# The experiment


def measure_guess(seed: int, truth: float, guess: float) -> dict[str, float]:
    """Return what a guess costs on average, if an event has the probability `truth`."""
    return {
        "cross_entropy": float(cross_entropy([truth, 1 - truth], [guess, 1 - guess])),
        "squared_error": truth * (1 - guess) ** 2 + (1 - truth) * guess**2,
    }


def measure_pair(seed: int) -> dict[str, float]:
    """Compare two random distributions over ten outcomes, in both directions."""
    p, q = softmax(np.random.default_rng(seed).normal(size=(2, 10)))
    return {
        "difference": float(cross_entropy(p, q) - cross_entropy(q, p)),
        "extra": float(kl_divergence(p, q)),
    }


def measure_model(seed: int, scale: float) -> dict[str, float]:
    """Draw 1,000 labels from softmax(z); report softmax(scale z)."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=2, size=(1000, 10))
    thresholds = softmax(logits).cumsum(axis=1)
    labels = (generator.uniform(size=(1000, 1)) > thresholds[:, :-1]).sum(axis=1)
    reported = softmax(scale * logits)
    return {
        "accuracy": float((reported.argmax(axis=1) == labels).mean()),
        "cross_entropy": float(label_cross_entropy(labels, reported).mean()),
    }


GUESS = Experiment(
    name="guess",
    question="Which guess has the lowest cross-entropy?",
    independent={
        "truth": (0.1, 0.25, 0.5, 0.9),
        "guess": np.linspace(0.01, 0.99, 99).round(2),
    },
    trial=measure_guess,
    seeds=range(1),
    units={"truth": "true probability", "cross_entropy": "cross-entropy (nats)"},
)
BOTH_WAYS = Experiment(
    name="both_ways",
    question="Does it matter which distribution is the truth?",
    independent={},
    trial=measure_pair,
    seeds=range(1000),
    units={"difference": "H(p, q) − H(q, p) (nats)", "extra": "KL(p‖q) (nats)"},
)
SURE_OR_RIGHT = Experiment(
    name="sure_or_right",
    question="Do models of the same accuracy have the same cross-entropy?",
    independent={"scale": (0.1, 0.25, 0.5, 1, 2, 4, 10)},
    trial=measure_model,
    units={"scale": "scale of the numbers", "cross_entropy": "cross-entropy (nats)"},
)

# The claims


def lowest_at_the_truth(guess: "xr.Dataset", pairs: "xr.Dataset") -> list[Evidence]:
    """How far the best guess lies from the truth, and the smallest extra of a wrong model."""
    best = guess["cross_entropy"].isel(seed=0).idxmin("guess")
    extra = float(pairs["extra"].min())
    return [
        Evidence.exact(
            "a coin: largest distance of best guess from truth",
            float(abs(best - best["truth"]).max()),
            guess["cross_entropy"].size,
            at_most=0.01,
        ),
        Evidence.exact(
            "ten outcomes: smallest extra of a wrong model",
            extra,
            pairs.sizes["seed"],
            at_least=0,
            unit="nats",
        ),
    ]


def alike_both_ways(results: "xr.Dataset") -> Evidence:
    """Mean distance of H(p, q) and H(q, p) over random pairs."""
    return Evidence.from_mean(
        "distance of H(p, q) and H(q, p)", abs(results["difference"]), at_most=1e-9, unit="nats"
    )


def better_than_blind(results: "xr.Dataset") -> list[Evidence]:
    """Cross-entropy that a model saves against one that calls all ten classes equally likely."""
    saved = max_entropy(10, base=math.e) - results["cross_entropy"]
    return [
        Evidence.from_mean(f"scale {scale:g}", saved.sel(scale=scale), at_least=0, unit="nats")
        for scale in (0.1, 1, 4, 10)
    ]


CLAIMS = (
    Claim(
        "C-cross_entropy-1",
        "Cross-entropy is smallest when the model is the truth.",
        (GUESS, BOTH_WAYS),
        lowest_at_the_truth,
        note="holds if the best guess is the truth within 0.01 and no wrong model is better",
    ),
    Claim(
        "C-cross_entropy-2",
        "It describes the relation of two distributions, whichever of them comes first.",
        BOTH_WAYS,
        alike_both_ways,
        note="holds up to 10⁻⁹, room for rounding",
    ),
    Claim(
        "C-cross_entropy-3",
        "It measures the performance of a model.",
        SURE_OR_RIGHT,
        better_than_blind,
        note="models of one accuracy, far above chance; nats saved against a blind guess; holds "
        "from 0 up",
    ),
)

# The figure


def plot_pair(p: ArrayLike, q: ArrayLike, names: Sequence[str]) -> "plots.BookFigure":
    """Draw truth and model as paired bars, and below what each outcome adds, in bits."""
    truth, model = numbers(p, "p", rank=1), numbers(q, "q", rank=1)
    drawing, (above, below) = plots.figure(
        f"Above: bars of truth and model, side by side, for {', '.join(names)}. Below: what each "
        "adds to the cross-entropy, its true share times its surprise.",
        rows=2,
        height=5,
    )
    places = np.arange(len(names))
    above.bar(places - 0.2, truth, 0.38, color="blue", label="truth p")
    above.bar(places + 0.2, model, 0.38, color="orange", label="model q")
    above.set_xticks(places, names)
    above.set(ylabel="share")
    above.legend()
    terms = -truth * np.log2(model)
    bars = below.bar(places, terms, 0.5, color="accent")
    below.bar_label(bars, fmt="%.3g", padding=2)
    below.set_xticks(places, names)
    below.set(ylabel="true share · surprise (bits)")
    below.margins(y=0.15)
    return drawing


def plot_guess(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw cross-entropy over the guess for each truth, with minima on the arch of entropy."""
    values = results["cross_entropy"].isel(seed=0)
    guesses = values["guess"].values
    drawing, axes = plots.figure(
        "Cross-entropy against the guessed probability for four true ones: four valleys, each "
        "lowest where guess and truth are the same; the lowest points lie on a dashed arch.",
        height=4.4,
    )
    arch = entropy(np.column_stack([guesses, 1 - guesses]), base=math.e)
    axes.plot(guesses, arch, color="muted", linewidth=1.2, linestyle="--")
    for truth, valley in zip(values["truth"].values, values, strict=True):
        (line,) = axes.plot(guesses, valley, label=f"{truth:g}")
        axes.plot([truth], [valley.sel(guess=truth)], "o", color=line.get_color())
    axes.set(xlabel="guessed probability q", ylabel="cross-entropy (nats)", ylim=(0, 4.5))
    axes.annotate("dashed: entropy of p", (0.5, 0.1), ha="center", color="muted")
    plots.label_lines(axes, title="truth p")
    return drawing


def plot_sure_or_right(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy and cross-entropy against the scale of the model's numbers."""
    drawing, panels = plots.figure(
        "Two panels against scale: the accuracy is a level line at 0.53; the cross-entropy is a "
        "valley with its lowest point at scale 1, and at scale 10 far above a blind guess.",
        rows=2,
        height=5,
        sharex=True,
    )
    for panel, name, color in zip(
        panels, ("accuracy", "cross_entropy"), ("blue", "orange"), strict=True
    ):
        plots.log_axis(panel, "x")
        plots.band(panel, results["scale"], mean_interval(results[name]), color=color)
        panel.set(ylabel=plots.axis_name(results, name))
    panels[0].set_ylim(0, 1)
    panels[1].set_ylim(0, 7)
    plots.reference(panels[1], max_entropy(10, base=math.e), "blind guess")
    panels[1].set(xlabel="scale of the numbers")
    return drawing
