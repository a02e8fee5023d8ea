/* <dlbook-landscape landscape="peaks" optimizer="gradient descent" learning-rate="0.01" steps="1000" start="0 1.4">
 *
 * A map of errors over two parameters. The reader drops a ball, by mouse, finger or keyboard, and an
 * optimizer lets it roll. Scripts read `element.path` (every place [x, y]) and `element.state`
 * ("minimum", "circling", "saddle", "flat", "moving" or "left"), and listen for the event "descent".
 */

import { rings } from "../contours.js";
import { LANDSCAPES, isOnMap } from "../landscapes.js";
import { OPTIMIZERS, walk } from "../optimizers.js";
import { axes, box, linear, node, number, polyline, shape, uniqueId } from "../plot.js";
import { choice } from "./choice.js";
import { Drawn } from "./drawn.js";
import { roll } from "./roll.js";
import { slider } from "./slider.js";
import { stepsTable } from "./steps.js";

const NUM_LEVELS = 12;
const NUM_CELLS = 96;
const RATES = [1, 10, 100, 1000].flatMap((part) => [1, 1.5, 2, 3, 5, 7].map((digit) => (digit * part) / 1000)).slice(0, 19);
const STEPS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const distance = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

/** What has become of the ball: a word for scripts and a sentence for people. */
export function fate(landscape, path) {
  const end = path.at(-1);
  const moved = path.length > 1 ? distance(end, path.at(-2)) : 0;
  const slope = Math.hypot(...landscape.gradient(...end));
  const point = [...landscape.points].sort((a, b) => distance(end, a.at) - distance(end, b.at))[0];
  const off = distance(end, point.at);
  if (!isOnMap(landscape, end)) {
    return ["left", `It left the map at step ${path.length - 1}.`];
  }
  if (point.kind === "minimum" && off < 0.01 && path.slice(-10).every((place) => distance(place, point.at) < 0.05)) {
    return ["minimum", `It has arrived at ${nameOf(landscape, point)}.`];
  }
  if (point.kind === "minimum" && circles(path, point.at)) {
    return ["circling", `It hops around ${nameOf(landscape, point)} and comes no closer.`];
  }
  if (slope < 0.01 && moved < 0.001) {
    return point.kind === "saddle" && off < 0.05
      ? ["saddle", "It is stuck on the saddle: the slope is 0 here, and yet it is no minimum."]
      : ["flat", "It has all but stopped on flat ground: the slope is nearly 0, and no minimum is here."];
  }
  return ["moving", `It is still moving: the last step was ${number(moved, 4)} long.`];
}

function nameOf({ points }, point) {
  const minima = points.filter(({ kind }) => kind === "minimum");
  const rank = minima.length === 1 ? "the minimum" : point === minima[0] ? "the deepest minimum" : "a minimum that is not the deepest";
  return `${rank}, (${point.at.map((value) => number(value, 3)).join(", ")})`;
}

/** Whether the last ten places lie around a point, the later ones no nearer than the earlier ones. */
function circles(path, point) {
  const off = path.slice(-10).map((place) => distance(place, point));
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return off.length === 10 && Math.max(...off) < 0.3 && sum(off.slice(5)) > 0.9 * sum(off.slice(0, 5));
}

class Landscape extends Drawn {
  #landscape = "peaks";
  #optimizer = "gradient descent";
  #rate = 0.01;
  #steps = 1000;
  #start = [0, 1.4];
  #cross = [0, 0];
  #path = [];
  #shown = 0;
  #stop = () => {};
  #scales = null;
  #parts = {};

  get path() {
    return this.#path;
  }

  get state() {
    return fate(LANDSCAPES[this.#landscape], this.#path)[0];
  }

  get landscape() {
    return this.#landscape;
  }

  set landscape(name) {
    this.#change(() => {
      this.#landscape = name;
      this.#start = LANDSCAPES[name].starts[0];
    });
    this.redraw();
  }

  get optimizer() {
    return this.#optimizer;
  }

  set optimizer(name) {
    this.#change(() => (this.#optimizer = name));
  }

  get learningRate() {
    return this.#rate;
  }

  set learningRate(value) {
    this.#change(() => (this.#rate = value));
  }

  get steps() {
    return this.#steps;
  }

  set steps(value) {
    this.#change(() => (this.#steps = value));
  }

  get start() {
    return this.#start;
  }

  set start(place) {
    this.#change(() => (this.#start = place));
  }

  build() {
    this.#read();
    const svg = shape("svg", { role: "img" });
    const pad = this.#pad(svg);
    const controls = this.#controls();
    const here = node("p", { class: "dlbook-here", role: "status" });
    const verdict = node("p", { class: "dlbook-readout", role: "status" });
    const table = stepsTable(["step", "x", "y", "height", "slope"]);
    this.#parts = { svg, pad, here, verdict, table, ...controls, clip: uniqueId("clip") };
    this.replaceChildren(
      node("div", {}, pad, here, verdict),
      node("div", {}, ...controls.elements),
      table.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A ball on a landscape of errors");
    this.#walk();
  }

  draw(width) {
    const { svg, clip } = this.#parts;
    const beside = width >= 600;
    this.classList.toggle("beside", beside);
    const side = beside ? 400 : Math.min(width, 440);
    const frame = { left: 30, right: side - 6, top: 26, bottom: side - 40 + 26 };
    const landscape = LANDSCAPES[this.#landscape];
    const { view } = landscape;
    const x = linear(-view, view, frame.left, frame.right);
    const y = linear(-view, view, frame.bottom, frame.top);
    this.#scales = { x, y, frame };
    const ticks = Array.from({ length: 2 * view + 1 }, (_, i) => i - view);
    const walkShapes = shape("g", { class: "walk", "clip-path": `url(#${clip})` });
    Object.assign(this.#parts, { walkShapes, crossShapes: shape("g", { class: "cross" }) });
    svg.setAttribute("viewBox", `0 0 ${side} ${frame.bottom + 40}`);
    svg.replaceChildren(
      shape("clipPath", { id: clip }, shape("rect", box(frame))),
      axes(frame, { scale: x, ticks, name: "x" }, { scale: y, ticks, name: "y" }),
      shape("g", { class: "ground", "clip-path": `url(#${clip})` }, ...ground(this.#landscape, x, y)),
      shape("rect", { class: "border", ...box(frame) }),
      ...landscape.points.filter(({ kind }) => kind === "minimum").map(({ at }) => plus(x(at[0]), y(at[1]))),
      walkShapes,
      this.#parts.crossShapes,
    );
    this.#drawWalk();
    this.#drawCross();
  }

  /** Let a ball roll from a place, which takes about a second for the eye. */
  drop(place) {
    this.start = place;
    this.#point(place);
    this.#roll();
  }

  #read() {
    const landscape = this.getAttribute("landscape");
    const optimizer = this.getAttribute("optimizer");
    this.#landscape = landscape in LANDSCAPES ? landscape : "peaks";
    this.#optimizer = optimizer in OPTIMIZERS ? optimizer : "gradient descent";
    this.#rate = closest(RATES, Number.parseFloat(this.getAttribute("learning-rate") ?? 0.01));
    this.#steps = closest(STEPS, Number.parseFloat(this.getAttribute("steps") ?? 1000));
    const start = (this.getAttribute("start") ?? "").split(/[\s,]+/).map(Number.parseFloat);
    const fits = start.length === 2 && isOnMap(LANDSCAPES[this.#landscape], start);
    this.#start = fits ? start : LANDSCAPES[this.#landscape].starts[0];
  }

  #pad(svg) {
    const pad = node("div", {
      class: "dlbook-plot", tabindex: "0", role: "application",
      "aria-label": "The map. The arrow keys move a cross, with Shift in long steps; Enter drops the ball there.",
    }, svg);
    pad.addEventListener("click", (event) => this.drop(this.#placeOf(event)));
    pad.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.#point(this.#placeOf(event)));
    pad.addEventListener("keydown", (event) => this.#press(event));
    pad.addEventListener("focus", () => this.#point(this.#start));
    return pad;
  }

  #controls() {
    const landscapes = choice({ name: "Landscape", options: Object.keys(LANDSCAPES), change: (name) => this.#choose({ landscape: name }) });
    const optimizers = choice({ name: "Optimizer", options: Object.keys(OPTIMIZERS), change: (name) => this.#choose({ optimizer: name }) });
    const rate = slider({
      name: "Learning rate", min: 0, max: RATES.length - 1, step: 1,
      format: (index) => String(RATES[index]), change: (index) => (this.learningRate = RATES[index]),
    });
    const steps = slider({
      name: "Steps", min: 0, max: STEPS.length - 1, step: 1,
      format: (index) => STEPS[index].toLocaleString("en"), change: (index) => (this.steps = STEPS[index]),
    });
    const starts = node("div", { class: "dlbook-presets", role: "group", "aria-label": "Try the starts" });
    const sliders = node("div", { class: "dlbook-controls" }, rate.element, steps.element);
    return { landscapes, optimizers, rate, steps, starts, elements: [landscapes.element, optimizers.element, sliders, starts] };
  }

  #choose(property) {
    Object.assign(this, property);
    this.#roll();
  }

  #change(set) {
    set();
    if (this.#parts.svg) {
      this.#walk();
      this.dispatchEvent(new CustomEvent("descent", { bubbles: true }));
    }
  }

  #walk() {
    const landscape = LANDSCAPES[this.#landscape];
    this.#path = walk({
      gradient: landscape.gradient, optimizer: this.#optimizer, start: this.#start, rate: this.#rate,
      steps: this.#steps, goesOn: (place) => isOnMap(landscape, place),
    });
    this.#stop();
    this.#shown = this.#path.length - 1;
    this.#show();
    this.#drawWalk();
  }

  #show() {
    const { svg, landscapes, optimizers, rate, steps, verdict, table } = this.#parts;
    const { height, gradient } = LANDSCAPES[this.#landscape];
    landscapes.show(this.#landscape);
    optimizers.show(this.#optimizer);
    rate.show(RATES.indexOf(closest(RATES, this.#rate)));
    steps.show(STEPS.indexOf(closest(STEPS, this.#steps)));
    this.#showStarts();
    this.dataset.state = this.state;
    svg.setAttribute("aria-label", this.#description());
    verdict.replaceChildren(...this.#readout());
    table.show(this.#path.length, (step) => {
      const place = this.#path[step];
      return [String(step), ...place.map((value) => number(value)), number(height(...place)), number(Math.hypot(...gradient(...place)))];
    });
  }

  #showStarts() {
    const { starts } = this.#parts;
    if (starts.dataset.of === this.#landscape) {
      return;
    }
    starts.dataset.of = this.#landscape;
    const buttons = LANDSCAPES[this.#landscape].starts.map((place) => {
      const button = node("button", { type: "button", "aria-label": `Start at ${placeText(place)}` }, placeText(place));
      button.addEventListener("click", () => this.drop(place));
      return button;
    });
    starts.replaceChildren(node("span", {}, "Try the starts"), ...buttons);
  }

  #readout() {
    const taken = this.#path.length - 1;
    const [x, y] = this.#path.at(-1);
    const height = LANDSCAPES[this.#landscape].height(x, y);
    const result = (name, value) => node("span", { class: "dlbook-number" }, `${name} = `, node("b", {}, number(value, 4)));
    return [
      `From ${placeText(this.#start)}, after ${taken.toLocaleString("en")} ${taken === 1 ? "step" : "steps"}: `,
      result("x", x), ", ", result("y", y), ", ", result("height", height), ". ",
      fate(LANDSCAPES[this.#landscape], this.#path)[1],
    ];
  }

  #description() {
    const { formula } = LANDSCAPES[this.#landscape];
    return (
      `A map of ${formula} with lines of equal height. With ${this.#optimizer} and learning rate ${this.#rate}, the ball ` +
      `goes from ${placeText(this.#start)} to ${placeText(this.#path.at(-1))} in ${this.#path.length - 1} steps.`
    );
  }

  #roll() {
    this.#stop();
    this.#stop = roll(this.#path.length - 1, (step) => {
      this.#shown = step;
      this.#drawWalk();
    });
  }

  #drawWalk() {
    if (this.#scales) {
      const { x, y } = this.#scales;
      const places = this.#path.slice(0, this.#shown + 1).map((place) => [x(place[0]), y(place[1])]);
      this.#parts.walkShapes.replaceChildren(...trace(places));
    }
  }

  #drawCross() {
    if (this.#scales) {
      const { x, y, frame } = this.#scales;
      const [across, up] = [x(this.#cross[0]), y(this.#cross[1])];
      this.#parts.crossShapes.replaceChildren(
        shape("line", { x1: frame.left, x2: frame.right, y1: up, y2: up }),
        shape("line", { x1: across, x2: across, y1: frame.top, y2: frame.bottom }),
      );
    }
  }

  /** Move the cross, and say how high the ground is there. */
  #point(place) {
    const { view, height } = LANDSCAPES[this.#landscape];
    this.#cross = place.map((value) => Math.min(view, Math.max(-view, value)));
    this.#parts.here.textContent = `The ground at ${placeText(this.#cross)}: height ${number(height(...this.#cross), 3)}`;
    this.#drawCross();
  }

  #press(event) {
    const arrow = ARROWS[event.key];
    const length = event.shiftKey ? 0.5 : 0.1;
    if (arrow) {
      this.#point(this.#cross.map((value, i) => hundredths(value + length * arrow[i])));
    } else if (event.key === "Enter" || event.key === " ") {
      this.drop(this.#cross);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The place of the map under the mouse or finger, to a hundredth. */
  #placeOf({ clientX, clientY }) {
    const { svg } = this.#parts;
    const { x, y } = this.#scales;
    const { view } = LANDSCAPES[this.#landscape];
    const { left, top, width } = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / width;
    const place = [x.invert((clientX - left) * scale), y.invert((clientY - top) * scale)];
    return place.map((value) => hundredths(Math.min(view, Math.max(-view, value))));
  }
}

const hundredths = (value) => Math.round(100 * value) / 100;

function closest(levels, value) {
  const wanted = Number.isFinite(value) ? value : levels[Math.floor(levels.length / 2)];
  const off = (level) => Math.abs(Math.log(level / Math.max(wanted, 1e-9)));
  return levels.reduce((best, level) => (off(level) < off(best) ? level : best));
}

function placeText(place) {
  const text = (value) => (Math.abs(value) < 0.005 && value !== 0 ? number(value, 6).replace(/0+$/, "") : number(hundredths(value), 2));
  return `(${place.map((value) => text(value).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")).join(", ")})`;
}

const drawnGround = new Map(); // name -> rings of all levels in units of the landscape

function contours(name) {
  if (!drawnGround.has(name)) {
    const { height, view, bend } = LANDSCAPES[name];
    const at = (i) => -view + (2 * view * i) / NUM_CELLS;
    const ticks = Array.from({ length: NUM_CELLS + 1 }, (_, i) => at(i));
    const heights = ticks.map((y) => ticks.map((x) => height(x, y)));
    const bottom = Math.min(...heights.flat());
    const top = Math.max(...heights.flat());
    const levels = Array.from({ length: NUM_LEVELS }, (_, i) => bottom + (top - bottom) * ((i + 1) / (NUM_LEVELS + 1)) ** bend);
    const places = (ring) => ring.map(([column, row]) => [at(column), at(row)]);
    drawnGround.set(name, levels.map((level) => rings(heights, level).map(places)));
  }
  return drawnGround.get(name);
}

/** Twelve times the ground below a level, one on the other: the lower, the stronger the tint. */
function ground(name, x, y) {
  return contours(name).map((level) => {
    const d = level.map((ring) => `${polyline(ring.map(([across, up]) => [x(across), y(up)]))}Z`).join("");
    return shape("path", { class: "lower", d });
  });
}

function plus(x, y) {
  return shape("path", { class: "minimum", d: `M${x - 5} ${y}H${x + 5}M${x} ${y - 5}V${y + 5}` });
}

/** The walk as a line with dots; dots that would lie on one another are left out. */
function trace(places) {
  const kept = [...apart(places, 0.3), places.at(-1)];
  const dot = ([cx, cy], name, r) => shape("circle", { class: name, cx, cy, r });
  return [
    shape("path", { class: "steps", d: polyline(kept) }),
    ...apart(places, 8).slice(1).map((place) => dot(place, "dot", 2.6)),
    dot(places.at(-1), "dot last", 6),
    dot(places[0], "dot first", 5),
  ];
}

/** The places that are at least so many pixels from the one kept before. */
function apart(places, least) {
  const kept = [places[0]];
  for (const place of places) {
    if (distance(place, kept.at(-1)) >= least) {
      kept.push(place);
    }
  }
  return kept;
}

customElements.define("dlbook-landscape", Landscape);
