/**
 * machines — frames over one link between two processes: by TCP and mutual TLS 1.3 on the loopback, as between machines, and (`--part unix`) by a
 * unix socket, as between processes of one machine. Frames are written one by one and checked, all of them, by the one who reads.
 */
import { Buffer } from 'node:buffer';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { register } from 'tsx/esm/api';
import { cpuMicros, immediate, mustBe, Program } from '../harness/measure.mjs';

register();
const { newAuthority } = await import('../../src/machine-links/authority.ts');
const { issueCredentials } = await import('../../src/machine-links/credentials.ts');
const { TlsMachineNetwork } = await import('../../src/machine-links/tls-machine-network.ts');
const { systemClock } = await import('../../src/vocabulary/system-clock.ts');
const { WIRE_VERSION } = await import('../../src/wire/link.ts');
const { SocketNetwork } = await import('../../src/wire/socket-network.ts');

const HEAD_BYTES = 4;
const SMALL_BYTES = 100;
const LARGE_BYTES = 64 * 1024;
const BYTES_MAX = 1024 * 1024;
const FRAMES_AT_ONCE = 256;

/** A frame with a number, so that the reader can tell a lost, doubled or swapped one. */
function frame(number, bytes) {
  const made = Buffer.allocUnsafe(HEAD_BYTES + bytes);
  made.writeUInt32LE(bytes, 0);
  made.writeUInt32LE(number, HEAD_BYTES);
  return made;
}

const log = { debug() {}, info() {}, warn() {}, error: console.error };

/** One end: listens, or links to where the other one listens. */
function ends(part, seed) {
  const clock = systemClock();
  if (part === 'unix') {
    const network = new SocketNetwork({ clock, folder: seed.folder, frameBytesMax: BYTES_MAX });
    const handshake = (index) => ({
      version: WIRE_VERSION,
      system: 'bench',
      token: 'x',
      self: { index, incarnation: 1 },
    });
    return {
      listen: (accept) => network.listen(handshake(1), accept),
      connect: (path) => network.connect(path, handshake(2), { index: 1, incarnation: 1 }),
    };
  }
  const network = (machine) =>
    new TlsMachineNetwork({
      ...{ clock, log, cluster: 'bench', process: 0, incarnation: 1, frameBytesMax: BYTES_MAX },
      credentials: issueCredentials(seed.authority, 'bench', machine, Date.now()),
      address: { advertise: undefined, databaseUrl: 'postgres:///x?host=/' },
    });
  return {
    listen: (accept) => network('a').listen(({ link }) => accept(link)),
    connect: async (address) => (await network('b').connect(address, 'a')).link,
  };
}

/** Reads all, and answers a frame of its own kind: how many came, or that one at once. */
function serve(link) {
  let next = 0;
  link.listener = {
    onFrame(bytes) {
      const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (bytes.byteLength === HEAD_BYTES) link.write(frame(number, HEAD_BYTES));
      else if (number !== next++) throw new Error(`frame ${next - 1} carries ${number}`);
      return true;
    },
    onDrain() {},
    onEnd: () => process.exit(),
  };
  process.on('message', () => {
    process.send({ came: next, cpu: cpuMicros() });
    next = 0;
  });
}

const { part = 'tls' } = new Program().options;
const program = new Program(part === 'unix' ? 'link by unix socket' : 'link by TLS');
if (process.env.LINK_SEED !== undefined) {
  process.send(await ends(part, JSON.parse(process.env.LINK_SEED)).listen(serve));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  const seed = { folder, authority: newAuthority('bench', Date.now()) };
  const env = { ...process.env, LINK_SEED: JSON.stringify(seed) };
  const other = fork(new URL(import.meta.url), process.argv.slice(2), { env });
  const heard = () => new Promise((resolve) => other.once('message', resolve));
  const link = await ends(part, seed).connect(await heard());
  let drained = () => {};
  let answered = () => {};
  const read = () => {
    answered();
    return true;
  };
  link.listener = { onFrame: read, onDrain: () => drained(), onEnd() {} };

  const asked = () => {
    const answer = heard();
    other.send('count');
    return answer;
  };
  const trip = () => {
    link.write(frame(0, HEAD_BYTES));
    return new Promise((resolve) => {
      answered = resolve;
    });
  };
  const frames = (bytes) => async (n) => {
    const cpu = cpuMicros() + (await asked()).cpu;
    const start = performance.now();
    for (let at = 0; at < n; at++) {
      if (!link.write(frame(at, bytes))) await new Promise((resolve) => (drained = resolve));
      else if (at % FRAMES_AT_ONCE === 0) await immediate();
    }
    await trip();
    const seconds = (performance.now() - start) / 1_000;
    const { came, cpu: after } = await asked();
    mustBe(n, came, 'frames');
    return { seconds, cpuMicros: cpuMicros() + after - cpu };
  };
  await program.rate('machines', `link frames of ${SMALL_BYTES} bytes`, 'frames/s', frames(SMALL_BYTES));
  await program.rate('machines', `link frames of ${LARGE_BYTES / 1024} KiB`, 'frames/s', frames(LARGE_BYTES), {
    first: 100,
    most: 1e6,
  });
  await program.latency('machines', 'link round trip', trip);
  link.destroy();
  other.disconnect();
  rmSync(folder, { recursive: true, force: true });
}
