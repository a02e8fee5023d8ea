/* <dlbook-network inputs="1 2" target="1" weights="0.5 -1 0.5 1 0 1 1 -1 0.5" learning-rate="0.5" show="forward">
 *
 * A network of two inputs, two hidden ReLU nodes and one sigmoid output, with all its numbers: what
 * the nodes give on the way forward, or blame and gradients on the way back. Every number that is given can be
 * edited. `weights` is in the order of `dlbook.networks.backpropagation.pack`: kernel, bias, kernel, bias.
 * Scripts read and set `element.inputs`, `element.target` and `element.layers`, read `element.activations`,
 * `element.gradients` and `element.loss`, call `element.update(steps)`, and listen for the event "network".
 */

import { backward, forward, loss, products, sigmoid, update, weightedSums } from "../backpropagation.js";
import { node, number, shape, uniqueId } from "../plot.js";
import { choice } from "./choice.js";
import { Drawn } from "./drawn.js";
import { slider } from "./slider.js";
import { foldedTable, stepsTable } from "./steps.js";

const INPUTS = [1, 2];
const WEIGHTS = [0.5, -1, 0.5, 1, 0, 1, 1, -1, 0.5];
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
const WAYS = ["forward values", "backward gradients"];
const NAMES = [["x₁", "x₂"], ["h₁", "h₂"], ["z"]];

const short = (value) => number(value, 2).replace(/\.?0+$/, "");
const pack = ([[hidden, biases], [output, [bias]]]) => [...hidden.flat(), ...biases, ...output.flat(), bias];

function unpack([a, b, c, d, e, f, g, h, i]) {
  return [[[[a, b], [c, d]], [e, f]], [[[g], [h]], [i]]];
}

class Network extends Drawn {
  #inputs = INPUTS;
  #target = 1;
  #rate = 0.5;
  #way = WAYS[0];
  #history = [unpack(WEIGHTS)];
  #frame = null;
  #parts = {};

  get inputs() {
    return this.#inputs;
  }

  set inputs(values) {
    this.#change(() => {
      this.#inputs = values;
      this.#history = [this.layers];
    });
  }

  get target() {
    return this.#target;
  }

  set target(value) {
    this.#change(() => {
      this.#target = value;
      this.#history = [this.layers];
    });
  }

  get layers() {
    return this.#history.at(-1);
  }

  set layers(layers) {
    this.#change(() => (this.#history = [layers]));
  }

  get learningRate() {
    return this.#rate;
  }

  set learningRate(value) {
    this.#change(() => (this.#rate = value));
  }

  get activations() {
    return forward(this.#inputs, this.layers);
  }

  get gradients() {
    return backward(this.activations, this.layers, this.#target);
  }

  get loss() {
    return loss(this.activations.at(-1)[0], this.#target);
  }

  get history() {
    return this.#history;
  }

  /** "forward values" or "backward gradients". */
  get way() {
    return this.#way;
  }

  set way(name) {
    this.#change(() => (this.#way = name));
  }

  /** Change every weight by its gradient times the learning rate, some times. */
  update(steps = 1) {
    this.#change(() => {
      for (let step = 0; step < steps; step += 1) {
        this.#history.push(update(this.layers, this.gradients, this.#rate));
      }
    });
  }

  build() {
    this.#read();
    const svg = shape("svg", { role: "img" });
    const controls = this.#controls();
    const verdict = node("p", { class: "dlbook-readout", role: "status" });
    const sums = foldedTable("Every number, and how it is computed", ["number", "computed as", "value"]);
    const table = stepsTable(["update", "p", "loss", ...weightNames()]);
    this.#parts = { svg, verdict, sums, table, ...controls, arrow: uniqueId("arrow") };
    this.replaceChildren(controls.ways.element, node("div", { class: "dlbook-plot" }, svg), verdict, controls.workbench, sums.element, table.element);
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A small network and its numbers");
    this.#show();
  }

  draw(width) {
    const height = Math.round(Math.min(290, Math.max(235, width * 0.42)));
    const radius = width < 480 ? 23 : 27;
    const [left, right] = [radius + 2, width - Math.max(radius + 12, width * 0.13)];
    const [upper, lower] = [radius + 26, height - radius - 28];
    const middle = (left + right) / 2;
    const places = [[[left, upper], [left, lower]], [[middle, upper], [middle, lower]], [[right, (upper + lower) / 2]]];
    this.#frame = { width, height, radius, places };
    this.#drawNetwork();
  }

  #read() {
    const numbers = (name) => (this.getAttribute(name) ?? "").split(/[\s,]+/).map(Number.parseFloat).filter(Number.isFinite);
    const [inputs, weights] = [numbers("inputs"), numbers("weights")];
    const [target, rate] = [numbers("target")[0], numbers("learning-rate")[0]];
    this.#inputs = inputs.length === 2 ? inputs : INPUTS;
    this.#target = target === 0 ? 0 : 1;
    this.#rate = RATES.includes(rate) ? rate : 0.5;
    this.#way = WAYS[this.getAttribute("show") === "backward" ? 1 : 0];
    this.#history = [unpack(weights.length === 9 ? weights : WEIGHTS)];
  }

  #controls() {
    const ways = choice({ name: "Show", options: WAYS, change: (name) => (this.way = name) });
    const targets = choice({ name: "Target y", options: ["0", "1"], change: (text) => (this.target = Number(text)) });
    const inputs = NAMES[0].map((name, i) => field(`Input ${name}`, (value) => (this.inputs = this.inputs.map((each, k) => (k === i ? value : each)))));
    const put = (i) => (value) => (this.layers = unpack(pack(this.layers).map((weight, k) => (k === i ? value : weight))));
    const weights = fieldNames().map((name, i) => field(name, put(i)));
    const rate = slider({
      name: "Learning rate", min: 0, max: RATES.length - 1, step: 1,
      format: (index) => String(RATES[index]), change: (index) => (this.learningRate = RATES[index]),
    });
    const buttons = node("div", { class: "dlbook-presets", role: "group", "aria-label": "Update the weights" },
      press("update all weights", () => this.update()), press("10 updates", () => this.update(10)), press("start again", () => this.#change(() => this.#read())));
    const learning = node("div", { class: "dlbook-learning" }, node("div", { class: "dlbook-controls" }, rate.element), buttons);
    const workbench = node("div", { class: "dlbook-workbench" }, fieldTable(inputs, targets, weights), learning);
    return { ways, targets, inputs, weights, rate, workbench };
  }

  #change(set) {
    set();
    if (this.#parts.svg) {
      this.#show();
      this.#drawNetwork();
      this.dispatchEvent(new CustomEvent("network", { bubbles: true }));
    }
  }

  #show() {
    const { svg, ways, targets, inputs, weights, rate, verdict, sums, table } = this.#parts;
    ways.show(this.#way);
    targets.show(String(this.#target));
    this.#inputs.forEach((value, i) => inputs[i].show(value));
    pack(this.layers).forEach((value, i) => weights[i].show(value));
    rate.show(RATES.indexOf(this.#rate));
    svg.setAttribute("aria-label", this.#description());
    verdict.replaceChildren(...this.#readout());
    sums.show(this.#computations());
    table.show(this.#history.length, (step) => {
      const logit = forward(this.#inputs, this.#history[step]).at(-1)[0];
      return [String(step), ...[sigmoid(logit), loss(logit, this.#target), ...pack(this.#history[step])].map((value) => number(value))];
    });
  }

  #readout() {
    const updates = this.#history.length - 1;
    const logit = this.activations.at(-1)[0];
    const result = (name, value) => node("span", { class: "dlbook-number" }, `${name} = `, node("b", {}, number(value, 4)));
    return [
      updates > 0 ? `After ${updates} ${updates === 1 ? "update" : "updates"}: ` : "",
      result("p", sigmoid(logit)), `, target ${this.#target}, `, result("loss", this.loss), ". ",
      this.#way === WAYS[0] ? this.#remark() : `Each gradient is the blame of the node at its right, times what came in. ${this.#remark()}`,
    ];
  }

  #remark() {
    const silent = this.activations[1].map((value, i) => (value > 0 ? "" : NAMES[1][i])).filter(Boolean);
    return silent.length > 0 ? `${silent.join(" and ")} ${silent.length > 1 ? "give" : "gives"} 0: no blame passes there.` : "";
  }

  #description() {
    const [, hidden, [logit]] = this.activations;
    const [[into, blames], [out, [blame]]] = this.gradients;
    const list = (values) => values.flat().map(short).join(", ");
    return this.#way === WAYS[0]
      ? `A network of two inputs, two hidden nodes and one output. The inputs are ${list(this.#inputs)}; the hidden nodes give ` +
          `${list(hidden)}; the output is z = ${short(logit)}, p = ${number(sigmoid(logit), 2)}.`
      : `The same network on the way back. The blame of the output is ${short(blame)}, of the hidden nodes ${list(blames)}. ` +
          `The gradients of the output's weights are ${list(out)}, of the hidden nodes' weights ${list(into)}.`;
  }

  /** Every number of one pass, forward and back, as rows: name, how it is computed, value. */
  #computations() {
    const { activations, gradients, layers } = this;
    const [logit] = activations[2];
    const sums = weightedSums(this.#inputs, layers[0]);
    const added = (pairs, bias) => `${pairs.map(([value, weight]) => `${times(value, weight)}`).join(" + ")} + ${inside(bias)}`;
    const hidden = NAMES[1].flatMap((name, i) => [
      [`sum of ${name}`, added(products(this.#inputs, layers[0], i), layers[0][1][i]), number(sums[i])],
      [name, `ReLU(${short(sums[i])})`, number(activations[1][i])],
    ]);
    const output = [
      ["z", added(products(activations[1], layers[1], 0), layers[1][1][0]), number(logit)],
      ["p", `sigmoid(${short(logit)})`, number(sigmoid(logit))],
      ["loss", this.#target === 1 ? "−log(p)" : "−log(1 − p)", number(this.loss)],
      ["blame of z", `p − ${this.#target}`, number(gradients[1][1][0])],
    ];
    const blame = gradients[1][1][0];
    const blames = NAMES[1].map((name, i) => {
      const how = activations[1][i] > 0 ? times(blame, layers[1][0][i][0]) : `0, as ${name} gives 0`;
      return [`blame of ${name}`, how, number(gradients[0][1][i])];
    });
    const slope = (layer, from, to) => [
      `gradient ${NAMES[layer][from]} → ${NAMES[layer + 1][to]}`, times(activations[layer][from], gradients[layer][1][to]), number(gradients[layer][0][from][to]),
    ];
    const slopes = [slope(1, 0, 0), slope(1, 1, 0), slope(0, 0, 0), slope(0, 0, 1), slope(0, 1, 0), slope(0, 1, 1)];
    return [...hidden, ...output, ...blames, ...slopes];
  }

  #drawNetwork() {
    if (!this.#frame) {
      return;
    }
    const { svg, arrow } = this.#parts;
    const { width, height } = this.#frame;
    const back = this.#way === WAYS[1];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("class", back ? "back" : "forth");
    svg.replaceChildren(
      shape("marker", { id: arrow, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
        shape("path", { class: "head", d: "M0 0L8 4L0 8Z" })),
      ...this.#edges(back),
      ...this.#nodes(back),
    );
  }

  #edges(back) {
    const { places, radius } = this.#frame;
    const numbers = back ? this.gradients : this.layers;
    const lines = [];
    const words = [];
    numbers.forEach(([kernel], layer) => kernel.forEach((row, from) => row.forEach((value, to) => {
      const [start, end] = [places[layer][from], places[layer + 1][to]];
      const length = Math.hypot(end[0] - start[0], end[1] - start[1]);
      const at = (share) => start.map((each, axis) => each + share * (end[axis] - each));
      const gap = (radius + 3) / length;
      const [[x1, y1], [x2, y2]] = back ? [at(1 - gap), at(gap)] : [at(gap), at(1 - gap)];
      const size = 1 + Math.min(3, Math.abs(this.layers[layer][0][from][to]));
      lines.push(shape("line", { class: "edge", x1, y1, x2, y2, "stroke-width": back ? 1.4 : size, "marker-end": `url(#${this.#parts.arrow})` }));
      const [x, y] = at(start[1] === end[1] ? 0.44 : layer === 0 ? 0.3 : 0.42);
      words.push(label(x, y + 5, short(value), "weight"));
    })));
    return [...lines, ...words];
  }

  #nodes(back) {
    const { places, radius } = this.#frame;
    const { activations, gradients, layers } = this;
    const [logit] = activations[2];
    return places.flatMap((column, layer) => column.flatMap(([x, y], i) => {
      const blamed = back && layer > 0;
      const value = blamed ? gradients[layer - 1][1][i] : activations[layer][i];
      const off = layer === 1 && activations[1][i] === 0 ? " off" : "";
      const above = layer < 2 ? NAMES[layer][i] : back ? `p − y = ${short(sigmoid(logit) - this.#target)}` : `p = ${number(sigmoid(logit), 2)}`;
      const below = layer === 0 ? "" : back ? `gave ${short(activations[layer][i])}` : `bias ${short(layers[layer - 1][1][i])}`;
      return [
        shape("circle", { class: `node${layer === 0 ? " input" : ""}${off}`, cx: x, cy: y, r: radius }),
        label(x, y + 5, short(value), "value"),
        label(x, y - radius - 8, above, "name"),
        label(x, y + radius + 17, below, "below"),
        ...(layer === 2 ? [label(x, y + radius + 36, back ? `y = ${this.#target}` : `loss ${number(this.loss, 2)}`, "below")] : []),
      ];
    }));
  }
}

function label(x, y, text, name) {
  return shape("text", { class: name, x, y, "text-anchor": "middle" }, text);
}

const inside = (value) => (value < 0 ? `(${short(value)})` : short(value));
const times = (one, other) => `${inside(one)} × ${inside(other)}`;

function weightNames() {
  return ["x₁ → h₁", "x₁ → h₂", "x₂ → h₁", "x₂ → h₂", "bias h₁", "bias h₂", "h₁ → z", "h₂ → z", "bias z"];
}

function fieldNames() {
  return weightNames().map((name) => (name.startsWith("bias") ? name.replace("bias", "Bias of") : `Weight ${name.replace("→", "to")}`));
}

/** A field for a number; what is no number is not taken over. */
function field(name, change) {
  const input = node("input", { type: "number", step: "0.1", "aria-label": name });
  input.addEventListener("input", () => input.value !== "" && Number.isFinite(input.valueAsNumber) && change(input.valueAsNumber));

  function show(value) {
    const rounded = Number(value.toFixed(4));
    if (input.valueAsNumber !== rounded) {
      input.value = String(rounded);
    }
  }
  return { input, show };
}

/** All fields as a table: a row for the example, and one for each node with what comes into it. */
function fieldTable(inputs, targets, weights) {
  const [a, b, c, d, e, f, g, h, i] = weights.map(({ input }) => input);
  const cell = (content) => node("td", {}, content);
  const row = (name, ...cells) => node("tr", {}, node("th", { scope: "row" }, name), ...cells.map(cell));
  const head = (...names) => node("tr", {}, ...names.map((name) => node("th", { scope: "col" }, name)));
  const group = (...rows) => node("tbody", {}, ...rows);
  return node("div", { class: "dlbook-fields" }, node("table", { class: "dlbook-grid" },
    group(head("", "x₁", "x₂", "target y"), row("example", inputs[0].input, inputs[1].input, targets.element)),
    group(head("into", "from x₁", "from x₂", "bias"), row("h₁", a, c, e), row("h₂", b, d, f)),
    group(head("into", "from h₁", "from h₂", "bias"), row("z", g, h, i))));
}

function press(text, action) {
  const button = node("button", { type: "button" }, text);
  button.addEventListener("click", action);
  return button;
}

customElements.define("dlbook-network", Network);
