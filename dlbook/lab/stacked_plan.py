"""Which runs can train together: built models, checked data, groups and chunks."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbook.lab.compiled import CompiledNetwork
from dlbook.lab.fingerprint import fingerprint
from dlbook.lab.initial_weights import InitialWeights, seeded
from dlbook.lab.stacked_layers import CannotStackError
from dlbook.lab.stacked_losses import (
    StackedLoss,
    StackedMetric,
    fits,
    stacked_loss,
    stacked_metric,
)
from dlbook.lab.stacked_network import StackedNetwork
from dlbook.lab.stacked_optimizers import StackedOptimizer
from dlbook.lab.training import Settings, Training, metric_name

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run

PARTS = ("train", "validation", "test")
RATES = ("learning_rate", "momentum", "weight_decay", "rho", "beta_1", "beta_2", "epsilon")


@dataclass(frozen=True)
class Job:
    """One run and what it needs.

    Attributes:
        run: The run.
        settings: Its settings.
        model_key: Runs with equal keys build the same model (up to its seed).
        data_key: Runs with equal keys have the same data.
    """

    run: "Run"
    settings: Settings
    model_key: Hashable
    data_key: Hashable

    @property
    def scheduled(self) -> bool:
        """Whether the learning rate follows a schedule."""
        return callable(self.settings.learning_rate)

    @property
    def schedule_key(self) -> str:
        """Runs with equal keys have the same learning rates."""
        rate = self.settings.learning_rate
        return fingerprint(rate) if self.scheduled else repr(rate)

    @property
    def numbers(self) -> dict[str, float]:
        """Settings of the optimizer that may differ between stacked runs."""
        values = {name: getattr(self.settings, name) for name in RATES}
        return values | {"learning_rate": 0.0} if self.scheduled else values

    @property
    def noise_key(self) -> int:
        """Seed of the run's noise."""
        return (self.run.seed * 2_654_435_761 + 97) % 2**32


@dataclass(frozen=True)
class Blueprint:
    """A model, built once, and how it computes for all runs.

    Attributes:
        model: The Keras model, built with the first run's seed.
        network: Its form for many runs.
        weights: Its initial weights under any seed.
        key: Describes all that stacked runs must have in common.
        numbers: Settings of its layers that may differ between stacked runs.
    """

    model: Any
    network: Any
    weights: InitialWeights
    key: str
    numbers: dict[str, float]


@dataclass(frozen=True)
class Group:
    """Runs that can share a program.

    Attributes:
        key: What they have in common.
        jobs: The runs, those with the same seed and data together.
        network: Their network.
        loss: Their loss.
        metrics: Their metrics.
        optimizer: Their optimizer.
        num_examples: Training examples of each.
        batch_size: Examples per update.
        bytes_per_run: Estimate of the memory that one run needs.
    """

    key: Hashable
    jobs: list[Job]
    network: Any
    loss: StackedLoss
    metrics: tuple[StackedMetric, ...]
    optimizer: StackedOptimizer
    num_examples: int
    batch_size: int
    bytes_per_run: int

    def chunks(self, memory: int) -> Iterator[list[Job]]:
        """Split the runs so that each part stays within a memory budget.

        Args:
            memory: Bytes.

        Yields:
            Runs that train together, in parts of nearly equal size.
        """
        most = max(1, memory // self.bytes_per_run)
        count = -(-len(self.jobs) // most)
        size = -(-len(self.jobs) // count)
        for start in range(0, len(self.jobs), size):
            yield self.jobs[start : start + size]


class CheckedData:
    """The data of one run, checked against the model's outputs and in the shapes of the stack.

    Args:
        data: The data.
        units: Shape of one example's outputs.
        loss: The loss, which says what targets look like.

    Raises:
        ValueError: If there is a NaN, or the targets do not fit the model's outputs.
    """

    def __init__(self, data: Any, units: tuple[int, ...], loss: StackedLoss) -> None:
        self._arrays: dict[str, np.ndarray] = {}
        for part in PARTS:
            inputs, targets = (getattr(data, f"{axis}_{part}") for axis in "xy")
            if inputs is None:
                continue
            check_numbers(f"x_{part}", inputs)
            check_numbers(f"y_{part}", targets)
            self._check_fit(part, np.asarray(targets), units, loss)
            self._arrays[f"x_{part}"] = np.asarray(inputs, np.float32)
            self._arrays[f"y_{part}"] = _targets(np.asarray(targets), units, loss)

    @staticmethod
    def _check_fit(part: str, targets: np.ndarray, units: tuple, loss: StackedLoss) -> None:
        if not fits(targets, units, loss.sparse):
            wanted = f"class numbers from 0 to {units[-1] - 1}" if loss.sparse else "the same shape"
            raise ValueError(
                f"model must put out what y_{part} can be compared with: {loss.name} wants "
                f"{wanted}. Received: outputs of shape (examples, {', '.join(map(str, units))}), "
                f"y_{part} of shape {targets.shape} from {targets.min()} to {targets.max()}"
            )

    def has(self, part: str) -> bool:
        """Say whether there is a part."""
        return f"x_{part}" in self._arrays

    def array(self, axis: str, part: str) -> np.ndarray:
        """Return inputs ``"x"`` or targets ``"y"`` of a part, examples first."""
        return self._arrays[f"{axis}_{part}"]

    @cached_property
    def shapes(self) -> tuple:
        """Shapes of all arrays."""
        return tuple((name, array.shape) for name, array in self._arrays.items())


def _targets(targets: np.ndarray, units: tuple[int, ...], loss: StackedLoss) -> np.ndarray:
    if loss.sparse:
        return targets.reshape(len(targets), *units[:-1]).astype(np.int32)
    return targets.reshape(len(targets), *units).astype(np.float32)


def check_numbers(name: str, values: Any) -> None:
    """Refuse NaN and infinity in data.

    Args:
        name: Which array, for the message.
        values: Shape (examples, ...).

    Raises:
        ValueError: If a value is NaN or infinite; the message names its column.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers. Received: dtype {array.dtype}")
    wrong = ~np.isfinite(array)
    if wrong.any():
        row, *column = (int(place) for place in np.argwhere(wrong)[0])
        where = f"column {', '.join(map(str, column))}, " if column else ""
        raise ValueError(
            f"{name} must hold finite numbers only. Received: {array[(row, *column)]} in "
            f"{where}row {row} ({int(wrong.sum())} such values)"
        )


class Planner:
    """Builds models and data of the runs of one training, each once.

    Args:
        training: What to train.
    """

    def __init__(self, training: Training) -> None:
        self.training = training
        self._conditions: dict[tuple, tuple[Settings, tuple, tuple]] = {}
        self._blueprints: dict[Hashable, Blueprint] = {}
        self._fingerprints: dict[tuple[int, int], str] = {}
        self._kept: list[Settings] = []
        self._raw: dict[Hashable, Any] = {}
        self._data: dict[Hashable, CheckedData] = {}

    def job(self, run: "Run") -> Job:
        """Return what a run needs."""
        condition = _frozen(run.condition)
        if condition not in self._conditions:
            levels = [self.training.levels_for(what, run.condition) for what in ("model", "data")]
            settings = self.training.settings(run.condition)
            self._conditions[condition] = (settings, *map(_frozen, levels))
        settings, model, levels = self._conditions[condition]
        seeded_levels = (
            (*levels, ("seed", run.seed)) if self.training.takes_seed("data") else levels
        )
        return Job(run, settings, model, seeded_levels)

    def groups(self, runs: "Sequence[Run]", sample: bool = False) -> list[Group]:
        """Put runs into groups that can share a program.

        Args:
            runs: The runs.
            sample: Whether to look at the data of one seed only for each condition.

        Returns:
            The groups.
        """
        members: dict[Hashable, list[Job]] = {}
        looked: dict[Hashable, Job] = {}
        for job in map(self.job, runs):
            seen = looked.setdefault(self._conditions[_frozen(job.run.condition)][2], job)
            members.setdefault(self._key(job, seen if sample else job), []).append(job)
        return [self._group(key, jobs) for key, jobs in members.items()]

    def _key(self, job: Job, seen: Job) -> Hashable:
        settings = job.settings
        sizes = (settings.batch_size, settings.epochs, settings.shuffle)
        rule = (self._rule(settings), bool(settings.weight_decay))
        shapes = self.data(job, seen).shapes
        return (self.blueprint(job).key, self._measured(settings), rule, sizes, shapes)

    def _measured(self, settings: Settings) -> str:
        """Describe loss and metrics."""
        place = (id(settings.loss), id(settings.metrics))
        if place not in self._fingerprints:
            self._kept.append(settings)
            self._fingerprints[place] = fingerprint(settings.loss, settings.metrics)
        return self._fingerprints[place]

    @staticmethod
    def _rule(settings: Settings) -> str:
        if settings.optimizer != "sgd" or not settings.momentum:
            return settings.optimizer
        return "nesterov" if settings.nesterov else "momentum"

    def _group(self, key: Hashable, jobs: list[Job]) -> Group:
        first = jobs[0]
        blueprint = self.blueprint(first)
        loss, metrics = self._measures(first)
        num_examples = len(self.data(first).array("x", "train"))
        seeds = sorted({job.run.seed for job in jobs})
        jobs = [job for seed in seeds for job in jobs if job.run.seed == seed]
        optimizer = StackedOptimizer(
            self._rule(first.settings), any(job.settings.weight_decay for job in jobs)
        )
        batch_size = first.settings.batch_size or num_examples
        return Group(
            key,
            jobs,
            blueprint.network,
            loss,
            metrics,
            optimizer,
            num_examples,
            batch_size,
            self._bytes(first, optimizer, min(batch_size, num_examples)),
        )

    def _measures(self, job: Job) -> tuple[StackedLoss, tuple[StackedMetric, ...]]:
        loss = stacked_loss(job.settings.loss)
        units = self.blueprint(job).network.output_shape
        names = map(metric_name, job.settings.metrics)
        metrics = tuple(
            stacked_metric(name, metric, loss, units)
            for name, metric in zip(names, job.settings.metrics, strict=True)
        )
        return loss, metrics

    def _bytes(self, job: Job, optimizer: StackedOptimizer, batch_size: int) -> int:
        """Estimate the bytes that one run of a stack needs."""
        model, data = self.blueprint(job).model, self.data(job)
        weights = sum(int(np.prod(one.shape)) for one in model.weights)
        rows = max(batch_size, *(data.array("x", p).shape[0] for p in PARTS[1:] if data.has(p)), 1)
        units = sum(int(np.prod(layer.output.shape[1:])) for layer in model.layers)
        curves = (1 + len(job.settings.metrics)) * 2 * job.settings.epochs
        inputs = sum(int(np.prod(shape)) for _, shape in data.shapes)
        return 4 * (weights * (4 + optimizer.num_slots) + rows * units * 6 + 2 * curves + inputs)

    def blueprint(self, job: Job) -> Blueprint:
        """Return the model of a run, built once for all runs that share it."""
        if job.model_key not in self._blueprints:
            model = self.build(job, job.run.seed)
            network = self._network(job, model)
            weights = InitialWeights(lambda seed: self.build(job, seed), model, job.run.seed)
            self._blueprints[job.model_key] = Blueprint(
                model, network, weights, network.key(), network.numbers()
            )
        return self._blueprints[job.model_key]

    def _network(self, job: Job, model: Any) -> Any:
        features = self.raw(job).x_train.shape[1:]
        try:
            return StackedNetwork(model, features)
        except CannotStackError as reason:
            name = f"{fingerprint(self.training.model)} {job.model_key}"
            return CompiledNetwork(model, features, str(reason), name)

    def build(self, job: Job, seed: int) -> Any:
        """Build the model of a run with the initial weights of a seed."""
        levels: dict[str, Any] = dict(self.training.levels_for("model", job.run.condition))
        if self.training.takes_seed("model"):
            levels["seed"] = seed
        with seeded(seed):
            model = self.training.model(**levels)
            if not hasattr(model, "stateless_call"):
                raise TypeError(f"model must build a Keras model. Received: {model!r}")
            if not model.built:
                model(np.zeros((1, *self.raw(job).x_train.shape[1:]), np.float32))
        return model

    def raw(self, job: Job) -> Any:
        """Return the data of a run as the data function gives them."""
        if not callable(self.training.data):
            return self.training.data
        if job.data_key not in self._raw:
            levels: dict[str, Any] = dict(self.training.levels_for("data", job.run.condition))
            if self.training.takes_seed("data"):
                levels["seed"] = job.run.seed
            self._raw[job.data_key] = self.training.data(**levels)
        return self._raw[job.data_key]

    def data(self, job: Job, seen: Job | None = None) -> CheckedData:
        """Return the checked data of a run, made once for all runs that share them."""
        seen = seen or job
        loss = stacked_loss(job.settings.loss)
        units = self.blueprint(job).network.output_shape
        key = (seen.data_key, units, loss.sparse)
        if key not in self._data:
            self._data[key] = CheckedData(self.raw(seen), units, loss)
        return self._data[key]


def _frozen(levels: dict[str, Any]) -> tuple:
    return tuple(sorted(levels.items()))
