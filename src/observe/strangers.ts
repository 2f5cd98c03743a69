/**
 * Those who are not let in, clients or machines: counted by cause, shut out for a while where one address tries again and again, and told to the log
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

export interface StrangersOptions<Cause extends string> {
  readonly causes: readonly Cause[];
  /** Causes that are not the doing of the one at that address, or not meant ill. */
  readonly noFaults: readonly Cause[];
  /** The text of the line in the log. */
  readonly text: string;
}

interface Trouble {
  count: number;
  since: number;
}

export class Strangers<Cause extends string> {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #text: string;
  readonly #noFaults: ReadonlySet<Cause>;
  readonly #byAddress = new Map<string, Trouble>();
  /** Since the start. */
  readonly counts: Record<Cause, number>;
  #told = 0;
  #last: { cause: Cause; address: string; text: string } | undefined;
  #timer: Timer | undefined;
  #quietUntil = 0;

  constructor(clock: Clock, log: Log, { causes, noFaults, text }: StrangersOptions<Cause>) {
    this.#clock = clock;
    this.#log = log;
    this.#text = text;
    this.#noFaults = new Set(noFaults);
    this.counts = Object.fromEntries(causes.map((cause) => [cause, 0])) as Record<Cause, number>;
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

  refused(cause: Cause, address: string, text: string): void {
    this.counts[cause]++;
    this.#last = { cause, address, text };
    if (address !== '' && !this.#noFaults.has(cause)) this.#note(address);
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
    const all = Object.values<number>(this.counts).reduce((sum, count) => sum + count, 0);
    const refused = all - this.#told;
    if (refused === 0) return;
    this.#told = all;
    this.#quietUntil = this.#clock.now() + REFUSALS_LOG_MS;
    this.#log.warn({ refused, counts: { ...this.counts }, ...this.#last }, this.#text);
  }
}
