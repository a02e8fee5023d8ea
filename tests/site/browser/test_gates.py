"""A trained LSTM that reads a list: the gates of Keras' weights, for hand, finger and keyboard."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dlbook.architectures.lstm_gru import adding_network, gates_over_time
from dlbook.lab import datasets
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

pytestmark = pytest.mark.browser

WIDGET = "<dlbook-gates>The gates need JavaScript.</dlbook-gates>"
FILE = Path(__file__).resolve().parents[3] / "docs" / "assets" / "data" / "adding_lstm.json"
TOLD: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
CLOSE = 1e-5


def decoded(packed: dict[str, Any]) -> np.ndarray:
    """An array of the file."""
    numbers = np.frombuffer(base64.b64decode(packed["base64"]), "<f4")
    return numbers.reshape(packed["shape"])


def weights() -> list[np.ndarray]:
    """All weights of the file, in Keras' order."""
    cell, answer = TOLD["model"]["layers"]
    names = ("kernel", "recurrent", "bias")
    return [decoded(layer[name]) for layer in (cell, answer) for name in names if name in layer]


def network() -> Any:
    """The network of the chapter, with the weights of the file."""
    model = adding_network("LSTM")
    model.build((None, 30, 2))
    model.set_weights(weights())
    return model


def as_list(widget: Locator) -> np.ndarray:
    """What the widget reads, as the chapter writes it."""
    numbers, marks = value(widget, "numbers"), value(widget, "marks")
    bell = np.isin(np.arange(1, 31), marks)
    return np.stack([numbers, bell], axis=-1).astype("float32")


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    found = page.locator("dlbook-gates")
    found.scroll_into_view_if_needed()
    found.locator("circle").first.wait_for()
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-gates").first
    put(found, **TOLD["list"], moment=30, unit=TOLD["unit"])
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


# The numbers


def test_its_network_has_the_error_that_the_file_says():
    fresh = datasets.adding_problem(0)
    answers = network().predict(fresh.x_test, verbose=0)
    tested = TOLD["tested"]
    assert FILE.stat().st_size < 150_000
    assert tested["count"] == len(fresh.x_test)
    assert np.mean((answers - fresh.y_test) ** 2) == pytest.approx(tested["error"], abs=1e-6)
    assert np.mean((1 - fresh.y_test) ** 2) == pytest.approx(tested["always"], abs=0.01)
    assert tested["error"] < 0.1 * tested["always"]


def test_it_begins_with_the_list_and_the_unit_of_the_chapter(page, widget):
    fresh = datasets.adding_problem(0).x_test
    assert as_list(widget) == pytest.approx(fresh[0], abs=0.0051)
    gate, bell = gates_over_time(weights()[:3], fresh)["input"], fresh[..., 1] == 1
    assert value(widget, "unit") == 1 + np.argmax(gate[bell].mean(0) - gate[~bell].mean(0))


@pytest.mark.parametrize("marks", [[2, 25], [25, 2], [1, 30], [5, 11], [7, 7]])
def test_every_gate_and_every_answer_is_that_of_keras(widget, marks):
    numbers = np.random.default_rng(sum(marks)).uniform(size=30).round(2)
    put(widget, numbers=numbers.tolist(), marks=marks)
    read = as_list(widget)
    assert read[:, 1].sum() == len(set(marks))
    for name, rows in gates_over_time(weights()[:3], read[None]).items():
        assert np.abs(np.array(value(widget, "seen")[name]) - rows[0]).max() < CLOSE, name
    model = network()
    model.layers[0].return_sequences = True
    hidden = model.layers[0](read[None])
    expected = np.asarray(model.layers[1](hidden))[0, :, 0]
    assert np.abs(np.array(value(widget, "answers")) - expected).max() < CLOSE
    assert value(widget, "sums") == pytest.approx(np.cumsum(read.prod(axis=1)), abs=1e-6)


def test_what_is_read_aloud_is_the_same_result(widget):
    unit, at = 3, 25
    put(widget, unit=unit, moment=at)
    read = as_list(widget)
    seen = {
        name: rows[0, :, unit - 1]
        for name, rows in gates_over_time(weights()[:3], read[None]).items()
    }

    def text(number: float) -> str:
        return f"{number:.2f}".replace("-", "−")

    said = readout(widget).inner_text()
    assert f"Moment {at}: number {text(read[at - 1, 0])}, with the bell. Unit {unit}: " in said
    assert f"forget {text(seen['forget'][at - 1])} · " in said
    assert f"input {text(seen['input'][at - 1])} · candidate " in said
    assert f"= {text(seen['cell'][at - 1])}; output gate {text(seen['output'][at - 1])}." in said
    assert f"the sum so far is {text(value(widget, 'sums')[at - 1])}." in said
    put(widget, moment=30)
    expect(readout(widget)).to_contain_text(
        f"The network says {text(value(widget, 'answers')[-1])}; the sum is "
    )
    assert f"unit {unit}" in (widget.get_by_role("img").get_attribute("aria-label") or "")


def test_the_error_of_the_network_is_told(widget):
    told = widget.locator(".dlbook-note").inner_text()
    assert f"{TOLD['tested']['error']:.4f}" in told
    assert f"{TOLD['tested']['always']:.4f}" in told
    assert "1,000 fresh lists" in told


def test_every_moment_in_numbers(page, widget):
    widget.get_by_text("Every moment in numbers").focus()
    page.keyboard.press("Enter")
    rows = widget.locator("tbody tr")
    expect(rows).to_have_count(30)
    shown = rows.nth(9).locator("td").all_inner_texts()
    seen = value(widget, "seen")
    unit = value(widget, "unit") - 1
    names = ("input", "forget", "output", "candidate", "cell")
    found = [float(text.replace("−", "-")) for text in shown[2:]]
    expected = [*(seen[name][9][unit] for name in names), value(widget, "answers")[9]]
    assert found == pytest.approx(expected, abs=0.00051)
    assert [row.locator("td").nth(1).inner_text() for row in rows.all()].count("rings") == 2
    page.keyboard.press("Enter")


def test_the_picture_shows_the_moment(widget):
    put(widget, moment=12)
    assert widget.locator("rect.bar.later").count() == 18
    assert widget.locator("rect.bar.bell").count() == 2
    assert widget.locator("path.cell.later").count() == 1
    here = float(widget.locator("circle.answer.here").get_attribute("cx") or "nan")
    put(widget, moment=13)
    assert float(widget.locator("circle.answer.here").get_attribute("cx") or "nan") > here + 3


# Hand, finger, keyboard


def test_arrows_walk_through_time(page, widget):
    slider = widget.get_by_label("Moment", exact=True)
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert value(widget, "moment") == 2
    assert slider.get_attribute("aria-valuetext") == "2 of 30"
    page.keyboard.press("End")
    assert value(widget, "moment") == 30


def test_bells_and_units_are_moved(page, widget):
    widget.get_by_label("A bell at", exact=True).press("ArrowRight")
    widget.get_by_label("Another bell at", exact=True).press("ArrowLeft")
    widget.get_by_label("Unit", exact=True).press("Home")
    first, second = TOLD["list"]["marks"]
    assert value(widget, "marks") == [first + 1, second - 1]
    assert value(widget, "unit") == 1


def test_new_numbers_are_drawn(widget):
    before, marks = value(widget, "numbers"), value(widget, "marks")
    widget.get_by_role("button", name="draw new numbers").click()
    after = value(widget, "numbers")
    assert after != before
    assert value(widget, "marks") == marks
    assert min(after) >= 0
    assert max(after) <= 1
    assert np.array(after) == pytest.approx(np.array(after).round(2), abs=1e-12)


def test_who_wants_no_motion_gets_to_the_end_at_once(page, widget):
    put(widget, moment=4)
    widget.get_by_role("button", name="play").click()
    assert value(widget, "moment") == 30


def test_it_plays_and_pauses(open_planted):
    page = open_planted(WIDGET)
    widget = page.locator("dlbook-gates")
    widget.scroll_into_view_if_needed()
    widget.locator("circle").first.wait_for()
    widget.get_by_role("button", name="play").click()
    expect(readout(widget)).to_have_attribute("aria-live", "off")
    page.wait_for_function("document.querySelector('dlbook-gates').moment > 2")
    widget.get_by_role("button", name="pause").click()
    at = value(widget, "moment")
    assert 2 < at < 30
    expect(readout(widget)).to_have_attribute("aria-live", "polite")
    page.wait_for_timeout(700)
    assert value(widget, "moment") == at
    put(widget, moment=28)
    widget.get_by_role("button", name="play").click()
    expect(widget.get_by_role("button", name="play")).to_be_visible()
    assert value(widget, "moment") == 30


def test_a_click_chooses_moment_and_unit(page, widget):
    box = widget.locator("rect.chosen").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.35 * box["width"], box["y"] + 1.5 * box["height"])
    assert value(widget, "unit") == TOLD["unit"] + 1
    assert value(widget, "moment") == 11
    bar = widget.locator("rect.bar").nth(4).bounding_box()
    assert bar is not None
    page.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    assert value(widget, "moment") == 5
    assert value(widget, "unit") == TOLD["unit"] + 1


def test_tab_reaches_everything(page, widget):
    widget.get_by_role("button", name="play").focus()
    names = []
    for _ in range(7):
        names.append(page.evaluate("document.activeElement.localName"))
        page.keyboard.press("Tab")
    assert names == ["button", "button", "input", "input", "input", "input", "summary"]


def test_a_finger_works_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = page.locator("dlbook-gates")
    widget.scroll_into_view_if_needed()
    widget.locator("circle").first.wait_for()
    bar = widget.locator("rect.bar").nth(14)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert value(widget, "moment") == 15
    assert position(widget, "Moment") == 15
    assert visits.ask(page, "wide") == []


# For every reader


def test_its_weights_load_when_it_is_reached(open_page):
    page: Page = open_page("about")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
            const element = document.createElement("dlbook-gates");
            element.style.marginTop = "4000px";
            document.querySelector("article").append(element);
        }"""
    )
    widget = page.locator("dlbook-gates")
    page.wait_for_timeout(300)
    assert asked == []
    assert visits.ask(page, "undrawn") == []
    before = widget.locator("svg").bounding_box()
    widget.scroll_into_view_if_needed()
    widget.locator("circle").first.wait_for()
    assert [url.rsplit("/")[-1] for url in asked] == ["adding_lstm.json"]
    after = widget.locator("svg").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] == before["height"] > 200
    first = {"numbers": value(widget, "numbers"), "marks": value(widget, "marks")}
    assert first == TOLD["list"]
    assert value(widget, "unit") == TOLD["unit"]


def test_without_its_weights_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-gates", "adding_lstm.json")
    expect(widget).to_have_text("Here stands a picture.")


def test_attributes_are_read(page):
    made = page.evaluate(
        """async () => {
            const given = { first: "3", second: "9", unit: "2", moment: "8" };
            const wrong = { first: "0", second: "31", unit: "1.5", moment: "last" };
            const found = [];
            for (const attributes of [given, wrong]) {
                const element = document.createElement("dlbook-gates");
                Object.entries(attributes).forEach(([name, text]) => element.setAttribute(name, text));
                document.querySelector("article").prepend(element);
                element.scrollIntoView();
                await new Promise((resolve) => element.addEventListener("gates", resolve));
                found.push([...element.marks, element.unit, element.moment]);
                element.remove();
            }
            return found;
        }"""  # noqa: E501
    )
    assert made == [[3, 9, 2, 8], [*TOLD["list"]["marks"], 1, 30]]


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_no_word_of_the_picture_lies_on_another(page, widget, width):
    assert overlaps_at(page, widget, width) == []


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    page = arrive_at_planted(WIDGET)
    widget = page.locator("dlbook-gates").first
    widget.scroll_into_view_if_needed()
    widget.locator("circle").first.wait_for()
    widget.get_by_label("Moment", exact=True).press("Home")
    assert value(widget, "moment") == 1


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-gates")).to_contain_text("need JavaScript")
