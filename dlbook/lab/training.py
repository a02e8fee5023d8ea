"""Training: what one run of a sweep trains, and on what.

A `Training` is a *trial*: it says which model is trained on which data with which loss, optimizer
and settings. An `Experiment` crosses its levels and repeats it over seeds; `dlbook.lab.stacked`
trains all runs that share shapes together, as one program.

Importing this module loads neither Keras nor TensorFlow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from dlbook.lab.levels import Level, Levels, nearest, refuse_unknown
from dlbook.lab.settings import (
    SWEPT,
    By,
    Parameters,
    Settings,
    by,
    check_setting,
    metric_name,
    varies,
)

if TYPE_CHECKING:
    import keras

    from dlbook.lab.datasets import Data
    from dlbook.lab.experiment import Run

__all__ = ["Training", "by"]


@dataclass(frozen=True, eq=False)
class Training:
    """What one run trains: a model, its data, a loss, and how to minimize it.

    Every independent variable of the experiment is an argument of the model builder, of the data
    function, or of this class (``learning_rate``, ``batch_size``, ``epochs``, ``optimizer``,
    ``momentum``, ``l1``, ...). The builder and the data function get only the variables that they
    name; a name that one of them takes is theirs and changes no setting here. Any setting may also
    be a function of levels, or `by` the level of one variable.

    One seed gives the same data, initial weights (those of ``keras.utils.set_random_seed(seed)``
    followed by the builder), order of examples and dropout noise in every condition with the same
    shapes, so conditions can be compared in pairs.

    Attributes:
        model: Builds a Keras model, ``model(**levels) -> keras.Model``; it may take ``seed``.
        data: ``data(seed, **levels) -> Data``, or a ready `Data`.
        loss: Name of a Keras loss (``"..._from_logits"`` for outputs without activation), a Keras
            loss, or a function ``loss(y_true, y_pred)``.
        optimizer: ``"sgd"``, ``"rmsprop"``, ``"adam"`` or ``"adamw"``, as in Keras.
        learning_rate: A number of 0 or larger, or a Keras learning-rate schedule.
        batch_size: Examples per update; ``None`` for the full batch.
        epochs: How often the data are seen.
        metrics: Names such as ``"accuracy"``, ``"mae"`` or ``"correlation"``, or functions
            ``metric(y_true, y_pred)``. ``"accuracy"`` knows whether the loss takes logits.
        momentum: Between 0 and 1 (SGD and RMSprop).
        nesterov: Whether SGD's momentum looks ahead.
        l1: Adds ``l1 * sum(|kernel|)`` of every kernel to the loss.
        l2: Adds ``l2 * sum(kernel ** 2)`` of every kernel to the loss.
        weight_decay: As in Keras' optimizers.
        shuffle: ``False`` keeps the order of the examples.
        rho: RMSprop's memory.
        beta_1: Adam's memory of gradients.
        beta_2: Adam's memory of squared gradients.
        epsilon: Keeps RMSprop and Adam from dividing by 0.
        keep_curves: Whether results hold loss and metrics of every epoch, or only of the last.
        keep_weights: Whether results hold the final weights, as ``weights_<layer>_<weight>``.
        outputs: Measures each trained model: ``outputs(model, data, **levels) -> {name: number}``.

    Raises:
        TypeError: If ``model`` or ``data`` cannot be called.
        ValueError: If a setting is impossible.

    Example:
        >>> training = Training(len, len, "mean_squared_error", epochs=5, metrics=("mae",))
        >>> list(training.dims)[:4]
        ['loss', 'mae', 'val_loss', 'val_mae']
    """

    model: "Callable[..., keras.Model]"
    data: "Callable[..., Data] | Data"
    loss: Any
    _: KW_ONLY
    optimizer: Any = "sgd"
    learning_rate: Any = 0.01
    batch_size: Any = None
    epochs: Any = 1
    metrics: Sequence[Any] = ()
    momentum: Any = 0.0
    nesterov: Any = False
    l1: Any = 0.0
    l2: Any = 0.0
    weight_decay: Any = 0.0
    shuffle: Any = True
    rho: Any = 0.9
    beta_1: Any = 0.9
    beta_2: Any = 0.999
    epsilon: Any = 1e-7
    keep_curves: bool = True
    keep_weights: bool = False
    outputs: "Callable[..., Mapping[str, Any]] | None" = None
    _parameters: "dict[str, Parameters]" = field(init=False, repr=False, default_factory=dict)
    _weight_dims: dict[str, tuple[str, ...]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Check what does not depend on levels."""
        if not callable(self.model):
            raise TypeError(
                "model must be a function that builds a Keras model (not a model: every run needs "
                f"its own). Received: {self.model!r}"
            )
        if not (callable(self.data) or hasattr(self.data, "x_train")):
            raise TypeError(
                f"data must be a function data(seed, **levels) or a Data. Received: {self.data!r}"
            )
        if isinstance(self.metrics, str):
            object.__setattr__(self, "metrics", (self.metrics,))
        object.__setattr__(self, "metrics", tuple(self.metrics))
        parts = {"model": self.model, "data": self.data, "outputs": self.outputs}
        self._parameters.update({name: Parameters.of(part) for name, part in parts.items()})
        for name in SWEPT:
            if not varies(name, getattr(self, name)):
                check_setting(name, getattr(self, name))

    @property
    def dims(self) -> dict[str, tuple[str, ...]]:
        """Dependent variable -> names of its extra dimensions."""
        names = ("loss", *map(metric_name, self.metrics))
        curves = {f"{part}{name}": ("epoch",) for part in ("", "val_") for name in names}
        return curves | self._weight_dims

    def remember_dims(self, dims: Mapping[str, tuple[str, ...]]) -> None:
        """Note the names and dimensions of the weights that results will hold.

        Args:
            dims: Name of a weight -> names of its dimensions.
        """
        self._weight_dims.update(dims)

    def check(self, independent: Mapping[str, Levels]) -> None:
        """Compare the independent variables with what model, data and training take.

        Args:
            independent: Variable -> levels.

        Raises:
            ValueError: If a variable is unknown, a needed one is missing, or a level is
                impossible.
        """
        owners = [self._parameters["model"], self._parameters["data"]]
        known = [*dict.fromkeys(name for owner in owners for name in owner.names)]
        self._refuse_results(independent)
        if not any(owner.takes_all for owner in owners):
            refuse_unknown("independent", independent, [*known, *self._varying(), *SWEPT])
        for what in ("model", "data"):
            self._refuse_missing(what, independent)
        for name in set(independent) - set(known):
            for level in independent[name] if name in SWEPT else ():
                check_setting(name, level)

    def _refuse_results(self, independent: Mapping[str, Levels]) -> None:
        for name in independent:
            if name in self.dims:
                raise ValueError(
                    f"independent must not use the name of a result; to vary the {name}, name "
                    f"the variable otherwise and write {name}=by(variable, {{level: ...}}). "
                    f"Received: {name!r}"
                )

    def _refuse_missing(self, what: str, independent: Mapping[str, Levels]) -> None:
        missing = [name for name in self._parameters[what].needed if name not in independent]
        if missing:
            raise ValueError(
                f"independent must give levels for {', '.join(map(repr, missing))}, which {what} "
                f"needs; {nearest(missing[0], independent)}. Received: {list(independent)}"
            )

    def _varying(self) -> Iterator[str]:
        """Yield the variables that settings depend on."""
        for name in (*SWEPT, "loss"):
            setting = getattr(self, name)
            if isinstance(setting, By):
                yield setting.variable
            elif varies(name, setting):
                yield from Parameters.of(setting).names

    def levels_for(self, what: str, condition: Mapping[str, Level]) -> dict[str, Level]:
        """Return the variables of a condition that the model builder or the data function takes.

        Args:
            what: ``"model"``, ``"data"`` or ``"outputs"``.
            condition: Variable -> level.

        Returns:
            The part of the condition for it.
        """
        chosen = self._parameters[what].choose(condition)
        fixed = ("model", "data") if what == "outputs" else ()
        return {name: level for name, level in chosen.items() if name not in fixed}

    def takes_seed(self, what: str) -> bool:
        """Say whether the model builder or the data function takes the run's seed."""
        parameters = self._parameters[what]
        return parameters.takes_seed or (what == "data" and parameters.takes_all)

    def settings(self, condition: Mapping[str, Level]) -> Settings:
        """Decide all settings for one condition.

        Args:
            condition: Variable -> level.

        Returns:
            The settings, checked.

        Raises:
            ValueError: If a setting is impossible.
        """
        values = {one.name: getattr(self, one.name) for one in fields(Settings)}
        owned = {*self.levels_for("model", condition), *self.levels_for("data", condition)}
        values |= {name: condition[name] for name in SWEPT if name in {*condition} - owned}
        for name, value in values.items():
            if varies(name, value):
                value = values[name] = value(**Parameters.of(value).choose(condition))
            if name in SWEPT:
                values[name] = check_setting(name, value)
        return Settings(**values)

    def partition(self, runs: "Sequence[Run]", memory: int) -> "list[list[Run]]":
        """Split runs into work units: runs that train together, within a memory budget.

        Args:
            runs: All runs of the sweep.
            memory: Bytes that one work unit may need.

        Returns:
            The units, the same ones each time.
        """
        from dlbook.lab.stacked import partition

        return partition(self, runs, memory)

    def execute(
        self, runs: "Sequence[Run]", report: Callable[[int], None]
    ) -> tuple[list[dict[str, Any]], str]:
        """Train the runs of one work unit.

        Args:
            runs: The runs.
            report: Told the number of runs finished since the last call.

        Returns:
            One record per run in order, and the engine that trained them.
        """
        from dlbook.lab.stacked import execute

        return execute(self, runs, report)

    def fingerprint(self) -> str:
        """Return a hash of model, data and settings: all that determines results."""
        from dlbook.lab.fingerprint import fingerprint

        shown = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        return fingerprint("Training", shown)
