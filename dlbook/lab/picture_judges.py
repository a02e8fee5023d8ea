"""Judges of a picture that no style transfer has optimized: how far from a style, and a content."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbook.lab.open_picture import resized
from dlbook.lab.pretrained import imagenet_network

if TYPE_CHECKING:
    import keras

PATCH = 5
DIRECTIONS = 64
COARSE = 4
MOBILENET_SIDE = 224
MOBILENET = {
    "texture": ("Conv1_relu", "block_1_expand_relu"),
    "structures": ("block_6_expand_relu", "block_13_expand_relu"),
    "content": ("block_6_expand_relu",),
}


def judge_by_patches(picture: NDArray, style: NDArray, content: NDArray) -> dict[str, float]:
    """Compare pictures without any network.

    `texture`: patches of 5 x 5 pixels are seen from 64 random directions, and the two sorted lists
    of numbers are subtracted (sliced Wasserstein distance); `structures`: the same on pictures
    four times smaller; `content`: 1 minus the correlation of the lightness with the content's.

    Args:
        picture: Shape `(height, width, 3)`, 0 to 1.
        style: The same, of any size.
        content: The same, of the picture's size.

    Returns:
        Three numbers, each 0 for a perfect match.

    Example:
        >>> flat = np.zeros((20, 20, 3), np.float32)
        >>> judge_by_patches(flat, flat, np.random.default_rng(0).random((20, 20, 3)))["texture"]
        0.0
    """
    pairs = {"texture": (picture, style), "structures": (_coarse(picture), _coarse(style))}
    found = {name: _sliced(*map(_patches, pair)) for name, pair in pairs.items()}
    lightness = np.stack([one.mean(axis=-1).ravel() for one in (picture, content)])
    with np.errstate(invalid="ignore"):
        match = np.nan_to_num(np.corrcoef(lightness)[0, 1])
    return {**found, "content": float(1 - match)}


def judge_by_mobilenet(picture: NDArray, style: NDArray, content: NDArray) -> dict[str, float]:
    """Compare pictures by the maps of MobileNetV2, trained on ImageNet.

    `texture` and `structures`: relative error of the Gram matrices of two early and two later
    layers; `content`: relative error of the maps of a later layer.

    Args:
        picture: Shape `(height, width, 3)`, 0 to 1.
        style: The same, of any size.
        content: The same, of the picture's size.

    Returns:
        Three numbers, each 0 for a perfect match.

    Raises:
        MissingDataError: If the weights are not on this computer and cannot be downloaded.
    """
    seen, wanted, kept = (_mobilenet_maps(one) for one in (picture, style, content))
    found = {
        part: float(
            np.mean([_relative(_gram(seen[name]), _gram(wanted[name])) for name in MOBILENET[part]])
        )
        for part in ("texture", "structures")
    }
    (layer,) = MOBILENET["content"]
    return {**found, "content": float(_relative(seen[layer], kept[layer]))}


JUDGES = {"patches": judge_by_patches, "MobileNetV2": judge_by_mobilenet}


def _coarse(picture: NDArray) -> NDArray:
    height, width = (side // COARSE * COARSE for side in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // COARSE, COARSE, width // COARSE, COARSE, 3)
    return blocks.mean(axis=(1, 3))


def _patches(picture: NDArray) -> NDArray:
    windows = np.lib.stride_tricks.sliding_window_view(picture, (PATCH, PATCH), axis=(0, 1))
    return windows.reshape(-1, 3 * PATCH**2)


def _sliced(first: NDArray, second: NDArray) -> float:
    """Mean distance of two clouds of points over random directions."""
    directions = np.random.default_rng(0).standard_normal((first.shape[1], DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    shares = np.linspace(0, 1, 201)
    places = [np.quantile(cloud @ directions, shares, axis=0) for cloud in (first, second)]
    return float(np.abs(places[0] - places[1]).mean())


@cache
def _mobilenet() -> "keras.Model":
    import keras

    whole = imagenet_network("MobileNetV2", MOBILENET_SIDE, pooling=None)
    names = dict.fromkeys(name for part in MOBILENET.values() for name in part)
    return keras.Model(whole.input, {name: whole.get_layer(name).output for name in names})


def _mobilenet_maps(picture: NDArray) -> Mapping[str, Any]:
    import keras

    square = np.asarray(
        keras.ops.image.resize(
            resized(picture, MOBILENET_SIDE), (MOBILENET_SIDE, MOBILENET_SIDE), "bilinear"
        )
    )
    maps = _mobilenet()(2 * square[None] - 1)
    return {name: np.asarray(one)[0] for name, one in maps.items()}


# A judge shares no code with what it judges: `gram` and `relative_error`, by which style transfer
# paints, stand in its own modules, and a mistake in them would show here.


def _gram(maps: NDArray) -> NDArray:
    flat = maps.reshape(-1, maps.shape[-1])
    return flat.T @ flat / flat.size


def _relative(found: NDArray, wanted: NDArray) -> float:
    return ((found - wanted) ** 2).sum() / (wanted**2).sum()
