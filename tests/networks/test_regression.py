"""A network answers with a number; a straight line is sometimes the better answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.claims import Verdict
from dlbook.lab.least_squares import r_squared
from dlbook.networks import regression as chapter
from dlbook.networks.regression import build_regressor, least_squares, noisy_line

seeds = st.integers(0, 1000)
slopes = st.floats(-3, 3)

# Laws


@given(seeds, slopes)
def test_least_squares_leaves_errors_that_no_line_can_use(seed, slope):
    data = noisy_line(seed, slope)
    found, intercept = least_squares(data.x_train, data.y_train)
    errors = data.y_train.ravel() - data.x_train @ found - intercept
    assert abs(errors.mean()) < 1e-6
    assert np.abs(data.x_train.T @ errors).max() < 1e-4


@given(seeds, slopes)
def test_one_seed_has_the_same_points_and_the_same_noise_at_every_slope(seed, slope):
    flat, steep = noisy_line(seed, 0.0), noisy_line(seed, slope)
    np.testing.assert_array_equal(flat.x_train, steep.x_train)
    np.testing.assert_allclose(steep.y_train - slope * steep.x_train, flat.y_train, atol=1e-5)


@given(seeds)
def test_the_mean_explains_nothing_and_the_truth_everything(seed):
    y = np.random.default_rng(seed).normal(size=10)
    assert r_squared(y, np.full(10, y.mean())) == pytest.approx(0)
    assert r_squared(y, y) == 1
    assert r_squared(y, -y) < 0 or abs(y.mean()) > y.std()


# A case worked by hand


def test_three_points_on_a_line():
    found, intercept = least_squares([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    assert found == pytest.approx([2])
    assert intercept == pytest.approx(1)


# Independent oracles


def test_least_squares_and_r_squared_agree_with_scikit_learn():
    from sklearn.linear_model import LinearRegression

    data = chapter.patients(0, 80)
    model = LinearRegression().fit(data.x_train, data.y_train.ravel())
    found, intercept = least_squares(data.x_train, data.y_train)
    np.testing.assert_allclose(found, model.coef_, atol=1e-4)
    assert intercept == pytest.approx(model.intercept_, abs=1e-4)
    answers = data.x_validation @ found + intercept
    expected = model.score(data.x_validation, data.y_validation.ravel())
    assert r_squared(data.y_validation, answers) == pytest.approx(expected, abs=1e-4)


def test_keras_finds_the_line_of_least_squares():
    import keras

    keras.utils.set_random_seed(0)
    data = noisy_line(0, 1.5)
    model = build_regressor("1-1")
    model.compile(keras.optimizers.SGD(0.2), "mean_squared_error")
    for _ in range(60):
        model.train_on_batch(data.x_train, data.y_train)
    found, intercept = least_squares(data.x_train, data.y_train)
    kernel, bias = model.get_weights()
    assert kernel.item() == pytest.approx(found[0], abs=1e-3)
    assert bias.item() == pytest.approx(intercept, abs=1e-3)


def test_the_loss_of_the_line_is_the_noise_less_two_points():
    losses = [chapter.line_loss(seed, 1.0) for seed in range(400)]
    assert np.mean(losses) == pytest.approx(0.25 * (1 - 2 / 50), abs=0.012)


# Errors


def test_columns_that_repeat_one_another_are_refused():
    with pytest.raises(ValueError, match=r"`inputs` must have more rows.*Received: shape \(4, 2\)"):
        least_squares(np.ones((4, 2)), np.ones(4))


def test_targets_that_do_not_belong_to_the_inputs_are_refused():
    with pytest.raises(ValueError, match=r"`targets` must hold one number.*Received: 3 targets"):
        least_squares(np.ones((4, 1)), np.ones(3))


def test_r_squared_of_a_constant_is_refused():
    with pytest.raises(ValueError, match=r"`y_true` must hold as many.*Received: 3 and 3"):
        r_squared([1, 1, 1], [1, 2, 3])


# The claims of the experiments


def test_only_the_network_with_a_single_relu_suffers_from_a_steep_line():
    steep = {"slope": (-2.0, 0.0, 2.0)}
    results = chapter.SLOPE.run(independent=steep, progress=False)
    loss = results["loss"].isel(epoch=-1).mean("seed")
    assert float(loss.sel(line_network="1-1-1 ReLU", slope=2)) > 0.8
    assert float(loss.sel(line_network=["1-1-1 linear", "1-8-1 ReLU"]).max()) < 0.3
    assert float(loss.sel(slope=0).max()) < 0.3
    dead = (chapter.share_on(results) == 0).mean("seed")
    assert float(dead.min()) > 0.1
    assert float(dead.max()) < 0.4
    assert chapter.CLAIMS[0].decide(results).verdict is Verdict.DEPENDS
    assert chapter.CLAIMS[3].decide(results).verdict is Verdict.FAILS


def test_a_network_beats_the_line_on_a_curve_when_examples_are_many():
    many = {"num_examples": (1280,)}
    network = chapter.CURVED_DATA.run(seeds=3, independent=many, progress=False)
    others = chapter.CURVED_BASELINES.run(seeds=3, independent=many, progress=False)["r_squared"]
    ours = chapter.network_r_squared(network, chapter.curved).isel(epoch=-1)
    assert float((ours - others.sel(baseline="least squares")).min()) > 0.2


def test_an_output_that_cannot_be_negative_stays_at_its_floor():
    loss = chapter.OUTPUT.run(seeds=5, progress=False)["loss"].isel(epoch=-1).mean("seed")
    assert float(loss.sel(output="linear")) < 0.35
    assert float(loss.sel(output="relu")) > 0.5
    assert float(loss.sel(output="sigmoid")) > 0.5
