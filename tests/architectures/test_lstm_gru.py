"""Gates decide what a memory takes in and keeps; the hand steps are those of Keras."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.architectures import lstm_gru as chapter
from dlbook.architectures.lstm_gru import (
    ADDING,
    CELLS,
    CLAIMS,
    PLAIN_CELL,
    REACH,
    SINE,
    gates_over_time,
    gru_step,
    lstm_gates,
    lstm_step,
    relative_reach,
)
from dlbook.lab import datasets
from dlbook.lab.characters import (
    characters_of,
    next_characters,
    only_letters,
    perplexity,
    read_text,
)
from dlbook.lab.claims import Verdict, judge
from dlbook.lab.recurrent import (
    count_recurrent,
    gradient_reach,
    matching_units,
    recurrent_network,
)

states = arrays(float, (2, 3), elements=st.floats(-3, 3))


def random_weights(gates: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Kernel for two features, recurrent kernel and bias of three units."""
    generator = np.random.default_rng(seed)
    shapes = ((2, 3 * gates), (3, 3 * gates), (3 * gates,) if gates == 4 else (2, 3 * gates))
    return tuple(generator.normal(size=shape) for shape in shapes)


# Laws


@given(states, states, arrays(float, (2, 2), elements=st.floats(-5, 5)))
def test_gates_lie_between_closed_and_open_and_what_is_shown_between_minus_one_and_one(h, c, x):
    gates = lstm_gates(x, h, random_weights(4))
    assert all(((gates[name] >= 0) & (gates[name] <= 1)).all() for name in chapter.GATES)
    hidden, cell = lstm_step(x, h, c, random_weights(4))
    assert (np.abs(hidden) <= 1).all()
    assert (np.abs(cell) <= np.abs(c) + 1).all()


@given(states, arrays(float, (2, 2), elements=st.floats(-5, 5)))
def test_the_new_state_of_a_gru_lies_between_the_old_one_and_a_candidate(h, x):
    new = gru_step(x, h, random_weights(3))
    assert (new <= np.maximum(h, 1) + 1e-12).all()
    assert (new >= np.minimum(h, -1) - 1e-12).all()


@given(st.integers(1, 60), st.integers(1, 20), st.sampled_from(["RNN", "LSTM", "GRU"]))
def test_no_other_number_of_units_comes_nearer_to_a_size(units, features, cell):
    size = count_recurrent(cell, units, features) + units + 1
    assert matching_units(cell, features, size) == units


@given(st.text(max_size=200))
def test_only_letters_and_single_spaces_are_left(text):
    left = only_letters(text)
    assert "  " not in left
    assert not any(one.isdigit() or one in "_.,!-" for one in left)
    assert only_letters(left) == left


# Cases worked by hand


def test_a_step_by_hand():
    bias = np.log([1.0, 9.0, 1.0, 1.0])  # gates of 0.5, 0.9 and 0.5
    weights = np.zeros((1, 4)), np.zeros((1, 4)), bias
    weights[2][2] = -99.0  # candidate -1
    hidden, cell = lstm_step([[7.0]], [[0.3]], [[2.0]], weights)
    np.testing.assert_allclose(cell, [[1.3]])
    np.testing.assert_allclose(hidden, 0.5 * np.tanh([[1.3]]))


def test_counts_by_hand():
    counts = [count_recurrent(cell, 16, d) for d in (9, 16) for cell in ("LSTM", "GRU", "RNN")]
    assert counts == [1664, 1296, 416, 2112, 1632, 528]
    assert [matching_units(cell, 2, 1153) for cell in ("RNN", "LSTM", "GRU")] == [32, 15, 18]


def test_stretches_by_hand():
    data = next_characters("abcabcabcabcabc", timesteps=2, num_examples=3, num_test=2)
    read = [part.argmax(axis=-1).tolist() for part in (data.x_train, data.y_train)]
    assert read == [[[0, 1], [1, 2], [2, 0]], [[1, 2], [2, 0], [0, 1]]]
    assert data.x_validation[0].argmax(axis=-1).tolist() == [0, 1]
    assert data.x_test[0].argmax(axis=-1).tolist() == [1, 2]  # begins at 3 + 2 + 2
    assert perplexity(0) == 1


# Independent oracles


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_our_steps_agree_with_keras(cell):
    import keras

    keras.utils.set_random_seed(1)
    layer = getattr(keras.layers, cell)(6, bias_initializer="random_normal")
    sequences = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    expected = np.asarray(layer(sequences))
    assert layer.count_params() == count_recurrent(cell, 6, 3)
    hidden = memory = np.zeros((4, 6))
    for moment in np.moveaxis(sequences, 1, 0):
        if cell == "LSTM":
            hidden, memory = lstm_step(moment, hidden, memory, layer.get_weights())
        else:
            hidden = gru_step(moment, hidden, layer.get_weights())
    np.testing.assert_allclose(hidden, expected, atol=1e-5)
    if cell == "LSTM":
        seen = gates_over_time(layer.get_weights(), sequences)
        np.testing.assert_allclose(seen["hidden"][:, -1], expected, atol=1e-5)


def test_the_reach_agrees_with_finite_differences():
    import keras

    keras.utils.set_random_seed(2)
    layer = keras.layers.LSTM(4)
    sequence = np.random.default_rng(2).normal(size=(1, 5, 2))
    layer.build(sequence.shape)
    weights, step = layer.get_weights(), 1e-5
    expected = []
    for lag in range(5):
        slopes = []
        for feature in range(2):
            ends = []
            for sign in (1, -1):
                moved = sequence.copy()
                moved[0, 4 - lag, feature] += sign * step
                ends.append(gates_over_time(weights, moved)["hidden"][0, -1])
            slopes.append((ends[0] - ends[1]) / (2 * step))
        expected.append(np.linalg.norm(slopes))
    np.testing.assert_allclose(gradient_reach(layer, sequence), expected, rtol=1e-3)


@pytest.mark.parametrize("cell", CELLS)
def test_networks_have_nearly_equal_numbers_of_weights(cell):
    model = chapter.adding_network(cell)
    model(np.zeros((1, 4, 2), "float32"))
    assert abs(model.count_params() - 1153) <= 60
    bias = model.layers[0].get_weights()[2]
    if "LSTM" in cell:
        assert bias.sum() == (15 if cell == "LSTM" else 0)


def test_character_networks_have_nearly_equal_numbers_of_weights():
    sizes = []
    for cell in ("RNN", "LSTM", "GRU"):
        model = chapter.character_network(cell)
        assert model(np.zeros((1, 32, 27), "float32")).shape == (1, 32, 27)
        sizes.append(model.count_params())
    assert max(sizes) - min(sizes) < 150


# Own arrays and files


def test_the_reader_may_bring_sequences_of_other_sizes_and_a_text():
    import keras

    layer = keras.layers.GRU(5)
    layer.build((None, 12, 7))
    assert gradient_reach(layer, np.ones((3, 12, 7))).shape == (12,)
    assert recurrent_network("RNN", 3, outputs=4)(np.ones((2, 6, 5), "float32")).shape == (2, 4)


def test_a_text_of_ones_own_is_read(tmp_path):
    file = tmp_path / "novel.txt"
    file.write_text("Ça va? 12 \n" * 4000, encoding="utf-8")
    assert read_text(str(file)).startswith("ça va ça va")
    assert characters_of(str(file)).x_train.shape == (10_000, 32, 4)


# Errors


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`weights` must have shapes \(2, 12\).*Received: "):
        lstm_step(np.ones((1, 2)), np.ones((1, 3)), np.ones((1, 3)), random_weights(3))
    with pytest.raises(ValueError, match=r"`weights` must .*Received: .* 1 and 2 rows"):
        gru_step(np.ones((1, 2)), np.ones((2, 3)), random_weights(3))
    for call in (lambda: count_recurrent("CNN", 3, 3), lambda: recurrent_network("CNN", 3)):
        with pytest.raises(ValueError, match=r"`cell` must be one of .*Received: 'CNN'"):
            call()
    with pytest.raises(ValueError, match=r"`units` must be 1 or more. Received: 0"):
        count_recurrent("GRU", 0, 3)
    with pytest.raises(ValueError, match=r"`text` must have .*Received: 3 characters"):
        next_characters("abc")
    with pytest.raises(ValueError, match=r"`timesteps` must be 1 or more. Received: 0"):
        next_characters("abc", timesteps=0)
    with pytest.raises(datasets.MissingDataError, match=r"source must be .*Received: '.*nowhere"):
        read_text(str(tmp_path / "nowhere.txt"))


# The claims


def test_before_training_a_plain_cell_reaches_farther_than_half_closed_gates():
    levels = {"cell": CELLS[:3]}
    found = relative_reach(REACH.run(seeds=3, independent=levels, progress=False), 39)
    plain, open_gates, half_closed = found.mean("seed").values
    assert plain > open_gates + 0.5
    assert open_gates > half_closed + 5


def test_a_gated_cell_learns_short_lists():
    levels = {"cell": ("GRU",), "timesteps": (4,)}
    results = ADDING.run(seeds=1, independent=levels, progress=False)
    assert results.attrs["engine"] == "stacked"
    assert results["test_loss"].item() < 0.02 < 1 / 6
    assert results["reach"].sizes["lag"] == 4


def made_up(experiment, losses, **levels):
    """Results of an experiment in which every run of a condition has nearly the same loss."""
    import xarray as xr

    dims = (*experiment.independent, "seed")
    levels = {**experiment.independent, **levels, "seed": range(5)}
    shape = [len(levels[name]) for name in dims]
    found = xr.DataArray(np.zeros(shape), {name: list(levels[name]) for name in dims}, dims)
    for cell, loss in losses.items():
        found.loc[{"cell": cell}] = loss
    found = found + 0.001 * np.arange(5)
    data = {"test_loss": found, "val_loss": found.expand_dims(epoch=[1, 2], axis=-1)}
    slopes = 10.0 ** -(found.expand_dims(lag=30, axis=-1) * np.arange(30))
    return xr.Dataset({**data, "reach": slopes}, attrs={"name": experiment.name})


@pytest.mark.parametrize(
    ("losses", "verdicts"),
    [
        ((0.17, 0.01, 0.02, 0.02), ("holds", "holds", "holds", "holds", "holds", "holds")),
        ((0.01, 0.17, 0.16, 0.02), ("fails", "fails", "fails", "fails", "fails", "fails")),
        ((0.05, 0.01, 0.02, 0.12), ("depends", "holds", "depends", "holds", "fails", "depends")),
    ],
)
def test_each_claim_can_hold_and_fail(losses, verdicts):
    losses = dict(zip(CELLS, losses, strict=True))
    gated = {cell: losses[cell] for cell in ("RNN", "LSTM", "GRU")}
    plain = made_up(PLAIN_CELL, {"RNN": losses["RNN"]})
    results = made_up(ADDING, losses), made_up(SINE, gated), made_up(REACH, losses), plain
    assert [finding.verdict for finding in judge(CLAIMS, *results)] == [*map(Verdict, verdicts)]
