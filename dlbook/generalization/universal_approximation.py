"""Universal approximation: which weights exist, and whether training finds them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

Function = Callable[[np.ndarray], np.ndarray]
Weights = list[np.ndarray]

# The idea


def relu_interpolation(function: Function, num_intervals: int) -> Weights:
    r"""Write down a network of one hidden ReLU layer that meets a function at equal distances.

    $$\hat f(x) = f(0) + \sum_{k=1}^{n} c_k \, \max(0,\; x - t_k), \qquad t_k = \frac{k - 1}{n}$$

    Unit $k$ has a *hinge* at $t_k$: there the curve changes its slope by $c_k$. Between the
    hinges it is straight. Nothing is trained.

    Args:
        function: $f$, takes and gives an array; only its values at $0, 1/n, \dots, 1$ are used.
        num_intervals: The number $n$ of straight pieces and of units, 1 or more.

    Returns:
        Kernel (1, n), bias (n,), output kernel (n, 1) and output bias (1,), as Keras orders them.

    Raises:
        ValueError: `num_intervals` is below 1.

    Example:
        >>> kernel, bias, output, output_bias = relu_interpolation(lambda x: abs(2 * x - 1), 2)
        >>> print(-bias, output.ravel(), output_bias)
        [0.  0.5] [-2.  4.] [1.]
    """
    if num_intervals < 1:
        raise ValueError(f"`num_intervals` must be 1 or more. Received: {num_intervals}")
    knots = np.linspace(0, 1, num_intervals + 1)
    heights = np.asarray(function(knots), dtype=float)
    slopes = np.diff(heights) * num_intervals
    changes = np.diff(slopes, prepend=0.0)
    return [np.ones((1, num_intervals)), -knots[:-1], changes[:, None], heights[:1]]


def answer(weights: Sequence[ArrayLike], inputs: ArrayLike) -> np.ndarray:
    """Compute what a ReLU network of any depth answers: one number in, one number out.

    Args:
        weights: Kernel and bias of each layer in turn; the last layer has no activation.
        inputs: Shape (places,).

    Returns:
        The answers, shape (places,).

    Raises:
        ValueError: `inputs` are not a list of finite numbers.

    Example:
        >>> answer(relu_interpolation(np.square, 2), [0.0, 0.25, 1.0])
        array([0.  , 0.125, 1.  ])
    """
    values = numbers(inputs, "inputs", rank=1)[:, None]
    for place in range(0, len(weights) - 2, 2):
        values = np.maximum(values @ np.asarray(weights[place]) + weights[place + 1], 0)
    return (values @ np.asarray(weights[-2]) + weights[-1])[:, 0]


def narrow_and_deep(weights: Weights) -> Weights:
    r"""Turn a wide layer of $n$ hinges into $n$ layers of 3 units that compute the same on [0, 1].

    Each layer hands on the input $x$, makes the next hinge, and adds the last one to the sum.
    ReLU must not cut the sum off, so it carries a reserve $M = \sum_k |c_k|$ that is taken away
    at the end.

    Args:
        weights: As `relu_interpolation` returns them.

    Returns:
        Kernel and bias of each of the $n$ hidden layers and of the output layer.

    Example:
        >>> wide = relu_interpolation(np.square, 4)
        >>> deep = narrow_and_deep(wide)
        >>> len(deep) // 2 - 1, bool(np.allclose(answer(deep, [0.3]), answer(wide, [0.3])))
        (4, True)
    """
    _, bias, output, output_bias = weights
    reserve = float(np.abs(output).sum())
    layers = [np.array([[1.0, 1.0, 0.0]]), np.array([0.0, bias[0], reserve])]
    for hinge, change in zip(bias[1:], output[:-1, 0], strict=True):
        kernel = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, change], [0.0, 0.0, 1.0]])
        layers += [kernel, np.array([0.0, hinge, 0.0])]
    return [*layers, np.array([[0.0], output[-1], [1.0]]), output_bias - reserve]


def bump(
    inputs: ArrayLike, left: float, right: float, height: float = 1.0, steepness: float = 100.0
) -> np.ndarray:
    r"""Make a bump of two sigmoids, one that steps up and one that steps down again.

    $$h \left[\sigma(s\,(x - l)) - \sigma(s\,(x - r))\right]$$

    Args:
        inputs: Places $x$, any shape.
        left: Where it rises, $l$.
        right: Where it falls, $r$, beyond `left`.
        height: $h$.
        steepness: $s$, above 0; the larger, the more upright the sides.

    Returns:
        Heights, same shape.

    Raises:
        ValueError: `right` is not beyond `left`, or `steepness` is not above 0.

    Example:
        >>> bump([0.0, 0.5, 1.0], left=0.25, right=0.75, height=2).round(3)
        array([0., 2., 0.])
    """
    from scipy.special import expit

    if not left < right:
        raise ValueError(f"`right` must be larger than `left`, {left}. Received: {right}")
    x, steep = numbers(inputs, "inputs"), positive(steepness, "steepness")
    return height * (expit(steep * (x - left)) - expit(steep * (x - right)))


def sup_error(model: Function, function: Function, grid: ArrayLike) -> float:
    r"""Find the worst error on a grid: $\max_i |\hat f(x_i) - f(x_i)|$.

    Args:
        model: $\hat f$, takes and gives an array of shape (places,).
        function: $f$, the same.
        grid: The places $x_i$; errors between them are not seen.

    Returns:
        The largest distance.

    Example:
        >>> sup_error(lambda x: x, np.square, [0.0, 0.5, 1.0])
        0.25
    """
    places = numbers(grid, "grid", rank=1)
    return float(np.max(np.abs(model(places) - function(places))))


# The experiment

TARGETS: dict[str, Function] = {
    "sine": lambda x: np.sin(2 * np.pi * x),
    "V": lambda x: np.abs(3 * x - 1) / 2,
    "root": np.sqrt,
    "step": lambda x: np.where(x < 0.5, 0.0, 1.0),
}
CONTINUOUS = ("sine", "V", "root")
STARTS = ("Keras", "drawn", "written")
ACTIVATIONS: dict[str, Function] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "square": np.square,
    "linear": lambda z: z,
}
POINTS = 101
STEPS = 50  # per epoch
WIDE = 64
INSIDE = np.sort(np.append(np.linspace(0, 1, 4001), 0.5 - 1e-6))
OUTSIDE = np.linspace(1, 2, 1001)


def errors_inside(weights: Sequence[ArrayLike], target: str) -> dict[str, float]:
    """Measure the worst error of a network between 0 and 1, and the typical one."""
    distance = np.abs(answer(weights, INSIDE) - TARGETS[target](INSIDE))
    typical = float(np.sqrt(np.mean(distance**2)))
    return {"worst_inside": float(np.max(distance)), "typical_inside": typical}


def measure_constructed(seed: int, target: str, num_intervals: int) -> dict[str, float]:
    """Write a network down; measure its worst and typical error, and its deep twin."""
    weights = relu_interpolation(TARGETS[target], num_intervals)
    difference = answer(narrow_and_deep(weights), INSIDE) - answer(weights, INSIDE)
    return errors_inside(weights, target) | {"deep_difference": float(np.max(np.abs(difference)))}


def examples_of(seed: int, target: str) -> Data:
    """List 101 places between 0 and 1, 50 times: an epoch is then 50 steps on all of them."""
    x = np.linspace(0, 1, POINTS)[:, None]
    columns = np.tile(x, (STEPS, 1)), np.tile(TARGETS[target](x), (STEPS, 1))
    return Data(*(column.astype(np.float32) for column in columns))


def deep_network(hidden_units: int, hidden_layers: int) -> "keras.Sequential":
    """Build a network with one input and one output, all its hidden layers equally wide."""
    return mlp((1, *[hidden_units] * hidden_layers, 1))


def wide_network(start: str, target: str) -> "keras.Sequential":
    """Build 1-64-1 with Keras' start, the same but with drawn biases, or with written weights."""
    import keras

    limit = np.sqrt(6 / (1 + WIDE))  # Keras draws the hidden weights between −limit and limit
    biases: Any = keras.initializers.RandomUniform(-limit, limit) if start == "drawn" else "zeros"
    hidden = keras.layers.Dense(WIDE, "relu", bias_initializer=biases, name="hidden")
    model = keras.Sequential([keras.Input((1,)), hidden, keras.layers.Dense(1, name="output")])
    if start == "written":
        model.set_weights(relu_interpolation(TARGETS[target], WIDE))
    return model


def measure_trained(model: Any, data: Data, target: str) -> dict[str, float]:
    """Measure the worst error inside the interval of training, the typical one, and outside."""
    weights = model.get_weights()
    outside = sup_error(lambda x: answer(weights, x), TARGETS[target], OUTSIDE)
    return errors_inside(weights, target) | {"worst_outside": outside}


def measure_activation(seed: int, activation: str, hidden_units: int) -> dict[str, float]:
    """Fit the sine by least squares: a random hidden layer, the best possible output layer."""
    from scipy.linalg import lstsq

    generator, grid = np.random.default_rng([seed, 17]), np.linspace(0, 1, 201)
    slopes, places = generator.uniform([[-10.0], [0.0]], [[10.0], [1.0]], (2, 64))
    sums = slopes[:hidden_units] * (grid[:, None] - places[:hidden_units])
    layer = np.column_stack([ACTIVATIONS[activation](sums), np.ones(len(grid))])
    truth = TARGETS["sine"](grid)
    weights: Any = lstsq(layer, truth, cond=1e-12, lapack_driver="gelsy")
    fitted = layer @ weights[0]
    return {"worst_inside": float(np.max(np.abs(fitted - truth)))}


ADAM: Any = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": POINTS, "shuffle": False}
ADAM |= {"loss": "mean_squared_error", "outputs": measure_trained}
CONSTRUCTED = Experiment(
    name="constructed",
    question="How near does a network come whose weights are written down?",
    independent={"target": tuple(TARGETS), "num_intervals": (4, 8, 16, 32, 64)},
    trial=measure_constructed,
    seeds=range(1),
)
TRAINED = Experiment(
    name="trained",
    question="How near does a trained network come, by width and by depth?",
    independent={"target": tuple(TARGETS), "hidden_layers": (1, 4), "hidden_units": (2, 8, 32)},
    full_independent={"hidden_layers": (1, 2, 4), "hidden_units": (2, 8, 32, 128)},
    trial=Training(deep_network, examples_of, epochs=8, **ADAM),
)
FIRST_WEIGHTS = Experiment(
    name="first_weights",
    question="Is it the network that cannot, or the training that does not get there?",
    independent={"target": CONTINUOUS, "start": STARTS},
    trial=Training(wide_network, examples_of, epochs=20, keep_weights=True, **ADAM),
)
ACTIVATION = Experiment(
    name="activation",
    question="With which activations do more units help?",
    independent={"activation": tuple(ACTIVATIONS), "hidden_units": (2, 4, 8, 16, 32, 64)},
    trial=measure_activation,
)

# The claims

RATES = {"sine": (-2.1, -1.8), "V": (-1.1, -0.9), "root": (-0.55, -0.45)}


def rates(results: "xr.Dataset") -> list[Evidence]:
    """Slope of the worst error against the number of intervals, both as powers of ten."""
    found, worst = [], results["worst_inside"].isel(seed=0)
    units = np.log10(worst["num_intervals"].values)
    for name, (low, high) in RATES.items():
        slope = np.polyfit(units, np.log10(worst.sel(target=name).values), 1)[0]
        found.append(Evidence.exact(name, slope, units.size, at_least=low, at_most=high))
    return found


def by_target(runs: Any, at_most: float) -> list[Evidence]:
    """Take the mean over the seeds for every target."""
    names = runs["target"].values.tolist()
    return [Evidence.from_mean(name, runs.sel(target=name), at_most=at_most) for name in names]


def training_finds_it(results: "xr.Dataset") -> list[Evidence]:
    """Worst error of trained networks over that of the written one, as a power of ten."""
    trained = results["worst_inside"].sel(start="Keras").transpose("target", "seed")
    names = trained["target"].values.tolist()
    written = [measure_constructed(0, name, WIDE)["worst_inside"] for name in names]
    return by_target(np.log10(trained / np.array(written)[:, None]), at_most=0.3)


def error_at_the_jump(written: "xr.Dataset", trained: "xr.Dataset") -> list[Evidence]:
    """Worst error on the step, of the finest written network and of the widest trained ones."""
    finest = written["worst_inside"].sel(target="step").isel(num_intervals=-1)
    found = [Evidence.exact("written down, 64 units", float(finest.max()), 1, at_most=0.1)]
    for layers in (1, 4):
        worst = trained["worst_inside"].sel(target="step", hidden_layers=layers, hidden_units=32)
        name = f"trained, {layers} × 32 units"
        found.append(Evidence.from_mean(name, worst, at_most=0.1))
    return found


def width_helps(results: "xr.Dataset") -> list[Evidence]:
    """Worst error with 64 units over that with 8, for each activation."""
    worst = results["worst_inside"]
    ratio = worst.sel(hidden_units=64) / worst.sel(hidden_units=8)
    return [
        Evidence.from_mean(str(name), ratio.sel(activation=name), at_most=0.5)
        for name in ratio["activation"].values
    ]


def error_beyond(results: "xr.Dataset") -> list[Evidence]:
    """Worst error between 1 and 2 of networks with four layers of 32 units."""
    worst = results["worst_outside"].sel(hidden_layers=4, hidden_units=32)
    return by_target(worst, at_most=0.1)


def wide_is_deep(results: "xr.Dataset") -> Evidence:
    """Largest difference of a wide network and its narrow, deep twin."""
    worst = results["deep_difference"]
    return Evidence.exact("all targets and widths", float(worst.max()), worst.size, at_most=1e-9)


def depth_gains(results: "xr.Dataset") -> list[Evidence]:
    """Worst error with four layers minus that with one, 32 units each."""
    worst = results["worst_inside"].sel(hidden_units=32)
    return by_target(worst.sel(hidden_layers=4) - worst.sel(hidden_layers=1), at_most=0)


CLAIMS = (
    Claim(
        "C-universal_approximation-1",
        "A sufficiently wide network can approximate a function (here: continuous ones).",
        CONSTRUCTED,
        rates,
        note="slope of log error against log units, 4 to 64; holds near the rate of the theory",
    ),
    Claim(
        "C-universal_approximation-2",
        "So training will find such a network.",
        FIRST_WEIGHTS,
        training_finds_it,
        note="64 units, Keras' start: worst error after training over that of the weights written "
        "down, as a power of ten; holds up to twice",
    ),
    Claim(
        "C-universal_approximation-3",
        "Any possible function can be approximated.",
        (CONSTRUCTED, TRAINED),
        error_at_the_jump,
        note="worst error at a jump of height 1; holds up to 0.1",
    ),
    Claim(
        "C-universal_approximation-4",
        "With any activation, more units bring the error down.",
        ACTIVATION,
        width_helps,
        note="best fit of the sine: worst error with 64 units over that with 8; holds up to 0.5",
    ),
    Claim(
        "C-universal_approximation-5",
        "What is right inside the interval is right outside.",
        TRAINED,
        error_beyond,
        note="worst error between 1 and 2, four layers of 32 units; holds up to 0.1",
    ),
    Claim(
        "C-universal_approximation-6",
        "A sufficiently deep network can approximate what a wide one can.",
        CONSTRUCTED,
        wide_is_deep,
        note="largest difference of n hinges side by side and n layers of 3 units; holds to 10⁻⁹",
    ),
    Claim(
        "C-universal_approximation-7",
        "Trained networks come nearer when they are deeper.",
        TRAINED,
        depth_gains,
        note="worst error, four layers of 32 units minus one; holds if the interval is below 0",
    ),
)

# The figure


def plot_hinges(num_intervals: int = 8, shown: Sequence[int] = (1, 3, 5, 8)) -> "plots.BookFigure":
    """Draw a sine as it is built, hinge by hinge."""
    drawing, panels = plots.figure(
        "Four panels with the same sine. After one hinge a straight line leaves it at the first "
        "knot, after three and five hinges a bent line follows it further, after eight to the end.",
        rows=2,
        columns=2,
        height=5,
        sharex=True,
        sharey=True,
    )
    kernel, bias, output, output_bias = relu_interpolation(TARGETS["sine"], num_intervals)
    for panel, hinges in zip(panels.flat, shown, strict=True):
        part = [kernel[:, :hinges], bias[:hinges], output[:hinges], output_bias]
        panel.plot(INSIDE, TARGETS["sine"](INSIDE), color="muted")
        panel.plot(INSIDE, answer(part, INSIDE), color="accent")
        knots = -bias[:hinges]
        panel.plot(knots, answer(part, knots), "o", color="accent", markersize=5)
        panel.set(ylim=(-1.6, 1.6))
        panel.set_title(f"{hinges} {'hinge' if hinges == 1 else 'hinges'}")
    plots.share_labels(drawing, x="x", y="height")
    return drawing


def plot_bump() -> "plots.BookFigure":
    """Draw bumps of two sigmoids, from gentle to steep."""
    drawing, axes = plots.figure(
        "Three bumps between 0.3 and 0.6: with small steepness a soft hill, with large steepness "
        "almost a box.",
        height=3,
    )
    for steepness in (15, 50, 500):
        label = f"steepness {steepness}"
        axes.plot(INSIDE, bump(INSIDE, 0.3, 0.6, steepness=steepness), label=label)
    axes.set(xlabel="x", ylabel="height")
    axes.legend(loc="upper right")
    return drawing


def plot_constructed(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the worst error of written networks against the number of units, by target."""
    drawing, axes = plots.figure(
        "Worst error against number of units on logarithmic axes: straight lines that fall "
        "steeply for the sine, less for the V, least for the root, and not at all for the step.",
        height=4.2,
    )
    plots.log_axis(axes, "both")
    units = results["num_intervals"].values
    for target in results["target"].values:
        worst = results["worst_inside"].sel(target=target).isel(seed=0)
        axes.plot(units, worst.values, "o-", label=str(target))
    axes.set_xticks(units, [str(one) for one in units])
    axes.set(xlabel="units", ylabel="worst error")
    plots.label_lines(axes)
    return drawing


def plot_trained(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the worst error of trained networks against width, one line per depth, by target."""
    drawing, panels = plots.figure(
        "Four panels, one per target: worst error of trained networks against units per layer, a "
        "line for each number of layers, and dashed the network whose weights are written down.",
        rows=2,
        columns=2,
        height=6,
        sharex=True,
        sharey=True,
    )
    widths = results["hidden_units"].values
    for panel, target in zip(panels.flat, results["target"].values, strict=True):
        plots.log_axis(panel, "both")
        for layers in results["hidden_layers"].values:
            worst = results["worst_inside"].sel(target=target, hidden_layers=layers)
            label = f"{layers} {'layer' if layers == 1 else 'layers'}"
            plots.band(panel, widths, mean_interval(worst), label=label)
        written = [measure_constructed(0, str(target), int(n))["worst_inside"] for n in widths]
        panel.plot(widths, written, "--", color="muted", label="written")
        panel.set_xticks(widths, [str(one) for one in widths])
        panel.set_title(str(target))
    panels[0, 0].legend(loc="lower left")
    plots.share_labels(drawing, x="units in each layer", y="worst error")
    return drawing


def plot_first_weights(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the typical error at the examples against steps, one line per start, by target."""
    targets = results["target"].values
    drawing, panels = plots.figure(
        "Three panels, one per target: typical error against steps of training. Networks that "
        "start from written weights begin and stay lowest; those with Keras' start lag.",
        rows=len(targets),
        height=7.4,
        sharex=True,
        sharey=True,
    )
    steps = results["epoch"].values * STEPS
    for panel, target in zip(panels, targets, strict=True):
        panel.set_yscale("log")
        for start in results["start"].values:
            error: Any = np.sqrt(results["loss"].sel(target=target, start=start))
            plots.band(panel, steps, mean_interval(error), label=str(start))
        panel.set(title=str(target), ylabel="typical error")
        plots.label_lines(panel)
    panels[-1].set(xlabel="steps of training")
    return drawing


def plot_beyond(results: "xr.Dataset", start: str = "drawn") -> "plots.BookFigure":
    """Draw what trained networks answer inside their interval and beyond it."""
    drawing, panels = plots.figure(
        "Three panels, one per target. Between 0 and 1 twenty trained curves lie on the target; "
        "beyond 1 they run straight on, away from the sine and near the V.",
        rows=3,
        height=7.4,
        sharex=True,
    )
    places = np.linspace(0, 2, 401)
    names = [f"weights_{layer}" for layer in ("hidden_kernel", "hidden_bias", "output_kernel")]
    for panel, target in zip(panels, CONTINUOUS, strict=True):
        runs = results.sel(target=target, start=start)
        for seed in results["seed"].values:
            one = runs.sel(seed=seed)
            kernel, bias, output = (one[name].values for name in names)
            weights = [kernel, bias, output, one["weights_output_bias"].values]
            panel.plot(places, answer(weights, places), color="blue", linewidth=0.8, alpha=0.5)
        panel.plot(places, TARGETS[target](places), color="accent", linewidth=2)
        plots.shade(panel, 0, 1, "trained here" if target == "sine" else "", along="x")
        panel.set_title(target)
    plots.share_labels(drawing, x="x", y="height")
    return drawing


def plot_activation(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the worst error of the best fit against the number of units, by activation."""
    drawing, axes = plots.curves(
        results,
        "worst_inside",
        "hidden_units",
        "activation",
        alt="Worst error of the best fit to a sine against units: it falls by powers of ten for "
        "relu and tanh and stays level for square and linear.",
        height=4.2,
    )
    axes.set_yscale("log")
    units = results["hidden_units"].values
    axes.set_xticks(units, [str(one) for one in units])
    axes.set(xlabel="units", ylabel="worst error")
    return drawing
