"""A model that learns the noise of its examples does worse on fresh ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.generalization import overfitting as chapter
from dlbook.generalization.overfitting import (
    answers,
    bias_and_variance,
    generalization_gap,
    noisy_wave,
    random_relu_features,
)
from dlbook.lab.claims import Verdict

seeds = st.integers(0, 1000)

# Laws


@given(seeds, st.integers(1, 8), st.integers(1, 8))
def test_squared_bias_and_variance_add_up_to_the_squared_distance(seed, models, places):
    generator = np.random.default_rng(seed)
    predictions, truth = generator.normal(size=(models, places)), generator.normal(size=places)
    total = np.mean((predictions - truth) ** 2)
    assert sum(bias_and_variance(predictions, truth)) == pytest.approx(total)


@given(seeds, st.sampled_from((10, 20, 80)))
def test_repeated_examples_keep_their_mean_and_worlds_keep_their_places(seed, num_examples):
    worlds = [noisy_wave(seed, num_examples, world) for world in chapter.WORLDS]
    for data in worlds:
        assert data.x_train.shape == (chapter.ROWS, 1)
        np.testing.assert_array_equal(data.x_train, worlds[0].x_train)
        first = data.y_train[:num_examples]
        assert float(data.y_train.mean()) == pytest.approx(float(first.mean()), abs=1e-5)
    x = worlds[0].x_train
    np.testing.assert_allclose(worlds[0].y_train, chapter.wave(x), atol=1e-5)
    extra = worlds[2].y_train - worlds[1].y_train
    np.testing.assert_allclose(extra, chapter.ripple(x), atol=1e-5)


@given(seeds)
def test_shuffled_labels_keep_their_numbers_and_the_test_part_its_labels(seed):
    true, shuffled = (chapter.some_digits(seed % 5, labels) for labels in ("true", "shuffled"))
    np.testing.assert_array_equal(np.bincount(true.y_train), np.bincount(shuffled.y_train))
    np.testing.assert_array_equal(true.x_train, shuffled.x_train)
    np.testing.assert_array_equal(true.y_test, shuffled.y_test)
    assert np.mean(true.y_train == shuffled.y_train) < 0.4


# A case worked by hand


def test_two_models_at_two_places():
    assert bias_and_variance([[1, 1], [3, 1]], [2, 0]) == (0.5, 0.5)
    assert generalization_gap([0.5], [0.75]) == pytest.approx([0.25])


def test_the_mean_of_twenty_targets_as_a_model():
    means = [chapter.draw_wave(seed, 20, 0, "noise")[1].mean() for seed in range(2000)]
    constant = np.repeat(np.array(means)[:, None], 200, axis=1)
    places = np.linspace(-1, 1, 200, endpoint=False)
    squared_bias, variance = bias_and_variance(constant, chapter.wave(places))
    assert squared_bias == pytest.approx(0.5, abs=0.01)
    assert variance == pytest.approx(0.0295, abs=0.003)


def test_what_is_watched_changes_no_training_and_no_test_example():
    kinds = [noisy_wave(3, 10, watched=kind) for kind in ("nothing", "validation", "test")]
    for data in kinds:
        np.testing.assert_array_equal(data.x_train, kinds[0].x_train)
        np.testing.assert_array_equal(data.y_test, kinds[0].y_test)
    assert kinds[0].x_validation is None
    assert len(kinds[1].x_validation) == 20
    np.testing.assert_array_equal(kinds[2].y_validation, kinds[2].y_test)


def test_the_noise_of_the_weights_is_what_new_noise_does_to_them():
    generator = np.random.default_rng([5, 21])
    generator.normal(size=5)
    features = random_relu_features(generator.normal(size=(40, 5)), 10, 5)
    moved = np.linalg.lstsq(features, generator.normal(0, chapter.NOISE, (40, 20_000)))[0]
    expected = np.sqrt(np.mean(np.sum(moved**2, axis=0)))
    assert chapter.measure_descent(5, 10)["weight_noise"] == pytest.approx(expected, rel=0.02)


# Independent oracles


def test_random_features_are_a_keras_layer():
    import keras

    x = np.random.default_rng(0).normal(size=(6, 5))
    generator = np.random.default_rng([4, 3])
    layer = keras.layers.Dense(7, "relu")
    layer.build((None, 5))
    layer.set_weights([generator.normal(size=(5, 7)), generator.uniform(-1, 1, size=7)])
    np.testing.assert_allclose(random_relu_features(x, 7, 4), layer(x), atol=1e-5)


@pytest.mark.parametrize("activation", chapter.ACTIVATIONS)
def test_answers_from_weights_are_those_of_the_keras_model(activation):
    levels = {"activation": (activation,), "hidden_units": (2, 16), "world": ("noise",)}
    results = chapter.SENSITIVITY.run(seeds=2, independent=levels, progress=False)
    computed = answers(results, activation).sel(world="noise")
    for units in (2, 16):
        run = results.sel(activation=activation, hidden_units=units, world="noise").isel(seed=1)
        model = chapter.wave_network(units, activation)
        names = ("hidden_kernel", "hidden_bias", "output_kernel", "output_bias")
        shapes = [weight.shape for weight in model.get_weights()]
        weights = [run[f"weights_{name}"].values for name in names]
        kept = [
            weight[tuple(map(slice, shape))] for weight, shape in zip(weights, shapes, strict=True)
        ]
        model.set_weights(kept)
        expected = np.asarray(model(chapter.GRID[:, None])).ravel()
        given = computed.sel(hidden_units=units).isel(seed=1).transpose("x")
        np.testing.assert_allclose(given, expected, atol=1e-4)


def test_units_bend_at_different_places_before_training():
    kernel, bias = chapter.wave_network(64).get_weights()[:2]
    bends = -bias / kernel.ravel()
    assert np.sum(np.abs(bends) < 1) > 16
    assert len(np.unique(bends.round(3))) > 32


def test_smallest_weights_agree_with_ridge_at_a_vanishing_price():
    from sklearn.linear_model import Ridge

    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(10, 5)), generator.normal(size=10)
    features = random_relu_features(x, 60)
    weights = np.linalg.lstsq(features, y)[0]
    ridge = Ridge(1e-8, fit_intercept=False).fit(features, y)
    np.testing.assert_allclose(weights, ridge.coef_, atol=1e-5)


# Errors


def test_losses_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"`validation` must have the shape.*Received: \(3,\)"):
        generalization_gap([1, 2], [1, 2, 3])


def test_a_law_at_other_places_is_refused():
    with pytest.raises(ValueError, match=r"`truth` must hold one number.*Received: 3 numbers"):
        bias_and_variance([[1, 2]], [1, 2, 3])


def test_no_features_are_refused():
    with pytest.raises(ValueError, match=r"`num_features` must be 1 or more. Received: 0"):
        random_relu_features([[1.0]], 0)


# The claims of the experiments


def test_the_error_peaks_where_features_and_examples_are_equally_many():
    levels = {"num_features": (5, 20, 40, 400, 1600)}
    results = chapter.DOUBLE_DESCENT.run(seeds=20, independent=levels, progress=False)
    error = results["test_error"].median("seed")
    assert error["num_features"].values[np.argmax(error.values)] == 40
    assert float(error.sel(num_features=40)) > 10 * float(error.sel(num_features=[5, 1600]).max())
    assert float(results["train_error"].sel(num_features=400).max()) < 1e-12


def test_wide_networks_learn_noise_by_heart_and_narrow_ones_cannot_follow_the_wave():
    levels = {"hidden_units": (2, 128), "num_examples": (20, 80)}
    results = chapter.CAPACITY.run(independent=levels, progress=False)
    loss, fresh = results["loss"].isel(epoch=-1).mean("seed"), results["test_loss"].mean("seed")
    gap = fresh - loss
    assert float(loss.sel(hidden_units=128, num_examples=20)) < chapter.NOISE**2
    assert float(gap.sel(hidden_units=128, num_examples=20)) > 0.04
    assert float(gap.sel(hidden_units=128, num_examples=80)) < 0.04
    assert float(fresh.sel(hidden_units=2).min()) > 2 * chapter.NOISE**2
    assert chapter.CLAIMS[3].id == "C-overfitting-4"


def test_shuffled_labels_are_learned_by_heart_and_help_nobody():
    results = chapter.NOISE_ONLY.run(seeds=5, independent={"digit_units": (256,)}, progress=False)
    shuffled = results.sel(labels="shuffled", digit_units=256)
    assert float(shuffled["accuracy"].isel(epoch=-1).min()) > 0.95
    assert float(shuffled["test_accuracy"].mean()) < 0.2
    assert float(results["test_accuracy"].sel(labels="true").min()) > 0.8
    assert chapter.CLAIMS[4].decide(results).verdict is Verdict.FAILS


def test_wide_networks_follow_a_small_effect_that_narrow_ones_miss():
    levels = {"activation": ("relu",), "hidden_units": (2, 128)}
    results = chapter.SENSITIVITY.run(independent=levels, progress=False)
    share = chapter.share_of_ripple(results, "relu").mean("seed")
    assert float(share.sel(hidden_units=128) - share.sel(hidden_units=2)) > 0.2
    noise = chapter.response_to_noise(results, "relu")
    assert float(noise.min()) >= 0
