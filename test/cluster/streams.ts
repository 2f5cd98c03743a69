/** Streams on a real system: sources on every worker, every main and the master, sinks that are moved about meanwhile. */
import type { System } from 'troupe';
// @ts-expect-error a module of the actors, in JavaScript
import { streamOut } from './actors/_stream.mjs';
import { type Diary, idOn, numbers, openDiary, sleep, until } from './harness.ts';
import { readStreams, type StreamReport } from './stream-record.ts';

export const STREAM_MAIN: URL = new URL('./programs/stream-main.mjs', import.meta.url);

interface StreamOptions {
  sinks?: number;
  sources?: number;
  everyMs?: number;
  burst?: number;
  /** Of every seventh turn of a source, milliseconds. */
  lateMs?: number;
  mains?: boolean;
  publishes?: boolean;
}

export class Streams {
  readonly diary: Diary = openDiary();
  readonly sinks: string[] = [];
  readonly sources: string[] = [];
  readonly #system: System;
  readonly #topic: string;
  readonly #deadLetters = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #n = 0;

  constructor(system: System) {
    this.#system = system;
    this.#topic = this.diary.path;
    system.on('dead-letter', ({ to, message }) => {
      const { n, from } = message as unknown as { n: number; from: string };
      this.#deadLetters.add(`${to} ${from} ${n}`);
    });
  }

  get actors(): string[] {
    return [...this.sinks, ...this.sources];
  }

  async start(options: StreamOptions = {}): Promise<void> {
    const { sinks = 6, sources = 6, everyMs = 4, burst = 1, lateMs = 15, mains = true, publishes = true } = options;
    const system = this.#system;
    const workers = system.workers().map(({ index }) => index);
    const on = async (kind: string, n: number): Promise<string> =>
      await idOn(system, kind, workers[n % workers.length] as number, `${this.diary.path}?${n}-`);
    for (const n of numbers(sinks)) this.sinks.push(await on('stream-sink', n));
    for (const n of numbers(sources)) this.sources.push(await on('stream-source', n));
    const plan = { sinks: this.sinks, topic: publishes ? this.#topic : undefined, burst, path: this.diary.path };
    for (const id of this.sinks) await system.ask(id, { type: 'join', topic: this.#topic });
    for (const id of this.sources) await system.ask(id, { type: 'start', ...plan, everyMs, lateMs });
    if (mains) system.publish('streams', { type: 'plan', plan });
    this.#timer = setInterval(
      () => streamOut(system, 'master', plan, () => ++this.#n, this.diary.path) as unknown,
      everyMs,
    );
  }

  /** All fall silent, and nothing is written any more. */
  async end(): Promise<StreamReport> {
    clearInterval(this.#timer);
    this.#system.publish('streams', { type: 'plan' });
    for (const id of this.sources) await this.#system.ask(id, { type: 'quiet' }, { timeoutMs: 20_000 });
    let before = -1;
    await until(
      'nothing is written any more',
      async () => {
        const { length } = this.diary.lines();
        if (length === before) return true;
        before = length;
        await sleep(300);
        return false;
      },
      60_000,
    );
    return readStreams(this.diary.path, this.sinks, this.#deadLetters);
  }
}
