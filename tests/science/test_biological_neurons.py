"""One unit performs some operations of a real neuron, and misses others."""

import numpy as np
import pytest
import scipy.optimize
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict, judge
from dlbook.science import biological_neurons as chapter
from dlbook.science.biological_neurons import (
    and_not,
    coincidence,
    either,
    low_pass,
    mcculloch_pitts,
    peak_of_two_pulses,
    search,
    segregate,
    truth_table,
    weigh,
)

signals = arrays(float, st.integers(1, 30), elements=st.floats(-10, 10))
weights = arrays(float, 3, elements=st.integers(-3, 3))


@pytest.fixture(scope="module")
def results():
    runs = (chapter.OPERATION, chapter.BOOLEAN_FUNCTIONS, chapter.COINCIDENCE, chapter.FILTERING)
    return {one.name: one.run(progress=False) for one in runs}


# Laws


@given(weights, st.integers(-9, 9))
def test_a_higher_threshold_never_makes_a_unit_fire(factors, threshold):
    table = truth_table(3)
    lower = mcculloch_pitts(table, factors, threshold)
    assert np.all(mcculloch_pitts(table, factors, threshold + 1) <= lower)


@given(signals, st.floats(0.1, 100))
def test_a_smooth_signal_stays_between_rest_and_the_extremes(signal, time_constant):
    smooth = low_pass(signal, time_constant)
    assert np.all(smooth <= max(signal.max(), 0) + 1e-9)
    assert np.all(smooth >= min(signal.min(), 0) - 1e-9)


@given(st.floats(0, 20), st.floats(1, 30), st.floats(0.1, 5))
def test_only_the_ratio_of_delay_and_time_constant_counts(delay, constant, factor):
    peak = peak_of_two_pulses(factor * delay, factor * constant)
    assert peak == pytest.approx(peak_of_two_pulses(delay, constant))


def test_segregated_branches_are_two_layers_of_units():
    table = truth_table(4)
    first, second = coincidence(table[:, :2]), coincidence(table[:, 2:])
    expected = either(np.column_stack([first, second]))
    np.testing.assert_array_equal(segregate(table, [(0, 1), (2, 3)]), expected)


# A case worked by hand


def test_the_gates_worked_by_hand():
    table = truth_table(2)
    assert either(table).tolist() == [0, 1, 1, 1]
    assert and_not(table).tolist() == [0, 0, 1, 0]
    assert coincidence(table).tolist() == [0, 0, 0, 1]
    assert mcculloch_pitts([1, 1], [1, 1], threshold=2) == 1
    np.testing.assert_array_equal(weigh([2, 4], 0.5), [1, 2])


def test_the_border_of_two_pulses_worked_by_hand():
    border = 10 * np.log(1.5)
    assert peak_of_two_pulses(border, time_constant=10) == pytest.approx(1)
    assert peak_of_two_pulses(0, time_constant=10) == pytest.approx(1.2)


# Independent oracles


@given(signals, st.floats(0.1, 100))
def test_the_low_pass_agrees_with_the_oracle_of_scipy(signal, time_constant):
    decay = np.exp(-1 / time_constant)
    expected = scipy.signal.lfilter([1 - decay], [1, -decay], signal)
    np.testing.assert_allclose(low_pass(signal, time_constant), expected, atol=1e-9)


@pytest.mark.parametrize("num_inputs", [1, 2, 3])
def test_the_search_finds_what_linear_programming_separates(num_inputs):
    found = {tuple(row) for row in search(num_inputs).tolist()}
    inputs = np.column_stack([truth_table(num_inputs), np.ones(2**num_inputs)])
    for answers in truth_table(2**num_inputs):
        signs = 2 * answers[:, None] - 1
        solution = scipy.optimize.linprog(
            np.zeros(num_inputs + 1), -signs * inputs, -np.ones(len(inputs)), bounds=(None, None)
        )
        assert solution.success == (tuple(answers.tolist()) in found)


# Errors


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"`weights` must hold one weight for each of the 2 .*Rec"):
        mcculloch_pitts([[0, 1]], weights=[1, 2, 3], threshold=1)


@pytest.mark.parametrize("value", [0, -1, np.inf])
def test_a_time_constant_or_weight_that_is_not_above_zero_is_refused(value):
    with pytest.raises(ValueError, match=r"`time_constant` must be .*Received: "):
        low_pass([1, 2], time_constant=value)
    with pytest.raises(ValueError, match=r"`weight` must be .*Received: "):
        weigh([1, 2], weight=value)


# The claims of the experiments


def test_the_counts_are_those_of_the_literature(results):
    counts = results["boolean_functions"]["computable"].isel(seed=0)
    assert counts.values.tolist() == [4, 14, 104, 1882]


def test_spikes_end_at_the_border(results):
    spikes = results["coincidence"]["spike"].isel(seed=0)
    for constant in spikes["time_constant"].values:
        longest = spikes["delay"].where(spikes.sel(time_constant=constant) > 0).max()
        assert longest <= constant * np.log(1.5) < longest + 0.5


def test_exactly_either_but_not_both_and_its_opposite_are_missing():
    found = {tuple(row) for row in search(2).tolist()}
    missing = {tuple(row) for row in truth_table(4).tolist()} - found
    assert missing == {(0, 1, 1, 0), (1, 0, 0, 1)}


def test_every_claim_gets_the_verdict_of_the_page(results):
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *results.values())]
    assert verdicts == [Verdict.HOLDS, Verdict.FAILS, Verdict.HOLDS]


def test_every_figure_can_be_drawn(results):
    figures = [chapter.plot_operations(), chapter.plot_segregation()]
    names = ("boolean_functions", "coincidence", "filtering")
    figures += [getattr(chapter, f"plot_{name}")(results[name]) for name in names]
    assert all("<svg" in figure.svg() for figure in figures)
