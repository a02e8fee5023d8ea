"""How to minimize gradient problems: each remedy, given to the same sick network."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbook.lab import datasets, plots
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

UNITS = 32
SICK: dict[str, Any] = {"num_layers": 10, "activation": "sigmoid", "scale": 1.0}
REMEDIES: dict[str, dict[str, Any]] = {
    "none": {},
    "one layer": {"num_layers": 1},
    "two layers": {"num_layers": 2},
    "ReLU": {"activation": "relu"},
    "ReLU and He": {"activation": "relu", "scale": 2.0},
    "tanh": {"activation": "tanh"},
    "weight normalization": {"kind": "normalized"},
    "batch normalization": {"batch_normalization": True},
    "dropout": {"dropout": 0.2},
    "weight decay": {},
    "residual": {"residual": True},
    "clipping": {"kind": "clipped"},
    "ReLU to residual, together": {
        "activation": "relu",
        "scale": 2.0,
        "kind": "normalized",
        "batch_normalization": True,
        "dropout": 0.2,
        "residual": True,
    },
}
TOGETHER = "ReLU to residual, together"


@cache
def weight_normalized() -> Any:
    r"""Return a `Dense` layer that learns the length of its weights apart from their direction.

    $$w = s \, \frac{v}{\lVert v \rVert}$$

    Each unit has a direction $v$ and a length $s$, which begins at the usual length of $v$.

    Returns:
        The class of the layer, called like `keras.layers.Dense`.

    Example:
        >>> weight_normalized().__name__
        'WeightNormalized'
    """
    import keras

    class WeightNormalized(keras.layers.Dense):
        """A Dense layer with length and direction apart."""

        def build(self, input_shape):
            super().build(input_shape)
            start: Any = self.kernel_initializer
            length = float(np.sqrt(start.scale))
            self.length = self.add_weight(
                name="length", shape=(self.units,), initializer=keras.initializers.Constant(length)
            )

        def call(self, inputs, training=None):
            kernel: Any = self.kernel
            direction = kernel / keras.ops.norm(kernel, axis=0, keepdims=True)
            return self.activation(inputs @ (self.length * direction) + self.bias)

    return WeightNormalized


@cache
def clipped() -> Any:
    r"""Return a `Dense` layer whose weights get no gradient longer than 1.

    $$g \leftarrow g / \max(1, \lVert g \rVert)$$

    Returns:
        The class of the layer, called like `keras.layers.Dense`.

    Example:
        >>> clipped().__name__
        'Clipped'
    """
    import keras
    import tensorflow as tf

    @tf.custom_gradient
    def clip(weights):
        return weights, lambda gradient: gradient / tf.maximum(1.0, tf.norm(gradient))

    class Clipped(keras.layers.Dense):
        """A Dense layer with clipped gradients."""

        def call(self, inputs, training=None):
            return self.activation(inputs @ clip(self.kernel) + clip(self.bias))

    return Clipped


def residual_block(inputs: Any, computed: Any) -> Any:
    """Add what a layer computes to what went in: the way back then has a path with slope 1.

    Args:
        inputs: What went into the layer, shape (batch, units).
        computed: What came out of it; where its width differs, there is no shortcut.

    Returns:
        The sum, or `computed`.

    Example:
        >>> import numpy as np
        >>> residual_block(np.ones((1, 2)), np.full((1, 2), 0.5))
        array([[1.5, 1.5]])
    """
    return inputs + computed if inputs.shape[-1] == computed.shape[-1] else computed


def deep_network(remedy: str, sick: tuple[tuple[str, Any], ...] = ()) -> "keras.Model":
    """Build the sick network with one remedy.

    Args:
        remedy: A name in `REMEDIES`.
        sick: What is changed in `SICK` before.

    Returns:
        An untrained model from 64 pixels to 10 logits.

    Raises:
        ValueError: The remedy is unknown.

    Example:
        >>> deep_network("one layer").count_params()
        2410
    """
    if remedy not in REMEDIES:
        raise ValueError(f"`remedy` must be one of {', '.join(REMEDIES)}. Received: {remedy!r}")
    import keras

    plan = SICK | dict(sick) | REMEDIES[remedy]
    values = first = keras.Input((64,))
    for _ in range(plan["num_layers"]):
        values = hidden_layer(values, plan)
    return keras.Model(first, keras.layers.Dense(10, name="output")(values))


def hidden_layer(inputs: Any, plan: dict[str, Any]) -> Any:
    """Apply one hidden layer of a network: weights, then what the plan says, in this order.

    Args:
        inputs: What goes into the layer, shape (batch, units).
        plan: What `SICK` and a remedy say.

    Returns:
        What comes out, shape (batch, 32).

    Example:
        >>> tuple(hidden_layer(np.ones((5, 64), "float32"), SICK).shape)
        (5, 32)
    """
    import keras

    kinds = {"normalized": weight_normalized, "clipped": clipped}
    dense = kinds.get(plan.get("kind", ""), lambda: keras.layers.Dense)()
    mode = "fan_avg" if plan["scale"] == 1 else "fan_in"
    start: Any = keras.initializers.VarianceScaling(plan["scale"], mode, "untruncated_normal")
    values = dense(UNITS, kernel_initializer=start)(inputs)
    if plan.get("batch_normalization"):
        values = keras.layers.BatchNormalization()(values)
    values = keras.layers.Activation(plan["activation"])(values)
    if plan.get("dropout"):
        values = keras.layers.Dropout(plan["dropout"])(values)
    return residual_block(inputs, values) if plan.get("residual") else values


# The experiment

LOSS = "sparse_categorical_crossentropy_from_logits"
EXPLOSIVE = (("num_layers", 16), ("activation", "relu"), ("scale", 8.0))  # twice He's deviation
AGAINST_EXPLOSION = (
    "none",
    "ReLU and He",
    "clipping",
    "batch normalization",
    "weight normalization",
)


def digits_of(seed: int) -> datasets.Data:
    """Split the images of digits into 1,440 for training and 357 for the test."""
    return datasets.digits(seed, validation=0)


def exploding_network(remedy: str) -> "keras.Model":
    """Build 16 layers of ReLU with weights twice as large as He's, with one remedy."""
    return deep_network(remedy, EXPLOSIVE)


def measure_change(model: Any, data: Any, seed: int, remedy: str) -> dict[str, float]:
    """Return by which part of its length the kernel of the first layer has changed."""
    import keras

    keras.utils.set_random_seed(seed)
    start = deep_network(remedy, (("num_layers", 1),)).get_weights()[0]  # drawn first in any depth
    change = np.linalg.norm(model.get_weights()[0] - start)
    return {"first_layer_change": float(change / np.linalg.norm(start))}


def measure_start(seed: int, remedy: str) -> dict[str, float]:
    """Return the length of the first layer's gradient before training, as a power of ten."""
    import keras
    import tensorflow as tf

    data = digits_of(seed)
    keras.utils.set_random_seed(seed)
    model = deep_network(remedy)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        cost: Any = loss(data.y_train, model(data.x_train, training=True))
    gradient = tape.gradient(cost, model.trainable_variables[0])
    return {"first_layer_gradient": float(np.log10(np.linalg.norm(np.asarray(gradient))))}


REMEDY = Experiment(
    name="remedies",
    question="Which remedy makes ten layers of sigmoids learn?",
    independent={"remedy": tuple(REMEDIES)},
    trial=Training(
        deep_network,
        digits_of,
        LOSS,
        learning_rate=0.1,
        batch_size=32,
        epochs=10,
        l2=by("remedy", {"weight decay": 1e-4}, default=0.0),
        metrics=("accuracy",),
        outputs=measure_change,
    ),
    units={"test_accuracy": "accuracy on fresh digits"},
)
START = Experiment(
    name="start",
    question="How long is the gradient of the first layer before training?",
    independent={"remedy": tuple(REMEDIES)},
    trial=measure_start,
    seeds=range(3),
    full_seeds=range(20),
    units={"first_layer_gradient": "gradient of the first layer (power of ten)"},
)
EXPLOSION = Experiment(
    name="explosion",
    question="Which remedy helps against exploding gradients?",
    independent={"remedy": AGAINST_EXPLOSION},
    trial=Training(
        exploding_network,
        digits_of,
        LOSS,
        learning_rate=0.1,
        batch_size=32,
        epochs=5,
        metrics=("accuracy",),
    ),
    units={"test_accuracy": "accuracy on fresh digits"},
)

# The claims


def helps(*remedies: str) -> Any:
    """Return a measure: what each remedy adds to the accuracy of the sick network, by seed."""

    def measure(results: "xr.Dataset") -> list[Evidence]:
        accuracy = results["test_accuracy"]
        gain = accuracy - accuracy.sel(remedy="none")
        return [Evidence.from_mean(one, gain.sel(remedy=one), at_least=0.1) for one in remedies]

    return measure


def together_or_alone(results: "xr.Dataset") -> list[Evidence]:
    """What all remedies together add to the accuracy with one of them, by seed."""
    accuracy = results["test_accuracy"]
    gain = accuracy.sel(remedy=TOGETHER) - accuracy
    singles = ("ReLU and He", "batch normalization", "residual")
    return [Evidence.from_mean(f"minus {one}", gain.sel(remedy=one), at_least=0) for one in singles]


def bad_solutions(results: "xr.Dataset") -> Evidence:
    """Accuracy of the exploding network without remedy."""
    accuracy = results["test_accuracy"].sel(remedy="none")
    return Evidence.from_mean("accuracy (chance is 0.1)", accuracy, at_most=0.15)


GAIN = "accuracy minus that of the sick network, paired by seed; holds from 0.1 up"
SENTENCES = (
    ("Use models with few hidden layers.", ("one layer", "two layers")),
    ("Use activation functions that do not saturate (ReLU).", ("ReLU", "ReLU and He")),
    ("Apply weight normalization.", ("weight normalization",)),
    ("Use batch normalization.", ("batch normalization",)),
    ("Use dropout and weight decay.", ("dropout", "weight decay")),
    ("Use architectures like residual networks.", ("residual",)),
    ("What the list lacks helps too: tanh, clipping.", ("tanh", "clipping")),
)
CLAIMS = (
    *(
        Claim(f"C-gradient_remedies-{number}", sentence, REMEDY, helps(*remedies), GAIN)
        for number, (sentence, remedies) in enumerate(SENTENCES, start=1)
    ),
    Claim(
        "C-gradient_remedies-8",
        "All remedies together are better than one.",
        REMEDY,
        together_or_alone,
        "accuracy with all in ten layers minus that with one; holds if the interval is above 0",
    ),
    Claim(
        "C-gradient_remedies-9",
        "Exploding gradients give bad solutions.",
        EXPLOSION,
        bad_solutions,
        "16 layers of ReLU with weights twice too large; holds up to 0.15",
    ),
    Claim(
        "C-gradient_remedies-10",
        "The same remedies help against explosion.",
        EXPLOSION,
        helps(*AGAINST_EXPLOSION[1:]),
        GAIN,
    ),
)

# The figure


def plot_residual_block() -> "plots.BookFigure":
    """Draw a layer with its shortcut."""
    drawing, axes = plots.diagram(
        "A layer between its input and a plus sign, and an arrow that leads from the input past "
        "the layer straight to the plus sign.",
        height=1.9,
    )
    plots.circle(axes, (0.6, 0.6), "x")
    plots.box(axes, (2.7, 0.6), "layer f")
    plots.circle(axes, (4.6, 0.6), "+", color="accent")
    plots.arrow(axes, (0.9, 0.6), (2.0, 0.6))
    plots.arrow(axes, (3.4, 0.6), (4.3, 0.6), "f(x)")
    plots.arrow(axes, (0.7, 0.85), (4.5, 0.87), "shortcut", bend=-0.35, color="accent")
    plots.arrow(axes, (4.9, 0.6), (5.9, 0.6), "x + f(x)")
    return drawing


def plot_remedies(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy with every remedy, one dot per network."""
    return _strip(results, "one dot per network: some remedies end near 1, others at chance.", 7.4)


def plot_explosion(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of the exploding network with every remedy, one dot per network."""
    return _strip(results, "one dot per network, for networks whose gradients explode.", 3.8)


def _strip(results: "xr.Dataset", what: str, height: float) -> "plots.BookFigure":
    figure, axes = plots.figure(f"Accuracy on fresh digits, {what}", height=height)
    accuracy = results["test_accuracy"].transpose("remedy", "seed")
    plots.strip(axes, dict(zip(accuracy["remedy"].values, accuracy.values, strict=True)))
    plots.reference(axes, 0.1, along="y")
    axes.set(xlabel="accuracy on fresh digits (dashed: chance)", xlim=(0, 1.02))
    return figure


def plot_start(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the gradient of the first layer before training, for every remedy."""
    figure, axes = plots.figure(
        "Gradient of the first layer before training, as a power of ten, one dot per seed: the "
        "sick network lies between −7 and −6, those that can learn near −2.",
        height=7.4,
    )
    start = results["first_layer_gradient"].transpose("remedy", "seed")
    plots.strip(axes, dict(zip(start["remedy"].values, start.values, strict=True)))
    axes.set(xlabel="gradient of the first layer (power of ten)")
    return figure
