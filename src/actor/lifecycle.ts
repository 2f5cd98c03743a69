/**
 * How incarnations begin, fail and end. Policies decide (supervision/); this carries their decisions out on one cell;
 * closing.ts takes an incarnation down.
 * Everything that awaits remembers the cell's phase and goes on only if it is still the same.
 */
import { backoffMs } from '../supervision/backoff.ts';
import { decide } from '../supervision/failure-decision.ts';
import { RestartIntensity } from '../supervision/restart-intensity.ts';
import { asError, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import { copyPlain } from '../plain-data/plain-copy.ts';
import { isThenable } from '../vocabulary/thenable.ts';
import { hasBegun } from './start-listeners.ts';
import type { Cell } from './cell.ts';
import type { Ending } from './cell-extras.ts';
import type { DurableSide } from './durable-side.ts';
import { abandonTurn, callAs, closeIncarnation, dropTimers } from './closing.ts';
import { giveOwnTurns } from './held-turns.ts';
import { hostMachine } from './xstate-actor.ts';

/** Milliseconds that `state` and `onStart` may take, each. */
export const START_HOOK_MS = 60_000;

/** Begins an incarnation: its state, then onStart, then mail. */
export function startCell(cell: Cell): void {
  const { pauses, serving } = cell.kernel;
  if (pauses?.holdsBack(cell) || serving?.holdsBack(cell)) return holdStart(cell);
  cell.transition('starting');
  const phase = ++cell.phase;
  cell.clearTurn();
  cell.context = cell.host.newContext(cell);
  const { behaviour, context, origin } = cell;
  if (behaviour.end) hostMachine(context, cell);
  const failed = (error: unknown): void => {
    if (cell.phase === phase) startFailed(cell, asError(error));
  };
  const hooked = (): void => {
    if (cell.phase !== phase) return;
    const fault = endDurableStart(cell);
    if (fault) failed(fault);
    else started(cell);
  };
  const begun = (state: unknown): void => {
    if (cell.phase !== phase) return;
    cell.context.state = state;
    attempt(cell, () => behaviour.onStart?.(context), hooked, failed);
  };
  // A copy for each incarnation: what one makes of its arguments is not what the next one gets.
  const begin = (): void => attempt(cell, () => behaviour.begin(context, copyPlain(origin.args)), begun, failed);
  if (cell.durable === undefined) return begin();
  const restored = (): void => attempt(cell, () => behaviour.onStart?.(context), hooked, failed);
  startDurable(cell, cell.durable, begin, restored, failed);
}

/** It takes mail, moves and ends; nothing of its code has run. */
function holdStart(cell: Cell): void {
  cell.phase++;
  cell.own.isStartHeld = true;
  cell.transition('pausing');
  // A start that is not tried ends no process.
  hasBegun(cell);
}

/** Its pause has ended, or something else holds it now. */
export function goOnAfterPause(cell: Cell): void {
  giveOwnTurns(cell);
  if (isStartHeld(cell)) startHeld(cell);
  else cell.wake();
}

export function startHeld(cell: Cell): void {
  cell.own.isStartHeld = false;
  startCell(cell);
}

/** Between two incarnations, or before the first one, by a pause. */
export function isStartHeld({ status, extras }: Cell): boolean {
  return status === 'pausing' && extras.isStartHeld;
}

/** A durable actor goes on from its record, where there is one. */
function startDurable(
  cell: Cell,
  durable: DurableSide,
  begin: () => void,
  restored: () => void,
  failed: (error: unknown) => void,
): void {
  const { phase } = cell;
  const go = (isKnown: boolean): void => {
    if (cell.phase !== phase) return;
    durable.beginTurn(undefined);
    if (isKnown) attempt(cell, () => durable.restore(), restored, failed);
    else begin();
  };
  const loaded = (isKnown: boolean): void => {
    if (cell.phase !== phase) return;
    if (cell.kernel.serving?.holdsBack(cell)) return holdStart(cell);
    if (isWokenForNothing(cell, durable)) return endCell(cell, { reason: 'passivated', mail: 'deliver-again' });
    const turn = durable.trials.beginStart(isKnown);
    if (turn) turn.then(() => go(isKnown), failed);
    else go(isKnown);
  };
  durable.load().then(loaded, failed);
}

/** Its record was removed while the word of its next time was on the way: nobody has asked for a new one. */
function isWokenForNothing({ extras, mailbox, origin, restarts }: Cell, { version }: DurableSide): boolean {
  const isWanted =
    mailbox.length > 0 || extras.startReplies !== undefined || origin.spawned || origin.parent !== undefined;
  return version === 0 && restarts === 0 && !isWanted;
}

/** The start is a turn of its own. The error where its state cannot be kept. */
function endDurableStart({ durable }: Cell): Error | undefined {
  try {
    durable?.capture();
    durable?.endTurn();
    return undefined;
  } catch (error) {
    return asError(error);
  }
}

/** Calls user code that may be async; one of `done` and `failed` is called, at once where it is not, or when its time is over. */
function attempt(
  cell: Cell,
  work: () => unknown,
  done: (value: unknown) => void,
  failed: (error: unknown) => void,
): void {
  let result: unknown;
  let isAsync = false;
  try {
    result = callAs(cell, work);
    isAsync = isThenable(result);
  } catch (error) {
    return failed(error);
  }
  if (!isAsync) return done(result);
  // Gone with the incarnation, should that end before.
  const cancel = cell.setTimer(START_HOOK_MS, () => {
    failed(new Error(`the start of ${cell.id} did not end within ${START_HOOK_MS} ms`));
  });
  const ended = (goOn: (value: unknown) => void) => (value: unknown) => {
    cancel();
    goOn(value);
  };
  Promise.resolve(result).then(ended(done), ended(failed));
}

function started(cell: Cell): void {
  cell.clearTurn();
  cell.transition('ready');
  cell.begun = true;
  hasBegun(cell);
  cell.activeAt(cell.kernel.clock.now());
  if (cell.restarts === 0) cell.kernel.events.emit('actor-started', { id: cell.id, worker: cell.kernel.worker });
  tellStarted(cell);
  if (cell.stopping !== undefined) endUnused(cell, cell.stopping);
  else cell.wake();
}

/** A durable actor has started once its first state is committed. */
function tellStarted(cell: Cell): void {
  const { startReplies } = cell.extras;
  if (!startReplies) return;
  cell.own.startReplies = undefined;
  const tell = (): void => {
    for (const reply of startReplies) reply.resolve(undefined);
  };
  const settled = cell.durable?.settled();
  if (settled) void settled.then(tell);
  else tell();
}

/** A stop asked for in onStart: the next incarnation would do the same, so the mail goes to none. */
function endUnused(cell: Cell, reason: ExitReason): void {
  const { mail } = endingOf(reason);
  endCell(cell, { reason, mail: mail === 'deliver-again' ? 'ACTOR_STOPPED' : mail });
}

/** A first start that somebody waits for is refused to them; every other one is a failure like a handler's. */
function startFailed(cell: Cell, error: Error): void {
  cell.durable?.discardTurn();
  cell.durable?.endTurn();
  if (error instanceof TroupeError && error.code === 'PROCESS_DIED') return endDeadly(cell, error);
  const waiting = cell.restarts === 0 ? cell.extras.startReplies : undefined;
  if (!waiting) return cell.stopping === undefined ? failCell(cell, error) : endUnused(cell, cell.stopping);
  cell.own.startReplies = undefined;
  // Askers may have given up by now.
  cell.kernel.log.warn({ actor: cell.id, err: error }, 'an actor threw as it started');
  const text = `the start of ${cell.id} threw ${wordsOf(error)}`;
  for (const reply of waiting)
    reply.reject(new TroupeError('HANDLER_FAILED', text, { fate: 'executed', cause: error }));
  endCell(cell, { reason: 'failed', mail: 'ACTOR_STOPPED', error }, 'released');
}

/** Its start has ended one process after the other: it is not tried, whatever its supervision says. */
function endDeadly(cell: Cell, error: TroupeError): void {
  cell.kernel.log.error({ actor: cell.id, err: error }, 'an actor that ends its process is not started');
  for (const reply of cell.extras.startReplies ?? []) reply.reject(error);
  cell.own.startReplies = undefined;
  failForGood(cell, error);
}

/** A turn, a hook or a child of the cell has failed: what its supervision says. */
export function failCell(cell: Cell, error: Error): void {
  if (cell.status === 'pausing' || cell.status === 'stopping' || cell.status === 'ended') return;
  const trace = cell.kernel.spans?.turn(cell.context);
  cell.kernel.log.warn({ actor: cell.id, ...trace, err: error }, 'an actor threw');
  // A stop that was asked for stands: nothing is started again only to end.
  if (cell.stopping !== undefined) return endCell(cell, endingOf(cell.stopping));
  superviseFailure(cell, error, cell.status !== 'starting');
}

/** The turns of a durable actor since its last commit are discarded. It cannot go on: its state in memory is ahead of its record. */
export function commitFailed(cell: Cell, error: Error): void {
  superviseFailure(cell, error, false);
}

function superviseFailure(cell: Cell, error: Error, mayResume: boolean): void {
  const { id, behaviour, restarts } = cell;
  const { count = 0 } = cell.extras.lastFailure ?? {};
  cell.own.lastFailure = { at: cell.now(), text: wordsOf(error), count: count + 1 };
  switch (decide(behaviour.policy.onFailure, error, { id, restarts })) {
    case 'resume':
      if (!mayResume) return restartOrFail(cell, error);
      cell.durable?.rollBack();
      return cell.wake();
    case 'restart':
      return restartOrFail(cell, error);
    case 'stop':
      return endCell(cell, { reason: 'failed', mail: 'ACTOR_STOPPED', error }, 'released');
    case 'escalate':
      return escalate(cell, error);
  }
}

function escalate(cell: Cell, error: Error): void {
  const { parent } = cell.origin;
  if (!parent) return failForGood(cell, error);
  endCell(cell, { reason: 'failed', mail: 'ACTOR_FAILED', error }, 'released');
  failCell(parent, error);
}

/** A child restarts by its parent's strategy and within its parent's intensity; a top-level actor within its own. */
export function restartOrFail(cell: Cell, error: Error): void {
  const { parent } = cell.origin;
  if (parent?.extras.children) return parent.extras.children.childFailed(cell, error);
  // Its parent has ended before it; nobody is left to answer for it.
  if (parent) return endCell(cell, { reason: 'failed', mail: 'ACTOR_STOPPED', error });
  if (noteRestart(cell)) restartCell(cell, error);
  else failForGood(cell, error);
}

/** Counts a restart in the cell's own intensity. False: one too many. */
export function noteRestart(cell: Cell): boolean {
  const own = cell.own;
  const { intensity, periodMs } = cell.behaviour.policy;
  own.intensity ??= new RestartIntensity(intensity, periodMs);
  return own.intensity.record(cell.kernel.clock.now());
}

/** Past the intensity: the actor has failed; its mail is refused and its parent is told. */
export function failForGood(cell: Cell, error: Error): void {
  if (cell.status === 'stopping' || cell.status === 'ended') return;
  cell.kernel.events.emit('actor-failed', { id: cell.id, worker: cell.kernel.worker, error });
  endCell(cell, { reason: 'failed', mail: 'ACTOR_FAILED', error });
}

/** Ends the incarnation, waits the backoff, begins the next one; the mail stays. */
export function restartCell(cell: Cell, error: Error): void {
  const phase = pauseCell(cell, error);
  const closing = closeIncarnation(cell, 'restart');
  if (!closing) return startAfterBackoff(cell, error);
  void closing.then(() => {
    if (cell.phase === phase) startAfterBackoff(cell, error);
  });
}

/** Takes the cell out of service until it is started again; a turn that runs is given up. */
export function pauseCell(cell: Cell, error: Error): number {
  abandonTurn(cell, error);
  cell.transition('pausing');
  cell.activeAt(cell.now());
  return ++cell.phase;
}

export function startAfterBackoff(cell: Cell, error: Error, delayMs: number = nextBackoffMs(cell)): void {
  const phase = ++cell.phase;
  const { clock } = cell.kernel;
  cell.own.pausedBy = error;
  cell.own.isStartHeld = false;
  cell.own.startsAt = clock.now() + delayMs;
  clock.setTimer(delayMs, () => {
    if (cell.phase === phase) respawn(cell, error);
  });
}

export function nextBackoffMs(cell: Cell): number {
  const { kernel, behaviour, origin } = cell;
  // Where the restarts are counted: a child's in its parent.
  const recent = (origin.parent ?? cell).extras.intensity?.restarts(kernel.clock.now()) ?? 1;
  return backoffMs(behaviour.policy.backoff, Math.max(1, recent), kernel.random());
}

export function respawn(cell: Cell, error: Error): void {
  const { id, kernel } = cell;
  cell.own.pausedBy = undefined;
  cell.restarts++;
  cell.behaviour.counters.restarts++;
  cell.activeAt(cell.now());
  kernel.events.emit('actor-restarted', { id, worker: kernel.worker, restarts: cell.restarts, error });
  startCell(cell);
}

/** The mail behind an end: a later incarnation gets it, unless there is to be none. */
export function endingOf(reason: ExitReason): Ending {
  if (reason === 'shutdown') return { reason, mail: 'SHUTTING_DOWN' };
  if (reason === 'kind-removed') return { reason, mail: 'UNKNOWN_KIND' };
  return { reason, mail: reason === 'parent-ended' || reason === 'killed' ? 'ACTOR_STOPPED' : 'deliver-again' };
}

/**
 * Ends the cell: its children in reverse order, then onStop. A turn that runs is given up where `reason` is 'killed'.
 * `told: 'released'`: its parent does not start it again, whatever the reason.
 */
export function endCell(cell: Cell, ending: Ending, notice?: 'released'): void {
  const { status } = cell;
  if (status === 'ended') return;
  const isKill = ending.reason === 'killed';
  if (status === 'stopping' && !isKill) return;
  abandonTurn(cell, ending.error);
  cell.transition('stopping');
  cell.activeAt(cell.now());
  const phase = ++cell.phase;
  if (notice === 'released') cell.origin.parent?.extras.children?.forget(cell);
  cell.own.ending = ending;
  if (isKill && cell.extras.closing) {
    // A kill waits neither for an onStop that takes its time nor for children that do.
    cell.extras.children?.killAll();
    return finish(cell, ending);
  }
  const closing = closeIncarnation(cell, ending.reason);
  if (!closing) return finish(cell, ending);
  void closing.then(() => {
    if (cell.phase === phase) finish(cell, ending);
  });
}

function finish(cell: Cell, ending: Ending): void {
  const { error, reason } = ending;
  cell.phase++;
  cell.transition('ended');
  dropTimers(cell);
  hasBegun(cell);
  cell.durable?.close();
  cell.unstashAll();
  for (const reply of cell.extras.startReplies ?? []) {
    const text = `${cell.id} ended (${reason}) before it had started`;
    reply.reject(new TroupeError('ACTOR_STOPPED', text, { fate: 'not-executed', cause: error }));
  }
  cell.host.ended(cell, ending);
  for (const reply of cell.extras.endReplies ?? []) reply.resolve(undefined);
  cell.extras.removal?.ended();
}
