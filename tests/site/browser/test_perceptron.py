"""A perceptron whose line is turned by hand or by learning: its numbers are those of Python."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dlbook.networks import perceptron
from tests.site.browser import visits
from tests.site.browser.widgets import position, put, readout, text_without, value, widths
from tools import widget_data

pytestmark = pytest.mark.browser

WIDGET = "<dlbook-perceptron>A perceptron and its points need JavaScript.</dlbook-perceptron>"
PROBLEMS = widget_data.points()
START = [0.5, -1, 0]


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    page.locator("dlbook-perceptron svg").wait_for()
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-perceptron").first
    put(found, data="two groups", useBias=True, rule="slopes", learningRate=0.1)
    put(found, weights=START)
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


def learn(widget: Locator, steps: int) -> np.ndarray:
    """Let the widget learn, and return the weights at first and after each step."""
    widget.evaluate("(element, steps) => element.learn(steps)", steps)
    return np.array(value(widget, "history"))


def cross_entropy(x: np.ndarray, y: np.ndarray, weights: Any) -> float:
    """The mean cross-entropy of a perceptron, from the logits that the chapter computes."""
    z = perceptron.weighted_sum(x, weights[:2], weights[2])
    return float(np.mean(np.logaddexp(0, z) - y * z))


def num_errors(x: np.ndarray, y: np.ndarray, weights: Any) -> int:
    """How many points the chapter's perceptron puts on the wrong side."""
    return int(np.sum((perceptron.weighted_sum(x, weights[:2], weights[2]) > 0) != y))


def slopes(x: np.ndarray, y: np.ndarray, weights: Any, rate: float, use_bias: bool) -> np.ndarray:
    """One step down the mean cross-entropy."""
    error = np.asarray(perceptron.perceptron(x, weights[:2], weights[2])) - y
    gradient = np.array([*(error @ x), error.sum() * use_bias]) / len(y)
    return np.asarray(weights) - rate * gradient


def mistakes(x: np.ndarray, y: np.ndarray, weights: Any, rate: float, use_bias: bool) -> np.ndarray:
    """One round of Rosenblatt's rule, as in the exercise of the chapter."""
    inputs, weights = np.column_stack([x, np.full(len(x), use_bias)]), np.array(weights, float)
    for example, target in zip(inputs, y, strict=True):
        bias = 0 if use_bias else weights[2]
        weights += rate * (target - int(example @ weights + bias > 0)) * example
    return weights


# The numbers


def test_its_points_are_those_of_python(published, widget):
    path = published.folder / "assets" / "data" / "perceptron.json"
    written = json.loads(path.read_text(encoding="utf-8"))["problems"]
    assert written == {name: widget_data.describe(*each) for name, each in PROBLEMS.items()}
    for name, (x, y) in PROBLEMS.items():
        put(widget, data=name)
        assert np.array(value(widget, "points")) == pytest.approx(np.column_stack([x, y]))


@pytest.mark.parametrize("name", PROBLEMS)
def test_cost_and_errors_are_those_of_the_chapter(widget, name):
    put(widget, data=name)
    for weights in (START, [1, 0, -3], [-2.5, 3.25, 0.75], [0, 0, 0], [4, 4, 12]):
        put(widget, weights=weights)
        assert value(widget, "cost") == pytest.approx(cross_entropy(*PROBLEMS[name], weights))
        assert value(widget, "errors") == num_errors(*PROBLEMS[name], weights)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("rule", [slopes, mistakes])
@pytest.mark.parametrize("name", PROBLEMS)
def test_it_learns_as_in_python(widget, name, rule, use_bias):
    put(widget, data=name, useBias=use_bias, rule=rule.__name__, learningRate=0.2)
    history = learn(widget, 30)
    assert len(history) == 31
    for before, after in pairwise(history):
        expected = rule(*PROBLEMS[name], before, 0.2, use_bias)
        assert after == pytest.approx(expected, abs=1e-9)
    assert (history[:, 2] == 0).all() == (not use_bias)


def test_it_learns_as_in_keras(widget):
    x, y = PROBLEMS["two groups"]
    model = perceptron.build_perceptron()
    model.layers[-1].set_weights([np.array(START[:2])[:, None], np.array(START[2:])])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="binary_crossentropy")
    for _ in range(20):
        model.train_on_batch(x, y[:, None])
    kernel, bias = model.layers[-1].get_weights()
    assert learn(widget, 20)[-1] == pytest.approx([*kernel.ravel(), *bias], abs=1e-5)


def test_the_limits_of_lines_are_those_of_the_chapter(widget):
    x, y = PROBLEMS["XOR"]
    put(widget, data="XOR")
    best = round(perceptron.best_line(x, y).accuracy * len(y))
    expect(readout(widget)).to_contain_text(f"The best of all lines gets {best} of them right")
    put(widget, useBias=False)
    best = round(perceptron.best_line(x, y, through=(0, 0)).accuracy * len(y))
    expect(readout(widget)).to_contain_text(f"through the origin gets {best} of them right")


def test_every_point_lies_on_the_side_that_its_weighted_sum_says(widget):
    sides = widget.evaluate(
        """element => {
            element.weights = [1.5, -2, 0.5];
            const point = element.querySelector("svg").createSVGPoint();
            const [one, zero] = ["one", "zero"].map((name) => element.querySelector(`.side.${name}`));
            const marks = [...element.querySelectorAll("circle.point")];
            return marks.map((mark) => {
                [point.x, point.y] = [mark.cx.baseVal.value, mark.cy.baseVal.value];
                return [one.isPointInFill(point), zero.isPointInFill(point)];
            });
        }"""  # noqa: E501
    )
    x, y = PROBLEMS["two groups"]
    positive = perceptron.weighted_sum(x[y == 0], [1.5, -2], 0.5) > 0
    assert [one for one, _ in sides] == positive.tolist()
    assert [zero for _, zero in sides] == (~positive).tolist()


# What is told


def test_what_is_read_aloud_is_the_same_result(widget):
    put(widget, weights=[1, 0, -3])
    errors = num_errors(*PROBLEMS["two groups"], [1, 0, -3])
    expect(readout(widget)).to_contain_text(f"{80 - errors} of 80 points on the right side")
    expect(readout(widget)).to_contain_text("1 error," if errors == 1 else f"{errors} errors,")
    cost = cross_entropy(*PROBLEMS["two groups"], [1, 0, -3])
    expect(readout(widget)).to_contain_text(f"Cross-entropy {cost:.4f}")
    label = widget.get_by_role("img").get_attribute("aria-label") or ""
    assert "1.00 x₁ + 0.00 x₂ + −3.00 = 0" in label
    assert widget.locator(".wrong").count() == errors


def test_attributes_are_read(page):
    made = page.evaluate(
        """async () => {
            const element = document.createElement("dlbook-perceptron");
            const given = { data: "XOR", kernel: "1 -0.5", bias: "0.25", "learning-rate": "0.5",
                rule: "mistakes" };
            Object.entries(given).forEach(([name, text]) => element.setAttribute(name, text));
            const other = document.createElement("dlbook-perceptron");
            const wrong = { data: "moons", kernel: "steep", bias: "2", "learning-rate": "much",
                "use-bias": "no" };
            Object.entries(wrong).forEach(([name, text]) => other.setAttribute(name, text));
            document.querySelector("article").append(element, other);
            while (!other.querySelector("svg")) {
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            const names = ["data", "weights", "learningRate", "rule", "useBias"];
            const found = [element, other].map((each) => names.map((name) => each[name]));
            element.remove();
            other.remove();
            return found;
        }"""
    )
    assert made[0] == ["XOR", [1, -0.5, 0.25], 0.5, "mistakes", True]
    assert made[1] == ["two groups", START, 0.1, "slopes", False]


def test_without_its_points_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-perceptron", "perceptron.json")
    expect(widget).to_have_text("Here stands a picture.")


# Mouse, finger, keyboard


def test_sliders_turn_the_line(page, widget):
    line = widget.locator("path.line")
    before = line.get_attribute("d")
    for place, name in enumerate(("Weight w₁", "Weight w₂", "Bias b")):
        widget.get_by_label(name, exact=True).focus()
        old = position(widget, name)
        page.keyboard.press("ArrowRight")
        assert position(widget, name) == pytest.approx(old + 0.05)
        assert value(widget, "weights")[place] == pytest.approx(START[place] + 0.05)
        after = line.get_attribute("d")
        assert after != before
        before = after


def test_buttons_learn_and_start_again(widget):
    widget.get_by_role("button", name="10 steps", exact=True).click()
    assert len(value(widget, "history")) == 11
    widget.get_by_role("button", name="1 step", exact=True).click()
    assert len(value(widget, "history")) == 12
    expect(readout(widget)).to_contain_text("After 11 steps: ")
    assert value(widget, "cost") < cross_entropy(*PROBLEMS["two groups"], START)
    widget.get_by_role("button", name="start again").click()
    assert value(widget, "history") == [START]


def test_without_a_bias_its_slider_is_off(widget):
    put(widget, weights=[1, 0, -3])
    widget.get_by_role("button", name="without bias").click()
    assert value(widget, "weights") == [1, 0, 0]
    expect(widget.get_by_label("Bias b", exact=True)).to_be_disabled()
    widget.get_by_role("button", name="with bias", exact=True).click()
    expect(widget.get_by_label("Bias b", exact=True)).to_be_enabled()


def test_buttons_choose_points_and_rule(widget):
    for group, choice, name in (("Points", "XOR", "data"), ("Learns by", "mistakes", "rule")):
        button = widget.get_by_role("group", name=group).get_by_role("button", name=choice)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        assert value(widget, name) == choice
    assert widget.locator(".point").count() == 60


def test_enter_unfolds_every_step_in_numbers(page, widget):
    learn(widget, 3)
    widget.get_by_text("Every step in numbers").focus()
    page.keyboard.press("Enter")
    rows = widget.locator("tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.last).to_be_visible()
    shown = [float(text.replace("−", "-")) for text in rows.last.locator("td").all_inner_texts()]
    weights = value(widget, "weights")
    cost = cross_entropy(*PROBLEMS["two groups"], weights)
    errors = num_errors(*PROBLEMS["two groups"], weights)
    assert shown == pytest.approx([*weights, cost, errors], abs=1e-6)
    page.keyboard.press("Enter")


def test_a_finger_learns_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = page.locator("dlbook-perceptron")
    widget.get_by_role("button", name="100 steps").tap()
    assert len(value(widget, "history")) == 101


def test_the_line_turns_for_the_eye(open_planted):
    page = open_planted(WIDGET)
    widget = page.locator("dlbook-perceptron")
    line = widget.locator("path.line")
    line.wait_for()
    before = line.get_attribute("d")
    at_once = widget.evaluate(
        "element => { element.learn(100); return element.querySelector('path.line').getAttribute('d'); }"  # noqa: E501
    )
    assert at_once == before
    page.wait_for_function(
        "d => document.querySelector('dlbook-perceptron path.line').getAttribute('d') !== d",
        arg=before,
    )


# For every reader


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    page = arrive_at_planted(WIDGET)
    widget = page.locator("dlbook-perceptron").first
    widget.get_by_role("button", name="1 step", exact=True).click()
    assert len(value(widget, "history")) == 2
    assert visits.ask(page, "undrawn") == []


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-perceptron")).to_contain_text("need JavaScript")
