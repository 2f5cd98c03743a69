/** Bytes of the heap for an idle actor, plain and machine, and for an ask that waits. */
import { createSystem, defineActor } from 'troupe';
import { setup } from 'xstate';
import counter from '../actors/counter.mjs';
import { collectGarbage, Program } from '../harness/measure.mjs';

const N = 50_000;
const program = new Program('troupe');
const light = setup({}).createMachine({
  initial: 'red',
  states: { red: { on: { switch: 'green' } }, green: { on: { switch: 'red' } } },
});
const actors = {
  counter,
  light: defineActor({ machine: light }),
  silent: defineActor({ receive: { wait: () => new Promise(() => {}) } }),
};
const system = await createSystem({ workers: 0, actors, log: 'error' });

async function bytesEach(make) {
  await collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const kept = await make();
  await collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / N;
  return kept === undefined ? bytes : bytes;
}
const idle = (kind, message) => async () => {
  for (let at = 0; at < N; at++) system.tell(`${kind}/${at}`, message);
  await system.ask(`counter/last`, { type: 'take' });
};
program.report('memory', 'idle actor', 'B', await bytesEach(idle('counter', { type: 'inc', n: 0 })));
program.report('memory', 'idle machine actor', 'B', await bytesEach(idle('light', { type: 'switch' })));
const asks = [];
const waiting = async () => {
  for (let at = 0; at < N; at++)
    asks.push(system.ask('silent/one', { type: 'wait' }, { timeoutMs: 1_000_000 }).catch(() => {}));
};
program.report('memory', 'pending ask', 'B', await bytesEach(waiting));
await system.kill('silent/one');
await Promise.all(asks);
await system.shutdown();
