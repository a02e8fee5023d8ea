"""A recurrent layer by hand, and what it can and cannot foresee."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.architectures.rnn import rnn_step, unroll


def weights_of(seed, features, units):
    rng = np.random.default_rng(seed)
    kernels = rng.normal(size=(features, units)), rng.normal(size=(units, units))
    return kernels, rng.normal(size=units)


# Laws


@given(st.integers(0, 99), st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
def test_the_loop_is_the_step_again_and_again(seed, features, units, timesteps):
    kernels, bias = weights_of(seed, features, units)
    sequence = np.random.default_rng(seed).normal(size=(timesteps, features))
    state, states = np.zeros(units), unroll(sequence, kernels, bias)
    for moment, expected in zip(sequence, states, strict=True):
        state = rnn_step(moment, state, kernels, bias)
        np.testing.assert_allclose(state, expected, atol=1e-12)


@given(st.integers(0, 99), st.integers(1, 4))
def test_a_walk_may_be_interrupted_and_taken_up_again(seed, stop):
    kernels, bias = weights_of(seed, 2, 3)
    sequence = np.random.default_rng(seed).normal(size=(5, 2))
    first = unroll(sequence[:stop], kernels, bias)
    second = unroll(sequence[stop:], kernels, bias, start=first[-1])
    np.testing.assert_allclose(
        np.concatenate([first, second]), unroll(sequence, kernels, bias), atol=1e-12
    )


@given(st.integers(0, 99))
def test_the_order_of_the_inputs_matters(seed):
    kernels, bias = weights_of(seed, 1, 3)
    sequence = np.random.default_rng(seed).normal(size=(6, 1))
    there, back = unroll(sequence, kernels, bias), unroll(sequence[::-1], kernels, bias)
    assert np.abs(there[-1] - back[-1]).max() > 1e-6


# A case worked by hand


def test_two_steps_of_one_unit():
    states = unroll([[1.0], [0.0]], ([[1.0]], [[0.5]]), [0.0])
    np.testing.assert_allclose(states.ravel(), [np.tanh(1), np.tanh(np.tanh(1) / 2)])


# Independent oracles


def test_keras_walks_as_we_do():
    import keras

    keras.utils.set_random_seed(0)
    layer = keras.layers.SimpleRNN(5, return_sequences=True, bias_initializer="normal")
    inputs = np.random.default_rng(0).normal(size=(7, 12, 3)).astype("float32")
    expected = np.array(layer(inputs))
    kernel, recurrent, bias = layer.get_weights()
    np.testing.assert_allclose(unroll(inputs, (kernel, recurrent), bias), expected, atol=1e-5)


# Errors


@pytest.mark.parametrize(
    ("inputs", "state", "kernels", "bias", "rule"),
    [
        ([1, 2], [0], ([[1]], [[1]]), [0], "`inputs` must have 1 features"),
        ([1], [0, 0], ([[1]], [[1]]), [0], "`hidden_state` 1 units"),
        ([1], [0], ([[1]], [[1, 2]]), [0], "`kernels` and `bias` must have shapes"),
        ([1], [0], ([[1]], [[1]]), [0, 0], "`kernels` and `bias` must have shapes"),
        ([np.nan], [0], ([[1]], [[1]]), [0], "`inputs` must hold finite"),
    ],
)
def test_steps_whose_shapes_do_not_fit_are_refused(inputs, state, kernels, bias, rule):
    with pytest.raises(ValueError, match=rf"{rule}.*Received: "):
        rnn_step(inputs, state, kernels, bias)


@pytest.mark.parametrize(
    ("sequence", "start", "rule"),
    [
        ([1.0, 2.0], None, "`sequence` must have the axes"),
        ([[1.0, 2.0]], None, "with 1 features"),
        ([[1.0]], [0.0, 0.0], "`start` must have shape"),
    ],
)
def test_walks_whose_shapes_do_not_fit_are_refused(sequence, start, rule):
    with pytest.raises(ValueError, match=rf"{rule}.*Received: "):
        unroll(sequence, ([[1.0]], [[1.0]]), [0.0], start)
