"""Measure, print a table, and write ``results/performance.json`` and the page made from it."""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from functools import partial
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.jobs import JOBS
from benchmarks.measure import in_own_process, ratios
from benchmarks.quiet import quietly
from benchmarks.report import growth, page, sides
from benchmarks.sides import SIDES

ROOT = Path(__file__).resolve().parents[1]
RUNS = (1, 10, 100, 1_000, 10_000, 20_000)
UNITS = (8, 64, 512)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for.

    Args:
        arguments: Of the command line; ``None`` takes the process's own.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="turns of every side (3)")
    parser.add_argument(
        "--patience", type=float, default=60, help="seconds to wait for a quiet machine (60)"
    )
    parser.add_argument("--only", choices=[*JOBS, "growth"], help="one part alone, not kept")
    options = parser.parse_args(arguments)
    if options.only == "growth":
        print(growth(measure_growth(options.patience)))
    elif options.only:
        print(sides(measure_job(options.only, options.repeats, options.patience)))
    else:
        _keep(measure_all(options.repeats, options.patience))


def measure_all(repeats: int, patience: float) -> dict[str, Any]:
    """Measure everything.

    Args:
        repeats: Turns of every side.
        patience: Seconds to wait for a quiet machine, for each measurement.

    Returns:
        All measurements, ready for JSON.
    """
    jobs = [measure_job(name, repeats, patience) for name in JOBS]
    return {
        "machine": machine(),
        "repeats": repeats,
        "jobs": jobs,
        "arithmetic": measure_arithmetic(jobs, patience),
        "growth": measure_growth(patience),
    }


def machine() -> str:
    """Describe the machine and the libraries."""
    names = ("tensorflow", "keras", "torch", "numpy")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def measure_job(name: str, repeats: int, patience: float) -> dict[str, Any]:
    """Time all sides of a job in turn.

    Args:
        name: Which job.
        repeats: Turns of every side.
        patience: Seconds to wait for a quiet machine, for each measurement.

    Returns:
        Times, and how many times faster the stacked engine is.
    """
    job = JOBS[name]()
    turns: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for turn in range(repeats):
        for side, found in turns.items():
            found.append(quietly(partial(in_own_process, "side", name, side), patience))
            seconds, others = found[-1]["seconds"], found[-1]["others"]
            print(f"{name} {turn + 1}, {side}: {seconds:.1f} s, others {others:.0%}", flush=True)
    times = {side: [one["seconds"] for one in found] for side, found in turns.items()}
    rows = [
        {"name": side, "seconds": times[side], "runs_timed": turns[side][0]["runs"]}
        | ({} if side == "stacked" else {"ratio": ratios(times["stacked"], times[side])})
        for side in SIDES
    ]
    others = max(one["others"] for found in turns.values() for one in found)
    head = {"name": name, "title": job.title, "runs": len(job.runs), "others": others}
    return {**head, "sides": rows}


def measure_arithmetic(jobs: Sequence[dict[str, Any]], patience: float) -> dict[str, float]:
    """Compare the multiply-adds of the digits job with those of a large matrix product.

    Args:
        jobs: The measured jobs.
        patience: Seconds to wait for a quiet machine.

    Returns:
        Multiply-adds: per second in the product, needed by the sweep, per second reached.
    """
    job = JOBS["digits"]()
    seconds = min(next(one for one in jobs if one["name"] == "digits")["sides"][0]["seconds"])
    kernels = [before * after for before, after in pairwise(job.sizes())]
    per_example = 3 * sum(kernels) - kernels[0]
    needed = per_example * job.num_examples * job.training.epochs * len(job.runs)
    found = quietly(lambda: in_own_process("matrix"), patience)
    limit = found["multiply_adds_per_second"]
    return {"machine": limit, "needed": needed, "seconds": seconds, "reached": needed / seconds}


def measure_growth(patience: float) -> list[dict[str, Any]]:
    """Measure time and memory for more runs, wider networks and more processes.

    Args:
        patience: Seconds to wait for a quiet machine, for each measurement.

    Returns:
        One entry per case.
    """
    cases = [(runs, 1, 1) for runs in RUNS] + [(100, units, 1) for units in UNITS]
    found = []
    for runs, units, workers in [*cases, (20_000, 1, 2)]:
        task = partial(in_own_process, "grow", str(runs), str(units), str(workers))
        one = quietly(task, patience)
        print(f"growth, {runs} runs, {units} units: {one['seconds']:.1f} s", flush=True)
        found.append({"runs": runs, "units": units, "workers": workers, **one})
    return found


def _keep(found: dict[str, Any]) -> None:
    text = page(found)
    print(text)
    _write(ROOT / "results" / "performance.json", json.dumps(found, indent=1) + "\n")
    _write(ROOT / "docs" / "reference" / "performance.md", text)


def _write(path: Path, text: str) -> None:
    """Write a file in one step."""
    draft = path.with_suffix(".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()
