"""From the measurements to a page of the book."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("page.md")


def page(found: dict[str, Any]) -> str:
    """Write the page.

    Args:
        found: The measurements, as in ``results/performance.json``.

    Returns:
        Markdown.
    """
    arithmetic = found["arithmetic"]
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=found["machine"],
        repeats=found["repeats"],
        jobs="\n\n".join(f"## {job['title']}\n\n{sides(job)}" for job in found["jobs"]),
        limit=arithmetic["machine"] / 1e9,
        needed=arithmetic["needed"] / 1e9,
        seconds=arithmetic["seconds"],
        reached=arithmetic["reached"] / 1e9,
        share=100 * arithmetic["reached"] / arithmetic["machine"],
        before=found["growth"][0]["mebibytes_before"],
        growth=growth(found["growth"]),
    )


def sides(job: dict[str, Any]) -> str:
    """Write the table of one job.

    Args:
        job: Its measurements.

    Returns:
        A Markdown table.
    """
    rows = [
        (
            side["name"],
            _time(side["seconds"]),
            f"{side['runs_timed']:,} of {job['runs']:,}",
            _ratio(side.get("ratio")),
        )
        for side in job["sides"]
    ]
    return table(("side", "time for the sweep", "runs timed", "stacked is faster by"), rows)


def growth(cases: Sequence[dict[str, Any]]) -> str:
    """Write the table of what growth costs.

    Args:
        cases: The measurements.

    Returns:
        A Markdown table.
    """
    rows = [
        (
            f"{one['runs']:,}",
            f"{one['units']:,}",
            str(one["workers"]),
            _time([one["seconds"]]),
            f"{one['mebibytes']:,.0f} MiB",
        )
        for one in cases
    ]
    return table(("runs", "hidden units", "processes", "time", "peak memory"), rows)


def _time(seconds: Sequence[float]) -> str:
    middle = sorted(seconds)[len(seconds) // 2]
    if middle < 120:
        return f"{middle:.1f} s"
    return f"{middle / 60:.1f} min" if middle < 7200 else f"{middle / 3600:.1f} h"


def _ratio(ratio: dict[str, float] | None) -> str:
    if ratio is None:
        return "1"
    low, middle, high = (_rounded(ratio[name]) for name in ("low", "median", "high"))
    return f"{middle} ({low} to {high})"


def _rounded(value: float) -> str:
    return f"{value:.1f}" if value < 20 else f"{value:,.0f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table whose columns stand under one another.

    Args:
        head: Names of the columns.
        rows: The cells; all columns but the first are aligned to the right.

    Returns:
        The table.

    Example:
        >>> print(table(("side", "time"), [("stacked", "2 s"), ("fit", "20 h")]))
        | side    | time |
        | :------ | ---: |
        | stacked |  2 s |
        | fit     | 20 h |
    """
    widths = [max(4, *map(len, column)) for column in zip(head, *rows, strict=True)]
    rules = [f":{'-' * (widths[0] - 1)}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    lines = [_line(row, widths) for row in (head, *rows)]
    return "\n".join([lines[0], _line(rules, widths), *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return " | ".join(["| " + cells[0].ljust(widths[0]), *padded[1:]]) + " |"
