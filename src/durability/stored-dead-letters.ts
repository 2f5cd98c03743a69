/**
 * Messages to durable actors whose turn failed, kept in the store until somebody sends them again or discards them. Each is
 * a record of its own, written by the commit that notes its message as handled.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { decodeValue, encodeValue } from '../wire/codec.ts';
import type { Store, StoreChange } from './store.ts';

/** No actor can have it as its kind: the store's own records stand apart. */
const KIND = 'troupe-dead-letter';
const LETTER = 'letter';
/** Letters listed at once, at most. */
export const LETTERS_LISTED_MAX = 1_000;

export interface DeadLetterContent {
  readonly to: ActorId;
  readonly message: unknown;
  readonly sender: ActorId | undefined;
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

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

export class StoredDeadLetters {
  readonly #store: Store;
  readonly #toRef: (id: ActorId) => unknown;

  constructor(store: Store, toRef: (id: ActorId) => unknown) {
    this.#store = store;
    this.#toRef = toRef;
  }

  /** Oldest first, those after an id only. */
  async list(after?: string): Promise<StoredDeadLetter[]> {
    const letters: StoredDeadLetter[] = [];
    for await (const id of this.#store.ids(KIND, after === undefined ? undefined : `${KIND}/${after}`)) {
      const letter = await this.get(id.slice(KIND.length + 1));
      if (letter) letters.push(letter);
      if (letters.length >= LETTERS_LISTED_MAX) break;
    }
    return letters;
  }

  async get(id: string): Promise<StoredDeadLetter | undefined> {
    const record = await this.#store.load(`${KIND}/${id}`);
    const bytes = record?.parts.get(LETTER);
    return bytes && { id, ...(decodeValue(bytes, this.#toRef) as DeadLetterContent) };
  }

  /** False where there is no such letter. */
  async discard(id: string): Promise<boolean> {
    const record = await this.#store.load(`${KIND}/${id}`);
    if (!record) return false;
    await this.#store.forget(`${KIND}/${id}`, record.version);
    return true;
  }
}
