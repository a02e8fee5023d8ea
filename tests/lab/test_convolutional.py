"""Small convolutional networks for images of any size, a look into them, and moved images."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.convolutional import dense_network, feature_maps, map_correlations, small_cnn
from dlbook.lab.moved_images import (
    LARGEST_SHIFT,
    padded_digits,
    scramble,
    shift_images,
    shifted_at_random,
    shifted_digits,
)
from dlbook.lab.published_networks import enlarge, falling_rate, known_network, pictures
from dlbook.lab.spots import explained, gaussian_images, places

steps = st.integers(-3, 3)


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.1, 1, shape)


# Laws


@given(steps, steps)
def test_a_shift_moves_every_pixel_and_brings_in_zeros(down, right):
    whole = images(2, 7, 9, 3)
    moved = shift_images(whole, down, right)
    inside = np.roll(whole, (down, right), axis=(1, 2))
    rows = slice(max(down, 0), 7 + min(down, 0))
    columns = slice(max(right, 0), 9 + min(right, 0))
    np.testing.assert_array_equal(moved[:, rows, columns], inside[:, rows, columns])
    left = (7 - abs(down)) * (9 - abs(right)) * 6
    assert np.count_nonzero(moved) == left


@given(st.integers(0, 99))
def test_scrambling_keeps_the_pixels_of_each_image_and_uses_one_order(seed):
    table = np.arange(2 * 12.0).reshape(2, 3, 4, 1)
    dealt = scramble(table, seed)
    np.testing.assert_array_equal(np.sort(dealt.reshape(2, -1)), table.reshape(2, -1))
    np.testing.assert_array_equal(dealt[1] - dealt[0], np.full((3, 4, 1), 12.0))


def test_every_image_gets_its_own_shift_within_the_limit():
    dot = np.zeros((500, 9, 9, 1), np.float32)
    dot[:, 4, 4] = 1
    found = np.argwhere(shifted_at_random(dot, 2, 0))[:, 1:3] - 4
    assert len(found) == 500
    assert {tuple(one) for one in found.tolist()} == {
        (down, right) for down in range(-2, 3) for right in range(-2, 3)
    }


@given(st.integers(1, 4), st.integers(2, 5))
def test_correlations_are_symmetric_between_minus_one_and_one_with_a_diagonal_of_ones(num, count):
    table = map_correlations(np.random.default_rng(num).normal(size=(num, 4, 5, count)))
    np.testing.assert_allclose(table, table.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(table), 1)
    assert np.abs(table).max() <= 1 + 1e-9


# Cases worked by hand


@pytest.mark.parametrize(
    ("shape", "options", "weights"),
    [
        ((12, 12, 1), {}, 100 + 1820 + 10 * (9 * 20 + 1)),
        ((12, 12, 1), {"head": "global"}, 100 + 1820 + 10 * 21),
        ((32, 20, 3), {"filters": (4,), "kernel_size": 5}, 4 * 76 + 10 * (16 * 10 * 4 + 1)),
        ((9, 7, 2), {"filters": [4, 5, 6], "pool_size": 1}, 76 + 185 + 276 + 10 * (63 * 6 + 1)),
    ],
)
def test_the_weights_of_small_networks_counted_by_hand(shape, options, weights):
    model = small_cnn(shape, 10, **options)
    assert model.count_params() == weights
    assert model(np.zeros((2, *shape))).shape == (2, 10)


def test_constant_maps_have_no_correlation_and_do_not_count():
    maps = images(3, 4, 4, 3)
    maps[..., 2] = 0
    maps[0, ..., 1] = 7
    table = map_correlations(maps)
    assert np.isnan(table[2]).all()
    pairs = [np.corrcoef(one[..., 0].ravel(), one[..., 1].ravel())[0, 1] for one in maps[1:]]
    assert table[0, 1] == pytest.approx(np.mean(pairs))


# Independent oracles


def test_the_maps_of_the_first_layer_are_those_of_scipy():
    from scipy.signal import correlate2d

    model = small_cnn((6, 8, 2), 3, filters=(3,), kernel_size=3)
    pixels = images(2, 6, 8, 2)
    kernel, bias = (np.asarray(one) for one in model.get_layer("convolution_1").get_weights())
    bias = bias + np.array([0.1, -0.2, 0.0])
    model.get_layer("convolution_1").set_weights([kernel, bias])
    maps = feature_maps(model, "convolution_1", pixels)
    for filter_number in range(3):
        sums = sum(
            correlate2d(pixels[1, ..., channel], kernel[..., channel, filter_number], "same")
            for channel in range(2)
        )
        expected = np.maximum(sums + bias[filter_number], 0)
        np.testing.assert_allclose(maps[1, ..., filter_number], expected, atol=1e-5)


def test_maps_can_be_asked_for_by_name_by_place_and_of_pooling():
    model = small_cnn((8, 8, 1), 2, filters=(3, 4))
    grey = images(5, 8, 8)
    by_name = feature_maps(model, "pooling_1", grey)
    assert by_name.shape == (5, 4, 4, 3)
    np.testing.assert_array_equal(by_name, feature_maps(model, 1, grey[..., np.newaxis]))
    full = feature_maps(model, "convolution_1", grey)
    expected = full.reshape(5, 4, 2, 4, 2, 3).max(axis=(2, 4))
    np.testing.assert_array_equal(by_name, expected)
    assert feature_maps(model, -4, grey).shape == (5, 4, 4, 4)


def test_maps_of_a_model_of_another_maker():
    import keras

    inputs = keras.Input((None, None, 3))
    outputs = keras.layers.Conv2D(2, 3, name="seen")(inputs)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(outputs))
    assert feature_maps(model, "seen", images(2, 10, 7, 3)).shape == (2, 8, 5, 2)


def test_a_global_head_without_pooling_gives_a_moved_image_the_same_scores():
    model: Any = small_cnn((16, 16, 1), 4, "global", pool_size=1)
    framed = np.pad(images(3, 4, 4, 1), ((0, 0), (6, 6), (6, 6), (0, 0)))
    scores = np.asarray(model(framed))
    np.testing.assert_allclose(model(shift_images(framed, 2, -1)), scores, atol=1e-6)
    pooled: Any = small_cnn((16, 16, 1), 4, "global")
    by_two, by_one = (pooled(shift_images(framed, size, 0)) for size in (2, 1))
    scores = np.asarray(pooled(framed))
    np.testing.assert_allclose(by_two, scores, atol=1e-6)
    assert np.abs(np.asarray(by_one) - scores).max() > 1e-3


# The data and networks of the chapter


def test_padded_digits_keep_their_ink_and_only_the_training_images_move():
    intact, moved = padded_digits(3), padded_digits(3, "shifted")
    assert intact.x_train.shape == (1440, 12, 12, 1)
    assert not intact.x_train[:, :LARGEST_SHIFT].any()
    np.testing.assert_array_equal(intact.x_test, moved.x_test)
    np.testing.assert_allclose(moved.x_train.sum((1, 2)), intact.x_train.sum((1, 2)), rtol=1e-5)
    assert (shifted_digits(3).x_test != intact.x_test).any()
    scrambled = padded_digits(3, "scrambled")
    np.testing.assert_array_equal(scrambled.x_test, scramble(intact.x_test, 3))
    np.testing.assert_array_equal(scrambled.x_train, scramble(intact.x_train, 3))


@pytest.mark.parametrize(
    ("network", "weights"),
    [("course", 30_840), ("keras.io", 34_826), ("wide", 225_034), ("three blocks", 241_546)],
)
def test_the_published_networks_have_the_published_sizes(network, weights):
    assert known_network(network).count_params() == weights


def test_small_digits_stand_in_for_large_ones_and_the_rate_falls_to_nothing():
    data = pictures(0, "small digits")
    assert data.x_train.shape == (1440, 28, 28, 1)
    one = enlarge(np.eye(8)[np.newaxis, ..., np.newaxis])[0, ..., 0]
    assert one.sum() == 72
    assert one[2:5, 2:5].all()
    rate = falling_rate("small digits")
    last = 23 * 4
    assert float(rate(0)) == pytest.approx(0.002)
    assert float(rate(last)) == pytest.approx(0, abs=1e-9)


def test_spots_are_of_the_size_and_widths_asked_for():
    data = gaussian_images(4, size=30, widths=(1, 2, 3), noise=0, seed=1)
    assert data.x_test.shape == (12, 30, 30, 1)
    ink = [data.x_train[data.y_train == kind].sum() for kind in range(3)]
    assert ink == sorted(ink)
    assert not np.array_equal(data.x_train, data.x_test)


@pytest.mark.parametrize(("spot", "touches"), [("cut off", True), ("whole", False)])
def test_whole_spots_leave_the_border_alone(spot, touches):
    images = places(0, spot).x_train[..., 0]
    ink = images[:, 0].mean(axis=1).std()
    alone = 0.2 / np.sqrt(24)
    assert (ink > 2 * alone) == touches
    assert ink > 0.8 * alone


def test_what_is_explained_is_one_for_perfect_answers_and_zero_for_the_mean():
    data = places(0, "whole")
    perfect: Any = lambda inputs: data.y_test  # noqa: E731
    mean: Any = lambda inputs: np.broadcast_to(data.y_test.mean(0), data.y_test.shape)  # noqa: E731
    assert explained(perfect, data) == pytest.approx({"place": 1, "width": 1})
    assert explained(mean, data) == pytest.approx({"place": 0, "width": 0}, abs=1e-5)


def test_a_dense_network_takes_images():
    assert dense_network((12, 12, 1), 24, 10).count_params() == 3730


# Errors


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (((12, 12), 10), {}, r"`input_shape` must be height, width and channels.*Received: \(12"),
        (((12, 0, 1), 10), {}, r"`input_shape` must be height"),
        ((12, 10), {}, r"`input_shape` must be height.*Received: 12"),
        (((3, 12, 1), 10), {}, r"`input_shape` must be 4 pixels high.*Received: \(3, 12, 1\)"),
        (((12, 12, 1), 0), {}, r"`num_classes` must be a whole number, 1 or more. Received: 0"),
        (((12, 12, 1), 10, "mean"), {}, r"`head` must be one of flatten, global. Received: 'mean'"),
        (((12, 12, 1), 10), {"filters": ()}, r"`filters` must be one whole number.*Received: \(\)"),
        (((12, 12, 1), 10), {"filters": (4, 0.5)}, r"`filters` must be one whole number"),
        (((12, 12, 1), 10), {"filters": 8}, r"`filters` must be one whole number.*Received: 8"),
        (((12, 12, 1), 10), {"kernel_size": 0}, r"`kernel_size` must be.*Received: 0"),
        (((12, 12, 1), 10), {"pool_size": 1.5}, r"`pool_size` must be.*Received: 1.5"),
    ],
)
def test_impossible_networks_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        small_cnn(*arguments, **options)


def test_unknown_layers_layers_without_maps_and_other_images_are_refused():
    model = small_cnn((8, 8, 3), 2)
    colour = images(1, 8, 8, 3)
    with pytest.raises(ValueError, match=r"`layer` must be a name.*there are convolution_1.*'no'"):
        feature_maps(model, "no", colour)
    with pytest.raises(ValueError, match=r"`layer` must be a name.*Received: 99"):
        feature_maps(model, 99, colour)
    with pytest.raises(ValueError, match=r"`layer` must put out maps.*Received: 'prediction'"):
        feature_maps(model, "prediction", colour)
    for shape in ((1, 8, 8), (1, 8, 8, 1), (1, 9, 8, 3), (8, 8)):
        with pytest.raises(ValueError, match=r"`images` must have the shape.*Received: \("):
            feature_maps(model, "convolution_1", images(*shape))


def test_arguments_that_are_no_maps_or_no_spots_are_refused():
    with pytest.raises(ValueError, match=r"`maps` must have 4 axes"):
        map_correlations(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"`images` must have 4 axes"):
        shift_images(np.zeros((3, 3)), 1, 0)
    with pytest.raises(ValueError, match=r"`widths` must be two or more.*Received: \(1,\)"):
        gaussian_images(3, widths=(1,))
    with pytest.raises(ValueError, match=r"`widths` must be two or more"):
        gaussian_images(3, widths=(1, -1))
    with pytest.raises(ValueError, match=r"`num_examples` must be a whole number.*Received: 0"):
        gaussian_images(0)
    with pytest.raises(ValueError, match=r"`size` must be a whole number, 2 or more. Received: 1"):
        gaussian_images(3, size=1)


# The benchmark


def test_the_network_of_the_benchmark_is_equally_large_in_pytorch():
    torch = pytest.importorskip("torch")
    from benchmarks.images import SIDES, channels_first, course_network, torch_network

    network = torch_network()
    assert sum(one.numel() for one in network.parameters()) == course_network().count_params()
    assert network(channels_first(np.zeros((2, 28, 28, 1), np.float32))).shape == (2, 10)
    assert torch.__version__
    assert list(SIDES) == ["this book's engine", "model.fit", "PyTorch", "PyTorch, by index"]
