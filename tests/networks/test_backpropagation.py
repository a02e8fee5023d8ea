"""Values go forward, blame comes back, and the gradients are those of the chain rule."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlbook.lab.claims import Verdict
from dlbook.networks import backpropagation as chapter
from dlbook.networks.backpropagation import (
    backward,
    cost,
    forward,
    numerical_gradient,
    pack,
    unpack,
    update,
    worked_example,
)

seeds = st.integers(0, 1000)
networks = st.sampled_from(["2-1", "2-2-1", "2-5-3-1"])

TANH = np.tanh, lambda value: 1 - value**2


def relative(one, other):
    return np.linalg.norm(one - other) / np.linalg.norm(other)


# Laws


def layers_off_the_kink(seed, network):
    """Draw biases too: behind a silent layer a bias of 0 puts ReLU right on its kink."""
    generator = np.random.default_rng(seed)
    layers = chapter.first_layers(seed, network)
    return [(kernel, generator.uniform(0.1, 0.5, bias.shape)) for kernel, bias in layers]


@given(seeds, networks)
@example(218, "2-5-3-1")
def test_a_small_step_against_the_gradient_lowers_the_cost(seed, network):
    (x, y), layers = chapter.two_clusters(seed), layers_off_the_kink(seed, network)
    activations = forward(x, layers)
    gradients = backward(activations, layers, y)
    better = update(layers, gradients, learning_rate=1e-4)
    gain = cost(activations[-1], y) - cost(forward(x, better)[-1], y)
    assert gain >= 0.5e-4 * np.sum(pack(gradients) ** 2)


@given(seeds, networks)
def test_the_gradient_of_a_batch_is_the_mean_over_its_examples(seed, network):
    (x, y), layers = chapter.two_clusters(seed), chapter.first_layers(seed, network)
    x, y = x[95:105], y[95:105]
    single = [pack(backward(forward(x[[row]], layers), layers, y[[row]])) for row in range(len(x))]
    together = pack(backward(forward(x, layers), layers, y))
    np.testing.assert_allclose(np.mean(single, axis=0), together, atol=1e-12)


@given(seeds, networks)
def test_unpack_undoes_pack(seed, network):
    layers = chapter.first_layers(seed, network)
    for before, after in zip(layers, unpack(pack(layers), layers), strict=True):
        np.testing.assert_array_equal(before[0], after[0])
        np.testing.assert_array_equal(before[1], after[1])


# A case worked by hand


def test_the_network_of_the_page():
    inputs, layers, y_true = worked_example()
    activations = forward(inputs, layers)
    assert [values.tolist() for values in activations] == [[[1, 2]], [[1.5, 2]], [[0]]]
    (kernel, bias), (last_kernel, last_bias) = backward(activations, layers, y_true)
    np.testing.assert_array_equal(kernel, [[-0.5, 0.5], [-1, 1]])
    np.testing.assert_array_equal(bias, [-0.5, 0.5])
    np.testing.assert_array_equal(last_kernel, [[-0.75], [-1]])
    np.testing.assert_array_equal(last_bias, [-0.5])


def test_a_node_that_is_off_gets_no_blame():
    inputs, (hidden, output), y_true = worked_example()
    layers = [(hidden[0], np.array([0.0, -2.0])), output]
    (kernel, bias), (last_kernel, _) = backward(forward(inputs, layers), layers, y_true)
    assert not kernel[:, 1].any()
    assert bias[1] == 0
    assert last_kernel[1] == 0
    assert kernel[:, 0].all()


# Independent oracles


@pytest.mark.parametrize("network", ["2-2-1", "2-8-1", "2-8-8-8-1"])
def test_backward_agrees_with_automatic_differentiation_and_with_single_nodes(network):
    for seed in range(5):
        found = chapter.measure_difference(seed, network)
        assert max(found.values()) < 1e-13


@given(seeds, networks)
def test_backward_agrees_with_finite_differences_where_the_function_is_smooth(seed, network):
    (x, y), layers = chapter.two_clusters(seed), chapter.first_layers(seed, network)
    activation, slope = TANH
    found = backward(forward(x, layers, activation), layers, y, slope)
    measured = numerical_gradient(
        lambda weights: cost(forward(x, unpack(weights, layers), activation)[-1], y),
        pack(layers),
        step=1e-5,
    )
    assert relative(pack(found), measured) < 1e-6


def test_a_step_is_the_step_of_keras():
    import keras

    from dlbook.lab.models import mlp

    (x, y), layers = chapter.two_clusters(0), chapter.first_layers(0, "2-8-1")
    model = mlp((2, 8, 1))
    model.set_weights([part for layer in layers for part in layer])
    model.compile(keras.optimizers.SGD(0.1), keras.losses.BinaryCrossentropy(from_logits=True))
    keras_cost = model.train_on_batch(x, y)
    activations = forward(x, layers)
    after = update(layers, backward(activations, layers, y), learning_rate=0.1)
    assert float(keras_cost) == pytest.approx(cost(activations[-1], y), rel=1e-5)
    for keras_weight, ours in zip(model.get_weights(), sum(after, ()), strict=True):
        np.testing.assert_allclose(keras_weight, ours, atol=1e-6)


def test_the_cost_is_the_cross_entropy_of_keras_and_bears_large_logits():
    import keras

    logits, y = np.array([[-3.0], [0.5], [40.0]]), np.array([[0.0], [1.0], [0.0]])
    expected = np.array(keras.losses.BinaryCrossentropy(from_logits=True)(y, logits))
    assert cost(logits, y) == pytest.approx(expected.item(), rel=1e-6)
    assert cost(np.array([[1000.0]]), np.array([[0.0]])) == 1000


# Errors


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [(np.ones((3, 1)), np.zeros(1))],
        [(np.ones((2, 2)), np.zeros(3))],
        [(np.ones((2, 2)), np.zeros(2)), (np.ones((3, 1)), np.zeros(1))],
    ],
)
def test_layers_that_do_not_follow_on_one_another_are_refused(layers):
    with pytest.raises(ValueError, match=r"`layers` must hold kernels.*Received: kernels"):
        forward(np.ones((4, 2)), layers)


def test_activations_that_do_not_belong_to_the_layers_are_refused():
    inputs, layers, y_true = worked_example()
    with pytest.raises(ValueError, match=r"`activations` must hold 3 arrays.*Received: 1 array"):
        backward([inputs], layers, y_true)


def test_a_learning_rate_and_a_step_must_be_positive():
    _, layers, _ = worked_example()
    with pytest.raises(ValueError, match=r"`learning_rate` must be.*Received: 0"):
        update(layers, layers, learning_rate=0)
    with pytest.raises(ValueError, match=r"`step` must be.*Received: -1"):
        numerical_gradient(np.sum, np.ones(2), step=-1)


# The claims of the experiments


def test_gradients_are_exact_in_all_networks():
    results = chapter.TWO_WAYS.quick()
    assert chapter.CLAIMS[0].decide(results).verdict is Verdict.HOLDS
    assert chapter.CLAIMS[1].decide(results).verdict is Verdict.HOLDS


def test_the_best_step_is_near_the_cube_root_of_the_rounding_error():
    results = chapter.GRADIENT_CHECK.run(
        seeds=3, independent={"step": tuple(10.0**-power for power in range(1, 9))}, progress=False
    )
    errors = results["relative_error"].sel(activation="tanh")
    typical = errors.copy(data=np.log10(errors.values)).mean("seed")
    for dtype in ("float32", "float64"):
        best = float(typical["step"][int(typical.sel(dtype=dtype).argmin("step"))])
        rule = np.finfo(dtype).eps ** (1 / 3)
        assert rule / 10 < best < rule * 10


def test_a_step_far_too_small_makes_the_right_code_look_wrong():
    assert chapter.check_gradient(0, "float64", "ReLU", 1e-5)["relative_error"] < 1e-6
    assert chapter.check_gradient(0, "float32", "ReLU", 1e-12)["relative_error"] > 0.5


@given(st.floats(0.01, 1), st.sampled_from([0.0, 1.0]))
def test_a_layer_that_moves_too_early_pushes_the_hidden_nodes_up_whatever_the_target(rate, target):
    inputs, layers, _ = worked_example()
    y_true, activations = np.array([[target]]), forward(inputs, layers)
    right = update(layers, backward(activations, layers, y_true), rate)
    early = chapter.update_too_early(activations, layers, y_true, rate)
    sums = [inputs @ layer[0][0] + layer[0][1] for layer in (early, right)]
    blame, squared_length = target - 0.5, 1 + (inputs**2).sum()
    np.testing.assert_allclose(
        sums[0] - sums[1], rate**2 * blame**2 * squared_length * activations[1]
    )


def test_early_updates_do_no_harm_at_small_rates_and_blow_up_at_large_ones():
    rates = {"learning_rate": (0.01, 1.0)}
    cost_curves = chapter.UPDATE_ORDER.run(seeds=8, independent=rates, progress=False)["cost"]
    right, early, adding = (cost_curves.sel(rule=rule) for rule in chapter.RULES)
    slow = {"learning_rate": 0.01}
    np.testing.assert_allclose(early.sel(slow), right.sel(slow), atol=0.01)
    assert float(right.isel(epoch=-1, learning_rate=1).max()) < 0.3
    assert float(early.isel(learning_rate=1).max()) == chapter.HIGHEST
    assert float(adding.isel(learning_rate=1).max()) > 5
