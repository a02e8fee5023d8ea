/* <dlbook-ledger>: the tables of claims inside it, narrowed down by verdict and by words.
 *
 * The tables are on the page already; without this script all of them are shown.
 */

import { node, uniqueId } from "../plot.js";

const VERDICTS = ["holds", "fails", "depends"];

class Ledger extends HTMLElement {
  #claims = [];
  #sections = [];
  #chosen = new Set();
  #words = "";
  #status;

  connectedCallback() {
    if (this.#claims.length > 0) {
      return;
    }
    this.#sections = [...this.querySelectorAll("section")];
    this.#claims = [...this.querySelectorAll("tbody[data-claim]")].map(describe);
    this.prepend(this.#build());
    this.#show();
  }

  #build() {
    const id = uniqueId("claims");
    const words = node("input", { type: "search", id, autocomplete: "off" });
    words.addEventListener("input", () => {
      this.#words = words.value.trim().toLowerCase();
      this.#show();
    });
    const buttons = VERDICTS.map((verdict) => this.#button(verdict));
    this.#status = node("p", { role: "status" });
    return node(
      "div",
      { class: "dlbook-ledger-bar", role: "group", "aria-label": "Choose claims" },
      node("div", { class: "dlbook-ledger-words" }, node("label", { for: id }, "Claims about"), words),
      node("div", { class: "dlbook-ledger-verdicts" }, ...buttons),
      this.#status,
    );
  }

  #button(verdict) {
    const button = node("button", { type: "button", "aria-pressed": "false" });
    button.append(this.querySelector(`.verdict-${verdict}`)?.cloneNode(true) ?? verdict);
    button.addEventListener("click", () => {
      const chosen = !this.#chosen.delete(verdict);
      if (chosen) {
        this.#chosen.add(verdict);
      }
      button.setAttribute("aria-pressed", String(chosen));
      this.#show();
    });
    return button;
  }

  #show() {
    const shown = this.#claims.filter((claim) => this.#fits(claim));
    this.#claims.forEach((claim) => (claim.element.hidden = !shown.includes(claim)));
    for (const section of this.#sections) {
      section.hidden = !section.querySelector("tbody[data-claim]:not([hidden])");
    }
    this.#status.textContent = `${shown.length} of ${this.#claims.length} claims`;
  }

  #fits({ verdict, text }) {
    const wanted = this.#chosen.size === 0 || this.#chosen.has(verdict);
    return wanted && this.#words.split(/\s+/).every((word) => text.includes(word));
  }
}

/** What is asked of a claim: its verdict, and the words of its row, its chapter and its part. */
function describe(element) {
  const titles = ["section[data-chapter] > h3", "section[data-part] > h2"].map((selector) => {
    const [section, title] = selector.split(" > ");
    return element.closest(section).querySelector(`:scope > ${title}`).textContent;
  });
  const verdict = VERDICTS.find((one) => element.querySelector(`.verdict-${one}`));
  return { element, verdict, text: [element.textContent, ...titles].join(" ").toLowerCase() };
}

customElements.define("dlbook-ledger", Ledger);
