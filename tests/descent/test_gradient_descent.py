"""Guess, error, learn: the walk finds the minimum without a map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.descent import gradient_descent as chapter
from dlbook.descent.gradient_descent import (
    error,
    error_gradient,
    first_guess,
    landscape,
    learn,
    line,
    make_problem,
    walk,
)
from dlbook.lab.claims import Verdict, judge

guesses = arrays(float, 3, elements=st.floats(-5, 5))


# Laws


@given(guesses, st.integers(0, 100))
def test_no_guess_is_better_than_least_squares(guess, seed):
    x, y = make_problem(seed, num_parameters=3)
    best = np.linalg.lstsq(x, y)[0]
    assert error(guess, x, y) >= error(best, x, y) - 1e-12


@given(guesses, st.integers(0, 100))
def test_a_small_step_against_the_gradient_never_raises_the_error(guess, seed):
    x, y = make_problem(seed, num_parameters=3)
    gradient = error_gradient(guess, x, y)
    stepped = learn(guess, gradient, learning_rate=1e-4)
    assert error(stepped, x, y) <= error(guess, x, y) + 1e-12


@given(st.integers(0, 100))
def test_the_gradient_is_zero_at_the_minimum(seed):
    x, y = make_problem(seed, num_parameters=4)
    np.testing.assert_allclose(error_gradient(np.linalg.lstsq(x, y)[0], x, y), 0, atol=1e-10)


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_a_line_is_the_model_with_a_column_of_ones(slope, intercept):
    x, _ = make_problem(0, num_parameters=2, intercept=True)
    np.testing.assert_allclose(line(x[:, 0], slope, intercept), x @ [slope, intercept])


# A case worked by hand


def test_the_first_step_of_the_exercise():
    gradient = error_gradient([0.0], [[2.0]], [6.0])
    assert gradient == -24
    assert learn([0.0], gradient, learning_rate=0.125) == 3


# Independent oracles


def test_the_gradient_agrees_with_finite_differences():
    x, y = make_problem(1, num_parameters=3)
    guess, step = np.array([0.3, -1.2, 2.0]), 1e-6
    differences = [
        (error(guess + step * axis, x, y) - error(guess - step * axis, x, y)) / (2 * step)
        for axis in np.eye(3)
    ]
    np.testing.assert_allclose(error_gradient(guess, x, y), differences, rtol=1e-7)


def test_a_step_agrees_with_keras():
    import keras

    x, y = make_problem(2, num_parameters=2)
    start = np.array([[1.5], [-0.5]], np.float32)
    layer = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input((2,)), layer])
    layer.set_weights([start])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mean_squared_error")
    model.train_on_batch(x.astype("float32"), y.astype("float32")[:, None])
    expected = learn(start.ravel(), error_gradient(start.ravel(), x, y), learning_rate=0.1)
    np.testing.assert_allclose(layer.get_weights()[0].ravel(), expected, rtol=1e-5)


def test_the_walk_ends_at_least_squares():
    x, y = make_problem(5, num_parameters=2, intercept=True)
    path = walk(x, y, first_guess(5, 2), steps=100)
    assert path.shape == (101, 2)
    np.testing.assert_allclose(path[-1], np.linalg.lstsq(x, y)[0], atol=0.01)


def test_the_map_holds_the_error_of_every_point():
    x, y = make_problem(0, num_parameters=2)
    heights = landscape(x, y, [[0.0, 1.0, 2.0], [-1.0, 1.0]])
    assert heights.shape == (3, 2)
    assert heights[2, 0] == error([2.0, -1.0], x, y)


# Errors


def test_inputs_that_do_not_fit_are_refused_with_both_shapes():
    x, y = make_problem(0, num_parameters=2)
    with pytest.raises(ValueError, match=r"`x` must .*\(50, 3\).*Received: shape \(50, 2\)"):
        error([1.0, 2.0, 3.0], x, y)
    with pytest.raises(ValueError, match=r"`x` must .*\(49, 2\).*Received: shape \(50, 2\)"):
        error_gradient([1.0, 2.0], x, y[1:])


def test_a_gradient_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"`gradient` must have the shape .*Received: "):
        learn([1.0, 2.0], [1.0, 2.0, 3.0], learning_rate=0.1)


@pytest.mark.parametrize("rate", [0, -0.1, np.nan])
def test_a_learning_rate_that_is_not_above_zero_is_refused(rate):
    with pytest.raises(ValueError, match=r"`learning_rate` must be .*Received: "):
        learn([1.0], [1.0], learning_rate=rate)


# The claims of the experiments


def test_the_walk_needs_a_few_more_steps_where_the_map_needs_21_times_as_many():
    looks = chapter.MAP_OR_WALK.run(progress=False).evaluations
    walked = looks.sel(strategy="walk").mean("seed")
    assert 10 <= walked.sel(num_parameters=1) <= 20
    assert 20 <= walked.sel(num_parameters=6) <= 40
    np.testing.assert_array_equal(looks.sel(strategy="map", num_parameters=6), 21**6)


def test_as_many_random_guesses_as_steps_end_higher_with_many_parameters():
    excess = chapter.MAP_OR_WALK.run(progress=False)["excess_error"].mean("seed")
    assert excess.sel(strategy="guesses", num_parameters=6) > 5
    assert excess.sel(strategy="walk", num_parameters=6) < 0.01


def test_the_distance_shrinks_with_every_step():
    distance = chapter.GUESS_ERROR_LEARN.run(progress=False).distance.mean("seed").values
    assert np.all(np.diff(distance) < 0)


def test_every_claim_gets_the_verdict_of_the_page():
    experiments = (chapter.GUESS_ERROR_LEARN, chapter.MAP_OR_WALK)
    findings = judge(chapter.CLAIMS, *(one.run(progress=False) for one in experiments))
    assert [finding.verdict for finding in findings] == [Verdict.HOLDS, Verdict.DEPENDS]
