"""A guess goes forward, the blame comes back, and a correction follows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict, judge
from dlbook.science import how_models_learn as chapter
from dlbook.science.how_models_learn import (
    backward,
    backward_chain,
    correct,
    feedback,
    forward,
    forward_chain,
    improve,
    wander,
)

recipes = arrays(float, 2, elements=st.floats(-10, 10))
chains = arrays(float, st.integers(1, 5), elements=st.floats(-2, 2))


@pytest.fixture(scope="module")
def results():
    runs = (chapter.FEEDBACK, chapter.RATES, chapter.DEPARTMENTS)
    return {one.name: one.run(progress=False) for one in runs}


# Laws


@given(recipes, st.integers(0, 20), st.sampled_from([0.1, 0.3, 1.5, 1.7]))
def test_the_error_shrinks_or_grows_by_a_constant_factor(amounts, sandwiches, rate):
    first, last = (feedback(forward(one)) for one in improve(amounts, sandwiches, rate)[[0, -1]])
    assert last == pytest.approx((1 - 1.25 * rate) ** sandwiches * first, abs=1e-9)


@given(st.floats(-100, 100), recipes)
def test_blame_is_proportional_to_the_effect_and_keeps_the_sign_of_the_error(error, taste):
    np.testing.assert_array_equal(backward(error, taste), error * taste)
    np.testing.assert_array_equal(backward(-error, taste), -backward(error, taste))


@given(chains, st.floats(-3, 3))
def test_the_last_department_is_blamed_for_what_it_received(weights, error):
    blame = backward_chain(weights, error)
    assert blame.shape == weights.shape
    assert blame[-1] == pytest.approx(error * forward_chain(weights)[-2])


@given(recipes, arrays(float, (5, 2), elements=st.floats(-3, 3)))
def test_random_changes_kept_only_if_better_never_hurt(amounts, changes):
    kept = wander(amounts, changes, only_if_better=True)
    assert abs(feedback(forward(kept))) <= abs(feedback(forward(amounts)))
    every = wander(amounts, changes, only_if_better=False)
    np.testing.assert_allclose(every, amounts + changes.sum(axis=0), atol=1e-9)


# A case worked by hand


def test_only_the_change_that_helps_is_kept():
    changes = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, -2.0]])
    np.testing.assert_array_equal(wander(np.zeros(2), changes, only_if_better=True), [1, -2])


def test_a_sandwich_worked_by_hand():
    assert forward([4, 2]) == 3
    assert feedback(3, ideal=2) == 1
    np.testing.assert_array_equal(backward(1), [1, -0.5])
    np.testing.assert_allclose(correct([4, 2], [1, -0.5], rate=0.3), [3.7, 2.15])


def test_a_business_worked_by_hand():
    np.testing.assert_array_equal(forward_chain([0.5, 2], order=3), [3, 1.5, 3])
    np.testing.assert_array_equal(backward_chain([0.5, 2], error=-1, order=3), [-6, -1.5])


# Independent oracles


@given(chains)
def test_the_blame_of_a_chain_agrees_with_the_oracle_of_finite_differences(weights):
    def cost(values):
        return feedback(forward_chain(values)[-1]) ** 2 / 2

    step = 1e-6 * np.eye(len(weights))
    slopes = [(cost(weights + one) - cost(weights - one)) / 2e-6 for one in step]
    blame = backward_chain(weights, feedback(forward_chain(weights)[-1]))
    np.testing.assert_allclose(blame, slopes, rtol=1e-5, atol=1e-5)


def test_the_blame_agrees_with_tensorflow():
    import tensorflow as tf

    weights = tf.Variable(tf.constant([0.7, -1.2, 1.1], "float64"))
    with tf.GradientTape() as tape:
        cost = (tf.reduce_prod(weights) - 2.0) ** 2 / 2
    expected = tape.gradient(cost, weights)
    error = feedback(forward_chain([0.7, -1.2, 1.1])[-1])
    np.testing.assert_allclose(backward_chain([0.7, -1.2, 1.1], error), np.array(expected))


# Errors


def test_a_recipe_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"`taste` must have the shape .*Received: shape \(3,\)"):
        forward([1, 2], taste=[1, 2, 3])
    with pytest.raises(ValueError, match=r"`blame` must have the shape .*Received: shape \(1,\)"):
        correct([1, 2], blame=[1])


@pytest.mark.parametrize("rate", [0, -0.3, np.nan])
def test_a_rate_that_is_not_above_zero_is_refused(rate):
    with pytest.raises(ValueError, match=r"`rate` must be .*Received: "):
        correct([1, 2], [1, 2], rate=rate)


def test_a_chain_without_departments_is_refused():
    with pytest.raises(ValueError, match=r"`weights` must not be empty.*Received: "):
        forward_chain([])


# The claims of the experiments


def test_systematic_sandwiches_keep_the_exact_part_of_the_first_error(results):
    distance = results["feedback"]["distance_from_ideal"].sel(adjustment="systematic")
    part = distance.sel(sandwiches=10) / distance.sel(sandwiches=5)
    np.testing.assert_allclose(part, 0.625**5)


def test_the_error_grows_if_and_only_if_the_rate_is_above_the_limit(results):
    left = results["rates"]["error_left"]
    assert np.all(left.sel(rate=[0.1, 0.3, 0.8, 1.5]) < 1)
    assert np.all(left.sel(rate=[1.7, 3]) > 1)


def test_a_longer_chain_needs_a_smaller_rate(results):
    best = results["departments"]["error"].median("seed").idxmin("rate")
    np.testing.assert_allclose(best.sel(num_departments=[1, 2, 4]), [1, 0.3, 0.1])


def test_the_quick_run_prefers_the_systematic_cook():
    distance = chapter.FEEDBACK.quick()["distance_from_ideal"].mean("seed").sel(sandwiches=50)
    assert distance.sel(adjustment="systematic") < distance.sel(adjustment="random")


def test_every_claim_gets_the_verdict_of_the_page(results):
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *results.values())]
    assert verdicts == [Verdict.HOLDS, Verdict.HOLDS, Verdict.DEPENDS, Verdict.DEPENDS]


def test_every_figure_can_be_drawn(results):
    figures = [chapter.plot_sandwich(), chapter.plot_sandwich(True), chapter.plot_business()]
    figures += [getattr(chapter, f"plot_{name}")(runs) for name, runs in results.items()]
    assert all("<svg" in figure.svg() for figure in figures)
