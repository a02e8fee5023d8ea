"""Results survive the disk exactly, and their statistics are those of SciPy."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dlbook import Experiment
from dlbook.lab.results import (
    Comparison,
    load,
    mean_interval,
    mean_of_runs,
    paired,
    save,
    summary,
    welch,
)

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
samples = st.lists(numbers, min_size=2, max_size=30)


def example(**attrs):
    dims = ("kind", "rate", "seed")
    values = np.arange(12.0).reshape(2, 3, 2)
    values[0, 0, 0], values[0, 0, 1], values[1, 1, 1] = np.nan, np.inf, -0.0
    variables = {
        "loss": (dims, values, {"label": "loss"}),
        "single": (dims, (values / 3).astype(np.float32)),
        "half": (dims, (values / 3).astype(np.float16)),
        "count": (dims, np.arange(12).reshape(2, 3, 2) + 2**60),
        "right": (dims, values > 3),
        "curve": ((*dims, "epoch"), np.ones((2, 3, 2, 4))),
        "word": ("kind", np.array(["ä", "two words"])),
    }
    coords = {"kind": ["relu", "tanh"], "rate": [0.1, 1 / 3, 1e-300], "seed": [3, 1]}
    coords["epoch"] = np.arange(1, 5)
    return xr.Dataset(variables, coords, attrs)


def round_trip(results, folder):
    return load(save(results, folder / "results.json"))


def assert_same(one, other):
    xr.testing.assert_identical(one, other)
    assert {name: one[name].dtype for name in one.variables} == {
        name: other[name].dtype for name in other.variables
    }
    assert list(one.variables) == list(other.variables)
    assert repr(one.attrs) == repr(other.attrs)


# Save and load


def test_results_survive_a_round_trip_exactly(tmp_path):
    assert_same(example(), round_trip(example(), tmp_path))


def test_attributes_survive_with_their_types(tmp_path):
    attrs = {
        "question": "Wie groß?",
        "engine": ["stacked", "one by one: Conv2D cannot stack"],
        "seconds": 0.1 + 0.2,
        "versions": {"numpy": "2.4", "nested": {"empty": {}, "none": None}},
        "flags": (True, 1, 1.0, math.nan, -math.inf),
        "array": np.array([[1, 2]], np.int16),
        "scalar": np.float32(0.1),
    }
    results = round_trip(example(**attrs), tmp_path)
    assert repr(results.attrs) == repr(attrs)
    assert results.attrs["array"].dtype == np.int16


def test_what_an_experiment_returns_survives(tmp_path):
    def trial(seed, kind):
        return {"x": seed / 3, "path": np.ones(1 + seed, np.float32)}

    one = Experiment("one", "Why?", {"kind": ["a", "b"]}, trial, 4, dims={"path": ("step",)})
    results = one.run(progress=False)
    assert_same(results, round_trip(results, tmp_path))


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["f2", "f4", "f8", "i1", "i8", "u8", "?", "U5"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_every_array_survives_bit_by_bit(tmp_path_factory, array):
    array[array != array] = 0 if array.dtype.kind != "f" else np.nan  # one NaN, whatever its bits
    results = xr.Dataset({"x": ([f"d{axis}" for axis in range(array.ndim)], array)})
    again = round_trip(results, tmp_path_factory.mktemp("round"))["x"].values
    assert again.dtype == array.dtype
    assert again.tobytes() == array.tobytes()


def test_the_file_is_strict_json_that_other_programs_read(tmp_path):
    text = save(example(x=math.nan), tmp_path / "a.json").read_text("utf-8")

    def refuse(word):
        raise AssertionError(word)

    content = json.loads(text, parse_constant=refuse)
    assert content["data_vars"]["loss"]["values"][:2] == ["NaN", "Infinity"]
    assert content["data_vars"]["single"]["values"][2] == 0.6666667


def test_saving_the_same_results_gives_the_same_bytes(tmp_path):
    first = save(example(), tmp_path / "new folder" / "a.json").read_bytes()
    assert save(load(tmp_path / "new folder" / "a.json"), tmp_path / "b").read_bytes() == first
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["a.json"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "other"}', "{", "3"])
def test_a_file_that_holds_no_results_is_named(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r"path must be a file written by .* Received: .*a\.json"):
        load(tmp_path / "a.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "attrs", [{"x": {1, 2}}, {"x": {1: 2}}, {"x": {"$float": 1}}, {"x": object()}, {"x": 1j}]
)
def test_attributes_that_json_cannot_keep_are_refused(tmp_path, attrs):
    with pytest.raises(TypeError, match="results must have attributes of"):
        save(example(**attrs), tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("values", [[1j], [None], np.array(["2026-01-01"], "M8[ns]")])
def test_values_that_json_cannot_keep_are_refused(tmp_path, values):
    with pytest.raises(TypeError, match="results must hold numbers, booleans or strings only"):
        save(xr.Dataset({"x": ("seed", values)}), tmp_path / "a.json")


# The mean and its interval


@settings(max_examples=200, deadline=None)
@given(samples, st.floats(0.5, 0.999))
def test_the_interval_is_students_t(values, confidence):
    found = mean_interval(xr.DataArray(values, dims="seed"), confidence=confidence)
    error = stats.sem(values)
    low, high = (
        stats.t.interval(confidence, len(values) - 1, np.mean(values), error)
        if error > 0
        else (np.mean(values),) * 2
    )
    assert float(found["mean"]) == pytest.approx(np.mean(values), abs=1e-9)
    scale = max(map(abs, values)) * 1e-9 + 1e-12
    assert float(found["low"]) == pytest.approx(low, rel=1e-6, abs=scale)
    assert float(found["high"]) == pytest.approx(high, rel=1e-6, abs=scale)
    assert int(found["count"]) == len(values)


@given(numbers, st.integers(2, 40))
def test_equal_runs_have_an_interval_of_no_width(value, count):
    found = mean_interval(xr.DataArray([value] * count, dims="seed"))
    assert float(found["mean"]) == float(found["low"]) == float(found["high"]) == value


def test_more_confidence_means_a_wider_interval():
    values = xr.DataArray([1.0, 2.0, 4.0], dims="seed")
    widths = [
        float((found := mean_interval(values, confidence=c))["high"] - found["low"])
        for c in (0.5, 0.9, 0.99)
    ]
    assert widths == sorted(widths)


def test_one_run_has_a_mean_but_no_interval():
    found = mean_interval(xr.DataArray([3.0], dims="seed"))
    assert float(found["mean"]) == 3.0
    assert np.isnan(found["low"])
    assert np.isnan(found["high"])


def test_a_run_that_diverged_makes_the_mean_unknown_unless_it_is_left_out():
    values = xr.DataArray([[1.0, np.nan, 3.0], [np.nan] * 3], dims=("rate", "seed"))
    kept, left_out = mean_interval(values), mean_interval(values, skipna=True)
    assert np.isnan(kept["mean"]).all()
    assert kept["count"].values.tolist() == [2, 0]
    assert left_out["mean"].values[0] == 2.0
    assert left_out["low"].values[0] == pytest.approx(2 - 12.7062047362)
    assert np.isnan(left_out["mean"].values[1])


def test_infinite_runs_have_an_infinite_mean_and_no_interval():
    found = mean_interval(xr.DataArray([1.0, np.inf], dims="seed"))
    assert float(found["mean"]) == np.inf
    assert np.isnan(found["high"] - found["low"])


def test_other_dimensions_and_labels_stay():
    found = mean_interval(example()["loss"])
    assert found["mean"].dims == ("kind", "rate")
    assert found["kind"].values.tolist() == ["relu", "tanh"]
    assert found["mean"].attrs == {"label": "loss"}
    assert found.attrs == {"confidence": 0.95}
    assert float(found["mean"].sel(kind="tanh", rate=0.1)) == 6.5


def test_a_dataset_is_averaged_variable_by_variable():
    found = mean_interval(example()[["loss", "count"]])
    assert found["mean"].sel(dependent="loss", kind="tanh").values.tolist()[0] == 6.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dim": "seeds"}, "did you mean seed"),
        ({"confidence": 1.0}, "between 0 and 1"),
        ({"confidence": 95}, "between 0 and 1"),
    ],
)
def test_impossible_intervals_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        mean_interval(example()["loss"], **options)


def test_a_dimension_with_the_name_of_a_statistic_is_refused():
    with pytest.raises(ValueError, match=r"rename them. Received: \['count'\]"):
        mean_interval(xr.DataArray(np.ones((2, 2)), dims=("count", "seed")))


def test_the_interval_holds_the_true_mean_as_often_as_it_says():
    values = np.random.default_rng(0).normal(5, 2, size=(4000, 8))
    found = mean_interval(xr.DataArray(values, dims=("study", "seed")), confidence=0.9)
    share = ((found["low"] <= 5) & (found["high"] >= 5)).mean()
    assert 0.88 < float(share) < 0.92


def test_the_mean_of_runs_is_the_mean_interval_of_one_condition():
    found = mean_interval(xr.DataArray([1.0, 2.0, 4.0], dims="seed"))
    expected = tuple(float(found[name]) for name in ("mean", "low", "high"))
    assert mean_of_runs([1.0, 2.0, 4.0]) == (*expected, 3)


# Comparisons


def assert_agrees(found: Comparison, oracle, confidence):
    interval = oracle.confidence_interval(confidence)
    scale = abs(found.effect) * 1e-6 + 1e-9
    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-6, abs=1e-12)
    assert found.low == pytest.approx(interval.low, rel=1e-6, abs=scale)
    assert found.high == pytest.approx(interval.high, rel=1e-6, abs=scale)


coarse = st.integers(-1000, 1000).map(lambda value: value / 8)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(coarse, coarse), min_size=2, max_size=30), st.floats(0.5, 0.99))
def test_the_paired_comparison_is_scipys(pairs, confidence):
    a, b = np.array(pairs).T
    found = paired(a, b, confidence=confidence)
    assert found.effect == pytest.approx(np.mean(a - b), abs=1e-12)
    assert found.num_runs == len(pairs)
    if np.ptp(a - b) > 0:
        assert_agrees(found, stats.ttest_rel(a, b), confidence)
        assert found.effect_size == pytest.approx(found.effect / np.std(a - b, ddof=1))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(coarse, min_size=2, max_size=20),
    st.lists(coarse, min_size=2, max_size=20),
    st.floats(0.5, 0.99),
)
def test_the_welch_comparison_is_scipys(a, b, confidence):
    found = welch(a, b, confidence=confidence)
    assert found.effect == pytest.approx(np.mean(a) - np.mean(b), abs=1e-12)
    assert found.num_runs == min(len(a), len(b))
    if np.ptp(a) > 0 and np.ptp(b) > 0:
        assert_agrees(found, stats.ttest_ind(a, b, equal_var=False), confidence)
        deviation = math.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2)
        assert found.effect_size == pytest.approx(found.effect / deviation)


@pytest.mark.parametrize("compare", [paired, welch])
@pytest.mark.parametrize("difference", [0.0, 0.1, -2.5])
def test_runs_without_any_spread_leave_no_doubt(compare, difference):
    b = np.zeros(7)
    found = compare(b + difference, b)
    assert found.effect == found.low == found.high == difference
    assert found.p_value == (1.0 if difference == 0 else 0.0)
    assert found.effect_size == (0.0 if difference == 0 else math.copysign(math.inf, difference))


@pytest.mark.parametrize("compare", [paired, welch])
def test_one_run_compares_without_an_interval(compare):
    found = compare([2.0], [1.0])
    assert found.effect == 1.0
    assert math.isnan(found.low)
    assert math.isnan(found.p_value)


@pytest.mark.parametrize("compare", [paired, welch])
def test_a_run_that_diverged_makes_the_comparison_unknown(compare):
    found = compare([2.0, np.nan, 3.0], [1.0, 1.5, 2.5])
    assert math.isnan(found.effect)
    assert math.isnan(found.low)
    assert math.isnan(found.p_value)


def test_pairing_sees_what_independent_runs_hide():
    noise = np.random.default_rng(0).normal(size=20)
    a, b = noise + 0.1 + 0.01 * np.arange(20) / 20, noise
    assert paired(a, b).p_value < 1e-6
    assert welch(a, b).p_value > 0.5


def test_runs_with_other_seeds_are_not_paired():
    a = xr.DataArray([1.0, 2.0], {"seed": [0, 1]})
    with pytest.raises(ValueError, match="same seeds in the same order"):
        paired(a, a.assign_coords(seed=[1, 0]))
    with pytest.raises(ValueError, match="Received: 2 and 3 runs"):
        paired([1.0, 2.0], [1.0, 2.0, 3.0])
    assert paired(a, [0.0, 0.0]).effect == 1.5


@pytest.mark.parametrize("compare", [paired, welch])
def test_only_single_conditions_are_compared(compare):
    with pytest.raises(ValueError, match="b must hold one number per run along 'seed'"):
        compare([1.0, 2.0], example()["loss"])
    with pytest.raises(ValueError, match="a must hold one number per run"):
        compare([], [1.0])


@pytest.mark.parametrize("compare", [paired, welch])
def test_confidence_must_be_between_0_and_1(compare):
    with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
        compare([1.0, 2.0], [1.0, 3.0], confidence=95)


def test_a_comparison_reads_as_a_sentence():
    text = str(paired([3.0, 4.0, 6.0], [1.0, 2.0, 3.0]))
    assert text == "2.333 [0.8991, 3.768] (95% interval, paired t, 3 runs, p = 0.02, d = 4)"


# The table


def study():
    def trial(seed, kind, rate):
        loss = rate + seed / 100
        return {"loss": loss, "curve": [9.0, loss], "right": len(kind)}

    independent = {"kind": ["relu", "tanh"], "rate": [0.1, 0.25]}
    dims = {"curve": ("step",)}
    return Experiment("one", "Why?", independent, trial, 5, dims=dims).run(progress=False)


def test_the_summary_has_one_row_per_condition():
    table = summary(study(), "loss")
    assert table.columns == ("kind", "rate", "mean", "low", "high", "runs")
    assert len(table.rows) == 4
    assert table.rows[1]["rate"] == 0.25
    assert table.rows[1]["mean"] == pytest.approx(0.27)
    assert table.rows[1]["runs"] == 5


def test_the_summary_shows_the_end_of_curves_or_what_is_asked_for():
    assert summary(study(), "curve").rows[0]["mean"] == pytest.approx(0.12)
    assert summary(study(), "curve", {"step": 0}).rows[0]["mean"] == 9.0
    assert "last step" in summary(study(), "curve").caption
    assert "step = 0" in summary(study(), "curve", {"step": 0}).caption


def test_the_summary_of_varied_epochs_shows_the_end_of_each():
    loss = np.array([[[3.0, np.nan]], [[2.0, 1.0]]])
    results = xr.Dataset(
        {"loss": (("epochs", "seed", "epoch"), loss)}, {"epochs": [1, 2], "epoch": [1, 2]}
    )
    assert [row["mean"] for row in summary(results).rows] == [3.0, 1.0]
    assert summary(results, at={"epochs": 1}).rows[0]["mean"] == 3.0


def test_the_summary_of_all_variables_names_each():
    table = summary(study())
    assert table.columns[0] == "dependent"
    assert [row["dependent"] for row in table.rows[::4]] == ["loss", "curve", "right"]


def test_the_summary_looks_at_chosen_levels():
    table = summary(study(), "loss", {"kind": "relu"})
    assert table.columns == ("rate", "mean", "low", "high", "runs")
    assert len(summary(study(), "loss", {"rate": [0.1]}).rows) == 2


@pytest.mark.parametrize(
    ("dependent", "at", "words"),
    [
        ("los", None, "did you mean loss"),
        ("loss", {"rates": 1}, "did you mean rate"),
        ("loss", {"rate": 0.3}, r"that were run: \[0.1, 0.25\]. Received: 0.3"),
        ("curve", {"step": 5}, r"that were run: \[0, 1\]. Received: 5"),
    ],
)
def test_a_summary_of_what_was_not_run_is_refused(dependent, at, words):
    with pytest.raises(ValueError, match=words):
        summary(study(), dependent, at)


def test_the_summary_prints_with_aligned_decimals():
    assert str(summary(study(), "loss", {"kind": "relu"})).splitlines() == [
        "loss at kind = relu: mean and 95% confidence interval over seeds",
        "",
        "rate   mean    low   high  runs",
        " 0.1  0.120  0.100  0.140     5",
        "0.25  0.270  0.250  0.290     5",
    ]


def test_the_summary_shows_itself_as_an_accessible_table():
    html = summary(study(), "loss")._repr_html_()
    assert html.startswith('<table class="dlbook-table">\n<caption>loss: mean and 95%')
    assert html.count("<tr>") == 5
    assert html.count('<th scope="col"') == 6
    assert '<td class="number">0.120</td>' in html
    assert '<td class="text">relu</td>' in html


def test_the_summary_gives_unrounded_json():
    content = json.loads(summary(study(), "loss").to_json())
    assert content["columns"] == ["kind", "rate", "mean", "low", "high", "runs"]
    assert content["rows"][0]["mean"] == 0.12000000000000002 or content["rows"][0]["mean"] == 0.12
