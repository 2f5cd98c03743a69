/**
 * The master: owns workers and placement, and is not on the way of any message between them. This file puts its parts
 * together and says what each control message means.
 *
 *   worker-supervisor ─ forked, exited ─► participants ─► placement-service ─► table changes to all
 *                                              └────────► handoff-service ──► holds, settlements
 */
import { planKinds } from '../placement/kind-plan.ts';
import { PlacementTable } from '../placement/placement-table.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { errorFromData, TroupeError } from '../vocabulary/errors.ts';
import type { MachineEventName } from '../vocabulary/events.ts';
import type { BootOrder, KindTerms, ToMaster, ToProcess } from '../wire/control.ts';
import type { IdleAnswer } from '../wire/process-query.ts';
import { EventHub } from './event-hub.ts';
import { HandoffService } from './handoff-service.ts';
import { LiveMoves } from './live-moves.ts';
import { MachineGround } from './machine-ground.ts';
import { type Participant, Membership } from '../worker-pool/process-membership.ts';
import { PlacementService } from '../placement-service/placement-service.ts';
import { Queries } from './queries.ts';
import type { MasterOptions } from './master-options.ts';
import { Requests } from './requests.ts';
import { RollingRestart } from './rolling-restart.ts';
import { Rebalancing } from './rebalancing.ts';
import type { SupervisedWorker } from '../worker-pool/supervised-worker.ts';
import { GracefulShutdown } from './graceful-shutdown.ts';
import type { WorkerExit } from '../worker-pool/worker-host.ts';
import { WorkerSupervisor } from '../worker-pool/worker-supervisor.ts';
import { WorkerNews } from './worker-news.ts';

type LoadedKinds = Readonly<Record<string, KindTerms>>;

/** Milliseconds for the processes to end once they were told to; then they are killed. */
export const EXIT_MS_MAX = 2_000;
/** Milliseconds of a shutdown, and half of it at most, for HTTP requests in flight. */
export const REQUESTS_MS_MAX = 3_000;
/** Milliseconds for a worker that goes to say what waits there. */
export const SILENCE_MS = 1_000;
/** Milliseconds from the moment when the last worker is given up: for those who ask to be told, and for the program to decide. */
export const GIVEN_UP_MS = 5_000;

export class Master {
  readonly #options: MasterOptions;
  readonly #membership = new Membership();
  readonly #supervisor: WorkerSupervisor;
  readonly #placement: PlacementService;
  readonly #handoffs: HandoffService;
  readonly #moves: LiveMoves;
  readonly #requests: Requests;
  readonly #rebalancing: Rebalancing;
  readonly #events: EventHub;
  readonly #queries: Queries;
  readonly #news: WorkerNews;
  readonly #self: Participant;
  /** The first workers are there and the table is published: from now on each later one joins by itself. */
  #isPlaced = false;
  #down: Promise<void> | undefined;
  #bootOrder: Omit<BootOrder, 'type' | 'self'>;

  constructor(options: MasterOptions) {
    const { clock, groups, kinds, peer } = options;
    this.#options = options;
    this.#bootOrder = options.boot;
    this.#events = new EventHub(this.#membership);
    this.#queries = new Queries(clock);
    this.#news = new WorkerNews(clock, this.#membership, () => this.#supervisor.infos());
    this.#placement = new PlacementService({
      table: PlacementTable.first(kinds, options.pauses?.first),
      membership: this.#membership,
      elsewhere: options.elsewhere,
      roles: [...new Set(groups.map(({ role }) => role))],
      actorsOn: (worker) => this.#supervisor.get(worker)?.load.actors ?? 0,
      changed: (epoch) => this.#events.emit('placement-changed', { epoch }),
      condemned: (ids, worker) => this.#events.deadlyStarts(ids, worker, options.log),
    });
    this.#handoffs = new HandoffService(clock, this.#membership, this.#placement);
    this.#supervisor = new WorkerSupervisor(options, {
      message: (worker, participant, message) => this.#heard(worker, participant, message),
      exited: (worker, participant, exit) => this.#exited(worker, participant, exit),
      givenUp: ({ index, role, life: { restarts } }) => {
        this.#events.emit('worker-given-up', { worker: index, role, restarts });
        if (this.#isLost) clock.setTimer(GIVEN_UP_MS, () => this.#isLost && options.allGivenUp?.());
      },
      changed: () => this.#news.changed(),
    });
    this.#moves = new LiveMoves(clock, this.#handoffs);
    const { log, shutdownMs: limitMs } = options;
    this.#rebalancing = new Rebalancing({ clock, log, moves: this.#moves, limitMs });
    this.#requests = new Requests({
      ...{
        clock,
        placement: this.#placement,
        handoffs: this.#handoffs,
        moves: this.#moves,
        rolling: this.#newRolling(),
      },
      ...{ membership: this.#membership, moveMs: limitMs, lookIntoLoop: options.lookIntoLoop },
      ...{ checkCluster: options.checkCluster, want: options.want },
      addWorker: (role) => this.#addWorker(role),
      queries: this.#queries,
      ...{ keep: options.pauses?.keep, ofAll: options.pausesOfAll },
      shutdown: (timeoutMs) => this.shutdown(timeoutMs),
    });
    this.#self = selfOf(options);
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
      this.#news.tellLoads();
    } catch (error) {
      await this.shutdown(0);
      throw error;
    }
  }

  get table(): PlacementTable {
    return this.#placement.table;
  }

  /** All processes serve until that time of `Clock.now()`, behind the tables that are published by now; 0: not at all. */
  serve(until: number): void {
    this.#membership.serve(until);
  }

  machineEvent(event: MachineEventName, machine: string): void {
    this.#events.emit(event, { machine });
  }

  /** For the partitions of this machine, as one of a cluster. */
  get ground(): MachineGround {
    return new MachineGround(this.#placement, this.#handoffs, this.#queries, this.#membership, this.#self);
  }

  /** No hand-off is open or waits in line. */
  get isSettled(): boolean {
    return this.#handoffs.isIdle;
  }

  shutdown(timeoutMs: number = this.#options.shutdownMs): Promise<void> {
    this.#down ??= this.#shutDown(timeoutMs);
    return this.#down;
  }

  /** No worker is left, and none comes by itself. */
  get #isLost(): boolean {
    return !this.#down && this.#isPlaced && this.#supervisor.all().every(({ life }) => life.state === 'given-up');
  }

  /** Ends everything at once: for a second Ctrl-C. */
  killAll(): void {
    this.#supervisor.stop();
    for (const worker of this.#supervisor.all()) worker.process?.kill('SIGKILL');
  }

  #boot(participant: Participant): void {
    const { index, incarnation, role } = participant;
    participant.channel.send({ type: 'boot', ...this.#bootOrder, self: { index, incarnation, role } });
  }

  /** Behind the supervisor, placement and moves, which it uses. */
  #newRolling(): RollingRestart {
    const { clock, log, shutdownMs, openStore } = this.#options;
    return new RollingRestart({
      ...{ clock, supervisor: this.#supervisor, placement: this.#placement, moves: this.#moves },
      handoffs: this.#handoffs,
      drainMs: shutdownMs,
      rebalancing: this.#rebalancing,
      stay: ({ index, role }) => this.#rebalancing.come(index, this.#placement.stay(index, role)),
      isOver: () => this.#down !== undefined,
      isSilent: (worker) => this.#isSilent(worker),
      reload: {
        ...{ log, membership: this.#membership, queries: this.#queries },
        openStore: async () => {
          this.#bootOrder = { ...this.#bootOrder, ...(await openStore?.()) };
        },
        admit: ({ process, participant }) => process && participant && this.#welcome(participant),
        join: (worker) => {
          worker.isTrial = false;
          worker.isLeaving = false;
          if (worker.participant && worker.isRunning) this.#join(worker.participant);
        },
      },
    });
  }

  #heard(worker: SupervisedWorker | undefined, participant: Participant, message: ToMaster): void {
    switch (message.type) {
      case 'hello':
        return this.#boot(participant);
      case 'listening':
        participant.path = message.path;
        return this.#listening(worker, participant, message.kinds);
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
        return this.#handoffs.prepared(message.move, participant, message.subtree, message.subscriptions);
      case 'answer':
        return this.#queries.answered(message.query, message.value);
      case 'spawned':
        for (const { id } of message.records) this.#handoffs.keep(id);
        return this.#placement.spawnedOn(participant.index, message.records);
      case 'ended':
        this.#placement.endedOn(participant.index, message.ids);
        // Of a system that ends nobody needs the places any more.
        return this.#down ? undefined : this.#handoffs.release(message.ids, participant.index);
      case 'starting':
        return this.#placement.trials.starting(message.id, participant.index);
      case 'started':
        return this.#placement.trials.over(message.ids);
      case 'listen':
        return this.#events.listens(participant, message.names);
      case 'event':
        return this.#events.relay(participant.index, message.name, message.payload);
      case 'outdated':
        return this.#options.outdated?.();
      case 'state-arrived':
        return this.#options.stateArrived?.(message.machine, message.partitions);
      case 'places':
        return this.#options.placesTold?.(message.machine, message.places);
      case 'request':
        return void this.#requests.serve(participant, message.request, message.what);
    }
  }

  /** It has loaded the code. One that tries it out waits for word. */
  #listening(worker: SupervisedWorker | undefined, participant: Participant, kinds: LoadedKinds = {}): void {
    if (!worker) return this.#welcome(participant);
    const faults = worker.isTrial ? [] : planKinds(this.#placement.table.kinds(), kinds).faults;
    if (faults.length > 0) {
      const text = `${faults.join('\n')} (code was changed without a reload)`;
      return this.#supervisor.cannotStart(worker, new TroupeError('INVALID_OPTIONS', text));
    }
    this.#placement.hosts.loaded(participant.index, kinds);
    this.#supervisor.hasLoaded(worker, kinds);
    if (!worker.isTrial) this.#welcome(participant);
  }

  #welcome(participant: Participant): void {
    if (this.#down) return;
    const welcome: ToProcess = {
      type: 'welcome',
      table: this.#placement.table.toData(),
      holds: this.#handoffs.standing(),
      peers: this.#membership.peers(),
      servesUntil: this.#membership.servesUntil,
    };
    this.#membership.add(participant);
    participant.channel.send(welcome);
    participant.channel.send({ type: 'workers', workers: this.#supervisor.infos() });
    this.#events.announce(participant);
  }

  #linked(participant: Participant): void {
    if (!this.#membership.isPresent(participant)) return;
    participant.isLinked = true;
    if (participant === this.#self) return;
    const { index, role } = participant;
    if (this.#supervisor.get(index)?.isTrial) {
      this.#placement.tryOut(index, role);
      return participant.channel.send({ type: 'go' });
    }
    if (this.#isPlaced) {
      this.#join(participant);
      return participant.channel.send({ type: 'go' });
    }
    const first = this.#supervisor.all();
    if (!first.every((worker) => worker.participant?.isLinked || worker.life.state === 'given-up')) return;
    this.#isPlaced = true;
    const linked = first
      .map((worker) => worker.participant)
      .filter((one): one is Participant => one !== undefined && this.#membership.isPresent(one));
    this.#placement.begin(linked.map(({ index, role }) => [index, role]));
    for (const one of linked) one.channel.send({ type: 'go' });
  }

  /** A worker that came later: it hosts what nobody does, and gets its share of the rest by hand-off. */
  #join(participant: Participant): void {
    const { index, role } = participant;
    const moves = this.#placement.join(index, role);
    this.#handoffs.nextInLine();
    this.#rebalancing.come(index, moves);
  }

  #ready(worker: SupervisedWorker, participant: Participant): void {
    const { index, pid, role } = participant;
    const { incarnation } = worker.life;
    this.#supervisor.becameReady(worker);
    this.#events.emit('worker-online', { worker: index, pid, role, incarnation });
  }

  #exited(worker: SupervisedWorker, participant: Participant, exit: WorkerExit): void {
    const { index, incarnation, pid, role } = participant;
    if (this.#membership.remove(participant)) {
      this.#placement.declareDead(
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
    const { incarnation: count } = worker.life;
    if (isNews) this.#events.emit('worker-exited', { worker: index, pid, role, incarnation: count, ...exit });
    // The first table waits for all first workers; one that is gone is not waited for.
    if (!this.#isPlaced && worker.isLeaving) this.#supervisor.forget(worker);
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

  async #shutDown(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const until = clock.now() + timeoutMs;
    this.#options.ending?.();
    this.#news.close();
    this.#supervisor.restartNoMore();
    if (timeoutMs > 0) await this.#finishRequests(timeoutMs);
    if (timeoutMs > 0) await this.#options.leave?.(timeoutMs);
    if (timeoutMs > 0) await new GracefulShutdown(clock, this.#membership, this.#queries, until).run();
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

  /** Before calls are refused: requests that workers serve are made of calls. */
  async #finishRequests(timeoutMs: number): Promise<void> {
    const ended = this.#supervisor.all().map(({ process }) => process?.finishRequests?.());
    if (ended.every((one) => one === undefined)) return;
    let timer: Timer | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = this.#options.clock.setTimer(Math.min(REQUESTS_MS_MAX, timeoutMs / 2), resolve);
    });
    await Promise.race([limit, Promise.all(ended)]);
    timer?.cancel();
  }
}

function selfOf({ peer: { channel, path }, incarnationsFrom = 0 }: MasterOptions): Participant {
  return {
    index: 0,
    incarnation: incarnationsFrom + 1,
    role: 'master',
    pid: process.pid,
    channel,
    path,
    isLinked: false,
  };
}
