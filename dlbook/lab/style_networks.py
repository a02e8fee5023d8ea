"""Networks through which style transfer looks: each gives feature maps for content and style."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab import datasets
from dlbook.lab.open_picture import as_picture
from dlbook.lab.pretrained import imagenet_network

if TYPE_CHECKING:
    import keras

SIDES = (3, 5, 7, 11)
FILTERS = 32
FOR_CONTENT = 7
VGG19_STYLE = tuple(f"block{block}_conv1" for block in range(1, 6))
VGG19_CONTENT = ("block1_conv1", "block4_conv1")
VGG19_MEANS = (103.939, 116.779, 123.68)
MOBILENET_STYLE = (
    "conv1_relu", "conv_pw_1_relu", "conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_11_relu"
)  # fmt: skip
SMALL_VGG = (32, 64, 128)
TRAINED_ON = {"digits": (None, 20, 32), "fashion_mnist": (20_000, 3, 128)}
"""Training images (`None`: all), epochs and batch size of `trained_vgg`."""


def centered(pixels: Any) -> Any:
    """Move pixels from 0..1 to about mean 0 and deviation 1, as photographs have them."""
    return (pixels - 0.45) / 0.225


def filter_bank(pictures: Sequence[ArrayLike], seed: int = 0) -> "keras.Model":
    """Build four layers of random filters side by side, scaled on the pictures at hand.

    Nothing is trained. Each filter (3, 5, 7 or 11 pixels wide, 32 of each width) is divided by the
    standard deviation of its output over the pictures and moved to mean 0, so that none is louder
    than another; then comes a ReLU.

    Args:
        pictures: At least one, as `dlbook.lab.open_picture.as_picture` takes them.
        seed: Non-negative integer; draws the filters.

    Returns:
        A frozen model from pictures `(examples, height, width, 3)` to a dictionary of lists of
        maps: `"style"` (all 128) and `"content"` (the 32 of width 7).

    Example:
        >>> maps = filter_bank([np.eye(16)])(np.zeros((1, 16, 16, 3)))
        >>> [tuple(one.shape) for one in maps["style"] + maps["content"]]
        [(1, 16, 16, 128), (1, 16, 16, 32)]
    """
    import keras

    keras.utils.set_random_seed(seed)
    photos = [centered(as_picture(one, "pictures"))[None] for one in pictures]
    inputs = keras.Input((None, None, 3))
    branches = {side: _scaled_filters(side, photos) for side in SIDES}
    maps = {side: keras.ops.relu(filters(centered(inputs))) for side, filters in branches.items()}
    every = keras.layers.Concatenate()(list(maps.values()))
    return _frozen(inputs, style=[every], content=[maps[FOR_CONTENT]])


def _scaled_filters(side: int, photos: Sequence[NDArray]) -> "keras.layers.Conv2D":
    import keras

    filters = keras.layers.Conv2D(FILTERS, side, padding="same", kernel_initializer="he_normal")
    found = [np.asarray(filters(one)).reshape(-1, FILTERS) for one in photos]
    outputs = np.concatenate(found)
    deviation = outputs.std(axis=0) + 1e-6
    kernel = filters.get_weights()[0]
    filters.set_weights([kernel / deviation, -outputs.mean(axis=0) / deviation])
    return filters


def small_vgg(seed: int = 0) -> "keras.Model":
    """Build a small untrained network in the manner of VGG: three convolutions, pooled between.

    Args:
        seed: Non-negative integer; draws the weights.

    Returns:
        A frozen model to `"style"` (32, 64 and 128 maps) and `"content"` (the last 128).

    Example:
        >>> maps = small_vgg()(np.zeros((1, 16, 16, 3)))
        >>> [tuple(one.shape) for one in maps["style"]]
        [(1, 16, 16, 32), (1, 8, 8, 64), (1, 4, 4, 128)]
    """
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((None, None, 3))
    values, maps = centered(inputs), []
    for level, filters in enumerate(SMALL_VGG):
        values = keras.layers.AveragePooling2D(2)(values) if level else values
        values = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"
        )(values)
        maps.append(values)
    return _frozen(inputs, style=maps, content=maps[-1:])


@cache
def trained_vgg(images: str, seed: int = 0) -> "keras.Model":
    """Train the network of `small_vgg` to tell small grey images apart, then freeze it.

    Args:
        images: `"digits"` (1,080 training images, 20 epochs) or `"fashion_mnist"` (20,000, 3).
        seed: Non-negative integer; the untrained weights are those of `small_vgg(seed)`.

    Returns:
        A frozen model, as `small_vgg`; `model.accuracy` is its accuracy on the test images.

    Raises:
        ValueError: If `images` is another name.
        MissingDataError: If Fashion-MNIST is not on this computer and cannot be downloaded.
    """
    import keras

    if images not in TRAINED_ON:
        raise ValueError(f"`images` must be one of {', '.join(TRAINED_ON)}. Received: {images!r}")
    count, epochs, batch_size = TRAINED_ON[images]
    data = getattr(datasets, images)(seed, num_examples=count, images=True)
    data = data.with_inputs(lambda pixels: np.repeat(pixels, 3, axis=-1))
    network: Any = small_vgg(seed)
    network.trainable = True
    pooled = keras.layers.GlobalAveragePooling2D()(network.output["content"][0])
    classifier: Any = keras.Model(network.input, keras.layers.Dense(10)(pooled))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    classifier.fit(data.x_train, data.y_train, batch_size, epochs, verbose=0)
    network.accuracy = classifier.evaluate(data.x_test, data.y_test, verbose=0)[1]
    network.trainable = False
    return network


def imagenet_vgg19(weights: str | None = "imagenet") -> "keras.Model":
    """Build VGG19, trained on a million photographs, with average instead of maximum pooling.

    Args:
        weights: `"imagenet"` loads 80 MB from the cache of Keras, or downloads them; `None` leaves
            the network untrained.

    Returns:
        A frozen model to `"style"` (the first convolution of each of five blocks) and `"content"`
        (that of blocks 1 and 4).

    Raises:
        MissingDataError: If the weights are not on this computer and cannot be downloaded.
    """
    import keras

    whole = imagenet_network("VGG19", None, weights, pooling=None)
    inputs = keras.Input((None, None, 3))
    flipped: Any = keras.ops.flip(inputs, axis=-1)
    values = 255 * flipped - np.array(VGG19_MEANS, np.float32)
    return _looking_into(whole, (inputs, values), VGG19_STYLE, VGG19_CONTENT)


def imagenet_mobilenet(weights: str | None = "imagenet") -> "keras.Model":
    """Build the smallest MobileNet, trained on a million photographs (a download of 2 MB).

    Args:
        weights: `"imagenet"`, or `None` for an untrained network.

    Returns:
        A frozen model to `"style"` (five layers) and `"content"` (one in the middle).

    Raises:
        MissingDataError: If the weights are not on this computer and cannot be downloaded.
    """
    import keras

    whole = imagenet_network("MobileNet", 128, weights, alpha=0.25, pooling=None)
    inputs: Any = keras.Input((None, None, 3))
    return _looking_into(whole, (inputs, 2 * inputs - 1), MOBILENET_STYLE, MOBILENET_STYLE[2:3])


def _untrained_mobilenet(seed: int) -> "keras.Model":
    import keras

    keras.utils.set_random_seed(seed)
    return imagenet_mobilenet(weights=None)


def _looking_into(
    whole: "keras.Model", way_in: tuple[Any, Any], style: Sequence[str], content: Sequence[str]
) -> "keras.Model":
    """Apply the layers of a network one after another, with average pooling, and tap some."""
    import keras

    inputs, values = way_in
    maps = {}
    for layer in whole.layers[1:]:
        pooling = isinstance(layer, keras.layers.MaxPooling2D)
        values = keras.layers.AveragePooling2D(2)(values) if pooling else layer(values)
        maps[layer.name] = values
        if layer.name == style[-1]:
            break
    chosen = {"style": style, "content": content}
    return _frozen(inputs, **{part: [maps[one] for one in names] for part, names in chosen.items()})


def _frozen(inputs: Any, **maps: list[Any]) -> "keras.Model":
    import keras

    model = keras.Model(inputs, maps)
    model.trainable = False
    return model


BANK, SMALL, TRAINED = "filter bank", "small VGG", "small VGG, trained on"
NETWORKS_FOR_STYLE: dict[str, Callable[[Sequence[ArrayLike], int], Any]] = {
    BANK: filter_bank,
    SMALL: lambda pictures, seed: small_vgg(seed),
    f"{TRAINED} digits": lambda pictures, seed: trained_vgg("digits", seed),
    f"{TRAINED} clothes": lambda pictures, seed: trained_vgg("fashion_mnist", seed),
    "MobileNet, untrained": lambda pictures, seed: _untrained_mobilenet(seed),
    "MobileNet, trained on ImageNet": lambda pictures, seed: imagenet_mobilenet(),
}
"""Name -> builder from the pictures at hand and a seed."""
