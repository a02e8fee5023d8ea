"""A fully connected layer that borrows its weights: the kernel of another layer, transposed."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class TiedDense(keras.layers.Layer):
    r"""Go the way of a `Dense` layer back, with the same weights: $y = f(x W^\top + b)$.

    The layer learns its own bias $b$ and nothing else. What training does to the kernel $W$, it
    does to both layers at once. Save a model that has such a layer by its weights
    (`save_weights`); Keras cannot write down in a file whose kernel it is.

    Args:
        layer: The `Dense` layer whose way goes back. It must be called before this one is.
        activation: $f$, a name that Keras knows; `None`: none.
        **options: `name` and others that every Keras layer takes.

    Raises:
        TypeError: `layer` is no `Dense` layer.

    Example:
        >>> there = keras.layers.Dense(5)
        >>> code = there(keras.Input((64,)))
        >>> back = TiedDense(there)
        >>> back(code).shape, [one.name for one in back.own_weights]
        ((None, 64), ['bias'])
    """

    def __init__(self, layer: keras.layers.Dense, activation: Any = None, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(layer, keras.layers.Dense):
            raise TypeError(f"`layer` must be a Dense layer. Received: {layer!r}")
        self.layer = layer
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Make the bias: one number for each input of the other layer.

        Args:
            input_shape: Shape of what comes in; it ends with the units of the other layer.

        Raises:
            ValueError: The other layer was not called yet and has no kernel, or what comes in has
                another number of features.
        """
        if not self.layer.built:
            raise ValueError(
                "`layer` must have been called once, before its kernel can be shared. "
                f"Received: {self.layer.name!r}, not called yet"
            )
        features, units = self.layer.kernel.shape  # type: ignore
        if input_shape[-1] != units:
            raise ValueError(
                f"inputs must have {units} features, the units of {self.layer.name!r}. "
                f"Received: shape {tuple(input_shape)}"
            )
        self.bias = self.add_weight(shape=(features,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        r"""Return $f(x W^\top + b)$, with as many features as the other layer takes."""
        back = ops.matmul(inputs, ops.transpose(self.layer.kernel))
        return self.activation(back + self.bias)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of what comes out."""
        return (*input_shape[:-1], self.layer.kernel.shape[0])  # type: ignore

    def get_config(self) -> dict[str, Any]:
        """Describe the layer; whose kernel it shares is said by name."""
        activation = keras.activations.serialize(self.activation)
        return super().get_config() | {"layer": self.layer.name, "activation": activation}

    @property
    def own_weights(self) -> list:
        """What the layer itself learns: its bias."""
        return [
            one for one in self.weights if all(one is not other for other in self.layer.weights)
        ]


class OpenDense(keras.layers.Dense):
    """A `Dense` layer as Keras computes it.

    The engine stores the kernel of a plain `Dense` layer transposed, which a second layer that
    shares it would not expect; it leaves layers of the reader's own, such as this one, as they are.
    """


def tied_autoencoder(sizes: Sequence[int], activation: str = "relu") -> keras.Model:
    """Build an autoencoder for values from 0 to 1 whose decoder borrows the encoder's kernels.

    Args:
        sizes: Features of an example, units of each hidden layer, numbers in the code.
        activation: Of the hidden layers; the code has none, the output a sigmoid.

    Returns:
        A model from example to example.

    Example:
        >>> tied_autoencoder((64, 32, 5)).count_params()
        2341
    """
    *hidden, latent_units = sizes[1:]
    image = values = keras.Input((sizes[0],))
    layers = [*(OpenDense(units, activation) for units in hidden), OpenDense(latent_units)]
    for layer in layers:
        values = layer(values)
    for number, layer in reversed(list(enumerate(layers))):
        values = TiedDense(layer, activation if number else "sigmoid")(values)
    return keras.Model(image, values)
