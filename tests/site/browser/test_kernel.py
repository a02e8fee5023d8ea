"""A kernel that the reader edits: the map is that of the chapter, for hand, finger and keyboard."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dlbook.architectures import convolution
from tests.site.browser import visits
from tests.site.browser.widgets import (
    overlaps_at,
    position,
    put,
    readout,
    text_without,
    value,
    widths,
)
from tools import widget_data

pytestmark = pytest.mark.browser

WIDGET = "<dlbook-kernel>A kernel that slides needs JavaScript.</dlbook-kernel>"
PICTURES = {name: grey / 255 for name, grey in widget_data.pictures().items()}
EDGES = convolution.KERNELS["vertical edges"]
BINOMIAL, SLOPE = np.array([1, 4, 6, 4, 1]), np.array([-1, -2, 0, 2, 1])


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    found = page.locator("dlbook-kernel")
    found.scroll_into_view_if_needed()
    found.locator("image").first.wait_for()
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-kernel").first
    put(found, size=3, kernel=EDGES.tolist(), stride=1, padding="valid", pooling="none")
    put(found, picture="palace", place=[52, 52])
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


def drawn_map(widget: Locator) -> np.ndarray:
    """The numbers of the map in the page."""
    found = value(widget, "map")
    return np.array(found["data"]).reshape(found["shape"])[..., 0]


def expected(picture: str, kernel: np.ndarray, stride: int, padding: str, pool: str) -> np.ndarray:
    """The map as the chapter computes it."""
    result = convolution.cross_correlate(PICTURES[picture], kernel, stride, padding)
    pools = {"max": convolution.max_pool, "mean": convolution.mean_pool}
    return pools[pool](result) if pool in pools else result


# The numbers


def test_its_pictures_are_those_of_the_chapter(published):
    path = published.folder / "assets" / "data" / "pictures.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert path.stat().st_size < 150_000
    assert "CC BY 2.0" in written["credit"]
    assert np.abs(PICTURES["palace"] - convolution.photograph(4)).max() <= 0.5 / 255 + 1e-9
    assert {name: one["shape"] for name, one in written["pictures"].items()} == {
        "palace": [106, 160],
        "digit": [8, 8],
    }


@pytest.mark.parametrize("pool", ["none", "max", "mean"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("picture", ["palace", "digit"])
def test_the_map_is_that_of_the_chapter(widget, picture, size, stride, padding, pool):
    kernel = np.random.default_rng(size).normal(size=(size, size))
    put(widget, picture=picture, kernel=kernel.tolist(), stride=stride)
    put(widget, padding=padding, pooling=pool)
    found = drawn_map(widget)
    assert found == pytest.approx(expected(picture, kernel, stride, padding, pool), abs=1e-5)


def test_presets_are_the_kernels_of_the_page(widget):
    for name, kernel in convolution.KERNELS.items():
        widget.get_by_role("button", name=name, exact=True).click()
        assert np.array(value(widget, "kernel")) == pytest.approx(kernel)
        assert widget.get_by_role("button", name=name).get_attribute("aria-pressed") == "true"
    widget.get_by_role("button", name="identity").click()
    assert drawn_map(widget) == pytest.approx(PICTURES["palace"][1:-1, 1:-1], abs=1e-6)


def test_a_preset_grows_with_the_size_and_other_kernels_keep_their_weights(widget):
    widget.get_by_role("button", name="5×5").click()
    assert np.array(value(widget, "kernel")) == pytest.approx(np.outer(BINOMIAL, SLOPE))
    own = np.arange(9.0).reshape(3, 3)
    put(widget, kernel=own.tolist())
    widget.get_by_role("button", name="5×5").click()
    assert np.array(value(widget, "kernel")) == pytest.approx(np.pad(own, 1))
    widget.get_by_role("button", name="3×3").click()
    assert np.array(value(widget, "kernel")) == pytest.approx(own)


def test_what_is_read_aloud_is_the_same_result(widget):
    put(widget, padding="same", pooling="max", place=[3, 4])
    there = expected("palace", EDGES, 1, "same", "max")[3, 4]
    text = f"{there:.3f}".replace("-", "−")
    expect(readout(widget)).to_contain_text(
        f"The map has 53×80 numbers. Row 3, column 4: {text}, from 4×4 pixels."
    )
    expect(readout(widget)).to_contain_text("sum to 0.00, so a plain grey becomes 0.")
    assert "53 by 80" in (widget.get_by_role("img").get_attribute("aria-label") or "")


def test_the_window_in_numbers_sums_to_the_number_of_the_map(page, widget):
    put(widget, place=[10, 20])
    widget.get_by_text("The window in numbers").focus()
    page.keyboard.press("Enter")
    cells = widget.locator("tbody tr td:last-child").all_inner_texts()
    products = [float(text.replace("−", "-")) for text in cells]
    assert len(products) == 9
    assert sum(products) == pytest.approx(drawn_map(widget)[10, 20], abs=0.005)
    page.keyboard.press("Enter")


# Hand, finger, keyboard


def test_a_weight_can_be_typed(page, widget):
    field = widget.get_by_label("row 2, column 3", exact=True)
    field.fill("-1.5")
    kernel = EDGES.copy()
    kernel[1, 2] = -1.5
    assert np.array(value(widget, "kernel")) == pytest.approx(kernel)
    assert drawn_map(widget) == pytest.approx(expected("palace", kernel, 1, "valid", ""), abs=1e-5)
    field.fill("")
    assert np.array(value(widget, "kernel")) == pytest.approx(kernel)
    expect(widget.locator("[aria-label=Kernel] [aria-pressed=true]")).to_have_count(0)


def test_arrows_move_the_place(page, widget):
    for label in ("Row of the map", "Column of the map"):
        widget.get_by_label(label, exact=True).press("ArrowRight")
    assert value(widget, "place") == [53, 53]


def test_tab_reaches_every_weight_and_button(page, widget):
    widget.get_by_label("row 1, column 1", exact=True).focus()
    names = []
    for _ in range(9 + 5 + 2 + 3 + 2 + 3 + 2):
        names.append(page.evaluate("document.activeElement.localName"))
        page.keyboard.press("Tab")
    assert names == ["input"] * 9 + ["button"] * 17
    assert page.evaluate("document.activeElement.type") == "range"


def test_a_click_on_the_map_chooses_the_place(page, widget):
    box = widget.locator("image").last.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.251 * box["width"], box["y"] + 0.502 * box["height"])
    assert value(widget, "place") == pytest.approx([0.502 * 104, 0.251 * 158], abs=1.1)


def test_a_finger_works_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = page.locator("dlbook-kernel")
    widget.scroll_into_view_if_needed()
    widget.locator("image").first.wait_for()
    widget.get_by_role("button", name="5×5").tap()
    assert value(widget, "size") == 5
    image = widget.locator("image").last
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] - 2, box["y"] + 2)
    assert value(widget, "place") == pytest.approx([0, 155], abs=1.1)
    assert position(widget, "Column of the map") == value(widget, "place")[1]
    assert visits.ask(page, "wide") == []


# For every reader


def test_its_pictures_load_when_it_is_reached(open_page):
    page: Page = open_page("about")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
            const element = document.createElement("dlbook-kernel");
            element.style.marginTop = "4000px";
            document.querySelector("article").append(element);
        }"""
    )
    widget = page.locator("dlbook-kernel")
    page.wait_for_timeout(300)
    assert asked == []
    assert widget.locator("image").count() == 0
    assert visits.ask(page, "undrawn") == []
    before = widget.bounding_box()
    widget.scroll_into_view_if_needed()
    widget.locator("image").first.wait_for()
    assert [url.rsplit("/")[-1] for url in asked] == ["pictures.json"]
    after = widget.locator("svg").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > 200


def test_without_its_pictures_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-kernel", "pictures.json")
    expect(widget).to_have_text("Here stands a picture.")


def test_attributes_are_read(page):
    made = page.evaluate(
        """() => {
            const given = { kernel: "blur", size: "5", stride: "3", padding: "same", pooling: "mean", picture: "digit" };
            const wrong = { kernel: "?", size: "4", stride: "0", padding: "full", pooling: "sum", picture: "cat" };
            return [given, wrong].map((attributes) => {
                const element = document.createElement("dlbook-kernel");
                Object.entries(attributes).forEach(([name, text]) => element.setAttribute(name, text));
                document.querySelector("article").append(element);
                const { kernel, size, stride, padding, pooling, picture } = element;
                element.remove();
                return [kernel[0][0], size, stride, padding, pooling, picture];
            });
        }"""  # noqa: E501
    )
    assert made == [
        [0.04, 5, 3, "same", "mean", "digit"],
        [-1, 3, 1, "valid", "none", "palace"],
    ]


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_no_word_of_the_picture_lies_on_another(page, widget, width):
    assert overlaps_at(page, widget, width, picture="digit") == []


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    page = arrive_at_planted(WIDGET)
    widget = page.locator("dlbook-kernel").first
    widget.scroll_into_view_if_needed()
    widget.locator("image").first.wait_for()
    widget.get_by_role("button", name="blur").click()
    assert value(widget, "kernel")[0][0] == pytest.approx(1 / 9)


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-kernel")).to_contain_text("needs JavaScript")
