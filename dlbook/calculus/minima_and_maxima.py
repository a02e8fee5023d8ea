"""Minima and maxima: where the derivative changes its sign."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval

if TYPE_CHECKING:
    import xarray as xr

# The idea

Function = Callable[..., Any]


def critical_points(coefficients: ArrayLike) -> np.ndarray:
    r"""Set the derivative of a polynomial to 0 and solve for x: the real roots of $p'(x) = 0$.

    Every minimum and every maximum is among them. Not every one of them is a minimum or a
    maximum.

    Args:
        coefficients: Lowest power first, shape (degree + 1,): `[4, -3, 3]` is 3x² − 3x + 4.

    Returns:
        The points from left to right; none for a straight line that is not level.

    Raises:
        ValueError: The polynomial is constant, so that all its points are level.

    Example:
        >>> print(critical_points([4, -3, 3]))
        [0.5]
    """
    derivative = polynomial.polyder(numbers(coefficients, "coefficients", rank=1))
    derivative = np.trim_zeros(derivative, "b")
    if derivative.size == 0:
        raise ValueError(
            "`coefficients` must be those of a polynomial of degree 1 or more, because a constant "
            f"is level everywhere. Received: {coefficients!r}"
        )
    roots = polynomial.polyroots(derivative)
    real = np.abs(roots.imag) <= 1e-7 * (1 + np.abs(roots))
    return np.sort(roots.real[real])


def classify(derivative: Function, x: float, distance: float = 1e-3) -> str:
    """Look at the sign of the derivative a little to the left and a little to the right of `x`.

    Args:
        derivative: The derivative of the function.
        x: The point in question.
        distance: How far to look, above 0 and below the distance to the next such point.

    Returns:
        "minimum" for falling then rising, "maximum" for rising then falling, else "neither".

    Raises:
        ValueError: `distance` is not above 0.

    Example:
        >>> classify(lambda x: 2 * x, 0), classify(lambda x: 3 * x**2, 0)
        ('minimum', 'neither')
    """
    nearby = positive(distance, "distance")
    left, right = np.sign(derivative(x - nearby)), np.sign(derivative(x + nearby))
    return {(-1, 1): "minimum", (1, -1): "maximum"}.get((int(left), int(right)), "neither")


def second_derivative_test(second_derivative: Function, x: float) -> str:
    """Ask how the slope itself changes where it is 0: a rising slope makes a valley.

    Args:
        second_derivative: The derivative of the derivative.
        x: A point at which the derivative is 0.

    Returns:
        "minimum" above 0, "maximum" below 0, else "no answer".

    Example:
        >>> second_derivative_test(lambda x: -2, 0), second_derivative_test(lambda x: 12 * x**2, 0)
        ('maximum', 'no answer')
    """
    curvature = float(second_derivative(x))
    return "minimum" if curvature > 0 else "maximum" if curvature < 0 else "no answer"


def sign_changes(derivative: Function, grid: ArrayLike) -> np.ndarray:
    """Walk along a grid and find where the derivative changes its sign.

    Between two neighbours of different sign the place is found by halving. Two changes between
    the same neighbours cancel and are missed: the grid must be finer than the points are apart.

    Args:
        derivative: From an array to an array.
        grid: Places to look at, rising, shape (num_points,).

    Returns:
        The places of change, from left to right.

    Raises:
        ValueError: `grid` does not rise.

    Example:
        >>> print(sign_changes(lambda x: x**2 - 4, [-5, 0, 5]))
        [-2.  2.]
    """
    places = numbers(grid, "grid", rank=1)
    if np.any(np.diff(places) <= 0):
        raise ValueError(f"`grid` must rise from left to right. Received: {grid!r}")
    signs = np.sign(derivative(places))
    places, signs = places[signs != 0], signs[signs != 0]
    change = np.flatnonzero(signs[1:] != signs[:-1])
    left, right, sign = places[change], places[change + 1], signs[change]
    for _ in range(60):
        middle = (left + right) / 2
        before = np.sign(derivative(middle)) == sign
        left, right = np.where(before, middle, left), np.where(before, right, middle)
    return (left + right) / 2


def wave(x: ArrayLike) -> np.ndarray:
    """Return cos 2πx + x², a bowl with waves: the function of the course.

    Example:
        >>> float(wave(0))
        1.0
    """
    return np.cos(2 * np.pi * np.asarray(x)) + np.asarray(x) ** 2


def wave_slope(x: ArrayLike) -> np.ndarray:
    """Return −2π sin 2πx + 2x, the derivative of the wave.

    Example:
        >>> float(wave_slope(0))
        0.0
    """
    return -2 * np.pi * np.sin(2 * np.pi * np.asarray(x)) + 2 * np.asarray(x)


def wave_curvature(x: ArrayLike) -> np.ndarray:
    """Return −4π² cos 2πx + 2, the second derivative of the wave.

    Example:
        >>> print(wave_curvature(0).round(2))
        -37.48
    """
    return -4 * np.pi**2 * np.cos(2 * np.pi * np.asarray(x)) + 2


# The experiment

FINE_GRID = np.linspace(-2, 2.01, 1000)


class Case(NamedTuple):
    """A function with its two derivatives, and the points at which it is asked."""

    function: Function
    slope: Function
    curvature: Function
    points: tuple[float, ...] = (0.0,)


def no_slope_at_zero(x: float) -> np.ndarray:
    """Return the derivative of |x|, which is nan at the kink."""
    return np.where(np.asarray(x) == 0, np.nan, np.sign(x))


CASES = {
    "x²": Case(lambda x: x**2, lambda x: 2 * x, lambda x: 2),
    "−x²": Case(lambda x: -(x**2), lambda x: -2 * x, lambda x: -2),
    "x³": Case(lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x),
    "x⁴": Case(lambda x: x**4, lambda x: 4 * x**3, lambda x: 12 * x**2),
    "|x|": Case(np.abs, no_slope_at_zero, lambda x: np.nan),
    "x + 2 sin x": Case(
        lambda x: x + 2 * np.sin(x),
        lambda x: 1 + 2 * np.cos(x),
        lambda x: -2 * np.sin(x),
        (2 * np.pi / 3,),
    ),
    "cos 2πx + x²": Case(
        wave, wave_slope, wave_curvature, tuple(sign_changes(wave_slope, FINE_GRID))
    ),
}
TRAPS = ("x³", "x⁴", "|x|")


def by_height(function: Function, x: float) -> str:
    """Say what a point is from the heights around it, without any derivative."""
    left, right = function(x - 0.01) - function(x), function(x + 0.01) - function(x)
    return "minimum" if min(left, right) > 0 else "maximum" if max(left, right) < 0 else "neither"


def judge_points(seed: int, function: str, test: str) -> dict[str, float]:
    """Return the part of a function's points about which a test is right."""
    case = CASES[function]
    right = []
    for x in case.points:
        truth = by_height(case.function, x)
        answers = {
            "derivative is 0": truth if _is_zero(case, x) == (truth != "neither") else "wrong",
            "sign change": classify(case.slope, x),
            "second derivative": second_derivative_test(case.curvature, x),
        }
        right.append(answers[test] == truth)
    return {"found_right": float(np.mean(right))}


def _is_zero(case: Case, x: float) -> bool:
    return bool(np.abs(case.slope(x)) < 1e-9)


def count_points(seed: int, spacing: float) -> dict[str, float]:
    """Count the sign changes that a grid finds on the wave from −2 to 2; 7 are there."""
    offset = np.random.default_rng(seed).uniform(0, spacing)
    grid = np.arange(-2 + offset, 2 + 1e-9, spacing)
    return {"points_found": len(sign_changes(wave_slope, grid))}


def count_kinds(seed: int, degree: int) -> dict[str, float]:
    """Count minima and maxima of a polynomial with standard normal coefficients."""
    coefficients = np.random.default_rng([seed, degree]).normal(size=degree + 1)
    points = critical_points(coefficients)
    curvature = polynomial.polyval(points, polynomial.polyder(coefficients, 2))
    return {"minima": int(np.sum(curvature > 0)), "maxima": int(np.sum(curvature < 0))}


TESTS = Experiment(
    name="tests",
    question="Which test tells minima from maxima, and from neither?",
    independent={
        "function": tuple(CASES),
        "test": ("derivative is 0", "sign change", "second derivative"),
    },
    trial=judge_points,
    seeds=range(1),
    units={"found_right": "part of points told right"},
)
GRID = Experiment(
    name="grid",
    question="How coarse may the grid be?",
    independent={"spacing": (0.01, 0.1, 0.3, 0.5, 0.7, 1)},
    trial=count_points,
    units={"spacing": "spacing of the grid", "points_found": "points found"},
)
DEGREE = Experiment(
    name="degree",
    question="How many points of a random polynomial are minima?",
    independent={"degree": (2, 3, 4, 6, 8, 10)},
    trial=count_kinds,
    seeds=range(500),
    units={"minima": "number of minima", "maxima": "number of maxima"},
)

# The claims


def right_answers(results: "xr.Dataset", test: str) -> list[Evidence]:
    """Part of points told right by one test, for the plain cases together and each trap."""
    found = results["found_right"].sel(test=test).isel(seed=0)
    plain = [name for name in CASES if name not in TRAPS]
    groups = {"no trap: x², −x², x + 2 sin x, wave": plain, **{name: [name] for name in TRAPS}}
    return [
        Evidence.exact(
            title,
            float(found.sel(function=names).mean()),
            sum(len(CASES[name].points) for name in names),
            at_least=1,
        )
        for title, names in groups.items()
    ]


def zero_is_enough(results: "xr.Dataset") -> list[Evidence]:
    """Part of points told right by looking for a derivative of 0."""
    return right_answers(results, "derivative is 0")


def neighbours_tell(results: "xr.Dataset") -> list[Evidence]:
    """Part of points told right by the signs to the left and to the right."""
    return right_answers(results, "sign change")


def curvature_tells(results: "xr.Dataset") -> list[Evidence]:
    """Part of points told right by the second derivative."""
    return right_answers(results, "second derivative")


def half_are_minima(results: "xr.Dataset") -> Evidence:
    """Share of minima among the points of six random polynomials, mean over seeds."""
    minima, maxima = results["minima"].sum("degree"), results["maxima"].sum("degree")
    share = minima / (minima + maxima)
    return Evidence.from_mean("all six degrees together", share, at_least=0.47, at_most=0.53)


CLAIMS = (
    Claim(
        "C-minima_and_maxima-1",
        "Where the derivative is 0, and only there, is a minimum or a maximum.",
        TESTS,
        zero_is_enough,
        note="part of the points about which this is right; holds at 1",
    ),
    Claim(
        "C-minima_and_maxima-2",
        "The signs of the derivative to the left and to the right tell minima from maxima.",
        TESTS,
        neighbours_tell,
        note="part of the points told right; holds at 1",
    ),
    Claim(
        "C-minima_and_maxima-3",
        "Half of the points where a random polynomial is level are minima.",
        DEGREE,
        half_are_minima,
        note="share of minima; holds between 0.47 and 0.53",
    ),
    Claim(
        "C-minima_and_maxima-4",
        "The sign of the second derivative tells minima from maxima.",
        TESTS,
        curvature_tells,
        note="part of the points told right; holds at 1",
    ),
)

# The figure


def plot_wave() -> "plots.BookFigure":
    """Draw the wave above its derivative, with its minima and maxima."""
    drawing, (above, below) = plots.figure(
        "A bowl with waves above its derivative, from −2 to 2. At four minima the derivative "
        "crosses 0 upwards, at three maxima downwards.",
        rows=2,
        height=5.4,
        sharex=True,
    )
    grid = np.linspace(-2, 2, 401)
    points = np.array(CASES["cos 2πx + x²"].points)
    lowest = np.array([classify(wave_slope, x) == "minimum" for x in points])
    above.plot(grid, wave(grid), color="ink")
    below.plot(grid, wave_slope(grid), color="ink")
    below.fill_between(grid, wave_slope(grid), 0, where=wave_slope(grid) < 0, color="blue",
                       alpha=0.2, linewidth=0)  # fmt: skip
    below.fill_between(grid, wave_slope(grid), 0, where=wave_slope(grid) > 0, color="accent",
                       alpha=0.2, linewidth=0)  # fmt: skip
    for axes, heights in ((above, wave(points)), (below, np.zeros(len(points)))):
        axes.plot(points[lowest], heights[lowest], "v", color="blue", markersize=9, zorder=4)
        axes.plot(points[~lowest], heights[~lowest], "^", color="accent", markersize=9, zorder=4)
    above.set(title="the function: ▼ minima, ▲ maxima")
    below.set(title="its derivative", xlabel="x")
    plots.reference(below, 0)
    return drawing


def plot_signs() -> "plots.BookFigure":
    """Draw what the signs of the derivative to the left and to the right mean."""
    drawing, axes = plots.diagram(
        "Three cases. Minimum: the derivative is negative, then zero, then positive. Maximum: "
        "positive, zero, negative. Neither: positive, zero, positive.",
        height=2.7,
    )
    cases = {"minimum": "−+", "maximum": "+−", "neither": "++"}
    for column, (name, signs) in enumerate(cases.items()):
        middle = 1.07 + 2.13 * column
        for side, sign in zip((-1, 1), signs, strict=True):
            color, rise = ("accent", 0.55) if sign == "+" else ("blue", -0.55)
            inner, outer = middle + 0.12 * side, middle + 0.85 * side
            ends = [(inner, 1.3), (outer, 1.3 + side * rise)]
            start, end = ends if side > 0 else reversed(ends)
            plots.arrow(axes, start, end, color=color)
            axes.text(middle + 0.5 * side, 0.35, sign, ha="center", color=color, fontsize=18)
        axes.plot([middle], [1.3], "o", color="ink")
        axes.text(middle, 0.35, "0", ha="center", fontsize=15)
        axes.text(middle, 2.4, name, ha="center", fontweight="bold")
    axes.text(0.1, 0.02, "sign of the derivative", color="muted", fontsize=12)
    return drawing


def plot_tests(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw for each function and test the part of points told right."""
    drawing, axes = plots.figure(
        "Seven functions and three tests: the sign change is right everywhere, the derivative of "
        "0 fails for x³ and |x|, the second derivative for x³, x⁴ and |x|.",
        height=3.8,
    )
    found = results["found_right"].isel(seed=0).values[::-1]
    tests = [str(name).replace(" ", "\n", 1) for name in results["test"].values]
    plots.heatmap(axes, found, tests, list(map(str, results["function"].values))[::-1])
    return drawing


def plot_grid(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw how many points a grid finds against its spacing."""
    drawing, axes = plots.figure(
        "Points found against spacing of the grid: all 7 up to 0.3, then fewer, at 1 at most one."
    )
    plots.log_axis(axes, "x")
    plots.band(axes, results["spacing"], mean_interval(results["points_found"]))
    plots.reference(axes, 7, "all seven", at=0.02)
    plots.reference(axes, 0.37, along="y")
    plots.note(axes, "two of the seven\nare 0.37 apart", (0.37, 3), (-24, 0))
    axes.set(
        xlabel=plots.axis_name(results, "spacing"),
        ylabel=plots.axis_name(results, "points_found"),
        ylim=(0, 8.4),
    )
    return drawing


def plot_degree(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the mean number of minima and maxima of random polynomials against the degree."""
    drawing, axes = plots.figure(
        "Mean number of minima and of maxima against the degree: both rise slowly and together."
    )
    for name in ("minima", "maxima"):
        plots.band(axes, results["degree"], mean_interval(results[name]), label=name)
    axes.set(xlabel="degree of the polynomial", ylabel="mean number of points", ylim=(0, None))
    plots.label_lines(axes)
    return drawing
