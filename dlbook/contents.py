"""The table of contents: parts and chapters, read from the nav of ``mkdocs.yml``.

The nav is the one place where the order of the book is written. In a checkout it is the file at
the repository root; in an installed wheel it is the copy under ``dlbook/_book``.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PACKAGE = Path(__file__).resolve().parent
EQUIPMENT = frozenset({"lab", "site"})
"""Subpackages that hold no chapters."""


@dataclass(frozen=True)
class Chapter:
    """One chapter: one page, one module, one test file and one notebook of the same name.

    Args:
        part: name of the part, such as ``"maths"``.
        name: name of the chapter, such as ``"softmax"``.
        title: title for readers, such as ``"Softmax"``.

    Example:
        >>> chapter = Chapter("maths", "softmax", "Softmax")
        >>> chapter.address, chapter.module, chapter.page
        ('maths/softmax', 'dlbook.maths.softmax', 'maths/softmax.md')
    """

    part: str
    name: str
    title: str

    @property
    def address(self) -> str:
        """Part and name, which no other chapter shares."""
        return f"{self.part}/{self.name}"

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return f"dlbook.{self.part}.{self.name}"

    @property
    def page(self) -> str:
        """Page, relative to the ``docs`` folder."""
        return f"{self.address}.md"

    @property
    def notebook(self) -> str:
        """Executed notebook, relative to the ``docs`` folder."""
        return f"notebooks/{self.address}.ipynb"

    @property
    def test(self) -> str:
        """Test file, relative to the repository root."""
        return f"tests/{self.part}/test_{self.name}.py"

    @property
    def page_path(self) -> Path:
        """Where the page lies on this machine (checkout or installed book)."""
        return folder() / "docs" / self.page


@dataclass(frozen=True)
class Part:
    """One part of the book: a subpackage, a folder of pages and their chapters in order.

    Args:
        name: name of the part, such as ``"maths"``.
        title: title for readers, as the nav has it.
        chapters: the part's chapters in reading order.
    """

    name: str
    title: str
    chapters: tuple[Chapter, ...] = ()

    @property
    def page(self) -> str:
        """First page of the part, relative to the ``docs`` folder."""
        return f"{self.name}/index.md"


class UnknownChapter(LookupError):  # noqa: N818
    """Raised when no chapter has the given name.

    Attributes:
        name: what was asked for.
        nearest: addresses of the chapters most like it.
        planned: whether a chapter of that name is announced but not written yet.
    """

    def __init__(self, name: str, nearest: tuple[str, ...] = (), *, planned: bool = False) -> None:
        self.name = name
        self.nearest = nearest
        self.planned = planned
        hint = f"nearest: {', '.join(nearest)}" if nearest else "`dlbook list` shows them all"
        hint = "this one is planned, not written" if planned else hint
        super().__init__(f"`name` must be a chapter of the book; {hint}. Received: {name!r}")


def root() -> Path | None:
    """The repository root when the package runs from a checkout, else None.

    Example:
        >>> root() is None or (root() / "mkdocs.yml").is_file()
        True
    """
    parent = PACKAGE.parent
    in_checkout = (parent / "mkdocs.yml").is_file() and (parent / "docs").is_dir()
    return parent if in_checkout else None


def folder() -> Path:
    """The folder that holds ``mkdocs.yml`` and ``docs``: the checkout, or the installed copy.

    Returns:
        The repository root, or ``dlbook/_book`` inside an installed package.
    """
    return root() or PACKAGE / "_book"


def parts() -> tuple[Part, ...]:
    """The parts of the book in reading order, each with its chapters.

    Example:
        >>> "maths" in [part.name for part in parts()]
        True
    """
    return read(folder() / "mkdocs.yml")


def chapters() -> tuple[Chapter, ...]:
    """Every chapter of the book in reading order.

    Example:
        >>> "maths/softmax" in [chapter.address for chapter in chapters()]
        True
    """
    return tuple(chapter for part in parts() for chapter in part.chapters)


def planned() -> dict[str, str]:
    """Chapters that ``docs/notes.yml`` announces and nobody has written yet.

    Returns:
        Title of each by its address, in reading order.

    Example:
        >>> written = {chapter.address for chapter in chapters()}
        >>> written & set(planned())
        set()
    """
    written = {chapter.address for chapter in chapters()}
    titles = announced(folder() / "docs" / "notes.yml")
    return {address: title for address, title in titles.items() if address not in written}


def announced(path: Path) -> dict[str, str]:
    """All chapters that one ``notes.yml`` announces, written or not.

    Args:
        path: the ``notes.yml`` to read; without it nothing is announced.

    Returns:
        Title of each by its address, in reading order.
    """
    notes = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader) if path.is_file() else {}
    return {
        f"{part}/{name}": title
        for part, names in notes.get("planned", {}).items()
        for name, title in names.items()
    }


def find(name: str) -> Chapter:
    """The chapter that a person means by a name.

    Args:
        name: ``"softmax"``, ``"maths/softmax"``, ``"maths.softmax"`` or ``"dlbook.maths.softmax"``;
            capitals, and hyphens for underscores, do not matter.

    Returns:
        The one chapter with that name.

    Raises:
        UnknownChapter: if no chapter has that name; it lists the nearest names.

    Example:
        >>> find("maths.softmax") == find("softmax")
        True
    """
    wanted = name.strip().lower().replace("-", "_").replace(".", "/").removeprefix("dlbook/")
    for chapter in chapters():
        if wanted in (chapter.address, chapter.name):
            return chapter
    is_planned = any(wanted in (address, address.partition("/")[2]) for address in planned())
    raise UnknownChapter(name, _nearest(wanted), planned=is_planned)


def read(path: Path) -> tuple[Part, ...]:
    """The parts that one ``mkdocs.yml`` lists.

    A section of the nav is a part if its name is a subpackage of dlbook with chapters; other
    sections and single pages (home, glossary, reference) are none of ours.

    Args:
        path: the ``mkdocs.yml`` to read.

    Returns:
        The parts in the order of the nav.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a chapter has no title in the nav.
    """
    try:
        written = path.stat().st_mtime_ns
    except FileNotFoundError:
        message = f"the table of contents must be a readable mkdocs.yml. Received: {path}"
        raise FileNotFoundError(message) from None
    return _read(path, written)


@lru_cache(maxsize=8)
def _read(path: Path, written: int) -> tuple[Part, ...]:
    """The parts of a file as it was written at one moment, so that edits are seen."""
    nav = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader).get("nav") or []
    sections = [
        (title, entries)
        for item in nav
        if isinstance(item, dict)
        for title, entries in item.items()
        if isinstance(entries, list)
    ]
    return tuple(
        _part(name, title, entries) for title, entries in sections if (name := _part_name(entries))
    )


def _part_name(entries: list[Any]) -> str:
    """Name of the part a section of the nav stands for, or "" if it stands for none."""
    names = {page.split("/")[0] for _, page in _pages(entries) if "/" in page}
    known = {name for name in names if (PACKAGE / name / "__init__.py").is_file()} - EQUIPMENT
    return known.pop() if len(known) == 1 else ""


def _part(name: str, title: str, entries: list[Any]) -> Part:
    found = []
    for chapter_title, page in _pages(entries):
        stem = Path(page).stem
        if stem == "index":
            continue
        if not chapter_title:
            raise ValueError(f"a chapter in the nav must have a title. Received: {page!r}")
        found.append(Chapter(name, stem, chapter_title))
    return Part(name, title, tuple(found))


def _pages(entries: list[Any]) -> Iterator[tuple[str, str]]:
    """Title and page of each entry of a section, also of sections inside it."""
    for entry in entries:
        pairs = [("", entry)] if isinstance(entry, str) else entry.items()
        for title, value in pairs:
            yield from _pages(value) if isinstance(value, list) else [(title, value)]


def _nearest(wanted: str) -> tuple[str, ...]:
    """Up to three addresses like the wanted one, the most alike first."""
    addresses = [chapter.address for chapter in chapters()]
    scores = {address: _likeness(wanted, address) for address in addresses}
    best = sorted(addresses, key=lambda address: -scores[address])
    return tuple(address for address in best[:3] if scores[address] > 0.5)


def _likeness(wanted: str, address: str) -> float:
    """How much two names are alike, from 0 to 1, with or without the part."""
    name = address.rpartition("/")[2]
    candidates = (address, name)
    part_of = bool(wanted) and (wanted in name or wanted.startswith(name))
    ratios = (difflib.SequenceMatcher(None, wanted, each).ratio() for each in candidates)
    return max(0.9 * part_of, *ratios)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # pyright: ignore[reportGeneralTypeIssues]
    """Reads ``mkdocs.yml`` without running it: tags such as ``!!python/name`` become None."""


_Loader.add_multi_constructor("", lambda loader, suffix, node: None)
_Loader.add_multi_constructor("tag:", lambda loader, suffix, node: None)
