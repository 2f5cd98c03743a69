/** Outputs of turns whose machine's lease is over: they leave, in order, once there is a lease again; bounded by count and bytes. */
import { Ring } from '../structures/ring.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Weighed } from '../plain-data/weight.ts';

/** Outputs of a process that wait for its machine's lease, at most; one more is refused with OVERLOADED. */
export const OUTPUTS_HELD_MAX = 100_000;

/** A message, a publication, a reply, the word of an end. */
export interface Output {
  /** The actor that said it. */
  readonly by: ActorId;
  /** As it is weighed where it waits. */
  readonly item: Weighed;
  leave(): void;
  /** Its actor is another machine's now. */
  drop(): void;
}

export class HeldOutputs {
  readonly #memory: QueueMemory;
  readonly #outputs = new Ring<Output>();
  #bytes = 0;

  constructor(memory: QueueMemory) {
    this.#memory = memory;
  }

  get length(): number {
    return this.#outputs.length;
  }

  /** Less than half of what may wait does. */
  get isClear(): boolean {
    const isShort = this.length * 2 <= OUTPUTS_HELD_MAX && this.#bytes * 2 <= this.#memory.queueBytesMax;
    return isShort && !this.#memory.isHigh;
  }

  /** False: there is no room for it. */
  add(output: Output): boolean {
    const { item } = output;
    if (this.length >= OUTPUTS_HELD_MAX || !this.#memory.hasRoomFor(item, this.#bytes)) return false;
    this.#outputs.push(output);
    this.#bytes += bytesOf(item);
    this.#memory.hold(item);
    return true;
  }

  /** As long as they may. */
  leave(mayLeave: () => boolean): void {
    while (this.length > 0 && mayLeave()) this.#shift()?.leave();
  }

  drop(isGone: (id: ActorId) => boolean): void {
    for (let left = this.length; left > 0; left--) {
      const output = this.#shift() as Output;
      if (isGone(output.by)) output.drop();
      else this.add(output);
    }
  }

  #shift(): Output | undefined {
    const output = this.#outputs.shift();
    if (output === undefined) return undefined;
    this.#bytes -= bytesOf(output.item);
    this.#memory.release(output.item);
    return output;
  }
}
