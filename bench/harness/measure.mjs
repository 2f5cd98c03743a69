/**
 * How a program makes load, times it and reports: one line of JSON a metric. A repetition runs `n` operations; n is
 * calibrated to a length, which is the warm-up as well.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { percentile } from './statistics.mjs';

/** Operations run at least so long before any is timed: until the compiler is done every figure is about something else. */
const WARM_SECONDS = 0.6;
/** One after another, so many as well: the first 2 000 asks of a client take 0.6 ms each, most of it in code that is not compiled yet, the later ones 0.13. */
const WARM_CALLS = 10_000;
const WARM_SECONDS_MAX = 20;
/** Many at a time, so many, or as many as this time allows: 256 asks of a client at a time cost 200 µs of CPU each at first, and 12 after 50 000. */
const WARM_OPERATIONS = 50_000;
const WARM_RATE_SECONDS_MAX = 3;

export const immediate = () => new Promise((resolve) => setImmediate(resolve));
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The messages of SCENARIOS: `n` stays below 128, so that the receiver can tell a lost, doubled or swapped one and each has the same bytes. */
export const small = (at) => ({ type: 'inc', n: at & 127 });
const BLOB = 'x'.repeat(1_000);
export const kilobyte = (at) => ({ type: 'inc', n: at & 127, data: BLOB });

/** Counts what arrives and throws at the first message that is not the one after the last. */
export class Tally {
  count = 0;

  add(n) {
    if (n !== (this.count & 127)) throw new Error(`message ${this.count} carries ${this.count & 127}; got ${n}`);
    this.count++;
  }

  take() {
    const { count } = this;
    this.count = 0;
    return count;
  }
}

export function mustBe(expected, got, what = 'messages handled') {
  if (got !== expected) throw new Error(`${expected} ${what} were expected; got ${got}`);
}

/** n sends in bursts, with one trip round the loop between two; `send` says false where it wants to be waited for. */
export async function bursts(n, send, drained, burst = 10_000) {
  for (let sent = 0; sent < n; ) {
    const end = Math.min(n, sent + burst);
    while (sent < end) if (send(sent++) === false) await drained();
    if (sent < n) await immediate();
  }
}

/** n calls with so many in flight. */
export async function windowed(n, inFlight, call) {
  let begun = 0;
  const loop = async () => {
    while (begun < n) await call(begun++);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

export const cpuMicros = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

export async function collectGarbage() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await immediate();
  }
}

/** What a program's command line says, and how it reports. */
export class Program {
  constructor(name) {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '0.5' },
        reps: { type: 'string', default: '1' },
        only: { type: 'string' },
        name: { type: 'string' },
        part: { type: 'string' },
        path: { type: 'string' },
        workers: { type: 'string' },
      },
      strict: true,
    });
    this.options = values;
    this.name = values.name ?? name;
    this.seconds = Number(values.seconds);
    this.reps = Number(values.reps);
    this.only = values.only?.split(',');
  }

  wants(...scenarios) {
    return !this.only || scenarios.some((scenario) => this.only.includes(scenario));
  }

  /** For what takes too long, or too much disk, to run unasked. */
  isAskedFor(scenario) {
    return this.only?.includes(scenario) === true;
  }

  report(scenario, metric, unit, value, more = {}) {
    const exact = { name: this.name, scenario, metric, unit, value: Number(value.toPrecision(6)), ...more };
    process.stdout.write(`${JSON.stringify(exact)}\n`);
  }

  /**
   * Operations a second. `run(n)` may give its own `seconds`, and `cpuMicros` of all processes that took part; else both
   * are taken here.
   */
  async rate(scenario, metric, unit, run, { per = 1, most = 2e7, first = 1_000 } = {}) {
    if (!this.wants(scenario)) return;
    const once = async (n) => {
      const cpu = cpuMicros();
      const start = performance.now();
      const own = (await run(n)) ?? {};
      return { seconds: (performance.now() - start) / 1_000, cpuMicros: cpuMicros() - cpu, ...own };
    };
    let n = first;
    let took = await once(n);
    let warm = took.seconds;
    let done = n * per;
    const isCold = () => warm < WARM_SECONDS || (done < WARM_OPERATIONS && warm < WARM_RATE_SECONDS_MAX);
    while ((took.seconds < this.seconds / 3 && n < most) || isCold()) {
      const faster = Math.min(8, this.seconds / 2 / Math.max(took.seconds, 1e-6));
      n = Math.max(1, Math.min(most, Math.ceil(n * faster)));
      took = await once(n);
      warm += took.seconds;
      done += n * per;
    }
    n = Math.max(1, Math.min(most, Math.round((n * this.seconds) / took.seconds)));
    for (let rep = 0; rep < this.reps; rep++) {
      globalThis.gc?.();
      took = await once(n);
      const cpuMicrosEach = Number((took.cpuMicros / (n * per)).toPrecision(4));
      this.report(scenario, metric, unit, (n * per) / took.seconds, { n, cpuMicrosEach });
    }
  }

  /** One call after another: the median and the 99th percentile, in microseconds. */
  async latency(scenario, metric, call) {
    if (!this.wants(scenario)) return;
    const began = performance.now();
    const isWarm = (calls, seconds) => seconds > WARM_SECONDS && (calls >= WARM_CALLS || seconds > WARM_SECONDS_MAX);
    for (let calls = 0; !isWarm(calls, (performance.now() - began) / 1_000); calls++) await call();
    for (let rep = 0; rep < this.reps; rep++) {
      const micros = [];
      const until = performance.now() + this.seconds * 1_000;
      for (let at = performance.now(); at < until; ) {
        await call();
        const now = performance.now();
        micros.push((now - at) * 1_000);
        at = now;
      }
      this.report(scenario, `${metric} p50`, 'us', percentile(micros, 0.5), { n: micros.length });
      this.report(scenario, `${metric} p99`, 'us', percentile(micros, 0.99), { n: micros.length });
    }
  }

  /** `make(n)` gives n actors, each of which has handled one message, as an object with `free()`. */
  async spawning(scenario, make, n) {
    if (!this.wants(scenario)) return;
    await (await make(1_000)).free();
    await collectGarbage();
    const before = process.memoryUsage();
    const start = performance.now();
    const made = await make(n);
    const seconds = (performance.now() - start) / 1_000;
    await collectGarbage();
    const after = process.memoryUsage();
    this.report(scenario, 'spawn and tell', 'actors/s', n / seconds, { n });
    this.report(scenario, 'heap per idle actor', 'B', (after.heapUsed - before.heapUsed) / n, { n });
    this.report(scenario, 'RSS per idle actor', 'B', (after.rss - before.rss) / n, { n });
    await made.free();
  }
}
