/* <dlbook-penalty penalty="L1" strength="0.1" seed="0">
 *
 * A sum of twelve waves, fitted to 20 noisy examples with a penalty on large weights. The law has two of
 * the waves. The reader chooses the penalty and its strength, and sees the weights shrink. Scripts set
 * `element.penalty` ("L1", "L2" or "elastic net"), `strength` and `seed`, read `element.weights` and `bias`
 * of that seed, `element.curves` (of all seeds at `PLACES`) and `element.errors` (for each of
 * `element.strengths`: training, fresh, bias, variance), and listen for the event "penalty".
 */

import { NOISE, PLACES, errorsOf, examplesOf, mean, ripple, wave } from "../noisy_wave.js";
import { WAVES, answers, featuresOf, momentsOf, penalizedFit } from "../penalties.js";
import { axes, linear, node, number, shape, uniqueId } from "../plot.js";
import { choice } from "./choice.js";
import { Drawn } from "./drawn.js";
import { load } from "./load.js";
import { arrange, curvesPanel, errorText, errorsPanel, legend, panel } from "./panels.js";
import { slider } from "./slider.js";
import { foldedTable } from "./steps.js";

const DATA = "assets/data/noisy_wave.json";
const COUNT = 20;
const TALLEST = 1.5;
const STRENGTHS = [0, ...[1, 10, 100, 1000].flatMap((part) => [1, 1.5, 2, 3, 5, 7].map((digit) => (digit * part) / 1000)).slice(0, 23)];
const PENALTIES = {
  L1: (strength) => ({ l1: strength, l2: 0 }),
  L2: (strength) => ({ l1: 0, l2: strength }),
  "elastic net": (strength) => ({ l1: strength / 2, l2: strength / 2 }),
};

/** The law, and its weights: one wave, and a small ripple of three. */
const law = (x) => wave(x) + ripple(x);
const LAW = WAVES.map(({ name }) => ({ "sine 1": 1, "sine 3": 0.3 })[name] ?? 0);

const numZeros = (weights) => weights.filter((weight) => weight === 0).length;
const size = (weights) => weights.reduce((sum, weight) => sum + Math.abs(weight), 0);

class Penalty extends Drawn {
  #draws = null;
  #examples = [];
  #studies = new Map(); // penalty -> its fits and errors, by strength
  #penalty = "L1";
  #strength = 0;
  #seed = 0;
  #parts = {};

  get penalty() {
    return this.#penalty;
  }

  set penalty(name) {
    this.#change(() => (this.#penalty = name));
  }

  get strengths() {
    return STRENGTHS;
  }

  get strength() {
    return this.#strength;
  }

  set strength(value) {
    this.#change(() => (this.#strength = value));
  }

  /** The draw whose weights and examples are shown. */
  get seed() {
    return this.#seed;
  }

  set seed(value) {
    this.#change(() => (this.#seed = value));
  }

  get weights() {
    return this.#fits[this.#seed].weights;
  }

  get bias() {
    return this.#fits[this.#seed].bias;
  }

  get curves() {
    return this.#fits.map((fit) => fit.places);
  }

  get errors() {
    return this.#study.errors;
  }

  async build() {
    try {
      this.#draws = (await load(DATA)).draws;
    } catch (reason) {
      console.warn(`dlbook-penalty: ${DATA} could not be read (${reason}).`);
      return;
    }
    this.#examples = this.#draws.map((draw) => examplesOf(draw, COUNT, law, NOISE));
    this.#read();
    const svg = shape("svg", { role: "img" });
    const controls = this.#controls();
    const verdict = node("p", { class: "dlbook-readout", role: "status" });
    const weights = foldedTable("Every weight in numbers", ["wave", "law", "without penalty", "with penalty"]);
    const strengths = foldedTable("Every strength in numbers", ["strength", "training error", "fresh error", "bias²", "variance", "weights at 0"]);
    this.#parts = { svg, verdict, tables: { weights, strengths }, ...controls, clips: [1, 2, 3].map(() => uniqueId("clip")) };
    this.replaceChildren(
      controls.penalties.element,
      node("div", { class: "dlbook-controls" }, controls.strength.element, controls.seed.element),
      node("div", { class: "dlbook-plot" }, svg),
      verdict,
      weights.element,
      strengths.element,
    );
    this.classList.add("dlbook-widget", "dlbook-fits");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A penalty that shrinks weights");
    this.#show();
    this.redraw();
  }

  draw(width) {
    if (!this.#draws) {
      return;
    }
    const { svg, clips } = this.#parts;
    const { height, cells } = arrange(width, 3);
    const [bars, curves, errors] = cells.map(({ frame }) => frame);
    const seed = [`seed ${this.#seed}`, "chosen"];
    const panels = [
      [...weightsPanel(bars, clips[0], this.weights, this.#study.fits[0][this.#seed].weights),
        legend(bars, [["law", "law"], ["no penalty", "without"], seed])],
      [...curvesPanel(curves, clips[1], { law, curves: this.curves, seed: this.#seed, examples: this.#examples[this.#seed] }),
        legend(curves, [["law", "law"], ["mean", "mean"], seed])],
      [...errorsPanel(errors, clips[2], {
        errors: this.errors, noise: NOISE, at: this.#level, ticks: [0, 0.01, 0.1, 1].map((strength) => STRENGTHS.indexOf(strength)),
        name: `strength of ${this.#penalty}`, format: (level) => String(STRENGTHS[level]),
      }), legend(errors, [["training", "training"], ["fresh", "fresh"]])],
    ];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(...panels.map((shapes, i) => shape("g", { transform: cells[i].at }, ...shapes)));
  }

  get #level() {
    return STRENGTHS.indexOf(this.#strength);
  }

  /** Fits and errors of the chosen penalty; from strong to weak, so that each fit is a good guess for the next. */
  get #study() {
    if (!this.#studies.has(this.#penalty)) {
      const settings = STRENGTHS.map(PENALTIES[this.#penalty]);
      const byDraw = this.#examples.map((examples) => path(examples, settings));
      const fits = settings.map((_, level) => byDraw.map((each) => each[level]));
      const errors = fits.map((each) => errorsOf(each, this.#examples, law, NOISE));
      this.#studies.set(this.#penalty, { fits, errors });
    }
    return this.#studies.get(this.#penalty);
  }

  get #fits() {
    return this.#study.fits[this.#level];
  }

  #read() {
    const penalty = this.getAttribute("penalty");
    const [strength, seed] = ["strength", "seed"].map((name) => Number.parseFloat(this.getAttribute(name)));
    this.#penalty = penalty in PENALTIES ? penalty : "L1";
    this.#strength = STRENGTHS.includes(strength) ? strength : 0;
    this.#seed = seed in this.#draws ? seed : 0;
  }

  #controls() {
    return {
      penalties: choice({ name: "Penalty", options: Object.keys(PENALTIES), change: (name) => (this.penalty = name) }),
      strength: slider({
        name: "Strength", min: 0, max: STRENGTHS.length - 1, step: 1,
        format: (level) => String(STRENGTHS[level]), change: (level) => (this.strength = STRENGTHS[level]),
      }),
      seed: slider({
        name: "In green", min: 0, max: this.#draws.length - 1, step: 1,
        format: (value) => `seed ${value}`, change: (value) => (this.seed = value),
      }),
    };
  }

  #change(set) {
    set();
    if (this.#parts.svg) {
      this.#show();
      this.redraw();
      this.dispatchEvent(new CustomEvent("penalty", { bubbles: true }));
    }
  }

  #show() {
    const { svg, penalties, strength, seed, verdict, tables } = this.#parts;
    penalties.show(this.#penalty);
    strength.show(this.#level);
    seed.show(this.#seed);
    svg.setAttribute("aria-label", this.#description());
    verdict.replaceChildren(...this.#readout());
    const without = this.#study.fits[0][this.#seed].weights;
    tables.weights.show(WAVES.map(({ name }, k) => [name, ...[LAW[k], without[k], this.weights[k]].map((weight) => number(weight))]));
    tables.strengths.show(this.errors.map(({ training, fresh, bias, variance }, level) => {
      const zeros = mean(this.#study.fits[level].map(({ weights }) => numZeros(weights)));
      return [String(STRENGTHS[level]), ...[training, fresh, bias, variance].map((value) => number(value)), number(zeros, 2)];
    }));
  }

  #readout() {
    const bold = (text) => node("b", {}, text);
    const result = (name, value) => node("span", { class: "dlbook-number" }, `${name} `, bold(value));
    const { training, fresh } = this.errors[this.#level];
    const [none] = this.errors;
    const lowest = this.errors.reduce((best, { fresh: error }, level) => (error < this.errors[best].fresh ? level : best), 0);
    const without = this.#study.fits[0][this.#seed].weights;
    return [
      `With ${this.#penalty} of strength ${this.#strength}, seed ${this.#seed}: `, bold(`${numZeros(this.weights)} of ${WAVES.length}`),
      " weights are 0, ", result("sum of sizes", number(size(this.weights), 2)), ` (without penalty ${number(size(without), 2)}). Mean of ${this.#draws.length} draws: `,
      result("training error", errorText(training)), ", ", result("fresh error", errorText(fresh)),
      ` (without penalty ${errorText(none.training)} and ${errorText(none.fresh)}). The lowest fresh error, `,
      `${errorText(this.errors[lowest].fresh)}, has strength ${STRENGTHS[lowest]}.`,
    ];
  }

  #description() {
    const { training, fresh } = this.errors[this.#level];
    const kept = WAVES.map(({ name }, k) => `${name} ${number(this.weights[k], 2)}`).filter((_, k) => this.weights[k] !== 0);
    return (
      `Three pictures of a sum of ${WAVES.length} waves, with ${this.#penalty} of strength ${this.#strength}. The weights of seed ` +
      `${this.#seed} that are not 0: ${kept.length > 0 ? kept.join(", ") : "none"}. The curves of ${this.#draws.length} draws ` +
      `and the law. Training and fresh error against the strength: here ${errorText(training)} and ${errorText(fresh)}.`
    );
  }
}

const AT_PLACES = featuresOf(PLACES);

/** The fits of one draw for each setting of the penalty. */
function path({ x, y }, settings) {
  const rows = featuresOf(x);
  const moments = momentsOf(rows, y);
  let fit;
  const fits = [...settings].reverse().map((setting) => {
    fit = penalizedFit(moments, setting, fit?.weights);
    return { ...fit, examples: answers(fit, rows), places: answers(fit, AT_PLACES) };
  });
  return fits.reverse();
}

/** A bar for each weight, the outline of what it is without a penalty, and a line for what it is in the law. */
function weightsPanel(frame, clip, weights, without) {
  const x = linear(-0.6, WAVES.length - 0.4, frame.left, frame.right);
  const y = linear(-TALLEST, TALLEST, frame.bottom, frame.top);
  const half = (x(1) - x(0)) * 0.36;
  const middle = (k) => x(k) + (k % 2 === 0 ? 0.1 : -0.1) * half;
  const bar = (name, k, weight) => shape("rect", {
    class: name, x: middle(k) - half, width: 2 * half, y: Math.min(y(0), y(weight)), height: Math.abs(y(weight) - y(0)),
  });
  const pairs = Array.from({ length: WAVES.length / 2 }, (_, i) => i);
  const scale = axes(frame,
    { scale: (pair) => (middle(2 * pair) + middle(2 * pair + 1)) / 2, ticks: pairs, name: "swings of a wave (left sine, right cosine)", format: (pair) => pair + 1 },
    { scale: y, ticks: [-1, 0, 1], name: "weight" });
  return panel(frame, clip, scale, [
    ...weights.map((weight, k) => (weight === 0 ? shape("circle", { class: "zero", cx: middle(k), cy: y(0), r: 3.4 }) : bar("bar", k, weight))),
    ...without.map((weight, k) => bar("without", k, weight)),
    ...LAW.map((weight, k) => shape("line", { class: "law", x1: middle(k) - half, x2: middle(k) + half, y1: y(weight), y2: y(weight) })).filter((_, k) => LAW[k] !== 0),
  ]);
}

customElements.define("dlbook-penalty", Penalty);
