/* <dlbook-descent start="-2" learning-rate="0.1" steps="20" variable="x">
 *
 * Gradient descent on the course's parabola, f(x) = 3x² − 3x + 4 (`variable` only names x). The loop below is the Python of
 * the chapter, operation by operation, so that both give the same floating-point numbers:
 *
 *     x = x - learning_rate * gradient(x)
 *
 * Scripts read `element.path` (x after 0, 1, 2, ... steps), `element.state` ("converges", "hops",
 * "diverges" or "rests") and listen for the event "descent".
 */

import { axes, box, linear, node, number, polyline, shape, uniqueId } from "../plot.js";
import { Drawn } from "./drawn.js";
import { slider } from "./slider.js";
import { stepsTable } from "./steps.js";

const MINIMUM = 0.5;
const VIEW = { left: -2.25, right: 3.25, low: 0, high: 24 };
const RATES = [
  ["0.01", 0.01],
  ["0.1", 0.1],
  ["1/6", 1 / 6],
  ["0.3", 0.3],
  ["1/3", 1 / 3],
  ["0.34", 0.34],
];

export const parabola = (x) => 3 * x ** 2 - 3 * x + 4;
export const gradient = (x) => 6 * x - 3;

/** Every x of the walk, the start included. */
export function descend(start, learningRate, steps) {
  const path = [start];
  let x = start;
  for (let step = 0; step < steps; step += 1) {
    x = x - learningRate * gradient(x);
    path.push(x);
  }
  return path;
}

/** What the factor 1 − 6·rate does to the distance from the minimum. */
export function fate(start, learningRate) {
  const factor = 1 - 6 * learningRate;
  const size = Math.abs(factor);
  if (start === MINIMUM) {
    return ["rests", "It starts at the minimum. The slope there is 0, so it stays."];
  }
  if (size < 1e-12) {
    return ["converges", "It converges in one single step: 1 − 6 × rate is 0."];
  }
  if (Math.abs(size - 1) < 1e-12) {
    return ["hops", "It hops for ever between two points: it never gets closer."];
  }
  if (size > 1) {
    return ["diverges", `It diverges: every step makes the distance ${size.toFixed(3)} times as large.`];
  }
  const how = factor < 0 ? "It converges, hopping from side to side" : "It converges down one side";
  return ["converges", `${how}: every step leaves ${size.toFixed(3)} of the distance.`];
}

class Descent extends Drawn {
  #start = -2;
  #rate = 0.1;
  #steps = 20;
  #variable = "x";
  #parts = {};

  get path() {
    return descend(this.#start, this.#rate, this.#steps);
  }

  get state() {
    return fate(this.#start, this.#rate)[0];
  }

  set start(value) {
    this.#change(() => (this.#start = value));
  }

  set learningRate(value) {
    this.#change(() => (this.#rate = value));
  }

  set steps(value) {
    this.#change(() => (this.#steps = value));
  }

  build() {
    this.#start = this.#attribute("start", -2, -2, 2);
    this.#rate = this.#attribute("learning-rate", 0.1, 0.001, 0.4);
    this.#steps = Math.round(this.#attribute("steps", 20, 1, 100));
    this.#variable = this.getAttribute("variable") ?? "x";
    const svg = shape("svg", { role: "img" });
    const sliders = this.#sliders();
    const verdict = node("p", { class: "dlbook-readout", role: "status" });
    const table = stepsTable(["step", this.#variable, `slope 6${this.#variable} − 3`, `f(${this.#variable})`]);
    this.#parts = { svg, sliders, verdict, table, clip: uniqueId("clip") };
    this.replaceChildren(
      node("div", { class: "dlbook-plot" }, svg),
      node("div", { class: "dlbook-controls" }, ...Object.values(sliders).map((each) => each.element)),
      this.#presets(),
      verdict,
      table.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Gradient descent on a parabola");
    this.#show();
  }

  draw(width) {
    const { svg, clip } = this.#parts;
    const height = Math.round(Math.min(360, Math.max(250, width * 0.55)));
    const frame = { left: 34, right: width - 6, top: 34, bottom: height - 40 };
    const x = linear(VIEW.left, VIEW.right, frame.left, frame.right);
    const y = linear(VIEW.low, VIEW.high, frame.bottom, frame.top);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-label", this.#description());
    svg.replaceChildren(
      shape("clipPath", { id: clip }, shape("rect", box({ ...frame, right: frame.right + 6 }))),
      axes(
        frame,
        { scale: x, ticks: [-2, -1, 0, 1, 2, 3], name: this.#variable },
        { scale: y, ticks: [0, 5, 10, 15, 20], name: formula(this.#variable) },
      ),
      shape("path", { class: "curve", "clip-path": `url(#${clip})`, d: polyline(curve(x, y)) }),
      shape("g", { class: "walk", "clip-path": `url(#${clip})` }, ...walk(this.path, x, y)),
    );
  }

  #attribute(name, fallback, low, high) {
    const value = Number.parseFloat(this.getAttribute(name) ?? fallback);
    return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : fallback;
  }

  #sliders() {
    const fixed = (decimals) => (value) => number(value, decimals);
    return {
      start: slider({
        name: "Start", min: -2, max: 2, step: 0.05, format: fixed(2),
        change: (value) => (this.start = value),
      }),
      rate: slider({
        name: "Learning rate", min: 0.001, max: 0.4, step: 0.001, format: rateText,
        change: (value) => (this.learningRate = value),
      }),
      steps: slider({
        name: "Steps", min: 1, max: 100, step: 1, format: String,
        change: (value) => (this.steps = value),
      }),
    };
  }

  #presets() {
    const buttons = RATES.map(([text, rate]) => {
      const button = node("button", { type: "button", "aria-label": `Learning rate ${text}` }, text);
      button.addEventListener("click", () => (this.learningRate = rate));
      return button;
    });
    return node("div", { class: "dlbook-presets" }, node("span", {}, "Try the rates"), ...buttons);
  }

  #change(set) {
    set();
    this.#show();
    this.redraw();
    this.dispatchEvent(new CustomEvent("descent", { bubbles: true }));
  }

  #show() {
    const { sliders, verdict, table } = this.#parts;
    if (!sliders) {
      return;
    }
    sliders.start.show(this.#start);
    sliders.rate.show(this.#rate);
    sliders.steps.show(this.#steps);
    this.dataset.state = this.state;
    verdict.replaceChildren(...this.#readout());
    const { path } = this;
    table.show(path.length, (step) => [String(step), ...[path[step], gradient(path[step]), parabola(path[step])].map((value) => number(value))]);
  }

  #readout() {
    const end = this.path.at(-1);
    const result = (name, value) =>
      node("span", { class: "dlbook-number" }, `${name} = `, node("b", {}, number(value)));
    return [
      `After ${this.#steps} ${this.#steps === 1 ? "step" : "steps"}: `,
      result(this.#variable, end),
      ", ",
      result(`f(${this.#variable})`, parabola(end)),
      ". ",
      fate(this.#start, this.#rate)[1],
    ];
  }

  #description() {
    const end = this.path.at(-1);
    return (
      `The parabola 3x² − 3x + 4 with its minimum at 0.5. From ${number(this.#start, 2)}, with learning rate ` +
      `${rateText(this.#rate)}, ${this.#steps} steps lead to ${number(end)}.`
    );
  }
}

function formula(variable) {
  return `f(${variable}) = 3${variable}² − 3${variable} + 4`;
}

function rateText(rate) {
  const known = RATES.find(([, value]) => value === rate);
  return known ? known[0] : rate.toFixed(3);
}

function curve(x, y) {
  const count = 120;
  const at = (i) => VIEW.left + ((VIEW.right - VIEW.left) * i) / count;
  return Array.from({ length: count + 1 }, (_, i) => [x(at(i)), y(parabola(at(i)))]);
}

/** The steps as chords and dots; points far outside the picture are cut off at its border. */
function walk(path, x, y) {
  const near = path.map((value) => Math.min(50, Math.max(-50, value)));
  const points = near.map((value) => [x(value), y(parabola(value))]);
  const dots = points.map(([cx, cy], i) =>
    shape("circle", { class: dotClass(i, points.length), cx, cy, r: i === 0 || i === points.length - 1 ? 6 : 3.5 }),
  );
  return [shape("path", { class: "steps", d: polyline(points) }), ...dots.slice(1), dots[0]];
}

function dotClass(i, count) {
  return i === 0 ? "dot first" : i === count - 1 ? "dot last" : "dot";
}

customElements.define("dlbook-descent", Descent);
