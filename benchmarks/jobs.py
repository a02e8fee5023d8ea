"""The jobs that every side has to do: which networks, on which data, for how long."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlbook.lab import datasets
from dlbook.lab.experiment import Experiment, Run, cross
from dlbook.lab.levels import plain_seeds
from dlbook.lab.models import mlp
from dlbook.lab.training import Training


@dataclass(frozen=True)
class Job:
    """One sweep, and how much of it the slow sides do.

    Attributes:
        title: What it is, for the table.
        experiment: The sweep.
        sizes: Condition -> layer sizes of its network.
        samples: Side -> how many runs it does; the rest is extrapolated.
    """

    title: str
    experiment: Experiment
    sizes: Callable[..., list[int]]
    samples: dict[str, int]

    @property
    def training(self) -> Training:
        """What each run trains."""
        assert isinstance(self.experiment.trial, Training)
        return self.experiment.trial

    @property
    def runs(self) -> list[Run]:
        """All runs of the sweep."""
        return cross(self.experiment.independent, plain_seeds(self.experiment.seeds))

    @property
    def num_examples(self) -> int:
        """Training examples of the first run."""
        return len(data_of(self, self.runs[0]).x_train)

    def sample(self, side: str) -> list[Run]:
        """Return the runs that a side does, evenly spread over the sweep."""
        runs, count = self.runs, self.samples.get(side, len(self.runs))
        places = np.linspace(0, len(runs) - 1, min(count, len(runs))).round().astype(int)
        return [runs[place] for place in places]


def data_of(job: Job, run: Run) -> datasets.Data:
    """Make the data of one run."""
    levels: dict[str, Any] = job.training.levels_for("data", run.condition)
    if job.training.takes_seed("data"):
        levels["seed"] = run.seed
    assert callable(job.training.data)
    return job.training.data(**levels)


def two_one_one() -> Any:
    """Build the course's smallest network: two inputs, one hidden unit, one logit."""
    return mlp([2, 1, 1])


def two_clusters(seed: int) -> datasets.Data:
    """Draw the course's clusters, without validation and test part."""
    return datasets.clusters(seed, num_test=0)


def digits_network() -> Any:
    """Build the network 64-32-32-10."""
    return mlp([64, 32, 32, 10])


def training_digits() -> datasets.Data:
    """Load the training part of scikit-learn's digits."""
    return replace(datasets.digits(0, validation=0), x_test=None, y_test=None)


def iris_network(units: int, layers: int) -> Any:
    """Build a network of some depth and breadth for iris."""
    return mlp([4, *[units] * layers, 3])


def training_iris(seed: int) -> datasets.Data:
    """Load the training part of iris."""
    return replace(datasets.iris(seed, validation=0), x_test=None, y_test=None)


SPARSE = "sparse_categorical_crossentropy_from_logits"


def _learning_rates() -> Job:
    training = Training(
        two_one_one,
        two_clusters,
        "binary_crossentropy_from_logits",
        epochs=500,
        metrics=("accuracy",),
    )
    experiment = Experiment(
        "learning_rates",
        "Which learning rates separate two clusters?",
        {"learning_rate": np.linspace(0.001, 0.1, 40)},
        training,
        range(50),
    )
    title = "Learning rates: 2,000 networks 2-1-1, 200 points, full batch, SGD, 500 epochs"
    samples = {"model.fit": 1, "PyTorch": 12, "PyTorch, 1 thread": 12, "PyTorch, 2 threads": 12}
    return Job(title, experiment, lambda **condition: [2, 1, 1], samples)


def _digits() -> Job:
    training = Training(
        digits_network,
        training_digits,
        SPARSE,
        optimizer="adam",
        batch_size=32,
        epochs=20,
        metrics=("accuracy",),
    )
    experiment = Experiment(
        "digits",
        "Which learning rates read digits?",
        {"learning_rate": np.geomspace(0.0003, 0.03, 8)},
        training,
        range(16),
    )
    title = "Digits: 128 networks 64-32-32-10, batches of 32, Adam, 20 epochs"
    samples = {"model.fit": 1, "PyTorch": 3, "PyTorch, 1 thread": 4, "PyTorch, 2 threads": 4}
    return Job(title, experiment, lambda **condition: [64, 32, 32, 10], samples)


def _iris() -> Job:
    training = Training(iris_network, training_iris, SPARSE, epochs=500, metrics=("accuracy",))
    experiment = Experiment(
        "depth_and_breadth",
        "Is deeper better than broader?",
        {"units": tuple(range(4, 101, 3)), "layers": (1, 2, 3, 4, 5)},
        training,
        range(1),
    )
    title = "Iris: 165 shapes (33 breadths, 5 depths), full batch, SGD, 500 epochs"
    samples = {"model.fit": 1, "PyTorch": 15, "PyTorch, 1 thread": 15, "PyTorch, 2 threads": 15}
    return Job(title, experiment, lambda units, layers: [4, *[units] * layers, 3], samples)


JOBS: dict[str, Callable[[], Job]] = {
    "learning_rates": _learning_rates,
    "digits": _digits,
    "depth_and_breadth": _iris,
}


def grown(runs: int, units: int = 1) -> Experiment:
    """Return a sweep of any number of runs of a network 2-units-1 for 100 epochs.

    Args:
        runs: How many, a multiple of 10 above 10.
        units: Hidden units.

    Returns:
        The sweep.
    """
    rates = min(runs, 10)

    def network() -> Any:
        return mlp([2, units, 1])

    training = Training(network, two_clusters, "binary_crossentropy_from_logits", epochs=100)
    levels = {"learning_rate": np.linspace(0.01, 0.1, rates)}
    return Experiment("grown", "What does growth cost?", levels, training, range(runs // rates))
