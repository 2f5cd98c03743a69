// Durable accounts: workers are killed in the middle of transfers, then everything is started again, and the sum is what it was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createSystem } from 'troupe';

const dataDir = mkdtempSync(join(tmpdir(), 'troupe-bank-'));
const accounts = Array.from({ length: 10 }, (_, n) => `account/${n}`);
const start = () =>
  createSystem({
    actors: new URL('./bank/', import.meta.url),
    workers: 2,
    dataDir,
    log: 'silent',
    supervision: { intensity: 100, backoff: { initialMs: 20 } },
  });

async function sum(system) {
  const balances = await Promise.all(accounts.map((id) => system.ask(id, { type: 'balance' })));
  return balances.reduce((total, balance) => total + balance, 0);
}

function killOne(system) {
  const worker = system.workers().find(({ state }) => state === 'ready');
  if (worker) process.kill(worker.pid, 'SIGKILL');
}

let system = await start();
console.log('ten accounts hold', await sum(system));

const transfers = [];
for (let n = 0; n < 600; n++) {
  const [from, to] = [accounts[n % 10], accounts[(n * 7 + 1) % 10]];
  transfers.push(system.ask(from, { type: 'transfer', to, amount: 1 }, { timeoutMs: 30_000 }));
  if (n % 200 === 100) killOne(system);
  if (n % 10 === 0) await pause(5);
}
const done = (await Promise.allSettled(transfers)).filter(({ status }) => status === 'fulfilled').length;
console.log(`${done} transfers, while workers were killed`);
// Deposits that are still under way arrive by themselves.
while ((await sum(system)) !== 1_000) await pause(50);
console.log('ten accounts hold', await sum(system));
await system.shutdown();

system = await start();
console.log('after a new start, ten accounts hold', await sum(system));
await system.shutdown();
rmSync(dataDir, { recursive: true });
