/**
 * The values of records as they were last written or read, so that a change of a few parts is written without a look. A record
 * changes by its version only, and the engine checks that: an old value does no harm.
 */
import type { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';

/** Values that are remembered, of all records of a machine. */
export const VALUES_MAX = 200_000;
/** Bytes of them. */
export const VALUES_BYTES_MAX: number = 64 * 1024 * 1024;
/** Bytes of the table itself for one, about. */
const ENTRY_BYTES = 160;

export interface KnownValue {
  readonly version: number;
  readonly value: Buffer;
}

export class Values {
  readonly #known = new Map<ActorId, KnownValue>();
  #bytes = 0;

  get size(): number {
    return this.#known.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(id: ActorId, version: number): Buffer | undefined {
    const known = this.#known.get(id);
    return known?.version === version ? known.value : undefined;
  }

  set(id: ActorId, version: number, value: Buffer): void {
    this.forget(id);
    this.#known.set(id, { version, value });
    this.#bytes += weightOf(id, value);
    // In the order in which they were set: those that changed last stay.
    for (const old of this.#known.keys()) {
      if (this.#known.size <= VALUES_MAX && this.#bytes <= VALUES_BYTES_MAX) return;
      this.forget(old);
    }
  }

  forget(id: ActorId): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    this.#known.delete(id);
    this.#bytes -= weightOf(id, known.value);
  }
}

function weightOf(id: ActorId, value: Buffer): number {
  return ENTRY_BYTES + 2 * id.length + value.length;
}
