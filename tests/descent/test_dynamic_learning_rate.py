"""What a rule for the step looks at decides where it works."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.descent import dynamic_learning_rate as chapter
from dlbook.descent.dynamic_learning_rate import (
    RULES,
    adam_step,
    descend_by,
    fixed_step,
    gradient_scaled_step,
    rate_of,
    rmsprop_step,
    slope,
    time_decay_step,
)
from dlbook.descent.gradient_descent_algorithm import descend
from dlbook.lab.claims import Verdict, judge

slopes = st.floats(0.01, 100) | st.floats(-100, -0.01)
factors = st.floats(0.1, 10)


@pytest.fixture(scope="module")
def rules():
    return chapter.RULES_FROM_STARTS.run(progress=False)


@pytest.fixture(scope="module")
def scale():
    return chapter.SLOPE_SCALE.run(progress=False)


@pytest.fixture(scope="module")
def schedule():
    rates = {"first_rate": (0.1,)}
    return chapter.SCHEDULE.run(seeds=5, independent=rates, progress=False)


# Laws


@given(slopes, factors)
def test_a_slope_twice_as_large_makes_the_scaled_step_four_times_as_long(gradient, factor):
    rule = partial(gradient_scaled_step, learning_rate=0.1)
    expected = factor**2 * rule((), gradient, 1)[0]
    assert rule((), factor * gradient, 1)[0] == pytest.approx(expected)


@given(st.lists(st.floats(1, 100), min_size=1, max_size=5), factors)
def test_rmsprop_and_adam_do_not_notice_the_scale(gradients, factor):
    for rule in (rmsprop_step, adam_step):
        plain = steps_of(partial(rule, learning_rate=0.1), gradients)
        scaled = steps_of(partial(rule, learning_rate=0.1), factor * np.array(gradients))
        np.testing.assert_allclose(scaled, plain, rtol=1e-3)


def steps_of(rule, gradients):
    steps, state = [], ()
    for epoch, gradient in enumerate(gradients, start=1):
        step, state = rule(state, np.array(gradient), epoch)
        steps.append(step)
    return steps


@given(slopes)
def test_every_first_step_goes_downhill(gradient):
    for rule in RULES.values():
        step, _ = rule((), np.array(gradient), 1)
        assert np.sign(step) == np.sign(gradient)


@given(slopes)
def test_the_first_step_of_adam_is_as_long_as_its_rate(gradient):
    step, _ = adam_step((), np.array(gradient), 1, learning_rate=0.1)
    assert abs(step) == pytest.approx(0.1, rel=1e-3)


@given(st.integers(1, 60))
def test_decay_falls_in_a_line_to_zero_and_stays_there(epoch):
    step, _ = time_decay_step((), np.array(1.0), epoch, learning_rate=0.1, epochs=50)
    assert step == pytest.approx(0.1 * max(0, 50 - epoch) / 50)


@given(st.permutations(range(1, 51)))
def test_on_a_parabola_the_order_of_the_rates_does_not_matter(order):
    rule = RULES["decay from 0.1"]
    shuffled = descend_by(lambda state, g, t: rule(state, g, order[t - 1]), slope, [-2.0], 50)
    straight = descend_by(rule, slope, [-2.0], 50)
    assert shuffled[-1, 0] == pytest.approx(straight[-1, 0], abs=1e-10)


# A case worked by hand


def test_two_steps_of_the_scaled_rule_by_hand():
    # 2.5 away the slope is -15, the step -2.25; 0.25 away it is -1.5, the step -0.0225
    path = descend_by(RULES["gradient-scaled 0.01"], slope, [-2.0], 2)
    np.testing.assert_allclose(path.ravel(), [-2, 0.25, 0.2725])


def test_the_mean_of_the_decayed_rate_by_hand():
    steps = [time_decay_step((), np.array(1.0), t, learning_rate=0.1)[0] for t in range(1, 51)]
    assert np.mean(steps) == pytest.approx(0.049)


# Independent oracles


def test_a_fixed_rate_takes_the_walk_of_plain_descent():
    path = descend_by(partial(fixed_step, learning_rate=0.01), slope, [-2.0, 1.0], 50)
    np.testing.assert_array_equal(path, descend(slope, [-2.0, 1.0], 0.01, 50))


def test_a_fixed_rate_agrees_with_the_closed_form():
    path = descend_by(partial(fixed_step, learning_rate=0.01), slope, [-2.0, 1.0], 50)
    expected = 0.5 + np.outer(0.94 ** np.arange(51), [-2.5, 0.5])
    np.testing.assert_allclose(path, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("rule", "name"), [(rmsprop_step, "RMSprop"), (adam_step, "Adam"), (fixed_step, "SGD")]
)
def test_rules_take_the_walk_of_the_optimizers_of_keras(rule, name):
    import keras

    optimizer, x = getattr(keras.optimizers, name)(0.03), keras.Variable([-2.0, 1.5])
    walked = [[-2.0, 1.5]]
    for _ in range(30):
        optimizer.apply([6 * x - 3], [x])
        walked.append([float(x[0]), float(x[1])])
    ours = descend_by(partial(rule, learning_rate=0.03), slope, [-2.0, 1.5], 30)
    np.testing.assert_allclose(ours, walked, atol=2e-5)


def test_schedules_begin_at_the_first_rate_and_their_means_are_as_the_page_says():
    for name, mean in (("cosine", 0.5), ("halved every 10 epochs", 0.3875)):
        schedule = rate_of(name, 0.8)
        rates = np.array([float(schedule(step)) for step in range(0, 500, 5)])
        assert rates[0] == pytest.approx(0.8)
        assert np.all(np.diff(rates) <= 0)
        assert rates.mean() == pytest.approx(0.8 * mean, rel=0.04)
    assert rate_of(chapter.SCHEDULES[1], 0.8) == pytest.approx(0.4)


def test_the_best_accuracy_is_that_of_the_nearest_centre():
    # Monte Carlo with another generator
    generator = np.random.default_rng(3)
    centers = np.array(chapter.CENTERS)
    labels = np.repeat(range(3), 20_000)
    points = centers[labels] + generator.normal(size=(len(labels), 2))
    nearest = ((points[:, None] - centers) ** 2).sum(-1).argmin(1)
    assert chapter.best_accuracy() == pytest.approx(np.mean(nearest == labels), abs=0.005)


# Errors


@pytest.mark.parametrize("start", [[np.nan], [np.inf]])
def test_a_start_that_is_not_finite_is_refused(start):
    with pytest.raises(ValueError, match=r"`start` must hold finite.*Received: "):
        descend_by(RULES["fixed 0.01"], slope, start, 3)


# The claims of the experiments


def test_distances_are_those_of_the_course(rules):
    mean = rules["distance"].isel(step=-1, seed=0).mean("start")
    assert float(mean.sel(rule="gradient-scaled 0.01")) == pytest.approx(0.047, abs=0.001)
    assert float(mean.sel(rule="fixed 0.01")) == pytest.approx(0.049, abs=0.001)
    assert float(mean.sel(rule="decay from 0.01")) == pytest.approx(0.242, abs=0.001)
    assert float(mean.sel(rule="decay from 0.1")) == pytest.approx(6e-9, rel=0.1)
    assert float(mean.sel(rule="fixed 0.049")) == pytest.approx(3e-8, rel=0.1)


def test_the_same_rate_suits_every_scale_for_rmsprop_and_adam_only(scale):
    last = scale["distance"].isel(seed=0)
    np.testing.assert_allclose(last.sel(rule="RMSprop 0.05"), 0.248, atol=0.001)
    np.testing.assert_allclose(last.sel(rule="Adam 0.1"), 0.192, atol=0.001)
    assert float(last.sel(rule="fixed 0.01", slope_scale=0.01)) == pytest.approx(2.43, abs=0.01)
    assert float(last.sel(rule="fixed 0.01", slope_scale=100)) > 1e6


def test_networks_come_near_the_best_accuracy_with_any_schedule(schedule):
    accuracy = schedule["test_accuracy"].mean("seed")
    assert float(accuracy.min()) > chapter.best_accuracy() - 0.05
    assert schedule.attrs["engine"] == "stacked"


def test_units_are_active_where_their_sums_are_above_zero(schedule):
    bias = schedule["weights_hidden_2_bias"]
    for shift, expected in ((-1e3, 0), (1e3, 8)):
        shifted = schedule.assign(weights_hidden_2_bias=bias + shift)
        assert np.all(chapter.active_units(shifted) == expected)
    model = chapter.three_classes()
    found = chapter.active_units(schedule).sel(schedule="cosine", first_rate=0.1, seed=3)
    one = schedule.sel(schedule="cosine", first_rate=0.1, seed=3)
    names = [f"{layer}_{part}" for layer in ("hidden_1", "hidden_2", "output")
             for part in ("kernel", "bias")]  # fmt: skip
    model.set_weights([one[f"weights_{name}"].values for name in names])
    values = chapter.three_groups(3).x_train
    for layer in model.layers[:-1]:
        values = layer(values)
    assert int(found) == int((np.asarray(values) > 0).any(axis=0).sum())


def test_exact_claims_get_the_verdict_of_the_page(rules, scale):
    findings = judge(chapter.CLAIMS[:5], rules, scale)
    depends = Verdict.DEPENDS
    expected = [Verdict.HOLDS, depends, depends, Verdict.FAILS, depends]
    assert [finding.verdict for finding in findings] == expected


def test_the_claim_on_networks_is_decided_by_pairs(schedule):
    assert len(chapter.CLAIMS[5].decide(schedule).evidence) == 2
