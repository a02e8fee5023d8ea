"""Writes small Keras models as JSON that ``docs/assets/js/runtime.js`` runs in a page.

    from tools.export_model import export_model, round_weights, write_model

    round_weights(model, "float16")  # so that Keras predicts with what the page will have
    write_model(model, "digits_cnn.json", "float16")

A model is a chain of layers. Weights are base64 of little-endian numbers, so that a file is small
and exact. What is written and what is read is tested against Keras in a browser, to 1e-5.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "assets" / "data"
FORMAT = "dlbook-model-1"
DTYPES = {"float32": "<f4", "float16": "<f2", "uint8": "|u1"}
ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax")
LARGEST = 150_000
"""Bytes of a file that a page loads when a widget is reached."""


def encode(values: np.ndarray, dtype: str = "float32") -> dict[str, Any]:
    """Write an array as shape, dtype and base64.

    Args:
        values: Any array.
        dtype: Name of the numbers in the file, one of `DTYPES`.

    Returns:
        What the runtime's `decode` reads.

    Raises:
        ValueError: The dtype is unknown, or a number is too large for it.

    Example:
        >>> encode(np.array([1.0]), "float16")
        {'shape': [1], 'dtype': 'float16', 'base64': 'ADw='}
    """
    if dtype not in DTYPES:
        raise ValueError(f"`dtype` must be one of {', '.join(DTYPES)}. Received: {dtype!r}")
    with np.errstate(over="ignore"):
        numbers = np.asarray(values).astype(DTYPES[dtype])
    if not np.isfinite(numbers).all():
        raise ValueError(f"`values` must be finite as {dtype}. Received: {np.abs(values).max()}")
    text = base64.b64encode(numbers.tobytes()).decode("ascii")
    return {"shape": list(numbers.shape), "dtype": dtype, "base64": text}


def decode(written: dict[str, Any]) -> np.ndarray:
    """Read an array that `encode` wrote.

    Args:
        written: Shape, dtype and base64.

    Returns:
        The array, with the dtype of the file.

    Example:
        >>> decode(encode(np.array([1.0]), "float16"))
        array([1.], dtype=float16)
    """
    numbers = np.frombuffer(base64.b64decode(written["base64"]), DTYPES[written["dtype"]])
    return numbers.reshape(written["shape"])


def load_weights(model: "keras.Model", exported: dict[str, Any]) -> None:
    """Give a model the weights of an exported one, so that Keras predicts as a page does.

    Args:
        model: A built chain with the same layers, changed in place. Batch normalization, which is
            folded when it is written, cannot be filled again.
        exported: What `export_model` returned.
    """
    weighted = [layer for layer in model.layers if layer.weights]
    written = [layer for layer in exported["layers"] if "kernel" in layer]
    for layer, found in zip(weighted, written, strict=True):
        weights = [decode(found[name]) for name in ("kernel", "bias") if name in found]
        layer.set_weights([one.astype("float32") for one in weights])


def round_weights(model: "keras.Model", dtype: str) -> None:
    """Give a model the weights that its exported file will hold.

    Batch normalization keeps its weights: it is folded into a scale and a shift of 32 bits.

    Args:
        model: A built model, changed in place.
        dtype: `"float32"` or `"float16"`.
    """
    for layer in model.layers:
        if type(layer).__name__ != "BatchNormalization":
            layer.set_weights([one.astype(DTYPES[dtype]) for one in layer.get_weights()])


def export_model(model: "keras.Model", dtype: str = "float32") -> dict[str, Any]:
    """Describe a chain of layers with its weights.

    Args:
        model: A built `Sequential`, or a functional model that is a chain.
        dtype: Numbers of the weights in the file, `"float32"` or `"float16"`.

    Returns:
        A dictionary for JSON: format, shape of one input, and the layers in order. Layers that do
        nothing in prediction (`Dropout`) are left out.

    Raises:
        ValueError: A layer, an activation or a wiring that the runtime does not know.
    """
    _refuse_branches(model)
    layers = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("InputLayer", "Dropout", "GaussianNoise", "SpatialDropout2D"):
            continue
        if kind not in _WRITERS or getattr(layer, "data_format", "") == "channels_first":
            raise ValueError(
                f"`model` must have layers of these kinds, channels last: {', '.join(_WRITERS)}. "
                f"Received: {layer.name!r}, a {kind}"
            )
        layers.append({"name": layer.name, **_WRITERS[kind](layer, dtype)})
    return {"format": FORMAT, "inputs": list(model.input_shape[1:]), "layers": layers}


def write_model(model: "keras.Model", name: str, dtype: str = "float32") -> Path:
    """Write a model to ``docs/assets/data``.

    Args:
        model: As for `export_model`.
        name: Name of the file.
        dtype: As for `export_model`.

    Returns:
        The file.

    Raises:
        ValueError: The file would be larger than `LARGEST` bytes.
    """
    return write_content(export_model(model, dtype), name)


def write_content(content: dict[str, Any], name: str) -> Path:
    """Write exported models, and what a widget needs beside them, to ``docs/assets/data``.

    Args:
        content: What JSON can hold.
        name: Name of the file.

    Returns:
        The file.

    Raises:
        ValueError: The file would be larger than `LARGEST` bytes.
    """
    text = json.dumps(content, separators=(",", ":")) + "\n"
    if len(text) > LARGEST:
        raise ValueError(f"`model` must fit into {LARGEST} bytes. Received: {len(text)}")
    path = FOLDER / name
    path.write_text(text, encoding="utf-8")
    return path


def _refuse_branches(model: Any) -> None:
    """Refuse several inputs or outputs, and a layer that is used twice.

    All layers that can be written have one input, so that anything else is a chain.
    """
    graph = getattr(model, "_functional", None) or model
    uses = sum(len(nodes) for nodes in graph._nodes_by_depth.values())
    if len(model.inputs) != 1 or len(model.outputs) != 1 or uses != len(graph.operations):
        raise ValueError(
            "`model` must be a chain of layers, each used once. "
            f"Received: {len(model.inputs)} inputs, {len(model.outputs)} outputs, "
            f"{len(graph.operations)} layers used {uses} times"
        )


def _activation(layer: Any) -> str:
    name = getattr(layer.activation, "__name__", str(layer.activation))
    if name not in ACTIVATIONS:
        raise ValueError(
            f"`model` must have activations of {', '.join(ACTIVATIONS)}. "
            f"Received: {name!r} in {layer.name!r}"
        )
    return name


def _weights(layer: Any, dtype: str) -> dict[str, Any]:
    kernel = {"kernel": encode(np.asarray(layer.kernel), dtype)}
    bias = {"bias": encode(np.asarray(layer.bias), dtype)} if layer.use_bias else {}
    return {"activation": _activation(layer), **kernel, **bias}


def _dense(layer: Any, dtype: str) -> dict[str, Any]:
    return {"kind": "dense", **_weights(layer, dtype)}


def _conv2d(layer: Any, dtype: str) -> dict[str, Any]:
    if layer.groups != 1:
        raise ValueError(f"`model` must have groups of 1 only. Received: {layer.groups}")
    moves = {"stride": list(layer.strides), "dilation": list(layer.dilation_rate)}
    return {"kind": "conv2d", "padding": layer.padding, **moves, **_weights(layer, dtype)}


def _conv2d_transpose(layer: Any, dtype: str) -> dict[str, Any]:
    if tuple(layer.dilation_rate) != (1, 1) or layer.output_padding is not None:
        raise ValueError(
            "`model` must have transposed convolutions without dilation and output_padding. "
            f"Received: {layer.name!r}"
        )
    moves = {"stride": list(layer.strides), "padding": layer.padding}
    return {"kind": "conv2d_transpose", **moves, **_weights(layer, dtype)}


def _pool(pool: str) -> Callable[[Any, str], dict[str, Any]]:
    def write(layer: Any, dtype: str) -> dict[str, Any]:
        moves = {"size": list(layer.pool_size), "stride": list(layer.strides)}
        return {"kind": "pool2d", "pool": pool, "padding": layer.padding, **moves}

    return write


def _batch_normalization(layer: Any, dtype: str) -> dict[str, Any]:
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    gamma = np.asarray(layer.gamma) if layer.scale else np.ones_like(mean)
    beta = np.asarray(layer.beta) if layer.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return {"kind": "affine", "scale": encode(scale), "shift": encode(beta - mean * scale)}


def _recurrent(kind: str) -> Callable[[Any, str], dict[str, Any]]:
    def write(layer: Any, dtype: str) -> dict[str, Any]:
        _refuse_other_cells(layer)
        parts = {"kernel": layer.cell.kernel, "recurrent": layer.cell.recurrent_kernel}
        if layer.use_bias:
            parts["bias"] = layer.cell.bias
        weights = {name: encode(np.asarray(values), dtype) for name, values in parts.items()}
        return {"kind": kind, "sequences": bool(layer.return_sequences), **weights}

    return write


def _refuse_other_cells(layer: Any) -> None:
    """Refuse a recurrent layer that does not compute or walk as Keras does by default."""
    usual = {
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "reset_after": True,
        "go_backwards": False,
        "stateful": False,
        "return_state": False,
    }
    for name, value in usual.items():
        found = getattr(layer, name, value)
        found = getattr(found, "__name__", found)
        if found != value:
            raise ValueError(
                f"`model` must have recurrent layers with {name}={value!r}. "
                f"Received: {found!r} in {layer.name!r}"
            )


def _reshape(layer: Any, dtype: str) -> dict[str, Any]:
    return {"kind": "reshape", "shape": list(layer.output.shape[1:])}


def _relu(layer: Any, dtype: str) -> dict[str, Any]:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise ValueError(f"`model` must have plain ReLU layers. Received: {layer.name!r}")
    return {"kind": "activation", "activation": "relu"}


def _leaky_relu(layer: Any, dtype: str) -> dict[str, Any]:
    if not np.isclose(layer.negative_slope, 0.2):
        raise ValueError(f"`model` must have a negative_slope of 0.2. Received: {layer.name!r}")
    return {"kind": "activation", "activation": "leaky_relu"}


_WRITERS: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "Dense": _dense,
    "Conv2D": _conv2d,
    "Conv2DTranspose": _conv2d_transpose,
    "MaxPooling2D": _pool("max"),
    "AveragePooling2D": _pool("mean"),
    "GlobalAveragePooling2D": lambda layer, dtype: {"kind": "global_mean"},
    "GlobalMaxPooling2D": lambda layer, dtype: {"kind": "global_max"},
    "BatchNormalization": _batch_normalization,
    "SimpleRNN": _recurrent("simple_rnn"),
    "LSTM": _recurrent("lstm"),
    "GRU": _recurrent("gru"),
    "Flatten": lambda layer, dtype: {"kind": "flatten"},
    "Reshape": _reshape,
    "Activation": lambda layer, dtype: {"kind": "activation", "activation": _activation(layer)},
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "Softmax": lambda layer, dtype: {"kind": "activation", "activation": "softmax"},
}
