"""What chapters on regularization share."""

import numpy as np
import pytest
import xarray as xr

from dlbook.lab.regularized import (
    KINDS,
    dropout_mlp,
    epochs_needed,
    milliseconds,
    paired_rows,
    repeated_digits,
    update,
)


def test_dropout_stands_behind_every_hidden_layer_and_not_behind_the_last():
    names = [type(layer).__name__ for layer in dropout_mlp((3, 5, 4, 2), 0.5).layers]
    assert names == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]


def test_a_start_sees_the_inputs_of_each_layer():
    seen = []
    dropout_mlp((3, 5, 4, 2), 0.5, lambda inputs: seen.append(inputs) or {})
    assert seen == [3, 5, 4]


def test_digits_are_repeated_whole():
    data = repeated_digits(0, 108, 216)
    np.testing.assert_array_equal(data.x_train[:108], data.x_train[108:])


def test_the_first_epoch_near_the_end_is_found():
    curve = xr.DataArray([[0.1, 0.94, 0.96, 1.0]], dims=("seed", "epoch"))
    assert epochs_needed(xr.Dataset({"val_accuracy": curve})).values.tolist() == [3]


def test_rows_are_differences_of_the_two_levels_under_each_condition():
    values = xr.DataArray(
        np.arange(12.0).reshape(2, 2, 3),
        dims=("depth", "rate", "seed"),
        coords={"depth": [1, 3], "rate": [0.0, 0.5], "seed": [0, 1, 2]},
    )
    rows = paired_rows(values, "rate", (0.5, 0.0), "{depth} hidden", at_least=0)
    assert [row.condition for row in rows] == ["1 hidden", "3 hidden"]
    assert [row.effect for row in rows] == [3, 3]


def test_functions_take_turns():
    calls = []
    times = milliseconds({name: lambda name=name: calls.append(name) for name in "ab"}, 2)
    assert calls == ["a", "b", "b", "a"]
    assert min(times.values()) >= 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_changes_a_network_without_complaint(kind):
    assert np.isfinite(np.ravel(update(kind, 4)())).all()
