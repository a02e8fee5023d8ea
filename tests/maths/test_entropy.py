"""Entropy counts the yes-or-no questions that a distribution leaves open."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlbook.lab.claims import Verdict
from dlbook.maths import entropy as chapter
from dlbook.maths.entropy import distribution, entropy, histogram_entropy, max_entropy, unit
from dlbook.maths.softmax import softmax

distributions = arrays(
    float, array_shapes(min_dims=1, max_dims=3, max_side=6), elements=st.floats(-20, 20)
).map(softmax)


# Laws


@given(distributions)
def test_entropy_lies_between_zero_and_that_of_equal_shares(probabilities):
    values = entropy(probabilities)
    assert values.shape == probabilities.shape[:-1]
    assert np.all(values >= -1e-12)
    assert np.all(values <= max_entropy(probabilities.shape[-1]) + 1e-9)


@given(distributions, st.randoms(use_true_random=False))
def test_the_order_of_outcomes_plays_no_role(probabilities, random):
    order = list(range(probabilities.shape[-1]))
    random.shuffle(order)
    np.testing.assert_allclose(
        entropy(probabilities[..., order]), entropy(probabilities), atol=1e-12
    )


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=6), st.floats(-5, 5))
def test_two_independent_draws_leave_the_sum_of_both_open(logits, other):
    first, second = softmax(logits), softmax([0, other])
    both = np.outer(first, second).ravel()
    assert entropy(both) == pytest.approx(entropy(first) + entropy(second), abs=1e-9)


@given(distributions)
def test_nats_are_bits_times_the_logarithm_of_two(probabilities):
    np.testing.assert_allclose(
        entropy(probabilities, base=math.e), entropy(probabilities) * math.log(2), atol=1e-12
    )


@given(arrays(float, st.integers(1, 50), elements=st.floats(-9, 9)), st.integers(-3, 3))
def test_moving_the_data_and_the_bins_changes_nothing(values, shift):
    edges = np.arange(-10, 11)
    moved = histogram_entropy(np.floor(values) + 0.5 + shift, edges + shift)
    assert moved == pytest.approx(histogram_entropy(np.floor(values) + 0.5, edges))


# A case worked by hand


def test_the_shop_of_the_page_takes_the_questions_counted_by_hand():
    assert entropy([1 / 2, 1 / 4, 1 / 8, 1 / 8]) == pytest.approx(1.75)
    assert entropy([1, 0, 0, 0]) == 0
    assert entropy([0.5, 0.5]) == 1
    assert entropy([0.25, 0.75]) == pytest.approx(0.8113, abs=5e-5)
    assert entropy([0.25, 0.75], base=math.e) == pytest.approx(0.5623, abs=5e-5)
    assert histogram_entropy([0.5, 1.5, 2.5, 3.5], range(5)) == 2
    assert max_entropy(8) == 3


# Independent oracles


@given(distributions)
def test_agrees_with_scipy(probabilities):
    expected = scipy.stats.entropy(probabilities, base=2, axis=-1)
    np.testing.assert_allclose(entropy(probabilities), expected, atol=1e-9)


def test_agrees_with_the_loss_of_keras():
    import keras

    probabilities = softmax(np.random.default_rng(0).normal(size=(20, 7)))
    loss = keras.losses.CategoricalCrossentropy(reduction="none")(probabilities, probabilities)
    np.testing.assert_allclose(entropy(probabilities, base=math.e), np.array(loss), rtol=1e-5)


def test_five_times_narrower_bins_add_the_logarithm_of_five():
    values = np.random.default_rng(0).normal(size=100_000)
    wide, narrow = (histogram_entropy(values, np.arange(-6, 6.01, width)) for width in (0.5, 0.1))
    assert narrow - wide == pytest.approx(math.log2(5), abs=0.03)


# Errors


@pytest.mark.parametrize("probabilities", [[0.25], [0.5, 0.6], [-0.5, 1.5], [[0.5, 0.5], [1, 1]]])
def test_lists_that_are_no_distribution_are_refused(probabilities):
    with pytest.raises(ValueError, match=r"`probabilities` .*sum to 1.*Received: "):
        entropy(probabilities)


def test_the_error_of_a_distribution_names_the_argument():
    with pytest.raises(ValueError, match=r"`y_pred` .*Received: smallest 0.1, sums 0.3 to 0.3"):
        distribution([0.1, 0.2], "y_pred")


@pytest.mark.parametrize("base", [1, 0.5, 0, -2])
def test_bases_that_measure_nothing_are_refused(base):
    with pytest.raises(ValueError, match=r"`base` must be .*above.*Received: "):
        unit(base)


@pytest.mark.parametrize("edges", [[0], [0, 0, 1], [1, 0]])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(ValueError, match=r"`bin_edges` .*rising.*Received: "):
        histogram_entropy([0.5], edges)


def test_values_outside_the_bins_are_refused():
    with pytest.raises(ValueError, match=r"`values` must lie between .* 0 and 1.*Received: 0.5 to"):
        histogram_entropy([0.5, 2], [0, 1])


def test_there_is_no_distribution_without_outcomes():
    with pytest.raises(ValueError, match=r"`num_outcomes` must be 1 or more.*Received: 0.5"):
        max_entropy(0.5)  # type: ignore[arg-type]


# The claims of the experiments


def test_the_peak_lies_where_all_outcomes_are_equally_likely():
    values = chapter.ONE_EVENT.run(progress=False)["entropy"].isel(seed=0)
    peaks = values.idxmax("probability")
    np.testing.assert_allclose(peaks, 1 / peaks["num_outcomes"], atol=0.0051)
    np.testing.assert_allclose(values.max("probability"), [1, 2, 3], atol=0.001)


def test_moving_groups_apart_changes_the_variance_only():
    means = chapter.ENTROPY_OR_VARIANCE.run(progress=False).mean("seed")
    np.testing.assert_allclose(means["variance"].sel(separation=[4, 16]), [17, 257], atol=0.5)
    assert means["entropy"].sel(separation=0) + 0.9 < means["entropy"].sel(separation=4)
    np.testing.assert_allclose(*means["entropy"].sel(separation=[4, 16]), atol=0.1)


def test_every_claim_gets_the_verdict_of_the_page():
    runs = (chapter.ONE_EVENT, chapter.OUTCOMES, chapter.ENTROPY_OR_VARIANCE)
    results = {experiment.name: experiment.run(progress=False) for experiment in runs}
    verdicts = {
        claim.id: claim.decide(results[claim.experiments[0].name]).verdict
        for claim in chapter.CLAIMS
    }
    assert verdicts == {
        "C-entropy-1": Verdict.DEPENDS,
        "C-entropy-2": Verdict.HOLDS,
        "C-entropy-3": Verdict.HOLDS,
        "C-entropy-4": Verdict.DEPENDS,
        "C-entropy-5": Verdict.FAILS,
    }
