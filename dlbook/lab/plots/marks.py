"""What is written into a picture: a line to compare with, a shaded stretch, a remark."""

from typing import TYPE_CHECKING

from dlbook.lab.plots.colors import hex_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

ROOM = 20.0


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
    level = along == "x"
    draw = axes.axhline if level else axes.axvline
    draw(value, color=color, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1.5)
    if not label:
        return
    start = (0.0 if level else 1.0) if at is None else at
    text = axes.annotate(
        label, (start, value) if level else (value, start), gid="halo", annotation_clip=False,
        xycoords=axes.get_yaxis_transform() if level else axes.get_xaxis_transform(),
        xytext=(0, 4), textcoords="offset points", color=color, fontsize=12, va="bottom",
    )  # fmt: skip
    finish = getattr(axes.get_figure(), "before_drawing", None)
    if finish is not None:
        finish(lambda: _place_below(axes, text, value) if level else _place_beside(axes, text, at))


def _place_below(axes: "Axes", text: "Annotation", value: float) -> None:
    """Write under the line where there is no room above it."""
    height = axes.transData.transform((0, value))[1]
    high = axes.bbox.y1 - height < ROOM
    text.set_verticalalignment("top" if high else "bottom")
    text.set_position((0, -5 if high else 4))


def _place_beside(axes: "Axes", text: "Annotation", at: float | None) -> None:
    """Write over the end of an upright line, or beside it where the axis has its name."""
    beside = at is not None or bool(axes.get_ylabel())
    text.set_horizontalalignment("left" if beside else "center")
    text.set_verticalalignment("top" if beside else "bottom")
    text.set_position((5, -2) if beside else (0, 3))


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
        color=hex_of(color), fontsize=12,
    )  # fmt: skip


def note(
    axes: "Axes",
    text: str,
    point: tuple[float, float],
    offset: tuple[float, float] = (24, 24),
    *,
    color: str = "ink",
) -> "Annotation":
    r"""Write a remark beside a point, with a thin line that leads to it.

    Args:
        axes: Where to draw.
        text: The remark, short; `\n` breaks the line.
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
