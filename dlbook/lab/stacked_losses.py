"""Losses of many runs at once.

Outputs have shape ``(streams, conditions, *units, examples)``, targets the same with one condition,
``(streams, 1, *units, examples)``, or class numbers of shape ``(streams, 1, examples)``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.levels import nearest
from dlbook.lab.stacked_activations import log_softmax
from dlbook.lab.stacked_layers import Tensor, examples_first

LOGITS = "_from_logits"
ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "r": "correlation",
}
OWN_LOSSES = (
    "mean_squared_error",
    "mean_absolute_error",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
_CLASSES = {
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
}


@dataclass(frozen=True)
class Outputs:
    """What a network put out.

    Attributes:
        values: The outputs of all runs.
        logits: The same before a final sigmoid or softmax; ``None`` if there is none.
    """

    values: Tensor
    logits: Tensor | None = None


@dataclass(frozen=True)
class StackedLoss:
    """A loss for all runs.

    Attributes:
        name: One of `OWN_LOSSES`, or another Keras loss.
        from_logits: Whether outputs are logits.
        function: The loss function where it is not one of `OWN_LOSSES`.
    """

    name: str
    from_logits: bool = False
    function: Callable[..., Any] | None = None

    @property
    def sparse(self) -> bool:
        """Whether targets are class numbers."""
        return self.name.startswith("sparse_")

    def __call__(self, targets: Tensor, outputs: Outputs) -> Tensor:
        """Return the mean loss of every run, shape (streams, conditions)."""
        if self.function is not None:
            return by_examples(self.function, targets, outputs.values)
        if self.name.startswith("mean_"):
            return _mean_errors(self.name, targets, outputs.values)
        logits = outputs.values if self.from_logits else outputs.logits
        if self.name == "binary_crossentropy":
            return _binary(targets, outputs.values, logits)
        if self.sparse:
            return _sparse(targets, outputs.values, logits)
        return _categorical(targets, outputs.values, logits)


def stacked_loss(loss: Any) -> StackedLoss:
    """Return the form of a loss for many runs.

    Args:
        loss: Name of a Keras loss, with ``_from_logits`` where outputs are logits; a Keras loss;
            or a function ``loss(y_true, y_pred)``.

    Returns:
        The loss.

    Raises:
        ValueError: If there is no such loss.
    """
    if isinstance(loss, str):
        return _named_loss(loss)
    if not callable(loss):
        raise ValueError(
            f"loss must be the name of a loss, a Keras loss or a function. Received: {loss!r}"
        )
    reduction = getattr(loss, "reduction", "mean")
    if reduction not in ("mean", "sum_over_batch_size"):
        raise ValueError(f"loss must be averaged over examples. Received: reduction={reduction!r}")
    name = _CLASSES.get(type(loss).__name__)
    config: Mapping[str, Any] = getattr(loss, "get_config", dict)()
    plain = not config.get("label_smoothing") and config.get("axis", -1) in (-1, None)
    if name and plain and config.get("ignore_class") is None:
        return StackedLoss(name, bool(config.get("from_logits", False)))
    function = loss.call if isinstance(loss, keras.losses.Loss) else loss
    return StackedLoss(getattr(loss, "__name__", type(loss).__name__), False, function)


def _named_loss(loss: str) -> StackedLoss:
    name = ALIASES.get(loss.lower(), loss).removesuffix(LOGITS)
    from_logits = loss.endswith(LOGITS)
    if name in OWN_LOSSES and not (from_logits and name.startswith("mean_")):
        return StackedLoss(name, from_logits)
    function = getattr(keras.losses, name, None)
    if from_logits or function is None or not name.islower():
        crossed = [f"{one}{LOGITS}" for one in OWN_LOSSES if "crossentropy" in one]
        raise ValueError(
            "loss must be the name of a Keras loss: "
            f"{nearest(loss, [*OWN_LOSSES, *crossed, 'huber', 'log_cosh', 'hinge'])}. "
            f"Received: {loss!r}"
        )
    return StackedLoss(name, False, function)


def class_numbers(targets: Tensor) -> Tensor:
    """Move the examples before other axes, such as moments; most class numbers have none."""
    return examples_first(targets) if targets.shape.rank > 3 else targets


def over_runs(values: Tensor) -> Tensor:
    """Average over all axes but streams and conditions."""
    return tf.reduce_mean(values, list(range(2, values.shape.rank)))


def _mean_errors(name: str, targets: Tensor, outputs: Tensor) -> Tensor:
    errors = outputs - targets
    return over_runs(tf.square(errors) if name == "mean_squared_error" else tf.abs(errors))


def by_examples(function: Callable[..., Any], targets: Tensor, outputs: Tensor) -> Tensor:
    """Apply a function of one run's targets and outputs, in Keras' order of axes, to all runs."""
    predicted = examples_first(outputs)
    rank = targets.shape.rank
    true = examples_first(targets) if rank > 3 else targets
    lead = tf.shape(predicted)[:2]
    true = tf.broadcast_to(true, tf.concat([lead, tf.shape(true)[2:]], 0))
    shapes = [tf.concat([[-1], tf.shape(one)[2:]], 0) for one in (true, predicted)]
    rows = [tf.reshape(one, shape) for one, shape in zip((true, predicted), shapes, strict=True)]
    rows[0].set_shape([None, *true.shape[2:]])
    rows[1].set_shape([None, *predicted.shape[2:]])
    values = tf.vectorized_map(lambda pair: tf.reduce_mean(function(*pair)), tuple(rows))
    return tf.reshape(values, lead)


@tf.custom_gradient
def _sigmoid_crossentropy(logits: Tensor, targets: Tensor) -> Any:
    """Return log(1 + exp(z)) - y z, computed without overflow or cancellation."""
    values = tf.maximum(logits, 0) - logits * targets + tf.math.log1p(tf.exp(-tf.abs(logits)))

    def gradient(upstream: Tensor) -> tuple:
        return upstream * (tf.sigmoid(logits) - targets), None

    return values, gradient


def _binary(targets: Tensor, outputs: Tensor, logits: Tensor | None) -> Tensor:
    if logits is not None:
        return over_runs(_sigmoid_crossentropy(logits, targets))
    share = _clip(outputs)
    return -over_runs(targets * tf.math.log(share) + (1 - targets) * tf.math.log(1 - share))


def _clip(outputs: Tensor) -> Tensor:
    epsilon = keras.config.epsilon()
    return tf.clip_by_value(outputs, epsilon, 1 - epsilon)


def _logarithms(outputs: Tensor, logits: Tensor | None) -> Tensor:
    if logits is not None:
        return log_softmax(logits)
    return tf.math.log(_clip(outputs / tf.reduce_sum(outputs, -2, keepdims=True)))


def _categorical(targets: Tensor, outputs: Tensor, logits: Tensor | None) -> Tensor:
    return -over_runs(tf.reduce_sum(targets * _logarithms(outputs, logits), -2))


def _sparse(targets: Tensor, outputs: Tensor, logits: Tensor | None) -> Tensor:
    if logits is None:
        logits = tf.math.log(_clip(outputs))
    rows = examples_first(logits)
    labels = tf.broadcast_to(class_numbers(targets), tf.shape(rows)[:-1])
    return over_runs(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, rows))


def fits(targets: np.ndarray, units: tuple[int, ...], sparse: bool) -> bool:
    """Say whether targets fit a model's outputs.

    Args:
        targets: Shape (examples, ...).
        units: Shape of one example's outputs.
        sparse: Whether targets are class numbers.

    Returns:
        Whether they fit.
    """
    if sparse:
        flat = targets.reshape(len(targets), -1)
        inside = flat.min() >= 0 and flat.max() < units[-1] and (flat == flat // 1).all()
        return flat.shape[1] == int(np.prod(units[:-1])) and bool(inside)
    return targets.shape[1:] == units or (targets.ndim == 1 and units == (1,))
