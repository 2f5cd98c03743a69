/** Events for whoever listens, wherever: processes say what they want to hear, and hear it once. */
import type { Log } from '../observe/log.ts';
import { PROCESS_DEATHS_MAX } from '../supervision/process-deaths.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { EventName, SystemEvents } from '../vocabulary/events.ts';
import type { Participant, Membership } from '../worker-pool/process-membership.ts';

export class EventHub {
  readonly #membership: Membership;
  readonly #wanted = new Map<number, ReadonlySet<EventName>>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** The events that a process listens to have changed. */
  listens(participant: Participant, names: EventName[]): void {
    this.#wanted.set(participant.index, new Set(names));
    this.#tellWanted();
  }

  forget(participant: Participant): void {
    if (this.#wanted.delete(participant.index)) this.#tellWanted();
  }

  /** The events that others want to hear, for a process that has just come. */
  announce(participant: Participant): void {
    participant.channel.send({ type: 'wanted-events', names: this.#wantedBesides(participant.index) });
  }

  /** Of one process, for the others: it has told its own listeners already. */
  relay(origin: number, name: EventName, payload: unknown): void {
    for (const participant of this.#membership) {
      if (participant.index === origin || !this.#wanted.get(participant.index)?.has(name)) continue;
      participant.channel.send({ type: 'event', name, payload });
    }
  }

  /** Of the master itself. */
  emit<E extends EventName>(name: E, payload: SystemEvents[E]): void {
    this.relay(-1, name, payload);
  }

  /** Of spawned actors that have ended each worker as they started. */
  deadlyStarts(ids: readonly ActorId[], worker: number, log: Log): void {
    for (const id of ids) {
      const text = `${PROCESS_DEATHS_MAX} workers died as ${id} started; it is not started again`;
      log.error({ actor: id, worker }, text);
      this.emit('actor-failed', { id, worker, error: new TroupeError('PROCESS_DIED', text) });
    }
  }

  #tellWanted(): void {
    for (const participant of this.#membership) this.announce(participant);
  }

  #wantedBesides(index: number): EventName[] {
    const names = new Set<EventName>();
    for (const [other, wanted] of this.#wanted) if (other !== index) for (const name of wanted) names.add(name);
    return [...names];
  }
}
