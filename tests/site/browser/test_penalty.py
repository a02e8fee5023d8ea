"""A sum of waves with a penalty on its weights: they shrink as in scikit-learn."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sklearn.linear_model import ElasticNet, Ridge

from dlbook.generalization import overfitting
from tests.site.browser import visits
from tests.site.browser.test_capacity import PLACES
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

WIDGET = "<dlbook-penalty>Weights that shrink need JavaScript.</dlbook-penalty>"
COUNT = 20
PENALTIES = {"L1": (1, 0), "L2": (0, 1), "elastic net": (0.5, 0.5)}
SEEDS = range(widget_data.NUM_DRAWS)
STRONG = 5


class Fit(NamedTuple):
    """What scikit-learn finds."""

    weights: np.ndarray
    bias: float


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    page.locator("dlbook-penalty svg").wait_for()
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-penalty").first
    put(found, penalty="L1", strength=0, seed=0)
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


def features(x: np.ndarray) -> np.ndarray:
    """Sine and cosine of one to six swings."""
    swings = [np.pi * times * x for times in range(1, 7)]
    return np.column_stack([wave(angle) for angle in swings for wave in (np.sin, np.cos)])


def law(x: np.ndarray) -> np.ndarray:
    """The wave with its ripple."""
    return overfitting.wave(x) + overfitting.ripple(x)


@cache
def examples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The examples of one draw."""
    draw = widget_data.draws()[seed]
    x, deviation = (np.array(draw[name][:COUNT]) for name in ("x", "deviation"))
    return x, law(x) + overfitting.NOISE * deviation


@cache
def fit(penalty: str, strength: float, seed: int) -> Fit:
    """The weights and the bias of scikit-learn, whose cost is half of ours."""
    x, y = examples(seed)
    l1, l2 = (share * strength for share in PENALTIES[penalty])
    if l1 == 0:
        model = Ridge(alpha=COUNT * l2, solver="svd")
    else:
        ratio = (l1 / 2) / (l1 / 2 + l2)
        model = ElasticNet(l1 / 2 + l2, l1_ratio=ratio, tol=1e-14, max_iter=1_000_000)
    model.fit(features(x), y)
    return Fit(model.coef_, float(model.intercept_))


def fits(penalty: str, strength: float) -> list[Fit]:
    """What scikit-learn finds in all draws."""
    return [fit(penalty, strength, seed) for seed in SEEDS]


def curves(penalty: str, strength: float) -> np.ndarray:
    """What the models of all draws answer."""
    return np.array(
        [features(PLACES) @ each.weights + each.bias for each in fits(penalty, strength)]
    )


def errors(penalty: str, strength: float) -> dict[str, float]:
    """What the models of scikit-learn get wrong, on average over all draws."""
    training = []
    for seed, found in zip(SEEDS, fits(penalty, strength), strict=True):
        x, y = examples(seed)
        training.append(np.mean((features(x) @ found.weights + found.bias - y) ** 2))
    bias, variance = overfitting.bias_and_variance(curves(penalty, strength), law(PLACES))
    fresh = overfitting.NOISE**2 + bias + variance
    return {
        "training": float(np.mean(training)),
        "fresh": fresh,
        "bias": bias,
        "variance": variance,
    }


# The numbers


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("strength", [0, 0.001, 0.02, 0.1, 1, STRONG])
def test_weights_of_every_seed_are_those_of_scikit_learn(widget, penalty, strength):
    put(widget, penalty=penalty, strength=strength)
    for seed in SEEDS:
        put(widget, seed=seed)
        weights = np.array(value(widget, "weights"))
        expected = fit(penalty, strength, seed)
        assert weights == pytest.approx(expected.weights, abs=1e-9)
        assert value(widget, "bias") == pytest.approx(expected.bias, abs=1e-9)
        assert (weights == 0).tolist() == (expected.weights == 0).tolist()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_errors_of_every_strength_are_those_of_scikit_learn(widget, penalty):
    put(widget, penalty=penalty)
    found = value(widget, "errors")
    strengths = value(widget, "strengths")
    assert strengths[0] == 0
    assert strengths[-1] == STRONG
    for strength, error in list(zip(strengths, found, strict=True))[::3]:
        assert error["training"] == pytest.approx(errors(penalty, strength)["training"], rel=1e-8)
        for name, expected in errors(penalty, strength).items():
            assert error[name] == pytest.approx(expected, rel=1e-7, abs=1e-12), (strength, name)


def test_curves_are_those_of_scikit_learn(widget):
    put(widget, penalty="elastic net", strength=0.05)
    found = np.array(value(widget, "curves"))
    assert found == pytest.approx(curves("elastic net", 0.05), abs=1e-8)


def test_the_weights_of_the_law_are_the_law(page):
    places, names = page.evaluate(
        """async () => {
            const { PLACES } = await import(`${__md_scope}assets/js/noisy_wave.js`);
            const { WAVES } = await import(`${__md_scope}assets/js/penalties.js`);
            return [PLACES, WAVES.map(({ name }) => name)];
        }"""
    )
    assert places == pytest.approx(PLACES, abs=1e-15)
    weights = [{"sine 1": 1, "sine 3": 0.3}.get(name, 0) for name in names]
    assert features(PLACES) @ weights == pytest.approx(law(PLACES), abs=1e-12)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_stronger_penalty_costs_training_error_and_shrinks_weights(widget, penalty):
    put(widget, penalty=penalty)
    training = [error["training"] for error in value(widget, "errors")]
    assert (np.diff(training) >= -1e-12).all()
    sizes = []
    for strength in value(widget, "strengths"):
        put(widget, strength=strength)
        weights, share = np.array(value(widget, "weights")), PENALTIES[penalty]
        sizes.append(share[0] * np.abs(weights).sum() + share[1] * (weights**2).sum())
    assert (np.diff(sizes) <= 1e-12).all()


def test_l1_sets_weights_to_0_and_l2_does_not(widget):
    zeros = {}
    for penalty in PENALTIES:
        put(widget, penalty=penalty, strength=0.1)
        zeros[penalty] = value(widget, "weights").count(0)
    assert zeros["L1"] >= zeros["elastic net"] > zeros["L2"] == 0
    put(widget, penalty="L1", strength=STRONG)
    assert value(widget, "weights").count(0) == 12


# What is drawn and told


def test_bars_are_as_high_as_the_weights(widget):
    put(widget, strength=0.1)
    weights = np.array(value(widget, "weights"))
    without = fit("L1", 0, 0).weights
    panel = widget.locator("svg > g").first
    ticks = panel.locator("line.grid").evaluate_all("all => all.map(line => line.y1.baseVal.value)")
    unit = ticks[1] - ticks[2]  # from 0 to 1
    heights = "all => all.map(bar => bar.height.baseVal.value)"
    drawn = np.array(panel.locator("rect.bar").evaluate_all(heights)) / unit
    assert drawn == pytest.approx(np.abs(weights[weights != 0]), abs=1e-6)
    assert panel.locator("circle.zero").count() == (weights == 0).sum() > 0
    drawn = np.array(panel.locator("rect.without").evaluate_all(heights)) / unit
    assert drawn == pytest.approx(np.abs(without), abs=1e-6)
    lines = panel.locator("line.law").evaluate_all("all => all.map(line => line.y1.baseVal.value)")
    assert (ticks[1] - np.array(lines)) / unit == pytest.approx([1, 0.3])


def test_the_picture_shows_every_draw_and_where_the_strength_stands(widget):
    assert widget.locator("path.draw").count() == len(SEEDS)
    assert widget.locator("circle.example").count() == COUNT
    axes = widget.locator("svg > g").last.locator(".dlbook-axes")
    for strength in (0, 0.1, 1):
        put(widget, strength=strength)
        place = float(widget.locator("line.here").get_attribute("x1") or "nan")
        labels = axes.locator("text[text-anchor=middle]").filter(has_text=f"{strength}")
        places = [float(label.get_attribute("x") or "nan") for label in labels.all()]
        assert place == pytest.approx(places[0 if strength != 1 else -1])


def test_what_is_read_aloud_is_the_same_result(widget):
    put(widget, strength=0.1, seed=4)
    weights, without = fit("L1", 0.1, 4).weights, fit("L1", 0, 4).weights
    told, none = errors("L1", 0.1), errors("L1", 0)
    expect(readout(widget)).to_contain_text(
        f"With L1 of strength 0.1, seed 4: {(weights == 0).sum()} of 12 weights are 0, sum of "
        f"sizes {np.abs(weights).sum():.2f} (without penalty {np.abs(without).sum():.2f}). Mean of "
        f"20 draws: training error {told['training']:.3f}, fresh error {told['fresh']:.3f} "
        f"(without penalty {none['training']:.3f} and {none['fresh']:.3f}). The lowest fresh error"
    )
    strengths, found = value(widget, "strengths"), value(widget, "errors")
    best = strengths[int(np.argmin([error["fresh"] for error in found]))]
    expect(readout(widget)).to_contain_text(
        f"{errors('L1', best)['fresh']:.3f}, has strength {best}."
    )
    label = widget.get_by_role("img").get_attribute("aria-label") or ""
    assert f"sine 1 {weights[0]:.2f}" in label
    assert label.count("sine ") == (weights != 0).sum()
    put(widget, strength=STRONG)
    label = widget.get_by_role("img").get_attribute("aria-label") or ""
    assert "that are not 0: none." in label


def test_enter_unfolds_weights_and_strengths_in_numbers(page, widget):
    put(widget, strength=0.02)
    tables = widget.locator("details")
    for title, count in (("Every weight in numbers", 12), ("Every strength in numbers", 24)):
        widget.get_by_text(title).focus()
        page.keyboard.press("Enter")
        rows = tables.filter(has_text=title).locator("tbody tr")
        expect(rows).to_have_count(count)
        expect(rows.last).to_be_visible()
    rows = tables.first.locator("tbody tr")
    texts = [row.locator("td").all_inner_texts() for row in rows.all()]
    shown = np.array([[float(text.replace("−", "-")) for text in row] for row in texts])
    expected = [fit("L1", 0, 0).weights, fit("L1", 0.02, 0).weights]
    assert shown[:, 1] == pytest.approx(expected[0], abs=1e-6)
    assert shown[:, 2] == pytest.approx(expected[1], abs=1e-6)
    row = tables.last.locator("tbody tr").nth(value(widget, "strengths").index(0.02))
    shown = [float(text) for text in row.locator("td").all_inner_texts()]
    zeros = np.mean([(found.weights == 0).sum() for found in fits("L1", 0.02)])
    assert shown == pytest.approx([*errors("L1", 0.02).values(), zeros], abs=1e-6)
    for title in ("Every weight in numbers", "Every strength in numbers"):
        widget.get_by_text(title).click()


def test_attributes_are_read(page):
    made = page.evaluate(
        """async () => {
            const element = document.createElement("dlbook-penalty");
            const given = { penalty: "elastic net", strength: "0.05", seed: "4" };
            Object.entries(given).forEach(([name, text]) => element.setAttribute(name, text));
            const other = document.createElement("dlbook-penalty");
            const wrong = { penalty: "L3", strength: "0.0123", seed: "20" };
            Object.entries(wrong).forEach(([name, text]) => other.setAttribute(name, text));
            document.querySelector("article").append(element, other);
            while (!other.querySelector("svg")) {
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            const names = ["penalty", "strength", "seed"];
            const found = [element, other].map((each) => names.map((name) => each[name]));
            element.remove();
            other.remove();
            return found;
        }"""
    )
    assert made == [["elastic net", 0.05, 4], ["L1", 0, 0]]


def test_without_its_examples_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-penalty", "noisy_wave.json")
    expect(widget).to_have_text("Here stands a picture.")


# Mouse, finger, keyboard


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_button_chooses_the_penalty(page, widget, penalty):
    put(widget, penalty="L2" if penalty == "L1" else "L1", strength=0.1)
    button = widget.get_by_role("button", name=penalty, exact=True)
    button.focus()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert widget.locator("[aria-pressed=true]").count() == 1
    assert value(widget, "weights") == pytest.approx(fit(penalty, 0.1, 0).weights, abs=1e-9)


def test_arrows_move_every_slider(page, widget):
    widget.get_by_label("Strength", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert value(widget, "strength") == 0.001
    page.keyboard.press("End")
    assert value(widget, "strength") == STRONG
    widget.get_by_label("In green", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert value(widget, "seed") == 1


def test_tab_reaches_every_control(page, widget):
    widget.get_by_role("button", name="L1", exact=True).focus()
    names = []
    for _ in range(7):
        label = "(element => element.labels?.[0] ?? element)(document.activeElement).textContent"
        names.append(page.evaluate(label))
        page.keyboard.press("Tab")
    tables = ("Every weight in numbers", "Every strength in numbers")
    assert names == [*PENALTIES, "Strength", "In green", *tables]


def test_a_slider_says_what_it_stands_for(widget):
    put(widget, strength=0.07, seed=3)
    for label, said in (("Strength", "0.07"), ("In green", "seed 3")):
        expect(widget.get_by_label(label, exact=True)).to_have_attribute("aria-valuetext", said)


def test_a_finger_shrinks_the_weights_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = page.locator("dlbook-penalty")
    widget.get_by_role("button", name="L2").tap()
    slider = widget.get_by_label("Strength", exact=True)
    box = slider.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert value(widget, "strength") == STRONG
    assert position(widget, "Strength") == 23
    assert value(widget, "penalty") == "L2"


# For every reader


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_no_word_of_the_picture_lies_on_another(page, widget, width):
    assert overlaps_at(page, widget, width, penalty="elastic net", seed=19) == []


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET.replace("<dlbook-penalty", '<dlbook-penalty strength="0.1"')) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    page = arrive_at_planted(WIDGET)
    widget = page.locator("dlbook-penalty").first
    widget.get_by_label("Strength", exact=True).press("End")
    assert value(widget, "strength") == STRONG
    assert visits.ask(page, "undrawn") == []


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-penalty")).to_contain_text("need JavaScript")
