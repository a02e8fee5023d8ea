"""An activation bends sums; its slope decides what comes back through it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.calculus.derivatives import sigmoid
from dlbook.generalization import activation_functions as chapter
from dlbook.generalization.activation_functions import FUNCTIONS, dead_share
from dlbook.lab.activations import elu, leaky_relu, relu6, tanh
from dlbook.lab.choice import at_own_rate

sums = arrays(float, 8, elements=st.floats(-50, 50))
each_function = pytest.mark.parametrize("name", FUNCTIONS)

# Laws


@given(sums)
def test_tanh_is_a_stretched_sigmoid(x):
    np.testing.assert_allclose(tanh(x), 2 * sigmoid(2 * x) - 1, atol=1e-12)
    np.testing.assert_allclose(tanh(-x), -tanh(x), atol=1e-15)


@given(sums)
def test_the_relatives_agree_with_relu_where_they_should(x):
    high = np.abs(x) + 1e-3
    for name in ("relu", "leaky_relu", "elu"):
        np.testing.assert_array_equal(FUNCTIONS[name][0](high), high)
    np.testing.assert_array_equal(relu6(x), np.minimum(FUNCTIONS["relu"][0](x), 6))
    np.testing.assert_array_equal(leaky_relu(x, 0.0), FUNCTIONS["relu"][0](x))
    assert (elu(x) >= -1).all()


@each_function
@given(x=arrays(float, 4, elements=st.floats(-8, 8)))
def test_slopes_are_those_of_finite_differences(name, x):
    function, slope = FUNCTIONS[name]
    kinks = np.array([-0.5, 0, 0.5, 6])
    x = x[np.abs(x[:, None] - kinks).min(axis=1) > 1e-3]
    if len(x):
        measured = (function(x + 1e-5) - function(x - 1e-5)) / 2e-5
        np.testing.assert_allclose(slope(x), measured, atol=1e-6)


@each_function
def test_nothing_overflows_far_out(name):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for function in FUNCTIONS[name]:
            assert np.isfinite(function(np.array([-1000.0, 1000.0]))).all()


# Cases worked by hand


def test_the_largest_slopes_of_sigmoid_and_tanh():
    places = np.linspace(-5, 5, 1001)
    assert FUNCTIONS["sigmoid"][1](places).max() == pytest.approx(0.25)
    assert FUNCTIONS["tanh"][1](places).max() == pytest.approx(1)


def test_one_of_two_units_is_silent():
    assert dead_share([[0.0, 2.0], [-1.0, 0.0]]) == 0.5


def test_epochs_are_counted_to_the_first_that_reaches_the_bar():
    import xarray as xr

    curves = xr.DataArray(
        [[[0.5, 0.95, 0.8]], [[0.5, 0.6, 0.65]]],
        dims=("data_set", "seed", "epoch"),
        coords={"data_set": ["digits", "patients"]},
    )
    needed = chapter.epochs_to_bar(xr.Dataset({"accuracy": curves}))
    assert needed.values.ravel().tolist() == [2, 4]


def test_a_network_is_mute_if_one_layer_is_silent():
    data, model = chapter.some_digits(0), chapter.deep_network("relu")
    assert chapter.lost_units(model, data, "relu")["mute"] == 0
    weights = model.get_weights()
    weights[3] = weights[3] - 100
    model.set_weights(weights)
    found = chapter.lost_units(model, data, "relu")
    assert found["mute"] == 1
    assert 1 / 3 <= found["lost"] < 1
    assert np.ptp(np.asarray(model(data.x_train[:9])), axis=0).max() == 0
    assert chapter.lost_units(model, data, "leaky_relu")["mute"] == 0
    weights[0][0, 0] = np.nan
    model.set_weights(weights)
    found = chapter.lost_units(model, data, "relu")
    assert found == {"lost": 1, "mute": 0, "overflowed": 1}


# Independent oracles


@each_function
def test_values_and_slopes_are_those_of_keras(name):
    import keras
    import tensorflow as tf

    places = np.array([-7, -2, -0.7, -0.3, 0.3, 0.7, 2, 5.5, 7.0])
    x = tf.constant(places)
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = getattr(keras.activations, name)(x)
    function, slope = FUNCTIONS[name]
    np.testing.assert_allclose(function(places), values, atol=1e-6)
    theirs = np.asarray(tape.gradient(values, x))
    np.testing.assert_allclose(slope(places), theirs, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu"])
def test_the_sums_lead_to_the_outputs_of_the_model(activation):
    model = chapter.deep_network(activation, bias=0.1)
    inputs = chapter.some_digits(0).x_train[:5]
    last = FUNCTIONS[activation][0](chapter.hidden_sums(model, inputs, activation)[-1])
    kernel, bias = model.get_weights()[-2:]
    np.testing.assert_allclose(last @ kernel + bias, model(inputs), atol=1e-5)


# Errors


def test_an_answer_of_one_axis_is_refused():
    with pytest.raises(ValueError, match=r"`outputs` must have 2 axes. Received: shape \(3,\)"):
        dead_share([1, 2, 3])


def test_words_are_refused():
    with pytest.raises(TypeError, match=r"`x` must hold numbers only.*Received: 'three'"):
        tanh("three")


# The claims of the experiments


def test_relu_learns_digits_faster_than_the_sigmoid_each_at_its_own_rate():
    levels = {
        "data_set": ("digits",),
        "activation": ("relu", "sigmoid"),
        "learning_rate": (0.1, 3),
    }
    results = chapter.HIDDEN_ACTIVATION.run(seeds=2, independent=levels, progress=False)
    assert results.attrs["engine"] == "stacked"
    chosen = at_own_rate(results)["learning_rate"].sel(data_set="digits")
    assert set(chosen.sel(activation="relu").values) == {0.1}
    assert set(chosen.sel(activation="sigmoid").values) == {3}
    assert chapter.CLAIMS[0].decide(results).evidence[0].effect > 5
    slow = results["accuracy"].sel(activation="sigmoid", learning_rate=0.1).isel(epoch=-1)
    assert float(slow.mean()) < 0.4


def test_relatives_differ_where_little_is_learned_as_their_slopes_say():
    levels = {"activation": ("elu", "gelu"), "learning_rate": (0.01, 0.1)}
    results = chapter.RELU_FAMILY.run(seeds=3, independent=levels, progress=False)
    accuracy = results["test_accuracy"].mean("seed")
    slow = accuracy.sel(learning_rate=0.01)
    assert float(slow.sel(activation="elu") - slow.sel(activation="gelu")) > 0.1
    high = accuracy.sel(learning_rate=0.1)
    assert abs(float(high.sel(activation="elu") - high.sel(activation="gelu"))) < 0.1
    verdicts = [one.holds for one in chapter.CLAIMS[2].decide(results).evidence]
    assert verdicts == [True, False]
    left = [chapter.signal_left(name) for name in ("elu", "leaky_relu", "relu", "gelu", "sigmoid")]
    assert left == sorted(left, reverse=True)


def test_a_leak_brings_silent_units_back_in_a_shallow_network():
    levels = {"hidden_layers": (1,)}
    results = chapter.DEAD_UNITS.run(seeds=3, independent=levels, progress=False)
    shallow = results["lost"].sel(hidden_layers=1, bias=-2)
    assert float(shallow.min("seed").sel(activation="relu").min()) > 0.9
    assert float(shallow.sel(activation="leaky_relu", learning_rate=0).min()) > 0.9
    assert float(shallow.sel(activation="leaky_relu", learning_rate=1).max()) < 0.3
    assert set(np.unique(results["overflowed"])) <= {0, 1}
    assert chapter.CLAIMS[4].decide(results).evidence[3].holds


def test_the_sigmoid_cannot_give_scores_below_zero():
    results = chapter.OUTPUT.run(
        seeds=6, independent={"output": ("linear", "sigmoid")}, progress=False
    )
    score, classes = chapter.CLAIMS[5].decide(results).evidence
    assert score.effect < -0.05
    assert classes.effect > 0
