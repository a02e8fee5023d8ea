"""Parametric experiments: change one thing, repeat, and look."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval

if TYPE_CHECKING:
    import xarray as xr

# The idea


def estimate_centers(inputs: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Return the mean of the points of each class: all that this model learns.

    Args:
        inputs: Points, shape (num_examples, num_features).
        labels: The class of each point, 0 or 1, shape (num_examples,) or (num_examples, 1).

    Returns:
        The two centers, shape (2, num_features).

    Raises:
        ValueError: There is not one label per point, or a class has no point.

    Example:
        >>> estimate_centers([[0, 0], [2, 0], [5, 1]], [0, 0, 1])
        array([[1., 0.],
               [5., 1.]])
    """
    points, classes = numbers(inputs, "inputs", rank=2), numbers(labels, "labels").ravel()
    if len(classes) != len(points) or set(classes) != {0, 1}:
        raise ValueError(
            f"`labels` must hold a 0 or a 1 for each of the {len(points)} points, and each at "
            f"least once. Received: {len(classes)} labels with the values {sorted(set(classes))}"
        )
    return np.array([points[classes == kind].mean(axis=0) for kind in (0, 1)])


def nearest_center(inputs: ArrayLike, centers: ArrayLike) -> np.ndarray:
    r"""Give every point the class of the center that lies nearest to it.

    $\text{class}(x) = \arg\min_k \lVert x - c_k \rVert$

    Args:
        inputs: Points $x$, shape (num_examples, num_features).
        centers: One center $c_k$ per class, shape (num_classes, num_features).

    Returns:
        The number of the nearest center, shape (num_examples,); of two as near, the first.

    Raises:
        ValueError: Points and centers do not have the same number of features.

    Example:
        >>> nearest_center([[2, 1], [4, 1]], centers=[[1, 1], [5, 1]])
        array([0, 1])
    """
    points, places = numbers(inputs, "inputs", rank=2), numbers(centers, "centers", rank=2)
    if points.shape[1] != places.shape[1]:
        raise ValueError(
            f"`centers` must have {points.shape[1]} features, as the points have. "
            f"Received: shape {places.shape}"
        )
    return np.linalg.norm(points[:, None] - places, axis=-1).argmin(axis=1)


def best_accuracy(blur: float, distance: float = 4.0) -> float:
    r"""Return the accuracy of a model that knows both centers: $\Phi(d / 2\sigma)$.

    Args:
        blur: Deviation $\sigma$ of a cloud in each direction, above 0.
        distance: Distance $d$ of the two centers, above 0, in the unit of `blur`.

    Returns:
        The share of right answers, between one half and 1.

    Raises:
        ValueError: An argument is not above 0.

    Example:
        >>> round(best_accuracy(blur=1), 3)
        0.977
    """
    ratio = positive(distance, "distance") / (2 * positive(blur, "blur"))
    return (1 + math.erf(ratio / math.sqrt(2))) / 2


# The experiment


def measure_accuracy(
    seed: int, blur: float, num_examples: int = 100, distance: float = 4.0
) -> dict[str, float]:
    """Estimate both centers from a few examples, then classify 1,000 new points."""
    data = datasets.clusters(
        seed,
        centers=((1, 1), (1 + distance, 1)),
        num_examples=num_examples,
        blur=blur,
        num_test=500,
    )
    centers = estimate_centers(data.x_train, data.y_train)
    right = nearest_center(data.x_test, centers) == data.y_test.ravel()
    return {"accuracy": float(right.mean())}


BLUR = Experiment(
    name="blur",
    question="How much does blur hurt?",
    independent={"blur": (0.5, 1, 1.5, 2, 3, 4)},
    trial=measure_accuracy,
    seeds=range(20),
)
BLUR_AND_EXAMPLES = Experiment(
    name="blur_and_examples",
    question="Can more examples make up for blur?",
    independent={"num_examples": (2, 5, 20, 100), "blur": (0.5, 1, 1.5, 2, 3, 4)},
    trial=measure_accuracy,
    seeds=range(20),
    units={"num_examples": "examples per class"},
)

# The claims


def differences(results: "xr.Dataset", num_examples: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return accuracy at blur 3 minus accuracy at blur 4, for all pairs of single runs.

    Returns:
        The differences of runs with the same seed, and those of runs with different seeds.
    """
    accuracy = results["accuracy"].sel(num_examples=num_examples)
    low, high = accuracy.sel(blur=3).values, accuracy.sel(blur=4).values
    every = low[:, None] - high
    return np.diag(every), every[~np.eye(len(low), dtype=bool)].reshape(len(low), -1)


def distance_from_theory(results: "xr.Dataset") -> list[Evidence]:
    """Mean accuracy minus what theory says, for each blur."""
    return [
        Evidence.from_mean(
            f"blur {blur:g}",
            results["accuracy"].sel(blur=blur) - best_accuracy(blur),
            at_least=-0.01,
            at_most=0.01,
        )
        for blur in results["blur"].values
    ]


def wrong_order(results: "xr.Dataset") -> list[Evidence]:
    """Share of single runs after which one would take blur 4 for the easier one."""
    same, other = differences(results)
    return [
        Evidence.from_mean("another seed for each blur", (other <= 0).mean(axis=1), at_most=0.05),
        Evidence.from_mean("the same seed for both", same <= 0, at_most=0.05),
    ]


def interaction(results: "xr.Dataset") -> Evidence:
    """What 98 more examples add at blur 4, minus what they add at blur 0.5."""
    accuracy = results["accuracy"]
    gain = accuracy.sel(num_examples=100) - accuracy.sel(num_examples=2)
    difference = gain.sel(blur=4) - gain.sel(blur=0.5)
    return Evidence.from_mean("blur 4 against 0.5", difference, at_least=-0.01, at_most=0.01)


CLAIMS = (
    Claim(
        "C-parametric_experiments-1",
        "Manipulating one variable systematically reveals its effect.",
        BLUR,
        distance_from_theory,
        note="mean accuracy minus the theory; holds if within 0.01",
    ),
    Claim(
        "C-parametric_experiments-2",
        "One run per condition is enough.",
        BLUR_AND_EXAMPLES,
        wrong_order,
        note="share of pairs of single runs, 2 examples, that do not put blur 3 before blur 4; "
        "holds up to 0.05",
    ),
    Claim(
        "C-parametric_experiments-3",
        "Two variables can be read one by one.",
        BLUR_AND_EXAMPLES,
        interaction,
        note="gain of accuracy from 2 to 100 examples, compared between blurs; "
        "holds if the gains differ by 0.01 at most",
    ),
)

# The figure


def plot_anatomy() -> "plots.BookFigure":
    """Draw the five stations of an experiment, with our example beside them."""
    stations = {
        "question": "How much does blur hurt?",
        "levels": "blur 0.5, 1, 1.5, 2, 3, 4",
        "trials": "one for each level and seed",
        "table": "6 levels × 20 seeds",
        "figure": "accuracy against blur",
    }
    drawing, axes = plots.diagram(
        "Five boxes from top to bottom: question, levels, trials, table and figure, with arrows "
        "down and an example beside each.",
        height=4.4,
    )
    places = [(1.2, 4.05 - 0.9 * row) for row in range(len(stations))]
    for place, (name, example) in zip(places, stations.items(), strict=True):
        plots.box(axes, place, name, width=1.6, height=0.56)
        axes.text(2.35, place[1], example, va="center", fontsize=13)
    for x, y in places[:-1]:
        plots.arrow(axes, (x, y - 0.3), (x, y - 0.6))
    return drawing


def plot_two_clouds() -> "plots.BookFigure":
    """Draw the two classes of points with little and with much blur."""
    drawing, panels = plots.figure(
        "Two pairs of point clouds: with blur 1 they stand apart, with blur 3 they overlap.",
        columns=2,
        height=3.3,
    )
    for axes, blur in zip(panels, (1, 3), strict=True):
        data = datasets.clusters(0, blur=blur, num_examples=60, num_test=0)
        plots.points(axes, data.x_train, data.y_train.ravel(), size=14)
        axes.set(title=f"blur {blur}", xlim=(-8, 14), ylim=(-10, 12), xlabel="", ylabel="")
    return drawing


def plot_blur(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy against blur: each run, the mean with its interval, and the theory."""
    drawing, axes = plots.figure(
        "Accuracy against blur: dots fall from 1 to about 0.7, and their means lie on the curve "
        "of the theory."
    )
    blurs, accuracy = results["blur"].values, results["accuracy"]
    grid = np.linspace(blurs[0], blurs[-1], 60)
    truth = [best_accuracy(blur) for blur in grid]
    axes.plot(grid, truth, color="accent", zorder=1)
    plots.dots(axes, blurs, accuracy.transpose("blur", "seed").values)
    interval = mean_interval(accuracy)
    half = interval["high"] - interval["mean"]
    axes.errorbar(blurs, interval["mean"], half, fmt="o", color="ink", markersize=4, zorder=5)
    plots.note(axes, "theory", (grid[20], truth[20]), (30, 20), color="accent")
    axes.set(xlabel="blur", ylabel="accuracy")
    return drawing


def plot_blur_and_examples(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw mean accuracy as a map of blur and number of examples."""
    drawing, axes = plots.figure(
        "A map of accuracy: it falls to the right with blur, and rises upwards with the number of "
        "examples, but only where there is much blur.",
    )
    mean = results["accuracy"].mean("seed", keep_attrs=True)
    plots.heatmap(axes, mean.transpose("num_examples", "blur").round(2))
    axes.set(xlabel="blur", ylabel="examples per class")
    return drawing


def plot_pairs(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the difference of two single runs, with the same seed and with different seeds."""
    same, other = differences(results)
    rows = np.arange(len(same))
    next_seed = other[rows, rows % other.shape[1]]
    drawing, axes = plots.figure(
        "Differences of accuracy between blur 3 and blur 4: close together for the same seed, "
        "widely scattered and often below 0 for different seeds.",
        height=2.4,
    )
    plots.strip(axes, {"same seed": same, "different seeds": next_seed})
    plots.reference(axes, 0, along="y")
    axes.set(xlabel="accuracy at blur 3 minus accuracy at blur 4")
    return drawing
