"""Autoencoders: squeeze an image through a narrow code, and paint it again from the code."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import plots, reconstruction, spoiled
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.experiment import Experiment
from dlbook.lab.principal_components import pca_reconstruct
from dlbook.lab.results import mean_interval
from dlbook.lab.spoiled import add_noise, from_neighbours, occlude
from dlbook.lab.training import Training, by

if TYPE_CHECKING:
    import keras
    import xarray as xr

    from dlbook.lab.tied_dense import TiedDense

__all__ = ["TiedDense", "add_noise", "build_autoencoder", "from_neighbours", "occlude",
           "pca_reconstruct"]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Give `TiedDense`, a Keras layer, when it is asked for: this module loads no Keras."""
    if name != "TiedDense":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dlbook.lab.tied_dense import TiedDense

    return TiedDense


# The idea


def build_autoencoder(
    encoder_units: int | Sequence[int],
    latent_units: int,
    activation: str = "relu",
    *,
    shape: int | Sequence[int] = (64,),
    code_activation: str = "linear",
    output_activation: str = "sigmoid",
) -> "tuple[keras.Model, keras.Model, keras.Model]":
    """Build an encoder, a decoder that mirrors it, and both in a row. They share their weights.

    Args:
        encoder_units: Units of the hidden layer between image and code, or of several, from the
            image on; an empty list for none. The decoder has the same ones in reverse.
        latent_units: Numbers in the code.
        activation: Of the hidden layers.
        shape: Shape of one example: a number of features, (height, width), or (height, width,
            channels).
        code_activation: Of the code. With `"relu"` units of a small code may never be active.
        output_activation: `"sigmoid"` for values from 0 to 1, `"linear"` for any.

    Returns:
        Encoder (example to code), decoder (code to example) and autoencoder (example to example).

    Raises:
        ValueError: A size is not a whole number above 0.

    Example:
        >>> encoder, decoder, autoencoder = build_autoencoder(32, 5)
        >>> encoder.output_shape, decoder.output_shape, autoencoder.count_params()
        ((None, 5), (None, 64), 4549)
    """
    import keras

    hidden, size = _sizes(encoder_units, "encoder_units"), _sizes(shape, "shape")
    (latent_units,) = _sizes([latent_units], "latent_units")
    dense, flat = keras.layers.Dense, len(size) == 1
    image, code = keras.Input(size), keras.Input((latent_units,))
    down = [] if flat else [keras.layers.Flatten()]
    down += [dense(units, activation) for units in hidden]
    down += [dense(latent_units, code_activation, name="code")]
    up = [dense(units, activation) for units in reversed(hidden)]
    up += [dense(prod(size), output_activation)]
    up += [] if flat else [keras.layers.Reshape(size)]
    return (
        keras.Model(image, _through(down, image), name="encoder"),
        keras.Model(code, _through(up, code), name="decoder"),
        keras.Model(image, _through(down + up, image), name="autoencoder"),
    )


def _through(layers: Sequence[Any], values: Any) -> Any:
    for layer in layers:
        values = layer(values)
    return values


def _sizes(values: Any, name: str) -> tuple[int, ...]:
    """Return whole numbers above 0 as a tuple, or say which argument holds others."""
    sizes = np.ravel(np.asarray(values))
    if any(not (isinstance(size, int | float) and size >= 1 and size % 1 == 0)
           for size in sizes.tolist()):  # fmt: skip
        raise ValueError(f"`{name}` must be whole numbers above 0. Received: {values!r}")
    return tuple(int(size) for size in sizes)


# The experiment

PIXELS = {"digits": 8, "MNIST": 28}


def autoencoder(
    latent_units: int, encoder_units: int = 64, code: str = "linear", images: str = "digits"
) -> "keras.Model":
    """Build the autoencoder of the experiments: one hidden layer on each side of the code."""
    shape = PIXELS[images] ** 2
    return build_autoencoder(encoder_units, latent_units, shape=shape, code_activation=code)[2]


def linear_autoencoder(latent_units: int) -> "keras.Model":
    """Build an autoencoder without hidden layers and without any nonlinearity."""
    return build_autoencoder((), latent_units, output_activation="linear")[2]


def tied_or_free(decoder: str, units: int = 32, latent_units: int = 15) -> "keras.Model":
    """Build an autoencoder whose decoder has weights of its own, or those of the encoder."""
    if decoder == "own weights":
        return autoencoder(latent_units, units)
    from dlbook.lab.tied_dense import tied_autoencoder

    return tied_autoencoder((64, units, latent_units))


def fading_rate() -> Any:
    """Let Adam's rate fall from 0.03 to 0, so that the last steps settle."""
    import keras

    return keras.optimizers.schedules.CosineDecay(0.03, 17 * LINEAR_EPOCHS)


LINEAR_EPOCHS = 60
DIGITS, MNIST = ({"images": (name,)} for name in PIXELS)
GRID: Any = {
    "encoder_units": tuple(np.linspace(10, 500, 12).astype(int).tolist()),
    "latent_units": tuple(np.linspace(5, 100, 8).astype(int).tolist()),
}
SHOWN = {"shown": ("stage", "image", "pixel")}
TRIAL = Training(
    autoencoder, spoiled.pictures, "mean_squared_error", optimizer="adam", keep_curves=False,
    learning_rate=by("images", {"MNIST": 0.001}, default=0.01),
    batch_size=by("images", {"MNIST": 32}, default=64),
    epochs=by("images", {"MNIST": 3}, default=15),
    outputs=reconstruction.beside_pca,
)  # fmt: skip
SMALL: Any = {"learning_rate": 0.01, "batch_size": 64, "epochs": 15}
BOTTLENECK = Experiment(
    "bottleneck", "What limits the pictures: the breadth of the encoder, or the code?",
    DIGITS | {"code": ("linear",), "encoder_units": (8, 64), "latent_units": (2, 5, 15, 32)},
    TRIAL,
    full_independent=MNIST | GRID | {"code": ("relu",)},
    full_seeds=range(1),
)  # fmt: skip
CODE = Experiment(
    "code", "What does a ReLU do to the code itself?",
    DIGITS | {"code": ("relu",), "encoder_units": (64,), "latent_units": (2, 5)},
    TRIAL,
    full_independent=MNIST
    | {"code": ("linear", "relu"), "encoder_units": (250,), "latent_units": (5, 32)},
    full_seeds=range(5),
)  # fmt: skip
LINEAR = Experiment(
    "linear", "What does an autoencoder learn that has nothing but sums?",
    {"latent_units": (2, 15)},
    replace(
        TRIAL, model=linear_autoencoder, data=spoiled.seen_again, learning_rate=fading_rate,
        batch_size=64, epochs=LINEAR_EPOCHS, keep_curves=True,
    ),
)  # fmt: skip
FOR_NOISE = replace(
    TRIAL, data=spoiled.noisy_pictures, epochs=by("images", {"MNIST": 10}, default=15),
    outputs=reconstruction.beside_simple_cures,
)  # fmt: skip
DENOISE = Experiment(
    "denoise", "Does an autoencoder remove noise, and must it have seen some?",
    DIGITS
    | {"training": ("clean", "noisy"), "noise": (0.125, 0.25, 0.5), "latent_units": (15,)}
    | {"encoder_units": (32,), "code": ("linear",)},
    FOR_NOISE,
    full_independent=MNIST
    | {"noise": (0.25,), "latent_units": (50,), "encoder_units": (250,), "code": ("relu",)},
    full_seeds=range(5),
    dims=SHOWN,
)  # fmt: skip
WIDE = Experiment(
    "wide", "What if the code is as large as the image?",
    DIGITS | {"training": ("clean",), "noise": (0.25,), "latent_units": (15, 64)},
    replace(FOR_NOISE, model=partial(autoencoder, encoder_units=64)),
    dims=SHOWN,
)  # fmt: skip
OCCLUSION = Experiment(
    "occlusion", "Does an autoencoder know what is behind a bar?",
    {"training": ("clean", "occluded")},
    replace(
        TRIAL, model=partial(autoencoder, latent_units=15), data=spoiled.occluded_pictures,
        outputs=reconstruction.repairs, **SMALL,
    ),
    dims=SHOWN,
)  # fmt: skip
TIED = Experiment(
    "tied", "Does the decoder need weights of its own?",
    {"decoder": ("own weights", "tied weights")},
    replace(TRIAL, model=tied_or_free, outputs=None, **SMALL),
)  # fmt: skip
PLANE = Experiment(
    "plane", "Do codes of the same digit lie together?",
    DIGITS | {"encoder_units": (64,), "latent_units": (2,)},
    replace(
        TRIAL, epochs=by("images", {"MNIST": 16}, default=15),
        outputs=reconstruction.neighbours_agree,
    ),
    full_independent=MNIST | {"encoder_units": (150,), "latent_units": (15,)},
    full_seeds=range(5),
    dims={"code_plane": ("image", "axis"), "pca_plane": ("image", "axis"), "digit": ("image",)},
)  # fmt: skip

# The claims


def breadth_and_code(results: "xr.Dataset") -> list[Evidence]:
    """Share of the test error that a broader encoder saves, and that a larger code saves."""
    errors = results["test_loss"].isel(images=0, code=0)
    broad = 1 - errors.isel(encoder_units=-1) / errors.isel(encoder_units=0)
    large = 1 - errors.isel(latent_units=-1) / errors.isel(latent_units=0)
    words = "64 instead of 8 units, code of {latent_units}"
    breadth = evidence_of_each(broad.transpose("latent_units", "seed"), words, at_most=0.1)
    words = "code of 32 instead of 2, {encoder_units} units"
    code = evidence_of_each(large.transpose("encoder_units", "seed"), words, at_least=0.1)
    return breadth + code


def gap_to_pca(results: "xr.Dataset") -> "xr.DataArray":
    """Training error above that of PCA, as a share of it, after each epoch."""
    return results["val_loss"] / results["train_pca"] - 1


def reaches_pca(results: "xr.Dataset") -> list[Evidence]:
    """The gap at the end, and the smallest gap of all runs and epochs."""
    gap = gap_to_pca(results)
    found = evidence_of_each(gap.isel(epoch=-1), "code of {latent_units}, at the end", at_most=0.02)
    lowest = float(gap.min())
    return [*found, Evidence.exact("lowest of all", lowest, gap.sizes["seed"], at_least=-1e-4)]


def beats_pca(results: "xr.Dataset") -> list[Evidence]:
    """Share of PCA's test error that the broadest autoencoder saves, for each size of the code."""
    runs = results.isel(images=0, code=0, encoder_units=-1)
    gain = (1 - runs["test_loss"] / runs["pca"]).transpose("latent_units", "seed")
    return evidence_of_each(gain, "code of {latent_units}", at_least=0)


def noise_removed(results: "xr.Dataset") -> list[Evidence]:
    """Share of the squared error of noisy images that is removed without having seen noise."""
    runs = results.sel(training="clean").isel(images=0, latent_units=0, encoder_units=0, code=0)
    share = (1 - runs["test_loss"] / runs["untouched"]).transpose("noise", "seed")
    return evidence_of_each(share, "noise {noise}", at_least=0.5)


def bars_repaired(results: "xr.Dataset") -> list[Evidence]:
    """Correlation behind the bars: network minus two guesses without a network."""
    network, found = results["r_network_covered"], []
    for guess in ("mean_image", "neighbours"):
        words = f"trained {{training}}, minus {guess.replace('_', ' ')}"
        found += evidence_of_each(network - results[f"r_{guess}_covered"], words, at_least=0)
    return found


def tied_against_free(results: "xr.Dataset") -> Evidence:
    """Test error with tied weights above that with own weights, as a share of it."""
    errors = results["test_loss"]
    more = errors.sel(decoder="tied weights") / errors.sel(decoder="own weights") - 1
    return Evidence.from_mean("error above that of own weights", more, at_most=0.05)


CLAIMS = (
    Claim(
        "C-autoencoder-1",
        "The bottleneck limits the quality of the pictures; the breadth of the encoder does not.",
        BOTTLENECK, breadth_and_code,
        "share of the test error that is saved: by a broader encoder at most a tenth, by a larger "
        "code at least a tenth",
    ),
    Claim(
        "C-autoencoder-2", "A linear autoencoder is PCA.", LINEAR, reaches_pca,
        "training error above that of PCA, as a share of it: at the end at most 0.02; the lowest "
        "of all epochs not below 0",
    ),
    Claim(
        "C-autoencoder-3", "A nonlinear autoencoder beats PCA with as many numbers.",
        BOTTLENECK, beats_pca, "share of PCA's error on fresh images that it saves; above 0",
    ),
    Claim(
        "C-autoencoder-4", "An autoencoder removes noise although it has never seen any.",
        DENOISE, noise_removed, "share of the squared error that is removed; at least one half",
    ),
    Claim(
        "C-autoencoder-5", "An autoencoder repairs what is covered.", OCCLUSION, bars_repaired,
        "correlation with the truth behind the bars, minus that of a guess without a network",
    ),
    Claim(
        "C-autoencoder-6", "The decoder needs no weights of its own.", TIED, tied_against_free,
        "test error with tied weights, as a share above that with own weights; at most 0.05",
    ),
)  # fmt: skip

# The figure


def plot_hourglass(network: "keras.Model", picture: ArrayLike) -> "plots.BookFigure":
    """Draw the activations of all layers of a trained autoencoder for one image of 64 pixels."""
    drawing, sheet = plots.diagram(
        "An hourglass: a digit, columns of squares that get shorter up to a code of a few "
        "numbers and longer again, and the digit that is painted from the code.",
        height=3.1,
    )
    values, layers = np.asarray(picture, "float32").reshape(1, -1), []
    layers.append(values)
    for layer in network.layers[1:]:
        layers.append(np.asarray(layer(layers[-1])))
    tall = [_column(each.ravel()) for each in layers]
    places = np.linspace(1.75, 4.65, len(tall))
    for left, right, one, two in zip(places, places[1:], tall, tall[1:], strict=False):
        _funnel(sheet, (left, len(one) * CELL), (right, len(two) * CELL))
    for place, column in zip(places, tall, strict=True):
        _picture(sheet, column, (place, CELL * column.shape[1]), CELL * len(column))
        sheet.text(place, 0.12, str(np.isfinite(column).sum()), ha="center", fontsize=11)
    for place, one, name in ((0.7, layers[0], "input"), (5.7, layers[-1], "output")):
        _picture(sheet, one.reshape(8, 8), (place, 1.2), 1.2)
        sheet.text(place, 2.45, name, ha="center", fontsize=12)
    sheet.text(places[len(places) // 2], 2.45, "code", ha="center", fontsize=12)
    return drawing


CELL, MIDDLE = 0.075, 1.65


def _column(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, 2 if len(values) > 16 else 1)


def _picture(sheet: Any, pixels: np.ndarray, place: tuple[float, float], height: float) -> None:
    center, width = place
    corner = [center - width / 2, MIDDLE - height / 2, width, height]
    largest = float(np.abs(pixels).max()) or 1.0
    inside = sheet.inset_axes(corner, transform=sheet.transData, zorder=3)
    low = -largest if pixels.min() < 0 else 0.0
    plots.image(inside, pixels, limits=(low, largest))
    inside.set(aspect="auto")
    across, up = (
        corner[0] + np.array([0, 1, 1, 0, 0]) * width,
        corner[1] + np.array([0, 0, 1, 1, 0]) * height,
    )
    sheet.plot(across, up, color="muted", linewidth=0.8, zorder=4)


def _funnel(sheet: Any, left: tuple[float, float], right: tuple[float, float]) -> None:
    across = [left[0] + 0.1, right[0] - 0.1, right[0] - 0.1, left[0] + 0.1]
    up = [MIDDLE + half * size / 2 for size, half in
          ((left[1], 1), (right[1], 1), (right[1], -1), (left[1], -1))]  # fmt: skip
    sheet.fill(across, up, facecolor="accent", alpha=0.12, linewidth=0)


def plot_bottleneck(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the test error against the size of the code, by breadth of the encoder, with PCA."""
    drawing, axes = plots.figure(
        "Mean squared error on fresh digits against the size of the code, on logarithmic axes: a "
        "falling line for each breadth of the encoder, and a dashed one for PCA."
    )
    plots.log_axis(axes, "both")
    runs = results.isel(images=0, code=0)
    for units in runs["encoder_units"].values:
        interval = mean_interval(runs["test_loss"].sel(encoder_units=units))
        plots.band(axes, runs["latent_units"], interval, label=f"{units} units")
    pca = runs["pca"].isel(encoder_units=0).mean("seed")
    axes.plot(pca["latent_units"], pca, "--", color="ink", label="PCA")
    axes.set_xticks(runs["latent_units"].values, [str(n) for n in runs["latent_units"].values])
    axes.set_yticks([0.003, 0.01, 0.03], ["0.003", "0.01", "0.03"])
    axes.set(xlabel="numbers in the code", ylabel="error on fresh digits")
    plots.label_lines(axes)
    return drawing


def plot_linear(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the training error above that of PCA against the epochs, for each size of the code."""
    drawing, axes = plots.figure(
        "Training error of a linear autoencoder above that of PCA, as a share of it, against "
        "epochs on a logarithmic axis: one falling curve for each size of the code."
    )
    axes.set_yscale("log")
    gap = gap_to_pca(results)
    for size in gap["latent_units"].values:
        typical = gap.sel(latent_units=size).median("seed")
        axes.plot(gap["epoch"], np.maximum(typical, 1e-6), label=f"code of {size}")
    axes.set(xlabel="epoch", ylabel="error above that of PCA")
    plots.label_lines(axes)
    return drawing


def plot_denoise(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what is left of the error against the strength of the noise, for each remedy."""
    drawing, axes = plots.figure(
        "Mean squared error against the strength of the noise: untouched images, darkened ones, "
        "PCA of darkened ones, and networks trained without and with noise."
    )
    runs = results.squeeze(drop=True)
    lines = {
        "untouched": runs["untouched"].sel(training="clean"),
        "darkened": runs["darkened"].sel(training="clean"),
        "dark + PCA": runs["darkened_pca"].sel(training="clean"),
        "saw none": runs["test_loss"].sel(training="clean"),
        "saw noise": runs["test_loss"].sel(training="noisy"),
    }
    for label, values in lines.items():
        plots.band(axes, runs["noise"], mean_interval(values), label=label)
    axes.set_yscale("log")
    axes.set_xticks(runs["noise"].values, [f"{one:g}" for one in runs["noise"].values])
    axes.set(xlabel="largest noise in a pixel", ylabel="error against the clean image")
    plots.label_lines(axes)
    return drawing


def plot_pictures(results: "xr.Dataset", names: Sequence[str]) -> "plots.BookFigure":
    """Draw rows of pictures: the truth, what went in, and what each of two networks made of it.

    Args:
        results: Of `denoise` or `occlusion`, one condition but for `training`.
        names: A name for each of the four rows.
    """
    shown = results["shown"].squeeze(drop=True)
    shown = shown.isel(seed=0) if "seed" in shown.dims else shown
    first, second = shown.isel(training=0).values, shown.isel(training=1).values
    alt = "Four rows of digits: " + ", ".join(names) + "."
    side = int(np.sqrt(first.shape[2]))
    drawing, panels = plots.figure(alt, rows=4, height=6)
    rows = zip(panels, names, (first[0], first[1], first[2], second[2]), strict=True)
    for panel, name, pictures in rows:
        strip = [np.pad(one.reshape(side, side), ((0, 0), (1, 1))) for one in pictures[:4]]
        few_shades = np.round(10 * np.hstack(strip)) / 10  # so that the drawing stays small
        plots.image(panel, few_shades, limits=(0, 1))
        panel.set_title(name, loc="left", fontsize=12)
    return drawing


def plot_plane(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw codes of fresh images as their digits, beside two principal components."""
    drawing, panels = plots.figure(
        "Two planes full of digits, each standing at its code: on top that of the autoencoder, "
        "below that of PCA.",
        rows=2,
        height=8,
    )
    run = results.squeeze(drop=True).isel(seed=0)
    shades = ("blue", "orange", "green", "purple", "red", "sky", "ink", "accent", "muted", "yellow")
    for panel, name, title in zip(panels, ("code", "pca"), ("autoencoder", "PCA"), strict=True):
        places, digits = run[f"{name}_plane"].values, run["digit"].values.astype(int)
        places, digits = places[:90], digits[:90]
        for digit, shade in enumerate(shades):
            marks = {"marker": f"${digit}$", "markersize": 8, "linestyle": "none"}
            panel.plot(*places[digits == digit].T, color=shade, **marks)
        panel.set_title(title)
        panel.grid(visible=False)
    return drawing
