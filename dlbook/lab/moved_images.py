"""Images whose pixels have been moved: all the same way, each its own way, or dealt out anew."""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets
from dlbook.lab.checks import numbers
from dlbook.lab.datasets import Data

LARGEST_SHIFT = 2


def shift_images(images: ArrayLike, down: ArrayLike, right: ArrayLike) -> np.ndarray:
    """Move images by whole pixels; what moves out is lost, what comes in is 0.

    Args:
        images: Shape (images, height, width, channels).
        down: Pixels to move down, one whole number for all images or one for each; below 0: up.
        right: Pixels to move to the right, likewise; below 0: to the left.

    Returns:
        The moved images, same shape.

    Raises:
        ValueError: `images` has not four axes.

    Example:
        >>> shift_images([[[[1], [2]], [[3], [4]]]], 1, 0)[0, :, :, 0]
        array([[0., 0.],
               [1., 2.]])
    """
    pixels = numbers(images, "images", rank=4)
    border = np.max(np.abs([*np.ravel(down), *np.ravel(right)]))
    wide = np.pad(pixels, ((0, 0), (border, border), (border, border), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(wide, pixels.shape[1:3], axis=(1, 2))
    moved = views[np.arange(len(pixels)), border - np.asarray(down), border - np.asarray(right)]
    return np.moveaxis(moved, 1, -1)


def shifted_at_random(images: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Move each image by its own whole numbers of pixels, from `-most` to `most` both ways."""
    ways = np.array(list(product(range(-most, most + 1), repeat=2)))
    which = np.random.default_rng([seed, 71]).integers(len(ways), size=len(images))
    return shift_images(images, *ways[which].T).astype(images.dtype)


def scramble(images: np.ndarray, seed: int) -> np.ndarray:
    """Deal out the pixels of all images anew, in the same order for each."""
    count = int(np.prod(images.shape[1:]))
    order = np.random.default_rng([seed, 72]).permutation(count)
    return images.reshape(len(images), count)[:, order].reshape(images.shape)


def padded_digits(seed: int, training: str = "intact") -> Data:
    """Put 8 x 8 digits in the middle of 12 x 12 pixels.

    Args:
        seed: Says which digits are for the test, and draws everything else.
        training: `"intact"`; `"scrambled"`: the pixels of all images, those of the test too, are
            dealt out anew in one order; `"shifted"`: each training image is moved by up to two
            pixels down or up and right or left.

    Returns:
        1,440 images to learn from, 357 for the test.
    """
    data = datasets.digits(seed, validation=0, images=True)
    data = data.with_inputs(lambda images: np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0))))
    if training == "shifted":
        moved = shifted_at_random(data.x_train, LARGEST_SHIFT, seed)
        return Data(moved, data.y_train, x_test=data.x_test, y_test=data.y_test)
    return data.with_inputs(lambda images: scramble(images, seed)) if training != "intact" else data


def shifted_digits(seed: int) -> Data:
    """Take digits that are moved at random, both to learn from and for the test."""
    data = padded_digits(seed, "shifted")
    moved = shifted_at_random(data.x_test, LARGEST_SHIFT, seed + 10_000).astype(np.float32)
    return Data(data.x_train, data.y_train, x_test=moved, y_test=data.y_test)
