"""One thing is changed, everything is repeated, and the answer is known."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import NearestCentroid

from dlbook.lab import datasets
from dlbook.lab.claims import Verdict, judge
from dlbook.science import parametric_experiments as chapter
from dlbook.science.parametric_experiments import (
    best_accuracy,
    differences,
    estimate_centers,
    measure_accuracy,
    nearest_center,
)

clouds = arrays(float, (6, 2), elements=st.floats(-10, 10))


@pytest.fixture(scope="module")
def grid():
    return chapter.BLUR_AND_EXAMPLES.run(progress=False)


# Laws


@given(clouds, st.floats(-10, 10), st.floats(-10, 10))
def test_centers_move_with_the_points(points, right, up):
    labels = [0, 1, 0, 1, 0, 1]
    shift = np.array([right, up])
    moved = estimate_centers(points + shift, labels)
    np.testing.assert_allclose(moved, estimate_centers(points, labels) + shift, atol=1e-9)


@given(clouds)
def test_a_center_belongs_to_its_own_class(centers):
    own = nearest_center(centers, centers)
    np.testing.assert_allclose(centers[own], centers, atol=1e-100)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.1, 10))
def test_only_the_ratio_of_distance_and_blur_counts(blur, distance, factor):
    expected = best_accuracy(blur, distance)
    assert best_accuracy(factor * blur, factor * distance) == pytest.approx(expected)
    assert 0.5 < expected <= 1


@given(st.integers(0, 20), st.sampled_from([0.5, 2, 4]))
def test_a_trial_with_the_same_seed_gives_the_same_result(seed, blur):
    first, second = (measure_accuracy(seed, blur, num_examples=5) for _ in range(2))
    assert first == second


# A case worked by hand


def test_three_points_worked_by_hand():
    centers = estimate_centers([[0, 0], [2, 0], [5, 1]], [[0], [0], [1]])
    np.testing.assert_array_equal(centers, [[1, 0], [5, 1]])
    np.testing.assert_array_equal(nearest_center([[2, 0], [4, 0], [3, 0.5]], centers), [0, 1, 0])


# Independent oracles


def test_the_model_agrees_with_the_oracle_of_scikit_learn():
    data = datasets.clusters(3, blur=3)
    oracle = NearestCentroid().fit(data.x_train, data.y_train.ravel())
    centers = estimate_centers(data.x_train, data.y_train)
    np.testing.assert_allclose(centers, oracle.centroids_, rtol=1e-5)
    found = nearest_center(data.x_test, centers)
    np.testing.assert_array_equal(found, oracle.predict(data.x_test))


@pytest.mark.parametrize(("blur", "distance"), [(0.5, 4), (1, 4), (4, 4), (2, 1)])
def test_the_theory_agrees_with_scipy(blur, distance):
    expected = scipy.stats.norm.cdf(distance / (2 * blur))
    assert best_accuracy(blur, distance) == pytest.approx(expected, abs=1e-12)


# Errors


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 0], [1, 2, 1]])
def test_labels_that_do_not_fit_are_refused(labels):
    with pytest.raises(ValueError, match=r"`labels` must hold .*Received: "):
        estimate_centers([[0, 0], [1, 1], [2, 2]], labels)


def test_centers_of_other_features_are_refused():
    with pytest.raises(ValueError, match=r"`centers` must have 2 features.*Received: shape"):
        nearest_center([[0, 0]], [[1, 2, 3]])


@pytest.mark.parametrize(("name", "values"), [("blur", (0, 4)), ("distance", (1, -1))])
def test_a_blur_or_a_distance_that_is_not_above_zero_is_refused(name, values):
    with pytest.raises(ValueError, match=rf"`{name}` must be .*Received: "):
        best_accuracy(*values)


# The claims of the experiments


def test_accuracy_follows_the_theory():
    accuracy = chapter.BLUR.run(progress=False)["accuracy"].mean("seed")
    found = [accuracy.sel(blur=blur) for blur in (1, 2, 4)]
    np.testing.assert_allclose(found, [0.977, 0.841, 0.691], atol=0.015)


def test_two_examples_and_much_blur_are_hardly_better_than_guessing(grid):
    accuracy = grid["accuracy"].sel(num_examples=2, blur=4).mean("seed")
    assert 0.53 < accuracy < 0.66


def test_the_quick_run_shows_that_blur_hurts():
    accuracy = chapter.BLUR.quick()["accuracy"].mean("seed")
    assert accuracy.sel(blur=0.5) - accuracy.sel(blur=4) > 0.2


def test_equal_seeds_put_fewer_pairs_in_the_wrong_order(grid):
    same, other = differences(grid)
    assert same.shape == (20,)
    assert other.shape == (20, 19)
    assert (other <= 0).mean() > (same <= 0).mean() + 0.1
    assert other.mean() == pytest.approx(same.mean())


def test_the_confounded_experiment_turns_the_effect_of_examples_around(grid):
    accuracy = grid["accuracy"].mean("seed")
    steps = [(2, 1), (20, 2), (100, 4)]
    confounded = [accuracy.sel(num_examples=count, blur=blur) for count, blur in steps]
    assert np.all(np.diff(confounded) < -0.05)
    assert np.all(accuracy.sel(num_examples=100) >= accuracy.sel(num_examples=2) - 0.002)


def test_every_claim_gets_the_verdict_of_the_page(grid):
    ledger = judge(chapter.CLAIMS, chapter.BLUR.run(progress=False), grid)
    verdicts = [finding.verdict for finding in ledger]
    assert verdicts == [Verdict.HOLDS, Verdict.FAILS, Verdict.FAILS]


def test_every_figure_can_be_drawn(grid):
    blur = chapter.BLUR.quick()
    figures = [chapter.plot_anatomy(), chapter.plot_two_clouds(), chapter.plot_blur(blur)]
    figures += [chapter.plot_blur_and_examples(grid), chapter.plot_pairs(grid)]
    assert all("<svg" in figure.svg() for figure in figures)
