"""Series whose future can be told, or not: a wave, turning signs, chaos, noise, and saw teeth."""

from typing import Any

import numpy as np

from dlbook.lab.datasets import Data, alternating
from dlbook.lab.forecasting import (
    Model,
    foreseeable,
    linear_autoregression,
    persist,
    score_forecast,
    score_signs,
    windows,
)

SERIES = ("wave", "alternating", "logistic map", "noise")
ORDERS = ("in order", "one shuffle for all", "each its own")
KNOWN = 500
STRETCH = 20


def wave(seed: int, num_points: int = 2 * KNOWN) -> np.ndarray:
    r"""Sample $\sin(t + \cos t)$, 500 points over 15 periods, from a random moment on.

    Args:
        seed: Controls where the wave begins.
        num_points: How many points; by default as many to be foreseen as to learn from.

    Returns:
        From -1 to 1, in double precision, shape (num_points,).

    Example:
        >>> wave(0)[:3].round(3)
        array([-0.207, -0.524, -0.791])
    """
    start = np.random.default_rng(seed).uniform(0, 2 * np.pi)
    times = start + np.arange(num_points) * 30 * np.pi / (KNOWN - 1)
    return np.sin(times + np.cos(times))


def wave_windows(seed: int, timesteps: int = 30) -> Data:
    """Cut the first 500 points of the wave into windows, each with the value that follows.

    Args:
        seed: Controls where the wave begins.
        timesteps: Length of a window.

    Returns:
        Training data of shape (500 - timesteps, timesteps, 1).

    Example:
        >>> wave_windows(0)
        Data(train=(470, 30, 1) -> (470, 1))
    """
    inputs, targets = windows(wave(seed)[:KNOWN], timesteps)
    return Data(inputs.astype(np.float32), targets.astype(np.float32))


def told_part(seed: int, series: str) -> dict[str, float]:
    """Say how much of the second half of a series simple models foresee.

    Args:
        seed: Draws the series.
        series: Its kind, as `draw_series` takes it.

    Returns:
        As `dlbook.lab.forecasting.foreseeable` gives it.

    Example:
        >>> print(round(told_part(0, "wave")["linear"], 2))
        1.0
    """
    return foreseeable(draw_series(seed, series))


def score_on_wave(model: Model, seed: int) -> dict[str, Any]:
    """Score a model on the second half of the wave, with windows of 30 values.

    Args:
        model: Takes windows of shape (batch, 30, 1) and returns the next values, shape (batch, 1).
        seed: Controls where the wave begins.

    Returns:
        As `dlbook.lab.forecasting.score_forecast` gives it.

    Example:
        >>> score_on_wave(persist, 0)["steps"]
        0
    """
    return score_forecast(model, wave(seed), KNOWN, 30)


def foresee_by_rule(seed: int, rule: str) -> dict[str, Any]:
    """Score a forecast of the second half of the wave that needs no network.

    Args:
        seed: Controls where the wave begins.
        rule: `"last value"`, or `"least squares"`: a weighted sum of the last 30 values.

    Returns:
        As `dlbook.lab.forecasting.score_forecast` gives it.

    Example:
        >>> foresee_by_rule(0, "least squares")["steps"]
        500
    """
    linear = linear_autoregression(wave(seed)[:KNOWN], 30)
    return score_on_wave(linear if rule == "least squares" else persist, seed)


def turning_signs(seed: int) -> Any:
    """Draw the course's 50 numbers whose signs take turns, and 500 fresh ones, in windows of 9.

    Example:
        >>> turning_signs(0).x_train.shape
        (41, 9, 1)
    """
    return alternating(seed, num_test=KNOWN)


def signs_by_rule(seed: int, rule: str) -> dict[str, float]:
    """Score a forecast of numbers whose signs take turns that needs no network.

    Args:
        seed: Draws the numbers.
        rule: `"last sign flipped"`, always of size 1, or `"least squares"`: a weighted sum of the
            last 9 numbers, fitted to the 50 known ones.

    Returns:
        As `dlbook.lab.forecasting.score_signs` gives it.

    Example:
        >>> signs_by_rule(0, "last sign flipped")["signs"]
        1.0
    """
    data = turning_signs(seed)
    series = np.concatenate([data.x_train[0, :, 0], data.y_train[:, 0]])
    linear = linear_autoregression(series, data.x_train.shape[1])
    guess = linear if rule == "least squares" else lambda x: -np.sign(persist(x))
    return score_signs(guess(data.x_test)[:, 0], data.y_test[:, 0])


def draw_series(seed: int, series: str, num_points: int = 2 * KNOWN) -> np.ndarray:
    r"""Draw a series of one kind.

    Args:
        seed: Controls where it begins, or all of it.
        series: `"wave"`; `"alternating"`: uniform numbers whose signs take turns; `"logistic map"`:
            $x_{t+1} = 4 x_t (1 - x_t)$; `"noise"`: uniform numbers.
        num_points: How many points.

    Returns:
        The series, shape (num_points,).

    Raises:
        ValueError: The kind is unknown.

    Example:
        >>> draw_series(0, "logistic map", 2).round(3)
        array([0.637, 0.925])
    """
    if series not in SERIES:
        raise ValueError(f"`series` must be one of {', '.join(SERIES)}. Received: {series!r}")
    if series == "wave":
        return wave(seed, num_points)
    draws = np.random.default_rng(seed).uniform(0, 1, num_points)
    if series == "alternating":
        return draws * (-1.0) ** np.arange(num_points)
    for place in range(1, num_points * (series == "logistic map")):
        draws[place] = 4 * draws[place - 1] * (1 - draws[place - 1])
    return draws


def teeth(
    seed: int, order: str = "in order", *, num_examples: int = 200, num_test: int = KNOWN
) -> Data:
    """Draw stretches of noisy saw teeth: which rise slowly and drop, and which are turned round?

    A stretch of class 1 is drawn like one of class 0 and then read backwards. So both classes have
    the same values, in another order.

    Args:
        seed: Controls everything that is drawn.
        order: `"in order"`; `"one shuffle for all"`: the 20 places are exchanged, in the same way
            in all stretches; `"each its own"`: every stretch is shuffled in its own way.
        num_examples: Stretches for training.
        num_test: Stretches for the test.

    Returns:
        Inputs of shape (examples, 20, 1), labels 0 and 1 of shape (examples, 1).

    Raises:
        ValueError: The order is unknown.

    Example:
        >>> teeth(0)
        Data(train=(200, 20, 1) -> (200, 1), test=(500, 20, 1) -> (500, 1))
    """
    if order not in ORDERS:
        raise ValueError(f"`order` must be one of {', '.join(ORDERS)}. Received: {order!r}")
    rng = np.random.default_rng(seed)
    places, parts = rng.permutation(STRETCH), []
    for count in (num_examples, num_test):
        periods, phases = rng.uniform(7, 13, (count, 1)), rng.uniform(0, 1, (count, 1))
        values = 2 * ((np.arange(STRETCH) / periods + phases) % 1) - 1
        values += 0.3 * rng.standard_normal(values.shape)
        labels = np.arange(count)[:, None] % 2
        values = np.where(labels == 1, values[:, ::-1], values)
        shuffled = {ORDERS[1]: values[:, places], ORDERS[2]: rng.permuted(values, axis=1)}
        parts += [shuffled.get(order, values)[..., None].astype(np.float32), labels]
    labels, test_labels = (one.astype(np.float32) for one in parts[1::2])
    return Data(parts[0], labels, x_test=parts[2], y_test=test_labels)
