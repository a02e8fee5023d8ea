"""Pixels are trained: the network stays, the content stays in its place, the style does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook import contents
from dlbook.architectures import style_transfer as chapter
from dlbook.architectures.style_transfer import (
    content_loss,
    gram,
    objective,
    restyle,
    study_pictures,
    style_loss,
    transfer,
)
from dlbook.lab.claims import Verdict
from dlbook.lab.painting import begin, paint
from dlbook.lab.results import load
from dlbook.lab.style_networks import filter_bank, small_vgg

Pair = tuple[np.ndarray, np.ndarray]
RECORDED = contents.folder() / "results/architectures/style_transfer"
shapes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5))
maps = shapes.flatmap(lambda shape: arrays(np.float32, shape, elements=st.floats(0, 8, width=16)))


@pytest.fixture(scope="module")
def pictures():
    return study_pictures(seed=1, size=32)


@pytest.fixture(scope="module")
def bank(pictures):
    return filter_bank(pictures)


# Laws


@settings(max_examples=15)
@given(maps, st.randoms())
def test_a_gram_matrix_does_not_know_places(values, random):
    order = list(range(values.shape[0] * values.shape[1]))
    random.shuffle(order)
    moved = values.reshape(-1, values.shape[-1])[order].reshape(values.shape)
    found, expected = np.asarray(gram(moved)), np.asarray(gram(values))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@settings(max_examples=15)
@given(maps)
def test_a_gram_matrix_is_symmetric_and_repetition_does_not_change_it(values):
    matrix = np.asarray(gram(values))
    np.testing.assert_array_equal(matrix, matrix.T)
    twice = np.concatenate([values, values])
    np.testing.assert_allclose(np.asarray(gram(twice)), matrix, rtol=1e-5, atol=1e-6)


@settings(max_examples=15)
@given(maps, st.floats(0.5, 4))
def test_relative_errors_do_not_depend_on_the_scale_of_a_layer(values, scale):
    other = values[::-1] + 1
    found = float(content_loss([values], [other]))
    assert found == pytest.approx(float(content_loss([scale * values], [scale * other])), rel=1e-3)


# A case worked by hand


def test_two_positions_and_two_filters_by_hand():
    np.testing.assert_array_equal(gram([[[1.0, 0.0], [1.0, 2.0]]]), [[0.5, 0.5], [0.5, 1.0]])


def test_nothing_at_all_has_error_one_by_hand():
    wanted = [np.ones((2, 2, 1))]
    assert float(content_loss([np.zeros((2, 2, 1))], wanted)) == pytest.approx(1)
    assert float(style_loss([np.zeros((2, 2, 1))], [gram(wanted[0])])) == pytest.approx(1)


# Independent oracles


@settings(max_examples=15)
@given(maps)
def test_the_oracle_einsum_gives_the_same_gram_matrix(values):
    expected = np.einsum("yxi,yxj->ij", values, values) / values.size
    np.testing.assert_allclose(gram(values), expected, rtol=1e-4, atol=1e-5)


def test_the_gradient_on_the_pixels_agrees_with_finite_differences_as_oracle(pictures: Pair, bank):
    import tensorflow as tf

    losses = objective(*pictures, bank, 30)
    target = tf.Variable(tf.constant(begin(pictures[0], 0)[None]))
    with tf.GradientTape() as tape:
        whole = losses(target)[2]
    gradient = tf.convert_to_tensor(tape.gradient(whole, target)).numpy()
    direction = np.sign(gradient)
    ends = [float(losses(target + sign * 1e-3 * direction)[2]) for sign in (1, -1)]
    assert (ends[0] - ends[1]) / 2e-3 == pytest.approx(np.abs(gradient).sum(), rel=0.02)


def test_a_plain_sum_is_a_weighted_sum_of_relative_errors(pictures: Pair, bank):
    found = bank(begin(pictures[0], 0)[None])
    wanted = bank(pictures[0][None])["content"][0], gram(bank(pictures[1][None])["style"][0])
    plain = [
        float(np.mean(np.square(found["content"][0] - wanted[0]))),
        float(np.mean(np.square(gram(found["style"][0]) - wanted[1]))),
    ]
    relative = [float(one) for one in objective(*pictures, bank, 1)(begin(pictures[0], 0)[None])]
    weight = chapter.weight_of_plain_sum(*pictures)
    assert plain[1] / plain[0] == pytest.approx(weight * relative[1] / relative[0], rel=1e-3)


# Painting


def test_content_and_style_are_approached_and_pixels_stay_in_range(pictures: Pair, bank):
    made = transfer(*pictures, bank, steps=(60,))
    assert made.picture.shape == pictures[0].shape
    assert made.picture.min() >= 0
    assert made.picture.max() <= 1
    assert made.losses.shape == (60, 2)
    assert made.losses[-1, 1] < 0.05 * made.losses[0, 1]


def test_without_style_the_photograph_comes_back(pictures: Pair, bank):
    made = transfer(*pictures, bank, style_weight=0, steps=(120,))
    assert np.abs(made.picture - pictures[0]).mean() < 0.06
    noise = np.abs(begin(pictures[0], 0) - pictures[0]).mean()
    assert noise > 0.15


def test_the_network_is_not_changed(pictures: Pair, bank):
    before = [one.copy() for one in bank.get_weights()]
    transfer(*pictures, bank, steps=(5,))
    assert all(np.array_equal(*pair) for pair in zip(before, bank.get_weights(), strict=True))


def test_where_the_network_learns_too_the_picture_stays_behind(pictures: Pair):
    fixed, network = filter_bank(pictures), filter_bank(pictures)
    losses, noise = objective(*pictures, fixed, 3), begin(pictures[0], 0)
    frozen, _ = paint(noise, losses, 60)
    network.trainable = True
    changing = objective(*pictures, network, 3)
    free, _ = paint(noise, changing, 60, also=network.trainable_variables)
    whole = [float(losses(one[None])[2]) for one in (frozen, free)]
    assert whole[0] < whole[1]


def test_the_same_seed_paints_the_same_picture(pictures: Pair, bank):
    first, again, other = (transfer(*pictures, bank, 30, seed, (10,)) for seed in (3, 3, 4))
    np.testing.assert_allclose(first.picture, again.picture, atol=1e-3)
    assert np.abs(first.picture - other.picture).mean() > 0.02


def test_begun_with_the_content_and_no_style_nothing_is_to_do(pictures: Pair, bank):
    made = transfer(*pictures, bank, 0, "content", (3,))
    assert made.losses[0, 0] < 1e-6


@pytest.mark.parametrize("shape", [(20, 33), (33, 20, 1), (17, 16, 3), (24, 24, 4)])
def test_a_readers_own_arrays_of_other_sizes_and_channels(shape):
    content = np.random.default_rng(0).random(shape)
    style = (255 * np.random.default_rng(1).random((40, 18, 3))).astype(np.uint8)
    made = transfer(content, style, small_vgg(), steps=(2,))
    assert made.picture.shape == (*shape[:2], 3)


def test_restyle_begins_small_where_the_picture_is_large():
    content, style = study_pictures(seed=0, size=32)
    assert len(restyle(content, style).losses) == 200


# Errors


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4, 5), (0, 3, 2)])
def test_what_is_no_map_of_one_picture_is_refused(shape):
    with pytest.raises(ValueError, match=r"`maps` must have shape .*Received: shape"):
        gram(np.zeros(shape))


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"as many tensors.*Received: 1 and 2"):
        content_loss([np.ones(2)], [np.ones(2)] * 2)
    with pytest.raises(ValueError, match=r"Received: 0 and 0"):
        style_loss([], [])


@pytest.mark.parametrize(
    ("settings_", "told"),
    [
        ({"style_weight": -1}, "`style_weight` must be 0 or larger"),
        ({"style_weight": float("nan")}, "`style_weight` must be 0 or larger"),
        ({"start": "noise"}, "`start` must be a seed"),
        ({"start": -1}, "`start` must be a seed"),
        ({"steps": ()}, "`steps` must hold whole numbers"),
        ({"steps": (0,)}, "`steps` must hold whole numbers"),
        ({"steps": (1, 1, 1)}, "`steps` must leave 16 pixels"),
    ],
)
def test_impossible_settings_are_refused(settings_, told, pictures: Pair):
    with pytest.raises(ValueError, match=rf"{told}.*Received: "):
        transfer(*pictures, **settings_)


def test_pictures_that_are_none_are_refused_by_name(pictures: Pair):
    with pytest.raises(ValueError, match=r"`content` must have shape .*Received: shape \(3,\)"):
        transfer(np.zeros(3), pictures[1])
    with pytest.raises(ValueError, match=r"`style` must hold bytes.*Received: 0 to 7"):
        transfer(pictures[0], 7 * np.eye(20))


# The claims of the experiments


def test_shuffling_leaves_the_gram_matrix_and_destroys_the_content():
    results = chapter.GRAM_PROPERTY.run(seeds=5, progress=False)
    assert float(results["gram"].max()) < 1e-5
    assert float(results["content"].min()) > 0.1
    assert chapter.CLAIMS[2].decide(results).verdict is Verdict.HOLDS


def test_a_plain_sum_forgets_the_style():
    results = chapter.PLAIN_SUM.quick(1)
    assert float(results["style_gone"].sel(loss="sum of errors").max()) < 0.5
    assert float(results["content_gone"].sel(loss="sum of errors").min()) > 0.9
    assert float(results["style_gone"].sel(loss="style counted 30 times").min()) > 0.9


def test_the_records_decide_the_claims_as_the_page_says():
    plain, weights, networks = (
        load(RECORDED / f"{name}.json") for name in ("plain_sum", "style_weight", "networks")
    )
    kept = {
        one.condition: one.holds
        for claim, results in ((chapter.CLAIMS[0], plain), (chapter.CLAIMS[3], networks))
        for one in claim.decide(results).evidence
    }
    assert kept["content"]
    assert not kept["style"]
    assert not kept["texture (judge: patches)"]
    assert not kept["texture (judge: MobileNetV2)"]
    assert chapter.CLAIMS[4].decide(networks).verdict is Verdict.FAILS
    assert chapter.CLAIMS[1].decide(weights).evidence[0].holds


def test_in_the_record_an_untrained_bank_meets_the_bands():
    texture = load(RECORDED / "networks.json").squeeze("size")["texture"].sel(judge="MobileNetV2")
    assert tuple(texture["network"].values) == chapter.EVERY
    means = texture.mean("seed")
    assert 0.08 < float(means.sel(network="untouched")) < 0.3
    assert float(means.sel(network="filter bank")) < 0.06
    assert float(means.sel(network="filter bank")) < float(means.sel(network="small VGG")) + 0.01


def test_small_runs_are_judged_without_any_weights():
    found = chapter.compare_networks(0, "untouched", "patches", 48)
    assert found["content"] < 1e-6
    assert found["texture"] > 0.05
    bank = chapter.compare_networks(0, "filter bank", "patches", 48)
    assert bank["texture"] < 0.5 * found["texture"]
