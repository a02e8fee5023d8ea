"""Networks drawn as circles and lines."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.plots.colors import hex_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Place = tuple[float, float]


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
        >>> from dlbook.lab.plots import diagram
        >>> _, axes = diagram("A network of two inputs, three units and one output.")
        >>> len(network(axes, (2, 3, 1)))
        6
    """
    places, radius = _unit_places(axes, layers, max_units, bool(titles))
    for here, there in product(places, places):
        if there[0] == here[0] + 1:
            weight = None if weights is None else np.asarray(weights[here[0]])[here[1], there[1]]
            _connect(axes, (places[here], places[there]), weight, _largest(weights))
    for (layer, unit), place in places.items():
        texts = labels[layer] if labels and layer < len(labels) else ()
        text = texts[unit] if unit < len(texts) else ""
        circle(axes, place, text, radius=radius, color="muted" if layer == 0 else "blue")
    floor = min(up for _, up in places.values()) - radius - 0.14
    for layer, size in enumerate(layers):
        column = [place for (index, _), place in places.items() if index == layer]
        _dots(axes, column, size > len(column))
        text = titles[layer] if titles else ""
        axes.text(column[0][0], floor, text, ha="center", va="top", color="muted")
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


def _dots(axes: "Axes", column: list[Place], cut: bool) -> None:
    middle = float(np.mean([up for _, up in column]))
    axes.text(column[0][0], middle, "⋮" if cut else "", ha="center", va="center", fontsize=18)


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
