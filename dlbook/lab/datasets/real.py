"""Measured data that come inside scikit-learn: no download, small, each with its source."""

from functools import cache
from typing import Any

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
        num_examples: Training examples to keep, as many of each class; `None`: all (1,080).
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
    return split_classes("digits", (x, y), seed, (num_examples, validation, test))


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
    return split_classes("iris", _load("iris"), seed, (num_examples, validation, test), scaling)


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
    return split_classes("breast_cancer", table, seed, (num_examples, validation, test), scaling)


def wine(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 0.2,
    test: Share = 0.2,
    scaling: str = "standard",
) -> Data:
    """Load 178 Italian wines, 13 chemical measures each: from which of three cultivars?

    Args:
        seed: Non-negative integer; controls which wines are in which part.
        num_examples: Training examples to keep; `None`: all (106).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        test: Size of the test part, likewise.
        scaling: `"standard"`, `"min_max"` or `"none"`, fitted on the training part; the raw
            measures differ in size a thousandfold.

    Returns:
        Inputs of shape `(examples, 13)`; labels 0 to 2 as int32 of shape `(examples,)`.

    Raises:
        ValueError: If the parts leave nothing to train on, or `scaling` is unknown.

    Example:
        >>> wine(validation=0)
        Data(train=(142, 13) -> (142,), test=(36, 13) -> (36,))

    Source: S. Aeberhard and M. Forina (1992), Wine, UCI; CC BY 4.0.
    """
    return split_classes("wine", _load("wine"), seed, (num_examples, validation, test), scaling)


def diabetes(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 0.2,
    test: Share = 0.2,
    scaling: str = "standard",
    target_scaling: str = "standard",
) -> Data:
    """Load 442 patients: ten measures, and how far their diabetes had advanced a year later.

    Args:
        seed: Non-negative integer; controls which patients are in which part.
        num_examples: Training examples to keep; `None`: all (266).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        test: Size of the test part, likewise.
        scaling: `"standard"`, `"min_max"` or `"none"` (the raw measures), fitted on the training
            part.
        target_scaling: The same for the target; `"none"`: the score from 25 to 346.

    Returns:
        Inputs of shape `(examples, 10)`; targets float32 of shape `(examples, 1)`.

    Raises:
        ValueError: If the parts leave nothing to train on, or a scaling is unknown.

    Example:
        >>> diabetes(validation=0, test=100, num_examples=20)
        Data(train=(20, 10) -> (20, 1), test=(100, 10) -> (100, 1))

    Source: B. Efron et al. (2004), Least angle regression; no licence stated.
    """
    x, y = _load_diabetes()
    rows = _rows(generator("diabetes", seed).permutation(len(y)), (num_examples, validation, test))
    train = rows["train"] = rows["train"][:num_examples]
    scale, scale_target = fit_scaler(x[train], scaling), fit_scaler(y[train], target_scaling)
    parts = {part: chosen for part, chosen in rows.items() if len(chosen)}
    return Data(
        **{f"x_{part}": scale(x[chosen]) for part, chosen in parts.items()},
        **{f"y_{part}": scale_target(y[chosen])[:, None] for part, chosen in parts.items()},
    )


def diabetes_high(
    seed: int = 0,
    *,
    num_examples: int | None = None,
    validation: Share = 0.2,
    test: Share = 0.2,
    scaling: str = "standard",
) -> Data:
    """Load the patients of `diabetes`: did the disease advance more than in the median patient?

    So noisy that nobody gets far beyond 75 %.

    Args:
        seed: Non-negative integer; controls which patients are in which part.
        num_examples: Training examples to keep; `None`: all (266).
        validation: Size of the validation part, a share (below 1) or a number; 0: none.
        test: Size of the test part, likewise.
        scaling: `"standard"`, `"min_max"` or `"none"`, fitted on the training part.

    Returns:
        Inputs of shape `(examples, 10)`; labels float32 of shape `(examples, 1)`, 1 if the score is
        above 140.5.

    Raises:
        ValueError: If the parts leave nothing to train on, or `scaling` is unknown.

    Example:
        >>> float(diabetes_high(validation=0, test=0).y_train.mean())
        0.5

    Source: as `diabetes`.
    """
    x, y = _load_diabetes()
    table = x, (y > np.median(y)).astype(int)
    return split_classes("diabetes", table, seed, (num_examples, validation, test), scaling)


PHOTOGRAPHS = {
    "china": "china.jpg by danielbuechele, flickr.com/photos/danielbuechele/6061409035, CC BY 2.0",
    "flower": "flower.jpg by vultilion, flickr.com/photos/vultilion/6056698931, CC BY 2.0",
}
"""Name of each photograph and the credit that must stand where it is shown."""


def photograph(name: str = "china") -> NDArray:
    """Load a colour photograph.

    Args:
        name: `"china"` (a palace above a lake) or `"flower"` (a dahlia).

    Returns:
        Red, green and blue of shape `(427, 640, 3)`, bytes from 0 to 255.

    Raises:
        ValueError: If `name` is unknown.

    Example:
        >>> photograph("china").shape, PHOTOGRAPHS["flower"][:23]
        ((427, 640, 3), 'flower.jpg by vultilion')

    Source: `PHOTOGRAPHS` holds the credits, which belong under every figure that shows one.
    """
    if name not in PHOTOGRAPHS:
        raise ValueError(f"name must be one of {', '.join(PHOTOGRAPHS)}. Received: {name!r}")
    from sklearn.datasets import load_sample_image

    return np.asarray(load_sample_image(f"{name}.jpg"))


def feature_names(name: str) -> tuple[str, ...]:
    """Return what the inputs of a data set are, for the axes of a figure.

    Args:
        name: `"iris"`, `"wine"`, `"breast_cancer"` or `"diabetes"`.

    Example:
        >>> feature_names("iris")[0]
        'sepal length (cm)'
    """
    from sklearn import datasets

    return tuple(str(feature) for feature in getattr(datasets, f"load_{name}")().feature_names)


def class_names(name: str) -> tuple[str, ...]:
    """Return what the labels 0, 1, ... of a data set stand for.

    Args:
        name: `"digits"`, `"iris"`, `"wine"` or `"breast_cancer"`.

    Example:
        >>> class_names("breast_cancer")
        ('malignant', 'benign')
    """
    from sklearn import datasets

    return tuple(str(kind) for kind in getattr(datasets, f"load_{name}")().target_names)


@cache
def _load(name: str) -> tuple[NDArray, NDArray]:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(return_X_y=True)


@cache
def _load_diabetes() -> tuple[NDArray, NDArray]:
    """Load the raw measures: scikit-learn's own scaling has seen all rows."""
    from sklearn import datasets

    table: Any = datasets.load_diabetes(return_X_y=True, scaled=False)
    return table


def split_classes(
    name: str,
    table: tuple[NDArray, NDArray],
    seed: int,
    sizes: tuple[int | None, Share, Share],
    scaling: str = "none",
) -> Data:
    """Split a table of class labels; every part gets the class shares of the whole.

    Args:
        name: Name of the data set.
        table: Inputs and class numbers.
        seed: Non-negative integer; controls the split.
        sizes: `num_examples`, `validation` and `test`, as the loaders take them.
        scaling: Fitted on the training part that is kept.
    """
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
    num_test = count_of("test", test, total)
    num_held_out = num_test + count_of("validation", validation, total)
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


def count_of(argument: str, share: Share, total: int) -> int:
    """Return how many examples a share (below 1) or a number of them is.

    Args:
        argument: Name of the argument, for the error.
        share: Share or number.
        total: Of how many.

    Raises:
        ValueError: If it is negative or not a number.

    Example:
        >>> count_of("test", 0.2, 150), count_of("test", 30, 150)
        (30, 30)
    """
    if share < 0 or share != share:
        raise ValueError(f"{argument} must be a share or a number, 0 or larger. Received: {share}")
    return round(share * total) if share < 1 else int(share)
