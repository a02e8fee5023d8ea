"""Conditions side by side: every seed a dot, bars, histograms."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.plots.colors import hex_of
from dlbook.lab.plots.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOLDEN = (np.sqrt(5) - 1) / 2

MOST_MARKERS = 500


def dots(
    axes: "Axes",
    x: ArrayLike | Sequence[str],
    values: ArrayLike,
    *,
    label: str | None = None,
    color: str = "blue",
    spread: float = 0.35,
) -> NDArray:
    """Draw one dot per seed at every condition, side by side so that none hides another.

    Args:
        axes: Where to draw; set a logarithmic scale first.
        x: Positions or names of the conditions, shape `(conditions,)`.
        values: One row per condition, one column per seed, shape `(conditions, seeds)`.
        label: Name of the series.
        color: Name of a book colour.
        spread: Width of a cloud, as a share of the distance between conditions.

    Returns:
        The positions of the conditions on the axis (0, 1, 2, ... where they are names).
    """
    values = np.atleast_2d(np.asarray(values, float))
    positions = _positions(axes, x)
    logarithmic = axes.get_xscale() == "log"
    scale = np.log10(positions) if logarithmic else positions
    step = np.min(np.diff(np.sort(scale))) if len(scale) > 1 else 1.0
    places = scale[:, None] + spread * step * _side_by_side(values.shape[1])
    places = 10**places if logarithmic else places
    color = hex_of(color)
    if values.size > MOST_MARKERS:
        _draw_as_strokes(axes, places, values, color)
    else:
        axes.scatter(
            places.ravel(), values.ravel(), s=16, c=color, alpha=0.45, label=label, zorder=2.5
        )
    return positions


def _draw_as_strokes(axes: "Axes", places: NDArray, values: NDArray, color: str) -> None:
    """Draw thousands of dots as strokes without length: a tenth of the size of markers."""
    for x, y in zip(places.T, values.T, strict=True):
        ends = [np.repeat(numbers, 2).reshape(-1, 2) for numbers in (x, y)]
        pairs = [np.column_stack([pair, np.full(len(pair), np.nan)]).ravel() for pair in ends]
        (stroke,) = axes.plot(
            *pairs, color=color, alpha=0.45, linewidth=4, solid_capstyle="round", zorder=2.5
        )
        stroke.get_path().should_simplify = False


def strip(
    axes: "Axes", groups: Mapping[str, ArrayLike], *, color: str = "blue", mean: bool = True
) -> None:
    """Draw named groups below one another: a dot per seed, the mean and its 95 % interval.

    Names stand to the left, so they can be long.

    Args:
        axes: Where to draw; the horizontal axis is that of the values.
        groups: Name of each condition and its values, one per seed; drawn from top to bottom.
        color: Name of a book colour.
        mean: Whether to draw mean and interval.
    """
    for place, values in enumerate(groups.values()):
        values = np.ravel(np.asarray(values, float))
        heights = place - 0.08 + 0.36 * _side_by_side(len(values))
        axes.scatter(values, heights, s=16, c=hex_of(color), alpha=0.4, zorder=2.5)
        if mean:
            _mark_mean(axes, values, place + 0.3)
    _names_left(axes, list(groups))


def bars(
    axes: "Axes",
    names: Sequence[str],
    values: ArrayLike,
    *,
    interval: Mapping[str, ArrayLike] | None = None,
    color: str = "blue",
    highlight: str | None = None,
) -> None:
    """Draw horizontal bars with their names to the left and their values at the end.

    Args:
        axes: Where to draw.
        names: One per bar, from top to bottom.
        values: Length of each bar.
        interval: Mapping with `low` and `high` of each bar, drawn as a line.
        color: Name of a book colour.
        highlight: Name of the one bar to draw in the accent colour.
    """
    values = np.asarray(values, float)
    fills = [hex_of("accent" if name == highlight else color) for name in names]
    axes.barh(range(len(names)), values, height=0.62, color=fills, alpha=0.85, linewidth=0)
    ends = np.where(values < 0, 0.0, values)
    if interval is not None:
        low, high = (np.asarray(interval[side], float) for side in ("low", "high"))
        axes.hlines(range(len(names)), low, high, color="ink", linewidth=1.6)
        ends = np.maximum(ends, high)
    for place, (end, value) in enumerate(zip(ends, values, strict=True)):
        axes.annotate(
            number(value), (end, place), xytext=(6, 0), textcoords="offset points", va="center"
        )
    _names_left(axes, list(names))
    axes.grid(False)
    axes.axvline(0, color="muted", linewidth=0.9)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])


def histogram(
    axes: "Axes",
    values: ArrayLike,
    bins: int | ArrayLike = 30,
    *,
    label: str | None = None,
    color: str = "blue",
) -> NDArray:
    """Draw how often values fall between two edges, as one calm shape.

    Args:
        axes: Where to draw.
        values: Numbers; NaN are left out.
        bins: How many bins, or their edges.
        label: Name of the series.
        color: Name of a book colour.

    Returns:
        The count in each bin.
    """
    values = np.ravel(np.asarray(values, float))
    counts, edges = np.histogram(values[np.isfinite(values)], bins)
    axes.stairs(counts, edges, fill=True, color=hex_of(color), alpha=0.22, linewidth=0)
    axes.stairs(counts, edges, color=hex_of(color), linewidth=1.6, label=label)
    axes.set_ylim(bottom=0)
    return counts


def _side_by_side(count: int) -> NDArray:
    """Return places between -0.5 and 0.5 that are spread evenly however many there are."""
    return np.arange(1, count + 1) * GOLDEN % 1 - 0.5


def _positions(axes: "Axes", x: ArrayLike | Sequence[str]) -> NDArray:
    x = np.asarray(x)
    if x.dtype.kind in "iuf":
        return x.astype(float)
    axes.set_xticks(range(len(x)), [str(name) for name in x])
    return np.arange(len(x), dtype=float)


def _mark_mean(axes: "Axes", values: NDArray, height: float) -> None:
    import xarray

    from dlbook.lab.results import mean_interval

    interval = mean_interval(xarray.DataArray(values, dims="seed"))
    low, high, mean = (float(interval[name]) for name in ("low", "high", "mean"))
    axes.hlines(height, low, high, color="ink", linewidth=2.2, zorder=3)
    axes.scatter([mean], [height], s=34, c=hex_of("ink"), zorder=3.5)


def _names_left(axes: "Axes", names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=hex_of("ink"))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x")
