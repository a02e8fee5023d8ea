"""Five thousand photographs of CIFAR-10, and what networks see in them."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dlbook.lab import datasets
from dlbook.lab.datasets import Data
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


def z_scores(features: NDArray, known: NDArray) -> NDArray:
    """Bring features to mean 0 and standard deviation 1, as measured on known examples.

    In a deep network that was never trained the numbers fade from layer to layer. A head could
    learn nothing from features of a millionth of a millionth, however different they are.

    Args:
        features: Shape (examples, features).
        known: Those of the examples to learn from, shape (some, features).

    Returns:
        The features, same shape; 0 where all known examples have the same number.

    Example:
        >>> z_scores(np.array([[1e-12, 5], [3e-12, 5]]), np.array([[1e-12, 5], [3e-12, 5]]))
        array([[-1.,  0.],
               [ 1.,  0.]])
    """
    differ = np.ptp(known, axis=0) > 0
    spread = np.where(differ, known.std(axis=0), 1)
    return np.where(differ, (features - known.mean(axis=0)) / spread, 0)


def split_anew(seed: int, network: str) -> Data:
    """Deal the photographs to training and test, as pixels or as what a network sees in them.

    Args:
        seed: Deals the photographs, and draws the weights of an untrained network.
        network: "ImageNet MobileNetV2" or "untrained MobileNetV2": its features, as z-scores;
            anything else: the pixels.
    """
    inputs, labels = photographs()
    order = np.random.default_rng([seed, 53]).permutation(len(labels))
    train, test = np.split(order, [NUM_TRAIN])
    if "MobileNetV2" in network:
        known = "ImageNet" in network
        features = seen_by("imagenet" if known else None, 0 if known else seed)
        inputs = z_scores(features, features[train])
    return Data(inputs[train], labels[train], x_test=inputs[test], y_test=labels[test])
