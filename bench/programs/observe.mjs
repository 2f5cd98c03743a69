/**
 * The mix, and S4, with a million actors in memory. `--part looked`: with the overview of the page open, which is its dearest screen: all metrics, and those
 * of all actors with the most turns, the longest ones, the most mail; turns are sampled then. `--part flow`: with its flow of messages open. Their figures
 * beside those without are the price of being looked at. With `--import ../harness/trace-sdk.mjs` they are the price of traces. Alone it says what a list takes, too.
 *
 * `--part in-turn`: unseen, looked at and with its flow looked at by turns in the same processes, so that neither another heap nor another compilation stands
 * between the figures. It needs `--import ../harness/short-looks.mjs`: what a look has begun to measure ends soon after the screen is closed.
 */
import { cpuMicros, mustBe, Program, sleep } from '../harness/measure.mjs';
import { logWithUrl, openScreen } from '../harness/page.mjs';
import { idOn } from '../harness/placed.mjs';
import { LOOKS_LAST_MS } from '../harness/short-looks.mjs';
import { median } from '../harness/statistics.mjs';
import { census, countsTo, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const IDS = 1_000_000;
/** A screen is looked at once a second, or less often: what is measured has several looks in it. */
const SECONDS_LEAST = 4;
const LISTS = 9;
/** In turn: how often each of them has its turn, and how long each load runs then. Lists of all actors are made every twelve seconds, about. */
const [TURNS, SECONDS_IN_TURN] = [5, 4];
/** Two looks, and more. */
const FIRST_FIGURES_MS = 4_000;

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

const SCREENS = {
  looked: {
    overview: ({ metrics: { kinds } }) => kinds.sink?.handlingMs !== undefined,
    top: ({ byRate }) => byRate.length > 0,
  },
  flow: { flow: ({ flows }) => flows.some(({ from, to }) => from === 'source' && to === 'sink') },
};

/** Opens the screens of a part, and waits until they show what is measured: it is from the first look on, and is known by the second one. */
async function openScreens(part) {
  /** Answers of each screen, and those that had something of what is measured. */
  const [all, full] = [{}, {}];
  const open = Object.entries(SCREENS[part] ?? {}).map(([name, hasFigures]) => {
    all[name] = full[name] = 0;
    return openScreen(url, name, (answer) => {
      // It would be measured still, from an earlier look on, while nobody is said to look. The other screens wait for their first figures.
      if (all[name]++ === 0 && name === 'overview') mustBe(false, hasFigures(answer), 'figures in the first look');
      if (hasFigures(answer)) full[name]++;
    });
  });
  // As long unseen: what it leaves on the heaps is collected while the loads run.
  const until = performance.now() + FIRST_FIGURES_MS;
  while (performance.now() < until || Object.values(full).includes(0)) await mix(20_000);
  return { full: { ...full }, now: full, close: () => Promise.all(open.map((screen) => screen.close())) };
}

const part = program.options.part;
await (part === 'in-turn' ? inTurn() : apart());
await system.shutdown();

async function apart() {
  const screens = await openScreens(part);
  await program.rate('observe', 'mix, a million actors', 'msg/s', mix, { most: 2e6, first: 5_000 });
  await program.rate('observe', 'S4 tell small, a million actors', 'msg/s', tells);
  for (const name of ['overview', 'flow'])
    if (name in screens.full)
      mustBe(true, screens.now[name] - screens.full[name] > 2, `more than two looks at ${name} while it was measured`);
  await screens.close();
  if (part in SCREENS) return;
  const millis = [];
  for (let at = 0; at < LISTS; at++) {
    const start = performance.now();
    const { inMemory } = await system.list({ sort: 'mailbox', limit: 50 });
    mustBe(true, inMemory >= IDS, 'a million actors in the list');
    millis.push(performance.now() - start);
  }
  program.report('observe', 'list of a million actors, top 50 by mailbox', 'ms', median(millis), { n: LISTS });
}

async function inTurn() {
  const loads = { 'mix, in turn': mix, 'S4 tell small, in turn': tells };
  const names = { unseen: 'troupe', looked: 'troupe, looked at', flow: 'troupe, its flow looked at' };
  const parts = Object.keys(names);
  const counts = {};
  for (const [metric, load] of Object.entries(loads)) counts[metric] = await countFor(load, SECONDS_IN_TURN);
  const figures = [];
  for (let turn = 0; turn < TURNS; turn++) {
    // Each of them is as often the first one.
    for (const part of [...parts.slice(turn % 3), ...parts.slice(0, turn % 3)]) {
      const screens = await openScreens(part);
      for (const [metric, load] of Object.entries(loads)) {
        globalThis.gc?.();
        await Promise.all(counters.map((id) => system.ask(id, { type: 'memory' }, LONG)));
        const { seconds, cpuMicros } = await load(counts[metric]);
        const n = counts[metric];
        figures.push({ turn, metric, part, rate: n / seconds, cpuMicrosEach: cpuMicros / n });
      }
      await screens.close();
      await sleep(part === 'unseen' ? 0 : 2 * LOOKS_LAST_MS);
    }
  }
  const of = (metric, part) => figures.filter((one) => one.metric === metric && one.part === part);
  for (const metric of Object.keys(loads))
    for (const part of parts) {
      const [unseen, seen] = [of(metric, 'unseen'), of(metric, part)];
      const cpuMicrosEach = Number(median(seen.map((one) => one.cpuMicrosEach)).toPrecision(4));
      const more = { name: names[part], n: counts[metric] };
      program.report('observe', metric, 'msg/s', median(seen.map(({ rate }) => rate)), { ...more, cpuMicrosEach });
      if (part === 'unseen') continue;
      const prices = { time: ({ rate }) => 1 / rate, 'CPU time': (one) => one.cpuMicrosEach };
      for (const [what, price] of Object.entries(prices)) {
        const dearer = seen.map((one, at) => (price(one) / price(unseen[at]) - 1) * 100);
        const label = `${metric}: more ${what} than unseen`;
        program.report('observe', label, '%', median(dearer), { ...more, error: errorOf(dearer) });
      }
    }
}

/** Of a mean of so many, in 95 of 100 cases: a price below it is told from none by no run of this length. */
function errorOf(values) {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return Number((2 * Math.sqrt(squares / values.length / (values.length - 1))).toPrecision(2));
}

/** Messages of a load that take so many seconds. */
async function countFor(load, seconds) {
  let n = 20_000;
  let took = await load(n);
  for (; took.seconds < seconds / 4; took = await load(n)) n = Math.ceil(n * Math.min(8, seconds / 2 / took.seconds));
  return Math.ceil((n * seconds) / took.seconds);
}
