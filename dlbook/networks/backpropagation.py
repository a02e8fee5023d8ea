"""Forward and back propagation: values to the right, blame to the left, then a step."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.calculus.derivatives import relu, relu_slope, sigmoid
from dlbook.lab import datasets, plots
from dlbook.lab.checks import positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval, paired

if TYPE_CHECKING:
    import xarray as xr

# The idea

Layer = tuple[np.ndarray, np.ndarray]
Layers = Sequence[Layer]
Function = Callable[..., Any]


def forward(inputs: np.ndarray, layers: Layers, activation: Function = relu) -> list[np.ndarray]:
    r"""Send examples through the layers and keep what every node gives.

    Each layer computes $f(aW + b)$ from what the one before gave, $a$. The last layer has no
    activation; what it gives is the logit.

    Args:
        inputs: One row per example, shape (examples, inputs).
        layers: Kernel $W$, shape (inputs, units), and bias $b$, shape (units,), of each layer.
        activation: $f$ of the hidden layers, from an array to an array of the same shape.

    Returns:
        The inputs, then the outputs of each layer, shape (examples, units); the last are the
        logits.

    Raises:
        ValueError: There are no layers, or the shapes do not follow on one another.

    Example:
        >>> x, layers, y = worked_example()
        >>> for values in forward(x, layers):
        ...     print(values)
        [[1. 2.]]
        [[1.5 2. ]]
        [[0.]]
    """
    _check_layers(np.asarray(inputs), layers)
    activations = [np.asarray(inputs)]
    for kernel, bias in layers[:-1]:
        activations.append(activation(activations[-1] @ kernel + bias))
    kernel, bias = layers[-1]
    return [*activations, activations[-1] @ kernel + bias]


def cost(logits: np.ndarray, y_true: np.ndarray) -> Any:
    r"""Average the cross-entropy of the examples: mean of $\log(1 + e^z) - yz$.

    Args:
        logits: Raw outputs $z$, any shape; the sigmoid turns them into probabilities.
        y_true: Classes $y$, 0 or 1, same shape.

    Returns:
        The cost, one number from 0 (all sure and right) up; log 2 if the model does not know.

    Example:
        >>> round(float(cost(np.array([[0.0]]), np.array([[1.0]]))), 4)
        0.6931
    """
    return np.mean(np.logaddexp(np.zeros_like(logits), logits) - y_true * logits)


def backward(
    activations: Sequence[np.ndarray],
    layers: Layers,
    y_true: np.ndarray,
    slope: Function = relu_slope,
) -> list[Layer]:
    r"""Send the blame back through the layers: $\delta W^\top \cdot f'$.

    The blame $\delta$ of a node is the slope of the cost by its weighted sum. At the
    output it is probability minus target, divided by the number of examples.

    Args:
        activations: What `forward` returned.
        layers: Kernel and bias of each layer.
        y_true: Classes, 0 or 1, shape (examples, 1).
        slope: $f'$ of the hidden layers, written as a function of what the node gave.

    Returns:
        The gradients of the cost, in the shapes of `layers`.

    Raises:
        ValueError: There is not one list of values more than there are layers.

    Example:
        >>> x, layers, y = worked_example()
        >>> for kernel, bias in backward(forward(x, layers), layers, y):
        ...     print(kernel.tolist(), bias)
        [[-0.5, 0.5], [-1.0, 1.0]] [-0.5  0.5]
        [[-0.75], [-1.0]] [-0.5]
    """
    if len(activations) != len(layers) + 1:
        raise ValueError(
            f"`activations` must hold {len(layers) + 1} arrays, the inputs and what each layer "
            f"gave. Received: {len(activations)} arrays"
        )
    blame = (sigmoid(activations[-1]) - y_true) / len(y_true)
    gradients = []
    for values, (kernel, _) in zip(activations[-2::-1], reversed(layers), strict=True):
        gradients.append((values.T @ blame, blame.sum(axis=0)))
        blame = (blame @ kernel.T) * slope(values)
    return gradients[::-1]


def node_backward(
    inputs: np.ndarray, weights: np.ndarray, feedback: np.ndarray, slope: ArrayLike
) -> tuple[np.ndarray, Any, np.ndarray]:
    r"""Do one node's part of the way back, from nothing but what the node itself can see.

    Args:
        inputs: What came in, shape (examples, inputs).
        weights: The node's own weights $w$, shape (inputs,).
        feedback: Slope of the cost by the node's output, shape (examples,): the sum of what the
            nodes after it have said.
        slope: Slope of the node's activation at its own weighted sum, shape (examples,).

    Returns:
        The gradient of its weights, shape (inputs,); the gradient of its bias; and what it says
        to each node before it, shape (examples, inputs): its blame times the weight between.

    Example:
        >>> inputs, weights = np.array([[1.0, 2.0]]), np.array([0.5, 0.5])
        >>> gradient, bias, message = node_backward(inputs, weights, np.array([-0.5]), 1)
        >>> print(gradient, bias, message)
        [-0.5 -1. ] -0.5 [[-0.25 -0.25]]
    """
    blame = feedback * slope
    return inputs.T @ blame, blame.sum(), np.outer(blame, weights)


def update(layers: Layers, gradients: Layers, learning_rate: float) -> list[Layer]:
    r"""Take one step downhill with every weight: $w \leftarrow w - \eta\, \partial C/\partial w$.

    Args:
        layers: Kernel and bias of each layer.
        gradients: From `backward`, same shapes.
        learning_rate: $\eta$, above 0.

    Returns:
        The changed layers; the old ones stay as they are.

    Raises:
        ValueError: `learning_rate` is not above 0.

    Example:
        >>> update([(np.array([[2.0]]), np.array([0.0]))], [(np.array([[2.0]]), np.array([2.0]))],
        ...     learning_rate=0.1)
        [(array([[1.8]]), array([-0.2]))]
    """
    rate = positive(learning_rate, "learning_rate")
    return [
        (kernel - rate * kernel_slope, bias - rate * bias_slope)
        for (kernel, bias), (kernel_slope, bias_slope) in zip(layers, gradients, strict=True)
    ]


def numerical_gradient(function: Function, weights: np.ndarray, step: float) -> np.ndarray:
    r"""Measure a gradient by moving one weight at a time, to both sides.

    $$\frac{C(w + h) - C(w - h)}{2h}$$

    Args:
        function: $C$, from all weights to one number.
        weights: The place, any shape; float32 stays float32.
        step: $h$, above 0.

    Returns:
        The slopes, same shape as `weights`.

    Raises:
        ValueError: `step` is not above 0.

    Example:
        >>> numerical_gradient(lambda w: np.sum(w**2), np.array([1.0, 3.0]), step=0.5)
        array([2., 6.])
    """
    width = positive(step, "step")
    slopes = np.zeros_like(weights)
    for place in np.ndindex(weights.shape):
        nudge = np.zeros_like(weights)
        nudge[place] = width
        rise = function(weights + nudge) - function(weights - nudge)
        slopes[place] = rise / (2 * width)
    return slopes


def pack(layers: Layers) -> np.ndarray:
    """Put all weights into one row: kernel, bias, kernel, bias, ...

    Example:
        >>> pack([(np.array([[1.0], [2.0]]), np.array([3.0]))])
        array([1., 2., 3.])
    """
    return np.concatenate([np.ravel(part) for layer in layers for part in layer])


def unpack(weights: np.ndarray, like: Layers) -> list[Layer]:
    """Give the weights of a row back their shapes; undoes `pack`.

    Example:
        >>> unpack(np.array([1.0, 2.0, 3.0]), like=[(np.zeros((2, 1)), np.zeros(1))])
        [(array([[1.],
               [2.]]), array([3.]))]
    """
    parts = [part for layer in like for part in layer]
    pieces = np.split(weights, np.cumsum([part.size for part in parts])[:-1])
    shaped = [one.reshape(part.shape) for one, part in zip(pieces, parts, strict=True)]
    return list(zip(shaped[::2], shaped[1::2], strict=True))


def worked_example() -> tuple[np.ndarray, list[Layer], np.ndarray]:
    """Return the example of the page: one row of inputs, a 2-2-1 network and the target.

    Example:
        >>> x, layers, y = worked_example()
        >>> x.tolist(), y.tolist()
        ([[1.0, 2.0]], [[1.0]])
    """
    hidden = np.array([[0.5, -1.0], [0.5, 1.0]]), np.array([0.0, 1.0])
    output = np.array([[1.0], [-1.0]]), np.array([0.5])
    return np.array([[1.0, 2.0]]), [hidden, output], np.array([[1.0]])


def _check_layers(inputs: np.ndarray, layers: Layers) -> None:
    shapes = [np.shape(kernel) for kernel, _ in layers]
    units = [inputs.shape[-1], *(np.size(bias) for _, bias in layers)]
    if not shapes or shapes != list(pairwise(units)):
        raise ValueError(
            "`layers` must hold kernels (inputs, units) and biases (units,) that follow on one "
            f"another. Received: kernels {shapes}, {units[0]} inputs, {units[1:]} biases"
        )


# The experiment

EPOCHS = 300
HIGHEST = 1000.0  # a run whose cost gets higher is stopped and recorded at this cost
RULES = ("gradients first", "layer by layer", "never cleared")
STEPS = tuple(10.0**-power for power in range(1, 13))
ACTIVATIONS: dict[str, Any] = {"ReLU": (relu, relu_slope), "tanh": (np.tanh, lambda a: 1 - a**2)}


def first_layers(seed: int, network: str, dtype: str = "float64") -> list[Layer]:
    """Draw weights as Keras does (Glorot, uniform) for a network such as "2-8-1"."""
    generator = np.random.default_rng([seed, 5])
    layers = []
    for inputs, units in pairwise(map(int, network.split("-"))):
        limit = np.sqrt(6 / (inputs + units))
        kernel = generator.uniform(-limit, limit, size=(inputs, units))
        layers.append((kernel.astype(dtype), np.zeros(units, dtype)))
    return layers


def two_clusters(seed: int, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    """Return 200 points around (1, 1) and (5, 1), and their classes."""
    data = datasets.clusters(seed, num_test=0)
    return data.x_train.astype(dtype), data.y_train.astype(dtype)


def tape_gradients(inputs: np.ndarray, layers: Layers, y_true: np.ndarray) -> list[Layer]:
    """Return the gradients that TensorFlow's automatic differentiation finds (ReLU)."""
    import tensorflow as tf

    weights = [tuple(map(tf.constant, layer)) for layer in layers]
    with tf.GradientTape() as tape:
        tape.watch(weights)
        values = tf.constant(inputs)
        for kernel, bias in weights[:-1]:
            values = tf.nn.relu(values @ kernel + bias)
        logits = values @ weights[-1][0] + weights[-1][1]
        losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.constant(y_true), logits)
        average = tf.reduce_mean(losses)
    slopes: Any = tape.gradient(average, weights)
    return [(kernel.numpy(), bias.numpy()) for kernel, bias in slopes]


def node_gradients(inputs: np.ndarray, layers: Layers, y_true: np.ndarray) -> list[Layer]:
    """Return the gradients that single nodes find, each with `node_backward` (ReLU)."""
    activations = forward(inputs, layers)
    feedback = (sigmoid(activations[-1]) - y_true) / len(y_true)
    slopes = [*map(relu_slope, activations[1:-1]), np.ones_like(feedback)]
    gradients = []
    for index in reversed(range(len(layers))):
        nodes = zip(layers[index][0].T, feedback.T, slopes[index].T, strict=True)
        found = [node_backward(activations[index], *node) for node in nodes]
        kernel, bias, messages = zip(*found, strict=True)
        gradients.append((np.stack(kernel, axis=1), np.stack(bias)))
        feedback = np.sum(messages, axis=0)
    return gradients[::-1]


def measure_difference(seed: int, network: str) -> dict[str, float]:
    """Return how far `backward` is from TensorFlow, and from node by node."""
    (x, y), layers = two_clusters(seed), first_layers(seed, network)
    ours = pack(backward(forward(x, layers), layers, y))
    others = {"tape": tape_gradients, "nodes": node_gradients}
    found = {name: np.abs(ours - pack(other(x, layers, y))) for name, other in others.items()}
    largest = np.abs(ours).max()
    return {f"{name}_difference": float(one.max() / largest) for name, one in found.items()}


def check_gradient(seed: int, dtype: str, activation: str, step: float) -> dict[str, float]:
    """Return how far measured slopes are from `backward`, as a share of the gradient's length."""
    (x, y), layers = two_clusters(seed, dtype), first_layers(seed, "2-8-1", dtype)
    function, slope = ACTIVATIONS[activation]

    def cost_at(weights: np.ndarray) -> Any:
        return cost(forward(x, unpack(weights, layers), function)[-1], y)

    exact = pack(backward(forward(x, layers, function), layers, y, slope))
    measured = numerical_gradient(cost_at, pack(layers), step)
    return {"relative_error": float(np.linalg.norm(measured - exact) / np.linalg.norm(exact))}


def update_too_early(
    activations: Sequence[np.ndarray], layers: Layers, y_true: np.ndarray, learning_rate: float
) -> list[Layer]:
    """Change each layer on the way back, before the blame passes through it."""
    changed = list(layers)
    blame = (sigmoid(activations[-1]) - y_true) / len(y_true)
    for index in reversed(range(len(layers))):
        values = activations[index]
        gradient = values.T @ blame, blame.sum(axis=0)
        changed[index : index + 1] = update([layers[index]], [gradient], learning_rate)
        blame = (blame @ changed[index][0].T) * relu_slope(values)
    return changed


def train(seed: int, rule: str, learning_rate: float) -> dict[str, np.ndarray]:
    """Train 2-8-1 for 300 epochs and return the cost before each of them, up to 1,000."""
    (x, y), layers = two_clusters(seed), first_layers(seed, "2-8-1")
    total, costs = np.zeros_like(pack(layers)), np.full(EPOCHS, HIGHEST)
    for epoch in range(EPOCHS):
        activations = forward(x, layers)
        costs[epoch] = min(cost(activations[-1], y), HIGHEST)
        if costs[epoch] == HIGHEST:
            break
        if rule == "layer by layer":
            layers = update_too_early(activations, layers, y, learning_rate)
            continue
        gradient = pack(backward(activations, layers, y))
        total = total + gradient if rule == "never cleared" else gradient
        layers = update(layers, unpack(total, layers), learning_rate)
    return {"cost": costs}


TWO_WAYS = Experiment(
    name="two_ways",
    question="Does backpropagation find the slopes that automatic differentiation finds?",
    independent={"network": ("2-2-1", "2-8-1", "2-8-8-8-1")},
    trial=measure_difference,
)
GRADIENT_CHECK = Experiment(
    name="gradient_check",
    question="Which step shows best that a gradient is right?",
    independent=dict(dtype=("float32", "float64"), activation=tuple(ACTIVATIONS), step=STEPS),
    trial=check_gradient,
)
UPDATE_ORDER = Experiment(
    name="update_order",
    question="Does it matter when the weights are changed, and when the gradients are cleared?",
    independent={"rule": RULES, "learning_rate": (0.01, 0.1, 0.5, 1.0)},
    trial=train,
    dims={"cost": ("epoch",)},
)

# The claims


def largest_difference(results: "xr.Dataset", name: str) -> list[Evidence]:
    """Largest relative difference between two ways to the gradient, by network."""
    networks = map(str, results["network"].values)
    largest = {network: float(results[name].sel(network=network).max()) for network in networks}
    runs = results.sizes["seed"]
    return [Evidence.exact(one, value, runs, at_most=1e-10) for one, value in largest.items()]


def harm(results: "xr.Dataset", rule: str, **bounds: float) -> list[Evidence]:
    """What a rule adds to the final cost, paired by seed, at each learning rate."""
    final = results["cost"].isel(epoch=-1).transpose("learning_rate", "rule", "seed")
    names = [f"learning rate {rate}" for rate in final["learning_rate"].values.tolist()]
    gains = [paired(one.sel(rule=rule), one.sel(rule=RULES[0])) for one in final]
    return [Evidence.from_comparison(*pair, **bounds) for pair in zip(names, gains, strict=True)]


CLAIMS = (
    Claim(
        "C-backpropagation-1",
        "Backpropagation is the chain rule: its gradients are exact.",
        TWO_WAYS,
        partial(largest_difference, name="tape_difference"),
        note="largest difference to TensorFlow's automatic differentiation (float64), as a share "
        "of the largest slope; holds up to 10⁻¹⁰, room for rounding",
    ),
    Claim(
        "C-backpropagation-2",
        "Each node is independent: it needs to know nothing but its neighbours.",
        TWO_WAYS,
        partial(largest_difference, name="nodes_difference"),
        note="largest difference between whole layers and single nodes; holds up to 10⁻¹⁰",
    ),
    Claim(
        "C-backpropagation-3",
        "It does not matter when the weights are changed, on the way back or after it.",
        UPDATE_ORDER,
        partial(harm, rule=RULES[1], at_least=-0.01, at_most=0.01),
        note="final cost (up to 1,000) layer by layer minus gradients first; holds within ±0.01",
    ),
    Claim(
        "C-backpropagation-4",
        "Gradients must be cleared after every step.",
        UPDATE_ORDER,
        partial(harm, rule=RULES[2], at_least=0.01),
        note="final cost (up to 1,000) without clearing minus with it; holds from 0.01 up",
    ),
)

# The figure

PLACES = (((0.4, 2.35), (0.4, 0.85)), ((2.6, 2.35), (2.6, 0.85)), ((4.6, 1.6),))
SHEET = {"width": 5.2, "height": 2.85}


def plot_forward(inputs: np.ndarray, layers: Layers) -> "plots.BookFigure":
    """Draw one example on its way through a 2-2-1 network, with all numbers."""
    values = forward(inputs, layers)
    drawing, axes = plots.diagram(
        "A network of two inputs, two hidden nodes and one output. Weights stand on the arrows to "
        "the right, biases under the nodes, and what each node gives stands inside it.",
        **SHEET,
    )
    _draw_edges(axes, [kernel for kernel, _ in layers], backwards=False)
    _draw_nodes(axes, [one[0] for one in values])
    for layer, (_, biases) in enumerate(layers, start=1):
        _write_below(axes, layer, [f"bias {plots.number(bias)}" for bias in biases])
    _write_above(axes, f"p = {plots.number(sigmoid(values[-1]).item())}")
    return drawing


def plot_backward(inputs: np.ndarray, layers: Layers, y_true: np.ndarray) -> "plots.BookFigure":
    """Draw the way back of one example: the blame of each node, the gradient of each weight."""
    values = forward(inputs, layers)
    gradients = backward(values, layers, y_true)
    drawing, axes = plots.diagram(
        "The same network with arrows to the left. Each node holds its blame, and on each arrow "
        "stands the gradient of its weight: the blame times the value that had come in.",
        **SHEET,
    )
    _draw_edges(axes, [kernel for kernel, _ in gradients], backwards=True)
    _draw_nodes(axes, [inputs[0], *(blame for _, blame in gradients)], color="accent")
    for layer, outputs in enumerate(values[1:-1], start=1):
        _write_below(axes, layer, [f"gave {plots.number(value)}" for value in outputs[0]])
    _write_above(axes, f"p − y = {plots.number(gradients[-1][1].item())}")
    return drawing


def _draw_nodes(axes: Any, numbers: Sequence[np.ndarray], color: str = "blue") -> None:
    for layer, (values, places) in enumerate(zip(numbers, PLACES, strict=True)):
        for value, place in zip(values, places, strict=True):
            shade = color if layer else "muted"
            plots.circle(axes, place, plots.number(value), radius=0.33, color=shade)


def _draw_edges(axes: Any, numbers: Sequence[np.ndarray], backwards: bool) -> None:
    """Draw an arrow per weight; its number stands near the node at the left."""
    color = "accent" if backwards else "muted"
    for layer, kernel in enumerate(numbers):
        for (before, after), value in np.ndenumerate(kernel):
            left, right = np.array(PLACES[layer][before]), np.array(PLACES[layer + 1][after])
            along = (right - left) / np.linalg.norm(right - left)
            first, last = tuple(left + 0.36 * along), tuple(right - 0.38 * along)
            start, end = (last, first) if backwards else (first, last)
            plots.arrow(axes, start, end, color=color)
            spot = left + 0.31 * (right - left) + 0.14 * np.array([-along[1], along[0]])
            axes.text(
                *spot, plots.number(value), ha="center", va="center", gid="halo", zorder=5,
                color="accent" if backwards else "ink",
            )  # fmt: skip


def _write_below(axes: Any, layer: int, texts: Sequence[str]) -> None:
    for (across, up), text in zip(PLACES[layer], texts, strict=True):
        axes.text(across, up - 0.4, text, ha="center", va="top", color="muted")


def _write_above(axes: Any, text: str) -> None:
    across, up = PLACES[-1][0]
    axes.text(across, up + 0.42, text, ha="center", va="bottom")


def plot_gradient_check(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the difference between measured slopes and backpropagation against the step."""
    drawing, axes = plots.figure(
        "Relative difference against step, both axes logarithmic: every curve falls to a lowest "
        "point and climbs again as the step gets smaller; float32 turns back much earlier.",
        height=4.4,
    )
    plots.log_axis(axes, "both")
    logarithms = results["relative_error"].copy(data=np.log10(results["relative_error"].values))
    interval = 10 ** mean_interval(logarithms)
    for dtype in map(str, results["dtype"].values):
        for activation in map(str, results["activation"].values):
            chosen = interval.sel(dtype=dtype, activation=activation)
            plots.band(axes, results["step"], chosen, label=f"{dtype}, {activation}")
    axes.set(xlabel="step (smaller to the right)", ylabel="relative difference to backpropagation")
    axes.invert_xaxis()
    plots.label_lines(axes)
    return drawing


def plot_update_order(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the cost against epochs for the three rules, one panel for each learning rate."""
    rates = results["learning_rate"].values.tolist()
    drawing, panels = plots.figure(
        "Cost against epochs at four learning rates, logarithmic: with the gradients first it "
        "falls at every rate; layer by layer it does so at small rates and explodes in some runs "
        "at large ones; without clearing it swings.",
        rows=len(rates),
        height=2.5 * len(rates),
        sharex=True,
        sharey=True,
    )
    for panel, rate in zip(panels, rates, strict=True):
        plots.log_axis(panel, "y")
        for rule, color in zip(RULES[::-1], ("green", "orange", "blue"), strict=True):
            runs = results["cost"].sel(rule=rule, learning_rate=rate)
            spread = {
                "mean": runs.median("seed"),
                "low": runs.min("seed"),
                "high": runs.max("seed"),
            }
            plots.band(panel, results["epoch"], spread, label=rule, color=color)
        panel.set(title=f"learning rate {plots.number(rate)}", ylabel="cost", ylim=(0.003, 2000))
        plots.label_lines(panel)
    panels[-1].set(xlabel="epoch")
    return drawing
