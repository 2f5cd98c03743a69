/**
 * The limit between two processes: frames of flat batches over a Unix socket, delivered through a mailbox; the least that
 * could do it, without names, supervision, bounds, credits or an inspection of what is sent.
 *
 *   --part msgpackr   the general codec       --part polling   … asking for more 200 µs long before it sleeps
 *   --part layout     a layout written by hand for this one message
 */
import { Buffer } from 'node:buffer';
import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import {
  bursts,
  cpuMicros,
  immediate,
  kilobyte,
  mustBe,
  Program,
  small,
  Tally,
  windowed,
} from '../harness/measure.mjs';

const ENTRIES = 1_024;
const HIGH = 1 << 20;
const POLL_MS = 0.2;
const LAYOUT_BYTES = 64 * 1024;
const REPLY = 0;
const ROUTE = 7;

/** Entries of [route, correlation, message], packed together. */
class PackedBatches {
  packr = new Packr({ useRecords: true, sequential: true });
  unpackr = new Packr({ useRecords: true, sequential: true });
  batch = [];

  add(route, correlation, message) {
    return this.batch.push(route, correlation, message) >= 3 * ENTRIES;
  }

  take() {
    if (this.batch.length === 0) return undefined;
    const bytes = this.packr.pack(this.batch, RESERVE_START_SPACE | 4);
    this.batch = [];
    return bytes;
  }

  read(bytes, start, end, entry) {
    const batch = this.unpackr.unpack(bytes, { start, end });
    for (let at = 0; at < batch.length; at += 3) entry(batch[at], batch[at + 1], batch[at + 2]);
  }
}

/** Nine bytes for { type: 'inc', n }; all else as JSON. */
class HandLaidBatches {
  bytes = Buffer.allocUnsafeSlow(LAYOUT_BYTES);
  end = 4;

  add(route, correlation, message) {
    const { bytes, end } = this;
    if (message.type === 'inc' && message.data === undefined) {
      bytes[end] = 1;
      bytes.writeUInt32LE(route, end + 1);
      bytes.writeInt32LE(message.n, end + 5);
      this.end = end + 9;
    } else {
      const text = JSON.stringify([route, correlation, message]);
      bytes[end] = 2;
      bytes.writeUInt32LE(bytes.write(text, end + 5, 'latin1'), end + 1);
      this.end = end + 5 + text.length;
    }
    return this.end > LAYOUT_BYTES - 2_048;
  }

  take() {
    if (this.end === 4) return undefined;
    const frame = this.bytes.subarray(0, this.end);
    this.bytes = Buffer.allocUnsafeSlow(LAYOUT_BYTES);
    this.end = 4;
    return frame;
  }

  read(bytes, start, end, entry) {
    for (let at = start; at < end; ) {
      if (bytes[at] === 1) {
        entry(bytes.readUInt32LE(at + 1), 0, { type: 'inc', n: bytes.readInt32LE(at + 5) });
        at += 9;
      } else {
        const length = bytes.readUInt32LE(at + 1);
        entry(...JSON.parse(bytes.latin1Slice(at + 5, at + 5 + length)));
        at += 5 + length;
      }
    }
  }
}

class End {
  constructor(socket, part) {
    this.socket = socket;
    this.batches = part === 'layout' ? new HandLaidBatches() : new PackedBatches();
    this.polls = part === 'polling';
    this.tally = new Tally();
    this.asked = new Map();
    this.correlation = 0;
    // What came of a frame that is not whole yet: its parts, their length, and how long they must be.
    this.parts = [];
    this.have = 0;
    this.want = 4;
    this.mail = [];
    this.entry = (route, correlation, message) => this.arrived(route, correlation, message);
    socket.on('data', (chunk) => this.chunk(chunk));
    socket.on('error', () => {});
  }

  send(route, correlation, message) {
    if (this.batches.add(route, correlation, message)) this.flush();
    else if (!this.armed) {
      this.armed = true;
      queueMicrotask(() => this.flush());
    }
  }

  flush() {
    this.armed = false;
    const frame = this.batches.take();
    if (frame === undefined) return;
    frame.writeUInt32LE(frame.length - 4, 0);
    this.socket.write(frame);
  }

  chunk(chunk) {
    this.parts.push(chunk);
    this.have += chunk.length;
    if (this.have < this.want) return;
    const bytes = this.parts.length === 1 ? chunk : Buffer.concat(this.parts);
    let at = 0;
    this.want = 4;
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readUInt32LE(at);
      this.want = end - at;
      if (end > bytes.length) break;
      this.want = 4;
      this.batches.read(bytes, at + 4, end, this.entry);
      at = end;
    }
    this.parts = at < bytes.length ? [bytes.subarray(at)] : [];
    this.have = bytes.length - at;
    if (this.polls) this.poll();
  }

  poll() {
    this.pollUntil = performance.now() + POLL_MS;
    if (this.isPolling) return;
    this.isPolling = true;
    const again = () => {
      if (performance.now() < this.pollUntil) setImmediate(again);
      else this.isPolling = false;
    };
    setImmediate(again);
  }

  arrived(route, correlation, message) {
    if (route === REPLY) {
      this.asked.get(correlation)(message);
      this.asked.delete(correlation);
      return;
    }
    this.mail.push(correlation, message);
    if (this.mail.length === 2) queueMicrotask(() => this.handleAll());
  }

  handleAll() {
    const { mail } = this;
    this.mail = [];
    for (let at = 0; at < mail.length; at += 2) this.handle(mail[at], mail[at + 1]);
  }

  handle(correlation, message) {
    if (message.type === 'inc') this.tally.add(message.n);
    else if (message.type === 'take') this.send(REPLY, correlation, { n: this.tally.take() });
    else if (message.type === 'cpu') this.send(REPLY, correlation, { n: cpuMicros() });
    else this.send(REPLY, correlation, { n: message.n });
  }

  ask(message) {
    return new Promise((resolve) => {
      this.asked.set(++this.correlation, resolve);
      this.send(ROUTE, this.correlation, message);
      if (this.polls) this.poll();
    });
  }

  async tells(n, message) {
    const send = (at) => {
      this.send(ROUTE, 0, message(at));
      return (at & 255) !== 0 || this.socket.writableLength < HIGH;
    };
    const drained = async () => {
      while (this.socket.writableLength >= HIGH) await immediate();
    };
    await bursts(n, send, drained);
    mustBe(n, (await this.ask({ type: 'take' })).n);
  }
}

async function timed(end, work) {
  const cpu = cpuMicros() + (await end.ask({ type: 'cpu' })).n;
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, cpuMicros: cpuMicros() + (await end.ask({ type: 'cpu' })).n - cpu };
}

const names = { msgpackr: 'bare frames', polling: 'bare frames, polling', layout: 'hand-laid frames' };
const { part = 'msgpackr' } = new Program().options;
const program = new Program(names[part]);
if (process.env.SOCKET_PATH !== undefined) {
  const server = createServer((socket) => {
    const end = new End(socket, part);
    process.on('message', async ({ tellsBack }) => {
      await end.tells(tellsBack, small);
      process.send('sent');
    });
  });
  server.listen(process.env.SOCKET_PATH, () => process.send('ready'));
  process.on('disconnect', () => process.exit());
} else {
  const path = `/tmp/troupe-bench-${process.pid}.sock`;
  const other = fork(new URL(import.meta.url), process.argv.slice(2), { env: { ...process.env, SOCKET_PATH: path } });
  const heard = () => new Promise((resolve) => other.once('message', resolve));
  await heard();
  const socket = connect(path);
  await new Promise((resolve) => socket.once('connect', resolve));
  const end = new End(socket, part);
  await program.rate('S4', 'tell small', 'msg/s', (n) => timed(end, () => end.tells(n, small)));
  await program.rate('S4', 'tell 1 KB', 'msg/s', (n) => timed(end, () => end.tells(n, kilobyte)), { most: 2e6 });
  const bothWays = (n) =>
    timed(end, async () => {
      other.send({ tellsBack: n });
      await Promise.all([heard(), end.tells(n, small)]);
    });
  await program.rate('S4', 'tell small, both ways', 'msg/s', bothWays, { per: 2, most: 1e7 });
  await program.latency('S5', 'ask', () => end.ask({ type: 'echo', n: 1 }));
  const echo = async (at) => mustBe(at & 127, (await end.ask({ type: 'echo', n: at & 127 })).n);
  await program.rate('S5', 'ask, 256 in flight', 'asks/s', (n) => timed(end, () => windowed(n, 256, echo)));
  socket.destroy();
  other.disconnect();
  rmSync(path, { force: true });
}
