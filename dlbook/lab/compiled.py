"""Networks that cannot stack: one run at a time, in a loop that is compiled once."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf

from dlbook.lab.initial_weights import variables
from dlbook.lab.stacked_layers import Moment, Tensor, examples_first, examples_last


class CompiledNetwork:
    """Any Keras model, with the interface of a `StackedNetwork` for a stack of one run.

    Args:
        model: A built Keras model.
        features: Shape of one example's inputs.
        reason: Why it cannot stack.
        name: Describes all that runs which share the compiled loop have in common.

    Raises:
        ValueError: If the model has several outputs.
    """

    stacks = False
    fuses = False

    def __init__(self, model: Any, features: tuple[int, ...], reason: str, name: str) -> None:
        self.model = model
        self.engine = f"one by one: {reason}"
        self.name = name
        self.variables = variables(model)
        outputs = model(np.zeros((1, *features), np.float32))
        if not isinstance(outputs, tf.Tensor):
            raise ValueError(f"model must have one output. Received: {type(outputs).__name__}")
        self.output_shape = tuple(outputs.shape[1:])
        self._position = {id(one): place for place, one in enumerate(self.variables)}
        self._trained = [self._position[id(one)] for one in model.trainable_variables]
        self._others = [self._position[id(one)] for one in model.non_trainable_variables]

    def key(self) -> str:
        """Describe all that runs which share the compiled loop have in common."""
        return self.name

    def family(self) -> None:
        """Return nothing: widths of such networks are not mixed."""
        return

    @property
    def num_weights(self) -> int:
        """Weights of one run."""
        return sum(prod(one.shape) for one in self.variables)

    @property
    def num_activations(self) -> int:
        """A guess, only for the estimate of time: such runs are trained one at a time."""
        return self.num_weights

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of each variable."""
        return [tuple(one.shape) for one in self.variables]

    def numbers(self) -> dict[str, float]:
        """Return no settings but the strengths of penalties: the model brings its own."""
        places = range(len(self.variables))
        return {f"{kind} {place}": 0.0 for kind in ("l1", "l2") for place in places}

    @property
    def trainable(self) -> list[int]:
        """Positions of the weights that training changes."""
        return self._trained

    @property
    def kernels(self) -> list[int]:
        """Positions of the weights that a training's own penalties act on."""
        return [place for place in self._trained if self.variables[place].name == "kernel"]

    @property
    def uses_noise(self) -> bool:
        """False: the model's own layers draw their noise."""
        return False

    def place(self, variable: int) -> int:
        """Return the position of the Keras variable with an id among the weights."""
        return self._position[variable]

    def to_stack(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the weights as they are."""
        return list(weights)

    def from_stack(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the weights as they are."""
        return list(weights)

    def forward(
        self,
        inputs: Tensor,
        weights: Sequence[Tensor],
        numbers: Mapping[str, Tensor],
        moment: Moment,
    ) -> Tensor:
        """Compute the outputs of the one run.

        Args:
            inputs: Shape (1, 1, *features, examples).
            weights: One tensor (1, 1, *shape) for each of `variables`.
            numbers: Not needed.
            moment: The forward pass; afterwards it holds penalties and new states.

        Returns:
            Shape (1, 1, *units, examples).
        """
        trained = [weights[place][0, 0] for place in self._trained]
        others = [weights[place][0, 0] for place in self._others]
        rows = examples_first(inputs)[0, 0]
        outputs, states, losses = self.model.stateless_call(
            trained, others, rows, training=moment.training, return_losses=True
        )
        for place, state in zip(self._others, states, strict=True):
            moment.updates[id(self.variables[place])] = state[tf.newaxis, tf.newaxis]
        if losses:
            moment.penalties.append(tf.reshape(tf.add_n(losses), [1, 1]))
        values = examples_last(outputs[tf.newaxis, tf.newaxis])
        if outputs.op.type in ("Sigmoid", "Softmax"):
            logits = outputs.op.inputs[0][tf.newaxis, tf.newaxis]
            moment.logits[id(values)] = examples_last(logits)
        return values
