"""Pictures of one soft spot: how wide is it, and where?"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dlbook.lab import datasets
from dlbook.lab.checks import check_count
from dlbook.lab.datasets import Data
from dlbook.lab.moved_images import scramble

if TYPE_CHECKING:
    import keras


def gaussian_images(
    num_examples: int = 500,
    size: int = 24,
    widths: Sequence[float] = (1.8, 2.4),
    noise: float = 0.2,
    seed: int = 0,
) -> Data:
    r"""Draw pictures of one soft spot, of one of several widths, somewhere near the middle.

    $$\exp\left(-\frac{(x - c_x)^2 + (y - c_y)^2}{2 w^2}\right) + \text{noise}$$

    Args:
        num_examples: Pictures of each width, to learn from; there are as many for the test.
        size: Height and width in pixels; they stand for -4 to 4.
        widths: The width $w$ of each class, two or more.
        noise: Standard deviation of what is added to every pixel.
        seed: Draws centers $(c_x, c_y)$, which have a standard deviation of 1.5, and noise.

    Returns:
        Pictures (examples, size, size, 1); labels as class numbers.

    Raises:
        ValueError: An argument is impossible.

    Example:
        >>> gaussian_images(5, size=16)
        Data(train=(10, 16, 16, 1) -> (10,), test=(10, 16, 16, 1) -> (10,))
    """
    check_count("`num_examples`", num_examples)
    check_count("`size`", size, 2)
    if len(widths) < 2 or not all(np.isfinite(one) and one > 0 for one in widths):
        raise ValueError(f"`widths` must be two or more numbers above 0. Received: {widths!r}")
    data = datasets.gaussian_blobs(
        seed, num_examples=num_examples, size=size, widths=tuple(widths), noise=noise
    )
    x, x_test = data.x_train, data.x_test
    return Data(x, _classes(data.y_train), x_test=x_test, y_test=_classes(data.y_test))


def _classes(labels: np.ndarray) -> np.ndarray:
    return labels.ravel().astype(np.int32)


def spots(seed: int, pixels: str = "intact") -> Data:
    """Draw 400 spots of each of two widths to learn from, and as many for the test.

    Args:
        seed: Draws the pictures, and the order of scrambled pixels.
        pixels: "intact" or "scrambled".
    """
    data = _both_widths(seed)
    return data.with_inputs(lambda images: scramble(images, seed)) if pixels != "intact" else data


@lru_cache(maxsize=5)
def _both_widths(seed: int) -> Data:
    return gaussian_images(400, seed=seed)


def places(seed: int, spot: str = "cut off") -> Data:
    """Draw 800 spots to learn from and as many for the test; the answers are x, y and width.

    Args:
        seed: Draws places, widths and noise.
        spot: `"cut off"`: spots so wide and so far out that the border cuts off many of them;
            `"whole"`: small ones that end before it.
    """
    if spot == "cut off":
        return datasets.blob_places(seed, num_examples=800).without_validation()
    generator = np.random.default_rng([seed, 73])
    answers = generator.uniform((-1.2, -1.2, 0.3), (1.2, 1.2, 0.7), (1600, 3)).astype(np.float32)
    across, down, width = answers.T[:, :, np.newaxis, np.newaxis]
    axis = np.linspace(-4, 4, 24)
    distance = (axis - across) ** 2 + (axis[:, np.newaxis] - down) ** 2
    images = np.exp(-distance / (2 * width**2)) + generator.normal(0, 0.2, distance.shape)
    pictures = images[..., np.newaxis].astype(np.float32)
    return Data(pictures[:800], answers[:800], x_test=pictures[800:], y_test=answers[800:])


def explained(model: "keras.Model", data: Data) -> dict[str, float]:
    """Measure which share of the variance of place and width the answers explain."""
    left = ((np.asarray(model(data.x_test)) - data.y_test) ** 2).mean(axis=0)
    share = 1 - left / data.y_test.var(axis=0)
    return {"place": float(share[:2].mean()), "width": float(share[2])}
