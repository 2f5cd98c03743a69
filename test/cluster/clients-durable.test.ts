/** Durable actors and clients: nothing told is lost or handled twice, though workers and the master itself are killed again and again. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ClientProcess } from './client-process.ts';
import { sleep, until } from './harness.ts';

const PROGRAM = fileURLToPath(new URL('./programs/serve-clients.mjs', import.meta.url));
const actors = new URL('./durable-actors/', import.meta.url).href;
const ACCOUNTS = ['account/1', 'account/2', 'account/3'];

interface Account {
  balance: number;
  last: Record<string, number>;
  breaches: string[];
}

let folder: string;
let url: string;
let client: ClientProcess;
let server: ChildProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-clients-durable-'));
  url = `unix:${join(folder, 'c.sock')}`;
});

afterEach(() => {
  client.end();
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(workers: number): Promise<void> {
  const options = { actors, workers, dataDir: join(folder, 'data') };
  server = fork(PROGRAM, [url, JSON.stringify(options)]);
  await once(server, 'message');
}

async function killMaster(): Promise<void> {
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}

async function accounts(): Promise<Account[]> {
  return Promise.all(ACCOUNTS.map((id) => client.call<Account>(0, 'ask', id, { type: 'get' }, { timeoutMs: 20_000 })));
}

test.each([2, 0])(
  'each tell is handled once and in order, with %i workers',
  async (workers) => {
    await start(workers);
    client = await ClientProcess.start();
    await client.do('connect', url);
    let deposited = 0;
    let answered = 0;
    for (let round = 0; round < 3; round++) {
      const worker = await client.call<number>(0, 'ask', 'account/1', { type: 'pid' }, { timeoutMs: 20_000 });
      const depositing = client.do<number>('deposit', 0, ACCOUNTS, 'ada', deposited + 1, 1_500);
      deposited += 1_500;
      await sleep(100);
      if (workers > 0) process.kill(worker, 'SIGKILL');
      await sleep(150 * round);
      await killMaster();
      await start(workers);
      answered += await depositing;
    }
    await until('all are handled', async () => (await accounts()).every(({ last }) => last.ada === deposited), 60_000);
    for (const { balance, breaches } of await accounts()) {
      expect(breaches).toEqual([]);
      expect(balance).toBe(1_000 + deposited);
    }
    expect(answered).toBeGreaterThan(100);
    const events = await client.do<{ name: string; repeated?: number }[]>('events');
    // Something was under way as the master died, or nothing was tried.
    expect(
      events.filter(({ name }) => name === 'gap').reduce((sum, { repeated = 0 }) => sum + repeated, 0),
    ).toBeGreaterThan(0);
  },
  180_000,
);

test('what was accepted is committed: it is there after the next start, though the client is gone', async () => {
  await start(2);
  client = await ClientProcess.start();
  await client.do('connect', url);
  await client.do('deposit', 0, ACCOUNTS, 'ada', 1, 500);
  // It ends once all is accepted.
  await client.call(0, 'close');
  await killMaster();
  client.end();
  await start(2);
  client = await ClientProcess.start();
  await client.do('connect', url);
  for (const { balance, breaches } of await accounts()) {
    expect(breaches).toEqual([]);
    expect(balance).toBe(1_500);
  }
}, 60_000);
