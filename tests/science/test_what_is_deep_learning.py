"""One neuron draws a line; a layer of them, each with its function, bends it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import judge
from dlbook.science import what_is_deep_learning as chapter
from dlbook.science.what_is_deep_learning import (
    add_bias_input,
    artificial_neuron,
    draw_points,
    draw_students,
    sigmoid,
    weighted_sum,
)

numbers = st.floats(-100, 100)
rows = arrays(float, (5, 3), elements=numbers)
weights = arrays(float, 3, elements=numbers)


# Laws


@given(rows, weights, numbers)
def test_a_bias_is_a_weight_on_an_input_that_is_always_one(inputs, kernel, bias):
    np.testing.assert_allclose(
        weighted_sum(add_bias_input(inputs), [bias, *kernel]),
        weighted_sum(inputs, kernel, bias),
        atol=1e-9,
    )


@given(st.floats(-1e6, 1e6))
def test_a_sigmoid_lies_between_0_and_1_and_mirrors_itself(value):
    assert 0 <= sigmoid(value) <= 1
    np.testing.assert_allclose(sigmoid(value) + sigmoid(-value), 1, atol=1e-12)


@given(rows, weights, numbers)
def test_the_sigmoid_does_not_move_the_border(inputs, kernel, bias):
    total = weighted_sum(inputs, kernel, bias)
    clear = np.abs(total) > 1e-9
    decided = artificial_neuron(inputs, kernel, bias) > 0.5
    np.testing.assert_array_equal(decided[clear], total[clear] > 0)


@given(rows, weights, weights)
def test_a_sum_of_sums_is_a_sum(inputs, first, second):
    both = 2 * weighted_sum(inputs, first) + 3 * weighted_sum(inputs, second)
    np.testing.assert_allclose(both, weighted_sum(inputs, 2 * first + 3 * second), atol=1e-6)


# A case worked by hand


def test_the_student_of_the_page():
    assert weighted_sum([5, 8], [1, 0.5], -8) == 1
    assert artificial_neuron([5, 8], [1, 0.5], -8) == pytest.approx(1 / (1 + np.exp(-1)))


def test_the_neuron_of_the_exercise():
    assert artificial_neuron([2, 3], [1, -1], 1) == 0.5


# Independent oracles


def test_the_sigmoid_is_that_of_scipy():
    from scipy.special import expit

    values = np.linspace(-800, 800, 101)
    np.testing.assert_allclose(sigmoid(values), expit(values), rtol=1e-12, atol=1e-300)


def test_the_neuron_is_a_dense_layer_of_keras():
    import keras

    layer = keras.layers.Dense(1, "sigmoid")
    model = keras.Sequential([keras.Input((2,)), layer])
    layer.set_weights([np.array([[1.0], [0.5]]), np.array([-8.0])])
    hours, _ = draw_students()
    np.testing.assert_allclose(
        np.asarray(model(hours)).ravel(), artificial_neuron(hours, [1, 0.5], -8), rtol=1e-5
    )


def test_most_students_lie_on_their_side_of_the_line():
    hours, passed = draw_students(seed=1, count=2000)
    assert np.mean((weighted_sum(hours, [1, 0.5], -8) > 0) == passed) > 0.85
    assert 0.3 < passed.mean() < 0.7


def test_points_are_scaled_and_new_points_are_others():
    for shape in chapter.SHAPES:
        points = draw_points(0, shape)
        np.testing.assert_allclose(points.x_train.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(points.x_train.std(axis=0), 1, atol=1e-5)
        assert points.x_train.shape == points.x_test.shape
        assert not np.array_equal(points.x_train, points.x_test)


# Errors


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"`weights` must .* 2 features. Received: 3 numbers"):
        weighted_sum([1, 2], [1, 2, 3])


@pytest.mark.parametrize("inputs", [[], [np.nan, 1.0]])
def test_inputs_that_are_empty_or_not_finite_are_refused(inputs):
    with pytest.raises(ValueError, match=r"`inputs` must .*Received: "):
        add_bias_input(inputs)


# The claims of the experiments


@pytest.fixture(scope="module")
def results():
    networks = chapter.LINE_OR_NETWORK.run(seeds=4, progress=False)
    others = chapter.OTHER_METHODS.run(seeds=4, progress=False)
    return networks, others, chapter.WITHOUT_FUNCTION.run(seeds=4, progress=False)


def test_on_the_clouds_all_methods_reach_what_can_be_reached(results):
    for one in results[:2]:
        means = one["test_accuracy"].sel(shape=chapter.CLOUDS).mean("seed")
        assert means.min() > 0.955
        assert means.max() < 0.995


def test_on_the_rings_lines_are_as_good_as_guessing(results):
    networks, others, hidden = (one["test_accuracy"].mean("seed") for one in results)
    rings = {"shape": chapter.RINGS}
    for line in (
        networks.sel(**rings, network=chapter.NEURON),
        others.sel(**rings, classifier=chapter.LOGISTIC),
        hidden.sel(**rings, activation="linear"),
    ):
        assert 0.4 < line < 0.6
    assert networks.sel(**rings, network=chapter.NETWORK) > 0.94
    assert others.sel(**rings, classifier=chapter.SVM) > 0.96
    assert hidden.sel(**rings, activation="relu") > 0.94


def test_one_network_trained_twice_is_the_same_in_both_experiments(results):
    networks, _, hidden = results
    first = networks["test_accuracy"].sel(shape=chapter.RINGS, network=chapter.NETWORK)
    second = hidden["test_accuracy"].sel(shape=chapter.RINGS, activation="relu")
    np.testing.assert_allclose(first, second, atol=0.01)


def test_the_claims_are_judged_from_the_results(results):
    verdicts = [str(finding.verdict) for finding in judge(chapter.CLAIMS, *results)]
    assert verdicts[1:4] == ["holds", "fails", "depends"]
