/* Show the steps of a walk one after the other, for the eye; who wants no motion sees the end at once. */

const DURATION = 1200; // milliseconds

/** Call `show(step)` with 0 at first and `last` at the end. Returns a function that stops it. */
export function roll(last, show) {
  if (last < 2 || window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    show(last);
    return () => {};
  }
  let frame = 0;
  const begin = performance.now();
  const advance = (now) => {
    const share = Math.min(1, Math.max(0, now - begin) / DURATION);
    show(Math.round((last + 1) ** share - 1)); // the first steps are the longest: they get the most time
    if (share < 1) {
      frame = requestAnimationFrame(advance);
    }
  };
  advance(begin);
  return () => cancelAnimationFrame(frame);
}
