"""The benchmarks measure the same work on every side, and their page says what was measured."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.jobs import JOBS, grown
from benchmarks.measure import do, ratios
from benchmarks.report import growth, page, sides, table
from benchmarks.sides import SIDES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", JOBS)
def test_every_side_trains_networks_of_the_same_size(name):
    job = JOBS[name]()
    condition = job.runs[-1].condition
    model = job.training.model(**job.training.levels_for("model", condition))
    sizes = job.sizes(**condition)
    weights = sum((before + 1) * after for before, after in pairwise(sizes))
    assert model.count_params() == weights
    assert len(job.sample("model.fit")) == 1
    assert len(job.sample("stacked")) == len(job.runs)


def test_the_jobs_are_those_of_the_course():
    counts = {name: len(job().runs) for name, job in JOBS.items()}
    assert counts == {"learning_rates": 2000, "digits": 128, "depth_and_breadth": 165}


def test_growth_has_as_many_runs_as_asked_for():
    assert [grown(runs).num_runs for runs in (1, 10, 20_000)] == [1, 10, 20_000]


def test_a_ratio_compares_the_times_of_one_turn():
    assert ratios([1.0, 2.0], [10.0, 10.0]) == {"median": 7.5, "low": 5.0, "high": 10.0}


def measurements():
    job = {
        "name": "digits",
        "title": "Digits",
        "runs": 128,
        "sides": [
            {"name": "stacked", "seconds": [4.0, 5.0, 6.0], "runs_timed": 128},
            {
                "name": "model.fit",
                "seconds": [7300.0, 7300.0, 7400.0],
                "runs_timed": 1,
                "ratio": {"median": 1460.0, "low": 1217.0, "high": 1850.0},
            },
        ],
    }
    case = {"runs": 20_000, "units": 1, "workers": 1, "seconds": 130.0, "mebibytes": 900.0}
    return {
        "machine": "a machine",
        "repeats": 3,
        "jobs": [job],
        "arithmetic": {"machine": 7e10, "needed": 7e10, "seconds": 4.0, "reached": 1.75e10},
        "growth": [{**case, "mebibytes_before": 600.0}],
    }


def test_the_page_shows_times_ratios_with_their_spread_and_what_was_extrapolated():
    text = page(measurements())
    assert "| model.fit |" in text
    assert "2.0 h | 1 of 128 | 1,460 (1,217 to 1,850)" in " ".join(text.split())
    assert "25 % of the limit" in text
    assert "| 20,000 |" in text
    assert "2.2 min" in text
    assert text.startswith("---\ntitle: Performance\n")


def test_columns_of_tables_stand_under_one_another():
    found = measurements()
    texts = table(("a", "b"), [("long", "1")]), sides(found["jobs"][0]), growth(found["growth"])
    for text in texts:
        assert len({len(line) for line in text.splitlines()}) == 1


def test_growth_is_measured_with_its_memory():
    found = do("grow", "10", "2", "1")
    assert found["seconds"] > 0
    assert found["mebibytes"] >= found["mebibytes_before"] > 100


def test_the_sides_are_those_of_the_table():
    assert list(SIDES) == [
        *("stacked", "model.fit", "PyTorch", "PyTorch, 1 thread", "PyTorch, 2 threads")
    ]


def test_the_page_of_the_book_is_made_from_the_recorded_measurements():
    recorded = ROOT / "results" / "performance.json"
    found = json.loads(recorded.read_text(encoding="utf-8"))
    shown = (ROOT / "docs" / "reference" / "performance.md").read_text(encoding="utf-8")
    assert shown == page(found), "run `make bench`, which writes both"
