/** Who is not let in, and how links end that a network, not a machine, spoils. */
import { spawn } from 'node:child_process';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, newAuthority } from '../../../src/machine-links/authority.ts';
import { CERTIFICATE_MS, issueCredentials } from '../../../src/machine-links/credentials.ts';
import { parseMachineAddress } from '../../../src/machine-links/machine-address.ts';
import { MACHINE_STRANGERS_MAX } from '../../../src/machine-links/machine-listener.ts';
import type { MachineCredentials } from '../../../src/machine-links/machine-network.ts';
import {
  LOOKS_MAX,
  MACHINE_HANDSHAKE_MS,
  MACHINE_SILENT_MS,
  type TlsMachineNetwork,
} from '../../../src/machine-links/tls-machine-network.ts';
import { REFUSALS_MAX } from '../../../src/observe/strangers.ts';
import type { Clock } from '../../../src/vocabulary/clock.ts';
import { encodeGreeting } from '../../../src/wire/handshake.ts';
import { WIRE_VERSION } from '../../../src/wire/link.ts';
import { TcpProxy } from '../../postgres/tcp-proxy.ts';
import { eventLoopClock, someTurns, until } from '../wire/event-loop-clock.ts';
import { Diary, frame } from '../wire/link-conformance.ts';
import { encodeWanted, WANTED_BYTES } from '../../../src/machine-links/wanted-worker.ts';
import { failure, listening, master } from './machine-conformance.ts';
import { type TlsWorld, tlsWorld } from './tls-world.ts';

const WRITER = fileURLToPath(new URL('./writing-machine.ts', import.meta.url));
const HANDSHAKE_MS = 200;
const SILENT_MS = 200;
const DAY_MS = 86_400_000;

let world: TlsWorld;
let closing: (() => unknown)[] = [];
beforeEach(() => {
  world = tlsWorld({ silentMs: SILENT_MS });
});
afterEach(async () => {
  await world.dispose();
  for (const close of closing.splice(0)) await close();
  closing = [];
});

async function machineA(handshakeMs = 5_000): Promise<{ network: TlsMachineNetwork; address: string; far: Diary[] }> {
  const network = world.host(master('a'), {}, { handshakeMs });
  const far: Diary[] = [];
  const { address } = await listening(network, ({ link }) => far.push(new Diary(link)));
  return { network, address, far };
}

function dialRaw(address: string, { machine: _, certificate, key, authority }: MachineCredentials): TLSSocket {
  return secured(address, { cert: certificate, key, ca: authority });
}

function secured(address: string, options: ConnectionOptions): TLSSocket {
  const place = parseMachineAddress(address);
  const socket = connectTls({ ...place, checkServerIdentity: () => undefined, ...options });
  socket.on('error', () => {});
  closing.push(() => socket.destroy());
  return socket;
}

function plain(address: string): Socket {
  const socket = createConnection(parseMachineAddress(address));
  socket.on('error', () => {});
  closing.push(() => socket.destroy());
  return socket;
}

const closed = (socket: Socket): Promise<unknown> => {
  socket.resume();
  return new Promise((resolve) => socket.once('close', resolve));
};

const HELLO = {
  ...{ troupe: 'machine', version: WIRE_VERSION, cluster: 'troupe', machine: 'b', process: 0, incarnation: 1 },
  ...{ to: 'a', wants: 'link' },
};

describe('a machine is not let in', () => {
  test('with a certificate of another authority: the one who dials sees it', async () => {
    const { address, far } = await machineA();
    const other = issueCredentials(newAuthority('troupe', Date.now()), 'troupe', 'b', Date.now());
    const error = await failure(world.host(master('b'), {}, { credentials: other }).connect(address, 'a'));
    expect(error.code).toBe('INVALID_OPTIONS');
    expect(error.message).toMatch(
      /^no link to the machine a at 127\.0\.0\.1:\d+: its certificate is not of this cluster: [A-Z_]+$/,
    );
    expect(far).toEqual([]);
  });

  test('with a certificate of another authority: the one who is dialled closes, counts, and says so once', async () => {
    const { network, address, far } = await machineA();
    const { authority } = world.credentials('b');
    const other = issueCredentials(newAuthority('troupe', Date.now()), 'troupe', 'b', Date.now());
    for (let n = 1; n <= 3; n++) await closed(dialRaw(address, { ...other, authority }));
    await until(() => network.refusals.certificate === 3, 'three refusals');
    expect(world.lines).toEqual([
      {
        ...{ refused: 1, counts: expect.objectContaining({ certificate: 1 }), cause: 'certificate' },
        ...{ address: '127.0.0.1', text: expect.stringContaining('its certificate, of b in troupe, is not of this') },
      },
    ]);
    expect(far).toEqual([]);
  });

  test('with a certificate that another machine has signed', async () => {
    const { network, address, far } = await machineA();
    const c = world.credentials('c');
    const forged = issueCredentials({ certificates: c.certificate, key: c.key }, 'troupe', 'b', Date.now());
    const chain = { ...forged, certificate: forged.certificate + c.certificate, authority: c.authority };
    await closed(dialRaw(address, chain));
    expect([network.refusals.certificate, far]).toEqual([1, []]);
  });

  test('without a certificate', async () => {
    const { network, address, far } = await machineA();
    await closed(secured(address, { ca: world.credentials('b').authority }));
    expect(network.refusals.certificate).toBe(1);
    expect(world.lines[0]).toMatchObject({ text: 'it showed no certificate' });
    expect(far).toEqual([]);
  });

  test.each([
    ['has expired', -CERTIFICATE_MS - DAY_MS, 'CERT_HAS_EXPIRED'],
    ['does not count yet', 2 * DAY_MS, 'CERT_NOT_YET_VALID'],
  ])('with a certificate that %s; both ends say why', async (_, ms, reason) => {
    const { network, address, far } = await machineA();
    const credentials = world.credentials('b', Date.now() + ms);
    const error = await failure(world.host(master('b'), {}, { credentials }).connect(address, 'a'));
    expect([error.code, error.message]).toEqual([
      'FORBIDDEN',
      `its certificate, of b in troupe, is not of this cluster: ${reason}`,
    ]);
    expect(network.refusals.certificate).toBe(1);
    expect(world.lines[0]).toMatchObject({ text: error.message });
    expect(far).toEqual([]);
  });

  test('and does not link to one whose certificate has expired', async () => {
    const credentials = world.credentials('a', Date.now() - CERTIFICATE_MS - DAY_MS);
    const { address } = await listening(world.host(master('a'), {}, { credentials }));
    const error = await failure(world.host(master('b')).connect(address, 'a'));
    expect(error.message).toContain(': its certificate is not of this cluster: CERT_HAS_EXPIRED');
  });

  test('that greets as another one than its certificate says', async () => {
    const { network, address, far } = await machineA();
    const socket = dialRaw(address, world.credentials('c'));
    socket.write(encodeGreeting(HELLO));
    await closed(socket);
    expect(network.refusals.name).toBe(1);
    expect(world.lines[0]).toMatchObject({ cause: 'name', text: 'the machine c says that it is b' });
    expect(far).toEqual([]);
  });

  test('that greets for another cluster than its certificate says', async () => {
    const { network, address, far } = await machineA();
    const socket = dialRaw(address, world.credentials('b'));
    socket.write(encodeGreeting({ ...HELLO, cluster: 'bank' }));
    await closed(socket);
    expect([network.refusals.cluster, far]).toEqual([1, []]);
  });

  test('that looks for one which had this address before', async () => {
    const { network, address, far } = await machineA();
    const socket = dialRaw(address, world.credentials('b'));
    socket.write(encodeGreeting({ ...HELLO, to: 'z' }));
    await closed(socket);
    expect([network.refusals.name, far]).toEqual([1, []]);
  });

  test.each([
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n'],
    ['an empty object', frame('{}')],
    ['null', frame('null')],
    ['no JSON', frame('not json')],
    ['a process that is none', encodeGreeting({ ...HELLO, process: '1' })],
    ['a wish that is none', encodeGreeting({ ...HELLO, wants: 'all' })],
    ['a look at nowhere', encodeGreeting({ ...HELLO, wants: { machine: 'b' } })],
    ['a greeting beyond its bound', frame(JSON.stringify({ ...HELLO, to: 'x'.repeat(5_000) }))],
  ])('that says garbage behind TLS, at once: %s', async (_, garbage) => {
    const { network, address, far } = await machineA();
    const before = performance.now();
    const socket = dialRaw(address, world.credentials('b'));
    socket.write(garbage);
    await closed(socket);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect([network.refusals.bytes, far]).toEqual([1, []]);
  });

  test('that says garbage instead of TLS, or speaks an older TLS', async () => {
    const { network, address } = await machineA();
    const garbage = plain(address);
    garbage.write('GET / HTTP/1.1\r\n\r\n');
    await closed(garbage);
    const { certificate: cert, key, authority: ca } = world.credentials('b');
    await closed(secured(address, { cert, key, ca, maxVersion: 'TLSv1.2' }));
    expect(network.refusals.tls).toBe(2);
  });

  test('that is slow: silent before TLS, silent behind it, or a byte now and then', async () => {
    const { network, address } = await machineA(HANDSHAKE_MS);
    const before = performance.now();
    const slow = dialRaw(address, world.credentials('b'));
    const drip = setInterval(() => slow.write(new Uint8Array([1])), 20);
    closing.push(() => clearInterval(drip));
    const mute = dialRaw(address, world.credentials('b'));
    await Promise.all([closed(plain(address)), closed(mute), closed(slow)]);
    const took = performance.now() - before;
    expect(took).toBeGreaterThan(HANDSHAKE_MS - 20);
    expect(took).toBeLessThan(2_000);
    expect(network.refusals).toMatchObject({ tls: 1 });
    expect(network.refusals.silence + network.refusals.bytes).toBe(2);
  });

  test('that wants a worker and says too little, too much, or nonsense', async () => {
    const { network, address } = await machineA(HANDSHAKE_MS);
    world.host({ machine: 'a', process: 1, incarnation: 1 }).take(() => {});
    const words = encodeWanted({ process: 1, incarnation: 1 });
    const short = plain(address);
    short.write(words.subarray(0, WANTED_BYTES - 1));
    const long = plain(address);
    long.write(Buffer.concat([words, Buffer.of(22)]));
    const senseless = plain(address);
    senseless.write(Buffer.concat([words.subarray(0, 8), Buffer.alloc(8, 255)]));
    await Promise.all([closed(short), closed(long), closed(senseless)]);
    expect(network.refusals).toMatchObject({ tls: 1, bytes: 2 });
  });

  test('that wants a worker, gets to it, and says nothing more', async () => {
    const { network, address } = await machineA(HANDSHAKE_MS);
    const worker = world.host({ machine: 'a', process: 1, incarnation: 1 }, {}, { handshakeMs: HANDSHAKE_MS });
    worker.take(() => {});
    const mute = plain(address);
    mute.write(encodeWanted({ process: 1, incarnation: 1 }));
    const gone = plain(address);
    gone.write(encodeWanted({ process: 1, incarnation: 2 }));
    await Promise.all([closed(mute), closed(gone)]);
    expect(network.refusals).toMatchObject({ tls: 0, bytes: 0 });
    expect(worker.refusals).toMatchObject({ tls: 1 });
  });

  test('beyond so many that have not said who they are; links go on', async () => {
    const { network, address, far } = await machineA();
    const near = new Diary((await world.host(master('b')).connect(address, 'a')).link);
    const strangers = Array.from({ length: MACHINE_STRANGERS_MAX }, () => plain(address));
    await Promise.all(strangers.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    await closed(plain(address));
    expect(network.refusals.full).toBe(1);
    near.link.write(frame('goes on'));
    await until(() => far[0]?.frames.length === 1, 'the frame');
    for (const socket of strangers) socket.destroy();
    await someTurns(3);
    await world.host(master('c')).connect(address, 'a');
    expect(network.refusals.full).toBe(1);
  });

  test('where it said garbage again and again, for a while', async () => {
    const { network, address } = await machineA();
    for (let n = 0; n <= REFUSALS_MAX; n++) {
      const socket = plain(address);
      socket.write('garbage, and more of it than a record of TLS has in its head');
      await closed(socket);
    }
    expect(network.refusals).toMatchObject({ tls: REFUSALS_MAX, rate: 1 });
  });
});

test('machines of two authorities link while each trusts both: one follows another', async () => {
  const now = Date.now();
  const [old, next] = [newAuthority('troupe', now), newAuthority('troupe', now)];
  const trusting = (first: Authority, second: Authority): Authority => ({
    certificates: first.certificates + second.certificates,
    key: first.key,
  });
  const a = issueCredentials(trusting(old, next), 'troupe', 'a', now);
  const b = issueCredentials(trusting(next, old), 'troupe', 'b', now);
  const { address, links } = await listening(world.host(master('a'), {}, { credentials: a }));
  await world.host(master('b'), {}, { credentials: b }).connect(address, 'a');
  await until(() => links.length === 1, 'the link');
  const stranger = issueCredentials(next, 'troupe', 'c', now);
  const error = await failure(world.host(master('c'), {}, { credentials: stranger }).connect(address, 'a'));
  expect(error.message).toContain('its certificate is not of this cluster');
});

describe('the one who dials', () => {
  test('waits for one that takes the connection and says nothing, and no longer than that', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    closing.push(() => server.close());
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const b = world.host(master('b'), {}, { handshakeMs: HANDSHAKE_MS });
    const error = await failure(b.connect(address, 'a'));
    expect(error.message).toBe(`no link to the machine a at ${address}: no answer within ${HANDSHAKE_MS} ms`);
  });

  test('gives up at once where it is closed', async () => {
    const { address } = await machineA();
    const proxy = await proxied(address);
    proxy.stall('from');
    const b = world.host(master('b'));
    const asked = failure(b.connect(addressOf(proxy), 'a'));
    await someTurns(5);
    await b.close();
    expect((await asked).message).toContain('this end was closed');
    expect((await failure(b.connect(address, 'a'))).message).toContain('this end was closed');
  });

  test('is refused where so many are looked at because they join', async () => {
    const { address } = await machineA();
    const proxy = await proxied(address);
    // Nobody answers there: each look lasts until it is given up.
    proxy.stall('from');
    const b = world.host(master('b'));
    const texts: string[] = [];
    const asked = Array.from({ length: LOOKS_MAX + 1 }, async () => {
      texts.push((await failure(b.checkReach(address, 'a', addressOf(proxy)))).message);
    });
    await until(() => texts.length > 0, 'a refusal');
    expect(texts).toEqual([`${LOOKS_MAX} machines are looked at already; try again`]);
    await b.close();
    await Promise.all(asked);
  });

  test('is told of the way between two others, each way for itself', async () => {
    const [a, c] = [await machineA(), await listening(world.host(master('c')))];
    const b = world.host(master('b'));
    const [toA, toC] = [
      { machine: 'a', address: a.address },
      { machine: 'c', address: c.address },
    ];
    await b.checkPair(toA, toC);
    await a.network.close();
    await b.checkPair({ machine: 'b', address: '' }, toC);
    const error = await failure(b.checkPair(toC, toA));
    expect(error.message).toMatch(/^no link to the machine a at .*ECONNREFUSED/);
  });

  test.each(['127.0.0.1', ':80', 'host:0', 'host:65536', 'a:b:80', 'host:x'])('is told of a bad address: %s', (bad) =>
    expect(() => parseMachineAddress(bad)).toThrow(`the address of a machine is host:port; got ${bad}`),
  );
});

describe('the address', () => {
  test('is the one that is given, at that port', async () => {
    const { address } = await machineA();
    const { port } = parseMachineAddress(address);
    const taken = { advertise: `db.example:${port}`, databaseUrl: '' };
    const error = await failure(world.host(master('b'), {}, { address: taken }).listen(() => {}));
    expect([error.code, error.message]).toEqual([
      'INVALID_OPTIONS',
      expect.stringMatching(/^cluster\.advertise: expected all addresses, port \d+, to be free; got .*EADDRINUSE/),
    ]);
    const server = createServer().listen(0);
    await new Promise((resolve) => server.once('listening', resolve));
    const free = (server.address() as AddressInfo).port;
    await new Promise((resolve) => server.close(resolve));
    const given = { advertise: `localhost:${free}`, databaseUrl: '' };
    expect(await world.host(master('c'), {}, { address: given }).listen(() => {})).toBe(`localhost:${free}`);
    await world.host(master('b')).connect(`localhost:${free}`, 'c');
  });

  test('is found by the way to the database, or said to be needed', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const of = (databaseUrl: string) => ({ address: { advertise: undefined, databaseUrl } });
    const found = world.host(master('a'), {}, of(`postgres://u:secret@127.0.0.1:${port}/x`));
    expect(await found.listen(() => {})).toMatch(/^127\.0\.0\.1:\d+$/);
    await new Promise((resolve) => server.close(resolve));
    const lost = world.host(master('b'), {}, of(`postgres://u:secret@127.0.0.1:${port}/x`));
    const error = await failure(lost.listen(() => {}));
    expect(error.message).toMatch(
      /^the address of this machine is found by a connection to .*; give cluster\.advertise$/,
    );
    expect(error.message).not.toContain('secret');
  });
});

describe('a link that the network spoils', () => {
  test('cut in the middle of a frame gives the frames before it, and nothing of that one', async () => {
    const { near, far, proxy } = await linkedBy((address) => proxied(address));
    near.link.write(frame('whole'));
    await far.has(1);
    // Records of TLS have 16 KiB: the frame is several, and the proxy keeps the rest.
    proxy.stall('to');
    near.link.write(frame('x'.repeat(1_000_000)));
    await someTurns(5);
    proxy.cut();
    await Promise.all([near.ended(), far.ended()]);
    expect(far.frames).toEqual(['whole']);
    // It may have been read: it is not sent again.
    expect(near.link.flushed).toBe(2);
  });

  test.each([
    ['changes a byte', (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)))],
    ['loses a piece', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 10), bytes.subarray(60)])],
    ['sends a piece twice', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
  ])('ends, without a gap in what was read, where a network %s', async (_, spoil) => {
    let spoils = false;
    const { near, far } = await linkedBy((address) => altering(address, (bytes) => (spoils ? spoil(bytes) : bytes)));
    near.link.write(frame('before'));
    await far.has(1);
    spoils = true;
    for (let n = 0; n < 5; n++) {
      near.link.write(frame(`${n} ${'y'.repeat(100)}`));
      await someTurns(1);
    }
    await Promise.all([near.ended(), far.ended()]);
    const read = far.frames.slice(1);
    expect(read.length).toBeLessThan(5);
    expect(read.map((text) => text[0])).toEqual(Array.from({ length: read.length }, (_, n) => `${n}`));
    // Known by the record itself, not by the silence behind it.
    expect(far.error).toMatchObject({ code: expect.stringMatching(/^ERR_SSL_/) });
  });

  test('that brings nothing more is given up at both ends in time', async () => {
    const { near, far, proxy } = await linkedBy((address) => proxied(address));
    proxy.stall('to', 'from');
    const before = performance.now();
    await Promise.all([near.ended(), far.ended()]);
    expect(performance.now() - before).toBeLessThan(5 * SILENT_MS);
    for (const { error } of [near, far]) expect(error?.message).toBe(`nothing came over the link for ${SILENT_MS} ms`);
  });

  test('that is open at one end only is given up by the end that is left', async () => {
    const { near, far, proxy } = await linkedBy((address) => altering(address, (bytes) => bytes));
    proxy.isForgetful = true;
    near.link.destroy();
    await someTurns(5);
    expect(far.ends).toBe(0);
    await far.ended();
    expect(far.error?.message).toBe(`nothing came over the link for ${SILENT_MS} ms`);
  });

  test('that is stalled with much to write is given up too', async () => {
    const { near, proxy } = await linkedBy((address) => proxied(address));
    proxy.stall('to', 'from');
    for (let n = 0; n < 10_000 && near.link.write(frame('z'.repeat(60_000))); n++);
    await near.ended();
    expect(near.error?.message).toBe(`nothing came over the link for ${SILENT_MS} ms`);
  });

  test('is not given up for idleness, and the owners see no beats', async () => {
    const { near, far } = await linkedBy((address) => proxied(address));
    near.link.write(frame('one'));
    await new Promise((resolve) => setTimeout(resolve, 2 * SILENT_MS));
    near.link.write(frame('two'));
    await far.has(2);
    expect([far.frames, near.frames, near.ends, far.ends]).toEqual([['one', 'two'], [], 0, 0]);
    await until(() => near.link.flushed === 2, 'two flushed frames');
    expect(far.link.flushed).toBe(0);
  });

  test('is not given up while its owner wants nothing for a long time', async () => {
    const { near, far } = await linkedBy((address) => proxied(address));
    far.goOn = () => false;
    for (const text of ['one', 'two']) near.link.write(frame(text));
    await new Promise((resolve) => setTimeout(resolve, 2 * SILENT_MS));
    expect([far.frames, near.ends, far.ends]).toEqual([['one'], 0, 0]);
    far.goOn = () => true;
    far.link.resume();
    await far.has(2);
  });
});

describe('a machine killed with SIGKILL', () => {
  // All of it has arrived: what does not fit into the kernel of the reader is lost with the writer, since TCP resets the connection.
  const FRAMES = 1_000;

  test.each([
    ['also where its own mail lies unread at it', true],
    ['where nothing was written to it', false],
  ])('is read to the end of what has arrived: %s', async (_, isWrittenTo) => {
    let far: Diary | undefined;
    const { address } = await listening(world.host(master('a')), ({ link }) => {
      far = new Diary(link);
      // Reads nothing more for now.
      far.goOn = () => false;
    });
    const seed = { address, credentials: world.credentials('b'), frames: FRAMES };
    const args = ['--import', 'tsx', WRITER, JSON.stringify(seed)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    closing.push(() => child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const diary = far as unknown as Diary;
    await diary.has(1);
    if (isWrittenTo) for (let n = 0; n < 200; n++) diary.link.write(frame('w'.repeat(1_000)));
    await someTurns(3);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect([diary.frames.length, diary.ends]).toEqual([1, 0]);
    diary.goOn = () => true;
    diary.link.resume();
    await diary.ended();
    expect(diary.frames).toEqual(Array.from({ length: FRAMES }, (_, n) => String(n).padStart(30)));
    expect(diary.error).toBeUndefined();
  });
});

async function proxied(address: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.open(parseMachineAddress(address).port);
  closing.push(() => proxy.close());
  return proxy;
}

/** A network that changes what goes to the server, and may forget one end of a connection without a word to the other. */
async function altering(
  address: string,
  alter: (bytes: Buffer) => Buffer,
): Promise<{ port: number; isForgetful: boolean }> {
  const server: Server = createServer((near) => {
    const far = plain(address);
    near.on('error', () => {});
    near.on('data', (bytes) => far.write(alter(bytes)));
    far.on('data', (bytes) => near.write(bytes));
    near.on('close', () => network.isForgetful || far.destroy());
    far.on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(() => server.close());
  const network = { port: (server.address() as AddressInfo).port, isForgetful: false };
  return network;
}

const addressOf = ({ port }: { port: number }): string => `127.0.0.1:${port}`;

async function linkedBy<P extends { port: number }>(
  network: (address: string) => Promise<P>,
): Promise<{ near: Diary; far: Diary; proxy: P }> {
  const { address, far } = await machineA();
  const proxy = await network(address);
  const near = new Diary((await world.host(master('b')).connect(addressOf(proxy), 'a')).link);
  await until(() => far.length === 1, 'the accepted link');
  return { near, far: far[0] as Diary, proxy };
}

describe('where nothing else is said', () => {
  /** Its seconds are over in a tenth of one. */
  const fast: Clock = {
    ...eventLoopClock,
    now: () => performance.now() * 10,
    setTimer: (ms, run) => eventLoopClock.setTimer(ms / 10, run),
  };

  test(`a greeting has ${MACHINE_HANDSHAKE_MS} ms, and a link that brings nothing ends after ${MACHINE_SILENT_MS} ms`, async () => {
    const usual = tlsWorld();
    closing.push(() => usual.dispose());
    const network = usual.host(master('a'), {}, { clock: fast });
    const { address } = await listening(network, () => {});
    let before = fast.now();
    await closed(dialRaw(address, usual.credentials('b')));
    expect(network.refusals.silence).toBe(1);
    expect(fast.now() - before).toBeGreaterThan(MACHINE_HANDSHAKE_MS - 500);

    const patient = { clock: fast, handshakeMs: 1_000_000 };
    const far: Diary[] = [];
    const other = await listening(usual.host(master('c'), {}, patient), ({ link }) => far.push(new Diary(link)));
    const proxy = await proxied(other.address);
    const { link } = await usual.host(master('b'), {}, patient).connect(addressOf(proxy), 'c');
    const near = new Diary(link);
    before = fast.now();
    proxy.stall('to', 'from');
    await near.ended();
    expect(near.error?.message).toBe(`nothing came over the link for ${MACHINE_SILENT_MS} ms`);
    expect(fast.now() - before).toBeGreaterThan(MACHINE_SILENT_MS / 2);
  });
});
