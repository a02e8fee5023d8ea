"""Writes the points that ``<dlbook-perceptron>`` draws, examples of curves, and small pictures.

    .venv/bin/python -m tools.widget_data

They are seeded data sets of the book, so that the page's Python and its widgets see the same
numbers: ``perceptron.json``, ``noisy_wave.json`` and ``pictures.json`` in ``docs/assets/data``.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from dlbook.architectures.convolution import photograph
from dlbook.generalization.overfitting import NOISE, WORLDS, draw_wave, wave
from dlbook.lab import datasets
from dlbook.networks.perceptron import best_line
from tools.export_model import encode

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "assets" / "data"
SEED = 5
DECIMALS = 3
NUM_DRAWS, MOST_EXAMPLES = 20, 80


def points() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Draw the points of each problem.

    Returns:
        Coordinates, shape (points, 2), rounded to three decimals, and classes, shape (points,), by
        the name of the problem.
    """
    groups = datasets.clusters(SEED, num_examples=40, num_test=0)
    rare = datasets.clusters(SEED, num_examples=(57, 3), num_test=0)
    corners = datasets.xor(SEED, num_examples=15, num_test=0)
    drawn = {
        "two groups": (groups.x_train, groups.y_train),
        "centred": (groups.x_train - groups.x_train.mean(axis=0), groups.y_train),
        "centred, one rare": (rare.x_train - rare.x_train.mean(axis=0), rare.y_train),
        "XOR": (corners.x_train, corners.y_train),
    }
    return {
        name: (np.round(x.astype(float), DECIMALS), y.ravel().astype(int))
        for name, (x, y) in drawn.items()
    }


def describe(x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Return the points of one problem, how many a line can get right, and what part to draw.

    Args:
        x: Coordinates, shape (points, 2).
        y: Classes, shape (points,).
    """
    side = 2 * np.ceil(5 * np.ptp(x, axis=0).max() * 1.06) / 10
    middle = np.round((x.max(axis=0) + x.min(axis=0)) / 2, 1)
    view = [[round(float(center + sign * side / 2), 3) for sign in (-1, 1)] for center in middle]
    return {
        "points": [[float(a), float(b), int(label)] for (a, b), label in zip(x, y, strict=True)],
        "view": view,
        "best": round(best_line(x, y).accuracy * len(y)),
        "best_through_origin": round(best_line(x, y, through=(0, 0)).accuracy * len(y)),
    }


def draws() -> list[dict[str, list[float]]]:
    """Draw examples of a noisy wave again and again: those of the chapter on overfitting.

    Returns:
        For each seed the places `x` and the noise there, `deviation`, in standard deviations. The
        first examples are those of a smaller data set of the same seed.
    """
    found = []
    for seed in range(NUM_DRAWS):
        x, y = (part.ravel() for part in draw_wave(seed, MOST_EXAMPLES, 0, WORLDS[1]))
        deviation = (y - wave(x)) / NOISE
        found.append({"x": rounded(x), "deviation": rounded(deviation)})
    return found


def pictures() -> dict[str, np.ndarray]:
    """Return the pictures of ``<dlbook-kernel>``: a photograph at a quarter of its size, a digit.

    Returns:
        Grey values from 0 (black) to 255 (white), shape (height, width), by name.
    """
    digit = datasets.digits(SEED, images=True).x_train[0, ..., 0]
    greys = {"palace": photograph(4), "digit": digit}
    return {name: np.round(255 * grey).astype(np.uint8) for name, grey in greys.items()}


def rounded(values: np.ndarray) -> list[float]:
    """Return numbers as they are written to a file."""
    return [round(float(value), DECIMALS) for value in values]


def write(name: str, content: dict[str, Any]) -> None:
    """Write a file of data, and say how large it is."""
    text = json.dumps(content, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n", encoding="utf-8")
    print(f"{len(text):,} characters -> {FOLDER / name}")


def main() -> None:
    """Draw the points and write the files."""
    problems = {name: describe(x, y) for name, (x, y) in points().items()}
    write("perceptron.json", {"seed": SEED, "problems": problems})
    write("noisy_wave.json", {"noise": NOISE, "draws": draws()})
    packed = {name: encode(grey, "uint8") for name, grey in pictures().items()}
    write("pictures.json", {"credit": datasets.PHOTOGRAPHS["china"], "pictures": packed})


if __name__ == "__main__":
    main()
