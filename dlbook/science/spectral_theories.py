"""Spectral theories: break what is complicated into simple parts, and see where that ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import paired

if TYPE_CHECKING:
    import xarray as xr

# The idea


class Components(NamedTuple):
    """The sine waves that a signal is made of, one entry each.

    Attributes:
        amplitude: Height of each wave, in the unit of the signal.
        frequency: Full turns in the length of the signal.
        phase: Where in its turn each wave begins, in radians; 0 is at its top.
        num_points: Length of the signal.
    """

    amplitude: np.ndarray
    frequency: np.ndarray
    phase: np.ndarray
    num_points: int


def components(signal: ArrayLike) -> Components:
    r"""Break a signal into waves: $x_t = \sum_f A_f \cos(2\pi f t / N + \varphi_f)$.

    The waves stand at right angles to each other, so each is found without regard to the others.

    Args:
        signal: Values $x$ at $N$ equal steps, shape (num_points,).

    Returns:
        The waves of all frequencies from 0, the mean, to half the number of points.

    Raises:
        ValueError: `signal` is empty, not finite, or has more than one axis.

    Example:
        >>> components([1, 0, -1, 0]).amplitude.round(3)
        array([0., 1., 0.])
    """
    values = numbers(signal, "signal", rank=1)
    spectrum = np.fft.rfft(values) / len(values)
    frequency = np.arange(len(spectrum))
    amplitude = np.where(_turns(frequency, len(values)), 2, 1) * np.abs(spectrum)
    return Components(amplitude, frequency, np.angle(spectrum), len(values))


def rebuild(parts: Components, count: int) -> np.ndarray:
    """Add up the `count` waves that carry the most energy.

    Args:
        parts: From `components`.
        count: How many waves to use, 1 or more; all that there are if it is larger.

    Returns:
        The sum, shape (num_points,): no other choice of so few waves is nearer to the signal.

    Raises:
        ValueError: `count` is below 1.

    Example:
        >>> abs(rebuild(components([3.0, 1.0, -1.0, 1.0]), count=2)).round(6)
        array([3., 1., 1., 1.])
    """
    if count < 1:
        raise ValueError(f"`count` must be 1 or more. Received: {count!r}")
    energy = parts.amplitude**2 / np.where(_turns(parts.frequency, parts.num_points), 2, 1)
    largest = np.argsort(-energy, kind="stable")[:count]
    turns = np.outer(np.arange(parts.num_points), parts.frequency[largest]) / parts.num_points
    return np.cos(2 * np.pi * turns + parts.phase[largest]) @ parts.amplitude[largest]


def superposition_error(
    function: Callable[[np.ndarray], ArrayLike], a: ArrayLike, b: ArrayLike
) -> float:
    r"""Compare the whole with its parts: $\lVert f(a+b) - f(a) - f(b)\rVert / \lVert f(a+b)\rVert$.

    Args:
        function: Takes and returns an array.
        a: One input.
        b: Another, same shape.

    Returns:
        0 for a linear function; the larger, the less the parts say about the whole.

    Raises:
        ValueError: The inputs have different shapes, or the function gives 0 for their sum.

    Example:
        >>> superposition_error(np.square, [1.0], [1.0])
        0.5
    """
    first, second = numbers(a, "a"), numbers(b, "b")
    if first.shape != second.shape:
        raise ValueError(f"`b` must have the shape of `a`, {first.shape}. Received: {second.shape}")
    whole = np.asarray(function(first + second))
    if not np.any(whole):
        raise ValueError("`function` must not be 0 at a + b. Received: an output of zeros")
    rest = whole - np.asarray(function(first)) - np.asarray(function(second))
    return float(np.linalg.norm(rest) / np.linalg.norm(whole))


def logistic_map(rate: float, start: float, steps: int) -> np.ndarray:
    r"""Follow a one-line system: $x_{t+1} = r\,x_t\,(1 - x_t)$.

    Args:
        rate: $r$ between 0 and 4. Calm below 3, wild near 4.
        start: $x_0$ between 0 and 1.
        steps: Number of steps.

    Returns:
        The values, shape (steps + 1,), between 0 and 1.

    Raises:
        ValueError: The rate or the start is out of range.

    Example:
        >>> logistic_map(rate=2, start=0.25, steps=2).tolist()
        [0.25, 0.375, 0.46875]
    """
    if not 0 <= rate <= 4:
        raise ValueError(f"`rate` must lie between 0 and 4. Received: {rate!r}")
    if not 0 <= start <= 1:
        raise ValueError(f"`start` must lie between 0 and 1. Received: {start!r}")
    values = [float(start)]
    for _ in range(steps):
        values.append(rate * values[-1] * (1 - values[-1]))
    return np.array(values)


def _turns(frequency: np.ndarray, num_points: int) -> np.ndarray:
    """Say which waves turn smoothly: not the mean, and not the one that only flips its sign."""
    return (frequency > 0) & (2 * frequency < num_points)


# The experiment

NUM_POINTS = 512
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
}


def make_signal(signal: str, seed: int = 0) -> np.ndarray:
    """Make three added sines, a square wave or noise, of 512 points."""
    turn = 2 * np.pi * np.arange(NUM_POINTS) / NUM_POINTS
    if signal == "three sines":
        return np.sin(3 * turn) + 0.6 * np.sin(8 * turn) + 0.3 * np.sin(21 * turn)
    if signal == "square wave":
        return np.where(np.arange(NUM_POINTS) < NUM_POINTS // 2, 1.0, -1.0)
    return np.random.default_rng(seed).normal(size=NUM_POINTS)


def measure_explained(seed: int, signal: str, num_components: int) -> dict[str, float]:
    """Return the share of a signal's energy that its largest waves explain."""
    values = make_signal(signal, seed)
    rest = values - rebuild(components(values), num_components)
    return {"explained": float(1 - np.sum(rest**2) / np.sum(values**2))}


def random_network(seed: int, activation: str, layers: int) -> Callable[[np.ndarray], np.ndarray]:
    """Make a network of 32 units per layer with random weights that keep the signal's size."""
    generator = np.random.default_rng(seed)
    scale = np.sqrt((2 if activation == "relu" else 1) / 32)
    kernels = [generator.normal(scale=scale, size=(32, 32)) for _ in range(layers)]

    def network(inputs: np.ndarray) -> np.ndarray:
        for kernel in kernels:
            inputs = ACTIVATIONS[activation](inputs @ kernel)
        return inputs

    return network


def measure_superposition(seed: int, activation: str, layers: int) -> dict[str, float]:
    """Return how far a random network is from the sum of its answers to the parts."""
    a, b = np.random.default_rng([seed, 1]).normal(size=(2, 100, 32))
    network = random_network(seed, activation, layers)
    return {"superposition_error": superposition_error(network, a, b)}


def measure_sensitivity(seed: int, rate: float) -> dict[str, float]:
    """Return the step at which two starts a billionth apart differ by 0.1; 500 if never."""
    first, second = (logistic_map(rate, start, 500) for start in (0.3, 0.3 + 1e-9))
    apart = np.abs(first - second) > 0.1
    return {"steps": float(np.argmax(apart)) if apart.any() else 500.0}


REBUILD = Experiment(
    name="rebuild",
    question="How many simple parts does a complicated signal have?",
    independent={
        "signal": ("three sines", "square wave", "noise"),
        "num_components": (1, 2, 3, 5, 10, 50),
    },
    trial=measure_explained,
    seeds=range(20),
    units={"num_components": "number of waves", "explained": "share of energy explained"},
)
SUPERPOSITION = Experiment(
    name="superposition",
    question="Do the parts of an input say what the network makes of the whole?",
    independent={"activation": tuple(ACTIVATIONS), "layers": (1, 2, 4, 8, 16)},
    trial=measure_superposition,
    seeds=range(20),
    units={"superposition_error": "superposition error"},
)
SENSITIVITY = Experiment(
    name="sensitivity",
    question="How long can a one-line system be predicted?",
    independent={"rate": (2.8, 3.3, 3.5, 3.9, 4.0)},
    trial=measure_sensitivity,
    seeds=range(1),
    units={"steps": "steps until the two differ by 0.1"},
)

# The claims


def three_are_enough(results: "xr.Dataset") -> list[Evidence]:
    """Share of energy that the three largest waves explain, for each signal."""
    explained = results["explained"].sel(num_components=3)
    return [
        Evidence.from_mean(str(name), explained.sel(signal=name), at_least=0.95)
        for name in results["signal"].values
    ]


def linear_stays_simple(results: "xr.Dataset") -> list[Evidence]:
    """Largest superposition error of linear networks, for each depth."""
    worst = results["superposition_error"].sel(activation="linear").max("seed")
    return [
        Evidence.exact(
            f"layers: {depth}", float(worst.sel(layers=depth)), results.sizes["seed"], at_most=1e-6
        )
        for depth in results["layers"].values
    ]


def one_line_goes_wild(results: "xr.Dataset") -> list[Evidence]:
    """Steps until two starts have parted, at a wild and at a calm rate."""
    steps = results["steps"].isel(seed=0)
    return [
        Evidence.exact("rate 4: parted after", float(steps.sel(rate=4.0)), 1, at_most=40),
        Evidence.exact("rate 2.8: never parted", float(steps.sel(rate=2.8)), 1, at_least=500),
    ]


def nonlinear_and_deep(results: "xr.Dataset") -> list[Evidence]:
    """Superposition error of one layer, and what 15 more layers add to it."""
    error, evidence = results["superposition_error"], []
    for name in ("relu", "tanh"):
        shallow, deep = (error.sel(activation=name, layers=depth) for depth in (1, 16))
        evidence += [
            Evidence.from_mean(f"{name}, 1 layer", shallow, at_least=0.4),
            Evidence.from_comparison(f"{name}, 16 minus 1", paired(deep, shallow), at_least=0),
        ]
    return evidence


CLAIMS = (
    Claim(
        "C-spectral_theories-1",
        "Something complicated can be broken up into a few simple components.",
        REBUILD,
        three_are_enough,
        note="share of energy that the three largest waves explain; holds from 0.95 on",
    ),
    Claim(
        "C-spectral_theories-2",
        "A linear system is understandable from its parts, however many it has.",
        SUPERPOSITION,
        linear_stays_simple,
        note="largest superposition error; holds up to 10⁻⁶",
    ),
    Claim(
        "C-spectral_theories-3",
        "A complex system may have few parts and still be unpredictable.",
        SENSITIVITY,
        one_line_goes_wild,
        note="steps until two starts a billionth apart differ by 0.1; holds up to 40 in the wild "
        "system, if they never do in the calm one",
    ),
    Claim(
        "C-spectral_theories-4",
        "A network is complex because of its nonlinearities.",
        SUPERPOSITION,
        nonlinear_and_deep,
        note="superposition error; holds from 0.4 on, and if more layers raise it",
    ),
)

# The figure


def plot_square_wave() -> "plots.BookFigure":
    """Draw a square wave and the sums of its 1, 3, 10 and 50 largest waves."""
    drawing, grid = plots.figure(
        "A square wave in four panels, with the sum of 1, 3, 10 and 50 waves: the more waves, the "
        "closer the sum.",
        rows=2,
        columns=2,
        height=4.6,
    )
    values = make_signal("square wave")
    parts = components(values)
    for axes, count in zip(grid.flat, (1, 3, 10, 50), strict=True):
        axes.plot(values, color="muted", linewidth=1)
        axes.plot(rebuild(parts, count), color="blue")
        axes.set(title=f"{count} wave{'s' if count > 1 else ''}", xticks=[], ylim=(-1.4, 1.4))
    return drawing


def plot_rebuild(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of energy explained against the number of waves."""
    alt = (
        "Share of energy against number of waves: three sines are complete at three waves, the "
        "square wave nears 1, noise stays far below."
    )
    return plots.curves(results, "explained", "num_components", "signal", alt=alt)[0]


def plot_superposition(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the superposition error against the number of layers."""
    alt = (
        "Superposition error against layers: 0 at every depth for linear networks, near one half "
        "and rising for networks with ReLU or tanh."
    )
    return plots.curves(results, "superposition_error", "layers", "activation", alt=alt)[0]


def plot_trajectories(steps: int = 45) -> "plots.BookFigure":
    """Draw two runs of the one-line system that begin a billionth apart."""
    drawing, axes = plots.figure(
        "Two jagged lines that lie on each other for about 30 steps and then go their own ways."
    )
    for start, name, color in ((0.3, "first", "blue"), (0.3 + 1e-9, "second", "orange")):
        axes.plot(logistic_map(4.0, start, steps), color=color, label=name, linewidth=1.5)
    axes.set(xlabel="step", ylabel="value")
    plots.label_lines(axes)
    return drawing
