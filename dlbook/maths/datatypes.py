"""Terms and data types: how many axes an array has, and what its numbers cannot hold."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import paired

if TYPE_CHECKING:
    import xarray as xr

# The idea

NAMES = ("scalar", "vector", "matrix")


class Description(NamedTuple):
    """What `describe` finds: the container (name, rank, shape) and its numbers (dtype, bytes)."""

    name: str
    rank: int
    shape: tuple[int, ...]
    dtype: str
    bytes: int


def describe(array: ArrayLike) -> Description:
    """Say what kind of container an array is, and of which type its elements are.

    Args:
        array: Anything that NumPy can turn into an array.

    Returns:
        The name in linear algebra, the rank (number of axes), the shape (length of each axis), the
        dtype (type of every element) and how many bytes the elements take.

    Example:
        >>> describe(np.zeros((2, 3), "float32"))
        Description(name='matrix', rank=2, shape=(2, 3), dtype='float32', bytes=24)
    """
    array = np.asarray(array)
    name = NAMES[array.ndim] if array.ndim < len(NAMES) else "tensor"
    return Description(name, array.ndim, array.shape, str(array.dtype), array.nbytes)


def running_sum(value: float, count: int, dtype: DTypeLike) -> float:
    r"""Add a number again and again, rounding after each addition: $s \leftarrow s + v$.

    Goes wrong where the sum is so large that the type has no number between the sum and the next
    one: then the sum stands still.

    Args:
        value: The number $v$ to add, rounded to `dtype` first.
        count: How often, 1 or more.
        dtype: A type of floating-point numbers, such as `"float16"`.

    Returns:
        The sum, near `count * value` if the type is precise enough.

    Raises:
        ValueError: `count` is not above 0, or `dtype` has no fractions.

    Example:
        >>> running_sum(0.1, 100_000, "float16")
        256.0
    """
    kind: Any = np.dtype(dtype)
    if kind.kind != "f":
        raise ValueError(f"`dtype` must be one of floating-point numbers. Received: {dtype!r}")
    number = total = kind.type(value)
    for _ in range(int(positive(count, "count")) - 1):
        total = total + number
    return float(total)


def convert(array: ArrayLike, dtype: DTypeLike) -> np.ndarray:
    """Change the type of the elements, but only if every value survives unchanged.

    Args:
        array: The values, any shape.
        dtype: The type they should get.

    Returns:
        A new array of this type, with the same shape and the same values.

    Raises:
        ValueError: A value has no equal in the new type, as 300 in `uint8` or 0.1 in `float32`.

    Example:
        >>> convert([0, 200, 255], "uint8")
        array([  0, 200, 255], dtype=uint8)
    """
    before = np.asarray(array)
    with np.errstate(all="ignore"):
        after = before.astype(dtype)
    # As Python's own numbers, because NumPy would round both to a common type before it compares.
    old, new = before.astype(object), after.astype(object)
    lost = ~((old == new) | ((old != old) & (new != new)))
    if np.any(lost):
        pair = f"{old[lost].flat[0]!r}, which would become {new[lost].flat[0]!r}"
        raise ValueError(f"`array` must hold values that {after.dtype} can hold. Received: {pair}")
    return after


# The experiment

DTYPES = ("float16", "float32", "float64")
EPOCHS = 500
LEARNING_RATE = 0.5


def measure_precision(seed: int, dtype: str, num_terms: int) -> dict[str, float]:
    """Add 0.1 many times; return the sum and how far it is from the true one, as a share."""
    total, truth = running_sum(0.1, num_terms, dtype), num_terms / 10
    return {"sum": total, "relative_error": abs(total - truth) / truth}


def load_picture(picture: str) -> np.ndarray:
    """Load a picture as scikit-learn stores it: a colour photograph or a grey digit."""
    if picture in datasets.PHOTOGRAPHS:
        return datasets.photograph(picture)
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    return digits.images[int(picture.split()[-1])]


def measure_picture(seed: int, picture: str) -> dict[str, float]:
    """Return rank, number of elements and bytes for each element of a stored picture."""
    found = describe(load_picture(picture))
    elements = int(np.prod(found.shape))
    return {"rank": found.rank, "elements": elements, "bytes_each": found.bytes / elements}


def measure_training(seed: int, dtype: str) -> dict[str, float]:
    """Train a logistic regression on 500 digits, its weights stored in `dtype`.

    Full-batch gradient descent from weights 0. The arithmetic is done in `dtype` too, except for
    float16, for which NumPy has no fast product: there only the stored weights are rounded.

    Returns:
        Accuracy on unseen digits, and the share of weights that the last step did not change.
    """
    data = datasets.digits(seed, num_examples=500, validation=0)
    working = np.promote_types(dtype, "float32")
    x, truth = data.x_train.astype(working), np.eye(10, dtype=working)[data.y_train]
    weights = np.zeros((64, 10), dtype)
    before = weights
    for _ in range(EPOCHS):
        before = weights
        change = x.T @ (shares(x @ weights.astype(working)) - truth) / working.type(len(x))
        weights = weights - (working.type(LEARNING_RATE) * change).astype(dtype)
    answers = (data.x_test.astype(working) @ weights.astype(working)).argmax(axis=1)
    inked = np.ptp(data.x_train, axis=0) > 0
    still = (weights == before)[inked].mean()
    return {"test_accuracy": float((answers == data.y_test).mean()), "still": float(still)}


def shares(scores: np.ndarray) -> np.ndarray:
    """Turn the scores of each row into shares that add up to 1, the largest for the largest."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


PRECISION = Experiment(
    name="precision",
    question="Does the type of the numbers matter for a sum?",
    independent={"dtype": DTYPES, "num_terms": (10, 100, 1000, 10_000, 100_000)},
    trial=measure_precision,
    seeds=range(1),
    units={"num_terms": "numbers added", "relative_error": "error, as a share of the sum"},
)
PICTURES = Experiment(
    name="pictures",
    question="How many axes does a stored picture have?",
    independent={"picture": (*datasets.PHOTOGRAPHS, "digit 0", "digit 1")},
    trial=measure_picture,
    seeds=range(1),
    units={"rank": "rank (number of axes)", "bytes_each": "bytes for each element"},
)
TRAINING = Experiment(
    name="training",
    question="Which type is precise enough for the weights of a model?",
    independent={"dtype": DTYPES},
    trial=measure_training,
    units={
        "test_accuracy": "accuracy on unseen digits",
        "still": "weights that the last step left unchanged",
    },
)

# The claims


def ranks_of_pictures(results: "xr.Dataset") -> list[Evidence]:
    """Rank of each stored picture, and bytes for each element of the colour photographs."""
    stored = results.isel(seed=0)
    ranks = [
        Evidence.exact(
            f"{name}: rank",
            float(stored["rank"].sel(picture=name)),
            1,
            at_least=3 if name in datasets.PHOTOGRAPHS else 2,
            at_most=3 if name in datasets.PHOTOGRAPHS else 2,
        )
        for name in map(str, results["picture"].values)
    ]
    elements = float(stored["elements"].sel(picture="china"))
    whole = 427 * 640 * 3
    size = Evidence.exact("china: elements", elements, 1, at_least=whole, at_most=whole)
    return [*ranks, size]


def wrong_sum(results: "xr.Dataset") -> Evidence:
    """Error of the sum of 10,000 numbers in float16."""
    error = float(results["relative_error"].sel(dtype="float16", num_terms=10_000).isel(seed=0))
    return Evidence.exact("float16, 10,000 numbers", error, 1, at_most=0.01)


def single_minus_double(results: "xr.Dataset") -> Evidence:
    """Accuracy with float32 minus accuracy with float64, paired by split."""
    accuracy = results["test_accuracy"]
    gap = paired(accuracy.sel(dtype="float32"), accuracy.sel(dtype="float64"))
    bounds = {"at_least": -0.003, "at_most": 0.003}
    return Evidence.from_comparison("accuracy, float32 minus float64", gap, **bounds)


CLAIMS = (
    Claim(
        "C-datatypes-1",
        "Images are stored as matrices, colour images as three-dimensional arrays.",
        PICTURES,
        ranks_of_pictures,
        note="as scikit-learn stores them: rank 2 for a grey digit, rank 3 for a colour photograph",
    ),
    Claim(
        "C-datatypes-2",
        "The type of the numbers does not matter for the result.",
        PRECISION,
        wrong_sum,
        note="error of the sum, as a share; one type that is more than 1 % wrong refutes it",
    ),
    Claim(
        "C-datatypes-3",
        "float32 is precise enough for training.",
        TRAINING,
        single_minus_double,
        note="logistic regression on digits, same splits; holds within 0.003 in either direction",
    ),
)

# The figure


def plot_ranks() -> "plots.BookFigure":
    """Draw a scalar, a vector, a matrix and a tensor of rank 3 as boxes."""
    drawing, axes = plots.diagram(
        "From left to right: a scalar, one box. A vector, a column of 3 boxes. A matrix, 3 rows "
        "of 2 boxes. A tensor of rank 3, three such matrices one behind the other.",
        height=2.9,
    )
    corners = {"scalar": (0.2, 1.2), "vector": (1.35, 0.7), "matrix": (2.5, 0.7)}
    values = ([[7]], [[7], [1], [4]], [[7, 2], [1, 8], [4, 0]])
    for (name, corner), table in zip(corners.items(), values, strict=True):
        plots.matrix(axes, table, corner=corner)
        _name(axes, corner[0] + 0.25 * len(table[0]), name, NAMES.index(name), np.squeeze(table))
    for depth, name in ((2, "blue"), (1, "green"), (0, "red")):
        corner = (4.3 + 0.33 * depth, 0.7 + 0.22 * depth)
        axes.fill(
            corner[0] + np.array([0, 1, 1, 0]),
            corner[1] + np.array([0, 0, 1.5, 1.5]),
            color="ground",
            zorder=3 - depth,
        )
        _front(axes, corner, name, 3 - depth)
    _name(axes, 5.15, "tensor", 3, np.zeros((3, 2, 3)))
    return drawing


def _name(axes, across: float, name: str, rank: int, shape_of: np.ndarray) -> None:
    axes.text(across, 0.55, name, ha="center", va="top")
    below = f"rank {rank}\n{shape_of.shape}"
    axes.text(across, 0.29, below, ha="center", va="top", color="muted", fontsize=12)


def _front(axes, corner: tuple[float, float], color: str, order: int) -> None:
    for row in range(3):
        for column in range(2):
            left, bottom = corner[0] + 0.5 * column, corner[1] + 0.5 * row
            axes.fill(
                left + np.array([0, 0.5, 0.5, 0]),
                bottom + np.array([0, 0, 0.5, 0.5]),
                facecolor=color,
                edgecolor="muted",
                alpha=0.3,
                zorder=order,
            )


def plot_channels(name: str = "china") -> "plots.BookFigure":
    """Show a colour photograph and its three channels, each a matrix."""
    small = datasets.photograph(name)[::5, ::5]
    drawing, panels = plots.figure(
        "A colour photograph of a palace under a blue sky, and its three channels as grey "
        "pictures: the sky is bright in the blue channel and dark in the red one.",
        rows=2,
        columns=2,
        height=4.9,
    )
    plots.image(panels[0, 0], small, "all three")
    for panel, channel, title in zip(
        panels.flat[1:], np.moveaxis(small, -1, 0), ("red", "green", "blue"), strict=True
    ):
        plots.image(panel, channel, title)
    return drawing


def plot_precision(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error of the sum against the number of terms, one line for each type."""
    drawing, axes = plots.figure(
        "Relative error against numbers added, both axes logarithmic: float64 lowest, float32 "
        "several powers of ten above it, float16 highest, near 1 at the right.",
    )
    plots.log_axis(axes, "both")
    for name in map(str, results["dtype"].values):
        errors = results["relative_error"].sel(dtype=name).isel(seed=0)
        axes.plot(errors["num_terms"], errors.where(errors > 0), "o-", label=name)
    axes.set(
        xlabel=plots.axis_name(results, "num_terms"),
        ylabel=plots.axis_name(results, "relative_error"),
    )
    plots.label_lines(axes)
    return drawing


def plot_training(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy with each type of weights, one dot for each split."""
    drawing, axes = plots.figure(
        "Accuracy on unseen digits with weights in float16, float32 and float64: one dot for each "
        "split, with mean and interval.",
        height=2.9,
    )
    accuracy = results["test_accuracy"]
    plots.strip(axes, {name: accuracy.sel(dtype=name).values for name in DTYPES})
    axes.set(xlabel=plots.axis_name(results, "test_accuracy"))
    return drawing


def plot_brighter(wrapped: np.ndarray, clipped: np.ndarray) -> "plots.BookFigure":
    """Show a brightened photograph whose numbers wrapped around beside one that was clipped."""
    drawing, panels = plots.figure(
        "The same photograph brightened twice. Left, added in uint8: the sky has turned dark, in "
        "odd colours. Right, added in float and clipped: simply brighter.",
        columns=2,
        height=2.6,
    )
    plots.image(panels[0], wrapped[::5, ::5], "added in uint8")
    plots.image(panels[1], clipped[::5, ::5], "added in float, then clipped")
    return drawing
