/**
 * The mix, and S4, with a million actors in memory. `--part looked`: with the overview of the page open, which is its dearest screen: all metrics, and those
 * of all actors with the most turns, the longest ones, the most mail; turns are sampled then. `--part flow`: with its flow of messages open. Their figures
 * beside those without are the price of being looked at. With `--import ../harness/trace-sdk.mjs` they are the price of traces. Alone it says what a list takes, too.
 */
import { cpuMicros, mustBe, Program } from '../harness/measure.mjs';
import { logWithUrl, openScreen } from '../harness/page.mjs';
import { idOn } from '../harness/placed.mjs';
import { median } from '../harness/statistics.mjs';
import { census, countsTo, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const IDS = 1_000_000;
/** A screen is looked at once a second, or less often: what is measured has several looks in it. */
const SECONDS_LEAST = 4;
const LISTS = 9;

const program = new Program('troupe');
program.seconds = Math.max(program.seconds, SECONDS_LEAST);
let url;
const system = await usersSystem({ dashboard: { port: 0 }, log: logWithUrl((one) => (url = one)) });
const [sources, counters] = [await onEachWorker(system, 'source'), await onEachWorker(system, 'census')];
const half = IDS / 2;
await Promise.all(
  sources.map((id, at) => system.ask(id, { type: 'wake', kind: 'sink', from: at * half, to: (at + 1) * half }, LONG)),
);
await countsTo(IDS, async () => (await census(system, counters)).handled);

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
const [driver, counter] = [await idOn(system, 'driver', 1), await idOn(system, 'counter', 2)];
const tells = (n) => system.ask(driver, { type: 'tells', to: counter, n, size: 'small' }, LONG);
// What is not compiled yet is no part of it: the first 200 000 messages take twice as long.
await mix(200_000);
await tells(500_000);

/** Answers of each open screen that had something of what is measured. */
const full = {};
const SCREENS = {
  looked: {
    overview: ({ metrics: { kinds } }) => kinds.sink?.handlingMs !== undefined,
    top: ({ byRate }) => byRate.length > 0,
  },
  flow: { flow: ({ flows }) => flows.some(({ from, to }) => from === 'source' && to === 'sink') },
};
const open = Object.entries(SCREENS[program.options.part] ?? {}).map(([name, hasFigures]) => {
  full[name] = 0;
  return openScreen(url, name, (answer) => hasFigures(answer) && full[name]++);
});
// It is measured from the first look on, and known by the second one.
while (Object.values(full).includes(0)) await mix(20_000);
const before = { ...full };

await program.rate('observe', 'mix, a million actors', 'msg/s', mix, { most: 2e6, first: 5_000 });
await program.rate('observe', 'S4 tell small, a million actors', 'msg/s', tells);
for (const name of ['overview', 'flow'])
  if (name in full) mustBe(true, full[name] - before[name] > 2, `more than two looks at ${name} while it was measured`);
await Promise.all(open.map((screen) => screen.close()));

if (open.length === 0) {
  const millis = [];
  for (let at = 0; at < LISTS; at++) {
    const start = performance.now();
    const { inMemory } = await system.list({ sort: 'mailbox', limit: 50 });
    mustBe(true, inMemory >= IDS, 'a million actors in the list');
    millis.push(performance.now() - start);
  }
  program.report('observe', 'list of a million actors, top 50 by mailbox', 'ms', median(millis), { n: LISTS });
}
await system.shutdown();
