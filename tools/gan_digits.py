"""Trains the generator that ``<dlbook-generator>`` shows, with its discriminator and a judge.

    .venv/bin/python -m tools.gan_digits

The networks are those of the chapter's experiment "digits", first seed, and the classifier that
judges there. Their weights are rounded to 16 bits; what is written about them is measured after.
"""

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbook.architectures.gan import follow
from dlbook.lab.adversaries import Adversaries, build_discriminator, build_generator
from dlbook.lab.judged_digits import SETUPS, judged, pictures, trained_classifier
from dlbook.lab.sample_quality import frechet_distance, mode_counts
from tools.export_model import FOLDER, LARGEST, export_model, round_weights

if TYPE_CHECKING:
    import keras

NAME = "gan_digits.json"
SEEDS = range(5)  # as in the chapter: they train side by side, and the first one is written
DTYPE = "float16"
NUM_POINTS = 5


def trained_pair() -> Adversaries:
    """Train the chapter's pairs, and return the first one with rounded weights."""
    setup, real = SETUPS["digits"], pictures("digits").x_train
    sizes = (setup.latent_units, real.shape[1], setup.hidden_units)
    build = partial(build_generator, *sizes, activation="sigmoid")
    judge = partial(build_discriminator, *sizes[1:])
    pairs = Adversaries(build(seeds=SEEDS), judge(seeds=SEEDS), setup.learning_rate, seeds=SEEDS)
    follow(pairs, real, lambda pair: {}, setup.steps, batch_size=setup.batch_size)
    first = Adversaries(build(), judge(), seeds=SEEDS[:1])
    for one, many in (
        (first.generator, pairs.generator),
        (first.discriminator, pairs.discriminator),
    ):
        one.set_weights([weights[0] for weights in many.get_weights()])
        round_weights(one, DTYPE)
    return first


def measured(pair: Adversaries) -> dict[str, Any]:
    """Measure a pair as the chapter does: distance and kinds of its pictures, and its answers."""
    data = pictures("digits")
    fake = pair.generate(len(data.x_test))
    features, scores = judged("digits", fake)
    real, _ = judged("digits", data.x_test)
    others, _ = judged("digits", data.x_train[: len(fake)])
    counts = mode_counts(scores, np.asarray, 10)
    shares = counts[counts > 0] / counts.sum()
    said = (1 / (1 + np.exp(-np.asarray(pair.discriminator(one)))) for one in (data.x_test, fake))
    found = {
        "distance": frechet_distance(features, real),
        "real_distance": frechet_distance(others, real),
        "kinds": float(np.exp(-(shares * np.log(shares)).sum())),
        **dict(zip(("real_probability", "fake_probability"), map(np.mean, said), strict=True)),
    }
    rounded = {name: round(float(value), 4) for name, value in found.items()}
    return {"count": len(fake), "counts": counts.tolist(), **rounded}


def rounded_judge() -> "keras.Model":
    """Return the classifier of the chapter, its scores only, with rounded weights."""
    import keras

    trained = trained_classifier("digits")
    judge = keras.Model(trained.inputs[0], trained.outputs[1])
    round_weights(judge, DTYPE)
    return judge


def main() -> None:
    """Train, measure and write."""
    pair = trained_pair()
    tested = measured(pair)
    points = np.random.default_rng((0, 0, 1)).standard_normal(
        (NUM_POINTS, pair.generator.input_shape[-1]), dtype=np.float32
    )
    models = {
        "generator": pair.generator,
        "discriminator": pair.discriminator,
        "judge": rounded_judge(),
    }
    exported = {name: export_model(model, DTYPE) for name, model in models.items()}
    content = {
        **exported,
        "points": points.round(3).astype(float).round(3).tolist(),
        "tested": tested,
    }
    text = json.dumps(content, separators=(",", ":")) + "\n"
    if len(text) > LARGEST:
        raise ValueError(f"the file must have {LARGEST} bytes or fewer. Received: {len(text)}")
    (FOLDER / NAME).write_text(text, encoding="utf-8")
    print(f"{len(text):,} bytes, {tested} -> {FOLDER / NAME}")


if __name__ == "__main__":
    main()
