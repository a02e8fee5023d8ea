"""Categories get a column each; a running number would invent an order."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.claims import Verdict
from dlbook.lab.least_squares import r_squared
from dlbook.maths import encoding as chapter
from dlbook.maths.encoding import decode, drop_first, dummy_code, encode, one_hot

CATEGORIES = ["egg", "ham", "jam", "tuna"]
labels = st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=20)


# Laws


@given(labels, st.permutations(CATEGORIES))
def test_what_was_coded_comes_back_in_any_order_of_the_columns(words, categories):
    assert decode(one_hot(words, categories), categories) == words


@given(labels, st.booleans())
def test_every_row_holds_exactly_one_one(words, unknown):
    matrix = one_hot(words, CATEGORIES, unknown=unknown)
    assert matrix.shape == (len(words), 4 + unknown)
    assert np.all((matrix == 0) | (matrix == 1))
    np.testing.assert_array_equal(matrix.sum(axis=1), 1)


@given(labels, st.sampled_from(CATEGORIES))
def test_dummy_code_is_one_column_of_the_one_hot_code(words, positive):
    column = one_hot(words, CATEGORIES)[:, CATEGORIES.index(positive)]
    np.testing.assert_array_equal(dummy_code(words, positive), column)


@given(labels)
def test_the_column_that_is_left_out_follows_from_the_others(words):
    matrix = one_hot(words, CATEGORIES)
    np.testing.assert_array_equal(1 - drop_first(matrix).sum(axis=1), matrix[:, 0])


# A case worked by hand


def test_the_codes_worked_by_hand():
    assert one_hot(["b", "a", "b"], ["a", "b"]).tolist() == [[0, 1], [1, 0], [0, 1]]
    assert one_hot(["x", "a"], ["a"], unknown=True).tolist() == [[1, 0], [0, 1]]
    assert dummy_code(["ham", "jam"], "jam").tolist() == [0, 1]
    assert decode([[0.2, 0.5, 0.3]], "abc") == ["b"]
    assert r_squared(np.array([1.0, 2, 3]), np.array([1.0, 2, 3])) == 1
    assert r_squared(np.array([1.0, 2, 3]), np.array([2.0, 2, 2])) == 0


# Independent oracles


@given(labels)
def test_agrees_with_scikit_learn(words):
    from sklearn.preprocessing import OneHotEncoder

    columns: Any = [CATEGORIES]
    encoder = OneHotEncoder(categories=columns, sparse_output=False)
    expected = encoder.fit_transform(np.array(words)[:, np.newaxis])
    np.testing.assert_array_equal(one_hot(words, CATEGORIES), expected)


def test_agrees_with_keras():
    import keras

    numbers = np.array([2, 0, 1, 2])
    expected = keras.utils.to_categorical(numbers, num_classes=4)
    np.testing.assert_array_equal(one_hot(numbers, range(4)), expected)
    lookup = keras.layers.StringLookup(vocabulary=CATEGORIES, output_mode="one_hot")
    words = ["jam", "cheese", "egg"]
    found = one_hot(words, CATEGORIES, unknown=True)
    np.testing.assert_array_equal(found, np.array(lookup(words)))


def test_least_squares_on_one_hot_columns_predicts_the_mean_of_each_category():
    numbers, targets = chapter.make_orders(0, num_categories=3)
    inputs = encode(numbers, 3, "one_hot")
    predicted = inputs @ np.linalg.lstsq(inputs, targets)[0]
    for place in range(3):
        np.testing.assert_allclose(predicted[numbers == place], targets[numbers == place].mean())


def test_r_squared_is_that_of_scikit_learn():
    from sklearn.metrics import r2_score

    truth, guess = np.random.default_rng(0).normal(size=(2, 50))
    assert r_squared(truth, guess) == pytest.approx(r2_score(truth, guess))


# Errors


def test_a_label_that_is_no_category_is_named():
    with pytest.raises(ValueError, match=r"`labels` must be among .*'egg'.* Received: 'cheese'"):
        one_hot(["ham", "cheese"], CATEGORIES)


def test_a_category_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"`categories` must name each .* Received: \['a', 'a'\]"):
        one_hot(["a"], ["a", "a"])


def test_a_matrix_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"`matrix` must have one column .*Received: shape \(1, 2"):
        decode([[0, 1]], CATEGORIES)
    with pytest.raises(ValueError, match=r"`matrix` must have 2 columns .*Received: shape \(2, 1"):
        drop_first([[1], [1]])


# The claims of the experiments


def test_every_claim_gets_the_verdict_and_the_numbers_of_the_page():
    results = {
        one.name: one.run(progress=False)
        for one in (chapter.INTEGER_OR_ONE_HOT, chapter.ROUND_TRIP)
    }
    median = results["integer_or_one_hot"]["r_squared"].median("seed")
    expected = {"integer": (0.66, 0.41, 0.22, 0.05), "one_hot": (0.66, 0.80, 0.88, 0.90)}
    for encoding, values in expected.items():
        np.testing.assert_allclose(median.sel(encoding=encoding), values, atol=0.12)
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.DEPENDS, Verdict.HOLDS]
