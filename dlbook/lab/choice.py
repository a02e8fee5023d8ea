"""Choose a setting for each run without looking at the run itself, nor at test examples."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def mean_of_others(values: "xr.DataArray") -> "xr.DataArray":
    """Return for each seed the mean of all other seeds.

    Args:
        values: With the dimension `seed`; with a single seed the means are 0.

    Returns:
        The means, same dimensions.

    Example:
        >>> import xarray as xr
        >>> mean_of_others(xr.DataArray([1.0, 2.0, 6.0], dims="seed")).values
        array([4. , 3.5, 1.5])
    """
    return (values.sum("seed") - values) / max(values.sizes["seed"] - 1, 1)


def at_own_rate(results: "xr.Dataset", measure: str = "val_accuracy") -> "xr.Dataset":
    """Keep the runs at the learning rate that was best for the other seeds.

    For each condition and each seed, that is the rate with the best validation score at the end,
    on average over all other seeds. So no run and no test example has a say in the choice that is
    made for it. A rate at which one of them diverged comes last.

    Args:
        results: With `measure`, and the dimensions `learning_rate`, `seed` and `epoch`.
        measure: `"val_accuracy"`: the highest is best; `"val_loss"`: the lowest.

    Returns:
        The results without the dimension `learning_rate`, which is now a variable.

    Example:
        >>> import xarray as xr
        >>> dims = ("learning_rate", "seed", "epoch")
        >>> scores = [[[0.0], [0.9], [0.9]], [[0.8], [0.8], [0.8]]]
        >>> levels = {"learning_rate": [0.1, 1.0], "epoch": [1]}
        >>> chosen = at_own_rate(xr.Dataset({"val_accuracy": (dims, scores)}, levels))
        >>> chosen["learning_rate"].values
        array([0.1, 1. , 1. ])
    """
    last = results[measure].isel(epoch=-1, drop=True)
    score = (last if measure == "val_accuracy" else -last).fillna(-1e9)
    return results.isel(learning_rate=mean_of_others(score).argmax("learning_rate"))
