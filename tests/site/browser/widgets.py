"""What the tests of every widget ask of its element."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Locator, Page

from tests.site.browser import visits


def value(widget: Locator, name: str) -> Any:
    """A property of the widget's element."""
    return widget.evaluate("(element, name) => element[name]", name)


def put(widget: Locator, **properties: Any) -> None:
    """Set properties of the widget's element, one after the other."""
    widget.evaluate("(element, given) => Object.assign(element, given)", properties)


def position(widget: Locator, name: str) -> float:
    """Where a slider stands."""
    return float(widget.get_by_label(name, exact=True).input_value())


def readout(widget: Locator) -> Locator:
    """The sentence that a screen reader hears after each change."""
    return widget.locator(".dlbook-readout[role=status]")


def widths(page: Page, widget: Locator) -> Iterator[tuple[float, float]]:
    """For a phone, a tablet and a desk: how wide the picture was drawn, and how wide it is."""
    for width in (visits.PHONE, visits.TABLET, visits.DESK):
        visits.resize(page, width)
        svg = widget.locator("svg").first
        box, drawn = svg.bounding_box(), svg.get_attribute("viewBox") or ""
        assert box is not None
        yield float(drawn.split()[2]), box["width"]


def text_without(page: Page, tag: str, data: str) -> Locator:
    """A widget with a text, planted on a page that cannot have its file of data."""
    page.route(f"**/{data}", lambda route: route.abort())
    page.evaluate(
        """tag => {
            const element = document.createElement(tag);
            element.textContent = "Here stands a picture.";
            document.querySelector("article").prepend(element);
        }""",
        tag,
    )
    page.wait_for_timeout(300)
    return page.locator(tag)


def overlaps_at(page: Page, widget: Locator, width: int, **properties: Any) -> list[str]:
    """Words that lie on one another when the page is so wide; the page is a desk's afterwards."""
    visits.resize(page, width)
    put(widget, **properties)
    found = overlaps(widget)
    visits.resize(page, visits.DESK)
    return found


def overlaps(widget: Locator) -> list[str]:
    """Words of the picture that lie on one another, or stick out of it."""
    return widget.evaluate(
        """element => {
            const words = [...element.querySelectorAll("svg text")].filter((text) => text.textContent);
            const boxes = words.map((text) => [text.textContent, text.getBoundingClientRect(), text.closest("svg").getBoundingClientRect()]);
            const over = (a, b) => a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
            const out = boxes.filter(([, box, edge]) => box.left < edge.left - 1 || box.right > edge.right + 1);
            return [...boxes.flatMap(([text, box], i) => boxes.slice(i + 1).filter((other) => over(box, other[1]))
                .map((other) => `${text} on ${other[0]}`)), ...out.map(([text]) => `${text} sticks out`)];
        }"""  # noqa: E501
    )
