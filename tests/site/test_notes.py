"""The map from the notes to the chapters, all of which are written."""

import re

import pytest

from dlbook.site.book import Book


@pytest.fixture(scope="module")
def real_book(root):
    return Book(root)


def test_the_map_has_the_headings_of_the_notes(real_book):
    assert len(real_book.headings) == 58
    assert all(heading.chapters for heading in real_book.headings)


def test_the_book_has_65_chapters(real_book):
    assert len(real_book.titles) == 65


def test_every_heading_leads_to_chapters_of_the_book(real_book):
    named = {chapter for heading in real_book.headings for chapter in heading.chapters}
    assert named == set(real_book.titles)


def test_written_chapters_follow_the_planned_order(real_book):
    order = list(real_book.titles)
    places = [order.index(address) for address in real_book.chapters]
    assert places == sorted(places)


def test_every_chapter_is_written(real_book):
    assert real_book.planned == ()
    assert len(real_book.chapters) == 65


def test_every_planned_part_has_its_page(real_book):
    parts = {re.split("/", address)[0] for address in real_book.titles}
    assert parts == {part.name for part in real_book.parts}
    for part in parts:
        text = (real_book.root / "docs" / part / "index.md").read_text(encoding="utf-8")
        assert "<!-- chapters -->" in text
