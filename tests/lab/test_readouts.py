"""An output layer that is read, fitted again, and run on."""

import numpy as np
import pytest

from dlbook.lab.forecasting import free_run
from dlbook.lab.readouts import carry_on, fitting_weights, reading, refit


def test_a_refitted_layer_foresees_what_its_states_can_tell():
    series = 0.9 ** np.arange(30)
    readout, shift = refit(np.tanh, np.arctanh(0.5 * series), timesteps=2)
    model = reading(np.tanh, readout, shift)
    found = model(np.arctanh(0.5 * series[:5]).reshape(1, 5, 1))
    np.testing.assert_allclose(found, np.arctanh(0.5 * series[5]), atol=0.01)


def test_noise_makes_the_weights_smaller():
    rng = np.random.default_rng(0)
    kernel, recurrent = rng.normal(size=(1, 40)), rng.normal(size=(40, 40)) / 8

    def walk(values):
        states, state = [], np.zeros((len(values), 40))
        for moment in np.moveaxis(values, 1, 0):
            state = np.tanh(moment @ kernel + state @ recurrent)
            states.append(state)
        return np.stack(states, axis=1)

    times = 0.2 * np.arange(200)
    series = np.sin(times + np.cos(times))
    sizes = [np.linalg.norm(refit(walk, series, 20, noise)[0]) for noise in (0.0, 0.01)]
    assert sizes[1] < sizes[0]


def test_a_state_without_memory_carries_on_like_a_free_run():
    model = reading(np.tanh, [[0.8]], [0.1])
    expected = free_run(model, [[0.3], [0.7]], 6)

    def walk(values, start=None):
        return np.tanh(values)

    found = carry_on(walk, [[0.8]], [0.1], [[0.3], [0.7]], 6)
    np.testing.assert_allclose(found, expected)


def test_each_window_may_be_read_in_its_own_way():
    rng = np.random.default_rng(0)
    readouts, shifts = rng.normal(size=(3, 2, 1)), rng.normal(size=(3, 1))
    windows = rng.normal(size=(3, 5, 2))
    together = reading(np.tanh, readouts, shifts)(windows)
    for place in range(3):
        alone = reading(np.tanh, readouts[place], shifts[place])(windows[place : place + 1])
        np.testing.assert_allclose(together[place], alone[0])


@pytest.mark.parametrize(
    ("kernels", "bias"),
    [
        (([[1.0]], [[1.0, 2.0]]), [0.0]),
        (([[1.0, 2.0]], [[1.0]]), [0.0, 0.0]),
        (([[1.0]], [[1.0]]), [0.0, 0.0]),
    ],
)
def test_weights_that_do_not_fit_are_refused(kernels, bias):
    with pytest.raises(ValueError, match=r"`kernels` and `bias` must have shapes .*Received: "):
        fitting_weights(kernels, bias)
