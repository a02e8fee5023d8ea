"""The gradient descent algorithm: a guess, a loop, a derivative, a step."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import check_count, numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr

# The idea

Gradient = Callable[[Any], Any]


def descend(gradient: Gradient, start: ArrayLike, learning_rate: float, epochs: int) -> np.ndarray:
    r"""Walk downhill: $x \leftarrow x - \eta \, \nabla f(x)$, again and again.

    A rate that is too large makes the walk jump farther and farther away; the places are then
    kept as they come, infinity and nan among them.

    Args:
        gradient: The derivative of the function: takes a place and returns the slope there, of
            the same shape.
        start: The first guess: a number, a place of shape (num_parameters,), or many places at
            once, shape (..., num_parameters), if `gradient` takes them.
        learning_rate: Size of a step $\eta$, above 0.
        epochs: Number of steps, 0 or more.

    Returns:
        The path: the start and the place after each step, shape (epochs + 1, *shape of start).

    Raises:
        ValueError: `start` is not finite, `learning_rate` is not above 0, or `epochs` is not a
            whole number of 0 or more.

    Example:
        >>> print(descend(parabola_slope, start=0, learning_rate=0.01, epochs=2))
        [0.     0.03   0.0582]
    """
    rate, steps = positive(learning_rate, "learning_rate"), check_count("`epochs`", epochs, 0)
    path = [numbers(np.atleast_1d(start), "start").reshape(np.shape(start))]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            path.append(path[-1] - rate * gradient(path[-1]))
    return np.array(path)


def steps_until_flat(path: ArrayLike, gradient: Gradient, flat: float = 1e-6) -> int:
    r"""Say at which step a stopping rule ends the walk: $\lVert\nabla f(x)\rVert \le$ flat.

    A slope near 0 is a reason to stop, not a proof of a minimum: a plain is flat too.

    Args:
        path: Places in the order of the walk, shape (num_places, num_parameters); one parameter
            may also be given as shape (num_places,).
        gradient: Takes all places at once.
        flat: How short the gradient has to be, above 0.

    Returns:
        The number of steps before the first place that is flat; -1 if there is none.

    Raises:
        ValueError: `flat` is not above 0.

    Example:
        >>> steps_until_flat(descend(parabola_slope, 0, 0.01, epochs=1000), parabola_slope)
        242
    """
    places = np.asarray(path, dtype=float)
    slopes = np.asarray(gradient(places)).reshape(len(places), -1)
    found = np.flatnonzero(np.linalg.norm(slopes, axis=1) <= positive(flat, "flat"))
    return int(found[0]) if len(found) else -1


def parabola(x: ArrayLike) -> np.ndarray:
    """Return 3x² − 3x + 4, a bowl with its minimum at 0.5: the function of the course.

    Example:
        >>> float(parabola(0.5))
        3.25
    """
    x = np.asarray(x)
    return 3 * x**2 - 3 * x + 4


def parabola_slope(x: ArrayLike) -> np.ndarray:
    """Return 6x − 3, the derivative of the parabola.

    Example:
        >>> float(parabola_slope(0.5))
        0.0
    """
    return 6 * np.asarray(x) - 3


def ripple(x: ArrayLike) -> np.ndarray:
    """Return sin x · exp(−0.05 x²), waves that fade to both sides: a function of the course.

    Example:
        >>> float(ripple(0))
        0.0
    """
    x = np.asarray(x)
    return np.sin(x) * np.exp(-0.05 * x**2)


def ripple_slope(x: ArrayLike) -> np.ndarray:
    """Return (cos x − 0.1 x sin x) · exp(−0.05 x²), the derivative of the ripple.

    Example:
        >>> float(ripple_slope(0))
        1.0
    """
    x = np.asarray(x)
    return (np.cos(x) - 0.1 * x * np.sin(x)) * np.exp(-0.05 * x**2)


def peaks(place: ArrayLike) -> np.ndarray:
    r"""Return the height of a landscape with three valleys on a plain.

    $$3(1 - x)^2 e^{-x^2 - (y + 1)^2} - 10 \Bigl(\frac x5 - x^3 - y^5\Bigr) e^{-x^2 - y^2}
    - \frac13 e^{-(x + 1)^2 - y^2}$$

    Args:
        place: One place (x, y), shape (2,), or many, shape (..., 2).

    Returns:
        The heights, shape (...).

    Example:
        >>> print(peaks([0.0, 0.0]).round(3))
        0.981
    """
    x, y = np.moveaxis(np.asarray(place, dtype=float), -1, 0)
    return (
        3 * (1 - x) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
        - 10 * (x / 5 - x**3 - y**5) * np.exp(-(x**2) - y**2)
        - np.exp(-((x + 1) ** 2) - y**2) / 3
    )


def peaks_gradient(place: ArrayLike) -> np.ndarray:
    """Return the gradient of the peaks: the slope along x and the slope along y.

    Args:
        place: One place (x, y), shape (2,), or many, shape (..., 2).

    Returns:
        The slopes, same shape.

    Example:
        >>> print(peaks_gradient([0.0, 0.0]).round(3))
        [-3.962 -2.207]
    """
    x, y = np.moveaxis(np.asarray(place, dtype=float), -1, 0)
    first, second, third = (
        np.exp(-(x**2) - (y + 1) ** 2),
        np.exp(-(x**2) - y**2),
        np.exp(-((x + 1) ** 2) - y**2),
    )
    middle = x / 5 - x**3 - y**5
    along_x = (
        -6 * (1 - x) * (1 + x * (1 - x)) * first
        - 10 * (0.2 - 3 * x**2 - 2 * x * middle) * second
        + 2 / 3 * (x + 1) * third
    )
    along_y = (
        -6 * (1 - x) ** 2 * (y + 1) * first
        + 10 * (5 * y**4 + 2 * y * middle) * second
        + 2 / 3 * y * third
    )
    return np.stack([along_x, along_y], axis=-1)


# The experiment

AXIS = tuple(round(0.2 * step, 1) for step in range(-10, 11))
MINIMA = np.array([[0.2283, -1.6255], [-1.3474, 0.2045], [0.2964, 0.3202]])  # deepest first


def measure_distances(seed: int, learning_rate: float, start: float) -> dict[str, np.ndarray]:
    """Return how far the guess is from the minimum at 0.5 after 0 to 100 steps."""
    path = descend(parabola_slope, start, learning_rate, epochs=100)
    return {"distance": np.abs(path - 0.5)}


def minimum_reached(ends: ArrayLike) -> np.ndarray:
    """Say in which minimum of the peaks a walk has ended.

    Args:
        ends: Last places, shape (..., 2).

    Returns:
        0 for the deepest, 1 and 2 for the next ones, -1 for none of them (farther off than 0.01
        from each), shape (...).

    Example:
        >>> print(minimum_reached([[0.228, -1.626], [2.0, 2.0]]))
        [ 0 -1]
    """
    distances = np.linalg.norm(np.asarray(ends)[..., None, :] - MINIMA, axis=-1)
    return np.where(distances.min(axis=-1) < 0.01, distances.argmin(axis=-1), -1)


def walk_from_column(seed: int, start_x: float) -> dict[str, np.ndarray]:
    """Descend the peaks from 21 starts that share their x, all at once."""
    starts = np.array([[start_x, y] for y in AXIS])
    ends = descend(peaks_gradient, starts, learning_rate=0.01, epochs=1000)[-1]
    return {
        "end_x": ends[:, 0],
        "end_y": ends[:, 1],
        "end_value": peaks(ends),
        "minimum": minimum_reached(ends),
    }


LEARNING_RATE = Experiment(
    name="learning_rate",
    question="How large a step?",
    independent={
        "learning_rate": (0.001, 0.01, 0.1, 1 / 6, 0.3, 1 / 3, 0.34),
        "start": (-2, -1, 0, 1, 2),
    },
    trial=measure_distances,
    seeds=range(1),
    dims={"distance": ("step",)},
    units={"distance": "distance from the minimum", "learning_rate": "learning rate"},
)
PEAKS = Experiment(
    name="peaks",
    question="Does it matter where the walk starts?",
    independent={"start_x": AXIS},
    trial=walk_from_column,
    seeds=range(1),
    dims={name: ("start_y",) for name in ("end_x", "end_y", "end_value", "minimum")},
)

# The claims


def distance_at_the_end(results: "xr.Dataset") -> Evidence:
    """Largest distance from the minimum over all starts, at rate 0.01 after 100 steps."""
    distance = results["distance"].sel(learning_rate=0.01).isel(step=-1)
    return Evidence.exact(
        "rate 0.01, farthest of 5 starts", float(distance.max()), distance.size, at_most=0.0055
    )


def larger_is_faster(results: "xr.Dataset") -> list[Evidence]:
    """Part of the way that is left after ten steps: a rate compared with the next smaller one."""
    distance = results["distance"]
    left = (distance.isel(step=10) / distance.isel(step=0)).max(["start", "seed"])
    rates = results["learning_rate"].values
    return [
        Evidence.exact(
            f"{larger:.3g} instead of {smaller:.3g}",
            float(left.sel(learning_rate=larger) - left.sel(learning_rate=smaller)),
            2 * results.sizes["start"],
            at_most=0,
        )
        for smaller, larger in pairwise(rates)
    ]


def same_end(results: "xr.Dataset") -> Evidence:
    """Share of the starts on the peaks from which the walk reaches the deepest minimum."""
    reached = results["minimum"] == 0
    return Evidence.exact("peaks", float(reached.mean()), reached.size, at_least=0.99)


CLAIMS = (
    Claim(
        "C-gradient_descent_algorithm-1",
        "Guess, loop, derivative, step: this finds the minimum.",
        LEARNING_RATE,
        distance_at_the_end,
        note="distance from 0.5 after 100 steps; holds up to 0.0055",
    ),
    Claim(
        "C-gradient_descent_algorithm-2",
        "A larger learning rate is faster.",
        LEARNING_RATE,
        larger_is_faster,
        note="change of the part of the way that is left after 10 steps; faster means at most 0",
    ),
    Claim(
        "C-gradient_descent_algorithm-3",
        "The guess may be random: it does not matter where the walk starts.",
        PEAKS,
        same_end,
        note="share of 441 starts that reach the deepest minimum; holds from 0.99",
    ),
)

# The figure

ENDS = {0: ("blue", "o"), 1: ("orange", "s"), 2: ("green", "^"), -1: ("red", "x")}
FRACTIONS = {1 / 6: "1/6", 1 / 3: "1/3"}


def plot_descent() -> "plots.BookFigure":
    """Draw the steps of one descent on the parabola, and the slope at each of them."""
    drawing, (above, below) = plots.figure(
        "Above: a bowl and ten places on it, each lower and closer to the next, down to the "
        "bottom at 0.5. Below: the slope at the same places, which shrinks towards zero.",
        rows=2,
        height=5.2,
        sharex=True,
    )
    grid = np.linspace(-2.3, 2.5, 101)
    path = descend(parabola_slope, -2, learning_rate=0.05, epochs=10)
    for axes, curve in ((above, parabola), (below, parabola_slope)):
        axes.plot(grid, curve(grid), color="ink", linewidth=1.2)
        plots.path(axes, np.column_stack([path, curve(path)]))
    above.set(title="the function 3x² − 3x + 4")
    below.set(title="its derivative 6x − 3", xlabel="guess x")
    plots.reference(below, 0)
    plots.note(above, "first guess", (-2, float(parabola(-2))), (24, 2))
    return drawing


def plot_learning_rate(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the distance from the minimum after every step, one line per learning rate."""
    drawing, axes = plots.figure(
        "Distance from the minimum against steps, on a logarithmic axis, for seven learning "
        "rates: straight lines that fall steeper up to a rate of 1/6, then flatter; at 1/3 the "
        "line is level, above it rises.",
        height=4,
    )
    plots.log_axis(axes, "y")
    distance = results["distance"].isel(seed=0, start=0, step=slice(0, 41))
    for rate in results["learning_rate"].values:
        walk = np.maximum(distance.sel(learning_rate=rate).values, 1e-9)
        shown = walk[: int(np.argmax(walk < 1e-3)) + 1] if walk.min() < 1e-3 else walk
        name = FRACTIONS.get(rate, f"{rate:.3g}")
        color = {"color": "ink"} if rate == 0.34 else {}
        axes.plot(np.arange(len(shown)), shown, label=name if shown is walk else None, **color)
        if shown is not walk:
            height = float(np.interp(-2.6, np.log10(shown[::-1]), np.arange(len(shown))[::-1]))
            axes.annotate(name, (height, 10**-2.6), xytext=(4, 0), textcoords="offset points")
    axes.set(xlabel="steps", ylabel="distance from the minimum", ylim=(1e-3, 40))
    plots.label_lines(axes, title="rate")
    return drawing


def plot_peaks(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw some walks on the peaks, and the minimum that each of the 441 starts reaches."""
    drawing, (above, below) = plots.figure(
        "Above: contour lines of a landscape with three valleys, and walks that end in each of "
        "them or drift away over the plain. Below: a map of the starts by where the walk ends; "
        "each minimum has a region of its own.",
        rows=2,
        height=8.4,
    )
    plots.landscape(
        above, lambda x, y: peaks(np.stack([x, y], -1)), (-3, 3), (-3, 3), color="muted"
    )
    reached = results["minimum"].isel(seed=0).values
    starts = np.stack(np.meshgrid(AXIS, AXIS, indexing="ij"), axis=-1)
    for row, column in np.ndindex(5, 5):
        place = (5 * row, 5 * column)
        path = descend(peaks_gradient, starts[place], learning_rate=0.01, epochs=1000)
        above.plot(*path[::4].T, color=ENDS[int(reached[place])][0], linewidth=1.4)
    for end, (color, marker) in ENDS.items():
        below.plot(*starts[reached == end].T, marker, color=color, markersize=5)
    for axes, title in ((above, "25 walks"), (below, "441 starts, by end")):
        axes.plot(*MINIMA.T, "o", color="ink", markersize=6, zorder=5)
        plots.plane(axes)
        axes.set(xlabel="x", ylabel="y", title=title, xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    return drawing
