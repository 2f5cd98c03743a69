/**
 * One process of a cluster: the kernel, the router in front of it, links to all other processes and a channel to the
 * master. Workers and the master's own data plane (which hosts nothing) are both one of these.
 */
import { barrierTo } from '../actor/barrier.ts';
import { type Behaviour, MAILBOX_CAPACITY } from '../actor/behaviour.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { ProcessDurability } from '../durability/process-durability.ts';
import { PlacementTable } from '../placement/placement-table.ts';
import type { Store } from '../store/store.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type ErrorData, errorFromData, TroupeError } from '../vocabulary/errors.ts';
import type { EventName } from '../vocabulary/events.ts';
import type {
  IdleAnswer,
  KindTerms,
  MasterRequest,
  ProcessQuery,
  TableData,
  ToProcess,
  WorkerInfo,
} from '../wire/control.ts';
import { claimOf, claimOfChild } from './claims.ts';
import type { ClusterProcessOptions } from './cluster-process-options.ts';
import { ClusterTopics } from '../routing/cluster-topics.ts';
import { ControlInbox } from './control-inbox.ts';
import { eventFromWire } from './event-payload.ts';
import { EventRelay } from './event-relay.ts';
import { HandoffParticipant } from '../handoff/handoff-participant.ts';
import { beatHeart } from './heartbeat.ts';
import { isUnroutable, NO_WORKER_LEFT } from '../routing/unroutable.ts';
import { kindsOf, termsOfAll } from './kind-terms.ts';
import { LinkFlushes } from '../peer/link-flushes.ts';
import { type PeerEventParts, peerEvents } from './peer-events.ts';
import { PeerLoss } from './peer-loss.ts';
import { runMain } from './main-run.ts';
import { MasterRequests } from './master-requests.ts';
import { type ProcessMetrics, type SystemMetrics, systemMetrics } from '../system/metrics.ts';
import { newKernel } from './new-kernel.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { Peers } from '../peer/peers.ts';
import { type AnsweringParts, answerTo, idlenessOf } from './process-answers.ts';
import { type ClusterPort, ProcessSystem } from '../system/process-system.ts';
import { takeUpKinds } from './removed-kinds.ts';
import { RemoteReply, type ReplyRoute } from './remote-reply.ts';
import { tracedRouter } from '../routing/traced-router.ts';
import { type LocateAnswer, Router } from '../routing/router.ts';
import { SpawnReports } from './spawn-reports.ts';
import type { ProcessIdentity, SpawnOptions } from '../system/system.ts';
import { type TableMessage, takeUpTable } from './table-changes.ts';

const NO_TABLE: TableData = { epoch: 0, columns: {}, pins: [] };

export class ClusterProcess implements ClusterPort, ReplyRoute {
  readonly self: ProcessIdentity;
  readonly system: ProcessSystem;
  readonly kernel: Kernel;
  readonly actors: LocalActors;
  readonly kinds: Record<string, KindTerms>;
  readonly #options: ClusterProcessOptions;
  readonly #router: Router;
  readonly #peers: Peers;
  readonly #topics: ClusterTopics;
  readonly #handoffs: HandoffParticipant;
  readonly #flushes = new LinkFlushes();
  /** A ref that came from another process, as one of this one. */
  readonly #toRef = (id: ActorId): unknown => this.system.ref(id);
  readonly #requests: MasterRequests;
  readonly #durability: ProcessDurability;
  readonly #loss: PeerLoss;
  readonly #behaviours: Map<string, Behaviour>;
  #table = PlacementTable.from(NO_TABLE);
  #workers: WorkerInfo[] = [];
  /** Peers of the welcome whose topics have not come yet; undefined before the welcome. */
  #unlinked: Set<OutboundQueue> | undefined;
  #down: Promise<void> | undefined;
  #stopHeartbeat: (() => void) | undefined;

  constructor(options: ClusterProcessOptions) {
    this.#options = options;
    const { self, control, network, system, token } = options;
    this.#requests = new MasterRequests((message) => control.send(message));
    this.self = { worker: self.index, role: self.role, pid: process.pid };
    let topics: ClusterTopics | undefined;
    const behaviours = (this.#behaviours = new Map(options.behaviours));
    this.kinds = Object.fromEntries(termsOfAll(behaviours));
    const { index: worker, incarnation } = self;
    const parts = { ...options, behaviours, worker, incarnation, epoch: () => this.#table.epoch };
    const {
      kernel,
      actors,
      topics: local,
    } = newKernel({ ...parts, ...kindsOf(() => this.#table) }, (localTopics, memory) => {
      topics = new ClusterTopics(localTopics, {
        ...{ memory, peers: () => this.#peers.all() },
        router: { deliver: (envelope) => this.#router.deliver(envelope) },
        epoch: () => this.#table.epoch,
        barrier: (id) => barrierTo(this.kernel, id),
        capacityOf: (id) => this.#table.termsOf(id)?.capacity ?? MAILBOX_CAPACITY,
      });
      return topics;
    });
    this.kernel = kernel;
    this.actors = actors;
    this.#topics = topics as unknown as ClusterTopics;
    const clusterProcess = this;
    this.#router = new Router(kernel, actors, {
      index: self.index,
      get table() {
        return clusterProcess.#table;
      },
      peer: (index) => this.#peers.byIndex(index),
      peerByAddress: (address) => this.#peers.byAddress(address),
      locate: (id, answer) => this.#locate(id, answer),
      isUnroutable: (role) => isUnroutable(this.#workers, role),
    });
    kernel.router = tracedRouter(this.#router, kernel.trace, (id) => this.#router.knownHostOf(id));
    local.router = {
      deliver: (envelope) => this.#router.published(envelope),
      signal: (to, signal) => actors.signal(to, signal),
    };
    kernel.claims = {
      claim: async (id, kind, fresh) => {
        await this.request(claimOfChild(id, this.#table.kind(kind), self.index, fresh));
      },
      isHostOf: (id) => this.#router.isHostOf(id),
    };
    kernel.pending.onGivenUp = (reply) => {
      this.#router.signal(reply.target, {
        type: 'ask-given-up',
        process: kernel.address,
        correlation: reply.correlation,
      });
    };
    this.#peers = new Peers({
      kernel,
      network,
      self,
      system,
      token,
      epoch: () => this.#table.epoch,
      ingress: (peer) => peerEvents(this.#ingressParts(), peer),
      linked: (peer, isAgain) => {
        this.#topics.announce(peer);
        // After a broken link between two that live: its mail was held meanwhile.
        this.#router.releaseUnhosted();
        if (isAgain) this.#loss.linkedAgain(peer);
      },
      ended: (peer) => this.#peerEnded(peer),
    });
    this.#handoffs = new HandoffParticipant({
      self,
      actors,
      router: this.#router,
      topics: this.#topics,
      toRef: this.#toRef,
      replyTo: (process, correlation) => new RemoteReply(this, process, correlation),
      peers: () => this.#peers.all(),
      peer: (index) => this.#peers.byIndex(index),
      tellMaster: (message) => control.send(message),
      isRemoved: (kind) => this.#table.wasRemoved(kind),
    });
    actors.observer = new SpawnReports(
      kernel.clock,
      (message) => control.send(message),
      () => this.#table,
    );
    new EventRelay(kernel, control);
    this.#durability = new ProcessDurability({
      kernel,
      ...{ store: options.store, journal: options.journal },
      startedAt: options.startedAt,
      inMemoryMax: options.durableInMemoryMax,
      toRef: this.#toRef,
      isOurs: (id) => this.#router.isWakerOf(id),
      isDurable: (id) => this.#table.termsOf(id)?.isDurable === true,
    });
    kernel.durability = this.#durability;
    this.#loss = new PeerLoss({
      ...{ actors, router: this.#router, topics: this.#topics, durability: this.#durability },
      ...{ handoffs: this.#handoffs, flushes: this.#flushes },
    });
    actors.durableSideOf = (cell) => this.#durability.open(cell);
    this.system = new ProcessSystem(system, kernel, actors, this, this.#durability);
    const inbox = new ControlInbox<ToProcess>((message) => this.#control(message));
    control.onMessage(inbox.push);
  }

  /** Listens for links. Resolves to the path of the socket. */
  async listen(): Promise<string> {
    const path = await this.#peers.listen();
    const { clock, heartbeatMs, control, memoryUsage } = this.#options;
    this.#stopHeartbeat = beatHeart(clock, heartbeatMs, this.actors, (message) => control.send(message), memoryUsage);
    return path;
  }

  /** A reload has brought the first durable kind. */
  openStore(store: Store): void {
    this.#durability.openStore(store);
  }

  /** The placement table as far as this process has taken it up. */
  get table(): PlacementTable {
    return this.#table;
  }

  workers(): WorkerInfo[] {
    return this.#workers.map((worker) => ({ ...worker }));
  }

  request(what: MasterRequest): Promise<unknown> {
    if (this.kernel.closing && what.kind !== 'shutdown' && what.kind !== 'metrics') {
      return Promise.reject(new TroupeError('SHUTTING_DOWN', `the system is shutting down; ${what.kind} rejected`));
    }
    return new Promise((resolve, reject) => this.#requests.send(what, { resolve, reject }));
  }

  claim(id: ActorId, options: SpawnOptions): Promise<void> | undefined {
    const claim = claimOf(id, this.#table.termsOf(id), options);
    return claim && this.request(claim).then(() => undefined);
  }

  async metrics(): Promise<SystemMetrics> {
    return systemMetrics((await this.request({ kind: 'metrics' })) as ProcessMetrics[]);
  }

  shutdown({ timeoutMs }: { timeoutMs?: number }): Promise<void> {
    this.#down ??= this.request(timeoutMs === undefined ? { kind: 'shutdown' } : { kind: 'shutdown', timeoutMs }).then(
      () => this.#options.ended?.(),
    );
    return this.#down;
  }

  sendReply(process: ActorId, correlation: number, value: unknown): void {
    if (process === this.kernel.address) this.kernel.pending.byCorrelation(correlation)?.resolve(value);
    else this.#peers.byAddress(process)?.reply(correlation, value);
  }

  sendFailure(process: ActorId, correlation: number, error: ErrorData): void {
    if (process === this.kernel.address) this.kernel.pending.byCorrelation(correlation)?.reject(errorFromData(error));
    else this.#peers.byAddress(process)?.fail(correlation, error);
  }

  /** Resolves when nothing that was sent from here is under way any more; from that moment on calls are refused. */
  async untilQuiet(withinMs: number): Promise<void> {
    const { clock } = this.kernel;
    const until = clock.now() + withinMs;
    while (!this.idleness().idle && clock.now() < until) {
      await new Promise<void>((resolve) => clock.setTimer(1, resolve));
    }
    this.kernel.closing = true;
    // What still waits becomes dead letters while somebody can be told of them.
    this.#router.holds.refuseAll('SHUTTING_DOWN', 'the worker of the sender ended before the mail had a host');
  }

  /** Ends what belongs to the process: links, socket file, timers. */
  async close(): Promise<void> {
    this.#stopHeartbeat?.();
    this.kernel.closing = true;
    const text = 'the system has shut down; mail and asks are rejected';
    this.#router.holds.refuseAll('SHUTTING_DOWN', text);
    this.kernel.pending.rejectAll('SHUTTING_DOWN', text);
    this.kernel.pending.close();
    this.actors.close();
    await this.#durability.close();
    await this.#peers.close();
  }

  #control(message: ToProcess): Promise<void> | undefined {
    switch (message.type) {
      case 'welcome':
        this.#welcome(message);
        break;
      case 'peer':
        this.#peers.expect(message.peer);
        break;
      case 'table':
        return this.#takeUp(message);
      case 'hold':
        this.#handoffs.hold(message.move);
        break;
      case 'abort':
        this.#handoffs.end(message.move, false);
        this.#handoffs.release(message.move);
        break;
      case 'prepare':
        this.#handoffs.prepare(message.move, message.quiesceMs, message.isLast);
        break;
      case 'go':
        void runMain(this.#options.main, this.system).then((outcome) => this.#options.control.send(outcome));
        break;
      case 'workers':
        this.#workers = message.workers;
        this.#router.refuseUnhosted('NO_WORKER', NO_WORKER_LEFT, ({ role }) => isUnroutable(this.#workers, role));
        break;
      case 'wanted-events':
        this.kernel.events.wantElsewhere(message.names);
        break;
      case 'event':
        this.kernel.events.relay(message.name as EventName, eventFromWire(message.payload, this.#toRef) as never);
        break;
      case 'reply':
        this.#requests.replied(message.request, message.value, message.error);
        break;
      case 'query':
        void this.#answer(message.query, message.what);
        break;
      case 'exit':
        this.#options.exit();
        break;
    }
    return undefined;
  }

  #welcome({ table, holds, peers }: Extract<ToProcess, { type: 'welcome' }>): void {
    this.#table = PlacementTable.from(table);
    // Of those before it, it may be the successor.
    this.#durability?.diedBefore(table.epoch);
    this.#unlinked = new Set();
    for (const peer of peers) this.#unlinked.add(this.#peers.connect(peer));
    for (const move of holds) this.#handoffs.hold(move);
    this.#tellIfLinked();
  }

  /** A process of the welcome counts as linked once its topics are known here. */
  #topicsCame(peer: OutboundQueue): void {
    if (this.#unlinked?.delete(peer)) this.#tellIfLinked();
  }

  #tellIfLinked(): void {
    if (this.#unlinked?.size !== 0) return;
    this.#unlinked = undefined;
    this.#options.control.send({ type: 'linked' });
  }

  #takeUp(message: TableMessage): Promise<void> | undefined {
    return takeUpTable(message, {
      ...{ actors: this.actors, router: this.#router, peers: this.#peers, handoffs: this.#handoffs },
      ...{ worker: this.self.worker, table: this.#table, toRef: this.#toRef, loss: this.#loss },
      kindsChanged: (kinds) => takeUpKinds(kinds, this.#behaviours, this.#router, this.actors),
      takenOver: () => this.#durability.takeOver(),
    });
  }

  #peerEnded(peer: OutboundQueue): void {
    this.#loss.linkEnded(peer);
    this.#topicsCame(peer);
  }

  #ingressParts(): PeerEventParts {
    return {
      actors: this.actors,
      router: this.#router,
      topics: this.#topics,
      handoffs: this.#handoffs,
      flushes: this.#flushes,
      replies: this,
      epoch: () => this.#table.epoch,
      toRef: this.#toRef,
      introduced: (peer) => this.#topicsCame(peer),
    };
  }

  async #answer(query: number, what: ProcessQuery): Promise<void> {
    const value = await answerTo(what, this.#answering());
    this.#options.control.send({ type: 'answer', query, value });
  }

  idleness(): IdleAnswer {
    return idlenessOf(this.#answering());
  }

  #answering(): AnsweringParts {
    return {
      actors: this.actors,
      router: this.#router,
      peers: this.#peers,
      durability: this.#durability,
      flushes: this.#flushes,
      role: this.self.role,
    };
  }

  /** Also while the system winds down: actors speak with each other to the end. */
  #locate(id: ActorId, { found, failed }: LocateAnswer): void {
    const resolve = (worker: unknown): void => found(worker as number);
    this.#requests.send({ kind: 'locate', id }, { resolve, reject: failed });
  }
}
