/* Folded tables of numbers: for those who want to check, and for those who cannot see the picture. */

import { node } from "../plot.js";

const MOST_ROWS = 101;

/**
 * @param {string} title - of the fold
 * @param {string[]} names - of the columns; the first one heads the rows
 */
export function foldedTable(title, names) {
  const summary = node("summary", {}, title);
  const head = node("tr", {}, ...names.map((name) => node("th", { scope: "col", class: "number" }, name)));
  const body = node("tbody");
  const table = node("table", { class: "dlbook-table" }, node("thead", {}, head), body);
  const wrap = node("div", { class: "dlbook-table-wrap", tabindex: "0", role: "region", "aria-label": title }, table);
  const show = (rows) => body.replaceChildren(...rows.map(row));
  return { element: node("details", { class: "dlbook-steps" }, summary, wrap), summary, show };
}

/** "Every step in numbers"; of a long walk every tenth step, or every hundredth, and the last one. */
export function stepsTable(names) {
  const { element, summary, show: fill } = foldedTable("Every step in numbers", names);

  function show(count, cells) {
    let stride = 1;
    while (count / stride > MOST_ROWS) {
      stride *= 10;
    }
    const steps = Array.from({ length: count }, (_, i) => i).filter((i) => i % stride === 0 || i === count - 1);
    summary.textContent = stride === 1 ? "Every step in numbers" : `Every ${stride}th step in numbers`;
    fill(steps.map(cells));
  }
  return { element, show };
}

function row([first, ...others]) {
  const cells = others.map((text) => node("td", { class: "number" }, text));
  return node("tr", {}, node("th", { scope: "row", class: "number" }, first), ...cells);
}
