/** Layers of a small graph: states from left to right, what skips a layer through a place of its own there. */

export const NODE = { width: 124, height: 40 };
const GAP = { x: 138, y: 24 };
const BEND = 16;
const SWEEPS = 8;

/** Return places for the states of a machine and lines for its moves. */
export function layout(states, moves) {
  const back = backward(states, moves);
  const forward = moves.map((it) => (back.has(it) ? { from: it.to, to: it.from } : it));
  const layer = layers(states, forward);
  const nodes = new Map(states.map((id) => [id, { id, layer: layer.get(id), height: NODE.height }]));
  const chains = forward.map((it, index) => chain(nodes, it, index));
  const columns = inColumns(nodes);
  order(columns, chains);
  place(columns, chains);
  const lines = moves.map((move, index) => ({ move, points: line(chains[index], back.has(move)) }));
  return { nodes: states.map((id) => nodes.get(id)), lines, ...size(columns) };
}

/** Return the moves that lead back to a state from which one came. */
function backward(states, moves) {
  const found = new Set();
  const [done, open] = [new Set(), new Set()];
  const visit = (state) => {
    open.add(state);
    for (const move of moves.filter((it) => it.from === state)) {
      if (open.has(move.to)) found.add(move);
      else if (!done.has(move.to)) visit(move.to);
    }
    open.delete(state);
    done.add(state);
  };
  for (const state of states) if (!done.has(state)) visit(state);
  return found;
}

/** Return the layer of each state: one more than that of the furthest before it. */
function layers(states, moves) {
  const layer = new Map(states.map((it) => [it, 0]));
  for (let round = 0; round < states.length; round++)
    for (const { from, to } of moves) if (from !== to && layer.get(to) <= layer.get(from)) layer.set(to, layer.get(from) + 1);
  return layer;
}

/** Return the nodes that a move passes, with one of its own in each layer that it skips. */
function chain(nodes, { from, to }, index) {
  const [first, last] = [nodes.get(from), nodes.get(to)];
  const between = [];
  for (let layer = first.layer + 1; layer < last.layer; layer++) {
    const bend = { id: `${index} ${layer}`, layer, height: BEND, isBend: true };
    nodes.set(bend.id, bend);
    between.push(bend);
  }
  return [first, ...between, last];
}

function inColumns(nodes) {
  const columns = [];
  for (const node of nodes.values()) (columns[node.layer] ??= []).push(node);
  return columns.filter(Boolean);
}

function neighbours(chains) {
  const found = new Map();
  const add = (node, other) => found.set(node, [...(found.get(node) ?? []), other]);
  for (const nodes of chains) nodes.slice(1).forEach((node, index) => (add(node, nodes[index]), add(nodes[index], node)));
  return found;
}

/** Order each column by the middle of what its nodes lead to, so that few lines cross. */
function order(columns, chains) {
  const near = neighbours(chains);
  columns.forEach((column) => column.forEach((node, index) => (node.rank = index)));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const middle = (node) => mean((near.get(node) ?? []).filter((it) => it.layer !== node.layer).map((it) => it.rank), node.rank);
      column.sort((a, b) => middle(a) - middle(b));
      column.forEach((node, index) => (node.rank = index));
    }
  }
}

function mean(numbers, otherwise) {
  return numbers.length ? numbers.reduce((sum, it) => sum + it, 0) / numbers.length : otherwise;
}

/** Give each node its place: beside what it leads to, as far as those above it in its column allow. */
function place(columns, chains) {
  const near = neighbours(chains);
  columns.forEach((column, index) => stack(column, index * (NODE.width + GAP.x), () => 0));
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    columns.forEach((column) => stack(column, column[0].x, (node) => mean((near.get(node) ?? []).map(centre), centre(node)) - node.height / 2));
  const top = Math.min(...columns.flat().map((it) => it.y));
  for (const node of columns.flat()) node.y -= top;
}

function stack(column, x, wanted) {
  const tops = column.map((node) => wanted(node));
  let y = -Infinity;
  column.forEach((node, index) => {
    node.x = x;
    node.y = Math.max(y, tops[index]);
    y = node.y + node.height + GAP.y;
  });
  const shift = mean(column.map((node, index) => tops[index] - node.y), 0);
  for (const node of column) node.y += shift;
}

function centre(node) {
  return node.y + node.height / 2;
}

/** Return the points of a line through its nodes; lines there and back keep apart. */
function line(nodes, isBack) {
  const apart = isBack ? 9 : -9;
  const points = nodes.flatMap((node, index) => {
    const y = centre(node) + (node.isBend ? 0 : apart);
    const ends = [index > 0 && { x: node.x, y }, index < nodes.length - 1 && { x: node.x + NODE.width, y }];
    return ends.filter(Boolean);
  });
  return isBack ? points.reverse() : points;
}

function size(columns) {
  const all = columns.flat();
  return { width: Math.max(...all.map((it) => it.x)) + NODE.width, height: Math.max(...all.map((it) => it.y + it.height)) };
}
