/* What an optimizer makes of a gradient, with the settings and the formulas of Keras.
 *
 * A rule takes the gradient, the learning rate, its own memory and the number of the step (1, 2, ...),
 * and returns the change of the parameters. The memory is empty before the first step.
 */

const EPSILON = 1e-7;
const zero = (gradient) => gradient.map(() => 0);

function gradientDescent(gradient, rate) {
  return gradient.map((slope) => -rate * slope);
}

function momentum(gradient, rate, memory) {
  const before = memory.velocity ?? zero(gradient);
  memory.velocity = gradient.map((slope, i) => 0.9 * before[i] - rate * slope);
  return memory.velocity;
}

function rmsprop(gradient, rate, memory) {
  const before = memory.square ?? zero(gradient);
  memory.square = gradient.map((slope, i) => 0.9 * before[i] + 0.1 * slope ** 2);
  return gradient.map((slope, i) => (-rate * slope) / Math.sqrt(memory.square[i] + EPSILON));
}

function adam(gradient, rate, memory, step) {
  const { mean, square } = { mean: zero(gradient), square: zero(gradient), ...memory };
  memory.mean = gradient.map((slope, i) => mean[i] + 0.1 * (slope - mean[i]));
  memory.square = gradient.map((slope, i) => square[i] + 0.001 * (slope ** 2 - square[i]));
  const corrected = (rate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
  return gradient.map((_, i) => (-corrected * memory.mean[i]) / (Math.sqrt(memory.square[i]) + EPSILON));
}

export const OPTIMIZERS = { "gradient descent": gradientDescent, momentum, RMSprop: rmsprop, Adam: adam };

/** Every place of a walk, the start included. It ends early where `goesOn(place)` is false. */
export function walk({ gradient, optimizer, start, rate, steps, goesOn = () => true }) {
  const path = [start];
  const memory = {};
  for (let step = 1; step <= steps && goesOn(path.at(-1)); step += 1) {
    const place = path.at(-1);
    const change = OPTIMIZERS[optimizer](gradient(...place), rate, memory, step);
    path.push(place.map((value, i) => value + change[i]));
  }
  return path;
}
