"""Where the work units of a sweep run: in this process, in several, or on a Dask cluster.

A *work unit* is a list of runs that are done together. It is idempotent: its outcome depends on
its runs alone. So it may run anywhere, twice if a worker is lost, and a finished one may be read
from a store instead.
"""

import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from dlbook.lab.grid import Columns, columns
from dlbook.lab.levels import check_count

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run, Trial

Units = Sequence[Sequence["Run"]]


@dataclass(frozen=True)
class Outcome:
    """What one work unit found.

    Attributes:
        columns: Dependent variable -> array, runs first.
        engine: What ran it.
    """

    columns: Columns
    engine: str


@dataclass(frozen=True)
class Options:
    """Where and how a sweep runs; none of this changes its results.

    Attributes:
        workers: Number of processes.
        scheduler: Address of a Dask cluster.
        store: Folder for finished work units.
        progress: Whether to show progress; ``None`` decides by where the output goes.

    Raises:
        ValueError: If ``workers`` is below 1, or is given together with ``scheduler``.
    """

    workers: int = 1
    scheduler: str | None = None
    store: str | Path | None = None
    progress: bool | None = None

    def __post_init__(self) -> None:
        """Check the arguments."""
        check_count("workers", self.workers)
        if self.scheduler is not None and self.workers != 1:
            raise ValueError(
                "workers counts processes on this machine and has no meaning with scheduler=; give "
                f"one of the two. Received: workers={self.workers}, scheduler={self.scheduler!r}"
            )


@dataclass(frozen=True)
class Sweep:
    """What the scheduler must know about the experiment.

    Attributes:
        name: The experiment's name.
        fingerprint: Gives a hash of all that determines results besides conditions and seeds.
        check: Raises an error if columns do not fit the experiment.
    """

    name: str
    fingerprint: Callable[[], str]
    check: Callable[[Columns], None]


def run_units(trial: "Trial", units: Units, sweep: Sweep, options: Options) -> list[Outcome]:
    """Run the work units of a sweep.

    Args:
        trial: What to run.
        units: The work units.
        sweep: What they belong to.
        options: Where to run, where to keep, what to show.

    Returns:
        One outcome per unit, in order.
    """
    outcomes: dict[int, Outcome] = {}
    for number, outcome in _in_process(trial, units):
        if not outcomes:
            sweep.check(outcome.columns)
        outcomes[number] = outcome
    return [outcomes[number] for number in range(len(units))]


def _in_process(trial: "Trial", units: Units) -> Iterator[tuple[int, Outcome]]:
    for number, unit in enumerate(units):
        yield number, work(trial, unit, lambda runs: None)


def work(trial: "Trial", unit: Sequence["Run"], report: Callable[[int], None]) -> Outcome:
    """Do one work unit.

    Args:
        trial: What to run.
        unit: The runs.
        report: Told the number of runs finished since the last call.

    Returns:
        The columns of the unit's results and the engine.
    """
    records, engine = trial.execute(unit, report)
    return Outcome(columns(records), engine)


def versions(plain: bool = False) -> dict[str, str]:
    """Say which versions of the libraries results depend on are installed.

    Args:
        plain: Whether the trial is a function: then Keras and TensorFlow count only once they
            are loaded.

    Returns:
        Library -> version, with Python first.

    Example:
        >>> list(versions(plain=True))[:3]
        ['python', 'dlbook', 'numpy']
    """
    frameworks = [name for name in ("keras", "tensorflow") if not plain or name in sys.modules]
    libraries = ["dlbook", "numpy", *frameworks]
    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in libraries
    }
