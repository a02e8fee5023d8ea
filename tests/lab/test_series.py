"""Series whose future can be told, or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.flat_networks import flat_forecast, flat_network
from dlbook.lab.series import ORDERS, SERIES, draw_series, teeth, wave

seeds = st.integers(0, 999)


@given(seeds)
def test_the_wave_has_a_period_of_33_points_and_a_bit(seed):
    times = np.arange(1000.0)
    period = 2 * np.pi * 499 / (30 * np.pi)
    values = wave(seed)
    shifted = np.interp(times[:900] + period, times, values)
    np.testing.assert_allclose(shifted, values[:900], atol=0.02)


@given(seeds)
def test_signs_take_turns_and_the_map_follows_itself(seed):
    assert np.all(draw_series(seed, "alternating", 50)[::2] >= 0)
    assert np.all(draw_series(seed, "alternating", 50)[1::2] <= 0)
    x = draw_series(seed, "logistic map", 50)
    np.testing.assert_allclose(x[1:], 4 * x[:-1] * (1 - x[:-1]))


@given(seeds)
def test_shuffling_keeps_the_values_of_every_stretch(seed):
    ordered, one, own = (teeth(seed, order, num_examples=6, num_test=1) for order in ORDERS)
    for other in (one, own):
        np.testing.assert_array_equal(other.y_train, ordered.y_train)
        np.testing.assert_array_equal(
            np.sort(other.x_train, axis=1), np.sort(ordered.x_train, axis=1)
        )


def test_one_shuffle_for_all_exchanges_the_same_places_everywhere():
    ordered, one = (teeth(0, order).x_train[..., 0] for order in ORDERS[:2])
    places = [int(np.argmax(np.all(ordered == column[:, None], axis=0))) for column in one.T]
    assert sorted(places) == list(range(20))
    assert places != sorted(places)


@pytest.mark.parametrize("units", [0, 3])
def test_a_flat_network_computes_what_keras_computes(units):
    import keras

    keras.utils.set_random_seed(0)
    model = flat_network(6, units)
    inputs = np.random.default_rng(0).normal(size=(4, 6, 1)).astype("float32")
    found = flat_forecast(model.get_weights())(inputs)
    np.testing.assert_allclose(found, np.array(model(inputs)), atol=1e-6)


@pytest.mark.parametrize(("call", "names"), [(draw_series, SERIES), (teeth, ORDERS)])
def test_unknown_kinds_are_refused(call, names):
    with pytest.raises(ValueError, match=rf"must be one of {names[0]}.*Received: 'none'"):
        call(0, "none")
