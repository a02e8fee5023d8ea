"""From matplotlib's SVG to one that a page can hold: small, named, coloured by the page."""

import re
from xml.etree import ElementTree

from dlbook.lab.plots.colors import COLORS

SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
GEOMETRY = ("d", "x", "y", "width", "height", "points", "transform", "viewBox")
HALO = "halo"


def tidy(svg: str, alt: str) -> str:
    """Return the SVG as the book shows it.

    No fixed size (the page decides), a label for readers who do not see it, no styles or names that
    could reach into the rest of the page, two decimals, and only the book's colours.

    Args:
        svg: What matplotlib wrote.
        alt: What the figure shows, in a sentence.

    Raises:
        ValueError: If a colour is used that is not one of `COLORS`.
    """
    root = ElementTree.fromstring(svg)
    _drop(root, {f"{{{SVG}}}metadata", f"{{{SVG}}}style"})
    _name_root(root, alt)
    _mark_halos(root)
    kept = set(re.findall(r"#([\w.:-]+)", " ".join(_references(root))))
    for element in root.iter():
        _tidy_element(element, kept)
    while _flatten(root):
        pass
    _check_colors(root)
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _drop(root: ElementTree.Element, tags: set[str]) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in tags or (child.tag == f"{{{SVG}}}defs" and not _wanted(child, tags)):
                parent.remove(child)


def _wanted(defs: ElementTree.Element, tags: set[str]) -> bool:
    return any(child.tag not in tags for child in defs)


def _name_root(root: ElementTree.Element, alt: str) -> None:
    view_box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update(
        {
            "viewBox": view_box,
            "role": "img",
            "aria-label": alt,
            "font-family": "sans-serif",
            "stroke-linejoin": "round",
        }
    )


def _mark_halos(root: ElementTree.Element) -> None:
    """Give texts in groups called `halo...` a border in the colour of the ground."""
    for group in root.iter(f"{{{SVG}}}g"):
        if not group.get("id", "").startswith(HALO):
            continue
        for text in group.iter(f"{{{SVG}}}text"):
            halo = f"paint-order: stroke; stroke: {COLORS['ground']}; stroke-width: 4"
            text.set("style", f"{text.get('style', '')}; {halo}")


def _references(root: ElementTree.Element) -> list[str]:
    return [
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if name == LINK or "url(" in value
    ]


def _tidy_element(element: ElementTree.Element, kept: set[str]) -> None:
    attributes = element.attrib
    if attributes.get("id") not in kept:
        attributes.pop("id", None)
    if LINK in attributes:
        attributes["href"] = attributes.pop(LINK)
    if "style" in attributes:
        _spread_style(attributes)
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
    for name in GEOMETRY:
        if name in attributes:
            attributes[name] = _shorten(attributes[name])
    if not element.tag.endswith(("text", "tspan")):
        element.text = None
    element.tail = None


def _spread_style(attributes: dict[str, str]) -> None:
    """Turn a `style` into attributes, which the style sheet of the page can overrule."""
    for part in attributes.pop("style").split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font":
            attributes["font-size"] = re.findall(r"[\d.]+(?=px)", value)[0]
            attributes |= {"font-weight": "bold"} if re.search(r"bold|\b[6-9]00\b", value) else {}
            attributes |= {"font-style": "italic"} if "italic" in value else {}
        elif name and name != "font-family":
            attributes[name] = value.removesuffix("px")
    if "font-size" in attributes:
        attributes["style"] = f"--size: {attributes['font-size']}px"


def _shorten(value: str) -> str:
    def rounded(number: re.Match[str]) -> str:
        return f"{float(number.group()):.2f}".rstrip("0").rstrip(".").replace("-0", "-0") or "0"

    value = re.sub(r"-?\d+\.\d+(?:e-?\d+)?", rounded, value)
    return re.sub(r"\s+", " ", re.sub(r"([A-Za-z]) (?=[-\d])", r"\1", value)).strip()


def _flatten(root: ElementTree.Element) -> bool:
    """Replace groups that say nothing by their children; tell whether there were any."""
    found = False
    for parent in list(root.iter()):
        children: list[ElementTree.Element] = []
        for child in parent:
            empty = child.tag == f"{{{SVG}}}g" and not child.attrib
            found |= empty
            children.extend(child if empty else [child])
        parent[:] = children
    return found


def _check_colors(root: ElementTree.Element) -> None:
    used = {
        color.lower()
        for element in root.iter()
        for name, value in element.attrib.items()
        if name in ("fill", "stroke", "stop-color")
        for color in re.findall(r"#[0-9a-fA-F]{6}\b", value)
    }
    strange = sorted(used - set(COLORS.values()))
    if strange:
        raise ValueError(
            f"a figure may use the book's colours only: {', '.join(COLORS)} "
            f"(see dlbook.lab.plots.COLORS). Received: {', '.join(strange)}"
        )
