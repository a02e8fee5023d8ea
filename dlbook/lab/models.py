"""Networks that two or more chapters build."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def mlp(
    sizes: Sequence[int],
    activation: str = "relu",
    *,
    output_activation: str | None = None,
    kernel_initializer: str = "glorot_uniform",
    bias_initializer: str = "zeros",
    use_bias: bool = True,
) -> "keras.Sequential":
    """Build a fully connected network: every unit of a layer sees every unit of the one before.

    Args:
        sizes: Number of inputs, units of each hidden layer, number of outputs: `(2, 8, 1)` has two
            inputs, one hidden layer of eight units and one output.
        activation: Activation of the hidden layers, a name that Keras knows.
        output_activation: Activation of the last layer; `None`: it gives logits or numbers, and the
            loss must know (`from_logits=True`).
        kernel_initializer: How weights start, a name that Keras knows.
        bias_initializer: How biases start.
        use_bias: Whether units have a bias.

    Returns:
        A `keras.Sequential` that takes `(examples, sizes[0])` and gives `(examples, sizes[-1])`.
        Its layers are called `hidden_1`, `hidden_2`, ... and `output`.

    Raises:
        ValueError: If there are fewer than two sizes, or one is not positive.

    Example:
        >>> mlp((2, 16, 1, 1)).count_params()
        67
    """
    sizes = tuple(sizes)
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"sizes must be two or more positive numbers, inputs first. Received: {sizes}"
        )
    import keras

    start = {"kernel_initializer": kernel_initializer, "bias_initializer": bias_initializer}
    hidden = [
        keras.layers.Dense(units, activation, use_bias=use_bias, name=f"hidden_{number}", **start)
        for number, units in enumerate(sizes[1:-1], start=1)
    ]
    output = keras.layers.Dense(
        sizes[-1], output_activation, use_bias=use_bias, name="output", **start
    )
    return keras.Sequential([keras.Input((sizes[0],)), *hidden, output])
