/** Opens LMDB environments; the one importer of lmdb. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { asError } from '../vocabulary/errors.ts';
import { storeFailed } from './commit-rules.ts';
import { DATA_FILE, prepareLmdbFile, prepareLmdbLock } from './lmdb-file.ts';

/** Keys are ordered first by their tag, the number in front. */
export type Key = (number | string)[];
export type Environment = RootDatabase<Uint8Array, Key>;

/** The tags: of heads, of parts with keys of their own, of the index of wakes. */
export const HEAD = 0;
export const PART = 1;
export const WAKE = 2;

const FORMAT: Key = [9, 'format'];
const FORMAT_NAME = 'troupe-store';
/** Records of the first format had all their parts under keys of their own, and those of the first two no reply with a mark; they stay so. */
export const FORMAT_VERSION = 3;
const EARLIER_FORMATS = [`${FORMAT_NAME} 1`, `${FORMAT_NAME} 2`];

/**
 * Opens or creates the environment in a folder. Throws STORE_FAILED for one that is damaged, foreign or too new.
 * One process at a time may: every open writes, without a lock, what the others take for the last transaction.
 * `onMissing` is told how many pages the file had lost at its end.
 */
export function openEnvironment(folder: string, onMissing: (pages: number) => void = () => {}): Environment {
  let environment: Environment | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, DATA_FILE);
    const missing = prepareLmdbFile(path);
    prepareLmdbLock(`${path}-lock`);
    if (missing > 0) onMissing(missing);
    environment = open<Uint8Array, Key>({
      path,
      noSubdir: true,
      encoding: 'binary',
      maxReaders: 1024,
    });
    checkFormat(environment, folder);
    hearBatches(environment);
    return environment;
  } catch (error) {
    void environment?.close();
    const { message } = asError(error);
    throw storeFailed(`the store in ${folder} could not be opened: ${message}`, error);
  }
}

/**
 * A batch of the engine has a promise of its own that it gives to nobody. Where the batch fails, so do the transactions in
 * it, and their callers hear of that; the batch's own promise would end the process, unheard.
 */
function hearBatches(environment: Environment): void {
  const heard = (): void => {};
  environment.on('beforecommit', () => queueMicrotask(() => environment.committed.then(heard, heard)));
}

function checkFormat(environment: Environment, folder: string): void {
  const found = environment.get(FORMAT);
  if (found !== undefined) {
    const text = Buffer.from(found).toString();
    if (text === `${FORMAT_NAME} ${FORMAT_VERSION}`) return;
    if (EARLIER_FORMATS.includes(text)) return writeFormat(environment);
    throw new Error(`the format '${text}' where '${FORMAT_NAME} ${FORMAT_VERSION}' was expected`);
  }
  for (const key of environment.getKeys({ limit: 1 })) {
    throw new Error(`the key ${String(key)} of another program in ${folder}`);
  }
  writeFormat(environment);
}

function writeFormat(environment: Environment): void {
  environment.transactionSync(() => {
    environment.putSync(FORMAT, Buffer.from(`${FORMAT_NAME} ${FORMAT_VERSION}`));
  });
}
