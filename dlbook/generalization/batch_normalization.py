"""Batch normalization: every unit is scaled by the batch in which it is computed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

EPSILON = 1e-3
MOMENTUM = 0.99


def batch_normalize(
    inputs: ArrayLike, gamma: ArrayLike = 1.0, beta: ArrayLike = 0.0, epsilon: float = EPSILON
) -> np.ndarray:
    r"""Give every feature of a batch mean $\beta$ and (nearly) standard deviation $|\gamma|$.

    $$\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad y = \gamma \hat x + \beta$$

    Args:
        inputs: The values $x$ of one batch, shape (examples, features).
        gamma: $\gamma$, one number or one per feature.
        beta: $\beta$, one number or one per feature.
        epsilon: $\varepsilon$, keeps a constant feature from being divided by 0.

    Returns:
        $y$, same shape; mean $\mu$ and variance $\sigma^2$ are those of this batch.

    Raises:
        ValueError: `inputs` is no table of finite numbers, or `epsilon` is negative.

    Example:
        >>> batch_normalize([[1.0], [3.0]], gamma=2, beta=5, epsilon=0)
        array([[3.],
               [7.]])
    """
    batch = numbers(inputs, "inputs", rank=2)
    if not epsilon >= 0:
        raise ValueError(f"`epsilon` must be 0 or larger. Received: {epsilon}")
    centered = batch - batch.mean(axis=0)
    return np.asarray(gamma) * centered / np.sqrt(batch.var(axis=0) + epsilon) + np.asarray(beta)


def update_moving(moving: ArrayLike, batch: ArrayLike, momentum: float = MOMENTUM) -> np.ndarray:
    r"""Let a moving average follow the batches: $m \leftarrow p\,m + (1 - p)\,b$.

    After $n$ batches its first value still has the weight $p^n$.

    Args:
        moving: The average so far, $m$.
        batch: Mean or variance of the new batch, $b$, same shape.
        momentum: $p$, from 0 (only the new batch) to 1 (never changes).

    Returns:
        The new average, same shape.

    Raises:
        ValueError: `momentum` is not between 0 and 1.

    Example:
        >>> update_moving([0.0, 1.0], [10.0, 1.0])
        array([0.1, 1. ])
    """
    if not 0 <= momentum <= 1:
        raise ValueError(f"`momentum` must be between 0 and 1. Received: {momentum}")
    old, new = numbers(moving, "moving"), numbers(batch, "batch")
    return momentum * old + (1 - momentum) * new


def fold(kernel: ArrayLike, statistics: Sequence[ArrayLike], epsilon: float = EPSILON) -> Any:
    r"""Fold batch normalization, as it is used for prediction, into the layer before it.

    $$w' = w\,\frac{\gamma}{\sqrt{v + \varepsilon}}, \qquad
    b' = \beta - m\,\frac{\gamma}{\sqrt{v + \varepsilon}}$$

    Args:
        kernel: $w$, shape (inputs, units), of a layer without bias.
        statistics: $\gamma$, $\beta$, moving mean $m$ and moving variance $v$, as Keras orders
            them, each of shape (units,).
        epsilon: $\varepsilon$.

    Returns:
        Kernel $w'$ and bias $b'$ of one layer that computes the same.

    Example:
        >>> fold([[2.0]], [[3.0], [1.0], [5.0], [4.0]], epsilon=0)
        (array([[3.]]), array([-6.5]))
    """
    gamma, beta, mean, variance = (numbers(one, "statistics", rank=1) for one in statistics)
    factor = gamma / np.sqrt(variance + epsilon)
    return numbers(kernel, "kernel", rank=2) * factor, beta - mean * factor


PLACES = ("none", "inputs", "before", "after")


def mlp_with_normalization(sizes: Sequence[int], place: str = "before") -> "keras.Sequential":
    """Build a ReLU network with batch normalization in one of several places.

    Args:
        sizes: Inputs, units of each hidden layer, outputs.
        place: `"none"`; `"inputs"`: only what enters the network; `"before"` or `"after"` the
            ReLU of each hidden layer.

    Returns:
        A model without activation at the end.

    Raises:
        ValueError: `place` is unknown.

    Example:
        >>> mlp_with_normalization((10, 16, 1), "before").count_params()
        257
    """
    if place not in PLACES:
        raise ValueError(f"`place` must be one of {', '.join(PLACES)}. Received: {place!r}")
    import keras

    layers: list[Any] = [keras.Input((sizes[0],))]
    layers += [keras.layers.BatchNormalization()] if place == "inputs" else []
    for units in sizes[1:-1]:
        layers.append(keras.layers.Dense(units))
        layers += [keras.layers.BatchNormalization()] if place == "before" else []
        layers.append(keras.layers.ReLU())
        layers += [keras.layers.BatchNormalization()] if place == "after" else []
    return keras.Sequential([*layers, keras.layers.Dense(sizes[-1])])


# The experiment

DIGITS_LOSS = "sparse_categorical_crossentropy_from_logits"


def seen_in_both_modes(data: Data) -> Data:
    """Make the training part also the validation part.

    In the results `loss` is then that of training mode and `val_loss` that of prediction mode,
    for the same examples.
    """
    return replace(data, x_validation=data.x_train, y_validation=data.y_train)


def course_network(place: str) -> "keras.Sequential":
    """Build the course's network 16-32-20-1 for the ten measures of a patient."""
    return mlp_with_normalization((10, 16, 32, 20, 1), place)


def patients(seed: int, num_patients: int = 352) -> Data:
    """Take up to 354 patients to learn from, seen in both modes, and 88 to be tested on.

    352 are eleven full batches of 32; with all 354 the last batch of an epoch holds two.
    """
    data = datasets.diabetes_high(seed, validation=0)
    x, y = data.x_train[:num_patients], data.y_train[:num_patients]
    return seen_in_both_modes(replace(data, x_train=x, y_train=y))


def digit_network(place: str, hidden_layers: int = 2) -> "keras.Sequential":
    """Build a network for 64 pixels and ten classes, each hidden layer of 20 units."""
    return mlp_with_normalization((64, *[20] * hidden_layers, 10), place)


def images(seed: int) -> Data:
    """Split the digits into 1,440 for training and 357 for the test."""
    return datasets.digits(seed, validation=0)


def few_images(seed: int, num_examples: int = 256) -> Data:
    """Take 256 digits to learn from, seen in both modes, and 357 to be tested on."""
    return seen_in_both_modes(datasets.digits(seed, num_examples=num_examples, validation=0))


def unit_inputs(place: str, updates: Sequence[int] = (0, 25, 50, 75, 100)) -> np.ndarray:
    """Watch what enters one unit of the eighth hidden layer while a network trains.

    Args:
        place: Where batch normalization stands.
        updates: After how many updates to look; every update sees all 256 images.

    Returns:
        Shape (updates, images): the number that enters the ReLU of the first unit.
    """
    import keras

    keras.utils.set_random_seed(0)
    data, model = few_images(0), digit_network(place, hidden_layers=8)
    last = [layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)][-1]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss)
    watched, seen = keras.Model(model.inputs[0], last.input), []
    for update in range(max(updates) + 1):
        if update in updates:
            seen.append(np.asarray(watched(data.x_train, training=True))[:, 0])
        model.train_on_batch(data.x_train, data.y_train)
    return np.array(seen)


COURSE_TRIAL = Training(
    course_network, patients, "binary_crossentropy_from_logits", batch_size=32,
    metrics=("accuracy",),
)  # fmt: skip
COURSE = Experiment(
    name="course",
    question="What does batch normalization gain on data that nobody predicts well?",
    independent={"place": ("none", "before"), "learning_rate": (0.01, 0.1), "epochs": (60,)},
    full_independent={"epochs": (1000,)},
    trial=COURSE_TRIAL,
)
LAST_BATCH = Experiment(
    name="last_batch",
    question="What does one batch of two do to an epoch of full batches?",
    independent={"place": ("before",), "num_patients": (352, 354)},
    trial=replace(COURSE_TRIAL, learning_rate=0.1, epochs=60),
)
PLACE = Experiment(
    name="place",
    question="Where should it stand, in how deep a network, at which learning rate?",
    independent={"place": PLACES, "hidden_layers": (2, 8), "learning_rate": (0.1, 1.0)},
    full_independent={"learning_rate": (0.01, 0.1, 1.0)},
    trial=Training(
        digit_network, images, DIGITS_LOSS, batch_size=32, epochs=5, metrics=("accuracy",),
    ),
)  # fmt: skip
BATCHES = Experiment(
    name="batches",
    question="Does it regularize, and more so in small batches?",
    independent={"place": ("none", "before"), "batch_size": (4, 64), "learning_rate": (0.03, 0.1)},
    full_independent={"batch_size": (2, 4, 16, 64)},
    trial=Training(
        digit_network, few_images, DIGITS_LOSS, metrics=("accuracy",), keep_curves=False,
        epochs=by("batch_size", {2: 6, 4: 12, 16: 48, 64: 192}),
    ),
)  # fmt: skip
TOO_EARLY = Experiment(
    name="too_early",
    question="How good is the network in prediction mode, after how many updates?",
    independent={"place": ("before",)},
    trial=Training(
        digit_network, few_images, DIGITS_LOSS, learning_rate=0.1, epochs=450,
        metrics=("accuracy",),
    ),
)  # fmt: skip

# The claims


def gain(results: "xr.Dataset", place: str = "before") -> "xr.DataArray":
    """Test accuracy with batch normalization minus that without, paired by seed."""
    accuracy = results["test_accuracy"]
    return accuracy.sel(place=place) - accuracy.sel(place="none")


def deep_gain(results: "xr.Dataset") -> list[Evidence]:
    """Gain in 8 hidden layers minus gain in 2, at each learning rate."""
    found = gain(results).sel(hidden_layers=8) - gain(results).sel(hidden_layers=2)
    rates = found["learning_rate"].values
    return [
        Evidence.from_mean(f"rate {r:g}", found.sel(learning_rate=r), at_least=0) for r in rates
    ]


def gain_on_patients(results: "xr.Dataset") -> list[Evidence]:
    """Gain in accuracy on patients that the network never saw, at each learning rate."""
    found = gain(results).isel(epochs=0)
    rates = found["learning_rate"].values
    return [
        Evidence.from_mean(f"rate {r:g}", found.sel(learning_rate=r), at_least=0.01) for r in rates
    ]


def gain_at_large_rates(results: "xr.Dataset") -> list[Evidence]:
    """Gain at learning rate 1, by depth."""
    found = gain(results).sel(learning_rate=1.0)
    depths = found["hidden_layers"].values
    return [
        Evidence.from_mean(f"{d} layers, rate 1", found.sel(hidden_layers=d), at_least=0.01)
        for d in depths
    ]


def gap(results: "xr.Dataset") -> "xr.DataArray":
    """Accuracy on the training images minus that on fresh ones, both in prediction mode."""
    return results["val_accuracy"].isel(epoch=-1) - results["test_accuracy"]


def change_of_gap(results: "xr.Dataset") -> list[Evidence]:
    """Gap with batch normalization minus gap without, at each learning rate and batch size."""
    gaps = gap(results)
    change = gaps.sel(place="before") - gaps.sel(place="none")
    return [
        Evidence.from_mean(
            f"rate {rate:g}, batches of {size}",
            change.sel(learning_rate=rate, batch_size=size),
            at_most=0,
        )
        for rate in change["learning_rate"].values
        for size in change["batch_size"].values
    ]


CLAIMS = (
    Claim(
        "C-batch_normalization-1",
        "Batch normalization is useful for deep networks.",
        PLACE,
        deep_gain,
        note="gain in accuracy on fresh digits with 8 hidden layers minus the gain with 2; holds "
        "if the whole interval lies above 0",
    ),
    Claim(
        "C-batch_normalization-2",
        "Batch normalization is useful for data sets with low accuracy.",
        COURSE,
        gain_on_patients,
        note="gain in accuracy on fresh patients; holds from 0.01 up",
    ),
    Claim(
        "C-batch_normalization-3",
        "Batch normalization allows larger learning rates.",
        PLACE,
        gain_at_large_rates,
        note="gain in accuracy on fresh digits at rate 1; holds from 0.01 up",
    ),
    Claim(
        "C-batch_normalization-4",
        "Batch normalization acts as a regularizer.",
        BATCHES,
        change_of_gap,
        note="accuracy on training images minus that on fresh ones, with it minus without; holds "
        "if the whole interval lies below 0",
    ),
)

# The figure


def plot_unit_inputs() -> "plots.BookFigure":
    """Draw the distribution of what enters one unit at five times of training."""
    drawing, panels = plots.figure(
        "What enters one unit of the eighth hidden layer for 64 images, after 0 to 100 updates: "
        "without batch normalization it starts in a narrow band and moves, with it the values "
        "are spread over the same range all the time.",
        rows=2,
        height=6,
        sharex=True,
    )
    updates = (0, 25, 50, 75, 100)
    places = (("none", "without"), ("before", "with"))
    for panel, (place, title) in zip(panels, places, strict=True):
        plots.dots(panel, updates, unit_inputs(place, updates)[:, :64], spread=0.6)
        panel.set(title=f"{title} batch normalization", ylabel="enters the ReLU")
        panel.set_xticks(updates)
        plots.reference(panel, 0, "")
    panels[-1].set(xlabel="updates")
    return drawing


def plot_course(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the loss per epoch with and without, one panel per learning rate."""
    rates = results["learning_rate"].values
    drawing, panels = plots.figure(
        "Loss on the training patients against epochs, a panel for each rate, one line with and "
        "one without batch normalization.",
        rows=len(rates),
        height=5.6,
        sharex=True,
        sharey=True,
    )
    for panel, rate in zip(panels, rates, strict=True):
        for place, label in (("none", "without"), ("before", "with")):
            loss = results["val_loss"].isel(epochs=0).sel(place=place, learning_rate=rate)
            plots.band(panel, results["epoch"].values, mean_interval(loss), label=label)
        panel.set(title=f"learning rate {rate:g}", ylabel="loss, training patients")
        plots.label_lines(panel)
    panels[-1].set(xlabel="epoch")
    return drawing


def plot_place(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on fresh digits, a dot per network, by place, rate and depth."""
    depths, rates = results["hidden_layers"].values, results["learning_rate"].values
    drawing, panels = plots.figure(
        "Accuracy on fresh digits against learning rate, a panel for 2 and one for 8 hidden "
        "layers, one line for each place of batch normalization.",
        rows=len(depths),
        height=6,
        sharex=True,
        sharey=True,
    )
    for panel, depth in zip(panels, depths, strict=True):
        plots.log_axis(panel, "x")
        for place in results["place"].values:
            accuracy = results["test_accuracy"].sel(hidden_layers=depth, place=place)
            plots.band(panel, rates, mean_interval(accuracy), label=str(place))
        panel.set(title=f"{depth} hidden layers", ylabel="accuracy", ylim=(0, 1.03))
        plots.label_lines(panel)
    panels[-1].set(xlabel="learning rate")
    return drawing


def plot_batches(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the gap between training and fresh images, a dot per network, by learning rate."""
    gaps, rates = gap(results), results["learning_rate"].values
    drawing, panels = plots.figure(
        "Accuracy on training images minus accuracy on fresh ones, one dot per network, by size "
        "of the batch, with batch normalization and without, a panel for each learning rate.",
        rows=len(rates),
        height=1.3 * results.sizes["batch_size"] * len(rates) + 1,
        sharex=True,
    )
    names = {"none": "without", "before": "with"}
    for panel, rate in zip(np.atleast_1d(panels), rates, strict=True):
        rows = {
            f"{size}, {names[str(place)]}": gaps.sel(
                batch_size=size, place=place, learning_rate=rate
            ).values
            for size in results["batch_size"].values
            for place in results["place"].values
        }
        plots.strip(panel, rows)
        panel.set(title=f"learning rate {rate:g}")
    np.atleast_1d(panels)[-1].set(xlabel="gap (training minus fresh accuracy)")
    return drawing


def plot_too_early(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on the same images in both modes against the number of updates."""
    drawing, axes = plots.figure(
        "Accuracy on the same images against updates: in training mode it rises at once, in "
        "prediction mode it stays low for tens of updates and catches up later.",
        height=3.8,
    )
    runs = results.isel(place=0)
    plots.log_axis(axes, "x")
    for name, label in (("accuracy", "training"), ("val_accuracy", "prediction")):
        plots.band(axes, runs["epoch"].values, mean_interval(runs[name]), label=label)
    axes.set(xlabel="updates", ylabel="accuracy", ylim=(0, 1.03))
    plots.label_lines(axes)
    return drawing
