import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOOP_ANSWER_MS, UNWATCHED, watchMaster } from '../../../src/worker/watchdog.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watched-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a runtime that cannot start the thread is told of in one sentence, and the process goes on', async () => {
  const text = await new Promise<string>((resolve) => watchMaster(`throw new TypeError('not here');`, resolve));
  expect(text).toBe(`${UNWATCHED}: not here`);
});

test(`a loop that answers within ${LOOP_ANSWER_MS} ms is left alone, and one that takes longer is looked into`, async () => {
  const reader = `data:text/javascript,export const readLoop = async () => ({ function: 'seen' });`;
  const path = join(folder, 'line');
  watchMaster(undefined, undefined, reader).listen(path);
  /** What the thread says to somebody who asks it while this loop is blocked. */
  const heard = async (blockedMs: number): Promise<string> => {
    const socket = createConnection(path);
    // The kernel takes the connection at once; the thread sees it while this loop stands still.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text;
  };
  await expect.poll(() => heard(0).catch(() => 'not there yet'), { interval: 5 }).toBe('');
  expect(await heard(LOOP_ANSWER_MS - 150)).toBe('');
  expect(await heard(LOOP_ANSWER_MS + 150)).toBe('{"function":"seen"}');
});
