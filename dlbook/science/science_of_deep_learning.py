"""The science of deep learning: an explicit law against a black box, in its data and beyond."""

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

GRAVITY = 9.81  # meters per second, per second

# The idea


def free_fall(time: ArrayLike, gravity: float = GRAVITY) -> np.ndarray:
    r"""Return how far a stone has fallen if nothing holds it back: $d = \frac{1}{2} g t^2$.

    Args:
        time: Seconds $t$ since it was dropped, any shape.
        gravity: By how much it gets faster each second, $g$, in m/s².

    Returns:
        Meters, same shape.

    Raises:
        ValueError: `time` is empty or not finite, or `gravity` is not above 0.

    Example:
        >>> free_fall([1.0, 2.0])
        array([ 4.905, 19.62 ])
    """
    return positive(gravity, "gravity") * numbers(time, "time") ** 2 / 2


def fall_with_drag(
    time: ArrayLike, terminal_speed: float = 10.0, gravity: float = GRAVITY
) -> np.ndarray:
    r"""Return how far something has fallen through air: $d = \frac{v^2}{g}\ln\cosh\frac{gt}{v}$.

    At first it falls freely; later it does not get faster than its terminal speed $v$.

    Args:
        time: Seconds $t$ since it was dropped, any shape, 0 or more.
        terminal_speed: The speed at which the air holds it, $v$, in m/s.
        gravity: $g$, in m/s².

    Returns:
        Meters, same shape.

    Raises:
        ValueError: `time` is empty or not finite, or another number is not above 0.

    Example:
        >>> fall_with_drag([0.1, 2.0]).round(2)
        array([ 0.05, 13.14])
    """
    speed, pull = positive(terminal_speed, "terminal_speed"), positive(gravity, "gravity")
    ratio = pull * numbers(time, "time") / speed
    return speed**2 / pull * (np.logaddexp(ratio, -ratio) - np.log(2))


def fit_law(time: ArrayLike, distance: ArrayLike) -> float:
    r"""Find the gravity with which the law of free fall comes closest: least squares.

    $$g = \frac{\sum_i h_i d_i}{\sum_i h_i^2}, \qquad h_i = \tfrac{1}{2} t_i^2$$

    Args:
        time: Seconds $t_i$ of the measurements, shape (examples,).
        distance: Meters $d_i$ that were measured, shape (examples,).

    Returns:
        The gravity $g$ in m/s².

    Raises:
        ValueError: The lengths differ, or all times are 0.

    Example:
        >>> fit_law([1, 2], free_fall([1, 2]))
        9.81
    """
    half_squares = numbers(time, "time", rank=1) ** 2 / 2
    meters = numbers(distance, "distance", rank=1)
    if len(half_squares) != len(meters) or not half_squares.any():
        raise ValueError(
            "`time` and `distance` must be equally long, and some time above 0. "
            f"Received: {len(half_squares)} times and {len(meters)} distances"
        )
    return float(half_squares @ meters / (half_squares @ half_squares))


# The experiment

RIGHT, WRONG = WORLDS = ("no air", "air")  # the law of free fall is right, or it is wrong
LONGEST = 2.0  # seconds: measurements end here, and errors are measured up to twice as far
NOISE = 0.5  # meters
COUNTS = (5, 10, 20, 80, 320)


def true_distance(time: ArrayLike, world: str) -> np.ndarray:
    """Return how far things really fall in one of the two worlds."""
    return free_fall(time) if world == RIGHT else fall_with_drag(time)


def measurements(seed: int, world: str, num_examples: int, longest: float = LONGEST) -> Data:
    """Measure falls: times from 0 to `longest` seconds, distances with an error of half a meter."""
    generator = np.random.default_rng(seed)
    time = generator.uniform(0, longest, size=(num_examples, 1))
    distance = true_distance(time, world) + generator.normal(scale=NOISE, size=time.shape)
    return Data(time.astype(np.float32), distance.astype(np.float32))


def black_box() -> "keras.Sequential":
    """Build the black box: time in, two layers of 16 units, distance out."""
    return mlp((1, 16, 16, 1))


def errors(predict, world: str, longest: float = LONGEST) -> dict[str, float]:
    """Return typical errors (root of the mean square, in meters) inside and outside the data."""
    ends = {"error_inside": (0.0, longest), "error_outside": (longest, 2 * longest)}
    found = {}
    for name, (start, end) in ends.items():
        time = np.linspace(start, end, 101)
        found[name] = float(np.sqrt(np.mean((predict(time) - true_distance(time, world)) ** 2)))
    return found


def errors_of_law(seed: int, world: str, num_examples: int) -> dict[str, float]:
    """Fit the law of free fall to measurements, and return its errors."""
    data = measurements(seed, world, num_examples)
    gravity = fit_law(data.x_train.ravel(), data.y_train.ravel())
    return {**errors(lambda time: free_fall(time, gravity), world), "gravity": gravity}


def errors_of_network(
    model: "keras.Model", data: Data, world: str, longest: float = LONGEST
) -> dict[str, float]:
    """Return the errors of a trained network; its measurements are not needed."""
    del data
    return errors(lambda time: np.ravel(model(time[:, None].astype(np.float32))), world, longest)


UNITS = {
    "num_examples": "number of measurements",
    "error_inside": "error inside (m)",
    "error_outside": "error outside (m)",
}
LAW = Experiment(
    name="law",
    question="How well does the law of free fall predict, where it is right and where it is wrong?",
    independent={"world": WORLDS, "num_examples": COUNTS},
    trial=errors_of_law,
    units=UNITS,
)
BLACK_BOX = Experiment(
    name="black_box",
    question="How well does a network predict that knows no law?",
    independent={"world": WORLDS, "num_examples": COUNTS},
    trial=Training(
        black_box,
        measurements,
        "mean_squared_error",
        optimizer="adam",
        learning_rate=0.01,
        epochs=1000,
        outputs=errors_of_network,
        keep_weights=True,
    ),
    units=UNITS,
)

# The claims


def _difference(law: "xr.Dataset", box: "xr.Dataset", error: str, world: str, count: int):
    at = {"world": world, "num_examples": count}
    return paired(box[error].sel(at), law[error].sel(at))


def replaced_inside(law: "xr.Dataset", box: "xr.Dataset") -> list[Evidence]:
    """Error of the network minus that of the law, in the range of the measurements."""
    return [
        Evidence.from_comparison(
            f"{world}, {count} measurements",
            _difference(law, box, "error_inside", world, count),
            at_most=0,
            unit="m",
        )
        for world in WORLDS
        for count in (5, 80, 320)
    ]


def lost_outside(box: "xr.Dataset") -> list[Evidence]:
    """Error of the network beyond its measurements, with the most measurements."""
    outside = box["error_outside"].sel(num_examples=COUNTS[-1])
    return [
        Evidence.from_mean(world, outside.sel(world=world), at_least=5, unit="m")
        for world in WORLDS
    ]


def law_outside(law: "xr.Dataset", box: "xr.Dataset") -> list[Evidence]:
    """Error of the network minus that of the law, beyond the measurements."""
    return [
        Evidence.from_comparison(
            f"{world}, 80 measurements",
            _difference(law, box, "error_outside", world, 80),
            at_least=0,
            unit="m",
        )
        for world in WORLDS
    ]


CLAIMS = (
    Claim(
        "C-science_of_deep_learning-1",
        "A black box can replace an explicit theory.",
        (LAW, BLACK_BOX),
        replaced_inside,
        note="error inside, network minus law; it can where the whole interval lies below 0",
    ),
    Claim(
        "C-science_of_deep_learning-2",
        "Outside its examples a black box is no theory.",
        BLACK_BOX,
        lost_outside,
        note="error of the network from 2 to 4 s with 320 measurements; holds from 5 m up",
    ),
    Claim(
        "C-science_of_deep_learning-3",
        "An explicit theory goes beyond its data better than a black box.",
        (LAW, BLACK_BOX),
        law_outside,
        note="error outside, network minus law; holds if the whole interval lies above 0",
    ),
)

# The figure

TITLES = {RIGHT: "no air: the law is right", WRONG: "air: the law is wrong"}


def network_of(results: "xr.Dataset", world: str, num_examples: int, seed: int = 0):
    """Return the trained network of one run as a function from times to distances."""
    run = results.sel(world=world, num_examples=num_examples, seed=seed)
    layers = [
        (run[f"weights_{name}_kernel"].values, run[f"weights_{name}_bias"].values)
        for name in ("hidden_1", "hidden_2", "output")
    ]

    def predict(time: np.ndarray) -> np.ndarray:
        values = np.asarray(time, float).reshape(-1, 1)
        for kernel, bias in layers[:-1]:
            values = np.maximum(values @ kernel + bias, 0)
        return (values @ layers[-1][0] + layers[-1][1]).ravel()

    return predict


def plot_runaway(
    results: "xr.Dataset", num_examples: int = 80, seed: int = 0
) -> "plots.BookFigure":
    """Draw measurements, truth, law and network in both worlds, up to twice the measured range."""
    drawing, panels = plots.figure(
        "Distance against time in two panels. Up to 2 s measurements, law and network lie on one "
        "curve; beyond, the network goes on straight, which the truth does only with air.",
        rows=2,
        height=6.2,
        sharex=True,
    )
    for panel, world in zip(panels, WORLDS, strict=True):
        plots.shade(panel, 0, LONGEST, "measured here")
        _draw_fall(panel, measurements(seed, world, num_examples), world)
        time = np.linspace(0, 2 * LONGEST, 161)
        found = network_of(results, world, num_examples, seed)(time)
        panel.plot(time, found, color="blue", label="network")
        panel.set(title=TITLES[world], ylabel="distance fallen (m)")
        plots.label_lines(panel)
    panels[-1].set(xlabel="time (s)")
    return drawing


def _draw_fall(panel, data: Data, world: str) -> None:
    time = np.linspace(0, 2 * LONGEST, 161)
    gravity = fit_law(data.x_train.ravel(), data.y_train.ravel())
    panel.plot(data.x_train, data.y_train, "o", color="muted", markersize=3, alpha=0.5)
    truth = true_distance(time, world)
    panel.plot(time, truth, color="ink", linewidth=4, alpha=0.25, label="truth")
    panel.plot(time, free_fall(time, gravity), color="orange", label="law")


def plot_black_box(results: "xr.Dataset", law: "xr.Dataset | None" = None) -> "plots.BookFigure":
    """Draw the errors of the network, and of the law, against the number of measurements."""
    drawing, panels = plots.figure(
        "Error against number of measurements in four panels, inside and outside the measured "
        "range, in both worlds, for law and network; all axes are logarithmic.",
        rows=2,
        columns=2,
        height=5.4,
        sharex=True,
        sharey="row",
    )
    kinds = {"network": (results, "blue")} | ({} if law is None else {"law": (law, "orange")})
    errors_and_worlds = product(("error_inside", "error_outside"), WORLDS)
    for panel, (error, world) in zip(panels.flat, errors_and_worlds, strict=True):
        plots.log_axis(panel, "both")
        for name, (runs, color) in kinds.items():
            logs = runs[error].sel(world=world)
            typical = 10 ** mean_interval(logs.copy(data=np.log10(logs.values)))
            plots.band(panel, runs["num_examples"], typical, label=name, color=color)
        panel.set(title=f"{world}, {error.removeprefix('error_')}")
    for panel in panels[:, 0]:
        panel.set(ylabel="error (m)")
    for panel in panels[:, 1]:
        plots.label_lines(panel)
    plots.share_labels(drawing, x="number of measurements")
    return drawing
