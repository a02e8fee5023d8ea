"""Random samples approach the truth, biased ones approach something else."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict
from dlbook.stats import sample_variability as chapter
from dlbook.stats.sample_variability import (
    POPULATION,
    biased_sample,
    draw_sample,
    sample_means,
    standard_error,
)

populations = arrays(float, st.integers(2, 12), elements=st.floats(-100, 100))


@pytest.fixture(scope="module")
def means():
    return chapter.MEANS.run(progress=False)


@pytest.fixture(scope="module")
def who_was_asked():
    return chapter.WHO_WAS_ASKED.run(progress=False)


# Laws


@given(populations, st.integers(1, 50), st.integers(0, 9))
def test_a_sample_holds_nothing_but_values_of_the_population(population, size, seed):
    sample = draw_sample(population, size, np.random.default_rng(seed))
    assert sample.shape == (size,)
    assert set(sample) <= set(population)


@given(populations, st.integers(1, 20), st.integers(0, 9))
def test_means_lie_within_the_population(population, size, seed):
    means = sample_means(population, size, 30, np.random.default_rng(seed))
    assert np.all(means >= population.min() - 1e-9)
    assert np.all(means <= population.max() + 1e-9)


@given(populations, st.floats(-10, 10), st.floats(-100, 100))
def test_the_standard_error_scales_with_the_unit(values, factor, shift):
    expected = abs(factor) * standard_error(values)
    np.testing.assert_allclose(standard_error(factor * values + shift), expected, atol=1e-9)


@given(populations)
def test_four_copies_of_a_sample_nearly_halve_the_standard_error(values):
    count = len(values)
    ratio = np.sqrt((count - 1) / (4 * count - 1))
    expected = ratio * standard_error(values)
    np.testing.assert_allclose(standard_error(np.tile(values, 4)), expected, atol=1e-9)


# A case worked by hand


def test_the_population_of_the_course_by_hand():
    assert sum(POPULATION) == 26
    assert np.mean(POPULATION) == chapter.POPULATION_MEAN == 1.625
    assert np.std(POPULATION) == pytest.approx(4.768, abs=0.001)
    positive = biased_sample(POPULATION, lambda values: values > 0)
    assert positive.mean() == pytest.approx(47 / 11)


def test_one_sided_points_lie_on_the_left_and_follow_the_same_rule():
    points, labels = chapter.draw_points(0, 0, "one-sided", 200)
    assert points[:, 0].max() <= 0
    np.testing.assert_array_equal(labels[:, 0], points[:, 1] > points[:, 0] ** 2 - 1)


# Independent oracles


@given(populations)
def test_the_standard_error_agrees_with_scipy(values):
    np.testing.assert_allclose(standard_error(values), scipy.stats.sem(values), atol=1e-12)


def test_means_scatter_as_the_formula_says():
    means = sample_means(POPULATION, 15, 10_000, np.random.default_rng(1))
    assert np.std(means) == pytest.approx(4.768 / np.sqrt(15), abs=0.04)
    assert np.mean(means) == pytest.approx(1.625, abs=0.05)


# Errors


@pytest.mark.parametrize("population", [[], 3.0, [1.0, np.nan], [[1, 2], [3, 4]]])
def test_bad_populations_are_refused_by_name(population):
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"`population` must .*Received: "):
        draw_sample(population, 2, generator)
    with pytest.raises(ValueError, match=r"`population` must .*Received: "):
        biased_sample(population, lambda values: values > 0)


def test_counts_below_one_are_refused():
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"`size` must be 1 or more.*Received: 0"):
        draw_sample([1, 2], 0, generator)
    with pytest.raises(ValueError, match=r"`num_samples` must be 1 or more.*Received: 0"):
        sample_means([1, 2], 2, 0, generator)


def test_nobody_asked_and_one_asked_are_refused():
    with pytest.raises(ValueError, match=r"`keep` must keep one .*Received: "):
        biased_sample([-1, -2], lambda values: values > 0)
    with pytest.raises(ValueError, match=r"`values` must hold two .*Received: "):
        standard_error([1.0])


# The claims of the experiments


def test_means_of_fifteen_scatter_as_on_the_page(means):
    scatter = chapter.deviation_of_means(means).sel(sample_size=15, sampling="random")
    assert 1.19 <= scatter.mean() <= 1.27


def test_biased_samples_settle_on_the_wrong_number(means):
    average = means["sample_mean"].sel(sample_size=500).mean(("seed", "sample"))
    assert average.sel(sampling="random") == pytest.approx(1.625, abs=0.05)
    assert average.sel(sampling="only positive") == pytest.approx(47 / 11, abs=0.05)


def test_one_sided_networks_are_good_at_home_and_bad_abroad(who_was_asked):
    assert chapter.accuracies(who_was_asked, "val_accuracy").mean() >= 0.97
    assert 0.70 <= chapter.accuracies(who_was_asked, "test_accuracy").mean() <= 0.86
    overfitting = chapter.lost_by_overfitting(who_was_asked)
    assert [one.holds for one in overfitting] == [False, False]
    assert overfitting[1].effect < overfitting[0].effect
    fair = who_was_asked["test_accuracy"].sel(sampling="random", num_examples=500)
    assert fair.sel(classifier="network").mean() >= 0.96


def test_every_claim_gets_the_verdict_of_the_page(means, who_was_asked):
    results = {"means": means, "who_was_asked": who_was_asked}
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.DEPENDS, Verdict.HOLDS, Verdict.FAILS]
