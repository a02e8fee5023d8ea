/* <dlbook-digit example="2" head="flatten">
 *
 * The reader draws a digit, by mouse, finger, pen or keyboard, and two convolutional networks read it:
 * probabilities and feature maps. Scripts set `element.strokes` (lists of points [x, y] between 0 and 1),
 * `example` (a digit, or null), `head` ("flatten" or "global") and `shift` ([down, right] in pixels), read
 * `element.pixels` (8x8 numbers), `inputs` (12x12), `probabilities`, `maps` (one list of tensors for each
 * convolution) and `answer`, and listen for the event "digit". The networks load when the widget is
 * reached.
 */

import { PEN, SIDE, fittedPicture, plainPicture } from "../handwriting.js";
import { node, number, polyline, shape } from "../plot.js";
import { decode, readModel, runModel, tensor } from "../runtime.js";
import { choice } from "./choice.js";
import { Drawn } from "./drawn.js";
import { ink } from "./ink.js";
import { loadWhenReached } from "./reached.js";
import { slider } from "./slider.js";
import { foldedTable } from "./steps.js";

const DATA = "assets/data/digits_cnn.json";
const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);
const HEADS = ["flatten", "global"];
const CELLS = 8; // of a picture
const FRAME = 12; // pixels of a side of what a network sees
const FARTHEST = (FRAME - CELLS) / 2;
const FINE = 1.3; // radius of the pen on a clear sheet, in pixels of 32: its strokes get their width later
const STEP = 1 / 16; // of the pen on the keyboard
const QUIET = 500; // milliseconds without a change before the answer is told
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CONVOLUTIONS = [["convolution_1", "First convolution"], ["convolution_2", "Second convolution"]];

const within = (value) => Math.min(1, Math.max(0, value));
const percent = (share) => `${number(100 * share, 1)} %`;

/** A probability for people: softmax is never quite sure, so that none is told as 0 or as 100 %. */
const sure = (share) => (share > 0.9995 ? "> 99.9 %" : share < 0.0005 ? "< 0.1 %" : percent(share));

class Digit extends Drawn {
  #data = null;
  #networks = {};
  #strokes = [];
  #example = null;
  #first = false; // whether the example was there before the reader: a stroke takes its place
  #head = "flatten";
  #shift = [0, 0];
  #pen = { at: [0.5, 0.25], down: false };
  #found = null; // pixels, inputs, maps and probabilities
  #scheduled = 0;
  #timer = 0;
  #parts = {};

  get strokes() {
    return this.#strokes.map((points) => points.map((point) => [...point]));
  }

  set strokes(strokes) {
    this.#change(() => (this.#strokes = strokes.map((points) => points.map((point) => point.map(within)))));
  }

  get example() {
    return this.#example;
  }

  set example(digit) {
    this.#change(() => {
      this.#example = digit;
      this.#strokes = [];
      this.#first = false;
    });
  }

  get head() {
    return this.#head;
  }

  set head(name) {
    this.#change(() => (this.#head = name));
  }

  /** Pixels down and to the right. */
  get shift() {
    return [...this.#shift];
  }

  set shift([down, right]) {
    this.#change(() => (this.#shift = [down, right]));
  }

  get pixels() {
    return this.#found && [...this.#found.pixels];
  }

  get inputs() {
    return this.#found && [...this.#found.inputs.data];
  }

  get maps() {
    return this.#found && this.#found.maps.map(({ shape: sides, data }) => ({ shape: [...sides], data: [...data] }));
  }

  get probabilities() {
    return this.#found && [...this.#found.probabilities];
  }

  get answer() {
    return this.#found && this.#ranking()[0];
  }

  clear() {
    this.example = null;
  }

  build() {
    this.#read();
    const fallback = [...this.childNodes];
    const svg = shape("svg", { role: "img" });
    const pad = this.#pad(svg);
    const seen = ink(FRAME, FRAME, "What the network sees: 12 by 12 pixels");
    const bars = shape("svg", { role: "img" });
    const maps = CONVOLUTIONS.map(([, name]) => this.#mapsOf(name));
    const controls = this.#controls();
    const readout = node("p", { class: "dlbook-readout", role: "status" });
    const credit = node("p", { class: "dlbook-note" });
    const table = foldedTable("Probabilities in numbers", ["digit", "probability"]);
    this.#parts = { svg, pad, seen, bars, maps, readout, credit, table, ...controls };
    this.replaceChildren(
      node("div", { class: "dlbook-digit-sheets" },
        node("div", {}, pad, controls.clear),
        node("div", { class: "dlbook-digit-seen" }, node("span", {}, "seen, 12×12"), seen.element),
        node("div", { class: "dlbook-plot dlbook-digit-bars" }, bars)),
      readout,
      ...controls.elements,
      ...maps.map(({ element }) => element),
      credit,
      table.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A sheet to draw a digit on, and a network that reads it");
    this.#show();
    loadWhenReached(this, DATA, {
      fallback,
      ready: (data) => this.#take(data),
      failed: () => (this.#parts = {}),
    });
  }

  draw(width) {
    const { svg, pad, bars } = this.#parts;
    if (!svg) {
      return;
    }
    const beside = width >= 560;
    const side = beside ? 240 : 208;
    pad.style.width = `${side}px`;
    svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
    this.#parts.side = side;
    const wide = beside ? width - side - 144 : width;
    bars.parentElement.style.width = `${wide}px`;
    bars.setAttribute("viewBox", `0 0 ${wide} 240`);
    this.#drawSheet();
    this.#drawBars();
  }

  #read() {
    const example = Number(this.getAttribute("example") ?? Number.NaN);
    this.#example = DIGITS.includes(example) ? example : null;
    this.#first = this.#example !== null;
    this.#head = HEADS.includes(this.getAttribute("head")) ? this.getAttribute("head") : "flatten";
  }

  #take(data) {
    const networks = Object.entries(data.networks).map(([head, network]) => [head, { ...network, model: readModel(network.model) }]);
    this.#networks = Object.fromEntries(networks);
    this.#data = { ...data, examples: decode(data.examples).data };
    this.#change(() => {});
  }

  #pad(svg) {
    const pad = node("div", {
      class: "dlbook-plot dlbook-digit-pad", tabindex: "0", role: "application",
      "aria-label": "Sheet to draw on. The arrow keys move the pen, Space lowers or lifts it, Delete clears the sheet.",
    }, svg);
    pad.addEventListener("pointerdown", (event) => this.#begin(event));
    pad.addEventListener("pointermove", (event) => this.#follow(event));
    ["pointerup", "pointercancel"].forEach((name) => pad.addEventListener(name, () => this.#lift()));
    pad.addEventListener("keydown", (event) => this.#press(event));
    pad.addEventListener("blur", () => this.#lift());
    return pad;
  }

  #controls() {
    const clear = node("div", { class: "dlbook-presets" }, press("clear", () => this.clear()));
    const examples = choice({ name: "Test digits", options: DIGITS.map(String), change: (option) => (this.example = Number(option)) });
    const heads = choice({ name: "Head", options: HEADS, change: (option) => (this.head = option) });
    const sliders = ["Move down", "Move right"].map((name, axis) => {
      const change = (value) => (this.shift = this.#shift.map((old, i) => (i === axis ? value : old)));
      return slider({ name, min: -FARTHEST, max: FARTHEST, step: 1, format: (value) => number(value, 0), change });
    });
    const moves = node("div", { class: "dlbook-controls" }, ...sliders.map(({ element }) => element));
    return { clear, examples, heads, sliders, elements: [examples.element, heads.element, moves] };
  }

  /** A row of canvases, made when it is known how many maps there are and of what size. */
  #mapsOf(name) {
    const title = node("p", { class: "dlbook-note" });
    const row = node("div", { class: "dlbook-maps", role: "img", "aria-label": name });
    const element = node("div", {}, title, row);
    let [made, sizes] = [[], ""];

    function show({ shape: [rows, columns, count], data }) {
      const needed = `${count} maps of ${rows}×${columns}`;
      if (needed !== sizes) {
        sizes = needed;
        made = Array.from({ length: count }, () => ink(rows, columns));
        row.replaceChildren(...made.map((each) => each.element));
        title.textContent = `${name}, ${sizes}`;
        row.setAttribute("aria-label", `${name}: ${sizes}, the stronger a map the darker.`);
      }
      const most = data.reduce((largest, value) => Math.max(largest, value), 0);
      made.forEach((each, k) => each.show(data.filter((_, i) => i % count === k), most));
    }
    return { element, show };
  }

  #change(set) {
    set();
    if (!this.#parts.svg) {
      return;
    }
    this.#compute();
    this.#show();
    this.#drawSheet();
    this.#drawBars();
    this.dispatchEvent(new CustomEvent("digit", { bubbles: true }));
  }

  #compute() {
    if (!this.#data) {
      return;
    }
    const pixels = this.#picture();
    const inputs = tensor([FRAME, FRAME, 1]);
    const [down, right] = this.#shift;
    pixels.forEach((value, i) => {
      const [row, column] = [Math.floor(i / CELLS) + FARTHEST + down, (i % CELLS) + FARTHEST + right];
      inputs.data[row * FRAME + column] = value;
    });
    const { model } = this.#networks[this.#head];
    const activations = runModel(model, inputs);
    const maps = CONVOLUTIONS.map(([layer]) => activations[model.layers.findIndex(({ name }) => name === layer)]);
    this.#found = { pixels, inputs, maps, probabilities: activations.at(-1).data };
  }

  /** 8x8 numbers from 0 to 1: strokes on a clear sheet are fitted, those on an example stay in place. */
  #picture() {
    if (this.#example === null) {
      return fittedPicture(this.#strokes);
    }
    const start = this.#example * CELLS ** 2;
    const drawn = plainPicture(this.#strokes);
    return drawn.map((value, i) => Math.max(value, this.#data.examples[start + i] / 16));
  }

  #ranking() {
    const { probabilities } = this.#found;
    return [...DIGITS].sort((a, b) => probabilities[b] - probabilities[a]);
  }

  #show() {
    const { svg, seen, bars, maps, examples, heads, sliders, readout, credit, table } = this.#parts;
    examples.show(this.#example === null ? "" : String(this.#example));
    heads.show(this.#head);
    this.#shift.forEach((value, axis) => sliders[axis].show(value));
    svg.setAttribute("aria-label", this.#description());
    bars.setAttribute("aria-label", "The probability of each digit; the table below has the numbers.");
    if (!this.#found) {
      readout.textContent = "The network is on its way.";
      return;
    }
    seen.show(this.#found.inputs.data);
    this.#found.maps.forEach((found, i) => maps[i].show(found));
    credit.textContent = this.#credit();
    table.show([...this.#found.probabilities].map((probability, digit) => [String(digit), number(probability, 4)]));
    this.#tell();
  }

  /** Write the answer once the reader pauses, so that it is read aloud once. */
  #tell() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#found && this.#parts.readout?.replaceChildren(...this.#told()), QUIET);
  }

  #told() {
    const [first, second] = this.#ranking();
    const { probabilities } = this.#found;
    const strong = (text) => node("span", { class: "dlbook-number" }, node("b", {}, text));
    const [down, right] = this.#shift;
    const moved = down || right ? `, moved by ${number(down, 0)} down and ${number(right, 0)} to the right` : "";
    const sheet = this.#isEmpty() ? "The sheet is empty, and the network still answers " : "The network reads ";
    return [
      sheet, strong(String(first)), " with probability ", strong(sure(probabilities[first])),
      `; next comes ${second} with ${sure(probabilities[second])}. Head: ${this.#head}${moved}.`,
    ];
  }

  #credit() {
    const { num_train: train, num_stroked: stroked, num_test: test } = this.#data;
    const { accuracy, weights } = this.#networks[this.#head];
    return (
      `${weights.toLocaleString("en")} weights, trained on ${train.toLocaleString("en")} written and ${stroked.toLocaleString("en")} made-up ` +
      `digits in the middle. Of ${test} others by the same writers it reads ${percent(accuracy[0])}; moved by 1 pixel ${percent(accuracy[1])}, by 2 pixels ${percent(accuracy[2])}.`
    );
  }

  #isEmpty() {
    return this.#example === null && this.#strokes.length === 0;
  }

  #description() {
    const example = this.#example === null ? "" : `a ${this.#example} of the test digits`;
    const strokes = this.#strokes.length === 0 ? "" : `${this.#strokes.length} drawn ${this.#strokes.length === 1 ? "stroke" : "strokes"}`;
    return `The sheet: ${[example, strokes].filter(Boolean).join(" and ") || "nothing is drawn yet"}.`;
  }

  #drawSheet() {
    const { svg, side } = this.#parts;
    if (!svg || !side) {
      return;
    }
    const onSheet = (points) => points.map((point) => point.map((value) => side * value));
    const radius = this.#example === null ? FINE : PEN;
    const thick = { "stroke-width": (2 * radius * side) / SIDE };
    const strokes = this.#strokes.map((points) => {
      const line = points.length > 1 ? points : [points[0], points[0]];
      return shape("path", { class: "stroke", d: polyline(onSheet(line)), ...thick });
    });
    const [[x, y]] = onSheet([this.#pen.at]);
    const invitation = this.#isEmpty() ? [shape("text", { x: side / 2, y: side / 2, "text-anchor": "middle", "aria-hidden": "true" }, "draw a digit")] : [];
    svg.replaceChildren(
      shape("rect", { class: "sheet", x: 0.5, y: 0.5, width: side - 1, height: side - 1 }),
      ...this.#exampleCells(side),
      ...invitation,
      ...strokes,
      shape("circle", { class: this.#pen.down ? "pen down" : "pen", cx: x, cy: y, r: (PEN * side) / SIDE + 2 }),
    );
  }

  #exampleCells(side) {
    if (this.#example === null || !this.#data) {
      return [];
    }
    const size = side / CELLS;
    return Array.from({ length: CELLS ** 2 }, (_, i) => [i, this.#data.examples[this.#example * CELLS ** 2 + i] / 16])
      .filter(([, value]) => value > 0)
      .map(([i, value]) =>
        shape("rect", { class: "cell", x: (i % CELLS) * size, y: Math.floor(i / CELLS) * size, width: size, height: size, "fill-opacity": value }));
  }

  /** Ten rows; until the network is there they are empty. */
  #drawBars() {
    const { bars, side } = this.#parts;
    if (!bars || !side) {
      return;
    }
    const wide = bars.viewBox.baseVal.width;
    const rows = DIGITS.map((digit) => {
      const probability = this.#found?.probabilities[digit] ?? 0;
      const y = 24 * digit;
      return shape("g", { class: digit === this.answer ? "row answer" : "row" },
        shape("text", { x: 4, y: y + 17 }, String(digit)),
        shape("rect", { class: "room", x: 22, y: y + 4, width: wide - 96, height: 16 }),
        shape("rect", { class: "bar", x: 22, y: y + 4, width: Math.max(0, (wide - 96) * probability), height: 16 }),
        shape("text", { x: wide - 2, y: y + 17, "text-anchor": "end" }, this.#found ? sure(probability) : ""));
    });
    bars.replaceChildren(...rows);
  }

  // The pen

  #begin(event) {
    if (event.button !== 0) {
      return;
    }
    event.preventDefault();
    const { pad } = this.#parts;
    pad.focus({ preventScroll: true });
    pad.setPointerCapture(event.pointerId);
    this.#pen = { at: this.#placeOf(event), down: true, pointer: event.pointerId };
    this.#touch();
  }

  #follow(event) {
    if (!this.#pen.down || this.#pen.pointer !== event.pointerId) {
      return;
    }
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length > 0 ? events : [event]) {
      this.#pull(this.#placeOf(each));
    }
  }

  #lift() {
    if (this.#pen.down) {
      this.#pen = { at: this.#pen.at, down: false };
      this.#drawSheet();
    }
  }

  /** Put the pen down where it is: a new stroke. */
  #touch() {
    if (this.#first) {
      [this.#example, this.#first] = [null, false];
    }
    this.#strokes.push([[...this.#pen.at]]);
    this.#soon();
  }

  /** Move the pen, and draw if it is down. */
  #pull(place) {
    this.#pen.at = place;
    const points = this.#strokes.at(-1);
    const far = (point) => Math.hypot(place[0] - point[0], place[1] - point[1]) >= 0.01;
    if (this.#pen.down && points && far(points.at(-1))) {
      points.push([...place]);
    }
    this.#soon();
  }

  /** Read the sheet before the next picture on the screen, however often the pen has moved. */
  #soon() {
    this.#scheduled ||= requestAnimationFrame(() => {
      this.#scheduled = 0;
      this.#change(() => {});
    });
  }

  #press(event) {
    const arrow = ARROWS[event.key];
    if (arrow) {
      this.#pull(this.#pen.at.map((value, axis) => within(value + STEP * arrow[axis])));
    } else if (event.key === " " || event.key === "Enter") {
      this.#toggle();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.#lift();
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  #toggle() {
    if (this.#pen.down) {
      this.#lift();
      return;
    }
    this.#pen = { at: this.#pen.at, down: true };
    this.#touch();
  }

  #placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.#parts.svg.getBoundingClientRect();
    return [within((clientX - left) / width), within((clientY - top) / height)];
  }
}

function press(text, action) {
  const button = node("button", { type: "button" }, text);
  button.addEventListener("click", action);
  return button;
}

customElements.define("dlbook-digit", Digit);
