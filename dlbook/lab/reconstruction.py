"""How well a trained autoencoder paints its images again, beside what simpler means achieve."""

from functools import partial
from typing import Any

import numpy as np

from dlbook.lab import datasets
from dlbook.lab.datasets import Data
from dlbook.lab.principal_components import pca_reconstruct, principal_directions
from dlbook.lab.spoiled import bars_over, from_neighbours

GUESSES = ("occluded", "network", "mean_image", "neighbours")


def codes_of(model: Any) -> Any:
    """Return the function that turns images into codes, from an autoencoder."""
    import keras

    encoder = keras.Model(model.inputs[0], model.get_layer("code").output)
    return lambda images: np.asarray(encoder(images))


def beside_pca(model: Any, data: Data, latent_units: int) -> dict[str, float]:
    """Measure PCA with as many numbers, the training error, and units of the code never active."""
    both = np.concatenate([data.y_test, data.y_train])
    squares = (pca_reconstruct(both, latent_units, data.y_train) - both) ** 2
    return {
        "pca": float(squares[: len(data.y_test)].mean()),
        "train_pca": float(squares[len(data.y_test) :].mean()),
        "train_error": mean_square(model(data.x_train), data.y_train),
        "silent": float(np.mean(np.ptp(codes_of(model)(data.x_test), axis=0) == 0)),
    }


def beside_simple_cures(model: Any, data: Data, noise: float, latent_units: int) -> dict[str, Any]:
    """Measure the error without noise, and what simple remedies against it leave."""
    dark = np.maximum(data.x_test - noise / 2, 0)
    both = np.concatenate([data.x_test, dark])
    pca, darkened_pca = np.split(pca_reconstruct(both, latent_units, data.y_train), 2)
    guesses = {
        "clean": model(data.y_test),
        "untouched": data.x_test,
        "darkened": dark,
        "pca": pca,
        "darkened_pca": darkened_pca,
    }
    errors = {name: mean_square(guess, data.y_test) for name, guess in guesses.items()}
    return errors | {"shown": _shown(model, data)}


def repairs(model: Any, data: Data, seed: int) -> dict[str, Any]:
    """Compare guesses of what is behind the bars, on all pixels, on ink and behind the bars."""
    covered = bars_over(data.y_test, seed + 1000)[1]
    square = (-1, 8, 8)
    beside = from_neighbours(data.x_test.reshape(square), covered.reshape(square))
    mean_image = np.broadcast_to(data.y_train.mean(axis=0), data.y_test.shape)
    guesses = (data.x_test, np.asarray(model(data.x_test)), mean_image, beside.reshape(-1, 64))
    places = {"all": covered | True, "ink": data.y_test > 0, "covered": covered}
    found: dict[str, Any] = {"shown": _shown(model, data)}
    for name, guess in zip(GUESSES, guesses, strict=True):
        for where, place in places.items():
            pair = guess[place], data.y_test[place]
            varies = np.ptp(pair[0]) > 0
            found[f"r_{name}_{where}"] = float(np.corrcoef(*pair)[0, 1]) if varies else np.nan
            found[f"error_{name}_{where}"] = mean_square(*pair)
    return found


def neighbours_agree(
    model: Any, data: Data, seed: int, latent_units: int, images: str
) -> dict[str, Any]:
    """Ask how often the five nearest codes name the digit; keep 300 test codes as a plane."""
    from sklearn.neighbors import KNeighborsClassifier

    load = partial(datasets.mnist, num_examples=20_000) if images == "MNIST" else datasets.digits
    labels, found = load(seed), {}
    directions = principal_directions(data.x_train, latent_units)
    for name, squeeze in (("code", codes_of(model)), ("pca", lambda rows: rows @ directions)):
        train, test = squeeze(data.x_train), squeeze(data.x_test)
        nearest = KNeighborsClassifier(5).fit(train, labels.y_train)
        found[f"{name}_neighbours"] = nearest.score(test, labels.y_test)
        plane = test[:300] @ principal_directions(test, 2) if latent_units > 2 else test[:300]
        found[f"{name}_plane"] = np.round(plane, 2)
    return found | {"digit": labels.y_test[:300]}


def mean_square(values: Any, targets: np.ndarray) -> float:
    """Mean squared error of each pixel."""
    return float(np.mean((np.asarray(values) - targets) ** 2))


def _shown(model: Any, data: Data) -> np.ndarray:
    """Keep a few pictures: target, input and output, shape (3, images, pixels)."""
    count = 6 if data.x_test.shape[1] == 64 else 3
    inputs, targets = data.x_test[:count], data.y_test[:count]
    return np.round(np.stack([targets, inputs, np.asarray(model(inputs))]), 2)
