"""Regularization: whatever keeps a network from learning its examples by heart."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.augment import shift
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.hidden import dense_layers, participation, relu_activations, train_accuracy
from dlbook.lab.regularized import (
    dropout_mlp,
    epochs_needed,
    paired_rows,
    repeated_digits,
)
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def roughness(heights: ArrayLike, spacing: float) -> np.ndarray:
    r"""Say how much a curve bends: the mean squared second difference.

    $$\frac1{N-2}\sum_i \left(\frac{f_{i-1} - 2 f_i + f_{i+1}}{d^2}\right)^2$$

    It is 0 for a straight line. A wiggle that is half as wide and equally high has 16 times the
    roughness.

    Args:
        heights: Values $f_i$ of the curve at $N$ evenly spaced places, last axis, 3 or more.
        spacing: Distance $d$ of the places, above 0.

    Returns:
        One number for each curve.

    Raises:
        ValueError: There are fewer than three places, or `spacing` is not above 0.

    Example:
        >>> float(roughness([0, 1, 4, 9], 1)), float(roughness([1, 2, 3], 1))
        (4.0, 0.0)
    """
    values = numbers(heights, "heights")
    if values.shape[-1] < 3:
        raise ValueError(
            f"`heights` must hold three places or more. Received: shape {values.shape}"
        )
    if not spacing > 0:
        raise ValueError(f"`spacing` must be above 0. Received: {spacing!r}")
    return np.mean((np.diff(values, 2, axis=-1) / spacing**2) ** 2, axis=-1)


def sparsity(activations: ArrayLike, threshold: float = 0.0) -> float:
    """Say which share of the activations does not exceed a threshold.

    Args:
        activations: Outputs of the units of a layer, shape (examples, units).
        threshold: What counts as off.

    Returns:
        A share: 0 if all units are on for all examples, 1 if none ever is.

    Example:
        >>> sparsity([[0.0, 2.0], [0.0, 0.0]])
        0.75
    """
    return float(np.mean(np.abs(numbers(activations, "activations", rank=2)) <= threshold))


# The experiment

REGULARIZERS = ("none", "dropout", "L1", "L2", "small batches", "shifts")
SMOOTHERS = ("none", "dropout", "L1", "L2", "small batches", "jitter")
NETWORKS = ("64-32-10", "64-64-64-64-10")
SMALL, LARGE = NETWORKS
FEW, MANY, ROWS = 108, 1080, 2160
DROPOUT, L1, L2, WAVE_DROPOUT, WAVE_L1, WAVE_L2 = 0.1, 1e-4, 1e-4, 0.1, 1e-3, 1e-3
GRID, NOISE = np.linspace(0, 1, 101), 0.3


def digit_network(network: str, regularizer: str) -> "keras.Sequential":
    """Build a network for digits from its sizes, with dropout if that is the regularizer."""
    sizes = [int(units) for units in network.split("-")]
    return dropout_mlp(sizes, DROPOUT if regularizer == "dropout" else 0.0)


def some_digits(seed: int, num_examples: int, regularizer: str) -> Data:
    """Take some digits to learn from, repeated to 2,160 rows; "shifts" moves the repeated ones."""
    data = repeated_digits(seed, num_examples, ROWS)
    if regularizer != "shifts":
        return data
    moves = np.random.default_rng([seed, 61]).integers(-1, 2, size=(2, ROWS))
    moves[:, :num_examples] = 0
    return replace(data, x_train=np.float32(shift(data.x_train, *moves[::-1])))


def law(inputs: ArrayLike) -> np.ndarray:
    """Return one wave of a sine between 0 and 1."""
    return np.sin(2 * np.pi * np.asarray(inputs))


def wave_network(regularizer: str) -> "keras.Sequential":
    """Build 1-32-32-1 for the noisy wave."""
    return dropout_mlp((1, 32, 32, 1), WAVE_DROPOUT if regularizer == "dropout" else 0.0)


def noisy_wave(seed: int, regularizer: str) -> Data:
    """Draw 20 noisy examples, each repeated four times; "jitter" moves the repeated ones a bit."""
    generator = np.random.default_rng([seed, 62])
    x, fresh = generator.uniform(size=(20, 1)), generator.uniform(size=(200, 1))
    y, y_fresh = (law(part) + NOISE * generator.normal(size=part.shape) for part in (x, fresh))
    x, y = np.tile(x, (4, 1)), np.tile(y, (4, 1))
    if regularizer == "jitter":
        x = x + 0.05 * generator.normal(size=x.shape)
    return Data(*map(np.float32, (4 * x - 2, y, 4 * fresh - 2, y_fresh)))  # type: ignore


def weights_and_training(model: "keras.Model", data: Data) -> dict[str, float]:
    """Measure weights, hidden activations, and accuracy on training digits without dropout."""
    layers = dense_layers(model)
    hidden = relu_activations(layers, data.x_test)[-2]
    return train_accuracy(model, data) | {
        "largest_weight": float(max(np.abs(kernel).max() for kernel, _ in layers)),
        "near_zero": float(np.mean(np.abs(np.concatenate([k.ravel() for k, _ in layers])) < 1e-3)),
        "sparsity": sparsity(hidden),
        "participation": float(participation(hidden).mean()),
    }


def curve_of(model: "keras.Model") -> np.ndarray:
    """Compute what a network answers between 0 and 1 (its input goes from −2 to 2)."""
    return relu_activations(dense_layers(model), 4 * GRID[:, None] - 2)[-1].ravel()


def smoothness(model: "keras.Model", data: Data) -> dict[str, float]:
    """Measure how much the learned curve bends, and how far it is from the law."""
    heights = curve_of(model)
    return {
        "roughness": float(roughness(heights, GRID[1])),
        "error": float(np.mean((heights - law(GRID)) ** 2)),
    }


def penalties(l1: float, l2: float) -> dict[str, Any]:
    """Return the strengths of L1 and L2, each for the level of its name and 0 for all others."""
    return {
        "l1": by("regularizer", {"L1": l1}, default=0.0),
        "l2": by("regularizer", {"L2": l2}, default=0.0),
    }


THREE_TYPES = Experiment(
    name="three_types",
    question="What does each kind of regularization do to training and to fresh digits?",
    independent={"network": NETWORKS, "num_examples": (FEW, MANY), "regularizer": REGULARIZERS},
    full_independent={"network": (*NETWORKS, "64-256-256-10"), "num_examples": (FEW, 432, MANY)},
    trial=Training(
        digit_network,
        some_digits,
        "sparse_categorical_crossentropy_from_logits",
        optimizer="adam",
        learning_rate=0.005,
        batch_size=by("regularizer", {"small batches": 16}, default=64),
        **penalties(L1, L2),
        epochs=5,
        metrics=("accuracy",),
        outputs=weights_and_training,
    ),
)
SMOOTHNESS = Experiment(
    name="smoothness",
    question="Which regularizers make a learned curve smoother, and better?",
    independent={"regularizer": SMOOTHERS},
    trial=Training(
        wave_network,
        noisy_wave,
        "mean_squared_error",
        optimizer="adam",
        learning_rate=0.01,
        batch_size=by("regularizer", {"small batches": 16}, default=80),
        **penalties(WAVE_L1, WAVE_L2),
        epochs=300,
        keep_weights=True,
        keep_curves=False,
        outputs=smoothness,
    ),
)
TOO_MUCH = Experiment(
    name="too_much",
    question="What happens when regularization is far too strong?",
    independent={"times": (1, 10, 100)},
    trial=replace(
        THREE_TYPES.trial,  # type: ignore
        model=lambda times: dropout_mlp((64, 32, 10), min(0.9, times * DROPOUT)),
        data=partial(some_digits, num_examples=MANY, regularizer="shifts"),
        batch_size=64,
        l1=by("times", {times: times * L1 for times in (1, 10, 100)}),
        l2=by("times", {times: times * L2 for times in (1, 10, 100)}),
    ),
)

# The claims

ONE_OF_EACH = ("dropout", "L2", "shifts")
DIGITS = "{num_examples:,} digits"


def against_none(
    values: "xr.DataArray", names: Sequence[str], words: str = DIGITS, **bounds: float
) -> list[Evidence]:
    """Compare regularized networks with unregularized ones in pairs of a seed."""
    return [
        row
        for name in names
        for row in paired_rows(values, "regularizer", (name, "none"), f"{name}, {words}", **bounds)
    ]


def down_and_up(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy minus that of no regularizer: on training digits, then on fresh ones."""
    large, words = results.sel(network=LARGE, drop=True), f"{DIGITS}, "
    train = against_none(large["train_accuracy"], ONE_OF_EACH, words + "training", at_most=0)
    return train + against_none(large["test_accuracy"], ONE_OF_EACH, words + "fresh", at_least=0)


def gains(results: "xr.Dataset") -> "xr.DataArray":
    """Accuracy on fresh digits minus that of the network without regularizer."""
    test = results["test_accuracy"]
    return test.sel(regularizer=list(REGULARIZERS[1:])) - test.sel(regularizer="none", drop=True)


def more_with_data(results: "xr.Dataset") -> list[Evidence]:
    """Gain with many examples minus gain with few, for the large network."""
    gain = gains(results).sel(network=LARGE, drop=True)
    return paired_rows(gain, "num_examples", (MANY, FEW), "{regularizer}", at_least=0)


def more_with_size(results: "xr.Dataset") -> list[Evidence]:
    """Gain of the large network minus gain of the small one, with few and with many digits."""
    gain = gains(results).sel(regularizer=list(ONE_OF_EACH)).transpose("regularizer", ...)
    return paired_rows(gain, "network", (LARGE, SMALL), f"{{regularizer}}, {DIGITS}", at_least=0)


def smoother(results: "xr.Dataset") -> list[Evidence]:
    """Roughness of the learned curve in powers of ten, minus that without regularizer."""
    power: Any = np.log10(results["roughness"]).expand_dims(law=["wave"])  # type: ignore
    return against_none(power, SMOOTHERS[1:], "{law}", at_most=0)


def smaller_weights(results: "xr.Dataset") -> list[Evidence]:
    """Largest weight minus that without regularizer, large network."""
    large = results["largest_weight"].sel(network=LARGE, drop=True)
    return against_none(large, ("dropout", "L1", "L2"), at_most=0)


def longer_or_shorter(results: "xr.Dataset") -> list[Evidence]:
    """Epochs needed minus those without regularizer: more with dropout, fewer with batches."""
    needed = epochs_needed(results).sel(network=LARGE, drop=True)
    more = against_none(needed, ("dropout",), at_least=0)
    return more + against_none(needed, ("small batches",), at_most=0)


def representations(results: "xr.Dataset") -> list[Evidence]:
    """Participation minus that without regularizer: more with dropout, less with L1."""
    shares = results["participation"].sel(network=LARGE, drop=True)
    more = against_none(shares, ("dropout",), at_least=0)
    return more + against_none(shares, ("L1",), at_most=0)


CLAIMS = (
    Claim(
        "C-regularization-1",
        "Regularization can decrease training accuracy but increase generalization.",
        THREE_TYPES,
        down_and_up,
        note="accuracy minus that of no regularizer: train at most 0, test at least 0",
    ),
    Claim(
        "C-regularization-2",
        "Regularization generally works better with sufficient data.",
        THREE_TYPES,
        more_with_data,
        note="gain on fresh digits with 1,080 examples minus gain with 108; better is above 0",
    ),
    Claim(
        "C-regularization-3",
        "Regularization works better for large models with multiple hidden layers.",
        THREE_TYPES,
        more_with_size,
        note="gain of the large network minus gain of the small one; better is above 0",
    ),
    Claim(
        "C-regularization-4",
        "Regularization forces the solution to be smooth.",
        SMOOTHNESS,
        smoother,
        note="roughness in powers of ten, minus that of no regularizer; smoother is below 0",
    ),
    Claim(
        "C-regularization-5",
        "Regularization reduces large weights.",
        THREE_TYPES,
        smaller_weights,
        note="largest absolute weight minus that of no regularizer; smaller is below 0",
    ),
    Claim(
        "C-regularization-6",
        "Regularization can increase or decrease training time.",
        THREE_TYPES,
        longer_or_shorter,
        note="epochs to 95 % of the final validation accuracy, minus those of no regularizer; "
        "dropout: at least 0, small batches: at most 0",
    ),
    Claim(
        "C-regularization-7",
        "Representations become more distributed or more sparse, depending on the regularizer.",
        THREE_TYPES,
        representations,
        note="share of the last hidden units that take part, minus that of no regularizer; "
        "dropout: at least 0, L1: at most 0",
    ),
)

# The figure


def plot_three_types(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the gap of training and fresh accuracy by regularizer, for few and for many digits."""
    counts = results["num_examples"].values
    drawing, panels = plots.figure(
        "Two panels, for few and for many training digits: rows of dots, one row for each "
        "regularizer, with the gap of training and fresh accuracy.",
        rows=len(counts),
        height=7,
        sharex=True,
    )
    gap = (results["train_accuracy"] - results["test_accuracy"]).sel(network=LARGE)
    for panel, count in zip(np.ravel(panels), counts, strict=True):
        runs = gap.sel(num_examples=count)
        names = runs["regularizer"].values
        plots.strip(panel, {str(name): runs.sel(regularizer=name).values for name in names})
        panel.set(title=f"{count:,} digits")
    np.ravel(panels)[-1].set(xlabel="accuracy on training digits minus fresh ones")
    return drawing


def plot_gains(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what each regularizer changes on fresh digits, by number of digits and network."""
    drawing, panels = plots.figure(
        "Two panels, for a small and a large network: the mean gain in accuracy on fresh digits "
        "of each regularizer, with its interval, for few and for many digits.",
        rows=2,
        height=6.4,
        sharex=True,
    )
    gain = gains(results)
    names, colors = gain["regularizer"].values, ("orange", "blue")
    for panel, network in zip(np.ravel(panels), (SMALL, LARGE), strict=True):
        for offset, count, color in zip((-0.15, 0.15), (FEW, MANY), colors, strict=True):
            runs = mean_interval(gain.sel(network=network, num_examples=count))
            rows = np.arange(len(names)) + offset
            low, high = runs["low"].values, runs["high"].values
            panel.hlines(rows, low, high, color=color, linewidth=2.4)
            panel.plot(runs["mean"], rows, "o", color=color, label=f"{count:,} digits")
        panel.axvline(0, color="muted", linewidth=1)
        panel.set_yticks(range(len(names)), names)
        panel.invert_yaxis()
        panel.set_title(network)
    np.ravel(panels)[0].legend(loc="upper left")
    np.ravel(panels)[-1].set(xlabel="gain in accuracy on fresh digits")
    return drawing


def plot_smoothness(results: "xr.Dataset", num_curves: int = 8) -> "plots.BookFigure":
    """Draw the curves of some networks for three regularizers, with the law."""
    shown = [name for name in ("none", "dropout", "L2") if name in results["regularizer"].values]
    drawing, panels = plots.figure(
        "Three panels with a sine wave: the curves of networks without regularizer, with dropout "
        "and with L2, which follow the wave and some of the noise.",
        rows=len(shown),
        height=7.4,
        sharex=True,
        sharey=True,
    )
    names = [f"weights_{name}" for name in ("dense", "dense_1", "dense_2")]
    for panel, name in zip(np.ravel(panels), shown, strict=True):
        for seed in results["seed"].values[:num_curves]:
            run = results.sel(regularizer=name, seed=seed)
            layers = [(run[f"{one}_kernel"].values, run[f"{one}_bias"].values) for one in names]
            heights = relu_activations(layers, 4 * GRID[::2, None] - 2)[-1].ravel()
            panel.plot(GRID[::2], heights, color="blue", linewidth=0.9, alpha=0.6)
        panel.plot(GRID, law(GRID), color="ink", linewidth=2.2)
        panel.set(title=name, ylabel="answer", ylim=(-2, 2))
    np.ravel(panels)[-1].set(xlabel="x")
    return drawing


def plot_roughness(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw roughness and error of the learned curves by regularizer."""
    drawing, panels = plots.figure(
        "Two panels of dots, one row for each regularizer: roughness of the learned curve on a "
        "logarithmic scale, and its squared distance from the law.",
        rows=2,
        height=7,
    )
    names = results["regularizer"].values
    power = np.log10(results["roughness"])
    shown = {"roughness (power of ten)": power, "squared distance from the law": results["error"]}
    for panel, (label, values) in zip(panels, shown.items(), strict=True):
        plots.strip(panel, {str(name): values.sel(regularizer=name).values for name in names})
        panel.set(xlabel=label)
    return drawing
