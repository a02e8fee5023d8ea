"""What is written into a picture: a line to compare with, a shaded stretch, a remark."""

from typing import TYPE_CHECKING

from dlbook.lab.plots.colors import hex_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation


def reference(
    axes: "Axes",
    value: float,
    label: str = "",
    *,
    along: str = "x",
    color: str = "muted",
    at: float | None = None,
) -> None:
    """Draw a dashed line to compare with, such as the accuracy of chance.

    Args:
        axes: Where to draw.
        value: Where the line crosses the other axis.
        label: What the line stands for, written on it.
        along: `"x"` (the line lies level) or `"y"` (it stands upright).
        color: Name of a book colour.
        at: Where on the line the label stands, 0 to 1; `None`: at the left, or at the top.
    """
    color = hex_of(color)
    draw = axes.axhline if along == "x" else axes.axvline
    draw(value, color=color, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1.5)
    if not label:
        return
    if along == "x":
        place, offset, mode = (0.01 if at is None else at, value), (0, 3), axes.get_yaxis_transform()
    else:
        place, offset, mode = (value, 0.98 if at is None else at), (5, 0), axes.get_xaxis_transform()
    axes.annotate(
        label, place, xycoords=mode, xytext=offset, textcoords="offset points", color=color,
        va="bottom" if along == "x" else "top", fontsize=12, gid="halo", annotation_clip=False,
    )  # fmt: skip


def shade(
    axes: "Axes",
    low: float,
    high: float,
    label: str = "",
    *,
    along: str = "x",
    color: str = "muted",
) -> None:
    """Shade a stretch of an axis, such as the range of the training data.

    Args:
        axes: Where to draw.
        low: Where the stretch begins.
        high: Where it ends.
        label: What it is, written at its upper left.
        along: The axis on which `low` and `high` lie, `"x"` or `"y"`.
        color: Name of a book colour.
    """
    draw = axes.axvspan if along == "x" else axes.axhspan
    draw(low, high, color=hex_of(color), alpha=0.1, linewidth=0, zorder=0.5)
    if along == "x":
        place, mode = (low, 0.98), axes.get_xaxis_transform()
    else:
        place, mode = (0.01, high), axes.get_yaxis_transform()
    axes.annotate(
        label, place, xycoords=mode, xytext=(5, -2), textcoords="offset points", va="top",
        color=hex_of(color), fontsize=12, gid="halo",
    )  # fmt: skip


def note(
    axes: "Axes",
    text: str,
    point: tuple[float, float],
    offset: tuple[float, float] = (24, 24),
    *,
    color: str = "ink",
) -> "Annotation":
    """Write a remark beside a point, with a thin line that leads to it.

    Args:
        axes: Where to draw.
        text: The remark, short; `\\n` breaks the line.
        point: What it is about, in the units of the axes.
        offset: From the point to the text, in points to the right and up.
        color: Name of a book colour.
    """
    across, up = offset
    side = "left" if across > 4 else "right" if across < -4 else "center"
    level = "center" if abs(across) > 2 * abs(up) else "bottom" if up > 0 else "top"
    return axes.annotate(
        text, point, xytext=offset, textcoords="offset points", ha=side, va=level, gid="halo",
        color=hex_of(color), annotation_clip=False, zorder=5,
        arrowprops={"arrowstyle": "-", "color": hex_of("muted"), "lw": 0.9, "shrinkA": 2,
                    "shrinkB": 4},
    )  # fmt: skip
