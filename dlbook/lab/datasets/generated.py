"""Points in a plane, drawn from a rule: as many as wanted, with an answer that is known."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dlbook.lab.datasets.core import PARTS, Data, as_labels, generator, stratified_order

Draw = Callable[[np.random.Generator, int, int], NDArray]
CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
GATES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}


def clusters(
    seed: int = 0,
    *,
    centers: Sequence[Sequence[float]] = ((1, 1), (5, 1)),
    num_examples: int | Sequence[int] = 100,
    blur: float = 1.0,
    num_test: int | None = None,
) -> Data:
    r"""Draw round clouds of points, one per class: $x \sim N(\text{center}, \text{blur}^2)$.

    Two clouds a distance $d$ apart can be told apart by a straight line with accuracy
    $\Phi(d / 2\,\text{blur})$ at best: .977 for the default. The coordinates are not scaled, and
    one seed draws the same points whatever `blur` is, only closer together or further apart.

    Args:
        seed: Non-negative integer; controls the sample.
        centers: One center per class, shape `(classes, features)`, no unit.
        num_examples: Training examples per class; a sequence gives every class its own number.
        blur: Standard deviation of each coordinate, 0 or larger.
        num_test: Examples per class in the validation part and in the test part; `None`: as many
            as in training; 0: neither part.

    Returns:
        Inputs of shape `(examples, features)`. Labels: two classes float32 `(examples, 1)`, more
        classes int32 `(examples,)`. The classes take turns.

    Raises:
        ValueError: If `blur` is negative, a number is not positive, or the counts do not match the
            centers.

    Example:
        >>> clusters(seed=1, num_examples=50)
        Data(train=(100, 2) -> (100, 1), validation=(100, 2) -> (100, 1), test=(100, 2) -> (100, 1))

    Source: the "qwerties" of Mike X Cohen's course *A deep understanding of deep learning*.
    """
    points = np.asarray(centers, float)
    _check_not_negative("blur", blur)

    def cloud(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        return points[kind] + blur * rng.standard_normal((count, points.shape[1]))

    return _draw_parts("clusters", seed, cloud, range(len(points)), (num_examples, num_test))


def doughnuts(
    seed: int = 0,
    *,
    radii: Sequence[float] = (10, 15),
    num_examples: int = 200,
    noise: float = 1.0,
    num_test: int | None = None,
) -> Data:
    """Draw rings around one center, one per class, which no straight line can separate.

    Args:
        seed: Non-negative integer; controls the sample.
        radii: Mean distance of each class from the center.
        num_examples: Training examples per class.
        noise: Standard deviation of the distance from the center.
        num_test: Examples per class in validation and in test; `None`: as in training; 0: none.

    Returns:
        Inputs of shape `(examples, 2)`, scaled to mean 0 and standard deviation 1 of the training
        part; labels as in `clusters`.

    Raises:
        ValueError: If `noise` is negative or a number of examples is not positive.

    Example:
        >>> doughnuts(num_test=0)
        Data(train=(400, 2) -> (400, 1))

    Source: the course's "qwerties in doughnuts" (radii 10 and 15, noise 1).
    """
    _check_not_negative("noise", noise)

    def ring(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        draws = rng.standard_normal((count, 2)), rng.uniform(0, 2 * np.pi, count)
        distance = radii[kind] + noise * draws[0][:, 0]
        return np.stack([distance * np.cos(draws[1]), distance * np.sin(draws[1])], axis=1)

    data = _draw_parts("doughnuts", seed, ring, range(len(radii)), (num_examples, num_test))
    return data.scaled()


def _draw_parts(
    name: str,
    seed: int,
    draw: Draw,
    classes: Sequence[int],
    counts: tuple[int | Sequence[int], int | None],
) -> Data:
    """Draw training, validation and test part; `classes[kind]` is the label of a kind."""
    num_examples, num_test = counts
    per_kind = _per_kind(num_examples, len(classes))
    held_out = per_kind if num_test is None else [num_test] * len(classes)
    arrays = {}
    for stream, (part, sizes) in enumerate(zip(PARTS, (per_kind, held_out, held_out), strict=True)):
        if not any(sizes):
            continue
        groups = [draw(generator(name, seed, stream, k), k, n) for k, n in enumerate(sizes)]
        kinds = np.repeat(np.arange(len(sizes)), sizes)
        order = stratified_order(kinds)
        arrays[f"x_{part}"] = np.concatenate(groups)[order].astype(np.float32)
        labels = np.asarray(classes)[kinds[order]]
        arrays[f"y_{part}"] = as_labels(labels, len(set(classes)))
    return Data(**arrays)


def _per_kind(num_examples: int | Sequence[int], num_kinds: int) -> list[int]:
    sizes = np.broadcast_to(num_examples, num_kinds) if np.ndim(num_examples) == 0 else num_examples
    sizes = [int(size) for size in np.asarray(sizes)]
    if len(sizes) != num_kinds or min(sizes) < 1:
        raise ValueError(
            f"num_examples must be one positive number, or {num_kinds} of them. "
            f"Received: {num_examples!r}"
        )
    return sizes


def _check_not_negative(argument: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{argument} must be 0 or larger. Received: {value!r}")
