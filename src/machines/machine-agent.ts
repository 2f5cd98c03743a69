/**
 * One machine of a cluster, as a pure machine: it joins, renews its lease, looks at the others, and leaves. It is told the time and
 * the answers of the directory, and says what is to be done.
 *
 *   create-row ─► member: renew ─► read-table ─► (the renewal counts) ─► renew …
 *                         look ─► declare-lost ─► claim
 *   leave: hand over what is owned ─► withdraw ─► end
 *   its row is lost, or gone ─► everything stops ─► end (and the machine joins again under another id)
 */
import { LeaseHolder, type LeaseState, newLease, NEVER, renewEveryMs } from './lease.ts';
import { LeaseObserver, type ObserverState, type SeenRow } from './lease-observer.ts';
import type { HandedOver, MachineCommand, SeenTable, WriteAnswer } from './machine-command.ts';
import type { MachineId, MachineRow } from './machine-row.ts';
import { newOwner, type OwnerState, PartitionOwner, type Surroundings } from './partition-owner.ts';
import { NOBODY, partitionsOf } from './partition-table.ts';

export interface AgentState {
  id: MachineId;
  row: MachineRow;
  phase: 'joining' | 'member' | 'leaving' | 'withdrawing' | 'gone';
  /** Of its own row, as last known. */
  revision: string | undefined;
  /** The state in that row, as last known; and the one in the write on its way. */
  said: MachineRow['state'] | undefined;
  saying: MachineRow['state'] | undefined;
  /** Its own row is read before it is written again. */
  mustReadRow: boolean;
  isReadingRow: boolean;
  /** Reads of the table come one after the other: two in an odd order would look like a backup that was restored. */
  isReadingTable: boolean;
  readsAgain: { confirms: number | undefined } | undefined;
  isLooking: boolean;
  lookAt: number;
  /** Tables read that were others than before; and of these, behind which the rows were looked at, or are just now. */
  tables: number;
  looksBehind: number;
  lookedBehind: number;
  lease: LeaseState;
  observer: ObserverState;
  owner: OwnerState;
}

const NOTHING_SEEN: Pick<OwnerState, 'read' | 'seen'> = { read: undefined, seen: [] };

/** `before`: what this machine has seen under an earlier id. A backup may know nothing of that: its epochs are not given out again. */
export function newAgent(
  id: MachineId,
  row: MachineRow,
  before: Pick<OwnerState, 'read' | 'seen'> = NOTHING_SEEN,
): AgentState {
  const { leaseMs } = row;
  return {
    ...{ id, row, phase: 'joining', revision: undefined, said: undefined, saying: undefined },
    ...{ mustReadRow: false, isReadingRow: false },
    ...{ isReadingTable: false, readsAgain: undefined, isLooking: false, lookAt: NEVER },
    ...{ tables: 0, looksBehind: 0, lookedBehind: 0 },
    lease: newLease(leaseMs),
    observer: { leaseMs, lookedAt: NEVER, rows: {}, missing: {} },
    owner: { ...newOwner(id, leaseMs), read: before.read, seen: [...before.seen] },
  };
}

export class MachineAgent {
  readonly state: AgentState;
  readonly lease: LeaseHolder;
  readonly observer: LeaseObserver;
  readonly owner: PartitionOwner;

  constructor(state: AgentState) {
    this.state = state;
    this.lease = new LeaseHolder(state.lease);
    this.observer = new LeaseObserver(state.observer);
    this.owner = new PartitionOwner(state.owner);
  }

  /** Whether a turn in the partition may begin, and an output of one may leave, at this moment. */
  mayServe(now: number, partition: number): boolean {
    return this.state.phase !== 'gone' && this.lease.isValid(now) && this.owner.isServing(partition);
  }

  /** The process is to end in order. */
  leave(now: number): MachineCommand[] {
    if (this.state.phase === 'joining' || this.state.phase === 'member') {
      this.state.phase = 'leaving';
      this.state.row = { ...this.state.row, state: 'leaving' };
      this.state.lease.nextAt = now;
    }
    // Actors are sent while the row is written; the commit is made behind that.
    return [...this.tick(now), ...this.owner.plan(now, this.#around(now))];
  }

  /** Time has passed. */
  tick(now: number): MachineCommand[] {
    const { state } = this;
    if (state.phase === 'gone') return [];
    return [...this.#writeRow(now), ...this.#look(now), ...this.#bringWanted(now)];
  }

  /** The partition of this machine is to be on that one, and to stay there; until `unwant`. */
  want(now: number, partition: number, machine: MachineId): MachineCommand[] {
    if (this.state.phase !== 'member') return [];
    this.owner.want(partition, machine);
    return this.#bringWanted(now);
  }

  rowWritten(now: number, answer: WriteAnswer): MachineCommand[] {
    const { state } = this;
    if (state.phase === 'gone') return [];
    if (answer.is === 'done') {
      const confirms = this.lease.made(now);
      if (state.phase === 'withdrawing') return this.#end('left');
      state.revision = answer.revision;
      state.said = state.saying;
      if (state.phase === 'joining') state.phase = 'member';
      // A renewal was on its way as the process was to end: it has not said yet that the machine leaves.
      if (!this.#hasSaid()) state.lease.nextAt = now;
      return [...this.#readTable(confirms), ...(this.#hasSaid() ? [] : this.#writeRow(now))];
    }
    this.lease.failed(now);
    if (answer.is === 'unavailable') return [];
    state.mustReadRow = true;
    return this.#readRow();
  }

  /** Undefined: there is none. 'failed': the directory could not be read. A read extends no lease. */
  rowRead(now: number, read: SeenRow | undefined | 'failed'): MachineCommand[] {
    const { state } = this;
    state.isReadingRow = false;
    if (state.phase === 'gone') return [];
    if (read === 'failed') {
      this.lease.failed(now);
      return [];
    }
    state.mustReadRow = false;
    if (read && read.row.state !== 'lost') {
      state.revision = read.revision;
      state.said = read.row.state;
      return [];
    }
    if (state.phase === 'withdrawing' && !read) return this.#end('left');
    if (state.revision === undefined && !read) return [];
    return [...this.owner.expelled(), ...this.#end('expelled')];
  }

  /** Undefined: there is no table yet. */
  tableRead(now: number, read: SeenTable | undefined | 'failed', confirms: number | undefined): MachineCommand[] {
    const { state } = this;
    state.isReadingTable = false;
    const again = state.readsAgain;
    state.readsAgain = undefined;
    if (state.phase === 'gone') return [];
    const commands = again ? this.#readTable(again.confirms) : [];
    if (read === 'failed') return commands;
    if (confirms !== undefined) this.lease.confirmed(confirms);
    if (!read) return [...commands, ...this.owner.readNone(now, this.#around(now))];
    if (read.revision !== this.owner.state.read?.revision) {
      state.tables++;
      state.lookAt = Math.min(state.lookAt, now);
      commands.push(...this.#look(now));
    }
    commands.push(...this.owner.read(now, read, this.#around(now)), ...this.#forgetLost(read));
    if (state.phase !== 'leaving' || !this.#isEmpty()) return commands;
    // Nothing is left that it would wait for.
    state.lease.nextAt = Math.min(state.lease.nextAt, now);
    return [...commands, ...this.#writeRow(now)];
  }

  /** Somebody has seen that the table is another one now. */
  tableChanged(revision: string): MachineCommand[] {
    const { phase, owner } = this.state;
    const isNews = phase !== 'gone' && phase !== 'joining' && owner.read?.revision !== revision;
    return isNews ? this.#readTable(undefined) : [];
  }

  /** Any answer will do: only a read tells how the table stands. */
  tableWritten(_now: number, _answer: WriteAnswer): MachineCommand[] {
    this.state.owner.isWriting = false;
    return this.state.phase === 'gone' ? [] : this.#readTable(undefined);
  }

  looked(now: number, rows: Readonly<Record<MachineId, SeenRow>> | 'failed'): MachineCommand[] {
    const { state } = this;
    state.isLooking = false;
    state.lookAt = now + renewEveryMs(state.lease.leaseMs) / 2;
    if (state.phase === 'gone' || rows === 'failed') return [];
    state.lookedBehind = state.looksBehind;
    // It was in flight as the table came.
    if (!this.#hasLookedBehindTable()) state.lookAt = now;
    const owners = new Set(state.owner.read?.table.owners);
    owners.delete(NOBODY);
    this.observer.saw(now, rows, owners);
    if (!this.mayJudge(now)) return [];
    const lost = this.observer.silent(now).filter(([id]) => id !== state.id);
    return [
      ...lost.map(([machine, { row, revision }]): MachineCommand => {
        return { do: 'declare-lost', machine, row: { ...row, state: 'lost' }, expected: revision };
      }),
      ...this.owner.plan(now, this.#around(now)),
    ];
  }

  handedOver(now: number, move: number, handed: HandedOver): MachineCommand[] {
    return this.state.phase === 'gone' ? [] : this.owner.handedOver(now, move, handed, this.#around(now));
  }

  /** A machine that is cut off itself sees the others silent, and says nothing about it. */
  mayJudge(now: number): boolean {
    return this.lease.isValid(now);
  }

  #look(now: number): MachineCommand[] {
    const { state } = this;
    if (state.isLooking || now < state.lookAt) return [];
    state.isLooking = true;
    state.looksBehind = state.tables;
    return [{ do: 'look' }];
  }

  #bringWanted(now: number): MachineCommand[] {
    const isWanted = Object.keys(this.state.owner.wanted).length > 0;
    return isWanted && this.mayJudge(now) ? this.owner.plan(now, this.#around(now)) : [];
  }

  #hasLookedBehindTable(): boolean {
    return this.state.lookedBehind === this.state.tables;
  }

  /** By rows that do not say that it leaves it would be given back what it hands over. */
  #hasSaid(): boolean {
    return this.state.phase !== 'leaving' || this.state.said === 'leaving';
  }

  #writeRow(now: number): MachineCommand[] {
    const { state } = this;
    if (!this.lease.isDue(now) || state.isReadingRow) return [];
    if (state.mustReadRow) return this.#readRow();
    this.lease.sending(now);
    const { row, revision } = state;
    state.saying = row.state;
    if (revision === undefined) return [{ do: 'create-row', row }];
    if (state.phase === 'leaving' && this.#isEmpty()) state.phase = 'withdrawing';
    return state.phase === 'withdrawing'
      ? [{ do: 'withdraw', expected: revision }]
      : [{ do: 'renew', row, expected: revision }];
  }

  /** Nothing is left to hand over, and nothing of it is in doubt. */
  #isEmpty(): boolean {
    const { read, isWriting, handing } = this.state.owner;
    return !isWriting && !handing && (!read || partitionsOf(read.table, this.state.id).length === 0);
  }

  isReadBusy(): boolean {
    return this.state.isReadingTable;
  }

  #readRow(): MachineCommand[] {
    this.state.isReadingRow = true;
    return [{ do: 'read-row' }];
  }

  #readTable(confirms: number | undefined): MachineCommand[] {
    const { state } = this;
    if (!this.isReadBusy()) {
      state.isReadingTable = true;
      return [{ do: 'read-table', confirms }];
    }
    state.readsAgain = { confirms: confirms ?? state.readsAgain?.confirms };
    return [];
  }

  #around(now: number): Surroundings {
    const { phase, id } = this.state;
    const living = this.observer.live().filter((other) => other !== id);
    return {
      isLeaseValid: this.lease.isValid(now),
      isLeaving: phase !== 'member',
      mayHand: this.#hasLookedBehindTable(),
      mayCommit: this.#hasSaid(),
      living: phase === 'member' ? [...living, id] : living,
      isGone: (machine) => this.observer.isGone(now, machine),
    };
  }

  /** A lost row stays as long as the table gives it something: a claim must be able to tell lost from unknown. */
  #forgetLost({ table }: SeenTable): MachineCommand[] {
    return Object.entries(this.state.observer.rows)
      .filter(([id, { row }]) => row.state === 'lost' && partitionsOf(table, id).length === 0)
      .map(([machine, { revision }]) => ({ do: 'forget', machine, expected: revision }));
  }

  #end(how: 'left' | 'expelled'): MachineCommand[] {
    this.state.phase = 'gone';
    return [{ do: 'end', how }];
  }
}
