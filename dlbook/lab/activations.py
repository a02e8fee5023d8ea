"""Activation functions beyond sigmoid and ReLU, each with its slope, for NumPy."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers

Function = Callable[[ArrayLike], np.ndarray]
LEAK = 0.2
"""Slope of the leaky ReLU below 0, as in Keras."""


def tanh(x: ArrayLike) -> np.ndarray:
    r"""Squeeze any number into the range −1 to 1: $\tanh(x) = 2\,\sigma(2x) - 1$.

    Args:
        x: Numbers, any shape with one axis or more.

    Returns:
        Numbers between −1 and 1, same shape; 0 at 0.

    Example:
        >>> tanh([-1000, 0, 1000])
        array([-1.,  0.,  1.])
    """
    return np.tanh(numbers(x, "x"))


def tanh_slope(x: ArrayLike) -> np.ndarray:
    r"""Return the slope of tanh, $1 - \tanh(x)^2$.

    Computed from $e^{-2|x|}$, which stays right where tanh is rounded to 1.

    Example:
        >>> tanh_slope([0.0])
        array([1.])
    """
    power = np.exp(-2 * np.abs(numbers(x, "x")))
    return 4 * power / (1 + power) ** 2


def leaky_relu(x: ArrayLike, negative_slope: float = LEAK) -> np.ndarray:
    r"""Keep positive numbers and let a part of the negative ones through: $\max(x, s\,x)$.

    Args:
        x: Numbers, any shape with one axis or more.
        negative_slope: The part $s$, from 0 (that is ReLU) to below 1.

    Returns:
        Numbers, same shape.

    Example:
        >>> leaky_relu([-10, 10])
        array([-2., 10.])
    """
    return np.maximum(numbers(x, "x"), negative_slope * numbers(x, "x"))


def relu6(x: ArrayLike) -> np.ndarray:
    r"""Keep numbers from 0 to 6 and cut off the others: $\min(\max(x, 0), 6)$.

    Example:
        >>> relu6([-1, 3, 10])
        array([0., 3., 6.])
    """
    return np.clip(numbers(x, "x"), 0, 6)


def elu(x: ArrayLike) -> np.ndarray:
    r"""Keep positive numbers; below 0 bend towards −1: $e^x - 1$.

    Example:
        >>> elu([-1000, 0, 3])
        array([-1.,  0.,  3.])
    """
    place = numbers(x, "x")
    return np.where(place > 0, place, np.expm1(np.minimum(place, 0)))


def elu_slope(x: ArrayLike) -> np.ndarray:
    r"""Return 1 where x is positive, else $e^x$.

    Example:
        >>> elu_slope([-1000, 0, 3])
        array([0., 1., 1.])
    """
    return np.exp(np.minimum(numbers(x, "x"), 0))


def gelu(x: ArrayLike) -> np.ndarray:
    r"""Multiply a number by the share of a normal distribution below it: $x\,\Phi(x)$.

    Args:
        x: Numbers, any shape with one axis or more.

    Returns:
        Numbers from about −0.17 up, same shape.

    Example:
        >>> gelu([-10, 0, 10]).round(3) + 0.0
        array([ 0.,  0., 10.])
    """
    from scipy.special import ndtr

    place = numbers(x, "x")
    return place * ndtr(place)


def gelu_slope(x: ArrayLike) -> np.ndarray:
    r"""Return $\Phi(x) + x\,\varphi(x)$, with the height $\varphi$ of the normal distribution.

    Example:
        >>> gelu_slope([0.0])
        array([0.5])
    """
    from scipy.special import ndtr

    place = numbers(x, "x")
    return ndtr(place) + place * np.exp(-(place**2) / 2) / np.sqrt(2 * np.pi)


def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> np.ndarray:
    """Keep a number unless it is near 0; small ones become 0.

    Args:
        x: Numbers, any shape with one axis or more.
        threshold: How far from 0 a number must lie to be kept.

    Returns:
        Numbers, same shape.

    Example:
        >>> hard_shrink([-2, 0.3, 2])
        array([-2.,  0.,  2.])
    """
    place = numbers(x, "x")
    return np.where(np.abs(place) > threshold, place, 0.0)


def kept_slope(x: ArrayLike, function: Function) -> np.ndarray:
    """Return 1 where a function of straight pieces keeps its number, else 0.

    Example:
        >>> kept_slope([-1, 3, 10], relu6)
        array([0., 1., 0.])
    """
    place = numbers(x, "x")
    return np.where((place != 0) & (function(place) == place), 1.0, 0.0)


SLOPED: dict[str, tuple[Function, Function]] = {
    "tanh": (tanh, tanh_slope),
    "leaky_relu": (leaky_relu, lambda x: np.where(numbers(x, "x") > 0, 1.0, LEAK)),
    "relu6": (relu6, lambda x: kept_slope(x, relu6)),
    "elu": (elu, elu_slope),
    "gelu": (gelu, gelu_slope),
    "hard_shrink": (hard_shrink, lambda x: kept_slope(x, hard_shrink)),
}
"""Name, as in Keras -> the function and its slope."""
