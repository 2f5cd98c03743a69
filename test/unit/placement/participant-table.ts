/**
 * The states and the events of docs/model/participant.md. This process is p; there are q and r. A move goes from p to q where
 * this is its old host, from q to p where it is its new host, else from q to r.
 */
import { type MoveEffect, type MoveEvent, type MoveState, NONE, type Step } from '../../../src/placement/move-state.ts';
import type { afterMoveEvent } from '../../../src/placement/participant-machine.ts';
import type { MoveOrder, MovePurpose } from '../../../src/wire/control.ts';

const [P, Q, R] = ['~1.1', '~2.1', '~3.1'] as const;
const NAMES: Readonly<Record<string, string>> = { [P]: 'p', [Q]: 'q', [R]: 'r' };
const INDEX = { p: 1, q: 2, r: 3 };

function order(from: keyof typeof INDEX, to: keyof typeof INDEX, purpose: MovePurpose = 'move'): MoveOrder {
  return {
    ...{ id: 1, purpose, units: ['order/1'], subscriptions: [] },
    ...{ from: { index: INDEX[from], incarnation: 1 }, to: { index: INDEX[to], incarnation: 1 } },
  };
}

const NOBODY: ReadonlySet<string> = new Set();
const ONE: ReadonlySet<string> = new Set([Q]);
const BOTH: ReadonlySet<string> = new Set([Q, R]);
const OUT = order('p', 'q');
const PLACE = order('p', 'q', 'claim');
const IN = order('q', 'p');

export const STATES: readonly MoveState[] = [
  NONE,
  { state: 'none', early: ONE },
  { state: 'holding', order: order('q', 'r') },
  { state: 'quiescing', order: OUT, early: NOBODY },
  { state: 'quiescent', order: OUT, early: NOBODY, flushes: BOTH },
  { state: 'quiescent', order: OUT, early: BOTH, flushes: NOBODY },
  { state: 'held', order: OUT, markers: BOTH, flushes: ONE, isQuiescent: true },
  { state: 'held', order: OUT, markers: ONE, flushes: NOBODY, isQuiescent: true },
  { state: 'held', order: OUT, markers: NOBODY, flushes: ONE, isQuiescent: true },
  { state: 'sent', order: OUT },
  { state: 'refused', order: OUT },
  { state: 'asked', order: PLACE, early: NOBODY },
  { state: 'prepared', order: PLACE, early: NOBODY },
  { state: 'prepared', order: PLACE, early: BOTH },
  { state: 'held', order: PLACE, markers: ONE, flushes: undefined, isQuiescent: false },
  { state: 'looking', order: PLACE, hasFlushed: false },
  { state: 'held', order: PLACE, markers: NOBODY, flushes: ONE, isQuiescent: false },
  { state: 'looking', order: PLACE, hasFlushed: true },
  { state: 'awaiting', order: IN },
  { state: 'receiving', order: IN },
  { state: 'installing', order: IN },
  { state: 'installed', order: IN },
];

const error = new Error('no');
export const EVENTS: Readonly<Record<string, MoveEvent>> = {
  'prepare a move': { type: 'prepare', order: OUT, quiesceMs: 50, isLast: false },
  'prepare a place': { type: 'prepare', order: PLACE, quiesceMs: 0, isLast: false },
  quiesced: { type: 'quiesced', subtree: [], subscriptions: [], peers: BOTH },
  'quiesced, alone': { type: 'quiesced', subtree: [], subscriptions: [], peers: NOBODY },
  'not quiesced': { type: 'not-quiesced', error, isBusy: true },
  vacant: { type: 'vacant', peers: BOTH },
  'vacant, alone': { type: 'vacant', peers: NOBODY },
  occupied: { type: 'occupied', error },
  'hold, from here': { type: 'hold', order: OUT, peers: BOTH },
  'hold, from here, alone': { type: 'hold', order: OUT, peers: NOBODY },
  'hold, to here': { type: 'hold', order: IN, peers: BOTH },
  'hold, elsewhere': { type: 'hold', order: order('q', 'r'), peers: BOTH },
  'marker of q': { type: 'marker', peer: Q },
  'flushed by q': { type: 'flushed', peer: Q },
  'q died': { type: 'peer-died', peer: Q },
  'link to q ended': { type: 'link-ended', peer: Q },
  'linked to q again': { type: 'linked-again', peer: Q },
  'not packed': { type: 'not-packed', error },
  piece: { type: 'piece', piece: 'a piece' },
  'last piece': { type: 'last-piece' },
  installed: { type: 'installed' },
  'not installed': { type: 'not-installed', error },
  moved: { type: 'end', hasMoved: true },
  aborted: { type: 'end', hasMoved: false },
};

export function stateInWords(state: MoveState): string {
  const parts: string[] = [state.state];
  if (state.state === 'held' && !state.isQuiescent) parts.push('a place');
  if (state.state === 'looking' && state.hasFlushed) parts.push('behind the flushes');
  if ('early' in state && state.early.size > 0) parts.push(`early ${processes(state.early)}`);
  if ('markers' in state && state.markers.size > 0) parts.push(`waits for markers of ${processes(state.markers)}`);
  if ('flushes' in state && state.flushes && state.flushes.size > 0)
    parts.push(`waits for flushes by ${processes(state.flushes)}`);
  return parts.join(', ');
}

function processes(set: ReadonlySet<string>): string {
  return [...set]
    .map((address) => NAMES[address])
    .sort()
    .join(' ');
}

export function effectInWords(effect: MoveEffect): string {
  const to = 'to' in effect ? ` to ${NAMES[effect.to]}` : '';
  const end = 'hasMoved' in effect ? ` ${effect.hasMoved ? 'moved' : 'aborted'}` : '';
  const busy = 'isBusy' in effect && effect.isBusy ? ' busy' : '';
  return `${effect.type}${to}${end}${busy}`;
}

export type Row = readonly [state: string, event: string, becomes: string, does: string];

/** What the machine does in each state at each event, but for what leaves all as it is. */
export function rowsOf(machine: typeof afterMoveEvent): Row[] {
  return STATES.flatMap((state) =>
    Object.entries(EVENTS).flatMap(([event, happened]): Row[] => {
      const step: Step = machine(P, state, happened);
      if (step.state === state && step.effects.length === 0) return [];
      const becomes = step.state === state ? '' : stateInWords(step.state);
      return [[stateInWords(state), event, becomes, step.effects.map(effectInWords).join(', ')]];
    }),
  );
}
