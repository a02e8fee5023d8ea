"""Regularization makes it harder to learn examples by heart."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.generalization import regularization as chapter
from dlbook.generalization.regularization import roughness, some_digits, sparsity
from dlbook.lab.augment import shift
from dlbook.lab.regularized import dropout_mlp

seeds = st.integers(0, 1000)

# Laws


@given(seeds, st.floats(-5, 5), st.floats(-5, 5))
def test_a_straight_line_added_to_a_curve_changes_no_roughness(seed, slope, start):
    heights = np.random.default_rng(seed).normal(size=9)
    line = start + slope * np.arange(9)
    assert roughness(heights + line, 1) == pytest.approx(roughness(heights, 1))
    assert roughness(line, 1) == pytest.approx(0, abs=1e-12)


@given(seeds, st.floats(0.1, 10))
def test_roughness_grows_with_the_square_of_the_height(seed, factor):
    heights = np.random.default_rng(seed).normal(size=9)
    assert roughness(factor * heights, 1) == pytest.approx(factor**2 * roughness(heights, 1))


@given(seeds, st.integers(-1, 1), st.integers(-1, 1))
def test_what_is_moved_back_is_the_same_inside(seed, right, down):
    images = np.random.default_rng(seed).uniform(size=(2, 64))
    there = shift(images, [down] * 2, [right] * 2)
    back = shift(there, [-down] * 2, [-right] * 2).reshape(2, 8, 8)
    np.testing.assert_array_equal(back[:, 1:-1, 1:-1], images.reshape(2, 8, 8)[:, 1:-1, 1:-1])
    assert there.sum() <= images.sum() + 1e-9


@given(seeds)
def test_regularizers_share_digits_and_shifts_keep_the_originals(seed):
    plain, moved = (some_digits(seed % 5, chapter.FEW, name) for name in ("none", "shifts"))
    assert plain.x_train.shape == moved.x_train.shape == (chapter.ROWS, 64)
    np.testing.assert_array_equal(plain.x_train[: chapter.FEW], moved.x_train[: chapter.FEW])
    np.testing.assert_array_equal(plain.y_train, moved.y_train)
    np.testing.assert_array_equal(plain.x_test, moved.x_test)
    assert not np.array_equal(plain.x_train, moved.x_train)


# A case worked by hand


def test_a_parabola_bends_everywhere_alike():
    assert float(roughness([0, 1, 4, 9], 1)) == 4
    assert float(roughness([0, 0.25, 1], 0.5)) == pytest.approx(4)


def test_three_of_four_activations_are_off():
    assert sparsity([[0.0, 2.0], [0.0, 0.0]]) == 0.75


# Independent oracles


def test_roughness_is_the_squared_second_derivative_of_a_fine_sine():
    x = np.linspace(0, 1, 2001)
    measured = roughness(np.sin(2 * np.pi * x), x[1])
    assert measured == pytest.approx((2 * np.pi) ** 4 / 2, rel=0.01)


def test_the_curve_from_weights_is_that_of_the_keras_model():
    model = dropout_mlp((1, 16, 1), 0)
    expected = np.asarray(model(np.float32(4 * chapter.GRID[:, None] - 2))).ravel()
    np.testing.assert_allclose(chapter.curve_of(model), expected, atol=1e-5)


# Errors


def test_two_places_have_no_bend():
    with pytest.raises(ValueError, match=r"`heights` must hold three places.*Received: shape \(2,"):
        roughness([1, 2], 1)


def test_a_spacing_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"`spacing` must be above 0. Received: 0"):
        roughness([1, 2, 3], 0)


# The claims of the experiments


def test_a_large_network_learns_few_digits_by_heart_and_many_well():
    levels = {"network": (chapter.SMALL,), "regularizer": ("none", "L2")}
    results = chapter.THREE_TYPES.run(seeds=5, independent=levels, progress=False)
    none = results.sel(network=chapter.SMALL, regularizer="none").mean("seed")
    assert float(none["train_accuracy"].sel(num_examples=chapter.FEW)) > 0.97
    assert float(none["test_accuracy"].sel(num_examples=chapter.MANY)) >= 0.93
    gap = none["train_accuracy"] - none["test_accuracy"]
    assert float(gap.sel(num_examples=chapter.FEW) - gap.sel(num_examples=chapter.MANY)) > 0.03
    largest = results["largest_weight"].mean("seed")
    change = largest.sel(regularizer="L2") - largest.sel(regularizer="none")
    assert float(change.max()) < 0
    assert results.attrs["engine"] == "stacked"
    assert [claim.id for claim in chapter.CLAIMS] == [
        f"C-regularization-{number}" for number in range(1, 8)
    ]


def test_penalties_make_curves_smoother():
    levels = {"regularizer": ("none", "L2")}
    results = chapter.SMOOTHNESS.run(seeds=8, independent=levels, progress=False)
    power: Any = np.log10(results["roughness"])
    power = power.mean("seed")
    assert float(power.sel(regularizer="L2") - power.sel(regularizer="none")) < 0


def test_far_too_strong_means_chance_and_no_gap():
    results = chapter.TOO_MUCH.run(seeds=3, independent={"times": (100,)}, progress=False)
    assert float(results["test_accuracy"].max()) < 0.3
    assert float(abs(results["train_accuracy"] - results["test_accuracy"]).max()) < 0.1
