/** Durable actors on real processes, a real disk, and real kills. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { type ActorInspection, createSystem, type System } from 'troupe';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  childrenOf,
  faultOf,
  freeze,
  idOn,
  isAlive,
  kill,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  whenAllReady,
} from './harness.ts';
import { Program } from './program.ts';

const ACTORS = new URL('./durable-actors/', import.meta.url);
const ACCOUNTS = 8;
const KILLING_MS = Number(process.env.TROUPE_KILL_MS ?? 3_000);

let dataDir: string;
const programs: Program[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-durable-'));
});
afterEach(async () => {
  await stopSystems();
  for (const { pid, child } of programs.splice(0)) {
    const left = [...childrenOf(pid), ...(child.exitCode === null && child.signalCode === null ? [pid] : [])];
    for (const one of left) process.kill(one, 'SIGKILL');
  }
  rmSync(dataDir, { recursive: true, force: true });
});
afterAll(stopSystems);

interface Account {
  balance: number;
  moved: number;
  given: Record<string, number>;
  fired: [name: string, at: number][];
  breaches: string[];
}

function serve(): Program {
  const program = new Program('serve.mjs', { workers: 2, actors: ACTORS.href, dataDir, supervision: TIRELESS });
  programs.push(program);
  return program;
}

function start(): Promise<System> {
  return startSystem({ actors: ACTORS, workers: 3, dataDir, supervision: TIRELESS });
}

async function accounts(ask: (id: string) => Promise<Account>): Promise<Account[]> {
  return Promise.all(Array.from({ length: ACCOUNTS }, (_, n) => ask(`account/${n}`)));
}

function expectInOrder(all: Account[], moved?: number): void {
  expect(all.flatMap(({ breaches }) => breaches)).toEqual([]);
  expect(all.reduce((sum, { balance }) => sum + balance, 0)).toBe(ACCOUNTS * 1_000);
  if (moved !== undefined) expect(all.reduce((sum, { moved: one }) => sum + one, 0)).toBe(moved);
}

function chargesIn(file: string): number {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}

async function stateOf(system: System, id: string): Promise<unknown> {
  return (await system.ask<{ value: unknown }>(id, { type: 'look' }, { timeoutMs: 20_000 })).value;
}

describe('the bank', () => {
  test('under SIGKILL of workers every few hundred milliseconds: nothing lost, applied twice, or swapped', {
    timeout: KILLING_MS + 60_000,
  }, async () => {
    const system = await start();
    const numbers = new Map<string, number>();
    const asks: Promise<unknown>[] = [];
    let moved = 0;
    const endsAt = Date.now() + KILLING_MS;
    let killAt = Date.now() + 300;
    while (Date.now() < endsAt) {
      for (let n = 0; n < 20; n++) {
        const from = `account/${Math.floor(Math.random() * ACCOUNTS)}`;
        const number = (numbers.get(from) ?? 0) + 1;
        numbers.set(from, number);
        const message = {
          type: 'transfer',
          to: `account/${Math.floor(Math.random() * ACCOUNTS)}`,
          amount: 1,
          from: 'main',
          n: number,
        };
        moved++;
        if (n % 4 === 0) asks.push(system.ask(from, message, { timeoutMs: 50_000 }));
        else system.tell(from, message);
      }
      if (Date.now() > killAt) {
        const ready = system.workers().filter(({ state }) => state === 'ready');
        const victim = ready[Math.floor(Math.random() * ready.length)];
        if (victim && ready.length > 1) kill(system, victim.index);
        killAt = Date.now() + 200 + Math.random() * 400;
      }
      await sleep(10);
    }
    await Promise.all(asks);
    await until(
      'all is applied',
      async () => {
        const all = await accounts((id) => system.ask(id, { type: 'get' }, { timeoutMs: 30_000 }));
        const isAll = all.reduce((sum, { moved: one }) => sum + one, 0) === moved;
        return isAll && all.reduce((sum, { balance }) => sum + balance, 0) === ACCOUNTS * 1_000;
      },
      40_000,
    );
    expectInOrder(await accounts((id) => system.ask(id, { type: 'get' })), moved);
  });

  test('under kill -9 of the master and all workers: what was acknowledged is there, the sum is the same', {
    timeout: 180_000,
  }, async () => {
    let acknowledged = 0;
    for (let life = 0; life < 4; life++) {
      const program = serve();
      await program.value('started');
      const numbers = new Map<string, number>();
      const stop = Date.now() + 400 + Math.random() * 400;
      // On a busy machine nothing would be acknowledged yet.
      const enough = acknowledged + 15;
      const latest = Date.now() + 12_000;
      while (Date.now() < stop || (acknowledged < enough && Date.now() < latest)) {
        const from = `account/${Math.floor(Math.random() * ACCOUNTS)}`;
        const n = (numbers.get(from) ?? 0) + 1;
        numbers.set(from, n);
        const to = `account/${Math.floor(Math.random() * ACCOUNTS)}`;
        void program
          .value('ask', from, { type: 'transfer', to, amount: 1, from: `life${life}`, n })
          .then(() => acknowledged++);
        await sleep(2);
      }
      program.kill('SIGKILL');
      await program.ended;
    }
    const system = await start();
    await until(
      'unfinished mail has gone out by itself',
      async () => {
        const all = await accounts((id) => system.ask(id, { type: 'get' }));
        return all.reduce((sum, { balance }) => sum + balance, 0) === ACCOUNTS * 1_000;
      },
      20_000,
    );
    const all = await accounts((id) => system.ask(id, { type: 'get' }));
    expectInOrder(all);
    expect(acknowledged).toBeGreaterThan(50);
    expect(all.reduce((sum, { moved }) => sum + moved, 0)).toBeGreaterThanOrEqual(acknowledged);
  });
});

describe('a dataDir', () => {
  test('belongs to one system: the second is refused and told who has it', async () => {
    await start();
    const { code, message } = await faultOf(startSystem({ actors: ACTORS, workers: 1, dataDir }));
    expect(code).toBe('STORE_LOCKED');
    expect(message).toContain(`process ${process.pid}`);
  });

  test('that is removed under a running system: everything durable fails from then on, and the place stays taken', {
    timeout: 60_000,
  }, async () => {
    const system = await start();
    await system.ask('account/1', { type: 'get' });
    rmSync(dataDir, { recursive: true });
    let n = 0;
    const isRefused = (): Promise<boolean> =>
      system.ask('account/1', { type: 'deposit', amount: 1, from: 'x', n: ++n }, { timeoutMs: 500 }).then(
        () => false,
        () => true,
      );
    await until('a turn is refused', isRefused, 15_000);
    expect(await isRefused()).toBe(true);
    const { code } = await faultOf(startSystem({ actors: ACTORS, workers: 1, dataDir }));
    expect(code).toBe('STORE_LOCKED');
  });

  test('of a master that was killed is taken over, and the worker that hung is ended before', {
    timeout: 60_000,
  }, async () => {
    const program = serve();
    const workers = (await program.value('started')) as number[];
    await program.value('ask', 'account/1', { type: 'get' });
    const hung = workers[0] as number;
    process.kill(hung, 'SIGSTOP');
    program.kill('SIGKILL');
    await program.ended;
    expect(isAlive(hung)).toBe(true);
    const system = await start();
    expect(isAlive(hung)).toBe(false);
    expect(((await system.ask('account/1', { type: 'get' })) as Account).balance).toBe(1_000);
  });
});

describe('a reminder', () => {
  test('fires once, on time, also where everything was killed meanwhile', { timeout: 60_000 }, async () => {
    const program = serve();
    await program.value('started');
    const soon = Date.now() + 1_500;
    const past = Date.now() + 300;
    await program.value('ask', 'account/1', { type: 'remind', name: 'soon', when: { atMs: soon } });
    await program.value('ask', 'account/2', { type: 'remind', name: 'past', when: { atMs: past } });
    program.kill('SIGKILL');
    await program.ended;
    await sleep(400);
    const system = await start();
    await until(
      'both have fired',
      async () => {
        const [one, two] = await Promise.all([1, 2].map((n) => system.ask(`account/${n}`, { type: 'get' })));
        return (one as Account).fired.length === 1 && (two as Account).fired.length === 1;
      },
      10_000,
    );
    await sleep(500);
    const { fired } = (await system.ask('account/1', { type: 'get' })) as Account;
    expect(fired).toHaveLength(1);
    expect((fired[0] as [string, number])[1]).toBeGreaterThanOrEqual(soon);
  });
});

describe('a machine whose promise is under way', () => {
  test('stays in memory for it, and what it came to is there after a kill: charged once', {
    timeout: 60_000,
  }, async () => {
    const file = join(dataDir, 'charges');
    const program = serve();
    await program.value('started');
    await program.value('ask', 'order/1', { type: 'pay', file, ms: 400 });
    // Seen without a message, which would wake it: out of memory it is behind its commit.
    await until('it has come to its end', async () => {
      const { status, state } = (await program.value('inspect', 'order/1')) as ActorInspection;
      return status === 'passivated' && (state as { value: unknown }).value === 'paid';
    });
    program.kill('SIGKILL');
    await program.ended;
    const system = await start();
    await sleep(500);
    expect([await stateOf(system, 'order/1'), chargesIn(file)]).toEqual(['paid', 1]);
  });

  test('is woken for it by nobody: after a kill of its worker, and of everything, it goes on elsewhere', {
    timeout: 60_000,
  }, async () => {
    const file = join(dataDir, 'charges');
    const program = serve();
    await program.value('started');
    await program.value('ask', 'order/1', { type: 'pay', file, ms: 60_000 });
    await until('the charge has begun', async () => chargesIn(file) === 1, 10_000);
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    await until('it has begun again elsewhere', async () => chargesIn(file) === 2, 20_000);
    program.kill('SIGKILL');
    await program.ended;
    const system = await start();
    await until('it has begun again after the new start', async () => chargesIn(file) === 3, 20_000);
    expect(await stateOf(system, 'order/1')).toBe('charging');
  });
});

/** What harms it is mended before the next test begins. */
describe('in one system', () => {
  let folder: string;
  let system: System;
  /** That own the store, one after the other. */
  const threads: Worker[] = [];
  const hear = (thread: Worker): void => void threads.push(thread);

  beforeAll(async () => {
    process.on('worker', hear);
    folder = mkdtempSync(join(tmpdir(), 'troupe-durable-one-'));
    const options = { actors: ACTORS, workers: 3, dataDir: folder, supervision: TIRELESS };
    system = await createSystem({ ...options, log: 'silent' });
  });
  beforeEach(() => whenAllReady(system));
  afterAll(async () => {
    process.off('worker', hear);
    await system.shutdown({ timeoutMs: 5_000 });
    rmSync(folder, { recursive: true, force: true });
  });

  test('a dead letter that lasts is listed by the master, sent again to another process, and gone with its turn', async () => {
    const wrong = { type: 'transfer', to: 'not an id', amount: 1, from: 'main', n: 1 };
    expect((await faultOf(system.ask('account/1', wrong))).code).toBe('HANDLER_FAILED');
    const [letter] = await system.deadLetters.list();
    expect(letter).toMatchObject({ to: 'account/1', reason: 'HANDLER_FAILED' });
    expect((await faultOf(system.deadLetters.resend(letter?.id as string))).code).toBe('HANDLER_FAILED');
    const letters = await system.deadLetters.list();
    expect(letters).toHaveLength(1);
    expect(letters[0]?.id).not.toBe(letter?.id);
    expect(await system.deadLetters.discard(letters[0]?.id as string)).toBe(true);
    expect(await system.deadLetters.list()).toEqual([]);
  });

  test('an ask to a durable actor survives the death of its host', async () => {
    const id = await idOn(system, 'account', 2);
    await system.ask(id, { type: 'get' });
    const pid = (await system.ask(id, { type: 'pid' })) as number;
    freeze(system, 2);
    const asked = system.ask(
      id,
      { type: 'transfer', to: 'account/other', amount: 5, from: 'main', n: 1 },
      { timeoutMs: 20_000 },
    );
    await sleep(50);
    process.kill(pid, 'SIGKILL');
    expect(await asked).toBe(995);
    expect(await system.ask(id, { type: 'pid' })).not.toBe(pid);
  });

  test('a dataDir is served again when the thread that owns the store has failed: nothing lost, nothing twice', {
    timeout: 60_000,
  }, async () => {
    const sent: Promise<unknown>[] = [];
    for (let n = 1; n <= 300; n++) {
      sent.push(system.ask('account/threads', { type: 'deposit', amount: 1, from: 'main', n }, { timeoutMs: 30_000 }));
      // No message of ours: reading it throws, and nothing there catches that.
      if (n % 100 === 50) threads.at(-1)?.postMessage(null);
      await sleep(2);
    }
    await Promise.all(sent);
    const { balance, breaches } = (await system.ask('account/threads', { type: 'get' })) as Account;
    expect([balance, breaches]).toEqual([1_300, []]);
    expect(threads.length).toBeGreaterThanOrEqual(3);
  });

  test('a move of a durable actor loses nothing of what is told meanwhile', async () => {
    const id = 'account/roamer';
    for (let n = 1; n <= 600; n++) {
      system.tell(id, { type: 'deposit', amount: 1, from: 'main', n });
      if (n % 200 === 100) await system.move(id, 1 + ((n / 100) % 3));
    }
    const { balance, breaches } = (await system.ask(id, { type: 'get' })) as Account;
    expect(breaches).toEqual([]);
    expect(balance).toBe(1_600);
  });

  test('a machine whose promise is under way begins it again where it is moved to, and goes on there', async () => {
    const file = join(folder, 'charges');
    await system.ask('order/moved', { type: 'pay', file, ms: 500 });
    const { worker } = await system.where('order/moved');
    await system.move('order/moved', 1 + ((worker as number) % 3));
    await until('it is paid', async () => (await stateOf(system, 'order/moved')) === 'paid', 20_000);
    expect(chargesIn(file)).toBe(2);
  });

  test('a child of a durable actor starts with the commit, hears what the same turn told it, and is there again after its worker has died', async () => {
    const employer = 'employer/one';
    const helper = (await system.ask(employer, { type: 'hire' })) as string;
    const look = () => system.ask(helper, { type: 'get' });
    await until('the helper has heard', async () => (await look()).heard.length === 1, 5_000);
    const { how, pid } = await look();
    expect(how).toBe('first');
    expect(pid).toBe((await system.where(employer)).pid);
    process.kill(pid, 'SIGKILL');
    const home = () => system.where(employer).catch(() => ({ pid }));
    await until('it has another host', async () => (await home()).pid !== pid, 10_000);
    await system.ask(employer, { type: 'hireAndAsk' }, { timeoutMs: 20_000 });
    await until('the helper is hired again', async () => (await look()).how === 'again', 10_000);
  });

  test('a child of a durable actor that the turn asks starts at once; of a turn that throws there is none', async () => {
    expect(await system.ask('employer/two', { type: 'hireAndAsk' })).toMatchObject({ how: 'asked' });
    expect((await faultOf(system.ask('employer/two', { type: 'hireAndThrow' }))).code).toBe('HANDLER_FAILED');
    const ended = await new Promise((resolve) => system.watch('helper/two-thrown', resolve));
    expect(ended).toEqual({ id: 'helper/two-thrown', reason: 'not-found' });
  });

  test('a backup taken while the system runs is a dataDir to start from', async () => {
    await system.ask('account/copied', { type: 'deposit', amount: 5, from: 'main', n: 1 });
    const copy = join(dataDir, 'copy');
    await system.backup(copy);
    await system.ask('account/copied', { type: 'deposit', amount: 5, from: 'main', n: 2 });
    const restored = await startSystem({ actors: ACTORS, workers: 1, dataDir: copy });
    expect(((await restored.ask('account/copied', { type: 'get' })) as Account).balance).toBe(1_005);
  });
});
