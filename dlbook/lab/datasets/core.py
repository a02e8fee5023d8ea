"""What every data set is here: inputs and answers, already split, with scaling that cannot leak."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PARTS = ("train", "validation", "test")
SCALINGS = ("none", "standard", "min_max")

AbsentOrArray = Any
"""`None` or an array; not written as such, for whoever asks for a part knows that it is there."""
Scaler = Callable[[NDArray], NDArray]


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs `x` and answers `y`, split into training, validation and test part.

    The training part fits the weights, the validation part chooses between models, the test part
    is looked at once. A part that is absent is `None`. The arrays are read-only, so that no
    experiment can change the data of the next one.

    Args:
        x_train: Inputs, shape `(examples, ...)`; 64-bit floats become float32.
        y_train: Answers, one per input: shape `(examples, 1)` float32 for two classes or a
            measured target, `(examples,)` integers for three classes and more.
        x_validation: Inputs of the validation part, or `None`.
        y_validation: Its answers, or `None`.
        x_test: Inputs of the test part, or `None`.
        y_test: Its answers, or `None`.

    Raises:
        ValueError: If a part has inputs without answers, or a different number of each.

    Example:
        >>> data = Data(x_train=[[1.0], [2.0]], y_train=[[0.0], [1.0]])
        >>> data
        Data(train=(2, 1) -> (2, 1))
    """

    x_train: NDArray
    y_train: NDArray
    x_validation: AbsentOrArray = None
    y_validation: AbsentOrArray = None
    x_test: AbsentOrArray = None
    y_test: AbsentOrArray = None

    def __post_init__(self) -> None:
        """Check that inputs and answers belong together, and make them read-only."""
        for part in PARTS:
            inputs, answers = (getattr(self, f"{axis}_{part}") for axis in "xy")
            if inputs is None and answers is None and part != "train":
                continue
            inputs, answers = _checked(part, inputs, answers)
            object.__setattr__(self, f"x_{part}", inputs)
            object.__setattr__(self, f"y_{part}", answers)

    def __repr__(self) -> str:
        """Show the shapes, not the numbers."""
        shapes = (
            f"{part}={getattr(self, f'x_{part}').shape} -> {getattr(self, f'y_{part}').shape}"
            for part in PARTS
            if getattr(self, f"x_{part}") is not None
        )
        return f"Data({', '.join(shapes)})"

    def scaled(self, scaling: str = "standard") -> "Data":
        """Return the same data with inputs scaled by statistics of the training part alone.

        Args:
            scaling: `"standard"` (mean 0, standard deviation 1 for every feature), `"min_max"`
                (every feature between 0 and 1) or `"none"`. A feature that is constant in the
                training part is shifted only.

        Returns:
            A new `Data`. Validation and test inputs get the *training* numbers, so their mean is
            near 0, not 0, and their range can leave 0 to 1.

        Raises:
            ValueError: If `scaling` is not one of the three words.

        Example:
            >>> data = Data([[0.0], [2.0]], [[0.0], [1.0]], x_test=[[4.0]], y_test=[[1.0]])
            >>> data.scaled("min_max").x_test
            array([[2.]], dtype=float32)
        """
        return self.with_inputs(fit_scaler(self.x_train, scaling))

    def with_inputs(self, function: Scaler) -> "Data":
        """Return the same data with `function` applied to the inputs of every part.

        Args:
            function: Takes inputs of shape `(examples, ...)`, returns as many changed ones.

        Example:
            >>> Data([[1.0]], [[0.0]]).with_inputs(lambda inputs: inputs + 1).x_train
            array([[2.]], dtype=float32)
        """
        parts = {f"x_{part}": getattr(self, f"x_{part}") for part in PARTS}
        return replace(self, **{name: function(x) for name, x in parts.items() if x is not None})

    def without_validation(self) -> "Data":
        """Return the same data without its validation part (training then measures less).

        Example:
            >>> Data([[1.0]], [[0.0]], [[1.0]], [[0.0]]).without_validation()
            Data(train=(1, 1) -> (1, 1))
        """
        return replace(self, x_validation=None, y_validation=None)

    def take(self, num_examples: int | None = None, *, per_class: int | None = None) -> "Data":
        """Return the data with fewer training examples; validation and test stay whole.

        The first examples are kept, so a smaller set is always contained in a larger one.

        Args:
            num_examples: How many training examples to keep (all if `None`).
            per_class: How many to keep of each class (needs class labels).

        Raises:
            ValueError: If there are fewer examples than asked for.

        Example:
            >>> Data([[1.0], [2.0], [3.0]], [0, 0, 1]).take(per_class=1).x_train.ravel()
            array([1., 3.], dtype=float32)
        """
        rows = np.arange(len(self.x_train))
        if per_class is not None:
            rows = np.flatnonzero(_rank_in_class(self.y_train) < per_class)
            _check_enough("per_class", per_class, _smallest_class(self.y_train))
        if num_examples is not None:
            _check_enough("num_examples", num_examples, len(rows))
            rows = rows[:num_examples]
        return replace(self, x_train=self.x_train[rows], y_train=self.y_train[rows])


def generator(name: str, seed: int, *stream: int) -> np.random.Generator:
    """Return the random numbers of one data set, one seed and one part of it.

    Every data set, part and class draws from its own stream: a larger training part does not change
    the test part, and data of seed 0 have nothing in common with weights of seed 0.

    Args:
        name: Name of the data set.
        seed: Non-negative integer.
        stream: Further numbers that keep the parts apart.

    Raises:
        ValueError: If `seed` is not a non-negative integer.

    Example:
        >>> float(generator("clusters", 0).normal()) == float(generator("clusters", 0).normal())
        True
    """
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a non-negative integer. Received: {seed!r}")
    return np.random.default_rng([zlib.crc32(name.encode()), int(seed), *stream])


def as_labels(classes: ArrayLike, num_classes: int) -> NDArray:
    """Return class numbers in the shape that the losses of Keras expect.

    Args:
        classes: Class of every example, integers from 0, shape `(examples,)`.
        num_classes: How many classes there are.

    Returns:
        Two classes: float32 of shape `(examples, 1)`, for a single sigmoid unit. More: int32 of
        shape `(examples,)`, for a softmax unit per class.

    Example:
        >>> as_labels([0, 1], 2).shape, as_labels([0, 2], 3).shape
        ((2, 1), (2,))
    """
    classes = np.asarray(classes)
    if num_classes == 2:
        return classes.astype(np.float32)[:, None]
    return classes.astype(np.int32)


def stratified_order(labels: ArrayLike, rng: np.random.Generator | None = None) -> NDArray:
    """Return an order of the examples in which every stretch has the class shares of the whole.

    Args:
        labels: Class of every example, shape `(examples,)` or `(examples, 1)`.
        rng: Shuffles the examples inside their classes; `None` keeps their order.

    Returns:
        Row numbers, a permutation of `0 .. examples - 1`.

    Example:
        >>> stratified_order([0, 0, 0, 0, 1, 1]).tolist()
        [0, 4, 1, 2, 5, 3]
    """
    labels = np.ravel(labels)
    rows = np.arange(len(labels)) if rng is None else rng.permutation(len(labels))
    _, classes, sizes = np.unique(labels[rows], return_inverse=True, return_counts=True)
    place = (_rank_in_class(labels[rows]) + 0.5) / sizes[classes]
    return rows[np.argsort(place, kind="stable")]


def fit_scaler(x_train: NDArray, scaling: str) -> Scaler:
    """Learn a scaling from the training inputs and return it as a function.

    Args:
        x_train: Training inputs, shape `(examples, ...)`; statistics are per feature.
        scaling: `"none"`, `"standard"` or `"min_max"`.

    Returns:
        A function from inputs to scaled float32 inputs.

    Raises:
        ValueError: If `scaling` is not one of the three words.

    Example:
        >>> fit_scaler(np.array([[0.0], [4.0]]), "standard")(np.array([[4.0]]))
        array([[1.]], dtype=float32)
    """
    if scaling not in SCALINGS:
        raise ValueError(f"scaling must be one of {', '.join(SCALINGS)}. Received: {scaling!r}")
    if scaling == "none":
        return lambda inputs: np.asarray(inputs, np.float32)
    x_train = np.asarray(x_train, np.float64)
    if scaling == "standard":
        shift, width = x_train.mean(axis=0), x_train.std(axis=0)
    else:
        shift, width = x_train.min(axis=0), np.ptp(x_train, axis=0)
    width = np.where(width > 0, width, 1.0)
    return lambda inputs: ((inputs - shift) / width).astype(np.float32)


def _checked(part: str, inputs: Any, answers: Any) -> tuple[NDArray, NDArray]:
    """Return both arrays, read-only, if there is one answer for every input."""
    if inputs is None or answers is None:
        missing = "x" if inputs is None else "y"
        raise ValueError(f"{missing}_{part} must be given with its partner. Received: None")
    if len(inputs) != len(answers):
        raise ValueError(
            f"x_{part} and y_{part} must have one answer per input. "
            f"Received: {len(inputs)} inputs and {len(answers)} answers"
        )
    return _frozen(inputs), _frozen(answers)


def _check_enough(argument: str, wanted: int, available: int) -> None:
    if not 0 < wanted <= available:
        raise ValueError(f"{argument} must be between 1 and {available}. Received: {wanted}")


def _frozen(values: ArrayLike) -> NDArray:
    array = np.asarray(values)
    array = array.astype(np.float32) if array.dtype == np.float64 else array.view()
    array.flags.writeable = False
    return array


def _rank_in_class(labels: ArrayLike) -> NDArray:
    labels = np.ravel(labels)
    ranks = np.empty(len(labels), int)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        ranks[rows] = np.arange(len(rows))
    return ranks


def _smallest_class(labels: ArrayLike) -> int:
    return int(np.unique(np.ravel(labels), return_counts=True)[1].min())
