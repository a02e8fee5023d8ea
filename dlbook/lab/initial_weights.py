"""Initial weights of many runs, without building one Keras model per run.

The weights of seed s are those of ``keras.utils.set_random_seed(s)`` followed by the builder.
Keras draws one number per unseeded initializer from Python's generator, in the order in which the
builder makes them. So it is enough to build a model once, to see which draw each initializer got,
and to call the initializers with the draws of every other seed. A second model, really built,
checks this; where it differs (a builder that draws random numbers itself), every model is built.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

NUM_DRAWS = 2000
Builder = Callable[[int], Any]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python, NumPy, TensorFlow and Keras; give Python and NumPy their state back after.

    Args:
        seed: The seed.

    Yields:
        Nothing.
    """
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


def initial_weights(build: Builder, seeds: Sequence[int], first: Any) -> list[np.ndarray]:
    """Return the initial weights of every seed.

    Args:
        build: Builds and returns the model of one seed.
        seeds: The seeds, each once.
        first: The model of the first seed, already built.

    Returns:
        For each of the model's `variables` an array (seeds, *shape).
    """
    actual = _values(first)
    if len(seeds) == 1:
        return [weight[np.newaxis] for weight in actual]
    recipes = _recipes(first, seeds[0])
    second = _values(build(seeds[1]))
    expected = _follow(recipes, actual, seeds[1])
    if all(np.array_equal(one, other) for one, other in zip(second, expected, strict=True)):
        rest = [_follow(recipes, actual, seed) for seed in seeds[2:]]
    else:
        rest = [_values(build(seed)) for seed in seeds[2:]]
    return [np.stack(column) for column in zip(actual, second, *rest, strict=True)]


def variables(model: Any) -> list[Any]:
    """Return a model's weights, followed by the states of its random-number generators.

    Args:
        model: A built Keras model.

    Returns:
        Keras variables.
    """
    weights = {id(weight) for weight in model.weights}
    others = [one for one in model.non_trainable_variables if id(one) not in weights]
    return [*model.weights, *others]


def _values(model: Any) -> list[np.ndarray]:
    return [np.asarray(one) for one in variables(model)]


Recipe = tuple[Any, int]


def _recipes(model: Any, seed: int) -> list[Recipe | None]:
    """Find for each weight its initializer and which draw of the seed it got."""
    places = {draw: place for place, draw in reversed([*enumerate(_draws(seed, NUM_DRAWS))])}
    found: dict[int, Recipe] = {}
    for layer in _leaves(model):
        for weight in layer.weights:
            initializer = getattr(layer, f"{weight.name}_initializer", None)
            place = places.get(_own_seed(initializer))
            if place is not None:
                found[id(weight)] = (initializer, place)
    for state in variables(model)[len(model.weights) :]:
        place = places.get(int(np.asarray(state)[0]))
        if place is not None:
            found[id(state)] = (None, place)
    return [found.get(id(one)) for one in variables(model)]


def _own_seed(initializer: Any) -> Any:
    """Return the seed that Keras drew for an initializer, or -1 if the reader gave it one."""
    if not isinstance(initializer, keras.initializers.Initializer):
        return -1
    given = initializer.get_config().get("seed", -1)
    seed = getattr(initializer, "seed", -1) if given is None else -1
    return seed if isinstance(seed, int) else -1


def _leaves(layer: Any) -> Iterator[Any]:
    for part in getattr(layer, "layers", ()):
        yield from _leaves(part)
    yield layer


def _draws(seed: int, count: int) -> list[int]:
    """Return the numbers that Keras draws for its unseeded initializers."""
    generator = random.Random(seed % 2**32)
    return [generator.randint(1, int(1e9)) for _ in range(count)]


def _follow(
    recipes: Sequence[Recipe | None], actual: Sequence[np.ndarray], seed: int
) -> list[np.ndarray]:
    """Return the weights of one seed, as its model would be built."""
    draws = _draws(seed, 1 + max((recipe[1] for recipe in recipes if recipe), default=-1))
    return [
        value if recipe is None else _reseeded(recipe[0], draws[recipe[1]], value)
        for recipe, value in zip(recipes, actual, strict=True)
    ]


def _reseeded(initializer: Any, draw: int, like: np.ndarray) -> np.ndarray:
    if initializer is None:
        return np.array([draw, 0], like.dtype)
    config = {**initializer.get_config(), "seed": draw}
    return np.asarray(type(initializer).from_config(config)(like.shape, dtype=str(like.dtype)))
