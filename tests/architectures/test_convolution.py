"""The same few weights everywhere: what slides, what it makes, and what it sees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import convolve2d, correlate2d

from dlbook.architectures import convolution as chapter
from dlbook.architectures.convolution import (
    KERNELS,
    convolve,
    cross_correlate,
    dilate,
    max_pool,
    mean_pool,
    seen_by_one_unit,
    stack,
    transpose_convolve,
)
from dlbook.lab.claims import Verdict, judge
from dlbook.lab.map_shapes import (
    effective_side,
    map_difference,
    output_size,
    receptive_field,
    same_padding,
    transposed_size,
)

seeds = st.integers(0, 1000)
sides = st.integers(1, 4)


def drawn(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


# Laws


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2))
def test_the_size_counts_the_places_where_the_kernel_fits(size, kernel, stride, padding):
    places = [place for place in range(0, size + 2 * padding - kernel + 1, stride)]
    if places:
        assert output_size(size, kernel, stride, padding) == len(places)


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 4))
def test_same_padding_gives_a_place_for_every_stride(size, kernel, stride):
    before, after = same_padding(size, kernel, stride)
    assert after - before in (0, 1)
    assert output_size(size + before + after, kernel, stride) == -(-size // stride)


@given(seeds, sides, sides, st.integers(1, 3), st.integers(0, 2))
def test_the_map_has_the_size_of_the_formula(seed, rows, columns, stride, padding):
    result = cross_correlate(drawn(seed, 7, 9), drawn(seed, rows, columns), stride, padding)
    assert result.shape == (
        output_size(7, rows, stride, padding),
        output_size(9, columns, stride, padding),
    )


@given(seeds, st.integers(1, 3), st.integers(0, 1))
def test_a_transposed_convolution_is_the_transpose(seed, stride, padding):
    image, kernel = drawn(seed, 9, 9), drawn([seed, 1], 3, 3)
    image = image[: 3 + 2 * stride - 2 * padding, : 3 + 2 * stride - 2 * padding]
    there = cross_correlate(image, kernel, stride, padding)
    weights = drawn([seed, 2], *there.shape)
    back = transpose_convolve(weights, kernel, stride, padding)
    assert back.shape == (transposed_size(there.shape[0], 3, stride, padding),) * 2
    np.testing.assert_allclose((there * weights).sum(), (image * back).sum())


@given(seeds, st.integers(1, 6))
def test_a_moved_picture_gives_a_moved_map(seed, shift):
    image, kernel = drawn(seed, 6, 12), drawn([seed, 1], 3, 3)
    moved = cross_correlate(image[:, shift:], kernel)
    np.testing.assert_allclose(cross_correlate(image, kernel)[:, shift:], moved)


@given(seeds)
def test_convolution_does_not_care_which_is_the_kernel_and_cross_correlation_does(seed):
    image, kernel = drawn(seed, 3, 3), drawn([seed, 1], 3, 3)
    np.testing.assert_allclose(convolve(image, kernel, padding=2), convolve(kernel, image, 1, 2))
    turned = cross_correlate(kernel, image, padding=2)[::-1, ::-1]
    np.testing.assert_allclose(cross_correlate(image, kernel, padding=2), turned)


@given(seeds, st.sampled_from(["nothing", "pool", "stride", "dilation"]), st.integers(1, 4))
def test_one_unit_sees_exactly_the_receptive_field(seed, widened_by, depth):
    layers = stack(seed, widened_by, depth)
    side = receptive_field([(len(kernel), stride) for kernel, stride in layers])
    gradient = seen_by_one_unit(layers)
    assert gradient.shape == (side, side)
    assert np.count_nonzero(gradient) == side**2


@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_a_mean_pool_is_a_kernel_of_equal_weights(seed, size, stride):
    image = drawn(seed, 7, 8)
    kernel = np.full((size, size), 1 / size**2)
    expected = cross_correlate(image, kernel, stride)
    np.testing.assert_allclose(mean_pool(image, size, stride), expected)
    assert (max_pool(image, size, stride) >= expected - 1e-12).all()


@given(seeds, st.floats(0.1, 10))
def test_the_difference_of_maps_has_no_unit_and_no_direction(seed, scale):
    first, second = drawn(seed, 4, 5), drawn([seed, 1], 4, 5)
    difference = map_difference(first, second)
    assert difference == map_difference(second, first)
    np.testing.assert_allclose(map_difference(scale * first, scale * second), difference)


# A case worked by hand


def test_the_window_of_the_page_by_hand():
    picture = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]])
    np.testing.assert_array_equal(cross_correlate(picture, KERNELS["vertical edges"]), [[4, 4]])
    np.testing.assert_array_equal(convolve(picture, KERNELS["vertical edges"]), [[-4, -4]])


def test_the_puzzles_by_hand():
    assert output_size(28, 5, padding=1) == 26
    assert output_size(26, 2, stride=2) == 13
    assert output_size(32, 4, stride=2, padding=1) == 16
    assert transposed_size(16, 4, stride=2, padding=1) == 32
    assert receptive_field([(3, 1), (3, 1), (2, 2), (3, 1)]) == 10
    assert receptive_field([]) == 1


def test_a_kernel_for_edges_is_blind_on_a_plain_picture_but_not_at_a_padded_border():
    plain = np.full((6, 6), 0.5)
    for name in ("horizontal edges", "vertical edges"):
        assert (cross_correlate(plain, KERNELS[name]) == 0).all()
        assert np.abs(cross_correlate(plain, KERNELS[name], padding=1)).max() > 1


def test_dilation_by_hand():
    np.testing.assert_array_equal(
        dilate([[1, 2], [3, 4]], 3), [[1, 0, 0, 2], [0] * 4, [0] * 4, [3, 0, 0, 4]]
    )
    assert dilate(np.ones((3, 3, 2, 5)), 2).shape == (5, 5, 2, 5)


def test_an_evenly_felt_square_has_its_side_as_effective_side():
    assert effective_side(np.full((5, 5), -2.0)) == pytest.approx(5)
    spot = np.zeros((5, 5))
    spot[1, 3] = 1
    assert effective_side(spot) == pytest.approx(1)


def test_maps_without_anything_in_common_differ_by_about_one():
    assert map_difference(drawn(0, 100, 100), drawn(1, 100, 100)) == pytest.approx(1, abs=0.02)
    assert map_difference([2, 2], [2, 2]) == 0
    assert map_difference([2, 2], [3, 3]) == np.inf


# Independent oracles


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 4)])
def test_scipy_is_an_oracle_for_both_formulas(shape):
    image, kernel = drawn(0, 8, 9), drawn(1, *shape)
    for ours, theirs in ((cross_correlate, correlate2d), (convolve, convolve2d)):
        np.testing.assert_allclose(ours(image, kernel), theirs(image, kernel, mode="valid"))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "rate"), [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)])
def test_keras_is_an_oracle_for_stride_padding_dilation_and_channels(padding, stride, rate):
    import keras

    image, kernel = drawn(0, 11, 8, 3), drawn(1, 3, 2, 3, 5)
    batch, weights = image[None].astype("float32"), kernel.astype("float32")
    theirs = keras.ops.conv(batch, weights, stride, padding, dilation_rate=rate)
    ours = cross_correlate(image, dilate(kernel, rate), stride, padding)
    np.testing.assert_allclose(ours, np.asarray(theirs)[0], atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_keras_is_an_oracle_for_transposed_convolution(stride):
    import keras

    image, kernel = drawn(0, 4, 5, 3), drawn(1, 3, 2, 6, 3)
    batch, weights = image[None].astype("float32"), kernel.astype("float32")
    theirs = keras.ops.conv_transpose(batch, weights, stride, padding="valid")
    ours = transpose_convolve(image, kernel, stride)
    theirs = np.asarray(theirs)[0, : ours.shape[0], : ours.shape[1]]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 1), (2, 3)])
def test_keras_is_an_oracle_for_pooling(size, stride):
    import keras

    image = drawn(0, 7, 8, 2)
    batch = image[None].astype("float32")
    for ours, layer in (
        (max_pool, keras.layers.MaxPooling2D),
        (mean_pool, keras.layers.AveragePooling2D),
    ):
        theirs = np.asarray(layer(size, stride)(batch))[0]
        np.testing.assert_allclose(ours(image, size, stride), theirs, atol=1e-6)


def test_finite_differences_are_an_oracle_for_what_one_unit_sees():
    layers = stack(3, "pool", 2)
    gradient, picture = seen_by_one_unit(layers), drawn(0, 10, 10)

    def unit(pixels):
        for kernel, stride in layers:
            pixels = cross_correlate(pixels, kernel, stride)
        return pixels.item()

    for place in ((0, 0), (4, 5), (9, 2)):
        nudge = np.zeros((10, 10))
        nudge[place] = 1
        assert unit(picture + nudge) - unit(picture) == pytest.approx(gradient[place])


# Errors


@pytest.mark.parametrize(
    ("image", "kernel", "message"),
    [
        ([1, 2], [[1]], r"`image` must have shape .*Received: shape \(2,\)"),
        (np.ones((4, 4)), np.ones((3, 3, 1, 1)), r"`kernel` must have shape \(rows, columns\) "),
        (np.ones((4, 4, 3)), np.ones((3, 3)), r"\(rows, columns, 3, filters\).*Received: "),
        (np.ones((3, 9, 9)), np.ones((3, 3, 3, 4)), r"columns, 9, filters\).*Received: shape"),
        (np.ones((4, 4)), np.ones((5, 5)), r"`kernel` must fit into .* 4 pixels. Received: 5"),
        (np.full((4, 4), np.nan), np.ones((2, 2)), r"`image` must hold finite numbers only"),
    ],
)
def test_pictures_and_kernels_that_do_not_fit_are_refused(image, kernel, message):
    with pytest.raises(ValueError, match=message):
        cross_correlate(image, kernel)


def test_a_transposed_kernel_with_other_channels_is_refused():
    with pytest.raises(ValueError, match=r"columns, filters, 3\).*Received: shape \(3, 3, 3, 4\)"):
        transpose_convolve(np.ones((4, 4, 3)), np.ones((3, 3, 3, 4)))


@pytest.mark.parametrize("stride", [0, -1, 1.5, True, "1"])
def test_a_stride_that_is_no_whole_number_above_zero_is_refused(stride):
    for function in (cross_correlate, transpose_convolve):
        with pytest.raises(ValueError, match=r"`stride` must be a whole number.*Received: "):
            function(np.ones((4, 4)), np.ones((2, 2)), stride)


@pytest.mark.parametrize("padding", [-1, 0.5, "full", None])
def test_a_padding_that_is_unknown_is_refused(padding):
    with pytest.raises(ValueError, match=r"`padding` must be .*Received: "):
        cross_correlate(np.ones((4, 4)), np.ones((2, 2)), padding=padding)


def test_other_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match=r"`padding` must leave .*Received: 2"):
        transposed_size(2, kernel=2, padding=2)
    with pytest.raises(ValueError, match=r"`rate` must be .*Received: 0"):
        dilate([[1, 2]], rate=0)
    with pytest.raises(ValueError, match=r"`kernel` must fit .*Received: 3"):
        max_pool(np.ones((2, 2)), size=3)
    with pytest.raises(ValueError, match=r"`second` must have shape \(1, 2\)"):
        map_difference([[1, 2]], [[1], [2]])
    with pytest.raises(ValueError, match=r"`gradient` must not be 0"):
        effective_side(np.zeros((2, 2)))


# The claims of the experiments


def test_every_claim_gets_the_verdict_of_the_page():
    shifts = chapter.SHIFTS.run(independent={"shift": (1, 2)}, progress=False)
    fields = chapter.RECEPTIVE_FIELDS.run(independent={"depth": (1, 3)}, progress=False)
    findings = judge(chapter.CLAIMS, chapter.DEFINITION.quick(), fields, shifts)
    assert [finding.verdict for finding in findings] == [
        Verdict.FAILS,
        Verdict.HOLDS,
        Verdict.DEPENDS,
        Verdict.DEPENDS,
    ]


def test_keras_computes_the_cross_correlation():
    difference = chapter.DEFINITION.quick()["difference"]
    assert float(difference.sel(formula="cross-correlation").max()) < 1e-5
    assert float(difference.sel(formula="convolution").min()) > 0.1


def test_blur_and_sharpen_look_the_same_after_a_quarter_turn():
    responses = chapter.KERNEL_RESPONSES.run(seeds=3, progress=False)
    for name in ("blur", "sharpen"):
        np.testing.assert_allclose(responses["turned"].sel(kernel=name), 1)
    assert float(np.abs(np.log(responses["turned"].sel(kernel="vertical edges"))).min()) > 0.01


def test_a_small_map_moves_exactly_only_by_whole_steps():
    inside = chapter.SHIFTS.run(seeds=3, progress=False)["inside"]
    assert float(inside.sel(after="nothing").max()) < 1e-12
    for after in ("every second", "mean pool", "max pool"):
        assert float(inside.sel(after=after, shift=[2, 4]).max()) < 1e-12
        assert float(inside.sel(after=after, shift=[1, 3]).min()) > 0.05
