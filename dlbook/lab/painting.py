"""Paints by training: the pixels of a picture are what an optimizer changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbook.lab.open_picture import SMALLEST_SIDE

LEARNING_RATE = 0.05
STEPS = (150, 150, 200)
"""At each scale, the last one the full size: what made the best pictures within 20 seconds."""


@dataclass(frozen=True)
class Transferred:
    """A finished picture, and how its two losses fell.

    Attributes:
        picture: Shape (height, width, 3), 0 to 1.
        losses: Content loss and style loss before each step, shape (steps, 2).
    """

    picture: NDArray
    losses: NDArray


def begin(content: NDArray, start: int | str) -> NDArray:
    """Return the target before the first step: the content, or random pixels around grey.

    Args:
        content: The content picture.
        start: `"content"`, or the seed of the random numbers.

    Returns:
        Pixels of the same shape, 0 to 1.

    Example:
        >>> begin(np.zeros((16, 16, 3)), 0).mean().round(1)
        np.float32(0.5)
    """
    if start == "content":
        return content
    noise = np.random.default_rng(int(start)).standard_normal(content.shape)
    return (0.5 + 0.15 * noise).clip(0, 1).astype(np.float32)


def enlarged(target: NDArray, content: NDArray) -> NDArray:
    """Enlarge a target to the size of the next scale.

    Args:
        target: Shape (height, width, 3).
        content: The content picture at the next scale.

    Returns:
        The target in the content's shape.

    Example:
        >>> enlarged(np.zeros((16, 16, 3)), np.zeros((32, 33, 3))).shape
        (32, 33, 3)
    """
    import keras

    size = content.shape[:2]
    larger: Any = keras.ops.image.resize(target.astype(np.float32), size, interpolation="bicubic")
    return np.asarray(larger).clip(0, 1)


def paint(
    target: NDArray,
    losses: Callable[[Any], tuple[Any, Any, Any]],
    steps: int,
    *,
    clip: bool = True,
    also: Sequence[Any] = (),
) -> tuple[NDArray, NDArray]:
    """Train the pixels of one target: gradients flow through the network onto the picture.

    Args:
        target: Shape (height, width, 3), where to begin.
        losses: From `objective`.
        steps: How many steps of Adam; the rate falls from .05 to .005 along half a cosine.
        clip: Whether pixels are put back between 0 and 1 after each step.
        also: Weights that are trained as well (see what goes wrong then).

    Returns:
        The pixels, and content and style loss before each step.

    Example:
        >>> grey = np.full((16, 16, 3), 0.5, np.float32)
        >>> paint(grey, lambda target: (*[(target**2).numpy().sum()] * 2, 0), 0)[0].shape
        (16, 16, 3)
    """
    import keras
    import tensorflow as tf

    pixels = tf.Variable(tf.constant(target[None], tf.float32))
    trained = [pixels, *also]
    rate: Any = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, max(steps, 1), alpha=0.1)
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(trained)

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as tape:
            content, style, whole = losses(pixels)
        optimizer.apply(tape.gradient(whole, trained), trained)
        if clip:
            pixels.assign(tf.clip_by_value(pixels, 0.0, 1.0))
        return tf.stack([content, style])

    found = [step().numpy() for _ in range(steps)]
    return pixels.numpy()[0], np.reshape(found, (-1, 2))


def total_variation(pixels: Any) -> Any:
    """Say how rough a picture is: the mean difference of neighbours, down plus across.

    Args:
        pixels: Shape (..., height, width, channels).

    Returns:
        A scalar tensor.

    Example:
        >>> float(total_variation(np.array([[[[0.0], [1.0]], [[0.0], [1.0]]]])))
        1.0
    """
    import keras

    down: Any = keras.ops.abs(pixels[..., 1:, :, :] - pixels[..., :-1, :, :])
    across: Any = keras.ops.abs(pixels[..., :, 1:, :] - pixels[..., :, :-1, :])
    means: list[Any] = [keras.ops.mean(down), keras.ops.mean(across)]
    return means[0] + means[1]


def relative_error(found: Sequence[Any], wanted: Sequence[Any]) -> Any:
    r"""Compare tensors one by one: $\lVert A - B \rVert^2 / \lVert B \rVert^2$, mean over the list.

    Dividing makes 1 mean "as far away as nothing at all", whatever the layer.

    Args:
        found: The tensors $A$.
        wanted: As many tensors $B$ of the same shapes.

    Returns:
        A scalar tensor, 0 or larger.

    Raises:
        ValueError: The lists are empty, or of different lengths.

    Example:
        >>> float(relative_error([np.array([1.0, 2.0])], [np.array([1.0, 1.0])]))
        0.5
    """
    import keras

    if not found or len(found) != len(wanted):
        raise ValueError(
            "`found` and `wanted` must hold as many tensors, one at least. "
            f"Received: {len(found)} and {len(wanted)}"
        )
    add: Any = keras.ops.sum
    square: Any = keras.ops.square
    errors = [
        add(square(one - goal)) / (add(square(goal)) + 1e-12)
        for one, goal in zip(found, wanted, strict=True)
    ]
    return sum(errors) / len(errors)


def check_settings(
    style_weight: float, start: int | str, steps: Sequence[int], content: NDArray
) -> None:
    """Refuse settings of `transfer` that are impossible.

    Args:
        style_weight: As in `transfer`.
        start: As in `transfer`.
        steps: As in `transfer`.
        content: The content picture.

    Raises:
        ValueError: One of them is.

    Example:
        >>> check_settings(1.0, "content", (5,), np.zeros((16, 16, 3)))
    """
    if not 0 <= style_weight < float("inf"):
        raise ValueError(f"`style_weight` must be 0 or larger. Received: {style_weight}")
    if start != "content" and not (isinstance(start, int) and start >= 0):
        raise ValueError(f"`start` must be a seed (0, 1, ...) or 'content'. Received: {start!r}")
    if not steps or any(not isinstance(one, int) or one < 1 for one in steps):
        raise ValueError(f"`steps` must hold whole numbers from 1. Received: {steps!r}")
    if min(content.shape[:2]) // 2 ** (len(steps) - 1) < SMALLEST_SIDE:
        raise ValueError(
            f"`steps` must leave {SMALLEST_SIDE} pixels at the coarsest scale. Received: "
            f"{len(steps)} scales for {content.shape[1]} x {content.shape[0]} pixels"
        )


def scales(height: int, width: int) -> tuple[int, ...]:
    """Choose the steps of `transfer`: halve the size while 64 pixels (16 across) are left.

    Args:
        height: Of the picture, in pixels.
        width: Likewise.

    Returns:
        200 steps for the full size, 150 for each scale before.

    Example:
        >>> scales(128, 128)
        (150, 200)
    """
    halvings = min(np.log2(max(height, width) / 64), np.log2(min(height, width) / SMALLEST_SIDE))
    return (*[STEPS[0]] * max(0, int(halvings)), STEPS[-1])
