"""A pair of networks that learns to draw digits, with pixels on two scales, and what is seen."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbook.lab import plots
from dlbook.lab.adversaries import (
    Adversaries,
    build_discriminator,
    build_generator,
    cross_entropy,
    probabilities,
)
from dlbook.lab.experiment import FunctionTrial
from dlbook.lab.judged_digits import SETUPS, Setup, judged, pictures
from dlbook.lab.sample_quality import frechet_distance, mode_counts

if TYPE_CHECKING:
    import keras
    import xarray as xr

SCALES: Mapping[str, tuple[float, float]] = {"0 to 1": (1.0, 0.0), "-1 to 1": (2.0, -1.0)}
"""What the discriminator multiplies pixels from 0 to 1 by, and what it adds."""
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "digits": {"steps": (1000, 100), "moments": (0, 1, 3, 10)},
    "MNIST": {"steps": (10_000, 500), "moments": (1, 4, 10, 20)},
}
MOST_COMPARED, SHOWN, INK = 2000, 6, 15
"""Pictures in a comparison, pictures that are kept of a moment, and the number of full ink."""


def setup_of(data_set: str) -> Setup:
    """Give sizes and steps of the pair for a set of pictures.

    Args:
        data_set: `"digits"` or `"MNIST"`.

    Returns:
        The setup; its steps are those in all, and those between two looks.

    Example:
        >>> setup_of("MNIST").hidden_units
        (256, 256)
    """
    return SETUPS[data_set]._replace(**SCHEDULES[data_set])


def scaled_discriminator(input_units: int, setup: Setup, pixels: str) -> "keras.Sequential":
    """Build a discriminator whose first layer puts pixels from 0 to 1 on another scale.

    Args:
        input_units: Pixels of a picture.
        setup: Units of the hidden layers.
        pixels: The scale, one of `SCALES`.

    Returns:
        The discriminator, for pictures with pixels from 0 to 1.

    Raises:
        ValueError: There is no such scale.

    Example:
        >>> scaled_discriminator(64, setup_of("digits"), "-1 to 1").output_shape
        (None, 1)
    """
    import keras

    if pixels not in SCALES:
        raise ValueError(f"`pixels` must be one of {', '.join(SCALES)}. Received: {pixels!r}")
    learner = build_discriminator(input_units, setup.hidden_units)
    layers = [keras.Input((input_units,)), keras.layers.Rescaling(*SCALES[pixels])]
    return keras.Sequential([*layers, *learner.layers])


def look_at(pair: Adversaries, data_set: str, fresh: np.ndarray) -> dict[str, Any]:
    """Measure a pair on fresh pictures and on as many drawn ones, from the same random numbers.

    Args:
        pair: The networks, one of each.
        data_set: `"digits"` or `"MNIST"`.
        fresh: Real pictures that it does not learn from.

    Returns:
        Distance, counts of the kinds, both losses and mean probabilities, and the first drawn
        pictures as whole numbers from 0 (paper) to `INK`.
    """
    drawn = pair.generate(len(fresh))
    features, scores = judged(data_set, drawn)
    logits = [np.asarray(pair.discriminator(images)) for images in (fresh, drawn)]
    losses = [float(cross_entropy(one, at == 0)[0]) for at, one in enumerate(logits)]
    return {
        "distance": frechet_distance(features, judged(data_set, fresh)[0]),
        "counts": mode_counts(scores, np.asarray, 10),
        "discriminator_loss": sum(losses),
        "generator_loss": float(cross_entropy(logits[1], True)[0]),
        "real_probability": probabilities(logits[0]).mean(),
        "fake_probability": probabilities(logits[1]).mean(),
        "samples": (drawn[:SHOWN] * INK).round().astype(int),
    }


def reach_of_real(data_set: str, fresh: np.ndarray, others: np.ndarray) -> dict[str, Any]:
    """Measure what a perfect generator would reach: fresh pictures against other fresh ones.

    Args:
        data_set: `"digits"` or `"MNIST"`.
        fresh: Real pictures.
        others: Others.

    Returns:
        Their distance, and the counts of the kinds as the classifier reads the first ones.
    """
    (features, scores), (other, _) = (judged(data_set, images) for images in (fresh, others))
    counts = mode_counts(scores, np.asarray, 10)
    return {"real_distance": frechet_distance(features, other), "real_counts": counts}


def forge(seed: int, data_set: str, pixels: str) -> dict[str, Any]:
    """Let a pair learn to draw digits, and look at it again and again.

    Args:
        seed: Decides everything that is random about the pair.
        data_set: `"digits"` or `"MNIST"`.
        pixels: The scale on which the discriminator sees them, one of `SCALES`.

    Returns:
        What was seen at each look, the pictures of four moments, and what real pictures reach.
    """
    import keras

    setup, data = setup_of(data_set), pictures(data_set)
    units = data.x_train.shape[1]
    judged(data_set, data.x_test[:2])  # the classifier sets a seed of its own when it is trained
    keras.utils.set_random_seed(seed)
    generator = build_generator(setup.latent_units, units, setup.hidden_units, activation="sigmoid")
    discriminator = scaled_discriminator(units, setup, pixels)
    pair = Adversaries(generator, discriminator, setup.learning_rate, seeds=(seed,))
    order = np.random.default_rng(seed).permutation(len(data.x_test))
    fresh, others = (one[:MOST_COMPARED] for one in np.array_split(data.x_test[order], 2))
    seen = [look_at(pair, data_set, fresh)]
    for _ in range(setup.steps[0] // setup.steps[1]):
        pair.train(data.x_train, setup.steps[1], batch_size=setup.batch_size)
        seen.append(look_at(pair, data_set, fresh))
    found = {name: np.array([look[name] for look in seen]) for name in seen[0]}
    found["samples"] = found["samples"][list(setup.moments)]
    step = np.arange(len(seen)) * setup.steps[1]
    reach = reach_of_real(data_set, fresh, others)
    return {**found, **reach, "step": step, "shown": step[list(setup.moments)]}


EACH = ("checkpoint",)
NUMBERS = (
    "distance", "discriminator_loss", "generator_loss", "real_probability", "fake_probability",
    "step",
)  # fmt: skip
FORGED = FunctionTrial(
    forge,
    {
        **dict.fromkeys(NUMBERS, EACH),
        "counts": ("checkpoint", "kind"),
        "real_counts": ("kind",),
        "shown": ("moment",),
        "samples": ("moment", "picture", "pixel"),
    },
)
"""The trial of an experiment with the independent variables `data_set` and `pixels`."""


LOSSES_WITH_LABELS = (("generator_loss", "generator"), ("discriminator_loss", "discrim."))
LN_2 = float(np.log(2))


def finish_losses(panels: Any) -> None:
    """Name the axes of losses and of distances, and draw the losses of one that cannot tell.

    Args:
        panels: Two axes, one below the other.
    """
    for value, label in ((LN_2, "ln 2"), (2 * LN_2, "2 ln 2")):
        plots.reference(panels[0], value, label, at=0.5)
    panels[0].set(ylabel="loss")
    panels[1].set(ylabel="distance to real pictures", xlabel="steps")
    for panel in panels:
        plots.label_lines(panel)


def plot_runs(runs: "xr.Dataset") -> "plots.BookFigure":
    """Draw losses on the second scale, and distances on both, one line for each seed.

    Args:
        runs: What `forge` found, for each of `SCALES` and for each seed.

    Returns:
        Two panels over the steps.
    """
    drawing, panels = plots.figure(
        "Two panels over the steps, one line per seed: above the losses of generator and "
        "discriminator with pixels from -1 to 1; below the distances with both scales.",
        rows=2,
        height=5.8,
        sharex=True,
    )
    plots.log_axis(panels[1], "y")
    for (loss, label), color in zip(LOSSES_WITH_LABELS, ("blue", "orange"), strict=True):
        _draw_each(panels[0], runs, runs[loss].sel(pixels="-1 to 1"), (label, color))
    for scale, color in zip(SCALES, ("red", "green"), strict=True):
        _draw_each(panels[1], runs, runs["distance"].sel(pixels=scale), (scale, color))
    plots.reference(panels[1], float(runs["real_distance"].mean()), "real", at=0.5)
    finish_losses(panels)
    return drawing


def _draw_each(axes: Any, runs: "xr.Dataset", lines: "xr.DataArray", look: tuple[str, str]) -> None:
    steps = runs["step"].isel(pixels=0, seed=0).values
    for at, line in enumerate(lines.transpose("seed", ...).values):
        label = look[0] if at == 0 else None
        axes.plot(steps, line, color=look[1], label=label, linewidth=1.2)


def plot_moments(run: "xr.Dataset") -> "plots.BookFigure":
    """Draw what one generator made of the same random numbers at each moment.

    Args:
        run: What `forge` found in one run.

    Returns:
        A row of pictures for each moment.
    """
    side = int(run.sizes["pixel"] ** 0.5)
    drawing, panels = plots.figure(
        "Rows of generated digits, one row for each moment of training, from the same random "
        "numbers: what they have become in the meantime.",
        rows=run.sizes["moment"],
        height=5.8,
    )
    for panel, step, row in zip(panels, run["shown"].values, run["samples"].values, strict=True):
        plots.image(panel, 1 - np.hstack(row.reshape(-1, side, side)) / INK)
        panel.set_title(f"{step:,} steps", loc="left", fontsize=12)
    return drawing
