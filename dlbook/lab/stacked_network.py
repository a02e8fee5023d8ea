"""From one Keras model to a network that computes for many runs at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.stacked_layers import CannotStackError, Moment, StackedLayer, stacked_layer


@dataclass(frozen=True)
class Node:
    """One use of a layer.

    Attributes:
        layer: The layer for all runs.
        inputs: Numbers of the tensors that go in, nested as the layer takes them.
        output: Number of the tensor that comes out.
    """

    layer: StackedLayer
    inputs: Any
    output: int


class StackedNetwork:
    """A Keras model of Dense layers and their kin, computed for all runs of a stack.

    Args:
        model: A built Keras model: one run's.

    Raises:
        CannotStackError: If a layer of the model has no stacked form.
    """

    engine = "stacked"
    stacks = True

    def __init__(self, model: Any) -> None:
        self.variables: list[Any] = list(model.weights)
        self._position = {id(one): place for place, one in enumerate(self.variables)}
        graph = _Graph()
        output = graph.trace(model)
        self.nodes = graph.nodes
        self.output = output
        self.layers = list({id(node.layer): node.layer for node in self.nodes}.values())
        for number, layer in enumerate(self.layers):
            layer.number = number
        self._check_complete()
        self.output_shape = tuple(model.output_shape[1:])

    def _check_complete(self) -> None:
        used = {id(weight) for layer in self.layers for weight in layer.weights}
        unused = [one.path for one in self.variables if id(one) not in used]
        if unused:
            raise CannotStackError(f"the weight {unused[0]} belongs to no layer that can stack")
        for weight in self.variables:
            _strengths(weight)

    def key(self) -> str:
        """Describe all that stacked runs must have in common."""
        nodes = [(node.layer.number, node.inputs, node.output) for node in self.nodes]
        trained = [(one.trainable, _strengths(one) is not None) for one in self.variables]
        return repr(([layer.key() for layer in self.layers], nodes, self.output, trained))

    def numbers(self) -> dict[str, float]:
        """Return every setting that may differ between stacked runs."""
        numbers = {
            f"{layer.number} {name}": value
            for layer in self.layers
            for name, value in layer.numbers().items()
        }
        for place, weight in enumerate(self.variables):
            l1, l2 = _strengths(weight) or (0.0, 0.0)
            numbers |= {f"l1 {place}": l1, f"l2 {place}": l2}
        return numbers

    @property
    def trainable(self) -> list[int]:
        """Positions of the weights that training changes."""
        return [place for place, one in enumerate(self.variables) if one.trainable]

    @property
    def kernels(self) -> list[int]:
        """Positions of the weights that a training's own penalties act on."""
        return [place for place in self.trainable if self.variables[place].name == "kernel"]

    @property
    def num_noises(self) -> int:
        """How many layers draw noise."""
        return sum(layer.uses_noise for layer in self.layers)

    def to_stack(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Turn the weights of many runs from Keras' layout to the stack's.

        Args:
            weights: One array (runs, *shape) for each of `variables`.
        """
        stacked = list(weights)
        for layer, position, place in self._places():
            stacked[place] = layer.to_stack(position, weights[place])
        return stacked

    def from_stack(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Undo `to_stack`."""
        plain = list(weights)
        for layer, position, place in self._places():
            plain[place] = layer.from_stack(position, weights[place])
        return plain

    def _places(self) -> Iterator[tuple[StackedLayer, int, int]]:
        for layer in self.layers:
            for position, weight in enumerate(layer.weights):
                yield layer, position, self._position[id(weight)]

    def forward(
        self,
        inputs: tf.Tensor,
        weights: Sequence[tf.Tensor],
        numbers: Mapping[str, tf.Tensor],
        moment: Moment,
    ) -> tf.Tensor:
        """Compute the outputs of all runs.

        Args:
            inputs: Shape (streams, 1 or conditions, *features, examples).
            weights: One stacked tensor for each of `variables`.
            numbers: As named by `numbers`, each of shape (streams, conditions).
            moment: The forward pass; afterwards it holds moving averages to store.

        Returns:
            Shape (streams, conditions, *units, examples).
        """
        tensors: dict[int, tf.Tensor] = {0: inputs}
        for node in self.nodes:
            layer = node.layer
            own = [weights[self._position[id(one)]] for one in layer.weights]
            settings = {name: numbers[f"{layer.number} {name}"] for name in layer.numbers_of}
            given = keras.tree.map_structure(tensors.__getitem__, node.inputs)
            tensors[node.output] = layer.call(given, own, settings, moment)
        return tensors[self.output]

    def position(self, variable: Any) -> int:
        """Return the position of a Keras variable among the weights."""
        return self._position[id(variable)]


def _strengths(weight: Any) -> tuple[float, float] | None:
    """Return the strengths (l1, l2) of a weight's own penalty."""
    penalty = getattr(weight, "regularizer", None)
    if penalty is None or not weight.trainable:
        return None
    if type(penalty) not in (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2):
        raise CannotStackError(f"{type(penalty).__name__} penalties cannot stack")
    return float(getattr(penalty, "l1", 0.0)), float(getattr(penalty, "l2", 0.0))


class _Graph:
    """Follows one symbolic call of a model and writes down which layer computes what."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[int, StackedLayer] = {}
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []

    def trace(self, model: Any) -> int:
        if isinstance(model.input_shape, (list, dict)) or not _is_graph(model):
            raise CannotStackError(f"{type(model).__name__} is not a graph with one input")
        inputs = keras.Input(batch_shape=model.input_shape)
        self._number(inputs)
        output = self._expand(model, inputs)
        if not isinstance(output, keras.KerasTensor):
            raise CannotStackError("a model with several outputs cannot stack")
        return self._numbers[id(output)]

    def _expand(self, model: Any, inputs: Any) -> Any:
        if isinstance(model, keras.Sequential):
            for layer in model.layers:
                inputs = self._call(layer, inputs)
            return inputs
        copy = keras.models.clone_model(
            model,
            input_tensors=inputs,
            clone_function=lambda layer: layer,
            call_function=self._call,
        )
        return copy.output

    def _call(self, operation: Any, *inputs: Any, **options: Any) -> Any:
        if isinstance(operation, keras.layers.InputLayer):
            return inputs[0]
        if _is_graph(operation):
            return self._expand(operation, *inputs)
        outputs = operation(*inputs, **options)
        if any(value is not None for value in options.values()) or len(inputs) != 1:
            raise CannotStackError(f"{type(operation).__name__} with call options cannot stack")
        if id(operation) not in self._known:
            self._known[id(operation)] = stacked_layer(operation)
        places = keras.tree.map_structure(lambda one: self._numbers[id(one)], inputs[0])
        self.nodes.append(Node(self._known[id(operation)], places, self._number(outputs)))
        return outputs

    def _number(self, tensor: Any) -> int:
        self._alive.append(tensor)
        return self._numbers.setdefault(id(tensor), len(self._numbers))


def _is_graph(model: Any) -> bool:
    """Say whether a model is Sequential or Functional and not a subclass with its own call."""
    return isinstance(model, keras.Model) and type(model).__module__.split(".")[0] == "keras"
