"""Results: save and load them exactly; means with confidence intervals; comparisons.

A result is an `xarray.Dataset` whose dimensions are the independent variables, ``seed``, and what
the dependent variables add (such as ``epoch``).
"""

import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.levels import refuse_unknown
from dlbook.lab.store import write_atomically
from dlbook.lab.tables import Summary

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "Comparison",
    "Summary",
    "load",
    "mean_interval",
    "mean_of_runs",
    "paired",
    "save",
    "summary",
    "welch",
]

FORMAT = "dlbook results, version 1"
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def save(results: "xr.Dataset", path: str | Path) -> Path:
    """Write results as JSON, so that `load` gives back the same ones exactly.

    Args:
        results: Numbers, booleans and strings only, as `Experiment.run` returns them.
        path: The file; its folder is made if it is missing. The file appears in one step.

    Returns:
        The path.

    Raises:
        TypeError: If values or attributes are of a kind that JSON cannot keep exactly.
        OSError: If the file cannot be written.
    """
    parts = [
        f'"format": {json.dumps(FORMAT)}',
        f'"attrs": {_text(_encode(dict(results.attrs)))}',
        _section("coords", {str(name): results.coords[name] for name in results.coords}),
        _section("data_vars", {str(name): results[name] for name in results.data_vars}),
    ]
    return write_atomically(path, ("{\n" + ",\n".join(parts) + "\n}\n").encode())


def load(path: str | Path) -> "xr.Dataset":
    """Read results that `save` wrote.

    Args:
        path: The file.

    Returns:
        The results, identical to the saved ones: values, types, names, attributes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file does not hold results.
    """
    import xarray as xr

    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}")
        parts = [_decode_section(content[name]) for name in ("data_vars", "coords")]
        return xr.Dataset(*parts, attrs=_decode(content["attrs"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"path must be a file written by dlbook.lab.results.save. Received: {path} ({error})"
        ) from error


def _section(name: str, variables: Mapping[str, "xr.DataArray"]) -> str:
    lines = [f" {json.dumps(key)}: {_text(_variable(one))}" for key, one in variables.items()]
    return f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}"


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _variable(variable: "xr.DataArray") -> dict[str, Any]:
    attrs = _encode(dict(variable.attrs))
    return {"dims": list(variable.dims), "attrs": attrs, **_encode_array(variable.values)}


def _decode_section(section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: (one["dims"], _decode_array(one), _decode(one["attrs"]))
        for name, one in section.items()
    }


def _encode_array(array: np.ndarray) -> dict[str, Any]:
    if array.dtype.kind not in "biufU" or (array.dtype.kind == "f" and array.dtype.itemsize > 8):
        raise TypeError(
            "results must hold numbers, booleans or strings only. "
            f"Received: values of type {array.dtype}"
        )
    flat = array.ravel()
    values = _encode_floats(flat) if array.dtype.kind == "f" else flat.tolist()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "values": values}


def _encode_floats(flat: np.ndarray) -> list[float | str]:
    values = flat.tolist()
    if flat.dtype.itemsize < 8:
        shortest = np.array([float(str(value)) for value in flat], dtype=np.float64)
        same = np.array_equal(shortest.astype(flat.dtype), flat, equal_nan=True)
        values = shortest.tolist() if same else values
    if np.isfinite(flat).all():
        return values
    return [value if math.isfinite(value) else _word(value) for value in values]


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decode_array(content: Mapping[str, Any]) -> np.ndarray:
    dtype, values = np.dtype(content["dtype"]), content["values"]
    if dtype.kind == "f":
        values = [_WORDS[value] if isinstance(value, str) else value for value in values]
    return np.array(values, dtype).reshape(content["shape"])


def _encode(value: Any) -> Any:
    """Turn an attribute into JSON; what JSON does not know is tagged with a name after ``$``."""
    if isinstance(value, np.ndarray | np.generic):
        tag = "$array" if isinstance(value, np.ndarray) else "$scalar"
        return {tag: _encode_array(np.asarray(value))}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": _word(value)}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return [_encode(one) for one in value]
    if isinstance(value, tuple):
        return {"$tuple": [_encode(one) for one in value]}
    if isinstance(value, dict) and all(_is_plain_key(key) for key in value):
        return {key: _encode(one) for key, one in value.items()}
    raise TypeError(
        "results must have attributes of numbers, strings, lists, tuples, arrays and "
        f"dictionaries with names as keys. Received: {value!r} of type {type(value).__name__}"
    )


def _is_plain_key(key: Any) -> bool:
    return isinstance(key, str) and not key.startswith("$")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(one) for one in value]
    if not isinstance(value, dict):
        return value
    tag = next((key for key in value if key.startswith("$")), None)
    if tag is None:
        return {key: _decode(one) for key, one in value.items()}
    return _DECODERS[tag](value[tag])


_DECODERS = {
    "$float": lambda content: _WORDS[content],
    "$tuple": lambda content: tuple(_decode(one) for one in content),
    "$array": lambda content: _decode_array(content),
    "$scalar": lambda content: _decode_array(content)[()],
}


def mean_interval(
    values: "xr.DataArray | xr.Dataset",
    dim: str = "seed",
    confidence: float = 0.95,
    *,
    skipna: bool = False,
) -> "xr.Dataset":
    r"""Average over runs, with Student's t confidence interval.

    $$\bar x \pm t_{n-1}\!\left(\tfrac{1 + c}{2}\right) \frac{s}{\sqrt n}$$

    The interval is narrow when runs agree or are many, wide when they are few; it assumes that
    means of $n$ runs are about normally distributed. With one run it is unknown (NaN). When all
    runs are equal it collapses to the mean.

    Args:
        values: What was measured. A Dataset is averaged variable by variable, along a new
            dimension ``dependent``.
        dim: The dimension to average over.
        confidence: $c$, between 0 and 1: how many such intervals hold the true mean.
        skipna: Whether to leave out runs that diverged (NaN). By default they make the mean NaN.

    Returns:
        The variables ``mean``, ``low``, ``high`` (unit of the values) and ``count`` (runs that
        are not NaN), without the dimension ``dim``.

    Raises:
        ValueError: If ``dim`` is not a dimension or ``confidence`` is not between 0 and 1.

    Example:
        >>> import xarray as xr
        >>> loss = xr.DataArray([1.0, 2.0, 3.0], dims="seed")
        >>> float(mean_interval(loss)["mean"]), round(float(mean_interval(loss)["high"]), 2)
        (2.0, 4.48)

    Source: Student, "The probable error of a mean", Biometrika 6 (1908).
    """
    import xarray as xr

    if isinstance(values, xr.Dataset):
        values = values.to_array("dependent")
    refuse_unknown("dim", [dim], [str(name) for name in values.dims])
    others = [name for name in values.dims if name != dim]
    _refuse_taken(others)
    numbers = np.asarray(values.transpose(*others, dim).values, dtype=np.float64)
    statistics = _interval(numbers, _check_confidence(confidence), skipna)
    coords = values.isel({dim: 0}, drop=True).coords
    result = xr.Dataset({name: (others, one) for name, one in statistics.items()}, coords)
    result["mean"].attrs = dict(values.attrs)
    return result.assign_attrs(confidence=confidence)


def _refuse_taken(dims: list[Hashable]) -> None:
    taken = [name for name in dims if name in ("mean", "low", "high", "count")]
    if taken:
        raise ValueError(
            "values must not have dimensions that are named as the statistics are; rename them. "
            f"Received: {taken}"
        )


def _check_confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1. Received: {confidence!r}")
    return confidence


def _interval(numbers: np.ndarray, confidence: float, skipna: bool) -> dict[str, np.ndarray]:
    """Return mean, low, high and count over the last axis."""
    from scipy.special import stdtrit

    mean, deviation, count = _moments(numbers, skipna)
    with np.errstate(invalid="ignore", divide="ignore"):
        used = count if skipna else np.full_like(count, numbers.shape[-1])
        factor = stdtrit(np.maximum(used - 1, 1), (1 + confidence) / 2)
        half = np.where(used > 1, factor * deviation / np.sqrt(used), np.nan)
        return {"mean": mean, "low": mean - half, "high": mean + half, "count": count}


def _moments(numbers: np.ndarray, skipna: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, sample standard deviation and number of non-NaN values over the last axis.

    Equal values have exactly their own value as mean and exactly 0 as deviation.
    """
    missing = np.isnan(numbers)
    count = (~missing).sum(-1)
    with np.errstate(all="ignore"):
        used = count if skipna else np.full_like(count, numbers.shape[-1])
        ignored = missing if skipna else np.zeros_like(missing)
        first = np.where(ignored, -np.inf, numbers).max(-1, initial=-np.inf)
        equal = (count > 0) & (
            np.where(ignored, first[..., None], numbers) == first[..., None]
        ).all(-1)
        mean = np.where(ignored, 0, numbers).sum(-1) / used
        mean = np.where(equal, first, mean)
        squares = np.where(ignored, 0, (numbers - mean[..., None]) ** 2).sum(-1)
        deviation = np.where(equal, 0.0, np.sqrt(squares / (used - 1)))
    return mean, deviation, count


def mean_of_runs(
    values: "xr.DataArray | ArrayLike", dim: str = "seed", confidence: float = 0.95
) -> tuple[float, float, float, int]:
    """Average the runs of one condition.

    Args:
        values: One number per run.
        dim: The dimension of the runs.
        confidence: Between 0 and 1.

    Returns:
        Mean, lower and upper end of its confidence interval, number of runs.

    Raises:
        ValueError: If there are other dimensions than ``dim``.

    Example:
        >>> mean_of_runs([2.0, 2.0, 2.0])
        (2.0, 2.0, 2.0, 3)
    """
    numbers = _runs(values, dim, "values")
    found = _interval(numbers, _check_confidence(confidence), skipna=False)
    mean, low, high = (float(found[name]) for name in ("mean", "low", "high"))
    return mean, low, high, len(numbers)


@dataclass(frozen=True)
class Comparison:
    """How two conditions differ, with a confidence interval.

    Attributes:
        effect: Mean of the first minus mean of the second, in the unit of the values.
        low: Lower end of the confidence interval.
        high: Upper end.
        p_value: Probability of an effect at least this large if there were no difference.
        effect_size: The effect in standard deviations (Cohen's d; without unit).
        num_runs: Pairs of runs, or runs in the smaller group.
        test: ``"paired t"`` or ``"Welch t"``.
        confidence: Confidence of the interval.
    """

    effect: float
    low: float
    high: float
    p_value: float
    effect_size: float
    num_runs: int
    test: str
    confidence: float = 0.95

    def __str__(self) -> str:
        return (
            f"{self.effect:.4g} [{self.low:.4g}, {self.high:.4g}] "
            f"({self.confidence:.0%} interval, {self.test}, {self.num_runs} runs, "
            f"p = {self.p_value:.2g}, d = {self.effect_size:.2g})"
        )


def paired(
    a: "xr.DataArray | ArrayLike",
    b: "xr.DataArray | ArrayLike",
    dim: str = "seed",
    confidence: float = 0.95,
) -> Comparison:
    r"""Compare two conditions whose runs share their seeds.

    $$d_i = a_i - b_i, \qquad t = \frac{\bar d}{s_d / \sqrt n}$$

    One seed gives both conditions the same data and the same start, so that their difference is
    less noisy than each of them. Wide when the difference varies from seed to seed.

    Args:
        a: One number per run.
        b: One number per run, with the same seeds in the same order.
        dim: The dimension of the runs.
        confidence: Between 0 and 1.

    Returns:
        The comparison; ``effect`` is a minus b. NaN in a run makes it NaN.

    Raises:
        ValueError: If a or b has other dimensions than ``dim``, or their seeds differ.

    Example:
        >>> paired([3.0, 4.0, 5.0], [1.0, 2.0, 3.0]).effect
        2.0
    """
    first, second = _runs(a, dim, "a"), _runs(b, dim, "b")
    if first.shape != second.shape or _different_seeds(a, b, dim):
        raise ValueError(
            "a and b must hold the same seeds in the same order; use welch for independent runs. "
            f"Received: {len(first)} and {len(second)} runs"
        )
    mean, deviation, _ = (float(one) for one in _moments(first - second, skipna=False))
    count = len(first)
    spread = (mean, deviation / math.sqrt(count), count - 1)
    return _compare(spread, deviation, count, "paired t", confidence)


def welch(
    a: "xr.DataArray | ArrayLike",
    b: "xr.DataArray | ArrayLike",
    dim: str = "seed",
    confidence: float = 0.95,
) -> Comparison:
    r"""Compare two conditions with independent runs and perhaps unequal variances.

    $$t = \frac{\bar a - \bar b}{\sqrt{s_a^2 / n_a + s_b^2 / n_b}}$$

    Args:
        a: One number per run.
        b: One number per run; the number of runs may differ.
        dim: The dimension of the runs.
        confidence: Between 0 and 1.

    Returns:
        The comparison; ``effect`` is mean of a minus mean of b.

    Raises:
        ValueError: If a or b has other dimensions than ``dim``.

    Example:
        >>> welch([3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 2.0]).effect
        2.0

    Source: Welch, "The generalization of Student's problem", Biometrika 34 (1947).
    """
    groups = [_runs(a, dim, "a"), _runs(b, dim, "b")]
    means, deviations, _ = zip(*(_moments(one, skipna=False) for one in groups), strict=True)
    sizes = np.array([len(one) for one in groups])
    variances = np.square(deviations)
    with np.errstate(all="ignore"):
        errors = variances / sizes
        freedom = errors.sum() ** 2 / (errors**2 / (sizes - 1)).sum()
    spread = (float(means[0] - means[1]), math.sqrt(errors.sum()), float(freedom))
    return _compare(spread, math.sqrt(variances.mean()), int(sizes.min()), "Welch t", confidence)


def _runs(values: Any, dim: str, argument: str) -> np.ndarray:
    dims = getattr(values, "dims", (dim,))
    numbers = np.asarray(values, dtype=np.float64)
    if tuple(dims) != (dim,) or numbers.ndim != 1 or not numbers.size:
        raise ValueError(
            f"{argument} must hold one number per run along {dim!r}; select one condition first. "
            f"Received: dimensions {tuple(dims)} of shape {numbers.shape}"
        )
    return numbers


def _different_seeds(a: Any, b: Any, dim: str) -> bool:
    named = all(dim in getattr(one, "coords", {}) for one in (a, b))
    return named and not np.array_equal(a[dim].values, b[dim].values)


def _compare(
    spread: tuple[float, float, float], deviation: float, count: int, test: str, confidence: float
) -> Comparison:
    """Build a comparison from (effect, its standard error, degrees of freedom)."""
    from scipy.special import stdtr, stdtrit

    effect, error, freedom = spread
    if count < 2:
        nan = math.nan
        return Comparison(effect, nan, nan, nan, nan, count, test, confidence)
    if error == 0:
        certain = effect if effect == 0 else math.copysign(math.inf, effect)
        p_value = float(effect == 0)
        return Comparison(effect, effect, effect, p_value, certain, count, test, confidence)
    half = float(stdtrit(freedom, (1 + _check_confidence(confidence)) / 2)) * error
    p_value = 2 * float(stdtr(freedom, -abs(effect / error)))
    low, high = effect - half, effect + half
    return Comparison(effect, low, high, p_value, effect / deviation, count, test, confidence)


def summary(
    results: "xr.Dataset",
    dependent: str | None = None,
    at: Mapping[str, Any] | None = None,
    confidence: float = 0.95,
) -> Summary:
    """Summarise results in a small table: one row per condition.

    Args:
        results: As `Experiment.run` returns them.
        dependent: The dependent variable; ``None`` takes all, one below the other.
        at: Dimension -> level (or list of levels) to look at. Of ``epoch`` and ``step`` the last
            is shown unless it is named here.
        confidence: Between 0 and 1.

    Returns:
        A table with columns for what varies, then mean, low, high and runs.

    Raises:
        ValueError: If the variable, a dimension or a level is unknown.

    Example:
        >>> import xarray as xr
        >>> results = xr.Dataset({"loss": (("rate", "seed"), [[1.0, 3.0]])}, {"rate": [0.5]})
        >>> summary(results).rows[0]["mean"]
        2.0
    """
    if dependent is not None:
        refuse_unknown("dependent", [dependent], [str(name) for name in results.data_vars])
    names = [str(name) for name in results.data_vars] if dependent is None else [dependent]
    chosen = _look_at(results[names], at or {})
    rows = [row for name in names for row in _rows(chosen[name], confidence)]
    varying = list(dict.fromkeys(name for row in rows for name in row))
    dependent_column = ["dependent"] if len(names) > 1 else []
    statistics = ["mean", "low", "high", "runs"]
    columns = [name for name in varying if name not in ("dependent", *statistics)]
    rows = [
        {name: row.get(name, "") for name in ["dependent", *columns, *statistics]} for row in rows
    ]
    caption = _caption(names, results, at or {}, confidence)
    return Summary(caption, (*dependent_column, *columns, *statistics), tuple(rows))


def _look_at(results: "xr.Dataset", at: Mapping[str, Any]) -> "xr.Dataset":
    refuse_unknown("at", at, [str(name) for name in results.dims])
    for dim, level in at.items():
        try:
            results = results.sel({dim: level})
        except (KeyError, IndexError) as error:
            levels = results[dim].values.tolist()
            raise ValueError(
                f"at must name levels of {dim!r} that were run: {levels}. Received: {level!r}"
            ) from error
    for dim in _last_of(results, at):
        results = results.isel({dim: _last_place(results, dim)})
    return results


def _last_of(results: "xr.Dataset", at: Mapping[str, Any]) -> list[str]:
    """Return the dimensions of which the last place is shown unless another is asked for."""
    return [dim for dim in ("epoch", "step") if dim in results.dims and dim not in at]


def _last_place(results: "xr.Dataset", dim: str) -> "int | xr.DataArray":
    """Where a curve ends: at the level of ``epochs`` if that is varied, else at the last place."""
    if dim == "epoch" and "epochs" in results.coords:
        return (results["epochs"].astype(int) - 1).clip(max=results.sizes[dim] - 1)
    return -1


def _rows(values: "xr.DataArray", confidence: float) -> list[dict[str, Any]]:
    interval = mean_interval(values, confidence=confidence)
    dims = [str(name) for name in interval["mean"].dims]
    rows = []
    for place in np.ndindex(interval["mean"].shape):
        levels = {dim: interval[dim].values[at].item() for dim, at in zip(dims, place, strict=True)}
        numbers = {name: float(interval[name].values[place]) for name in ("mean", "low", "high")}
        runs = int(interval["count"].values[place])
        rows.append({"dependent": str(values.name), **levels, **numbers, "runs": runs})
    return rows


def _caption(
    names: list[str], results: "xr.Dataset", at: Mapping[str, Any], confidence: float
) -> str:
    places = [f"{dim} = {level}" for dim, level in at.items()]
    places += [f"last {dim}" for dim in _last_of(results[names], at)]
    shown = names[0] if len(names) == 1 else "results"
    where = f" at {', '.join(places)}" if places else ""
    return f"{shown}{where}: mean and {confidence:.0%} confidence interval over seeds"
