// The bank for as long as you like: node examples/bank-endure.mjs <minutes>. A worker gets SIGKILL every few hundred
// milliseconds, the master and all workers every twenty seconds. The last line is the verdict; the exit code says the same.
// BANK_POSTGRES=postgres://…: the accounts are in that database, in a schema of their own, whose server may be killed at any time.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSystem } from 'troupe';

const ACCOUNTS = 10;
const OWNED = 100 * ACCOUNTS;
const LIFE_MS = 20_000;
const { BANK_POSTGRES: url, BANK_SCHEMA: schema = `bank_${process.pid}` } = process.env;
const POSTGRES = url && { url, schema };
const account = (n) => `account/${n % ACCOUNTS}`;

if (process.argv[2] === 'serve') await serve(process.argv[3]);
else process.exitCode = await endure(Number(process.argv[2] ?? process.env.BANK_MINUTES ?? 1));

/** In a process of its own, so that it can be killed as a whole. */
async function serve(dataDir) {
  const system = await createSystem({
    actors: new URL('./bank/', import.meta.url),
    workers: 3,
    dataDir,
    ...(POSTGRES && { postgres: POSTGRES }),
    log: 'silent',
    supervision: { intensity: 1_000, backoff: { initialMs: 20, maxMs: 100 } },
  });
  process.on('message', async ({ number, id, message, isKill }) => {
    if (isKill) return kill(system);
    const timeoutMs = 30_000;
    const reply = await system.ask(id, message, { timeoutMs }).then(
      (value) => ({ value }),
      ({ code }) => ({ code }),
    );
    process.send?.({ number, ...reply });
  });
  process.send?.('started');
}

function kill(system) {
  const ready = system.workers().filter(({ state }) => state === 'ready');
  const victim = ready[Math.floor(Math.random() * ready.length)];
  if (victim && ready.length > 1) process.kill(victim.pid, 'SIGKILL');
}

async function start(dataDir) {
  const child = fork(fileURLToPath(import.meta.url), ['serve', dataDir], {
    env: { ...process.env, BANK_SCHEMA: schema },
  });
  const open = new Map();
  let last = 0;
  const ended = once(child, 'exit').then(() => {
    throw new Error('the bank starts; got its end');
  });
  await Promise.race([once(child, 'message'), ended]);
  child.on('message', ({ number, ...reply }) => {
    open.get(number)?.(reply);
    open.delete(number);
  });
  // What was asked of a process that is gone was done or not: its record knows.
  child.on('exit', () => {
    for (const settle of open.values()) settle({ code: 'GONE' });
  });
  const call = (id, message) =>
    new Promise((settle) => {
      open.set(++last, settle);
      if (child.connected) child.send({ number: last, id, message });
      else settle({ code: 'GONE' });
    });
  return { child, call, inFlight: () => open.size };
}

async function endure(minutes) {
  const dataDir = mkdtempSync(join(tmpdir(), 'troupe-endure-'));
  const count = { done: 0, refused: 0, unknown: 0, kills: 0, starts: 0 };
  let endsAt;
  do {
    const bank = await start(dataDir);
    endsAt ??= Date.now() + minutes * 60_000;
    await live(bank, Math.min(endsAt, Date.now() + LIFE_MS), count);
    count.starts++;
    console.log(JSON.stringify(count));
  } while (Date.now() < endsAt);
  const { child, call } = await start(dataDir);
  const total = async (type) => {
    const all = await Promise.all(Array.from({ length: ACCOUNTS }, (_, n) => call(account(n), { type })));
    return all.reduce((sum, { value }) => sum + value, 0);
  };
  // Deposits under way arrive by themselves.
  const patience = Date.now() + 60_000;
  while ((await total('balance')) !== OWNED && Date.now() < patience) await pause(100);
  const [sum, applied] = [await total('balance'), await total('transfers')];
  const isOnce = applied >= count.done && applied <= count.done + count.unknown;
  const isKept = sum === OWNED && isOnce;
  console.log(`the accounts hold ${sum} of ${OWNED}; ${applied} transfers were applied, ${count.done} were answered`);
  console.log(
    `verdict: ${isKept ? 'nothing lost, nothing twice' : 'BROKEN'}, ${minutes} min, ${JSON.stringify(count)}`,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  if (isKept) rmSync(dataDir, { recursive: true, force: true });
  else console.log(`the evidence is in ${dataDir}`);
  return isKept ? 0 : 1;
}

async function live({ child, call, inFlight }, until, count) {
  let killAt = Date.now() + 300;
  while (Date.now() < until) {
    for (let n = 0; n < 10 && inFlight() < 2_000; n++) void transfer(call, count);
    if (Date.now() > killAt) {
      child.send({ isKill: true });
      count.kills++;
      killAt = Date.now() + 200 + Math.random() * 400;
    }
    await pause(5);
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  await pause(10);
}

async function transfer(call, count) {
  const [from, to] = [Math.random(), Math.random()].map((x) => account(Math.floor(x * ACCOUNTS)));
  const { code } = await call(from, { type: 'transfer', to, amount: 1 });
  if (code === undefined) count.done++;
  else if (code === 'REFUSED') count.refused++;
  else count.unknown++;
}
