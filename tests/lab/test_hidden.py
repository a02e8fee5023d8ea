"""What goes on inside a trained network: activations, and which units share the work."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.hidden import dense_layers, participation, relu_activations
from dlbook.lab.models import mlp


@given(st.integers(0, 1000), st.integers(1, 8), st.floats(0.1, 100))
def test_participation_is_a_share_that_does_not_depend_on_the_scale(seed, units, factor):
    activations = np.random.default_rng(seed).uniform(size=(4, units))
    share = participation(activations)
    assert np.all(share >= 1 / units - 1e-12)
    assert np.all(share <= 1 + 1e-12)
    np.testing.assert_allclose(participation(factor * activations), share)


def test_nobody_takes_part_where_no_unit_is_active():
    assert participation([[0.0, 0.0]]).tolist() == [0]


def test_nan_is_refused():
    with pytest.raises(ValueError, match=r"`activations` must hold finite numbers"):
        participation([[np.nan]])


def test_activations_are_those_of_the_keras_model():
    model = mlp((3, 5, 4, 2), bias_initializer="ones")
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    first, second, output = relu_activations(dense_layers(model), x)
    np.testing.assert_allclose(first, np.asarray(model.layers[0](x)), atol=1e-5)
    np.testing.assert_allclose(second, np.asarray(model.layers[1](first)), atol=1e-5)
    np.testing.assert_allclose(output, np.asarray(model(x)), atol=1e-5)


def test_a_change_is_made_to_every_hidden_layer_and_not_to_the_output():
    model = mlp((3, 5, 4, 2), bias_initializer="ones")
    layers = dense_layers(model)
    *hidden, output = relu_activations(layers, np.ones((1, 3)), lambda values: 0 * values)
    assert all(np.all(one == 0) for one in hidden)
    np.testing.assert_allclose(output[0], layers[-1][1])
