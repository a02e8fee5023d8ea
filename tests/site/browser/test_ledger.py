"""The page of all claims can be narrowed down, and without a script it shows them all."""

import pytest
from playwright.sync_api import expect

CLAIMS = "dlbook-ledger tbody[data-claim]"
SHOWN = f"{CLAIMS}:not([hidden])"


@pytest.fixture
def page(open_page):
    return open_page("claims")


def test_all_claims_are_shown_at_first(page):
    count = page.locator(CLAIMS).count()
    assert count > 60
    expect(page.locator(SHOWN)).to_have_count(count)
    expect(page.get_by_role("status")).to_have_text(f"{count} of {count} claims")


def test_a_verdict_narrows_the_claims(page):
    button = page.get_by_role("button", name="fails")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    failing = page.locator(f"{CLAIMS}:has(.verdict-fails)").count()
    assert failing > 0
    expect(page.locator(SHOWN)).to_have_count(failing)
    page.get_by_role("button", name="depends").click()
    others = page.locator(f"{CLAIMS}:has(.verdict-depends)").count()
    expect(page.locator(SHOWN)).to_have_count(failing + others)
    button.click()
    expect(page.locator(SHOWN)).to_have_count(others)


def test_words_narrow_the_claims_and_hide_empty_parts(page):
    page.get_by_label("Claims about").fill("C-softmax-1")
    expect(page.locator("section[data-part]:visible h2")).to_have_count(1)
    expect(page.locator('section[data-chapter="maths/softmax"]')).to_be_visible()
    page.get_by_label("Claims about").fill("no such words")
    expect(page.get_by_role("status")).to_contain_text("0 of")
    expect(page.locator("section[data-part]:visible")).to_have_count(0)


def test_the_filter_is_there_again_after_instant_navigation(page):
    page.locator("section[data-chapter] h3 a").first.click()
    page.wait_for_url("**/#what-the-notes-say-what-we-measured")
    page.go_back()
    expect(page.get_by_label("Claims about")).to_have_count(1)
