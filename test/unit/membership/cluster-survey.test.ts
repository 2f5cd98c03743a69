import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { checkCluster } from '../../../src/membership/cluster-survey.ts';
import { PARTITIONS } from '../../../src/machines/partition-table.ts';

const machine = (id: string, state: 'live' | 'lost') => ({
  ...{ id, address: `${id}:1`, state, workers: 2, leaseMs: 900 },
});

test('a cluster is checked: pairs of those that live, partitions of all, and the database', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const asked = checkCluster({
    membership: {
      id: 'a',
      machines: () => [machine('a', 'live'), machine('b', 'live'), machine('c', 'lost')],
      ownerOf: (partition: number) => (partition < 10 ? undefined : partition % 4 === 0 ? 'c' : 'b'),
    },
    looking: {
      checkPair: async (from, to) => void seen.push(`${from.machine}@${from.address} ${to.machine}`),
      clockOf: async () => clock.now(),
    },
    refused: { certificate: 2 },
    database: () => Promise.reject(new Error('gone')),
    clock,
  });
  await clock.advance(20_000);
  const checkup = await asked;
  expect(seen.sort()).toEqual(['a@a:1 b', 'b@b:1 a']);
  expect(checkup).toMatchObject({
    machine: 'a',
    unowned: 10,
    pairs: 2,
    unreached: [],
    refused: { certificate: 2 },
    database: undefined,
  });
  const partitions = Object.fromEntries(checkup.machines.map((each) => [each.machine, each.partitions]));
  expect(partitions).toEqual({ a: 0, b: PARTITIONS - 10 - 253, c: 253 });
  expect(checkup.machines.map(({ clockRate }) => clockRate)).toEqual([undefined, 1, undefined]);
});
