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


def r_squared(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Say how much of the spread a model explains.

    $$R^2 = 1 - \frac{\sum(y - \hat y)^2}{\sum(y - \bar y)^2}$$

    1 is perfect, 0 as good as the mean $\bar y$, below 0 worse than the mean.

    Args:
        y_true: What was measured, $y$.
        y_pred: What the model said, $\hat y$, as many numbers.

    Returns:
        The part of the variance that is explained, at most 1.

    Raises:
        ValueError: The numbers of values differ, or all of `y_true` are equal.

    Example:
        >>> r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), r_squared([1.0, 3.0], [3.0, 1.0])
        (1.0, -3.0)
    """
    y, answers = numbers(y_true, "y_true").ravel(), numbers(y_pred, "y_pred").ravel()
    spread = np.sum((y - y.mean()) ** 2)
    if len(y) != len(answers) or spread == 0:
        raise ValueError(
            "`y_true` must hold as many numbers as `y_pred`, not all equal. "
            f"Received: {len(y)} and {len(answers)} numbers, spread {spread}"
        )
    return float(1 - np.sum((y - answers) ** 2) / spread)
