"""Inside its data a black box may beat a wrong law; outside it knows nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.claims import judge
from dlbook.science import science_of_deep_learning as chapter
from dlbook.science.science_of_deep_learning import (
    errors,
    fall_with_drag,
    fit_law,
    free_fall,
    measurements,
    network_of,
    true_distance,
)

seconds = st.floats(0.01, 20)
speeds = st.floats(0.5, 200)


# Laws


@given(seconds, st.floats(0.1, 30))
def test_twice_the_time_is_four_times_the_distance(time, gravity):
    near, far = free_fall([time, 2 * time], gravity)
    assert far == pytest.approx(4 * near)


@given(seconds, speeds)
def test_air_never_makes_a_fall_longer_nor_faster_than_the_terminal_speed(time, speed):
    fallen = fall_with_drag([time], speed)[0]
    assert 0 <= fallen <= free_fall([time])[0] + 1e-9
    assert fallen <= speed * time + 1e-9


@given(st.floats(0.1, 50))
def test_the_law_finds_its_own_gravity(gravity):
    time = np.linspace(0, 2, 7)
    assert fit_law(time, free_fall(time, gravity)) == pytest.approx(gravity)


def test_more_measurements_leave_the_blind_spot_where_it_is():
    assert measurements(0, "air", 320).x_train.max() < chapter.LONGEST
    assert measurements(0, "air", 320, longest=4.0).x_train.max() > chapter.LONGEST


# Cases worked by hand


def test_a_stone_falls_19_62_meters_in_2_seconds():
    np.testing.assert_allclose(free_fall([2.0]), 19.62)


def test_errors_of_the_truth_are_zero_and_of_a_shift_are_the_shift():
    for world in chapter.WORLDS:
        found = errors(lambda time, world=world: true_distance(time, world) + 3, world)
        assert found == pytest.approx({"error_inside": 3, "error_outside": 3})


# Independent oracles


def test_a_fall_through_air_solves_its_equation_of_motion():
    from scipy.integrate import solve_ivp

    def motion(_, state):
        return [state[1], 9.81 * (1 - (state[1] / 10) ** 2)]

    times = np.linspace(0, 4, 9)
    solved = solve_ivp(motion, (0, 4), [0, 0], t_eval=times, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fall_with_drag(times), solved.y[0], atol=1e-6)


def test_least_squares_is_that_of_numpy():
    data = measurements(1, "air", 50)
    time, distance = data.x_train.ravel(), data.y_train.ravel()
    expected = np.linalg.lstsq(time[:, None].astype(float) ** 2 / 2, distance.astype(float))[0]
    assert fit_law(time, distance) == pytest.approx(expected[0])


def test_a_network_drawn_from_its_weights_is_that_of_keras():
    results = chapter.BLACK_BOX.run(
        independent={"world": ("air",), "num_examples": (5,)}, seeds=1, progress=False
    )
    model = chapter.black_box()
    run = results.isel(world=0, num_examples=0, seed=0)
    names = [f"{layer}_{part}" for layer in ("hidden_1", "hidden_2", "output")
             for part in ("kernel", "bias")]  # fmt: skip
    model.set_weights([run[f"weights_{name}"].values for name in names])
    time = np.linspace(0, 4, 5)
    np.testing.assert_allclose(
        network_of(results, "air", 5)(time),
        np.ravel(model(time[:, None].astype(np.float32))),
        rtol=1e-4,
        atol=1e-4,
    )


# Errors


@pytest.mark.parametrize("gravity", [0, -9.81, np.inf])
def test_a_gravity_that_is_not_above_zero_is_refused(gravity):
    with pytest.raises(ValueError, match=r"`gravity` must be .*Received: "):
        free_fall([1.0], gravity)


@pytest.mark.parametrize(("time", "distance"), [([1, 2], [1.0]), ([0, 0], [1.0, 2.0])])
def test_measurements_that_do_not_determine_gravity_are_refused(time, distance):
    with pytest.raises(ValueError, match=r"`time` and `distance` must be .*Received: 2 times"):
        fit_law(time, distance)


# The claims of the experiments


@pytest.fixture(scope="module")
def results():
    levels = {"world": chapter.WORLDS, "num_examples": (5, 80, 320)}
    law = chapter.LAW.run(independent=levels, seeds=4, progress=False)
    return law, chapter.BLACK_BOX.run(independent=levels, seeds=4, progress=False)


def test_a_right_law_is_close_everywhere_and_a_wrong_one_nowhere(results):
    law = results[0].mean("seed").sel(num_examples=80)
    assert law["error_inside"].sel(world="no air") <= 0.1
    assert law["error_outside"].sel(world="no air") <= 0.4
    assert 0.45 < law["error_inside"].sel(world="air") < 0.6
    assert 11 < law["error_outside"].sel(world="air") < 14


def test_a_network_is_close_inside_only(results):
    box = results[1].mean("seed").sel(num_examples=320)
    assert box["error_inside"].max() < 0.3
    assert box["error_outside"].sel(world="no air") > 5


def test_the_claims_are_judged_from_the_results(results):
    verdicts = [str(finding.verdict) for finding in judge(chapter.CLAIMS, *results)]
    assert verdicts[0] == "depends"
    assert verdicts[2] == "depends"
