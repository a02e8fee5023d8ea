"""Breadth counts squared, depth folds; neither is better by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab import datasets
from dlbook.lab.claims import Verdict
from dlbook.networks import depth_and_breadth as chapter
from dlbook.networks.depth_and_breadth import count_parameters, layer_sizes, sawtooth, widest

small = st.integers(1, 6)

# Laws


@given(small, st.integers(1, 40), st.integers(1, 6), small)
def test_parameters_grow_with_the_square_of_the_breadth_and_in_step_with_the_depth(
    inputs, units, depth, classes
):
    ends = (inputs + 1) * units + (units + 1) * classes
    counted = count_parameters(layer_sizes(inputs, units, depth, classes))
    assert counted == ends + (depth - 1) * (units + 1) * units


@given(st.integers(100, 3000), small, st.integers(1, 6), small)
def test_the_widest_network_fits_and_one_unit_more_does_not(budget, inputs, depth, classes):
    units = widest(budget, inputs, depth, classes)
    assert count_parameters(layer_sizes(inputs, units, depth, classes)) <= budget
    assert count_parameters(layer_sizes(inputs, units + 1, depth, classes)) > budget


@given(st.integers(0, 9))
def test_every_layer_doubles_the_straight_pieces(depth):
    heights = sawtooth(np.linspace(0, 1, 2**10 + 1), depth)
    slopes = np.diff(heights) * 2**10
    assert 1 + np.count_nonzero(np.diff(slopes)) == 2**depth
    np.testing.assert_array_equal(abs(slopes), 2**depth)


@given(st.floats(0, 1), st.integers(0, 6))
def test_the_sawtooth_is_the_same_from_both_ends(place, depth):
    if depth:
        there, back = sawtooth([place, 1 - place], depth)
        assert there == pytest.approx(back, abs=1e-9)


# A case worked by hand


def test_the_networks_of_the_page_counted_by_hand():
    assert count_parameters([2, 4, 3]) == 27
    assert count_parameters([2, 2, 2, 3]) == 21
    assert count_parameters([10, 14, 19, 8]) == 154 + 285 + 160
    shapes = [layer_sizes(2, units, depth, 3) for depth, units in chapter.COURSE_UNITS.items()]
    assert [count_parameters(shape) for shape in shapes] == [6963, 1459, 771, 427]


# Independent oracles


@pytest.mark.parametrize(("units", "depth"), [(1, 1), (13, 3), (64, 5)])
def test_the_count_agrees_with_the_count_of_keras_as_oracle(units, depth):
    counted = count_parameters(layer_sizes(4, units, depth, 3))
    assert counted == chapter.classifier(units, depth).count_params()


def test_the_parameters_of_all_shapes_are_those_counted_one_by_one():
    import xarray as xr

    levels = {"hidden_units": [1, 4, 31], "hidden_layers": [1, 3, 5]}
    table = chapter.parameters_of(xr.Dataset(coords=levels))
    for units in levels["hidden_units"]:
        for depth in levels["hidden_layers"]:
            counted = count_parameters(layer_sizes(4, units, depth, 3))
            assert int(table.sel(hidden_units=units, hidden_layers=depth)) == counted


def test_a_keras_network_with_the_same_weights_folds_the_same_way():
    from dlbook.lab.models import mlp

    model = mlp((1, 2, 2, 1))
    tent = np.array([[2.0], [-4.0]])
    bend = np.array([0.0, -0.5])
    weights = [np.ones((1, 2)), bend, tent @ np.ones((1, 2)), bend, tent, np.zeros(1)]
    model.set_weights(weights)
    inputs = np.linspace(0, 1, 33)
    np.testing.assert_allclose(np.array(model(inputs[:, None]))[:, 0], sawtooth(inputs, 2))


def test_the_best_possible_accuracy_is_that_of_the_nearest_center():
    centers = np.array(chapter.CENTERS, float)
    data = datasets.clusters(1, centers=chapter.CENTERS, num_examples=50_000, num_test=0)
    distances = np.linalg.norm(data.x_train[:, None] - centers, axis=2)
    reached = np.mean(distances.argmin(1) == data.y_train)
    assert reached == pytest.approx(chapter.CEILING, abs=0.003)


def test_the_starts_have_the_ranges_that_the_page_says():
    kernel = chapter.course_network("course's start", 6).get_weights()[2]
    assert abs(kernel).max() <= 1 / np.sqrt(16)
    keras_kernel = chapter.course_network("Keras' start", 6).get_weights()[2]
    assert 1 / np.sqrt(16) < abs(keras_kernel).max() <= np.sqrt(6 / 32)
    first_kernel, first_bias = chapter.course_network("course's start", 6).get_weights()[:2]
    for weights in (first_kernel, first_bias):
        assert 0.5 / np.sqrt(2) < abs(weights).max() <= 1 / np.sqrt(2)


@pytest.mark.parametrize("links", [False, True])
def test_the_spread_is_that_of_layers_computed_by_hand(links):
    import keras

    keras.utils.set_random_seed(0)
    weights = chapter.course_network("course's start", 6, links).get_weights()
    values, expected = chapter.three_clusters(0).x_train, []
    for number in range(6):
        kernel, bias = weights[2 * number : 2 * number + 2]
        result = np.maximum(values @ kernel + bias, 0)
        values = values + result if links and number else result
        expected.append(np.std(values, axis=0).mean())
    found = chapter.spread_by_layer("course's start", 6, links, networks=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_link_carries_what_a_silent_layer_would_stop():
    points = chapter.three_clusters(0).x_train
    for links in (False, True):
        model = chapter.course_network("Keras' start", 11, links)
        weights = model.get_weights()
        weights[11] = np.full(8, -1e6)
        model.set_weights(weights)
        assert (float(np.ptp(np.asarray(model(points)), axis=0).max()) > 0) is links


# Errors


@pytest.mark.parametrize("sizes", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, -1, 1), (1, 1, 1, 0)])
def test_sizes_that_make_no_network_are_refused(sizes):
    with pytest.raises(ValueError, match=r"`num_features`, `hidden_units`.*Received: \("):
        layer_sizes(*sizes)


@pytest.mark.parametrize("inputs", [[-0.1], [1.1]])
def test_inputs_outside_the_paper_are_refused(inputs):
    with pytest.raises(ValueError, match=r"`inputs` must lie between 0 and 1. Received: "):
        sawtooth(inputs, 1)


# The claims of the experiments


def test_narrow_layers_silence_deep_networks_and_broad_ones_do_not():
    narrow, broad = chapter.share_silent(4, 21, 200), chapter.share_silent(16, 21, 200)
    assert narrow > 0.5
    assert broad < 0.05
    assert chapter.share_silent(4, 1, 200) < 0.2


def test_depth_hurts_a_narrow_network_at_a_small_rate():
    levels = {"hidden_units": (4,), "hidden_layers": (1, 5)}
    results = chapter.BREADTH_VS_DEPTH.run(independent=levels, seeds=10, progress=False)
    accuracy = results["test_accuracy"].mean("seed").squeeze("hidden_units")
    slow = accuracy.sel(learning_rate=0.01)
    assert float(slow.sel(hidden_layers=1) - slow.sel(hidden_layers=5)) > 0.1
    assert float(accuracy.sel(learning_rate=0.1, hidden_layers=1)) > 0.9
    assert chapter.CLAIMS[0].decide(results).verdict is not Verdict.FAILS


def test_links_repair_the_course_s_start():
    levels = {"start": ("course's start",), "hidden_layers": (11,)}
    runs = [
        one.run(independent=levels, seeds=4, progress=False)["test_accuracy"]
        for one in (chapter.EQUAL_UNITS, chapter.RESIDUAL_LINKS)
    ]
    assert float(runs[0].max()) < 0.4
    assert float(runs[1].min()) > 0.6


def test_one_hidden_unit_is_not_enough_for_three_species():
    accuracy = chapter.HIDDEN_UNITS.quick(5)["test_accuracy"].mean("seed").squeeze()
    assert float(accuracy.sel(hidden_units=1)) < 0.8
    assert float(accuracy.sel(hidden_units=128)) > 0.85
