"""Small networks for images, convolutional and dense, and a look into them.

Importing this module loads neither Keras nor TensorFlow.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import check_count, is_count, numbers

if TYPE_CHECKING:
    import keras

HEADS = ("flatten", "global")


def small_cnn(
    input_shape: Sequence[int],
    num_classes: int,
    head: str = "flatten",
    *,
    filters: Sequence[int] = (10, 20),
    kernel_size: int = 3,
    pool_size: int = 2,
) -> "keras.Sequential":
    """Build a convolutional network: convolution and pooling, once or more, then a prediction.

    Args:
        input_shape: Height, width and channels of an image.
        num_classes: Outputs.
        head: `"flatten"`: every number of every last map goes into the prediction, with its place;
            `"global"`: only the largest number of each map does.
        filters: How many filters each convolution learns. After each one the maps are pooled (but
            for the last one before a global head, which takes the maximum of all anyway).
        kernel_size: Height and width of a filter.
        pool_size: Height and width of the places that pooling puts together; 1: no pooling.

    Returns:
        A model with logits; its convolutions are called `convolution_1`, `convolution_2`, ...

    Raises:
        ValueError: The shape is none of an image, pooling leaves nothing of it, or another
            argument is impossible.

    Example:
        >>> small_cnn((12, 12, 1), 10).count_params()
        3730
    """
    _check_sizes(input_shape, filters, (num_classes, kernel_size, pool_size))
    if head not in HEADS:
        raise ValueError(f"`head` must be one of {', '.join(HEADS)}. Received: {head!r}")
    poolings = len(filters) - (head == "global")
    if min(input_shape[:2]) < pool_size**poolings:
        raise ValueError(
            f"`input_shape` must be {pool_size**poolings} pixels high and wide or more: poolings "
            f"divide it by {pool_size}, {poolings} times. Received: {tuple(input_shape)}"
        )
    from keras import Input, Sequential, layers

    convolution = partial(layers.Conv2D, padding="same", activation="relu")
    model = Sequential([Input(tuple(input_shape))])
    for number, count in enumerate(filters, start=1):
        model.add(convolution(count, kernel_size, name=f"convolution_{number}"))
        if pool_size > 1 and number <= poolings:
            model.add(layers.MaxPooling2D(pool_size, name=f"pooling_{number}"))
    model.add(layers.Flatten() if head == "flatten" else layers.GlobalMaxPooling2D())
    model.add(layers.Dense(num_classes, name="prediction"))
    return model


def _check_sizes(shape: Sequence[int], filters: Sequence[int], others: tuple) -> None:
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    if len(sizes) != 3 or not all(is_count(size) for size in sizes):
        raise ValueError(
            "`input_shape` must be height, width and channels, three whole numbers above 0 "
            f"(channels 1 for grey, 3 for colour). Received: {shape!r}"
        )
    counts = tuple(filters) if isinstance(filters, (tuple, list)) else ()
    if not counts or not all(is_count(count) for count in counts):
        raise ValueError(
            "`filters` must be one whole number above 0 for each convolution. "
            f"Received: {filters!r}"
        )
    for name, value in zip(("num_classes", "kernel_size", "pool_size"), others, strict=True):
        check_count(f"`{name}`", value)


def feature_maps(model: "keras.Model", layer: int | str, images: ArrayLike) -> np.ndarray:
    """Look inside a network: what a layer makes of images.

    Args:
        model: Any built Keras model with one input of shape (images, height, width, channels).
        layer: Name of a layer with maps (convolution or pooling), or its place in `model.layers`.
        images: Shape (images, height, width, channels); (images, height, width) if there is one
            channel.

    Returns:
        The maps, shape (images, height, width, channels of the layer).

    Raises:
        ValueError: There is no such layer, it has no maps, or the images do not fit the model.

    Example:
        >>> feature_maps(small_cnn((12, 8, 3), 2), "convolution_2", np.zeros((5, 12, 8, 3))).shape
        (5, 6, 4, 20)
    """
    import keras

    pixels = numbers(images, "images").astype(np.float32)
    wanted = tuple(model.inputs[0].shape[1:])
    if pixels.ndim == 3 and len(wanted) == 3 and wanted[-1] == 1:
        pixels = pixels[..., np.newaxis]
    fits = [one in (None, size) for one, size in zip(wanted, pixels.shape[1:], strict=False)]
    if pixels.ndim != len(wanted) + 1 or not all(fits):
        raise ValueError(
            f"`images` must have the shape that the model takes, (images, "
            f"{', '.join(map(str, wanted))}). Received: {np.shape(images)}"
        )
    output = _find_layer(model, layer).output
    if len(output.shape) != 4:
        raise ValueError(
            "`layer` must put out maps (images, height, width, channels); choose a convolution or "
            f"a pooling. Received: {layer!r}, which puts out {tuple(output.shape)}"
        )
    look = keras.Model(model.inputs[0], output)
    parts = np.array_split(pixels, -(-len(pixels) // 256))
    return np.concatenate([np.asarray(look(part)) for part in parts])


def _find_layer(model: "keras.Model", layer: int | str) -> Any:
    names = [one.name for one in model.layers]
    if isinstance(layer, str) and layer in names:
        return model.get_layer(layer)
    if is_count(layer, -len(names)) and int(layer) < len(names):
        return model.layers[int(layer)]
    raise ValueError(
        f"`layer` must be a name or a place of a layer; there are {', '.join(names)}. "
        f"Received: {layer!r}"
    )


def map_correlations(maps: ArrayLike) -> np.ndarray:
    """Correlate every map with every other one, place by place.

    Args:
        maps: Shape (images, height, width, channels), as `feature_maps` gives them.

    Returns:
        Shape (channels, channels): in each image the correlation over all places, then the mean
        over the images. An image in which one of two maps is constant does not count for them;
        `nan` where none is left.

    Raises:
        ValueError: `maps` has not four axes.

    Example:
        >>> one = np.arange(6.0).reshape(1, 2, 3, 1)
        >>> map_correlations(np.concatenate([one, -one], axis=-1)).round(3)
        array([[ 1., -1.],
               [-1.,  1.]])
    """
    table = numbers(maps, "maps", rank=4)
    flat = table.reshape(len(table), -1, table.shape[-1])
    centered = flat - flat.mean(axis=1, keepdims=True)
    spread = np.sqrt((centered**2).sum(axis=1, keepdims=True))
    varies = spread > 1e-6 * (np.abs(flat).max(axis=1, keepdims=True) + 1e-12)
    scores = np.divide(centered, spread, out=np.zeros_like(centered), where=varies)
    seen = np.einsum("nic,nid->cd", varies * 1.0, varies * 1.0)
    total = np.einsum("npc,npd->cd", scores, scores)
    return np.divide(total, seen, out=np.full_like(total, np.nan), where=seen > 0)


def dense_network(input_shape: Sequence[int], units: int, num_outputs: int) -> "keras.Sequential":
    """Build a dense network with one hidden layer for images."""
    from keras import Input, Sequential, layers

    hidden = layers.Dense(units, activation="relu")
    return Sequential([Input(input_shape), layers.Flatten(), hidden, layers.Dense(num_outputs)])
