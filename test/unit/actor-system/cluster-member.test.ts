/** A machine whose cluster is not to be had says so, and waits no longer. */
import { afterEach, expect, test, vi } from 'vitest';
import { ClusterMember, JOIN_MS_MAX, type MemberParts } from '../../../src/actor-system/cluster-member.ts';
import { MemoryDirectory, MemoryEngine } from '../../../src/directory/memory-directory.ts';
import { PostgresDirectory } from '../../../src/directory/postgres-directory.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { Master } from '../../../src/master/master.ts';
import { silent } from '../peer/link-fixture.ts';

afterEach(() => vi.restoreAllMocks());

const nothing = (): void => {};
const master = { ground: { epoch: 0, machinesChanged: nothing }, serve: nothing, machineEvent: nothing };

test.each([
  ['a client that sees no machine', true, /no machine of the cluster was there/],
  ['a machine whose database gives no answer any more', false, /the cluster could not be joined/],
])(`%s fails after ${JOIN_MS_MAX} ms`, async (_, isClient, text) => {
  const clock = new VirtualClock();
  const engine = new MemoryEngine(clock);
  const directory = new MemoryDirectory(engine, clock, 1_000);
  vi.spyOn(PostgresDirectory, 'open').mockResolvedValue(directory as unknown as PostgresDirectory);
  const cluster = { url: 'postgres:///none', name: 'troupe', advertise: undefined, leaseMs: 10_000 };
  const parts: MemberParts = {
    ...{ cluster, clock, log: silent, frameBytesMax: 1_000, workers: 0, isClient, authorityFile: undefined },
    handOver: () => false,
  };
  const member = await ClusterMember.open(parts);
  engine.isGone = !isClient;
  let fault: unknown;
  const began = isClient
    ? member.observe(master as unknown as Master)
    : member.join('127.0.0.1:1', master as unknown as Master, () => undefined);
  began.catch((error: unknown) => (fault = error));
  await clock.advance(JOIN_MS_MAX - 10);
  expect(fault).toBeUndefined();
  await clock.advance(20);
  expect(fault).toMatchObject({ code: 'NO_WORKER', message: expect.stringMatching(text) });
  const closed = member.close();
  await clock.advance(10_000);
  await closed;
});
