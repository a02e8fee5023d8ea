"""A minimum or maximum is where the derivative changes its sign."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.calculus import minima_and_maxima as chapter
from dlbook.calculus.minima_and_maxima import (
    classify,
    critical_points,
    second_derivative_test,
    sign_changes,
    wave,
    wave_curvature,
    wave_slope,
)
from dlbook.lab.claims import Verdict, judge

whole_numbers = st.integers(-9, 9)


# Laws


@given(st.lists(whole_numbers, min_size=1, max_size=4, unique=True))
def test_critical_points_are_the_roots_of_the_derivative(roots):
    derivative = np.polynomial.polynomial.polyfromroots(roots)
    coefficients = np.polynomial.polynomial.polyint(derivative)
    np.testing.assert_allclose(critical_points(coefficients), sorted(roots), atol=1e-6)


@given(st.lists(whole_numbers, min_size=1, max_size=6, unique=True))
def test_minima_and_maxima_take_turns_on_a_line(roots):
    def derivative(x):
        return np.prod([x - root for root in roots], axis=0)

    kinds = [classify(derivative, root) for root in sorted(roots)]
    assert all(one != other for one, other in pairwise(kinds))
    assert kinds[-1] == "minimum"
    assert len(sign_changes(derivative, np.arange(-10.3, 11, 0.5))) == len(roots)


@given(st.floats(-5, 5), st.floats(0.01, 10))
def test_upside_down_a_minimum_is_a_maximum(x, width):
    assert classify(lambda t: width * (t - x), x) == "minimum"
    assert classify(lambda t: -width * (t - x), x) == "maximum"
    assert second_derivative_test(lambda t: width, x) == "minimum"
    assert second_derivative_test(lambda t: -width, x) == "maximum"


@given(arrays(float, 5, elements=st.floats(-5, 5)))
def test_no_point_near_a_minimum_of_a_polynomial_is_lower(coefficients):
    coefficients = np.append(coefficients, [0.0, 1.0])
    slope = np.polynomial.Polynomial(coefficients).deriv()
    height = np.polynomial.Polynomial(coefficients)
    for x in sign_changes(slope, np.linspace(-50, 50, 2001)):
        sign = {"minimum": 1, "maximum": -1, "neither": 0}[classify(slope, x, 1e-5)]
        for neighbour in (x - 1e-5, x + 1e-5):
            assert sign * (height(neighbour) - height(x)) >= -1e-10


# A case worked by hand


def test_the_shop_earns_most_at_six_euros():
    np.testing.assert_allclose(critical_points([-200, 120, -10]), [6])
    assert classify(lambda price: -20 * price + 120, 6) == "maximum"


def test_a_level_place_need_not_be_a_minimum_and_a_minimum_need_not_be_level():
    np.testing.assert_allclose(critical_points([0, 0, 0, 1]), [0, 0], atol=1e-6)
    assert classify(lambda x: 3 * x**2, 0) == "neither"
    assert classify(np.sign, 0) == "minimum"
    assert second_derivative_test(lambda x: 12 * x**2, 0) == "no answer"


def test_a_straight_line_has_no_critical_points_and_a_bowl_has_one():
    assert critical_points([1, 2]).size == 0
    np.testing.assert_allclose(critical_points([4, -3, 3, 0]), [0.5])
    np.testing.assert_allclose(critical_points([0, 1, 0, 1]), [])


def test_the_wave_has_four_minima_and_three_maxima():
    points = np.array(chapter.CASES["cos 2πx + x²"].points)
    expected = [-1.425, -1.055, -0.476, 0, 0.476, 1.055, 1.425]
    np.testing.assert_allclose(points, expected, atol=1e-3)
    kinds = [classify(wave_slope, x) for x in points]
    assert kinds == ["minimum", "maximum"] * 3 + ["minimum"]
    assert kinds == [second_derivative_test(wave_curvature, x) for x in points]


# Independent oracles


def test_the_minima_agree_with_scipy():
    from scipy.optimize import minimize_scalar

    for x in (0.4758024510, 1.4250674148):
        found: Any = minimize_scalar(wave, bounds=(x - 0.2, x + 0.2), method="bounded")
        assert found.x == pytest.approx(x, abs=1e-4)


def test_the_derivatives_of_the_wave_agree_with_finite_differences():
    x, step = np.linspace(-2, 2, 41), 1e-5
    slopes = (wave(x + step) - wave(x - step)) / (2 * step)
    curvatures = (wave_slope(x + step) - wave_slope(x - step)) / (2 * step)
    np.testing.assert_allclose(wave_slope(x), slopes, atol=1e-7)
    np.testing.assert_allclose(wave_curvature(x), curvatures, atol=1e-6)


def test_the_cases_of_the_experiment_have_the_derivatives_they_say():
    step = 1e-5
    for name, (function, slope, curvature, _) in chapter.CASES.items():
        if name != "|x|":
            for x in (-1.3, 0.4, 2.0):
                measured = (function(x + step) - function(x - step)) / (2 * step)
                assert slope(x) == pytest.approx(measured, abs=1e-6), name
                measured = (slope(x + step) - slope(x - step)) / (2 * step)
                assert curvature(x) == pytest.approx(measured, abs=1e-6), name


# Errors


@pytest.mark.parametrize("coefficients", [[3.0], [3.0, 0.0], [0, 0, 0]])
def test_a_constant_is_refused_because_it_is_level_everywhere(coefficients):
    with pytest.raises(ValueError, match=r"`coefficients` must be .*constant.*Received: "):
        critical_points(coefficients)


def test_a_grid_that_does_not_rise_is_refused():
    with pytest.raises(ValueError, match=r"`grid` must rise .*Received: "):
        sign_changes(wave_slope, [0, 1, 1])


@pytest.mark.parametrize("distance", [0, -1, np.nan])
def test_a_distance_that_is_not_above_zero_is_refused(distance):
    with pytest.raises(ValueError, match=r"`distance` must be .*Received: "):
        classify(wave_slope, 0, distance)


# The claims of the experiments


def test_a_grid_finds_all_seven_points_until_it_is_too_coarse():
    found = chapter.GRID.run(progress=False)["points_found"]
    np.testing.assert_array_equal(found.sel(spacing=[0.01, 0.1, 0.3]), 7)
    assert float(found.sel(spacing=0.7).max()) < 7
    assert float(found.sel(spacing=1).max()) <= 1


def test_every_claim_gets_the_verdict_of_the_page():
    runs = [one.run(progress=False) for one in (chapter.TESTS, chapter.DEGREE)]
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *runs)]
    assert verdicts == [Verdict.DEPENDS, Verdict.HOLDS, Verdict.HOLDS, Verdict.DEPENDS]


def test_minima_are_half_of_the_critical_points():
    counts = chapter.DEGREE.quick(100)
    minima, maxima = float(counts["minima"].sum()), float(counts["maxima"].sum())
    assert 0.4 < minima / (minima + maxima) < 0.6
