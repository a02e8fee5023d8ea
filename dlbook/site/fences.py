"""Split a page of Markdown into its text and its fenced code blocks.

Only fences that start in the first column count: a chapter's cells do, and an indented fence is
part of the list or the example around it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jupytext.cell_metadata import text_to_metadata

_OPENING = re.compile(r"(`{3,}|~{3,})[ \t]*(.*?)[ \t]*$")


@dataclass(frozen=True)
class Fence:
    r"""One fenced code block.

    Args:
        marker: the back ticks or tildes that open and close it.
        info: what stands behind the opening marker, such as ``python tags=["hide-input"]``.
        body: the lines between the markers, each with its line break.
        line: line number of the opening marker in the page, from 1.
        closing: the closing line as written, "" if the page ends before it.

    Example:
        >>> Fence("```", 'python tags=["hide-input"]', "1 + 1\n", 1).tags
        ('hide-input',)
    """

    marker: str
    info: str
    body: str
    line: int
    closing: str = "```\n"

    def __str__(self) -> str:
        """The block as it is written in the page."""
        return f"{self.marker}{self.info}\n{self.body}{self.closing}"

    @property
    def language(self) -> str:
        """First word behind the marker, "" if there is none."""
        return (self.info.split() or [""])[0]

    @property
    def is_cell(self) -> bool:
        """Whether the block is a code cell, which is run (``py`` is shown, not run)."""
        return self.language == "python"

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata of the cell, read by jupytext from what stands behind the language."""
        return dict(text_to_metadata(self.info)[1])

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of the cell, such as ``raises-exception``."""
        return tuple(self.metadata.get("tags", ()))


def split(markdown: str) -> list[str | Fence]:
    r"""Split Markdown into runs of text and fences, in order; joined they are the page again.

    Args:
        markdown: a page, with or without front matter.

    Returns:
        Text as ``str``, code blocks as `Fence`.

    Example:
        >>> [type(piece).__name__ for piece in split("a\n```py\n1\n```\nb\n")]
        ['str', 'Fence', 'str']
    """
    pieces: list[str | Fence] = []
    lines = list(enumerate(markdown.splitlines(keepends=True), start=1))
    text: list[str] = []
    rest = iter(lines)
    for number, line in rest:
        opening = _OPENING.match(line)
        if not opening or "`" in opening[2]:
            text.append(line)
            continue
        pieces += ["".join(text)] if text else []
        text = []
        pieces.append(_read_fence(rest, opening[1], opening[2], number))
    return [*pieces, "".join(text)] if text else pieces


def _read_fence(rest: Iterator[tuple[int, str]], marker: str, info: str, number: int) -> Fence:
    """Read lines up to the one that closes the fence (or to the end of the page)."""
    closing = re.compile(rf"{re.escape(marker)}{marker[0]}*[ \t]*$")
    body: list[str] = []
    for _, line in rest:
        if closing.match(line):
            return Fence(marker, info, "".join(body), number, line)
        body.append(line)
    return Fence(marker, info, "".join(body), number, "")


def cells(markdown: str) -> list[Fence]:
    r"""The code cells of a page, in order.

    Example:
        >>> [cell.body for cell in cells("```python\n1\n```\n\n```py\n2\n```\n")]
        ['1\n']
    """
    return [piece for piece in split(markdown) if isinstance(piece, Fence) and piece.is_cell]
