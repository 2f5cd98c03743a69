import { expect, test } from 'vitest';
import { MemoryDirectory, MemoryEngine } from '../../../src/directory/memory-directory.ts';
import { encodeRow, rowKey } from '../../../src/membership/cluster-entries.ts';
import { checkOwnReach, REACH_ASKED_MAX } from '../../../src/membership/reach-check.ts';
import type { MachineState } from '../../../src/machines/machine-row.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { silent } from '../peer/link-fixture.ts';
import { eventLoopClock } from '../wire/event-loop-clock.ts';

type Answer = 'reached' | 'unreached' | 'silent' | 'foreign';

/** Members by name; a call is made to each that is asked. */
async function check(members: Record<string, [MachineState, Answer]>): Promise<{ asked: string[]; warned: object[] }> {
  const engine = new MemoryEngine(eventLoopClock);
  const asked: string[] = [];
  const warned: object[] = [];
  for (const [id, [state]] of Object.entries(members))
    engine.write(rowKey(id), encodeRow({ state, leaseMs: 900, address: `${id}:1`, workers: 1 }), undefined);
  await checkOwnReach({
    directory: new MemoryDirectory(engine, eventLoopClock, 1_000),
    network: {
      checkReach: async (address, machine, own) => {
        asked.push(`${machine}@${address} ${own}`);
        const answer = members[machine]?.[1];
        if (answer === 'silent') throw new TroupeError('ACTOR_UNAVAILABLE', 'ECONNREFUSED');
        if (answer === 'foreign') throw new TroupeError('INVALID_OPTIONS', 'its certificate');
        return answer === 'reached' ? undefined : 'a firewall';
      },
    },
    address: 'me:7',
    log: { ...silent, warn: (fields) => void warned.push(fields) },
  });
  return { asked, warned };
}

test('a machine that joins asks those that live, some of them', async () => {
  expect(
    (await check({ a: ['live', 'reached'], b: ['lost', 'unreached'], c: ['leaving', 'unreached'] })).asked,
  ).toEqual(['a@a:1 me:7']);
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`m${n}`, ['live', 'reached'] as const]));
  expect((await check(many as never)).asked).toHaveLength(REACH_ASKED_MAX);
  expect(await check({})).toEqual({ asked: [], warned: [] });
});

test('it does not join where members answer, and none reaches it', async () => {
  await expect(check({ a: ['live', 'unreached'], b: ['live', 'silent'] })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message:
      'cluster.advertise: expected an address at which the other machines reach this one, one authority (TROUPE_CA) and one wire version for all; got me:7, which a does not: a firewall',
  });
  await expect(check({ a: ['live', 'foreign'], b: ['live', 'silent'] })).rejects.toMatchObject({
    message: expect.stringContaining('got me:7, which a does not: its certificate'),
  });
});

test('it joins where one reaches it, and, with a word in the log, where none answers: they may have died', async () => {
  expect((await check({ a: ['live', 'unreached'], b: ['live', 'reached'] })).warned).toEqual([]);
  expect((await check({ a: ['live', 'silent'] })).warned).toEqual([{ address: 'me:7', reasons: ['ECONNREFUSED'] }]);
});
