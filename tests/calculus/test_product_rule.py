"""Two strips, not the corner: the slope of a product."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.polynomial import polynomial

from dlbook.calculus import product_rule as chapter
from dlbook.calculus.derivatives import central_difference, sigmoid, sigmoid_slope
from dlbook.calculus.polynomial_derivatives import differentiate, evaluate
from dlbook.calculus.product_rule import (
    as_function,
    multiply_polynomials,
    product_derivative,
    slope_by_rule,
    wrong_product_derivative,
)
from dlbook.lab.claims import Verdict

polynomials = st.integers(1, 5).flatmap(
    lambda size: arrays(float, size, elements=st.integers(-5, 5).map(float))
)
places = st.floats(-2, 2)


# Laws


@given(polynomials, polynomials, places)
def test_the_rule_gives_the_slope_of_the_multiplied_polynomial(first, second, x):
    expected = evaluate(differentiate(multiply_polynomials(first, second)), x)
    found = slope_by_rule(first, second, "product_rule", x)
    np.testing.assert_allclose(found, expected, atol=1e-8)


@given(polynomials, polynomials, places)
def test_the_order_of_the_factors_plays_no_role(first, second, x):
    for rule in chapter.RULE_NAMES:
        one, other = slope_by_rule(first, second, rule, x), slope_by_rule(second, first, rule, x)
        np.testing.assert_allclose(one, other, atol=1e-9)


@given(polynomials, st.integers(-5, 5), places)
def test_a_constant_factor_moves_out(first, factor, x):
    found = slope_by_rule(first, [factor], "product_rule", x)
    np.testing.assert_allclose(found, factor * evaluate(differentiate(first), x), atol=1e-9)
    assert slope_by_rule(first, [factor], "product_of_derivatives", x) == 0


# A case worked by hand


def test_the_pair_of_the_course_worked_by_hand():
    product = multiply_polynomials(*chapter.COURSE_PAIR)
    np.testing.assert_array_equal(product, [0, 0, 0, 0, 0, 8, -6])
    np.testing.assert_array_equal(differentiate(product), [0, 0, 0, 0, 40, -36])
    assert slope_by_rule(*chapter.COURSE_PAIR, "product_rule", 1) == 4
    assert slope_by_rule(*chapter.COURSE_PAIR, "product_of_derivatives", 1) == 0
    paddock = product_derivative(lambda t: 20 + 3 * t, lambda t: 3, lambda t: 10 + 2 * t,
                                 lambda t: 2, 0)  # fmt: skip
    assert paddock == 70


def test_the_one_pair_for_which_the_wrong_rule_is_right():
    x = np.linspace(-1, 1, 5)

    def steep(x):
        return np.exp(2 * x)

    def slope(x):
        return 2 * np.exp(2 * x)

    right = product_derivative(steep, slope, steep, slope, x)
    np.testing.assert_allclose(wrong_product_derivative(slope, slope, x), right)


# Independent oracles


@given(polynomials, polynomials)
def test_products_of_polynomials_are_those_of_numpy(first, second):
    expected = np.convolve(first, second)
    np.testing.assert_allclose(multiply_polynomials(first, second), expected, atol=1e-9)
    x = np.linspace(-1, 1, 7)
    by_numpy = polynomial.polyval(x, first) * polynomial.polyval(x, second)
    found = evaluate(multiply_polynomials(first, second), x)
    np.testing.assert_allclose(found, by_numpy, atol=1e-9)


def test_agrees_with_small_steps_for_functions_that_are_no_polynomials():
    x = np.linspace(-2, 2, 9)
    found = product_derivative(np.sin, np.cos, sigmoid, sigmoid_slope, x)
    measured = central_difference(lambda x: np.sin(x) * sigmoid(x), x, 1e-5)
    np.testing.assert_allclose(found, measured, atol=1e-9)


def test_agrees_with_the_tape_of_tensorflow():
    import tensorflow as tf

    x = tf.constant(np.linspace(0, 2, 5))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = 2 * x**2 * (4 * x**3 - 3 * x**4)
    found = slope_by_rule(*chapter.COURSE_PAIR, "product_rule", np.linspace(0, 2, 5))
    np.testing.assert_allclose(found, np.asarray(tape.gradient(y, x)), rtol=1e-12)


# Errors


def test_places_that_are_no_numbers_are_refused():
    line = as_function([0, 1])
    with pytest.raises(ValueError, match=r"`x` must hold finite numbers only. Received: "):
        product_derivative(line, line, line, line, np.inf)
    with pytest.raises(ValueError, match=r"`x` must hold finite numbers only. Received: "):
        wrong_product_derivative(line, line, np.nan)


def test_polynomials_that_are_no_lists_are_refused():
    with pytest.raises(ValueError, match=r"`second` must not be empty. Received: "):
        multiply_polynomials([1], [])
    with pytest.raises(ValueError, match=r"`first` must have 1 axis. Received: "):
        multiply_polynomials([[1]], [1])


# The claims of the experiments


def test_every_claim_gets_the_verdict_of_the_page():
    results = chapter.RULES.run(progress=False), chapter.COURSE.run(progress=False)
    errors = results[0]["relative_error"].sel(rule="product_of_derivatives").isel(seed=0)
    assert int((errors < chapter.EXACT).sum()) == 1
    assert float(errors.sel(first_degree=0, second_degree=0)) == 0
    assert results[1]["slope_at_1"].values.ravel().tolist() == [4, 0]
    verdicts = [claim.decide(*results).verdict for claim in chapter.CLAIMS]
    assert verdicts == [Verdict.HOLDS, Verdict.FAILS]
