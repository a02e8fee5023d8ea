"""Networks that are published with their results, the pictures they are for, and how they train.

Importing this module loads neither Keras nor TensorFlow.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from dlbook.lab import datasets
from dlbook.lab.datasets import Data
from dlbook.lab.levels import Level
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras

BATCH_SIZE, EPOCHS, RATE = 64, 12, 0.002
FEW_EPOCHS: dict[Level, int] = {"small digits": 4}


def known_network(network: str) -> "keras.Sequential":
    """Build one of four usual kinds of network for grey images of 28 x 28 pixels.

    Args:
        network: `"course"`: conv10-pool-conv20-pool-dense50; `"keras.io"`: conv32-pool-conv64-pool;
            `"wide"`: the same with a dense layer of 128 units; `"three blocks"`: as `three_blocks`.

    Returns:
        A model with ten logits.
    """
    import keras
    from keras import layers

    if network == "three blocks":
        return three_blocks()
    size, counts, units = (5, (10, 20), 50) if network == "course" else (3, (32, 64), 128)
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for count in counts:
        if network == "course":
            model.add(layers.ZeroPadding2D(1))
        model.add(layers.Conv2D(count, size, activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    if network != "course":
        model.add(layers.Dropout(0.5))
    if network != "keras.io":
        model.add(layers.Dense(units, activation="relu"))
    if network == "wide":
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(10))
    return model


def three_blocks() -> "keras.Sequential":
    """Build conv32-pool-conv64-pool-conv128-pool-dense128 with padding and dropout."""
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((28, 28, 1))])
    for count in (32, 64, 128):
        model.add(layers.Conv2D(count, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.25))
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
    steps = -(-examples // BATCH_SIZE) * FEW_EPOCHS.get(data_set, EPOCHS)
    return keras.optimizers.schedules.CosineDecay(RATE, steps)


FULL_SCALE = Training(
    known_network,
    pictures,
    "sparse_categorical_crossentropy_from_logits",
    optimizer="adam",
    learning_rate=falling_rate,
    batch_size=BATCH_SIZE,
    epochs=by("data_set", FEW_EPOCHS, default=EPOCHS),
    metrics=("accuracy",),
    keep_curves=False,
)
