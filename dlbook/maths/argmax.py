"""Min, max, argmin, argmax: the best value, and the place where it stands."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval, paired
from dlbook.maths.softmax import softmax

if TYPE_CHECKING:
    import xarray as xr

# The idea


def argmax(values: ArrayLike) -> int:
    """Find where the largest value stands, counted from 0. Of equal ones the first wins.

    Args:
        values: The list, shape (num_values,).

    Returns:
        The place, from 0 to num_values - 1.

    Raises:
        ValueError: `values` is not one list, is empty, or holds nan or infinity.

    Example:
        >>> argmax([1, 40, 2, -3])
        1
    """
    row = numbers(values, "values", rank=1)
    place = 0
    for candidate in range(1, len(row)):
        if row[candidate] > row[place]:
            place = candidate
    return place


def argmin(values: ArrayLike) -> int:
    """Find where the smallest value stands: where the negative is largest.

    Args:
        values: The list, shape (num_values,).

    Returns:
        The place, from 0 to num_values - 1; of equal values the first.

    Raises:
        ValueError: `values` is not one list, is empty, or holds nan or infinity.

    Example:
        >>> argmin([1, 40, 2, -3])
        3
    """
    return argmax(-numbers(values, "values", rank=1))


def largest(values: ArrayLike, count: int) -> np.ndarray:
    """Find where the `count` largest values stand, the largest first (top-k).

    Args:
        values: The list, shape (num_values,).
        count: How many places to return, from 1 to num_values.

    Returns:
        The places, shape (count,); of equal values the first comes first.

    Raises:
        ValueError: `values` is not one list of finite numbers, or `count` does not fit.

    Example:
        >>> largest([1, 40, 2, -3], count=2)
        array([1, 2])
    """
    row = numbers(values, "values", rank=1)
    if not 1 <= count <= len(row):
        raise ValueError(f"`count` must lie from 1 to {len(row)}. Received: {count!r}")
    return np.argsort(-row, kind="stable")[:count]


def predicted_class(probabilities: ArrayLike) -> np.ndarray:
    """Name the class to which each example most probably belongs: argmax along the row.

    Args:
        probabilities: One row per example, shape (num_examples, num_classes). Raw numbers
            (logits) give the same answer, because softmax keeps the order.

    Returns:
        The classes, shape (num_examples,).

    Raises:
        ValueError: `probabilities` is not a table, is empty, or holds nan or infinity.

    Example:
        >>> predicted_class([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
        array([0, 2])
    """
    return numbers(probabilities, "probabilities", rank=2).argmax(axis=-1)


# The experiment


def measure_places(seed: int) -> dict[str, float]:
    """Return 1 if argmax finds the maximum, and how many classes softmax changes in a batch."""
    generator = np.random.default_rng(seed)
    row, batch = generator.normal(size=20), generator.normal(scale=3, size=(32, 10))
    moved = predicted_class(batch) != predicted_class(softmax(batch))
    return {"found": float(row[argmax(row)] == row.max()), "moved": float(moved.sum())}


def measure_winner(seed: int, num_models: int) -> dict[str, float]:
    """Score equally good models with noise, and the winner again with fresh noise."""
    scores, fresh_scores = np.random.default_rng(seed).normal(size=(2, num_models))
    winner = argmax(scores)
    return {
        "best_score": float(scores[winner]),
        "score_again": float(fresh_scores[winner]),
        "winner_position": winner,
    }


PLACES = Experiment(
    name="places",
    question="Does argmax find the maximum, and does softmax move it?",
    independent={},
    trial=measure_places,
    seeds=range(1000),
    units={"found": "1 if the maximum stands there", "moved": "examples whose class changed"},
)
BEST_OF_MANY = Experiment(
    name="best_of_many",
    question="Is the best of many models as good as its score?",
    independent={"num_models": (1, 2, 5, 10, 20, 50, 100)},
    trial=measure_winner,
    seeds=range(2000),
    units={
        "num_models": "number of models",
        "best_score": "score of the winner",
        "score_again": "score of the winner, measured again",
        "winner_position": "place of the winner",
    },
)

# The claims


def place_of_the_maximum(results: "xr.Dataset") -> Evidence:
    """Share of random lists in which the maximum stands at argmax."""
    found = results["found"]
    return Evidence.exact(
        "20 random numbers: share found", float(found.mean()), found.size, at_least=1
    )


def same_winner(results: "xr.Dataset") -> Evidence:
    """How many examples of all batches change their class through softmax."""
    moved = results["moved"]
    return Evidence.exact(
        "32,000 examples, ten classes: changed", float(moved.sum()), moved.size, at_most=0
    )


def as_good_as_its_score(results: "xr.Dataset") -> list[Evidence]:
    """Score of the winner minus its score when measured again, by number of models."""
    return [
        Evidence.from_comparison(
            f"best of {count}",
            paired(
                results["best_score"].sel(num_models=count),
                results["score_again"].sel(num_models=count),
            ),
            at_most=0.1,
        )
        for count in (2, 10, 100)
    ]


CLAIMS = (
    Claim(
        "C-argmax-1",
        "Max finds the highest value of a set, argmax finds where it is.",
        PLACES,
        place_of_the_maximum,
        note="share of 1,000 lists in which the highest value stands at argmax; holds at 1",
    ),
    Claim(
        "C-argmax-2",
        "Softmax does not change which class wins.",
        PLACES,
        same_winner,
        note="examples whose class changes in 1,000 batches; holds at 0",
    ),
    Claim(
        "C-argmax-3",
        "The best of many models is as good as its score.",
        BEST_OF_MANY,
        as_good_as_its_score,
        note="score minus score on fresh data, for models that are all alike; holds up to 0.1",
    ),
)

# The figure


def plot_vector(values: ArrayLike) -> "plots.BookFigure":
    """Draw a list as boxes with its places below, maximum and minimum tinted."""
    row = numbers(values, "values", rank=1)
    high, low = argmax(row), argmin(row)
    drawing, axes = plots.diagram(
        f"A list of {len(row)} numbers in boxes. The largest, {row[high]:g}, stands at place "
        f"{high}, the smallest, {row[low]:g}, at place {low}.",
        height=1.9,
    )
    left = 3.2 - 0.25 * len(row)
    plots.matrix(axes, row, corner=(left, 0.8), highlight=[(0, high), (0, low)])
    for place in range(len(row)):
        axes.text(left + 0.25 + 0.5 * place, 0.6, str(place), ha="center", color="muted")
    axes.text(left - 0.15, 0.98, "values", ha="right")
    axes.text(left - 0.15, 0.6, "places", ha="right", color="muted")
    for place, name, height in ((high, "max", 1.45), (low, "min", 1.45)):
        axes.text(left + 0.25 + 0.5 * place, height, name, ha="center", color="accent")
        axes.text(left + 0.25 + 0.5 * place, 0.25, f"arg{name}", ha="center", color="accent")
    return drawing


def plot_table(values: ArrayLike) -> "plots.BookFigure":
    """Draw a table three times: the smallest of each row, of each column, and of all."""
    table = numbers(values, "values", rank=2)
    rows, columns = table.shape
    drawing, axes = plots.diagram(
        "One table three times. The smallest number is tinted: first in each row, then in each "
        "column, then in the whole table.",
        height=0.5 * rows + 1.1,
    )
    over_all = divmod(int(table.argmin()), columns)
    marks = {
        "axis=1: rows": list(enumerate(table.argmin(axis=1))),
        "axis=0: columns": [(row, column) for column, row in enumerate(table.argmin(axis=0))],
        "no axis: all": [over_all],
    }
    for panel, (title, cells) in enumerate(marks.items()):
        corner = (0.25 + 2.1 * panel, 0.3)
        plots.matrix(axes, table, corner=corner, highlight=cells, title=title)
    return drawing


def plot_best_of_many(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the winner's score, and its score when measured again, against the number of models."""
    drawing, axes = plots.figure(
        "Score of the winner against number of models: the winning score climbs from 0 to about "
        "2.5, the same model measured again stays at 0."
    )
    plots.log_axis(axes, "x")
    for name, label in (("best_score", "winning score"), ("score_again", "measured again")):
        plots.band(axes, results["num_models"], mean_interval(results[name]), label=label)
    axes.set(xlabel="number of models", ylabel="score (truth: 0)")
    plots.label_lines(axes)
    return drawing
