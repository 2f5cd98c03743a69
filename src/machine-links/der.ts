/**
 * DER, as far as a certificate needs it (ITU-T X.690): each value is a tag, a length and its bytes. Written for what this build signs itself, and
 * read for the certificate of an authority that the operator gives; those of strangers are read and judged by OpenSSL alone.
 */
import { Buffer } from 'node:buffer';

export const SEQUENCE = 0x30;
const SET = 0x31;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const NULL = 0x05;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
/** A context tag that is made of other values: its number is added. */
export const CONTEXT = 0xa0;

/** From this year on a time has four digits for its year (RFC 5280, 4.1.2.5). */
const LONG_YEARS_FROM = 2050;

export function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(SEQUENCE, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return tagged(SET, ...parts);
}

export function boolean(value: boolean): Buffer {
  return tagged(BOOLEAN, Buffer.from([value ? 0xff : 0]));
}

/** Of a number that is not negative, its highest byte first. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  // A first bit would be a sign.
  return (short[0] as number) > 0x7f ? tagged(INTEGER, Buffer.from([0]), short) : tagged(INTEGER, short);
}

export function octets(bytes: Uint8Array): Buffer {
  return tagged(OCTET_STRING, bytes);
}

/** `unused`: bits at the end that count for nothing. */
export function bits(bytes: Uint8Array, unused = 0): Buffer {
  return tagged(BIT_STRING, Buffer.from([unused]), bytes);
}

export function nothing(): Buffer {
  return tagged(NULL);
}

/** Of a text like `1.2.840.10045.4.3.2`. */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return tagged(OBJECT_IDENTIFIER, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export function utf8(text: string): Buffer {
  return tagged(UTF8_STRING, Buffer.from(text));
}

/** To the second. */
export function time(ms: number): Buffer {
  const date = new Date(ms);
  const digits = `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  const isLong = date.getUTCFullYear() >= LONG_YEARS_FROM;
  return isLong ? tagged(GENERALIZED_TIME, Buffer.from(digits)) : tagged(UTC_TIME, Buffer.from(digits.slice(2)));
}

/** One value among bytes. */
export interface DerValue {
  readonly tag: number;
  readonly body: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** The values that stand one behind the other in these bytes. Throws where they are cut. */
export function valuesIn(bytes: Buffer): DerValue[] {
  const found: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, length } = headAt(bytes, at);
    const end = start + length;
    if (end > bytes.length) throw new Error('a value that is cut');
    found.push({ tag: bytes[at] as number, body: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

function headAt(bytes: Buffer, at: number): { start: number; length: number } {
  const first = bytes[at + 1];
  if (first === undefined) throw new Error('a value that is cut');
  if (first < 0x80) return { start: at + 2, length: first };
  const count = first & 0x7f;
  if (count === 0 || count > 4 || at + 2 + count > bytes.length) throw new Error('a value of no known length');
  return { start: at + 2 + count, length: bytes.readUIntBE(at + 2, count) };
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  const short = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.from([0x80 | short.length, ...short]);
}

function base128(number: number): number[] {
  const digits = [number & 0x7f];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128))
    digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
