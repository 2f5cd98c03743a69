/**
 * Who lives where, seen from outside: every cell that begins and ends in any process, and every incarnation, by the
 * calls of its hooks. An actor that moves goes on with the same incarnation.
 */
import type { Cell } from '../../../src/actor/cell.ts';
import type { Context } from '../../../src/actor/context.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import type { ClusterProcess } from '../../../src/process/cluster-process.ts';
import type { Breaches } from './breaches.ts';
import type { Faults } from './faults.ts';
import type { Moves } from './moves.ts';

/** One incarnation, from its onStart on. */
export interface Life {
  readonly id: string;
  readonly number: number;
  readonly startedAt: number;
  /** The newest fence it showed, and the process where it last did anything. */
  fence: string;
  host: string;
  /** Every process that it has been seen in. */
  readonly hosts: Set<string>;
  endedAt: number | undefined;
  /** A process died that may have held it: nobody outside can know. */
  doubtfulAt: number | undefined;
  /** It ended to begin again, in the same place and with the same mail. */
  isRestarted: boolean;
  /** It has left memory, and what it watches waits for it. */
  isAsleep: boolean;
}

export interface End {
  readonly id: string;
  readonly at: number;
  readonly reason: string;
}

export class Census {
  readonly processes = new Map<string, ClusterProcess>();
  readonly lives = new Map<string, Life>();
  /** Ends of actors: passivations, restarts and moves are none. */
  readonly ends: End[] = [];
  /** Spawned actors whose worker died: they begin again without being called. */
  readonly mustReturn = new Map<string, number>();
  /** Ids whose `spawn` has resolved, until they end. */
  readonly spawned = new Set<string>();
  onEnd: (end: End) => void = () => {};
  onLifeOver: (life: Life) => void = () => {};
  readonly #processOf = new WeakMap<object, string>();
  readonly #breaches: Breaches;
  readonly #faults: Faults;
  readonly #moves: Moves;
  #lives = 0;

  constructor(breaches: Breaches, faults: Faults, moves: Moves) {
    this.#moves = moves;
    this.#breaches = breaches;
    this.#faults = faults;
    moves.onGivenToDead = (address, units, at) => this.#diedBeforeIt(address, units, at);
  }

  /** Looks into a process from its first moment on. */
  enter(process: ClusterProcess): void {
    const { actors, kernel } = process;
    const { address } = kernel;
    this.processes.set(address, process);
    const newContext = actors.newContext.bind(actors);
    actors.newContext = (cell: Cell, before?: Context<unknown>): Context<unknown> => {
      const context = newContext(cell, before);
      this.#processOf.set(context, address);
      return context;
    };
    const createCell = actors.createCell.bind(actors);
    actors.createCell = (id, behaviour, origin): Cell => {
      // Mail may bring the id to life as well, but not as what was spawned.
      if (origin.spawned) this.mustReturn.delete(id);
      return createCell(id, behaviour, origin);
    };
    const { observer } = actors;
    const endedForGood = observer?.ended.bind(observer);
    // Also of one that sleeps, of which no cell is left.
    if (observer && endedForGood)
      observer.ended = (id, wasSpawned): void => {
        if (this.#faults.isAlive(address) && !actors.cellOf(id)) this.#ended(id, 'ended');
        endedForGood(id, wasSpawned);
      };
    const ended = actors.ended.bind(actors);
    actors.ended = (cell, ending): void => {
      if (this.#faults.isAlive(address)) this.#cellEnded(cell.id, ending.reason);
      ended(cell, ending);
    };
  }

  note(event: SimulationEvent): void {
    if (event.kind !== 'process' || !['crashed', 'killed', 'ended'].includes(event.step)) return;
    this.#died(event.process, event.at);
  }

  /** The address of the process that an incarnation lives in. */
  hostOf(context: object): string {
    return this.#processOf.get(context) as string;
  }

  /** The living processes that hold a cell of an actor. */
  homesOf(id: string): string[] {
    const homes: string[] = [];
    for (const [address, process] of this.processes)
      if (this.#faults.isAlive(address) && process.actors.cellOf(id)) homes.push(address);
    return homes;
  }

  began(ctx: Context<never>): Life {
    const { id, fence } = ctx;
    this.#moves.began(id, this.hostOf(ctx));
    const before = this.lives.get(id);
    if (before && before.fence >= fence)
      this.#breaches.add(1, `the fence of ${id} did not grow: ${before.fence}, then ${fence}`);
    if (before?.doubtfulAt !== undefined) this.onEnd({ id, at: before.doubtfulAt, reason: 'worker-exited' });
    if (before && before.endedAt === undefined) this.#over(before);
    const host = this.hostOf(ctx);
    for (const home of this.homesOf(id)) {
      const cell = this.processes.get(home)?.actors.cellOf(id);
      const isRunning = cell?.status === 'ready' || cell?.status === 'busy' || cell?.status === 'starting';
      if (home !== host && isRunning) this.#breaches.add(1, `${id} began in ${host} while it ran in ${home} too`);
    }
    const life: Life = {
      id,
      number: ++this.#lives,
      startedAt: this.#breaches.now,
      fence,
      host,
      hosts: new Set([host]),
      endedAt: undefined,
      doubtfulAt: undefined,
      isRestarted: false,
      isAsleep: false,
    };
    this.lives.set(id, life);
    return life;
  }

  /** An incarnation does something: it must be the newest one, and go on where it was or in a place that it moved to. */
  acts(ctx: Context<never>, what: string): Life {
    const { id, fence } = ctx;
    const host = this.hostOf(ctx);
    const life = this.lives.get(id);
    if (!life) throw new Error(`an actor begins before it acts; got ${id}`);
    if (!this.#faults.isAlive(host)) this.#breaches.add(1, `${id} ${what} in ${host}, which is dead`);
    if (fence < life.fence)
      this.#breaches.add(
        1,
        `${id} ${what} in an incarnation that is over (${fence} in ${host}; now ${life.fence} in ${life.host})`,
      );
    if (life.endedAt !== undefined && life.doubtfulAt === undefined)
      this.#breaches.add(1, `${id} ${what} after its end, without a start`);
    if (host !== life.host && fence === life.fence)
      this.#breaches.add(1, `${id} ${what} in ${host} under the fence that it had in ${life.host}`);
    if (fence >= life.fence) {
      life.fence = fence;
      life.host = host;
      life.hosts.add(host);
      life.endedAt = undefined;
      // So it had lived on.
      life.doubtfulAt = undefined;
    }
    return life;
  }

  stopped(ctx: Context<never>, reason: string): void {
    const life = this.lives.get(ctx.id);
    if (!life || life.fence !== ctx.fence) return;
    if (reason === 'restart' || reason === 'passivated') this.#over(life);
    life.isRestarted = reason === 'restart';
    life.isAsleep = reason === 'passivated';
  }

  isAlive(id: string): boolean {
    const life = this.lives.get(id);
    return life !== undefined && life.endedAt === undefined;
  }

  #cellEnded(id: string, reason: string): void {
    const life = this.lives.get(id);
    // So it had lived on, and done nothing since.
    if (life) life.doubtfulAt = undefined;
    if (reason === 'moved') return;
    if (life && life.endedAt === undefined) this.#over(life);
    if (reason === 'passivated') return;
    this.spawned.delete(id);
    this.#ended(id, reason);
  }

  #died(address: string, at: number): void {
    const process = this.processes.get(address);
    for (const id of process?.actors.passivated.ids() ?? []) this.#sleeperDied(address, id);
    for (const id of process?.actors.ids() ?? []) {
      const cell = process?.actors.cellOf(id);
      // A copy that is kept until a move is committed: the move says which one lives on.
      if (cell?.status === 'quiescent') {
        this.#copyDied(address, id);
        continue;
      }
      if (cell?.origin.spawned && !cell.origin.parent && this.spawned.has(id)) this.mustReturn.set(id, at);
      // Also between two incarnations, and of one that has moved here and has not done anything yet.
      this.#lostWithWorker(id);
    }
    this.#diedBeforeIt(address, this.#moves.cameTo(address), at);
  }

  /** What slept there had its watches there, unless it has moved, or will have. */
  #sleeperDied(address: string, id: string): void {
    this.#unlessMoved(address, id, () => this.#ended(id, 'worker-exited'));
  }

  #copyDied(address: string, id: string): void {
    this.#unlessMoved(address, id, () => this.#lostWithWorker(id));
  }

  #lostWithWorker(id: string): void {
    const life = this.lives.get(id);
    // Its next one has nothing of its mail.
    if (life) life.isRestarted = false;
    if (life && life.endedAt === undefined) this.#over(life);
    this.#ended(id, 'worker-exited');
  }

  #unlessMoved(address: string, id: string, act: () => void): void {
    const ended = (hasMoved: boolean): void => {
      if (!hasMoved) act();
    };
    if (this.#moves.whenEnded(address, id, ended)) return;
    ended(this.#moves.hasLeft(address, id));
  }

  /** The table gave these units to a process that is dead before it has begun with them. */
  #diedBeforeIt(address: string, units: ReadonlySet<string>, at: number): void {
    for (const life of this.lives.values()) {
      // Also of one that has lived there before, and has moved back.
      const isNowhereElse = life.isAsleep || life.isRestarted;
      if (life.endedAt !== undefined && !isNowhereElse) continue;
      const actors = this.processes.get(address)?.actors;
      if (actors?.cellOf(life.id) || actors?.passivated.get(life.id)) continue;
      const cell = this.processes.get(life.host)?.actors.cellOf(life.id);
      // It lives on elsewhere, having moved once more.
      if (this.#faults.isAlive(life.host) && cell && cell.status !== 'quiescent') continue;
      if (!this.#moves.goesWith(units, life.id, address)) continue;
      if (this.#isElsewhere(life.id, address)) continue;
      // What sleeps, or waits to begin again, was nowhere else, and what it watched is lost with it.
      if (isNowhereElse) this.#lostWithWorker(life.id);
      else {
        life.doubtfulAt = at;
        this.#ended(life.id, 'worker-exited', true);
      }
    }
  }

  /** It was moved on without ever doing anything there, and not as a copy that waits to be dropped. */
  #isElsewhere(id: string, than: string): boolean {
    for (const [address, { actors }] of this.processes) {
      if (address === than || !this.#faults.isAlive(address) || this.#moves.hasLeft(address, id)) continue;
      const status = actors.cellOf(id)?.status;
      if (actors.passivated.get(id) !== undefined || (status !== undefined && status !== 'quiescent')) return true;
    }
    return false;
  }

  #over(life: Life): void {
    life.endedAt = this.#breaches.now;
    this.onLifeOver(life);
  }

  /** `isDoubtful`: it may live on, and what it watches with it; a later start shows that it did not. */
  #ended(id: string, reason: string, isDoubtful = false): void {
    const end = { id, at: this.#breaches.now, reason };
    const life = this.lives.get(id);
    if (life) life.isAsleep = false;
    this.ends.push(end);
    if (!isDoubtful) this.onEnd(end);
  }
}
