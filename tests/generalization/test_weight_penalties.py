"""A price on weights makes them small; whether that helps is measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.generalization import weight_penalties as chapter
from dlbook.generalization.weight_penalties import (
    kernels,
    l1_penalty,
    l2_penalty,
    measure_zeros,
    sizes,
    soft_threshold,
    without_seed,
)
from dlbook.lab.claims import Verdict
from dlbook.lab.datasets import Data
from dlbook.lab.elastic_net import elastic_net
from dlbook.lab.softmax_regression import loss_gradient, train

seeds = st.integers(0, 1000)
strengths = st.floats(0, 3)
weights = st.lists(st.floats(-10, 10), min_size=1, max_size=8)

# Laws


@given(weights, strengths)
def test_a_soft_threshold_never_moves_a_weight_past_zero_or_further_than_its_strength(w, strength):
    after = soft_threshold(w, strength)
    assert np.all(after * np.array(w) >= 0)
    assert np.all(np.abs(np.array(w) - after) <= strength + 1e-9)
    np.testing.assert_array_equal(after[np.abs(w) <= strength], 0)


@given(weights, strengths)
def test_a_soft_threshold_is_the_best_answer_to_an_l1_price(w, strength):
    best = soft_threshold(w, strength)

    def cost(answer):
        return np.sum((answer - np.array(w)) ** 2) / 2 + l1_penalty(answer, strength)

    for shift in (-0.1, 0.1):
        assert cost(best) <= cost(best + shift) + 1e-9
    assert cost(best) <= cost(np.array(w)) + 1e-9


@given(weights, strengths, st.floats(0, 4))
def test_l1_grows_with_the_weights_and_l2_with_their_squares(w, strength, factor):
    scaled = factor * np.array(w)
    assert l1_penalty(scaled, strength) == pytest.approx(factor * l1_penalty(w, strength))
    assert l2_penalty(scaled, strength) == pytest.approx(factor**2 * l2_penalty(w, strength))


@given(seeds, st.floats(0.01, 0.5), st.floats(0, 1))
def test_no_small_change_makes_an_elastic_net_cheaper(seed, l1, l2):
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(20, 4)), generator.normal(size=20)
    best = elastic_net(x, y, l1, l2)

    def cost(w):
        error = np.mean((y - x @ w) ** 2) / 2
        return error + l1_penalty(w, l1) + l2_penalty(w, l2 / 2)

    for change in 0.01 * generator.normal(size=(5, 4)):
        assert cost(best) <= cost(best + change) + 1e-9


@given(seeds)
def test_learners_without_a_seed_get_the_same_networks_in_another_order(seed):
    import xarray as xr

    table = np.random.default_rng(seed).random((3, 20))
    given_runs = xr.DataArray(table, dims=("strength", "seed"))
    handed_out = without_seed(given_runs)
    np.testing.assert_allclose(np.sort(handed_out, axis=1), np.sort(table, axis=1))
    assert not np.array_equal(handed_out[1], table[1])


# A case worked by hand


def test_the_prices_of_three_and_minus_four():
    assert l1_penalty([3, -4], 0.1) == pytest.approx(0.7)
    assert l2_penalty([3, -4], 0.1) == pytest.approx(2.5)


def test_ridge_divides_and_lasso_subtracts_when_inputs_are_orthonormal():
    x = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    y = x @ [1.5, 0.3]
    np.testing.assert_allclose(elastic_net(x, y, 0, 0.5), [1.0, 0.2])
    np.testing.assert_allclose(elastic_net(x, y, 0.5, 0), [1.0, 0.0])


# Independent oracles


@pytest.mark.parametrize(("l1", "l2"), [(0.1, 0), (0.1, 0.3), (0, 0.3)])
def test_the_elastic_net_agrees_with_scikit_learn(l1, l2):
    from sklearn.linear_model import ElasticNet, Ridge

    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(50, 6)), generator.normal(size=50)
    if l1:
        other = ElasticNet(l1 + l2, l1_ratio=l1 / (l1 + l2), fit_intercept=False, tol=1e-10)
    else:
        other = Ridge(50 * l2, fit_intercept=False)
    np.testing.assert_allclose(elastic_net(x, y, l1, l2), other.fit(x, y).coef_, atol=1e-6)


def test_the_prices_are_those_of_keras():
    import keras

    kernel = np.random.default_rng(1).normal(size=(3, 2)).astype("float32")
    regularizers = keras.regularizers.L1(0.2)(kernel), keras.regularizers.L2(0.2)(kernel)
    assert l1_penalty(kernel, 0.2) == pytest.approx(float(regularizers[0]), rel=1e-5)
    assert l2_penalty(kernel, 0.2) == pytest.approx(float(regularizers[1]), rel=1e-5)


def test_the_slope_of_the_softmax_regression_is_that_of_finite_differences():
    generator = np.random.default_rng(2)
    x, labels, w = generator.normal(size=(6, 3)), [0, 1, 2, 0, 1, 1], generator.normal(size=(3, 3))

    def loss(change):
        logits = x @ (w + change)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -np.mean(logs[np.arange(6), labels])

    slope = loss_gradient(w, x, labels)
    for at in np.ndindex(3, 3):
        step = np.zeros((3, 3))
        step[at] = 1e-5
        assert (loss(step) - loss(-step)) / 2e-5 == pytest.approx(slope[at], abs=1e-7)


def test_one_step_of_keras_with_a_regularizer_is_the_slope_plus_twice_the_strength_times_weight():
    import keras

    model = chapter.penalized_mlp(l2=0.1)
    kernel = model.layers[1].get_weights()[0]
    model.compile(keras.optimizers.SGD(1.0), lambda y, pred: 0.0 * pred)
    model.fit(np.zeros((2, 64)), np.zeros((2, 10)), batch_size=2)
    np.testing.assert_allclose(model.layers[1].get_weights()[0], kernel * 0.8, atol=1e-6)


# Errors


@pytest.mark.parametrize("price", [l1_penalty, l2_penalty, soft_threshold])
def test_a_strength_below_zero_is_refused(price):
    with pytest.raises(ValueError, match=r"`strength` must be a finite number.*Received: -1"):
        price([1.0], -1)


def test_an_elastic_net_without_sensible_prices_is_refused():
    with pytest.raises(ValueError, match=r"`l1` and `l2` must be finite.*Received: \(-1, 0\)"):
        elastic_net([[1.0]], [1.0], -1, 0)


# The claims of the experiments


def test_the_lasso_picks_and_the_elastic_net_keeps_the_group():
    results = chapter.GROUPS.run(independent={"l1": (0.0, 0.2)}, progress=False)
    kept = results[["copies", "noise"]].sel(l1=0.2).mean("seed")
    assert 1.4 < float(kept["copies"].sel(l2=0)) < 2.1
    assert float(kept["copies"].sel(l2=1)) > 2.9
    assert float(kept["noise"].sel(l2=0)) < 0.5
    assert float(results["noise"].sel(l1=0).min()) == 7
    assert chapter.CLAIMS[3].decide(results).verdict is Verdict.HOLDS


def test_only_the_soft_threshold_makes_zeros():
    by_slope = measure_zeros(0, "slope", 0.01)
    by_threshold = measure_zeros(0, "soft threshold", 0.01)
    assert by_slope["zero"] == 0
    assert by_threshold["zero"] > 0.4
    assert by_threshold["right"] == pytest.approx(by_slope["right"], abs=0.03)


def test_training_by_hand_learns_what_it_is_shown():
    data = Data(np.eye(3), np.arange(3))
    found = train(data, lambda w, slope: w - slope, steps=100)
    np.testing.assert_array_equal(np.argmax(found, axis=1), [0, 1, 2])


def test_l2_is_weight_decay_for_plain_descent_but_not_for_adam():
    results = chapter.DECAY.run(seeds=2, independent={"strength": (0.01,)}, progress=False)
    w = kernels(results)
    gap = sizes(w.sel(way="penalty") - w.sel(way="decay"))["norm"]
    assert float(gap.sel(optimizer="sgd").max()) < 1e-3
    assert float(gap.sel(optimizer="adam").min()) > 0.5
    assert results.attrs["engine"] == "stacked"


def test_a_price_shrinks_the_weights_and_one_that_is_far_too_high_leaves_chance():
    results = chapter.RIDGE_AND_LASSO.run(
        seeds=2, independent={"strength": (0.0, 0.05, 1.0)}, progress=False
    )
    norm = sizes(kernels(results))["norm"].mean("seed")
    assert float((norm.sel(strength=0.05) / norm.sel(strength=0)).max()) < 0.6
    ends = results["accuracy"].isel(epoch=-1).mean("seed")
    assert float(ends.sel(strength=0).min()) > 0.92
    assert float(ends.sel(strength=1, penalty="L2")) < 0.45
