"""Levels, seeds and names: what an experiment accepts, and how it refuses the rest.

Everything here turns what a person writes (arrays, ranges, lists) into plain Python values, or
raises an error that names the argument, says what was expected and ends with ``Received: ...``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from difflib import get_close_matches
from math import isnan
from numbers import Integral

import numpy as np

_KIND_NAMES = {bool: "booleans", float: "numbers", str: "strings"}

Level = float | int | str
Levels = Sequence[Level] | np.ndarray


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known names come closest to a name, nearest first.

    Args:
        name: The name that is not known.
        known: The names that are.

    Returns:
        A sentence without a full stop: the known names, the nearest ones first.

    Example:
        >>> nearest("learning_rat", ["units", "learning_rate"])
        'did you mean learning_rate? Known names: learning_rate, units'
    """
    known = list(known)
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    listed = ", ".join([*close, *(other for other in known if other not in close)]) or "none"
    question = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{question}Known names: {listed}" if question else f"known names: {listed}"


def refuse_unknown(argument: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise an error when a name is not among the known ones.

    Args:
        argument: What the names belong to, for the message.
        names: The names to look at.
        known: The names that are allowed.

    Raises:
        ValueError: If a name is unknown; the message lists the known names, nearest first.

    Example:
        >>> refuse_unknown("units", ["tau"], ["tau", "seed"])
    """
    known = list(known)
    for name in names:
        if name not in known:
            raise ValueError(
                f"{argument} names something unknown: {nearest(name, known)}. Received: {name!r}"
            )


def plain_independent(independent: Mapping[str, Iterable[Level]]) -> dict[str, tuple[Level, ...]]:
    """Turn the levels of every independent variable into tuples of plain Python values.

    Args:
        independent: Variable name -> levels.

    Returns:
        The same names with tuples of ``int``, ``float``, ``bool`` or ``str``.

    Raises:
        TypeError: If it is not a mapping, or a level is neither a number nor a string.
        ValueError: If a name is not an identifier or is ``seed``; or see `plain_levels`.

    Example:
        >>> plain_independent({"rate": np.array([0.25, 0.5]), "kind": ["a", "b"]})
        {'rate': (0.25, 0.5), 'kind': ('a', 'b')}
    """
    if not isinstance(independent, Mapping):
        raise TypeError(
            "independent must map each variable to its levels, for example "
            f'{{"learning_rate": [0.01, 0.1]}}. Received: {independent!r}'
        )
    for name in independent:
        if not (isinstance(name, str) and name.isidentifier() and name != "seed"):
            raise ValueError(
                "independent must name its variables as Python arguments are named, and not "
                f"'seed' (give seeds= instead). Received: {name!r}"
            )
    return {name: plain_levels(name, levels) for name, levels in independent.items()}


def plain_levels(name: str, levels: Iterable[Level]) -> tuple[Level, ...]:
    """Turn the levels of one independent variable into a tuple of plain Python values.

    Args:
        name: The variable, for messages.
        levels: Numbers, strings or booleans, all of one kind; an ordered collection or a
            one-dimensional array.

    Returns:
        The levels in their order.

    Raises:
        TypeError: If a level is not a number or a string, or kinds are mixed.
        ValueError: If there is no level, a level is NaN, or two levels are equal.

    Example:
        >>> plain_levels("units", np.array([2, 4, 8]))
        (2, 4, 8)
    """
    argument = f"independent[{name!r}]"
    if isinstance(levels, (str, bytes, Mapping, Set)) or not isinstance(levels, Iterable):
        raise TypeError(
            f"{argument} must be an ordered sequence of levels, for example [0.1, 0.2]. "
            f"Received: {levels!r}"
        )
    plain = tuple(_plain_level(argument, level) for level in levels)
    if not plain:
        raise ValueError(f"{argument} must have at least one level. Received: {levels!r}")
    _refuse_mixed(argument, plain)
    _refuse_repeats(argument, "level", plain)
    return plain


def _plain_level(argument: str, level: object) -> Level:
    if isinstance(level, np.generic) or (isinstance(level, np.ndarray) and level.ndim == 0):
        level = level.item()
    if not isinstance(level, (bool, int, float, str)):
        raise TypeError(
            f"{argument} must hold numbers or strings only. "
            f"Received: {level!r} of type {type(level).__name__}"
        )
    if isinstance(level, float) and isnan(level):
        raise ValueError(f"{argument} must hold levels that can be compared. Received: {level!r}")
    return level


def _kind(level: Level) -> type:
    if isinstance(level, (bool, str)):
        return type(level)
    return float


def _refuse_mixed(argument: str, levels: Sequence[Level]) -> None:
    kinds = {_kind(level) for level in levels}
    if len(kinds) > 1:
        found = " and ".join(sorted(_KIND_NAMES[kind] for kind in kinds))
        raise TypeError(f"{argument} must hold levels of one kind, not {found}. Received: {levels}")


def _refuse_repeats(argument: str, what: str, values: Sequence[Level]) -> None:
    if len(set(values)) == len(values):
        return
    repeated = [value for value, count in Counter(values).items() if count > 1]
    raise ValueError(
        f"{argument} must hold each {what} once. Received more than once: "
        f"{', '.join(map(repr, repeated[:5]))}"
    )


def plain_seeds(seeds: Iterable[int] | int) -> tuple[int, ...]:
    """Turn seeds into a tuple of plain integers.

    Args:
        seeds: Distinct integers from 0 on, or a number n, which stands for 0, 1, ..., n - 1.

    Returns:
        The seeds in their order.

    Raises:
        TypeError: If a seed is not an integer.
        ValueError: If there is no seed, a seed is negative, or a seed repeats.

    Example:
        >>> plain_seeds(range(3)), plain_seeds(2)
        ((0, 1, 2), (0, 1))
    """
    if isinstance(seeds, Integral) and not isinstance(seeds, bool):
        seeds = range(int(seeds))
    if isinstance(seeds, (str, bytes, Mapping)) or not isinstance(seeds, Iterable):
        raise TypeError(f"seeds must be integers, for example range(20). Received: {seeds!r}")
    plain = tuple(seeds)
    for seed in plain:
        if isinstance(seed, bool) or not isinstance(seed, Integral):
            raise TypeError(f"seeds must be integers. Received: {seed!r} among them")
    plain = tuple(int(seed) for seed in plain)
    if not plain:
        raise ValueError(f"seeds must hold at least one seed. Received: {seeds!r}")
    if min(plain) < 0:
        raise ValueError(f"seeds must be 0 or larger. Received: {min(plain)} among them")
    if len(set(plain)) != len(plain):
        _refuse_repeats("seeds", "seed", plain)
    return plain


def first_seeds(seeds: Sequence[int], count: int) -> tuple[int, ...]:
    """Take the first seeds of an experiment, and go on counting when there are too few.

    Args:
        seeds: The experiment's own seeds.
        count: How many are wanted, 1 or more.

    Returns:
        ``count`` distinct seeds that begin with the experiment's own.

    Raises:
        ValueError: If ``count`` is below 1.

    Example:
        >>> first_seeds((3, 4, 5), 2), first_seeds((3, 4, 5), 5)
        ((3, 4), (3, 4, 5, 6, 7))
    """
    if count < 1:
        raise ValueError(f"seeds must be at least 1 run per condition. Received: {count}")
    start = max(seeds) + 1
    return (*seeds[:count], *range(start, start + count - len(seeds)))
