"""The plane of two features: points, regions, landscapes and the paths that walk through them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.plots.colors import COLORS, CYCLE, hex_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "os^DvP"
GRID = 120
COARSE = 72


def points(
    axes: "Axes",
    inputs: ArrayLike,
    labels: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    size: float = 22,
) -> None:
    """Draw examples as points of a plane, each class with its own colour *and* shape.

    Args:
        axes: Where to draw; both units get the same length.
        inputs: The two features of each example, shape `(examples, 2)`.
        labels: Class of each example, shape `(examples,)` or `(examples, 1)`.
        names: Name of each class, for a legend.
        size: Area of a point.
    """
    inputs, labels = np.asarray(inputs), np.ravel(np.asarray(labels))
    for index, label in enumerate(np.unique(labels)):
        chosen = inputs[labels == label]
        axes.scatter(
            *chosen.T,
            s=size,
            marker=MARKERS[index % len(MARKERS)],
            facecolor=COLORS[CYCLE[index % len(CYCLE)]],
            edgecolor="ground",
            linewidth=0.6,
            alpha=0.85,
            label=None if names is None else names[index],
            zorder=3,
        )
    plane(axes)


def plane(axes: "Axes") -> None:
    """Make both units equally long, and draw both axes instead of a grid.

    Args:
        axes: Where.
    """
    axes.set_aspect("equal", adjustable="box")
    axes.grid(False)
    axes.spines["left"].set_visible(True)
    axes.tick_params(axis="y", length=4)


def decision_regions(
    axes: "Axes",
    predict: Callable[[NDArray], ArrayLike],
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
) -> None:
    """Tint the plane by the class that a model predicts, with the boundaries between classes.

    Args:
        axes: Where to draw; draw it before the points.
        predict: Takes points of shape `(points, 2)`; returns a probability per point (shape
            `(points,)` or `(points, 1)`; the boundary is at .5) or one per class (shape
            `(points, classes)`; the largest wins).
        x_limits: From where to where the first feature goes.
        y_limits: From where to where the second feature goes.
    """
    across, up = np.linspace(*x_limits, GRID), np.linspace(*y_limits, GRID)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    scores = np.asarray(predict(grid), float).reshape(len(grid), -1)
    if scores.shape[1] == 1:
        scores = np.hstack([1 - scores, scores])
    for index in range(scores.shape[1]):
        others = np.delete(scores, index, axis=1).max(axis=1)
        lead = (scores[:, index] - others).reshape(GRID, GRID)
        if lead.max() <= 0:
            continue
        color = COLORS[CYCLE[index % len(CYCLE)]]
        axes.contourf(across, up, lead, levels=[0, np.inf], colors=[color], alpha=0.14, zorder=0.6)
        if index and lead.min() < 0:
            axes.contour(across, up, lead, levels=[0], colors=[COLORS["ink"]], linewidths=1.4)
    axes.set(xlim=x_limits, ylim=y_limits)


def landscape(
    axes: "Axes",
    function: Callable[[NDArray, NDArray], ArrayLike],
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    *,
    levels: int = 12,
    color: str = "blue",
) -> NDArray:
    """Draw a function of two numbers like a map: lines of equal height, low ground tinted.

    Args:
        axes: Where to draw.
        function: Takes two arrays of equal shape, returns the height at each pair.
        x_limits: From where to where the first number goes.
        y_limits: From where to where the second goes.
        levels: How many lines; they are close together where the ground is steep at the bottom.
        color: Name of a book colour.

    Returns:
        The heights of the lines.
    """
    across, up = np.linspace(*x_limits, COARSE), np.linspace(*y_limits, COARSE)
    heights = np.asarray(function(*np.meshgrid(across, up)), float)
    bottom, top = np.nanmin(heights), np.nanmax(heights)
    steps = bottom + (top - bottom) * np.linspace(0, 1, levels + 2)[1:-1] ** 1.6
    for step in steps:
        axes.contourf(
            across, up, heights, levels=[-np.inf, step], colors=[hex_of(color)],
            alpha=0.45 / levels, zorder=0.6,
        )  # fmt: skip
    axes.contour(
        across, up, heights, levels=steps, colors=[hex_of(color)], linewidths=0.7, alpha=0.6
    )
    axes.grid(False)
    axes.set(xlim=x_limits, ylim=y_limits)
    return steps


def path(
    axes: "Axes", places: ArrayLike, *, label: str | None = None, color: str = "accent"
) -> None:
    """Draw the steps of a descent: open circle at the start, dots on the way, full at the end.

    Args:
        axes: Where to draw.
        places: One row per step, shape `(steps, 2)`.
        label: Name of the path, for `label_lines` or a legend.
        color: Name of a book colour.
    """
    places, color = np.asarray(places, float), hex_of(color)
    axes.plot(*places.T, color=color, linewidth=1.6, marker="o", markersize=3.2, label=label)
    for place, fill in ((places[0], hex_of("ground")), (places[-1], color)):
        axes.scatter(*place, s=52, facecolor=fill, edgecolor=color, linewidth=1.8, zorder=4)
