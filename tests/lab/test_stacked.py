"""Runs that train together learn what each would learn alone in Keras."""

import keras
import numpy as np
import pytest

from dlbook.lab.datasets import clusters
from dlbook.lab.experiment import cross
from dlbook.lab.training import Training


def network(activation="relu", units=3):
    layers = [
        keras.layers.Dense(units, activation=activation),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    return keras.Sequential([keras.Input((2,)), *layers])


def small_clusters(seed):
    return clusters(seed, num_examples=15, num_test=10)


def training(**changes):
    settings = {"epochs": 5, "metrics": ("accuracy",), **changes}
    return Training(network, small_clusters, "binary_crossentropy", **settings)


def train(trial, independent, seeds=(0, 1)):
    runs = cross(independent, seeds)
    records, engine = trial.execute(runs, lambda done: None)
    return dict(zip([(*run.condition.values(), run.seed) for run in runs], records, strict=True)), (
        engine
    )


def fit(optimizer, seed, *, batch_size=30, model=network, epochs=5):
    """Train one run with Keras' own loop."""
    keras.utils.set_random_seed(seed)
    data = small_clusters(seed)
    one = model()
    one.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return one.fit(
        data.x_train,
        data.y_train,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        validation_data=(data.x_validation, data.y_validation),
    ).history


OPTIMIZERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "rmsprop": lambda rate: keras.optimizers.RMSprop(rate),
    "adam": lambda rate: keras.optimizers.Adam(rate),
    "adamw": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.1),
}
SETTINGS = {
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "rmsprop": {"optimizer": "rmsprop"},
    "adam": {"optimizer": "adam"},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 8])
def test_stacked_runs_agree_with_model_fit(name, batch_size):
    trial = training(shuffle=False, batch_size=batch_size, **SETTINGS.get(name, {}))
    records, engine = train(trial, {"learning_rate": (0.01, 0.1)})
    assert engine == "stacked"
    for seed in (0, 1):
        expected = fit(OPTIMIZERS[name](0.1), seed, batch_size=batch_size or 30)
        found = records[0.1, seed]
        for curve, values in expected.items():
            np.testing.assert_allclose(found[curve], values, rtol=1e-4, err_msg=curve)
