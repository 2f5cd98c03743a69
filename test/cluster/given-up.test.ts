/** Every worker is past its restart intensity: who asks is told at once, and the process ends so that it is started again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectDeadLetters, faultOf, startSystem, stopSystems, until } from './harness.ts';
import { Program } from './program.ts';

const ONCE = { intensity: 1, periodMs: 60_000, backoff: { initialMs: 10, maxMs: 10, factor: 1, jitter: 0 } };

let folder: string;
let main: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'given-up-'));
  main = pathToFileURL(join(folder, 'main.mjs')).href;
  writeFileSync(join(folder, 'main.mjs'), 'export default () => void setTimeout(() => process.exit(1), 100);');
});

afterEach(async () => {
  await stopSystems();
  rmSync(folder, { recursive: true, force: true });
});

test('an ask and a tell: NO_WORKER, long before their deadlines', async () => {
  const system = await startSystem({ main, workers: 2, supervision: { ...ONCE, whenAllGivenUp: 'stay' } });
  const letters = collectDeadLetters(system);
  await until('all are given up', () => system.workers().every(({ state }) => state === 'given-up'), 60_000);
  const fault = await faultOf(system.ask('counter/b', { type: 'get' }, { timeoutMs: 300_000 }));
  expect([fault.code, fault.fate]).toEqual(['NO_WORKER', 'not-executed']);
  expect(fault.message).toContain('given up');
  system.tell('counter/c', { type: 'get' });
  await until('the letter is there', () =>
    letters.some(({ to, reason }) => to === 'counter/c' && reason === 'NO_WORKER'),
  );
}, 120_000);

test('with the default the process ends with code 1', async () => {
  const program = new Program('serve.mjs', { main, workers: 2, supervision: ONCE });
  expect(await program.ended).toBe(1);
}, 120_000);
