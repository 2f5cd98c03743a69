/**
 * Owns the placement table: who hosts what, changed only here, published in the order of epochs. A crash places at once;
 * what lives moves by hand-off.
 */
import type { MoveEnd } from '../placement/handoff.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import { rebalance } from '../placement/rebalance.ts';
import { parseUnit, shardOf, shardUnit } from '../placement/shard.ts';
import { leastLoaded, local, rendezvous } from '../placement/strategies.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import {
  type DeadProcess,
  type MoveId,
  type MoveOrder,
  NOWHERE,
  type PlacementStrategy,
  type SpawnRecord,
  type TableChange,
  type ToProcess,
  type Unit,
} from '../wire/control.ts';
import { Directory } from './directory.ts';
import type { Participants } from './participants.ts';
import { RestartTrials } from './restart-trials.ts';
import { SpawnRegistry } from './spawn-registry.ts';

/** How the actors of a kind are placed. */
export interface KindPlacement {
  role: string;
  strategy: PlacementStrategy;
}

export interface PlacementOptions {
  readonly table: PlacementTable;
  readonly participants: Participants;
  readonly kinds: ReadonlyMap<string, KindPlacement>;
  /** Roles that some worker has. */
  readonly roles: readonly string[];
  /** Actors on a worker, as of its last heartbeat. */
  readonly actorsOn: (worker: number) => number;
  readonly changed: (epoch: number) => void;
  /** Spawned actors that end each worker as they start: they are not started again. */
  readonly condemned: (ids: readonly ActorId[], worker: number) => void;
}

/** A shard that belongs to another worker than the one where it is. */
export interface ShareMove {
  unit: { role: string; shard: number };
  from: number;
  to: number;
}

/** What a table change is made of, but for its epoch. */
interface Draft {
  dead?: DeadProcess;
  columns: Record<string, [shard: number, worker: number][]>;
  pins: [id: ActorId, worker: number | null][];
  settles: MoveId[];
  stays?: MoveId[];
}

export class PlacementService {
  readonly spawned: SpawnRegistry = new SpawnRegistry();
  readonly #trials: RestartTrials = new RestartTrials();
  readonly #options: PlacementOptions;
  readonly #directory = new Directory();
  /** The workers that can host, with their roles. */
  readonly #hosts = new Map<number, string>();
  /** Workers that are drained: nothing new comes to them but the children of those who still live there. */
  readonly #leaving = new Set<number>();
  /** Those of them that are empty, and go now: not even that comes to them. */
  readonly #closed = new Set<number>();
  /** Given places since the last heartbeats: many that ask at once are spread all the same. */
  readonly #placedSince = new Map<number, number>();

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  get table(): PlacementTable {
    return this.#options.table;
  }

  hosts(role = ''): number[] {
    const hosts = [...this.#hosts].filter(([, has]) => role === '' || has === role).map(([index]) => index);
    return hosts.sort((one, other) => one - other);
  }

  isHost(worker: number): boolean {
    return this.#hosts.has(worker);
  }

  /** The first table, with all that can host by now. */
  begin(workers: Iterable<[index: number, role: string]>): void {
    for (const [index, role] of workers) this.#hosts.set(index, role);
    const { forced } = this.#imbalance();
    this.publish({ columns: forced, pins: [], settles: [] });
  }

  /** Gives a new worker what nobody hosts; what lives elsewhere and belongs to it now is returned, to be handed off. */
  join(index: number, role: string): ShareMove[] {
    this.#hosts.set(index, role);
    const { forced, moves } = this.#imbalance();
    const homeless = this.spawned.take(NOWHERE);
    this.publish({ columns: forced, pins: [], settles: [] }, (table) => this.#startLists(homeless, table));
    return moves;
  }

  spawnedOn(worker: number, records: readonly SpawnRecord[]): void {
    for (const record of records) this.spawned.add(worker, record);
  }

  endedOn(worker: number, ids: readonly ActorId[]): void {
    for (const id of ids) this.spawned.remove(id, worker);
    this.startedAgain(ids);
  }

  /** After a crash; what they did to the worker before is forgotten. */
  startedAgain(ids: readonly ActorId[]): void {
    for (const id of ids) this.#trials.over(id);
  }

  /** No longer a home for anything new. What it hosts is moved away by hand-offs: `unitsOn` says what and where to. */
  leave(index: number): void {
    this.#hosts.delete(index);
    this.#leaving.add(index);
  }

  /** Of one that leaves, once nothing lives there. False: something does. */
  close(index: number): boolean {
    if (this.unitsOn(index, 1).length > 0) return false;
    this.#closed.add(index);
    return true;
  }

  isClosed(worker: number): boolean {
    return this.#closed.has(worker);
  }

  isLeaving(worker: number): boolean {
    return this.#leaving.has(worker);
  }

  /** It hosts after all; what belongs to it and has left is returned, to be handed off. */
  stay(index: number, role: string): ShareMove[] {
    this.#leaving.delete(index);
    this.#closed.delete(index);
    return this.join(index, role);
  }

  /** Whether all that a worker may host could live on others. */
  canDoWithout(index: number): boolean {
    const role = this.#hosts.get(index);
    const others = [...this.#hosts].filter(([other]) => other !== index);
    if (others.length === 0) return false;
    return !this.#isWanted(role) || others.some(([, has]) => has === role);
  }

  /** What a worker hosts, each unit with the worker where it would go, NOWHERE as long as none can host it; at most so many. */
  unitsOn(index: number, most: number): { unit: Unit; to: number }[] {
    const found: { unit: Unit; to: number }[] = [];
    for (const role of this.#roles()) {
      const hosts = this.hosts(role);
      const isWanted = this.#isWanted(role);
      for (const [shard, worker] of this.table.column(role).entries()) {
        if (worker !== index) continue;
        const to = rendezvous(shard, hosts);
        if (to !== undefined || isWanted) found.push({ unit: shardUnit(role, shard), to: to ?? NOWHERE });
      }
    }
    const places = [...this.#pinsOn(index), ...this.#directory.on(index)];
    for (const id of places.slice(0, Math.max(0, most - found.length))) {
      const to = leastLoaded(this.hosts(this.#kindOf(id).role), (worker) => this.#actorsOn(worker));
      found.push({ unit: id, to: to ?? NOWHERE });
    }
    return found.slice(0, most);
  }

  /** Actors of some kind live on workers of this role. */
  #isWanted(role: string | undefined): boolean {
    return [...this.#options.kinds.values()].some((kind) => kind.role === role);
  }

  *#pinsOn(index: number): Iterable<ActorId> {
    for (const [id, worker] of this.table.pins()) if (worker === index) yield id;
  }

  /** Everything a dead worker hosted gets a new home, in one change; `ended`: the hand-offs that end with it. */
  bury(dead: DeadProcess, ended: MoveEnd[], startsAgain: boolean, isMoving: (unit: Unit) => boolean): void {
    const wasLeaving = this.#leaving.delete(dead.index);
    this.#closed.delete(dead.index);
    const wasHost = this.#hosts.delete(dead.index) || wasLeaving;
    this.#directory.forgetWorker(dead.index);
    const draft: Draft = {
      dead,
      columns: {},
      pins: [],
      settles: ended.map(({ order }) => order.id),
      // Also where the new home cannot host any more: it must not run what the table gives to another one.
      stays: ended.filter((end) => !this.#isSettled(end)).map(({ order }) => order.id),
    };
    if (wasHost || ended.length > 0) this.#placeAgain(dead.index, draft, ended, isMoving);
    const condemned = this.#trials.died(dead.index);
    const lost = this.spawned.take(dead.index).filter(({ id }) => !condemned.has(id));
    if (condemned.size > 0) this.#options.condemned([...condemned], dead.index);
    this.publish(draft, (table) => this.#startLists(startsAgain ? lost : [], table));
  }

  /** A hand-off has come to its end: its units live at the new home. */
  settle(orders: readonly MoveOrder[]): void {
    const draft: Draft = { columns: {}, pins: [], settles: orders.map(({ id }) => id) };
    for (const order of orders) this.#placeUnits(draft, order, order.to.index);
    this.publish(draft);
    const emptied = new Set(orders.filter(({ purpose }) => purpose === 'move').map(({ from }) => from.index));
    for (const from of emptied) this.spawned.rehome(from, (id) => this.homeOf(id));
  }

  pin(pins: [id: ActorId, worker: number | null][]): void {
    this.publish({ columns: {}, pins, settles: [] });
  }

  /** Where an id lives now; undefined where its kind's places are given on demand and none was. */
  homeOf(id: ActorId): number | undefined {
    const { role, strategy } = this.#kindOf(id);
    if (strategy === 'hash') return this.table.homeOf(id, role);
    return this.table.pinOf(id) ?? this.#directory.get(id);
  }

  /** Where its shard lives, whatever its pin says. */
  shardHomeOf(id: ActorId): number | undefined {
    const { role, strategy } = this.#kindOf(id);
    return strategy === 'hash' ? this.table.shardHomeOf(id, role) : undefined;
  }

  /** A worker for an actor that is to have a place of its own. Throws NO_WORKER. */
  choose(role: string, strategy: PlacementStrategy, origin: number): number {
    const hosts = this.hosts(role);
    const chosen =
      (strategy === 'local' ? local(origin, hosts) : undefined) ??
      leastLoaded(hosts, (worker) => this.#actorsOn(worker));
    if (chosen === undefined)
      throw new TroupeError(
        'NO_WORKER',
        `a worker${role && ` of role '${role}'`} can host the actor; got none that is ready`,
      );
    this.#placedSince.set(chosen, (this.#placedSince.get(chosen) ?? 0) + 1);
    return chosen;
  }

  locate(id: ActorId, role: string, strategy: PlacementStrategy, origin: number): number {
    const known = this.homeOf(id);
    if (known !== undefined && known !== NOWHERE) return known;
    const worker = this.choose(role, strategy, origin);
    this.#directory.set(id, worker);
    return worker;
  }

  /** A fresh heartbeat counts what was placed before it. */
  counted(worker: number): void {
    this.#placedSince.delete(worker);
  }

  publish(draft: Draft, startLists?: (table: PlacementTable) => Map<number, SpawnRecord[]>): void {
    const { table, participants, changed } = this.#options;
    const change: TableChange = { epoch: table.epoch + 1, ...draft };
    table.apply(change);
    // What was given on demand before is over: it would be valid again when the worker of the new place dies.
    for (const [id] of draft.pins) this.#directory.forget(id);
    const starts = startLists?.(table);
    for (const participant of participants) {
      const message: ToProcess = { type: 'table', change, start: starts?.get(participant.index) ?? [] };
      participant.channel.send(message);
    }
    changed(table.epoch);
  }

  #placeAgain(dead: number, draft: Draft, ended: MoveEnd[], isMoving: (unit: Unit) => boolean): void {
    for (const role of this.#roles()) {
      const column = this.table.column(role);
      const { forced } = rebalance(column, this.hosts(role));
      const lost = forced.filter(([shard]) => column[shard] === dead);
      if (lost.length > 0) draft.columns[role] = lost;
    }
    for (const [id, worker] of this.table.pins()) {
      if (worker === dead) draft.pins.push([id, this.#placeOfItsOwn(id, dead, isMoving)]);
    }
    // The old home died in the middle: the move's new home is the home, it may have the state already.
    for (const end of ended) {
      if (this.#isSettled(end)) this.#placeUnits(draft, end.order, end.order.to.index);
    }
  }

  /**
   * Null, its shard decides. But a spawned actor that starts again at once must not come to life in a shard whose old
   * home has packed it already: it keeps a place of its own.
   */
  #placeOfItsOwn(id: ActorId, dead: number, isMoving: (unit: Unit) => boolean): number | null {
    const { role } = this.#kindOf(id);
    if (this.spawned.homeOf(id) !== dead || !isMoving(shardUnit(role, shardOf(id)))) return null;
    return rendezvous(shardOf(id), this.hosts(role)) ?? null;
  }

  #isSettled({ order, outcome }: MoveEnd): boolean {
    return outcome === 'settle' && (this.isHost(order.to.index) || this.#leaving.has(order.to.index));
  }

  #placeUnits(draft: Draft, order: MoveOrder, to: number): void {
    for (const unit of order.units) {
      const shard = parseUnit(unit);
      if (shard) {
        const column = (draft.columns[shard.role] ??= []);
        const known = column.find(([number]) => number === shard.shard);
        if (known) known[1] = to;
        else column.push([shard.shard, to]);
        continue;
      }
      // A place that is not in the table: who asks for it is told the new one.
      if (order.purpose === 'move' && this.#kindOf(unit).strategy !== 'hash' && this.table.pinOf(unit) === undefined) {
        this.#directory.set(unit, to);
        continue;
      }
      const known = draft.pins.find(([id]) => id === unit);
      const pin = order.purpose === 'release' ? null : to;
      if (known) known[1] = pin;
      else draft.pins.push([unit, pin]);
    }
  }

  #startLists(lost: SpawnRecord[], table: PlacementTable): Map<number, SpawnRecord[]> {
    const lists = new Map<number, SpawnRecord[]>();
    for (const record of lost) {
      const home = this.#newHomeOf(record.id, table);
      // Without a home it is registered all the same: the next worker that can host it starts it.
      this.spawned.add(home, record);
      if (home === NOWHERE) continue;
      let list = lists.get(home);
      if (!list) lists.set(home, (list = []));
      const deaths = this.#trials.begin(home, record.id);
      list.push(deaths > 0 ? { ...record, deaths } : record);
    }
    return lists;
  }

  #newHomeOf(id: ActorId, table: PlacementTable): number {
    const { role, strategy } = this.#kindOf(id);
    if (strategy === 'hash') return table.homeOf(id, role);
    return this.hosts(role).length > 0 ? this.locate(id, role, strategy, NOWHERE) : NOWHERE;
  }

  #imbalance(): {
    forced: Draft['columns'];
    moves: ShareMove[];
  } {
    const forced: Draft['columns'] = {};
    const moves: ShareMove[] = [];
    for (const role of this.#roles()) {
      const changes = rebalance(this.table.column(role), this.hosts(role), this.#leaving);
      if (changes.forced.length > 0) forced[role] = changes.forced;
      for (const { shard, from, to } of changes.moves) moves.push({ unit: { role, shard }, from, to });
    }
    return { forced, moves };
  }

  #roles(): string[] {
    return [...new Set(['', ...this.#options.roles, ...this.#hosts.values()])];
  }

  #kindOf(id: ActorId): KindPlacement {
    return this.#options.kinds.get(kindOf(id)) ?? { role: '', strategy: 'hash' };
  }

  #actorsOn(worker: number): number {
    return this.#options.actorsOn(worker) + (this.#placedSince.get(worker) ?? 0);
  }
}
