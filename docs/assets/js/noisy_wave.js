/* A law, noisy examples of it, and how wrong the curves are that were fitted to them: the world of the
 * Python of `dlbook.generalization.overfitting`.
 */

const { PI, sin } = Math;

export const NOISE = 0.3;
export const wave = (x) => sin(PI * x);
export const ripple = (x) => 0.3 * sin(3 * PI * x);

/** Evenly spaced places between −1 and 1, where curves are compared with the law. */
export const PLACES = Array.from({ length: 200 }, (_, i) => (i + 0.5) / 100 - 1);

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const distance = (one, other) => mean(one.map((value, i) => (value - other[i]) ** 2));

/** The first examples of a draw: places x, and y, the law plus noise. */
export function examplesOf(draw, count, law, noise) {
  const x = draw.x.slice(0, count);
  return { x, y: x.map((place, i) => law(place) + noise * draw.deviation[i]) };
}

/** The mean of curves, place by place. */
export const meanCurve = (curves) => PLACES.map((_, i) => mean(curves.map((curve) => curve[i])));

/** Errors of models that were each fitted to their own examples.
 *
 *  Each fit holds what a model answers at its `examples` and at the `places`. A fresh example has noise
 *  of its own, so its squared error is, on average, the squared distance from the law plus noise².
 */
export function errorsOf(fits, examples, law, noise) {
  const truth = PLACES.map(law);
  const curves = fits.map((fit) => fit.places);
  const middle = meanCurve(curves);
  const training = fits.map((fit, i) => distance(fit.examples, examples[i].y));
  const fresh = curves.map((curve) => distance(curve, truth) + noise ** 2);
  return {
    training: mean(training), fresh: mean(fresh), bias: distance(middle, truth),
    variance: mean(curves.map((curve) => distance(curve, middle))), each: { training, fresh },
  };
}
