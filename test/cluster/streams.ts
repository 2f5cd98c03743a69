/** Streams on a real system: sources on every worker, every main and the master, sinks that are moved about meanwhile. */
import { appendFileSync, copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { System } from 'troupe';
// @ts-expect-error a module of the actors, in JavaScript
import { firstNumber, streamOut } from './actors/_stream.mjs';
import { type Diary, freeze, idOn, kill, numbers, openDiary, sleep, startSystem, TIRELESS, until } from './harness.ts';
import { StreamRecord, type StreamReport } from './stream-record.ts';

const MAIN = new URL('./programs/stream-main.mjs', import.meta.url);

interface Plan {
  path: string;
  sinks: string[];
  topic: string;
  burst: number;
  everyMs: number;
  lateMs: number;
}

export interface StreamOptions {
  sinks?: number;
  sources?: number;
  everyMs?: number;
  /** Of every seventh turn of a source. */
  lateMs?: number;
  hangMs?: number;
  /** Of every worker; it sends as stream-main does. */
  main?: URL;
}

/** In the order of every sink: nothing twice, nothing late, nothing missing, every ask answered. */
export const CLEAN: Partial<StreamReport> = {
  ...{ doubles: [], swaps: [], lost: [], died: 0, unsettled: [], falseFates: [], failedAsks: {} },
};

/** Milliseconds for the last ask to settle: its deadline, and a little. */
const SETTLE_MS_MAX = 6_000;

const running: Streams[] = [];

/** Also where a test has failed: no master sends more. */
export function closeStreams(): void {
  for (const streams of running.splice(0)) streams.close();
}

export class Streams {
  readonly system: System;
  readonly sinks: string[] = [];
  readonly sources: string[] = [];
  readonly #diary: Diary;
  readonly #deadLetters = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  static async start(workers: number, options: StreamOptions = {}): Promise<Streams> {
    const diary = openDiary();
    process.env.TEST_PLAN = `${diary.path}.plan`;
    const { hangMs = 10_000, main = MAIN } = options;
    const system = await startSystem({ workers, main, supervision: { ...TIRELESS, hangMs } });
    const streams = new Streams(system, diary);
    running.push(streams);
    await streams.#begin(options);
    return streams;
  }

  private constructor(system: System, diary: Diary) {
    this.system = system;
    this.#diary = diary;
    system.on('dead-letter', ({ to, message }) => {
      const { n, from } = message as unknown as { n: number; from: string };
      this.#deadLetters.add(`${to} ${from} ${n}`);
    });
    system.on('worker-exited', ({ pid }) => appendFileSync(diary.path, `exited ${pid}\n`));
  }

  get actors(): string[] {
    return [...this.sinks, ...this.sources];
  }

  kill(worker: number, count: (what: string) => void): void {
    if (!this.#noteEnd(worker)) return;
    kill(this.system, worker);
    count('kill');
  }

  /** Until it is found to hang, and killed. One that loads its modules may be silent for a minute: it is left alone. */
  freeze(worker: number, count: (what: string) => void): void {
    const { state } = this.system.workers().find(({ index }) => index === worker) ?? {};
    if (state === 'starting' || !this.#noteEnd(worker)) return;
    freeze(this.system, worker);
    count('freeze');
  }

  /** False where nothing runs. */
  #noteEnd(worker: number): boolean {
    const { pid } = this.system.workers().find(({ index }) => index === worker) ?? { pid: 0 };
    if (pid === 0) return false;
    appendFileSync(this.#diary.path, `killed ${pid}\n`);
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** All fall silent, and nothing is written any more. `subscribersLive`: no subscription has died with its worker. */
  async end(subscribersLive = true): Promise<StreamReport> {
    this.close();
    rmSync(process.env.TEST_PLAN as string);
    for (const id of this.sources)
      await until('a source is quiet', () =>
        this.system.ask(id, { type: 'quiet' }, { timeoutMs: 20_000 }).then(
          () => true,
          () => false,
        ),
      );
    await this.#untilSilent();
    if (process.env.KEEP_DIARY) copyFileSync(this.#diary.path, process.env.KEEP_DIARY);
    // An ask that was made last has until its deadline to settle.
    const record = (): StreamReport =>
      new StreamRecord(this.#diary.path).report(subscribersLive ? this.sinks : [], this.#deadLetters);
    const untilMs = performance.now() + SETTLE_MS_MAX;
    let report = record();
    while (report.unsettled.length > 0 && performance.now() < untilMs) {
      await sleep(250);
      report = record();
    }
    return report;
  }

  async #untilSilent(): Promise<void> {
    let before = -1;
    const isSilent = async (): Promise<boolean> => {
      const { length } = this.#diary.lines();
      if (length === before) return true;
      before = length;
      await sleep(500);
      return false;
    };
    await until('nothing is written any more', isSilent, 60_000);
  }

  async #begin({ sinks = 6, sources = 6, everyMs = 30, lateMs = 15 }: StreamOptions): Promise<void> {
    const { system } = this;
    const { path } = this.#diary;
    const workers = system.workers().map(({ index }) => index);
    const workerOf = (n: number): number => workers[n % workers.length] as number;
    for (const n of numbers(sinks)) this.sinks.push(await idOn(system, 'stream-sink', workerOf(n), `${path}?${n}-`));
    for (const id of this.sinks) await system.ask(id, { type: 'join', topic: path });
    const plan: Plan = { path, sinks: this.sinks, topic: path, burst: 1, everyMs, lateMs };
    for (const n of numbers(sources)) {
      const placement = { worker: workerOf(n) };
      this.sources.push((await system.spawn('stream-source', { key: `${path}?${n}`, args: plan, placement })).id);
    }
    let n: number = firstNumber();
    this.#timer = setInterval(() => streamOut(system, 'master', plan, () => ++n) as unknown, everyMs);
    // Whoever finds it must not find half of it.
    writeFileSync(`${path}.draft`, JSON.stringify(plan));
    renameSync(`${path}.draft`, `${path}.plan`);
  }
}
