"""The product rule: when both factors grow, the product gains two strips."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.calculus.derivatives import central_difference
from dlbook.calculus.polynomial_derivatives import differentiate, evaluate
from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr

# The idea

Function = Callable[..., Any]


def product_derivative(
    f: Function, f_prime: Function, g: Function, g_prime: Function, x: ArrayLike
) -> np.ndarray:
    r"""Differentiate a product: $(fg)' = f'g + fg'$.

    Args:
        f: The first factor, a function of x.
        f_prime: Its derivative.
        g: The second factor.
        g_prime: Its derivative.
        x: Where, one number or many.

    Returns:
        The slope of the product at each `x`.

    Raises:
        ValueError: `x` is empty or not finite.

    Example:
        >>> float(product_derivative(np.sin, np.cos, np.exp, np.exp, 0))
        1.0
    """
    place = numbers([x], "x")[0]
    return f_prime(place) * g(place) + f(place) * g_prime(place)


def wrong_product_derivative(f_prime: Function, g_prime: Function, x: ArrayLike) -> np.ndarray:
    r"""Multiply the derivatives, $f'g'$: what many expect, and what is wrong.

    Args:
        f_prime: The derivative of the first factor.
        g_prime: The derivative of the second factor.
        x: Where, one number or many.

    Returns:
        The product of both slopes, which is not the slope of the product.

    Raises:
        ValueError: `x` is empty or not finite.

    Example:
        >>> float(wrong_product_derivative(np.cos, np.exp, 0))
        1.0
    """
    place = numbers([x], "x")[0]
    return f_prime(place) * g_prime(place)


def multiply_polynomials(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    r"""Multiply each term of one with each of the other: $a x^m \cdot b x^n = ab\, x^{m + n}$.

    Args:
        first: Numbers of the first polynomial, lowest power first: `[0, 0, 2]` is 2x².
        second: Numbers of the second.

    Returns:
        The numbers of the product, lowest power first.

    Raises:
        ValueError: An argument is empty, not finite or has more than one axis.

    Example:
        >>> print(multiply_polynomials([0, 0, 2], [0, 0, 0, 4, -3]))
        [ 0.  0.  0.  0.  0.  8. -6.]
    """
    a, b = numbers(first, "first", rank=1), numbers(second, "second", rank=1)
    product = np.zeros(len(a) + len(b) - 1)
    for power, number in enumerate(a):
        product[power : power + len(b)] += number * b
    return product


# The experiment

COURSE_PAIR = ([0, 0, 2], [0, 0, 0, 4, -3])  # 2x² and 4x³ − 3x⁴
PLACES = np.linspace(0.5, 2, 50)
STEP = 1e-5
RULE_NAMES = ("product_rule", "product_of_derivatives")


def slope_by_rule(first: ArrayLike, second: ArrayLike, rule: str, x: ArrayLike) -> np.ndarray:
    """Return the slope of a product of two polynomials by one of the two rules."""
    f, f_prime = as_function(first), as_function(differentiate(first))
    g, g_prime = as_function(second), as_function(differentiate(second))
    if rule == "product_rule":
        return product_derivative(f, f_prime, g, g_prime, x)
    return wrong_product_derivative(f_prime, g_prime, x)


def as_function(coefficients: ArrayLike) -> Function:
    """Turn the numbers of a polynomial into a function of x."""
    return lambda x: evaluate(coefficients, x)


def compare(first: ArrayLike, second: ArrayLike, rule: str) -> dict[str, float]:
    """Return how far a rule is from the slope by small steps, at 50 places from 0.5 to 2.

    The product is taken number by number, so neither rule has a part in it.
    """

    def product(x: np.ndarray) -> np.ndarray:
        return evaluate(first, x) * evaluate(second, x)

    measured = central_difference(product, PLACES, STEP)
    size = float(np.abs(measured).mean())
    error = float(np.abs(slope_by_rule(first, second, rule, PLACES) - measured).mean())
    return {"error": error, "relative_error": error / size if size > 0 else error}


def measure_powers(seed: int, first_degree: int, second_degree: int, rule: str) -> dict[str, float]:
    """Compare a rule with small steps for a product of two powers of x."""
    first, second = np.eye(5)[first_degree], np.eye(5)[second_degree]
    return compare(first, second, rule)


def measure_course_pair(seed: int, rule: str) -> dict[str, float]:
    """Compare a rule with small steps for the functions of the course; add the slope at 1."""
    slope = float(slope_by_rule(*COURSE_PAIR, rule, 1.0))
    return {**compare(*COURSE_PAIR, rule), "slope_at_1": slope}


RULES = Experiment(
    name="rules",
    question="Which rule gives the slope of a product of two powers?",
    independent={
        "first_degree": (0, 1, 2, 3, 4),
        "second_degree": (0, 1, 2, 3, 4),
        "rule": RULE_NAMES,
    },
    trial=measure_powers,
    seeds=range(1),
    units={
        "first_degree": "power of the first factor",
        "second_degree": "power of the second factor",
        "relative_error": "error, as a share of the mean slope",
    },
)
COURSE = Experiment(
    name="course",
    question="Which rule gives the slope of the product of the course?",
    independent={"rule": RULE_NAMES},
    trial=measure_course_pair,
    seeds=range(1),
    units={"slope_at_1": "slope at x = 1", "relative_error": "error, as a share of the mean slope"},
)

# The claims

EXACT = 1e-6


def two_terms(rules: "xr.Dataset", course: "xr.Dataset") -> list[Evidence]:
    """Largest relative error of the product rule."""
    errors = rules["relative_error"].sel(rule="product_rule")
    pair = float(course["relative_error"].sel(rule="product_rule").isel(seed=0))
    return [
        Evidence.exact(
            "25 pairs of powers: largest error", float(errors.max()), errors.size, at_most=EXACT
        ),
        Evidence.exact("pair of the course", pair, 1, at_most=EXACT),
    ]


def product_of_slopes(rules: "xr.Dataset", course: "xr.Dataset") -> list[Evidence]:
    """Share of the pairs for which the product of the derivatives is right."""
    errors = rules["relative_error"].sel(rule="product_of_derivatives")
    share = float((errors < EXACT).mean())
    pair = float(course["relative_error"].sel(rule="product_of_derivatives").isel(seed=0))
    return [
        Evidence.exact("25 pairs of powers: share right", share, errors.size, at_least=1),
        Evidence.exact("pair of the course: error", pair, 1, at_most=EXACT),
    ]


CLAIMS = (
    Claim(
        "C-product_rule-1",
        "The derivative of a product fg is f′g + fg′.",
        (RULES, COURSE),
        two_terms,
        note="difference from the slope by small steps, as a share of it; holds up to 10⁻⁶",
    ),
    Claim(
        "C-product_rule-2",
        "The derivative of a product is the product of the derivatives.",
        (RULES, COURSE),
        product_of_slopes,
        note="right means within 10⁻⁶ of the slope by small steps; it must be right for all",
    ),
)

# The figure


def plot_rectangle() -> "plots.BookFigure":
    """Draw a rectangle with the sides f and g, and what it gains when both grow."""
    drawing, axes = plots.diagram(
        "A rectangle with the sides f and g. On top of it lies a strip of length f, at its right "
        "a strip of length g, and between them in the corner a tiny rectangle.",
        height=3.3,
    )
    left, bottom, wide, high, right, top = 1.4, 0.55, 2.7, 1.75, 0.62, 0.42
    parts = {
        "area f · g": (left, bottom, wide, high, "muted", 0.12),
        "f · growth of g": (left, bottom + high, wide, top, "orange", 0.35),
        "": (left + wide, bottom, right, high, "blue", 0.35),
        " ": (left + wide, bottom + high, right, top, "accent", 0.7),
    }
    for text, (x, y, width, height, color, strength) in parts.items():
        across, up = x + width * np.array([0, 1, 1, 0]), y + height * np.array([0, 0, 1, 1])
        axes.fill(across, up, facecolor=color, edgecolor="muted", alpha=strength, linewidth=0.9)
        axes.text(x + width / 2, y + height / 2, text, ha="center", va="center")
    axes.text(left + wide / 2, bottom - 0.12, "f", ha="center", va="top", fontsize=15)
    axes.text(left - 0.15, bottom + high / 2, "g", ha="right", va="center", fontsize=15)
    beside = left + wide + right + 0.12
    axes.text(beside, bottom + high / 2, "g · growth of f", va="center")
    axes.text(beside, bottom + high + top / 2, "the corner", va="center", color="accent")
    return drawing


def plot_pair() -> "plots.BookFigure":
    """Draw the functions of the course and their product, and below the slope by each rule."""
    drawing, (above, below) = plots.figure(
        "Above, 2x², 4x³ − 3x⁴ and their product against x. Below, the slope of the product: the "
        "product rule runs through the dots measured by small steps, the product of the "
        "derivatives does not.",
        rows=2,
        height=5.6,
        sharex=True,
    )
    x = np.linspace(0, 1.2, 121)
    first, second = COURSE_PAIR
    product = multiply_polynomials(first, second)
    for name, terms in {"f = 2x²": first, "g = 4x³ − 3x⁴": second, "f · g": product}.items():
        above.plot(x, evaluate(terms, x), label=name)
    colors = {"product_rule": ("green", "f′g + fg′"), "product_of_derivatives": ("red", "f′g′")}
    for rule, (color, label) in colors.items():
        below.plot(x, slope_by_rule(first, second, rule, x), color=color, label=label)
    measured = central_difference(as_function(product), x[5::10], STEP)
    below.plot(x[5::10], measured, "o", color="ink", markersize=4)
    above.set(ylabel="height")
    below.set(ylabel="slope of f · g", xlabel="x")
    for panel in (above, below):
        plots.reference(panel, 0)
        plots.label_lines(panel)
    return drawing


def plot_rules(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error of the wrong rule for all pairs of powers as a map."""
    drawing, axes = plots.figure(
        "A map of 5 by 5 pairs of powers with the relative error of the product of the "
        "derivatives: 0 only where both factors are constant.",
        height=3.8,
    )
    errors = results["relative_error"].sel(rule="product_of_derivatives").isel(seed=0)
    plots.heatmap(axes, errors.transpose("second_degree", "first_degree"), limits=(0, 1))
    return drawing
