/* Landscapes of errors over two parameters: heights and slopes, operation by operation those of
 * the Python of the part `descent`.
 *
 * `view` is the half width of the map, `points` are the places where the slope is 0, the deepest
 * first, `starts` are places worth trying, `bend` makes the lines of equal height denser at the bottom.
 */

const { exp } = Math;

function peaks(x, y) {
  return (
    3 * (1 - x) ** 2 * exp(-(x ** 2) - (y + 1) ** 2) -
    10 * (x / 5 - x ** 3 - y ** 5) * exp(-(x ** 2) - y ** 2) -
    exp(-((x + 1) ** 2) - y ** 2) / 3
  );
}

function peaksGradient(x, y) {
  const first = exp(-(x ** 2) - (y + 1) ** 2);
  const second = exp(-(x ** 2) - y ** 2);
  const third = exp(-((x + 1) ** 2) - y ** 2);
  const middle = x / 5 - x ** 3 - y ** 5;
  return [
    -6 * (1 - x) * (1 + x * (1 - x)) * first -
      10 * (0.2 - 3 * x ** 2 - 2 * x * middle) * second +
      (2 / 3) * (x + 1) * third,
    -6 * (1 - x) ** 2 * (y + 1) * first +
      10 * (5 * y ** 4 + 2 * y * middle) * second +
      (2 / 3) * y * third,
  ];
}

const STEEPNESS = 25;

export const LANDSCAPES = {
  peaks: {
    formula: "the peaks of the course",
    height: peaks,
    gradient: peaksGradient,
    view: 3,
    bend: 1.6,
    points: [
      { kind: "minimum", at: [0.2283, -1.6255] },
      { kind: "minimum", at: [-1.3474, 0.2045] },
      { kind: "minimum", at: [0.2964, 0.3202] },
    ],
    starts: [[0, 1.4], [1, 1], [-1, -1], [2, 2.5]],
  },
  saddle: {
    formula: "f(x, y) = x² − y²",
    height: (x, y) => x ** 2 - y ** 2,
    gradient: (x, y) => [2 * x, -2 * y],
    view: 2,
    bend: 1,
    points: [{ kind: "saddle", at: [0, 0] }],
    starts: [[1.5, 0], [1.5, 1e-6], [1.5, 0.001]],
  },
  ravine: {
    formula: `f(x, y) = ½(x² + ${STEEPNESS}y²)`,
    height: (x, y) => 0.5 * (x ** 2 + STEEPNESS * y ** 2),
    gradient: (x, y) => [x, STEEPNESS * y],
    view: 3,
    bend: 2,
    points: [{ kind: "minimum", at: [0, 0] }],
    starts: [[-2.5, 1], [-2.5, 0], [0.5, 1.5]],
  },
};

/** Whether a place lies on the map. */
export function isOnMap({ view }, place) {
  return place.every((value) => Math.abs(value) <= view);
}
