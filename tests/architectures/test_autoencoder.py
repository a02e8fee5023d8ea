"""A code of a few numbers keeps what images have in common, and no more than it must."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.architectures import autoencoder as chapter
from dlbook.architectures.autoencoder import (
    CLAIMS,
    add_noise,
    build_autoencoder,
    from_neighbours,
    occlude,
    pca_reconstruct,
)
from dlbook.lab.principal_components import principal_directions
from dlbook.lab.reconstruction import GUESSES
from dlbook.lab.spoiled import bars_over, noisy_pictures, occluded_pictures, pictures

tables = arrays(float, st.tuples(st.integers(3, 9), st.integers(2, 5)), elements=st.integers(-9, 9))
sizes = st.tuples(st.integers(1, 4), st.integers(2, 7), st.integers(2, 7))

QUIET: Any = 0

# Laws


@given(tables)
def test_more_components_never_paint_worse_and_all_of_them_paint_exactly(table):
    most = min(table.shape)
    errors = [np.mean((pca_reconstruct(table, k) - table) ** 2) for k in range(most + 1)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(errors))
    np.testing.assert_allclose(pca_reconstruct(table, 0), np.tile(table.mean(0), (len(table), 1)))
    if table.shape[0] > table.shape[1]:
        np.testing.assert_allclose(errors[-1], 0, atol=1e-9)


@given(tables, st.integers(0, 2))
def test_painting_twice_changes_nothing_and_directions_are_orthonormal(table, count):
    once = pca_reconstruct(table, count)
    np.testing.assert_allclose(pca_reconstruct(once, count, table), once, atol=1e-8)
    directions = principal_directions(table, count)
    np.testing.assert_allclose(directions.T @ directions, np.eye(count), atol=1e-9)


@given(sizes, st.integers(1, 2), st.integers(0, 99), st.booleans())
def test_a_bar_covers_one_stripe_and_leaves_the_rest(size, width, seed, colour):
    images = np.random.default_rng(0).random((*size, 3) if colour else size)
    spoiled, covered = occlude(images, width, seed, value=7.0)
    assert spoiled.shape == images.shape
    assert covered.shape == size
    assert np.all(spoiled[covered] == 7)
    np.testing.assert_array_equal(spoiled[~covered], images[~covered])
    for one in covered:
        lines = sorted((one.any(axis=0).sum(), one.any(axis=1).sum()))
        assert one.sum() in (width * size[1], width * size[2])
        assert lines[0] == width or width in one.shape
    np.testing.assert_array_equal(covered, occlude(images, width, seed)[1])


@given(st.floats(0, 2), st.integers(0, 9))
def test_noise_is_never_negative_and_scales_with_its_strength(strength, seed):
    dark = np.zeros((4, 5))
    noisy = add_noise(dark, strength, seed)
    assert np.all((noisy >= 0) & (noisy <= min(strength, 1)))
    full = np.minimum(strength * add_noise(dark, 1, seed), 1)
    np.testing.assert_allclose(noisy, full)


# Cases worked by hand


def test_the_parameters_of_64_32_5_32_64_counted_by_hand():
    encoder, decoder, both = build_autoencoder(32, 5)
    assert both.count_params() == 2080 + 165 + 192 + 2112 == 4549
    assert (encoder.count_params(), decoder.count_params()) == (2245, 2304)


def test_points_on_a_line_need_one_number_by_hand():
    on_a_line = np.array([[1.0, 3.0], [2.0, 5.0], [4.0, 9.0]])
    np.testing.assert_allclose(pca_reconstruct(on_a_line, 1), on_a_line)
    np.testing.assert_allclose(pca_reconstruct([[5.0, 0.0]], 0, on_a_line), [[7 / 3, 17 / 3]])


def test_neighbours_of_a_corner_and_of_a_middle_by_hand():
    image = np.array([[[9.0, 0.2, 0.0], [9.0, 0.4, 0.0], [9.0, 0.6, 0.0]]])
    bar = image == 9
    np.testing.assert_allclose(from_neighbours(image, bar)[0, :, 0], [0.2, 0.4, 0.6])
    np.testing.assert_allclose(from_neighbours(image, ~np.isnan(image)), 0)


# Independent oracles


@pytest.mark.parametrize("shape", [(40, 6), (5, 12)])
def test_scikit_learn_agrees_as_an_oracle(shape):
    from sklearn.decomposition import PCA

    generator = np.random.default_rng(3)
    known, fresh = generator.normal(size=shape) ** 3, generator.normal(size=(4, shape[1]))
    oracle = PCA(3).fit(known)
    expected = oracle.inverse_transform(oracle.transform(fresh))
    np.testing.assert_allclose(pca_reconstruct(fresh, 3, known), expected, atol=1e-9)


def test_the_published_errors_of_pca_on_digits():
    images = pictures(0).x_train
    found = [np.mean((pca_reconstruct(images, k) - images) ** 2) for k in (0, 2, 5, 10, 15, 32)]
    expected = [0.0733, 0.0524, 0.0334, 0.0192, 0.0121, 0.0025]
    np.testing.assert_allclose(found, expected, atol=0.0006)


def test_tied_layers_are_the_oracle_of_a_matrix_product():
    import keras

    from dlbook.architectures.autoencoder import TiedDense

    rows = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    image, there = keras.Input((4,)), keras.layers.Dense(2)
    code = there(image)
    back = TiedDense(there, "relu")
    model = keras.Model(image, back(code))
    bias = np.array([0.5, -1, 0, 2], "float32")
    back.bias.assign(bias)
    kernel = np.asarray(there.kernel)
    expected = np.maximum(rows @ kernel @ kernel.T + bias, 0)
    np.testing.assert_allclose(model(rows), expected, atol=1e-5)
    assert model.count_params() == 4 * 2 + 2 + 4
    assert [one.name for one in back.own_weights] == ["bias"]


def test_training_moves_a_tied_kernel_in_both_places():
    import keras

    from dlbook.architectures.autoencoder import TiedDense

    image, there = keras.Input((6,)), keras.layers.Dense(2)
    model = keras.Model(image, TiedDense(there)(there(image)))
    before = np.asarray(there.kernel).copy()
    rows = np.random.default_rng(0).random((32, 6)).astype("float32")
    model.compile(keras.optimizers.Adam(0.05), "mean_squared_error")
    first = model.evaluate(rows, rows, verbose=QUIET)
    model.fit(rows, rows, epochs=20, verbose=QUIET)
    assert model.evaluate(rows, rows, verbose=QUIET) < first
    assert not np.allclose(before, there.kernel)
    assert len(model.trainable_variables) == 3


# The reader's own arrays


@pytest.mark.parametrize("shape", [7, (5,), (4, 6), (5, 4, 3)])
@pytest.mark.parametrize("hidden", [9, (9, 6), ()])
def test_any_shape_goes_in_and_comes_out(shape, hidden):
    encoder, decoder, both = build_autoencoder(hidden, 2, shape=shape)
    examples = np.random.default_rng(0).random((3, *np.atleast_1d(shape))).astype("float32")
    codes = encoder(examples)
    assert tuple(codes.shape) == (3, 2)
    assert both(examples).shape == examples.shape
    np.testing.assert_allclose(decoder(codes), both(examples), atol=1e-6)


def test_training_the_whole_trains_both_halves():
    import keras

    keras.utils.set_random_seed(0)
    encoder, decoder, both = build_autoencoder(8, 2, "tanh", shape=(3, 3, 2))
    before = [np.asarray(one).copy() for one in encoder.weights + decoder.weights]
    images = np.random.default_rng(0).random((40, 3, 3, 2)).astype("float32")
    both.compile("adam", "mean_squared_error")
    both.fit(images, images, epochs=2, verbose=QUIET)
    after = encoder.weights + decoder.weights
    moved = [not np.allclose(*pair) for pair in zip(before, after, strict=True)]
    assert all(moved)
    assert np.all((np.asarray(both(images)) > 0) & (np.asarray(both(images)) < 1))


def test_colour_photographs_of_another_size_are_occluded_and_squeezed():
    photographs = np.random.default_rng(0).integers(0, 256, (4, 9, 12, 3))
    spoiled, covered = occlude(photographs, width=2, seed=5, value=0)
    assert spoiled.shape == photographs.shape
    assert set(covered.sum(axis=(1, 2)).tolist()) <= {18, 24}
    assert pca_reconstruct(photographs, 3).shape == photographs.shape


# Errors


@pytest.mark.parametrize("wrong", [0, -3, 2.5, float("nan"), "many"])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match=r"`encoder_units` must be whole.*Received: "):
        build_autoencoder(wrong, 5)
    with pytest.raises(ValueError, match=r"`latent_units` must be whole.*Received: "):
        build_autoencoder(32, wrong)
    with pytest.raises(ValueError, match=r"`shape` must be whole.*Received: "):
        build_autoencoder(32, 5, shape=(8, wrong))


def test_what_cannot_be_squeezed_is_refused():
    with pytest.raises(ValueError, match=r"`num_components` must be from 0 to 2. Received: 3"):
        pca_reconstruct(np.eye(2), 3)
    with pytest.raises(ValueError, match=r"of one shape. Received: shapes \(2, 2\) and \(2, 3\)"):
        pca_reconstruct(np.eye(2), 1, np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"of one shape. Received: shapes \(3,\)"):
        pca_reconstruct([1.0, 2.0, 3.0], 1)


def test_what_cannot_be_spoiled_is_refused():
    with pytest.raises(ValueError, match=r"`width` must be from 1 to 3 pixels. Received: 4"):
        occlude(np.zeros((2, 3, 5)), width=4)
    with pytest.raises(ValueError, match=r"`images` must have shape .*Received: shape \(2, 64\)"):
        occlude(np.zeros((2, 64)))
    with pytest.raises(ValueError, match=r"`strength` must be 0 or larger. Received: -0.1"):
        add_noise([0.5], -0.1)


def test_a_tied_layer_wants_a_dense_layer_with_weights():
    import keras

    from dlbook.architectures.autoencoder import TiedDense

    wrong: Any = keras.layers.Flatten()
    with pytest.raises(TypeError, match=r"`layer` must be a Dense layer. Received: "):
        TiedDense(wrong)
    with pytest.raises(ValueError, match=r"must have been called once.*Received: "):
        TiedDense(keras.layers.Dense(3))(np.zeros((1, 3), "float32"))
    there = keras.layers.Dense(3)
    there(keras.Input((5,)))
    with pytest.raises(ValueError, match=r"inputs must have 3 features.*Received: shape"):
        TiedDense(there)(np.zeros((1, 4), "float32"))


def test_the_chapter_has_no_other_hidden_names():
    with pytest.raises(AttributeError, match="no attribute 'Untied'"):
        chapter.Untied  # noqa: B018


# The data of the experiments


def test_noise_and_bars_spoil_the_inputs_that_they_should_and_no_target():
    plain, noisy = noisy_pictures(1, "clean", 0.5), noisy_pictures(1, "noisy", 0.5)
    np.testing.assert_array_equal(plain.x_train, plain.y_train)
    assert np.mean(noisy.x_train - noisy.y_train) == pytest.approx(0.2, abs=0.05)
    np.testing.assert_array_equal(plain.x_test, noisy.x_test)
    whole, barred = occluded_pictures(1, "clean"), occluded_pictures(1, "occluded")
    np.testing.assert_array_equal(whole.x_train, barred.y_train)
    covered = bars_over(whole.y_test, 1001)[1]
    assert np.all(whole.x_test[covered] == 1)
    np.testing.assert_array_equal(whole.x_test[~covered], whole.y_test[~covered])
    assert covered.mean() == 1 / 8


# The claims of the experiments


def short(experiment, epochs=10, **levels):
    trial = replace(experiment.trial, epochs=epochs)
    return replace(experiment, trial=trial).run(seeds=3, independent=levels, progress=False)


@pytest.fixture(scope="module")
def bottleneck():
    return short(chapter.BOTTLENECK, encoder_units=(8, 64), latent_units=(2, 15))


@pytest.fixture(scope="module")
def occlusion():
    return short(chapter.OCCLUSION, 15)


def test_a_larger_code_and_a_broader_encoder_paint_better(bottleneck):
    errors = bottleneck["test_loss"].mean("seed").squeeze()
    assert bottleneck.attrs["engine"] == "stacked"
    broad, narrow = errors.sel(encoder_units=64), errors.sel(encoder_units=8)
    assert float(broad.sel(latent_units=15)) < 0.7 * float(broad.sel(latent_units=2))
    assert float(narrow.sel(latent_units=15)) > 1.5 * float(broad.sel(latent_units=15))
    assert [len(CLAIMS[number].decide(bottleneck).evidence) for number in (0, 2)] == [4, 2]


def test_a_relu_spoils_a_small_code(bottleneck):
    relu = short(chapter.CODE, latent_units=(2,)).mean("seed").squeeze()
    linear = bottleneck.sel(encoder_units=64, latent_units=2).mean("seed").squeeze()
    assert float(relu["test_loss"]) > float(linear["test_loss"])
    assert float(linear["silent"]) == 0


def test_nothing_linear_is_below_pca_and_the_gap_closes():
    results = short(chapter.LINEAR, 60, latent_units=(2,))
    gap = chapter.gap_to_pca(results)
    assert float(gap.min()) > -1e-4
    assert float(gap.isel(epoch=-1).max()) < 0.02 < float(gap.isel(epoch=0).min())


def test_strong_noise_is_removed_and_better_by_a_network_that_knows_it():
    results = short(chapter.DENOISE, 15, noise=(0.5,))
    assert len(CLAIMS[3].decide(results).evidence) == 1
    left = results.squeeze(drop=True).mean("seed")
    blind, seen = (float(left["test_loss"].sel(training=name)) for name in ("clean", "noisy"))
    assert seen < blind < float(left["untouched"].sel(training="clean"))
    assert results["shown"].shape[-3:] == (3, 6, 64)


def test_a_code_as_large_as_the_image_lets_noise_through():
    errors = short(chapter.WIDE, 15, latent_units=(64,)).squeeze(drop=True).mean("seed")
    assert float(errors["clean"]) < 0.5 * float(errors["untouched"])
    assert float(errors["test_loss"]) > 0.6 * float(errors["untouched"])


def test_all_pixels_and_covered_pixels_rank_the_guesses_differently(occlusion):
    results = occlusion.mean("seed").sel(training="clean")
    everywhere, behind = (
        [float(results[f"r_{name}_{where}"]) for name in GUESSES] for where in ("all", "covered")
    )
    assert everywhere[3] > everywhere[1]
    assert behind[3] < everywhere[3] - 0.1
    assert np.isnan(behind[0])


def test_learning_with_bars_repairs_better_than_any_guess_without_a_network(occlusion):
    finding = CLAIMS[4].decide(occlusion)
    trained = [one for one in finding.evidence if "trained occluded" in one.condition]
    assert [one.effect > 0.05 for one in trained] == [True, True]


def test_tied_weights_are_half_as_many_and_hardly_worse():
    results = short(chapter.TIED, 15)
    assert results.attrs["engine"] == "stacked"
    assert CLAIMS[5].decide(results).evidence[0].effect < 0.05
    own, tied = (chapter.tied_or_free(name).count_params() for name in results["decoder"].values)
    assert tied < 0.55 * own


def test_neighbours_in_the_plane_name_digits_better_than_chance():
    results = short(chapter.PLANE, 10)
    assert results["code_plane"].shape[-2:] == (300, 2)
    assert float(results["code_neighbours"].mean()) > 0.3
    assert float(results["pca_neighbours"].mean()) == pytest.approx(0.61, abs=0.06)
