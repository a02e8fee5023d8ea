"""A sigmoid can be learned from; linear layers are one layer."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab import datasets
from dlbook.lab.claims import Verdict
from dlbook.networks import binary_output as chapter
from dlbook.networks.binary_output import build_classifier, classify, collapse, connections

sizes = st.lists(st.integers(1, 5), min_size=2, max_size=5)
values = st.floats(-3, 3, width=32)


def layers_of(sizes, data):
    kernels = [data.draw(arrays(float, pair, elements=values)) for pair in pairwise(sizes)]
    biases = [data.draw(arrays(float, units, elements=values)) for units in sizes[1:]]
    return kernels, biases


# Laws


@given(sizes, st.data())
def test_linear_layers_collapse_into_one_that_computes_the_same(sizes, data):
    kernels, biases = layers_of(sizes, data)
    inputs = outputs = data.draw(arrays(float, (3, sizes[0]), elements=values))
    for kernel, bias in zip(kernels, biases, strict=True):
        outputs = outputs @ kernel + bias
    kernel, bias = collapse(kernels, biases)
    np.testing.assert_allclose(
        inputs @ kernel + bias, outputs, atol=1e-9 * (1 + abs(outputs).max())
    )


@given(arrays(float, 6, elements=st.floats(-20, 20)))
def test_the_threshold_at_logit_zero_is_the_threshold_at_probability_one_half(logits):
    probabilities = 1 / (1 + np.exp(-logits))
    np.testing.assert_array_equal(classify(logits), classify(logits, 0.0))
    clear = np.abs(logits) > 1e-12
    np.testing.assert_array_equal(classify(logits)[clear], (probabilities > 0.5)[clear])


@given(sizes)
def test_every_connection_has_its_own_weight(sizes):
    counted = sum(weights + biases for weights, biases in connections(sizes))
    assert counted == sum((before + 1) * after for before, after in pairwise(sizes))


# A case worked by hand


def test_the_two_by_two_layers_of_the_exercise():
    kernel, bias = collapse([[[1, 2], [0, 1]], [[1, 0], [1, 3]]], [[1, 0], [0, 2]])
    np.testing.assert_array_equal(kernel, [[3, 6], [1, 3]])
    np.testing.assert_array_equal(bias, [1, 2])


# Independent oracles


def test_a_deep_linear_keras_model_and_its_one_layer_agree():
    import keras

    keras.utils.set_random_seed(0)
    model = build_classifier("2-8-4-3-1", "linear")
    weights = model.get_weights()
    kernel, bias = collapse(weights[0::2], weights[1::2])
    inputs = datasets.clusters(0).x_test
    expected = np.array(model(inputs))
    np.testing.assert_allclose(inputs @ kernel + bias, expected, atol=1e-5)


def test_connections_agree_with_the_count_of_keras():
    counted = sum(map(sum, connections([30, 16, 1, 1])))
    assert counted == build_classifier("30-16-1-1").count_params()


def test_a_relu_between_the_layers_keeps_them_from_collapsing():
    import keras

    keras.utils.set_random_seed(0)
    model = build_classifier("2-8-1", "relu")
    weights = model.get_weights()
    kernel, bias = collapse(weights[0::2], weights[1::2])
    inputs = datasets.clusters(0).x_test
    outputs = keras.ops.convert_to_numpy(model(inputs))
    assert np.abs(inputs @ kernel + bias - outputs).max() > 0.1


# Errors


@pytest.mark.parametrize(
    ("kernels", "biases"),
    [
        ([], []),
        ([np.ones((2, 2))], []),
        ([np.ones((2, 2))], [np.ones(3)]),
        ([np.ones((2, 2)), np.ones((3, 1))], [np.ones(2), np.ones(1)]),
    ],
)
def test_layers_that_do_not_follow_on_one_another_are_refused(kernels, biases):
    with pytest.raises(ValueError, match=r"`kernels` and `biases` must hold.*Received: kernels of"):
        collapse(kernels, biases)


@pytest.mark.parametrize("sizes", [[], [3], [3, 0]])
def test_sizes_that_make_no_layer_are_refused(sizes):
    with pytest.raises(ValueError, match=r"`sizes` must hold.*Received: "):
        connections(sizes)


def test_logits_that_are_nan_are_refused():
    with pytest.raises(ValueError, match=r"`logits` must hold finite.*Received: "):
        classify([1.0, np.nan])


# The claims of the experiments


def test_a_threshold_teaches_nothing_and_far_points_upset_the_raw_number():
    accuracy = chapter.WHY_SIGMOID.run(seeds=5, progress=False)["test_accuracy"].mean("seed")
    assert float(accuracy.sel(output="trained threshold").max()) < 0.7
    assert float(accuracy.sel(output="sigmoid, squared error").min()) > 0.95
    assert float(accuracy.sel(output="sigmoid, cross-entropy").min()) > 0.95
    assert float(accuracy.sel(output="raw number", distance=50)) < 0.92
    assert float(accuracy.sel(output="raw number", distance=0)) > 0.95


def test_linear_networks_fold_within_rounding():
    assert float(chapter.COLLAPSE.run(progress=False)["difference"].max()) < 1e-5


def test_networks_that_stay_at_chance_have_a_unit_that_is_on_for_few_points():
    study = {"learning_rate": (0.1,)}
    results = chapter.LEARNING_RATE.run(independent=study, progress=False)
    accuracy = results["test_accuracy"].squeeze("learning_rate")
    with_relu, linear = (accuracy.sel(activation=name).values for name in ("relu", "linear"))
    share = chapter.share_on(results).values[0]
    assert linear.min() > 0.9
    assert np.mean(with_relu < 0.6) > 0.1
    assert share[with_relu < 0.6].max() < 0.2
    assert share[with_relu > 0.9].min() > 0.2


def test_16_units_side_by_side_do_not_need_luck():
    accuracy = chapter.RELU_OR_NOT.quick(num_seeds=20)["test_accuracy"].sel(learning_rate=0.1)
    assert float(accuracy.sel(network="2-16-1").min()) > 0.9
    assert float(accuracy.sel(network="2-16-1-1", activation="relu").min()) < 0.6


def test_networks_tell_biopsies_apart_with_or_without_relu():
    accuracy = chapter.REAL_DATA.run(seeds=5, progress=False)["test_accuracy"].mean("seed")
    assert float(accuracy.min()) > 0.93
    assert np.ptp(accuracy.values) < 0.03


def test_one_run_per_rate_picks_a_poor_rate():
    rates = {"learning_rate": np.linspace(0.001, 0.1, 10)}
    results = chapter.LEARNING_RATE.run(independent=rates, progress=False)
    finding = chapter.CLAIMS[3].decide(results)
    assert finding.verdict is Verdict.FAILS
