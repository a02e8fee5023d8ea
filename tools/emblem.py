"""Measures the emblem of the home page: the learning curves of 2,000 networks.

    .venv/bin/python tools/emblem.py

It runs the course's learning-rate study (chapter ``networks/binary_output``) and writes what
``<dlbook-curves>`` draws: ``docs/assets/data/learning_rate.json``, less than 150 kB.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dlbook.lab.results import mean_interval
from dlbook.networks.binary_output import LEARNING_RATE

TARGET = Path(__file__).resolve().parents[1] / "docs" / "assets" / "data" / "learning_rate.json"
NUM_POINTS = 26
HIGHEST_LOSS = 1.0
GOOD_ACCURACY = 0.9


def drawn_epochs(num_epochs: int) -> list[int]:
    """Choose the epochs that are drawn: many at the beginning, where the curves bend.

    Args:
        num_epochs: epochs of the study.

    Returns:
        Increasing epochs, the first and the last one included.
    """
    roots = np.linspace(1, num_epochs**0.5, NUM_POINTS)
    return sorted({round(root**2) for root in roots})


def encode(runs: np.ndarray, highest: float) -> str:
    """Write curves as two hexadecimal digits per point.

    Args:
        runs: values, one row per network.
        highest: upper end of the axis, written ``fe``; what lies above it (or is not a number)
            is written ``ff``, and 0 is ``00``.

    Returns:
        The rows one after the other.
    """
    steps = np.where(runs <= highest, np.rint(254 * runs / highest), 255)
    return np.nan_to_num(steps, nan=255).astype(np.uint8).tobytes().hex()


def summarize(results: xr.Dataset) -> dict[str, Any]:
    """Put a study of learning rates into the few numbers that the drawing needs.

    Args:
        results: ``loss`` and ``test_accuracy`` by ``learning_rate`` and ``seed``.

    Returns:
        What ``<dlbook-curves>`` reads, ready for JSON.
    """
    epochs = drawn_epochs(results.sizes["epoch"])
    loss = results["loss"].sel(epoch=epochs).transpose("learning_rate", "seed", "epoch")
    interval = mean_interval(loss)
    good = (results["test_accuracy"] >= GOOD_ACCURACY).sum("seed")
    rates = [float(rate) for rate in results["learning_rate"].values]
    return {
        "title": "Learning curves by learning rate",
        "description": f"The loss of {results.attrs['num_runs']:,} networks by epoch.",
        "command": "python tools/emblem.py",
        "measured": {name: results.attrs[name] for name in ("seconds", "engine", "versions")},
        "processors": os.cpu_count(),
        "networks": int(results.attrs["num_runs"]),
        "independent": {"label": "learning rate", "levels": rates},
        "dependent": {"label": "loss", "low": 0.0, "high": HIGHEST_LOSS,
                      "ticks": [0, 0.25, 0.5, 0.75, 1]},
        "epochs": epochs,
        "seeds": results.sizes["seed"],
        "start": len(rates) // 4,
        "reached": {"what": f"an accuracy of {GOOD_ACCURACY:.0%} on new data",
                    "count": [int(count) for count in good]},
        **{name: np.round(interval[name].values, 4).tolist() for name in ("mean", "low", "high")},
        "lines": [encode(runs.values, HIGHEST_LOSS) for runs in loss],
    }  # fmt: skip


def main() -> None:
    """Run the study and write the file."""
    levels = {**LEARNING_RATE.independent, "activation": ("relu",)}
    results = LEARNING_RATE.run(independent=levels).isel(activation=0)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summarize(results), ensure_ascii=False, separators=(",", ":"))
    TARGET.write_text(text + "\n", encoding="utf-8")
    seconds = results.attrs["seconds"]
    print(f"{results.attrs['num_runs']:,} networks in {seconds:.1f} s -> {TARGET}")


if __name__ == "__main__":
    main()
