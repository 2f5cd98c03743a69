/**
 * The children of one cell, in order of start, and what becomes of them: OTP's restart types and strategies.
 */
import { affectedChildren, mustRestart } from '../supervision/restart-strategies.ts';
import type { RestartType } from '../supervision/supervision-options.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type ExitReason, isAbnormal } from '../vocabulary/exit-reason.ts';
import type { Cell } from './cell.ts';
import { closeIncarnation } from './closing.ts';
import {
  endCell,
  endingOf,
  failForGood,
  nextBackoffMs,
  noteRestart,
  pauseCell,
  restartCell,
  respawn,
} from './lifecycle.ts';
import { LocalReply } from './local-reply.ts';
import { beginWait } from './local-wait.ts';

/** Milliseconds for a child's end before it is killed. */
export const CHILD_SHUTDOWN_MS = 5_000;
/** Children of one actor at most. */
export const CHILDREN_MAX = 100_000;

interface Child {
  cell: Cell;
  readonly restart: RestartType;
  readonly shutdownMs: number;
}

export class Children {
  readonly #parent: Cell;
  readonly #byId = new Map<ActorId, Child>();
  #ending = false;

  constructor(parent: Cell) {
    this.#parent = parent;
  }

  get size(): number {
    return this.#byId.size;
  }

  add(cell: Cell, restart: RestartType, shutdownMs: number): void {
    this.#byId.set(cell.id, { cell, restart, shutdownMs });
  }

  /** In order of start. */
  get cells(): Cell[] {
    return [...this.#byId.values()].map(({ cell }) => cell);
  }

  termsOf(id: ActorId): { restart: RestartType; shutdownMs: number } | undefined {
    const child = this.#byId.get(id);
    return child && { restart: child.restart, shutdownMs: child.shutdownMs };
  }

  has(id: ActorId): boolean {
    return this.#byId.has(id);
  }

  forget(cell: Cell): void {
    if (this.#byId.get(cell.id)?.cell === cell) this.#byId.delete(cell.id);
  }

  /** A child threw and its supervision says restart. */
  childFailed(cell: Cell, error: Error): void {
    const child = this.#byId.get(cell.id);
    if (this.#ending || !child || child.restart === 'temporary') {
      endCell(cell, { reason: 'failed', mail: 'ACTOR_STOPPED', error });
    } else if (noteRestart(this.#parent)) {
      this.#restart(child, error);
    } else {
      // It takes no more mail while it waits for its turn to be ended.
      pauseCell(cell, error);
      failForGood(this.#parent, error);
    }
  }

  /** A child has ended and left its host. Gives the cell that takes its place, if it is started again. */
  childEnded(cell: Cell, reason: ExitReason, error: Error | undefined): Cell | undefined {
    const child = this.#byId.get(cell.id);
    if (this.#ending || child?.cell !== cell) return undefined;
    if (!mustRestart(child.restart, isAbnormal(reason)) || reason === 'shutdown') {
      this.#byId.delete(cell.id);
      return undefined;
    }
    const cause = error ?? new Error(`a child has ended: ${cell.id} (${reason})`);
    if (!noteRestart(this.#parent)) {
      this.#byId.delete(cell.id);
      failForGood(this.#parent, cause);
      return undefined;
    }
    const again = cell.host.createCell(cell.id, cell.behaviour, cell.origin);
    again.restarts = cell.restarts;
    again.transition('pausing');
    child.cell = again;
    this.#restart(child, cause);
    return again;
  }

  /** Ends all, in reverse order of start; one that takes longer than its `shutdownMs` is killed. */
  async endAll(reason: ExitReason): Promise<void> {
    this.#ending = true;
    for (const child of [...this.#byId.values()].reverse()) await this.#endWithin(child, reason);
    this.#byId.clear();
  }

  /** At once, without waiting for their hooks. */
  killAll(): void {
    this.#ending = true;
    for (const { cell } of [...this.#byId.values()].reverse())
      endCell(cell, { reason: 'killed', mail: 'ACTOR_STOPPED' });
  }

  /** An onStop that asks the parent, which waits for this end, is told of the ring. */
  async #endWithin(child: Child, reason: ExitReason): Promise<void> {
    const waitsNoMore = beginWait(this.#parent, child.cell.id);
    await endWithin(child, reason);
    waitsNoMore();
  }

  #restart(failed: Child, error: Error): void {
    const { children } = this.#parent.behaviour.policy;
    // A sibling that is ending already is no part of it: its end is seen to by itself.
    const present = [...this.#byId.values()].filter(({ cell }) => cell.status !== 'stopping');
    const affected = affectedChildren(children, present, failed, (child) => child.restart === 'temporary');
    if (affected.stop.length === 0) return restartCell(failed.cell, error);
    const phases = new Map<Cell, number>();
    for (const { cell } of [failed, ...affected.stop]) phases.set(cell, pauseCell(cell, error));
    void this.#restartTogether(affected, failed, phases, error);
  }

  /** All stop, the failed one first, before any starts. */
  async #restartTogether(
    affected: { stop: Child[]; start: Child[] },
    failed: Child,
    phases: ReadonlyMap<Cell, number>,
    error: Error,
  ): Promise<void> {
    for (const child of [failed, ...affected.stop]) await closeIncarnation(child.cell, 'restart');
    for (const child of affected.stop) {
      if (affected.start.includes(child)) continue;
      // Not by its id: another child may have been started under it meanwhile.
      this.forget(child.cell);
      endCell(child.cell, { reason: 'failed', mail: 'ACTOR_STOPPED', error });
    }
    const { kernel } = failed.cell;
    // One backoff for the group, then in order of start, as OTP does.
    kernel.clock.setTimer(nextBackoffMs(failed.cell), () => {
      for (const { cell } of affected.start) if (cell.phase === phases.get(cell)) respawn(cell, error);
    });
  }
}

function endWithin(child: Child, reason: ExitReason): Promise<void> {
  const { cell, shutdownMs } = child;
  return new Promise((resolve) => {
    const timer = cell.kernel.clock.setTimer(shutdownMs, () =>
      endCell(cell, { reason: 'killed', mail: 'ACTOR_STOPPED' }),
    );
    const done = (): void => {
      timer.cancel();
      resolve();
    };
    if (cell.status === 'ended') return done();
    (cell.own.endReplies ??= []).push(new LocalReply(done, done));
    // Its running turn may end first; a turn that does not is given up with the kill above.
    endAfterTurn(cell, reason);
  });
}

/** Ends the cell once the turn that runs, if any, is over. */
export function endAfterTurn(cell: Cell, reason: ExitReason): void {
  if (cell.status === 'busy') cell.endWithTurn(reason);
  else endCell(cell, endingOf(reason));
}

/** Resolves once it has ended. */
export function endForShutdown(cell: Cell): Promise<void> {
  return new Promise((resolve) => {
    if (cell.status === 'ended') return resolve();
    (cell.own.endReplies ??= []).push(new LocalReply(resolve, () => resolve()));
    endAfterTurn(cell, 'shutdown');
  });
}
