/* <dlbook-capacity degree="3" noise="0.3" num-examples="20" seed="0">
 *
 * Polynomials that are fitted to noisy examples of a wave, 20 times, each time to other examples. The
 * reader chooses the degree, the noise and the number of examples. Scripts set `element.degree`, `noise`,
 * `numExamples` and `seed`, read `element.errors` (for each degree: training, fresh, bias, variance),
 * `element.curves` (the 20 at `PLACES`) and `element.state` ("underfits", "fits" or "overfits"), and
 * listen for the event "capacity".
 */

import { NOISE, PLACES, errorsOf, examplesOf, wave } from "../noisy_wave.js";
import { node, number, shape, uniqueId } from "../plot.js";
import { polynomialFits } from "../polynomials.js";
import { Drawn } from "./drawn.js";
import { load } from "./load.js";
import { arrange, curvesPanel, errorText, errorsPanel, legend } from "./panels.js";
import { slider } from "./slider.js";
import { foldedTable } from "./steps.js";

const DATA = "assets/data/noisy_wave.json";
const HIGHEST = 12;
const COUNTS = [15, 20, 30, 50, 80];
const NEAR = 1.1; // a fresh error within 10 % of the lowest is as good

/** The state at a degree: a word for scripts and a sentence for people. */
export function fate(errors, degree) {
  const fresh = errors.map((each) => each.fresh);
  const best = fresh.indexOf(Math.min(...fresh));
  const lowest = degree === best ? "No other degree has a lower fresh error." : `The lowest fresh error, ${errorText(fresh[best])}, has degree ${best}.`;
  if (fresh[degree] <= NEAR * fresh[best]) {
    return ["fits", `${lowest} This degree fits.`];
  }
  return degree < best ? ["underfits", `${lowest} This degree underfits.`] : ["overfits", `${lowest} This degree overfits.`];
}

class Capacity extends Drawn {
  #draws = null;
  #degree = 3;
  #noise = NOISE;
  #count = 20;
  #seed = 0;
  #examples = [];
  #fits = []; // by degree, then by draw
  #errors = [];
  #parts = {};

  get degree() {
    return this.#degree;
  }

  set degree(value) {
    this.#change(() => (this.#degree = value));
  }

  get noise() {
    return this.#noise;
  }

  set noise(value) {
    this.#change(() => (this.#noise = value));
  }

  get numExamples() {
    return this.#count;
  }

  set numExamples(value) {
    this.#change(() => (this.#count = value));
  }

  /** The draw whose examples are shown. */
  get seed() {
    return this.#seed;
  }

  set seed(value) {
    this.#change(() => (this.#seed = value));
  }

  get errors() {
    return this.#errors;
  }

  get curves() {
    return this.#fits[this.#degree].map((fit) => fit.places);
  }

  get state() {
    return fate(this.#errors, this.#degree)[0];
  }

  async build() {
    try {
      this.#draws = (await load(DATA)).draws;
    } catch (reason) {
      console.warn(`dlbook-capacity: ${DATA} could not be read (${reason}).`);
      return;
    }
    this.#read();
    this.#fit();
    const svg = shape("svg", { role: "img" });
    const sliders = this.#sliders();
    const verdict = node("p", { class: "dlbook-readout", role: "status" });
    const table = foldedTable("Every degree in numbers", ["degree", "training error", "fresh error", "bias²", "variance"]);
    this.#parts = { svg, sliders, verdict, table, clips: [uniqueId("clip"), uniqueId("clip")] };
    this.replaceChildren(
      node("div", { class: "dlbook-plot" }, svg),
      node("div", { class: "dlbook-controls" }, ...Object.values(sliders).map(({ element }) => element)),
      verdict,
      table.element,
    );
    this.classList.add("dlbook-widget", "dlbook-fits");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Underfitting and overfitting with polynomials");
    this.#show();
    this.redraw();
  }

  draw(width) {
    if (!this.#draws) {
      return;
    }
    const { svg, clips } = this.#parts;
    const { height, cells } = arrange(width, 2);
    const [curves, errors] = cells.map(({ frame }) => frame);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(
      shape("g", { transform: cells[0].at },
        ...curvesPanel(curves, clips[0], { law: wave, curves: this.curves, seed: this.#seed, examples: this.#examples[this.#seed] }),
        legend(curves, [["law", "law"], ["mean", "mean"], [`seed ${this.#seed}`, "chosen"]])),
      shape("g", { transform: cells[1].at },
        ...errorsPanel(errors, clips[1], {
          errors: this.#errors, noise: this.#noise, at: this.#degree, ticks: [0, 2, 4, 6, 8, 10, 12], name: "degree",
        }),
        legend(errors, [["training", "training"], ["fresh", "fresh"]])),
    );
  }

  #read() {
    const given = (name, fallback, allowed) => {
      const value = Number.parseFloat(this.getAttribute(name) ?? fallback);
      return allowed(value) ? value : fallback;
    };
    const whole = (highest) => (value) => Number.isInteger(value) && value >= 0 && value <= highest;
    this.#degree = given("degree", 3, whole(HIGHEST));
    this.#seed = given("seed", 0, whole(this.#draws.length - 1));
    this.#noise = given("noise", NOISE, (value) => value >= 0 && value <= 1);
    this.#count = given("num-examples", 20, (value) => COUNTS.includes(value));
  }

  #fit() {
    this.#examples = this.#draws.map((draw) => examplesOf(draw, this.#count, wave, this.#noise));
    const byDraw = this.#examples.map((examples) => polynomialFits(examples, PLACES, HIGHEST));
    this.#fits = Array.from({ length: HIGHEST + 1 }, (_, degree) => byDraw.map((fits) => fits[degree]));
    this.#errors = this.#fits.map((fits) => errorsOf(fits, this.#examples, wave, this.#noise));
  }

  #sliders() {
    const whole = (name, max, format, change) => slider({ name, min: 0, max, step: 1, format, change });
    return {
      degree: whole("Degree", HIGHEST, String, (value) => (this.degree = value)),
      noise: slider({ name: "Noise", min: 0, max: 1, step: 0.1, format: (value) => number(value, 1), change: (value) => (this.noise = value) }),
      count: whole("Examples", COUNTS.length - 1, (index) => String(COUNTS[index]), (index) => (this.numExamples = COUNTS[index])),
      seed: whole("In green", this.#draws.length - 1, (value) => `seed ${value}`, (value) => (this.seed = value)),
    };
  }

  #change(set) {
    const before = [this.#noise, this.#count];
    set();
    if (!this.#parts.svg) {
      return;
    }
    if (before[0] !== this.#noise || before[1] !== this.#count) {
      this.#fit();
    }
    this.#show();
    this.redraw();
    this.dispatchEvent(new CustomEvent("capacity", { bubbles: true }));
  }

  #show() {
    const { svg, sliders, verdict, table } = this.#parts;
    sliders.degree.show(this.#degree);
    sliders.noise.show(this.#noise);
    sliders.count.show(COUNTS.indexOf(this.#count));
    sliders.seed.show(this.#seed);
    this.dataset.state = this.state;
    svg.setAttribute("aria-label", this.#description());
    verdict.replaceChildren(...this.#readout());
    table.show(this.#errors.map(({ training, fresh, bias, variance }, degree) => [String(degree), ...[training, fresh, bias, variance].map((value) => number(value))]));
  }

  #readout() {
    const { training, fresh, bias, variance } = this.#errors[this.#degree];
    const result = (name, value) => node("span", { class: "dlbook-number" }, `${name} `, node("b", {}, errorText(value)));
    return [
      `Degree ${this.#degree}, mean of ${this.#draws.length} draws: `, result("training error", training), ", ", result("fresh error", fresh),
      ` = noise² ${errorText(this.#noise ** 2)} + bias² ${errorText(bias)} + variance ${errorText(variance)}. `,
      fate(this.#errors, this.#degree)[1],
    ];
  }

  #description() {
    const { training, fresh } = this.#errors[this.#degree];
    return (
      `Left, a wave and ${this.#draws.length} polynomials of degree ${this.#degree}, each fitted to ${this.#count} examples with noise ` +
      `${number(this.#noise, 1)}. Right, training and fresh error against the degree from 0 to ${HIGHEST}: here ` +
      `${errorText(training)} and ${errorText(fresh)}.`
    );
  }
}

customElements.define("dlbook-capacity", Capacity);
