"""Starts, learning rates, epochs: what a map of final guesses shows, and what chance does to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.descent import descent_experiments as chapter
from dlbook.descent.descent_experiments import (
    agreement,
    collapse,
    explained_by_neighbours,
    final_guess,
    interaction_share,
    walk_from_random_starts,
)
from dlbook.descent.gradient_descent_algorithm import ripple, ripple_slope
from dlbook.lab.claims import Verdict, judge

few = st.floats(-5, 5).map(lambda value: round(value, 3))
effects = arrays(float, 4, elements=few).filter(lambda values: np.ptp(values) > 0.1)


@pytest.fixture(scope="module")
def rate_and_epochs():
    return chapter.RATE_AND_EPOCHS.run(
        independent={"learning_rate": chapter.RATES[::5], "epochs": chapter.EPOCHS[::4]},
        progress=False,
    )


@pytest.fixture(scope="module")
def random_start():
    return chapter.RANDOM_START.run(seeds=20, progress=False)


# Laws


@given(effects, effects)
def test_effects_that_add_up_do_not_interact(rows, columns):
    assert interaction_share(rows[:, None] + columns) < 1e-12


@given(effects, effects)
def test_effects_that_multiply_interact_as_much_as_theory_says(rows, columns):
    share = interaction_share(np.outer(rows, columns))
    product, variance = np.outer(rows, columns), lambda values: values.var()
    assert np.isclose(share, variance(rows) * variance(columns) / variance(product), atol=1e-9)


@given(st.floats(-1.4, 1.4), st.floats(0.01, 0.1), st.integers(0, 40))
def test_more_epochs_never_end_higher(start, rate, epochs):
    ends = [final_guess(0, start, rate, count)["final_guess"] for count in (epochs, epochs + 5)]
    assert ripple(ends[1]) <= ripple(ends[0]) + 1e-12


@given(st.integers(0, 50), st.sampled_from([0.01, 0.05]))
def test_one_start_per_seed_is_shared_by_all_rates(seed, rate):
    nothing = walk_from_random_starts(seed, 1e-10, "one per seed")["final_guess"]
    assert np.ptp(nothing) < 1e-7
    other = walk_from_random_starts(seed, rate, "new in every run")["final_guess"]
    assert np.ptp(other) > 0.01


# Cases worked by hand


def test_half_an_interaction():
    assert interaction_share([[0.0, 0.0], [0.0, 1.0]]) == pytest.approx(1 / 3)


def test_neighbours_that_differ_explain_nothing():
    assert explained_by_neighbours([1.0, 3.0, 1.0, 3.0], num_groups=2) == 0


def test_a_map_is_put_in_the_order_of_the_product(rate_and_epochs):
    products, ends = collapse(rate_and_epochs)
    assert np.all(np.diff(products) >= 0)
    last = rate_and_epochs["final_guess"].isel(seed=0, learning_rate=-1, epochs=-1)
    assert ends[-1] == float(last)


# Independent oracles


@pytest.mark.parametrize("product", [0.5, 1.0, 3.0])
def test_small_steps_follow_the_continuous_flow_of_scipy(product):
    from scipy.integrate import solve_ivp

    flow = solve_ivp(lambda _, x: -ripple_slope(x), (0, product), [0.0], rtol=1e-9, atol=1e-12)
    walked = final_guess(0, 0.0, product / 2000, 2000)["final_guess"]
    assert abs(walked - flow.y[0, -1]) < 1e-3


def test_the_sweep_agrees_with_keras():
    import keras
    import tensorflow as tf

    guess = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(learning_rate=0.05)
    for _ in range(30):
        with tf.GradientTape() as tape:
            height = tf.sin(guess) * tf.exp(-0.05 * guess**2)
        optimizer.apply([tape.gradient(height, guess.value)], [guess])
    assert abs(float(guess) - final_guess(0, 0.0, 0.05, 30)["final_guess"]) < 1e-5


# Errors


def test_epochs_that_are_no_whole_number_are_refused():
    with pytest.raises(ValueError, match=r"`epochs` must be a whole number.*Received: 22\.5"):
        final_guess(epochs=22.5)  # pyright: ignore[reportArgumentType]


def test_a_table_without_differences_is_refused():
    with pytest.raises(ValueError, match=r"`table` must hold numbers that differ.*Received: "):
        interaction_share(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"`table` must have 2 axes.*Received: "):
        interaction_share(np.ones(2))


# The claims of the experiments


def test_the_starts_of_the_course_end_in_three_groups():
    ends = chapter.START.run(progress=False)["final_guess"].values.ravel()
    assert np.sum(np.abs(ends + 1.4289) < 0.02) == 28
    assert np.sum(np.abs(ends - 4.306) < 0.05) == 18
    assert np.sum(ends < -6) == 4


def test_rates_from_0_0061_on_arrive():
    results = chapter.LEARNING_RATE.run(progress=False)
    arrived = np.abs(results["final_guess"].values.ravel() + 1.4289) < 0.01
    np.testing.assert_array_equal(arrived, chapter.RATES > 0.006)


def test_one_product_parts_those_that_arrive_from_those_that_do_not(rate_and_epochs):
    products, ends = collapse(rate_and_epochs)
    arrived = np.abs(ends + 1.4289) < 0.05
    assert np.all(arrived[products > 3.45])
    assert not np.any(arrived[products < 3.3])


def test_a_start_of_its_own_in_every_run_drowns_the_map(random_start):
    noisy = agreement(random_start, "height", "new in every run").mean()
    calm = agreement(random_start, "height", "one per seed").mean()
    assert calm > noisy + 0.2
    assert abs(agreement(random_start, "final_guess", "new in every run").mean()) < 0.15


def test_every_claim_gets_the_verdict_of_the_page(random_start):
    rates = {"learning_rate": chapter.RATES[::2], "epochs": chapter.EPOCHS[::2]}
    maps = chapter.RATE_AND_EPOCHS.run(independent=rates, progress=False)
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, maps, random_start)]
    assert verdicts == [Verdict.HOLDS, Verdict.HOLDS, Verdict.DEPENDS]
