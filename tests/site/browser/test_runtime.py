"""Models that were trained in Keras and run in a page: the same numbers, in a real browser."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Page

from dlbook.architectures.lstm_gru import gates_over_time
from tools.export_model import encode, export_model, round_weights

pytestmark = pytest.mark.browser

MODULE = Path(__file__).resolve().parents[3] / "docs" / "assets" / "js" / "runtime.js"
CLOSE = 1e-5


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page that has the runtime, so that nothing else of the book is needed."""
    page = chromium.new_page()
    text = base64.b64encode(MODULE.read_bytes()).decode("ascii")
    page.evaluate(
        f"async () => {{ window.runtime = await import('data:text/javascript;base64,{text}'); }}"
    )
    yield page
    page.close()


def in_page(page: Page, model: Any, inputs: np.ndarray, dtype: str = "float32") -> list[np.ndarray]:
    """What every layer of an exported model answers in the page."""
    found = page.evaluate(
        """([exported, inputs]) => {
            const { decode, readModel, runModel } = window.runtime;
            const activations = runModel(readModel(exported), decode(inputs));
            return activations.map(({ shape, data }) => [shape, [...data]]);
        }""",
        [export_model(model, dtype), encode(inputs)],
    )
    return [np.array(data, float).reshape(shape) for shape, data in found]


def in_keras(model: Any, inputs: np.ndarray) -> list[np.ndarray]:
    """What every layer that does something in prediction answers in Keras."""
    import keras

    idle = (keras.layers.Dropout, keras.layers.InputLayer)
    outputs = [layer.output for layer in model.layers if not isinstance(layer, idle)]
    answers = keras.Model(model.inputs[0], outputs)
    found = answers(inputs[None])
    return [np.asarray(one)[0] for one in (found if isinstance(found, list) else [found])]


def network(kind: str) -> Any:
    """One of the networks that pages show, with random weights and biases."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    parts: dict[str, list[Callable[[], Any]]] = {
        "dense": [
            lambda: keras.Input((7,)),
            *(lambda name=name: layers.Dense(6, name) for name in ("relu", "tanh", "elu")),
            lambda: layers.Dropout(0.5),
            *(lambda name=name: layers.Dense(5, name) for name in ("sigmoid", "leaky_relu")),
            lambda: layers.Dense(10, "softmax", use_bias=False),
        ],
        "cnn": [
            lambda: keras.Input((13, 10, 2)),
            lambda: layers.Conv2D(5, (3, 2), padding="same", activation="relu"),
            lambda: layers.BatchNormalization(),
            lambda: layers.MaxPooling2D(2),
            lambda: layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False),
            lambda: layers.Activation("tanh"),
            lambda: layers.Flatten(),
            lambda: layers.Dense(10),
            lambda: layers.Softmax(),
        ],
        "global": [
            lambda: keras.Input((12, 11, 1)),
            lambda: layers.Conv2D(3, 3, strides=2),
            lambda: layers.Conv2D(3, 2, dilation_rate=2),
            lambda: layers.ReLU(),
            lambda: layers.AveragePooling2D(2, strides=1, padding="same"),
            lambda: layers.GlobalAveragePooling2D(),
        ],
        "largest": [
            lambda: keras.Input((6, 5, 1)),
            lambda: layers.Conv2D(3, 3),
            lambda: layers.GlobalMaxPooling2D(),
        ],
        "generator": [
            lambda: keras.Input((4,)),
            lambda: layers.Dense(18),
            lambda: layers.LeakyReLU(0.2),
            lambda: layers.Reshape((3, 3, 2)),
            lambda: layers.Conv2DTranspose(4, 4, strides=2, padding="same", activation="relu"),
            lambda: layers.Conv2DTranspose(3, (2, 5), strides=(3, 2)),
            lambda: layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ],
        "recurrent": [
            lambda: keras.Input((30, 2)),
            lambda: layers.SimpleRNN(5, return_sequences=True),
            lambda: layers.LSTM(6, return_sequences=True, dropout=0.5),
            lambda: layers.GRU(4, return_sequences=True),
            lambda: layers.Dense(3, "tanh"),
            lambda: layers.LSTM(4, use_bias=False),
            lambda: layers.Dense(2),
        ],
    }
    model = keras.Sequential([part() for part in parts[kind]])
    generator = np.random.default_rng(2)
    for layer in model.layers:
        drawn = [generator.normal(0, 0.4, one.shape) for one in layer.get_weights()]
        layer.set_weights([np.abs(one) if layer.name.startswith("batch") else one for one in drawn])
    return model


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("kind", ["dense", "cnn", "global", "largest", "generator", "recurrent"])
def test_every_layer_answers_as_in_keras(page, kind, dtype):
    model = network(kind)
    round_weights(model, dtype)
    inputs = np.random.default_rng(3).normal(size=model.input_shape[1:]).astype("float32")
    found, expected = in_page(page, model, inputs, dtype), in_keras(model, inputs)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= CLOSE * max(1, np.abs(theirs).max())


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_kernel_stride_and_padding_of_every_kind(page, kernel, stride, padding):
    import keras

    shape = (8, 9, 2)
    for layer in (
        keras.layers.Conv2D(3, kernel, stride, padding),
        keras.layers.Conv2DTranspose(3, kernel, stride, padding),
        keras.layers.MaxPooling2D(kernel, stride, padding),
        keras.layers.AveragePooling2D(kernel, stride, padding),
    ):
        model = keras.Sequential([keras.Input(shape), layer])
        inputs = np.random.default_rng(4).normal(size=shape).astype("float32")
        found, expected = in_page(page, model, inputs)[-1], in_keras(model, inputs)[-1]
        assert found == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_recurrent_layers_of_every_kind(page, kind, use_bias, sequences):
    import keras

    options = {"use_bias": use_bias, "return_sequences": sequences}
    model = keras.Sequential([keras.Input((9, 3)), getattr(keras.layers, kind)(5, **options)])
    generator = np.random.default_rng(6)
    model.set_weights([generator.normal(size=one.shape) for one in model.get_weights()])
    inputs = generator.normal(size=(9, 3)).astype("float32")
    found, expected = in_page(page, model, inputs)[-1], in_keras(model, inputs)[-1]
    assert found.shape == ((9, 5) if sequences else (5,))
    assert found == pytest.approx(expected, abs=CLOSE)


def test_an_lstm_gives_out_its_gates(page):
    import keras

    model = keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(4)])
    generator = np.random.default_rng(7)
    model.set_weights([generator.normal(size=one.shape) for one in model.get_weights()])
    inputs = generator.normal(size=(7, 3)).astype("float32")
    noted = page.evaluate(
        """([exported, inputs]) => {
            const { decode, lstm, readModel } = window.runtime;
            const noted = lstm(decode(inputs), readModel(exported).layers[0]);
            return Object.fromEntries(Object.entries(noted).map(([name, { data }]) => [name, [...data]]));
        }""",  # noqa: E501
        [export_model(model), encode(inputs)],
    )
    expected = gates_over_time(model.get_weights(), inputs[None])
    assert set(noted) == set(expected)
    for name, values in expected.items():
        assert noted[name] == pytest.approx(values.ravel(), abs=CLOSE), name


def test_numbers_of_every_size_survive_the_file(page):
    numbers = np.array([0, -0.0, 1, -1.5, 65504, 6e-8, 1e-5, 0.1, 1 / 3])
    for dtype in ("float16", "float32"):
        expected = numbers.astype(dtype)
        found = page.evaluate(
            "given => [...window.runtime.decode(given).data]", encode(numbers, dtype)
        )
        assert np.array_equal(np.array(found, "float32"), expected.astype("float32"))
    found = page.evaluate(
        "given => [...window.runtime.decode(given).data]", encode(np.arange(256), "uint8")
    )
    assert found == list(range(256))


def test_probabilities_do_not_overflow(page):
    found = page.evaluate(
        """() => {
            const { tensor, softmax } = window.runtime;
            return [...softmax(tensor([2, 2], [1000, 0, 0, 0])).data];
        }"""
    )
    assert found == [1, 0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("tensor([2, 2], [1, 2, 3])", "data must hold 4 numbers"),
        ("dense(tensor([3]), tensor([2, 1]))", "x must end in an axis of 2 inputs"),
        ("conv2d(tensor([4, 4, 1]), tensor([3, 3, 2, 1]))", "x must have 2 channels"),
        ("conv2d(tensor([2, 2, 1]), tensor([3, 3, 1, 1]))", "a window of 3 must fit"),
        ("pool2d(tensor([4, 4, 1]), { padding: 'full' })", 'padding must be "valid" or "same"'),
        ("lstm(tensor([4, 3]), cell)", "each moment must have 2 features"),
        ("readModel({ format: 'other' })", "the model must have the format"),
        ("readModel({ format: 'dlbook-model-1', layers: [{ kind: 'ear' }] })", "a layer must be"),
        ("runModel({ inputs: [2], layers: [] }, tensor([3]))", "inputs must have the shape"),
    ],
)
def test_what_does_not_fit_is_refused(page, script, message):
    names = "tensor, dense, conv2d, pool2d, lstm, readModel, runModel"
    cell = "{ kernel: tensor([2, 8]), recurrent: tensor([2, 8]) }"
    given = f"const {{ {names} }} = window.runtime; const cell = {cell};"
    with pytest.raises(Error, match=f"{message}.*Received: "):
        page.evaluate(f"() => {{ {given} return {script}; }}")
