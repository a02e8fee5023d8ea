"""Trials that run all seeds of a condition side by side, in one call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run


@dataclass(frozen=True)
class Together:
    """A trial ``function(seeds, **condition)`` that returns one row of results per seed.

    Attributes:
        function: Called once per condition with all of its ``seeds`` (a tuple) and every
            independent variable by keyword; returns ``{dependent variable: array}``, each with
            one entry per seed along the first axis. A seed must give the same numbers, whichever
            seeds stand beside it.
        dims: Dependent variable -> names of the dimensions behind the first.

    Example:
        >>> from dlbook import Experiment
        >>> def climb(seeds, slope):
        ...     return {"height": slope * np.array(seeds)}
        >>> hills = Experiment("hills", "How high?", {"slope": (1, 2)}, Together(climb), range(3))
        >>> hills.run(progress=False)["height"].values
        array([[0, 1, 2],
               [0, 2, 4]])
    """

    function: Callable[..., Mapping[str, Any]]
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, independent: Mapping[str, Any]) -> None:
        """Compare the independent variables with the function's parameters.

        Args:
            independent: Variable -> levels.

        Raises:
            ValueError: If the function takes other parameters than ``seeds`` and the variables.
        """
        import inspect

        parameters = list(inspect.signature(self.function).parameters)
        if set(parameters) != {"seeds", *independent}:
            raise ValueError(
                f"`function` must take seeds and {', '.join(independent) or 'nothing else'}. "
                f"Received: {getattr(self.function, '__name__', '?')}({', '.join(parameters)})"
            )

    def partition(self, runs: Sequence["Run"], memory: int) -> list[list["Run"]]:
        """Put the runs of each condition together.

        Args:
            runs: All runs of the sweep.
            memory: Not needed.

        Returns:
            One work unit per condition.
        """
        units: dict[tuple[int, ...], list[Run]] = {}
        for run in runs:
            units.setdefault(run.index[:-1], []).append(run)
        return list(units.values())

    def execute(
        self, runs: Sequence["Run"], report: Callable[[float], None]
    ) -> tuple[list[dict[str, Any]], str]:
        """Call the function once for all seeds of the unit.

        Args:
            runs: Runs of one condition.
            report: Told the number of runs that were finished.

        Returns:
            One record per run in order, and ``"side by side"``.

        Raises:
            ValueError: If a result does not have one entry per seed.
        """
        found = self.function(seeds=tuple(run.seed for run in runs), **runs[0].condition)
        columns = {name: np.asarray(values) for name, values in found.items()}
        for name, column in columns.items():
            if column.shape[:1] != (len(runs),):
                raise ValueError(
                    f"{name!r} must have one entry per seed, {len(runs)}. "
                    f"Received: shape {column.shape}"
                )
        report(len(runs))
        records = [
            {name: column[at] for name, column in columns.items()} for at in range(len(runs))
        ]
        return records, "side by side"

    def fingerprint(self) -> str:
        """Return a hash of the function's code and of what it uses."""
        from dlbook.lab.fingerprint import fingerprint

        return fingerprint(self.function)
