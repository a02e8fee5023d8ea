"""What chapters on regularization share: networks with dropout, changed digits, and measures."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbook.lab import datasets
from dlbook.lab.claims import Evidence
from dlbook.lab.datasets import Data

if TYPE_CHECKING:
    import keras
    import xarray as xr


def dropout_mlp(
    sizes: Sequence[int], rate: float, start: Callable[[int], dict[str, Any]] | None = None
) -> "keras.Sequential":
    """Build a network of ReLU layers with dropout after every hidden layer.

    Args:
        sizes: Number of inputs, units of each hidden layer, number of outputs.
        rate: Dropout rate.
        start: Says how a layer with so many inputs starts, as arguments of `Dense`; `None`: as in
            Keras.

    Returns:
        An untrained model that gives logits.

    Example:
        >>> dropout_mlp((64, 32, 10), 0.5).count_params()
        2410
    """
    import keras

    begin = start or (lambda inputs: {})
    model = keras.Sequential([keras.Input((sizes[0],))])
    for before, units in pairwise(sizes[:-1]):
        model.add(keras.layers.Dense(units, "relu", **begin(before)))
        model.add(keras.layers.Dropout(rate))
    model.add(keras.layers.Dense(sizes[-1], **begin(sizes[-2])))
    return model


def repeated_digits(seed: int, num_examples: int, rows: int) -> Data:
    """Take some digits to learn from, and repeat them, so that an epoch always has as many rows.

    Args:
        seed: Which digits are in which part.
        num_examples: Different training digits.
        rows: Rows of the training part, a multiple of `num_examples`.

    Returns:
        Validation and test part are those of `datasets.digits`.

    Example:
        >>> repeated_digits(0, 108, 1080).x_train.shape
        (1080, 64)
    """
    data, times = datasets.digits(seed, num_examples=num_examples), rows // num_examples
    x, y = np.tile(data.x_train, (times, 1)), np.tile(data.y_train, times)
    return replace(data, x_train=x, y_train=y)


def epochs_needed(results: "xr.Dataset", share: float = 0.95) -> "xr.DataArray":
    """Return the first epoch with a share of the validation accuracy that a network has at last."""
    curve = results["val_accuracy"]
    return (curve >= share * curve.isel(epoch=-1)).argmax("epoch") + 1


def paired_rows(
    values: "xr.DataArray", variable: str, levels: tuple, words: str, **bounds: float
) -> list[Evidence]:
    """Compare two levels of a variable in pairs of a seed, under each of the other conditions.

    Args:
        values: One number per condition and seed.
        variable: Which variable.
        levels: The two levels: the first minus the second.
        words: Names a condition, with the other variables in braces.
        **bounds: As for `Evidence`.

    Returns:
        One piece of evidence for each condition.
    """
    from dlbook.lab.results import paired

    change = [values.sel({variable: level}, drop=True) for level in levels]
    others = [str(name) for name in change[0].dims if name != "seed"]
    first, second = (one.stack(case=others) for one in change)
    found = []
    for place, case in enumerate(first["case"].values):
        pair = paired(first.isel(case=place, drop=True), second.isel(case=place, drop=True))
        name = words.format(**dict(zip(others, case, strict=True)))
        found.append(Evidence.from_comparison(name, pair, **bounds))
    return found


KINDS = ("no_dropout", "dropout", "half_the_units")


@cache
def update(kind: str, units: int) -> Callable[[], Any]:
    """Return what makes one update of a network with two hidden layers, already compiled.

    Args:
        kind: `"no_dropout"`, `"dropout"` (rate 0.5) or `"half_the_units"`, without dropout.
        units: Units of each hidden layer.

    Returns:
        A function without arguments: 16 examples forward, backward, one step of SGD.
    """
    import keras

    wide = units // 2 if kind == KINDS[2] else units
    model = dropout_mlp((64, wide, wide, 1), 0.5)
    if kind != "dropout":
        model = keras.Sequential([keras.Input((64,)), *model.layers[::2]])
    model.compile(keras.optimizers.SGD(0.002), "mean_squared_error")
    step = partial(model.train_on_batch, np.zeros((16, 64)), np.zeros((16, 1)))
    step()
    return step


def milliseconds(
    steps: Mapping[str, Callable[[], Any]], turns: int = 9, *, backwards: bool = False
) -> dict[str, float]:
    """Time some functions in turn, so that what disturbs the computer disturbs all of them.

    Args:
        steps: Name -> function.
        turns: How often each is called.
        backwards: Whether the first turn takes them in reverse order.

    Returns:
        Name -> median of the milliseconds.

    Example:
        >>> list(milliseconds({"nothing": lambda: None}))
        ['nothing']
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(turns):
        for name in list(steps)[:: -1 if (turn + backwards) % 2 else 1]:
            start = time.perf_counter()
            steps[name]()
            seconds[name].append(time.perf_counter() - start)
    return {name: 1e3 * float(np.median(times)) for name, times in seconds.items()}
