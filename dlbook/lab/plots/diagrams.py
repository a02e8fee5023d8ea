"""Drawings without axes: boxes and arrows on a sheet whose unit is one inch."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

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
