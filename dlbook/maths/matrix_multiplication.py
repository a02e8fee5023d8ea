"""Matrix multiplication: a whole table of dot products, of each row with each column."""

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.maths.dot_product import dot

if TYPE_CHECKING:
    import xarray as xr

# The idea

Shape = tuple[int, int]


def can_multiply(shape_a: Shape, shape_b: Shape) -> bool:
    """Say whether the product of two matrices exists: the inner sides must agree.

    Args:
        shape_a: Rows and columns of the left matrix.
        shape_b: Rows and columns of the right matrix.

    Returns:
        Whether the columns of the left are as many as the rows of the right.

    Raises:
        ValueError: A shape is not two whole numbers above 0.

    Example:
        >>> can_multiply((5, 3), (3, 7)), can_multiply((3, 7), (5, 3))
        (True, False)
    """
    return _shape(shape_a, "shape_a")[1] == _shape(shape_b, "shape_b")[0]


def product_shape(shape_a: Shape, shape_b: Shape) -> Shape:
    """Return the shape of a product: the rows of the left by the columns of the right.

    Args:
        shape_a: Rows and columns of the left matrix.
        shape_b: Rows and columns of the right matrix.

    Returns:
        Rows and columns of the product.

    Raises:
        ValueError: The product does not exist.

    Example:
        >>> product_shape((5, 3), (3, 7))
        (5, 7)
    """
    if not can_multiply(shape_a, shape_b):
        raise ValueError(
            "`shape_b` must have as many rows as `shape_a` has columns, "
            f"{shape_a[1]}. Received: {shape_a} and {shape_b}"
        )
    return shape_a[0], shape_b[1]


def matrix_multiply(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    r"""Take the dot product of every row with every column: $(AB)_{ij} = \sum_k A_{ik} B_{kj}$.

    Args:
        a: $A$, shape (rows, inner).
        b: $B$, shape (inner, columns).

    Returns:
        $AB$, shape (rows, columns).

    Raises:
        ValueError: The inner sides differ, or an argument is no matrix of finite numbers.

    Example:
        >>> matrix_multiply([[1, 2]], [[3, 0], [4, 1]])
        array([[11.,  2.]])
    """
    left, right = numbers(a, "a", rank=2), numbers(b, "b", rank=2)
    rows, columns = product_shape(_shape(left.shape, "a"), _shape(right.shape, "b"))
    return np.array(
        [[dot(left[row], right[:, column]) for column in range(columns)] for row in range(rows)]
    )


def num_multiplications(shapes: Sequence[Shape], order: str = "from the left") -> int:
    """Count how many numbers are multiplied with one another in a chain of products.

    One product of m × k by k × n takes m · k · n of them. The result of a chain does not depend
    on where it begins, the work does.

    Args:
        shapes: Rows and columns of each matrix, from left to right, two or more.
        order: `"from the left"`: (AB)C, or `"from the right"`: A(BC).

    Returns:
        The number of multiplications.

    Raises:
        ValueError: There are fewer than two matrices, two neighbours do not fit, or `order` is
            neither of the two.

    Example:
        >>> num_multiplications([(1, 784), (784, 64), (64, 10)])
        50816
    """
    if order not in ("from the left", "from the right"):
        raise ValueError(
            f"`order` must be 'from the left' or 'from the right'. Received: {order!r}"
        )
    if len(shapes) < 2:
        raise ValueError(f"`shapes` must hold two shapes or more. Received: {shapes!r}")
    for left, right in pairwise(shapes):
        product_shape(left, right)
    chain, total = list(shapes), 0
    while len(chain) > 1:
        place = 0 if order == "from the left" else len(chain) - 2
        (rows, inner), (_, columns) = chain[place : place + 2]
        total += rows * inner * columns
        chain[place : place + 2] = [(rows, columns)]
    return total


def _shape(shape: Sequence[int], name: str) -> Shape:
    if len(shape) != 2 or any(side != int(side) or side < 1 for side in shape):
        raise ValueError(f"`{name}` must be two whole numbers above 0. Received: {shape!r}")
    return shape[0], shape[1]


# The experiment

SIDES = (1, 2, 3, 4)
REMEDIES = ("none", "transpose_right", "transpose_left", "transpose_both")


def measure_validity(
    seed: int, rows_a: int, columns_a: int, rows_b: int, columns_b: int, remedy: str
) -> dict[str, float]:
    """Return whether a product exists after a remedy, by the rule and by NumPy."""
    if remedy in ("transpose_left", "transpose_both"):
        rows_a, columns_a = columns_a, rows_a
    if remedy in ("transpose_right", "transpose_both"):
        rows_b, columns_b = columns_b, rows_b
    a, b = (rows_a, columns_a), (rows_b, columns_b)
    valid = can_multiply(a, b)
    return {"valid": int(valid), "numpy_agrees": int(accepts(a, b, valid))}


def accepts(shape_a: Shape, shape_b: Shape, expected: bool) -> bool:
    """Return whether NumPy does what is expected: a product of the right shape, or an error."""
    try:
        product = np.zeros(shape_a) @ np.zeros(shape_b)
    except ValueError:
        return not expected
    return expected and product.shape == product_shape(shape_a, shape_b)


def measure_order(seed: int, size: int, order: str) -> dict[str, float]:
    """Multiply two square matrices and a column in one order; count and time it (best of 20)."""
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=(2, size, size))
    x = generator.normal(size=(size, 1))
    seconds, result = [], np.zeros((size, 1))
    for _ in range(20):
        start = time.perf_counter()
        result = (a @ b) @ x if order == "from the left" else a @ (b @ x)
        seconds.append(time.perf_counter() - start)
    square = (size, size)
    return {
        "multiplications": num_multiplications([square, square, (size, 1)], order),
        "seconds": min(seconds),
        "relative_error": float(np.abs(result - a @ b @ x).max() / np.abs(result).max()),
    }


def measure_commute(seed: int, size: int) -> dict[str, float]:
    """Return whether two random matrices may change places in a product."""
    a, b = np.random.default_rng(seed).normal(size=(2, size, size))
    return {"commutes": float(np.allclose(matrix_multiply(a, b), matrix_multiply(b, a)))}


VALIDITY = Experiment(
    name="validity",
    question="Which products of matrices exist, and which can be saved by transposing?",
    independent={
        "rows_a": SIDES,
        "columns_a": SIDES,
        "rows_b": SIDES,
        "columns_b": SIDES,
        "remedy": REMEDIES,
    },
    trial=measure_validity,
    seeds=range(1),
)
ORDER = Experiment(
    name="order",
    question="Does it matter where one begins in a chain of products?",
    independent={"order": ("from the left", "from the right"), "size": (8, 32, 128, 512)},
    trial=measure_order,
    seeds=range(1),
    units={"size": "rows and columns of A and B", "seconds": "seconds"},
)
COMMUTE = Experiment(
    name="commute",
    question="May the two factors change places?",
    independent={"size": (1, 2, 4, 8)},
    trial=measure_commute,
    seeds=range(100),
    units={"size": "rows and columns", "commutes": "share of pairs with AB = BA"},
)

# The claims


def rescued(results: "xr.Dataset") -> "tuple[xr.DataArray, xr.DataArray]":
    """Return which pairs of shapes are invalid, and which of these some transpose makes valid."""
    valid = results["valid"].isel(seed=0).astype(bool)
    invalid = ~valid.sel(remedy="none", drop=True)
    return invalid, invalid & valid.sel(remedy=list(REMEDIES[1:])).any("remedy")


def rule_and_numpy(results: "xr.Dataset") -> Evidence:
    """Pairs of shapes for which NumPy does something else than the rule says."""
    agrees = results["numpy_agrees"].sel(remedy="none")
    return Evidence.exact(
        "pairs where NumPy disagrees", float((agrees == 0).sum()), agrees.size, at_most=0
    )


def saved_by_transposing(results: "xr.Dataset") -> list[Evidence]:
    """Share of invalid pairs that transposing saves, by whether any two other sides agree."""
    invalid, saved = rescued(results)
    a_rows, a_columns, b_rows, b_columns = (
        invalid[name] for name in ("rows_a", "columns_a", "rows_b", "columns_b")
    )
    common = (a_rows == b_rows) | (a_rows == b_columns) | (a_columns == b_columns)
    groups = {"a side in common": invalid & common, "no side in common": invalid & ~common}
    return [
        Evidence.exact(
            f"{name}: share made valid",
            float((saved & group).sum() / group.sum()),
            int(group.sum()),
            at_least=1,
        )
        for name, group in groups.items()
    ]


def places_changed(results: "xr.Dataset") -> list[Evidence]:
    """Share of pairs of matrices whose product does not depend on the order."""
    return [
        Evidence.from_mean(
            f"{size} × {size}: share", results["commutes"].sel(size=size), at_least=1
        )
        for size in map(int, results["size"].values)
        if size > 1
    ]


CLAIMS = (
    Claim(
        "C-matrix_multiplication-1",
        "A product exists if and only if the columns of the first equal the rows of the second.",
        VALIDITY,
        rule_and_numpy,
        note="all pairs of shapes with sides 1 to 4, tried in NumPy; no pair may disagree",
    ),
    Claim(
        "C-matrix_multiplication-2",
        "You can transpose matrices to make the multiplication valid.",
        VALIDITY,
        saved_by_transposing,
        note="pairs that do not fit; the share that fits after transposing one or both",
    ),
    Claim(
        "C-matrix_multiplication-3",
        "The order of the factors is irrelevant.",
        COMMUTE,
        places_changed,
        note="share of random pairs with AB = BA; irrelevant would be 1",
    ),
)

# The figure


def plot_product(row: int = 0, column: int = 2) -> "plots.BookFigure":
    """Draw the product of a 2 × 3 by a 3 × 4 matrix, with one row, one column and their result."""
    a = np.array([[3, 1, -2], [0, 2, 2]])
    b = np.array([[2, 0, 1, 3], [1, 2, 1, 0], [0, 3, 2, 1]])
    drawing, axes = plots.diagram(
        "Three tables: a matrix of 2 rows and 3 columns, one of 3 rows and 4 columns, and their "
        "product of 2 rows and 4 columns. One row of the first, one column of the second, and "
        "the number in the product where they meet are tinted.",
        height=2.9,
    )
    tables = {"A": (a, 0.05), "B": (b, 1.95), "AB": (matrix_multiply(a, b), 4.35)}
    tints = {
        "A": [(row, place) for place in range(3)],
        "B": [(place, column) for place in range(3)],
        "AB": [(row, column)],
    }
    for name, (table, left) in tables.items():
        bottom = 1.55 - 0.25 * len(table)
        plots.matrix(axes, table, corner=(left, bottom), highlight=tints[name], title=name)
    axes.text(1.75, 1.55, "·", ha="center", va="center", fontsize=18)
    axes.text(4.15, 1.55, "=", ha="center", va="center", fontsize=18)
    _sizes(axes)
    return drawing


def _sizes(axes) -> None:
    parts = {0.5: ("2", "ink"), 1.1: ("3", "accent"), 2.65: ("3", "accent"), 3.25: ("4", "ink")}
    for across, (text, color) in parts.items():
        axes.text(across, 0.3, text, ha="center", va="center", color=color, fontsize=15)
        if color == "accent":
            axes.plot([across - 0.12, across + 0.12], [0.17, 0.43], color="accent", linewidth=1.4)
    for across in (0.8, 2.95, 5.35):
        axes.text(across, 0.3, "×", ha="center", va="center", color="muted")
    axes.text(5.05, 0.3, "2", ha="center", va="center", fontsize=15)
    axes.text(5.65, 0.3, "4", ha="center", va="center", fontsize=15)


def plot_layers() -> "plots.BookFigure":
    """Draw the weights of a 10-14-19-8 network as a chain, whole and with one link turned."""
    drawing, axes = plots.diagram(
        "Two chains of three boxes with their sizes. Above, 10 × 14, 14 × 19, 19 × 8: neighbours "
        "agree. Below, 10 × 14, 19 × 14, 19 × 8: both joints are broken.",
        height=2.6,
    )
    _chain(axes, 1.85, [(10, 14), (14, 19), (19, 8)])
    _chain(axes, 0.6, [(10, 14), (19, 14), (19, 8)])
    return drawing


def _chain(axes, height: float, shapes: list[Shape]) -> None:
    for place, (rows, columns) in enumerate(shapes):
        plots.box(axes, (1.1 + 2.1 * place, height), f"{rows} × {columns}", width=1.1)
    for place, ((_, inner), (rows, _)) in enumerate(pairwise(shapes)):
        fits = inner == rows
        text = f"{inner} = {rows}" if fits else f"{inner} ≠ {rows}"
        color = "green" if fits else "accent"
        axes.text(2.15 + 2.1 * place, height, text, ha="center", va="center", color=color)


def plot_validity(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw a map of all pairs of shapes: valid, saved by one transpose, by two, or never."""
    valid = (
        results["valid"].isel(seed=0).stack(a=("rows_a", "columns_a"), b=("rows_b", "columns_b"))
    )
    tables = {name: valid.sel(remedy=name).transpose("b", "a").values > 0 for name in REMEDIES}
    one = (tables["transpose_right"] | tables["transpose_left"]) & ~tables["none"]
    both = tables["transpose_both"] & ~one & ~tables["none"]
    drawing, axes = plots.figure(
        "A map of 16 by 16 pairs of shapes. A quarter is valid, in regular stripes. Of the rest, "
        "some become valid by one transpose, a few only by two, the others never.",
        height=5.2,
    )
    groups = {"valid": tables["none"], "one transpose": one, "both transposed": both}
    for (name, table), color in zip(groups.items(), ("blue", "sky", "orange"), strict=True):
        up, across = np.nonzero(table)
        axes.plot(across, up, "s", color=color, markersize=9, label=name)
    names = [f"{rows}×{columns}" for rows in SIDES for columns in SIDES]
    axes.set_xticks(range(0, 16), [name if at % 2 == 0 else "" for at, name in enumerate(names)])
    axes.set_yticks(range(16), names)
    axes.tick_params(length=0)
    axes.grid(False)
    axes.set(xlabel="left matrix", ylabel="right matrix", xlim=(-0.6, 15.6), ylim=(-0.6, 15.6))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=3, frameon=False)
    return drawing


def plot_order(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw multiplications and seconds of both orders against the size."""
    drawing, panels = plots.figure(
        "Multiplications, and seconds, against the size of the matrices on logarithmic axes: from "
        "the left both climb faster than from the right.",
        rows=2,
        height=5.4,
        sharex=True,
    )
    for panel, variable in zip(panels, ("multiplications", "seconds"), strict=True):
        plots.log_axis(panel, "both")
        for name in map(str, results["order"].values):
            values = results[variable].sel(order=name).isel(seed=0)
            label = "(AB)x" if name == "from the left" else "A(Bx)"
            panel.plot(values["size"], values, "o-", label=label)
        panel.set(ylabel=plots.axis_name(results, variable))
        plots.label_lines(panel)
    panels[-1].set(xlabel=plots.axis_name(results, "size"), xticks=results["size"].values)
    return drawing
