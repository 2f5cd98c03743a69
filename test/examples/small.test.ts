/** Every example runs as its own process: what it prints, its exit code, and that nothing of it is left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

const RUN_MS_MAX = 45_000;
const groups: number[] = [];

interface Example {
  child: ChildProcess;
  output(): string;
  ended: Promise<{ code: number | null; output: string }>;
}

/** In a process group of its own, so that its workers can be found after it has ended. */
function start(file: string, env: Record<string, string> = {}): Example {
  const path = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
  const { SMTP_URL: _url, MAIL_TO: _to, ...own } = process.env;
  const child = spawn(process.execPath, [path], { detached: true, env: { ...own, ...env }, cwd: '/' });
  groups.push(child.pid as number);
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS_MAX);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
  return { child, output: () => output, ended };
}

function isGroupAlive(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** The compiler that tsx keeps beside each process ends a moment after it, and an orphan waits to be reaped. */
async function expectNothingLeft({ child }: Example): Promise<void> {
  await vi.waitFor(() => expect(isGroupAlive(child.pid as number)).toBe(false), 5_000);
}

afterEach(() => {
  for (const pid of groups.splice(0)) if (isGroupAlive(pid)) process.kill(-pid, 'SIGKILL');
});

/** Runs it to its end; the lines of each series are expected in their order, those of two series in any. */
async function expectOutput(file: string, ...series: (string | RegExp)[][]): Promise<void> {
  const example = start(file);
  const { code, output } = await example.ended;
  for (const lines of series) {
    let rest = output;
    for (const line of lines) {
      const at = typeof line === 'string' ? rest.indexOf(line) : rest.search(line);
      expect(at, `${line} in:\n${output}`).toBeGreaterThanOrEqual(0);
      rest = rest.slice(at);
    }
  }
  expect(code, output).toBe(0);
  await expectNothingLeft(example);
}

describe('the small examples', () => {
  test('bank: the sum is the same after kills of workers and after a new start', () =>
    expectOutput('bank.mjs', [
      'ten accounts hold 1000\n',
      '600 transfers, while workers were killed\n',
      'ten accounts hold 1000\n',
      'after a new start, ten accounts hold 1000\n',
    ]));

  test('bank-endure: kills of workers and of everything, and a verdict', async () => {
    const { code, output } = await start('bank-endure.mjs', { BANK_MINUTES: '0.05' }).ended;
    expect(output).toMatch(/verdict: nothing lost, nothing twice, 0\.05 min, \{"done":[1-9]\d+,.*"kills":[1-9]/);
    expect(code, output).toBe(0);
  });

  test('durable-order: a machine that waits for days goes on after a new start', () =>
    expectOutput('durable-order.mjs', [
      'the order is paid\n',
      'after a new start the order is paid, 30 paid',
      'sent back, it is refunded\n',
    ]));

  test('one-to-one: tells are counted, an ask gets the reply, a wrong one its error', () =>
    expectOutput('one-to-one.mjs', [
      'alice has 1000\n',
      'bob has 5\n',
      'alice cannot sing: UNKNOWN_MESSAGE not-executed\n',
    ]));

  test('one-to-many: every subscriber gets every article, in order', () =>
    expectOutput(
      'one-to-many.mjs',
      ['the listener heard: Rain\n', 'the listener heard: Sun\n', 'the listener heard: Wind\n'],
      [
        /reader\/ann on worker [12] read: Rain, Sun, Wind\n/,
        /reader\/ben on worker [12] read: Rain, Sun, Wind\n/,
        /reader\/cleo on worker [12] read: Rain, Sun, Wind\n/,
      ],
    ));

  test('ask-across-workers: an actor asks one of another process', () =>
    expectOutput('ask-across-workers.mjs', [
      'Hello alice, visit 1,',
      'Hello alice, visit 2,',
      'greeter/door lives on worker 1\n',
      'counter/alice lives on worker 2\n',
    ]));

  test('supervision: a throw costs one message, too many cost the actor', () =>
    expectOutput('supervision.mjs', [
      'handled 2\n',
      'the asker got HANDLER_FAILED, because of RangeError: out of ideas\n',
      'handled 1 by the new incarnation\n',
      'it failed for good: flaky/one\n',
      'asked again: ACTOR_FAILED\n',
      'another one is fine, it handled 1\n',
    ]));

  test('worker-crash: the state of the dead worker is lost, that of the other is not', () =>
    expectOutput('worker-crash.mjs', [
      'before: doomed 10000 safe 10000\n',
      /200 asks: [1-9]\d* replies/,
      /first reply \d+ ms after the kill, from worker 2\n/,
      'after: doomed 0 safe 10200\n',
      'worker 1 is back, incarnation 2\n',
    ]));

  test('order-machine: events drive it, it replies, and time passes in it', () =>
    expectOutput(
      'order-machine.mjs',
      [
        'order 1001 is unpaid, 38 to pay\n',
        'paid 10, the machine replied: expected 38\n',
        'paid 38, now it is paid\n',
        'and then shipped\n',
        'order 1002 is unpaid\n',
        'order 1002 is expired\n',
      ],
      ['shipped: kettle and cup\n'],
    ));

  test('roles: one role answers while the other crunches', () =>
    expectOutput('roles.mjs', [
      'worker 1 has the role web\n',
      'worker 2 has the role crunch\n',
      '148933 primes were counted by a worker of the role crunch\n',
      'meanwhile hundreds of answers came from the role web\n',
    ]));

  test('testing/auction.test: actors tested on a virtual clock, with probes, properties and a simulated cluster', () =>
    expectOutput('testing/auction.test.mjs', [
      'half a minute after the last bid the highest bidder is told',
      'a bidder asks the auction, and gives its refusal on',
      'an alarm rings at its time, over a restart',
      'property: whoever bids in whatever order, the highest bid wins',
      'in a cluster: an auction that moves goes on',
      'pass 5\n',
      'fail 0\n',
    ]));

  test('email/send-mails: mails arrive, are put off, and are refused', () =>
    expectOutput('email/send-mails.mjs', [
      'queued: 3\n',
      'arrived: "One" from news@localhost to reader@example.net\n',
      'busy@example.net took it at try 2\n',
      'nobody@example.net: REFUSED',
      'news {"queued":0,"sent":4,"failed":0}\n',
      'service {"queued":0,"sent":1,"failed":1}\n',
    ]));
});

describe('start', () => {
  let dataDir: string;
  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'troupe-start-'));
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  const listen = (server: Server, port: number) =>
    new Promise<number>((resolve) => server.listen(port, () => resolve((server.address() as AddressInfo).port)));
  const close = (server: Server) => new Promise((resolve) => server.close(resolve));

  test('serves the chat, sends a welcome mail, and ends on SIGTERM with nothing left; and so once more on the same data', async () => {
    for (let time = 0; time < 2; time++) await serveAndEnd();
  });

  async function serveAndEnd(): Promise<void> {
    const probe = createServer();
    const port = await listen(probe, 0);
    await close(probe);
    const example = start('start.mjs', { PORT: String(port), DATA_DIR: dataDir });
    await vi.waitFor(() => expect(example.output()).toContain('mail arrived: "Welcome to troupe"'), 20_000);
    expect(example.output()).toContain(`kept in: ${dataDir}\n`);
    expect(example.output()).toMatch(/worker 1: web, pid \d+\n/);
    expect(example.output()).toMatch(/worker \d+: mail, pid \d+\n/);
    const page = await fetch(`http://localhost:${port}/`);
    expect(page.status).toBe(200);
    await page.text();
    example.child.kill('SIGTERM');
    const { code, output } = await example.ended;
    expect(code, output).toBe(0);
    await expectNothingLeft(example);
  }

  test('says so when the port is taken, and exits with 1', async () => {
    const other = createServer();
    const port = await listen(other, 0);
    const { code, output } = await start('start.mjs', { PORT: String(port) }).ended;
    await close(other);
    expect(output).toContain(`PORT: expected a port that is free; got ${port} (EADDRINUSE)`);
    expect(code).toBe(1);
  });
});
