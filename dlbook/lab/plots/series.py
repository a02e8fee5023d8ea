"""Curves: means with their intervals, and labels at the ends of lines."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.plots.colors import CYCLE, hex_of
from dlbook.lab.plots.text import apart, in_equal_ratios, number, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation

LINE_HEIGHT = 15.0
LABEL_DISTANCE = 20.0


def band(
    axes: "Axes",
    x: ArrayLike,
    interval: Mapping[str, ArrayLike] | Any,
    *,
    label: str | None = None,
    color: str | None = None,
) -> "Line2D":
    """Draw a mean as a line and its confidence interval as a band around it.

    Args:
        axes: Where to draw.
        x: Positions, shape `(points,)`.
        interval: What `results.mean_interval` returns, or any mapping with `mean`, `low` and
            `high`, each of shape `(points,)`. Where the mean is NaN the line has a gap.
        label: Name of the series, for `label_lines` or a legend.
        color: Name of a book colour; `None`: the next of the cycle.

    Returns:
        The line of the mean.
    """
    mean, low, high = (np.asarray(interval[name], float) for name in ("mean", "low", "high"))
    options: dict[str, Any] = {} if color is None else {"color": hex_of(color)}
    (line,) = axes.plot(np.asarray(x), mean, label=label, zorder=3, **options)
    axes.fill_between(x, low, high, color=line.get_color(), alpha=0.2, linewidth=0, zorder=2)
    return line


def curves(
    results: Any,
    dependent: str,
    along: str,
    across: str | None = None,
    *,
    alt: str | None = None,
    height: float = 3.6,
) -> tuple[Any, Any]:
    """Draw the mean over seeds of one dependent variable, one line per level of another variable.

    Args:
        results: An experiment's results, an `xarray.Dataset` with a dimension `seed`.
        dependent: Name of the variable to draw.
        along: Dimension on the horizontal axis; levels in equal ratios get a logarithmic axis.
        across: Dimension of which every level gets a line; `None`: one line.
        alt: What the figure shows; `None`: a sentence made of the names, which says less than
            you can.
        height: Inches.

    Returns:
        The figure and its axes.

    Raises:
        ValueError: If further dimensions are left, which must be chosen or averaged first.
    """
    from dlbook.lab.plots.page import figure
    from dlbook.lab.results import mean_interval

    values = results[dependent]
    left = set(values.dims) - {along, across, "seed"}
    if left or along not in values.dims:
        raise ValueError(
            f"{dependent} must have the dimensions seed, {along} and at most one more, given as "
            f"across. Received: {', '.join(map(str, values.dims))}"
        )
    drawing, axes = figure(alt or _sentence(results, dependent, along, across), height=height)
    interval = mean_interval(values)
    places = _axis(axes, values[along].values)
    for index, level in enumerate(values[across].values if across else [None]):
        chosen = interval if level is None else interval.sel({across: level})
        label = None if level is None else number(level)
        band(axes, places, chosen.transpose(along), label=label, color=CYCLE[index % len(CYCLE)])
    axes.set(xlabel=axis_name(results, along), ylabel=axis_name(results, dependent))
    if across:
        label_lines(axes, title=axis_name(results, across))
    return drawing, axes


def label_lines(axes: "Axes", *, title: str | None = None) -> list["Annotation"]:
    """Write the label of every line at its right end, moved apart where lines end close together.

    Args:
        axes: Axes whose lines have labels.
        title: What the labels are levels of, written above them.

    Returns:
        The labels.
    """
    notes = []
    for line in axes.get_lines():
        if line.get_visible() and not str(line.get_label()).startswith("_"):
            notes.append(_end_label(axes, line))
    finish = getattr(axes.get_figure(), "before_drawing", None)
    if finish is not None and notes:
        heading = None if title is None else _heading(axes, notes, title)
        finish(lambda: _spread(axes, notes, heading))
    return notes


def axis_name(results: Any, variable: str) -> str:
    """Return what an axis is called: the variable's `label` attribute, else its name in words.

    Args:
        results: An `xarray.Dataset`.
        variable: Name of a variable or dimension of it.
    """
    return str(results[variable].attrs.get("label", words(variable)))


def _sentence(results: Any, dependent: str, along: str, across: str | None) -> str:
    each = f", one line per level of {axis_name(results, across)}" if across else ""
    return (
        f"{axis_name(results, dependent)} against {axis_name(results, along)}{each}: "
        f"mean of {results.sizes['seed']} seeds with its 95 % interval."
    )


def _axis(axes: "Axes", levels: Any) -> Any:
    """Give the horizontal axis the scale that the levels ask for; return their places on it."""
    if levels.dtype.kind not in "iuf":
        axes.set_xticks(range(len(levels)), [str(level) for level in levels])
        return np.arange(len(levels))
    if in_equal_ratios(levels):
        log_axis(axes, "x")
    return levels


def log_axis(axes: "Axes", which: str = "x") -> None:
    """Make an axis logarithmic, with a few ticks written as plain numbers.

    Args:
        axes: Where.
        which: `"x"`, `"y"` or `"both"`.

    Raises:
        ValueError: If `which` is none of these.
    """
    if which not in ("x", "y", "both"):
        raise ValueError(f'which must be "x", "y" or "both". Received: {which!r}')
    for name in ("x", "y") if which == "both" else (which,):
        getattr(axes, f"set_{name}scale")("log")


def _end_label(axes: "Axes", line: "Line2D") -> "Annotation":
    x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    last = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    end = (x[last[-1]], y[last[-1]]) if len(last) else (x[-1], axes.get_ylim()[0])
    return axes.annotate(
        str(line.get_label()),
        xy=end,
        xytext=(LABEL_DISTANCE, 0),
        textcoords="offset points",
        va="center",
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": line.get_color(), "lw": 1.4, "shrinkA": 4,
                    "shrinkB": 2, "relpos": (0, 0.5), "patchA": None},
    )  # fmt: skip


def _heading(axes: "Axes", notes: list["Annotation"], title: str) -> "Annotation":
    return axes.annotate(
        title,
        xy=notes[0].xy,
        xytext=(LABEL_DISTANCE, LINE_HEIGHT),
        textcoords="offset points",
        va="center",
        color="muted",
        annotation_clip=False,
    )


def _spread(axes: "Axes", notes: list["Annotation"], heading: "Annotation | None") -> None:
    box = axes.bbox
    ends = np.array([axes.transData.transform(note.xy) for note in notes])
    room = box.y1 - (LINE_HEIGHT if heading is not None else 0)
    moved = apart(ends[:, 1], LINE_HEIGHT, box.y0 + 4, room)
    for note, end, place in zip(notes, ends, moved, strict=True):
        note.set_position((LABEL_DISTANCE, place - end[1]))
    if heading is not None:
        top = ends[0, 1]
        heading.set_position((LABEL_DISTANCE, moved.max() + 1.2 * LINE_HEIGHT - top))
