/** Messages whose handler ends its process, on real processes. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faultOf, startSystem, stopSystems, TIRELESS } from './harness.ts';

const ACTORS = new URL('./deadly-actors/', import.meta.url);
const ALONE = fileURLToPath(new URL('./programs/deadly-alone.mjs', import.meta.url));
/** The first one is not noted, and counts; the next two are noted. */
const TRIES = 3;

let dataDir: string;
let tries: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-deadly-'));
  tries = join(dataDir, 'tries');
});
afterEach(async () => {
  await stopSystems();
  rmSync(dataDir, { recursive: true, force: true });
});

const tried = (): number => (existsSync(tries) ? readFileSync(tries, 'utf8').trim().split('\n').length : 0);

test.each(['exit', 'abort', 'loop', 'later', 'stray'])(
  'one that ends each worker (%s) is a dead letter, its asker knows, and others go on',
  {
    timeout: 120_000,
  },
  async (way) => {
    const supervision = { ...TIRELESS, hangMs: 1_000 };
    const system = await startSystem({ actors: ACTORS, workers: 2, dataDir, supervision });
    const others = Array.from({ length: 10 }, (_, n) => `job/other-${n}`);
    for (const id of others) await system.ask(id, { type: 'good' });
    const asked = faultOf(system.ask('job/a', { type: 'deadly', way, tries }, { timeoutMs: 60_000 }));
    expect(await asked).toMatchObject({ code: 'PROCESS_DIED', fate: 'executed' });
    expect(tried()).toBe(TRIES);
    expect((await system.deadLetters.list()).map(({ to, reason }) => [to, reason])).toEqual([
      ['job/a', 'PROCESS_DIED'],
    ]);
    for (const id of [...others, 'job/a'])
      expect(await system.ask(id, { type: 'good' }, { timeoutMs: 30_000 })).toBe('fine');
  },
);

/** Its worker has no time to say more than that it begins with it. */
test.each(['exit', 'abort', 'loop'])(
  'a spawned actor that ends each worker as it starts (%s) is not started again',
  {
    timeout: 120_000,
  },
  async (way) => {
    const supervision = { ...TIRELESS, hangMs: 1_000 };
    const system = await startSystem({ actors: ACTORS, workers: 2, supervision });
    const armed = join(dataDir, 'armed');
    const failed: string[] = [];
    system.on('actor-failed', ({ id, error }) => failed.push(`${id}: ${error.message}`));
    await system.spawn('starts', { key: 'a', args: { way, armed, tries } });
    const others = Array.from({ length: 10 }, (_, n) => `other-${n}`);
    for (const key of others) await system.spawn('starts', { key, args: {} });
    writeFileSync(armed, '');
    process.kill((await system.where('starts/a')).pid, 'SIGKILL');
    await expect
      .poll(() => failed, { timeout: 60_000 })
      .toEqual(['starts/a: 3 workers died as starts/a started; it is not started again']);
    expect(tried()).toBe(TRIES);
    for (const key of others)
      expect(await system.ask(`starts/${key}`, { type: 'good' }, { timeoutMs: 30_000 })).toBe('fine');
  },
);

test.each(['pass', 'remind'])(
  'with everything in one process, which is started again each time, it is given up too (%s)',
  {
    timeout: 120_000,
  },
  (how) => {
    const codes: (number | null)[] = [];
    for (let start = 0; start < TRIES + 3 && codes.at(-1) !== 0; start++) {
      const { status } = spawnSync(process.execPath, [ALONE, ACTORS.href, dataDir, how, tries], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      codes.push(status);
    }
    expect(codes).toEqual([...Array(TRIES).fill(1), 0]);
    expect(tried()).toBe(TRIES);
  },
);
