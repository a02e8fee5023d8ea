"""The commands that look things up: list, data, claims."""

import json
from collections import Counter
from itertools import groupby
from typing import Any

from rich.markup import escape

from dlbook import contents
from dlbook.cli.console import (
    VERDICT_SIGNS,
    VERDICT_STYLES,
    say,
    show,
    show_json,
    table,
)
from dlbook.cli.ending import Failure


def list_chapters(*, as_json: bool = False) -> None:
    """Print the parts and chapters in reading order.

    Args:
        as_json: print a JSON array with one object for each chapter.
    """
    if as_json:
        show_json([_described(chapter) for chapter in contents.chapters()])
        return
    width = max(len(chapter.name) for chapter in contents.chapters())
    for part in contents.parts():
        if part.chapters:
            _show_part(part, width)
    say("\nRun one: dlbook run CHAPTER   Read them all: dlbook read")


def _described(chapter: contents.Chapter) -> dict[str, str]:
    return {
        "part": chapter.part,
        "name": chapter.name,
        "title": chapter.title,
        "module": chapter.module,
        "page": chapter.page,
    }


def _show_part(part: contents.Part, width: int) -> None:
    say(f"\n[bold]{escape(part.title)}[/bold]")
    for chapter in part.chapters:
        say(f"  {chapter.name:{width}}  {escape(chapter.title)}")


def list_data() -> None:
    """Print each data set: where it comes from, size, licence, present or not."""
    from dlbook.lab.datasets import CATALOGUE

    made = table("name", "from", "size", "licence", "here?")
    for entry in CATALOGUE:
        present = "yes" if entry.present() else "downloaded on first use"
        made.add_row(entry.name, entry.source, entry.size, entry.licence, present)
    show(made)


def read_claims() -> list[dict[str, Any]]:
    """The claims that the last build of the book tested, with their evidence and verdicts.

    Returns:
        One object for each claim, in reading order.

    Raises:
        Failure: if the book has not been built.
    """
    path = contents.folder() / "docs" / "notebooks" / "claims.json"
    if not path.is_file():
        raise Failure("no claim has been tested yet: `dlbook build` runs the chapters first.")
    ledgers = json.loads(path.read_text(encoding="utf-8"))
    return [
        {"chapter": address, **record}
        for address, tables in ledgers.items()
        for records in tables
        for record in records
    ]


def list_claims(*, as_json: bool = False) -> None:
    """Print every claim with its verdict.

    Args:
        as_json: print a JSON array with one object for each claim.
    """
    records = read_claims()
    if as_json:
        show_json(records)
        return
    for address, found in groupby(records, key=lambda record: record["chapter"]):
        say(f"\n[bold]{address}[/bold]")
        for record in found:
            _show_claim(record)
    counts = Counter(record["verdict"] for record in records)
    each = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICT_STYLES)
    say(f"\n{len(records)} claims: {each}")


def _show_claim(record: dict[str, Any]) -> None:
    verdict = record["verdict"]
    badge = f"{VERDICT_SIGNS[verdict]} {verdict:7}"
    say(f"  [{VERDICT_STYLES[verdict]}]{badge}[/]  {escape(record['statement'])}")
