"""A generator of digits and its discriminator: the numbers of Keras, by hand and by keyboard."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dlbook.lab.adversaries import Adversaries, build_discriminator, build_generator
from dlbook.lab.judged_digits import pictures
from dlbook.lab.sample_quality import frechet_distance
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

WIDGET = "<dlbook-generator>The generator needs JavaScript.</dlbook-generator>"
FILE = Path(__file__).resolve().parents[3] / "docs" / "assets" / "data" / "gan_digits.json"
TOLD: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
CLOSE = 1e-5


def weights(name: str) -> list[np.ndarray]:
    """All weights of a network of the file, in Keras' order."""
    packed = [layer[part] for layer in TOLD[name]["layers"] for part in ("kernel", "bias")]
    numbers = [np.frombuffer(base64.b64decode(one["base64"]), "<f2") for one in packed]
    shaped = zip(numbers, packed, strict=True)
    return [one.astype("float32").reshape(each["shape"]) for one, each in shaped]


@pytest.fixture(scope="module")
def pair() -> Adversaries:
    """Generator and discriminator with the weights of the file."""
    networks = build_generator(16, 64, activation="sigmoid"), build_discriminator(64)
    for network, name in zip(networks, ("generator", "discriminator"), strict=True):
        network.set_weights(weights(name))
    return Adversaries(*networks)


def judged(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features and scores of the classifier of the file."""
    first, first_bias, second, second_bias, third, third_bias = weights("judge")
    hidden = np.maximum(images @ first + first_bias, 0)
    features = np.maximum(hidden @ second + second_bias, 0)
    return features, features @ third + third_bias


def sigmoid(logits: Any) -> np.ndarray:
    """Probabilities."""
    return 1 / (1 + np.exp(-np.asarray(logits, dtype=float)))


def wait_for(page: Page) -> Locator:
    """The widget, with its networks."""
    found = page.locator("dlbook-generator").first
    found.scroll_into_view_if_needed()
    found.locator("circle").first.wait_for()
    return found


@pytest.fixture(scope="module")
def page(still: Callable[..., Page]) -> Page:
    """A page with the widget, on which nothing moves by itself."""
    page = still(WIDGET)
    wait_for(page)
    return page


@pytest.fixture
def widget(page: Page) -> Locator:
    """The widget, as it is at first."""
    found = page.locator("dlbook-generator").first
    put(found, points=TOLD["points"][:2], share=0.5)
    found.evaluate("element => element.scrollIntoView({ block: 'center' })")
    return found


# The numbers


def test_what_the_file_says_of_its_networks_is_so(pair):
    data, tested = pictures("digits"), TOLD["tested"]
    fake = pair.generate(len(data.x_test))
    (features, scores), (real, real_scores) = judged(fake), judged(data.x_test)
    others, _ = judged(data.x_train[: len(fake)])
    counts = np.bincount(scores.argmax(axis=1), minlength=10)
    shares = counts[counts > 0] / counts.sum()
    found = {
        "distance": frechet_distance(features, real),
        "real_distance": frechet_distance(others, real),
        "kinds": np.exp(-(shares * np.log(shares)).sum()),
        "real_probability": sigmoid(pair.discriminator(data.x_test)).mean(),
        "fake_probability": sigmoid(pair.discriminator(fake)).mean(),
    }
    assert FILE.stat().st_size < 150_000
    assert tested["count"] == len(fake)
    assert np.abs(counts - tested["counts"]).max() <= 1
    assert {name: tested[name] for name in found} == pytest.approx(found, rel=0.01)
    assert np.mean(real_scores.argmax(axis=1) == data.y_test.ravel()) > 0.9


def test_its_first_points_are_those_of_the_chapter(widget):
    latent = np.random.default_rng((0, 0, 1)).standard_normal((2, 16), dtype=np.float32)
    assert np.array(value(widget, "points")) == pytest.approx(latent, abs=0.00051)


@pytest.mark.parametrize("share", [0, 0.3, 0.5, 1])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_picture_and_answers_are_those_of_keras(widget, pair, seed, share):
    ends = np.random.default_rng(seed).normal(size=(2, 16))
    put(widget, points=ends.tolist(), share=share)
    latent = (1 - share) * ends[0] + share * ends[1]
    assert value(widget, "latent") == pytest.approx(latent, abs=1e-12)
    picture = np.asarray(pair.generator(latent[None].astype("float32")))
    drawn = widget.evaluate("element => [...element.pixels]")
    assert np.abs(np.array(drawn) - picture[0]).max() < CLOSE
    said = sigmoid(pair.discriminator(picture)).item()
    assert value(widget, "probability") == pytest.approx(said, abs=CLOSE)
    scores = judged(picture)[1][0]
    shares = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    reading = value(widget, "reading")
    assert reading["digit"] == shares.argmax()
    assert reading["probability"] == pytest.approx(shares.max(), abs=CLOSE)


def test_the_path_is_that_of_keras(widget, pair):
    a, b = np.array(value(widget, "points"))
    shares = np.linspace(0, 1, 65)[:, None]
    places = ((1 - shares) * a + shares * b).astype("float32")
    expected = sigmoid(pair.discriminator(pair.generator(places)))[:, 0]
    assert np.abs(np.array(value(widget, "path")) - expected).max() < CLOSE
    digits = judged(np.asarray(pair.generator(places[::8])))[1].argmax(axis=1)
    shown = widget.locator("svg text.reading").all_text_contents()
    assert shown == ["read", *map(str, digits)]


def test_what_is_drawn_is_the_picture(widget):
    drawn = widget.locator(".dlbook-generated canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, 8, 8);
            return [...data].filter((_, i) => i % 4 === 3);
        }"""
    )
    assert np.array(drawn) / 255 == pytest.approx(np.array(pixels(widget)), abs=0.0021)
    assert max(drawn) > 128


def pixels(widget: Locator) -> list[float]:
    """The numbers of the picture."""
    return widget.evaluate("element => [...element.pixels]")


def test_what_is_read_aloud_is_the_same_result(widget):
    reading = value(widget, "reading")
    size = np.linalg.norm(value(widget, "latent"))
    expect(readout(widget)).to_contain_text(
        f"says the discriminator: {value(widget, 'probability'):.2f}. The classifier reads a "
        f"{reading['digit']} and is sure to {100 * reading['probability']:.0f} %. "
        f"Distance of this point from 0: {size:.1f}."
    )
    assert str(reading["digit"]) in (
        widget.locator(".dlbook-generated canvas").get_attribute("aria-label") or ""
    )


def test_its_quality_is_told(widget):
    told, tested = widget.locator(".dlbook-note").inner_text(), TOLD["tested"]
    assert f"{tested['count']} pictures" in told
    assert f"Fréchet distance of {tested['distance']:.1f} " in told
    assert f"other real digits have {tested['real_distance']:.1f}." in told
    assert f"kinds: {tested['kinds']:.1f} of 10" in told
    assert f"gives {tested['fake_probability']:.2f} to them" in told
    assert f"and {tested['real_probability']:.2f} to the real ones" in told


# Hand, finger, keyboard


def test_arrows_walk_from_a_to_b(page, widget):
    slider = widget.get_by_label("From A to B", exact=True)
    slider.focus()
    page.keyboard.press("Home")
    assert value(widget, "share") == 0
    assert value(widget, "latent") == pytest.approx(TOLD["points"][0])
    page.keyboard.press("ArrowRight")
    assert value(widget, "share") == pytest.approx(1 / 64)
    page.keyboard.press("End")
    assert value(widget, "latent") == pytest.approx(TOLD["points"][1])


def test_points_are_drawn_again(widget):
    a, b = value(widget, "points")
    widget.get_by_role("button", name="Draw A again").click()
    assert value(widget, "points")[1] == b
    assert value(widget, "points")[0] != a
    a = value(widget, "points")[0]
    widget.get_by_role("button", name="Draw B again").click()
    assert value(widget, "points")[0] == a
    assert value(widget, "points")[1] != b
    before = value(widget, "points")
    widget.get_by_role("button", name="Draw both again").click()
    assert all(one != other for one, other in zip(value(widget, "points"), before, strict=True))


def test_drawn_points_are_normal(widget):
    drawn = widget.evaluate(
        """element => Array.from({ length: 100 }, () => {
            element.renew("A");
            return element.points[0];
        })"""
    )
    assert np.mean(drawn) == pytest.approx(0, abs=0.15)
    assert np.std(drawn) == pytest.approx(1, abs=0.15)
    assert np.abs(drawn).max() > 2


def test_a_picture_of_the_strip_is_a_place(page, widget):
    button = widget.get_by_role("button", name="25 % of the way")
    button.click()
    assert value(widget, "share") == 0.25
    assert button.get_attribute("aria-pressed") == "true"
    widget.get_by_role("button", name="88 % of the way").focus()
    page.keyboard.press("Space")
    assert value(widget, "share") == 0.875
    assert button.get_attribute("aria-pressed") == "false"


def test_a_single_number_moves_both_ends_alike(page, widget):
    before, at = np.array(value(widget, "points")), np.array(value(widget, "latent"))
    widget.get_by_text("The 16 numbers, one by one").focus()
    page.keyboard.press("Enter")
    slider = widget.get_by_label("Number 3", exact=True)
    slider.fill("1.5")
    after = np.array(value(widget, "points"))
    assert value(widget, "latent")[2] == pytest.approx(1.5)
    assert after[:, 2] - before[:, 2] == pytest.approx([1.5 - at[2]] * 2)
    assert np.delete(after, 2, axis=1) == pytest.approx(np.delete(before, 2, axis=1))
    widget.get_by_text("The 16 numbers, one by one").focus()
    page.keyboard.press("Enter")


def test_who_wants_no_motion_gets_to_b_at_once(widget):
    put(widget, share=0.25)
    widget.get_by_role("button", name="play").click()
    assert value(widget, "share") == 1


def test_it_plays_and_pauses(open_planted):
    page = open_planted(WIDGET)
    widget = wait_for(page)
    put(widget, share=0)
    widget.get_by_role("button", name="play").click()
    expect(readout(widget)).to_have_attribute("aria-live", "off")
    page.wait_for_function("document.querySelector('dlbook-generator').share > 0.05")
    widget.get_by_role("button", name="pause").click()
    at = value(widget, "share")
    page.wait_for_timeout(300)
    assert value(widget, "share") == at < 1
    expect(readout(widget)).to_have_attribute("aria-live", "polite")


def test_tab_reaches_everything(page, widget):
    widget.get_by_role("button", name="play").focus()
    names = []
    for _ in range(15):
        names.append(page.evaluate("document.activeElement.localName"))
        page.keyboard.press("Tab")
    assert names == ["button"] * 4 + ["input"] + ["button"] * 9 + ["summary"]


def test_a_finger_works_on_a_phone(open_planted):
    page = open_planted(WIDGET, viewport={"width": visits.PHONE, "height": 740}, has_touch=True)
    widget = wait_for(page)
    widget.get_by_role("button", name="75 % of the way").tap()
    assert position(widget, "From A to B") == 0.75
    assert visits.ask(page, "wide") == []


# For every reader


def test_its_networks_load_when_it_is_reached(open_page):
    page: Page = open_page("about")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
            const element = document.createElement("dlbook-generator");
            element.style.marginTop = "4000px";
            document.querySelector("article").append(element);
        }"""
    )
    page.wait_for_timeout(300)
    assert asked == []
    assert visits.ask(page, "undrawn") == []
    widget = page.locator("dlbook-generator")
    before = widget.locator("svg").bounding_box()
    wait_for(page)
    assert [url.rsplit("/")[-1] for url in asked] == ["gan_digits.json"]
    after = widget.locator("svg").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] == before["height"] > 100


def test_without_its_networks_the_text_stays(open_page):
    widget = text_without(open_page("about"), "dlbook-generator", "gan_digits.json")
    expect(widget).to_have_text("Here stands a picture.")


def test_attributes_are_read(page):
    made = page.evaluate(
        """() => ["0.25", "2", "middle"].map((share) => {
            const element = document.createElement("dlbook-generator");
            element.setAttribute("share", share);
            document.querySelector("article").append(element);
            element.remove();
            return element.share;
        })"""
    )
    assert made == [0.25, 0.5, 0.5]


@pytest.mark.parametrize("width", [visits.PHONE, visits.TABLET, visits.DESK])
def test_no_word_of_the_picture_lies_on_another(page, widget, width):
    assert overlaps_at(page, widget, width) == []


def test_the_strip_stands_above_its_axis(page, widget):
    first, last = (widget.locator(".dlbook-strip button").nth(i).bounding_box() for i in (0, -1))
    put(widget, share=0)
    left = widget.locator("circle.here").bounding_box()
    put(widget, share=1)
    right = widget.locator("circle.here").bounding_box()
    for button, circle in ((first, left), (last, right)):
        assert button is not None
        assert circle is not None
        middles = [box["x"] + box["width"] / 2 for box in (button, circle)]
        assert middles[0] == pytest.approx(middles[1], abs=2)


def test_no_barrier_on_a_desk_a_phone_in_the_dark_or_on_paper(visit_planted):
    assert visit_planted(WIDGET) == {}


def test_it_works_after_instant_navigation(arrive_at_planted):
    widget = wait_for(arrive_at_planted(WIDGET))
    widget.get_by_label("From A to B", exact=True).press("Home")
    assert value(widget, "share") == 0


def test_it_draws_itself_at_every_width(page, widget):
    for drawn, shown in widths(page, widget):
        assert drawn == pytest.approx(shown, abs=2)


def test_without_scripts_its_text_is_shown(open_planted):
    page = open_planted(WIDGET, java_script_enabled=False)
    expect(page.locator("dlbook-generator")).to_contain_text("needs JavaScript")
