/**
 * Those who are not let in: counted by cause, shut out for a while where one address tries again and again, and told to the log
 * in at most one line a second, however many come.
 */
import type { Log } from '../observe/log.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';

/** Refusals of an address within the period, after which it is not listened to until the period is over. */
export const REFUSALS_MAX = 10;
export const REFUSALS_PERIOD_MS = 10_000;
/** Addresses that are remembered; beyond, the oldest is forgotten. */
export const ADDRESSES_KEPT = 4_096;
export const REFUSALS_LOG_MS = 1_000;

export type RefusalCause = 'token' | 'version' | 'bytes' | 'silence' | 'rate' | 'full' | 'tls' | 'origin' | 'cut';

/** Causes of a refusal that are not the doing of the one at that address, or not meant ill. */
const NO_FAULT: ReadonlySet<RefusalCause> = new Set(['rate', 'full', 'cut'] as const);

interface Trouble {
  count: number;
  since: number;
}

export class Strangers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #byAddress = new Map<string, Trouble>();
  /** Since the start. */
  readonly counts: Record<RefusalCause, number> = {
    token: 0,
    version: 0,
    bytes: 0,
    silence: 0,
    rate: 0,
    full: 0,
    tls: 0,
    origin: 0,
    cut: 0,
  };
  #told = 0;
  #last: { cause: RefusalCause; address: string; text: string } | undefined;
  #timer: Timer | undefined;
  #quietUntil = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** True: its connection is closed without a look. Never over a unix socket: all who come that way are one user, and have no address. */
  isShutOut(address: string): boolean {
    if (address === '') return false;
    const trouble = this.#byAddress.get(address);
    if (trouble === undefined) return false;
    if (this.#clock.now() - trouble.since < REFUSALS_PERIOD_MS) return trouble.count >= REFUSALS_MAX;
    this.#byAddress.delete(address);
    return false;
  }

  refused(cause: RefusalCause, address: string, text: string): void {
    this.counts[cause]++;
    this.#last = { cause, address, text };
    if (address !== '' && !NO_FAULT.has(cause)) this.#note(address);
    this.#tell();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #note(address: string): void {
    const now = this.#clock.now();
    const trouble = this.#byAddress.get(address);
    if (trouble !== undefined && now - trouble.since < REFUSALS_PERIOD_MS) {
      trouble.count++;
      return;
    }
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { count: 1, since: now });
    if (this.#byAddress.size <= ADDRESSES_KEPT) return;
    for (const oldest of this.#byAddress.keys()) {
      this.#byAddress.delete(oldest);
      return;
    }
  }

  #tell(): void {
    if (this.#timer !== undefined || this.#last === undefined) return;
    const waitMs = this.#quietUntil - this.#clock.now();
    if (waitMs > 0) {
      this.#timer = this.#clock.setTimer(waitMs, () => {
        this.#timer = undefined;
        this.#tell();
      });
      return;
    }
    const all = Object.values(this.counts).reduce((sum, count) => sum + count, 0);
    const refused = all - this.#told;
    if (refused === 0) return;
    this.#told = all;
    this.#quietUntil = this.#clock.now() + REFUSALS_LOG_MS;
    this.#log.warn({ refused, counts: { ...this.counts }, ...this.#last }, 'clients were not let in, or cut');
  }
}
