"""The committed decoder paints what its file says, and its digits are those of the chapter."""

import json

import numpy as np
import pytest

from dlbook.architectures.autoencoder import build_autoencoder
from tools import digit_plane
from tools.digit_plane import span
from tools.export_model import FOLDER, decode, load_weights


@pytest.fixture(scope="module")
def exported() -> dict:
    """The committed file."""
    return json.loads((FOLDER / "digits_decoder.json").read_text(encoding="utf-8"))


def test_its_digits_are_the_test_digits_of_the_chapter(exported):
    data = digit_plane.pictures()
    assert np.array_equal(decode(exported["images"]) / 16, data.x_test)
    assert np.array_equal(decode(exported["labels"]), data.y_test)
    assert exported["num_train"] == len(data.x_train)


def test_the_decoder_paints_with_the_error_of_the_file(exported):
    data = digit_plane.pictures()
    _, decoder, _ = build_autoencoder(digit_plane.UNITS, 2)
    load_weights(decoder, exported["model"])
    codes = decode(exported["codes"]).astype("float32")
    assert digit_plane.error_of(decoder(codes), data) == pytest.approx(exported["error"], abs=1e-5)
    mean = np.mean((data.x_train.mean(axis=0) - data.x_test) ** 2)
    assert exported["mean_image_error"] == pytest.approx(mean, abs=1e-5)
    assert exported["error"] < 0.75 * exported["mean_image_error"]


def test_the_plane_has_room_for_every_code(exported):
    codes = decode(exported["codes"])
    for axis, (low, high) in enumerate(exported["range"]):
        assert low < codes[:, axis].min() < codes[:, axis].max() < high
    assert span(np.array([[0.0, -1.0], [10.0, 1.0]])) == [[-0.6, 10.6], [-1.2, 1.2]]


def test_training_again_gives_the_same_decoder():
    once, twice = (digit_plane.painter(epochs=2) for _ in range(2))
    for found in (once, twice):
        for layer in found["model"]["layers"]:
            layer.pop("name")  # Keras counts them on
    assert once == twice
    assert once["error"] < once["mean_image_error"]
