"""Rows are cut so that every row is used, and every part has the class shares of the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook.lab.splits import folds, split

labels = st.lists(st.integers(10, 30), min_size=2, max_size=4).map(
    lambda counts: np.repeat(np.arange(len(counts)), counts)
)
seeds = st.integers(0, 1000)


@settings(max_examples=30)
@given(labels, seeds)
def test_parts_hold_every_row_once_and_keep_the_class_shares(classes, seed):
    parts = split(classes, (0.6, 0.2, 0.2), seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(classes)))
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        expected = share * np.bincount(classes)
        assert abs(np.bincount(classes[part], minlength=len(expected)) - expected).max() < 2


@settings(max_examples=30)
@given(labels, st.integers(2, 10), seeds)
def test_every_row_is_held_out_once_and_never_trained_on_then(classes, num_folds, seed):
    pairs = folds(classes, num_folds, seed)
    held_out = np.concatenate([test for _, test in pairs])
    np.testing.assert_array_equal(np.sort(held_out), np.arange(len(classes)))
    for train, test in pairs:
        assert not set(train) & set(test)
        assert len(train) + len(test) == len(classes)
        counts = np.bincount(classes[test], minlength=classes.max() + 1)
        assert abs(counts - np.bincount(classes) / num_folds).max() < 1


def test_a_seed_makes_the_split_and_another_seed_another_one():
    classes = np.arange(60) % 3
    for cut in (
        lambda seed: split(classes, seed=seed)[2],
        lambda seed: folds(classes, 5, seed)[0][1],
    ):
        np.testing.assert_array_equal(cut(1), cut(1))
        assert set(cut(1)) != set(cut(2))


@pytest.mark.parametrize("shares", [(0.5, 0.4), (1.2, -0.2)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match=r"`shares` must be above 0 and sum to 1. Received: \("):
        split([0, 1] * 20, shares)


@pytest.mark.parametrize("num_folds", [1, 21])
def test_folds_without_a_row_of_each_class_are_refused(num_folds):
    with pytest.raises(
        ValueError, match=rf"`num_folds` must be from 2 to 20.*Received: {num_folds}"
    ):
        folds([0, 1] * 20, num_folds)
