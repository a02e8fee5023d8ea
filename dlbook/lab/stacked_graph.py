"""From a Keras model to the list of layers that compute it, by public means alone.

A Functional model is followed with `keras.models.clone_model`, whose ``call_function`` sees every
layer with its inputs. A subclass with its own ``call`` is called once with symbolic tensors, which
turns it into a Functional model; layers of the reader's own are followed in the same way.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from dlbook.lab import (
    stacked_activations,
    stacked_dense,
    stacked_noise,
    stacked_normalization,
    stacked_recurrent,
    stacked_shapes,
)
from dlbook.lab.stacked_generic import Slot, StackedGeneric, stacked_operation
from dlbook.lab.stacked_layers import CannotStackError, StackedLayer

LAYERS: dict[type, type[StackedLayer]] = {
    **stacked_activations.LAYERS,
    **stacked_dense.LAYERS,
    **stacked_shapes.LAYERS,
    **stacked_noise.LAYERS,
    **stacked_normalization.LAYERS,
    **stacked_recurrent.LAYERS,
}


@dataclass(frozen=True)
class Node:
    """One use of a layer.

    Attributes:
        layer: The layer for all runs.
        inputs: Numbers of the tensors that go in, nested as the layer takes them.
        output: Number of the tensor that comes out.
        shape: Its shape for one example.
        size: How many numbers the layer makes of one example.
        training: The phase that the model's author fixed for this use, if any.
    """

    layer: StackedLayer
    inputs: Any
    output: int
    shape: tuple[int, ...]
    size: int
    training: bool | None = None


class Graph:
    """Follows one symbolic call of a model and writes down which layer computes what.

    Attributes:
        nodes: The uses of layers, in order.
        output_shape: Shape of one example's outputs.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.output_shape: tuple[int, ...] = ()
        self._known: dict[int, StackedLayer] = {}
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []

    def trace(self, model: Any, features: Sequence[int]) -> int:
        """Follow a model.

        Args:
            model: A built Keras model.
            features: Shape of one example's inputs.

        Returns:
            Number of the output.

        Raises:
            CannotStackError: If the model cannot be followed, or a layer has no stacked form.
        """
        inputs = keras.Input(batch_shape=(None, *features))
        self._number(inputs)
        follow = self._expand if _is_graph(model) else self._open
        try:
            output = follow(model, inputs)
        except (ValueError, NotImplementedError) as error:  # Keras cannot clone it, or its parts
            raise CannotStackError("the model cannot be followed") from error
        if not isinstance(output, keras.KerasTensor):
            raise CannotStackError("a model with several outputs cannot stack")
        self.output_shape = tuple(output.shape[1:])
        return self._numbers[id(output)]

    def _expand(self, model: Any, inputs: Any) -> Any:
        """Follow a Sequential or Functional model."""
        if isinstance(model, keras.Sequential):
            for layer in model.layers:
                inputs = self._chain(layer, inputs)
            return inputs
        if isinstance(model.input, (list, tuple, dict)) and not isinstance(inputs, (list, tuple)):
            raise CannotStackError("a model with several inputs cannot stack")
        return _follow(model, self._fresh(inputs), self._call)

    def _chain(self, layer: Any, inputs: Any) -> Any:
        """Follow one layer of a Sequential model; known layers need no symbolic call."""
        kind = LAYERS.get(type(layer))
        if kind is None:
            return self._call(layer, inputs)
        known = self._known.setdefault(id(layer), kind(layer))
        return self._add(known, inputs, layer.compute_output_spec(inputs), None)

    def _open(self, layer: Any, inputs: Any) -> Any:
        """Follow a layer or model with its own call, if it is made of layers that can stack."""
        model = _as_graph(layer, inputs)
        inside: dict[int, Any] = {}
        _follow(model, None, lambda one, *args, **kwargs: _visit(inside, one, args, kwargs))
        used = {id(weight) for one in inside.values() for weight in getattr(one, "variables", ())}
        if not {id(weight) for weight in layer.variables} <= used:
            raise CannotStackError(f"{type(layer).__name__} has weights of its own")
        return _follow(model, self._fresh(inputs), self._use)

    def _fresh(self, inputs: Any) -> Any:
        """Return symbolic inputs of a part of the model that stand for the given tensors."""

        def fresh(tensor: Any) -> Any:
            other = keras.Input(batch_shape=tensor.shape)
            self._alive.append(other)
            self._numbers[id(other)] = self._numbers[id(tensor)]
            return other

        return keras.tree.map_structure(fresh, inputs)

    def _call(self, operation: Any, *args: Any, **options: Any) -> Any:
        """Follow one call inside a Functional model."""
        return self._enter(operation, args, options, options.pop("training", None))

    def _use(self, operation: Any, *args: Any, **options: Any) -> Any:
        """Follow one call inside a subclass, which hands its own phase on."""
        options.pop("training", None)
        return self._enter(operation, args, options, None)

    def _enter(self, operation: Any, args: tuple, options: dict, training: bool | None) -> Any:
        if isinstance(operation, keras.layers.InputLayer):
            return args[0]
        if _is_graph(operation):
            return self._expand(operation, *args)
        if not isinstance(operation, keras.Layer):
            return self._operate(operation, args, options)
        if len(args) != 1 or any(value is not None for value in options.values()):
            raise CannotStackError(f"{type(operation).__name__} with call options cannot stack")
        kind = LAYERS.get(type(operation))
        if kind is None and not type(operation).__module__.startswith("keras."):
            start = len(self.nodes)
            try:
                return self._open(operation, args[0])
            except CannotStackError:
                del self.nodes[start:]
        outputs = operation(args[0])
        if id(operation) not in self._known:
            self._known[id(operation)] = (kind or StackedGeneric)(operation)
        return self._add(self._known[id(operation)], args[0], outputs, training)

    def _operate(self, operation: Any, args: tuple, options: dict) -> Any:
        """Write down one of `keras.ops`."""
        outputs = operation(*args, **options)
        tensors: list[Any] = []

        def slot(value: Any) -> Any:
            if not isinstance(value, keras.KerasTensor):
                return value
            tensors.append(value)
            return Slot(len(tensors) - 1)

        template = keras.tree.map_structure(slot, (args, options))
        return self._add(stacked_operation(operation, template), tensors, outputs, None)

    def _add(self, layer: StackedLayer, inputs: Any, outputs: Any, training: bool | None) -> Any:
        if not isinstance(outputs, keras.KerasTensor):
            raise CannotStackError(f"{type(layer.layer).__name__} has several outputs")
        shapes = [tuple(one.shape[1:]) for one in keras.tree.flatten(inputs)]
        layer.accept(shapes[0])
        if isinstance(layer, StackedGeneric):
            layer.try_out(shapes)
        places = keras.tree.map_structure(lambda one: self._numbers[id(one)], inputs)
        shape = tuple(outputs.shape[1:])
        size = layer.size(shapes[0], shape)
        self.nodes.append(Node(layer, places, self._number(outputs), shape, size, training))
        return outputs

    def _number(self, tensor: Any) -> int:
        self._alive.append(tensor)
        return self._numbers.setdefault(id(tensor), len(self._numbers))


def _is_graph(model: Any) -> bool:
    """Say whether a model is Sequential or Functional and not a subclass with its own call."""
    return isinstance(model, keras.Model) and type(model).__module__.split(".")[0] == "keras"


def _follow(model: Any, inputs: Any, call: Callable[..., Any]) -> Any:
    """Call a Functional model's layers one by one on other symbolic inputs."""
    copy = keras.models.clone_model(
        model, input_tensors=inputs, clone_function=lambda layer: layer, call_function=call
    )
    return copy.output


def _visit(inside: dict[int, Any], operation: Any, args: tuple, options: dict) -> Any:
    inside[id(operation)] = operation
    return operation(*args, **options)


def _as_graph(layer: Any, inputs: Any) -> Any:
    """Turn a layer or model with its own call into a Functional model.

    Raises:
        CannotStackError: If its call cannot be followed, or depends on the phase.
    """
    name = type(layer).__name__
    phases = "training" in inspect.signature(layer.call).parameters
    try:
        graphs = [
            _one_phase(layer, inputs, {"training": phase} if phases else {})
            for phase in ((False, True) if phases else (None,))
        ]
    except Exception as error:
        raise CannotStackError(f"the call of {name} cannot be followed") from error
    if len({repr(kinds) for _, kinds in graphs}) > 1:
        raise CannotStackError(f"{name} computes something else in training")
    return graphs[0][0]


def _one_phase(layer: Any, inputs: Any, options: dict) -> tuple[Any, list[str]]:
    fresh = keras.tree.map_structure(lambda one: keras.Input(batch_shape=one.shape), inputs)
    model = keras.Model(fresh, layer.call(fresh, **options))
    kinds: list[str] = []

    def note(operation: Any, *args: Any, **kwargs: Any) -> Any:
        kinds.append(
            operation.name if isinstance(operation, keras.Layer) else type(operation).__name__
        )
        return operation(*args, **kwargs)

    _follow(model, fresh, note)
    return model, kinds
