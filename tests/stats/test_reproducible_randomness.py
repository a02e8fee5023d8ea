"""A seed makes a run repeatable; only many seeds tell what is luck."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.claims import judge
from dlbook.stats import reproducible_randomness as chapter
from dlbook.stats.reproducible_randomness import (
    draw_numbers,
    points_of,
    same,
    start_at,
    weights_of_seed,
)

seeds = st.integers(0, 2**31)


# Laws


@given(seeds, st.integers(1, 50))
def test_equal_seeds_give_equal_numbers(seed, count):
    assert same(draw_numbers(seed, count), draw_numbers(seed, count))


@given(seeds, st.integers(1, 20), st.integers(1, 20))
def test_a_longer_row_begins_with_the_shorter_one(seed, few, more):
    assert same(draw_numbers(seed, few + more)[:few], draw_numbers(seed, few))


@given(seeds)
def test_the_next_seed_gives_other_numbers(seed):
    assert not same(draw_numbers(seed, 5), draw_numbers(seed + 1, 5))


def test_no_seed_gives_other_numbers_each_time():
    assert not same(draw_numbers(None, 5), draw_numbers(None, 5))
    assert not same(weights_of_seed(None), weights_of_seed(None))


def test_same_means_equal_to_the_last_bit_and_in_shape():
    assert same([1.0, np.nan], [1.0, np.nan])
    assert not same([1.0], [1.0 + 2**-52])
    assert not same([1.0, 1.0], [[1.0, 1.0]])


# A case worked by hand


def test_the_numbers_of_the_course():
    old = np.random.RandomState(17).randn(5)
    np.testing.assert_allclose(old[:3], [0.27627, -1.85463, 0.62390], atol=1e-5)
    np.testing.assert_allclose(draw_numbers(17, 5)[:2], [1.10126, 0.33843], atol=1e-5)


# Independent oracles


def test_the_weights_are_those_of_a_model_that_keras_builds():
    import keras

    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, "relu"), keras.layers.Dense(1)]
    )
    kernels = [model.get_weights()[place].ravel() for place in (0, 2)]
    assert same(weights_of_seed(3), np.concatenate(kernels))


def test_a_start_belongs_to_its_number_whatever_was_drawn_before():
    import keras

    first = start_at(4).get_weights()
    keras.random.normal((3,))
    assert all(same(a, b) for a, b in zip(first, start_at(4).get_weights(), strict=True))
    assert not same(first[0], start_at(5).get_weights()[0])


def test_both_layers_of_a_start_have_draws_of_their_own():
    starts = [start_at(start).get_weights() for start in range(30)]
    first = [weights[0][0, 0] for weights in starts]
    last = [weights[2][0, 0] for weights in starts]
    assert abs(np.corrcoef(first, last)[0, 1]) < 0.6


# Errors


@pytest.mark.parametrize("seed", [-1, 1.5, "one"])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(ValueError, match=r"seed must be a whole number, 0 or more. Received: "):
        draw_numbers(seed, 3)
    with pytest.raises(ValueError, match=r"seed must be a whole number, 0 or more. Received: "):
        weights_of_seed(seed)


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match=r"count must be .*Received: 0"):
        draw_numbers(1, 0)


# The claims of the experiments


@pytest.fixture(scope="module")
def luck():
    return chapter.WHERE_LUCK_COMES_FROM.run(
        independent={"start": range(12)}, seeds=4, progress=False
    )


@pytest.fixture(scope="module")
def four():
    return chapter.FOUR_NETWORKS.run(progress=False)


@pytest.fixture(scope="module")
def twice():
    return chapter.TWICE.run(seeds=2, progress=False)


def test_only_the_two_networks_with_seed_1_are_equal(four):
    equal = four["equal"].isel(seed=0).values
    expected = np.eye(4)
    expected[0, 3] = expected[3, 0] = 1
    np.testing.assert_array_equal(equal, expected)


def test_a_training_run_twice_is_the_same_run(twice):
    first, second = (twice.sel(repeat=name) for name in twice["repeat"].values)
    assert all(same(first[name].values, second[name].values) for name in twice.data_vars)
    assert not same(first["loss"].sel(seed=0).values, first["loss"].sel(seed=1).values)


def test_starts_differ_more_than_data_sets(luck):
    accuracy = luck["test_accuracy"]
    assert 0.6 < accuracy.mean() < 0.9
    assert accuracy.std("start").mean() > 3 * accuracy.std("seed").mean()
    assert (accuracy.max("start") - accuracy.min("start")).min() > 0.4


def test_a_start_that_is_turned_to_the_right_cloud_does_better(luck):
    points = points_of(0)
    right = points.x_train[points.y_train.ravel() == 1]
    speaks = np.array(
        [(right @ start_at(start).get_weights()[0] > 0).mean() > 0.5 for start in range(12)]
    )
    mean = luck["test_accuracy"].mean("seed").values
    assert mean[speaks].mean() > mean[~speaks].mean() + 0.1


def test_the_claims_get_the_verdicts_of_the_page(four, twice, luck):
    verdicts = [str(one.verdict) for one in judge(chapter.CLAIMS, four, twice, luck)]
    assert verdicts == ["holds", "fails", "fails"]
