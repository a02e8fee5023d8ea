"""Every row is tested once by a model that has not seen it, and nothing leaks to it before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook.generalization import cross_validation as chapter
from dlbook.generalization.cross_validation import cross_validate, estimates
from dlbook.lab.claims import Verdict
from dlbook.lab.splits import folds

seeds = st.integers(0, 1000)


def remember(inputs, labels):
    """A model that knows its training rows by heart and answers class 9 for all others."""
    known = {row.tobytes(): label for row, label in zip(inputs, labels, strict=True)}
    return lambda new: np.array([known.get(row.tobytes(), 9) for row in new])


# Laws


@given(seeds, st.integers(2, 10))
def test_a_model_that_knows_its_rows_by_heart_gets_none_of_the_others(seed, num_folds):
    x = np.random.default_rng(seed).normal(size=(40, 2))
    assert cross_validate(remember, x, np.arange(40) % 2, num_folds, seed).max() == 0


@settings(max_examples=8)
@given(st.integers(0, 5), st.sampled_from(chapter.WORLDS), st.sampled_from(chapter.HELD_OUT[1:]))
def test_rows_held_out_are_not_trained_on(seed, world, held_out):
    rows, ways = chapter.rows_in_hand(seed, world)
    train, test = ways[held_out]
    assert not set(train) & set(test)
    assert len(train) + len(test) == len(rows.x_train) == 150
    data = chapter.split_rows(seed, world, held_out)
    np.testing.assert_array_equal(data.y_validation, rows.y_train[test])
    if world == "clusters":
        np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-5)


@settings(max_examples=10)
@given(st.integers(0, 50), st.sampled_from(("true", "shuffled")))
def test_a_split_made_once_keeps_its_test_rows_away_and_the_others_do_not(seed, labels):
    for made in chapter.SPLITS:
        data = chapter.badly_split_iris(seed, labels, made)
        trained = {row.tobytes() for row in data.x_train}
        leaked = np.mean([row.tobytes() in trained for row in data.x_validation])
        assert data.x_train.shape == (120 * chapter.STEPS, 4)
        assert leaked < 0.2 if made == chapter.SPLITS[0] else leaked > 0.5


# A case worked by hand


def test_two_folds_by_hand():
    def majority(inputs, labels):
        return lambda new: np.full(len(new), np.bincount(labels).argmax())

    x, y = np.zeros((12, 1)), np.array([0] * 8 + [1] * 4)
    np.testing.assert_allclose(cross_validate(majority, x, y, 2), [4 / 6, 4 / 6])


def test_the_best_of_two_models_by_hand(monkeypatch):
    class Tosses:
        def random(self, shape):
            first = [[0.1, 0.9], [0.1, 0.1]]
            return np.array([first, first[::-1]])

    monkeypatch.setattr(chapter.np.random, "default_rng", lambda seed: Tosses())
    assert chapter.measure_reuse(0, 2, 2) == {"winner": 1.0, "fresh": 0.5}


# Independent oracles


def test_scores_agree_with_scikit_learn():
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import NearestCentroid

    iris = chapter.datasets.iris(validation=0, test=0)

    def train(inputs, labels):
        return NearestCentroid().fit(inputs, labels).predict

    ours = cross_validate(train, iris.x_train, iris.y_train, 5, seed=3)
    pairs = folds(iris.y_train, 5, 3)
    theirs = cross_val_score(NearestCentroid(), iris.x_train, iris.y_train, cv=pairs)
    np.testing.assert_allclose(ours, theirs)


def test_the_leak_is_that_of_a_scikit_learn_pipeline():
    from sklearn.feature_selection import SelectKBest
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.random.default_rng([1, 44]).normal(size=(50, 1000)), np.arange(50) % 2
    chosen = SelectKBest(k=20).fit_transform(x, y)
    chain = make_pipeline(StandardScaler(), NearestCentroid())
    leaking = cross_val_score(chain, chosen, y, cv=folds(y, 10, 1)).mean()
    assert chapter.measure_leak(1, "choosing")["accuracy"] == pytest.approx(leaking, abs=0.1)
    chain = make_pipeline(StandardScaler(), SelectKBest(k=20), NearestCentroid())
    honest = cross_val_score(chain, x, y, cv=folds(y, 10, 1)).mean()
    assert chapter.measure_leak(1, "nothing")["accuracy"] == pytest.approx(honest, abs=0.15)


def test_the_best_of_many_coins_agrees_with_the_binomial_distribution():
    from scipy.stats import binom

    results = chapter.REUSE.run(seeds=400, progress=False)["winner"].mean("seed")
    for rows in (15, 100):
        below = binom.cdf(np.arange(rows), rows, 0.5)
        expected = np.sum(1 - below**100) / rows
        assert float(results.sel(num_models=100, test_rows=rows)) == pytest.approx(
            expected, abs=0.01
        )


# Errors


def test_more_folds_than_rows_of_a_class_are_refused():
    with pytest.raises(ValueError, match=r"`num_folds` must be from 2 to 3.*Received: 4"):
        cross_validate(remember, np.zeros((6, 1)), [0, 1] * 3, 4)


def test_inputs_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match=r"`inputs` must .*Received: "):
        cross_validate(remember, [[np.nan]] * 4, [0, 1] * 2, 2)


# The claims of the experiments


def test_folds_stray_less_than_one_split():
    levels = {"world": ("clusters",), "held_out": ("nothing", chapter.DRAWS[0], *chapter.TEN)}
    results = chapter.ESTIMATE_QUALITY.run(seeds=20, independent=levels, progress=False)
    assert results.attrs["engine"] == "stacked"
    spread = {name: float(one.std()) for name, one in estimates(results).items()}
    right = float(results["test_accuracy"].sel(held_out="nothing").mean())
    theory = np.sqrt(right * (1 - right) / 15)
    assert 0.84 < right < 0.9
    assert spread["10 folds"] < 0.75 * spread["hold-out 10 %"]
    assert spread["hold-out 10 %"] == pytest.approx(theory, rel=0.4)


def test_rows_that_were_trained_on_test_nothing():
    results = chapter.MISTAKES.quick(6)["val_accuracy"].mean("seed").isel(epoch=-1)
    assert float(results.sel(labels="shuffled", split_made=chapter.SPLITS[0])) < 0.45
    assert float(results.sel(labels="shuffled", split_made=chapter.SPLITS[2])) > 0.6


def test_choosing_features_before_the_folds_makes_coin_tosses_look_good():
    results = chapter.LEAK.run(seeds=10, progress=False)["accuracy"].mean("seed")
    assert float(results.sel(before="choosing")) == pytest.approx(0.92, abs=0.05)
    assert float(results.sel(before="nothing")) == pytest.approx(0.48, abs=0.1)


def test_choosing_on_the_test_set_is_not_harmless():
    results = chapter.REUSE.run(seeds=20, progress=False)
    assert chapter.CLAIMS[2].decide(results).verdict is Verdict.FAILS
    assert float(results["fresh"].mean()) == pytest.approx(0.5, abs=0.03)
