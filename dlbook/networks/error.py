"""Error: signed and continuous to teach, binarized to evaluate, and what each cannot see."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.training import Training, by
from dlbook.networks.perceptron import build_perceptron, perceptron

if TYPE_CHECKING:
    import xarray as xr

# The idea


def signed_error(y_true: ArrayLike, y_pred: ArrayLike) -> np.ndarray:
    r"""Subtract the target from the prediction: $\hat y - y$.

    Positive where the model says too much, negative where it says too little.

    Args:
        y_true: Targets $y$, any shape with one axis or more.
        y_pred: Predictions $\hat y$, same shape.

    Returns:
        One error per prediction, same shape.

    Raises:
        ValueError: The shapes differ, or a number is not finite.

    Example:
        >>> signed_error([1, 0, 0], [0.9, 0.2, 0.6]).round(1)
        array([-0.1,  0.2,  0.6])
    """
    targets, predictions = numbers(y_true, "y_true"), numbers(y_pred, "y_pred")
    if targets.shape != predictions.shape:
        raise ValueError(
            f"`y_pred` must have the shape of `y_true`, {targets.shape}. "
            f"Received: shape {predictions.shape}"
        )
    return predictions - targets


def binarize(probabilities: ArrayLike, threshold: float = 0.5) -> np.ndarray:
    """Turn probabilities into classes: 1 above the threshold, else 0.

    Args:
        probabilities: Numbers from 0 to 1, any shape with one axis or more.
        threshold: Between 0 and 1.

    Returns:
        Classes 0 and 1, same shape.

    Raises:
        ValueError: A number lies outside 0 to 1. (Logits do: their threshold is 0.)

    Example:
        >>> binarize([0.9, 0.2, 0.6])
        array([1, 0, 1])
    """
    shares = numbers(probabilities, "probabilities")
    if shares.min() < 0 or shares.max() > 1:
        raise ValueError(
            f"`probabilities` must lie between 0 and 1. Received: {shares.min()} to {shares.max()}"
        )
    return (shares > threshold).astype(int)


def binarized_error(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> np.ndarray:
    """Say for each prediction whether its class is wrong: 1 for wrong, 0 for right.

    Its mean is the share of mistakes, 1 minus the accuracy.

    Args:
        y_true: Classes 0 and 1, any shape with one axis or more.
        y_pred: Probabilities of class 1, same shape.
        threshold: Between 0 and 1.

    Returns:
        Zeros and ones, same shape.

    Raises:
        ValueError: The shapes differ, or `y_pred` holds no probabilities.

    Example:
        >>> binarized_error([1, 0, 0], [0.9, 0.2, 0.6])
        array([0, 0, 1])
    """
    signed_error(y_true, y_pred)
    return (binarize(y_pred, threshold) != np.asarray(y_true)).astype(int)


# The experiment


def mean_signed_error(y_true: Any, y_pred: Any) -> Any:
    """Average the signed errors, in Keras: those of opposite sign cancel."""
    from keras import ops

    return ops.mean(y_pred - y_true)


def square_of_mean_error(y_true: Any, y_pred: Any) -> Any:
    """Square the mean signed error: a loss that is 0 as soon as the errors cancel."""
    from keras import ops

    return ops.square(mean_signed_error(y_true, y_pred))


def share_of_mistakes(y_true: Any, y_pred: Any) -> Any:
    """Average the binarized errors, in Keras."""
    from keras import ops

    return ops.mean(ops.abs(ops.cast(y_pred > 0.5, y_pred.dtype) - y_true))


SLOWEST, STEPS = 0.01, (0.011, 0.0125, 0.015, 0.02, 0.05)
SIGNALS = ("nothing", "binarized errors", "mean signed error", "squared errors")

SENSITIVITY = Experiment(
    name="sensitivity",
    question="Which error notices a small improvement?",
    independent={"learning_rate": (SLOWEST, *STEPS)},
    trial=Training(
        build_perceptron,
        datasets.clusters,
        "mean_squared_error",
        epochs=50,
        metrics=("mae", "accuracy"),
        keep_weights=True,
    ),
    units={"learning_rate": "learning rate"},
)
FRESH_RUNS = replace(
    SENSITIVITY,
    name="fresh_runs",
    question="Do runs that were not seen before confirm it?",
    independent={"learning_rate": (SLOWEST, STEPS[0])},
    seeds=range(20, 40),
)
TEACHING_SIGNAL = Experiment(
    name="teaching_signal",
    question="From which error can a model learn?",
    independent={"signal": SIGNALS},
    trial=Training(
        build_perceptron,
        datasets.clusters,
        by(
            "signal",
            {SIGNALS[1]: share_of_mistakes, SIGNALS[2]: square_of_mean_error},
            default="mean_squared_error",
        ),
        learning_rate=by("signal", {"nothing": 0.0}, default=0.5),
        epochs=500,
        metrics=("accuracy", mean_signed_error),
        keep_weights=True,
    ),
    units={"test_accuracy": "accuracy on fresh data"},
)

# The claims


def gains(results: "xr.Dataset", learning_rate: float) -> tuple[np.ndarray, np.ndarray]:
    """How much smaller both errors are than at the slowest rate: continuous, binarized."""
    errors = (results["test_mae"], 1 - results["test_accuracy"])
    first, second = (
        (error.sel(learning_rate=SLOWEST) - error.sel(learning_rate=learning_rate)).values
        for error in errors
    )
    return first, second


def effect_size(gain: np.ndarray) -> np.ndarray:
    """Mean gain in standard deviations over the last axis; 0 where all gains are equal."""
    deviation = gain.std(axis=-1, ddof=1)
    return np.abs(gain.mean(axis=-1)) / np.where(deviation > 0, deviation, np.inf)


def more_sensitive(results: "xr.Dataset", fresh: "xr.Dataset") -> list[Evidence]:
    """Compare both errors at the smallest step: effect size, and how many fresh runs notice it."""
    continuous, binarized = gains(results, STEPS[0])
    count = len(continuous)
    picks = np.random.default_rng(0).integers(count, size=(2000, count))
    gaps = effect_size(continuous[picks]) - effect_size(binarized[picks])
    low, high = np.quantile(gaps, [0.025, 0.975])
    gap = float(effect_size(continuous) - effect_size(binarized))
    continuous, binarized = gains(fresh, STEPS[0])
    notices = (continuous > 0).astype(float) - (binarized > 0)
    return [
        Evidence("effect size d", gap, float(low), float(high), count, at_least=0),
        Evidence.from_mean("share of fresh runs that notice", notices, at_least=0),
    ]


def weight_change(results: "xr.Dataset") -> "xr.DataArray":
    """How far training moved the weights and the bias, for each signal and seed."""
    squares = 0
    for name in ("weights_output_kernel", "weights_output_bias"):
        moved = results[name] - results[name].sel(signal="nothing", drop=True)
        others = [dim for dim in moved.dims if dim not in ("signal", "seed")]
        squares = squares + (moved**2).sum(others)
    return squares**0.5


def teaches_nothing(results: "xr.Dataset") -> list[Evidence]:
    """How far the binarized error moves the weights, in the run where it moves them most."""
    change = weight_change(results).sel(signal="binarized errors")
    count = results.sizes["seed"]
    return [Evidence.exact("largest change of the weights", float(change.max()), count, at_most=0)]


def good_if_mean_is_small(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy of models whose signed errors cancel."""
    labels = datasets.clusters(0).y_test
    constant = np.full_like(labels, 0.5)
    right = 1 - binarized_error(labels, constant).mean()
    trained = results["test_accuracy"].sel(signal="mean signed error")
    return [
        Evidence.exact("always answer 0.5", right, 1, at_least=0.9),
        Evidence.from_mean("trained to a mean error of 0", trained, at_least=0.9),
    ]


CLAIMS = (
    Claim(
        "C-error-1",
        "Binarized error is less sensitive, continuous error is more sensitive.",
        (SENSITIVITY, FRESH_RUNS),
        more_sensitive,
        note="continuous minus binarized, for the smallest step of the rate (0.01 to 0.011); "
        "holds above 0; the interval of d by resampling the seeds; the share was added after the "
        "first result, and is measured on new seeds",
    ),
    Claim(
        "C-error-2",
        "The binarized error cannot teach the model.",
        TEACHING_SIGNAL,
        teaches_nothing,
        note="distance that 500 epochs move the weights; holds at exactly 0",
    ),
    Claim(
        "C-error-3",
        "A model whose mean signed error is small is a good model.",
        TEACHING_SIGNAL,
        good_if_mean_is_small,
        note="accuracy on fresh data; holds from 0.9 up",
    ),
)

# The figure


def trained_outputs(
    results: "xr.Dataset", seed: int, learning_rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and outputs of one trained perceptron on its 200 fresh points."""
    run = results.sel(seed=seed, learning_rate=learning_rate)
    kernel, bias = (run[f"weights_output_{name}"].values.ravel() for name in ("kernel", "bias"))
    data = datasets.clusters(seed)
    return data.y_test.ravel(), perceptron(data.x_test, kernel, float(bias[0]))


def plot_ten(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw targets, outputs and both errors of ten examples, from the best to the worst."""
    targets, outputs = _ten_of(*trained_outputs(results, seed, STEPS[-1]))
    errors, wrong = signed_error(targets, outputs), binarized_error(targets, outputs)
    figure, axes = plots.figure(
        "Ten examples in order of the size of their error. Lines from target to output grow from "
        "left to right; the binarized error below is 0 for the first ones and 1 for the last.",
        height=3.8,
    )
    places = np.arange(10)
    plots.reference(axes, 0.5, "threshold", at=0)
    for mistake, color in ((0, "blue"), (1, "red")):
        some = wrong == mistake
        axes.vlines(places[some], targets[some], outputs[some], color=color, linewidth=2)
        axes.scatter(places[some], outputs[some], s=44, c=color, zorder=3)
    axes.scatter(places, targets, s=50, facecolor="ground", edgecolor="ink", zorder=3)
    for place, target, error, mistake in zip(places, targets, errors, wrong, strict=True):
        height = -0.13 if target == 0 else 1.13
        text = f"{error:+.2f}".replace("-", "−")
        axes.text(place, height, text, ha="center", va="center", fontsize=12)
        axes.text(place, -0.36, str(mistake), ha="center", va="center", fontsize=14)
    axes.text(-0.75, -0.52, "binarized error", color="muted", va="top", fontsize=12)
    axes.set(ylim=(-0.45, 1.25), xlim=(-0.8, 9.6), ylabel="probability of class 1", xticks=[])
    axes.set_yticks([0, 0.5, 1])
    axes.spines["bottom"].set_visible(False)
    return figure


def _ten_of(targets: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(np.abs(signed_error(targets, outputs)))
    chosen = order[np.linspace(0, len(order) - 1, 10).astype(int)]
    return targets[chosen], outputs[chosen]


def plot_epochs(results: "xr.Dataset", seed: int) -> "plots.BookFigure":
    """Draw both errors of one run against the epoch."""
    run = results.sel(seed=seed, learning_rate=STEPS[-1])
    figure, axes = plots.figure(
        "Two errors of one run over 50 epochs: the mean absolute error falls at every epoch, the "
        "share of mistakes falls in steps and is flat in between."
    )
    axes.plot(run["epoch"], run["val_mae"], color="blue", label="mean absolute error")
    mistakes = 1 - run["val_accuracy"]
    axes.step(run["epoch"], mistakes, color="orange", where="mid", label="share of mistakes")
    axes.set(xlabel="epoch", ylabel="error on 200 points that were not trained on")
    plots.label_lines(axes)
    return figure


def plot_sensitivity(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw effect size, and how many runs notice, for both errors by learning rate."""
    figure, (left, right) = plots.figure(
        "Two panels against the learning rate, with a line for each error: its effect size, and "
        "how many of the runs notice the improvement.",
        rows=2,
        height=5.4,
        sharex=True,
    )
    both = [gains(results, rate) for rate in STEPS]
    places = np.arange(len(STEPS))
    for index, (name, color) in enumerate((("continuous", "blue"), ("binarized", "orange"))):
        sizes = [float(effect_size(pair[index])) for pair in both]
        noticed = [100 * float((pair[index] > 0).mean()) for pair in both]
        left.plot(places, sizes, marker="o", color=color, label=name)
        right.plot(places, noticed, marker="o", color=color, label=name)
    left.set(ylabel="effect size d", ylim=(0, None))
    right.set(ylabel="runs with a smaller error (%)", ylim=(0, 104))
    right.set_xticks(places, [plots.number(rate) for rate in STEPS])
    right.set(xlabel="learning rate, compared with 0.01")
    for panel in (left, right):
        plots.label_lines(panel)
    return figure


def plot_teaching_signal(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of each run by what it was trained on."""
    figure, axes = plots.figure(
        "Accuracy of 20 runs by what they were trained on: binarized errors give the same as no "
        "training at all, the mean signed error anything, squared errors nearly 1.",
        height=3.4,
    )
    accuracy = results["test_accuracy"]
    plots.strip(axes, {name: accuracy.sel(signal=name).values for name in SIGNALS})
    axes.set(xlabel="accuracy on fresh data", xlim=(0, 1.02))
    return figure
