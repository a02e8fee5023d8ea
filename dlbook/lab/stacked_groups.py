"""Which runs can share a program, and how a group is split to stay within a memory budget."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbook.lab.fingerprint import fingerprint
from dlbook.lab.settings import Settings, metric_name
from dlbook.lab.stacked_data import PARTS
from dlbook.lab.stacked_losses import StackedLoss
from dlbook.lab.stacked_metrics import StackedMetric, stacked_metric
from dlbook.lab.stacked_optimizers import StackedOptimizer
from dlbook.lab.stacked_plan import Job, Planner

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run

# Measured on two cores: seconds to trace a program, overhead of one step, and of one number of a
# run (a weight or an activation) in one step.
SECONDS_PER_PROGRAM = 1.2
SECONDS_PER_STEP = 2e-4
SECONDS_PER_NUMBER = 8e-9
SECONDS_PER_UNIT = 30
COPIES = 8


@dataclass(frozen=True)
class Group:
    """Runs that share a program.

    Attributes:
        key: What they have in common.
        jobs: The runs, those with the same seed together.
        network: The network of the widest of them.
        loss: Their loss.
        metrics: Their metrics.
        optimizer: Their optimizer.
        num_examples: Training examples of each.
        batch_size: Examples per update.
        rows: Most examples that go through the network at once.
        data_bytes: Bytes of the data of one run.
    """

    key: tuple
    jobs: list[Job]
    network: Any
    loss: StackedLoss
    metrics: tuple[StackedMetric, ...]
    optimizer: StackedOptimizer
    num_examples: int
    batch_size: int
    rows: int
    data_bytes: int

    @property
    def settings(self) -> Settings:
        """The settings of one of the runs; all have the same epochs and batch size."""
        return self.jobs[0].settings

    def seconds_for(self, runs: int) -> float:
        """Estimate the seconds that training takes.

        Args:
            runs: How many runs are trained together.

        Returns:
            The estimate; it decides what shares a program and what XLA compiles, nothing else.
        """
        steps = -(-self.num_examples // self.batch_size) * self.settings.epochs
        numbers = self.network.num_weights + self.network.num_activations * self.batch_size
        per_step = SECONDS_PER_STEP + SECONDS_PER_NUMBER * numbers * runs
        return SECONDS_PER_PROGRAM + steps * per_step

    @property
    def bytes_per_run(self) -> int:
        """Estimate of the memory that one run needs."""
        weights = self.network.num_weights * (4 + self.optimizer.num_slots)
        activations = self.network.num_activations * self.rows * COPIES
        curves = (1 + len(self.metrics)) * 2 * self.settings.epochs * 2
        return 4 * (weights + activations + curves) + self.data_bytes

    @property
    def _most_in_time(self) -> int:
        """How many runs a work unit may have so that a stop does not cost much."""
        alone = self.seconds_for(1) - self.seconds_for(0)
        return max(1, int(SECONDS_PER_UNIT / alone))

    def chunks(self, memory: int) -> Iterator[list[Job]]:
        """Split the runs so that each part stays within a memory budget and half a minute.

        Args:
            memory: Bytes.

        Yields:
            Runs that train together: whole seeds, in parts of equal size but for the last.
        """
        most = max(1, min(memory // self.bytes_per_run, self._most_in_time))
        per_seed = max(1, len(self.jobs) // len({job.run.seed for job in self.jobs}))
        parts = -(-len(self.jobs) // most)
        size = -(-len(self.jobs) // parts)
        if per_seed < size:
            size = min(-(-size // per_seed), most // per_seed) * per_seed
        for start in range(0, len(self.jobs), size):
            yield self.jobs[start : start + size]


def groups(planner: Planner, runs: "Sequence[Run]", sample: bool = False) -> list[Group]:
    """Put runs into groups that can share a program.

    Args:
        planner: Makes models and data.
        runs: The runs.
        sample: Whether to look at the data of one seed only for each condition.

    Returns:
        The groups. Networks that differ in width alone share one where that saves time.
    """
    members: dict[tuple, list[Job]] = {}
    looked: dict[Hashable, Job] = {}
    measured: dict[int, str] = {}
    for job in map(planner.job, runs):
        seen = looked.setdefault(job.data_levels, job) if sample else job
        members.setdefault(_key(planner, job, seen, measured), []).append(job)
    exact = [_group(planner, key, jobs) for key, jobs in members.items()]
    families: dict[Hashable, list[Group]] = {}
    for number, group in enumerate(exact):
        family = group.network.family()
        name = number if family is None else (family, group.key[1:])
        families.setdefault(name, []).append(group)
    return [group for family in families.values() for group in _merge(family)]


def _key(planner: Planner, job: Job, seen: Job, measured: dict[int, str]) -> tuple:
    settings = job.settings
    if id(settings) not in measured:
        shared = (settings.loss, settings.metrics, _rule(settings), bool(settings.weight_decay))
        measured[id(settings)] = fingerprint(*shared)
    sizes = (settings.batch_size, settings.epochs, settings.shuffle)
    shapes = planner.data(job, seen).shapes
    return (planner.blueprint(job).key, measured[id(settings)], sizes, shapes)


def _rule(settings: Settings) -> str:
    if settings.optimizer != "sgd" or not settings.momentum:
        return settings.optimizer
    return "nesterov" if settings.nesterov else "momentum"


def _group(planner: Planner, key: tuple, jobs: list[Job]) -> Group:
    first = jobs[0]
    network, data = planner.blueprint(first).network, planner.data(first)
    sizes = {part: len(data.array("x", part)) for part in PARTS if data.has(part)}
    batch_size = min(first.settings.batch_size or sizes["train"], sizes["train"])
    optimizer = StackedOptimizer(_rule(first.settings), bool(first.settings.weight_decay))
    return Group(
        key,
        _by_seed(jobs),
        network,
        planner.loss(first),
        _metrics(planner, first),
        optimizer,
        sizes["train"],
        batch_size,
        max(batch_size, *(size for part, size in sizes.items() if part != "train"), 1),
        sum(4 * int(np.prod(shape)) for _, shape in data.shapes),
    )


def _by_seed(jobs: Sequence[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: job.run.seed)


def _metrics(planner: Planner, job: Job) -> tuple[StackedMetric, ...]:
    units = planner.blueprint(job).network.output_shape
    return tuple(
        stacked_metric(metric_name(metric), metric, planner.loss(job), units)
        for metric in job.settings.metrics
    )


def _merge(family: Sequence[Group]) -> list[Group]:
    """Join groups whose networks differ in width, where a common program saves time.

    The groups are ordered by size, and cut into stretches with the smallest sum of estimated times.
    """
    ordered = sorted(family, key=lambda group: group.network.num_weights)
    best: list[tuple[float, list[Group]]] = [(0.0, [])]
    for end in range(1, len(ordered) + 1):
        joins = [_join(ordered[start:end]) for start in range(end)]
        options = [
            (before[0] + join.seconds_for(len(join.jobs)), [*before[1], join])
            for before, join in zip(best, joins, strict=True)
            if join is not None
        ]
        best.append(min(options, key=lambda option: option[0]))
    return best[-1][1]


def _join(parts: Sequence[Group]) -> Group | None:
    """Return one group with the runs of all parts, if the last part is the widest everywhere."""
    widest = parts[-1]
    sizes = [np.concatenate(part.network.shapes) for part in parts]
    if any((size > sizes[-1]).any() for size in sizes):
        return None
    if len(parts) == 1:
        return widest
    jobs = _by_seed([job for part in parts for job in part.jobs])
    return replace(widest, jobs=jobs)
