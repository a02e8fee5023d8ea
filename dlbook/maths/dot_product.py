"""The dot product: what two lists of numbers have in common, as one number."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval, paired

if TYPE_CHECKING:
    import xarray as xr

# The idea


def dot(a: ArrayLike, b: ArrayLike) -> float:
    r"""Multiply two vectors in pairs and add: $\mathbf a\cdot\mathbf b = \sum_i a_i b_i$.

    Large if both point the same way, 0 at a right angle, negative if they point apart. It also
    grows with the length of each vector.

    Args:
        a: The first vector, shape (num_elements,).
        b: The second, same shape.

    Returns:
        Always one number.

    Raises:
        ValueError: `a` or `b` is not one list of finite numbers, or their lengths differ.

    Example:
        >>> dot([1, 2, 3, 4], [0, 1, 0, -1])
        -2.0
    """
    first, second = numbers(a, "a", rank=1), numbers(b, "b", rank=1)
    _check_same_shape(first, second)
    return float((first * second).sum())


def norm(a: ArrayLike) -> float:
    r"""Measure how long a vector is: $\|\mathbf a\| = \sqrt{\mathbf a\cdot\mathbf a}$.

    Args:
        a: The vector, shape (num_elements,).

    Returns:
        The length, 0 or above.

    Raises:
        ValueError: `a` is not one list of finite numbers.

    Example:
        >>> norm([3, 4])
        5.0
    """
    return math.sqrt(dot(a, a))


def cosine_similarity(a: ArrayLike, b: ArrayLike) -> float:
    r"""Compare directions only: $\mathbf a\cdot\mathbf b / (\|\mathbf a\|\|\mathbf b\|)$.

    This is the cosine of the angle between the two; length plays no role.

    Args:
        a: The first vector, shape (num_elements,), not all 0.
        b: The second, same shape, not all 0.

    Returns:
        1 for the same direction, 0 for a right angle, -1 for opposite directions.

    Raises:
        ValueError: As for `dot`, or a vector has length 0 and therefore no direction.

    Example:
        >>> round(cosine_similarity([1, 0], [5, 5]), 4)
        0.7071
    """
    product, lengths = dot(a, b), norm(a) * norm(b)
    if lengths == 0:
        raise ValueError(
            f"`a` and `b` must have a length above 0. Received: lengths {norm(a):g}, {norm(b):g}"
        )
    return max(-1.0, min(1.0, product / lengths))


def frobenius_product(a: ArrayLike, b: ArrayLike) -> float:
    r"""Multiply two matrices element by element and add everything: $\sum_{ij} a_{ij} b_{ij}$.

    The dot product of the two, each read row by row as one long vector.

    Args:
        a: The first matrix, shape (rows, columns).
        b: The second, same shape.

    Returns:
        One number.

    Raises:
        ValueError: `a` or `b` is not a table of finite numbers, or their shapes differ.

    Example:
        >>> frobenius_product([[1, 2], [3, 4]], [[1, 0], [0, 1]])
        5.0
    """
    first, second = numbers(a, "a", rank=2), numbers(b, "b", rank=2)
    _check_same_shape(first, second)
    return dot(first.ravel(), second.ravel())


def _check_same_shape(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        raise ValueError(f"`b` must have the shape of `a`, {a.shape}. Received: shape {b.shape}")


# The experiment


def measure_angle(seed: int, angle: float, length: float) -> dict[str, float]:
    """Return dot product and cosine of two vectors of one length at an angle in degrees."""
    a = [length, 0]
    b = [length * math.cos(math.radians(angle)), length * math.sin(math.radians(angle))]
    return {"dot": dot(a, b), "cosine": cosine_similarity(a, b)}


def measure_dimension(seed: int, dimension: int) -> dict[str, float]:
    """Return the cosine of two random vectors with so many elements."""
    return {"cosine": cosine_similarity(*np.random.default_rng(seed).normal(size=(2, dimension)))}


def similarities(x: np.ndarray, templates: np.ndarray, similarity: str) -> np.ndarray:
    """Compare every row of x with every template: a table (num_examples, num_templates)."""
    if similarity == "negative distance":
        return -((x[:, np.newaxis] - templates) ** 2).sum(axis=-1)
    if similarity == "correlation":
        x, templates = (table - table.mean(axis=1, keepdims=True) for table in (x, templates))
    if similarity != "dot":
        x, templates = (
            table / np.linalg.norm(table, axis=1, keepdims=True) for table in (x, templates)
        )
    return x @ templates.T


def digit_templates(data: datasets.Data) -> np.ndarray:
    """Average the training images of each digit, shape (10, 64)."""
    return np.array([data.x_train[data.y_train == digit].mean(axis=0) for digit in range(10)])


def measure_templates(seed: int, similarity: str) -> dict[str, float]:
    """Name each unseen digit after the most similar template; return the share that is right."""
    data = datasets.digits(seed, validation=0)
    answers = similarities(data.x_test, digit_templates(data), similarity).argmax(axis=1)
    return {"accuracy": float((answers == data.y_test).mean())}


ANGLE_AND_LENGTH = Experiment(
    name="angle_and_length",
    question="Does the dot product measure direction or length?",
    independent={"angle": tuple(range(0, 181, 15)), "length": (0.5, 1, 2, 10)},
    trial=measure_angle,
    seeds=range(1),
    units={"angle": "angle (degrees)", "length": "length", "dot": "dot product"},
)
DIMENSION = Experiment(
    name="dimension",
    question="How similar are two random vectors?",
    independent={"dimension": (2, 4, 16, 64, 256, 1024)},
    trial=measure_dimension,
    seeds=range(1000),
    units={"dimension": "number of elements", "cosine": "cosine of two random vectors"},
)
TEMPLATES = Experiment(
    name="templates",
    question="Which similarity recognizes digits best?",
    independent={"similarity": ("dot", "cosine", "correlation", "negative distance")},
    trial=measure_templates,
    units={"accuracy": "accuracy on unseen digits"},
)

# The claims


def common_or_long(results: "xr.Dataset") -> list[Evidence]:
    """Whether the dot product falls with the angle, and what length does to it at 60 degrees."""
    products = results["dot"].isel(seed=0)
    steps = products.sel(length=1).diff("angle")
    growth = products.sel(angle=60, length=10) / products.sel(angle=60, length=0.5)
    return [
        Evidence.exact(
            "length 1: largest change for 15° more", float(steps.max()), steps.size, at_most=0
        ),
        Evidence.exact(
            "60°: factor from length 0.5 to 10", float(growth), 2, at_least=0.99, at_most=1.01
        ),
    ]


def cosine_minus_dot(results: "xr.Dataset") -> Evidence:
    """Accuracy that the cosine adds to the dot product, paired by split."""
    accuracy = results["accuracy"]
    gain = paired(accuracy.sel(similarity="cosine"), accuracy.sel(similarity="dot"))
    return Evidence.from_comparison("accuracy, cosine minus dot", gain, at_least=0)


def nearly_orthogonal(results: "xr.Dataset") -> list[Evidence]:
    """Typical size of the cosine, as a multiple of one over the root of the dimension."""
    evidence = []
    for size in (2, 64, 1024):
        squares = mean_interval(size * results["cosine"].sel(dimension=size) ** 2)
        ends = (math.sqrt(max(0, float(squares[name]))) for name in ("mean", "low", "high"))
        evidence.append(
            Evidence(
                f"{size:,} elements: typical size · √{size:,}",
                *ends,
                num_runs=results.sizes["seed"],
                at_least=0.9,
                at_most=1.1,
            )
        )
    return evidence


CLAIMS = (
    Claim(
        "C-dot_product-1",
        "The dot product reflects what two objects have in common.",
        ANGLE_AND_LENGTH,
        common_or_long,
        note="it must fall when the angle grows, and must not change when only the length does",
    ),
    Claim(
        "C-dot_product-2",
        "Cosine recognizes digits better than the plain dot product.",
        TEMPLATES,
        cosine_minus_dot,
        note="difference of accuracy on the same splits; holds from 0 up",
    ),
    Claim(
        "C-dot_product-3",
        "Random vectors with many elements are nearly orthogonal.",
        DIMENSION,
        nearly_orthogonal,
        note="root of the mean square of the cosine; holds if it is 1/√elements, within 10 %",
    ),
)

# The figure


def plot_cells(a: ArrayLike, b: ArrayLike) -> "plots.BookFigure":
    """Draw two vectors, their products in pairs, and the sum."""
    first, second = numbers(a, "a", rank=1), numbers(b, "b", rank=1)
    drawing, axes = plots.diagram(
        f"Two rows of {len(first)} boxes, below them the products in pairs, and their sum, "
        f"{dot(first, second):g}.",
        height=2.5,
    )
    left = 2.2
    for row, (name, values) in enumerate(
        {"a": first, "b": second, "products": first * second}.items()
    ):
        bottom = 1.8 - 0.75 * row
        marked = [(0, place) for place in range(len(first))] if name == "products" else []
        plots.matrix(axes, values, corner=(left, bottom), highlight=marked)
        axes.text(left - 0.15, bottom + 0.18, name, ha="right")
    end = left + 0.5 * len(first)
    axes.text(end + 0.2, 0.48, f"sum: {plots.number(dot(first, second))}", color="accent")
    return drawing


def plot_projection(a: ArrayLike, b: ArrayLike) -> "plots.BookFigure":
    """Draw two arrows in the plane and the shadow of the second on the first."""
    first, second = numbers(a, "a", rank=1), numbers(b, "b", rank=1)
    drawing, axes = plots.figure(
        "Two arrows from one point, a and b. A dashed line falls from the tip of b at a right "
        "angle onto the line of a; the stretch up to there is the shadow of b.",
        height=3.4,
    )
    shadow = dot(first, second) / dot(first, first) * first
    for vector, name, color in ((first, "a", "blue"), (second, "b", "orange")):
        axes.plot([0, vector[0]], [0, vector[1]], color=color)
        axes.plot(*vector[:, np.newaxis], "o", color=color)
        axes.annotate(name, vector, xytext=(6, 6), textcoords="offset points")
    axes.plot([0, shadow[0]], [0, shadow[1]], color="accent", linewidth=5, alpha=0.5)
    axes.plot(
        [second[0], shadow[0]], [second[1], shadow[1]], color="muted", linestyle="--", linewidth=1
    )
    plots.note(axes, "shadow of b", tuple(shadow / 2), (20, -18), color="accent")
    plots.plane(axes)
    axes.margins(0.15)
    return drawing


def plot_angle_and_length(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the dot product against the angle, for short and longer vectors."""
    alt = (
        "Dot product against angle for lengths 0.5, 1 and 2: each curve falls from its largest "
        "value at 0 degrees through 0 at 90 degrees to its negative; longer vectors, larger swing."
    )
    short = results.sel(length=[0.5, 1, 2])
    drawing, axes = plots.curves(short, "dot", "angle", "length", alt=alt)
    plots.reference(axes, 0)
    axes.set_xticks([0, 45, 90, 135, 180])
    return drawing


def plot_dimension(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw histograms of the cosine of random vectors, for three numbers of elements."""
    drawing, panels = plots.figure(
        "Histograms of the cosine of random vectors with 4, 64 and 1,024 elements: from nearly "
        "anything between −1 and 1 to a narrow peak at 0.",
        rows=3,
        height=5,
        sharex=True,
    )
    for panel, size in zip(panels, (4, 64, 1024), strict=True):
        values = results["cosine"].sel(dimension=size).values
        plots.histogram(panel, values, bins=np.linspace(-1, 1, 41))
        panel.set(title=f"{size:,} elements", yticks=[])
    panels[-1].set(xlabel="cosine of two random vectors", xticks=[-1, -0.5, 0, 0.5, 1])
    return drawing


def plot_digit_templates(seed: int = 0) -> "plots.BookFigure":
    """Draw the mean image of each digit."""
    images = digit_templates(datasets.digits(seed, validation=0)).reshape(10, 8, 8)
    alt = "Ten blurred images of 8 by 8 pixels, the means of the digits 0 to 9."
    return plots.gallery(list(images), alt, titles=[str(digit) for digit in range(10)])[0]


def plot_templates(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of each similarity, one dot per split."""
    accuracy = results["accuracy"]
    drawing, axes = plots.figure(
        "Accuracy on unseen digits, one dot per split: the dot product is a little lower than "
        "cosine, correlation and negative distance, which lie together.",
        height=3.4,
    )
    names = [str(name) for name in results["similarity"].values]
    plots.strip(axes, {name: accuracy.sel(similarity=name).values for name in names})
    axes.set(xlabel="accuracy on unseen digits")
    return drawing
