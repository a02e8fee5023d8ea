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
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from dlbook.lab.fingerprint import fingerprint

Tensor = Any  # a tf.Tensor, of which the type stubs know too little
Numbers = Mapping[str, Tensor]
Noise = Callable[[str, int, Sequence[int]], Tensor]


class CannotStackError(Exception):
    """A model or a layer that must be trained run by run; the message says why."""


@dataclass
class Moment:
    """One forward pass: its phase, its noise, and what the layers leave behind.

    Attributes:
        training: Whether the pass trains.
        noise: Gives random numbers: ``noise("uniform" or "normal", layer number, shape)``.
        penalties: What penalties add to the loss, each of shape (streams, conditions).
        updates: Id of a Keras variable -> its new value in all runs (moving averages).
        logits: Id of an output -> the same before its sigmoid or softmax.
    """

    training: bool
    noise: Noise | None = None
    penalties: list[Tensor] = field(default_factory=list)
    updates: dict[int, Tensor] = field(default_factory=dict)
    logits: dict[int, Tensor] = field(default_factory=dict)


def per_run(numbers: Tensor, like: Tensor) -> Tensor:
    """Give one number per run the rank of a tensor, so that they can be combined.

    Args:
        numbers: Shape (streams, conditions).
        like: A tensor whose first two axes are streams and conditions.

    Returns:
        Shape (streams, conditions, 1, ..., 1).
    """
    return numbers[(..., *([tf.newaxis] * (like.shape.rank - 2)))]


def per_feature(weights: Tensor, like: Tensor) -> Tensor:
    """Give one weight per last feature the rank of activations.

    Args:
        weights: Shape (streams, conditions, features).
        like: Shape (streams, conditions, ..., features, examples).

    Returns:
        Shape (streams, conditions, 1, ..., features, 1).
    """
    for _ in range(like.shape.rank - 4):
        weights = weights[:, :, tf.newaxis]
    return weights[..., tf.newaxis]


class StackedLayer:
    """A layer for all runs: wraps one run's Keras layer and says how the stack computes.

    Attributes:
        layer: The Keras layer of one of the runs.
        weights: Its Keras variables, in the order in which `call` gets them.
        number: Position of the layer in its network; set by the network.
    """

    numbers_of: ClassVar[tuple[str, ...]] = ()
    only_before_training: ClassVar[tuple[str, ...]] = ()
    uses_noise: ClassVar[bool] = False
    fuses: ClassVar[bool] = True
    has_units: ClassVar[bool] = False

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.weights: list[Any] = list(layer.weights)
        self.number = 0
        if getattr(layer, "activity_regularizer", None) is not None:
            raise CannotStackError(f"{type(layer).__name__} with an activity penalty cannot stack")
        if getattr(layer, "compute_dtype", "float32") != "float32":
            raise CannotStackError(f"{layer.compute_dtype} layers cannot stack")
        if any(getattr(one, "constraint", None) is not None for one in self.weights):
            raise CannotStackError(f"{type(layer).__name__} with a constraint cannot stack")

    def accept(self, shape: tuple[int, ...]) -> None:
        """Refuse inputs that the stacked form cannot take.

        Args:
            shape: Shape of one example's inputs (of the first ones, if there are several).

        Raises:
            CannotStackError: If it cannot take them.
        """

    def size(self, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> int:
        """Count the numbers that the layer makes of one example, for estimates of memory and time.

        Args:
            inputs: Shape of one example's inputs.
            outputs: Shape of one example's outputs.
        """
        return prod(outputs)

    def numbers(self) -> dict[str, float]:
        """Return the settings of the layer that may differ between stacked runs."""
        return {name: float(getattr(self.layer, name)) for name in self.numbers_of}

    def keeps_zero(self) -> bool:
        """Say whether units with weights 0 put out 0, without an effect on other units."""
        return False

    def key(self, widths: bool = True) -> str:
        """Describe all that stacked runs must have in common.

        Args:
            widths: Whether they must have the same number of units.

        Returns:
            The description.

        Raises:
            CannotStackError: If the layer cannot describe itself.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of functions that it cannot save
            try:
                config = dict(self.layer.get_config())
            except NotImplementedError as error:
                name = type(self.layer).__name__
                raise CannotStackError(f"{name} does not say how it is configured") from error
        for name in [*config]:
            passing = (*self.numbers_of, *self.only_before_training, "name", "seed")
            if name in passing or name.endswith("_initializer"):
                del config[name]
            elif name.endswith("_regularizer"):
                config[name] = config[name] is not None
        if callable(getattr(self.layer, "activation", None)):
            config["activation"] = fingerprint(self.layer.activation)
        if not widths:
            config.pop("units", None)
        shapes = [(tuple(one.shape) if widths else (), one.trainable) for one in self.weights]
        return f"{type(self.layer).__name__} {json.dumps(config, default=str)} {shapes}"

    def to_stack(self, position: int, values: np.ndarray) -> np.ndarray:
        """Turn one weight of many runs from Keras' layout to the stack's.

        Args:
            position: Which of `weights`.
            values: Shape (runs, *shape).

        Returns:
            Shape (runs, *stacked shape).
        """
        return values

    def from_stack(self, position: int, values: np.ndarray) -> np.ndarray:
        """Undo `to_stack`."""
        return self.to_stack(position, values)

    def call(
        self, inputs: Any, weights: Sequence[Tensor], numbers: Numbers, moment: Moment
    ) -> Tensor:
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


# Order of axes


def examples_first(tensor: Tensor) -> Tensor:
    """Move the examples from the last axis to behind streams and conditions."""
    rank = tensor.shape.rank
    return tf.transpose(tensor, [0, 1, rank - 1, *range(2, rank - 1)])


def examples_last(tensor: Tensor) -> Tensor:
    """Move the examples from behind streams and conditions to the last axis."""
    rank = tensor.shape.rank
    return tf.transpose(tensor, [0, 1, *range(3, rank), 2])


def each_run(function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """Apply a function that knows only one run to all runs.

    Args:
        function: Takes and returns tensors of one run, examples first.
        *tensors: Shapes (streams, conditions or 1, ...), the conditions of the first counting.

    Returns:
        Shape (streams, conditions, ...).
    """
    streams = tf.reduce_max([tf.shape(one)[0] for one in tensors])
    conditions = max(one.shape[1] for one in tensors)
    merged = [_merge_runs(one, streams, conditions) for one in tensors]
    outputs = tf.vectorized_map(
        lambda parts: function(*parts), tuple(merged), fallback_to_while_loop=False
    )
    apart = tf.reshape(outputs, tf.concat([[streams, conditions], tf.shape(outputs)[1:]], 0))
    apart.set_shape([None, conditions, *outputs.shape[1:]])
    return apart


def _merge_runs(tensor: Tensor, streams: Tensor, conditions: int) -> Tensor:
    shape = tf.shape(tensor)[2:]
    full = tf.broadcast_to(tensor, tf.concat([[streams, conditions], shape], 0))
    merged = tf.reshape(full, tf.concat([[-1], shape], 0))
    merged.set_shape([None, *tensor.shape[2:]])
    return merged
