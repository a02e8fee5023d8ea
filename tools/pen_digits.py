"""Digits as a pen writes them: strokes on a sheet, made up by hand and bent by chance.

They teach ``<dlbook-digit>`` more ways to write than its data have, and help to test it.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]


def arc(
    center: tuple[float, float], radii: tuple[float, float], start: float, stop: float
) -> Stroke:
    """Points on a part of an oval; angles in degrees, 0 on the right, 90 at the top."""
    angles = np.radians(np.linspace(start, stop, 15))
    x, y = center[0] + radii[0] * np.cos(angles), center[1] - radii[1] * np.sin(angles)
    return np.stack([x, y], axis=1)


def line(*points: tuple[float, float]) -> Stroke:
    """Points from corner to corner, close together."""
    shares = np.linspace(0, 1, 8)[:, np.newaxis]
    parts = [a + shares * (b - a) for a, b in pairwise(np.array(points))]
    return np.concatenate(parts)


def join(*parts: Stroke) -> Stroke:
    """One stroke of several parts."""
    return np.concatenate(parts)


HANDS: dict[int, list[list[Stroke]]] = {
    0: [
        [arc((0.5, 0.5), (0.22, 0.34), 90, 450)],
        [arc((0.5, 0.5), (0.28, 0.3), 60, 430)],
    ],
    1: [
        [line((0.5, 0.15), (0.5, 0.85))],
        [line((0.35, 0.32), (0.53, 0.15), (0.5, 0.85))],
        [line((0.36, 0.3), (0.52, 0.15), (0.52, 0.85)), line((0.34, 0.85), (0.7, 0.85))],
    ],
    2: [
        [join(arc((0.5, 0.33), (0.2, 0.18), 170, -30),
              line((0.67, 0.42), (0.3, 0.85), (0.72, 0.85)))],
        [join(arc((0.5, 0.3), (0.18, 0.15), 150, -40), line((0.64, 0.4), (0.3, 0.8)),
              arc((0.36, 0.78), (0.07, 0.06), 180, 60), line((0.42, 0.75), (0.72, 0.84)))],
    ],
    3: [
        [join(arc((0.47, 0.32), (0.2, 0.17), 150, -90),
              arc((0.47, 0.67), (0.22, 0.18), 90, -150))],
        [join(line((0.3, 0.17), (0.68, 0.17), (0.48, 0.42)),
              arc((0.47, 0.63), (0.21, 0.21), 80, -150))],
    ],
    4: [
        [line((0.42, 0.15), (0.27, 0.55), (0.75, 0.55)), line((0.6, 0.35), (0.58, 0.87))],
        [line((0.3, 0.15), (0.3, 0.5), (0.68, 0.5)), line((0.68, 0.15), (0.68, 0.87))],
        [line((0.6, 0.87), (0.6, 0.15), (0.26, 0.6), (0.76, 0.6))],
    ],
    5: [
        [join(line((0.34, 0.17), (0.31, 0.46)), arc((0.47, 0.63), (0.21, 0.21), 130, -150)),
         line((0.34, 0.17), (0.7, 0.17))],
        [join(line((0.7, 0.16), (0.36, 0.18), (0.34, 0.45)),
              arc((0.46, 0.62), (0.22, 0.2), 120, -140))],
    ],
    6: [
        [join(line((0.6, 0.13), (0.42, 0.35), (0.33, 0.62)),
              arc((0.5, 0.67), (0.17, 0.18), 180, 540))],
        [join(arc((0.62, 0.55), (0.3, 0.4), 100, 190), arc((0.5, 0.68), (0.18, 0.17), 190, 520))],
    ],
    7: [
        [line((0.28, 0.18), (0.72, 0.18), (0.43, 0.87))],
        [line((0.28, 0.18), (0.72, 0.18), (0.45, 0.87)), line((0.38, 0.52), (0.7, 0.5))],
    ],
    8: [
        [join(line((0.66, 0.2), (0.5, 0.15), (0.35, 0.27), (0.42, 0.42), (0.62, 0.58)),
              line((0.66, 0.75), (0.5, 0.86), (0.34, 0.74), (0.4, 0.56), (0.66, 0.2)))],
        [join(arc((0.5, 0.33), (0.16, 0.17), 270, 630), arc((0.5, 0.68), (0.2, 0.18), 90, -270))],
        [join(arc((0.5, 0.33), (0.17, 0.17), 40, 270), arc((0.5, 0.68), (0.18, 0.18), 90, -270),
              arc((0.5, 0.33), (0.17, 0.17), -90, 40))],
    ],
    9: [
        [join(arc((0.5, 0.33), (0.17, 0.17), 30, 390), arc((0.37, 0.4), (0.29, 0.45), 10, -70))],
        [join(arc((0.49, 0.34), (0.18, 0.18), 0, 360), line((0.67, 0.34), (0.62, 0.87)))],
        [join(arc((0.48, 0.33), (0.17, 0.17), 20, 350), line((0.66, 0.3), (0.66, 0.6)),
              arc((0.48, 0.62), (0.18, 0.24), 0, -110))],
    ],
}  # fmt: skip
"""Two or three ways to write each digit."""


def written(seed: int, num_each: int) -> list[tuple[list[Stroke], int]]:
    """Write each digit some times: large or small, here or there, turned, with a shaky hand.

    Args:
        seed: Draws everything.
        num_each: How often each digit is written.

    Returns:
        Strokes, each of shape (points, 2) from 0 to 1, and their digit.
    """
    rng = np.random.default_rng(seed)
    return [
        (_by_hand(rng, HANDS[digit][rng.integers(len(HANDS[digit]))]), digit)
        for digit in range(10)
        for _ in range(num_each)
    ]


def _by_hand(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    angle, slant = rng.normal(0, [0.1, 0.2])
    size = rng.uniform(0.5, 1.1) * np.exp(rng.normal(0, 0.12, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.diag(size) @ turn @ np.array([[1, -slant], [0, 1]])
    place = rng.uniform(0.42, 0.58, 2)
    waves = rng.uniform(-1.3, 1.3, (2, 2)), rng.uniform(0, 2 * np.pi, 2), rng.normal(0, 0.035, 2)
    bent = [points + _wave(points, *waves) for points in strokes]
    shaky = [points + rng.normal(0, 0.006, points.shape) for points in bent]
    return [np.clip(place + (points - 0.5) @ matrix.T, 0, 1) for points in shaky]


def _wave(points: Stroke, frequencies: Stroke, phases: Stroke, heights: Stroke) -> Stroke:
    """How far a slow wave across the sheet moves points, to the right and down."""
    return heights * np.sin(2 * np.pi * points @ frequencies + phases)
