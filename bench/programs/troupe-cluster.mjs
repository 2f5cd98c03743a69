/** S4, S5: from an actor on one worker to an actor on another. `--part polling` sets `pollMicros`. */
import { createSystem } from 'troupe';
import { Program } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';

const program = new Program('troupe');
const polling = program.options.part === 'polling' ? { pollMicros: 200 } : {};
const actors = new URL('../actors/', import.meta.url);
const system = await createSystem({ workers: 2, actors, log: 'warn', ...polling });

const driver = await idOn(system, 'driver', 1);
const counter = await idOn(system, 'counter', 2);
const back = { driver: await idOn(system, 'driver', 2), counter: await idOn(system, 'counter', 1) };
const ask = (id, message) => system.ask(id, message, { timeoutMs: 120_000 });
const tells = (n, size = 'small', from = driver, to = counter) => ask(from, { type: 'tells', to, n, size });

await program.rate('S4', 'tell small', 'msg/s', (n) => tells(n));
await program.rate('S4', 'tell 1 KB', 'msg/s', (n) => tells(n, 'kilobyte'), { most: 2e6 });
const both = async (n) => {
  const ways = await Promise.all([tells(n), tells(n, 'small', back.driver, back.counter)]);
  // Each way has counted the CPU time of both processes.
  return {
    seconds: Math.max(...ways.map(({ seconds }) => seconds)),
    cpuMicros: Math.max(...ways.map((way) => way.cpuMicros)),
  };
};
await program.rate('S4', 'tell small, both ways', 'msg/s', both, { per: 2, most: 1e7 });
if (program.wants('S5')) {
  await ask(driver, { type: 'latencies', to: counter, seconds: 1 });
  const { p50, p99, n } = await ask(driver, { type: 'latencies', to: counter, seconds: program.seconds });
  program.report('S5', 'ask p50', 'us', p50, { n });
  program.report('S5', 'ask p99', 'us', p99, { n });
}
const asks = (n) => ask(driver, { type: 'asks', to: counter, n, inFlight: 256 });
await program.rate('S5', 'ask, 256 in flight', 'asks/s', asks);
await system.shutdown();
