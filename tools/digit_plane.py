"""Trains the autoencoder whose decoder ``<dlbook-latent-plane>`` runs, and writes it.

    .venv/bin/python -m tools.digit_plane

It learns from scikit-learn's digits, which come with the book: ``digits_decoder.json`` in
``docs/assets/data`` holds the decoder, and the test digits with their codes.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbook.architectures.autoencoder import build_autoencoder
from dlbook.lab import datasets
from dlbook.lab.datasets import Data
from tools.export_model import encode, export_model, round_weights, write_content

if TYPE_CHECKING:
    import keras

SEED = 0
UNITS = 64
EPOCHS = 60
LARGEST_RATE = 0.01


def pictures() -> Data:
    """Return 1,080 digits to learn from and 357 for the test, shape (64,): those of the chapter."""
    return datasets.digits(SEED)


def train_to_paint(data: Data, epochs: int = EPOCHS) -> "tuple[keras.Model, keras.Model]":
    """Train 64-64-2-64-64, and return encoder and decoder with weights of 16 bits."""
    import keras

    keras.utils.set_random_seed(SEED)
    encoder, decoder, trained = build_autoencoder(UNITS, 2)
    whole: Any = trained
    steps = epochs * -(-len(data.x_train) // 64)
    rate: Any = keras.optimizers.schedules.CosineDecay(LARGEST_RATE, steps)
    whole.compile(keras.optimizers.Adam(rate), "mean_squared_error")
    whole.fit(data.x_train, data.x_train, 64, epochs, verbose=0)
    round_weights(whole, "float16")
    return encoder, decoder


def codes_of(encoder: "keras.Model", data: Data) -> NDArray:
    """Return the codes of the test digits, rounded as the file has them, shape (digits, 2)."""
    return np.asarray(encoder(data.x_test)).astype(np.float16)


def error_of(painted: Any, data: Data) -> float:
    """Mean squared error of a pixel over the test digits."""
    return round(float(np.mean((np.asarray(painted) - data.x_test) ** 2)), 5)


def span(codes: NDArray) -> list[list[float]]:
    """Return the lowest and highest number to draw, for each of the two, with some room around."""
    low, high = codes.min(axis=0).astype(float), codes.max(axis=0).astype(float)
    room = 0.06 * (high - low)
    ends = zip(np.floor(10 * (low - room)) / 10, np.ceil(10 * (high + room)) / 10, strict=True)
    return [[float(start), float(stop)] for start, stop in ends]


def painter(epochs: int = EPOCHS) -> dict[str, Any]:
    """Train the autoencoder, and describe decoder, codes and test digits for the page."""
    data = pictures()
    encoder, decoder = train_to_paint(data, epochs)
    codes = codes_of(encoder, data)
    counted = np.round(16 * data.x_test).astype(np.uint8)
    return {
        "seed": SEED,
        "num_train": len(data.x_train),
        "error": error_of(decoder(codes.astype(np.float32)), data),
        "mean_image_error": error_of(data.x_train.mean(axis=0), data),
        "range": span(codes),
        "codes": encode(codes, "float16"),
        "labels": encode(data.y_test, "uint8"),
        "images": encode(counted, "uint8"),
        "model": export_model(decoder, "float16"),
    }


def main() -> None:
    """Train the autoencoder, write the file, and say how well it paints."""
    found = painter()
    print("error", found["error"], "of the mean image", found["mean_image_error"], found["range"])
    path = write_content(found, "digits_decoder.json")
    print(f"{path.stat().st_size:,} bytes -> {path}")


if __name__ == "__main__":
    main()
