"""A Training says what one run trains, and refuses what cannot be trained."""

import subprocess
import sys

import numpy as np
import pytest

from dlbook.lab.datasets import Data
from dlbook.lab.settings import check_setting, metric_name
from dlbook.lab.training import Training, by

DATA = Data(np.eye(3), np.array([[0.0], [1.0], [1.0]]))


def build(units, activation="relu"):
    raise AssertionError("no model should be built")


def noisy(seed, noise=0.0):
    return DATA


def training(**changes):
    return Training(**{"model": build, "data": noisy, "loss": "mean_squared_error", **changes})


def test_importing_it_loads_neither_keras_nor_tensorflow():
    code = (
        "import sys, dlbook.lab.training\n"
        "print([name for name in ('keras', 'tensorflow', 'xarray') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_variables_may_belong_to_the_model_the_data_or_the_training():
    training().check({"units": [1, 2], "noise": [0.0, 0.5], "learning_rate": [0.1]})


def test_an_unknown_variable_is_refused_with_the_nearest_names():
    with pytest.raises(ValueError, match=r"did you mean learning_rate\?.*Received: 'learnin_rate'"):
        training().check({"units": [1], "learnin_rate": [0.1]})


def test_a_variable_that_the_model_needs_must_be_given():
    with pytest.raises(ValueError, match=r"levels for 'units', which model needs.*Received: \[\]"):
        training().check({})


def test_a_result_cannot_be_an_independent_variable():
    with pytest.raises(ValueError, match=r"name of a result.*loss=by.*Received: 'loss'"):
        training().check({"units": [1], "loss": ["mse"]})


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("learning_rate", -0.1),
        ("learning_rate", float("nan")),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("epochs", 0),
        ("momentum", 1.0),
        ("optimizer", "adan"),
        ("l2", -1),
        ("shuffle", "yes"),
    ],
)
def test_impossible_settings_are_refused_as_levels_and_as_arguments(name, level):
    for attempt in (
        lambda: training().check({"units": [1], name: [level]}),
        lambda: training(**{name: level}),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be.*Received: ") as error:
            attempt()
        assert repr(level) in str(error.value)


def test_a_model_instead_of_a_builder_is_refused():
    with pytest.raises(TypeError, match="model must be a function"):
        training(model="2-1-1")


def test_data_must_be_data_or_a_function():
    with pytest.raises(TypeError, match="data must be a function"):
        training(data=np.eye(2))


def test_a_level_of_the_model_is_not_a_setting_of_the_training():
    def model(momentum):
        raise AssertionError

    found = training(model=model, momentum=0.5).settings({"momentum": 0.99})
    assert found.momentum == 0.5


def test_settings_may_follow_levels():
    chosen = training(
        loss=by("output", {"sigmoid": "binary_crossentropy"}, default="mean_squared_error"),
        epochs=lambda batch_size: 10 * batch_size,
        batch_size=4,
    )
    chosen.check({"units": [1], "output": ["sigmoid", "raw"], "batch_size": [2]})
    settings = chosen.settings({"units": 1, "output": "sigmoid", "batch_size": 2})
    assert (settings.loss, settings.epochs) == ("binary_crossentropy", 20)


def test_by_refuses_a_level_that_it_does_not_name():
    with pytest.raises(ValueError, match=r"must name every level.*Received: 'b'"):
        by("kind", {"a": 1})(kind="b")


def test_results_are_named_as_in_the_history_of_keras():
    dims = training(metrics=("accuracy",)).dims
    assert dims == dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"), ("epoch",))


def test_metrics_are_named_by_their_function():
    assert metric_name(np.mean) == "mean"


def test_whole_numbers_may_come_as_floats():
    assert check_setting("epochs", 3.0) == 3


def test_the_fingerprint_changes_with_every_setting():
    prints = {
        training(**changes).fingerprint()
        for changes in ({}, {"epochs": 2}, {"l2": 0.1}, {"data": DATA}, {"loss": "mae"})
    }
    assert len(prints) == 5
    assert training().fingerprint() == training().fingerprint()
