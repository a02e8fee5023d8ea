"""A derivative is the slope at a point, where there is one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.calculus import derivatives as chapter
from dlbook.calculus.derivatives import (
    FUNCTIONS,
    central_difference,
    double_square,
    double_square_slope,
    forward_difference,
    relu,
    relu_slope,
    sigmoid,
    sigmoid_slope,
    tangent,
    tape_slopes,
)
from dlbook.lab.claims import Verdict, judge

points = arrays(float, 4, elements=st.floats(-20, 20))
away_from_the_kink = st.floats(0.01, 20).flatmap(lambda x: st.sampled_from([x, -x]))


# Laws


@given(points)
def test_the_slope_of_a_smooth_function_is_that_of_two_near_points(x):
    for name in ("2x²", "sigmoid"):
        function, slope = FUNCTIONS[name]
        np.testing.assert_allclose(slope(x), central_difference(function, x, 1e-5), atol=1e-8)


@given(away_from_the_kink)
def test_relu_has_a_slope_everywhere_but_at_its_kink(x):
    assert relu_slope(x) == pytest.approx(central_difference(relu, x, 1e-3))


@given(st.floats(-20, 20), st.floats(1e-3, 10))
def test_a_forward_difference_of_a_parabola_is_too_large_by_twice_the_step(x, step):
    difference = forward_difference(double_square, x, step)
    assert difference - double_square_slope(x) == pytest.approx(2 * step, abs=1e-8)


@given(points, st.floats(0.01, 2))
def test_both_differences_are_linear_in_the_function(x, step):
    for difference in (forward_difference, central_difference):
        of_sum = difference(lambda x: 3 * np.sin(x) + sigmoid(x), x, step)
        sum_of = 3 * difference(np.sin, x, step) + difference(sigmoid, x, step)
        np.testing.assert_allclose(of_sum, sum_of, atol=1e-10)


@given(st.floats(-20, 20))
def test_a_tangent_touches_its_curve(x):
    line = tangent(sigmoid, sigmoid_slope, x)
    assert line(x) == sigmoid(x)
    assert line(x + 1) - line(x) == pytest.approx(sigmoid_slope(x), abs=1e-12)


# A case worked by hand


def test_the_car_of_the_page_drives_twelve_metres_per_second():
    assert forward_difference(double_square, 3, 0.5) == 13
    assert central_difference(double_square, 3, 0.5) == 12
    assert double_square_slope(3) == 12


def test_at_its_kink_relu_has_as_many_slopes_as_ways_to_ask():
    assert forward_difference(relu, 0.0, 1e-6) == 1
    assert central_difference(relu, 0.0, 1e-6) == 0.5
    assert relu_slope(0) == 0


# Independent oracles


def test_the_slopes_agree_with_tensorflow_also_at_the_kink():
    x = np.array([-3, -0.5, 0, 0.5, 3])
    for name, (_, slope) in FUNCTIONS.items():
        np.testing.assert_allclose(slope(x), tape_slopes(name, x), rtol=1e-12, err_msg=name)


def test_the_sigmoid_and_its_slope_agree_with_scipy_far_out():
    from scipy.special import expit

    x = np.array([-700, -40, 0, 40, 700.0])
    np.testing.assert_allclose(sigmoid(x), expit(x), rtol=1e-13)
    np.testing.assert_allclose(sigmoid_slope(x), expit(x) * expit(-x), rtol=1e-13)


def test_single_precision_is_kept_and_loses_small_steps():
    x = np.float32(1)
    assert forward_difference(np.sin, x, 1e-3).dtype == np.float32
    assert forward_difference(np.sin, x, 1e-8) == 0
    assert sigmoid(np.ones(2, np.float32)).dtype == np.float32


# Errors


@pytest.mark.parametrize("step", [0, -0.1, np.nan, np.inf])
@pytest.mark.parametrize("difference", [forward_difference, central_difference])
def test_a_step_that_is_not_above_zero_is_refused(difference, step):
    with pytest.raises(ValueError, match=r"`step` must be .* above 0.*Received: "):
        difference(double_square, 3, step)


@pytest.mark.parametrize("function", [double_square, relu, sigmoid_slope])
def test_points_that_are_no_finite_numbers_are_refused(function):
    with pytest.raises(ValueError, match=r"`x` must hold finite.*Received: "):
        function(np.nan)
    with pytest.raises(ValueError, match=r"`x` must not be empty.*Received: "):
        function([])
    with pytest.raises(TypeError, match=r"`x` must hold numbers.*Received: "):
        function([[1, 2], [3]])


# The claims of the experiments


def test_the_best_step_is_neither_the_largest_nor_the_smallest():
    errors = chapter.STEP.run(progress=False)["error"].isel(seed=0)
    best = errors.min("step")
    assert float(best.sel(dtype="float64", formula="forward")) < 1e-7
    assert float(best.sel(dtype="float64", formula="central")) < 1e-9
    assert 1e-5 < float(best.sel(dtype="float32", formula="forward")) < 1e-3
    places = errors.argmin("step")
    assert int(places.min()) > 0
    assert int(places.max()) < 14


def test_the_gap_shrinks_as_the_square_of_the_distance_except_at_the_kink():
    gap = chapter.GAP.run(progress=False)["gap"].mean("seed")
    ratio = gap.sel(distance=0.001) / gap.sel(distance=0.01)
    np.testing.assert_allclose(ratio.sel(place=["2x²", "sigmoid"]), 0.01, rtol=0.01)
    np.testing.assert_allclose(ratio.sel(place="ReLU at 0"), 0.1)


def test_every_claim_gets_the_verdict_of_the_page():
    runs = [one.run(progress=False) for one in (chapter.STEP, chapter.GAP, chapter.TAPE)]
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *runs)]
    assert verdicts == [Verdict.DEPENDS, Verdict.FAILS, Verdict.HOLDS]
