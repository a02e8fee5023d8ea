"""One piece of evidence for each condition."""

import numpy as np
import pytest
import xarray

from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.results import paired

LEVELS = {"table": ["a", "b"], "rate": [0.1, 1.0], "seed": [0, 1, 2, 3, 4]}


def runs(seed: int) -> xarray.DataArray:
    values = np.random.default_rng(seed).normal(size=(2, 2, 5))
    return xarray.DataArray(values, LEVELS, ("table", "rate", "seed"))


def test_a_difference_gives_the_paired_comparison_of_every_condition():
    one, other = runs(0), runs(1)
    found = evidence_of_each(one - other, "{table}, rate {rate}", at_least=0.5)
    assert [each.condition for each in found] == [
        "a, rate 0.1", "a, rate 1.0", "b, rate 0.1", "b, rate 1.0"
    ]  # fmt: skip
    expected = paired(one.sel(table="b", rate=0.1), other.sel(table="b", rate=0.1))
    assert found[2].effect == pytest.approx(expected.effect)
    assert (found[2].low, found[2].high) == pytest.approx((expected.low, expected.high))
    assert found[2].at_least == 0.5


def test_one_dimension_will_do():
    found = evidence_of_each(runs(0).mean("rate"), "{table}", at_most=0)
    assert [each.condition for each in found] == ["a", "b"]
    assert {each.num_runs for each in found} == {5}
