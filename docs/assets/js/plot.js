/* The few pieces that every drawn widget needs: SVG nodes, scales, axes, numbers.
 *
 * A chart is drawn anew at the width it really has, so its text is as large on a phone as on a
 * desk. Colours are CSS classes, never values: the palette toggle recolours without a redraw.
 */

const SVG = "http://www.w3.org/2000/svg";
let lastId = 0;

/** An id that no other element of the page has. */
export function uniqueId(word) {
  lastId += 1;
  return `dlbook-${word}-${lastId}`;
}

/** An SVG node: `shape("circle", { r: 3, class: "dot" })`. */
export function shape(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** An HTML node: `node("p", { class: "note" }, "text")`. */
export function node(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Maps [from, to] of the data to [start, end] of the screen. */
export function linear(from, to, start, end) {
  const scale = (value) => start + ((value - from) / (to - from)) * (end - start);
  scale.invert = (pixel) => from + ((pixel - start) / (end - start)) * (to - from);
  return scale;
}

/** The same on a logarithmic axis; `from` and `to` are positive. */
export function logarithmic(from, to, start, end) {
  const scale = linear(Math.log(from), Math.log(to), start, end);
  return (value) => scale(Math.log(value));
}

/** `M x y L x y ...` through pairs of screen coordinates. */
export function polyline(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** A number for people: fixed decimals, or a power of ten where that would be unreadable. */
export function number(value, decimals = 6) {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  }
  const size = Math.abs(value);
  const text = size >= 1e6 ? power(value) : value.toFixed(decimals);
  return text.replace(/^-0(\.0+)?$/, "0$1").replace(/^-/, "−");
}

function power(value) {
  const [digits, exponent] = value.toExponential(4).split("e+");
  const raised = [...exponent].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
  return `${digits} × 10${raised}`;
}

/** The attributes of a rectangle that fills a frame. */
export function box({ left, right, top, bottom }) {
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Axis lines, ticks and names; `x` and `y` are { scale, ticks, name, format }. */
export function axes(frame, x, y) {
  const { left, right, top, bottom } = frame;
  const group = shape("g", { class: "dlbook-axes", "aria-hidden": "true" });
  group.append(shape("line", { x1: left, x2: right, y1: bottom, y2: bottom }));
  for (const tick of x.ticks) {
    const at = x.scale(tick);
    group.append(shape("line", { x1: at, x2: at, y1: bottom, y2: bottom + 4 }));
    group.append(shape("text", { x: at, y: bottom + 18, "text-anchor": "middle" }, label(x, tick)));
  }
  for (const tick of y.ticks) {
    const at = y.scale(tick);
    group.append(shape("line", { class: "grid", x1: left, x2: right, y1: at, y2: at }));
    group.append(shape("text", { x: left - 8, y: at + 4, "text-anchor": "end" }, label(y, tick)));
  }
  group.append(shape("text", { x: right, y: bottom + 36, "text-anchor": "end" }, x.name));
  group.append(shape("text", { x: 0, y: top - 16 }, y.name));
  return group;
}

function label(axis, tick) {
  return axis.format ? axis.format(tick) : String(tick).replace("-", "−");
}
