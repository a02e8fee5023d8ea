/* Two pictures of models that were each fitted to their own noisy examples: their curves, and their
 * errors. A panel is drawn into a frame; `clip` is the name of a clip path that is its own.
 */

import { PLACES, meanCurve } from "../noisy_wave.js";
import { axes, box, linear, logarithmic, number, polyline, shape } from "../plot.js";

const LOWEST = 0.01;
const HIGHEST = 10;
const TALLEST = 2;

/** An error for people: three decimals, fewer of a large one. */
export const errorText = (error) => number(error, error < 10 ? 3 : error < 1000 ? 1 : 0);

/** The law, the curves of all draws with their mean, and one draw with its examples. */
export function curvesPanel(frame, clip, { law, curves, seed, examples }) {
  const x = linear(-1, 1, frame.left, frame.right);
  const y = linear(-TALLEST, TALLEST, frame.bottom, frame.top);
  const path = (name, values) => shape("path", { class: name, d: polyline(values.map((value, i) => [x(PLACES[i]), y(near(value))])) });
  return panel(frame, clip, axes(frame, { scale: x, ticks: [-1, 0, 1], name: "x" }, { scale: y, ticks: [-2, -1, 0, 1, 2], name: "y" }), [
    ...curves.map((curve) => path("draw", curve)),
    path("law", PLACES.map(law)),
    path("mean", meanCurve(curves)),
    path("chosen", curves[seed]),
    ...examples.x.map((place, i) => shape("circle", { class: "example", cx: x(place), cy: y(examples.y[i]), r: 3.2 })),
  ]);
}

/** A value that is far outside the picture, moved to just outside. */
const near = (value) => Math.min(9 * TALLEST, Math.max(-9 * TALLEST, value));

/** Training and fresh error at every level of a slider, of each draw and on average.
 *
 *  @param {{errors: {training: number, fresh: number, each: object}[], noise: number, at: number,
 *           ticks: number[], name: string, format: (level: number) => string}} options
 */
export function errorsPanel(frame, clip, { errors, noise, at, ticks, name, format }) {
  const x = linear(0, errors.length - 1, frame.left + 8, frame.right - 8);
  const y = logarithmic(LOWEST, HIGHEST, frame.bottom, frame.top);
  const height = (error) => y(Math.min(9 * HIGHEST, Math.max(LOWEST / 9, error)));
  const line = (style, values) => shape("path", { class: style, d: polyline(values.map((error, i) => [x(i), height(error)])) });
  const kinds = ["training", "fresh"];
  const each = kinds.flatMap((kind) => errors[0].each[kind].map((_, k) => line(`each ${kind}`, errors.map((level) => level.each[kind][k]))));
  const averages = kinds.map((kind) => line(`average ${kind}`, errors.map((level) => level[kind])));
  const marks = kinds.map((kind) => shape("circle", { class: `here ${kind}`, cx: x(at), cy: height(errors[at][kind]), r: 5 }));
  const vertical = shape("line", { class: "here", x1: x(at), x2: x(at), y1: frame.top, y2: frame.bottom });
  const floor = noise > 0 ? [line("floor", errors.map(() => noise ** 2))] : [];
  const scales = [{ scale: x, ticks, name, format }, { scale: y, ticks: [0.01, 0.1, 1, 10], name: "error" }];
  return panel(frame, clip, axes(frame, ...scales), [vertical, ...each, ...floor, ...averages, ...marks]);
}

/** Axes, and shapes that are cut off at their frame. */
export function panel(frame, clip, scale, shapes) {
  const inside = shape("clipPath", { id: clip }, shape("rect", box(frame)));
  return [inside, scale, shape("g", { "clip-path": `url(#${clip})` }, ...shapes)];
}

/** The names of lines in the colours of the lines, above a frame at its right: [text, class]. */
export function legend({ right, top }, names) {
  const words = names.map(([text, name], i) => shape("tspan", { class: name, ...(i > 0 && { dx: 12 }) }, text));
  return shape("text", { class: "legend", x: right, y: top - 16, "text-anchor": "end", "aria-hidden": "true" }, ...words);
}

const GAP = 28;

/** Room for panels: in two columns where there is width for it (a last odd one fills its row), else in one.
 *
 *  @returns {{height: number, cells: {at: string, frame: object}[]}} the frame counts from `at`, a `transform`
 */
export function arrange(width, count) {
  const columns = width >= 600 ? 2 : 1;
  const height = columns === 2 ? 286 : 226;
  const cells = Array.from({ length: count }, (_, i) => {
    const fills = columns === 1 || (i === count - 1 && i % 2 === 0);
    const wide = fills ? width : (width - GAP) / 2;
    const [column, row] = [i % columns, Math.floor(i / columns)];
    const frame = { left: 34, right: wide - 8, top: 30, bottom: height - 44 };
    return { at: `translate(${column * (wide + GAP)} ${row * height})`, frame };
  });
  return { height: height * Math.ceil(count / columns), cells };
}
