"""Signed errors teach, binarized errors count: what each can and cannot see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict
from dlbook.networks import error as chapter
from dlbook.networks.error import binarize, binarized_error, effect_size, signed_error

shares = arrays(float, 8, elements=st.floats(0, 1))
classes = arrays(int, 8, elements=st.integers(0, 1))
KERAS_METRICS = settings(max_examples=20, deadline=None)


# Laws


@given(classes, shares)
def test_swapping_target_and_prediction_changes_the_sign_only(y_true, y_pred):
    np.testing.assert_array_equal(signed_error(y_true, y_pred), -signed_error(y_pred, y_true))


@given(classes, shares, st.floats(0, 1))
def test_the_binarized_error_is_zero_or_one_and_needs_a_large_signed_error(y_true, y_pred, cut):
    wrong = binarized_error(y_true, y_pred, cut)
    assert set(wrong.tolist()) <= {0, 1}
    size = np.abs(signed_error(y_true, y_pred))
    assert (size[wrong == 1] >= min(cut, 1 - cut) - 1e-12).all()


@given(classes, shares, st.floats(0, 1), st.floats(0, 1))
def test_a_lower_threshold_misses_less_and_alarms_more(y_true, y_pred, first, second):
    low, high = sorted((first, second))
    said_low, said_high = binarize(y_pred, low), binarize(y_pred, high)
    assert (said_low >= said_high).all()
    assert binarized_error(y_true, y_pred, low)[y_true == 1].sum() <= (said_high == 0).sum()


# A case worked by hand


def test_the_forecasts_of_the_page():
    np.testing.assert_allclose(signed_error([1, 0, 0], [0.9, 0.2, 0.6]), [-0.1, 0.2, 0.6])
    assert binarized_error([1, 0, 0], [0.9, 0.2, 0.6]).tolist() == [0, 0, 1]
    assert binarized_error([0, 0], [0.4, 0.2], threshold=0.3).tolist() == [1, 0]


def test_an_effect_size_by_hand():
    assert effect_size(np.array([1.0, 2.0, 3.0])) == 2
    assert effect_size(np.array([[-1.0, -2.0, -3.0], [0.0, 0.0, 0.0]])).tolist() == [2, 0]


# Independent oracles


@KERAS_METRICS
@given(classes, shares)
def test_the_means_agree_with_the_metrics_of_keras(y_true, y_pred):
    import keras

    said = np.where(np.abs(y_pred - 0.5) < 1e-6, 0.6, y_pred)
    accuracy = keras.metrics.BinaryAccuracy()
    absolute = keras.metrics.MeanAbsoluteError()
    for metric in (accuracy, absolute):
        metric.update_state(y_true, said)
    wrong = binarized_error(y_true, said).mean()
    size = np.abs(signed_error(y_true, said)).mean()
    assert np.asarray(accuracy.result()) == pytest.approx(1 - wrong, abs=1e-6)
    assert np.asarray(absolute.result()) == pytest.approx(size, abs=1e-6)


def test_a_logit_of_zero_is_a_probability_of_one_half_exactly():
    import keras

    assert np.asarray(keras.ops.sigmoid(0.0)) == 0.5


def test_the_losses_of_the_experiment_agree_with_our_errors():
    y_true = np.array([[1.0], [0.0], [0.0]], np.float32)
    y_pred = np.array([[0.9], [0.2], [0.6]], np.float32)
    errors = signed_error(y_true, y_pred)
    assert float(chapter.mean_signed_error(y_true, y_pred)) == pytest.approx(
        errors.mean(), abs=1e-6
    )
    squared = float(chapter.square_of_mean_error(y_true, y_pred))
    assert squared == pytest.approx(errors.mean() ** 2, abs=1e-6)
    mistakes = float(chapter.share_of_mistakes(y_true, y_pred))
    assert mistakes == pytest.approx(binarized_error(y_true, y_pred).mean(), abs=1e-6)


# Errors


@pytest.mark.parametrize("function", [signed_error, binarized_error])
def test_predictions_of_another_shape_are_refused(function):
    with pytest.raises(ValueError, match=r"`y_pred` must have the shape of `y_true`.*Received: "):
        function([1, 0, 0], [[0.9], [0.2], [0.6]])


@pytest.mark.parametrize("logits", [[2.0, 0.1], [0.4, -0.1]])
def test_logits_are_no_probabilities(logits):
    with pytest.raises(ValueError, match=r"`probabilities` must lie between 0 and 1\. Received: "):
        binarize(logits)


# The claims of the experiments


@pytest.fixture(scope="module")
def teaching():
    return chapter.TEACHING_SIGNAL.run(seeds=5, progress=False)


def test_the_binarized_error_moves_no_weight_at_all(teaching):
    change = chapter.weight_change(teaching)
    assert float(change.sel(signal="binarized errors").max()) == 0
    assert float(change.sel(signal="squared errors").min()) > 0.5
    assert chapter.CLAIMS[1].decide(teaching).verdict is Verdict.HOLDS


def test_errors_that_cancel_do_not_make_a_good_model(teaching):
    mean = teaching["test_mean_signed_error"].sel(signal="mean signed error")
    assert float(abs(mean).max()) < 0.1
    accuracy = teaching["test_accuracy"]
    gap = accuracy.sel(signal="squared errors") - accuracy.sel(signal="mean signed error")
    assert float(gap.mean()) > 0.1
    assert float(accuracy.sel(signal="squared errors").min()) > 0.9
    assert chapter.CLAIMS[2].decide(teaching).verdict is Verdict.FAILS


def test_the_continuous_error_notices_small_steps_in_more_runs():
    levels = {"learning_rate": (chapter.SLOWEST, chapter.STEPS[0])}
    results = chapter.SENSITIVITY.run(seeds=10, independent=levels, progress=False)
    fresh = chapter.FRESH_RUNS.run(seeds=10, progress=False)
    assert set(results["seed"].values).isdisjoint(fresh["seed"].values)
    continuous, binarized = chapter.gains(results, chapter.STEPS[0])
    assert (continuous > 0).mean() > (binarized > 0).mean() + 0.2
    evidence = chapter.CLAIMS[0].decide(results, fresh).evidence
    assert evidence[1].effect > 0.2
