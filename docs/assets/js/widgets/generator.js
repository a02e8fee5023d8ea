/* <dlbook-generator share="0.5">
 *
 * The generator of a trained GAN, which makes a digit of 8x8 pixels from 16 random numbers, a point. The
 * reader goes from point A to point B, draws other points, and moves single numbers of both; the
 * discriminator says how likely each picture is real, and a classifier reads it. Scripts set
 * `element.points` ([A, B]) and `share` (0 at A, 1 at B), read `element.latent`, `pixels`, `probability`
 * (of being real), `reading` ({ digit, probability }) and `path` (the probabilities from A to B), call
 * `element.renew("A")`, and listen for the event "generator". The networks load when the widget is reached.
 */

import { axes, linear, node, number, polyline, shape } from "../plot.js";
import { readModel, runModel, softmax, tensor } from "../runtime.js";
import { Drawn } from "./drawn.js";
import { ink } from "./ink.js";
import { player } from "./player.js";
import { loadWhenReached } from "./reached.js";
import { slider } from "./slider.js";

const DATA = "assets/data/gan_digits.json";
const LATENT = 16;
const SIDE = 8;
const STOPS = 9; // pictures of the strip
const STEPS = 64; // places of the path
const PACE = 60; // milliseconds for a step
const FARTHEST = 4; // of a single number
const [LEFT, RIGHT] = [38, 6]; // room beside the strip
const NAMES = ["A", "B"];

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const percent = (share) => `${Math.round(100 * share)} %`;

/** A random number under the normal curve. */
function normal() {
  const [one, other] = [1 - Math.random(), Math.random()];
  return Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * other);
}

class Generator extends Drawn {
  #models = null;
  #tested = null;
  #points = NAMES.map(() => Array(LATENT).fill(0));
  #share = 0.5;
  #here = null; // pixels, probability and reading of the chosen place
  #stops = []; // the same of the strip
  #path = [];
  #parts = {};

  /** The two ends of the path, each of 16 numbers. */
  get points() {
    return this.#points.map((point) => [...point]);
  }

  set points(points) {
    this.#change(() => {
      this.#points = points.map((point) => [...point]);
      this.#follow();
    });
  }

  /** How far the chosen place is from A to B, from 0 to 1. */
  get share() {
    return this.#share;
  }

  set share(value) {
    this.#parts.player?.stop();
    this.#move(value);
  }

  /** The 16 numbers of the chosen place. */
  get latent() {
    return this.#between(this.#share);
  }

  get pixels() {
    return this.#here && [...this.#here.pixels];
  }

  get probability() {
    return this.#here?.probability;
  }

  get reading() {
    return this.#here?.reading;
  }

  /** The probability of being real at every place of the path. */
  get path() {
    return [...this.#path];
  }

  /** Draw one end of the path again. */
  renew(...names) {
    this.points = this.#points.map((point, i) => (names.includes(NAMES[i]) ? point.map(normal) : point));
  }

  build() {
    const fallback = [...this.childNodes];
    const given = Number(this.getAttribute("share") ?? this.#share);
    this.#share = given >= 0 && given <= 1 ? given : this.#share;
    const svg = shape("svg", { role: "img" });
    const picture = ink(SIDE, SIDE, "The generated picture");
    const strip = this.#strip();
    const way = slider({ name: "From A to B", min: 0, max: 1, step: 1 / STEPS, format: percent, change: (value) => (this.share = value) });
    const singles = this.#singles();
    const play = player({
      steps: [0, STEPS],
      pace: PACE,
      now: () => Math.round(STEPS * this.#share),
      show: (step) => this.#move(step / STEPS),
      turned: (playing) => this.#parts.readout.setAttribute("aria-live", playing ? "off" : "polite"),
    });
    const readout = node("p", { class: "dlbook-readout", role: "status" });
    const note = node("p", { class: "dlbook-note" });
    this.#parts = { svg, picture, strip, way, singles, readout, note, player: play };
    this.replaceChildren(
      node("div", { class: "dlbook-generated" },
        node("div", { class: "dlbook-generated-picture" }, picture.element),
        node("div", {}, this.#buttons(play.button), node("div", { class: "dlbook-controls" }, way.element)),
        readout),
      strip.element,
      node("div", { class: "dlbook-plot" }, svg),
      note,
      singles.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A generator of digits");
    this.#show();
    loadWhenReached(this, DATA, { fallback, ready: (told) => this.#begin(told), failed: () => (this.#parts = {}) });
  }

  draw(width) {
    const { svg } = this.#parts;
    if (!svg) {
      return;
    }
    const cell = (width - LEFT - RIGHT) / STOPS;
    const frame = { left: LEFT + cell / 2, right: width - RIGHT - cell / 2, top: 54, bottom: 154 };
    const x = linear(0, 1, frame.left, frame.right);
    const y = linear(0, 1, frame.bottom, frame.top);
    const scales = [{ scale: x, ticks: [0, 1], name: "", format: (end) => NAMES[end] }, { scale: y, ticks: [0, 0.5, 1], name: "" }];
    const words = (text, place, style) => shape("text", { class: style, "aria-hidden": "true", ...place }, ...text);
    const title = [shape("tspan", {}, "probability of being real, says the discriminator")];
    svg.setAttribute("viewBox", `0 0 ${width} ${frame.bottom + 26}`);
    svg.replaceChildren(
      words(["read"], { x: 0, y: 15 }, "reading"),
      ...this.#stops.map(({ reading }, i) => words([String(reading.digit)], { x: x(i / (STOPS - 1)), y: 15, "text-anchor": "middle" }, "reading")),
      words(title, { x: 0, y: frame.top - 14 }, "title"),
      axes(frame, ...scales),
      ...(this.#here ? this.#inside(frame, x, y) : []),
    );
  }

  #inside(frame, x, y) {
    const mean = (name, text, after) => [
      shape("line", { class: `mean ${name}`, x1: frame.left, x2: frame.right, y1: y(after), y2: y(after) }),
      shape("text", { class: "mean", x: frame.right, y: y(after) - 4, "text-anchor": "end", "aria-hidden": "true" }, text),
    ];
    const { real_probability: real, fake_probability: fake } = this.#tested;
    return [
      ...mean("real", "mean of real digits", real),
      ...mean("fake", "mean of generated digits", fake),
      shape("path", { class: "path", d: polyline(this.#path.map((probability, i) => [x(i / STEPS), y(probability)])) }),
      shape("circle", { class: "here", cx: x(this.#share), cy: y(this.#here.probability), r: 4.5 }),
    ];
  }

  #begin({ generator, discriminator, judge, points, tested }) {
    this.#models = { generator: readModel(generator), discriminator: readModel(discriminator), judge: readModel(judge) };
    this.#tested = tested;
    this.#parts.note.textContent =
      `${tested.count} pictures of this generator have a Fréchet distance of ${number(tested.distance, 1)} to as many fresh real digits; ` +
      `other real digits have ${number(tested.real_distance, 1)}. Effective number of kinds: ${number(tested.kinds, 1)} of 10. ` +
      `On average the discriminator gives ${number(tested.fake_probability, 2)} to them and ${number(tested.real_probability, 2)} to the real ones.`;
    this.points = points.slice(0, NAMES.length);
  }

  /** Buttons that play, and that draw points again. */
  #buttons(play) {
    const again = (text, name, ...names) => {
      const button = node("button", { type: "button", "aria-label": name }, text);
      button.addEventListener("click", () => this.renew(...names));
      return button;
    };
    const buttons = [again("A", "Draw A again", "A"), again("B", "Draw B again", "B"), again("both", "Draw both again", ...NAMES)];
    return node("div", { class: "dlbook-presets", role: "group", "aria-label": "Points" }, play, node("span", {}, "Draw again"), ...buttons);
  }

  /** Small pictures on the way from A to B, which are buttons. */
  #strip() {
    const pictures = Array.from({ length: STOPS }, () => ink(SIDE, SIDE));
    const buttons = pictures.map(({ element }, i) => {
      const share = i / (STOPS - 1);
      const button = node("button", { type: "button", "aria-label": `${percent(share)} of the way`, "aria-pressed": "false" }, element);
      button.addEventListener("click", () => (this.share = share));
      return button;
    });
    const element = node("div", { class: "dlbook-strip", role: "group", "aria-label": "Pictures on the way from A to B" }, ...buttons);
    return { element, pictures, buttons };
  }

  /** A folded slider for each of the numbers: it moves A and B alike. */
  #singles() {
    const sliders = Array.from({ length: LATENT }, (_, k) => slider({
      name: `Number ${k + 1}`, min: -FARTHEST, max: FARTHEST, step: 0.05, format: (value) => number(value, 2),
      change: (value) => {
        const moved = value - this.latent[k];
        this.points = this.#points.map((point) => point.map((each, i) => (i === k ? each + moved : each)));
      },
    }));
    const inside = node("div", { class: "dlbook-controls" }, ...sliders.map(({ element }) => element));
    return { element: node("details", { class: "dlbook-steps" }, node("summary", {}, "The 16 numbers, one by one"), inside), sliders };
  }

  #between(share) {
    const [a, b] = this.#points;
    return a.map((value, k) => (1 - share) * value + share * b[k]);
  }

  /** What the three networks make of a place on the path. */
  #look(share) {
    const { generator, discriminator, judge } = this.#models;
    const last = (model, x) => runModel(model, x).at(-1);
    const picture = last(generator, tensor([LATENT], this.#between(share)));
    const probability = sigmoid(last(discriminator, picture).data[0]);
    const probabilities = [...softmax(last(judge, picture)).data];
    const most = Math.max(...probabilities);
    return { pixels: picture.data, probability, reading: { digit: probabilities.indexOf(most), probability: most } };
  }

  /** Look at every place of the path. */
  #follow() {
    if (this.#models) {
      this.#path = Array.from({ length: STEPS + 1 }, (_, step) => this.#look(step / STEPS).probability);
      this.#stops = Array.from({ length: STOPS }, (_, i) => this.#look(i / (STOPS - 1)));
    }
  }

  #move(share) {
    this.#change(() => (this.#share = Math.min(1, Math.max(0, share))));
  }

  #change(set) {
    set();
    if (!this.#parts.svg) {
      return;
    }
    this.#here = this.#models && this.#look(this.#share);
    this.#show();
    this.redraw();
    this.dispatchEvent(new CustomEvent("generator", { bubbles: true }));
  }

  #show() {
    const { svg, picture, strip, way, singles, readout } = this.#parts;
    way.show(this.#share);
    this.latent.forEach((value, k) => singles.sliders[k].show(value));
    strip.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i / (STOPS - 1) === this.#share)));
    svg.setAttribute("aria-label", this.#description());
    if (!this.#here) {
      readout.textContent = "The networks are on their way.";
      return;
    }
    picture.show(this.#here.pixels);
    this.#stops.forEach(({ pixels }, i) => strip.pictures[i].show(pixels));
    readout.replaceChildren(...this.#readout());
    picture.element.setAttribute("aria-label", `The generated picture, read as ${this.#here.reading.digit}`);
  }

  #readout() {
    const { probability, reading } = this.#here;
    const result = (text) => node("span", { class: "dlbook-number" }, node("b", {}, text));
    const size = Math.hypot(...this.latent);
    return [
      "Probability of being real, says the discriminator: ", result(number(probability, 2)), ". The classifier reads a ", result(String(reading.digit)),
      ` and is sure to ${percent(reading.probability)}. Distance of this point from 0: ${number(size, 1)}.`,
    ];
  }

  #description() {
    const digits = this.#stops.map(({ reading }) => reading.digit).join(", ");
    return `The probability of being real that the discriminator gives along the way from A to B${digits && `; the classifier reads ${digits}`}.`;
  }
}

customElements.define("dlbook-generator", Generator);
