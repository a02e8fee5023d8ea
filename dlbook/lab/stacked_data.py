"""The data of runs, checked against the model and in the types of the stack."""

from functools import cached_property
from typing import Any

import numpy as np

from dlbook.lab.stacked_losses import StackedLoss, fits

PARTS = ("train", "validation", "test")


class CheckedData:
    """The data of one run, checked against the model's outputs and in the shapes of the stack.

    Args:
        data: The data.
        units: Shape of one example's outputs.
        loss: The loss, which says what targets look like.

    Raises:
        ValueError: If there is a NaN, or the targets do not fit the model's outputs.
    """

    def __init__(self, data: Any, units: tuple[int, ...], loss: StackedLoss) -> None:
        self._arrays: dict[str, np.ndarray] = {}
        for part in PARTS:
            inputs, targets = (getattr(data, f"{axis}_{part}") for axis in "xy")
            if inputs is None:
                continue
            check_numbers(f"x_{part}", inputs)
            check_numbers(f"y_{part}", targets)
            self._check_fit(part, np.asarray(targets), units, loss)
            self._arrays[f"x_{part}"] = np.asarray(inputs, np.float32)
            self._arrays[f"y_{part}"] = _targets(np.asarray(targets), units, loss)

    @staticmethod
    def _check_fit(part: str, targets: np.ndarray, units: tuple, loss: StackedLoss) -> None:
        if not fits(targets, units, loss.sparse):
            wanted = f"class numbers from 0 to {units[-1] - 1}" if loss.sparse else "the same shape"
            raise ValueError(
                f"model must put out what y_{part} can be compared with: {loss.name} wants "
                f"{wanted}. Received: outputs of shape (examples, {', '.join(map(str, units))}), "
                f"y_{part} of shape {targets.shape} from {targets.min()} to {targets.max()}"
            )

    def has(self, part: str) -> bool:
        """Say whether there is a part."""
        return f"x_{part}" in self._arrays

    def array(self, axis: str, part: str) -> np.ndarray:
        """Return inputs ``"x"`` or targets ``"y"`` of a part, examples first."""
        return self._arrays[f"{axis}_{part}"]

    @cached_property
    def shapes(self) -> tuple:
        """Shapes of all arrays."""
        return tuple((name, array.shape) for name, array in self._arrays.items())


def _targets(targets: np.ndarray, units: tuple[int, ...], loss: StackedLoss) -> np.ndarray:
    if loss.sparse:
        return targets.reshape(len(targets), *units[:-1]).astype(np.int32)
    return targets.reshape(len(targets), *units).astype(np.float32)


def check_numbers(name: str, values: Any) -> None:
    """Refuse NaN and infinity in data.

    Args:
        name: Which array, for the message.
        values: Shape (examples, ...).

    Raises:
        ValueError: If a value is NaN or infinite; the message names its column.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers. Received: dtype {array.dtype}")
    wrong = ~np.isfinite(array)
    if wrong.any():
        row, *column = (int(place) for place in np.argwhere(wrong)[0])
        where = f"column {', '.join(map(str, column))}, " if column else ""
        raise ValueError(
            f"{name} must hold finite numbers only. Received: {array[(row, *column)]} in "
            f"{where}row {row} ({int(wrong.sum())} such values)"
        )
