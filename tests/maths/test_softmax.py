"""Softmax makes shares of one whole out of any numbers."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlbook.lab.claims import Verdict, judge
from dlbook.maths import softmax as chapter
from dlbook.maths.softmax import naive_softmax, softmax

logit_arrays = arrays(
    float, array_shapes(min_dims=1, max_dims=3, max_side=6), elements=st.floats(-1000, 1000)
)


# Laws


@given(logit_arrays)
def test_probabilities_lie_between_zero_and_one_and_sum_to_one(logits):
    shares = softmax(logits)
    assert shares.shape == logits.shape
    assert np.all((shares >= 0) & (shares <= 1))
    np.testing.assert_allclose(shares.sum(axis=-1), 1)


@given(logit_arrays, st.floats(-1000, 1000))
def test_adding_a_constant_changes_nothing(logits, constant):
    np.testing.assert_allclose(softmax(logits + constant), softmax(logits), atol=1e-12)


@given(arrays(float, 5, elements=st.floats(-30, 30)))
def test_the_logarithm_of_a_share_lies_on_a_line_of_slope_one(logits):
    distances = np.log(softmax(logits)) - logits
    np.testing.assert_allclose(distances, distances[0], atol=1e-6)


@given(arrays(float, 5, elements=st.floats(-10, 10)), st.floats(0.1, 5), st.floats(1, 5))
def test_heat_never_raises_the_largest_share(logits, temperature, factor):
    hotter = softmax(logits, temperature * factor).max()
    assert hotter <= softmax(logits, temperature).max() + 1e-12


# A case worked by hand


def test_one_two_three_gives_the_shares_of_the_page():
    np.testing.assert_allclose(softmax([1, 2, 3]), [0.0900, 0.2447, 0.6652], atol=5e-5)
    np.testing.assert_allclose(softmax(softmax([1, 2, 3])), [0.25, 0.30, 0.45], atol=0.01)


# Independent oracles


@given(logit_arrays)
def test_agrees_with_scipy(logits):
    np.testing.assert_allclose(softmax(logits), scipy.special.softmax(logits, axis=-1), atol=1e-15)


def test_agrees_with_keras():
    import keras

    logits = np.random.default_rng(0).normal(scale=5, size=(20, 7)).astype("float32")
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(logits, axis=-1))
    np.testing.assert_allclose(softmax(logits), expected, rtol=1e-5)


def test_the_formula_as_written_agrees_for_small_numbers_and_overflows_for_large_ones():
    np.testing.assert_allclose(naive_softmax([1, 2, 3]), softmax([1, 2, 3]))
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(naive_softmax([1000, 0])[0])
    np.testing.assert_array_equal(softmax([1000, 0]), [1, 0])


def test_a_very_low_temperature_gives_everything_to_the_largest():
    np.testing.assert_array_equal(softmax([1000, 0, 999], temperature=1e-300), [1, 0, 0])


# Errors


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([], "must not be empty"),
        (3.0, "one axis or more"),
        ([1.0, np.nan], "finite"),
        ([np.inf, 1.0], "finite"),
    ],
)
def test_bad_logits_are_refused_by_name(logits, message):
    with pytest.raises(ValueError, match=rf"`logits`.*{message}.*Received: "):
        softmax(logits)


@pytest.mark.parametrize("logits", [["a", "b"], [[1, 2], [3]]])
def test_logits_that_are_not_numbers_are_refused(logits):
    with pytest.raises(TypeError, match=r"`logits` must hold numbers.*Received: "):
        softmax(logits)


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature):
    with pytest.raises(ValueError, match=r"`temperature` must be .* above 0.*Received: "):
        softmax([1, 2], temperature=temperature)


# The claims of the experiments


def test_heat_lowers_confidence_to_the_level_of_the_page():
    confidence = chapter.CONFIDENCE.run(progress=False).confidence.mean("seed")
    expected = [0.894, 0.695, 0.318, 0.161, 0.116]
    np.testing.assert_allclose(confidence, expected, atol=0.03)


def test_confidence_fits_accuracy_only_at_the_true_scale():
    results = chapter.CALIBRATION.run(progress=False)
    gap = (results["confidence"] - results["accuracy"]).mean("seed")
    error = results["calibration_error"].mean("seed")
    assert abs(gap.sel(scale=1)) < 0.02
    assert error.sel(scale=1) < 0.05
    assert error.sel(scale=10) > 0.3
    assert gap.sel(scale=10) > 0.3
    assert gap.sel(scale=0.1) < -0.3


def test_every_claim_gets_the_verdict_of_the_page():
    experiments = (chapter.VALID, chapter.CALIBRATION, chapter.SHIFT, chapter.CONFIDENCE)
    findings = judge(chapter.CLAIMS, *(one.run(progress=False) for one in experiments))
    assert [finding.verdict for finding in findings] == [
        Verdict.HOLDS,
        Verdict.DEPENDS,
        Verdict.HOLDS,
        Verdict.HOLDS,
    ]


def test_the_formula_as_written_loses_large_inputs():
    valid = chapter.VALID.quick().valid.mean("seed")
    assert float(valid.sel(form="as written", largest=2000)) < 0.5
    assert float(valid.sel(form="stable", largest=2000)) == 1
