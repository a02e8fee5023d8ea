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
    check_not_negative("blur", blur)

    def cloud(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        return points[kind] + blur * rng.standard_normal((count, points.shape[1]))

    return draw_parts("clusters", seed, cloud, range(len(points)), (num_examples, num_test))


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
    check_not_negative("noise", noise)

    def ring(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        draws = rng.standard_normal((count, 2)), rng.uniform(0, 2 * np.pi, count)
        distance = radii[kind] + noise * draws[0][:, 0]
        return np.stack([distance * np.cos(draws[1]), distance * np.sin(draws[1])], axis=1)

    data = draw_parts("doughnuts", seed, ring, range(len(radii)), (num_examples, num_test))
    return data.scaled()


def xor(
    seed: int = 0,
    *,
    gate: str = "xor",
    num_examples: int = 50,
    noise: float = 0.2,
    num_test: int | None = None,
) -> Data:
    """Draw noisy copies of the four inputs of a logical gate; XOR is the one no line can solve.

    Args:
        seed: Non-negative integer; controls the sample.
        gate: `"xor"`, `"or"` or `"and"`; the same points get other labels.
        num_examples: Training examples around each of the four corners.
        noise: Standard deviation of each coordinate around its corner, the corners being 1 apart.
        num_test: Examples per corner in validation and in test; `None`: as in training; 0: none.

    Returns:
        Inputs of shape `(4 num_examples, 2)`, not scaled: the corners are (0, 0), (0, 1), (1, 0)
        and (1, 1). Labels float32 of shape `(examples, 1)`.

    Raises:
        ValueError: If `gate` is unknown, `noise` is negative or a number is not positive.

    Example:
        >>> xor(noise=0, num_examples=1, num_test=0).y_train.ravel()
        array([0., 1., 1., 0.], dtype=float32)
    """
    if gate not in GATES:
        raise ValueError(f"gate must be one of {', '.join(GATES)}. Received: {gate!r}")
    check_not_negative("noise", noise)

    def corner(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        return np.asarray(CORNERS[kind]) + noise * rng.standard_normal((count, 2))

    return draw_parts("xor", seed, corner, GATES[gate], (num_examples, num_test))


def spirals(
    seed: int = 0,
    *,
    arms: int = 2,
    turns: float = 1.5,
    num_examples: int = 200,
    noise: float = 0.02,
    num_test: int | None = None,
) -> Data:
    """Draw spiral arms wound into each other, one per class: a boundary that winds with them.

    Args:
        seed: Non-negative integer; controls the sample.
        arms: How many arms, 2 or more.
        turns: How often each arm winds around the center.
        num_examples: Training examples per arm.
        noise: Standard deviation of each coordinate, the outer radius being 1.
        num_test: Examples per arm in validation and in test; `None`: as in training; 0: none.

    Returns:
        Inputs of shape `(examples, 2)`, scaled to mean 0 and standard deviation 1 of the training
        part; labels as in `clusters`.

    Raises:
        ValueError: If there are fewer than two arms, `noise` is negative or a number not positive.

    Example:
        >>> spirals(arms=3, num_test=0)
        Data(train=(600, 2) -> (600,))
    """
    if arms < 2:
        raise ValueError(f"arms must be 2 or more. Received: {arms!r}")
    check_not_negative("noise", noise)

    def arm(rng: np.random.Generator, kind: int, count: int) -> NDArray:
        draws = rng.uniform(0, 1, count), rng.standard_normal((count, 2))
        radius = np.sqrt(draws[0])
        angle = 2 * np.pi * (turns * radius + kind / arms)
        return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) + noise * draws[1]

    return draw_parts("spirals", seed, arm, range(arms), (num_examples, num_test)).scaled()


def draw_parts(
    name: str,
    seed: int,
    draw: Draw,
    classes: Sequence[int],
    counts: tuple[int | Sequence[int], int | None],
) -> Data:
    """Draw training, validation and test part from streams of their own.

    Args:
        name: Name of the data set.
        seed: Non-negative integer.
        draw: `draw(rng, kind, count)` returns `count` inputs of one kind; asked for more, it must
            return the same first ones.
        classes: Label of each kind.
        counts: Training examples per kind (or a number for each), and validation or test examples
            per kind (`None`: as in training).

    Returns:
        The data; in every part the kinds take turns.
    """
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


def check_not_negative(argument: str, value: float) -> None:
    """Raise an error that names the argument if its value is negative or not a number.

    Args:
        argument: Its name.
        value: What was received.

    Raises:
        ValueError: If so.
    """
    if not value >= 0:
        raise ValueError(f"{argument} must be 0 or larger. Received: {value!r}")
