"""Any common picture opens upright, in colour, on white; the rest is refused in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dlbook.lab.open_picture import PictureError, as_picture, open_picture, resized

GRADIENT = np.linspace(0, 255, 40 * 60).reshape(40, 60)


@pytest.fixture
def colors():
    return Image.fromarray(np.stack([GRADIENT, GRADIENT[::-1], 255 - GRADIENT], -1).astype("u1"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM"])
def test_common_formats_hold_the_same_picture(kind, colors, tmp_path):
    colors.save(tmp_path / "picture", format=kind)
    found = open_picture(tmp_path / "picture", 60)
    assert found.shape == (40, 60, 3)
    assert found.dtype == np.float32
    assert np.abs(found - np.asarray(colors) / 255).mean() < 0.05


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB", "HSV"]
)
def test_every_mode_becomes_red_green_and_blue(mode, colors, tmp_path):
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "LAB") else "PNG"
    picture = colors.convert(mode) if mode not in ("LAB", "HSV") else colors
    picture.save(tmp_path / "picture", format=kind)
    found = open_picture(tmp_path / "picture", 60)
    assert found.shape == (40, 60, 3)
    assert found.min() >= 0
    assert found.max() <= 1
    assert found.std() > 0.1


def test_sixteen_bits_of_grey_are_no_white_picture(tmp_path):
    Image.fromarray((GRADIENT * 257).astype(np.uint16)).save(tmp_path / "deep.png")
    found = open_picture(tmp_path / "deep.png", 60)
    assert np.abs(found[..., 0] - GRADIENT / 255).max() < 0.05


def test_floats_of_any_range_are_stretched(tmp_path):
    Image.fromarray((GRADIENT * 9 - 70).astype(np.float32)).save(tmp_path / "floats.tiff")
    found = open_picture(tmp_path / "floats.tiff", 60)
    assert np.abs(found[..., 0] - GRADIENT / 255).max() < 0.05


@pytest.mark.parametrize(("orientation", "turned"), [(3, 2), (6, 3), (8, 1)])
def test_the_rotation_that_a_camera_noted_is_carried_out(orientation, turned, colors, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    colors.save(tmp_path / "photo.png", exif=exif)
    upright = np.rot90(np.asarray(colors), turned) / 255
    found = open_picture(tmp_path / "photo.png", 60)
    assert found.shape == upright.shape
    assert np.abs(found - upright).max() < 0.05


def test_what_is_transparent_lies_on_white(tmp_path):
    clear = np.zeros((40, 40, 4), np.uint8)
    clear[:20, :, 3] = 255
    Image.fromarray(clear).save(tmp_path / "clear.png")
    found = open_picture(tmp_path / "clear.png", 40)
    assert found[:18].max() < 0.05
    assert found[22:].min() > 0.95


def test_a_palette_with_one_transparent_colour_lies_on_white_too(tmp_path):
    picture = Image.new("P", (40, 40), 0)
    picture.putpalette([10, 20, 30] * 256)
    picture.save(tmp_path / "clear.gif", transparency=0)
    assert open_picture(tmp_path / "clear.gif", 40).min() > 0.95


def test_of_a_moving_picture_the_first_one_counts(tmp_path):
    black, white = Image.new("L", (30, 30), 0), Image.new("L", (30, 30), 255)
    black.save(tmp_path / "moving.gif", save_all=True, append_images=[white])
    assert open_picture(tmp_path / "moving.gif", 30).max() < 0.05


def test_large_pictures_shrink_and_small_ones_grow(colors, tmp_path):
    colors.resize((3000, 2000)).save(tmp_path / "large.jpg")
    colors.resize((24, 16)).save(tmp_path / "small.png")
    large, small = (open_picture(tmp_path / one, 120) for one in ("large.jpg", "small.png"))
    assert large.shape == small.shape == (80, 120, 3)
    assert np.abs(large - small).mean() < 0.05


# Arrays


@given(st.integers(16, 40), st.integers(16, 40), st.sampled_from(["grey", 1, 3, 4]))
def test_arrays_of_any_size_and_channels_become_pictures(height, width, channels):
    shape = (height, width) if channels == "grey" else (height, width, channels)
    found = as_picture(np.full(shape, 0.25))
    assert found.shape == (height, width, 3)
    paper = 0.25 * 0.25 + 0.75
    assert np.allclose(found, paper if channels == 4 else 0.25)


def test_bytes_and_floats_by_hand():
    assert as_picture(np.full((16, 16), 51, np.uint8))[0, 0].tolist() == pytest.approx([0.2] * 3)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros(16),
        np.zeros((16, 16, 2)),
        np.zeros((15, 16)),
        np.zeros((2, 16, 16, 3)),
        np.full((16, 16), "a"),
        np.zeros((16, 16), complex),
    ],
)
def test_arrays_of_other_shapes_are_refused(pixels):
    with pytest.raises(PictureError, match=r"`mine` must have shape .*Received: shape"):
        as_picture(pixels, "mine")


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, 255.0])
def test_values_out_of_range_are_refused(value):
    with pytest.raises(PictureError, match=r"bytes, or floats from 0 to 1. Received: "):
        as_picture(np.full((16, 16), value))


def test_a_strip_that_would_vanish_is_refused():
    with pytest.raises(PictureError, match=r"keep at least 16 pixels.*Received: 400 x 20 pixels"):
        resized(np.zeros((20, 400)), 100)


@given(st.integers(16, 60), st.integers(16, 60), st.integers(60, 90))
def test_resizing_keeps_proportions_and_range(height, width, size):
    found = resized(np.random.default_rng(0).random((height, width)), size)
    assert max(found.shape) == size
    assert abs(found.shape[0] / found.shape[1] - height / width) < 0.06 * height / width + 0.02
    assert 0 <= found.min() <= found.max() <= 1
