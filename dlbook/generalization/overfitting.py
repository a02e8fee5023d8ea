"""Overfitting: a model learns the noise of its examples, and how one sees that it does."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.models import mlp
from dlbook.lab.results import mean_interval, paired
from dlbook.lab.training import Training

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

NOISE = 0.3


def generalization_gap(train: ArrayLike, validation: ArrayLike) -> np.ndarray:
    r"""Say how much worse a model does on fresh examples than on those it learned from.

    $$\text{gap} = \text{loss on fresh examples} - \text{loss on training examples}$$

    Near 0 when the model learned only what all examples share. Large when it learned its examples.

    Args:
        train: Losses on the training examples, any shape.
        validation: Losses on fresh examples, same shape.

    Returns:
        The gap, same shape; below 0 if the fresh examples happen to be easier.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> generalization_gap([0.25, 0.05], [0.30, 0.20]).round(2)
        array([0.05, 0.15])
    """
    before, after = numbers(train, "train"), numbers(validation, "validation")
    if before.shape != after.shape:
        raise ValueError(
            f"`validation` must have the shape of `train`, {before.shape}. Received: {after.shape}"
        )
    return after - before


def bias_and_variance(predictions: ArrayLike, truth: ArrayLike) -> tuple[float, float]:
    r"""Split the error of many models, each trained on its own examples, into two parts.

    $$\underbrace{\frac1{SN}\sum_{s,n}(f_s(x_n) - t_n)^2}_{\text{mean squared distance}} =
    \underbrace{\frac1N\sum_n(\bar f(x_n) - t_n)^2}_{\text{bias}^2} +
    \underbrace{\frac1{SN}\sum_{s,n}(f_s(x_n) - \bar f(x_n))^2}_{\text{variance}}$$

    Args:
        predictions: Answers $f_s(x_n)$ of $S$ models at $N$ places, shape (models, places).
        truth: The law $t_n$ without noise, shape (places,).

    Returns:
        Squared bias (what the models get wrong together) and variance (how much they differ from
        one another), both averaged over places.

    Raises:
        ValueError: The number of places differs.

    Example:
        >>> bias_and_variance([[1.0, 1.0], [3.0, 1.0]], [2.0, 0.0])
        (0.5, 0.5)
    """
    answers, law = numbers(predictions, "predictions", rank=2), numbers(truth, "truth", rank=1)
    if answers.shape[1] != len(law):
        raise ValueError(
            f"`truth` must hold one number for each of the {answers.shape[1]} places of "
            f"`predictions`. Received: {len(law)} numbers"
        )
    mean = answers.mean(axis=0)
    return float(np.mean((mean - law) ** 2)), float(np.mean((answers - mean) ** 2))


def random_relu_features(inputs: ArrayLike, num_features: int, seed: int = 0) -> np.ndarray:
    r"""Compute the outputs of a hidden layer whose weights are drawn once and never trained.

    $$\phi_j(x) = \max(0,\; w_j^\top x + b_j)$$

    Args:
        inputs: Shape (num_examples, num_inputs).
        num_features: Number of units, 1 or more.
        seed: Draws the weights $w_j$ (normal) and biases $b_j$ (between −1 and 1).

    Returns:
        Outputs of 0 or above, shape (num_examples, num_features).

    Raises:
        ValueError: `num_features` is below 1.

    Example:
        >>> random_relu_features([[0.0, 1.0], [2.0, 3.0]], 4).shape
        (2, 4)
    """
    x = numbers(inputs, "inputs", rank=2)
    if num_features < 1:
        raise ValueError(f"`num_features` must be 1 or more. Received: {num_features}")
    generator = np.random.default_rng([seed, 3])
    weights = generator.normal(size=(x.shape[1], num_features))
    return np.maximum(x @ weights + generator.uniform(-1, 1, size=num_features), 0)


# The experiment

WORLDS = ("no noise", "noise", "noise and ripple")
ACTIVATIONS = ("relu", "tanh")
ROWS = 80
GRID = np.linspace(-1, 1, 101)
SEEDS = range(100, 120)


def wave(inputs: ArrayLike) -> np.ndarray:
    """Return the law of the experiments: one wave of a sine between −1 and 1."""
    return np.sin(np.pi * np.asarray(inputs))


def ripple(inputs: ArrayLike) -> np.ndarray:
    """Return a subtle true effect: three small waves between −1 and 1."""
    return 0.3 * np.sin(3 * np.pi * np.asarray(inputs))


def draw_wave(seed: int, count: int, part: int, world: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw places between −1 and 1, and what is measured there in one of the worlds."""
    generator = np.random.default_rng([seed, part, 11])
    x, deviation = generator.uniform(-1, 1, count), np.random.default_rng([seed, part, 12])
    y = wave(x) + (world != WORLDS[0]) * NOISE * deviation.normal(size=count)
    y += (world == WORLDS[2]) * ripple(x)
    return np.float32(x)[:, None], np.float32(y)[:, None]  # type: ignore


def noisy_wave(
    seed: int, num_examples: int = 20, world: str = WORLDS[1], watched: str = "nothing"
) -> Data:
    """Draw training examples and 500 fresh ones for the test at the end of training.

    In every epoch the loss on 20 others ("validation") or on the 500 ("test") can be watched too.

    Few examples are repeated until there are 80 rows. That changes neither mean nor gradient, but
    all sizes have one shape and train together.
    """
    few, times = draw_wave(seed, num_examples, 0, world), (ROWS // num_examples, 1)
    fresh, others = draw_wave(seed, 500, 1, world), draw_wave(seed, 20, 2, world)
    seen = {"nothing": (None, None), "validation": others, "test": fresh}[watched]
    return Data(np.tile(few[0], times), np.tile(few[1], times), *seen, *fresh)  # type: ignore


def wave_network(hidden_units: int = 128, activation: str = "relu") -> "keras.Sequential":
    """Build 1-units-1; weights and biases start apart, so that the units bend at many places."""
    import keras

    starts: Any = [keras.initializers.RandomUniform(-2, 2) for _ in range(2)]
    kernel, bias = starts
    hidden = keras.layers.Dense(
        hidden_units, activation, kernel_initializer=kernel, bias_initializer=bias, name="hidden"
    )
    return keras.Sequential([keras.Input((1,)), hidden, keras.layers.Dense(1, name="output")])


def weights_of(results: "xr.Dataset", name: str) -> "xr.DataArray":
    """Return the trained weights of a study, one axis "unit" last; absent units have weight 0."""
    weights = results[f"weights_{name}"]
    ends = [str(end) for end in weights.dims if str(end).startswith("weights_")]
    unit = next((end for end in ends if weights.sizes[end] > 1), ends[0])
    weights = weights.isel({end: 0 for end in ends if end != unit})
    return weights.rename({unit: "unit"}).transpose(..., "unit").fillna(0)


def answers(results: "xr.Dataset", activation: str = "relu") -> "xr.DataArray":
    """Compute what the trained networks of a study answer on the grid, from their weights."""
    bend = np.tanh if activation == "tanh" else lambda total: np.maximum(total, 0)
    if "activation" in results.dims:
        results = results.sel(activation=activation, drop=True)
    names = ("hidden_kernel", "hidden_bias", "output_kernel")
    kernel, bias, last = (weights_of(results, name).values for name in names)
    last_bias = weights_of(results, "output_bias").isel(unit=0)
    spots = [np.sum(bend(kernel * x + bias) * last, axis=-1) for x in GRID]
    return last_bias.expand_dims(x=GRID, axis=-1) + np.stack(spots, axis=-1)


def measure_descent(seed: int, num_features: int, num_examples: int = 40) -> dict[str, float]:
    """Fit random features to a noisy straight law of five inputs, with the smallest weights."""
    generator = np.random.default_rng([seed, 21])
    slopes = generator.normal(size=5)
    slopes /= np.linalg.norm(slopes)
    x, new = generator.normal(size=(num_examples, 5)), generator.normal(size=(200, 5))
    y, y_new = (part @ slopes + NOISE * generator.normal(size=len(part)) for part in (x, new))
    features = random_relu_features(x, num_features, seed)
    inverse = np.linalg.pinv(features)  # its answer is the one with the smallest weights
    weights = inverse @ y
    predicted = random_relu_features(new, num_features, seed) @ weights
    return {
        "train_error": float(np.mean((features @ weights - y) ** 2)),
        "test_error": float(np.mean((predicted - y_new) ** 2)),
        "weight_size": float(np.linalg.norm(weights)),
        "weight_noise": NOISE * float(np.linalg.norm(inverse)),
    }


def some_digits(seed: int, labels: str) -> Data:
    """Take 200 digits to learn from, with their own labels or with shuffled ones."""
    data = datasets.digits(seed, num_examples=200, validation=0)
    shuffled = np.random.default_rng([seed, 31]).permutation(data.y_train)
    return data if labels == "true" else replace(data, y_train=shuffled)


def digit_network(digit_units: int) -> "keras.Sequential":
    """Build a network for 64 pixels and ten classes, with one hidden layer."""
    return mlp((64, digit_units, 10))


FITTING: Any = {"optimizer": "adam", "learning_rate": 0.1, "epochs": 400}
WIDE_MORE = "128 units minus 2 units, 20 examples; holds if the whole interval lies above 0"
WAVE_TRIAL = Training(wave_network, noisy_wave, "mean_squared_error", keep_weights=True, **FITTING)
STUDY: Any = {"trial": WAVE_TRIAL, "seeds": SEEDS}
CAPACITY = Experiment(
    name="capacity",
    question="What do more units do to the error on training examples, and on fresh ones?",
    independent={"hidden_units": (1, 2, 4, 16, 128), "num_examples": (10, 20, 80)},
    **STUDY,
)
SENSITIVITY = Experiment(
    name="sensitivity",
    question="Which networks answer to noise, and which to a small true effect?",
    independent={"activation": ACTIVATIONS, "hidden_units": (2, 16, 128), "world": WORLDS},
    **STUDY,
)
DOUBLE_DESCENT = Experiment(
    name="double_descent",
    question="What happens when there are more parameters than examples?",
    independent={"num_features": (5, 10, 20, 30, 40, 50, 80, 160, 400, 1600)},
    trial=measure_descent,
    seeds=range(100, 140),
)
NOISE_ONLY = Experiment(
    name="noise_only",
    question="Can a network learn labels that mean nothing?",
    independent={"labels": ("true", "shuffled"), "digit_units": (4, 32, 256)},
    trial=Training(
        digit_network, some_digits, "sparse_categorical_crossentropy_from_logits",
        optimizer="adam", learning_rate=0.01, epochs=100, metrics=("accuracy",),
    ),
    seeds=SEEDS,
)  # fmt: skip
WATCH = Experiment(
    name="watch",
    question="When should training stop, and what is gained?",
    independent={"watched": ("validation", "test")},
    **STUDY,
)

# The claims


def variance_of_runs(results: "xr.Dataset") -> "xr.DataArray":
    """Squared distance of each network's answers from the mean of its condition, over places."""
    given = answers(results)
    distance = (given - given.mean("seed")) ** 2
    return distance.mean("x") * given.sizes["seed"] / (given.sizes["seed"] - 1)


def response_to_noise(results: "xr.Dataset", activation: str) -> "xr.DataArray":
    """Squared change of the answers when noise is added, and nothing else is changed."""
    given = answers(results, activation)
    return ((given.sel(world=WORLDS[1]) - given.sel(world=WORLDS[0])) ** 2).mean("x")


def share_of_ripple(results: "xr.Dataset", activation: str) -> "xr.DataArray":
    """Part of the ripple that the answers follow: 0 for nothing, 1 for all of it."""
    given, effect = answers(results, activation), ripple(GRID)
    change = given.sel(world=WORLDS[2]) - given.sel(world=WORLDS[1])
    return (change * effect).sum("x") / np.sum(effect**2)


def wide_minus_narrow(values: "xr.DataArray", condition: str) -> Evidence:
    """Compare 128 units with 2 in pairs of the same seed; above 0 if the wide network has more."""
    found = paired(values.sel(hidden_units=128), values.sel(hidden_units=2))
    return Evidence.from_comparison(condition, found, at_least=0)


def noise_sensitivity(capacity: "xr.Dataset", worlds: "xr.Dataset") -> list[Evidence]:
    """Variance over training sets, and response to noise alone, of 128 units minus those of 2."""
    found = {"variance over training sets": variance_of_runs(capacity.sel(num_examples=20))}
    for name in ACTIVATIONS:
        found[f"response to noise alone, {name}"] = response_to_noise(worlds, name)
    return [wide_minus_narrow(values, condition) for condition, values in found.items()]


def effect_sensitivity(results: "xr.Dataset") -> list[Evidence]:
    """Share of the ripple that 128 units follow minus the share of 2 units, by activation."""
    return [
        wide_minus_narrow(share_of_ripple(results, name), f"share of the ripple, {name}")
        for name in ACTIVATIONS
    ]


def narrow_on_few(results: "xr.Dataset") -> list[Evidence]:
    """Loss on fresh examples of 128 units minus that of 2, by number of examples."""
    loss, counts = results["test_loss"], results["num_examples"].values
    return [wide_minus_narrow(loss.sel(num_examples=n), f"{n} examples") for n in counts]


def more_is_worse(descent: "xr.Dataset", digits: "xr.Dataset") -> list[Evidence]:
    """How test errors grow with parameters: random features (powers of ten) and digits (share)."""
    error: Any = np.log10(descent["test_error"])
    at = {count: error.sel(num_features=count) for count in (20, 40, 400, 1600)}
    steps = ((20, 40), (40, 400), (40, 1600))
    grown = {f"from {few} to {many:,} features": paired(at[many], at[few]) for few, many in steps}
    units = 1 - digits["test_accuracy"].sel(labels="true")
    name = "digits, from 4 to 256 units"
    grown[name] = paired(units.sel(digit_units=256), units.sel(digit_units=4))
    return [Evidence.from_comparison(name, one, at_least=0) for name, one in grown.items()]


def memorized(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy on shuffled training labels minus accuracy on fresh digits, 256 units."""
    wide = results.sel(labels="shuffled", digit_units=256)
    gap = paired(wide["accuracy"].isel(epoch=-1), wide["test_accuracy"])
    return [Evidence.from_comparison("shuffled labels, 256 units", gap, at_most=0.1)]


CLAIMS = (
    Claim(
        "C-overfitting-1",
        "Overfit models are overly sensitive to noise.",
        (CAPACITY, SENSITIVITY),
        noise_sensitivity,
        note=WIDE_MORE,
    ),
    Claim(
        "C-overfitting-2",
        "Underfit models give good results with less data.",
        CAPACITY,
        narrow_on_few,
        note="loss on fresh examples, 128 units minus 2; holds if the whole interval is above 0",
    ),
    Claim(
        "C-overfitting-3",
        "The more parameters, the worse the generalization.",
        (DOUBLE_DESCENT, NOISE_ONLY),
        more_is_worse,
        note="growth of the test error; holds if the whole interval lies above 0",
    ),
    Claim(
        "C-overfitting-4",
        "Overfit models are more sensitive to subtle effects, underfit ones miss true effects.",
        SENSITIVITY,
        effect_sensitivity,
        note=WIDE_MORE,
    ),
    Claim(
        "C-overfitting-5",
        "What a network reaches on its training examples, it reaches on fresh ones.",
        NOISE_ONLY,
        memorized,
        note="training accuracy minus accuracy on fresh digits; holds up to 0.1",
    ),
)

# The figure


def plot_fits(results: "xr.Dataset", num_examples: int = 20) -> "plots.BookFigure":
    """Draw what 20 networks of three widths answer, their mean, and the law."""
    drawing, panels = plots.figure(
        "Three panels with the same sine wave. Twenty networks with one unit cannot follow it; "
        "with 4 units some come near; with 128 they follow it and their own noise besides.",
        rows=3,
        height=7.4,
        sharex=True,
        sharey=True,
    )
    given = answers(results.sel(num_examples=num_examples))
    for panel, units in zip(panels, (1, 4, 128), strict=True):
        runs = given.sel(hidden_units=units).transpose("seed", "x").values
        panel.plot(GRID, runs.T, color="blue", linewidth=0.8, alpha=0.5)
        panel.plot(GRID, wave(GRID), color="ink", linewidth=2.2)
        panel.plot(GRID, runs.mean(axis=0), "--", color="accent", linewidth=2.2)
        name = "1 unit" if units == 1 else f"{units} units"
        panel.set(title=name, ylabel="answer", ylim=(-2.2, 2.2))
    panels[-1].set(xlabel="x")
    return drawing


def show_units(axes: Any, results: "xr.Dataset") -> None:
    """Mark the numbers of units that were tried."""
    tried = results["hidden_units"].values
    axes.set_xticks(tried, [str(units) for units in tried])


def plot_capacity(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the loss on training and on fresh examples against the units, by number of examples."""
    counts = results["num_examples"].values
    drawing, panels = plots.figure(
        "Three panels, for 10, 20 and 80 examples: loss against hidden units, one line for the "
        "training examples and one for fresh ones. The distance shrinks with more examples.",
        rows=len(counts),
        height=7.4,
        sharex=True,
        sharey=True,
    )
    for panel, count in zip(panels, counts, strict=True):
        plots.log_axis(panel, "x")
        losses = {"training": results["loss"].isel(epoch=-1), "fresh": results["test_loss"]}
        for label, values in losses.items():
            interval = mean_interval(values.sel(num_examples=count))
            plots.band(panel, results["hidden_units"], interval, label=label)
        plots.reference(panel, NOISE**2, "noise" if count == counts[0] else "")
        show_units(panel, results)
        panel.set(title=f"{count} examples", ylabel="loss", ylim=(0, None))
        plots.label_lines(panel)
    panels[-1].set(xlabel="hidden units")
    return drawing


def plot_sensitivity(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the response to noise and the share of a small effect that is found, against units."""
    drawing, panels = plots.figure(
        "Two panels against hidden units: how much the answers change when noise is added, and "
        "which share of a small true ripple they follow.",
        rows=2,
        height=5.6,
        sharex=True,
    )
    shown = {"response to noise": response_to_noise, "share of the ripple": share_of_ripple}
    for panel, (label, measure) in zip(panels, shown.items(), strict=True):
        plots.log_axis(panel, "x")
        for name in ACTIVATIONS:
            interval = mean_interval(measure(results, name))
            plots.band(panel, results["hidden_units"], interval, label=name)
        panel.set(ylabel=label, ylim=(0, None))
        show_units(panel, results)
        plots.label_lines(panel)
    panels[-1].set(xlabel="hidden units")
    return drawing


def plot_double_descent(results: "xr.Dataset", num_examples: int = 40) -> "plots.BookFigure":
    """Draw training and test error against the number of features, each run and the median."""
    drawing, axes = plots.figure(
        "Error against the number of random features. The test error has a sharp peak where there "
        "are as many features as examples, and is low on both sides of it.",
        height=4.2,
    )
    plots.log_axis(axes, "both")
    count, error = results["num_features"].values, results["test_error"]
    axes.fill_between(count, *np.quantile(error, (0.25, 0.75), axis=1), alpha=0.2, color="accent")
    axes.plot(count, error.median("seed"), color="accent", label="fresh")
    below = results["train_error"].sel(num_features=slice(None, num_examples - 1))
    axes.plot(below["num_features"], below.median("seed"), color="blue", label="training")
    plots.note(axes, "as many features\nas examples", (num_examples, 5), (24, 12))
    axes.set(xlabel="random features", ylabel="mean squared error")
    plots.label_lines(axes)
    return drawing


def plot_noise_only(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on training digits and on fresh ones, for true and for shuffled labels."""
    drawing, axes = plots.figure(
        "Rows of dots: accuracy on training digits is high for true and for shuffled labels; on "
        "fresh digits it is high for true labels and near one tenth for shuffled ones.",
        height=3.4,
    )
    wide = results.sel(digit_units=256)
    accuracy = {"training": wide["accuracy"].isel(epoch=-1), "fresh": wide["test_accuracy"]}
    plots.strip(
        axes,
        {
            f"{labels}, {part}": values.sel(labels=labels).values
            for labels in ("true", "shuffled")
            for part, values in accuracy.items()
        },
    )
    axes.set(xlabel="accuracy", xlim=(0, 1.03))
    return drawing
