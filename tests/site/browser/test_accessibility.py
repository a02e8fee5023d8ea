"""What axe cannot see: the order of the keyboard, tooltips, pages without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.site.browser import visits

pytestmark = pytest.mark.browser

CHAPTER = "descent/gradient_descent"


@pytest.fixture
def page(open_page) -> Page:
    return open_page(CHAPTER)


def test_the_first_tab_stop_leads_to_the_text(page):
    page.keyboard.press("Tab")
    skip = page.locator(".md-skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.wait_for_function("!document.activeElement.matches('.md-skip')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('article') !== null")


def test_focus_is_always_seen(page):
    for _ in range(40):
        page.keyboard.press("Tab")
        assert visits.ask(page, "unseenFocus") == []


def test_folded_answers_open_with_the_keyboard(page):
    answer = page.locator("article details:not(.dlbook-code):not(.dlbook-steps)").first
    assert answer.get_attribute("open") is None
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    assert answer.get_attribute("open") is not None
    expect(answer.locator(":not(summary)").first).to_be_visible()


@pytest.mark.parametrize("system", ["light", "dark"])
def test_tooltips_can_be_read(open_page, system):
    page = open_page(CHAPTER, color_scheme=system)
    page.evaluate(Axe().axe_script)
    page.locator("[data-md-component=palette] label:not([hidden])").hover()
    page.locator(".md-tooltip--active, .md-tooltip2--active").first.wait_for()
    page.wait_for_timeout(400)  # it fades in
    assert visits.violations(page, system, visits.RULES_OF_COLOR) == []


@pytest.mark.parametrize("system", ["light", "dark"])
def test_a_term_of_the_glossary_is_explained(open_page, system):
    page = open_page(CHAPTER, color_scheme=system)
    term = page.locator("article abbr").first
    term.scroll_into_view_if_needed()
    term.hover()
    tooltip = page.locator(".md-tooltip2--active").first
    tooltip.wait_for()
    page.wait_for_timeout(400)
    assert len(tooltip.inner_text()) > 20
    page.evaluate(Axe().axe_script)
    assert visits.violations(page, system, visits.RULES_OF_COLOR) == []


def test_search_results_are_accessible(open_page):
    page = open_page(CHAPTER)
    page.keyboard.press("/")
    page.locator(".md-search__input").press_sequentially("temperature")
    page.locator(".md-search-result__link").first.wait_for()
    page.evaluate(Axe().axe_script)
    page.wait_for_timeout(400)
    assert visits.violations(page, "search") == []


def test_the_contents_of_a_phone_are_accessible(open_page):
    page = open_page(CHAPTER, viewport={"width": visits.PHONE, "height": 740})
    page.locator(".md-header label[for=__drawer]").click()
    page.wait_for_timeout(500)
    page.evaluate(Axe().axe_script)
    assert visits.violations(page, "drawer") == []


def test_a_page_without_scripts_is_still_a_page(open_page):
    page = open_page(CHAPTER, java_script_enabled=False)
    expect(page.locator("article h1")).to_be_visible()
    expect(page.locator("article math").first).to_be_visible()
    expect(page.locator("article figure svg").first).to_be_visible()
    expect(page.locator("dlbook-descent").first).to_contain_text("needs JavaScript")


def test_text_twice_as_large_still_fits(open_page):
    page = open_page(CHAPTER, viewport={"width": visits.DESK, "height": 900})
    page.add_style_tag(content="html { font-size: 250% !important; }")
    visits.ask(page, "settle")
    assert visits.ask(page, "wide") == []
