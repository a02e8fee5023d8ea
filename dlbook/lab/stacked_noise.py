"""Noise for many runs at once, and the layers that use it.

Drawing new random numbers for every run and step would cost more than the layers themselves. So
noise is read from a table of random numbers, in rows of 32 that a hash of the run's seed, the
step, the layer and the place chooses. A run's noise depends on nothing else: not on the runs that
it is trained with. Runs with the same seed get the same noise in every condition.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import prod

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.stacked_layers import CannotStackError, Moment, Noise, StackedLayer, Tensor, per_run

ROWS, WIDTH = 2**16, 32
TABLE_SEED = 20_260_101


@lru_cache(maxsize=2)
def table(kind: str) -> np.ndarray:
    """Return the table of random numbers.

    Args:
        kind: ``"uniform"`` on [0, 1) or ``"normal"`` with mean 0 and deviation 1.

    Returns:
        Shape (65536, 32), float32.
    """
    generator = np.random.default_rng(TABLE_SEED)
    draw = generator.random if kind == "uniform" else generator.standard_normal
    return draw((ROWS, WIDTH), np.float32)


def noise_source(keys: Tensor, step: Tensor, tables: dict[str, Tensor]) -> Noise:
    """Return what gives the layers of one step their noise.

    Args:
        keys: One number per stream, uint32.
        step: Number of the step.
        tables: Kind -> the table of that kind.

    Returns:
        ``noise(kind, layer number, shape)``, of shape (streams, 1, *shape).
    """

    def noise(kind: str, layer: int, shape: Sequence[int]) -> Tensor:
        count = prod(shape)
        now = tf.cast(step, tf.uint32) * _unsigned(0xC2B2AE35) + _unsigned(layer * 0x27D4EB2F)
        places = tf.range(-(-count // WIDTH)) + 1
        which = mix(mix(keys + now)[:, tf.newaxis] + tf.cast(places, tf.uint32) * _unsigned(PRIME))
        rows = tf.cast(tf.bitwise.right_shift(which, _unsigned(16)), tf.int32)
        numbers = tf.reshape(tf.gather(tables[kind], rows), [-1, places.shape[0] * WIDTH])
        return tf.reshape(numbers[:, :count], [-1, 1, *shape])

    return noise


PRIME = 0x85EBCA6B


def _unsigned(value: int) -> Tensor:
    return tf.constant(value % 2**32, tf.uint32)


def mix(values: Tensor) -> Tensor:
    """Scramble the bits of unsigned 32-bit integers, one to one.

    Args:
        values: Any shape, uint32.

    Returns:
        The same shape.

    Source: C. Wellons, "Prospecting for hash functions" (the function ``lowbias32``).
    """
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        moved = tf.bitwise.right_shift(values, _unsigned(shift))
        values = tf.bitwise.bitwise_xor(values, moved) * _unsigned(factor)
    return tf.bitwise.bitwise_xor(values, tf.bitwise.right_shift(values, _unsigned(16)))


class StackedDropout(StackedLayer):
    """Dropout, with a rate that may differ between runs."""

    numbers_of = ("rate",)
    uses_noise = True

    def __init__(self, layer) -> None:
        super().__init__(layer)
        if getattr(layer, "noise_shape", None) is not None:
            raise CannotStackError(f"{type(layer).__name__} with a noise_shape cannot stack")

    def keeps_zero(self) -> bool:
        """Say yes for noise that multiplies."""
        return "rate" in self.numbers_of

    def call(self, inputs, weights, numbers, moment):
        """Set a share of the inputs to 0 and enlarge the others to keep the expectation."""
        if not moment.training:
            return inputs
        rate = per_run(numbers["rate"], inputs)
        kept = self.noise("uniform", inputs, moment) >= rate
        return inputs * (tf.cast(kept, tf.float32) / (1 - rate))

    def noise(self, kind: str, inputs: Tensor, moment: Moment) -> Tensor:
        """Return one random number per activation, the same in all conditions of a stream."""
        assert moment.noise is not None
        return moment.noise(kind, self.number, tuple(inputs.shape[2:]))


class StackedGaussianNoise(StackedDropout):
    """GaussianNoise, with a deviation that may differ between runs."""

    numbers_of = ("stddev",)

    def call(self, inputs, weights, numbers, moment):
        """Add normal noise."""
        if not moment.training:
            return inputs
        return inputs + per_run(numbers["stddev"], inputs) * self.noise("normal", inputs, moment)


class StackedGaussianDropout(StackedDropout):
    """GaussianDropout, with a rate that may differ between runs."""

    def call(self, inputs, weights, numbers, moment):
        """Multiply by normal noise around 1."""
        if not moment.training:
            return inputs
        rate = per_run(numbers["rate"], inputs)
        spread = tf.sqrt(rate / (1 - rate))
        return inputs * (1 + spread * self.noise("normal", inputs, moment))


LAYERS: dict[type, type[StackedLayer]] = {
    keras.layers.Dropout: StackedDropout,
    keras.layers.GaussianDropout: StackedGaussianDropout,
    keras.layers.GaussianNoise: StackedGaussianNoise,
}
