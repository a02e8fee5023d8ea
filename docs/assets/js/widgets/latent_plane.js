/* <dlbook-latent-plane code="0 0">
 *
 * The plane of a code of two numbers: test digits stand at their codes, the reader moves a point, and sees
 * what the decoder paints there and which test digit is nearest. Scripts set `element.code` ([first,
 * second]), read `element.painted` (8x8 numbers), `element.nearest` ({ index, digit, distance }) and
 * `element.range` (of each number), and listen for the event "code". The decoder and the codes load when
 * the widget is reached.
 */

import { axes, box, linear, node, number, polyline, shape, uniqueId } from "../plot.js";
import { decode, readModel, runModel, tensor } from "../runtime.js";
import { choice } from "./choice.js";
import { Drawn } from "./drawn.js";
import { ink } from "./ink.js";
import { loadWhenReached } from "./reached.js";
import { slider } from "./slider.js";
import { foldedTable } from "./steps.js";

const DATA = "assets/data/digits_decoder.json";
const CELLS = 8;
const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);
const STEPS = 200; // of a slider from one end to the other
const SIZE = 1.2; // of a mark, in pixels
const LONG = 10; // steps, with Shift
const QUIET = 500; // milliseconds without a change before the place is told
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** How each digit is drawn at its place: corners in a box of 4x6, a pen stroke from each to the next. */
const MARKS = [
  [[[0, 0], [4, 0], [4, 6], [0, 6], [0, 0]]],
  [[[1, 1], [2.5, 0], [2.5, 6]]],
  [[[0, 0], [4, 0], [4, 3], [0, 3], [0, 6], [4, 6]]],
  [[[0, 0], [4, 0], [4, 6], [0, 6]], [[1, 3], [4, 3]]],
  [[[0, 0], [0, 3], [4, 3]], [[4, 0], [4, 6]]],
  [[[4, 0], [0, 0], [0, 3], [4, 3], [4, 6], [0, 6]]],
  [[[3, 0], [0, 0], [0, 6], [4, 6], [4, 3], [0, 3]]],
  [[[0, 0], [4, 0], [2, 6]]],
  [[[0, 0], [4, 0], [4, 6], [0, 6], [0, 0]], [[0, 3], [4, 3]]],
  [[[4, 3], [0, 3], [0, 0], [4, 0], [4, 6], [1, 6]]],
];

class LatentPlane extends Drawn {
  #data = null;
  #code = [0, 0];
  #painted = null;
  #nearest = null;
  #scales = null;
  #timer = 0;
  #parts = {};

  get code() {
    return [...this.#code];
  }

  set code(values) {
    this.#change(() => (this.#code = values.map((value, axis) => this.#within(value, axis))));
  }

  get painted() {
    return this.#painted && [...this.#painted];
  }

  get nearest() {
    return this.#nearest && { ...this.#nearest };
  }

  get range() {
    return this.#data?.range;
  }

  build() {
    const given = (this.getAttribute("code") ?? "").split(/[\s,]+/).map(Number.parseFloat);
    this.#code = given.length === 2 && given.every(Number.isFinite) ? given : [0, 0];
    const fallback = [...this.childNodes];
    const svg = shape("svg", { role: "img" });
    const pad = this.#pad(svg);
    const painted = ink(CELLS, CELLS, "The picture that the decoder paints from the two numbers");
    const near = ink(CELLS, CELLS, "The test digit whose code is nearest");
    const nearName = node("span", {}, "nearest");
    const readout = node("p", { class: "dlbook-readout", role: "status" });
    const note = node("p", { class: "dlbook-note" });
    const table = foldedTable("The painted picture in numbers", ["row", ...Array.from({ length: CELLS }, (_, i) => String(i + 1))]);
    const digits = choice({ name: "Go to a", options: DIGITS.map(String), change: (option) => this.#goTo(Number(option)) });
    const controls = node("div", { class: "dlbook-controls" });
    this.#parts = { svg, pad, painted, near, nearName, readout, note, table, digits, controls, clip: uniqueId("clip") };
    this.replaceChildren(
      node("div", {}, pad),
      node("div", {},
        node("div", { class: "dlbook-latent-pictures" },
          node("div", {}, node("span", {}, "painted here"), painted.element),
          node("div", {}, nearName, near.element)),
        readout, controls, digits.element, note),
      table.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A plane of codes, and what a decoder paints at each place");
    this.#show();
    loadWhenReached(this, DATA, {
      fallback,
      ready: (data) => this.#take(data),
      failed: () => (this.#parts = {}),
    });
  }

  draw(width) {
    const { svg, pad, clip } = this.#parts;
    if (!svg) {
      return;
    }
    const beside = width >= 600;
    this.classList.toggle("beside", beside);
    const side = beside ? 400 : Math.min(width - 50, 440);
    pad.style.width = `${side}px`;
    const frame = { left: 34, right: side - 6, top: 26, bottom: side - 14 };
    const [across, up] = this.#data?.range ?? [[-1, 1], [-1, 1]];
    const x = linear(...across, frame.left, frame.right);
    const y = linear(...up, frame.bottom, frame.top);
    this.#scales = { x, y };
    this.#parts.mark = shape("g", { class: "here" });
    svg.setAttribute("viewBox", `0 0 ${side} ${frame.bottom + 40}`);
    svg.replaceChildren(
      shape("clipPath", { id: clip }, shape("rect", box(frame))),
      axes(frame, { scale: x, ticks: ticks(across), name: "first number" }, { scale: y, ticks: ticks(up), name: "second number" }),
      shape("g", { "clip-path": `url(#${clip})` }, ...this.#points(x, y)),
      this.#parts.mark,
    );
    this.#drawMark();
  }

  #take(data) {
    const codes = decode(data.codes).data;
    this.#data = {
      ...data,
      model: readModel(data.model),
      codes: Array.from({ length: codes.length / 2 }, (_, i) => [codes[2 * i], codes[2 * i + 1]]),
      labels: decode(data.labels).data,
      images: decode(data.images).data,
    };
    this.#parts.sliders = this.#sliders();
    this.#parts.controls.replaceChildren(...this.#parts.sliders.map(({ element }) => element));
    this.code = this.#code;
    this.redraw();
  }

  #pad(svg) {
    const pad = node("div", {
      class: "dlbook-plot dlbook-latent-pad", tabindex: "0", role: "application",
      "aria-label": "The plane of codes. The arrow keys move the point, with Shift in long steps.",
    }, svg);
    const follow = (event) => {
      if (this.#data) {
        this.code = this.#placeOf(event);
      }
    };
    pad.addEventListener("pointerdown", (event) => {
      if (event.button === 0) {
        event.preventDefault();
        pad.focus({ preventScroll: true });
        pad.setPointerCapture(event.pointerId);
        follow(event);
      }
    });
    pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && follow(event));
    pad.addEventListener("keydown", (event) => this.#press(event));
    return pad;
  }

  #sliders() {
    return ["First number", "Second number"].map((name, axis) => {
      const [min, max] = this.#data.range[axis];
      const change = (value) => (this.code = this.#code.map((old, i) => (i === axis ? value : old)));
      return slider({ name, min, max, step: (max - min) / STEPS, format: (value) => number(value, 2), change });
    });
  }

  #points(x, y) {
    if (!this.#data) {
      return [];
    }
    return this.#data.codes.map(([a, b], i) => {
      const digit = this.#data.labels[i];
      const corner = [x(a) - 2 * SIZE, y(b) - 3 * SIZE];
      const d = MARKS[digit].map((line) => polyline(line.map((point) => point.map((value, axis) => corner[axis] + SIZE * value)))).join("");
      return shape("path", { class: `digit of-${digit}`, d });
    });
  }

  #change(set) {
    set();
    if (!this.#parts.svg) {
      return;
    }
    if (this.#data) {
      this.#compute();
    }
    this.#show();
    this.#drawMark();
    this.dispatchEvent(new CustomEvent("code", { bubbles: true }));
  }

  #compute() {
    const { model, codes, labels } = this.#data;
    this.#painted = runModel(model, tensor([2], this.#code)).at(-1).data;
    const distances = codes.map((code) => Math.hypot(code[0] - this.#code[0], code[1] - this.#code[1]));
    const index = distances.indexOf(Math.min(...distances));
    this.#nearest = { index, digit: labels[index], distance: distances[index] };
  }

  #within(value, axis) {
    const [low, high] = this.#data?.range[axis] ?? [-Infinity, Infinity];
    return Math.min(high, Math.max(low, value));
  }

  /** The first test digit of a kind. */
  #goTo(digit) {
    if (this.#data) {
      this.code = this.#data.codes[this.#data.labels.indexOf(digit)];
    }
  }

  #show() {
    const { svg, painted, near, nearName, readout, note, table, digits, sliders } = this.#parts;
    svg.setAttribute("aria-label", this.#description());
    if (!this.#data) {
      readout.textContent = "The decoder is on its way.";
      return;
    }
    const { index, digit, distance } = this.#nearest;
    const start = index * CELLS ** 2;
    painted.show(this.#painted);
    near.show(this.#data.images.subarray(start, start + CELLS ** 2), 16);
    nearName.textContent = `nearest: a ${digit}`;
    sliders.forEach(({ show }, axis) => show(this.#code[axis]));
    digits.show(distance === 0 ? String(digit) : "");
    note.textContent = this.#credit();
    const cell = (row, column) => number(this.#painted[row * CELLS + column], 2);
    table.show(Array.from({ length: CELLS }, (_, row) => [String(row + 1), ...Array.from({ length: CELLS }, (_, column) => cell(row, column))]));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#parts.readout?.replaceChildren(...this.#told()), QUIET);
  }

  #told() {
    const { digit, distance } = this.#nearest;
    const strong = (text) => node("span", { class: "dlbook-number" }, node("b", {}, text));
    const where = distance === 0 ? "This is the code of a test digit, a " : `At distance ${number(distance, 2)} is the nearest test digit, a `;
    return ["Code ", strong(`(${this.#code.map((value) => number(value, 2)).join(", ")})`), ". ", where, strong(String(digit)), "."];
  }

  #credit() {
    const { num_train: train, error, mean_image_error: mean } = this.#data;
    return (
      `Trained on ${train.toLocaleString("en")} digits. The ${this.#data.codes.length} of the plane are others; painted from their codes, ` +
      `they have a mean squared error of ${number(error, 4)} (the mean image: ${number(mean, 4)}).`
    );
  }

  #description() {
    if (!this.#data) {
      return "A plane of codes, still without digits.";
    }
    const { digit } = this.#nearest;
    const [first, second] = this.#code.map((value) => number(value, 2));
    return `${this.#data.codes.length} test digits, each drawn where its code lies. The point stands at ${first} and ${second}; the nearest digit is a ${digit}.`;
  }

  #drawMark() {
    const { mark } = this.#parts;
    if (!mark || !this.#data) {
      return;
    }
    const { x, y } = this.#scales;
    const at = ([a, b]) => [x(a), y(b)];
    const here = at(this.#code);
    const near = at(this.#data.codes[this.#nearest.index]);
    mark.replaceChildren(
      shape("path", { class: "tie", d: polyline([here, near]) }),
      shape("circle", { class: "near", cx: near[0], cy: near[1], r: 7.5 }),
      shape("circle", { class: "point", cx: here[0], cy: here[1], r: 6 }),
    );
  }

  #press(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || !this.#data) {
      return;
    }
    const steps = event.shiftKey ? LONG : 1;
    this.code = this.#code.map((value, axis) => {
      const [low, high] = this.#data.range[axis];
      return value + (steps * arrow[axis] * (high - low)) / STEPS;
    });
    event.preventDefault();
  }

  #placeOf({ clientX, clientY }) {
    const { svg } = this.#parts;
    const { left, top, width } = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / width;
    return [this.#scales.x.invert((clientX - left) * scale), this.#scales.y.invert((clientY - top) * scale)];
  }
}

function ticks([low, high]) {
  const step = 10 ** Math.floor(Math.log10(high - low)) / 2;
  const wide = (high - low) / step > 8 ? 2 * step : step;
  const first = Math.ceil(low / wide);
  return Array.from({ length: Math.floor(high / wide) - first + 1 }, (_, i) => (first + i) * wide);
}

customElements.define("dlbook-latent-plane", LatentPlane);
