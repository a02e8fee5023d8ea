/* A row of buttons of which one is pressed. */

import { node } from "../plot.js";

/**
 * @param {{name: string, options: string[], change: (option: string) => void}} options
 */
export function choice({ name, options, change }) {
  const buttons = options.map((option) => {
    const button = node("button", { type: "button", "aria-pressed": "false" }, option);
    button.addEventListener("click", () => change(option));
    return button;
  });
  const element = node("div", { class: "dlbook-presets", role: "group", "aria-label": name }, node("span", {}, name), ...buttons);

  function show(chosen) {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(options[i] === chosen)));
  }
  return { element, show };
}
