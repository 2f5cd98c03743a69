/** moleculer: a service on another node over its TCP transporter. Events are its tells, actions its asks. */
import { fork } from 'node:child_process';
import moleculer from 'moleculer';
import { kilobyte, mustBe, Program, small, windowed } from '../harness/measure.mjs';

const PORTS = { near: 15_711, far: 15_712 };
const urls = Object.entries(PORTS).map(([node, port]) => `tcp://127.0.0.1:${port}/${node}`);
const broker = (node) => {
  const transporter = { type: 'TCP', options: { udpDiscovery: false, port: PORTS[node], urls } };
  return new moleculer.ServiceBroker({ nodeID: node, logger: false, transporter, requestTimeout: 60_000 });
};

if (process.env.ROLE === 'far') {
  const far = broker('far');
  let count = 0;
  far.createService({
    name: 'counter',
    events: { 'counter.inc': () => void count++ },
    actions: {
      take() {
        const taken = count;
        count = 0;
        return taken;
      },
      echo: ({ params: { n } }) => ({ n }),
    },
  });
  await far.start();
  process.send('ready');
  process.on('disconnect', () => process.exit());
} else {
  const program = new Program('moleculer');
  const near = broker('near');
  const far = fork(new URL(import.meta.url), { env: { ...process.env, ROLE: 'far' } });
  const ready = new Promise((resolve) => far.once('message', resolve));
  await near.start();
  await ready;
  await near.waitForServices(['counter'], 20_000);
  const tells = async (n, message) => {
    for (let at = 0; at < n; ) {
      const end = Math.min(n, at + 256);
      const sent = [];
      while (at < end) sent.push(near.emit('counter.inc', message(at++)));
      await Promise.all(sent);
    }
    let count = 0;
    for (let polls = 0; polls < 1_000 && count < n; polls++) count += await near.call('counter.take');
    mustBe(n, count);
  };
  await program.rate('S4', 'tell small', 'msg/s', (n) => tells(n, small), { most: 2e5 });
  await program.rate('S4', 'tell 1 KB', 'msg/s', (n) => tells(n, kilobyte), { most: 1e5 });
  await program.latency('S5', 'ask', () => near.call('counter.echo', { n: 1 }));
  const echo = async (at) => mustBe(at, (await near.call('counter.echo', { n: at })).n);
  await program.rate('S5', 'ask, 256 in flight', 'asks/s', (n) => windowed(n, 256, echo));
  far.disconnect();
  await near.stop();
  process.exit();
}
