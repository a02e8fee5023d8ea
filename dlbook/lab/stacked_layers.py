"""How one Keras layer computes for many runs at once.

Activations of all runs are one tensor of shape ``(streams, conditions, *features, examples)``.
A *stream* is what runs of one seed share: data, order of examples, noise. The conditions of a
stream differ in weights and settings. Where nothing differs yet (the inputs), the second axis
has length 1, and a first layer is one matrix product per stream. Examples come last, so sums over
examples run along memory.

The weights of all runs have shape ``(streams, conditions, *shape)``; kernels of Dense layers are
transposed, ``(..., units, inputs)``.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.fingerprint import fingerprint

Numbers = Mapping[str, tf.Tensor]


class CannotStackError(Exception):
    """A model or a layer that must be trained run by run; the message says why."""


@dataclass
class Moment:
    """One forward pass: its phase, its noise, and what the layers leave behind.

    Attributes:
        training: Whether the pass trains.
        noise: Gives uniform numbers in [0, 1): ``noise(layer number, shape)``.
        penalties: What penalties add to the loss, each of shape (streams, conditions).
        updates: Number of a weight -> its new value (moving averages).
        logits: Id of an output -> the same before its sigmoid or softmax.
    """

    training: bool
    noise: Callable[[int, Sequence[Any]], tf.Tensor] | None = None
    penalties: list[tf.Tensor] = field(default_factory=list)
    updates: dict[int, tf.Tensor] = field(default_factory=dict)
    logits: dict[int, tf.Tensor] = field(default_factory=dict)


def per_run(numbers: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """Give one number per run the rank of a tensor, so that they can be combined.

    Args:
        numbers: Shape (streams, conditions).
        like: A tensor whose first two axes are streams and conditions.

    Returns:
        Shape (streams, conditions, 1, ..., 1).
    """
    return numbers[(..., *([tf.newaxis] * (like.shape.rank - 2)))]


class StackedLayer:
    """A layer for all runs: wraps one run's Keras layer and says how the stack computes.

    Attributes:
        layer: The Keras layer of one of the runs.
        weights: Its Keras variables, in the order in which `call` gets them.
        number: Position of the layer in its network; set by the network.
    """

    numbers_of: ClassVar[tuple[str, ...]] = ()
    uses_noise: ClassVar[bool] = False

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.weights: list[Any] = list(layer.weights)
        self.number = 0

    def numbers(self) -> dict[str, float]:
        """Return the settings of the layer that may differ between stacked runs."""
        return {name: float(getattr(self.layer, name)) for name in self.numbers_of}

    def key(self) -> str:
        """Describe all that stacked runs must have in common."""
        config = dict(self.layer.get_config())
        for name in [*config]:
            if name in (*self.numbers_of, "name", "seed") or name.endswith("_initializer"):
                del config[name]
            elif name.endswith("_regularizer"):
                config[name] = config[name] is not None
        if callable(getattr(self.layer, "activation", None)):
            config["activation"] = fingerprint(self.layer.activation)
        shapes = [(tuple(one.shape), one.trainable) for one in self.weights]
        return f"{type(self.layer).__name__} {json.dumps(config, default=str)} {shapes}"

    def to_stack(self, position: int, values: np.ndarray) -> np.ndarray:
        """Turn one weight of many runs from Keras' layout to the stack's.

        Args:
            position: Which of `weights`.
            values: Shape (runs, *shape).
        """
        return values

    def from_stack(self, position: int, values: np.ndarray) -> np.ndarray:
        """Undo `to_stack`."""
        return self.to_stack(position, values)

    def call(
        self, inputs: Any, weights: Sequence[tf.Tensor], numbers: Numbers, moment: Moment
    ) -> tf.Tensor:
        """Compute the layer for all runs.

        Args:
            inputs: A tensor, or a list of tensors for layers that merge.
            weights: The stacked weights, as in `weights`.
            numbers: Setting -> its value in each run, shape (streams, conditions).
            moment: The forward pass.

        Returns:
            The outputs.
        """
        raise NotImplementedError


# Activations


def softmax(inputs: tf.Tensor) -> tf.Tensor:
    """Return the softmax over the last feature axis."""
    shifted = inputs - tf.stop_gradient(tf.reduce_max(inputs, -2, keepdims=True))
    powers = tf.exp(shifted)
    return powers / tf.reduce_sum(powers, -2, keepdims=True)


def log_softmax(inputs: tf.Tensor) -> tf.Tensor:
    """Return the logarithm of the softmax over the last feature axis."""
    return inputs - tf.reduce_logsumexp(inputs, -2, keepdims=True)


ACROSS_UNITS = {"softmax": softmax, "log_softmax": log_softmax}
ELEMENTWISE = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
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
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
_SIMPLE = {"relu": tf.nn.relu, "sigmoid": tf.sigmoid, "tanh": tf.tanh, "linear": tf.identity}


def activate(function: Any, inputs: tf.Tensor, moment: Moment) -> tf.Tensor:
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
        outputs = _SIMPLE.get(name, function)(inputs)
    else:
        outputs = one_by_one_example_first(function, inputs)
    if name in ("sigmoid", "softmax"):
        moment.logits[id(outputs)] = inputs
    return outputs


def _keras_name(function: Any) -> str | None:
    """Return the name of one of Keras' own activation functions, else ``None``."""
    if function is None:
        return "linear"
    name = getattr(function, "__name__", None)
    return name if name and getattr(keras.activations, name, None) is function else None


def one_by_one_example_first(
    function: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor
) -> tf.Tensor:
    """Apply a function that knows only one run, in Keras' order of axes, to all runs.

    Args:
        function: Takes and returns shape (examples, *features).
        inputs: Shape (streams, conditions, *features, examples).

    Returns:
        The outputs in the stack's order of axes.
    """
    rows = examples_first(inputs)
    merged = tf.reshape(rows, tf.concat([[-1], tf.shape(rows)[2:]], 0))
    merged.set_shape([None, *rows.shape[2:]])
    outputs = tf.vectorized_map(function, merged)
    apart = tf.reshape(outputs, tf.concat([tf.shape(rows)[:2], tf.shape(outputs)[1:]], 0))
    apart.set_shape([*rows.shape[:2], *outputs.shape[1:]])
    return examples_last(apart)


def examples_first(tensor: tf.Tensor) -> tf.Tensor:
    """Move the examples from the last axis to behind streams and conditions."""
    rank = tensor.shape.rank
    return tf.transpose(tensor, [0, 1, rank - 1, *range(2, rank - 1)])


def examples_last(tensor: tf.Tensor) -> tf.Tensor:
    """Move the examples from behind streams and conditions to the last axis."""
    rank = tensor.shape.rank
    return tf.transpose(tensor, [0, 1, *range(3, rank), 2])


class Activated(StackedLayer):
    """Activation and ReLU: an elementwise function or a softmax."""

    def call(self, inputs, weights, numbers, moment):
        """Apply the activation."""
        function = getattr(self.layer, "activation", None) or self.layer
        return activate(function, inputs, moment)


# Layers with weights


class StackedDense(StackedLayer):
    """Dense: for the inputs one matrix product per stream, later one per run."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        if layer.kernel_constraint or layer.bias_constraint or layer.activity_regularizer:
            raise CannotStackError("Dense with a constraint or activity penalty cannot stack")

    def to_stack(self, position: int, values: np.ndarray) -> np.ndarray:
        """Transpose the kernel to (units, inputs)."""
        return values.swapaxes(-1, -2) if position == 0 else values

    def call(self, inputs, weights, numbers, moment):
        """Compute activation(kernel @ inputs + bias)."""
        outputs = matrix_product(weights[0], inputs)
        if self.layer.use_bias:
            shape = [1] * (inputs.shape.rank - 4)
            outputs += with_middle(weights[1], shape)[..., tf.newaxis]
        return activate(self.layer.activation, outputs, moment)


def with_middle(weights: tf.Tensor, middle: Sequence[int]) -> tf.Tensor:
    """Insert axes of length 1 behind streams and conditions."""
    for _ in middle:
        weights = weights[:, :, tf.newaxis]
    return weights


def matrix_product(kernels: tf.Tensor, inputs: tf.Tensor) -> tf.Tensor:
    """Multiply every run's kernel with every run's inputs.

    Args:
        kernels: Shape (streams, conditions, units, features).
        inputs: Shape (streams, conditions or 1, ..., features, examples).

    Returns:
        Shape (streams, conditions, ..., units, examples).
    """
    conditions, units, features = kernels.shape[1:]
    if inputs.shape.rank > 4:
        return tf.matmul(with_middle(kernels, inputs.shape[2:-2]), inputs)
    if inputs.shape[1] == conditions:
        return tf.matmul(kernels, inputs)
    together = tf.reshape(kernels, [-1, conditions * units, features])
    outputs = tf.matmul(together, inputs[:, 0])
    return tf.reshape(outputs, [-1, conditions, units, inputs.shape[-1]])


# Layers that change shapes


class StackedFlatten(StackedLayer):
    """Flatten: all features on one axis, in Keras' order."""

    def call(self, inputs, weights, numbers, moment):
        """Reshape."""
        return tf.reshape(
            inputs, [-1, inputs.shape[1], int(np.prod(inputs.shape[2:-1])), inputs.shape[-1]]
        )


REGISTRY: dict[type, type[StackedLayer]] = {
    keras.layers.Activation: Activated,
    keras.layers.Dense: StackedDense,
    keras.layers.Flatten: StackedFlatten,
    keras.layers.ReLU: Activated,
}


def stacked_layer(layer: Any) -> StackedLayer:
    """Return the stacked form of a Keras layer.

    Args:
        layer: A built Keras layer.

    Returns:
        The layer for all runs.

    Raises:
        CannotStackError: If there is none.
    """
    kind = REGISTRY.get(type(layer))
    if kind is None:
        raise CannotStackError(f"{type(layer).__name__} cannot stack")
    return kind(layer)
