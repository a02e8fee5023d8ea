"""Where the work units of a sweep run: in this process, in several, or on a Dask cluster.

A *work unit* is a list of runs that are done together. It is idempotent: its outcome depends on
its runs alone. So it may run anywhere, twice if a worker is lost, and a finished one may be read
from a store instead.
"""

import pickle
import platform
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from dlbook.lab.checks import check_count
from dlbook.lab.fingerprint import fingerprint
from dlbook.lab.grid import Columns, Outcome, columns, refuse_different_names
from dlbook.lab.progress import Meter, Reporter, show
from dlbook.lab.store import open_store

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run, Trial

Units = Sequence[Sequence["Run"]]
Finished = Iterator[tuple[int, Outcome]]

ATTEMPTS = 3
CONNECT_SECONDS = 10
WORKER_SECONDS = 30
_ONE_AT_A_TIME = Lock()


class Interrupted(KeyboardInterrupt):
    """A sweep was stopped by Ctrl-C; the message says what is kept and how to continue."""


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
        check: Raises an error if the columns of a work unit do not fit the experiment.
    """

    name: str
    check: Callable[[Columns], None]


def run_units(trial: "Trial", units: Units, sweep: Sweep, options: Options) -> list[Outcome]:
    """Run the work units of a sweep, or read those that a store already has.

    Args:
        trial: What to run.
        units: The work units.
        sweep: What they belong to.
        options: Where to run, where to keep, what to show.

    Returns:
        One outcome per unit, in order.

    Raises:
        Interrupted: On Ctrl-C. Finished units are in the store.
        ConnectionError: If the Dask cluster does not answer.
        ChildProcessError: If workers keep dying.
    """
    store = open_store(options.store, sweep.name, lambda: _definition(trial))
    kept = {at: store.read(unit) for at, unit in enumerate(units)}
    outcomes = {at: outcome for at, outcome in kept.items() if outcome is not None}
    left = {at: unit for at, unit in enumerate(units) if at not in outcomes}
    meter = Meter(sweep.name, _count(units), kept=_count([units[at] for at in outcomes]))
    for outcome in outcomes.values():
        _check(sweep, outcome, outcomes)
    try:
        with show(meter, options.progress) as reporter:
            for at, outcome in _execute(trial, left, options, reporter):
                _check(sweep, outcome, outcomes)
                store.write(units[at], outcome)
                outcomes[at] = outcome
                reporter.finish(len(units[at]))
    except KeyboardInterrupt as stop:
        runs = _count([units[at] for at in outcomes])
        raise Interrupted(_how_to_continue(meter, runs, options.store)) from stop
    return [outcomes[at] for at in range(len(units))]


def _count(units: Units) -> int:
    return sum(map(len, units))


def _definition(trial: "Trial") -> str:
    return fingerprint(trial.fingerprint(), versions())


def _check(sweep: Sweep, outcome: Outcome, outcomes: Mapping[int, Outcome]) -> None:
    sweep.check(outcome.columns)
    first = next(iter(outcomes.values()), outcome)
    if first.columns.keys() != outcome.columns.keys():
        refuse_different_names(first.columns, outcome.columns, "another condition")


def _how_to_continue(meter: Meter, runs: int, store: str | Path | None) -> str:
    stopped = f"Stopped after {runs:,} of {meter.total:,} runs of {meter.name}."
    if store is None:
        return f"{stopped} Nothing is kept; with store= (--store DIR) a stopped sweep continues."
    return f"{stopped} They are kept: run the same again with store {store} to continue."


def _execute(
    trial: "Trial", units: Mapping[int, Sequence["Run"]], options: Options, reporter: Reporter
) -> Finished:
    if not units:
        return iter(())
    if options.scheduler is not None:
        return _on_cluster(trial, units, options.scheduler)
    if options.workers > 1:
        return _in_processes(trial, units, options.workers)
    return ((at, work(trial, unit, reporter.report)) for at, unit in units.items())


def work(trial: "Trial", unit: Sequence["Run"], report: Callable[[float], None]) -> Outcome:
    """Do one work unit.

    Args:
        trial: What to run.
        unit: The runs.
        report: Told the number of runs finished since the last call.

    Returns:
        The columns of the unit's results and the engine.

    Raises:
        RuntimeError: If the trial did not return one record per run.
    """
    records, engine = trial.execute(unit, report)
    if len(records) != len(unit):
        raise RuntimeError(
            f"trial must return one record per run: {len(unit)}. Received: {len(records)}"
        )
    return Outcome(columns(records), engine)


def _no_report(runs: float) -> None:
    """Take no notice: a worker's progress is seen when its unit is done."""


def _in_processes(trial: "Trial", units: Mapping[int, Sequence["Run"]], workers: int) -> Finished:
    """Run units in processes; when one is lost, run again what it had not finished."""
    import cloudpickle

    left = dict(units)
    with TemporaryDirectory() as folder:
        sent = Path(folder) / "trial"
        sent.write_bytes(cloudpickle.dumps(trial))
        for _ in range(ATTEMPTS):
            for at, outcome in _pool(str(sent), left, workers):
                del left[at]
                yield at, outcome
            if not left:
                return
    raise ChildProcessError(
        f"workers={workers}: processes died {ATTEMPTS} times, perhaps for want of memory; try "
        f"fewer workers or a smaller memory=. Received: {len(left)} unfinished work units"
    )


def _pool(sent: str, units: Mapping[int, Sequence["Run"]], workers: int) -> Finished:
    """Yield what processes finish; units that were lost with a process are left out."""
    from joblib.externals.loky import get_reusable_executor

    executor = get_reusable_executor(max_workers=min(workers, len(units)))
    waiting, running = deque(units.items()), {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * workers:
                at, unit = waiting.popleft()
                running[executor.submit(_work_sent, sent, list(unit))] = at
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenProcessPool:
        whole = [one for one in running if one.done() and one.exception() is None]
        yield from [(running[future], future.result()) for future in whole]
    except BaseException:
        executor.shutdown(kill_workers=True)
        raise


@lru_cache(maxsize=1)
def _sent_trial(sent: str) -> "Trial":
    """Load the trial once per process, so that what it caches serves all its units."""
    return pickle.loads(Path(sent).read_bytes())


def _work_sent(sent: str, unit: Sequence["Run"]) -> Outcome:
    return work(_sent_trial(sent), unit, _no_report)


def _on_cluster(trial: "Trial", units: Mapping[int, Sequence["Run"]], address: str) -> Finished:
    """Run units on a Dask cluster; the scheduler runs again what a lost worker had."""
    with _connect(address) as client:
        from distributed import KilledWorker, as_completed

        futures = _submit(client, trial, units)
        try:
            for future in as_completed(list(futures), loop=client.loop):
                yield futures[future], future.result()
                future.release()
        except KilledWorker as error:
            raise ChildProcessError(
                "scheduler: workers died while they ran the same work unit, perhaps for want of "
                f"memory; try a smaller memory=. Received: {error}"
            ) from error
        finally:
            client.cancel(list(futures))


def _submit(client: Any, trial: "Trial", units: Mapping[int, Sequence["Run"]]) -> dict[Any, int]:
    """Send the trial once and each unit as a task of its own."""
    import cloudpickle
    from dask import config

    with config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
        held = client.submit(pickle.loads, cloudpickle.dumps(trial), pure=False)
        return {
            client.submit(_work_alone, held, pickle.dumps(unit), pure=False): at
            for at, unit in units.items()
        }


def _work_alone(trial: "Trial", pickled_unit: bytes) -> Outcome:
    """Do one unit while no other thread of this worker does: Keras' state is one per process."""
    with _ONE_AT_A_TIME:
        return work(trial, pickle.loads(pickled_unit), _no_report)


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            'scheduler= needs Dask: python -m pip install "dlbook[cluster]". '
            f"Received: scheduler={address!r}"
        ) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            "scheduler must be the address of a running Dask scheduler, such as "
            f'"tcp://127.0.0.1:8786". Received: {address!r} ({error})'
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError as error:
        client.close()
        raise ConnectionError(
            "scheduler must have at least one worker (start one with: dask worker "
            f"{address}). Received: {address!r} without workers"
        ) from error
    return client


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
