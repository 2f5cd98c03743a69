/** The calls `system.pause` and `system.resume`, and the checks of what they are given. */
import type { Kernel } from '../actor/kernel.ts';
import { unknownKindText } from '../actor/refusals.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { faultOfPattern, kindOfPattern, PAUSE_REASON_MAX } from '../vocabulary/pause.ts';
import type { MasterRequest } from '../wire/control.ts';

/** Messages in a second, at most. */
export const PER_SECOND_MAX = 1_000_000;

/** Options of `system.pause`. */
export interface PauseOptions {
  /** Why, for those who look: a text of at most 256 characters. Default: none. */
  reason?: string | undefined;
}

/** Options of `system.resume`. */
export interface ResumeOptions {
  /** Messages in a second, in the whole system, from 0.1 to 1 000 000. Default: no limit, as before the pause. */
  perSecond?: number | undefined;
}

/** The part of a system that pauses actors. */
export interface Pausing {
  /**
   * Pauses the actors whose ids match: their mail is taken and kept, in order and within the bounds of mailboxes, and no turn of theirs begins
   * on any worker, through deaths of workers, moves, reloads and, where kinds are durable, a new start of the system. `*` stands for any
   * characters: `order/*`, `*`. Resolves once no turn begins any more; turns that have begun go on to their end.
   *
   * Starts wait too: an actor that mail or `spawn` would bring to life takes mail, and its `state` and `onStart` run later. So do its timers and
   * reminders. Of several machines all are paused, and those that join later. Asks time out (ASK_TIMEOUT, `not-executed`). `inspect`, `list`, `where`, `metrics`, `move`, `kill` and `remove` go on.
   *
   * Rejects INVALID_OPTIONS, UNKNOWN_KIND, STORE_FAILED, SHUTTING_DOWN; OVERLOADED beyond 256 patterns; ACTOR_UNAVAILABLE where a worker has not
   * taken it up within 30 000 ms, since a turn there blocks the event loop, or another machine has not: there it holds from the end of that turn on.
   *
   * @example
   * ```ts
   * await system.pause('order/*', { reason: 'the payment service is down' });
   * ```
   */
  pause(pattern: string, options?: PauseOptions): Promise<void>;
  /**
   * Ends the pause of this very pattern; those of other patterns stay. Resolves to false where there is none. `perSecond`: so many messages go
   * through in a second, until the pattern is resumed without it.
   *
   * Rejects INVALID_OPTIONS, STORE_FAILED, SHUTTING_DOWN.
   *
   * @example
   * ```ts
   * await system.resume('order/*', { perSecond: 50 });
   * ```
   */
  resume(pattern: string, options?: ResumeOptions): Promise<boolean>;
}

/** Throws INVALID_OPTIONS, UNKNOWN_KIND. */
export function pauseRequest(kernel: Kernel, pattern: string, options: PauseOptions): MasterRequest {
  const { reason, ...rest } = options ?? {};
  checkPattern(pattern);
  const kind = kindOfPattern(pattern);
  if (kind !== undefined && !kernel.kinds().includes(kind))
    throw new TroupeError('UNKNOWN_KIND', unknownKindText(kernel, pattern), { fate: 'not-executed' });
  if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0)
    throw invalid('pause() takes { reason }', options);
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > PAUSE_REASON_MAX))
    throw invalid(`reason: expected a text of at most ${PAUSE_REASON_MAX} characters`, reason);
  return { kind: 'pause', pattern, ...(reason !== undefined && { reason }) };
}

/** Throws INVALID_OPTIONS. */
export function resumeRequest(pattern: string, options: ResumeOptions): MasterRequest {
  const { perSecond, ...rest } = options ?? {};
  checkPattern(pattern);
  if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0)
    throw invalid('resume() takes { perSecond }', options);
  if (perSecond !== undefined && !(typeof perSecond === 'number' && perSecond >= 0.1 && perSecond <= PER_SECOND_MAX))
    throw invalid(`perSecond: expected a number from 0.1 to ${PER_SECOND_MAX}`, perSecond);
  return { kind: 'resume', pattern, ...(perSecond !== undefined && { perSecond }) };
}

function checkPattern(pattern: unknown): void {
  const fault = faultOfPattern(pattern);
  if (fault !== undefined) throw invalid(`pattern: ${fault}`, pattern);
}

function invalid(expected: string, got: unknown): TroupeError {
  return new TroupeError('INVALID_OPTIONS', `${expected}; got ${inspect(got)}`, { fate: 'not-executed' });
}
