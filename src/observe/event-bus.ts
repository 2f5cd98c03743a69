/**
 * Listeners of events, in one process. Listeners only observe: one that throws is logged and harms nothing.
 * The events of other processes come in through `relay`; `forward` is told of our own where somebody elsewhere listens.
 */
import { asError } from '../vocabulary/errors.ts';
import type { EventName, SystemEvents } from '../vocabulary/events.ts';
import { callListener } from './listener.ts';
import type { Log } from './log.ts';

/**
 * Told of an event of the system.
 *
 * @example
 * ```ts
 * const listener: Listener<'actor-failed'> = ({ id, error }) => console.error(id, error);
 * ```
 */
export type Listener<E extends EventName> = (event: SystemEvents[E]) => void;

export class EventBus {
  readonly #listeners = new Map<EventName, Set<Listener<never>>>();
  readonly #log: Log;
  /** Told of each event of this process that somebody in another one listens to. */
  forward: ((name: EventName, payload: unknown) => void) | undefined;
  /** Told when the set of names that are listened to here has changed. */
  onInterest: ((names: EventName[]) => void) | undefined;
  #wantedElsewhere: ReadonlySet<EventName> = new Set();
  /** Events whose listeners are running. */
  readonly #inside = new Set<EventName>();
  readonly #untold = new Map<EventName, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  on<E extends EventName>(name: E, listener: Listener<E>): () => void {
    let listeners = this.#listeners.get(name);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
      this.onInterest?.(this.names());
    }
    // A function of its own for each call: the same listener registered twice is heard twice and removed once.
    const entry: Listener<E> = (event) => listener(event);
    listeners.add(entry as Listener<never>);
    return () => this.#off(name, entry as Listener<never>);
  }

  /** Whether building the event pays: somebody listens. */
  wanted(name: EventName): boolean {
    return this.#listeners.has(name) || this.#wantedElsewhere.has(name);
  }

  /** Not where a listener of the same event has brought it about: a dead letter about a dead letter would be endless. */
  emit<E extends EventName>(name: E, payload: SystemEvents[E]): void {
    if (this.#inside.has(name)) return this.#notTold(name);
    this.relay(name, payload);
    if (this.#wantedElsewhere.has(name)) this.forward?.(name, payload);
  }

  /** An event of another process. */
  relay<E extends EventName>(name: E, payload: SystemEvents[E]): void {
    const listeners = this.#listeners.get(name);
    if (!listeners) return;
    const threw = (error: unknown): void =>
      this.#log.error({ err: asError(error), event: name }, 'an event listener threw');
    const isOutermost = !this.#inside.has(name);
    this.#inside.add(name);
    for (const listener of [...listeners] as Listener<E>[]) callListener(listener, payload, threw);
    if (isOutermost) this.#inside.delete(name);
  }

  /** Said at the first, the second, the fourth, the eighth …: often enough to be seen, and never a flood. */
  #notTold(event: EventName): void {
    const count = (this.#untold.get(event) ?? 0) + 1;
    this.#untold.set(event, count);
    if (!Number.isInteger(Math.log2(count))) return;
    this.#log.warn({ event, count }, 'events that a listener of the same event brings about are not told');
  }

  names(): EventName[] {
    return [...this.#listeners.keys()];
  }

  wantElsewhere(names: Iterable<EventName>): void {
    this.#wantedElsewhere = new Set(names);
  }

  #off(name: EventName, entry: Listener<never>): void {
    const listeners = this.#listeners.get(name);
    if (!listeners?.delete(entry) || listeners.size > 0) return;
    this.#listeners.delete(name);
    this.onInterest?.(this.names());
  }
}
