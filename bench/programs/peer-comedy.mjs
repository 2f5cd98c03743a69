/** comedy: actors in memory, and one in a forked process. Its sends are not ordered with its asks, so counts are polled. */
import comedy from 'comedy';
import { bursts, kilobyte, mustBe, Program, small, windowed } from '../harness/measure.mjs';

const quiet = { debug() {}, info() {}, warn() {}, error: console.error, isDebug: () => false, setLevel() {} };
const system = comedy({ log: quiet, test: true });
const root = await system.rootActor();
const program = new Program('comedy');

async function counted(to, n) {
  let count = 0;
  for (let polls = 0; polls < 5_000 && count < n; polls++) count += await to.sendAndReceive('take', {});
  mustBe(n, count);
}

if (program.wants('S1', 'S2', 'S7')) {
  let count = 0;
  const take = () => {
    const taken = count;
    count = 0;
    return taken;
  };
  const one = await root.createChild({ inc: () => void count++, take, echo: ({ n }) => ({ n }) });
  const tells = async (n) => {
    await bursts(n, (at) => void one.send('inc', small(at)), undefined, 1_000);
    await counted(one, n);
  };
  await program.rate('S1', 'tell', 'msg/s', tells, { most: 2e6 });
  const sequential = async (n) => {
    for (let at = 0; at < n; at++) mustBe(at, (await one.sendAndReceive('echo', { n: at })).n);
  };
  await program.rate('S2', 'ask sequential', 'asks/s', sequential);
  const echo = async (at) => mustBe(at, (await one.sendAndReceive('echo', { n: at })).n);
  await program.rate('S2', 'ask, 256 in flight', 'asks/s', (n) => windowed(n, 256, echo));
  let pinged = () => {};
  let until = 0;
  const ping = await root.createChild({
    pong: ({ n }) => (n < until ? void pong.send('ping', { n: n + 1 }) : pinged()),
  });
  const pong = await root.createChild({ ping: ({ n }) => void ping.send('pong', { n }) });
  const pingPong = async (n) => {
    until = n;
    await new Promise((resolve) => {
      pinged = resolve;
      ping.send('pong', { n: 0 });
    });
  };
  await program.rate('S2', 'ping-pong', 'rt/s', pingPong);
  const ring = [];
  let round = () => {};
  const node = (at) => ({
    token: ({ n }) => (n === 0 ? round() : void ring[(at + 1) % 503].send('token', { n: n - 1 })),
  });
  for (let at = 0; at < 503; at++) ring.push(await root.createChild(node(at)));
  const threadRing = async (n) => {
    await new Promise((resolve) => {
      round = resolve;
      ring[0].send('token', { n });
    });
  };
  await program.rate('S7', 'thread ring 503', 'hops/s', threadRing, { most: 3e6 });
}
if (program.wants('S4', 'S5')) {
  // comedy looks for it from the folder of the package.
  const other = await root.createChild('/programs/peer-comedy-actor.cjs', { mode: 'forked' });
  const tells = async (n, message) => {
    await bursts(n, (at) => void other.send('inc', message(at)), undefined, 500);
    await counted(other, n);
  };
  await program.rate('S4', 'tell small', 'msg/s', (n) => tells(n, small), { most: 2e5 });
  await program.rate('S4', 'tell 1 KB', 'msg/s', (n) => tells(n, kilobyte), { most: 1e5 });
  await program.latency('S5', 'ask', () => other.sendAndReceive('echo', { n: 1 }));
  const echo = async (at) => mustBe(at, (await other.sendAndReceive('echo', { n: at })).n);
  await program.rate('S5', 'ask, 256 in flight', 'asks/s', (n) => windowed(n, 256, echo));
}
await system.destroy();
process.exit();
