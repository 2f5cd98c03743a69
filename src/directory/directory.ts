/**
 * The port to what all machines of a cluster agree on: some hundred small entries, changed by compare-and-set. A write is the only thing that
 * decides; a watch is a hint, and a read tells how things stood when it was asked.
 */

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Another one after each write, and never the same again, over backups that are restored too: it is only compared. */
  readonly revision: string;
}

/**
 * How a write went. `conflict`: it is not made, and will not be. `unknown`: it may be made, or may be made later; a read that does not show it
 * does not rule that out, another write on the same revision does. `unavailable`: it was never sent.
 */
export type WriteAnswer =
  | { readonly is: 'done'; readonly revision: string }
  | { readonly is: 'conflict' | 'unknown' | 'unavailable' };

export interface WatchListener {
  /** Newer than what was told of the key before; what came in between may be left out. */
  changed(entry: Entry): void;
  removed(key: string): void;
  /** At first, after a gap, and after each `look`: all that there was when it was asked has been told. */
  synced(): void;
  /** From here on changes may go untold, until `synced`. */
  gap(): void;
}

export interface Watch {
  /** Looks now, and says `synced` or `gap` then. */
  look(): void;
  close(): void;
}

/** A text of `a-z`, `A-Z`, `0-9`, `/`, `_`, `.`, `:` and `-`, of at most this many characters. */
export const KEY_LENGTH_MAX = 256;
/** Bytes of a value. */
export const VALUE_BYTES_MAX: number = 1024 * 1024;

/** No method throws but for a key or a value beyond its bounds. */
export interface Directory {
  /** Where the key has no entry. */
  create(key: string, value: Uint8Array): Promise<WriteAnswer>;
  /** Where the key's entry has this revision. */
  update(key: string, value: Uint8Array, expected: string): Promise<WriteAnswer>;
  remove(key: string, expected: string): Promise<WriteAnswer>;
  /** With all writes that were answered before it was called. 'unavailable': nobody can say. */
  readLinearizable(key: string): Promise<Entry | undefined | 'unavailable'>;
  /** Entries whose keys begin so. */
  watch(prefix: string, listener: WatchListener): Watch;
  close(): Promise<void>;
}

const KEY = /^[\w/.:-]+$/;

/** Throws for what no engine takes. */
export function checkEntry(key: string, value?: Uint8Array): void {
  if (!KEY.test(key) || key.length > KEY_LENGTH_MAX)
    throw new Error(`a key of the directory is letters, digits and / _ . : -, at most ${KEY_LENGTH_MAX}; got ${key}`);
  if (value && value.byteLength > VALUE_BYTES_MAX)
    throw new Error(`a value of the directory has at most ${VALUE_BYTES_MAX} bytes; got ${value.byteLength}`);
}
