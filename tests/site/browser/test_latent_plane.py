"""A plane of codes: what is painted at each place is what Keras paints there."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dlbook.architectures.autoencoder import build_autoencoder
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
from tools import digit_plane
from tools.export_model import FOLDER, decode, load_weights

pytestmark = pytest.mark.browser

WIDGET = "<dlbook-latent-plane>A plane of codes needs JavaScript.</dlbook-latent-plane>"
EXPORTED = json.loads((FOLDER / "digits_decoder.json").read_text(encoding="utf-8"))
CODES = decode(EXPORTED["codes"]).astype(float)
LABELS = decode(EXPORTED["labels"])
IMAGES = decode(EXPORTED["images"]) / 16
RANGE = np.array(EXPORTED["range"])
SLIDERS = ("First number", "Second number")
PLANE = ".dlbook-latent-pad"


def ready(page: Page) -> Locator:
    """The widget of a page, in sight and with its digits."""
    widget = page.locator("dlbook-latent-plane").first
    widget.scroll_into_view_if_needed()
    widget.locator("path.digit").first.wait_for()
    return widget


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    ready(page)
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, its point in the middle."""
    found = page.locator("dlbook-latent-plane").first
    put(found, code=RANGE.mean(axis=1).tolist())
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


@pytest.fixture(scope="module")
def decoder() -> Any:
    """The committed decoder, in Keras."""
    _, decoder, _ = build_autoencoder(digit_plane.UNITS, 2)
    load_weights(decoder, EXPORTED["model"])
    return decoder


def alpha(widget: Locator, place: int) -> np.ndarray:
    """How much ink the pixels of a drawn picture have, row by row."""
    drawn = (
        widget.locator("canvas")
        .nth(place)
        .evaluate(
            """canvas => [...canvas.getContext("2d").getImageData(0, 0, 8, 8).data]
            .filter((_, i) => i % 4 === 3)"""
        )
    )
    return np.array(drawn) / 255


def on_screen(widget: Locator, code: np.ndarray) -> tuple[float, float]:
    """Where a code lies in the window."""
    place = widget.evaluate(
        """(element, code) => {
            const before = element.code;
            element.code = code;
            const box = element.querySelector("circle.point").getBoundingClientRect();
            element.code = before;
            return [box.left + box.width / 2, box.top + box.height / 2];
        }""",
        list(code),
    )
    return place[0], place[1]


# The numbers


def test_what_is_painted_is_what_keras_paints(widget, decoder):
    places = np.random.default_rng(0).uniform(RANGE[:, 0], RANGE[:, 1], (40, 2))
    for code in [*places, *CODES[:10]]:
        put(widget, code=code.tolist())
        expected = np.asarray(decoder(np.array([code], "float32")))[0]
        assert value(widget, "painted") == pytest.approx(expected, abs=1e-5)


def test_the_nearest_digit_is_that_of_numpy(widget):
    for code in np.random.default_rng(1).uniform(RANGE[:, 0], RANGE[:, 1], (20, 2)):
        put(widget, code=code.tolist())
        distances = np.hypot(*(CODES - code).T)
        found = value(widget, "nearest")
        assert found["index"] == np.argmin(distances)
        assert found["digit"] == LABELS[found["index"]]
        assert found["distance"] == pytest.approx(distances.min())
        assert alpha(widget, 1) == pytest.approx(IMAGES[found["index"]], abs=0.003)
        assert alpha(widget, 0) == pytest.approx(value(widget, "painted"), abs=0.003)


def test_a_code_stays_in_the_plane(widget):
    put(widget, code=[1e6, -1e6])
    assert value(widget, "code") == [RANGE[0, 1], RANGE[1, 0]]


# What is drawn and told


def test_every_digit_is_drawn_where_its_code_lies(widget):
    marks = widget.locator("path.digit")
    assert marks.count() == len(CODES)
    for index in (0, 5, 100):
        box = marks.nth(index).bounding_box()
        assert box is not None
        x, y = on_screen(widget, CODES[index])
        assert box["x"] + box["width"] / 2 == pytest.approx(x, abs=2)
        assert box["y"] + box["height"] / 2 == pytest.approx(y, abs=2)


def test_digits_differ_in_shape_and_not_only_in_colour(widget):
    shapes = widget.locator("path.digit").evaluate_all(
        """all => all.map(path => {
            const from = path.getAttribute("d").match(/-?[0-9.]+/g).map(Number);
            const steps = from.map((value, i) => Math.round(value - from[i % 2]));
            return [path.getAttribute("class"), steps.join()];
        })"""
    )
    of_class = {name: {shape for other, shape in shapes if other == name} for name, _ in shapes}
    assert len(of_class) == 10
    drawn = [frozenset(found) for found in of_class.values()]
    for place, one in enumerate(drawn):
        assert not any(one & other for other in drawn[place + 1 :])


def test_what_is_read_aloud_is_the_same_result(widget):
    put(widget, code=CODES[3].tolist())
    first, second = (f"{number:.2f}".replace("-", "−") for number in CODES[3])
    expect(readout(widget)).to_contain_text(
        f"Code ({first}, {second}). This is the code of a test digit, a {LABELS[3]}."
    )
    put(widget, code=(CODES[3] + 0.01).tolist())
    expect(readout(widget)).to_contain_text("is the nearest test digit")
    label = widget.get_by_role("img").first.get_attribute("aria-label") or ""
    assert f"{len(CODES)} test digits" in label


def test_its_error_is_that_of_the_file(widget):
    error, mean = (f"{EXPORTED[name]:.4f}" for name in ("error", "mean_image_error"))
    note = widget.locator(".dlbook-note")
    expect(note).to_contain_text(f"error of {error} (the mean image: {mean})")


def test_enter_unfolds_the_picture_in_numbers(page, widget):
    widget.get_by_text("The painted picture in numbers").focus()
    page.keyboard.press("Enter")
    cells = widget.locator("tbody td")
    expect(cells.last).to_be_visible()
    shown = [float(text) for text in cells.all_inner_texts()]
    assert shown == pytest.approx(value(widget, "painted"), abs=0.006)
    page.keyboard.press("Enter")


# Mouse, finger, keyboard


def test_a_mouse_drags_the_point(page, widget):
    start, stop = (on_screen(widget, CODES[index]) for index in (0, 7))
    page.mouse.move(*start)
    page.mouse.down()
    assert value(widget, "code") == pytest.approx(CODES[0], abs=0.1)
    page.mouse.move(*stop, steps=5)
    page.mouse.up()
    page.mouse.move(*start)
    assert value(widget, "code") == pytest.approx(CODES[7], abs=0.1)


def test_arrows_move_the_point(page, widget):
    before = np.array(value(widget, "code"))
    widget.locator(PLANE).focus()
    for key in ("ArrowRight", "Shift+ArrowUp"):
        page.keyboard.press(key)
    step = np.ptp(RANGE, axis=1) / 200
    assert np.array(value(widget, "code")) - before == pytest.approx(step * [1, 10])


def test_sliders_move_the_point(page, widget):
    for axis, label in enumerate(SLIDERS):
        slider = widget.get_by_label(label, exact=True)
        before = position(widget, label)
        slider.press("ArrowRight")
        assert position(widget, label) > before
        assert value(widget, "code")[axis] == pytest.approx(position(widget, label), abs=1e-6)


def test_a_button_goes_to_a_digit(widget):
    button = widget.get_by_role("button", name="4", exact=True)
    button.click()
    assert value(widget, "nearest")["digit"] == 4
    assert value(widget, "nearest")["distance"] == 0
    expect(button).to_have_attribute("aria-pressed", "true")


def test_tab_reaches_the_plane_and_every_control(page, widget):
    widget.locator(PLANE).focus()
    names = []
    for _ in range(1 + 2 + 10):
        names.append(page.evaluate("document.activeElement.localName"))
        page.keyboard.press("Tab")
    assert names == ["div", "input", "input"] + ["button"] * 10
    assert page.evaluate("document.activeElement.localName") == "summary"


def test_a_finger_works_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = ready(page)
    plane = widget.locator(f"{PLANE} svg")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    assert box["width"] <= visits.PHONE - 60  # there is room beside it to scroll the page
    page.touchscreen.tap(*on_screen(widget, CODES[9]))
    assert value(widget, "code") == pytest.approx(CODES[9], abs=0.2)
    assert visits.ask(page, "wide") == []


# For every reader


def test_its_decoder_loads_when_it_is_reached(open_page):
    page: Page = open_page("about")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
            const element = document.createElement("dlbook-latent-plane");
            element.style.marginTop = "4000px";
            document.querySelector("article").append(element);
        }"""
    )
    page.wait_for_timeout(300)
    assert asked == []
    assert visits.ask(page, "undrawn") == []
    ready(page)
    assert [url.rsplit("/")[-1] for url in asked] == ["digits_decoder.json"]


def test_without_its_decoder_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-latent-plane", "digits_decoder.json")
    expect(widget).to_have_text("Here stands a picture.")


def test_its_file_is_small():
    assert (FOLDER / "digits_decoder.json").stat().st_size < 150_000


def test_attributes_are_read(page):
    made = page.evaluate(
        """() => [{ code: "1.5 -2" }, { code: "1" }, {}].map((given) => {
            const element = document.createElement("dlbook-latent-plane");
            Object.entries(given).forEach(([name, text]) => element.setAttribute(name, text));
            document.querySelector("article").append(element);
            const { code } = element;
            element.remove();
            return code;
        })"""
    )
    assert made == [[1.5, -2], [0, 0], [0, 0]]


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_no_word_of_the_picture_lies_on_another(page, widget, width):
    assert overlaps_at(page, widget, width, code=CODES[0].tolist()) == []


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    widget = ready(arrive_at_planted(WIDGET))
    widget.get_by_role("button", name="0", exact=True).click()
    assert value(widget, "nearest")["digit"] == 0


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-latent-plane")).to_contain_text("needs JavaScript")
