"""Typeset TeX as MathML while the site is built, so that pages need no script for it."""

import html
import re
from collections.abc import Callable

from math_core import LatexError, LatexToMathML

_CONVERTER = LatexToMathML(fancy_error=False)
_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.S)
_DISPLAY = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.S)
_BARE = re.compile(r"\\\((.*?)\\\)", re.S)
_MATH = re.compile(r"<math\b.*?</math>", re.S)
_TAG = re.compile(r"<[^>]+>")
_POSITION = re.compile(r"^\d+: ")
# Invisible, as high and deep as a root sign: else the sign of a low letter hangs below its line.
_STRUT = '<mspace height="0.78em" depth="0.22em"></mspace>'


class TexError(ValueError):
    """Raised when a formula is no TeX that can be typeset; the message says what is wrong."""


def to_mathml(tex: str, *, display: bool = False) -> str:
    """Typeset one formula.

    Args:
        tex: the formula, without dollar signs.
        display: whether it stands on a line of its own.

    Returns:
        A ``<math>`` element.

    Raises:
        TexError: if the formula has a mistake.

    Example:
        >>> to_mathml("x")
        '<math><mi>x</mi></math>'
    """
    try:
        element = _CONVERTER.convert_with_local_state(tex.strip(), displaystyle=display)
        return element.replace("<msqrt>", f"<msqrt>{_STRUT}")
    except LatexError as error:
        reason = _POSITION.sub("", str(error)).rstrip(".")
        formula = " ".join(tex.split())
        raise TexError(f"{reason}. Received: {formula}") from None


def typeset(content: str, on_error: Callable[[str], None]) -> str:
    """Replace every formula in the HTML of a page (as arithmatex leaves it) by MathML.

    Args:
        content: the HTML.
        on_error: called with one line for each formula that cannot be typeset.

    Returns:
        The HTML; a formula with a mistake is shown as code.
    """

    def convert(tex: str, display: bool) -> str:
        try:
            return to_mathml(html.unescape(tex), display=display)
        except TexError as error:
            on_error(str(error))
            return f"<code>{tex.strip()}</code>"

    content = _INLINE.sub(lambda found: convert(found[1], False), content)
    return _DISPLAY.sub(
        lambda found: f'<div class="dlbook-equation">{convert(found[1], True)}</div>',
        content,
    )


def typeset_title(title: str) -> str:
    """Replace the formulas in an entry of a table of contents, whose mistakes the page reports."""
    return _BARE.sub(lambda found: _or_code(html.unescape(found[1])), title)


def _or_code(tex: str) -> str:
    try:
        return to_mathml(tex)
    except TexError:
        return html.escape(tex)


def characters(content: str) -> set[str]:
    """The characters that formulas in some HTML use, for the subset of the font."""
    texts = (html.unescape(_TAG.sub("", found)) for found in _MATH.findall(content))
    return {character for text in texts for character in text}


def readable(content: str, longest: int = 12) -> str:
    """The HTML with short formulas as plain characters and long ones left out, for the search."""

    def shorten(found: re.Match[str]) -> str:
        text = _TAG.sub("", found[0])
        return text if len(text) <= longest else ""

    return _MATH.sub(shorten, content)
