"""Cross-entropy is the surprise of a model in a world that it does not decide."""

import math

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict
from dlbook.maths import cross_entropy as chapter
from dlbook.maths.cross_entropy import (
    cross_entropy,
    double_softmax_floor,
    kl_divergence,
    label_cross_entropy,
)
from dlbook.maths.entropy import entropy
from dlbook.maths.softmax import softmax

pairs = st.tuples(st.integers(1, 4), st.integers(1, 6)).flatmap(
    lambda shape: arrays(float, (2, *shape), elements=st.floats(-15, 15)).map(softmax)
)


# Laws


@given(pairs)
def test_no_model_passes_the_entropy_of_the_truth(pair):
    p, q = pair
    assert np.all(cross_entropy(p, q) >= entropy(p, base=math.e) - 1e-12)
    np.testing.assert_allclose(cross_entropy(p, p), entropy(p, base=math.e), atol=1e-12)


@given(pairs)
def test_cross_entropy_is_the_entropy_of_the_world_and_the_part_of_the_model(pair):
    p, q = pair
    parts = entropy(p, base=2) + kl_divergence(p, q, base=2)
    np.testing.assert_allclose(cross_entropy(p, q, base=2), parts, atol=1e-9)


@given(pairs, st.data())
def test_for_a_certain_truth_only_the_share_of_the_true_class_counts(pair, data):
    q = pair[0]
    rows, num_classes = q.shape
    labels = np.array(
        data.draw(st.lists(st.integers(0, num_classes - 1), min_size=rows, max_size=rows))
    )
    one_hot = np.eye(num_classes)[labels]
    np.testing.assert_allclose(label_cross_entropy(labels, q), cross_entropy(one_hot, q))


@given(pairs)
def test_the_base_only_sets_the_unit(pair):
    p, q = pair
    np.testing.assert_allclose(
        cross_entropy(p, q, base=2) * math.log(2), cross_entropy(p, q), rtol=1e-9
    )


@given(st.integers(2, 100), st.floats(0, 1))
def test_no_shares_pass_the_floor_of_a_double_softmax(num_classes, share):
    shares = np.full(num_classes, (1 - share) / (num_classes - 1))
    shares[0] = share
    loss = label_cross_entropy(0, softmax(shares))
    assert loss >= double_softmax_floor(num_classes) - 1e-12


# A case worked by hand


def test_the_waiter_of_the_page_asks_the_questions_counted_by_hand():
    guests, waiter = [1 / 2, 1 / 4, 1 / 8, 1 / 8], [1 / 8, 1 / 8, 1 / 4, 1 / 2]
    assert cross_entropy(guests, waiter, base=2) == pytest.approx(2.625)
    assert kl_divergence(guests, waiter, base=2) == pytest.approx(0.875)
    assert cross_entropy([1, 0], [0.25, 0.75]) == pytest.approx(1.386, abs=5e-4)
    assert label_cross_entropy(3, np.full(10, 0.1)) == pytest.approx(2.303, abs=5e-4)


def test_the_impossible_costs_infinitely_much_if_it_happens_and_nothing_if_not():
    assert cross_entropy([1, 0], [0, 1]) == math.inf
    assert cross_entropy([1, 0], [1, 0]) == 0
    assert label_cross_entropy(0, [0, 1]) == math.inf


@pytest.mark.parametrize(("num_classes", "floor"), [(10, 1.461), (3, 0.551), (2, 0.313)])
def test_the_floors_of_a_double_softmax_are_those_of_the_page(num_classes, floor):
    assert double_softmax_floor(num_classes) == pytest.approx(floor, abs=1e-3)


# Independent oracles


@given(pairs)
def test_the_divergence_agrees_with_scipy(pair):
    p, q = pair
    expected = scipy.special.rel_entr(p, q).sum(axis=-1)
    np.testing.assert_allclose(kl_divergence(p, q), expected, atol=1e-9)


def test_agrees_with_the_losses_of_keras():
    from keras import losses

    generator = np.random.default_rng(0)
    p, q = softmax(generator.normal(size=(2, 50, 7)))
    labels = generator.integers(7, size=50)
    expected = [
        np.array(losses.CategoricalCrossentropy(reduction="none")(p, q)),
        np.array(losses.SparseCategoricalCrossentropy(reduction="none")(labels, q)),
        np.array(losses.KLDivergence(reduction="none")(p, q)),
    ]
    np.testing.assert_allclose(cross_entropy(p, q), expected[0], rtol=1e-5)
    np.testing.assert_allclose(label_cross_entropy(labels, q), expected[1], rtol=1e-5)
    np.testing.assert_allclose(kl_divergence(p, q), expected[2], rtol=1e-4)


def test_keras_has_the_floor_when_softmax_is_applied_twice():
    from keras import losses

    perfect = np.eye(10)
    loss = losses.CategoricalCrossentropy(from_logits=True)(perfect, perfect)
    assert np.array(loss) == pytest.approx(double_softmax_floor(10), abs=1e-5)


# Errors


def test_a_distribution_that_does_not_sum_to_one_is_refused_by_name():
    with pytest.raises(ValueError, match=r"`p` .*sum to 1.*Received: "):
        cross_entropy([1, 1], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"`q` .*sum to 1.*Received: "):
        cross_entropy([0.5, 0.5], [2, -1])


def test_distributions_of_different_size_are_refused():
    with pytest.raises(ValueError, match=r"`q` must have the shape of `p`, \(2,\).*Received: "):
        cross_entropy([0.5, 0.5], [1 / 3] * 3)


@pytest.mark.parametrize("label", [2, -1, 0.5, [0, 1], [[0]]])
def test_labels_that_are_not_one_class_per_row_are_refused(label):
    with pytest.raises(ValueError, match=r"`label` must hold one whole number from 0 to 1.*Recei"):
        label_cross_entropy(label, [0.5, 0.5])


def test_there_is_no_floor_without_classes():
    with pytest.raises(ValueError, match=r"`num_classes` must be 1 or more. Received: 0"):
        double_softmax_floor(0)


# The claims of the experiments


def test_the_best_guess_is_the_truth():
    values = chapter.GUESS.run(progress=False).isel(seed=0)
    for cost in ("cross_entropy", "squared_error"):
        best = values[cost].idxmin("guess")
        np.testing.assert_allclose(best, best["truth"], atol=0.0101)


def test_models_of_one_accuracy_differ_in_cross_entropy_as_on_the_page():
    means = chapter.SURE_OR_RIGHT.run(progress=False).mean("seed")
    np.testing.assert_allclose(means["accuracy"], 0.53, atol=0.02)
    costs = means["cross_entropy"]
    assert costs.sel(scale=1) == pytest.approx(1.337, abs=0.06)
    assert costs.sel(scale=0.1) == pytest.approx(2.08, abs=0.06)
    assert costs.sel(scale=4) == pytest.approx(2.74, abs=0.3)
    assert float(costs.idxmin("scale")) == 1


def test_every_claim_gets_the_verdict_of_the_page():
    runs = (chapter.GUESS, chapter.BOTH_WAYS, chapter.SURE_OR_RIGHT)
    results = {experiment.name: experiment.run(progress=False) for experiment in runs}
    verdicts = {
        claim.id: claim.decide(*(results[one.name] for one in claim.experiments)).verdict
        for claim in chapter.CLAIMS
    }
    assert verdicts == {
        "C-cross_entropy-1": Verdict.HOLDS,
        "C-cross_entropy-2": Verdict.FAILS,
        "C-cross_entropy-3": Verdict.DEPENDS,
    }
