/** A stranger at the sockets of a system: whatever it says, or does not say, costs nobody else anything. */
import { Buffer } from 'node:buffer';
import { readdirSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { System } from 'troupe';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { idOn, isAlive, numbers, sleep, socketFoldersOf, startSystem, stopSystems, until } from './harness.ts';

let system: System;
let paths: string[];
let pids: number[];
const harm: unknown[] = [];
const strangers: Socket[] = [];

beforeAll(async () => {
  system = await startSystem({ workers: 2 });
  const [folder] = socketFoldersOf(process.pid) as [string];
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  // Those of watchdogs, which answer any visitor of this user, are no links.
  paths = readdirSync(folder)
    .filter((name) => !name.startsWith('w'))
    .map((name) => join(folder, name));
  pids = system.workers().map(({ pid }) => pid);
  for (const event of ['worker-exited', 'link-broken', 'dead-letter'] as const)
    system.on(event, (one) => harm.push(one));
});

afterEach(() => {
  for (const socket of strangers.splice(0)) socket.destroy();
});
afterAll(stopSystems);

interface Stranger {
  socket: Socket;
  heard: Buffer[];
  isShut(): boolean;
}

async function strangerAt(path: string): Promise<Stranger> {
  const socket = connect(path);
  strangers.push(socket);
  const heard: Buffer[] = [];
  socket.on('data', (bytes) => heard.push(bytes));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, heard, isShut: () => socket.destroyed || socket.readableEnded };
}

function frame(text: string): Buffer {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
  bytes.writeUInt32LE(bytes.length - 4, 0);
  bytes.write(text, 4);
  return bytes;
}

function handshake(token: string, system = 'troupe', version = 1): Buffer {
  return frame(JSON.stringify({ version, system, token, self: { index: 1, incarnation: 1 } }));
}

const sizes = (length: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(length, 0);
  return bytes;
};

const SAYINGS: [what: string, bytes: Buffer][] = [
  ['garbage', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50))],
  ['random bytes', Buffer.from(numbers(5_000).map((n) => (n * 7919) % 256))],
  ['zeros', Buffer.alloc(10_000)],
  ['an oversized length', sizes(0xffff_ffff)],
  ['a length just past the bound of a handshake', sizes(4097)],
  ['a wrong token', handshake('x'.repeat(32))],
  ['a wrong token for another system', handshake('x', 'other')],
  ['a handshake that is no object', frame('null')],
  ['a handshake with odd parts', frame('{"version":"1","system":7,"token":null,"self":[]}')],
  ['half a handshake, and then its end', handshake('x').subarray(0, 20)],
];

/** The whole system works as before: the same processes, all links, nothing lost. */
async function expectNoHarm(): Promise<void> {
  for (const worker of [1, 2]) {
    const id = await idOn(system, 'recorder', worker, `fine${harm.length}`);
    await system.ask(id, { type: 'clear' });
    for (const from of [1, 2]) {
      const talker = await idOn(system, 'talker', from);
      await system.ask(talker, { type: 'talk', to: id, count: 200 });
      // The talker's reply passes what it still has on the way.
      await until('all is handled', async () => (await system.ask(id, { type: 'seen' }))[talker]?.length === 200);
      expect((await system.ask(id, { type: 'seen' }))[talker]).toEqual(numbers(200));
    }
  }
  expect(system.workers().map(({ pid, state }) => ({ pid, state }))).toEqual(
    pids.map((pid) => ({ pid, state: 'ready' })),
  );
  expect(pids.every(isAlive)).toBe(true);
  expect(harm).toEqual([]);
}

test('there is a socket for each process, and one of each worker for clients', () => {
  expect(paths).toHaveLength(5);
});

test.each(SAYINGS)('%s: the stranger is shut out, hears nothing, and nobody else notices', async (what, bytes) => {
  for (const path of paths) {
    const { socket, heard, isShut } = await strangerAt(path);
    if (what.startsWith('half')) socket.end(bytes);
    else socket.write(bytes);
    await until('it is shut out', isShut, 5_000);
    expect(Buffer.concat(heard)).toHaveLength(0);
  }
  await expectNoHarm();
});

test('silence: the stranger is shut out after a while', async () => {
  const silent = await Promise.all(paths.map((path) => strangerAt(path)));
  await sleep(500);
  expect(silent.some(({ isShut }) => isShut())).toBe(false);
  await expectNoHarm();
  await until('all are shut out', () => silent.every(({ isShut }) => isShut()), 5_000);
});

test('a crowd of strangers: links of a new worker are made all the same', async () => {
  const crowd = await Promise.all(numbers(60).map((n) => strangerAt(paths[n % paths.length] as string)));
  for (const [n, { socket }] of crowd.entries())
    if (n % 2 === 0) socket.write(SAYINGS[n % SAYINGS.length]?.[1] as Buffer);
  const index = await system.addWorker();
  const id = (await system.spawn('counter', { placement: { worker: index } })).id;
  expect(await system.ask(id, { type: 'get' })).toBe(0);
  await until('all are shut out', () => crowd.every(({ isShut }) => isShut()), 6_000);
  expect(harm).toEqual([]);
});
