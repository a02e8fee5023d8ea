"""Dynamic learning rates: scaled by the slope, decayed by the clock, divided by the slope."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.correlation import rank_correlation
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

State = tuple[np.ndarray, ...]
Rule = Callable[[State, np.ndarray, int], tuple[np.ndarray, State]]


def fixed_step(
    state: State, gradient: np.ndarray, epoch: int, *, learning_rate: float
) -> tuple[np.ndarray, State]:
    """Take the plain step of gradient descent: learning_rate * gradient.

    Args:
        state: What the rule remembers: nothing.
        gradient: The slope here, any shape.
        epoch: The number of the step, from 1.
        learning_rate: The same at every step.

    Returns:
        The step, which is subtracted from the guess, and the next state.

    Example:
        >>> fixed_step((), 4.0, 1, learning_rate=0.1)[0]
        0.4
    """
    return learning_rate * gradient, state


def gradient_scaled_step(
    state: State, gradient: np.ndarray, epoch: int, *, learning_rate: float
) -> tuple[np.ndarray, State]:
    r"""Multiply the rate by the size of the slope: $\eta\,|g| \cdot g$.

    Args:
        state: What the rule remembers: nothing.
        gradient: The slope $g$ here, any shape.
        epoch: The number of the step, from 1.
        learning_rate: The rate $\eta$ where the slope is 1.

    Returns:
        The step and the next state. Far from the minimum it may be larger than the way back.

    Example:
        >>> float(gradient_scaled_step((), -4.0, 1, learning_rate=0.1)[0])
        -1.6
    """
    return learning_rate * np.abs(gradient) * gradient, state


def time_decay_step(
    state: State, gradient: np.ndarray, epoch: int, *, learning_rate: float, epochs: int = 50
) -> tuple[np.ndarray, State]:
    r"""Lower the rate by the clock, down to 0: $\eta\,(1 - t/T) \cdot g$.

    Args:
        state: What the rule remembers: nothing.
        gradient: The slope $g$ here, any shape.
        epoch: The number $t$ of the step, from 1.
        learning_rate: The rate $\eta$ from which it falls.
        epochs: The number $T$ of steps after which the rate is 0.

    Returns:
        The step and the next state.

    Example:
        >>> time_decay_step((), 4.0, 25, learning_rate=0.1)[0]
        0.2
    """
    return learning_rate * max(0.0, 1 - epoch / epochs) * gradient, state


def rmsprop_step(
    state: State, gradient: np.ndarray, epoch: int, *, learning_rate: float, rho: float = 0.9
) -> tuple[np.ndarray, State]:
    r"""Divide by the running root mean square of the slope: $\eta\,g / \sqrt{v}$.

    $$v \leftarrow \rho\,v + (1 - \rho)\,g^2$$

    Args:
        state: The running mean $v$; empty at the start, when $v = 0$.
        gradient: The slope $g$ here, any shape.
        epoch: The number of the step, from 1.
        learning_rate: The size $\eta$ of a typical step, in units of the guess.
        rho: The memory $\rho$, from 0 to below 1.

    Returns:
        The step and the next state.

    Example:
        >>> float(round(rmsprop_step((), 4.0, 1, learning_rate=0.1)[0], 3))
        0.316
    """
    (square,) = state or (np.zeros_like(gradient),)
    square = rho * square + (1 - rho) * np.square(gradient)
    return learning_rate * gradient / np.sqrt(square + EPSILON), (square,)


def adam_step(
    state: State, gradient: np.ndarray, epoch: int, *, learning_rate: float, beta_1: float = 0.9
) -> tuple[np.ndarray, State]:
    r"""Divide the running mean of the slope by its running root mean square.

    $$m \leftarrow \beta_1 m + (1 - \beta_1)\,g, \quad v \leftarrow \beta_2 v + (1 - \beta_2)\,g^2$$

    Both start at 0 and are too small at first; dividing by $1 - \beta^t$ corrects that.

    Args:
        state: The running means $m$ and $v$; empty at the start, when both are 0.
        gradient: The slope $g$ here, any shape.
        epoch: The number $t$ of the step, from 1.
        learning_rate: The size of a typical step, in units of the guess.
        beta_1: The memory of the mean; that of the mean square, $\beta_2$, is 0.999.

    Returns:
        The step and the next state.

    Example:
        >>> float(round(adam_step((), 4.0, 1, learning_rate=0.1)[0], 3))
        0.1
    """
    mean, square = state or (np.zeros_like(gradient), np.zeros_like(gradient))
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = BETA_2 * square + (1 - BETA_2) * np.square(gradient)
    rate = learning_rate * np.sqrt(1 - BETA_2**epoch) / (1 - beta_1**epoch)
    return rate * mean / (np.sqrt(square) + EPSILON), (mean, square)


def descend_by(
    rule: Rule, gradient: Callable[[np.ndarray], np.ndarray], start: ArrayLike, epochs: int
) -> np.ndarray:
    """Walk downhill with a rule for the step.

    Args:
        rule: Gives the step from (state, gradient, epoch), and the next state.
        gradient: The slope of the landscape at a guess.
        start: The first guess, one axis or more; every entry walks by itself.
        epochs: Number of steps.

    Returns:
        All guesses, shape (epochs + 1, *shape of start). A walk that diverges ends in inf or nan.

    Raises:
        ValueError: `start` is not finite.

    Example:
        >>> rule = partial(fixed_step, learning_rate=0.25)
        >>> descend_by(rule, lambda x: 2 * x, [8.0], epochs=3).ravel()
        array([8., 4., 2., 1.])
    """
    path, state = [numbers(start, "start")], ()
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(1, epochs + 1):
            step, state = rule(state, gradient(path[-1]), epoch)
            path.append(path[-1] - step)
    return np.array(path)


EPSILON = 1e-7  # keeps RMSprop and Adam from dividing by 0, as in Keras
BETA_2 = 0.999

# The experiment

EPOCHS, MINIMUM = 50, 0.5
RULES: dict[str, Rule] = {
    "fixed 0.01": partial(fixed_step, learning_rate=0.01),
    "gradient-scaled 0.01": partial(gradient_scaled_step, learning_rate=0.01),
    "decay from 0.1": partial(time_decay_step, learning_rate=0.1),
    "RMSprop 0.05": partial(rmsprop_step, learning_rate=0.05),
    "Adam 0.1": partial(adam_step, learning_rate=0.1),
    "fixed 0.049": partial(fixed_step, learning_rate=0.049),
    "decay from 0.01": partial(time_decay_step, learning_rate=0.01),
}
FIVE = tuple(RULES)[:5]
SCHEDULES = ("constant", "constant, half the rate", "halved every 10 epochs", "cosine")
CENTERS = ((1, 1), (5, 1), (4, 3))
BATCH_SIZE, STEPS_PER_EPOCH = 30, 10  # 300 points


def slope(guess: np.ndarray, slope_scale: float = 1.0) -> np.ndarray:
    """Return the slope of the course's parabola 3x² - 3x + 4, made steeper by a factor."""
    return slope_scale * (6 * guess - 3)


def walk(seed: int, rule: str, start: float) -> dict[str, np.ndarray]:
    """Return guess, distance from the minimum and rate (step over slope) at every step."""
    path = descend_by(RULES[rule], slope, [start], EPOCHS).ravel()
    rate = _rates(path, slope)
    return {"guess": path, "distance": np.abs(path - MINIMUM), "rate": np.append(rate, np.nan)}


def walk_scaled(seed: int, rule: str, slope_scale: float) -> dict[str, float]:
    """Return the last distance and the mean rate on a steeper or flatter parabola, from -2."""
    scaled = partial(slope, slope_scale=slope_scale)
    path = descend_by(RULES[rule], scaled, [-2.0], EPOCHS).ravel()
    with np.errstate(all="ignore"):
        rate = np.exp(np.mean(np.log(_rates(path, scaled)[:-1])))
    return {"distance": float(np.abs(path[-1] - MINIMUM)), "rate": float(rate)}


def _rates(path: np.ndarray, gradient: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.abs(np.diff(path) / gradient(path[:-1]))


def three_groups(seed: int) -> datasets.Data:
    """Draw 100 points around each of three centres for training, 1,000 for the test."""
    return datasets.clusters(seed, centers=CENTERS, num_test=1000).without_validation()


def three_classes() -> "keras.Sequential":
    """Build the network of the course: two hidden layers of 8 units, three classes."""
    return mlp((2, 8, 8, 3))


def best_accuracy() -> float:
    """Return the accuracy of the best possible rule: the nearest centre."""
    data = datasets.clusters(0, centers=CENTERS, num_examples=20_000, num_test=0)
    distances = np.linalg.norm(data.x_train[:, None] - np.array(CENTERS), axis=-1)
    return float(np.mean(distances.argmin(1) == data.y_train.ravel()))


def rate_of(schedule: str, first_rate: float) -> Any:
    """Return a fixed rate, or a schedule of Keras that starts at `first_rate`."""
    from keras.optimizers import schedules

    steps = EPOCHS * STEPS_PER_EPOCH
    if schedule == "cosine":
        return schedules.CosineDecay(first_rate, steps)
    if schedule == "halved every 10 epochs":
        rates = [first_rate / 2**place for place in range(5)]
        return schedules.PiecewiseConstantDecay(list(range(100, steps, 100)), rates)
    return first_rate if schedule == "constant" else first_rate / 2


RULES_FROM_STARTS = Experiment(
    name="rules",
    question="Which rule for the learning rate gets closest to the minimum?",
    independent={"rule": tuple(RULES), "start": np.linspace(-2, 2, 41).round(2)},
    trial=walk,
    seeds=range(1),
    dims=dict.fromkeys(("guess", "distance", "rate"), ("step",)),
    units={"distance": "distance from the minimum after 50 steps"},
)
SLOPE_SCALE = Experiment(
    name="slope_scale",
    question="What does a rule do on a steeper or flatter landscape?",
    independent={"rule": FIVE, "slope_scale": (0.01, 0.1, 1, 10, 100)},
    trial=walk_scaled,
    seeds=range(1),
    units={"slope_scale": "landscape steeper by", "distance": "distance from the minimum"},
)
SCHEDULE = Experiment(
    name="schedule",
    question="Does a decaying rate improve a network for three groups of points?",
    independent={"schedule": SCHEDULES, "first_rate": (0.01, 0.1, 1.0)},
    trial=Training(
        three_classes,
        three_groups,
        "sparse_categorical_crossentropy_from_logits",
        learning_rate=rate_of,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        metrics=("accuracy",),
        keep_weights=True,
    ),
    seeds=range(30),
    units={"test_accuracy": "accuracy on fresh data", "first_rate": "learning rate at the start"},
)

# The claims


def rank_agreement(results: "xr.Dataset") -> Evidence:
    """Rank correlation of rate and distance over all starts and steps of the scaled rule."""
    chosen = results.sel(rule="gradient-scaled 0.01").isel(seed=0, step=slice(0, EPOCHS))
    moving = chosen["distance"].values > 0
    agreement = rank_correlation(*(chosen[name].values[moving] for name in ("rate", "distance")))
    return Evidence.exact("all starts and steps", agreement, 41, at_least=0.999)


def gain_of_scaling(results: "xr.Dataset") -> list[Evidence]:
    """Distance after 50 steps with the fixed rate minus that with the scaled one."""
    last = results["distance"].isel(step=-1, seed=0)
    gain = last.sel(rule="fixed 0.01") - last.sel(rule="gradient-scaled 0.01")
    places = {"mean of all starts": gain.mean(), "from −2": gain[0], "from 1": gain.sel(start=1)}
    return [Evidence.exact(name, float(one), 41, at_least=0) for name, one in places.items()]


def gain_of_decay(results: "xr.Dataset") -> list[Evidence]:
    """By how many powers of ten the decayed rate ends closer than the fixed one, from -2."""
    last = results["distance"].sel(start=-2).isel(step=-1, seed=0)
    pairs = {
        "from 0.1, against fixed 0.01": ("fixed 0.01", "decay from 0.1"),
        "from 0.1, against its mean 0.049": ("fixed 0.049", "decay from 0.1"),
        "from 0.01, against fixed 0.01": ("fixed 0.01", "decay from 0.01"),
    }
    return [
        Evidence.exact(name, np.log10(last.sel(rule=a) / last.sel(rule=b)).item(), 1, at_least=0)
        for name, (a, b) in pairs.items()
    ]


def rate_against_slope(results: "xr.Dataset") -> list[Evidence]:
    """Exponent with which the mean rate grows with the slope: 1 multiplies, -1 divides."""
    rates, scales = results["rate"].isel(seed=0), np.log10(results["slope_scale"].values)
    exponents = {
        rule: np.polyfit(scales, np.log10(rates.sel(rule=rule).values), 1)[0] for rule in FIVE[3:]
    }
    return [Evidence.exact(rule, one, 5, at_least=0.5) for rule, one in exponents.items()]


def same_on_every_scale(results: "xr.Dataset") -> list[Evidence]:
    """Largest distance over smallest, among five steepnesses of the landscape."""
    last = results["distance"].isel(seed=0)
    with np.errstate(all="ignore"):
        ratio = last.max("slope_scale", skipna=False) / last.min("slope_scale", skipna=False)
    return [
        Evidence.exact(rule, float(ratio.sel(rule=rule)), 5, at_most=1.1)
        for rule in (FIVE[1], *FIVE[3:])
    ]


def gain_of_schedule(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy with a decaying rate minus that with a constant one, paired by seed."""
    accuracy = results["test_accuracy"]
    gain = accuracy.sel(schedule=list(SCHEDULES[2:])) - accuracy.sel(schedule="constant")
    return [
        Evidence.from_mean(f"{name}, from {rate:g}", one.sel(first_rate=rate), at_least=0)
        for rate in results["first_rate"].values
        for name, one in zip(SCHEDULES[2:], gain, strict=True)
    ]


CLAIMS = (
    Claim(
        "C-dynamic_learning_rate-1",
        "Multiplied by the gradient, the rate is larger far from the minimum and smaller near it.",
        RULES_FROM_STARTS,
        rank_agreement,
        note="rank correlation of rate and distance; holds from 0.999",
    ),
    Claim(
        "C-dynamic_learning_rate-2",
        "A rate that is multiplied by the gradient gets closer to the minimum.",
        RULES_FROM_STARTS,
        gain_of_scaling,
        note="distance after 50 steps, fixed minus scaled; holds above 0",
    ),
    Claim(
        "C-dynamic_learning_rate-3",
        "Learning rate decay gets closer to the minimum than a fixed rate.",
        RULES_FROM_STARTS,
        gain_of_decay,
        note="powers of ten by which decay ends closer, start −2; holds above 0",
    ),
    Claim(
        "C-dynamic_learning_rate-4",
        "RMSprop and Adam multiply the rate by the gradient.",
        SLOPE_SCALE,
        rate_against_slope,
        note="exponent of the mean rate: 1 multiplies, 0 is plain, −1 divides; holds from 0.5",
    ),
    Claim(
        "C-dynamic_learning_rate-5",
        "The derivative method is adaptive to the problem.",
        SLOPE_SCALE,
        same_on_every_scale,
        note="largest over smallest distance on ground 0.01 to 100 times as steep; holds up to 1.1",
    ),
    Claim(
        "C-dynamic_learning_rate-6",
        "Learning rate decay improves a network.",
        SCHEDULE,
        gain_of_schedule,
        note="accuracy, decay minus constant, paired by seed; holds if the interval is above 0",
    ),
)

# The figure

COLORS = dict(zip(RULES, ("blue", "orange", "green", "purple", "red", "sky", "muted"), strict=True))
SHOWN = (1e-10, 1e3)  # distances beyond are drawn at the edge


def active_units(results: "xr.Dataset") -> "xr.DataArray":
    """Count the units of the second hidden layer that answer a training point with more than 0.

    Args:
        results: Of the experiment `schedule`.

    Returns:
        The number, 0 to 8, for every network.
    """
    template = results["test_accuracy"].transpose("seed", ...)
    counts = []
    for seed in template["seed"].values:
        values = three_groups(int(seed)).x_train
        for layer in ("hidden_1", "hidden_2"):
            parts = (
                results[f"weights_{layer}_{part}"].sel(seed=seed) for part in ("kernel", "bias")
            )
            kernel, bias = (part.transpose(*template.dims[1:], ...).values for part in parts)
            values = np.maximum(values @ kernel + bias[..., None, :], 0)
        counts.append((values > 0).any(axis=-2).sum(axis=-1))
    return template.copy(data=np.array(counts))


def plot_three_panels(start: float = -2.0) -> "plots.BookFigure":
    """Draw guess, slope and rate at every step, for five rules from one start."""
    figure, panels = plots.figure(
        "Guess, slope and learning rate against step for five rules: the gradient-scaled rate "
        "falls with the slope, the decayed one by the clock; those of RMSprop and Adam end higher.",
        rows=3,
        height=8,
        sharex=True,
    )
    plots.log_axis(panels[2], "y")
    for name in FIVE:
        path = descend_by(RULES[name], slope, [start], EPOCHS).ravel()
        rates = _rates(path, slope)
        rows = (path, slope(path), np.append(np.where(rates > 1e-12, rates, np.nan), np.nan))
        for panel, values in zip(panels, rows, strict=True):
            panel.plot(values, color=COLORS[name], label=name)
    for panel, name in zip(panels, ("guess", "slope", "step divided by slope"), strict=True):
        panel.set(ylabel=name)
        plots.label_lines(panel)
    plots.reference(panels[0], MINIMUM)
    panels[-1].set(xlabel="step")
    return figure


def plot_rules(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the distance after 50 steps against the start, one line for each rule."""
    figure, panels = plots.figure(
        "Distance from the minimum after 50 steps against the start, on a logarithmic axis: the "
        "gradient-scaled rate ends at nearly the same distance from everywhere.",
        rows=2,
        height=6.6,
        sharex=True,
        sharey=True,
    )
    last = results["distance"].isel(step=-1, seed=0).clip(*SHOWN)
    names = list(RULES)
    for panel, rules in zip(
        panels, ([*names[:3], *names[5:]], [names[0], *names[3:5]]), strict=True
    ):
        plots.log_axis(panel, "y")
        for rule in rules:
            panel.plot(results["start"], last.sel(rule=rule), color=COLORS[rule], label=rule)
        panel.set(ylabel="distance from the minimum after 50 steps")
        plots.label_lines(panel)
    panels[-1].set(xlabel="start")
    return figure


def plot_slope_scale(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the last distance against the steepness of the landscape."""
    figure, axes = plots.figure(
        "Distance after 50 steps against steepness, both logarithmic: flat lines for RMSprop and "
        "Adam, the others fall and then shoot up to the edge of the picture.",
        height=4,
    )
    plots.log_axis(axes, "both")
    last = results["distance"].isel(seed=0).fillna(np.inf).clip(*SHOWN)
    for rule in results["rule"].values.tolist():
        line = last.sel(rule=rule)
        axes.plot(results["slope_scale"], line, "o-", color=COLORS[rule], label=rule)
    axes.set(xlabel="landscape steeper by", ylabel="distance from the minimum after 50 steps")
    plots.label_lines(axes)
    return figure


def plot_schedule(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of every network, in one panel for each first rate."""
    figure, panels = plots.figure(
        "Accuracy on fresh points, one dot per network, for four schedules and three first rates.",
        rows=results.sizes["first_rate"],
        height=8,
    )
    for panel, rate in zip(panels, results["first_rate"].values, strict=True):
        accuracy = results["test_accuracy"].sel(first_rate=rate).transpose("schedule", "seed")
        plots.strip(panel, dict(zip(SCHEDULES, accuracy.values, strict=True)))
        plots.reference(panel, best_accuracy(), along="y")
        panel.set(title=f"first rate {rate:g}")
    panels[-1].set(xlabel="accuracy on fresh data")
    return figure
