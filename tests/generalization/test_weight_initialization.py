"""First weights: large enough, small enough, and not equal."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.generalization import weight_initialization as chapter
from dlbook.generalization.weight_initialization import (
    glorot_uniform,
    he_normal,
    signal_through_layers,
)
from dlbook.lab.claims import Verdict

# Laws


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 99))
def test_glorots_weights_stay_within_their_limit(fan_in, fan_out, seed):
    kernel = glorot_uniform(fan_in, fan_out, np.random.default_rng(seed))
    assert kernel.shape == (fan_in, fan_out)
    assert abs(kernel).max() <= np.sqrt(6 / (fan_in + fan_out))


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 99))
def test_units_do_not_change_the_size_of_hes_weights(fan_in, fan_out, seed):
    one, other = (he_normal(n, fan_out, np.random.default_rng(seed)) for n in (fan_in, 4 * fan_in))
    np.testing.assert_allclose(one.ravel(), 2 * other.ravel()[: one.size])


@given(st.floats(0.1, 10), st.integers(0, 20))
def test_a_relu_network_scales_with_its_inputs(factor, seed):
    inputs = np.random.default_rng(seed).normal(size=(4, 8))
    plain, scaled = (
        signal_through_layers(x, 3, 2.0, "relu", np.random.default_rng(seed))
        for x in (inputs, factor * inputs)
    )
    for one, other in zip(plain, scaled, strict=True):
        np.testing.assert_allclose(factor * one, other, rtol=1e-9, atol=1e-12)


# A case worked by hand


def test_variances_are_those_of_the_recipes():
    generator = np.random.default_rng(0)
    assert glorot_uniform(600, 200, generator).var() == pytest.approx(2 / 800, rel=0.02)
    assert he_normal(600, 200, generator).var() == pytest.approx(2 / 600, rel=0.02)


def test_each_relu_layer_of_variance_one_over_inputs_halves_the_mean_square():
    squares = []
    for seed in range(100):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(20, 64))
        layers = signal_through_layers(x, 10, 1.0, "relu", generator)
        squares.append([np.mean(one**2) for one in layers])
    np.testing.assert_allclose(np.mean(squares, axis=0), 0.5 ** np.arange(1, 11), rtol=0.2)


def test_the_best_of_two_is_chosen_by_validation():
    import xarray

    shape = ("seed", "epoch")
    val, test = np.zeros((20, 1)), np.arange(20.0)[:, None]
    val[1::2] = 1
    runs = xarray.Dataset({"val_accuracy": (shape, val), "test_accuracy": (shape, test)})
    kept = chapter.best_of(runs, 2)
    assert kept["val_accuracy"].values == pytest.approx([1.0])
    assert kept["test_accuracy"].values == pytest.approx([test[1::2].mean()])
    assert chapter.best_of(runs, 1)["val_accuracy"].values == pytest.approx([0.5])


# Independent oracles


@pytest.mark.parametrize(
    ("ours", "theirs"), [(glorot_uniform, "GlorotUniform"), (he_normal, "HeNormal")]
)
def test_sizes_agree_with_keras(ours, theirs):
    import keras

    initializer: Any = getattr(keras.initializers, theirs)(seed=1)
    expected = np.asarray(initializer((400, 100)))
    kernel = ours(400, 100, np.random.default_rng(0))
    assert kernel.std() == pytest.approx(expected.std(), rel=0.03)
    if ours is glorot_uniform:
        assert abs(kernel).max() == pytest.approx(abs(expected).max(), rel=0.01)


def test_starts_are_built_as_they_are_called():
    for kernels, first in (("all 0", 0.0), ("all 1", 1.0), ("all 1/inputs", 1 / 64)):
        weights = chapter.chosen_start(kernels, "0").get_weights()
        np.testing.assert_allclose(weights[0], first)
        np.testing.assert_allclose(weights[1], 0)
    weights = chapter.chosen_start("second layer 0", "random").get_weights()
    np.testing.assert_allclose(weights[2], 0)
    assert np.std(weights[0]) > 0.05
    assert 0 < abs(weights[1]).max() <= 1 / 8
    assert chapter.chosen_start("one unit", "0").count_params() == 65 + 2 + 2 + 20


# Errors


@pytest.mark.parametrize("start", [glorot_uniform, he_normal])
@pytest.mark.parametrize(("fan_in", "fan_out"), [(0, 3), (3, -1), (2.5, 3)])
def test_layers_without_inputs_or_units_are_refused(start, fan_in, fan_out):
    with pytest.raises(ValueError, match=r"`fan_(in|out)` must be a whole number.*Received: "):
        start(fan_in, fan_out, np.random.default_rng(0))


def test_signals_need_known_activations_layers_and_scales():
    with pytest.raises(ValueError, match=r"`activation` must be one of relu.*Received: 'step'"):
        signal_through_layers([[1.0]], 1, 1.0, "step")
    with pytest.raises(ValueError, match=r"`num_layers` must be .*Received: 0"):
        signal_through_layers([[1.0]], 0, 1.0)
    with pytest.raises(ValueError, match=r"`scale` must be .*Received: 0"):
        signal_through_layers([[1.0]], 1, 0.0)


# The claims of the experiments


def test_he_keeps_the_signal_of_relu_units_and_glorot_loses_it():
    results = chapter.SIGNAL.run(seeds=10, progress=False)
    spread = results["spread"].sel(activation="relu").isel(layer=19).mean("seed")
    assert 0.4 < float(spread.sel(start="He")) < 1
    assert 3e-4 < float(spread.sel(start="Glorot") / spread.sel(start="He")) < 3e-3


def test_too_small_and_too_large_starts_fail():
    study = {"deviation": (0.0001, 0.3, 10.0)}
    results = chapter.START_SCALE.run(seeds=3, independent=study, progress=False)
    small, right, large = results["test_accuracy"].mean("seed").values
    assert small < 0.4
    assert right > 0.9
    assert large < 0.7
    assert results.attrs["engine"] == "stacked"


def test_zero_teaches_nothing_and_equal_units_stay_equal():
    study = {"kernels": ("second layer 0", "all 0", "all 1/inputs")}
    results = chapter.CONSTANT_START.run(seeds=2, independent=study, progress=False)
    accuracy = results["test_accuracy"].mean("seed")
    assert float(accuracy.sel(kernels="all 0", biases="0")) < 0.15
    assert float(accuracy.sel(kernels="second layer 0", biases="0")) < 0.15
    assert float(accuracy.sel(kernels="second layer 0", biases="random")) > 0.85
    kernel = results["weights_hidden_1_kernel"].sel(kernels="all 1/inputs", biases="0").values
    np.testing.assert_allclose(kernel, kernel[..., :1] * np.ones(64), rtol=1e-3, atol=1e-4)
    assert chapter.CLAIMS[1].decide(results).verdict is not Verdict.HOLDS


def test_every_layer_moves():
    results = chapter.WEIGHT_CHANGE.run(seeds=1, independent={"epochs": (3,)}, progress=False)
    for place in (1, 2, 3, 4):
        change = results[f"change_{place}"].values
        assert change.min() > 0.05
        assert change.max() < 5
