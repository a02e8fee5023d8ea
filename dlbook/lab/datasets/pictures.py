"""Pictures drawn by rule: spots, bars, printed letters and brush strokes."""

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbook.lab.datasets.core import PARTS, Data, generator
from dlbook.lab.datasets.generated import check_not_negative, draw_parts

FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif", "DejaVuSerif-Bold",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmb10",
    "cmss10", "cmtt10",
)  # fmt: skip
PALETTES = (
    ((0.09, 0.15, 0.35), (0.20, 0.42, 0.67), (0.56, 0.74, 0.84), (0.95, 0.82, 0.41)),
    ((0.23, 0.10, 0.08), (0.68, 0.25, 0.12), (0.91, 0.58, 0.22), (0.98, 0.90, 0.70)),
    ((0.07, 0.22, 0.20), (0.17, 0.45, 0.36), (0.64, 0.74, 0.38), (0.94, 0.92, 0.74)),
)
FIELD = 4.0
OVERSAMPLING = 4
STROKE = 20


def gaussian_blobs(
    seed: int = 0,
    *,
    num_examples: int = 500,
    size: int = 24,
    widths: tuple[float, ...] = (1.8, 2.4),
    noise: float = 0.2,
    num_test: int | None = None,
) -> Data:
    r"""Draw pictures of one round spot, narrow or wide, somewhere near the middle.

    A pixel at $(x, y)$, from -4 to 4, is $\\exp(-((x-c_x)^2 + (y-c_y)^2) / 2w^2)$ plus noise; the
    center $(c_x, c_y)$ has a standard deviation of 1.5.

    Args:
        seed: Non-negative integer; controls the sample.
        num_examples: Training pictures per width.
        size: Pixels from side to side; 91 in the course.
        widths: Width $w$ of each class.
        noise: Standard deviation of the noise of a pixel.
        num_test: Pictures per width in validation and in test; `None`: as in training; 0: none.

    Returns:
        Inputs of shape `(examples, size, size, 1)`, not scaled; the label is the number of the
        width, in the shape that `clusters` uses.

    Raises:
        ValueError: If `noise` is negative or a number of examples is not positive.

    Example:
        >>> gaussian_blobs(num_examples=5, num_test=0)
        Data(train=(10, 24, 24, 1) -> (10, 1))

    Source: the "Gaussian blurs" of the course.
    """
    check_not_negative("noise", noise)

    def spots(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        return _each(rng, count, lambda one: _spot(one, size, widths[kind], noise)[0])

    counts = (num_examples, num_test)
    return draw_parts("gaussian_blobs", seed, spots, range(len(widths)), counts)


def blob_places(
    seed: int = 0,
    *,
    num_examples: int = 1000,
    size: int = 24,
    noise: float = 0.2,
    num_test: int | None = None,
) -> Data:
    """Draw pictures of one round spot; the answer is where it is and how wide.

    Args:
        seed: Non-negative integer; controls the sample.
        num_examples: Training pictures.
        size: Pixels from side to side.
        noise: Standard deviation of the noise of a pixel.
        num_test: Pictures in validation and in test; `None`: as in training; 0: none.

    Returns:
        Inputs of shape `(examples, size, size, 1)` as in `gaussian_blobs`, the width being anything
        from 1 to 3; targets float32 of shape `(examples, 3)`: x and y of the center (-4 to 4, y
        downwards) and the width.

    Raises:
        ValueError: If `noise` is negative.

    Example:
        >>> blob_places(num_examples=5, num_test=0)
        Data(train=(5, 24, 24, 1) -> (5, 3))
    """
    check_not_negative("noise", noise)
    arrays: dict[str, Any] = {}
    held_out = num_examples if num_test is None else num_test
    for stream, (part, count) in enumerate(
        zip(PARTS, (num_examples, held_out, held_out), strict=True)
    ):
        rng = generator("blob_places", seed, stream)
        drawn = [_spot(one, size, one.uniform(1, 3), noise) for one in rng.spawn(count)]
        if drawn:
            arrays[f"x_{part}"] = np.stack([picture for picture, _ in drawn])
            arrays[f"y_{part}"] = np.array([place for _, place in drawn], np.float32)
    return Data(**arrays)


def bars(
    seed: int = 0,
    *,
    num_examples: int = 200,
    size: int = 8,
    noise: float = 0.2,
    num_test: int | None = None,
) -> Data:
    """Draw pictures of one bar, level (class 0) or upright (class 1), in any row or column.

    Args:
        seed: Non-negative integer; controls the sample.
        num_examples: Training pictures per class.
        size: Pixels from side to side.
        noise: Standard deviation of the noise of a pixel; the bar is 1, the ground 0.
        num_test: Pictures per class in validation and in test; `None`: as in training; 0: none.

    Returns:
        Inputs of shape `(examples, size, size, 1)`, not scaled; labels float32 `(examples, 1)`.

    Raises:
        ValueError: If `noise` is negative or a number of examples is not positive.

    Example:
        >>> bars(num_examples=3, num_test=0)
        Data(train=(6, 8, 8, 1) -> (6, 1))
    """
    check_not_negative("noise", noise)

    def picture(rng: np.random.Generator, kind: int) -> NDArray:
        pixels = noise * rng.standard_normal((size, size))
        pixels[rng.integers(size)] += 1
        return (pixels.T if kind else pixels)[..., None]

    def many(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        return _each(rng, count, lambda one: picture(one, kind))

    return draw_parts("bars", seed, many, (0, 1), (num_examples, num_test))


def glyphs(
    seed: int = 0,
    *,
    characters: str = "0123456789",
    num_examples: int = 100,
    size: int = 8,
    num_test: int = 20,
) -> Data:
    """Draw printed letters or digits in sixteen typefaces, turned, slanted and stretched a little.

    They are made as scikit-learn's digits were, by counting the ink in the blocks of a larger
    picture, so that a network that has learned one can be tried on the other.

    Args:
        seed: Non-negative integer; controls typeface and shape of every example.
        characters: One class per character; letters and digits.
        num_examples: Training pictures per character.
        size: Pixels from side to side.
        num_test: Pictures per character in validation and in test; 0: neither part.

    Returns:
        Inputs of shape `(examples, size, size, 1)` from 0 (paper) to 1 (ink); the label is the
        place in `characters`, in the shape that `clusters` uses.

    Raises:
        ValueError: If there are fewer than two different characters.

    Example:
        >>> glyphs(characters="AB", num_examples=3, num_test=0)
        Data(train=(6, 8, 8, 1) -> (6, 1))

    Source: the typefaces that come with matplotlib (DejaVu, STIX, Computer Modern; free licences).
    """
    if len(set(characters)) != len(characters) or len(characters) < 2:
        raise ValueError(f"characters must be two or more different ones. Received: {characters!r}")
    return _glyphs(seed, characters, num_examples, size, num_test)


def stroke_textures(seed: int = 0, *, num_images: int = 1, size: int = 256) -> NDArray:
    """Paint brush strokes along a swirling field: a style without content, and without a licence.

    Noise is averaged along the lines of a smooth field (line integral convolution) and coloured
    from a small palette.

    Args:
        seed: Non-negative integer; controls field, noise and palette.
        num_images: How many pictures.
        size: Pixels from side to side.

    Returns:
        Pictures of shape `(num_images, size, size, 3)`, float32 from 0 to 1.

    Example:
        >>> stroke_textures(size=32).shape
        (1, 32, 32, 3)

    Source: B. Cabral and L. Leedom (1993), Imaging vector fields using line integral convolution.
    """
    return np.stack(
        [_strokes(generator("strokes", seed, index), size) for index in range(num_images)]
    )


def _each(
    rng: np.random.Generator, count: int, draw: Callable[[np.random.Generator], NDArray]
) -> NDArray:
    """Draw pictures from a stream each, so that asking for more keeps the first ones."""
    return np.stack([draw(one) for one in rng.spawn(count)])


def _spot(
    rng: np.random.Generator, size: int, width: float, noise: float
) -> tuple[NDArray, tuple[float, float, float]]:
    across, down = np.clip(1.5 * rng.standard_normal(2), -FIELD, FIELD)
    line = np.linspace(-FIELD, FIELD, size)
    distances = (line[None] - across) ** 2 + (line[:, None] - down) ** 2
    pixels = np.exp(-distances / (2 * width**2)) + noise * rng.standard_normal((size, size))
    return pixels.astype(np.float32)[..., None], (across, down, width)


@cache
def _glyphs(seed: int, characters: str, num_examples: int, size: int, num_test: int) -> Data:
    """Draw the pictures once (a thousand take half a second); `Data` cannot be changed."""

    def prints(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        return _each(rng, count, lambda one: _print(one, characters[kind], size))

    counts = (num_examples, num_test)
    return draw_parts("glyphs", seed, prints, range(len(characters)), counts)


@cache
def _printed(face: str, character: str, side: int) -> Any:
    """Return one character in one typeface, with enough paper around it to be turned."""
    from PIL import Image, ImageDraw, ImageFont

    found = importlib.util.find_spec("matplotlib")
    folder = Path(str(found and found.origin)).parent / "mpl-data" / "fonts" / "ttf"
    font = ImageFont.truetype(str(folder / f"{face}.ttf"), side)
    sheet = Image.new("L", (2 * side, 2 * side))
    ImageDraw.Draw(sheet).text((side, side), character, 255, font, "mm")
    return sheet


def _print(rng: np.random.Generator, character: str, size: int) -> NDArray:
    """Turn and slant one printed character, and fit it into the picture as digits are."""
    from PIL import Image

    side = size * OVERSAMPLING
    sheet = _printed(FONTS[rng.integers(len(FONTS))], character, side)
    turn, slant = np.radians(rng.normal(0, 6)), rng.normal(0, 0.12)
    change = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    change = change @ np.array([[1, slant], [0, 1]])
    shift = side * (np.ones(2) - change.sum(axis=1))
    matrix = tuple(np.column_stack([change, shift]).ravel())
    sheet = sheet.transform(sheet.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    ink = sheet.crop(sheet.getbbox())
    height = side * rng.uniform(0.88, 1.0)
    width = min(side, ink.width / ink.height * height * rng.uniform(0.8, 1.25))
    ink = ink.resize((max(1, round(width)), round(height)), Image.Resampling.BILINEAR)
    page = Image.new("L", (side, side))
    page.paste(ink, ((side - ink.width) // 2, (side - ink.height) // 2))
    return np.asarray(page.reduce(OVERSAMPLING), np.float32)[..., None] / 255


def _strokes(rng: np.random.Generator, size: int) -> NDArray:
    angle = 2 * np.pi * _waves(rng, size, 1.5)
    noise = rng.uniform(0, 1, (size, size))
    light = _along(noise, angle)
    light = np.clip((light - light.mean()) / (4 * light.std()) + 0.5, 0, 1)
    palette = np.array(PALETTES[rng.integers(len(PALETTES))])
    tone = np.clip(_waves(rng, size, 2.5) + 0.5 * (light - 0.5), 0, 1) * (len(palette) - 1)
    lower = np.minimum(tone.astype(int), len(palette) - 2)
    share = (tone - lower)[..., None]
    colors = (1 - share) * palette[lower] + share * palette[lower + 1]
    return (colors * (0.55 + 0.45 * light[..., None])).astype(np.float32)


def _waves(rng: np.random.Generator, size: int, frequency: float) -> NDArray:
    """Return a smooth random surface between 0 and 1."""
    down, across = np.mgrid[0 : 1 : 1j * size, 0 : 1 : 1j * size]
    surface = np.zeros((size, size))
    for _ in range(6):
        direction, phase = rng.normal(0, frequency, 2), rng.uniform(0, 2 * np.pi)
        surface += np.sin(2 * np.pi * (direction[0] * across + direction[1] * down) + phase)
    return (surface - surface.min()) / (surface.max() - surface.min())


def _along(noise: NDArray, angle: NDArray) -> NDArray:
    """Average noise along the lines of a field, both ways from every pixel."""
    size = len(noise)
    total = noise.copy()
    for sign in (-1.0, 1.0):
        down, across = np.mgrid[0:size, 0:size].astype(float)
        for _ in range(STROKE):
            here = angle[down.astype(int) % size, across.astype(int) % size]
            down, across = down + sign * np.sin(here), across + sign * np.cos(here)
            total += noise[np.round(down).astype(int) % size, np.round(across).astype(int) % size]
    return total / (2 * STROKE + 1)
