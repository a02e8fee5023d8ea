/* Strokes of a pen, made into a picture of 8x8 numbers as scikit-learn's digits were made: fitted into
 * a box of 20x32 pixels, drawn with as much ink as those digits have on average, in black and white, and
 * counted in blocks of 4x4. Strokes are lists of points [x, y] between 0 and 1, from the upper left.
 * `tools/digit_models.py` does the same in Python.
 */

export const SIDE = 32; // pixels of the sheet
export const PEN = 2; // radius in pixels, where nothing is fitted
const BLOCK = 4;
const WIDE = 20; // no fitted digit is wider
const STRETCH = 1.6; // nor stretched more than this, compared to the other direction
const ENLARGED = 4; // times, at most: a dot stays a dot
const INK = 312; // black pixels of a digit
const RADII = [1.2, 5];
const ROUNDS = 4;

/** Numbers from 0 (paper) to 1 (ink), row by row: strokes that are fitted, and drawn by a pen that suits. */
export function fittedPicture(strokes) {
  const lines = linesOf(strokes);
  let radius = PEN;
  let distances = new Float64Array(SIDE * SIDE).fill(Infinity);
  for (let round = 0; round < ROUNDS && lines.length > 0; round += 1) {
    distances = distancesFrom(fit(lines, radius));
    const suits = Float64Array.from(distances).sort()[INK - 1];
    radius = Math.min(RADII[1], Math.max(RADII[0], suits));
  }
  return count(distances, radius);
}

/** The same, where the strokes stand on the sheet and with the pen of the sheet. */
export function plainPicture(strokes) {
  const lines = linesOf(strokes).map((line) => line.map((value) => SIDE * value));
  return count(distancesFrom(lines), PEN);
}

/** [x, y, x, y] from each point of a stroke to the next; a stroke of one point is a dot. */
function linesOf(strokes) {
  return strokes.flatMap((points) => points.slice(0, Math.max(1, points.length - 1)).map((point, i) => [...point, ...(points[i + 1] ?? point)]));
}

/** Lines moved to the middle and stretched to the height or width of the box, where a pen has its room. */
function fit(lines, radius) {
  const spans = [0, 1].map((axis) => {
    const values = lines.flatMap((line) => [line[axis], line[axis + 2]]);
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    return { middle: (low + high) / 2, size: high - low };
  });
  const rooms = [WIDE - 2 * radius, SIDE - 2 * radius];
  const full = spans.map(({ size }, axis) => Math.min(ENLARGED * SIDE, rooms[axis] / size));
  const scales = full.map((scale, axis) => Math.min(scale, STRETCH * full[1 - axis]));
  const place = (value, i) => {
    const { middle } = spans[i % 2];
    return SIDE / 2 + (value - middle) * scales[i % 2];
  };
  return lines.map((line) => line.map(place));
}

/** How far the middle of each pixel is from the nearest line. */
function distancesFrom(lines) {
  const distances = new Float64Array(SIDE * SIDE).fill(Infinity);
  for (const [x0, y0, x1, y1] of lines) {
    const [dx, dy] = [x1 - x0, y1 - y0];
    const square = dx * dx + dy * dy || 1;
    for (let i = 0; i < distances.length; i += 1) {
      const x = (i % SIDE) + 0.5 - x0;
      const y = Math.floor(i / SIDE) + 0.5 - y0;
      const share = Math.min(1, Math.max(0, (x * dx + y * dy) / square));
      const across = x - share * dx;
      const down = y - share * dy;
      distances[i] = Math.min(distances[i], Math.sqrt(across * across + down * down));
    }
  }
  return distances;
}

/** The share of black pixels in each block. */
function count(distances, radius) {
  const cells = SIDE / BLOCK;
  const shares = new Float32Array(cells * cells);
  distances.forEach((distance, i) => {
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    shares[Math.floor(row / BLOCK) * cells + Math.floor(column / BLOCK)] += distance <= radius ? 1 / BLOCK ** 2 : 0;
  });
  return shares;
}
