"""Least squares and R²: what chapters compare a network with."""

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers


def t_values(table: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""Fit a linear model by least squares, and divide each coefficient by its standard error.

    $$w = (X^\top X)^{-1} X^\top y, \qquad t_j = w_j \big/ \sqrt{s^2 (X^\top X)^{-1}_{jj}}$$

    $s^2$ is the variance of the errors that are left.

    Args:
        table: $X$, one row per example, one column per term; more rows than columns. A column of
            ones is the intercept.
        targets: $y$, one per row.

    Returns:
        The coefficients $w$ and their $t$, shape (columns,) each. Chance alone gives a $t$ between
        about -2 and 2.

    Raises:
        ValueError: A column is a combination of others, or there are too few rows.

    Example:
        >>> coefficients, t = t_values([[1, 0], [1, 1], [1, 2]], [0, 1, 5])
        >>> print(coefficients.round(2), t.round(2))
        [-0.5  2.5] [-0.45  2.89]
    """
    x, y = numbers(table, "table", rank=2), np.ravel(numbers(targets, "targets"))
    rank, (rows, columns) = np.linalg.matrix_rank(x), x.shape
    if rank < columns or rows <= columns:
        raise ValueError(
            "`table` must have more rows than columns, and no column that is a combination of "
            f"others. Received: {rows} rows, {columns} columns of which {rank} are independent"
        )
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ y
    errors = y - x @ coefficients
    variance = errors @ errors / (rows - columns)
    return coefficients, coefficients / np.sqrt(variance * np.diag(inverse))


def r_squared(targets: ArrayLike, predictions: ArrayLike) -> float:
    r"""Share of the targets' variance that predictions explain: $1 - \sum e^2 / \sum d^2$.

    $e$ are the errors of the predictions, $d$ those of always predicting the mean.

    Args:
        targets: What was measured, any shape, not all equal.
        predictions: What was predicted, same number of values.

    Returns:
        1 for perfect predictions, 0 for those of the mean, below 0 for worse ones.

    Example:
        >>> r_squared([1, 2, 3], [1, 2, 3]), r_squared([1, 2, 3], [2, 2, 2])
        (1.0, 0.0)
    """
    truth = np.ravel(numbers(targets, "targets"))
    guess = np.ravel(numbers(predictions, "predictions"))
    return float(1 - np.sum((truth - guess) ** 2) / np.sum((truth - truth.mean()) ** 2))
