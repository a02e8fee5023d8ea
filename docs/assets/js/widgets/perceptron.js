/* <dlbook-perceptron data="two groups" kernel="0.5 -1" bias="0" use-bias="yes" learning-rate="0.1">
 *
 * One artificial neuron with a sigmoid, and points of two classes. The reader turns its line by the two
 * weights and the bias, or lets it learn: by slopes, one step down the mean cross-entropy of all points,
 * or by mistakes, Rosenblatt's rule, one round through the points. Scripts read `element.weights`
 * ([w1, w2, bias]), `element.cost`, `element.errors` and `element.history`, call `element.learn(steps)`,
 * and listen for the event "perceptron".
 */

import { axes, box, linear, node, number, polyline, shape, uniqueId } from "../plot.js";
import { choice } from "./choice.js";
import { Drawn } from "./drawn.js";
import { load } from "./load.js";
import { roll } from "./roll.js";
import { slider } from "./slider.js";
import { stepsTable } from "./steps.js";

const DATA = "assets/data/perceptron.json";
const BIASES = ["with bias", "without bias"];
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];

/** The weighted sum of a point: positive on the side of class 1. */
export const weightedSum = ([x1, x2], [w1, w2, bias]) => x1 * w1 + x2 * w2 + bias;

const distance = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Mean cross-entropy of points [x1, x2, class]. */
export function crossEntropy(points, weights) {
  const loss = (z, y) => Math.max(z, 0) - y * z + Math.log1p(Math.exp(-Math.abs(z)));
  return points.reduce((sum, point) => sum + loss(weightedSum(point, weights), point[2]), 0) / points.length;
}

export const isWrong = (point, weights) => (weightedSum(point, weights) > 0) !== (point[2] === 1);

/** Two ways to learn: each returns new weights; `share` is 0 for a bias that stays as it is. */
const RULES = {
  slopes(points, weights, rate, share) {
    const gradient = [0, 0, 0];
    for (const [x1, x2, y] of points) {
      const error = sigmoid(weightedSum([x1, x2], weights)) - y;
      [x1, x2, share].forEach((input, i) => (gradient[i] += (error * input) / points.length));
    }
    return weights.map((weight, i) => weight - rate * gradient[i]);
  },
  mistakes(points, weights, rate, share) {
    let moved = weights;
    for (const [x1, x2, y] of points) {
      const error = isWrong([x1, x2, y], moved) ? 2 * y - 1 : 0;
      moved = moved.map((weight, i) => weight + rate * error * [x1, x2, share][i]);
    }
    return moved;
  },
};

class Perceptron extends Drawn {
  #problems = null;
  #data = "two groups";
  #bias = BIASES[0];
  #rule = "slopes";
  #rate = 0.1;
  #history = [[0.5, -1, 0]];
  #shown = 0;
  #stop = () => {};
  #scales = null;
  #parts = {};

  get weights() {
    return this.#history.at(-1);
  }

  set weights(values) {
    this.#change(() => (this.#history = [this.#allowed(values)]));
  }

  get history() {
    return this.#history;
  }

  get points() {
    return this.#problems[this.#data].points;
  }

  get cost() {
    return crossEntropy(this.points, this.weights);
  }

  get errors() {
    return this.points.filter((point) => isWrong(point, this.weights)).length;
  }

  get data() {
    return this.#data;
  }

  set data(name) {
    this.#change(() => {
      this.#data = name;
      this.#history = [this.#first()];
    });
    this.redraw();
  }

  get useBias() {
    return this.#bias === BIASES[0];
  }

  set useBias(wanted) {
    this.#change(() => {
      this.#bias = BIASES[wanted ? 0 : 1];
      this.#history = [this.#allowed(this.weights)];
    });
  }

  get learningRate() {
    return this.#rate;
  }

  set learningRate(value) {
    this.#change(() => (this.#rate = value));
  }

  get rule() {
    return this.#rule;
  }

  set rule(name) {
    this.#change(() => (this.#rule = name));
  }

  /** Make some steps of the chosen rule. */
  learn(steps = 1) {
    const before = this.#history.length - 1;
    const next = () => RULES[this.#rule](this.points, this.weights, this.#rate, this.useBias ? 1 : 0);
    this.#change(() => {
      for (let step = 0; step < steps; step += 1) {
        this.#history.push(next());
      }
    });
    this.#stop = roll(steps, (step) => {
      this.#shown = before + step;
      this.#drawLine();
    });
  }

  async build() {
    try {
      this.#problems = (await load(DATA)).problems;
    } catch (reason) {
      console.warn(`dlbook-perceptron: ${DATA} could not be read (${reason}).`);
      return;
    }
    this.#read();
    const svg = shape("svg", { role: "img" });
    const controls = this.#controls();
    const verdict = node("p", { class: "dlbook-readout", role: "status" });
    const table = stepsTable(["step", "w₁", "w₂", "bias", "cost", "errors"]);
    this.#parts = { svg, verdict, table, ...controls, clip: uniqueId("clip") };
    this.replaceChildren(
      node("div", {}, node("div", { class: "dlbook-plot" }, svg), verdict),
      node("div", {}, ...controls.elements),
      table.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A perceptron and its line");
    this.#show();
    this.redraw();
  }

  draw(width) {
    if (!this.#problems) {
      return;
    }
    const { svg, clip } = this.#parts;
    const beside = width >= 600;
    this.classList.toggle("beside", beside);
    const side = beside ? 400 : Math.min(width, 440);
    const frame = { left: 30, right: side - 6, top: 26, bottom: side - 10 };
    const [across, up] = this.#problems[this.#data].view;
    const x = linear(...across, frame.left, frame.right);
    const y = linear(...up, frame.bottom, frame.top);
    this.#scales = { x, y, frame };
    Object.assign(this.#parts, { line: shape("g", { "clip-path": `url(#${clip})` }), marks: shape("g") });
    svg.setAttribute("viewBox", `0 0 ${side} ${frame.bottom + 40}`);
    svg.replaceChildren(
      shape("clipPath", { id: clip }, shape("rect", box(frame))),
      axes(frame, { scale: x, ticks: ticks(across), name: "x₁" }, { scale: y, ticks: ticks(up), name: "x₂" }),
      this.#parts.line,
      shape("path", { class: "origin", d: `M${x(0) - 5} ${y(0)}h10M${x(0)} ${y(0) - 5}v10` }),
      ...this.points.map((point) => mark(point[2], x(point[0]), y(point[1]))),
      this.#parts.marks,
    );
    this.#drawLine();
  }

  #numbers(name) {
    return (this.getAttribute(name) ?? "").split(/[\s,]+/).map(Number.parseFloat).filter(Number.isFinite);
  }

  #read() {
    const data = this.getAttribute("data");
    this.#data = data in this.#problems ? data : Object.keys(this.#problems)[0];
    this.#bias = BIASES[this.getAttribute("use-bias") === "no" ? 1 : 0];
    this.#rule = this.getAttribute("rule") in RULES ? this.getAttribute("rule") : "slopes";
    const [rate] = this.#numbers("learning-rate");
    this.#rate = RATES.includes(rate) ? rate : 0.1;
    this.#history = [this.#first()];
  }

  /** The weights at the beginning. */
  #first() {
    const kernel = this.#numbers("kernel");
    const [bias = 0] = this.#numbers("bias");
    return this.#allowed([...(kernel.length === 2 ? kernel : [0.5, -1]), bias]);
  }

  #allowed([w1, w2, bias]) {
    return [w1, w2, this.useBias ? bias : 0];
  }

  #controls() {
    const problems = choice({ name: "Points", options: Object.keys(this.#problems), change: (name) => (this.data = name) });
    const biases = choice({ name: "Perceptron", options: BIASES, change: (name) => (this.useBias = name === BIASES[0]) });
    const rules = choice({ name: "Learns by", options: Object.keys(RULES), change: (name) => (this.rule = name) });
    const turn = (i) => (value) => (this.weights = this.weights.map((weight, k) => (k === i ? value : weight)));
    const weight = (name, i, range) =>
      slider({ name, min: -range, max: range, step: 0.05, format: (value) => number(value, 2), change: turn(i) });
    const sliders = [weight("Weight w₁", 0, 4), weight("Weight w₂", 1, 4), weight("Bias b", 2, 12)];
    const rate = slider({
      name: "Learning rate", min: 0, max: RATES.length - 1, step: 1,
      format: (index) => String(RATES[index]), change: (index) => (this.learningRate = RATES[index]),
    });
    const buttons = [1, 10, 100].map((steps) => press(`${steps} ${steps === 1 ? "step" : "steps"}`, () => this.learn(steps)));
    const learn = node("div", { class: "dlbook-presets", role: "group", "aria-label": "Learn" }, node("span", {}, "Learn"),
      ...buttons, press("start again", () => (this.weights = this.#first())));
    const box = (...inside) => node("div", { class: "dlbook-controls" }, ...inside.map(({ element }) => element));
    return { problems, biases, rules, sliders, rate, elements: [problems.element, biases.element, box(...sliders), rules.element, box(rate), learn] };
  }

  #change(set) {
    this.#stop();
    set();
    this.#shown = this.#history.length - 1;
    if (this.#parts.svg) {
      this.#show();
      this.#drawLine();
      this.dispatchEvent(new CustomEvent("perceptron", { bubbles: true }));
    }
  }

  #show() {
    const { svg, problems, biases, rules, sliders, rate, verdict, table } = this.#parts;
    problems.show(this.#data);
    biases.show(this.#bias);
    rules.show(this.#rule);
    this.weights.forEach((weight, i) => sliders[i].show(weight));
    sliders[2].input.disabled = !this.useBias;
    rate.show(RATES.indexOf(this.#rate));
    this.dataset.errors = this.errors;
    svg.setAttribute("aria-label", this.#description());
    verdict.replaceChildren(...this.#readout());
    table.show(this.#history.length, (step) => {
      const weights = this.#history[step];
      const errors = this.points.filter((point) => isWrong(point, weights)).length;
      return [String(step), ...weights.map((weight) => number(weight)), number(crossEntropy(this.points, weights)), String(errors)];
    });
  }

  #readout() {
    const { points, best, best_through_origin: through } = this.#problems[this.#data];
    const result = (text) => node("span", { class: "dlbook-number" }, node("b", {}, text));
    const steps = this.#history.length - 1;
    const right = points.length - this.errors;
    const limit = this.useBias ? `The best of all lines gets ${best}` : `The best line through the origin gets ${through}`;
    return [
      steps > 0 ? `After ${steps} ${steps === 1 ? "step" : "steps"}: ` : "",
      result(`${right} of ${points.length}`), " points on the right side, ",
      result(this.errors === 1 ? "1 error" : `${this.errors} errors`), ", accuracy ",
      result(`${number((100 * right) / points.length, 1)} %`), ". Cross-entropy ", result(number(this.cost, 4)),
      `. ${limit} of them right.`,
    ];
  }

  #description() {
    const counts = [0, 1].map((kind) => this.points.filter((point) => point[2] === kind).length);
    const [w1, w2, bias] = this.weights.map((weight) => number(weight, 2));
    return (
      `${counts[0]} circles of class 0 and ${counts[1]} triangles of class 1 in a plane, cut by the line ` +
      `${w1} x₁ + ${w2} x₂ + ${bias} = 0. ${this.errors} points lie on the wrong side.`
    );
  }

  #drawLine() {
    if (!this.#scales) {
      return;
    }
    const { line, marks } = this.#parts;
    const { x, y } = this.#scales;
    const weights = this.#history[this.#shown];
    const [across, up] = this.#problems[this.#data].view;
    const square = [[across[0], up[0]], [across[1], up[0]], [across[1], up[1]], [across[0], up[1]]];
    const onScreen = (places) => places.map((place) => [x(place[0]), y(place[1])]);
    const area = (name, side) => shape("path", { class: name, d: closed(onScreen(halfPlane(square, weights, side))) });
    const border = halfPlane(square, weights, 1).filter((place) => Math.abs(weightedSum(place, weights)) < 1e-9 * Math.hypot(1, ...weights));
    line.replaceChildren(area("side zero", -1), area("side one", 1), ...boundary(onScreen(border), weights));
    const wrong = this.points.filter((point) => isWrong(point, weights));
    marks.replaceChildren(...wrong.map((point) => shape("circle", { class: "wrong", cx: x(point[0]), cy: y(point[1]), r: 8.5 })));
  }
}

/** The part of a polygon where the weighted sum has the given sign. */
function halfPlane(corners, weights, sign) {
  const height = (place) => sign * weightedSum(place, weights);
  return corners.flatMap((corner, i) => {
    const next = corners[(i + 1) % corners.length];
    const [here, there] = [height(corner), height(next)];
    const kept = here >= 0 ? [corner] : [];
    if (here < 0 !== there < 0) {
      const share = here / (here - there);
      kept.push(corner.map((value, axis) => value + share * (next[axis] - value)));
    }
    return kept;
  });
}

/** The line, and an arrow across it: the weights, which point to class 1. */
function boundary(ends, [w1, w2]) {
  if (ends.length < 2) {
    return [];
  }
  const first = ends[0];
  const last = ends.reduce((far, end) => (distance(end, first) > distance(far, first) ? end : far));
  const [cx, cy] = [(first[0] + last[0]) / 2, (first[1] + last[1]) / 2];
  const length = Math.hypot(w1, w2);
  const [dx, dy] = [(34 * w1) / length, (-34 * w2) / length];
  const tip = [cx + dx, cy + dy];
  const barb = (turn) => [tip[0] - 0.26 * (dx - turn * dy), tip[1] - 0.26 * (dy + turn * dx)];
  return [
    shape("path", { class: "line", d: polyline([first, last]) }),
    shape("path", { class: "arrow", d: polyline([[cx, cy], tip]) + polyline([barb(0.7), tip, barb(-0.7)]) }),
  ];
}

function closed(places) {
  return places.length > 2 ? `${polyline(places)}Z` : "";
}

function mark(kind, x, y) {
  return kind === 1
    ? shape("path", { class: "point one", d: `M${x.toFixed(1)} ${(y - 5).toFixed(1)}l4.8 8.4h-9.6Z` })
    : shape("circle", { class: "point zero", cx: x, cy: y, r: 4 });
}

function ticks([low, high]) {
  const step = high - low > 4 ? 2 : 0.5;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

function press(text, action) {
  const button = node("button", { type: "button" }, text);
  button.addEventListener("click", action);
  return button;
}

customElements.define("dlbook-perceptron", Perceptron);
