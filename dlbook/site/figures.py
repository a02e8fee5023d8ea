"""Figures of the pages: inline SVG that follows the palette and tells what it shows."""

import html
import re
from collections.abc import Callable, Mapping

SHORTEST_DESCRIPTION = 20
"""Fewest characters of a description of a figure."""

_PROLOGUE = re.compile(r"^.*?(?=<svg\b)", re.S)
_NOISE = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>", re.S)
_SPACE = re.compile(r">\s+<")
_COORDINATES = re.compile(r'\s((?:d|points|x|y|x1|x2|y1|y2|width|height)=")([^"]*)"')
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_EMBEDDED_PNG = re.compile(r"(data:image/png;base64,)([^\"]+)")
_ROOT = re.compile(r"<svg\b[^>]*>", re.S)
_LABEL = re.compile(r'\baria-label="([^"]*)"')
_ID = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'(href="#|url\(#|aria-(?:labelledby|describedby)=")([^")]+)')
_TITLE = re.compile(r"<title>.*?</title>", re.S)
_OWN_LINK = re.compile(r'\shref="(?=#|data:)')


class MissingDescriptionError(ValueError):
    """Raised when a figure has no description, or one too short to help."""


def shrink(svg: str, compress_png: Callable[[str], str] = str) -> str:
    """The same drawing in fewer bytes: no prologue, no comments, two decimals.

    Args:
        svg: an SVG file.
        compress_png: what makes an embedded picture smaller (Base64 in, Base64 out).

    Returns:
        One ``<svg>`` element.

    Example:
        >>> shrink('<?xml version="1.0"?><svg><path d="M 1.23456 2"/> <g/></svg>')
        '<svg><path d="M 1.23 2"/><g/></svg>'
    """
    svg = _NOISE.sub("", _PROLOGUE.sub("", svg, count=1))
    svg = _COORDINATES.sub(lambda found: f' {found[1]}{_rounded(found[2])}"', svg)
    svg = _EMBEDDED_PNG.sub(lambda found: f"{found[1]}{compress_png(found[2])}", svg)
    return _SPACE.sub("><", svg).strip()


def describe(svg: str) -> str:
    """The description of a figure.

    Args:
        svg: an ``<svg>`` element.

    Returns:
        Its ``aria-label``.

    Raises:
        MissingDescriptionError: if it is missing or has fewer than 20 characters.
    """
    opening = _ROOT.search(svg)
    found = _LABEL.search(opening[0]) if opening else None
    return checked_description(html.unescape(found[1]) if found else "")


def checked_description(text: str) -> str:
    """`text`, if it is long enough to describe a figure.

    Raises:
        MissingDescriptionError: if it has fewer than 20 characters.

    Example:
        >>> checked_description("Two curves that cross at a scale of one.")
        'Two curves that cross at a scale of one.'
    """
    if len(text.strip()) < SHORTEST_DESCRIPTION:
        raise MissingDescriptionError(
            f"a figure needs `alt`, a sentence that says what it shows. Received: {text!r}"
        )
    return text


def inline(svg: str, prefix: str, colors: Mapping[str, str]) -> str:
    """An ``<svg>`` ready to stand in a page.

    Its ids get a prefix, so that two figures on a page never share one, and the book's colours
    become CSS variables, so that the figure is right in light and dark. Links inside the drawing
    are written ``xlink:href``: Material's instant navigation sets the property of every ``href``,
    which shapes do not allow.

    Args:
        svg: an ``<svg>`` element with a description.
        prefix: what makes ids unique, such as ``f1``.
        colors: names and hexadecimal values of the book's colours.

    Returns:
        The element.

    Example:
        >>> inline('<svg><g id="a" style="fill: #112233"/></svg>', "f1", {"ink": "#112233"})
        '<svg><g id="f1-a" style="fill: var(--dlbook-ink, #112233)"/></svg>'
    """
    known = set(_ID.findall(svg))
    svg = _ID.sub(rf'id="{prefix}-\1"', _TITLE.sub("", svg))
    svg = _REFERENCE.sub(
        lambda found: f"{found[1]}{prefix}-{found[2]}" if found[2] in known else found[0], svg
    )
    return recolor(_OWN_LINK.sub(' xlink:href="', svg), colors)


def recolor(svg: str, colors: Mapping[str, str]) -> str:
    """Replace the book's colours by CSS variables that fall back to the colours themselves."""
    names = {value.lower(): name for name, value in colors.items()}
    if not names:
        return svg
    pattern = re.compile(rf"(?:{'|'.join(map(re.escape, names))})\b", re.I)
    return pattern.sub(
        lambda found: f"var(--dlbook-{names[found[0].lower()]}, {found[0].lower()})", svg
    )


def _rounded(text: str) -> str:
    """Numbers with at most two decimals."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), text)
