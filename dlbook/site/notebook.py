"""A chapter's page as a Jupyter notebook: its text, its listings and its code cells.

The notebook is for people who download it, so the text is plain Markdown: what only the site
understands (folded blocks, captions, ``source`` fences) is turned into what Jupyter shows well.
"""

import re
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from nbformat import NotebookNode, v4

from dlbook.site import freshness, source
from dlbook.site.fences import Fence, split

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_BLOCK_OPENING = re.compile(
    r"^/{3,}[ \t]*[\w-]+(?:[ \t]*\|[ \t]*(.*?))?[ \t]*\n(?:[ \t]+\S.*\n)*", re.M
)
_BLOCK_CLOSING = re.compile(r"^/{3,}[ \t]*\n?", re.M)
_ATTRIBUTES = re.compile(r"^\{[^}\n]*\}[ \t]*\n?|\{:?[ \t]*[.#][^}\n]*\}", re.M)
_PAGE_LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:)([^)\s#]+)\.md(?:#[^)\s]*)?\)")
_HEADING = re.compile(r"^# .*\n", re.M)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*\n", re.S)


def read_page(path: Path) -> tuple[dict[str, Any], str]:
    """Front matter and text of a page.

    Args:
        path: a Markdown file.

    Returns:
        The front matter (empty if there is none) and the Markdown below it. Front matter that is
        no valid YAML is left in the text, where the build of the site reports it.
    """
    text = path.read_text(encoding="utf-8-sig")
    found = _FRONT_MATTER.match(text)
    try:
        data = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return {}, text
    return data or {}, text[found.end() :].lstrip("\n") if found else text


def from_page(root: Path, address: str, data: dict[str, Any], markdown: str) -> NotebookNode:
    """The notebook of a chapter, not yet executed.

    Args:
        root: the repository, where the source of listings is found.
        address: part and chapter, such as ``maths/softmax``.
        data: front matter of the page.
        markdown: text of the page.

    Returns:
        A notebook whose cells have the same ids each time.

    Raises:
        SourceNotFoundError: if a ``source`` fence names something that does not exist.
    """
    pieces: list[str | Fence] = [""]
    for piece in split(markdown):
        if isinstance(piece, Fence) and piece.is_cell:
            pieces += [piece, ""]
        else:
            pieces[-1] = f"{pieces[-1]}{_plain(root, address, piece)}"
    pieces[0] = _introduce(str(pieces[0]), address, data)
    pieces = [piece for piece in pieces if isinstance(piece, Fence) or piece.strip()]
    counts = {Fence: count(1), str: count(1)}
    cells = [_cell(piece, next(counts[type(piece)])) for piece in pieces]
    return v4.new_notebook(cells=cells, metadata=METADATA)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def to_json(notebook: NotebookNode) -> str:
    """The file of a notebook, the same text for the same notebook."""
    return f"{v4.writes(notebook)}\n"


def _cell(piece: str | Fence, number: int) -> NotebookNode:
    if isinstance(piece, Fence):
        return v4.new_code_cell(piece.body.rstrip(), id=f"code-{number}", metadata=piece.metadata)
    return v4.new_markdown_cell(piece.strip(), id=f"text-{number}")


def _introduce(text: str, address: str, data: dict[str, Any]) -> str:
    """Put the one-sentence answer and the way to run the chapter under the heading."""
    heading = _HEADING.search(text)
    title = heading[0].strip() if heading else f"# {data.get('title', address)}"
    name = address.rpartition("/")[2]
    command = f"*A chapter of dlbook. Its experiments also run in a terminal: `dlbook run {name}`.*"
    rest = text.replace(heading[0], "", 1) if heading else text
    answer = data.get("description", "")
    return "\n\n".join(part.strip() for part in (title, answer, command, rest) if part.strip())


def _plain(root: Path, address: str, piece: str | Fence) -> str:
    """One piece of the page in plain Markdown."""
    if isinstance(piece, str):
        text = _BLOCK_OPENING.sub(lambda found: f"**{found[1] or 'Note'}**\n", piece)
        text = _ATTRIBUTES.sub("", _BLOCK_CLOSING.sub("", text))
        return _PAGE_LINK.sub(lambda found: _link(address, *found.groups()), text)
    if piece.language == "source":
        names = freshness.shown_names(piece)
        listing = source.fences(root, names, full="full" in piece.info.split()[1:])
        return re.sub(r'^(`+)py title="(.*)"\n', r"\1python\n# \2\n", listing, flags=re.M)
    return str(piece)


def _link(address: str, text: str, target: str) -> str:
    """A link to another chapter becomes one to its notebook; any other page is only named."""
    folder = PurePosixPath(address).parent
    parts = [part for part in (folder / target).parts if part != "."]
    while ".." in parts[1:]:
        at = parts.index("..", 1)
        parts[at - 1 : at + 1] = []
    is_chapter = len(parts) == 2 and parts[1] != "index" and parts[0] != "reference"
    return f"[{text}](../{'/'.join(parts)}.ipynb)" if is_chapter else text
