/** xstate's lightest actors, `fromTransition`. The receiver runs inside of `send`. */
import { createActor, fromTransition } from 'xstate';
import { bursts, mustBe, Program, small, Tally, windowed } from '../harness/measure.mjs';

const program = new Program('xstate fromTransition');
const logic = (handler) =>
  fromTransition((state, event) => {
    handler(event);
    return state;
  }, {});
const actor = (handler) => createActor(logic(handler)).start();
const tally = new Tally();
const one = actor((message) => {
  if (message.type === 'inc') tally.add(message.n);
  else if (message.type === 'take') message.reply(tally.take());
  else message.reply({ n: message.n });
});
const ask = (to, message) => new Promise((reply) => to.send({ ...message, reply }));
const tells = async (n) => {
  await bursts(n, (at) => one.send(small(at)));
  mustBe(n, await ask(one, { type: 'take' }));
};
await program.rate('S1', 'tell', 'msg/s', tells);
const pingPong = (n) =>
  new Promise((resolve) => {
    const pong = actor((message) => ping.send({ type: 'pong', n: message.n }));
    const ping = actor((message) => {
      if (message.n >= n) resolve();
      else pong.send({ type: 'ping', n: message.n + 1 });
    });
    ping.send({ type: 'pong', n: 0 });
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
    const leaves = Array.from({ length: 1_000 }, () => actor(({ n }) => hub.send({ type: 'ack', n })));
    const hub = actor(({ type }) => {
      if (type === 'ack' && ++got < leaves.length) return;
      got = 0;
      if (type === 'ack' && --left === 0) resolve();
      else for (const to of leaves) to.send({ type: 'inc', n: 1 });
    });
    hub.send({ type: 'start' });
  });
await program.rate('S6', 'fan-out 1-1000-1', 'msg/s', fanOut, { per: 2_000, most: 1e5, first: 3 });
const threadRing = (n) =>
  new Promise((resolve) => {
    const ring = Array.from({ length: 503 }, (_, at) =>
      actor(({ n: left }) => {
        if (left === 0) resolve();
        else ring[(at + 1) % 503].send({ type: 'token', n: left - 1 });
      }),
    );
    ring[0].send({ type: 'token', n });
  });
await program.rate('S7', 'thread ring 503', 'hops/s', threadRing);
const many = async (n) => {
  const counting = fromTransition((state, { n: by }) => ({ count: state.count + by }), { count: 0 });
  const all = Array.from({ length: n }, () => createActor(counting).start());
  for (const to of all) to.send({ type: 'inc', n: 1 });
  mustBe(1, all[n - 1].getSnapshot().context.count);
  const free = async () => {
    for (const each of all.splice(0)) each.stop();
  };
  return { free };
};
await program.spawning('S3', many, 100_000);
