/** The newest events of the system, numbered, while somebody looks: nothing listens before the first look, nor a minute after the last one. */
import { type TailedEvent, tailedEvent } from '../gateway/event-tail.ts';
import type { System } from '../system/system.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { EVENT_NAMES, type EventName } from '../vocabulary/events.ts';

/** Events that are kept; the oldest go. */
export const EVENTS_KEPT_MAX = 1_000;
/** Events in one answer. */
export const EVENTS_SHOWN_MAX = 200;
/** Milliseconds after the last look at which they are forgotten. */
export const EVENTS_WATCHED_MS = 60_000;

export interface NumberedEvent extends TailedEvent {
  readonly number: number;
}

export interface RecordedEvents {
  /** The newest last. */
  readonly events: readonly NumberedEvent[];
  /** Number of the last event so far. */
  readonly last: number;
}

export class EventRecord {
  readonly #system: System;
  readonly #clock: Clock;
  #events: NumberedEvent[] = [];
  #offs: (() => void)[] = [];
  #last = 0;
  #timer: Timer | undefined;

  constructor(system: System, clock: Clock) {
    this.#system = system;
    this.#clock = clock;
  }

  get isListening(): boolean {
    return this.#offs.length > 0;
  }

  /** Those with greater numbers. */
  after(number: number): RecordedEvents {
    if (!this.isListening) this.#listen();
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(EVENTS_WATCHED_MS, () => this.close());
    const events = this.#events.filter((event) => event.number > number);
    return { events: events.slice(-EVENTS_SHOWN_MAX), last: this.#last };
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const off of this.#offs) off();
    this.#offs = [];
    this.#events = [];
  }

  #listen(): void {
    this.#offs = (EVENT_NAMES as readonly EventName[]).map((name) =>
      this.#system.on(name, (payload) => this.#add(name, payload)),
    );
  }

  #add(name: EventName, payload: object): void {
    this.#events.push({ ...tailedEvent(name, this.#clock.wall(), payload), number: ++this.#last });
    if (this.#events.length > EVENTS_KEPT_MAX) this.#events.shift();
  }
}
