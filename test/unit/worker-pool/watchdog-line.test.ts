/** The answer of a watchdog's thread is waited for and read within bounds: what speaks at its socket may be anybody. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askWatchdog, WATCHDOG_BYTES_MAX, WATCHDOG_MS_MAX } from '../../../src/worker-pool/watchdog-line.ts';

let folder: string;
let server: Server;
let answer: (socket: Socket) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'watchdog-'));
  server = createServer((socket) => answer(socket.on('error', () => {}))).listen(join(folder, 'line'));
  await once(server, 'listening');
});
afterEach(() => {
  vi.useRealTimers();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** JSON of so many bytes. */
function textOf(bytes: number): string {
  const empty = JSON.stringify({ text: '' }).length;
  return JSON.stringify({ text: 'x'.repeat(bytes - empty) });
}

test(`is ${WATCHDOG_BYTES_MAX} bytes at most: one more is no answer`, async () => {
  answer = (socket) => socket.end(textOf(WATCHDOG_BYTES_MAX));
  expect(await askWatchdog(join(folder, 'line'))).toHaveProperty('text');
  answer = (socket) => socket.end(textOf(WATCHDOG_BYTES_MAX + 1));
  expect(await askWatchdog(join(folder, 'line'))).toBeUndefined();
  answer = (socket) => socket.end('no JSON');
  expect(await askWatchdog(join(folder, 'line'))).toBeUndefined();
});

test(`is waited for ${WATCHDOG_MS_MAX} ms`, async () => {
  const taken = new Promise<Socket>((resolve) => {
    answer = resolve;
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let answered: unknown = 'nothing yet';
  const asked = askWatchdog(join(folder, 'line')).then((found) => (answered = found));
  const socket = await taken;
  vi.advanceTimersByTime(WATCHDOG_MS_MAX - 1);
  socket.write('{');
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe('nothing yet');
  vi.advanceTimersByTime(1);
  await asked;
  expect(answered).toBeUndefined();
});
