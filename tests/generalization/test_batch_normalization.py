"""A unit is scaled by its batch in training, and by moving averages in prediction."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.generalization import batch_normalization as chapter
from dlbook.generalization.batch_normalization import (
    CLAIMS,
    batch_normalize,
    fold,
    mlp_with_normalization,
    update_moving,
)
from dlbook.lab.claims import Verdict

batches = arrays(
    float, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=st.integers(-9, 9)
)
whole = st.integers(-9, 9)

# Laws


@given(batches, st.floats(0.1, 5), st.floats(-5, 5))
def test_a_batch_gets_mean_beta_and_deviation_gamma_where_it_is_not_constant(batch, gamma, beta):
    outputs = batch_normalize(batch, gamma, beta, epsilon=1e-9)
    np.testing.assert_allclose(outputs.mean(axis=0), beta, atol=1e-6)
    expected = np.where(np.ptp(batch, axis=0) > 0, gamma, 0)
    np.testing.assert_allclose(outputs.std(axis=0), expected, atol=1e-5)


@given(batches, whole, st.integers(1, 9))
def test_a_bias_before_it_changes_nothing_and_a_scale_hardly_anything(batch, shift, scale):
    np.testing.assert_allclose(batch_normalize(batch + shift), batch_normalize(batch), atol=1e-9)
    scaled = batch_normalize(scale * batch, epsilon=1e-12)
    np.testing.assert_allclose(scaled, batch_normalize(batch, epsilon=1e-12), atol=1e-4)


@given(whole, whole, st.integers(1, 300))
def test_after_n_batches_the_start_has_the_weight_of_the_nth_power(start, batch, count):
    average = np.array([float(start)])
    for _ in range(count):
        average = update_moving(average, [float(batch)])
    left = 0.99**count
    assert average.item() == pytest.approx(left * start + (1 - left) * batch)


# A case worked by hand


def test_three_examples():
    outputs = batch_normalize([[1], [2], [3]], epsilon=0)
    np.testing.assert_allclose(outputs.ravel(), np.array([-1, 0, 1]) * np.sqrt(1.5))


def test_a_batch_of_one_gives_beta():
    assert batch_normalize([[123.0]], gamma=7, beta=0.5).item() == 0.5


# Independent oracles


def test_keras_agrees_in_both_modes_and_in_its_moving_averages():
    import keras

    batch = np.random.default_rng(0).normal(3, 2, (32, 5)).astype("float32")
    layer = keras.layers.BatchNormalization()
    np.testing.assert_allclose(layer(batch, training=True), batch_normalize(batch), atol=1e-5)
    mean = update_moving(np.zeros(5), batch.mean(axis=0))
    variance = update_moving(np.ones(5), batch.var(axis=0))
    np.testing.assert_allclose(layer.moving_mean, mean, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, atol=1e-5)
    expected = (batch - mean) / np.sqrt(variance + chapter.EPSILON)
    np.testing.assert_allclose(layer(batch, training=False), expected, atol=1e-5)


def test_the_folded_layer_computes_what_keras_computes_with_two():
    import keras

    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(16, 4)).astype("float32")
    dense, norm = keras.layers.Dense(3, use_bias=False), keras.layers.BatchNormalization()
    norm(dense(inputs))
    statistics = [*generator.normal(size=(3, 3)), generator.uniform(0.5, 2, 3)]
    norm.set_weights(statistics)
    kernel, bias = fold(dense.get_weights()[0], statistics)
    np.testing.assert_allclose(norm(dense(inputs)), inputs @ kernel + bias, atol=1e-4)


@pytest.mark.parametrize(("place", "extra"), [("none", 0), ("inputs", 40), ("before", 120)])
def test_every_normalized_feature_has_four_numbers(place, extra):
    plain = mlp_with_normalization((10, 20, 10, 1), "none").count_params()
    assert mlp_with_normalization((10, 20, 10, 1), place).count_params() == plain + extra


def test_before_and_after_differ_in_the_order_of_the_layers_only():
    names = {
        place: [type(one).__name__ for one in mlp_with_normalization((2, 3, 1), place).layers]
        for place in ("before", "after")
    }
    assert names["before"] == ["Dense", "BatchNormalization", "ReLU", "Dense"]
    assert names["after"] == ["Dense", "ReLU", "BatchNormalization", "Dense"]


# Errors


def test_what_is_no_batch_is_refused():
    with pytest.raises(ValueError, match=r"`inputs` must have 2 axes. Received: "):
        batch_normalize([1.0, 2.0])
    with pytest.raises(ValueError, match=r"`epsilon` must be 0 or larger. Received: -1"):
        batch_normalize([[1.0]], epsilon=-1)


def test_impossible_momentum_and_unknown_places_are_refused():
    with pytest.raises(ValueError, match=r"`momentum` must be between 0 and 1. Received: 2"):
        update_moving([0.0], [1.0], momentum=2)
    with pytest.raises(ValueError, match=r"`place` must be one of.*Received: 'behind'"):
        mlp_with_normalization((2, 3, 1), "behind")


# The claims of the experiments


def test_prediction_lags_behind_training_and_catches_up():
    results = chapter.TOO_EARLY.run(seeds=3, progress=False).isel(place=0).mean("seed")
    early, late = results.sel(epoch=45), results.sel(epoch=450)
    assert float(early["accuracy"]) > 0.8
    assert float(early["accuracy"] - early["val_accuracy"]) > 0.05
    assert abs(float(late["accuracy"] - late["val_accuracy"])) < 0.05


def test_a_last_batch_of_two_makes_the_loss_jump():
    worst = chapter.LAST_BATCH.run(seeds=4, progress=False)["val_loss"].max("epoch").isel(place=0)
    assert float(worst.sel(num_patients=352).max()) < 1 < float(worst.sel(num_patients=354).mean())


def test_the_patients_of_the_study_make_full_batches():
    data = chapter.patients(0)
    assert data.x_train.shape == (352, 10)
    assert len(chapter.patients(0, 354).x_validation) == 354


def test_a_deep_unit_hardly_tells_images_apart_unless_it_is_normalized():
    without, normalized = (chapter.unit_inputs(place, (0, 1)) for place in ("none", "before"))
    assert without.shape == (2, 256)
    assert without.std(axis=1).max() < 0.1
    np.testing.assert_allclose(normalized[0].mean(), 0, atol=1e-4)
    np.testing.assert_allclose(normalized[0].std(), 1, atol=0.2)


def test_eight_layers_need_it_at_a_large_rate_and_rate_1_asks_for_it():
    study = {"place": ("none", "before"), "hidden_layers": (2, 8), "learning_rate": (0.1, 1.0)}
    results = chapter.PLACE.run(independent=study, seeds=3, progress=False)
    assert float(chapter.gain(results).sel(hidden_layers=8).min()) > 0.2
    deep, large = CLAIMS[0].decide(results), CLAIMS[2].decide(results)
    assert deep.evidence[0].effect > 0.2
    assert large.verdict is Verdict.HOLDS


def test_the_patients_gain_nothing_that_matters():
    results = chapter.COURSE.run(seeds=5, progress=False)
    assert CLAIMS[1].decide(results).verdict is Verdict.FAILS


def test_all_networks_of_the_study_of_batches_make_the_same_number_of_updates():
    training: Any = chapter.BATCHES.trial
    for size in (2, 4, 16, 64):
        condition = {"batch_size": size, "place": "none", "learning_rate": 0.1}
        assert training.settings(condition).epochs * 256 // size == 768
