"""The mean balances all values, and is typical only for some data."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlbook.lab.claims import Verdict
from dlbook.stats import mean as chapter
from dlbook.stats.mean import POPULATIONS, mean, median, trimmed_mean

SOLD = [1, 2, 4, 6, 5, 4, 0]
lists = arrays(float, st.integers(1, 12), elements=st.floats(-1000, 1000))
tables = arrays(
    float, array_shapes(min_dims=2, max_dims=3, max_side=5), elements=st.floats(-1000, 1000)
)


@pytest.fixture(scope="module")
def estimates():
    return chapter.MEAN_OR_MEDIAN.run(progress=False)


@pytest.fixture(scope="module")
def recoded():
    return chapter.RECODE.run(progress=False)


# Laws


@given(lists)
def test_distances_from_the_mean_cancel(values):
    np.testing.assert_allclose((values - mean(values)).sum(), 0, atol=1e-8)


@given(lists, st.floats(-1000, 1000))
def test_no_number_is_closer_in_squares_than_the_mean(values, other):
    assert ((values - mean(values)) ** 2).sum() <= ((values - other) ** 2).sum() + 1e-6


@given(lists, st.floats(-1000, 1000))
def test_no_number_is_closer_in_distance_than_the_median(values, other):
    assert np.abs(values - median(values)).sum() <= np.abs(values - other).sum() + 1e-8


@given(lists, st.floats(-10, 10), st.floats(-100, 100))
def test_new_units_change_the_mean_as_they_change_the_values(values, factor, shift):
    np.testing.assert_allclose(mean(factor * values + shift), factor * mean(values) + shift)


@given(lists)
def test_cutting_off_nothing_gives_the_mean(values):
    np.testing.assert_allclose(trimmed_mean(values, share=0), mean(values), atol=1e-9)


# A case worked by hand


def test_the_shop_of_the_page_by_hand():
    np.testing.assert_allclose(mean(SOLD), 3.142857, atol=1e-6)
    assert median(SOLD) == 4
    assert median([1, 2, 3, 10]) == 2.5


@pytest.mark.parametrize("hour", range(7))
def test_one_typing_error_moves_the_mean_and_not_the_median(hour):
    typed = [*SOLD[:hour], 4000, *SOLD[hour + 1 :]]
    assert mean(typed) == pytest.approx(574, abs=1)
    assert median(typed) == 4


# Independent oracles


@given(tables, st.data())
def test_agrees_with_numpy_along_every_axis(values, data):
    axis = data.draw(st.sampled_from([None, *range(-values.ndim, values.ndim)]))
    np.testing.assert_allclose(mean(values, axis), np.mean(values, axis), atol=1e-9)
    np.testing.assert_allclose(median(values, axis), np.median(values, axis), atol=1e-9)


@given(lists, st.floats(0, 0.49))
def test_trimming_agrees_with_scipy(values, share):
    expected = scipy.stats.trim_mean(values, share)
    np.testing.assert_allclose(trimmed_mean(values, share), expected, atol=1e-9)


def test_agrees_with_keras():
    import keras

    values = np.array(SOLD, dtype="float32")
    ours = [mean(SOLD), median(SOLD)]
    theirs = [np.array(keras.ops.mean(values)), np.array(keras.ops.median(values))]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("name", POPULATIONS)
def test_the_populations_are_what_they_are_called(name):
    population = POPULATIONS[name]
    oracle = {
        "normal": scipy.stats.norm.cdf,
        "Laplace": scipy.stats.laplace.cdf,
        "lognormal": scipy.stats.lognorm(1).cdf,
        "two peaks": lambda x: (scipy.stats.norm.cdf(x, 3) + scipy.stats.norm.cdf(x, -3)) / 2,
        "Cauchy": scipy.stats.cauchy.cdf,
    }[name]
    places = np.linspace(-6, 6, 25)
    np.testing.assert_allclose(population.part_below(places), oracle(places), atol=1e-12)
    values = population.draw(np.random.default_rng(0), (20_000,))
    assert scipy.stats.kstest(values, oracle).pvalue > 0.001
    assert scipy.stats.iqr(values) == pytest.approx(population.middle_half, rel=0.05)


# Errors


@pytest.mark.parametrize("statistic", [mean, median, lambda values: trimmed_mean(values, 0.1)])
@pytest.mark.parametrize("values", [[], 3.0, [1.0, np.nan], [np.inf, 1.0]])
def test_bad_values_are_refused_by_name(statistic, values):
    with pytest.raises(ValueError, match=r"`values` must .*Received: "):
        statistic(values)


@pytest.mark.parametrize("statistic", [mean, median])
@pytest.mark.parametrize("axis", [1, -2])
def test_an_axis_that_is_not_there_is_refused(statistic, axis):
    with pytest.raises(ValueError, match=rf"`axis` must .*\(3,\).*Received: {axis}"):
        statistic([1, 2, 3], axis=axis)


@pytest.mark.parametrize("share", [-0.1, 0.5, np.nan])
def test_cutting_off_everything_is_refused(share):
    with pytest.raises(ValueError, match=r"`share` must .*Received: "):
        trimmed_mean([1, 2, 3], share)


# The claims of the experiments


def test_the_mean_is_steadier_for_normal_data_and_the_median_for_laplace_data(estimates):
    assert 0.76 <= chapter.mean_against_median(estimates, "normal").mean() <= 0.86
    assert 1.2 <= chapter.mean_against_median(estimates, "Laplace").mean() <= 1.5


def test_most_lognormal_values_lie_below_their_mean(estimates):
    below = estimates["share_below"].sel(distribution="lognormal", statistic="mean").mean("seed")
    assert below.sel(num_values=101) == pytest.approx(0.691, abs=0.02)


def test_no_number_of_values_steadies_the_mean_of_cauchy_data(estimates):
    widths = chapter.spread(estimates).sel(distribution="Cauchy", statistic="mean").mean("seed")
    assert np.all((widths > 1.6) & (widths < 2.4))


def test_the_median_keeps_its_order_under_all_codes_that_keep_order(recoded):
    turned = recoded["turned"].sel(statistic="median").max("seed")
    assert turned.sel(scale="ordinal") == 0
    assert turned.sel(scale="nominal") > 0


def test_every_claim_gets_the_verdict_of_the_page(estimates, recoded):
    results = {"mean_or_median": estimates, "recode": recoded}
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.DEPENDS, Verdict.DEPENDS, Verdict.HOLDS]
