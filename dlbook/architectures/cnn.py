"""Convolutional networks: small shared detectors, pooling, and a prediction from what they find."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.correlation import rank_correlation
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

HEADS = ("flatten", "global")


def small_cnn(
    input_shape: Sequence[int],
    num_classes: int,
    head: str = "flatten",
    *,
    filters: Sequence[int] = (10, 20),
    kernel_size: int = 3,
    dense_units: int = 0,
) -> "keras.Sequential":
    """Build a convolutional network: convolution and pooling, once or more, then a prediction.

    Args:
        input_shape: Height, width and channels of an image.
        num_classes: Outputs.
        head: `"flatten"`: every number of every last map goes into the prediction, with its place;
            `"global"`: only the largest number of each map does.
        filters: How many filters each convolution learns. After each one, pooling halves height
            and width (but for the last one before a global head, which takes the maximum anyway).
        kernel_size: Height and width of a filter.
        dense_units: Units of a dense layer before the prediction; 0: none.

    Returns:
        A model with logits; its convolutions are called `convolution_1`, `convolution_2`, ...

    Raises:
        ValueError: The shape is none of an image, pooling leaves nothing of it, or another
            argument is impossible.

    Example:
        >>> small_cnn((12, 12, 1), 10).count_params()
        3730
    """
    height, width, _ = shape = _image_shape(input_shape)
    sizes = {"num_classes": num_classes, "kernel_size": kernel_size}
    sizes |= {f"filters[{place}]": count for place, count in enumerate(filters)}
    for name, size in sizes.items():
        _check_count(name, size)
    _check_count("dense_units", dense_units, 0)
    if head not in HEADS or not filters:
        raise ValueError(
            f"`head` must be one of {', '.join(HEADS)}, and `filters` must not be empty. "
            f"Received: head={head!r}, filters={filters!r}"
        )
    halvings = len(filters) - (head == "global")
    if min(height, width) < 2**halvings:
        raise ValueError(
            f"`input_shape` must be {2**halvings} pixels high and wide or more, for {halvings} "
            f"poolings halve it. Received: {tuple(input_shape)}"
        )
    return _assemble(shape, num_classes, head, tuple(filters), kernel_size, dense_units)


def _assemble(
    shape: tuple, num_classes: int, head: str, filters: tuple, kernel_size: int, dense_units: int
) -> "keras.Sequential":
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input(shape)])
    for number, count in enumerate(filters, start=1):
        name = f"convolution_{number}"
        model.add(layers.Conv2D(count, kernel_size, padding="same", activation="relu", name=name))
        if head == "flatten" or number < len(filters):
            model.add(layers.MaxPooling2D())
    model.add(layers.Flatten() if head == "flatten" else layers.GlobalMaxPooling2D())
    if dense_units:
        model.add(layers.Dense(dense_units, activation="relu"))
    model.add(layers.Dense(num_classes, name="prediction"))
    return model


def _image_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    if len(sizes) != 3 or not all(_is_count(size) for size in sizes):
        raise ValueError(
            "`input_shape` must be height, width and channels, three whole numbers above 0 "
            f"(channels 1 for grey, 3 for colour). Received: {shape!r}"
        )
    return sizes


def _is_count(value: Any, least: int = 1) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least


def _check_count(name: str, value: Any, least: int = 1) -> None:
    if not _is_count(value, least):
        raise ValueError(f"`{name}` must be a whole number from {least} up. Received: {value!r}")


# The experiment

LOSS = "sparse_categorical_crossentropy_from_logits"
BATCH_SIZE, EPOCHS, RATE = 64, 12, 0.002


def known_network(network: str) -> "keras.Sequential":
    """Build one of three published kinds of network for grey images of 28 x 28 pixels.

    Args:
        network: `"course"`: conv10-pool-conv20-pool-dense50; `"keras.io"`: conv32-pool-conv64-pool;
            `"wide"`: the same with a dense layer of 128 units.

    Returns:
        A model with ten logits.
    """
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((28, 28, 1))])
    for count in (10, 20) if network == "course" else (32, 64):
        if network == "course":
            model.add(layers.ZeroPadding2D(1))
        size = 5 if network == "course" else 3
        model.add(layers.Conv2D(count, size, activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    if network == "course":
        model.add(layers.Dense(50, activation="relu"))
    else:
        model.add(layers.Dropout(0.5))
    if network == "wide":
        model.add(layers.Dense(128, activation="relu"))
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(10))
    return model


def enlarge(images: np.ndarray) -> np.ndarray:
    """Make images of 8 x 8 pixels 28 x 28: every pixel nine times, and two more on each side."""
    tripled = images.repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(tripled, ((0, 0), (2, 2), (2, 2), (0, 0)))


def pictures(seed: int, data_set: str) -> Data:
    """Load all 60,000 pictures to learn from and 10,000 for the test, or the small digits."""
    if data_set == "small digits":
        return datasets.digits(seed, validation=0, images=True).with_inputs(enlarge)
    load = datasets.mnist if data_set == "MNIST" else datasets.fashion_mnist
    return load(seed, validation=0, images=True)


def falling_rate(data_set: str) -> Any:
    """Let the rate fall to 0 along half a cosine wave, over all steps of the training."""
    import keras

    examples = 1440 if data_set == "small digits" else 60_000
    return keras.optimizers.schedules.CosineDecay(RATE, -(-examples // BATCH_SIZE) * EPOCHS)


FULL_SCALE = Training(
    known_network, pictures, LOSS, optimizer="adam", learning_rate=falling_rate,
    batch_size=BATCH_SIZE, epochs=EPOCHS, metrics=("accuracy",), keep_curves=False,
)  # fmt: skip
MNIST = Experiment(
    name="mnist",
    question="How well do small convolutional networks read 10,000 digits?",
    independent={"data_set": ("small digits",), "network": ("course", "keras.io")},
    full_independent={"data_set": ("MNIST",)},
    trial=FULL_SCALE,
    seeds=5,
)
FASHION = Experiment(
    name="fashion_mnist",
    question="And how well do they tell ten kinds of clothes apart?",
    independent={"data_set": ("small digits",), "network": ("course", "wide")},
    full_independent={"data_set": ("Fashion-MNIST",)},
    trial=FULL_SCALE,
    seeds=5,
)
