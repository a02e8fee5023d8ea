"""Along a chain of functions slopes multiply, from the output back to the input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.calculus import chain_rule as chapter
from dlbook.calculus.chain_rule import (
    LINKS,
    backward,
    chain_derivative,
    forward,
    inner,
    inner_slope,
    outer,
    outer_slope,
    plot_chain,
)
from dlbook.calculus.derivatives import central_difference
from dlbook.lab.claims import Verdict, judge

names = st.lists(st.sampled_from(sorted(LINKS)), min_size=1, max_size=6)
places = st.floats(-2, 2)
COURSE = ([inner, outer], [inner_slope, outer_slope])


def chain_of(names):
    return [LINKS[name][0] for name in names], [LINKS[name][1] for name in names]


# Laws


@given(names, places)
def test_the_slope_of_a_chain_is_that_of_small_steps(names, x):
    functions, derivatives = chain_of(names)
    measured = central_difference(lambda x: forward(functions, x)[-1], x, 1e-5)
    assert chain_derivative(functions, derivatives, x) == pytest.approx(measured, abs=1e-7)


@given(names, places, st.integers(0, 6))
def test_a_chain_may_be_cut_anywhere(names, x, place):
    functions, derivatives = chain_of(names)
    cut = min(place, len(names))
    values = forward(functions, x)
    slopes = backward(derivatives, values)
    first = backward(derivatives[:cut], values[: cut + 1])[0]
    assert slopes[0] == pytest.approx(first * slopes[cut])
    assert slopes[-1] == 1


@given(names, st.lists(places, min_size=1, max_size=4))
def test_many_inputs_pass_at_once_as_they_do_one_by_one(names, x):
    functions, derivatives = chain_of(names)
    together = chain_derivative(functions, derivatives, x)
    np.testing.assert_allclose(
        together, [chain_derivative(functions, derivatives, one) for one in x]
    )


@given(places, st.integers(1, 20))
def test_a_chain_of_sigmoids_keeps_at_most_a_quarter_per_link(x, depth):
    functions, derivatives = chain_of(["sigmoid"] * depth)
    assert 0 < chain_derivative(functions, derivatives, x) <= 0.25**depth


# A case worked by hand


def test_the_example_of_the_course():
    assert forward(COURSE[0], 1) == [1, 5, 3125]
    assert backward(COURSE[1], [1, 5, 3125]) == [43_750, 3125, 1]
    assert chain_derivative(*COURSE, -1) == 4050
    x = np.linspace(-1, 1, 9)
    expected = 5 * (x**2 + 4 * x**3) ** 4 * (2 * x + 12 * x**2)
    np.testing.assert_allclose(chain_derivative(*COURSE, x), expected)


def test_the_outer_slope_at_the_wrong_place_is_wrong():
    assert outer_slope(1) * inner_slope(1) == 70


# Independent oracles


def test_the_course_example_agrees_with_tensorflow():
    import tensorflow as tf

    x = tf.constant(np.linspace(-1, 1, 9))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = (x**2 + 4 * x**3) ** 5
    expected = np.asarray(tape.gradient(y, x))
    np.testing.assert_allclose(chain_derivative(*COURSE, x.numpy()), expected, atol=1e-12)


def test_the_polynomial_multiplied_out_has_the_same_slope():
    polynomial = np.polynomial.Polynomial([0, 0, 1, 4]) ** 5
    x = np.linspace(-1, 1, 9)
    np.testing.assert_allclose(chain_derivative(*COURSE, x), polynomial.deriv()(x), atol=1e-9)


# Errors


def test_an_empty_chain_is_refused():
    with pytest.raises(ValueError, match=r"`functions` must hold one .*Received: "):
        forward([], 1)


def test_bad_inputs_are_refused_by_name():
    with pytest.raises(ValueError, match=r"`x` must hold finite .*Received: "):
        forward([np.sin], np.nan)
    with pytest.raises(ValueError, match=r"`values` must hold one value more .*Received: 1 values"):
        backward([np.cos], [1.0])
    with pytest.raises(ValueError, match=r"`derivatives` must .* 2 functions.*Received: 1 "):
        chain_derivative([np.sin, np.sin], [np.cos], 1)


# The claims of the experiments


def test_slopes_of_long_chains_are_those_of_the_page():
    slopes = chapter.DEPTH.run(progress=False)["slope"].isel(seed=0)
    expected = [0.197, 0.0431, 0.00216, 5.5e-6, 3.6e-11, 1.5e-21]
    np.testing.assert_allclose(slopes.sel(function="sigmoid"), expected, rtol=0.02)
    assert float(slopes.sel(function="tanh", depth=32)) == pytest.approx(0.0083, rel=0.02)
    assert float(slopes.sel(function="sin", depth=32)) == pytest.approx(0.0182, rel=0.02)
    assert float(slopes.sel(function="times 1.1", depth=32)) > 20


def test_small_steps_cost_two_passes_per_input_and_the_chain_rule_two_in_all():
    results = chapter.COST.run(progress=False).isel(seed=0)
    passes = results["passes"]
    np.testing.assert_allclose(passes.sel(route="chain rule"), 2)
    np.testing.assert_allclose(passes.sel(route="small steps"), 2 * passes["num_inputs"])
    assert float(results["largest_error"].max()) < 1e-9


def test_every_claim_gets_the_verdict_of_the_page():
    runs = [one.run(progress=False) for one in (chapter.DEPTH, chapter.COST)]
    verdicts = [finding.verdict for finding in judge(chapter.CLAIMS, *runs)]
    assert verdicts == [Verdict.HOLDS] * 3


def test_the_picture_of_a_chain_shows_its_values_and_slopes():
    drawing = plot_chain(*COURSE, -1).svg()
    for text in ("x = −1", "g = −3", "f = −243", "slope 405", "4,050"):
        assert text in drawing
