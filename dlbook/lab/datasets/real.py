"""Measured data that come inside scikit-learn: no download, small, each with its source."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dlbook.lab.datasets.core import Data, as_labels, fit_scaler, generator, stratified_order

Share = float | int


def digits(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 360,
    test: Share = 357,
    images: bool = False,
) -> Data:
    """Load 1,797 handwritten digits of 8x8 pixels.

    Args:
        seed: Non-negative integer; controls which digits are in which part.
        num_examples: Training examples to keep, balanced over the classes; `None`: all (1,080).
        validation: Size of the validation part, a share (below 1) or a number; 0: no such part,
            its examples stay in training (1,440 then).
        test: Size of the test part, likewise.
        images: Shape `(examples, 8, 8, 1)` instead of `(examples, 64)`.

    Returns:
        Pixels from 0 (paper) to 1 (ink), the original counts 0 to 16 divided by 16; labels 0 to 9
        as int32 of shape `(examples,)`. All parts have equal class shares.

    Raises:
        ValueError: If the parts leave nothing to train on.

    Example:
        >>> digits(validation=0)
        Data(train=(1440, 64) -> (1440,), test=(357, 64) -> (357,))

    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI,
    the test part; CC BY 4.0.
    """
    x, y = _load("digits")
    x = (x / 16).astype(np.float32)
    x = x.reshape(-1, 8, 8, 1) if images else x
    return _split("digits", (x, y), seed, (num_examples, validation, test))


def iris(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 0.2,
    test: Share = 0.2,
    scaling: str = "standard",
) -> Data:
    """Load 150 iris flowers: length and width of sepal and petal in centimetres, three species.

    Args:
        seed: Non-negative integer; controls which flowers are in which part.
        num_examples: Training examples to keep; `None`: all (90).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        test: Size of the test part, likewise.
        scaling: `"standard"`, `"min_max"` or `"none"` (centimetres), fitted on the training part.

    Returns:
        Inputs of shape `(examples, 4)`; labels 0 (setosa), 1 (versicolor), 2 (virginica) as int32
        of shape `(examples,)`.

    Raises:
        ValueError: If the parts leave nothing to train on, or `scaling` is unknown.

    Example:
        >>> iris()
        Data(train=(90, 4) -> (90,), validation=(30, 4) -> (30,), test=(30, 4) -> (30,))

    Source: R. A. Fisher (1936), Iris, UCI; CC BY 4.0.
    """
    return _split("iris", _load("iris"), seed, (num_examples, validation, test), scaling)


def breast_cancer(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 0.2,
    test: Share = 0.2,
    scaling: str = "standard",
) -> Data:
    """Load 569 tumours, each described by 30 measures of its cell nuclei: benign or malignant?

    Args:
        seed: Non-negative integer; controls which tumours are in which part.
        num_examples: Training examples to keep; `None`: all (341).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        test: Size of the test part, likewise.
        scaling: `"standard"`, `"min_max"` or `"none"`, fitted on the training part.

    Returns:
        Inputs of shape `(examples, 30)`; labels 0 (malignant) and 1 (benign, 63 %), float32 of
        shape `(examples, 1)`.

    Raises:
        ValueError: If the parts leave nothing to train on, or `scaling` is unknown.

    Example:
        >>> breast_cancer(validation=0)
        Data(train=(455, 30) -> (455, 1), test=(114, 30) -> (114, 1))

    Source: W. Wolberg et al. (1993), Breast Cancer Wisconsin (Diagnostic), UCI; CC BY 4.0.
    """
    table = _load("breast_cancer")
    return _split("breast_cancer", table, seed, (num_examples, validation, test), scaling)


@cache
def _load(name: str) -> tuple[NDArray, NDArray]:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _split(
    name: str,
    table: tuple[NDArray, NDArray],
    seed: int,
    sizes: tuple[int | None, Share, Share],
    scaling: str = "none",
) -> Data:
    """Split a table of class labels; every part gets the class shares of the whole."""
    x, y = table
    num_classes = len(np.unique(y))
    rng = generator(name, seed)
    order = stratified_order(y, rng)
    rows = _rows(order, sizes)
    rows["train"] = rows["train"][stratified_order(y[rows["train"]])][: sizes[0]]
    scale = fit_scaler(x[rows["train"]], scaling)
    parts = {part: chosen for part, chosen in rows.items() if len(chosen)}
    return Data(
        **{f"x_{part}": scale(x[chosen]) for part, chosen in parts.items()},
        **{f"y_{part}": as_labels(y[chosen], num_classes) for part, chosen in parts.items()},
    )


def _rows(order: NDArray, sizes: tuple[int | None, Share, Share]) -> dict[str, NDArray]:
    """Cut an order of rows into test, validation and training rows."""
    num_examples, validation, test = sizes
    total = len(order)
    num_test = _count("test", test, total)
    num_held_out = num_test + _count("validation", validation, total)
    available = total - num_held_out
    if not 0 < (available if num_examples is None else num_examples) <= available:
        raise ValueError(
            f"num_examples must be between 1 and the {max(available, 0)} examples that validation "
            f"and test leave. Received: {num_examples!r}"
        )
    return {
        "test": order[:num_test],
        "validation": order[num_test:num_held_out],
        "train": order[num_held_out:],
    }


def _count(argument: str, share: Share, total: int) -> int:
    if share < 0 or share != share:
        raise ValueError(f"{argument} must be a share or a number, 0 or larger. Received: {share}")
    return round(share * total) if share < 1 else int(share)
