/* A small picture in ink: a canvas with one pixel for each number, which CSS enlarges without blurring.
 *
 * Paper is clear and ink is black; on dark pages CSS turns the ink light, so that nothing is drawn anew.
 */

import { node } from "../plot.js";

/**
 * @param {number} rows
 * @param {number} columns
 * @param {string} [name] - what the picture shows; without it, it is hidden from who cannot see it
 */
export function ink(rows, columns, name) {
  const described = name ? { role: "img", "aria-label": name } : { "aria-hidden": "true" };
  const element = node("canvas", { class: "dlbook-ink", width: columns, height: rows, ...described });
  const context = element.getContext("2d");
  const image = context.createImageData(columns, rows);

  /** Numbers row by row: 0 is paper, `most` is ink. */
  function show(values, most = 1) {
    for (let i = 0; i < rows * columns; i += 1) {
      image.data[4 * i + 3] = Math.round((255 * Math.max(0, values[i])) / (most || 1));
    }
    context.putImageData(image, 0, 0);
  }
  return { element, show };
}
