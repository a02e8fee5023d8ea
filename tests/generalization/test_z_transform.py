"""The z-transform moves and stretches; it bends nothing."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.generalization import z_transform as chapter
from dlbook.generalization.z_transform import fit_z, invert_z, mean_center, z_transform
from dlbook.lab.best_rate import at_best_rate
from dlbook.lab.claims import Verdict

tables = arrays(float, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=st.integers(0, 9))

# Laws


@given(tables)
def test_z_scores_have_mean_0_and_deviation_1_or_0_where_a_feature_is_constant(table):
    scores = z_transform(table, *fit_z(table))
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-7)
    expected = np.where(np.ptp(table, axis=0) > 0, 1, 0)
    np.testing.assert_allclose(scores.std(axis=0), expected, atol=1e-6)


@given(tables)
def test_the_way_back_leads_to_the_values(table):
    numbers = fit_z(table)
    np.testing.assert_allclose(invert_z(z_transform(table, *numbers), *numbers), table, atol=1e-6)


@given(tables, st.floats(0.1, 100), st.floats(-100, 100))
def test_units_do_not_matter(table, factor, shift):
    changed = factor * table + shift
    np.testing.assert_allclose(
        z_transform(changed, *fit_z(changed)), z_transform(table, *fit_z(table)), atol=1e-6
    )


@given(tables)
def test_the_order_is_kept(table):
    scores = z_transform(table, *fit_z(table))
    np.testing.assert_array_equal(np.argsort(scores[:, 0], kind="stable"),
                                  np.argsort(table[:, 0], kind="stable"))  # fmt: skip


@given(tables)
def test_no_score_exceeds_the_root_of_n_minus_1(table):
    scores = z_transform(table, *fit_z(table))
    assert abs(scores).max() <= np.sqrt(len(table) - 1) + 1e-9


# A case worked by hand


def test_seven_hours_in_the_sandwich_shop():
    values = [1, 2, 4, 6, 5, 4, 0]
    np.testing.assert_allclose(mean_center(values), np.array([-15, -8, 6, 20, 13, 6, -22]) / 7)
    scores = z_transform(values, *fit_z(values))
    np.testing.assert_allclose(scores, np.array([-15, -8, 6, 20, 13, 6, -22]) / np.sqrt(202))


# Independent oracles


def test_scores_agree_with_scikit_learn_and_keras():
    import keras
    from sklearn.preprocessing import StandardScaler

    wines = chapter.datasets.wine(0, scaling="none")
    ours = z_transform(wines.x_test, *fit_z(wines.x_train))
    theirs: Any = (
        StandardScaler().fit(wines.x_train.astype(float)).transform(wines.x_test.astype(float))
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    layer = keras.layers.Normalization()
    layer.adapt(wines.x_train)
    np.testing.assert_allclose(ours, np.asarray(layer(wines.x_test)), atol=1e-3)


def test_both_halves_together_are_the_standard_scaling_of_the_lab():
    ours, theirs = chapter.cultivars(3, "yes", "yes"), chapter.datasets.wine(3)
    for part in ("x_train", "x_validation", "x_test"):
        np.testing.assert_allclose(getattr(ours, part), getattr(theirs, part), atol=1e-4)


def test_along_examples_every_row_is_standard():
    x = chapter.along(0, "examples").x_test
    np.testing.assert_allclose(x.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=1), 1, atol=1e-5)


# Errors


@pytest.mark.parametrize("std", [0.0, -1.0, np.nan, [1.0, 0.0]])
@pytest.mark.parametrize("function", [z_transform, invert_z])
def test_a_deviation_that_is_not_above_0_is_refused(function, std):
    with pytest.raises(ValueError, match=r"`std` must hold finite numbers above 0.*Received: "):
        function([[1.0, 2.0]], 0.0, std)


@pytest.mark.parametrize("values", [[], [np.nan, 1.0], 3.0])
def test_values_without_a_mean_are_refused(values):
    for function, name in ((mean_center, "values"), (fit_z, "train")):
        with pytest.raises(ValueError, match=rf"`{name}` must .*Received: "):
            function(values)


# The claims of the experiments


def test_the_shape_stays_and_mean_and_deviation_are_0_and_1():
    results = chapter.SHAPE_KEPT.quick(num_seeds=5)
    for name in ("skewness", "kurtosis"):
        np.testing.assert_allclose(results[f"{name}_after"], results[f"{name}_before"], atol=1e-9)
    full = chapter.SHAPE_KEPT.run(seeds=3, independent={"num_values": (2000,)}, progress=False)
    skewness = full["skewness_after"].sel(distribution="exponential").mean()
    assert 1.7 < float(skewness) < 2.3
    assert chapter.CLAIMS[0].decide(full).verdict is Verdict.FAILS
    assert chapter.CLAIMS[3].decide(full).verdict is Verdict.HOLDS


def test_new_rows_miss_0_by_one_over_the_root_of_n():
    results = chapter.NEW_DATA.run(seeds=20, progress=False)
    spread = results["new_mean"].std(("seed", "feature")).values
    np.testing.assert_allclose(spread, (np.array([10, 30, 100]) - 3) ** -0.5, rtol=0.15)
    assert chapter.CLAIMS[2].decide(results).verdict is Verdict.FAILS


def test_raw_wines_teach_little_and_z_scores_much():
    study = {"learning_rate": (0.01,)}
    results = chapter.PARTS_STUDY.run(seeds=5, independent=study, progress=False)
    accuracy = results["test_accuracy"].mean("seed").squeeze()
    assert float(accuracy.sel(centering="no", dividing="no")) < 0.6
    assert float(accuracy.sel(centering="yes", dividing="yes")) > 0.93
    assert results.attrs["engine"] == "stacked"


def test_the_wrong_axis_costs_much():
    study = {"learning_rate": (0.01, 0.1)}
    results = chapter.AXIS.run(seeds=5, independent=study, progress=False)
    accuracy = at_best_rate(results).mean("seed")
    assert float(accuracy.sel(axis="features") - accuracy.sel(axis="examples")) > 0.15
