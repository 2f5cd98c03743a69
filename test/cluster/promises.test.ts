/**
 * Random programs on real processes: actors tell, ask and publish, throw, and their workers are killed. The records are
 * kept outside the workers. SEED repeats a program; the interleaving of the processes is the machine's.
 */
import fc from 'fast-check';
import type { System } from 'troupe';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  type Diary,
  idsOnAll,
  inMain,
  kill,
  listenToMains,
  MAIN,
  numbers,
  openDiary,
  removeDiaries,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  whenAllReady,
} from './harness.ts';
import { Record, type Verb } from './record.ts';

const PLAYERS = 12;
const RUNS = 5;
const ASK_MS = 1_500;
const SEED = Number(process.env.SEED ?? 20_260);

/** Whom a player sends something to when it is told a step. */
interface Send {
  verb: Verb;
  to: number;
  boom: boolean;
  waitMs: number;
}

interface Command extends Send {
  /** -1: the master, else main of that worker. */
  by: number;
  sends: Send[];
  awaits: boolean;
}

interface Act {
  commands: Command[];
  pauseMs: number;
  /** Workers to kill at its end. */
  kills: number[];
}

const send: fc.Arbitrary<Send> = fc.record({
  verb: fc.constantFrom<Verb>('tell', 'tell', 'tell', 'ask', 'publish'),
  to: fc.nat(PLAYERS - 1),
  boom: fc.integer({ min: 0, max: 24 }).map((n) => n === 0),
  waitMs: fc.constantFrom(0, 0, 0, 0, 1, 5),
});
const command: fc.Arbitrary<Command> = fc
  .tuple(send, fc.constantFrom(-1, -1, -1, 1, 2, 3), fc.array(send, { maxLength: 6 }), fc.boolean())
  // What is published is handled by many: what they then sent would have one number for all of them.
  .map(([one, by, sends, awaits]) => ({ ...one, by, sends: one.verb === 'publish' ? [] : sends, awaits }));
const act: fc.Arbitrary<Act> = fc.record({
  commands: fc.array(command, { minLength: 5, maxLength: 40 }),
  pauseMs: fc.nat(6),
  kills: fc.constantFrom<number[]>([], [], [1], [2], [3], [1, 3]),
});
const program: fc.Arbitrary<Act[]> = fc.array(act, { minLength: 2, maxLength: 8, size: 'max' });
const withoutKills: fc.Arbitrary<Act[]> = program.map((acts) => acts.map((one) => ({ ...one, kills: [] })));

let system: System;
let record: Record;
let number = 0;

beforeAll(async () => {
  system = await startSystem({ workers: 3, main: MAIN, supervision: TIRELESS, askTimeoutMs: 2 * ASK_MS });
  await listenToMains(system);
  system.on('dead-letter', ({ message }) => record?.deadLetters.add((message as unknown as { number: number }).number));
  await inMain(system, 1, 'workers');
});

afterEach(removeDiaries);
afterAll(stopSystems);

class Play {
  readonly diary: Diary = openDiary();
  players: string[] = [];
  readonly #open: Promise<unknown>[] = [];

  async prepare(): Promise<void> {
    await whenAllReady(system);
    for (const n of numbers(PLAYERS / 3))
      this.players.push(...(await idsOnAll(system, 'player', `${this.diary.path}?${n}-`)));
    for (const id of this.players.slice(0, 6)) await system.ask(id, { type: 'join', topic: this.diary.path });
  }

  async run({ commands, pauseMs, kills }: Act): Promise<void> {
    if (kills.length > 0) await this.#noteHomes();
    for (const one of commands) this.#command(one);
    await sleep(pauseMs);
    for (const worker of kills) {
      const { pid } = system.workers().find(({ index }) => index === worker) as { pid: number };
      if (pid === 0 || record.killed.has(pid)) continue;
      record.killed.add(kill(system, worker));
    }
  }

  /** All asks are settled, every mailbox was served to its end, and nothing is written any more. */
  async end(): Promise<void> {
    await Promise.all(this.#open);
    await whenAllReady(system);
    let before = -1;
    await until(
      'nothing is written any more',
      async () => {
        // A player may wait long for others, in silence: only its answer says that what came before is handled.
        for (const id of this.players) await this.#untilServed(id);
        const lines = this.diary.lines().length;
        if (lines === before) return true;
        before = lines;
        await sleep(ASK_MS / 5);
        return false;
      },
      60_000,
    );
    // An ask that was written last has until its deadline to settle.
    await sleep(ASK_MS / 5);
    for (const line of this.diary.lines()) record.read(line);
  }

  async #untilServed(id: string): Promise<void> {
    const answers = (): Promise<boolean> =>
      system.ask(id, { type: 'quiet' }, { timeoutMs: 20_000 }).then(
        () => true,
        () => false,
      );
    await until(`${id} answers`, answers, 30_000);
  }

  async #noteHomes(): Promise<void> {
    await Promise.all(
      this.players.map(async (id) => {
        const home = await system.where(id).catch(() => undefined);
        if (home) record.runsAt(id, home.pid);
      }),
    );
  }

  #command({ by, sends, awaits, verb, to, ...own }: Command): void {
    const from = by < 0 ? 'master' : `main-${by}`;
    const message = {
      type: 'step',
      number: ++number,
      from,
      ...own,
      awaits,
      sends: sends.map((one) => this.#send(one)),
    };
    if (by >= 0) {
      // What becomes of a command on its way to main is not recorded; order and doubles are.
      void inMain(system, by, verb, ...this.#argsOf(verb, to, message));
      return;
    }
    record.sent.push({ number: message.number, from, verb, to: this.players[to] as string, pid: process.pid });
    if (verb === 'tell') system.tell(this.players[to] as string, message);
    else if (verb === 'publish') system.publish(this.diary.path, message);
    else this.#ask(this.players[to] as string, message);
  }

  #send({ verb, to, boom, waitMs }: Send): object {
    const target = verb === 'publish' ? this.diary.path : this.players[to];
    return { verb, to: target, message: { type: 'step', number: ++number, boom, waitMs }, timeoutMs: ASK_MS };
  }

  #argsOf(verb: Verb, to: number, message: object): unknown[] {
    if (verb === 'publish') return [this.diary.path, message];
    return verb === 'ask' ? [this.players[to], message, { timeoutMs: ASK_MS }] : [this.players[to], message];
  }

  #ask(id: string, message: { type: string; number: number }): void {
    const began = Date.now();
    const settle = (value: number | undefined, code?: string, fate?: string): void => {
      record.settled.push({ number: message.number, value, code, fate });
      expect(Date.now() - began).toBeLessThan(ASK_MS + 1_000);
    };
    const asked = system.ask<number>(id, message, { timeoutMs: ASK_MS });
    this.#open.push(
      asked.then(
        (value) => settle(value),
        ({ code, fate }) => settle(undefined, code, fate),
      ),
    );
  }
}

async function play(acts: Act[]): Promise<Record> {
  record = new Record();
  const playing = new Play();
  await playing.prepare();
  for (const one of acts) await playing.run(one);
  await playing.end();
  return record;
}

async function check(what: string, programs: fc.Arbitrary<Act[]>, runs: number): Promise<void> {
  console.log(`${what}: SEED=${SEED}`);
  let [sent, handled, killed] = [0, 0, 0];
  const keepsPromises = fc.asyncProperty(programs, async (acts) => {
    const made = await play(acts);
    const faults = made.faults();
    if (faults.length > 0) throw new Error(faults.join('\n'));
    sent += made.sent.length;
    handled += made.handled.length;
    killed += made.killed.size;
  });
  const result = await fc.check(keepsPromises, { seed: SEED, numRuns: runs, endOnFailure: true });
  if (result.failed) throw new Error(`${what}, SEED=${SEED}, run ${result.numRuns}: ${result.errorInstance}`);
  console.log(`${what}: ${sent} sent, ${handled} handled, ${killed} workers killed`);
  expect(handled).toBeGreaterThan(100);
}

test('without crashes everything is handled once, in order', async () => {
  await check('no crashes', withoutKills, 3);
  expect(record.killed.size).toBe(0);
}, 60_000);

test('with workers killed: order, no doubles, every ask settled once, and nothing lost but what died', async () => {
  await check('crashes', program, RUNS);
}, 120_000);
