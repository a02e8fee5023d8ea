"""A search chooses among conditions, and the score that chose the winner flatters it."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from dlbook.generalization import metaparameters as chapter
from dlbook.generalization.metaparameters import (
    grid,
    main_effect,
    random_search,
    successive_halving,
)
from dlbook.lab.claims import Verdict

spaces = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.integers(), min_size=1, max_size=4, unique=True)
)


def sweep(validation, test):
    """Results of a made-up sweep: accuracies of shape (settings, seeds)."""
    return xr.Dataset(
        {
            "val_accuracy": (
                ("setting", "seed", "epoch"),
                np.asarray(validation, float)[..., None],
            ),
            "test_accuracy": (("setting", "seed"), np.asarray(test, float)),
        }
    )


# Laws


@given(spaces)
def test_a_grid_holds_every_combination_once(space):
    conditions = grid(space)
    assert len(conditions) == np.prod([len(levels) for levels in space.values()], dtype=int)
    assert len({tuple(one.values()) for one in conditions}) == len(conditions)


@given(st.integers(0, 1000), st.integers(1, 30))
def test_draws_stay_in_the_space_and_follow_the_seed(seed, trials):
    space = {"units": [8, 32], "rate": (0.001, 0.1)}
    drawn = random_search(space, trials, seed)
    assert drawn == random_search(space, trials, seed)
    assert len(drawn) == trials
    assert all(one["units"] in (8, 32) and 0.001 <= one["rate"] <= 0.1 for one in drawn)


@given(st.integers(0, 1000), st.integers(1, 20))
def test_halving_finds_a_setting_that_leads_from_the_start(seed, count):
    scores = np.random.default_rng(seed).random((count, 8))
    scores[seed % count] = 2
    place, trained = successive_halving(scores, (1, 2, 4, 8))
    assert place == seed % count
    assert count <= trained <= 8 * count


@given(st.integers(0, 1000))
def test_main_effects_lie_between_nothing_and_all(seed):
    scores = xr.DataArray(np.random.default_rng(seed).random((3, 2, 5)), dims=("a", "b", "seed"))
    shares = [main_effect(scores, name) for name in ("a", "b", "seed")]
    assert min(shares) >= 0
    assert sum(shares) <= 1 + 1e-9


# Cases worked by hand


def test_halving_by_hand():
    scores = [[0.1, 0.9, 0.9], [0.5, 0.5, 0.5], [0.6, 0.6, 0.6], [0.4, 1.0, 1.0]]
    assert successive_halving(scores, (1, 2, 3)) == (2, 4 + 2 + 1)
    assert successive_halving(scores, (3,)) == (3, 12)


def test_the_optimism_of_a_winner_by_hand():
    results = sweep([[0.9, 0.5], [0.7, 0.7]], [[0.6, 0.6], [0.6, 0.6]])
    np.testing.assert_allclose(chapter.optimism(results), [0.3 - 0.2, 0.1 - 0.0])
    assert chapter.random_winners(results, trials=2).values == pytest.approx([0.6, 0.6])


def test_thirteen_metaparameters_take_years_by_hand():
    found = chapter.measure_space(0, 13)
    assert found["runs"] == 1_220_703_125
    assert found["years"] == pytest.approx(2.42, abs=0.01)


# Independent oracles


def test_the_grid_is_that_of_scikit_learn():
    from sklearn.model_selection import ParameterGrid

    ours, theirs = grid(chapter.LEVELS), list(ParameterGrid(dict(chapter.LEVELS)))
    assert len(ours) == len(theirs) == 96
    assert all(one in theirs for one in ours)


def test_each_power_of_ten_is_drawn_as_often_as_the_log_uniform_law_of_scipy_says():
    from scipy.stats import kstest, loguniform

    rates = [one["rate"] for one in random_search({"rate": (0.001, 0.1)}, 2000)]
    assert kstest(rates, loguniform(0.001, 0.1).cdf).pvalue > 0.001


def test_the_main_effect_is_the_eta_squared_of_an_analysis_of_variance():
    values = np.random.default_rng(0).normal(size=(3, 40)) + np.array([[0.0], [0.5], [1.0]])
    scores = xr.DataArray(values, dims=("rate", "seed"))
    between = 40 * ((values.mean(axis=1) - values.mean()) ** 2).sum()
    total = ((values - values.mean()) ** 2).sum()
    assert main_effect(scores, "rate") == pytest.approx(between / total)


# Errors


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match=r"`trials` must be 1 or more. Received: 0"):
        random_search({"units": [8]}, 0)
    with pytest.raises(ValueError, match=r"0 < low < high. Received: \[\(0, 1\)\]"):
        random_search({"rate": (0, 1)}, 1)


@pytest.mark.parametrize("rungs", [(0, 2), (2, 2), (1, 9)])
def test_rungs_that_do_not_rise_are_refused(rungs):
    with pytest.raises(ValueError, match=r"`rungs` must rise from 1 to at most 3.*Received: \("):
        successive_halving(np.zeros((4, 3)), rungs)


def test_an_unknown_variable_has_no_effect_to_measure():
    with pytest.raises(ValueError, match=r"`variable` must be one of .*Received: 'units'"):
        main_effect(xr.DataArray([1.0], dims="seed"), "units")


# The claims of the experiments


def test_the_whole_space_takes_years():
    results = chapter.WHOLE_SPACE.run(progress=False)
    assert chapter.CLAIMS[0].decide(results).verdict is Verdict.HOLDS


def test_the_winner_of_many_equal_models_is_flattered():
    generator = np.random.default_rng(0)
    validation, test = generator.binomial(88, 0.74, (2, 33, 20)) / 88
    results = sweep(validation, test)
    assert float((chapter.optimism(results) > 0).mean()) >= 0.8
    gap = chapter.searched(results.isel(epoch=[0] * 40))
    assert abs(float((gap["random search"] - gap["default"]).mean())) < 0.05


def test_the_winner_of_a_small_search_is_flattered():
    levels = {"hidden_layers": (1,), "units": (8, 32), "batch_size": (64,)}
    results = chapter.SMALL_SEARCH.run(seeds=10, independent=levels, progress=False)
    assert results.attrs["engine"] == "stacked"
    assert float(chapter.optimism(results).mean()) > 0.01
    assert 0.68 < float(chapter.ends(results)["test_accuracy"].mean()) < 0.8
