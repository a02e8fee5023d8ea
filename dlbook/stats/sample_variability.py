"""Sample variability: another sample, another number; and what no number of samples can cure."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training
from dlbook.stats.mean import mean
from dlbook.stats.variance import standard_deviation

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def draw_sample(population: ArrayLike, size: int, generator: np.random.Generator) -> np.ndarray:
    """Draw values at random, each as likely as any other, and put each back (with replacement).

    Args:
        population: All values there are, shape (num_values,).
        size: How many to draw, 1 or more; may be more than there are.
        generator: Where the randomness comes from.

    Returns:
        The sample, shape (size,).

    Raises:
        ValueError: `population` is not one list of finite numbers, or `size` is below 1.

    Example:
        >>> draw_sample([7, 7], 3, np.random.default_rng(0))
        array([7., 7., 7.])
    """
    return _draw(population, (_at_least_one(size, "size"),), generator)


def sample_means(
    population: ArrayLike, size: int, num_samples: int, generator: np.random.Generator
) -> np.ndarray:
    r"""Draw many samples and return the mean of each; they scatter by $\sigma / \sqrt{n}$.

    Args:
        population: All values there are, shape (num_values,).
        size: Values in each sample, $n$.
        num_samples: How many samples.
        generator: Where the randomness comes from.

    Returns:
        The means, shape (num_samples,).

    Raises:
        ValueError: As `draw_sample`, or `num_samples` is below 1.

    Example:
        >>> sample_means([7, 7], 3, 2, np.random.default_rng(0))
        array([7., 7.])
    """
    shape = _at_least_one(num_samples, "num_samples"), _at_least_one(size, "size")
    return mean(_draw(population, shape, generator), axis=1)


def standard_error(values: ArrayLike) -> np.ndarray:
    r"""Estimate from one sample how far its mean may lie from the truth: $s / \sqrt n$.

    It is the standard deviation of the means of many such samples. Four times as many values
    halve it. It knows nothing of values that could not be drawn.

    Args:
        values: One random sample, shape (num_values,), two values or more.

    Returns:
        The standard error, in the unit of the values.

    Raises:
        ValueError: `values` is not one list of finite numbers, or has fewer than two.

    Example:
        >>> standard_error([1, 1, 5, 5]).round(3)
        np.float64(1.155)
    """
    sample = numbers(values, "values", rank=1)
    if len(sample) < 2:
        raise ValueError(f"`values` must hold two numbers or more. Received: {values!r}")
    return standard_deviation(sample, ddof=1) / np.sqrt(len(sample))


def biased_sample(population: ArrayLike, keep: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return only those values that had a chance to be asked.

    Args:
        population: All values there are, shape (num_values,).
        keep: Says for each value, True or False, whether it can be drawn.

    Returns:
        The values that can be drawn.

    Raises:
        ValueError: `population` is not one list of finite numbers, or `keep` keeps none.

    Example:
        >>> biased_sample([-2, 1, 3], keep=lambda values: values > 0)
        array([1., 3.])
    """
    values = numbers(population, "population", rank=1)
    kept = values[np.asarray(keep(values), bool)]
    if len(kept) == 0:
        raise ValueError(f"`keep` must keep one value or more. Received: none of {values} kept")
    return kept


def _draw(population: ArrayLike, shape: tuple[int, ...], generator: np.random.Generator):
    return generator.choice(numbers(population, "population", rank=1), size=shape)


def _at_least_one(count: int, name: str) -> int:
    if count < 1:
        raise ValueError(f"`{name}` must be 1 or more. Received: {count!r}")
    return count


# The experiment

POPULATION = (1, 2, 4, 6, 5, 4, 0, -4, 5, -2, 6, 10, -9, 1, 3, -6)
POPULATION_MEAN = 1.625
NUM_SAMPLES = 500  # samples that each run of `means` draws


def measure_means(seed: int, sample_size: int, sampling: str) -> dict[str, np.ndarray]:
    """Draw 500 samples from all values, or from the positive ones only."""
    values = np.array(POPULATION)
    if sampling == "only positive":
        values = biased_sample(values, lambda one: one > 0)
    generator = np.random.default_rng(seed)
    return {"sample_mean": sample_means(values, sample_size, NUM_SAMPLES, generator)}


def draw_points(seed: int, part: int, sampling: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw points of a square, or of its left half, and say which lie above a parabola."""
    points = np.random.default_rng([seed, part]).uniform(-2, 2, size=(count, 2))
    if sampling == "one-sided":
        points[:, 0] = -np.abs(points[:, 0])
    labels = points[:, 1:] > points[:, :1] ** 2 - 1
    return points.astype(np.float32), labels.astype(np.float32)


def ask(seed: int, sampling: str, num_examples: int) -> datasets.Data:
    """Train and validate on points of one sampling; test on the whole population."""
    return datasets.Data(
        *draw_points(seed, 0, sampling, num_examples),
        *draw_points(seed, 1, sampling, 500),
        *draw_points(seed, 2, "random", 1000),
    )


def build_classifier(classifier: str) -> "keras.Sequential":
    """Build a logistic regression or a network with two hidden layers."""
    return mlp((2, 1) if classifier == "logistic regression" else (2, 16, 16, 1))


MEANS = Experiment(
    name="means",
    question="How far from the truth is the mean of a sample?",
    independent={
        "sample_size": (1, 2, 5, 15, 50, 500),
        "sampling": ("random", "only positive"),
    },
    trial=measure_means,
    dims={"sample_mean": ("sample",)},
    units={"sample_size": "values in a sample"},
)
WHO_WAS_ASKED = Experiment(
    name="who_was_asked",
    question="What does a model learn about those who were never asked?",
    independent={
        "sampling": ("random", "one-sided"),
        "num_examples": (50, 500),
        "classifier": ("logistic regression", "network"),
    },
    trial=Training(
        build_classifier,
        ask,
        "binary_crossentropy_from_logits",
        optimizer="adam",
        learning_rate=0.03,
        epochs=150,
        metrics=("accuracy",),
    ),
    units={"num_examples": "training examples"},
)

# The claims


def deviation_of_means(results: "xr.Dataset") -> "xr.DataArray":
    """Return how far the means of 500 samples scatter, for each run."""
    return results["sample_mean"].std("sample", ddof=1)


def one_is_unreliable(results: "xr.Dataset") -> Evidence:
    """Deviation of single values, to be compared with the mean that they should tell."""
    scatter = deviation_of_means(results).sel(sample_size=1, sampling="random")
    return Evidence.from_mean("deviation of single values", scatter, at_least=POPULATION_MEAN)


def many_are_right(results: "xr.Dataset") -> list[Evidence]:
    """Distance of the average of many samples of 15 from the mean of the population."""
    averages = results["sample_mean"].sel(sample_size=15).mean("sample") - POPULATION_MEAN
    return [
        Evidence.from_mean(name, averages.sel(sampling=name), at_least=-0.1, at_most=0.1)
        for name in results["sampling"].values.tolist()
    ]


def accuracies(results: "xr.Dataset", name: str, sampling: str = "one-sided") -> "xr.DataArray":
    """Return the last accuracy of the networks with 500 examples, one per seed."""
    condition = {"sampling": sampling, "num_examples": 500, "classifier": "network"}
    chosen = results[name].sel(condition)
    return chosen.isel(epoch=-1, drop=True) if "epoch" in chosen.dims else chosen


def lost_on_others(results: "xr.Dataset") -> Evidence:
    """Held-out accuracy (same sampling) minus accuracy on the population."""
    lost = paired(accuracies(results, "val_accuracy"), accuracies(results, "test_accuracy"))
    return Evidence.from_comparison("held out − population", lost, at_least=0.05)


def lost_by_overfitting(results: "xr.Dataset") -> list[Evidence]:
    """Training accuracy minus held-out accuracy, as it is and compared with random sampling."""
    training, held_out = (accuracies(results, name) for name in ("accuracy", "val_accuracy"))
    fair = accuracies(results, "accuracy", "random") - accuracies(results, "val_accuracy", "random")
    gaps = {
        "training − held out": paired(training, held_out),
        "the same, minus that of random sampling": paired(training - held_out, fair),
    }
    return [Evidence.from_comparison(name, gap, at_least=0.05) for name, gap in gaps.items()]


CLAIMS = (
    Claim(
        "C-sample_variability-1",
        "A single measurement may be an unreliable estimate of a population parameter.",
        MEANS,
        one_is_unreliable,
        note="holds if single values scatter by more than the mean itself, 1.625",
    ),
    Claim(
        "C-sample_variability-2",
        "Averaging together many samples approximates the true population mean.",
        MEANS,
        many_are_right,
        note="average of 10,000 means of 15, minus the true mean; holds from −0.1 to 0.1",
    ),
    Claim(
        "C-sample_variability-3",
        "Non-representative sampling limits generalizability.",
        WHO_WAS_ASKED,
        lost_on_others,
        note="one-sided network, 500 examples: accuracy lost on the population; holds from 0.05 up",
    ),
    Claim(
        "C-sample_variability-4",
        "Non-representative sampling causes overfitting.",
        WHO_WAS_ASKED,
        lost_by_overfitting,
        note="the same networks: accuracy lost from training to held-out data; holds from 0.05 up",
    ),
)

# The figure


def plot_means_of_15(seed: int = 0) -> "plots.BookFigure":
    """Draw 10,000 means of 15 values and the mean of the population."""
    means = sample_means(POPULATION, 15, 10_000, np.random.default_rng(seed))
    figure, axes = plots.figure(
        "A bell-shaped heap of sample means, from about −3 to 6, around the mean of the "
        "population at 1.6.",
        height=2.8,
    )
    counts = plots.histogram(axes, means, bins=27)
    plots.reference(axes, POPULATION_MEAN, "population mean", along="y", color="accent")
    axes.set(xlabel="mean of 15 values", ylabel="samples", ylim=(0, 1.2 * np.max(counts)))
    return figure


def plot_means(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw how far the means scatter, and how far off their average is, against sample size."""
    figure, axes = plots.figure(
        "Against sample size: the scatter of the means falls along the line with the square root, "
        "but the error of the biased samples stays where it is."
    )
    plots.log_axis(axes, "both")
    sizes = results["sample_size"]
    scatter = mean_interval(deviation_of_means(results).sel(sampling="random"))
    plots.band(axes, sizes, scatter, label="random: scatter", color="blue")
    off = results["sample_mean"].sel(sampling="only positive").mean("sample") - POPULATION_MEAN
    plots.band(axes, sizes, mean_interval(off), label="biased: error", color="red")
    axes.plot(sizes, standard_deviation(POPULATION) / np.sqrt(sizes), ":", color="muted")
    axes.set(xlabel="values in a sample", ylabel="scatter or error of the mean")
    axes.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
    plots.label_lines(axes)
    return figure


def plot_who_was_asked(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the three accuracies of the networks with 500 examples, both samplings."""
    figure, axes = plots.figure(
        "Rows of dots for training, held-out and population accuracy: all high for random "
        "sampling; one-sided, only the accuracy on the population falls far behind.",
        height=4.2,
    )
    names = {"accuracy": "training", "val_accuracy": "held out", "test_accuracy": "population"}
    rows = {}
    for sampling in results["sampling"].values.tolist():
        chosen = results.sel(sampling=sampling, num_examples=500, classifier="network")
        last = chosen.isel(epoch=-1)
        rows |= {f"{sampling}, {label}": last[name].values for name, label in names.items()}
    plots.strip(axes, rows)
    axes.set(xlabel="accuracy")
    axes.locator_params(axis="x", nbins=5)
    return figure


def plot_regions(seed: int = 0) -> "plots.BookFigure":
    """Draw what a network learns from all points and from points of the left half."""
    from sklearn.neural_network import MLPClassifier

    figure, panels = plots.figure(
        "Two squares with the regions of two classes. Left, from all points: a parabola. Right, "
        "from points of the left half only: half a parabola, and a wrong border where no points "
        "were.",
        columns=2,
        height=3.4,
    )
    grid = np.linspace(-2, 2, 60)
    for panel, sampling in zip(panels, ("random", "one-sided"), strict=True):
        points, labels = draw_points(seed, 0, sampling, 300)
        model = MLPClassifier((16, 16), learning_rate_init=0.02, max_iter=600, random_state=seed)
        model.fit(points, labels.ravel())
        plots.decision_regions(
            panel, lambda places, model=model: np.asarray(model.predict(places)), (-2, 2), (-2, 2)
        )
        plots.points(panel, points, labels.ravel().astype(int), size=8)
        panel.plot(grid, np.where(grid**2 - 1 <= 2, grid**2 - 1, np.nan), color="ink")
        panel.set(title=sampling, xlim=(-2, 2), ylim=(-2, 2), xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    return figure
