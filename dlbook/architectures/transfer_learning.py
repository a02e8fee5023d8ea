"""Transfer learning: take over what another network has learned, and measure what it is worth."""

from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, photo_features, plots
from dlbook.lab.choice import at_own_rate
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.datasets import Data
from dlbook.lab.experiment import Experiment
from dlbook.lab.hidden import accuracy_of
from dlbook.lab.models import mlp
from dlbook.lab.patches import BASE, glyph_network, patch_features, patch_network, patches
from dlbook.lab.results import mean_interval
from dlbook.lab.source_networks import (
    GLYPHS,
    LOSS,
    deep_network,
    near_data,
    pretrained,
    source_data,
    take_over,
)
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import xarray as xr

# The idea


def base_of(model: Any, layer: str) -> Any:
    """Copy a model up to one of its layers; the model itself stays as it is.

    Args:
        model: A trained Keras model.
        layer: Name of the last layer that is kept.

    Returns:
        A new model with the same weights up to there.

    Raises:
        ValueError: The model has no such layer.

    Example:
        >>> base_of(glyph_network(), "features").output_shape
        (None, 128)
    """
    names = [one.name for one in model.layers]
    if layer not in names:
        raise ValueError(f"`layer` must be one of {', '.join(names)}. Received: {layer!r}")
    import keras

    shorter = keras.Model(model.inputs[0], model.get_layer(layer).output)
    copy = keras.models.clone_model(shorter)
    copy.set_weights(shorter.get_weights())
    return copy


def freeze(model: Any, frozen: bool = True) -> Any:
    """Keep training from changing the weights of a model.

    Args:
        model: A Keras model or layer; it is changed itself.
        frozen: `False` lets training change it again.

    Returns:
        The model. Compile what contains it again afterwards, or Keras does not notice.

    Example:
        >>> len(freeze(glyph_network()).trainable_variables)
        0
    """
    for layer in getattr(model, "layers", ()):
        freeze(layer, frozen)  # Keras does not reach layers that were frozen one by one
    model.trainable = not frozen
    return model


def with_new_head(base: Any, num_classes: int) -> Any:
    """Put an untrained head on a base: one output for each class of the new problem.

    Args:
        base: A Keras model whose outputs are features, shape (examples, ...).
        num_classes: Number of classes of the new problem, 1 or more.

    Returns:
        A model from images to logits, whose last layer is called "head".

    Raises:
        ValueError: There is no class.

    Example:
        >>> base = freeze(base_of(glyph_network(26), "features"))
        >>> sum(weight.shape.num_elements() for weight in with_new_head(base, 5).trainable_weights)
        645
    """
    if num_classes < 1:
        raise ValueError(f"`num_classes` must be 1 or more. Received: {num_classes!r}")
    import keras

    flat = keras.layers.Flatten()(base.output)
    return keras.Model(base.inputs[0], keras.layers.Dense(num_classes, name="head")(flat))


def features(model: Any, images: ArrayLike, layer: str | None = None) -> np.ndarray:
    """Compute what a network sees in images: the outputs of one of its layers.

    Args:
        model: A Keras model.
        images: Shape (examples, ...), prepared as those that the model was trained with.
        layer: Name of a layer; `None`: the last one.

    Returns:
        One row per image, shape (examples, features).

    Raises:
        ValueError: The images have another shape than the model takes, or there is no such layer.

    Example:
        >>> features(glyph_network(), np.zeros((3, 8, 8, 1)), "features").shape
        (3, 128)
    """
    inputs, wanted = np.asarray(images, np.float32), model.input_shape[1:]
    fits = len(wanted) + 1 == inputs.ndim and len(inputs) > 0
    if not fits or any(a not in (None, b) for a, b in zip(wanted, inputs.shape[1:], strict=True)):
        raise ValueError(
            f"`images` must have the shape (examples, {', '.join(map(str, wanted))}). "
            f"Received: shape {inputs.shape}"
        )
    network = model if layer is None else base_of(model, layer)
    parts = [inputs[start : start + 100] for start in range(0, len(inputs), 100)]
    found = [np.asarray(network(part, training=False)) for part in parts]
    return np.concatenate(found).reshape(len(inputs), -1)


# The experiment

STARTS = ("scratch", "frozen untrained", "frozen letters", "frozen digits",
          "tuned letters", "tuned digits")  # fmt: skip
ACCURACY = {"test_accuracy": "accuracy on fresh images"}


def started(seed: int, start: str) -> Any:
    """Build the network of a start; a frozen base is not in it, for its features are data."""
    kind, _, source = start.partition(" ")
    if kind == "frozen":
        return mlp((128, 10))
    return take_over(patch_network(), pretrained(source, seed)) if source else patch_network()


@lru_cache(maxsize=4)
def _patched_digits(seed: int, shots: int) -> Data:
    data = datasets.digits(seed, num_examples=10 * shots, validation=0, images=True)
    return data.with_inputs(patches)


def few_digits(seed: int, start: str, shots: int = 10) -> Data:
    """Take a few handwritten digits of each class: patches, or the features of a frozen base."""
    data, (kind, _, source) = _patched_digits(seed, shots), start.partition(" ")
    if kind != "frozen":
        return data
    return data.with_inputs(lambda inputs: patch_features(pretrained(source, seed), inputs))


def watched_digits(seed: int, start: str) -> Data:
    """Take ten digits of each class, and watch the fresh ones in every epoch."""
    data = few_digits(seed, start)
    return replace(data, x_validation=data.x_test, y_validation=data.y_test)


def still_reads(model: Any, data: Data, seed: int, start: str) -> dict[str, float]:
    """Put the old head back on a tuned base: how many letters does it still read?"""
    if start != "tuned letters":
        return {"letters_accuracy": np.nan}
    letters, (kernel, bias) = source_data(seed, "letters"), pretrained("letters", seed)["head"]
    changed = {name: model.get_layer(name).get_weights() for name in BASE}
    logits = patch_features(changed, letters.x_test) @ kernel + bias
    return {"letters_accuracy": accuracy_of(logits, letters.y_test)}


def one_epoch_network(seed: int, pair: str, start: str) -> Any:
    """Build the network for a pair of problems, with the base of the first one or without."""
    source = pair.split()[0]
    network = patch_network() if source in GLYPHS else glyph_network(10, (28, 28, 1))
    if start in ("frozen", "tuned"):
        take_over(network, pretrained(source, seed))
    for name in BASE:
        freeze(network.get_layer(name), start.startswith("frozen"))
    return network


def one_epoch_data(seed: int, pair: str) -> Data:
    """Take the second problem of a pair: handwritten digits or Fashion-MNIST."""
    if pair.endswith("Fashion-MNIST"):
        return datasets.fashion_mnist(seed, validation=0, images=True)
    return datasets.digits(seed, validation=0, images=True).with_inputs(patches)


def photo_data(seed: int, network: str) -> Data:
    """Take what a network sees in photographs, or in 500 digits; a seed splits them anew."""
    if network in ("untrained", "letters"):
        return few_digits(seed, f"frozen {network}", 50)
    return photo_features.split_anew(seed, network)


def photo_network(network: str) -> Any:
    """Build a head for features; for the pixels a small network of its own."""
    if "scratch" in network:
        return glyph_network(10, (32, 32, 3))
    return mlp((1280 if "MobileNetV2" in network else 128, 10))


def _training(model: Any, data: Any, **settings: Any) -> Training:
    usual = {"optimizer": "adam", "learning_rate": 0.01, "epochs": 100, "metrics": ("accuracy",)}
    return Training(model, data, LOSS, **{**usual, "keep_curves": False, **settings})


SHOTS = Experiment(
    "shots", "What is a base worth that has learned something else?",
    {"shots": (1, 5, 20), "start": STARTS},
    _training(started, few_digits, batch_size=50, epochs=by("shots", {20: 30}, default=80),
              learning_rate=by("start", {"scratch": 0.003}, default=0.01)),
    units={**ACCURACY, "shots": "handwritten digits per class"},
    full_independent={"shots": (1, 2, 5, 20)},
)  # fmt: skip
SPEED = Experiment(
    "speed", "Does a base make learning faster, or the network better?",
    {"start": ("scratch", *STARTS[4:]), "learning_rate": (0.003, 0.01)},
    _training(started, watched_digits, batch_size=20, epochs=30, keep_curves=True),
    full_independent={"learning_rate": (0.001, 0.003, 0.01, 0.03)},
)  # fmt: skip
NEAR_TASK = Experiment(
    "near_task", "Do layers that learned the digits 0 to 4 help with 5 to 9?",
    {"source": ("0 to 4", "untrained 0 to 4"), "layer": (0, 1, 2), "shots": (1, 5, 20)},
    _training(lambda layer: mlp(((64, 64, 32)[layer], 5)), near_data), units=ACCURACY,
)  # fmt: skip
DEPTH = Experiment(
    "depth", "Does a deep network need a base more than a shallow one?",
    {"depth": (1, 6), "start": ("scratch", "tuned")},
    _training(deep_network, partial(datasets.digits, num_examples=50, validation=0),
              learning_rate=0.003), units={**ACCURACY, "depth": "hidden layers"},
    full_independent={"depth": (1, 4, 8)},
)  # fmt: skip
FINE_TUNE = Experiment(
    "fine_tune", "How fast may a base change?",
    {"shots": (2, 10), "start": ("scratch", "frozen letters", "tuned letters"),
     "learning_rate": (0.0001, 0.001, 0.01, 0.1)},
    _training(started, few_digits, batch_size=50, outputs=still_reads),
    range(5), full_seeds=range(20), units={**ACCURACY, "learning_rate": "learning rate"},
)  # fmt: skip
ONE_EPOCH = Experiment(
    "one_epoch", "What does a base give to a single epoch?",
    {"pair": ("letters to digits",), "start": ("scratch", "frozen untrained", "frozen", "tuned")},
    _training(one_epoch_network, one_epoch_data, batch_size=64, epochs=1, learning_rate=0.001),
    full_independent={"pair": ("MNIST to Fashion-MNIST",)}, full_seeds=range(5),
)  # fmt: skip
PHOTOGRAPHS = Experiment(
    "photographs", "What are features worth that were learned from far more, far richer data?",
    {"network": ("untrained", "letters")},
    _training(photo_network, photo_data, batch_size=64, epochs=20, learning_rate=0.001),
    full_independent={"network": ("untrained MobileNetV2", "small network from scratch",
                                  "ImageNet MobileNetV2")}, full_seeds=range(5),
)  # fmt: skip

# The claims


def _gain(results: "xr.Dataset", first: str, second: str) -> "xr.DataArray":
    accuracy = results["test_accuracy"]
    return accuracy.sel(start=first) - accuracy.sel(start=second)


def _each(words: str, gain: Any, along: str = "shots", at_least: float = 0.01) -> list[Evidence]:
    parts = {level: gain.sel({along: level}, drop=True) for level in gain[along].values.tolist()}
    return [
        Evidence.from_mean(words.format(level), part, at_least=at_least)
        for level, part in parts.items()
    ]


def similar_helps(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy with a base of rendered digits, minus a base of letters and minus from scratch."""
    words = "{}, digits minus {}, {{}} per class"
    return [
        one
        for kind in ("frozen", "tuned")
        for other in (f"{kind} letters", "scratch")
        for one in _each(
            words.format(kind, other.split()[-1]), _gain(results, f"{kind} digits", other)
        )
    ]


def little_data(results: "xr.Dataset") -> list[Evidence]:
    """Gain over scratch with the fewest digits, minus that with the most."""
    accuracy = results["test_accuracy"]
    gain = accuracy.sel(start=list(STARTS[2:])) - accuracy.sel(start="scratch")
    return _each("{}, fewest minus most", gain.isel(shots=0) - gain.isel(shots=-1), "start")


def more_layers(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy on 5 to 9 on top of a layer trained on 0 to 4, minus that on pixels."""
    accuracy = results["test_accuracy"].sel(source="0 to 4")
    gain = accuracy - accuracy.sel(layer=0)
    return [
        one
        for layer in accuracy["layer"].values[1:]
        for one in _each(f"layer {layer} minus pixels, {{}} per class", gain.sel(layer=layer))
    ]


def tuned_or_frozen(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy of the tuned base minus that of the frozen one."""
    pairs = {name: (f"tuned {name}", f"frozen {name}") for name in ("letters", "digits")}
    found = [_each(f"{name}, {{}} per class", _gain(results, *pairs[name])) for name in pairs]
    return [one for part in found for one in part]


def better_model(results: "xr.Dataset", epoch: int | None = None) -> list[Evidence]:
    """Accuracy of a tuned base minus that from scratch, after an epoch or the last one.

    Each start has the learning rate that was best for the other seeds.
    """
    end = int(results["epoch"][-1]) if epoch is None else epoch
    chosen = at_own_rate(results).drop_vars("learning_rate")
    curves = chosen["val_accuracy"].sel(epoch=end, drop=True)
    gain = curves.sel(start=list(STARTS[4:])) - curves.sel(start="scratch")
    return _each(f"{{}}, epoch {end}", gain, "start")


def far_richer(results: "xr.Dataset") -> list[Evidence]:
    """Accuracy of a head on features of the last network minus that of each other one."""
    accuracy, best = results["test_accuracy"], str(results["network"].values[-1])
    gain = accuracy.sel(network=best, drop=True) - accuracy.isel(network=slice(0, -1))
    return _each(f"{best} minus {{}}", gain, "network", at_least=0.1)


def deep_needs_it(results: "xr.Dataset") -> list[Evidence]:
    """Gain of a tuned base at each depth, minus that with one hidden layer."""
    gain = _gain(results, "tuned", "scratch")
    more = gain.isel(depth=slice(1, None)) - gain.isel(depth=0, drop=True)
    return _each("{} layers minus 1", more, "depth")


GAIN = "accuracy on fresh images, paired by seed; holds from 0.01 up"
SENTENCES: tuple[tuple[str, Experiment, Any, str], ...] = (
    ("Transfer helps when your problem is similar to one that someone has solved.", SHOTS,
     similar_helps, f"bases of rendered digits against letters (less similar) and scratch; {GAIN}"),
    ("Transfer helps when the other model was trained on a lot more data than you have.", SHOTS,
     little_data, f"gain over scratch with the fewest digits minus that with the most; {GAIN}"),
    ("Reusing more of a related network helps.", NEAR_TASK,
     more_layers, f"digits 5 to 9 on top of layers that learned 0 to 4; {GAIN}"),
    ("Fine-tuning beats freezing.", SHOTS, tuned_or_frozen, f"tuned minus frozen; {GAIN}"),
    ("What transfer buys is a better model.", SPEED,
     better_model, f"tuned minus scratch after the last epoch, 10 digits per class; {GAIN}"),
    ("Use transfer learning when the model is deep.", DEPTH,
     deep_needs_it, f"gain of a tuned base at a depth minus that with one hidden layer; {GAIN}"),
    ("What transfer buys is speed.", SPEED,
     partial(better_model, epoch=3), f"tuned minus scratch after 3 epochs; {GAIN}"),
    ("Features that were learned from far more, far richer data help.", PHOTOGRAPHS,
     far_richer, "accuracy on fresh photographs, minus that without; holds from 0.1 up"),
)  # fmt: skip
CLAIMS = tuple(
    Claim(f"C-transfer_learning-{number}", sentence, experiment, measure, note)
    for number, (sentence, experiment, measure, note) in enumerate(SENTENCES, start=1)
)

# The figure

COLORS = {"scratch": "ink", "untrained": "muted", "letters": "orange", "digits": "blue"}


def plot_frozen() -> "plots.BookFigure":
    """Draw the parts of the network, and which of them training may change."""
    drawing, axes = plots.diagram(
        "Three rows of boxes: base and head. From scratch both are new and learn. Frozen: the base "
        "is taken over and stays, only the head learns. Tuned: the base is taken over, both learn.",
        height=3.6,
    )
    rows = {"from scratch": ("new, learns", "ink"), "frozen": ("taken over, stays", "blue"),
            "tuned": ("taken over, learns", "orange")}  # fmt: skip
    for row, (name, (words, color)) in enumerate(rows.items()):
        y = 3.0 - 1.15 * row
        axes.text(0.05, y, name, color="ink", va="center")
        plots.box(axes, (2.7, y), words, width=2.3, color=color)
        plots.box(axes, (5.3, y), "new, learns", width=1.6, color="ink")
        plots.arrow(axes, (3.9, y), (4.45, y))
    axes.text(2.7, 3.5, "base", color="muted", ha="center")
    axes.text(5.3, 3.5, "head", color="muted", ha="center")
    return drawing


def plot_glyphs(seed: int = 0) -> "plots.BookFigure":
    """Draw rendered letters and digits above handwritten digits."""
    parts = [datasets.glyphs(0, characters=GLYPHS[one], num_examples=20) for one in GLYPHS]
    real = datasets.digits(seed, validation=0, images=True)
    images = []
    for data, kinds in ((parts[1], range(8)), (parts[0], range(8)), (real, range(8))):
        images += [data.x_train[data.y_train == kind][0][..., 0] for kind in kinds]
    words = "Three rows of eight small images: rendered letters, rendered digits, real digits."
    return plots.gallery(images, words, columns=8)[0]


def plot_shots(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the gain over scratch against the number of digits, frozen above, tuned below."""
    figure, panels = plots.figure(
        "Two panels, frozen and tuned bases: accuracy minus that of a network from scratch, "
        "against the handwritten digits per class.",
        rows=2,
        height=6,
        sharex=True,
    )
    for panel, kind in zip(panels, ("frozen", "tuned"), strict=True):
        plots.log_axis(panel, "x")
        for start in [one for one in results["start"].values.tolist() if one.startswith(kind)]:
            interval, name = mean_interval(_gain(results, start, "scratch")), start.split()[1]
            plots.band(panel, results["shots"], interval, label=name, color=COLORS[name])
        plots.reference(panel, 0)
        panel.set(title=f"{kind} base", ylabel="gain in accuracy")
        panel.legend(loc="best")
    panels[-1].set(xlabel="handwritten digits per class")
    return figure


def plot_speed(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on fresh digits over the epochs, one line for each start at its own rate."""
    figure, axes = plots.figure(
        "Accuracy on fresh digits over the epochs, for networks from scratch and for two tuned "
        "bases, each at its own learning rate.",
        height=3.6,
    )
    plots.log_axis(axes, "x")
    curves = at_own_rate(results)["val_accuracy"].drop_vars("learning_rate")
    for start in curves["start"].values.tolist():
        interval, color = mean_interval(curves.sel(start=start)), COLORS[start.split()[-1]]
        plots.band(axes, curves["epoch"], interval, label=start, color=color)
    axes.set(xlabel="epochs", ylabel="accuracy on fresh digits")
    axes.legend(loc="lower right")
    return figure


def plot_near_task(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on 5 to 9 against the layer, trained on 0 to 4 or untrained."""
    shots = results["shots"].values
    figure, panels = plots.figure(
        "Accuracy on the digits 5 to 9 against the layer that the head sits on (0: the pixels), "
        "for layers that learned 0 to 4 and for untrained ones.",
        columns=len(shots),
        height=3.4,
        sharey=True,
    )
    names = {"0 to 4": ("trained", "blue"), "untrained 0 to 4": ("untrained", "muted")}
    for panel, count in zip(panels, shots, strict=True):
        for source in results["source"].values.tolist():
            interval = mean_interval(results["test_accuracy"].sel(source=source, shots=count))
            label, color = names[source]
            plots.band(panel, results["layer"], interval, label=label, color=color)
        panel.set(title=f"{count} per class", xlabel="layer", xticks=results["layer"].values)
        panel.margins(x=0.2)
    panels[0].set(ylabel="accuracy on 5 to 9")
    panels[-1].legend(loc="lower left")
    return figure


def plot_depth(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy against the number of hidden layers, from scratch and tuned."""
    alt = "Accuracy on fresh digits against the number of hidden layers, from scratch and tuned."
    return plots.curves(results, "test_accuracy", "depth", "start", alt=alt)[0]


def plot_fine_tune(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw accuracy on digits, and on letters with the old head, against the learning rate."""
    figure, panels = plots.figure(
        "Two panels against the learning rate. Above: accuracy on fresh digits for three starts. "
        "Below: how many letters the tuned base still reads with its old head.",
        rows=2,
        height=6,
        sharex=True,
    )
    few, rates = results.isel(shots=0), results["learning_rate"]
    for panel in panels:
        plots.log_axis(panel, "x")
    for start in results["start"].values.tolist():
        interval = mean_interval(few["test_accuracy"].sel(start=start))
        color = {"scratch": "ink", "frozen letters": "blue"}.get(start, "orange")
        plots.band(panels[0], rates, interval, label=start.split()[0], color=color)
    letters = mean_interval(few["letters_accuracy"].sel(start="tuned letters"))
    plots.band(panels[1], rates, letters, color="orange")
    panels[0].set(title="the new problem", ylabel="accuracy on fresh digits")
    panels[1].set(title="the old problem", ylabel="accuracy on letters", xlabel="learning rate")
    panels[0].legend(loc="best")
    return figure


def _strip(results: "xr.Dataset", along: str, what: str) -> "plots.BookFigure":
    accuracy = results["test_accuracy"].transpose(along, "seed", ...)
    rows = accuracy.values.reshape(accuracy.sizes[along], -1)
    words = f"Accuracy on fresh images, one dot per network, {what}."
    figure, axes = plots.figure(words, height=1 + 0.6 * len(rows))
    plots.strip(axes, dict(zip(accuracy[along].values.tolist(), rows, strict=True)))
    axes.set(xlabel="accuracy on fresh images")
    return figure


def plot_one_epoch(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy after one epoch for each start."""
    return _strip(results, "start", "after one epoch, for four starts")


def plot_photographs(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the accuracy of heads on the features of different networks."""
    return _strip(results, "network", "for heads on the features of different networks")
