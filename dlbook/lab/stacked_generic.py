"""Layers and operations that the engine does not know: vectorized over runs by TensorFlow."""

from collections.abc import Callable, Sequence
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

ZERO = tf.UnconnectedGradients.ZERO
_TRIED: dict[tuple[str, str], str] = {}  # what a layer was refused for, as it is tried out once


class StackedGeneric(StackedLayer):
    """Any layer without changing state: its own call, vectorized over runs."""

    each = staticmethod(each_run)

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

        return examples_last(self.each(one_run, *weights, *map(examples_first, tensors)))

    def try_out(self, shapes: Sequence[Sequence[int]]) -> None:
        """Find out whether TensorFlow can vectorize the layer, and its gradient.

        Args:
            shapes: Shape of each input, without examples.

        Raises:
            CannotStackError: If it cannot.
        """
        name = type(self.layer).__name__
        if "Conv" in name or None in keras.tree.flatten([*shapes]):
            raise CannotStackError(f"{name} cannot stack")
        key = (self.key(), repr(shapes))
        if key not in _TRIED:
            _TRIED[key] = self._refusal(shapes)
        if _TRIED[key]:
            raise CannotStackError(f"{name} {_TRIED[key]}")

    def _refusal(self, shapes: Sequence[Sequence[int]]) -> str:
        """Compare the vectorized layer with itself in turn; say what is wrong, or nothing."""
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("CRITICAL")  # a refusal is an answer here, not an error
        try:
            stacked, alone = (self._gradients(shapes, each) for each in (each_run, _in_turn))
        except Exception:
            return "cannot stack"
        finally:
            logger.setLevel(level)
        pairs = zip(stacked, alone, strict=True)
        same = all(np.allclose(*pair, 1e-3, 1e-5, equal_nan=True) for pair in pairs)
        return "" if same else "has a gradient of its own and cannot stack"

    def _gradients(self, shapes: Sequence[Sequence[int]], each: Callable[..., Tensor]) -> Any:
        """Gradients by inputs and weights, for two runs with three random examples each."""
        generator = np.random.default_rng(0)
        wanted = [((2, 1, *shape, 3), "float32") for shape in shapes]
        wanted += [((2, 1, *one.shape), one.dtype) for one in self.weights]
        tensors = [tf.constant(generator.normal(size=size), dtype) for size, dtype in wanted]
        self.each, before = each, self.each

        def differentiate(*given: Tensor) -> Any:
            inputs, weights = given[: len(shapes)], given[len(shapes) :]
            with tf.GradientTape() as tape:
                tape.watch(given)
                structure = inputs[0] if len(inputs) == 1 else list(inputs)
                outputs = self.call(structure, list(weights), {}, Moment(False))
                slopes = tf.cos(tf.range(tf.size(outputs), dtype="float32"))
                total = tf.reduce_sum(slopes * tf.reshape(outputs, [-1]))
            return tape.gradient(total, given, unconnected_gradients=ZERO)

        try:
            return tf.function(differentiate, autograph=False)(*tensors)
        finally:
            self.each = before


def _in_turn(function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """Do as `each_run` does, for two runs in one condition, without vectorizing."""
    outputs = [function(*(one[run, 0] for one in tensors)) for run in range(2)]
    return tf.stack(outputs)[:, tf.newaxis]


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

        return examples_last(self.each(one_run, *map(examples_first, tensors)))


class StackedMaximum(StackedOperation):
    """`keras.ops.max` over features: what goes into it may stay in the order of the stack."""

    fuses = False  # measured: the plain program is faster

    def call(self, inputs, weights, numbers, moment):
        """Count the axes in the stack: streams and conditions first, examples last."""
        tensor = keras.tree.flatten(inputs)[0]
        axes = [axis % (tensor.shape.rank - 2) for axis in self.layer.axis]
        if not all(axes):  # over examples
            return super().call(inputs, weights, numbers, moment)
        return tf.reduce_max(tensor, [axis + 1 for axis in axes], keepdims=self.layer.keepdims)


def stacked_operation(operation: Any, template: Any) -> StackedOperation:
    """Return the form of an operation for many runs.

    Args:
        operation: One of `keras.ops`, as a model holds it.
        template: Its arguments, with a `Slot` for each tensor.
    """
    plain = getattr(operation, "axis", None) is None or getattr(operation, "initial", 0) is not None
    maximum = type(operation).__name__ == "Max" and not plain
    return (StackedMaximum if maximum else StackedOperation)(operation, template)


class Slot:
    """The place of a tensor among the arguments of an operation."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __repr__(self) -> str:
        """Show the place."""
        return f"Slot({self.place})"
