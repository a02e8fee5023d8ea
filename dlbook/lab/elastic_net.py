"""Linear models with a price on their weights: ridge, lasso and elastic net."""

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers


def elastic_net(
    inputs: ArrayLike, targets: ArrayLike, l1: float, l2: float, sweeps: int = 5000
) -> np.ndarray:
    r"""Fit a linear model whose weights have both prices.

    $$\frac{1}{2N}\sum_n (y_n - x_n^\top w)^2 + \lambda_1 \sum_j |w_j| +
    \frac{\lambda_2}{2} \sum_j w_j^2$$

    Lasso if only $\lambda_1$ is above 0, ridge if only $\lambda_2$ is. Ridge has a formula. With
    $\lambda_1$, the weights are set one after the other, each to its best value given the others.

    Args:
        inputs: $x$, shape (rows, features), centred.
        targets: $y$, shape (rows,), centred.
        l1: $\lambda_1$, 0 or more.
        l2: $\lambda_2$, 0 or more.
        sweeps: How often each weight is set at most.

    Returns:
        The weights, shape (features,).

    Raises:
        ValueError: A strength is below 0.

    Example:
        >>> elastic_net([[1, 1], [1, -1], [-1, 1], [-1, -1]], [3, 2, -2, -3], 1, 0)
        array([1.5, 0. ])
    """
    x, y = numbers(inputs, "inputs", rank=2), numbers(targets, "targets", rank=1)
    if not (0 <= l1 < np.inf and 0 <= l2 < np.inf):
        raise ValueError(f"`l1` and `l2` must be finite, 0 or more. Received: {(l1, l2)}")
    gram, pull = x.T @ x / len(x), x.T @ y / len(x)
    weights = np.linalg.solve(gram + l2 * np.eye(len(gram)), pull)
    for _ in range(sweeps if l1 else 0):
        before = weights.copy()
        for j, steep in enumerate(np.diag(gram)):
            rest = pull[j] - gram[j] @ weights + steep * weights[j]
            weights[j] = np.sign(rest) * max(abs(rest) - l1, 0) / (steep + l2)
        if np.abs(weights - before).max() < 1e-9:
            break
    return weights + 0.0
