"""A small convolutional network written with Dense layers on patches, so that its runs stack.

A convolution multiplies every patch of an image with one kernel. That is what a `Dense` layer does
when each patch is a row. So the images are cut into patches once, beforehand, and networks with
two convolutions train in the same stacked program as fully connected ones.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import keras

FILTERS = (16, 32)
BASE = ("convolution_1", "convolution_2")
Weights = Mapping[str, Sequence[np.ndarray]]
"""Name of a layer -> its kernel and bias."""


def patches(images: ArrayLike) -> NDArray:
    """Cut images into the 3x3 patches around each pixel, blocks of pixels together.

    Args:
        images: Shape (examples, height, width, channels); height and width are multiples of 4.

    Returns:
        Shape (examples, blocks, 4 quarters of a block, 4 pixels of a quarter, 9 channels), float32.
        A block is 4x4 pixels. Beyond the edge there are zeros.

    Raises:
        ValueError: If the images have another shape.

    Example:
        >>> patches(np.zeros((5, 8, 8, 1))).shape
        (5, 4, 4, 4, 9)
    """
    pixels = np.asarray(images, np.float32)
    if pixels.ndim != 4 or pixels.shape[1] % 4 or pixels.shape[2] % 4 or not pixels.size:
        raise ValueError(
            "`images` must have the shape (examples, height, width, channels), height and width "
            f"multiples of 4. Received: shape {pixels.shape}"
        )
    count, height, width, channels = pixels.shape
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    cut = windows.reshape(count, height // 4, 2, 2, width // 4, 2, 2, 9 * channels)
    blocks = cut.transpose(0, 1, 4, 2, 5, 3, 6, 7)
    return np.ascontiguousarray(blocks).reshape(count, -1, 4, 4, 9 * channels)


def glyph_network(
    num_classes: int = 10, image_shape: Sequence[int] = (8, 8, 1)
) -> "keras.Sequential":
    """Build a small network for images: two convolutions and a head.

    Args:
        num_classes: Number of outputs.
        image_shape: Height and width (multiples of 4) and channels of the images.

    Returns:
        An untrained model from images to logits. The layer "features" is what enters the head.

    Raises:
        ValueError: The shape is another one.

    Example:
        >>> glyph_network(26).get_layer("features").output.shape
        (None, 128)
    """
    if len(image_shape) != 3 or min(image_shape) < 1 or any(side % 4 for side in image_shape[:2]):
        raise ValueError(
            "`image_shape` must be height and width (multiples of 4) and channels. "
            f"Received: {image_shape!r}"
        )
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(tuple(image_shape)),
            layers.Conv2D(FILTERS[0], 3, padding="same", activation="relu", name=BASE[0]),
            layers.MaxPooling2D(2, name="pooling"),
            layers.Conv2D(FILTERS[1], 2, strides=2, activation="relu", name=BASE[1]),
            layers.Flatten(name="features"),
            layers.Dense(num_classes, name="head"),
        ]
    )


def patch_network(
    num_classes: int = 10, image_shape: tuple[int, int, int] = (8, 8, 1)
) -> "keras.Model":
    """Build two convolutions and a head, for images that were cut into patches.

    It computes what a `glyph_network` computes; the weights are the same numbers in other shapes.

    Args:
        num_classes: Number of outputs.
        image_shape: Height, width and channels of the images, before they were cut.

    Returns:
        A model from `patches` to logits.

    Example:
        >>> patch_network(5).count_params()
        2885
    """
    import keras
    from keras import layers

    height, width, channels = image_shape
    inputs = keras.Input((height * width // 16, 4, 4, 9 * channels))
    values = layers.Dense(FILTERS[0], "relu", name=BASE[0])(inputs)
    values = keras.ops.max(values, axis=3)
    values = layers.Reshape((-1, 4 * FILTERS[0]))(values)
    values = layers.Dense(FILTERS[1], "relu", name=BASE[1])(values)
    values = layers.Flatten(name="features")(values)
    return keras.Model(inputs, layers.Dense(num_classes, name="head")(values))


def patch_features(weights: Weights, inputs: NDArray) -> NDArray:
    """Compute what the base of a `patch_network` hands to its head.

    Args:
        weights: Kernel and bias of both convolutions, in either shape.
        inputs: Patches.

    Returns:
        Shape (examples, 32 blocks), 0 or larger.

    Example:
        >>> ones = {"convolution_1": (np.ones((9, 1)), 0), "convolution_2": (np.ones((4, 1)), 1)}
        >>> patch_features(ones, patches(np.ones((1, 4, 4, 1))))
        array([[37.]])
    """
    (first, bias_1), (second, bias_2) = (weights[layer] for layer in BASE)
    first, second = (one.reshape(-1, one.shape[-1]) for one in (first, second))
    values = np.maximum(inputs @ first + bias_1, 0).max(axis=3)
    values = np.maximum(values.reshape(*values.shape[:2], -1) @ second + bias_2, 0)
    return values.reshape(len(values), -1)
