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


def at_own_rate(results: "xr.Dataset") -> "xr.Dataset":
    """Keep the runs at the learning rate that was best for the other seeds.

    For each condition and each seed, that is the rate with the highest validation accuracy at the
    end, on average over all other seeds. So no run and no test example has a say in the choice
    that is made for it.

    Args:
        results: With `val_accuracy`, and the dimensions `learning_rate`, `seed` and `epoch`.

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
    score = mean_of_others(results["val_accuracy"].isel(epoch=-1, drop=True))
    return results.isel(learning_rate=score.argmax("learning_rate"))
