"""The variance is the mean squared distance from the mean, where it exists."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlbook.lab.claims import Verdict
from dlbook.stats import variance as chapter
from dlbook.stats.variance import naive_variance, running_variance, standard_deviation, variance

SOLD = [1, 2, 4, 6, 5, 4, 0]
lists = arrays(float, st.integers(2, 12), elements=st.floats(-1000, 1000))
tables = arrays(
    float, array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=5), elements=st.floats(-99, 99)
)


@pytest.fixture(scope="module")
def bias():
    return chapter.BIAS.run(progress=False)


@pytest.fixture(scope="module")
def existence():
    return chapter.EXISTENCE.run(progress=False)


@pytest.fixture(scope="module")
def coded():
    return chapter.CODED.run(progress=False)


# Laws


@given(lists, st.floats(-10, 10), st.floats(-100, 100))
def test_shifting_changes_nothing_and_scaling_counts_twice(values, factor, shift):
    expected = factor**2 * variance(values)
    np.testing.assert_allclose(variance(factor * values + shift), expected, rtol=1e-6, atol=1e-6)


@given(st.floats(-1000, 1000), st.integers(1, 9))
def test_equal_values_do_not_vary(value, count):
    np.testing.assert_allclose(variance(np.full(count, value)), 0, atol=1e-18 + 1e-28 * value**2)


@given(lists)
def test_the_deviation_is_the_root_of_the_variance(values):
    np.testing.assert_allclose(standard_deviation(values, 1) ** 2, variance(values, 1), atol=1e-12)


@given(lists)
def test_welford_agrees_with_two_passes_after_every_value(values):
    expected = [variance(values[:count]) for count in range(1, len(values) + 1)]
    np.testing.assert_allclose(running_variance(values), expected, rtol=1e-9, atol=1e-9)


@given(arrays(float, st.integers(1, 12), elements=st.floats(-100, 100)))
def test_the_shortcut_is_right_near_zero(values):
    np.testing.assert_allclose(naive_variance(values), variance(values), atol=1e-9)


# A case worked by hand


def test_the_shop_of_the_page_by_hand():
    np.testing.assert_allclose(variance(SOLD), 202 / 49)
    np.testing.assert_allclose(variance(SOLD), 4.12245, atol=1e-5)
    np.testing.assert_allclose(variance(SOLD, ddof=1), 4.80952, atol=1e-5)


# Independent oracles


@given(tables, st.integers(0, 1), st.data())
def test_agrees_with_numpy_along_every_axis(values, ddof, data):
    axis = data.draw(st.sampled_from([None, *range(-values.ndim, values.ndim)]))
    expected = np.var(values, axis=axis, ddof=ddof)
    np.testing.assert_allclose(variance(values, ddof, axis), expected, atol=1e-9)


def test_agrees_with_keras():
    import keras

    table = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    layer = keras.layers.Normalization()
    layer.adapt(table)
    for theirs in (keras.ops.var(table, axis=0), layer.variance):
        expected = np.array(theirs).ravel()
        np.testing.assert_allclose(variance(table, axis=0), expected, rtol=1e-4)


def test_far_from_zero_the_shortcut_loses_all_digits_and_welford_none():
    samples = 1e8 + np.random.default_rng(0).normal(size=(50, 1000))
    shortcut = np.array([naive_variance(values) for values in samples])
    assert shortcut.min() <= 0
    assert np.abs(shortcut - 1).max() > 0.9
    np.testing.assert_allclose(running_variance(samples[0])[-1], np.var(samples[0]), rtol=1e-6)


# Errors


@pytest.mark.parametrize(
    "statistic", [variance, standard_deviation, running_variance, naive_variance]
)
@pytest.mark.parametrize("values", [[], 3.0, [1.0, np.nan], [np.inf, 1.0]])
def test_bad_values_are_refused_by_name(statistic, values):
    with pytest.raises(ValueError, match=r"`values` must .*Received: "):
        statistic(values)


@pytest.mark.parametrize(("values", "ddof"), [([1.0], 1), ([1, 2], 2), ([1, 2], -1)])
def test_dividing_by_nothing_is_refused(values, ddof):
    with pytest.raises(ValueError, match=rf"`ddof` must .*{len(values)}.*Received: {ddof}"):
        variance(values, ddof)


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"`axis` must .*Received: 1"):
        variance([1, 2, 3], axis=1)


# The claims of the experiments


def test_two_values_show_half_of_the_variance(bias):
    estimate = bias["variance"].sel(num_values=2, ddof=0).mean("seed")
    assert estimate == pytest.approx(0.5, abs=0.03)


def test_the_deviation_of_small_samples_is_too_small(bias):
    deviation = bias["deviation"].sel(ddof=1, num_values=[2, 3, 5, 10]).mean("seed")
    np.testing.assert_allclose(deviation, [0.798, 0.886, 0.940, 0.973], atol=0.02)


def test_the_variance_of_cauchy_values_grows_with_their_number(existence):
    middle = existence["variance"].median("seed")
    ratio = middle.sel(num_values=100_000) / middle.sel(num_values=100)
    assert ratio.sel(degrees_of_freedom=1) > 100
    assert 0.8 < ratio.sel(degrees_of_freedom=30) < 1.2


def test_a_long_last_step_turns_some_pairs_of_groups(coded):
    assert 0.1 < chapter.flips(coded, "1-2-3-4-10").mean() < 0.35
    assert chapter.flips(coded, "0-25-50-75-100").max() == 0


def test_every_claim_gets_the_verdict_of_the_page(bias, existence, coded):
    results = {"bias": bias, "existence": existence, "codes": coded}
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, *[Verdict.DEPENDS] * 3]
