"""An array has a shape and a type, and the type decides what its numbers can hold."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlbook.lab import datasets
from dlbook.lab.claims import Verdict
from dlbook.maths import datatypes as chapter
from dlbook.maths.datatypes import Description, convert, describe, running_sum

# Laws


@given(array_shapes(min_dims=0, max_dims=5), st.sampled_from(["uint8", "float32", "int64"]))
def test_bytes_are_the_product_of_the_shape_times_those_of_one_element(shape, dtype):
    found = describe(np.zeros(shape, dtype))
    assert found.rank == len(shape)
    assert found.shape == shape
    assert found.bytes == math.prod(shape) * np.dtype(dtype).itemsize
    expected = ["scalar", "vector", "matrix", "tensor", "tensor", "tensor"]
    assert found.name == expected[len(shape)]


@given(arrays("uint8", array_shapes(max_dims=3, max_side=4)))
def test_what_is_converted_keeps_its_values(array):
    for dtype in ("float16", "float32", "int64", "object"):
        there = convert(array, dtype)
        assert there.dtype == dtype
        np.testing.assert_array_equal(convert(there, "uint8"), array)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_becomes_a_float_only_if_it_has_an_equal(number):
    if int(float(number)) == number:
        assert convert(number, "float64") == float(number)
    else:
        with pytest.raises(ValueError, match="Received: "):
            convert(number, "float64")


@given(st.integers(1, 300), st.integers(-64, 64))
def test_sums_of_whole_numbers_are_exact_while_the_type_knows_them(count, value):
    assert running_sum(value, count, "float32") == count * value


# A case worked by hand


def test_the_cases_of_the_page_are_those_worked_by_hand():
    assert (np.array([200], "uint8") + 100).tolist() == [44]
    assert describe([[1, 2], [3, 4]])[:3] == ("matrix", 2, (2, 2))
    assert describe(True) == Description("scalar", 0, (), "bool", 1)
    assert [running_sum(0.1, 10**power, "float16") for power in (2, 3, 4, 5)] == [
        10.078125,
        105.1875,
        256,
        256,
    ]


# Independent oracles


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_running_sum_is_numpys_cumulated_sum(dtype):
    expected = np.cumsum(np.full(5000, 0.1, dtype), dtype=dtype)[-1]
    assert running_sum(0.1, 5000, dtype) == float(expected)


def test_shape_rank_and_type_agree_with_keras():
    import keras
    from keras import ops

    array = np.arange(24, dtype="float32").reshape(2, 3, 4)
    tensor: Any = ops.convert_to_tensor(array)
    shape: Any = ops.shape(tensor)
    found = describe(array)
    assert found.shape == tuple(shape)
    assert found.rank == ops.ndim(tensor)
    assert found.dtype == keras.backend.standardize_dtype(tensor.dtype)
    np.testing.assert_array_equal(convert(array, "uint8"), np.array(ops.cast(tensor, "uint8")))


def test_the_shares_are_those_of_scipy():
    from scipy.special import softmax

    scores = np.random.default_rng(0).normal(size=(5, 10)) * 30
    np.testing.assert_allclose(chapter.shares(scores), softmax(scores, axis=1))


def test_the_training_is_as_accurate_as_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    data = datasets.digits(0, num_examples=500, validation=0)
    model = LogisticRegression(C=100, max_iter=2000).fit(data.x_train, data.y_train)
    expected = model.score(data.x_test, data.y_test)
    found = chapter.measure_training(0, "float64")["test_accuracy"]
    assert found == pytest.approx(expected, abs=0.02)


# Errors


@pytest.mark.parametrize(
    ("values", "dtype"),
    [([300], "uint8"), ([-1], "uint8"), ([1.5], "int64"), ([0.1], "float32"), ([np.nan], "int32"),
     ([70_000.0], "float16"), (["3"], "int64"), ([2], "bool")],
)  # fmt: skip
def test_a_conversion_that_would_lose_something_is_refused(values, dtype):
    with pytest.raises(ValueError, match=r"`array` must hold values that .* can hold. Received: "):
        convert(values, dtype)


def test_what_is_no_number_or_infinite_survives_between_floats():
    np.testing.assert_array_equal(convert([np.nan, np.inf, 0.5], "float16"), [np.nan, np.inf, 0.5])


def test_sums_need_a_type_with_fractions_and_something_to_add():
    with pytest.raises(ValueError, match=r"`dtype` must be .* Received: 'uint8'"):
        running_sum(0.1, 10, "uint8")
    with pytest.raises(ValueError, match=r"`count` must be .* Received: 0"):
        running_sum(0.1, 0, "float32")


# The claims of the experiments


def test_the_sums_lie_in_the_bands_of_the_page():
    errors = chapter.PRECISION.run(progress=False)["relative_error"].isel(seed=0)
    assert float(errors.sel(dtype="float64").max()) < 1e-11
    assert 1e-4 < float(errors.sel(dtype="float32", num_terms=100_000)) < 2e-4
    assert float(errors.sel(dtype="float16", num_terms=100_000)) == pytest.approx(0.9744)


def test_the_last_steps_are_lost_in_float16_only():
    still = chapter.TRAINING.run(seeds=2, progress=False)["still"].mean("seed")
    assert float(still.sel(dtype="float16")) > 0.1
    assert float(still.sel(dtype="float32")) < 0.05


def test_every_claim_gets_the_verdict_of_the_page():
    results = {
        "pictures": chapter.PICTURES.run(progress=False),
        "precision": chapter.PRECISION.run(progress=False),
        "training": chapter.TRAINING.run(seeds=5, progress=False),
    }
    verdicts = [
        claim.decide(results[claim.experiments[0].name]).verdict for claim in chapter.CLAIMS
    ]
    assert verdicts == [Verdict.HOLDS, Verdict.FAILS, Verdict.HOLDS]
