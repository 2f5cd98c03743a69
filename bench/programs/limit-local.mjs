/**
 * The limits of one process: an array and a loop; and the least that could be called actors, a mailbox and a run queue
 * without names, supervision, bounds or metrics.
 */
import { bursts, mustBe, Program, small, Tally, windowed } from '../harness/measure.mjs';

const array = new Program('array and loop');
if (array.wants('S1')) {
  const tally = new Tally();
  const handle = ({ type, n }) => type === 'inc' && tally.add(n);
  const run = (n) => {
    const queue = [];
    for (let sent = 0; sent < n; ) {
      const end = Math.min(n, sent + 10_000);
      while (sent < end) queue.push(small(sent++));
      for (const message of queue) handle(message);
      queue.length = 0;
    }
    mustBe(n, tally.take());
  };
  await array.rate('S1', 'tell', 'msg/s', run, { most: 2e8, first: 100_000 });
}

const TURNS = 1_000;
const SLICE = 20_000;
const ready = [];
let armed = false;

function slice() {
  for (let at = 0; at < ready.length; at++) {
    if (at === SLICE) {
      ready.splice(0, at);
      setImmediate(slice);
      return;
    }
    ready[at].run();
  }
  ready.length = 0;
  armed = false;
}

class Mailbox {
  constructor(handler) {
    this.handler = handler;
    this.mail = [];
    this.queued = false;
  }

  tell(message, from) {
    this.mail.push(message, from);
    if (!this.queued) this.enqueue();
  }

  enqueue() {
    this.queued = true;
    ready.push(this);
    if (armed) return;
    armed = true;
    queueMicrotask(slice);
  }

  run() {
    const { mail } = this;
    const end = Math.min(mail.length, TURNS * 2);
    for (let at = 0; at < end; at += 2) this.handler(mail[at], mail[at + 1], this);
    if (end === mail.length) mail.length = 0;
    else mail.splice(0, end);
    this.queued = false;
    if (mail.length > 0) this.enqueue();
  }
}

const program = new Program('bare mailbox');
const ask = (to, message) => new Promise((resolve) => to.tell(message, { tell: resolve }));
const counter = () => {
  const tally = new Tally();
  return new Mailbox((message, from) => {
    if (message.type === 'inc') tally.add(message.n);
    else if (message.type === 'take') from.tell(tally.take());
    else from.tell({ n: message.n });
  });
};
const one = counter();
const tells = async (n) => {
  await bursts(n, (at) => one.tell(small(at)));
  mustBe(n, await ask(one, { type: 'take' }));
};
await program.rate('S1', 'tell', 'msg/s', tells, { most: 5e7 });
const pingPong = (n) =>
  new Promise((resolve) => {
    const pong = new Mailbox((message, from, self) => from.tell({ type: 'pong', n: message.n }, self));
    const ping = new Mailbox((message, from, self) => {
      if (message.n >= n) resolve();
      else from.tell({ type: 'ping', n: message.n + 1 }, self);
    });
    ping.tell({ type: 'pong', n: 0 }, pong);
  });
await program.rate('S2', 'ping-pong', 'rt/s', pingPong);
const sequential = async (n) => {
  for (let at = 0; at < n; at++) mustBe(at, (await ask(one, { type: 'echo', n: at })).n);
};
await program.rate('S2', 'ask sequential', 'asks/s', sequential);
const echo = async (at) => mustBe(at, (await ask(one, { type: 'echo', n: at })).n);
await program.rate('S2', 'ask, 256 in flight', 'asks/s', (n) => windowed(n, 256, echo));
const fanOut = (rounds) =>
  new Promise((resolve) => {
    let got = 0;
    let left = rounds;
    const leaf = (message, from, self) => from.tell({ type: 'ack', n: message.n }, self);
    const leaves = Array.from({ length: 1_000 }, () => new Mailbox(leaf));
    const round = (hub) => {
      for (const to of leaves) to.tell({ type: 'inc', n: 1 }, hub);
    };
    const hub = new Mailbox((message, _from, self) => {
      if (message.type === 'start') return round(self);
      if (++got < leaves.length) return;
      got = 0;
      if (--left > 0) round(self);
      else resolve();
    });
    hub.tell({ type: 'start' });
  });
await program.rate('S6', 'fan-out 1-1000-1', 'msg/s', fanOut, { per: 2_000, most: 1e5, first: 3 });
const threadRing = (n) =>
  new Promise((resolve) => {
    const ring = Array.from({ length: 503 }, (_, at) => {
      return new Mailbox(({ n: left }) => {
        if (left === 0) resolve();
        else ring[(at + 1) % 503].tell({ type: 'token', n: left - 1 });
      });
    });
    ring[0].tell({ type: 'token', n });
  });
await program.rate('S7', 'thread ring 503', 'hops/s', threadRing);
const many = async (n) => {
  const all = Array.from({ length: n }, counter);
  for (const actor of all) actor.tell({ type: 'inc', n: 0 });
  mustBe(1, await ask(all[n - 1], { type: 'take' }));
  return { free: async () => void (all.length = 0) };
};
await program.spawning('S3', many, 100_000);
