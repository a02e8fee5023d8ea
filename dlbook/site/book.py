"""What a build of the site knows about the book: parts, chapters, titles, the notes."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dlbook import contents
from dlbook.contents import Chapter, Part
from dlbook.site import execute, notebook


@dataclass(frozen=True)
class Heading:
    """One heading of the notes.

    Args:
        level: 1 or 2, as in the notes.
        text: the heading.
        chapters: addresses of the chapters that carry it.
    """

    level: int
    text: str
    chapters: tuple[str, ...]


@dataclass(frozen=True)
class Book:
    """The book as its files tell it at the beginning of a build.

    Args:
        root: the repository.
    """

    root: Path

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts in reading order."""
        return contents.read(self.root / "mkdocs.yml")

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        """The written chapters (those of the nav) by address, in reading order."""
        return {each.address: each for part in self.parts for each in part.chapters}

    @cached_property
    def pages(self) -> dict[str, Chapter]:
        """The written chapters by the source path of their page."""
        return {chapter.page: chapter for chapter in self.chapters.values()}

    @cached_property
    def keys(self) -> dict[str, str]:
        """The key with which each notebook was executed."""
        return execute.read_keys(self.root)

    @cached_property
    def claims(self) -> dict[str, list[Any]]:
        """The records of the claims tables of each chapter, as its notebook found them."""
        path = self.root / "docs" / "notebooks" / "claims.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """The headings of the notes, in their order."""
        entries = self._notes.get("headings", ())
        return tuple(
            Heading(entry["level"], entry["heading"], tuple(entry["chapters"])) for entry in entries
        )

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of every chapter, written or planned, by address and in reading order."""
        planned = {
            f"{part}/{name}": title
            for part, chapters in self._notes.get("planned", {}).items()
            for name, title in chapters.items()
        }
        return {**planned, **{address: each.title for address, each in self.chapters.items()}}

    @cached_property
    def glossary(self) -> str:
        """Markdown that explains the terms of the book: one abbreviation a line."""
        path = self.root / "docs" / "includes" / "glossary.md"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @cached_property
    def planned(self) -> tuple[str, ...]:
        """Addresses of the chapters that are not written yet, in reading order."""
        return tuple(address for address in self.titles if address not in self.chapters)

    def part_of(self, chapter: Chapter) -> Part:
        """The part that a chapter stands in."""
        return next(part for part in self.parts if part.name == chapter.part)

    def front_matter(self, chapter: Chapter) -> dict[str, Any]:
        """The front matter of a chapter's page; empty if there is no page."""
        path = execute.page_path(self.root, chapter.address)
        return notebook.read_page(path)[0] if path.is_file() else {}

    @cached_property
    def _notes(self) -> dict[str, Any]:
        path = self.root / "docs" / "notes.yml"
        return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
