"""Drawings become pictures like those of the data, and the committed networks read them."""

import json

import numpy as np
import pytest

from tools import digit_models
from tools.digit_models import fitted_picture, framed, reading_network
from tools.export_model import FOLDER, decode, load_weights
from tools.pen_digits import HANDS, written

LINE = [np.array([[0.5, 0.2], [0.5, 0.6]])]


@pytest.fixture(scope="module")
def exported() -> dict:
    """The committed file."""
    return json.loads((FOLDER / "digits_cnn.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def networks(exported) -> dict:
    """The committed networks, in Keras."""
    found = {head: reading_network(head) for head in exported["networks"]}
    for head, network in found.items():
        load_weights(network, exported["networks"][head]["model"])
    return found


def test_a_picture_has_the_ink_of_the_data():
    data = digit_models.written_digits()
    ink = [fitted_picture(strokes).sum() for strokes, _ in written(0, 5)]
    assert np.mean(ink) == pytest.approx(data.x_train.sum(axis=(1, 2, 3)).mean(), rel=0.05)


def test_a_picture_stands_where_the_data_stand():
    data = digit_models.written_digits().x_train[..., 0]
    drawn = np.array([fitted_picture(strokes) for strokes, _ in written(1, 5)])
    for axis in (1, 2):
        shares = [images.sum(axis=axis).mean(axis=0) / 19.5 for images in (data, drawn)]
        assert shares[1] == pytest.approx(shares[0], abs=0.06)


def test_place_and_size_of_a_drawing_do_not_matter():
    for hands in HANDS.values():
        small = [0.1 + 0.4 * points for points in hands[0]]
        change = np.abs(fitted_picture(small) - fitted_picture(hands[0]))
        assert change.max() <= 2 / 16  # a pixel of 32x32 on a border may fall to either side


def test_a_line_and_a_dot_keep_their_shape():
    line, dot = fitted_picture(LINE), fitted_picture([np.array([[0.9, 0.1]])])
    assert np.array_equal(line, line[:, ::-1])
    assert line[:, 2:6].sum() == line.sum() > 15
    assert dot[2:6, 2:6].sum() == dot.sum() > 4
    assert fitted_picture([]).sum() == 0


def test_altered_digits_stay_pictures():
    images = framed(digit_models.written_digits().x_train[:40])
    changed = digit_models.altered(images, np.random.default_rng(0))
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert 0.02 < np.abs(changed - images).mean() < 0.2


def test_the_file_tells_how_often_its_networks_are_right(exported, networks):
    data = digit_models.written_digits()
    assert (exported["num_train"], exported["num_test"]) == (len(data.x_train), len(data.x_test))
    assert exported["num_stroked"] == 10 * digit_models.NUM_STROKED
    for head, network in networks.items():
        written_down = exported["networks"][head]
        assert written_down["accuracy"] == digit_models.accuracies(network, data)
        assert written_down["weights"] == network.count_params()
        assert written_down["accuracy"][0] > 0.95


def test_its_examples_are_digits_that_it_has_not_learned_from(exported):
    data = digit_models.written_digits()
    for digit, example in enumerate(decode(exported["examples"]) / 16):
        same = [
            np.abs(x[..., 0] - example).max(axis=(1, 2)) == 0 for x in (data.x_train, data.x_test)
        ]
        assert not same[0].any()
        assert data.y_test[same[1]].tolist() == [digit]


def test_both_networks_read_strokes_that_they_have_not_learned_from(networks):
    drawings = written(digit_models.SEED + 1, 20)
    images = framed(np.array([fitted_picture(strokes) for strokes, _ in drawings])[..., np.newaxis])
    labels = np.array([digit for _, digit in drawings])
    for network in networks.values():
        right = np.argmax(network(images.astype("float32")), axis=1) == labels
        assert right.mean() > 0.95


def test_training_again_gives_the_same_networks(monkeypatch):
    monkeypatch.setattr(digit_models, "NUM_STROKED", 10)
    once, twice = (digit_models.readers(epochs=1)["networks"] for _ in range(2))
    for head in digit_models.HEADS:
        assert once[head]["accuracy"] == twice[head]["accuracy"]
        assert once[head]["accuracy"][0] > 0.2  # after one epoch, guessing is 0.1
        kernels = [
            [layer.get("kernel") for layer in found[head]["model"]["layers"]]
            for found in (once, twice)
        ]
        assert kernels[0] == kernels[1]
        assert once[head]["model"]["layers"][-1]["name"] == "probabilities"
