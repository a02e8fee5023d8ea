"""Altered copies of small square images, for data augmentation."""

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers
from dlbook.lab.moved_images import shift_images

KINDS = ("none", "noise", "shifts", "mirror")
MOVES = ((1, 0), (-1, 0), (0, 1), (0, -1))


def add_noise(images: ArrayLike, amount: float, seed: int = 0) -> np.ndarray:
    """Add to every pixel a random number between 0 and `amount`.

    Args:
        images: Pixels, any shape.
        amount: The largest addition, 0 or more.
        seed: Draws the noise.

    Returns:
        New images of the same shape.

    Example:
        >>> add_noise([[0.0, 1.0]], 0.5).round(2)
        array([[0.24, 1.42]])
    """
    pixels = numbers(images, "images")
    return pixels + np.random.default_rng([seed, 51]).uniform(0, amount, pixels.shape)


def shift(images: ArrayLike, down: ArrayLike, right: ArrayLike) -> np.ndarray:
    """Move square images by whole pixels; what moves out is lost, what comes in is paper (0).

    Args:
        images: Shape (images, pixels), each a square read row by row.
        down: Pixels to move down, one whole number for all images or one for each; below 0: up.
        right: Pixels to move to the right, likewise; below 0: to the left.

    Returns:
        The moved images, same shape.

    Raises:
        ValueError: The images are not square.

    Example:
        >>> shift([[1, 2, 3, 4]], 1, 0)
        array([[0., 0., 1., 2.]])
    """
    pixels = numbers(images, "images", rank=2)
    side = round(pixels.shape[1] ** 0.5)
    if side**2 != pixels.shape[1]:
        raise ValueError(f"`images` must be square. Received: {pixels.shape[1]} pixels")
    moved = shift_images(pixels.reshape(-1, side, side, 1), down, right)
    return moved.reshape(pixels.shape)


def mirror(images: ArrayLike) -> np.ndarray:
    """Swap left and right of square images.

    Args:
        images: Shape (images, pixels), each a square read row by row.

    Returns:
        The mirrored images, same shape.

    Example:
        >>> mirror([[1, 2, 3, 4]])
        array([[2., 1., 4., 3.]])
    """
    pixels = numbers(images, "images", rank=2)
    side = round(pixels.shape[1] ** 0.5)
    return pixels.reshape(-1, side, side)[:, :, ::-1].reshape(pixels.shape)


def altered(images: ArrayLike, kind: str, seed: int = 0) -> np.ndarray:
    """Alter each image a little, so that it still shows the same.

    Args:
        images: Shape (images, pixels), each a square read row by row.
        kind: "noise" (up to 0.5 for each pixel), "shifts" (each image by one pixel, up, down, left
            or right), "mirror" (left and right swapped) or "none" (plain copies).
        seed: Draws noise and directions.

    Returns:
        New images, same shape.

    Raises:
        ValueError: `kind` is none of these.

    Example:
        >>> altered([[1, 2, 3, 4]], "none")
        array([[1., 2., 3., 4.]])
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}. Received: {kind!r}")
    pixels = numbers(images, "images", rank=2)
    if kind == "noise":
        return add_noise(pixels, 0.5, seed)
    if kind == "shifts":
        which = np.random.default_rng([seed, 53]).integers(len(MOVES), size=len(pixels))
        return shift(pixels, *np.array(MOVES)[which].T)
    return mirror(pixels) if kind == "mirror" else pixels
