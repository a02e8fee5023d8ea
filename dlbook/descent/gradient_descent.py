"""Gradient descent: guess, measure the error, learn from it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval

if TYPE_CHECKING:
    import xarray as xr

# The idea


def line(x: ArrayLike, slope: float, intercept: float) -> np.ndarray:
    """Return the heights of a straight line: slope * x + intercept.

    Args:
        x: Positions, any shape with one axis or more.
        slope: Rise for each step to the right.
        intercept: Height at x = 0.

    Returns:
        Heights, same shape as `x`.

    Example:
        >>> line([0, 1, 2], slope=2, intercept=1)
        array([1., 3., 5.])
    """
    return slope * numbers(x, "x") + intercept


def error(parameters: ArrayLike, x: ArrayLike, y: ArrayLike) -> np.ndarray:
    r"""Mean squared error of a linear model: $E(w) = \frac1N \sum_i (x_i^\top w - y_i)^2$.

    Args:
        parameters: One guess $w$, shape (num_parameters,), or many, shape (..., num_parameters).
        x: Inputs, shape (num_examples, num_parameters).
        y: Targets, shape (num_examples,).

    Returns:
        The error of each guess, shape (...), in squared units of `y`; 0 for a perfect fit.

    Raises:
        ValueError: The shapes do not fit together.

    Example:
        >>> error([1.0], [[1.0], [2.0]], [1.0, 4.0])
        np.float64(2.0)
    """
    guess, inputs, targets = _fitting(parameters, x, y)
    return np.mean((guess @ inputs.T - targets) ** 2, axis=-1)


def error_gradient(parameters: ArrayLike, x: ArrayLike, y: ArrayLike) -> np.ndarray:
    r"""Slope of the error in each direction: $\nabla E(w) = \frac2N X^\top (Xw - y)$.

    Args:
        parameters: One guess $w$, shape (num_parameters,).
        x: Inputs, shape (num_examples, num_parameters).
        y: Targets, shape (num_examples,).

    Returns:
        The gradient, shape (num_parameters,). It points uphill and is 0 at the minimum.

    Raises:
        ValueError: The shapes do not fit together.

    Example:
        >>> error_gradient([0.0], [[2.0]], [6.0])
        array([-24.])
    """
    guess, inputs, targets = _fitting(numbers(parameters, "parameters", rank=1), x, y)
    return 2 / len(targets) * inputs.T @ (inputs @ guess - targets)


def learn(parameters: ArrayLike, gradient: ArrayLike, learning_rate: float) -> np.ndarray:
    """Take one step downhill: parameters - learning_rate * gradient.

    Args:
        parameters: The guess, shape (num_parameters,).
        gradient: The slope of the error there, same shape.
        learning_rate: Size of the step, above 0. Small is slow; too large climbs.

    Returns:
        The next guess, same shape.

    Raises:
        ValueError: The shapes differ or the learning rate is not above 0.

    Example:
        >>> learn([0.0], [-24.0], learning_rate=0.1)
        array([2.4])
    """
    guess, slope = numbers(parameters, "parameters"), numbers(gradient, "gradient")
    _check_same_shape(slope, guess)
    return guess - positive(learning_rate, "learning_rate") * slope


def landscape(x: ArrayLike, y: ArrayLike, axes: Sequence[ArrayLike]) -> np.ndarray:
    """Measure the error at every point of a grid.

    Args:
        x: Inputs, shape (num_examples, num_parameters).
        y: Targets, shape (num_examples,).
        axes: The values to try for each parameter, `num_parameters` lists.

    Returns:
        The errors, one axis per parameter.

    Example:
        >>> landscape([[1.0], [2.0]], [1.0, 2.0], axes=[[0.0, 1.0]])
        array([2.5, 0. ])
    """
    return error(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1), x, y)


def _check_same_shape(gradient: np.ndarray, parameters: np.ndarray) -> None:
    if gradient.shape != parameters.shape:
        raise ValueError(
            f"`gradient` must have the shape of `parameters`, {parameters.shape}. "
            f"Received: shape {gradient.shape}"
        )


def _fitting(parameters: ArrayLike, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, ...]:
    guess = numbers(parameters, "parameters")
    inputs, targets = numbers(x, "x", rank=2), numbers(y, "y", rank=1)
    if inputs.shape != (len(targets), guess.shape[-1]):
        raise ValueError(
            "`x` must have one row per target and one column per parameter, shape "
            f"({len(targets)}, {guess.shape[-1]}). Received: shape {inputs.shape}"
        )
    return guess, inputs, targets


# The experiment

GRID = np.linspace(-3, 3, 21)  # the points that the map tries on every axis
LARGEST_MAP = 4  # parameters; larger maps are only counted, 20 of them would take hours


def make_problem(
    seed: int, num_parameters: int, intercept: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Draw 50 examples of a linear law with noise of deviation 0.5.

    Args:
        seed: The same seed gives the same examples.
        num_parameters: Columns of x.
        intercept: Whether the last column of x is 1, so that its parameter is the intercept.

    Returns:
        x of shape (50, num_parameters) and y of shape (50,).
    """
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(50, num_parameters))
    if intercept:
        x[:, -1] = 1
    truth = generator.uniform(-2, 2, num_parameters)
    return x, x @ truth + generator.normal(scale=0.5, size=50)


def first_guess(seed: int, num_parameters: int, count: int | None = None) -> np.ndarray:
    """Draw one place anywhere on the map, or `count` of them as rows."""
    shape = num_parameters if count is None else (count, num_parameters)
    return np.random.default_rng([seed, 1]).uniform(-3, 3, shape)


def walk(x: np.ndarray, y: np.ndarray, guess: np.ndarray, steps: int) -> np.ndarray:
    """Return the first guess and the `steps` guesses after it, at learning rate 0.1."""
    path = [guess]
    for _ in range(steps):
        path.append(learn(path[-1], error_gradient(path[-1], x, y), learning_rate=0.1))
    return np.array(path)


def measure_distance(seed: int, steps: int) -> dict[str, float]:
    """Return how far slope and intercept are from least squares after `steps` steps."""
    x, y = make_problem(seed, num_parameters=2, intercept=True)
    found = walk(x, y, first_guess(seed, 2), steps)[-1]
    return {"distance": float(np.linalg.norm(found - np.linalg.lstsq(x, y)[0]))}


def map_or_walk(seed: int, strategy: str, num_parameters: int) -> dict[str, float]:
    """Count the looks at the error that a strategy needs, and how good its best guess is."""
    x, y = make_problem(seed, num_parameters)
    best = error(np.linalg.lstsq(x, y)[0], x, y)
    errors = error(walk(x, y, first_guess(seed, num_parameters), steps=200), x, y)
    evaluations = int(np.flatnonzero(errors <= 1.01 * best)[0])
    reached = errors[evaluations]
    if strategy == "guesses":
        reached = error(first_guess(seed, num_parameters, evaluations), x, y).min()
    elif strategy == "map":
        evaluations, reached = len(GRID) ** num_parameters, np.nan
        if num_parameters <= LARGEST_MAP:
            reached = landscape(x, y, [GRID] * num_parameters).min()
    return {"evaluations": evaluations, "excess_error": float(reached / best - 1)}


GUESS_ERROR_LEARN = Experiment(
    name="guess_error_learn",
    question="How many steps until the line is the best line?",
    independent={"steps": (0, 1, 3, 10, 30, 100)},
    trial=measure_distance,
    units={"distance": "distance from the best line"},
)
MAP_OR_WALK = Experiment(
    name="map_or_walk",
    question="Does one need a map of the whole landscape?",
    independent={"strategy": ("map", "guesses", "walk"), "num_parameters": (1, 2, 3, 4, 5, 6)},
    trial=map_or_walk,
    units={
        "num_parameters": "number of parameters",
        "evaluations": "looks at the error",
        "excess_error": "error above the best, as a fraction of it",
    },
)

# The claims


def distance_at_the_end(results: "xr.Dataset") -> Evidence:
    """Largest distance from least squares after the largest number of steps."""
    largest = float(results["distance"].isel(steps=-1).max())
    return Evidence.exact("after 100 steps", largest, results.sizes["seed"], at_most=0.01)


def map_or_slope(results: "xr.Dataset") -> list[Evidence]:
    """Part of the whole map that the walk needed, and what the slope adds to as many guesses."""
    largest = results.isel(num_parameters=-1)
    looks, reached = largest["evaluations"], largest["excess_error"]
    part = looks.sel(strategy="walk") / looks.sel(strategy="map")
    gain = reached.sel(strategy="guesses") - reached.sel(strategy="walk")
    return [
        Evidence.from_mean("the map: part of it that the walk needed", part, at_least=1),
        Evidence.from_mean("the slope: error it saves against guesses", gain, at_least=0.01),
    ]


CLAIMS = (
    Claim(
        "C-gradient_descent-1",
        "On this bowl, guessing, computing the error and learning from it finds the minimum.",
        GUESS_ERROR_LEARN,
        distance_at_the_end,
        note="largest of all distances from least squares; holds up to 0.01",
    ),
    Claim(
        "C-gradient_descent-2",
        "We need a description of the error landscape.",
        MAP_OR_WALK,
        map_or_slope,
        note="6 parameters; the map is needed if all of it was used, the slope if the walk ends "
        "lower than as many random guesses",
    ),
)

# The figure


def plot_landscape(x: np.ndarray, y: np.ndarray, guess: np.ndarray) -> "plots.BookFigure":
    """Draw the error over slope and intercept from above and from the side, with the walk."""
    path = walk(x, y, guess, steps=30)
    figure, (above, side) = plots.figure(
        "Left: contour lines of the error over slope and intercept, and a walk from a random "
        "guess straight across them to the lowest point. Right: the same bowl as a surface.",
        columns=2,
    )

    def height(slopes, intercepts):
        return error(np.stack([slopes, intercepts], axis=-1), x, y)

    plots.landscape(above, height, (-4, 4), (-4, 4))
    plots.path(above, path)
    above.set(xlabel="slope", ylabel="intercept", title="from above", aspect="equal")
    grid = np.stack(np.meshgrid(np.linspace(-4, 4, 15), np.linspace(-4, 4, 15)), axis=-1)
    wires = _seen_from_the_side(grid[..., 0], grid[..., 1], error(grid, x, y))
    for across, up in (*zip(*wires, strict=True), *zip(*(one.T for one in wires), strict=True)):
        side.plot(across, up, color="blue", linewidth=0.7, alpha=0.6)
    plots.path(
        side, np.column_stack(_seen_from_the_side(path[:, 0], path[:, 1], error(path, x, y)))
    )
    side.set(title="from the side", ylabel="error", xticks=[], yticks=[])
    side.annotate("slope", (-2, -5), ha="right", va="top")
    side.annotate("intercept", (4.5, 0), va="top")
    side.spines["bottom"].set_visible(False)
    return figure


def _seen_from_the_side(slopes, intercepts, heights):
    return slopes + 0.4 * intercepts, heights + 1.2 * intercepts


def plot_lines(x: np.ndarray, y: np.ndarray, guess: np.ndarray) -> "plots.BookFigure":
    """Draw the points and the line after 0, 3 and 30 steps."""
    path = walk(x, y, guess, steps=30)
    figure, axes = plots.figure(
        "Points and three lines: the first guess misses them, after 30 steps it goes through."
    )
    axes.plot(x[:, 0], y, "o", color="muted", markersize=4, alpha=0.6)
    ends = np.array([x[:, 0].min(), x[:, 0].max()])
    for step, color in ((0, "red"), (3, "orange"), (30, "blue")):
        axes.plot(ends, line(ends, *path[step]), color=color, label=f"{step} steps")
    axes.set(xlabel="x", ylabel="y")
    plots.label_lines(axes)
    return figure


def plot_guess_error_learn(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the distance from the best line against the number of steps."""
    figure, axes = plots.figure(
        "Distance from least squares against steps, on a logarithmic axis: a straight fall."
    )
    axes.set_yscale("log")
    logarithms = results["distance"].copy(data=np.log10(results["distance"].values))
    plots.band(axes, results["steps"], 10 ** mean_interval(logarithms))
    axes.set(xlabel="steps", ylabel="distance from the best line")
    return figure


def plot_map_or_walk(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the looks at the error that map and walk need against the number of parameters."""
    alt = (
        "Looks at the error against number of parameters, on a logarithmic axis: the map climbs "
        "to 86 million at 6 parameters, the walk stays below 40."
    )
    looks = results.sel(strategy=["map", "walk"])
    figure, axes = plots.curves(looks, "evaluations", "num_parameters", "strategy", alt=alt)
    axes.set_yscale("log")
    return figure
