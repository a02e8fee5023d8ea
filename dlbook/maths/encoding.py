"""Converting reality to numbers: one column for each category."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.least_squares import r_squared
from dlbook.lab.results import mean_interval, paired

if TYPE_CHECKING:
    import xarray as xr

# The idea


def dummy_code(labels: Iterable[Any], positive: Any) -> np.ndarray:
    """Code a yes-or-no question about each label as 1 and 0.

    Args:
        labels: One label for each example. Where there are more than two categories, all that are
            not `positive` become 0 and cannot be told apart any more.
        positive: The category that becomes 1.

    Returns:
        A vector of 0 and 1, shape (num_examples,).

    Example:
        >>> dummy_code(["toast", "soft", "toast"], positive="toast")
        array([1., 0., 1.])
    """
    return np.array([float(label == positive) for label in labels])


def one_hot(
    labels: Iterable[Hashable], categories: Sequence[Hashable], *, unknown: bool = False
) -> np.ndarray:
    """Give every category a column, and put a 1 into the column of each example's category.

    Args:
        labels: One label for each example.
        categories: All categories in the order of the columns, each once.
        unknown: Whether to put a column in front for labels that are no category.

    Returns:
        A matrix of 0 and 1, shape (num_examples, num_categories), one more column with `unknown`.
        Every row holds exactly one 1.

    Raises:
        ValueError: A category occurs twice, or a label is no category and `unknown` is false.

    Example:
        >>> one_hot(["b", "a", "b"], categories=["a", "b"])
        array([[0., 1.],
               [1., 0.],
               [0., 1.]])
    """
    labels, places = list(labels), {name: place for place, name in enumerate(categories)}
    if len(places) != len(categories):
        raise ValueError(f"`categories` must name each category once. Received: {categories!r}")
    missing = [label for label in labels if label not in places]
    if missing and not unknown:
        raise ValueError(
            f"`labels` must be among the categories {list(places)!r}. Received: {missing[0]!r}"
        )
    columns = [places.get(label, -1) + unknown for label in labels]
    matrix = np.zeros((len(labels), len(places) + unknown))
    matrix[np.arange(len(labels)), columns] = 1
    return matrix


def decode(matrix: ArrayLike, categories: Sequence[Any]) -> list[Any]:
    """Name the category of the largest number in each row: the way back from `one_hot`.

    Args:
        matrix: Shape (num_examples, num_categories); the output of a model will do as well.
        categories: In the order of the columns.

    Returns:
        One category for each row; the first of them where several are equally large.

    Raises:
        ValueError: There is not one column for each category.

    Example:
        >>> decode([[0, 1], [0.8, 0.2]], categories=["a", "b"])
        ['b', 'a']
    """
    table = numbers(matrix, "matrix", rank=2)
    if table.shape[1] != len(categories):
        raise ValueError(
            f"`matrix` must have one column for each of the {len(categories)} categories. "
            f"Received: shape {table.shape}"
        )
    return [categories[place] for place in table.argmax(axis=1)]


def drop_first(matrix: ArrayLike) -> np.ndarray:
    """Leave out the first column, which the other columns already determine.

    The first category becomes the one to compare with: its row holds only 0.

    Args:
        matrix: From `one_hot`, shape (num_examples, num_categories), with 2 columns or more.

    Returns:
        Shape (num_examples, num_categories - 1): what statistics calls dummy coding.

    Raises:
        ValueError: There is only one column, so that nothing would be left.

    Example:
        >>> drop_first([[1, 0, 0], [0, 0, 1]])
        array([[0., 0.],
               [0., 1.]])
    """
    table = numbers(matrix, "matrix", rank=2)
    if table.shape[1] < 2:
        raise ValueError(f"`matrix` must have 2 columns or more. Received: shape {table.shape}")
    return table[:, 1:]


# The experiment

NOISE = 0.3
NUM_EXAMPLES = 200  # for training, and as many for the test


def make_orders(seed: int, num_categories: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels 0, 1, 2, ... and a target that depends on the label and on chance.

    Each category has an effect of its own, drawn from a normal distribution of deviation 1.

    Returns:
        Labels and targets, shape (400,) each.
    """
    generator = np.random.default_rng(seed)
    effects = generator.normal(size=num_categories)
    labels = generator.integers(num_categories, size=2 * NUM_EXAMPLES)
    return labels, effects[labels] + NOISE * generator.normal(size=len(labels))


def encode(labels: np.ndarray, num_categories: int, encoding: str) -> np.ndarray:
    """Return a column of 1 (for the intercept) and the columns of the code beside it."""
    if encoding == "integer":
        columns = labels[:, np.newaxis]
    else:
        columns = one_hot(labels, range(num_categories))
        columns = drop_first(columns) if encoding == "dummy" else columns
    return np.column_stack([np.ones(len(labels)), columns])


def measure_encoding(seed: int, encoding: str, num_categories: int) -> dict[str, float]:
    """Fit least squares to 200 examples and return R² on 200 others."""
    labels, targets = make_orders(seed, num_categories)
    inputs = encode(labels, num_categories, encoding)
    train, test = slice(NUM_EXAMPLES), slice(NUM_EXAMPLES, None)
    weights = np.linalg.lstsq(inputs[train], targets[train])[0]
    return {"r_squared": r_squared(targets[test], inputs[test] @ weights)}


def measure_round_trip(seed: int, num_categories: int) -> dict[str, float]:
    """Code 200 random labels and decode them; return what came back and how rows add up."""
    labels = np.random.default_rng(seed).integers(num_categories, size=NUM_EXAMPLES)
    matrix = one_hot(labels, range(num_categories))
    back = np.array(decode(matrix, range(num_categories)))
    return {
        "recovered": float((back == labels).mean()),
        "wrong_rows": int(np.sum((matrix.sum(axis=1) != 1) | (matrix.max(axis=1) != 1))),
    }


INTEGER_OR_ONE_HOT = Experiment(
    name="integer_or_one_hot",
    question="Which code of a category lets a straight line predict well?",
    independent={"encoding": ("integer", "dummy", "one_hot"), "num_categories": (2, 3, 5, 10)},
    trial=measure_encoding,
    seeds=range(40),
    units={"num_categories": "number of categories", "r_squared": "R² on unseen examples"},
)
ROUND_TRIP = Experiment(
    name="round_trip",
    question="Does the one-hot code carry the label and nothing else?",
    independent={"num_categories": (1, 2, 3, 10, 100)},
    trial=measure_round_trip,
    units={
        "num_categories": "number of categories",
        "recovered": "share of labels that come back",
        "wrong_rows": "rows without exactly one 1",
    },
)

# The claims


def label_and_nothing_else(results: "xr.Dataset") -> list[Evidence]:
    """Smallest share of labels that come back, and the number of rows that are not one-hot."""
    runs = results["recovered"].size
    least, wrong = float(results["recovered"].min()), float(results["wrong_rows"].sum())
    return [
        Evidence.exact("smallest share of labels that come back", least, runs, at_least=1),
        Evidence.exact("rows without exactly one 1", wrong, runs, at_most=0),
    ]


def integer_minus_one_hot(results: "xr.Dataset") -> list[Evidence]:
    """R² that numbering the categories loses against one-hot, paired by seed."""
    found = results["r_squared"]
    return [
        Evidence.from_comparison(
            f"{count} categories: R², integer minus one-hot",
            paired(
                found.sel(encoding="integer", num_categories=count),
                found.sel(encoding="one_hot", num_categories=count),
            ),
            at_least=-0.01,
        )
        for count in map(int, results["num_categories"].values)
    ]


def dummy_like_one_hot(results: "xr.Dataset") -> Evidence:
    """Largest difference of R² between dummy and one-hot code, over all runs."""
    found = results["r_squared"]
    gap = abs(found.sel(encoding="dummy") - found.sel(encoding="one_hot"))
    return Evidence.exact("largest difference of R²", float(gap.max()), gap.size, at_most=1e-8)


CLAIMS = (
    Claim(
        "C-encoding-1",
        "One-hot rows carry the label and nothing else.",
        ROUND_TRIP,
        label_and_nothing_else,
        note="all labels must come back from the code, and every row must hold exactly one 1",
    ),
    Claim(
        "C-encoding-2",
        "Numbering the categories is just as good.",
        INTEGER_OR_ONE_HOT,
        integer_minus_one_hot,
        note="for least squares, on the same examples; holds if at most 0.01 of R² is lost",
    ),
    Claim(
        "C-encoding-3",
        "Dummy and one-hot code predict alike.",
        INTEGER_OR_ONE_HOT,
        dummy_like_one_hot,
        note="least squares with an intercept; holds up to 10⁻⁸, room for rounding",
    ),
)

# The figure


def plot_codes() -> "plots.BookFigure":
    """Draw five labels, their dummy code for one category, and their one-hot code."""
    labels, categories = ["ham", "jam", "egg", "jam", "ham"], ["egg", "ham", "jam"]
    drawing, axes = plots.diagram(
        "Five labels, ham, jam, egg, jam, ham. Left of them a vector with 1 where the label is "
        "jam, right a matrix with a column for each of egg, ham and jam and one 1 in each row.",
        height=3.5,
    )
    vector = dummy_code(labels, "jam")[:, np.newaxis]
    plots.matrix(axes, vector, corner=(0.6, 0.3), highlight=_ones(vector), title="jam?")
    plots.matrix(axes, np.array(labels)[:, np.newaxis], corner=(2.3, 0.3), title="label")
    table = one_hot(labels, categories)
    plots.matrix(axes, table, corner=(4.2, 0.3), highlight=_ones(table))
    for column, name in enumerate(categories):
        axes.text(4.45 + 0.5 * column, 2.88, name, ha="center", va="bottom", color="muted")
    axes.text(0.85, 3.2, "dummy code", ha="center", va="bottom")
    axes.text(4.95, 3.2, "one-hot code", ha="center", va="bottom")
    plots.arrow(axes, (2.15, 1.55), (1.25, 1.55))
    plots.arrow(axes, (2.95, 1.55), (4.05, 1.55))
    return drawing


def _ones(table: np.ndarray) -> list[tuple[int, int]]:
    return [(place, column) for place, column in np.argwhere(table).tolist()]


def plot_forced_order(seed: int = 3, num_categories: int = 5) -> "plots.BookFigure":
    """Draw examples of five categories, and the best line through their numbers."""
    labels, targets = make_orders(seed, num_categories)
    drawing, axes = plots.figure(
        "Five clouds of points at 0, 1, 2, 3, 4, at heights without any order. A straight line "
        "goes through all of them and misses most; short level strokes mark the five means."
    )
    shift = 0.5 * (np.arange(len(labels)) * 0.618 % 1 - 0.5)
    axes.plot(labels + shift, targets, "o", color="muted", markersize=3, alpha=0.4)
    line = np.linalg.lstsq(encode(labels, num_categories, "integer"), targets)[0]
    ends = np.array([-0.3, num_categories - 0.7])
    axes.plot(ends, line[0] + line[1] * ends, color="orange", label="integer code")
    means = [targets[labels == place].mean() for place in range(num_categories)]
    for place, mean in enumerate(means):
        label = "one-hot code" if place == num_categories - 1 else None
        axes.plot([place - 0.3, place + 0.3], [mean, mean], color="blue", label=label)
    axes.set(xlabel="number of the category", ylabel="target", xticks=range(num_categories))
    plots.label_lines(axes)
    return drawing


def plot_integer_or_one_hot(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw R² on unseen examples against the number of categories, one line for each code."""
    drawing, axes = plots.figure(
        "R² against number of categories for three codes: the integer code falls, dummy and "
        "one-hot code stay high and lie on one another."
    )
    styles = {"one_hot": ("blue", "-"), "dummy": ("green", ":"), "integer": ("orange", "-")}
    for name, (color, style) in styles.items():
        interval = mean_interval(results["r_squared"].sel(encoding=name))
        label = name.replace("_", "-")
        line = plots.band(axes, results["num_categories"], interval, label=label, color=color)
        line.set(linestyle=style)
    axes.set(
        xlabel=plots.axis_name(results, "num_categories"),
        ylabel=plots.axis_name(results, "r_squared"),
        xticks=results["num_categories"].values,
    )
    plots.label_lines(axes)
    return drawing
