/**
 * Copies of a store: a look at one as a whole, and the restore of one into a dataDir. The copy is opened (by a process of its own),
 * never the store of a system that runs. Until the one rename that ends a restore the dataDir is as it was, whoever dies.
 */
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { JOURNAL_FOLDER } from '../journal/journal-folder.ts';
import { CHECKSUM_FILE, checkSum, checksumOf, newHash, readChecksum } from '../store/checksum.ts';
import type { DataCheck } from '../store/data-check.ts';
import { DATA_FILE } from '../store/lmdb-file.ts';
import { STORE_FOLDER } from '../store/store.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { checkedCopy } from './copy-check.ts';
import { DataDirLock } from './data-dir-lock.ts';

/** Beside the store, while it is copied. */
const RESTORING = /^store\.restoring-/;

export interface RestorePlan {
  /** The folder that was given to `backup`. */
  readonly backup: string;
  readonly dataDir: string;
  /** A store that is there already goes. */
  readonly replaces: boolean;
  progress(bytes: number, of: number): void;
  /** Path of the program that reads the copy; a test has its own. */
  readonly program?: string;
}

export interface StoreCopy {
  readonly bytes: number;
  readonly check: DataCheck;
  /** SHA-256 of its file, as it was when it was written; undefined: the backup has no sum, so damage inside a value may go unnoticed. */
  readonly sum: string | undefined;
}

/** The copy in the folder of a backup. Throws STORE_FAILED where it cannot be read, is not what was written, or has faults. */
export async function checkCopy(backup: string, program?: string): Promise<StoreCopy> {
  const folder = join(backup, STORE_FOLDER);
  const file = join(folder, DATA_FILE);
  if (!existsSync(file))
    throw new TroupeError(
      'INVALID_OPTIONS',
      `expected the folder of a backup, with ${STORE_FOLDER}/${DATA_FILE}; got ${backup}`,
    );
  const sum = readChecksum(folder, DATA_FILE);
  if (sum !== undefined) checkSum(file, sum, await checksumOf(file));
  return { bytes: statSync(file).size, check: await checkedCopy({ folder, name: folder, program }), sum };
}

/** Throws INVALID_OPTIONS, STORE_LOCKED where a system runs with the dataDir, STORE_FAILED. */
export async function restoreStore(plan: RestorePlan): Promise<StoreCopy> {
  const { backup, dataDir, replaces, progress, program } = plan;
  const name = join(backup, STORE_FOLDER);
  const source = join(name, DATA_FILE);
  if (!existsSync(source))
    throw new TroupeError(
      'INVALID_OPTIONS',
      `expected the folder of a backup, with ${STORE_FOLDER}/${DATA_FILE}; got ${backup}`,
    );
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = await DataDirLock.acquire(dataDir, 'restore', Date.now());
  const staged = join(dataDir, `store.restoring-${process.pid}`);
  try {
    const folder = join(dataDir, STORE_FOLDER);
    if (!replaces && existsSync(join(folder, DATA_FILE)))
      throw new TroupeError('INVALID_OPTIONS', `there is a store in ${dataDir} already, which a restore would replace`);
    for (const left of readdirSync(dataDir)) if (RESTORING.test(left)) rmSync(join(dataDir, left), { recursive: true });
    mkdirSync(staged, { mode: 0o700 });
    const sum = readChecksum(name, DATA_FILE);
    const { bytes, got } = await copy(source, join(staged, DATA_FILE), progress);
    checkSum(source, sum, got);
    // Named as the user knows it: what is staged is gone by then.
    const check = await checkedCopy({ folder: staged, name, program });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    flush(join(staged, DATA_FILE));
    // The one step by which the store is another one.
    renameSync(join(staged, DATA_FILE), join(folder, DATA_FILE));
    flush(folder);
    // The sum of a backup that was taken for a dataDir says nothing of this store.
    rmSync(join(folder, CHECKSUM_FILE), { force: true });
    // Notes on the last moments of processes that have handled what is not in this store.
    rmSync(resolve(dataDir, JOURNAL_FOLDER), { recursive: true, force: true });
    return { bytes, check, sum };
  } finally {
    rmSync(staged, { recursive: true, force: true });
    lock.release();
  }
}

/** `got`: the SHA-256 of what was read. */
async function copy(from: string, to: string, progress: (bytes: number, of: number) => void): Promise<Copied> {
  const { size } = statSync(from);
  const hash = newHash();
  let bytes = 0;
  const reading = createReadStream(from, { highWaterMark: 1024 * 1024 });
  reading.on('data', (part) => {
    hash.update(part);
    progress((bytes += part.length), size);
  });
  await pipeline(reading, createWriteStream(to, { mode: 0o600, flags: 'wx' }));
  return { bytes, got: hash.digest('hex') };
}

interface Copied {
  readonly bytes: number;
  readonly got: string;
}

/** Of a file, or of the names in a folder. */
function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
