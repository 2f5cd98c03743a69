/** The reply of an actor whose machine has a lease: past its end it waits with the other outputs. */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyAddress, ReplyTo, Run } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { type Weighed, weighValue } from '../plain-data/weight.ts';
import type { Cell } from './cell.ts';
import type { Serving } from './serving.ts';

/** Of the message that a cell handles; a durable actor's is gated until the commit besides. */
export function replyToOf(cell: Cell, envelope: Envelope): ReplyTo | undefined {
  const { replyTo } = envelope;
  if (replyTo === undefined) return undefined;
  return cell.durable ? cell.durable.replyTo(envelope) : servedReply(cell, replyTo);
}

/** The reply itself where there is no lease. */
export function servedReply({ id, kernel: { serving, memory } }: Cell, replyTo: ReplyTo): ReplyTo {
  return serving === undefined ? replyTo : new ServedReply(serving, memory, id, replyTo);
}

class ServedReply implements ReplyTo {
  readonly #serving: Serving;
  readonly #memory: QueueMemory;
  readonly #by: ActorId;
  readonly #original: ReplyTo;
  #isTaken = false;

  constructor(serving: Serving, memory: QueueMemory, by: ActorId, original: ReplyTo) {
    this.#serving = serving;
    this.#memory = memory;
    this.#by = by;
    this.#original = original;
  }

  get settled(): boolean {
    return this.#isTaken || this.#original.settled;
  }

  resolve(value: unknown): void {
    this.#leave(value, () => this.#original.resolve(value));
  }

  reject(error: TroupeError): void {
    this.#leave(error.data, () => this.#original.reject(error));
  }

  begin(run: Run): void {
    this.#original.begin(run);
  }

  address(): ReplyAddress {
    return this.#original.address();
  }

  written(peer: string | undefined): void {
    this.#original.written(peer);
  }

  transferred(): void {
    this.#original.transferred?.();
  }

  #leave(value: unknown, leave: () => void): void {
    if (this.settled) return;
    this.#isTaken = true;
    if (this.#serving.mayLeave) return leave();
    const item: Weighed = { heavy: undefined };
    this.#memory.weigh(item, value, weighValue(value));
    const lose = (code: 'ACTOR_UNAVAILABLE' | 'OVERLOADED', why: string): void =>
      this.#original.reject(new TroupeError(code, `the reply of ${this.#by} is lost: ${why}`, { fate: 'unknown' }));
    const drop = (): void => lose('ACTOR_UNAVAILABLE', 'its machine was suspended, and another one has taken it over');
    if (!this.#serving.hold({ by: this.#by, item, leave, drop }))
      lose('OVERLOADED', 'too many outputs wait for the lease of its machine');
  }
}
