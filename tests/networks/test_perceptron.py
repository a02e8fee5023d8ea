"""One neuron draws one line: what it computes, and what it cannot separate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab import datasets
from dlbook.lab.claims import Verdict
from dlbook.networks import perceptron as chapter
from dlbook.networks.perceptron import (
    best_line,
    build_perceptron,
    ceiling,
    found,
    hyperplane_distance,
    perceptron,
    weighted_sum,
)

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
values = st.floats(-5, 5)
kernels = arrays(float, 2, elements=values)
points = arrays(float, (6, 2), elements=values)


# Laws


@given(points, kernels, values)
def test_without_a_bias_the_origin_lies_on_the_line(inputs, kernel, bias):
    assert weighted_sum([[0, 0]], kernel)[0] == 0
    assert weighted_sum([[0, 0]], kernel, bias)[0] == bias
    np.testing.assert_allclose(
        weighted_sum(inputs, kernel, bias), weighted_sum(inputs, kernel) + bias
    )


@given(points, kernels.filter(lambda kernel: np.linalg.norm(kernel) > 0.1), values)
def test_a_point_moved_back_by_its_distance_lies_on_the_line(inputs, kernel, bias):
    distance = hyperplane_distance(inputs, kernel, bias)
    feet = inputs - distance[:, None] * kernel / np.linalg.norm(kernel)
    np.testing.assert_allclose(weighted_sum(feet, kernel, bias), 0, atol=1e-9)


@settings(max_examples=30)
@given(points, kernels, values)
def test_the_output_is_above_one_half_on_the_positive_side(inputs, kernel, bias):
    sums = weighted_sum(inputs, kernel, bias)
    clear = np.abs(sums) > 1e-5
    outputs = perceptron(inputs, kernel, bias)
    np.testing.assert_array_equal(outputs[clear] > 0.5, sums[clear] > 0)


@given(points, st.lists(st.integers(0, 1), min_size=6, max_size=6))
def test_the_best_line_reaches_the_accuracy_that_it_states(inputs, labels):
    line = best_line(inputs, labels)
    right = (weighted_sum(inputs, line.kernel, line.bias) > 0) == np.array(labels)
    assert right.mean() == pytest.approx(line.accuracy)
    assert line.accuracy >= max(np.mean(labels), 1 - np.mean(labels)) - 1e-12
    assert best_line(inputs, labels, through=[1, 2]).accuracy <= line.accuracy + 1e-12


# A case worked by hand


def test_the_numbers_of_the_page():
    np.testing.assert_array_equal(weighted_sum([[5, 1]], [1, 0], -3), [2])
    np.testing.assert_allclose(hyperplane_distance([[0, 0]], [3, 4], -10), [-2])
    assert (weighted_sum(CORNERS, [1, 1], -1.5) > 0).tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("lamp", "accuracy"), [([0, 0, 0, 1], 1), ([0, 1, 1, 1], 1), ([0, 1, 1, 0], 0.75)]
)
def test_a_line_solves_and_and_or_but_not_xor(lamp, accuracy):
    assert best_line(CORNERS, lamp).accuracy == accuracy


# Independent oracles


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_our_perceptron_agrees_with_keras(activation):
    model = build_perceptron(activation)
    model.set_weights([np.array([[0.7], [-1.2]]), np.array([0.4])])
    inputs = datasets.clusters(0).x_test
    outputs = np.array(model(inputs)).ravel()
    np.testing.assert_allclose(
        perceptron(inputs, [0.7, -1.2], 0.4, activation), outputs, rtol=1e-5, atol=1e-6
    )


def test_the_best_line_is_as_good_as_a_linear_support_vector_machine():
    from sklearn.svm import SVC

    data = datasets.clusters(3)
    labels = data.y_train.ravel()
    machine = SVC(kernel="linear").fit(data.x_train, labels).score(data.x_train, labels)
    line = best_line(data.x_train, labels)
    assert machine - 0.005 <= line.accuracy <= machine + 0.02


@pytest.mark.parametrize(
    ("share", "place", "bias", "expected"),
    [
        (0.5, "raw", "with bias", 0.9772),
        (0.5, "raw", "without bias", 0.795),
        (0.5, "centred", "without bias", 0.977),
        (0.05, "centred", "without bias", 0.60),
        (0.05, "centred", "with bias", 0.992),
    ],
)
def test_ceilings_agree_with_theory_and_with_many_points(share, place, bias, expected):
    assert ceiling(share, place, bias) == pytest.approx(expected, abs=0.001)
    data = chapter.uneven_clusters(0, share, place)
    middle = data.x_test.mean(axis=0) if place == "centred" else (0, 0)
    through = middle if bias == "without bias" else None
    best = best_line(data.x_test, data.y_test, through).accuracy
    assert best == pytest.approx(expected, abs=0.03)


def test_the_share_that_is_found_agrees_with_recall():
    from sklearn.metrics import recall_score

    truth = np.array([[1.0], [1.0], [0.0], [1.0]], np.float32)
    said = np.array([[0.9], [0.2], [0.7], [0.6]], np.float32)
    assert float(found(truth, said)) == pytest.approx(recall_score(truth, said > 0.5))


# Errors


@pytest.mark.parametrize("kernel", [[1], [1, 2, 3]])
def test_a_kernel_that_does_not_fit_the_features_is_refused(kernel):
    with pytest.raises(ValueError, match=r"`kernel` must hold one weight for each of the 2.*Rec"):
        weighted_sum(CORNERS, kernel)


def test_no_weights_make_no_line():
    with pytest.raises(ValueError, match=r"`kernel` must not be all zeros\. Received: "):
        hyperplane_distance(CORNERS, [0, 0], 1)


@pytest.mark.parametrize(("inputs", "labels"), [(np.ones((4, 3)), [0, 1, 0, 1]), (CORNERS, [0, 1])])
def test_points_that_are_not_in_a_plane_or_lack_labels_are_refused(inputs, labels):
    with pytest.raises(ValueError, match=r"`inputs` must have two features.*Received: shapes"):
        best_line(inputs, labels)


# The claims of the experiments


@pytest.fixture(scope="module")
def separability():
    return chapter.SEPARABILITY.run(seeds=5, progress=False)


def test_one_line_solves_groups_and_gates_but_neither_xor_nor_rings(separability):
    accuracy = separability["test_accuracy"].mean("seed").sel(num_examples=400)
    line, network = (accuracy.sel(network=name) for name in chapter.NETWORKS)
    assert float(line.sel(problem=["two groups", "AND", "OR"]).min()) > 0.93
    assert float(line.sel(problem=["XOR", "rings"]).max()) < 0.75
    assert float(network.sel(problem=["XOR", "rings"]).min()) > 0.85


def test_the_perceptron_says_one_half_to_xor(separability):
    losses = separability["test_loss"].sel(num_examples=400, network="perceptron", problem="XOR")
    np.testing.assert_allclose(losses, np.log(2), atol=0.03)


def test_the_verdicts_on_lines_and_curves(separability):
    assert chapter.CLAIMS[0].decide(separability).verdict is Verdict.HOLDS
    assert chapter.CLAIMS[1].decide(separability).verdict is not Verdict.HOLDS


def test_centring_replaces_the_bias_only_for_equal_groups():
    results = chapter.BIAS.quick(5)
    accuracy = results["test_accuracy"].mean("seed")
    gap = accuracy.sel(bias="with bias") - accuracy.sel(bias="without bias")
    assert abs(float(gap.sel(share=0.5, place="centred"))) < 0.02
    assert float(gap.sel(share=0.5, place="raw")) > 0.15
    assert float(gap.sel(share=0.05, place="centred")) > 0.25
    assert chapter.CLAIMS[2].decide(results).verdict is Verdict.DEPENDS
