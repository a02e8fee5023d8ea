"""An output layer on any recurrent layer: read the last state, fit the layer again, run on.

A *walk* is a function that takes windows of shape (batch, timesteps, features), and perhaps a state
to start from, and returns the states of all moments, shape (batch, timesteps, units).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers
from dlbook.lab.forecasting import Model, fit_readout, windows

Walk = Callable[..., np.ndarray]


def fitting_weights(kernels: Sequence[ArrayLike], bias: ArrayLike) -> tuple[np.ndarray, ...]:
    """Return the weights of a recurrent layer as arrays, or say what does not fit.

    Args:
        kernels: The weights of the inputs, shape (features, units), and those of the state, shape
            (units, units).
        bias: Shape (units,).

    Returns:
        Kernel, recurrent kernel and bias, in double precision.

    Raises:
        ValueError: The shapes do not fit each other.

    Example:
        >>> [one.shape for one in fitting_weights(([[1.0, 2.0]], [[0, 1], [1, 0]]), [0, 0])]
        [(1, 2), (2, 2), (2,)]
    """
    kernel, recurrent = (numbers(one, "kernels", rank=2) for one in kernels)
    shift = numbers(bias, "bias", rank=1)
    units = kernel.shape[1]
    if recurrent.shape != (units, units) or shift.shape != (units,):
        raise ValueError(
            "`kernels` and `bias` must have shapes (features, units), (units, units) and (units,). "
            f"Received: {kernel.shape}, {recurrent.shape} and {shift.shape}"
        )
    return kernel, recurrent, shift


def fitting_start(start: ArrayLike | None, shape: tuple[int, ...]) -> np.ndarray:
    """Return the state before the first step, or say what does not fit.

    Args:
        start: A state of this shape, or of shape (units,) for the whole batch; `None`: zeros.
        shape: (units,) or (batch, units).

    Returns:
        The state, in that shape.

    Raises:
        ValueError: The state has another shape.

    Example:
        >>> fitting_start([1.0, 2.0], (3, 2)).shape
        (3, 2)
    """
    state = np.zeros(shape[-1]) if start is None else numbers(start, "start")
    if state.shape not in (shape, shape[-1:]):
        raise ValueError(
            f"`start` must have shape {shape}, or {shape[-1:]} for all. Received: {state.shape}"
        )
    return np.broadcast_to(state, shape)


def reading(walk: Walk, readout: ArrayLike, shift: ArrayLike) -> Model:
    """Return a model that walks through windows and reads the last state.

    Args:
        walk: Gives the states of all moments.
        readout: Weights of the output layer, shape (units, outputs), or (batch, units, outputs) if
            each window is read in its own way.
        shift: Its bias, shape (outputs,) or (batch, outputs).

    Returns:
        A function that takes windows of shape (batch, timesteps, features) and returns shape
        (batch, outputs).

    Example:
        >>> reading(np.tanh, [[2.0]], [1.0])(np.zeros((1, 5, 1)))
        array([[1.]])
    """
    weights, constant = np.asarray(readout, float), np.asarray(shift, float)
    return lambda windows: (walk(windows)[:, -1:] @ weights)[:, 0] + constant


def refit(
    walk: Walk, series: ArrayLike, timesteps: int, noise: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Keep a recurrent layer as it is, and fit its output layer again, by least squares.

    Args:
        walk: Gives the states of all moments.
        series: The values to be forecast, shape (points,) or (points, features).
        timesteps: Length of a window.
        noise: Standard deviation of the noise on the windows while fitting. With noise, the sum
            cannot rest on differences that are too fine to survive it.

    Returns:
        Weights and bias of the new output layer, shapes (units, features) and (features,).

    Example:
        >>> readout, shift = refit(np.tanh, [0.5, -0.5, 0.5, -0.5], timesteps=1)
        >>> reading(np.tanh, readout, shift)(np.array([[[0.5]]])).round(6)
        array([[-0.5]])
    """
    inputs, targets = windows(series, timesteps)
    inputs = inputs + noise * np.random.default_rng(0).standard_normal(inputs.shape)
    return fit_readout(walk(inputs)[:, -1], targets)


def carry_on(
    walk: Walk, readout: ArrayLike, shift: ArrayLike, start: ArrayLike, steps: int
) -> np.ndarray:
    """Run free without windows: keep the state, and feed it one forecast after the other.

    Args:
        walk: Gives the states of all moments; it takes `start=`, a state of shape (batch, units).
        readout: Weights of the output layer, shape (units, features).
        shift: Its bias, shape (features,).
        start: The values that are known, shape (timesteps, features).
        steps: How many to add.

    Returns:
        The forecasts, shape (steps, features).

    Example:
        >>> def adding(values, start=0):
        ...     return np.cumsum(values, axis=1) + start
        >>> carry_on(adding, [[1.0]], [0.0], [[1.0], [2.0]], steps=3).ravel()
        array([ 3.,  6., 12.])
    """
    weights, constant = np.asarray(readout, float), np.asarray(shift, float)
    state, found = walk(np.asarray(start, float)[np.newaxis])[:, -1], []
    for _ in range(steps):
        found.append(state @ weights + constant)
        state = walk(found[-1][:, np.newaxis], start=state)[:, -1]
    return np.concatenate(found)
