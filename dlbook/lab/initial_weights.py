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
from functools import lru_cache, partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.stacked_layers import Tensor

NUM_DRAWS = 2000
MANY = 64
Builder = Callable[[int], Any]
Recipe = tuple[Any, int]


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


class InitialWeights:
    """The initial weights of one builder under any seed.

    Args:
        build: Builds and returns the model of one seed.
        model: The model of one seed, already built.
        seed: That seed.
    """

    def __init__(self, build: Builder, model: Any, seed: int) -> None:
        self._build = build
        self._recipes = _recipes(model, seed)
        self._known = {seed: _values(model)}
        self._first = self._known[seed]
        self._follows: bool | None = None

    def of(self, seeds: Sequence[int]) -> list[np.ndarray]:
        """Return the initial weights of some seeds.

        Args:
            seeds: The seeds.

        Returns:
            For each of the model's `variables` an array (seeds, *shape).
        """
        new = [seed for seed in dict.fromkeys(seeds) if seed not in self._known]
        if new and self._follows is None:
            self._known[new[0]] = _values(self._build(new[0]))
            self._follows = _equal(self._known[new[0]], self._one(new[0]))
            new = new[1:]
        self._known |= self._make(new)
        return [np.stack(column) for column in zip(*map(self._known.get, seeds), strict=True)]  # type: ignore[arg-type]

    def _make(self, seeds: Sequence[int]) -> dict[int, list[np.ndarray]]:
        if not self._follows:
            return {seed: _values(self._build(seed)) for seed in seeds}
        if len(seeds) < MANY:
            return {seed: self._one(seed) for seed in seeds}
        return dict(zip(seeds, self._many(seeds), strict=True))

    def _one(self, seed: int) -> list[np.ndarray]:
        """Call the initializers with the draws of one seed."""
        draws = self._draws(seed)
        return [
            value if recipe is None else np.asarray(_call(recipe[0], draws[recipe[1]], value))
            for recipe, value in zip(self._recipes, self._first, strict=True)
        ]

    def _many(self, seeds: Sequence[int]) -> Iterator[list[np.ndarray]]:
        """Call the initializers with the draws of many seeds, in one compiled loop."""
        random_ones = [place for place, one in enumerate(self._recipes) if one is not None]
        recipes = [self._recipes[place] or (None, 0) for place in random_ones]
        likes = [self._first[place] for place in random_ones]

        def one_seed(draws: Tensor) -> tuple[Tensor, ...]:
            calls = zip(recipes, likes, strict=True)
            return tuple(_call(maker, draws[place], like) for (maker, place), like in calls)

        kinds = tuple(tf.TensorSpec(like.shape, like.dtype) for like in likes)

        def loop(draws: Tensor) -> tuple[Tensor, ...]:
            return tf.map_fn(one_seed, draws, fn_output_signature=kinds)

        # a partial, because TensorFlow counts tracings by code object and warns of many
        make = tf.function(partial(loop), autograph=False)
        found = [one.numpy() for one in make(tf.constant([self._draws(seed) for seed in seeds]))]
        for row in range(len(seeds)):
            weights = list(self._first)
            for place, values in zip(random_ones, found, strict=True):
                weights[place] = values[row]
            yield weights

    def _draws(self, seed: int) -> list[int]:
        return draws_of(seed, 1 + max((one[1] for one in self._recipes if one), default=0))


def draws_of(seed: int, count: int) -> list[int]:
    """Return the numbers that Keras draws for its unseeded initializers under one seed.

    Args:
        seed: The seed.
        count: How many draws.

    Returns:
        The numbers.

    Example:
        >>> draws_of(7, 2) == draws_of(7, 3)[:2]
        True
    """
    generator = random.Random(seed % 2**32)
    return [generator.randint(1, int(1e9)) for _ in range(count)]


class _Drawn(keras.random.SeedGenerator):
    """A seed that is known only inside a compiled loop."""

    def __init__(self, draw: Tensor) -> None:
        self.draw = draw

    def next(self, ordered: bool = True) -> Tensor:
        """Return the seed as Keras would for a plain number."""
        return tf.stack([tf.cast(self.draw, tf.int64), tf.constant(0, tf.int64)])


def _call(initializer: Any, draw: Any, like: np.ndarray) -> Any:
    """Call an initializer with another seed; without one, return a generator's first state."""
    if initializer is None:
        return tf.stack([tf.cast(draw, like.dtype), tf.constant(0, like.dtype)])
    config = {**initializer.get_config(), "seed": draw if isinstance(draw, int) else 0}
    another = type(initializer).from_config(config)
    if not isinstance(draw, int):
        another.seed = _Drawn(draw)
    return another(like.shape, dtype=str(like.dtype))


def _values(model: Any) -> list[np.ndarray]:
    return [np.array(one.numpy()) for one in variables(model)]


def _equal(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _recipes(model: Any, seed: int) -> list[Recipe | None]:
    """Find for each variable its initializer and which draw of the seed it got."""
    places = _places(seed)
    found: dict[int, Recipe] = {}
    weights = [(layer, weight) for layer in leaves(model) for weight in layer.weights]
    for layer, weight in weights:
        initializer = _initializer(layer, weight.name)
        place = places.get(_own_seed(initializer))
        if place is not None:
            found[id(weight)] = (initializer, place)
    for state in variables(model)[len(model.weights) :]:
        place = places.get(int(state.numpy()[0]))
        if place is not None:
            found[id(state)] = (None, place)
    return [found.get(id(one)) for one in variables(model)]


def _initializer(layer: Any, name: str) -> Any:
    """Return the initializer of a weight; `recurrent_initializer` is that of `recurrent_kernel`."""
    short = f"{name.removesuffix('_kernel')}_initializer"
    return getattr(layer, f"{name}_initializer", None) or getattr(layer, short, None)


@lru_cache(maxsize=8)
def _places(seed: int) -> dict[int, int]:
    """Return each draw of a seed with its place in the sequence of draws."""
    return {draw: place for place, draw in reversed([*enumerate(draws_of(seed, NUM_DRAWS))])}


def _own_seed(initializer: Any) -> int:
    """Return the seed that Keras drew for an initializer, or -1 if the reader gave it one."""
    if not isinstance(initializer, keras.initializers.Initializer):
        return -1
    given = initializer.get_config().get("seed", -1)
    seed = getattr(initializer, "seed", -1) if given is None else -1
    return seed if isinstance(seed, int) else -1


def leaves(layer: Any) -> Iterator[Any]:
    """Yield a model's layers and the layers inside them, parts first.

    Args:
        layer: A Keras model or layer.

    Yields:
        Keras layers.
    """
    for part in getattr(layer, "layers", ()):
        yield from leaves(part)
    yield layer
