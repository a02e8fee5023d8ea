"""A ball on a landscape, dropped by mouse, finger, keyboard and script: it rolls as in Python."""

from collections.abc import Callable
from functools import partial
from itertools import product

import keras
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dlbook.descent import dynamic_learning_rate as dynamic
from dlbook.descent import gradient_descent_algorithm as algorithm
from tests.site.browser import visits
from tests.site.browser.widgets import put, readout, value, widths

pytestmark = pytest.mark.browser

WIDGET = "<dlbook-landscape>A map of a landscape needs JavaScript.</dlbook-landscape>"
STEEPNESS = np.array([1.0, 25.0])
GRADIENTS: dict[str, Callable] = {
    "peaks": algorithm.peaks_gradient,
    "saddle": lambda place: np.asarray(place) * [2.0, -2.0],
    "ravine": lambda place: np.asarray(place) * STEEPNESS,
}
HEIGHTS: dict[str, Callable] = {
    "peaks": algorithm.peaks,
    "saddle": lambda place: np.square(place) @ [1.0, -1.0],
    "ravine": lambda place: np.square(place) @ STEEPNESS / 2,
}
OPTIMIZERS = {
    "gradient descent": keras.optimizers.SGD,
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "RMSprop": keras.optimizers.RMSprop,
    "Adam": keras.optimizers.Adam,
}
ROUNDED = {"momentum": 1e-6, "Adam": 2e-5}
"""Keras rounds 0.9 and 0.999 to 32 bits, whatever the type of the variables."""
VIEWS = {"peaks": 3, "saddle": 2, "ravine": 3}


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    return still(WIDGET)


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-landscape").first
    put(found, landscape="peaks", optimizer="gradient descent", learningRate=0.01, steps=1000)
    put(found, start=[0, 1.4])
    center(found)
    return found


def center(widget: Locator) -> None:
    widget.evaluate("element => element.scrollIntoView({ block: 'center' })")


def path(widget: Locator) -> np.ndarray:
    return np.array(value(widget, "path"))


def keras_walk(landscape: str, optimizer: str, start: list, rate: float, steps: int) -> np.ndarray:
    """The walk of Keras' own optimizer, in double precision, to the border of the map."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        place = keras.Variable(start, dtype="float64")
        stepper = OPTIMIZERS[optimizer](rate)
        stepper.build([place])
        places = [np.array(place.numpy())]
        while len(places) <= steps and np.abs(places[-1]).max() <= VIEWS[landscape]:
            gradient = keras.ops.convert_to_tensor(GRADIENTS[landscape](places[-1]), "float64")
            stepper.apply([gradient], [place])
            places.append(np.array(place.numpy()))
    finally:
        keras.config.set_floatx(before)
    return np.array(places)


# The numbers


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05])
def test_gradient_descent_is_that_of_the_chapter(widget, rate):
    for start in ([0, 1.4], [1.03, 0.97], [-1, -1]):
        put(widget, learningRate=rate, steps=200, start=start)
        expected = algorithm.descend(algorithm.peaks_gradient, start, rate, epochs=200)
        found = path(widget)
        assert found == pytest.approx(expected[: len(found)], abs=1e-9)
        assert len(found) == 201


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("landscape", GRADIENTS)
def test_every_optimizer_walks_as_in_keras(widget, landscape, optimizer):
    put(widget, landscape=landscape, optimizer=optimizer, steps=60)
    for start, rate in product(([1.5, 0.3], [-0.5, 1.25]), (0.01, 0.05)):
        put(widget, start=start, learningRate=rate)
        expected = keras_walk(landscape, optimizer, start, rate, steps=60)
        found = path(widget)
        assert found.shape == expected.shape
        assert found == pytest.approx(expected, abs=ROUNDED.get(optimizer, 1e-12))


def test_momentum_is_a_velocity_that_loses_a_tenth_at_each_step(widget):
    put(widget, optimizer="momentum", steps=60)
    places, velocity = [np.array([0, 1.4])], np.zeros(2)
    for _ in range(60):
        velocity = 0.9 * velocity - 0.01 * algorithm.peaks_gradient(places[-1])
        places.append(places[-1] + velocity)
    assert path(widget) == pytest.approx(np.array(places), abs=1e-12)


def test_rmsprop_and_adam_are_those_of_the_chapter(widget):
    put(widget, landscape="ravine", steps=300, learningRate=0.02, start=[-2.5, 1])
    rules = {"RMSprop": dynamic.rmsprop_step, "Adam": dynamic.adam_step}
    for name, step in rules.items():
        put(widget, optimizer=name)
        rule = partial(step, learning_rate=0.02)
        expected = dynamic.descend_by(rule, GRADIENTS["ravine"], [-2.5, 1], epochs=300)
        assert path(widget) == pytest.approx(expected, abs=1e-12)


def test_heights_and_slopes_are_those_of_the_chapters(page):
    places = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    found = page.evaluate(
        """async places => {
            const { LANDSCAPES } = await import(`${__md_scope}assets/js/landscapes.js`);
            const measure = ({ height, gradient }) => places.map(([x, y]) => [height(x, y), ...gradient(x, y)]);
            return Object.fromEntries(Object.entries(LANDSCAPES).map(([name, it]) => [name, measure(it)]));
        }""",  # noqa: E501
        places.tolist(),
    )
    assert set(found) == set(HEIGHTS)
    for name, measured in found.items():
        expected = np.column_stack([HEIGHTS[name](places), GRADIENTS[name](places)])
        assert np.array(measured) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_minima_on_the_map_are_those_of_the_chapter(page):
    points = page.evaluate(
        "import(`${__md_scope}assets/js/landscapes.js`).then(it => it.LANDSCAPES.peaks.points)"
    )
    assert [point["at"] for point in points] == algorithm.MINIMA.tolist()


def test_where_it_ends_is_where_the_chapter_says(widget):
    starts = [[x, y] for x, y in product(algorithm.AXIS[::2], algorithm.AXIS[::2])]
    put(widget, steps=1000, learningRate=0.01)
    found = widget.evaluate(
        """(element, starts) => starts.map(start => {
            element.start = start;
            return [element.state, element.path.at(-1)];
        })""",
        starts,
    )
    ends = np.array(
        [algorithm.descend(algorithm.peaks_gradient, at, 0.01, epochs=1000)[-1] for at in starts]
    )
    on_the_map = np.abs(ends).max(axis=1) <= VIEWS["peaks"]
    reached = (algorithm.minimum_reached(ends) >= 0) & on_the_map
    assert [state == "minimum" for state, _ in found] == reached.tolist()
    assert {state for state, _ in found} >= {"minimum", "moving"}


def test_lines_of_equal_height_are_closed_and_lie_at_their_level(page):
    found = page.evaluate(
        """async () => {
            const { rings } = await import(`${__md_scope}assets/js/contours.js`);
            const heights = Array.from({ length: 41 }, (_, row) =>
                Array.from({ length: 41 }, (_, column) => Math.hypot(column - 20, row - 20)));
            return [rings(heights, 8), rings(heights, 100), rings(heights, -1)];
        }"""
    )
    circle, everything, nothing = found
    assert len(circle) == 1
    centered = np.array(circle[0]) - 20
    assert np.hypot(*centered.T) == pytest.approx(8, abs=0.05)
    ring = np.vstack([centered, centered[:1]])
    area = np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1]) / 2
    assert abs(area) == pytest.approx(np.pi * 64, rel=0.01)
    assert len(everything) == 1
    assert np.array(everything[0]).min() == 0
    assert np.array(everything[0]).max() == 40
    assert nothing == []


# The end is told


@pytest.mark.parametrize(
    ("setting", "state", "words"),
    [
        ({"start": [1, -1]}, "minimum", "the deepest minimum, (0.228, −1.625)"),
        ({"start": [0, 1.4]}, "minimum", "a minimum that is not the deepest, (0.296, 0.320)"),
        ({"steps": 20}, "moving", "still moving"),
        ({"start": [-2.9, -2.9]}, "flat", "flat ground"),
        ({"learningRate": 0.5}, "left", "left the map at step"),
        ({"landscape": "saddle", "start": [1.5, 0]}, "saddle", "stuck on the saddle"),
        ({"landscape": "saddle", "start": [1.5, 1e-6]}, "left", "left the map"),
        ({"landscape": "ravine", "learningRate": 0.1}, "left", "left the map"),
        ({"landscape": "ravine", "learningRate": 0.05}, "minimum", "arrived at the minimum"),
        (
            {"landscape": "ravine", "optimizer": "RMSprop", "learningRate": 0.1},
            "circling",
            "comes no closer",
        ),
    ],
)
def test_the_end_is_told(widget, setting, state, words):
    put(widget, **setting)
    assert value(widget, "state") == state
    expect(widget).to_have_attribute("data-state", state)
    expect(readout(widget)).to_contain_text(words)


def test_it_does_not_speak_of_a_minimum_too_early(widget):
    put(widget, start=[1, -1], learningRate=0.002)
    expected = algorithm.descend(algorithm.peaks_gradient, [1, -1], 0.002, epochs=400)
    told = widget.evaluate(
        """element => Array.from({ length: 401 }, (_, steps) => {
            element.steps = steps;
            return element.state === "minimum";
        })"""
    )
    assert told == (algorithm.minimum_reached(expected) == 0).tolist()
    assert 0 < sum(told) < 350


def test_a_saddle_is_left_after_as_many_steps_as_in_python(widget):
    put(widget, landscape="saddle", start=[1.5, 1e-6])
    steps = int(np.ceil(np.log(2 / 1e-6) / np.log(1.02)))
    assert len(path(widget)) == steps + 1


def test_what_is_read_aloud_is_the_same_result(widget):
    put(widget, steps=7)
    x, y = (f"{number:.4f}".replace("-", "−") for number in path(widget)[-1])
    expect(readout(widget)).to_contain_text(f"after 7 steps: x = {x}, y = {y}")
    label = widget.get_by_role("img").get_attribute("aria-label") or ""
    assert "gradient descent and learning rate 0.01" in label
    assert "7 steps" in label


def test_attributes_are_read_and_brought_into_range(page):
    made = page.evaluate_handle(
        """() => {
            const element = document.createElement("dlbook-landscape");
            const given = { landscape: "ravine", optimizer: "Adam", "learning-rate": "0.06",
                steps: "90", start: "-2, 0.5" };
            Object.entries(given).forEach(([name, text]) => element.setAttribute(name, text));
            const other = document.createElement("dlbook-landscape");
            const wrong = { landscape: "moon", optimizer: "luck", "learning-rate": "much",
                start: "9 9" };
            Object.entries(wrong).forEach(([name, text]) => other.setAttribute(name, text));
            document.querySelector("article").append(element, other);
            const names = ["landscape", "optimizer", "learningRate", "steps", "start"];
            const found = [element, other].map((each) => names.map((name) => each[name]));
            element.remove();
            other.remove();
            return found;
        }"""
    ).json_value()
    assert found_numbers(made[0]) == ["ravine", "Adam", 0.07, 100, [-2, 0.5]]
    assert found_numbers(made[1])[:2] == ["peaks", "gradient descent"]
    assert found_numbers(made[1])[4] == [0, 1.4]


def found_numbers(properties: list) -> list:
    """Properties with their floating-point dust removed."""
    return [round(each, 9) if isinstance(each, float) else each for each in properties]


# The mouse


def test_a_click_drops_the_ball_there(page, widget):
    box = widget.locator("rect.border").bounding_box()
    assert box is not None
    for x, y in ((1, -1), (-2, 2.5)):
        across = box["x"] + box["width"] * (x + 3) / 6
        page.mouse.click(across, box["y"] + box["height"] * (3 - y) / 6)
        assert value(widget, "start") == pytest.approx([x, y], abs=0.04)
        assert path(widget)[0].tolist() == value(widget, "start")


def test_under_the_mouse_the_height_is_told(page, widget):
    box = widget.locator("rect.border").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(widget.locator(".dlbook-here")).to_contain_text("height")
    page.mouse.move(0, 0)


def test_buttons_choose_landscape_optimizer_and_start(widget):
    for name, choice in (("landscape", "ravine"), ("optimizer", "Adam")):
        button = widget.get_by_role("button", name=choice, exact=True)
        button.click()
        assert value(widget, name) == choice
        expect(button).to_have_attribute("aria-pressed", "true")
    assert widget.locator("[aria-pressed=true]").count() == 2
    widget.get_by_role("button", name="Start at (0.5, 1.5)").click()
    assert value(widget, "start") == [0.5, 1.5]


def test_the_picture_moves_with_the_numbers(widget):
    line = widget.locator("path.steps")
    before = line.get_attribute("d")
    put(widget, start=[1, 1])
    assert line.get_attribute("d") != before
    ground = widget.locator("path.lower").first.get_attribute("d")
    put(widget, landscape="saddle")
    assert widget.locator("path.lower").first.get_attribute("d") != ground
    assert widget.locator("path.lower").count() == 12


def test_the_ball_rolls_for_the_eye(open_planted):
    page = open_planted(WIDGET)
    widget = page.locator("dlbook-landscape")
    widget.get_by_role("button", name="Start at (1, 1)").click()
    rolling = widget.locator("path.steps").get_attribute("d") or ""
    arrived = widget.evaluate(
        """async element => {
            const line = () => element.querySelector("path.steps").getAttribute("d");
            const end = performance.now() + 10000;
            let before = "";
            while ((line() !== before || performance.now() < end - 8000) && performance.now() < end) {
                before = line();
                await new Promise((resolve) => setTimeout(resolve, 200));
            }
            return line();
        }"""  # noqa: E501
    )
    assert len(rolling) < len(arrived)
    assert value(widget, "state") == "minimum"


def test_a_finger_drops_the_ball_on_a_phone(open_planted):
    phone = {"width": visits.PHONE, "height": 740}
    page = open_planted(WIDGET, viewport=phone, has_touch=True, reduced_motion="reduce")
    widget = page.locator("dlbook-landscape")
    center(widget.locator("svg"))
    box = widget.locator("rect.border").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert value(widget, "start") == pytest.approx([0, 0], abs=0.05)


# The keyboard


def test_arrows_move_a_cross_and_enter_drops_the_ball(page, widget):
    widget.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    here = widget.locator(".dlbook-here[role=status]")
    height = f"{algorithm.peaks([0.1, 1.5]):.3f}"
    expect(here).to_have_text(f"The ground at (0.1, 1.5): height {height}")
    assert value(widget, "start") == [0, 1.4]
    page.keyboard.press("Enter")
    assert value(widget, "start") == pytest.approx([0.1, 1.5])
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Space")
    assert value(widget, "start") == pytest.approx([0.1, 1.0])
    for _ in range(9):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    assert value(widget, "start") == pytest.approx([-3, 1.0])


def test_arrows_move_the_sliders(page, widget):
    widget.get_by_label("Learning rate", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert value(widget, "learningRate") == pytest.approx(0.015)
    page.keyboard.press("End")
    assert value(widget, "learningRate") == 1
    widget.get_by_label("Steps", exact=True).focus()
    page.keyboard.press("Home")
    assert value(widget, "steps") == 1
    assert widget.get_by_label("Steps", exact=True).get_attribute("aria-valuetext") == "1"


def test_enter_unfolds_every_step_in_numbers(page, widget):
    put(widget, steps=30)
    summary = widget.get_by_text("Every step in numbers")
    summary.focus()
    page.keyboard.press("Enter")
    rows = widget.locator("tbody tr")
    expect(rows).to_have_count(31)
    expect(rows.first).to_be_visible()
    shown = [float(text.replace("−", "-")) for text in rows.nth(30).locator("td").all_inner_texts()]
    end = path(widget)[-1]
    slope = np.linalg.norm(algorithm.peaks_gradient(end))
    assert shown == pytest.approx([*end, algorithm.peaks(end), slope], abs=1e-6)
    page.keyboard.press("Enter")


def test_of_a_long_walk_every_tenth_step_and_the_last_are_listed(widget):
    put(widget, steps=700, start=[1, 1])
    rows = widget.locator("tbody tr")
    expect(rows).to_have_count(71)
    assert rows.nth(1).locator("th").text_content() == "10"
    assert rows.last.locator("th").text_content() == "700"


# For every reader


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    page = arrive_at_planted(WIDGET)
    widget = page.locator("dlbook-landscape").first
    widget.get_by_role("button", name="Start at (1, 1)").click()
    assert value(widget, "start") == [1, 1]
    assert visits.ask(page, "undrawn") == []


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-landscape")).to_contain_text("needs JavaScript")
