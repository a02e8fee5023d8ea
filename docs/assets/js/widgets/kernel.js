/* <dlbook-kernel kernel="vertical edges" size="3" stride="1" padding="valid" pooling="none" picture="palace">
 *
 * A convolution whose kernel the reader edits, on a small picture, beside its feature map. Scripts set
 * `element.kernel` (rows of numbers), `size`, `stride`, `padding`, `pooling`, `picture` and `place` ([row,
 * column] of the map), read `element.map` ({ shape, data }), and listen for the event "kernel". The
 * pictures load when the widget is reached; until then their frames keep the room.
 */

import { node, number, shape, uniqueId } from "../plot.js";
import { conv2d, decode, places, pool2d, reshape, tensor } from "../runtime.js";
import { choice } from "./choice.js";
import { Drawn } from "./drawn.js";
import { loadWhenReached } from "./reached.js";
import { slider } from "./slider.js";
import { foldedTable } from "./steps.js";

const DATA = "assets/data/pictures.json";
const FRAMES = { palace: [106, 160], digit: [8, 8] };
const PADDINGS = ["valid", "same"];
const POOLINGS = ["none", "max", "mean"];
const TALLEST = 250; // CSS pixels of a picture

const outer = (column, row) => column.map((a) => row.map((b) => a * b));
const square = (size, value) => Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => value(i, j)));
const center = (size) => (size - 1) / 2;
const SMOOTH = { 3: [1, 2, 1], 5: [1, 4, 6, 4, 1] };
const SLOPE = { 3: [-1, 0, 1], 5: [-1, -2, 0, 2, 1] };
const isCenter = (size, i, j) => i === center(size) && j === center(size);

/** Kernels to start from, by name: functions of the side. */
export const PRESETS = {
  identity: (size) => square(size, (i, j) => Number(isCenter(size, i, j))),
  "horizontal edges": (size) => outer(SLOPE[size], SMOOTH[size]),
  "vertical edges": (size) => outer(SMOOTH[size], SLOPE[size]),
  blur: (size) => square(size, () => 1 / size ** 2),
  sharpen: (size) =>
    square(size, (i, j) => {
      const steps = Math.abs(i - center(size)) + Math.abs(j - center(size));
      return steps === 0 ? 5 : steps === 1 ? -1 : 0;
    }),
};

class Kernel extends Drawn {
  #pictures = null;
  #kernel = PRESETS["vertical edges"](3);
  #stride = 1;
  #padding = "valid";
  #pooling = "none";
  #picture = "palace";
  #place = [0, 0];
  #map = null;
  #parts = {};
  #links = {}; // address of each drawn picture, until its numbers change

  get kernel() {
    return this.#kernel.map((row) => [...row]);
  }

  set kernel(rows) {
    this.#change(() => (this.#kernel = rows.map((row) => row.map(Number))));
  }

  get size() {
    return this.#kernel.length;
  }

  set size(size) {
    this.#change(() => {
      const preset = this.#preset();
      const shift = (this.size - size) / 2;
      const kept = this.kernel;
      this.#kernel = preset ? PRESETS[preset](size) : square(size, (i, j) => kept[i + shift]?.[j + shift] ?? 0);
    });
  }

  get stride() {
    return this.#stride;
  }

  set stride(value) {
    this.#change(() => (this.#stride = value));
  }

  get padding() {
    return this.#padding;
  }

  set padding(value) {
    this.#change(() => (this.#padding = value));
  }

  get pooling() {
    return this.#pooling;
  }

  set pooling(value) {
    this.#change(() => (this.#pooling = value));
  }

  get picture() {
    return this.#picture;
  }

  set picture(value) {
    this.#change(() => (this.#picture = value));
  }

  /** Row and column of the number of the map that is looked at. */
  get place() {
    return [...this.#place];
  }

  set place([row, column]) {
    this.#change(() => (this.#place = [row, column]));
  }

  get map() {
    return this.#map && { shape: [...this.#map.shape], data: [...this.#map.data] };
  }

  build() {
    this.#read();
    const fallback = [...this.childNodes];
    const svg = shape("svg", { role: "img" });
    const fields = node("div", { class: "dlbook-kernel-fields", role: "group", "aria-label": "Weights of the kernel" });
    const readout = node("p", { class: "dlbook-readout", role: "status" });
    const table = foldedTable("The window in numbers", ["row, column", "pixel", "weight", "product"]);
    const choices = this.#choices();
    const sliders = this.#sliders();
    this.#parts = { svg, fields, readout, table, choices, sliders, clip: uniqueId("kernel") };
    const rows = Object.values(choices).map(({ element }) => element);
    this.replaceChildren(
      node("div", { class: "dlbook-plot" }, svg),
      node("div", { class: "dlbook-kernel-settings" }, fields, node("div", {}, ...rows)),
      node("div", { class: "dlbook-controls" }, ...sliders.map(({ element }) => element)),
      readout,
      table.element,
    );
    this.classList.add("dlbook-widget");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "A kernel that slides over a picture");
    svg.addEventListener("click", (event) => this.#point(event));
    this.#fields();
    this.#show();
    loadWhenReached(this, DATA, {
      fallback,
      ready: ({ pictures }) => {
        this.#pictures = Object.fromEntries(Object.entries(pictures).map(([name, packed]) => [name, pixels(packed)]));
        this.#change(() => this.#startPlace());
      },
      failed: () => (this.#parts = {}),
    });
  }

  draw(width) {
    const { svg } = this.#parts;
    if (!svg) {
      return;
    }
    const [height, columns] = FRAMES[this.#picture];
    const beside = width >= 560;
    const room = beside ? (width - 24) / 2 : width;
    const scale = Math.min(room / columns, TALLEST / height);
    const tall = height * scale;
    const step = tall + 52;
    svg.setAttribute("viewBox", `0 0 ${width} ${beside ? step : 2 * step}`);
    const frames = [0, 1].map((i) => ({ left: beside ? i * (room + 24) : 0, top: 22 + (beside ? 0 : i * step), wide: columns * scale, tall }));
    svg.replaceChildren(...this.#drawn(frames[0], "picture", this.#pixels()), ...this.#drawn(frames[1], "map", this.#map));
    this.#parts.mapFrame = frames[1];
  }

  #read() {
    const given = (name, allowed, fallback) => (allowed.includes(this.getAttribute(name)) ? this.getAttribute(name) : fallback);
    const size = Number(given("size", ["3", "5"], "3"));
    this.#kernel = PRESETS[given("kernel", Object.keys(PRESETS), "vertical edges")](size);
    this.#stride = Number(given("stride", ["1", "2", "3"], "1"));
    this.#padding = given("padding", PADDINGS, "valid");
    this.#pooling = given("pooling", POOLINGS, "none");
    this.#picture = given("picture", Object.keys(FRAMES), "palace");
  }

  #choices() {
    const set = (name) => (option) => (this[name] = option);
    return {
      preset: choice({ name: "Kernel", options: Object.keys(PRESETS), change: (name) => (this.kernel = PRESETS[name](this.size)) }),
      size: choice({ name: "Size", options: ["3×3", "5×5"], change: (option) => (this.size = Number(option[0])) }),
      stride: choice({ name: "Stride", options: ["1", "2", "3"], change: (option) => (this.stride = Number(option)) }),
      padding: choice({ name: "Padding", options: PADDINGS, change: set("padding") }),
      pooling: choice({ name: "Pool of 2", options: POOLINGS, change: set("pooling") }),
      picture: choice({ name: "Picture", options: Object.keys(FRAMES), change: set("picture") }),
    };
  }

  #sliders() {
    return ["Row of the map", "Column of the map"].map((name, axis) => {
      const change = (value) => (this.place = this.#place.map((old, i) => (i === axis ? value : old)));
      return slider({ name, min: 0, max: 1, step: 1, format: String, change });
    });
  }

  /** One field for each weight; made anew when the size changes. */
  #fields() {
    const { fields } = this.#parts;
    fields.style.setProperty("--columns", this.size);
    fields.replaceChildren(
      ...this.#kernel.flatMap((row, i) =>
        row.map((_, j) => {
          const field = node("input", { type: "number", step: "any", "aria-label": `row ${i + 1}, column ${j + 1}` });
          field.addEventListener("input", () => this.#weigh(i, j, field.valueAsNumber));
          return field;
        }),
      ),
    );
  }

  #weigh(i, j, value) {
    if (Number.isFinite(value)) {
      this.kernel = this.#kernel.map((row, a) => row.map((old, b) => (a === i && b === j ? value : old)));
    }
  }

  #pixels() {
    return this.#pictures && this.#pictures[this.#picture];
  }

  #startPlace() {
    const [height, width] = this.#mapSize();
    this.#place = [Math.floor(height / 2), Math.floor(width / 3)];
  }

  #change(set) {
    const before = [this.size, this.#picture];
    set();
    if (!this.#parts.svg) {
      return;
    }
    if (before[0] !== this.size) {
      this.#fields();
    }
    this.#compute();
    if (before[1] !== this.#picture) {
      this.#startPlace();
    }
    this.#place = this.#place.map((at, axis) => Math.min(Math.max(0, at), this.#mapSize()[axis] - 1));
    this.#show();
    this.redraw();
    this.dispatchEvent(new CustomEvent("kernel", { bubbles: true }));
  }

  #compute() {
    const picture = this.#pixels();
    if (picture) {
      const kernel = tensor([this.size, this.size, 1, 1], this.#kernel.flat());
      const map = conv2d(picture, kernel, { stride: [this.#stride, this.#stride], padding: this.#padding });
      this.#map = this.#pooling === "none" ? map : pool2d(map, { kind: this.#pooling });
      this.#links = {};
    }
  }

  /** Height and width of the map, which are known before the picture is there. */
  #mapSize() {
    return FRAMES[this.#picture].map((side) => {
      const { count } = places(side, this.size, this.#stride, this.#padding);
      return this.#pooling === "none" ? count : Math.floor(count / 2);
    });
  }

  /** Top, left and side of the part of the picture that the chosen number sees. */
  #window() {
    const pooled = this.#pooling === "none" ? 1 : 2;
    const [top, left] = FRAMES[this.#picture].map((side, axis) => {
      const { before } = places(side, this.size, this.#stride, this.#padding);
      return this.#place[axis] * pooled * this.#stride - before;
    });
    return { top, left, side: this.size + (pooled - 1) * this.#stride };
  }

  #preset() {
    const same = (rows) => String(rows) === String(this.#kernel);
    return Object.keys(PRESETS).find((name) => same(PRESETS[name](this.size)));
  }

  #show() {
    const { svg, fields, choices, sliders, readout, table } = this.#parts;
    choices.preset.show(this.#preset());
    choices.size.show(`${this.size}×${this.size}`);
    choices.stride.show(String(this.#stride));
    choices.padding.show(this.#padding);
    choices.pooling.show(this.#pooling);
    choices.picture.show(this.#picture);
    this.#kernel.flat().forEach((weight, i) => {
      const field = fields.children[i];
      if (field !== document.activeElement || field.valueAsNumber !== weight) {
        field.value = String(Number(weight.toFixed(4)));
      }
    });
    sliders.forEach(({ input, show }, axis) => {
      input.max = Math.max(1, this.#mapSize()[axis] - 1);
      show(this.#place[axis]);
    });
    svg.setAttribute("aria-label", this.#description());
    readout.textContent = this.#map ? this.#told() : "The picture is on its way.";
    table.show(this.#rows());
  }

  #description() {
    const [height, width] = FRAMES[this.#picture];
    const [rows, columns] = this.#mapSize();
    return `The picture "${this.#picture}", ${height} by ${width} numbers, and its feature map, ${rows} by ${columns} numbers.`;
  }

  #told() {
    const [row, column] = this.#place;
    const [rows, columns] = this.#map.shape;
    const { side } = this.#window();
    const sum = this.#kernel.flat().reduce((total, weight) => total + weight, 0);
    const plain = Math.abs(sum) < 1e-6 ? "so a plain grey becomes 0" : Math.abs(sum - 1) < 1e-6 ? "so a plain grey stays as it is" : `so a plain grey is multiplied by ${number(sum, 2)}`;
    const value = number(this.#map.data[row * columns + column], 3);
    return `The map has ${rows}×${columns} numbers. Row ${row}, column ${column}: ${value}, from ${side}×${side} pixels. The weights sum to ${number(sum, 2)}, ${plain}.`;
  }

  #rows() {
    const picture = this.#pixels();
    if (!picture) {
      return [];
    }
    const { top, left } = this.#window();
    const [height, width] = picture.shape;
    return this.#kernel.flatMap((weights, i) =>
      weights.map((weight, j) => {
        const [row, column] = [top + i, left + j];
        const inside = row >= 0 && row < height && column >= 0 && column < width;
        const pixel = inside ? picture.data[row * width + column] : 0;
        return [inside ? `${row}, ${column}` : "padding", number(pixel, 3), number(weight, 3), number(pixel * weight, 3)];
      }),
    );
  }

  #drawn(frame, name, numbers) {
    const { left, top, wide, tall } = frame;
    const [rows, columns] = name === "map" ? this.#mapSize() : FRAMES[this.#picture];
    const parts = [
      shape("text", { x: left, y: top - 8, "aria-hidden": "true" }, `${name === "map" ? "feature map" : "picture"}, ${rows}×${columns}`),
      shape("rect", { class: "frame", x: left, y: top, width: wide, height: tall }),
    ];
    if (!numbers) {
      return parts;
    }
    const range = name === "map" ? shades(numbers.data, this.#kernel) : { low: 0, high: 1, text: "black 0, white 1" };
    this.#links[name] ??= link(numbers, range);
    const window = name === "map" ? { top: this.#place[0], left: this.#place[1], side: 1 } : this.#window();
    const [down, right] = [tall / rows, wide / columns];
    const [x, width] = stretch(left, window.left * right, window.side * right, wide);
    const [y, height] = stretch(top, window.top * down, window.side * down, tall);
    const mark = { x, y, width, height };
    return [
      ...parts,
      shape("image", { x: left, y: top, width: wide, height: tall, preserveAspectRatio: "none", href: this.#links[name] }),
      shape("rect", { class: "halo", ...mark }),
      shape("rect", { class: "mark", ...mark }),
      shape("text", { class: "range", x: left, y: top + tall + 18, "aria-hidden": "true" }, range.text),
    ];
  }

  #point(event) {
    const { svg, mapFrame } = this.#parts;
    if (!this.#map || !mapFrame) {
      return;
    }
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const across = ((event.clientX - box.left) * scale - mapFrame.left) / mapFrame.wide;
    const down = ((event.clientY - box.top) * scale - mapFrame.top) / mapFrame.tall;
    if (across >= 0 && across < 1 && down >= 0 && down < 1) {
      const [rows, columns] = this.#map.shape;
      this.place = [Math.floor(down * rows), Math.floor(across * columns)];
    }
  }
}

/** A picture of the file as numbers between 0 and 1, with one channel. */
function pixels(packed) {
  const bytes = decode(packed);
  return reshape({ data: bytes.data.map((byte) => byte / 255) }, [...bytes.shape, 1]);
}

/** Which numbers of a map are black and white: grey is 0 where the weights cancel each other. */
function shades(data, kernel) {
  const sum = kernel.flat().reduce((total, weight) => total + weight, 0);
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return sum > 1e-6
    ? { low: 0, high: sum, text: `black 0, white ${number(sum, 2)}` }
    : { low: -largest, high: largest, text: `grey 0, white ${number(largest, 2)}` };
}

/** Where a frame begins and how long it is; over padding it reaches a little out of the picture. */
function stretch(origin, start, length, limit) {
  const [from, to] = [Math.max(-6, start - 1), Math.min(limit + 6, start + length + 1)];
  return [origin + from, to - from];
}

/** A grey image as an address, one pixel for each number. */
function link({ shape: [height, width], data }, { low, high }) {
  const canvas = node("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  data.forEach((value, i) => {
    const grey = (255 * (value - low)) / (high - low);
    image.data.set([grey, grey, grey, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

customElements.define("dlbook-kernel", Kernel);
