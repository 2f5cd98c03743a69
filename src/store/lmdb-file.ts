/**
 * Looks at the head of an LMDB file before it is mapped: reading past the end of a file that was cut short would end the
 * process with a signal instead of an error. Offsets are those of the format's version 2, as lmdb 3 writes it.
 */
import { closeSync, ftruncateSync, fstatSync, openSync, readSync } from 'node:fs';

const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_BYTES_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const HEAD_BYTES = 160;
/** Pages at the end of a file that were given back before they were ever written; more are missing only from a cut file. */
const UNWRITTEN_PAGES_MAX = 64;

/** Throws where the file is no LMDB file, or has lost its end. Nothing is said of a file that is not there. */
export function checkLmdbFile(path: string): void {
  let file: number;
  try {
    file = openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size > 0) checkSize(file, size);
  } finally {
    closeSync(file);
  }
}

function checkSize(file: number, size: number): void {
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
  if (size < pages * pageBytes) ftruncateSync(file, pages * pageBytes);
}

function readHead(file: number, at: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  readSync(file, head, 0, HEAD_BYTES, at);
  return head;
}
