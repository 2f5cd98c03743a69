/**
 * Machines on real ground under random faults, with a judge that keeps its own books: the database's witness of each durable write, the diary of
 * each volatile turn, and what each ask was told.
 */
import { readFileSync } from 'node:fs';
import { shardOf } from '../../src/placement/shard.ts';
import { seededRandom } from '../../src/doubles/seeded-random.ts';
import { judgeDiary } from './diary.ts';
import { type FaultGround, MACHINE_FAULTS, type MachineFault } from './machine-faults.ts';
import { type Machine, Rig, sleep } from './rig.ts';
import { makeWitness, type Ownership, testimony } from './witness.ts';

export interface SoakOptions {
  readonly seed: number;
  readonly leaseMs: number;
  readonly minutes: number;
  /** Ends earlier with so many. */
  readonly faults: number;
  /** At once. */
  readonly together: number;
  /** Milliseconds of one absence of the database. 0: none. */
  readonly awayMs: number;
  /** Faults whose names contain this, and no others. */
  readonly only?: string;
  readonly log?: string;
  tell(text: string): void;
}

export interface SoakResult {
  readonly breaches: string[];
  readonly faults: Record<string, number>;
  /** Of asks, by code and fate. */
  readonly failed: Record<string, number>;
  readonly transfers: number;
  readonly writes: number;
  readonly epochs: number;
  /** Volatile turns that are in the diary. */
  readonly turns: number;
  /** Of those, messages of one sender behind a later one. */
  readonly swapped: number;
  /** Milliseconds until everything answered again, at its longest. */
  readonly answeredMs: number;
}

/** So many ids in each of so many partitions: what an old owner writes to one of them stands beside what the new one wrote to another. */
const PARTITIONS = 8;
const EACH = 4;
const TALLIES = 12;
const LOOK_MS = 100;
/** Beyond two leases: what does not answer by then is looked at from all machines, for whoever has to find out why. */
const SLOW_MS = 4_000;
/** Faults between two moments in which all is well, and all has to answer. */
const ROUND = 25;

export function idsOf(kind: string, partitions: number, each: number): string[] {
  const byPartition = new Map<number, string[]>();
  for (let n = 0; ; n++) {
    const id = `${kind}/${n}`;
    const ids = byPartition.get(shardOf(id)) ?? [];
    byPartition.set(shardOf(id), [...ids, id]);
    const full = [...byPartition.values()].filter((some) => some.length >= each).slice(0, partitions);
    if (full.length === partitions) return full.flatMap((some) => some.slice(0, each));
  }
}

export class Soak {
  readonly breaches: string[] = [];
  readonly faults: Record<string, number> = {};
  readonly failed: Record<string, number> = {};
  readonly #options: SoakOptions;
  readonly #random: () => number;
  readonly #ledgers = idsOf('ledger', PARTITIONS, EACH);
  readonly #tallies = idsOf('tally', TALLIES / 2, 2);
  /** Driver, loop and ledger → the last order that was acknowledged. */
  readonly #acked = new Map<string, number>();
  readonly #fates = new Map<string, string>();
  readonly #taken = new Set<number>();
  #findings: ReadonlySet<string> = new Set();
  #transfers = 0;
  #answeredMs = 0;
  #rig!: Rig;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  async run(): Promise<SoakResult> {
    const { minutes, leaseMs, awayMs, log } = this.#options;
    this.#rig = await Rig.make({
      ...{ machines: 3, leaseMs, ...(log !== undefined && { log }) },
      driverOf: (machine) => this.#driverOf(machine),
      said: (machine, message) => this.#heard(machine, message),
    });
    const rig = this.#rig;
    let isKept = false;
    try {
      const [first, ...others] = rig.machines;
      await this.#start(first as Machine);
      await makeWitness(rig.server);
      for (const machine of others) await this.#start(machine);
      await this.#whenAllAnswer();
      const until = performance.now() + minutes * 60_000;
      this.#tellStanding();
      let isAwayDone = awayMs === 0;
      while (performance.now() < until && this.#count() < this.#options.faults) {
        await this.#round(until);
        if (!isAwayDone) await this.#databaseAway(awayMs);
        isAwayDone = true;
        await this.#whenAllAnswer();
        this.#tellStanding();
        await this.#tellFindings();
        if (this.breaches.length > 20) break;
      }
      const result = await this.#judge();
      isKept = process.env.TROUPE_KEEP_RIG !== undefined && result.breaches.length > 0;
      return result;
    } finally {
      await rig.end(isKept);
    }
  }

  /** The same machines, whose database is put back to a backup of some seconds before. Returns what breaks the rules. */
  async putBack(): Promise<SoakResult> {
    const { leaseMs, log } = this.#options;
    this.#rig = await Rig.make({
      ...{ machines: 3, leaseMs, ...(log !== undefined && { log }) },
      driverOf: (machine) => this.#driverOf(machine),
      said: (machine, message) => this.#heard(machine, message),
    });
    const rig = this.#rig;
    try {
      const [first, ...others] = rig.machines;
      await this.#start(first as Machine);
      await makeWitness(rig.server);
      for (const machine of others) await this.#start(machine);
      await this.#whenAllAnswer();
      const before: Ownership[] = [];
      for (let n = 0; n < this.#options.faults; n++) {
        await rig.server.keepBackup();
        await this.#whenAllAnswer();
        // With and without another owner since the backup.
        const some = rig.machine(1 + Math.floor(this.#random() * rig.machines.length));
        if (this.#random() < 0.7) {
          await rig.kill(some);
          await sleep(this.#random() * 2 * leaseMs);
          await this.#start(some);
        }
        await sleep(this.#random() * 2 * leaseMs);
        const testified = await testimony(rig.server, before);
        this.breaches.push(...testified.breaches);
        before.push(...testified.owners);
        await Promise.all(rig.awake.map((machine) => rig.call(machine, 'put-back')));
        await rig.server.putBack();
        // Until it was stopped orders were acknowledged.
        for (const key of this.#acked.keys()) this.#acked.set(key, 0);
        await Promise.all(rig.awake.map((machine) => rig.call(machine, 'put-back')));
        this.faults['database put back'] = n + 1;
        await this.#whenAllAnswer();
        this.#tellStanding();
        this.breaches.push(...(await testimony(rig.server, before)).breaches);
      }
      return await this.#judge(before, true);
    } finally {
      await rig.end();
    }
  }

  #count(): number {
    return Object.values(this.faults).reduce((sum, n) => sum + n, 0);
  }

  #driverOf({ number, name }: Machine): object {
    const known = Object.fromEntries([...this.#acked].filter(([key]) => key.startsWith(`m${number}.`)));
    return { name: `m${number}`, start: name, ledgers: this.#ledgers, tallies: this.#tallies, known };
  }

  #heard(machine: Machine, message: Record<string, unknown>): void {
    if (message.ack !== undefined) {
      this.#transfers++;
      this.#acked.set(message.ack as string, message.n as number);
    } else if (message.add !== undefined) this.#fates.set(message.add as string, message.fate as string);
    else if (message.breach !== undefined) this.#breach(message.breach as string);
    else if (process.env.TROUPE_SOAK_ALL !== undefined)
      this.#options.tell(`${new Date().toISOString()} ${machine.name} says ${message.event} ${message.of ?? ''}`);
  }

  #breach(text: string): void {
    this.breaches.push(text);
    this.#options.tell(`BREACH ${text}`);
  }

  /** Some faults at once, until there were enough of them. */
  async #round(until: number): Promise<void> {
    const running = new Set<Promise<void>>();
    for (let begun = 0; begun < ROUND && performance.now() < until; ) {
      const fault = this.#pick();
      const isOfAll = fault.takes === 'database';
      if (isOfAll) await Promise.all(running);
      const free = this.#rig.machines.filter(({ number }) => !this.#taken.has(number));
      if (running.size >= this.#options.together || free.length < 2) {
        await Promise.race(running);
        continue;
      }
      const machine = free[Math.floor(this.#random() * free.length)] as Machine;
      const others = free.filter((one) => one !== machine);
      const other = others[Math.floor(this.#random() * others.length)] as Machine;
      begun++;
      const one = this.#inflict(fault, machine, other).finally(() => running.delete(one));
      running.add(one);
      if (isOfAll) await one;
      await sleep(this.#random() * 0.5 * this.#options.leaseMs);
    }
    await Promise.all(running);
  }

  #pick(): MachineFault {
    const { only } = this.#options;
    const some = MACHINE_FAULTS.filter(({ name }) => only === undefined || name.includes(only));
    let at = this.#random() * some.reduce((sum, { weight }) => sum + weight, 0);
    const found = some.find(({ weight }) => (at -= weight) < 0);
    if (!found) throw new Error(`no fault has a name with "${only}"`);
    return found;
  }

  async #inflict(fault: MachineFault, machine: Machine, other: Machine): Promise<void> {
    const takes = fault.takes === 'pair' ? [machine, other] : fault.takes === 'machine' ? [machine] : [];
    for (const { number } of takes) this.#taken.add(number);
    const ground: FaultGround = {
      ...{ rig: this.#rig, leaseMs: this.#options.leaseMs, random: this.#random },
      breach: (text) => this.#breach(text),
      start: (one) => this.#start(one),
    };
    if (process.env.TROUPE_SOAK_ALL !== undefined)
      this.#options.tell(`${new Date().toISOString()} ${fault.name}: ${machine.name} (${other.name})`);
    try {
      await fault.inflict(ground, machine, other);
      this.faults[fault.name] = (this.faults[fault.name] ?? 0) + 1;
    } finally {
      for (const { number } of takes) this.#taken.delete(number);
    }
  }

  async #start(machine: Machine): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#rig.start(machine);
      } catch (error) {
        // It may be that the database, or all of the others, are away just now.
        if (tries === 20) throw error;
        await this.#rig.kill(machine);
        await sleep(200);
      }
    }
  }

  async #databaseAway(ms: number): Promise<void> {
    const { server } = this.#rig;
    await server.stop();
    await sleep(ms);
    await server.begin();
    this.faults[`database away for ${ms} ms`] = 1;
  }

  /** Nothing is wrong any more: everything answers within the time in which a lost machine is replaced, and some. */
  async #whenAllAnswer(): Promise<void> {
    const rig = this.#rig;
    const begun = performance.now();
    // Looks, not time: a judge that gets no processor does not take its own delay for that of the machines.
    let looks = (this.#options.leaseMs * 3 + 20_000) / LOOK_MS;
    const looking = setInterval(() => looks--, LOOK_MS);
    const left = new Set(
      [...this.#ledgers, ...this.#tallies].flatMap((id) => rig.awake.map(({ number }) => `${number} ${id}`)),
    );
    let why = '';
    let isTold = false;
    while (left.size > 0 && looks > 0) {
      if (!isTold && performance.now() - begun > this.#options.leaseMs * 2 + SLOW_MS) {
        isTold = true;
        await this.#tellSlow(left, why);
      }
      await Promise.all(
        [...left].map(async (key) => {
          const [number, id] = key.split(' ');
          const isLedger = id?.startsWith('ledger');
          const message = isLedger ? { type: 'get' } : { type: 'spread', to: [] };
          await rig.call(rig.machine(Number(number)), 'ask', id, message, { timeoutMs: 5_000 }).then(
            () => left.delete(key),
            (error) => {
              why = `${key}: ${error.message}`;
            },
          );
        }),
      );
      if (left.size > 0) await sleep(50);
    }
    clearInterval(looking);
    const took = performance.now() - begun;
    this.#answeredMs = Math.max(this.#answeredMs, took);
    if (left.size > 0) this.#breach(`${left.size} do not answer ${Math.round(took)} ms after the last fault: ${why}`);
  }

  /** Where each machine believes the first that does not answer to be, and which machines it knows. */
  async #tellSlow(left: ReadonlySet<string>, why: string): Promise<void> {
    const [, id] = ([...left][0] ?? '').split(' ');
    this.#options.tell(`slow: ${left.size} do not answer: ${[...left].slice(0, 6).join(', ')}; ${why}`);
    for (const machine of this.#rig.awake) {
      const looks = ['where', 'machines'].map((call) =>
        this.#rig.call(machine, call, ...(call === 'where' ? [id] : [])).catch((error: Error) => error.message),
      );
      this.#options.tell(`slow: ${machine.name} says of ${id}: ${JSON.stringify(await Promise.all(looks))}`);
    }
  }

  #tellStanding(): void {
    this.#options.tell(
      `${new Date().toTimeString().slice(0, 8)} ${this.#count()} faults, ${this.#transfers} transfers, all answered within ${Math.round(this.#answeredMs)} ms, ${this.breaches.length} breaches`,
    );
  }

  /** Told as soon as they are seen, for whoever has to find out why: at the end they are breaches. */
  async #tellFindings(): Promise<void> {
    const { breaches } = await testimony(this.#rig.server);
    const judged = judgeDiary(readFileSync(this.#rig.diary, 'utf8').split('\n').filter(Boolean), new Map());
    const all = [...breaches, ...judged.breaches, ...judged.swapped];
    for (const finding of all.filter((one) => !this.#findings.has(one)).slice(0, 10))
      this.#options.tell(`found by now: ${finding}`);
    this.#findings = new Set(all);
  }

  async #judge(before: readonly Ownership[] = [], isPutBack = false): Promise<SoakResult> {
    const rig = this.#rig;
    for (const machine of rig.awake) await this.#fetchCounts(machine);
    await Promise.all(rig.awake.map((machine) => rig.call(machine, 'end-load')));
    await this.#booksBalance(isPutBack);
    const { breaches, writes, epochs } = await testimony(rig.server, before);
    for (const breach of breaches) this.#breach(breach);
    const diary = readFileSync(rig.diary, 'utf8').split('\n').filter(Boolean);
    const judged = judgeDiary(diary, this.#fates);
    for (const breach of judged.breaches) this.#breach(breach);
    for (const line of judged.swapped.slice(0, 5)) this.#breach(`swapped: ${line}`);
    return {
      ...{ breaches: this.breaches, faults: this.faults, failed: this.failed, transfers: this.#transfers },
      ...{
        writes,
        epochs,
        turns: diary.length,
        swapped: judged.swapped.length,
        answeredMs: Math.round(this.#answeredMs),
      },
    };
  }

  async #fetchCounts(machine: Machine): Promise<void> {
    const { faults } = (await this.#rig.call(machine, 'counts')) as { faults: Record<string, number> };
    for (const [key, n] of Object.entries(faults)) this.failed[key] = (this.failed[key] ?? 0) + n;
  }

  /** All that was sent arrives, each order is there, and no money was made or lost. */
  async #booksBalance(isPutBack: boolean): Promise<void> {
    const opening = this.#ledgers.length * 1_000;
    const end = performance.now() + 30_000;
    let books: Record<string, Book> = {};
    let sum = 0;
    do {
      await sleep(100);
      books = await this.#books();
      sum = Object.values(books).reduce((total, { balance }) => total + balance, 0);
    } while (sum !== opening && performance.now() < end && !isPutBack);
    // A backup is no moment at which nothing is under way between two actors.
    if (isPutBack) return;
    if (sum !== opening) this.#breach(`${opening} is the sum of all balances; got ${sum}`);
    for (const [id, { breaches, drivers, given }] of Object.entries(books)) {
      for (const text of breaches) this.#breach(`${id}: ${text}`);
      for (const [key, n] of this.#acked) {
        const [driver, ...ledger] = key.split('/');
        if (ledger.join('/') === id && (drivers[driver as string]?.n ?? 0) < n)
          this.#breach(`${key}: ${n} was acknowledged; ${drivers[driver as string]?.n} is there`);
      }
      for (const [to, n] of Object.entries(given))
        if (books[to]?.got[id] !== n) this.#breach(`${id} has given ${n} to ${to}, which got ${books[to]?.got[id]}`);
    }
  }

  async #books(): Promise<Record<string, Book>> {
    const rig = this.#rig;
    const [machine] = rig.awake;
    const books: Record<string, Book> = {};
    for (const id of this.#ledgers)
      books[id] = (await rig.call(machine as Machine, 'ask', id, { type: 'get' }, { timeoutMs: 20_000 })) as Book;
    return books;
  }
}

interface Book {
  readonly balance: number;
  readonly drivers: Record<string, { n: number }>;
  readonly given: Record<string, number>;
  readonly got: Record<string, number>;
  readonly breaches: string[];
}
