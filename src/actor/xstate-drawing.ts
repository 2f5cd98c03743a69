/** The drawing of a machine: read from the nodes that XState has made of its configuration, of which nothing is called. */
import type { MachineShape, MachineState, MachineTransition } from '../observe/xstate-shape.ts';

/** States and transitions of a machine that are shown, each at most. */
export const MACHINE_STATES_MAX = 200;
export const MACHINE_TRANSITIONS_MAX = 1_000;
/** Characters of a path, an event or the name of a guard. */
export const MACHINE_TEXT_MAX = 128;

interface StateNode {
  readonly path: readonly string[];
  readonly type: MachineState['type'];
  readonly config?: { readonly initial?: unknown };
  readonly states: Readonly<Record<string, StateNode>>;
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly always?: readonly Transition[];
}

interface Transition {
  readonly target?: readonly StateNode[];
  readonly guard?: unknown;
}

const DELAY = /^xstate\.after\.(.+?)\.[^.]*\./;
const OUTCOME = /^xstate\.(done|error)\.(?:actor|state)\b/;

/** Undefined for logic that has no states. */
export function drawingOf(logic: object): MachineShape | undefined {
  const { root } = logic as { root?: StateNode };
  if (root?.transitions === undefined || root.states === undefined) return undefined;
  const shape: MachineShape = { states: [], transitions: [], isCut: false };
  draw(root, shape);
  return shape;
}

function draw(node: StateNode, shape: MachineShape): void {
  if (shape.states.length >= MACHINE_STATES_MAX) {
    shape.isCut = true;
    return;
  }
  const path = pathOf(node);
  const { initial } = node.config ?? {};
  const first = typeof initial === 'string' ? node.states[initial] : undefined;
  shape.states.push({ path, type: node.type, initial: first && pathOf(first) });
  for (const [type, transitions] of node.transitions)
    for (const transition of transitions) add(shape, path, eventOf(type), transition);
  for (const transition of node.always ?? []) add(shape, path, 'always', transition);
  for (const child of Object.values(node.states)) draw(child, shape);
}

function add(shape: MachineShape, from: string, on: string, { target, guard }: Transition): void {
  for (const to of target ?? [undefined]) {
    if (shape.transitions.length >= MACHINE_TRANSITIONS_MAX) {
      shape.isCut = true;
      return;
    }
    shape.transitions.push({ from, to: to && pathOf(to), on, guard: guardOf(guard) } satisfies MachineTransition);
  }
}

function pathOf({ path }: StateNode): string {
  return cut(path.join('.'));
}

function eventOf(type: string): string {
  const delay = DELAY.exec(type)?.[1];
  return cut(delay === undefined ? (OUTCOME.exec(type)?.[1] ?? type) : `after ${delay}`);
}

function guardOf(guard: unknown): string | undefined {
  if (guard === undefined || guard === null) return undefined;
  const { type, name } = guard as { type?: unknown; name?: unknown };
  const text = typeof guard === 'string' ? guard : (type ?? name);
  return typeof text === 'string' && text !== '' ? cut(text) : 'a condition';
}

function cut(text: string): string {
  return text.length > MACHINE_TEXT_MAX ? `${text.slice(0, MACHINE_TEXT_MAX - 1)}…` : text;
}
