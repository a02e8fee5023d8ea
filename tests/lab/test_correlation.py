"""Correlation of ranks: a law, an oracle, and what has no order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from dlbook.lab.correlation import rank_correlation

pairs = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=30)


@given(pairs)
def test_it_agrees_with_scipy_as_oracle_and_a_constant_has_no_order(values):
    x, y = np.array(values).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert rank_correlation(x, y) == 0
    else:
        assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y)[0])


@given(pairs)
def test_only_the_order_counts(values):
    x, y = np.array(values).T
    assert rank_correlation(x**3, y) == pytest.approx(rank_correlation(x, y))


def test_tables_are_read_row_by_row():
    table = np.arange(6).reshape(2, 3)
    assert rank_correlation(table, -table) == pytest.approx(-1)


def test_lists_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="Received: 2 and 3 numbers"):
        rank_correlation([1, 2], [1, 2, 3])
