"""``dlbook run style_transfer --content FILE --style FILE``: a chapter at work on two pictures."""

import io
import json
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from dlbook.cli.console import say
from dlbook.cli.ending import WRONG_ARGUMENT, Failure
from dlbook.cli.quiet import quiet

if TYPE_CHECKING:
    from dlbook.contents import Chapter

CHAPTER = "style_transfer"
SMALLEST, LARGEST, USUAL = 32, 1024, 256


@dataclass(frozen=True)
class Pictures:
    """The pictures that a person brings, and how large the result shall be.

    Args:
        content: file of the picture that shall be recognized, or None.
        style: file of the picture whose manner it shall take, or None.
        size: longer side of the result in pixels, or None for the usual 256.
    """

    content: Path | None = None
    style: Path | None = None
    size: int | None = None

    @property
    def files(self) -> dict[str, Path]:
        """The two files by their option, those that were given."""
        named = {"content": self.content, "style": self.style}
        return {name: file for name, file in named.items() if file is not None}

    @property
    def wanted(self) -> bool:
        """Whether any of the three options was given."""
        return (self.content, self.style, self.size) != (None, None, None)

    def check(self, chapter: "Chapter") -> None:
        """Refuse options that are incomplete, impossible, or belong to another chapter.

        Args:
            chapter: the chapter that was named.

        Raises:
            Failure: if they are.
        """
        if chapter.name != CHAPTER:
            raise _wrong(
                f"--content, --style and --size belong to `dlbook run {CHAPTER}`; "
                f"{chapter.address} takes no pictures."
            )
        if len(self.files) < 2:
            raise _wrong(
                "--content and --style each need a file; give both, with or without --size."
            )
        if self.size is not None and not SMALLEST <= self.size <= LARGEST:
            raise _wrong(f"--size must be from {SMALLEST} to {LARGEST}. Received: {self.size}")


def restyle(chapter: "Chapter", pictures: Pictures, out: Path | None) -> None:
    """Paint the content in the style, and save the picture.

    Args:
        chapter: the chapter on style transfer.
        pictures: the two files and the size, checked.
        out: folder for the picture; None for the usual one.

    Raises:
        Failure: if a file holds no picture.
        OSError: if the folder cannot be written.
    """
    from dlbook.cli.running import writable
    from dlbook.lab.open_picture import PictureError, open_picture

    size = pictures.size or USUAL
    try:
        content, style = (open_picture(one, size) for one in pictures.files.values())
    except PictureError as problem:
        raise _wrong(str(problem)) from problem
    folder = out or Path("dlbook-results") / chapter.part / chapter.name / "pictures"
    with quiet(), writable(folder):
        height, width, _ = content.shape
        say(f"Painting {width} x {height} pixels, coarse to fine ...")
        begun = time.perf_counter()
        made = import_module(chapter.module).restyle(content, style)
        seconds = time.perf_counter() - begun
        content_error, style_error = made.losses[-1].tolist()
        _keep(folder, {"content": content, "style": style, "result": made.picture})
        told = {"content_error": content_error, "style_error": style_error, "seconds": seconds}
        _keep_settings(folder, pictures, told)
    say(f"content error {content_error:.3g}, style error {style_error:.3g}, {seconds:.0f} s")
    say(f"Saved in {escape(str(folder))}: result.png (content.png, style.png, result.json)")


def _wrong(message: str) -> Failure:
    return Failure(message, WRONG_ARGUMENT)


def _keep(folder: Path, pictures: dict[str, Any]) -> None:
    """Save pictures as PNG files."""
    from PIL import Image

    from dlbook.lab.store import write_atomically

    for name, pixels in pictures.items():
        file = io.BytesIO()
        Image.fromarray((255 * pixels).round().astype("uint8")).save(file, format="PNG")
        write_atomically(folder / f"{name}.png", file.getvalue())


def _keep_settings(folder: Path, pictures: Pictures, told: dict[str, float]) -> None:
    """Save how a picture was made, beside it."""
    from dlbook.lab.store import write_atomically

    settings = {name: file.name for name, file in pictures.files.items()}
    text = json.dumps({**settings, "size": pictures.size or USUAL, **told}, indent=2)
    write_atomically(folder / "result.json", text.encode())
