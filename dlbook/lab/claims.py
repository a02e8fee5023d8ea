"""Claims: a sentence of the notes, the experiment that tests it, and the verdict it earned.

A claim says beforehand, as *evidence* with bounds, what would make it hold. The verdict is computed
from confidence intervals, never written by hand.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any, overload

from dlbook.lab.levels import nearest
from dlbook.lab.tables import decimals, number, plain

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

    from dlbook.lab.experiment import Experiment
    from dlbook.lab.results import Comparison

MIME_TYPE = "application/vnd.dlbook.claims+json"


class Verdict(StrEnum):
    """What the evidence says about a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    DEPENDS = "depends"

    @property
    def sign(self) -> str:
        """A sign that tells verdicts apart without colour."""
        return {"holds": "✓", "fails": "✗", "depends": "≈"}[self.value]

    @property
    def badge(self) -> str:
        """The verdict as a small piece of HTML: a sign and a word."""
        return f'<span class="verdict verdict-{self}">{self.sign} {self}</span>'


@dataclass(frozen=True)
class Evidence:
    r"""One measured effect, its confidence interval, and the bounds a claim sets for it.

    The evidence holds when the whole interval lies inside the bounds:
    $$\text{at least} \le \text{low} \quad\text{and}\quad \text{high} \le \text{at most}$$

    Attributes:
        condition: Where it was measured, in words.
        effect: The measured effect, in ``unit``.
        low: Lower end of its confidence interval.
        high: Upper end.
        num_runs: How many runs it rests on.
        at_least: What ``low`` must reach; minus infinity sets no bound.
        at_most: What ``high`` must not exceed; infinity sets no bound.
        unit: Unit of the effect, such as ``"points"``.

    Raises:
        ValueError: If neither bound is set (then nothing could fail), or they exclude each other.

    Example:
        >>> Evidence("two clusters", 3.0, 2.0, 4.0, num_runs=20, at_least=0).holds
        True
    """

    condition: str
    effect: float
    low: float
    high: float
    num_runs: int
    at_least: float = -math.inf
    at_most: float = math.inf
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse evidence that could not fail or could not hold."""
        bounds = f"Received: at_least={self.at_least}, at_most={self.at_most}"
        if self.at_least == -math.inf and self.at_most == math.inf:
            raise ValueError(f"at_least or at_most must say what would make it hold. {bounds}")
        if not self.at_least <= self.at_most:
            raise ValueError(f"at_least must not exceed at_most. {bounds}")

    @property
    def holds(self) -> bool:
        """Whether the whole interval lies inside the bounds; never when the effect is NaN."""
        return self.at_least <= self.low and self.high <= self.at_most

    @property
    def rule(self) -> str:
        """The bounds in words."""
        if self.at_least == self.at_most:
            return f"exactly {_short(self.at_least)}"
        parts = []
        if self.at_least > -math.inf:
            parts.append(f"at least {_short(self.at_least)}")
        if self.at_most < math.inf:
            parts.append(f"at most {_short(self.at_most)}")
        return " and ".join(parts)

    @classmethod
    def from_comparison(cls, condition: str, comparison: "Comparison", **bounds: Any) -> "Evidence":
        """Take the effect and interval of a paired or Welch comparison.

        Args:
            condition: Where it was measured.
            comparison: From `paired` or `welch`.
            **bounds: ``at_least``, ``at_most``, ``unit``.

        Returns:
            The evidence.
        """
        effect = (comparison.effect, comparison.low, comparison.high)
        return cls(condition, *effect, comparison.num_runs, **bounds)

    @classmethod
    def from_mean(
        cls,
        condition: str,
        values: "xr.DataArray | ArrayLike",
        *,
        confidence: float = 0.95,
        **bounds: Any,
    ) -> "Evidence":
        """Take the mean over seeds and its confidence interval.

        Args:
            condition: Where it was measured.
            values: One number per seed.
            confidence: Confidence of the interval.
            **bounds: ``at_least``, ``at_most``, ``unit``.

        Returns:
            The evidence.

        Example:
            >>> Evidence.from_mean("always", [2.0, 2.0], at_least=1).effect
            2.0
        """
        from dlbook.lab.results import mean_of_runs

        mean, low, high, count = mean_of_runs(values, confidence=confidence)
        return cls(condition, mean, low, high, count, **bounds)

    @classmethod
    def exact(cls, condition: str, value: float, num_runs: int, **bounds: Any) -> "Evidence":
        """Take a value without uncertainty, such as a count or a proved identity.

        Args:
            condition: Where it was measured.
            value: The value.
            num_runs: How many runs it rests on.
            **bounds: ``at_least``, ``at_most``, ``unit``.

        Returns:
            The evidence, with an interval that is the value itself.

        Example:
            >>> Evidence.exact("largest difference", 1e-9, 20, at_most=1e-6).holds
            True
        """
        return cls(condition, float(value), float(value), float(value), num_runs, **bounds)

    def __str__(self) -> str:
        places = self._places()
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"{self.condition}: {number(self.effect, places)}{unit} [{self._interval(places)}], "
            f"{self.num_runs} runs, needed {self.rule}"
        )

    def _places(self) -> int | None:
        return decimals([self.effect, self.low, self.high], [(self.high - self.low) / 2])

    def _interval(self, places: int | None) -> str:
        return f"{number(self.low, places)}, {number(self.high, places)}"

    def to_record(self) -> dict[str, Any]:
        """Return the evidence as a plain dictionary."""
        return {
            "condition": self.condition,
            "effect": self.effect,
            "low": self.low,
            "high": self.high,
            "num_runs": self.num_runs,
            "at_least": None if self.at_least == -math.inf else self.at_least,
            "at_most": None if self.at_most == math.inf else self.at_most,
            "unit": self.unit,
            "holds": self.holds,
        }


@dataclass(frozen=True)
class Claim:
    """A testable sentence of the notes, and how it is tested.

    Attributes:
        id: Short and unique in the book, such as ``"softmax-sums-to-one"``.
        statement: What the notes say, in words.
        experiment: What is run to test it; several experiments as a tuple.
        measure: Takes the results of each experiment, in order, and gives one piece of evidence
            or several.
        note: What the rule is, in words.

    Example:
        >>> from dlbook import Experiment
        >>> coin = Experiment("coin", "Fair?", {}, lambda seed: {"heads": seed % 2}, range(4))
        >>> claim = Claim("fair", "Coins are fair.", coin,
        ...     lambda results: Evidence.from_mean("share of heads", results.heads, at_most=2))
        >>> claim.decide(coin.run(progress=False)).verdict
        <Verdict.HOLDS: 'holds'>
    """

    id: str
    statement: str
    experiment: "Experiment | tuple[Experiment, ...]"
    measure: Callable[..., Evidence | Sequence[Evidence]]
    note: str = ""

    @property
    def experiments(self) -> tuple["Experiment", ...]:
        """The experiments that the claim rests on: one or several."""
        return self.experiment if isinstance(self.experiment, tuple) else (self.experiment,)

    def decide(self, *results: "xr.Dataset") -> "Finding":
        """Measure the evidence in the results of this claim's experiments.

        Args:
            results: What ``run()`` of each experiment returned, or was saved of it, in order.

        Returns:
            The evidence with its verdict.

        Raises:
            ValueError: If the results are another experiment's, or there is no evidence.
        """
        names = [one.name for one in self.experiments]
        received = [one.attrs.get("name") for one in results]
        if received != names:
            raise ValueError(
                f"results must be those of {_listed(names)}, on which claim {self.id!r} rests. "
                f"Received: results of {_listed(received)}"
            )
        measured = self.measure(*results)
        evidence = (measured,) if isinstance(measured, Evidence) else tuple(measured)
        if not evidence or not all(isinstance(one, Evidence) for one in evidence):
            raise ValueError(
                f"measure of claim {self.id!r} must return Evidence or a sequence of it. "
                f"Received: {measured!r}"
            )
        return Finding(self, evidence)


@dataclass(frozen=True)
class Finding:
    """A claim with the evidence that was found.

    Attributes:
        claim: The claim.
        evidence: One piece or several.
    """

    claim: Claim
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> Verdict:
        """Holds if all evidence holds, fails if none does, else depends."""
        held = [one.holds for one in self.evidence]
        if all(held):
            return Verdict.HOLDS
        return Verdict.DEPENDS if any(held) else Verdict.FAILS

    def __str__(self) -> str:
        head = f"{self.verdict.sign} {self.verdict}: {self.claim.id}. {self.claim.statement}"
        note = [f"    ({self.claim.note})"] if self.claim.note else []
        marks = ["✓" if one.holds else "✗" for one in self.evidence]
        lines = [f"    {mark} {one}" for mark, one in zip(marks, self.evidence, strict=True)]
        return "\n".join([head, *note, *lines])

    def to_record(self) -> dict[str, Any]:
        """Return the finding as a plain dictionary."""
        return {
            "id": self.claim.id,
            "statement": self.claim.statement,
            "note": self.claim.note,
            "experiments": [one.name for one in self.claim.experiments],
            "verdict": str(self.verdict),
            "evidence": [one.to_record() for one in self.evidence],
        }

    def _html(self) -> str:
        rows = [_evidence_cells(one) for one in self.evidence]
        span = f' rowspan="{len(rows)}"' if len(rows) > 1 else ""
        scope = "rowgroup" if span else "row"
        note = (
            f'<span class="claim-note">{escape(self.claim.note)}</span>' if self.claim.note else ""
        )
        head = (
            f'<th scope="{scope}"{span}><span class="claim-id">{escape(self.claim.id)}</span> '
            f'<span class="claim-statement">{escape(self.claim.statement)}</span>{note}</th>'
        )
        rows[0] = f"{head}{rows[0]}<td{span}>{self.verdict.badge}</td>"
        body = "\n".join(f"<tr>{row}</tr>" for row in rows)
        return f'<tbody data-claim="{escape(self.claim.id)}">\n{body}\n</tbody>'


def _evidence_cells(evidence: Evidence) -> str:
    places = evidence._places()
    unit = f" {escape(evidence.unit)}" if evidence.unit else ""
    return (
        f'<td class="text">{escape(evidence.condition)}</td>'
        f'<td class="number"><span class="effect">{number(evidence.effect, places)}{unit}</span> '
        f'<span class="interval">[{evidence._interval(places)}]</span> '
        f'<span class="rule">{evidence.rule}</span></td>'
        f'<td class="number">{evidence.num_runs}</td>'
    )


class Ledger(Sequence[Finding]):
    """The findings of several claims; a table in a notebook, text when printed.

    Args:
        findings: In the order in which they are shown.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings = tuple(findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> "Ledger": ...
    def __getitem__(self, index: int | slice) -> "Finding | Ledger":
        if isinstance(index, slice):
            return Ledger(self._findings[index])
        return self._findings[index]

    def __len__(self) -> int:
        return len(self._findings)

    def __str__(self) -> str:
        return "\n".join(map(str, self._findings))

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{one.claim.id}: {one.verdict}" for one in self._findings)
        return f"Ledger({verdicts})"

    def to_records(self) -> list[dict[str, Any]]:
        """Return the findings as plain dictionaries."""
        return [one.to_record() for one in self._findings]

    def to_json(self) -> str:
        """Return the findings as strict JSON text (NaN becomes null)."""
        return json.dumps(plain(self.to_records()), ensure_ascii=False)

    def _repr_html_(self) -> str:
        names = ("Claim", "Condition", "Effect and interval", "Runs", "Verdict")
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        bodies = "\n".join(one._html() for one in self._findings)
        return (
            f'<table class="dlbook-claims">\n<thead>\n<tr>{head}</tr>\n</thead>\n{bodies}\n</table>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": str(self),
            "text/html": self._repr_html_(),
            MIME_TYPE: plain(self.to_records()),
        }


def judge(claims: Iterable[Claim], *results: "xr.Dataset") -> Ledger:
    """Decide claims by the results of their experiments.

    Args:
        claims: The claims.
        *results: Results of all experiments that the claims rest on, in any order; they are
            matched by ``results.attrs["name"]``.

    Returns:
        One finding per claim, in order.

    Raises:
        ValueError: If results are missing or two have the same name.
    """
    by_name = {str(one.attrs.get("name")): one for one in results}
    if len(by_name) < len(results):
        names = [str(one.attrs.get("name")) for one in results]
        raise ValueError(f"results must be of different experiments. Received: {names}")
    return Ledger(claim.decide(*_results_of(claim, by_name)) for claim in claims)


def _results_of(claim: Claim, by_name: Mapping[str, "xr.Dataset"]) -> list["xr.Dataset"]:
    for one in claim.experiments:
        if one.name not in by_name:
            raise ValueError(
                f"results must include those of the experiment {one.name!r}, on which claim "
                f"{claim.id!r} rests; {nearest(one.name, by_name)}. "
                f"Received: results of {_listed(list(by_name))}"
            )
    return [by_name[one.name] for one in claim.experiments]


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(map(repr, names)) or "nothing"


def _short(bound: float) -> str:
    return f"{bound:g}".replace("-", "−")
