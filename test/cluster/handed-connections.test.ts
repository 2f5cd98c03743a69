/** A worker that hangs has been handed connections that it will never take: their clients are answered by another, or hear the end. */
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freeze, numbers, pidOf, startSystem, stopSystems, TIRELESS, whenReady } from './harness.ts';

const WEB = new URL('./programs/plain-web.mjs', import.meta.url);

beforeEach(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  process.env.TEST_PORT = String((server.address() as AddressInfo).port);
  await new Promise((resolve) => server.close(resolve));
});

afterEach(stopSystems);

/** `answered`, or the code of the error with which the connection ended. */
function request(): Promise<string> {
  return new Promise((resolve) => {
    get({ port: Number(process.env.TEST_PORT), host: '127.0.0.1', agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve('answered'));
    }).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

test.each([1, 3])(
  '%i workers, one of them frozen: no request waits for ever',
  async (workers) => {
    const system = await startSystem({ workers, main: WEB, supervision: { ...TIRELESS, hangMs: 1_000 } });
    expect(await request()).toBe('answered');
    const pid = pidOf(system, 1);
    freeze(system, 1);
    const outcomes = Promise.all(numbers(12).map(request));
    await whenReady(system, 1, pid).catch(() => whenReady(system, 1, pid));
    const ends = await outcomes;
    if (workers > 1) expect(ends.filter((end) => end === 'answered').length).toBeGreaterThanOrEqual(11);
    expect(await request()).toBe('answered');
  },
  60_000,
);
