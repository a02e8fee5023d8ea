"""Depth and breadth: what more layers and wider layers cost, and when they help."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.correlation import rank_correlation
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training, by
from dlbook.networks.binary_output import connections
from dlbook.networks.regression import course_start

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def layer_sizes(
    num_features: int, hidden_units: int, hidden_layers: int, num_classes: int
) -> list[int]:
    """List the sizes of a network whose hidden layers are all equally wide.

    Args:
        num_features: Inputs, 1 or more.
        hidden_units: Breadth: units of each hidden layer, 1 or more.
        hidden_layers: Depth: number of hidden layers, 0 or more.
        num_classes: Outputs, 1 or more.

    Returns:
        Inputs first, outputs last.

    Raises:
        ValueError: A number is too small.

    Example:
        >>> layer_sizes(2, 4, 3, 1)
        [2, 4, 4, 4, 1]
    """
    if min(num_features, hidden_units, num_classes) < 1 or hidden_layers < 0:
        raise ValueError(
            "`num_features`, `hidden_units` and `num_classes` must be 1 or more, `hidden_layers` "
            f"0 or more. Received: {(num_features, hidden_units, hidden_layers, num_classes)}"
        )
    return [num_features, *[hidden_units] * hidden_layers, num_classes]


def count_parameters(sizes: Sequence[int]) -> int:
    r"""Count what a fully connected network learns: $\sum_n (s_n + 1)\, s_{n+1}$.

    Between hidden layers it grows with the square of the breadth, but only in proportion to the
    depth.

    Args:
        sizes: Number of inputs, then the units of each layer; at least two numbers above 0.

    Returns:
        Weights and biases together.

    Raises:
        ValueError: There are fewer than two sizes, or one is below 1.

    Example:
        >>> count_parameters([2, 4, 3]), count_parameters([2, 2, 2, 3])
        (27, 21)
    """
    return sum(map(sum, connections(sizes)))


def widest(num_parameters: int, num_features: int, hidden_layers: int, num_classes: int) -> int:
    """Find the broadest network of a given depth within a budget of parameters.

    Args:
        num_parameters: The budget: weights and biases together.
        num_features: Inputs.
        hidden_layers: Depth, 1 or more.
        num_classes: Outputs.

    Returns:
        Units of each hidden layer; 0 if even one unit per layer is too much.

    Example:
        >>> widest(1000, 4, 1, 3)
        124
    """

    def size(units: int) -> int:
        return count_parameters(layer_sizes(num_features, units, hidden_layers, num_classes))

    return next(units for units in count() if size(units + 1) > num_parameters)


def sawtooth(inputs: ArrayLike, hidden_layers: int) -> np.ndarray:
    r"""Fold the stretch from 0 to 1 again and again, with two ReLU units per layer.

    $$h \leftarrow 2\,\mathrm{relu}(h) - 4\,\mathrm{relu}(h - \tfrac12)$$

    Every layer doubles the number of straight pieces.

    Args:
        inputs: Numbers from 0 to 1, any shape with one axis or more.
        hidden_layers: How often to fold, 0 or more.

    Returns:
        Heights from 0 to 1, same shape.

    Raises:
        ValueError: `inputs` leave the stretch from 0 to 1.

    Example:
        >>> sawtooth([0, 0.25, 0.5, 0.75, 1], 2)
        array([0., 1., 0., 1., 0.])
    """
    height = numbers(inputs, "inputs")
    if height.min() < 0 or height.max() > 1:
        raise ValueError(f"`inputs` must lie between 0 and 1. Received: {inputs!r}")
    for _ in range(hidden_layers):
        height = 2 * np.maximum(height, 0) - 4 * np.maximum(height - 0.5, 0)
    return height


# The experiment

STARTS = ("He start", "Keras' start", "course's start")
COURSE_UNITS = {2: 80, 6: 16, 11: 8, 21: 4}
CENTERS = ((1, 1), (5, 1), (4, 4))
BUDGET = 600
WIDTHS = (32, 64, 128, 256, 512)


def classifier(hidden_units: int, hidden_layers: int = 1, things: str = "flowers") -> "keras.Model":
    """Build a network for flowers (4 measures, 3 species) or digits (28 x 28 pixels, 10 kinds)."""
    num_features, num_classes = (4, 3) if things == "flowers" else (784, 10)
    return mlp(layer_sizes(num_features, hidden_units, hidden_layers, num_classes))


def examples(seed: int, things: str = "flowers") -> datasets.Data:
    """Give 90 flowers to learn from and 60 to be tested on, or 10,000 digits and as many."""
    if things == "flowers":
        return datasets.iris(seed, validation=0, test=60)
    return datasets.mnist(seed, num_examples=10_000).without_validation()


def three_clusters(seed: int, num_examples: int = 50) -> datasets.Data:
    """Draw three clouds of points, and 200 fresh points of each to be tested on."""
    data = datasets.clusters(seed, centers=CENTERS, num_examples=num_examples, num_test=200)
    return data.without_validation()


def spiral_network(hidden_layers: int) -> "keras.Sequential":
    """Build the broadest network of a certain depth with at most 600 parameters."""
    return mlp(layer_sizes(2, widest(BUDGET, 2, hidden_layers, 1), hidden_layers, 1))


def two_spirals(seed: int, turns: float) -> datasets.Data:
    """Wind two arms around each other, 200 points each, and as many to be tested on."""
    return datasets.spirals(seed, turns=turns).without_validation()


def course_network(start: str, hidden_layers: int, links: bool = False) -> "keras.Model":
    """Build the course's network of a certain depth: the deeper, the narrower.

    With residual links, each hidden layer but the first adds its result to what it got.
    """
    import keras

    inputs = values = keras.Input((2,))
    for number in range(hidden_layers):
        before, first = values, start_of(start, values.shape[-1])  # type: ignore
        values = keras.layers.Dense(COURSE_UNITS[hidden_layers], "relu", **first)(before)
        if links and number:
            values = keras.layers.Add()([before, values])
    first = start_of(start, values.shape[-1])  # type: ignore
    return keras.Model(inputs, keras.layers.Dense(3, **first)(values))


def responds(model: "keras.Model", data: datasets.Data) -> dict[str, float]:
    """Say whether the outputs differ from point to point at all, and whether they are numbers."""
    spread = np.ptp(np.asarray(model(data.x_train)), axis=0).max()
    return {"responds": float(not spread < 1e-6), "overflowed": float(np.isnan(spread))}


def start_of(start: str, inputs: int) -> dict[str, Any]:
    """Say how a layer with so many inputs starts."""
    if start == "course's start":
        return course_start(inputs)
    return {"kernel_initializer": "he_normal" if start == "He start" else "glorot_uniform"}


def spread_by_layer(start: str, hidden_layers: int, links: bool, networks: int = 5) -> np.ndarray:
    """Send the points through untrained networks; say how much each layer's values differ.

    Args:
        start: One of `STARTS`.
        hidden_layers: One of the depths in `COURSE_UNITS`.
        links: Whether the networks have residual links.
        networks: How many networks are drawn.

    Returns:
        For each hidden layer the standard deviation over 150 points: mean of the units, median of
        the networks.
    """
    import keras

    found, points = [], three_clusters(0).x_train
    for seed in range(networks):
        keras.utils.set_random_seed(seed)
        layers = course_network(start, hidden_layers, links).layers
        ends = [one for one, after in pairwise(layers) if isinstance(after, keras.layers.Dense)]
        values = keras.Model(layers[0].output, [one.output for one in ends[1:]])(points)
        found.append([np.std(np.asarray(one), axis=0).mean() for one in values])
    return np.median(found, axis=0)


LOSS = "sparse_categorical_crossentropy_from_logits"
HIDDEN_UNITS = Experiment(
    name="hidden_units",
    question="How many units does a hidden layer need to tell flowers, or digits, apart?",
    independent={"things": ("flowers",), "hidden_units": (1, 4, 16, 128), "hidden_layers": (1,)},
    full_independent={"things": ("digits",), "hidden_units": WIDTHS, "hidden_layers": (1, 2, 3)},
    full_seeds=5,
    trial=Training(
        classifier,
        examples,
        LOSS,
        learning_rate=by("things", {"digits": 0.1}, default=0.01),
        batch_size=by("things", {"digits": 50}, default=16),
        epochs=by("things", {"digits": 10}, default=150),
        metrics=("accuracy",),
        keep_curves=False,
    ),
)
BREADTH_VS_DEPTH = Experiment(
    name="breadth_vs_depth",
    question="Is a deeper network better than a broader one?",
    independent={
        "hidden_units": (4, 13, 31),
        "hidden_layers": (1, 3, 5),
        "learning_rate": (0.01, 0.1),
    },
    trial=replace(HIDDEN_UNITS.trial, batch_size=None, epochs=500),  # type: ignore
    full_independent={"hidden_units": tuple(range(4, 101, 3)), "hidden_layers": (1, 2, 3, 4, 5)},
)
EQUAL_UNITS = Experiment(
    name="equal_units",
    question="Is it better to put units side by side or one behind the other?",
    independent={"start": STARTS, "hidden_layers": (2, 11, 21)},
    full_independent={"hidden_layers": tuple(COURSE_UNITS)},
    trial=Training(
        course_network,
        three_clusters,
        LOSS,
        batch_size=8,
        epochs=50,
        metrics=("accuracy",),
        outputs=responds,
    ),
)
RESIDUAL_LINKS = replace(
    EQUAL_UNITS,
    name="residual_links",
    question="Do residual links let very deep, narrow networks learn?",
    independent={"start": STARTS, "hidden_layers": (11,)},
    trial=replace(EQUAL_UNITS.trial, model=partial(course_network, links=True)),  # type: ignore
)
SPIRALS = Experiment(
    name="spirals",
    question="What does depth buy for the same number of parameters?",
    independent={"turns": (3,), "hidden_layers": (1, 3, 5)},
    full_independent={"turns": (1.5, 3)},
    trial=Training(
        spiral_network,
        two_spirals,
        "binary_crossentropy_from_logits",
        optimizer="adam",
        epochs=500,
        metrics=("accuracy",),
    ),
)

# The claims


def gain_of_depth(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy of five hidden layers minus that of one, for each width and learning rate."""
    accuracy = results["test_accuracy"].transpose("learning_rate", ...)
    gain = accuracy.sel(hidden_layers=5) - accuracy.sel(hidden_layers=1)
    return evidence_of_each(gain, "rate {learning_rate}, {hidden_units} units wide", at_most=0.01)


def parameters_of(results: "xr.Dataset") -> "xr.DataArray":
    """Number of parameters of every shape of iris network (4 inputs, 3 outputs)."""
    units, depth = results["hidden_units"], results["hidden_layers"]
    return 5 * units + (depth - 1) * (units + 1) * units + 3 * (units + 1)


def more_is_better(results: "xr.Dataset") -> list[Evidence]:
    """Rank correlation of parameters and accuracy in each seed: over all shapes, and by depth."""
    counts, found = parameters_of(results), []
    for rate in results["learning_rate"].values:
        accuracy = results["test_accuracy"].sel(learning_rate=rate)
        accuracy = accuracy.transpose("seed", "hidden_units", "hidden_layers")
        overall = [rank_correlation(counts, one) for one in accuracy]
        found.append(Evidence.from_mean(f"rate {rate}, all shapes", overall, at_least=0.5))
        within = [
            np.mean([rank_correlation(counts[:, at], one[:, at]) for at in range(counts.shape[1])])
            for one in accuracy
        ]
        found.append(Evidence.from_mean(f"rate {rate}, equal depth", within, at_least=0.5))
    return found


def near_chance(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy of every very deep network; chance is one third."""
    accuracy = results["test_accuracy"].sel(hidden_layers=[11, 21]).transpose("hidden_layers", ...)
    return evidence_of_each(accuracy, "{hidden_layers} layers, {start}", at_most=0.4)


def gain_of_links(plain: "xr.Dataset", linked: "xr.Dataset") -> list[Evidence]:
    """Accuracy with residual links minus accuracy without, from the same first weights."""
    gain = linked["test_accuracy"] - plain["test_accuracy"]
    return evidence_of_each(gain, "{hidden_layers} layers, {start}", at_least=0.01)


def gain_on_spirals(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy of deeper networks minus that of one hidden layer with as many parameters."""
    accuracy = results["test_accuracy"]
    gain = accuracy.sel(hidden_layers=[3, 5]) - accuracy.sel(hidden_layers=1, drop=True)
    return evidence_of_each(gain, "{turns} turns, {hidden_layers} layers", at_least=0.01)


CLAIMS = (
    Claim(
        "C-depth_and_breadth-1",
        "Deeper models are not necessarily better.",
        BREADTH_VS_DEPTH,
        gain_of_depth,
        note="iris, accuracy of 5 hidden layers minus that of 1 of the same width; holds where "
        "depth gains at most 0.01",
    ),
    Claim(
        "C-depth_and_breadth-2",
        "More parameters give more accuracy.",
        BREADTH_VS_DEPTH,
        more_is_better,
        note="rank correlation of parameters and accuracy; holds from 0.5 up",
    ),
    Claim(
        "C-depth_and_breadth-3",
        "Very deep, narrow networks of ReLU units do not learn.",
        EQUAL_UNITS,
        near_chance,
        note="accuracy after the course's training, chance is 0.333; holds up to 0.4",
    ),
    Claim(
        "C-depth_and_breadth-4",
        "A deeper model can learn more complex representations.",
        SPIRALS,
        gain_on_spirals,
        note="two spirals, accuracy minus that of one hidden layer with as many parameters; holds "
        "from 0.01 up",
    ),
    Claim(
        "C-depth_and_breadth-5",
        "Residual links let very deep networks learn.",
        (EQUAL_UNITS, RESIDUAL_LINKS),
        gain_of_links,
        note="accuracy with links minus accuracy without; holds from 0.01 up",
    ),
)

# The figure

CHANCE = 1 / 3
CEILING = 0.940  # of the three clusters: the share of points that lie nearest to their own center


def plot_two_networks() -> "plots.BookFigure":
    """Draw the broad network 2-4-3 beside the deep network 2-2-2-3."""
    figure, axes = plots.diagram(
        "Two networks as graphs. Left, broad: two inputs, one hidden layer of four units, three "
        "outputs. Right, deep: two inputs, two hidden layers of two units, three outputs.",
        height=2.8,
    )
    limits = axes.get_xlim()
    for sizes, place in (((2, 4, 3), (0, 2.7)), ((2, 2, 2, 3), (3.3, 6.4))):
        axes.set_xlim(*place)
        plots.network(axes, sizes)
        name = "-".join(map(str, sizes))
        text = f"{name}: {count_parameters(sizes)} parameters"
        axes.text(sum(place) / 2, -0.05, text, ha="center", va="top")
    axes.set(xlim=limits, ylim=(-0.3, 2.8))
    return figure


def plot_sawtooth(depths: Sequence[int] = (1, 3, 5)) -> "plots.BookFigure":
    """Draw what a few folds make of the stretch from 0 to 1."""
    figure, panels = plots.figure(
        "Three saw-toothed curves between 0 and 1: one layer makes one tooth, three layers make "
        "four, five layers make sixteen.",
        rows=len(depths),
        height=4.6,
        sharex=True,
    )
    inputs = np.linspace(0, 1, 2 ** max(depths) + 1)
    for panel, depth in zip(panels, depths, strict=True):
        panel.plot(inputs, sawtooth(inputs, depth), color="blue")
        panel.set(title=f"{depth} hidden {'layer' if depth == 1 else 'layers'}", yticks=(0, 1))
    plots.share_labels(figure, x="input", y="output")
    return figure


def plot_hidden_units(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on new examples against the width, one line for each depth."""
    results = results.squeeze(drop=True)
    across = "hidden_layers" if "hidden_layers" in results.dims else None
    alt = "Accuracy on new examples against the width: it rises and levels off."
    figure, axes = plots.curves(results, "test_accuracy", "hidden_units", across, alt=alt)
    if across is None:
        plots.reference(axes, CHANCE, "guessing")
        axes.set_ylim(0.25, 1.02)
    return figure


def plot_breadth_vs_depth(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw mean accuracy as a table of width and depth, for each learning rate."""
    rates = results["learning_rate"].values
    figure, panels = plots.figure(
        "Two tables of accuracy by width and depth. At the small learning rate five narrow layers "
        "do worst and five broad ones best; at the large one nearly all cells are alike.",
        rows=len(rates),
        height=6.4,
    )
    mean = results["test_accuracy"].mean("seed")
    lowest = float(mean.min())
    for panel, rate in zip(panels, rates, strict=True):
        table = mean.sel(learning_rate=rate).transpose("hidden_layers", "hidden_units")
        plots.heatmap(panel, table, limits=(lowest, 1))
        panel.set(title=f"learning rate {rate}")
    return figure


def plot_parameters(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw mean accuracy against the number of parameters, one line for each depth."""
    counts, rates = parameters_of(results), results["learning_rate"].values
    figure, panels = plots.figure(
        "Accuracy against number of parameters, one line per depth: at the small learning rate "
        "each line rises but deeper lines lie lower; at the large one they lie together.",
        rows=len(rates),
        height=6,
        sharex=True,
    )
    for panel, rate in zip(panels, rates, strict=True):
        plots.log_axis(panel, "x")
        for depth in results["hidden_layers"].values:
            accuracy = results["test_accuracy"].sel(learning_rate=rate, hidden_layers=depth)
            interval = mean_interval(accuracy)
            plots.band(
                panel,
                counts.sel(hidden_layers=depth),
                interval,
                label=f"{depth} hidden {'layer' if depth == 1 else 'layers'}",
            )
        panel.set(title=f"learning rate {rate}", ylabel="accuracy on new flowers")
    panels[0].legend(loc="lower right")
    panels[-1].set(xlabel="parameters")
    return figure


def plot_equal_units(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy against depth for the course's networks, one line for each start."""
    figure, axes = plots.curves(
        results,
        "test_accuracy",
        "hidden_layers",
        "start",
        alt="Accuracy against hidden layers for three starts: high for 2 layers; the course's "
        "start falls to chance first, Keras' and He's start later.",
    )
    axes.set_xscale("linear")
    axes.set(xticks=results["hidden_layers"].values, ylim=(0.25, 1.02))
    plots.reference(axes, CEILING, "best possible", at=0.8)
    plots.reference(axes, CHANCE, "guessing", at=0.1)
    return figure


def plot_links(plain: "xr.Dataset", linked: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of 11 layers without and with links, one dot per network, by start."""
    figure, panels = plots.figure(
        "Accuracy of networks with 11 hidden layers, one row per start and one dot per network. "
        "Without links the He start is best and the course's at chance; with links the order is "
        "reversed.",
        rows=2,
        height=5.4,
        sharex=True,
    )
    names = {"without residual links": plain, "with residual links": linked}
    for panel, (title, results) in zip(panels, names.items(), strict=True):
        runs = results["test_accuracy"].sel(hidden_layers=11).transpose("start", "seed")
        plots.strip(panel, dict(zip(runs["start"].values, runs.values, strict=True)))
        plots.reference(panel, CHANCE, along="y")
        panel.set(title=title)
    panels[-1].set(xlabel="accuracy on fresh points")
    return figure


def share_silent(units: int, hidden_layers: int, networks: int = 500) -> float:
    """Share of untrained ReLU networks without bias that turn 150 points into the same output."""
    generator = np.random.default_rng(0)
    values = np.broadcast_to(three_clusters(0).x_train, (networks, 150, 2))
    for _ in range(hidden_layers):
        kernels = generator.normal(size=(networks, values.shape[-1], units))
        values = np.maximum(values @ (kernels * np.sqrt(2 / values.shape[-1])), 0)
    return float(np.mean(values.max(axis=(1, 2)) == 0))


def plot_silent(widths: Sequence[int] = (2, 4, 8, 16)) -> "plots.BookFigure":
    """Draw the share of untrained networks that do not respond, by depth, for some widths."""
    figure, axes = plots.figure(
        "Share of untrained networks with constant output against number of hidden layers: it "
        "rises early for layers of 2 units, later for 4, and stays near 0 for 8 and 16."
    )
    depths = (1, 2, 3, 5, 8, 11, 16, 21)
    for units in widths:
        shares = [share_silent(units, depth) for depth in depths]
        axes.plot(depths, shares, "o-", label=f"{units} units", markersize=4)
    axes.set(xlabel="hidden layers", ylabel="share of networks that do not respond")
    axes.set(ylim=(-0.03, 1.03), xticks=(1, 5, 11, 16, 21))
    plots.label_lines(axes)
    return figure


def plot_spirals(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy on two spirals, one dot per network, by depth and number of turns."""
    turns = results["turns"].values
    figure, panels = plots.figure(
        "Accuracy on two spirals, one row per depth and one dot per network, for each number of "
        "turns; all networks have about as many parameters.",
        rows=len(turns),
        height=3 * len(turns),
        sharex=True,
    )
    depths = results["hidden_layers"].values.tolist()
    shapes = [layer_sizes(2, widest(BUDGET, 2, depth, 1), depth, 1) for depth in depths]
    names = ["-".join(map(str, shape)) for shape in shapes]
    for panel, number in zip(np.atleast_1d(panels), turns, strict=True):
        runs = results["test_accuracy"].sel(turns=number).transpose("hidden_layers", "seed")
        plots.strip(panel, dict(zip(names, runs.values, strict=True)))
        panel.set(title=f"{plots.number(number)} turns", xlabel="accuracy on fresh points")
    return figure
