"""A verdict is computed from evidence, and the ledger shows both."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook import Claim, Experiment
from dlbook.lab.claims import MIME_TYPE, Evidence, Finding, Ledger, Verdict, judge
from dlbook.lab.results import paired

finite = st.floats(-1e6, 1e6)


def coin(name="coin"):
    def trial(seed, bias):
        return {"heads": bias + seed % 2}

    return Experiment(name, "Fair?", {"bias": [0.0, 1.0]}, trial, range(10))


def claim(*evidence, name="fair", note="", experiment=None):
    return Claim(name, "Coins are <fair>.", experiment or coin(), lambda results: evidence, note)


def evidence(low=1.0, high=2.0, **bounds):
    bounds = bounds or {"at_least": 0.0}
    return Evidence("at night", (low + high) / 2, low, high, 20, **bounds)


good, bad = evidence(), evidence(-1.0, 2.0)


# Evidence


@given(finite, finite, finite, finite)
def test_evidence_holds_when_the_whole_interval_is_inside_the_bounds(a, b, c, d):
    low, high, least, most = min(a, b), max(a, b), min(c, d), max(c, d)
    found = evidence(low, high, at_least=least, at_most=most)
    assert found.holds == all(least <= inside <= most for inside in (low, high))


def test_an_interval_that_crosses_the_bound_does_not_hold():
    assert evidence(0.0, 2.0).holds
    assert not evidence(-0.001, 2.0).holds
    assert evidence(0.0, 2.0, at_most=2.0).holds
    assert not evidence(0.0, 2.001, at_most=2.0).holds


def test_evidence_that_is_not_a_number_does_not_hold():
    assert not evidence(math.nan, math.nan).holds


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"at_least": -math.inf}, "at_least or at_most must say"),
        ({"at_least": 2, "at_most": 1}, "must not exceed"),
        ({"at_least": math.nan}, "must not exceed"),
    ],
)
def test_evidence_that_could_not_fail_or_hold_is_refused(bounds, words):
    with pytest.raises(ValueError, match=rf"{words}.*Received: at_least="):
        evidence(**bounds)


@pytest.mark.parametrize(
    ("bounds", "rule"),
    [
        ({"at_least": 0}, "at least 0"),
        ({"at_most": -0.5}, "at most −0.5"),
        ({"at_least": 1, "at_most": 2}, "at least 1 and at most 2"),
        ({"at_least": 3, "at_most": 3}, "exactly 3"),
    ],
)
def test_the_rule_is_said_in_words(bounds, rule):
    assert evidence(**bounds).rule == rule


def test_evidence_comes_from_a_comparison():
    comparison = paired([3.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    found = Evidence.from_comparison("day", comparison, at_least=0, unit="points")
    assert (found.effect, found.low, found.high) == (
        comparison.effect,
        comparison.low,
        comparison.high,
    )
    assert (found.num_runs, found.unit, found.at_least) == (3, "points", 0)


def test_evidence_comes_from_the_mean_over_seeds():
    heads = coin().run(progress=False)["heads"].sel(bias=1.0)
    found = Evidence.from_mean("biased", heads, at_least=1)
    assert found.effect == 1.5
    assert found.low == pytest.approx(1.5 - 2.262157 * np.std(heads, ddof=1) / math.sqrt(10))
    narrow = Evidence.from_mean("biased", heads, confidence=0.5, at_least=1)
    assert narrow.low > found.low


def test_exact_evidence_has_no_width():
    found = Evidence.exact("sum", np.float64(1), 20, at_least=1, at_most=1)
    assert found.low == found.high == found.effect == 1.0
    assert found.holds


def test_evidence_reads_as_a_line():
    text = str(Evidence("at night", -0.0123, -0.02, -0.0046, 20, at_most=0, unit="points"))
    assert text == "at night: −0.0123 points [−0.0200, −0.0046], 20 runs, needed at most 0"


# Verdicts


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([good], Verdict.HOLDS),
        ([bad], Verdict.FAILS),
        ([good, good], Verdict.HOLDS),
        ([bad, bad], Verdict.FAILS),
        ([good, bad], Verdict.DEPENDS),
        ([bad, good, good], Verdict.DEPENDS),
    ],
)
def test_the_verdict_follows_from_the_evidence(found, verdict):
    assert claim(*found).decide(coin().run(progress=False)).verdict is verdict


def test_a_measure_may_return_one_piece_of_evidence():
    one = Claim("one", "Fair.", coin(), lambda results: good)
    assert one.decide(coin().run(progress=False)).evidence == (good,)


def test_a_measure_sees_the_results():
    def measure(results):
        return Evidence.from_mean("biased", results["heads"].sel(bias=1.0), at_least=0)

    found = Claim("one", "Fair.", coin(), measure).decide(coin().run(progress=False))
    assert found.evidence[0].effect == 1.5


@pytest.mark.parametrize("wrong", [(), ["yes"], [good, None]])
def test_a_measure_without_evidence_is_refused(wrong):
    one = Claim("one", "Fair.", coin(), lambda results: wrong)
    with pytest.raises(ValueError, match="measure of claim 'one' must return Evidence"):
        one.decide(coin().run(progress=False))


def test_a_claim_refuses_the_results_of_another_experiment():
    with pytest.raises(ValueError, match=r"those of 'coin', on .* Received: .*'dice'"):
        claim(good).decide(coin("dice").run(progress=False))


def test_a_claim_may_rest_on_several_experiments():
    def measure(coins, dice):
        return Evidence.exact(coins.attrs["name"], len(dice["seed"]), 1, at_least=3, at_most=3)

    both = Claim("both", "Fair.", (coin(), coin("dice")), measure)
    coins, dice = coin().run(progress=False), coin("dice").run(seeds=3, progress=False)
    (found,) = judge([both], dice, coins)
    assert found.evidence[0].condition == "coin"
    assert found.verdict is Verdict.HOLDS
    with pytest.raises(ValueError, match=r"Received: results of 'dice', 'coin'"):
        both.decide(dice, coins)


def test_verdicts_are_told_apart_by_sign_and_word():
    assert [verdict.badge for verdict in Verdict] == [
        '<span class="verdict verdict-holds">✓ holds</span>',
        '<span class="verdict verdict-fails">✗ fails</span>',
        '<span class="verdict verdict-depends">≈ depends</span>',
    ]


# The ledger


def ledger():
    claims = [claim(good, bad, note="at 95 %"), claim(bad, name="dice", experiment=coin("dice"))]
    results = [coin(name).run(progress=False) for name in ("dice", "coin")]
    return judge(claims, *results)


def test_claims_find_their_results_by_name():
    assert [one.verdict for one in ledger()] == [Verdict.DEPENDS, Verdict.FAILS]


def test_missing_results_are_named():
    with pytest.raises(ValueError, match=r"experiment 'coin', on which claim 'fair' rests"):
        judge([claim(good)], coin("dice").run(progress=False))
    with pytest.raises(ValueError, match="Received: results of nothing"):
        judge([claim(good)])


def test_two_results_of_one_experiment_are_refused():
    results = coin().run(progress=False)
    with pytest.raises(ValueError, match=r"different experiments. Received: .*coin.*coin"):
        judge([claim(good)], results, results)


def test_a_ledger_is_a_sequence_of_findings():
    whole = ledger()
    assert len(whole) == 2
    assert isinstance(whole[0], Finding)
    assert isinstance(whole[:1], Ledger)
    assert len(whole[1:]) == 1
    assert repr(whole) == "Ledger(fair: depends, dice: fails)"


def test_a_ledger_prints_claims_with_their_evidence():
    assert str(ledger()).splitlines() == [
        "≈ depends: fair. Coins are <fair>.",
        "    (at 95 %)",
        "    ✓ at night: 1.50 [1.00, 2.00], 20 runs, needed at least 0",
        "    ✗ at night: 0.5 [−1.0, 2.0], 20 runs, needed at least 0",
        "✗ fails: dice. Coins are <fair>.",
        "    ✗ at night: 0.5 [−1.0, 2.0], 20 runs, needed at least 0",
    ]


def test_a_ledger_shows_itself_as_an_accessible_table():
    html = ledger()._repr_html_()
    assert html.startswith('<table class="dlbook-claims">')
    assert html.count('<th scope="col">') == 5
    assert html.count("<tbody") == 2
    assert '<th scope="rowgroup" rowspan="2">' in html
    assert "Coins are &lt;fair&gt;." in html
    assert len(re.findall(r'class="verdict verdict-(depends|fails)"', html)) == 2


def test_a_ledger_carries_its_data_in_a_notebook():
    bundle = ledger()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", MIME_TYPE}
    assert MIME_TYPE == "application/vnd.dlbook.claims+json"
    assert bundle[MIME_TYPE] == json.loads(ledger().to_json())
    json.dumps(bundle, allow_nan=False)


def test_the_json_of_a_ledger_is_strict_and_complete():
    found = judge([claim(evidence(math.nan, math.inf))], coin().run(progress=False))
    (record,) = json.loads(found.to_json(), parse_constant=lambda word: pytest.fail(word))
    assert record["id"] == "fair"
    assert record["experiments"] == ["coin"]
    assert record["verdict"] == "fails"
    assert record["evidence"][0]["low"] is None
    assert record["evidence"][0]["high"] == "Infinity"
    assert record["evidence"][0]["at_most"] is None
