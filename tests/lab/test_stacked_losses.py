"""Losses, metrics and update rules give for all runs what Keras gives for each."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlbook.lab.stacked_losses import Outputs, StackedLoss, fits, stacked_loss
from dlbook.lab.stacked_metrics import stacked_metric

RUNS = (2, 3)
EXAMPLES = 9
GENERATOR = np.random.default_rng(0)


def outputs(units, kind):
    logits = 3 * GENERATOR.normal(size=(*RUNS, units, EXAMPLES)).astype(np.float32)
    squash = {"sigmoid": tf.sigmoid, "softmax": lambda x: tf.nn.softmax(x, axis=-2)}
    return Outputs(squash.get(kind, tf.identity)(tf.constant(logits)))


def targets(units, kind):
    if kind == "classes":
        return GENERATOR.integers(0, units, (RUNS[0], 1, EXAMPLES)).astype(np.int32)
    if kind == "one hot":
        classes = GENERATOR.integers(0, units, (RUNS[0], 1, EXAMPLES))
        return np.moveaxis(np.eye(units, dtype=np.float32)[classes], -1, -2)
    shape = (RUNS[0], 1, units, EXAMPLES)
    if kind == "binary":
        return GENERATOR.integers(0, 2, shape).astype(np.float32)
    return GENERATOR.normal(size=shape).astype(np.float32)


def each_run(true, predicted):
    """Yield the targets and outputs of every run as Keras wants them."""
    for place in np.ndindex(*RUNS):
        y_true = true[place[0], 0]
        yield place, (y_true.T if y_true.ndim > 1 else y_true), predicted.values.numpy()[place].T


losses = keras.losses
LOSSES = [
    ("mse", losses.MeanSquaredError(), 2, "numbers", "linear"),
    ("mean_absolute_error", losses.MeanAbsoluteError(), 1, "numbers", "linear"),
    ("huber", losses.Huber(), 2, "numbers", "linear"),
    ("log_cosh", losses.LogCosh(), 1, "numbers", "linear"),
    ("binary_crossentropy", losses.BinaryCrossentropy(), 1, "binary", "sigmoid"),
    ("binary_crossentropy", losses.BinaryCrossentropy(), 4, "binary", "sigmoid"),
    (
        "binary_crossentropy_from_logits",
        losses.BinaryCrossentropy(from_logits=True),
        2,
        "binary",
        "linear",
    ),
    ("categorical_crossentropy", losses.CategoricalCrossentropy(), 3, "one hot", "softmax"),
    (
        "categorical_crossentropy_from_logits",
        losses.CategoricalCrossentropy(from_logits=True),
        3,
        "one hot",
        "linear",
    ),
    (
        "sparse_categorical_crossentropy",
        losses.SparseCategoricalCrossentropy(),
        3,
        "classes",
        "softmax",
    ),
    (
        "sparse_categorical_crossentropy_from_logits",
        losses.SparseCategoricalCrossentropy(from_logits=True),
        3,
        "classes",
        "linear",
    ),
]


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: f"{case[0]}-{case[2]}")
def test_losses_by_name_and_as_objects_agree_with_keras(case):
    name, keras_loss, units, kind, activation = case
    true, predicted = targets(units, kind), outputs(units, activation)
    for given in (name, keras_loss):
        found = stacked_loss(given)(tf.constant(true), predicted).numpy()
        for place, y_true, y_pred in each_run(true, predicted):
            assert found[place] == pytest.approx(float(keras_loss(y_true, y_pred)), rel=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        losses.BinaryCrossentropy(label_smoothing=0.2),
        losses.Huber(delta=0.3),
        lambda y_true, y_pred: tf.reduce_max(tf.abs(y_true - y_pred), axis=-1),
    ],
    ids=["smoothed", "huber", "own"],
)
def test_losses_that_the_engine_does_not_know_are_called_run_by_run(loss):
    true, predicted = targets(2, "binary"), outputs(2, "sigmoid")
    found = stacked_loss(loss)(tf.constant(true), predicted).numpy()
    for place, y_true, y_pred in each_run(true, predicted):
        expected = np.mean(loss(tf.constant(y_true), tf.constant(y_pred)))
        assert found[place] == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_of_huge_logits_is_finite_and_has_the_right_gradient():
    logits = tf.constant([-1000.0, -20.0, 0.0, 20.0, 1000.0])[None, None, None]
    true = tf.constant([1.0, 1.0, 1.0, 0.0, 0.0])[None, None, None]
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = stacked_loss("binary_crossentropy_from_logits")(true, Outputs(logits))
    assert float(loss[0, 0]) == pytest.approx((1000 + 20 + np.log(2) + 20 + 1000) / 5, rel=1e-6)
    slope = np.asarray(tape.gradient(loss, logits))[0, 0, 0] * 5
    np.testing.assert_allclose(slope, [-1, -1, -0.5, 1, 1], rtol=1e-6)


def test_cross_entropy_uses_the_logits_behind_a_sigmoid_as_keras_does():
    logits = tf.constant([[[[-40.0, 40.0]]]])
    saturated = Outputs(tf.sigmoid(logits), logits)
    loss = stacked_loss("binary_crossentropy")(tf.constant([[[[1.0, 0.0]]]]), saturated)
    assert float(loss[0, 0]) == pytest.approx(40)


def test_a_loss_that_is_summed_is_refused():
    with pytest.raises(ValueError, match=r"averaged over examples\. Received: reduction='sum'"):
        stacked_loss(losses.MeanSquaredError(reduction="sum"))


METRICS = [
    ("accuracy", "binary_crossentropy", keras.metrics.BinaryAccuracy, 1, "binary", "sigmoid"),
    ("binary_accuracy", "mse", keras.metrics.BinaryAccuracy, 2, "binary", "sigmoid"),
    (
        "accuracy",
        "categorical_crossentropy",
        keras.metrics.CategoricalAccuracy,
        3,
        "one hot",
        "softmax",
    ),
    (
        "accuracy",
        "sparse_categorical_crossentropy",
        keras.metrics.SparseCategoricalAccuracy,
        3,
        "classes",
        "softmax",
    ),
    ("mae", "mse", keras.metrics.MeanAbsoluteError, 2, "numbers", "linear"),
    ("mean_squared_error", "mae", keras.metrics.MeanSquaredError, 1, "numbers", "linear"),
    ("correlation", "mse", keras.metrics.PearsonCorrelation, 1, "numbers", "linear"),
]


@pytest.mark.parametrize("case", METRICS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_metrics_agree_with_keras_over_batches_of_unequal_size(case):
    name, loss, keras_metric, units, kind, activation = case
    true, predicted = targets(units, kind), outputs(units, activation)
    metric = stacked_metric(name, name, stacked_loss(loss), (units,))
    parts = (slice(0, 4), slice(4, 8), slice(8, 9))
    totals: Any = sum(
        metric.sums(tf.constant(true[..., part]), Outputs(predicted.values[..., part]))
        for part in parts
    )
    found = metric.result(totals, tf.constant(float(EXAMPLES))).numpy()
    for place, y_true, y_pred in each_run(true, predicted):
        if name == "correlation":
            expected = np.corrcoef(y_true.ravel(), y_pred.ravel())[0, 1]
        else:
            expected = float(keras_metric()(y_true, y_pred))
        assert found[place] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_accuracy_puts_the_threshold_of_logits_at_0_and_binary_accuracy_does_not():
    loss = StackedLoss("binary_crossentropy", from_logits=True)
    true, predicted = tf.constant([[[[1.0]]]]), Outputs(tf.constant([[[[0.3]]]]))
    right, wrong = (
        stacked_metric(name, name, loss, (1,)).sums(true, predicted).numpy().item()
        for name in ("accuracy", "binary_accuracy")
    )
    assert (right, wrong) == (1, 0)


def test_correlation_stays_exact_far_from_zero():
    true = np.arange(8, dtype=np.float32)[None, None, None]
    metric = stacked_metric("r", "r", stacked_loss("mse"), (1,))
    totals = metric.sums(tf.constant(true + 4000), Outputs(tf.constant(2 * true - 9000)))
    assert metric.result(totals, tf.constant(8.0)).numpy().item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.1, -3.7, 4000.3])
def test_what_never_changes_has_no_correlation(constant):
    true = np.random.default_rng(0).normal(size=(1, 1, 1, 50)).astype(np.float32)
    metric = stacked_metric("r", "r", stacked_loss("mse"), (1,))
    same = tf.constant(np.full_like(true, constant))
    totals = metric.sums(tf.constant(true), Outputs(same))
    assert np.isnan(metric.result(totals, tf.constant(50.0)).numpy().item())


@pytest.mark.parametrize(
    ("values", "units", "sparse", "expected"),
    [
        (np.zeros((4, 2)), (2,), False, True),
        (np.zeros(4), (1,), False, True),
        (np.zeros((4, 1)), (2,), False, False),
        (np.array([0, 1, 2]), (3,), True, True),
        (np.array([[0], [2]]), (3,), True, True),
        (np.array([0, 3]), (3,), True, False),
        (np.array([0, -1]), (3,), True, False),
        (np.array([0, 0.5]), (3,), True, False),
        (np.zeros((2, 5), int), (5, 3), True, True),
    ],
)
def test_targets_fit_outputs_of_their_shape(values, units, sparse, expected):
    assert fits(values, units, sparse) is expected
