"""The power rule gives the slope of a polynomial, and its sign says which way is down."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.calculus import polynomial_derivatives as chapter
from dlbook.calculus.derivatives import central_difference
from dlbook.calculus.polynomial_derivatives import differentiate, downhill, evaluate
from dlbook.lab.claims import Verdict, judge

polynomials = arrays(float, st.integers(1, 7), elements=st.floats(-5, 5))
places = st.floats(-2, 2)


# Laws


@given(polynomials, places)
def test_the_power_rule_agrees_with_small_steps(coefficients, x):
    measured = central_difference(lambda x: evaluate(coefficients, x), x, 1e-5)
    assert evaluate(differentiate(coefficients), x) == pytest.approx(measured, abs=1e-6)


@given(polynomials, st.floats(-5, 5))
def test_a_constant_changes_no_slope(coefficients, constant):
    lifted = coefficients.copy()
    lifted[0] += constant
    np.testing.assert_array_equal(differentiate(lifted), differentiate(coefficients))


@given(polynomials, places)
def test_a_short_step_downhill_never_goes_up(coefficients, x):
    end = float(downhill(coefficients, x, 1e-6))
    assert evaluate(coefficients, end) <= evaluate(coefficients, x) + 1e-9
    assert abs(end - x) <= 1.001e-6


# A case worked by hand


def test_the_polynomial_of_the_picture():
    np.testing.assert_array_equal(differentiate([5, 4, -3, 2]), [4, -6, 6])
    np.testing.assert_array_equal(differentiate([7]), [0])
    assert evaluate([5, 4, -3, 2], 2) == 17


def test_the_way_down_is_against_the_sign_of_the_slope():
    assert downhill([0, 0, 1], 2, 0.5) == 1.5
    assert downhill([0, 0, 1], -2, 0.5) == -1.5
    assert downhill([0, 0, 1], 0, 0.5) == 0


# Independent oracles


@given(polynomials, st.lists(places, min_size=1, max_size=4))
def test_agrees_with_numpy(coefficients, x):
    polynomial = np.polynomial.Polynomial(coefficients)
    np.testing.assert_allclose(evaluate(coefficients, x), polynomial(np.array(x)), atol=1e-9)
    slope = polynomial.deriv()(np.array(x))
    np.testing.assert_allclose(evaluate(differentiate(coefficients), x), slope, atol=1e-9)


def test_agrees_with_tensorflow():
    import tensorflow as tf

    x = tf.constant([-2.0, 0.0, 1.5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = 2 * x**3 - 3 * x**2 + 4 * x + 5
    expected = np.asarray(tape.gradient(y, x))
    np.testing.assert_allclose(evaluate(differentiate([5, 4, -3, 2]), x.numpy()), expected)


# Errors


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match=r"`coefficients` must have 1 axis.*Received: "):
        differentiate([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match=r"`x` must hold finite.*Received: "):
        evaluate([1, 2], np.nan)
    with pytest.raises(ValueError, match=r"`step` must be .* above 0.*Received: "):
        downhill([1, 2], 0, 0)


# The claims of the experiments


def test_short_steps_go_down_and_long_ones_often_do():
    down = chapter.DIRECTION.run(seeds=300, progress=False)["went_down"].mean("seed")
    assert float(down.sel(step=0.001)) == 1
    assert 0.7 < float(down.sel(step=1)) < 0.95


def test_without_slopes_many_parameters_are_too_many():
    left = chapter.WITH_AND_WITHOUT.run(seeds=3, progress=False)["remaining_error"].mean("seed")
    assert float(left.sel(strategy="derivative").max()) < 1e-8
    assert float(left.sel(strategy="local search", num_parameters=1)) < 1e-8
    assert float(left.sel(strategy="local search", num_parameters=1000)) > 0.3
    assert float(left.sel(strategy="guesses", num_parameters=100)) > 0.5


def test_every_claim_gets_the_verdict_of_the_page():
    runs = [chapter.DIRECTION.run(progress=False), chapter.WITH_AND_WITHOUT.run(progress=False)]
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *runs)]
    assert verdicts == [Verdict.DEPENDS, Verdict.DEPENDS]
    planned = runs[1].sel(num_parameters=slice(1, 100))
    assert chapter.CLAIMS[1].decide(planned).verdict == Verdict.FAILS
