/**
 * A mark as a part of a record: how far a stream is handled, and with it the reply to its last message. Nearly every message to a
 * durable actor is an ask, and one part that is written anew costs half of two, of which one is removed a turn later (D1).
 *
 *   MARK · flags · number · at · (turn)? · (value or [value, error])?
 *
 * Marks of older records are objects of the general codec, whose first byte is another one.
 */
import { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';
import type { ErrorData } from '../vocabulary/errors.ts';
import { decodeValue, encodeValue } from '../wire/codec.ts';
import { encodeFlat } from './flat-values.ts';

/** Encoded bytes of a reply that stands with its mark; a larger one has a part of its own, which is not written with every turn. */
export const MARK_REPLY_BYTES_MAX = 256;

/** Nothing that the general codec writes begins like this. */
const MARK = 0xc1;
const HAS_REPLY = 1;
const HAS_ERROR = 2;
const HAS_TURN = 4;
const HEAD_BYTES = 18;
/** Of a whole number up to 2^32 - 1. */
const COUNT_BYTES_MAX = 5;

const numbers = new Float64Array(2);
const numberBytes = new Uint8Array(numbers.buffer);

/** All messages of a stream up to a number are handled. */
export interface Mark {
  readonly number: number;
  /** When it last grew, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** The reply to the message of that number. */
export interface MarkedReply {
  readonly turn: string | undefined;
  readonly value: unknown;
  readonly error: ErrorData | undefined;
}

export function isMarkBytes(bytes: Uint8Array): boolean {
  return bytes[0] === MARK;
}

/** `rest`: of `replyBytes`. */
export function writeMark({ number, at }: Mark, reply?: MarkedReply, rest?: Uint8Array): Uint8Array {
  const turn = reply?.turn === undefined ? undefined : Buffer.from(reply.turn);
  const restAt = HEAD_BYTES + (turn === undefined ? 0 : 2 + turn.length);
  const bytes = new Uint8Array(restAt + (rest?.length ?? 0));
  bytes[0] = MARK;
  bytes[1] = flagsOf(reply);
  numbers[0] = number;
  numbers[1] = at;
  for (let i = 0; i < 16; i++) bytes[i + 2] = numberBytes[i] as number;
  if (turn !== undefined) {
    bytes[HEAD_BYTES] = turn.length;
    bytes[HEAD_BYTES + 1] = turn.length >> 8;
    bytes.set(turn, HEAD_BYTES + 2);
  }
  if (rest !== undefined) for (let i = 0; i < rest.length; i++) bytes[restAt + i] = rest[i] as number;
  return bytes;
}

/** A reply, encoded; undefined: it is too large, or its turn has too long a name, to stand with the mark. Throws as `encodeValue` does. */
export function replyBytes({ turn, value, error }: MarkedReply, bytesMax: number): Uint8Array | undefined {
  if (turn !== undefined && turn.length * 3 > 0xffff) return undefined;
  if (error === undefined && bytesMax >= COUNT_BYTES_MAX && isCount(value)) return countBytes(value);
  const flat = error === undefined ? encodeFlat(value) : undefined;
  const bytes =
    flat !== undefined && flat.length <= bytesMax
      ? flat
      : encodeValue(error === undefined ? value : [value, error], bytesMax);
  return bytes.length > MARK_REPLY_BYTES_MAX ? undefined : bytes;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >>> 0 === value && !Object.is(value, -0);
}

/** Whole numbers, as which many replies are, in the form that the codec has for them, which takes ten times as long (D1). */
function countBytes(value: number): Uint8Array {
  const size = value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : COUNT_BYTES_MAX;
  const bytes = new Uint8Array(size);
  bytes[0] = size === 1 ? value : size === 2 ? 0xcc : size === 3 ? 0xcd : 0xce;
  for (let at = size - 1, rest = value; at > 0; at--, rest >>>= 8) bytes[at] = rest;
  return bytes;
}

export function readMark(bytes: Uint8Array, toRef: (id: ActorId) => unknown): { mark: Mark; reply?: MarkedReply } {
  if (bytes.length < HEAD_BYTES) throw new Error(`a mark has at least ${HEAD_BYTES} bytes; got ${bytes.length}`);
  for (let i = 0; i < 16; i++) numberBytes[i] = bytes[i + 2] as number;
  const mark = { number: numbers[0] as number, at: numbers[1] as number };
  const flags = bytes[1] as number;
  if ((flags & HAS_REPLY) === 0) return { mark };
  const turnLength =
    (flags & HAS_TURN) === 0 ? undefined : (bytes[HEAD_BYTES] as number) + (bytes[HEAD_BYTES + 1] as number) * 256;
  const turnAt = HEAD_BYTES + 2;
  const restAt = turnLength === undefined ? HEAD_BYTES : turnAt + turnLength;
  const turn = turnLength === undefined ? undefined : Buffer.from(bytes.subarray(turnAt, restAt)).toString();
  const said = decodeValue(bytes.subarray(restAt), toRef);
  if ((flags & HAS_ERROR) === 0) return { mark, reply: { turn, value: said, error: undefined } };
  const [value, error] = said as [unknown, ErrorData];
  return { mark, reply: { turn, value, error } };
}

function flagsOf(reply: MarkedReply | undefined): number {
  if (reply === undefined) return 0;
  return HAS_REPLY | (reply.error === undefined ? 0 : HAS_ERROR) | (reply.turn === undefined ? 0 : HAS_TURN);
}
