"""Networks trained on ImageNet, from `keras.applications`: cached, downloaded, or a clear error."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab.datasets import MissingDataError
from dlbook.lab.datasets.downloaded import keras_home

NOT_LOADED = ("URL", "corrupted")
"""Words with which Keras says that a download failed, other than by an `OSError`."""


def imagenet_network(
    name: str = "MobileNetV2",
    image_size: int | None = 96,
    weights: str | Path | None = "imagenet",
    **options: Any,
) -> Any:
    """Load a network of `keras.applications` without its head: images in, features out.

    Args:
        name: A network of `keras.applications`, such as "MobileNetV2" or "VGG19".
        image_size: Height and width of the images; MobileNetV2 has weights of its own for 96,
            128, 160, 192 and 224. `None`: any (if the network can).
        weights: "imagenet": those in the cache of Keras, or else downloaded; a file with weights;
            or `None`: untrained ones.
        options: Handed on to Keras; if not given, ``include_top=False`` and ``pooling="avg"``.

    Returns:
        A Keras model.

    Raises:
        MissingDataError: If the weights are neither there nor to be had.
        ValueError: If there is no such network, or not with these options.

    Example:
        >>> imagenet_network(weights=None).output_shape
        (None, 1280)
    """
    import keras

    build = getattr(keras.applications, name, None)
    if not callable(build):
        raise ValueError(f"`name` must be a network of keras.applications. Received: {name!r}")
    options = {"include_top": False, "pooling": "avg", **options}
    given = str(weights) if isinstance(weights, Path) else weights
    try:
        return build(input_shape=(image_size, image_size, 3), weights=given, **options)
    except Exception as error:
        if isinstance(error, OSError) or any(word in str(error) for word in NOT_LOADED):
            raise _no_weights(name, error) from error
        if not isinstance(error, (ValueError, TypeError)):
            raise
        raise ValueError(f"{error} Received: {name}, image_size={image_size}, {given!r}") from error


def _no_weights(name: str, error: Exception) -> MissingDataError:
    return MissingDataError(
        f"{name} needs its ImageNet weights, looked for in {keras_home() / 'models'} (KERAS_HOME, "
        "or ~/.keras), and they could not be downloaded. Without a network use a network that you "
        "train yourself, such as one for rendered letters, or one of `style_networks` that needs "
        f"no weights, such as `filter_bank`. Received: {type(error).__name__}: {error}"
    )


def fit_to_network(photographs: ArrayLike, image_size: int = 96) -> NDArray:
    """Bring photographs to the size and the range that MobileNetV2 was trained with.

    Args:
        photographs: Red, green and blue from 0 to 255, shape (examples, height, width, 3).
        image_size: Height and width afterwards.

    Returns:
        Numbers from -1 to 1, shape (examples, image_size, image_size, 3), float32.

    Raises:
        ValueError: If the photographs have another shape, or lie between 0 and 1.

    Example:
        >>> white = np.full((1, 32, 32, 3), 255)
        >>> float(fit_to_network(white, 96).min()), fit_to_network(white, 96).shape
        (1.0, (1, 96, 96, 3))
    """
    pixels = np.asarray(photographs, np.float32)
    if pixels.ndim != 4 or pixels.shape[-1] != 3 or not pixels.size:
        raise ValueError(
            "`photographs` must have the shape (examples, height, width, 3). "
            f"Received: shape {pixels.shape}"
        )
    if pixels.min() < 0 or not 1 < pixels.max() <= 255:
        raise ValueError(
            "`photographs` must lie between 0 and 255, not between 0 and 1. "
            f"Received: from {pixels.min():g} to {pixels.max():g}"
        )
    import keras

    resized = keras.ops.image.resize(pixels, (image_size, image_size), "bilinear")
    return np.array(resized) / 127.5 - 1
