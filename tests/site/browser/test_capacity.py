"""Polynomials of every degree, fitted to noisy examples: their errors are those of NumPy."""

import json
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from playwright.sync_api import Locator, Page, expect

from dlbook.generalization import overfitting
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

WIDGET = "<dlbook-capacity>Curves of polynomials need JavaScript.</dlbook-capacity>"
DRAWS = widget_data.draws()
PLACES = (np.arange(200) + 0.5) / 100 - 1
DEGREES = range(13)
CONDITIONS = [(15, 0.3), (20, 0.3), (20, 0), (30, 1), (80, 0.6)]
SLIDERS = ("Degree", "Noise", "Examples", "In green")


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    page.locator("dlbook-capacity svg").wait_for()
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-capacity").first
    put(found, degree=3, noise=0.3, numExamples=20, seed=0)
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


def examples(seed: int, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """The examples of one draw."""
    x, deviation = (np.array(DRAWS[seed][name][:count]) for name in ("x", "deviation"))
    return x, overfitting.wave(x) + noise * deviation


@cache
def errors(degree: int, count: int, noise: float) -> dict[str, float]:
    """What the polynomials of NumPy get wrong, on average over all draws."""
    curves, training = [], []
    for seed in range(len(DRAWS)):
        x, y = examples(seed, count, noise)
        fit = Polynomial.fit(x, y, degree)
        curves.append(fit(PLACES))
        training.append(np.mean((fit(x) - y) ** 2))
    bias, variance = overfitting.bias_and_variance(curves, overfitting.wave(PLACES))
    fresh = noise**2 + np.mean((curves - overfitting.wave(PLACES)) ** 2)
    parts = {"bias": bias, "variance": variance}
    return {"training": float(np.mean(training)), "fresh": float(fresh), **parts}


def heights(widget: Locator, selector: str, low: float, high: float) -> np.ndarray:
    """The heights of a drawn line of the first panel, read off its axis."""
    panel = widget.locator("svg > g").first
    grid = panel.locator("line.grid").evaluate_all(
        "lines => lines.map(line => line.y1.baseVal.value)"
    )
    points = panel.locator(selector).get_attribute("d") or ""
    drawn = np.array([float(pair.split()[1]) for pair in points[1:].split("L")])
    return low + (high - low) * (drawn - grid[0]) / (grid[-1] - grid[0])


# The numbers


def test_its_examples_are_those_of_the_chapter(published):
    path = published.folder / "assets" / "data" / "noisy_wave.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == {"noise": overfitting.NOISE, "draws": DRAWS}
    for seed, count in ((0, 20), (7, 10), (19, 80)):
        data = overfitting.noisy_wave(seed, count)
        x, y = examples(seed, count, overfitting.NOISE)
        assert x == pytest.approx(data.x_train.ravel()[:count], abs=6e-4)
        assert y == pytest.approx(data.y_train.ravel()[:count], abs=3e-3)


@pytest.mark.parametrize(("count", "noise"), CONDITIONS)
def test_errors_of_every_degree_are_those_of_numpy(widget, count, noise):
    put(widget, numExamples=count, noise=noise)
    found = value(widget, "errors")
    assert len(found) == len(DEGREES)
    for degree in DEGREES:
        for name, expected in errors(degree, count, noise).items():
            assert found[degree][name] == pytest.approx(expected, rel=1e-6, abs=1e-12), name


@pytest.mark.parametrize("degree", DEGREES)
def test_every_curve_is_that_of_numpy(widget, degree):
    put(widget, degree=degree, numExamples=30)
    curves = value(widget, "curves")
    assert len(curves) == len(DRAWS)
    for seed, curve in enumerate(curves):
        expected = Polynomial.fit(*examples(seed, 30, 0.3), degree)(PLACES)
        assert curve == pytest.approx(expected, rel=1e-7, abs=1e-7 * np.abs(expected).max())


def test_the_fresh_error_is_noise_bias_and_variance(widget):
    for error in value(widget, "errors"):
        parts = 0.09 + error["bias"] + error["variance"]
        assert error["fresh"] == pytest.approx(parts, rel=1e-9)


def test_fresh_errors_are_what_fresh_examples_give(widget):
    fits = [Polynomial.fit(*examples(seed, 20, 0.3), 3) for seed in range(len(DRAWS))]
    x, y = (part.ravel() for part in overfitting.draw_wave(99, 100_000, 1, "noise"))
    measured = np.mean([np.mean((fit(x) - y) ** 2) for fit in fits])
    assert value(widget, "errors")[3]["fresh"] == pytest.approx(measured, rel=0.03)


@pytest.mark.parametrize(("count", "noise"), CONDITIONS)
def test_the_verdict_is_where_the_degree_stands(widget, count, noise):
    put(widget, numExamples=count, noise=noise)
    fresh = [errors(degree, count, noise)["fresh"] for degree in DEGREES]
    best = int(np.argmin(fresh))
    states = []
    for degree in DEGREES:
        put(widget, degree=degree)
        near = fresh[degree] <= 1.1 * fresh[best]
        states.append(value(widget, "state"))
        assert states[-1] == ("fits" if near else "underfits" if degree < best else "overfits")
    assert states[0] == "underfits"
    assert "fits" in states


# What is drawn and told


def test_curves_are_drawn_where_their_numbers_lie(widget):
    for seed in (0, 11):
        put(widget, seed=seed)
        expected = Polynomial.fit(*examples(seed, 20, 0.3), 3)(PLACES)
        assert heights(widget, "path.chosen", -2, 2) == pytest.approx(expected, abs=0.01)
    assert heights(widget, "path.law", -2, 2) == pytest.approx(np.sin(np.pi * PLACES), abs=0.01)
    middle = np.mean(value(widget, "curves"), axis=0)
    assert heights(widget, "path.mean", -2, 2) == pytest.approx(middle, abs=0.01)


def test_errors_are_drawn_where_their_numbers_lie(widget):
    put(widget, numExamples=80)
    panel = widget.locator("svg > g").last
    tick = panel.locator("line.grid").evaluate_all("all => all.map(line => line.y1.baseVal.value)")
    for kind in ("training", "fresh"):
        points = panel.locator(f"path.average.{kind}").get_attribute("d") or ""
        drawn = np.array([float(pair.split()[1]) for pair in points[1:].split("L")])
        shown = 10 ** (-2 + 3 * (drawn - tick[0]) / (tick[-1] - tick[0]))  # from 0.01 to 10
        expected = [errors(degree, 80, 0.3)[kind] for degree in DEGREES]
        assert shown == pytest.approx(expected, rel=0.01)
        mark = float(panel.locator(f"circle.here.{kind}").get_attribute("cy") or "nan")
        assert mark == pytest.approx(drawn[3], abs=0.1)


def test_the_picture_shows_every_draw_and_the_examples_of_one(widget):
    assert widget.locator("path.draw").count() == len(DRAWS)
    for count in (15, 80):
        put(widget, numExamples=count)
        assert widget.locator("circle.example").count() == count
    assert widget.locator("path.each").count() == 2 * len(DRAWS)


def test_a_line_stands_at_the_degree(widget):
    ticks = widget.locator("svg > g").last.locator(".dlbook-axes")
    for degree in (0, 4, 12):
        put(widget, degree=degree)
        place = float(widget.locator("line.here").get_attribute("x1") or "nan")
        tick = ticks.get_by_text(str(degree), exact=True).first.get_attribute("x") or "nan"
        assert place == pytest.approx(float(tick))


def test_what_is_read_aloud_is_the_same_result(widget):
    put(widget, degree=1)
    told = errors(1, 20, 0.3)
    numbers = {name: f"{number:.3f}" for name, number in told.items()}
    expect(readout(widget)).to_contain_text(
        f"training error {numbers['training']}, fresh error {numbers['fresh']} = noise² 0.090 + "
        f"bias² {numbers['bias']} + variance {numbers['variance']}. The lowest fresh error, "
        f"{errors(3, 20, 0.3)['fresh']:.3f}, has degree 3. This degree underfits."
    )
    label = widget.get_by_role("img").get_attribute("aria-label") or ""
    assert f"{numbers['training']} and {numbers['fresh']}" in label


def test_enter_unfolds_every_degree_in_numbers(page, widget):
    widget.get_by_text("Every degree in numbers").focus()
    page.keyboard.press("Enter")
    rows = widget.locator("tbody tr")
    expect(rows).to_have_count(len(DEGREES))
    expect(rows.last).to_be_visible()
    shown = [float(text) for text in rows.nth(5).locator("td").all_inner_texts()]
    assert shown == pytest.approx([*errors(5, 20, 0.3).values()], abs=1e-6)
    page.keyboard.press("Enter")


def test_attributes_are_read(page):
    made = page.evaluate(
        """async () => {
            const element = document.createElement("dlbook-capacity");
            const given = { degree: "7", noise: "0.5", "num-examples": "50", seed: "4" };
            Object.entries(given).forEach(([name, text]) => element.setAttribute(name, text));
            const other = document.createElement("dlbook-capacity");
            const wrong = { degree: "2.5", noise: "-1", "num-examples": "17", seed: "20" };
            Object.entries(wrong).forEach(([name, text]) => other.setAttribute(name, text));
            document.querySelector("article").append(element, other);
            while (!other.querySelector("svg")) {
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            const names = ["degree", "noise", "numExamples", "seed"];
            const found = [element, other].map((each) => names.map((name) => each[name]));
            element.remove();
            other.remove();
            return found;
        }"""
    )
    assert made == [[7, 0.5, 50, 4], [3, 0.3, 20, 0]]


def test_without_its_examples_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-capacity", "noisy_wave.json")
    expect(widget).to_have_text("Here stands a picture.")


# Mouse, finger, keyboard


def test_arrows_move_every_slider(page, widget):
    names = ("degree", "noise", "numExamples", "seed")
    expected = {"degree": 4, "noise": 0.4, "numExamples": 30, "seed": 1}
    for label, name in zip(SLIDERS, names, strict=True):
        widget.get_by_label(label, exact=True).focus()
        page.keyboard.press("ArrowRight")
        assert value(widget, name) == pytest.approx(expected[name])
    found = value(widget, "errors")[4]["fresh"]
    assert found == pytest.approx(errors(4, 30, 0.4)["fresh"], rel=1e-6)


def test_tab_reaches_every_control(page, widget):
    widget.get_by_label("Degree", exact=True).focus()
    names = []
    for _ in SLIDERS:
        names.append(page.evaluate("document.activeElement.labels?.[0]?.textContent"))
        page.keyboard.press("Tab")
    assert tuple(names) == SLIDERS
    assert page.evaluate("document.activeElement.localName") == "summary"


def test_a_slider_says_what_it_stands_for(widget):
    put(widget, numExamples=80, seed=7)
    for label, said in (("Examples", "80"), ("In green", "seed 7"), ("Noise", "0.3")):
        slider = widget.get_by_label(label, exact=True)
        expect(slider).to_have_attribute("aria-valuetext", said)


def test_a_finger_sets_the_degree_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = page.locator("dlbook-capacity")
    slider = widget.get_by_label("Degree", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert value(widget, "degree") == position(widget, "Degree") == 12
    assert value(widget, "state") == "overfits"


# For every reader


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_no_word_of_the_picture_lies_on_another(page, widget, width):
    assert overlaps_at(page, widget, width, seed=19) == []


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    page = arrive_at_planted(WIDGET)
    widget = page.locator("dlbook-capacity").first
    widget.get_by_label("Degree", exact=True).press("End")
    assert value(widget, "degree") == 12
    assert visits.ask(page, "undrawn") == []


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-capacity")).to_contain_text("need JavaScript")
