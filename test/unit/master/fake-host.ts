/**
 * Processes in memory for tests of the master: they speak the control protocol as a real one would, keep their table,
 * and fail when the protocol is broken. What a test wants otherwise it sets in `behave`.
 */
import type { WorkerExit, WorkerHost, WorkerProcess } from '../../../src/worker-pool/worker-host.ts';
import { PlacementTable } from '../../../src/placement/placement-table.ts';
import { parseUnit } from '../../../src/placement/shard.ts';
import type { Clock } from '../../../src/vocabulary/clock.ts';
import type { ErrorData } from '../../../src/vocabulary/errors.ts';
import type { MoveOrder, SpawnRecord, ToMaster, ToProcess } from '../../../src/wire/control.ts';
import type { IdleAnswer, ProcessQuery } from '../../../src/wire/process-query.ts';

export const HEARTBEAT_MS = 100;

export interface Behaviour {
  /** How far it gets by itself. */
  stopsAt?: 'boot' | 'welcome' | 'go';
  loadError?: ErrorData;
  isFrozen?: boolean;
  ignoresExit?: boolean;
  /** What its part in a hand-off is; left alone, nothing comes of it until the test says so. */
  handoffs?: 'install' | 'refuse';
  idle?: () => IdleAnswer;
  /** What it is asked it never answers, though its heart beats. */
  ignores?: (what: ProcessQuery) => boolean;
  /** How many actors it stops, when it is told to. */
  stopActors?: () => number | undefined;
}

/** One process of the system, a worker or the master's own data plane. */
export class FakeProcess {
  readonly index: number;
  readonly incarnation: number;
  readonly role: string;
  readonly received: ToProcess[] = [];
  readonly started: SpawnRecord[] = [];
  readonly kills: string[] = [];
  behave: Behaviour;
  table: PlacementTable | undefined;
  isDead = false;
  readonly #host: FakeHost;
  #hear: ((message: ToMaster) => void) | undefined;
  onExit: ((exit: WorkerExit) => void) | undefined;

  constructor(host: FakeHost, self: { index: number; incarnation: number; role: string }, behave: Behaviour) {
    this.#host = host;
    this.index = self.index;
    this.incarnation = self.incarnation;
    this.role = self.role;
    this.behave = behave;
  }

  readonly channel = {
    send: (message: ToProcess): void => {
      if (this.isDead) return;
      const copy = structuredClone(message);
      this.#host.clock.soon(() => this.#receive(copy));
    },
    onMessage: (receive: (message: ToMaster) => void): void => {
      this.#hear = receive;
      if (this.index > 0) this.say({ type: 'hello' });
    },
  };

  say(message: ToMaster): void {
    if (this.isDead || this.behave.isFrozen) return;
    this.sayAnyway(message);
  }

  /** Words that were on their way when the process died. */
  sayAnyway(message: ToMaster): void {
    const copy = structuredClone(message);
    this.#host.clock.soon(() => this.#hear?.(copy));
  }

  exit(exit: WorkerExit = { code: null, signal: 'SIGKILL' }): void {
    if (this.isDead) return;
    this.isDead = true;
    this.onExit?.(exit);
  }

  types(): string[] {
    return this.received.map(({ type }) => type);
  }

  all<T extends ToProcess['type']>(type: T): Extract<ToProcess, { type: T }>[] {
    return this.received.filter((message): message is Extract<ToProcess, { type: T }> => message.type === type);
  }

  beatHeart(): void {
    if (this.isDead) return;
    this.say({ type: 'heartbeat', load: { actors: 0, mailbox: 0, heapBytes: 1, rssBytes: 2 } });
    this.#host.clock.setTimer(HEARTBEAT_MS, () => this.beatHeart());
  }

  #receive(message: ToProcess): void {
    if (this.isDead) return;
    this.received.push(message);
    if (!this.behave.isFrozen) this.#obey(message);
  }

  #obey(message: ToProcess): void {
    switch (message.type) {
      case 'boot':
        return this.#boot();
      case 'welcome':
        this.table = PlacementTable.from(message.table);
        if (this.behave.stopsAt !== 'welcome') this.say({ type: 'linked' });
        return;
      case 'table':
        this.#table().apply(message.change);
        this.started.push(...message.start);
        return;
      case 'go':
        if (this.behave.stopsAt !== 'go') this.say({ type: 'ready' });
        return;
      case 'prepare':
        return this.#prepare(message.move);
      case 'hold':
        return this.#hold(message.move);
      case 'query':
        if (this.behave.ignores?.(message.what)) return;
        return this.say({ type: 'answer', query: message.query, value: this.#answer(message.what) });
      case 'exit':
        if (!this.behave.ignoresExit) this.exit({ code: 0, signal: null });
        return;
    }
  }

  #boot(): void {
    const { stopsAt, loadError } = this.behave;
    if (stopsAt === 'boot') return;
    if (loadError) return this.say({ type: 'load-failed', error: loadError });
    this.beatHeart();
    this.say({ type: 'listening', path: `/sockets/${this.index}.${this.incarnation}` });
  }

  #prepare(move: MoveOrder): void {
    this.#checkOldHome(move);
    if (this.behave.handoffs === 'install' || (move.purpose !== 'move' && this.behave.handoffs !== 'refuse'))
      this.say({ type: 'prepared', move: move.id, subtree: [], subscriptions: [] });
    if (this.behave.handoffs === 'refuse')
      this.#refuse(move, move.purpose === 'claim' ? 'ALREADY_EXISTS' : 'INVALID_MESSAGE');
  }

  #refuse(move: MoveOrder, code: ErrorData['code']): void {
    this.say({ type: 'refused', move: move.id, error: { code, message: `expected nobody; got ${move.units[0]}` } });
  }

  /** The old host refuses, or the new one has it all: both at once is no hand-off. */
  #hold(move: MoveOrder): void {
    this.#checkOldHome(move);
    const isSelf = (name: { index: number; incarnation: number }): boolean =>
      name.index === this.index && name.incarnation === this.incarnation;
    if (this.behave.handoffs === 'install' && isSelf(move.to)) this.say({ type: 'installed', move: move.id });
    if (this.behave.handoffs !== 'refuse' || !isSelf(move.from)) return;
    this.#refuse(move, 'ALREADY_EXISTS');
  }

  /** A unit that is handed over by anybody but its host would live twice. */
  #checkOldHome(move: MoveOrder): void {
    for (const unit of move.units) {
      const shard = parseUnit(unit);
      const host = shard ? this.#table().column(shard.column)[shard.shard] : this.#table().pinOf(unit);
      if (host !== undefined && host !== move.from.index)
        this.#host.faults.push(`move ${move.id}: ${unit} is at ${host}, not at ${move.from.index}`);
    }
  }

  #answer(what: ProcessQuery): unknown {
    if (what === 'idle') return this.behave.idle?.() ?? { idle: true, waiting: 0, sent: 0, received: 0 };
    if (what === 'stop-actors') return this.behave.stopActors?.() ?? 0;
    return what === 'metrics' ? { worker: this.index } : undefined;
  }

  #table(): PlacementTable {
    if (!this.table) throw new Error(`worker ${this.index} is welcomed first; got ${this.types().join(', ')}`);
    return this.table;
  }
}

export class FakeHost implements WorkerHost {
  readonly clock: Clock;
  /** In the order of their forks, the dead too. */
  readonly forked: FakeProcess[] = [];
  /** Breaches of the protocol that only a process would notice. */
  readonly faults: string[] = [];
  /** For those to come. */
  behave: (self: { index: number; incarnation: number; role: string }) => Behaviour = () => ({ handoffs: 'install' });

  constructor(clock: Clock) {
    this.clock = clock;
  }

  fork(self: { index: number; incarnation: number; role: string }): WorkerProcess {
    const process = new FakeProcess(this, self, this.behave(self));
    this.forked.push(process);
    return {
      pid: 1_000 + this.forked.length,
      channel: process.channel,
      retire: () => process.channel.send({ type: 'exit' }),
      kill: (signal) => {
        process.kills.push(signal);
        this.clock.setTimer(1, () => process.exit({ code: null, signal }));
      },
      onExit: (listener) => {
        process.onExit = listener;
      },
    };
  }

  /** The present process of a worker. */
  worker(index: number): FakeProcess {
    const process = this.forked.findLast((forked) => forked.index === index);
    if (!process) throw new Error(`a worker ${index} was expected`);
    return process;
  }

  living(): FakeProcess[] {
    return this.forked.filter(({ isDead }) => !isDead);
  }
}
