"""Networks whose layers others take over: trained once for each seed, and kept in memory."""

from collections.abc import Mapping
from functools import cache
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from dlbook.lab import datasets
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.hidden import relu_activations
from dlbook.lab.models import mlp
from dlbook.lab.patches import Weights, glyph_network, patch_network, patches
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import xarray as xr

LOSS = "sparse_categorical_crossentropy_from_logits"
GLYPHS = {"digits": "0123456789", "letters": ascii_uppercase}
NUM_GLYPHS = 2600
OTHER_SEEDS = 1000
"""Added to the seed of a first network: else a new head would start with the weights with which
the head of the first network started, and these the base already knows."""
EPOCHS: Mapping[Any, int] = {"MNIST": 1, "0 to 4": 30, "0 to 4, few": 200}


def source_data(seed: int, source: str) -> Data:
    """Take what a first network learns: "letters", "digits", "MNIST", "0 to 4" or "dense <depth>".

    The glyphs are cut into patches; the dense networks read rendered digits, pixel by pixel.
    """
    if source == "MNIST":
        return datasets.mnist(0, validation=0, images=True)
    if source.startswith("0 to 4"):
        return half_of_the_digits(seed, 0).take(100 if source.endswith("few") else None)
    characters = GLYPHS.get(source, GLYPHS["digits"])
    data = datasets.glyphs(0, characters=characters, num_examples=NUM_GLYPHS // len(characters))
    cut = patches if source in GLYPHS else lambda images: images.reshape(len(images), -1)
    return data.without_validation().with_inputs(cut)


def half_of_the_digits(seed: int, first: int) -> Data:
    """Take the handwritten digits from `first` to `first` + 4, as classes 0 to 4."""
    data, parts = datasets.digits(seed, validation=0), {}
    for part in ("train", "test"):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        chosen = (y >= first) & (y < first + 5)
        parts |= {f"x_{part}": x[chosen], f"y_{part}": y[chosen] - first}
    return Data(**parts)


def source_network(source: str) -> Any:
    """Build the network that learns a source."""
    if source == "MNIST":
        return glyph_network(10, (28, 28, 1))
    if source.startswith("0 to 4"):
        return mlp((64, 64, 32, 5))
    if source.startswith("dense"):
        return mlp((64, *[64] * int(source.split()[-1]), 10))
    return patch_network(len(GLYPHS[source]))


@cache
def _study(source: str) -> Experiment:
    """Prepare the training on a source; one for all seeds, so that the network is studied once."""
    training = Training(
        source_network, source_data, LOSS, optimizer="adam", learning_rate=0.003, batch_size=64,
        epochs=by("source", EPOCHS, default=5), metrics=("accuracy",), keep_curves=False,
        keep_weights=True,
    )  # fmt: skip
    return Experiment("source", "What is there to take over?", {"source": (source,)}, training)


@cache
def _five_networks(source: str, first: int) -> "xr.Dataset":
    """Train the networks of five seeds on a source."""
    seeds = range(OTHER_SEEDS + first, OTHER_SEEDS + first + 5)
    return _study(source).run(seeds=seeds, progress=False).sel(source=source)


@cache
def pretrained(source: str, seed: int) -> Weights:
    """Return the weights of a network that has learned a source, layer by layer.

    "untrained", or "untrained <source>", are those that such a network begins with.
    """
    import keras

    if source.startswith("untrained"):
        keras.utils.set_random_seed(OTHER_SEEDS + seed)
        network = source_network(source.removeprefix("untrained").strip() or "digits")
        return {one.name: one.get_weights() for one in network.layers if one.weights}
    run = _five_networks(source, seed // 5 * 5).sel(seed=OTHER_SEEDS + seed)
    ends = "_kernel"
    names = [str(name)[8 : -len(ends)] for name in run if str(name).endswith(ends)]
    return {one: [run[f"weights_{one}_{part}"].values for part in ("kernel", "bias")]
            for one in names}  # fmt: skip


def take_over(network: Any, weights: Weights) -> Any:
    """Put the weights of another network into this one, up to the last layer."""
    for layer in network.layers[:-1]:
        if layer.weights:
            layer.set_weights(list(weights[layer.name]))
    return network


def near_data(seed: int, source: str, layer: int, shots: int) -> Data:
    """Take a few digits from 5 to 9, as a layer of a 64-64-32-5 network sees them (0: pixels)."""
    layers = [(kernel, bias) for kernel, bias in pretrained(source, seed).values()]
    data = half_of_the_digits(seed, 5).take(per_class=shots)
    return data.with_inputs(lambda x: [x, *relu_activations(layers, x)][layer])


def deep_network(seed: int, depth: int, start: str) -> Any:
    """Build a dense network with hidden layers of 64, from scratch or with those of another."""
    network, source = source_network(f"dense {depth}"), f"dense {depth}"
    return take_over(network, pretrained(source, seed)) if start == "tuned" else network
