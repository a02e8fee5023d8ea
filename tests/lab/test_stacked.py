"""Runs that train together learn what each would learn alone in Keras."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlbook.lab import stacked, stacked_groups, stacked_plan
from dlbook.lab.datasets import Data, clusters
from dlbook.lab.experiment import Experiment, cross
from dlbook.lab.results import summary
from dlbook.lab.stacked_layers import CannotStackError
from dlbook.lab.training import Training

SPARSE = "sparse_categorical_crossentropy_from_logits"


def three_clusters(seed):
    """30 points in training, 12 in validation."""
    centers = ((1, 1), (5, 1), (4, 3))
    return clusters(seed, centers=centers, num_examples=10, num_test=4)


def network(*hidden):
    return keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(3)])


def plain():
    return network(layers.Dense(4, "relu"))


def with_everything():
    """Batch normalization, penalties, dropout at rate 0."""
    penalties = keras.regularizers.L1L2(1e-3, 1e-2)
    return network(
        layers.Dense(4, use_bias=False, kernel_regularizer=penalties),
        layers.BatchNormalization(momentum=0.8),
        layers.Activation("tanh"),
        layers.Dropout(0.0),
        layers.GaussianNoise(0.0),
        layers.Dense(3, bias_regularizer="l2"),
        layers.LayerNormalization(),
    )


def training(model=plain, **changes):
    settings = {"epochs": 5, "batch_size": 8, "metrics": ("accuracy",), **changes}
    return Training(model, three_clusters, SPARSE, **settings)


def train(trial, independent, seeds=(0, 1)):
    """Return the record of each run by its levels and seed, and the engine."""
    runs = cross(independent, seeds)
    records, engine = trial.execute(runs, lambda done: None)
    keys = [(*run.condition.values(), run.seed) for run in runs]
    return dict(zip(keys, records, strict=True)), engine


def fit(optimizer, seed=1, model=plain, batch_size=8):
    """Train one run with Keras' own loop."""
    keras.utils.set_random_seed(seed)
    one, data = model(), three_clusters(seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    one.compile(optimizer, loss, metrics=["accuracy"])
    return one.fit(
        data.x_train,
        data.y_train,
        batch_size=batch_size,
        epochs=5,
        shuffle=False,
        verbose=0,
        validation_data=(data.x_validation, data.y_validation),
    ).history


def assert_same_curves(found, expected, tolerance=1e-4):
    for name, curve in expected.items():
        np.testing.assert_allclose(found[name], curve, rtol=tolerance, err_msg=name)


CASES = {
    "sgd": ({}, lambda: keras.optimizers.SGD(0.05)),
    "momentum": ({"momentum": 0.9}, lambda: keras.optimizers.SGD(0.05, momentum=0.9)),
    "nesterov": (
        {"momentum": 0.9, "nesterov": True},
        lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    ),
    "rmsprop": (
        {"optimizer": "rmsprop", "momentum": 0.5, "rho": 0.8},
        lambda: keras.optimizers.RMSprop(0.05, rho=0.8, momentum=0.5),
    ),
    "adam": ({"optimizer": "adam"}, lambda: keras.optimizers.Adam(0.05)),
    "adamw": (
        {"optimizer": "adamw", "weight_decay": 0.1},
        lambda: keras.optimizers.AdamW(0.05, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stack_agrees_with_model_fit_whose_last_batch_is_smaller(name):
    settings, optimizer = CASES[name]
    records, engine = train(training(shuffle=False, **settings), {"learning_rate": (0.01, 0.05)})
    assert engine == "stacked"
    assert_same_curves(records[0.05, 1], fit(optimizer()))


def test_a_stack_agrees_with_model_fit_in_the_full_batch():
    records, _ = train(training(batch_size=None), {"learning_rate": (0.01, 0.05)})
    assert_same_curves(records[0.05, 1], fit(keras.optimizers.SGD(0.05), batch_size=30))


@pytest.mark.parametrize("engine", ["stacked", "fused", "one by one: asked for by a test"])
def test_every_engine_agrees_with_model_fit_on_normalization_penalties_and_dropout(
    engine, monkeypatch
):
    def refuse(*arguments):
        raise CannotStackError("asked for by a test")

    if engine == "fused":
        monkeypatch.setattr(stacked, "SECONDS_TO_FUSE", 0.0)
    elif engine != "stacked":
        monkeypatch.setattr(stacked_plan, "StackedNetwork", refuse)
    trial = training(with_everything, momentum=0.9, shuffle=False)
    records, ran = train(trial, {"learning_rate": (0.02, 0.05)})
    assert ran == engine.replace("fused", "stacked")
    if engine == "fused":
        assert next(reversed(stacked._PROGRAMS.values())).fused
    expected = fit(keras.optimizers.SGD(0.05, momentum=0.9), model=with_everything)
    assert_same_curves(records[0.05, 1], expected)


def test_penalties_of_the_training_are_those_of_keras_on_every_kernel():
    def penalized():
        penalty = keras.regularizers.L1L2(0.01, 0.02)
        return network(layers.Dense(4, "relu", kernel_regularizer=penalty))

    trial = training(plain, l1=0.01, l2=0.02, shuffle=False)
    records, _ = train(trial, {"learning_rate": (0.05,)})

    def expected():
        model = penalized()
        model.layers[-1].kernel.regularizer = keras.regularizers.L1L2(0.01, 0.02)
        return model

    assert_same_curves(records[0.05, 1], fit(keras.optimizers.SGD(0.05), model=expected))


def test_a_schedule_sets_the_rate_of_every_step():
    def decaying(decay) -> Any:
        return keras.optimizers.schedules.InverseTimeDecay(0.1, 1, decay)

    trial = training(learning_rate=decaying, shuffle=False)
    trial.check({"decay": (0.0, 0.5)})
    records, _ = train(trial, {"decay": (0.0, 0.5)})
    assert_same_curves(records[0.5, 1], fit(keras.optimizers.SGD(decaying(0.5))))
    constant, _ = train(training(learning_rate=0.1, shuffle=False), {})
    assert_same_curves(records[0.0, 1], constant[1,])


def test_a_convolution_trains_run_by_run_and_says_why():
    def convolutional():
        return network(
            layers.Reshape((2, 1)), layers.Conv1D(3, 2, activation="relu"), layers.Flatten()
        )

    trial = training(convolutional, optimizer="adam", shuffle=False)
    before = set(stacked._PROGRAMS)
    records, engine = train(trial, {"learning_rate": (0.01, 0.05)})
    assert engine == "one by one: Conv1D cannot stack"
    assert len(set(stacked._PROGRAMS) - before) == 1, "the loop is compiled once for all runs"
    assert_same_curves(records[0.05, 1], fit(keras.optimizers.Adam(0.05), model=convolutional))


class Back(layers.Layer):
    """Multiply with the kernel of another layer, transposed."""

    def __init__(self, other):
        super().__init__()
        self.other = other

    def call(self, inputs):
        return keras.ops.matmul(inputs, keras.ops.transpose(self.other.kernel))


class DescribedBack(Back):
    def get_config(self):
        return {"other": self.other.name}


def nested():
    inside, outside = keras.Input((2,)), keras.Input((2,))
    part = keras.Model(inside, layers.Dense(4, "relu")(inside))
    return keras.Model(outside, layers.Dense(3)(part(outside)))


def tied(back=DescribedBack):
    inputs, there = keras.Input((2,)), layers.Dense(5)
    return keras.Model(inputs, layers.Dense(3)(back(there)(there(inputs))))


def tied_without_configuration():
    return tied(Back)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (nested, "the model cannot be followed"),
        (tied, "two layers share a weight and keep it in different orders"),
        (tied_without_configuration, "Back does not say how it is configured"),
    ],
)
def test_what_keras_builds_in_an_uncommon_way_trains_run_by_run(build, reason):
    records, engine = train(training(build, shuffle=False), {"learning_rate": (0.05,)})
    assert engine == f"one by one: {reason}"
    assert_same_curves(records[0.05, 1], fit(keras.optimizers.SGD(0.05), model=build))


@pytest.mark.parametrize("sparse", [True, False])
def test_a_class_for_each_moment_is_learned_as_in_keras(sparse):
    def moments(seed):
        generator = np.random.default_rng(seed)
        x, y = generator.normal(size=(12, 3, 2)), generator.integers(0, 4, (12, 3))
        return Data(x, y if sparse else np.eye(4)[y])

    def readers():
        return keras.Sequential([keras.Input((3, 2)), layers.Dense(4)])

    name = f"{'sparse_' if sparse else ''}categorical_crossentropy"
    trial = Training(
        readers, moments, f"{name}_from_logits", epochs=3, batch_size=5, learning_rate=0.5,
        metrics=("accuracy",), shuffle=False,
    )  # fmt: skip
    records, engine = train(trial, {})
    assert engine == "stacked"
    keras.utils.set_random_seed(1)
    model: Any = readers()
    data = moments(1)
    kinds = {True: keras.losses.SparseCategoricalCrossentropy,
             False: keras.losses.CategoricalCrossentropy}  # fmt: skip
    model.compile(keras.optimizers.SGD(0.5), kinds[sparse](from_logits=True), metrics=["accuracy"])
    kept = model.fit(data.x_train, data.y_train, batch_size=5, epochs=3, shuffle=False, verbose=0)
    assert_same_curves(records[1,], kept.history)


def test_a_run_does_not_depend_on_which_others_share_its_stack():
    trial = training(lambda rate: network(layers.Dense(8, "relu"), layers.Dropout(rate)))
    many, _ = train(trial, {"rate": (0.1, 0.4), "learning_rate": (0.01, 0.1)}, seeds=range(4))
    alone, _ = train(trial, {"rate": (0.4,), "learning_rate": (0.1,)}, seeds=(3,))
    assert_same_curves(many[0.4, 0.1, 3], alone[0.4, 0.1, 3], tolerance=1e-5)


def test_the_same_sweep_gives_the_same_bytes_again():
    trial = training(lambda rate: network(layers.Dense(8, "relu"), layers.Dropout(rate)))
    first, second = (train(trial, {"rate": (0.1, 0.4)})[0] for _ in range(2))
    for key, record in first.items():
        assert all(np.array_equal(record[name], second[key][name]) for name in record)


def test_one_seed_has_the_same_start_in_every_condition_and_another_one_another():
    trial = training(learning_rate=0.0, epochs=1)
    records, _ = train(trial, {"l2": (0.0, 1e-9), "optimizer": ("sgd", "adam")})
    losses = {key: record["loss"][0] for key, record in records.items()}
    of_seed_0 = [loss for key, loss in losses.items() if key[-1] == 0]
    np.testing.assert_allclose(of_seed_0, of_seed_0[0], rtol=1e-6)
    assert abs(losses[0.0, "sgd", 0] - losses[0.0, "sgd", 1]) > 1e-3


def test_the_order_of_examples_changes_from_epoch_to_epoch_and_seed_to_seed():
    still = Data(np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [0.0], [3.0]]))

    def line():
        return keras.Sequential([keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")])

    trial = Training(line, still, "mse", batch_size=1, epochs=2, learning_rate=0.01)
    shuffled, _ = train(trial, {}, seeds=range(6))
    assert len({record["loss"][0].item() for record in shuffled.values()}) > 2
    in_order = Training(line, still, "mse", batch_size=1, shuffle=False, learning_rate=0.01)
    ordered, _ = train(in_order, {}, seeds=range(6))
    assert len({record["loss"][0].item() for record in ordered.values()}) == 1


def test_dropout_keeps_its_expectation_and_differs_between_runs():
    ones = Data(np.ones((512, 1)), np.zeros((512, 1)))

    def dropped(rate):
        head = layers.Dense(1, kernel_initializer="ones")
        return keras.Sequential([keras.Input((1,)), layers.Dropout(rate), head])

    trial = Training(dropped, ones, "mse", learning_rate=0.0, epochs=20, metrics=(mean_output,))
    records, _ = train(trial, {"rate": (0.0, 0.25, 0.75)}, seeds=range(3))
    for key, record in records.items():
        assert record["mean_output"].mean() == pytest.approx(1, abs=0.05)
        assert record["loss"].mean() == pytest.approx(1 / (1 - float(key[0])), rel=0.05)
    noisy = {records[0.25, seed]["loss"].tobytes() for seed in range(3)}
    assert len(noisy) == 3
    assert len(set(records[0.25, 0]["loss"])) > 10, "noise differs from epoch to epoch"


def mean_output(y_true, y_pred):
    return y_pred


def test_a_run_that_diverges_is_data_and_harms_no_other():
    trial = training(learning_rate=0.1, epochs=3)
    records, _ = train(trial, {"learning_rate": (0.1, 1e30)})
    assert np.isnan(records[1e30, 0]["loss"][-1])
    alone, _ = train(trial, {"learning_rate": (0.1,)})
    assert_same_curves(records[0.1, 0], alone[0.1, 0], tolerance=1e-5)


def test_each_run_sees_its_own_data_and_uneven_stacks_work_too():
    runs = cross({"learning_rate": (0.01, 0.1)}, range(3))
    trial = training()
    every, _ = trial.execute(runs, lambda done: None)
    some, _ = trial.execute(runs[:-1], lambda done: None)
    for one, other in zip(every, some, strict=False):
        assert_same_curves(one, other, tolerance=1e-5)


@pytest.mark.parametrize("batch_size", [None, 2])
def test_conditions_of_one_seed_may_have_different_data(batch_size):
    def shifted(seed, shift):
        return Data(np.full((5, 1), shift + seed), np.zeros((5, 1)))

    def line():
        return keras.Sequential([keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")])

    trial = Training(line, shifted, "mae", learning_rate=0.0, batch_size=batch_size)
    records, _ = train(trial, {"shift": (0.0, 3.0), "momentum": (0.1, 0.2)}, seeds=(1, 5))
    for (shift, _, seed), record in records.items():
        assert record["loss"].item() == pytest.approx(float(shift) + seed)


def widths(units, activation):
    hidden = layers.Dense(units, activation), layers.BatchNormalization(), layers.Dropout(0.2)
    return network(*hidden, layers.Dense(units, activation))


@pytest.mark.parametrize(("activation", "groups"), [("relu", 1), ("sigmoid", 2)])
def test_widths_share_a_program_without_a_change_in_results(activation, groups, monkeypatch):
    trial = training(widths, optimizer="adam", l2=1e-3, keep_weights=True, epochs=2)
    levels = {"units": (2, 5), "activation": (activation,)}
    assert len(trial.partition(cross(levels, (0, 1)), 2**31)) == groups
    if groups > 1:
        return
    together, _ = train(trial, levels)
    monkeypatch.setattr(stacked_groups, "SECONDS_PER_PROGRAM", -1.0)
    assert len(trial.partition(cross(levels, (0, 1)), 2**31)) == 2
    apart, _ = train(trial, levels)
    for key, record in apart.items():
        assert record.keys() == together[key].keys()
        for name, values in record.items():
            np.testing.assert_allclose(values, together[key][name], atol=2e-6, err_msg=name)


def test_work_units_stay_within_the_memory_budget_and_hold_whole_seeds():
    trial = training()
    runs = cross({"learning_rate": tuple(np.linspace(0.01, 0.1, 10))}, range(20))
    one, *more = trial.partition(runs, 2**31)
    assert len(one) == 200
    assert not more
    for memory in (2**17, 3 * 2**16, 2**18):
        units = trial.partition(runs, memory)
        assert len(units) > 2
        found = sorted(run.index for unit in units for run in unit)
        assert found == sorted(run.index for run in runs)
        assert all(len(unit) % 10 == 0 for unit in units)
        assert trial.partition(runs, memory) == units


def test_results_hold_final_weights_and_measurements_of_trained_models():
    def measure(model, data, units):
        first = np.asarray(model.layers[0].kernel)
        return {"size": np.abs(first).sum(), "examples": len(data.x_train), "twice": 2 * units}

    def model(units):
        return network(layers.Dense(units, "relu"))

    trial = training(model, epochs=1, learning_rate=0.0, keep_weights=True, outputs=measure)
    levels = {"units": (2, 3)}
    results = Experiment("weights", "Which weights?", levels, trial, range(2)).run(progress=False)
    kernel = results["weights_dense_kernel"]
    assert kernel.dims[-2:] == ("weights_dense_kernel_inputs", "weights_dense_kernel_units")
    keras.utils.set_random_seed(1)
    expected = np.asarray(model(2).layers[0].kernel)
    np.testing.assert_array_equal(kernel.sel(units=2, seed=1)[:, :2], expected)
    assert float(results["size"].sel(units=2, seed=1)) == pytest.approx(np.abs(expected).sum())
    assert results["twice"].values.tolist() == [[4, 4], [6, 6]]
    assert results["examples"].values.tolist() == [[30, 30]] * 2


def test_results_hold_only_the_last_epoch_if_asked():
    levels = {"epochs": (2, 3)}
    whole, last = (
        Experiment("end", "Which end?", levels, training(keep_curves=keep), range(2)).run(
            progress=False
        )
        for keep in (True, False)
    )
    assert last["loss"].sizes == {"epochs": 2, "seed": 2, "epoch": 1}
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        ends = [whole[name].sel(epochs=2)[:, 1], whole[name].sel(epochs=3)[:, 2]]
        np.testing.assert_array_equal(last[name][..., 0], ends)
    assert summary(last, "loss").rows == summary(whole, "loss").rows


def test_the_test_part_is_measured_once_at_the_end():
    trial = training(epochs=2)
    record = next(iter(train(trial, {})[0].values()))
    assert set(record) == {
        *("loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy")
    }
    assert record["loss"].shape == (2,)
    assert np.ndim(record["test_loss"]) == 0


def test_progress_adds_up_to_the_number_of_runs():
    reported = []
    training(epochs=20).execute(cross({"learning_rate": (0.1, 0.2)}, range(8)), reported.append)
    assert sum(reported) == 16
    assert len(reported) > 1


# Refusals


def test_a_model_that_does_not_fit_the_targets_is_refused_with_both_shapes():
    def two_outputs():
        return keras.Sequential([keras.Input((2,)), layers.Dense(2)])

    with pytest.raises(ValueError, match=r"model must put out.*outputs of shape \(examples, 2\).*"):
        training(two_outputs).partition(cross({}, (0,)), 2**31)
    regression = Training(two_outputs, Data(np.eye(2), np.eye(2)[:, :1]), "mse")
    with pytest.raises(ValueError, match=r"y_train of shape \(2, 1\)"):
        regression.partition(cross({}, (0,)), 2**31)


def test_nan_in_the_data_is_refused_with_its_column():
    broken = np.zeros((5, 3))
    broken[4, 2] = np.nan

    def line():
        return keras.Sequential([keras.Input((3,)), layers.Dense(1)])

    trial = Training(line, Data(broken, np.zeros((5, 1))), "mse")
    with pytest.raises(ValueError, match=r"x_train must hold finite.*nan in column 2, row 4"):
        trial.partition(cross({}, (0,)), 2**31)


def three_inputs():
    return keras.Sequential([keras.Input((3,)), layers.Dense(3)])


def two_outputs():
    inputs = keras.Input((2,))
    return keras.Model(inputs, [layers.Dense(3)(inputs), layers.Dense(3)(inputs)])


def two_inputs():
    inputs = keras.Input((2,)), keras.Input((2,))
    return keras.Model(inputs, layers.Add()(inputs))


def halves():
    return keras.Sequential([keras.Input((2,)), layers.Dense(3, dtype="float16")])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ("acuracy",)}, r"metrics must name.*did you mean.*accuracy.*'acuracy'"),
        ({"metrics": (keras.metrics.Mean(),)}, r"metrics must hold names or functions"),
        ({"model": lambda: 3}, r"model must build a Keras model\. Received: 3"),
        (
            {"model": three_inputs},
            r"shape \(3,\)\. Received: x_train with examples of shape \(2,\)",
        ),
        ({"model": two_outputs}, r"model must have one output\. Received: list"),
        ({"model": two_inputs}, r"model must take one array of inputs"),
        ({"model": halves}, r"model must have float32 weights.*float16"),
    ],
)
def test_unknown_metrics_and_things_that_are_no_models_are_refused(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        training(**changes).partition(cross({}, (0,)), 2**31)


@pytest.mark.parametrize("loss", ["mean_square_error", "mse_from_logits", "Dense", 3])
def test_an_unknown_loss_is_refused(loss):
    trial = Training(plain, three_clusters, loss)
    with pytest.raises(ValueError, match=rf"loss must be.*Received: {loss!r}"):
        trial.partition(cross({}, (0,)), 2**31)


def test_where_xla_is_missing_the_loop_runs_without_it(monkeypatch):
    monkeypatch.setattr(stacked, "SECONDS_TO_FUSE", 0.0)
    trial = training(epochs=2)
    fused, _ = train(trial, {})
    program = next(reversed(stacked._PROGRAMS.values()))
    assert program.fused

    def missing(*arguments):
        raise tf.errors.InvalidArgumentError(None, None, "XLA is not there")

    program._fused = missing
    plain, _ = train(trial, {})
    assert not program.fused
    assert_same_curves(fused[1,], plain[1,], tolerance=1e-5)
    stacked._PROGRAMS.clear()


def test_old_programs_are_let_go(monkeypatch):
    monkeypatch.setattr(stacked, "MOST_PROGRAMS", 1)
    train(training(epochs=1), {"batch_size": (10, 15)})
    assert len(stacked._PROGRAMS) == 1


def test_a_model_and_data_may_take_the_seed_and_any_level():
    def model(seed, **levels):
        start: Any = keras.initializers.Constant(seed + levels["shift"])
        return keras.Sequential([keras.Input((1,)), layers.Dense(1, kernel_initializer=start)])

    def data(**levels):
        return Data(np.ones((2, 1)), np.full((2, 1), levels["seed"] + 0.5))

    trial = Training(model, data, "mae", learning_rate=0.0)
    trial.check({"shift": (0.0, 1.0), "anything": (1,)})
    records, _ = train(trial, {"shift": (0.0, 1.0)}, seeds=(2, 7))
    losses = {key: record["loss"].item() for key, record in records.items()}
    assert losses == {(0.0, 2): 0.5, (0.0, 7): 0.5, (1.0, 2): 0.5, (1.0, 7): 0.5}


def test_unbuilt_models_and_ready_data_train_too():
    ready = three_clusters(3)
    trial = Training(lambda: keras.Sequential([layers.Dense(3)]), ready, SPARSE, metrics="accuracy")
    records, engine = train(trial, {})
    assert engine == "stacked"
    assert set(records[0,]) >= {"loss", "accuracy", "test_accuracy"}
