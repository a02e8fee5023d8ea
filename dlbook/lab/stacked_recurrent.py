"""Recurrent layers of many runs at once: one step of all runs is one matrix product per run."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlbook.lab.stacked_activations import activate
from dlbook.lab.stacked_dense import matrix_product
from dlbook.lab.stacked_layers import (
    CannotStackError,
    Moment,
    Numbers,
    StackedLayer,
    Tensor,
    per_feature,
)

MOST_TIMESTEPS = 128


class StackedRecurrent(StackedLayer):
    """What SimpleRNN, LSTM and GRU share: the walk along the time axis, written out step by step.

    Inputs have shape (streams, conditions or 1, timesteps, features, examples).
    """

    num_states = 1
    fuses = False  # XLA takes a minute for thirty steps, and gains nothing

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        config, name = layer.get_config(), type(layer).__name__
        special = ("return_state", "stateful", "go_backwards", "dropout", "recurrent_dropout")
        if any(config[one] for one in special) or not config.get("reset_after", True):
            raise CannotStackError(f"{name} with special options cannot stack")

    def accept(self, shape: tuple[int, ...]) -> None:
        """Refuse long sequences: their steps are written out one by one."""
        if (shape[0] or MOST_TIMESTEPS + 1) > MOST_TIMESTEPS:
            name = type(self.layer).__name__
            raise CannotStackError(f"{name} over more than {MOST_TIMESTEPS} steps cannot stack")

    def to_stack(self, position: int, values: np.ndarray) -> np.ndarray:
        """Transpose both kernels to (units, inputs)."""
        return values.swapaxes(-1, -2) if position < 2 else values

    def size(self, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> int:
        """Count all gates and states of all steps."""
        return inputs[0] * 4 * self.weights[1].shape[-1]

    def call(
        self, inputs: Tensor, weights: Sequence[Tensor], numbers: Numbers, moment: Moment
    ) -> Tensor:
        """Walk along the time axis."""
        driven = matrix_product(weights[0], inputs)
        biases = self.biases(weights[2] if self.layer.use_bias else None)
        if biases:
            driven += per_feature(biases[0], driven)
        start = tf.zeros_like(driven[:, :, 0, : self.layer.units])
        states, outputs = [start] * self.num_states, []
        for drive in tf.unstack(driven, axis=2):
            back = tf.matmul(weights[1], states[0])
            if len(biases) > 1:
                back += biases[1][..., tf.newaxis]
            states = self.step(drive, back, states, moment)
            outputs.append(states[0])
        return tf.stack(outputs, axis=2) if self.layer.return_sequences else outputs[-1]

    def biases(self, bias: Tensor | None) -> list[Tensor]:
        """Return the bias of the inputs, and that of the hidden state where there is one."""
        return [] if bias is None else [bias]

    def step(
        self, drive: Tensor, back: Tensor, states: Sequence[Tensor], moment: Moment
    ) -> list[Tensor]:
        """Return the new states.

        Args:
            drive: What comes from the inputs, shape (streams, conditions, gates, examples).
            back: What comes from the hidden state, same shape.
            states: The hidden state, and the cell state where there is one.
            moment: The forward pass.
        """
        raise NotImplementedError

    def _gate(self, values: Tensor, moment: Moment) -> Tensor:
        return activate(self.layer.recurrent_activation, values, moment)

    def _squash(self, values: Tensor, moment: Moment) -> Tensor:
        return activate(self.layer.activation, values, moment)


class StackedSimpleRNN(StackedRecurrent):
    """SimpleRNN: the hidden state is squashed inputs plus hidden state."""

    def step(self, drive, back, states, moment):
        """Add and squash."""
        return [self._squash(drive + back, moment)]


class StackedLSTM(StackedRecurrent):
    """LSTM: gates decide what enters, stays in and leaves the cell state."""

    num_states = 2
    only_before_training = ("unit_forget_bias",)  # a matter of initial weights

    def step(self, drive, back, states, moment):
        """Compute the four gates and the new cell."""
        enters, stays, candidate, leaves = tf.split(drive + back, 4, axis=2)
        added = self._gate(enters, moment) * self._squash(candidate, moment)
        cell = self._gate(stays, moment) * states[1] + added
        return [self._gate(leaves, moment) * self._squash(cell, moment), cell]


class StackedGRU(StackedRecurrent):
    """GRU: gates decide how much of the hidden state is replaced, and by what."""

    def biases(self, bias):
        """Split the bias of shape (2, gates)."""
        return [] if bias is None else tf.unstack(bias, axis=2)

    def step(self, drive, back, states, moment):
        """Compute the two gates and the new hidden state."""
        drives, backs = tf.split(drive, 3, axis=2), tf.split(back, 3, axis=2)
        keeps = self._gate(drives[0] + backs[0], moment)
        resets = self._gate(drives[1] + backs[1], moment)
        candidate = self._squash(drives[2] + resets * backs[2], moment)
        return [keeps * states[0] + (1 - keeps) * candidate]


LAYERS: dict[type, type[StackedLayer]] = {
    keras.layers.GRU: StackedGRU,
    keras.layers.LSTM: StackedLSTM,
    keras.layers.SimpleRNN: StackedSimpleRNN,
}
