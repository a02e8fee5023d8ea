"""Local minima: valleys that are not the deepest, saddle points, and how networks get by."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.descent.gradient_descent_algorithm import (
    AXIS,
    descend,
    peaks,
    peaks_gradient,
    ripple,
    ripple_slope,
)
from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import xarray as xr

# The idea

VALLEYS = np.array([-7.2279, -1.4289, 4.3059])  # the minima of the ripple between −8 and 8


def basin(start: ArrayLike, learning_rate: float = 0.1, epochs: int = 2000) -> np.ndarray:
    """Say into which valley of the ripple a walk leads: the number of the nearest minimum.

    Args:
        start: First guesses between −8 and 8, any shape.
        learning_rate: Size of a step.
        epochs: Number of steps.

    Returns:
        0, 1 or 2: the minimum at −7.23, at −1.43 (the deepest) or at 4.31; same shape.

    Example:
        >>> print(basin([-5.0, 0.0, 2.0]))
        [0 1 2]
    """
    end = descend(ripple_slope, start, learning_rate, epochs)[-1]
    return np.abs(end[..., None] - VALLEYS).argmin(axis=-1)


def best_of(starts: ArrayLike, learning_rate: float = 0.5, epochs: int = 50) -> float:
    """Descend the ripple from several starts and keep the lowest end.

    Args:
        starts: First guesses, shape (num_restarts,).
        learning_rate: Size of a step.
        epochs: Number of steps of each walk.

    Returns:
        The end with the lowest height.

    Example:
        >>> round(best_of([2.0, 0.0, 3.0]), 3)
        -1.429
    """
    ends = descend(ripple_slope, numbers(starts, "starts", rank=1), learning_rate, epochs)[-1]
    return float(ends[ripple(ends).argmin()])


def saddle(place: ArrayLike) -> np.ndarray:
    """Return x² − y²: a valley along x, a ridge along y, level at (0, 0).

    Example:
        >>> print(saddle([[2.0, 0.0], [0.0, 2.0]]))
        [ 4. -4.]
    """
    return np.square(place) @ [1.0, -1.0]


def saddle_gradient(place: ArrayLike) -> np.ndarray:
    """Return (2x, −2y), the gradient of the saddle.

    Example:
        >>> print(saddle_gradient([2.0, 1.0]))
        [ 4. -2.]
    """
    return np.asarray(place, dtype=float) * [2, -2]


def share_of_minima(curvatures: ArrayLike) -> float:
    r"""Say how many level points are minima: those that curve upwards in all directions.

    Args:
        curvatures: One symmetric matrix of second derivatives per point (its Hessian), shape
            (num_points, dimension, dimension).

    Returns:
        The share of points whose eigenvalues are all above 0.

    Raises:
        ValueError: `curvatures` has not three axes, or holds numbers that are not finite.

    Example:
        >>> share_of_minima([[[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, -2.0]]])
        0.5
    """
    matrices = numbers(curvatures, "curvatures", rank=3)
    return float(np.mean(np.linalg.eigvalsh(matrices).min(axis=1) > 0))


def alignment(first: ArrayLike, second: ArrayLike) -> float:
    r"""Compare the hidden units of two networks after giving them the names that fit best.

    A unit is its weights as one vector. Units are paired so that the sum of the sizes of their
    cosines is as large as possible; with an odd activation such as tanh a unit may change its
    sign if its output weight does so too.

    Args:
        first: Weights of the units, shape (num_weights, num_units).
        second: Weights of the units of the other network, same shape.

    Returns:
        The mean size of the cosine of a pair, 0 to 1.

    Example:
        >>> round(alignment([[1.0, 0.0], [0.0, 1.0]], [[0.0, -2.0], [1.0, 0.0]]), 6)
        1.0
    """
    from scipy.optimize import linear_sum_assignment

    units = [numbers(first, "first", rank=2), numbers(second, "second", rank=2)]
    one, other = (each / np.linalg.norm(each, axis=0) for each in units)
    sizes = np.abs(one.T @ other)
    return float(sizes[linear_sum_assignment(-sizes)].mean())


# The experiment

PLACES = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)


def measure_downhill(seed: int, learning_rate: float) -> dict[str, float]:
    """Return the share of the first 100 steps on the peaks that lead uphill."""
    path = descend(peaks_gradient, PLACES, learning_rate, epochs=100)
    return {"uphill": float(np.mean(np.diff(peaks(path), axis=0) > 1e-9))}


def measure_end(seed: int, start: float) -> dict[str, float]:
    """Return where the walk of the course ends: rate 0.01, 1,000 epochs."""
    return {"end": float(descend(ripple_slope, start, learning_rate=0.01, epochs=1000)[-1])}


def measure_restarts(seed: int, num_restarts: int) -> dict[str, float]:
    """Say whether the best of so many random starts from −5 to 5 finds the deepest valley."""
    starts = np.random.default_rng(seed).uniform(-5, 5, num_restarts)
    return {"found_best": float(abs(best_of(starts) - VALLEYS[1]) < 0.05)}


def measure_escape(seed: int, offset: float) -> dict[str, float]:
    """Count the steps until a walk that starts beside the ridge is 1 away from it; nan: never."""
    path = descend(saddle_gradient, [1.0, offset], learning_rate=0.01, epochs=5000)
    escaped = np.abs(path[:, 1]) >= 1
    return {"steps": float(escaped.argmax()) if escaped.any() else np.nan}


def measure_dimension(seed: int, dimension: int) -> dict[str, float]:
    """Return the share of minima among 1,000 points with random curvature."""
    draws = np.random.default_rng(seed).normal(size=(1000, dimension, dimension))
    return {"is_minimum": share_of_minima(draws + draws.transpose(0, 2, 1))}


DOWNHILL = Experiment(
    name="downhill",
    question="Does every step lead downhill?",
    independent={"learning_rate": (0.01, 0.02, 0.05, 0.1)},
    trial=measure_downhill,
    seeds=range(1),
)
STARTS = Experiment(
    name="starts",
    question="Which starts lead to the deepest valley?",
    independent={"start": np.linspace(-5, 5, 50)},
    trial=measure_end,
    seeds=range(1),
)
RESTARTS = Experiment(
    name="restarts",
    question="How many starts does it take to find the deepest valley?",
    independent={"num_restarts": (1, 2, 5, 10)},
    trial=measure_restarts,
    seeds=range(500),
)
SADDLE = Experiment(
    name="saddle",
    question="How long does a saddle hold a walk?",
    independent={"offset": (0, 1e-12, 1e-6, 1e-3)},
    trial=measure_escape,
    seeds=range(1),
)
DIMENSION = Experiment(
    name="dimension",
    question="How many level points are minima?",
    independent={"dimension": (1, 2, 3, 4, 5, 6)},
    trial=measure_dimension,
)
WIDTH = Experiment(
    name="width",
    question="Do wider networks get stuck less often?",
    independent={"hidden_units": (2, 3, 4, 8, 16, 32), "activation": ("relu", "tanh")},
    trial=Training(
        lambda hidden_units, activation: mlp((2, hidden_units, 1), activation),
        datasets.xor(noise=0, num_examples=1, num_test=0),
        "binary_crossentropy_from_logits",
        learning_rate=0.5,
        epochs=2000,
        metrics=("accuracy",),
        keep_weights=True,
    ),
    seeds=range(100),
)


def is_stuck(results: "xr.Dataset") -> "xr.DataArray":
    """Say which networks do not solve XOR after the last epoch: 1 for stuck, 0 for solved."""
    return (results["accuracy"].isel(epoch=-1) < 1).astype(float)


def solved(results: "xr.Dataset", name: str, hidden_units: int) -> np.ndarray:
    """Return a variable after the last epoch, of the tanh networks that solve XOR."""
    chosen = results.sel(hidden_units=hidden_units, activation="tanh").isel(epoch=-1)
    return chosen[name].transpose("seed", ...).values[chosen["accuracy"].values >= 1]


def first_layers(results: "xr.Dataset", hidden_units: int) -> np.ndarray:
    """Return the first kernels of the tanh networks that solve XOR, (networks, 2, units)."""
    return solved(results, "weights_hidden_1_kernel", hidden_units)[..., :hidden_units]


def cosines(kernels: np.ndarray) -> np.ndarray:
    """Return the size of the cosine of every pair of kernels, each taken as one long vector."""
    units = kernels / np.linalg.norm(kernels, axis=(1, 2), keepdims=True)
    return np.abs(np.einsum("iab,jab->ij", units, units))[np.triu_indices(len(units), k=1)]


# The claims


def no_step_uphill(results: "xr.Dataset") -> list[Evidence]:
    """Share of the first 100 steps from 441 starts on the peaks that lead uphill."""
    uphill = results["uphill"].isel(seed=0)
    return [
        Evidence.exact(f"peaks, rate {rate}", float(share), len(PLACES), at_most=0)
        for rate, share in zip(uphill["learning_rate"].values, uphill.values, strict=True)
    ]


def wrong_valleys(results: "xr.Dataset") -> Evidence:
    """Share of the 50 starts that do not end in the deepest valley."""
    missed = float((np.abs(results["end"] - VALLEYS[1]) > 0.05).mean())
    return Evidence.exact("share that misses it", missed, results["end"].size, at_least=0.02)


def leaves_what_is_no_minimum(results: "xr.Dataset") -> list[Evidence]:
    """Does a walk leave the saddle, which is no minimum?"""
    steps = results["steps"].isel(seed=0).to_series()
    return [
        Evidence.exact(f"saddle, {offset:g} off: leaves", float(count > 0), 1, at_least=1)
        for offset, count in steps.items()
    ]


def changes(values: "xr.DataArray", levels: Sequence[int], sign: int, unit: str) -> list[Evidence]:
    """Compare each level with the one before: a rise (sign 1) or a fall (sign −1) is expected."""
    dim = str(values.dims[0])
    return [
        Evidence.from_comparison(
            f"{less} → {more} {unit}: {'rise' if sign > 0 else 'fall'}",
            paired(sign * values.sel({dim: more}), sign * values.sel({dim: less})),
            at_least=0,
        )
        for less, more in pairwise(levels)
    ]


def fewer_minima(results: "xr.Dataset") -> list[Evidence]:
    """Fall of the share of minima from one dimension to the next."""
    return changes(results["is_minimum"], (1, 2, 3, 4), -1, "dimensions")


def more_starts(results: "xr.Dataset") -> list[Evidence]:
    """Rise of the share that finds the deepest valley from one number of starts to the next."""
    return changes(results["found_best"], results["num_restarts"].values.tolist(), 1, "starts")


def fewer_stuck(results: "xr.Dataset") -> list[Evidence]:
    """Does the share of stuck networks ever rise with the width, and how far does it fall?"""
    evidence = []
    for activation in results["activation"].values:
        stuck = is_stuck(results).sel(activation=activation)
        rise = float(stuck.mean("seed").diff("hidden_units").max())
        fall = paired(stuck.isel(hidden_units=0), stuck.isel(hidden_units=-1))
        evidence += [
            Evidence.from_comparison(f"{activation}: fall, first to last", fall, at_least=0),
            Evidence.exact(
                f"{activation}: largest rise", max(rise, 0), stuck.sizes["seed"], at_most=0
            ),
        ]
    return evidence


def different_and_equal(results: "xr.Dataset") -> list[Evidence]:
    """Median cosine of the first layers of solved networks, and how far their losses differ."""
    evidence = []
    for units in (8, 16):
        loss = solved(results, "loss", units)
        angle, spread = np.median(cosines(first_layers(results, units))), loss.max() / loss.min()
        evidence += [
            Evidence.exact(f"{units} units: median cosine", angle, len(loss), at_most=0.5),
            Evidence.exact(f"{units} units: ratio of losses", spread, len(loss), at_most=2),
        ]
    return evidence


CLAIMS = (
    Claim(
        "C-local_minima-1",
        "Gradient descent is guaranteed to go downhill.",
        DOWNHILL,
        no_step_uphill,
        note="share of steps that lead uphill; holds at 0",
    ),
    Claim(
        "C-local_minima-2",
        "Going downhill does not guarantee that we find the correct solution.",
        STARTS,
        wrong_valleys,
        note="50 starts on the ripple; holds if one or more miss the deepest valley",
    ),
    Claim(
        "C-local_minima-3",
        "Descent is trapped only where a point is a minimum in all directions.",
        SADDLE,
        leaves_what_is_no_minimum,
        note="1: the walk, which starts so far beside the ridge, leaves the saddle; 0: it stays",
    ),
    Claim(
        "C-local_minima-4",
        "The higher the dimension, the fewer of the level points are minima.",
        DIMENSION,
        fewer_minima,
        note="random curvature; the share falls: interval of the difference at least 0",
    ),
    Claim(
        "C-local_minima-5",
        "Raising the dimension of the network leads to fewer bad endings.",
        WIDTH,
        fewer_stuck,
        note="share of networks that do not solve XOR: falls, and never rises on the way",
    ),
    Claim(
        "C-local_minima-6",
        "Training again from other random starts, and picking the best, helps.",
        RESTARTS,
        more_starts,
        note="share that finds the deepest valley; the rise is at least 0",
    ),
    Claim(
        "C-local_minima-7",
        "Very different weights perform equally well.",
        WIDTH,
        different_and_equal,
        note="cosine of first layers at most 0.5; largest loss at most twice the smallest",
    ),
)

# The figure


def parameters_of(results: "xr.Dataset", hidden_units: int, activation: str) -> np.ndarray:
    """Return the final weights of each network as one row, shape (seeds, 4 hidden_units + 1)."""
    chosen = results.sel(hidden_units=hidden_units, activation=activation)
    names = ("hidden_1_kernel", "hidden_1_bias", "output_kernel", "output_bias")
    parts = [chosen[f"weights_{name}"].transpose("seed", ...).values for name in names]
    rows = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
    return rows[:, ~np.isnan(rows).all(axis=0)]


def xor_logits(parameters: ArrayLike, activation: str) -> np.ndarray:
    """Compute what a network with one hidden layer says about the four inputs of XOR.

    Args:
        parameters: All weights in one row, as `parameters_of` gives them, shape
            (..., 4 hidden_units + 1).
        activation: "relu" or "tanh".

    Returns:
        The logits for (0, 0), (0, 1), (1, 0) and (1, 1), shape (..., 4).

    Example:
        >>> print(xor_logits([1.0, 1.0, 0.0, 2.0, 0.5], "relu"))
        [0.5 2.5 2.5 4.5]
    """
    values = np.asarray(parameters, dtype=float)
    first, second, bias, output = np.split(values[..., :-1, None], 4, axis=-2)
    sums = first * [0, 0, 1, 1] + second * [0, 1, 0, 1] + bias
    hidden = np.maximum(sums, 0) if activation == "relu" else np.tanh(sums)
    return (hidden * output).sum(axis=-2) + values[..., -1:]


def xor_loss(parameters: ArrayLike, activation: str) -> np.ndarray:
    """Return the mean binary cross-entropy of such a network, shape (...).

    Example:
        >>> print(xor_loss([1.0, 1.0, 0.0, 0.0, 0.0], "relu").round(4))
        0.6931
    """
    logits = xor_logits(parameters, activation)
    return np.mean(np.logaddexp(0, logits) - logits * [0, 1, 1, 0], axis=-1)


BASINS = (("green", "^"), ("blue", "o"), ("orange", "s"))


def plot_starts(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the ripple with the 50 starts, and the end of each, coloured by valley."""
    drawing, (above, below) = plots.figure(
        "Above: waves that fade to both sides, with 50 starts from −5 to 5. Below: the end of "
        "each start, a staircase: each valley collects the starts between the crests beside it.",
        rows=2,
        height=5.2,
        sharex=True,
    )
    starts, ends = results["start"].values, results["end"].isel(seed=0).values
    valley = basin(starts)
    grid = np.linspace(-8, 8, 201)
    above.plot(grid, ripple(grid), color="ink", linewidth=1.2)
    for number, (color, marker) in enumerate(BASINS):
        chosen = valley == number
        above.plot(starts[chosen], ripple(starts[chosen]), marker, color=color, markersize=4.5)
        below.plot(starts[chosen], ends[chosen], marker, color=color, markersize=4.5)
        above.plot(VALLEYS[number], ripple(VALLEYS[number]), "v", color="ink", markersize=8)
    above.set(title="50 starts on the function, ▼ minima")
    below.set(title="where they end", xlabel="start", ylim=(-8, 5.5))
    return drawing


def plot_saddle(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw a saddle with a walk that lingers on it, and the steps that leaving takes."""
    drawing, (left, right) = plots.figure(
        "Left: contour lines of a saddle; a walk comes down to its centre, where the dots lie "
        "close together, and leaves to the side. Right: distance from the ridge against steps, "
        "straight lines on a logarithmic axis.",
        columns=2,
        height=3.5,
    )
    plots.landscape(left, lambda x, y: saddle(np.stack([x, y], -1)), (-1.2, 1.2), (-1.2, 1.2),
                    color="muted")  # fmt: skip
    plots.path(left, descend(saddle_gradient, [1.0, 1e-3], 0.01, epochs=352)[::8])
    plots.plane(left)
    left.set(xlabel="x", ylabel="y", title="0.001 off the ridge")
    plots.log_axis(right, "y")
    for offset in results["offset"].values[:0:-1]:
        away = np.abs(descend(saddle_gradient, [1.0, offset], 0.01, epochs=1500)[:, 1])
        until = int(np.argmax(away >= 1)) + 1
        right.plot(np.arange(until)[::15], away[:until:15])
        plots.note(right, plots.number(offset), (0, offset), (10, -9))
    right.set(xlabel="steps", ylabel="distance from the ridge", xlim=(0, 1500), ylim=(1e-14, 3))
    right.set_xticks((0, 700, 1400))
    return drawing


def plot_dimension(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of minima among level points with random curvature."""
    drawing, axes = plots.figure(
        "Share of minima against number of parameters, on a logarithmic axis: about one half at "
        "one parameter, falling ever faster, below one in a thousand at five."
    )
    plots.log_axis(axes, "y")
    share = mean_interval(results["is_minimum"])
    shown = share.where(share["mean"] > 0)
    shown["low"] = shown["low"].clip(min=1e-5)
    plots.band(axes, results["dimension"], shown)
    axes.set(xlabel="number of parameters", ylabel="share of minima", ylim=(1e-5, 1))
    return drawing


def plot_width(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of stuck networks against the number of hidden units."""
    drawing, axes = plots.figure(
        "Share of networks that do not solve XOR against the number of hidden units, for ReLU "
        "and tanh: both fall to zero, tanh sooner."
    )
    plots.log_axis(axes, "x")
    stuck = is_stuck(results)
    for activation in results["activation"].values:
        interval = mean_interval(stuck.sel(activation=activation))
        interval["low"] = interval["low"].clip(min=0)
        plots.band(axes, results["hidden_units"], interval)
        second = (float(results["hidden_units"][1]), float(interval["mean"][1]))
        plots.note(axes, str(activation), second, (28, 14))
    axes.set(xlabel="hidden units", ylabel="share that is stuck", ylim=(0, 1))
    units = results["hidden_units"].values
    axes.set_xticks(units, [str(number) for number in units])
    return drawing


def plot_slice(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the loss on the plane through one stuck and two solved networks of two tanh units."""
    drawing, axes = plots.figure(
        "Contour lines of the loss on a plane through three networks: two that solve XOR, each in "
        "a valley of its own, and one that is stuck, on higher ground.",
        height=4.2,
    )
    rows = parameters_of(results, 2, "tanh")
    stuck = is_stuck(results).sel(hidden_units=2, activation="tanh").values == 1
    corner, (first, second) = rows[stuck][0], rows[~stuck][:2]

    def height(x, y):
        return xor_loss(
            corner + x[..., None] * (first - corner) + y[..., None] * (second - corner), "tanh"
        )

    plots.landscape(axes, height, (-0.6, 1.6), (-0.6, 1.6))
    for place, name in (((0, 0), "stuck"), ((1, 0), "solved"), ((0, 1), "solved")):
        axes.plot(*place, "o", color="accent")
        plots.note(axes, name, place, (14, 12))
    axes.set(xlabel="towards the first solved one", ylabel="towards the second", aspect="equal")
    return drawing
