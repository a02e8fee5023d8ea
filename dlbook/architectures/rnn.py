"""Recurrent neural networks: a layer that meets its own past, one step of time after another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers
from dlbook.lab.forecasting import (
    autocorrelation,
    free_run,
    linear_autoregression,
    persist,
    windows,
)

__all__ = [
    "autocorrelation",
    "free_run",
    "linear_autoregression",
    "persist",
    "rnn_step",
    "unroll",
    "windows",
]

# The idea


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
    kernel, recurrent, shift = _weights(kernels, bias)
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
    kernel, recurrent, shift = _weights(kernels, bias)
    if values.ndim not in (2, 3) or values.shape[-1] != len(kernel):
        raise ValueError(
            "`sequence` must have the axes (timesteps, features) or (batch, timesteps, features), "
            f"with {len(kernel)} features, as `kernels` say. Received: shape {values.shape}"
        )
    state = np.zeros((*values.shape[:-2], len(recurrent)))
    if start is not None:
        state = state + _fitting(start, state.shape)
    states = []
    for driven in np.moveaxis(values @ kernel + shift, -2, 0):
        state = np.tanh(driven + state @ recurrent)
        states.append(state)
    return np.stack(states, axis=-2)


def _fitting(start: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    state = numbers(start, "start")
    if state.shape not in (shape, shape[-1:]):
        raise ValueError(
            f"`start` must have shape {shape}, or {shape[-1:]} for all. Received: {state.shape}"
        )
    return state


def _weights(kernels: Sequence[ArrayLike], bias: ArrayLike) -> tuple[np.ndarray, ...]:
    kernel, recurrent = (numbers(one, "kernels", rank=2) for one in kernels)
    shift = numbers(bias, "bias", rank=1)
    units = kernel.shape[1]
    if recurrent.shape != (units, units) or shift.shape != (units,):
        raise ValueError(
            "`kernels` and `bias` must have shapes (features, units), (units, units) and (units,). "
            f"Received: {kernel.shape}, {recurrent.shape} and {shift.shape}"
        )
    return kernel, recurrent, shift
