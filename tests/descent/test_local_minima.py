"""Valleys, saddles and plains: where a walk ends, and how often networks end badly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.descent import local_minima as chapter
from dlbook.descent.gradient_descent_algorithm import descend, ripple, ripple_slope
from dlbook.descent.local_minima import (
    VALLEYS,
    alignment,
    basin,
    best_of,
    cosines,
    is_stuck,
    parameters_of,
    saddle,
    saddle_gradient,
    share_of_minima,
    xor_logits,
    xor_loss,
)
from dlbook.lab.claims import Verdict, judge

starts = st.floats(-5, 5)
kernels = arrays(float, (3, 4), elements=st.floats(-2, 2)).filter(
    lambda one: np.linalg.norm(one, axis=0).min() > 0.1
)


@pytest.fixture(scope="module")
def width():
    return chapter.WIDTH.run(
        seeds=30,
        independent={"hidden_units": (2, 8, 16), "activation": ("tanh",)},
        progress=False,
    )


# Laws


@given(st.lists(starts, min_size=1, max_size=5), starts)
def test_another_start_never_makes_the_best_worse(first, more):
    assert ripple(best_of([*first, more])) <= ripple(best_of(first)) + 1e-9


@given(starts)
def test_the_basin_is_decided_by_the_crests(start):
    crests = np.array([-4.30595, 1.42888])
    if np.abs(start - crests).min() > 0.01:
        assert basin(start, epochs=4000) == np.searchsorted(crests, start)


@given(st.floats(-1, 1), st.floats(1e-9, 1e-3), st.integers(1, 200))
def test_the_distance_from_the_ridge_grows_by_two_percent_each_step(x, y, steps):
    end = descend(saddle_gradient, [x, y], 0.01, steps)[-1]
    np.testing.assert_allclose(end, [x * 0.98**steps, y * 1.02**steps], rtol=1e-9, atol=1e-15)


@given(kernels, st.permutations(range(4)), arrays(float, 4, elements=st.sampled_from([-2.0, 1.0])))
def test_renamed_units_are_recognized(units, order, factors):
    assert alignment(units, units[:, order] * factors) == pytest.approx(1)


@given(arrays(float, 9, elements=st.floats(-3, 3)), st.sampled_from(["relu", "tanh"]))
def test_exchanging_two_hidden_units_changes_nothing(parameters, activation):
    exchanged = parameters[[1, 0, 3, 2, 5, 4, 7, 6, 8]]
    np.testing.assert_allclose(
        xor_logits(parameters, activation), xor_logits(exchanged, activation), atol=1e-12
    )


# Cases worked by hand


def test_the_saddle_is_a_minimum_along_x_and_a_maximum_along_y():
    assert saddle([0.1, 0]) > saddle([0, 0]) > saddle([0, 0.1])


def test_a_network_that_always_says_one_half_loses_the_logarithm_of_two():
    assert xor_loss(np.zeros(9), "tanh") == pytest.approx(np.log(2))


def test_lists_at_right_angles_have_nothing_in_common():
    np.testing.assert_allclose(cosines(np.array([[[1.0, 0.0]], [[0.0, 2.0]]])), [0], atol=1e-12)


# Independent oracles


def test_the_share_of_minima_is_that_of_the_theory_of_random_matrices():
    share = chapter.DIMENSION.run(progress=False)["is_minimum"].mean("seed").values
    exact = [1 / 2, (2 - np.sqrt(2)) / 4, (np.pi - 2 * np.sqrt(2)) / (4 * np.pi)]
    np.testing.assert_allclose(share[:3], exact, atol=0.01)
    assert 0.001 < share[3] < 0.004


@pytest.mark.parametrize("number", range(3))
def test_scipy_finds_the_same_valleys(number):
    from scipy.optimize import minimize_scalar

    place = VALLEYS[number]
    found: Any = minimize_scalar(ripple, bounds=(place - 1, place + 1), method="bounded")
    assert abs(found.x - place) < 1e-3
    assert abs(ripple_slope(place)) < 1e-4


def test_our_network_gives_the_loss_that_the_training_reports(width):
    ours = xor_loss(parameters_of(width, 8, "tanh"), "tanh")
    reported = width["loss"].sel(hidden_units=8, activation="tanh").isel(epoch=-1).values
    np.testing.assert_allclose(ours, reported, rtol=0.01, atol=1e-5)


# Errors


def test_curvatures_that_are_no_list_of_matrices_are_refused():
    with pytest.raises(ValueError, match=r"`curvatures` must have 3 axes.*Received: "):
        share_of_minima(np.ones((2, 2)))


def test_starts_that_are_no_list_are_refused():
    with pytest.raises(ValueError, match=r"`starts` must have 1 axis.*Received: "):
        best_of([[0.0]])


# The claims of the experiments


def test_a_thousand_times_closer_to_the_ridge_takes_as_many_steps_more():
    steps = chapter.SADDLE.run(progress=False)["steps"].values.ravel()
    np.testing.assert_array_equal(steps[1:], [1396, 698, 349])
    assert np.isnan(steps[0])


def test_the_starts_end_in_three_valleys():
    counts = np.bincount(basin(chapter.STARTS.independent["start"]))
    assert counts.tolist() == [4, 28, 18]


def test_narrow_networks_are_stuck_and_wide_ones_are_not(width):
    stuck = is_stuck(width).mean("seed").sel(activation="tanh").values
    assert 0.25 < stuck[0] < 0.75
    assert stuck[-1] <= 0.05


def test_solved_networks_have_different_first_layers(width):
    median = np.median(cosines(chapter.first_layers(width, 16)))
    assert 0.05 < median < 0.25


def test_claims_about_walks_get_the_verdicts_of_the_page():
    experiments = (chapter.DOWNHILL, chapter.STARTS, chapter.SADDLE)
    runs = [one.run(progress=False) for one in experiments]
    runs += [chapter.DIMENSION.run(progress=False), chapter.RESTARTS.run(seeds=150, progress=False)]
    claims = [one for one in chapter.CLAIMS if chapter.WIDTH not in one.experiments]
    verdicts = [finding.verdict for finding in judge(claims, *runs)]
    assert verdicts[0] == verdicts[2] == Verdict.DEPENDS
    assert verdicts[1] == verdicts[3] == Verdict.HOLDS


def test_claims_about_networks_get_the_verdicts_of_the_page(width):
    claims = [one for one in chapter.CLAIMS if chapter.WIDTH in one.experiments]
    findings = judge(claims, width)
    assert findings[0].verdict == Verdict.HOLDS
    assert findings[1].verdict != Verdict.FAILS
