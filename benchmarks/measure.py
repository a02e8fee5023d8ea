"""Measurements, each in a process of its own, so that no side profits from another one's start."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.jobs import JOBS, grown
from benchmarks.sides import SIDES

ROOT = Path(__file__).resolve().parents[1]
MEBIBYTE = 2**20


def in_own_process(*task: str) -> dict[str, Any]:
    """Do one task in a new Python process.

    Args:
        *task: Name of the task and its arguments, as for `do`.

    Returns:
        What the task found.

    Raises:
        RuntimeError: If the process failed.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks.measure", *task]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(task)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def do(task: str, *arguments: str) -> dict[str, Any]:
    """Do one task in this process.

    Args:
        task: ``"side"`` (job, side), ``"grow"`` (runs, units, workers) or ``"matrix"``.
        *arguments: Its arguments.

    Returns:
        What it found.
    """
    return {"side": _side, "grow": _grow, "matrix": _matrix}[task](*arguments)


def _side(job_name: str, side: str) -> dict[str, Any]:
    job = JOBS[job_name]()
    seconds = SIDES[side](job)
    runs = len(job.sample(side))
    return {"seconds": seconds * len(job.runs) / runs, "runs": runs}


def _grow(runs: str, units: str, workers: str) -> dict[str, Any]:
    import tensorflow  # noqa: F401

    import dlbook.lab.stacked  # noqa: F401

    before = _peak()
    start = time.perf_counter()
    grown(int(runs), int(units)).run(workers=int(workers), progress=False)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "mebibytes": _peak(), "mebibytes_before": before}


def _peak() -> float:
    """Return the largest memory that this process has had, in mebibytes."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (MEBIBYTE if sys.platform == "darwin" else 1024)


def _matrix() -> dict[str, Any]:
    """Measure how many multiply-adds a second this machine makes in a large matrix product."""
    import tensorflow as tf

    size = 2048
    matrix = tf.random.stateless_uniform((size, size), (1, 2))
    product = tf.function(lambda one: tf.matmul(one, one))
    product(matrix)
    tries = []
    for _ in range(10):
        start = time.perf_counter()
        product(matrix).numpy()
        tries.append(time.perf_counter() - start)
    return {"multiply_adds_per_second": size**3 / min(tries)}


def ratios(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Compare times that were measured in turn.

    Args:
        ours: Seconds of the stacked engine, one per repeat.
        theirs: Seconds of the other side, one per repeat.

    Returns:
        How many times faster ours is: median, lowest and highest over the repeats.

    Example:
        >>> ratios([1.0, 2.0, 1.0], [10.0, 30.0, 40.0])
        {'median': 15.0, 'low': 10.0, 'high': 40.0}
    """
    found = [other / own for own, other in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(found), "low": min(found), "high": max(found)}


if __name__ == "__main__":
    print(json.dumps(do(*sys.argv[1:])))
