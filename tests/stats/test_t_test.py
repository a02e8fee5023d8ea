"""The t-test tells differences from chance, if there are runs enough."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab import results as lab
from dlbook.lab.claims import Verdict
from dlbook.stats import t_test as chapter
from dlbook.stats.t_test import (
    degrees_of_freedom,
    p_value,
    paired_t_statistic,
    permutation_p_value,
    t_statistic,
)

whole = st.integers(-50, 50).map(float)
groups = arrays(float, st.integers(2, 12), elements=whole)
tables = arrays(float, (3, 6), elements=whole)


@pytest.fixture(scope="module")
def power():
    return chapter.POWER.run(progress=False)


@pytest.fixture(scope="module")
def extra_feature():
    return chapter.EXTRA_FEATURE.run(progress=False)


def vary(*samples):
    assume(all(np.ptp(one, axis=-1).min() > 0 for one in samples))


# Laws


@given(groups, groups)
def test_exchanging_the_models_turns_the_sign_round(first, second):
    vary(first, second)
    np.testing.assert_allclose(t_statistic(first, second), -t_statistic(second, first))


@given(groups, groups, st.integers(-9, 9), st.sampled_from([0.5, 2.0, 10.0]))
def test_units_do_not_matter(first, second, shift, factor):
    vary(first, second)
    moved = t_statistic(factor * first + shift, factor * second + shift)
    np.testing.assert_allclose(moved, t_statistic(first, second), atol=1e-9)


@given(groups, groups)
def test_degrees_of_freedom_lie_between_their_bounds(first, second):
    vary(first, second)
    low = min(len(first), len(second)) - 1
    high = len(first) + len(second) - 2
    assert low - 1e-9 <= degrees_of_freedom(first, second) <= high + 1e-9


@given(st.floats(-20, 20), st.floats(0.5, 100))
def test_p_is_a_probability_that_falls_with_t(t, degrees):
    assert 0 <= p_value(t, degrees) <= 1
    assert p_value(2 * t, degrees) <= p_value(t, degrees)
    assert p_value(0, degrees) == 1


@given(tables)
def test_pairing_sees_only_differences(first):
    second = first + np.arange(6)
    shared = 100 * np.arange(6)[::-1]
    expected = paired_t_statistic(first, second)
    np.testing.assert_allclose(paired_t_statistic(first + shared, second + shared), expected)


# A case worked by hand


def test_two_groups_of_three_by_hand():
    t = t_statistic([1, 2, 3], [4, 5, 6])
    assert t == pytest.approx(-3 / np.sqrt(2 / 3))
    assert degrees_of_freedom([1, 2, 3], [4, 5, 6]) == pytest.approx(4)
    assert paired_t_statistic([1, 2, 3], [2, 4, 6]) == pytest.approx(-2 * np.sqrt(3))


# Independent oracles


@given(groups, groups)
def test_agrees_with_scipy(first, second):
    vary(first, second)
    expected: Any = scipy.stats.ttest_ind(first, second, equal_var=False)
    t, degrees = t_statistic(first, second), degrees_of_freedom(first, second)
    np.testing.assert_allclose(t, expected.statistic)
    np.testing.assert_allclose(degrees, expected.df)
    np.testing.assert_allclose(p_value(t, degrees), expected.pvalue, atol=1e-12)


@given(tables, tables)
def test_paired_agrees_with_scipy_row_by_row(first, second):
    vary(first - second)
    expected = scipy.stats.ttest_rel(first, second, axis=-1)
    t = paired_t_statistic(first, second)
    np.testing.assert_allclose(t, expected.statistic)
    np.testing.assert_allclose(p_value(t, 5), expected.pvalue, atol=1e-12)


@given(groups, groups)
def test_agrees_with_the_comparison_of_the_lab(first, second):
    vary(first, second)
    p = p_value(t_statistic(first, second), degrees_of_freedom(first, second))
    np.testing.assert_allclose(p, lab.welch(first, second).p_value, atol=1e-12)


def test_shuffling_agrees_with_scipy_and_with_the_formula():
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=15), generator.normal(0.8, size=12)
    shuffled = permutation_p_value(first, second, generator)
    expected = scipy.stats.permutation_test(
        (first, second), lambda a, b, axis: a.mean(axis) - b.mean(axis), vectorized=True, rng=0
    )
    formula = p_value(t_statistic(first, second), degrees_of_freedom(first, second))
    assert shuffled == pytest.approx(expected.pvalue, abs=0.015)
    assert shuffled == pytest.approx(float(formula), abs=0.02)


# Errors


@pytest.mark.parametrize("statistic", [t_statistic, degrees_of_freedom, paired_t_statistic])
def test_one_run_is_refused(statistic):
    with pytest.raises(ValueError, match=r"`first` must hold two runs or more.*Received: "):
        statistic([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"`second` must hold two runs or more.*Received: "):
        statistic([1.0, 2.0], [1.0])


@pytest.mark.parametrize("statistic", [t_statistic, degrees_of_freedom])
def test_runs_without_variation_are_refused(statistic):
    with pytest.raises(ValueError, match=r"`first` and `second` must not .*Received: "):
        statistic([1.0, 1.0], [2.0, 2.0])


def test_pairs_need_equal_shapes():
    with pytest.raises(ValueError, match=r"`second` must have the shape .*Received: shape \(2,\)"):
        paired_t_statistic([1.0, 2.0, 4.0], [1.0, 2.0])


@pytest.mark.parametrize("degrees", [0, -1, np.nan])
def test_degrees_of_freedom_must_be_above_zero(degrees):
    with pytest.raises(ValueError, match=r"`degrees` must be above 0.*Received: "):
        p_value(1.0, degrees)


# The claims of the experiments


def test_the_groups_of_the_course_give_the_expected_t():
    groups = chapter.COURSE_GROUPS.run(progress=False)
    assert groups["t"].mean() == pytest.approx(-4.2, abs=0.1)


def test_power_has_the_level_of_the_tables(power):
    seen = power["rejected"].sel(true_difference=1).mean("seed")
    np.testing.assert_allclose(seen, [0.117, 0.256, 0.570, 0.871, 0.998], atol=0.03)


def test_one_of_twenty_comparisons_raises_an_alarm_in_two_of_three_studies():
    first, second = np.random.default_rng(5).normal(size=(2, 4000, 20, 20))
    p = p_value(t_statistic(first, second), degrees_of_freedom(first, second))
    assert (p < 0.05).any(axis=1).mean() == pytest.approx(0.6415, abs=0.03)


def test_every_claim_gets_the_verdict_of_the_page(power, extra_feature):
    results = {"power": power, "extra_feature": extra_feature}
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.FAILS, Verdict.DEPENDS, Verdict.FAILS]
