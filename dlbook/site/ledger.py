"""The ledger: every claim of the book with its evidence, from the executed notebooks."""

import html
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from dlbook.contents import Part
from dlbook.lab.claims import Claim, Evidence, Finding, Ledger, Verdict
from dlbook.site.book import Book
from dlbook.site.header import unsearched

LEDGER = "<!-- ledger -->"
VERDICTS = "<!-- verdicts -->"
WHERE = "#what-the-notes-say-what-we-measured"

Records = Mapping[str, Any]


def read(book: Book) -> dict[str, Ledger]:
    """Read what the chapters found when they were executed.

    Args:
        book: the book.

    Returns:
        Address of each chapter that judges claims -> its findings, in reading order.
    """
    return {
        address: Ledger(finding(record) for records in book.claims[address] for record in records)
        for address in book.chapters
        if address in book.claims
    }


def finding(record: Records) -> Finding:
    """Restore a finding from the record that a notebook keeps of it.

    Args:
        record: what `dlbook.lab.claims.Finding.to_record` gave, NaN and infinity as null.
    """
    claim = Claim(record["id"], record["statement"], (), _measured_before, record["note"])
    return Finding(claim, tuple(map(_evidence, record["evidence"])))


def page(book: Book, link: Callable[[str], str]) -> str:
    """The ledger as HTML: how many claims hold, and all of them, by part and chapter.

    Args:
        book: the book.
        link: address of a page of the site (by source path), as seen from this page.
    """
    ledgers = read(book)
    sections = "\n".join(_part(book, part, ledgers, link) for part in book.parts)
    return unsearched(f"{_counts(book, ledgers)}\n<dlbook-ledger>\n{sections}\n</dlbook-ledger>")


def verdicts(book: Book) -> str:
    """How many claims the book has, and how many of them hold, fail or depend, as HTML.

    Args:
        book: the book.
    """
    counter = Counter(one.verdict for found in read(book).values() for one in found)
    counts = "\n".join(
        f"<li><strong>{counter[verdict]}</strong> {verdict.badge}</li>" for verdict in Verdict
    )
    return f"<p><strong>{counter.total()}</strong> claims:</p>\n<ul>\n{counts}\n</ul>"


def _measured_before(*results: Any) -> NoReturn:
    raise LookupError("this claim was read from a notebook: run its chapter to measure it again")


def _evidence(record: Records) -> Evidence:
    missing: dict[str, Any] = {"at_least": -math.inf, "at_most": math.inf}
    known: dict[str, Any] = {
        name: missing.get(name, math.nan) if value is None else value
        for name, value in record.items()
        if name != "holds"
    }
    return Evidence(**known)


def _counts(book: Book, ledgers: Mapping[str, Ledger]) -> str:
    rows = [
        (f'<a href="#{part.name}">{html.escape(part.title)}</a>', _verdicts(part, ledgers))
        for part in book.parts
        if _verdicts(part, ledgers)
    ]
    total = sum((counter for _, counter in rows), Counter())
    heads = "".join(f'<th scope="col">{verdict.badge}</th>' for verdict in Verdict)
    lines = "\n".join(_count_row(*row) for row in [*rows, ("The whole book", total)])
    return (
        '<table class="dlbook-table dlbook-counts">\n<thead>\n<tr><th scope="col">Part</th>'
        f'{heads}<th scope="col">Claims</th></tr>\n</thead>\n<tbody>\n{lines}\n</tbody>\n</table>'
    )


def _verdicts(part: Part, ledgers: Mapping[str, Ledger]) -> Counter[Verdict]:
    addresses = [chapter.address for chapter in part.chapters if chapter.address in ledgers]
    return Counter(one.verdict for address in addresses for one in ledgers[address])


def _count_row(name: str, counter: Counter[Verdict]) -> str:
    numbers = [*(counter[verdict] for verdict in Verdict), counter.total()]
    cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _part(book: Book, part: Part, ledgers: Mapping[str, Ledger], link: Callable[[str], str]) -> str:
    chapters = [
        f'<section data-chapter="{chapter.address}">\n'
        f'<h3 id="{chapter.name}"><a href="{link(chapter.page)}{WHERE}">'
        f"{html.escape(chapter.title)}</a></h3>\n{ledgers[chapter.address]._repr_html_()}\n"
        "</section>"
        for chapter in part.chapters
        if chapter.address in ledgers
    ]
    if not chapters:
        return ""
    inside = "\n".join(chapters)
    title = html.escape(part.title)
    heading = f'<h2 id="{part.name}">{title}</h2>'
    return f'<section data-part="{part.name}">\n{heading}\n{inside}\n</section>'
