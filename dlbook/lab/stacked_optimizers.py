"""The update rules of SGD, RMSprop, Adam and AdamW for many runs at once, as Keras computes them.

Every rule takes tensors of shape ``(streams, conditions, ...)``; each run has its own settings.
"""

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from dlbook.lab.stacked_layers import Tensor, per_run

Rule = Callable[[Tensor, Sequence[Tensor], Mapping[str, Tensor]], tuple]


def sgd(gradient: Tensor, slots: Sequence[Tensor], setting: Mapping[str, Tensor]) -> tuple:
    """Plain descent: the step is minus the learning rate times the gradient."""
    return -setting["learning_rate"] * gradient, ()


def momentum(gradient: Tensor, slots: Sequence[Tensor], setting: Mapping[str, Tensor]) -> tuple:
    """Descent with a velocity that remembers former steps."""
    velocity = setting["momentum"] * slots[0] - setting["learning_rate"] * gradient
    return velocity, (velocity,)


def nesterov(gradient: Tensor, slots: Sequence[Tensor], setting: Mapping[str, Tensor]) -> tuple:
    """Momentum whose step looks ahead."""
    step = setting["learning_rate"] * gradient
    velocity = setting["momentum"] * slots[0] - step
    return setting["momentum"] * velocity - step, (velocity,)


def rmsprop(gradient: Tensor, slots: Sequence[Tensor], setting: Mapping[str, Tensor]) -> tuple:
    """Divide the gradient by its running size, then add momentum."""
    size = setting["rho"] * slots[0] + (1 - setting["rho"]) * tf.square(gradient)
    step = setting["learning_rate"] * gradient * tf.math.rsqrt(size + setting["epsilon"])
    velocity = setting["momentum"] * slots[1] + step
    return -velocity, (size, velocity)


def adam(gradient: Tensor, slots: Sequence[Tensor], setting: Mapping[str, Tensor]) -> tuple:
    """Divide the running gradient by its running size, both corrected for their start at 0."""
    mean = slots[0] + (gradient - slots[0]) * (1 - setting["beta_1"])
    square = slots[1] + (tf.square(gradient) - slots[1]) * (1 - setting["beta_2"])
    step = mean * setting["corrected_rate"] / (tf.sqrt(square) + setting["epsilon"])
    return -step, (mean, square)


RULES: dict[str, tuple[Rule, int]] = {
    "sgd": (sgd, 0),
    "momentum": (momentum, 1),
    "nesterov": (nesterov, 1),
    "rmsprop": (rmsprop, 2),
    "adam": (adam, 2),
    "adamw": (adam, 2),
}


class StackedOptimizer:
    """One optimizer for all runs of a stack.

    Args:
        rule: A name in `RULES`.
        decays: Whether any run has weight decay.
    """

    def __init__(self, rule: str, decays: bool) -> None:
        self.name = rule
        self.rule, self.num_slots = RULES[rule]
        self.decays = decays

    def slots(self, weights: Sequence[Tensor]) -> list[list[Tensor]]:
        """Return the memory of an optimizer that has not yet made a step."""
        return [[tf.zeros_like(weight) for _ in range(self.num_slots)] for weight in weights]

    def apply(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        slots: Sequence[Sequence[Tensor]],
        settings: Mapping[str, Tensor],
    ) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Make one step in all runs.

        Args:
            weights: The trainable weights.
            gradients: Their gradients.
            slots: The optimizer's memory, per weight.
            settings: Per run, shape (streams, conditions): ``learning_rate``, ``momentum``,
                ``weight_decay``, ``rho``, ``beta_1``, ``beta_2``, ``epsilon``; and ``step``,
                the number of steps made so far, a scalar.

        Returns:
            New weights and new memory.
        """
        settings = self._corrected(settings)
        moved, remembered = [], []
        for weight, gradient, memory in zip(weights, gradients, slots, strict=True):
            own = {name: per_run(value, weight) for name, value in settings.items()}
            step, memory = self.rule(gradient, memory, own)
            if self.decays:
                weight -= weight * own["weight_decay"] * own["learning_rate"]
            moved.append(weight + step)
            remembered.append(list(memory))
        return moved, remembered

    def _corrected(self, settings: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Add Adam's learning rate, corrected for averages that started at 0."""
        own = {name: value for name, value in settings.items() if name != "step"}
        if self.rule is adam:
            power = settings["step"] + 1
            first = 1 - tf.pow(own["beta_1"], power)
            second = 1 - tf.pow(own["beta_2"], power)
            own["corrected_rate"] = own["learning_rate"] * tf.sqrt(second) / first
        return own
