"""The transpose: rows become columns, and the first row becomes the first column."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr

# The idea


def transpose(matrix: ArrayLike) -> np.ndarray:
    r"""Turn rows into columns: $(A^\top)_{ji} = A_{ij}$.

    Args:
        matrix: $A$, shape (rows, columns), elements of any type.

    Returns:
        $A^\top$, shape (columns, rows), a new array.

    Raises:
        ValueError: `matrix` has not exactly two axes.

    Example:
        >>> print(transpose([[1, 2, 3], [4, 5, 6]]))
        [[1 4]
         [2 5]
         [3 6]]
    """
    table = _with_axes(matrix, "matrix", 2)
    rows, columns = table.shape
    turned = np.empty((columns, rows), table.dtype)
    for row_place in range(rows):
        for column_place in range(columns):
            turned[column_place, row_place] = table[row_place, column_place]
    return turned


def column(vector: ArrayLike) -> np.ndarray:
    """Stand a list of numbers upright: a matrix with one column.

    Args:
        vector: Shape (num_elements,).

    Returns:
        Shape (num_elements, 1).

    Raises:
        ValueError: `vector` has not exactly one axis.

    Example:
        >>> print(column([1, 2]))
        [[1]
         [2]]
    """
    return _with_axes(vector, "vector", 1)[:, np.newaxis]


def row(vector: ArrayLike) -> np.ndarray:
    """Lay a list of numbers flat: a matrix with one row.

    Args:
        vector: Shape (num_elements,).

    Returns:
        Shape (1, num_elements).

    Raises:
        ValueError: `vector` has not exactly one axis.

    Example:
        >>> print(row([1, 2]))
        [[1 2]]
    """
    return _with_axes(vector, "vector", 1)[np.newaxis, :]


def is_symmetric(matrix: ArrayLike, tolerance: float = 1e-12) -> bool:
    r"""Say whether a matrix is its own transpose: $A = A^\top$.

    Args:
        matrix: $A$, shape (rows, columns). One that is not square is never symmetric.
        tolerance: How far two mirrored elements may be apart, because of rounding.

    Returns:
        True or false.

    Raises:
        ValueError: `matrix` has not exactly two axes.

    Example:
        >>> is_symmetric([[1, 7], [7, 2]]), is_symmetric([[1, 7], [0, 2]])
        (True, False)
    """
    table, turned = _with_axes(matrix, "matrix", 2), transpose(matrix)
    return table.shape == turned.shape and bool(np.all(np.abs(table - turned) <= tolerance))


def _with_axes(values: ArrayLike, name: str, rank: int) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != rank:
        axes = "one axis" if rank == 1 else "two axes, rows and columns"
        raise ValueError(f"`{name}` must have {axes}. Received: shape {array.shape}")
    return array


# The experiment

SIDES = tuple(range(1, 9))


def measure_places(seed: int, rows: int, columns: int) -> dict[str, float]:
    """Turn a matrix of different numbers by transpose and by reshape; compare the places."""
    matrix = np.arange(rows * columns).reshape(rows, columns)
    same = transpose(matrix) == matrix.reshape(columns, rows)
    return {"elements_in_place": int(same.sum()), "share_in_place": float(same.mean())}


def measure_laws(seed: int, rows: int, columns: int) -> dict[str, float]:
    """Transpose a random matrix twice, and multiply it by its transpose."""
    matrix = np.random.default_rng(seed).normal(size=(rows, columns))
    twice = transpose(transpose(matrix))
    return {
        "changed": int(np.sum(twice != matrix)) if twice.shape == matrix.shape else matrix.size,
        "symmetric": float(is_symmetric(transpose(matrix) @ matrix)),
        "itself_symmetric": float(is_symmetric(matrix)),
    }


TRANSPOSE_OR_RESHAPE = Experiment(
    name="transpose_or_reshape",
    question="How many elements land in the same place by transpose and by reshape?",
    independent={"rows": SIDES, "columns": SIDES},
    trial=measure_places,
    seeds=range(1),
    units={
        "elements_in_place": "elements in the same place",
        "share_in_place": "share in the same place",
    },
)
LAWS = Experiment(
    name="laws",
    question="What is always true of a transpose?",
    independent={"rows": SIDES, "columns": SIDES},
    trial=measure_laws,
    units={
        "changed": "elements changed by two transposes",
        "symmetric": "share of AᵀA that are symmetric",
    },
)

# The claims


def twice_is_never(results: "xr.Dataset") -> Evidence:
    """Elements that two transposes changed, over all shapes and seeds."""
    changed = results["changed"]
    return Evidence.exact("elements changed", float(changed.sum()), changed.size, at_most=0)


def reshape_like_transpose(results: "xr.Dataset") -> list[Evidence]:
    """Share of elements in the same place: the worst of the vectors, the best of the matrices."""
    shares = results["share_in_place"].isel(seed=0)
    is_vector = (shares["rows"] == 1) | (shares["columns"] == 1)
    vectors, matrices = shares.where(is_vector), shares.where(~is_vector)
    return [
        Evidence.exact(
            "vectors: smallest share in place",
            float(vectors.min()),
            int(is_vector.sum()),
            at_least=1,
        ),
        Evidence.exact(
            "both sides above 1: largest share in place",
            float(matrices.max()),
            int((~is_vector).sum()),
            at_least=1,
        ),
    ]


def always_symmetric(results: "xr.Dataset") -> Evidence:
    """Share of the random matrices whose product with their transpose is symmetric."""
    found = results["symmetric"]
    return Evidence.exact("share of AᵀA symmetric", float(found.mean()), found.size, at_least=1)


CLAIMS = (
    Claim(
        "C-transpose-1",
        "Transposing twice gives the original.",
        LAWS,
        twice_is_never,
        note="random matrices of all shapes up to 8 × 8; not one element may change",
    ),
    Claim(
        "C-transpose-2",
        "Reshaping to the swapped shape is the same as transposing.",
        TRANSPOSE_OR_RESHAPE,
        reshape_like_transpose,
        note="share of elements in the same place; the same means 1",
    ),
    Claim(
        "C-transpose-3",
        "A matrix multiplied by its own transpose, AᵀA, is always symmetric.",
        LAWS,
        always_symmetric,
        note="random matrices of all shapes up to 8 × 8; mirrored elements within 10⁻¹²",
    ),
)

# The figure


def plot_transpose() -> "plots.BookFigure":
    """Draw a matrix of 2 rows and 4 columns, and its transpose; the first row is tinted."""
    matrix = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    drawing, axes = plots.diagram(
        "A matrix with rows 1 2 3 4 and 5 6 7 8, and its transpose with columns 1 2 3 4 and "
        "5 6 7 8. The first row and the first column are tinted.",
        height=2.8,
    )
    first = [(0, place) for place in range(4)]
    plots.matrix(axes, matrix, corner=(0.6, 0.9), highlight=first, title="A, 2 × 4")
    turned = [(place, 0) for place in range(4)]
    plots.matrix(axes, matrix.T, corner=(4.5, 0.4), highlight=turned, title="Aᵀ, 4 × 2")
    plots.arrow(axes, (2.9, 1.4), (4.2, 1.4), "transpose")
    return drawing


def plot_photograph(name: str = "china") -> "plots.BookFigure":
    """Show a photograph, its transpose, and its reshape to the same shape."""
    small = datasets.photograph(name)[::5, ::5]
    height, width, _ = small.shape
    drawing, panels = plots.figure(
        "A photograph of a palace three times. As it is; transposed, mirrored at its diagonal, so "
        "that the palace lies on its side; and reshaped, where nothing is left but stripes.",
        columns=3,
        height=3.2,
        gridspec_kw={"width_ratios": (width, height, height)},
    )
    turned = small.transpose(1, 0, 2)
    pictures = {"as it is": small, "transposed": turned, "reshaped": small.reshape(turned.shape)}
    for panel, (title, picture) in zip(panels, pictures.items(), strict=True):
        plots.image(panel, picture, title)
    return drawing


def plot_transpose_or_reshape(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of elements in the same place for all shapes as a heat map."""
    drawing, axes = plots.figure(
        "Share of elements in the same place for 1 to 8 rows and columns: 1 in the first row and "
        "in the first column, which are vectors, at most one half everywhere else.",
        height=4.2,
    )
    shares = results["share_in_place"].isel(seed=0).transpose("rows", "columns")
    plots.heatmap(axes, shares, limits=(0, 1))
    return drawing
