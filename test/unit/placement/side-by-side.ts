/**
 * The model of the hand-off, the participants' machine and the master's, step by step beside each other: whenever the model takes a
 * step, the machines of the processes that it is a step of are told what has happened, and must do the same.
 */
import { Handoffs, type MoveEnd } from '../../../src/placement/handoff.ts';
import { type MoveEvent, type MoveState, NONE, type Step } from '../../../src/placement/move-state.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import type { MoveOrder } from '../../../src/wire/control.ts';
import type { Transition } from './explore.ts';
import type { Memory, Message } from './promela.ts';

export type Machine = (self: string, at: MoveState, event: MoveEvent) => Step;

/** One process beside the model: its moves, and the highest one that it has heard a hold of, as its shell remembers that. */
interface Participant {
  states: ReadonlyMap<number, MoveState>;
  lastHold: number;
}
export type Participants = readonly Participant[];

/** The machine does something else than the model. */
export class Divergence extends Error {}

const PROCESSES = [0, 1, 2];
const UNITS = [0, 1];
/** What a unit is at a process, in the numbers of the model. */
const [NOT_THERE, LIVE, QUIESCING, QUIESCENT, HELD, SENT, ARRIVED] = [0, 1, 2, 3, 4, 5, 6];
/** The options of `proctype Process` and `Master`, in their order. */
const PROCESS_STEPS = ['send', 'turn', 'stop', 'refuse', 'hand over', 'let out', 'read', 'control'] as const;
const MASTER_STEPS = ['begin', 'expire', 'hear', 'declare dead', 'fork'] as const;

/** The memory of the model, by the names that the model has. */
interface View {
  st: number[];
  move: number[];
  hold: number[];
  unit: number[];
  from: number[];
  to: number[];
  marked: number[];
  flushed: number[];
  under: number[];
  isHolding: number[];
  place: number[];
  lastMove: number;
  ended: number[];
  dead: number[];
  seen: number[];
  link: Message[][];
  down: Message[][];
  up: Message[][];
}
const view = (memory: Memory): View => memory as unknown as View;

const name = (process: number): string => processAddress(process, 1);
const indexOf = (address: string): number => PROCESSES.findIndex((process) => name(process) === address);
const isGone = ({ ended }: View, at: number, process: number): boolean => Boolean(ended[at * 3 + process]);

const sizeOf = (channel: readonly Message[] | undefined): number => channel?.length ?? 0;
const firstOf = (channel: readonly Message[] | undefined): [string, number, number, number, number] =>
  channel?.[0] as unknown as [string, number, number, number, number];

export const NOTHING_YET: Participants = PROCESSES.map(() => ({ states: new Map(), lastHold: 0 }));

/** The code hands over at once. Of the runs of the model these are a part: no other step comes between. */
export function isHandingOver(memory: Memory, process: string, option: number): boolean {
  if (process !== 'Process' || PROCESS_STEPS[option] !== 'hand over') return false;
  return PROCESSES.some((at) => UNITS.some((unit) => mayGo(view(memory), at, unit)));
}

/** CANGO of the model. */
function mayGo({ st, move, marked, flushed }: View, at: number, unit: number): boolean {
  const m = move[at * 2 + unit] as number;
  return st[at * 2 + unit] === HELD && marked[m] === 7 && flushed[m] === 7;
}

function orderOf({ unit, from, to }: View, m: number): MoveOrder {
  const process = (index: number | undefined): MoveOrder['from'] => ({ index: index as number, incarnation: 1 });
  return {
    ...{ id: m, purpose: 'move', units: [`unit/${unit[m]}`], subscriptions: [] },
    ...{ from: process(from[m]), to: process(to[m]) },
  };
}

const words = (state: MoveState): string => {
  const sets = ['early', 'markers', 'flushes'].map((key) => {
    const set = (state as unknown as Record<string, ReadonlySet<string> | undefined>)[key];
    return set ? `${key} ${[...set].sort().join(' ')}` : '';
  });
  return `${state.state} ${sets.join(' ')}`.trim();
};

export function keyOf(participants: Participants): string {
  return participants.map(keyOfOne).join('|');
}

const keys = new WeakMap<Participant, string>();
function keyOfOne(participant: Participant): string {
  const { states, lastHold } = participant;
  const key = keys.get(participant) ?? `${lastHold} ${[...states].map(([move, state]) => `${move} ${words(state)}`)}`;
  keys.set(participant, key);
  return key;
}

/** What the model's step means for the machines: moves, and what happens to them. */
function* eventsOf({ at, option, before: memory, after }: Transition): Generator<[move: number, event: MoveEvent]> {
  const before = view(memory);
  const step = PROCESS_STEPS[option];
  const peers = new Set(PROCESSES.filter((p) => p !== at && !isGone(before, at, p)).map(name));
  if (step === 'stop' || step === 'refuse') {
    const unit = UNITS.find((u) => before.st[at * 2 + u] !== view(after).st[at * 2 + u]) as number;
    const move = before.move[at * 2 + unit] as number;
    if (step === 'stop') yield [move, { type: 'quiesced', subtree: [], subscriptions: [], peers }];
    else yield [move, { type: 'not-quiesced', error: new Error('busy'), isBusy: true }];
  } else if (step === 'read') yield* eventsOfLink(before, view(after), at);
  else if (step === 'control') yield* eventsOfControl(before, at, peers);
}

function* eventsOfLink(before: View, after: View, at: number): Generator<[move: number, event: MoveEvent]> {
  const isRead = (p: number): boolean => sizeOf(after.link[p * 3 + at]) < sizeOf(before.link[p * 3 + at]);
  const of = PROCESSES.find(isRead) as number;
  const [kind, , , move] = firstOf(before.link[of * 3 + at]);
  const peer = name(of);
  if (kind === 'MARK') yield [move, { type: 'marker', peer }];
  else if (kind === 'FLUSHED') yield [move, { type: 'flushed', peer }];
  else if (kind === 'STATE') {
    yield [move, { type: 'piece', piece: 'all' }];
    yield [move, { type: 'last-piece' }];
    yield [move, { type: 'installed' }];
    // Links of the model end with their processes only.
  } else if (kind === 'END') for (let m = 1; m <= before.lastMove; m++) yield [m, { type: 'peer-died', peer }];
}

function* eventsOfControl(
  before: View,
  at: number,
  peers: ReadonlySet<string>,
): Generator<[move: number, event: MoveEvent]> {
  const [kind, , , move, flags] = firstOf(before.down[at]);
  const order = orderOf(before, move);
  if (kind === 'PREPARE') yield [move, { type: 'prepare', order, quiesceMs: 0, isLast: false }];
  else if (kind === 'HOLD') yield [move, { type: 'hold', order, peers }];
  else if (kind === 'ABORT') yield [move, { type: 'end', hasMoved: false }];
  else if (kind === 'TABLE') {
    for (const unit of UNITS) {
      // A table of the model says units, one of the code says moves.
      const ended = before.hold[at * 2 + unit] || before.move[at * 2 + unit];
      if (ended && (flags >> unit) & 1) yield [ended, { type: 'end', hasMoved: true }];
      else if (ended && (flags >> unit) & 4) yield [ended, { type: 'end', hasMoved: false }];
    }
  }
}

/** Of a machine: what it sends and says, and what it does to its unit. `send-transfer` is told where the model's may go. */
function deedsOf(machine: Machine, at: number, own: Participant, transition: Transition): [Participant, string[]] {
  const events = [...eventsOf(transition)];
  if (events.length === 0) return [own, []];
  const states = new Map(own.states);
  let { lastHold } = own;
  const deeds: string[] = [];
  for (const [move, event] of events) {
    // The shell: a marker of a move that is over is none.
    if (event.type === 'marker' && !states.has(move) && move <= lastHold) continue;
    if (event.type === 'hold') lastHold = Math.max(lastHold, move);
    const { state, effects } = machine(name(at), states.get(move) ?? NONE, event);
    if (state === NONE) states.delete(move);
    else states.set(move, state);
    for (const effect of effects) {
      if (effect.type === 'send-marker') deeds.push(`MARK ${move} to ${indexOf(effect.to)}`);
      else if (effect.type === 'send-flush') deeds.push(`FLUSH ${move} to ${indexOf(effect.to)}`);
      else if (effect.type === 'send-transfer') deeds.push(`STATE ${move} to ${effect.order.to.index}`);
      else if (effect.type.startsWith('tell-'))
        deeds.push(`${effect.type.slice('tell-'.length).toUpperCase()} ${move}`);
      else if (DEEDS.has(effect.type)) deeds.push(`${effect.type} ${move}`);
    }
  }
  const after = view(transition.after);
  const isWritten = (deed: string): boolean => !/ to (\d)$/.test(deed) || !isGone(after, at, Number(deed.at(-1)));
  return [{ states, lastHold }, deeds.filter(isWritten).sort()];
}

const DEEDS = new Set(['quiesce', 'capture', 'resume', 'evict', 'install', 'run', 'discard-pieces']);
/** What the model does to a unit, by what the unit was and is. */
const CHANGES: Readonly<Record<string, string>> = {
  [`${LIVE} ${QUIESCING}`]: 'quiesce',
  [`${QUIESCING} ${QUIESCENT}`]: 'capture',
  [`${QUIESCING} ${LIVE}`]: 'resume',
  ...Object.fromEntries([QUIESCENT, HELD, SENT].map((state) => [`${state} ${LIVE}`, 'resume'])),
  ...Object.fromEntries([QUIESCENT, HELD, SENT].map((state) => [`${state} ${NOT_THERE}`, 'evict'])),
  [`${NOT_THERE} ${ARRIVED}`]: 'install',
  [`${ARRIVED} ${LIVE}`]: 'run',
  [`${ARRIVED} ${NOT_THERE}`]: 'discard-pieces',
};

function deedsOfModel({ at, option, before: was, after: is }: Transition): string[] {
  const [before, after] = [view(was), view(is)];
  const deeds: string[] = [];
  for (const p of PROCESSES) {
    const written = after.link[at * 3 + p]?.slice(before.link[at * 3 + p]?.length) ?? [];
    for (const [kind, , , move] of written) {
      // The transferred state has been told of where it might go.
      if (kind === 'MARK' || kind === 'FLUSH') deeds.push(`${kind} ${move} to ${p}`);
    }
  }
  for (const [kind, move] of after.up[at]?.slice(before.up[at]?.length) ?? []) deeds.push(`${kind} ${move}`);
  for (const unit of UNITS) {
    const i = at * 2 + unit;
    const change = CHANGES[`${before.st[i]} ${after.st[i]}`];
    const move = before.move[i] || after.move[i] || before.hold[i];
    if (change && PROCESS_STEPS[option] !== 'hand over') deeds.push(`${change} ${move}`);
    const mayGoNow = !mayGo(before, at, unit) && mayGo(after, at, unit);
    const to = after.to[after.move[i] as number] as number;
    if (mayGoNow && !isGone(after, at, to)) deeds.push(`STATE ${after.move[i]} to ${to}`);
  }
  return deeds.sort();
}

/** What a process is to a move, as the model has it. */
function stateOfModel(memory: View, at: number, m: number): string {
  const unit = memory.unit[m] as number;
  const i = at * 2 + unit;
  const missing = (bits: number | undefined): string =>
    PROCESSES.filter((p) => p !== at && !(((bits ?? 0) >> p) & 1))
      .map(name)
      .join(' ');
  const isOwn = memory.move[i] === m;
  const early = PROCESSES.filter((p) => p !== at && ((memory.marked[m] ?? 0) >> p) & 1).map(name);
  const flushes = `flushes ${missing(memory.flushed[m])}`.trim();
  if (isOwn && memory.st[i] === QUIESCING) return `quiescing early ${early.join(' ')}`.trim();
  if (isOwn && memory.st[i] === QUIESCENT) return `quiescent early ${early.join(' ')}  ${flushes}`.trim();
  if (isOwn && (memory.st[i] === SENT || mayGo(memory, at, unit))) return 'sent';
  if (isOwn && memory.st[i] === HELD) return `held  markers ${missing(memory.marked[m])} ${flushes}`.trim();
  if (isOwn && memory.st[i] === ARRIVED) return 'installed';
  if (memory.hold[i] === m) return memory.to[m] === at ? 'awaiting' : 'holding';
  return 'none';
}

/** The participants after a step of the model. Throws where they part. */
export function follow(
  machine: Machine,
  transition: Transition,
  participants: Participants,
  seen: Set<string>,
): Participants {
  const { process, at, option, before, after } = transition;
  const [was, is] = [view(before), view(after)];
  const next = [...participants];
  let deeds: string[] = [];
  if (process === 'Process') {
    const watched: Machine = (self, state, event) => {
      seen.add(`${state.state} ${event.type}`);
      return machine(self, state, event);
    };
    [next[at], deeds] = deedsOf(watched, at, next[at] as Participant, transition);
    const expected = deedsOfModel(transition);
    if (expected.join() !== deeds.join())
      throw new Divergence(`process ${at}, ${PROCESS_STEPS[option]}: the model does ${expected}; got ${deeds}`);
  }
  for (const p of PROCESSES) if (!was.dead[p] && is.dead[p]) next[p] = NOTHING_YET[p] as Participant;
  for (const p of process === 'Process' ? [at] : PROCESSES)
    if (!is.dead[p]) compareStates(is, p, next[p] as Participant);
  if (process === 'Master') compareMaster(was, is, MASTER_STEPS[option]);
  return next;
}

function compareStates(memory: View, at: number, { states }: Participant): void {
  for (let m = 1; m <= memory.lastMove; m++) {
    const expected = stateOfModel(memory, at, m);
    const state = states.get(m);
    const got = state && state.state !== 'none' ? words(state) : 'none';
    if (tidy(expected) !== tidy(got))
      throw new Divergence(`process ${at}, move ${m}: the model is ${tidy(expected)}; got ${tidy(got)}`);
  }
}

const tidy = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The master's machine, brought to where the model is by what it is told, takes the same step. */
function compareMaster(before: View, after: View, step: string | undefined): void {
  const handoffs = masterAt(before);
  const deeds: string[] = [];
  const ended = (end: MoveEnd | undefined): void => void (end && deeds.push(`${end.outcome} ${end.order.id}`));
  const u = UNITS.find((unit) => before.under[unit] !== after.under[unit]);
  if (step === 'begin' && u !== undefined) {
    const { units, from, to, purpose } = orderOf(after, after.lastMove);
    deeds.push(`begin ${handoffs.prepare({ units, from, to, purpose }).id}`);
  } else if (step === 'expire') ended(handoffs.expired(before.under[u as number] as number));
  else if (step === 'hear') {
    const index = PROCESSES.find((p) => sizeOf(after.up[p]) < sizeOf(before.up[p])) as number;
    const [kind, move] = firstOf(before.up[index]);
    const by = { index, incarnation: 1 };
    if (kind === 'INSTALLED') ended(handoffs.installed(move, by));
    else if (kind === 'REFUSED') ended(handoffs.refused(move, by));
    else if (handoffs.prepared(move, by, [], []) !== undefined) deeds.push(`hold ${move}`);
  } else if (step === 'declare dead') {
    const index = PROCESSES.find((p) => !before.seen[p] && after.seen[p]) as number;
    for (const end of handoffs.died({ index, incarnation: 1 })) ended(end);
  }
  const expected = UNITS.flatMap((unit) => endOfModel(before, after, unit)).sort();
  if (expected.join() !== deeds.sort().join())
    throw new Divergence(`the master, ${step}: the model does ${expected}; got ${deeds}`);
}

function masterAt(memory: View): Handoffs {
  const handoffs = new Handoffs();
  for (let m = 1; m <= memory.lastMove; m++) {
    const { units, from, to, purpose } = orderOf(memory, m);
    handoffs.prepare({ units, from, to, purpose });
    const unit = memory.unit[m] as number;
    if (memory.under[unit] !== m) handoffs.expired(m);
    else if (memory.isHolding[unit]) handoffs.prepared(m, from, [], []);
  }
  return handoffs;
}

function endOfModel(before: View, after: View, unit: number): string[] {
  const [was, is] = [before.under[unit] as number, after.under[unit] as number];
  if (was === 0 && is !== 0) return [`begin ${is}`];
  if (was === is) return !before.isHolding[unit] && after.isHolding[unit] ? [`hold ${is}`] : [];
  const told = PROCESSES.flatMap((p) => after.down[p]?.slice(before.down[p]?.length) ?? []);
  const isCommit = told.some(([kind, , , , flags]) => kind === 'TABLE' && ((flags as number) >> unit) & 1);
  return [`${isCommit ? 'commit' : 'abort'} ${was}`];
}
