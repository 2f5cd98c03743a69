/**
 * One process's part in one move; the master's part is placement/handoff, and docs/model/handoff.pml is both of them in Promela.
 * Pure: it says what an event means, and the effects of it as data; handoff/handoff-participant carries them out.
 *
 *   old host, actors go along   none ─prepare─► quiescing ─quiesced─► quiescent ─hold─► held ─the last marker and flush─► sent
 *   old host, only a place      none ─prepare─► asked ─vacant─► prepared ─hold─► held ─markers─► looking ─vacant─► held ─flushes─►
 *                               looking ─vacant─► sent
 *   new host                    none ─hold─► awaiting ─a piece─► receiving ─the last one─► installing ─installed─► installed
 *   any other process           none ─hold─► holding
 *
 * `end` leads from each of them back to none. Order: an effect that brings the next event at once (`look`, `quiesce`, `send-transfer`,
 * `install`) is the last one of its step.
 */
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { MoveOrder } from '../wire/control.ts';
import {
  type HeldState,
  type MoveEffect,
  type MoveEvent,
  type MoveState,
  NONE,
  type Processes,
  type Step,
} from './move-state.ts';

/** `self`: the address of this process. An event that can not come in a state leaves it as it is. */
export function afterMoveEvent(self: ActorId, at: MoveState, event: MoveEvent): Step {
  switch (event.type) {
    case 'prepare':
      return at.state === 'none' ? prepare(event, at.early) : same(at);
    case 'quiesced':
      return at.state === 'quiescing' ? quiesced(at, event) : same(at);
    case 'not-quiesced':
      if (at.state !== 'quiescing') return same(at);
      return step(NONE, { type: 'resume' }, { type: 'tell-refused', error: event.error, isBusy: event.isBusy });
    case 'vacant':
      return vacant(self, at, event.peers);
    case 'occupied':
      return occupied(at, event.error);
    case 'hold':
      return hold(self, at, event);
    case 'marker':
      return marker(self, at, event.peer);
    case 'flushed':
      return flushed(self, at, event.peer);
    case 'peer-died':
      return at.state === 'held' || at.state === 'quiescent' ? peerDied(self, at, event.peer) : same(at);
    case 'link-ended':
      return linkEnded(at, event.peer);
    case 'linked-again':
      return { state: at, effects: saidAgain(at, event.peer) };
    case 'not-packed':
      // Nothing has been handed over: they stay.
      return at.state === 'sent' ? refuse(at.order, event.error) : same(at);
    case 'piece':
    case 'last-piece':
      return received(at, event);
    case 'installed':
      if (at.state !== 'installing') return same(at);
      return step({ state: 'installed', order: at.order }, { type: 'tell-installed', order: at.order });
    case 'not-installed':
      // Should the old host be dead by the time that the master hears it, what could be read runs here all the same.
      if (at.state !== 'installing') return same(at);
      return step(at, { type: 'tell-refused', error: event.error, isBusy: false });
    case 'end':
      return { state: NONE, effects: end(at, event.hasMoved) };
  }
}

function prepare({ order, quiesceMs, isLast }: Extract<MoveEvent, { type: 'prepare' }>, early: Processes): Step {
  // Mail for an actor that is there is not held up only to learn that it is.
  if (order.purpose !== 'move') return step({ state: 'asked', order, early }, { type: 'look', order });
  return step({ state: 'quiescing', order, early }, { type: 'quiesce', order, quiesceMs, isLast });
}

function quiesced(
  at: Extract<MoveState, { state: 'quiescing' }>,
  { subtree, subscriptions, peers }: Extract<MoveEvent, { type: 'quiesced' }>,
): Step {
  const order = { ...at.order, units: [...at.order.units, ...subtree], subscriptions };
  return step(
    { state: 'quiescent', order, early: at.early, flushes: peers },
    { type: 'hold', order },
    { type: 'capture', order },
    ...flush(order, peers),
    { type: 'tell-prepared', subtree, subscriptions },
  );
}

/** Mail that was sent under these ids is to arrive before what they send from elsewhere; also by one that has ended. */
function flush(order: MoveOrder, peers: Processes): MoveEffect[] {
  return [{ type: 'take-sent', order }, ...[...peers].map((to): MoveEffect => ({ type: 'send-flush', to }))];
}

function vacant(self: ActorId, at: MoveState, peers: Processes): Step {
  if (at.state === 'asked') {
    const { order, early } = at;
    return step({ state: 'prepared', order, early }, { type: 'tell-prepared', subtree: [], subscriptions: [] });
  }
  if (at.state !== 'looking') return same(at);
  const { order, hasFlushed } = at;
  if (hasFlushed || isProcess(order.to, self)) return handOver(self, order, []);
  // Nothing comes to life here any more.
  const held: HeldState = { state: 'held', order, markers: new Set(), flushes: peers, isQuiescent: false };
  return handOverIfComplete(self, held, flush(order, peers));
}

function occupied(at: MoveState, error: Error): Step {
  if (at.state === 'asked') return step(NONE, { type: 'tell-refused', error, isBusy: false });
  return at.state === 'looking' ? refuse(at.order, error) : same(at);
}

function hold(self: ActorId, at: MoveState, { order, peers }: Extract<MoveEvent, { type: 'hold' }>): Step {
  const effects: MoveEffect[] = [{ type: 'hold', order }];
  if (isProcess(order.from, self)) {
    if (at.state !== 'none' && at.state !== 'prepared' && at.state !== 'quiescent') return same(at);
    const markers = new Set([...peers].filter((peer) => !at.early.has(peer)));
    const isQuiescent = at.state === 'quiescent';
    const flushes = isQuiescent ? at.flushes : undefined;
    return handOverIfComplete(self, { state: 'held', order, markers, flushes, isQuiescent }, effects);
  }
  if (at.state !== 'none') return same(at);
  // Also where the link is broken: made again, it carries the marker first, and nobody waits for it in vain.
  effects.push({ type: 'send-marker', to: nameOf(order.from) });
  return { state: { state: isProcess(order.to, self) ? 'awaiting' : 'holding', order }, effects };
}

function marker(self: ActorId, at: MoveState, peer: ActorId): Step {
  if (at.state === 'held') return handOverIfComplete(self, { ...at, markers: without(at.markers, peer) }, []);
  return 'early' in at ? step({ ...at, early: new Set(at.early).add(peer) }) : same(at);
}

function flushed(self: ActorId, at: MoveState, peer: ActorId): Step {
  if (at.state === 'quiescent') return step({ ...at, flushes: without(at.flushes, peer) });
  if (at.state !== 'held' || !at.flushes) return same(at);
  return handOverIfComplete(self, { ...at, flushes: without(at.flushes, peer) }, []);
}

/** Nothing older can come from it: that counts as its marker and its acknowledgement. */
function peerDied(self: ActorId, at: Extract<MoveState, { state: 'held' | 'quiescent' }>, peer: ActorId): Step {
  const flushes = at.flushes && without(at.flushes, peer);
  if (at.state === 'quiescent') return step({ ...at, flushes: flushes as Processes });
  return handOverIfComplete(self, { ...at, markers: without(at.markers, peer), flushes }, []);
}

function handOverIfComplete(self: ActorId, at: HeldState, before: MoveEffect[]): Step {
  const { order, markers, flushes, isQuiescent } = at;
  if (markers.size > 0 || (flushes && flushes.size > 0)) return { state: at, effects: before };
  if (isQuiescent) return handOver(self, order, before);
  const looking: MoveState = { state: 'looking', order, hasFlushed: flushes !== undefined };
  return step(looking, ...before, { type: 'look', order });
}

function handOver(self: ActorId, order: MoveOrder, before: MoveEffect[]): Step {
  const isHere = isProcess(order.to, self);
  return step(
    { state: 'sent', order },
    ...before,
    isHere ? { type: 'tell-installed', order } : { type: 'send-transfer', order },
  );
}

/** Half of the transferred state is none: should the old host live, it comes again. */
function linkEnded(at: MoveState, peer: ActorId): Step {
  if (at.state !== 'receiving' || !isProcess(at.order.from, peer)) return same(at);
  return step({ state: 'awaiting', order: at.order }, { type: 'discard-pieces' });
}

/** All that the link may have lost of this move. */
function saidAgain(at: MoveState, peer: ActorId): MoveEffect[] {
  switch (at.state) {
    case 'quiescent':
    case 'held':
      return at.flushes?.has(peer) ? [{ type: 'send-flush', to: peer }] : [];
    case 'sent':
      return isProcess(at.order.to, peer) ? [{ type: 'send-transfer', order: at.order }] : [];
    case 'holding':
    case 'awaiting':
    case 'receiving':
    case 'installing':
    case 'installed':
      return isProcess(at.order.from, peer) ? [{ type: 'send-marker', to: peer }] : [];
    default:
      return [];
  }
}

function received(at: MoveState, event: Extract<MoveEvent, { type: 'piece' | 'last-piece' }>): Step {
  // Else it is of a move that has ended; or it came already, and the old host cannot know: its link broke just then.
  if (at.state !== 'awaiting' && at.state !== 'receiving') return same(at);
  const { order } = at;
  if (event.type === 'last-piece') return step({ state: 'installing', order }, { type: 'install' });
  return step({ state: 'receiving', order }, { type: 'keep-piece', piece: event.piece });
}

function refuse(order: MoveOrder, error: Error): Step {
  return step({ state: 'refused', order }, { type: 'tell-refused', error, isBusy: false });
}

function end(at: MoveState, hasMoved: boolean): MoveEffect[] {
  switch (at.state) {
    case 'none':
    case 'asked':
    case 'prepared':
      return [];
    case 'quiescing':
      return [{ type: 'resume' }];
    case 'quiescent':
      // No other process has heard of it.
      return [...(hasMoved ? whenMoved(at) : whenAborted(at)), { type: 'release-publishes', order: at.order }];
    default: {
      const { order } = at;
      const own = hasMoved ? whenMoved(at) : whenAborted(at);
      return [{ type: 'note-end', order, hasMoved }, ...own, { type: 'release-publishes', order }];
    }
  }
}

function whenMoved({ state, order }: Extract<MoveState, { order: MoveOrder }>): MoveEffect[] {
  if (state === 'holding' || state === 'awaiting') return [];
  // Its old host is dead, and took the rest with it.
  if (state === 'receiving') return [{ type: 'discard-pieces' }];
  // Also where it is still made ready: the old host has died meanwhile, and nobody else has it.
  if (state === 'installing' || state === 'installed') return [{ type: 'run', order }];
  return [{ type: 'evict', order }];
}

function whenAborted({ state }: MoveState): MoveEffect[] {
  if (state === 'holding' || state === 'awaiting') return [];
  if (state === 'receiving' || state === 'installing' || state === 'installed') return [{ type: 'discard-pieces' }];
  return [{ type: 'resume' }];
}

function step(state: MoveState, ...effects: MoveEffect[]): Step {
  return { state, effects };
}

function same(state: MoveState): Step {
  return { state, effects: [] };
}

function without(processes: Processes, one: ActorId): Processes {
  const rest = new Set(processes);
  rest.delete(one);
  return rest;
}

function nameOf({ index, incarnation }: MoveOrder['from']): ActorId {
  return processAddress(index, incarnation);
}

function isProcess(name: MoveOrder['from'], address: ActorId): boolean {
  return nameOf(name) === address;
}
