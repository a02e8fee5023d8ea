"""Waiting for a quiet machine: other programs spoil timings, and most those with many threads."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATISTICS = Path("/proc/stat")
MOST_SHARE = 0.08


def busy_seconds() -> float | None:
    """Return the processor seconds that the whole machine has worked, if it tells (Linux does)."""
    if not STATISTICS.exists():
        return None
    ticks = [int(one) for one in STATISTICS.read_text().split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Return the processor seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def with_share_of_others(task: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do a task and say what share of the machine others used meanwhile.

    Args:
        task: What to do.

    Returns:
        What it returns, and ``others``: between 0 and 1, or 0 where the machine does not tell.
    """
    start, busy, own = time.perf_counter(), busy_seconds(), own_seconds()
    found = task()
    seconds, after = time.perf_counter() - start, busy_seconds()
    if busy is None or after is None:
        return {**found, "others": 0.0}
    others = (after - busy) - (own_seconds() - own)
    return {**found, "others": round(max(0.0, others / seconds / (os.cpu_count() or 1)), 3)}


def quietly(task: Callable[[], dict[str, Any]], patience: float) -> dict[str, Any]:
    """Do a task on a quiet machine: wait for it, and do the task again if others disturbed it.

    Args:
        task: What to do.
        patience: Seconds to keep trying; 0 does it once, at once.

    Returns:
        What the least disturbed try returned.
    """
    end = time.monotonic() + patience
    best: dict[str, Any] | None = None
    while best is None or (best["others"] > MOST_SHARE and time.monotonic() < end):
        _wait(end)
        found = with_share_of_others(task)
        if best is None or found["others"] < best["others"]:
            best = found
    return best


def _wait(end: float) -> None:
    """Wait until others leave the machine alone for two seconds."""
    while time.monotonic() < end:
        if with_share_of_others(lambda: time.sleep(2) or {})["others"] <= MOST_SHARE:
            return
