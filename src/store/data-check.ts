/**
 * Looks at a store as a whole: every head can be read, and the index of wakes says what the heads say. It runs beside the
 * work of a system that has started, so it takes a page at a time, each from one snapshot.
 */
import type { Buffer } from 'node:buffer';
import { asError } from '../vocabulary/errors.ts';
import { type Environment, HEAD, type Key, WAKE } from './lmdb-environment.ts';
import { readHead } from './record-bytes.ts';

/** Entries that are looked at before others get their turn. */
const CHECK_PAGE = 250;
/** Faults that are told, beside their number. */
export const FAULTS_TOLD_MAX = 20;

export interface DataCheck {
  readonly records: number;
  readonly wakes: number;
  readonly faults: number;
  /** The first of them, in words. */
  readonly told: readonly string[];
}

type Transaction = ReturnType<Environment['useReadTransaction']>;

/** Ends early, with what it has, once `isOver` says so. */
export async function checkData(environment: Environment, isOver: () => boolean): Promise<DataCheck> {
  const told: string[] = [];
  let faults = 0;
  const fault = (text: string): void => {
    faults++;
    if (told.length < FAULTS_TOLD_MAX) told.push(text);
  };
  const walk = async (
    tag: number,
    look: (key: Key, transaction: Transaction) => string | undefined,
  ): Promise<number> => {
    let count = 0;
    let start: Key = [tag];
    while (!isOver()) {
      const transaction = environment.useReadTransaction();
      let last: Key | undefined;
      try {
        for (const key of environment.getKeys({ start, end: [tag + 1], limit: CHECK_PAGE + 1, transaction })) {
          if (last === undefined && String(key) === String(start)) continue;
          const text = look(key, transaction);
          if (text !== undefined) fault(text);
          last = key;
          count++;
        }
      } finally {
        transaction.done();
      }
      if (last === undefined) break;
      start = last;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return count;
  };
  const records = await walk(HEAD, (key, transaction) => faultOfHead(environment, key, transaction));
  const wakes = await walk(WAKE, (key, transaction) => faultOfWake(environment, key, transaction));
  return { records, wakes, faults, told };
}

function faultOfHead(environment: Environment, key: Key, transaction: Transaction): string | undefined {
  try {
    const { version, wakeAt } = headAt(environment, key, transaction);
    if (!Number.isSafeInteger(version) || version < 1) return `${String(key[1])} has version ${version}`;
    const isListed =
      wakeAt === undefined || environment.get([WAKE, wakeAt, key[1] as string], { transaction }) !== undefined;
    return isListed ? undefined : `${String(key[1])} is to be woken at ${wakeAt}, which the index does not know`;
  } catch (error) {
    return `the record of ${String(key[1])} cannot be read: ${asError(error).message}`;
  }
}

function faultOfWake(environment: Environment, [, at, id]: Key, transaction: Transaction): string | undefined {
  try {
    const { wakeAt } = headAt(environment, [HEAD, id as string], transaction);
    return wakeAt === at ? undefined : `the index wakes ${String(id)} at ${String(at)}, its record at ${wakeAt}`;
  } catch {
    return `the index wakes ${String(id)}, which has no record that can be read`;
  }
}

function headAt(environment: Environment, key: Key, transaction: Transaction): { version: number; wakeAt?: number } {
  const bytes = environment.get(key, { transaction });
  if (bytes === undefined) throw new Error('there is none');
  const { version, wakeAt } = readHead(bytes as Buffer);
  return wakeAt === undefined ? { version } : { version, wakeAt };
}
