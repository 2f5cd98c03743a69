/** The newest events of the system, for a client that asks for them again and again: what it does not fetch in time is counted, not kept. */
import type { System } from '../system/system.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { typeOfMessage } from '../vocabulary/envelope.ts';
import { type DeadLetter, EVENT_NAMES, type EventName } from '../vocabulary/events.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Events that are kept for one client between two of its calls; the oldest go. */
export const EVENT_TAIL_MAX = 1_000;
/** Milliseconds that a call waits for an event, at most. */
export const EVENT_WAIT_MS = 10_000;

/** An event as tools show it: plain, small, without the contents of messages. */
export interface TailedEvent {
  readonly event: EventName;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly [field: string]: unknown;
}

export interface TailedEvents {
  readonly events: TailedEvent[];
  /** Older ones that were not fetched in time. */
  readonly missed: number;
}

export class EventTail {
  readonly #clock: Clock;
  readonly #offs: (() => void)[];
  #events: TailedEvent[] = [];
  #missed = 0;
  #wake: (() => void) | undefined;

  constructor(system: System, clock: Clock) {
    this.#clock = clock;
    this.#offs = (EVENT_NAMES as readonly EventName[]).map((name) =>
      system.on(name, (payload) => this.#add(name, payload)),
    );
  }

  /** At once where there are some; else after the first one, or the wait. A second call ends the wait of the first. */
  async next(waitMs: number): Promise<TailedEvents> {
    this.#wake?.();
    if (this.#events.length === 0 && waitMs > 0) await this.#first(Math.min(waitMs, EVENT_WAIT_MS));
    const taken = { events: this.#events, missed: this.#missed };
    this.#events = [];
    this.#missed = 0;
    return taken;
  }

  #first(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        // A later call may wait by now.
        if (this.#wake === wake) this.#wake = undefined;
        resolve();
      };
      const timer = this.#clock.setTimer(waitMs, wake);
      this.#wake = wake;
    });
  }

  close(): void {
    for (const off of this.#offs) off();
    this.#wake?.();
  }

  #add(event: EventName, payload: object): void {
    this.#events.push(tailedEvent(event, this.#clock.wall(), payload));
    if (this.#events.length > EVENT_TAIL_MAX) {
      this.#events.shift();
      this.#missed++;
    }
    this.#wake?.();
  }
}

export function tailedEvent(event: EventName, at: number, payload: object): TailedEvent {
  return { event, at, ...plainly(payload) };
}

function plainly(payload: object): object {
  const { error, message, ...rest } = payload as { error?: unknown; message?: unknown };
  const isLetter = message !== undefined || 'reason' in rest;
  return {
    ...rest,
    ...(error !== undefined && { error: error instanceof Error ? error.message.slice(0, 500) : inspect(error) }),
    ...(isLetter && message !== undefined && { type: typeOf(message) }),
  };
}

/** Of a message, which alone may be shown to those who may not read it. */
export function typeOf(message: DeadLetter['message']): string {
  return typeOfMessage(message)?.slice(0, 200) ?? '?';
}
