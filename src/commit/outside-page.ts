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

export function writeOutsideMark(name: string, { at, life, failure }: OutsideMark): Buffer {
  const failed = failure && encodeValue([failure.code, failure.text, failure.reason]);
  const nameBytes = Buffer.byteLength(name);
  const bytes = Buffer.allocUnsafe(2 * LENGTH_BYTES + nameBytes + NUMBERS_BYTES + (failed?.byteLength ?? 0));
  let to = bytes.writeUInt16LE(nameBytes);
  to += bytes.write(name, to);
  to = bytes.writeDoubleLE(at, to);
  to = bytes.writeDoubleLE(life, to);
  to = bytes.writeUInt16LE(failed?.byteLength ?? 0, to);
  if (failed) bytes.set(failed, to);
  return bytes;
}

/** The marks of a page in their order. Throws on bytes that end too early. */
export function readOutsidePage(page: Uint8Array): [name: string, mark: OutsideMark][] {
  const bytes = Buffer.from(page.buffer, page.byteOffset, page.byteLength);
  const marks: [string, OutsideMark][] = [];
  for (let at = 0; at < bytes.length; ) {
    const nameAt = at + LENGTH_BYTES;
    const numbersAt = nameAt + bytes.readUInt16LE(at);
    const failureAt = numbersAt + NUMBERS_BYTES + LENGTH_BYTES;
    const end = failureAt + bytes.readUInt16LE(failureAt - LENGTH_BYTES);
    if (end > bytes.length) throw new Error(`a page of ${bytes.length} bytes ends with a mark; got one up to ${end}`);
    const failure = end === failureAt ? undefined : failureOf(bytes.subarray(failureAt, end));
    const mark = { at: bytes.readDoubleLE(numbersAt), life: bytes.readDoubleLE(numbersAt + 8), failure };
    marks.push([bytes.toString('utf8', nameAt, numbersAt), mark]);
    at = end;
  }
  return marks;
}

function failureOf(bytes: Uint8Array): OutsideMark['failure'] {
  const [code, text, reason] = decodeValue(bytes) as [ErrorCode, string, string?];
  return { code, text, reason: reason ?? undefined };
}
