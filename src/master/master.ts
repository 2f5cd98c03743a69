/**
 * The master: owns workers and placement, and is not on the way of any message between them. This file puts its parts
 * together and says what each control message means.
 *
 *   worker-supervisor ─ forked, exited ─► participants ─► placement-service ─► table changes to all
 *                                              └────────► handoff-service ──► holds, settlements
 */
import type { Log } from '../observe/log.ts';
import { PlacementTable } from '../placement/placement-table.ts';
import { shardUnit } from '../placement/shard.ts';
import type { SupervisionPolicy } from '../supervision/supervision-options.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { asError, type ErrorData, errorFromData, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { BootOrder, ControlChannel, IdleAnswer, MasterRequest, ToMaster, ToProcess } from '../wire/control.ts';
import { EventHub } from './event-hub.ts';
import { HandoffService } from './handoff-service.ts';
import { LiveMoves } from './live-moves.ts';
import { type Participant, Participants } from './participants.ts';
import { type KindPlacement, PlacementService, type ShareMove } from './placement-service.ts';
import { Queries } from './queries.ts';
import { Rolling } from './rolling.ts';
import type { SupervisedWorker } from './supervised-worker.ts';
import { WindingDown } from './winding-down.ts';
import type { WorkerExit, WorkerHost } from './worker-host.ts';
import { WorkerSupervisor } from './worker-supervisor.ts';

export interface MasterOptions {
  readonly host: WorkerHost;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly policy: SupervisionPolicy;
  readonly hangMs: number;
  readonly shutdownMs: number;
  readonly groups: readonly { role: string; count: number }[];
  readonly kinds: ReadonlyMap<string, KindPlacement>;
  /** What every worker is told first; `self` is filled in. */
  readonly boot: Omit<BootOrder, 'type' | 'self'>;
  /** The master's own data plane. */
  readonly peer: { readonly channel: ControlChannel<ToProcess, ToMaster>; readonly path: string };
}

/** Milliseconds for the processes to end once they were told to; then they are killed. */
export const EXIT_MS_MAX = 2_000;
/** Milliseconds for a worker that goes to say what waits there. */
const SILENCE_MS = 1_000;
/** Milliseconds between two broadcasts of the workers' loads. */
const LOADS_MS = 1_000;

export class Master {
  readonly #options: MasterOptions;
  readonly #participants = new Participants();
  readonly #supervisor: WorkerSupervisor;
  readonly #placement: PlacementService;
  readonly #handoffs: HandoffService;
  readonly #moves: LiveMoves;
  readonly #rolling: Rolling;
  /** Workers whose share is on its way to them. */
  readonly #shares = new Map<number, Promise<void>>();
  readonly #events: EventHub;
  readonly #queries: Queries;
  readonly #self: Participant;
  /** The first workers are there and the table is published: from now on each later one joins by itself. */
  #isPlaced = false;
  #isChangeTold = true;
  #loadsTimer: Timer | undefined;
  #down: Promise<void> | undefined;

  constructor(options: MasterOptions) {
    const { clock, groups, kinds, peer } = options;
    this.#options = options;
    this.#events = new EventHub(this.#participants);
    this.#queries = new Queries(clock);
    this.#placement = new PlacementService({
      table: PlacementTable.from({ epoch: 0, columns: {}, pins: [] }),
      participants: this.#participants,
      kinds,
      roles: [...new Set(groups.map(({ role }) => role))],
      actorsOn: (worker) => this.#supervisor.get(worker)?.load.actors ?? 0,
      changed: (epoch) => this.#events.emit('placement-changed', { epoch }),
      condemned: (ids, worker) => this.#events.deadlyStarts(ids, worker, options.log),
    });
    this.#handoffs = new HandoffService(clock, this.#participants, this.#placement);
    this.#supervisor = new WorkerSupervisor(options, {
      message: (worker, participant, message) => this.#heard(worker, participant, message),
      exited: (worker, participant, exit) => this.#exited(worker, participant, exit),
      givenUp: (worker) =>
        this.#events.emit('worker-given-up', {
          worker: worker.index,
          role: worker.role,
          restarts: worker.life.restarts,
        }),
      changed: () => this.#tellWorkers(),
    });
    this.#moves = new LiveMoves(clock, this.#handoffs);
    this.#rolling = new Rolling({
      ...{ clock, supervisor: this.#supervisor, placement: this.#placement, moves: this.#moves },
      handoffs: this.#handoffs,
      drainMs: options.shutdownMs,
      stay: ({ index, role }) => this.#moveShares(index, this.#placement.stay(index, role)),
      isOver: () => this.#down !== undefined,
      isSilent: (worker) => this.#isSilent(worker),
      settled: async (worker) => this.#shares.get(worker),
    });
    this.#self = {
      index: 0,
      incarnation: 1,
      role: 'master',
      pid: process.pid,
      channel: peer.channel,
      path: peer.path,
      isLinked: false,
    };
    peer.channel.onMessage((message) => this.#heard(undefined, this.#self, message));
  }

  /** Resolves when all first workers are ready. Rejects with the first that cannot start; nothing is left running then. */
  async start(): Promise<void> {
    this.#welcome(this.#self);
    const { groups } = this.#options;
    try {
      const first = groups.flatMap(({ role, count }) =>
        Array.from({ length: count }, () => this.#supervisor.add(role)),
      );
      await Promise.all(first.map((worker) => this.#supervisor.ready(worker)));
      this.#tellLoadsLater();
    } catch (error) {
      await this.shutdown(0);
      throw error;
    }
  }

  get table(): PlacementTable {
    return this.#placement.table;
  }

  /** No hand-off is under way or waits in line. */
  get isSettled(): boolean {
    return this.#handoffs.isIdle;
  }

  shutdown(timeoutMs: number = this.#options.shutdownMs): Promise<void> {
    this.#down ??= this.#shutDown(timeoutMs);
    return this.#down;
  }

  /** Ends everything at once: for a second Ctrl-C. */
  killAll(): void {
    this.#supervisor.stop();
    for (const worker of this.#supervisor.all()) worker.process?.kill('SIGKILL');
  }

  #boot(participant: Participant): void {
    const { index, incarnation, role } = participant;
    participant.channel.send({ type: 'boot', ...this.#options.boot, self: { index, incarnation, role } });
  }

  #heard(worker: SupervisedWorker | undefined, participant: Participant, message: ToMaster): void {
    switch (message.type) {
      case 'hello':
        return this.#boot(participant);
      case 'listening':
        participant.path = message.path;
        return this.#welcome(participant);
      case 'linked':
        return this.#linked(participant);
      case 'ready':
        return worker && this.#ready(worker, participant);
      case 'load-failed':
      case 'main-failed':
        return worker && this.#supervisor.cannotStart(worker, errorFromData(message.error));
      case 'heartbeat':
        return this.#placement.counted(participant.index);
      case 'installed':
        return this.#handoffs.installed(message.move, participant);
      case 'refused':
        return this.#handoffs.refused(message.move, participant, message.error, message.isBusy === true);
      case 'prepared':
        return this.#handoffs.prepared(message.move, participant, message.family, message.subscriptions);
      case 'answer':
        return this.#queries.answered(message.query, message.value);
      case 'spawned':
        for (const { id } of message.records) this.#handoffs.keep(id);
        return this.#placement.spawnedOn(participant.index, message.records);
      case 'ended':
        this.#placement.endedOn(participant.index, message.ids);
        // Of a system that ends nobody needs the places any more.
        return this.#down ? undefined : this.#handoffs.release(message.ids, participant.index);
      case 'started':
        return this.#placement.startedAgain(message.ids);
      case 'listen':
        return this.#events.listens(participant, message.names);
      case 'event':
        return this.#events.relay(participant.index, message.name, message.payload);
      case 'request':
        return void this.#request(participant, message.request, message.what);
    }
  }

  #welcome(participant: Participant): void {
    if (this.#down) return;
    const { table } = this.#placement;
    const welcome: ToProcess = {
      type: 'welcome',
      table: table.toData(),
      holds: this.#handoffs.standing(),
      peers: this.#participants.peers(),
    };
    this.#participants.add(participant);
    participant.channel.send(welcome);
    participant.channel.send({ type: 'workers', workers: this.#supervisor.infos() });
    this.#events.greet(participant);
  }

  #linked(participant: Participant): void {
    if (!this.#participants.isPresent(participant)) return;
    participant.isLinked = true;
    if (participant === this.#self) return;
    if (this.#isPlaced) return this.#join(participant);
    const first = this.#supervisor.all();
    if (!first.every((worker) => worker.participant?.isLinked || worker.life.state === 'given-up')) return;
    this.#isPlaced = true;
    const linked = first
      .map((worker) => worker.participant)
      .filter((one): one is Participant => one !== undefined && this.#participants.isPresent(one));
    this.#placement.begin(linked.map(({ index, role }) => [index, role]));
    for (const one of linked) one.channel.send({ type: 'go' });
  }

  /** A worker that came later: it hosts what nobody does, and gets its share of the rest by hand-off. */
  #join(participant: Participant): void {
    const { index, role } = participant;
    const moves = this.#placement.join(index, role);
    participant.channel.send({ type: 'go' });
    this.#handoffs.nextInLine();
    this.#moveShares(index, moves);
  }

  #moveShares(index: number, moves: ShareMove[]): void {
    const ways = new Map<string, { to: number; units: string[] }>();
    for (const { unit, from, to } of moves) {
      const way = ways.get(`${from}:${to}`) ?? { to, units: [] };
      ways.set(`${from}:${to}`, way);
      way.units.push(shardUnit(unit.role, unit.shard));
    }
    const shares = [...ways.values()].map(({ to, units }) => this.#moveShare(units, to));
    const settled = Promise.all(shares).then(() => {});
    this.#shares.set(index, settled);
    void settled.then(() => this.#shares.get(index) === settled && this.#shares.delete(index));
  }

  /** What its old home refuses stays there; of several units the others still go. */
  async #moveShare(units: string[], to: number): Promise<void> {
    const { clock, shutdownMs, log } = this.#options;
    try {
      await this.#moves.move(units, to, { untilMs: clock.now() + shutdownMs, isForced: false });
    } catch (error) {
      log.debug({ units: units.length, to, err: error }, 'units stay where they are');
    }
  }

  #ready(worker: SupervisedWorker, participant: Participant): void {
    const { index, pid, role, incarnation } = participant;
    this.#supervisor.becameReady(worker);
    this.#events.emit('worker-online', { worker: index, pid, role, incarnation });
  }

  #exited(worker: SupervisedWorker, participant: Participant, exit: WorkerExit): void {
    const { index, incarnation, pid, role } = participant;
    if (this.#participants.remove(participant)) {
      this.#placement.bury(
        { index, incarnation, isDone: exit.code === 0 },
        this.#handoffs.died({ index, incarnation }),
        this.#down === undefined,
        this.#handoffs.isMoving,
      );
      this.#handoffs.nextInLine();
    }
    this.#queries.died(participant);
    this.#events.forget(participant);
    const isNews = this.#down === undefined || exit.code !== 0;
    if (isNews) this.#events.emit('worker-exited', { worker: index, pid, role, incarnation, ...exit });
    // The first table waits for all first workers; one that is gone is not waited for.
    if (!this.#isPlaced && worker.isLeaving) this.#supervisor.forget(worker);
  }

  async #request(participant: Participant, request: number, what: MasterRequest): Promise<void> {
    const reply = (outcome: { value?: unknown; error?: ErrorData }): void =>
      participant.channel.send({ type: 'reply', request, ...outcome });
    try {
      reply({ value: await this.#carryOut(participant, what) });
    } catch (error) {
      const fault =
        error instanceof TroupeError
          ? error
          : new TroupeError('ACTOR_UNAVAILABLE', asError(error).message, { cause: error });
      reply({ error: errorToData(fault) });
    }
  }

  #carryOut(participant: Participant, what: MasterRequest): unknown {
    switch (what.kind) {
      case 'claim':
        return this.#claim(participant, what);
      case 'locate':
        return this.#placement.locate(what.id, what.role, what.strategy, participant.index);
      case 'add-worker':
        return this.#addWorker(what.role);
      case 'metrics':
        return this.#metrics();
      case 'shutdown':
        return this.shutdown(what.timeoutMs);
      case 'move':
        return this.#move(what.id, what.worker);
      case 'remove-worker':
        return this.#rolling.remove(what.index);
      case 'restart-worker':
        return this.#rolling.restart(what.index);
      case 'reload':
        return this.#rolling.reload();
    }
  }

  /** Where it is already it stays. Rejects NO_WORKER for a worker that cannot host it. */
  async #move(id: ActorId, worker: number): Promise<void> {
    const { clock, kinds, shutdownMs } = this.#options;
    const { role = '' } = kinds.get(kindOf(id)) ?? {};
    if (!this.#placement.hosts(role).includes(worker)) {
      const text = `an actor moves to a worker that is ready${role && ` and of role '${role}'`}; got worker ${worker}`;
      throw new TroupeError('NO_WORKER', text);
    }
    await this.#moves.moveActor(id, worker, { untilMs: clock.now() + shutdownMs, isForced: true });
  }

  async #claim(
    participant: Participant,
    { id, role, worker, fresh, strategy }: Extract<MasterRequest, { kind: 'claim' }>,
  ): Promise<number> {
    const chosen = worker ?? this.#placement.choose(role, strategy, participant.index);
    const isAtHome = chosen === participant.index && this.#placement.isLeaving(chosen);
    if (!this.#placement.isHost(chosen) && !isAtHome)
      throw new TroupeError('NO_WORKER', `an actor is placed on a worker that is ready; got worker ${chosen}`);
    await this.#handoffs.claim(id, chosen, fresh);
    // Whoever wanted it is gone: nobody will spawn it, nor report its end.
    if (!this.#participants.isPresent(participant)) this.#handoffs.release([id], chosen);
    return chosen;
  }

  async #isSilent({ participant }: SupervisedWorker): Promise<boolean> {
    if (!participant) return true;
    const answer = (await this.#queries.ask(participant, 'idle', SILENCE_MS)) as IdleAnswer | undefined;
    return answer?.waiting === 0;
  }

  async #addWorker(role: string | undefined): Promise<number> {
    const { groups } = this.#options;
    const worker = this.#supervisor.add(role ?? (groups[0]?.role as string));
    await this.#supervisor.ready(worker);
    return worker.index;
  }

  async #metrics(): Promise<unknown[]> {
    const answers = await this.#queries.askAll(this.#participants, 'metrics', 1_000);
    return answers.filter((answer) => answer !== undefined);
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const until = clock.now() + timeoutMs;
    this.#loadsTimer?.cancel();
    this.#supervisor.restartNoMore();
    if (timeoutMs > 0) await new WindingDown(clock, this.#participants, this.#queries, until).run();
    this.#supervisor.stop();
    const running = this.#supervisor.all().filter((worker) => worker.isRunning);
    const gone = Promise.all(running.map((worker) => this.#supervisor.gone(worker)));
    for (const worker of running) worker.participant?.channel.send({ type: 'exit' });
    const timer = clock.setTimer(EXIT_MS_MAX, () => this.killAll());
    await gone;
    timer.cancel();
    // Last: its own data plane, which the others were linked to.
    this.#self.channel.send({ type: 'exit' });
  }

  #tellWorkers(): void {
    if (!this.#isChangeTold) return;
    this.#isChangeTold = false;
    this.#options.clock.soon(() => {
      this.#isChangeTold = true;
      this.#participants.tell({ type: 'workers', workers: this.#supervisor.infos() });
    });
  }

  #tellLoadsLater(): void {
    this.#loadsTimer = this.#options.clock.setTimer(LOADS_MS, () => {
      this.#tellWorkers();
      this.#tellLoadsLater();
    });
  }
}
