"""The dot product says what two vectors have in common, and how long they are."""

import math

import numpy as np
import pytest
import scipy.spatial.distance
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab import datasets
from dlbook.lab.claims import Verdict
from dlbook.maths import dot_product as chapter
from dlbook.maths.dot_product import cosine_similarity, dot, frobenius_product, norm, similarities

pairs = st.integers(1, 8).flatmap(
    lambda size: arrays(float, (2, size), elements=st.integers(-50, 50).map(float))
)


# Laws


@given(pairs, st.integers(-5, 5))
def test_the_order_plays_no_role_and_factors_move_out(pair, factor):
    a, b = pair
    assert dot(a, b) == dot(b, a)
    assert dot(factor * a, b) == factor * dot(a, b)


@given(pairs)
def test_the_dot_product_never_exceeds_the_product_of_lengths(pair):
    a, b = pair
    assert abs(dot(a, b)) <= norm(a) * norm(b) + 1e-9


@given(pairs)
def test_lengths_follow_from_the_dot_product(pair):
    a, b = pair
    assert norm(a - b) ** 2 == pytest.approx(norm(a) ** 2 + norm(b) ** 2 - 2 * dot(a, b))


@given(pairs, st.floats(0.01, 100))
def test_length_plays_no_role_for_the_cosine(pair, factor):
    a, b = pair
    assume(a.any() and b.any())
    assert cosine_similarity(factor * a, b) == pytest.approx(cosine_similarity(a, b), abs=1e-12)
    assert -1 <= cosine_similarity(a, b) <= 1
    assert cosine_similarity(a, -factor * a) == pytest.approx(-1)


# A case worked by hand


def test_the_vectors_of_the_page_have_the_products_found_by_hand():
    assert dot([1, 2, 3, 4], [0, 1, 0, -1]) == -2
    assert dot([3, 1, -2], [2, 1, 0]) == 7
    assert dot([2, 1], [1, -2]) == 0
    assert norm([3, 4]) == 5
    assert cosine_similarity([1, 0], [1, 1]) == pytest.approx(math.sqrt(0.5))
    assert frobenius_product([[1, 2], [3, 4]], [[0, 1], [1, 0]]) == 5


# Independent oracles


@given(pairs)
def test_agrees_with_numpy_and_scipy(pair):
    a, b = pair
    assert dot(a, b) == np.dot(a, b)
    assert frobenius_product([a, b], [b, a]) == np.trace(np.array([a, b]).T @ np.array([b, a]))
    assume(a.any() and b.any())
    expected = 1 - scipy.spatial.distance.cosine(a, b)
    assert cosine_similarity(a, b) == pytest.approx(expected, abs=1e-12)


def test_agrees_with_keras():
    from keras import layers, losses, ops

    a, b = np.random.default_rng(0).normal(size=(2, 7)).astype("float32")
    assert dot(a, b) == pytest.approx(np.array(ops.dot(a, b)), rel=1e-5)
    cosine = layers.Dot(axes=-1, normalize=True)([a[np.newaxis], b[np.newaxis]])
    assert cosine_similarity(a, b) == pytest.approx(np.array(cosine).item(), rel=1e-5)
    loss = losses.CosineSimilarity()(a[np.newaxis], b[np.newaxis])
    assert cosine_similarity(a, b) == pytest.approx(-np.array(loss), rel=1e-5)


def test_tables_of_similarities_agree_with_pairs():
    x, templates = np.random.default_rng(0).normal(size=(2, 3, 5))
    expected = {
        "dot": dot(x[1], templates[2]),
        "cosine": cosine_similarity(x[1], templates[2]),
        "correlation": np.corrcoef(x[1], templates[2])[0, 1],
        "negative distance": -(norm(x[1] - templates[2]) ** 2),
    }
    for name, value in expected.items():
        assert similarities(x, templates, name)[1, 2] == pytest.approx(value)


def test_the_nearest_template_is_that_of_scipy():
    data = datasets.digits(0, validation=0)
    distances = scipy.spatial.distance.cdist(data.x_test, chapter.digit_templates(data))
    expected = (distances.argmin(axis=1) == data.y_test).mean()
    assert chapter.measure_templates(0, "negative distance")["accuracy"] == expected


# Errors


@pytest.mark.parametrize("function", [dot, cosine_similarity])
def test_vectors_of_unequal_length_are_refused(function):
    with pytest.raises(ValueError, match=r"`b` must have the shape of `a`, \(3,\). Received: "):
        function([1, 2, 3], [1, 2])


def test_matrices_are_no_vectors_and_vectors_no_matrices():
    with pytest.raises(ValueError, match=r"`a` must have 1 axis. Received: "):
        dot([[1, 2]], [[1, 2]])
    with pytest.raises(ValueError, match=r"`a` must have 2 axes. Received: "):
        frobenius_product([1, 2], [1, 2])
    with pytest.raises(ValueError, match=r"`b` must have the shape of `a`, \(1, 2\). Received: "):
        frobenius_product([[1, 2]], [[1], [2]])


def test_a_vector_without_length_has_no_direction():
    with pytest.raises(ValueError, match=r"`a` and `b` must have a length above 0. Received: "):
        cosine_similarity([0, 0], [1, 2])


# The claims of the experiments


def test_every_claim_gets_the_verdict_and_the_numbers_of_the_page():
    runs = (chapter.ANGLE_AND_LENGTH, chapter.DIMENSION, chapter.TEMPLATES)
    results = {one.name: one.run(progress=False) for one in runs}
    accuracy = results["templates"]["accuracy"].mean("seed")
    assert 0.87 < accuracy.sel(similarity="dot") < 0.91
    assert 0.88 < accuracy.sel(similarity="cosine") < 0.92
    deviations = results["dimension"]["cosine"].std("seed")
    np.testing.assert_allclose(deviations, 1 / np.sqrt(deviations["dimension"]), rtol=0.1)
    np.testing.assert_allclose(results["angle_and_length"]["cosine"].sel(angle=60), 0.5)
    verdicts = {
        claim.id: claim.decide(results[claim.experiments[0].name]).verdict
        for claim in chapter.CLAIMS
    }
    assert verdicts == {
        "C-dot_product-1": Verdict.DEPENDS,
        "C-dot_product-2": Verdict.HOLDS,
        "C-dot_product-3": Verdict.HOLDS,
    }
