"""Where the command line writes: text on standard output, plain when that is no terminal."""

import json
import sys
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

WIDE = 160
"""Columns of text when nobody looks at it: a pipe or a file gets whole lines."""

VERDICT_STYLES = {"holds": "green", "fails": "red", "depends": "yellow"}
VERDICT_SIGNS = {"holds": "✓", "fails": "✗", "depends": "≈"}


class BookConsole(Console):
    """A console that reports a closed pipe as any other program does: by an exception."""

    def on_broken_pipe(self) -> NoReturn:
        """Let the command end as for every other closed pipe (rich would leave at once)."""
        raise BrokenPipeError


def console() -> Console:
    """A console on standard output as it is now (tests and notebooks replace it)."""
    width = None if sys.stdout.isatty() else WIDE
    return BookConsole(width=width, highlight=False, soft_wrap=False)


def say(text: str = "") -> None:
    """Print one line of text with rich's markup."""
    console().print(text)


def show(table: Table) -> None:
    """Print a table."""
    console().print(table)


def show_json(value: Any) -> None:
    """Print a value as indented JSON, for other programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(*columns: str) -> Table:
    """An empty table with the book's look.

    Args:
        columns: the headings.

    Returns:
        A table to which rows can be added.
    """
    return Table(*columns, box=None, pad_edge=False)
