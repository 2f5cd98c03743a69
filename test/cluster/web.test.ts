/** `main` serves HTTP: one port, all workers, one counter behind them. */
import { createServer } from 'node:net';
import type { System } from 'troupe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive, kill, numbers, pidOf, startSystem, stopSystems, TIRELESS, until, whenReady } from './harness.ts';
import { freePort } from '../free-port.ts';

let system: System;
let port: number;

interface Visit {
  pid: number;
  worker: number;
  count: number;
}

beforeAll(async () => {
  port = await freePort();
  process.env.TEST_PORT = String(port);
  system = await startSystem({
    workers: 3,
    main: new URL('./programs/web.mjs', import.meta.url),
    supervision: TIRELESS,
  });
});

afterAll(stopSystems);

async function visit(): Promise<Visit> {
  return (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as Visit;
}

test('every worker serves, and all of them speak with the same actor', async () => {
  const visits: Visit[] = [];
  for (const _ of numbers(30)) visits.push(await visit());
  expect(visits.map(({ count }) => count)).toEqual(numbers(30, 1));
  expect(new Set(visits.map(({ worker }) => worker))).toEqual(new Set([1, 2, 3]));
  expect(new Set(visits.map(({ pid }) => pid))).toEqual(new Set([1, 2, 3].map((worker) => pidOf(system, worker))));
});

test('when a worker dies the others go on serving, and its successor serves again', async () => {
  const host = (await system.where('counter/visits')).worker;
  const victim = host === 1 ? 2 : 1;
  const dead = kill(system, victim);
  await until('it is dead', () => !isAlive(dead) && pidOf(system, victim) !== dead);
  for (const _ of numbers(10)) expect((await visit()).pid).not.toBe(dead);
  await whenReady(system, victim, dead);
  const back = pidOf(system, victim);
  await until('its successor serves', async () => (await visit()).pid === back);
});

test('after the shutdown the port is free again', async () => {
  await system.shutdown();
  await expect(visit()).rejects.toThrow();
  const server = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  server.close();
});
