"""How models learn: forward a guess, back the blame, then a correction."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.checks import numbers, positive
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import mean_interval, paired

if TYPE_CHECKING:
    import xarray as xr

# The idea

TASTE = (1.0, -0.5)  # what a spoon of jelly and a spoon of peanut butter add to the sweetness
IDEAL = 2.0


def forward(amounts: ArrayLike, taste: ArrayLike = TASTE) -> float:
    r"""Make a sandwich, left to right: $\text{sweetness} = \sum_i \text{amount}_i \cdot t_i$.

    Args:
        amounts: Spoons of each ingredient, shape (num_ingredients,). A negative amount takes out.
        taste: What a spoon of each adds to the sweetness, $t$, same shape.

    Returns:
        The sweetness of the sandwich.

    Raises:
        ValueError: There is not one taste for each amount.

    Example:
        >>> forward([4, 2])
        3.0
    """
    spoons, effects = _alike(amounts, taste)
    return float(spoons @ effects)


def feedback(sweetness: float, ideal: float = IDEAL) -> float:
    """Let the customer taste: sweetness - ideal, above 0 for too sweet, below 0 for too bland.

    Args:
        sweetness: Of the sandwich.
        ideal: What the customer likes best.

    Returns:
        The error with its sign.

    Example:
        >>> feedback(3.0)
        1.0
    """
    return float(sweetness - ideal)


def backward(error: float, taste: ArrayLike = TASTE) -> np.ndarray:
    r"""Share out the blame, right to left: $\text{blame}_i = \text{error} \cdot t_i$.

    An ingredient gets as much blame as it has effect. A negative number asks for more of it.

    Args:
        error: The customer's feedback.
        taste: What a spoon of each ingredient adds, $t$, shape (num_ingredients,).

    Returns:
        The blame of each ingredient, same shape.

    Example:
        >>> backward(1.0)
        array([ 1. , -0.5])
    """
    return error * numbers(taste, "taste", rank=1)


def correct(amounts: ArrayLike, blame: ArrayLike, rate: float = 0.3) -> np.ndarray:
    """Change every amount against its blame: amounts - rate * blame.

    Args:
        amounts: Spoons of each ingredient, shape (num_ingredients,).
        blame: From `backward`, same shape.
        rate: How strongly to react, above 0. Small is slow; too large overshoots.

    Returns:
        The amounts for the next sandwich, same shape.

    Raises:
        ValueError: The shapes differ or the rate is not above 0.

    Example:
        >>> correct([4, 2], blame=[1.0, -0.5])
        array([3.7 , 2.15])
    """
    spoons, blames = _alike(amounts, blame, "blame")
    return spoons - positive(rate, "rate") * blames


def forward_chain(weights: ArrayLike, order: float = 1.0) -> np.ndarray:
    """Pass an order through departments; each multiplies what it receives by its weight.

    Args:
        weights: How much each department makes of what it receives, shape (num_departments,).
        order: What the first one receives.

    Returns:
        The order and what each department hands on, shape (num_departments + 1,). The last number
        is the profit.

    Example:
        >>> forward_chain([2, 3])
        array([1., 2., 6.])
    """
    return order * np.cumprod([1.0, *numbers(weights, "weights", rank=1)])


def backward_chain(weights: ArrayLike, error: float, order: float = 1.0) -> np.ndarray:
    r"""Pass the message about the profit back, and tell each department its blame.

    The message starts as the error. A department's blame is the message times what it received;
    then it multiplies the message by its own weight and hands it to the one before.

    Args:
        weights: Of the departments, from first to last, shape (num_departments,).
        error: Profit minus the goal.
        order: What the first department received.

    Returns:
        The blame of each weight, same shape: the slope of $\text{error}^2/2$.

    Example:
        >>> backward_chain([2, 3], error=1.0)
        array([3., 2.])
    """
    received = forward_chain(weights, order)[:-1]
    message, blame = error, np.zeros(len(received))
    for department in reversed(range(len(received))):
        blame[department] = message * received[department]
        message = message * np.asarray(weights, float)[department]
    return blame


def _alike(amounts: ArrayLike, other: ArrayLike, name: str = "taste") -> tuple[np.ndarray, ...]:
    spoons, values = numbers(amounts, "amounts", rank=1), numbers(other, name, rank=1)
    if spoons.shape != values.shape:
        raise ValueError(
            f"`{name}` must have the shape of `amounts`, {spoons.shape}. "
            f"Received: shape {values.shape}"
        )
    return spoons, values


# The experiment

CUT = 1000.0  # errors above it are recorded as it: the kitchen has exploded


def first_amounts(seed: int) -> np.ndarray:
    """Draw the amounts of the first sandwich."""
    return np.random.default_rng(seed).normal(size=2)


def improve(amounts: np.ndarray, sandwiches: int, rate: float = 0.3) -> np.ndarray:
    """Return the amounts of the first sandwich and of the `sandwiches` corrected after it."""
    path = [amounts]
    for _ in range(sandwiches):
        error = feedback(forward(path[-1]))
        path.append(correct(path[-1], backward(error), rate))
    return np.array(path)


def wander(amounts: np.ndarray, changes: np.ndarray, only_if_better: bool) -> np.ndarray:
    """Return the amounts after random changes, all of them or only those that helped."""
    for change in changes:
        now, then = (abs(feedback(forward(one))) for one in (amounts, amounts + change))
        if then < now or not only_if_better:
            amounts = amounts + change
    return amounts


def try_changes(seed: int, adjustment: str, sandwiches: int) -> dict[str, float]:
    """Return how far from ideal a sandwich is after a number of changes of one kind."""
    amounts = first_amounts(seed)
    if adjustment == "systematic":
        amounts = improve(amounts, sandwiches)[-1]
    else:
        changes = np.random.default_rng([seed, 1]).normal(scale=0.5, size=(sandwiches, 2))
        amounts = wander(amounts, changes, only_if_better=adjustment != "random")
    return {"distance_from_ideal": abs(feedback(forward(amounts)))}


def measure_rate(seed: int, rate: float) -> dict[str, float]:
    """Return what is left of the first error after 50 corrections, and the ratio of the blames."""
    path = improve(first_amounts(seed), sandwiches=50, rate=rate)
    first, last = feedback(forward(path[0])), feedback(forward(path[-1]))
    jelly, peanut_butter = backward(first)
    return {"error_left": abs(last / first), "blame_ratio": jelly / peanut_butter}


def run_business(seed: int, rate: float, num_departments: int) -> dict[str, float]:
    """Return how far the profit is from its goal after 20 rounds of messages."""
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, num_departments)
    for _ in range(20):
        error = feedback(forward_chain(weights)[-1])
        if abs(error) > CUT:
            break
        weights = correct(weights, backward_chain(weights, error), rate)
    return {"error": min(abs(feedback(forward_chain(weights)[-1])), CUT)}


FEEDBACK = Experiment(
    name="feedback",
    question="Does it pay to listen to the customer?",
    independent={
        "adjustment": ("systematic", "random, kept if better", "random"),
        "sandwiches": (1, 2, 5, 10, 20, 50),
    },
    trial=try_changes,
    seeds=range(50),
    units={"distance_from_ideal": "distance from ideal"},
)
RATES = Experiment(
    name="rates",
    question="How strongly should one react?",
    independent={"rate": (0.1, 0.3, 0.8, 1.5, 1.7, 3)},
    trial=measure_rate,
    seeds=range(20),
)
DEPARTMENTS = Experiment(
    name="departments",
    question="Does the message still work when it passes through several hands?",
    independent={"num_departments": (1, 2, 4), "rate": (0.05, 0.1, 0.3, 1, 3)},
    trial=run_business,
    seeds=range(20),
    units={"num_departments": "departments", "error": "distance from the goal"},
)

# The claims


def gain_of_system(results: "xr.Dataset") -> list[Evidence]:
    """Distance from ideal after 20 sandwiches, random minus systematic, paired by seed."""
    distance = results["distance_from_ideal"].sel(sandwiches=20)
    return [
        Evidence.from_comparison(
            f"against {other}",
            paired(distance.sel(adjustment=other), distance.sel(adjustment="systematic")),
            at_least=0,
        )
        for other in ("random", "random, kept if better")
    ]


def ratio_of_blame(results: "xr.Dataset") -> list[Evidence]:
    """Smallest and largest ratio of the two blames."""
    ratio = results["blame_ratio"]
    return [
        Evidence.exact(name, float(value), ratio.size, at_least=-2, at_most=-2)
        for name, value in (("smallest", ratio.min()), ("largest", ratio.max()))
    ]


def customer_satisfied(results: "xr.Dataset") -> list[Evidence]:
    """Largest part of the first error that is left after 50 sandwiches, for each rate."""
    left = results["error_left"].max("seed")
    return [
        Evidence.exact(
            f"rate {rate:g}", float(left.sel(rate=rate)), results.sizes["seed"], at_most=0.01
        )
        for rate in results["rate"].values
    ]


def goal_reached(results: "xr.Dataset") -> list[Evidence]:
    """Distance from the goal at rate 0.3, for each length of the chain."""
    error = results["error"].sel(rate=0.3)
    return [
        Evidence.from_mean(f"departments: {count}", error.sel(num_departments=count), at_most=0.01)
        for count in results["num_departments"].values
    ]


CLAIMS = (
    Claim(
        "C-how_models_learn-1",
        "Systematic adjustments beat random tries.",
        FEEDBACK,
        gain_of_system,
        note="distance from ideal after 20 sandwiches, random minus systematic; holds above 0",
    ),
    Claim(
        "C-how_models_learn-2",
        "“Too sweet” changes both ingredients, each in proportion to its effect.",
        RATES,
        ratio_of_blame,
        note="blame of jelly divided by blame of peanut butter; holds if always exactly −2",
    ),
    Claim(
        "C-how_models_learn-3",
        "Enough sandwiches always make the customer happy.",
        RATES,
        customer_satisfied,
        note="largest part of the first error left after 50 sandwiches; holds up to 0.01",
    ),
    Claim(
        "C-how_models_learn-4",
        "The owner's message reaches the goal through marketing and kitchen.",
        DEPARTMENTS,
        goal_reached,
        note="distance from the goal after 20 rounds at rate 0.3; holds up to 0.01",
    ),
)

# The figure


def plot_sandwich(backwards: bool = False) -> "plots.BookFigure":
    """Draw the sandwich as a small network: amounts going right, or blame going left."""
    if backwards:
        alt = "The error of the customer goes back to sweetness and on to jelly and peanut butter."
        texts, color = ("error +1", "blame +1", "blame −0.5"), "accent"
    else:
        alt = "Arrows lead from jelly and peanut butter to sweetness, and from there to a customer."
        texts, color = ("taste it", "× 1", "× (−0.5)"), "muted"
    drawing, axes = plots.diagram(alt, height=2.5)
    jelly, butter = (0.75, 1.95), (0.75, 0.55)
    sweetness, customer = (3.25, 1.25), (5.6, 1.25)
    for place, text in ((jelly, "jelly"), (butter, "peanut\nbutter"), (sweetness, "sweetness")):
        plots.box(axes, place, text, width=1.3, height=0.66)
    plots.box(axes, customer, "customer", width=1.3, height=0.66, color="green")
    ends = [((3.95, 1.25), (4.9, 1.25)), ((1.45, 1.95), (2.55, 1.45)), ((1.45, 0.55), (2.55, 1.05))]
    places = [(4.42, 1.4), (2.2, 1.9), (2.25, 0.38)]
    for (start, end), text, place in zip(ends, texts, places, strict=True):
        plots.arrow(axes, *((end, start) if backwards else (start, end)), color=color)
        axes.text(*place, text, ha="center", va="bottom", color=color, fontsize=12)
    return drawing


def plot_business() -> "plots.BookFigure":
    """Draw the business: work goes to the right, messages about the profit go back."""
    drawing, axes = plots.diagram(
        "Three boxes: kitchen, marketing and owner. Arrows to the right carry food and "
        "profit, arrows back carry the owner's message.",
        height=1.7,
    )
    axes.set(ylim=(0.35, 1.35))
    places = plots.flow(
        axes,
        ["kitchen", "marketing", "owner"],
        forward=["food", "profit"],
        backward=[],
        colors={"owner": "green"},
    )
    for (here, there), message in zip(pairwise(places), ("“better!”", "“too low”"), strict=True):
        middle = (here[0] + there[0]) / 2
        axes.text(middle, here[1] - 0.39, message, ha="center", color="accent", fontsize=12)
    return drawing


def plot_feedback(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the distance from ideal against the number of sandwiches, for each kind of change."""
    drawing, axes = plots.figure(
        "Distance from ideal against sandwiches on a logarithmic axis: systematic changes fall "
        "along a straight line, random ones rise, random ones kept if better fall slowly."
    )
    axes.set_yscale("log")
    for adjustment in results["adjustment"].values:
        distance = results["distance_from_ideal"].sel(adjustment=adjustment)
        typical = 10 ** mean_interval(distance.copy(data=np.log10(distance.values)))
        plots.band(axes, results["sandwiches"], typical, label=str(adjustment))
    axes.set(xlabel="sandwiches", ylabel="distance from ideal")
    plots.label_lines(axes)
    return drawing


def plot_rates(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what is left of the first error after 50 sandwiches against the rate."""
    drawing, axes = plots.figure(
        "What is left of the error against the rate: tiny at 0.8, and above 1 beyond rate 1.6."
    )
    axes.set_yscale("log")
    left = np.maximum(results["error_left"].mean("seed"), 1e-17)
    axes.plot(results["rate"], left, "o-", color="blue")
    plots.reference(axes, 1, "as large as at first")
    plots.reference(axes, 1.6, "rate 1.6", along="y", at=0.12)
    axes.set(xlabel="rate", ylabel="part of the error left")
    return drawing


def plot_departments(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the distance from the goal against the rate, for chains of three lengths."""
    alt = (
        "Distance from the goal against the rate for 1, 2 and 4 departments: it falls, and then "
        "climbs to the cut of 1,000; the longer the chain, the earlier."
    )
    drawing, axes = plots.figure(alt)
    plots.log_axis(axes, "both")
    for count in results["num_departments"].values:
        error = results["error"].sel(num_departments=count)
        logarithms = np.log10(np.maximum(error.values, 1e-17))
        plots.band(
            axes,
            results["rate"],
            10 ** mean_interval(error.copy(data=logarithms)),
            label=f"{count}",
        )
    axes.set(xlabel="rate", ylabel="distance from the goal")
    plots.label_lines(axes, title="departments")
    return drawing
