"""Layers and operations that the engine does not know: vectorized over runs by TensorFlow."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.fingerprint import fingerprint
from dlbook.lab.stacked_layers import (
    CannotStackError,
    Moment,
    StackedLayer,
    Tensor,
    each_run,
    examples_first,
    examples_last,
)


class StackedGeneric(StackedLayer):
    """Any layer without changing state: its own call, vectorized over runs."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        if layer.non_trainable_variables and layer.trainable:
            raise CannotStackError(f"{type(layer).__name__} has a state and cannot stack")

    def key(self, widths: bool = True) -> str:
        """Describe the layer by its class and configuration."""
        return f"{super().key()} {fingerprint(type(self.layer))}"

    def call(self, inputs, weights, numbers, moment):
        """Call the Keras layer with each run's weights."""
        tensors = keras.tree.flatten(inputs)
        order = {id(one): place for place, one in enumerate(self.weights)}
        trained, others = (
            [order[id(one)] for one in variables]
            for variables in (self.layer.trainable_variables, self.layer.non_trainable_variables)
        )

        def one_run(*parts: Tensor) -> Tensor:
            own, rows = parts[: len(weights)], parts[len(weights) :]
            outputs, _ = self.layer.stateless_call(
                [own[place] for place in trained],
                [own[place] for place in others],
                keras.tree.pack_sequence_as(inputs, list(rows)),
            )
            return outputs

        return examples_last(each_run(one_run, *weights, *map(examples_first, tensors)))

    def try_out(self, shapes: Sequence[Sequence[int]]) -> None:
        """Find out whether TensorFlow can vectorize the layer.

        Args:
            shapes: Shape of each input, without examples.

        Raises:
            CannotStackError: If it cannot.
        """
        weights = [tf.TensorSpec((2, 1, *one.shape), one.dtype) for one in self.weights]
        inputs = [tf.TensorSpec((2, 1, *shape, 3)) for shape in shapes]
        structure = inputs[0] if len(inputs) == 1 else inputs

        def call(given: Any, own: Any) -> Tensor:
            with tf.GradientTape() as tape:
                tape.watch(given)
                outputs = self.call(given, own, {}, Moment(False))
            return tape.gradient(outputs, given)

        name = type(self.layer).__name__
        if "Conv" in name or None in keras.tree.flatten([*shapes]):
            raise CannotStackError(f"{name} cannot stack")
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("CRITICAL")  # a refusal is an answer here, not an error
        try:
            tf.function(call, autograph=False).get_concrete_function(structure, weights)
        except Exception as error:
            raise CannotStackError(f"{name} cannot stack") from error
        finally:
            logger.setLevel(level)


class StackedOperation(StackedGeneric):
    """One of `keras.ops`, used as part of a model.

    Args:
        operation: The operation.
        template: Its arguments, with a `Slot` for each tensor.
    """

    def __init__(self, operation: Any, template: Any) -> None:
        self.layer = operation
        self.template = template
        self.weights = []
        self.number = 0

    def key(self, widths: bool = True) -> str:
        """Describe the operation by its class, its attributes and its plain arguments."""
        simple = {
            name: value
            for name, value in vars(self.layer).items()
            if isinstance(value, (bool, int, float, str, tuple, list, np.ndarray, type(None)))
            and not name.startswith("_")
            and name != "name"
        }
        return f"{type(self.layer).__name__} {fingerprint(simple, repr(self.template))}"

    def call(self, inputs, weights, numbers, moment):
        """Call the operation with each run's tensors."""
        tensors = keras.tree.flatten(inputs)

        def one_run(*rows: Tensor) -> Tensor:
            filled: Any = keras.tree.map_structure(
                lambda one: rows[one.place] if isinstance(one, Slot) else one, self.template
            )
            return self.layer(*filled[0], **filled[1])

        return examples_last(each_run(one_run, *map(examples_first, tensors)))


class Slot:
    """The place of a tensor among the arguments of an operation."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __repr__(self) -> str:
        """Show the place."""
        return f"Slot({self.place})"
