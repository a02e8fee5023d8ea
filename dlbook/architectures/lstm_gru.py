"""LSTM and GRU: gates decide what a memory takes in, keeps, forgets and shows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.calculus.derivatives import sigmoid
from dlbook.lab import datasets, plots
from dlbook.lab.characters import characters_of
from dlbook.lab.checks import numbers
from dlbook.lab.choice import at_own_rate
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.recurrent import count_recurrent, gradient_reach, matching_units, recurrent_network
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

GATES = ("input", "forget", "output")


def lstm_gates(
    inputs: ArrayLike, hidden_state: ArrayLike, weights: Sequence[ArrayLike]
) -> dict[str, np.ndarray]:
    r"""Compute the three gates and the candidate of an LSTM at one moment.

    $$\text{gate} = \sigma(x W + h U + b), \qquad \text{candidate} = \tanh(x W_c + h U_c + b_c)$$

    Args:
        inputs: What comes in now, $x$, shape (examples, features).
        hidden_state: What the cell said last, $h$, shape (examples, units).
        weights: Kernel (features, 4 units), recurrent kernel (units, 4 units) and bias (4 units),
            as Keras keeps them: side by side for input gate, forget gate, candidate, output gate.

    Returns:
        `"input"`, `"forget"` and `"output"`, between 0 (closed) and 1 (open), and `"candidate"`,
        between -1 and 1; each of shape (examples, units).

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> weights = np.zeros((1, 4)), np.zeros((1, 4)), [0.0, 2.0, 9.0, -2.0]
        >>> gates = lstm_gates([[5.0]], [[0.0]], weights)
        >>> {name: gate.item().__round__(2) for name, gate in gates.items()}
        {'input': 0.5, 'forget': 0.88, 'candidate': 1.0, 'output': 0.12}
    """
    sums = np.add(*_sums(inputs, hidden_state, weights, gates=4))
    enters, stays, candidate, leaves = np.split(sums, 4, axis=-1)
    return {
        "input": sigmoid(enters),
        "forget": sigmoid(stays),
        "candidate": np.tanh(candidate),
        "output": sigmoid(leaves),
    }


def lstm_step(
    inputs: ArrayLike,
    hidden_state: ArrayLike,
    cell_state: ArrayLike,
    weights: Sequence[ArrayLike],
) -> tuple[np.ndarray, np.ndarray]:
    r"""Move an LSTM on by one moment: the cell state keeps a part of itself, and adds to it.

    $$c \leftarrow \text{forget} \cdot c + \text{input} \cdot \text{candidate}, \qquad
    h = \text{output} \cdot \tanh(c)$$

    Args:
        inputs: Shape (examples, features).
        hidden_state: $h$, shape (examples, units).
        cell_state: $c$, shape (examples, units).
        weights: As for `lstm_gates`.

    Returns:
        The new hidden state and the new cell state.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> open_gates = np.zeros((1, 4)), np.zeros((1, 4)), [99.0, 99.0, 99.0, 99.0]
        >>> hidden, cell = lstm_step([[0.0]], [[0.0]], [[2.0]], open_gates)
        >>> cell.item()
        3.0
    """
    gates = lstm_gates(inputs, hidden_state, weights)
    cell = gates["forget"] * numbers(cell_state, "cell_state", rank=2)
    cell = cell + gates["input"] * gates["candidate"]
    return gates["output"] * np.tanh(cell), cell


def gru_step(
    inputs: ArrayLike, hidden_state: ArrayLike, weights: Sequence[ArrayLike]
) -> np.ndarray:
    r"""Move a GRU on by one moment: its state is a mixture of the old one and a candidate.

    $$h \leftarrow \text{update} \cdot h + (1 - \text{update}) \cdot \text{candidate}$$

    Args:
        inputs: Shape (examples, features).
        hidden_state: $h$, shape (examples, units).
        weights: Kernel (features, 3 units), recurrent kernel (units, 3 units) and two biases
            (2, 3 units), as Keras keeps them: side by side for update, reset and candidate.

    Returns:
        The new hidden state.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> keeps = np.zeros((1, 3)), np.zeros((1, 3)), [[99.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
        >>> gru_step([[5.0]], [[0.7]], keeps)
        array([[0.7]])
    """
    new, old = _sums(inputs, hidden_state, weights, gates=3)
    (update, reset, drive), (update_back, reset_back, back) = (
        np.split(one, 3, axis=-1) for one in (new, old)
    )
    keeps = sigmoid(update + update_back)
    candidate = np.tanh(drive + sigmoid(reset + reset_back) * back)
    return keeps * numbers(hidden_state, "hidden_state", rank=2) + (1 - keeps) * candidate


def _sums(
    inputs: ArrayLike, hidden_state: ArrayLike, weights: Sequence[ArrayLike], gates: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted sums of the inputs and of the hidden state, each with its bias."""
    x, h = numbers(inputs, "inputs", rank=2), numbers(hidden_state, "hidden_state", rank=2)
    kernel, recurrent, bias = (numbers(one, "weights") for one in weights)
    width = gates * h.shape[-1]
    found = (kernel.shape, recurrent.shape, bias.shape[-1])
    if len(x) != len(h) or found != ((x.shape[-1], width), (h.shape[-1], width), width):
        raise ValueError(
            f"`weights` must have shapes ({x.shape[-1]}, {width}), ({h.shape[-1]}, {width}) and "
            f"(..., {width}), and `inputs` one row per row of `hidden_state`. Received: {found}, "
            f"{len(x)} and {len(h)} rows"
        )
    biases = bias if bias.ndim == 2 else (bias, np.zeros(width))
    return x @ kernel + biases[0], h @ recurrent + biases[1]


def gates_over_time(weights: Sequence[ArrayLike], sequences: ArrayLike) -> dict[str, np.ndarray]:
    """Walk an LSTM along sequences, and note gates, cell state and hidden state at each moment.

    Args:
        weights: As for `lstm_gates`.
        sequences: Shape (examples, timesteps, features).

    Returns:
        `"input"`, `"forget"`, `"output"`, `"candidate"`, `"cell"` and `"hidden"`, each of shape
        (examples, timesteps, units).

    Example:
        >>> counter = np.zeros((1, 4)), np.zeros((1, 4)), [99.0, 99.0, 99.0, 99.0]
        >>> gates_over_time(counter, np.zeros((1, 4, 1)))["cell"].ravel()
        array([1., 2., 3., 4.])
    """
    moments = np.moveaxis(numbers(sequences, "sequences", rank=3), 1, 0)
    units = numbers(weights[1], "weights", rank=2).shape[0]
    hidden = cell = np.zeros((moments.shape[1], units))
    seen = []
    for inputs in moments:
        gates = lstm_gates(inputs, hidden, weights)
        hidden, cell = lstm_step(inputs, hidden, cell, weights)
        seen.append({**gates, "cell": cell, "hidden": hidden})
    return {name: np.stack([one[name] for one in seen], axis=1) for name in seen[0]}


# The experiment

CELLS = ("RNN", "LSTM", "LSTM, bias 0", "GRU")
PLAIN = CELLS[0]
NUM_WEIGHTS = 1153  # of a plain cell with 32 units, two features and one answer


def adding_network(cell: str) -> "keras.Sequential":
    """Build a network of about 1,153 weights for the adding problem."""
    return recurrent_network(cell, matching_units(cell.split(",")[0], 2, NUM_WEIGHTS))


def look_inside(model: Any, data: Data) -> dict[str, np.ndarray]:
    """Measure a trained network: its reach, and the gates of an LSTM at marks and elsewhere."""
    lists = data.x_test[:200]
    opening = np.full((4, 2), np.nan)
    if model.name == "LSTM":
        seen = gates_over_time(model.layers[0].get_weights(), lists)
        seen["written"] = np.abs(seen["input"] * seen["candidate"])
        marked = lists[..., 1] == 1
        parts = [seen[name].mean(axis=-1) for name in (*GATES, "written")]
        opening = np.array([[one[marked].mean(), one[~marked].mean()] for one in parts])
    return {"reach": gradient_reach(model.layers[0], lists[:16]), "opening": opening}


def untrained_reach(seed: int, cell: str) -> dict[str, np.ndarray]:
    """Measure the reach of a network of the adding problem before training, over 40 moments."""
    import keras

    lists = datasets.adding_problem(seed, num_examples=16, timesteps=40, num_test=0).x_train
    keras.utils.set_random_seed(seed)
    layer = adding_network(cell).layers[0]
    layer.build(lists.shape)
    return {"reach": gradient_reach(layer, lists)}


def sine_network(cell: str, equal: str) -> "keras.Sequential":
    """Build a network for the wave: 9 units, or about as many weights as a plain cell of 9."""
    units = 9 if equal == "units" else matching_units(cell, 1, count_recurrent(PLAIN, 9, 1) + 10)
    return recurrent_network(cell, units)


def character_network(cell: str) -> "keras.Sequential":
    """Build a network of about as many weights as an LSTM of 32 units, for 27 characters."""
    size = count_recurrent("LSTM", 32, 27) + 33 * 27
    return recurrent_network(cell, matching_units(cell, 27, size, 27), 27, return_sequences=True)


ADDING_TRIAL = Training(
    adding_network, datasets.adding_problem, "mean_squared_error", optimizer="adam", batch_size=64,
    epochs=5, outputs=look_inside,
)  # fmt: skip
ADDING = Experiment(
    "adding", "Which cell remembers a number until the end of a list?",
    {"cell": CELLS, "timesteps": (10, 30), "learning_rate": (0.01,)}, ADDING_TRIAL, range(5),
    full_independent={"timesteps": (10, 30, 60), "learning_rate": (0.001, 0.003, 0.01)},
    full_seeds=range(20),
    dims={"reach": ("lag",), "opening": ("part", "place")},
    units={"timesteps": "length of the list", "test_loss": "mean squared error on fresh lists"},
)  # fmt: skip
PLAIN_CELL = Experiment(
    "plain_cell", "Does a plain cell learn lists of 30 at another learning rate?",
    {"cell": CELLS[:1], "timesteps": (30,), "learning_rate": (0.001, 0.003, 0.01)},
    replace(ADDING_TRIAL, outputs=None), range(5), full_seeds=range(20),
)  # fmt: skip
GATES_OF_ONE = Experiment(
    "gates", "What do the gates of one trained LSTM do?", {"cell": ("LSTM",), "timesteps": (30,)},
    replace(ADDING_TRIAL, learning_rate=0.01, keep_weights=True, outputs=None), range(1),
)  # fmt: skip
REACH = Experiment(
    "reach", "How far back does the gradient reach before training?", {"cell": CELLS},
    untrained_reach, range(10), dims={"reach": ("lag",)}, full_seeds=range(20),
)  # fmt: skip
SINE_TRIAL = Training(
    sine_network, datasets.sine_waves, "mean_squared_error", optimizer="adam", learning_rate=0.01,
    batch_size=32, epochs=30,
)  # fmt: skip
SINE = Experiment(
    "sine", "Do gates help where nothing has to be remembered for long?",
    {"cell": ("RNN", "LSTM", "GRU"), "equal": ("weights",)}, SINE_TRIAL, range(10),
    full_independent={"equal": ("weights", "units")}, full_seeds=range(20),
    units={"test_loss": "mean squared error one step ahead"},
)  # fmt: skip
CHARACTER_TRIAL = Training(
    character_network, characters_of, "categorical_crossentropy_from_logits",
    optimizer="adam", learning_rate=0.01, batch_size=1024,
)  # fmt: skip
CHARACTERS = Experiment(
    "characters", "Which cell guesses the next character best?",
    {"text": ("descriptions",), "cell": ("RNN", "LSTM", "GRU"), "epochs": (5,)}, CHARACTER_TRIAL,
    range(1), full_independent={"text": ("time machine",), "epochs": (50,)}, full_seeds=range(5),
)  # fmt: skip

# The claims

GATED = ((PLAIN, "LSTM"), (PLAIN, "GRU"))


def differences(loss: "xr.DataArray", along: str, pairs: Any = GATED) -> list[Evidence]:
    """Say what the second cell of each pair saves, seed by seed, at each level of a variable."""
    return [
        Evidence.from_comparison(
            f"{level}: {worse} minus {better}",
            paired(
                loss.sel({along: level, "cell": worse}), loss.sel({along: level, "cell": better})
            ),
            at_least=0,
        )
        for level in loss[along].values.tolist()
        for worse, better in pairs
    ]


def lists_from(length: int, adding: "xr.Dataset") -> "xr.DataArray":
    """Return the test losses of lists of some length and more, each cell at its own rate."""
    loss = at_own_rate(adding, "val_loss")["test_loss"]
    return loss.sel(timesteps=loss["timesteps"] >= length)


def long_memory(adding: "xr.Dataset") -> list[Evidence]:
    """What gates save in lists of 30 and more."""
    return differences(lists_from(30, adding), "timesteps")


def lstm_or_gru(adding: "xr.Dataset") -> list[Evidence]:
    """What an LSTM saves against a GRU, at each length."""
    return differences(lists_from(0, adding), "timesteps", (("GRU", "LSTM"),))


def short_memory(adding: "xr.Dataset", sine: "xr.Dataset") -> list[Evidence]:
    """What gates save in lists of 10, and on the wave with equal numbers of weights."""
    lists = lists_from(0, adding).sel(timesteps=[10])
    waves = sine["test_loss"].sel(equal="weights").expand_dims(task=["wave"])
    return differences(lists, "timesteps") + differences(waves, "task")


def early_learning(adding: "xr.Dataset") -> list[Evidence]:
    """What the forget bias 1 saves after one epoch, at rate 0.01."""
    loss = adding["val_loss"].sel(learning_rate=0.01).isel(epoch=0)
    saved = loss.sel(cell="LSTM, bias 0") - loss.sel(cell="LSTM")
    return [
        Evidence.from_mean(f"length {length}", saved.sel(timesteps=length), at_least=0)
        for length in saved["timesteps"].values.tolist()
    ]


def stuck(rates: "xr.Dataset") -> Evidence:
    """Mean squared error of the plain cell in lists of 30, at the best of three rates."""
    loss = at_own_rate(rates, "val_loss")["test_loss"].isel(cell=0, timesteps=0)
    return Evidence.from_mean("length 30", loss, at_least=0.15)


def relative_reach(results: "xr.Dataset", lag: int) -> Any:
    """Return the reach over some moments, as a power of ten of that to the last input."""
    return np.log10(results["reach"].isel(lag=lag) / results["reach"].isel(lag=0))


def reach_gained(before: "xr.Dataset", adding: "xr.Dataset") -> list[Evidence]:
    """How many powers of ten farther the gradient of gated cells reaches, over 29 moments."""
    trained = at_own_rate(adding.sel(timesteps=30), "val_loss")
    found = {"untrained": relative_reach(before, 29), "trained": relative_reach(trained, 29)}
    return [
        Evidence.from_mean(
            f"{when}: {cell} minus RNN", reach.sel(cell=cell) - reach.sel(cell=PLAIN), at_least=0
        )
        for when, reach in found.items()
        for cell in ("LSTM", "GRU")
    ]


RULE = "paired by seed; holds if the interval is above 0"
CLAIMS = (
    Claim(
        "C-lstm_gru-1", "Gated cells remember longer.", ADDING, long_memory,
        f"mean squared error in lists of 30 and more, RNN minus gated, equal weights, {RULE}",
    ),
    Claim(
        "C-lstm_gru-2", "LSTM beats GRU.", ADDING, lstm_or_gru,
        f"mean squared error, GRU minus LSTM, {RULE}",
    ),
    Claim(
        "C-lstm_gru-3", "Gated is always better.", (ADDING, SINE), short_memory,
        f"RNN minus gated where little has to be remembered, {RULE}",
    ),
    Claim(
        "C-lstm_gru-4", "A forget gate that starts open (bias 1) helps early learning.",
        ADDING, early_learning,
        f"loss on validation lists after one epoch, bias 0 minus bias 1, rate 0.01, {RULE}",
    ),
    Claim(
        "C-lstm_gru-5", "The plain RNN cannot learn 30 steps.", PLAIN_CELL, stuck,
        "mean squared error at its own rate; it cannot if this is 0.15 or more (answer 1: 0.167)",
    ),
    Claim(
        "C-lstm_gru-6", "Gates carry the gradient farther.", (REACH, ADDING), reach_gained,
        f"slope over 29 moments, in powers of ten of that of the last, gated minus RNN, {RULE}",
    ),
)  # fmt: skip

# The figure

ALWAYS_ONE = 1 / 6  # mean squared error of the answer 1 in the adding problem
NAMES = {PLAIN: "RNN", "LSTM": "LSTM", "LSTM, bias 0": "bias 0", "GRU": "GRU"}
SHADES = {PLAIN: "red", "LSTM": "blue", "LSTM, bias 0": "sky", "GRU": "orange"}


def _typical(values: Any) -> Any:
    """Return the geometric mean over seeds, with its interval."""
    logarithms: Any = np.log10(values)
    return 10 ** mean_interval(logarithms)


def plot_adding(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error against the length of the list, each cell at its own rate."""
    figure, axes = plots.figure(
        "Mean squared error on fresh lists against the length of the list, one line per cell, on "
        "a logarithmic axis; a dashed line shows the error of always answering 1."
    )
    axes.set_yscale("log")
    loss = at_own_rate(results, "val_loss")["test_loss"]
    for cell in loss["cell"].values.tolist():
        found = _typical(loss.sel(cell=cell))
        plots.band(axes, loss["timesteps"], found, label=NAMES[cell], color=SHADES[cell])
    plots.reference(axes, ALWAYS_ONE, "always 1")
    axes.set(xlabel="length of the list", ylabel="mean squared error on fresh lists")
    axes.set_xticks(loss["timesteps"].values)
    plots.label_lines(axes)
    return figure


def plot_learning(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the validation loss after each epoch for lists of 30, at rate 0.01."""
    figure, axes = plots.figure(
        "Loss on validation lists of 30 numbers after each of five epochs, one line per cell."
    )
    loss = results["val_loss"].sel(timesteps=30, learning_rate=0.01)
    for cell in loss["cell"].values.tolist():
        found = mean_interval(loss.sel(cell=cell))
        plots.band(axes, loss["epoch"], found, label=NAMES[cell], color=SHADES[cell])
    plots.reference(axes, ALWAYS_ONE)
    axes.set(xlabel="epoch", ylabel="mean squared error on validation lists", ylim=(0, 0.2))
    axes.set_xticks(loss["epoch"].values)
    plots.label_lines(axes)
    return figure


def plot_plain_cell(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error of the plain cell on lists of 30 at each learning rate."""
    figure, axes = plots.figure(
        "Mean squared error of the plain cell on fresh lists of 30, one dot per network, at three "
        "learning rates; a dashed line shows the error of always answering 1.",
        height=2.6,
    )
    loss = results["test_loss"].isel(cell=0, timesteps=0).transpose("learning_rate", "seed")
    rates = [f"rate {plots.number(rate)}" for rate in loss["learning_rate"].values]
    plots.strip(axes, dict(zip(rates, loss.values, strict=True)))
    plots.reference(axes, ALWAYS_ONE, along="y")
    axes.set(xlabel="mean squared error (dashed: always 1)", xlim=(0, 0.2))
    return figure


def plot_reach(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the reach of the gradient against the lag, for untrained networks."""
    return _reach_curves(results["reach"], "untrained networks, over 40 moments")


def plot_trained_reach(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the reach of the gradient against the lag, for networks trained on lists of 30."""
    reach = results["reach"].sel(timesteps=30, learning_rate=0.01).isel(lag=slice(30))
    return _reach_curves(reach, "networks trained on lists of 30")


def _reach_curves(reach: "xr.DataArray", of_what: str) -> "plots.BookFigure":
    figure, axes = plots.figure(
        f"Slope of the last state by an earlier input against how many moments ago it came, for "
        f"{of_what}, one line per cell, on a logarithmic axis."
    )
    axes.set_yscale("log")
    lags = np.arange(reach.sizes["lag"])
    for cell in reach["cell"].values.tolist():
        found = _typical(reach.sel(cell=cell))
        plots.band(axes, lags, found, label=NAMES[cell], color=SHADES[cell])
    axes.set(xlabel="moments ago", ylabel="slope of the last state by the input")
    plots.label_lines(axes)
    return figure


def _draw_way(axes: Any, name: str, state: str, height: float, factor: str, addend: str) -> None:
    """Draw the way of one state: times a factor, plus something, and tanh in a plain cell."""
    plain = name == PLAIN
    add, width = (2.6, 0.95) if plain else (3.4, 2.5)
    axes.annotate(name, (0.05, height + 0.4), weight="bold")
    for place in (0.35, 5.95):
        plots.circle(axes, (place, height), state, color="blue")
    plots.circle(axes, (1.6, height), "×", color="accent")
    plots.circle(axes, (add + 0.3, height), "+", color="green")
    if plain:
        plots.box(axes, (4.4, height), "tanh", width=0.9, color="red")
        plots.arrow(axes, (4.9, height), (5.65, height))
    plots.arrow(axes, (0.65, height), (1.3, height))
    plots.arrow(axes, (1.9, height), (add, height))
    plots.arrow(axes, (add + 0.6, height), (3.9 if plain else 5.65, height))
    below = ((1.6, factor, 0.95 if plain else 1.4), (add + 0.3, addend, width))
    for place, text, wide in below:
        plots.box(axes, (place, height - 0.9), text, width=wide, height=0.5, color="muted")
        plots.arrow(axes, (place, height - 0.62), (place, height - 0.3))


def plot_cells() -> "plots.BookFigure":
    """Draw what happens to the state of the three cells in one moment, with the same symbols."""
    drawing, axes = plots.diagram(
        "Three rows, each from a state at the left to the new state at the right. RNN: times "
        "weights, plus the inputs, then tanh. LSTM: times the forget gate, plus input gate times "
        "candidate. GRU: times the update gate, plus the rest times the candidate.",
        height=5.6,
    )
    rows = (
        ("RNN", "h", 5.0, "weights", "inputs"),
        ("LSTM", "c", 3.15, "forget gate", "input gate · candidate"),
        ("GRU", "h", 1.3, "update gate", "(1 − update) · candidate"),
    )
    for row in rows:
        _draw_way(axes, *row)
    return drawing


def weights_of(results: "xr.Dataset") -> list[np.ndarray]:
    """Return the weights of the one network of the experiment `gates`, in Keras' order."""
    names = [name for name in results.data_vars if str(name).startswith("weights_")]
    return [results[name].isel(cell=0, timesteps=0, seed=0).values for name in names]


def memory_unit(results: "xr.Dataset") -> int:
    """Find the unit whose input gate differs most between marked and other numbers."""
    lists = datasets.adding_problem(0).x_test
    gate = gates_over_time(weights_of(results)[:3], lists)["input"]
    marked = lists[..., 1] == 1
    return int(np.argmax(gate[marked].mean(axis=0) - gate[~marked].mean(axis=0)))


def plot_gates(results: "xr.Dataset", example: int = 0) -> "plots.BookFigure":
    """Draw one list, and the gates and the cell state of one unit that reads it."""
    unit, chosen = memory_unit(results), datasets.adding_problem(0).x_test[example]
    seen = gates_over_time(weights_of(results)[:3], chosen[np.newaxis])
    figure, (above, middle, below) = plots.figure(
        "Three panels over the 30 moments of a list: the numbers with two of them marked, the "
        "input gate and the forget gate of one unit, and its cell state.",
        rows=3,
        height=5.6,
        sharex=True,
    )
    moments, marked = np.arange(1, len(chosen) + 1), chosen[:, 1] == 1
    for which, color in ((~marked, "grid"), (marked, "accent")):
        above.bar(moments[which], chosen[which, 0], color=color)
    for name, color in (("input", "blue"), ("forget", "orange")):
        middle.plot(moments, seen[name][0, :, unit], color=color, label=name)
    below.plot(moments, seen["cell"][0, :, unit], color="green")
    above.set(ylabel="number (coloured: marked)", ylim=(0, 1))
    middle.set(ylabel="gate: 0 closed, 1 open", ylim=(0, 1.05))
    below.set(ylabel="cell state", xlabel="moment")
    plots.label_lines(middle)
    return figure


def plot_sine(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the error on the wave for every cell, with equal weights and with equal units."""
    figure, axes = plots.figure(
        "Mean squared error one step ahead on the wave, as a power of ten, one dot per network, "
        "for three cells with equal numbers of weights.",
        height=0.8 + 0.6 * results["cell"].size * results["equal"].size,
    )
    loss: Any = np.log10(results["test_loss"])
    rows = {
        (cell if equal == "weights" else f"{cell}, 9 units"): loss.sel(
            cell=cell, equal=equal
        ).values
        for equal in results["equal"].values.tolist()
        for cell in results["cell"].values.tolist()
    }
    plots.strip(axes, rows)
    axes.set(xlabel="mean squared error one step ahead (power of ten)")
    return figure
