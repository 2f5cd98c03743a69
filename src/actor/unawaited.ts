/**
 * Askers by their rejections: an ask that its handler did not await fails as an unhandled rejection, which would end the
 * process and all other actors in it. The process that hears of one looks here for its actor.
 */
import type { Log } from '../observe/log.ts';
import type { TraceFields } from '../observe/trace-context.ts';
import type { ActorId } from '../vocabulary/address.ts';

export interface Unawaited {
  readonly log: Log;
  /** Undefined: a process asked. */
  readonly actor: ActorId | undefined;
  /** Of the ask. */
  readonly trace: TraceFields | undefined;
}

const noted = new WeakMap<object, Unawaited>();

/** Before the error is given to whoever may await it. */
export function noteFailure(error: unknown, log: Log, actor: ActorId | undefined, trace?: TraceFields): void {
  if (typeof error === 'object' && error !== null) noted.set(error, { log, actor, trace });
}

/** The same promise, its error noted. */
export async function noting<T>(promise: Promise<T>, log: Log, actor: ActorId): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    noteFailure(error, log, actor);
    throw error;
  }
}

export function unawaited(reason: unknown): Unawaited | undefined {
  return typeof reason === 'object' && reason !== null ? noted.get(reason) : undefined;
}
