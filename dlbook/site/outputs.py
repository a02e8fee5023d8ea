"""Take the outputs of cells out of mkdocs-jupyter's HTML and give them the book's own markup."""

import base64
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from dlbook.site import figures

_CELL_ID = "cell-id="
_OUTPUT_CLASS = "jp-OutputArea-output"
_IMAGE = re.compile(r'<img\b[^>]*?\bsrc="data:([\w/+]+);base64,([^"]*)"[^>]*>', re.S)
_TEXT = re.compile(r"^\s*<pre>(.*?)</pre>\s*$", re.S)
_ANSI = re.compile(r'</?span(?: class="ansi-[^"]*")?>')


@dataclass(frozen=True)
class Output:
    """One output of a cell as mkdocs-jupyter rendered it.

    Args:
        kind: media type, "" where mkdocs-jupyter gives none (pictures).
        content: the HTML inside its block.
    """

    kind: str
    content: str


class _Collector(HTMLParser):
    """Finds the blocks of output and the cells that they belong to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.found: dict[str, list[Output]] = {}
        self.cell = self.kind = ""
        self.depth = self.start = 0
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.feed(text)

    def place(self) -> int:
        """Where the parser is in the text."""
        line, column = self.getpos()
        return self.line_starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the cell, or the beginning of an output."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "div" and self.depth:
            self.depth += 1
        elif _OUTPUT_CLASS in attributes.get("class", "").split():
            self.depth = 1
            self.kind = attributes.get("data-mime-type", "")
            self.start = self.place() + len(self.get_starttag_text() or "")
        elif attributes.get("id", "").startswith(_CELL_ID):
            self.cell = attributes["id"].removeprefix(_CELL_ID)

    def handle_endtag(self, tag: str) -> None:
        """Keep the output when its block ends."""
        if tag != "div" or not self.depth:
            return
        self.depth -= 1
        if not self.depth:
            content = self.text[self.start : self.place()]
            self.found.setdefault(self.cell, []).append(Output(self.kind, content))


def collect(page: str) -> dict[str, list[Output]]:
    """The outputs in the HTML of a notebook.

    Args:
        page: what mkdocs-jupyter made of a notebook.

    Returns:
        The outputs of each cell, by the id of the cell.
    """
    start = max(page.find('<div class="jp-Notebook'), 0)
    end = page.rfind("</div> <!-- jp-Notebook")
    return _Collector(page[start : end if end > 0 else len(page)]).found


class Renderer:
    """Renders the outputs of one page.

    Args:
        colors: names and hexadecimal values of the book's colours.
        on_error: called with one line for each output that may not be published.
    """

    def __init__(self, colors: Mapping[str, str], on_error: Callable[[str], None]) -> None:
        self.colors = colors
        self.on_error = on_error
        self.num_figures = 0

    def render(self, outputs: Sequence[Output], cell: Mapping[str, Any]) -> str:
        """The HTML that stands behind a cell.

        Args:
            outputs: what mkdocs-jupyter made of the cell's outputs.
            cell: the cell in the notebook, which knows the descriptions of pictures.

        Returns:
            A ``<div class="dlbook-cell-output">``, or "" if there is no output.
        """
        descriptions = [
            each["metadata"].get("image/png", each["metadata"]).get("alt", "")
            for each in cell.get("outputs", ())
            if "image/png" in each.get("data", {}) and "image/svg+xml" not in each["data"]
        ]
        waiting = iter(descriptions)
        blocks = [self._block(output, waiting) for output in outputs]
        inside = "\n".join(block for block in blocks if block)
        return f'<div class="dlbook-cell-output">\n{inside}\n</div>' if inside else ""

    def _block(self, output: Output, descriptions: Any) -> str:
        image = _IMAGE.search(output.content)
        text = _TEXT.match(output.content)
        if output.kind == "image/svg+xml" and image:
            return self._figure(base64.b64decode(image[2]).decode())
        if not output.kind and image:
            return self._picture(image, next(descriptions, ""))
        if text:
            is_error = output.kind == "application/vnd.jupyter.stderr"
            kind = "dlbook-output dlbook-error" if is_error else "dlbook-output"
            content = _ANSI.sub("", text[1]).strip("\n")
            return f'<pre class="{kind}" tabindex="0">{content}</pre>'
        return f'<div class="dlbook-html">{output.content.strip()}</div>'

    def _figure(self, svg: str) -> str:
        try:
            figures.describe(svg)
        except figures.MissingDescriptionError as error:
            self.on_error(str(error))
        self.num_figures += 1
        drawing = figures.inline(svg, f"f{self.num_figures}", self.colors)
        return f'<figure class="dlbook-figure">{drawing}</figure>'

    def _picture(self, image: re.Match[str], description: str) -> str:
        try:
            figures.checked_description(description)
        except figures.MissingDescriptionError as error:
            self.on_error(str(error))
        alt = html.escape(description)
        source = f"data:{image[1]};base64,{image[2]}"
        return f'<figure class="dlbook-figure"><img alt="{alt}" src="{source}"></figure>'
