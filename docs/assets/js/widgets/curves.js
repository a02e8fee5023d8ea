/* <dlbook-curves src="assets/data/learning_rate.json">
 *
 * The learning curves of every network of one recorded sweep, and a slider that picks one level
 * of its independent variable. The file holds measured numbers only; without `src` the element
 * stays hidden and asks for nothing.
 */

import { axes, box, linear, logarithmic, node, polyline, shape, uniqueId } from "../plot.js";
import { Drawn } from "./drawn.js";
import { load } from "./load.js";
import { slider } from "./slider.js";

/** The runs of one level: two hexadecimal digits per point, seeds one after the other.
 *  `00` is the low end of the axis, `fe` its high end, and `ff` is above the axis.
 */
export function decode(text, numPoints, { low, high }) {
  const value = (byte) => low + ((high - low) * (byte === 255 ? 400 : byte)) / 254;
  const values = text.match(/../g).map((pair) => value(Number.parseInt(pair, 16)));
  const runs = [];
  for (let at = 0; at < values.length; at += numPoints) {
    runs.push(values.slice(at, at + numPoints));
  }
  return runs;
}

class Curves extends Drawn {
  #study = null;
  #level = 0;
  #runs = [];
  #parts = {};

  /** The index of the level that is shown. */
  get level() {
    return this.#level;
  }

  set level(value) {
    this.#level = value;
    this.#show();
  }

  async build() {
    const src = this.getAttribute("src");
    this.hidden = true;
    if (!src) {
      return;
    }
    try {
      this.#start(await load(src));
    } catch (reason) {
      console.warn(`dlbook-curves: ${src} could not be drawn (${reason}).`);
    }
  }

  draw(width) {
    if (!this.#study) {
      return;
    }
    const { epochs, dependent, scale } = this.#study;
    const { clip, svg } = this.#parts;
    const height = Math.round(Math.min(430, Math.max(260, width * 0.58)));
    const frame = { left: 46, right: width - 16, top: 28, bottom: height - 40 };
    const last = epochs.at(-1);
    const x = (scale === "log" ? logarithmic : linear)(epochs[0], last, frame.left, frame.right);
    const y = linear(dependent.low, dependent.high, frame.bottom, frame.top);
    this.#parts.at = { x, y };
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#parts.all = this.#runs.map((runs) => shape("path", { class: "runs", d: bundle(runs, epochs, x, y) }));
    this.#parts.chosen = shape("g", { class: "chosen", "clip-path": `url(#${clip})` });
    svg.replaceChildren(
      shape("clipPath", { id: clip }, shape("rect", box(frame))),
      axes(
        frame,
        { scale: x, ticks: epochTicks(scale, epochs), name: scale === "log" ? "epoch (log scale)" : "epoch" },
        { scale: y, ticks: dependent.ticks, name: dependent.label, format: (value) => valueText(value, dependent, 0) },
      ),
      shape("g", { class: "all", "clip-path": `url(#${clip})` }, ...this.#parts.all),
      this.#parts.chosen,
    );
    this.#mark();
  }

  #start(study) {
    this.#study = study;
    this.#runs = study.lines.map((text) => decode(text, study.epochs.length, study.dependent));
    this.#level = study.start ?? 0;
    const svg = shape("svg", { role: "img", "aria-label": study.description });
    const choose = slider({
      name: study.independent.label, min: 0, max: study.independent.levels.length - 1, step: 1,
      format: (index) => levelText(study.independent.levels[index]),
      change: (index) => (this.level = index),
    });
    const words = node("p", { class: "dlbook-readout", role: "status" });
    this.#parts = { svg, choose, words, clip: uniqueId("clip") };
    this.replaceChildren(
      node("div", { class: "dlbook-plot" }, svg),
      node("div", { class: "dlbook-controls" }, choose.element),
      words,
      ...(study.measured ? [node("p", { class: "caption" }, effort(study))] : []),
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", study.title);
    this.hidden = false;
    this.#show();
    this.redraw();
  }

  #show() {
    if (!this.#study) {
      return;
    }
    this.#parts.choose.show(this.#level);
    this.#parts.words.textContent = this.#sentence();
    this.#mark();
  }

  #mark() {
    const { all, chosen, at } = this.#parts;
    if (!at) {
      return;
    }
    const { epochs, mean, low, high } = this.#study;
    const point = (values) => values.map((value, i) => [at.x(epochs[i]), at.y(value)]);
    const band = [...point(low[this.#level]), ...point(high[this.#level]).reverse()];
    const own = all[this.#level].cloneNode();
    chosen.replaceChildren(
      own,
      shape("path", { class: "band", d: `${polyline(band)}Z` }),
      shape("path", { class: "mean", d: polyline(point(mean[this.#level])) }),
    );
  }

  #sentence() {
    const { independent, dependent, epochs, seeds, mean, low, high, reached } = this.#study;
    const i = this.#level;
    const text = (values) => valueText(values[i].at(-1), dependent, 1);
    const share = reached ? ` ${reached.count[i]} of the ${seeds} networks reach ${reached.what}.` : "";
    return (
      `At ${independent.label} ${levelText(independent.levels[i])} the mean ${dependent.label} after ` +
      `${epochs.at(-1)} epochs is ${text(mean)} (95% interval ${text(low)} to ${text(high)}).${share}`
    );
  }
}

function effort({ networks, measured, processors }) {
  const seconds = Math.max(1, Math.round(measured.seconds));
  const count = networks.toLocaleString("en");
  return `All ${count} networks trained together in ${seconds} seconds, on ${processors} processor cores.`;
}

function epochTicks(scale, epochs) {
  const round = scale === "log" ? [1, 10, 100, 1000] : [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => part * epochs.at(-1));
  return round.filter((tick) => tick >= epochs[0] && tick <= epochs.at(-1)).map(Math.round);
}

function bundle(runs, epochs, x, y) {
  return runs.map((run) => polyline(run.map((value, i) => [x(epochs[i]), y(value)]))).join("");
}

function levelText(level) {
  return typeof level === "number" ? String(Number(level.toPrecision(3))) : level;
}

function valueText(value, { percent }, decimals) {
  return percent ? `${(100 * value).toFixed(decimals)} %` : value.toFixed(decimals + 2);
}

customElements.define("dlbook-curves", Curves);
