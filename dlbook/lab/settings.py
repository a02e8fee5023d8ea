"""The settings of a `Training`: which there are, what they may be, and how they follow levels."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

from dlbook.lab.levels import Level

OPTIMIZERS = ("sgd", "rmsprop", "adam", "adamw")


@dataclass(frozen=True)
class By:
    """A setting that depends on the level of one independent variable; see `by`."""

    variable: str
    choices: Mapping[Level, Any]
    default: Any

    def __call__(self, **levels: Level) -> Any:
        """Return the setting for one condition."""
        level = levels[self.variable]
        if level not in self.choices and self.default is None:
            raise ValueError(
                f"by({self.variable!r}, ...) must name every level or give a default; it names "
                f"{', '.join(map(repr, self.choices))}. Received: {level!r}"
            )
        return self.choices.get(level, self.default)


def by(variable: str, choices: Mapping[Level, Any], default: Any = None) -> Any:
    """Make a setting of a `Training` depend on the level of an independent variable.

    Args:
        variable: Name of the independent variable.
        choices: Level -> the setting's value there.
        default: The value at all other levels.

    Returns:
        Something to give to a `Training` in place of a fixed setting.

    Example:
        >>> loss = by("output", {"sigmoid": "binary_crossentropy"}, default="mean_squared_error")
        >>> loss(output="sigmoid"), loss(output="raw")
        ('binary_crossentropy', 'mean_squared_error')
    """
    return By(variable, choices, default)


@dataclass(frozen=True)
class Settings:
    """The settings of one run, all decided.

    Attributes:
        loss: Name of a loss, or a Keras loss.
        metrics: Names of metrics, or functions ``metric(y_true, y_pred)``.
        optimizer: One of ``"sgd"``, ``"rmsprop"``, ``"adam"``, ``"adamw"``.
        learning_rate: A number, or a Keras learning-rate schedule.
        batch_size: Examples per update; ``None`` for all.
        epochs: How often the data are seen.
        shuffle: Whether every epoch has its own order of the examples.
        momentum: Momentum of SGD and RMSprop.
        nesterov: Whether SGD looks ahead.
        l1: Strength of the penalty on absolute weights of all kernels.
        l2: Strength of the penalty on squared weights of all kernels.
        weight_decay: Share of each weight, times the learning rate, that an update removes.
        rho: Memory of RMSprop.
        beta_1: Memory of Adam's mean gradient.
        beta_2: Memory of Adam's mean squared gradient.
        epsilon: Keeps RMSprop and Adam from dividing by 0.
    """

    loss: Any
    metrics: tuple[Any, ...]
    optimizer: str
    learning_rate: Any
    batch_size: int | None
    epochs: int
    shuffle: bool
    momentum: float
    nesterov: bool
    l1: float
    l2: float
    weight_decay: float
    rho: float
    beta_1: float
    beta_2: float
    epsilon: float


NOT_SWEPT = ("loss", "metrics")
SWEPT = tuple(one.name for one in fields(Settings) if one.name not in NOT_SWEPT)
_SHARES = ("momentum", "rho", "beta_1", "beta_2")


def metric_name(metric: Any) -> str:
    """Return the name that a metric has in the results.

    Args:
        metric: A name, a function or a Keras metric.

    Returns:
        The name.

    Example:
        >>> metric_name("accuracy"), metric_name(len)
        ('accuracy', 'len')
    """
    if isinstance(metric, str):
        return metric
    return getattr(metric, "name", None) or getattr(metric, "__name__", type(metric).__name__)


def check_setting(name: str, value: Any) -> Any:
    """Return a setting of a training as a plain value, or say what is wrong with it.

    Args:
        name: Which setting.
        value: What was given.

    Returns:
        The value; whole numbers as ``int``.

    Raises:
        ValueError: If it is impossible.

    Example:
        >>> check_setting("batch_size", 16.0)
        16
    """
    if name == "optimizer":
        return _check_optimizer(value)
    if name in ("batch_size", "epochs"):
        return None if name == "batch_size" and value is None else _check_whole(name, value)
    if name in ("shuffle", "nesterov"):
        return _check(name, bool(value), value in (0, 1), "True or False", value)
    if name == "learning_rate" and hasattr(value, "get_config"):
        return value
    number = value if isinstance(value, (int, float)) else float("nan")
    if name in _SHARES:
        return _check(name, float(number), 0 <= number < 1, "from 0 to below 1", value)
    finite = isfinite(number) and number >= 0
    return _check(name, float(number), finite, "a finite number, 0 or larger", value)


def _check(name: str, result: Any, holds: bool, rule: str, value: Any) -> Any:
    if not holds:
        raise ValueError(f"{name} must be {rule}. Received: {value!r}")
    return result


def _check_whole(name: str, value: Any) -> int:
    whole = isinstance(value, (int, float)) and value >= 1 and value == int(value)
    return _check(name, int(value) if whole else 0, whole, "a whole number, 1 or more", value)


def _check_optimizer(value: Any) -> str:
    known = str(value).lower()
    if not isinstance(value, str) or known not in OPTIMIZERS:
        raise ValueError(
            f"optimizer must be one of {', '.join(OPTIMIZERS)} (its settings are arguments of "
            f"Training: learning_rate, momentum, beta_1, ...). Received: {value!r}"
        )
    return known


def varies(name: str, value: Any) -> bool:
    """Say whether a setting is a function of levels."""
    if isinstance(value, By):
        return True
    if name == "metrics" or not callable(value) or hasattr(value, "get_config"):
        return False
    return name != "loss" or "y_pred" not in Parameters.of(value).all_names


@dataclass(frozen=True)
class Parameters:
    """The parameters of a function that levels may be given to.

    Attributes:
        all_names: Their names.
        needed: Names of those without a default, besides ``seed``.
        takes_all: Whether it takes any name.
        takes_seed: Whether one is called ``seed``.
    """

    all_names: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    takes_all: bool = False
    takes_seed: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All names but ``seed``."""
        return tuple(name for name in self.all_names if name != "seed")

    @classmethod
    def of(cls, function: Any) -> "Parameters":
        """Read the parameters of a function; of anything else, none."""
        if isinstance(function, By):
            return cls((function.variable,), (function.variable,))
        if not callable(function):
            return cls()
        try:
            parameters = inspect.signature(function).parameters.values()
        except ValueError:
            return cls(takes_all=True)
        named = [one for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
        needed = [one.name for one in named if one.default is one.empty and one.name != "seed"]
        takes_all = any(one.kind == one.VAR_KEYWORD for one in parameters)
        names = tuple(one.name for one in named)
        return cls(names, tuple(needed), takes_all, "seed" in names)

    def choose(self, condition: Mapping[str, Level]) -> dict[str, Level]:
        """Return the part of a condition that the function takes."""
        return {
            name: level for name, level in condition.items() if self.takes_all or name in self.names
        }
