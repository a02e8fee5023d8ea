"""From the records of single runs to one labelled grid of results.

A *record* is what one run returned: ``{dependent variable: number or array}``. The records of a
work unit become *columns* (one array per variable, runs first), and the columns of all units
become one `xarray.Dataset`. Arrays that end early are padded with NaN at their end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from dlbook.lab.levels import Level, refuse_unknown

if TYPE_CHECKING:
    import xarray as xr

Record = Mapping[str, Any]
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Outcome:
    """What one work unit found.

    Attributes:
        columns: Dependent variable -> array, runs first.
        engine: What ran it.
    """

    columns: Columns
    engine: str


def columns(records: Sequence[Record]) -> Columns:
    """Stack the records of one work unit.

    Args:
        records: One mapping per run, all with the same names.

    Returns:
        Variable name -> array of shape (runs, ...), padded with NaN at the end where runs differ.

    Raises:
        TypeError: If a record is not a mapping, or a value is neither number nor array of numbers.
        ValueError: If records differ in their names or in the number of dimensions.

    Example:
        >>> columns([{"loss": 0.5}, {"loss": 0.25}])
        {'loss': array([0.5 , 0.25])}
    """
    for position, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise TypeError(
                "trial must return a mapping {dependent variable: number or array}. "
                f"Received: {record!r}"
            )
        if record.keys() != records[0].keys():
            refuse_different_names(records[0], record, f"run {position} of its work unit")
    return {name: _stack(name, [record[name] for record in records]) for name in records[0]}


def refuse_different_names(first: Iterable[str], other: Iterable[str], where: str) -> None:
    """Raise an error that shows the names of two runs side by side.

    Args:
        first: The names that the first run returned.
        other: The names that another run returned.
        where: Which run that was.

    Raises:
        ValueError: Always.
    """
    raise ValueError(
        f"trial must return the same dependent variables in every run: {sorted(first)} at first. "
        f"Received: {sorted(other)} in {where}"
    )


def _stack(name: str, values: list[Any]) -> np.ndarray:
    try:
        stacked = np.array(values)
    except ValueError:
        stacked = _pad_and_stack(name, [_as_array(name, value) for value in values])
    if stacked.dtype.kind not in "biuf":
        _refuse_value(name, values[0])
    return stacked


def _as_array(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError:
        _refuse_value(name, value)


def _refuse_value(name: str, value: Any) -> NoReturn:
    raise TypeError(
        f"trial must return numbers or arrays of numbers as {name!r}. Received: {value!r}"
    )


def _pad_and_stack(name: str, arrays: list[np.ndarray]) -> np.ndarray:
    dimensions = sorted({array.ndim for array in arrays})
    if len(dimensions) > 1:
        raise ValueError(
            f"trial must return {name!r} with the same number of dimensions in every run. "
            f"Received: arrays with {' and '.join(map(str, dimensions))} dimensions"
        )
    shape = tuple(np.max([array.shape for array in arrays], axis=0))
    return np.stack([_pad(array, shape) for array in arrays])


def _pad(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Fill an array up with NaN at the end of each dimension."""
    if array.shape == shape:
        return array
    padded = np.full(shape, np.nan, np.result_type(array.dtype, np.float16))
    padded[tuple(slice(length) for length in array.shape)] = array
    return padded


class Grid:
    """The empty table of a sweep: independent variables, seeds, and names of extra dimensions.

    Args:
        independent: Variable -> levels.
        seeds: The seeds.
        dims: Dependent variable -> names of its extra dimensions.
        labels: Variable -> unit or axis label.
    """

    def __init__(
        self,
        independent: Mapping[str, tuple[Level, ...]],
        seeds: tuple[int, ...],
        dims: Mapping[str, tuple[str, ...]],
        labels: Mapping[str, str],
    ) -> None:
        self.coords = {**independent, "seed": seeds}
        self.shape = tuple(len(levels) for levels in self.coords.values())
        self.dims = dims
        self.labels = labels

    def check(self, found: Columns) -> None:
        """Refuse what a first work unit shows to be wrong, before the others are run.

        Args:
            found: The columns of one work unit.

        Raises:
            ValueError: If a dependent variable shares its name with a dimension, an array's
                dimensions are not named, or ``units`` names something unknown.
        """
        if not found:
            raise ValueError("trial must return at least one dependent variable. Received: {}")
        extra = [dim for name in found for dim in self.dims.get(name, ())]
        refuse_unknown("units", self.labels, [*self.coords, *found, *extra])
        for name, column in found.items():
            if name in self.coords or name in extra:
                raise ValueError(
                    "trial must return dependent variables that are not the names of independent "
                    f"variables or dimensions. Received: {name!r}"
                )
            self._check_dims(name, column)

    def _check_dims(self, name: str, column: np.ndarray) -> None:
        dims = self.dims.get(name, ())
        taken = [dim for dim in dims if dim in self.coords]
        if len(dims) != column.ndim - 1 or taken:
            example = tuple(f"dimension_{number}" for number in range(1, column.ndim))
            raise ValueError(
                f"dims must name the {column.ndim - 1} extra dimensions of {name!r}, each with a "
                f"new name, for example dims={{{name!r}: {example}}}. "
                f"Received: dims={dict(self.dims)} for arrays of shape {column.shape[1:]}"
            )

    def fill(self, parts: Sequence[tuple[np.ndarray, Columns]]) -> "xr.Dataset":
        """Put the columns of all work units into one Dataset.

        Args:
            parts: For each unit the positions of its runs, shape (runs, variables + 1), and its
                columns.

        Returns:
            The results: dimensions are the independent variables in order, ``seed``, and the
            extra dimensions of each dependent variable.
        """
        import xarray as xr

        lengths = self._lengths(parts)
        variables = {
            name: (
                (*self.coords, *self.dims.get(name, ())),
                self._place(name, parts, lengths),
            )
            for name in parts[0][1]
        }
        coords = {name: (name, np.array(levels)) for name, levels in self.coords.items()}
        results = xr.Dataset(variables, coords)
        for name in [name for name in self.labels if name in results.variables]:
            results[name].attrs["label"] = self.labels[name]
        return results

    def _lengths(self, parts: Sequence[tuple[np.ndarray, Columns]]) -> dict[str, int]:
        lengths: dict[str, int] = {}
        for name, dims in [(name, self.dims.get(name, ())) for name in parts[0][1]]:
            shapes = [found[name].shape[1:] for _, found in parts]
            for dim, length in zip(dims, np.max(shapes, axis=0).tolist(), strict=True):
                lengths[dim] = max(length, lengths.get(dim, 0))
        return lengths

    def _place(
        self, name: str, parts: Sequence[tuple[np.ndarray, Columns]], lengths: Mapping[str, int]
    ) -> np.ndarray:
        extra = tuple(lengths[dim] for dim in self.dims.get(name, ()))
        kinds = [found[name].dtype for _, found in parts]
        if any(found[name].shape[1:] != extra for _, found in parts):
            kinds.append(np.dtype(np.float16))
        table = np.zeros((*self.shape, *extra), np.result_type(*kinds))
        for positions, found in parts:
            column = found[name]
            table[tuple(positions.T)] = _pad(column, (len(column), *extra))
        return table
