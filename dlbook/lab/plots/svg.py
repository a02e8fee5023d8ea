"""From matplotlib's SVG to one that a page can hold: small, named, coloured by the page."""

import base64
import hashlib
import io
import re
from itertools import groupby
from xml.etree import ElementTree

from dlbook.lab.plots.colors import COLORS
from dlbook.lab.plots.paths import rounded, short_path

Element = ElementTree.Element

SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
HALO = "halo"
CRISP = "crisp"
LONGEST_NAME = 60
MOST_PNG_COLORS = 256
JPEG_QUALITY = 75
ROUNDED = {
    "x", "y", "width", "height", "transform", "viewBox", "opacity", "fill-opacity",
    "stroke-opacity", "stroke-width",
}  # fmt: skip
INHERITED = (
    "clip-path", "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width",
    "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "font-size", "text-anchor", "style",
)  # fmt: skip


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
    _name_root(root, alt)
    _obey_marks(root)
    names = _short_names(root, alt)
    for element in root.iter():
        _tidy_element(element, names)
    _check_colors(root)
    _drop_invisible(root)
    _flatten(root)
    _share_attributes(root)
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _tag(name: str) -> str:
    return f"{{{SVG}}}{name}"


def _name_root(root: Element, alt: str) -> None:
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


def _obey_marks(root: Element) -> None:
    """Give texts in groups called `halo...` a border of ground, and cells in `crisp...` no blur."""
    for text in _marked(root, HALO, "text"):
        halo = f"paint-order: stroke; stroke: {COLORS['ground']}; stroke-width: 3"
        text.set("style", f"{text.get('style', '')}; {halo}")
    for path in _marked(root, CRISP, "path"):
        path.set("shape-rendering", "crispEdges")


def _marked(root: Element, mark: str, tag: str) -> list[Element]:
    groups = (group for group in root.iter(_tag("g")) if group.get("id", "").startswith(mark))
    return [element for group in groups for element in group.iter(_tag(tag))]


def _short_names(root: Element, alt: str) -> dict[str, str]:
    """Give everything that is referred to a name that no other figure of the page has."""
    links = [
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if (name == LINK or "url(" in value) and len(value) < LONGEST_NAME
    ]
    used = dict.fromkeys(re.findall(r"#([\w.:-]+)", " ".join(links)))
    figure = hashlib.sha256(alt.encode()).hexdigest()[:6]
    return {name: f"f{figure}-{index}" for index, name in enumerate(used)}


def _tidy_element(element: Element, names: dict[str, str]) -> None:
    attributes = element.attrib
    _rename(attributes, names)
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
    _spread_style(attributes)
    if "d" in attributes:
        attributes["d"] = short_path(attributes["d"])
    for name in ROUNDED & attributes.keys():
        attributes[name] = rounded(attributes[name])
    if element.tag == _tag("image"):
        _shrink_image(attributes)
    if element.tag not in (_tag("text"), _tag("tspan")):
        element.text = None
    element.tail = None


def _rename(attributes: dict[str, str], names: dict[str, str]) -> None:
    """Use the new names, and forget names that nothing refers to."""
    if attributes.get("id") not in names:
        attributes.pop("id", None)
    if LINK in attributes:
        attributes["href"] = attributes.pop(LINK)
    for name in {"id", "href", "clip-path"} & attributes.keys():
        value = attributes[name]
        if len(value) < LONGEST_NAME:
            attributes[name] = re.sub(r"[\w.:-]+", lambda word: names.get(word[0], word[0]), value)


def _spread_style(attributes: dict[str, str]) -> None:
    """Turn a `style` into attributes, which the style sheet of the page can overrule."""
    for part in attributes.pop("style", "").split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font":
            attributes.update(_font(value))
        elif name and name != "font-family":
            attributes[name] = value.removesuffix("px")
    if "font-size" in attributes:
        attributes["style"] = f"--size: {attributes['font-size']}px"


def _font(value: str) -> dict[str, str]:
    """Return size, weight and slant; which family it is, the page decides."""
    found = {"font-size": re.findall(r"[\d.]+(?=px)", value)[0]}
    if re.search(r"bold|\b[6-9]00\b", value):
        found["font-weight"] = "bold"
    if "italic" in value:
        found["font-style"] = "italic"
    return found


def _shrink_image(attributes: dict[str, str]) -> None:
    """Store a photograph as JPEG, which is a tenth of the size, and let it scale smoothly."""
    from PIL import Image

    attributes.pop("image-rendering", None)
    code = attributes["href"].partition(",")[2]
    picture = Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB")
    kind = "png" if picture.getcolors(MOST_PNG_COLORS) else "jpeg"
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, optimize=True, quality=JPEG_QUALITY)
    code = base64.b64encode(buffer.getvalue()).decode()
    attributes["href"] = f"data:image/{kind};base64,{code}"


def _check_colors(root: Element) -> None:
    used = {
        color.lower()
        for element in root.iter()
        for name in ("fill", "stroke")
        for color in re.findall(r"#[0-9a-fA-F]{6}\b", element.get(name, ""))
    }
    strange = sorted(used - set(COLORS.values()))
    if strange:
        raise ValueError(
            f"a figure may use the book's colours only: {', '.join(COLORS)} "
            f"(see dlbook.lab.plots.COLORS). Received: {', '.join(strange)}"
        )


def _drop_invisible(root: Element) -> None:
    """Remove metadata, style sheets, empty definitions and shapes with neither line nor filling."""
    for parent in list(root.iter()):
        parent[:] = [child for child in parent if not _invisible(child)]
    for parent in list(root.iter()):
        parent[:] = [child for child in parent if len(child) or child.tag != _tag("defs")]


def _invisible(element: Element) -> bool:
    if element.tag in (_tag("metadata"), _tag("style")):
        return True
    blank = element.get("fill") == "none" and element.get("stroke", "none") == "none"
    return element.tag == _tag("path") and blank and "id" not in element.attrib


def _flatten(root: Element) -> None:
    """Replace groups that say nothing by their children."""
    for child in root:
        _flatten(child)
    children: list[Element] = []
    for child in root:
        children.extend(child if child.tag == _tag("g") and not child.attrib else [child])
    root[:] = children


def _share_attributes(root: Element) -> None:
    """Put what neighbours have in common into one group around them."""
    _join_groups(root)
    for child in root:
        _share_attributes(child)
    groups: list[Element] = []
    for look, members in groupby(root, _look):
        run = list(members)
        groups.extend(run if len(run) < 3 or not look[1] else [_grouped(run, dict(look[1]))])
    root[:] = groups


def _join_groups(root: Element) -> None:
    joined: list[Element] = []
    for child in root:
        alike = joined and child.tag == joined[-1].tag == _tag("g")
        if alike and child.attrib == joined[-1].attrib:
            joined[-1].extend(child)
        else:
            joined.append(child)
    root[:] = joined


def _look(element: Element) -> tuple[str, tuple[tuple[str, str], ...]]:
    shared = tuple((name, element.attrib[name]) for name in INHERITED if name in element.attrib)
    return element.tag, shared


def _grouped(run: list[Element], shared: dict[str, str]) -> Element:
    group = Element(_tag("g"), shared)
    for element in run:
        for name in shared:
            del element.attrib[name]
    group.extend(run)
    return group
