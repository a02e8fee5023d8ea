"""Photographs side by side on a page, as JPEG: a tenth of the size that a drawing would need."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.open_picture import as_picture

QUALITY = 80


@dataclass(frozen=True, eq=False)
class PhotoRow:
    """Pictures that a notebook and the book show in rows.

    Attributes:
        pictures: As `dlbook.lab.open_picture.as_picture` takes them.
        titles: What stands under each one, and describes it to those who cannot see it.
        columns: Pictures in a row.

    Example:
        >>> row = PhotoRow([np.zeros((16, 16))], ["a black square"])
        >>> row._repr_html_().count("<img")
        1
    """

    pictures: Sequence[ArrayLike]
    titles: Sequence[str]
    columns: int = 2

    def __post_init__(self) -> None:
        """Refuse a picture without a title."""
        if len(self.pictures) != len(self.titles) or not self.pictures:
            raise ValueError(
                "`titles` must hold one for each of `pictures`, of which there must be one. "
                f"Received: {len(self.titles)} titles, {len(self.pictures)} pictures"
            )
        if self.columns < 1:
            raise ValueError(f"`columns` must be 1 or more. Received: {self.columns}")

    def __repr__(self) -> str:
        """The titles, where no picture can be shown."""
        return f"PhotoRow({', '.join(self.titles)})"

    def _repr_html_(self) -> str:
        cells = "".join(map(_cell, self.pictures, self.titles))
        grid = f"display:grid;grid-template-columns:repeat({self.columns},minmax(0,1fr));gap:.6em"
        return f'<div style="{grid}">{cells}</div>'


def _cell(pixels: ArrayLike, title: str) -> str:
    code = base64.b64encode(jpeg(as_picture(pixels))).decode()
    image = (
        f'<img alt="{escape(title)}" src="data:image/jpeg;base64,{code}" '
        'style="display:block;width:100%;height:auto">'
    )
    return f'<div>{image}<div style="text-align:center">{escape(title)}</div></div>'


def jpeg(picture: NDArray) -> bytes:
    """Encode a picture.

    Args:
        picture: Shape `(height, width, 3)`, 0 to 1.

    Returns:
        The content of a JPEG file.

    Example:
        >>> jpeg(np.zeros((16, 16, 3)))[:2].hex()
        'ffd8'
    """
    from PIL import Image

    file = io.BytesIO()
    pixels = (255 * picture).round().astype(np.uint8)
    Image.fromarray(pixels).save(file, format="JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
