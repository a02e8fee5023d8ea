"""Handwritten digits for a generator to learn, and a classifier that judges what it draws."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets

if TYPE_CHECKING:
    import keras


class Setup(NamedTuple):
    """Sizes of a pair of networks for pictures, how they learn, and when they are looked at."""

    latent_units: int
    hidden_units: Sequence[int]
    learning_rate: float
    batch_size: int
    steps: Sequence[int]
    moments: Sequence[int]


SETUPS = {
    "digits": Setup(16, (64, 64), 0.001, 64, (3000, 100), (0, 3, 10, 30)),
    "MNIST": Setup(64, (256, 256), 0.0003, 100, (50_000, 1000), (0, 5, 17, 50)),
}


def pictures(data_set: str) -> datasets.Data:
    """Load the digits of 8x8 pixels, 1,080 to learn from and 717 to compare with, or MNIST."""
    if data_set == "MNIST":
        return datasets.mnist(0, validation=0)
    return datasets.digits(0, validation=0, test=717)


@cache
def trained_classifier(data_set: str) -> "keras.Model":
    """Train a network that judges pictures: it gives 32 features and ten scores."""
    import keras

    keras.utils.set_random_seed(0)
    data = pictures(data_set)
    inputs = keras.Input(data.x_train.shape[1:])
    features = keras.layers.Dense(64, "relu")(inputs)
    features = keras.layers.Dense(32, "relu")(features)
    scores = keras.layers.Dense(10)(features)
    model = keras.Model(inputs, scores)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=True)  # type: ignore
    epochs = 60 if data_set == "digits" else 4
    model.fit(data.x_train, data.y_train, batch_size=32, epochs=epochs, verbose=0)  # type: ignore
    return keras.Model(inputs, [features, scores])


def judged(data_set: str, images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Give features and scores of pictures."""
    features, scores = trained_classifier(data_set)(np.asarray(images, dtype=np.float32))
    return np.asarray(features), np.asarray(scores)
