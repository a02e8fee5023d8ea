"""Puts the book's table of contents, pages and verdicts into the wheel, under ``dlbook/_book``."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = (
    "mkdocs.yml",
    "docs/notes.yml",
    "docs/notebooks/claims.json",
    "docs/**/*.md",
    "results/*/*/*.json",
)


class BookBuildHook(BuildHookInterface):
    """Adds to a wheel what a checkout has beside the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each carried file to its place in the wheel (an editable install needs none)."""
        if version == "editable":
            return
        root = Path(self.root)
        for pattern in CARRIED:
            for path in sorted(root.glob(pattern)):
                relative = path.relative_to(root).as_posix()
                build_data["force_include"][str(path)] = f"dlbook/_book/{relative}"
