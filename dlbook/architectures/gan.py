"""Generative adversarial networks: one network invents, another one tells real from invented."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots
from dlbook.lab.adversaries import Adversaries, build_discriminator, build_generator, probabilities
from dlbook.lab.checks import numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.correlation import rank_correlation
from dlbook.lab.experiment import Experiment
from dlbook.lab.forged_digits import FORGED, LOSSES_WITH_LABELS, SCALES, finish_losses, plot_runs
from dlbook.lab.judged_digits import SETUPS, judged, pictures
from dlbook.lab.results import mean_interval
from dlbook.lab.sample_quality import frechet_distance, mode_counts
from dlbook.lab.together import Together

if TYPE_CHECKING:
    import xarray as xr

# The idea


def optimal_discriminator(data_density: ArrayLike, generator_density: ArrayLike) -> np.ndarray:
    r"""Give the best answer to "how likely is a sample at this place real?".

    $$D^*(x) = \frac{p(x)}{p(x) + q(x)}$$

    Args:
        data_density: $p$, how densely real samples lie at each place, 0 or larger.
        generator_density: $q$, the same for generated samples, same shape.

    Returns:
        $D^*$ from 0 to 1; one half where there are no samples at all.

    Raises:
        ValueError: A density is negative, or the shapes differ.

    Example:
        >>> optimal_discriminator([0.3, 0.2], [0.1, 0.2])
        array([0.75, 0.5 ])
    """
    p, q = numbers(data_density, "data_density"), numbers(generator_density, "generator_density")
    if p.shape != q.shape or min(p.min(), q.min()) < 0:
        raise ValueError(
            "`data_density` and `generator_density` must have one shape and no negative numbers. "
            f"Received: shapes {p.shape} and {q.shape}, smallest {min(p.min(), q.min())}"
        )
    return np.divide(p, p + q, out=np.full(p.shape, 0.5), where=p + q > 0)


# The experiment

Look = Callable[[Adversaries], Mapping[str, np.ndarray]]


def follow(
    pair: Adversaries, real: np.ndarray, look: Look, steps: Sequence[int], **options: Any
) -> dict:
    """Look at a pair before training and then after every stretch of it.

    Args:
        pair: The networks.
        real: Real samples.
        look: Gives what is to be seen, one entry per copy.
        steps: Steps in all, and steps between two looks.
        **options: Of `Adversaries.train`.

    Returns:
        What was seen, each of shape (copies, looks, ...).
    """
    seen = [look(pair)]
    for _ in range(steps[0] // steps[1]):
        pair.train(real, steps[1], **options)
        seen.append(look(pair))
    return {name: np.stack([one[name] for one in seen], axis=1) for name in seen[0]}


LINE_RATE, LINE_STEPS = 0.005, (2000, 100)  # steps in all, and between two looks
LINE = (np.arange(4000) + 0.5) / 4000  # shares, whose places under the normal curve are the data
PLACES = np.linspace(-3.95, 7.95, 120)
WIDTH = 0.1


def line_data() -> np.ndarray:
    """Place 4,000 points as densely as a normal curve of mean 3 and deviation 1 says."""
    from scipy.special import ndtri

    return (3 + ndtri(LINE)).astype(np.float32)[:, None]


def look_at_line(pair: Adversaries) -> dict[str, np.ndarray]:
    """Measure, on the line, how far generated lie from real samples, and the discriminator."""
    real = line_data()
    spread = np.repeat(real[:, None] - 3, len(pair.seeds), axis=1)
    fake = np.asarray(pair.generator(spread))
    edges = np.append(PLACES - WIDTH / 2, PLACES[-1] + WIDTH / 2)
    p, *q = (np.histogram(one, edges)[0] / len(LINE) for one in (real, *fake[..., 0].T))
    places = np.repeat(PLACES[:, None, None], len(pair.seeds), axis=1)
    learned = probabilities(pair.discriminator(places))
    wrong = abs(learned - optimal_discriminator(np.broadcast_to(p, learned.shape), np.array(q)))
    return {
        "distance": abs(np.sort(fake[..., 0].T) - real[:, 0]).mean(axis=1),
        "gap": (wrong * (p + q) / 2).sum(axis=1),
        "probability": learned,
        "density": np.array(q) / WIDTH,
        **pair.measure(real, fake),
    }


TRAINED = ("both", "generator alone", "discriminator alone", "both, not frozen")


def on_a_line(seeds: Sequence[int], trained: str) -> dict[str, np.ndarray]:
    """Let networks 1-16-1 learn to make samples of mean 3 and deviation 1."""
    generator = build_generator(1, 1, (16,), seeds=seeds)
    discriminator = build_discriminator(1, (16,), seeds=seeds)
    freeze = trained != "both, not frozen"
    pair = Adversaries(generator, discriminator, LINE_RATE, freeze=freeze, seeds=seeds)
    turns = {
        "discriminator_steps": int(trained != "generator alone"),
        "generator_steps": int(trained != "discriminator alone"),
    }
    return follow(pair, line_data(), look_at_line, LINE_STEPS, **turns)


RING = 2 * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)
BLUR, RING_STEPS = 0.1, (1200, 200)


def ring_data(num_points: int = 8000) -> np.ndarray:
    """Draw points around eight places on a circle of radius 2."""
    noise = np.random.default_rng(0).normal(0, BLUR, (num_points, 2))
    return (RING[np.arange(num_points) % 8] + noise).astype(np.float32)


def nearest_mode(points: ArrayLike) -> np.ndarray:
    """Give each point the number of its place on the ring, -1 beyond three deviations of all."""
    gaps = np.linalg.norm(np.asarray(points)[:, None] - RING, axis=-1)
    return np.where(gaps.min(axis=1) < 3 * BLUR, gaps.argmin(axis=1), -1)


def look_at_ring(pair: Adversaries) -> dict[str, np.ndarray]:
    """Count the modes that get a tenth of their fair share of 2,000 samples, or more."""
    fake = pair.generate(2000).swapaxes(0, 1)
    counts = np.stack([mode_counts(one, nearest_mode, 8) for one in fake])
    return {
        "modes": (counts >= 2000 / 8 / 10).sum(axis=1),
        "near": counts.sum(axis=1) / 2000,
        "samples": fake[:, :200].round(2),
    }


def on_a_ring(
    seeds: Sequence[int], latent_units: int, discriminator_steps: int
) -> dict[str, np.ndarray]:
    """Let networks with two hidden layers of 64 learn the eight groups of the ring."""
    generator = build_generator(latent_units, 2, seeds=seeds)
    pair = Adversaries(generator, build_discriminator(2, seeds=seeds), seeds=seeds)
    turns = {"discriminator_steps": discriminator_steps}
    found = follow(pair, ring_data(), look_at_ring, RING_STEPS, **turns)
    return {**found, "samples": found["samples"][:, -1]}


def look_at_pictures(data_set: str, pair: Adversaries) -> dict[str, np.ndarray]:
    """Measure losses, Frechet distance to held-out pictures, and how many are of each kind."""
    held_out = pictures(data_set).x_test[:2000]
    fake = pair.generate(len(held_out))
    real = judged(data_set, held_out)[0]
    found = [judged(data_set, one) for one in fake.swapaxes(0, 1)]
    return {
        "distance": np.array([frechet_distance(features, real) for features, _ in found]),
        "counts": np.stack([mode_counts(scores, np.asarray, 10) for _, scores in found]),
        "samples": fake[:8].swapaxes(0, 1).round(2),
        **pair.measure(held_out, fake),
    }


def on_pictures(seeds: Sequence[int], data_set: str) -> dict[str, np.ndarray]:
    """Let a pair of dense networks learn to draw handwritten digits."""
    setup, real = SETUPS[data_set], pictures(data_set).x_train
    sizes = (setup.latent_units, real.shape[1], setup.hidden_units)
    generator = build_generator(*sizes, activation="sigmoid", seeds=seeds)
    discriminator = build_discriminator(*sizes[1:], seeds=seeds)
    pair = Adversaries(generator, discriminator, setup.learning_rate, seeds=seeds)
    look = partial(look_at_pictures, data_set)
    found = follow(pair, real, look, setup.steps, batch_size=setup.batch_size)
    return {**found, "samples": found["samples"][:, list(setup.moments)]}


EACH = ("checkpoint",)
MEASURES = (
    "distance", "discriminator_loss", "generator_loss", "real_probability", "fake_probability",
)  # fmt: skip
LOSSES = dict.fromkeys(MEASURES, EACH)
CURVES = dict.fromkeys(("probability", "density"), ("checkpoint", "place"))
PICTURES = {"counts": ("checkpoint", "kind"), "samples": ("moment", "picture", "pixel")}
ONE_DIMENSION = Experiment(
    name="one_dimension",
    question="Does a generator learn where real numbers lie, and are both phases needed?",
    independent={"trained": TRAINED},
    trial=Together(on_a_line, {**LOSSES, **CURVES, "gap": EACH}),
)
EIGHT_MODES = Experiment(
    name="eight_modes",
    question="How many of eight groups does a generator cover?",
    independent={"latent_units": (2, 16), "discriminator_steps": (1, 5)},
    trial=Together(on_a_ring, {"modes": EACH, "near": EACH, "samples": ("sample", "axis")}),
    seeds=range(5),
    full_seeds=range(20),
)
DIGITS = Experiment(
    name="digits",
    question="How do losses, quality and variety move while a generator learns to draw digits?",
    independent={"data_set": ("digits",)},
    trial=Together(on_pictures, {**LOSSES, **PICTURES}),
    seeds=range(5),
    full_seeds=range(20),
)
ON_MNIST = Experiment(
    name="on_mnist",
    question="And with larger pictures, on either scale of their pixels?",
    independent={"data_set": ("digits",), "pixels": tuple(SCALES)},
    trial=FORGED,
    seeds=(0,),
    full_independent={"data_set": ("MNIST",)},
    full_seeds=range(3),
)

# The claims


def improvement(line: "xr.Dataset", digits: "xr.Dataset") -> list[Evidence]:
    """Share of the stretches between two looks in which the distance fell."""
    found = []
    for name, runs in (("line", line.sel(trained=TRAINED[0])), ("digits", digits.isel(data_set=0))):
        fell = runs["distance"].diff("checkpoint") < 0
        half = fell.sizes["checkpoint"] // 2
        for when, part in (("first", slice(half)), ("second", slice(half, None))):
            share = fell.isel(checkpoint=part).mean("checkpoint")
            found.append(Evidence.from_mean(f"{name}, {when} half", share, at_least=0.9))
    return found


def loss_and_distance(line: "xr.Dataset", digits: "xr.Dataset") -> list[Evidence]:
    """Rank correlation of the generator's loss with the distance, within each run."""
    found = []
    for name, runs in (("line", line.sel(trained=TRAINED[0])), ("digits", digits.isel(data_set=0))):
        columns = [runs[one].values for one in ("generator_loss", "distance")]
        ranks = [rank_correlation(*pair) for pair in zip(*columns, strict=True)]
        found.append(Evidence.from_mean(name, ranks, at_least=0.5))
    return found


def kinds(results: "xr.Dataset") -> "xr.DataArray":
    r"""Effective number of kinds of digits, $e^H$ with the entropy $H$ of their shares."""
    shares = results["counts"] / results["counts"].sum("kind")
    return np.exp(-(shares * np.log(shares.clip(1e-12))).sum("kind"))  # type: ignore


def coverage(ring: "xr.Dataset", digits: "xr.Dataset") -> list[Evidence]:
    """Groups covered of eight, and effective number of kinds of digits of ten, at the end."""
    modes = ring["modes"].isel(checkpoint=-1)
    found = [
        Evidence.from_mean(
            f"ring, {units} random numbers, {turns} to 1",
            modes.sel(latent_units=units, discriminator_steps=turns),
            at_least=7.5,
        )
        for units in modes["latent_units"].values
        for turns in modes["discriminator_steps"].values
    ]
    last = kinds(digits).isel(checkpoint=-1, data_set=0)
    return [*found, Evidence.from_mean("digits, of ten", last, at_least=9)]


def distance_without(results: "xr.Dataset") -> list[Evidence]:
    """Distance at the end with something left out, minus that with both phases as they are."""
    last = results["distance"].isel(checkpoint=-1)
    return [
        Evidence.from_mean(
            name, last.sel(trained=name) - last.sel(trained=TRAINED[0]), at_least=0.5
        )
        for name in TRAINED[1:]
    ]


CLAIMS = (
    Claim(
        "C-gan-1",
        "The generator keeps getting better.",
        (ONE_DIMENSION, DIGITS),
        improvement,
        note="share of the stretches of 100 steps in which the distance to the real samples fell; "
        "holds from 0.9 up",
    ),
    Claim(
        "C-gan-2",
        "A low loss of the generator means good samples.",
        (ONE_DIMENSION, DIGITS),
        loss_and_distance,
        note="rank correlation of the generator's loss with the distance over the training of a "
        "pair; holds from 0.5 up",
    ),
    Claim(
        "C-gan-3",
        "The generator covers all kinds of the data.",
        (EIGHT_MODES, DIGITS),
        coverage,
        note="groups of eight that are covered; effective number of kinds of digits of ten; holds "
        "from 7.5 and from 9 up",
    ),
    Claim(
        "C-gan-4",
        "Both phases are needed, and the second one must leave the discriminator alone.",
        ONE_DIMENSION,
        distance_without,
        note="distance at the end minus that with both phases; holds from 0.5 up",
    ),
)

# The figure


def plot_phases() -> "plots.BookFigure":
    """Draw the two phases of a step, and which network moves in each."""
    drawing, axes = plots.diagram(
        "Two rows of boxes. Phase one: random numbers enter the generator, which is held; its "
        "fakes and real samples enter the discriminator, which learns. Phase two: random numbers "
        "enter the generator, which learns; the discriminator is held.",
        height=4.5,
    )
    rows = ((3.1, ("held", "learns"), "one: learn to tell them apart"),
            (0.75, ("learns", "held"), "two: learn to be taken for real"))  # fmt: skip
    for height, words, title in rows:
        colors = ["accent" if word == "learns" else "muted" for word in words]
        axes.text(0.1, height + 0.95, f"Phase {title}", fontweight="bold")
        plots.box(axes, (0.8, height), "random\nnumbers", width=1.3)
        plots.box(axes, (2.85, height), f"generator\n{words[0]}", width=1.4, color=colors[0])
        plots.box(axes, (5.35, height), f"discriminator\n{words[1]}", width=1.7, color=colors[1])
        plots.arrow(axes, (1.5, height), (2.1, height))
        plots.arrow(axes, (3.6, height), (4.45, height), "fakes")
    plots.box(axes, (5.35, 2.15), "real samples", width=1.7, height=0.5)
    plots.arrow(axes, (5.35, 2.43), (5.35, 2.76))
    return drawing


def plot_one_dimension(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the distance to the real samples over the steps, for each way of training."""
    drawing, axes = plots.figure(
        "Distance of generated to real samples on a logarithmic axis against steps, a line with a "
        "band for each way of training: both phases, one of them alone, and nothing frozen.",
        height=3.8,
    )
    plots.log_axis(axes, "y")
    steps = np.arange(results.sizes["checkpoint"]) * LINE_STEPS[1]
    for name, label in zip(TRAINED, ("both", "G alone", "D alone", "not frozen"), strict=True):
        runs = results["distance"].sel(trained=name)
        plots.band(axes, steps, mean_interval(runs), label=label)
    axes.set(xlabel="steps", ylabel="distance to real samples")
    plots.label_lines(axes)
    return drawing


def plot_discriminator(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw where the samples lie and what the discriminator says, at several times."""
    times = ((TRAINED[2], 20), (TRAINED[0], 1), (TRAINED[0], 20))
    drawing, panels = plots.figure(
        "Densities of real and generated samples on a line, with the learned discriminator and "
        "the best possible one: first with a generator that is held, then at two times of "
        "training both.",
        rows=len(times),
        height=2.6 * len(times),
        sharex=True,
        sharey=True,
    )
    for panel, (trained, checkpoint) in zip(panels, times, strict=True):
        _draw_answers(panel, results.sel(seed=seed, trained=trained).isel(checkpoint=checkpoint))
        panel.set(title=f"{trained}, {checkpoint * LINE_STEPS[1]:,} steps")
    panels[1].legend(loc="upper right")
    panels[-1].set(xlabel="place on the line")
    return drawing


def _draw_answers(panel: Any, now: "xr.Dataset") -> None:
    from scipy.stats import norm

    seen = abs(PLACES - 2.5) < 4.5
    places, learned, q = PLACES[seen], now["probability"].values[seen], now["density"].values[seen]
    p = norm.pdf(places, 3, 1)
    best = np.where(p + q > 0.01, optimal_discriminator(p, q), np.nan)
    panel.fill_between(places, p, color="blue", alpha=0.25, label="real")
    panel.fill_between(places, q.clip(0, 1.05), color="orange", alpha=0.35, label="generated")
    panel.plot(places, best, color="muted", linestyle="--", label="best D")
    panel.plot(places, learned, color="accent", label="learned D")
    panel.set(ylabel="density, probability", ylim=(0, 1.05), xlim=(-2, 7))


def plot_eight_modes(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the samples of one pair for each condition, and how many groups all pairs cover."""
    units, turns = (results[name].values for name in ("latent_units", "discriminator_steps"))
    drawing, panels = plots.figure(
        "Generated points around eight places on a ring, a panel for each number of random "
        "numbers and of discriminator phases in a step.",
        rows=len(units),
        columns=len(turns),
        height=3.3 * len(units),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for at, panel in enumerate(panels.ravel()):
        one = results.isel(latent_units=at // len(turns), discriminator_steps=at % len(turns))
        points, modes = one["samples"].isel(seed=0).values, one["modes"].isel(checkpoint=-1)
        panel.plot(*RING.T, "o", color="blue", markersize=15, alpha=0.25)
        panel.plot(*points[:40].T, ".", color="orange", markersize=4)
        plots.plane(panel)
        title = f"{int(one['latent_units'])} numbers, {int(one['discriminator_steps'])} to 1"
        panel.set(title=f"{title}\n{int(modes.isel(seed=0))} of 8", xlim=(-3, 3), ylim=(-3, 3))
    return drawing


def plot_digits(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw losses, with the line of a discriminator that cannot tell, and the distance."""
    runs, name = results.isel(data_set=0), str(results["data_set"].values[0])
    steps = np.arange(results.sizes["checkpoint"]) * SETUPS[name].steps[1]
    drawing, panels = plots.figure(
        "Two panels over the steps: above the losses of generator and discriminator with "
        "the lines ln 2 and 2 ln 2; below the distance to real pictures on a logarithmic axis.",
        rows=2,
        height=5.8,
        sharex=True,
    )
    for loss, label in LOSSES_WITH_LABELS:
        plots.band(panels[0], steps, mean_interval(runs[loss]), label=label)
    plots.log_axis(panels[1], "y")
    plots.band(panels[1], steps, mean_interval(runs["distance"]), color="green")
    finish_losses(panels)
    return drawing


def plot_on_mnist(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw losses on the second scale, and distances on both, one line for each seed."""
    return plot_runs(results.isel(data_set=0))


def plot_samples(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw what a generator made of the same random numbers at four moments."""
    samples = results["samples"].isel(data_set=0, picture=slice(3)).sel(seed=seed).round(1)
    setup = SETUPS[str(results["data_set"].values[0])]
    side = int(samples.sizes["pixel"] ** 0.5)
    drawing, panels = plots.figure(
        "Rows of generated digits at four moments of training, the same random numbers in each.",
        rows=samples.sizes["moment"],
        columns=samples.sizes["picture"],
        height=4.4,
    )
    for row, moment, images in zip(panels, setup.moments, samples.values, strict=True):
        for panel, pixels in zip(row, images, strict=True):
            plots.image(panel, pixels.reshape(side, side), limits=(0, 1))
        row[0].set_title(f"{moment * setup.steps[1]:,} steps", loc="left", fontsize=12)
    return drawing


def plot_histogram(results: "xr.Dataset", seed: int = 0) -> "plots.BookFigure":
    """Draw how many digits of each kind a generator makes, beside the real shares."""
    counts = results["counts"].isel(data_set=0, checkpoint=-1).sel(seed=seed).values
    labels = pictures(str(results["data_set"].values[0])).y_test
    drawing, axes = plots.figure(
        "Bars for the digits 0 to 9: the share of each among generated pictures, and a mark for "
        "its share among real ones.",
        height=3.4,
    )
    axes.bar(np.arange(10), counts / counts.sum(), color="orange", label="generated")
    real = np.bincount(labels.ravel(), minlength=10) / len(labels)
    axes.plot(np.arange(10), real, "_", color="ink", markersize=22, label="real")
    axes.set(xlabel="digit, as the classifier reads it", ylabel="share of pictures")
    axes.set_xticks(np.arange(10))
    axes.legend()
    return drawing
