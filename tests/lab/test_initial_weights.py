"""Runs start from the weights that Keras would give a model built after set_random_seed."""

import random
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from dlbook.lab.example_order import ExampleOrder
from dlbook.lab.initial_weights import MANY, InitialWeights, seeded, variables
from dlbook.lab.trained_weights import load_weights, weight_dims, weight_names


def ordinary(seed):
    fixed: Any = keras.initializers.RandomNormal(seed=5)
    with seeded(seed):
        return keras.Sequential(
            [
                keras.Input((3,)),
                layers.Dense(4, kernel_initializer="he_normal", bias_initializer="ones"),
                layers.Dropout(0.5),
                layers.Dense(2, kernel_initializer=fixed),
                layers.Dense(2, kernel_initializer="orthogonal", bias_initializer="uniform"),
            ]
        )


def with_own_chance(seed):
    """A builder whose initializer draws from NumPy's global generator."""

    def draw(shape, dtype=None):
        return np.random.normal(size=shape)  # noqa: NPY002

    initializer: Any = draw
    with seeded(seed):
        dense = layers.Dense(2, kernel_initializer=initializer)
        return keras.Sequential([keras.Input((3,)), dense])


def recurrent(seed):
    with seeded(seed):
        return keras.Sequential(
            [
                keras.Input((5, 2)),
                layers.SimpleRNN(7, return_sequences=True),
                layers.GRU(6, return_sequences=True),
                layers.LSTM(40, return_sequences=True),
                layers.LSTM(3, unit_forget_bias=False),
                layers.Dense(2),
            ]
        )


@pytest.mark.parametrize("build", [ordinary, recurrent, with_own_chance])
@pytest.mark.parametrize("count", [3, MANY + 3])
def test_every_seed_has_the_weights_of_its_own_model(build, count):
    seeds = range(4, 4 + count)
    weights = InitialWeights(build, build(4), 4).of(seeds)
    for place in (0, 1, 2, count - 1):
        for values, expected in zip(weights, variables(build(seeds[place])), strict=True):
            np.testing.assert_array_equal(values[place], np.asarray(expected))


@pytest.mark.parametrize("make", [ordinary, recurrent])
def test_ordinary_models_are_built_twice_only(make):
    built = []

    def build(seed):
        built.append(seed)
        return make(seed)

    InitialWeights(build, make(0), 0).of(range(30))
    assert built == [1]


def test_the_generators_of_python_and_numpy_are_left_as_they_were():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    ordinary(3)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_weights_are_named_within_their_model():
    first = ["weights_dense_kernel", "weights_dense_bias", "weights_dense_1_kernel"]
    for _ in range(2):
        assert weight_names(ordinary(0))[:3] == first
    assert weight_dims(ordinary(0))["weights_dense_bias"] == ("weights_dense_bias_units",)


def test_names_that_the_author_gave_stay():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="output layer")])
    assert weight_names(model)[0] == "weights_output_layer_kernel"


def test_weights_go_back_into_a_model():
    source, target = ordinary(1), ordinary(2)
    load_weights(target, [np.asarray(one) for one in source.weights])
    for one, other in zip(source.weights, target.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_every_epoch_shows_every_example_once_in_an_order_of_its_own():
    orders = ExampleOrder([3, 4], 50, shuffle=True).epochs(3)
    assert orders.shape == (3, 2, 50)
    assert (np.sort(orders, axis=-1) == np.arange(50)).all()
    assert len({order.tobytes() for order in orders.reshape(6, 50)}) == 6


def test_the_order_depends_on_the_seed_alone_not_on_how_it_is_asked_for():
    together = ExampleOrder([3, 4], 20, shuffle=True).epochs(4)
    alone = ExampleOrder([4], 20, shuffle=True)
    parts = np.concatenate([alone.epochs(1), alone.epochs(3)])
    np.testing.assert_array_equal(together[:, 1], parts[:, 0])
