/** Reasons to keep a machine out of a cluster, told before it has a row there: another lease than that of the others, entries of a newer build. */
import type { Directory, Entry } from '../directory/directory.ts';
import { renewEveryMs, silenceMs } from '../machines/lease.ts';
import type { MachineRow } from '../machines/machine-row.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { decodeRow, decodeTable, ROW_PREFIX, TABLE_KEY, WATCHED_PREFIX } from './cluster-entries.ts';

/**
 * Rejects INVALID_OPTIONS for another lease than that of a machine that lives, which takes up to the length of that; STORE_FAILED for entries of a
 * newer build, and where the directory cannot be read.
 */
export async function checkBeforeJoining(
  directory: Directory,
  clock: Clock,
  { leaseMs }: Pick<MachineRow, 'leaseMs'>,
): Promise<void> {
  for (const entry of await entriesOf(directory)) {
    if (!entry.key.startsWith(ROW_PREFIX)) {
      if (entry.key === TABLE_KEY && !decodeTable(entry.value)) throw ofNewerBuild(entry.key);
      continue;
    }
    const row = decodeRow(entry.value);
    if (!row) throw ofNewerBuild(entry.key);
    if (row.state === 'lost' || row.leaseMs === leaseMs || !(await isAlive(directory, clock, entry, row))) continue;
    const text = `cluster.leaseMs: expected ${row.leaseMs}, as the machine at ${row.address} has it, the same on all machines; got ${leaseMs}`;
    throw new TroupeError('INVALID_OPTIONS', text);
  }
}

function entriesOf(directory: Directory): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    const end = (goOn: () => void): void => {
      watch.close();
      goOn();
    };
    const watch = directory.watch(WATCHED_PREFIX, {
      changed: (entry) => entries.push(entry),
      removed: () => {},
      synced: () => end(() => resolve(entries)),
      gap: () => end(() => reject(new TroupeError('STORE_FAILED', 'the directory of the cluster could not be read'))),
    });
  });
}

/** Its row is renewed. One of a machine that is no more, after all had ended say, keeps nobody out. */
async function isAlive(
  directory: Directory,
  clock: Clock,
  { key, revision }: Entry,
  row: MachineRow,
): Promise<boolean> {
  for (const until = clock.now() + silenceMs(row.leaseMs); clock.now() < until; ) {
    await new Promise<void>((resolve) => clock.setTimer(renewEveryMs(row.leaseMs) / 4, resolve));
    const entry = await directory.readLinearizable(key);
    if (entry === 'unavailable') continue;
    if (!entry || decodeRow(entry.value)?.state === 'lost') return false;
    if (entry.revision !== revision) return true;
  }
  return false;
}

function ofNewerBuild(key: string): TroupeError {
  return new TroupeError(
    'STORE_FAILED',
    `the entry ${key} of the cluster is of a newer build of troupe: start that build`,
  );
}
