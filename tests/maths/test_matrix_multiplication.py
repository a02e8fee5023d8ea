"""A matrix product is a table of dot products, and exists if the inner sides agree."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.claims import Verdict
from dlbook.maths import matrix_multiplication as chapter
from dlbook.maths.matrix_multiplication import (
    can_multiply,
    matrix_multiply,
    num_multiplications,
    product_shape,
)

sides = st.integers(1, 5)


@st.composite
def chains(draw, length: int = 2):
    """Draw matrices of whole numbers that fit one another."""
    sizes = [draw(sides) for _ in range(length + 1)]
    generator = np.random.default_rng(draw(st.integers(0, 1000)))
    return [generator.integers(-9, 10, size=shape) for shape in pairwise(sizes)]


# Laws


@given(chains())
def test_the_product_has_the_shape_of_the_rule(pair):
    a, b = pair
    assert matrix_multiply(a, b).shape == product_shape(a.shape, b.shape)


@given(chains(length=3))
def test_brackets_may_be_set_anywhere(three):
    a, b, c = three
    left = matrix_multiply(matrix_multiply(a, b), c)
    np.testing.assert_array_equal(left, matrix_multiply(a, matrix_multiply(b, c)))


@given(chains())
def test_the_identity_changes_nothing(pair):
    a, _ = pair
    np.testing.assert_array_equal(matrix_multiply(a, np.eye(a.shape[1])), a)
    np.testing.assert_array_equal(matrix_multiply(np.eye(a.shape[0]), a), a)


@given(chains())
def test_a_product_exists_exactly_when_numpy_makes_it(pair):
    a, b = pair
    assert can_multiply(a.shape, b.shape)
    wider = np.column_stack([a, a[:, :1]])
    assert not can_multiply(wider.shape, b.shape)
    with pytest.raises(ValueError, match="mismatch"):
        np.matmul(wider, b)


@given(st.lists(sides, min_size=3, max_size=6))
def test_a_chain_costs_the_same_from_either_end_when_it_is_turned_round(sizes):
    shapes = list(pairwise(sizes))
    turned = [shape[::-1] for shape in shapes[::-1]]
    left = num_multiplications(shapes, "from the left")
    assert left == num_multiplications(turned, "from the right")


# A case worked by hand


def test_the_numbers_of_the_page_worked_by_hand():
    assert matrix_multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]]).tolist() == [[2, 1], [4, 3]]
    assert matrix_multiply([[3, 1, -2]], [[1], [1], [2]]).tolist() == [[0]]
    assert product_shape((5, 3), (3, 7)) == (5, 7)
    assert num_multiplications([(1, 784), (784, 64), (64, 10)]) == 50_816
    chain = [(2, 3), (3, 4), (4, 5)]
    assert num_multiplications(chain) == 2 * 3 * 4 + 2 * 4 * 5
    assert num_multiplications(chain, "from the right") == 3 * 4 * 5 + 2 * 3 * 5


# Independent oracles


@given(chains())
def test_agrees_with_numpy(pair):
    np.testing.assert_array_equal(matrix_multiply(*pair), pair[0] @ pair[1])


def test_agrees_with_keras():
    import keras
    from keras import ops

    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    layer = keras.layers.Dense(5, bias_initializer="ones")
    found = np.array(layer(x))
    kernel = layer.get_weights()[0]
    np.testing.assert_allclose(found, matrix_multiply(x, kernel) + 1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        matrix_multiply(x, kernel), np.array(ops.matmul(x, kernel)), rtol=1e-5, atol=1e-6
    )


# Errors


def test_inner_sides_that_differ_are_named():
    with pytest.raises(ValueError, match=r"`shape_b` must have as many rows .*4. Received: \(3, 4"):
        product_shape((3, 4), (2, 3))
    with pytest.raises(ValueError, match=r"`shape_b` must have as many rows .*2. Received: "):
        matrix_multiply([[1, 2]], [[1, 2]])


@pytest.mark.parametrize("shape", [(3,), (1, 2, 3), (0, 2), (1.5, 2)])
def test_what_is_no_shape_of_a_matrix_is_refused(shape):
    with pytest.raises(ValueError, match=r"`shape_a` must be two whole numbers .* Received: "):
        can_multiply(shape, (1, 1))


def test_a_chain_needs_two_matrices_that_fit_and_a_known_order():
    with pytest.raises(ValueError, match=r"`shapes` must hold two shapes or more. Received: "):
        num_multiplications([(1, 2)])
    with pytest.raises(ValueError, match=r"`order` must be .* Received: 'left'"):
        num_multiplications([(1, 2), (2, 3)], "left")
    with pytest.raises(ValueError, match=r"`shape_b` must have as many rows .* Received: "):
        num_multiplications([(1, 2), (2, 3), (2, 3)])


# The claims of the experiments


def test_as_many_pairs_are_valid_and_saved_as_the_page_says():
    validity = chapter.VALIDITY.run(progress=False)
    invalid, saved = chapter.rescued(validity)
    single = validity["valid"].sel(remedy=["transpose_right", "transpose_left"]).isel(seed=0)
    assert invalid.size - int(invalid.sum()) == 64
    assert int(saved.sum()) == 108
    assert int((invalid & (single > 0).any("remedy")).sum()) == 84


def test_every_claim_gets_the_verdict_of_the_page():
    results = {
        "validity": chapter.VALIDITY.run(progress=False),
        "commute": chapter.COMMUTE.run(progress=False),
    }
    assert float(results["commute"]["commutes"].sel(size=1).min()) == 1
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.DEPENDS, Verdict.FAILS]


def test_both_orders_give_the_same_result_for_other_work():
    order = chapter.ORDER.run(independent={"size": (8, 32)}, progress=False).isel(seed=0)
    counts = order["multiplications"]
    assert counts.sel(order="from the left").values.tolist() == [576, 33_792]
    assert counts.sel(order="from the right").values.tolist() == [128, 2048]
    assert float(order["relative_error"].max()) < 1e-12
