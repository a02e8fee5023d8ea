"""Activation functions, and the layers that are nothing else, for many runs at once."""

from typing import Any

import keras
import tensorflow as tf

from dlbook.lab.stacked_layers import (
    CannotStackError,
    Moment,
    StackedLayer,
    Tensor,
    each_run,
    examples_first,
    examples_last,
    per_run,
)


def softmax(inputs: Tensor) -> Tensor:
    """Return the softmax over the last feature axis."""
    shifted = inputs - tf.stop_gradient(tf.reduce_max(inputs, -2, keepdims=True))
    powers = tf.exp(shifted)
    return powers / tf.reduce_sum(powers, -2, keepdims=True)


def log_softmax(inputs: Tensor) -> Tensor:
    """Return the logarithm of the softmax over the last feature axis."""
    return inputs - tf.reduce_logsumexp(inputs, -2, keepdims=True)


ACROSS_UNITS = {"softmax": softmax, "log_softmax": log_softmax}
ELEMENTWISE = frozenset(
    (
        "celu",
        "elu",
        "exponential",
        "gelu",
        "hard_shrink",
        "hard_sigmoid",
        "hard_silu",
        "hard_tanh",
        "leaky_relu",
        "linear",
        "log_sigmoid",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "soft_shrink",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "squareplus",
        "tanh",
        "tanh_shrink",
        "threshold",
    )
)
MOVES_ZERO = frozenset(
    (
        "exponential",
        "hard_sigmoid",
        "log_sigmoid",
        "sigmoid",
        "softplus",
        "sparse_plus",
        "sparse_sigmoid",
        "squareplus",
        "threshold",
    )
)
_PLAIN = {"relu": tf.nn.relu, "sigmoid": tf.sigmoid, "tanh": tf.tanh, "linear": lambda x: x}


def activate(function: Any, inputs: Tensor, moment: Moment) -> Tensor:
    """Apply an activation function to all runs.

    Args:
        function: A Keras activation, or the reader's own function of one run's activations.
        inputs: Activations of all runs.
        moment: The forward pass; remembers the logits of a sigmoid or softmax.

    Returns:
        Activations of the same shape.
    """
    name = _keras_name(function)
    if name in ACROSS_UNITS:
        outputs = ACROSS_UNITS[name](inputs)
    elif name in ELEMENTWISE:
        outputs = _PLAIN.get(name, function)(inputs)
    else:
        outputs = examples_last(each_run(function, examples_first(inputs)))
    if name in ("sigmoid", "softmax"):
        moment.logits[id(outputs)] = inputs
    return outputs


def _keras_name(function: Any) -> str | None:
    """Return the name of one of Keras' own activation functions, else ``None``."""
    if function is None:
        return "linear"
    name = getattr(function, "__name__", None)
    return name if name and getattr(keras.activations, name, None) is function else None


def zero_at_zero(function: Any) -> bool:
    """Say whether an activation works elementwise and turns 0 into 0."""
    name = _keras_name(function)
    return name in ELEMENTWISE and name not in MOVES_ZERO


class StackedActivation(StackedLayer):
    """Activation: one elementwise function, or a softmax over the units."""

    def keeps_zero(self) -> bool:
        """Ask the activation."""
        return zero_at_zero(self.layer.activation)

    def call(self, inputs, weights, numbers, moment):
        """Apply the activation."""
        return activate(self.layer.activation, inputs, moment)


class StackedElementwise(StackedLayer):
    """ReLU and ELU: the Keras layer's own call works for any shape."""

    def keeps_zero(self) -> bool:
        """Say yes unless a threshold below 0 moves the 0."""
        return getattr(self.layer, "threshold", 0.0) >= 0

    def call(self, inputs, weights, numbers, moment):
        """Let the Keras layer compute."""
        return self.layer.call(inputs)


class StackedLeakyReLU(StackedLayer):
    """LeakyReLU, with a slope that may differ between runs."""

    numbers_of = ("negative_slope",)

    def keeps_zero(self) -> bool:
        """Say yes."""
        return True

    def call(self, inputs, weights, numbers, moment):
        """Multiply negative inputs by the slope."""
        slope = per_run(numbers["negative_slope"], inputs)
        return tf.where(inputs > 0, inputs, slope * inputs)


class StackedSoftmax(StackedLayer):
    """Softmax over the last feature axis."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        if layer.axis != -1:
            raise CannotStackError("Softmax over another axis than the last cannot stack")

    def call(self, inputs, weights, numbers, moment):
        """Apply the softmax and remember the logits."""
        return activate(keras.activations.softmax, inputs, moment)


LAYERS: dict[type, type[StackedLayer]] = {
    keras.layers.Activation: StackedActivation,
    keras.layers.ELU: StackedElementwise,
    keras.layers.LeakyReLU: StackedLeakyReLU,
    keras.layers.ReLU: StackedElementwise,
    keras.layers.Softmax: StackedSoftmax,
}
