"""Derivatives: how fast a function rises or falls at one point."""

from collections.abc import Callable
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

Function = Callable[..., np.ndarray]


def forward_difference(function: Function, x: ArrayLike, step: float) -> np.ndarray:
    r"""Slope from here to a little to the right: $\frac{f(x+h) - f(x)}{h}$.

    Wrong by about $\frac h2 f''(x)$ where the step is large, and by the rounding of $f$
    divided by $h$ where it is small.

    Args:
        function: $f$, from an array to an array of the same shape.
        x: The points, one number or any shape; float32 stays float32.
        step: $h > 0$, in the unit of `x`.

    Returns:
        The slopes, same shape as `x`, in units of $f$ per unit of $x$.

    Raises:
        TypeError: `x` does not hold numbers.
        ValueError: `x` is empty or not finite, or `step` is not above 0.

    Example:
        >>> float(forward_difference(double_square, 3, step=0.5))
        13.0
    """
    place, width = _places(x), positive(step, "step")
    return (function(place + width) - function(place)) / width


def central_difference(function: Function, x: ArrayLike, step: float) -> np.ndarray:
    r"""Slope from a little to the left to a little to the right: $\frac{f(x+h) - f(x-h)}{2h}$.

    Wrong by about $\frac{h^2}{6} f'''(x)$ where the step is large: far less than the forward
    difference.

    Args:
        function: $f$, from an array to an array of the same shape.
        x: The points, one number or any shape; float32 stays float32.
        step: $h > 0$, in the unit of `x`.

    Returns:
        The slopes, same shape as `x`, in units of $f$ per unit of $x$.

    Raises:
        TypeError: `x` does not hold numbers.
        ValueError: `x` is empty or not finite, or `step` is not above 0.

    Example:
        >>> float(central_difference(double_square, 3, step=0.5))
        12.0
    """
    place, width = _places(x), positive(step, "step")
    return (function(place + width) - function(place - width)) / (2 * width)


def tangent(function: Function, slope: Function, x: float) -> Function:
    """Return the straight line that touches the curve at `x`.

    Args:
        function: The curve.
        slope: Its derivative.
        x: The point of touch.

    Returns:
        The line as a function: `function(x) + slope(x) * (places - x)`.

    Example:
        >>> line = tangent(double_square, double_square_slope, x=3)
        >>> print(line([3, 4]))
        [18. 30.]
    """
    return lambda places: function(x) + slope(x) * (_places(places) - x)


def double_square(x: ArrayLike) -> np.ndarray:
    """Return 2x².

    Example:
        >>> float(double_square(3))
        18.0
    """
    return 2 * _places(x) ** 2


def double_square_slope(x: ArrayLike) -> np.ndarray:
    """Return 4x, the derivative of 2x².

    Example:
        >>> float(double_square_slope(3))
        12.0
    """
    return 4 * _places(x)


def relu(x: ArrayLike) -> np.ndarray:
    """Keep positive numbers and turn negative ones into 0.

    Example:
        >>> print(relu([-2, 0, 3]))
        [0. 0. 3.]
    """
    return np.maximum(_places(x), 0)


def relu_slope(x: ArrayLike) -> np.ndarray:
    """Return 1 where x is positive, else 0. At 0 there is no slope; 0 is TensorFlow's choice.

    Example:
        >>> print(relu_slope([-2, 0, 3]))
        [0. 0. 1.]
    """
    place = _places(x)
    return (place > 0).astype(place.dtype)


def sigmoid(x: ArrayLike) -> np.ndarray:
    r"""Squeeze any number into the range 0 to 1: $\sigma(x) = \frac{1}{1 + e^{-x}}$.

    Example:
        >>> print(sigmoid([-1000, 0, 1000]))
        [0.  0.5 1. ]
    """
    return np.exp(-np.logaddexp(0, -_places(x)))


def sigmoid_slope(x: ArrayLike) -> np.ndarray:
    r"""Return $\sigma(x)\,(1 - \sigma(x))$, the derivative of the sigmoid.

    Computed as $\sigma(x)\,\sigma(-x)$, which stays right where $\sigma(x)$ is rounded to 1.

    Example:
        >>> float(sigmoid_slope(0))
        0.25
    """
    place = _places(x)
    return sigmoid(place) * sigmoid(-place)


def _places(x: ArrayLike) -> np.ndarray:
    """Check `x`, one number or many, and keep its precision."""
    checked = numbers([x], "x")[0]
    kind = np.asarray(x).dtype
    return checked.astype(kind) if kind.kind == "f" else checked


# The experiment

FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "2x²": (double_square, double_square_slope),
    "ReLU": (relu, relu_slope),
    "sigmoid": (sigmoid, sigmoid_slope),
}
DIFFERENCES = {"forward": forward_difference, "central": central_difference}
STEPS = tuple(10.0**-power for power in range(1, 16))


def measure_step(seed: int, formula: str, dtype: str, step: float) -> dict[str, float]:
    """Return how far the numerical slope of the sine at 1 is from the truth, cos 1."""
    slope = DIFFERENCES[formula](np.sin, np.ones(1, dtype), step)[0]
    return {"error": float(np.abs(slope - np.cos(1.0)))}


def measure_gap(seed: int, place: str, distance: float) -> dict[str, float]:
    """Return the gap between a curve and its tangent at `distance` from the point of touch."""
    name = place.split()[0]
    x = 0.0 if place == "ReLU at 0" else np.random.default_rng(seed).uniform(-3, 3)
    ends = x + distance * np.array([-1, 1])
    gap = np.abs(FUNCTIONS[name][0](ends) - tangent(*FUNCTIONS[name], x)(ends)).max()
    return {"gap": gap, "gap_per_distance": gap / distance}


def measure_tape(seed: int, function: str) -> dict[str, float]:
    """Return how far TensorFlow's slopes are from the formula, at 100 random points."""
    x = np.random.default_rng(seed).uniform(-3, 3, size=100)
    formula = FUNCTIONS[function][1](x)
    errors = np.abs(tape_slopes(function, x) - formula)
    return {"relative_error": float(np.max(errors / np.where(formula == 0, 1, formula)))}


def tape_slopes(function: str, x: ArrayLike) -> np.ndarray:
    """Return TensorFlow's slopes of one of the three functions."""
    import tensorflow as tf

    place = tf.constant(_places(x))
    formulas = {"2x²": lambda x: 2 * x**2, "ReLU": tf.nn.relu, "sigmoid": tf.sigmoid}
    with tf.GradientTape() as tape:
        tape.watch(place)
        y = formulas[function](place)
    return np.asarray(tape.gradient(y, place))


STEP = Experiment(
    name="step",
    question="How small should the step of a numerical slope be?",
    independent={
        "formula": tuple(DIFFERENCES),
        "dtype": ("float32", "float64"),
        "step": STEPS,
    },
    trial=measure_step,
    seeds=range(1),
    units={"step": "step", "error": "error of the slope"},
)
GAP = Experiment(
    name="gap",
    question="How well does the tangent fit the curve nearby?",
    independent={"place": ("2x²", "sigmoid", "ReLU at 0"), "distance": (0.1, 0.01, 0.001)},
    trial=measure_gap,
    seeds=range(100),
    units={
        "distance": "distance from the point of touch",
        "gap": "gap between curve and tangent",
        "gap_per_distance": "gap, as a share of the distance",
    },
)
TAPE = Experiment(
    name="tape",
    question="Are TensorFlow's slopes those of the formula?",
    independent={"function": tuple(FUNCTIONS)},
    trial=measure_tape,
    units={"relative_error": "largest relative error of 100 slopes"},
)

# The claims


def gap_closes(results: "xr.Dataset") -> list[Evidence]:
    """Largest gap, as a share of the distance, at the smallest distance."""
    largest = results["gap_per_distance"].isel(distance=-1).max("seed")
    return [
        Evidence.exact(place, float(largest.sel(place=place)), results.sizes["seed"], at_most=0.01)
        for place in map(str, results["place"].values)
    ]


def smallest_step(results: "xr.Dataset") -> list[Evidence]:
    """Digits that the smallest step loses against the best one."""
    errors = results["error"].isel(seed=0)
    times = errors.isel(step=-1) / errors.min("step")
    conditions = [(dtype, formula) for dtype in ("float32", "float64") for formula in DIFFERENCES]
    return [
        Evidence.exact(
            f"{dtype}, {formula}",
            np.log10(float(times.sel(dtype=dtype, formula=formula))),
            len(STEPS),
            at_most=0,
            unit="digits",
        )
        for dtype, formula in conditions
    ]


def tape_is_exact(results: "xr.Dataset") -> list[Evidence]:
    """Largest relative error over all seeds, for each function."""
    largest = results["relative_error"].max("seed")
    points = 100 * results.sizes["seed"]
    return [
        Evidence.exact(name, float(largest.sel(function=name)), points, at_most=1e-12)
        for name in FUNCTIONS
    ]


CLAIMS = (
    Claim(
        "C-derivatives-1",
        "The derivative is the slope of the function at each point.",
        GAP,
        gap_closes,
        note="gap between curve and tangent at distance 0.001, as a share of that distance, the "
        "largest of all; holds up to 0.01",
    ),
    Claim(
        "C-derivatives-2",
        "The smaller the step, the better the numerical slope.",
        STEP,
        smallest_step,
        note="right digits that the smallest of 15 steps loses against the best; holds at 0",
    ),
    Claim(
        "C-derivatives-3",
        "Automatic differentiation is exact.",
        TAPE,
        tape_is_exact,
        note="largest relative error of TensorFlow's slopes, float64, between −3 and 3; holds up "
        "to 10⁻¹², room for rounding",
    ),
)

# The figure


def plot_secants(x: float = 0.5) -> "plots.BookFigure":
    """Draw 2x² with lines through two of its points, which turn into the tangent."""
    drawing, axes = plots.figure(
        "The curve 2x² and straight lines through the point at 0.5 and a second point of the "
        "curve. As the second point comes nearer, the lines turn into the tangent."
    )
    grid = np.linspace(-0.4, 2, 100)
    axes.plot(grid, double_square(grid), color="ink", linewidth=2.4)
    for step, color in ((1.2, "sky"), (0.6, "blue")):
        ends = np.array([x, x + step])
        slope = forward_difference(double_square, x, step)
        line = double_square(x) + slope * (np.array([-0.2, 2]) - x)
        axes.plot([-0.2, 2], line, color=color, linewidth=1.4, label=f"step {step}: {slope:.1f}")
        axes.plot(ends[1:], double_square(ends[1:]), "o", color=color)
    touch = tangent(double_square, double_square_slope, x)
    axes.plot([-0.2, 2], touch([-0.2, 2]), color="accent", label="tangent: 2.0")
    axes.plot([x], [double_square(x)], "o", color="accent", zorder=4)
    axes.set(xlabel="x", ylabel="2x²", ylim=(-1.6, 8.2))
    plots.label_lines(axes, title="slope")
    return drawing


def plot_functions() -> "plots.BookFigure":
    """Draw 2x², ReLU and sigmoid beside their derivatives."""
    drawing, axes = plots.figure(
        "Three functions at the left and their slopes at the right: 2x² has a rising straight "
        "line, ReLU a jump from 0 to 1, the sigmoid a bell that is highest at 0.",
        rows=3,
        columns=2,
        height=7,
        sharex=True,
    )
    grid = np.linspace(-3, 3, 121)
    for (name, (function, slope)), (left, right) in zip(FUNCTIONS.items(), axes, strict=True):
        left.plot(grid, function(grid), color="blue")
        heights = np.where((name == "ReLU") & (np.abs(grid) < 0.01), np.nan, slope(grid))
        right.plot(grid, heights, color="accent")
        left.set(title=name)
        right.set(title=f"slope of {name}")
    plots.share_labels(drawing, x="x")
    return drawing


def plot_gap(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the gap between curve and tangent against the distance from the point of touch."""
    drawing, axes = plots.figure(
        "Gap between curve and tangent against distance, both axes logarithmic: for 2x² and the "
        "sigmoid it falls twice as steeply as for ReLU at its kink."
    )
    plots.log_axis(axes, "both")
    for place in map(str, results["place"].values):
        interval = mean_interval(results["gap"].sel(place=place))
        plots.band(axes, results["distance"], interval, label=place)
    axes.set(xlabel=plots.axis_name(results, "distance"), ylabel=plots.axis_name(results, "gap"))
    axes.invert_xaxis()
    plots.label_lines(axes)
    return drawing


def plot_step(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error of the numerical slope against the step: four valleys."""
    drawing, axes = plots.figure(
        "Error of the slope against the step, both axes logarithmic: each of four curves falls "
        "to a lowest point and climbs again as the step gets smaller.",
        height=4.2,
    )
    plots.log_axis(axes, "both")
    styles = {"float32": ("orange", "red"), "float64": ("sky", "blue")}
    for dtype, colors in styles.items():
        for formula, color in zip(DIFFERENCES, colors, strict=True):
            errors = results["error"].sel(dtype=dtype, formula=formula).isel(seed=0)
            axes.plot(errors["step"], errors, color=color, label=f"{dtype}, {formula}")
    axes.set(xlabel="step (smaller to the right)", ylabel="error of the slope")
    axes.invert_xaxis()
    plots.label_lines(axes)
    return drawing
