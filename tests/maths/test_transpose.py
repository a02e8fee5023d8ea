"""Rows become columns; a reshape does something else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlbook.lab.claims import Verdict
from dlbook.maths import transpose as chapter
from dlbook.maths.transpose import column, is_symmetric, row, transpose

matrices = arrays("int64", array_shapes(min_dims=2, max_dims=2, max_side=6))


# Laws


@given(matrices)
def test_the_first_row_becomes_the_first_column_and_so_on(matrix):
    turned = transpose(matrix)
    assert turned.shape == matrix.shape[::-1]
    for place in range(len(matrix)):
        np.testing.assert_array_equal(turned[:, place], matrix[place])


@given(matrices)
def test_transposing_twice_gives_the_original(matrix):
    np.testing.assert_array_equal(transpose(transpose(matrix)), matrix)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(0, 100))
def test_the_transpose_of_a_product_reverses_the_order(rows, inner, columns, seed):
    generator = np.random.default_rng(seed)
    a = generator.integers(-9, 10, size=(rows, inner))
    b = generator.integers(-9, 10, size=(inner, columns))
    np.testing.assert_array_equal(transpose(a @ b), transpose(b) @ transpose(a))


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6))
def test_a_column_is_the_transpose_of_a_row(vector):
    np.testing.assert_array_equal(transpose(row(vector)), column(vector))
    assert column(vector).shape == (len(vector), 1)


@given(st.integers(1, 12), st.integers(1, 12))
def test_as_many_elements_stay_in_place_as_the_law_says(rows, columns):
    found = chapter.measure_places(0, rows, columns)
    assert found["elements_in_place"] == math.gcd(rows - 1, columns - 1) + 1


# A case worked by hand


def test_the_matrix_of_the_page_turned_by_hand():
    expected = [[1, 5], [2, 6], [3, 7], [4, 8]]
    assert transpose([[1, 2, 3, 4], [5, 6, 7, 8]]).tolist() == expected
    assert transpose([["a", "b"]]).tolist() == [["a"], ["b"]]
    bands = {(2, 4): 2, (3, 5): 3, (4, 7): 4, (3, 3): 3}
    for shape, expected in bands.items():
        assert chapter.measure_places(0, *shape)["elements_in_place"] == expected


def test_what_is_its_own_mirror_image_is_symmetric():
    assert is_symmetric([[0, 3], [3, 1]])
    assert not is_symmetric([[0, 3], [2, 1]])
    assert not is_symmetric([[1, 1]])
    assert is_symmetric([[1, 2], [2.001, 1]], tolerance=0.01)


# Independent oracles


@given(matrices)
def test_agrees_with_numpy(matrix):
    turned = transpose(matrix)
    np.testing.assert_array_equal(turned, matrix.T)
    assert turned.dtype == matrix.dtype


def test_agrees_with_keras():
    from keras import ops

    matrix = np.arange(6, dtype="float32").reshape(2, 3)
    np.testing.assert_array_equal(transpose(matrix), np.array(ops.transpose(matrix)))
    picture = np.arange(24.0).reshape(3, 2, 4)
    last = np.array(ops.transpose(picture, (1, 2, 0)))
    np.testing.assert_array_equal(last[..., 1], picture[1])


def test_the_transpose_is_a_copy():
    matrix = np.zeros((2, 2))
    transpose(matrix)[0, 1] = 99
    assert not matrix.any()


# Errors


def test_only_matrices_are_transposed():
    with pytest.raises(ValueError, match=r"`matrix` must have two axes.* Received: shape \(3,\)"):
        transpose([1, 2, 3])
    with pytest.raises(
        ValueError, match=r"`matrix` must have two axes.* Received: shape \(1, 1, 1"
    ):
        is_symmetric([[[1]]])


@pytest.mark.parametrize("function", [row, column])
def test_only_lists_become_rows_and_columns(function):
    with pytest.raises(ValueError, match=r"`vector` must have one axis. Received: shape \(1, 2\)"):
        function([[1, 2]])


# The claims of the experiments


def test_every_claim_gets_the_verdict_of_the_page():
    results = {
        "transpose_or_reshape": chapter.TRANSPOSE_OR_RESHAPE.run(progress=False),
        "laws": chapter.LAWS.run(progress=False),
    }
    shares = results["transpose_or_reshape"]["share_in_place"].isel(seed=0)
    assert float(shares.sel(rows=2, columns=2)) == 0.5
    assert float(shares.sel(rows=slice(2, None), columns=slice(2, None)).max()) == 0.5
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.DEPENDS, Verdict.HOLDS]
