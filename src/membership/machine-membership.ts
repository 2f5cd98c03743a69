/**
 * One machine's part in a cluster: carries out what its agent (`machines/machine-agent`) decides, on a directory. A machine that others have
 * declared lost joins again under another id.
 */
import type { Directory, Entry, Watch } from '../directory/directory.ts';
import { renewAgainMs } from '../machines/lease.ts';
import { MachineAgent, newAgent } from '../machines/machine-agent.ts';
import type { HandedOver, MachineCommand, WriteAnswer } from '../machines/machine-command.ts';
import type { SeenRow } from '../machines/lease-observer.ts';
import { isSameRow, type MachineId, type MachineRow } from '../machines/machine-row.ts';
import { claimEpoch, foundedTable, NOBODY, PARTITIONS, reassigned } from '../machines/partition-table.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import { PartitionRequests } from './partition-requests.ts';
import {
  decodeRow,
  encodeRow,
  encodeTable,
  infoOf,
  PAUSES_KEY,
  ROW_PREFIX,
  rowKey,
  TABLE_KEY,
  tableOf,
  WATCHED_PREFIX,
} from './cluster-entries.ts';

/** The machine whose actors these are. None of these may throw. */
export interface PartitionHost {
  /** This machine is to write under that name from now on, in the store; asked again where it rejects. */
  enter(machine: MachineId): Promise<void>;
  /** Partitions that are to start here with the states that machine has transferred: told before anything else of the same read of the table. */
  expect(partitions: readonly number[], from: MachineId): void;
  /** The partitions are this machine's, by this epoch; `from`: with what that machine transferred, else from records. */
  start(partitions: readonly number[], epoch: number, from: MachineId | undefined): void;
  /** They are no more: what lives there is dropped. */
  stop(partitions: readonly number[]): void;
  /**
   * Holds those that it can, and resolves to them once the other machine has all that lived there. `isLast`: this machine leaves; what takes
   * too long is ended.
   */
  handOver(partitions: readonly number[], to: MachineId, isLast: boolean): Promise<HandedOver>;
  /** The hand-over came to nothing: they go on here, and the other machine forgets what it installed. */
  resume(partitions: readonly number[], to: MachineId): void;
  /** The highest partition epoch in the records of these partitions. */
  highestEpoch(partitions: readonly number[]): Promise<number>;
}

export type MembershipEvent =
  | { readonly type: 'machine-joined' | 'machine-left' | 'machine-lost'; readonly machine: MachineId }
  /** This machine may not serve: its lease is over. And it may again. */
  | { readonly type: 'suspended' | 'resumed'; readonly machine: MachineId };

export interface MembershipParts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly host: PartitionHost;
  readonly row: Omit<MachineRow, 'state'>;
  /** A name that was never used before. */
  newId(): MachineId;
  onEvent(event: MembershipEvent): void;
  /**
   * The machine may serve until that time of `clock`, 0: not at all. Told with each renewal that counts, once the partitions that its table took
   * away are stopped: whoever serves until then serves none of those.
   */
  serve(until: number): void;
  /**
   * The pauses of the whole system are others. Asked too under each id before the first `serve`, when this machine's row is there: resolves once they are
   * taken up. Asked again where it rejects.
   */
  heed?(): Promise<void>;
  /** Another table was read, or a machine is another one; `start` and `stop` have been called by then. */
  changed?(): void;
}

export class MachineMembership {
  readonly #parts: MembershipParts;
  readonly #rows = new Map<MachineId, SeenRow>();
  readonly #watch: Watch;
  #agent: MachineAgent;
  readonly wanted: PartitionRequests;
  #timer: Timer | undefined;
  #isAwaitingLook = false;
  #wasValid = false;
  #servesUntil = 0;
  /** The store does not know it by its name yet: it is no member before. */
  #isEntering = false;
  #isClosed = false;
  #left: (() => void) | undefined;
  /** The id under which the pauses are taken up, and that under which they are about to be. */
  #heeds: MachineId | undefined;
  #heeding: MachineId | undefined;
  /** Of the table that was told of last. */
  #told: string | undefined;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#agent = this.#newAgent();
    this.wanted = new PartitionRequests(parts.clock, () => this.#agent, this.#perform.bind(this));
    this.#watch = parts.directory.watch(WATCHED_PREFIX, {
      changed: (entry) => this.#changed(entry),
      removed: (key) => this.#removed(key),
      synced: () => this.#looked(Object.fromEntries(this.#rows)),
      gap: () => this.#looked('failed'),
    });
    void this.#enter();
    this.#tick();
  }

  get id(): MachineId {
    return this.#agent.state.id;
  }

  /** As last seen, this one too once it has joined. */
  machines(): MachineInfo[] {
    return [...this.#rows].map(([id, { row }]) => infoOf(id, row));
  }

  /** By the table that was read last; undefined: nobody, or no table was read. */
  ownerOf(partition: number): MachineId | undefined {
    const owner = this.#agent.state.owner.read?.table.owners[partition];
    return owner === NOBODY ? undefined : owner;
  }

  /** Of the table that was read last; 0: none was. */
  get tableEpoch(): number {
    return this.#agent.state.owner.read?.table.epoch ?? 0;
  }

  /** Its owner has it by a hand-over with all that lived there, by the table that was read last. */
  isHandedLive(partition: number): boolean {
    return (this.#agent.state.owner.read?.table.handedBy[partition] ?? NOBODY) !== NOBODY;
  }

  /** Whether a machine takes the states of actors in the form of this build. */
  takesState(machine: MachineId): boolean {
    return this.#rows.get(machine)?.row.takesState === true;
  }

  epochOf(partition: number): number | undefined {
    return this.#agent.state.owner.serving[partition];
  }

  /** One compare: whether a turn in the partition may begin now, or an output of one leave. */
  mayServe(partition: number): boolean {
    return !this.#isClosed && this.#agent.mayServe(this.#parts.clock.now(), partition);
  }

  /** Somebody has a newer table than this machine. */
  lookAtTable(): void {
    this.#perform(this.#agent.tableChanged(''));
  }

  /** Transferred state of another machine lies here. */
  installed(partitions: readonly number[], from: MachineId): void {
    this.#agent.owner.installed(partitions, from);
  }

  /** That machine goes on with them itself. */
  discarded(partitions: readonly number[], from: MachineId): void {
    this.#agent.owner.discarded(partitions, from);
  }

  /** Hands over what it owns, and resolves once it is no member any more. */
  leave(): Promise<void> {
    return new Promise((resolve) => {
      this.#left = resolve;
      this.#perform(this.#agent.leave(this.#parts.clock.now()));
    });
  }

  /** At once, without a word to anybody: what a crash would do. */
  close(): void {
    this.#isClosed = true;
    this.#tellServing(0);
    this.#timer?.cancel();
    this.#watch.close();
    this.#left?.();
  }

  #newAgent(before?: MachineAgent): MachineAgent {
    return new MachineAgent(newAgent(this.#parts.newId(), { state: 'live', ...this.#parts.row }, before?.state.owner));
  }

  #tick(): void {
    if (this.#isClosed) return;
    const { clock, row } = this.#parts;
    if (!this.#isEntering) this.#perform(this.#agent.tick(clock.now()));
    this.#tellValidity();
    this.wanted.look();
    this.#timer = clock.setTimer(row.leaseMs / 30, () => this.#tick());
  }

  /** Behind all that was to be done by then. */
  #tellServing(until: number = Math.max(0, this.#agent.lease.serveUntil())): void {
    if (until === this.#servesUntil) return;
    this.#servesUntil = until;
    if (until === 0 || this.#heeds === this.id) this.#parts.serve(until);
    else void this.#heedFirst();
  }

  /** A pause waits for the machines that have a row by then: this one has, and looks behind that. */
  async #heedFirst(): Promise<void> {
    const { id } = this;
    const { clock, row, heed } = this.#parts;
    if (this.#heeding === id) return;
    this.#heeding = id;
    const isOver = (): boolean => this.#isClosed || this.id !== id;
    while (heed && !isOver() && !(await heed().then(isDone, isNotDone)))
      await new Promise<void>((resolve) => clock.setTimer(renewAgainMs(row.leaseMs), resolve));
    if (isOver()) return;
    this.#heeds = id;
    this.#parts.serve(this.#servesUntil);
  }

  #tellValidity(): void {
    this.#tellServing();
    const isValid = this.#agent.lease.isValid(this.#parts.clock.now());
    if (isValid === this.#wasValid) return;
    this.#wasValid = isValid;
    this.#parts.onEvent({ type: isValid ? 'resumed' : 'suspended', machine: this.id });
  }

  #changed({ key, value, revision }: Entry): void {
    if (key === TABLE_KEY) return this.#perform(this.#agent.tableChanged(revision));
    if (key === PAUSES_KEY) return void this.#parts.heed?.().catch(() => {});
    const row = decodeRow(value);
    const id = key.slice(ROW_PREFIX.length);
    if (!key.startsWith(ROW_PREFIX) || !row) return;
    const known = this.#rows.get(id)?.row;
    this.#rows.set(id, { row, revision });
    // A renewal changes nothing but the revision.
    if (known && isSameRow(known, row)) return;
    if (known === undefined && row.state !== 'lost') this.#parts.onEvent({ type: 'machine-joined', machine: id });
    if (known?.state !== 'lost' && row.state === 'lost') this.#parts.onEvent({ type: 'machine-lost', machine: id });
    this.#parts.changed?.();
  }

  #removed(key: string): void {
    const id = key.slice(ROW_PREFIX.length);
    const state = this.#rows.get(id)?.row.state;
    this.#rows.delete(id);
    if (state === 'leaving') this.#parts.onEvent({ type: 'machine-left', machine: id });
    else if (state === 'live')
      this.#parts.onEvent({ type: this.#isSilent(id) ? 'machine-lost' : 'machine-left', machine: id });
    this.#parts.changed?.();
  }

  /** One that leaves at once is never seen to be leaving; one that was declared lost had been silent before. */
  #isSilent(id: MachineId): boolean {
    const row = this.#agent.state.observer.rows[id];
    return row !== undefined && this.#parts.clock.now() - row.sinceAt >= row.row.leaseMs;
  }

  #looked(rows: Record<MachineId, SeenRow> | 'failed'): void {
    if (!this.#isAwaitingLook) return;
    this.#isAwaitingLook = false;
    this.#perform(this.#agent.looked(this.#parts.clock.now(), rows));
  }

  #perform(commands: readonly MachineCommand[]): void {
    const { host } = this.#parts;
    for (const one of commands) if (one.do === 'start' && one.from) host.expect(one.partitions, one.from);
    for (const command of commands) if (!this.#isClosed) this.#carryOut(command);
  }

  #carryOut(command: MachineCommand): void {
    const { host, directory } = this.#parts;
    switch (command.do) {
      case 'start':
        return host.start(command.partitions, command.epoch, command.from);
      case 'stop':
        return host.stop(command.partitions);
      case 'look':
        this.#isAwaitingLook = true;
        return this.#watch.look();
      case 'resume':
        return host.resume(command.partitions, command.to);
      case 'hand-over': {
        const handed = host.handOver(command.partitions, command.to, command.isLast).catch(() => NONE);
        return this.#answer(handed, (agent, now, done) => agent.handedOver(now, command.move, done));
      }
      case 'declare-lost':
        return void directory.update(rowKey(command.machine), encodeRow(command.row), command.expected);
      case 'forget':
        return void directory.remove(rowKey(command.machine), command.expected);
      case 'end':
        return this.#end(command.how);
      case 'read-row':
      case 'read-table':
        return this.#read(command);
      default:
        return this.#write(command);
    }
  }

  #read(command: Extract<MachineCommand, { do: 'read-row' | 'read-table' }>): void {
    const { directory } = this.#parts;
    if (command.do === 'read-row') {
      return this.#answer(directory.readLinearizable(rowKey(this.id)), (agent, now, entry) => {
        const row = entry && entry !== 'unavailable' ? decodeRow(entry.value) : undefined;
        const isBad = entry === 'unavailable' || (entry && !row);
        return agent.rowRead(now, isBad ? 'failed' : entry && row && { row, revision: entry.revision });
      });
    }
    this.#answer(directory.readLinearizable(TABLE_KEY), (agent, now, entry) => {
      const table = entry && entry !== 'unavailable' ? tableOf(entry, agent.state.owner.read) : undefined;
      const isBad = entry === 'unavailable' || (entry && !table);
      const read = isBad ? 'failed' : entry && table && { table, revision: entry.revision };
      return agent.tableRead(now, read, command.confirms);
    });
  }

  #write(
    command: Extract<
      MachineCommand,
      { do: 'create-row' | 'renew' | 'withdraw' | 'found-table' | 'claim' | 'write-table' }
    >,
  ): void {
    const { directory } = this.#parts;
    const key = rowKey(this.id);
    const ofRow = (answer: Promise<WriteAnswer>): void =>
      this.#answer(answer, (agent, now, written) => agent.rowWritten(now, written));
    const ofTable = (answer: Promise<WriteAnswer>): void =>
      this.#answer(answer, (agent, now, written) => agent.tableWritten(now, written));
    if (command.do === 'create-row') return ofRow(directory.create(key, encodeRow(command.row)));
    if (command.do === 'renew') return ofRow(directory.update(key, encodeRow(command.row), command.expected));
    if (command.do === 'withdraw') return ofRow(directory.remove(key, command.expected));
    if (command.do === 'write-table') {
      return ofTable(directory.update(TABLE_KEY, encodeTable(command.table), command.expected));
    }
    ofTable(command.do === 'claim' ? this.#claim(command) : this.#found(command.seenEpoch));
  }

  async #found(seenEpoch: number): Promise<WriteAnswer> {
    const { directory, host } = this.#parts;
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    const records = await host.highestEpoch(all).catch(() => undefined);
    if (records === undefined) return { is: 'unavailable' };
    const table = foundedTable(PARTITIONS, this.id, claimEpoch(0, records, seenEpoch));
    return directory.create(TABLE_KEY, encodeTable(table));
  }

  async #claim({ partitions, seenEpoch, over }: Extract<MachineCommand, { do: 'claim' }>): Promise<WriteAnswer> {
    const { directory, host } = this.#parts;
    const owner = this.id;
    const records = await host.highestEpoch(partitions).catch(() => undefined);
    if (records === undefined) return { is: 'unavailable' };
    const epoch = claimEpoch(over.table.epoch, records, seenEpoch);
    const table = reassigned(over.table, partitions, { owner, epoch, handedBy: NOBODY });
    return directory.update(TABLE_KEY, encodeTable(table), over.revision);
  }

  async #enter(): Promise<void> {
    const { clock, host, row } = this.#parts;
    this.#isEntering = true;
    await Promise.resolve();
    while (!this.#isClosed && !(await host.enter(this.id).then(isDone, isNotDone))) {
      await new Promise<void>((resolve) => clock.setTimer(renewAgainMs(row.leaseMs), resolve));
    }
    this.#isEntering = false;
    if (!this.#isClosed) this.#perform(this.#agent.tick(clock.now()));
  }

  /** Answers to an agent that has ended meanwhile are of nobody. */
  #answer<T>(answer: Promise<T>, tell: (agent: MachineAgent, now: number, value: T) => MachineCommand[]): void {
    const agent = this.#agent;
    void answer.then((value) => {
      if (this.#isClosed || agent !== this.#agent) return;
      this.#perform(tell(agent, this.#parts.clock.now(), value));
      this.#tellValidity();
      this.#tellTable();
    });
  }

  #tellTable(): void {
    const revision = this.#agent.state.owner.read?.revision;
    if (revision === this.#told) return;
    this.#told = revision;
    this.wanted.look();
    this.#parts.changed?.();
  }

  #end(how: 'left' | 'expelled'): void {
    this.#tellValidity();
    if (how === 'left' || this.#left) return this.close();
    this.#isAwaitingLook = false;
    this.#agent = this.#newAgent(this.#agent);
    this.#wasValid = false;
    this.#parts.changed?.();
    void this.#enter();
  }
}

const NONE: HandedOver = { partitions: [], isLive: false };
const isDone = (): true => true;
const isNotDone = (): false => false;
