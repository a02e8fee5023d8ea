"""A stack: runs of one group laid out in streams and conditions, with all that training needs."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from dlbook.lab.example_order import ExampleOrder
from dlbook.lab.stacked_groups import Group
from dlbook.lab.stacked_layers import Tensor
from dlbook.lab.stacked_noise import table
from dlbook.lab.stacked_plan import Job, Planner
from dlbook.lab.stacked_program import Recipe

ORDER_BYTES = 2**25


@dataclass(frozen=True)
class Layout:
    """Where each run of a stack stands.

    Attributes:
        streams: One job per stream.
        place: Stream and condition of every job.
        cells: Job of every place, shape (streams, conditions).
    """

    streams: list[Job]
    place: list[tuple[int, int]]
    cells: np.ndarray

    @classmethod
    def of(cls, keys: Sequence[Hashable], jobs: Sequence[Job]) -> "Layout":
        """Put runs with equal stream keys side by side, if every stream has as many.

        Args:
            keys: What runs of one stream share.
            jobs: The runs.

        Returns:
            The layout.
        """
        members: dict[Hashable, list[int]] = {}
        for number, key in enumerate(keys):
            members.setdefault(key, []).append(number)
        if len({len(one) for one in members.values()}) > 1:
            members = {number: [number] for number in range(len(jobs))}
        cells = np.array(list(members.values()))
        places = {
            int(number): (stream, condition)
            for stream, row in enumerate(cells)
            for condition, number in enumerate(row)
        }
        streams = [jobs[row[0]] for row in cells]
        return cls(streams, [places[number] for number in range(len(jobs))], cells)


class Stack:
    """Runs that are trained together, as tensors.

    Args:
        planner: Makes models and data.
        group: What the runs have in common.
        jobs: The runs.
    """

    def __init__(self, planner: Planner, group: Group, jobs: Sequence[Job]) -> None:
        self.planner = planner
        self.group = group
        self.jobs = list(jobs)
        self.network = group.network
        self.layout = Layout.of([self._stream_key(job) for job in jobs], self.jobs)

    @property
    def _full_batch(self) -> bool:
        return self.group.batch_size >= self.group.num_examples

    def _stream_key(self, job: Job) -> Hashable:
        alone = self._full_batch and not self.network.uses_noise
        return (job.data_key, None if alone else job.run.seed)

    @cached_property
    def recipe(self) -> Recipe:
        """What the program of this stack computes."""
        return Recipe(
            network=self.network,
            loss=self.group.loss,
            metrics=self.group.metrics,
            optimizer=self.group.optimizer,
            num_examples=self.group.num_examples,
            batch_size=self.group.batch_size,
            penalized=self._penalized,
            validates=self.planner.data(self.jobs[0]).has("validation"),
            scheduled=any(job.scheduled for job in self.jobs),
            block=self._block,
        )

    @property
    def _block(self) -> int:
        """How many epochs are trained between two reports."""
        per_epoch = 4 * self.group.num_examples * len(self.layout.streams)
        return max(1, min(-(-self.group.settings.epochs // 10), ORDER_BYTES // per_epoch))

    # Settings per run

    @cached_property
    def _numbers(self) -> dict[str, np.ndarray]:
        """Settings of the layers, one value per job."""
        found = [self.planner.blueprint(job).numbers for job in self.jobs]
        numbers = {name: np.array([one[name] for one in found], np.float32) for name in found[0]}
        for kind in ("l1", "l2"):
            strengths = np.array([getattr(job.settings, kind) for job in self.jobs], np.float32)
            for place in self.network.kernels:
                numbers[f"{kind} {place}"] = numbers[f"{kind} {place}"] + strengths
        return numbers

    @property
    def _penalized(self) -> tuple[tuple[int, str], ...]:
        return tuple(
            (place, kind)
            for place in self.network.trainable
            for kind in ("l1", "l2")
            if self._numbers[f"{kind} {place}"].any()
        )

    def fixed(self) -> dict[str, Any]:
        """Return what stays the same in all epochs."""
        rates = [job.numbers for job in self.jobs]
        settings = {name: np.array([one[name] for one in rates], np.float32) for name in rates[0]}
        penalties = {f"{kind} {place}" for place, kind in self._penalized}
        used = {
            name: values
            for name, values in self._numbers.items()
            if name in penalties or not name.startswith(("l1", "l2"))
        }
        fixed: dict[str, Any] = {
            "numbers": {name: self._placed(values) for name, values in used.items()},
            "settings": {name: self._placed(values) for name, values in settings.items()},
        }
        for axis in "xy":
            fixed[axis] = self.part(axis, "train") if self._full_batch else self._rows(axis)
            if self.recipe.validates:
                fixed[f"{axis}_val"] = self.part(axis, "validation")
        return fixed | self._noise() | self._schedule()

    def _placed(self, values: np.ndarray) -> Tensor:
        return tf.constant(values[self.layout.cells])

    def _noise(self) -> dict[str, Any]:
        if not self.network.uses_noise:
            return {}
        keys = [job.noise_key for job in self.layout.streams]
        tables = {kind: tf.constant(table(kind)) for kind in ("uniform", "normal")}
        return {"noise_keys": tf.constant(keys, tf.uint32), "noise": tables}

    def _schedule(self) -> dict[str, Any]:
        if not self.recipe.scheduled:
            return {}
        keys = list(dict.fromkeys(job.schedule_key for job in self.jobs))
        places = np.array([keys.index(job.schedule_key) for job in self.jobs], np.int32)
        return {"schedule": self._placed(places)}

    # Data

    def _data_keys(self) -> list[Hashable]:
        return list(dict.fromkeys(job.data_key for job in self.layout.streams))

    def part(self, axis: str, part: str) -> Tensor:
        """Return inputs or targets of a part, examples last.

        Args:
            axis: ``"x"`` or ``"y"``.
            part: ``"train"``, ``"validation"`` or ``"test"``.

        Returns:
            Shape (streams, 1, ..., examples), with one stream if all share their data.
        """
        shared = len(self._data_keys()) == 1
        streams = self.layout.streams[:1] if shared else self.layout.streams
        arrays = [self.planner.data(job).array(axis, part) for job in streams]
        return tf.constant(np.moveaxis(np.stack(arrays), 1, -1)[:, np.newaxis])

    def _rows(self, axis: str) -> Tensor:
        """Return the training data of all data sets below one another."""
        jobs = {job.data_key: job for job in self.layout.streams}.values()
        arrays = [self.planner.data(job).array(axis, "train") for job in jobs]
        return tf.constant(np.concatenate(arrays))

    def _first_rows(self) -> np.ndarray:
        """Return for each stream where its data begin in the rows of all data sets."""
        places = {key: place for place, key in enumerate(self._data_keys())}
        rows = [places[job.data_key] * self.group.num_examples for job in self.layout.streams]
        return np.array(rows, np.int32)[:, np.newaxis]

    # What changes

    def feeds(self) -> Iterator[dict[str, Any]]:
        """Yield what is new in each block of epochs: their number, orders and learning rates."""
        settings = self.group.settings
        seeds = [job.run.seed for job in self.layout.streams]
        order = ExampleOrder(seeds, self.group.num_examples, settings.shuffle)
        for start in range(0, settings.epochs, self.recipe.block):
            count = min(self.recipe.block, settings.epochs - start)
            feed: dict[str, Any] = {"epochs": tf.constant(count)}
            if not self._full_batch:
                rows = np.zeros((self.recipe.block, *order.shape), np.int32)
                rows[:count] = order.epochs(count) + self._first_rows()
                feed["order"] = tf.constant(rows)
            if self.recipe.scheduled:
                feed["rates"] = self._rates(start)
            yield feed

    def _rates(self, start: int) -> Tensor:
        """Return the learning rates of a block, shape (steps, schedules)."""
        steps = self.recipe.steps_per_epoch
        numbers = range(start * steps, (start + self.recipe.block) * steps)
        found = {job.schedule_key: job.settings.learning_rate for job in self.jobs}
        columns = [schedule_values(one, numbers) for one in found.values()]
        return tf.constant(np.stack(columns, axis=1), tf.float32)

    # Weights

    def weights(self) -> list[Tensor]:
        """Return the initial weights of all runs; missing units of narrower runs are 0."""
        models: dict[Hashable, list[int]] = {}
        for number, job in enumerate(self.jobs):
            models.setdefault(job.model_key, []).append(number)
        columns: list[np.ndarray] = []
        for numbers in models.values():
            members = [self.jobs[number] for number in numbers]
            blueprint = self.planner.blueprint(members[0])
            seeds = [job.run.seed for job in members]
            found = blueprint.network.to_stack(blueprint.weights.of(seeds))
            if not columns:
                shapes = zip(self.network.shapes, found, strict=False)
                columns = [np.zeros((len(self.jobs), *s), one.dtype) for s, one in shapes]
            for column, values in zip(columns, found, strict=False):
                column[np.ix_(numbers, *map(range, values.shape[1:]))] = values
        return [self._placed(column) for column in columns]

    def final_weights(self, arrays: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
        """Yield the weights of each job in Keras' layout.

        Args:
            arrays: The stacked weights of all runs.

        Yields:
            One array for each of the run's variables.
        """
        for job, place in zip(self.jobs, self.layout.place, strict=True):
            network = self.planner.blueprint(job).network
            cut = [
                array[place][tuple(map(slice, shape))]
                for array, shape in zip(arrays, network.shapes, strict=True)
            ]
            yield [one[0] for one in network.from_stack([one[np.newaxis] for one in cut])]


def schedule_values(schedule: Any, steps: Sequence[int]) -> np.ndarray:
    """Return the learning rates of a schedule, or a constant rate, at some steps.

    Args:
        schedule: A number or a Keras learning-rate schedule.
        steps: Numbers of steps.

    Returns:
        One rate per step.

    Example:
        >>> schedule_values(0.5, range(3))
        array([0.5, 0.5, 0.5])
    """
    if not callable(schedule):
        return np.full(len(steps), float(schedule))
    rates = tf.map_fn(schedule, tf.constant([*steps], tf.float32))
    return np.asarray(rates)
