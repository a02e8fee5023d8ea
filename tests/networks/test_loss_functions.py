"""Losses: what an error costs, alone and on average."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import Verdict
from dlbook.maths.cross_entropy import double_softmax_floor, label_cross_entropy
from dlbook.maths.softmax import softmax
from dlbook.networks import loss_functions as chapter
from dlbook.networks.loss_functions import (
    absolute_error,
    binary_cross_entropy,
    categorical_cross_entropy_from_logits,
    cost,
    fit_constant,
    huber,
    losses_while_training,
    squared_error,
)

values = arrays(float, 6, elements=st.floats(-50, 50))
shares = arrays(float, 6, elements=st.floats(0.001, 0.999))
classes = arrays(int, 6, elements=st.integers(0, 1))
ALL = [squared_error, absolute_error, huber]


# Laws


@pytest.mark.parametrize("loss", ALL)
@given(values, values)
def test_a_loss_is_never_negative_and_zero_for_a_perfect_prediction(loss, y_true, y_pred):
    assert (loss(y_true, y_pred) >= 0).all()
    np.testing.assert_array_equal(loss(y_true, y_true), 0)


@given(values, values, st.floats(0.1, 10))
def test_huber_is_half_a_square_inside_and_below_a_line_outside(y_true, y_pred, delta):
    loss, size = huber(y_true, y_pred, delta), absolute_error(y_true, y_pred)
    inside = size <= delta
    np.testing.assert_allclose(loss[inside], size[inside] ** 2 / 2)
    assert (loss <= delta * size + 1e-9).all()


@given(classes, shares)
def test_cross_entropy_falls_as_the_right_class_gets_more(y_true, probabilities):
    nearer = probabilities + 0.1 * (y_true - probabilities)
    before = binary_cross_entropy(y_true, probabilities)
    assert (binary_cross_entropy(y_true, nearer) < before + 1e-12).all()


@given(arrays(float, 4, elements=st.floats(-20, 20)), st.integers(0, 3), st.floats(-30, 30))
def test_a_constant_added_to_all_logits_changes_nothing(logits, label, shift):
    loss = categorical_cross_entropy_from_logits(logits, label)
    assert categorical_cross_entropy_from_logits(logits + shift, label) == pytest.approx(loss)
    assert loss == pytest.approx(float(label_cross_entropy(label, softmax(logits))), abs=1e-9)


@given(arrays(float, 9, elements=st.floats(-50, 50)))
def test_squares_choose_the_mean_and_sizes_the_median(numbers):
    tolerance = 1e-3 * (1 + np.ptp(numbers))
    assert fit_constant(numbers, squared_error) == pytest.approx(numbers.mean(), abs=tolerance)
    best = cost(absolute_error(numbers, np.full_like(numbers, np.median(numbers))))
    found = np.full_like(numbers, fit_constant(numbers, absolute_error))
    assert cost(absolute_error(numbers, found)) <= best + tolerance


# A case worked by hand


@pytest.mark.parametrize(("label", "once", "twice"), [(0, 3.349, 1.437), (1, 0.349, 0.766),
                                                      (2, 1.349, 1.212)])  # fmt: skip
def test_the_logits_of_the_exercise(label, once, twice):
    logits = [1, 4, 3]
    assert categorical_cross_entropy_from_logits(logits, label) == pytest.approx(once, abs=5e-4)
    shares = softmax(logits)
    assert categorical_cross_entropy_from_logits(shares, label) == pytest.approx(twice, abs=5e-4)


@pytest.mark.parametrize(("classes", "floor"), [(2, 0.313), (3, 0.551), (10, 1.461)])
def test_no_loss_of_shares_passes_the_floor(classes, floor):
    perfect = categorical_cross_entropy_from_logits(np.eye(classes)[0], 0)
    assert perfect == pytest.approx(floor, abs=1e-3)
    assert perfect == pytest.approx(double_softmax_floor(classes))


def test_the_square_and_the_line_of_huber_by_hand():
    assert huber([0, 0], [3, 0.5]).tolist() == [2.5, 0.125]
    assert cost([2.25, 0.25]) == 1.25


# Independent oracles


def test_the_losses_agree_with_keras():
    import keras

    generator = np.random.default_rng(0)
    y_true, y_pred = generator.normal(size=(2, 30))
    pairs = (
        (squared_error, keras.losses.MeanSquaredError()),
        (absolute_error, keras.losses.MeanAbsoluteError()),
        (huber, keras.losses.Huber()),
    )
    for ours, theirs in pairs:
        expected = np.asarray(theirs(y_true, y_pred))
        assert cost(ours(y_true, y_pred)) == pytest.approx(expected, rel=1e-5)
    labels, logits = generator.integers(0, 3, 30), generator.normal(scale=5, size=(30, 3))
    theirs = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    pairs = zip(logits, labels, strict=True)
    ours = [categorical_cross_entropy_from_logits(row, int(label)) for row, label in pairs]
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-4)


@pytest.mark.parametrize(("loss", "slope"), [("squared", -0.00067), ("crossed", -0.99966)])
def test_slopes_of_a_wrong_and_sure_model_by_finite_differences(loss, slope):
    function = {"squared": squared_error, "crossed": binary_cross_entropy}[loss]
    at = [float(function([1], [1 / (1 + np.exp(8 + step))])[0]) for step in (-1e-5, 1e-5)]
    assert (at[0] - at[1]) / 2e-5 == pytest.approx(slope, abs=1e-5)


def test_losses_while_training_agree_with_keras():
    import keras

    from dlbook.lab import datasets

    data = datasets.clusters(0, num_test=0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    model.set_weights([np.zeros((2, 1)), np.zeros(1)])
    model.compile(keras.optimizers.SGD(0.3), "binary_crossentropy")
    history = model.fit(data.x_train, data.y_train, batch_size=200, epochs=4)
    ours = losses_while_training(0, epochs=4).mean(axis=1)
    np.testing.assert_allclose(ours, history.history["loss"], rtol=1e-4)


# Errors


@pytest.mark.parametrize("label", [-1, 3, 0.5])
def test_a_label_that_is_no_class_is_refused(label):
    with pytest.raises(ValueError, match=r"`label` must be a whole number from 0 to 2.*Received: "):
        categorical_cross_entropy_from_logits([1, 4, 3], label)


@pytest.mark.parametrize(("y_true", "probabilities"), [([0.5], [0.5]), ([1], [1.5]), ([1], [2.5])])
def test_no_cross_entropy_without_classes_and_probabilities(y_true, probabilities):
    with pytest.raises(ValueError, match=r"`y_true` must hold classes 0 and 1.*Received: "):
        binary_cross_entropy(y_true, probabilities)


def test_huber_needs_a_place_to_bend():
    with pytest.raises(ValueError, match=r"`delta` must be a finite number above 0\. Received: "):
        huber([1], [2], delta=0)


# The claims of the experiments


def test_cross_entropy_frees_a_model_that_starts_wrong_and_sure():
    levels = {"start_bias": (0, -8), "learning_rate": (0.5,)}
    results = chapter.WRONG_AND_SURE.run(seeds=5, independent=levels, progress=False)
    epochs = chapter.epochs_until(results, 0.95).squeeze("learning_rate").mean("seed")
    squared, crossed = (epochs.sel(objective=name) for name in chapter.OBJECTIVES)
    assert float((squared - crossed).sel(start_bias=-8)) > 100


def test_a_second_softmax_stops_above_its_floor():
    levels = {"learning_rate": (0.1,)}
    results = chapter.DOUBLE_SOFTMAX.run(seeds=3, independent=levels, progress=False)
    loss = results["val_loss"].squeeze("learning_rate")
    assert float(loss.sel(head="softmax twice").min()) > double_softmax_floor(3)
    once, inside = (loss.sel(head=head).isel(epoch=-1) for head in ("logits", "softmax"))
    np.testing.assert_allclose(once, inside, atol=0.02)
    assert float(once.mean()) < 0.4


def test_outliers_pull_the_squared_loss_only():
    results = chapter.OUTLIERS.run(progress=False)
    constant = abs(results["constant"]).mean("seed")
    assert float(constant.sel(objective="squared", share=0.2)) == pytest.approx(4, abs=0.2)
    assert float(constant.sel(objective=["absolute", "Huber"]).max()) < 1
    assert chapter.CLAIMS[2].decide(results).verdict is Verdict.HOLDS
