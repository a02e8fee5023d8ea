"""Pictures: small grey ones in ink, which stay right on a dark page, others as photographs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.plots.fields import draw_cells, tint_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST_DRAWN = 40
LARGEST_PHOTO = 320


def image(
    axes: "Axes",
    pixels: ArrayLike,
    title: str = "",
    *,
    limits: tuple[float, float] | None = None,
    color: str = "ink",
) -> None:
    """Show a picture: small grey ones drawn in ink, colour pictures and photographs as they are.

    Args:
        axes: Where to draw.
        pixels: Shape `(height, width)` or `(height, width, 1)`: 0 is paper, 1 is ink. Shape
            `(height, width, 3)`: red, green and blue, 0 to 1 or whole numbers 0 to 255.
        title: Written above, small.
        limits: Values of paper and of full ink; `None`: 0 and the largest. Negative values are
            drawn in blue if the first limit is negative (the weights of a filter).
        color: Name of the colour for ink.

    Raises:
        ValueError: If `pixels` has none of these shapes.
    """
    pixels = np.asarray(pixels)
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] == 3)):
        raise ValueError(
            "pixels must have shape (height, width), (height, width, 1) or (height, width, 3). "
            f"Received: shape {pixels.shape}"
        )
    if pixels.ndim == 2 and max(pixels.shape) <= LARGEST_DRAWN:
        _draw_pixels(axes, pixels.astype(float), limits, color)
    else:
        axes.imshow(_photo(pixels), interpolation="none")
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, fontsize=12, fontweight="normal", loc="center", pad=4)


def gallery(
    images: Sequence[ArrayLike],
    alt: str,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 5,
    limits: tuple[float, float] | None = None,
) -> tuple[Any, Any]:
    """Show many pictures in rows.

    Args:
        images: Pictures as `image` takes them.
        alt: What the figure shows, in a sentence.
        titles: One per picture.
        columns: Pictures in a row; five or six are still clear on a phone.
        limits: Values of paper and of full ink, the same for all; `None`: each its own.

    Returns:
        The figure and the array of its axes.
    """
    from dlbook.lab.plots.page import figure

    rows = -(-len(images) // columns)
    shape = np.asarray(images[0]).shape
    side = 6.4 / columns
    height = rows * (side * shape[0] / shape[1] + (0.3 if titles else 0.05))
    drawing, axes = figure(alt, rows=rows, columns=columns, height=height, squeeze=False)
    for index, place in enumerate(axes.ravel()):
        place.set_axis_off()
        if index < len(images):
            image(place, images[index], titles[index] if titles else "", limits=limits)
    return drawing, axes


def _draw_pixels(
    axes: "Axes", pixels: NDArray, limits: tuple[float, float] | None, color: str
) -> None:
    low, high = limits or (0.0, float(np.nanmax(pixels)) or 1.0)
    tint = tint_of(pixels, low, high)
    draw_cells(axes, tint, color)
    draw_cells(axes, -tint, "blue")
    height, width = pixels.shape
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _photo(pixels: NDArray) -> NDArray:
    """Return red, green and blue as bytes, at most `LARGEST_PHOTO` pixels wide or high."""
    from PIL import Image

    if pixels.dtype != np.uint8:
        pixels = (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    picture = Image.fromarray(pixels)
    picture.thumbnail((LARGEST_PHOTO, LARGEST_PHOTO))
    return np.asarray(picture)
