"""Series in time, and what continues them: windows, autocorrelation, and the free run of a model.

A *model* here is a Keras model or any function that takes windows of shape (batch, timesteps,
features) and returns what follows each of them, flattened.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import check_count, numbers
from dlbook.lab.least_squares import r_squared

Model = Callable[[np.ndarray], Any]


def windows(series: ArrayLike, timesteps: int, horizon: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Cut a series into all stretches of equal length, each with what follows it.

    Neighbours overlap in all values but one: split them by time, never at random.

    Args:
        series: Values in order of time, shape (points,) or (points, features).
        timesteps: Length of a stretch.
        horizon: How many of the following values are to be predicted.

    Returns:
        Inputs of shape (windows, timesteps, features) and targets of shape (windows, horizon x
        features), the first moment first. There are points - timesteps - horizon + 1 windows.

    Raises:
        ValueError: `timesteps` or `horizon` is below 1, or the series is too short for one window.

    Example:
        >>> inputs, targets = windows([1, 2, 3, 4], timesteps=2)
        >>> inputs[..., 0].tolist(), targets.ravel().tolist()
        ([[1.0, 2.0], [2.0, 3.0]], [3.0, 4.0])
    """
    table = _table(series)
    check_count("`timesteps`", timesteps)
    check_count("`horizon`", horizon)
    if len(table) < timesteps + horizon:
        raise ValueError(
            "`series` must have at least as many points as `timesteps` plus `horizon`, "
            f"{timesteps + horizon}. Received: {len(table)} points"
        )
    stretches = np.lib.stride_tricks.sliding_window_view(table, timesteps + horizon, axis=0)
    stretches = np.moveaxis(stretches, -1, 1)
    inputs, targets = stretches[:, :timesteps], stretches[:, timesteps:]
    return inputs.copy(), targets.reshape(len(targets), -1)


def _table(series: ArrayLike) -> np.ndarray:
    table = numbers(series, "series")
    if table.ndim > 2:
        raise ValueError(
            "`series` must have shape (points,) or (points, features), one series and not a batch. "
            f"Received: shape {table.shape}"
        )
    return table.reshape(len(table), -1)


def autocorrelation(series: ArrayLike, lags: int) -> np.ndarray:
    r"""Correlate a series with itself, moved by 0, 1, 2, ... steps.

    $$r_k = \frac{\sum_t (x_t - \bar x)(x_{t+k} - \bar x)}{\sum_t (x_t - \bar x)^2}$$

    Near 0 at all lags but the first where the past says nothing (in a straight line) about the
    future.

    Args:
        series: $x$, shape (points,) or (points, features); $\bar x$ is its mean.
        lags: The largest lag $k$, below the number of points.

    Returns:
        $r_0, \dots, r_k$, from -1 to 1, shape (lags + 1,) or (lags + 1, features).

    Raises:
        ValueError: The series is constant or too short, or `lags` is negative.

    Example:
        >>> autocorrelation([1.0, -1.0, 1.0, -1.0], lags=2)
        array([ 1.  , -0.75,  0.5 ])
    """
    table = _table(series)
    if check_count("`lags`", lags, least=0) >= len(table):
        raise ValueError(
            f"`lags` must be below the number of points, {len(table)}. Received: {lags!r}"
        )
    centered = table - table.mean(axis=0)
    power = np.sum(centered**2, axis=0)
    if np.any(power <= 1e-28 * np.sum(table**2, axis=0)):
        raise ValueError(f"`series` must not be constant. Received: {series!r}")
    sums = [np.sum(centered[: len(table) - k] * centered[k:], axis=0) for k in range(lags + 1)]
    found = np.array(sums) / power
    return found if np.ndim(series) == 2 else found[:, 0]


def persist(inputs: ArrayLike) -> np.ndarray:
    """Say that nothing changes: the forecast is the last value.

    Args:
        inputs: Windows of shape (batch, timesteps, features).

    Returns:
        The last values, shape (batch, features).

    Example:
        >>> persist([[[1.0], [3.0]]])
        array([[3.]])
    """
    return numbers(inputs, "inputs", rank=3)[:, -1]


def linear_autoregression(series: ArrayLike, timesteps: int) -> Model:
    r"""Fit the next value as a weighted sum of the last ones, by least squares.

    $$\hat x_t = c + \sum_{k=1}^{n} x_{t-k}\, w_k$$

    Args:
        series: Values $x$ in order of time, shape (points,) or (points, features). With several
            features, each is predicted from the past of all.
        timesteps: How many past values are used, $n$. The weights $w$ and the constant $c$ are
            fitted in double precision.

    Returns:
        A function that takes windows of shape (batch, timesteps, features) and returns the next
        values, shape (batch, features).

    Raises:
        ValueError: There are fewer windows than numbers to fit.

    Example:
        >>> doubles = linear_autoregression([1.0, 2.0, 4.0, 8.0, 16.0], timesteps=1)
        >>> doubles(np.array([[[100.0]]])).round(6)
        array([[200.]])
    """
    inputs, targets = windows(series, timesteps)
    rows = inputs.reshape(len(inputs), -1)
    if len(rows) < rows.shape[1] + 1:
        raise ValueError(
            f"`series` must give at least as many windows as each sum has terms, "
            f"{rows.shape[1] + 1}. Received: {len(rows)} windows of {timesteps} timesteps"
        )
    weights, constant = fit_readout(rows, targets)

    def predict(windows: np.ndarray) -> np.ndarray:
        return np.asarray(windows).reshape(len(windows), -1) @ weights + constant

    return predict


def fit_readout(rows: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Fit targets as weighted sums of a row's values, by least squares in double precision.

    Where rows are alike and many sums do as well, the one with the smallest weights is taken.

    Args:
        rows: What is summed, shape (examples, terms).
        targets: What should come out, shape (examples, outputs).

    Returns:
        The weights, shape (terms, outputs), and the constants, shape (outputs,).

    Example:
        >>> weights, constant = fit_readout([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])
        >>> print(weights.round(6), constant.round(6))
        [[2.]] [1.]
    """
    table = numbers(rows, "rows", rank=2)
    table = np.column_stack([table, np.ones(len(table))])
    fitted = np.linalg.lstsq(table, numbers(targets, "targets", rank=2), rcond=None)[0]
    return fitted[:-1], fitted[-1]


def free_run(model: Model, start: ArrayLike, steps: int) -> np.ndarray:
    """Let a model continue a series from its own forecasts: each becomes its next input.

    Args:
        model: A Keras model, or any function that takes windows of shape (batch, timesteps,
            features) and returns the next values, shape (batch, features), or those of several
            moments, shape (batch, moments x features), as `windows` gives them with a `horizon`.
        start: The last window that is known, shape (timesteps,), (timesteps, features), or (batch,
            timesteps, features) for several series at once.
        steps: How many moments to continue.

    Returns:
        The forecasts, shape (steps,), (steps, features) or (batch, steps, features).

    Raises:
        ValueError: `start` has no such shape, `steps` is below 1, or the model returns another
            number of values.

    Example:
        >>> free_run(lambda window: window[:, -1] * 2, [1.0, 3.0], steps=3)
        array([ 6., 12., 24.])
    """
    known = numbers(start, "start")
    if known.ndim > 3:
        raise ValueError(
            "`start` must have shape (timesteps,), (timesteps, features) or (batch, timesteps, "
            f"features). Received: shape {known.shape}"
        )
    given, wanted = known.ndim, check_count("`steps`", steps)
    values = known.reshape(1, len(known), -1) if given < 3 else known
    timesteps = values.shape[1]
    while values.shape[1] < timesteps + wanted:
        following = _next(model, values[:, -timesteps:])
        values = np.concatenate([values, following], axis=1)
    forecasts = values[:, timesteps : timesteps + wanted]
    return forecasts if given == 3 else forecasts[0] if given == 2 else forecasts[0, :, 0]


def _next(model: Model, window: np.ndarray) -> np.ndarray:
    batch, _, features = window.shape
    values = np.asarray(model(window), dtype=float)
    moments = values.size // (batch * features)
    if values.shape[:1] != (batch,) or moments * batch * features != values.size or moments < 1:
        raise ValueError(
            "`model` must return one row for each window, with as many values as there are "
            f"features ({features}), or a multiple. Received: shape {values.shape} for windows of "
            f"shape {window.shape}"
        )
    return values.reshape(batch, moments, features)


def steps_near(path: ArrayLike, truth: ArrayLike, near: float = 0.1) -> int:
    """Count the steps before a forecast is off for the first time.

    Args:
        path: The forecasts, shape (steps,).
        truth: What came, shape (steps,).
        near: The largest error that is not off.

    Returns:
        From 0 to all steps.

    Example:
        >>> steps_near([0.0, 0.05, 0.3, 0.0], [0.0, 0.0, 0.0, 0.0])
        2
    """
    lost = ~(np.abs(np.asarray(path) - np.asarray(truth)) <= near)
    return int(np.argmax(lost)) if lost.any() else len(lost)


def score_forecast(model: Model, series: ArrayLike, known: int, timesteps: int) -> dict[str, Any]:
    """Let a model look one step ahead, and then let it run free, on the unknown end of a series.

    Args:
        model: As `free_run` takes it, for one feature and one moment.
        series: Values in order of time, shape (points,).
        known: How many of them the model has seen; it is scored on the others.
        timesteps: Length of a window.

    Returns:
        `one_step_error`: mean squared error with true windows. `one_step_r`: correlation of those
        forecasts with the truth. `steps`: until the free run is off by more than 0.1. `one_step`
        and `path`: the forecasts of both kinds.

    Example:
        >>> series = np.sin(0.3 * np.arange(60))
        >>> linear = linear_autoregression(series[:40], 5)
        >>> score_forecast(linear, series, known=40, timesteps=5)["steps"]
        20
    """
    values = numbers(series, "series", rank=1)
    inputs, targets = windows(values[known - timesteps :], timesteps)
    one_step = np.asarray(model(inputs), dtype=float)[:, 0]
    path = free_run(model, inputs[0], len(targets))[:, 0]
    return {
        "one_step_error": np.mean((one_step - targets[:, 0]) ** 2),
        "one_step_r": np.corrcoef(one_step, targets[:, 0])[0, 1],
        "steps": steps_near(path, values[known:]),
        "one_step": one_step,
        "path": path,
    }


def score_signs(forecast: ArrayLike, truth: ArrayLike) -> dict[str, float]:
    """Compare forecasts with the truth: the signs, all values, and the values of one sign alone.

    Args:
        forecast: Shape (moments,).
        truth: What came, shape (moments,).

    Returns:
        `signs`: share of signs that are right. `r`: correlation over all moments. `r_positive`,
        `r_negative`: over the moments where the truth is so. A forecast that is the same for all
        of them says nothing about them, and its correlation counts as 0.

    Example:
        >>> score_signs([1.0, 1.0, -1.0, -1.0], [0.2, 0.8, -0.3, -0.7])["r_positive"]
        0.0
    """
    forecast, truth = numbers(forecast, "forecast"), numbers(truth, "truth")
    parts = {"r": np.full(truth.shape, True), "r_positive": truth > 0, "r_negative": truth < 0}
    found = {"signs": float(np.mean(np.sign(forecast) == np.sign(truth)))}
    for name, rows in parts.items():
        flat = np.ptp(forecast[rows]) == 0
        found[name] = 0.0 if flat else float(np.corrcoef(forecast[rows], truth[rows])[0, 1])
    return found


def foreseeable(series: ArrayLike, timesteps: int = 9) -> dict[str, float]:
    """Say how much of the second half of a series can be told from windows, by two simple models.

    Args:
        series: Values in order of time, shape (points,).
        timesteps: Length of a window.

    Returns:
        `linear`: R² of a weighted sum of the window. `neighbours`: R² of what followed the five
        most similar pairs of last values in the first half. `autocorrelation`: the largest one of
        lags 1 to 20, without its sign.

    Example:
        >>> print(round(foreseeable(np.sin(0.3 * np.arange(200)))["linear"], 3))
        1.0
    """
    from sklearn.neighbors import KNeighborsRegressor

    values = numbers(series, "series", rank=1)
    half = len(values) // 2
    (x, y), (x_test, truth) = windows(values[:half], timesteps), windows(values[half:], timesteps)
    near: Any = KNeighborsRegressor(5).fit(x[:, -2:, 0], y)
    return {
        "linear": r_squared(truth, linear_autoregression(values[:half], timesteps)(x_test)),
        "neighbours": r_squared(truth, near.predict(x_test[:, -2:, 0])),
        "autocorrelation": float(np.abs(autocorrelation(values, 20)[1:]).max()),
    }
