"""Ways through the book: from page to page without a reload, by search, in the dark."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Page, expect

from dlbook import contents
from tests.site.browser import visits
from tests.site.browser.visits import (
    PREFIX,
    Published,
    Visit,
    address_of,
    addresses,
    is_marked,
    mark,
    place,
    press_and_arrive,
)

pytestmark = pytest.mark.browser

CHAPTER = "maths/softmax"
OTHER_CHAPTER = "descent/gradient_descent"
RESULTS_ARE_THERE = "/document/.test(document.querySelector('.md-search-result__meta').textContent)"


def heading(page: Page) -> str:
    return page.locator("article h1").inner_text().removesuffix("¶").strip()


# Instant navigation


def test_the_whole_book_is_read_with_next_and_without_a_reload(open_page, published, root):
    page: Page = open_page()
    heard = Visit("")
    visits.listen(page, published, heard)
    mark(page)
    read, known = [""], list(addresses(root))
    while page.locator(".md-footer__link--next").count():
        read.append(press_and_arrive(page, ".md-footer__link--next"))
        assert len(read) <= len(known), f"{read[-1]} leads back"
        assert is_marked(page), f"{read[-1]} was loaded anew"
    assert read == known
    assert (heard.console, heard.failed, heard.foreign) == ([], [], [])


def test_a_link_in_the_text_is_instant(open_page):
    page = open_page()
    mark(page)
    address = press_and_arrive(page, f"article a[href*='{OTHER_CHAPTER}']")
    assert address == OTHER_CHAPTER
    assert heading(page) == "Gradient descent"
    assert page.title() == "Gradient descent · dlbook"
    assert is_marked(page)


def test_the_sidebar_is_instant_and_shows_where_one_is(open_page):
    page = open_page(CHAPTER)
    mark(page)
    press_and_arrive(page, ".md-nav--primary .md-nav__link:visible >> text=Home")
    assert place(page) == ""
    page.go_back()
    page.wait_for_url(f"**/{CHAPTER}/")
    expect(page.locator("article h1")).to_contain_text("Softmax")
    expect(page.locator(".md-nav--primary a.md-nav__link--active:visible").last).to_contain_text(
        "Softmax"
    )
    assert is_marked(page)


def test_a_link_to_a_section_arrives_there(open_page, published: Published):
    page = open_page()
    page.goto(f"{address_of(published, CHAPTER)}#exercises")
    visits.ask(page, "settle")
    expect(page.locator("#exercises")).to_be_in_viewport()
    top = page.locator("#exercises").bounding_box()
    header = page.locator(".md-header").bounding_box()
    assert top is not None
    assert header is not None
    assert top["y"] >= header["height"] - 1


def test_an_address_nowhere_gives_our_page(open_page, published: Published):
    page = open_page()
    heard = Visit("404")
    visits.listen(page, published, heard)
    answer = page.goto(f"{published.url}nowhere/at/all/")
    assert answer is not None
    assert answer.status == 404
    assert heading(page) == "This page walked downhill and did not come back"
    assert heard.failed == [f"404 {published.url}nowhere/at/all/"]
    assert heard.foreign == []
    assert visits.ask(page, "wide") == []
    press_and_arrive(page, "article a.md-button")
    assert place(page) == ""


def test_a_phone_has_the_contents_behind_a_button(open_page):
    page = open_page(CHAPTER, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    contents_button = page.locator(".md-header label[for=__drawer]")
    chapter = page.locator(f".md-nav--primary a[href*='{OTHER_CHAPTER.split('/')[-1]}']").first
    expect(chapter).not_to_be_in_viewport()
    contents_button.tap()
    expect(page.locator(".md-nav--primary .md-nav__title").first).to_be_in_viewport()


# Palettes


@pytest.mark.parametrize(("system", "expected"), [("light", "default"), ("dark", "slate")])
def test_the_palette_is_that_of_the_system(open_page, system, expected):
    page = open_page(CHAPTER, color_scheme=system)
    assert visits.scheme(page) == expected
    assert is_dark(page) == (system == "dark")


def test_the_palette_follows_the_system_while_one_reads(open_page):
    page = open_page(CHAPTER)
    assert not is_dark(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("body[data-md-color-scheme=slate]")
    assert is_dark(page)


def test_the_button_goes_from_system_to_light_to_dark_and_back(open_page):
    page = open_page(CHAPTER, color_scheme="dark")
    seen = [visits.scheme(page)]
    for _ in range(3):
        page.locator("[data-md-component=palette] label:not([hidden])").click()
        seen.append(visits.scheme(page))
    assert seen == ["slate", "default", "slate", "slate"]
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("body[data-md-color-scheme=default]")


def test_the_chosen_palette_stays(open_page):
    page = open_page(CHAPTER)
    visits.press_palette(page)
    visits.press_palette(page)
    press_and_arrive(page, ".md-footer__link--next")
    assert is_dark(page)
    page.reload()
    visits.ask(page, "settle")
    assert is_dark(page)


def is_dark(page: Page) -> bool:
    """Whether the ground of a page is darker than its ink."""
    ground, ink = page.evaluate(
        """() => [getComputedStyle(document.body).backgroundColor,
                  getComputedStyle(document.querySelector("article")).color]"""
    )
    return brightness(ground) < brightness(ink)


def brightness(color: str) -> int:
    return sum(int(number) for number in re.findall(r"\d+", color)[:3])


# Search


def search(page: Page, words: str) -> list[str]:
    """Search as a reader does, and return the addresses that are offered."""
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    box = page.locator(".md-search__input")
    expect(box).to_be_focused()
    page.evaluate("new Promise(resolve => setTimeout(resolve, 50))")  # a focus searches 1 ms later
    box.fill(words[:-1])  # the search starts with the next key, so that there is one answer only
    page.evaluate("document.querySelector('.md-search-result__meta').textContent = ''")
    box.press_sequentially(words[-1])
    page.wait_for_function(RESULTS_ARE_THERE)
    links = page.locator("a.md-search-result__link").evaluate_all("all => all.map(a => a.href)")
    return [urlsplit(link).path.removeprefix(PREFIX).strip("/") for link in links]


def test_the_search_finds_every_chapter_by_its_title(open_page):
    page = open_page("about")
    missed = []
    for chapter in contents.chapters():
        offered = list(dict.fromkeys(search(page, chapter.title)))  # pages, best first
        missed += [] if chapter.address in offered[:5] else [(chapter.title, offered[:5])]
    assert missed == []


def test_the_search_finds_a_term_inside_a_chapter(open_page):
    page = open_page()
    assert CHAPTER in search(page, "temperature")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("location.pathname.length > 8")
    expect(page.locator("article.md-content__inner")).to_contain_text("temperature")


def test_the_search_returns_nothing_for_noise(open_page):
    assert search(open_page(), "ipynb_checkpoints") == []


# Copy and download


def test_a_listing_is_copied_as_it_stands(open_page: Callable[..., Page]):
    page = open_page(CHAPTER, permissions=["clipboard-read", "clipboard-write"])
    listing = page.locator("article .dlbook-cell .highlight pre").first
    listing.hover()
    listing.locator("[data-clipboard-target]").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == listing.locator("code").inner_text().strip()
    assert "\n" in copied.strip()


def test_the_notebook_is_downloaded(open_page: Callable[..., Page]):
    page = open_page(CHAPTER)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the notebook").click()
    assert waiting.value.suggested_filename == "softmax.ipynb"
    notebook = nbformat.read(waiting.value.path(), as_version=4)
    nbformat.validate(notebook)
    assert "Softmax" in notebook.cells[0].source
