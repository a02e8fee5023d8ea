/* Weights of a sum of waves, fitted to examples with a penalty on large weights.
 *
 * The cost is the mean squared error + l1·Σ|w| + l2·Σw², as in Keras; the bias is not penalized.
 */

import { mean } from "./noisy_wave.js";

const { PI, cos, sin } = Math;
const SWEEPS = 20;

/** The waves, by how often they swing between −1 and 1: sine and cosine of each. */
export const WAVES = [1, 2, 3, 4, 5, 6].flatMap((times) => [{ name: `sine ${times}`, wave: sin, times }, { name: `cosine ${times}`, wave: cos, times }]);

/** What all waves are at each place: a row per place. */
export const featuresOf = (places) => places.map((x) => WAVES.map(({ wave, times }) => wave(times * PI * x)));

const dot = (one, other) => one.reduce((sum, value, i) => sum + value * other[i], 0);

/** What a model answers to rows of features. */
export const answers = ({ weights, bias }, rows) => rows.map((row) => bias + dot(weights, row));

/** What the best weights depend on: how features go together, and how they go with the answers. */
export function momentsOf(rows, y) {
  const columns = WAVES.map((_, k) => rows.map((row) => row[k]));
  const centers = columns.map(mean);
  const center = mean(y);
  const centered = columns.map((column, k) => column.map((value) => value - centers[k]));
  const products = centered.map((one) => centered.map((other) => dot(one, other) / y.length));
  const targets = centered.map((column) => dot(column, y.map((value) => value - center)) / y.length);
  return { products, targets, centers, center };
}

/** The weights of lowest cost. `start` is a guess, and changes only how long it takes.
 *
 *  Which weights are 0, and the signs of the others, come from coordinate descent: one weight after
 *  the other is set to its best value. The rest are linear equations, which are solved exactly.
 */
export function penalizedFit(moments, { l1, l2 }, start = WAVES.map(() => 0)) {
  let weights = start;
  for (let round = 0; round < 1000; round += 1) {
    const exact = solved(moments, l1, l2, weights);
    if (l1 === 0 || isBest(moments, l1, l2, exact, weights)) {
      weights = exact;
      break;
    }
    weights = descend(moments, l1, l2, weights);
  }
  return { weights, bias: moments.center - dot(weights, moments.centers) };
}

/** Nearer to 0 by an amount, and 0 if that is farther than 0. */
export const softThreshold = (value, amount) => Math.sign(value) * Math.max(0, Math.abs(value) - amount);

function descend({ products, targets }, l1, l2, weights) {
  const moved = [...weights];
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    moved.forEach((weight, k) => {
      const pull = targets[k] - dot(products[k], moved) + products[k][k] * weight;
      moved[k] = softThreshold(pull, l1 / 2) / (products[k][k] + l2);
    });
  }
  return moved;
}

/** The best weights if those at 0 stay there and the others keep their signs; without l1 no weight is at 0. */
function solved({ products, targets }, l1, l2, weights) {
  const free = WAVES.map((_, k) => k).filter((k) => l1 === 0 || weights[k] !== 0);
  const matrix = free.map((i) => free.map((k) => products[i][k] + (i === k ? l2 : 0)));
  const found = solve(matrix, free.map((k) => targets[k] - (Math.sign(weights[k]) * l1) / 2));
  return WAVES.map((_, k) => (free.includes(k) ? found[free.indexOf(k)] : 0));
}

/** Whether signs were kept, and no weight that is 0 is pulled away from it. */
function isBest({ products, targets }, l1, l2, weights, guess) {
  return weights.every((weight, k) =>
    weight === 0 ? Math.abs(targets[k] - dot(products[k], weights)) <= l1 / 2 : Math.sign(weight) === Math.sign(guess[k]));
}

/** The solution of linear equations, by elimination with the largest pivot. */
function solve(matrix, right) {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  rows.forEach((_, column) => {
    const pivot = rows.slice(column).reduce((best, row, i) => (Math.abs(row[column]) > Math.abs(rows[best][column]) ? column + i : best), column);
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (const row of rows.slice(column + 1)) {
      const share = row[column] / rows[column][column];
      row.forEach((_, i) => (row[i] -= share * rows[column][i]));
    }
  });
  const found = [];
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    const known = rows[i].slice(i + 1, -1);
    found.unshift((rows[i].at(-1) - dot(known, found)) / rows[i][i]);
  }
  return found;
}
