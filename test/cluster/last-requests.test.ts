/** HTTP requests that are under way as a system shuts down. */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ActorInspection } from 'troupe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REQUESTS_MS_MAX } from '../../src/master/master.ts';
import { childrenOf, isAlive, until, untilInTurn } from './harness.ts';
import { Program } from './program.ts';
import { WebClients } from './web-clients.ts';

const MAIN = fileURLToPath(new URL('./programs/slow-web.mjs', import.meta.url));

let program: Program;
let port: number;

beforeEach(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  process.env.TEST_PORT = String(port);
  program = new Program('serve.mjs', { main: MAIN });
  await program.value('started');
});

afterEach(() => {
  for (const pid of [...childrenOf(program.pid), program.pid]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

/** Milliseconds from the signal to the end, which is one with code 0. */
async function terminate(): Promise<number> {
  const began = Date.now();
  program.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  return Date.now() - began;
}

test('a request that needs actors several times is answered', async () => {
  const keys = [0, 1, 2, 3];
  const answers = keys.map((n) => fetch(`http://127.0.0.1:${port}/twice?key=${n}`));
  const inspected = { inspect: (id: string) => program.value('inspect', id) as Promise<ActorInspection> };
  await Promise.all(keys.map((n) => untilInTurn(inspected, `counter/${n}`, 'sleep')));
  await terminate();
  for (const answer of await Promise.all(answers))
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"count":1')]);
});

test('under load each request is answered, or the port is closed', async () => {
  const clients = new WebClients(port);
  clients.start(2, false);
  clients.start(4, true);
  await until('it is under load', () => clients.count.answers > 50);
  await terminate();
  const { answers, faults, sentAgain } = await clients.stop();
  const { ECONNREFUSED: refused = 0, ECONNRESET: reset = 0, ...others } = faults;
  console.log(`${answers} answers, then ${refused} refused; ${reset} reset as the port was closed`);
  expect(others).toEqual({});
  expect(sentAgain).toBe(0);
  // New connections that no worker has yet go down with the port: of each client one, or two where it came again at once.
  expect(reset).toBeLessThanOrEqual(12);
});

test('connections on which nothing is asked do not hold it up', async () => {
  const idle = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all(idle.map((one) => new Promise((resolve) => one.once('connect', resolve))));
  for (const one of idle) one.on('error', () => {});
  await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(await terminate()).toBeLessThan(REQUESTS_MS_MAX);
  for (const one of idle) one.destroy();
});

test('a request that is never answered holds it up for so long, and is then cut', async () => {
  const never = fetch(`http://127.0.0.1:${port}/never`).catch((error) => error);
  await until('it has come', async () => (await program.value('ask', 'counter/never', { type: 'get' })) === 1);
  const ms = await terminate();
  expect(ms).toBeGreaterThan(REQUESTS_MS_MAX - 100);
  expect(ms).toBeLessThan(REQUESTS_MS_MAX + 4_000);
  expect(await never).toBeInstanceOf(Error);
});
