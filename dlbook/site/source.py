"""Find the current source of a function, class or constant by its dotted name.

The package is read, never imported: a page can show the source of a module that needs TensorFlow
without loading it. A name that does not exist (any more) is an error, so a listing never drifts
from the code.
"""

import ast
import difflib
import textwrap
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

_SECTIONS = ("Args:", "Returns:", "Raises:", "Yields:", "Attributes:", "Example:", "Source:")
_PARSER = threading.Lock()
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class SourceNotFoundError(LookupError):
    """Raised when a dotted name stands for nothing in the package."""


@dataclass(frozen=True)
class Listing:
    """The source of one name.

    Args:
        name: dotted name, such as ``dlbook.maths.softmax.softmax``.
        path: file, relative to the root of the repository, with forward slashes.
        code: the source, without indentation.
    """

    name: str
    path: str
    code: str


def module_path(root: Path, module: str) -> Path | None:
    """The file of a module below `root`, or None if there is no such module.

    Args:
        root: folder that holds the package.
        module: dotted name, such as ``dlbook.maths.softmax`` or ``dlbook.maths``.
    """
    base = root.joinpath(*module.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def find(root: Path, name: str, *, full: bool = False) -> Listing:
    """The current source of one dotted name.

    Args:
        root: folder that holds the package.
        name: a module, or a function, class, method or constant in one.
        full: whether to keep whole docstrings; otherwise they end before ``Args:``, because
            the reference shows the rest.

    Returns:
        The listing.

    Raises:
        SourceNotFoundError: if there is nothing of that name.
    """
    words = name.split(".")
    for length in range(len(words), 0, -1):
        path = module_path(root, ".".join(words[:length]))
        if path:
            text = path.read_text(encoding="utf-8")
            code = _extract(text, words[length:], name, full=full)
            return Listing(name, path.relative_to(root).as_posix(), code)
    raise SourceNotFoundError(
        f"a `source` fence must name something in the package. Received: {name!r}"
    )


def fences(root: Path, names: Sequence[str], *, full: bool = False) -> str:
    """Markdown that shows the source of several names, one block for each run of one file.

    Args:
        root: folder that holds the package.
        names: dotted names, in the order they are shown.
        full: whether to keep whole docstrings.

    Returns:
        Fenced ``py`` blocks with the file as title.

    Raises:
        SourceNotFoundError: if a name does not exist.
    """
    listings = [find(root, name, full=full) for name in names]
    blocks = []
    for path, group in groupby(listings, key=lambda listing: listing.path):
        code = "\n\n\n".join(listing.code for listing in group)
        blocks.append(f'````py title="{path}"\n{code}\n````\n')
    return "\n".join(blocks)


def syntax_tree(text: str) -> ast.Module:
    """Parse code in any thread.

    Python 3.11 counts the depth of a tree in one place for all threads, so that two of them that
    parse at once can fail with a SystemError.

    Args:
        text: code of a module or a cell.

    Returns:
        Its syntax tree.

    Raises:
        SyntaxError: if the text is not Python.
    """
    with _PARSER:
        return ast.parse(text)


def _extract(text: str, attributes: list[str], name: str, *, full: bool) -> str:
    """The lines of one definition in the text of a module."""
    node: ast.AST = syntax_tree(text)
    for attribute in attributes:
        node = _member(node, attribute, name)
    if isinstance(node, ast.Module):
        return text.rstrip()
    lines: list[str | None] = [*text.splitlines()]
    if not full:
        _shorten_docstrings(node, lines)
    first, last = _line_range(node)
    return textwrap.dedent("\n".join(line for line in lines[first - 1 : last] if line is not None))


def _member(node: ast.AST, attribute: str, name: str) -> ast.AST:
    """The statement in a module or class body that defines `attribute`."""
    defined = {key: child for child in getattr(node, "body", ()) for key in _names(child)}
    if attribute in defined:
        return defined[attribute]
    near = difflib.get_close_matches(attribute, defined, n=3)
    hint = f"nearest: {', '.join(near)}" if near else "nothing there has a similar name"
    raise SourceNotFoundError(
        f"a `source` fence must name something in the package; {hint}. Received: {name!r}"
    )


def _names(statement: ast.stmt) -> list[str]:
    """The names that one statement defines."""
    if isinstance(statement, _Definition):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _line_range(node: ast.AST) -> tuple[int, int]:
    """First and last line of a statement, decorators included."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])  # pyright: ignore[reportAttributeAccessIssue]
    return first, node.end_lineno  # pyright: ignore[reportAttributeAccessIssue]


def _shorten_docstrings(node: ast.AST, lines: list[str | None]) -> None:
    """End every docstring below `node` before its first section; left-out lines become None."""
    for child in ast.walk(node):
        if isinstance(child, _Definition) and ast.get_docstring(child):
            docstring = child.body[0]
            _shorten(docstring.lineno, docstring.end_lineno or docstring.lineno, lines)


def _shorten(first: int, last: int, lines: list[str | None]) -> None:
    """Cut the docstring that covers the lines `first` to `last`, counted from 1."""
    texts = {number: (lines[number - 1] or "").strip() for number in range(first, last + 1)}
    start = next((number for number, text in texts.items() if text in _SECTIONS), None)
    if start is None:
        return
    while not texts[start - 1]:
        start -= 1
    lines[start - 1 : last] = [None] * (last + 1 - start)
    if start - 1 == first:
        lines[first - 1] = f'{lines[first - 1]}"""'
    else:
        indent = (lines[start - 2] or "").split(texts[start - 1])[0]
        lines[start - 1] = f'{indent}"""'
