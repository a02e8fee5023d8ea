"""Batch, layer and feature normalization of many runs at once."""

import keras
import tensorflow as tf

from dlbook.lab.stacked_layers import (
    CannotStackError,
    StackedLayer,
    Tensor,
    per_feature,
    per_run,
)


class StackedBatchNormalization(StackedLayer):
    """BatchNormalization over the last feature axis; momentum and epsilon may differ."""

    numbers_of = ("momentum", "epsilon")

    def accept(self, shape: tuple[int, ...]) -> None:
        """Refuse another axis than the last, and special options."""
        special = getattr(self.layer, "renorm", False) or self.layer.synchronized
        if self.layer.axis not in (-1, len(shape)) or special:
            raise CannotStackError("BatchNormalization with special options cannot stack")

    def keeps_zero(self) -> bool:
        """Say yes: every feature is normalized by itself."""
        return True

    def call(self, inputs, weights, numbers, moment):
        """Normalize with the batch's statistics in training, else with moving averages."""
        values = dict(zip((id(one) for one in self.weights), weights, strict=True))
        moving = [values[id(one)] for one in (self.layer.moving_mean, self.layer.moving_variance)]
        mean, variance = moving
        if moment.training and self.layer.trainable:
            mean, variance = self._moments(inputs)
            self._remember(moving, (mean, variance), numbers, moment)
        epsilon = per_run(numbers["epsilon"], variance)
        factor = tf.math.rsqrt(variance + epsilon)
        if self.layer.scale:
            factor *= values[id(self.layer.gamma)]
        shift = -mean * factor
        if self.layer.center:
            shift += values[id(self.layer.beta)]
        return inputs * per_feature(factor, inputs) + per_feature(shift, inputs)

    @staticmethod
    def _moments(inputs: Tensor) -> tuple[Tensor, Tensor]:
        rank = inputs.shape.rank
        others = [*range(2, rank - 2), rank - 1]
        mean = tf.reduce_mean(inputs, others, keepdims=True)
        variance = tf.reduce_mean(tf.math.squared_difference(inputs, mean), others)
        return tf.squeeze(mean, others), variance

    def _remember(self, moving, batch, numbers, moment) -> None:
        momentum = per_run(numbers["momentum"], moving[0])
        variables = (self.layer.moving_mean, self.layer.moving_variance)
        for variable, old, new in zip(variables, moving, batch, strict=True):
            moment.updates[id(variable)] = old * momentum + new * (1 - momentum)


class StackedLayerNormalization(StackedLayer):
    """LayerNormalization over the last feature axis; epsilon may differ between runs."""

    numbers_of = ("epsilon",)

    def accept(self, shape: tuple[int, ...]) -> None:
        """Refuse other axes than the last, and special options."""
        axes = self.layer.axis
        last = axes in (-1, len(shape), [-1], (-1,), [len(shape)], (len(shape),))
        if not last or getattr(self.layer, "rms_scaling", False):
            raise CannotStackError("LayerNormalization with special options cannot stack")

    def call(self, inputs, weights, numbers, moment):
        """Normalize every example over its features."""
        mean = tf.reduce_mean(inputs, -2, keepdims=True)
        variance = tf.reduce_mean(tf.math.squared_difference(inputs, mean), -2, keepdims=True)
        factor = tf.math.rsqrt(variance + per_run(numbers["epsilon"], variance))
        outputs = (inputs - mean) * factor
        weights = list(weights)
        if self.layer.scale:
            outputs *= per_feature(weights.pop(0), inputs)
        if self.layer.center:
            outputs += per_feature(weights.pop(0), inputs)
        return outputs


class StackedFeatureNormalization(StackedLayer):
    """Normalization with statistics that were adapted before training, or given."""

    def accept(self, shape: tuple[int, ...]) -> None:
        """Refuse other axes than the last, and the inverse."""
        axes = self.layer.axis
        if axes not in (-1, len(shape), (-1,), (len(shape),)) or self.layer.invert:
            raise CannotStackError("Normalization with special options cannot stack")

    def call(self, inputs, weights, numbers, moment):
        """Subtract the mean and divide by the standard deviation of every feature."""
        values = dict(zip((id(one) for one in self.weights), weights, strict=True))
        mean, variance = (
            per_feature(values[id(adapted)], inputs)
            if id(adapted) in values
            else tf.reshape(given, [-1, 1])
            for adapted, given in (
                (getattr(self.layer, "adapt_mean", None), self.layer.mean),
                (getattr(self.layer, "adapt_variance", None), self.layer.variance),
            )
        )
        return (inputs - mean) / tf.maximum(tf.sqrt(variance), keras.config.epsilon())


LAYERS: dict[type, type[StackedLayer]] = {
    keras.layers.BatchNormalization: StackedBatchNormalization,
    keras.layers.LayerNormalization: StackedLayerNormalization,
    keras.layers.Normalization: StackedFeatureNormalization,
}
