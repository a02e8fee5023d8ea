"""Five thousand photographs of CIFAR-10, and what networks see in them."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dlbook.lab import datasets
from dlbook.lab.pretrained import fit_to_network, imagenet_network

NUM_TRAIN, NUM_TEST = 4000, 1000


@cache
def photographs() -> tuple[NDArray, NDArray]:
    """Return 5,000 photographs of 32x32 pixels, from 0 to 1, and the class of each, 0 to 9.

    Raises:
        MissingDataError: CIFAR-10 is neither there nor to be had.
    """
    data = datasets.cifar10(0, num_examples=NUM_TRAIN, validation=0)
    test = slice(NUM_TEST)
    inputs = np.concatenate([data.x_train, data.x_test[test]])
    return inputs, np.concatenate([data.y_train, data.y_test[test]])


@cache
def seen_by(weights: str | None, seed: int = 0) -> NDArray:
    """Compute what MobileNetV2 sees in the photographs.

    Args:
        weights: As in `imagenet_network`.
        seed: Draws the weights of an untrained network.

    Returns:
        1,280 features for each photograph.

    Raises:
        MissingDataError: The weights or the photographs are neither there nor to be had.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = imagenet_network(weights=weights)
    parts = np.array_split(255 * photographs()[0], 50)
    return np.concatenate([np.asarray(model(fit_to_network(part))) for part in parts])
