"""The engine: all runs that share shapes train together, as one compiled program.

Runs are first put into *groups* that can share a program: same graph, same shapes, same loss and
optimizer. A group becomes a *stack* with two axes, streams and conditions (see
`dlbook.lab.stacked_layers`), and a `Program` trains the stack for all its epochs. What cannot
stack goes through the same program one run at a time.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from dlbook.lab.example_order import ExampleOrder
from dlbook.lab.stacked_noise import table
from dlbook.lab.stacked_plan import Group, Job, Planner
from dlbook.lab.stacked_program import Program, Recipe
from dlbook.lab.trained_weights import load_weights, weight_dims, weight_names

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run
    from dlbook.lab.training import Training

MOST_PROGRAMS = 16
_PROGRAMS: "OrderedDict[Hashable, Program]" = OrderedDict()
ORDER_BYTES = 2**25


def partition(training: "Training", runs: "Sequence[Run]", memory: int) -> "list[list[Run]]":
    """Split runs into work units: runs that train together, within a memory budget.

    Args:
        training: What to train.
        runs: All runs.
        memory: Bytes that one unit may need.

    Returns:
        The units, the same ones each time.
    """
    planner = Planner(training)
    groups = planner.groups(runs, sample=True)
    if training.keep_weights:
        for group in groups:
            training.remember_dims(weight_dims(planner.blueprint(group.jobs[0]).model))
    return [[job.run for job in chunk] for group in groups for chunk in group.chunks(memory)]


def execute(
    training: "Training", runs: "Sequence[Run]", report: Callable[[int], None]
) -> tuple[list[dict[str, Any]], str]:
    """Train runs.

    Args:
        training: What to train.
        runs: The runs of one work unit.
        report: Told the number of runs finished since the last call.

    Returns:
        One record per run in order, and the engine that trained them.
    """
    planner = Planner(training)
    records: dict[int, dict[str, Any]] = {}
    engines: dict[str, None] = {}
    for group in planner.groups(runs):
        engines[group.network.engine] = None
        stacks = [group.jobs] if group.network.stacks else [[job] for job in group.jobs]
        for jobs in stacks:
            found = _Stack(planner, group, jobs).train()
            records |= {id(job.run): record for job, record in zip(jobs, found, strict=True)}
            report(len(jobs))
    return [records[id(run)] for run in runs], "; ".join(engines)


@dataclass(frozen=True)
class _Layout:
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
    def of(cls, keys: Sequence[Hashable], jobs: Sequence[Job]) -> "_Layout":
        """Put runs with equal stream keys side by side, if every stream has as many."""
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


class _Stack:
    """Runs that are trained together."""

    def __init__(self, planner: Planner, group: Group, jobs: Sequence[Job]) -> None:
        self.planner = planner
        self.group = group
        self.jobs = list(jobs)
        self.settings = jobs[0].settings
        self.network = group.network
        keys = [self._stream_key(job) for job in jobs]
        self.layout = _Layout.of(keys, self.jobs)
        self.program = _program(self._recipe(), (group.key, self._penalized()))

    @property
    def _full_batch(self) -> bool:
        return self.group.batch_size >= self.group.num_examples

    def _stream_key(self, job: Job) -> Hashable:
        alone = self._full_batch and not self.network.uses_noise
        return (job.data_key, None if alone else job.run.seed)

    def _penalized(self) -> tuple[tuple[int, str], ...]:
        numbers = [self._numbers(job) for job in self.jobs]
        return tuple(
            (place, kind)
            for place in self.network.trainable
            for kind in ("l1", "l2")
            if any(one[f"{kind} {place}"] for one in numbers)
        )

    def _numbers(self, job: Job) -> dict[str, float]:
        numbers = dict(self.planner.blueprint(job).numbers)
        for place in self.network.kernels:
            numbers[f"l1 {place}"] += job.settings.l1
            numbers[f"l2 {place}"] += job.settings.l2
        return numbers

    def _recipe(self) -> Recipe:
        return Recipe(
            network=self.network,
            loss=self.group.loss,
            metrics=self.group.metrics,
            optimizer=self.group.optimizer,
            num_examples=self.group.num_examples,
            batch_size=min(self.group.batch_size, self.group.num_examples),
            penalized=self._penalized(),
            validates=self.planner.data(self.jobs[0]).has("validation"),
            scheduled=any(job.scheduled for job in self.jobs),
        )

    def train(self) -> list[dict[str, Any]]:
        """Train the stack and return one record per job."""
        fixed = self._fixed()
        state = self.program.start(self._weights())
        history: list[dict[str, np.ndarray]] = []
        for feed in self._feeds():
            state, curves = self.program.advance(state, fixed, feed)
            history.append({name: curve.numpy() for name, curve in curves.items()})
        curves = {
            name: np.concatenate([one[name] for one in history]) for name in self.program.names
        }
        records = [
            {name: curve[:, *place] for name, curve in curves.items()}
            for place in self.layout.place
        ]
        self._test(state, fixed, records)
        self._measure(state, records)
        return records

    def _measure(self, state: Any, records: list[dict[str, Any]]) -> None:
        """Add final weights and what the reader measures on trained models."""
        training = self.planner.training
        if not training.keep_weights and training.outputs is None:
            return
        arrays = [weight.numpy() for weight in state["weights"]]
        for job, record, place in zip(self.jobs, records, self.layout.place, strict=True):
            values = self.network.from_stack([array[place][np.newaxis] for array in arrays])
            own = [value[0] for value in values]
            model = self.planner.blueprint(job).model
            if training.keep_weights:
                record |= dict(zip(weight_names(model), own, strict=False))
            if training.outputs is not None:
                record |= self._outputs(job, load_weights(model, own))

    def _outputs(self, job: Job, model: Any) -> dict[str, Any]:
        training = self.planner.training
        levels: dict[str, Any] = training.levels_for("outputs", job.run.condition)
        if training.takes_seed("outputs"):
            levels["seed"] = job.run.seed
        found = training.outputs(model, self.planner.raw(job), **levels)
        return {name: np.asarray(value) for name, value in found.items()}

    def _test(self, state: Any, fixed: Any, records: list[dict[str, Any]]) -> None:
        if not self.planner.data(self.jobs[0]).has("test"):
            return
        parts = [self._part(axis, "test") for axis in "xy"]
        found = self.program.evaluate(state["weights"], fixed, *parts)
        for name, values in found.items():
            array = values.numpy()
            for record, place in zip(records, self.layout.place, strict=True):
                record[f"test_{name}"] = array[place]

    def _feeds(self) -> Iterator[dict[str, Any]]:
        epochs, num_examples = self.settings.epochs, self.group.num_examples
        order = ExampleOrder(
            [job.run.seed for job in self.layout.streams], num_examples, self.settings.shuffle
        )
        per_epoch = 4 * num_examples * len(self.layout.streams)
        block = max(1, min(-(-epochs // 10), ORDER_BYTES // per_epoch))
        for start in range(0, epochs, block):
            count = min(block, epochs - start)
            feed: dict[str, Any] = {"epochs": tf.constant(count)}
            if not self._full_batch:
                feed["order"] = tf.constant(order.epochs(count) + self._first_rows())
            if self.program.recipe.scheduled:
                feed["rates"] = self._rates(start, count)
            yield feed

    def _first_rows(self) -> np.ndarray:
        """Return for each stream where its data begin in the rows of all data sets."""
        keys = self._data_keys()
        rows = [keys.index(job.data_key) * self.group.num_examples for job in self.layout.streams]
        return np.array(rows, np.int32)[:, np.newaxis]

    def _rates(self, start: int, count: int) -> tf.Tensor:
        steps = self.program.steps_per_epoch
        numbers = range(start * steps, (start + count) * steps)
        columns = [schedule_values(one, numbers) for one in self._schedules()]
        return tf.constant(np.stack(columns, axis=1), tf.float32)

    def _schedules(self) -> list[Any]:
        found = {job.schedule_key: job.settings.learning_rate for job in self.jobs}
        return list(found.values())

    def _data_keys(self) -> list[Hashable]:
        return list(dict.fromkeys(job.data_key for job in self.layout.streams))

    def _part(self, axis: str, part: str) -> tf.Tensor:
        """Return inputs or targets of a part with examples last, one per stream or one for all."""
        keys = self._data_keys()
        streams = self.layout.streams if len(keys) > 1 else self.layout.streams[:1]
        arrays = [self.planner.data(job).array(axis, part) for job in streams]
        return tf.constant(np.moveaxis(np.stack(arrays), 1, -1)[:, np.newaxis])

    def _fixed(self) -> dict[str, Any]:
        fixed: dict[str, Any] = {
            "numbers": self._per_run([self._numbers(job) for job in self.jobs]),
            "settings": self._per_run([job.numbers for job in self.jobs]),
        }
        if self.network.uses_noise:
            keys = [job.noise_key for job in self.layout.streams]
            fixed["noise_keys"] = tf.constant(keys, tf.uint32)
            fixed["noise"] = {kind: tf.constant(table(kind)) for kind in ("uniform", "normal")}
        for axis in "xy":
            fixed[axis] = self._part(axis, "train") if self._full_batch else self._rows(axis)
            if self.program.recipe.validates:
                fixed[f"{axis}_val"] = self._part(axis, "validation")
        if self.program.recipe.scheduled:
            keys = list({job.schedule_key: None for job in self.jobs})
            places = [keys.index(job.schedule_key) for job in self.jobs]
            fixed["schedule"] = tf.constant(np.array(places)[self.layout.cells], tf.int32)
        return fixed

    def _rows(self, axis: str) -> tf.Tensor:
        """Return the training data of all data sets below one another."""
        jobs = {job.data_key: job for job in self.layout.streams}.values()
        return tf.constant(
            np.concatenate([self.planner.data(job).array(axis, "train") for job in jobs])
        )

    def _per_run(self, numbers: Sequence[dict[str, float]]) -> dict[str, tf.Tensor]:
        return {
            name: tf.constant(
                np.array([one[name] for one in numbers], np.float32)[self.layout.cells]
            )
            for name in numbers[0]
        }

    def _weights(self) -> list[tf.Tensor]:
        """Return the initial weights of all runs."""
        models: dict[Hashable, list[int]] = {}
        for number, job in enumerate(self.jobs):
            models.setdefault(job.model_key, []).append(number)
        columns: list[np.ndarray] = []
        for numbers in models.values():
            members = [self.jobs[number] for number in numbers]
            weights = self.planner.blueprint(members[0]).weights
            found = self.network.to_stack(weights.of([job.run.seed for job in members]))
            if not columns:
                columns = [np.empty((len(self.jobs), *one.shape[1:]), one.dtype) for one in found]
            for column, values in zip(columns, found, strict=True):
                column[numbers] = values
        return [tf.constant(column[self.layout.cells]) for column in columns]


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
    return np.array([float(schedule(step)) for step in steps])


def _program(recipe: Recipe, key: Hashable) -> Program:
    """Return the program of a recipe, compiled earlier if possible."""
    full_key = (key, recipe.validates, recipe.scheduled)
    if full_key not in _PROGRAMS:
        _PROGRAMS[full_key] = Program(recipe)
    _PROGRAMS.move_to_end(full_key)
    while len(_PROGRAMS) > MOST_PROGRAMS:
        _PROGRAMS.popitem(last=False)
    return _PROGRAMS[full_key]
