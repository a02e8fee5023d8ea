/* Lines of equal height: the rings around all ground that is lower than a level.
 *
 * Marching squares. The grid is walled in by high ground, so every ring closes; where a ring runs
 * along the wall it lies on the border of the grid.
 */

/** Rings of [column, row] in grid units around `heights[row][column] < level`. */
export function rings(heights, level) {
  const next = joints(walled(heights), level);
  const found = [];
  while (next.size > 0) {
    found.push(follow(next, next.keys().next().value));
  }
  return found;
}

function walled(heights) {
  const wall = new Array(heights[0].length + 2).fill(Infinity);
  return [wall, ...heights.map((row) => [Infinity, ...row, Infinity]), wall];
}

/** Where a ring goes on: from each crossed edge to the next one, with the place of the crossing. */
function joints(grid, level) {
  const next = new Map();
  for (let row = 0; row + 1 < grid.length; row += 1) {
    for (let column = 0; column + 1 < grid[0].length; column += 1) {
      join(next, crossings(grid, row, column, level));
    }
  }
  return next;
}

/** The crossed edges of one cell, once around: out of the low ground, into it, out again, ... */
function crossings(grid, row, column, level) {
  const corners = [[row, column], [row, column + 1], [row + 1, column + 1], [row + 1, column]];
  const low = corners.map(([i, j]) => grid[i][j] < level);
  const found = [];
  for (let k = 0; k < 4; k += 1) {
    const [from, to] = [corners[k], corners[(k + 1) % 4]];
    if (low[k] !== low[(k + 1) % 4]) {
      found.push({ out: low[k], edge: edgeName(from, to), place: place(grid, from, to, level) });
    }
  }
  return found;
}

function join(next, around) {
  around.forEach(({ out, edge, place }, k) => {
    if (out) {
      next.set(edge, { place, edge: around[(k + 1) % around.length].edge });
    }
  });
}

function edgeName(one, other) {
  return one[0] + one[1] < other[0] + other[1] ? `${one} ${other}` : `${other} ${one}`;
}

/** Where the level lies between two corners; an edge to the wall is crossed at its inner end. */
function place(grid, from, to, level) {
  const [low, high] = grid[from[0]][from[1]] < level ? [from, to] : [to, from];
  const [bottom, top] = [grid[low[0]][low[1]], grid[high[0]][high[1]]];
  const share = top === Infinity ? 0 : (level - bottom) / (top - bottom);
  return [1, 0].map((axis) => low[axis] + share * (high[axis] - low[axis]) - 1);
}

function follow(next, start) {
  const ring = [];
  for (let edge = start; next.has(edge); ) {
    const joint = next.get(edge);
    next.delete(edge);
    ring.push(joint.place);
    edge = joint.edge;
  }
  return ring;
}
