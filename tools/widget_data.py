"""Writes the points that ``<dlbook-perceptron>`` draws.

    .venv/bin/python tools/widget_data.py

They are seeded data sets of the book, so that the page's Python and its widget see the same points:
``docs/assets/data/perceptron.json``, a few kilobytes.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from dlbook.lab import datasets
from dlbook.networks.perceptron import best_line

TARGET = Path(__file__).resolve().parents[1] / "docs" / "assets" / "data" / "perceptron.json"
SEED = 5
DECIMALS = 3


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


def main() -> None:
    """Draw the points and write the file."""
    problems = {name: describe(x, y) for name, (x, y) in points().items()}
    text = json.dumps({"seed": SEED, "problems": problems}, separators=(",", ":"))
    TARGET.write_text(text + "\n", encoding="utf-8")
    print(f"{len(text):,} characters -> {TARGET}")


if __name__ == "__main__":
    main()
