"""Trials that run all seeds of a condition in one call."""

import numpy as np
import pytest

from dlbook import Experiment
from dlbook.lab.together import Together


def climb(seeds, slope):
    seeds = np.array(seeds)
    return {"height": slope * seeds, "path": np.outer(seeds, [1, 2, 3])}


HILLS = Experiment("hills", "How high?", {"slope": (1, 2)}, Together(climb, {"path": ("step",)}))


def test_each_seed_gets_its_own_row():
    results = HILLS.run(seeds=3, progress=False)
    assert results["height"].dims == ("slope", "seed")
    assert results["height"].values.tolist() == [[0, 1, 2], [0, 2, 4]]
    assert results["path"].sel(slope=2, seed=2).values.tolist() == [2, 4, 6]
    assert results.attrs["engine"] == "side by side"


def test_the_function_is_called_once_per_condition():
    calls = []

    def count(seeds, slope):
        calls.append((tuple(seeds), slope))
        return {"one": np.ones(len(seeds))}

    Experiment("count", "How often?", {"slope": (1, 2)}, Together(count), range(4)).run(
        progress=False
    )
    assert calls == [((0, 1, 2, 3), 1), ((0, 1, 2, 3), 2)]


def test_another_function_has_another_fingerprint():
    assert Together(climb).fingerprint() != Together(lambda seeds, slope: {}).fingerprint()


def test_a_function_with_other_parameters_is_refused():
    with pytest.raises(ValueError, match=r"`function` must take seeds and angle.*Received: climb"):
        Experiment("hills", "How high?", {"angle": (1,)}, Together(climb)).run(progress=False)


def test_results_that_lack_a_seed_are_refused():
    short = Together(lambda seeds: {"one": np.ones(1)})
    with pytest.raises(ValueError, match=r"one entry per seed, 3.*Received: shape"):
        Experiment("short", "Why?", {}, short, range(3)).run(progress=False)
