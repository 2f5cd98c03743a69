/**
 * The sum of a file, in a file beside it that `sha256sum -c` reads too. The engine keeps none: a bit that a disk, or a copy over a
 * network, has turned inside a value would come back as another value.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from '../plain-data/inspect.ts';
import { storeFailed } from './commit-rules.ts';

export const CHECKSUM_FILE = 'SHA256SUMS';
/** Read at once: what a hash of it takes holds up nothing. */
const READ_BYTES: number = 256 * 1024;
const LINE = /^([0-9a-f]{64}) [ *](.+)\n?$/;

export function newHash(): Hash {
  return createHash('sha256');
}

export async function checksumOf(path: string): Promise<string> {
  const hash = newHash();
  for await (const part of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(part);
  return hash.digest('hex');
}

/** Of a file that will be called `name`, in its folder. It is on disk when the promise resolves. */
export async function writeChecksum(folder: string, name: string, sum: string): Promise<void> {
  const file = await open(join(folder, CHECKSUM_FILE), 'wx', 0o600);
  try {
    await file.writeFile(`${sum}  ${name}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Undefined where there is none. Throws STORE_FAILED where it cannot be read. */
export function readChecksum(folder: string, name: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, CHECKSUM_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeFailed(`${join(folder, CHECKSUM_FILE)} cannot be read: ${(error as Error).message}`, error);
  }
  const [, sum, of] = LINE.exec(text) ?? [];
  if (sum !== undefined && of === name) return sum;
  throw storeFailed(
    `${join(folder, CHECKSUM_FILE)} has no line with the sum of ${name}, but ${inspect(text.slice(0, 100))}`,
  );
}

/** Throws STORE_FAILED where the bytes of a file are not those of which the sum was made. */
export function checkSum(path: string, expected: string | undefined, got: string): void {
  if (expected === undefined || expected === got) return;
  throw storeFailed(`${path} is damaged: its SHA-256 is ${got}, and was ${expected} as it was written`);
}
