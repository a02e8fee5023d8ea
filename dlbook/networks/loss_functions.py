"""Loss functions: squared error for numbers, cross-entropy for classes, cost for the mean."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training, by
from dlbook.maths.cross_entropy import double_softmax_floor
from dlbook.maths.logarithms import log_sum_exp
from dlbook.networks.error import signed_error

if TYPE_CHECKING:
    import keras
    import xarray as xr

Loss = Callable[[ArrayLike, ArrayLike], np.ndarray]

# The idea


def squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> np.ndarray:
    r"""Square the error of each example: $(\hat y - y)^2$.

    Small errors count for little, large ones for very much.

    Args:
        y_true: Targets $y$, any shape with one axis or more.
        y_pred: Predictions $\hat y$, same shape.

    Returns:
        One loss per example, 0 or larger.

    Example:
        >>> squared_error([2, 2], [3.5, 2.1]).round(2)
        array([2.25, 0.01])
    """
    return signed_error(y_true, y_pred) ** 2


def absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> np.ndarray:
    r"""Drop the sign of the error of each example: $|\hat y - y|$.

    Args:
        y_true: Targets, any shape with one axis or more.
        y_pred: Predictions, same shape.

    Returns:
        One loss per example, 0 or larger.

    Example:
        >>> absolute_error([2, 2], [3.5, 2.1]).round(2)
        array([1.5, 0.1])
    """
    return np.abs(signed_error(y_true, y_pred))


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> np.ndarray:
    r"""Square small errors (halved), and let large ones grow along a straight line.

    $\tfrac12 e^2$ where $|e| \le \delta$, else $\delta(|e| - \tfrac12\delta)$, for the error $e$.

    Args:
        y_true: Targets, any shape with one axis or more.
        y_pred: Predictions, same shape.
        delta: Where the curve becomes straight, above 0.

    Returns:
        One loss per example, 0 or larger.

    Raises:
        ValueError: `delta` is not above 0, or the shapes differ.

    Example:
        >>> huber([2, 2], [5, 2.5])
        array([2.5  , 0.125])
    """
    bend, size = positive(delta, "delta"), absolute_error(y_true, y_pred)
    return np.where(size <= bend, size**2 / 2, bend * (size - bend / 2))


def binary_cross_entropy(y_true: ArrayLike, probabilities: ArrayLike) -> np.ndarray:
    r"""Take the surprise of what happened: $-\log p$ for class 1, $-\log(1 - p)$ for class 0.

    Infinite if the model called impossible what happened.

    Args:
        y_true: Classes 0 and 1, any shape with one axis or more.
        probabilities: What the model says of class 1, $p$, from 0 to 1, same shape.

    Returns:
        One loss per example, from 0 to infinity, in nats.

    Raises:
        ValueError: The shapes differ, or a number lies outside 0 to 1.

    Example:
        >>> binary_cross_entropy([1, 0], [0.9, 0.9]).round(3)
        array([0.105, 2.303])
    """
    shares, errors = np.asarray(probabilities), np.abs(signed_error(y_true, probabilities))
    if not np.isin(y_true, (0, 1)).all() or shares.min() < 0 or shares.max() > 1:
        raise ValueError(
            "`y_true` must hold classes 0 and 1, `probabilities` numbers from 0 to 1. "
            f"Received: {y_true!r} and {probabilities!r}"
        )
    with np.errstate(divide="ignore"):
        return -np.log(1 - errors)


def categorical_cross_entropy_from_logits(logits: ArrayLike, label: int) -> float:
    r"""Take the surprise of the true class, computed from raw numbers.

    $$-\log \operatorname{softmax}(\mathbf z)_y = \log \sum_i e^{z_i} - z_y$$

    Nothing overflows and no logarithm of 0 is taken, however large the logits are.

    Args:
        logits: One raw number per class, $\mathbf z$, shape (num_classes,).
        label: The true class $y$, a whole number from 0.

    Returns:
        The loss of this example, 0 or larger, in nats.

    Raises:
        ValueError: `label` is none of the classes, or `logits` is not one row of finite numbers.

    Example:
        >>> round(categorical_cross_entropy_from_logits([1, 4, 3], label=1), 3)
        0.349
    """
    row = numbers(logits, "logits", rank=1)
    if label not in range(row.size):
        raise ValueError(
            f"`label` must be a whole number from 0 to {row.size - 1}. Received: {label!r}"
        )
    return float(log_sum_exp(row) - row[label])


def cost(losses: ArrayLike) -> float:
    r"""Average the losses of many examples: $\frac1N \sum_i L_i$.

    Args:
        losses: One loss per example, any shape with one axis or more.

    Returns:
        Their mean.

    Example:
        >>> cost([2.25, 0.25])
        1.25
    """
    return float(np.asarray(losses, float).mean())


# The experiment

LOSSES: dict[str, Loss] = {"squared": squared_error, "absolute": absolute_error, "Huber": huber}
OBJECTIVES = ("squared error", "cross-entropy")
HEADS = ("logits", "softmax", "softmax twice")
CENTERS = ((1, 1), (5, 1), (3, -2))


def perceptron_from(start_bias: float) -> "keras.Sequential":
    """Build a sigmoid perceptron whose bias starts where we say."""
    import keras

    start: Any = keras.initializers.Constant(start_bias)
    output = keras.layers.Dense(1, "sigmoid", bias_initializer=start, name="output")
    return keras.Sequential([keras.Input((2,)), output])


def three_classes(head: str) -> "keras.Sequential":
    """Build 2-4-3, with or without a softmax at its end."""
    return mlp((2, 4, 3), output_activation=None if head == "logits" else "softmax")


def fit_constant(values: ArrayLike, loss: Loss) -> float:
    """Find the one number with the lowest cost as a prediction of all values."""
    from scipy.optimize import minimize_scalar

    targets = numbers(values, "values", rank=1)

    def cost_of(constant: float) -> float:
        return cost(loss(targets, np.full_like(targets, constant)))

    ends = (targets.min(), targets.max() + 1e-9)
    best = minimize_scalar(cost_of, bounds=ends, method="bounded", options={"xatol": 1e-8})
    return float(best.x)


def measure_outliers(seed: int, objective: str, share: float) -> dict[str, float]:
    """Fit a constant to 200 values around 0, a share of which lies 20 too high."""
    values = np.random.default_rng(seed).normal(size=200)
    values[: round(200 * share)] += 20
    return {"constant": fit_constant(values, LOSSES[objective])}


def losses_while_training(seed: int, epochs: int, learning_rate: float = 0.3) -> np.ndarray:
    """Train a perceptron with cross-entropy; return the loss of each example at each epoch."""
    data = datasets.clusters(seed, num_test=0)
    inputs = np.column_stack([data.x_train, np.ones(len(data.x_train))])
    targets, weights, losses = data.y_train.ravel(), np.zeros(3), []
    for _ in range(epochs):
        outputs = 1 / (1 + np.exp(-inputs @ weights))
        losses.append(binary_cross_entropy(targets, outputs))
        weights = weights - learning_rate * (outputs - targets) @ inputs / len(inputs)
    return np.array(losses)


SPARSE = "sparse_categorical_crossentropy"
WRONG_AND_SURE = Experiment(
    name="wrong_and_sure",
    question="Which loss frees a model that starts wrong and sure?",
    independent={
        "objective": OBJECTIVES,
        "start_bias": (0, -4, -8),
        "learning_rate": (0.05, 0.5),
    },
    trial=Training(
        perceptron_from,
        datasets.clusters,
        by("objective", {OBJECTIVES[0]: "mean_squared_error"}, default="binary_crossentropy"),
        epochs=300,
        metrics=("accuracy",),
    ),
    units={"val_accuracy": "accuracy on fresh points"},
)
DOUBLE_SOFTMAX = Experiment(
    name="double_softmax",
    question="What does a second softmax do to training?",
    independent={"head": HEADS, "learning_rate": (0.01, 0.1)},
    trial=Training(
        three_classes,
        partial(datasets.clusters, centers=CENTERS),
        by("head", {"softmax": SPARSE}, default=f"{SPARSE}_from_logits"),
        epochs=2000,
        metrics=("accuracy",),
    ),
    units={"val_loss": "cross-entropy on fresh points"},
)
OUTLIERS = Experiment(
    name="outliers",
    question="Which constant does each loss choose when some values are far off?",
    independent={"objective": tuple(LOSSES), "share": (0, 0.05, 0.2)},
    trial=measure_outliers,
    units={"constant": "constant with the lowest cost", "share": "share of outliers"},
)

# The claims


def epochs_until(results: "xr.Dataset", accuracy: float) -> "xr.DataArray":
    """First epoch with this accuracy on fresh points; the last one where it is never reached."""
    reached = results["val_accuracy"] >= accuracy
    first = results["epoch"].where(reached).min("epoch")
    return first.fillna(results.sizes["epoch"])


def faster_with_cross_entropy(results: "xr.Dataset") -> list[Evidence]:
    """Epochs that the squared error needs more than cross-entropy."""
    epochs = epochs_until(results, 0.95)
    squared, crossed = (epochs.sel(objective=name) for name in OBJECTIVES)
    return [
        Evidence.from_comparison(
            f"start bias {bias}, rate {rate:g}",
            paired(_cell(squared, bias, rate), _cell(crossed, bias, rate)),
            at_least=30,
            unit="epochs",
        )
        for bias in results["start_bias"].values
        for rate in results["learning_rate"].values
    ]


def _cell(values: "xr.DataArray", bias: float, rate: float) -> "xr.DataArray":
    return values.sel(start_bias=bias, learning_rate=rate)


def harmless_second_softmax(results: "xr.Dataset") -> list[Evidence]:
    """What the second softmax costs: loss, epochs to 90 %, and accuracy at the end."""
    measures = {
        "final loss": (results["test_loss"], 0.01),
        "epochs to 90 %": (epochs_until(results, 0.9), 200),
        "mistakes at the end": (1 - results["test_accuracy"], 0.01),
    }
    return [
        Evidence.from_mean(
            f"{name}, rate {rate:g}",
            (one.sel(head=HEADS[2]) - one.sel(head=HEADS[0])).sel(learning_rate=rate),
            at_most=most,
        )
        for name, (one, most) in measures.items()
        for rate in results["learning_rate"].values
    ]


def thrown_off(results: "xr.Dataset") -> list[Evidence]:
    """How much farther from the truth, 0, the squared loss lands than the absolute one."""
    off = abs(results["constant"])
    gap = off.sel(objective="squared") - off.sel(objective="absolute")
    return [
        Evidence.from_mean(f"{100 * share:.0f} % outliers", gap.sel(share=share), at_least=0.5)
        for share in results["share"].values[1:]
    ]


CLAIMS = (
    Claim(
        "C-loss_functions-1",
        "Cross-entropy is the loss for categories.",
        WRONG_AND_SURE,
        faster_with_cross_entropy,
        note="epochs to 95 % with squared error minus with cross-entropy; holds from 30 up, a "
        "tenth of the training; runs that never get there count as 300",
    ),
    Claim(
        "C-loss_functions-2",
        "A second softmax does no harm.",
        DOUBLE_SOFTMAX,
        harmless_second_softmax,
        note="softmax twice minus once; holds up to 0.01 of loss or mistakes and up to 200 epochs, "
        "a tenth of the training",
    ),
    Claim(
        "C-loss_functions-3",
        "Squared loss is thrown off by outliers.",
        OUTLIERS,
        thrown_off,
        note="distance of the fitted constant from the truth, squared minus absolute loss; holds "
        "from 0.5 up (the values have standard deviation 1)",
    ),
)

# The figure


def plot_square(target: float = 2, prediction: float = 3.5) -> "plots.BookFigure":
    """Draw the squared loss as a curve with one square on it, and two other losses."""
    figure, axes = plots.figure(
        "Three losses against the prediction, all 0 at the target 2: the squared one is a "
        "parabola, the absolute one a V, Huber's is rounded below and straight above. A square "
        "whose side is the error stands beside the parabola.",
        height=4.6,
    )
    x = np.linspace(-1, 5, 121)
    targets = np.full_like(x, target)
    for (name, loss), color in zip(LOSSES.items(), ("accent", "blue", "green"), strict=True):
        axes.plot(x, loss(targets, x), color=color, label=name)
    side = prediction - target
    axes.fill_between([target, prediction], 0, side, color="accent", alpha=0.18)
    axes.scatter([prediction], [side**2], s=44, c="accent", zorder=4)
    axes.text(prediction - 0.06, 0.12, f"{side**2:.2f}", ha="right")
    axes.set(xlabel="prediction (target 2)", ylabel="loss", ylim=(0, 5), aspect="equal")
    axes.legend(loc="upper center")
    return figure


def plot_cross_entropy() -> "plots.BookFigure":
    """Draw both branches of the binary cross-entropy, with the squared error beside them."""
    figure, (left, right) = plots.figure(
        "Left: two curves over the probability, one falls from infinity to 0, the other rises "
        "from 0 to infinity. Right: over the logit the cross-entropy becomes a straight line "
        "where the model is wrong, the squared error becomes flat.",
        columns=2,
        height=3.4,
    )
    share = np.linspace(0.002, 0.998, 200)
    for label, color in ((1, "accent"), (0, "blue")):
        losses = binary_cross_entropy(np.full_like(share, label), share)
        left.plot(share, losses, color=color, label=f"target {label}")
    left.set(xlabel="probability of class 1", ylabel="cross-entropy", ylim=(0, 5))
    left.legend(loc="upper center")
    logits = np.linspace(-8, 4, 200)
    outputs, ones = 1 / (1 + np.exp(-logits)), np.ones_like(logits)
    right.plot(logits, binary_cross_entropy(ones, outputs), color="accent", label="cross-entropy")
    right.plot(logits, squared_error(ones, outputs), color="orange", label="squared")
    right.set(xlabel="logit (target 1)", ylabel="loss")
    right.legend(loc="upper right")
    return figure


def plot_cost(seed: int = 0) -> "plots.BookFigure":
    """Draw the losses of single examples as dots and the cost as their mean, while training."""
    losses = losses_while_training(seed, epochs=61)
    figure, axes = plots.figure(
        "Losses of 40 examples as dots at every tenth epoch, and the falling mean of all: most "
        "dots sink, a few lie far above the mean and above their start."
    )
    epochs = np.arange(0, 61, 10)
    plots.dots(axes, epochs, losses[epochs, :40], color="blue")
    axes.plot(losses.mean(axis=1), color="accent", label="cost")
    axes.set(xlabel="epoch", ylabel="loss of one example")
    plots.label_lines(axes)
    return figure


def plot_wrong_and_sure(results: "xr.Dataset", learning_rate: float = 0.5) -> "plots.BookFigure":
    """Draw accuracy by epoch for both losses, one line for each start."""
    figure, panels = plots.figure(
        "Accuracy by epoch in two panels: with cross-entropy all starts end high; with the "
        "squared error the worse the start, the later the rise.",
        rows=2,
        height=5.6,
        sharex=True,
        sharey=True,
    )
    results = results.sel(epoch=results["epoch"] % 4 == 1)
    for panel, name in zip(panels, OBJECTIVES, strict=True):
        chosen = results["val_accuracy"].sel(objective=name, learning_rate=learning_rate)
        for bias, color in zip(results["start_bias"].values, plots.CYCLE[:3], strict=True):
            interval = mean_interval(chosen.sel(start_bias=bias))
            label = f"start {plots.number(bias)}"
            plots.band(panel, results["epoch"].values, interval, label=label, color=color)
        panel.set(title=name, ylabel="accuracy on fresh points", ylim=(0.4, 1.02))
        plots.label_lines(panel)
    panels[1].set(xlabel="epoch")
    return figure


def plot_double_softmax(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the loss by epoch for each head, with the floor of the double softmax."""
    figure, panels = plots.figure(
        "Loss by epoch for two learning rates: one softmax, inside the loss or before it, gives "
        "the same falling curve; two give a curve that flattens above a floor.",
        rows=2,
        height=5.6,
        sharex=True,
        sharey=True,
    )
    shown = np.unique(np.geomspace(1, results.sizes["epoch"], 60).round().astype(int))
    results = results.sel(epoch=shown)
    for panel, rate in zip(panels, results["learning_rate"].values, strict=True):
        for (head, color), dash in zip(
            zip(HEADS, ("blue", "orange", "red"), strict=True), ("-", ":", "-"), strict=True
        ):
            interval = mean_interval(results["val_loss"].sel(head=head, learning_rate=rate))
            line = plots.band(panel, results["epoch"], interval, label=head, color=color)
            line.set_linestyle(dash)
        plots.reference(panel, double_softmax_floor(3), "floor", at=0.02)
        panel.set(title=f"learning rate {rate:g}", ylabel="cross-entropy", xscale="log")
        plots.label_lines(panel)
    panels[1].set(xlabel="epoch")
    return figure


def plot_outliers(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the constants that each loss chooses, by the share of outliers."""
    figure, axes = plots.figure(
        "The fitted constant against the share of outliers: that of the squared loss rises with "
        "the share, those of the absolute and of Huber's loss stay near 0."
    )
    shares = results["share"].values
    for shift, (name, color) in zip(
        (-0.22, 0, 0.22), zip(LOSSES, ("accent", "blue", "green"), strict=True), strict=True
    ):
        runs = results["constant"].sel(objective=name).transpose("share", "seed")
        plots.dots(axes, np.arange(3) + shift, runs, color=color, spread=0.2)
        axes.scatter([], [], s=30, c=color, label=name)
    plots.reference(axes, 0, "truth", at=0.62)
    axes.set_xticks(range(3), [f"{100 * share:.0f} %" for share in shares])
    axes.set(xlabel="share of outliers", ylabel="constant with the lowest cost")
    axes.legend(loc="upper left")
    return figure
