/* Forward and back propagation of one example, as in the Python of `dlbook.networks.backpropagation`.
 *
 * A layer is [kernel, bias], with kernel[input][unit]. Hidden layers end in ReLU; the last one gives
 * a logit, of which the sigmoid is the probability of class 1.
 */

export const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const relu = (z) => Math.max(0, z);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const column = (kernel, unit) => kernel.map((row) => row[unit]);

/** The weighted sums of one layer. */
export function weightedSums(values, [kernel, bias]) {
  return bias.map((constant, unit) => sum(values.map((value, i) => value * kernel[i][unit])) + constant);
}

/** The inputs, then what each layer gives; the last is the logit. */
export function forward(inputs, layers) {
  const activations = [inputs];
  layers.forEach((layer, i) => {
    const sums = weightedSums(activations.at(-1), layer);
    activations.push(i === layers.length - 1 ? sums : sums.map(relu));
  });
  return activations;
}

/** The cross-entropy of one example. */
export function loss(logit, target) {
  return Math.max(logit, 0) - target * logit + Math.log1p(Math.exp(-Math.abs(logit)));
}

/** The gradients of the loss, in the shape of the layers. The blame of a node is that of its bias. */
export function backward(activations, layers, target) {
  let blame = activations.at(-1).map((logit) => sigmoid(logit) - target);
  const gradients = [];
  for (let i = layers.length - 1; i >= 0; i -= 1) {
    const [kernel] = layers[i];
    const values = activations[i];
    gradients.unshift([values.map((value) => blame.map((each) => value * each)), blame]);
    blame = values.map((value, unit) => (value > 0 ? sum(blame.map((each, k) => each * kernel[unit][k])) : 0));
  }
  return gradients;
}

/** One step downhill with every weight. */
export function update(layers, gradients, rate) {
  return layers.map(([kernel, bias], i) => [
    kernel.map((row, from) => row.map((weight, to) => weight - rate * gradients[i][0][from][to])),
    bias.map((constant, to) => constant - rate * gradients[i][1][to]),
  ]);
}

/** What one node receives: pairs of a value and the weight it is multiplied by. */
export function products(values, [kernel], unit) {
  return column(kernel, unit).map((weight, i) => [values[i], weight]);
}
