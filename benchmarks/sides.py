"""What each side does for a job, and how long it takes once its libraries are imported."""

import time
from collections.abc import Callable, Iterable
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.jobs import Job, data_of
from dlbook.lab.experiment import Run


def stacked(job: Job) -> float:
    """Run the whole sweep with the stacked engine: planning, building, tracing and results too."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401
    import xarray as xr

    import dlbook.lab.stacked  # noqa: F401

    xr.Dataset({"loads": ("its", np.zeros(1))})
    start = time.perf_counter()
    job.experiment.run(progress=False)
    return time.perf_counter() - start


def model_fit(job: Job) -> float:
    """Train some runs with `model.fit`, one after the other."""
    import keras

    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    start = time.perf_counter()
    for run in job.sample("model.fit"):
        _fit(job, run)
    return time.perf_counter() - start


def _fit(job: Job, run: Run) -> None:
    import keras

    keras.utils.set_random_seed(run.seed)
    training, settings = job.training, job.training.settings(run.condition)
    data = data_of(job, run)
    rules = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    loss = {
        "binary_crossentropy_from_logits": keras.losses.BinaryCrossentropy(from_logits=True),
        "sparse_categorical_crossentropy_from_logits": (
            keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ),
    }[settings.loss]
    model = training.model(**training.levels_for("model", run.condition))
    model.compile(rules[settings.optimizer](settings.learning_rate), loss, metrics=["accuracy"])
    size = settings.batch_size or len(data.x_train)
    model.fit(data.x_train, data.y_train, size, settings.epochs, verbose="0")


def pytorch(job: Job, side: str, threads: int | None, loader: bool) -> float:
    """Train some runs with a hand-written PyTorch loop.

    Args:
        job: The job.
        side: Name of the side.
        threads: Number of threads; ``None`` leaves PyTorch's own choice.
        loader: Whether batches come from a DataLoader, as a careful user writes it, or from an
            index into the data, as one who has measured it does.

    Returns:
        Seconds.
    """
    torch = import_module("torch")

    if threads is not None:
        torch.set_num_threads(threads)
    _torch_run(job, job.runs[0], loader, 1)
    start = time.perf_counter()
    for run in job.sample(side):
        _torch_run(job, run, loader, job.training.settings(run.condition).epochs)
    return time.perf_counter() - start


def _torch_run(job: Job, run: Run, loader: bool, epochs: int) -> list[tuple[float, float]]:
    """Train one run, and keep its loss and accuracy per epoch."""
    torch = import_module("torch")

    settings, data = job.training.settings(run.condition), data_of(job, run)
    torch.manual_seed(run.seed)
    network = _torch_network(job.sizes(**run.condition))
    rules = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = rules[settings.optimizer](network.parameters(), lr=settings.learning_rate)
    inputs, targets = torch.from_numpy(data.x_train.copy()), torch.from_numpy(data.y_train.copy())
    binary = targets.ndim == 2
    targets = targets if binary else targets.long()
    cost = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    batches = _torch_batches(inputs, targets, settings.batch_size, loader)
    return [_torch_epoch(network, optimizer, cost, batches()) for _ in range(epochs)]


def _torch_network(sizes: list[int]) -> Any:
    torch = import_module("torch")

    layers: list[Any] = []
    for before, after in pairwise(sizes):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _torch_batches(
    inputs: Any, targets: Any, size: int | None, loader: bool
) -> Callable[[], Iterable[Any]]:
    torch = import_module("torch")

    if size is None:
        return lambda: [(inputs, targets)]
    if loader:
        pairs = torch.utils.data.TensorDataset(inputs, targets)
        batches = torch.utils.data.DataLoader(pairs, batch_size=size, shuffle=True)
        return lambda: batches

    def indexed() -> Iterable[Any]:
        for rows in torch.randperm(len(inputs)).split(size):
            yield inputs[rows], targets[rows]

    return indexed


def _torch_epoch(network: Any, optimizer: Any, cost: Any, batches: Iterable[Any]) -> tuple:
    torch = import_module("torch")

    total, right, count = 0.0, 0.0, 0
    for inputs, targets in batches:
        outputs = network(inputs)
        loss = cost(outputs, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            answers = (outputs > 0).float() if targets.ndim == 2 else outputs.argmax(1)
            right += (answers == targets).sum().item()
            total += loss.item() * len(inputs)
            count += len(inputs)
    return total / count, right / count


SIDES: dict[str, Callable[[Job], float]] = {
    "stacked": stacked,
    "model.fit": model_fit,
    "PyTorch": lambda job: pytorch(job, "PyTorch", None, loader=True),
    "PyTorch, 1 thread": lambda job: pytorch(job, "PyTorch, 1 thread", 1, loader=False),
    "PyTorch, 2 threads": lambda job: pytorch(job, "PyTorch, 2 threads", 2, loader=False),
}
