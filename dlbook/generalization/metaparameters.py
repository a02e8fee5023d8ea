"""Metaparameters: what you set yourself, how to search, and what the winner's score is worth."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import paired
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

# The idea


def grid(space: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Combine every level of every metaparameter with every level of all others.

    Args:
        space: Name of each metaparameter -> its levels, at least one.

    Returns:
        One condition for each combination; their number is the product of the numbers of levels.

    Example:
        >>> grid({"units": [8, 32], "rate": [0.1]})
        [{'units': 8, 'rate': 0.1}, {'units': 32, 'rate': 0.1}]
    """
    return [dict(zip(space, levels, strict=True)) for levels in product(*space.values())]


def random_search(
    space: Mapping[str, Sequence[Any]], trials: int, seed: int = 0
) -> list[dict[str, Any]]:
    """Draw conditions at random, each metaparameter independently of the others.

    Args:
        space: Name of each metaparameter -> a list of levels, or a pair (low, high) of numbers
            above 0 as a tuple. From a pair any number between the two is drawn, such that each
            power of ten is equally likely.
        trials: How many conditions, 1 or more.
        seed: Controls the draws.

    Returns:
        The conditions.

    Raises:
        ValueError: `trials` is below 1, or a pair is not two rising numbers above 0.

    Example:
        >>> one, two = random_search({"units": [8, 32], "rate": (0.001, 0.1)}, trials=2)
        >>> one["units"] in (8, 32) and 0.001 <= two["rate"] <= 0.1
        True
    """
    if trials < 1:
        raise ValueError(f"`trials` must be 1 or more. Received: {trials}")
    pairs = [levels for levels in space.values() if isinstance(levels, tuple)]
    if any(len(pair) != 2 or not 0 < pair[0] < pair[1] for pair in pairs):
        raise ValueError(
            f"`space` must hold lists, or pairs with 0 < low < high. Received: {pairs}"
        )
    generator = np.random.default_rng(seed)

    def draw(levels: Sequence[Any]) -> Any:
        if isinstance(levels, tuple):
            return float(np.exp(generator.uniform(*np.log(levels))))
        return levels[int(generator.integers(len(levels)))]

    return [{name: draw(levels) for name, levels in space.items()} for _ in range(trials)]


def successive_halving(scores: ArrayLike, rungs: Sequence[int]) -> tuple[int, int]:
    """Train all a little, keep the better half, train it longer, and so on.

    Args:
        scores: Validation score of each setting after each epoch, shape (settings, epochs).
        rungs: Epochs, rising, after which the worse half is dropped; at the last one the best
            setting wins. Ties go to the setting that comes first.

    Returns:
        The place of the winner, and the number of epochs trained in all.

    Raises:
        ValueError: The rungs do not rise from 1 to at most the number of epochs.

    Example:
        >>> successive_halving([[0.5, 0.6], [0.7, 0.7], [0.6, 0.9], [0.4, 1.0]], rungs=(1, 2))
        (2, 6)
    """
    table, steps = numbers(scores, "scores", rank=2), [0, *rungs]
    if min(np.diff(steps), default=0) < 1 or steps[-1] > table.shape[1]:
        raise ValueError(
            f"`rungs` must rise from 1 to at most {table.shape[1]} epochs. Received: {rungs}"
        )
    left, trained = np.arange(len(table)), 0
    for before, rung in zip(steps, rungs, strict=False):
        trained += len(left) * (rung - before)
        order = left[np.argsort(-table[left, rung - 1], kind="stable")]
        left = np.sort(order[: max(1, len(left) // 2)]) if rung < rungs[-1] else order
    return int(left[0]), trained


def main_effect(scores: "xr.DataArray", variable: str) -> float:
    r"""Share of the variance of all runs that lies between the means of the levels of a variable.

    $$\frac{\operatorname{Var}(\text{mean score of each level})}{\operatorname{Var}(\text{score})}$$

    Args:
        scores: One number per run, with a dimension for each variable and for the seed.
        variable: The name of a dimension.

    Returns:
        Between 0 (all levels have the same mean) and 1 (nothing else counts).

    Raises:
        ValueError: There is no such dimension.

    Example:
        >>> import xarray as xr
        >>> main_effect(xr.DataArray([[1.0, 1.0], [3.0, 3.0]], dims=("rate", "seed")), "rate")
        1.0
    """
    if variable not in scores.dims:
        raise ValueError(f"`variable` must be one of {scores.dims}. Received: {variable!r}")
    means = scores.mean([name for name in scores.dims if name != variable])
    return float(means.var() / scores.var())


# The experiment

LEVELS = {
    "hidden_layers": (1, 2),
    "units": (8, 32),
    "learning_rate": (0.001, 0.01, 0.1),
    "dropout": (0.0, 0.3),
    "l2": (0.0, 0.01),
    "batch_size": (16, 64),
}
DEFAULT = {"hidden_layers": 1, "units": 32, "learning_rate": 0.001, "dropout": 0.0, "l2": 0.0}
SPACE = {
    "hidden_layers": [1, 2],
    "units": [4, 8, 16, 32, 64],
    "learning_rate": (0.0003, 0.1),
    "dropout": [0.0, 0.1, 0.3, 0.5],
    "l2": (0.0001, 0.1),
}
SETTINGS = [DEFAULT, *random_search(SPACE, trials=32, seed=1)]
RUNGS = (5, 10, 20, 40)


def build(hidden_layers: int, units: int, dropout: float) -> "keras.Sequential":
    """Build a network for ten measurements and one logit, with dropout after each hidden layer."""
    import keras

    layers: list[Any] = [keras.Input((10,))]
    for _ in range(hidden_layers):
        layers += [keras.layers.Dense(units, "relu"), keras.layers.Dropout(dropout)]
    return keras.Sequential([*layers, keras.layers.Dense(1)])


def build_setting(setting: int) -> "keras.Sequential":
    """Build the network of one of the settings drawn for the search; setting 0 is the default."""
    one = SETTINGS[setting]
    return build(one["hidden_layers"], one["units"], one["dropout"])


def chosen(name: str) -> Any:
    """Let a metaparameter of the training follow the setting."""
    return by("setting", {at: one[name] for at, one in enumerate(SETTINGS)})


def measure_space(seed: int, num_knobs: int, num_levels: int = 5) -> dict[str, float]:
    """Count the runs of a whole grid, and the years they take at 16 runs per second."""
    runs = float(num_levels**num_knobs)
    return {"runs": runs, "years": runs / 16 / (365.25 * 24 * 3600)}


training = partial(
    Training,
    data=datasets.diabetes_high,
    loss="binary_crossentropy_from_logits",
    optimizer="adam",
    metrics=("accuracy",),
)
SMALL_SEARCH = Experiment(
    name="small_search",
    question="Which metaparameters matter, and what is the score of the winner worth?",
    independent=LEVELS,
    trial=training(build, epochs=20),
    full_independent={"hidden_layers": (1, 2, 3)},
)
SEARCH = Experiment(
    name="search",
    question="Does a search find a better network than the default?",
    independent={"setting": range(len(SETTINGS))},
    trial=training(
        build_setting,
        learning_rate=chosen("learning_rate"),
        l2=chosen("l2"),
        batch_size=32,
        epochs=RUNGS[-1],
    ),
    full_seeds=range(40),
)
WHOLE_SPACE = Experiment(
    name="whole_space",
    question="How long does it take to search everything?",
    independent={"num_knobs": (2, 6, 9, 13)},
    trial=measure_space,
    seeds=range(1),
)

# The claims


def ends(results: "xr.Dataset") -> "xr.Dataset":
    """Validation and test accuracy after the last epoch, all conditions along one dimension."""
    names = [str(name) for name in results["test_accuracy"].dims if name != "seed"]
    found = results[["val_accuracy", "test_accuracy"]].isel(epoch=-1)
    return found.stack(condition=names, create_index=False).transpose("seed", "condition")


def winner(table: "xr.Dataset", chosen_by: str = "val_accuracy") -> "xr.Dataset":
    """Take for each seed the condition with the best score; ties go to the first."""
    return table.isel(condition=table[chosen_by].argmax("condition"))


def optimism(results: "xr.Dataset") -> "xr.DataArray":
    """Validation minus test accuracy of each seed's winner, less that of all conditions.

    One split may have easy validation rows; the mean of all conditions takes that away.
    """
    table = ends(results)
    gap = table["val_accuracy"] - table["test_accuracy"]
    best = winner(table)
    return best["val_accuracy"] - best["test_accuracy"] - gap.mean("condition")


def random_winners(results: "xr.Dataset", trials: int, resamples: int = 200) -> "xr.DataArray":
    """Test accuracy of the winner of a random part of the grid, mean over resamples, by seed."""
    table, generator = ends(results), np.random.default_rng(trials)
    size = table.sizes["condition"]
    parts = [generator.permutation(size)[:trials] for _ in range(resamples)]
    found = [winner(table.isel(condition=part))["test_accuracy"].values for part in parts]
    return table["test_accuracy"].isel(condition=0).copy(data=np.mean(found, axis=0))


def searched(results: "xr.Dataset") -> dict[str, "xr.DataArray"]:
    """Test accuracy of the default, and of the winners of both searches, by seed."""
    table, curves = ends(results), results["val_accuracy"].transpose("seed", "setting", "epoch")
    test = table["test_accuracy"]
    places = [successive_halving(one, RUNGS)[0] for one in curves.values]
    return {
        "default": test.isel(condition=0),
        "random search": winner(table)["test_accuracy"],
        "halving": test.isel(condition=test["seed"].copy(data=places)),
    }


def gains(results: "xr.Dataset") -> dict[str, np.ndarray]:
    """What the better level of each metaparameter gains over the worst, by seed.

    Which level is better and which is worst is decided by the other seeds.
    """
    scores, found = results["test_accuracy"], {}
    seeds = np.arange(scores.sizes["seed"])
    for name in LEVELS:
        means = scores.mean([one for one in scores.dims if one not in (name, "seed")])
        table = means.transpose(name, "seed").values
        others = table.sum(axis=1, keepdims=True) - table
        found[name] = table[others.argmax(axis=0), seeds] - table[others.argmin(axis=0), seeds]
    return found


def all_of_it(results: "xr.Dataset") -> Evidence:
    """Years for a grid of 13 metaparameters with 5 levels each."""
    years = results["years"].sel(num_knobs=13).item()
    return Evidence.exact("13 metaparameters, 5 levels", years, 1, at_least=1, unit="years")


def matter(results: "xr.Dataset") -> list[Evidence]:
    """Gain of the better level of each metaparameter over its worst."""
    return [
        Evidence.from_mean(name.replace("_", " "), gain, at_least=0.01)
        for name, gain in gains(results).items()
    ]


def worth(grid_results: "xr.Dataset", search: "xr.Dataset") -> list[Evidence]:
    """By how much the validation score of a winner flatters it."""
    sweeps = {"grid": optimism(grid_results), "search": optimism(search)}
    return [Evidence.from_mean(f"the {name}", one, at_most=0.01) for name, one in sweeps.items()]


def as_good(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy of the winner of the whole grid minus that of a random part of it."""
    best = winner(ends(results))["test_accuracy"]
    return [
        Evidence.from_comparison(
            f"{trials} of the grid", paired(best, random_winners(results, trials)), at_most=0.02
        )
        for trials in (10, 20, 40)
    ]


def known_best(results: "xr.Dataset") -> Evidence:
    """Share of the seeds whose winner is the best condition of all other seeds together."""
    score, test = ends(results).data_vars.values()
    same = score.argmax("condition") == (test.sum("seed") - test).argmax("condition")
    return Evidence.from_mean("winners that are best", same.astype(float), at_most=0.5)


def better(results: "xr.Dataset") -> list[Evidence]:
    """Test accuracy of the winner of each search minus that of the default."""
    found = searched(results)
    return [
        Evidence.from_mean(name, found[name] - found["default"], at_least=0)
        for name in ("random search", "halving")
    ]


CLAIMS = (
    Claim(
        "C-metaparameters-1",
        "It is impossible to search the entire metaparameter space.",
        WHOLE_SPACE,
        all_of_it,
        "years at 16 runs per second; holds from 1 up",
    ),
    Claim(
        "C-metaparameters-2",
        "Each metaparameter matters.",
        SMALL_SEARCH,
        matter,
        "test accuracy of its better level minus its worst, both named by the other seeds; "
        "holds from 0.01 up",
    ),
    Claim(
        "C-metaparameters-3",
        "The winner is as good as its validation score.",
        (SMALL_SEARCH, SEARCH),
        worth,
        "validation minus test accuracy, less that of all conditions; holds up to 0.01",
    ),
    Claim(
        "C-metaparameters-4",
        "Random search finds as good a network as the grid, with fewer runs.",
        SMALL_SEARCH,
        as_good,
        "test accuracy of the grid's winner minus that of the random part; holds up to 0.02",
    ),
    Claim(
        "C-metaparameters-5",
        "It is difficult to know whether you are using the best model.",
        SMALL_SEARCH,
        known_best,
        "share of seeds whose winner is the best of the other seeds; holds up to one half",
    ),
    Claim(
        "C-metaparameters-6",
        "A search finds a better network than the default.",
        SEARCH,
        better,
        "difference of test accuracies, paired; holds if the whole interval lies above 0",
    ),
)

# The figure


def plot_small_search(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw every fourth condition of the grid, sorted by its mean: one dot per seed."""
    test = ends(results)["test_accuracy"]
    order = np.argsort(test.mean("seed").values)[::-4][::-1]
    drawing, axes = plots.figure(
        "Test accuracy of conditions sorted by their mean. The means rise slowly from left to "
        "right; the dots of single seeds spread far more than neighbours differ.",
        height=3.8,
    )
    places = np.arange(1, len(order) + 1)
    plots.dots(axes, places, test.isel(condition=order).transpose("condition", "seed").values)
    axes.plot(places, test.isel(condition=order).mean("seed"), color="ink", linewidth=2)
    axes.set(xlabel="condition, sorted by its mean", ylabel="test accuracy")
    return drawing


def plot_shares(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the share of the variance of test accuracy that each metaparameter and the seed have."""
    scores = results["test_accuracy"]
    shares = {str(name).replace("_", " "): main_effect(scores, str(name)) for name in scores.dims}
    shares["all the rest"] = 1 - sum(shares.values())
    drawing, axes = plots.figure(
        "Bars for the share of variance of test accuracy: each metaparameter, the seed, and all "
        "the rest, which is combinations and chance.",
        height=3.8,
    )
    per_cent = [100 * share for share in shares.values()]
    plots.bars(axes, list(shares), np.round(per_cent, 1), highlight="seed")
    axes.set(xlabel="share of the variance, per cent")
    return drawing


def plot_winners(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw validation against test accuracy of each seed's winner, and of a fixed condition."""
    table = ends(results)
    drawing, axes = plots.figure(
        "Test accuracy against validation accuracy. Most winners lie below the diagonal, where "
        "both are equal; the mean of all conditions lies around it.",
        height=4.2,
    )
    shown = {"mean of all": (table.mean("condition"), "blue"), "winner": (winner(table), "accent")}
    for name, (one, color) in shown.items():
        axes.plot(
            one["val_accuracy"], one["test_accuracy"], "o", color=color, label=name, alpha=0.7
        )
    axes.plot([0.55, 0.9], [0.55, 0.9], "--", color="muted", linewidth=1.3)
    axes.set(xlabel="validation accuracy", ylabel="test accuracy")
    axes.legend(loc="lower right")
    return drawing


def plot_halving(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw the validation curves of all settings of one seed, each as long as halving trains it."""
    curves = results["val_accuracy"].sel(seed=seed).transpose("setting", "epoch").values
    drawing, axes = plots.figure(
        "Validation accuracy against epochs for 33 settings. All start; at 5, 10 and 20 epochs the "
        "worse half ends, and few reach 40 epochs.",
        height=3.8,
    )
    left, begin = np.arange(len(curves)), 0
    for rung in RUNGS:
        first = max(begin - 1, 0)
        epochs = np.arange(first, rung) + 1
        axes.plot(epochs, curves[left, first:rung].T, color="blue", linewidth=1, alpha=0.6)
        order = left[np.argsort(-curves[left, rung - 1], kind="stable")]
        left, begin = np.sort(order[: max(1, len(left) // 2)]), rung
    best = successive_halving(curves, RUNGS)[0]
    axes.plot(np.arange(curves.shape[1]) + 1, curves[best], color="accent", linewidth=2.2)
    axes.set(xlabel="epoch", ylabel="validation accuracy")
    return drawing


def plot_search(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the test accuracy of the default and of the winners of both searches."""
    drawing, axes = plots.figure(
        "Three rows of dots: test accuracy of the default, of the winner of random search and of "
        "the winner of successive halving, one dot per split.",
        height=2.8,
    )
    plots.strip(axes, {name: score.values for name, score in searched(results).items()})
    axes.set(xlabel="test accuracy")
    return drawing
