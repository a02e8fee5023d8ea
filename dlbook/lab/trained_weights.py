"""The final weights of runs: names that do not depend on chance, and models that hold them."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlbook.lab.initial_weights import leaves, variables


def weight_names(model: Any) -> list[str]:
    """Name a model's weights: ``weights_dense_kernel``, ``weights_dense_1_kernel``, ...

    Keras numbers layers over the whole session; here they are numbered within their model.

    Args:
        model: A built Keras model.

    Returns:
        One name per weight, in Keras' order.
    """
    names: dict[int, str] = {}
    counts: dict[str, int] = {}
    for layer in leaves(model):
        own = [weight for weight in layer.weights if id(weight) not in names]
        if not own:
            continue
        stem = _stem(layer)
        count = counts[stem] = counts.get(stem, -1) + 1
        prefix = f"weights_{stem}_{count}" if count else f"weights_{stem}"
        names |= {id(weight): f"{prefix}_{weight.name}" for weight in own}
    return [names[id(weight)] for weight in model.weights]


def _stem(layer: Any) -> str:
    """Return a layer's name without the number that Keras gave it."""
    automatic = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
    matches = re.fullmatch(rf"({re.escape(automatic)})(_\d+)?", layer.name)
    return re.sub(r"\W", "_", automatic if matches else layer.name)


def weight_dims(model: Any) -> dict[str, tuple[str, ...]]:
    """Name the dimensions of a model's weights in the results.

    Args:
        model: A built Keras model.

    Returns:
        Name of the weight -> names of its dimensions: inputs and units where there are two.
    """
    named = zip(weight_names(model), model.weights, strict=True)
    return {name: tuple(f"{name}_{end}" for end in _ends(weight)) for name, weight in named}


def _ends(weight: Any) -> list[str]:
    rank = len(weight.shape)
    common = {1: ["units"], 2: ["inputs", "units"]}
    return common.get(rank, [f"axis_{axis}" for axis in range(rank)])


def load_weights(model: Any, values: Sequence[np.ndarray]) -> Any:
    """Put weights into a model.

    Args:
        model: A built Keras model.
        values: One array for each of the model's variables, in the order of `variables`; states of
            random-number generators may be missing.

    Returns:
        The model.
    """
    for variable, value in zip(variables(model), values, strict=False):
        variable.assign(value)
    return model
