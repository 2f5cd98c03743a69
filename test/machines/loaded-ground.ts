/**
 * Two machines on a real PostgreSQL, both of which have some of the actors: both send to all of them, without a pause, until they are judged. What is kept
 * of none of the tallies has to live on in memory, so no life of theirs may end meanwhile.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { sleep, until } from '../cluster/harness.ts';
import { judgeDiary } from './diary.ts';
import { type Machine, Rig } from './rig.ts';
import { makeWitness, testimony } from './witness.ts';

const OPENING = 1_000;

export interface Place {
  machine: string;
  worker: number;
}

interface LoadedOptions {
  readonly leaseMs: number;
  readonly ledgers: readonly string[];
  readonly tallies: readonly string[];
}

/** What a ledger says of itself. */
interface Book {
  balance: number;
  breaches: string[];
}

const sumOf = (books: Book[]): number => books.reduce((sum, { balance }) => sum + balance, 0);

export class LoadedGround {
  readonly rig: Rig;
  readonly #options: LoadedOptions;
  readonly #said: Record<string, unknown>[];

  private constructor(rig: Rig, options: LoadedOptions, said: Record<string, unknown>[]) {
    this.rig = rig;
    this.#options = options;
    this.#said = said;
  }

  static async make(options: LoadedOptions): Promise<LoadedGround> {
    const { leaseMs, ledgers, tallies } = options;
    const said: Record<string, unknown>[] = [];
    let isLoaded = false;
    const rig = await Rig.make({
      ...{ machines: 2, leaseMs, said: (_, message) => said.push(message) },
      driverOf: ({ name }) => (isLoaded ? { name, start: name, ledgers, tallies, pauseMs: 15 } : undefined),
    });
    isLoaded = true;
    const ground = new LoadedGround(rig, options, said);
    await rig.start(rig.machine(1));
    await makeWitness(rig.server);
    await rig.start(rig.machine(2));
    await until('both have some', async () => {
      const hosts = await Promise.all([...ledgers, ...tallies].map((id) => ground.whereIs(rig.machine(1), id)));
      return new Set(hosts.map(({ machine }) => machine)).size === 2;
    });
    return ground;
  }

  async whereIs(at: Machine, id: string): Promise<Place> {
    return (await this.rig.call(at, 'where', id)) as Place;
  }

  ask(id: string, message: object): Promise<unknown> {
    return this.rig.call(this.rig.machine(1), 'ask', id, message, { timeoutMs: 20_000 });
  }

  async machineOf(id: string): Promise<Machine> {
    const { machine } = await this.whereIs(this.rig.machine(1), id);
    return this.rig.machines.find((one) => one.id === machine) as Machine;
  }

  /** Ends the load. No message was lost, swapped or handled twice, and each actor has all that it had. */
  async judge(): Promise<void> {
    const { ledgers, tallies } = this.#options;
    for (const machine of this.rig.machines) await this.rig.call(machine, 'end-load');
    await sleep(500);
    this.#judgeAsks();
    this.#judgeTells();
    // Nothing is kept of these, and no life of theirs has ended: each remembers what it was asked.
    for (const id of tallies) {
      const asked = this.#noted().filter((line) => line.startsWith(`add ${id} `)).length;
      expect(await this.ask(id, { type: 'add', attempt: 'last' })).toBeGreaterThan(asked);
    }
    // Each order was carried out once.
    expect(this.#said.filter(({ breach }) => breach !== undefined)).toEqual([]);
    // What is under way as the load ends may have to be sent again, which takes a second or more.
    await expect.poll(async () => sumOf(await this.#books()), { timeout: 20_000 }).toBe(ledgers.length * OPENING);
    expect((await this.#books()).flatMap(({ breaches }) => breaches)).toEqual([]);
    expect((await testimony(this.rig.server)).breaches).toEqual([]);
  }

  async end(): Promise<void> {
    await this.rig.end();
  }

  #books(): Promise<Book[]> {
    return Promise.all(this.#options.ledgers.map((id) => this.ask(id, { type: 'get' }) as Promise<Book>));
  }

  #judgeAsks(): void {
    const fates = this.#said.flatMap(({ add, fate }): [string, string][] =>
      add === undefined ? [] : [[String(add), String(fate)]],
    );
    expect(fates.length).toBeGreaterThan(20);
    // On ground that is busy with much else a lease may pass: what is asked by then is not carried out, and says so.
    for (const [, fate] of fates) expect(['replied', 'not-executed']).toContain(fate);
    expect(judgeDiary(this.#noted(), new Map(fates))).toEqual({ breaches: [], swapped: [] });
  }

  /** What each process told each actor: all of it, from the first on. */
  #judgeTells(): void {
    const numbers = new Map<string, number[]>();
    for (const line of this.#noted()) {
      const [what, id, , from = '', n] = line.split(' ');
      if (what !== 'note' || from.includes('/')) continue;
      const key = `${id} ${from}`;
      numbers.set(key, [...(numbers.get(key) ?? []), Number(n)]);
    }
    const counts = [...numbers.values()].map((all) => all.length);
    expect(numbers.size).toBe(this.#options.tallies.length * 2);
    expect(Math.min(...counts)).toBeGreaterThan(20);
    for (const all of numbers.values()) expect(all).toEqual(Array.from({ length: all.length }, (_, at) => at + 1));
  }

  #noted(): string[] {
    return readFileSync(this.rig.diary, 'utf8').split('\n').filter(Boolean);
  }
}
