/**
 * What was really sent to, and handled by, the actors of many machines, kept outside of all of them: who counted what, under which epoch of
 * its partition; how asks ended; who was told of an end, and of news.
 */
import { partitionEpochOf } from '../../../src/vocabulary/fence.ts';
import type { System } from '../../../src/system/system.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { Breaches } from './breaches.ts';

interface Sent {
  readonly from: string;
  readonly to: string;
  readonly n: number;
  /** The newest epoch of the receiver's partition under which anything had run by then. */
  readonly epoch: number;
}

interface Ask {
  readonly id: string;
  readonly to: string;
  readonly dueAt: number;
  /** Its process lives. */
  isWanted(): boolean;
  outcome: 'open' | 'answered' | 'not-executed' | 'executed' | 'unknown' | 'none';
}

export class MachineWitness {
  readonly breaches: Breaches;
  readonly asks: Ask[] = [];
  readonly transfers = new Set<string>();
  readonly answered = new Set<string>();
  readonly refused = new Set<string>();
  turns = 0;
  readonly #sent = new Map<string, Sent>();
  readonly #numbers = new Map<string, number>();
  readonly #epochs = new Map<string, number>();
  readonly #handled = new Map<string, number>();
  /** Sender and receiver → what of theirs was handled last. */
  readonly #last = new Map<string, Sent & { handledAt: number }>();
  readonly #watches: { id: string; told: number; isWanted(): boolean }[] = [];
  readonly #news = new Map<string, number>();
  readonly #heard = new Map<string, number>();
  readonly #paused = new Set<string>();
  /** Resumes of each id so far. */
  readonly #resumes = new Map<string, number>();
  readonly #resuming = new Set<string>();
  /** Of each partition the number of its last move. */
  readonly #movesOf = new Map<number, number>();
  /** Moves of each partition that have not settled: to which machine. */
  readonly #openMoves = new Map<number, Map<number, string>>();
  #moves = 0;
  #moved = 0;
  #pauses = 0;

  constructor(now: () => number) {
    this.breaches = new Breaches(now);
  }

  /** The number of the next message between the two. */
  next(from: string, to: string): { m: string; n: number } {
    const pair = `${from}>${to}`;
    const n = (this.#numbers.get(pair) ?? 0) + 1;
    this.#numbers.set(pair, n);
    const m = `${pair}:${n}`;
    this.#sent.set(m, { from, to, n, epoch: this.#epochs.get(to) ?? 0 });
    return { m, n };
  }

  /** `isThere`: that machine lives under that name, and does not leave. */
  move(system: System, id: string, machine: string, isThere: () => boolean): void {
    const number = ++this.#moves;
    const partition = shardOf(id);
    this.#movesOf.set(partition, number);
    const open = this.#openMoves.get(partition) ?? new Map<number, string>();
    // They may be asked for of the owner in any order: each by a process of its own, perhaps of another machine.
    const beside = new Set(open.values());
    this.#openMoves.set(partition, open.set(number, machine));
    const look = async (): Promise<void> => {
      this.#moved++;
      const at = await system.where(id);
      if (at.machine === machine || this.#movesOf.get(partition) !== number || !isThere()) return;
      if (at.machine !== undefined && beside.has(at.machine)) return;
      this.breaches.add('state', `${id} has moved to ${machine}, and is on ${at.machine}`);
    };
    const refused = ({ code, message }: TroupeError): void => {
      if (code !== 'NO_WORKER' && code !== 'ACTOR_UNAVAILABLE' && code !== 'SHUTTING_DOWN')
        this.breaches.add('state', `the move of ${id} to ${machine} is refused: ${code} ${message}`);
    };
    // Whoever asked may be gone before it hears where the actor is.
    const moved = system.move(id, { machine });
    moved.catch(() => {}).finally(() => open.delete(number));
    moved.then(() => look().catch(() => {}), refused);
  }

  /** A turn begins, by this epoch of its partition. */
  turn(id: string, fence: string): number {
    this.turns++;
    const epoch = partitionEpochOf(fence);
    const before = this.#epochs.get(id) ?? 0;
    if (this.#paused.has(id)) this.breaches.add('state', `a turn of ${id} begins, which is paused`);
    if (epoch === 0) this.breaches.add(1, `a turn of ${id} without an epoch of its partition`);
    if (epoch < before) this.breaches.add(1, `a turn of ${id} by epoch ${epoch} behind one of a newer owner`);
    this.#epochs.set(id, Math.max(epoch, before));
    return epoch;
  }

  /** By an actor of which nothing is kept. */
  handled(m: string, epoch: number): void {
    const sent = this.#sent.get(m) as Sent;
    const times = (this.#handled.get(m) ?? 0) + 1;
    this.#handled.set(m, times);
    if (times > 1) this.breaches.add(3, `${m} is handled ${times} times`);
    const pair = `${sent.from}>${sent.to}`;
    const last = this.#last.get(pair);
    if (last && last.n > sent.n)
      this.breaches.add(
        2,
        `${m}, sent under ${sent.epoch}, is handled under ${epoch}, behind ${last.n}, under ${last.handledAt}`,
      );
    this.#last.set(pair, { ...sent, handledAt: epoch });
  }

  /** An ask of that process; `m`: what the actor will say it has handled. */
  asked(m: string, to: string, dueAt: number, isWanted: () => boolean, reply: Promise<unknown>): void {
    const ask: Ask = { id: m, to, dueAt, isWanted, outcome: 'open' };
    this.asks.push(ask);
    reply.then(
      (value) => {
        ask.outcome = 'answered';
        if (value !== m) this.breaches.add(5, `the ask ${m} has the reply ${value}`);
      },
      ({ fate }) => {
        ask.outcome = fate ?? 'none';
      },
    );
  }

  /** By the master's system of a machine. */
  watch(system: System, id: string, isWanted: () => boolean): void {
    const watch = { id, told: 0, isWanted };
    this.#watches.push(watch);
    system.watch(id, () => {
      if (++watch.told > 1) this.breaches.add(7, `the end of ${id} is told twice`);
    });
  }

  /** For the end of something that is watched. */
  get isWaiting(): boolean {
    return this.#watches.some(({ told, isWanted }) => told === 0 && isWanted());
  }

  /** Once it is promised, and nobody has begun to resume it, no turn may begin. */
  pause(system: System, id: string): void {
    const before = this.#resumes.get(id) ?? 0;
    system.pause(id).then(
      () => {
        // One that was on its way may have come behind it.
        if ((this.#resumes.get(id) ?? 0) !== before || this.#resuming.has(id)) return;
        this.#pauses++;
        this.#paused.add(id);
      },
      () => {},
    );
  }

  resume(system: System, id: string): Promise<boolean> {
    const counted = (): unknown => this.#resumes.set(id, (this.#resumes.get(id) ?? 0) + 1);
    counted();
    this.#paused.delete(id);
    const resumed = system.resume(id);
    // Its fate may be unknown for good.
    this.#resuming.add(id);
    void resumed.then(
      () => {
        counted();
        this.#resuming.delete(id);
      },
      () => {},
    );
    return resumed;
  }

  news(from: string): { from: string; n: number } {
    const n = (this.#news.get(from) ?? 0) + 1;
    this.#news.set(from, n);
    return { from, n };
  }

  heard(by: string, { from, n }: { from: string; n: number }): void {
    const pair = `${from}>${by}`;
    const last = this.#heard.get(pair) ?? 0;
    if (n <= last) this.breaches.add(2, `${by} hears news ${n} of ${from} behind ${last}`);
    this.#heard.set(pair, Math.max(n, last));
  }

  /** All actors of which nothing is kept have been ended, and all deadlines are over. */
  checkAtEnd(now: number): void {
    for (const { id, dueAt, outcome, isWanted } of this.asks) {
      const times = this.#handled.get(id) ?? 0;
      if (outcome === 'open' && isWanted() && dueAt < now) this.breaches.add(5, `the ask ${id} is open`);
      if (outcome === 'not-executed' && times > 0)
        this.breaches.add(5, `the ask ${id} is said to be not executed, and was`);
      if ((outcome === 'answered' || outcome === 'executed') && times === 0)
        this.breaches.add(5, `the ask ${id} is ${outcome}, and nobody handled it`);
    }
    for (const { id, told, isWanted } of this.#watches)
      if (told === 0 && isWanted()) this.breaches.add(7, `the end of ${id} was not told`);
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = { turns: this.turns, 'messages to volatile actors': this.#sent.size };
    for (const { outcome } of this.asks) counts[`ask: ${outcome}`] = (counts[`ask: ${outcome}`] ?? 0) + 1;
    counts['watchers told'] = this.#watches.reduce((sum, { told }) => sum + told, 0);
    counts['moves to machines'] = this.#moved;
    counts['pauses promised'] = this.#pauses;
    counts['news heard'] = this.#heard.size;
    return counts;
  }
}
