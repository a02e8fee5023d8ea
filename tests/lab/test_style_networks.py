"""The networks of style transfer hand over the maps that they promise; judges judge."""

from functools import partial

import numpy as np
import pytest

from dlbook.lab import picture_judges, style_networks
from dlbook.lab.datasets import MissingDataError
from dlbook.lab.picture_judges import judge_by_mobilenet, judge_by_patches
from dlbook.lab.pretrained import imagenet_network
from dlbook.lab.style_networks import (
    VGG19_STYLE,
    filter_bank,
    imagenet_mobilenet,
    imagenet_vgg19,
    small_vgg,
    trained_vgg,
)

PICTURE = np.random.default_rng(0).random((32, 40, 3)).astype(np.float32)


def test_no_filter_of_the_bank_is_louder_than_another():
    maps = np.asarray(filter_bank([PICTURE])(PICTURE[None])["style"][0])[0]
    power = np.sqrt((maps**2).mean(axis=(0, 1)))
    assert maps.shape == (32, 40, 128)
    assert power.max() / power.min() < 2


def test_the_seed_draws_the_filters():
    first, again, other = (filter_bank([PICTURE], seed).get_weights()[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("build", [small_vgg, lambda: filter_bank([PICTURE])])
def test_networks_are_frozen_and_take_any_size(build):
    network = build()
    assert network.trainable_weights == []
    for size in (16, 37):
        maps = network(np.zeros((1, size, size, 3)))
        assert maps["style"][0].shape[1] == size


def test_training_changes_the_small_network_and_then_freezes_it(monkeypatch):
    monkeypatch.setitem(style_networks.TRAINED_ON, "digits", (200, 2, 32))
    network = trained_vgg.__wrapped__("digits", 5)
    assert network.trainable_weights == []
    assert network.accuracy > 0.15
    pairs = zip(network.get_weights(), small_vgg(5).get_weights(), strict=True)
    assert not all(np.array_equal(*pair) for pair in pairs)


def test_training_on_something_else_is_refused():
    with pytest.raises(ValueError, match=r"`images` must be one of digits.*Received: 'cats'"):
        trained_vgg("cats")


def test_vgg19_gives_five_layers_for_style_with_average_pooling():
    import keras

    network = imagenet_vgg19(weights=None)
    maps = network(PICTURE[None])
    assert [one.shape[-1] for one in maps["style"]] == [64, 128, 256, 512, 512]
    assert [one.shape[-1] for one in maps["content"]] == [64, 512]
    assert network.trainable_weights == []
    kinds = {type(layer) for layer in network.layers}
    assert keras.layers.AveragePooling2D in kinds
    assert keras.layers.MaxPooling2D not in kinds
    assert VGG19_STYLE[-1] in [layer.name for layer in network.layers]


def test_the_first_layer_of_vgg19_is_that_of_keras():
    import keras

    network = imagenet_vgg19(weights=None)
    layer = network.get_layer("block1_conv1")
    pixels = keras.applications.vgg19.preprocess_input(255 * PICTURE[None])
    np.testing.assert_allclose(
        network(PICTURE[None])["style"][0], layer(pixels), rtol=1e-3, atol=1e-2
    )


def test_mobilenet_gives_five_layers_for_style():
    maps = imagenet_mobilenet(weights=None)(np.zeros((1, 64, 64, 3)))
    assert [one.shape[1] for one in maps["style"]] == [32, 32, 16, 8, 4]
    assert len(maps["content"]) == 1


@pytest.mark.parametrize(
    "problem",
    [OSError("disk"), ValueError("corrupted file"), Exception("URL fetch failure on https")],
)
def test_missing_weights_are_one_clear_line(problem, monkeypatch):
    import keras

    def refuse(**_):
        raise problem

    monkeypatch.setattr(keras.applications, "VGG19", refuse)
    with pytest.raises(MissingDataError) as told:
        imagenet_vgg19()
    assert str(told.value).startswith("VGG19 needs its ImageNet weights")
    assert "\n" not in str(told.value)


def test_another_failure_keeps_its_name(monkeypatch):
    import keras

    def fail(**_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(keras.applications, "VGG19", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        imagenet_vgg19()


# Judges


def test_patches_know_a_style_by_its_parts_and_a_content_by_its_places():
    rng = np.random.default_rng(1)
    dark, light = 0.3 * rng.random((2, 32, 32, 3)) + np.array([0, 0.6])[:, None, None, None]
    same = judge_by_patches(dark, dark[::-1], dark)
    other = judge_by_patches(dark, light, light)
    assert same["content"] == pytest.approx(0)
    assert same["texture"] < 0.1 * other["texture"]
    assert same["structures"] < 0.2 * other["structures"]
    assert other["content"] > 0.5


def test_mobilenet_judges_a_perfect_match_with_zero(monkeypatch):
    import keras

    untrained = partial(imagenet_network, weights=None)
    monkeypatch.setattr(picture_judges, "imagenet_network", untrained)
    monkeypatch.setattr(picture_judges, "_mobilenet", picture_judges._mobilenet.__wrapped__)
    keras.utils.set_random_seed(0)
    network = picture_judges._mobilenet()
    monkeypatch.setattr(picture_judges, "_mobilenet", lambda: network)
    assert judge_by_mobilenet(PICTURE, PICTURE, PICTURE) == {
        "texture": 0, "structures": 0, "content": 0
    }  # fmt: skip
    assert judge_by_mobilenet(PICTURE, PICTURE[::-1] ** 3, PICTURE)["texture"] > 1e-4
