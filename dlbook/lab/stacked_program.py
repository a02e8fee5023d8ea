"""The program that trains a stack of runs: whole epochs inside one compiled TensorFlow graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import tensorflow as tf

from dlbook.lab.stacked_layers import Moment, Noise, Tensor
from dlbook.lab.stacked_losses import Outputs, StackedLoss
from dlbook.lab.stacked_metrics import StackedMetric
from dlbook.lab.stacked_noise import noise_source
from dlbook.lab.stacked_optimizers import StackedOptimizer

State = dict[str, Any]
Tensors = Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """What a program computes; runs with the same recipe share one program.

    Attributes:
        network: The network of all runs.
        loss: The loss of all runs.
        metrics: The metrics of all runs.
        optimizer: The optimizer of all runs.
        num_examples: Training examples of one run.
        batch_size: Examples per update, at most `num_examples`.
        penalized: Positions of weights with a penalty, and which: ``(place, "l1")``.
        validates: Whether there are validation data.
        scheduled: Whether learning rates change from step to step.
        block: The largest number of epochs that are trained at once.
    """

    network: Any
    loss: StackedLoss
    metrics: tuple[StackedMetric, ...]
    optimizer: StackedOptimizer
    num_examples: int
    batch_size: int
    penalized: tuple[tuple[int, str], ...]
    validates: bool
    scheduled: bool
    block: int

    @property
    def steps_per_epoch(self) -> int:
        """Updates in one epoch."""
        return -(-self.num_examples // self.batch_size)


@dataclass(eq=False, repr=False)
class Program:
    """A compiled training loop for stacks of any number of runs.

    Attributes:
        recipe: What it computes.
        fused: Whether XLA compiles the loop, so that it runs without a stop between operations.
    """

    recipe: Recipe
    fused: bool = False
    names: list[str] = field(init=False)
    evaluate: Any = field(init=False)
    _plain: Any = field(init=False)
    _fused: Any = field(init=False)

    def __post_init__(self) -> None:
        """Name the curves and prepare the compiled functions."""
        names = ["loss", *(metric.name for metric in self.recipe.metrics)]
        self.names = names + [f"val_{name}" for name in names if self.recipe.validates]
        options = {"autograph": False, "reduce_retracing": True}
        # a partial, because TensorFlow counts tracings by code object and warns of many programs
        self._plain = tf.function(partial(self._advance), **options)
        self._fused = tf.function(partial(self._advance), jit_compile=True, **options)
        self.evaluate = tf.function(partial(self._evaluate), **options)

    def start(self, weights: Sequence[Tensor]) -> State:
        """Return the state of a stack that has not been trained.

        Args:
            weights: Stacked initial weights.

        Returns:
            What `advance` takes and returns.
        """
        trained = [weights[place] for place in self.recipe.network.trainable]
        return {
            "weights": list(weights),
            "slots": self.recipe.optimizer.slots(trained),
            "step": tf.constant(0.0),
        }

    def advance(self, state: State, fixed: Tensors, feed: Tensors) -> tuple[State, Tensors]:
        """Train for some epochs.

        Args:
            state: Weights, the optimizer's memory, number of steps made.
            fixed: What stays: data, settings per run, noise keys.
            feed: What is new: ``epochs``, ``order`` of the examples, ``rates`` of schedules.

        Returns:
            The new state, and one curve (block, streams, conditions) for each of `names`.
        """
        if self.fused:
            try:
                return self._fused(state, fixed, feed)
            except tf.errors.OpError:  # XLA is missing here, or does not know an operation
                self.fused = False
        return self._plain(state, fixed, feed)

    def _advance(self, state: State, fixed: Tensors, feed: Tensors) -> tuple[State, Tensors]:
        """Build the graph of `advance`."""
        epochs = feed["epochs"]
        curves = {name: tf.TensorArray(tf.float32, self.recipe.block) for name in self.names}

        def one_epoch(epoch: Tensor, state: State, curves: dict) -> tuple:
            state, sums = self._train(state, fixed, feed, epoch)
            results = self._results(sums, self.recipe.num_examples)
            if self.recipe.validates:
                found = self._evaluate(state["weights"], fixed, fixed["x_val"], fixed["y_val"])
                results |= {f"val_{name}": value for name, value in found.items()}
            written = {name: curves[name].write(epoch, results[name]) for name in self.names}
            return epoch + 1, state, written

        _, state, curves = tf.while_loop(
            lambda epoch, *_: epoch < epochs, one_epoch, (tf.constant(0), state, curves)
        )
        return state, {name: curve.stack() for name, curve in curves.items()}

    def _train(self, state: State, fixed: Tensors, feed: Tensors, epoch: Tensor) -> tuple:
        """Train one epoch and return the new state and the sums of loss and metrics."""
        first = epoch * self.recipe.steps_per_epoch
        if self.recipe.steps_per_epoch == 1:
            return self._step(state, fixed, feed, (first, fixed["x"], fixed["y"]))
        size = self.recipe.batch_size
        order = feed["order"][epoch]

        def one_step(number: Tensor, state: State, sums: Tensors) -> tuple:
            rows = tf.slice(order, [0, number * size], [tf.shape(order)[0], size])
            batch = self._batch(fixed, rows, size)
            state, more = self._step(state, fixed, feed, (first + number, *batch))
            return number + 1, state, {name: sums[name] + more[name] for name in sums}

        whole, rest = divmod(self.recipe.num_examples, size)
        start = (tf.constant(0), state, self._no_sums(fixed))
        _, state, sums = tf.while_loop(lambda number, *_: number < whole, one_step, start)
        if rest:
            batch = self._batch(fixed, order[:, whole * size :], rest)
            state, more = self._step(state, fixed, feed, (first + whole, *batch))
            sums = {name: sums[name] + more[name] for name in sums}
        return state, sums

    def _no_sums(self, fixed: Tensors) -> dict[str, Tensor]:
        zeros = tf.zeros_like(fixed["settings"]["momentum"])
        sums = {"loss": zeros}
        for metric in self.recipe.metrics:
            sums[metric.name] = tf.cast(tf.stack([zeros] * metric.width, axis=-1), metric.dtype)
        return sums

    def _batch(self, fixed: Tensors, rows: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Gather one batch per stream; examples go last."""
        batch = []
        for name in ("x", "y"):
            taken = tf.gather(fixed[name], rows)
            taken.set_shape([None, size, *fixed[name].shape[1:]])
            last = tf.transpose(taken, [0, *range(2, taken.shape.rank), 1])
            batch.append(last[:, tf.newaxis])
        return batch[0], batch[1]

    def _step(self, state: State, fixed: Tensors, feed: Tensors, batch: tuple) -> tuple:
        """Make one update in all runs; return the new state and the batch's sums."""
        number, inputs, targets = batch
        weights = list(state["weights"])
        trainable = self.recipe.network.trainable
        trained = [weights[place] for place in trainable]
        moment = Moment(True, self._noise(state["step"], fixed))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            for place, weight in zip(trainable, trained, strict=True):
                weights[place] = weight
            outputs, loss = self._loss(inputs, targets, weights, fixed, moment)
        gradients = tape.gradient(loss, trained, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        settings = self._settings(state, fixed, feed, number)
        moved, slots = self.recipe.optimizer.apply(trained, gradients, state["slots"], settings)
        for place, value in zip(trainable, moved, strict=True):
            weights[place] = value
        for variable, value in moment.updates.items():
            weights[self.recipe.network.place(variable)] = value
        sums = self._sums(targets, outputs, loss)
        return {"weights": weights, "slots": slots, "step": state["step"] + 1}, sums

    def _settings(
        self, state: State, fixed: Tensors, feed: Tensors, number: Tensor
    ) -> dict[str, Tensor]:
        settings = {**fixed["settings"], "step": state["step"]}
        if self.recipe.scheduled:
            settings["learning_rate"] = tf.gather(feed["rates"][number], fixed["schedule"])
        return settings

    def _noise(self, step: Tensor, fixed: Tensors) -> Noise | None:
        if not self.recipe.network.uses_noise:
            return None
        return noise_source(fixed["noise_keys"], step, fixed["noise"])

    def _loss(
        self,
        inputs: Tensor,
        targets: Tensor,
        weights: Sequence[Tensor],
        fixed: Tensors,
        moment: Moment,
    ) -> tuple[Outputs, Tensor]:
        """Return the outputs, and the loss of every run with its penalties."""
        values = self.recipe.network.forward(inputs, weights, fixed["numbers"], moment)
        outputs = Outputs(values, moment.logits.get(id(values)))
        loss = self.recipe.loss(targets, outputs)
        for place, kind in self.recipe.penalized:
            weight = weights[place]
            sizes = tf.abs(weight) if kind == "l1" else tf.square(weight)
            total = tf.reduce_sum(sizes, list(range(2, weight.shape.rank)))
            loss += fixed["numbers"][f"{kind} {place}"] * total
        for penalty in moment.penalties:
            loss += penalty
        return outputs, loss

    def _sums(self, targets: Tensor, outputs: Outputs, loss: Tensor) -> dict:
        count = tf.cast(tf.shape(outputs.values)[-1], tf.float32)
        metrics = {metric.name: metric.sums(targets, outputs) for metric in self.recipe.metrics}
        return {"loss": loss * count, **metrics}

    def _results(self, sums: Tensors, count: Any) -> dict[str, Tensor]:
        count = tf.cast(count, tf.float32)
        metrics = {one.name: one.result(sums[one.name], count) for one in self.recipe.metrics}
        return {"loss": sums["loss"] / count, **metrics}

    def _evaluate(
        self, weights: Sequence[Tensor], fixed: Tensors, inputs: Tensor, targets: Tensor
    ) -> dict[str, Tensor]:
        """Return loss and metrics of every run on some data, without training."""
        outputs, loss = self._loss(inputs, targets, weights, fixed, Moment(False))
        sums = self._sums(targets, outputs, loss)
        return self._results(sums, tf.shape(outputs.values)[-1])
