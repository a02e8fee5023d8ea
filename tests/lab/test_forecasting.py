"""Windows, autocorrelation and the free run of a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.datasets import sequences
from dlbook.lab.forecasting import (
    autocorrelation,
    free_run,
    linear_autoregression,
    persist,
    windows,
)

values = st.floats(-5, 5, width=32)
tables = arrays(float, st.tuples(st.integers(8, 20), st.integers(1, 3)), elements=values)

# Laws


@given(tables, st.integers(1, 5), st.integers(1, 3))
def test_every_window_is_a_stretch_of_the_series_with_what_follows_it(table, timesteps, horizon):
    inputs, targets = windows(table, timesteps, horizon)
    points, features = table.shape
    assert inputs.shape == (points - timesteps - horizon + 1, timesteps, features)
    for place in range(len(inputs)):
        end = place + timesteps
        np.testing.assert_array_equal(inputs[place], table[place:end])
        np.testing.assert_array_equal(targets[place], table[end : end + horizon].ravel())


@given(tables)
def test_windows_are_copies_of_the_series(table):
    before = table.copy()
    inputs, _ = windows(table, 2)
    inputs += 1
    np.testing.assert_array_equal(table, before)


@given(arrays(float, 12, elements=st.floats(-5, 5), unique=True), st.integers(0, 11))
def test_autocorrelation_is_that_of_the_full_correlation(series, lags):
    centered = series - series.mean()
    expected = np.correlate(centered, centered, "full")[11:] / np.sum(centered**2)
    found = autocorrelation(series, lags)
    np.testing.assert_allclose(found, expected[: lags + 1], atol=1e-9)
    assert np.abs(found).max() <= 1 + 1e-12


@given(tables, st.integers(1, 9))
def test_a_free_run_of_persistence_repeats_the_last_value(table, steps):
    found = free_run(persist, table, steps)
    np.testing.assert_array_equal(found, np.repeat(table[-1:], steps, axis=0))


@given(st.integers(1, 4), st.integers(1, 9))
def test_a_model_that_knows_the_series_continues_it_whatever_its_horizon(horizon, steps):
    def count_on(window):
        return window[:, -1] + np.arange(1, horizon + 1)

    np.testing.assert_array_equal(free_run(count_on, [0, 1, 2], steps), 3 + np.arange(steps))


# Cases worked by hand


def test_two_features_stay_together():
    inputs, targets = windows([[1, 10], [2, 20], [3, 30], [4, 40]], 1, horizon=2)
    np.testing.assert_array_equal(inputs, [[[1, 10]], [[2, 20]]])
    np.testing.assert_array_equal(targets, [[2, 20, 3, 30], [3, 30, 4, 40]])


def test_several_series_run_free_at_once():
    starts = np.array([[[1.0], [2.0]], [[5.0], [5.0]]])
    found = free_run(lambda window: window.sum(axis=1), starts, 3)
    np.testing.assert_array_equal(found[..., 0], [[3, 5, 8], [10, 15, 25]])


def test_fibonacci_is_a_linear_autoregression():
    series = [1, 1, 2, 3, 5, 8, 13, 21]
    found = free_run(linear_autoregression(series, 2), series[-2:], 3)
    np.testing.assert_allclose(found, [34, 55, 89], rtol=1e-9)


def test_a_rotation_is_a_linear_autoregression_of_two_features():
    angles = 0.3 * np.arange(40)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    found = free_run(linear_autoregression(circle[:20], 1), circle[19:20], 20)
    np.testing.assert_allclose(found, circle[20:], atol=1e-10)


# Independent oracles


def test_windows_of_one_feature_are_those_of_the_data_sets():
    series = np.random.default_rng(0).standard_normal(20).astype(np.float32)
    expected = sequences.windows(series, 4)
    for found, one in zip(windows(series, 4), expected, strict=True):
        np.testing.assert_array_equal(found, one)


def test_the_linear_model_is_that_of_scikit_learn():
    from sklearn.linear_model import LinearRegression

    series = np.random.default_rng(0).standard_normal((60, 2)).cumsum(axis=0)
    inputs, targets = windows(series, 3)
    rows = inputs.reshape(len(inputs), -1)
    expected = LinearRegression().fit(rows, targets).predict(rows)
    np.testing.assert_allclose(linear_autoregression(series, 3)(inputs), expected, atol=1e-8)


def test_a_keras_model_runs_free():
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.SimpleRNN(3)])
    model.add(keras.layers.Dense(2))
    start = np.random.default_rng(0).standard_normal((4, 2))
    found = free_run(model, start, 3)
    again = np.vstack([start, found])
    for step in range(3):
        expected = np.array(model(again[None, step : step + 4]))[0]
        np.testing.assert_allclose(found[step], expected, atol=1e-6)


# Errors


@pytest.mark.parametrize(
    ("series", "timesteps", "horizon", "rule"),
    [
        ([1, 2, 3], 3, 1, "at least as many points"),
        ([1, 2, 3], 2, 2, "at least as many points"),
        ([1, 2, 3], 0, 1, "`timesteps` must be a whole number, 1 or more"),
        ([1, 2, 3], 1.5, 1, "`timesteps` must be a whole number, 1 or more"),
        ([1, 2, 3], 1, 0, "`horizon` must be a whole number, 1 or more"),
        (np.ones((2, 5, 1)), 1, 1, "one series and not a batch"),
        ([1, np.nan, 3], 1, 1, "`series` must hold finite numbers"),
        ([], 1, 1, "`series` must not be empty"),
    ],
)
def test_series_that_cannot_be_cut_are_refused(series, timesteps, horizon, rule):
    with pytest.raises(ValueError, match=rf"{rule}.*Received: "):
        windows(series, timesteps, horizon)


@pytest.mark.parametrize(
    ("series", "lags", "rule"),
    [
        ([1, 2, 3], 3, "`lags` must be below the number of points"),
        ([1, 2, 3], -1, "`lags` must be a whole number, 0 or more"),
        ([0.1, 0.1, 0.1], 1, "`series` must not be constant"),
    ],
)
def test_autocorrelations_that_do_not_exist_are_refused(series, lags, rule):
    with pytest.raises(ValueError, match=rf"{rule}.*Received: "):
        autocorrelation(series, lags)


def test_more_weights_than_windows_are_refused():
    with pytest.raises(ValueError, match=r"at least as many windows as each sum has terms, 4.*Rec"):
        linear_autoregression([1, 2, 3, 4, 5], 3)


def test_a_model_with_another_number_of_outputs_is_refused():
    start = np.ones((3, 2))
    for wrong in (lambda w: np.ones((1, 3)), lambda w: np.ones(4), lambda w: np.ones((1, 0))):
        with pytest.raises(ValueError, match=r"`model` must return one row for each.*Received: "):
            free_run(wrong, start, 2)


@pytest.mark.parametrize(("start", "steps"), [(np.ones((1, 2, 3, 4)), 1), ([1, 2], 0), ([], 1)])
def test_free_runs_without_start_or_steps_are_refused(start, steps):
    with pytest.raises(ValueError, match=r"`(start|steps)` must .*Received: "):
        free_run(persist, start, steps)


def test_a_model_that_grows_without_bound_is_no_error():
    with np.errstate(over="ignore"):
        found = free_run(lambda window: window[:, -1] * 1e200, [1.0], 3)
    assert np.isinf(found[-1])
