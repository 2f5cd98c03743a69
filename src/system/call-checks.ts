/** Checks of the arguments of a system's calls: each throws INVALID_OPTIONS. Messages and ids are checked by their sender (actor/sender.ts). */
import { SHUTDOWN_MS_MAX } from '../actor/spawn-options.ts';
import { HISTORY_TURNS, HISTORY_TURNS_MAX } from '../observe/turn-history.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { EVENT_NAMES } from '../vocabulary/events.ts';
import { inspect } from '../plain-data/inspect.ts';
import { didYouMean } from '../vocabulary/names.ts';
import { isKind } from '../vocabulary/address.ts';

export function checkListener(listener: unknown): void {
  if (typeof listener !== 'function')
    throw new TroupeError('INVALID_OPTIONS', `a listener is a function; got ${inspect(listener)}`);
}

export function checkEvent(event: unknown): void {
  if (EVENT_NAMES.includes(event as string)) return;
  const nearest = didYouMean(event, EVENT_NAMES);
  throw new TroupeError(
    'INVALID_OPTIONS',
    `an event is one of ${EVENT_NAMES.join(', ')}; got ${inspect(event)}${nearest}`,
  );
}

export function checkRole(options: { role?: string }): string | undefined {
  const { role, ...rest } = options ?? {};
  if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0)
    throw new TroupeError('INVALID_OPTIONS', `addWorker() takes { role }; got ${inspect(options)}`);
  if (role === undefined || isKind(role)) return role;
  throw new TroupeError('INVALID_OPTIONS', `role: expected a name of a-z, 0-9 and -; got ${inspect(role)}`);
}

export function checkShutdown(options: { timeoutMs?: number }): void {
  const { timeoutMs = 0, ...rest } = options ?? {};
  if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0)
    throw new TroupeError('INVALID_OPTIONS', `shutdown() takes { timeoutMs }; got ${inspect(options)}`);
  if (typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= SHUTDOWN_MS_MAX) return;
  const text = `timeoutMs: expected milliseconds from 0 to ${SHUTDOWN_MS_MAX}; got ${inspect(timeoutMs)}`;
  throw new TroupeError('INVALID_OPTIONS', text);
}

export function checkLast(options: { last?: number | undefined }): number {
  const { last = HISTORY_TURNS, ...rest } = options ?? {};
  if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0)
    throw new TroupeError('INVALID_OPTIONS', `history() takes { last }; got ${inspect(options)}`);
  if (Number.isInteger(last) && last >= 1 && last <= HISTORY_TURNS_MAX) return last;
  const text = `last: expected a whole number from 1 to ${HISTORY_TURNS_MAX}; got ${inspect(last)}`;
  throw new TroupeError('INVALID_OPTIONS', text);
}

export function checkIndex(index: unknown): number {
  if (Number.isInteger(index) && (index as number) >= 1) return index as number;
  throw new TroupeError(
    'INVALID_OPTIONS',
    `a worker is named by its index, a whole number from 1; got ${inspect(index)}`,
  );
}
