"""Dense layers of many runs at once."""

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.stacked_activations import activate, zero_at_zero
from dlbook.lab.stacked_layers import StackedLayer, Tensor, per_feature


class StackedDense(StackedLayer):
    """Dense: for the inputs one matrix product per stream, later one per run."""

    has_units = True

    def keeps_zero(self) -> bool:
        """Ask the activation."""
        return zero_at_zero(self.layer.activation)

    def to_stack(self, position: int, values: np.ndarray) -> np.ndarray:
        """Transpose the kernel to (units, inputs)."""
        return values.swapaxes(-1, -2) if position == 0 else values

    def call(self, inputs, weights, numbers, moment):
        """Compute activation(kernel @ inputs + bias)."""
        outputs = matrix_product(weights[0], inputs)
        if self.layer.use_bias:
            outputs += per_feature(weights[1], outputs)
        return activate(self.layer.activation, outputs, moment)


def matrix_product(kernels: Tensor, inputs: Tensor) -> Tensor:
    """Multiply every run's kernel with every run's inputs.

    Args:
        kernels: Shape (streams, conditions, units, features).
        inputs: Shape (streams, conditions or 1, ..., features, examples).

    Returns:
        Shape (streams, conditions, ..., units, examples).
    """
    conditions, units, features = kernels.shape[1:]
    if inputs.shape.rank > 4:
        for _ in inputs.shape[2:-2]:
            kernels = kernels[:, :, tf.newaxis]
        return tf.matmul(kernels, inputs)
    if inputs.shape[1] == conditions:
        return tf.matmul(kernels, inputs)
    together = tf.reshape(kernels, [-1, conditions * units, features])
    outputs = tf.matmul(together, inputs[:, 0])
    return tf.reshape(outputs, [-1, conditions, units, inputs.shape[-1]])


LAYERS: dict[type, type[StackedLayer]] = {keras.layers.Dense: StackedDense}
