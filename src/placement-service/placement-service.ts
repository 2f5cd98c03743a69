/**
 * Owns the placement table: who hosts what, changed only here, published in the order of epochs. A crash places at once;
 * what lives moves by hand-off.
 */
import type { MoveEnd } from '../placement/handoff.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import type { Elsewhere } from '../placement/rebalance.ts';
import { parseUnit, shardOf, shardUnit } from '../placement/shard.ts';
import { leastLoaded, local, rendezvous } from '../placement/placement-strategies.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import {
  type DeadProcess,
  type KindTerms,
  type LeftPartitions,
  type MachinesView,
  type MoveOrder,
  NOWHERE,
  type PlacementStrategy,
  type SpawnRecord,
  type TableChange,
  type ToProcess,
  type Unit,
} from '../wire/control.ts';
import { OnDemandPlacements } from './on-demand-placements.ts';
import { hashedNoMore, type KindChanges, placesAfter, placesOfTheirOwn } from './kind-places.ts';
import type { Membership } from '../worker-pool/process-membership.ts';
import { Columns, type Imbalance } from './columns.ts';
import { Hosts } from './hosts.ts';
import { RestartTrials } from './restart-trials.ts';
import type { Draft, ShareMove } from './table-draft.ts';
import { SpawnRegistry } from './spawn-registry.ts';

export interface PlacementOptions {
  readonly table: PlacementTable;
  readonly membership: Membership;
  /** Roles that some worker has. */
  readonly roles: readonly string[];
  /** Shards of other machines; undefined: there is this one alone. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Actors on a worker, as of its last heartbeat. */
  readonly actorsOn: (worker: number) => number;
  readonly changed: (epoch: number) => void;
  /** Spawned actors that end each worker as they start: they are not started again. */
  readonly condemned: (ids: readonly ActorId[], worker: number) => void;
}

/** Of an id whose kind nobody knows. */
const ANY_KIND = { column: '', strategy: 'hash' } as const;

export class PlacementService {
  readonly spawned: SpawnRegistry = new SpawnRegistry();
  readonly trials: RestartTrials = new RestartTrials();
  readonly hosts: Hosts = new Hosts();
  readonly #columns: Columns;
  readonly #options: PlacementOptions;
  readonly #onDemand = new OnDemandPlacements();
  /**
   * Kinds that were placed by hash a moment ago: mail for an actor that nobody has asked for may still be on its way to the
   * host of its shard, so that is where its place is given.
   */
  readonly #wereHashed = new Set<string>();
  /** Given places since the last heartbeats: many that ask at once are spread all the same. */
  readonly #placedSince = new Map<number, number>();

  constructor(options: PlacementOptions) {
    this.#options = options;
    const { table, roles, elsewhere } = options;
    this.#columns = new Columns({ table, roles, hosts: this.hosts, elsewhere });
  }

  get table(): PlacementTable {
    return this.#options.table;
  }

  /** A worker tries the new code out: for now it hosts what no other one could. */
  tryOut(index: number, role: string): void {
    this.hosts.tryOut(index, role);
    this.publish({ columns: this.#imbalance().forced, pins: [], endedMoves: [] });
  }

  /** The first table, with all that can host by now. */
  begin(workers: Iterable<[index: number, role: string]>): void {
    for (const [index, role] of workers) this.hosts.add(index, role);
    this.publish({ columns: this.#imbalance().forced, pins: [], endedMoves: [] });
  }

  /** Gives a new worker what nobody hosts; what lives elsewhere and belongs to it now is returned, to be handed off. */
  join(index: number, role: string): ShareMove[] {
    this.hosts.add(index, role);
    const { forced, moves } = this.#imbalance();
    const unhosted = this.spawned.take(NOWHERE);
    this.publish({ columns: forced, pins: [], endedMoves: [] }, (table) => this.#startLists(unhosted, table));
    return moves;
  }

  spawnedOn(worker: number, records: readonly SpawnRecord[]): void {
    for (const record of records) this.spawned.add(worker, record);
  }

  endedOn(worker: number, ids: readonly ActorId[]): void {
    for (const id of ids) this.spawned.remove(id, worker);
    this.trials.over(ids);
  }

  /** Of one that leaves, once nothing lives there. False: something does. */
  close(index: number): boolean {
    if (this.unitsOn(index, 1).length > 0) return false;
    this.hosts.close(index);
    return true;
  }

  /** It hosts after all; what belongs to it and has left is returned, to be handed off. */
  stay(index: number, role: string): ShareMove[] {
    this.hosts.stay(index);
    return this.join(index, role);
  }

  /** Whether all that a worker may host could live on others. */
  canDoWithout(index: number): boolean {
    const role = this.hosts.roleOf(index);
    if (!this.hosts.of().some((other) => other !== index)) return false;
    return !this.#isWanted(role) || this.hosts.of(role).some((other) => other !== index);
  }

  /** The units of a worker, each with the worker where it would go, NOWHERE as long as none can host it; at most so many. */
  unitsOn(index: number, most: number): { unit: Unit; to: number }[] {
    const found: { unit: Unit; to: number }[] = [];
    for (const [column, { role, hosts }] of this.#columns.all()) {
      const isWanted = this.#isWanted(role);
      for (const [shard, worker] of this.table.column(column).entries()) {
        if (worker !== index) continue;
        const to = rendezvous(shard, hosts);
        if (to !== undefined || isWanted) found.push({ unit: shardUnit(column, shard), to: to ?? NOWHERE });
      }
    }
    const places = [...this.#pinsOn(index), ...this.#onDemand.on(index)];
    for (const id of places.slice(0, Math.max(0, most - found.length))) {
      found.push({ unit: id, to: this.#placeFor(id) });
    }
    return found.slice(0, most);
  }

  #placeFor(id: ActorId): number {
    return leastLoaded(this.#hostsOf(kindOf(id)), (worker) => this.#actorsOn(worker)) ?? NOWHERE;
  }

  /** Kinds are new, have changed or are gone. */
  changeKinds(kinds: KindChanges): void {
    const { table } = this;
    for (const kind of hashedNoMore(kinds, table)) this.#wereHashed.add(kind);
    this.publish({ endedMoves: [], kinds, ...placesAfter(kinds, table, this.#onDemand) });
    for (const [kind, terms] of Object.entries(kinds)) if (!terms) this.spawned.removeKind(kind);
    this.publish({ columns: this.#imbalance().forced, pins: [], endedMoves: [] });
  }

  /** Units that are elsewhere than they belong since these kinds have changed, to be handed off. */
  misplaced(kinds: readonly string[]): ShareMove[] {
    const places = placesOfTheirOwn(kinds, this.table, this.#onDemand);
    const misplaced = places.filter(([id, from]) => !this.#hostsOf(kindOf(id)).includes(from));
    const back = misplaced.map(([id, from]) => ({ unit: id, from, to: this.#placeFor(id) }));
    return [...this.#imbalance().moves, ...back.filter(({ to }) => to !== NOWHERE)];
  }

  /** No mail is on its way any more by what held before; these actors of the kind live there. */
  learnPlaces(ids: Iterable<ActorId>, worker: number): void {
    for (const id of ids) {
      if (this.table.pinOf(id) === undefined && this.#onDemand.get(id) === undefined) this.#onDemand.set(id, worker);
    }
  }

  /** It was placed by hash a moment ago. */
  wasHashed(kind: string): boolean {
    return this.#wereHashed.has(kind);
  }

  placesAreKnown(kind: string): void {
    this.#wereHashed.delete(kind);
  }

  /** How many places of a kind the directory would have to give to the table. */
  placesOf(kind: string): number {
    return [...this.#onDemand.of(kind)].length;
  }

  /** Actors of some kind live on workers of this role. */
  #isWanted(role: string | undefined): boolean {
    return [...this.table.kinds()].some(([, kind]) => kind.role === role);
  }

  *#pinsOn(index: number): Iterable<ActorId> {
    for (const [id, worker] of this.table.pins()) if (worker === index) yield id;
  }

  /** Everything a dead worker hosted gets a new host, in one change; `ended`: the hand-offs that end with it. */
  declareDead(dead: DeadProcess, ended: MoveEnd[], respawns: boolean, isMoving: (unit: Unit) => boolean): void {
    const wasHost = this.hosts.remove(dead.index);
    this.#onDemand.forgetWorker(dead.index);
    const draft: Draft = {
      dead,
      columns: {},
      pins: [],
      endedMoves: ended.map(({ order }) => order.id),
      // Also where the new host cannot host any more: it must not run what the table gives to another one.
      abortedMoves: ended.filter((end) => !this.#isCommitted(end)).map(({ order }) => order.id),
    };
    if (wasHost || ended.length > 0) this.#placeAgain(dead.index, draft, ended, isMoving);
    const condemned = this.trials.died(dead.index);
    const lost = this.spawned.take(dead.index).filter(({ id }) => !condemned.has(id));
    if (condemned.size > 0) this.#options.condemned([...condemned], dead.index);
    this.publish(draft, (table) => this.#startLists(respawns ? lost : [], table));
  }

  /** Other machines are there, or partitions are on other machines than before; `left`: those that were on this one. */
  machinesChanged(machines: MachinesView, left: LeftPartitions): void {
    const gone = new Set(left.partitions);
    const isGone = (id: ActorId): boolean => gone.has(shardOf(id));
    const pins = [...this.table.pins()].filter(([id]) => isGone(id)).map(([id]): [ActorId, null] => [id, null]);
    if (gone.size > 0) {
      this.#onDemand.forgetAll(isGone);
      this.spawned.removeAll(isGone);
    }
    this.publish({ columns: this.#imbalance().forced, pins, endedMoves: [], machines, left });
  }

  /** The machine of an id, or NOWHERE, where no worker here is to host it. */
  elsewhereOf(id: ActorId): number | undefined {
    return this.#options.elsewhere?.(shardOf(id));
  }

  /** A hand-off has come to its end: its units live at the new host. */
  commit(orders: readonly MoveOrder[]): void {
    const draft: Draft = { columns: {}, pins: [], endedMoves: orders.map(({ id }) => id) };
    for (const order of orders) this.#placeUnits(draft, order, order.to.index);
    this.publish(draft);
    const emptied = new Set(orders.filter(({ purpose }) => purpose === 'move').map(({ from }) => from.index));
    for (const from of emptied) this.spawned.rehost(from, (id) => this.hostOf(id));
  }

  pin(pins: [id: ActorId, worker: number | null][]): void {
    this.publish({ columns: {}, pins, endedMoves: [] });
  }

  /** Where an id lives now; undefined where its kind's places are given on demand and none was. */
  hostOf(id: ActorId): number | undefined {
    const { column, strategy } = this.#kindOf(id);
    if (strategy === 'hash') return this.table.hostOf(id, column);
    return this.table.pinOf(id) ?? this.#onDemand.get(id);
  }

  /** Where its shard lives, whatever its pin says. */
  shardHostOf(id: ActorId): number | undefined {
    const { column, strategy } = this.#kindOf(id);
    return strategy === 'hash' ? this.table.shardHostOf(id, column) : undefined;
  }

  /** A worker for an actor that is to have a pin. Throws NO_WORKER. */
  choose(kind: string, role: string, strategy: PlacementStrategy, origin: number): number {
    const hosts = this.#hostsOf(kind, role);
    const chosen =
      (strategy === 'local' ? local(origin, hosts) : undefined) ??
      leastLoaded(hosts, (worker) => this.#actorsOn(worker));
    if (chosen === undefined)
      throw new TroupeError(
        'NO_WORKER',
        `no worker${role && ` of role '${role}'`} that is ready can host an actor of kind '${kind}'`,
      );
    this.#placedSince.set(chosen, (this.#placedSince.get(chosen) ?? 0) + 1);
    return chosen;
  }

  /** Throws NO_WORKER, and UNKNOWN_KIND for a kind that is gone since. */
  locate(id: ActorId, origin: number): number {
    const elsewhere = this.elsewhereOf(id);
    if (elsewhere !== undefined) return elsewhere;
    const known = this.hostOf(id);
    if (known !== undefined && known !== NOWHERE) return known;
    const { role, column, strategy } = this.#knownKindOf(id);
    const before = this.#wereHashed.has(kindOf(id)) ? this.table.shardHostOf(id, column) : NOWHERE;
    const isThere = this.hosts.has(before) || this.hosts.isLeaving(before);
    const worker = isThere ? before : this.choose(kindOf(id), role, strategy, origin);
    this.#onDemand.set(id, worker);
    return worker;
  }

  #knownKindOf(id: ActorId): KindTerms {
    const terms = this.table.termsOf(id);
    if (!terms) throw new TroupeError('UNKNOWN_KIND', `the system has no kind '${kindOf(id)}'; got ${id}`);
    return terms;
  }

  /** A fresh heartbeat counts what was placed before it. */
  counted(worker: number): void {
    this.#placedSince.delete(worker);
  }

  publish(draft: Draft, startLists?: (table: PlacementTable) => Map<number, SpawnRecord[]>): void {
    const { table, membership, changed } = this.#options;
    const change: TableChange = { epoch: table.epoch + 1, ...draft };
    table.apply(change);
    // An on-demand placement of before is over: it would be valid again when the worker of the new place dies.
    for (const [id] of draft.pins) this.#onDemand.forget(id);
    const starts = startLists?.(table);
    for (const participant of membership) {
      const message: ToProcess = { type: 'table', change, start: starts?.get(participant.index) ?? [] };
      participant.channel.send(message);
    }
    changed(table.epoch);
  }

  #placeAgain(dead: number, draft: Draft, ended: MoveEnd[], isMoving: (unit: Unit) => boolean): void {
    Object.assign(draft.columns, this.#columns.lostWith(dead));
    for (const [id, worker] of this.table.pins()) {
      if (worker === dead) draft.pins.push([id, this.#pinAfter(id, dead, isMoving)]);
    }
    // The old host died in the middle: the move's new host is the host, it may have the state already.
    for (const end of ended) {
      if (this.#isCommitted(end)) this.#placeUnits(draft, end.order, end.order.to.index);
    }
  }

  /**
   * Null, its shard decides. But a spawned actor that is respawned at once must not come to life in a shard whose old
   * host has packed it already: it keeps a pin.
   */
  #pinAfter(id: ActorId, dead: number, isMoving: (unit: Unit) => boolean): number | null {
    const { column } = this.#kindOf(id);
    if (this.spawned.hostOf(id) !== dead || !isMoving(shardUnit(column, shardOf(id)))) return null;
    return rendezvous(shardOf(id), this.#hostsOf(kindOf(id))) ?? null;
  }

  #isCommitted({ order, outcome }: MoveEnd): boolean {
    return outcome === 'commit' && (this.hosts.has(order.to.index) || this.hosts.isLeaving(order.to.index));
  }

  #placeUnits(draft: Draft, order: MoveOrder, to: number): void {
    for (const unit of order.units) {
      const shard = parseUnit(unit);
      if (shard) {
        const column = (draft.columns[shard.column] ??= []);
        const known = column.find(([number]) => number === shard.shard);
        if (known) known[1] = to;
        else column.push([shard.shard, to]);
        continue;
      }
      // A place that is not in the table: who asks for it is told the new one.
      if (order.purpose === 'move' && this.#kindOf(unit).strategy !== 'hash' && this.table.pinOf(unit) === undefined) {
        this.#onDemand.set(unit, to);
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
      const host = this.#newHostOf(record.id, table);
      // Without a host it is registered all the same: the next worker that can host it starts it.
      this.spawned.add(host, record);
      if (host === NOWHERE) continue;
      let list = lists.get(host);
      if (!list) lists.set(host, (list = []));
      const deaths = this.trials.begin(host, record.id);
      list.push(deaths > 0 ? { ...record, deaths } : record);
    }
    return lists;
  }

  #newHostOf(id: ActorId, table: PlacementTable): number {
    const { column, strategy } = this.#kindOf(id);
    if (strategy === 'hash') return table.hostOf(id, column);
    return this.#hostsOf(kindOf(id)).length > 0 ? this.locate(id, NOWHERE) : NOWHERE;
  }

  #imbalance(): Imbalance {
    return this.#columns.imbalance(this.#wereHashed);
  }

  #hostsOf(kind: string, role?: string): number[] {
    return this.#columns.hostsOf(kind, role);
  }

  #kindOf(id: ActorId): Pick<KindTerms, 'column' | 'strategy'> {
    return this.table.termsOf(id) ?? ANY_KIND;
  }

  #actorsOn(worker: number): number {
    return this.#options.actorsOn(worker) + (this.#placedSince.get(worker) ?? 0);
  }
}
