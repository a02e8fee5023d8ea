"""What carries the gradient helps; what only regularizes does not."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook import contents
from dlbook.descent import gradient_remedies as chapter
from dlbook.descent.gradient_remedies import (
    REMEDIES,
    clipped,
    deep_network,
    digits_of,
    measure_start,
    residual_block,
    weight_normalized,
)
from dlbook.lab.claims import judge
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import load

widths = st.integers(1, 5)


@pytest.fixture(scope="module")
def some():
    few = {"remedy": ("none", "one layer", "dropout")}
    return chapter.REMEDY.run(seeds=3, independent=few, progress=False)


def initializer(scale: float = 1.0) -> Any:
    import keras

    return keras.initializers.VarianceScaling(scale, "fan_in", "untruncated_normal", seed=1)


# Laws


@settings(max_examples=15)
@given(widths, st.floats(0.5, 4))
def test_weight_normalization_keeps_the_length_whatever_the_direction_is_scaled_by(units, factor):
    layer = weight_normalized()(units, kernel_initializer=initializer())
    inputs = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    before = np.array(layer(inputs))
    layer.kernel.assign(factor * layer.kernel)
    np.testing.assert_allclose(np.array(layer(inputs)), before, atol=1e-5)


@given(st.integers(1, 4), widths, widths)
def test_a_residual_block_of_nothing_hands_on_what_went_in(num_examples, units, other):
    inputs = np.random.default_rng(units).normal(size=(num_examples, units))
    np.testing.assert_array_equal(residual_block(inputs, np.zeros_like(inputs)), inputs)
    if other != units:
        computed = np.ones((num_examples, other))
        assert residual_block(inputs, computed) is computed


@pytest.mark.parametrize("remedy", REMEDIES)
def test_every_remedy_gives_a_network_from_pixels_to_ten_logits(remedy):
    model = deep_network(remedy)
    assert model.output_shape == (None, 10)
    assert np.isfinite(np.array(model(digits_of(0).x_test[:4]))).all()


# A case worked by hand


def test_weight_normalization_by_hand():
    # direction (3, 4)/5, length 10: weights (6, 8); inputs (1, 1) give 14
    layer = weight_normalized()(1, kernel_initializer=initializer())
    layer.build((None, 2))
    layer.kernel.assign([[3.0], [4.0]])
    layer.length.assign([10.0])
    assert float(np.array(layer(np.ones((1, 2), "float32"))).item()) == pytest.approx(14)


def test_the_slope_of_ten_shortcuts_by_hand():
    assert (1 + 0.0) ** 10 == 1 > 0.25**10


# Independent oracles


def test_clipped_layers_learn_as_clipnorm_of_keras_does():
    import keras

    inputs = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    targets = 100 * inputs.sum(axis=1, keepdims=True)
    ends = []
    for kind, limit in ((clipped(), None), (keras.layers.Dense, 1.0)):
        layer = kind(1, kernel_initializer=initializer())
        model = keras.Sequential([keras.Input((3,)), layer])
        model.compile(keras.optimizers.SGD(0.1, clipnorm=limit), "mean_squared_error")
        start = model.get_weights()[0]
        model.train_on_batch(inputs, targets)
        ends.append(model.get_weights()[0])
        assert np.linalg.norm(ends[-1] - start) == pytest.approx(0.1, rel=1e-4)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-6)


def test_a_weight_normalized_layer_begins_with_the_usual_length():
    dense = weight_normalized()(400, kernel_initializer=initializer(2.0))
    dense.build((None, 300))
    kernel, _, length = (np.array(one) for one in dense.get_weights())
    np.testing.assert_allclose(length, np.sqrt(2), rtol=1e-6)
    assert np.linalg.norm(kernel, axis=0).mean() == pytest.approx(np.sqrt(2), rel=0.01)


def test_the_first_layer_starts_alike_at_every_depth():
    import keras

    starts = []
    for num_layers in (1, 10):
        keras.utils.set_random_seed(4)
        starts.append(deep_network("none", (("num_layers", num_layers),)).get_weights()[0])
    np.testing.assert_array_equal(*starts)


def test_the_engine_keeps_the_clipping():
    import keras

    trial = replace(
        cast(Any, chapter.EXPLOSION.trial), batch_size=None, epochs=1, keep_weights=True
    )
    step = Experiment("step", "How far?", {"remedy": ("clipping",)}, trial)
    trained = step.run(seeds=1, progress=False)["weights_clipped_kernel"].values.squeeze()
    keras.utils.set_random_seed(0)
    start = chapter.exploding_network("clipping").get_weights()[0]
    assert np.linalg.norm(trained - start) == pytest.approx(0.1, rel=1e-3)


# Errors


def test_an_unknown_remedy_is_refused():
    with pytest.raises(ValueError, match=r"`remedy` must be one of none.*Received: 'honey'"):
        deep_network("honey")


# The claims of the experiments


def test_one_layer_helps_and_dropout_does_not(some):
    accuracy = some["test_accuracy"].mean("seed")
    assert float(accuracy.sel(remedy="one layer")) > 0.8
    for sick in ("none", "dropout"):
        assert 0.07 <= float(accuracy.sel(remedy=sick)) <= 0.13
        assert float(some["first_layer_change"].sel(remedy=sick).max()) < 0.01
    gains = chapter.helps("one layer", "dropout")(some)
    assert [one.holds for one in gains] == [True, False]


def test_the_record_gets_the_verdicts_of_the_page_and_can_be_repeated(some):
    folder = contents.folder() / "results/descent/gradient_remedies"
    remedies, explosion = (load(folder / f"{name}.json") for name in ("remedies", "explosion"))
    verdicts = [finding.verdict.name[0] for finding in judge(chapter.CLAIMS, remedies, explosion)]
    assert "".join(verdicts) == "HHFHFHDHHD"
    same = remedies["test_accuracy"].sel(remedy=some["remedy"], seed=some["seed"])
    np.testing.assert_allclose(some["test_accuracy"], same, atol=0.03)


def test_the_gradient_of_the_sick_network_has_vanished_before_training():
    sick, cured = (measure_start(0, one)["first_layer_gradient"] for one in ("none", "residual"))
    assert sick < -5
    assert cured > -2


def test_every_sentence_of_the_notes_is_a_claim():
    assert len(chapter.CLAIMS) == len(chapter.SENTENCES) + 3
    assert {one for _, remedies in chapter.SENTENCES for one in remedies} <= set(REMEDIES)
