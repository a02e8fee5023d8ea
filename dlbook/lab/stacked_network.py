"""From one Keras model to a network that computes for many runs at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import Any

import keras
import numpy as np

from dlbook.lab.stacked_graph import Graph
from dlbook.lab.stacked_layers import CannotStackError, Moment, StackedLayer, Tensor


class StackedNetwork:
    """A Keras model of Dense layers and their kin, computed for all runs of a stack.

    Args:
        model: A built Keras model: one run's.
        features: Shape of one example's inputs.

    Raises:
        CannotStackError: If a layer of the model has no stacked form.
    """

    engine = "stacked"
    stacks = True

    def __init__(self, model: Any, features: tuple[int, ...]) -> None:
        self.variables: list[Any] = list(model.weights)
        self._position = {id(one): place for place, one in enumerate(self.variables)}
        graph = Graph()
        self.output = graph.trace(model, features)
        self.nodes = graph.nodes
        self.layers = list({id(node.layer): node.layer for node in self.nodes}.values())
        for number, layer in enumerate(self.layers):
            layer.number = number
        self._check_complete()
        self.output_shape = graph.output_shape

    def _check_complete(self) -> None:
        used = {id(weight) for layer in self.layers for weight in layer.weights}
        unused = [one.path for one in self.variables if id(one) not in used]
        if unused:
            raise CannotStackError(f"the weight {unused[0]} belongs to no layer that can stack")
        for weight in self.variables:
            _strengths(weight)
        self._check_shared()

    def _check_shared(self) -> None:
        """Refuse a weight that two layers keep in different orders of axes."""
        orders: dict[int, set] = {}
        for layer in self.layers:
            for position, weight in enumerate(layer.weights):
                shape = np.empty((1, *range(2, 2 + len(weight.shape))), bool)
                orders.setdefault(id(weight), set()).add(layer.to_stack(position, shape).shape)
        if any(len(one) > 1 for one in orders.values()):
            raise CannotStackError("two layers share a weight and keep it in different orders")

    def key(self) -> str:
        """Describe all that stacked runs must have in common."""
        nodes = [(one.layer.number, one.inputs, one.output, one.training) for one in self.nodes]
        trained = [(one.trainable, _strengths(one) is not None) for one in self.variables]
        return repr(([layer.key() for layer in self.layers], nodes, self.output, trained))

    def family(self) -> str | None:
        """Describe what runs must share whose layers differ in width alone.

        Such runs can share a program: the narrower one gets units whose weights are 0. They stay
        0, because nothing comes out of them and nothing that goes into them matters.

        Returns:
            The description, or ``None`` if widths of this network must not be mixed.
        """
        chain = all(node.inputs == node.output - 1 for node in self.nodes)
        dense = [place for place, one in enumerate(self.nodes) if one.layer.has_units]
        if not chain or not dense or len(self.layers) != len(self.nodes):
            return None
        inside = self.nodes[dense[0] : dense[-1]]
        if not all(node.layer.keeps_zero() and len(node.shape) == 1 for node in inside):
            return None
        return repr((self.output_shape, [layer.key(widths=False) for layer in self.layers]))

    @property
    def fuses(self) -> bool:
        """Whether XLA may compile the network."""
        return all(layer.fuses for layer in self.layers)

    @cached_property
    def num_weights(self) -> int:
        """Weights of one run."""
        return sum(prod(one.shape) for one in self.variables)

    @cached_property
    def num_activations(self) -> int:
        """Numbers that one example makes on its way through the network."""
        return sum(node.size for node in self.nodes)

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of each weight of one run in the stack's layout."""
        plain = [np.empty((1, *one.shape), bool) for one in self.variables]
        return [one.shape[1:] for one in self.to_stack(plain)]

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
    def uses_noise(self) -> bool:
        """Whether any layer draws noise."""
        return any(layer.uses_noise for layer in self.layers)

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
        inputs: Tensor,
        weights: Sequence[Tensor],
        numbers: Mapping[str, Tensor],
        moment: Moment,
    ) -> Tensor:
        """Compute the outputs of all runs.

        Args:
            inputs: Shape (streams, 1 or conditions, *features, examples).
            weights: One stacked tensor for each of `variables`.
            numbers: As named by `numbers`, each of shape (streams, conditions).
            moment: The forward pass; afterwards it holds moving averages to store.

        Returns:
            Shape (streams, conditions, *units, examples).
        """
        tensors: dict[int, Tensor] = {0: inputs}
        for node in self.nodes:
            layer = node.layer
            own = [weights[self.place(id(one))] for one in layer.weights]
            settings = {name: numbers[f"{layer.number} {name}"] for name in layer.numbers_of}
            given = keras.tree.map_structure(tensors.__getitem__, node.inputs)
            forced = moment if node.training is None else replace(moment, training=node.training)
            tensors[node.output] = layer.call(given, own, settings, forced)
        return tensors[self.output]

    def place(self, variable: int) -> int:
        """Return the position of the Keras variable with an id among the weights."""
        return self._position[variable]


def _strengths(weight: Any) -> tuple[float, float] | None:
    """Return the strengths (l1, l2) of a weight's own penalty."""
    penalty = getattr(weight, "regularizer", None)
    if penalty is None or not weight.trainable:
        return None
    if type(penalty) not in (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2):
        raise CannotStackError(f"{type(penalty).__name__} penalties cannot stack")
    return float(getattr(penalty, "l1", 0.0)), float(getattr(penalty, "l2", 0.0))
