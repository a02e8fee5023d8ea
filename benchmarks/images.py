"""Time the course's convolutional network on MNIST: this book's engine, `model.fit`, PyTorch.

    python -m benchmarks.images --epochs 3 --repeats 3 --keep

Every side does the same work in a process of its own, the sides taking turns: 60,000 images in
batches of 64, Adam at 0.001, then the accuracy on the 10,000 test images. Times leave out the
import of libraries and the reading of the data, and include building and tracing the network.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import machine
from benchmarks.quiet import quietly
from benchmarks.report import table
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.published_networks import known_network, pictures
from dlbook.lab.training import Training

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "results" / "convolution_speed.json"
BATCH_SIZE, RATE = 64, 0.001
LOSS = "sparse_categorical_crossentropy_from_logits"


def engine(data: Data, epochs: int) -> float:
    """Train by this book's compiled loop."""
    training = Training(
        course_network, data, LOSS, optimizer="adam", learning_rate=RATE, batch_size=BATCH_SIZE,
        epochs=epochs, metrics=("accuracy",),
    )  # fmt: skip
    found = Experiment("speed", "How long does it take?", {}, training, 1).run(progress=False)
    return float(found["test_accuracy"].item())


def course_network() -> Any:
    """Build the course's network of 30,840 weights."""
    return known_network("course")


def model_fit(data: Data, epochs: int) -> float:
    """Train by Keras' own loop."""
    import keras

    keras.utils.set_random_seed(0)
    model = course_network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"])
    model.fit(data.x_train, data.y_train, BATCH_SIZE, epochs, verbose="0")
    return float(model.evaluate(data.x_test, data.y_test, 1000, verbose="0")[1])


def pytorch(data: Data, epochs: int, loader: bool) -> float:
    """Train by a loop in PyTorch, with a DataLoader or with batches by index."""
    torch = import_module("torch")

    torch.manual_seed(0)
    network = torch_network()
    rule = torch.optim.Adam(network.parameters(), lr=RATE)
    cost = torch.nn.CrossEntropyLoss()
    inputs, test = (channels_first(one) for one in (data.x_train, data.x_test))
    targets = torch.from_numpy(np.array(data.y_train)).long()
    for _ in range(epochs):
        for images, labels in torch_batches(inputs, targets, loader):
            rule.zero_grad()
            cost(network(images), labels).backward()
            rule.step()
    with torch.no_grad():
        answers = torch.cat([network(part).argmax(1) for part in test.split(1000)])
    return float((answers.numpy() == data.y_test).mean())


def torch_network() -> Any:
    """Build the same network in PyTorch."""
    nn = import_module("torch").nn

    return nn.Sequential(
        nn.Conv2d(1, 10, 5, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(10, 20, 5, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(500, 50), nn.ReLU(), nn.Linear(50, 10),
    )  # fmt: skip


def channels_first(images: np.ndarray) -> Any:
    """Put images into the order that PyTorch wants."""
    return import_module("torch").from_numpy(np.moveaxis(images, -1, 1).copy())


def torch_batches(inputs: Any, targets: Any, loader: bool) -> Iterator[Any]:
    """Yield the batches of one epoch in random order."""
    torch = import_module("torch")

    if loader:
        pairs = torch.utils.data.TensorDataset(inputs, targets)
        yield from torch.utils.data.DataLoader(pairs, batch_size=BATCH_SIZE, shuffle=True)
        return
    for rows in torch.randperm(len(inputs)).split(BATCH_SIZE):
        yield inputs[rows], targets[rows]


SIDES: dict[str, Callable[[Data, int], float]] = {
    "this book's engine": engine,
    "model.fit": model_fit,
    "PyTorch": partial(pytorch, loader=True),
    "PyTorch, by index": partial(pytorch, loader=False),
}


def measure(side: str, data_set: str, epochs: int) -> dict[str, float]:
    """Time one side in this process."""
    import_module("torch" if "PyTorch" in side else "dlbook.lab.stacked")
    data = pictures(0, data_set)
    start = time.perf_counter()
    accuracy = SIDES[side](data, epochs)
    return {"seconds": time.perf_counter() - start, "accuracy": accuracy}


def in_own_process(*task: str) -> dict[str, Any]:
    """Time one side in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.images", "--side", *task]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(task)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def show(sides: dict[str, list[dict[str, float]]]) -> str:
    """Write the table: median time, lowest and highest, median accuracy."""
    rows = []
    for side, turns in sides.items():
        seconds = sorted(turn["seconds"] for turn in turns)
        accuracy = statistics.median(turn["accuracy"] for turn in turns)
        spread = f"{seconds[0]:.1f} to {seconds[-1]:.1f}"
        rows.append((side, f"{statistics.median(seconds):.1f} s", spread, f"{accuracy:.4f}"))
    return table(("side", "time", "range", "test accuracy"), rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for.

    Args:
        arguments: Of the command line; ``None`` takes the process's own.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.images", description=__doc__)
    parser.add_argument("--data", default="MNIST", help="MNIST, Fashion-MNIST or 'small digits'")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="turns of every side (3)")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for quiet (60)")
    parser.add_argument("--keep", action="store_true", help=f"write results/{RECORD.name}")
    parser.add_argument("--side", choices=SIDES, help="this side alone, here")
    options = parser.parse_args(arguments)
    if options.side:
        print(json.dumps(measure(options.side, options.data, options.epochs)))
        return
    task = ("--data", options.data, "--epochs", str(options.epochs))
    sides: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(options.repeats):
        for side, turns in sides.items():
            turns.append(quietly(partial(in_own_process, side, *task), options.patience))
    print(show(sides))
    if options.keep:
        found = {"machine": machine(), "data": options.data, "epochs": options.epochs}
        RECORD.write_text(json.dumps({**found, "sides": sides}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
