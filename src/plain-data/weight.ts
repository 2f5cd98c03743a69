/**
 * The weight of a message while it waits: an estimate of the memory that it holds, made once, where it first waits in a
 * process. A text counts a byte for each character, bytes count as they are, everything else as little as it holds.
 *
 * Nearly all messages are light, and count `LIGHT_BYTES` each, whatever they hold: their number says it. Only heavy ones are
 * weighed one by one. Of those the parts are looked at level by level, so that what is heavy by itself (a text, bytes) is
 * found near the top; a list beyond `PARTS_LOOKED_AT` parts counts by a sample of them, and after `PARTS_LOOKED_AT_MAX`
 * parts in all the look ends. Getters that throw and proxies weigh nothing: inspections refuse those.
 */

/** Bytes: a light message in a queue, with its envelope. */
export const LIGHT_BYTES = 256;
/** Bytes: from here on a message is heavy. */
export const HEAVY_BYTES_MIN = 1_024;
/** Bytes: an envelope, and its place in a queue. */
const ENVELOPE_BYTES = 128;
/** Bytes: an object, a list, a date, anything that is not a number. */
const OBJECT_BYTES = 24;
/** Bytes: a key, a number, the head of a text. */
const SLOT_BYTES = 8;
/** Parts of one list, map, set or object that are looked at; the others count as those do, on average. */
export const PARTS_LOOKED_AT = 256;
/** Parts of a message that are looked at, at most. */
export const PARTS_LOOKED_AT_MAX = 4_096;

/** An item that may wait in a queue. It is not weighed again while it does. */
export interface Weighed {
  /** Undefined: it is light, as far as is known. */
  heavy: Heavy | undefined;
}

/** One heavy message, or several envelopes of it: it takes its memory once, from the first queue that holds it to the last. */
export class Heavy {
  readonly bytes: number;
  holders = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

export function bytesOf({ heavy }: Weighed): number {
  return heavy === undefined ? LIGHT_BYTES : heavy.bytes;
}

/** Every message of a kind whose messages are light is weighed now and then only: it costs more than to push one (S1). */
const LIGHT_SKIPPED = 63;
/** Once a heavy one was found, so many more are all weighed. */
const CAREFUL_FOR = 4_096;

/** Says which messages of a kind are to be weighed. */
export class Scales {
  #skip = 0;
  #careful = 0;

  isDue(): boolean {
    if (this.#skip === 0) return true;
    this.#skip--;
    return false;
  }

  /** Of the one that was due. True: others before it may be heavy too, of those that were not weighed. */
  found(isHeavy: boolean): boolean {
    const isFirst = isHeavy && this.#careful === 0;
    if (isHeavy) this.#careful = CAREFUL_FOR;
    else if (this.#careful > 0) this.#careful--;
    else this.#skip = LIGHT_SKIPPED;
    return isFirst;
  }
}

/** Bytes that a message holds, about; never throws. */
export function weighMessage(message: unknown): number {
  let bytes = ENVELOPE_BYTES;
  // Nearly every message is flat and small, or holds one text: no list of its parts is made for those (S1).
  let rest: object[] | undefined;
  let parts = 0;
  try {
    for (const key in message as object) {
      const part = (message as Record<string, unknown>)[key];
      bytes += SLOT_BYTES * 2;
      if (typeof part === 'string') bytes += part.length;
      else if (typeof part === 'object' && part !== null) {
        if (rest === undefined) rest = [part];
        else rest.push(part);
      }
      if (++parts === PARTS_LOOKED_AT) break;
    }
    if (parts === PARTS_LOOKED_AT) bytes = extrapolated(bytes, parts, Object.keys(message as object).length);
    return rest === undefined ? bytes : bytes + weighRest(rest, PARTS_LOOKED_AT_MAX - parts);
  } catch {
    return bytes;
  }
}

/** A value that is no message: a reply, what a topic's subscribers get. */
export function weighValue(value: unknown): number {
  if (typeof value === 'string') return ENVELOPE_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return ENVELOPE_BYTES;
  try {
    return ENVELOPE_BYTES + weighRest([value], PARTS_LOOKED_AT_MAX);
  } catch {
    return ENVELOPE_BYTES;
  }
}

/** Level by level: `rest` grows behind while it is walked. */
function weighRest(rest: object[], left: number): number {
  let bytes = 0;
  /** For how many each of them stands. */
  const counts: number[] = rest.map(() => 1);
  for (let at = 0; at < rest.length; at++) {
    const value = rest[at] as object;
    const count = counts[at] as number;
    const own = ownBytes(value);
    if (own >= 0 || left <= 0) {
      bytes += count * Math.max(own, OBJECT_BYTES);
      continue;
    }
    const look = new Look(rest);
    lookAt(value, look, Math.min(left, PARTS_LOOKED_AT));
    left -= look.parts;
    const ratio = look.parts > 0 ? Math.max(1, look.length / look.parts) : 1;
    bytes += count * (OBJECT_BYTES + look.bytes * ratio);
    while (counts.length < rest.length) counts.push(count * ratio);
  }
  return Math.round(bytes);
}

/** Of what has no parts; -1: it has some. */
function ownBytes(value: object): number {
  if (ArrayBuffer.isView(value)) return OBJECT_BYTES * 2 + value.byteLength;
  if (value instanceof ArrayBuffer) return OBJECT_BYTES * 2 + value.byteLength;
  if (value instanceof Date) return OBJECT_BYTES;
  if (value instanceof RegExp) return OBJECT_BYTES + value.source.length;
  if (value instanceof Error) return OBJECT_BYTES + value.message.length + (value.stack?.length ?? 0);
  return -1;
}

/** Parts of one value, as far as they were looked at. */
class Look {
  bytes = 0;
  parts = 0;
  /** How many there are. */
  length = 0;
  readonly #rest: object[];

  constructor(rest: object[]) {
    this.#rest = rest;
  }

  part(part: unknown): void {
    this.parts++;
    this.bytes += SLOT_BYTES;
    if (typeof part === 'string') this.bytes += SLOT_BYTES + part.length;
    else if (typeof part === 'object' && part !== null) this.#rest.push(part);
  }
}

function lookAt(value: object, look: Look, most: number): void {
  if (Array.isArray(value)) return lookAtArray(value, look, most);
  if (value instanceof Map || value instanceof Set) {
    look.length = value.size;
    for (const [key, part] of value.entries()) {
      if (look.parts >= most) return;
      look.part(part);
      if (key !== part) look.part(key);
    }
    return;
  }
  for (const key in value) {
    if (look.parts >= most) break;
    look.part((value as Record<string, unknown>)[key]);
  }
  look.length = look.parts < most ? look.parts : Object.keys(value).length;
}

function lookAtArray(value: readonly unknown[], look: Look, most: number): void {
  look.length = value.length;
  const step = Math.max(1, value.length / most);
  for (let at = 0; at < value.length; at += step) look.part(value[Math.floor(at)]);
}

function extrapolated(bytes: number, parts: number, length: number): number {
  return parts === 0 || length <= parts ? bytes : Math.round((bytes / parts) * length);
}
