"""Small tables of results: as text, as HTML with aligned decimals, as JSON.

All numbers of one dependent variable share their number of decimals, chosen so that the widths of
the confidence intervals show two significant digits.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

Row = Mapping[str, Any]
STATISTICS = ("mean", "low", "high")


def decimals(values: Iterable[float], widths: Iterable[float]) -> int | None:
    """Choose how many decimals a set of numbers deserves.

    Args:
        values: The numbers.
        widths: Their uncertainties; zero, NaN and infinity do not count.

    Returns:
        Decimals from 0 to 6, or ``None`` where scientific notation reads better.

    Example:
        >>> decimals([0.91234, 0.87654], [0.012, 0.034])
        3
        >>> decimals([3e-9], [1e-10]) is None
        True
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    certain = sorted(width for width in widths if math.isfinite(width) and width > 0)
    scale = certain[len(certain) // 2] if certain else largest / 100
    if largest >= 1e7:
        return None
    if scale <= largest * 1e-12:
        scale = largest / 100
    needed = 0 if scale <= 0 else max(0, 1 - math.floor(math.log10(scale)))
    return needed if needed <= 6 else None


def number(value: float, places: int | None) -> str:
    """Write a number with a fixed number of decimals.

    Args:
        value: The number; NaN is written as a dash, because a run diverged.
        places: Decimals; ``None`` for scientific notation.

    Returns:
        The text, with a true minus sign.

    Example:
        >>> number(-0.1234, 2), number(1.5e-9, None), number(float("nan"), 2)
        ('−0.12', '1.50e−09', '–')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.2e}" if places is None else f"{value:.{places}f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return text.replace("-", "−")


def level_text(level: float | int | str) -> str:
    """Write one level of an independent variable.

    Args:
        level: A number or a string.

    Returns:
        Numbers with at most six significant digits, strings as they are.

    Example:
        >>> level_text(0.1 + 0.2), level_text("relu"), level_text(8)
        ('0.3', 'relu', '8')
    """
    if isinstance(level, str | bool):
        return str(level)
    return f"{level:.6g}".replace("-", "−")


def plain(value: Any) -> Any:
    """Make a number fit for strict JSON, which knows neither NaN nor infinity.

    Args:
        value: A plain value, or a mapping or sequence of them.

    Returns:
        The same with ``None`` for NaN, and the strings ``"Infinity"`` and ``"-Infinity"``.

    Example:
        >>> plain({"mean": float("nan"), "runs": 3})
        {'mean': None, 'runs': 3}
    """
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


@dataclass(frozen=True)
class Summary:
    """A small table: one row per condition, with mean, confidence interval and number of runs.

    It shows itself as HTML in a notebook and as aligned text when printed.

    Attributes:
        caption: What the numbers are.
        columns: Names of the columns: what varies, then mean, low, high, runs.
        rows: One mapping per row, column -> plain value.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def cells(self) -> list[list[str]]:
        """Return the texts of all cells, with equal decimals for each dependent variable."""
        by_dependent = self._decimals()
        return [
            [self._cell(row, column, by_dependent[row.get("dependent")]) for column in self.columns]
            for row in self.rows
        ]

    def _decimals(self) -> dict[Any, int | None]:
        places = {}
        for dependent in dict.fromkeys(row.get("dependent") for row in self.rows):
            rows = [row for row in self.rows if row.get("dependent") == dependent]
            values = [row["mean"] for row in rows]
            places[dependent] = decimals(values, [(row["high"] - row["low"]) / 2 for row in rows])
        return places

    def _cell(self, row: Row, column: str, places: int | None) -> str:
        if column in STATISTICS:
            return number(row[column], places)
        return level_text(row[column])

    def is_numeric(self, column: str) -> bool:
        """Say whether a column holds numbers, which are aligned at their end."""
        return all(not isinstance(row[column], str | bool) for row in self.rows)

    def __str__(self) -> str:
        cells = [list(self.columns), *self.cells()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        aligns = [str.rjust if self.is_numeric(column) else str.ljust for column in self.columns]
        lines = [_line(row, widths, aligns) for row in cells]
        return "\n".join([self.caption, "", *lines])

    def _repr_html_(self) -> str:
        kinds = ["number" if self.is_numeric(column) else "text" for column in self.columns]
        head = _html_row("th", self.columns, kinds)
        body = "\n".join(_html_row("td", cells, kinds) for cells in self.cells())
        return (
            f'<table class="dlbook-table">\n<caption>{escape(self.caption)}</caption>\n'
            f"<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        )

    def to_records(self) -> list[dict[str, Any]]:
        """Return the rows as plain dictionaries, unrounded."""
        return [dict(row) for row in self.rows]

    def to_json(self) -> str:
        """Return caption, columns and unrounded rows as strict JSON (NaN becomes null)."""
        content = {"caption": self.caption, "columns": self.columns, "rows": self.to_records()}
        return json.dumps(plain(content), ensure_ascii=False)


def _line(row: Sequence[str], widths: Sequence[int], aligns: Sequence[Callable]) -> str:
    cells = [align(cell, width) for cell, width, align in zip(row, widths, aligns, strict=True)]
    return "  ".join(cells).rstrip()


def _html_row(tag: str, cells: Sequence[str], kinds: Sequence[str]) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return (
        "<tr>"
        + "".join(
            f'<{tag}{scope} class="{kind}">{escape(cell)}</{tag}>'
            for cell, kind in zip(cells, kinds, strict=True)
        )
        + "</tr>"
    )
