"""What a page cannot run is refused when it is written, with the name of the layer."""

import numpy as np
import pytest

from tools import export_model as exporting
from tools.export_model import encode, export_model, load_weights, round_weights, write_model


def chain(*layers):
    import keras

    return keras.Sequential([keras.Input((8, 8, 1)), *layers])


def test_a_file_holds_the_weights_in_order():
    import keras

    model = chain(keras.layers.Flatten(), keras.layers.Dropout(0.1), keras.layers.Dense(3, "relu"))
    written = export_model(model, "float16")
    assert written["inputs"] == [8, 8, 1]
    assert [layer["kind"] for layer in written["layers"]] == ["flatten", "dense"]
    assert written["layers"][1]["activation"] == "relu"
    assert written["layers"][1]["kernel"]["shape"] == [64, 3]


def test_rounded_weights_are_those_of_the_file():
    import keras

    model = chain(keras.layers.Conv2D(2, 3))
    round_weights(model, "float16")
    kernel = model.layers[0].get_weights()[0]
    assert np.array_equal(kernel, kernel.astype("float16"))
    assert encode(kernel, "float16") == export_model(model, "float16")["layers"][0]["kernel"]


def test_weights_of_a_file_come_back():
    import keras

    model, other = (chain(keras.layers.Conv2D(2, 3), keras.layers.Dense(3)) for _ in range(2))
    round_weights(model, "float16")
    load_weights(other, export_model(model, "float16"))
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    with pytest.raises(ValueError, match="not compatible"):
        load_weights(chain(keras.layers.Dense(3)), export_model(model))


def test_what_the_runtime_does_not_know_is_refused():
    import keras

    layers = keras.layers
    for layer, message in (
        (layers.UpSampling2D(2), "of these kinds, .*Received: .*UpSampling2D"),
        (layers.Conv2D(2, 3, activation="gelu"), "activations of .*Received: 'gelu'"),
        (layers.LeakyReLU(0.3), "negative_slope of 0.2"),
        (layers.ReLU(6), "plain ReLU"),
        (layers.Conv2DTranspose(1, 3, strides=2, output_padding=1), "without dilation and output"),
    ):
        with pytest.raises(ValueError, match=message):
            export_model(chain(layer))


def test_recurrent_layers_of_other_kinds_are_refused():
    import keras

    layers = keras.layers
    for layer, message in (
        (layers.LSTM(2, activation="relu"), "activation='tanh'. Received: 'relu' in 'lstm"),
        (layers.LSTM(2, recurrent_activation="tanh"), "recurrent_activation='sigmoid'"),
        (layers.GRU(2, reset_after=False), "reset_after=True. Received: False"),
        (layers.SimpleRNN(2, go_backwards=True), "go_backwards=False"),
    ):
        with pytest.raises(ValueError, match=f"`model` must have recurrent layers with {message}"):
            export_model(keras.Sequential([keras.Input((5, 3)), layer]))


def test_a_model_with_branches_is_refused():
    import keras

    inputs = keras.Input((4,))
    one, other = keras.layers.Dense(3)(inputs), keras.layers.Dense(2)(inputs)
    same = keras.layers.Dense(4)
    for outputs in ([one, other], same(same(inputs))):
        with pytest.raises(ValueError, match=r"`model` must be a chain of layers.* Received: "):
            export_model(keras.Model(inputs, outputs))


def test_numbers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"`values` must be finite as float16. Received: 70000"):
        encode(np.array([70000.0]), "float16")
    with pytest.raises(ValueError, match=r"`dtype` must be one of .*Received: 'int4'"):
        encode(np.zeros(2), "int4")


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    import keras

    monkeypatch.setattr(exporting, "FOLDER", tmp_path)
    assert write_model(chain(keras.layers.Conv2D(2, 3)), "small.json").stat().st_size < 1000
    with pytest.raises(ValueError, match=r"`model` must fit into 150000 bytes. Received: "):
        write_model(chain(keras.layers.Flatten(), keras.layers.Dense(600)), "large.json")
