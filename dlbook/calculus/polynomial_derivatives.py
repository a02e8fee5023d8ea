"""The derivative of a polynomial: the power rule, and the way down."""

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


def differentiate(coefficients: ArrayLike) -> np.ndarray:
    r"""Apply the power rule to each term: $\frac{d}{dx} a_n x^n = n\,a_n x^{n-1}$.

    Args:
        coefficients: The numbers $a_n$, lowest power first, shape (degree + 1,):
            `[4, -3, 3]` is 3x² − 3x + 4.

    Returns:
        The numbers of the derivative, lowest power first; `[0]` for a constant.

    Raises:
        ValueError: `coefficients` is empty, not finite or has more than one axis.

    Example:
        >>> print(differentiate([4, -3, 3]))
        [-3.  6.]
    """
    terms = numbers(coefficients, "coefficients", rank=1)
    if len(terms) == 1:
        return np.zeros(1)
    return np.arange(1, len(terms)) * terms[1:]


def evaluate(coefficients: ArrayLike, x: ArrayLike) -> np.ndarray:
    """Compute a polynomial by Horner's scheme: multiply by x, add the next number, and so on.

    It takes one multiplication for each power and never computes a power.

    Args:
        coefficients: Lowest power first, shape (degree + 1,).
        x: Where, one number or many.

    Returns:
        The heights, same shape as `x`.

    Raises:
        ValueError: An argument is empty or not finite.

    Example:
        >>> float(evaluate([4, -3, 3], 2))
        10.0
    """
    place = numbers([x], "x")[0]
    height = np.zeros_like(place)
    for number in numbers(coefficients, "coefficients", rank=1)[::-1]:
        height = height * place + number
    return height


def downhill(coefficients: ArrayLike, x: ArrayLike, step: float) -> np.ndarray:
    """Walk a distance of `step` in the direction in which the polynomial falls.

    Args:
        coefficients: Lowest power first, shape (degree + 1,).
        x: Where the walk begins, one number or many.
        step: How far, above 0.

    Returns:
        Where it ends: to the left where the derivative is positive, to the right where it is
        negative, the same place where it is 0.

    Raises:
        ValueError: `step` is not above 0.

    Example:
        >>> float(downhill([4, -3, 3], 2, step=0.5))
        1.5
    """
    slope = evaluate(differentiate(coefficients), x)
    return numbers([x], "x")[0] - positive(step, "step") * np.sign(slope)


# The experiment

LOOKS = 1000  # how often a strategy may ask for the error
LEARNING_RATE = 0.05


def measure_direction(seed: int, step: float) -> dict[str, float]:
    """Return 1 if a step against the derivative of a random polynomial goes down, else 0."""
    generator = np.random.default_rng(seed)
    coefficients, x = generator.normal(size=6), generator.uniform(-2, 2)
    heights = evaluate(coefficients, [x, float(downhill(coefficients, x, step))])
    return {"went_down": float(heights[1] < heights[0])}


def measure_search(seed: int, strategy: str, num_parameters: int) -> dict[str, float]:
    """Return the share of the first error that a strategy leaves after 1,000 looks at most."""
    generator = np.random.default_rng([seed, num_parameters])
    steepness = np.linspace(1, 10, num_parameters)
    start = generator.uniform(-3, 3, size=num_parameters)
    if strategy == "guesses":
        guesses = generator.uniform(-3, 3, size=(LOOKS, num_parameters))
        best = min(bowl(steepness, start), bowl(steepness, guesses).min())
    elif strategy == "local search":
        best = bowl(steepness, search_nearby(steepness, start, generator))
    else:
        best = bowl(steepness, descend(steepness, start, strategy))
    return {"remaining_error": float(best / bowl(steepness, start))}


def bowl(steepness: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the error of each place: the sum of steepness times square."""
    return np.sum(steepness * x**2, axis=-1)


def search_nearby(
    steepness: np.ndarray, x: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Try random neighbours, keep what is better; step out after a success, in after a miss."""
    size, error = 1.0, bowl(steepness, x)
    for _ in range(LOOKS):
        neighbour = x + size * generator.normal(size=x.shape)
        found = bowl(steepness, neighbour)
        better = found < error
        size *= 1.5 if better else 0.9
        x, error = (neighbour, found) if better else (x, error)
    return x


def descend(steepness: np.ndarray, x: np.ndarray, strategy: str) -> np.ndarray:
    """Walk against the slope: 100 steps by formula, or as many as small steps allow."""
    steps = 100 if strategy == "derivative" else LOOKS // (2 * len(x))
    nearby = 1e-5 * np.eye(len(x))
    for _ in range(steps):
        slope = 2 * steepness * x
        if strategy == "small steps":
            slope = (bowl(steepness, x + nearby) - bowl(steepness, x - nearby)) / 2e-5
        x = x - LEARNING_RATE * slope
    return x


DIRECTION = Experiment(
    name="direction",
    question="Does a step against the derivative go down?",
    independent={"step": (0.0001, 0.001, 0.01, 0.1, 1)},
    trial=measure_direction,
    seeds=range(1000),
    units={"step": "length of the step", "went_down": "share of steps that go down"},
)
WITH_AND_WITHOUT = Experiment(
    name="with_and_without",
    question="How much of the error is left, with and without derivatives?",
    independent={
        "strategy": ("guesses", "local search", "small steps", "derivative"),
        "num_parameters": (1, 2, 5, 10, 50, 100, 1000),
    },
    trial=measure_search,
    units={"num_parameters": "number of parameters", "remaining_error": "share of the error left"},
)

# The claims


def steps_go_down(results: "xr.Dataset") -> list[Evidence]:
    """Share of steps that go down, for each length of step."""
    down = results["went_down"]
    return [
        Evidence.from_mean(f"step {step:g}", down.sel(step=step), at_least=0.99)
        for step in map(float, results["step"].values)
    ]


def stuck_without(results: "xr.Dataset") -> list[Evidence]:
    """Error that the better strategy without derivatives leaves, for each size."""
    left = results["remaining_error"].sel(strategy=["guesses", "local search"]).min("strategy")
    return [
        Evidence.from_mean(f"parameters: {count:,}", left.sel(num_parameters=count), at_least=0.1)
        for count in map(int, results["num_parameters"].values)
    ]


CLAIMS = (
    Claim(
        "C-polynomial_derivatives-1",
        "The derivative tells us which way to move.",
        DIRECTION,
        steps_go_down,
        note="share of steps against the derivative that go down; holds from 0.99",
    ),
    Claim(
        "C-polynomial_derivatives-2",
        "Learning would not work without derivatives.",
        WITH_AND_WITHOUT,
        stuck_without,
        note="share of the error that the best strategy without slopes leaves after 1,000 looks; "
        "holds from a tenth; the row of 1,000 was added after the first result",
    ),
)

# The figure


def plot_power_rule() -> "plots.BookFigure":
    """Draw how each term of 2x³ − 3x² + 4x + 5 turns into a term of the derivative."""
    drawing, axes = plots.diagram(
        "Four terms above and below: 2x³ becomes 6x², −3x² becomes −6x, 4x becomes 4, and the "
        "constant 5 becomes 0."
    )
    terms = {"2x³": "6x²", "− 3x²": "− 6x", "+ 4x": "+ 4", "+ 5": "0"}
    notes = ("3 · 2", "2 · (−3)", "1 · 4", "gone")
    for column, ((above, below), note) in enumerate(zip(terms.items(), notes, strict=True)):
        across = 0.85 + 1.57 * column
        plots.box(axes, (across, 2.1), above, width=1.1)
        plots.box(axes, (across, 0.5), below, width=1.1, color="accent")
        plots.arrow(axes, (across, 1.74), (across, 0.86))
        axes.text(across + 0.08, 1.3, note, color="muted", fontsize=12, va="center")
    return drawing


def plot_way_down() -> "plots.BookFigure":
    """Draw a cubic above its derivative, with arrows that point downhill."""
    coefficients = [1, -3, 0, 1]
    drawing, (above, below) = plots.figure(
        "A cubic above its derivative. Where the derivative is negative an arrow points to the "
        "right, where it is positive to the left: always downhill.",
        rows=2,
        height=5.2,
        sharex=True,
    )
    grid = np.linspace(-2, 2, 201)
    slopes = evaluate(differentiate(coefficients), grid)
    above.plot(grid, evaluate(coefficients, grid), color="ink")
    below.plot(grid, slopes, color="ink")
    for sign, color in ((-1, "blue"), (1, "accent")):
        below.fill_between(
            grid, slopes, 0, where=sign * slopes > 0, color=color, alpha=0.2, linewidth=0
        )
    for x in (-1.6, -0.5, 0.5, 1.6):
        end = float(downhill(coefficients, x, 0.3))
        color = "blue" if end > x else "accent"
        start, goal = [(place, float(evaluate(coefficients, place))) for place in (x, end)]
        plots.arrow(above, start, goal, color=color)
    plots.reference(below, 0)
    above.set(title="x³ − 3x + 1, arrows point downhill")
    below.set(title="its derivative, 3x² − 3", xlabel="x")
    return drawing


def plot_direction(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of steps that go down against the length of the step."""
    alt = "Share of steps that go down against length: all of the shortest, fewer of the longest."
    drawing, axes = plots.curves(results, "went_down", "step", alt=alt)
    axes.set_ylim(0, 1.05)
    plots.reference(axes, 0.5, "half: a coin would do")
    return drawing


def plot_with_and_without(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error that is left against the number of parameters, for four strategies."""
    drawing, axes = plots.figure(
        "Share of the error left against number of parameters, both axes logarithmic: the "
        "derivative stays below 10⁻⁹, the other strategies rise with the parameters.",
        height=4.2,
    )
    plots.log_axis(axes, "both")
    for strategy in map(str, results["strategy"].values):
        left = results["remaining_error"].sel(strategy=strategy)
        logarithms = left.copy(data=np.log10(left.values))
        plots.band(axes, left["num_parameters"], 10 ** mean_interval(logarithms), label=strategy)
    axes.set(
        xlabel=plots.axis_name(results, "num_parameters"),
        ylabel=plots.axis_name(results, "remaining_error"),
        ylim=(1e-14, 3),
    )
    plots.label_lines(axes)
    return drawing
