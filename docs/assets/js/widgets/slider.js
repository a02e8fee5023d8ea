/* A labelled range input that shows its value. The browser gives it keyboard, touch and role. */

import { node, uniqueId } from "../plot.js";

/**
 * @param {{name: string, min: number, max: number, step: number, format: (value: number) => string,
 *          change: (value: number) => void}} options
 */
export function slider({ name, min, max, step, format, change }) {
  const id = uniqueId("slider");
  const input = node("input", { type: "range", id, min, max, step });
  const shown = node("output", { for: id });
  const element = node("div", { class: "dlbook-slider" }, node("label", { for: id }, name), shown, input);
  input.addEventListener("input", () => change(Number(input.value)));

  function show(value) {
    input.value = value;
    shown.textContent = format(value);
    input.setAttribute("aria-valuetext", format(value));
    const share = (Number(input.value) - min) / (max - min);
    input.style.setProperty("--share", `${100 * share}%`);
  }
  return { element, input, show };
}
