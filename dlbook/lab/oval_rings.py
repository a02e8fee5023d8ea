"""Two rings of points, blurred more in one direction than in the other, and who could do best."""

import numpy as np

from dlbook.lab.datasets import Data

RADII, NOISE = (10, 15), (3, 1)


def oval_rings(seed: int, *, num_examples: int = 400, num_test: int = 2000) -> Data:
    """Draw the course's two rings, blurred more from left to right than from top to bottom.

    Four fifths are for training, one fifth for validation (the course's "test"); the test part
    here is fresh.

    Args:
        seed: Draws the points.
        num_examples: Points for training and validation together, half of each class.
        num_test: Fresh points.

    Returns:
        Coordinates that are not scaled; labels 0 (inner ring) and 1, shape (points, 1).

    Example:
        >>> oval_rings(0)
        Data(train=(320, 2) -> (320, 1), validation=(80, 2) -> (80, 1), test=(2000, 2) -> (2000, 1))
    """
    generator = np.random.default_rng([seed, 51])

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        y = np.arange(count) % 2
        angle = generator.uniform(0, 2 * np.pi, count)
        x = np.array(RADII)[y] * np.stack([np.cos(angle), np.sin(angle)])
        x = x.T + generator.normal(size=(count, 2)) * NOISE
        return np.float32(x), np.float32(y)[:, None]  # type: ignore

    (x, y), fresh, end = draw(num_examples), draw(num_test), num_examples * 4 // 5
    return Data(x[:end], y[:end], x[end:], y[end:], *fresh)


def best_attainable(data: Data) -> float:
    """Return the accuracy of whoever knows how the rings are drawn, on the test part.

    Args:
        data: What `oval_rings` returns.

    Returns:
        A share of right answers.
    """
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    x = data.x_test[:, None, :] / np.array(NOISE)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) / np.array(NOISE)
    inner, outer = (
        np.exp(-0.5 * ((x - radius * circle) ** 2).sum(axis=-1)).sum(axis=1) for radius in RADII
    )
    return float(np.mean((outer > inner) == data.y_test.ravel()))
