/** The master, as far as the partitions of its machine need it: the table, its processes, and moves among the workers that stay out of the way. */
import { parseUnit, shardOf } from '../placement/shard.ts';
import type { PlacementService } from '../placement-service/placement-service.ts';
import type { LeftPartitions, MachinesView, Unit } from '../wire/control.ts';
import type { ProcessQuery } from '../wire/process-query.ts';
import type { Membership, Participant } from '../worker-pool/process-membership.ts';
import type { HandoffService } from './handoff-service.ts';
import type { Queries } from './queries.ts';

export class MachineGround {
  readonly #placement: PlacementService;
  readonly #handoffs: HandoffService;
  readonly #queries: Queries;
  readonly #membership: Membership;
  readonly #self: Participant;

  constructor(
    placement: PlacementService,
    handoffs: HandoffService,
    queries: Queries,
    membership: Membership,
    self: Participant,
  ) {
    this.#placement = placement;
    this.#handoffs = handoffs;
    this.#queries = queries;
    this.#membership = membership;
    this.#self = self;
  }

  get epoch(): number {
    return this.#placement.table.epoch;
  }

  /** The table of partitions has changed, or the machines of the cluster have. */
  machinesChanged(machines: MachinesView, left: LeftPartitions): void {
    const gone = new Set(left.partitions);
    if (gone.size > 0) this.#handoffs.giveUp(isIn(gone));
    this.#handoffs.commitNow();
    this.#placement.machinesChanged(machines, left);
    this.#handoffs.nextInLine();
  }

  /** Answers of all processes; undefined for those that do not in time, or die. */
  ask(what: ProcessQuery, withinMs: number): Promise<unknown[]> {
    return this.#queries.askAll(this.#membership, what, withinMs);
  }

  /** Of the master's own process, which is where other machines come in. */
  askOwn(what: ProcessQuery, withinMs: number): Promise<unknown> {
    return this.#queries.ask(this.#self, what, withinMs);
  }

  /** Partitions that are about to leave this machine, or to arrive: nothing in them moves among the workers. */
  keepInPlace(partitions: ReadonlySet<number>): void {
    this.#handoffs.keepInPlace(isIn(partitions));
  }
}

function isIn(partitions: ReadonlySet<number>): (unit: Unit) => boolean {
  return (unit) => partitions.has(parseUnit(unit)?.shard ?? shardOf(unit));
}
