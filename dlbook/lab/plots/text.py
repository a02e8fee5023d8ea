"""Numbers and names as a reader sees them, and labels that keep out of each other's way."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BEGINNINGS = {"val_": "validation_", "num_": "number_of_"}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: Any) -> str:
    """Write a number briefly, with a real minus and powers of ten where zeros would be many.

    Args:
        value: A number, or a word, which stays as it is.

    Example:
        >>> number(0.25), number(-3.0), number(12000), number(1e-7), number("relu")
        ('0.25', '−3', '12,000', '10⁻⁷', 'relu')
    """
    if isinstance(value, (str, np.str_)):
        return str(value)
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-4 < abs(value) < 1e6:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{digits}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
    return power_of_ten(value)


def power_of_ten(value: float) -> str:
    """Write a number as a power of ten.

    Example:
        >>> power_of_ten(0.001), power_of_ten(300)
        ('10⁻³', '3·10²')
    """
    factor, power = f"{value:.2e}".split("e")
    factor = factor.rstrip("0").rstrip(".").replace("-", "−")
    ten = "10" + str(int(power)).translate(SUPERSCRIPTS)
    return {"1": ten, "−1": f"−{ten}"}.get(factor, f"{factor}·{ten}")


def words(name: str) -> str:
    """Turn a variable's name into words.

    Example:
        >>> words("val_accuracy"), words("num_examples")
        ('validation accuracy', 'number of examples')
    """
    for short, long in BEGINNINGS.items():
        name = long + name.removeprefix(short) if name.startswith(short) else name
    return name.replace("_", " ")


def in_equal_ratios(levels: ArrayLike) -> bool:
    """Tell whether levels are closer to a geometric than to an arithmetic sequence.

    Example:
        >>> in_equal_ratios([0.001, 0.003, 0.01, 0.03]), in_equal_ratios([1, 2, 3, 4])
        (True, False)
    """
    levels = np.asarray(levels, float)
    if len(levels) < 3 or levels.min() <= 0:
        return False
    steps, ratios = np.diff(levels), np.diff(np.log(levels))
    return bool(np.ptp(ratios) / abs(ratios.mean()) < np.ptp(steps) / abs(steps.mean()))


def apart(places: Sequence[float] | NDArray, gap: float, low: float, high: float) -> NDArray:
    """Move places on a line as little as needed so that neighbours are at least `gap` apart.

    Args:
        places: Where the labels would like to be.
        gap: Smallest distance between two of them.
        low: Lowest allowed place.
        high: Highest allowed place; if there is not enough room, labels run beyond it.

    Returns:
        The new places, in the order of the old.

    Example:
        >>> apart([5.0, 5.0], 2.0, 0.0, 10.0).tolist()
        [4.0, 6.0]
    """
    places = np.asarray(places, float)
    order = np.argsort(places, kind="stable")
    wanted = np.clip(places[order], low, high) - gap * np.arange(len(places))
    blocks: list[tuple[float, int]] = []
    for place in wanted:
        total, count = float(place), 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            total, count = total + blocks[-1][0], count + blocks.pop()[1]
        blocks.append((total, count))
    levels = np.concatenate([np.full(count, total / count) for total, count in blocks])
    levels = np.clip(levels, low, max(low, high - gap * (len(places) - 1)))
    moved = np.empty(len(places))
    moved[order] = levels + gap * np.arange(len(places))
    return moved
