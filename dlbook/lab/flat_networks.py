"""Networks that see a window as a list of features: what a recurrent one is compared with."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def flat_network(timesteps: int, units: int) -> "keras.Sequential":
    """Build a network with a hidden layer of tanh, or without one, over the values of a window.

    Args:
        timesteps: Values in a window.
        units: Units of the hidden layer; 0: none, so that the network is linear.

    Returns:
        A model that takes (batch, timesteps, 1) and gives (batch, 1).

    Example:
        >>> flat_network(30, 3).count_params(), flat_network(30, 0).count_params()
        (97, 31)
    """
    import keras

    hidden = [keras.layers.Dense(units, "tanh")] if units else []
    layers = [keras.layers.Flatten(), *hidden, keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((timesteps, 1)), *layers])


def flat_forecast(weights: Sequence[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Return what a flat network computes, in double precision.

    Args:
        weights: As `get_weights` of a `flat_network` gives them.

    Returns:
        A function that takes windows of shape (batch, timesteps, 1) and returns (batch, 1).

    Example:
        >>> flat_forecast([np.ones((2, 1)), np.zeros(1)])(np.array([[[1.0], [3.0]]]))
        array([[4.]])
    """
    *hidden, readout, shift = (np.asarray(one, float) for one in weights)

    def predict(windows: np.ndarray) -> np.ndarray:
        values = np.asarray(windows, float)[..., 0]
        for kernel, bias in zip(hidden[::2], hidden[1::2], strict=True):
            values = np.tanh(values @ kernel + bias)
        return values @ readout + shift

    return predict
