/**
 * How an incarnation is taken down, whatever comes after it: its turn is given up, its children end, onStop is called.
 */
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import { onGround } from '../vocabulary/ground.ts';
import type { Cell } from './cell.ts';
import { hostMachine } from './xstate-actor.ts';
import { letMailStay } from './message-timer.ts';

/** Milliseconds that onStop of a restarting actor may take. */
export const STOP_HOOK_MS = 5_000;

/**
 * The first message to an actor starts it within the turn of another one, which goes on speaking for itself after that, or
 * within a call of the program, in whose async context it must not stay.
 */
export function callAs<T>(cell: Cell, work: () => T): T {
  const { kernel } = cell;
  const { running } = kernel;
  kernel.running = cell;
  try {
    return onGround(work);
  } finally {
    kernel.running = running;
  }
}

/** Children, onStop, machine, timers, stash; once for each incarnation. Undefined: all is done, nothing was awaited. */
export function closeIncarnation(cell: Cell, reason: ExitReason): Promise<void> | undefined {
  if (cell.extras.closing) return cell.extras.closing;
  dropTimers(cell);
  cell.unstashAll();
  const isHooked = cell.begun && cell.behaviour.onStop !== undefined && reason !== 'killed';
  cell.begun = false;
  if (!isHooked && !cell.extras.children) {
    endMachine(cell);
    return reason === 'killed' ? undefined : cell.durable?.settled();
  }
  // Set before any code of the actor runs, which may end it once more.
  let closed = (): void => {};
  cell.own.closing = new Promise((resolve) => (closed = resolve));
  void close(cell, reason, isHooked).then(closed);
  return cell.own.closing;
}

/** The end of this incarnation is nobody's to hear of. */
export function callNoHook(cell: Cell): void {
  cell.begun = false;
}

async function close(cell: Cell, reason: ExitReason, isHooked: boolean): Promise<void> {
  const { children, ending } = cell.extras;
  if (children) {
    await children.endAll(ending?.reason === 'shutdown' ? 'shutdown' : 'parent-ended');
    cell.own.children = undefined;
  }
  if (isHooked && cell.status !== 'ended') await runStopHook(cell, reason);
  endMachine(cell);
  dropTimers(cell);
  if (reason !== 'killed') await cell.durable?.settled();
  cell.own.closing = undefined;
}

async function runStopHook(cell: Cell, reason: ExitReason): Promise<void> {
  const { behaviour, context, kernel, durable } = cell;
  durable?.beginTurn(undefined);
  let timer: { cancel(): void } | undefined;
  const late = new Promise<void>((resolve) => {
    timer = kernel.clock.setTimer(STOP_HOOK_MS, () => {
      kernel.log.error({ actor: cell.id }, `onStop ends within ${STOP_HOOK_MS} ms; it is not waited for any longer`);
      resolve();
    });
  });
  try {
    await Promise.race([callAs(cell, () => behaviour.onStop?.(context, reason)), late]);
    durable?.capture();
  } catch (error) {
    kernel.log.error({ actor: cell.id, err: asError(error) }, 'onStop threw');
    durable?.discardTurn();
  } finally {
    timer?.cancel();
    durable?.endTurn();
  }
}

function endMachine(cell: Cell): void {
  try {
    cell.behaviour.end?.(cell.context);
  } catch (error) {
    cell.kernel.log.error({ actor: cell.id, err: asError(error) }, 'a machine threw as it was stopped');
  }
}

/**
 * A turn or a start that runs while its incarnation ends: its ask is answered, its signal aborted, its result ignored.
 * Its code goes on holding the context, so the incarnation goes on with another one, and that code can act no more.
 */
export function abandonTurn(cell: Cell, error: Error | undefined): void {
  const { status, current, extras } = cell;
  if (status !== 'busy' && status !== 'starting') return;
  extras.abort?.abort(error ?? new Error('the actor was ended'));
  if (current?.replyTo) {
    const text = `${cell.id} ended before its handler did`;
    current.replyTo.reject(new TroupeError('ACTOR_STOPPED', text, { fate: 'executed', cause: error }));
  }
  if (extras.checking) {
    cell.mailbox.putBack([extras.checking]);
    cell.own.checking = undefined;
  }
  cell.stashing = false;
  cell.durable?.discardTurn();
  cell.durable?.abandonTurn();
  cell.clearTurn();
  cell.context = cell.host.newContext(cell, cell.context);
  if (cell.behaviour.end) hostMachine(cell.context, cell);
}

export function dropTimers(cell: Cell): void {
  const { timers } = cell.extras;
  if (!timers) return;
  letMailStay(cell);
  for (const timer of [...timers]) timer.cancel();
}
