"""L1, L2 and elastic net: a price on weights, what it does to them, and what it is worth."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.elastic_net import elastic_net
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.softmax_regression import train
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def l1_penalty(kernel: ArrayLike, strength: float) -> float:
    r"""Price weights by their size: $\lambda \sum |w|$.

    Its slope is $\lambda$ for every weight above 0, however small. So it can push weights to 0.

    Args:
        kernel: The weights $w$, any shape.
        strength: $\lambda$, 0 or more.

    Returns:
        What is added to the loss, 0 or more.

    Raises:
        ValueError: `strength` is below 0.

    Example:
        >>> l1_penalty([3.0, -4.0], 0.1)
        0.7000000000000001
    """
    return not_negative(strength, "strength") * float(np.abs(numbers(kernel, "kernel")).sum())


def l2_penalty(kernel: ArrayLike, strength: float) -> float:
    r"""Price weights by their square: $\lambda \sum w^2$.

    Its slope is $2\lambda w$: large for large weights, next to nothing for small ones.

    Args:
        kernel: The weights $w$, any shape.
        strength: $\lambda$, 0 or more.

    Returns:
        What is added to the loss, 0 or more.

    Raises:
        ValueError: `strength` is below 0.

    Example:
        >>> l2_penalty([3.0, -4.0], 0.1)
        2.5
    """
    return not_negative(strength, "strength") * float(np.sum(numbers(kernel, "kernel") ** 2))


def soft_threshold(weights: ArrayLike, strength: float) -> np.ndarray:
    r"""Move every weight towards 0 by the same distance, and stop at 0.

    $$S(w, \lambda) = \operatorname{sign}(w)\,\max(|w| - \lambda,\; 0)$$

    Args:
        weights: The weights $w$, one axis or more.
        strength: The distance $\lambda$, 0 or more.

    Returns:
        The smaller weights, same shape; exactly 0 where a weight was within $\lambda$ of 0.

    Raises:
        ValueError: `strength` is below 0.

    Example:
        >>> soft_threshold([2.0, -0.3, -1.5], 0.5)
        array([ 1.5,  0. , -1. ])
    """
    values, distance = numbers(weights, "weights"), not_negative(strength, "strength")
    return np.sign(values) * np.maximum(np.abs(values) - distance, 0) + 0.0


def not_negative(value: float, name: str) -> float:
    """Return a strength as it is, or say what is wrong with it.

    Args:
        value: One number.
        name: The argument's name, for the message.

    Raises:
        ValueError: The number is below 0, nan or infinite.

    Example:
        >>> not_negative(0.5, "strength")
        0.5
    """
    if not 0 <= value < float("inf"):
        raise ValueError(f"`{name}` must be a finite number, 0 or more. Received: {value!r}")
    return value


def penalized_mlp(l1: float = 0.0, l2: float = 0.0) -> "keras.Sequential":
    """Build 64-32-10 for digits, whose kernels (not biases) have a price.

    Args:
        l1: Keras adds `l1` times the sum of absolute weights to the loss.
        l2: Keras adds `l2` times the sum of squared weights.

    Returns:
        The network; it gives logits.

    Example:
        >>> penalized_mlp(l2=0.01).layers[0].kernel_regularizer.l2
        0.01
    """
    import keras

    def layer(units: int, name: str, activation: Any = None) -> Any:
        penalty = keras.regularizers.L1L2(l1, l2)
        return keras.layers.Dense(units, activation, kernel_regularizer=penalty, name=name)

    return keras.Sequential([keras.Input((64,)), layer(32, "hidden", "relu"), layer(10, "output")])


# The experiment

STRENGTHS = (0.0, 1e-6, 1e-3, 0.01, 0.05, 1.0)
COURSE = slice(0, 0.05)
CHOICES = (0.0, 1e-3, 0.01)
LOSS = "sparse_categorical_crossentropy_from_logits"
WAYS = ("penalty", "decay")
PRICED = ("L1 alone", "L2 alone", "both")


def few_digits(seed: int) -> datasets.Data:
    """Take 200 digits to learn from, 200 to choose by and 357 to be tested on."""
    return datasets.digits(seed, num_examples=200, validation=200)


def measure_zeros(seed: int, way: str, strength: float, rate: float = 0.1) -> dict[str, float]:
    """Train digits without hidden layer, with a price of L1; count the weights at 0, or near it."""

    def update(weights: np.ndarray, slope: np.ndarray) -> np.ndarray:
        if way == "soft threshold":
            return soft_threshold(weights - rate * slope, rate * strength)
        return weights - rate * (slope + strength * np.sign(weights))

    data = few_digits(seed)
    weights = train(data, update, steps=200, seed=seed)
    right = np.argmax(data.x_test @ weights, axis=1) == data.y_test
    shares = {"zero": weights == 0, "small": np.abs(weights) < 1e-3, "right": right}
    return {name: float(np.mean(share)) for name, share in shares.items()}


def measure_groups(seed: int, l1: float, l2: float) -> dict[str, Any]:
    """Fit three near-copies of one cause and seven features of noise; count what is kept."""
    generator = np.random.default_rng([seed, 42])
    cause = generator.normal(size=(100, 1))
    copies = cause + 0.1 * generator.normal(size=(100, 3))
    x = np.hstack([copies, generator.normal(size=(100, 7))])
    y = cause[:, 0] + generator.normal(size=100)
    weights = elastic_net((x - x.mean(0)) / x.std(0), y - y.mean(), l1, l2)
    kept = weights != 0
    return {"copies": float(kept[:3].sum()), "noise": float(kept[3:].sum()), "weight": weights}


RIDGE_AND_LASSO = Experiment(
    name="ridge_and_lasso",
    question="What do L1 and L2 do to the weights and to the accuracy of a network on iris?",
    independent={"penalty": ("L2", "L1"), "strength": STRENGTHS},
    full_independent={"strength": (*np.linspace(0, 0.05, 10), *STRENGTHS[1:4], 1.0)},
    trial=Training(
        partial(mlp, (4, 64, 64, 3)),
        partial(datasets.iris, validation=0, test=30),
        LOSS,
        learning_rate=0.02,
        batch_size=64,
        epochs=250,
        metrics=("accuracy",),
        l1=lambda penalty, strength: strength * (penalty == "L1"),
        l2=lambda penalty, strength: strength * (penalty == "L2"),
        keep_weights=True,
    ),
)
ZEROS = Experiment(
    name="zeros",
    question="When does L1 set weights to zero?",
    independent={"way": ("slope", "soft threshold"), "strength": (0.0, 1e-3, 0.01, 0.03)},
    trial=measure_zeros,
)
GROUPS = Experiment(
    name="groups",
    question="Which of three near-copies do lasso, ridge and elastic net keep?",
    independent={"l1": (0.0, 0.05, 0.1, 0.2, 0.4), "l2": (0.0, 1.0)},
    trial=measure_groups,
    dims={"weight": ("feature",)},
)
ELASTIC = Experiment(
    name="elastic",
    question="Which prices on weights help a network that learns digits from few examples?",
    independent={"l1": CHOICES, "l2": CHOICES},
    full_independent={"l1": (0.0, 1e-4, 1e-3, 0.01), "l2": (0.0, 1e-4, 1e-3, 0.01)},
    full_seeds=range(100),
    trial=Training(
        penalized_mlp,
        few_digits,
        LOSS,
        optimizer="adam",
        learning_rate=0.02,
        epochs=60,
        metrics=("accuracy",),
    ),
)
DECAY = Experiment(
    name="decay",
    question="Is a price on squared weights the same as weight decay?",
    independent={"optimizer": ("sgd", "adam"), "way": WAYS, "strength": (1e-3, 0.01, 0.1)},
    trial=Training(
        partial(mlp, (13, 16, 3), use_bias=False),
        partial(datasets.wine, validation=0),
        LOSS,
        learning_rate=by("optimizer", {"sgd": 0.1, "adam": 0.01}),
        epochs=200,
        metrics=("accuracy",),
        l2=lambda way, strength: strength / 2 * (way == "penalty"),
        weight_decay=lambda way, strength: strength * (way == "decay"),
        keep_weights=True,
    ),
)

# The claims


def kernels(results: "xr.Dataset") -> "xr.DataArray":
    """Return all trained kernels of networks, put into one dimension "weight"."""
    import xarray as xr

    found = [one for name, one in results.items() if str(name).endswith("_kernel")]
    flat = [one.stack(weight=one.dims[-2:], create_index=False) for one in found]
    return xr.concat(flat, "weight")


def sizes(weights: "xr.DataArray") -> dict[str, Any]:
    """Measure all weights together (norm: the root of the sum of squares), and the largest."""
    return {"norm": np.sqrt((weights**2).sum("weight")), "largest": abs(weights).max("weight")}


def change_over_course(accuracy: "xr.DataArray") -> np.ndarray:
    """Fit a line to each seed's accuracy; return its change over the course's range, in points."""
    within = accuracy.sel(strength=COURSE).transpose("strength", "seed")
    return 100 * COURSE.stop * np.polyfit(within["strength"], within.values, 1)[0]


def raises_accuracy(results: "xr.Dataset") -> list[Evidence]:
    """Change of test accuracy over the course's range of L2, in points."""
    change = change_over_course(results["test_accuracy"].sel(penalty="L2"))
    return [Evidence.from_mean("slope × 0.05", change, at_least=0, unit="points")]


def makes_zeros(iris: "xr.Dataset", digits: "xr.Dataset") -> list[Evidence]:
    """Shares of weights that L1 of strength 0.01 sets to zero, or near it."""
    size = abs(kernels(iris.sel(penalty="L1", strength=0.01)))
    shares = {
        "iris network, exactly 0": (size == 0).mean("weight"),
        "iris network, below 0.001": (size < 1e-3).mean("weight"),
    }
    for way in digits["way"].values:
        shares[f"digits, {way}, exactly 0"] = digits["zero"].sel(way=way, strength=0.01)
    return [Evidence.from_mean(name, share, at_least=0.5) for name, share in shares.items()]


def shrinks_weights(results: "xr.Dataset") -> list[Evidence]:
    """Norm and largest weight with a penalty, as shares of those without."""
    return [
        Evidence.from_mean(
            f"{name}, {penalty} of {strength}",
            size.sel(penalty=penalty, strength=strength) / size.sel(penalty=penalty, strength=0),
            at_most=0.8,
        )
        for name, size in sizes(kernels(results)).items()
        for penalty in ("L1", "L2")
        for strength in (0.01, 0.05)
    ]


def keeps_groups(results: "xr.Dataset") -> list[Evidence]:
    """Copies that the elastic net keeps minus copies that the lasso keeps, by strength of L1."""
    lasso, elastic = (results["copies"].sel(l2=l2) for l2 in (0, 1))
    gains = {l1: paired(elastic.sel(l1=l1), lasso.sel(l1=l1)) for l1 in results["l1"].values[1:]}
    return [Evidence.from_comparison(f"L1 of {l1}", one, at_least=0.5) for l1, one in gains.items()]


def is_decay(results: "xr.Dataset") -> list[Evidence]:
    """Distance of the weights of the two ways, as a share of their size."""
    weights = kernels(results.sel(strength=0.01))
    penalty, decay = (weights.sel(way=way) for way in WAYS)
    distance = sizes(penalty - decay)["norm"] / sizes(decay)["norm"]
    return [
        Evidence.from_mean(name, distance.sel(optimizer=name), at_most=0.01)
        for name in distance["optimizer"].values
    ]


def at_chosen(results: "xr.Dataset") -> dict[str, "xr.DataArray"]:
    """Return test accuracy at the prices whose validation accuracy is best, seed by seed."""
    validation, found = results["val_accuracy"].isel(epoch=-1, drop=True), {}
    allowed = {"none": (0, 0), "L1 alone": (None, 0), "L2 alone": (0, None), "both": (None, None)}
    for name, (l1, l2) in allowed.items():
        cases = {"l1": slice(l1), "l2": slice(l2)}
        best = validation.sel(cases).argmax(["l1", "l2"])
        found[name] = results["test_accuracy"].sel(cases).isel(best).reset_coords(drop=True)
    return found


def gain_of_choice(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy with chosen prices minus that without a price, in points."""
    accuracy = at_chosen(results)
    gains = {name: paired(100 * runs, 100 * accuracy["none"]) for name, runs in accuracy.items()}
    bounds: Any = {"at_least": 0, "unit": "points"}
    return [Evidence.from_comparison(name, gains[name], **bounds) for name in PRICED]


CLAIMS = (
    Claim(
        "C-weight_penalties-1",
        "L2 raises the test accuracy on iris.",
        RIDGE_AND_LASSO,
        raises_accuracy,
        note="slope of test accuracy times the course's range; holds if the interval is above 0",
    ),
    Claim(
        "C-weight_penalties-2",
        "L1 makes weights sparse.",
        (RIDGE_AND_LASSO, ZEROS),
        makes_zeros,
        note="share of weights at 0, or near it, with L1 of 0.01; holds from one half up",
    ),
    Claim(
        "C-weight_penalties-3",
        "L1 and L2 prevent weights from getting too large.",
        RIDGE_AND_LASSO,
        shrinks_weights,
        note="size of the weights with the penalty over size without; holds up to 0.8",
    ),
    Claim(
        "C-weight_penalties-4",
        "The elastic net keeps groups of like features, the lasso picks from them.",
        GROUPS,
        keeps_groups,
        note="copies kept, of three: elastic net minus lasso, paired; holds from 0.5 up",
    ),
    Claim(
        "C-weight_penalties-5",
        "L2 and weight decay are the same thing.",
        DECAY,
        is_decay,
        note="distance of the two sets of weights over their size, strength 0.01; holds up to 0.01",
    ),
    Claim(
        "C-weight_penalties-6",
        "L1 and L2 reduce overfitting: the network gets better on examples that it has not seen.",
        ELASTIC,
        gain_of_choice,
        note="gain on test digits, strengths chosen by other digits; holds if it is above 0",
    ),
)

# The figure


def without_seed(accuracy: "xr.DataArray") -> "xr.DataArray":
    """Hand the runs out anew: 20 learners, who get another split and start at every strength."""
    runs = accuracy.transpose("strength", "seed")
    return runs.copy(data=[np.roll(one, 7 * place) for place, one in enumerate(runs.values)])


def plot_prices() -> "plots.BookFigure":
    """Draw the loss of two weights, and the cheapest weights for a price of L1 and of L2."""
    x, y = np.array([[1.0, 0.6], [1.0, -0.6], [-1.0, 0.6], [-1.0, -0.6]]), (2.2, 1.0, -1.0, -2.2)
    drawing, panels = plots.figure(
        "Two maps of a loss with its lowest point at weights 1.6 and 1. Left a diamond: the "
        "contour that just touches it does so at a corner, where one weight is 0. Right a circle, "
        "touched where neither weight is 0.",
        columns=2,
        height=3.5,
    )

    def loss(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        errors = [y[n] - first * x[n, 0] - second * x[n, 1] for n in range(4)]
        return np.mean(np.square(errors), axis=0) / 2

    for panel, title, prices in zip(panels, ("L1", "L2"), ((0.5, 0), (0, 0.5)), strict=True):
        best = elastic_net(x, y, *prices)
        plots.landscape(panel, loss, (-1.2, 2.2), (-1.2, 1.8), levels=9)
        around = np.linspace(0, 2 * np.pi, 5 if title == "L1" else 100)
        reach = np.abs(best).sum() if title == "L1" else np.linalg.norm(best)
        panel.plot(reach * np.cos(around), reach * np.sin(around), color="accent")
        panel.plot(*best, "o", color="accent", markersize=8)
        panel.plot(1.6, 1.0, "x", color="ink", markersize=8)
        plots.plane(panel)
        panel.set(title=title, xlabel="weight 1", ylabel="weight 2")
    return drawing


def plot_ridge_and_lasso(results: "xr.Dataset", penalty: str = "L2") -> "plots.BookFigure":
    """Draw accuracy against strength: seeds thin, their mean thick, two single learners dashed."""
    runs = results.sel(penalty=penalty, strength=COURSE)
    parts = {"training": runs["accuracy"].isel(epoch=-1), "test": runs["test_accuracy"]}
    alone = without_seed(runs["test_accuracy"])
    order = change_over_course(alone).argsort()
    drawing, panels = plots.figure(
        f"Accuracy on training and on test flowers against the strength of {penalty}: thin lines "
        "of single seeds, their mean, and two dashed lines of learners without a seed, one of "
        "which rises while the other falls.",
        rows=2,
        height=6.4,
        sharex=True,
        sharey=True,
    )
    names = [f"{one:.2g}" for one in runs["strength"].values]
    places, step = np.arange(len(names)), max(1, len(names) // 5)
    for panel, (title, values) in zip(panels, parts.items(), strict=True):
        lines = values.transpose("strength", "seed")
        panel.plot(places, lines.values, color="muted", linewidth=0.7, alpha=0.6)
        plots.band(panel, places, mean_interval(lines), color="blue")
        panel.set(title=title, ylabel="accuracy", ylim=(0.8, 1.01))
    for at, color in ((order[0], "accent"), (order[-1], "green")):
        panels[-1].plot(places, alone.isel(seed=at), "--", color=color, linewidth=1.8)
    panels[-1].set_xticks(places[::step], names[::step])
    panels[-1].set(xlabel=f"strength of {penalty}")
    return drawing


def plot_weights(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw how the sizes of the weights are distributed at every strength, for both penalties."""
    drawing, panels = plots.figure(
        "Two tables of percentages, weights by size against strength. Without a penalty most "
        "weights lie between 0.1 and 1. L2 moves them down together; L1 spreads them out.",
        rows=2,
        height=6.8,
    )
    edges = [0, 1e-4, 1e-3, 0.01, 0.1, 1, np.inf]
    names = [*(f"< {edge:g}" for edge in edges[2:-1]), "1 or more"]
    weights, tried = abs(kernels(results)), results["strength"].values
    for panel, penalty in zip(panels, ("L2", "L1"), strict=True):
        runs = [weights.sel(penalty=penalty, strength=one).values.ravel() for one in tried]
        table = [100 * np.histogram(size, edges)[0] / size.size for size in runs]
        sizes_named = ["< 0.0001", *names]
        cells = np.round(np.array(table).T)
        plots.heatmap(panel, cells, [f"{one:.2g}" for one in tried], sizes_named, limits=(0, 100))
        panel.set(title=f"{penalty}: per cent of the weights", xlabel=f"strength of {penalty}")
    return drawing


def plot_groups(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the ten weights of lasso, ridge and elastic net, one dot per seed."""
    drawing, panels = plots.figure(
        "Three panels of ten weights each, a dot per seed. Lasso: the three copies get very "
        "unequal weights, many of them 0. Ridge: equal copies, noise near 0 but not 0. Elastic "
        "net: equal copies, noise at 0.",
        rows=3,
        height=7.4,
        sharex=True,
        sharey=True,
    )
    models = {"lasso": (0.2, 0.0), "ridge": (0.0, 1.0), "elastic net": (0.2, 1.0)}
    places = np.arange(1, 11)
    for panel, (name, (l1, l2)) in zip(panels, models.items(), strict=True):
        weights = results["weight"].sel(l1=l1, l2=l2).transpose("feature", "seed").values
        plots.dots(panel, places[:3], weights[:3], color="blue", spread=0.5)
        plots.dots(panel, places[3:], weights[3:], color="orange", spread=0.5)
        plots.reference(panel, 0)
        panel.set(title=name, ylabel="weight")
    panels[-1].set(xlabel="feature (1 to 3: copies of the cause; 4 to 10: noise)")
    panels[-1].set_xticks(places, [str(place) for place in places])
    return drawing


def plot_elastic(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw test accuracy as a table of the two strengths."""
    drawing, axes = plots.figure(
        "A table of test accuracy for strengths of L1 and of L2. The cells for weak penalties "
        "differ little; the row of the strongest L1 is clearly worse.",
        height=3.4,
    )
    accuracy = results["test_accuracy"].mean("seed").transpose("l1", "l2")
    plots.heatmap(axes, 100 * accuracy.values, results["l2"].values, results["l1"].values)
    axes.set(xlabel="strength of L2", ylabel="strength of L1")
    return drawing


def plot_decay(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the size of the weights against strength, for both ways and both optimizers."""
    drawing, panels = plots.figure(
        "Two panels of the size of the weights against strength. With SGD the lines of penalty "
        "and decay are the same. With Adam the penalty shrinks the weights far more than decay.",
        rows=2,
        height=6.0,
        sharex=True,
    )
    for panel, optimizer in zip(panels, ("sgd", "adam"), strict=True):
        size = sizes(kernels(results.sel(optimizer=optimizer)))["norm"]
        plots.log_axis(panel, "x")
        for way, style in zip(WAYS, ("-", "--"), strict=True):
            interval = mean_interval(size.sel(way=way))
            line = plots.band(panel, results["strength"].values, interval, label=way)
            line.set_linestyle(style)
        panel.set(title=optimizer, ylabel="norm of the weights", ylim=(0, None))
    panels[-1].set(xlabel="strength")
    panels[0].legend()
    return drawing
