import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { encodeHandshake, HANDSHAKE_TIMEOUT_MS } from '../../../src/wire/handshake.ts';
import type { LinkNetwork } from '../../../src/wire/link.ts';
import { SocketNetwork } from '../../../src/wire/socket-network.ts';
import { eventLoopClock, someTurns, until } from './event-loop-clock.ts';
import { Diary, fill, frame, handshakeOf, linkConformance, type LinkWorld, pair } from './link-conformance.ts';

const FRAME_BYTES_MAX = 2 * 1024 * 1024;

interface SocketWorld extends LinkWorld {
  folder: string;
}

function socketWorld(handshakeTimeoutMs = 2000): SocketWorld {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-'));
  const hosts: LinkNetwork[] = [];
  return {
    folder,
    frameBytesMax: FRAME_BYTES_MAX,
    host() {
      const host = new SocketNetwork({
        clock: eventLoopClock,
        folder,
        frameBytesMax: FRAME_BYTES_MAX,
        handshakeTimeoutMs,
      });
      hosts.push(host);
      return host;
    },
    async dispose() {
      await Promise.all(hosts.map((host) => host.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

linkConformance('socket network', () => socketWorld());

describe('socket network', () => {
  let world: SocketWorld;
  beforeEach(() => {
    world = socketWorld(400);
  });
  afterEach(() => world.dispose());

  async function stranger(say: (socket: Socket) => void): Promise<number> {
    let flushed = 0;
    const path = await world.host().listen(handshakeOf(1), () => {
      flushed++;
    });
    const socket = createConnection(path);
    socket.on('error', () => {});
    say(socket);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    const near = new Diary(await world.host().connect(path, handshakeOf(2), { index: 1, incarnation: 1 }));
    expect(near.link.write(frame('others are served'))).toBe(true);
    await until(() => flushed === 1, 'the link of another process');
    return flushed;
  }

  test('a connection that says nothing is closed after the handshake time-out', async () => {
    const before = performance.now();
    await stranger(() => {});
    expect(performance.now() - before).toBeGreaterThan(380);
  });

  test.each([
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n'],
    ['an empty object', frame('{}')],
    ['null', frame('null')],
    ['an array', frame('[1]')],
    ['no JSON', frame('not json')],
    ['an address that is none', frame('{"version":1,"system":"shop","token":"secret","self":{"index":"1"}}')],
  ])('a connection that says garbage is closed at once: %s', async (_, garbage) => {
    await world.dispose();
    world = socketWorld(20_000);
    const before = performance.now();
    await stranger((socket) => socket.write(garbage));
    expect(performance.now() - before).toBeLessThan(15_000);
  });

  test('a handshake larger than its bound is closed', async () => {
    await stranger((socket) => socket.write(frame(JSON.stringify(handshakeOf(2, { system: 'x'.repeat(5000) })))));
  });

  test('a handshake that comes byte by byte is understood', async () => {
    let far: Diary | undefined;
    const path = await world.host().listen(handshakeOf(1), (link) => {
      far = new Diary(link);
    });
    const socket = createConnection(path);
    for (const byte of encodeHandshake(handshakeOf(2))) {
      socket.write(new Uint8Array([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => far !== undefined, 'the link');
    socket.destroy();
  });

  test('one that accepts but never answers makes connect fail after the time-out', async () => {
    const path = join(world.folder, 'mute.sock');
    const server = createServer(() => {}).listen(path);
    await expect(world.host().connect(path, handshakeOf(2), { index: 1, incarnation: 1 })).rejects.toMatchObject({
      code: 'ACTOR_UNAVAILABLE',
      message: 'no link to process 1.1: silence for 400 ms',
    });
    server.close();
  });

  test('the socket file is named after the process and is gone after close', async () => {
    const host = world.host();
    const path = await host.listen(handshakeOf(5), () => {});
    expect(path).toBe(join(world.folder, '5.1.sock'));
    expect(existsSync(path)).toBe(true);
    await host.close();
    expect(existsSync(path)).toBe(false);
  });

  test('a path that is too long for a socket is refused with its length', async () => {
    const network = new SocketNetwork({ clock: eventLoopClock, folder: `/tmp/${'d'.repeat(100)}`, frameBytesMax: 100 });
    await expect(network.listen(handshakeOf(1), () => {})).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('at most 107 bytes; got 114'),
    });
  });

  test('a zero length breaks the link with an error', async () => {
    const [near, far] = await pair(world);
    near.link.write(new Uint8Array(4));
    await far.ended();
    expect(far.error?.message).toContain('got 0');
  });

  test('an owner that throws loses its link, not its process', async () => {
    const [near, far] = await pair(world);
    far.goOn = () => {
      throw new Error('owner');
    };
    near.link.write(frame('a'));
    await Promise.all([far.ended(), near.ended()]);
    expect(far.error?.message).toBe('owner');
  });
});

describe('a process killed with SIGKILL', () => {
  let world: SocketWorld;
  beforeEach(() => {
    world = socketWorld();
  });
  afterEach(() => world.dispose());

  /** Another process that links, writes `count` frames, more than one read takes, and says so. */
  async function writer(count: number, read: boolean): Promise<{ far: Diary; kill: () => Promise<void> }> {
    let far: Diary | undefined;
    const path = await world.host().listen(handshakeOf(1), (link) => {
      far = new Diary(link);
      // Reads nothing for now.
      far.goOn = () => false;
    });
    const script = `
      const net = require('node:net');
      const socket = net.connect(${JSON.stringify(path)});
      const frame = (text) => { const b = Buffer.alloc(4 + text.length); b.writeUInt32LE(text.length); b.write(text, 4); return b; };
      socket.write(Buffer.from(${JSON.stringify(Buffer.from(encodeHandshake(handshakeOf(2))).toString('base64'))}, 'base64'));
      socket.once('data', () => {
        ${read ? '' : 'socket.pause(); setInterval(() => {}, 1000);'}
        const all = []; for (let i = 0; i < ${count}; i++) all.push(frame(String(i).padStart(30)));
        socket.write(Buffer.concat(all), () => process.stdout.write('written'));
      });
    `;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await until(() => far !== undefined, 'the link');
    const kill = async (): Promise<void> => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    };
    return { far: far as Diary, kill };
  }

  test('everything it got written is read, then the end', async () => {
    const { far, kill } = await writer(5000, true);
    await far.has(1);
    await kill();
    await someTurns();
    expect([far.frames.length, far.ends]).toEqual([1, 0]);
    far.goOn = () => true;
    far.link.resume();
    await far.ended();
    expect(far.frames).toEqual(Array.from({ length: 5000 }, (_, i) => String(i).padStart(30)));
    expect([far.ends, far.error]).toEqual([1, undefined]);
  });

  test('also where this side had written to it in vain before', async () => {
    const { far, kill } = await writer(5000, false);
    await far.has(1);
    fill(far.link, 'w'.repeat(1000));
    await kill();
    await someTurns();
    for (let i = 0; i < 3; i++) far.link.write(frame('in vain'));
    await someTurns();
    expect([far.frames.length, far.ends]).toEqual([1, 0]);
    expect(far.link.blocked).toBe(true);
    far.link.close();
    await someTurns();
    far.goOn = () => true;
    far.link.resume();
    await far.ended();
    expect(far.framesAtEnd).toBe(5000);
    expect([far.ends, far.error]).toEqual([1, undefined]);
  });

  test('also where it leaves unread what was written to it', async () => {
    const { far, kill } = await writer(5000, false);
    await far.has(1);
    for (let i = 0; i < 200; i++) far.link.write(frame('w'.repeat(1000)));
    await kill();
    await someTurns();
    expect([far.frames.length, far.ends]).toEqual([1, 0]);
    for (let i = 1; i < 5000; i++) {
      far.link.resume();
      await far.has(i + 1);
    }
    far.link.resume();
    await far.ended();
    expect([far.framesAtEnd, far.ends, far.error]).toEqual([5000, 1, undefined]);
  });

  test('also where the first write after its death comes before the first read', async () => {
    const { far, kill } = await writer(5000, true);
    await far.has(1);
    await kill();
    far.goOn = () => true;
    far.link.resume();
    far.link.write(frame('in vain'));
    await far.ended();
    expect(far.framesAtEnd).toBe(5000);
  });
});

test(`a greeting is waited for ${HANDSHAKE_TIMEOUT_MS} ms where nothing else is said`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-'));
  const clock = new VirtualClock();
  const network = new SocketNetwork({ clock, folder, frameBytesMax: FRAME_BYTES_MAX });
  const path = join(folder, '1.1.sock');
  const server = createServer(() => {}).listen(path);
  await once(server, 'listening');
  let fault: unknown;
  const failed = network.connect(path, handshakeOf(2), { index: 1, incarnation: 1 }).catch((error) => (fault = error));
  await once(server, 'connection');
  await clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
  expect(fault).toBeUndefined();
  await clock.advance(1);
  await failed;
  expect(fault).toMatchObject({ message: `no link to process 1.1: silence for ${HANDSHAKE_TIMEOUT_MS} ms` });
  server.close();
  await network.close();
  rmSync(folder, { recursive: true, force: true });
});
