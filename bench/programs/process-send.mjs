/**
 * Node.js's own channel between processes, JSON: parent to child (one hop), and what `cluster` gives two workers, a relay
 * through the master. `--part relay` runs the latter.
 */
import { fork } from 'node:child_process';
import { cpuMicros, kilobyte, mustBe, Program, small, Tally, windowed } from '../harness/measure.mjs';

/** Sends before the write's callback is waited for. */
const BURST = 2_560;
const TO = 'counter/00000001';

/** One end: an actor behind the channel, asks, and bursts of tells. */
function endOf(send) {
  const tally = new Tally();
  const asked = new Map();
  let correlation = 0;
  const answers = {
    take: () => ({ count: tally.take() }),
    echo: ({ n }) => ({ n }),
    cpu: () => ({ micros: cpuMicros() }),
  };
  const receive = ({ to, corr, msg }) => {
    if (to === '') {
      asked.get(corr)(msg);
      asked.delete(corr);
    } else if (msg.type === 'inc') tally.add(msg.n);
    else send({ to: '', corr, msg: answers[msg.type](msg) });
  };
  const ask = (msg) =>
    new Promise((resolve) => {
      asked.set(++correlation, resolve);
      send({ to: TO, corr: correlation, msg });
    });
  const tells = async (n, message, together) => {
    for (let at = 0; at < n; ) {
      const end = Math.min(n, at + BURST);
      await new Promise((written) => {
        while (at < end) {
          const envelopes = [];
          while (at < end && envelopes.length < together) envelopes.push({ to: TO, msg: message(at++) });
          send(together === 1 ? envelopes[0] : envelopes, at < end ? undefined : written);
        }
      });
    }
    mustBe(n, (await ask({ type: 'take' })).count);
  };
  return { ask, tells, receive: (got) => (Array.isArray(got) ? got.forEach(receive) : receive(got)) };
}

async function timed(end, work) {
  const cpu = cpuMicros() + (await end.ask({ type: 'cpu' })).micros;
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, cpuMicros: cpuMicros() + (await end.ask({ type: 'cpu' })).micros - cpu };
}

async function measure(program, end, bothWays) {
  const tells = (n, message, together = 1) => timed(end, () => end.tells(n, message, together));
  await program.rate('S4', 'tell small', 'msg/s', (n) => tells(n, small), { most: 2e6 });
  await program.rate('S4', 'tell 1 KB', 'msg/s', (n) => tells(n, kilobyte), { most: 1e6 });
  if (bothWays) {
    await program.rate('S4', 'tell small, arrays of 256', 'msg/s', (n) => tells(n, small, 256), { most: 4e6 });
    await program.rate('S4', 'tell small, both ways', 'msg/s', bothWays, { per: 2, most: 1e6 });
  }
  await program.latency('S5', 'ask', () => end.ask({ type: 'echo', n: 1 }));
  const echo = async (at) => mustBe(at, (await end.ask({ type: 'echo', n: at })).n);
  await program.rate('S5', 'ask, 256 in flight', 'asks/s', (n) => timed(end, () => windowed(n, 256, echo)));
}

const child = (role) => fork(new URL(import.meta.url), process.argv.slice(2), { env: { ...process.env, ROLE: role } });
const first = (from) => new Promise((resolve) => from.once('message', resolve));

if (process.env.ROLE === undefined) {
  if (new Program().options.part === 'relay') {
    const receiver = child('receiver');
    await first(receiver);
    const sender = child('relayed sender');
    sender.on('message', (message) => receiver.send(message));
    receiver.on('message', (message) => sender.send(message));
    sender.on('exit', () => receiver.disconnect());
  } else {
    const receiver = child('receiver');
    await first(receiver);
    const end = endOf((message, written) => receiver.send(message, written));
    let back = () => {};
    receiver.on('message', (message) => (message.sent ? back() : end.receive(message)));
    const bothWays = async (n) => {
      const answered = new Promise((resolve) => (back = resolve));
      receiver.send({ tellsBack: n });
      await Promise.all([end.tells(n, small, 1), answered]);
    };
    await measure(new Program('process.send'), end, bothWays);
    receiver.disconnect();
  }
} else {
  const end = endOf((message, written) => process.send(message, written));
  process.on('message', async (message) => {
    if (message.tellsBack === undefined) return end.receive(message);
    await end.tells(message.tellsBack, small, 1);
    process.send({ sent: true });
  });
  process.on('disconnect', () => process.exit());
  if (process.env.ROLE === 'receiver') process.send('ready');
  else {
    await measure(new Program('cluster relay'), end);
    process.disconnect();
  }
}
