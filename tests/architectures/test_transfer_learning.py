"""A base that has learned something else is worth most where there is little of one's own."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook.architectures import transfer_learning as chapter
from dlbook.architectures.transfer_learning import base_of, features, freeze, with_new_head
from dlbook.lab import datasets, photo_features, source_networks
from dlbook.lab.claims import Evidence
from dlbook.lab.datasets import MissingDataError
from dlbook.lab.hidden import relu_activations
from dlbook.lab.patches import glyph_network, patch_features, patch_network, patches
from dlbook.lab.pretrained import fit_to_network, imagenet_network


@pytest.fixture(scope="module")
def model():
    import keras

    keras.utils.set_random_seed(1)
    return glyph_network(26)


def images(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


# Laws


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_patches_hold_every_pixel_nine_times_but_at_the_edge(high, wide, channels, seed):
    pixels = images(2, 4 * high, 4 * wide, channels, seed=seed)
    cut = patches(pixels)
    assert cut.shape == (2, high * wide, 4, 4, 9 * channels)
    middle = cut.reshape(-1, 9, channels)[:, 4]
    np.testing.assert_allclose(np.sort(middle.reshape(-1)), np.sort(pixels.reshape(-1)), rtol=1e-6)


@given(st.integers(1, 40))
@settings(max_examples=8, deadline=None)
def test_a_frozen_base_leaves_only_the_head_to_learn(num_classes):
    network = with_new_head(freeze(base_of(glyph_network(), "features")), num_classes)
    counted = sum(int(np.prod(one.shape)) for one in network.trainable_weights)
    assert counted == 128 * num_classes + num_classes
    freeze(network, frozen=False)
    assert len(network.trainable_weights) == 6


# A case worked by hand


def test_one_patch_of_ones_by_hand():
    one = {
        "convolution_1": (np.ones((9, 1)), np.zeros(1)),
        "convolution_2": (np.ones((4, 1)), np.full(1, -30)),
    }
    # the middle patches hold 9 ones each, and each quarter has one of them: 4 x 9 - 30
    assert patch_features(one, patches(np.ones((1, 4, 4, 1)))).tolist() == [[6.0]]


# Independent oracles


def test_convolutions_of_keras_are_the_oracle_of_the_network_on_patches():
    model = glyph_network(7, (12, 8, 2))
    twin = patch_network(7, (12, 8, 2))
    pairs = zip(model.get_weights(), twin.get_weights(), strict=True)
    twin.set_weights([one.reshape(other.shape) for one, other in pairs])
    pixels = images(3, 12, 8, 2)
    np.testing.assert_allclose(twin(patches(pixels)), model(pixels), atol=1e-5)
    weights = {one.name: one.get_weights() for one in model.layers}
    np.testing.assert_allclose(
        patch_features(weights, patches(pixels)), features(model, pixels, "features"), atol=1e-5
    )


def test_features_are_those_that_keras_computes(model):
    import keras

    pixels = images(150, 8, 8, 1)
    expected = keras.Model(model.inputs[0], model.get_layer("pooling").output)(pixels)
    found = features(model, pixels, "pooling")
    np.testing.assert_allclose(found, np.array(expected).reshape(150, -1), atol=1e-6)


def test_training_the_copy_leaves_the_first_network_as_it_was(model):
    before = [one.copy() for one in model.get_weights()]
    network = with_new_head(base_of(model, "features"), 3)
    network.compile("adam", "mean_squared_error")
    start = network.get_weights()[0].copy()
    network.fit(images(8, 8, 8, 1), images(8, 3), verbose=0)
    assert np.abs(network.get_weights()[0] - start).max() > 0
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


def test_a_frozen_base_stays_and_a_tuned_one_moves():
    for frozen in (True, False):
        base = freeze(base_of(glyph_network(), "features"), frozen)
        network = with_new_head(base, 2)
        network.compile("sgd", "mean_squared_error")
        before = network.get_weights()
        network.fit(images(8, 8, 8, 1), images(8, 2), verbose=0)
        moved = np.abs(network.get_weights()[0] - before[0]).max() > 0
        assert moved is not frozen
        assert np.abs(network.get_weights()[-2] - before[-2]).max() > 0


def test_images_of_another_size_and_number_of_channels_can_be_used():
    network = glyph_network(4, (32, 20, 3))
    assert features(network, images(2, 32, 20, 3)).shape == (2, 4)
    assert features(network, images(2, 32, 20, 3), "features").shape == (2, 8 * 5 * 32)


# Errors


def test_what_does_not_fit_is_refused(model):
    with pytest.raises(ValueError, match=r"`images` must have the shape.*Received: shape \(3, 9"):
        features(model, images(3, 9, 9, 1))
    with pytest.raises(ValueError, match=r"`images` must have the shape.*Received: shape \(0, 8"):
        features(model, images(0, 8, 8, 1))
    with pytest.raises(ValueError, match=r"`layer` must be one of convolution_1.*Received: 'last'"):
        base_of(model, "last")
    with pytest.raises(ValueError, match=r"`num_classes` must be 1 or more. Received: 0"):
        with_new_head(model, 0)
    with pytest.raises(ValueError, match=r"`image_shape` must be height and.*Received: \(9, 8, 1"):
        glyph_network(10, (9, 8, 1))
    with pytest.raises(
        ValueError, match=r"`images` must have the shape.*Received: shape \(2, 8, 8"
    ):
        patches(images(2, 8, 8))


def test_photographs_in_another_range_or_shape_are_refused():
    with pytest.raises(ValueError, match=r"between 0 and 255, not between 0 and 1. Received: from"):
        fit_to_network(images(1, 32, 32, 3))
    with pytest.raises(ValueError, match=r"`photographs` must have the shape.*Received: shape"):
        fit_to_network(np.full((32, 32, 3), 200))
    with pytest.raises(ValueError, match=r"`name` must be a network of keras.*Received: 'Mobile'"):
        imagenet_network("Mobile")


def test_without_a_network_one_clear_line_says_what_to_do(monkeypatch, tmp_path):
    from keras.src.utils import file_utils

    def no_network(*_, **__):
        raise Exception("URL fetch failure: no network")

    monkeypatch.setattr(file_utils, "get_file", no_network)
    with pytest.raises(MissingDataError) as caught:
        imagenet_network()
    message = str(caught.value)
    assert "models" in message
    assert "a network that you train yourself" in message
    assert "no network" in message.split("Received: ")[1]
    assert "\n" not in message


# ImageNet weights


@pytest.fixture(scope="module")
def weights_of_mobilenet() -> dict[str, np.ndarray]:
    """Published quantized weights of MobileNetV2, where the files are."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("DLBOOK_TEST_DATA", root.parent / "shared" / "data")) / "models"
    path = folder / "mobilenet_v2_1.0_224_imagenet1001_u8.npz"
    if not path.is_file():
        pytest.skip(f"the weights of MobileNetV2 are not in {folder} (set DLBOOK_TEST_DATA)")
    with np.load(path) as file:
        return dict(file)


def dequantized(weights: dict[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    kernel = weights[f"{name}/q"].astype(np.float32) - weights[f"{name}/zero"]
    return kernel * weights[f"{name}/scale"], weights[f"{name}/bias"]


def fill(network, weights: dict[str, np.ndarray]) -> None:
    """Put folded weights into a Keras model: the bias goes into the normalization that follows."""
    waiting = None
    for layer in network.layers:
        if f"{layer.name}/q" in weights:
            kernel, waiting = dequantized(weights, layer.name)
            layer.set_weights([kernel.reshape(layer.get_weights()[0].shape)])
        elif type(layer).__name__ == "BatchNormalization":
            ones = np.ones_like(waiting)
            layer.set_weights([ones, waiting, 0 * ones, (1 - layer.epsilon) * ones])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_imagenet_path_sees_a_palace_and_features_worth_having(weights_of_mobilenet, tmp_path):
    network = imagenet_network(image_size=224, weights=None)
    fill(network, weights_of_mobilenet)
    network.save_weights(tmp_path / "mobile.weights.h5")
    loaded = imagenet_network(image_size=224, weights=tmp_path / "mobile.weights.h5")
    photographs = [datasets.photograph(name)[None] for name in ("china", "flower")]
    inputs = np.concatenate([fit_to_network(one, 224) for one in photographs])
    seen = features(loaded, inputs)
    kernel, bias = dequantized(weights_of_mobilenet, "predictions")
    logits = seen @ kernel.reshape(1280, -1) + bias
    assert logits.argmax(axis=1).tolist() == [699, 600]  # 0 is the background: palace, honeycomb


# The claims of the experiments


@pytest.fixture(scope="module")
def shots():
    return chapter.SHOTS.run(seeds=5, independent={"shots": (1,)}, progress=False)


def test_a_base_is_no_worse_than_nothing_where_there_is_one_digit_of_each_class(shots):
    accuracy = shots["test_accuracy"].mean("seed").squeeze("shots")
    assert shots.attrs["engine"] == "stacked"
    assert 0.5 < float(accuracy.sel(start="scratch")) < 0.72
    assert float(accuracy.sel(start="tuned digits") - accuracy.sel(start="scratch")) > -0.03


def test_layers_that_learned_0_to_4_are_worse_than_pixels_for_5_to_9():
    results = chapter.NEAR_TASK.quick(num_seeds=5)
    accuracy = results["test_accuracy"].mean("seed").sel(source="0 to 4")
    assert (accuracy.sel(layer=2) < accuracy.sel(layer=0) - 0.08).all()
    source = source_networks.pretrained("0 to 4", 0)
    layers = [(kernel, bias) for kernel, bias in source.values()]
    data = source_networks.half_of_the_digits(0, 0)
    logits = relu_activations(layers, data.x_test)[-1]
    assert np.mean(logits.argmax(axis=1) == data.y_test) > 0.95


def test_claims_about_few_examples_can_be_decided(shots):
    for claim in chapter.CLAIMS:
        if claim.experiment is chapter.SHOTS:
            evidence = claim.decide(shots).evidence
            assert all(isinstance(one, Evidence) and np.isfinite(one.effect) for one in evidence)
    depth = chapter.DEPTH.quick(2)
    claim = next(one for one in chapter.CLAIMS if one.experiment is chapter.DEPTH)
    assert [one.condition for one in claim.decide(depth).evidence] == ["6 layers minus 1"]


def test_a_new_head_is_not_the_one_with_which_the_base_grew_up():
    network = chapter.started(0, "tuned digits")
    first = source_networks.pretrained("untrained", 0)["head"][0]
    assert not np.array_equal(network.get_layer("head").get_weights()[0], first)
    base = source_networks.pretrained("digits", 0)["convolution_1"][0]
    np.testing.assert_array_equal(network.get_layer("convolution_1").get_weights()[0], base)


def test_photographs_are_split_anew_for_each_seed_and_never_shared(monkeypatch):
    pixels = np.arange(5000, dtype=np.float32)[:, None]
    both = (pixels, np.arange(5000) % 10)
    monkeypatch.setattr(photo_features, "photographs", lambda: both)
    first, second = (chapter.photo_data(seed, "small network from scratch") for seed in (0, 1))
    assert (len(first.x_train), len(first.x_test)) == (4000, 1000)
    assert not set(first.x_train.ravel()) & set(first.x_test.ravel())
    assert not np.array_equal(first.x_test, second.x_test)


def test_features_of_photographs_are_z_scores_by_the_photographs_to_learn_from(monkeypatch):
    faint = np.random.default_rng(0).normal(1, 2, size=(5000, 1280)).astype(np.float32) * 1e-12
    faint[:, 7] = 1e-12
    monkeypatch.setattr(photo_features, "photographs", lambda: (None, np.arange(5000) % 10))
    monkeypatch.setattr(photo_features, "seen_by", lambda weights, seed: faint)
    data = chapter.photo_data(0, "untrained MobileNetV2")
    assert not data.x_train[:, 7].any()
    others = np.delete(data.x_train, 7, axis=1)
    np.testing.assert_allclose(others.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(others.std(axis=0), 1, atol=1e-4)
    assert abs(np.delete(data.x_test, 7, axis=1).mean(axis=0)).max() > 0.01
