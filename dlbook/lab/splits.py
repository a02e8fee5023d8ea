"""Cut rows into parts that all have the class shares of the whole: once, or fold by fold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def split(
    labels: ArrayLike, shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> list[NDArray]:
    """Split rows at random into parts that all have the class shares of the whole.

    Args:
        labels: The class of every row, shape (rows,).
        shares: Share of the rows for each part, above 0, with sum 1.
        seed: Controls which row goes where.

    Returns:
        The row numbers of each part. Together they are all rows, each once.

    Raises:
        ValueError: The shares are not above 0 or do not sum to 1.

    Example:
        >>> train, development, test = split([0, 1] * 50)
        >>> len(train), len(development), len(test)
        (80, 10, 10)
    """
    from sklearn.model_selection import train_test_split

    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"`shares` must be above 0 and sum to 1. Received: {tuple(shares)}")
    classes = np.asarray(labels).ravel()
    rest: NDArray = np.arange(len(classes))
    parts: list[NDArray] = []
    for place, share in enumerate(shares[:-1]):
        size = round(share * len(classes))
        taken: Any = train_test_split(
            rest, train_size=size, stratify=classes[rest], random_state=seed + place
        )
        parts.append(taken[0])
        rest = taken[1]
    return [*parts, rest]


def folds(labels: ArrayLike, num_folds: int, seed: int = 0) -> list[tuple[NDArray, NDArray]]:
    """Deal all rows into folds, and hold out each fold once.

    Args:
        labels: The class of every row, shape (rows,); every fold gets the class shares.
        num_folds: How many folds, 2 to the number of rows in the smallest class.
        seed: Controls which row goes where.

    Returns:
        For every fold the rows to train on and the rows to test on.

    Raises:
        ValueError: There are too few or too many folds.

    Example:
        >>> pairs = folds([0, 1] * 50, 10)
        >>> len(pairs), len(pairs[0][0]), len(pairs[0][1])
        (10, 90, 10)
    """
    from sklearn.model_selection import StratifiedKFold

    classes = np.asarray(labels).ravel()
    most = int(np.unique(classes, return_counts=True)[1].min())
    if not 2 <= num_folds <= most:
        raise ValueError(
            f"`num_folds` must be from 2 to {most}, the rows of the smallest class. "
            f"Received: {num_folds}"
        )
    splitter = StratifiedKFold(num_folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros((len(classes), 1)), classes))
