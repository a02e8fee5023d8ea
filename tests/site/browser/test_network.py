"""A small network with all its numbers: forward, back and updated as in Python."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dlbook.networks import backpropagation
from tests.site.browser import visits
from tests.site.browser.widgets import overlaps_at, put, readout, value, widths

pytestmark = pytest.mark.browser

WIDGET = "<dlbook-network>A network with its numbers needs JavaScript.</dlbook-network>"
INPUTS, LAYERS, TARGET = backpropagation.worked_example()
FIELDS = (
    *("Weight x₁ to h₁", "Weight x₁ to h₂", "Weight x₂ to h₁", "Weight x₂ to h₂"),
    *("Bias of h₁", "Bias of h₂", "Weight h₁ to z", "Weight h₂ to z", "Bias of z"),
)


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    return still(WIDGET)


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-network").first
    put(found, way="forward values", learningRate=0.5, inputs=[1, 2], target=1)
    put(found, layers=as_lists(LAYERS))
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


def as_lists(layers: Sequence) -> list:
    """Layers as the widget has them."""
    return [[kernel.tolist(), bias.tolist()] for kernel, bias in layers]


def packed(layers: Sequence) -> np.ndarray:
    """All numbers of the widget's layers in one row, in the order of the chapter."""
    return backpropagation.pack([(np.array(kernel), np.array(bias)) for kernel, bias in layers])


def words(widget: Locator, name: str) -> list[str]:
    """The texts of one kind in the picture."""
    return widget.locator(f"svg text.{name}").all_text_contents()


# The numbers


def test_it_begins_with_the_example_of_the_chapter(open_planted):
    widget = open_planted(WIDGET).locator("dlbook-network")
    assert value(widget, "inputs") == INPUTS[0].tolist()
    assert value(widget, "target") == TARGET.item()
    assert value(widget, "layers") == as_lists(LAYERS)


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("seed", range(8))
def test_forward_and_back_are_those_of_the_chapter(widget, seed, target):
    layers = backpropagation.first_layers(seed, "2-2-1")
    inputs = np.random.default_rng(seed).normal(size=(1, 2))
    put(widget, inputs=inputs[0].tolist(), target=target, layers=as_lists(layers))
    activations = backpropagation.forward(inputs, layers)
    y_true = np.array([[target]])
    for found, expected in zip(value(widget, "activations"), activations, strict=True):
        assert found == pytest.approx(expected[0], abs=1e-12)
    cost = backpropagation.cost(activations[-1], y_true)
    assert value(widget, "loss") == pytest.approx(float(cost), abs=1e-12)
    gradients = backpropagation.backward(activations, layers, y_true)
    found = packed(value(widget, "gradients"))
    assert found == pytest.approx(backpropagation.pack(gradients), abs=1e-12)


def test_its_gradients_are_those_of_automatic_differentiation(widget):
    gradients = backpropagation.tape_gradients(INPUTS, LAYERS, TARGET)
    found = packed(value(widget, "gradients"))
    assert found == pytest.approx(backpropagation.pack(gradients), abs=1e-12)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_updates_are_those_of_the_chapter(widget, rate):
    put(widget, learningRate=rate, target=0)
    layers, inputs, y_true = LAYERS, INPUTS, np.array([[0.0]])
    for step in range(1, 16):
        activations = backpropagation.forward(inputs, layers)
        gradients = backpropagation.backward(activations, layers, y_true)
        layers = backpropagation.update(layers, gradients, rate)
        widget.evaluate("element => element.update()")
        assert len(value(widget, "history")) == step + 1
        found = packed(value(widget, "layers"))
        assert found == pytest.approx(backpropagation.pack(layers), abs=1e-12)


def test_a_very_sure_network_has_a_finite_loss(widget):
    put(widget, layers=as_lists([(kernel * 100, bias * 100) for kernel, bias in LAYERS]))
    activations = backpropagation.forward(INPUTS, [(k * 100, b * 100) for k, b in LAYERS])
    cost = float(backpropagation.cost(activations[-1], TARGET))
    assert value(widget, "loss") == pytest.approx(cost, rel=1e-12)


# What is drawn and told


def test_on_the_way_forward_the_picture_shows_values_and_weights(widget):
    assert words(widget, "value") == ["1", "2", "1.5", "2", "0"]
    assert words(widget, "weight") == ["0.5", "−1", "0.5", "1", "1", "−1"]
    assert [text for text in words(widget, "below") if text] == [
        *("bias 0", "bias 1", "bias 0.5", "loss 0.69"),
    ]


def test_on_the_way_back_the_picture_shows_blame_and_gradients(widget):
    widget.get_by_role("button", name="backward gradients").click()
    assert words(widget, "value") == ["1", "2", "−0.5", "0.5", "−0.5"]
    assert words(widget, "weight") == ["−0.5", "0.5", "−1", "1", "−0.75", "−1"]
    assert "gave 1.5" in words(widget, "below")
    label = widget.get_by_role("img").get_attribute("aria-label") or ""
    assert "blame of the output is −0.5, of the hidden nodes −0.5, 0.5" in label


def test_a_node_that_gives_nothing_gets_no_blame(widget):
    put(widget, inputs=[-3, 1])
    hidden = backpropagation.forward(np.array([[-3.0, 1.0]]), LAYERS)[1][0]
    assert (hidden == 0).tolist() == [True, False]
    expect(readout(widget)).to_contain_text("h₁ gives 0: no blame passes there.")
    assert widget.locator("circle.off").count() == 1
    assert value(widget, "gradients")[0][1][0] == 0


def test_what_is_read_aloud_is_the_same_result(widget):
    expect(readout(widget)).to_contain_text("p = 0.5000, target 1, loss = 0.6931")
    widget.evaluate("element => element.update(3)")
    expect(readout(widget)).to_contain_text("After 3 updates: p = 0.")
    assert value(widget, "loss") < np.log(2)


def test_every_number_is_explained(page, widget):
    widget.get_by_text("Every number, and how it is computed").click()
    rows = widget.locator("details").first.locator("tbody tr")
    table = dict(zip(rows.locator("th").all_inner_texts(), rows.all_inner_texts(), strict=True))
    assert len(table) == 16
    assert "1 × 0.5 + 2 × 0.5 + 0" in table["sum of h₁"]
    assert "ReLU(2)" in table["h₂"]
    assert "1.5 × 1 + 2 × (−1) + 0.5" in table["z"]
    assert "(−0.5) × (−1)" in table["blame of h₂"]
    assert "2 × (−0.5)" in table["gradient x₂ → h₁"]
    assert table["gradient x₂ → h₁"].endswith("−1.000000")
    widget.get_by_text("Every number, and how it is computed").click()


def test_attributes_are_read(page):
    made = page.evaluate(
        """() => {
            const element = document.createElement("dlbook-network");
            const given = { inputs: "0.5 -1", target: "0", "learning-rate": "0.1",
                weights: "1 2 3 4 5 6 7 8 9" };
            Object.entries(given).forEach(([name, text]) => element.setAttribute(name, text));
            const other = document.createElement("dlbook-network");
            const wrong = { inputs: "1 2 3", target: "maybe", "learning-rate": "7", weights: "1" };
            Object.entries(wrong).forEach(([name, text]) => other.setAttribute(name, text));
            document.querySelector("article").append(element, other);
            const names = ["inputs", "target", "learningRate", "layers"];
            const found = [element, other].map((each) => names.map((name) => each[name]));
            element.remove();
            other.remove();
            return found;
        }"""
    )
    weights = backpropagation.unpack(np.arange(1.0, 10.0), LAYERS)
    assert made[0] == [[0.5, -1], 0, 0.1, as_lists(weights)]
    assert made[1] == [[1, 2], 1, 0.5, as_lists(LAYERS)]


# Mouse, finger, keyboard


@pytest.mark.parametrize(("place", "name"), [*enumerate(FIELDS)])
def test_every_weight_can_be_typed(widget, place, name):
    before = packed(value(widget, "layers"))
    widget.get_by_label(name, exact=True).fill("-0.75")
    after = packed(value(widget, "layers"))
    assert after[place] == -0.75
    assert np.delete(after, place).tolist() == np.delete(before, place).tolist()


@pytest.mark.parametrize(("place", "name"), [(0, "Input x₁"), (1, "Input x₂")])
def test_every_input_can_be_typed(widget, place, name):
    widget.get_by_label(name, exact=True).fill("3.5")
    assert value(widget, "inputs")[place] == 3.5


def test_a_number_is_typed_digit_by_digit_with_the_keyboard(page, widget):
    field = widget.get_by_label("Bias of z", exact=True)
    field.focus()
    page.keyboard.press("Control+a")
    for key in "-1.05":
        page.keyboard.press(key)
    assert value(widget, "layers")[1][1] == [-1.05]
    assert field.input_value() == "-1.05"
    page.keyboard.press("ArrowUp")
    assert value(widget, "layers")[1][1][0] > -1.05
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    assert value(widget, "layers")[1][1][0] > -1.05  # an empty field changes nothing


def test_buttons_set_the_target_update_and_start_again(page, widget):
    widget.get_by_role("button", name="0", exact=True).click()
    assert value(widget, "target") == 0
    widget.get_by_role("button", name="update all weights").click()
    widget.get_by_role("button", name="10 updates").focus()
    page.keyboard.press("Enter")
    assert len(value(widget, "history")) == 12
    rows = widget.locator("details").last.locator("tbody tr")
    expect(rows).to_have_count(12)
    shown = [float(text.replace("−", "-")) for text in rows.last.locator("td").all_text_contents()]
    assert shown[1] == pytest.approx(value(widget, "loss"), abs=1e-6)
    assert shown[2:] == pytest.approx(packed(value(widget, "layers")), abs=1e-6)
    widget.get_by_role("button", name="start again").click()
    assert len(value(widget, "history")) == 1
    assert value(widget, "layers") == as_lists(LAYERS)
    assert value(widget, "target") == 1


def test_arrows_move_the_learning_rate(page, widget):
    widget.get_by_label("Learning rate", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert value(widget, "learningRate") == 1


def test_a_finger_updates_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = page.locator("dlbook-network")
    widget.get_by_role("button", name="update all weights").tap()
    assert len(value(widget, "history")) == 2


# For every reader


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
@pytest.mark.parametrize("way", ["forward values", "backward gradients"])
def test_no_word_of_the_picture_lies_on_another(page, widget, way, width):
    layers = as_lists([(k - 2.13, b - 1.27) for k, b in LAYERS])
    assert overlaps_at(page, widget, width, way=way, layers=layers) == []


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted, way):
    html = WIDGET.replace("<dlbook-network", f'<dlbook-network show="{way}"')
    assert visit_planted(html) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    page = arrive_at_planted(WIDGET)
    widget = page.locator("dlbook-network").first
    widget.get_by_role("button", name="update all weights").click()
    assert len(value(widget, "history")) == 2
    assert visits.ask(page, "undrawn") == []


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-network")).to_contain_text("needs JavaScript")
