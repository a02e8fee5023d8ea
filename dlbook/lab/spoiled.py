"""Images as inputs and as targets: whole, under noise, and behind bars."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets
from dlbook.lab.checks import numbers
from dlbook.lab.datasets import Data


def occlude(
    images: ArrayLike, width: int = 1, seed: int = 0, value: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Lay a bar across each image, upright or level, at a random place.

    Args:
        images: Shape (examples, height, width) or (examples, height, width, channels).
        width: Thickness of the bar in pixels.
        seed: Draws directions and places; the same ones for images of the same size.
        value: What covered pixels become.

    Returns:
        The images with their bars, and where these are: True for each covered pixel, shape
        (examples, height, width).

    Raises:
        ValueError: The images have other axes, or the bar is thicker than the image.

    Example:
        >>> images, covered = occlude(np.zeros((2, 3, 3)), seed=1)
        >>> print(images[0].astype(int), covered.sum(axis=(1, 2)))
        [[0 0 0]
         [0 0 0]
         [1 1 1]] [3 3]
    """
    pictures = numbers(images, "images")
    if pictures.ndim not in (3, 4):
        raise ValueError(
            "`images` must have shape (examples, height, width) or (examples, height, width, "
            f"channels). Received: shape {pictures.shape}"
        )
    count, *size = pictures.shape[:3]
    if not 1 <= width <= min(size):
        raise ValueError(f"`width` must be from 1 to {min(size)} pixels. Received: {width!r}")
    generator = np.random.default_rng(seed)
    upright = generator.integers(2, size=(count, 1, 1))
    last = np.where(upright, size[1], size[0]) - width
    first = np.floor(generator.random((count, 1, 1)) * (last + 1))
    line = np.where(upright, np.arange(size[1]), np.arange(size[0])[:, None])
    covered = (first <= line) & (line < first + width)
    where = covered if pictures.ndim == 3 else covered[..., None]
    return np.where(where, value, pictures), covered


def add_noise(images: ArrayLike, strength: float, seed: int = 0) -> np.ndarray:
    """Add a random number between 0 and `strength` to each pixel, and cut what exceeds 1.

    Such noise also makes an image brighter, by half of `strength` on average.

    Args:
        images: Values from 0 to 1, any shape.
        strength: Largest number that is added, 0 or larger.
        seed: Draws the noise; another strength scales the same draws.

    Returns:
        The noisy images, same shape.

    Raises:
        ValueError: `strength` is below 0.

    Example:
        >>> add_noise([0.0, 0.5, 1.0], strength=0.5).round(2)
        array([0.32, 0.63, 1.  ])
    """
    if not strength >= 0:
        raise ValueError(f"`strength` must be 0 or larger. Received: {strength!r}")
    clean = numbers(images, "images")
    return np.minimum(clean + strength * np.random.default_rng(seed).random(clean.shape), 1)


def from_neighbours(images: ArrayLike, covered: ArrayLike) -> np.ndarray:
    """Guess covered pixels without any network: the mean of the free pixels beside them.

    Args:
        images: Shape (examples, height, width).
        covered: True where a pixel is covered, same shape.

    Returns:
        The images with the guesses; 0 where all four neighbours are covered too.

    Example:
        >>> from_neighbours([[[0.2, 1.0, 0.6]]], [[[False, True, False]]])
        array([[[0.2, 0.4, 0.6]]])
    """
    hidden = np.asarray(covered, bool)
    around = ((0, 0), (1, 1), (1, 1))
    free = np.pad(~hidden, around).astype(float)
    seen = np.pad(np.where(hidden, 0, numbers(images, "images", rank=3)), around)
    total, count = (
        one[:, :-2, 1:-1] + one[:, 2:, 1:-1] + one[:, 1:-1, :-2] + one[:, 1:-1, 2:]
        for one in (seen, free)
    )
    return np.where(hidden, total / np.maximum(count, 1), seen[:, 1:-1, 1:-1])


def pictures(seed: int, images: str = "digits", num_examples: int = 20_000) -> Data:
    """Give images as inputs and as targets: 1,080 small digits, or 20,000 of MNIST."""
    if images == "MNIST":
        data = datasets.mnist(seed, num_examples=num_examples)
    else:
        data = datasets.digits(seed)
    return Data(data.x_train, data.x_train, None, None, data.x_test, data.x_test)


def seen_again(seed: int) -> Data:
    """Make the training images the validation images too, to measure after each epoch."""
    data = pictures(seed)
    return replace(data, x_validation=data.x_train, y_validation=data.x_train)


def noisy_pictures(seed: int, training: str, noise: float, images: str = "digits") -> Data:
    """Give noisy test images whose targets are clean; the training images as `training` says."""
    data = pictures(seed, images, 50_000)
    x_train = add_noise(data.x_train, noise, seed) if training == "noisy" else data.x_train
    x_test = add_noise(data.x_test, noise, seed + 1000)
    return replace(data, x_train=_float(x_train), x_test=_float(x_test))


def occluded_pictures(seed: int, training: str) -> Data:
    """Give test images with bars whose targets have none; training images as `training` says."""
    data = pictures(seed)
    x_train = bars_over(data.x_train, seed)[0] if training == "occluded" else data.x_train
    x_test = bars_over(data.x_test, seed + 1000)[0]
    return replace(data, x_train=_float(x_train), x_test=_float(x_test))


def bars_over(rows: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Occlude small digits that are rows of 64 pixels."""
    pair = occlude(rows.reshape(-1, 8, 8), 1, seed)
    return pair[0].reshape(rows.shape), pair[1].reshape(rows.shape)


def _float(values: np.ndarray) -> np.ndarray:
    return values.astype("float32")
