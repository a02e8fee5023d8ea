"""Experiments: cross the levels of the independent variables, and repeat over seeds.

The words: an *experiment* has *independent variables*, each with *levels*. One choice of a level
for each is a *condition*. A *trial* run under one condition with one *seed* is a *run*, and it
measures the *dependent variables*. All runs together are the *results*.
"""

import inspect
import keyword
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from dlbook.lab.checks import check_count
from dlbook.lab.grid import Columns, Grid, Record
from dlbook.lab.levels import (
    Level,
    Levels,
    first_seeds,
    nearest,
    plain_independent,
    plain_seeds,
    refuse_unknown,
)

if TYPE_CHECKING:
    import xarray as xr

    from dlbook.lab.schedule import Sweep

GIBIBYTE = 2**30
MOST_UNITS = 64


@dataclass(frozen=True, slots=True)
class Run:
    """One run: which condition, which seed, and where its result belongs.

    Attributes:
        index: Position of the level of each independent variable, in order, then of the seed.
        seed: The seed.
        condition: Independent variable -> level.
    """

    index: tuple[int, ...]
    seed: int
    condition: dict[str, Level]


class Trial(Protocol):
    """What an experiment repeats: a function (`FunctionTrial`) or a `Training`."""

    @property
    def dims(self) -> Mapping[str, tuple[str, ...]]:
        """Dependent variable -> names of its dimensions beyond those of the sweep."""
        ...

    def check(self, independent: Mapping[str, Levels]) -> None:
        """Raise an error if a variable is unknown or a level is impossible."""
        ...

    def partition(self, runs: Sequence[Run], memory: int) -> list[list[Run]]:
        """Split runs into work units, the same ones each time."""
        ...

    def execute(
        self, runs: Sequence[Run], report: Callable[[float], None]
    ) -> tuple[Sequence[Record], str]:
        """Run one work unit: one record per run in order, and the engine that ran it."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of all that determines the results besides conditions and seeds."""
        ...


@dataclass(frozen=True)
class FunctionTrial:
    """A trial that is an ordinary function ``trial(seed, **condition)``.

    Attributes:
        function: Called with ``seed`` and every independent variable by keyword; returns
            ``{dependent variable: number or array}``.
        dims: Dependent variable -> names of the dimensions of its array.

    Example:
        >>> trial = FunctionTrial(lambda seed, slope: {"height": slope * seed})
        >>> trial.execute([Run((0, 0), 3, {"slope": 2})], report=lambda runs: None)
        ([{'height': 6}], 'function')
    """

    function: Callable[..., Mapping[str, Any]]
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, independent: Mapping[str, Levels]) -> None:
        """Compare the independent variables with the function's parameters.

        Args:
            independent: Variable -> levels.

        Raises:
            ValueError: If the function does not take ``seed`` or a variable, or needs a
                parameter that is not a variable.
        """
        try:
            parameters = inspect.signature(self.function).parameters
        except ValueError:
            return
        kinds = {parameter.kind for parameter in parameters.values()}
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            self._refuse_unknown(["seed", *independent], list(parameters))
        missing = [
            name
            for name, parameter in parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            and name not in ("seed", *independent)
        ]
        if missing:
            raise ValueError(
                f"independent must give levels for {', '.join(map(repr, missing))}, which "
                f"{self.name} needs. Received: {list(independent)}"
            )

    def _refuse_unknown(self, names: Sequence[str], parameters: Sequence[str]) -> None:
        for name in names:
            if name not in parameters:
                raise ValueError(
                    f"trial {self.name} must take the argument {name!r}; "
                    f"{nearest(name, parameters)}. "
                    f"Received: {self.name}({', '.join(parameters)})"
                )

    @property
    def name(self) -> str:
        """The function's name, for messages."""
        return getattr(self.function, "__name__", repr(self.function))

    def partition(self, runs: Sequence[Run], memory: int) -> list[list[Run]]:
        """Split runs into at most 64 work units of neighbours.

        Args:
            runs: All runs of the sweep.
            memory: Not needed: a function runs one run at a time.

        Returns:
            The units: few enough to cost nothing, many enough to continue after a stop.
        """
        size = -(-len(runs) // MOST_UNITS)
        return [list(runs[start : start + size]) for start in range(0, len(runs), size)]

    def execute(
        self, runs: Sequence[Run], report: Callable[[float], None]
    ) -> tuple[list[Record], str]:
        """Call the function once per run.

        Args:
            runs: The runs of one work unit.
            report: Told the number of runs that were finished since the last call.

        Returns:
            One record per run in order, and ``"function"``.

        Raises:
            Exception: Whatever the function raises, with a note that names condition and seed.
        """
        records = []
        for run in runs:
            try:
                records.append(self.function(seed=run.seed, **run.condition))
            except Exception as error:
                error.add_note(f"This happened in the run with seed={run.seed}, {run.condition}.")
                raise
            report(1)
        return records, "function"

    def fingerprint(self) -> str:
        """Return a hash of the function's code and of what it uses."""
        from dlbook.lab.fingerprint import fingerprint

        return fingerprint(self.function)


@dataclass(frozen=True, eq=False)
class Experiment:
    """A question, the conditions that answer it, and the trial that is repeated over seeds.

    Attributes:
        name: In snake_case, unique in its chapter.
        question: What the experiment is to find out.
        independent: Variable -> levels (numbers or strings, in the order of the results).
            ``{}`` repeats one condition over the seeds.
        trial: A function ``trial(seed, **condition) -> {dependent: number or array}``, or a
            `Training`.
        seeds: Distinct integers, or how many.
        dims: For functions that return arrays: dependent variable -> names of its dimensions.
        units: Variable -> unit or axis label; kept in ``results[variable].attrs["label"]``.
        full_independent: Levels of the recorded full-scale run, where they differ.
        full_seeds: Seeds of the recorded full-scale run, where they differ.

    Raises:
        TypeError: If a level is neither number nor string, or a seed is not an integer.
        ValueError: If a name is not snake_case, levels or seeds are empty or repeat, or the
            function does not take the variables.

    Example:
        >>> def throw(seed, sides):
        ...     return {"eyes": int(np.random.default_rng(seed).integers(1, sides + 1))}
        >>> dice = Experiment("dice", "How high?", {"sides": [6, 20]}, throw, seeds=range(3))
        >>> dice.run(progress=False)["eyes"].sel(sides=6).values
        array([6, 3, 6])
    """

    name: str
    question: str
    independent: Mapping[str, Levels]
    trial: Callable[..., Mapping[str, Any]] | Trial
    seeds: Iterable[int] | int = range(20)
    _: KW_ONLY
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    full_independent: Mapping[str, Levels] | None = None
    full_seeds: Iterable[int] | int | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without running, and make every level a plain value."""
        _check_name(self.name)
        if not (isinstance(self.question, str) and self.question.strip()):
            raise ValueError(f"question must be a sentence. Received: {self.question!r}")
        set_field = object.__setattr__
        set_field(self, "independent", plain_independent(self.independent))
        set_field(self, "seeds", plain_seeds(self.seeds))
        set_field(self, "dims", _plain_dims(self.dims))
        if self.full_independent is not None:
            set_field(self, "full_independent", self._levels(self.full_independent))
        if self.full_seeds is not None:
            set_field(self, "full_seeds", plain_seeds(self.full_seeds))
        if not hasattr(self.trial, "execute"):
            self._trial().check(self.independent)

    @property
    def num_runs(self) -> int:
        """How many runs ``run()`` makes: the product of the numbers of levels and seeds."""
        return prod(map(len, self.independent.values())) * len(plain_seeds(self.seeds))

    def run(  # noqa: PLR0913
        self,
        *,
        seeds: Iterable[int] | int | None = None,
        independent: Mapping[str, Levels] | None = None,
        workers: int = 1,
        scheduler: str | None = None,
        store: str | Path | None = None,
        memory: int = 2 * GIBIBYTE,
        progress: bool | None = None,
    ) -> "xr.Dataset":
        """Run the trial under every condition with every seed.

        The results depend on levels and seeds alone: not on ``workers``, ``scheduler``, ``store``
        or an interruption. Only ``attrs["seconds"]`` differs.

        Args:
            seeds: Other seeds, or how many: the first ones of the experiment's own, continued.
            independent: Other levels of some variables.
            workers: Number of processes on this machine.
            scheduler: Address of a Dask cluster, such as ``"tcp://10.0.0.1:8786"``.
            store: Folder that keeps each finished work unit, so that a stopped sweep continues.
            memory: Most memory in bytes that one work unit of a `Training` may need.
            progress: ``None`` shows a bar on a terminal and plain lines elsewhere after 5 s;
                ``True`` shows it at once, ``False`` never.

        Returns:
            An `xarray.Dataset` with dimensions (independent variables in order, ``seed``, extra
            dimensions) and the attributes name, question, engine, num_runs, versions, seconds.

        Raises:
            ValueError: If an argument is impossible; the message says which and why.
            KeyboardInterrupt: On Ctrl-C; the message says how to continue.
        """
        from dlbook.lab.schedule import Options, run_units

        options = Options(workers, scheduler, store, progress)
        start = time.perf_counter()
        trial, levels, chosen = self._trial(), self._levels(independent), self._seeds(seeds)
        trial.check(levels)
        units = trial.partition(cross(levels, chosen), check_count("memory", memory))
        grid = Grid(levels, chosen, {**trial.dims, **self.dims}, self.units)
        outcomes = run_units(trial, units, self._sweep(grid), options)
        positions = [np.array([run.index for run in unit]) for unit in units]
        results = grid.fill(
            [(at, done.columns) for at, done in zip(positions, outcomes, strict=True)]
        )
        return self._describe(results, trial, [done.engine for done in outcomes], start)

    def quick(self, num_seeds: int = 3) -> "xr.Dataset":
        """Ask the same question at the outermost two levels of each variable, with few seeds.

        Args:
            num_seeds: How many seeds, 1 or more.

        Returns:
            Results shaped like those of `run`, without showing progress.
        """
        ends = {
            name: (levels if len(levels) < 2 else (levels[0], levels[-1]))
            for name, levels in self.independent.items()
        }
        return self.run(seeds=num_seeds, independent=ends, progress=False)

    def full(self, **run_options: Any) -> "xr.Dataset":
        """Run at full scale: with ``full_independent`` and ``full_seeds`` where they are given.

        Args:
            **run_options: As for `run`; what is given here wins.

        Returns:
            Results shaped like those of `run`.
        """
        defaults = {"independent": self.full_independent, "seeds": self.full_seeds}
        return self.run(**{**defaults, **run_options})

    def _trial(self) -> Trial:
        if hasattr(self.trial, "execute"):
            return cast(Trial, self.trial)
        if not callable(self.trial):
            raise TypeError(
                "trial must be a function trial(seed, **condition) or a Training. "
                f"Received: {self.trial!r}"
            )
        return FunctionTrial(self.trial, self.dims)

    def _levels(self, others: Mapping[str, Levels] | None) -> dict[str, tuple[Level, ...]]:
        own = plain_independent(self.independent)
        others = plain_independent(others or {})
        refuse_unknown("independent", others, own)
        return {**own, **others}

    def _seeds(self, others: Iterable[int] | int | None) -> tuple[int, ...]:
        own = plain_seeds(self.seeds)
        if others is None:
            return own
        if isinstance(others, int) and not isinstance(others, bool):
            return first_seeds(own, others)
        return plain_seeds(others)

    def _sweep(self, grid: Grid) -> "Sweep":
        from dlbook.lab.schedule import Sweep

        def check(found: Columns) -> None:
            refuse_unknown("dims", self.dims, found)
            grid.check(found)

        return Sweep(self.name, check)

    def _describe(
        self, results: "xr.Dataset", trial: Trial, engines: Sequence[str], start: float
    ) -> "xr.Dataset":
        from dlbook.lab.schedule import versions

        if "epoch" in results.dims and not isinstance(trial, FunctionTrial):
            results = results.assign_coords(epoch=np.arange(1, results.sizes["epoch"] + 1))
        ran = list(dict.fromkeys(engines))
        results.attrs = {
            "name": self.name,
            "question": self.question,
            "engine": ran[0] if len(ran) == 1 else ran,
            "num_runs": prod(results.sizes[name] for name in (*self.independent, "seed")),
            "versions": versions(isinstance(trial, FunctionTrial)),
            "seconds": time.perf_counter() - start,
        }
        return results


def cross(independent: Mapping[str, Levels], seeds: Sequence[int]) -> list[Run]:
    """Cross all levels of all variables with all seeds.

    Args:
        independent: Variable -> levels.
        seeds: The seeds.

    Returns:
        One run for each combination, the last variable changing faster than the first, and the
        seed fastest.

    Example:
        >>> [(run.condition, run.seed) for run in cross({"rate": (0.1, 0.2)}, (0, 1))]
        [({'rate': 0.1}, 0), ({'rate': 0.1}, 1), ({'rate': 0.2}, 0), ({'rate': 0.2}, 1)]
    """
    runs = []
    for places in product(*(enumerate(levels) for levels in independent.values())):
        index = tuple(place for place, _ in places)
        condition = dict(zip(independent, (level for _, level in places), strict=True))
        runs.extend(Run((*index, at), seed, condition) for at, seed in enumerate(seeds))
    return runs


def _check_name(name: str) -> None:
    snake_case = isinstance(name, str) and name.isidentifier() and name == name.lower()
    if not snake_case or keyword.iskeyword(name):
        raise ValueError(
            f"name must be in snake_case, for example 'learning_rate'. Received: {name!r}"
        )


def _plain_dims(dims: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    for name, names in dims.items():
        if isinstance(names, str) or not all(isinstance(one, str) for one in names):
            raise TypeError(
                'dims must map each dependent variable to a tuple of names, like ("epoch",). '
                f"Received: {names!r} for {name!r}"
            )
    return {name: tuple(names) for name, names in dims.items()}
