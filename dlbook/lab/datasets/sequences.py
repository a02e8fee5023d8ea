"""Series in time: inputs of shape (examples, timesteps, features), split so that time is kept."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab import forecasting
from dlbook.lab.datasets.core import PARTS, Data, generator
from dlbook.lab.datasets.generated import check_not_negative


def windows(series: ArrayLike, timesteps: int) -> tuple[NDArray, NDArray]:
    """Cut a series into all stretches of equal length, each with the value that follows it.

    Args:
        series: Values in order of time, shape `(points,)`.
        timesteps: Length of a stretch.

    Returns:
        Inputs float32 of shape `(points - timesteps, timesteps, 1)` and targets float32 of shape
        `(points - timesteps, 1)`. Neighbours overlap: never split them at random.

    Raises:
        ValueError: If the series is not longer than one stretch.

    Example:
        >>> inputs, targets = windows([1, 2, 3, 4], timesteps=2)
        >>> inputs[..., 0].tolist(), targets.ravel().tolist()
        ([[1.0, 2.0], [2.0, 3.0]], [3.0, 4.0])
    """
    series = np.asarray(series, np.float32)
    if not 0 < timesteps < len(series):
        raise ValueError(
            f"timesteps must be between 1 and the points of the series - 1, {len(series) - 1}. "
            f"Received: {timesteps!r}"
        )
    inputs, targets = forecasting.windows(series, timesteps)
    return inputs.astype(np.float32), targets.astype(np.float32)


def sine_waves(
    seed: int = 0,
    *,
    num_points: int = 500,
    timesteps: int = 30,
    noise: float = 0.0,
    validation: float = 0.2,
    test: float = 0.2,
) -> Data:
    r"""Sample the wave $\sin(t + \cos t)$: what comes after a stretch of it?

    Args:
        seed: Non-negative integer; controls where the wave begins, and the noise.
        num_points: Points over 15 periods, $30\pi$.
        timesteps: Points in a stretch.
        noise: Standard deviation of the noise of a point.
        validation: Share of the points, after those for training; 0: none.
        test: Share of the points, the last; 0: none.

    Returns:
        `windows` of each part: training first, then validation, then test, with no point in two
        parts. Not scaled (-1 to 1).

    Raises:
        ValueError: If `noise` is negative, or a part is shorter than one stretch.

    Example:
        >>> sine_waves(validation=0)
        Data(train=(370, 30, 1) -> (370, 1), test=(70, 30, 1) -> (70, 1))
    """
    check_not_negative("noise", noise)
    rng = generator("sine_waves", seed)
    times = rng.uniform(0, 2 * np.pi) + np.linspace(0, 30 * np.pi, num_points)
    series = np.sin(times + np.cos(times)) + noise * rng.standard_normal(num_points)
    ends = np.round(np.array([1 - validation - test, 1 - test]) * num_points).astype(int)
    return _in_windows(np.split(series, ends), timesteps)


def alternating(
    seed: int = 0, *, num_points: int = 50, timesteps: int = 9, num_test: int | None = None
) -> Data:
    r"""Draw numbers whose signs take turns: $x_i = (-1)^i u_i$ with $u_i$ uniform from 0 to 1.

    The sign of the next number is certain, its size cannot be known.

    Args:
        seed: Non-negative integer; controls the numbers.
        num_points: Points of the training series.
        timesteps: Points in a stretch.
        num_test: Points of the validation and of the test series, which are fresh ones; `None`: as
            in training; 0: none.

    Returns:
        `windows` of the three series, not scaled.

    Raises:
        ValueError: If a series is not longer than one stretch.

    Example:
        >>> alternating(num_test=0)
        Data(train=(41, 9, 1) -> (41, 1))
    """
    held_out = num_points if num_test is None else num_test
    series = [
        generator("alternating", seed, stream).uniform(0, 1, count) * (-1.0) ** np.arange(count)
        for stream, count in enumerate((num_points, held_out, held_out))
    ]
    return _in_windows(series, timesteps)


def adding_problem(
    seed: int = 0, *, num_examples: int = 6400, timesteps: int = 30, num_test: int = 1000
) -> Data:
    """Draw long lists of numbers of which two are marked; the answer is the sum of those two.

    A network can only be right if it remembers the first mark until the end. Always answering 1 has
    a mean squared error of 1/6.

    Args:
        seed: Non-negative integer; controls the sample.
        num_examples: Training lists.
        timesteps: Numbers in a list, 2 or more; one mark is in each half.
        num_test: Lists in validation and in test; 0: neither part.

    Returns:
        Inputs float32 of shape `(examples, timesteps, 2)`: a number from 0 to 1, and 1 where it is
        marked. Targets float32 of shape `(examples, 1)`.

    Raises:
        ValueError: If `timesteps` is below 2 or `num_examples` is not positive.

    Example:
        >>> data = adding_problem(num_examples=3, num_test=0)
        >>> marked = data.x_train[..., 0] * data.x_train[..., 1]
        >>> bool(np.allclose(marked.sum(axis=1), data.y_train[:, 0]))
        True

    Source: S. Hochreiter and J. Schmidhuber (1997), Long short-term memory.
    """
    for argument, value, least in (("timesteps", timesteps, 2), ("num_examples", num_examples, 1)):
        if value < least:
            raise ValueError(f"{argument} must be {least} or more. Received: {value!r}")
    arrays: dict[str, Any] = {}
    for stream, (part, count) in enumerate(
        zip(PARTS, (num_examples, num_test, num_test), strict=True)
    ):
        rng = generator("adding_problem", seed, stream)
        if count:
            arrays[f"x_{part}"], arrays[f"y_{part}"] = _marked_lists(rng, count, timesteps)
    return Data(**arrays)


def _marked_lists(rng: np.random.Generator, count: int, timesteps: int) -> tuple[NDArray, NDArray]:
    numbers, marks = rng.uniform(0, 1, (count, timesteps)), np.zeros((count, timesteps))
    rows, half = np.arange(count), timesteps // 2
    marks[rows, rng.integers(0, half, count)] = 1
    marks[rows, rng.integers(half, timesteps, count)] = 1
    inputs = np.stack([numbers, marks], axis=-1).astype(np.float32)
    return inputs, inputs.prod(axis=-1).sum(axis=1, keepdims=True)


def _in_windows(series: list[NDArray], timesteps: int) -> Data:
    arrays: dict[str, Any] = {}
    for part, points in zip(PARTS, series, strict=True):
        if len(points):
            arrays[f"x_{part}"], arrays[f"y_{part}"] = windows(points, timesteps)
    return Data(**arrays)
