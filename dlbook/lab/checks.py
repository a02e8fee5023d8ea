"""Checks of what the reader hands to a chapter's functions: one clear error for each mistake."""

from typing import Any

import numpy as np


def numbers(values: Any, name: str, *, rank: int | None = None) -> np.ndarray:
    """Return `values` as an array of finite floats, or say what is wrong with them.

    Args:
        values: Anything that NumPy can turn into an array.
        name: The argument's name, for the message.
        rank: The number of axes that the array must have. ``None`` accepts one or more.

    Returns:
        The array, of dtype float64.

    Raises:
        TypeError: `values` holds something that is not a number, or rows of unequal length.
        ValueError: `values` is empty, has the wrong number of axes, or holds nan or infinity.

    Example:
        >>> numbers([1, 2], "logits")
        array([1., 2.])
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`{name}` must hold numbers only, in rows of equal length. Received: {values!r}"
        ) from error
    if array.ndim != rank if rank is not None else array.ndim == 0:
        axes = "one axis or more" if rank is None else "1 axis" if rank == 1 else f"{rank} axes"
        raise ValueError(f"`{name}` must have {axes}. Received: shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"`{name}` must not be empty. Received: shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must hold finite numbers only. Received: {values!r}")
    return array


def positive(value: Any, name: str) -> float:
    """Return `value` as a float above 0, or say what is wrong with it.

    Args:
        value: One number.
        name: The argument's name, for the message.

    Raises:
        TypeError: `value` is not one number.
        ValueError: `value` is 0, negative, nan or infinite.

    Example:
        >>> positive(2, "temperature")
        2.0
    """
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` must be one number. Received: {value!r}") from error
    if not 0 < number < float("inf"):
        raise ValueError(f"`{name}` must be a finite number above 0. Received: {value!r}")
    return number


def is_count(value: Any, least: int = 1) -> bool:
    """Say whether a value is a whole number that is at least `least`.

    Args:
        value: Anything.
        least: The smallest number that is allowed.

    Example:
        >>> is_count(2), is_count(2.5), is_count(0), is_count(True)
        (True, False, False, False)
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and bool(value >= least)


def check_count(argument: str, value: Any, least: int = 1) -> int:
    """Return a whole number that is at least `least`, or say what is wrong with it.

    Args:
        argument: The name of the argument, for the message.
        value: What was given.
        least: The smallest value that is allowed.

    Returns:
        The value as a plain ``int``.

    Raises:
        ValueError: It is not a whole number, or too small.

    Example:
        >>> check_count("workers", 2)
        2
    """
    if not is_count(value, least):
        raise ValueError(f"{argument} must be a whole number, {least} or more. Received: {value!r}")
    return int(value)
