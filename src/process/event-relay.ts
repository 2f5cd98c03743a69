/**
 * Events of this process for listeners in others, by way of the master. Above a rate the rest of a second is counted
 * and told as one event: a storm of dead letters must not become a storm of control messages.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { EventName } from '../vocabulary/events.ts';
import type { ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';
import { eventToWire } from './event-payload.ts';

/** Events of one type that a process forwards in a second. */
export const EVENTS_PER_SECOND_MAX = 1_000;

export class EventRelay {
  readonly #kernel: Kernel;
  readonly #control: ControlChannel<ToMaster, ToProcess>;
  readonly #sent = new Map<EventName, number>();
  #isCounting = false;

  constructor(kernel: Kernel, control: ControlChannel<ToMaster, ToProcess>) {
    this.#kernel = kernel;
    this.#control = control;
    kernel.events.forward = (name, payload) => this.#forward(name, payload);
    kernel.events.onInterest = (names) => control.send({ type: 'listen', names });
  }

  #forward(name: EventName, payload: unknown): void {
    const sent = (this.#sent.get(name) ?? 0) + 1;
    this.#sent.set(name, sent);
    if (sent <= EVENTS_PER_SECOND_MAX) this.#control.send({ type: 'event', name, payload: eventToWire(payload) });
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.#kernel.clock.setTimer(1_000, () => this.#endSecond());
  }

  #endSecond(): void {
    this.#isCounting = false;
    for (const [event, sent] of this.#sent) {
      const count = sent - EVENTS_PER_SECOND_MAX;
      if (count <= 0) continue;
      const payload = { event, count, worker: this.#kernel.worker };
      this.#control.send({ type: 'event', name: 'events-suppressed', payload });
    }
    this.#sent.clear();
  }
}
