"""Recurrent layers: build them, count their weights, see how far back their gradient reaches."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab.checks import numbers

if TYPE_CHECKING:
    import keras


def count_recurrent(cell: str, units: int, features: int) -> int:
    r"""Count the weights of a recurrent layer as Keras builds it, biases included.

    $$\text{RNN: } h(h+d+1), \qquad \text{LSTM: } 4h(h+d+1), \qquad \text{GRU: } 3h(h+d+2)$$

    Args:
        cell: `"RNN"`, `"LSTM"` or `"GRU"`.
        units: $h$, 1 or more.
        features: $d$, 1 or more.

    Returns:
        The number of weights.

    Raises:
        ValueError: The cell is unknown, or a number is below 1.

    Example:
        >>> [count_recurrent(cell, 16, 9) for cell in ("RNN", "LSTM", "GRU")]
        [416, 1664, 1296]
    """
    blocks = {"RNN": (1, 1), "LSTM": (4, 1), "GRU": (3, 2)}
    if cell not in blocks:
        raise ValueError(f"`cell` must be one of {', '.join(blocks)}. Received: {cell!r}")
    for name, value in (("units", units), ("features", features)):
        if value < 1:
            raise ValueError(f"`{name}` must be 1 or more. Received: {value!r}")
    tables, biases = blocks[cell]
    return tables * units * (units + features + biases)


def matching_units(cell: str, features: int, num_weights: int, outputs: int = 1) -> int:
    """Find how many units bring a recurrent layer and the layer after it nearest to a size.

    Args:
        cell: `"RNN"`, `"LSTM"` or `"GRU"`.
        features: Numbers that come in at each moment.
        num_weights: Weights that both layers should have together.
        outputs: Units of the fully connected layer after the recurrent one.

    Returns:
        The units of the recurrent layer, 1 or more.

    Example:
        >>> [matching_units(cell, 2, 1153) for cell in ("RNN", "LSTM", "GRU")]
        [32, 15, 18]
    """
    most = int(np.sqrt(max(num_weights, 1))) + 2
    sizes = [
        count_recurrent(cell, units, features) + outputs * (units + 1) for units in range(1, most)
    ]
    return int(np.argmin(np.abs(np.array(sizes) - num_weights))) + 1


def recurrent_network(
    cell: str, units: int, outputs: int = 1, **options: Any
) -> "keras.Sequential":
    """Build a recurrent layer, and a fully connected one that answers.

    Args:
        cell: `"RNN"`, `"LSTM"`, `"GRU"`, or `"LSTM, bias 0"`: its forget gates start with bias 0.
            (Keras starts those of an LSTM with 1.)
        units: Units of the recurrent layer.
        outputs: Numbers in the answer.
        **options: Handed on to the recurrent layer, for example `return_sequences=True`.

    Returns:
        A model for inputs of shape (examples, timesteps, features).

    Raises:
        ValueError: The cell is unknown.

    Example:
        >>> recurrent_network("LSTM", 15).name
        'LSTM'
    """
    import keras

    kinds = {"RNN": "SimpleRNN", "LSTM": "LSTM", "LSTM, bias 0": "LSTM", "GRU": "GRU"}
    if cell not in kinds:
        raise ValueError(f"`cell` must be one of {'; '.join(kinds)}. Received: {cell!r}")
    if cell == "LSTM, bias 0":
        options["unit_forget_bias"] = False
    layer = getattr(keras.layers, kinds[cell])(units, name="recurrent", **options)
    return keras.Sequential([layer, keras.layers.Dense(outputs)], name=kinds[cell])


def gradient_reach(layer: Any, sequences: ArrayLike) -> np.ndarray:
    r"""Measure how much the last state still depends on the input of each earlier moment.

    $$\Bigl\lVert \frac{\partial h_T}{\partial x_{T-k}} \Bigr\rVert, \qquad k = 0, 1, \dots$$

    Args:
        layer: A built recurrent layer of Keras that returns its last state $h_T$.
        sequences: Inputs $x_1$ to $x_T$, shape (examples, timesteps, features).

    Returns:
        Shape (timesteps,): the root of the sum of all squared slopes, typical (geometric mean)
        over the examples, for lag $k = 0$ (the last input) to the first input.

    Example:
        >>> import keras
        >>> layer = keras.layers.LSTM(4)
        >>> layer.build((None, 10, 1))
        >>> reach = gradient_reach(layer, np.zeros((2, 10, 1)))
        >>> bool(reach[0] > reach[9] > 0)
        True
    """
    x = numbers(sequences, "sequences", rank=3).astype(np.float32)
    units, config = layer.units, layer.get_config()
    copies = np.repeat(x, units, axis=0)  # one copy of each example for each unit
    config.pop("unit_forget_bias", None)  # of no weight that is already there
    plan = json.dumps({**config, "name": "twin"}, default=str, sort_keys=True)
    slope_of = _slope_function(type(layer), plan, x.shape[-1])
    slopes = slope_of(layer.get_weights(), copies, np.tile(np.eye(units, dtype="f4"), (len(x), 1)))
    slopes = np.asarray(slopes, float).reshape(len(x), units, *x.shape[1:])[:, :, ::-1]
    size = np.sqrt(np.sum(slopes**2, axis=(1, 3)))
    return np.exp(np.mean(np.log(np.maximum(size, 1e-30)), axis=0))


@cache
def _slope_function(kind: Any, plan: str, features: int) -> Any:
    """Compile the slope of chosen last states for all layers of one kind."""
    import tensorflow as tf

    twin = kind.from_config(json.loads(plan))
    twin.build((None, None, features))
    rest = [variable.value for variable in twin.non_trainable_variables]
    shapes = [variable.shape for variable in twin.trainable_variables]
    signature = (
        [tf.TensorSpec(shape) for shape in shapes],
        tf.TensorSpec((None, None, features)),
        tf.TensorSpec((None, twin.units)),
    )

    @tf.function(input_signature=signature)
    def slope(weights, inputs, chosen):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            last, _ = twin.stateless_call(weights, rest, inputs)
            total = tf.reduce_sum(last * chosen)
        return tape.gradient(total, inputs)

    return lambda weights, *arrays: slope(weights, *map(tf.constant, arrays))
