"""Numbers in tables share their decimals and say no more than they know."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.tables import decimals, level_text, number, plain


@pytest.mark.parametrize(
    ("values", "widths", "expected"),
    [
        ([0.9123], [0.012], 3),
        ([0.9123], [0.12], 2),
        ([91.23], [12.0], 0),
        ([1234.5], [250.0], 0),
        ([0.5], [0.0], 4),
        ([250.0], [0.0], 1),
        ([0.0], [0.0], 0),
        ([math.nan], [math.nan], 0),
        ([1.0], [1e-17], 3),
        ([1e9], [1.0], None),
        ([1e-9], [1e-10], None),
        ([0.1, 0.2, math.inf], [0.01, math.inf, 0.03], 3),
    ],
)
def test_decimals_show_two_digits_of_the_uncertainty(values, widths, expected):
    assert decimals(values, widths) == expected


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (-0.001, 2, "0.00"),
        (-1.5, 1, "−1.5"),
        (math.inf, 1, "∞"),
        (-math.inf, 1, "−∞"),
        (math.nan, 1, "–"),
        (12345.6, None, "1.23e+04"),
    ],
)
def test_numbers_are_written_as_a_book_writes_them(value, places, text):
    assert number(value, places) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_a_written_number_is_the_rounded_number(value, places):
    text = number(value, places).replace("−", "-")
    assert float(text) == pytest.approx(value, abs=10.0**-places, rel=1e-15)


@pytest.mark.parametrize(
    ("level", "text"), [(0.1, "0.1"), (-3, "−3"), ("a-b", "a-b"), (True, "True"), (1e-7, "1e−07")]
)
def test_levels_are_written_short(level, text):
    assert level_text(level) == text


def test_plain_values_fit_strict_json():
    assert plain({"a": [math.nan, -math.inf, (1, "x")]}) == {"a": [None, "-Infinity", [1, "x"]]}
