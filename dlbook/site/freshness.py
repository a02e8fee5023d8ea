"""The key of a chapter: a hash of everything that can change the outputs of its cells.

It covers the code cells, every dlbook module they reach (as a syntax tree without comments and
docstrings, so that wording never costs a re-execution), the names whose source is shown, the style
file of the figures and the recorded results of the chapter. A notebook is fresh if its key is the
one it was executed with.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from dlbook.site import fences, source

PACKAGE = "dlbook"
_MODULE_NAME = re.compile(rf"{PACKAGE}(?:\.\w+)+")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_VERSION_DEPENDENT = frozenset({"type_params", "type_comment", "type_ignores", "kind", "ctx"})


def chapter_key(root: Path, address: str, markdown: str) -> str:
    """Hash of what the outputs of a chapter depend on.

    Args:
        root: the repository.
        address: part and chapter, such as ``maths/softmax``.
        markdown: the chapter's page.

    Returns:
        64 hexadecimal digits, the same for every version of Python.
    """
    cells = fences.cells(markdown)
    modules = reached_modules(root, [cell.body for cell in cells])
    content = {
        "cells": [(cell.body.strip(), cell.tags) for cell in cells],
        "modules": {
            name: _fingerprint(path, path.stat().st_mtime_ns)
            for name, path in sorted(modules.items())
        },
        "shown": [name for piece in fences.split(markdown) for name in shown_names(piece)],
        "data": {path.name: _digest(path) for path in _data_files(root, address, modules)},
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def shown_names(piece: str | fences.Fence) -> list[str]:
    """The dotted names that a ``source`` fence lists; none for any other piece of a page."""
    if isinstance(piece, str) or piece.language != "source":
        return []
    return piece.body.split()


def reached_modules(root: Path, codes: Iterable[str]) -> dict[str, Path]:
    """Every module of the package that some code imports, directly or through others.

    Args:
        root: folder that holds the package.
        codes: pieces of Python; one that does not parse reaches nothing.

    Returns:
        Dotted names and files.
    """
    waiting = [name for code in codes for name in _imports(root, code, "")]
    reached: dict[str, Path] = {}
    while waiting:
        name = waiting.pop()
        path = source.module_path(root, name)
        if path and name not in reached:
            reached[name] = path
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            waiting += _file_imports(root, path, package, path.stat().st_mtime_ns)
            waiting.append(name.rpartition(".")[0])
    return reached


@lru_cache(maxsize=1024)
def _file_imports(root: Path, path: Path, package: str, written: int) -> tuple[str, ...]:
    """What a file imports, as it was written at one moment."""
    return tuple(_imports(root, path.read_text(encoding="utf-8"), package))


def _imports(root: Path, code: str, package: str) -> list[str]:
    """Modules of the package that one piece of code names."""
    try:
        tree = source.syntax_tree(code)
    except SyntaxError:
        return []
    names = [name for node in _walk(tree) for name in _imported(root, node, package)]
    return [name for name in names if name.split(".")[0] == PACKAGE]


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs: the inside of ``if TYPE_CHECKING`` is left out."""
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _imported(root: Path, node: ast.AST, package: str) -> Iterator[str]:
    """Modules that one statement imports, or names in a string (as a lazy import does)."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        parent = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*(parent if node.level else []), *filter(None, [node.module])])
        yield base
        for alias in node.names:
            yield from _attribute_modules(root, base, alias.name)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and package != PACKAGE:
        yield from _MODULE_NAME.findall(node.value)


def _attribute_modules(root: Path, base: str, name: str) -> list[str]:
    """Modules behind ``from base import name``: a submodule, or what the package imports lazily."""
    path = source.module_path(root, base)
    if source.module_path(root, f"{base}.{name}") or not path or path.name != "__init__.py":
        return [f"{base}.{name}"]
    entries = (
        value
        for node in ast.walk(source.syntax_tree(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == name
    )
    return [
        entry.value
        for entry in entries
        if isinstance(entry, ast.Constant) and isinstance(entry.value, str)
    ]


@lru_cache(maxsize=1024)
def _fingerprint(path: Path, written: int) -> str:
    """Hash of the syntax tree of a module, as it was written at one moment, without docstrings."""
    tree = source.syntax_tree(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return hashlib.sha256(repr(_outline(tree)).encode()).hexdigest()


def _outline(node: object) -> object:
    """A syntax tree as nested tuples that every supported version of Python writes the same."""
    if isinstance(node, list):
        return [_outline(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    fields = [
        (name, _outline(_without_empty_text(value)))
        for name, value in ast.iter_fields(node)
        if name not in _VERSION_DEPENDENT and value not in (None, [])
    ]
    return (type(node).__name__, fields)


def _without_empty_text(value: object) -> object:
    """The parts of an f-string without the empty ones that Python 3.12 adds."""
    if not isinstance(value, list) or not any(isinstance(v, ast.FormattedValue) for v in value):
        return value
    return [part for part in value if not (isinstance(part, ast.Constant) and part.value == "")]


def _data_files(root: Path, address: str, modules: Iterable[str]) -> list[Path]:
    """Files that are no code and still shape the outputs."""
    files = sorted((root / "results" / address).glob("*.json"))
    style = root / PACKAGE / "lab" / "book.mplstyle"
    return [*files, style] if f"{PACKAGE}.lab.plots" in modules and style.is_file() else files


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
