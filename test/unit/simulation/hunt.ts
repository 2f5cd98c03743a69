/** Hunts for runs that break a promise: many programs on several processes, each by its seed, until one fails or the time is over. */
import { type ChildProcess, fork } from 'node:child_process';
import { HuntCounts } from './hunt-counts.ts';
import type { Hunted, PartAnswer, PartOrder } from './hunt-part.ts';
import { lineOf } from './search.ts';

export interface HuntOptions {
  /** Their programs take turns. */
  mixes: readonly string[];
  /** Of a program. */
  stepsOf: (mix: string) => number;
  /** In which the actors of a program live. */
  shardsOf: (seed: number) => number;
  /** The first seed of each mix. */
  first: number;
  /** At most. */
  programs: number;
  /** Milliseconds. */
  forMs: number;
  /** Failures after which it ends. */
  failuresMax: number;
  /** Milliseconds for making a failure shorter. */
  shrinkMs: number;
  /** Processes. */
  jobs: number;
  /** A rule of the protocol that is taken away. */
  mutant?: string | undefined;
  /** The program of each process: hunt-part.ts as it was built. */
  part: URL;
  /** Milliseconds after which a program that has not ended never will. Default: three minutes beyond those for making it shorter. */
  stuckMs?: number;
  /** Bytes; a process of more is replaced by a new one. Default: two billions. */
  rssBytesMax?: number;
  say: (line: string) => void;
}

const STUCK_MS = 180_000;
/** Milliseconds between two lines about how it goes. */
const NEWS_MS = 60_000;
/** Programs that a process is given at once, so that it does not wait for the next. */
const AHEAD = 2;
const RSS_BYTES_MAX = 2_000_000_000;
/** Megabytes for what is young: a program is over before it is collected, and little of it has to be copied. */
const YOUNG = ['--max-semi-space-size=64', '--min-semi-space-size=64'];

interface Part {
  readonly process: ChildProcess;
  /** Given and not answered, the oldest first. */
  readonly given: Hunted[];
  stuck: NodeJS.Timeout | undefined;
  isLeaving: boolean;
}

export class Hunt {
  readonly counts: HuntCounts = new HuntCounts();
  readonly #options: HuntOptions;
  readonly #parts = new Set<Part>();
  readonly #startedAt = performance.now();
  /** Given to a process that went before it came to them. */
  readonly #again: Hunted[] = [];
  #given = 0;
  #isOver = false;
  #rssBytes = 0;
  #ended: () => void = () => {};

  constructor(options: HuntOptions) {
    this.#options = options;
  }

  /** Resolves once no program is under way any more. */
  async run(): Promise<void> {
    const { jobs, forMs } = this.#options;
    const ended = new Promise<void>((resolve) => (this.#ended = resolve));
    const over = setTimeout(() => this.#end(), Math.min(forMs, 2 ** 31 - 1));
    const news = setInterval(() => this.#options.say(this.#speed()), NEWS_MS);
    for (let job = 0; job < jobs; job++) this.#start();
    await ended;
    clearTimeout(over);
    clearInterval(news);
  }

  /** What it came to, in words. */
  summary(): string[] {
    const { mixes, first } = this.#options;
    const next = first + Math.ceil(this.#given / mixes.length);
    return [
      this.#speed(),
      ...this.counts.lines(),
      `seeds ${first} to ${next - 1} of each mix; go on with --seed ${next}`,
    ];
  }

  #speed(): string {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const { programs, failures } = this.counts;
    const perMinute = Math.round((programs * 60) / seconds);
    const megabytes = Math.round(this.#rssBytes / 1_000_000);
    return `${programs} programs in ${seconds.toFixed(0)} s: ${perMinute} a minute, ${failures} failures, ${megabytes} MB a process`;
  }

  #start(): void {
    const child = fork(this.#options.part, { execArgv: [...process.execArgv, ...YOUNG] });
    const part: Part = { process: child, given: [], stuck: undefined, isLeaving: false };
    this.#parts.add(part);
    child.on('message', (answer: PartAnswer) => this.#answered(part, answer));
    child.once('exit', (code, signal) => this.#exited(part, `${signal ?? `exit code ${code}`}`));
    this.#give(part);
  }

  #give(part: Part): void {
    while (!part.isLeaving && part.given.length < AHEAD) {
      const run = this.#next();
      if (!run) break;
      part.given.push(run);
      const order: PartOrder = { run, shrinkMs: this.#options.shrinkMs, mutant: this.#options.mutant };
      part.process.send(order);
    }
    this.#watch(part);
    if (part.given.length === 0) part.process.disconnect();
  }

  #next(): Hunted | undefined {
    const { mixes, first, programs, stepsOf, shardsOf } = this.#options;
    if (this.#isOver) return undefined;
    if (this.#again.length > 0) return this.#again.shift();
    if (this.#given >= programs) return undefined;
    const number = this.#given++;
    const mix = mixes[number % mixes.length] as string;
    const seed = first + Math.floor(number / mixes.length);
    return { mix, seed, steps: stepsOf(mix), shards: shardsOf(seed) };
  }

  #watch(part: Part): void {
    clearTimeout(part.stuck);
    if (part.given.length === 0) return;
    part.stuck = setTimeout(
      () => part.process.kill('SIGKILL'),
      this.#options.stuckMs ?? STUCK_MS + this.#options.shrinkMs,
    );
  }

  #answered(part: Part, { cpuMs, counts, report, rssBytes }: PartAnswer): void {
    const { mix } = part.given.shift() as Hunted;
    this.#rssBytes = Math.max(this.#rssBytes, rssBytes);
    this.counts.note(mix, cpuMs, counts);
    if (report !== undefined) this.#failed(mix, report);
    part.isLeaving ||= rssBytes > (this.#options.rssBytesMax ?? RSS_BYTES_MAX);
    this.#give(part);
  }

  #failed(mix: string, report: string): void {
    this.counts.failed(mix);
    this.#options.say(`\n${report}\n`);
    if (this.counts.failures >= this.#options.failuresMax) this.#end();
  }

  #exited(part: Part, how: string): void {
    clearTimeout(part.stuck);
    this.#parts.delete(part);
    const [name, ...rest] = part.given;
    this.#again.push(...rest);
    if (name) this.#failed(name.mix, `[end] its process ended: ${how}\n${lineOf(name)}`);
    const isLeft = this.#again.length > 0 || this.#given < this.#options.programs;
    if (!this.#isOver && isLeft && (part.isLeaving || name)) this.#start();
    if (this.#parts.size === 0) this.#ended();
  }

  #end(): void {
    this.#isOver = true;
  }
}
