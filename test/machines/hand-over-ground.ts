/**
 * Two machines of two workers, of which one has all and the other joins: at one step of the hand-over a master halts, something befalls one of them, and what
 * the actors that were to move remember says what became of them.
 */
import { readFileSync, rmSync } from 'node:fs';
import { assignment } from '../../src/machines/assignment.ts';
import { PARTITIONS } from '../../src/machines/partition-table.ts';
import { shardOf } from '../../src/placement/shard.ts';
import { judgeDiary } from './diary.ts';
import { type Machine, Rig, signalTo, sleep } from './rig.ts';

export interface Step {
  /** Whose master halts. */
  readonly at: 'old' | 'new';
  /** As the master names it in its log. */
  readonly step: string;
  /** What befalls them does so once the new owner serves what it has got. */
  readonly isServed?: boolean;
}

/** Ends a fault. */
type Heal = () => void;

/** Milliseconds that a fault lasts which heals, from the moment at which the step goes on. */
const FAULT_MS = 500;
const LOOK_MS = 20;
const WAIT_MS_MAX = 30_000;
const TURNS = 3;

/** Of the partitions, those that a machine which has all hands to one that joins. */
const OWNERS = assignment(new Array(PARTITIONS).fill('old'), ['old', 'new']);
const IDS = Array.from({ length: 100 }, (_, at) => `tally/${at}`);
const MOVING = IDS.filter((id) => OWNERS[shardOf(id)] === 'new').slice(0, 10);
const TALLIES = [...MOVING, ...IDS.filter((id) => OWNERS[shardOf(id)] === 'old').slice(0, 3)];

export class HandOverGround {
  readonly #rig: Rig;
  readonly #old: Machine;
  readonly #taker: Machine;
  readonly #senders = new Set<Machine>();
  #step: Step | undefined;
  #cases = 0;
  #sent = 0;
  #asked = 0;

  private constructor(make: (haltOf: (machine: Machine) => string) => Rig) {
    this.#rig = make(({ number }) => (number === 2 && this.#step?.at === 'new' ? this.#step.step : ''));
    [this.#old, this.#taker] = this.#rig.machines as [Machine, Machine];
  }

  static async make(leaseMs: number): Promise<HandOverGround> {
    let haltOf = (_: Machine): string => '';
    const rig = await Rig.make({ machines: 2, leaseMs, haltOf: (machine) => haltOf(machine) });
    return new HandOverGround((of) => {
      haltOf = of;
      return rig;
    });
  }

  /** By their names in the table. */
  readonly faults: Readonly<Record<string, () => Promise<Heal> | Heal>> = {
    'old owner killed': () => this.#killed(this.#old),
    'a worker of it killed': () => this.#workerKilled(this.#old),
    'new owner killed': () => this.#killed(this.#taker),
    'one of its workers killed': () => this.#workerKilled(this.#taker),
    'the link between them cut': () => {
      this.#rig.part(this.#old, this.#taker);
      return () => this.#rig.join(this.#old, this.#taker);
    },
    'the database gives the old owner no answer': () => {
      const { toDatabase } = this.#old;
      toDatabase.stall('from');
      return () => {
        toDatabase.cut();
        toDatabase.resume();
      };
    },
  };

  /** What became of the actors that were to move, and what else there is to say: nothing, where all is well. */
  async outcome(step: Step, fault: string): Promise<[what: string, breaches: readonly string[]]> {
    const [rig, old, taker] = [this.#rig, this.#old, this.#taker];
    const halting = step.at === 'old' ? old : taker;
    this.#step = step;
    await Promise.all(rig.machines.map((machine) => rig.kill(machine)));
    rig.heal();
    rmSync(rig.diary, { force: true });
    rig.cluster = `case${++this.#cases}`;
    await rig.start(old);
    for (const id of TALLIES) for (let n = 0; n < TURNS; n++) await this.#addOnce(old, id, `${old.name}.${id}.${n}`);
    this.#senders.clear();
    this.#senders.add(old);
    let isOver = false;
    const sends = this.#sending(() => isOver);
    if (step.at === 'old') await rig.call(old, 'arm', step.step);
    const joined = rig.start(taker).then(
      () => void this.#senders.add(taker),
      () => {},
    );
    await until(`${halting.name} comes to its step ${step.step}`, async () => rig.isHalted(halting));
    if (step.isServed) await this.#remembered(taker, MOVING[0] as string);
    const heal = await this.faults[fault]?.();
    rig.goOn(halting);
    await sleep(FAULT_MS);
    heal?.();
    const judge = old.child ? old : taker;
    if (judge === taker) await joined;
    const counts = await Promise.all(MOVING.map((id) => this.#remembered(judge, id)));
    await sleep(FAULT_MS / 2);
    isOver = true;
    await sends;
    const { breaches, swapped } = judgeDiary(readFileSync(rig.diary, 'utf8').split('\n').filter(Boolean), new Map());
    const kept = counts.filter((count) => count > TURNS).length;
    const what = kept === counts.length ? 'goes on' : kept > 0 ? 'its part begins anew' : 'begins anew';
    return [what, [...breaches, ...swapped]];
  }

  end(): Promise<void> {
    return this.#rig.end(process.env.TROUPE_KEEP_RIG !== undefined);
  }

  async #killed(machine: Machine): Promise<Heal> {
    this.#senders.delete(machine);
    await this.#rig.kill(machine);
    return () => {};
  }

  async #workerKilled(machine: Machine): Promise<Heal> {
    const [, pid] = this.#rig.workersOf(machine);
    if (pid === undefined) throw new Error(`${machine.name} has two workers`);
    signalTo(pid, 'SIGKILL');
    // A master that does not halt knows soon: what comes for that worker then goes to another one.
    const isKnown = async (): Promise<boolean> => {
      if (this.#rig.isHalted(machine)) return true;
      const workers = (await this.#rig.call(machine, 'workers')) as { pid: number }[];
      return !workers.some((worker) => worker.pid === pid);
    };
    await until(`${machine.name} knows that a worker is dead`, isKnown);
    await sleep(LOOK_MS);
    return () => {};
  }

  async #add(from: Machine, id: string, attempt: string): Promise<number> {
    return (await this.#rig.call(from, 'ask', id, { type: 'add', attempt }, { timeoutMs: 2_000 })) as number;
  }

  /** On ground that is busy a lease may pass before all begins: what was not done is asked again. */
  async #addOnce(from: Machine, id: string, attempt: string): Promise<void> {
    await until(`${id} is asked`, () =>
      this.#add(from, id, attempt).then(
        () => true,
        (error: { fate?: string }) => {
          if (error.fate !== 'not-executed') throw error;
          return false;
        },
      ),
    );
  }

  /** Each of these sends to all, one number after the other. */
  async #sending(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const n = ++this.#sent;
      for (const from of this.#senders)
        for (const id of TALLIES)
          await this.#rig.call(from, 'tell', id, { type: 'note', from: from.name, n }).catch(() => {});
      await sleep(5);
    }
  }

  /** Asked until it is carried out: how many turns it remembers. */
  async #remembered(from: Machine, id: string): Promise<number> {
    let count: number | undefined;
    await until(`${id} answers`, async () => {
      count = await this.#add(from, id, `${from.name}.${id}.end.${this.#asked++}`).catch(() => undefined);
      return count !== undefined;
    });
    return count as number;
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + WAIT_MS_MAX; !(await isSo()); await sleep(LOOK_MS))
    if (performance.now() > end) throw new Error(`${what}; it did not within ${WAIT_MS_MAX} ms`);
}
