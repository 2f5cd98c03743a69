/**
 * Marks of messages from outside as parts of a record, some to a page: a part for each would fill the head of the record, which is read
 * and written with every turn, and be a key of its own from then on (scenario rabbitmq). The last page is written anew with each mark, while it is small
 * enough to lie with the head; the mark that takes it over that makes it a key of its own, and the next page begins.
 *
 *   (length name · at · life · length failure)…
 */
import { Buffer } from 'node:buffer';
import type { ErrorCode } from '../vocabulary/errors.ts';
import { decodeValue, encodeValue } from '../wire/codec.ts';

/** Bytes of a page, before the mark that ends it. */
export const OUTSIDE_PAGE_BYTES = 512;

/** A message from outside is handled. */
export interface OutsideMark {
  /** In milliseconds since the Unix epoch. */
  readonly at: number;
  readonly life: number;
  /** Undefined: it did not fail. */
  readonly failure:
    | { readonly code: ErrorCode; readonly text: string; readonly reason: string | undefined }
    | undefined;
}

const LENGTH_BYTES = 2;
const NUMBERS_BYTES = 16;
/** Of a character in UTF-8, at most, as far as it is one of UTF-16. */
const CHARACTER_BYTES_MAX = 3;
/** Memory for a page, unless its last mark needs more. */
const ROOM_BYTES = 640;
/** Characters up to which a name is quicker written here than by a call into native code. */
const SHORT = 64;

/** A page that is written, mark by mark. */
export class OutsidePageWriter {
  #bytes: Buffer | undefined;
  #end = 0;

  /** Bytes so far. */
  get size(): number {
    return this.#end;
  }

  /** The page with one mark more. Its memory is shared with the pages before, and nothing of these is written again. */
  add(name: string, at: number, life: number, failure: OutsideMark['failure']): Uint8Array {
    const failed = failure && encodeValue([failure.code, failure.text, failure.reason]);
    const failedBytes = failed?.byteLength ?? 0;
    const most = 2 * LENGTH_BYTES + name.length * CHARACTER_BYTES_MAX + NUMBERS_BYTES + failedBytes;
    const bytes = this.#withRoom(most);
    const nameAt = this.#end + LENGTH_BYTES;
    const nameBytes = writeName(bytes, name, nameAt);
    bytes.writeUInt16LE(nameBytes, this.#end);
    let to = bytes.writeDoubleLE(at, nameAt + nameBytes);
    to = bytes.writeDoubleLE(life, to);
    to = bytes.writeUInt16LE(failedBytes, to);
    if (failed) bytes.set(failed, to);
    this.#end = to + failedBytes;
    return bytes.subarray(0, this.#end);
  }

  /** The next mark begins another page. */
  reset(): void {
    this.#bytes = undefined;
    this.#end = 0;
  }

  #withRoom(most: number): Buffer {
    const before = this.#bytes;
    if (before !== undefined && this.#end + most <= before.length) return before;
    const bytes = Buffer.allocUnsafeSlow(Math.max(ROOM_BYTES, this.#end + most));
    if (before !== undefined) before.copy(bytes, 0, 0, this.#end);
    this.#bytes = bytes;
    return bytes;
  }
}

function writeName(bytes: Buffer, name: string, at: number): number {
  const { length } = name;
  if (length > SHORT) return bytes.write(name, at);
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x7f) return bytes.write(name, at);
    bytes[at + i] = code;
  }
  return length;
}

/** The marks of a page in their order. Throws on bytes that end too early. */
export function readOutsidePage(page: Uint8Array): [name: string, mark: OutsideMark][] {
  const marks: [string, OutsideMark][] = [];
  for (let at = 0; at < page.length; ) {
    const failureAt = at + LENGTH_BYTES + lengthAt(page, at) + NUMBERS_BYTES + LENGTH_BYTES;
    const end = failureAt + lengthAt(page, failureAt - LENGTH_BYTES);
    if (!(end <= page.length)) throw new Error(`a page of ${page.length} bytes ends with a mark; got one up to ${end}`);
    marks.push([nameAt(page, at), markAt(page, at)]);
    at = end;
  }
  return marks;
}

/** Of the mark that begins there. */
export function nameAt(page: Uint8Array, at: number): string {
  return bufferOf(page).toString('utf8', at + LENGTH_BYTES, at + LENGTH_BYTES + lengthAt(page, at));
}

/** When it was handled, of the mark that begins there. */
export function timeAt(page: Uint8Array, at: number): number {
  return bufferOf(page).readDoubleLE(at + LENGTH_BYTES + lengthAt(page, at));
}

export function markAt(page: Uint8Array, at: number): OutsideMark {
  const bytes = bufferOf(page);
  const numbersAt = at + LENGTH_BYTES + lengthAt(page, at);
  const failureAt = numbersAt + NUMBERS_BYTES + LENGTH_BYTES;
  const end = failureAt + lengthAt(page, failureAt - LENGTH_BYTES);
  const failure = end === failureAt ? undefined : failureOf(bytes.subarray(failureAt, end));
  return { at: bytes.readDoubleLE(numbersAt), life: bytes.readDoubleLE(numbersAt + 8), failure };
}

function lengthAt(page: Uint8Array, at: number): number {
  return (page[at] as number) + (page[at + 1] as number) * 256;
}

function bufferOf(page: Uint8Array): Buffer {
  return Buffer.isBuffer(page) ? page : Buffer.from(page.buffer, page.byteOffset, page.byteLength);
}

function failureOf(bytes: Uint8Array): OutsideMark['failure'] {
  const [code, text, reason] = decodeValue(bytes) as [ErrorCode, string, string?];
  return { code, text, reason: reason ?? undefined };
}
