/**
 * Where the states of a machine stand when it is drawn: in rows, by how many transitions they are away from the first state; states inside a state
 * in a box of their own. Pure.
 */
import type { MachineShape, MachineState } from '../../../src/observe/xstate-shape.ts';

export interface Box {
  readonly state: MachineState;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

export interface Drawing {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

const CHARACTER = 7.2;
const LEAF = 34;
const GAP_X = 44;
const GAP_Y = 56;
const HEAD = 26;
const PAD = 14;
const WIDTH_MIN = 76;

interface Size {
  width: number;
  height: number;
  /** Of what is inside, from the corner of this one. */
  inside: { state: MachineState; x: number; y: number; size: Size }[];
}

export function layOut({ states, transitions }: MachineShape): Drawing {
  const children = new Map<string, MachineState[]>();
  for (const state of states) {
    if (state.path === '') continue;
    const parent = parentOf(state.path);
    const list = children.get(parent) ?? [];
    list.push(state);
    children.set(parent, list);
  }
  const root = states.find(({ path }) => path === '') as MachineState;
  const links = transitions.flatMap(({ from, to }) => (to === undefined ? [] : [[from, to] as const]));
  const size = sizeOf(root, children, links);
  const boxes = new Map<string, Box>();
  // The outermost state is the drawing itself.
  for (const part of size.inside) place(part, -PAD + 4, -HEAD + 4, boxes);
  return { boxes, edges: edgesOf(transitions), width: size.width, height: size.height };
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Transitions between the same two states are one arrow with all their events. */
function edgesOf(transitions: MachineShape['transitions']): Edge[] {
  const labels = new Map<string, string[]>();
  for (const { from, to, on, guard } of transitions) {
    if (to === undefined || from === '') continue;
    const key = `${from}\n${to}`;
    const list = labels.get(key) ?? [];
    list.push(guard === undefined ? on : `${on} [${guard}]`);
    labels.set(key, list);
  }
  return [...labels].map(([key, label]) => {
    const [from = '', to = ''] = key.split('\n');
    return { from, to, label: label.length > 2 ? `${label.slice(0, 2).join(', ')}, …` : label.join(', ') };
  });
}

type Links = readonly (readonly [from: string, to: string])[];

function sizeOf(state: MachineState, children: ReadonlyMap<string, MachineState[]>, links: Links): Size {
  const inner = children.get(state.path) ?? [];
  const own = Math.max(WIDTH_MIN, nameOf(state.path).length * CHARACTER + 2 * PAD);
  if (inner.length === 0) return { width: own, height: LEAF, inside: [] };
  const inside: Size['inside'] = [];
  let y = HEAD + 8;
  let width = own;
  for (const row of rowsOf(state, inner, links)) {
    let x = PAD;
    let height = 0;
    for (const child of row) {
      const size = sizeOf(child, children, links);
      inside.push({ state: child, x, y, size });
      x += size.width + GAP_X;
      height = Math.max(height, size.height);
    }
    width = Math.max(width, x - GAP_X + PAD);
    y += height + GAP_Y;
  }
  // Room for the arrows that lead back.
  return { width: width + GAP_X, height: y - GAP_Y + PAD, inside };
}

/** Those of a parallel state stand side by side; of another one, by their distance from the first. */
function rowsOf(state: MachineState, inner: readonly MachineState[], links: Links): MachineState[][] {
  if (state.type === 'parallel') return [[...inner]];
  const within = (path: string): string | undefined =>
    inner.find((child) => path === child.path || path.startsWith(`${child.path}.`))?.path;
  const distance = new Map<string, number>();
  let reached = [state.initial === undefined ? inner[0]?.path : within(state.initial)];
  for (let row = 0; reached.length > 0; row++) {
    for (const path of reached) if (path !== undefined && !distance.has(path)) distance.set(path, row);
    const next = links.filter(([from]) => reached.includes(within(from))).map(([, to]) => within(to));
    reached = [...new Set(next)].filter((path) => path !== undefined && !distance.has(path));
  }
  const rows: MachineState[][] = [];
  const last = Math.max(0, ...distance.values()) + 1;
  // What no transition leads to stands below.
  for (const child of inner) (rows[distance.get(child.path) ?? last] ??= []).push(child);
  return rows.filter((row) => row !== undefined);
}

function place(
  { state, x, y, size }: Size['inside'][number],
  left: number,
  top: number,
  boxes: Map<string, Box>,
): void {
  const [atX, atY] = [left + x, top + y];
  boxes.set(state.path, { state, x: atX, y: atY, width: size.width, height: size.height });
  for (const part of size.inside) place(part, atX, atY, boxes);
}

/** The paths of all states that a machine is in, from its value: `'open'`, `{ open: 'paid' }`, or several of them side by side. */
export function activePaths(value: unknown, prefix = ''): string[] {
  if (typeof value === 'string') return [prefix + value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [prefix + key, ...activePaths(inner, `${prefix}${key}.`)]);
}
