"""Dropout switches random units off while a network learns, and changes nothing on average."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook.generalization import dropout as chapter
from dlbook.generalization.dropout import (
    dropout,
    monte_carlo_predictions,
    some_digits,
)
from dlbook.lab.hidden import (
    accuracy_of,
    cross_entropy_of,
    dense_layers,
    relu_activations,
    remove_units,
)
from dlbook.lab.oval_rings import best_attainable, oval_rings
from dlbook.lab.regularized import dropout_mlp
from dlbook.networks.regression import course_start

seeds = st.integers(0, 1000)
rates = st.floats(0, 0.95)

# Laws


@given(seeds, rates)
def test_every_activation_is_dropped_or_enlarged(seed, rate):
    values = np.random.default_rng(seed).normal(size=(5, 7))
    changed = dropout(values, rate, np.random.default_rng(seed))
    factor = changed / values
    assert np.all(np.isclose(factor, 0) | np.isclose(factor, 1 / (1 - rate)))


@given(seeds, st.floats(0, 0.8))
@settings(max_examples=20)
def test_nothing_changes_on_average_and_the_variance_is_known(seed, rate):
    changed = dropout(np.full(40_000, 2.0), rate, np.random.default_rng(seed))
    variance = 4 * rate / (1 - rate)
    assert changed.mean() == pytest.approx(2, abs=5 * (variance / 40_000) ** 0.5 + 1e-9)
    assert changed.var() == pytest.approx(variance, rel=0.1, abs=0.05)


@given(seeds, st.integers(0, 9), st.integers(0, 9))
def test_more_removed_units_contain_the_fewer(seed, first, second):
    few, many = sorted((first, second))
    off = [remove_units(np.ones((2, 9)), count, seed)[0] == 0 for count in (few, many)]
    assert (off[0].sum(), off[1].sum()) == (few, many)
    assert np.all(off[1][off[0]])


@given(seeds)
@settings(max_examples=10)
def test_few_digits_are_repeated_and_the_test_digits_stay_the_same(seed):
    few, many = (some_digits(seed % 5, count) for count in (chapter.FEW, chapter.MANY))
    assert few.x_train.shape == many.x_train.shape
    assert len(np.unique(few.x_train, axis=0)) <= chapter.FEW
    np.testing.assert_array_equal(few.x_test, many.x_test)


# A case worked by hand


def test_four_units_one_of_which_is_dropped():
    assert dropout([3.0] * 4, 0.25, np.random.default_rng(1)).tolist() == [4, 4, 0, 4]


def test_loss_and_accuracy_of_two_logits():
    logits, labels = np.array([[0.0, 0.0], [np.log(3), 0.0]]), np.array([0, 1])
    expected = (np.log(2) + np.log(4)) / 2
    assert cross_entropy_of(logits, labels) == pytest.approx(expected)
    assert accuracy_of(logits, labels) == 0.5


# Independent oracles


def test_dropped_share_and_factor_are_those_of_keras():
    import keras

    ones = np.ones((200, 200), np.float32)
    ours = dropout(ones, 0.3, np.random.default_rng(0))
    theirs = np.asarray(keras.layers.Dropout(0.3, seed=0)(ones, training=True))
    np.testing.assert_allclose(np.unique(ours), np.unique(theirs), rtol=1e-6)
    assert np.mean(ours == 0) == pytest.approx(np.mean(theirs == 0), abs=0.01)


def test_activations_without_dropout_are_those_of_the_keras_model():
    model = dropout_mlp((3, 8, 6, 2), 0.5, course_start)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    ours = relu_activations(dense_layers(model), x)[-1]
    np.testing.assert_allclose(ours, np.asarray(model(x)), atol=1e-5)


def test_many_noisy_answers_of_one_layer_have_the_quiet_one_as_mean():
    model = dropout_mlp((3, 16, 2), 0.5)
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    noisy = monte_carlo_predictions(model, x, 4000)
    assert noisy.shape == (4000, 4, 2)
    np.testing.assert_allclose(noisy.mean(axis=0), np.asarray(model(x)), atol=0.08)
    np.testing.assert_array_equal(noisy, monte_carlo_predictions(model, x, 4000))


def test_nobody_beats_the_one_who_knows_how_the_rings_are_drawn():
    from sklearn.neighbors import KNeighborsClassifier

    data = oval_rings(0, num_examples=20_000)
    rival = KNeighborsClassifier(101).fit(data.x_train, data.y_train.ravel())
    accuracy = rival.score(data.x_test, data.y_test.ravel())
    best = best_attainable(data)
    assert 0.86 < best < 0.91
    assert accuracy == pytest.approx(best, abs=0.015)


# Errors


@pytest.mark.parametrize("rate", [-0.1, 1])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(ValueError, match=r"`rate` must be from 0 to below 1. Received: "):
        dropout([1.0], rate, np.random.default_rng(0))


def test_too_many_removed_units_are_refused():
    with pytest.raises(ValueError, match=r"`num_removed` must be from 0 to 2. Received: 3"):
        remove_units([[1.0, 2.0]], 3)


def test_asking_never_is_refused():
    with pytest.raises(ValueError, match=r"`times` must be 1 or more. Received: 0"):
        monte_carlo_predictions(dropout_mlp((2, 2, 1), 0.5), [[1.0, 1.0]], 0)


# The claims of the experiments


def test_networks_trained_with_dropout_bear_missing_units():
    levels = {"hidden_layers": (1,), "num_examples": (chapter.MANY,), "rate": (0, 0.5)}
    results = chapter.DEPTH_AND_DATA.run(seeds=5, independent=levels, progress=False)
    left = chapter.without_units(results).sel(removed=32).mean("seed").squeeze()
    assert float(left.sel(rate=0.5) - left.sel(rate=0)) > 0.05
    assert float(results["test_accuracy"].min()) > 0.9
    worst = results["worst_unit"].mean("seed").squeeze()
    assert float(worst.sel(rate=0.5)) < float(worst.sel(rate=0))
    assert chapter.CLAIMS[3].decide(results).evidence[0].holds
    assert results.attrs["engine"] == "stacked"


def test_no_dropout_learns_the_rings_and_a_rate_of_nine_tenths_does_not():
    levels = {"start": chapter.STARTS, "rate": (0, 0.9)}
    results = chapter.RATE.run(seeds=5, independent=levels, progress=False)
    accuracy = results["test_accuracy"].mean("seed")
    assert float(accuracy.sel(rate=0).min()) > 0.75
    assert float(accuracy.sel(rate=0.9).max()) < 0.65


def test_dropout_on_irises_lowers_what_the_training_log_prints():
    results = chapter.RATE_ON_IRIS.run(
        seeds=5, independent={"rate": (0, 0.75)}, progress=False
    ).isel(epochs=0)
    log = results["accuracy"].isel(epoch=-1).mean("seed")
    assert float(log.sel(rate=0) - log.sel(rate=0.75)) > 0.2
    quiet = results["train_accuracy"].mean("seed")
    assert float(quiet.sel(rate=0.75) - log.sel(rate=0.75)) > 0.1


def test_every_claim_is_decided_from_a_quick_run():
    quick = {one.name: one.quick() for one in (chapter.RATE, chapter.EPOCH_TIME)}
    for claim in chapter.CLAIMS[:2]:
        assert claim.decide(quick[claim.experiments[0].name]).evidence
