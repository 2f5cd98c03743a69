/** The clients that are not let in, or are cut, and why. */
import type { Log } from '../observe/log.ts';
import { Strangers } from '../observe/strangers.ts';
import type { Clock } from '../vocabulary/clock.ts';

const CAUSES = ['token', 'version', 'bytes', 'silence', 'rate', 'full', 'tls', 'origin', 'cut'] as const;

export type RefusalCause = (typeof CAUSES)[number];
export type ClientStrangers = Strangers<RefusalCause>;

export function newClientStrangers(clock: Clock, log: Log): ClientStrangers {
  const noFaults = ['rate', 'full', 'cut'] as const;
  return new Strangers(clock, log, { causes: CAUSES, noFaults, text: 'clients were not let in, or cut' });
}
