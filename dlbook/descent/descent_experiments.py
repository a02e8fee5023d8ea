"""Parametric experiments on gradient descent: starts, learning rates, epochs, and both at once."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.descent.gradient_descent_algorithm import descend, ripple, ripple_slope
from dlbook.lab import plots
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr

# The idea


def final_guess(
    seed: int = 0, start: float = 0.0, learning_rate: float = 0.01, epochs: int = 1000
) -> dict[str, float]:
    """Descend the ripple sin x · exp(−0.05 x²), and say where the walk ends.

    Args:
        seed: Not used: there is no chance in it.
        start: The first guess.
        learning_rate: Size of a step, above 0.
        epochs: Number of steps, a whole number of 0 or more.

    Returns:
        The last guess, as `final_guess`.

    Raises:
        ValueError: As `descend`.

    Example:
        >>> round(final_guess(start=0)["final_guess"], 4)
        -1.4288
    """
    return {"final_guess": float(descend(ripple_slope, start, learning_rate, epochs)[-1])}


def interaction_share(table: ArrayLike) -> float:
    r"""Say which part of a table's variance neither its rows nor its columns explain alone.

    Each cell is expected to be the mean of its row plus the mean of its column minus the mean of
    all. What is left over is the interaction.
    $$\sum_{ij} (t_{ij} - \bar t_{i\cdot} - \bar t_{\cdot j} + \bar t)^2 \Big/
    \sum_{ij} (t_{ij} - \bar t)^2$$

    Args:
        table: Results $t$, shape (rows, columns), not all equal.

    Returns:
        The share, 0 (two separate effects, which add up) to 1.

    Raises:
        ValueError: `table` is no table, or all its numbers are equal.

    Example:
        >>> interaction_share([[1.0, 2.0], [3.0, 4.0]]), interaction_share([[1.0, 2.0], [2.0, 1.0]])
        (0.0, 1.0)
    """
    values = numbers(table, "table", rank=2)
    centred = values - values.mean()
    if not centred.any():
        raise ValueError(f"`table` must hold numbers that differ. Received: {table!r}")
    rows, columns = (centred.mean(axis=axis, keepdims=True) for axis in (1, 0))
    return float(((centred - rows - columns) ** 2).sum() / (centred**2).sum())


def collapse(results: "xr.Dataset") -> tuple[np.ndarray, np.ndarray]:
    """Put all cells of a map of rates and epochs in the order of rate × epochs.

    Args:
        results: Of the experiment `rate_and_epochs`.

    Returns:
        The products, rising, and the final guess at each of them, shape (num_cells,) each.

    Example:
        >>> products, ends = collapse(RATE_AND_EPOCHS.quick())
        >>> print(products.round(6), ends.round(2))
        [ 0.  0.  1. 50.] [-0.   -0.   -0.85 -1.43]
    """
    table = results["final_guess"].isel(seed=0).transpose("learning_rate", "epochs")
    products = np.outer(table["learning_rate"].values, table["epochs"].values).ravel()
    order = np.argsort(products, kind="stable")
    return products[order], table.values.ravel()[order]


def explained_by_neighbours(values: ArrayLike, num_groups: int = 100) -> float:
    """Say which part of the variance is between groups of neighbours, not within them.

    Args:
        values: Numbers in the order of what may explain them, shape (num_values,).
        num_groups: Into how many groups of neighbours they are split.

    Returns:
        The coefficient of determination R²: 1 if equal neighbours have equal values.

    Example:
        >>> explained_by_neighbours([1.0, 1.0, 3.0, 3.0], num_groups=2)
        1.0
    """
    ordered = numbers(values, "values", rank=1)
    within = sum(((one - one.mean()) ** 2).sum() for one in np.array_split(ordered, num_groups))
    return float(1 - within / ((ordered - ordered.mean()) ** 2).sum())


# The experiment

RATES = np.linspace(1e-10, 0.1, 50)
EPOCHS = tuple(int(count) for count in np.linspace(10, 500, 40).round())
FEW_RATES = np.linspace(1e-10, 0.1, 10)
FEW_EPOCHS = tuple(int(count) for count in np.linspace(10, 500, 10).round())
FARTHEST = 2 * np.pi


def walk_from_random_starts(seed: int, learning_rate: float, starts: str) -> dict[str, np.ndarray]:
    """Walk 10 to 500 steps from random starts: where are the ends, and how high?

    Args:
        seed: Draws the starts.
        learning_rate: Size of a step.
        starts: "one per seed" (the same start in all conditions) or "new in every run".

    Returns:
        The last guess of each number of steps, and its height, shape (10,) each.
    """
    if starts == "one per seed":
        first = np.random.default_rng(seed).uniform(-FARTHEST, FARTHEST)
        begin = np.full(len(FEW_EPOCHS), first)
    else:
        generator = np.random.default_rng([seed, int(1e6 * learning_rate)])
        begin = generator.uniform(-FARTHEST, FARTHEST, len(FEW_EPOCHS))
    path = descend(ripple_slope, begin, learning_rate, epochs=max(FEW_EPOCHS))
    ends = path[list(FEW_EPOCHS), range(len(FEW_EPOCHS))]
    return {"final_guess": ends, "height": ripple(ends)}


START = Experiment(
    name="start",
    question="Where does the walk end, depending on where it starts?",
    independent={"start": np.linspace(-5, 5, 50)},
    trial=final_guess,
    seeds=range(1),
    units={"start": "first guess", "final_guess": "final guess"},
)
LEARNING_RATE = Experiment(
    name="learning_rate",
    question="Which learning rates arrive within 1,000 epochs?",
    independent={"learning_rate": RATES},
    trial=final_guess,
    seeds=range(1),
    units={"learning_rate": "learning rate", "final_guess": "final guess"},
)
RATE_AND_EPOCHS = Experiment(
    name="rate_and_epochs",
    question="Which learning rates arrive within how many epochs?",
    independent={"learning_rate": RATES, "epochs": EPOCHS},
    trial=final_guess,
    seeds=range(1),
    units={"learning_rate": "learning rate", "final_guess": "final guess"},
)
RANDOM_START = Experiment(
    name="random_start",
    question="Is one run of each condition enough?",
    independent={"starts": ("new in every run", "one per seed"), "learning_rate": FEW_RATES},
    trial=walk_from_random_starts,
    seeds=range(50),
    dims={"final_guess": ("epochs",), "height": ("epochs",)},
)

# The claims


def two_way(results: "xr.Dataset") -> Evidence:
    """Part of the map's variance that is interaction."""
    table = results["final_guess"].isel(seed=0)
    return Evidence.exact(
        "50 rates × 40 epochs", interaction_share(table.values), table.size, at_least=0.01
    )


def product_alone(results: "xr.Dataset") -> Evidence:
    """Part of the map's variance that the product of rate and epochs explains."""
    _, ends = collapse(results)
    share = explained_by_neighbours(ends)
    return Evidence.exact("R², rates up to 0.1", share, len(ends), at_least=0.99)


def agreement(results: "xr.Dataset", dependent: str, starts: str) -> np.ndarray:
    """Correlate the map of each seed with the mean map of all the other seeds.

    The other seeds only: a map always correlates with a mean that contains it.
    """
    chosen = results[dependent].sel(starts=starts).transpose("seed", ...).values
    maps = chosen.reshape(len(chosen), -1)
    others = (maps.sum(axis=0) - maps) / (len(maps) - 1)
    return np.array([np.corrcoef(*pair)[0, 1] for pair in zip(maps, others, strict=True)])


def one_run_is_enough(fixed: "xr.Dataset", random: "xr.Dataset") -> list[Evidence]:
    """Correlation of one run's map with a repetition, or with the mean of the other seeds."""
    table = fixed["final_guess"].isel(seed=0)[::5, ::4]
    levels = [(rate, count) for rate in table.learning_rate.values for count in table.epochs.values]
    again = [final_guess(1, 0.0, float(rate), int(count))["final_guess"] for rate, count in levels]
    same = min(np.corrcoef(table.values.ravel(), again)[0, 1], 1)
    evidence = [Evidence.exact("start 0, final guess", same, len(again), at_least=0.9)]
    names = {"final_guess": "final guess", "height": "height"}
    for starts in random["starts"].values:
        evidence += [
            Evidence.from_mean(
                f"start {starts}, {name}", agreement(random, dependent, str(starts)), at_least=0.9
            )
            for dependent, name in names.items()
        ]
    return evidence


CLAIMS = (
    Claim(
        "C-descent_experiments-1",
        "Learning rate and epochs must be studied together: they interact.",
        RATE_AND_EPOCHS,
        two_way,
        note="share of the variance that rows and columns do not explain; holds from 0.01",
    ),
    Claim(
        "C-descent_experiments-2",
        "While the rate is small, only its product with the epochs matters.",
        RATE_AND_EPOCHS,
        product_alone,
        note="R² of the final guess given the product (100 groups); holds from 0.99",
    ),
    Claim(
        "C-descent_experiments-3",
        "One run of each condition is enough.",
        (RATE_AND_EPOCHS, RANDOM_START),
        one_run_is_enough,
        note="correlation of the map of one run with that of the others; enough means 0.9",
    ),
)

# The figure


def plot_start(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw where the walk ends against where it starts."""
    drawing, axes = plots.figure(
        "Final guess against first guess: a staircase. Starts far to the left are still on their "
        "way beyond −6, most end at −1.43, those right of 1.43 end near 4.3."
    )
    axes.plot(results["start"], results["final_guess"].isel(seed=0), "o", markersize=4.5)
    for crest in (-4.306, 1.429):
        plots.reference(axes, crest, along="y")
    axes.set(xlabel="first guess", ylabel="final guess", xlim=(-5.3, 5.3))
    return drawing


def plot_learning_rate(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw where the walk ends against the learning rate."""
    drawing, axes = plots.figure(
        "Final guess against learning rate: 0 at the smallest rate, then a quick fall to −1.43, "
        "where it stays for all larger rates."
    )
    axes.plot(results["learning_rate"], results["final_guess"].isel(seed=0), "o-", markersize=4.5)
    plots.reference(axes, -1.4289, "the minimum", at=0.4)
    axes.set(xlabel="learning rate", ylabel="final guess", ylim=(-1.6, 0.1))
    return drawing


def plot_rate_and_epochs(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the final guess as a map of rates and epochs, with lines of equal product."""
    drawing, axes = plots.figure(
        "A map of 50 learning rates by 40 numbers of epochs: few epochs at small rates stay "
        "near 0, the rest is at −1.43. The border follows lines of equal product.",
        height=4.4,
    )
    table = results["final_guess"].isel(seed=0)
    rates, epochs = table["learning_rate"].values, table["epochs"].values
    names = [f"{rate:.2f}" for rate in rates]
    plots.heatmap(axes, table.values.T, names, epochs, label="final guess:", limits=(-1.4289, 0))
    across = np.linspace(0.5, len(rates) - 1, 200)
    for product in (1, 3.4, 10):
        up = product / np.interp(across, np.arange(len(rates)), rates)
        row = np.interp(up, epochs, np.arange(len(epochs)), left=np.nan, right=np.nan)
        axes.plot(across, row, color="ink", linewidth=1.2)
        place = int(np.nanargmin(np.abs(row - (0.42 * across + 2))))
        axes.annotate(f"{product}", (across[place], row[place]), gid="halo", ha="center",
                      va="center")  # fmt: skip
    axes.set(xlabel="learning rate", ylabel="epochs")
    return drawing


def plot_collapse(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the cells of the map against the product of rate and epochs."""
    drawing, axes = plots.figure(
        "Final guess against rate times epochs, one dot per cell of the map: all dots lie on one "
        "curve, which falls from 0 and is level at −1.43 from a product of about 3.4 on."
    )
    products, ends = collapse(results)
    shown = np.flatnonzero(products < 6)[::2]
    axes.plot(products[shown], ends[shown], "o", markersize=2.4)
    plots.reference(axes, -1.4289, "the minimum", at=0.1)
    axes.set(xlabel="learning rate × epochs", ylabel="final guess", ylim=(-1.6, 0.1))
    return drawing


def plot_random_start(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the map of one seed and the mean map of all seeds, for both kinds of random starts."""
    drawing, panels = plots.figure(
        "Four maps of the height at the end over learning rates and epochs. With a new start in "
        "every run one seed gives noise and the mean of 50 a rough map; with one start for each "
        "seed both maps are smooth.",
        rows=2,
        columns=2,
        height=6.2,
    )
    heights = results["height"].transpose("starts", "seed", "epochs", "learning_rate")
    rates = [f"{rate:.2f}" for rate in results["learning_rate"].values]
    for row, starts in zip(panels, results["starts"].values, strict=True):
        maps = heights.sel(starts=starts)
        for axes, table, title in zip(
            row, (maps[0], maps.mean("seed")), ("one seed", f"mean of {len(maps)}"), strict=True
        ):
            plots.heatmap(axes, table.values, rates, FEW_EPOCHS, limits=(-1, 1))
            axes.set_title(f"{starts}:\n{title}", pad=26)
    plots.share_labels(drawing, x="learning rate", y="epochs")
    return drawing
