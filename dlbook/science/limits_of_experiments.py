"""The limits of parametric experiments: what they cost, and what carries over to other models."""

import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import check_count, numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def num_conditions(levels_per_variable: Iterable[int]) -> int:
    """Count the conditions of a full grid: the numbers of levels, multiplied.

    Args:
        levels_per_variable: How many levels each independent variable has.

    Returns:
        The number of conditions; times the seeds it is the number of runs.

    Raises:
        ValueError: A number is not whole, or is below 1.

    Example:
        >>> num_conditions([5, 11])
        55
    """
    return prod(check_count("levels_per_variable", levels) for levels in levels_per_variable)


def num_parameters(layer_sizes: Sequence[int]) -> int:
    """Count the weights and biases of a fully connected network.

    Args:
        layer_sizes: Number of inputs, then the units of each layer.

    Returns:
        For each layer inputs · units weights and one bias per unit, added up.

    Raises:
        ValueError: There are fewer than two sizes, or one is below 1.

    Example:
        >>> num_parameters([64, 32, 10])
        2410
    """
    return sum(before * after + after for before, after in _layers(layer_sizes))


def num_multiply_adds(layer_sizes: Sequence[int], num_examples: int, epochs: int = 1) -> int:
    """Count the multiplications (each with an addition) that training a network takes.

    For each example every weight costs one on the way forward and two on the way back: for its own
    blame, and to hand the blame on. The first layer has nobody to hand it on to.

    Args:
        layer_sizes: Number of inputs, then the units of each layer.
        num_examples: Training examples.
        epochs: How often each of them is seen.

    Returns:
        The number of multiply-adds in all matrix products.

    Raises:
        ValueError: A number is not whole, or is below 1, or there are fewer than two sizes.

    Example:
        >>> num_multiply_adds([2, 3, 1], num_examples=10)
        210
    """
    weights = [before * after for before, after in _layers(layer_sizes)]
    seen = check_count("num_examples", num_examples) * check_count("epochs", epochs)
    return seen * (3 * sum(weights) - weights[0])


def regret(accuracies: ArrayLike, chosen: int) -> np.ndarray:
    """Return what a setting that was chosen elsewhere costs: best accuracy minus the one there.

    Args:
        accuracies: Accuracy at each setting, shape (..., settings).
        chosen: Which setting was chosen, counted from 0.

    Returns:
        How much accuracy is lost, shape (...): 0 if the best setting was chosen.

    Raises:
        ValueError: There is no such setting.

    Example:
        >>> regret([0.5, 0.9, 0.8], chosen=2).round(2)
        np.float64(0.1)
    """
    table = numbers(accuracies, "accuracies")
    if not 0 <= chosen < table.shape[-1]:
        raise ValueError(
            f"`chosen` must be one of {table.shape[-1]} settings, counted from 0. "
            f"Received: {chosen}"
        )
    return table.max(axis=-1) - table[..., chosen]


def _layers(layer_sizes: Sequence[int]) -> list[tuple[int, int]]:
    sizes = [check_count("layer_sizes", size) for size in layer_sizes]
    if len(sizes) < 2:
        raise ValueError(f"layer_sizes must hold two numbers or more. Received: {layer_sizes!r}")
    return list(pairwise(sizes))


# The experiment

NUM_EXAMPLES = 1080  # pictures of digits from which every network learns
SMALL, RELU, SIGMOID = "8 ReLU", "64 ReLU", "64 sigmoid"
DEEP, ADAM = "4 × 32 ReLU", "64 ReLU, Adam"
NETWORKS = (SMALL, RELU, SIGMOID, DEEP, ADAM)
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def pass_back_and_forth(layer_sizes: Sequence[int], num_examples: int, seed: int) -> int:
    """Send examples forward through a ReLU network and blame back; count what is multiplied."""
    generator = np.random.default_rng(seed)
    kernels = [generator.normal(size=one).astype(np.float32) for one in pairwise(layer_sizes)]
    values = [generator.normal(size=(num_examples, layer_sizes[0])).astype(np.float32)]
    count = 0
    for kernel in kernels:
        values.append(np.maximum(values[-1] @ kernel, 0))
        count += num_examples * kernel.size
    blame = values[-1]
    for layer in reversed(range(len(kernels))):
        changes = values[layer].T @ blame
        count += num_examples * changes.size
        if layer:
            blame = (blame @ kernels[layer].T) * (values[layer] > 0)
            count += num_examples * kernels[layer].size
    return count


def measure_cost(seed: int, hidden_units: int, hidden_layers: int) -> dict[str, float]:
    """Count parameters and multiply-adds of a network for digits, and time one epoch."""
    sizes = [64, *[hidden_units] * hidden_layers, 10]
    seconds, counted = [], 0
    for _ in range(10):
        start = time.perf_counter()
        counted = pass_back_and_forth(sizes, NUM_EXAMPLES, seed)
        seconds.append(time.perf_counter() - start)
    return {
        "parameters": num_parameters(sizes),
        "multiply_adds": num_multiply_adds(sizes, NUM_EXAMPLES),
        "counted": counted,
        "seconds": min(seconds),
    }


def build_network(network: str) -> "keras.Sequential":
    """Build one of five networks that read 64 pixels and tell ten digits apart."""
    if network == DEEP:
        return mlp((64, 32, 32, 32, 32, 10), kernel_initializer="he_normal")
    units = 8 if network == SMALL else 64
    return mlp((64, units, 10), "sigmoid" if network == SIGMOID else "relu")


COST = Experiment(
    name="cost",
    question="What does a larger network cost?",
    independent={"hidden_units": (8, 32, 128, 512), "hidden_layers": (1, 2, 4)},
    trial=measure_cost,
    seeds=range(1),
    units={
        "parameters": "parameters",
        "multiply_adds": "multiply-adds per epoch",
        "seconds": "seconds per epoch",
    },
)
TRANSFER = Experiment(
    name="transfer",
    question="Which learning rate is best, and is it best elsewhere?",
    independent={"network": NETWORKS, "learning_rate": RATES},
    trial=Training(
        build_network,
        datasets.digits,
        "sparse_categorical_crossentropy_from_logits",
        optimizer=by("network", {ADAM: "adam"}, default="sgd"),
        batch_size=32,
        epochs=10,
        metrics=("accuracy",),
    ),
    units={"learning_rate": "learning rate", "test_accuracy": "accuracy on new digits"},
)

# The claims


def chosen_rates(results: "xr.Dataset") -> dict[str, int]:
    """Return for each network the place of the rate with the best mean validation accuracy."""
    accuracy = results["val_accuracy"].isel(epoch=-1).mean("seed")
    return {
        str(name): int(accuracy.sel(network=name).values.argmax())
        for name in results["network"].values
    }


def loss_of_transfer(results: "xr.Dataset", tuned_on: str, used_on: str):
    """Compare a network at its own rate with the same network at the rate of another."""
    chosen = chosen_rates(results)
    accuracy = results["test_accuracy"].sel(network=used_on)
    own, other = (accuracy.isel(learning_rate=chosen[name]) for name in (used_on, tuned_on))
    return paired(own, other)


def growth(results: "xr.Dataset") -> list[Evidence]:
    """Difference of formula and count, and the least growth from one size to the next."""
    wrong = float(abs(results["multiply_adds"] - results["counted"]).max())
    found = [Evidence.exact("formula minus count", wrong, results.sizes["seed"], at_most=0)]
    for name in ("hidden_units", "hidden_layers"):
        steps = results["multiply_adds"].transpose(name, ...).values
        least = float((steps[1:] / steps[:-1]).min())
        found.append(Evidence.exact(f"least growth, next {name}", least, 1, at_least=1))
    return found


def lost_with_adam(results: "xr.Dataset") -> Evidence:
    """What the best rate of SGD costs when Adam uses it."""
    lost = loss_of_transfer(results, tuned_on=RELU, used_on=ADAM)
    return Evidence.from_comparison("accuracy lost", lost, at_least=0.5)


def falls(results: "xr.Dataset") -> list[Evidence]:
    """The smaller of the two falls of accuracy, to the lowest and to the highest rate."""
    chosen, found = chosen_rates(results), []
    for name in results["network"].values.tolist():
        accuracy = results["test_accuracy"].sel(network=name)
        best = accuracy.isel(learning_rate=chosen[name])
        low, high = ((best - accuracy.isel(learning_rate=end)).values for end in (0, -1))
        found.append(Evidence.from_mean(name, np.minimum(low, high), at_most=0.1))
    return found


def lost_elsewhere(results: "xr.Dataset") -> list[Evidence]:
    """What the best rate of 64 ReLU units costs in each other network."""
    return [
        Evidence.from_comparison(name, loss_of_transfer(results, RELU, name), at_most=0.02)
        for name in NETWORKS
        if name != RELU
    ]


CLAIMS = (
    Claim(
        "C-limits_of_experiments-1",
        "Small models are fast to compute, large ones take long.",
        COST,
        growth,
        note="multiply-adds must be exactly as counted, and must not shrink with a larger level",
    ),
    Claim(
        "C-limits_of_experiments-2",
        "Specific findings from one model may not replicate in another.",
        TRANSFER,
        lost_with_adam,
        note="the best rate of SGD, used by Adam in the same network; holds from 0.5 up",
    ),
    Claim(
        "C-limits_of_experiments-3",
        "No finding of one model replicates in another.",
        TRANSFER,
        falls,
        note="finding: accuracy falls on both sides of the best rate; the claim needs networks in "
        "which the smaller fall is at most 0.1",
    ),
    Claim(
        "C-limits_of_experiments-4",
        "The best rate of one network (64 ReLU) can be used in others.",
        TRANSFER,
        lost_elsewhere,
        note="accuracy lost against the network's own best rate; holds up to 0.02",
    ),
)

# The figure


def plot_cost(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw multiply-adds and seconds of one epoch against the number of parameters."""
    drawing, panels = plots.figure(
        "Multiply-adds and seconds per epoch against parameters, all axes logarithmic: the counts "
        "climb along one straight line, the seconds climb, too, but flatter at the small end.",
        rows=2,
        height=5.2,
        sharex=True,
    )
    parameters = results["parameters"].isel(seed=0)
    names = {1: "1 hidden layer", 2: "2 layers", 4: "4 layers"}
    for panel, name in zip(panels, ("multiply_adds", "seconds"), strict=True):
        plots.log_axis(panel, "both")
        for layers in results["hidden_layers"].values:
            at = results.isel(seed=0).sel(hidden_layers=layers)
            panel.plot(
                parameters.sel(hidden_layers=layers), at[name], "o-", label=names[int(layers)]
            )
        panel.set(ylabel=plots.axis_name(results, name))
        plots.label_lines(panel)
    panels[-1].set(xlabel="parameters")
    return drawing


def plot_transfer(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy against learning rate for every network, with the chosen rate marked."""
    drawing, axes = plots.figure(
        "Accuracy against learning rate on a logarithmic axis, one curve for each network: each "
        "rises to a high plain and falls again, at different rates.",
        height=4.2,
    )
    plots.log_axis(axes, "x")
    chosen = chosen_rates(results)
    for name in results["network"].values.tolist():
        interval = mean_interval(results["test_accuracy"].sel(network=name))
        line = plots.band(axes, results["learning_rate"], interval, label=name)
        place = {"learning_rate": chosen[name]}
        axes.plot(
            results["learning_rate"].isel(place),
            interval["mean"].isel(place),
            "o",
            color=line.get_color(),
            markersize=9,
        )
    axes.set(xlabel="learning rate", ylabel="accuracy on new digits", ylim=(0, 1.04))
    plots.label_lines(axes)
    return drawing


def plot_regrets(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what each network loses with the rate that was best in each other one."""
    names = results["network"].values.tolist()
    losses = [[loss_of_transfer(results, row, column).effect for column in names] for row in names]
    drawing, axes = plots.figure(
        "A square table of accuracies lost, networks on which the rate was tuned by rows, networks "
        "that use it by columns: 0 on the diagonal, large numbers between SGD and Adam.",
        height=4.2,
    )
    short = [name.replace(", ", ",\n").replace(" ReLU", "\nReLU", 1) for name in names]
    plots.heatmap(axes, np.round(losses, 2), [one.replace(" sig", "\nsig") for one in short], names)
    axes.set(xlabel="used on", ylabel="tuned on")
    return drawing
