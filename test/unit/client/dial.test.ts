/** A client whose gateway has no room for more connections right now, which only a unix socket says at once; and one whose worker says nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BUSY_MS, DIRECT_MS, dialOf } from '../../../src/client/dial.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { Timer } from '../../../src/vocabulary/clock.ts';

const LISTENER = `require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
  process.stdout.write('listening');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
})`;

let folder: string;
let path: string;
let listener: ChildProcess;
const waiting: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dial-'));
  path = join(folder, 'gate.sock');
  listener = spawn(process.execPath, ['-e', LISTENER, path]);
  await once(listener.stdout as NodeJS.ReadableStream, 'data');
});
afterEach(() => {
  for (const socket of waiting.splice(0)) socket.destroy();
  listener.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Connects until the kernel says that no more may wait. */
async function fill(): Promise<void> {
  for (let n = 0; n < 100; n++) {
    const socket = connect(path);
    waiting.push(socket);
    const isIn = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (!isIn) return;
  }
  throw new Error('the kernel has room for all of them');
}

class KeptTimers extends VirtualClock {
  readonly asked: number[] = [];

  override setTimer(ms: number, run: () => void): Timer {
    this.asked.push(ms);
    return super.setTimer(ms, run);
  }
}

test.skipIf(process.platform !== 'linux')(
  `it tries about every ${BUSY_MS} ms, and gives up after connectMs`,
  async () => {
    await fill();
    const connectMs = 1_000;
    const clock = new KeptTimers();
    let fault: unknown;
    void dialOf({ scheme: 'unix', path }, { connectMs }, clock)('a-session').catch((error) => (fault = error));
    const began = clock.now();
    while (fault === undefined && clock.now() - began < 10 * connectMs) {
      // Over a real socket: the kernel answers within some rounds of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(BUSY_MS / 4);
    }
    const pauses = clock.asked.filter((ms) => ms !== connectMs);
    expect(pauses.length).toBeGreaterThan(connectMs / (2 * BUSY_MS));
    expect(pauses.length).toBeLessThanOrEqual(2 * (connectMs / BUSY_MS));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(BUSY_MS / 2);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1.5 * BUSY_MS);
    expect(fault).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'not-executed', cause: { code: 'EAGAIN' } });
    expect(clock.now() - began).toBeLessThan(connectMs + 4 * BUSY_MS);
  },
);

test(`a worker that says nothing at its socket is given up after ${DIRECT_MS} ms, whatever connectMs is`, async () => {
  const clock = new VirtualClock();
  let fault: unknown;
  const { direct } = dialOf({ scheme: 'unix', path }, { connectMs: 10 * DIRECT_MS }, clock);
  const dialled = direct?.({ path, ticket: 'a-ticket' }).catch((error) => (fault = error));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await clock.advance(DIRECT_MS - 1);
  expect([clock.timers, fault]).toEqual([1, undefined]);
  await clock.advance(1);
  expect(clock.timers).toBe(0);
  await dialled;
  expect(fault).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'not-executed' });
});
