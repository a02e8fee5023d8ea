"""What becomes of a gradient is the product of the weights and slopes on its way."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.descent import vanishing_and_exploding_gradients as chapter
from dlbook.descent.vanishing_and_exploding_gradients import (
    ACTIVATIONS,
    backward_pass,
    blame_of,
    clip,
    digits_batch,
    draw_kernels,
    flat,
    flat_slope,
    forward_pass,
    signal_ratio,
)
from dlbook.lab.claims import Verdict
from dlbook.lab.experiment import Experiment

activations = st.sampled_from(list(ACTIVATIONS))
vectors = arrays(float, 4, elements=st.floats(-100, 100))


@pytest.fixture(scope="module")
def depth():
    return chapter.DEPTH.run(seeds=3, progress=False)


@pytest.fixture(scope="module")
def training():
    ends = {"num_layers": (1, 8)}
    return chapter.TRAINING.run(seeds=3, independent=ends, progress=False)


def pass_through(seed, activation, num_layers=3, initialization="he"):
    inputs, classes = digits_batch(seed)
    kernels = draw_kernels(seed, num_layers, initialization)
    values = forward_pass(inputs, kernels, activation)
    blame = blame_of(values[-1], classes)
    return kernels, values, classes, backward_pass(values, kernels, activation, blame)


# Laws


@given(vectors, st.floats(0.01, 50))
def test_a_clipped_gradient_is_short_enough_and_points_the_same_way(gradient, limit):
    clipped = clip(gradient, limit)
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-9)
    assert clipped @ gradient >= -1e-12
    if np.linalg.norm(gradient) <= limit:
        np.testing.assert_allclose(clipped, gradient)


@settings(max_examples=30)
@given(st.integers(0, 50), activations, st.floats(0.1, 10))
def test_twice_the_blame_is_twice_the_gradient(seed, activation, factor):
    kernels, values, classes, (gradients, _) = pass_through(seed, activation, num_layers=1)
    blame = factor * blame_of(values[-1], classes)
    scaled, _ = backward_pass(values, kernels, activation, blame)
    for one, other in zip(scaled, gradients, strict=True):
        np.testing.assert_allclose(one, factor * other)


@given(st.integers(0, 50))
def test_a_sigmoid_leaves_at_most_a_quarter_of_the_signal(seed):
    kernels, _, _, (_, signals) = pass_through(seed, "sigmoid")
    for kernel, before, after in zip(kernels[1:], signals[:-1], signals[1:], strict=True):
        assert np.linalg.norm(before) <= 0.25 * np.linalg.norm(after @ kernel.T) + 1e-15


def test_initializations_scale_the_same_draws_and_depth_keeps_the_first_layers():
    small, large = (draw_kernels(7, 4, start) for start in ("small", "large"))
    np.testing.assert_allclose(large[2] / small[2], 2 * np.sqrt(2 / 64) / 0.01)
    np.testing.assert_array_equal(draw_kernels(7, 2, "he")[1], draw_kernels(7, 4, "he")[1])


# A case worked by hand


def test_three_links_by_hand():
    # 1 * 2 = 2, * 3 = 6, * 0.5 = 3; back: 1, 0.5, 1.5, and gradients are input times signal
    kernels = [np.array([[one]]) for one in (2.0, 3.0, 0.5)]
    values = forward_pass([[1.0]], kernels, "relu")
    assert [value.item() for value in values] == [1, 2, 6, 3]
    gradients, signals = backward_pass(values, kernels, "relu", [[1.0]])
    assert [signal.item() for signal in signals] == [1.5, 0.5, 1]
    assert [gradient.item() for gradient in gradients] == [1.5, 1, 6]
    assert signal_ratio(signals) == 1.5


def test_clipping_by_hand():
    np.testing.assert_allclose(clip([3.0, 4.0], 1), [0.6, 0.8])
    np.testing.assert_array_equal(clip([0.0, 0.0], 1), [0, 0])


# Independent oracles


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_agree_with_keras(activation):
    import keras
    import tensorflow as tf

    from dlbook.lab.models import mlp

    kernels, values, classes, (gradients, _) = pass_through(2, activation)
    model = mlp((64, 64, 64, 64, 10), activation, use_bias=False)
    model.set_weights(kernels)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        cost: Any = loss(classes, model(values[0]))
    found: Any = tape.gradient(cost, model.trainable_variables)
    for ours, theirs in zip(gradients, found, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-6)


@pytest.mark.parametrize("activation", ["linear", "sigmoid", "tanh"])
def test_gradients_agree_with_finite_differences(activation):
    kernels, values, classes, (gradients, _) = pass_through(3, activation)

    def cost(change):
        moved = [kernels[0] + change * direction, *kernels[1:]]
        logits = forward_pass(values[0], moved, activation)[-1]
        logits = logits - logits.max(axis=1, keepdims=True)
        chosen = logits[range(len(classes)), classes]
        return np.mean(np.log(np.exp(logits).sum(axis=1)) - chosen)

    direction = np.random.default_rng(0).normal(size=kernels[0].shape)
    expected = (cost(1e-5) - cost(-1e-5)) / 2e-5
    assert np.sum(gradients[0] * direction) == pytest.approx(expected, rel=1e-5)


def test_the_slope_of_the_flat_curve_agrees_with_finite_differences():
    places = np.linspace(-8, 4, 30)
    expected = (flat(places + 1e-5) - flat(places - 1e-5)) / 2e-5
    np.testing.assert_allclose(flat_slope(places), expected, atol=1e-9)


def test_the_change_of_the_first_layer_is_measured_from_its_start(training):
    trial = replace(cast(Any, chapter.TRAINING.trial), learning_rate=0.0, epochs=1)
    levels = {"activation": ("sigmoid", "relu"), "num_layers": (2,)}
    still = Experiment("still", "Does rate 0 move?", levels, trial).run(seeds=2, progress=False)
    np.testing.assert_allclose(still["first_layer_change"], 0, atol=1e-7)
    assert training.attrs["engine"] == "stacked"


# Errors


def test_unknown_activations_and_kernels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"`activation` must be one of linear.*Received: 'step'"):
        forward_pass([[1.0]], [np.ones((1, 1))], "step")
    with pytest.raises(ValueError, match=r"`kernels` must have 2 rows in kernel 1.*Received: "):
        forward_pass([[1.0]], [np.ones((1, 2)), np.ones((3, 1))], "relu")


@pytest.mark.parametrize("limit", [0, -1, np.nan])
def test_a_limit_that_is_not_above_zero_is_refused(limit):
    with pytest.raises(ValueError, match=r"`largest_norm` must be .*Received: "):
        clip([1.0], limit)


# The claims of the experiments


def test_the_first_gradient_of_32_layers_has_the_size_of_the_specification(depth):
    deep = depth["first_layer_gradient"].sel(num_layers=32).mean("seed")
    expected = {
        ("sigmoid", "glorot"): -19.9,
        ("relu", "he"): -0.2,
        ("relu", "glorot"): -4.9,
        ("tanh", "glorot"): -0.6,
        ("relu", "large"): 9.3,
    }
    for (activation, start), size in expected.items():
        found = float(deep.sel(activation=activation, initialization=start))
        assert found == pytest.approx(size, abs=1), (activation, start)


def test_small_weights_make_the_gradient_of_all_layers_vanish_alike(depth):
    chosen = depth["gradient"].sel(initialization="small", activation="tanh", num_layers=16)
    layers = chosen.mean("seed").values[:16]
    assert layers.max() < -10
    assert np.ptp(layers) < 1


def test_claims_about_depth_get_the_verdict_of_the_page(depth):
    verdicts = [chapter.CLAIMS[place].decide(depth).verdict for place in (0, 2, 3, 4)]
    depends = Verdict.DEPENDS
    assert verdicts == [depends, depends, depends, Verdict.HOLDS]


def test_deep_sigmoids_guess_and_deep_relus_do_not(training):
    accuracy = training["test_accuracy"].mean("seed")
    assert 0.07 <= float(accuracy.sel(activation="sigmoid", num_layers=8)) <= 0.13
    assert float(accuracy.sel(activation="relu", num_layers=8)) > 0.8
    assert float(accuracy.sel(activation="sigmoid", num_layers=1)) > 0.8
    assert chapter.CLAIMS[1].decide(training).verdict is Verdict.HOLDS


def test_walks_jump_where_the_step_is_longer_than_twice_the_way():
    steep = chapter.STEEP.run(progress=False)
    assert chapter.CLAIMS[5].decide(steep).verdict is Verdict.HOLDS
