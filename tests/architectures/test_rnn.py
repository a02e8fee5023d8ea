"""A recurrent layer by hand, and what it can and cannot foresee."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.architectures import rnn as chapter
from dlbook.architectures.rnn import build_rnn, rnn_step, unroll, walk_of
from dlbook.lab import series
from dlbook.lab.claims import Verdict
from dlbook.lab.readouts import reading, refit


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


def test_reading_a_trained_model_gives_what_the_model_gives():
    import keras

    keras.utils.set_random_seed(0)
    model = build_rnn(12, 4)
    inputs = np.random.default_rng(0).normal(size=(5, 12, 1)).astype("float32")
    weights = model.get_weights()
    ours = reading(walk_of(weights), *weights[3:])(inputs)
    np.testing.assert_allclose(ours, np.array(model(inputs)), atol=1e-5)


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


# The claims of the experiments


def test_the_bands_of_the_rules_that_need_no_network():
    rules = chapter.SIGN_RULES.run(progress=False).mean("seed").sel(rule="last sign flipped")
    assert float(rules["signs"]) == 1
    assert float(rules["r"]) == pytest.approx(np.sqrt(0.75), abs=0.01)
    exact = series.foresee_by_rule(0, "least squares")
    assert exact["one_step_error"] < 1e-18
    np.testing.assert_allclose(exact["path"], series.wave(0)[series.KNOWN :], atol=1e-8)


def test_a_straight_line_foresees_a_wave_but_neither_chaos_nor_noise():
    results = chapter.INFORMATION.run(seeds=5, progress=False)
    r_squared = results["linear"].mean("seed")
    assert float(r_squared.sel(series="wave")) > 0.999
    assert float(r_squared.sel(series="logistic map")) < 0.1
    assert float(results["neighbours"].mean("seed").sel(series="logistic map")) > 0.99
    assert chapter.CLAIMS[5].decide(results).verdict is Verdict.DEPENDS


def test_a_network_learns_the_signs_and_not_the_numbers():
    few = {"learning_rate": (0.01,)}
    results = chapter.ALTERNATING.run(seeds=5, independent=few, progress=False)
    found = results.mean("seed").squeeze()
    assert float(found["signs"]) > 0.95
    assert 0.75 < float(found["r"]) < 0.88
    assert abs(float(found["r_positive"])) < 0.1
    assert chapter.CLAIMS[1].decide(results).verdict is Verdict.FAILS


def test_a_recurrent_network_needs_the_order():
    network = {"network": ("RNN",)}
    accuracy = chapter.ORDER.run(seeds=3, independent=network, progress=False)["test_accuracy"]
    ordered, places, shuffled = accuracy.mean("seed").squeeze("network").values
    assert ordered > places + 0.05
    assert places > shuffled + 0.05
    assert abs(shuffled - 0.5) < 0.08


def test_noise_in_the_fit_keeps_a_random_layer_on_the_wave():
    import keras

    steps = {0.0: [], 0.01: []}
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        walk, known = walk_of(build_rnn(30, 64).get_weights()), series.wave(seed)[: series.KNOWN]
        for noise, found in steps.items():
            score = series.score_on_wave(reading(walk, *refit(walk, known, 30, noise)), seed)
            found.append(score["steps"])
    assert np.mean(steps[0.01]) > np.mean(steps[0.0]) + 100
