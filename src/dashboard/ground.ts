/** The ground of all screens and changes of the page: the system, and the rights of those who look at it. */
import type { Rights } from '../gateway/rights.ts';
import { SYSTEM_CALLS } from '../gateway/system-calls.ts';
import type { HistoryOptions } from '../observe/turn-history.ts';
import type { SystemFacts } from '../observe/system-facts.ts';
import type { System } from '../system/system.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { CallArgument } from '../wire/entry.ts';
import type { EventRecord } from './event-record.ts';
import type { LastTurns } from './last-turns.ts';
import type { Redaction } from '../inspection/redaction.ts';

export interface Ground {
  readonly system: System;
  readonly clock: Clock;
  readonly rights: Rights;
  readonly readOnly: boolean;
  /** Kinds that have a panel of their own. */
  readonly panels: readonly string[];
  readonly redaction: Redaction;
  readonly events: EventRecord;
  readonly history: HistoryOptions | undefined;
  readonly lastTurns: LastTurns;
  readonly facts: SystemFacts;
  /** When the page began to be served, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
}

/** One of the calls that clients and the command line make, with the rights of the page. Rejects FORBIDDEN, and as the call does. */
export async function callOf<T>(ground: Ground, name: string, ...args: CallArgument[]): Promise<T> {
  const call = Object.hasOwn(SYSTEM_CALLS, name) ? SYSTEM_CALLS[name] : undefined;
  if (call === undefined) throw new TroupeError('INVALID_OPTIONS', `there is no call '${name}'`);
  const refusal = call.refusal(ground.rights, args);
  if (refusal !== undefined) throw new TroupeError('FORBIDDEN', refusal, { fate: 'not-executed' });
  const { system, rights, facts } = ground;
  return (await call.run({ system, rights, facts, tail: noTail }, args)) as T;
}

/** Events of the page are recorded for all who look at it. */
function noTail(): never {
  throw new TroupeError('INVALID_OPTIONS', 'events are at the screen of events');
}
