"""What each run of a training needs: its settings, its model and its data, each made once."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from dlbook.lab.compiled import CompiledNetwork
from dlbook.lab.fingerprint import fingerprint
from dlbook.lab.initial_weights import InitialWeights, seeded
from dlbook.lab.settings import Settings
from dlbook.lab.stacked_data import CheckedData
from dlbook.lab.stacked_layers import CannotStackError
from dlbook.lab.stacked_losses import StackedLoss, stacked_loss
from dlbook.lab.stacked_network import StackedNetwork
from dlbook.lab.training import Training

if TYPE_CHECKING:
    from dlbook.lab.experiment import Run

RATES = ("learning_rate", "momentum", "weight_decay", "rho", "beta_1", "beta_2", "epsilon")


@dataclass(frozen=True)
class Job:
    """One run and what it needs.

    Attributes:
        run: The run.
        settings: Its settings.
        model_key: Runs with equal keys build the same model (up to its seed).
        data_levels: What the data function gets besides the seed.
        data_key: Runs with equal keys have the same data.
    """

    run: "Run"
    settings: Settings
    model_key: Hashable
    data_levels: Hashable
    data_key: Hashable

    @property
    def scheduled(self) -> bool:
        """Whether the learning rate follows a schedule."""
        return callable(self.settings.learning_rate)

    @property
    def schedule_key(self) -> str:
        """Runs with equal keys have the same learning rates."""
        rate = self.settings.learning_rate
        return fingerprint(rate) if self.scheduled else repr(rate)

    @property
    def numbers(self) -> dict[str, float]:
        """Settings of the optimizer that may differ between stacked runs."""
        values = {name: getattr(self.settings, name) for name in RATES}
        return values | {"learning_rate": 0.0} if self.scheduled else values

    @property
    def noise_key(self) -> int:
        """Seed of the run's noise."""
        return (self.run.seed * 2_654_435_761 + 97) % 2**32


@dataclass(frozen=True)
class Blueprint:
    """A model, built once, and how it computes for all runs.

    Attributes:
        model: The Keras model, built with the first run's seed.
        network: Its form for many runs.
        weights: Its initial weights under any seed.
        key: Describes all that stacked runs must have in common.
        numbers: Settings of its layers that may differ between stacked runs.
    """

    model: Any
    network: Any
    weights: InitialWeights
    key: str
    numbers: dict[str, float]


class Planner:
    """Builds models and data of the runs of one training, each once.

    Args:
        training: What to train.
    """

    def __init__(self, training: Training) -> None:
        self._training = ref(training)
        self._conditions: dict[tuple, tuple[Settings, tuple, tuple]] = {}
        self._blueprints: dict[Hashable, Blueprint] = {}
        self._losses: dict[int, StackedLoss] = {}
        self._raw: dict[Hashable, Any] = {}
        self._data: dict[Hashable, CheckedData] = {}

    def job(self, run: "Run") -> Job:
        """Return what a run needs."""
        condition = _frozen(run.condition)
        if condition not in self._conditions:
            self._conditions[condition] = (
                self.training.settings(run.condition),
                _frozen(self.training.levels_for("model", run.condition)),
                _frozen(self.training.levels_for("data", run.condition)),
            )
        settings, model, levels = self._conditions[condition]
        seeded_levels = (
            (*levels, ("seed", run.seed)) if self.training.takes_seed("data") else levels
        )
        return Job(run, settings, model, levels, seeded_levels)

    def blueprint(self, job: Job) -> Blueprint:
        """Return the model of a run, built once for all runs that share it."""
        if job.model_key not in self._blueprints:
            model = self.build(job, job.run.seed)
            network = self._network(job, model)
            weights = InitialWeights(lambda seed: self.build(job, seed), model, job.run.seed)
            self._blueprints[job.model_key] = Blueprint(
                model, network, weights, network.key(), network.numbers()
            )
        return self._blueprints[job.model_key]

    def _network(self, job: Job, model: Any) -> Any:
        features = self.raw(job).x_train.shape[1:]
        check_inputs(model, features)
        try:
            network = StackedNetwork(model, features)
            network.key()  # a layer may refuse to describe itself
            return network
        except CannotStackError as reason:
            name = f"{fingerprint(self.training.model)} {job.model_key}"
            return CompiledNetwork(model, features, str(reason), name)

    def build(self, job: Job, seed: int) -> Any:
        """Build the model of a run with the initial weights of a seed."""
        levels: dict[str, Any] = dict(self.training.levels_for("model", job.run.condition))
        if self.training.takes_seed("model"):
            levels["seed"] = seed
        with seeded(seed):
            model = self.training.model(**levels)
            if not hasattr(model, "stateless_call"):
                raise TypeError(f"model must build a Keras model. Received: {model!r}")
            if not model.built:
                model(np.zeros((1, *self.raw(job).x_train.shape[1:]), np.float32))
        return model

    def raw(self, job: Job) -> Any:
        """Return the data of a run as the data function gives them."""
        if not callable(self.training.data):
            return self.training.data
        if job.data_key not in self._raw:
            levels: dict[str, Any] = dict(self.training.levels_for("data", job.run.condition))
            if self.training.takes_seed("data"):
                levels["seed"] = job.run.seed
            self._raw[job.data_key] = self.training.data(**levels)
        return self._raw[job.data_key]

    @property
    def training(self) -> Training:
        """What to train."""
        training = self._training()
        assert training is not None, "a planner lives as long as its training"
        return training

    def forget_data(self) -> None:
        """Let go of all data: another work unit makes its own."""
        self._raw.clear()
        self._data.clear()

    def loss(self, job: Job) -> StackedLoss:
        """Return the loss of a run."""
        loss = job.settings.loss
        if id(loss) not in self._losses:
            self._losses[id(loss)] = stacked_loss(loss)
        return self._losses[id(loss)]

    def data(self, job: Job, seen: Job | None = None) -> CheckedData:
        """Return the checked data of a run, made once for all runs that share them.

        Args:
            job: The run.
            seen: Another run whose data stand for them, if their shape is all that matters.

        Returns:
            The data.
        """
        seen = seen or job
        loss = self.loss(job)
        units = self.blueprint(job).network.output_shape
        key = (seen.data_key, units, loss.sparse)
        if key not in self._data:
            self._data[key] = CheckedData(self.raw(seen), units, loss)
        return self._data[key]


def check_inputs(model: Any, features: tuple[int, ...]) -> None:
    """Refuse a model that does not take the data, or does not compute in 32-bit floats.

    Args:
        model: A built Keras model.
        features: Shape of one example's inputs.

    Raises:
        ValueError: If the shapes do not fit, or a weight is of another type.
    """
    expected = getattr(model, "input_shape", (None, *features))
    if not isinstance(expected, tuple) or isinstance(expected[0], (tuple, list)):
        raise ValueError(f"model must take one array of inputs. Received: inputs {expected}")
    pairs = zip(expected[1:], features, strict=False)
    if len(expected) != len(features) + 1 or any(a not in (None, b) for a, b in pairs):
        raise ValueError(
            f"model must take what x_train holds: it takes examples of shape {expected[1:]}. "
            f"Received: x_train with examples of shape {features}"
        )
    for weight in model.trainable_variables:
        if weight.dtype != "float32":
            raise ValueError(
                f"model must have float32 weights. Received: {weight.path} of type {weight.dtype}"
            )


def _frozen(levels: dict[str, Any]) -> tuple:
    return tuple(sorted(levels.items()))
