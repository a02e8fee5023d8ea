/* Work that waits until a widget is near the window. */

import { load } from "./load.js";

/** Call `action` once, when the reader comes near. */
export function whenReached(element, action) {
  const observer = new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) {
      observer.disconnect();
      action();
    }
  }, { rootMargin: "200px" });
  observer.observe(element);
}

/** Load a file when its widget is reached, and give its content to `ready`. If that fails, the widget
 *  holds its text without JavaScript again, `fallback`, and `failed` is called.
 */
export function loadWhenReached(element, src, { fallback, ready, failed = () => {} }) {
  whenReached(element, async () => {
    try {
      ready(await load(src));
    } catch (reason) {
      console.warn(`${element.localName}: ${src} could not be read (${reason}).`);
      failed();
      element.classList.remove("dlbook-widget");
      element.replaceChildren(...fallback);
    }
  });
}
