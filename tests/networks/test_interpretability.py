"""Every unit can be computed by hand; what it stands for can be read only in part."""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.claims import Verdict
from dlbook.lab.datasets import Data
from dlbook.lab.models import mlp
from dlbook.networks import interpretability as chapter
from dlbook.networks.interpretability import ablate, by_hand, match_units, permutation_importance

seeds = st.integers(0, 10_000)


def random_network(seed, sizes=(3, 5, 4, 2)):
    generator = np.random.default_rng(seed)
    pairs = pairwise(sizes)
    return [(generator.normal(size=pair), generator.normal(size=pair[1])) for pair in pairs]


def outputs_of(layers, seed=0):
    return by_hand(np.random.default_rng(seed).normal(size=(20, 3)), layers)[-1][1]


# Laws


@given(seeds)
def test_another_order_of_the_units_is_the_same_network(seed):
    (first, bias), (second, next_bias), last = random_network(seed)
    order = np.random.default_rng(seed).permutation(5)
    shuffled = [(first[:, order], bias[order]), (second[order], next_bias), last]
    np.testing.assert_allclose(
        outputs_of(shuffled), outputs_of(random_network(seed)), rtol=1e-6, atol=1e-9
    )


@given(seeds, st.floats(0.1, 10))
def test_a_unit_may_be_scaled_if_its_listeners_scale_back(seed, factor):
    (first, bias), (second, next_bias), last = random_network(seed)
    scaled = [(first * factor, bias * factor), (second / factor, next_bias), last]
    np.testing.assert_allclose(
        outputs_of(scaled), outputs_of(random_network(seed)), rtol=1e-6, atol=1e-9
    )


@given(seeds, st.integers(0, 4))
def test_an_ablated_unit_has_no_say(seed, unit):
    layers = random_network(seed)
    louder = [(kernel.copy(), bias.copy()) for kernel, bias in layers]
    louder[0][0][:, unit] *= 100
    np.testing.assert_array_equal(
        outputs_of(ablate(layers, 0, unit)), outputs_of(ablate(louder, 0, unit))
    )


@given(seeds)
def test_units_find_themselves_in_another_order_and_scale(seed):
    generator = np.random.default_rng(seed)
    units = generator.normal(size=(30, 4))
    found = match_units(units, 3 * units[:, generator.permutation(4)] + 1)
    np.testing.assert_allclose(found, 1)


@given(seeds)
def test_a_feature_without_weight_has_no_importance(seed):
    inputs = np.random.default_rng(seed).normal(size=(40, 3))
    weights = np.array([1.0, 0.0, -2.0])
    found = permutation_importance(lambda x: x @ weights, inputs, inputs @ weights, seed)
    assert found[1] == 0
    assert 0 < found[0] < found[2]


def test_a_unit_that_never_changes_is_like_no_other():
    units = np.random.default_rng(0).normal(size=(30, 2))
    assert match_units(units * [1, 0], units).min() == 0


# A case worked by hand


def test_the_network_of_the_page_computed_by_hand():
    (sums, hidden), (_, output) = by_hand([1.0, 2.0], chapter.EXAMPLE)
    assert sums.tolist() == [1.5, -0.5]
    assert hidden.tolist() == [1.5, 0.0]
    assert output.tolist() == [3.5]


# Independent oracles


def test_by_hand_and_ablation_agree_with_keras_as_oracle():
    keras.utils.set_random_seed(1)
    model = mlp((3, 8, 4, 2), bias_initializer="normal")
    inputs = np.random.default_rng(0).normal(size=(10, 3)).astype("float32")
    layers = chapter.layers_in(model)
    np.testing.assert_allclose(by_hand(inputs, layers)[-1][1], np.array(model(inputs)), atol=1e-5)
    weights = model.get_weights()
    weights[4][2] = 0
    model.set_weights(weights)
    without = by_hand(inputs, ablate(layers, 1, 2))[-1][1]
    np.testing.assert_allclose(without, np.array(model(inputs)), atol=1e-5)


def test_permutation_importance_agrees_with_scikit_learn_as_oracle():
    from sklearn.inspection import permutation_importance as oracle
    from sklearn.linear_model import LinearRegression

    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(500, 3))
    targets = inputs @ [1.0, 0.5, 0.0] + generator.normal(size=500)
    model = LinearRegression().fit(inputs, targets)
    ours = permutation_importance(model.predict, inputs, targets, repeats=30)
    theirs: Any = oracle(model, inputs, targets, n_repeats=30, random_state=0)
    np.testing.assert_allclose(ours, theirs["importances_mean"], atol=0.05)


def test_lost_accuracy_is_what_keras_loses():
    data = chapter.held_out_digits(0)
    keras.utils.set_random_seed(0)
    model = mlp((64, 8, 10))
    lost = chapter.lost_accuracy(chapter.layers_in(model), data)
    weights = model.get_weights()
    before = np.array(model(data.x_test)).argmax(1) == data.y_test
    weights[2][3] = 0
    model.set_weights(weights)
    after = np.array(model(data.x_test)).argmax(1) == data.y_test
    sevens = data.y_test == 7
    assert lost[3, 7] == pytest.approx(before[sevens].mean() - after[sevens].mean())


# Errors


@pytest.mark.parametrize(("layer", "unit"), [(2, 0), (-1, 0), (0, 5), (0, -1)])
def test_units_that_are_not_there_cannot_be_removed(layer, unit):
    with pytest.raises(IndexError, match=r"`layer` and `unit` must name.*Received: "):
        ablate(random_network(0), layer, unit)


def test_inputs_that_are_nan_are_refused():
    with pytest.raises(ValueError, match=r"`inputs` must hold finite.*Received: "):
        by_hand([np.nan, 0, 0], random_network(0))


# The claims of the experiments


def test_least_squares_has_no_start():
    np.testing.assert_array_equal(
        chapter.least_squares_importance(), chapter.least_squares_importance()
    )


def test_other_starts_give_the_same_success_with_other_units():
    results = chapter.SAME_ANSWER.run(
        independent={"condition": ("same patients",)}, seeds=6, progress=False
    )
    assert float(results["r_squared"].std()) < 0.08
    pairs = chapter.alike(results, "same patients")
    assert pairs["answers"].min() > 0.8
    assert pairs["units"].max() < 0.9


def test_plain_regression_misses_a_product_and_the_others_find_it():
    results = chapter.PLANTED_CAUSE.run(
        independent={"num_examples": (400,)}, seeds=5, progress=False
    )
    named = results["named"].mean("seed").squeeze("num_examples").transpose("world", "analyst")
    assert named.sel(world="product").values[0] < 0.5
    assert named.sel(world="product").values[1:].min() > 0.7
    assert named.sel(world="sum").values.min() > 0.5
    assert chapter.CLAIMS[3].decide(results).verdict is Verdict.DEPENDS


def test_the_copy_of_the_cause_is_nearly_a_copy():
    data = chapter.planted(3, "sum")
    assert isinstance(data, Data)
    assert np.corrcoef(data.x_train[:, 0], data.x_train[:, 2])[0, 1] == pytest.approx(
        0.95, abs=0.02
    )
    named = chapter.regress(data, "regression")[0]
    assert set(np.argsort(named)[-2:]) == {0, 1}


def test_many_units_share_the_work_so_that_few_are_needed():
    results = chapter.ABLATION.run(independent={"units": (8, 64)}, seeds=2, progress=False)
    needed = results["needed"].mean("seed")
    assert float(needed.sel(units=8)) > float(needed.sel(units=64)) + 0.3
    assert float(results["test_accuracy"].min()) > 0.85
