"""Interpretability: what can be read from a trained network, and what cannot."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.least_squares import r_squared, t_values
from dlbook.lab.models import mlp
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr
    from matplotlib.axes import Axes

# The idea

Layers = Sequence[tuple[np.ndarray, np.ndarray]]
Predict = Callable[[np.ndarray], np.ndarray]


def by_hand(inputs: ArrayLike, layers: Layers) -> list[tuple[np.ndarray, np.ndarray]]:
    r"""Compute a network layer by layer: $z = xW + b$, then $a = \max(z, 0)$ in hidden layers.

    Args:
        inputs: One example, shape (features,), or several, shape (examples, features).
        layers: Kernel, shape (inputs, units), and bias, shape (units,), of each layer in order.

    Returns:
        Weighted sums $z$ and activations $a$ of each layer; in the last one they are the same.

    Raises:
        ValueError: `inputs` are empty or not finite.

    Example:
        >>> network = [([[1.0], [2.0]], [-4.0]), ([[3.0]], [0.5])]
        >>> for weighted_sum, activation in by_hand([1.0, 2.0], network):
        ...     print(weighted_sum, activation)
        [1.] [1.]
        [3.5] [3.5]
    """
    values, found = numbers(inputs, "inputs"), []
    for place, (kernel, bias) in enumerate(layers, start=1):
        weighted_sum = values @ np.asarray(kernel) + np.asarray(bias)
        values = weighted_sum if place == len(layers) else np.maximum(weighted_sum, 0)
        found.append((weighted_sum, values))
    return found


def ablate(layers: Layers, layer: int, unit: int) -> Layers:
    """Remove one hidden unit: nobody listens to it any more.

    Args:
        layers: Kernel and bias of each layer.
        layer: Number of a hidden layer, 0 for the first.
        unit: Number of the unit, 0 for the first.

    Returns:
        Layers in which the weights that lead away from the unit are 0.

    Raises:
        IndexError: There is no such hidden unit.

    Example:
        >>> network = [([[1.0, 1.0]], [0.0, 0.0]), ([[2.0], [3.0]], [0.0])]
        >>> ablate(network, 0, 1)[1][0]
        array([[2.],
               [0.]])
    """
    if not 0 <= layer < len(layers) - 1 or not 0 <= unit < np.size(layers[layer][1]):
        raise IndexError(f"`layer` and `unit` must name a hidden unit. Received: {layer}, {unit}")
    kernel, bias = layers[layer + 1]
    kept = np.arange(len(kernel)) != unit
    return [*layers[: layer + 1], (np.asarray(kernel) * kept[:, None], bias), *layers[layer + 2 :]]


def permutation_importance(
    predict: Predict, inputs: ArrayLike, targets: ArrayLike, seed: int = 0, repeats: int = 10
) -> np.ndarray:
    r"""Measure how much $R^2$ falls when one feature is shuffled among the examples.

    Args:
        predict: The model: takes inputs, returns predictions.
        inputs: Shape (examples, features).
        targets: Shape (examples,) or (examples, 1).
        seed: For the shuffles.
        repeats: Shuffles per feature, of which the mean is taken.

    Returns:
        Fall of $R^2$ for each feature, shape (features,). Near 0: the model does without it.

    Example:
        >>> points = np.random.default_rng(0).normal(size=(200, 2))
        >>> permutation_importance(lambda x: x[:, 0], points, points[:, 0]).round() + 0
        array([2., 0.])
    """
    inputs, generator = numbers(inputs, "inputs", rank=2), np.random.default_rng(seed)
    before, falls = r_squared(targets, predict(inputs)), np.zeros((repeats, inputs.shape[1]))
    for repeat, feature in np.ndindex(falls.shape):
        shuffled = inputs.copy()
        shuffled[:, feature] = generator.permutation(shuffled[:, feature])
        falls[repeat, feature] = before - r_squared(targets, predict(shuffled))
    return falls.mean(0)


def match_units(activations_a: ArrayLike, activations_b: ArrayLike) -> np.ndarray:
    """Pair every unit of one network with a unit of another that behaves most like it.

    The pairs are chosen together, so that the sum of their correlations is largest (the Hungarian
    method). A unit that never changes is like no other: correlation 0.

    Args:
        activations_a: Activations of one network's units, shape (examples, units).
        activations_b: Those of another network on the same examples.

    Returns:
        Correlation of each unit of the first network with its partner, shape (units,).

    Raises:
        ValueError: The numbers of examples differ, or a value is not finite.

    Example:
        >>> units = np.random.default_rng(0).normal(size=(50, 3))
        >>> match_units(units, units[:, [2, 0, 1]]).round(6)
        array([1., 1., 1.])
    """
    from scipy.optimize import linear_sum_assignment

    first = numbers(activations_a, "activations_a", rank=2)
    second = numbers(activations_b, "activations_b", rank=2)
    with np.errstate(invalid="ignore"):
        both = np.nan_to_num(np.corrcoef(first, second, rowvar=False))
    likeness = both[: first.shape[1], first.shape[1] :]
    return likeness[linear_sum_assignment(likeness, maximize=True)]


# The experiment

SINGLES = [(one,) for one in range(6)]
PAIRS = list(combinations(range(6), 2))
TERMS: dict[str, list] = {"regression": SINGLES, "regression with products": [*SINGLES, *PAIRS]}
ANALYSTS = (*TERMS, "network")

held_out_digits = partial(datasets.digits, validation=0, test=717)


def patients(seed: int, condition: str) -> datasets.Data:
    """Split the 442 patients into 300 and 142: the same way for each start, or not."""
    return datasets.diabetes(seed if condition == "other patients" else 0, validation=0, test=142)


def planted(seed: int, world: str, num_examples: int = 400) -> datasets.Data:
    """Draw six features; the first two make the target, the third is nearly a copy of the first.

    The target is the sum of the first two features, or their product, plus noise.
    """
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(600, 6))
    inputs[:, 2] = 0.95 * inputs[:, 0] + np.sqrt(1 - 0.95**2) * inputs[:, 2]
    pair = inputs[:, :2]
    cause = pair.sum(1) if world == "sum" else np.sqrt(2) * pair.prod(1)
    x, y = np.asarray(inputs, "f4"), np.asarray(cause + generator.normal(size=600), "f4")[:, None]
    return datasets.Data(x[:num_examples], y[:num_examples], x_test=x[400:], y_test=y[400:])


def layers_in(model: "keras.Model") -> Layers:
    """Return kernel and bias of every layer of a network of dense layers."""
    weights = [weight.astype(float) for weight in model.get_weights()]
    return list(zip(weights[0::2], weights[1::2], strict=True))


def predictor(layers: Layers) -> Predict:
    """Turn layers into a function from inputs to outputs."""
    return lambda inputs: by_hand(inputs, layers)[-1][1]


def examine(model: "keras.Model", data: datasets.Data) -> dict[str, Any]:
    """Measure how well a network predicts unseen examples, and what it needs for that."""
    predict = predictor(layers_in(model))
    importance = permutation_importance(predict, data.x_test, data.y_test)
    return {"importance": importance, "r_squared": r_squared(data.y_test, predict(data.x_test))}


def means_by_digit(values: np.ndarray, data: datasets.Data) -> np.ndarray:
    """Average over the test examples of each digit, shape (digits, ...)."""
    return np.array([values[np.equal(data.y_test, digit)].mean(0) for digit in range(10)])


def lost_accuracy(layers: Layers, data: datasets.Data) -> np.ndarray:
    """Accuracy that each digit loses with each unit of the hidden layer, shape (units, digits)."""

    def accuracy(network: Layers) -> np.ndarray:
        answers = predictor(network)(data.x_test).argmax(1)
        return means_by_digit(answers == data.y_test, data)

    units = range(len(layers[-1][0]))
    return accuracy(layers) - np.array([accuracy(ablate(layers, 0, unit)) for unit in units])


def probe(model: "keras.Model", data: datasets.Data) -> dict[str, Any]:
    """Ask what each hidden unit is for, in two ways; return shares of the units.

    A specialist costs one digit 5 points of accuracy or more, and over twice what the next loses.
    """
    layers = layers_in(model)
    lost = lost_accuracy(layers, data)
    most, next_most = np.sort(lost, axis=1)[:, :-3:-1].T
    likes = means_by_digit(by_hand(data.x_test, layers)[0][1], data).argmax(0)
    needed = most >= 0.05
    found = {"needed": needed, "specialists": needed & (most > 2 * next_most)}
    found["agreement"] = (likes == lost.argmax(1)) & (most > 0)
    return {name: np.mean(units) for name, units in found.items()} | {"lost": lost}


def regress(data: datasets.Data, analyst: str) -> tuple[np.ndarray, float]:
    """Score each feature by the largest |t| of its terms; explain the unseen targets."""
    terms = TERMS[analyst]
    train, test = (
        np.column_stack([np.ones(len(x)), *(x[:, term].prod(1) for term in terms)])
        for x in (np.asarray(data.x_train, float), np.asarray(data.x_test, float))
    )
    coefficients, t = t_values(train, data.y_train)
    held = [[one in term for term in terms] for one in range(6)]
    return (abs(t[1:]) * held).max(1), r_squared(data.y_test, test @ coefficients)


def investigate(model: "keras.Model", data: datasets.Data) -> dict[str, np.ndarray]:
    """Let each analyst name two features and predict: names the cause or not, and R²."""
    network = tuple(examine(model, data).values())
    found = [*(regress(data, analyst) for analyst in TERMS), network]
    named = [set(np.argsort(scores)[-2:].tolist()) == {0, 1} for scores, _ in found]
    return {"named": np.array(named, float), "r_squared": np.array([one for _, one in found])}


SAME_ANSWER = Experiment(
    name="same_answer",
    question="Do networks that give the same answers have the same units?",
    independent={"condition": ("untrained", "same patients", "other patients")},
    trial=Training(
        partial(mlp, (10, 16, 16, 1)),
        patients,
        "mean_squared_error",
        optimizer="adam",
        learning_rate=by("condition", {"untrained": 0.0}, default=0.001),
        batch_size=30,
        epochs=100,
        keep_weights=True,
        outputs=examine,
    ),
    seeds=range(40),
    dims={"importance": ("feature",)},
)
ABLATION = Experiment(
    name="ablation",
    question="What does a network lose with one of its units?",
    independent={"units": (8, 16, 64)},
    trial=Training(
        lambda units: mlp((64, units, 10)),
        held_out_digits,
        "sparse_categorical_crossentropy_from_logits",
        optimizer="adam",
        learning_rate=0.005,
        batch_size=36,
        epochs=30,
        metrics=("accuracy",),
        keep_weights=True,
        outputs=probe,
    ),
    dims={"lost": ("unit", "digit")},
)
PLANTED_CAUSE = Experiment(
    name="planted_cause",
    question="Which model names the two features that made the target?",
    independent={"world": ("sum", "product"), "num_examples": (60, 400)},
    trial=Training(
        partial(mlp, (6, 16, 16, 1)),
        planted,
        "mean_squared_error",
        optimizer="adam",
        learning_rate=0.005,
        batch_size=20,
        epochs=50,
        outputs=investigate,
    ),
    seeds=range(40),
    dims={"named": ("analyst",), "r_squared": ("analyst",)},
)

# The claims


def layers_of(run: "xr.Dataset") -> Layers:
    """Return kernel and bias of every layer of one diabetes network: one condition, one seed."""
    names = [f"weights_{layer}" for layer in ("hidden_1", "hidden_2", "output")]
    return [(run[f"{name}_kernel"].values, run[f"{name}_bias"].values) for name in names]


def alike(results: "xr.Dataset", condition: str) -> dict[str, np.ndarray]:
    """Compare networks in pairs (seeds 0 and 1, 2 and 3, ...): their answers, and their units.

    Args:
        results: Of `SAME_ANSWER`.
        condition: One of its conditions.

    Returns:
        For each pair: correlation of the answers to unseen patients; median correlation of the
        units of the first hidden layer, each with its best partner.
    """
    inputs, runs = patients(0, "same patients").x_test, results.sel(condition=condition)
    networks = [
        by_hand(inputs, layers_of(runs.isel(seed=one))) for one in range(runs.sizes["seed"])
    ]
    pairs = list(zip(networks[0::2], networks[1::2], strict=False))
    compared = {"answers": -1, "units": 0}
    return {
        name: np.array([np.median(match_units(a[at][1], b[at][1])) for a, b in pairs])
        for name, at in compared.items()
    }


def other_weights(results: "xr.Dataset") -> list[Evidence]:
    """How much the networks' success varies, and how alike their answers and units are."""
    success = results["r_squared"].sel(condition="same patients")
    pairs = alike(results, "same patients")
    strays = abs(success - success.mean())
    return [
        Evidence.from_mean("R² strays from its mean by", strays, at_most=0.05),
        Evidence.from_mean("correlation of answers", pairs["answers"], at_least=0.9),
        Evidence.from_mean("correlation of matched units", pairs["units"], at_most=0.9),
    ]


def cannot_say(results: "xr.Dataset") -> list[Evidence]:
    """Share of units with one task, and of units of which two probes say the same."""
    probes = {"units with one task": "specialists", "two probes agree": "agreement"}
    return [
        Evidence.from_mean(f"{words}, {units} units", results[name].sel(units=units), at_most=0.5)
        for words, name in probes.items()
        for units in results["units"].values
    ]


def gains(results: "xr.Dataset", name: str, sign: int) -> list[Evidence]:
    """What each regression has over the network (sign 1), or the network over it, by world."""
    values, found = dict(zip(ANALYSTS, results[name].transpose("analyst", ...), strict=True)), []
    worlds = product(TERMS, results["world"].values, results["num_examples"].values)
    for analyst, world, rows in worlds:
        gain = sign * (values[analyst] - values["network"]).sel(world=world, num_examples=rows)
        found.append(Evidence.from_mean(f"{analyst}: {world}, {rows} rows", gain, at_least=0.05))
    return found


CLAIMS = (
    Claim(
        "C-interpretability-1",
        "We have no idea what each node is actually encoding.",
        ABLATION,
        cannot_say,
        note="units with one task, and units of which two probes say the same: up to 0.5 each",
    ),
    Claim(
        "C-interpretability-2",
        "Different weights solve the same problem equally well.",
        SAME_ANSWER,
        other_weights,
        note="networks that differ only in their start: equal success and answers, other units",
    ),
    Claim(
        "C-interpretability-3",
        "Traditional statistical models are more appropriate for insight into mechanisms.",
        PLANTED_CAUSE,
        partial(gains, name="named", sign=1),
        note="how much more often than the network they name the causes; holds from 0.05 up",
    ),
    Claim(
        "C-interpretability-4",
        "Deep learning is best for complex problems when you need not know how it works.",
        PLANTED_CAUSE,
        partial(gains, name="r_squared", sign=-1),
        note="R² on unseen examples, network minus each regression; holds from 0.05 up",
    ),
)

# The figure

EXAMPLE: Layers = (
    (np.array([[0.5, -1.0], [1.0, 0.25]]), np.array([-1.0, 0.0])),
    (np.array([[2.0], [3.0]]), np.array([0.5])),
)
"""The network 2-2-1 of the page: two inputs, two hidden units, one output."""


def plot_by_hand(inputs: Sequence[float] = (1.0, 2.0)) -> "plots.BookFigure":
    """Draw the network 2-2-1 with all its numbers for one example."""
    (sums, hidden), (_, output) = by_hand(inputs, EXAMPLE)
    figure, axes = plots.diagram(
        "A network of two inputs, two hidden units and one output, with the number on every "
        "connection and in every unit.",
        height=3.2,
    )
    columns = [(0.6, inputs, ("inputs",)), (3.2, hidden, sums), (5.8, output, ())]
    heights = {2: (2.5, 0.8), 1: (1.65,)}
    places = [[(x, up) for up in heights[len(values)]] for x, values, _ in columns]
    for layer, (kernel, _) in enumerate(EXAMPLE):
        for start, end in np.ndindex(kernel.shape):
            _weight(axes, places[layer][start], places[layer + 1][end], float(kernel[start, end]))
    for layer, (_, values, _) in enumerate(columns):
        for place, value in zip(places[layer], values, strict=True):
            plots.circle(axes, place, plots.number(value), color="blue" if layer else "muted")
    for place, total, bias in zip(places[1], sums, EXAMPLE[0][1], strict=True):
        text = f"bias {plots.number(bias)}\nsum {plots.number(total)}"
        axes.text(place[0], place[1] - 0.32, text, ha="center", va="top", color="muted")
    x, up = places[2][0]
    text = f"bias {plots.number(EXAMPLE[1][1][0])}"
    axes.text(x, up - 0.32, text, ha="center", va="top", color="muted")
    return figure


def _weight(axes: "Axes", start: tuple, end: tuple, weight: float) -> None:
    """Draw a connection with its number, nearer to where it begins."""
    x, y = np.transpose([start, end])
    color = "blue" if weight >= 0 else "orange"
    axes.plot(x, y, color=color, linewidth=1.2, zorder=1)
    at = np.array([x[0] + 0.3 * (x[1] - x[0]), y[0] + 0.3 * (y[1] - y[0])])
    axes.text(at[0], at[1], plots.number(weight), ha="center", va="bottom", zorder=5)


def least_squares_importance(seed: int = 0) -> np.ndarray:
    """Permutation importance of every measure in the linear model; seed 0: the same patients."""
    data = patients(seed, "other patients")
    train, test = (np.column_stack([np.ones(len(x)), x]) for x in (data.x_train, data.x_test))
    coefficients, _ = t_values(train, data.y_train)
    importance = permutation_importance(lambda x: x @ coefficients, test, data.y_test)
    return importance[1:]


def plot_same_answer(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the importance of every measure in 40 networks, and in the linear model."""
    from dlbook.lab.datasets import feature_names

    figure, axes = plots.figure(
        "Importance of ten measures, one row each: a cloud of dots, one per network, and one mark "
        "for the linear model. The clouds of most measures overlap.",
        height=5.6,
    )
    values = results["importance"].sel(condition="same patients").transpose("feature", "seed")
    plots.strip(axes, dict(zip(feature_names("diabetes"), values.values, strict=True)))
    linear = least_squares_importance()
    axes.plot(linear, np.arange(10) + 0.3, "D", color="orange", label="linear model", zorder=4)
    axes.legend(loc="lower right")
    axes.set(xlabel="importance: fall of R² when the measure is shuffled")
    return figure


def plot_units(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Show what each of 16 hidden units looks at, and what two probes say of it."""
    run = results.sel(units=16, seed=seed)
    kernel, bias = (run[f"weights_hidden_1_{name}"].values for name in ("kernel", "bias"))
    kernel, bias = kernel[:, :16], bias[:16]
    data = held_out_digits(seed)
    likes = means_by_digit(np.maximum(data.x_test @ kernel + bias, 0), data).argmax(0)
    lost = run["lost"].values[:16]
    titles = [
        f"{like} | {row.argmax()}" if row.max() > 0 else "–"
        for like, row in zip(likes, lost, strict=True)
    ]
    limit = float(abs(kernel).max())
    figure, _ = plots.gallery(
        [kernel[:, unit].reshape(8, 8) for unit in range(16)],
        "Sixteen pictures of 8 by 8 weights, one per hidden unit, blue where ink speaks against "
        "the unit: blots without clear shapes.",
        titles=titles,
        columns=4,
        limits=(-limit, limit),
    )
    return figure


def plot_ablation(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw which digit loses how much accuracy with which of 16 units."""
    lost = results["lost"].sel(units=16, seed=seed).values[:16]
    figure, axes = plots.figure(
        "Lost accuracy by removed unit and digit: some rows have one dark cell, others several, "
        "others none.",
        height=4.6,
    )
    limit = float(abs(lost).max())
    plots.heatmap(
        axes,
        lost,
        [*"0123456789"],
        [str(unit) for unit in range(16)],
        label="lost",
        limits=(-limit, limit),
    )
    axes.set(xlabel="digit", ylabel="removed unit")
    return figure


def plot_planted_cause(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw how often each analyst names the cause, and how well it predicts."""
    cases = list(product(results["world"].values, results["num_examples"].values))
    figure, panels = plots.figure(
        "Two tables, analysts by worlds. Plain regression seldom names the cause where it is a "
        "product; regression with products and the network do. R² follows the same pattern.",
        rows=2,
        height=5.6,
    )
    names = [name.replace(" with", "\nwith") for name in ANALYSTS[::-1]]
    titles = {"named": "how often both causes are named", "r_squared": "R² on unseen examples"}
    for panel, (name, title) in zip(panels, titles.items(), strict=True):
        mean = results[name].mean("seed").transpose("analyst", ...)
        table = [
            [mean.sel(world=a, num_examples=b).values[one] for a, b in cases] for one in (2, 1, 0)
        ]
        plots.heatmap(panel, table, [f"{a},\n{b} rows" for a, b in cases], names, limits=(0, 1))
        panel.set(title=title)
    return figure
