"""Drawings without axes: networks of circles, boxes and arrows. One unit is one inch."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.plots.colors import hex_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlbook.lab.plots.canvas import BookFigure

Place = tuple[float, float]


def diagram(alt: str, *, width: float = 6.4, height: float = 2.6) -> tuple["BookFigure", "Axes"]:
    """Make an empty sheet whose coordinates are inches, from (0, 0) at the lower left.

    Args:
        alt: What the drawing shows, in a sentence.
        width: Inches.
        height: Inches.

    Returns:
        The figure and the axes to draw in.
    """
    from dlbook.lab.plots.page import figure

    drawing, axes = figure(alt, width=width, height=height)
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set_axis_off()
    return drawing, axes


def network(
    axes: "Axes",
    layers: Sequence[int],
    *,
    labels: Sequence[Sequence[str]] | None = None,
    titles: Sequence[str] | None = None,
    weights: Sequence[ArrayLike] | None = None,
    max_units: int = 8,
) -> dict[tuple[int, int], Place]:
    """Draw a network: one circle per unit, one line per weight, inputs to the left.

    Args:
        axes: Where to draw, as made by `diagram`.
        layers: Units of each layer, inputs first, such as `(2, 8, 1)`.
        labels: Texts inside the circles, one list per layer (an empty list: none).
        titles: Text under each layer.
        weights: One kernel per gap between layers, shape `(units, units of the next layer)`: the
            larger a weight, the thicker its line; blue is positive, orange negative.
        max_units: Larger layers are drawn with this many circles and dots between them.

    Returns:
        The place of every circle: `(layer, unit)` -> `(x, y)`. Of a layer that is cut short, the
        first and last units are drawn.

    Example:
        >>> _, axes = diagram("A network of two inputs, three units and one output.")
        >>> len(network(axes, (2, 3, 1)))
        6
    """
    places, radius = _unit_places(axes, layers, max_units, bool(titles))
    for (layer, unit), start in places.items():
        for (other, target), end in places.items():
            if other == layer + 1:
                weight = None if weights is None else np.asarray(weights[layer])[unit, target]
                _connect(axes, (start, end), weight, _largest(weights))
    for (layer, unit), place in places.items():
        texts = labels[layer] if labels and layer < len(labels) else []
        circle(axes, place, texts[unit] if unit < len(texts) else "", radius=radius,
               color="muted" if layer == 0 else "blue")  # fmt: skip
    for layer, size in enumerate(layers):
        column = [place for (index, _), place in places.items() if index == layer]
        if size > len(column):
            axes.text(column[0][0], float(np.mean([y for _, y in column])), "⋮", ha="center", va="center",
                      fontsize=18)  # fmt: skip
        if titles:
            axes.text(column[0][0], 0.12, titles[layer], ha="center", va="bottom", color="muted")
    return places


def circle(
    axes: "Axes", place: Place, text: str = "", *, radius: float = 0.26, color: str = "blue"
) -> Place:
    """Draw one unit of a network.

    Args:
        axes: Where to draw, as made by `diagram`.
        place: Center.
        text: Written inside.
        radius: Inches.
        color: Name of the colour of its border and, faintly, of its inside.

    Returns:
        Its center.
    """
    from matplotlib.patches import Circle

    for fill, alpha, edge in ((hex_of("ground"), 1.0, 0.0), (hex_of(color), 0.12, 0.0),
                              ("none", 1.0, 1.6)):  # fmt: skip
        axes.add_patch(
            Circle(place, radius, facecolor=fill, edgecolor=hex_of(color), alpha=alpha,
                   linewidth=edge, zorder=3)
        )  # fmt: skip
    axes.text(*place, text, ha="center", va="center", zorder=4, fontsize=12)
    return place


def box(
    axes: "Axes",
    place: Place,
    text: str = "",
    *,
    width: float = 1.3,
    height: float = 0.6,
    color: str = "blue",
) -> Place:
    r"""Draw a box with a text in it.

    Args:
        axes: Where to draw, as made by `diagram`.
        place: Center.
        text: Written inside; `\n` breaks the line.
        width: Inches.
        height: Inches.
        color: Name of the colour of its border and, faintly, of its inside.

    Returns:
        Its center.
    """
    from matplotlib.patches import FancyBboxPatch

    corner = (place[0] - width / 2 + 0.08, place[1] - height / 2 + 0.08)
    for fill, alpha, edge in ((hex_of("ground"), 1.0, 0.0), (hex_of(color), 0.1, 0.0),
                              ("none", 1.0, 1.4)):  # fmt: skip
        axes.add_patch(
            FancyBboxPatch(corner, width - 0.16, height - 0.16, boxstyle="round,pad=0.08",
                           facecolor=fill, edgecolor=hex_of(color), alpha=alpha, linewidth=edge,
                           zorder=3)
        )  # fmt: skip
    axes.text(*place, text, ha="center", va="center", zorder=4)
    return place


def arrow(
    axes: "Axes",
    start: Place,
    end: Place,
    text: str = "",
    *,
    color: str = "muted",
    bend: float = 0.0,
) -> None:
    """Draw an arrow, with a text beside its middle.

    Args:
        axes: Where to draw, as made by `diagram`.
        start: Where it begins.
        end: Where it points.
        text: Written above it.
        color: Name of a book colour.
        bend: How far it curves: 0 is straight, positive bends to the right of its direction.
    """
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, color=hex_of(color), linewidth=1.5,
            connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0, zorder=2.5,
        )
    )  # fmt: skip
    across, up = end[0] - start[0], end[1] - start[1]
    middle = ((start[0] + end[0] + bend * up) / 2, (start[1] + end[1] - bend * across) / 2)
    below = bend * across > 0
    axes.text(
        middle[0], middle[1] + (-0.06 if below else 0.06), text, ha="center",
        va="top" if below else "bottom", color=hex_of(color), fontsize=12, gid="halo",
    )  # fmt: skip


def flow(
    axes: "Axes",
    texts: Sequence[str],
    *,
    forward: Sequence[str] = (),
    backward: Sequence[str] | None = None,
    colors: Mapping[str, str] | None = None,
) -> list[Place]:
    """Draw a chain of boxes with arrows to the right and, if asked for, arrows back.

    Args:
        axes: Where to draw, as made by `diagram`; the chain fills its width.
        texts: One per box, from left to right.
        forward: Texts on the arrows to the right.
        backward: Texts on the arrows back, from left to right; `None`: no such arrows.
        colors: Text of a box -> name of its colour; blue where absent.

    Returns:
        The center of each box.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    step = (right - left) / len(texts)
    wide = min(1.3, 0.5 * step)
    places = [(left + step * (index + 0.5), (bottom + top) / 2) for index in range(len(texts))]
    for place, text in zip(places, texts, strict=True):
        box(axes, place, text, width=wide, height=0.7, color=(colors or {}).get(text, "blue"))
    gap = 0.04 + wide / 2
    for index, (here, there) in enumerate(pairwise(places)):
        shift = 0.0 if backward is None else 0.16
        ends = [(here[0] + gap, here[1] + shift), (there[0] - gap, there[1] + shift)]
        arrow(axes, ends[0], ends[1], forward[index] if index < len(forward) else "")
        if backward is not None:
            text = backward[index] if index < len(backward) else ""
            _arrow_back(axes, (ends[1][0], here[1] - shift), (ends[0][0], here[1] - shift), text)
    return places


def _arrow_back(axes: "Axes", start: Place, end: Place, text: str) -> None:
    arrow(axes, start, end, color="accent")
    axes.text(
        (start[0] + end[0]) / 2, start[1] - 0.08, text, ha="center", va="top", color="accent",
        fontsize=12,
    )  # fmt: skip


def _unit_places(
    axes: "Axes", layers: Sequence[int], max_units: int, titled: bool
) -> tuple[dict[tuple[int, int], Place], float]:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    bottom += 0.45 if titled else 0.0
    shown = [min(size, max_units) for size in layers]
    slots = [count + (size > count) for size, count in zip(layers, shown, strict=True)]
    radius = min(0.26, 0.42 * (top - bottom) / max(slots))
    margin = 0.6 if titled else radius + 0.1
    across = np.linspace(left + margin, right - margin, len(layers))
    places = {}
    for layer, (size, count) in enumerate(zip(layers, shown, strict=True)):
        step = min((top - bottom) / slots[layer], 3.2 * radius)
        for slot, unit in _kept(size, count):
            height = (bottom + top) / 2 + step * ((slots[layer] - 1) / 2 - slot)
            places[layer, unit] = (float(across[layer]), height)
    return places, radius


def _kept(size: int, count: int) -> list[tuple[int, int]]:
    """Return slot and unit of every circle that is drawn; a cut layer leaves one slot for dots."""
    if size == count:
        return [(unit, unit) for unit in range(size)]
    first = -(-count // 2)
    head = [(unit, unit) for unit in range(first)]
    return head + [(unit + 1, size - count + unit) for unit in range(first, count)]


def _largest(weights: Sequence[ArrayLike] | None) -> float:
    if weights is None:
        return 1.0
    return max(float(np.abs(np.asarray(kernel)).max()) for kernel in weights) or 1.0


def _connect(
    axes: "Axes", ends: tuple[Place, Place], weight: float | NDArray | Any, largest: float
) -> None:
    (x_start, y_start), (x_end, y_end) = ends
    options: dict[str, Any] = {"color": "muted", "linewidth": 0.8, "alpha": 0.45}
    if weight is not None:
        strength = abs(float(weight)) / largest
        options = {
            "color": "blue" if weight >= 0 else "orange",
            "linewidth": 0.4 + 3 * strength,
            "alpha": 0.25 + 0.6 * strength,
        }
    axes.plot([x_start, x_end], [y_start, y_end], zorder=2, clip_on=False, **options)
