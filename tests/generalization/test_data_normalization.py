"""One recipe for all rows: scalers keep their numbers, bowls get rounder, networks learn."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.descent.gradient_descent_algorithm import descend
from dlbook.generalization import data_normalization as chapter
from dlbook.generalization.data_normalization import condition_number, fit_scaler, steepnesses
from dlbook.lab.claims import Verdict

tables = arrays(float, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=st.integers(0, 9))

# Laws


@given(tables)
def test_z_scores_of_the_training_rows_have_mean_0_and_deviation_1_or_0(table):
    scores = fit_scaler(table, "z")(table)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-9)
    expected = np.where(np.ptp(table, axis=0) > 0, 1, 0)
    np.testing.assert_allclose(scores.std(axis=0), expected, atol=1e-9)


@given(tables)
def test_min_max_goes_from_0_to_1(table):
    found = fit_scaler(table, "min-max")(table)
    np.testing.assert_allclose(found.min(axis=0), 0, atol=1e-12)
    expected = np.where(np.ptp(table, axis=0) > 0, 1, 0)
    np.testing.assert_allclose(found.max(axis=0), expected, atol=1e-12)


@given(tables, st.sampled_from(chapter.SCALINGS))
def test_a_scaler_keeps_its_numbers_whatever_other_rows_come_with_a_row(table, scaling):
    scale = fit_scaler(table, scaling)
    alone, together = scale(table[:1]), scale(1000 * table + 7)
    np.testing.assert_array_equal(alone, scale(table)[:1])
    assert together.shape == table.shape


@given(tables, st.floats(0.1, 100), st.floats(-100, 100))
def test_units_do_not_matter_after_scaling(table, factor, shift):
    changed = factor * table + shift
    for scaling in ("z", "min-max"):
        np.testing.assert_allclose(
            fit_scaler(changed, scaling)(changed), fit_scaler(table, scaling)(table), atol=1e-6
        )


@given(tables)
def test_the_condition_number_is_at_least_1(table):
    assert condition_number(table) >= 1


# A case worked by hand


def test_two_wines_scale_a_third():
    scale = fit_scaler([[12.0, 400.0], [14.0, 1200.0]])
    np.testing.assert_allclose(scale([[13.5, 1400.0]]), [[0.5, 1.5]])
    np.testing.assert_allclose(
        fit_scaler([[12.0], [14.0]], "mean only")([[13.5]]), [[0.5]]
    )  # fmt: skip


def test_two_crossed_features_make_a_round_bowl():
    square = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
    np.testing.assert_allclose(steepnesses(square), 1)
    assert condition_number(square) == pytest.approx(1)
    assert condition_number([[1.0, 1.0], [2.0, 2.0]]) == float("inf")


# Independent oracles


@pytest.mark.parametrize(("ours", "theirs"), [("z", "StandardScaler"), ("min-max", "MinMaxScaler")])
def test_scalers_agree_with_scikit_learn(ours, theirs):
    from sklearn import preprocessing

    wines = chapter.datasets.wine(0, scaling="none")
    expected: Any = getattr(preprocessing, theirs)().fit(wines.x_train.astype(float))
    found = fit_scaler(wines.x_train, ours)(wines.x_test)
    np.testing.assert_allclose(found, expected.transform(wines.x_test.astype(float)), atol=1e-9)


def test_the_layer_of_keras_agrees():
    import keras

    wines = chapter.datasets.wine(0, scaling="none")
    layer = keras.layers.Normalization()
    layer.adapt(wines.x_train)
    found = fit_scaler(wines.x_train)(wines.x_test)
    np.testing.assert_allclose(found, np.asarray(layer(wines.x_test)), atol=1e-4)


def test_a_descent_diverges_just_above_two_over_the_steepest():
    x = chapter.scaled(0, "cultivars", "z").x_train.astype(float)
    x = np.column_stack([x, np.ones(len(x))])
    square = x.T @ x / len(x)
    limit = 2 / steepnesses(x[:, :-1])[-1]
    start = np.ones(14)
    ends = [descend(lambda w: square @ w, start, f * limit, 2000)[-1] for f in (0.99, 1.01)]
    assert abs(ends[0]).max() < 1 < 1000 < abs(ends[1]).max()


def test_who_sees_what():
    first, both, own = (chapter.who_sees(0, 20, rows, "right") for rows in chapter.FITTED_ON)
    np.testing.assert_allclose(first.x_train.mean(axis=0), 0, atol=1e-5)
    seen = np.concatenate([both.x_train, both.x_test])
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(own.x_test.mean(axis=0), 0, atol=1e-5)
    wrong = chapter.who_sees(0, 20, chapter.FITTED_ON[2], chapter.DEVICES[1])
    np.testing.assert_allclose(own.x_test, wrong.x_test, atol=1e-5)
    assert abs(first.x_test.mean(axis=0)).max() > 0.1


# Errors


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match=r"`scaling` must be one of none.*Received: 'log'"):
        fit_scaler([[1.0]], "log")


@pytest.mark.parametrize("values", [[], [[np.nan]], [1.0, 2.0]])
def test_tables_without_numbers_are_refused(values):
    for function, name in ((fit_scaler, "train"), (steepnesses, "inputs")):
        with pytest.raises(ValueError, match=rf"`{name}` must .*Received: "):
            function(values)


# The claims of the experiments


def test_raw_tables_teach_little_and_z_scores_much():
    study = {"scaling": ("none", "z"), "learning_rate": (0.01,)}
    results = chapter.SCALING.run(seeds=3, independent=study, progress=False)
    accuracy = results["test_accuracy"].mean("seed").squeeze("learning_rate")
    assert float(accuracy.sel(scaling="none").max()) < 0.7
    assert float(accuracy.sel(scaling="z").min()) > 0.93
    assert results.attrs["engine"] == "stacked"
    weight = chapter.largest_weight(results).median("seed")
    assert float((weight.sel(scaling="none") / weight.sel(scaling="z")).min()) > 3
    raw, z = (chapter.examine(results, "cultivars", name, 0.01) for name in ("none", "z"))
    assert raw["off"] > 0.8
    assert raw["same answer"] > 0.6
    assert z["off"] < 0.1
    assert z["same answer"] == 0
    for table in chapter.SIZES:  # networks read from results answer as they did in training
        fed = chapter.feed(results, table, lambda scale, rows, _: scale(rows))
        trained = results["test_accuracy"].sel(table=table, scaling="z").values.ravel()
        np.testing.assert_allclose(fed, trained, atol=1e-6)
        raw = chapter.feed(results, table, lambda scale, rows, classes: rows)
        assert raw.mean() < 0.66


def test_half_of_the_units_are_off_before_the_first_step_if_rows_are_raw():
    import keras

    keras.utils.set_random_seed(0)
    model = chapter.build_network("cultivars")
    layers = [tuple(layer.get_weights()) for layer in model.layers]
    shares = {}
    for name in ("none", "z"):
        x = chapter.scaled(0, "cultivars", name).x_train
        logits, shares[name] = chapter.look_inside(layers, x)
        np.testing.assert_allclose(logits, np.asarray(model(x)), rtol=1e-4, atol=1e-3)
    assert shares["none"] > 0.2
    assert shares["z"] < 0.1


def test_a_tree_does_not_care_and_neighbours_do():
    study = {"table": ("cultivars",), "learner": ("decision tree", "neighbours")}
    results = chapter.LEARNERS.run(seeds=5, independent=study, progress=False)
    accuracy = results["test_accuracy"].squeeze("table")
    gain = (accuracy.sel(scaling="z") - accuracy.sel(scaling="none")).mean("seed")
    assert abs(float(gain.sel(learner="decision tree"))) < 0.03
    assert float(gain.sel(learner="neighbours")) > 0.15


def test_a_scaler_that_sees_the_test_rows_hides_a_device_that_misreads():
    study = {"num_train": (100,)}
    results = chapter.WHO_MAY_SEE.run(seeds=6, independent=study, progress=False)
    accuracy = results["test_accuracy"].mean("seed").squeeze()
    honest, both, own = (accuracy.sel(fitted_on=rows) for rows in chapter.FITTED_ON)
    assert float(own.sel(device=chapter.DEVICES[1]) - own.sel(device="right")) == pytest.approx(0)
    assert float((both - honest).sel(device=chapter.DEVICES[1])) > 0.1
    assert abs(float((both - honest).sel(device="right"))) < 0.03
    assert chapter.CLAIMS[2].decide(results).verdict is not Verdict.HOLDS
