"""Trains the two networks that ``<dlbook-digit>`` runs, and writes them.

    .venv/bin/python -m tools.digit_models

They learn from scikit-learn's digits, which come with the book, and from strokes that a program
made (``tools/pen_digits.py``): ``digits_cnn.json`` in ``docs/assets/data``. Everything is drawn
from one seed.
"""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import affine_transform

from dlbook.lab import datasets
from dlbook.lab.convolutional import HEADS, small_cnn
from dlbook.lab.datasets import Data
from dlbook.lab.moved_images import shift_images
from tools.export_model import encode, export_model, round_weights, write_content
from tools.pen_digits import written

if TYPE_CHECKING:
    import keras

SEED = 0
EPOCHS = 30
ALTERED_COPIES = 8
NUM_STROKED = 300
FILTERS = (16, 32)
SIDE, BLOCK, WIDE, STRETCH, ENLARGED = 32, 4, 20, 1.6, 4
INK, PEN, RADII, ROUNDS = 312, 2.0, (1.2, 5.0), 4
MARGIN = 2
"""Pixels around a digit, in the 12x12 that a network sees."""

# A drawing as a picture: the same as docs/assets/js/handwriting.js


def fitted_picture(strokes: Sequence[ArrayLike]) -> NDArray:
    """Make a picture of strokes as scikit-learn's digits were made of written ones.

    The strokes are fitted into a box of 20 x 32 pixels, drawn with as much ink as those digits have
    on average, in black and white, and counted in blocks of 4 x 4.

    Args:
        strokes: Points (x, y) between 0 and 1 from the upper left, shape (points, 2) for each
            stroke.

    Returns:
        Shape (8, 8), from 0 (paper) to 1 (ink).
    """
    if not strokes:
        return np.zeros((SIDE // BLOCK, SIDE // BLOCK))
    lines, radius, distances = _lines(strokes), PEN, np.zeros(0)
    for _ in range(ROUNDS):
        distances = _distances(_fit(lines, radius))
        radius = float(np.clip(np.sort(distances)[INK - 1], *RADII))
    return _count(distances, radius)


def _lines(strokes: Sequence[ArrayLike]) -> NDArray:
    """Points from each of which a line goes to the next, shape (lines, 2, 2)."""
    found = []
    for points in (np.asarray(stroke, float) for stroke in strokes):
        ends = points[1:] if len(points) > 1 else points
        found.append(np.stack([points[: len(ends)], ends], axis=1))
    return np.concatenate(found)


def _fit(lines: NDArray, radius: float) -> NDArray:
    low, high = lines.min(axis=(0, 1)), lines.max(axis=(0, 1))
    with np.errstate(divide="ignore"):
        full = (np.array([WIDE, SIDE]) - 2 * radius) / (high - low)
    full = np.minimum(full, ENLARGED * SIDE)
    scales = np.minimum(full, STRETCH * full[::-1])
    return SIDE / 2 + (lines - (low + high) / 2) * scales


def _distances(lines: NDArray) -> NDArray:
    """How far the middle of each pixel is from the nearest line, row by row."""
    middle = np.arange(SIDE) + 0.5
    pixels = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 1, 2)
    start, way = lines[:, 0], lines[:, 1] - lines[:, 0]
    square = (way**2).sum(axis=1)
    share = ((pixels - start) * way).sum(axis=2) / np.where(square > 0, square, 1)
    off = pixels - start - np.clip(share, 0, 1)[..., np.newaxis] * way
    return np.sqrt((off**2).sum(axis=2)).min(axis=1)


def _count(distances: NDArray, radius: float) -> NDArray:
    cells = SIDE // BLOCK
    return (distances <= radius).reshape(cells, BLOCK, cells, BLOCK).mean(axis=(1, 3))


# The networks that read


def written_digits() -> Data:
    """Return 1,440 digits to learn from and 357 for the test, shape (8, 8, 1)."""
    return datasets.digits(SEED, validation=0, images=True)


def framed(images: NDArray) -> NDArray:
    """Put pictures of 8 x 8 pixels in the middle of 12 x 12."""
    return np.pad(images, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))


def altered(images: NDArray, rng: np.random.Generator) -> NDArray:
    """Turn, slant, stretch and move written digits a little, and change how strong they are.

    So that a network learns from more hands than have written them.

    Args:
        images: Shape (images, height, width, 1).
        rng: Draws the changes.

    Returns:
        As many new images.
    """
    return np.stack([_alter(image[..., 0], rng) for image in images])[..., np.newaxis]


def _alter(image: NDArray, rng: np.random.Generator) -> NDArray:
    angle, slant = rng.normal(0, [0.11, 0.17])
    tall, wide = np.exp(rng.normal(0, 0.08, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1 / tall, 0], [slant, 1 / wide]])
    middle = (np.array(image.shape) - 1) / 2
    offset: Any = middle - matrix @ middle + rng.normal(0, 0.33, 2)
    moved = affine_transform(image, matrix, offset, order=1)
    stronger = np.clip(moved * rng.uniform(1, 1.3), 0, 1)
    return (stronger ** np.exp(rng.normal(0, 0.3))).astype(np.float32)


def reading_network(head: str) -> "keras.Sequential":
    """Build the chapter's network for 12 x 12 pixels; the global head has no pooling before it."""
    pool_size = 1 if head == "global" else 2
    return small_cnn((12, 12, 1), 10, head, filters=FILTERS, pool_size=pool_size)


def stroked(num_each: int) -> tuple[NDArray, NDArray]:
    """Make pictures of strokes that a program has written, and their digits."""
    drawings = written(SEED, num_each)
    images = np.stack([fitted_picture(strokes) for strokes, _ in drawings])
    labels = np.array([digit for _, digit in drawings], np.int32)
    return framed(images[..., np.newaxis]).astype(np.float32), labels


def train_to_read(
    head: str, data: Data, more: tuple[NDArray, NDArray], epochs: int = EPOCHS
) -> "keras.Sequential":
    """Train a network on altered copies of digits in the middle, and on more pictures."""
    import keras

    keras.utils.set_random_seed(SEED)
    rng = np.random.default_rng(SEED)
    model: Any = reading_network(head)
    labels = np.concatenate([data.y_train, more[1]])
    steps = epochs * -(-len(labels) // 32)
    rate: Any = keras.optimizers.schedules.CosineDecay(0.005, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    copies = [altered(framed(data.x_train), rng) for _ in range(min(epochs, ALTERED_COPIES))]
    for epoch in range(epochs):
        images = np.concatenate([copies[epoch % len(copies)], more[0]])
        model.fit(images, labels, 32, verbose=0)
    round_weights(model, "float16")
    return model


def accuracies(model: "keras.Model", data: Data) -> list[float]:
    """Measure accuracy on test digits in the middle, and moved by 1 and 2 pixels eight ways."""
    found = []
    for size in range(MARGIN + 1):
        ways = [way for way in product((-size, 0, size), repeat=2) if any(way) or size == 0]
        images = framed(data.x_test)
        right = [
            _right(model, shift_images(images, *way), data.y_test) for way in sorted(set(ways))
        ]
        found.append(round(float(np.mean(right)), 4))
    return found


def _right(model: "keras.Model", images: NDArray, labels: NDArray) -> float:
    scores = np.asarray(model(images.astype(np.float32)))
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def with_probabilities(model: "keras.Model") -> "keras.Sequential":
    """Put a softmax behind the scores."""
    import keras

    return keras.Sequential(
        [
            keras.Input(model.input_shape[1:]),
            *model.layers,
            keras.layers.Softmax(name="probabilities"),
        ]
    )


def first_of_each(data: Data) -> NDArray:
    """Return the first test digit of each class, ink counted from 0 to 16, shape (10, 8, 8)."""
    places = [np.flatnonzero(data.y_test == digit)[0] for digit in range(10)]
    return np.round(16 * data.x_test[places, ..., 0]).astype(np.uint8)


def readers(epochs: int = EPOCHS) -> dict[str, Any]:
    """Train the networks of ``<dlbook-digit>``, and describe them for the page."""
    data, more, networks = written_digits(), stroked(NUM_STROKED), {}
    for head in HEADS:
        model = train_to_read(head, data, more, epochs)
        networks[head] = {
            "accuracy": accuracies(model, data),
            "weights": model.count_params(),
            "model": export_model(with_probabilities(model), "float16"),
        }
    sizes = len(data.x_train), len(more[1]), len(data.x_test)
    counts = dict(zip(("num_train", "num_stroked", "num_test"), sizes, strict=True))
    examples = encode(first_of_each(data), "uint8")
    return {"seed": SEED, **counts, "examples": examples, "networks": networks}


def main() -> None:
    """Train the networks, write the files, and say what they can do."""
    found = readers()
    for head, network in found["networks"].items():
        print(head, "right by shift:", network["accuracy"])
    path = write_content(found, "digits_cnn.json")
    print(f"{path.stat().st_size:,} bytes -> {path}")


if __name__ == "__main__":
    main()
