/* Runs small Keras models in the page: the same layers, the same numbers (to 1e-5), no library.
 *
 * A tensor is `{ shape, data }`: one example without a batch axis, channels last, row by row in a
 * Float32Array; sums are made in 64 bits. Kernels have the shapes of Keras. Functions are pure: they
 * return new tensors. `tools/export_model.py` writes models that `readModel` reads:
 *
 *   const model = readModel(await load("assets/data/digits_cnn.json"));
 *   const activations = runModel(model, tensor([8, 8, 1], pixels)); // one tensor per layer
 *   const probabilities = activations.at(-1).data;
 *
 * A new kind of layer needs an entry in `LAYERS` here, and one in `tools/export_model.py`.
 */

/** A tensor of a shape; `data` is anything with numbers, flat, or nothing for zeros. */
export function tensor(shape, data) {
  const size = shape.reduce((product, side) => product * side, 1);
  if (data && data.length !== size) {
    throw new RangeError(`data must hold ${size} numbers for the shape [${shape}]. Received: ${data.length}`);
  }
  return { shape: [...shape], data: data ? Float32Array.from(data) : new Float32Array(size) };
}

/** The same numbers in another shape. */
export function reshape(x, shape) {
  return tensor(shape, x.data);
}

/** All numbers in one row. */
export function flatten(x) {
  return reshape(x, [x.data.length]);
}

/** `x · kernel + bias` on the last axis; the kernel has the shape [inputs, units]. */
export function dense(x, kernel, bias = null) {
  const [inputs, units] = kernel.shape;
  demand(x.shape.at(-1) === inputs, `x must end in an axis of ${inputs} inputs`, x.shape);
  const y = tensor([...x.shape.slice(0, -1), units]);
  for (let row = 0; row * inputs < x.data.length; row += 1) {
    for (let unit = 0; unit < units; unit += 1) {
      let sum = bias ? bias.data[unit] : 0;
      for (let i = 0; i < inputs; i += 1) {
        sum += x.data[row * inputs + i] * kernel.data[i * units + unit];
      }
      y.data[row * units + unit] = sum;
    }
  }
  return y;
}

/** Where windows lie along a side: how many, and how many places before the first pixel they begin. */
export function places(size, window, stride, padding) {
  if (padding === "same") {
    const count = Math.ceil(size / stride);
    return { count, before: Math.floor(Math.max((count - 1) * stride + window - size, 0) / 2) };
  }
  demand(padding === "valid", 'padding must be "valid" or "same"', padding);
  demand(window <= size, `a window of ${window} must fit into the side`, size);
  return { count: Math.floor((size - window) / stride) + 1, before: 0 };
}

/** Cross-correlation of x [height, width, channels] with a kernel [rows, columns, channels, filters]. */
export function conv2d(x, kernel, { bias = null, stride = [1, 1], padding = "valid", dilation = [1, 1] } = {}) {
  const [height, width, channels] = x.shape;
  const [rows, columns, depth, filters] = kernel.shape;
  demand(channels === depth, `x must have ${depth} channels`, x.shape);
  const down = places(height, (rows - 1) * dilation[0] + 1, stride[0], padding);
  const right = places(width, (columns - 1) * dilation[1] + 1, stride[1], padding);
  const y = tensor([down.count, right.count, filters]);
  const sums = new Float64Array(filters);
  for (let i = 0; i < down.count; i += 1) {
    for (let j = 0; j < right.count; j += 1) {
      sums.forEach((_, f) => (sums[f] = bias ? bias.data[f] : 0));
      for (let a = 0; a < rows; a += 1) {
        const row = i * stride[0] - down.before + a * dilation[0];
        for (let b = 0; b < columns; b += 1) {
          const column = j * stride[1] - right.before + b * dilation[1];
          if (row >= 0 && row < height && column >= 0 && column < width) {
            const from = (row * width + column) * channels;
            for (let c = 0; c < channels; c += 1) {
              const weights = ((a * columns + b) * channels + c) * filters;
              for (let f = 0; f < filters; f += 1) {
                sums[f] += x.data[from + c] * kernel.data[weights + f];
              }
            }
          }
        }
      }
      y.data.set(sums, (i * right.count + j) * filters);
    }
  }
  return y;
}

/** Stamps a kernel [rows, columns, filters, channels] at every pixel of x [height, width, channels]. */
export function conv2dTranspose(x, kernel, { bias = null, stride = [1, 1], padding = "valid" } = {}) {
  const [height, width, channels] = x.shape;
  const [rows, columns, filters, depth] = kernel.shape;
  demand(channels === depth, `x must have ${depth} channels`, x.shape);
  const sides = [[height, rows, stride[0]], [width, columns, stride[1]]].map(([size, window, step]) => {
    const over = Math.max(window - step, 0);
    return padding === "same" ? { size: size * step, before: Math.floor(over / 2) } : { size: size * step + over, before: 0 };
  });
  const [tall, wide] = sides.map(({ size }) => size);
  const sums = new Float64Array(tall * wide * filters);
  for (let i = 0; i < sums.length && bias; i += 1) {
    sums[i] = bias.data[i % filters];
  }
  for (let i = 0; i < height * width; i += 1) {
    const top = Math.floor(i / width) * stride[0] - sides[0].before;
    const left = (i % width) * stride[1] - sides[1].before;
    for (let a = Math.max(0, -top); a < rows && top + a < tall; a += 1) {
      for (let b = Math.max(0, -left); b < columns && left + b < wide; b += 1) {
        for (let f = 0; f < filters; f += 1) {
          const weights = ((a * columns + b) * filters + f) * channels;
          let sum = 0;
          for (let c = 0; c < channels; c += 1) {
            sum += x.data[i * channels + c] * kernel.data[weights + c];
          }
          sums[((top + a) * wide + left + b) * filters + f] += sum;
        }
      }
    }
  }
  return tensor([tall, wide, filters], sums);
}

/** The largest number or the mean of every window of x [height, width, channels]; padding never counts. */
export function pool2d(x, { kind = "max", size = [2, 2], stride = size, padding = "valid" } = {}) {
  const [height, width, channels] = x.shape;
  const down = places(height, size[0], stride[0], padding);
  const right = places(width, size[1], stride[1], padding);
  const y = tensor([down.count, right.count, channels]);
  for (let i = 0; i < y.data.length; i += 1) {
    const place = Math.floor(i / channels);
    const top = Math.floor(place / right.count) * stride[0] - down.before;
    const left = (place % right.count) * stride[1] - right.before;
    let [largest, sum, count] = [-Infinity, 0, 0];
    for (let row = Math.max(0, top); row < Math.min(height, top + size[0]); row += 1) {
      for (let column = Math.max(0, left); column < Math.min(width, left + size[1]); column += 1) {
        const value = x.data[(row * width + column) * channels + (i % channels)];
        [largest, sum, count] = [Math.max(largest, value), sum + value, count + 1];
      }
    }
    y.data[i] = kind === "max" ? largest : sum / count;
  }
  return y;
}

/** The mean of every channel. */
export function globalMean(x) {
  const [height, width] = x.shape;
  return flatten(pool2d(x, { kind: "mean", size: [height, width] }));
}

/** The largest number of every channel. */
export function globalMax(x) {
  const [height, width] = x.shape;
  return flatten(pool2d(x, { kind: "max", size: [height, width] }));
}

/** `x · scale + shift`, one number of each per channel: batch normalization, as it predicts. */
export function affine(x, scale, shift) {
  const channels = scale.data.length;
  return tensor(x.shape, x.data.map((value, i) => value * scale.data[i % channels] + shift.data[i % channels]));
}

const each = (change) => (x) => tensor(x.shape, Float64Array.from(x.data, change));

/** What may stand behind a layer, by its name in Keras. */
export const ACTIVATIONS = {
  linear: (x) => x,
  relu: each((value) => Math.max(value, 0)),
  leaky_relu: each((value) => (value < 0 ? 0.2 * value : value)), // the slope of keras.activations
  elu: each((value) => (value < 0 ? Math.expm1(value) : value)),
  sigmoid: each((value) => 1 / (1 + Math.exp(-value))),
  tanh: each(Math.tanh),
  softmax,
};

/** Probabilities along the last axis. */
export function softmax(x) {
  const size = x.shape.at(-1);
  const y = tensor(x.shape);
  for (let start = 0; start < x.data.length; start += size) {
    const part = x.data.subarray(start, start + size);
    const largest = part.reduce((most, value) => Math.max(most, value), -Infinity);
    const powers = Float64Array.from(part, (value) => Math.exp(value - largest));
    const sum = powers.reduce((total, value) => total + value, 0);
    y.data.set(powers.map((value) => value / sum), start);
  }
  return y;
}

const squash = (value) => 1 / (1 + Math.exp(-value));

/** What a SimpleRNN notes while it walks along x [timesteps, features]: `hidden` [timesteps, units]. */
export function simpleRnn(x, { kernel, recurrent, bias = null }) {
  return walk(x, recurrent, ["hidden"], (moment, { hidden }) => {
    const drive = weighted(moment, kernel, bias?.data);
    return { hidden: weighted(hidden, recurrent, drive).map(Math.tanh) };
  });
}

/** The gates `input`, `forget` and `output`, the `candidate`, and the states `cell` and `hidden` of an LSTM
 *  at every moment of x [timesteps, features]. In the weights they lie side by side as in Keras: input,
 *  forget, candidate, output.
 */
export function lstm(x, { kernel, recurrent, bias = null }) {
  return walk(x, recurrent, ["input", "forget", "candidate", "output", "cell", "hidden"], (moment, old) => {
    const sums = weighted(old.hidden, recurrent, weighted(moment, kernel, bias?.data));
    const [input, forget, candidate, output] = split(sums, 4).map((part, i) => part.map(i === 2 ? Math.tanh : squash));
    const cell = old.cell.map((value, k) => forget[k] * value + input[k] * candidate[k]);
    return { input, forget, candidate, output, cell, hidden: cell.map((value, k) => output[k] * Math.tanh(value)) };
  });
}

/** The gates `update` and `reset`, the `candidate` and the state `hidden` of a GRU at every moment of
 *  x [timesteps, features]; its reset gate acts after the weights, and it has two biases [2, 3 units].
 */
export function gru(x, { kernel, recurrent, bias = null }) {
  const biases = bias ? split(bias.data, 2) : [];
  return walk(x, recurrent, ["update", "reset", "candidate", "hidden"], (moment, { hidden }) => {
    const fresh = split(weighted(moment, kernel, biases[0]), 3);
    const back = split(weighted(hidden, recurrent, biases[1]), 3);
    const [update, reset] = [0, 1].map((gate) => fresh[gate].map((sum, k) => squash(sum + back[gate][k])));
    const candidate = fresh[2].map((sum, k) => Math.tanh(sum + reset[k] * back[2][k]));
    return { update, reset, candidate, hidden: hidden.map((value, k) => update[k] * value + (1 - update[k]) * candidate[k]) };
  });
}

/** Step along the moments of x from states of zeros: what each of `names` was, [timesteps, units]. */
function walk(x, recurrent, names, step) {
  const [timesteps, features] = x.shape;
  const [units] = recurrent.shape;
  const noted = Object.fromEntries(names.map((name) => [name, tensor([timesteps, units])]));
  let now = { hidden: new Float64Array(units), cell: new Float64Array(units) };
  for (let t = 0; t < timesteps; t += 1) {
    now = step(Float64Array.from(x.data.subarray(t * features, (t + 1) * features)), now);
    names.forEach((name) => noted[name].data.set(now[name], t * units));
  }
  return noted;
}

/** `start + row · kernel`, in 64 bits. */
function weighted(row, kernel, start = null) {
  const [inputs, units] = kernel.shape;
  demand(row.length === inputs, `each moment must have ${inputs} features`, row.length);
  const sums = start ? Float64Array.from(start) : new Float64Array(units);
  row.forEach((value, i) => {
    for (let unit = 0; unit < units; unit += 1) {
      sums[unit] += value * kernel.data[i * units + unit];
    }
  });
  return sums;
}

function split(numbers, count) {
  const size = numbers.length / count;
  return Array.from({ length: count }, (_, i) => numbers.slice(i * size, (i + 1) * size));
}

/** A layer that walks: all its hidden states, or the last one. */
const recurrently = (run) => (x, layer) => {
  const { hidden } = run(x, layer);
  const [timesteps, units] = hidden.shape;
  return layer.sequences ? hidden : tensor([units], hidden.data.subarray((timesteps - 1) * units));
};

const LAYERS = {
  simple_rnn: recurrently(simpleRnn),
  lstm: recurrently(lstm),
  gru: recurrently(gru),
  dense: (x, layer) => dense(x, layer.kernel, layer.bias),
  conv2d: (x, layer) => conv2d(x, layer.kernel, layer),
  conv2d_transpose: (x, layer) => conv2dTranspose(x, layer.kernel, layer),
  pool2d: (x, layer) => pool2d(x, { ...layer, kind: layer.pool }),
  global_mean: (x) => globalMean(x),
  global_max: (x) => globalMax(x),
  affine: (x, layer) => affine(x, layer.scale, layer.shift),
  flatten: (x) => flatten(x),
  reshape: (x, layer) => reshape(x, layer.shape),
  activation: (x) => x,
};

/** A model whose weights are numbers, from what `tools/export_model.py` wrote. */
export function readModel(exported) {
  demand(exported.format === "dlbook-model-1", 'the model must have the format "dlbook-model-1"', exported.format);
  const layers = exported.layers.map((layer) => {
    demand(layer.kind in LAYERS, `a layer must be one of ${Object.keys(LAYERS).join(", ")}`, layer.kind);
    demand((layer.activation ?? "linear") in ACTIVATIONS, `an activation must be one of ${Object.keys(ACTIVATIONS).join(", ")}`, layer.activation);
    const decoded = Object.entries(layer).map(([name, value]) => [name, value?.base64 === undefined ? value : decode(value)]);
    return Object.fromEntries(decoded);
  });
  return { inputs: exported.inputs, layers };
}

/** What every layer of a model answers to one input, in order; the last one is the prediction. */
export function runModel(model, inputs) {
  demand(String(inputs.shape) === String(model.inputs), `inputs must have the shape [${model.inputs}]`, inputs.shape);
  const activations = [];
  let x = inputs;
  for (const layer of model.layers) {
    x = ACTIVATIONS[layer.activation ?? "linear"](LAYERS[layer.kind](x, layer));
    activations.push(x);
  }
  return activations;
}

/** A tensor from base64 of little-endian numbers: "float32", "float16", or "uint8" (0 to 255). */
export function decode({ shape, dtype, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const readers = {
    float32: [4, (i) => view.getFloat32(4 * i, true)],
    float16: [2, (i) => half(view.getUint16(2 * i, true))],
    uint8: [1, (i) => bytes[i]],
  };
  demand(dtype in readers, `dtype must be one of ${Object.keys(readers).join(", ")}`, dtype);
  const [width, read] = readers[dtype];
  return tensor(shape, Float32Array.from({ length: bytes.length / width }, (_, i) => read(i)));
}

/** A number of 16 bits: sign, 5 bits of exponent, 10 bits of fraction. */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) {
    return sign * fraction * 2 ** -24;
  }
  if (exponent === 0x1f) {
    return fraction ? NaN : sign * Infinity;
  }
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function demand(condition, rule, received) {
  if (!condition) {
    throw new RangeError(`${rule}. Received: ${JSON.stringify(received)}`);
  }
}
