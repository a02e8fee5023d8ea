"""A drawn digit: its picture is that of Python, its maps and probabilities are those of Keras."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

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
from tools import digit_models
from tools.export_model import FOLDER, decode, load_weights
from tools.pen_digits import HANDS, written

pytestmark = pytest.mark.browser

WIDGET = '<dlbook-digit example="2">To draw a digit needs JavaScript.</dlbook-digit>'
EXPORTED = json.loads((FOLDER / "digits_cnn.json").read_text(encoding="utf-8"))
EXAMPLES = decode(EXPORTED["examples"]) / 16
CLOSE = 1e-5
SHEET = ".dlbook-digit-pad"


def ready(page: Page) -> Locator:
    """The widget of a page, in sight and with its networks."""
    widget = page.locator("dlbook-digit").first
    widget.scroll_into_view_if_needed()
    widget.locator(".dlbook-maps canvas").first.wait_for()
    return widget


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    ready(page)
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget with an empty sheet."""
    found = page.locator("dlbook-digit").first
    put(found, example=None, head="flatten", shift=[0, 0])
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


@pytest.fixture(scope="module", params=digit_models.HEADS)
def network(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """The name of a head, and what Keras answers with it: maps of both convolutions, the rest."""
    import keras

    model = digit_models.reading_network(request.param)
    load_weights(model, EXPORTED["networks"][request.param]["model"])
    names = ("convolution_1", "convolution_2", "prediction")
    outputs = [model.get_layer(name).output for name in names]
    return request.param, keras.Model(model.inputs[0], [*outputs, keras.ops.softmax(outputs[-1])])


def as_lists(strokes: list[np.ndarray]) -> list[Any]:
    """Strokes as the widget takes them."""
    return [points.tolist() for points in strokes]


# The numbers


@pytest.mark.parametrize("seed", range(3))
def test_the_picture_of_a_drawing_is_that_of_python(widget, seed):
    for strokes, _ in written(seed, 2):
        put(widget, strokes=as_lists(strokes))
        found = np.array(value(widget, "pixels")).reshape(8, 8)
        assert found == pytest.approx(digit_models.fitted_picture(strokes), abs=1e-6)


def test_a_dot_a_bar_and_an_empty_sheet_have_the_picture_of_python(widget):
    for strokes in ([], [[[0.9, 0.1]]], [[[0.2, 0.5], [0.8, 0.5]]], [[[0.5, 0.5], [0.51, 0.5]]]):
        put(widget, strokes=strokes)
        found = np.array(value(widget, "pixels")).reshape(8, 8)
        assert found == pytest.approx(digit_models.fitted_picture(strokes), abs=1e-6)


def test_maps_and_probabilities_are_those_of_keras(widget, network):
    head, answers = network
    put(widget, head=head)
    for seed, (strokes, _) in enumerate(written(5, 1)):
        put(widget, strokes=as_lists(strokes), shift=[seed % 5 - 2, seed % 3 - 1])
        compare(widget, answers)


def test_test_digits_get_the_answers_of_keras(widget, network):
    head, answers = network
    for digit, picture in enumerate(EXAMPLES):
        put(widget, head=head, example=digit)
        assert np.array(value(widget, "pixels")).reshape(8, 8) == pytest.approx(picture)
        compare(widget, answers)


def compare(widget: Locator, answers: Any) -> None:
    """Compare all that the page computes for its inputs with Keras."""
    inputs = np.array(value(widget, "inputs"), "float32").reshape(1, 12, 12, 1)
    *maps, _, probabilities = (np.asarray(one)[0] for one in answers(inputs))
    assert value(widget, "probabilities") == pytest.approx(probabilities, abs=CLOSE)
    assert value(widget, "answer") == np.argmax(probabilities)
    for found, expected in zip(value(widget, "maps"), maps, strict=True):
        assert tuple(found["shape"]) == expected.shape
        assert np.array(found["data"]).reshape(expected.shape) == pytest.approx(expected, abs=CLOSE)


def test_it_reads_what_is_drawn(widget):
    drawings = written(7, 2)
    right = []
    for strokes, digit in drawings:
        put(widget, strokes=as_lists(strokes))
        right.append(value(widget, "answer") == digit)
    assert np.mean(right) >= 0.8


def test_a_shift_moves_what_the_network_sees(widget):
    put(widget, example=3, shift=[2, -1])
    inputs = np.array(value(widget, "inputs")).reshape(12, 12)
    assert inputs[4:, 1:9] == pytest.approx(EXAMPLES[3])
    assert inputs.sum() == pytest.approx(EXAMPLES[3].sum())


def test_a_stroke_on_an_example_adds_ink_where_it_is(widget):
    put(widget, example=3, strokes=[[[0.2, 0.3], [0.2, 0.7]]])
    added = np.array(value(widget, "pixels")).reshape(8, 8) - EXAMPLES[3]
    assert added.min() >= 0
    assert added[3:5, 1].min() > 0
    assert added[:, 3:].max() == 0


# What is drawn and told


def test_bars_are_as_long_as_probabilities(widget):
    put(widget, strokes=as_lists(HANDS[4][0]))
    lengths = widget.locator("rect.bar").evaluate_all(
        "all => all.map(bar => bar.width.baseVal.value)"
    )
    room = widget.locator("rect.room").first.evaluate("bar => bar.width.baseVal.value")
    assert np.array(lengths) / room == pytest.approx(value(widget, "probabilities"), abs=1e-3)
    assert widget.locator("g.answer text").first.inner_html() == str(value(widget, "answer"))


def test_the_seen_picture_is_drawn_as_ink(widget):
    put(widget, example=8, shift=[1, 1])
    drawn = widget.locator(".dlbook-digit-seen canvas").evaluate(
        """canvas => [...canvas.getContext("2d").getImageData(0, 0, 12, 12).data]
            .filter((_, i) => i % 4 === 3)"""
    )
    assert np.array(drawn) / 255 == pytest.approx(value(widget, "inputs"), abs=0.003)


def test_every_map_is_drawn(widget, network):
    put(widget, head=network[0], example=5)
    rows = widget.locator(".dlbook-maps")
    for place, found in enumerate(value(widget, "maps")):
        expect(rows.nth(place).locator("canvas")).to_have_count(found["shape"][2])
        drawn = (
            rows.nth(place)
            .locator("canvas")
            .evaluate_all(
                """all => all.map(canvas => {
                    const context = canvas.getContext("2d");
                    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
                    return [...data].filter((_, i) => i % 4 === 3);
                })"""
            )
        )
        maps = np.array(found["data"]).reshape(found["shape"])
        expected = np.moveaxis(maps, -1, 0).reshape(maps.shape[2], -1) / maps.max()
        assert np.array(drawn) / 255 == pytest.approx(expected, abs=0.003)


def test_the_answer_is_told_in_words(widget):
    put(widget, strokes=as_lists(HANDS[7][0]))
    answer = value(widget, "answer")
    share = value(widget, "probabilities")[answer]
    told = "> 99.9 %" if share > 0.9995 else f"{100 * share:.1f} %"
    expect(readout(widget)).to_contain_text(f"reads {answer} with probability {told}")
    put(widget, example=None, head="global", shift=[-1, 2])
    expect(readout(widget)).to_contain_text("The sheet is empty, and the network still answers")
    expect(readout(widget)).to_contain_text("global, moved by −1 down and 2 to the right.")


def test_it_is_told_once_the_reader_pauses(page, widget):
    put(widget, example=1)
    page.wait_for_timeout(700)
    told = widget.evaluate(
        """async element => {
            let told = 0;
            const observer = new MutationObserver(() => (told += 1));
            observer.observe(element.querySelector("[role=status]"), { childList: true });
            for (let digit = 0; digit < 10; digit += 1) {
                element.example = digit;
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            await new Promise((resolve) => setTimeout(resolve, 800));
            return told;
        }"""
    )
    assert told == 1


def test_its_accuracy_is_that_of_the_file(widget):
    for head, network in EXPORTED["networks"].items():
        put(widget, head=head)
        note = widget.locator(".dlbook-note").last
        expect(note).to_contain_text(f"{network['weights']:,} weights")
        shares = [float(share) for share in re.findall(r"([\d.]+) %", note.inner_text())]
        assert shares == pytest.approx([100 * share for share in network["accuracy"]], abs=0.051)


def test_enter_unfolds_the_probabilities(page, widget):
    put(widget, example=6)
    widget.get_by_text("Probabilities in numbers").focus()
    page.keyboard.press("Enter")
    rows = widget.locator("tbody td")
    expect(rows.last).to_be_visible()
    shown = [float(text) for text in rows.all_inner_texts()]
    assert shown == pytest.approx(value(widget, "probabilities"), abs=1e-4)
    page.keyboard.press("Enter")


# Mouse, finger, keyboard


def box_of(widget: Locator) -> dict[str, float]:
    """Where the sheet is."""
    box: Any = widget.locator(f"{SHEET} svg").bounding_box()
    assert box is not None
    return {name: float(size) for name, size in box.items()}


def test_a_mouse_draws(page, widget):
    box = box_of(widget)
    corners = [(0.3, 0.2), (0.7, 0.2), (0.4, 0.85)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    page.mouse.up()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    visits.ask(page, "settle")
    (stroke,) = value(widget, "strokes")
    assert stroke[0] == pytest.approx(corners[0], abs=0.01)
    assert stroke[-1] == pytest.approx(corners[-1], abs=0.01)
    assert len(stroke) > 15
    assert value(widget, "answer") == 7
    widget.get_by_role("button", name="clear").click()
    assert value(widget, "strokes") == []


def test_the_first_stroke_takes_the_place_of_the_first_example(open_planted):
    page = open_planted(WIDGET)
    widget = ready(page)
    assert value(widget, "example") == 2
    box = box_of(widget)
    page.mouse.click(box["x"] + 50, box["y"] + 50)
    visits.ask(page, "settle")
    assert value(widget, "example") is None
    assert len(value(widget, "strokes")) == 1
    widget.get_by_role("button", name="5", exact=True).click()
    page.mouse.click(box["x"] + 50, box["y"] + 50)
    visits.ask(page, "settle")
    assert value(widget, "example") == 5
    assert len(value(widget, "strokes")) == 1


def test_arrows_and_space_draw(page, widget):
    widget.locator(SHEET).focus()
    for key in (*["ArrowUp"] * 16, "ArrowLeft", "Space", *["ArrowDown"] * 8, "Space", "ArrowRight"):
        page.keyboard.press(key)
    visits.ask(page, "settle")
    (stroke,) = value(widget, "strokes")
    assert np.ptp(np.array(stroke), axis=0) == pytest.approx([0, 0.5])
    assert value(widget, "pixels") != [0] * 64
    page.keyboard.press("Delete")
    assert value(widget, "strokes") == []
    assert sum(value(widget, "pixels")) == 0


def test_a_pen_that_leaves_the_sheet_is_lifted(page, widget):
    widget.locator(SHEET).focus()
    page.keyboard.press("Space")
    expect(widget.locator("circle.pen.down")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(widget.locator("circle.pen.down")).to_have_count(0)


def test_a_finger_draws_on_a_phone_and_the_page_stays(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = ready(page)
    box = box_of(widget)
    assert box["width"] < visits.PHONE - 60  # there is room beside it to scroll the page
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    visits.ask(page, "settle")
    assert value(widget, "strokes")[0][0] == pytest.approx([0.5, 0.25], abs=0.02)
    style = "element => getComputedStyle(element).touchAction"
    assert widget.locator(SHEET).evaluate(style) == "none"
    widget.get_by_role("button", name="global").tap()
    assert value(widget, "head") == "global"
    assert visits.ask(page, "wide") == []


def test_arrows_move_both_sliders(widget):
    put(widget, example=2)
    for label, expected in (("Move down", [1, 0]), ("Move right", [1, 1])):
        widget.get_by_label(label, exact=True).press("ArrowRight")
        assert value(widget, "shift") == expected
    assert position(widget, "Move down") == 1


def test_tab_reaches_the_sheet_and_every_control(page, widget):
    widget.locator(SHEET).focus()
    names = []
    for _ in range(1 + 1 + 10 + 2 + 2):
        names.append(page.evaluate("document.activeElement.localName"))
        page.keyboard.press("Tab")
    assert names == ["div"] + ["button"] * 13 + ["input"] * 2
    assert page.evaluate("document.activeElement.localName") == "summary"


# For every reader


def test_its_networks_load_when_it_is_reached(open_page):
    page: Page = open_page("about")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
            const element = document.createElement("dlbook-digit");
            element.style.marginTop = "4000px";
            document.querySelector("article").append(element);
        }"""
    )
    page.wait_for_timeout(300)
    assert asked == []
    assert visits.ask(page, "undrawn") == []
    ready(page)
    assert [url.rsplit("/")[-1] for url in asked] == ["digits_cnn.json"]


def test_without_its_networks_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-digit", "digits_cnn.json")
    expect(widget).to_have_text("Here stands a picture.")


def test_its_file_is_small():
    assert (FOLDER / "digits_cnn.json").stat().st_size < 150_000


def test_attributes_are_read(page):
    made = page.evaluate(
        """() => [{ example: "7", head: "global" }, { example: "12" }, {}].map((given) => {
            const element = document.createElement("dlbook-digit");
            Object.entries(given).forEach(([name, text]) => element.setAttribute(name, text));
            document.querySelector("article").append(element);
            const { example, head } = element;
            element.remove();
            return [example, head];
        })"""
    )
    assert made == [[7, "global"], [None, "flatten"], [None, "flatten"]]


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_no_word_of_the_picture_lies_on_another(page, widget, width):
    assert overlaps_at(page, widget, width, example=1) == []


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    widget = ready(arrive_at_planted(WIDGET))
    widget.get_by_role("button", name="0", exact=True).click()
    assert np.array(value(widget, "pixels")).reshape(8, 8) == pytest.approx(EXAMPLES[0])


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-digit")).to_contain_text("needs JavaScript")
