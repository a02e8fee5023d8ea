"""Argmax finds the place of the best value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict
from dlbook.maths import argmax as chapter
from dlbook.maths.argmax import argmax, argmin, largest, predicted_class
from dlbook.maths.softmax import softmax

rows = arrays(float, st.integers(1, 12), elements=st.integers(-5, 5).map(float))
tables = arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(-9, 9))


# Laws


@given(rows)
def test_the_maximum_stands_at_argmax_and_nowhere_before(row):
    place = argmax(row)
    assert row[place] == row.max()
    assert np.all(row[:place] < row[place])


@given(rows)
def test_the_minimum_stands_at_argmin_and_nowhere_before(row):
    place = argmin(row)
    assert row[place] == row.min()
    assert np.all(row[:place] > row[place])


@given(rows, st.integers(-3, 3), st.floats(0.5, 4))
def test_moving_and_stretching_all_values_moves_no_place(row, shift, factor):
    assert argmax(factor * row + shift) == argmax(row)


@given(rows, st.data())
def test_the_largest_are_at_least_as_large_as_all_others(row, data):
    count = data.draw(st.integers(1, len(row)))
    places = largest(row, count)
    others = np.delete(row, places)
    assert len(set(places)) == count
    assert np.all(np.diff(row[places]) <= 0)
    assert others.size == 0 or row[places].min() >= others.max()
    assert places[0] == argmax(row)


@given(arrays(float, (4, 5), elements=st.integers(-20, 20).map(float)))
def test_softmax_does_not_change_the_winner(logits):
    np.testing.assert_array_equal(predicted_class(softmax(logits)), predicted_class(logits))


# A case worked by hand


def test_the_lists_of_the_page_have_the_places_found_by_hand():
    table = [[0, 1, 10], [20, 8, 5]]
    assert (argmax([1, 40, 2, -3]), argmin([1, 40, 2, -3])) == (1, 3)
    assert argmax([5, 9, 9]) == 1
    assert [argmin(row) for row in table] == [0, 2]
    assert [argmin(column) for column in np.transpose(table)] == [0, 0, 1]
    assert [argmax(column) for column in np.transpose(table)] == [1, 1, 0]
    assert (argmin(np.ravel(table)), argmax(np.ravel(table))) == (0, 3)
    np.testing.assert_array_equal(predicted_class(table), [2, 0])
    np.testing.assert_array_equal(largest([1, 40, 2, -3], 3), [1, 2, 0])


# Independent oracles


@given(rows)
def test_agrees_with_numpy(row):
    assert (argmax(row), argmin(row)) == (np.argmax(row), np.argmin(row))


@given(tables)
def test_the_class_of_a_batch_is_the_argmax_of_every_row(table):
    np.testing.assert_array_equal(predicted_class(table), [argmax(row) for row in table])


def test_agrees_with_keras():
    from keras import ops

    table = np.random.default_rng(0).normal(size=(20, 7))
    np.testing.assert_array_equal(predicted_class(table), np.array(ops.argmax(table, axis=-1)))
    _, expected = np.array(ops.top_k(table, k=3))
    np.testing.assert_array_equal([largest(row, 3) for row in table], expected)


# Errors


@pytest.mark.parametrize("function", [argmax, argmin])
@pytest.mark.parametrize(
    ("values", "message"), [([], "empty"), ([[1, 2]], "1 axis"), ([1, np.nan], "finite")]
)
def test_bad_lists_are_refused(function, values, message):
    with pytest.raises(ValueError, match=rf"`values`.*{message}.*Received: "):
        function(values)


@pytest.mark.parametrize("count", [0, -1, 4])
def test_more_places_than_values_are_refused(count):
    with pytest.raises(ValueError, match=r"`count` must lie from 1 to 3. Received: "):
        largest([1, 2, 3], count)


def test_a_single_list_is_no_batch():
    with pytest.raises(ValueError, match=r"`probabilities` must have 2 axes. Received: "):
        predicted_class([0.2, 0.8])


# The claims of the experiments


def test_every_claim_gets_the_verdict_and_the_scores_of_the_page():
    results = {one.name: one.run(progress=False) for one in (chapter.PLACES, chapter.BEST_OF_MANY)}
    means = results["best_of_many"].mean("seed")
    expected = {1: 0, 2: 0.564, 5: 1.163, 10: 1.539, 50: 2.249, 100: 2.508}
    scores = means["best_score"].sel(num_models=list(expected))
    np.testing.assert_allclose(scores, list(expected.values()), atol=0.06)
    np.testing.assert_allclose(means["score_again"], 0, atol=0.08)
    verdicts = {
        claim.id: claim.decide(results[claim.experiments[0].name]).verdict
        for claim in chapter.CLAIMS
    }
    assert verdicts == {
        "C-argmax-1": Verdict.HOLDS,
        "C-argmax-2": Verdict.HOLDS,
        "C-argmax-3": Verdict.FAILS,
    }
