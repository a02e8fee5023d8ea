"""The checks turn bad input into one clear error."""

import re

import numpy as np
import pytest

from dlbook.lab.checks import numbers, positive


def test_numbers_returns_an_array_of_floats():
    array = numbers([[1, 2], [3, 4]], "inputs", rank=2)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("values", "rank", "message"),
    [
        (1.0, None, "`inputs` must have one axis or more. Received: shape ()"),
        ([1.0], 2, "`inputs` must have 2 axes. Received: shape (1,)"),
        ([[1.0]], 1, "`inputs` must have 1 axis. Received: shape (1, 1)"),
        ([], None, "`inputs` must not be empty. Received: shape (0,)"),
        ([np.nan], None, "`inputs` must hold finite numbers only. Received: [nan]"),
    ],
)
def test_numbers_names_the_argument_the_rule_and_what_was_received(values, rank, message):
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        numbers(values, "inputs", rank=rank)


def test_positive_accepts_only_one_finite_number_above_zero():
    assert positive(3, "rate") == 3.0
    for value in (0, -1, np.inf, np.nan):
        with pytest.raises(ValueError, match=r"`rate` must be a finite number above 0"):
            positive(value, "rate")
    with pytest.raises(TypeError, match=r"`rate` must be one number. Received: 'fast'"):
        positive("fast", "rate")
