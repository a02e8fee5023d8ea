"""Small pictures on the home page: at every width, in both palettes, each part of a link."""

import pytest

from tests.site.browser import visits

pytestmark = pytest.mark.browser

INSIDE = """items => items.map((item) => {
    const card = item.getBoundingClientRect();
    const picture = item.querySelector(".dlbook-thumbnail").getBoundingClientRect();
    return picture.left >= card.left - 1 && picture.right <= card.right + 1
        && picture.top >= card.top - 1 && picture.bottom <= card.bottom + 1
        && picture.width >= 100 && picture.height >= 60;
})"""
LINES = """pictures => pictures.map((picture) =>
    [...picture.querySelectorAll("[stroke^=var]")].map((line) => getComputedStyle(line).stroke))"""


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_each_part_has_its_picture_inside_its_card(open_page, width):
    page = open_page("", viewport={"width": width, "height": 900})
    assert page.locator(".dlbook-parts li").evaluate_all(INSIDE) == 8 * [True]


def test_pictures_follow_the_palette(open_page):
    light, dark = (
        open_page("", color_scheme=scheme).locator(".dlbook-thumbnail").evaluate_all(LINES)
        for scheme in ("light", "dark")
    )
    drawn = [(day, night) for day, night in zip(light, dark, strict=True) if day]
    assert len(drawn) >= 7
    assert all(day != night for day, night in drawn)


def test_a_picture_leads_where_its_words_lead(open_page):
    page = open_page("")
    picture = page.locator(".dlbook-parts li", has_text="Derivatives").locator("svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/calculus/")


def test_nothing_moves_when_a_reader_comes_to_the_pictures(open_page):
    page = open_page("")
    places = "() => [...document.querySelectorAll('.dlbook-parts li')].map(each => each.offsetTop)"
    before = page.evaluate(places)
    page.locator(".dlbook-parts").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert page.evaluate(places) == before
