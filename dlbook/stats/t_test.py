"""The t-test: is a difference larger than chance alone would make it?"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import paired
from dlbook.lab.training import Training
from dlbook.stats.mean import mean
from dlbook.stats.variance import variance

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def t_statistic(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    r"""Measure a difference in units of its own uncertainty (Welch).

    $$t = \frac{\bar a - \bar b}{\sqrt{s_a^2 / n_a + s_b^2 / n_b}}$$

    Large if the means are far apart, the runs agree, or the runs are many.

    Args:
        first: Results $a$ of the first model, one per run, shape (..., runs).
        second: Results $b$ of the second model, shape (..., runs); the number of runs may differ.

    Returns:
        The statistic $t$, without unit, shape (...); below 0 if the first mean is the smaller.

    Raises:
        ValueError: A model has fewer than two runs, or no run differs from another.

    Example:
        >>> t_statistic([1, 2, 3], [4, 5, 6]).round(3)
        np.float64(-3.674)

    Source:
        Welch (1947).
    """
    difference, errors = _compare(first, second)
    return difference / np.sqrt(errors[0] + errors[1])


def degrees_of_freedom(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    r"""Say how well the uncertainty itself is known (Welch and Satterthwaite).

    $$\nu = \frac{(e_a + e_b)^2}{e_a^2 / (n_a - 1) + e_b^2 / (n_b - 1)},
    \qquad e = s^2 / n$$

    Args:
        first: Results of the first model, one per run, shape (..., runs).
        second: Results of the second model, shape (..., runs).

    Returns:
        The degrees of freedom, shape (...): between one less than the runs of the smaller group
        and two less than all runs.

    Raises:
        ValueError: As `t_statistic`.

    Example:
        >>> degrees_of_freedom([1, 2, 3], [4, 5, 6])
        np.float64(4.0)
    """
    _, errors = _compare(first, second)
    counts = [np.shape(runs)[-1] for runs in (first, second)]
    parts = [error**2 / (count - 1) for error, count in zip(errors, counts, strict=True)]
    return (errors[0] + errors[1]) ** 2 / (parts[0] + parts[1])


def p_value(t: ArrayLike, degrees: ArrayLike) -> np.ndarray:
    r"""Return how often chance alone makes a $t$ at least this large: $P(|T| \ge |t|)$.

    Args:
        t: One statistic or many, any shape.
        degrees: Degrees of freedom, above 0, same shape or one number.

    Returns:
        The probability, between 0 and 1, same shape.

    Raises:
        ValueError: `t` is not finite, or `degrees` is not above 0.

    Example:
        >>> p_value(-3.674, 4).round(4)
        np.float64(0.0213)
    """
    from scipy.special import stdtr

    statistic = numbers(np.atleast_1d(t), "t").reshape(np.shape(t))
    if not np.all(np.asarray(degrees) > 0):
        raise ValueError(f"`degrees` must be above 0. Received: {degrees!r}")
    return 2 * stdtr(degrees, -np.abs(statistic))


def paired_t_statistic(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    r"""Measure the mean of the differences, run by run: $t = \bar d / (s_d / \sqrt n)$.

    For runs that share something, such as a seed. What they share cancels.

    Args:
        first: Results of the first model, shape (..., runs).
        second: Results of the second model, same shape; run i of both shares its seed.

    Returns:
        The statistic, shape (...), to be used with runs - 1 degrees of freedom.

    Raises:
        ValueError: The shapes differ, there are fewer than two runs, or all differences are equal.

    Example:
        >>> paired_t_statistic([1, 2, 3], [2, 4, 6]).round(3)
        np.float64(-3.464)
    """
    before, after = _runs(first, "first"), _runs(second, "second")
    if before.shape != after.shape:
        raise ValueError(
            f"`second` must have the shape of `first`, {before.shape}, because run i of one is "
            f"compared with run i of the other. Received: shape {after.shape}"
        )
    differences = before - after
    return t_statistic(differences, np.zeros_like(differences))


def permutation_p_value(
    first: ArrayLike, second: ArrayLike, generator: np.random.Generator, num_shuffles: int = 10_000
) -> float:
    """Shuffle the runs among the models, and count how often the difference gets as large.

    It assumes nothing but that, without a difference, every run could be of either model.

    Args:
        first: Results of the first model, shape (runs,).
        second: Results of the second model, shape (runs,).
        generator: Where the shuffles come from.
        num_shuffles: How many; the result cannot be smaller than about 1 / num_shuffles.

    Returns:
        The part of the shuffles, the true order among them, with at least this difference.

    Raises:
        ValueError: A model has fewer than two runs, or is not one list of finite numbers.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> permutation_p_value([1, 2, 3], [1, 2, 3], generator, num_shuffles=99)
        1.0
    """
    groups = numbers(first, "first", rank=1), numbers(second, "second", rank=1)
    runs = np.concatenate([_runs(groups[0], "first"), _runs(groups[1], "second")])
    shuffled = generator.permuted(np.tile(runs, (num_shuffles, 1)), axis=1)
    count = len(groups[0])
    differences = shuffled[:, :count].mean(axis=1) - shuffled[:, count:].mean(axis=1)
    seen = abs(groups[0].mean() - groups[1].mean())
    as_large = np.count_nonzero(np.abs(differences) >= seen - 1e-12)
    return float((as_large + 1) / (num_shuffles + 1))


def _runs(results: ArrayLike, name: str) -> np.ndarray:
    array = numbers(results, name)
    if array.shape[-1] < 2:
        raise ValueError(
            f"`{name}` must hold two runs or more, because one run says nothing about chance. "
            f"Received: shape {array.shape}"
        )
    return array


def _compare(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, list[np.ndarray]]:
    groups = _runs(first, "first"), _runs(second, "second")
    errors = [variance(runs, ddof=1, axis=-1) / runs.shape[-1] for runs in groups]
    if np.any(errors[0] + errors[1] == 0):
        raise ValueError(
            "`first` and `second` must not both hold equal values only: without any variation "
            f"a difference cannot be compared with chance. Received: {first!r} and {second!r}"
        )
    return mean(groups[0], -1) - mean(groups[1], -1), errors


# The experiment

COMPARISONS = 500  # comparisons that each run of `power` makes
CENTERS = ((1, 1), (5, 1), (4, 3))


def draw_groups(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the two groups of the course: 30 values around 1 and 40 around 2, deviation 1."""
    generator = np.random.default_rng(seed)
    return generator.normal(1, 1, size=30), generator.normal(2, 1, size=40)


def measure_groups(seed: int) -> dict[str, float]:
    """Return t and p for the two groups of the course."""
    first, second = draw_groups(seed)
    t = t_statistic(first, second)
    return {"t": float(t), "p": float(p_value(t, degrees_of_freedom(first, second)))}


def compare_models(seed: int, true_difference: float, num_runs: int) -> dict[str, float]:
    """Compare two models 500 times; the second is better by so many deviations of a run."""
    generator = np.random.default_rng(seed)
    first, second = generator.normal(size=(2, COMPARISONS, num_runs))
    second = second + true_difference
    t = t_statistic(first, second)
    rejected = p_value(t, degrees_of_freedom(first, second)) < 0.05
    return {"rejected": float(rejected.mean()), "wrong_order": float((t > 0).mean())}


def with_distance(inputs: np.ndarray) -> np.ndarray:
    """Add the distance from the origin as a third column."""
    return np.column_stack([inputs, np.linalg.norm(inputs, axis=1)]).astype(inputs.dtype)


def three_groups(seed: int, features: str) -> datasets.Data:
    """Draw 100 points around each of three centres, with two features or with three."""
    data = replace(datasets.clusters(seed, centers=CENTERS), x_validation=None, y_validation=None)
    return data.with_inputs(with_distance) if features == "x, y, distance" else data


def build_classifier(features: str) -> "keras.Sequential":
    """Build the network of the course: two hidden layers of 8 units, three classes."""
    return mlp((3 if features == "x, y, distance" else 2, 8, 8, 3))


COURSE_GROUPS = Experiment(
    name="course_groups",
    question="Which t do 30 values around 1 and 40 values around 2 give?",
    independent={},
    trial=measure_groups,
    seeds=range(1000),
)
POWER = Experiment(
    name="power",
    question="How many runs does it take to see a difference?",
    independent={"true_difference": (0, 0.5, 1, 2), "num_runs": (3, 5, 10, 20, 50)},
    trial=compare_models,
    units={
        "true_difference": "true difference",
        "num_runs": "runs of each model",
        "rejected": "part with p < 0.05",
    },
)
EXTRA_FEATURE = Experiment(
    name="extra_feature",
    question="Does the distance from the origin help to tell three groups apart?",
    independent={"features": ("x, y", "x, y, distance")},
    trial=Training(
        build_classifier,
        three_groups,
        "sparse_categorical_crossentropy_from_logits",
        optimizer="adam",
        epochs=200,
        metrics=("accuracy",),
    ),
    units={"test_accuracy": "accuracy on fresh data"},
)

# The claims


def false_alarms(results: "xr.Dataset") -> list[Evidence]:
    """Part of the comparisons of equal models that are called different."""
    alarms = results["rejected"].sel(true_difference=0)
    return [
        Evidence.from_mean(f"{n} runs", alarms.sel(num_runs=n), at_least=0.02, at_most=0.07)
        for n in results["num_runs"].values.tolist()
    ]


def seen_with_three(results: "xr.Dataset") -> Evidence:
    """Part of the comparisons that see a difference of one deviation with three runs."""
    seen = results["rejected"].sel(true_difference=1, num_runs=3)
    return Evidence.from_mean("3 runs", seen, at_least=0.8)


def looks_worse(results: "xr.Dataset") -> list[Evidence]:
    """Part of the comparisons in which the better model has the lower mean."""
    wrong = results["wrong_order"].sel(true_difference=0.5)
    return [
        Evidence.from_mean(f"{n} runs", wrong.sel(num_runs=n), at_most=0.05)
        for n in results["num_runs"].values.tolist()
    ]


def gain_of_distance(results: "xr.Dataset") -> Evidence:
    """Accuracy that the third feature adds, paired by seed."""
    accuracy = results["test_accuracy"]
    gain = paired(accuracy.sel(features="x, y, distance"), accuracy.sel(features="x, y"))
    return Evidence.from_comparison("accuracy with distance minus without", gain, at_least=0)


CLAIMS = (
    Claim(
        "C-t_test-1",
        "If two models are equal, the test calls them different in 5 % of the comparisons.",
        POWER,
        false_alarms,
        note="part of the comparisons with p < 0.05; holds from 0.02 to 0.07",
    ),
    Claim(
        "C-t_test-2",
        "Three runs are enough to see a difference of one deviation.",
        POWER,
        seen_with_three,
        note="part of the comparisons with p < 0.05; holds from 0.8 up",
    ),
    Claim(
        "C-t_test-3",
        "If the accuracy of a model is better, we choose that model.",
        POWER,
        looks_worse,
        note="true difference of half a deviation; how often the choice is wrong; holds up to 0.05",
    ),
    Claim(
        "C-t_test-4",
        "The distance from the origin as a third feature improves the model.",
        EXTRA_FEATURE,
        gain_of_distance,
        note="holds if the whole interval of the gain lies above 0",
    ),
)

# The figure


def plot_groups(seed: int = 0) -> "plots.BookFigure":
    """Draw the two groups of the course with their means."""
    first, second = draw_groups(seed)
    figure, axes = plots.figure(
        "Two rows of dots that overlap for the most part; their means, each with its interval, "
        "lie about one unit apart.",
        height=2.4,
    )
    plots.strip(axes, {"around 1": first, "around 2": second})
    axes.set(xlabel="value")
    return figure


def plot_shuffles(seed: int = 0) -> "plots.BookFigure":
    """Draw the differences of means that shuffling the labels gives, and the true one."""
    groups = draw_groups(seed)
    count, runs = len(groups[0]), np.concatenate(groups)
    shuffled = np.random.default_rng(seed).permuted(np.tile(runs, (5000, 1)), axis=1)
    differences = shuffled[:, :count].mean(axis=1) - shuffled[:, count:].mean(axis=1)
    figure, axes = plots.figure(
        "A bell-shaped heap of differences around 0; the difference that was measured lies far "
        "outside, on the left.",
        height=2.8,
    )
    plots.histogram(axes, differences, bins=40)
    plots.reference(axes, groups[0].mean() - groups[1].mean(), "measured", along="y", color="red")
    axes.set(xlabel="difference of means", ylabel="shuffles")
    return figure


def plot_power(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw how often a difference is seen against the number of runs."""
    alt = (
        "Part of comparisons with p below 0.05 against number of runs: flat at 0.05 without a "
        "difference, and rising sooner the larger the difference is."
    )
    figure, axes = plots.curves(results, "rejected", "num_runs", "true_difference", alt=alt)
    plots.reference(axes, 0.8, "usual aim")
    axes.set(ylim=(0, 1.05))
    counts = results["num_runs"].values.tolist()
    axes.set_xticks(counts, [str(count) for count in counts])
    return figure


def plot_extra_feature(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracies of both models, one dot per seed."""
    figure, axes = plots.figure(
        "Two rows of 20 dots, accuracy with two features and with three: the rows overlap, and "
        "their means lie nearly above each other.",
        height=2.4,
    )
    accuracy = results["test_accuracy"]
    rows = {name: accuracy.sel(features=name).values for name in results["features"].values}
    plots.strip(axes, rows)
    axes.set(xlabel="accuracy on fresh data")
    axes.locator_params(axis="x", nbins=5)
    return figure
