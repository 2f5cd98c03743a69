/**
 * Looks at the head of an LMDB file before it is mapped: reading past the end of a file that was cut short would end the
 * process with a signal instead of an error. Offsets are those of the format's version 2, as lmdb 3 writes it.
 */
import { closeSync, constants, fchmodSync, ftruncateSync, fstatSync, openSync, readSync } from 'node:fs';

/** In the folder of an environment. */
export const DATA_FILE = 'data.mdb';
const OWNER_ONLY = 0o600;
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_BYTES_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const HEAD_BYTES = 160;
/** Pages at the end of a file that were given back before they were ever written; more are missing only from a cut file. */
const UNWRITTEN_PAGES_MAX = 64;

/**
 * Throws where the file is no LMDB file, or has lost its end. Makes one that is not there. Only its owner may read it.
 * Returns the number of pages that were missing at its end and are there now, empty.
 */
export function prepareLmdbFile(path: string): number {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, OWNER_ONLY);
  try {
    fchmodSync(file, OWNER_ONLY);
    const { size } = fstatSync(file);
    return size > 0 ? checkSize(file, size) : 0;
  } finally {
    closeSync(file);
  }
}

/** The engine makes it readable for all, where it is not there yet. */
export function prepareLmdbLock(path: string): void {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, OWNER_ONLY);
  fchmodSync(file, OWNER_ONLY);
  closeSync(file);
}

function checkSize(file: number, size: number): number {
  const first = readHead(file, 0);
  const pageBytes = first.readUInt32LE(PAGE_BYTES_AT);
  const isPage = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (first.readUInt32LE(MAGIC_AT) !== MAGIC || !isPage) throw new Error('a file of another format');
  const second = readHead(file, pageBytes);
  // Two heads take turns; the one of the later transaction counts.
  const isSecond =
    second.readUInt32LE(MAGIC_AT) === MAGIC &&
    second.readBigUInt64LE(TRANSACTION_AT) > first.readBigUInt64LE(TRANSACTION_AT);
  const pages = Number((isSecond ? second : first).readBigUInt64LE(LAST_PAGE_AT)) + 1;
  if (size < (pages - UNWRITTEN_PAGES_MAX) * pageBytes) {
    throw new Error(`a file of ${size} bytes where ${pages * pageBytes} were expected: its end is lost`);
  }
  if (size >= pages * pageBytes) return 0;
  ftruncateSync(file, pages * pageBytes);
  return Math.ceil((pages * pageBytes - size) / pageBytes);
}

function readHead(file: number, at: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  readSync(file, head, 0, HEAD_BYTES, at);
  return head;
}
