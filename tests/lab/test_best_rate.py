"""The rate of each run is chosen by its validation accuracy, never by its test accuracy."""

import numpy as np
import xarray as xr

from dlbook.lab.best_rate import at_best_rate


def runs(val: list, test: list) -> xr.Dataset:
    """Make results of two rates and as many seeds as there are columns, after two epochs."""
    dims = ("learning_rate", "seed", "epoch")
    levels = {"learning_rate": [0.1, 1.0], "epoch": [1, 2]}
    worse = np.zeros(np.shape(val))
    parts = {"val_accuracy": val, "test_accuracy": test}
    return xr.Dataset(
        {name: (dims, np.stack([worse, np.array(part)], axis=-1)) for name, part in parts.items()},
        levels,
    )


def test_each_seed_has_its_own_rate():
    found = at_best_rate(runs([[0.9, 0.5], [0.8, 0.6]], [[0.7, 0.1], [0.2, 0.4]]))
    np.testing.assert_array_equal(found.values, [0.7, 0.4])
    assert "learning_rate" not in found.coords


def test_the_test_accuracy_has_no_say():
    found = at_best_rate(runs([[0.9], [0.8]], [[0.1], [1.0]]))
    np.testing.assert_array_equal(found.values, [0.1])


def test_a_lost_run_never_wins():
    found = at_best_rate(runs([[np.nan], [0.3]], [[0.0], [0.3]]))
    np.testing.assert_array_equal(found.values, [0.3])


def test_each_condition_has_its_own_rate():
    both = xr.concat(
        [runs([[0.9], [0.8]], [[0.7], [0.2]]), runs([[0.1], [0.8]], [[0.7], [0.2]])], dim="scaling"
    )
    np.testing.assert_array_equal(at_best_rate(both)["scaling"].size, 2)
    np.testing.assert_array_equal(at_best_rate(both).values.ravel(), [0.7, 0.2])
