"""The tests of pages can fail: a page with every fault at once makes each of them complain."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from dlbook import contents
from tests.site.browser import visits
from tests.site.browser.conftest import give_up, new_profile
from tests.site.browser.visits import Published, Visit

FAULTS = {
    "console": '<script>console.warn("planted")</script>',
    "failed": '<img src="planted.png" alt="A picture that is not there">',
    "foreign": '<img src="https://planted.example/x.png" alt="A picture of others">',
    "wide": '<p style="width: 2000px; max-width: none">planted</p>',
    "untypeset": r"<p>planted \(\frac{1}{2}\)</p>",
    "unlabelled": '<figure><svg viewBox="0 0 9 9"><text>planted</text></svg></figure>',
    "uncolored": '<figure><svg viewBox="0 0 9 9" role="img" aria-label="planted, in one colour">'
    '<path d="M0 0L9 9" style="stroke: #f00; fill: #fff"/></svg></figure>',
    "illegible": '<figure><svg viewBox="0 0 90 9" role="img" aria-label="planted, hard to read">'
    '<text y="8" style="fill: #999">planted</text></svg></figure>',
    "uncopied": '<div id="two"><div class="highlight"><pre><code>first</code></pre></div>'
    '<div class="highlight"><pre><code>planted</code></pre></div></div>',
    "undrawn": "<dlbook-planted></dlbook-planted>",
    "misprinted": '<aside class="dlbook-run" style="display: block !important">planted</aside>',
    "unreachable": '<div style="width: 90px; overflow: auto"><p style="width: 200px">planted</p>'
    "</div>",
    "inaccessible": '<p style="color: #bbb; background: #fff">planted</p>',
}


@pytest.fixture(scope="module")
def faulty(published: Published, chromium: Browser) -> Iterator[Visit]:
    """A visit of a chapter into which every fault was planted."""
    text = published.html(contents.chapters()[0].address)
    path = published.folder / "planted" / "faults" / "index.html"
    path.parent.mkdir(parents=True)
    path.write_text(
        text.replace("</article>", f"{''.join(FAULTS.values())}</article>"), encoding="utf-8"
    )
    with new_profile(chromium) as context:
        yield visits.visit_page(context, published, "planted/faults")
    path.unlink()


@pytest.mark.browser
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(faulty: Visit, fault: str):
    complaints = getattr(faulty, fault)
    assert [complaint for complaint in complaints if "planted" in complaint]


def test_without_a_browser_a_laptop_skips():
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        give_up("no browser", {"CI": ""})


def test_without_a_browser_ci_fails():
    with pytest.raises(pytest.fail.Exception, match="no browser"):
        give_up("no browser", {"CI": "true"})
