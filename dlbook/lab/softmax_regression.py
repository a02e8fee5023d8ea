"""The smallest classifier, trained by hand: one weight for every input and class, then softmax."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers
from dlbook.lab.datasets import Data

Update = Callable[[np.ndarray, np.ndarray], np.ndarray]


def loss_gradient(weights: np.ndarray, inputs: ArrayLike, labels: ArrayLike) -> np.ndarray:
    r"""Return the slope of the mean cross-entropy of a softmax regression.

    $$\frac{1}{N}\sum_n x_n \, (\mathrm{softmax}(x_n^\top w) - y_n)^\top$$

    Args:
        weights: $w$, shape (inputs, classes).
        inputs: $x$, shape (examples, inputs).
        labels: Class numbers, shape (examples,); $y_n$ is 1 at the class and 0 elsewhere.

    Returns:
        The slope, shape of the weights.

    Example:
        >>> loss_gradient(np.zeros((1, 2)), [[2.0]], [0])
        array([[-1.,  1.]])
    """
    from scipy.special import softmax

    x, classes = numbers(inputs, "inputs", rank=2), np.eye(weights.shape[1])
    return x.T @ (softmax(x @ weights, axis=1) - classes[np.asarray(labels)]) / len(x)


def train(data: Data, update: Update, *, steps: int, seed: int = 0) -> np.ndarray:
    """Train on the full batch, with a rule that is given: how a slope changes the weights.

    Args:
        data: Training inputs of shape (examples, inputs), class numbers of shape (examples,).
        update: `update(weights, slope)` returns the next weights.
        steps: How many updates.
        seed: Draws the first weights, normal with deviation 0.1.

    Returns:
        The weights, shape (inputs, classes).

    Example:
        >>> data = Data([[1.0], [-1.0]], [0, 1])
        >>> weights = train(data, lambda weights, slope: weights - slope, steps=50)
        >>> bool(weights[0, 0] > weights[0, 1])
        True
    """
    shape = data.x_train.shape[1], int(data.y_train.max()) + 1
    weights = np.random.default_rng([seed, 41]).normal(0, 0.1, shape)
    for _ in range(steps):
        weights = update(weights, loss_gradient(weights, data.x_train, data.y_train))
    return weights
