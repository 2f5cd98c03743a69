import { describe, expect, test } from 'vitest';
import {
  CLOCK_RATE_MAX,
  clusterFindingsOf,
  clusterText,
  ROUND_TRIP_SHARE,
  SPREAD_MAX,
} from '../../../src/cli/cluster-findings.ts';
import type { ClusterCheckup, DatabaseCheckup, MachineCheckup } from '../../../src/observe/cluster-checkup.ts';

const LEASE_MS = 15_000;

function machine(name: string, changes: Partial<MachineCheckup> = {}): MachineCheckup {
  const common = { state: 'live', leaseMs: LEASE_MS, workers: 2, partitions: 512, clockRate: 1 } as const;
  return { machine: name, address: `${name}:1`, ...common, ...changes };
}

const DATABASE: DatabaseCheckup = {
  ...{ version: '18.4', hasPooler: false, synchronousCommit: 'on', fsync: 'on', statementTimeoutMs: 15_000 },
  ...{ idleSessionTimeoutMs: 0, roundTripMs: LEASE_MS * ROUND_TRIP_SHARE },
};

const WELL: ClusterCheckup = {
  ...{ machine: 'a', machines: [machine('a', { clockRate: undefined }), machine('b')] },
  ...{ unowned: 0, pairs: 2, unreached: [], refused: {}, database: DATABASE },
};

function found(seen: Partial<ClusterCheckup>): string[] {
  return clusterFindingsOf({ ...WELL, ...seen }).map(({ id, about }) => `${id}: ${about}`);
}

const database = (changes: Partial<DatabaseCheckup>): string[] => found({ database: { ...DATABASE, ...changes } });
const machines = (...all: MachineCheckup[]): string[] => found({ machines: all });

test('all that was seen is told, also what is well', () => {
  const refused = { certificate: 3, bytes: 0, rate: 1 };
  expect(clusterText({ ...WELL, refused })).toBe(
    [
      'machine    address  state  workers  partitions  clock',
      'a (asked)  a:1      live         2         512  -',
      'b          b:1      live         2         512  1.000',
      '2 of 2 pairs reach each other, each way for itself; 0 partitions of nobody',
      'not let in here since the start: certificate 3, rate 1',
      'PostgreSQL 18.4, synchronous_commit on, fsync on, 1000 ms for a statement',
    ].join('\n'),
  );
  expect(
    clusterText({ ...WELL, database: undefined })
      .split('\n')
      .at(-1),
  ).toBe('the database gives no answer');
});

describe('the findings of a cluster', () => {
  test('are none where all is well', () => {
    expect(found({})).toEqual([]);
  });

  test('pairs that do not reach each other, with the reason', () => {
    const unreached = [{ from: 'b', to: 'a', reason: 'ECONNREFUSED' }];
    expect(found({ unreached })).toEqual(['machine-unreached: b to a']);
    expect(clusterFindingsOf({ ...WELL, unreached })[0]?.evidence).toBe('the machine b does not reach a: ECONNREFUSED');
  });

  test('partitions of nobody, and machines that are lost', () => {
    expect(found({ unowned: 3 })).toEqual(['partitions-unowned: 3 partitions']);
    expect(machines(machine('a'), machine('b', { state: 'lost' }))).toEqual(['machine-lost: b']);
  });

  test('clocks that run apart by more than leases bear', () => {
    const rate = (clockRate: number): string[] => machines(machine('a'), machine('b', { clockRate }));
    for (const well of [1 + CLOCK_RATE_MAX * 0.9, 1 - CLOCK_RATE_MAX * 0.9]) expect(rate(well)).toEqual([]);
    for (const bad of [1 + CLOCK_RATE_MAX * 1.1, 1 - CLOCK_RATE_MAX * 1.1])
      expect(rate(bad)).toEqual(['clock-rate: b']);
  });

  test('a machine with more or less than its share, by workers; none without workers', () => {
    expect(
      machines(machine('a', { workers: 3, partitions: 768 }), machine('b', { workers: 1, partitions: 256 })),
    ).toEqual([]);
    const more = Math.ceil(512 * SPREAD_MAX) + 1;
    expect(machines(machine('a', { partitions: 512 + more }), machine('b', { partitions: 512 - more }))).toEqual([
      ...['partitions-uneven: a', 'partitions-uneven: b'],
    ]);
    expect(machines(machine('a', { partitions: 1024 }), machine('b', { workers: 0, partitions: 0 }))).toEqual([]);
    expect(machines(machine('a', { partitions: 1024 }), machine('b', { state: 'leaving', partitions: 0 }))).toEqual([]);
  });

  test('a database that gives no statement up by itself, as behind a pooler whose role has no time-out', () => {
    expect(database({ hasPooler: true, statementTimeoutMs: 1 })).toEqual([]);
    expect(database({ hasPooler: true, statementTimeoutMs: 0 })).toEqual(['database-patient: statement_timeout = 0']);
    expect(database({ statementTimeoutMs: 0, idleSessionTimeoutMs: LEASE_MS })).toEqual([
      ...['database-patient: statement_timeout = 0', 'database-impatient: 15000 ms'],
    ]);
  });

  test('a database that is silent, unsafe, slow, or ends sessions too soon', () => {
    expect(found({ database: undefined })).toEqual(['database-silent: a']);
    expect(database({ synchronousCommit: 'off' })).toEqual(['database-unsafe: synchronous_commit = off']);
    expect(database({ fsync: 'off' })).toEqual(['database-unsafe: fsync = off']);
    for (const well of ['local', 'remote_write', 'remote_apply'])
      expect(database({ synchronousCommit: well })).toEqual([]);
    expect(database({ roundTripMs: LEASE_MS * ROUND_TRIP_SHARE + 1 })).toEqual(['database-slow: 1001 ms']);
    expect(database({ idleSessionTimeoutMs: LEASE_MS })).toEqual(['database-impatient: 15000 ms']);
    expect(database({ idleSessionTimeoutMs: LEASE_MS + 1 })).toEqual([]);
  });
});
