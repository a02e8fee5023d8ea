"""Cross-validation: estimate how good a model is on rows that it has never seen."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
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
from dlbook.lab.splits import folds, split
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

Predict = Callable[[np.ndarray], np.ndarray]

# The idea


def cross_validate(
    train: Callable[[np.ndarray, np.ndarray], Predict],
    inputs: ArrayLike,
    labels: ArrayLike,
    num_folds: int = 10,
    seed: int = 0,
) -> np.ndarray:
    """Train a fresh model for every fold, and measure its accuracy on the fold that it lacks.

    Args:
        train: Takes inputs and labels, returns a function that predicts labels of new inputs.
            Everything that looks at data belongs inside, scaling too.
        inputs: Shape (rows, ...).
        labels: Shape (rows,).
        num_folds: How many folds.
        seed: Controls which row goes where.

    Returns:
        One accuracy per fold, between 0 and 1.

    Raises:
        ValueError: `inputs` is empty or not finite, or the number of folds is impossible.

    Example:
        >>> always_one = lambda inputs, labels: lambda new: np.ones(len(new))
        >>> cross_validate(always_one, np.zeros((8, 1)), [0, 1] * 4, num_folds=2)
        array([0.5, 0.5])
    """
    x, y = numbers(inputs, "inputs"), np.asarray(labels).ravel()
    scores = []
    for fit, held_out in folds(y, num_folds, seed):
        predict = train(x[fit], y[fit])
        scores.append(np.mean(predict(x[held_out]) == y[held_out]))
    return np.array(scores)


# The experiment

WORLDS = ("clusters", "digits")
DRAWS = tuple(f"10 %, draw {draw}" for draw in range(1, 11))
FIVE = tuple(f"5 folds, fold {fold}" for fold in range(1, 6))
TEN = tuple(f"10 folds, fold {fold}" for fold in range(1, 11))
HELD_OUT = ("nothing", "30 %", *DRAWS, *FIVE, *TEN)
ESTIMATES = {
    "training rows": HELD_OUT[:1],
    "hold-out 10 %": DRAWS[:1],
    "hold-out 30 %": HELD_OUT[1:2],
    "ten hold-outs": DRAWS,
    "5 folds": FIVE,
    "10 folds": TEN,
}
SPLITS = ("once, before training", "in every epoch", "after copying")
STEPS = 200


@cache
def rows_in_hand(seed: int, world: str) -> tuple[Data, dict[str, Sequence[np.ndarray]]]:
    """Draw 150 rows to have in hand, and fresh ones; cut the rows in hand in every way studied."""
    if world == "digits":
        data = datasets.digits(seed, num_examples=150, validation=0, test=800)
    else:
        centers = ((1, 1), (5, 1), (4, 3))
        data = datasets.clusters(seed, centers=centers, num_examples=50, num_test=2000)
    y, rows = data.y_train, np.arange(150)
    ways: dict = {"nothing": (rows, rows), "30 %": split(y, (0.7, 0.3), seed)}
    ways |= {name: split(y, (0.9, 0.1), 100 * seed + at) for at, name in enumerate(DRAWS)}
    for names in (FIVE, TEN):
        ways |= dict(zip(names, folds(y, len(names), seed), strict=True))
    return data, ways


def split_rows(seed: int, world: str, held_out: str) -> Data:
    """Train on a part of the rows in hand, validate on the others, test on the fresh ones."""
    rows, ways = rows_in_hand(seed, world)
    x, y, (train, test) = rows.x_train, rows.y_train, ways[held_out]
    data = Data(x[train], y[train], x[test], y[test], rows.x_test, rows.y_test)
    return data.scaled() if world == "clusters" else data


def world_network(world: str) -> "keras.Sequential":
    """Build 2-8-3 for the clusters, 64-16-10 for the digits."""
    return mlp((64, 16, 10) if world == "digits" else (2, 8, 3))


def shared_digits(seed: int, num_rows: int, training_share: float) -> Data:
    """Train on a share of some digits; half of the others tests, and fresh digits tell the truth.

    The other half, the development set, is left aside. The test part is called validation here,
    the fresh digits are called test.
    """
    data = datasets.digits(seed, num_examples=num_rows, validation=0, test=797)
    order = np.random.default_rng([seed, 41]).permutation(num_rows)
    size = round(training_share * num_rows)
    train, test = order[:size], order[size + (num_rows - size) // 2 :]
    x, y = data.x_train, data.y_train
    return Data(x[train], y[train], x[test], y[test], data.x_test, data.y_test)


def badly_split_iris(seed: int, labels: str, split_made: str) -> Data:
    """Lay out 200 steps of training on 120 irises each, and 30 that the last split held out.

    The training part holds the 120 rows of step 1, then those of step 2, and so on. So the split
    may differ from step to step, as in a program that splits inside its loop.
    """
    data, generator = datasets.iris(seed, validation=0, test=0), np.random.default_rng([seed, 43])
    x, y = data.x_train, data.y_train
    if labels == "shuffled":
        y = np.random.default_rng([seed, 42]).permutation(y)
    if split_made == "after copying":
        order = generator.permutation(np.tile(np.arange(150), 2))
        steps, held_out = np.tile(order[:240], STEPS // 2), order[240:270]
    else:
        times = STEPS if split_made == "in every epoch" else 1
        orders = [generator.permutation(150) for _ in range(times)]
        steps = np.tile(np.concatenate([one[:120] for one in orders]), STEPS // times)
        held_out = orders[-1][120:]
    return Data(x[steps], y[steps], x[held_out], y[held_out])


def best_features(inputs: np.ndarray, labels: np.ndarray, num_features: int = 20) -> np.ndarray:
    """Return the columns in which the means of two classes lie furthest apart, in deviations."""
    distance = inputs[labels == 0].mean(axis=0) - inputs[labels == 1].mean(axis=0)
    return np.argsort(abs(distance) / inputs.std(axis=0))[-num_features:]


def measure_leak(seed: int, before: str, num_examples: int = 50) -> dict[str, float]:
    """Cross-validate on labels that mean nothing, with one step done before the folds."""
    x = np.random.default_rng([seed, 44]).normal(size=(num_examples, 1000))
    y = np.arange(num_examples) % 2

    def train(inputs: np.ndarray, labels: np.ndarray) -> Predict:
        seen = x if before == "scaling" else inputs
        chosen = best_features(x, y) if before == "choosing" else best_features(inputs, labels)

        def ready(rows: np.ndarray) -> np.ndarray:
            return ((rows - seen.mean(axis=0)) / seen.std(axis=0))[:, chosen]

        centers = [ready(inputs)[labels == one].mean(axis=0) for one in (0, 1)]
        return lambda new: np.argmin([np.sum((ready(new) - c) ** 2, 1) for c in centers], axis=0)

    return {"accuracy": float(cross_validate(train, x, y, 10, seed).mean())}


def measure_reuse(seed: int, num_models: int, test_rows: int) -> dict[str, float]:
    """Take the best of some models that toss coins, by a test set; test it on a second one."""
    right = np.random.default_rng([seed, 45]).random((2, num_models, test_rows)) < 0.5
    used, second = right.mean(axis=-1)
    return {"winner": float(used.max()), "fresh": float(second[used.argmax()])}


classifying = partial(
    Training,
    loss="sparse_categorical_crossentropy_from_logits",
    optimizer="adam",
    metrics=("accuracy",),
)
RATE = by("world", {"clusters": 0.05}, default=0.02)
ESTIMATE_QUALITY = Experiment(
    name="estimate_quality",
    question="How far from the truth is each way to estimate how good a model is?",
    independent={"world": WORLDS, "held_out": HELD_OUT},
    trial=classifying(world_network, split_rows, learning_rate=RATE, epochs=50),
    seeds=range(40),
)
TRAINING_SHARE = Experiment(
    name="training_share",
    question="Which share of the rows should be trained on, for few rows and for many?",
    independent={"num_rows": (100, 1000), "training_share": (0.5, 0.8, 0.9)},
    trial=classifying(partial(mlp, (64, 16, 10)), shared_digits, learning_rate=0.02, epochs=60),
    seeds=range(40),
    full_independent={"training_share": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)},
)
MISTAKES = Experiment(
    name="mistakes",
    question="What does a test part measure if its rows were trained on?",
    independent={"labels": ("true", "shuffled"), "split_made": SPLITS},
    trial=classifying(
        partial(mlp, (4, 64, 64, 3)), badly_split_iris, batch_size=120, shuffle=False
    ),
)
LEAK = Experiment(
    name="leak",
    question="What may be done to the rows before the folds?",
    independent={"before": ("nothing", "scaling", "choosing")},
    trial=measure_leak,
)
REUSE = Experiment(
    name="reuse",
    question="How good does the best of many worthless models look?",
    independent={"num_models": (1, 10, 100), "test_rows": (15, 100)},
    trial=measure_reuse,
    seeds=range(100),
)

# The claims


def estimates(results: "xr.Dataset") -> dict[str, "xr.DataArray"]:
    """Gather the trainings of each way to estimate: estimate minus truth, by world and seed.

    The truth is the accuracy on fresh rows of the network that was trained on all rows in hand.
    """
    scores = results["val_accuracy"].isel(epoch=-1)
    truth = results["test_accuracy"].sel(held_out="nothing", drop=True)
    present = set(results["held_out"].values.tolist())
    return {
        name: scores.sel(held_out=list(parts)).mean("held_out") - truth
        for name, parts in ESTIMATES.items()
        if present.issuperset(parts)
    }


def differences(pairs: Mapping[str, Sequence[Any]], **bounds: float) -> list[Evidence]:
    """Compare pairs of measurements that share their seeds: the first minus the second."""
    return [Evidence.from_comparison(one, paired(*ab), **bounds) for one, ab in pairs.items()]


def steadiness(results: "xr.Dataset") -> list[Evidence]:
    """How much further one hold-out strays from its mean than the mean of 10 folds does."""
    stray = {name: abs(one - one.mean("seed")) for name, one in estimates(results).items()}
    folded = stray["10 folds"]
    pairs = {
        f"{world}, {name}": (stray[name].sel(world=world), folded.sel(world=world))
        for world in WORLDS
        for name in ("hold-out 10 %", "hold-out 30 %")
    }
    return differences(pairs, at_least=0)


def recipe(results: "xr.Dataset") -> list[Evidence]:
    """Distance of the test score from the truth, when 10 % of the rows are tested on."""
    distance = abs(results["val_accuracy"].isel(epoch=-1) - results["test_accuracy"])
    return [
        Evidence.from_mean(
            f"{one.item():,} rows", distance.sel(num_rows=one, training_share=0.8), at_most=0.03
        )
        for one in results["num_rows"].values
    ]


def curse(results: "xr.Dataset") -> list[Evidence]:
    """Score of the best of 100 coin tossers on the set that chose it, minus that on a new set."""
    best, sizes = results.sel(num_models=100), results["test_rows"].values
    pairs = {
        f"test set of {one} rows": [best[n].sel(test_rows=one) for n in ("winner", "fresh")]
        for one in sizes
    }
    return differences(pairs, at_most=0.02)


def illusions(mistakes: "xr.Dataset", leak: "xr.Dataset") -> list[Evidence]:
    """Accuracy under each mistake minus accuracy when everything is done in the right order."""
    score, leaking = mistakes["val_accuracy"].isel(epoch=-1), leak["accuracy"]
    pairs = {
        f"{labels} labels, split {made}": [
            score.sel(labels=labels, split_made=one) for one in (made, SPLITS[0])
        ]
        for labels in mistakes["labels"].values
        for made in SPLITS[1:]
    }
    for step in ("scaling", "choosing"):
        pairs[f"{step} before the folds"] = [leaking.sel(before=one) for one in (step, "nothing")]
    return differences(pairs, at_most=0.02)


CLAIMS = (
    Claim(
        "C-cross_validation-1",
        "K-fold cross-validation is a steadier estimate than one split.",
        ESTIMATE_QUALITY,
        steadiness,
        "how far estimate minus truth lies from its mean: one split minus 10 folds; above 0",
    ),
    Claim(
        "C-cross_validation-2",
        "80 % for training, 10 % for development and 10 % for testing are the right shares.",
        TRAINING_SHARE,
        recipe,
        "distance of the test score from the truth; holds up to 0.03",
    ),
    Claim(
        "C-cross_validation-3",
        "Choosing on the test set is harmless.",
        REUSE,
        curse,
        "best of 100 coin tossers: score on the set that chose it minus a second set; up to 0.02",
    ),
    Claim(
        "C-cross_validation-4",
        "It does not matter when rows are split, scaled or chosen by.",
        (MISTAKES, LEAK),
        illusions,
        "accuracy minus that of the right order, in pairs; holds up to 0.02",
    ),
)

# The figure


def plot_scheme(num_folds: int = 5) -> "plots.BookFigure":
    """Draw one split into three parts, and the rounds of k-fold cross-validation."""
    drawing, axes = plots.diagram(
        "Above, a bar cut into training, development and test part. Below, five rounds: in each "
        "one another fifth of the rows is the test part and the other four are trained on.",
        height=4.3,
    )
    parts = ((0.1, 4.6, "training", "blue"), (4.8, 0.7, "dev", "orange"), (5.6, 0.7, "test", "red"))
    axes.text(0.1, 4.05, "one split: 80, 10, 10", weight="bold")
    for left, width, text, color in parts:
        plots.box(axes, (left + width / 2, 3.65), text, width=width, height=0.42, color=color)
    axes.text(0.1, 2.95, f"{num_folds} folds: {num_folds} rounds", weight="bold")
    for round_ in range(num_folds):
        for fold in range(num_folds):
            color, text = ("red", "test") if fold == round_ else ("blue", "")
            place = (0.65 + 1.26 * fold, 2.6 - 0.52 * round_)
            plots.box(axes, place, text, width=1.14, height=0.4, color=color)
    return drawing


def plot_estimate_quality(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw estimate minus truth of every seed, for each way to estimate."""
    found = estimates(results)
    drawing, panels = plots.figure(
        "Two panels of dots, estimate minus truth. The dots of one hold-out are spread wide, those "
        "of 5 and of 10 folds lie closer together; training rows are too good for the digits.",
        rows=2,
        height=7.2,
        sharex=True,
    )
    for panel, world in zip(panels, results["world"].values, strict=True):
        plots.strip(panel, {name: error.sel(world=world).values for name, error in found.items()})
        panel.axvline(0, color="muted", linewidth=1.2)
        panel.set(title=str(world))
    panels[-1].set(xlabel="estimate minus truth (accuracy)")
    return drawing


def plot_training_share(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the true accuracy and the error of the test score against the share trained on."""
    truth, score = results["test_accuracy"], results["val_accuracy"].isel(epoch=-1)
    drawing, panels = plots.figure(
        "Two panels against the share of rows trained on, one line for 100 rows and one for 1,000. "
        "Both do better with a larger share; the distance of the test score grows with 100 rows.",
        rows=2,
        height=5.6,
        sharex=True,
    )
    shown = {"true accuracy": truth, "test score, distance from it": abs(score - truth)}
    for panel, (name, values) in zip(panels, shown.items(), strict=True):
        for count in results["num_rows"].values:
            interval = mean_interval(values.sel(num_rows=count))
            plots.band(panel, results["training_share"], interval, label=f"{count:,} rows")
        panel.set(ylabel=name, ylim=(0, None))
        plots.label_lines(panel)
    panels[-1].set(xlabel="share trained on")
    return drawing


def plot_mistakes(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw test accuracy on irises by when the split was made, for true and shuffled labels."""
    drawing, panels = plots.figure(
        "Two panels of dots. With true labels all splits are near 1. With shuffled labels an "
        "honest split stays near one third, splits in every epoch or after copying lie far above.",
        rows=2,
        height=4.6,
        sharex=True,
    )
    score = results["val_accuracy"].isel(epoch=-1)
    for panel, labels in zip(panels, results["labels"].values, strict=True):
        one = score.sel(labels=labels)
        made = results["split_made"].values
        plots.strip(panel, {str(name): one.sel(split_made=name).values for name in made})
        panel.set(title=f"{labels} labels")
    panels[-1].set(xlabel="test accuracy", xlim=(0, 1.03))
    return drawing


def plot_leak(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw cross-validated accuracy on labels that mean nothing, by what came before the folds."""
    drawing, axes = plots.figure(
        "Three rows of dots: with nothing or only scaling before the folds accuracy is around one "
        "half, with features chosen before the folds near 0.9.",
        height=2.8,
    )
    names = results["before"].values
    plots.strip(axes, {f"{name} before": results["accuracy"].sel(before=name) for name in names})
    axes.axvline(0.5, color="muted", linewidth=1.2)
    axes.set(xlabel="accuracy in cross-validation", xlim=(0, 1))
    return drawing
