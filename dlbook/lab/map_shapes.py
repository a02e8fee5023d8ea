"""Sizes and shapes of feature maps: what a kernel, a stride and a padding make of a picture.

Pictures have the shape (height, width) or (height, width, channels), kernels that of Keras.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import check_count, numbers


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    r"""Count the places at which a kernel lies within a padded side.

    $$\left\lfloor\frac{n + 2p - k}{s}\right\rfloor + 1$$

    Args:
        size: Pixels $n$ of the side.
        kernel: Side $k$ of the kernel or pooling window (dilated: its dilated side).
        stride: $s$.
        padding: $p$ zeros on each of both ends.

    Returns:
        The side of the feature map, 1 or larger.

    Raises:
        ValueError: The kernel is larger than the padded side, or a number is impossible.

    Example:
        >>> output_size(28, kernel=5, padding=1), output_size(26, kernel=2, stride=2)
        (26, 13)
    """
    for value, name in ((size, "size"), (kernel, "kernel"), (stride, "stride")):
        check_count(f"`{name}`", value)
    room = size + 2 * check_count("`padding`", padding, least=0) - kernel
    if room < 0:
        raise ValueError(
            f"`kernel` must fit into the padded side of {size + 2 * padding} pixels. "
            f"Received: {kernel}"
        )
    return room // stride + 1


def transposed_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    r"""Give the side after a transposed convolution, $(n - 1)s - 2p + k$.

    Args:
        size: Pixels $n$ of the side.
        kernel: Side $k$ of the kernel.
        stride: $s$, the distance of the stamps.
        padding: $p$ pixels that are cut off at each of both ends.

    Returns:
        The side of the result, 1 or larger.

    Raises:
        ValueError: Nothing would be left, or a number is impossible.

    Example:
        >>> transposed_size(7, kernel=4, stride=2, padding=1)
        14
    """
    for value, name in ((size, "size"), (kernel, "kernel"), (stride, "stride")):
        check_count(f"`{name}`", value)
    result = (size - 1) * stride + kernel - 2 * check_count("`padding`", padding, least=0)
    if result < 1:
        raise ValueError(f"`padding` must leave at least one pixel. Received: {padding}")
    return result


def same_padding(size: int, kernel: int, stride: int = 1) -> tuple[int, int]:
    """Count the zeros that `"same"` puts before and after a side.

    The map gets `size / stride` places, rounded up. An odd zero goes to the end.

    Args:
        size: Pixels of the side.
        kernel: Side of the kernel.
        stride: Pixels from one place to the next.

    Returns:
        Zeros before and after.

    Example:
        >>> same_padding(28, kernel=3), same_padding(28, kernel=3, stride=2)
        ((1, 1), (0, 1))
    """
    for value, name in ((size, "size"), (kernel, "kernel"), (stride, "stride")):
        check_count(f"`{name}`", value)
    places = -(-size // stride)
    total = max((places - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    r"""Compute how many pixels of a side one unit after all layers can see.

    $$r = 1 + \sum_l (k_l - 1) \prod_{m < l} s_m$$

    Args:
        layers: Kernel side $k_l$ and stride $s_l$ of every layer, first layer first.

    Returns:
        The side of the receptive field.

    Example:
        >>> receptive_field([(3, 1), (3, 1), (2, 2), (3, 1)])
        10
    """
    field, step = 1, 1
    for kernel, stride in layers:
        field += (check_count("`kernel`", kernel) - 1) * step
        step *= check_count("`stride`", stride)
    return field


def effective_side(gradient: ArrayLike) -> float:
    r"""Measure how widely the influence on a unit is spread.

    $$\sqrt{1 + 12\,v}$$

    where $v$ is the variance of the pixel's place along a side, if every pixel counts as much as
    the square of its gradient. For a square that is felt evenly it is the side of the square.

    Args:
        gradient: Gradient of the unit with respect to the picture, shape (height, width).

    Returns:
        The side, in pixels.

    Raises:
        ValueError: The gradient is 0 everywhere.

    Example:
        >>> effective_side(np.ones((7, 7)))
        7.0
    """
    strength = numbers(gradient, "gradient", rank=2) ** 2
    if not strength.any():
        raise ValueError(f"`gradient` must not be 0 everywhere. Received: {gradient!r}")
    share = strength / strength.sum()
    places = np.indices(share.shape)
    middle = (share * places).sum(axis=(1, 2), keepdims=True)
    variance = (share * (places - middle) ** 2).sum() / 2
    return float(np.sqrt(1 + 12 * variance))


def map_difference(first: ArrayLike, second: ArrayLike) -> float:
    r"""Compare two maps: 0 is the same map, 1 is two maps without anything in common.

    $$\sqrt{\frac{\text{mean of }(a - b)^2}{\text{variance of }a + \text{variance of }b}}$$

    Args:
        first: $a$, any shape.
        second: $b$, the same shape.

    Returns:
        The difference; infinite for two constants that are not the same.

    Example:
        >>> map_difference([[1, 2], [3, 4]], [[1, 2], [3, 4]])
        0.0
    """
    a, b = numbers(first, "first"), numbers(second, "second")
    if a.shape != b.shape:
        raise ValueError(f"`second` must have shape {a.shape}. Received: shape {b.shape}")
    distance, spread = np.mean((a - b) ** 2), a.var() + b.var()
    if spread == 0:
        return 0.0 if distance == 0 else float("inf")
    return float(np.sqrt(distance / spread))


def pixels_of(image: ArrayLike) -> np.ndarray:
    """Return a picture as an array of numbers with two or three axes.

    Args:
        image: Shape (height, width) or (height, width, channels).

    Returns:
        The array, of dtype float64.

    Raises:
        ValueError: Another number of axes, or numbers that are not finite.

    Example:
        >>> pixels_of([[1, 2]]).shape
        (1, 2)
    """
    pixels = numbers(image, "image")
    if pixels.ndim not in (2, 3):
        raise ValueError(
            "`image` must have shape (height, width) or (height, width, channels). "
            f"Received: shape {pixels.shape}"
        )
    return pixels


def pixels_and_weights(
    image: ArrayLike, kernel: ArrayLike, channels: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture and a kernel of as many channels, or say which shape would fit.

    Args:
        image: Shape (height, width) or (height, width, channels).
        kernel: Shape (rows, columns); with channels four axes, two of them for channels and
            filters.
        channels: The axis of the kernel that belongs to the channels of the picture.

    Returns:
        Both as arrays.

    Raises:
        ValueError: Shapes that do not fit each other.

    Example:
        >>> [one.shape for one in pixels_and_weights([[1, 2]], [[3]])]
        [(1, 2), (1, 1)]
    """
    pixels, weights = pixels_of(image), numbers(kernel, "kernel")
    wanted = "(rows, columns)"
    if pixels.ndim == 3:
        last = f"{pixels.shape[2]}, filters" if channels == 2 else f"filters, {pixels.shape[2]}"
        wanted = f"(rows, columns, {last})"
    fits = weights.ndim == (2 if pixels.ndim == 2 else 4)
    if not fits or (pixels.ndim == 3 and weights.shape[channels] != pixels.shape[2]):
        raise ValueError(
            f"`kernel` must have shape {wanted} for a picture of shape {pixels.shape}. "
            f"Received: shape {weights.shape}"
        )
    return pixels, weights


def margins(size: int, kernel: int, stride: int, padding: int | str) -> tuple[int, int]:
    """Return the zeros before and after a side for a number, `"valid"` or `"same"`.

    Args:
        size: Pixels of the side.
        kernel: Side of the kernel.
        stride: Pixels from one place to the next.
        padding: Zeros on each end, `"valid"` (none) or `"same"`.

    Returns:
        Zeros before and after.

    Raises:
        ValueError: Any other padding.

    Example:
        >>> margins(28, 3, 1, "same"), margins(28, 3, 1, 2)
        ((1, 1), (2, 2))
    """
    if padding == "same":
        return same_padding(size, kernel, stride)
    if isinstance(padding, str) and padding != "valid":
        raise ValueError(f'`padding` must be a number, "valid" or "same". Received: {padding!r}')
    zeros = 0 if padding == "valid" else check_count("`padding`", padding, least=0)
    return zeros, zeros
