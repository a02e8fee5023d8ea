"""Convolutional networks: small shared detectors, pooling, and a prediction from what they find."""

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from dlbook.lab import plots
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.convolutional import HEADS, dense_network, feature_maps, map_correlations, small_cnn
from dlbook.lab.correlation import rank_correlation
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.moved_images import (
    LARGEST_SHIFT,
    padded_digits,
    scramble,
    shift_images,
    shifted_digits,
)
from dlbook.lab.published_networks import FULL_SCALE
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.spots import explained, gaussian_images, places, spots
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

# Later chapters use them too, so they stand in the lab.
__all__ = ["feature_maps", "gaussian_images", "map_correlations", "small_cnn"]

# The experiment

LOSS = "sparse_categorical_crossentropy_from_logits"

NETWORKS = ("MLP", "flatten", "pool, global", "global")
TRAININGS = ("intact", "scrambled", "shifted")
DIRECTIONS = tuple(step for step in product((-1, 0, 1), repeat=2) if any(step))
SHIFTS = tuple(range(LARGEST_SHIFT + 1))


def digit_network(network: str) -> "keras.Sequential":
    """Build a dense network or one of three convolutional ones for digits of 12 x 12 pixels.

    Args:
        network: `"MLP"`: 24 hidden units; `"flatten"`: pooling after both convolutions, then every
            place; `"pool, global"`: pooling after the first, then the largest number of each map;
            `"global"`: the same without pooling between.
    """
    if network != "MLP":
        head = "flatten" if network == "flatten" else "global"
        return small_cnn((12, 12, 1), 10, head, pool_size=1 if network == "global" else 2)
    return dense_network((12, 12, 1), 24, 10)


@lru_cache(maxsize=6)
def moved_tests(seed: int, size: int, scrambled: bool) -> np.ndarray:
    """Move the test images of a seed by so many pixels in every direction, one after another."""
    images, steps = padded_digits(seed).x_test, DIRECTIONS if size else ((0, 0),)
    moved = [shift_images(images, *(size * one for one in step)) for step in steps]
    together = np.concatenate(moved).astype(np.float32)
    return scramble(together, seed) if scrambled else together


def accuracy_by_shift(
    model: "keras.Model", data: Data, seed: int, training: str = "intact"
) -> dict[str, float]:
    """Measure accuracy on test images moved by 0, 1 and 2 pixels, mean of eight directions."""
    found = {}
    for size in SHIFTS:
        images = moved_tests(seed, size, training == "scrambled")
        answers = np.argmax(model(images), axis=1).reshape(-1, len(data.y_test))
        found[f"shift_{size}"] = float(np.mean(answers == data.y_test))
    return found


SHIFT = Experiment(
    name="shift_and_scramble",
    question="Does a network know a digit that has moved, and does it need neighbours?",
    independent={"network": NETWORKS, "training": TRAININGS, "epochs": (4,)},
    full_independent={"epochs": (20,)},
    trial=Training(
        digit_network, padded_digits, LOSS, optimizer="adam", learning_rate=0.003, batch_size=32,
        metrics=("accuracy",), keep_curves=False, outputs=accuracy_by_shift,
    ),
    seeds=5,
    full_seeds=20,
)  # fmt: skip


def gaussian_network(network: str = "flatten", dense_units: int = 0) -> "keras.Sequential":
    """Build a dense or a convolutional network that tells two kinds of spots apart.

    With `dense_units`, a dense layer of so many units stands before the prediction.
    """
    if network == "MLP":
        return dense_network((24, 24, 1), 8, 2)
    from keras import layers

    model = small_cnn((24, 24, 1), dense_units or 2, filters=(6, 4))
    for layer in (layers.ReLU(), layers.Dense(2)) if dense_units else ():
        model.add(layer)
    return model


GAUSSIAN = Experiment(
    name="gaussian",
    question="Does it need neighbours to tell a narrow spot from a wide one?",
    independent={"network": ("MLP", "flatten"), "pixels": ("intact", "scrambled")},
    trial=Training(
        gaussian_network, spots, LOSS, optimizer="adam", learning_rate=0.003, batch_size=32,
        epochs=10, metrics=("accuracy",), keep_curves=False,
    ),
    seeds=5,
    full_seeds=20,
)  # fmt: skip
DENSE_WIDTH = Experiment(
    name="dense_width",
    question="How wide must a dense layer after the convolutions be?",
    independent={"dense_units": (5, 100)},
    full_independent={"dense_units": tuple(range(5, 101, 5))},
    trial=GAUSSIAN.trial,
    seeds=5,
    full_seeds=20,
)


def place_network(network: str) -> "keras.Sequential":
    """Build a network that says where a spot is (x and y) and how wide."""
    if network == "MLP":
        return dense_network((24, 24, 1), 8, 3)
    return small_cnn((24, 24, 1), 3, network, filters=(6, 12))


PLACES = Experiment(
    name="places",
    question="Does a network know where a spot is if it keeps only the maximum of each map?",
    independent={"network": ("MLP", "global"), "spot": ("cut off", "whole"), "epochs": (8,)},
    full_independent={"network": ("MLP", *HEADS), "epochs": (20,)},
    trial=Training(
        place_network, places, "mean_squared_error", optimizer="adam", learning_rate=0.003,
        batch_size=32, keep_curves=False, outputs=explained,
    ),
    seeds=5,
    full_seeds=20,
)  # fmt: skip


def channel_network(first_filters: int, second_filters: int) -> "keras.Sequential":
    """Build a convolutional network for 12 x 12 pixels with so many filters in its two layers."""
    return small_cnn((12, 12, 1), 10, filters=(first_filters, second_filters))


CHANNELS = Experiment(
    name="channels",
    question="What do more filters gain?",
    independent={"first_filters": (2, 8), "second_filters": (4, 16), "epochs": (6,)},
    full_independent={"first_filters": (2, 4, 8), "second_filters": (4, 8, 16), "epochs": (20,)},
    trial=Training(
        channel_network, shifted_digits, LOSS, optimizer="adam", learning_rate=0.003,
        batch_size=32, metrics=("accuracy",), keep_curves=False,
    ),
    seeds=5,
    full_seeds=20,
)  # fmt: skip
MNIST = Experiment(
    name="mnist",
    question="How well do small convolutional networks read 10,000 digits?",
    independent={"data_set": ("small digits",), "network": ("course", "keras.io")},
    full_independent={"data_set": ("MNIST",)},
    trial=FULL_SCALE,
    full_seeds=5,
)
FASHION = Experiment(
    name="fashion_mnist",
    question="And how well do they tell ten kinds of clothes apart?",
    independent={"data_set": ("small digits",), "network": ("course", "wide", "three blocks")},
    full_independent={"data_set": ("Fashion-MNIST",)},
    trial=FULL_SCALE,
    full_seeds=5,
)

# The claims


def by_shift(results: "xr.Dataset") -> "xr.DataArray":
    """Put the accuracies on moved test images side by side, along the dimension `shift`."""
    names = [f"shift_{size}" for size in SHIFTS]
    runs = results[names].squeeze("epochs", drop=True).to_array("shift")
    return runs.assign_coords(shift=list(SHIFTS))


def change_by_shift(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy on moved images minus that on unmoved ones, for networks that saw no moved ones."""
    runs = by_shift(results).sel(training="intact", network=list(NETWORKS[1:]))
    return evidence_of_each(
        (runs - runs.sel(shift=0)).sel(shift=[1, 2]).transpose("network", "shift", "seed"),
        "{network}, moved by {shift}",
        at_least=-0.05,
    )


def loss_by_scrambling(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy on intact images minus that on scrambled ones."""
    runs = by_shift(results).sel(shift=0)
    loss = runs.sel(training="intact") - runs.sel(training="scrambled")
    convolutional = loss.sel(network=list(NETWORKS[1:]))
    dense = Evidence.from_mean("MLP, for comparison", loss.sel(network="MLP"), at_most=0.01)
    return [*evidence_of_each(convolutional, "{network}", at_least=0.01), dense]


def gap_by_training(results: "xr.Dataset") -> list[Evidence]:
    """Convolutional network minus MLP on images moved by 2, with unequal and equal training."""
    runs = by_shift(results).sel(shift=2)
    pairs = {
        "only the CNN saw moved images": ("shifted", "intact"),
        "neither did": ("intact", "intact"),
        "both did": ("shifted", "shifted"),
    }
    return [
        Evidence.from_mean(
            words,
            runs.sel(network="flatten", training=first) - runs.sel(network="MLP", training=second),
            at_least=0.3,
        )
        for words, (first, second) in pairs.items()
    ]


def error_by_filters(results: "xr.Dataset") -> list[Evidence]:
    """Rank correlation of error with the number of filters of each layer, seed by seed."""
    runs = results["test_accuracy"].squeeze("epochs", drop=True)
    errors = 1 - runs.transpose("seed", "first_filters", "second_filters")
    sizes = np.meshgrid(*(errors[name] for name in errors.dims[1:]), indexing="ij")
    return [
        Evidence.from_mean(
            f"{name} layer",
            errors[:, 0, 0].copy(data=[rank_correlation(size, one) for one in errors.values]),
            at_most=0,
        )
        for name, size in zip(("first", "second"), sizes, strict=True)
    ]


def gain_by_width(results: "xr.Dataset") -> Evidence:
    """Accuracy with the widest dense layer minus that with the narrowest."""
    runs = results["test_accuracy"]
    ends = runs.isel(dense_units=-1), runs.isel(dense_units=0)
    return Evidence.from_comparison("widest minus narrowest", paired(*ends), at_least=0.01)


CLAIMS = (
    Claim(
        "C-cnn-1",
        "A convolutional network does not mind where in the image a thing is.",
        SHIFT,
        change_by_shift,
        note="accuracy on moved digits minus that on unmoved ones, trained on unmoved ones; holds "
        "from -0.05 up",
    ),
    Claim(
        "C-cnn-2",
        "A convolutional network uses which pixels are neighbours; a dense one does not.",
        SHIFT,
        loss_by_scrambling,
        note="accuracy lost by scrambling the pixels; holds from 0.01 up for the convolutional "
        "ones, up to 0.01 for the dense one",
    ),
    Claim(
        "C-cnn-3",
        "The more filters, the smaller the error.",
        CHANNELS,
        error_by_filters,
        note="rank correlation of error and number of filters; holds below 0",
    ),
    Claim(
        "C-cnn-4",
        "The width of the dense layer matters.",
        DENSE_WIDTH,
        gain_by_width,
        note="gain in accuracy from the narrowest to the widest; holds from 0.01 up",
    ),
    Claim(
        "C-cnn-5",
        "On shifted digits a convolutional network is far better than a dense one.",
        SHIFT,
        gap_by_training,
        note="accuracy on digits moved by 2 pixels, flatten minus MLP; holds from 0.3 up (the "
        "course's gap is 0.63)",
    ),
)

# The figure


def plot_layers() -> "plots.BookFigure":
    """Draw what the three types of layers do with the height, width and number of maps."""
    drawing, axes = plots.diagram(
        "An image of 12 by 12 pixels becomes ten maps of 12 by 12 by convolution, ten of 6 by 6 by "
        "pooling, twenty of 6 by 6, twenty of 3 by 3, and a dense layer makes ten numbers of them.",
        height=3.3,
    )
    sheet = {"facecolor": plots.hex_of("ground"), "edgecolor": plots.hex_of("blue"), "zorder": 3}
    stages = ((0.55, 1.0, 1, "image\n12 x 12"), (1.7, 1.0, 5, "10 maps\n12 x 12"),
              (2.95, 0.5, 5, "10 maps\n6 x 6"), (4.0, 0.5, 8, "20 maps\n6 x 6"),
              (5.0, 0.25, 8, "20 maps\n3 x 3"))  # fmt: skip
    words = ("convo-\nlution", "pooling", "convo-\nlution", "pooling", "dense")
    for place, side, count, text in stages:
        for number in range(count):
            left, low = place - side / 2 + 0.05 * number, 1.75 - side / 2 + 0.05 * number
            right, high = left + side, low + side
            axes.fill([left, right, right, left], [low, low, high, high], **sheet)
        axes.text(place + 0.1, 0.95, text, ha="center", va="top", fontsize=12)
    for number in range(10):
        axes.plot(6.0, 1.0 + 0.17 * number, "o", markersize=7, color=plots.hex_of("orange"))
    axes.text(6.0, 0.8, "10 scores", ha="center", va="top", fontsize=12)
    for place, text in zip((1.15, 2.4, 3.5, 4.5, 5.55), words, strict=True):
        axes.text(place, 2.95, text, ha="center", va="center", fontsize=12, color="muted")
    return drawing


def plot_shift_and_scramble(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy against the shift of the test image: a panel for each kind of training."""
    runs = by_shift(results)
    drawing, panels = plots.figure(
        "Accuracy against the shift of the test image, one line for each network, in three panels: "
        "trained on digits in the middle, on scrambled ones, and on shifted ones.",
        rows=3,
        height=8,
        sharex=True,
        sharey=True,
    )
    titles = ("trained in the middle", "all pixels scrambled", "trained on shifted digits")
    for panel, training, title in zip(panels, runs["training"].values, titles, strict=True):
        for network in runs["network"].values:
            one = runs.sel(training=training, network=network).transpose("shift", "seed")
            plots.band(panel, SHIFTS, mean_interval(one), label=str(network))
        plots.reference(panel, 0.1, "guessing")
        panel.set(title=title, ylim=(0, 1.03), ylabel="accuracy")
        plots.label_lines(panel)
    panels[-1].set(xlabel="shift of the test image (pixels)", xticks=SHIFTS)
    return drawing


def plot_maps(model: "keras.Model", image: np.ndarray, layer: str) -> "plots.BookFigure":
    """Show one image and the first five maps that a layer makes of it."""
    maps = feature_maps(model, layer, image[np.newaxis])[0]
    pictures = [image, *np.moveaxis(maps, -1, 0)[:5].round(1)]
    titles = ["image", *(f"map {number}" for number in range(1, len(pictures)))]
    alt = f"An image and {len(pictures) - 1} maps that the layer {layer} makes of it: strong where "
    alt += "the filter found what it looks for."
    return plots.gallery(pictures, alt, titles=titles, columns=3)[0]


def plot_correlations(tables: dict[str, np.ndarray]) -> "plots.BookFigure":
    """Draw the correlations of the maps of a layer, one panel below another."""
    drawing, panels = plots.figure(
        "Correlation of every map of a layer with every other one, a table for each network.",
        rows=len(tables),
        height=3.9 * len(tables),
        squeeze=False,
    )
    for panel, (title, table) in zip(panels.ravel(), tables.items(), strict=True):
        numbers = np.arange(1, len(table) + 1)
        plots.heatmap(panel, table, numbers, numbers, limits=(-1, 1))
        panel.set(title=title, xlabel="map", ylabel="map")
    return drawing


def plot_gaussian(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on fresh spots, a dot for each network."""
    drawing, axes = plots.figure(
        "Accuracy on fresh spots, one row for each network with intact and with scrambled pixels.",
        height=3.4,
    )
    runs = results["test_accuracy"]
    cases = product(runs["network"].values, runs["pixels"].values)
    plots.strip(axes, {f"{a}, {b}": runs.sel(network=a, pixels=b).values for a, b in cases})
    axes.set(xlabel="accuracy on fresh spots")
    return drawing


def plot_dense_width(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on fresh spots against the width of the dense layer."""
    drawing, axes = plots.figure(
        "Accuracy on fresh spots against the units of the dense layer, mean and confidence band."
    )
    runs = results["test_accuracy"]
    plots.band(axes, runs["dense_units"].values, mean_interval(runs))
    axes.set(xlabel="units of the dense layer", ylabel="accuracy", ylim=(0.9, 1.003))
    return drawing


def plot_places(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw which share of place and of width each network explains, a dot for each run."""
    drawing, panels = plots.figure(
        "Share of the variance of place and of width that each network explains, for spots that "
        "the border cuts off and for whole ones; one row for each network and kind of spot.",
        rows=2,
        height=6.4,
        sharex=True,
    )
    cases = list(product(results["spot"].values, results["network"].values))
    for panel, name in zip(panels, ("place", "width"), strict=True):
        runs = results[name].squeeze("epochs", drop=True)
        groups = {f"{b}, {a}": runs.sel(spot=a, network=b).values for a, b in cases}
        plots.strip(panel, groups)
        plots.reference(panel, 0, along="y")
        panel.set(title=name)
    panels[-1].set(xlabel="share of the variance explained")
    return drawing


def plot_channels(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error against the filters of the second layer, a line for each first layer."""
    drawing, axes = plots.figure(
        "Error on fresh shifted digits against the number of filters of the second layer, one line "
        "for each number of filters of the first.",
    )
    plots.log_axis(axes, "x")
    errors = 1 - results["test_accuracy"].squeeze("epochs", drop=True)
    for count in errors["first_filters"].values:
        one = errors.sel(first_filters=count)
        plots.band(axes, one["second_filters"].values, mean_interval(one), label=str(count))
    counts = errors["second_filters"].values
    axes.set_xticks(counts, [str(count) for count in counts], minor=False)
    axes.set(xlabel="filters of the second layer", ylabel="error", ylim=(0, None))
    plots.label_lines(axes, title="first layer")
    return drawing


def plot_mnist(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on the test images of full-scale runs, a dot for each network."""
    runs = results["test_accuracy"].squeeze("data_set", drop=True)
    drawing, axes = plots.figure(
        "Accuracy on the test images, one row for each network, a dot for each seed.", height=2.4
    )
    plots.strip(axes, {str(one): runs.sel(network=one).values for one in runs["network"].values})
    axes.set(xlabel="accuracy on the test images")
    return drawing


plot_fashion_mnist = plot_mnist
