"""The chain rule: along a chain of functions, slopes multiply."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.calculus.derivatives import central_difference, sigmoid, sigmoid_slope
from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr

# The idea

Functions = Sequence[Callable[..., Any]]


def forward(functions: Functions, x: ArrayLike) -> list[np.ndarray]:
    """Send `x` through a chain of functions and keep every value on the way.

    Args:
        functions: The links, the first to be applied first; one or more.
        x: What goes in, one number or many.

    Returns:
        The input, the value after each link, and so the output as the last of them.

    Raises:
        ValueError: `functions` is empty, or `x` is empty or not finite.

    Example:
        >>> [float(value) for value in forward([np.square, np.negative], 3)]
        [3.0, 9.0, -9.0]
    """
    if len(functions) == 0:
        raise ValueError(f"`functions` must hold one function or more. Received: {functions!r}")
    values = [numbers([x], "x")[0]]
    for function in functions:
        values.append(function(values[-1]))
    return values


def backward(derivatives: Functions, values: Sequence[Any]) -> list[np.ndarray]:
    r"""Go back along the chain and multiply the slopes: $s_k = s_{k+1} \cdot f_{k+1}'(v_k)$.

    Each slope is taken at the value that went *into* its link, which `forward` has kept.

    Args:
        derivatives: The derivative of each link, in the order of the links.
        values: What `forward` returned, one more than there are derivatives.

    Returns:
        The slope of the output with respect to each value, in the order of `values`: the first is
        the derivative of the whole chain, the last is 1.

    Raises:
        ValueError: There is not one value more than there are derivatives.

    Example:
        >>> values = forward([np.square, np.negative], 3)
        >>> [float(slope) for slope in backward([lambda x: 2 * x, lambda x: -1], values)]
        [-6.0, -1.0, 1.0]
    """
    if len(values) != len(derivatives) + 1:
        raise ValueError(
            "`values` must hold one value more than there are derivatives, "
            f"{len(derivatives) + 1}. Received: {len(values)} values"
        )
    slopes = [np.ones_like(values[-1])]
    for derivative, value in zip(reversed(derivatives), reversed(values[:-1]), strict=True):
        slopes.append(slopes[-1] * derivative(value))
    return slopes[::-1]


def chain_derivative(functions: Functions, derivatives: Functions, x: ArrayLike) -> np.ndarray:
    r"""Differentiate a chain: $\frac{d}{dx} f(g(x)) = f'(g(x))\, g'(x)$, for any number of links.

    Args:
        functions: The links, the first to be applied first.
        derivatives: The derivative of each link.
        x: Where, one number or many.

    Returns:
        The slope of the whole chain at each `x`.

    Raises:
        ValueError: There is not one derivative for each function.

    Example:
        >>> float(chain_derivative([inner, outer], [inner_slope, outer_slope], 1))
        43750.0
    """
    if len(derivatives) != len(functions):
        raise ValueError(
            f"`derivatives` must hold one derivative for each of the {len(functions)} functions. "
            f"Received: {len(derivatives)} derivatives"
        )
    return backward(derivatives, forward(functions, x))[0]


def inner(x: ArrayLike) -> np.ndarray:
    """Return x² + 4x³, the inside of the course's example (x² + 4x³)⁵.

    Example:
        >>> float(inner(1))
        5.0
    """
    x = np.asarray(x, float)
    return x**2 + 4 * x**3


def inner_slope(x: ArrayLike) -> np.ndarray:
    """Return 2x + 12x², the derivative of the inside.

    Example:
        >>> float(inner_slope(1))
        14.0
    """
    x = np.asarray(x, float)
    return 2 * x + 12 * x**2


def outer(x: ArrayLike) -> np.ndarray:
    """Return the fifth power, the outside of the course's example.

    Example:
        >>> float(outer(2))
        32.0
    """
    return np.asarray(x, float) ** 5


def outer_slope(x: ArrayLike) -> np.ndarray:
    """Return 5x⁴, the derivative of the fifth power.

    Example:
        >>> float(outer_slope(2))
        80.0
    """
    return 5 * np.asarray(x, float) ** 4


# The experiment

LINKS: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (sigmoid, sigmoid_slope),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sin": (np.sin, np.cos),
    "times 0.9": (lambda x: 0.9 * x, lambda x: 0.9 * np.ones_like(x)),
    "times 1.1": (lambda x: 1.1 * x, lambda x: 1.1 * np.ones_like(x)),
}


def tape_slope(function: str, depth: int) -> float:
    """Return TensorFlow's slope at 1 of one function applied `depth` times."""
    import tensorflow as tf

    formulas = {
        "sigmoid": tf.sigmoid,
        "tanh": tf.tanh,
        "sin": tf.sin,
        "times 0.9": lambda x: 0.9 * x,
        "times 1.1": lambda x: 1.1 * x,
    }
    x = tf.constant(1.0, dtype="float64")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = formulas[function](x)
        for _ in range(depth - 1):
            y = formulas[function](y)
    return float(np.asarray(tape.gradient(y, x)))


def measure_depth(seed: int, function: str, depth: int) -> dict[str, float]:
    """Return the slope at 1 of a chain of equal links, and how far it is from TensorFlow's."""
    link, derivative = LINKS[function]
    slope = float(chain_derivative([link] * depth, [derivative] * depth, 1.0))
    expected = tape_slope(function, depth)
    return {"slope": slope, "relative_error": abs(slope - expected) / abs(expected)}


def measure_cost(seed: int, num_inputs: int, route: str) -> dict[str, float]:
    """Count how much work all slopes of sigmoid(mean(sin x)) take, in forward passes.

    Work is counted in numbers that go into a link or into its derivative.
    """
    work = [0]

    def counted(function: Callable) -> Callable:
        def call(x: np.ndarray) -> np.ndarray:
            work[0] += np.size(x)
            return function(x)

        return call

    def mean_slope(x: np.ndarray) -> np.ndarray:
        return np.full(x.shape, 1 / x.size)

    links = [counted(one) for one in (np.sin, np.mean, sigmoid)]
    derivatives = [counted(one) for one in (np.cos, mean_slope, sigmoid_slope)]
    x = np.random.default_rng(seed).normal(size=num_inputs)
    values = forward(links, x)
    one_pass = work[0]
    slopes = backward(derivatives, values)[0]
    passes = work[0] / one_pass
    if route == "small steps":
        work[0] = 0
        measured = [slope_along(links, x, place) for place in range(num_inputs)]
        passes, slopes = work[0] / one_pass, np.array(measured)
    expected = np.cos(x) * sigmoid_slope(np.sin(x).mean()) / num_inputs
    return {"passes": passes, "largest_error": float(np.abs(slopes - expected).max())}


def slope_along(links: Functions, x: np.ndarray, place: int) -> float:
    """Return the slope along one input, by a small step to each side."""

    def along(value: np.ndarray) -> np.ndarray:
        moved = x.copy()
        moved[place] = value
        return forward(links, moved)[-1]

    return float(central_difference(along, x[place], 1e-5))


DEPTH = Experiment(
    name="depth",
    question="What becomes of the slope along a chain of equal links?",
    independent={"function": tuple(LINKS), "depth": (1, 2, 4, 8, 16, 32)},
    trial=measure_depth,
    seeds=range(1),
    units={"depth": "links in the chain", "slope": "slope of the chain at 1"},
)
COST = Experiment(
    name="cost",
    question="What do the slopes for all inputs cost?",
    independent={"num_inputs": (1, 10, 100, 1000), "route": ("small steps", "chain rule")},
    trial=measure_cost,
    seeds=range(1),
    units={"num_inputs": "number of inputs", "passes": "work, in forward passes"},
)

# The claims


def slopes_multiply(results: "xr.Dataset") -> list[Evidence]:
    """Largest relative error against TensorFlow over all depths, for each function."""
    largest = results["relative_error"].max(["seed", "depth"])
    return [
        Evidence.exact(
            f"{name}, 1 to 32 links",
            float(largest.sel(function=name)),
            results.sizes["depth"],
            at_most=1e-10,
        )
        for name in LINKS
    ]


def sigmoids_lose(results: "xr.Dataset") -> list[Evidence]:
    """Slope that is left of a chain of sigmoids, and what one link leaves of it."""
    slopes = results["slope"].sel(function="sigmoid").isel(seed=0)
    per_link = slopes ** (1 / slopes["depth"])
    return [
        Evidence.exact("slope after 32 links", float(slopes.sel(depth=32)), 1, at_most=1e-15),
        Evidence.exact("most that one link leaves", float(per_link.max()), 6, at_most=0.25),
    ]


def cost_of_slopes(results: "xr.Dataset") -> list[Evidence]:
    """Work of one forward and one backward pass, for each number of inputs."""
    passes = results["passes"].sel(route="chain rule").isel(seed=0)
    return [
        Evidence.exact(f"inputs: {count:,}", float(passes.sel(num_inputs=count)), 1, at_most=3)
        for count in map(int, results["num_inputs"].values)
    ]


CLAIMS = (
    Claim(
        "C-chain_rule-1",
        "Along a chain, slopes multiply.",
        DEPTH,
        slopes_multiply,
        note="largest relative difference from TensorFlow's slope; holds up to 10⁻¹⁰, room for "
        "rounding",
    ),
    Claim(
        "C-chain_rule-2",
        "A chain of sigmoids loses its slope.",
        DEPTH,
        sigmoids_lose,
        note="holds if at most 10⁻¹⁵ is left after 32 links, and each link leaves at most ¼",
    ),
    Claim(
        "C-chain_rule-3",
        "Going back costs about one forward pass, however many inputs there are.",
        COST,
        cost_of_slopes,
        note="work of forward and back together, in forward passes; holds up to 3",
    ),
)

# The figure


def plot_chain(functions: Functions, derivatives: Functions, x: float) -> "plots.BookFigure":
    """Draw a chain with its values, its slopes on the way forward, and their products back."""
    values = forward(functions, x)
    slopes = backward(derivatives, values)
    local = [derivative(value) for derivative, value in zip(derivatives, values, strict=False)]
    shown = ["x", "g", "f"] if len(values) == 3 else [f"v{k}" for k in range(len(values))]
    drawing, axes = plots.diagram(
        "A chain of boxes with a value in each. Arrows to the right carry the slope of each link, "
        "arrows to the left the product of the slopes so far.",
        height=2.3,
    )
    texts = [f"{name} = {value:,.4g}" for name, value in zip(shown, values, strict=True)]
    places = plots.flow(
        axes,
        [text.replace("-", "−") for text in texts],
        forward=[f"slope {slope:,.4g}" for slope in local],
        backward=[""] * len(local),
    )
    for (across, up), slope in zip(places, slopes, strict=True):
        axes.text(across, up - 0.62, f"{slope:,.4g}", ha="center", color="accent", fontsize=14)
    axes.text(0.1, 2.05, "forward: values, and the slope of each link", color="muted", fontsize=12)
    axes.text(0.1, 0.08, "back: the product of the slopes so far", color="accent", fontsize=12)
    return drawing


def plot_depth(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the slope of a chain against its length."""
    drawing, axes = plots.figure(
        "Slope against number of links on a logarithmic axis: for the sigmoid it falls below "
        "10⁻²⁰, for tanh, sine and times 0.9 it falls slowly, for times 1.1 it rises.",
        height=4,
    )
    plots.log_axis(axes, "y")
    for name in map(str, results["function"].values):
        slopes = results["slope"].sel(function=name).isel(seed=0)
        axes.plot(slopes["depth"], slopes, label=name)
    axes.set(xlabel=plots.axis_name(results, "depth"), ylabel=plots.axis_name(results, "slope"))
    plots.label_lines(axes)
    return drawing


def plot_cost(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the work for all slopes against the number of inputs."""
    drawing, axes = plots.figure(
        "Work against number of inputs, both axes logarithmic: small steps need two passes for "
        "each input, the chain rule two in all."
    )
    plots.log_axis(axes, "both")
    for route in map(str, results["route"].values):
        passes = results["passes"].sel(route=route).isel(seed=0)
        axes.plot(passes["num_inputs"], passes, label=route)
    axes.set(
        xlabel=plots.axis_name(results, "num_inputs"), ylabel=plots.axis_name(results, "passes")
    )
    axes.set_ylim(1, None)
    plots.label_lines(axes)
    return drawing
