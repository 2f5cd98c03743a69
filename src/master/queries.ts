/** Questions to processes, each answered once; a process that dies, or takes too long, answers with undefined. */
import type { Clock } from '../vocabulary/clock.ts';
import type { ProcessQuery } from '../wire/process-query.ts';
import type { Participant } from '../worker-pool/process-membership.ts';

export class Queries {
  readonly #clock: Clock;
  readonly #open = new Map<number, { participant: Participant; done: (value: unknown) => void }>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(participant: Participant, what: ProcessQuery, timeoutMs: number): Promise<unknown> {
    const query = ++this.#last;
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(timeoutMs, () => done(undefined));
      const done = (value: unknown): void => {
        timer.cancel();
        if (this.#open.delete(query)) resolve(value);
      };
      this.#open.set(query, { participant, done });
      participant.channel.send({ type: 'query', query, what });
    });
  }

  askAll(membership: Iterable<Participant>, what: ProcessQuery, timeoutMs: number): Promise<unknown[]> {
    return Promise.all([...membership].map((participant) => this.ask(participant, what, timeoutMs)));
  }

  answered(query: number, value: unknown): void {
    this.#open.get(query)?.done(value);
  }

  died(participant: Participant): void {
    for (const { participant: asked, done } of [...this.#open.values()]) if (asked === participant) done(undefined);
  }
}
