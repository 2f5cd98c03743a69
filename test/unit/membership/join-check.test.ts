import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryDirectory } from '../../../src/directory/memory-directory.ts';
import { encodeRow, ROW_PREFIX, TABLE_KEY } from '../../../src/membership/cluster-entries.ts';
import { checkBeforeJoining } from '../../../src/membership/join-check.ts';
import { LEASE, SimulatedMachines } from './simulated-machines.ts';

let machines: SimulatedMachines;
let directory: MemoryDirectory;
beforeEach(() => {
  machines = new SimulatedMachines();
  directory = new MemoryDirectory(machines.engine, machines.clock, LEASE);
});
afterEach(() => machines.end());

/** The text of the refusal, or that there is none. */
async function check(leaseMs: number, withinMs = LEASE * 2): Promise<string> {
  let answer: string | undefined;
  checkBeforeJoining(directory, machines.clock, { leaseMs }).then(
    () => (answer = 'may join'),
    (error: { code: string; message: string }) => (answer = `${error.code}: ${error.message}`),
  );
  await machines.pass(withinMs, () => answer !== undefined);
  return answer ?? 'no answer';
}

it('lets a machine into an empty cluster, and into one with its lease', async () => {
  expect(await check(LEASE)).toBe('may join');
  machines.join();
  await machines.pass(LEASE);
  expect(await check(LEASE)).toBe('may join');
});

it('refuses another lease than that of a machine that lives, in one sentence', async () => {
  machines.join();
  await machines.pass(LEASE);
  expect(await check(LEASE * 2, LEASE / 2)).toBe(
    `INVALID_OPTIONS: cluster.leaseMs: expected ${LEASE}, as the machine at m1:7000 has it, the same on all machines; got ${LEASE * 2}`,
  );
});

it('takes a row of a machine that is no more for what it is: all may begin again with another lease', async () => {
  const machine = machines.join();
  await machines.pass(LEASE);
  machines.crash(machine);
  expect(await check(LEASE * 2, LEASE)).toBe('no answer');
  expect(await check(LEASE * 2, LEASE * 1.5)).toBe('may join');
});

it.each([
  [
    `${ROW_PREFIX}m9`,
    'STORE_FAILED: the entry machine/m9 of the cluster is of a newer build of troupe: start that build',
  ],
  [TABLE_KEY, 'STORE_FAILED: the entry machine-table of the cluster is of a newer build of troupe: start that build'],
])('refuses a cluster with entries of a newer build: %s', async (key, text) => {
  const row = encodeRow({ state: 'live', leaseMs: LEASE, address: 'm9:7000', workers: 1 });
  await directory.create(key, new TextEncoder().encode(new TextDecoder().decode(row).replace('"form":1', '"form":2')));
  expect(await check(LEASE)).toBe(text);
});

it('says where the directory cannot be read', async () => {
  machines.engine.isGone = true;
  expect(await check(LEASE)).toBe('STORE_FAILED: the directory of the cluster could not be read');
});
