"""Lists that pages ask for with a comment: chapters of a part, the map of the notes, modules."""

import html
from collections.abc import Callable, Iterable

from dlbook.contents import Part
from dlbook.site.book import Book, Heading

CHAPTERS = "<!-- chapters -->"
NOTES_MAP = "<!-- notes-map -->"
MODULES = "<!-- modules -->"


def chapter_cards(book: Book, part: Part, link: Callable[[str], str]) -> str:
    """Cards of all chapters of a part, the planned ones too, in reading order.

    Args:
        book: the book.
        part: the part.
        link: address of a page of the site (by source path), as seen from this page.

    Returns:
        A ``<ul class="dlbook-cards">``.
    """
    addresses = [each for each in book.titles if each.split("/")[0] == part.name]
    cards = "\n".join(_card(book, address, link) for address in addresses)
    return f'<ul class="dlbook-cards">\n{cards}\n</ul>'


def notes_map(book: Book, link: Callable[[str], str]) -> str:
    """The table of the notes' headings and the chapters that carry them.

    Args:
        book: the book.
        link: address of a page of the site (by source path), as seen from this page.

    Returns:
        A table; planned chapters are named without a link.
    """
    rows = "\n".join(_row(book, number, each, link) for number, each in _numbered(book.headings))
    head = '<th scope="col">Heading of the notes</th><th scope="col">Chapter of the book</th>'
    return (
        f'<table class="dlbook-notes-map">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table>"
    )


def module_reference(book: Book, part: Part) -> str:
    """Markdown that asks mkdocstrings for the reference of every written chapter of a part."""
    modules = [chapter.module for chapter in part.chapters]
    if not modules:
        return "No chapter of this part is written yet."
    return "\n\n".join(f"::: {module}" for module in modules)


def _numbered(headings: Iterable[Heading]) -> enumerate[Heading]:
    return enumerate(headings, start=1)


def _card(book: Book, address: str, link: Callable[[str], str]) -> str:
    title = html.escape(book.titles[address])
    chapter = book.chapters.get(address)
    if not chapter:
        note = '<p class="dlbook-planned">planned</p>'
        return f'<li class="dlbook-card planned"><h3>{title}</h3>{note}</li>'
    description = html.escape(str(book.front_matter(chapter).get("description", "")))
    heading = f'<h3><a href="{link(chapter.page)}">{title}</a></h3>'
    return f'<li class="dlbook-card">{heading}<p>{description}</p></li>'


def _row(book: Book, number: int, heading: Heading, link: Callable[[str], str]) -> str:
    chapters = ", ".join(_named(book, address, link) for address in heading.chapters)
    text = f'<th scope="row">{number}. {html.escape(heading.text)}</th>'
    return f"<tr>{text}<td>{chapters}</td></tr>"


def _named(book: Book, address: str, link: Callable[[str], str]) -> str:
    title = html.escape(book.titles[address])
    chapter = book.chapters.get(address)
    if chapter:
        return f'<a href="{link(chapter.page)}">{title}</a>'
    return f'<span class="dlbook-planned">{title} (planned)</span>'
