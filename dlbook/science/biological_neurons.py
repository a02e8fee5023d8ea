"""Artificial and biological neurons: what one unit can compute, and what it cannot."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr

# The idea


def mcculloch_pitts(inputs: ArrayLike, weights: ArrayLike, threshold: float) -> np.ndarray:
    r"""Fire if the weighted sum reaches the threshold: $1$ if $\sum_i w_i x_i \ge \theta$, else 0.

    Args:
        inputs: Zeros and ones $x$, shape (..., num_inputs).
        weights: Weights $w$, shape (num_inputs,): above 0 excites, below 0 inhibits.
        threshold: $\theta$, in the unit of the weighted sum.

    Returns:
        0 or 1, shape (...).

    Raises:
        ValueError: There is not one weight for each input.

    Example:
        >>> mcculloch_pitts([[0, 0], [0, 1], [1, 1]], weights=[1, 1], threshold=0.5)
        array([0, 1, 1])
    """
    values, factors = numbers(inputs, "inputs"), numbers(weights, "weights", rank=1)
    if values.shape[-1] != len(factors):
        raise ValueError(
            f"`weights` must hold one weight for each of the {values.shape[-1]} inputs. "
            f"Received: {len(factors)} weights"
        )
    return np.asarray(values @ factors >= threshold).astype(int)


def either(inputs: ArrayLike) -> np.ndarray:
    """Or: fire if at least one of two inputs does; weights (1, 1), threshold 0.5.

    Example:
        >>> either([[0, 0], [0, 1], [1, 0], [1, 1]])
        array([0, 1, 1, 1])
    """
    return mcculloch_pitts(inputs, weights=(1, 1), threshold=0.5)


def and_not(inputs: ArrayLike) -> np.ndarray:
    """Fire if the first input does and the second does not; weights (1, -1), threshold 0.5.

    Example:
        >>> and_not([[0, 0], [0, 1], [1, 0], [1, 1]])
        array([0, 0, 1, 0])
    """
    return mcculloch_pitts(inputs, weights=(1, -1), threshold=0.5)


def coincidence(inputs: ArrayLike) -> np.ndarray:
    """And: fire if both inputs do at once; weights (1, 1), threshold 1.5.

    Example:
        >>> coincidence([[0, 0], [0, 1], [1, 0], [1, 1]])
        array([0, 0, 0, 1])
    """
    return mcculloch_pitts(inputs, weights=(1, 1), threshold=1.5)


def weigh(signal: ArrayLike, weight: float) -> np.ndarray:
    """Multiply a signal: a weight between 0 and 1 attenuates it, one above 1 amplifies it.

    Args:
        signal: Values in time, shape (num_steps,).
        weight: Above 0.

    Returns:
        The weighted signal, same shape.

    Example:
        >>> weigh([2, 4], weight=0.5)
        array([1., 2.])
    """
    return positive(weight, "weight") * numbers(signal, "signal", rank=1)


def low_pass(signal: ArrayLike, time_constant: float) -> np.ndarray:
    r"""Smooth a signal with a leaky memory: $v_t = d\,v_{t-1} + (1 - d)\,x_t$, $d = e^{-1/\tau}$.

    Args:
        signal: Values $x$, one per time step, shape (num_steps,).
        time_constant: $\tau$ above 0, in steps: how long the memory lasts.

    Returns:
        The smooth signal $v$, same shape. It begins at rest, 0.

    Example:
        >>> low_pass([1, 1, 0], time_constant=1).round(3)
        array([0.632, 0.865, 0.318])
    """
    decay = np.exp(-1 / positive(time_constant, "time_constant"))
    smooth, value = [], 0.0
    for one in numbers(signal, "signal", rank=1):
        value = decay * value + (1 - decay) * one
        smooth.append(value)
    return np.array(smooth)


def segregate(inputs: ArrayLike, branches: Sequence[Sequence[int]]) -> np.ndarray:
    """Fire if all inputs of at least one branch fire: a threshold per branch, then one more.

    Args:
        inputs: Zeros and ones, shape (..., num_inputs).
        branches: For each dendritic branch, which inputs sit on it.

    Returns:
        0 or 1, shape (...).

    Example:
        >>> segregate([[1, 1, 0, 0], [1, 0, 1, 0]], branches=[(0, 1), (2, 3)])
        array([1, 0])
    """
    values = numbers(inputs, "inputs")
    local = [
        mcculloch_pitts(values[..., list(branch)], np.ones(len(branch)), len(branch) - 0.5)
        for branch in branches
    ]
    return mcculloch_pitts(np.stack(local, axis=-1), np.ones(len(local)), threshold=0.5)


def peak_of_two_pulses(delay: float, time_constant: float, size: float = 0.6) -> float:
    r"""Return the highest potential after two pulses: $s + s\,e^{-\Delta/\tau}$.

    Args:
        delay: Time $\Delta$ between the pulses, 0 or more, in ms.
        time_constant: $\tau$ above 0, in ms: how slowly the first pulse leaks away.
        size: Size $s$ of each pulse; the threshold is 1.

    Returns:
        The potential right after the second pulse.

    Example:
        >>> peak_of_two_pulses(delay=0, time_constant=10)
        1.2
    """
    return size + size * float(np.exp(-delay / positive(time_constant, "time_constant")))


def truth_table(num_inputs: int) -> np.ndarray:
    """Return all combinations of zeros and ones, shape (2**num_inputs, num_inputs).

    Example:
        >>> truth_table(2).tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return np.array(list(product((0, 1), repeat=num_inputs)))


def search(num_inputs: int, largest: int = 3) -> np.ndarray:
    """Try every unit with whole weights: return what each answers on the truth table.

    Args:
        num_inputs: 1 to 4; the number of units grows like (2 * largest + 1)**num_inputs.
        largest: Weights run from -largest to largest.

    Returns:
        0 or 1, one row per unit, one column per row of the truth table.

    Example:
        >>> search(1, largest=1).shape
        (12, 2)
    """
    steps = range(-largest, largest + 1)
    weights = np.array(list(product(steps, repeat=num_inputs)))
    sums = weights @ truth_table(num_inputs).T
    highest = largest * num_inputs
    thresholds = np.arange(-highest, highest + 2) - 0.5
    answers = sums[:, None, :] >= thresholds[:, None]
    return answers.reshape(-1, 2**num_inputs).astype(int)


# The experiment

BRANCHES = ((0, 1), (2, 3))
OPERATIONS: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "or": (2, either),
    "and-not": (2, and_not),
    "coincidence": (2, coincidence),
    "two branches": (4, lambda table: segregate(table, BRANCHES)),
    "either, not both": (2, lambda table: table[:, 0] ^ table[:, 1]),
}


def count_functions(seed: int, num_inputs: int) -> dict[str, float]:
    """Count the different functions that one unit computes, and their share of all."""
    computable = len(np.unique(search(num_inputs), axis=0))
    return {"computable": computable, "share": computable / 2 ** (2**num_inputs)}


def count_units(seed: int, operation: str) -> dict[str, float]:
    """Count the units that perform an operation, among all that are tried."""
    num_inputs, perform = OPERATIONS[operation]
    answers = search(num_inputs)
    right = (answers == perform(truth_table(num_inputs))).all(axis=1)
    return {"units_found": int(right.sum()), "units_tried": len(answers)}


def fire_on_two(seed: int, delay: float, time_constant: float) -> dict[str, float]:
    """Return whether two pulses make a spike, in a unit with and in one without memory."""
    together = 1.2 if delay == 0 else 0.6
    peak = peak_of_two_pulses(delay, time_constant)
    return {"spike": float(peak >= 1), "without_memory": float(together >= 1)}


def measure_gain(seed: int, period: int, unit: str) -> dict[str, float]:
    """Return how much of a sine wave of some period a unit lets through."""
    wave = np.sin(2 * np.pi * np.arange(400) / period)
    output = low_pass(wave, time_constant=10) if unit == "leaky memory" else weigh(wave, 0.5)
    return {"gain": float(output[-200:].std() / wave[-200:].std())}


BOOLEAN_FUNCTIONS = Experiment(
    name="boolean_functions",
    question="How many yes-no functions can one artificial neuron compute?",
    independent={"num_inputs": (1, 2, 3, 4)},
    trial=count_functions,
    seeds=range(1),
    units={"num_inputs": "inputs", "share": "share of all functions"},
)
OPERATION = Experiment(
    name="operation",
    question="Which operations can one artificial neuron perform?",
    independent={"operation": tuple(OPERATIONS)},
    trial=count_units,
    seeds=range(1),
)
COINCIDENCE = Experiment(
    name="coincidence",
    question="How close in time must two pulses be to make a spike?",
    independent={"time_constant": (5, 10, 20), "delay": tuple(np.arange(41) / 2)},
    trial=fire_on_two,
    seeds=range(1),
    units={"delay": "delay (ms)", "time_constant": "time constant (ms)"},
)
FILTERING = Experiment(
    name="filtering",
    question="Which waves does a unit let through?",
    independent={"unit": ("leaky memory", "no memory"), "period": (5, 10, 20, 50, 100, 200)},
    trial=measure_gain,
    seeds=range(1),
    units={"period": "period (ms)", "gain": "part that passes"},
)

# The claims


def units_that_perform(*operations: str) -> "Callable[[xr.Dataset], list[Evidence]]":
    """Return a measure: the number of units found for each operation."""

    def measure(results: "xr.Dataset") -> list[Evidence]:
        found, tried = results["units_found"].max("seed"), results["units_tried"].max("seed")
        return [
            Evidence.exact(
                name,
                int(found.sel(operation=name)),
                int(tried.sel(operation=name)),
                at_least=1,
                unit="units",
            )
            for name in operations
        ]

    return measure


def need_of_memory(pulses: "xr.Dataset", waves: "xr.Dataset") -> list[Evidence]:
    """How much the answers depend on timing, without memory and with it."""
    later, gain = pulses.sel(delay=slice(0.5, None)), waves["gain"]
    without = {
        "delays, without memory": later["without_memory"],
        "periods, without memory": gain.sel(unit="no memory"),
    }
    with_memory = {
        "delays, with memory": later["spike"],
        "periods, with memory": gain.sel(unit="leaky memory"),
    }
    return [
        Evidence.exact(name, float(values.max() - values.min()), values.size, at_most=1e-12)
        for name, values in without.items()
    ] + [
        Evidence.exact(name, float(values.max() - values.min()), values.size, at_least=0.5)
        for name, values in with_memory.items()
    ]


CLAIMS = (
    Claim(
        "C-biological_neurons-1",
        "One artificial neuron computes or, and-not and coincidence.",
        OPERATION,
        units_that_perform("or", "and-not", "coincidence"),
        note="number of units, among all that were tried, that perform it; holds from 1 on",
    ),
    Claim(
        "C-biological_neurons-2",
        "One artificial neuron equals a real one with segregated branches.",
        OPERATION,
        units_that_perform("two branches"),
        note="number of units that compute (a and b) or (c and d); holds from 1 on",
    ),
    Claim(
        "C-biological_neurons-3",
        "Low-pass filtering and coincidence in time need memory.",
        (COINCIDENCE, FILTERING),
        need_of_memory,
        note="largest minus smallest answer over all timings; holds if 0 without memory and 0.5 "
        "or more with it",
    ),
)

# The figure


def plot_operations() -> "plots.BookFigure":
    """Draw the seven operations, inputs above and output below, in time."""
    logic, four = np.repeat(truth_table(2), 6, axis=0), np.repeat(truth_table(4), 2, axis=0)
    pulse = np.sin(np.pi * np.arange(25) / 24) ** 2
    noisy = np.clip(0.25 + 0.5 * (np.arange(60) > 20) + 0.25 * (-1.0) ** np.arange(60), 0, 1)
    panels = {
        "and-not": (*logic.T, and_not(logic)),
        "or": (*logic.T, either(logic)),
        "coincidence": (*logic.T, coincidence(logic)),
        "low-pass filter": (noisy, low_pass(noisy, 8)),
        "attenuation": (0.9 * pulse, weigh(0.9 * pulse, 0.4)),
        "amplification": (0.4 * pulse, weigh(0.4 * pulse, 2.2)),
        "segregation": (*four.T, segregate(four, BRANCHES)),
    }
    drawing, grid = plots.figure(
        "Seven small panels, one for each operation, with the inputs above and the output below: "
        "for example or fires whenever one of its inputs does.",
        rows=4,
        columns=2,
        height=8.4,
    )
    for axes, (name, signals) in zip(grid.flat, panels.items(), strict=False):
        _stack(axes, signals)
        axes.set(title=name)
    grid[3, 1].set_axis_off()
    return drawing


def _stack(axes, signals) -> None:
    """Draw signals on top of each other; the last one is the output."""
    names = [*"abcd"[: len(signals) - 1], "out"]
    for row, (name, values) in enumerate(zip(names, signals, strict=True)):
        floor = len(signals) - row + (0 if name != "out" else -0.25)
        color = "accent" if name == "out" else "blue"
        time = np.arange(len(values))
        axes.fill_between(time, floor, floor + 0.8 * values, step="mid", color=color, alpha=0.85)
        axes.plot(time, np.full(len(time), floor), color=color, linewidth=0.8)
    axes.set(xticks=[], ylim=(0.6, len(signals) + 1))
    axes.set_yticks([1, *range(2, len(signals) + 1)], names[::-1])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)


def plot_segregation() -> "plots.BookFigure":
    """Draw a neuron with two branches as a network of three units."""
    drawing, axes = plots.diagram(
        "A small network: inputs a and b lead to branch 1, c and d to branch 2, and both branches "
        "to the body of the cell.",
        height=2.8,
    )
    rows = (2.4, 1.8, 1.0, 0.4)
    body = plots.circle(axes, (5.2, 1.4), "or", radius=0.34)
    for number, (first, second) in enumerate(BRANCHES, start=1):
        branch = (3.0, (rows[first] + rows[second]) / 2)
        for source in (first, second):
            place = plots.circle(axes, (0.8, rows[source]), "abcd"[source], color="muted")
            plots.arrow(axes, (place[0] + 0.28, place[1]), (branch[0] - 0.38, branch[1]))
        plots.circle(axes, branch, "and", radius=0.34)
        axes.text(branch[0], branch[1] + 0.4, f"branch {number}", ha="center", color="muted")
        plots.arrow(axes, (branch[0] + 0.38, branch[1]), (body[0] - 0.36, body[1]))
    axes.text(body[0], body[1] + 0.42, "body of the cell", ha="center", color="muted")
    return drawing


def plot_boolean_functions(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of functions that one unit computes against its number of inputs."""
    drawing, axes = plots.figure(
        "Share of functions against inputs on a logarithmic axis: all of them for one input, "
        "nearly none for four."
    )
    plots.log_axis(axes, "y")
    inputs, share = results["num_inputs"].values, results["share"].isel(seed=0).values
    axes.plot(inputs, share, "o-", color="blue")
    for count, one, part in zip(results["computable"].isel(seed=0).values, inputs, share,
                                strict=True):  # fmt: skip
        text = f"{int(count):,} of {2 ** (2 ** int(one)):,}"
        side = "right" if one == inputs[-1] else "left"
        axes.annotate(text, (one, part), (-12, -10) if side == "right" else (8, 6),
                      textcoords="offset points", ha=side)  # fmt: skip
    axes.set(xlabel="inputs", ylabel="share of all functions", xticks=inputs)
    axes.set(xlim=(0.9, 4.3), ylim=(0.01, 2))
    return drawing


def plot_coincidence(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw which delays make a spike, for each time constant, and the border of the theory."""
    drawing, axes = plots.figure(
        "Delay against time constant: full dots to the left of a slanting line, where two pulses "
        "make a spike, hollow dots to its right."
    )
    for constant in results["time_constant"].values:
        spikes = results["spike"].sel(time_constant=constant).isel(seed=0).values > 0
        delays = results["delay"].values
        level = np.full(len(delays), constant)
        axes.plot(delays[spikes], level[spikes], "o", color="blue", markersize=6)
        axes.plot(delays[~spikes], level[~spikes], "o", color="muted", markersize=3, alpha=0.5)
    ends = np.array([2, 23])
    axes.plot(np.log(1.5) * ends, ends, color="accent")
    plots.note(axes, "border of the theory", (np.log(1.5) * 15, 15), (30, 0), color="accent")
    axes.set(xlabel="delay (ms)", ylabel="time constant (ms)", ylim=(0, 24), yticks=(5, 10, 20))
    return drawing


def plot_filtering(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the part of a wave that passes against its period, with and without memory."""
    alt = (
        "Part of a wave that passes against its period: with memory it rises from almost nothing "
        "to almost all, without memory it is level."
    )
    drawing, axes = plots.figure(alt)
    plots.log_axis(axes, "x")
    for unit in results["unit"].values:
        gain = results["gain"].sel(unit=unit).isel(seed=0)
        axes.plot(results["period"], gain, "o-", label=str(unit))
    axes.set(xlabel="period (ms)", ylabel="part that passes", ylim=(0, 1))
    plots.label_lines(axes)
    return drawing
