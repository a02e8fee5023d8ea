"""Metrics of many runs at once, averaged over the examples of an epoch as Keras does.

Shapes are those of `dlbook.lab.stacked_losses`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.levels import nearest
from dlbook.lab.stacked_layers import Tensor, examples_first
from dlbook.lab.stacked_losses import (
    ALIASES,
    OWN_LOSSES,
    Outputs,
    StackedLoss,
    by_examples,
    class_numbers,
    over_runs,
    stacked_loss,
)

ROUNDING = 1e-13  # part of the mean square below which a variance is rounding of 64-bit sums


@dataclass(frozen=True)
class StackedMetric:
    """A metric for all runs, averaged over the examples of an epoch as Keras does.

    Attributes:
        name: Its name in the results.
        sums: Gives sums over examples, shape (streams, conditions, k).
        result: Turns the sums of all batches and the number of examples into the metric.
        width: The k of `sums`.
        dtype: Type of `sums`.
    """

    name: str
    sums: Callable[[Tensor, Outputs], Tensor]
    result: Callable[[Tensor, Tensor], Tensor]
    width: int = 1
    dtype: tf.DType = tf.float32


def stacked_metric(name: str, metric: Any, loss: StackedLoss, units: tuple[int, ...]):
    """Return the form of a metric for many runs.

    Args:
        name: Its name in the results.
        metric: Name of a metric, or a function ``metric(y_true, y_pred)``.
        loss: The loss, which says how targets and outputs look.
        units: Shape of one example's outputs.

    Returns:
        The metric.

    Raises:
        ValueError: If there is no such metric.
    """
    if isinstance(metric, keras.metrics.Metric) or not (
        isinstance(metric, str) or callable(metric)
    ):
        raise ValueError(
            "metrics must hold names or functions metric(y_true, y_pred), which have no memory. "
            f"Received: {metric!r}"
        )
    if not isinstance(metric, str):
        return _mean_metric(name, lambda y, out: by_examples(metric, y, out.values))
    known = ALIASES.get(metric, metric)
    known = _accuracy_for(loss, units) if known in ("accuracy", "acc") else known
    if known == "correlation":
        return StackedMetric(name, _moments, _correlation, 5, tf.float64)
    threshold = 0.0 if known == "accuracy_of_logits" else 0.5
    means = {
        "accuracy_of_logits": lambda y, out: _binary_accuracy(y, out.values, threshold),
        "binary_accuracy": lambda y, out: _binary_accuracy(y, out.values, threshold),
        "sparse_categorical_accuracy": _sparse_accuracy,
        "categorical_accuracy": _categorical_accuracy,
    }
    if known in means:
        return _mean_metric(name, means[known])
    return _mean_metric(name, _loss_as_metric(metric))


def _loss_as_metric(metric: str) -> Callable[[Tensor, Outputs], Tensor]:
    try:
        return stacked_loss(metric)
    except ValueError:
        known = ["accuracy", "binary_accuracy", "categorical_accuracy", "correlation"]
        known += ["sparse_categorical_accuracy", "mae", "mse", *OWN_LOSSES]
        raise ValueError(
            f"metrics must name metrics that are there: {nearest(metric, known)}. "
            f"Received: {metric!r}"
        ) from None


def _accuracy_for(loss: StackedLoss, units: tuple[int, ...]) -> str:
    """Choose the kind of accuracy that fits, as Keras does; logits have their threshold at 0."""
    if loss.sparse:
        return "sparse_categorical_accuracy"
    if units[-1:] == (1,) or loss.name == "binary_crossentropy":
        return "accuracy_of_logits" if loss.from_logits else "binary_accuracy"
    return "categorical_accuracy"


def _mean_metric(name: str, mean: Callable[[Tensor, Outputs], Tensor]) -> StackedMetric:
    def sums(targets: Tensor, outputs: Outputs) -> Tensor:
        count = tf.cast(tf.shape(outputs.values)[-1], tf.float32)
        return (mean(targets, outputs) * count)[..., tf.newaxis]

    return StackedMetric(name, sums, lambda totals, count: totals[..., 0] / count)


def _binary_accuracy(targets: Tensor, outputs: Tensor, threshold: float) -> Tensor:
    return over_runs(
        tf.cast(tf.equal(targets, tf.cast(outputs > threshold, tf.float32)), tf.float32)
    )


def _sparse_accuracy(targets: Tensor, outputs: Outputs) -> Tensor:
    best = tf.argmax(examples_first(outputs.values), -1, output_type=tf.int32)
    labels = tf.cast(class_numbers(targets), tf.int32)
    return over_runs(tf.cast(tf.equal(best, labels), tf.float32))


def _categorical_accuracy(targets: Tensor, outputs: Outputs) -> Tensor:
    return _sparse_accuracy(tf.argmax(targets, -2, output_type=tf.int32), outputs)


def _moments(targets: Tensor, outputs: Outputs) -> Tensor:
    predicted = tf.cast(outputs.values, tf.float64)
    true = tf.broadcast_to(tf.cast(targets, tf.float64), tf.shape(predicted))
    products = (true, predicted, true * true, predicted * predicted, true * predicted)
    return tf.stack(
        [tf.reduce_sum(one, list(range(2, one.shape.rank))) for one in products], axis=-1
    )


def _correlation(totals: Tensor, count: Tensor) -> Tensor:
    means = totals / tf.cast(count, tf.float64)
    true, predicted, true_square, predicted_square, product = tf.unstack(means, axis=-1)
    spread = _variance(true_square, true) * _variance(predicted_square, predicted)
    return tf.cast((product - true * predicted) * tf.math.rsqrt(spread), tf.float32)


def _variance(square: Tensor, mean: Tensor) -> Tensor:
    """Variance from two moments; NaN where rounding is all there is, as if all were equal."""
    variance = square - mean**2
    return tf.where(variance > ROUNDING * square, variance, np.nan)
