"""Logarithms turn products into sums and keep tiny numbers alive."""

import math

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlbook.lab.claims import Verdict
from dlbook.maths import logarithms as chapter
from dlbook.maths.logarithms import clipped_log, log, log_product, log_sum_exp

above_zero = st.floats(1e-100, 1e100)
bases = st.floats(1.1, 20) | st.floats(0.05, 0.9)


# Laws


@given(above_zero, above_zero, bases)
def test_the_logarithm_of_a_product_is_the_sum_of_logarithms(first, second, base):
    total = log(first, base) + log(second, base)
    assert log(first * second, base) == pytest.approx(total, abs=1e-9 / abs(math.log(base)))


@given(above_zero, bases)
def test_raising_the_base_to_the_logarithm_gives_the_value_back(value, base):
    assert base ** log(value, base) == pytest.approx(value, rel=1e-10)


@given(above_zero, st.floats(1.001, 100))
def test_the_larger_number_has_the_larger_logarithm(value, factor):
    assert log(value * factor) > log(value)


@given(arrays(float, st.integers(1, 20), elements=st.floats(0.1, 1)))
def test_the_exponential_of_the_sum_is_the_product(probabilities):
    assert math.exp(log_product(probabilities)) == pytest.approx(probabilities.prod())


@given(arrays(float, st.integers(1, 20), elements=st.floats(0, 1)))
def test_clipping_bounds_the_logarithm_on_both_sides(probabilities):
    assert np.all(clipped_log(probabilities) >= math.log(1e-7))
    assert np.all(clipped_log(probabilities) <= math.log(1 - 1e-7))
    inside = (probabilities > 1e-7) & (probabilities < 1 - 1e-7)
    np.testing.assert_allclose(clipped_log(probabilities)[inside], np.log(probabilities[inside]))


# A case worked by hand


def test_round_numbers_have_the_logarithms_found_by_hand():
    assert log(8, base=2) == pytest.approx(3)
    assert log(1 / 8, base=2) == pytest.approx(-3)
    assert log(1000, base=10) == pytest.approx(3)
    assert log(1) == 0
    assert log_product([0.5, 0.5]) == pytest.approx(-2 * math.log(2))
    assert log_sum_exp([1000, 1000]) == pytest.approx(1000 + math.log(2))


def test_a_factor_of_zero_makes_the_logarithm_minus_infinity():
    assert log_product([0.5, 0.0]) == -math.inf


# Independent oracles


@given(
    arrays(float, array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.floats(-1000, 1000))
)
def test_log_sum_exp_agrees_with_scipy(logits):
    np.testing.assert_allclose(
        log_sum_exp(logits), scipy.special.logsumexp(logits, axis=-1), atol=1e-12
    )


def test_agrees_with_keras():
    import keras

    logits = np.random.default_rng(0).normal(scale=50, size=(20, 7)).astype("float32")
    expected = np.array(keras.ops.logsumexp(logits, axis=-1))
    np.testing.assert_allclose(log_sum_exp(logits), expected, rtol=1e-5)
    assert log(7.5) == pytest.approx(np.array(keras.ops.log(7.5)), rel=1e-6)
    loss = keras.losses.CategoricalCrossentropy()(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert np.array(loss) == pytest.approx(-clipped_log([0.0])[0], rel=1e-5)


# Errors


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_a_value_that_is_not_above_zero_is_refused(value):
    with pytest.raises(ValueError, match=r"`value` must be .* above 0.*Received: "):
        log(value)


@pytest.mark.parametrize(("base", "message"), [(1, "must not be 1"), (0, "above 0"), (-2, "above")])
def test_bad_bases_are_refused(base, message):
    with pytest.raises(ValueError, match=rf"`base`.*{message}.*Received: "):
        log(2, base=base)


@pytest.mark.parametrize("function", [log_product, clipped_log])
@pytest.mark.parametrize("probabilities", [[-0.1, 0.5], [0.5, 1.1]])
def test_numbers_that_are_no_probabilities_are_refused(function, probabilities):
    with pytest.raises(ValueError, match=r"`probabilities` must lie between 0 and 1.*Received: "):
        function(probabilities)


def test_a_number_to_clip_at_must_leave_room():
    with pytest.raises(ValueError, match=r"`epsilon` must be below 0.5.*Received: 0.5"):
        clipped_log([0.5], epsilon=0.5)


# The claims of the experiments


def test_products_are_lost_where_the_page_says():
    lost = chapter.UNDERFLOW.run(progress=False)["lost"].mean("seed")
    product = lost.sel(form="product")
    short, long = product.sel(precision="float32"), product.sel(precision="float64")
    assert 0.3 < short.sel(num_probabilities=100) < 0.5
    assert short.sel(num_probabilities=150) > 0.85
    assert short.sel(num_probabilities=300) == 1
    assert long.sel(num_probabilities=700) < 0.15
    assert long.sel(num_probabilities=800) > 0.9
    assert lost.sel(form="sum of logs").max() == 0


def test_every_claim_gets_the_verdict_of_the_page():
    runs = (chapter.GROWTH, chapter.SPREAD, chapter.UNDERFLOW)
    results = {experiment.name: experiment.run(progress=False) for experiment in runs}
    verdicts = {
        claim.id: claim.decide(results[claim.experiments[0].name]).verdict
        for claim in chapter.CLAIMS
    }
    assert verdicts == {
        "C-logarithms-1": Verdict.HOLDS,
        "C-logarithms-2": Verdict.DEPENDS,
        "C-logarithms-3": Verdict.HOLDS,
        "C-logarithms-4": Verdict.HOLDS,
        "C-logarithms-5": Verdict.DEPENDS,
    }
