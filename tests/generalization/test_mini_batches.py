"""A batch trades noise against time; copies help if they are made after the split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.generalization import mini_batches as chapter
from dlbook.generalization.mini_batches import (
    augmented,
    batch_mean_of_means,
    batches,
    budgets,
    distance_to_origin,
    in_order,
    measure_noise,
    with_distance,
)
from dlbook.lab import datasets
from dlbook.lab.augment import add_noise, altered, mirror, shift
from dlbook.lab.claims import Verdict

seeds = st.integers(0, 1000)
sizes = st.integers(1, 12)

# Laws


@given(seeds, st.integers(1, 40), sizes)
def test_an_epoch_deals_out_every_example_once(seed, num_examples, batch_size):
    dealt = list(batches(num_examples, batch_size, np.random.default_rng(seed)))
    np.testing.assert_array_equal(np.sort(np.concatenate(dealt)), np.arange(num_examples))
    assert all(len(rows) == batch_size for rows in dealt[:-1])


@given(seeds, st.integers(1, 40), sizes)
def test_without_the_rest_all_batches_are_equally_large(seed, num_examples, batch_size):
    generator = np.random.default_rng(seed)
    dealt = list(batches(num_examples, batch_size, generator, drop_remainder=True))
    assert len(dealt) == num_examples // batch_size
    assert {len(rows) for rows in dealt} <= {batch_size}


@given(seeds, sizes, st.integers(1, 5))
def test_equal_batches_keep_the_mean(seed, batch_size, num_batches):
    losses = np.random.default_rng(seed).normal(size=batch_size * num_batches)
    assert batch_mean_of_means(losses, batch_size) == pytest.approx(losses.mean(), abs=1e-9)


@given(seeds)
def test_altered_images_keep_what_the_alteration_does_not_touch(seed):
    images = np.random.default_rng(seed).random((5, 64))
    np.testing.assert_array_equal(mirror(mirror(images)), images)
    np.testing.assert_array_equal(altered(images, "none"), images)
    added = add_noise(images, 0.5, seed) - images
    assert added.min() >= 0
    assert added.max() <= 0.5
    there = shift(shift(images, 1, -2), -1, 2).reshape(5, 8, 8)
    np.testing.assert_array_equal(there[:, :-1, 2:], images.reshape(5, 8, 8)[:, :-1, 2:])


@given(seeds, st.sampled_from(["none", "noise", "shifts"]), st.sampled_from([50, 100, 400]))
def test_every_condition_has_as_many_rows_and_half_of_them_plain(seed, kind, rows):
    seed %= 5
    data = augmented(seed, rows, kind)
    assert data.x_train.shape == (800, 64)
    plain = datasets.digits(seed, num_examples=rows, validation=0)
    np.testing.assert_allclose(data.x_train[:rows], plain.x_train)
    same = np.all(data.x_train[rows : 2 * rows] == plain.x_train, axis=1).mean()
    assert same == 1 if kind == "none" else same < 0.1


# A case worked by hand


def test_a_small_last_batch_counts_too_much():
    assert batch_mean_of_means(range(1, 11), 4) == pytest.approx(18.5 / 3)
    assert batch_mean_of_means([1, 2, 3, 6], 3) == 4


def test_an_image_moves_down_and_right_and_loses_what_leaves():
    image = [[1, 2, 3, 4]]
    np.testing.assert_array_equal(shift(image, 1, 0), [[0, 0, 1, 2]])
    np.testing.assert_array_equal(shift(image, 0, 1), [[0, 1, 0, 3]])
    np.testing.assert_array_equal(shift(image, -1, -1), [[4, 0, 0, 0]])


# Independent oracles


@pytest.mark.parametrize("move", [(1, 0), (0, -1), (2, 3), (0, 0)])
def test_shifts_agree_with_scipy(move):
    from scipy import ndimage

    images = np.random.default_rng(0).random((3, 64))
    expected = ndimage.shift(images.reshape(3, 8, 8), (0, *move), order=0, cval=0)
    np.testing.assert_allclose(shift(images, *move), expected.reshape(3, 64))


def test_each_image_moves_by_its_own_amount_as_it_does_alone():
    images = np.random.default_rng(0).uniform(size=(40, 64))
    down, right = np.random.default_rng(1).integers(-9, 10, size=(2, 40))
    alone = [shift(one[None], *way) for one, *way in zip(images, down, right, strict=True)]
    np.testing.assert_array_equal(shift(images, down, right), np.concatenate(alone))


def test_the_noise_of_a_slope_is_that_of_a_mean_of_independent_draws():
    data = datasets.digits(0, validation=0)
    weights = np.random.default_rng([0, 52]).normal(0, 0.1, (64, 10))
    each = np.array([chapter.loss_gradient(weights, data.x_train[[n]], data.y_train[[n]])
                     for n in range(300)])  # fmt: skip
    size = np.linalg.norm(chapter.loss_gradient(weights, data.x_train, data.y_train))
    expected = np.sqrt(np.sum(each.var(axis=0))) / size
    assert measure_noise(0, 1, 300)["noise"] == pytest.approx(expected, rel=0.15)
    assert measure_noise(0, 16, 300)["noise"] == pytest.approx(expected / 4, rel=0.15)


def test_distances_agree_with_the_theorem_of_pythagoras():
    points = np.random.default_rng(1).normal(size=(6, 2))
    np.testing.assert_allclose(distance_to_origin(points)[:, 0], np.hypot(*points.T))


# Errors


@pytest.mark.parametrize(("num_examples", "batch_size"), [(0, 4), (4, 0)])
def test_batches_of_nothing_are_refused(num_examples, batch_size):
    with pytest.raises(ValueError, match=r"must be 1 or more. Received: "):
        next(batches(num_examples, batch_size, np.random.default_rng(0)))


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"`images` must be square. Received: 3 pixels"):
        shift([[1, 2, 3]], 1, 0)


def test_an_unknown_alteration_is_refused():
    with pytest.raises(ValueError, match=r"`kind` must be one of none, .*Received: 'flip'"):
        altered([[1, 2, 3, 4]], "flip")


# The claims of the experiments


def twins(data):
    """Share of the devset that stands in the training set, pixel by pixel."""
    seen = {row.tobytes() for row in data.x_train}
    return np.mean([row.tobytes() in seen for row in data.x_validation])


def test_only_the_wrong_order_puts_twins_on_both_sides():
    right, wrong = (in_order(3, order, "none") for order in chapter.ORDERS)
    assert twins(right) == 0
    assert twins(wrong) > 0.7
    for data in (right, wrong):
        assert data.x_train.shape == (800, 64)
        assert data.x_validation.shape == (200, 64)
    np.testing.assert_array_equal(right.x_test, wrong.x_test)


def test_the_wrong_order_flatters():
    results = chapter.SPLIT_ORDER.run(seeds=8, independent={"kind": ("none",)}, progress=False)
    flattery = (results["val_accuracy"].isel(epoch=-1) - results["test_accuracy"]).mean("seed")
    assert float(flattery.sel(order=chapter.ORDERS[1]).item()) > 0.015
    assert abs(float(flattery.sel(order=chapter.ORDERS[0]).item())) < 0.05


def test_small_batches_win_with_equal_epochs_only():
    levels = {"batch_size": (6, 90), "learning_rate": (0.005, 0.5)}
    results = chapter.BATCH_SIZE.run(seeds=4, independent=levels, progress=False)
    lead = {
        n: one.sel(batch_size=6) - one.sel(batch_size=90) for n, one in budgets(results).items()
    }
    assert float(lead["equal epochs"].mean()) > 0.05
    assert float(lead["equal updates"].mean()) < 0.04
    assert results.attrs["engine"] == "stacked"


def test_the_noise_falls_like_one_over_the_root():
    results = chapter.NOISE_SCALE.run(seeds=3, progress=False)
    assert chapter.CLAIMS[5].decide(results).verdict is Verdict.HOLDS


def test_an_epoch_in_small_batches_takes_longer():
    assert chapter.CLAIMS[0].decide(chapter.EPOCH_TIME.run(
        seeds=3, independent={"batch_size": (2, 128)}, progress=False
    )).evidence[0].effect > 2  # fmt: skip


def test_the_third_feature_is_the_distance_or_nothing():
    without, with_it = (with_distance(0, extra) for extra in ("nothing", "distance"))
    assert np.ptp(without.x_train[:, 2]) == 0
    assert with_it.x_train[:, 2].std() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(without.x_train[:, :2], with_it.x_train[:, :2])
