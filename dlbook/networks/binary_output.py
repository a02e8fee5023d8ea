"""Binarizing the output: why a sigmoid, and why linear layers collapse into one."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras

# The idea


def classify(logits: ArrayLike, threshold: float = 0.0) -> np.ndarray:
    """Decide between two classes: 1 where the logit lies above the threshold.

    A logit of 0 is a probability of one half, so 0 is the threshold for logits
    and 0.5 the one for probabilities.

    Args:
        logits: Raw outputs of a model, any shape with one axis or more.
        threshold: The value above which the answer is class 1.

    Returns:
        Classes 0 and 1 as integers, same shape.

    Raises:
        ValueError: `logits` is empty or not finite.

    Example:
        >>> classify([-3, 0.2, 5])
        array([0, 1, 1])
    """
    return (numbers(logits, "logits") > threshold).astype(int)


def collapse(
    kernels: Sequence[ArrayLike], biases: Sequence[ArrayLike]
) -> tuple[np.ndarray, np.ndarray]:
    r"""Fold linear layers into one: $(xW_1 + b_1)W_2 + b_2 = x(W_1W_2) + (b_1W_2 + b_2)$.

    Args:
        kernels: Weights of each layer in order, shapes (inputs, units).
        biases: Biases of each layer in order, shapes (units,).

    Returns:
        The kernel and the bias of the one layer that computes the same.

    Raises:
        ValueError: There are no layers, not one bias per kernel, or shapes that do not follow
            on one another.

    Example:
        >>> kernel, bias = collapse([[[2.0]], [[3.0]]], [[1.0], [1.0]])
        >>> print(kernel, bias)
        [[6.]] [4.]
    """
    if len(kernels) != len(biases) or not kernels:
        raise ValueError(
            "`kernels` and `biases` must hold one entry for each layer, at least one. "
            f"Received: {len(kernels)} kernels and {len(biases)} biases"
        )
    kernel, bias = numbers(kernels[0], "kernels", rank=2), numbers(biases[0], "biases", rank=1)
    for next_kernel, next_bias in zip(kernels[1:], biases[1:], strict=True):
        next_kernel = numbers(next_kernel, "kernels", rank=2)
        if kernel.shape[1] != next_kernel.shape[0]:
            raise ValueError(
                f"`kernels` must follow on one another: {kernel.shape[1]} units go into the next "
                f"layer. Received: a kernel of shape {next_kernel.shape}"
            )
        kernel, bias = kernel @ next_kernel, bias @ next_kernel + numbers(next_bias, "biases")
    return kernel, bias


def connections(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Count weights and biases of each fully connected layer.

    Args:
        sizes: Number of inputs, then the units of each layer; at least two numbers above 0.

    Returns:
        A pair (weights, biases) for each layer.

    Raises:
        ValueError: There are fewer than two sizes, or one is below 1.

    Example:
        >>> connections([2, 16, 1, 1])
        [(32, 16), (16, 1), (1, 1)]
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"`sizes` must hold at least two whole numbers above 0. Received: {sizes!r}"
        )
    return [(before * after, after) for before, after in pairwise(sizes)]


def build_classifier(
    hidden_units: Sequence[int], activation: str | None = "relu", num_features: int = 2
) -> "keras.Sequential":
    """Build a network for two classes that ends in one logit.

    Args:
        hidden_units: Units of each hidden layer; empty for a single perceptron.
        activation: Activation of the hidden layers; "linear" for none.
        num_features: Number of inputs.

    Returns:
        An untrained model from shape (batch, num_features) to (batch, 1).

    Example:
        >>> build_classifier([16, 1]).count_params()
        67
    """
    import keras

    hidden = [keras.layers.Dense(units, activation=activation) for units in hidden_units]
    return keras.Sequential([keras.Input((num_features,)), *hidden, keras.layers.Dense(1)])


# The experiment

LOGIT_LOSS = "binary_crossentropy_from_logits"


def one_output(output: str) -> "keras.Sequential":
    """Build a perceptron whose output is a trained threshold, a raw number or a sigmoid."""
    import keras

    def threshold(value):
        return keras.ops.cast(value > 0, value.dtype)

    activation = {"trained threshold": threshold, "raw number": None, "sigmoid": "sigmoid"}
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, activation=activation[output])]
    )


def far_points(seed: int, distance: float) -> datasets.Data:
    """Add to the two clusters five points of class 1, far out on their own side."""
    data = datasets.clusters(seed)
    extra = np.tile(np.float32([[5 + distance, 1]]), (5, 1))
    return replace(
        data,
        x_train=np.concatenate([data.x_train, extra]),
        y_train=np.concatenate([data.y_train, np.ones((5, 1), np.float32)]),
    )


def network_2_1_1(activation: str) -> "keras.Sequential":
    """Build the course's smallest network: one hidden unit."""
    return build_classifier([1], activation)


def network_with_16_units(network: str, activation: str) -> "keras.Sequential":
    """Build 2-16-1-1, the course's second network, or 2-16-1."""
    hidden_units = [16, 1] if network == "2-16-1-1" else [16]
    return build_classifier(hidden_units, activation)


def network_for_biopsies(network: str) -> "keras.Sequential":
    """Build a perceptron, or a network 30-16-1 with linear or ReLU units."""
    if network == "perceptron":
        return build_classifier([], num_features=30)
    return build_classifier([16], network.removeprefix("16 units, "), num_features=30)


def measure_collapse(seed: int, hidden_layers: int) -> dict[str, float]:
    """Return the largest difference between a random linear network and its one layer."""
    generator = np.random.default_rng(seed)
    sizes = [2, *[16] * hidden_layers, 1]
    kernels = [np.float32(generator.normal(size=pair) / 4) for pair in pairwise(sizes)]
    biases = [np.float32(generator.normal(size=units)) for units in sizes[1:]]
    inputs = outputs = datasets.clusters(seed).x_test
    for kernel, bias in zip(kernels, biases, strict=True):
        outputs = outputs @ kernel + bias
    kernel, bias = collapse(kernels, biases)
    return {"difference": float(np.abs(outputs - (inputs @ kernel + bias)).max())}


WHY_SIGMOID = Experiment(
    name="why_sigmoid",
    question="Which output learns, and which one bears points far out?",
    independent={
        "output": ("trained threshold", "raw number", "sigmoid"),
        "distance": (0, 10, 50),
    },
    trial=Training(
        one_output,
        far_points,
        by("output", {"sigmoid": "binary_crossentropy"}, default="mean_squared_error"),
        optimizer="adam",
        learning_rate=0.05,
        epochs=500,
        metrics=("accuracy",),
        keep_weights=True,
    ),
    units={"distance": "distance of five points from their group", "test_accuracy": "accuracy"},
)
LEARNING_RATE = Experiment(
    name="learning_rate",
    question="Which learning rates separate two clusters, with and without a ReLU?",
    independent={
        "activation": ("relu", "linear"),
        "learning_rate": np.linspace(0.001, 0.1, 40),
    },
    trial=Training(network_2_1_1, datasets.clusters, LOGIT_LOSS, epochs=500, metrics=("accuracy",)),
    seeds=range(50),
    units={"learning_rate": "learning rate", "test_accuracy": "accuracy"},
)
RELU_OR_NOT = Experiment(
    name="relu_or_not",
    question="Does a larger network lose by its ReLU?",
    independent={
        "network": ("2-16-1-1", "2-16-1"),
        "activation": ("relu", "linear"),
        "learning_rate": np.geomspace(0.001, 0.1, 5),
    },
    trial=Training(
        network_with_16_units, datasets.clusters, LOGIT_LOSS, epochs=1000, metrics=("accuracy",)
    ),
    units={"learning_rate": "learning rate", "test_accuracy": "accuracy"},
    full_independent={"learning_rate": np.geomspace(0.001, 0.1, 10)},
)
REAL_DATA = Experiment(
    name="real_data",
    question="Do hidden units, linear or not, help to tell tumours apart?",
    independent={"network": ("perceptron", "16 units, linear", "16 units, relu")},
    trial=Training(
        network_for_biopsies,
        datasets.breast_cancer,
        LOGIT_LOSS,
        optimizer="adam",
        batch_size=32,
        epochs=30,
        metrics=("accuracy",),
    ),
    units={"test_accuracy": "accuracy"},
)
COLLAPSE = Experiment(
    name="collapse",
    question="Is a deep linear network the same as one layer?",
    independent={"hidden_layers": (1, 2, 4, 8)},
    trial=measure_collapse,
    units={"hidden_layers": "hidden layers", "difference": "largest difference of outputs"},
)

# The claims


def sigmoid_or_raw(results):
    """Accuracy that the sigmoid adds to the raw number, by distance of the far points."""
    accuracy = results["test_accuracy"]
    return [
        Evidence.from_comparison(
            f"five points at distance {distance}",
            paired(
                accuracy.sel(output="sigmoid", distance=distance),
                accuracy.sel(output="raw number", distance=distance),
            ),
            at_least=0.01,
        )
        for distance in results["distance"].values
    ]


def gain_without_relu(small, large, real):
    """Accuracy that each network gains without its ReLU."""

    def gain(network, without, with_relu):
        return Evidence.from_comparison(network, paired(without, with_relu), at_least=0.01)

    def by_activation(results):
        accuracy = results["test_accuracy"].sel(learning_rate=slice(0.03, None))
        accuracy = accuracy.mean("learning_rate")
        return accuracy.sel(activation="linear"), accuracy.sel(activation="relu")

    biopsies = real["test_accuracy"]
    return [
        gain("2-1-1", *by_activation(small)),
        gain("2-16-1-1", *by_activation(large.sel(network="2-16-1-1"))),
        gain("2-16-1", *by_activation(large.sel(network="2-16-1"))),
        gain(
            "30-16-1, biopsies",
            biopsies.sel(network="16 units, linear"),
            biopsies.sel(network="16 units, relu"),
        ),
    ]


def folded(results):
    """Largest difference over all seeds between deep linear network and folded layer."""
    largest = results["difference"].max("seed")
    return [
        Evidence.exact(
            f"{depth} hidden layers",
            float(largest.sel(hidden_layers=depth)),
            results.sizes["seed"],
            at_most=1e-5,
        )
        for depth in results["hidden_layers"].values
    ]


def agreement_of_runs(results):
    """Rank correlation, over the learning rates, of one run per rate with the mean of 50."""
    runs = results["test_accuracy"].sel(activation="relu").transpose("seed", "learning_rate")
    return [
        Evidence.from_mean(
            "a new start for each rate", _agreement(fresh_starts(runs)), at_least=0.9
        ),
        Evidence.from_mean("the same start for every rate", _agreement(runs), at_least=0.9),
    ]


def fresh_starts(runs):
    """Put together single studies in which every learning rate has a seed of its own."""
    seeds, rates = np.indices(runs.shape)
    return runs.copy(data=runs.values[(seeds + rates) % runs.sizes["seed"], rates])


def _agreement(runs):
    from scipy.stats import spearmanr

    mean = runs.mean("seed")
    agreement = [np.ptp(run) and spearmanr(run, mean).statistic for run in runs.values]
    return runs.isel(learning_rate=0, drop=True).copy(data=agreement)


CLAIMS = (
    Claim(
        "C-binary_output-1",
        "The restricted range of the sigmoid increases stability and accuracy.",
        WHY_SIGMOID,
        sigmoid_or_raw,
        note="accuracy of the sigmoid minus that of the raw number; holds from 0.01 up",
    ),
    Claim(
        "C-binary_output-2",
        "For linear problems, removing the nonlinear functions increases accuracy.",
        (LEARNING_RATE, RELU_OR_NOT, REAL_DATA),
        gain_without_relu,
        note="accuracy without ReLU minus with it (learning rates above 0.03); holds from 0.01 up",
    ),
    Claim(
        "C-binary_output-3",
        "Without nonlinear functions all layers combine into one.",
        COLLAPSE,
        folded,
        note="largest difference of outputs; holds below 10⁻⁵, the rounding of 32-bit floats",
    ),
    Claim(
        "C-binary_output-4",
        "A good learning rate can be read from one run.",
        LEARNING_RATE,
        agreement_of_runs,
        note="rank correlation of one run per rate with the mean of 50; holds from 0.9 up",
    ),
)

# The figure

CEILING = 0.9772  # Phi(2): the best that any line can do on these clusters


def _line(results, seed: int, output: str, distance: float):
    """Return kernel and bias of one trained perceptron of `why_sigmoid`."""
    run = results.sel(seed=seed, output=output, distance=distance)
    return run["weights_0_0"].values.ravel(), run["weights_0_1"].values.item()


def plot_outputs(results, seed: int = 0):
    """Draw logits and probabilities of one trained perceptron, coloured by class."""
    data = datasets.clusters(seed)
    kernel, bias = _line(results, seed, "sigmoid", 0)
    logits = data.x_test @ kernel + bias
    figure, axes = plots.figure(
        "Probability against logit: the points lie on the S-shaped sigmoid, class 0 mostly left "
        "of logit 0 and below probability 0.5, class 1 mostly right and above."
    )
    curve = np.linspace(logits.min(), logits.max(), 200)
    axes.plot(curve, 1 / (1 + np.exp(-curve)), color="muted", linewidth=1)
    plots.reference(axes, 0.5, "threshold")
    plots.reference(axes, 0, along="y")
    for label, color, marker in ((0, "blue", "o"), (1, "orange", "s")):
        chosen = logits[data.y_test.ravel() == label]
        heights = 1 / (1 + np.exp(-chosen))
        axes.plot(chosen, heights, marker, color=color, alpha=0.5, label=f"class {label}")
    axes.set(xlabel="logit", ylabel="probability of class 1")
    axes.legend(loc="lower right")
    return figure


def plot_why_sigmoid(results):
    """Draw accuracy against the distance of the far points, one line for each output."""
    figure, axes = plots.curves(
        results,
        "test_accuracy",
        "distance",
        "output",
        alt="Accuracy against distance of five far points: the sigmoid stays high, the raw "
        "number falls, the trained threshold stays near one half.",
    )
    plots.reference(axes, CEILING, "best possible line")
    return figure


def plot_boundaries(results, distance: float, seed: int = 0):
    """Draw where the raw number and the sigmoid put the boundary, with far points."""
    data = far_points(seed, distance)
    figure, axes = plots.figure(
        "Two groups of points with two boundaries: that of the raw number lies off the middle, "
        "that of the sigmoid between the groups."
    )
    plots.points(axes, data.x_train[:-5], data.y_train[:-5].ravel().astype(int))
    height = np.array([-2.0, 4.0])
    for output, level, color in (("raw number", 0.5, "red"), ("sigmoid", 0, "green")):
        kernel, bias = _line(results, seed, output, distance)
        places = (level - bias - kernel[1] * height) / kernel[0]
        axes.plot(places, height, color=color, label=output)
    axes.set(xlabel="first feature", ylabel="second feature", ylim=height)
    plots.label_lines(axes)
    return figure


def plot_collapse(seed: int = 0):
    """Draw the logits of a deep linear network and of the layer that it folds into."""
    import keras

    keras.utils.set_random_seed(seed)
    model = build_classifier([16, 16, 16], "linear")
    kernel, bias = collapse(model.get_weights()[0::2], model.get_weights()[1::2])
    x, y = np.meshgrid(np.linspace(-2, 8, 40), np.linspace(-3, 5, 40))
    grid = np.stack([x, y], axis=-1)
    deep = np.asarray(model(grid.reshape(-1, 2))).reshape(x.shape)
    figure, axes = plots.figure(
        "Two panels with the same parallel contour lines of the logit: a deep linear network "
        "and the one layer that it folds into.",
        columns=2,
        sharey=True,
    )
    logits = {"three hidden layers": deep, "one layer": (grid @ kernel + bias)[..., 0]}
    for panel, (title, values) in zip(axes, logits.items(), strict=True):
        panel.contour(x, y, values, levels=9, colors="blue", linewidths=0.9)
        panel.set(title=title, xlabel="first feature")
    axes[0].set(ylabel="second feature")
    return figure


def plot_learning_rate(results):
    """Draw every network as a dot and the mean as a line, with ReLU and without."""
    figure, axes = plots.figure(
        "Accuracy against learning rate, one dot per network: with ReLU in two bands near 0.5 "
        "and near 0.97, without it in one band near 0.97 beyond the smallest rates.",
        rows=2,
        height=6,
        sharex=True,
        sharey=True,
    )
    rates = results["learning_rate"]
    for panel, activation in zip(axes, results["activation"].values, strict=True):
        accuracy = results["test_accuracy"].sel(activation=activation)
        plots.dots(panel, rates, accuracy.transpose("learning_rate", "seed").values, color="sky")
        plots.band(panel, rates, mean_interval(accuracy), color="blue")
        panel.set(title=f"hidden unit: {activation}", ylabel="accuracy on fresh points")
    axes[-1].set(xlabel="learning rate")
    return figure


def plot_single_runs(results, people: Sequence[int] = (0, 1, 2)):
    """Draw what three people with one network per rate would have seen, with ReLU."""
    runs = results["test_accuracy"].sel(activation="relu").transpose("seed", "learning_rate")
    figure, axes = plots.figure(
        "Accuracy against learning rate for three studies of one run per rate: three jagged "
        "curves that jump between 0.5 and 0.97."
    )
    for person, color in zip(people, plots.CYCLE, strict=False):
        study = fresh_starts(runs).isel(seed=person)
        axes.plot(results["learning_rate"], study, "o-", color=color, label=f"study {person + 1}")
    axes.set(xlabel="learning rate", ylabel="accuracy on fresh points")
    plots.label_lines(axes)
    return figure


def plot_relu_or_not(results):
    """Draw mean accuracy against learning rate, with ReLU and without, for both networks."""
    figure, panels = plots.figure(
        "Accuracy against learning rate, with and without ReLU: 2-16-1-1 loses by its ReLU, "
        "2-16-1 does not.",
        columns=2,
        sharey=True,
    )
    for panel, network in zip(panels, results["network"].values, strict=True):
        plots.log_axis(panel, "x")
        for activation in results["activation"].values:
            accuracy = results["test_accuracy"].sel(network=network, activation=activation)
            interval = mean_interval(accuracy)
            plots.band(panel, results["learning_rate"], interval, label=str(activation))
        panel.set(title=network, xlabel="learning rate")
    panels[0].set(ylabel="accuracy on fresh points")
    panels[1].legend(loc="lower right")
    return figure


def plot_real_data(results):
    """Draw the accuracy on biopsies, one dot per split, for the three networks."""
    figure, axes = plots.figure(
        "Accuracy on unseen biopsies, one dot per split, for a perceptron, a linear network and "
        "a ReLU network: the three clouds overlap."
    )
    accuracy = results["test_accuracy"]
    networks = results["network"].values
    plots.strip(axes, {str(name): accuracy.sel(network=name).values for name in networks})
    axes.set(xlabel="accuracy on unseen biopsies")
    return figure
