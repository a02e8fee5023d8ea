"""Last touches to the HTML of a page, and what the search sees of it."""

import html as escaping
import re

from dlbook.site import maths

_TABLE = re.compile(r"<table\b([^>]*)>.*?</table>", re.S)
_HEADING = re.compile(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]>", re.S)
_HEADER_LINK = re.compile(r'<a class="headerlink".*?</a>', re.S)
_TAG = re.compile(r"<[^>]+>")
_ABBREVIATION = re.compile(r'<abbr title="([^"]*)">(.*?)</abbr>', re.S)
_UNSEARCHED = re.compile(r"<!--noindex-->.*?<!--/noindex-->", re.S)
_PYTHON = re.compile(r'<div class="language-py\w* highlight">.*?</pre></div>', re.S)
_MARKS = re.compile(r"<!--/?noindex-->")
_IMAGE = re.compile(r"<img\b[^>]*>")
_SOURCE = re.compile(r'\bsrc="([^"]{0,80})')
_DESCRIPTION = re.compile(r'\balt="([^"]*)"')


def finish(html: str) -> str:
    """Wrap tables so that they scroll inside the page, and explain a term only once."""
    return explain_once(wrap_tables(html))


def wrap_tables(html: str) -> str:
    """Put every table that has a class into a box that scrolls sideways and has a name.

    Tables of plain Markdown have no class; Material wraps those itself.

    Args:
        html: the HTML of a page.
    """
    numbers = iter(range(1, html.count("<table") + 1))

    def wrap(found: re.Match[str]) -> str:
        if "class=" not in found[1] or "highlighttable" in found[1]:
            return found[0]
        label = f"Table {next(numbers)}: {_heading_before(html, found.start())}"
        opening = '<div class="dlbook-table-wrap" tabindex="0" role="region"'
        return f'{opening} aria-label="{label}">{found[0]}</div>'

    return _TABLE.sub(wrap, html)


def explain_once(html: str) -> str:
    """Keep the tooltip of a glossary term only where the term first occurs in the text."""
    seen: set[str] = set()

    def keep_first(found: re.Match[str]) -> str:
        if found[1] in seen:
            return found[2]
        seen.add(found[1])
        return found[0]

    html = _HEADING.sub(lambda found: _ABBREVIATION.sub(r"\2", found[0]), html)
    return _ABBREVIATION.sub(keep_first, html)


def image_problems(html: str) -> list[str]:
    """What is wrong with the pictures of a page: those without a description."""
    problems = []
    for image in _IMAGE.findall(html):
        alt = _DESCRIPTION.search(image)
        if not alt or not alt[1].strip():
            source = _SOURCE.search(image)
            name = source[1] if source else image
            problems.append(f"an image needs a description in its brackets. Received: {name}")
    return problems


def searchable(html: str) -> str:
    """What the search reads of a page: no code, no outputs, no long formulas.

    It begins with the heading: for anything before, a line break even, the search would make an
    entry of its own that has the title and nothing else.
    """
    return maths.readable(_PYTHON.sub("", _UNSEARCHED.sub("", html))).lstrip()


def without_marks(html: str) -> str:
    """The HTML without the marks that kept parts of it from the search."""
    return _MARKS.sub("", html)


def _heading_before(html: str, position: int) -> str:
    """Text of the last heading before a position."""
    headings = _HEADING.findall(html[:position])
    text = _TAG.sub("", _HEADER_LINK.sub("", headings[-1])) if headings else "results"
    return escaping.escape(escaping.unescape(text.strip()), quote=True)
