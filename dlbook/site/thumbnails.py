"""Small pictures of figures: one panel without its words, for a page that leads to the chapter.

A page asks for one with a comment: ``<!-- figure: calculus/derivatives plot_secants 1 -->`` is the
first panel of the first figure that a cell of that chapter makes by ``plot_secants``. The drawing
comes from the executed notebook, so it is never older than the chapter.
"""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from dlbook.lab.plots.colors import COLORS
from dlbook.site import execute, figures

_WANTED = re.compile(r"<!-- figure: (\S+) (\w+) (\d+) -->")
_NAMESPACE = "http://www.w3.org/2000/svg"
_SVG = f"{{{_NAMESPACE}}}"
_REFERENCE = re.compile(r'href="#([^"]+)"')
_KEPT = ("fill", "stroke", "stroke-linejoin")


class NoFigureError(LookupError):
    """Raised when a chapter has no such figure, or the figure no such panel."""


def put(html: str, root: Path, warn: Callable[[str], None]) -> str:
    """Put small pictures in the place of the comments that ask for them.

    Args:
        html: the HTML of a page.
        root: the repository, with the executed notebooks.
        warn: called with one line for each picture that cannot be made.

    Returns:
        The page. A picture is hidden from screen readers, for the words beside it say where it
        leads.
    """
    numbers = iter(range(1, html.count("<!-- figure:") + 1))

    def draw(found: re.Match[str]) -> str:
        address, plot, number = found.groups()
        try:
            small = panel(figure(root, address, plot), int(number))
        except NoFigureError as error:
            warn(f"{found[0]}: {error}")
            return ""
        return figures.inline(small, f"t{next(numbers)}", COLORS)

    return _WANTED.sub(draw, html)


def figure(root: Path, address: str, plot: str) -> str:
    """The drawing that a cell of a chapter's notebook makes by a function.

    Args:
        root: the repository.
        address: part and chapter.
        plot: name of the function.

    Returns:
        An ``<svg>``, that of the first such cell.

    Raises:
        NoFigureError: if there is no notebook, or no such figure in it.
    """
    there = execute.notebook_path(root, address).is_file()
    for cell in execute.saved_cells(root, address) if there else ():
        drawings = [
            output["data"]["image/svg+xml"]
            for output in cell.outputs
            if "image/svg+xml" in output.get("data", {})
        ]
        if f"{plot}(" in cell.source and drawings:
            return drawings[0]
    raise NoFigureError(f"no figure of the chapter is made by {plot}. Received: {address}")


def panel(svg: str, number: int) -> str:
    """Cut one panel out of a figure, and leave out words, ticks and grid.

    Args:
        svg: a figure of the book, in which everything that is drawn from data is clipped to the
            frame of its panel.
        number: which panel, from 1.

    Returns:
        An ``<svg>`` as large as the frame, hidden from screen readers.

    Raises:
        NoFigureError: if there are fewer panels.
    """
    whole = ElementTree.fromstring(svg)
    frames = [
        each for each in whole.iter(f"{_SVG}clipPath") if each.find(f"{_SVG}rect") is not None
    ]
    if not 1 <= number <= len(frames):
        raise NoFigureError(f"the figure has {len(frames)} panels. Received: {number}")
    frame = frames[number - 1]
    small = ElementTree.Element(f"{_SVG}svg", _attributes(whole, frame))
    drawn = [each for each in whole if _is_data(each, f"url(#{frame.get('id')})")]
    used = {frame.get("id"), *_REFERENCE.findall("".join(map(_text, drawn)))}
    shared = ElementTree.SubElement(small, f"{_SVG}defs")
    shared.extend(each for each in whole.iter() if each.get("id") in used)
    small.extend(drawn)
    return _text(small)


def _attributes(whole: ElementTree.Element, frame: ElementTree.Element) -> dict[str, str]:
    rect = frame[0]
    place = " ".join(rect.get(name, "0") for name in ("x", "y", "width", "height"))
    return {
        "class": "dlbook-thumbnail",
        "viewBox": place,
        "preserveAspectRatio": "xMinYMid",
        "aria-hidden": "true",
        "focusable": "false",
        **{name: whole.attrib[name] for name in _KEPT if name in whole.attrib},
    }


def _is_data(element: ElementTree.Element, clip: str) -> bool:
    words = element.tag == f"{_SVG}text"
    return (
        element.get("clip-path") == clip and element.get("stroke") != COLORS["grid"] and not words
    )


def _text(element: ElementTree.Element) -> str:
    ElementTree.register_namespace("", _NAMESPACE)
    return ElementTree.tostring(element, encoding="unicode")
