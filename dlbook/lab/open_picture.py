"""Opens a reader's own picture, whatever its format, and refuses what is none with one line."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

SMALLEST_SIDE = 16
MOST_PIXELS = 100_000_000


class PictureError(ValueError):
    """A file or an array that cannot serve as a picture."""


def open_picture(path: str | Path, size: int = 512) -> NDArray:
    """Read a picture as red, green and blue, upright, at most `size` pixels long.

    A rotation that a camera noted in the file is carried out, transparent parts are laid on white
    paper, grey becomes colour, and of a moving picture the first one counts.

    Args:
        path: A file in any format that Pillow reads: JPEG, PNG, GIF, WebP, TIFF, BMP, ...
        size: Longer side of the result, from 16; a smaller picture is enlarged.

    Returns:
        Shape `(height, width, 3)`, float32 from 0 to 1.

    Raises:
        PictureError: If there is no such file, if it holds no whole picture, or if its sides are
            too small, too large or too unequal.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("L", (40, 80), 255).save(f"{folder}/grey.png")
        ...     open_picture(f"{folder}/grey.png", size=60).shape
        (60, 30, 3)
    """
    path = Path(path)
    if path.is_dir() or not path.exists():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise PictureError(f"a picture must be a file; {what}. Received: {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow says of odd files; the size is tested
            return resized(_read(path, size), size)
    except PictureError as problem:
        raise PictureError(f"{str(problem).rstrip('.')}, in {path}") from None
    except MemoryError:
        raise PictureError(f"a picture must fit into memory. Received: {path}") from None
    except Exception as problem:
        raise PictureError(
            "a picture must be a whole file of a common format (JPEG, PNG, GIF, WebP, TIFF, BMP). "
            f"Received: {path} ({_line(problem)})"
        ) from problem


def as_picture(pixels: ArrayLike, name: str = "pixels") -> NDArray:
    """Return an array as a picture in red, green and blue.

    Args:
        pixels: Shape `(height, width)`, or with 1 (grey), 3 (colours) or 4 (colours and opacity,
            laid on white) channels at the end; whole numbers of a byte, or floats from 0 to 1.
        name: The argument's name, for the message.

    Returns:
        Shape `(height, width, 3)`, float32 from 0 to 1.

    Raises:
        PictureError: If the array has another shape or other values, or a side below 16.

    Example:
        >>> as_picture(np.full((16, 20), 255, np.uint8)).shape
        (16, 20, 3)
    """
    array = np.asarray(pixels)
    if array.dtype.kind not in "uif" or array.ndim not in (2, 3):
        raise _no_picture(array, name)
    array = array[..., None] if array.ndim == 2 else array
    if array.shape[-1] not in (1, 3, 4) or min(array.shape[:2]) < SMALLEST_SIDE:
        raise _no_picture(array, name)
    array = array / np.float32(255 if array.dtype == np.uint8 else 1)
    if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise PictureError(
            f"`{name}` must hold bytes, or floats from 0 to 1. "
            f"Received: {array.min():g} to {array.max():g}"
        )
    if array.shape[-1] == 4:
        array = array[..., :3] * array[..., 3:] + 1 - array[..., 3:]
    colors = np.repeat(array, 3, axis=-1) if array.shape[-1] == 1 else array
    return colors.astype(np.float32)


def resized(pixels: ArrayLike, size: int) -> NDArray:
    """Shrink or enlarge a picture, keeping its proportions.

    Args:
        pixels: As `as_picture` takes it.
        size: Longer side of the result in pixels.

    Returns:
        Shape `(height, width, 3)`, float32 from 0 to 1.

    Raises:
        PictureError: If the shorter side would be below 16 pixels.

    Example:
        >>> resized(np.zeros((64, 32)), 48).shape
        (48, 24, 3)
    """
    from PIL import Image

    picture = as_picture(pixels)
    height, width = (round(side * size / max(picture.shape[:2])) for side in picture.shape[:2])
    if min(height, width) < SMALLEST_SIDE:
        raise PictureError(
            f"the shorter side must keep at least {SMALLEST_SIDE} pixels when the longer one has "
            f"{size}. Received: {picture.shape[1]} x {picture.shape[0]} pixels"
        )
    channels = [
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.LANCZOS))
        for one in np.moveaxis(picture, -1, 0)
    ]
    return np.stack(channels, axis=-1).clip(0, 1)


def _no_picture(array: NDArray, name: str) -> PictureError:
    return PictureError(
        f"`{name}` must have shape (height, width) or (height, width, 1, 3 or 4), sides from "
        f"{SMALLEST_SIDE} pixels, and hold numbers. Received: shape {array.shape}, {array.dtype}"
    )


def _read(path: Path, size: int) -> NDArray:
    """Decode a file as Pillow finds it, after a look at the size that it announces."""
    from PIL import Image, ImageOps

    try:
        file = Image.open(path)
    except Image.DecompressionBombError as problem:
        raise PictureError(f"{_too_large()} Received: {_line(problem)}") from problem
    with file:
        _check_sides(file.size, size)
        file.draft("RGB", (2 * size, 2 * size))  # a JPEG can be decoded smaller at once
        return _pixels(ImageOps.exif_transpose(file), size)


def _check_sides(sides: tuple[int, int], size: int) -> None:
    shown = f"Received: {sides[0]} x {sides[1]} pixels"
    if min(sides) < SMALLEST_SIDE:
        raise PictureError(f"a picture must have sides from {SMALLEST_SIDE} pixels. {shown}")
    if sides[0] * sides[1] > MOST_PIXELS:
        raise PictureError(f"{_too_large()} {shown}")
    if round(size * min(sides) / max(sides)) < SMALLEST_SIDE:
        raise PictureError(
            f"a picture must keep {SMALLEST_SIDE} pixels across when it is {size} long. {shown}"
        )


def _too_large() -> str:
    return f"a picture may have {MOST_PIXELS // 1_000_000} million pixels at most."


def _pixels(picture: "Image", size: int) -> NDArray:
    """Values from 0 to 1 or bytes, with opacity where the file has it."""
    if picture.mode.startswith("I"):  # 16-bit grey
        return np.asarray(picture, dtype=np.float32).clip(0, 65535) / 65535
    if picture.mode == "F":
        values: Any = np.nan_to_num(np.asarray(picture, dtype=np.float32))
        return (values - values.min()) / (np.ptp(values) or 1)
    colors = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    colors.thumbnail((4 * size, 4 * size))
    return np.asarray(colors)


def _line(problem: Exception) -> str:
    """What went wrong, in one line."""
    text = " ".join(str(problem).split())
    return "no picture in it" if "cannot identify" in text else text or type(problem).__name__
