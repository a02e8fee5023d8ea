"""A linear whole is the sum of its parts; a bend ends that."""

from itertools import combinations

import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict, judge
from dlbook.science import spectral_theories as chapter
from dlbook.science.spectral_theories import (
    Components,
    components,
    logistic_map,
    make_signal,
    measure_explained,
    random_network,
    rebuild,
    superposition_error,
)

signals = arrays(float, st.integers(1, 40), elements=st.floats(-10, 10))


@pytest.fixture(scope="module")
def results():
    runs = (chapter.REBUILD, chapter.SUPERPOSITION, chapter.SENSITIVITY)
    return {one.name: one.run(progress=False) for one in runs}


# Laws


@given(signals)
def test_all_waves_together_are_the_signal(signal):
    np.testing.assert_allclose(rebuild(components(signal), len(signal)), signal, atol=1e-9)


@given(signals, st.integers(1, 10))
def test_one_more_wave_never_explains_less(signal, count):
    parts = components(signal)
    rests = [np.sum((signal - rebuild(parts, more)) ** 2) for more in (count, count + 1)]
    assert rests[1] <= rests[0] + 1e-9


@given(st.integers(0, 50), st.integers(1, 8))
def test_a_linear_network_is_the_sum_of_its_parts(seed, layers):
    a, b = np.random.default_rng(seed).normal(size=(2, 5, 32))
    assert superposition_error(random_network(seed, "linear", layers), a, b) < 1e-12


@given(st.floats(0, 4), st.floats(0, 1))
def test_the_one_line_system_stays_between_zero_and_one(rate, start):
    values = logistic_map(rate, start, steps=50)
    assert np.all((values >= 0) & (values <= 1))


@given(arrays(float, 8, elements=st.floats(-10, 10)), st.integers(1, 4))
def test_no_other_choice_of_waves_is_nearer(signal, count):
    parts = components(signal)
    waves = []
    for one in range(5):
        wave = (part[[one]] for part in (parts.amplitude, parts.frequency, parts.phase))
        waves.append(rebuild(Components(*wave, num_points=8), 1))
    best = min(np.sum((signal - sum(some)) ** 2) for some in combinations(waves, count))
    assert np.sum((signal - rebuild(parts, count)) ** 2) <= best + 1e-9


# A case worked by hand


def test_four_points_worked_by_hand():
    parts = components([3, 1, -1, 1])
    np.testing.assert_allclose(parts.amplitude, [1, 2, 0], atol=1e-12)
    np.testing.assert_allclose(rebuild(parts, 1), [2, 0, -2, 0], atol=1e-12)
    assert superposition_error(np.square, [1.0], [1.0]) == 0.5
    np.testing.assert_allclose(logistic_map(2, 0.25, 2), [0.25, 0.375, 0.46875])


def test_the_shares_of_the_square_wave_follow_the_formula():
    for count in (1, 2, 3, 5):
        expected = sum(8 / (np.pi * k) ** 2 for k in range(1, 2 * count, 2))
        found = measure_explained(0, "square wave", count)["explained"]
        assert found == pytest.approx(expected, abs=0.001)


# Independent oracles


@given(signals)
def test_the_waves_agree_with_the_oracle_of_a_cosine_fit(signal):
    parts = components(signal)
    turns = 2 * np.pi * np.outer(np.arange(len(signal)), parts.frequency) / len(signal)
    fit = np.linalg.lstsq(np.hstack([np.cos(turns), np.sin(turns)]), signal)[0]
    cosines, sines = np.split(fit, 2)
    np.testing.assert_allclose(parts.amplitude, np.hypot(cosines, sines), atol=1e-8)


def test_the_waves_agree_with_scipy():
    signal = make_signal("noise", seed=3)
    expected = 2 * np.abs(np.asarray(scipy.fft.rfft(signal))[1:-1]) / len(signal)
    np.testing.assert_allclose(components(signal).amplitude[1:-1], expected)


# Errors


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match=r"`signal` must have 1 axis.*Received: "):
        components([[1, 2]])
    with pytest.raises(ValueError, match=r"`count` must be 1 or more.*Received: 0"):
        rebuild(components([1, 2]), count=0)
    with pytest.raises(ValueError, match=r"`b` must have the shape of `a`.*Received: "):
        superposition_error(np.square, [1], [1, 2])
    with pytest.raises(ValueError, match=r"`function` must not be 0.*Received: "):
        superposition_error(np.zeros_like, [1.0], [1.0])


@pytest.mark.parametrize(("name", "values"), [("rate", (5, 0.5)), ("start", (3, -0.1))])
def test_a_rate_or_start_out_of_range_is_refused(name, values):
    with pytest.raises(ValueError, match=rf"`{name}` must lie between .*Received: "):
        logistic_map(*values, steps=3)


# The claims of the experiments


def test_networks_that_bend_lie_in_the_band(results):
    error = results["superposition"]["superposition_error"].mean("seed")
    assert np.all(error.sel(activation=["relu", "tanh"]) > 0.4)
    assert np.all(error.sel(activation="relu") < 0.62)
    assert np.all(error.sel(activation="tanh") < 0.77)
    assert np.all(np.diff(error.sel(activation="tanh")) > 0)


def test_noise_has_no_simple_parts(results):
    explained = results["rebuild"]["explained"].mean("seed").sel(num_components=50)
    assert explained.sel(signal="noise") < 0.6
    assert explained.sel(signal="three sines") == pytest.approx(1)


def test_every_claim_gets_the_verdict_of_the_page(results):
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *results.values())]
    assert verdicts == [Verdict.DEPENDS, Verdict.HOLDS, Verdict.HOLDS, Verdict.HOLDS]


def test_every_figure_can_be_drawn(results):
    figures = [chapter.plot_square_wave(), chapter.plot_trajectories()]
    names = ("rebuild", "superposition")
    figures += [getattr(chapter, f"plot_{name}")(results[name]) for name in names]
    assert all("<svg" in figure.svg() for figure in figures)
