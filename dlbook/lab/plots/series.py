"""Curves and clouds: what is drawn from numbers with seeds."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.plots.colors import hex_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

GOLDEN = (np.sqrt(5) - 1) / 2


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
            `high`, each of shape `(points,)`.
        label: Name of the series, for `label_lines` or a legend.
        color: Name of a book colour; `None`: the next of the cycle.

    Returns:
        The line of the mean.
    """
    mean, low, high = (np.asarray(interval[name], float) for name in ("mean", "low", "high"))
    options = {} if color is None else {"color": hex_of(color)}
    (line,) = axes.plot(np.asarray(x), mean, label=label, zorder=3, **options)
    axes.fill_between(x, low, high, color=line.get_color(), alpha=0.2, linewidth=0, zorder=2)
    return line


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
    shift = spread * (np.arange(1, values.shape[1] + 1) * GOLDEN % 1 - 0.5)
    logarithmic = axes.get_xscale() == "log"
    scale = np.log10(positions) if logarithmic else positions
    step = np.min(np.diff(np.sort(scale)), initial=1.0) if len(scale) > 1 else 1.0
    places = scale[:, None] + shift * step
    places = 10**places if logarithmic else places
    color = hex_of(color)
    axes.scatter(places.ravel(), values.ravel(), s=16, c=color, alpha=0.45, label=label, zorder=2.5)
    return positions


def _positions(axes: "Axes", x: ArrayLike | Sequence[str]) -> NDArray:
    x = np.asarray(x)
    if x.dtype.kind in "iuf":
        return x.astype(float)
    axes.set_xticks(range(len(x)), [str(name) for name in x])
    return np.arange(len(x), dtype=float)
