"""Optimizers: what turns a gradient into a step, and what each of them remembers."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.descent.dynamic_learning_rate import (
    CENTERS,
    Rule,
    State,
    adam_step,
    best_accuracy,
    descend_by,
    fixed_step,
    rmsprop_step,
)
from dlbook.lab import datasets, plots
from dlbook.lab.checks import positive
from dlbook.lab.choice import at_own_rate, mean_of_others
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def momentum_step(
    state: State,
    gradient: np.ndarray,
    epoch: int,
    *,
    learning_rate: ArrayLike,
    momentum: float = 0.9,
    nesterov: bool = False,
) -> tuple[np.ndarray, State]:
    r"""Keep a part of the last step and add the new one: $v \leftarrow m\,v + \eta\,g$.

    On a steady slope the step grows to $1/(1 - m)$ times that of plain descent. Where the slope
    changes its sign, old and new steps cancel.

    Args:
        state: The velocity $v$; empty at the start, when $v = 0$.
        gradient: The slope $g$ here, any shape.
        epoch: The number of the step, from 1.
        learning_rate: The rate $\eta$.
        momentum: The part $m$ that is kept, from 0 to below 1.
        nesterov: Whether to look ahead: the step is then $m\,v + \eta\,g$ with the new $v$.

    Returns:
        The step, which is subtracted from the guess, and the next state.

    Example:
        >>> first, state = momentum_step((), 4.0, 1, learning_rate=0.1, momentum=0.5)
        >>> second, state = momentum_step(state, 4.0, 2, learning_rate=0.1, momentum=0.5)
        >>> float(first), round(float(second), 2)
        (0.4, 0.6)
    """
    (velocity,) = state or (np.zeros_like(gradient),)
    fresh = np.asarray(learning_rate) * gradient
    velocity = momentum * velocity + fresh
    return (momentum * velocity + fresh if nesterov else velocity), (velocity,)


def ravine_bends(steepness: float, turned: float = 0.0) -> np.ndarray:
    r"""Return the table $H$ of a ravine's second derivatives; its gradient at $w$ is $w H$.

    Args:
        steepness: How much steeper the walls are than the floor, $\kappa$; above 0.
        turned: By how many degrees the ravine is turned; at 0 its floor lies along the first axis.

    Returns:
        A symmetric table, shape (2, 2).

    Raises:
        ValueError: `steepness` is not above 0.

    Example:
        >>> ravine_bends(10)
        array([[ 1.,  0.],
               [ 0., 10.]])
        >>> ravine_bends(3, turned=45).round(2)
        array([[ 2., -1.],
               [-1.,  2.]])
    """
    angle = np.deg2rad(turned)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return axes.T @ np.diag([1.0, positive(steepness, "steepness")]) @ axes


def ravine(places: ArrayLike, steepness: float, turned: float = 0.0) -> np.ndarray:
    r"""Measure the height in a ravine: $\tfrac12 (x^2 + \kappa\,y^2)$ if it is not turned.

    Args:
        places: Points $(x, y)$, shape (..., 2).
        steepness: As in `ravine_bends`.
        turned: As in `ravine_bends`.

    Returns:
        Heights, shape (...); 0 at the lowest point, (0, 0).

    Example:
        >>> ravine([[2.0, 0.0], [0.0, 2.0]], steepness=10)
        array([ 2., 20.])
    """
    place = np.asarray(places, float)
    return 0.5 * np.sum(place @ ravine_bends(steepness, turned) * place, axis=-1)


def steps_until(heights: ArrayLike, target: float) -> np.ndarray:
    """Count the steps until a walk is at most as high as the target for the first time.

    Args:
        heights: Along each walk, shape (steps + 1, ...), the start first; nan is not low.
        target: The height to reach.

    Returns:
        Number of steps, shape (...); one more than there are if the target is never reached.

    Example:
        >>> steps_until([9.0, 4.0, 1.0, 0.5], target=1.0)
        array(2)
    """
    low = np.asarray(heights, float) <= target
    return np.where(low.any(axis=0), low.argmax(axis=0), len(low))


# The experiment

STEPS = 500
TARGET = 1e-6
RAVINE_RATES = np.geomspace(1e-3, 1, 13).round(4)
RULES: dict[str, Any] = {
    "SGD": fixed_step,
    "momentum": momentum_step,
    "RMSprop": rmsprop_step,
    "Adam": adam_step,
}
OPTIMIZERS = ("sgd", "rmsprop", "adam")
NAMES = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam"}
SIZES = {"groups": (2, 8, 8, 3), "digits": (64, 32, 32, 10), "MNIST": (784, 32, 32, 10)}
LOSS = "sparse_categorical_crossentropy_from_logits"


def rule_of(rule: str, learning_rate: ArrayLike) -> Rule:
    """Return one of the four rules with its learning rate filled in."""
    return partial(RULES[rule], learning_rate=learning_rate)


def walk_ravine(seed: int, rule: str, steepness: float, turned: float) -> dict[str, np.ndarray]:
    """Count the steps to a height of a millionth, from one random start, for all 13 rates."""
    angle = np.random.default_rng([seed, 41]).uniform(0, 2 * np.pi)
    start = np.tile([np.cos(angle), np.sin(angle)], (len(RAVINE_RATES), 1))
    bends = ravine_bends(steepness, turned)
    path = descend_by(
        rule_of(rule, RAVINE_RATES[:, None]), lambda place: place @ bends, start, STEPS
    )
    with np.errstate(over="ignore", invalid="ignore"):
        return {"steps": steps_until(ravine(path, steepness, turned), TARGET)}


def three_groups(seed: int) -> datasets.Data:
    """Draw 100 points around each of three centres, 200 for validation, 1,000 for the test."""
    data = datasets.clusters(seed, centers=CENTERS, num_test=1000)
    validation = (data.x_validation[:600], data.y_validation[:600])
    return datasets.Data(data.x_train, data.y_train, *validation, data.x_test, data.y_test)


def groups_or_digits(seed: int, data_set: str) -> datasets.Data:
    """Take the three groups of points, 500 small images of digits, or 10,000 of MNIST."""
    if data_set == "groups":
        return three_groups(seed)
    if data_set == "MNIST":
        return datasets.mnist(seed, num_examples=10_000).without_validation()
    return datasets.digits(seed, num_examples=500, validation=120)


def network(data_set: str = "groups") -> "keras.Sequential":
    """Build two hidden layers of ReLU units for points or digits."""
    return mlp(SIZES[data_set])


RAVINE = Experiment(
    name="ravine",
    question="How many steps does each optimizer need in a ravine?",
    independent={"rule": tuple(RULES), "steepness": (1, 10, 100), "turned": (0, 45)},
    trial=walk_ravine,
    dims={"steps": ("rate",)},
)
OPTIMIZER_AND_RATE = Experiment(
    name="optimizer_and_rate",
    question="Which optimizer is best, and at which learning rate?",
    independent={
        "data_set": ("groups", "digits"),
        "optimizer": OPTIMIZERS,
        "learning_rate": (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
    },
    full_independent={"learning_rate": tuple(np.geomspace(1e-4, 1, 25).round(6).tolist())},
    trial=Training(
        network, groups_or_digits, LOSS, batch_size=20, epochs=20, metrics=("accuracy",)
    ),
)
ON_MNIST = Experiment(
    name="on_mnist",
    question="Which rates do the optimizers need where there are more and larger images?",
    independent={
        "data_set": ("digits",),
        "optimizer": OPTIMIZERS,
        "learning_rate": (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
    },
    full_independent={"data_set": ("MNIST",)},
    trial=replace(OPTIMIZER_AND_RATE.trial, epochs=5, keep_curves=False),  # type: ignore
)
MOMENTUM = Experiment(
    name="momentum",
    question="What does momentum change, at which rate?",
    independent={
        "momentum": (0, 0.5, 0.9, 0.95, 0.999),
        "learning_rate": (0.001, 0.01, 0.1, 1),
    },
    trial=Training(network, three_groups, LOSS, batch_size=20, epochs=20, metrics=("accuracy",)),
)

# The claims

CLOSE = 0.03  # within three points of the best
SMALL, LARGE = (0.0003, 0.001, 0.003, 0.01), (0.1, 0.3, 1)


def steps_at_own_rate(results: "xr.Dataset") -> "xr.DataArray":
    """Keep the steps at the rate that needed fewest in the other seeds."""
    steps = results["steps"]
    return steps.isel(rate=mean_of_others(steps).argmin("rate"))


def own_or_small_rate(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy of Adam minus that of SGD: each at its own best rate, and both at 0.001."""
    accuracy = results["test_accuracy"]
    cases = {
        "own best rates": at_own_rate(results)["test_accuracy"],
        "both at 0.001": accuracy.sel(learning_rate=0.001),
    }
    found = []
    for name in results["data_set"].values:
        for case, values in cases.items():
            adam, sgd = (values.sel(data_set=name, optimizer=one) for one in ("adam", "sgd"))
            found.append(Evidence.from_comparison(f"{name}, {case}", paired(adam, sgd), at_least=0))
    return found


def good_rates(results: "xr.Dataset", rates: Sequence[float]) -> "xr.DataArray":
    """Count the rates at which a run is within three points of the best mean of its data set."""
    accuracy = results["test_accuracy"]
    best = accuracy.mean("seed").max(("optimizer", "learning_rate"))
    chosen = accuracy.sel(learning_rate=[one for one in rates if one in accuracy["learning_rate"]])
    return (chosen >= best - CLOSE).sum("learning_rate")


def forgives(results: "xr.Dataset") -> list[Evidence]:
    """Number of good rates, RMSprop's or Adam's minus SGD's, among small and large rates."""
    found, groups = [], {"rates up to 0.01": SMALL, "rates from 0.1": LARGE}
    cases = product(groups.items(), results["data_set"].values, OPTIMIZERS[1:])
    for (words, rates), name, one in cases:
        counts = good_rates(results, rates).sel(data_set=name)
        more = counts.sel(optimizer=one) - counts.sel(optimizer="sgd")
        condition = f"{name}, {NAMES[one]}, {words}"
        found.append(Evidence.from_mean(condition, more, at_least=0, unit="rates"))
    return found


def gain_of_momentum(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy with momentum 0.9 or 0.999 minus that without, at each rate."""
    accuracy = results["test_accuracy"]
    gain = accuracy - accuracy.sel(momentum=0, drop=True)
    return [
        Evidence.from_mean(
            f"momentum {m:g}, rate {rate:g}", gain.sel(momentum=m, learning_rate=rate), at_least=0
        )
        for m in (0.9, 0.999)
        for rate in results["learning_rate"].values
    ]


def like_a_larger_rate(results: "xr.Dataset") -> list[Evidence]:
    """Training accuracy, mean of all epochs: momentum 0.9 minus none at ten times the rate."""
    accuracy = results["accuracy"].mean("epoch")
    rates = results["learning_rate"].values
    return [
        Evidence.from_comparison(
            f"rates {low:g} and {high:g}",
            paired(
                accuracy.sel(momentum=0.9, learning_rate=low),
                accuracy.sel(momentum=0, learning_rate=high),
            ),
            at_least=-0.02,
            at_most=0.02,
        )
        for low, high in pairwise(rates)
        if np.isclose(high, 10 * low)
    ]


CLAIMS = (
    Claim(
        "C-optimizers-1",
        "Adam is better than SGD.",
        OPTIMIZER_AND_RATE,
        own_or_small_rate,
        note="accuracy on fresh examples, Adam minus SGD; holds if the whole interval is above 0",
    ),
    Claim(
        "C-optimizers-2",
        "RMSprop and Adam forgive a badly chosen rate.",
        OPTIMIZER_AND_RATE,
        forgives,
        note="number of rates within 0.03 of the best accuracy, minus that of SGD; holds if the "
        "whole interval is not below 0",
    ),
    Claim(
        "C-optimizers-3",
        "Momentum always helps.",
        MOMENTUM,
        gain_of_momentum,
        note="accuracy on fresh points, with momentum minus without; holds if the whole interval "
        "is above 0",
    ),
    Claim(
        "C-optimizers-4",
        "Momentum m is the same as a rate that is 1/(1 − m) times as large.",
        MOMENTUM,
        like_a_larger_rate,
        note="training accuracy, mean of all epochs, momentum 0.9 minus none at ten times the "
        "rate; holds within 0.02",
    ),
)

# The figure

PATH_RATES = {"SGD": 0.15, "momentum": 0.03, "RMSprop": 0.05, "Adam": 0.1}


def plot_paths(steepness: float = 10.0, steps: int = 60) -> "plots.BookFigure":
    """Draw the walks of four optimizers down one ravine."""
    drawing, panels = plots.figure(
        "Four maps of the same ravine, wide from left to right and steep up and down. SGD and "
        "momentum swing between the walls, RMSprop and Adam go down more directly.",
        rows=4,
        height=8.4,
        sharex=True,
    )

    def height(x, y):
        return ravine(np.stack([x, y], axis=-1), steepness)

    bends = ravine_bends(steepness)
    for panel, (name, rate) in zip(panels, PATH_RATES.items(), strict=True):
        path = descend_by(rule_of(name, rate), lambda place: place @ bends, [-2.0, 0.6], steps)
        plots.landscape(panel, height, (-2.3, 1.3), (-0.8, 0.8), levels=4)
        plots.path(panel, path)
        panel.set(title=f"{name}, rate {rate:g}", ylabel="y")
    panels[-1].set(xlabel="x")
    return drawing


def plot_ravine(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the steps that each optimizer needs at its own best rate: median and middle half."""
    drawing, panels = plots.figure(
        "Two panels, for a ravine along the axes and for one that is turned by 45 degrees: steps "
        "to the bottom against the steepness, one line for each of four optimizers.",
        rows=2,
        height=6.4,
        sharex=True,
        sharey=True,
    )
    steps = steps_at_own_rate(results)
    for panel, turned in zip(panels, results["turned"].values, strict=True):
        plots.log_axis(panel, "both")
        for rule in results["rule"].values:
            runs = steps.sel(rule=rule, turned=turned)
            low, middle, high = runs.quantile((0.25, 0.5, 0.75), "seed").values
            half = {"mean": middle, "low": low, "high": high}
            plots.band(panel, results["steepness"], half, label=str(rule))
        panel.set(title=f"turned by {turned} degrees", ylabel="steps")
        plots.label_lines(panel)
    panels[-1].set(xlabel="steepness of the walls")
    return drawing


def plot_optimizer_and_rate(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on fresh examples against the learning rate, for each optimizer."""
    names = results["data_set"].values
    drawing, panels = plots.figure(
        "A panel for each data set: accuracy on fresh examples against the learning rate. RMSprop "
        "and Adam are good at small rates and fall at large ones, SGD is good at larger ones.",
        rows=len(names),
        height=3 * len(names),
        sharex=True,
    )
    panels = np.atleast_1d(panels)
    for panel, name in zip(panels, names, strict=True):
        plots.log_axis(panel, "x")
        for one in results["optimizer"].values:
            runs = results["test_accuracy"].sel(data_set=name, optimizer=one)
            rates = results["learning_rate"]
            plots.band(panel, rates, mean_interval(runs), label=NAMES[str(one)])
        if name == "groups":
            plots.reference(panel, best_accuracy(), "best possible")
        panel.set(title=str(name), ylabel="accuracy on fresh examples", ylim=(0, 1.03))
        panel.legend(loc="lower center")
    panels[-1].set(xlabel="learning rate")
    return drawing


def plot_on_mnist(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on fresh digits against the learning rate, for each optimizer."""
    return plot_optimizer_and_rate(results)


def plot_momentum(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw training accuracy over epochs for each momentum, one panel per rate."""
    shown = results["learning_rate"].values
    drawing, panels = plots.figure(
        "Panels for several learning rates: training accuracy over epochs, one line for each "
        "momentum. At small rates more momentum is faster, at large ones it is worse.",
        rows=len(shown),
        height=2.4 * len(shown),
        sharex=True,
        sharey=True,
    )
    for panel, rate in zip(np.atleast_1d(panels), shown, strict=True):
        for momentum in results["momentum"].values:
            runs = results["accuracy"].sel(learning_rate=rate, momentum=momentum)
            plots.band(panel, results["epoch"], mean_interval(runs), label=f"{momentum:g}")
        panel.set(title=f"rate {rate:g}", ylabel="training accuracy")
        plots.label_lines(panel)
    np.atleast_1d(panels)[-1].set(xlabel="epochs")
    return drawing
