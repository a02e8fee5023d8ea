"""Every page, seen by its readers: on a desk, on a phone, in the dark, on paper."""

import re

import pytest

from tests.site.browser.visits import Published, Visit

pytestmark = pytest.mark.browser

CODE = re.compile(r"^(`{3,}).*?^\1`*$|`+[^`]+`+|^---\n.*?^---$", re.S | re.M)
FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$(?!\s)[^$\n]+?(?<!\s)\$(?!\d)", re.S)


def test_the_console_is_silent(visit: Visit):
    assert visit.console == []


def test_every_request_is_answered(visit: Visit):
    assert visit.failed == []


def test_no_request_leaves_the_site(visit: Visit):
    assert visit.foreign == []


def test_nothing_scrolls_sideways(visit: Visit):
    assert visit.wide == []


def test_formulas_are_typeset(visit: Visit, published: Published):
    formulas = FORMULA.findall(CODE.sub("", published.texts[visit.address]))
    assert visit.untypeset == []
    assert visit.num_formulas >= len(formulas)


def test_figures_are_labelled(visit: Visit):
    assert visit.unlabelled == []


def test_figures_follow_the_palette(visit: Visit):
    assert visit.uncolored == []


def test_words_in_figures_are_legible(visit: Visit):
    assert visit.illegible == []


def test_listings_can_be_copied(visit: Visit):
    assert visit.uncopied == []


def test_widgets_are_drawn(visit: Visit):
    assert visit.undrawn == []


def test_paper_shows_the_text_and_nothing_else(visit: Visit):
    assert visit.misprinted == []


def test_boxes_that_scroll_are_reached_by_the_keyboard(visit: Visit):
    assert visit.unreachable == []


def test_axe_finds_no_barrier(visit: Visit):
    assert visit.inaccessible == []
