"""A fully connected network has the layers, the weights and the start that were asked for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook.lab.models import mlp


@settings(max_examples=10)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.booleans())
def test_a_layer_has_one_weight_per_pair_of_units_and_one_bias_per_unit(sizes, use_bias):
    network = mlp(sizes, use_bias=use_bias)
    pairs = pairwise(sizes)
    assert network.count_params() == sum((inputs + use_bias) * units for inputs, units in pairs)


def test_layers_are_named_and_only_the_hidden_ones_are_activated():
    network = mlp((3, 4, 4, 2), "tanh")
    assert [layer.name for layer in network.layers] == ["hidden_1", "hidden_2", "output"]
    assert [layer.activation.__name__ for layer in network.layers] == ["tanh", "tanh", "linear"]


def test_the_output_can_be_a_probability():
    probabilities = mlp((2, 3, 1), output_activation="sigmoid")(np.ones((4, 2)))
    assert tuple(probabilities.shape) == (4, 1)
    assert 0 < float(probabilities[0, 0]) < 1


def test_a_network_computes_what_its_formula_says():
    network = mlp((2, 3, 1), "relu", bias_initializer="ones")
    first, first_bias, last, last_bias = network.get_weights()
    inputs = np.array([[1.0, -2.0], [0.5, 3.0]])
    hidden = np.maximum(inputs @ first + first_bias, 0)
    np.testing.assert_allclose(network(inputs), hidden @ last + last_bias, rtol=1e-5)


def test_weights_start_as_asked_for():
    network = mlp((2, 2, 1), kernel_initializer="zeros", bias_initializer="ones")
    assert [float(weights.mean()) for weights in network.get_weights()] == [0, 1, 0, 1]


@pytest.mark.parametrize("sizes", [(3,), (2, 0, 1)])
def test_a_network_needs_inputs_and_outputs(sizes):
    with pytest.raises(ValueError, match=r"two or more positive numbers.*Received: \("):
        mlp(sizes)
