/**
 * The mix, and S4, with a million actors in memory. `--part looked`: somebody looks all the while, twice a second, at all metrics
 * and at the fifty actors with the most turns, so that turns are sampled; `--part flow`: at the flow of messages, which is counted then. Their figures beside
 * those without are the price of being looked at. With `--import ../harness/trace-sdk.mjs` they are the price of traces.
 */
import { cpuMicros, mustBe, Program } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';
import { census, countsTo, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const IDS = 1_000_000;
const LOOK_MS = 500;

const program = new Program('troupe');
const system = await usersSystem();
const [sources, counters] = [await onEachWorker(system, 'source'), await onEachWorker(system, 'census')];
const half = IDS / 2;
await Promise.all(
  sources.map((id, at) => system.ask(id, { type: 'wake', kind: 'sink', from: at * half, to: (at + 1) * half }, LONG)),
);
await countsTo(IDS, async () => (await census(system, counters)).handled);

let looks = 0;
/** A worker that is busy may be too late for a look. */
let sampled = 0;
const looksAt = {
  async looked() {
    const [{ kinds }, { actors }] = await Promise.all([system.metrics(), system.list({ sort: 'rate', limit: 50 })]);
    return kinds.sink?.handlingMs !== undefined && actors.length > 0;
  },
  // As the page does, by a call that only those have who look.
  flow: async () => (await system.flow()).flows.length > 0,
}[program.options.part];
const look = async () => {
  looks++;
  if (await looksAt()) sampled++;
};
// As a page does: the next look comes after the answer to the one before.
let isLooking = looksAt !== undefined;
const lookOn = async () => {
  while (isLooking) {
    await look();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};
const looking = lookOn();

const cpuOfAll = async () => {
  const ofWorkers = await Promise.all(counters.map((id) => system.ask(id, { type: 'cpu' }, LONG)));
  return ofWorkers.reduce((sum, one) => sum + one, cpuMicros());
};
let expected = IDS;
let seed = 0;
const mix = async (n) => {
  const each = Math.ceil(n / sources.length / 50) * 50;
  expected += each * sources.length;
  const cpu = await cpuOfAll();
  const start = performance.now();
  await Promise.all(
    sources.map((id) => system.ask(id, { type: 'mix', n: each, ids: IDS, kind: 'sink', seed: ++seed }, LONG)),
  );
  await countsTo(expected, async () => (await census(system, counters)).handled);
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, cpuMicros: (await cpuOfAll()) - cpu };
};
await program.rate('observe', 'mix, a million actors', 'msg/s', mix, { most: 2e6, first: 5_000 });
const [driver, counter] = [await idOn(system, 'driver', 1), await idOn(system, 'counter', 2)];
const tells = (n) => system.ask(driver, { type: 'tells', to: counter, n, size: 'small' }, LONG);
await program.rate('observe', 'S4 tell small, a million actors', 'msg/s', tells);
const wasLooking = isLooking;
isLooking = false;
await looking;
if (wasLooking) mustBe(true, looks > 2 && sampled > 2, 'looks that saw something');
await system.shutdown();
