"""Min-max scaling holds training values between two numbers, and promises nothing for others."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.generalization import min_max_scaling as chapter
from dlbook.generalization.min_max_scaling import fit_min_max, invert_min_max, min_max
from dlbook.lab.claims import Verdict

tables = arrays(float, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=st.integers(0, 9))
ends = st.tuples(st.floats(-5, 0), st.floats(1, 5))

# Laws


@given(tables, ends)
def test_training_values_fill_the_range_from_end_to_end(table, to):
    scaled = min_max(table, *fit_min_max(table), to=to)
    np.testing.assert_allclose(scaled.min(axis=0), to[0], atol=1e-9)
    varies = np.ptp(table, axis=0) > 0
    np.testing.assert_allclose(scaled.max(axis=0), np.where(varies, to[1], to[0]), atol=1e-9)


@given(tables, ends)
def test_the_way_back_leads_to_the_values(table, to):
    low, high = fit_min_max(table)
    back = invert_min_max(min_max(table, low, high, to), low, high, to)
    np.testing.assert_allclose(back, table, atol=1e-9)


@given(tables, st.floats(0.1, 100), st.floats(-100, 100))
def test_units_do_not_matter(table, factor, shift):
    changed = np.where(np.ptp(table, axis=0) > 0, factor * table + shift, table)
    np.testing.assert_allclose(
        min_max(changed, *fit_min_max(changed)), min_max(table, *fit_min_max(table)), atol=1e-9
    )


# A case worked by hand


def test_three_values_in_two_ranges():
    numbers = fit_min_max([2, 4, 10])
    np.testing.assert_allclose(min_max([2, 4, 10], *numbers), [0, 0.25, 1])
    np.testing.assert_allclose(min_max([2, 4, 10], *numbers, to=(-1, 1)), [-1, -0.5, 1])
    assert min_max([12], *numbers)[0] == 1.25


def test_one_outlier_leaves_six_per_cent_to_the_others():
    values = np.append(np.random.default_rng(0).normal(size=99), 100.0)
    assert min_max(values, *fit_min_max(values))[:99].max() < 0.07


# Independent oracles


def test_scaled_values_agree_with_scikit_learn_and_the_lab():
    from sklearn.preprocessing import MinMaxScaler, RobustScaler

    wines = chapter.datasets.wine(1, scaling="none")
    train, test = wines.x_train.astype(float), wines.x_test.astype(float)
    expected: Any = MinMaxScaler((-1, 1)).fit(train).transform(test)
    np.testing.assert_allclose(min_max(test, *fit_min_max(train), to=(-1, 1)), expected, atol=1e-9)
    lab = chapter.datasets.wine(1, scaling="min_max").x_test
    np.testing.assert_allclose(chapter.spoiled_wines(1, 0.0, "min-max").x_test, lab, atol=1e-5)
    robust: Any = RobustScaler().fit(train).transform(test)
    ours = chapter.spoiled_wines(1, 0.0, "median and quartiles").x_test
    np.testing.assert_allclose(ours, robust, atol=1e-4)


def test_keras_rescales_pixels_as_we_do():
    import keras

    pixels = np.array([[0.0, 51.0, 255.0]], dtype="float32")
    theirs = np.asarray(keras.layers.Rescaling(2 / 255, offset=-1)(pixels))
    np.testing.assert_allclose(min_max(pixels, 0, 255, to=(-1, 1)), theirs, atol=1e-6)


# Errors


def test_limits_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match=r"`high` must not lie below `low`.*Received: 3 and 1"):
        min_max([2.0], 3, 1)
    with pytest.raises(ValueError, match=r"`to` must be a lower and a higher.*Received: \(1, 0\)"):
        invert_min_max([2.0], 1, 3, to=(1, 0))


@pytest.mark.parametrize("values", [[], [np.nan, 1.0], 3.0])
def test_values_without_limits_are_refused(values):
    with pytest.raises(ValueError, match=r"`train` must .*Received: "):
        fit_min_max(values)


# The claims of the experiments


def test_new_values_fall_outside_as_often_as_the_formula_says():
    results = chapter.OUTSIDE.run(progress=False)
    share = results["values"].sel(num_features=13).mean("seed").values
    np.testing.assert_allclose(share, [2 / 21, 2 / 101, 2 / 1001], rtol=0.12)
    rows = results["rows"].sel(num_features=13, num_train=20).mean()
    assert float(rows) == pytest.approx(1 - (1 - 2 / 21) ** 13, abs=0.06)
    assert chapter.CLAIMS[0].decide(results).verdict is Verdict.FAILS


def test_outliers_squeeze_min_max_and_leave_the_quartiles_alone():
    bulk = chapter.BULK.run(seeds=5, progress=False)["bulk"].mean("seed")
    left = bulk.sel(share=0.05) / bulk.sel(share=0)
    assert float(left.sel(scaling="min-max")) < 0.25
    assert 0.75 < float(left.sel(scaling="median and quartiles")) < 1.1


def test_a_network_loses_least_when_quartiles_scale():
    study = {"learning_rate": (0.1,), "share": (0.0, 0.05)}
    results = chapter.OUTLIER.run(seeds=5, independent=study, progress=False)
    accuracy = results["test_accuracy"].mean("seed").squeeze("learning_rate")
    lost = accuracy.sel(share=0) - accuracy.sel(share=0.05)
    assert float(lost.sel(scaling="min-max")) > float(lost.sel(scaling="median and quartiles"))
    assert float(accuracy.sel(share=0).min()) > 0.93


def test_pixels_up_to_255_need_a_smaller_rate():
    study = {"learning_rate": (0.1,)}
    results = chapter.RANGE.run(seeds=3, independent=study, progress=False)
    accuracy = results["test_accuracy"].mean("seed").squeeze("learning_rate")
    assert float(accuracy.sel(pixel_range="[0, 1]")) > 0.9
    assert float(accuracy.sel(pixel_range="[−1, 1]")) > 0.9
    assert float(accuracy.sel(pixel_range="[0, 255]")) < 0.4
