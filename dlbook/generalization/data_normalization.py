"""Data normalization: every feature on the same scale, by numbers from the training rows."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.descent.gradient_descent_algorithm import descend
from dlbook.lab import datasets, plots
from dlbook.lab.best_rate import at_best_rate
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.levels import Level
from dlbook.lab.models import mlp
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea

Scaler = Callable[[ArrayLike], np.ndarray]
SCALINGS = ("none", "mean only", "z", "min-max")


def fit_scaler(train: ArrayLike, scaling: str = "z") -> Scaler:
    """Measure the training inputs; return a function that scales any inputs by these numbers.

    Args:
        train: The training inputs, shape (examples, features), and no others.
        scaling: "none"; "mean only" (subtract the mean); "z" (and divide by the standard
            deviation); or "min-max" (from the smallest value, 0, to the largest, 1).

    Returns:
        A function from inputs to scaled inputs of the same shape. A feature that is constant in
        the training inputs is shifted only.

    Raises:
        ValueError: `scaling` is unknown, or `train` is empty or not finite.

    Example:
        >>> scale = fit_scaler([[1.0, 100.0], [3.0, 500.0]])
        >>> print(scale([[3.0, 300.0]]))
        [[1. 0.]]
    """
    if scaling not in SCALINGS:
        raise ValueError(f"`scaling` must be one of {', '.join(SCALINGS)}. Received: {scaling!r}")
    x = numbers(train, "train", rank=2)
    shifts = {"none": 0 * x[0], "min-max": x.min(axis=0)}
    widths = {"z": x.std(axis=0), "min-max": np.ptp(x, axis=0)}
    shift = shifts.get(scaling, x.mean(axis=0))
    width = widths.get(scaling, np.ones_like(x[0]))
    width = np.where(np.ptp(x, axis=0) > 0, width, 1.0)
    return lambda inputs: (np.asarray(inputs, dtype=float) - shift) / width


def steepnesses(inputs: ArrayLike) -> np.ndarray:
    r"""Say how steep the bowl of a linear model is along its main directions.

    They are the eigenvalues of $X^\top X / n$, the mean products of every two inputs. A column of
    ones is added for the bias.

    Args:
        inputs: $X$, shape (examples, features).

    Returns:
        One more than there are features, the flattest first.

    Raises:
        ValueError: `inputs` is empty or not finite.

    Example:
        >>> print(steepnesses([[2.0], [-2.0]]))
        [1. 4.]
    """
    x = numbers(inputs, "inputs", rank=2)
    x = np.column_stack([x, np.ones(len(x))])
    return np.linalg.eigvalsh(x.T @ x / len(x))


def condition_number(inputs: ArrayLike) -> float:
    r"""Say how stretched the bowl of a linear model is: $\lambda_{\max} / \lambda_{\min}$.

    Args:
        inputs: Shape (examples, features).

    Returns:
        1 for a round bowl, large for a ravine, infinity if a direction is flat.

    Raises:
        ValueError: `inputs` is empty or not finite.

    Example:
        >>> condition_number([[2.0], [-2.0]])
        4.0
    """
    steepness = steepnesses(inputs)
    flat = steepness[0] <= 1e-14 * steepness[-1]
    return float("inf") if flat else float(steepness[-1] / steepness[0])


# The experiment

RATES = (0.00001, 0.0001, 0.001, 0.01, 0.1)
SIZES = {"cultivars": (13, 16, 32, 3), "biopsies": (30, 16, 32, 1)}
LOADERS = {"cultivars": datasets.wine, "biopsies": datasets.breast_cancer}
LOSSES: dict[Level, str] = {
    "cultivars": "sparse_categorical_crossentropy_from_logits",
    "biopsies": "binary_crossentropy_from_logits",
}
FITTED_ON = ("training rows", "all rows", "each part its own")
DEVICES = ("right", "1.5 times too high")
LAYERS = ("hidden_1", "hidden_2", "output")
Layers = list[tuple[np.ndarray, np.ndarray]]


def build_network(table: str) -> "keras.Sequential":
    """Build the network of a table: its features, 16 and 32 ReLU units, its classes."""
    return mlp(SIZES[table])


def scaled(seed: int, table: str, scaling: str) -> Data:
    """Split a table; scale all its parts by numbers from the training rows."""
    data = LOADERS[table](seed, scaling="none")
    return data.with_inputs(fit_scaler(data.x_train, scaling))


def who_sees(seed: int, num_train: int, fitted_on: str, device: str) -> Data:
    """Z-transform wines by numbers from different rows; the later wines may be misread.

    Args:
        seed: The split.
        num_train: Training wines.
        fitted_on: The scaler may see "training rows"; "all rows" (those of training and test);
            or "each part its own".
        device: "right", or "1.5 times too high" (all measures of the later wines are).

    Returns:
        Training part, test part, and as validation part fresh wines that no scaler has seen
        (except under "each part its own").
    """
    data = datasets.wine(seed, scaling="none", num_examples=num_train)
    factor = 1.0 if device == "right" else 1.5
    parts = {"train": data.x_train, "fresh": factor * data.x_validation,
             "test": factor * data.x_test}  # fmt: skip
    both = np.concatenate([parts["train"], parts["test"]])
    seen = {"training rows": parts["train"], "all rows": both}.get(fitted_on)
    x = {name: fit_scaler(own if seen is None else seen)(own) for name, own in parts.items()}
    return Data(x["train"], data.y_train, x["fresh"], data.y_validation, x["test"], data.y_test)


def measure_learner(seed: int, table: str, learner: str, scaling: str) -> dict[str, float]:
    """Fit a traditional learner on raw or scaled rows; return test accuracy and its steps."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier
    from threadpoolctl import threadpool_limits

    learners = {
        "decision tree": DecisionTreeClassifier(random_state=seed),
        "neighbours": KNeighborsClassifier(algorithm="kd_tree"),
        "logistic regression": LogisticRegression(max_iter=100),
    }
    data = scaled(seed, table, scaling)
    with warnings.catch_warnings(), threadpool_limits(1):  # threads cost more than they help here
        warnings.simplefilter("ignore")  # "not finished after 100 steps" is what we measure
        model = learners[learner].fit(data.x_train, data.y_train.ravel())
    steps = getattr(model, "n_iter_", [0])
    accuracy = model.score(data.x_test, data.y_test.ravel())
    return {"test_accuracy": float(accuracy), "steps": float(np.max(steps))}


SCALING = Experiment(
    name="scaling",
    question="Which scaling does a network need, and at which learning rate?",
    independent={"table": tuple(SIZES), "scaling": SCALINGS, "learning_rate": RATES},
    trial=Training(
        build_network, scaled, by("table", LOSSES), epochs=100, metrics=("accuracy",),
        batch_size=by("table", {"cultivars": 16, "biopsies": 48}), keep_weights=True,
    ),
    units={"learning_rate": "learning rate"},
)  # fmt: skip
LEARNERS = Experiment(
    name="learners",
    question="Which other learners need scaled inputs?",
    independent={
        "table": tuple(SIZES),
        "learner": ("decision tree", "neighbours", "logistic regression"),
        "scaling": ("none", "z"),
    },
    trial=measure_learner,
)
WHO_MAY_SEE = Experiment(
    name="who_may_see",
    question="Which rows may the scaler see?",
    independent={"fitted_on": FITTED_ON, "num_train": (20, 100), "device": DEVICES},
    trial=Training(
        partial(mlp, SIZES["cultivars"]), who_sees, LOSSES["cultivars"],
        learning_rate=0.01, batch_size=16, epochs=100, metrics=("accuracy",),
    ),
)  # fmt: skip


def lost(results: "xr.Dataset") -> "xr.DataArray":
    """Say of every network whether its loss or a weight of it is no longer a number."""
    numbers_left = abs(results["loss"].isel(epoch=-1)) + largest_weight(results)
    return ~(numbers_left < np.inf)


def largest_weight(results: "xr.Dataset") -> "xr.DataArray":
    """Return the largest absolute weight of every trained network."""
    kernels = [abs(results[f"weights_{layer}_kernel"]) for layer in LAYERS]
    first, *others = (one.max([*set(one.dims) - set(results["loss"].dims)]) for one in kernels)
    for one in others:
        first = first.where(first > one, one)
    return first


def network_of(results: "xr.Dataset", **condition: object) -> Layers:
    """Return kernel and bias of every layer of one trained network."""
    run = results.sel(condition)
    sizes = SIZES[str(condition["table"])]
    return [
        (run[f"weights_{layer}_kernel"].values[:before, :units],
         run[f"weights_{layer}_bias"].values[:units])
        for layer, before, units in zip(LAYERS, sizes, sizes[1:], strict=False)
    ]  # fmt: skip


def look_inside(layers: Layers, inputs: np.ndarray) -> tuple[np.ndarray, float]:
    """Compute the logits of a network, and the share of its hidden units that are always off."""
    values, off = inputs.astype(float), []
    for kernel, bias in layers[:-1]:
        values = np.maximum(values @ kernel.astype(float) + bias, 0)
        off.append((values == 0).all(axis=0))
    return values @ layers[-1][0] + layers[-1][1], float(np.concatenate(off).mean())


def examine(results: "xr.Dataset", table: str, scaling: str, rate: float) -> dict[str, float]:
    """Look into trained networks: units that are off for all training rows, equal answers."""
    off, equal = [], []
    for seed in results["seed"].values.tolist():
        x = scaled(seed, table, scaling).x_train
        condition = {"table": table, "scaling": scaling, "learning_rate": rate, "seed": seed}
        logits, share = look_inside(network_of(results, **condition), x)
        off.append(share)
        equal.append(np.ptp(logits, axis=0).max() < 1e-6)
    return {"off": float(np.mean(off)), "same answer": float(np.mean(equal))}


def feed(results: "xr.Dataset", table: str, change: Callable[..., np.ndarray]) -> np.ndarray:
    """Return the accuracy of the networks trained on z-scores on changed test rows.

    Args:
        results: Of the experiment `scaling`.
        table: Which table.
        change: `change(scale, rows, classes)`: from the scaler of the training rows, the raw test
            rows and their classes to what the network is fed.

    Returns:
        One accuracy per seed.
    """
    found = []
    for seed in results["seed"].values.tolist():
        raw = LOADERS[table](seed, scaling="none")
        x = change(fit_scaler(raw.x_train), raw.x_test, raw.y_test.ravel())
        condition = {"table": table, "scaling": "z", "learning_rate": 0.01, "seed": seed}
        logits, _ = look_inside(network_of(results, **condition), x)
        said = logits.argmax(axis=1) if logits.shape[1] > 1 else logits.ravel() > 0
        found.append(np.mean(said == raw.y_test.ravel()))
    return np.array(found)


# The claims


def gain_by_learner(trained: "xr.Dataset", fitted: "xr.Dataset") -> list[Evidence]:
    """Test accuracy with z-scores minus that with raw inputs, for every learner and table."""
    network, others = at_best_rate(trained), fitted["test_accuracy"]
    gain = network.sel(scaling="z") - network.sel(scaling="none")
    gains = others.sel(scaling="z") - others.sel(scaling="none")
    return [
        *evidence_of_each(gain, "network, {table}", at_least=0.01),
        *evidence_of_each(gains.transpose("learner", ...), "{learner}, {table}", at_least=0.01),
    ]


def stability(results: "xr.Dataset") -> list[Evidence]:
    """How much more often raw networks are lost, and how much larger their largest weight is."""
    share = lost(results).mean("learning_rate")
    weight = largest_weight(results).where(~lost(results)).max("learning_rate")
    power: Any = np.log10(weight.sel(scaling="none") / weight.sel(scaling="z"))
    words = "power of ten of the largest weight, {table}"
    more = share.sel(scaling="none") - share.sel(scaling="z")
    return [
        *evidence_of_each(more, "share lost, {table}", at_least=0.01),
        *evidence_of_each(power, words, at_least=np.log10(2)),
    ]


def inflation(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy with a scaler that saw the test rows, minus that of one that did not."""
    accuracy = results["test_accuracy"].transpose("device", ...)
    gain = accuracy.sel(fitted_on="all rows") - accuracy.sel(fitted_on="training rows")
    return evidence_of_each(gain, "device {device}, {num_train} training rows", at_least=0.01)


def z_or_min_max(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy with z-scores minus that with min-max scaling, each at its best rate."""
    accuracy = at_best_rate(results)
    gain = accuracy.sel(scaling="z") - accuracy.sel(scaling="min-max")
    return evidence_of_each(gain, "{table}", at_least=0.01)


CLAIMS = (
    Claim(
        "C-data_normalization-1",
        "Data normalization is needed.",
        (SCALING, LEARNERS),
        gain_by_learner,
        note="test accuracy with z-scores minus that with raw inputs, paired; the network with the "
        "rate of the best validation accuracy for each; holds from 0.01 up",
    ),
    Claim(
        "C-data_normalization-2",
        "Data normalization keeps the weights numerically stable.",
        SCALING,
        stability,
        note="raw inputs minus z-scores, paired. Share of networks whose loss or weights are no "
        "longer numbers, all rates; holds from 0.01 up. Largest weight at the worst rate, as a "
        "power of ten; holds from log 2 up, that is, if it is twice as large",
    ),
    Claim(
        "C-data_normalization-3",
        "A scaler that sees all rows inflates the test accuracy.",
        WHO_MAY_SEE,
        inflation,
        note="test accuracy with a scaler fitted on training and test rows minus that with one "
        "fitted on training rows, paired; holds from 0.01 up",
    ),
    Claim(
        "C-data_normalization-4",
        "The z-transform is better than min-max scaling.",
        SCALING,
        z_or_min_max,
        note="test accuracy of networks, each with the rate of the best validation accuracy, "
        "paired; holds from 0.01 up",
    ),
)

# The figure

SHORT = ("alcohol", "malic acid", "ash", "alcalinity", "magnesium", "phenols", "flavanoids",
         "other phenols", "tannins", "colour", "hue", "protein ratio", "proline")  # fmt: skip


def plot_ranges(seed: int = 0) -> "plots.BookFigure":
    """Draw from where to where every feature of the wines goes, raw and as z-scores."""
    raw = datasets.wine(seed, scaling="none").x_train.astype(float)
    drawing, panels = plots.figure(
        "Thirteen strokes, one for each feature of the wines. Raw, on a logarithmic axis, they lie "
        "between 0.1 and 2,000. As z-scores all of them lie around 0, from about −3 to 4.",
        rows=2,
        height=9,
    )
    plots.log_axis(panels[0], "x")
    for panel, x in zip(panels, (raw, fit_scaler(raw)(raw)), strict=True):
        low, first, middle, third, high = np.percentile(x, [0, 25, 50, 75, 100], axis=0)
        places = range(len(SHORT))
        panel.hlines(places, low, high, color="sky", linewidth=2)
        panel.hlines(places, first, third, color="blue", linewidth=7)
        panel.plot(middle, places, "o", color="ground", markersize=4)
        panel.set_yticks(places, SHORT)
        panel.set_ylim(len(SHORT) - 0.4, -0.6)
        panel.grid(False, axis="y")
        panel.grid(True, axis="x")
    panels[0].set(title="raw", xlabel="value, each in its own unit")
    panels[1].set(title="z-scores", xlabel="deviations from the mean")
    return drawing


def two_features(seed: int = 0) -> Mapping[str, np.ndarray]:
    """Return two features of the wines, centred, then divided as well."""
    raw = datasets.wine(seed, scaling="none").x_train[:, [0, 3]].astype(float)
    return {name: fit_scaler(raw, name)(raw) for name in ("mean only", "z")}


def plot_bowls(num_steps: int = 20) -> "plots.BookFigure":
    """Draw the bowl of a linear model with two weights, stretched and round, and a descent."""
    drawing, panels = plots.figure(
        "Two maps of a valley with the steps of a descent. Left a long narrow ravine: the walk "
        "drops to its floor and creeps. Right a rounder bowl: the walk reaches the middle.",
        columns=2,
        height=3.6,
    )
    for panel, (name, x) in zip(panels, two_features().items(), strict=True):
        square = x.T @ x / len(x)
        rate = 1 / np.linalg.eigvalsh(square)[-1]
        steps = descend(partial(np.matmul, square), [2.0, 1.4], rate, num_steps)
        plots.landscape(panel, partial(height_of, square), (-2.4, 2.4), (-2.4, 2.4))
        plots.path(panel, steps)
        plots.plane(panel)
        panel.set(title=name, xlabel="weight of alcohol")
    panels[0].set(ylabel="weight of alcalinity")
    return drawing


def height_of(square: np.ndarray, across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return half the mean squared error above its minimum, at distances from the minimum."""
    places = np.stack([across, up], axis=-1)
    return 0.5 * np.einsum("...i,ij,...j->...", places, square, places)


def plot_scaling(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw test accuracy as a table of scaling and learning rate, for both tables."""
    drawing, panels = plots.figure(
        "Two tables of test accuracy, one for the cultivars and one for the biopsies: four rows "
        "for the scaling of the inputs, five columns for the learning rate.",
        rows=2,
        height=6.4,
    )
    rates = results["learning_rate"].values
    accuracy = results["test_accuracy"].mean("seed").isel(scaling=slice(None, None, -1))
    for panel, table in zip(panels, results["table"].values.tolist(), strict=True):
        plots.heatmap(
            panel, accuracy.sel(table=table).values, rates, SCALINGS[::-1], limits=(0.2, 1)
        )
        panel.set(title=table)
    panels[-1].set(xlabel="learning rate")
    return drawing


def plot_who_may_see(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw test accuracy by what the scaler saw, with a right and a misreading device."""
    drawing, panels = plots.figure(
        "Test accuracy, one dot per split, for three kinds of scaler. With the right device all "
        "three lie together. With the misreading device they lie far apart.",
        rows=2,
        height=5.2,
        sharex=True,
    )
    for panel, device in zip(panels, results["device"].values.tolist(), strict=True):
        runs = results["test_accuracy"].sel(device=device, num_train=100)
        groups = {rows: runs.sel(fitted_on=rows).values for rows in FITTED_ON}
        plots.strip(panel, groups)
        panel.set(title=f"device: {device}")
    panels[-1].set(xlabel="accuracy on the test wines")
    return drawing
