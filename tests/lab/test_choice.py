"""A setting is chosen by other runs than the one it is chosen for."""

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from dlbook.lab.choice import at_own_rate, mean_of_others


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=6))
def test_the_mean_of_others_leaves_one_out(values):
    found = mean_of_others(xr.DataArray(values, dims="seed")).values
    expected = [np.mean(values[:at] + values[at + 1 :]) for at in range(len(values))]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_rate_is_chosen_without_looking_at_its_own_seed():
    scores = [[0.0, 0.5, 0.5], [1.0, 0.4, 0.4]]  # rates x seeds
    names = ("learning_rate", "seed")
    results = xr.Dataset(
        {
            "val_accuracy": ((*names, "epoch"), np.array(scores)[..., None]),
            "test_accuracy": (names, [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]),
        },
        {"learning_rate": [0.1, 1.0], "epoch": [1]},
    )
    assert at_own_rate(results)["test_accuracy"].values.tolist() == [1, 2, 2]


def test_the_rate_is_chosen_by_other_seeds_and_never_one_that_diverged():
    dims = ("learning_rate", "seed", "epoch")
    losses = [[[0.1], [0.9], [0.9]], [[0.4], [0.4], [np.nan]]]
    levels = {"learning_rate": [0.1, 1.0], "epoch": [1]}
    chosen = at_own_rate(xr.Dataset({"val_loss": (dims, losses)}, levels), "val_loss")
    assert chosen["learning_rate"].values.tolist() == [0.1, 0.1, 1.0]
