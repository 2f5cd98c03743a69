/** `troupe backup` while durable actors hand money to each other, and `troupe restore` of it elsewhere. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRecord } from '../../src/commit/record.ts';
import { HEAD, openEnvironment, WAKE } from '../../src/store/lmdb-environment.ts';
import { LmdbStore } from '../../src/store/lmdb-store.ts';
import { decodeValue } from '../../src/wire/codec.ts';
import { CommandSystem } from './command-system.ts';
import { until } from './harness.ts';

const PURSES = 20;
const EACH = 100;

/** Every turn notes what its commit will hold, so that a record of any version is known again. */
const PURSE = `import { appendFileSync } from 'node:fs';
import { defineActor } from 'troupe';
const note = ({ id, state: { n, has } }) => appendFileSync('turns.log', id + ' ' + n + ' ' + has + '\\n');
export default defineActor({
  durable: true,
  state: () => ({ n: 0, has: ${EACH} }),
  receive: {
    hand(ctx, { to, amount }) {
      ctx.state.n++;
      ctx.state.has -= amount;
      ctx.tell(to, { type: 'take', amount });
      note(ctx);
    },
    take(ctx, { amount }) {
      ctx.state.n++;
      ctx.state.has += amount;
      note(ctx);
    },
    look: (ctx) => ctx.state,
  },
});
`;
const BANK = `import { defineActor } from 'troupe';
export default defineActor({
  receive: {
    async sum(ctx) {
      let sum = 0;
      for (let n = 0; n < ${PURSES}; n++) sum += (await ctx.ask('purse/' + n, { type: 'look' })).has;
      return sum;
    },
  },
});
`;
const LOAD = `let n = 0; setInterval(() => {
  for (let i = 0; i < 10; i++) c.tell('purse/' + (n % ${PURSES}), { type: 'hand', to: 'purse/' + (n++ * 7 % ${PURSES}), amount: 1 + n % 5 });
}, 5);`;

let system: CommandSystem;
let elsewhere: CommandSystem;
let backups: string;

beforeAll(async () => {
  system = new CommandSystem({ purse: PURSE, bank: BANK });
  elsewhere = new CommandSystem({ purse: PURSE, bank: BANK });
  backups = mkdtempSync(join(tmpdir(), 'cli-backups-'));
  await system.start(2);
}, 130_000);
afterAll(async () => {
  await Promise.all([system.end(), elsewhere.end()]);
  rmSync(backups, { recursive: true, force: true });
});

function turnsOf(of: CommandSystem): Set<string> {
  return new Set(readFileSync(join(of.folder, 'turns.log'), 'utf8').trimEnd().split('\n'));
}

/** Writes what no troupe writes, by the engine itself: its pages stay whole. */
async function spoil(folder: string): Promise<void> {
  const environment = openEnvironment(folder);
  await environment.transaction(() => {
    environment.putSync([HEAD, 'purse/odd'], new Uint8Array([1, 0]));
    environment.putSync([WAKE, 5, 'purse/none'], new Uint8Array(0));
  });
  await environment.close();
  rmSync(join(folder, 'data.mdb-lock'));
}

function sumOf(of: CommandSystem): number {
  return JSON.parse(of.troupe('ask', 'bank/a', 'sum', '--json').stdout);
}

test('a backup under load is whole, holds committed records only, and restored elsewhere the sum is kept', async () => {
  const stop = await system.client(LOAD);
  await until(
    'money is on its way',
    () => existsSync(join(system.folder, 'turns.log')) && turnsOf(system).size > 500,
    30_000,
  );
  const backup = join(backups, 'one');
  const made = system.troupe('backup', backup, '--json');
  expect(made.stderr).toBe('');
  const sha256 = createHash('sha256')
    .update(readFileSync(join(backup, 'store/data.mdb')))
    .digest('hex');
  expect(JSON.parse(made.stdout)).toMatchObject({ done: 'backup', folder: backup, records: PURSES, faults: 0, sha256 });
  stop();
  expect(statSync(join(backup, 'store/data.mdb')).mode & 0o777).toBe(0o600);

  const restored = elsewhere.troupe('restore', backup, '--json');
  expect([restored.status, restored.stderr]).toEqual([0, '']);
  expect(JSON.parse(restored.stdout)).toMatchObject({ done: 'restore', records: PURSES, faults: 0 });
  const lives = turnsOf(system);
  const store = LmdbStore.open(join(elsewhere.folder, '.troupe/store'));
  const versions: number[] = [];
  for (let n = 0; n < PURSES; n++) {
    const record = await store.load(`purse/${n}`);
    versions.push(record?.version ?? 0);
    const { state } = readRecord(record?.parts ?? new Map(), (id) => id);
    const { n: turn, has } = decodeValue(state as Uint8Array, (id) => id) as { n: number; has: number };
    // State and version are of one commit: a turn that was noted so.
    expect(lives).toContain(`purse/${n} ${turn} ${has}`);
  }
  await store.close();

  await elsewhere.start(1);
  await until('what was on its way has arrived', () => sumOf(elsewhere) === PURSES * EACH, 30_000);
  // The last version of each that the first system has; none of the copy is beyond it.
  const again = system.troupe('stop');
  expect(again.status).toBe(0);
  const last = LmdbStore.open(join(system.folder, '.troupe/store'));
  for (let n = 0; n < PURSES; n++) {
    const version = (await last.load(`purse/${n}`))?.version ?? 0;
    expect(versions[n]).toBeGreaterThan(0);
    expect(versions[n]).toBeLessThanOrEqual(version);
  }
  await last.close();
  expect(lives.size).toBeGreaterThan(500);
}, 240_000);

test('a restore refuses a system that runs, a store that is there, what is no backup, and a copy with faults', async () => {
  const backup = join(backups, 'one');
  const locked = elsewhere.troupe('restore', backup, '--force');
  expect([locked.status, locked.stderr]).toEqual([1, expect.stringContaining('STORE_LOCKED')]);
  expect(elsewhere.troupe('stop').status).toBe(0);
  const full = elsewhere.troupe('restore', backup);
  expect([full.status, full.stderr]).toEqual([2, expect.stringContaining('--force')]);
  const nothing = elsewhere.troupe('restore', backups);
  expect([nothing.status, nothing.stderr]).toEqual([2, expect.stringContaining('expected the folder of a backup')]);

  const data = join(elsewhere.folder, '.troupe/store/data.mdb');
  const before = readFileSync(data);
  const bad = join(backups, 'one/store/data.mdb');
  copyFileSync(bad, join(backups, 'good.mdb'));
  await spoil(join(backup, 'store'));
  const damaged = elsewhere.troupe('restore', backup, '--force');
  expect([damaged.status, damaged.stderr]).toEqual([1, expect.stringContaining('is damaged: its SHA-256')]);
  // Without the sum it is the heads and the index that say so.
  const sums = join(backup, 'store/SHA256SUMS');
  renameSync(sums, join(backups, 'sums'));
  const faulty = elsewhere.troupe('restore', backup, '--force');
  const told =
    /backup.*one\/store has 2 faults: the record of purse\/odd cannot be read: [^;]*; the index wakes purse\/none, which/;
  expect([faulty.status, faulty.stderr]).toEqual([1, expect.stringMatching(told)]);
  expect(readdirSync(join(elsewhere.folder, '.troupe')).filter((name) => name.startsWith('store.'))).toEqual([]);
  renameSync(join(backups, 'sums'), sums);
  expect(readFileSync(data).equals(before)).toBe(true);
  copyFileSync(join(backups, 'good.mdb'), bad);

  appendFileSync(join(elsewhere.folder, '.troupe/journal/left-behind'), '');
  expect(elsewhere.troupe('restore', backup, '--force').status).toBe(0);
  expect(existsSync(join(elsewhere.folder, '.troupe/journal'))).toBe(false);
  await elsewhere.start(1);
  await until('the sum is there again', () => sumOf(elsewhere) === PURSES * EACH, 30_000);
}, 240_000);

test('a backup goes into no folder that has something in it, and needs durable actors', async () => {
  expect(elsewhere.troupe('backup', backups)).toMatchObject({ status: 2 });
  const volatile = new CommandSystem({
    boss: `import { defineActor } from 'troupe'; export default defineActor({ receive: { a() {} } });`,
  });
  try {
    await volatile.start(1);
    const { status, stderr } = volatile.troupe('backup', join(backups, 'none'));
    expect([status, stderr]).toEqual([1, expect.stringContaining('no durable actors')]);
  } finally {
    await volatile.end();
  }
}, 60_000);
