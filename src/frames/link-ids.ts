/**
 * The ids that one direction of a link has carried, by number: each crosses as text once. Both ends keep the same list, and one of
 * the streams of messages to durable actors.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { streamOwner } from '../vocabulary/envelope.ts';
import { LINK_IDS_MAX } from '../wire/entry.ts';

/** Of the writing end. */
export class IdNumbers {
  readonly #numbers = new Map<ActorId, number>();
  /** Mail often comes in runs, from one actor to another: the last two ids are known without a look-up (S4). */
  #last: ActorId | undefined;
  #lastNumber = 0;
  #previous: ActorId | undefined;
  #previousNumber = 0;

  /** Undefined for one that is new: it has a number from now on. */
  numberOf(id: ActorId): number | undefined {
    if (id === this.#last) return this.#lastNumber;
    if (id === this.#previous) return this.#previousNumber;
    let number = this.#numbers.get(id);
    const known = number;
    if (number === undefined) {
      if (this.#numbers.size >= LINK_IDS_MAX) this.clear();
      number = this.#numbers.size;
      this.#numbers.set(id, number);
    }
    this.#previous = this.#last;
    this.#previousNumber = this.#lastNumber;
    this.#last = id;
    this.#lastNumber = number;
    return known;
  }

  clear(): void {
    this.#numbers.clear();
    this.#last = undefined;
    this.#previous = undefined;
  }
}

/** Of the reading end. */
export class IdList {
  #ids: ActorId[] = [];

  add(id: ActorId): ActorId {
    if (this.#ids.length >= LINK_IDS_MAX) this.#ids = [];
    this.#ids.push(id);
    return id;
  }

  byNumber(number: number): ActorId {
    const id = this.#ids[number];
    if (id === undefined) throw new Error(`an id has a number that was given before; got ${number}`);
    return id;
  }

  clear(): void {
    this.#ids = [];
  }
}

/** A stream, and the actor or process whose numbers it has. */
export interface KnownStream {
  readonly name: string;
  readonly owner: ActorId;
}

/** The streams, of the reading end. */
export class StreamList {
  #streams: KnownStream[] = [];

  add(name: string): KnownStream {
    const stream = { name, owner: streamOwner({ stream: name }) };
    if (this.#streams.length >= LINK_IDS_MAX) this.#streams = [];
    this.#streams.push(stream);
    return stream;
  }

  byNumber(number: number): KnownStream {
    const stream = this.#streams[number];
    if (stream === undefined) throw new Error(`a stream has a number that was given before; got ${number}`);
    return stream;
  }

  clear(): void {
    this.#streams = [];
  }
}
