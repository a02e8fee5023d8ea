"""Inside a trained network of ReLU layers: the activations, and which units share the work."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers

Layers = Sequence[tuple[np.ndarray, np.ndarray]]
"""Kernel and bias of each fully connected layer, in order."""


def dense_layers(model: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the kernel and the bias of every `Dense` layer of a Keras model, in order.

    Args:
        model: A built Keras model.

    Returns:
        Pairs of shapes (inputs, units) and (units,).

    Example:
        >>> from dlbook.lab.models import mlp
        >>> [kernel.shape for kernel, bias in dense_layers(mlp((2, 8, 1)))]
        [(2, 8), (8, 1)]
    """
    from keras.layers import Dense

    found = [layer for layer in model.layers if isinstance(layer, Dense)]
    return [(np.asarray(layer.kernel), np.asarray(layer.bias)) for layer in found]


def relu_activations(
    layers: Layers,
    inputs: ArrayLike,
    change: Callable[[np.ndarray], np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Send examples through ReLU layers and a last layer without activation.

    Args:
        layers: What `dense_layers` returns.
        inputs: Shape (examples, features).
        change: Changes the activations of each hidden layer before they go on.

    Returns:
        The activations of each hidden layer, then the outputs (logits).

    Example:
        >>> one = [(np.array([[1.0, -1.0]]), np.zeros(2)), (np.ones((2, 1)), np.zeros(1))]
        >>> hidden, output = relu_activations(one, [[2.0], [-3.0]])
        >>> print(hidden.tolist(), output.ravel())
        [[2.0, 0.0], [0.0, 3.0]] [2. 3.]
    """
    values, found = np.asarray(inputs), []
    for kernel, bias in layers[:-1]:
        values = np.maximum(values @ kernel + bias, 0)
        values = values if change is None else change(values)
        found.append(values)
    kernel, bias = layers[-1]
    return [*found, values @ kernel + bias]


def participation(activations: ArrayLike) -> np.ndarray:
    r"""Say which share of the units takes part in the answer to each example.

    $$\frac{(\sum_j |a_j|)^2}{n \sum_j a_j^2}$$

    It is 1 if all $n$ units are equally active, and $1/n$ if one does all the work.

    Args:
        activations: Outputs $a_j$ of the units of a layer, shape (examples, units).

    Returns:
        One share per example, from $1/n$ to 1; 0 for an example for which no unit is active.

    Raises:
        ValueError: `activations` are not a table of finite numbers.

    Example:
        >>> participation([[1, 1, 1, 1], [0, 5, 0, 0], [2, 2, 0, 0]])
        array([1.  , 0.25, 0.5 ])
    """
    size = np.abs(numbers(activations, "activations", rank=2))
    squares = size.shape[1] * np.sum(size**2, axis=1)
    return np.sum(size, axis=1) ** 2 / np.where(squares > 0, squares, 1)


def remove_units(activations: ArrayLike, num_removed: int, seed: int = 0) -> np.ndarray:
    """Switch off some units of a layer, the same ones for every example.

    Args:
        activations: Shape (examples, units).
        num_removed: How many, from 0 to all.
        seed: Draws which. More removed units contain the fewer ones of the same seed.

    Returns:
        The activations with those of the removed units at 0, same shape.

    Raises:
        ValueError: There are not so many units.

    Example:
        >>> remove_units([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 2)
        array([[0., 2., 0.],
               [0., 5., 0.]])
    """
    values = numbers(activations, "activations", rank=2).copy()
    units = values.shape[1]
    if not 0 <= num_removed <= units:
        raise ValueError(f"`num_removed` must be from 0 to {units}. Received: {num_removed!r}")
    values[:, np.random.default_rng(seed).permutation(units)[:num_removed]] = 0
    return values


def accuracy_of(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of right answers, for one logit or for one per class.

    Example:
        >>> accuracy_of(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
        0.5
    """
    answers = logits > 0 if logits.shape[-1] == 1 else logits.argmax(axis=-1)
    return float(np.mean(np.ravel(answers) == np.ravel(labels)))


def cross_entropy_of(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy of logits, one per class."""
    highest = logits.max(axis=-1, keepdims=True)
    total = highest[:, 0] + np.log(np.exp(logits - highest).sum(axis=-1))
    return float(np.mean(total - logits[np.arange(len(labels)), labels]))


def train_accuracy(model: Any, data: Any) -> dict[str, float]:
    """Measure accuracy on the training examples as on all others: with dropout switched off."""
    logits = relu_activations(dense_layers(model), data.x_train)[-1]
    return {"train_accuracy": accuracy_of(logits, data.y_train)}


def reliance(layers: Layers, inputs: np.ndarray, labels: np.ndarray, counts: Sequence[int]) -> dict:
    """Measure accuracy when units of the last hidden layer are missing.

    Args:
        layers: What `dense_layers` returns.
        inputs: Shape (examples, features).
        labels: Class of each example.
        counts: How many units are removed.

    Returns:
        `removed_<count>`: accuracy without so many units, mean of five draws. `worst_unit`: what
        is lost without the one unit that is missed most.
    """
    *_, hidden, logits = relu_activations(layers, inputs)
    kernel, bias = layers[-1]
    alone = [logits - np.outer(hidden[:, unit], kernel[unit]) for unit in range(hidden.shape[1])]
    worst = min(accuracy_of(one, labels) for one in alone)
    found = {"worst_unit": accuracy_of(logits, labels) - worst}
    for count in counts:
        rest = [remove_units(hidden, count, draw) @ kernel + bias for draw in range(5)]
        found[f"removed_{count}"] = float(np.mean([accuracy_of(one, labels) for one in rest]))
    return found
