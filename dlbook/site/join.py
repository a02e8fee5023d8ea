"""Marks around cells and listings: set in the Markdown, replaced in the HTML."""

import re
from collections.abc import Sequence

from dlbook.site.fences import Fence

_BEGIN = "<!--dlbook:begin {} {}-->"
_END = "<!--dlbook:end {}-->"
_BEGIN_MARK = re.compile(r"<!--dlbook:begin (\w+) (\w+)-->")
_END_MARK = re.compile(r"<!--dlbook:end (\w+)-->")
_OPENINGS = {
    "shown": '<!--noindex--><div class="dlbook-cell">',
    "folded": '<!--noindex--><div class="dlbook-cell"><details class="dlbook-code">'
    "<summary>Show the code</summary>",
    "removed": '<!--noindex--><div class="dlbook-cell">',
    "listing": '<!--noindex--><div class="dlbook-listing">',
}
_FOLDING_TAGS = frozenset({"hide-input", "hide_input"})
_REMOVING_TAGS = frozenset({"remove-input", "remove_input"})


def marked_cell(cell: Fence, number: int) -> str:
    """Markdown of a cell: an ordinary code block between marks.

    Args:
        cell: the cell; the tag ``hide-input`` folds its code, ``remove-input`` leaves it out.
        number: its number in the page, from 1.
    """
    form = "folded" if _FOLDING_TAGS & set(cell.tags) else "shown"
    form = "removed" if _REMOVING_TAGS & set(cell.tags) else form
    block = "" if form == "removed" else f"{cell.marker}python\n{cell.body}{cell.marker}\n"
    return f"\n{_BEGIN.format(form, number)}\n\n{block}\n{_END.format(number)}\n\n"


def marked_listing(blocks: str) -> str:
    """Markdown of a listing of our own source, between marks."""
    return f"\n{_BEGIN.format('listing', 0)}\n\n{blocks}\n\n{_END.format('listing')}\n\n"


def put_outputs(html: str, blocks: Sequence[str]) -> str:
    """Replace the marks in the HTML of a page by the outputs of the cells.

    Args:
        html: the HTML.
        blocks: the output of each cell, "" for none; cells beyond the last one have none.

    Returns:
        The HTML without marks.
    """
    folded: set[str] = set()

    def opening(found: re.Match[str]) -> str:
        if found[1] == "folded":
            folded.add(found[2])
        return _OPENINGS[found[1]]

    def closing(found: re.Match[str]) -> str:
        fold = "</details>" if found[1] in folded else ""
        number = int(found[1]) if found[1].isdigit() else len(blocks) + 1
        block = blocks[number - 1] if number <= len(blocks) else ""
        return f"{fold}{block}</div><!--/noindex-->"

    html = _BEGIN_MARK.sub(opening, html)
    return _END_MARK.sub(closing, html)
