"""The page of all claims says what the notebooks found, and nothing else."""

import re
from collections import Counter

import pytest

from dlbook.lab.claims import Verdict
from dlbook.site import ledger
from dlbook.site.book import Book


@pytest.fixture(scope="module")
def real_book(root):
    return Book(root)


@pytest.fixture(scope="module")
def shown(real_book):
    return ledger.page(real_book, lambda target: f"../{target.removesuffix('.md')}/")


def records(book):
    tables = (book.claims[address] for address in book.chapters if address in book.claims)
    return [record for found in tables for table in found for record in table]


def test_every_chapter_of_the_book_has_claims(real_book):
    assert set(real_book.claims) == set(real_book.chapters)


def test_a_finding_is_the_one_that_was_recorded(real_book):
    for record in records(real_book):
        restored = ledger.finding(record).to_record()
        assert restored["verdict"] == record["verdict"], record["id"]
        assert [one["holds"] for one in restored["evidence"]] == [
            one["holds"] for one in record["evidence"]
        ]
        assert restored["statement"] == record["statement"]


def test_every_claim_stands_on_the_page_once(real_book, shown):
    ids = re.findall(r'data-claim="([^"]+)"', shown)
    assert ids == [record["id"] for record in records(real_book)]


def test_the_counts_are_those_of_the_verdicts(real_book, shown):
    counts = Counter(record["verdict"] for record in records(real_book))
    row = re.search(r'<th scope="row">The whole book</th>(.*?)</tr>', shown)
    assert row
    numbers = [int(cell) for cell in re.findall(r">(\d+)</td>", row[1])]
    assert numbers == [*(counts[verdict] for verdict in Verdict), sum(counts.values())]


def test_the_home_page_counts_the_same_verdicts(real_book):
    counts = Counter(record["verdict"] for record in records(real_book))
    numbers = re.findall(r"<strong>(\d+)</strong>", ledger.verdicts(real_book))
    expected = [sum(counts.values()), *(counts[verdict] for verdict in Verdict)]
    assert list(map(int, numbers)) == expected


def test_a_chapter_leads_to_its_experiment(shown):
    where = "../maths/softmax/#what-the-notes-say-what-we-measured"
    assert f'<h3 id="softmax"><a href="{where}">Softmax</a></h3>' in shown


def test_the_search_does_not_offer_the_ledger_for_the_titles_of_chapters(shown):
    assert shown.startswith("<!--noindex-->")
    assert shown.endswith("<!--/noindex-->")


def test_a_number_that_was_none_is_restored():
    evidence = {
        "condition": "diverged",
        "effect": None,
        "low": None,
        "high": None,
        "at_least": 0,
        "at_most": None,
        "num_runs": 20,
        "unit": "",
        "holds": False,
    }
    record = {"id": "C-a-1", "statement": "It grows.", "note": "", "evidence": [evidence]}
    assert ledger.finding(record).verdict == Verdict.FAILS


def test_a_restored_claim_cannot_be_measured(real_book):
    claim = ledger.finding(records(real_book)[0]).claim
    with pytest.raises(LookupError, match="run its chapter"):
        claim.measure()
