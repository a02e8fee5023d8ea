/* <dlbook-gates first="4" second="20" unit="7" moment="30">
 *
 * A trained LSTM that reads a list of numbers of which two are marked by a bell, and adds those two. The
 * reader walks through time, moves the bells, draws other numbers, and sees gates, candidate and cell
 * state of one unit, the cell states of all, and the sum. Scripts set `element.moment`, `unit`, `marks`
 * ([first, second]) and `numbers`, all counted from 1, read `element.seen` (by name a row of units for
 * each moment) and `element.answers`, call `element.renew()`, and listen for the event "gates". The
 * weights load when the widget is reached; until then its frames keep the room.
 */

import { axes, linear, node, number, polyline, shape } from "../plot.js";
import { dense, lstm, readModel, tensor } from "../runtime.js";
import { Drawn } from "./drawn.js";
import { player } from "./player.js";
import { loadWhenReached } from "./reached.js";
import { slider } from "./slider.js";
import { foldedTable } from "./steps.js";

const DATA = "assets/data/adding_lstm.json";
const MOMENTS = 30;
const UNITS = 15;
const PACE = 300; // milliseconds for a moment
const GATES = ["input", "forget", "output"];
const TICKS = [1, 10, 20, 30];
const LEFT = 38; // room for the numbers of an axis
const GAP = 30;
const STEPS = [2, 1, 0.5, 0.2, 0.1]; // of the axis of a cell state

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const short = (value) => number(value, 2);

class Gates extends Drawn {
  #told = null; // what the file says, with its model
  #numbers = Array(MOMENTS).fill(0);
  #marks = [4, 20];
  #moment = MOMENTS;
  #unit = 1;
  #seen = null;
  #answers = [];
  #frames = null;
  #parts = {};

  /** The moment that is looked at, 1 for the first. */
  get moment() {
    return this.#moment;
  }

  set moment(value) {
    this.#parts.player?.stop();
    this.#change(() => (this.#moment = clamp(value, 1, MOMENTS)));
  }

  get unit() {
    return this.#unit;
  }

  set unit(value) {
    this.#change(() => (this.#unit = clamp(value, 1, UNITS)));
  }

  /** The two moments at which the bell rings. */
  get marks() {
    return [...this.#marks];
  }

  set marks(moments) {
    this.#change(() => {
      this.#marks = moments.map((moment) => clamp(moment, 1, MOMENTS));
      this.#read();
    });
  }

  get numbers() {
    return [...this.#numbers];
  }

  set numbers(values) {
    this.#change(() => {
      this.#numbers = [...values];
      this.#read();
    });
  }

  /** Gates, candidate, cell and hidden state: for each moment a row of units. */
  get seen() {
    const rows = ({ shape: [, units], data }) => Array.from({ length: MOMENTS }, (_, t) => [...data.subarray(t * units, (t + 1) * units)]);
    return this.#seen && Object.fromEntries(Object.entries(this.#seen).map(([name, values]) => [name, rows(values)]));
  }

  /** What the network would say if the list ended at each moment. */
  get answers() {
    return [...this.#answers];
  }

  /** The sum of the marked numbers up to each moment. */
  get sums() {
    let sum = 0;
    return this.#numbers.map((value, t) => (sum += this.#marks.includes(t + 1) ? value : 0));
  }

  /** Draw new numbers. */
  renew() {
    this.numbers = Array.from({ length: MOMENTS }, () => Math.round(100 * Math.random()) / 100);
  }

  build() {
    const fallback = [...this.childNodes];
    const svg = shape("svg", { role: "img" });
    const sliders = this.#sliders();
    const play = player({
      steps: [1, MOMENTS],
      pace: PACE,
      now: () => this.#moment,
      show: (moment) => this.#change(() => (this.#moment = moment)),
      turned: (playing) => this.#parts.readout.setAttribute("aria-live", playing ? "off" : "polite"),
    });
    const renew = node("button", { type: "button" }, "draw new numbers");
    renew.addEventListener("click", () => this.renew());
    const readout = node("p", { class: "dlbook-readout", role: "status" });
    const record = node("p", { class: "dlbook-note" });
    const table = foldedTable("Every moment in numbers", ["moment", "number", "bell", ...GATES, "candidate", "cell state", "answer so far"]);
    this.#parts = { svg, sliders, readout, record, table, player: play };
    this.replaceChildren(
      node("div", { class: "dlbook-presets", role: "group", "aria-label": "Walk through the list" }, node("span", {}, "List"), play.button, renew),
      node("div", { class: "dlbook-plot" }, svg),
      node("div", { class: "dlbook-controls" }, ...Object.values(sliders).map(({ element }) => element)),
      readout,
      record,
      table.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "The gates of a trained LSTM");
    svg.addEventListener("click", (event) => this.#point(event));
    this.#take();
    this.#show();
    loadWhenReached(this, DATA, { fallback, ready: (told) => this.#begin(told), failed: () => (this.#parts = {}) });
  }

  draw(width) {
    const { svg } = this.#parts;
    if (!svg) {
      return;
    }
    const beside = width >= 600;
    const wide = beside ? (width - GAP) / 2 : width;
    const columns = beside ? [["numbers", "gates", "state"], ["units", "answer"]] : [["numbers", "gates", "state", "answer", "units"]];
    const heights = { numbers: 56, gates: 84, state: 96, units: 11 * UNITS, answer: 96 };
    this.#frames = {};
    let lowest = 0;
    columns.forEach((names, i) => {
      let top = 24;
      for (const name of names) {
        const left = i * (wide + GAP) + LEFT;
        this.#frames[name] = { last: name === names.at(-1), left, right: i * (wide + GAP) + wide - 6, top, bottom: top + heights[name] };
        top += heights[name] + 50;
      }
      lowest = Math.max(lowest, top - 50 + 42);
    });
    svg.setAttribute("viewBox", `0 0 ${width} ${lowest}`);
    this.#drawAll();
  }

  /** What the attributes say. */
  #take() {
    const whole = (name, fallback, most) => {
      const value = Number(this.getAttribute(name) ?? fallback);
      return Number.isInteger(value) && value >= 1 && value <= most ? value : fallback;
    };
    this.#moment = whole("moment", MOMENTS, MOMENTS);
    this.#unit = whole("unit", 1, UNITS);
    this.#marks = [whole("first", 0, MOMENTS), whole("second", 0, MOMENTS)];
  }

  /** The file is here: its list is the first that is read. */
  #begin(told) {
    this.#told = { ...told, model: readModel(told.model) };
    const { error, count, always } = told.tested;
    this.#parts.record.textContent =
      `Mean squared error of this network on ${count.toLocaleString("en")} fresh lists: ${number(error, 4)}. Always answering 1: ${number(always, 4)}.`;
    this.#change(() => {
      this.#numbers = told.list.numbers;
      this.#marks = this.#marks.map((mark, i) => mark || told.list.marks[i]);
      this.#unit = this.hasAttribute("unit") ? this.#unit : told.unit;
      this.#read();
    });
  }

  /** Let the network read the list. */
  #read() {
    if (!this.#told) {
      return;
    }
    const list = this.#numbers.flatMap((value, t) => [value, Number(this.#marks.includes(t + 1))]);
    const [cell, answer] = this.#told.model.layers;
    this.#seen = lstm(tensor([MOMENTS, 2], list), cell);
    this.#answers = [...dense(this.#seen.hidden, answer.kernel, answer.bias).data];
  }

  #sliders() {
    const whole = (name, max, format, change) => slider({ name, min: 1, max, step: 1, format, change });
    const ring = (i) => (value) => (this.marks = this.#marks.map((mark, k) => (k === i ? value : mark)));
    return {
      moment: whole("Moment", MOMENTS, (value) => `${value} of ${MOMENTS}`, (value) => (this.moment = value)),
      unit: whole("Unit", UNITS, (value) => `${value} of ${UNITS}`, (value) => (this.unit = value)),
      first: whole("A bell at", MOMENTS, String, ring(0)),
      second: whole("Another bell at", MOMENTS, String, ring(1)),
    };
  }

  #change(set) {
    set();
    if (this.#parts.svg) {
      this.#show();
      this.#drawAll();
      this.dispatchEvent(new CustomEvent("gates", { bubbles: true }));
    }
  }

  /** A row of the walk of the chosen unit. */
  #of(name) {
    const { data } = this.#seen[name];
    return Array.from({ length: MOMENTS }, (_, t) => data[t * UNITS + this.#unit - 1]);
  }

  #show() {
    const { svg, sliders, readout, table } = this.#parts;
    sliders.moment.show(this.#moment);
    sliders.first.show(this.#marks[0] || 1);
    sliders.second.show(this.#marks[1] || 1);
    sliders.unit.show(this.#unit);
    svg.setAttribute("aria-label", this.#description());
    if (!this.#seen) {
      readout.textContent = "The network is on its way.";
      return;
    }
    readout.replaceChildren(...this.#readout());
    const columns = [...GATES, "candidate", "cell"].map((name) => this.#of(name));
    table.show(this.#numbers.map((value, t) => [
      String(t + 1), short(value), this.#marks.includes(t + 1) ? "rings" : "", ...columns.map((column) => number(column[t], 3)), number(this.#answers[t], 3),
    ]));
  }

  #description() {
    return (
      `A list of ${MOMENTS} numbers, of which a bell marks two, and what a trained network does with it, moment by moment: ` +
      `the three gates, the candidate and the cell state of unit ${this.#unit}, the cell states of all ${UNITS} units, and the answer so far beside the sum so far.`
    );
  }

  #readout() {
    const t = this.#moment - 1;
    const together = (...parts) => node("span", { class: "dlbook-number" }, ...parts);
    const value = (text) => together(node("b", {}, text));
    const [input, forget, output, candidate, cell] = [...GATES, "candidate", "cell"].map((name) => this.#of(name));
    const before = t > 0 ? cell[t - 1] : 0;
    const bell = this.#marks.includes(this.#moment) ? "with the bell" : "no bell";
    const term = (each) => (each < 0 ? `(${short(each)})` : short(each));
    const end = this.#moment === MOMENTS;
    return [
      `Moment ${this.#moment}: number ${short(this.#numbers[t])}, ${bell}. Unit ${this.#unit}: `,
      "cell state = ", together(`forget ${short(forget[t])} · ${term(before)}`), " + ",
      together(`input ${short(input[t])} · candidate ${term(candidate[t])}`), " = ", value(short(cell[t])),
      `; output gate ${short(output[t])}. `,
      end ? "The network says " : "If the list ended here, the network would say ", value(short(this.#answers[t])),
      end ? "; the sum is " : "; the sum so far is ", value(short(this.sums[t])), ".",
    ];
  }

  #drawAll() {
    if (!this.#frames || !this.#parts.svg) {
      return;
    }
    const drawn = ["numbers", "gates", "state", "units", "answer"].map((name) => this.#panel(name));
    this.#parts.svg.replaceChildren(...drawn);
  }

  #panel(name) {
    const frame = this.#frames[name];
    const width = (frame.right - frame.left) / MOMENTS;
    const x = (moment) => frame.left + (moment - 0.5) * width;
    const across = { scale: x, ticks: TICKS, name: frame.last ? "moment" : "" };
    const [low, high, ticks, title] = this.#scale(name);
    const y = linear(low, high, frame.bottom, frame.top);
    const place = { frame, x, y, width };
    const words = shape("text", { class: "title", x: frame.left - LEFT, y: frame.top - 9, "aria-hidden": "true" }, ...title);
    const now = shape("rect", { class: "now", x: x(this.#moment) - width / 2, y: frame.top, width, height: frame.bottom - frame.top });
    const scale = axes(frame, across, { scale: y, ticks, name: "" });
    const inside = this.#seen ? this.#inside(name, place) : [];
    return shape("g", { class: name }, ...(name === "units" ? [scale, words, ...inside, now] : [now, scale, words, ...inside]));
  }

  /** Where an axis begins and ends, its numbers, and the words above it. */
  #scale(name) {
    const word = (text) => shape("tspan", {}, text);
    const key = (text, style, sign = "●") => [shape("tspan", { class: `key ${style}` }, `${sign} `), word(`${text} `)];
    switch (name) {
      case "numbers":
        return [0, 1, [0, 1], [word("number "), ...key("with the bell", "bell", "■")]];
      case "gates":
        return [0, 1, [0, 0.5, 1], [word(`unit ${this.#unit}: `), ...key("input", "input"), ...key("forget", "forget"), ...key("output gate", "output")]];
      case "state": {
        const most = this.#seen ? 1.1 * Math.max(...["candidate", "cell"].flatMap((name) => this.#of(name).map(Math.abs))) : 1;
        const step = STEPS.find((each) => each <= most) ?? STEPS.at(-1);
        return [-most, most, [-step, 0, step], [word(`unit ${this.#unit}: `), ...key("candidate", "candidate"), ...key("cell state", "cell")]];
      }
      case "units":
        return [UNITS + 0.5, 0.5, [1, 5, 10, 15], [word("all cell states: "), ...key("above 0", "positive", "■"), ...key("below 0", "negative", "■")]];
      default: {
        const all = [...this.#answers, ...this.sums];
        return [Math.min(0, ...all), Math.max(1.5, ...all), [0, 1], [word("if it ended here: "), ...key("answer", "answer"), ...key("true sum", "sum")]];
      }
    }
  }

  #inside(name, { frame, x, y, width }) {
    const line = (style, values) => {
      const points = values.map((value, t) => [x(t + 1), y(value)]);
      return [
        shape("path", { class: `${style} later`, d: polyline(points.slice(this.#moment - 1)) }),
        shape("path", { class: style, d: polyline(points.slice(0, this.#moment)) }),
        shape("circle", { class: `${style} here`, cx: x(this.#moment), cy: y(values[this.#moment - 1]), r: 3.5 }),
      ];
    };
    switch (name) {
      case "numbers":
        return this.#numbers.flatMap((value, t) => this.#bar(t + 1, value, { x, y, width, frame }));
      case "gates":
        return GATES.flatMap((gate) => line(gate, this.#of(gate)));
      case "state":
        return [...line("candidate", this.#of("candidate")), ...line("cell", this.#of("cell"))];
      case "units":
        return this.#cells(frame, x, width);
      default:
        return [...line("sum", this.sums), ...line("answer", this.#answers)];
    }
  }

  #bar(moment, value, { x, y, width, frame }) {
    const rings = this.#marks.includes(moment);
    const place = { x: x(moment) - 0.36 * width, width: 0.72 * width };
    const later = moment > this.#moment ? " later" : "";
    const bar = shape("rect", { class: `bar${rings ? " bell" : ""}${later}`, ...place, y: y(value), height: frame.bottom - y(value) });
    const bell = shape("path", { class: "ring", d: `M${(x(moment) - 4).toFixed(1)} ${frame.top + 0.5}l4 7l4-7Z` });
    return rings ? [bar, bell] : [bar];
  }

  /** A square for every unit and moment, the stronger the larger its cell state. */
  #cells(frame, x, width) {
    const { data } = this.#seen.cell;
    const most = Math.max(...data.map(Math.abs));
    const height = (frame.bottom - frame.top) / UNITS;
    const squares = [...data].map((value, i) => {
      const [t, unit] = [Math.floor(i / UNITS), i % UNITS];
      const later = t >= this.#moment ? 0.35 : 1;
      return shape("rect", {
        class: value < 0 ? "negative" : "positive", "fill-opacity": (later * Math.sqrt(Math.abs(value) / most)).toFixed(3),
        x: (x(t + 1) - width / 2).toFixed(2), y: (frame.top + unit * height).toFixed(2), width: width.toFixed(2), height: (height - 1).toFixed(2),
      });
    });
    const chosen = { x: frame.left - 1, y: frame.top + (this.#unit - 1) * height - 1, width: frame.right - frame.left + 2, height: height + 1 };
    return [...squares, shape("rect", { class: "chosen", ...chosen })];
  }

  /** A click on a panel chooses the moment, and among the cell states the unit too. */
  #point(event) {
    if (!this.#seen) {
      return;
    }
    const { svg } = this.#parts;
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const [across, down] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const inside = ([, { left, right, top, bottom }]) => across >= left && across < right && down >= top && down < bottom;
    const [name, frame] = Object.entries(this.#frames).find(inside) ?? [];
    if (frame) {
      if (name === "units") {
        this.unit = 1 + Math.floor((UNITS * (down - frame.top)) / (frame.bottom - frame.top));
      }
      this.moment = 1 + Math.floor((MOMENTS * (across - frame.left)) / (frame.right - frame.left));
    }
  }
}

customElements.define("dlbook-gates", Gates);
