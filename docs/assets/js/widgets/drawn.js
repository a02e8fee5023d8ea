/* A custom element that draws itself at its own width.
 *
 * Subclasses write `build()`, called once when the element first appears (it replaces the fallback
 * text), and `draw(width)`, called whenever the width changes and by `redraw()`.
 */

export class Drawn extends HTMLElement {
  #observer = new ResizeObserver(() => this.#resize());
  #width = 0;
  #built = false;

  connectedCallback() {
    if (!this.#built) {
      this.#built = true;
      this.build();
    }
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.#observer.disconnect();
  }

  redraw() {
    if (this.#width > 0) {
      this.draw(this.#width);
    }
  }

  #resize() {
    const width = Math.floor(this.clientWidth);
    if (width > 0 && width !== this.#width) {
      this.#width = width;
      this.redraw();
    }
  }
}
