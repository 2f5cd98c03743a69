/**
 * Messages to durable actors whose turn failed, kept in the store until somebody sends them again or discards them. Each is
 * a record of its own, written by the commit that notes its message as handled, and removed by the commit of the turn that
 * handles it once more: so a resend that was interrupted has either happened, and the letter is gone, or can be tried again.
 */
import { insideTurn } from '../actor/turn-names.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, DeliveryId } from '../vocabulary/envelope.ts';
import { decodeValue, encodeValue } from '../wire/codec.ts';
import type { Turn } from './turn-batch.ts';
import { COMMIT_CHANGES_MAX } from '../store/commit-rules.ts';
import type { Store, StoreChange } from '../store/store.ts';

/** No actor can have it as its kind: the store's own records stand apart. */
const KIND = 'troupe-dead-letter';
const LETTER = 'letter';
/** Letters listed at once, at most. */
export const LETTERS_LISTED_MAX = 1_000;
/** Encoded bytes after which a list ends, with the letter that reaches them. */
export const LETTERS_LISTED_BYTES: number = 16 * 1024 * 1024;
/** Letters in a store; beyond, the oldest are dropped within `TRIM_MS`. */
export const LETTERS_STORED_MAX = 10_000;
/** Milliseconds from a letter to the next look whether there are too many. */
export const TRIM_MS = 1_000;

/** In the turn of the delivery id of a letter that is sent again. */
const RESENT = 'dead-letter:';

/** A message whose turn failed. */
export interface DeadLetterContent {
  /** Id of the durable actor it was sent to. */
  readonly to: ActorId;
  /** The message. */
  readonly message: unknown;
  /** Id of the actor that sent it; undefined where a process did. */
  readonly sender: ActorId | undefined;
  /** Why it could not be handled, a code of `ERROR_CODES`. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A dead letter on disk. */
export interface StoredDeadLetter extends DeadLetterContent {
  /** Names it for `resend` and `discard`; later letters have greater ones. */
  readonly id: string;
}

/** Its id grows with every letter, and is no other process's: fences are counted by each for itself. */
export function deadLetterChange({ newFence, worker }: Kernel, letter: DeadLetterContent): StoreChange {
  const key = `${newFence()}-${worker}`;
  const put = new Map([[LETTER, encodeValue(letter)]]);
  return { id: `${KIND}/${key}`, expectedVersion: 0, fence: '', wakeAt: undefined, put, remove: [] };
}

/** A message of a turn that failed, in its commit. */
export function keepLetter(
  turn: Turn,
  kernel: Kernel,
  { to, message, sender }: Envelope,
  reason: string,
  kept: () => void,
): void {
  const at = kernel.clock.wall();
  turn.act((batch) => {
    batch.with(deadLetterChange(kernel, { to, message, sender, reason, at }));
    batch.after(kept);
  });
}

/** The same for every try of a letter: a receiver that has answered it answers again, and does not run again. */
export function resentDeliveryId(id: string): DeliveryId {
  return new DeliveryId('', 0, 0, 0, `${RESENT}${id}`);
}

/** For the commit of the turn that has handled a letter which was sent again. */
export function letterHandled({ deliveryId }: Envelope): StoreChange | undefined {
  const turn = insideTurn(deliveryId);
  return turn?.startsWith(RESENT) ? goneChange(`${KIND}/${turn.slice(RESENT.length)}`) : undefined;
}

/** A record that goes, whatever is in it. */
export function goneChange(id: ActorId): StoreChange {
  const rest = { fence: '', wakeAt: undefined, put: new Map(), remove: [] };
  return { id, expectedVersion: 0, ...rest, isGone: true };
}

export class StoredDeadLetters {
  readonly #store: Store;
  readonly #toRef: (id: ActorId) => unknown;

  constructor(store: Store, toRef: (id: ActorId) => unknown) {
    this.#store = store;
    this.#toRef = toRef;
  }

  /** Oldest first, those after an id only; none is left where the list is empty. */
  async list(after?: string): Promise<StoredDeadLetter[]> {
    const letters: StoredDeadLetter[] = [];
    let bytes = 0;
    for await (const id of this.#store.ids(KIND, after === undefined ? undefined : `${KIND}/${after}`)) {
      const record = await this.#store.load(id);
      const part = record?.parts.get(LETTER);
      if (!part) continue;
      letters.push(this.#letterOf(id.slice(KIND.length + 1), part));
      bytes += part.byteLength;
      if (letters.length >= LETTERS_LISTED_MAX || bytes >= LETTERS_LISTED_BYTES) break;
    }
    return letters;
  }

  async get(id: string): Promise<StoredDeadLetter | undefined> {
    const record = await this.#store.load(`${KIND}/${id}`);
    const bytes = record?.parts.get(LETTER);
    return bytes && this.#letterOf(id, bytes);
  }

  #letterOf(id: string, bytes: Uint8Array): StoredDeadLetter {
    return { id, ...(decodeValue(bytes, this.#toRef) as DeadLetterContent) };
  }

  /** False where there is no such letter. */
  async discard(id: string): Promise<boolean> {
    const record = await this.#store.load(`${KIND}/${id}`);
    if (!record) return false;
    await this.#store.forget(`${KIND}/${id}`, record.version);
    return true;
  }

  /** Drops the oldest beyond a number, and returns them. */
  async trim(max: number = LETTERS_STORED_MAX): Promise<StoredDeadLetter[]> {
    const ids: string[] = [];
    for await (const id of this.#store.ids(KIND)) ids.push(id.slice(KIND.length + 1));
    const dropped: StoredDeadLetter[] = [];
    const old = ids.slice(0, Math.max(0, ids.length - max));
    for (let from = 0; from < old.length; from += COMMIT_CHANGES_MAX) {
      const some = old.slice(from, from + COMMIT_CHANGES_MAX);
      for (const id of some) {
        const letter = await this.get(id);
        if (letter) dropped.push(letter);
      }
      await this.#drop(some, false);
    }
    return dropped;
  }

  /** All of one receiver. */
  async forget(to: ActorId): Promise<void> {
    const ids: string[] = [];
    for await (const id of this.#store.ids(KIND)) {
      const letter = await this.get(id.slice(KIND.length + 1));
      if (letter?.to === to) ids.push(letter.id);
    }
    for (let from = 0; from < ids.length; from += COMMIT_CHANGES_MAX) {
      await this.#drop(ids.slice(from, from + COMMIT_CHANGES_MAX), true);
    }
  }

  #drop(ids: readonly string[], sync: boolean): Promise<void> {
    return this.#store.commit(
      ids.map((id) => goneChange(`${KIND}/${id}`)),
      { sync },
    );
  }
}
