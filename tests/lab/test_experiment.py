"""An experiment crosses levels, repeats over seeds, and refuses what it cannot answer."""

import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook import Experiment
from dlbook.lab.experiment import FunctionTrial, Run, cross


def product(seed, slope, offset=0):
    return {"height": slope * seed + offset, "path": np.arange(3.0) * slope}


def experiment(trial: Any = product, independent: Any = None, seeds: Any = 4, **options: Any):
    levels = {"slope": [1.0, 2.0, 3.0]} if independent is None else independent
    options = {"dims": {"path": ("step",)}, **options} if trial is product else options
    return Experiment("steepness", "How steep?", levels, trial, seeds, **options)


def run(*args, **options):
    return experiment(*args, **options).run(progress=False)


# The results


def test_results_have_one_value_for_every_condition_and_seed():
    results = run(independent={"slope": [1.0, 2.0], "offset": [0, 10, 20]})
    assert results["height"].dims == ("slope", "offset", "seed")
    for slope in (1.0, 2.0):
        for offset in (0, 10, 20):
            at = results["height"].sel(slope=slope, offset=offset)
            assert at.values.tolist() == [slope * seed + offset for seed in range(4)]


def test_results_carry_levels_seeds_and_extra_dimensions():
    results = run(seeds=[7, 3])
    assert results["slope"].values.tolist() == [1.0, 2.0, 3.0]
    assert results["seed"].values.tolist() == [7, 3]
    assert results["path"].dims == ("slope", "seed", "step")


def test_results_say_where_they_come_from():
    results = run()
    assert results.attrs["name"] == "steepness"
    assert results.attrs["question"] == "How steep?"
    assert results.attrs["engine"] == "function"
    assert results.attrs["num_runs"] == experiment().num_runs == 12
    assert results.attrs["versions"]["numpy"] == np.__version__
    assert results.attrs["seconds"] > 0


def test_units_become_labels_of_variables():
    results = run(units={"slope": "slope (%)", "height": "height (m)", "step": "step"})
    assert results["slope"].attrs["label"] == "slope (%)"
    assert results["height"].attrs["label"] == "height (m)"


def test_an_experiment_without_independent_variables_repeats_over_seeds():
    results = run(lambda seed: {"x": seed}, {})
    assert results["x"].dims == ("seed",)


def test_levels_may_be_strings_and_numpy_arrays():
    def trial(seed, kind, rate):
        assert type(rate) is float
        return {"x": len(kind) * rate}

    results = run(trial, {"kind": ["a", "bb"], "rate": np.linspace(0, 1, 3)})
    assert results["x"].sel(kind="bb", rate=0.5).values.tolist() == [1.0] * 4


def test_whole_numbers_stay_whole_and_fractions_stay_fractions():
    results = run(lambda seed: {"count": seed, "share": seed / 4, "even": seed % 2 == 0}, {})
    kinds = {name: results[name].dtype.kind for name in results}
    assert kinds == {"count": "i", "share": "f", "even": "b"}


def test_arrays_that_end_early_are_padded_with_nan():
    def trial(seed, length):
        return {"curve": np.ones(length + seed, np.float32), "count": length}

    results = run(trial, {"length": [1, 3]}, range(2), dims={"curve": ("step",)})
    assert results.sizes["step"] == 4
    assert results["curve"].notnull().sum("step").values.tolist() == [[1, 2], [3, 4]]
    assert results["curve"].dtype == np.float32


def test_two_curves_that_share_a_dimension_share_its_length():
    def trial(seed):
        return {"long": np.ones(5), "short": np.ones(3)}

    results = run(trial, {}, dims={"long": ("step",), "short": ("step",)})
    assert results["short"].notnull().sum("step").values.tolist() == [3] * 4


def test_matrices_of_different_shapes_are_padded_in_both_dimensions():
    def trial(seed):
        return {"image": np.ones((1 + seed, 3 - seed))}

    results = run(trial, {}, range(2), dims={"image": ("row", "column")})
    assert results["image"].shape == (2, 2, 3)
    assert results["image"].sum(("row", "column")).values.tolist() == [3, 4]


def test_a_run_that_diverges_is_data():
    results = run(lambda seed: {"loss": np.nan if seed == 2 else 1.0}, {})
    assert np.isnan(results["loss"].values).tolist() == [False, False, True, False]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=5, unique=True),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=5, unique=True),
)
def test_the_order_of_levels_and_seeds_is_kept(levels, seeds):
    results = run(lambda seed, a: {"x": 7 * a + seed}, {"a": levels}, seeds)
    assert results["x"].values.tolist() == [[7 * a + seed for seed in seeds] for a in levels]


def test_the_same_seeds_give_the_same_results():
    def trial(seed, scale):
        return {"x": np.random.default_rng(seed).normal() * scale}

    first, second = run(trial, {"scale": [1, 2]}), run(trial, {"scale": [1, 2]})
    del first.attrs["seconds"], second.attrs["seconds"]
    xr.testing.assert_identical(first, second)


# How many runs


def test_quick_keeps_the_outermost_levels_and_few_seeds():
    results = experiment().quick(num_seeds=2)
    assert results["slope"].values.tolist() == [1.0, 3.0]
    assert results["seed"].values.tolist() == [0, 1]


def test_quick_keeps_a_single_level():
    assert experiment(independent={"slope": [5]}).quick()["slope"].values.tolist() == [5]


def test_full_uses_the_recorded_scale_where_it_is_given():
    big = experiment(
        independent={"slope": [1, 2], "offset": [0]},
        full_independent={"slope": [1, 2, 3, 4]},
        full_seeds=range(9),
    )
    results = big.full(progress=False)
    assert dict(results["height"].sizes) == {"slope": 4, "offset": 1, "seed": 9}
    assert big.full(seeds=2, progress=False).sizes["seed"] == 2
    assert experiment().full(progress=False).sizes["slope"] == 3


def test_a_number_of_seeds_takes_the_first_ones_and_goes_on():
    few = experiment(seeds=[5, 2])
    assert few.run(seeds=1)["seed"].values.tolist() == [5]
    assert few.run(seeds=4)["seed"].values.tolist() == [5, 2, 6, 7]
    assert few.run(seeds=[9])["seed"].values.tolist() == [9]
    assert experiment(seeds=3).num_runs == 9


def test_other_levels_replace_only_the_variables_they_name():
    two = experiment(independent={"slope": [1, 2], "offset": [3]})
    assert two.run(independent={"offset": [0, 1]})["height"].shape == (2, 2, 4)


def test_runs_are_crossed_with_the_seed_fastest():
    runs = cross({"a": (1, 2), "b": ("x", "y")}, (0, 1))
    assert [run.index for run in runs] == list(np.ndindex(2, 2, 2))
    assert runs[-2] == Run((1, 1, 0), 0, {"a": 2, "b": "y"})


# What is refused


@pytest.mark.parametrize(
    ("levels", "kind", "words"),
    [
        ([], ValueError, "at least one level"),
        ([1, 2, 1], ValueError, "once"),
        ([1, 1.0], ValueError, "once"),
        ([None], TypeError, "numbers or strings only"),
        ([[1, 2]], TypeError, "numbers or strings only"),
        ([1, "a"], TypeError, "numbers and strings"),
        ([True, 2], TypeError, "booleans and numbers"),
        ([float("nan")], ValueError, "can be compared"),
        ("abc", TypeError, "ordered sequence"),
        ({1, 2}, TypeError, "ordered sequence"),
        (3, TypeError, "ordered sequence"),
        (np.ones((2, 2)), TypeError, "numbers or strings only"),
    ],
)
def test_levels_that_cannot_be_crossed_are_refused(levels, kind, words):
    with pytest.raises(kind, match=words) as refusal:
        experiment(independent={"slope": levels})
    assert "independent['slope']" in str(refusal.value)
    assert "Received" in str(refusal.value)


@pytest.mark.parametrize(
    ("seeds", "kind", "words"),
    [
        ([], ValueError, "at least one seed"),
        ([1, 2, 2], ValueError, "more than once: 2"),
        ([-1], ValueError, "0 or larger"),
        ([0.5], TypeError, "integers"),
        ([True], TypeError, "integers"),
        ("12", TypeError, "integers"),
        (None, TypeError, "integers"),
        (0, ValueError, "at least one seed"),
    ],
)
def test_seeds_that_cannot_be_told_apart_are_refused(seeds, kind, words):
    with pytest.raises(kind, match=words):
        experiment(seeds=seeds)


def test_a_run_with_no_seed_is_refused():
    with pytest.raises(ValueError, match="at least 1 run"):
        experiment().run(seeds=0)


@pytest.mark.parametrize("name", ["Two Words", "camelCase", "", "class", "9lives", None])
def test_names_that_are_not_snake_case_are_refused(name):
    with pytest.raises(ValueError, match="snake_case"):
        Experiment(name, "Why?", {}, lambda seed: {"x": 1})


def test_an_experiment_needs_a_question():
    with pytest.raises(ValueError, match="question"):
        Experiment("name", " ", {}, lambda seed: {"x": 1})


def test_an_unknown_variable_is_refused_with_the_nearest_names():
    with pytest.raises(ValueError, match="did you mean slope") as refusal:
        experiment(independent={"slop": [1]})
    assert str(refusal.value).endswith("Received: product(seed, slope, offset)")


@pytest.mark.parametrize("name", ["seed", "two words", 3])
def test_variables_must_be_named_as_arguments_are(name):
    with pytest.raises(ValueError, match="Python arguments"):
        experiment(independent={name: [1]})


def test_independent_must_be_a_mapping():
    with pytest.raises(TypeError, match="map each variable"):
        experiment(independent=["slope"])


def test_a_function_that_takes_no_seed_is_refused():
    with pytest.raises(ValueError, match="must take the argument 'seed'"):
        experiment(lambda slope: {"x": slope})


def test_a_parameter_without_levels_is_refused():
    with pytest.raises(ValueError, match="levels for 'slope'"):
        experiment(independent={"offset": [1]})


def test_a_function_of_any_keyword_takes_every_variable():
    results = run(lambda seed, **levels: {"x": levels["a"]}, {"a": [3]})
    assert results["x"].values.tolist() == [[3] * 4]


def test_a_function_without_a_signature_is_taken_at_its_word():
    FunctionTrial(dict).check({"a": [1]})


def test_what_is_not_callable_is_no_trial():
    with pytest.raises(TypeError, match="trial must be a function"):
        experiment(trial=3)


def test_levels_of_a_variable_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match=r"did you mean slope\?"):
        experiment().run(independent={"slopes": [1]})
    with pytest.raises(ValueError, match="known names: slope"):
        experiment(full_independent={"offset": [1]})


@pytest.mark.parametrize(
    ("trial", "kind", "words"),
    [
        (lambda seed: 3, TypeError, "must return a mapping"),
        (lambda seed: {}, ValueError, "at least one dependent"),
        (lambda seed: {"x": "word"}, TypeError, "numbers or arrays"),
        (lambda seed: {"x": None}, TypeError, "numbers or arrays"),
        (lambda seed: {"x": [[1, 2], [3]]}, TypeError, r"numbers or arrays.*\[\[1, 2\], \[3\]\]"),
        (lambda seed: {"x": 1j}, TypeError, "numbers or arrays"),
        (lambda seed: {"x": 1, "y": 2} if seed else {"x": 1}, ValueError, "same dependent"),
        (lambda seed: {"x": np.ones(seed % 2)} if seed else {"x": 1}, ValueError, "dimensions"),
        (lambda seed: {"x": np.ones(3)}, ValueError, "dims must name the 1 extra"),
        (lambda seed: {"seed": 3}, ValueError, "not the names of independent"),
    ],
)
def test_what_a_function_returns_by_mistake_is_refused(trial, kind, words):
    with pytest.raises(kind, match=words):
        run(trial, {})


def test_conditions_that_return_different_names_are_refused():
    def trial(seed, a):
        return {"x": 1} if a == 1 else {"y": 1}

    with pytest.raises(ValueError, match=r"\['x'\] at first. Received: \['y'\]"):
        run(trial, {"a": [1, 2]}, range(100))


def test_conditions_that_return_different_numbers_of_dimensions_are_refused():
    def trial(seed, a):
        return {"x": 1.0 if a == 1 else np.ones(2)}

    with pytest.raises(ValueError, match="dims must name"):
        run(trial, {"a": [1, 2]}, range(100))


def test_dims_and_units_of_variables_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="dims names something unknown"):
        run(lambda seed: {"loss": 1.0}, {}, dims={"los": ("step",)})
    with pytest.raises(ValueError, match="units names something unknown: did you mean loss"):
        run(lambda seed: {"loss": 1.0}, {}, units={"los": "m"})


@pytest.mark.parametrize("dims", [{"x": "step"}, {"x": (1,)}])
def test_dims_must_be_tuples_of_names(dims):
    with pytest.raises(TypeError, match="dims must map"):
        run(lambda seed: {"x": np.ones(3)}, {}, dims=dims)


def test_dims_may_not_take_the_name_of_a_variable():
    with pytest.raises(ValueError, match="each with a new name"):
        run(lambda seed: {"x": np.ones(3)}, {}, dims={"x": ("seed",)})


@pytest.mark.parametrize("option", [{"workers": 0}, {"workers": 1.5}, {"memory": 0}])
def test_impossible_options_are_refused(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be a whole number"):
        experiment().run(**option)


def test_an_error_in_a_trial_says_in_which_run():
    def trial(seed, a):
        return {"x": 1 / (seed - 2)}

    with pytest.raises(ZeroDivisionError) as error:
        run(trial, {"a": [7]})
    assert error.value.__notes__ == ["This happened in the run with seed=2, {'a': 7}."]


# What it costs


def test_many_cheap_runs_cost_less_than_20_microseconds_each():
    cheap = Experiment("cheap", "Fast?", {}, lambda seed: {"x": seed * 0.5}, range(20_000))
    cheap.quick()
    seconds = []
    for _ in range(3):
        start = time.process_time()
        cheap.run(progress=False)
        seconds.append(time.process_time() - start)
    assert min(seconds) / 20_000 < 20e-6


def test_defining_experiments_and_claims_loads_nothing_heavy():
    code = (
        "import sys, dlbook.lab.claims; from dlbook import Experiment;"
        "Experiment('a', 'Why?', {}, lambda seed: {'x': 1});"
        "heavy = {'xarray', 'pandas', 'scipy', 'joblib', 'rich', 'keras', 'matplotlib'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
