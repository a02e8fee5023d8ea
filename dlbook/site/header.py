"""What frames a chapter: part, answer, minutes and prerequisites before it, how to run it after."""

import ast
import html
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import markdown

from dlbook.contents import Chapter
from dlbook.site import fences, freshness, source
from dlbook.site.book import Book

_HEADING = re.compile(r"<h1\b.*?</h1>", re.S)
_SOURCES = re.compile(r'(?=<h2 id="sources")|$(?![\s\S])')
_DOLLARS = re.compile(r"\$([^$]+)\$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FORMULA = re.compile(r"\$\$.+?\$\$", re.S)
_WORDS_PER_MINUTE = 200
_LINES_PER_MINUTE = 30
_FORMULAS_PER_MINUTE = 4
_MOST_IMPORTED = 3


@dataclass(frozen=True)
class Header:
    """Writes the header of one chapter.

    Args:
        book: the book.
        chapter: the chapter.
        meta: front matter of its page.
        link: address of a page of the site (by source path), as seen from this page.
        notebook: address of the notebook as seen from this page, "" if there is none.
        colab: address that opens the notebook in Colab, "" while the repository is not public.
    """

    book: Book
    chapter: Chapter
    meta: Mapping[str, Any]
    link: Callable[[str], str]
    notebook: str = ""
    colab: str = ""

    def insert(self, content: str, markdown_text: str) -> str:
        """Put the header around the first heading of a page, and the run box before its sources.

        Args:
            content: HTML of the page.
            markdown_text: its Markdown, which tells how long it takes to read.

        Returns:
            The HTML with the header; a heading is added if there is none. Without sources the run
            box stands at the end.
        """
        found = _HEADING.search(content)
        heading = found[0] if found else f"<h1>{html.escape(self.chapter.title)}</h1>"
        rest = content.replace(heading, "", 1) if found else content
        text, sources = _SOURCES.split(rest, maxsplit=1)
        parts = [self._part(), heading, self._answer(), self._facts(markdown_text)]
        parts += [self._abilities(), text, self._run_box(markdown_text), sources]
        return "\n".join(parts)

    def _part(self) -> str:
        part = self.book.part_of(self.chapter)
        title = html.escape(part.title)
        return unsearched(
            f'<p class="dlbook-part"><a href="{self.link(part.page)}">{title}</a></p>'
        )

    def _answer(self) -> str:
        description = self.meta.get("description", "")
        return f'<p class="dlbook-answer">{inline(description)}</p>' if description else ""

    def _facts(self, markdown_text: str) -> str:
        minutes = reading_minutes(markdown_text)
        facts = [f"{minutes} minute{'s' if minutes > 1 else ''}"]
        needed = [self._prerequisite(address) for address in self.meta.get("depends") or ()]
        facts += [f"Before you read this: {', '.join(needed)}"] if needed else []
        facts += ['<a href="#run-this-chapter">Run it</a>']
        items = "".join(f"<li>{fact}</li>" for fact in facts)
        return unsearched(f'<ul class="dlbook-meta">{items}</ul>')

    def _prerequisite(self, address: str) -> str:
        title = html.escape(self.book.titles.get(address, address))
        chapter = self.book.chapters.get(address)
        if chapter:
            return f'<a href="{self.link(chapter.page)}">{title}</a>'
        return f'<span class="dlbook-planned">{title} (planned)</span>'

    def _abilities(self) -> str:
        abilities: Sequence[str] = self.meta.get("learn") or ()
        items = "".join(f"<li>{inline(ability)}</li>" for ability in abilities)
        introduction = "<p>After this chapter you can</p>"
        return f'<div class="dlbook-learn">{introduction}<ul>{items}</ul></div>' if items else ""

    def _run_box(self, markdown_text: str) -> str:
        links = []
        if self.notebook:
            links.append(f'<a href="{self.notebook}" download>Download the notebook</a>')
        if self.colab:
            links.append(f'<a href="{self.colab}">Open in Colab</a>')
        rows = [("In a terminal", code(f"dlbook run {self.chapter.name}"))]
        line = import_line(self.book, self.chapter, markdown_text)
        rows += [("In your own code", code(line))] if line else []
        rows += [("As a notebook", f"<p>{' or '.join(links)}</p>")] if links else []
        listing = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in rows)
        # The id stands on the title: inside an element with an id, Material names every listing
        # after that element, so that each copy button would copy the first of them.
        title = '<p class="dlbook-run-title" id="run-this-chapter">Run this chapter</p>'
        opening = '<aside class="dlbook-run" aria-label="Run this chapter">'
        return unsearched(f"{opening}{title}<dl>{listing}</dl></aside>")


def unsearched(content: str) -> str:
    """HTML between marks that keep it out of the search."""
    return f"<!--noindex-->{content}<!--/noindex-->"


def inline(text: str) -> str:
    """A sentence of front matter as HTML: code, emphasis and formulas, no paragraph around it.

    Example:
        >>> inline("what *one* number does")
        'what <em>one</em> number does'
    """
    pieces = _DOLLARS.split(str(text))
    formulas = {f"dlbookformula{i}e": tex for i, tex in enumerate(pieces[1::2])}
    names = iter(formulas)
    joined = "".join(piece if i % 2 == 0 else next(names) for i, piece in enumerate(pieces))
    content = markdown.markdown(joined).removeprefix("<p>").removesuffix("</p>")
    for name, tex in formulas.items():
        formula = rf'<span class="arithmatex">\({html.escape(tex)}\)</span>'
        content = content.replace(name, formula)
    return content


def code(text: str) -> str:
    """One line of code with Material's copy button."""
    return f'<div class="highlight"><pre><code>{html.escape(text)}</code></pre></div>'


def reading_minutes(markdown_text: str) -> int:
    """Minutes that a reader needs for a page, at least one.

    Args:
        markdown_text: the page. Words of its text, lines of its code and displayed formulas count.

    Example:
        >>> reading_minutes("word " * 1000)
        5
    """
    pieces = fences.split(markdown_text)
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    code_lines = sum(piece.body.count("\n") for piece in pieces if not isinstance(piece, str))
    num_words = len(_WORD.findall(_FORMULA.sub("", text)))
    minutes = (
        num_words / _WORDS_PER_MINUTE
        + code_lines / _LINES_PER_MINUTE
        + len(_FORMULA.findall(text)) / _FORMULAS_PER_MINUTE
    )
    return max(1, math.ceil(minutes))


def import_line(book: Book, chapter: Chapter, markdown_text: str) -> str:
    """The line that imports the chapter's main parts: those whose source the page shows first.

    Args:
        book: the book.
        chapter: the chapter.
        markdown_text: its page.

    Returns:
        An import statement, "" if the chapter has no module or nothing public in it. A function
        or class that is named like the chapter goes before everything else.
    """
    names = _public_names(book, chapter)
    fences_of_source = [freshness.shown_names(piece) for piece in fences.split(markdown_text)]
    shown = next(filter(None, fences_of_source), [])
    own = [name.removeprefix(f"{chapter.module}.") for name in shown]
    wanted = [name for name in own if name in names][:_MOST_IMPORTED] or names[:1]
    alike = [name for name in names if name.lower() in (chapter.name, _joined(chapter.name))]
    wanted = alike[:1] or wanted
    return f"from {chapter.module} import {', '.join(wanted)}" if wanted else ""


def _public_names(book: Book, chapter: Chapter) -> list[str]:
    """Public functions and classes of a chapter's module, in order."""
    path = source.module_path(book.root, chapter.module)
    if not path:
        return []
    body = source.syntax_tree(path.read_text(encoding="utf-8")).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [each.name for each in body if isinstance(each, kinds) and each.name[0] != "_"]


def _joined(name: str) -> str:
    """The name of a chapter as a class would have it, in small letters."""
    return name.replace("_", "")
