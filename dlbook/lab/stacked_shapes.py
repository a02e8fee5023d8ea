"""Layers that change or join shapes, or pass inputs on, for many runs at once."""

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.stacked_layers import CannotStackError, StackedLayer, Tensor, per_run


def reshape_features(tensor: Tensor, features: Sequence[int]) -> Tensor:
    """Give the features of all runs another shape."""
    return tf.reshape(tensor, [-1, tensor.shape[1], *features, tensor.shape[-1]])


def stacked_axis(axis: int) -> int:
    """Return where one of Keras' axes (not that of the examples) stands in the stack."""
    if axis == 0:
        raise CannotStackError("a layer that works across examples cannot stack")
    return axis + 1 if axis > 0 else axis - 1


class StackedReshape(StackedLayer):
    """Flatten and Reshape: the features of an example in another shape, in Keras' order."""

    def call(self, inputs, weights, numbers, moment):
        """Reshape."""
        features = inputs.shape[2:-1]
        if isinstance(self.layer, keras.layers.Flatten):
            return reshape_features(inputs, [prod(features)])
        return reshape_features(inputs, self.layer.compute_output_shape((1, *features))[1:])


class StackedPermute(StackedLayer):
    """Permute: the feature axes in another order."""

    def call(self, inputs, weights, numbers, moment):
        """Transpose."""
        rank = inputs.shape.rank
        return tf.transpose(inputs, [0, 1, *(one + 1 for one in self.layer.dims), rank - 1])


class StackedMerge(StackedLayer):
    """Add, Subtract, Multiply, Average, Maximum and Minimum of equally shaped inputs."""

    def call(self, inputs, weights, numbers, moment):
        """Let the Keras layer compute."""
        return self.layer.call(inputs)


class StackedConcatenate(StackedLayer):
    """Concatenate along a feature axis."""

    def call(self, inputs, weights, numbers, moment):
        """Join the inputs, after giving each as many conditions as the others have."""
        conditions = max(one.shape[1] for one in inputs)
        full = [
            one if one.shape[1] == conditions else tf.repeat(one, conditions, axis=1)
            for one in inputs
        ]
        return tf.concat(full, stacked_axis(self.layer.axis))


class StackedRescaling(StackedLayer):
    """Rescaling by one factor and offset, which may differ between runs."""

    numbers_of = ("scale", "offset")

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        if np.ndim(layer.scale) or np.ndim(layer.offset):
            raise CannotStackError("Rescaling with one factor per channel cannot stack")

    def call(self, inputs, weights, numbers, moment):
        """Multiply and add."""
        scale, offset = (per_run(numbers[name], inputs) for name in self.numbers_of)
        return inputs * scale + offset


class StackedNothing(StackedLayer):
    """A layer that passes its inputs on."""

    def call(self, inputs, weights, numbers, moment):
        """Return the inputs."""
        return inputs


LAYERS: dict[type, type[StackedLayer]] = {
    keras.layers.Add: StackedMerge,
    keras.layers.Average: StackedMerge,
    keras.layers.Concatenate: StackedConcatenate,
    keras.layers.Flatten: StackedReshape,
    keras.layers.Identity: StackedNothing,
    keras.layers.Maximum: StackedMerge,
    keras.layers.Minimum: StackedMerge,
    keras.layers.Multiply: StackedMerge,
    keras.layers.Permute: StackedPermute,
    keras.layers.Rescaling: StackedRescaling,
    keras.layers.Reshape: StackedReshape,
    keras.layers.Subtract: StackedMerge,
}
