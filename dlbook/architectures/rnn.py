"""Recurrent neural networks: a layer that meets its own past, one step of time after another."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import forecasting, plots, series
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.experiment import Experiment
from dlbook.lab.flat_networks import flat_forecast, flat_network
from dlbook.lab.forecasting import (
    autocorrelation,
    free_run,
    linear_autoregression,
    persist,
    windows,
)
from dlbook.lab.readouts import Walk, carry_on, fitting_start, fitting_weights, reading, refit
from dlbook.lab.series import KNOWN, ORDERS, wave
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

HELPERS = (autocorrelation, free_run, linear_autoregression, persist, windows)


def rnn_step(
    inputs: ArrayLike, hidden_state: ArrayLike, kernels: Sequence[ArrayLike], bias: ArrayLike
) -> np.ndarray:
    r"""Make the next hidden state of what comes in now and what was there before.

    $$h_t = \tanh(x_t W + h_{t-1} U + b)$$

    Args:
        inputs: The values of one moment, $x_t$, shape (features,) or (batch, features).
        hidden_state: The state before, $h_{t-1}$, shape (units,) or (batch, units).
        kernels: The weights of the inputs, $W$, shape (features, units), and those of the state,
            $U$, shape (units, units).
        bias: $b$, shape (units,).

    Returns:
        The new state $h_t$, from -1 to 1, shape (units,) or (batch, units).

    Raises:
        ValueError: The shapes do not fit each other.

    Example:
        >>> rnn_step([1.0], [0.5], ([[2.0]], [[-4.0]]), [0.0])
        array([0.])
    """
    now, before = numbers(inputs, "inputs"), numbers(hidden_state, "hidden_state")
    kernel, recurrent, shift = fitting_weights(kernels, bias)
    if now.shape[-1] != len(kernel) or before.shape[-1] != len(recurrent):
        raise ValueError(
            f"`inputs` must have {len(kernel)} features and `hidden_state` {len(recurrent)} units, "
            f"as `kernels` say. Received: shapes {now.shape} and {before.shape}"
        )
    return np.tanh(now @ kernel + before @ recurrent + shift)


def unroll(
    sequence: ArrayLike,
    kernels: Sequence[ArrayLike],
    bias: ArrayLike,
    start: ArrayLike | None = None,
) -> np.ndarray:
    """Walk through a sequence, with the same weights at every step.

    Args:
        sequence: Values in order of time, shape (timesteps, features) or (batch, timesteps,
            features).
        kernels: As `rnn_step` takes them.
        bias: As `rnn_step` takes it.
        start: The state before the first step, shape (units,) or (batch, units); `None`: zeros.

    Returns:
        The states of all moments, shape (timesteps, units) or (batch, timesteps, units).

    Raises:
        ValueError: The shapes do not fit each other.

    Example:
        >>> unroll([[1.0], [0.0]], ([[1.0]], [[1.0]]), [0.0]).round(3).ravel()
        array([0.762, 0.642])
    """
    values = numbers(sequence, "sequence")
    kernel, recurrent, shift = fitting_weights(kernels, bias)
    if values.ndim not in (2, 3) or values.shape[-1] != len(kernel):
        raise ValueError(
            "`sequence` must have the axes (timesteps, features) or (batch, timesteps, features), "
            f"with {len(kernel)} features, as `kernels` say. Received: shape {values.shape}"
        )
    state = fitting_start(start, (*values.shape[:-2], len(recurrent)))
    states = []
    for driven in np.moveaxis(values @ kernel + shift, -2, 0):
        state = np.tanh(driven + state @ recurrent)
        states.append(state)
    return np.stack(states, axis=-2)


def build_rnn(timesteps: int, units: int, noise: float = 0.0) -> "keras.Sequential":
    """Build a recurrent layer whose last state gives one number.

    Args:
        timesteps: Values in a window.
        units: Numbers in the hidden state.
        noise: Standard deviation of the noise that is added to the inputs in training.

    Returns:
        A model that takes (batch, timesteps, 1) and gives (batch, 1).

    Example:
        >>> build_rnn(30, 9).count_params()
        109
    """
    import keras

    disturbed = [keras.layers.GaussianNoise(noise)] if noise else []
    layers = [*disturbed, keras.layers.SimpleRNN(units), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((timesteps, 1)), *layers])


def walk_of(weights: Sequence[ArrayLike]) -> Walk:
    """Return `unroll` with the weights of a trained layer.

    Args:
        weights: As `get_weights` of a Keras model gives them: kernel, recurrent kernel and bias
            come first.

    Returns:
        A function that takes windows of shape (batch, timesteps, features) and returns the states
        of all moments.

    Example:
        >>> walk_of(build_rnn(30, 9).get_weights())(np.zeros((2, 30, 1))).shape
        (2, 30, 9)
    """
    return partial(unroll, kernels=weights[:2], bias=weights[2])


# The experiment

TIMESTEPS = 30  # of the course, for the wave
RECIPE: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "batch_size": 16,
    "epochs": 30,
}
ONE: dict[str, Any] = {"batch_size": 1, "epochs": 30}
MSE, LOGITS = "mean_squared_error", "binary_crossentropy_from_logits"
FLIP_FIT, LAST_FIT = ("last sign flipped", "least squares"), ("last value", "least squares")
PATHS = {"path": ("moment",), "one_step": ("moment",)}
READOUTS = ("as trained", "state carried on", "refitted", "refitted with noise")
LARGE = {"units": 64, "learning_rate": 3e-3}
REPAIRS: dict[str, dict[str, Any]] = {
    "the course's": {"optimizer": "sgd", "learning_rate": 1e-3, "batch_size": 1},
    "none": {},
    "10 times longer": {"epochs": 300},
    "noise on inputs": {"noise": 0.05},
    "64 units": LARGE,
    "all three": {**LARGE, "epochs": 300, "noise": 0.05},
    "64, untrained": {**LARGE, "learning_rate": 0.0, "epochs": 1},
}
SETTINGS = {
    setting: by("repair", {name: plan.get(setting, usual) for name, plan in REPAIRS.items()})
    for setting, usual in RECIPE.items()
}


def measure_signs(model: Any, data: Any) -> dict[str, Any]:
    """Measure a trained network on the fresh numbers, and keep its forecasts."""
    weights = model.get_weights()
    forecast = reading(walk_of(weights), *weights[3:])(data.x_test)[:, 0]
    return {"forecast": forecast, **forecasting.score_signs(forecast, data.y_test[:, 0])}


def build_forecaster(network: str) -> "keras.Sequential":
    """Build one of the networks that are compared on the wave."""
    units = {"RNN": 9, "MLP": 3, "linear layer": 0}[network]
    return (build_rnn if network == "RNN" else flat_network)(TIMESTEPS, units)


def foresee(model: Any, data: Any, seed: int, network: str) -> dict[str, Any]:
    """Measure a trained network on the second half of the wave."""
    weights = model.get_weights()
    flat = network != "RNN"
    predict = flat_forecast(weights) if flat else reading(walk_of(weights), *weights[3:])
    return series.score_on_wave(predict, seed)


def repaired_network(repair: str) -> "keras.Sequential":
    """Build the network of one repair."""
    plan = REPAIRS[repair]
    return build_rnn(TIMESTEPS, plan.get("units", 9), plan.get("noise", 0.0))


def measure_readouts(model: Any, data: Any, seed: int) -> dict[str, Any]:
    """Let one trained layer forecast the second half in four ways."""
    weights, values = model.get_weights(), wave(seed)
    walk, known, rest = walk_of(weights), values[:KNOWN], values[KNOWN:]
    fits = [refit(walk, known, TIMESTEPS, noise) for noise in (0.0, 0.01)]
    readouts, shifts = (np.stack(one) for one in zip(weights[3:], *fits, strict=True))
    inputs, targets = windows(values[KNOWN - TIMESTEPS :], TIMESTEPS)
    errors = np.mean((walk(inputs)[:, -1] @ readouts + shifts[:, None] - targets) ** 2, axis=(1, 2))
    together = reading(walk, readouts, shifts)
    paths = [*free_run(together, inputs[[0, 0, 0]], KNOWN)[..., 0]]
    paths.insert(1, carry_on(walk, readouts[0], shifts[0], inputs[0], KNOWN)[:, 0])
    steps = [forecasting.steps_near(path, rest) for path in paths]
    return {"steps": np.array(steps), "one_step_error": errors, "swing": np.std(paths[0][-100:])}


def build_classifier(network: str) -> "keras.Sequential":
    """Build a network with 89 parameters that reads a stretch of 20 values."""
    return build_rnn(20, 8) if network == "RNN" else flat_network(20, 4)


INFORMATION = Experiment(
    "information", "Does the past tell the future?", {"series": series.SERIES}, series.told_part
)
ALTERNATING = Experiment(
    "alternating",
    "What does a recurrent network learn of numbers whose signs take turns?",
    {"learning_rate": (0.001, 0.01)},
    Training(partial(build_rnn, 9, 5), series.turning_signs, MSE, outputs=measure_signs, **ONE),
    dims={"forecast": ("moment",)},
)
SIGN_RULES = Experiment(
    "sign_rules", "And without a network?", {"rule": FLIP_FIT}, series.signs_by_rule
)
SINE = Experiment(
    "sine",
    "Which network foresees a wave, one step ahead and on its own?",
    {"network": ("RNN", "MLP", "linear layer")},
    Training(build_forecaster, series.wave_windows, MSE, outputs=foresee, **RECIPE),
    dims=PATHS,
)
SINE_RULES = Experiment(
    "sine_rules", "And without a network?", {"rule": LAST_FIT}, series.foresee_by_rule, dims=PATHS
)
REPAIR = Experiment(
    "repair",
    "What keeps a recurrent network on the wave when it runs free?",
    {"repair": ("none", "64 units", "64, untrained")},
    Training(repaired_network, series.wave_windows, MSE, outputs=measure_readouts, **SETTINGS),
    range(100, 120),  # seeds 0 to 19 were looked at to find the repairs
    dims={"steps": ("readout",), "one_step_error": ("fit",)},
    full_independent={"repair": tuple(REPAIRS)},
)
ORDER = Experiment(
    "order",
    "Does it matter in which order the values come?",
    {"network": ("RNN", "MLP"), "order": ORDERS},
    Training(build_classifier, series.teeth, LOGITS, metrics=("accuracy",), **RECIPE),
    units={"test_accuracy": "accuracy on fresh stretches"},
)

# The claims


def against_rules(networks: "xr.Dataset", rules: "xr.Dataset") -> list[Evidence]:
    """Signs that the network gets right (rate 0.01), minus those of a rule, by seed."""
    gain = networks["signs"].sel(learning_rate=0.01, drop=True) - rules["signs"]
    return evidence_of_each(gain, "minus {rule}", at_least=0.01)


def within_signs(results: "xr.Dataset") -> list[Evidence]:
    """Correlation of forecast and truth among the numbers of one sign."""
    runs = results.sel(learning_rate=0.01)
    names = {"positive numbers": "r_positive", "negative numbers": "r_negative"}
    return [Evidence.from_mean(sign, runs[one], at_least=0.1) for sign, one in names.items()]


def against_others(sine: "xr.Dataset", rules: "xr.Dataset", order: "xr.Dataset") -> list[Evidence]:
    """What the RNN gains, by seed."""
    steps, accuracy = sine["steps"], order["test_accuracy"].sel(order=ORDERS[0])
    rnn, exact = steps.sel(network="RNN"), rules["steps"].sel(rule="least squares")
    gains = {
        "wave, steps: minus least squares": rnn - exact,
        "wave, steps: minus MLP": rnn - steps.sel(network="MLP"),
        "saw teeth, accuracy: minus MLP": -accuracy.diff("network").isel(network=0),
    }
    return [Evidence.from_mean(name, gain, at_least=0) for name, gain in gains.items()]


def of_good_forecasts(sine: "xr.Dataset", repair: "xr.Dataset") -> list[Evidence]:
    """Steps on its own of networks that are good at one step."""
    good = sine["steps"].where(sine["one_step_r"] >= 0.99)
    exact = repair.sel(repair="64 units").isel(readout=2, fit=1)
    runs = {name: good.sel(network=name) for name in ("RNN", "MLP")}
    runs["64 units, refitted"] = exact["steps"].where(exact["one_step_error"] < 1e-9)
    bound = 0.95 * KNOWN
    return [Evidence.from_mean(k, one.dropna("seed"), at_least=bound) for k, one in runs.items()]


def of_order(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy in order minus accuracy where every stretch is shuffled in its own way, by seed."""
    ordered, shuffled = (results["test_accuracy"].sel(order=ORDERS[i], drop=True) for i in (0, 2))
    return evidence_of_each(ordered - shuffled, "{network}", at_least=0.1)


def of_straight_lines(results: "xr.Dataset") -> list[Evidence]:
    """R² of a straight line on the second half of the series."""
    return evidence_of_each(results["linear"], "{series}", at_least=0.5)


RULES = (
    (
        "100 % of the signs right shows that the network remembers.",
        (ALTERNATING, SIGN_RULES),
        against_rules,
        "share of right signs minus that of a rule without memory; holds from 0.01 up",
    ),
    (
        "A correlation of .8 shows that the network forecasts the numbers.",
        ALTERNATING,
        within_signs,
        "correlation among the numbers of one sign; holds from 0.1 up",
    ),
    (
        "RNNs are a better model to deal with sequences.",
        (SINE, SINE_RULES, ORDER),
        against_others,
        "RNN minus the other, by seed; holds if the interval is above 0",
    ),
    (
        "Who is good at one step extrapolates well.",
        (SINE, REPAIR),
        of_good_forecasts,
        "steps near the wave, where one-step r is at least .99; holds from 475 of 500 up",
    ),
    (
        "The order of the values carries information.",
        ORDER,
        of_order,
        "accuracy in order minus each shuffled in its own way; holds from 0.1 up",
    ),
    (
        "Sequential information (autocorrelation) can be used to predict the future.",
        INFORMATION,
        of_straight_lines,
        "R² of a weighted sum of the last 9 values; holds from 0.5 up",
    ),
)
CLAIMS = tuple(Claim(f"C-rnn-{number}", *rule) for number, rule in enumerate(RULES, start=1))

# The figure


def plot_unrolled() -> "plots.BookFigure":
    """Draw a recurrent layer as a loop, and the same layer unrolled over three moments."""
    drawing, axes = plots.diagram(
        "Left a layer whose state h goes back into it. Right the same layer drawn three times, one "
        "per moment: each gets its input x and the state of the one before; the last gives y.",
        height=2.7,
    )
    places = [(0.7, 1.35), (2.6, 1.35), (4.1, 1.35), (5.6, 1.35)]
    names = ["x", "x₁", "x₂", "x₃"]
    for place, name in zip(places, names, strict=True):
        plots.box(axes, place, "layer", width=0.8)
        plots.circle(axes, (place[0], 0.3), name, color="muted")
        plots.arrow(axes, (place[0], 0.57), (place[0], 1.04))
    plots.arrow(axes, (1.0, 1.66), (0.4, 1.66), "h", color="accent", bend=1.8)
    for left, right, name in zip(places[1:3], places[2:], ("h₁", "h₂"), strict=True):
        start, end = (left[0] + 0.4, 1.35), (right[0] - 0.4, 1.35)
        plots.arrow(axes, start, end, name, color="accent")
    plots.arrow(axes, (5.6, 1.66), (5.6, 2.13))
    plots.circle(axes, (5.6, 2.4), "y", color="orange")
    return drawing


def plot_autocorrelations(seed: int = 0) -> "plots.BookFigure":
    """Draw how four series correlate with their own past."""
    drawing, panels = plots.figure(
        "Autocorrelation against lag for four series: that of the wave swings, that of the "
        "alternating numbers changes its sign at every step, those of the logistic map and of "
        "noise are near 0 from lag 1 on.",
        rows=2,
        columns=2,
        height=4.6,
        sharex=True,
        sharey=True,
    )
    for panel, name in zip(panels.flat, series.SERIES, strict=True):
        found = autocorrelation(series.draw_series(seed, name), 40)
        panel.vlines(np.arange(41), 0, found, colors="blue", linewidth=1.6)
        plots.reference(panel, 0)
        panel.set(title=name, ylim=(-1.05, 1.05))
    plots.share_labels(drawing, x="lag (steps)", y="autocorrelation")
    return drawing


def plot_alternating(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw forecasts against what came, for one network."""
    truth = series.turning_signs(seed).y_test[:, 0]
    forecast = results["forecast"].sel(seed=seed, learning_rate=0.01).values
    drawing, axes = plots.figure(
        "Forecast against truth: two clouds, one for negative and one for positive numbers, and "
        "neither of them slopes.",
        height=3.8,
    )
    for sign, color in ((-1, "orange"), (1, "blue")):
        rows = np.sign(truth) == sign
        axes.plot(truth[rows], forecast[rows], "o", color=color, alpha=0.4, markersize=4)
        r = np.corrcoef(truth[rows], forecast[rows])[0, 1]
        axes.text(0.55 * sign, 0.9 * sign, f"r = {r:.2f}".replace("-", "−"), ha="center")
    axes.plot([-1, 1], [-1, 1], "--", color="muted")
    axes.set(xlabel="what came", ylabel="forecast", ylim=(-1.1, 1.1))
    return drawing


def plot_sine(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw the forecasts of one network, one step ahead and on its own, and of least squares."""
    rnn, truth = results.sel(network="RNN", seed=seed), wave(seed)[KNOWN:]
    exact = series.foresee_by_rule(seed, "least squares")["path"]
    drawing, panels = plots.figure(
        "A wave and three forecasts of it. One step ahead the network lies on the wave; on its own "
        "it leaves the wave after some time; the sum fitted by least squares stays on it.",
        rows=3,
        height=6,
        sharex=True,
        sharey=True,
    )
    drawn = {
        "network, one step ahead": rnn["one_step"].values,
        "network, on its own": rnn["path"].values,
        "least squares, on its own": exact,
    }
    for panel, (name, forecast) in zip(panels, drawn.items(), strict=True):
        panel.plot(truth, color="muted", linewidth=3, alpha=0.5)
        panel.plot(forecast, color="blue", linewidth=1.3)
        panel.set(title=name, ylim=(-1.5, 1.5))
    plots.share_labels(drawing, x="steps after the last known value")
    return drawing


def plot_repair(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw how many steps each network stays on the wave, for four ways of reading it."""
    drawing, axes = plots.figure(
        "Table of mean steps on the wave: by rows the repairs of the training, by columns the ways "
        "of reading the trained layer. The last column is by far the best for 64 units.",
        height=1.2 + 0.5 * results.sizes["repair"],
    )
    steps = results["steps"].mean("seed").transpose("repair", "readout").values[::-1]
    names = ["trained", "carried", "refitted", "refit, noise"]
    rows = results["repair"].values[::-1].tolist()
    plots.heatmap(axes, steps, names, rows, limits=(0, KNOWN))
    axes.set(xlabel="how the trained layer is read", ylabel="repair")
    return drawing


def plot_order(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of both networks for the three orders, one dot per network."""
    drawing, axes = plots.figure(
        "Accuracy on fresh stretches, one dot per network: in order the recurrent network is the "
        "best, with one shuffle for all it is as good as the other, and with an own shuffle for "
        "each stretch both guess.",
        height=4.6,
    )
    accuracy = results["test_accuracy"]
    short = ("in order", "one shuffle", "each its own")  # as long as a phone allows
    rows = {
        f"{network}, {name}": accuracy.sel(order=order, network=network).values
        for order, name in zip(ORDERS, short, strict=True)
        for network in accuracy["network"].values
    }
    plots.strip(axes, rows)
    plots.reference(axes, 0.5, along="y")
    axes.set(xlabel="accuracy on fresh stretches (dashed: chance)", xlim=(0.4, 1.02))
    return drawing
