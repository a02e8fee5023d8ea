/* A button that walks through steps at an even pace, and stops; who wants no motion gets to the end at once. */

import { node } from "../plot.js";

/**
 * @param {{steps: [number, number], pace: number, now: () => number, show: (step: number) => void,
 *          turned: (playing: boolean) => void}} options - the first and the last step, milliseconds for
 *          each, where the widget stands, how it goes to a step, what to do when playing begins or ends
 */
export function player({ steps: [first, last], pace, now, show, turned }) {
  const button = node("button", { type: "button" }, "play");
  let timer = 0;

  function stop() {
    if (timer) {
      clearInterval(timer);
      timer = 0;
      button.textContent = "play";
      turned(false);
    }
  }

  function advance() {
    if (now() >= last || !button.isConnected) {
      stop();
    } else {
      show(now() + 1);
    }
  }

  function play() {
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
      show(last);
      return;
    }
    if (now() >= last) {
      show(first);
    }
    timer = setInterval(advance, pace);
    button.textContent = "pause";
    turned(true);
  }

  button.addEventListener("click", () => (timer ? stop() : play()));
  return { button, stop };
}
