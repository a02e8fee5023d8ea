"""A guess, a loop, a derivative, a step: the path it makes, and where it ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.descent import gradient_descent_algorithm as chapter
from dlbook.descent.gradient_descent_algorithm import (
    descend,
    minimum_reached,
    parabola,
    parabola_slope,
    peaks,
    peaks_gradient,
    ripple,
    ripple_slope,
    steps_until_flat,
)
from dlbook.lab.claims import Verdict, judge

starts = st.floats(-5, 5)
places = arrays(float, (3, 2), elements=st.floats(-3, 3))


# Laws


@given(starts, st.floats(0.001, 0.3), st.integers(0, 30))
def test_every_step_on_the_parabola_multiplies_the_distance_by_the_same_factor(start, rate, epochs):
    path = descend(parabola_slope, start, rate, epochs)
    expected = 0.5 + (start - 0.5) * (1 - 6 * rate) ** np.arange(epochs + 1)
    np.testing.assert_allclose(path, expected, atol=1e-12)


@given(starts, st.floats(0.001, 1 / 3))
def test_no_step_with_a_rate_up_to_a_third_climbs_out_of_the_parabola(start, rate):
    heights = parabola(descend(parabola_slope, start, rate, epochs=20))
    assert np.all(np.diff(heights) <= 1e-9)


@given(places, st.integers(0, 20))
def test_many_walks_at_once_are_the_walks_one_by_one(starts, epochs):
    together = descend(peaks_gradient, starts, 0.01, epochs)
    alone = [descend(peaks_gradient, start, 0.01, epochs) for start in starts]
    np.testing.assert_allclose(together, np.stack(alone, axis=1), atol=1e-12)


@given(places)
def test_a_path_continues_where_another_ends(starts):
    whole = descend(peaks_gradient, starts, 0.02, epochs=12)
    half = descend(peaks_gradient, starts, 0.02, epochs=5)
    rest = descend(peaks_gradient, half[-1], 0.02, epochs=7)
    np.testing.assert_array_equal(whole, np.concatenate([half, rest[1:]]))


# A case worked by hand


def test_the_first_two_steps_from_zero():
    np.testing.assert_allclose(descend(parabola_slope, 0, 0.01, epochs=2), [0, 0.03, 0.0582])


def test_no_step_leaves_the_guess_alone():
    assert descend(parabola_slope, 2.0, 0.01, epochs=0).tolist() == [2.0]


def test_the_stopping_rule_names_the_first_flat_place():
    assert steps_until_flat([3.0, 2.0, 0.5, 0.5], parabola_slope) == 2
    assert steps_until_flat([3.0, 2.0], parabola_slope) == -1
    assert steps_until_flat([[0.0, 0.0], chapter.MINIMA[0]], peaks_gradient, flat=0.01) == 1


def test_a_walk_that_explodes_is_kept():
    path = descend(lambda x: x**3, 10.0, 1.0, epochs=20)
    assert len(path) == 21
    assert not np.isfinite(path[-1])


# Independent oracles


@given(places)
def test_the_gradient_of_the_peaks_agrees_with_finite_differences(place):
    step = 1e-6
    slopes = [
        (peaks(place + step * axis) - peaks(place - step * axis)) / (2 * step) for axis in np.eye(2)
    ]
    np.testing.assert_allclose(peaks_gradient(place), np.stack(slopes, axis=-1), atol=1e-6)


@given(starts)
def test_the_slopes_of_parabola_and_ripple_agree_with_finite_differences(x):
    for function, slope in ((parabola, parabola_slope), (ripple, ripple_slope)):
        difference = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
        np.testing.assert_allclose(slope(x), difference, atol=1e-6)


@pytest.mark.parametrize(
    ("number", "place", "value"),
    [(0, (0.228, -1.626), -6.551), (1, (-1.347, 0.205), -3.050), (2, (0.296, 0.320), -0.065)],
)
def test_scipy_finds_the_same_minima_of_the_peaks(number, place, value):
    from scipy.optimize import minimize

    found = minimize(peaks, place, jac=peaks_gradient, tol=1e-10)
    np.testing.assert_allclose(found.x, chapter.MINIMA[number], atol=1e-3)
    assert abs(found.fun - value) < 0.001
    assert minimum_reached(found.x) == number


def test_the_path_agrees_with_keras():
    import keras
    import tensorflow as tf

    guess = keras.Variable([0.0, 1.4])
    optimizer = keras.optimizers.SGD(learning_rate=0.01)
    for _ in range(20):
        with tf.GradientTape() as tape:
            x, y = guess[0], guess[1]
            height = (
                3 * (1 - x) ** 2 * tf.exp(-(x**2) - (y + 1) ** 2)
                - 10 * (x / 5 - x**3 - y**5) * tf.exp(-(x**2) - y**2)
                - tf.exp(-((x + 1) ** 2) - y**2) / 3
            )
        optimizer.apply([tape.gradient(height, guess.value)], [guess])
    path = descend(peaks_gradient, [0.0, 1.4], 0.01, epochs=20)
    np.testing.assert_allclose(np.asarray(guess), path[-1], atol=1e-4)


# Errors


@pytest.mark.parametrize("epochs", [-1, 10.0, 132.5, None])
def test_a_number_of_steps_that_is_not_whole_is_refused(epochs):
    with pytest.raises(ValueError, match=r"`epochs` must be a whole number.*Received: "):
        descend(parabola_slope, 0, 0.01, epochs)


@pytest.mark.parametrize("rate", [0, -0.1, np.nan])
def test_a_learning_rate_that_is_not_above_zero_is_refused(rate):
    with pytest.raises(ValueError, match=r"`learning_rate` must be .*Received: "):
        descend(parabola_slope, 0, rate, epochs=1)


def test_a_start_that_is_nowhere_is_refused():
    with pytest.raises(ValueError, match=r"`start` must hold finite numbers.*Received: "):
        descend(parabola_slope, np.inf, 0.01, epochs=1)


def test_a_stopping_rule_without_a_slope_is_refused():
    with pytest.raises(ValueError, match=r"`flat` must be .*Received: "):
        steps_until_flat([0.0], parabola_slope, flat=0)


# The claims of the experiments


def test_the_rates_of_the_page_shrink_hop_and_grow():
    distance = chapter.LEARNING_RATE.run(progress=False)["distance"].sel(start=-2).isel(seed=0)
    ends = distance.isel(step=-1)
    assert abs(ends.sel(learning_rate=0.01) - 0.0051) < 0.0001
    assert distance.sel(learning_rate=1 / 6).isel(step=1) < 1e-12
    assert abs(ends.sel(learning_rate=1 / 3) - 2.5) < 1e-9
    assert ends.sel(learning_rate=0.34) > 100


def test_each_minimum_of_the_peaks_has_its_share_of_the_starts():
    ends = chapter.PEAKS.run(progress=False)
    shares = [float((ends["minimum"] == number).mean()) for number in (0, 1, 2, -1)]
    np.testing.assert_allclose(shares, [0.31, 0.30, 0.145, 0.24], atol=0.02)
    deepest = ends["end_value"].where(ends["minimum"] == 0)
    np.testing.assert_allclose([deepest.min(), deepest.max()], -6.551, atol=0.001)


def test_every_claim_gets_the_verdict_of_the_page():
    runs = [one.run(progress=False) for one in (chapter.LEARNING_RATE, chapter.PEAKS)]
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *runs)]
    assert verdicts == [Verdict.HOLDS, Verdict.DEPENDS, Verdict.FAILS]


def test_the_quick_run_keeps_the_order_of_the_rates():
    distance = chapter.LEARNING_RATE.quick()["distance"].isel(seed=0, step=-1)
    assert np.all(distance.sel(learning_rate=0.001) < distance.sel(learning_rate=0.34))
