"""One piece of evidence for each condition of an experiment."""

from typing import TYPE_CHECKING

from dlbook.lab.claims import Evidence

if TYPE_CHECKING:
    import xarray as xr


def evidence_of_each(runs: "xr.DataArray", words: str, **bounds: float) -> list[Evidence]:
    """Take the mean over the seeds in every condition.

    A difference of two conditions, taken seed by seed, gives the paired comparison of them.

    Args:
        runs: One number for each seed and condition, with the dimension `seed` and at least one
            more.
        words: Names a condition; in braces the dimensions, `"{table}, rate {learning_rate}"`.
        bounds: `at_least`, `at_most` and `unit`, as `Evidence` takes them.

    Returns:
        One piece for each condition, in the order of the dimensions.

    Example:
        >>> import xarray as xr
        >>> runs = xr.DataArray([[1.0, 1.0], [3.0, 3.0]], {"rate": [0.1, 0.2]}, ("rate", "seed"))
        >>> [(one.condition, one.effect) for one in evidence_of_each(runs, "{rate}", at_least=2)]
        [('0.1', 1.0), ('0.2', 3.0)]
    """
    names = [str(name) for name in runs.dims if name != "seed"]
    cases = runs.stack(case=names)
    return [
        Evidence.from_mean(
            words.format(**dict(zip(names, case, strict=True))), cases.sel(case=case), **bounds
        )
        for case in cases["case"].values
    ]
