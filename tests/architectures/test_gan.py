"""Two networks that learn from each other, and what their losses do not say."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.architectures import gan as chapter
from dlbook.architectures.gan import frechet_distance, mode_counts, optimal_discriminator
from dlbook.lab.adversaries import (
    Adversaries,
    build_discriminator,
    build_generator,
    cross_entropy,
)

densities = arrays(float, 5, elements=st.floats(0, 10))
features = arrays(float, (6, 2), elements=st.floats(-5, 5, width=16))


def line_pair(**options: Any) -> Adversaries:
    import keras

    keras.utils.set_random_seed(0)
    return Adversaries(build_generator(1, 1, (4,)), build_discriminator(1, (4,)), **options)


def changed(pair: Adversaries, step: Any) -> list[bool]:
    """Whether a step moves the weights of the generator, and of the discriminator."""
    models = (pair.generator, pair.discriminator)
    before = [np.concatenate([one.ravel() for one in model.get_weights()]) for model in models]
    step()
    after = [np.concatenate([one.ravel() for one in model.get_weights()]) for model in models]
    return [not np.array_equal(*one) for one in zip(before, after, strict=True)]


# Laws


@given(densities, densities)
def test_swapping_real_and_generated_turns_the_answer_round(p, q):
    best = optimal_discriminator(p, q)
    assert np.all((best >= 0) & (best <= 1))
    np.testing.assert_allclose(best + optimal_discriminator(q, p), 1)


@given(st.floats(0.01, 5), st.floats(0.01, 5), st.floats(0.01, 0.99))
def test_no_other_answer_has_a_lower_loss(p, q, other):
    def loss(answer):
        return -p * np.log(answer) - q * np.log(1 - answer)

    assert loss(optimal_discriminator([p], [q])[0]) <= loss(other) + 1e-9


@given(features, features, st.floats(-3, 3))
def test_frechet_distance_is_symmetric_and_counts_a_shift_as_its_square(a, b, shift):
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), abs=1e-5)
    assert frechet_distance(a, a + shift) == pytest.approx(2 * shift**2, abs=1e-5)


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=30))
def test_every_sample_of_a_kind_is_counted_once(labels):
    counts = mode_counts(labels, np.asarray, 5)
    assert counts.tolist() == [labels.count(kind) for kind in range(5)]


# Cases worked by hand


def test_the_losses_of_the_page_by_hand():
    sure, fooled = np.log([9.0]), np.log([0.25])
    assert float(cross_entropy(sure, True)) == pytest.approx(-np.log(0.9))
    assert float(cross_entropy(fooled, False)) == pytest.approx(-np.log(0.8))
    assert float(cross_entropy(np.zeros(4), False)) == pytest.approx(np.log(2))


def test_two_normal_curves_by_hand():
    a, b = np.array([[-1.0], [0.0], [1.0]]), np.array([[1.0], [3.0], [5.0]])
    assert frechet_distance(a, b) == pytest.approx(3**2 + (2 - 1) ** 2)


def test_scores_are_read_as_the_largest():
    assert mode_counts(np.zeros(2), lambda _: np.array([[0.1, 0.9], [3, 2]]), 2).tolist() == [1, 1]


def test_points_between_the_groups_belong_to_none():
    points = np.array([[2.0, 0.0], [0.0, 2.2], [0.0, 0.0], [1.0, 0.0]])
    assert chapter.nearest_mode(points).tolist() == [0, 2, -1, -1]


def test_equal_shares_are_ten_kinds_and_one_digit_is_one_kind():
    import xarray as xr

    counts = xr.DataArray([[7] * 10, [70] + [0] * 9], dims=("seed", "kind"))
    found = chapter.kinds(xr.Dataset({"counts": counts})).values
    np.testing.assert_allclose(found, [10, 1])


# Independent oracles


def test_frechet_distance_agrees_with_the_root_of_a_matrix_by_scipy_an_oracle():
    from scipy.linalg import sqrtm

    random = np.random.default_rng(0)
    a, b = random.normal(size=(50, 4)), random.normal(1, 2, size=(60, 4))
    ca, cb = np.cov(a.T), np.cov(b.T)
    root = np.real(np.asarray(sqrtm(ca @ cb)))
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(ca + cb - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected)


def test_cross_entropy_agrees_with_keras():
    import keras

    logits = np.random.default_rng(0).normal(size=(20, 1)).astype("float32")
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    for is_real in (True, False):
        expected = float(np.asarray(loss(np.full((20, 1), float(is_real)), logits)))
        assert float(cross_entropy(logits, is_real)[0]) == pytest.approx(expected, rel=1e-5)


def test_a_seed_gives_the_same_pair_whichever_stand_beside_it():
    found = []
    for seeds in ((3, 4), (4,)):
        generator = build_generator(2, 1, (4,), seeds=seeds)
        pair = Adversaries(generator, build_discriminator(1, (4,), seeds=seeds), seeds=seeds)
        pair.train(chapter.line_data(), 30, batch_size=8)
        found.append(pair.generate(5)[:, -1])
    np.testing.assert_allclose(*found, atol=1e-4)


def test_copies_side_by_side_step_like_single_keras_models():
    seeds = (5, 6)
    generator = build_generator(2, 1, (4,), seeds=seeds)
    both = Adversaries(generator, build_discriminator(1, (4,), seeds=seeds), seeds=seeds)
    one = Adversaries(build_generator(2, 1, (4,)), build_discriminator(1, (4,)))
    for single, stack in zip(
        (one.generator, one.discriminator), (both.generator, both.discriminator), strict=True
    ):
        single.set_weights([weight[1] for weight in stack.get_weights()])
    random = np.random.default_rng(0)
    real, latent = (random.normal(size=(8, 2, n)).astype("float32") for n in (1, 2))
    for _ in range(3):
        together = (both.discriminator_step(real, latent), both.generator_step(latent))
        alone = (one.discriminator_step(real[:, 1], latent[:, 1]), one.generator_step(latent[:, 1]))
        for left, right in zip(together, alone, strict=True):
            np.testing.assert_allclose(np.asarray(left)[1], right, rtol=1e-4)


def test_a_perfect_generator_leaves_the_discriminator_at_one_half():
    perfect = build_generator(1, 1, ())
    perfect.set_weights([np.ones((1, 1)), np.full(1, 3.0)])
    pair = Adversaries(perfect, build_discriminator(1, (8,)))
    loss = pair.train(chapter.line_data(), 500, batch_size=500, generator_steps=0)
    assert loss["discriminator"][0] == pytest.approx(2 * np.log(2), abs=0.05)


# The two phases


def test_each_phase_moves_one_network_unless_nothing_is_frozen():
    latent, real = np.ones((4, 1), "float32"), np.full((4, 1), 3, "float32")
    pair, loose = line_pair(), line_pair(freeze=False)
    assert changed(pair, lambda: pair.discriminator_step(real, latent)) == [False, True]
    assert changed(pair, lambda: pair.generator_step(latent)) == [True, False]
    assert changed(loose, lambda: loose.generator_step(latent)) == [True, True]


def test_the_saturating_loss_has_the_opposite_sign_of_the_discriminators():
    latent = np.ones((4, 1), "float32")
    pair, other = line_pair(), line_pair(saturating=True)
    logits = pair.discriminator(pair.generator(latent))
    assert float(pair.generator_step(latent)[0]) == pytest.approx(
        float(cross_entropy(logits, True)[0])
    )
    assert float(other.generator_step(latent)[0]) == pytest.approx(
        -float(cross_entropy(logits, False)[0])
    )


def test_pictures_with_channels_and_other_networks_train_too():
    import keras

    layers = keras.layers
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(75), layers.Reshape((5, 5, 3))])
    discriminator = keras.Sequential(
        [keras.Input((5, 5, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(1)]
    )
    pair = Adversaries(generator, discriminator)
    loss = pair.train(np.random.default_rng(0).random((9, 5, 5, 3)), 2, batch_size=4)
    assert all(np.isfinite(one).all() for one in loss.values())
    assert pair.generate(7).shape == (7, 5, 5, 3)
    np.testing.assert_array_equal(pair.generate(7), pair.generate(7))


# Errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_generator(0, 3), r"sizes of layers must be whole.*Received: "),
        (lambda: optimal_discriminator([-1.0], [1.0]), r"no negative numbers.*Received: "),
        (lambda: optimal_discriminator([1.0], [1.0, 2.0]), r"must have one shape.*Received: "),
        (lambda: frechet_distance(np.ones((3, 2)), np.ones((3, 1))), r"same features.*Received: "),
        (lambda: frechet_distance(np.ones((1, 2)), np.ones((3, 2))), r"two examples.*Received: "),
        (lambda: mode_counts([1, 2], lambda _: [0], 3), r"`classifier` must give.*Received: "),
        (lambda: mode_counts([1, 2], lambda _: [0, 3], 3), r"`classifier` must give.*Received: "),
    ],
)
def test_impossible_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_networks_that_do_not_fit_are_refused():
    generator = build_generator(2, 3)
    with pytest.raises(ValueError, match=r"`discriminator` must take.*Received: "):
        Adversaries(generator, build_discriminator(4))
    with pytest.raises(ValueError, match=r"`seeds` must hold.*Received: "):
        Adversaries(generator, build_discriminator(3), seeds=(0, 1))


def test_training_with_other_samples_or_without_steps_is_refused():
    pair = line_pair()
    with pytest.raises(ValueError, match=r"`real` must have shape.*Received: "):
        pair.train(np.ones((5, 2)), 1)
    with pytest.raises(ValueError, match=r"`steps` and `batch_size` must.*Received: "):
        pair.train(np.ones((5, 1)), 0)


# The claims of the experiments


def test_both_phases_find_the_line_and_an_unfrozen_pair_runs_away():
    distance = chapter.ONE_DIMENSION.quick()["distance"]
    both, loose = (distance.sel(trained=name) for name in ("both", "both, not frozen"))
    assert float(both.isel(checkpoint=0).min()) > 2
    assert float(both.min("checkpoint").mean()) < 0.4
    assert float(loose.isel(checkpoint=-1).min()) > 10


def test_many_phases_of_the_discriminator_lose_groups(monkeypatch):
    monkeypatch.setattr(chapter, "RING_STEPS", (1000, 1000))
    study = {"latent_units": (16,)}
    modes = chapter.EIGHT_MODES.run(independent=study, seeds=3, progress=False)["modes"]
    last = modes.isel(checkpoint=-1).squeeze("latent_units").mean("seed")
    assert float(last.sel(discriminator_steps=1)) > float(last.sel(discriminator_steps=5)) + 1


def test_digits_come_nearer_while_the_losses_stay(monkeypatch):
    short = chapter.SETUPS["digits"]._replace(steps=(200, 100), moments=(0, 0, 1, 2))
    monkeypatch.setitem(chapter.SETUPS, "digits", short)
    results = chapter.DIGITS.quick(2)
    distance = results["distance"].isel(data_set=0)
    assert float((distance.isel(checkpoint=-1) / distance.isel(checkpoint=0)).max()) < 0.7
    assert np.all(results["counts"].sum("kind") == 717)


def test_the_classifier_that_judges_reads_fresh_digits():
    from dlbook.lab.judged_digits import judged, pictures

    data = pictures("digits")
    scores = judged("digits", data.x_test)[1]
    assert np.mean(scores.argmax(axis=1) == data.y_test) > 0.95


def test_claims_are_decided_by_their_own_results():
    import xarray as xr

    names = list(chapter.TRAINED)
    ends = xr.DataArray(
        [[[3.0], [0.5]], [[3.0], [9.0]], [[3.0], [3.0]], [[3.0], [0.6]]],
        dims=("trained", "checkpoint", "seed"),
        coords={"trained": names},
    )
    results = xr.Dataset({"distance": ends}, attrs={"name": "one_dimension"})
    results = xr.concat([results, results], "seed").assign_attrs(results.attrs)
    found = chapter.CLAIMS[3].decide(results)
    assert [one.holds for one in found.evidence] == [True, True, False]
