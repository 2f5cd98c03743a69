/** nact, in one process. */
import nact from 'nact';
import { bursts, mustBe, Program, small, windowed } from '../harness/measure.mjs';

const { dispatch, query, spawn, start, stop } = nact;
const program = new Program('nact');
const system = start();
const ask = (to, message) => query(to, (replyTo) => ({ ...message, replyTo }), 60_000);
const actor = (handler, initialState, name) => spawn(system, handler, name, { initialState });

const one = actor((count, message) => {
  if (message.type === 'inc') {
    if (message.n !== (count & 127)) mustBe(count & 127, message.n, 'in the message');
    return count + 1;
  }
  dispatch(message.replyTo, message.type === 'take' ? count : { n: message.n });
  return message.type === 'take' ? 0 : count;
}, 0);
const tells = async (n) => {
  await bursts(n, (at) => dispatch(one, small(at)));
  mustBe(n, await ask(one, { type: 'take' }));
};
await program.rate('S1', 'tell', 'msg/s', tells, { most: 2e6 });
const pingPong = (n) =>
  new Promise((resolve) => {
    const pong = actor((state, { n: at, from }, { self }) => {
      dispatch(from, { type: 'pong', n: at, from: self });
      return state;
    }, 0);
    const ping = actor((state, { n: at, from }, { self }) => {
      if (at < n) {
        dispatch(from, { type: 'ping', n: at + 1, from: self });
      } else {
        stop(ping);
        stop(pong);
        resolve();
      }
      return state;
    }, 0);
    dispatch(ping, { type: 'pong', n: 0, from: pong });
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
    const leaf = (state, { n, from }, { self }) => {
      dispatch(from, { type: 'ack', n, from: self });
      return state;
    };
    const leaves = Array.from({ length: 1_000 }, () => actor(leaf, 0));
    let got = 0;
    let left = rounds;
    const hub = actor((state, { type }, { self }) => {
      if (type === 'ack' && ++got < leaves.length) return state;
      got = 0;
      if (type === 'ack' && --left === 0) {
        [...leaves, hub].forEach(stop);
        resolve();
      } else for (const to of leaves) dispatch(to, { type: 'inc', n: 1, from: self });
      return state;
    }, 0);
    dispatch(hub, { type: 'start' });
  });
await program.rate('S6', 'fan-out 1-1000-1', 'msg/s', fanOut, { per: 2_000, most: 1e5, first: 3 });
const threadRing = (n) =>
  new Promise((resolve) => {
    const ring = Array.from({ length: 503 }, (_, at) =>
      actor((state, { n: left }) => {
        if (left > 0) dispatch(ring[(at + 1) % 503], { type: 'token', n: left - 1 });
        else {
          ring.forEach(stop);
          resolve();
        }
        return state;
      }, 0),
    );
    dispatch(ring[0], { type: 'token', n });
  });
await program.rate('S7', 'thread ring 503', 'hops/s', threadRing);
const many = async (n) => {
  const parent = start();
  let handled = 0;
  const all = [];
  await new Promise((resolve) => {
    const handler = (count) => {
      if (++handled === n) resolve();
      return count + 1;
    };
    for (let at = 0; at < n; at++) {
      const to = spawn(parent, handler, `a${at}`, { initialState: 0 });
      all.push(to);
      dispatch(to, { type: 'inc', n: 0 });
    }
  });
  const free = async () => {
    stop(parent);
    all.length = 0;
  };
  return { free };
};
await program.spawning('S3', many, 100_000);
process.exit();
