"""Tables as tinted cells, which stay right on a dark page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.plots.colors import hex_of
from dlbook.lab.plots.text import in_equal_ratios, number, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES = 24
MOST_NUMBERS = 80
MOST_TICKS = 8
STRONGEST_BEHIND_NUMBERS = 0.46  # so that ink stays readable (4.5 to 1) in both palettes


def heatmap(
    axes: "Axes",
    values: Any,
    x: Sequence[Any] | NDArray | None = None,
    y: Sequence[Any] | NDArray | None = None,
    *,
    label: str = "",
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw a table as tinted cells: the stronger the tint, the larger the number.

    Few cells hold their numbers, many get a key above them. If `limits` go from a negative to a
    positive number, negative cells are blue and 0 is left blank.
    A cell that is not a number is crossed out.

    Args:
        axes: Where to draw.
        values: Shape `(len(y), len(x))`, or an `xarray.DataArray` with two dimensions, which brings
            `x` and `y`. The first row is at the bottom, as on an axis.
        x: Level of each column.
        y: Level of each row.
        label: What the numbers are, written at the key; a `DataArray` brings its own.
        limits: Values with no and with full tint; `None`: smallest and largest.

    Raises:
        ValueError: If `values` is not a table.
    """
    if hasattr(values, "dims") and len(values.dims) == 2:
        y, x = (values[dim].values for dim in values.dims)
        axes.set(xlabel=_name(values, 1), ylabel=_name(values, 0))
        label = label or str(values.attrs.get("label", words(str(values.name or ""))))
    table = np.asarray(values, float)
    if table.ndim != 2:
        raise ValueError(f"values must be a table with two axes. Received: shape {table.shape}")
    low, high = limits or (float(np.nanmin(table)), float(np.nanmax(table)))
    tint = tint_of(table, low, high)
    few = table.size <= MOST_NUMBERS
    strength, gap = (STRONGEST_BEHIND_NUMBERS, 0.03) if few else (1.0, 0.0)
    for sign, color in ((-1, "blue"), (1, "accent")):
        draw_cells(axes, sign * strength * tint, color, gap)
    _crosses(axes, np.argwhere(np.isnan(table)))
    _frame(axes, (x, y), table.shape)
    if few:
        _numbers(axes, table)
    else:
        _key(axes, label, low, high)


def matrix(
    axes: "Axes",
    values: ArrayLike,
    *,
    corner: tuple[float, float] = (0.0, 0.0),
    highlight: Sequence[tuple[int, int]] = (),
    color: str = "accent",
    title: str = "",
) -> tuple[float, float]:
    """Write a vector or matrix as a grid of boxes, first row on top, some of them tinted.

    Args:
        axes: Where to draw, as made by `diagram`; one box is 0.5 wide and high.
        values: Numbers or words, shape `(columns,)` or `(rows, columns)`.
        corner: Lower left corner.
        highlight: Row and column of each box to tint.
        color: Name of the tint.
        title: Written above.

    Returns:
        The center of the grid.
    """
    table = np.atleast_2d(np.asarray(values))
    rows, columns = table.shape
    left, bottom = corner
    for row, column in np.ndindex(rows, columns):
        place = (left + 0.5 * column, bottom + 0.5 * (rows - 1 - row))
        chosen = (row, column) in {tuple(cell) for cell in highlight}
        _box(axes, place, hex_of(color) if chosen else None)
        axes.text(
            place[0] + 0.25, place[1] + 0.25, number(table[row, column]), ha="center", va="center",
            fontsize=12,
        )  # fmt: skip
    middle = (left + 0.25 * columns, bottom + 0.25 * rows)
    axes.text(middle[0], bottom + 0.5 * rows + 0.08, title, ha="center", va="bottom", color="muted")
    return middle


def _name(values: Any, axis: int) -> str:
    dim = values.dims[axis]
    return str(values[dim].attrs.get("label", words(str(dim))))


def tint_of(table: NDArray, low: float, high: float) -> NDArray:
    """Return how strongly each cell is tinted, and on which side of 0.

    Args:
        table: The numbers.
        low: Number without tint; if it is negative and `high` positive, 0 is without tint.
        high: Number with full tint.

    Returns:
        From -1 to 1, of the shape of `table`; NaN where it is.
    """
    if low < 0 < high:
        return np.clip(table / max(-low, high), -1, 1)
    width = high - low if high > low else 1.0
    return np.clip((table - low) / width, 0, 1)


def draw_cells(axes: "Axes", tint: NDArray, color: str, gap: float = 0.0) -> None:
    """Draw all cells of one shade as one shape, so that a large table stays a small drawing.

    Args:
        axes: Where to draw; cells are 1 wide and high, the first has its center at (0, 0).
        tint: Strength of every cell, 0 to 1; others are left blank.
        color: Name of a book colour.
        gap: Space around a cell.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * (1 - 2 * gap) + gap - 0.5
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    shades = np.round(np.nan_to_num(tint) * SHADES).astype(int)
    for shade in range(1, SHADES + 1):
        cells = np.argwhere(shades == shade)
        if not len(cells):
            continue
        corners = (cells[:, None, ::-1] + square).reshape(-1, 2)
        shape = Path(corners, codes * len(cells))
        axes.add_patch(
            PathPatch(
                shape, facecolor=hex_of(color), alpha=shade / SHADES, linewidth=0, gid="crisp"
            )
        )


def _crosses(axes: "Axes", cells: NDArray) -> None:
    for row, column in cells:
        axes.plot([column - 0.3, column + 0.3], [row - 0.3, row + 0.3], color="muted", linewidth=1)
        axes.plot([column - 0.3, column + 0.3], [row + 0.3, row - 0.3], color="muted", linewidth=1)


def _numbers(axes: "Axes", table: NDArray) -> None:
    largest = np.nanmax(np.abs(table), initial=0)
    whole = np.all(np.isnan(table) | (table == np.round(table)))
    decimals = 0 if whole or largest >= 100 else 1 if largest >= 10 else 2
    for (row, column), value in np.ndenumerate(table):
        if np.isnan(value):
            continue
        text = f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")
        axes.text(column, row, text, ha="center", va="center", fontsize=12, color="ink")


def _key(axes: "Axes", label: str, low: float, high: float) -> None:
    """Draw five tints between their numbers, above the right end of the table."""
    from matplotlib.offsetbox import AnnotationBbox, DrawingArea, HPacker, TextArea
    from matplotlib.patches import Rectangle

    ramp = DrawingArea(5 * 14, 10)
    for index, tint in enumerate(tint_of(np.linspace(low, high, 5), low, high)):
        color = hex_of("accent" if tint >= 0 else "blue")
        ramp.add_artist(
            Rectangle((14 * index, 0), 13, 10, facecolor=color, alpha=abs(tint), linewidth=0)
        )
    low, high = (0.0 if abs(end) < 1e-3 * (high - low) else end for end in (low, high))
    muted = {"color": hex_of("muted"), "fontsize": 12}
    parts = [TextArea(text, textprops=muted) for text in (label, number(low), number(high))]
    scale = HPacker(children=[parts[1], ramp, parts[2]], pad=0, sep=6, align="center")
    packed = HPacker(children=[parts[0], scale], pad=0, sep=18, align="center")  # phones need room
    axes.add_artist(
        AnnotationBbox(
            packed, (1, 1), xycoords="axes fraction", xybox=(0, 14), boxcoords="offset points",
            box_alignment=(1, 0.5), frameon=False, pad=0,
        )
    )  # fmt: skip


def _frame(axes: "Axes", levels: tuple[Any, Any], shape: tuple[int, ...]) -> None:
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.set(xlim=(-0.5, shape[1] - 0.5), ylim=(-0.5, shape[0] - 0.5))
    axes.tick_params(length=0)
    for names, set_ticks in zip(levels, (axes.set_xticks, axes.set_yticks), strict=True):
        places, texts = ([], []) if names is None else _ticks(np.asarray(names))
        set_ticks(places, texts)


def _ticks(levels: NDArray) -> tuple[list[float], list[str]]:
    """Return where on the cells 0, 1, 2, ... round values of the levels lie, and these values."""
    if len(levels) <= MOST_TICKS:
        return list(range(len(levels))), [number(level) for level in levels]
    if levels.dtype.kind not in "iuf" or np.any(np.diff(levels) <= 0):
        places = range(0, len(levels), -(-len(levels) // MOST_TICKS))
        return list(places), [number(levels[place]) for place in places]
    bend = np.log if in_equal_ratios(levels) else np.asarray
    low, high = float(levels[0]), float(levels[-1])
    values = _round_ratios(low, high) if bend is np.log else _round_steps(low, high)
    places = np.interp(bend(values), bend(levels.astype(float)), np.arange(len(levels)))
    return places.tolist(), [number(value) for value in values]


def _round_ratios(low: float, high: float) -> NDArray:
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    values = np.sort(np.concatenate([powers, 3 * powers]))
    values = values if len(powers) <= MOST_TICKS / 2 else powers
    return values[(values >= low * (1 - 1e-9)) & (values <= high * (1 + 1e-9))]


def _round_steps(low: float, high: float) -> NDArray:
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10])
    values = np.asarray(locator.tick_values(low, high))
    return values[(values >= low) & (values <= high)]


def _box(axes: "Axes", place: tuple[float, float], tint: str | None) -> None:
    from matplotlib.patches import Rectangle

    if tint is not None:
        axes.add_patch(Rectangle(place, 0.5, 0.5, facecolor=tint, alpha=0.25, linewidth=0))
    axes.add_patch(
        Rectangle(place, 0.5, 0.5, facecolor="none", edgecolor=hex_of("muted"), linewidth=0.9)
    )
