"""Widgets by mouse, keyboard and script, with the numbers of Python."""

import json
from itertools import product

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.site.browser import visits
from tests.site.browser.visits import press_and_arrive
from tests.site.browser.widgets import position, put, readout, value, widths

pytestmark = pytest.mark.browser

CHAPTER = "descent/gradient_descent"
RATES = [0.01, 0.1, 1 / 6, 0.3, 1 / 3, 0.34]

STUDY = {
    "title": "A small study",
    "description": "Learning curves of four networks at two learning rates, which rise.",
    "independent": {"label": "learning rate", "levels": [0.001, 0.1]},
    "dependent": {"label": "accuracy", "low": 0, "high": 1, "ticks": [0, 0.5, 1], "percent": True},
    "epochs": [1, 10, 100],
    "scale": "log",
    "seeds": 2,
    "start": 0,
    "lines": ["007ffe00407f", "7ffefe40feff"],
    "mean": [[0, 0.4, 0.75], [0.4, 1, 1]],
    "low": [[0, 0.3, 0.6], [0.3, 0.9, 0.9]],
    "high": [[0, 0.5, 0.9], [0.5, 1, 1]],
    "reached": {"what": "90 %", "count": [1, 2]},
}


def walk(start: float, learning_rate: float, steps: int) -> list[float]:
    """The Python of the chapter."""
    path = [start]
    for _ in range(steps):
        x = path[-1]
        path.append(x - learning_rate * (6 * x - 3))
    return path


@pytest.fixture
def page(open_page) -> Page:
    """The chapter with the widget."""
    return open_page(CHAPTER)


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, in sight."""
    found = page.locator("dlbook-descent").first
    found.scroll_into_view_if_needed()
    return found


# The numbers


def test_the_path_is_that_of_python(widget):
    for start, rate in product([-2, 0.5, 1.75], RATES):
        put(widget, start=start, learningRate=rate, steps=100)
        expected = pytest.approx(walk(start, rate, 100), rel=1e-12, abs=1e-12)
        assert value(widget, "path") == expected, (start, rate)


def test_the_verdict_is_what_happens(widget):
    put(widget, start=-2, steps=100)
    states = []
    for rate in RATES:
        put(widget, learningRate=rate)
        first, *_, last = (abs(x - 0.5) for x in walk(-2, rate, 100))
        hops = last == pytest.approx(first)
        happens = "hops" if hops else "converges" if last < first else "diverges"
        states.append(value(widget, "state"))
        assert states[-1] == happens
    assert states == [*["converges"] * 4, "hops", "diverges"]


def test_a_start_at_the_minimum_rests(widget):
    put(widget, start=0.5)
    assert value(widget, "state") == "rests"
    assert set(value(widget, "path")) == {0.5}


def test_attributes_out_of_range_are_brought_into_it(page):
    made = page.evaluate_handle(
        """() => {
            const element = document.createElement("dlbook-descent");
            element.setAttribute("start", "99");
            element.setAttribute("learning-rate", "no number");
            element.setAttribute("steps", "3");
            document.querySelector("article").append(element);
            return element;
        }"""
    )
    assert made.evaluate("element => element.path") == pytest.approx(walk(2, 0.1, 3), rel=1e-12)


def test_what_is_read_aloud_is_the_same_result(widget):
    put(widget, start=-2, learningRate=0.1, steps=7)
    shown = f"{walk(-2, 0.1, 7)[-1]:.6f}".replace("-", "−")
    expect(readout(widget)).to_contain_text(f" = {shown}")
    assert shown in (widget.get_by_role("img").get_attribute("aria-label") or "")


# The mouse


def test_a_button_sets_the_rate(widget):
    widget.get_by_role("button", name="Learning rate 1/6").click()
    assert value(widget, "path")[1] == pytest.approx(0.5, abs=1e-12)
    expect(readout(widget)).to_contain_text("one single step")


def test_a_slider_is_dragged(page, widget):
    slider = widget.get_by_label("Learning rate", exact=True)
    before = position(widget, "Learning rate")
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    at_start = box["x"] + 10 + (box["width"] - 20) * (before - 0.001) / 0.399
    page.mouse.move(at_start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], middle, steps=4)
    page.mouse.up()
    after = position(widget, "Learning rate")
    assert after > 0.25
    steps, start = round(position(widget, "Steps")), position(widget, "Start")
    assert value(widget, "path") == pytest.approx(walk(start, after, steps), rel=1e-12, abs=1e-12)


def test_a_finger_sets_the_rate_on_a_phone(open_page):
    page = open_page(CHAPTER, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = page.locator("dlbook-descent").first
    widget.get_by_role("button", name="Learning rate 0.34").tap()
    assert value(widget, "state") == "diverges"


def test_the_picture_moves_with_the_numbers(widget):
    steps = widget.locator("path.steps")
    before = steps.get_attribute("d")
    put(widget, start=1.5)
    assert steps.get_attribute("d") != before
    put(widget, steps=4)
    assert widget.locator("circle.dot").count() == 5


# The keyboard


def test_arrows_move_a_slider(page, widget):
    widget.get_by_label("Start", exact=True).focus()
    before = position(widget, "Start")
    page.keyboard.press("ArrowRight")
    assert position(widget, "Start") == pytest.approx(before + 0.05)
    page.keyboard.press("Home")
    assert value(widget, "path")[0] == -2
    page.keyboard.press("End")
    assert value(widget, "path")[0] == 2


def test_tab_reaches_every_control(page, widget):
    widget.get_by_label("Start", exact=True).focus()
    names = []
    for _ in range(9):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.id"))
    assert [name for name in names if name.startswith("Learning rate ")] == [
        f"Learning rate {rate}" for rate in ("0.01", "0.1", "1/6", "0.3", "1/3", "0.34")
    ]


def test_space_presses_a_button(page, widget):
    widget.get_by_role("button", name="Learning rate 0.34").focus()
    page.keyboard.press("Space")
    assert value(widget, "state") == "diverges"


def test_enter_unfolds_every_step_in_numbers(page, widget):
    put(widget, start=-2, learningRate=0.1, steps=5)
    widget.get_by_text("Every step in numbers").focus()
    page.keyboard.press("Enter")
    rows = widget.locator("tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_be_visible()
    shown = [row.locator("td").first.inner_text().replace("−", "-") for row in rows.all()]
    assert [float(text) for text in shown] == pytest.approx(walk(-2, 0.1, 5), abs=1e-6)


# Instant navigation


def test_a_widget_works_after_instant_navigation(open_page):
    page = open_page("maths/softmax")
    page.evaluate("window.marked = true")
    while "gradient_descent" not in page.url:
        press_and_arrive(page, ".md-footer__link--next")
    assert page.evaluate("window.marked === true")
    widget = page.locator("dlbook-descent").first
    widget.get_by_role("button", name="Learning rate 1/3").click()
    assert value(widget, "state") == "hops"
    assert visits.ask(page, "undrawn") == []
    page.go_back()
    page.go_forward()
    page.wait_for_url(f"**/{CHAPTER}/")
    again = page.locator("dlbook-descent").first
    again.get_by_role("button", name="Learning rate 0.34").click()
    assert value(again, "state") == "diverges"
    assert visits.ask(page, "undrawn") == []


def test_a_widget_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


# The emblem


def test_the_emblem_shows_the_recorded_study(open_page, published):
    path = published.folder / "assets" / "data" / "learning_rate.json"
    study = json.loads(path.read_text(encoding="utf-8"))
    page: Page = open_page()
    emblem = page.locator("dlbook-curves").first
    expect(emblem.get_by_role("img")).to_have_attribute("aria-label", study["description"])
    assert emblem.locator("path.runs").count() >= len(study["independent"]["levels"])
    emblem.get_by_role("slider").focus()
    for key, level in (("Home", 0), ("End", -1)):
        page.keyboard.press(key)
        expect(readout(emblem)).to_contain_text(f"epochs is {study['mean'][level][-1]:.3f}")


def test_curves_without_a_study_stay_hidden(open_page):
    page = open_page("about")
    page.evaluate(
        "document.querySelector('article').append(document.createElement('dlbook-curves'))"
    )
    expect(page.locator("dlbook-curves")).to_be_hidden()


def test_curves_show_a_study_and_follow_the_slider(open_page):
    page: Page = open_page("about")
    page.route("**/planted.json", lambda route: route.fulfill(json=STUDY))
    page.evaluate(
        """() => {
            const element = document.createElement("dlbook-curves");
            element.setAttribute("src", "assets/data/planted.json");
            document.querySelector("article").prepend(element);
        }"""
    )
    curves = page.locator("dlbook-curves")
    expect(curves.get_by_role("img")).to_have_attribute("aria-label", STUDY["description"])
    expect(readout(curves)).to_contain_text("1 of the 2 networks reach 90 %")
    mean = curves.locator("path.mean")
    before = mean.get_attribute("d")
    curves.get_by_label("learning rate", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(readout(curves)).to_contain_text("At learning rate 0.1 the mean accuracy")
    assert mean.get_attribute("d") != before


def test_curves_are_decoded_to_the_numbers_that_were_written(open_page):
    page = open_page("about")
    decoded = page.evaluate(
        """async () => {
            const { decode } = await import(`${__md_scope}assets/js/widgets/curves.js`);
            return decode("007ffeff", 2, { low: 0, high: 2 });
        }"""
    )
    assert decoded[0] == pytest.approx([0, 1])
    assert decoded[1][0] == pytest.approx(2)
    assert decoded[1][1] > 2
