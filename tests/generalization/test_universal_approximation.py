"""Weights that approximate exist; whether training finds them is another question."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.generalization import universal_approximation as chapter
from dlbook.generalization.universal_approximation import (
    INSIDE,
    TARGETS,
    answer,
    bump,
    measure_constructed,
    narrow_and_deep,
    relu_interpolation,
    sup_error,
)
from dlbook.lab.claims import Verdict
from dlbook.lab.models import mlp

heights = arrays(float, st.integers(2, 30), elements=st.integers(-9, 9))

# Laws


@given(heights)
def test_the_network_meets_every_knot_and_is_straight_between(values):
    knots = np.linspace(0, 1, len(values))
    weights = relu_interpolation(lambda x: np.interp(x, knots, values), len(values) - 1)
    np.testing.assert_allclose(answer(weights, knots), values, atol=1e-9)
    between = (knots[1:] + knots[:-1]) / 2
    middles = (values[1:] + values[:-1]) / 2
    np.testing.assert_allclose(answer(weights, between), middles, atol=1e-9)


@given(heights)
def test_layers_of_three_units_compute_what_one_wide_layer_computes(values):
    knots = np.linspace(0, 1, len(values))
    weights = relu_interpolation(lambda x: np.interp(x, knots, values), len(values) - 1)
    deep = narrow_and_deep(weights)
    hidden = deep[1:-2:2]
    assert [len(bias) for bias in hidden] == [3] * (len(values) - 1)
    places = np.linspace(0, 1, 50)
    np.testing.assert_allclose(answer(deep, places), answer(weights, places), atol=1e-8)


@given(st.integers(1, 200))
@settings(max_examples=30)
def test_the_worst_error_keeps_to_the_bounds_of_calculus(count):
    assert measure_constructed(0, "sine", count)["worst_inside"] <= np.pi**2 / (2 * count**2) + 1e-9
    root = measure_constructed(0, "root", count)["worst_inside"]
    assert root == pytest.approx(1 / (4 * np.sqrt(count)), rel=0.01)
    assert measure_constructed(0, "step", count)["worst_inside"] >= 0.5 - 1e-3


@given(st.floats(0, 0.4), st.floats(0.6, 1), st.floats(-5, 5))
def test_a_steep_bump_is_a_box(left, right, height):
    steep = bump([left - 0.1, (left + right) / 2, right + 0.1], left, right, height, steepness=500)
    np.testing.assert_allclose(steep, [0, height, 0], atol=1e-9)
    sides = bump([left, right], left, right, height, steepness=500)
    np.testing.assert_allclose(sides, height / 2, atol=1e-9)


# A case worked by hand


def test_a_v_needs_two_hinges():
    kernel, bias, output, output_bias = relu_interpolation(lambda x: abs(2 * x - 1), 2)
    np.testing.assert_allclose(kernel, [[1, 1]])
    np.testing.assert_allclose(bias, [0, -0.5])
    np.testing.assert_allclose(output, [[-2], [4]])
    np.testing.assert_allclose(output_bias, [1])


def test_the_errors_of_the_sine():
    found = [measure_constructed(0, "sine", n)["worst_inside"] for n in (4, 8, 16, 32, 64)]
    np.testing.assert_allclose(found, [0.211, 0.0704, 0.0188, 0.00479, 0.00120], rtol=0.01)


# Independent oracles


def test_keras_computes_the_same_with_the_written_weights():
    weights = relu_interpolation(TARGETS["sine"], 64)
    model = mlp((1, 64, 1))
    model.set_weights(weights)
    outputs = np.array(model(INSIDE[:, None].astype("float32")))[:, 0]
    np.testing.assert_allclose(outputs, answer(weights, INSIDE), atol=1e-4)


def test_keras_computes_the_same_with_a_network_of_three_units_a_layer():
    weights = narrow_and_deep(relu_interpolation(TARGETS["V"], 12))
    model = mlp((1, *[3] * 12, 1))
    model.set_weights(weights)
    places = np.linspace(0, 1, 40)
    outputs = np.array(model(places[:, None].astype("float32")))[:, 0]
    np.testing.assert_allclose(outputs, answer(weights, places), atol=1e-4)


def test_numpy_interpolates_the_same():
    knots, places = np.linspace(0, 1, 11), np.linspace(0, 1, 777)
    expected = np.interp(places, knots, np.cos(5 * knots))
    weights = relu_interpolation(lambda x: np.cos(5 * x), 10)
    np.testing.assert_allclose(answer(weights, places), expected, atol=1e-12)


def test_a_drawn_start_has_hinges_apart_and_the_usual_start_has_them_all_at_0():
    kernel, bias = chapter.wide_network("drawn", "sine").get_weights()[:2]
    assert np.ptp(bias / kernel[0]) > 1
    assert not chapter.wide_network("Keras", "sine").get_weights()[1].any()


# Errors


def test_no_intervals_are_refused():
    with pytest.raises(ValueError, match=r"`num_intervals` must be 1 or more. Received: 0"):
        relu_interpolation(np.sin, 0)


def test_a_bump_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match=r"`right` must be larger than `left`.*Received: 0.2"):
        bump([0.5], left=0.4, right=0.2)
    with pytest.raises(ValueError, match=r"`steepness` must be a finite number.*Received: 0"):
        bump([0.5], left=0.4, right=0.6, steepness=0)


def test_places_that_are_no_numbers_are_refused():
    weights = relu_interpolation(np.sin, 2)
    with pytest.raises(ValueError, match=r"`inputs` must hold finite numbers.*Received: "):
        answer(weights, [np.nan])
    with pytest.raises(ValueError, match=r"`grid` must not be empty. Received: "):
        sup_error(np.sin, np.cos, [])


# The claims of the experiments


def test_width_is_enough_for_continuous_targets_but_not_for_a_jump():
    results = chapter.CONSTRUCTED.run(progress=False)
    assert chapter.CLAIMS[0].decide(results).verdict is Verdict.HOLDS
    assert chapter.CLAIMS[5].decide(results).verdict is Verdict.HOLDS
    worst = results["worst_inside"].isel(seed=0)
    for target in chapter.CONTINUOUS:
        errors = worst.sel(target=target).values
        assert all(after < before for before, after in pairwise(errors))
    assert float(worst.sel(target="step").min()) >= 0.5


def test_only_activations_that_are_no_polynomials_profit_from_units():
    held = {e.condition: e.holds for e in chapter.CLAIMS[3].decide(
        chapter.ACTIVATION.run(seeds=5, progress=False)).evidence}  # fmt: skip
    assert held == {"relu": True, "tanh": True, "square": False, "linear": False}


def test_training_does_not_find_the_weights_of_the_sine_unless_it_starts_at_them():
    study = {"target": ("sine",)}
    results = chapter.FIRST_WEIGHTS.run(independent=study, seeds=3, progress=False)
    worst = results["worst_inside"].sel(target="sine")
    assert float(worst.sel(start="Keras").min()) > 0.1
    assert float(worst.sel(start="written").max()) < 0.02


def test_trained_networks_leave_the_sine_beyond_their_interval():
    study = {"target": ("sine", "step"), "hidden_layers": (4,), "hidden_units": (32,)}
    results = chapter.TRAINED.run(independent=study, seeds=3, progress=False)
    assert float(results["worst_inside"].sel(target="sine").max()) < 0.2
    assert float(results["worst_outside"].sel(target="sine").mean()) > 0.5
    assert float(results["worst_inside"].sel(target="step").min()) >= 0.5 - 1e-3
