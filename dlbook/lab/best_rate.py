"""Judge every condition at the learning rate that its validation examples chose."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def at_best_rate(results: "xr.Dataset") -> "xr.DataArray":
    """Take the test accuracy at the rate whose validation accuracy is best, seed by seed.

    Every condition and every seed has its own best rate. Of equally good rates the first is taken.
    A run that is no longer a number never wins.

    Args:
        results: With `val_accuracy` and `test_accuracy`, and the dimensions `learning_rate`,
            `seed` and `epoch`; the last epoch counts.

    Returns:
        Test accuracies without the dimension `learning_rate`.

    Example:
        >>> import xarray as xr
        >>> dims = ("learning_rate", "seed", "epoch")
        >>> val = [[[0.9], [0.5]], [[0.8], [0.6]]]
        >>> test = [[[0.7], [0.1]], [[0.2], [0.4]]]
        >>> levels = {"learning_rate": [0.1, 1.0], "epoch": [1]}
        >>> runs = xr.Dataset({"val_accuracy": (dims, val), "test_accuracy": (dims, test)}, levels)
        >>> at_best_rate(runs).values
        array([0.7, 0.4])
    """
    last = results.isel(epoch=-1)
    best = last["val_accuracy"].fillna(0).argmax("learning_rate")
    return last["test_accuracy"].isel(learning_rate=best).drop_vars("learning_rate")
