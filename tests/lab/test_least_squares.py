"""Least squares finds what SciPy finds, and R² is that of scikit-learn."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.least_squares import r_squared, t_values


def problem(seed, rows=30):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, 1))
    return x, 2 + 3 * x[:, 0] + generator.normal(size=rows)


@given(st.integers(0, 1000))
def test_slope_and_t_are_those_of_scipy(seed):
    from scipy.stats import linregress

    x, y = problem(seed)
    coefficients, t = t_values(np.column_stack([np.ones(30), x]), y)
    found: Any = linregress(x[:, 0], y)
    np.testing.assert_allclose(coefficients, [found.intercept, found.slope])
    np.testing.assert_allclose(t[1], found.slope / found.stderr)


@given(st.integers(0, 1000))
def test_r_squared_is_that_of_scikit_learn(seed):
    from sklearn.metrics import r2_score

    x, y = problem(seed)
    assert r_squared(y, x) == pytest.approx(r2_score(y, x[:, 0]))


def test_a_column_twice_is_refused():
    x, y = problem(0)
    with pytest.raises(ValueError, match=r"`table` must have more rows.*Received: 30 rows, 2 col"):
        t_values(np.column_stack([x, x]), y)


def test_as_many_columns_as_rows_are_refused():
    with pytest.raises(ValueError, match=r"`table` must have more rows.*Received: 2 rows"):
        t_values(np.eye(2), [1.0, 2.0])
