"""Every layer computes for all runs what Keras computes for each of them."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlbook.lab.compiled import CompiledNetwork
from dlbook.lab.stacked_activations import ELEMENTWISE, MOVES_ZERO
from dlbook.lab.stacked_layers import CannotStackError, Moment
from dlbook.lab.stacked_network import StackedNetwork
from dlbook.lab.stacked_noise import noise_source, table

STREAMS, CONDITIONS, EXAMPLES = 2, 3, 5


def sequential(*parts, features=(4,)):
    return keras.Sequential([keras.Input(features), *parts])


def branches():
    inputs = keras.Input((4,))
    wide = layers.Dense(6, "relu")(inputs)
    narrow = layers.Dense(2, "tanh")(layers.Rescaling(0.5, 0.1)(inputs))
    joined = layers.Concatenate()([wide, narrow, inputs])
    merged = layers.Add()([joined, layers.Dense(12)(joined)])
    halves = layers.Maximum()([merged[:, :6] * 2.0, merged[:, 6:]])
    return keras.Model(inputs, layers.Dense(3)(keras.ops.relu(halves)))


def maxima():
    inputs = keras.Input((3, 2))
    ops: Any = keras.ops
    one = ops.max(inputs, axis=1) + ops.max(inputs, axis=-2)
    other = ops.max(ops.max(layers.Dense(3)(inputs), -1, keepdims=True), (1, 2))
    return keras.Model(inputs, one * ops.max(inputs, 1, initial=0.1) + other[:, None])


class Residual(layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense, self.dropout = layers.Dense(4, "relu"), layers.Dropout(0.5)

    def call(self, inputs, training=None):
        return inputs + self.dropout(self.dense(inputs), training=training)


class OwnWeights(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 3), name="kernel")

    def call(self, inputs):
        return tf.matmul(inputs, self.kernel)


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.head = layers.Dense(3, "tanh"), layers.Dense(2)
        self.normalization = layers.BatchNormalization()

    def call(self, inputs, training=False):
        return self.head(self.normalization(self.hidden(inputs), training=training))


MODELS = {
    "dense": lambda: sequential(layers.Dense(3, "gelu"), layers.Dense(2, use_bias=False)),
    "softmax": lambda: sequential(layers.Dense(3), layers.Softmax()),
    "activation": lambda: sequential(layers.Dense(3, activation=lambda x: x**2)),
    "across units": lambda: sequential(
        layers.Dense(3, activation=lambda x: x - keras.ops.mean(x, axis=-1, keepdims=True))
    ),
    "rectifiers": lambda: sequential(
        layers.LeakyReLU(), layers.ELU(), layers.ReLU(max_value=0.5), layers.PReLU("uniform")
    ),
    "shapes": lambda: sequential(
        layers.Reshape((2, -1)),
        layers.Dense(3, "relu"),
        layers.Permute((2, 1)),
        layers.Dense(5),
        layers.Identity(),
        layers.Flatten(),
        layers.Dense(2),
    ),
    "image": lambda: sequential(
        layers.Rescaling(1 / 255), layers.Dense(3), layers.Flatten(), features=(2, 2, 1)
    ),
    "normalization": lambda: sequential(layers.BatchNormalization(), layers.LayerNormalization()),
    "normalization without scale": lambda: sequential(
        layers.BatchNormalization(scale=False, epsilon=0.1),
        layers.LayerNormalization(center=False, epsilon=0.1),
    ),
    "normalization of sequences": lambda: sequential(
        layers.BatchNormalization(), layers.LayerNormalization(), features=(3, 2)
    ),
    "recurrent": lambda: sequential(
        layers.SimpleRNN(3, return_sequences=True), layers.SimpleRNN(2), features=(3, 2)
    ),
    "lstm": lambda: sequential(
        layers.LSTM(3, return_sequences=True), layers.LSTM(2, use_bias=False), features=(3, 2)
    ),
    "gru": lambda: sequential(
        layers.GRU(3, return_sequences=True), layers.GRU(2, use_bias=False), features=(3, 2)
    ),
    "noise": lambda: sequential(
        layers.Dropout(0.5),
        layers.GaussianNoise(1.0),
        layers.GaussianDropout(0.5),
        layers.Dense(2),
    ),
    "branches": branches,
    "maxima": maxima,
    "residual": lambda: sequential(Residual(), Residual()),
    "own weights": lambda: sequential(OwnWeights(), layers.Dense(2)),
    "subclass": Subclass,
    "nested": lambda: sequential(sequential(layers.Dense(3)), branches_of(3), layers.Dense(1)),
    "shared": lambda: (lambda one: sequential(one, layers.Activation("tanh"), one))(
        layers.Dense(4)
    ),
}


def branches_of(features):
    inputs = keras.Input((features,))
    return keras.Model(inputs, layers.Multiply()([inputs, layers.Dense(features)(inputs)]))


def stacked(model, features, seed=0):
    """Return a network and stacked random weights, with those of each run in Keras' layout."""
    network = StackedNetwork(model, features)
    generator = np.random.default_rng(seed)
    runs = STREAMS * CONDITIONS
    own = [
        generator.uniform(0.5, 1.5, (runs, *one.shape)).astype(np.float32)
        for one in network.variables
    ]
    packed = [
        tf.constant(one.reshape(STREAMS, CONDITIONS, *one.shape[1:]))
        for one in network.to_stack(own)
    ]
    for one, other in zip(network.from_stack(network.to_stack(own)), own, strict=True):
        np.testing.assert_array_equal(one, other)
    return network, packed, own


def numbers_of(network):
    return {
        name: tf.fill((STREAMS, CONDITIONS), np.float32(value))
        for name, value in network.numbers().items()
    }


@pytest.mark.parametrize(
    ("name", "training"),
    [(name, False) for name in MODELS]
    + [(name, True) for name in MODELS if name not in ("noise", "residual")],
)
def test_a_stack_computes_what_each_run_computes(name, training):
    model = MODELS[name]()
    inputs = np.random.default_rng(1).normal(size=(STREAMS, EXAMPLES, 4)).astype(np.float32)
    features = tuple(getattr(model, "input_shape", (None, 4))[1:])
    inputs = inputs if np.prod(features) == 4 else np.repeat(inputs, 3, -1)[..., :6]
    inputs = inputs.reshape(STREAMS, EXAMPLES, *features)
    model(inputs[0])
    network, packed, own = stacked(model, features)
    moment = Moment(training)
    last = np.moveaxis(inputs, 1, -1)[:, np.newaxis]
    outputs = network.forward(tf.constant(last), packed, numbers_of(network), moment)
    for run in range(STREAMS * CONDITIONS):
        for variable, value in zip(network.variables, own, strict=True):
            variable.assign(value[run])
        place = divmod(run, CONDITIONS)
        expected = np.asarray(model(inputs[place[0]], training=training))
        found = np.moveaxis(outputs.numpy()[place], -1, 0)
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5)
        for variable in model.non_trainable_variables if training else ():
            if id(variable) in moment.updates:
                update = moment.updates[id(variable)].numpy()[place]
                np.testing.assert_allclose(update, np.asarray(variable), rtol=1e-5, atol=1e-6)


def test_normalization_keeps_the_statistics_that_it_was_adapted_to():
    inputs = np.random.default_rng(0).normal(3, 2, (EXAMPLES, 4)).astype(np.float32)
    adapted = layers.Normalization()
    adapted.adapt(inputs)
    given = layers.Normalization(mean=[0.0, 0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0, 4.0])
    model = sequential(adapted, given, layers.Dense(2))
    network = StackedNetwork(model, (4,))
    own = [np.asarray(one)[np.newaxis] for one in network.variables]
    weights = [tf.constant(one[np.newaxis]) for one in network.to_stack(own)]
    outputs = network.forward(tf.constant(inputs.T[None, None]), weights, {}, Moment(True))
    np.testing.assert_allclose(outputs[0, 0].numpy().T, np.asarray(model(inputs)), rtol=1e-4)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE - {"threshold"}))
def test_activations_know_whether_they_move_the_zero(name):
    at_zero = float(getattr(keras.activations, name)(tf.zeros(())))
    assert (abs(at_zero) > 1e-6) == (name in MOVES_ZERO)


class Phases(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(2)

    def call(self, inputs, training=False):
        return self.head(inputs * 2 if training else inputs)


class Counting(layers.Layer):
    def build(self, input_shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs):
        self.count.assign_add(1.0)
        return inputs


class Reversing(layers.Layer):
    """Sends the opposite of the gradient back, as networks that forget a domain do."""

    def call(self, inputs):
        return reverse(inputs)


@tf.custom_gradient
def reverse(inputs):
    return tf.identity(inputs), lambda gradient: -gradient


REFUSED = {
    "Reversing has a gradient of its own": lambda: sequential(Reversing()),
    "computes something else in training": Phases,
    "Conv1D cannot stack": lambda: sequential(layers.Conv1D(2, 1), features=(3, 2)),
    "Counting has a state": lambda: sequential(Counting()),
    "Dense with an activity penalty": lambda: sequential(
        layers.Dense(1, activity_regularizer="l2")
    ),
    "Dense with a constraint": lambda: sequential(layers.Dense(1, kernel_constraint="non_neg")),
    "Dropout with a noise_shape": lambda: sequential(layers.Dropout(0.5, noise_shape=(1, 4))),
    "OrthogonalRegularizer penalties": lambda: sequential(
        layers.Dense(4, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())
    ),
    "BatchNormalization with special": lambda: sequential(
        layers.BatchNormalization(axis=1), features=(3, 2)
    ),
    "GRU with special options": lambda: sequential(
        layers.GRU(2, reset_after=False), features=(3, 2)
    ),
    "LSTM over more than 128 steps": lambda: sequential(layers.LSTM(2), features=(129, 2)),
    "Softmax over another axis": lambda: sequential(layers.Softmax(axis=1), features=(3, 2)),
    "float16 layers": lambda: sequential(layers.Dense(2, dtype="float16")),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_stack_says_why(reason):
    model = REFUSED[reason]()
    features = tuple(getattr(model, "input_shape", (None, 4))[1:])
    model(np.zeros((1, *features), np.float32))
    with pytest.raises(CannotStackError, match=reason):
        StackedNetwork(model, features)


def test_settings_that_may_differ_do_not_separate_runs_and_others_do():
    def key(rate=0.1, units=3, stddev=1.0, activation="relu", l2=0.1):
        start: Any = keras.initializers.RandomNormal(stddev=stddev)
        dense = layers.Dense(
            units,
            activation,
            kernel_initializer=start,
            kernel_regularizer=keras.regularizers.L2(l2),
        )
        return StackedNetwork(sequential(dense, layers.Dropout(rate)), (4,)).key()

    assert key() == key(rate=0.5) == key(stddev=2.0) == key(l2=0.3)
    assert len({key(), key(units=4), key(activation="tanh")}) == 3


def test_noise_is_uniform_and_depends_on_seed_step_and_layer_alone():
    tables = {kind: tf.constant(table(kind)) for kind in ("uniform", "normal")}

    def draw(keys, step, layer=0, kind="uniform", shape=(7, 41)):
        source = noise_source(tf.constant(keys, tf.uint32), tf.constant(step), tables)
        return source(kind, layer, shape).numpy()

    both, alone = draw([3, 8], 5), draw([8], 5)
    np.testing.assert_array_equal(both[1], alone[0])
    assert both.shape == (2, 1, 7, 41)
    others = [draw([9], 5), draw([8], 6), draw([8], 5, layer=1)]
    assert all((other != alone).mean() > 0.99 for other in others)
    many = draw(range(50), 1, shape=(100, 40))
    assert abs(many.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(many[0].ravel(), many[1].ravel())[0, 1]) < 0.05
    normal = draw(range(50), 1, kind="normal", shape=(100, 40))
    assert abs(normal.std() - 1) < 0.01


def test_a_compiled_network_computes_what_the_model_computes():
    model = sequential(layers.Dense(3, "tanh"), layers.Dense(1, "sigmoid"))
    network = CompiledNetwork(model, (4,), "because", "name")
    inputs = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    weights = [tf.constant(np.asarray(one)[None, None]) for one in network.variables]
    moment = Moment(training=False)
    call = tf.function(lambda x: network.forward(x, weights, {}, moment))
    outputs = call(tf.constant(inputs.T[None, None]))
    np.testing.assert_allclose(outputs[0, 0].numpy().T, np.asarray(model(inputs)), rtol=1e-5)
    assert len(moment.logits) == 1
    assert network.engine == "one by one: because"
