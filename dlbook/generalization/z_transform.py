"""The z-transform: subtract the mean, divide by the standard deviation."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.best_rate import at_best_rate
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import paired
from dlbook.lab.training import Training
from dlbook.stats.mean import mean
from dlbook.stats.variance import standard_deviation

if TYPE_CHECKING:
    import xarray as xr

# The idea


def mean_center(values: ArrayLike, axis: int = 0) -> np.ndarray:
    r"""Subtract the mean of every feature: $x - \bar x$.

    Args:
        values: The numbers $x$, shape (examples, ...).
        axis: The axis along which the mean is taken; 0 is that of the examples.

    Returns:
        The same shape, with mean 0 along that axis.

    Raises:
        ValueError: `values` is a single number, empty or not finite.

    Example:
        >>> print(mean_center([1.0, 2.0, 6.0]))
        [-2. -1.  3.]
    """
    array = numbers(values, "values")
    return array - np.expand_dims(mean(array, axis), axis)


def fit_z(train: ArrayLike, axis: int = 0) -> tuple[np.ndarray, np.ndarray]:
    r"""Measure what the z-transform needs: mean and standard deviation of every feature.

    A constant feature has deviation 0, by which nobody can divide. It gets 1 instead, so that
    its z-scores are 0.

    Args:
        train: The training inputs, shape (examples, ...), and no others.
        axis: The axis along which to measure; 0 is that of the examples.

    Returns:
        The means $\bar x$ and the standard deviations $s$ (division by n), kept in a shape that
        fits the inputs.

    Raises:
        ValueError: `train` is a single number, empty or not finite.

    Example:
        >>> center, spread = fit_z([[1.0, 7.0], [3.0, 7.0]])
        >>> print(center, spread)
        [[2. 7.]] [[1. 1.]]
    """
    array = numbers(train, "train")
    center = np.expand_dims(mean(array, axis), axis)
    spread = np.expand_dims(standard_deviation(array, axis=axis), axis)
    constant = np.ptp(array, axis=axis, keepdims=True) == 0
    return center, np.where(constant, 1.0, spread)


def z_transform(values: ArrayLike, mean: ArrayLike, std: ArrayLike) -> np.ndarray:
    r"""Count in standard deviations from the mean: $z = (x - \bar x) / s$.

    Args:
        values: The numbers $x$, shape (examples, ...): training inputs or any later ones.
        mean: The means $\bar x$ of the training inputs, from `fit_z`.
        std: Their standard deviations $s$, above 0.

    Returns:
        The z-scores, the same shape, without unit.

    Raises:
        ValueError: `values` is empty or not finite, or a deviation is not above 0.

    Example:
        >>> print(z_transform([1.0, 3.0, 7.0], mean=3.0, std=2.0))
        [-1.  0.  2.]
    """
    return (numbers(values, "values") - np.asarray(mean)) / _spread(std)


def invert_z(scores: ArrayLike, mean: ArrayLike, std: ArrayLike) -> np.ndarray:
    r"""Go back from z-scores to values: $x = \bar x + z\,s$.

    Args:
        scores: The z-scores, shape (examples, ...).
        mean: The means with which they were made.
        std: The standard deviations with which they were made, above 0.

    Returns:
        The values, in their own unit.

    Raises:
        ValueError: `scores` is empty or not finite, or a deviation is not above 0.

    Example:
        >>> print(invert_z([-1.0, 0.0, 2.0], mean=3.0, std=2.0))
        [1. 3. 7.]
    """
    return np.asarray(mean) + numbers(scores, "scores") * _spread(std)


def _spread(std: ArrayLike) -> np.ndarray:
    spread = np.asarray(std, dtype=float)
    if not (np.isfinite(spread) & (spread > 0)).all():
        raise ValueError(
            "`std` must hold finite numbers above 0 (a constant feature has none: give it 1). "
            f"Received: {std!r}"
        )
    return spread


# The experiment

DISTRIBUTIONS = ("normal", "exponential", "uniform", "bimodal")
PARTS = (("no", "no"), ("yes", "no"), ("no", "yes"), ("yes", "yes"))
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
PART_NAMES = ("raw", "centred only", "divided only", "z-transform")


def draw(distribution: str, num_values: int, seed: int) -> np.ndarray:
    """Draw values whose mean is not 0 and whose standard deviation is not 1.

    Args:
        distribution: "normal", "exponential", "uniform" or "bimodal" (two hills).
        num_values: How many.
        seed: The same seed gives the same values.

    Returns:
        Shape (num_values,).
    """
    generator = np.random.default_rng(seed)
    hills = generator.choice([-2.0, 2.0], num_values) + generator.normal(size=num_values)
    shapes = {
        "normal": generator.normal(size=num_values),
        "exponential": generator.exponential(size=num_values),
        "uniform": generator.uniform(size=num_values),
        "bimodal": hills,
    }
    return 50 + 8 * shapes[distribution]


def measure_shape(seed: int, distribution: str, num_values: int) -> dict[str, float]:
    """Measure location, spread and shape of a sample, before and after the z-transform."""
    from scipy.stats import kurtosis, skew

    values = draw(distribution, num_values, seed)
    looks = {"before": values, "after": z_transform(values, *fit_z(values))}
    measures = {"mean": np.mean, "sd": np.std, "skewness": skew, "kurtosis": kurtosis}
    measured = {
        f"{name}_{when}": float(measure(look))
        for when, look in looks.items()
        for name, measure in measures.items()
    }
    return measured | {f"distance_{when}": from_normal(look) for when, look in looks.items()}


def from_normal(values: np.ndarray) -> float:
    """Return the distance of a sample from the normal distribution with its mean and deviation.

    It is the largest difference between the share of values below a place and the share that the
    normal distribution has there (Kolmogorov's distance): 0 is the same, 1 the largest possible.
    """
    from scipy.stats import kstest

    return float(kstest(values, "norm", args=(np.mean(values), np.std(values))).statistic)


def cultivars(seed: int, centering: str, dividing: str) -> Data:
    """Split the wines; centre and divide the 13 measures by training numbers, or leave it."""
    data = datasets.wine(seed, scaling="none")
    center, spread = fit_z(data.x_train)
    center = center if centering == "yes" else np.zeros_like(center)
    spread = spread if dividing == "yes" else np.ones_like(spread)
    return data.with_inputs(partial(z_transform, mean=center, std=spread))


def along(seed: int, axis: str) -> Data:
    """Split the wines; z-transform every feature, or by mistake every example."""
    if axis == "features":
        return cultivars(seed, "yes", "yes")
    data = datasets.wine(seed, scaling="none")
    return data.with_inputs(lambda inputs: z_transform(inputs, *fit_z(inputs, axis=1)))


def measure_new_rows(
    seed: int, num_train: int, num_features: int = 20, num_new: int = 10_000
) -> dict[str, np.ndarray]:
    """Transform new rows with the numbers of few training rows; measure their mean and SD."""
    generator = np.random.default_rng(seed)
    train = generator.normal(50, 8, size=(num_train, num_features))
    new = z_transform(generator.normal(50, 8, size=(num_new, num_features)), *fit_z(train))
    return {"new_mean": new.mean(axis=0), "new_sd": new.std(axis=0)}


def train_on(data: object) -> Training:
    """Train the network 13-16-32-3 on wines for 100 epochs in batches of 16."""
    return Training(
        partial(mlp, (13, 16, 32, 3)),
        data,  # type: ignore
        "sparse_categorical_crossentropy_from_logits",
        batch_size=16,
        epochs=100,
        metrics=("accuracy",),
    )


SHAPE_KEPT = Experiment(
    name="shape_kept",
    question="What does the z-transform change, and what does it leave?",
    independent={"distribution": DISTRIBUTIONS, "num_values": (20, 200, 2000)},
    trial=measure_shape,
)
PARTS_STUDY = Experiment(
    name="parts",
    question="Which half of the z-transform helps a network?",
    independent={
        "centering": ("no", "yes"),
        "dividing": ("no", "yes"),
        "learning_rate": RATES,
    },
    trial=train_on(cultivars),
    units={"learning_rate": "learning rate"},
)
NEW_DATA = Experiment(
    name="new_data",
    question="Do new rows get mean 0 and standard deviation 1?",
    independent={"num_train": (10, 30, 100)},
    trial=measure_new_rows,
    dims={"new_mean": ("feature",), "new_sd": ("feature",)},
)
AXIS = Experiment(
    name="axis",
    question="What if every example is transformed, and not every feature?",
    independent={"axis": ("features", "examples"), "learning_rate": RATES},
    trial=train_on(along),
)


# The claims


def nearer_to_normal(results: "xr.Dataset") -> list[Evidence]:
    """Change of the distance from a normal distribution, for samples that are not normal."""
    change = (results["distance_after"] - results["distance_before"]).sel(num_values=2000)
    return [
        Evidence.from_mean(name, change.sel(distribution=name), at_most=-0.01)
        for name in DISTRIBUTIONS[1:]
    ]


def cost_of_leaving_out(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy of the whole transform minus that of one half, each at its best rate."""
    accuracy = at_best_rate(results)
    whole = accuracy.sel(centering="yes", dividing="yes")
    halves = {"without centring": ("no", "yes"), "without division": ("yes", "no")}
    return [
        Evidence.from_comparison(
            name, paired(whole, accuracy.sel(centering=one, dividing=two)), at_least=0.01
        )
        for name, (one, two) in halves.items()
    ]


def new_rows_are_standard(results: "xr.Dataset") -> list[Evidence]:
    """How far mean and deviation of the new rows are from 0 and 1."""
    misses = {"mean": abs(results["new_mean"]), "deviation": abs(results["new_sd"] - 1)}
    return [
        Evidence.from_mean(
            f"{name}, {count} training rows", miss.mean("feature").sel(num_train=count),
            at_most=0.01,
        )
        for name, miss in misses.items()
        for count in results["num_train"].values.tolist()
    ]  # fmt: skip


def training_rows_are_standard(results: "xr.Dataset") -> list[Evidence]:
    """Largest distance of mean and deviation of the transformed sample from 0 and 1."""
    runs = results["mean_after"].size
    misses = {"mean": abs(results["mean_after"]), "deviation": abs(results["sd_after"] - 1)}
    return [
        Evidence.exact(f"largest miss of the {name}", float(miss.max()), runs, at_most=1e-6)
        for name, miss in misses.items()
    ]


CLAIMS = (
    Claim(
        "C-z_transform-1",
        "The z-transform makes data normally distributed.",
        SHAPE_KEPT,
        nearer_to_normal,
        note="change of the largest distance from a normal distribution, 2,000 values that are not "
        "normal; holds if it falls by 0.01 or more",
    ),
    Claim(
        "C-z_transform-2",
        "A network needs both halves, centring and division.",
        PARTS_STUDY,
        cost_of_leaving_out,
        note="test accuracy of the whole transform minus that of one half, each at the rate with "
        "the best validation accuracy, paired; holds from 0.01 up",
    ),
    Claim(
        "C-z_transform-3",
        "New data get mean 0 and standard deviation 1 as well.",
        NEW_DATA,
        new_rows_are_standard,
        note="mean distance from 0, or from 1; holds up to 0.01",
    ),
    Claim(
        "C-z_transform-4",
        "Subtracting the mean and dividing by the standard deviation gives mean 0 and standard "
        "deviation 1.",
        SHAPE_KEPT,
        training_rows_are_standard,
        note="the values that the mean was taken of; holds up to 1e-6",
    ),
)

# The figure


def plot_steps(seed: int = 0) -> "plots.BookFigure":
    """Draw one feature of the wines raw, centred, and divided."""
    data = datasets.wine(seed, scaling="none")
    proline = data.x_train[:, datasets.feature_names("wine").index("proline")].astype(float)
    center, spread = fit_z(proline)
    steps = {
        "raw, x": (proline, "mg per litre"),
        "centred, x − mean": (mean_center(proline), "mg per litre from the mean"),
        "divided, (x − mean) / s": (z_transform(proline, center, spread), "z, no unit"),
    }
    drawing, panels = plots.figure(
        "Three histograms of the same 106 wines below one another. The outline is the same in all "
        "three; only the numbers on the axis change.",
        rows=3,
        height=7.2,
    )
    for panel, (title, (values, unit)) in zip(panels, steps.items(), strict=True):
        plots.histogram(panel, values, bins=18)
        plots.reference(panel, float(values.mean()), "mean", along="y", color="accent")
        panel.set(title=title, xlabel=unit, ylabel="wines")
    return drawing


def plot_parts(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw test accuracy as a table of what was done to the inputs and the learning rate."""
    accuracy = results["test_accuracy"].mean("seed")
    table = [accuracy.sel(centering=one, dividing=two).values for one, two in PARTS[::-1]]
    drawing, axes = plots.figure(
        "A table of test accuracy: four rows for raw, centred, divided and z-transformed inputs, "
        "six columns for the learning rate.",
        height=3.6,
    )
    rates = results["learning_rate"].values
    plots.heatmap(axes, np.array(table), rates, PART_NAMES[::-1], limits=(0.2, 1))
    axes.set(xlabel="learning rate")
    return drawing


def plot_new_data(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the mean of new rows, one dot per feature and seed, against the training rows."""
    drawing, axes = plots.figure(
        "Dots around the line at 0: widely scattered with 10 training rows, less with 30, little "
        "with 100; most lie between two curves that close in on 0."
    )
    plots.log_axis(axes, "x")
    counts = results["num_train"].values
    means = results["new_mean"].stack(draw=["seed", "feature"]).transpose("num_train", "draw")
    plots.dots(axes, counts, means.values, spread=0.5)
    grid = np.geomspace(8, 130, 60)
    for sign in (-2, 2):
        axes.plot(grid, sign / np.sqrt(grid), "--", color="accent", linewidth=1.3)
    plots.reference(axes, 0)
    axes.set(xlabel="training rows", ylabel="mean z of the new rows", ylim=(-1.4, 1.4))
    axes.set_xticks(counts, [str(count) for count in counts])
    return drawing
