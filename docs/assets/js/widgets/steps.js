/* "Every step in numbers": a folded table, for those who want to check, and for those who cannot see the picture. */

import { node } from "../plot.js";

const MOST_ROWS = 101;

/** @param {string[]} names - of the columns; the first one heads the rows */
export function stepsTable(names) {
  const title = node("summary", {}, "Every step in numbers");
  const head = node("tr", {}, ...names.map((name) => node("th", { scope: "col", class: "number" }, name)));
  const body = node("tbody");
  const table = node("table", { class: "dlbook-table" }, node("thead", {}, head), body);
  const wrap = node("div", { class: "dlbook-table-wrap", tabindex: "0", role: "region", "aria-label": "Every step" }, table);

  /** Fill the table; of a long walk it shows every tenth step, or every hundredth, and the last one. */
  function show(count, cells) {
    let stride = 1;
    while (count / stride > MOST_ROWS) {
      stride *= 10;
    }
    const rows = Array.from({ length: count }, (_, i) => i).filter((i) => i % stride === 0 || i === count - 1);
    title.textContent = stride === 1 ? "Every step in numbers" : `Every ${stride}th step in numbers`;
    body.replaceChildren(...rows.map((i) => row(cells(i))));
  }
  return { element: node("details", { class: "dlbook-steps" }, title, wrap), show };
}

function row([first, ...others]) {
  const cells = others.map((text) => node("td", { class: "number" }, text));
  return node("tr", {}, node("th", { scope: "row", class: "number" }, first), ...cells);
}
