/**
 * The partitions of one machine: it starts partitions that the table gives it, stops those that it does not, claims those of machines
 * that are gone, and hands over those beyond its share. Every change of the table is a compare-and-set on the revision that it was
 * computed from, and what came of one is known only by reading the table again. Pure.
 */
import { assignment } from './assignment.ts';
import { NEVER, silenceMs } from './lease.ts';
import type { HandedOver, MachineCommand, SeenTable } from './machine-command.ts';
import type { MachineId } from './machine-row.ts';
import { isRolledBack, NOBODY, type PartitionTable, partitionsOf, pinnedTable, reassigned } from './partition-table.ts';

/** Things that the rest of the machine knows at this moment. */
export interface Surroundings {
  readonly isLeaseValid: boolean;
  readonly isLeaving: boolean;
  /** The rows were looked at behind the table: by rows from before, a machine that has just handed something over and leaves would be given it back. */
  readonly mayHand: boolean;
  /** For the same reason a machine that leaves says so in its row before a commit. */
  readonly mayCommit: boolean;
  readonly living: readonly MachineId[];
  isGone(machine: MachineId): boolean;
}

export interface Handing {
  readonly move: number;
  /** Once they are transferred: those of them that are. */
  partitions: readonly number[];
  readonly to: MachineId;
  /** The new owner has their states. */
  isLive: boolean;
  /** They were asked for there: the new owner keeps them. */
  readonly isPinned: boolean;
  /** The revision on which the commit was sent; undefined: not yet, so that it can still be given up. */
  expected: string | undefined;
}

export interface OwnerState {
  id: MachineId;
  leaseMs: number;
  read: SeenTable | undefined;
  /** The highest epoch seen for each partition. */
  seen: number[];
  /** Partition → the epoch that it was started under. */
  serving: Record<number, number>;
  /** Partition → from whom transferred state lies here. */
  installed: Record<number, MachineId>;
  /** Partitions that are asked for on a machine, until the table says that they are there, or that they are no more this one's. */
  wanted: Record<number, MachineId>;
  handing: Handing | undefined;
  moves: number;
  /** A write of the table is on its way. */
  isWriting: boolean;
  /** Nothing is claimed, or handed over, before these times. */
  claimableAt: number;
  handableAt: number;
  wantedAt: number;
}

export function newOwner(id: MachineId, leaseMs: number): OwnerState {
  return {
    ...{ id, leaseMs, read: undefined, seen: [], serving: {}, installed: {}, wanted: {}, handing: undefined, moves: 0 },
    ...{ isWriting: false, claimableAt: NEVER, handableAt: NEVER, wantedAt: NEVER },
  };
}

export class PartitionOwner {
  readonly state: OwnerState;
  /** The owners that there should be, by a table without orphans. */
  #calm: { table: PartitionTable; living: readonly MachineId[]; wanted: readonly MachineId[] } | undefined;

  constructor(state: OwnerState) {
    this.state = state;
  }

  /** Whether a turn of an actor in this partition may begin, as long as the lease is valid. */
  isServing(partition: number): boolean {
    return this.state.serving[partition] !== undefined && !this.isHeld(partition);
  }

  isHeld(partition: number): boolean {
    return this.state.handing?.partitions.includes(partition) === true;
  }

  owns(): number[] {
    return this.state.read ? partitionsOf(this.state.read.table, this.state.id) : [];
  }

  /** The table as it stands, read behind all that this machine wrote and knows the outcome of. */
  read(now: number, read: SeenTable, around: Surroundings): MachineCommand[] {
    const before = this.state.read;
    if (before && isRolledBack(before.table, read.table)) {
      this.forgottenCommit(before.table);
      this.rolledBack(now);
    }
    this.state.read = read;
    const commands = [...this.#endHanding(now, read, around), ...this.#stopAndStart(read)];
    // The same table has nothing that was not seen.
    if (read.table !== before?.table)
      for (const [partition, epoch] of read.table.epochs.entries()) this.sawEpoch(partition, epoch);
    this.#dropMet(read);
    return commands.concat(this.plan(now, around));
  }

  /** There is no table: the first machine of a cluster makes it. */
  readNone(now: number, around: Surroundings): MachineCommand[] {
    const commands: MachineCommand[] = [];
    if (this.state.read) {
      this.rolledBack(now);
      this.state.read = undefined;
      commands.push(...this.expelled());
    }
    if (this.state.isWriting || around.isLeaving || !around.isLeaseValid || now < this.state.claimableAt)
      return commands;
    this.state.isWriting = true;
    return [...commands, { do: 'found-table', seenEpoch: Math.max(0, ...this.state.seen) }];
  }

  /** Others may still serve by what the directory has forgotten: by then each has renewed, and read, or its lease is over. */
  rolledBack(now: number): void {
    this.state.claimableAt = now + silenceMs(this.state.leaseMs);
    this.state.handableAt = this.state.claimableAt + this.state.leaseMs / 3;
    this.state.wantedAt = this.state.handableAt;
    this.state.installed = {};
  }

  /** A commit of which nothing was heard may have been made, and the new owner serve by it: the backup says nothing of that. */
  forgottenCommit({ epoch }: PartitionTable): void {
    const { handing } = this.state;
    if (!handing?.expected) return;
    const committed = this.#nextEpoch(epoch);
    for (const partition of handing.partitions) this.sawEpoch(partition, committed);
  }

  sawEpoch(partition: number, epoch: number): void {
    this.state.seen[partition] = Math.max(this.state.seen[partition] ?? 0, epoch);
  }

  installed(partitions: readonly number[], from: MachineId): void {
    for (const partition of partitions) this.state.installed[partition] = from;
  }

  /** The old owner has given its hand-over up. */
  discarded(partitions: readonly number[], from: MachineId): void {
    for (const partition of partitions)
      if (this.state.installed[partition] === from) delete this.state.installed[partition];
  }

  handedOver(
    now: number,
    move: number,
    { partitions, isLive }: HandedOver,
    { mayCommit }: Pick<Surroundings, 'mayCommit'>,
  ): MachineCommand[] {
    const { handing, read } = this.state;
    if (handing?.move !== move || handing.expected !== undefined || !read) return [];
    if (partitions.length === 0) return this.#giveUp(now, handing);
    Object.assign(handing, { partitions, isLive });
    // Another write, or that of the row, is on its way: its read will send the commit.
    handing.expected = '';
    return this.state.isWriting || !mayCommit ? [] : this.#commit(handing, read);
  }

  /** Nothing here may be served any longer. */
  expelled(): MachineCommand[] {
    const partitions = Object.keys(this.state.serving).map(Number);
    Object.assign(this.state, { serving: {}, installed: {}, wanted: {}, handing: undefined });
    return partitions.length > 0 ? [{ do: 'stop', partitions }] : [];
  }

  /** Writes and moves that are to be made now. */
  plan(now: number, around: Surroundings): MachineCommand[] {
    const { read, isWriting } = this.state;
    if (!read || isWriting || !around.isLeaseValid) return [];
    const orphans = this.#orphans(read, around);
    const wanted = this.#wantedOwners(read, orphans, around.living);
    // A partition that is this machine's by a table from a backup has nobody else to claim it, whoever should have it in the end.
    const own = [...orphans].filter((partition) =>
      [wanted[partition], read.table.owners[partition]].includes(this.state.id),
    );
    if (own.length > 0 && this.mayClaim(now, around)) {
      this.state.isWriting = true;
      return [{ do: 'claim', partitions: own, seenEpoch: Math.max(...this.state.seen), over: read }];
    }
    if (around.isLeaving && around.living.length === 0) return around.mayCommit ? this.#release(read) : [];
    if (!around.mayHand || this.state.handing) return [];
    const asked = around.isLeaving ? [] : this.#bringWanted(now, read, around.living);
    return asked.length > 0 ? asked : this.#handSome(now, wanted, around.isLeaving);
  }

  /** A machine that leaves claims no other than what is its own by a table from a backup, and hands that over. */
  mayClaim(now: number, _around: Surroundings): boolean {
    return now >= this.state.claimableAt;
  }

  pins({ table }: SeenTable): ReadonlySet<number> {
    return new Set(table.pinned);
  }

  /** Not at once again where it could not go. */
  isWantedNow(now: number): boolean {
    return now >= this.state.wantedAt;
  }

  /** Somebody wants it on that machine. */
  want(partition: number, machine: MachineId): void {
    this.state.wanted[partition] = machine;
  }

  /** No process waits for it any more. */
  unwant(partition: number): void {
    delete this.state.wanted[partition];
  }

  /** Whether the table gives it to this machine, by an epoch that was not overtaken before a backup was restored. */
  isRightful(partition: number, { table }: SeenTable): boolean {
    return (
      table.owners[partition] === this.state.id &&
      (table.epochs[partition] as number) >= (this.state.seen[partition] ?? 0)
    );
  }

  #orphans(read: SeenTable, around: Surroundings): Set<number> {
    const isOrphan = (owner: MachineId, partition: number): boolean =>
      owner === this.state.id ? !this.isRightful(partition, read) : owner === NOBODY || around.isGone(owner);
    const orphans = new Set<number>();
    for (const [partition, owner] of read.table.owners.entries())
      if (isOrphan(owner, partition)) orphans.add(partition);
    return orphans;
  }

  /** Looked at many times a second, and nearly always as before. */
  #wantedOwners(read: SeenTable, orphans: ReadonlySet<number>, living: readonly MachineId[]): readonly MachineId[] {
    const { owners } = read.table;
    const known = this.#calm;
    if (orphans.size > 0)
      return assignment(
        owners.map((owner, partition) => (orphans.has(partition) ? NOBODY : owner)),
        living,
        this.pins(read),
      );
    const isAsBefore = known?.table === read.table && known.living.length === living.length;
    if (isAsBefore && known.living.every((machine, at) => machine === living[at])) return known.wanted;
    this.#calm = { table: read.table, living, wanted: assignment(owners, living, this.pins(read)) };
    return this.#calm.wanted;
  }

  #stopAndStart(read: SeenTable): MachineCommand[] {
    const { serving, installed } = this.state;
    const { table } = read;
    const isAsServed = (partition: number): boolean =>
      this.isRightful(partition, read) && serving[partition] === table.epochs[partition];
    const stopped = Object.keys(serving)
      .map(Number)
      .filter((partition) => !isAsServed(partition));
    for (const partition of stopped) delete serving[partition];
    const begun: number[] = [];
    for (const partition of table.owners.keys())
      if (serving[partition] === undefined && this.isRightful(partition, read)) begun.push(partition);
    const starts: MachineCommand[] = [];
    for (const partition of begun) {
      const epoch = table.epochs[partition] as number;
      serving[partition] = epoch;
      const from = this.goesOnFrom(partition, table.handedBy[partition] as MachineId);
      delete installed[partition];
      const same = starts.find((one) => one.do === 'start' && one.epoch === epoch && one.from === from);
      if (same?.do === 'start') (same.partitions as number[]).push(partition);
      else starts.push({ do: 'start', partitions: [partition], epoch, from });
    }
    return stopped.length > 0 ? [{ do: 'stop', partitions: stopped }, ...starts] : starts;
  }

  /** Only the commit of the hand-over that brought it makes transferred state valid: after a claim it may be old. */
  goesOnFrom(partition: number, handedBy: MachineId): MachineId | undefined {
    return handedBy !== NOBODY && this.state.installed[partition] === handedBy ? handedBy : undefined;
  }

  #endHanding(now: number, read: SeenTable, { mayCommit }: Surroundings): MachineCommand[] {
    const { handing } = this.state;
    if (handing?.expected === undefined) return [];
    const first = handing.partitions[0] as number;
    if (handing.expected !== '' && this.isUndecided(handing, read)) {
      return this.state.isWriting ? [] : this.#commit(handing, read);
    }
    if (this.isRightful(first, read)) {
      if (handing.expected === '' && !this.state.isWriting && mayCommit) return this.#commit(handing, read);
      return handing.expected === '' ? [] : this.#giveUp(now, handing);
    }
    this.state.handing = undefined;
    return [];
  }

  /** The revision of the commit stands: the commit may still be made. Only another compare-and-set on it decides. */
  isUndecided({ expected }: Handing, read: SeenTable): boolean {
    return read.revision === expected;
  }

  #commit(handing: Handing, { table, revision }: SeenTable): MachineCommand[] {
    handing.expected = revision;
    this.state.isWriting = true;
    const { isPinned } = handing;
    const to = { owner: handing.to, epoch: this.#nextEpoch(table.epoch), handedBy: this.handedBy(handing), isPinned };
    return [{ do: 'write-table', table: reassigned(table, handing.partitions, to), expected: revision }];
  }

  /** Of nobody, where the states did not go along: whatever lies at the new owner is of an earlier hand-over. */
  handedBy({ isLive }: Handing): MachineId {
    return isLive ? this.state.id : NOBODY;
  }

  #giveUp(now: number, { move, partitions, to, isPinned }: Handing): MachineCommand[] {
    this.state.handing = undefined;
    // Somebody waits for what was asked for.
    if (isPinned) this.state.wantedAt = now + this.state.leaseMs / 30;
    else this.state.handableAt = now + this.state.leaseMs / 3;
    return [{ do: 'resume', move, partitions, to }];
  }

  /** The last machine leaves: whoever comes next need not wait for its silence. */
  #release(read: SeenTable): MachineCommand[] {
    const partitions = this.owns();
    if (partitions.length === 0) return [];
    this.state.isWriting = true;
    const stop = this.expelled();
    const to = { owner: NOBODY, epoch: this.#nextEpoch(read.table.epoch), handedBy: NOBODY };
    return [...stop, { do: 'write-table', table: reassigned(read.table, partitions, to), expected: read.revision }];
  }

  #dropMet({ table }: SeenTable): void {
    const { wanted, id } = this.state;
    for (const [key, machine] of Object.entries(wanted)) {
      const partition = Number(key);
      const isMet = machine === id && table.pinned.includes(partition);
      if (isMet || table.owners[partition] !== id) delete wanted[partition];
    }
  }

  /** Partitions that are wanted here get a pin; the others go, as in any hand-over. */
  #bringWanted(now: number, read: SeenTable, living: readonly MachineId[]): MachineCommand[] {
    const { wanted, serving, id } = this.state;
    const own = Object.keys(wanted)
      .map(Number)
      .filter((partition) => serving[partition] !== undefined);
    const staying = own.filter((partition) => wanted[partition] === id);
    if (staying.length > 0) {
      this.state.isWriting = true;
      return [{ do: 'write-table', table: pinnedTable(read.table, staying), expected: read.revision }];
    }
    const first = own.find((partition) => living.includes(wanted[partition] as MachineId));
    if (first === undefined || !this.isWantedNow(now)) return [];
    const to = wanted[first] as MachineId;
    return this.#begin(
      own.filter((partition) => wanted[partition] === to),
      { to, isPinned: true, isLast: false },
    );
  }

  #handSome(now: number, wanted: readonly MachineId[], isLast: boolean): MachineCommand[] {
    if (now < this.state.handableAt) return [];
    const { serving, id } = this.state;
    const given: number[] = [];
    for (const [partition, owner] of wanted.entries())
      if (owner !== id && owner !== NOBODY && serving[partition] !== undefined) given.push(partition);
    const to = given.length > 0 ? wanted[given[0] as number] : undefined;
    if (to === undefined) return [];
    const partitions = given.filter((partition) => wanted[partition] === to);
    return this.#begin(partitions, { to, isPinned: false, isLast });
  }

  #begin(
    partitions: number[],
    { to, isPinned, isLast }: { to: MachineId; isPinned: boolean; isLast: boolean },
  ): MachineCommand[] {
    const move = ++this.state.moves;
    this.state.handing = { move, partitions, to, isPinned, isLive: false, expected: undefined };
    return [{ do: 'hand-over', move, partitions, to, isLast }];
  }

  #nextEpoch(epoch: number): number {
    return Math.max(epoch, ...this.state.seen) + 1;
  }
}
