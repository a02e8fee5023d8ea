"""An optimizer is its memory: what it keeps decides the step."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.descent.dynamic_learning_rate import descend_by
from dlbook.generalization import optimizers as chapter
from dlbook.generalization.optimizers import (
    momentum_step,
    ravine,
    ravine_bends,
    rule_of,
    steps_until,
)
from dlbook.lab.claims import Verdict

slopes = st.floats(-100, 100)
shares = st.floats(0, 0.99)

# Laws


@given(slopes, shares)
def test_on_a_steady_slope_the_steps_are_a_geometric_sum(slope, momentum):
    state, steps = (), []
    for number in range(1, 6):
        step, state = momentum_step(
            state, np.array(slope), number, learning_rate=0.1, momentum=momentum
        )
        steps.append(step)
    expected = 0.1 * slope * np.cumsum(momentum ** np.arange(5))
    np.testing.assert_allclose(steps, expected, atol=1e-9)


@given(slopes, st.booleans())
def test_without_momentum_it_is_plain_descent(slope, nesterov):
    memory = (np.array(7.0),)
    step, _ = momentum_step(
        memory, np.array(slope), 3, learning_rate=0.1, momentum=0, nesterov=nesterov
    )
    assert step == pytest.approx(0.1 * slope)


@given(st.floats(0.1, 100), st.floats(-90, 90), st.floats(-3, 3), st.floats(-3, 3))
def test_turning_a_ravine_turns_its_heights(steepness, turned, x, y):
    angle = np.deg2rad(turned)
    place = x * np.array([np.cos(angle), np.sin(angle)])
    place += y * np.array([-np.sin(angle), np.cos(angle)])
    assert ravine(place, steepness, turned) == pytest.approx(ravine([x, y], steepness), abs=1e-9)


@given(st.integers(0, 50))
def test_plain_descent_does_not_notice_that_a_ravine_is_turned(seed):
    start = np.random.default_rng(seed).normal(size=2)
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    for name in ("SGD", "momentum"):
        rule, ends = rule_of(name, 0.05), []
        for bends, first in ((ravine_bends(10), start), (ravine_bends(10, 45), start @ turn)):
            ends.append(descend_by(rule, lambda w, bends=bends: w @ bends, first, 20)[-1])
        np.testing.assert_allclose(ends[0] @ turn, ends[1], atol=1e-9)


# Cases worked by hand


def test_two_steps_of_momentum():
    first, state = momentum_step((), np.array(4), 1, learning_rate=0.1, momentum=0.5)
    second, _ = momentum_step(state, np.array(4), 2, learning_rate=0.1, momentum=0.5)
    assert [first, second] == pytest.approx([0.4, 0.6])


def test_steps_are_counted_to_the_first_place_that_is_low_enough():
    heights = np.array([[9, 9], [1, np.nan], [0, np.nan], [5, np.inf]])
    assert steps_until(heights, 1).tolist() == [1, 4]


@pytest.mark.parametrize("steepness", [10, 100])
def test_plain_descent_climbs_from_two_over_the_steepness(steepness):
    for factor, falls in ((0.99, True), (1.01, False)):
        rule = rule_of("SGD", factor * 2 / steepness)
        path = descend_by(rule, lambda w: w @ ravine_bends(steepness), [0.0, 1.0], 50)
        assert (abs(path[-1, 1]) < 1) == falls


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_rmsprop_never_rests_but_hops_over_the_bottom_by_its_rate(rate):
    path = descend_by(rule_of("RMSprop", rate), lambda w: w @ ravine_bends(10), [0.8, 0.6], 500)
    np.testing.assert_allclose(np.abs(path[-1] - path[-2]), rate, rtol=0.05)


def test_adams_first_step_is_the_rate_whatever_the_slope():
    for slope in (1e3, -1e-3):
        step, _ = rule_of("Adam", 0.01)((), np.array(slope), 1)
        assert abs(step) == pytest.approx(0.01, rel=0.01)


# Independent oracles


def of_keras(name, nesterov=False):
    import keras

    made = {
        "SGD": partial(keras.optimizers.SGD, 0.05),
        "momentum": partial(keras.optimizers.SGD, 0.05, momentum=0.9, nesterov=nesterov),
        "RMSprop": partial(keras.optimizers.RMSprop, 0.05),
        "Adam": partial(keras.optimizers.Adam, 0.05),
    }
    place = keras.Variable([-2.0, 0.6])
    optimizer = made[name]()
    for _ in range(10):
        optimizer.apply([place.numpy() @ ravine_bends(10, 30)], [place])
    return place.numpy()


@pytest.mark.parametrize("name", chapter.RULES)
def test_ten_steps_are_those_of_keras(name):
    path = descend_by(rule_of(name, 0.05), lambda w: w @ ravine_bends(10, 30), [-2.0, 0.6], 10)
    np.testing.assert_allclose(path[-1], of_keras(name), atol=1e-5)


def test_ten_steps_of_nesterov_are_those_of_keras():
    rule = partial(momentum_step, learning_rate=0.05, nesterov=True)
    path = descend_by(rule, lambda w: w @ ravine_bends(10, 30), [-2.0, 0.6], 10)
    np.testing.assert_allclose(path[-1], of_keras("momentum", nesterov=True), atol=1e-5)


# Errors


def test_a_ravine_without_walls_is_refused():
    with pytest.raises(ValueError, match=r"`steepness` must be a finite number above 0.*: 0"):
        ravine([[1.0, 1.0]], steepness=0)


# The claims of the experiments


def test_plain_descent_suffers_most_in_a_steep_ravine_and_rmsprop_when_it_is_turned():
    levels = {"steepness": (1, 100)}
    results = chapter.RAVINE.run(seeds=5, independent=levels, progress=False)
    steps = chapter.steps_at_own_rate(results).mean("seed")
    along = steps.sel(turned=0, steepness=100)
    assert along["rule"].values[int(along.values.argmax())] == "SGD"
    turned = steps.sel(turned=45, steepness=100)
    assert float(turned.sel(rule="RMSprop")) > 2 * float(along.sel(rule="RMSprop"))
    assert float(turned.sel(rule="SGD")) == pytest.approx(float(along.sel(rule="SGD")), rel=0.2)


def test_adam_wins_at_a_small_common_rate():
    levels = {"data_set": ("digits",), "optimizer": ("sgd", "adam"), "learning_rate": (0.001, 0.1)}
    results = chapter.OPTIMIZER_AND_RATE.run(seeds=3, independent=levels, progress=False)
    assert results.attrs["engine"] == "stacked"
    accuracy = results["test_accuracy"].mean("seed").sel(data_set="digits")
    assert float(accuracy.sel(optimizer="adam", learning_rate=0.001)) > 0.7
    assert float(accuracy.sel(optimizer="sgd", learning_rate=0.001)) < 0.4
    own, small = (one.effect for one in chapter.CLAIMS[0].decide(results).evidence)
    assert small > 0.3
    assert abs(own) < 0.15
    few = chapter.good_rates(results, chapter.SMALL).sel(data_set="digits")
    assert float(few.sel(optimizer="sgd").max()) == 0


def test_momentum_helps_at_a_small_rate_and_acts_like_a_larger_one():
    levels = {"momentum": (0, 0.9, 0.999), "learning_rate": (0.001, 0.01)}
    results = chapter.MOMENTUM.run(seeds=5, independent=levels, progress=False)
    accuracy = results["test_accuracy"].mean("seed").sel(learning_rate=0.001)
    assert float(accuracy.sel(momentum=0.9) - accuracy.sel(momentum=0)) > 0.05
    (same,) = chapter.CLAIMS[3].decide(results).evidence
    assert abs(same.effect) < 0.05
    assert chapter.CLAIMS[2].decide(results).verdict is not Verdict.FAILS
