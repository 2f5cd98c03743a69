/**
 * One process of a cluster: the kernel, the router in front of it, links to all other processes and a channel to the
 * master. Workers and the master's own data plane (which hosts nothing) are both one of these.
 */
import { barrierTo } from '../actor/barrier.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { LetThrough } from '../actor/pauses.ts';
import { ProcessDurability } from '../durability/process-durability.ts';
import type { PastPlace } from '../observe/past-place.ts';
import type { BlockedLoop } from '../observe/checkup.ts';
import { LoopWatch } from '../observe/loop-watch.ts';
import { PlacementHistory } from '../placement/placement-history.ts';
import type { PlacementView } from '../observe/placement-view.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import { shardOf } from '../placement/shard.ts';
import type { Store } from '../store/store.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type ErrorData, errorFromData, TroupeError } from '../vocabulary/errors.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { KindTerms, MasterRequest, MetricsAnswer, ToMaster, ToProcess, WorkerInfo } from '../wire/control.ts';
import type { IdleAnswer, Look } from '../wire/process-query.ts';
import { MACHINE_INDEX_MIN } from '../vocabulary/host-index.ts';
import { claimOf, claimOfChild } from './claims.ts';
import type { ClusterProcessOptions } from './cluster-process-options.ts';
import { ClusterTopics } from '../routing/cluster-topics.ts';
import { ControlHandler } from './control-handler.ts';
import { FirstLinks } from './first-links.ts';
import { KnownCluster } from '../routing/known-cluster.ts';
import { ControlInbox } from './control-inbox.ts';
import { EventRelay } from './event-relay.ts';
import { HandoffParticipant } from '../handoff/handoff-participant.ts';
import { beatHeart } from './heartbeat.ts';
import { GATEWAYS_MS, within } from '../vocabulary/shutdown-times.ts';
import { partsOfTable, termsOfAll } from './kind-terms.ts';
import { LinkFlushes } from '../peer/link-flushes.ts';
import { PeerEvents } from './peer-events.ts';
import { PeerLoss } from './peer-loss.ts';
import { MasterRequests } from './master-requests.ts';
import { type ProcessMetrics, type SystemMetrics, systemMetrics } from '../system/metrics.ts';
import { MACHINE_INCARNATION } from '../machine-routes/machine-link-network.ts';
import { linksByMachine } from '../machine-routes/counted-links.ts';
import { OtherMachines, type OtherMachinesParts } from '../machine-routing/other-machines.ts';
import { newKernel } from './new-kernel.ts';
import { Peers } from '../peer/peers.ts';
import { type AnsweringParts, answerTo, idlenessOf } from './process-answers.ts';
import { answerReadToEnd } from '../machine-routes/lost-routes.ts';
import { answerMove } from '../system/machine-moves.ts';
import { answerMachine, type MachineCalling } from '../system/machine-looks.ts';
import { type ClusterPort, ProcessSystem } from '../system/process-system.ts';
import { RemoteReply, type ReplyRoute } from './remote-reply.ts';
import { tracedRouter } from '../routing/traced-router.ts';
import type { LocateAnswer } from '../routing/located-places.ts';
import { Router } from '../routing/router.ts';
import { guardOutputs } from './served-mail.ts';
import { SpawnReports } from './spawn-reports.ts';
import type { ProcessIdentity } from '../system/process-identity.ts';
import type { SpawnOptions } from '../system/system.ts';

/** A request of this machine's master, and a call of others for it. */
const TAKE_UP_PAUSES = 'take-up-pauses';

/** Requests that are served while the system winds down. */
const GOES_ON: ReadonlySet<MasterRequest['kind']> = new Set([
  'shutdown',
  TAKE_UP_PAUSES,
  'metrics',
  'look',
  'blocked-loops',
  'cluster-checkup',
]);

function isElsewhere(host: number | undefined): boolean {
  return host !== undefined && host >= MACHINE_INDEX_MIN;
}

type JoinedParts = Pick<
  OtherMachinesParts,
  'router' | 'topics' | 'durability' | 'flushes' | 'loss' | 'cluster' | 'toRef'
> & { readonly handoffs: HandoffParticipant };

export class ClusterProcess implements ClusterPort, ReplyRoute {
  readonly system: ProcessSystem;
  readonly kernel: Kernel;
  readonly actors: LocalActors;
  readonly kinds: Record<string, KindTerms>;
  readonly #options: ClusterProcessOptions;
  readonly #cluster = new KnownCluster();
  readonly #router: Router;
  readonly #peers: Peers;
  /** Undefined: this machine is alone. */
  readonly #others: OtherMachines | undefined;
  readonly #flushes = new LinkFlushes();
  readonly #requests: MasterRequests;
  readonly #durability: ProcessDurability;
  readonly #loop: LoopWatch;
  #down: Promise<void> | undefined;
  /** Whether a message to the actor, a volatile one, is in its mailbox as soon as it is delivered here: it lives here, and nothing moves or waits. */
  readonly takesAtOnce = (id: ActorId): boolean => {
    const cell = this.#router.isCalm ? this.actors.cellOf(id) : undefined;
    return cell !== undefined && cell.durable === undefined;
  };
  #stopHeartbeat: (() => void) | undefined;

  /** In this order: kernel, links, router, topics, hand-offs. The links are told last of all whom they serve. */
  constructor(options: ClusterProcessOptions) {
    this.#options = options;
    const { self, control, network, system, token } = options;
    const cluster = this.#cluster;
    if (self.index === 0) cluster.places = new PlacementHistory();
    const send = (message: ToMaster): void => control.send(message);
    this.#requests = new MasterRequests(send);
    const behaviours = new Map(options.behaviours);
    this.kinds = Object.fromEntries(termsOfAll(behaviours));
    const { index: worker, incarnation } = self;
    const epoch = (): number => cluster.epoch;
    const parts = { ...options, behaviours, worker, incarnation, epoch, ...partsOfTable(() => cluster.table) };
    const { kernel, actors, topics: local } = newKernel(parts);
    this.kernel = kernel;
    this.#loop = new LoopWatch(kernel.clock);
    this.actors = actors;
    const peers = (this.#peers = new Peers({ kernel, network, self, system, token, epoch }));
    const locate = (id: ActorId, answer: LocateAnswer): void => this.#locate(id, answer);
    const { machines } = options;
    const others = (this.#others =
      machines &&
      new OtherMachines({
        ...{ self, actors, cluster, peers, network: machines, tellMaster: send },
        request: (what) => this.request(what),
        answer: async (name, args) =>
          name === TAKE_UP_PAUSES
            ? this.request({ kind: TAKE_UP_PAUSES })
            : (answerMove((what) => this.request(what), name, args) ??
              answerReadToEnd((what) => this.request(what), name, args) ??
              answerMachine(this.system, name, args)),
      }));
    const reached = others?.peers.forMail() ?? peers;
    const router = (this.#router = new Router({ kernel, actors, cluster, peers: reached, index: self.index, locate }));
    kernel.router = tracedRouter(router, kernel.trace, (id) => router.knownHostOf(id));
    const barrier = (id: ActorId): Promise<unknown> => barrierTo(kernel, id);
    const topics = new ClusterTopics(local, { memory: kernel.memory, peers, router, cluster, barrier });
    kernel.topics = topics;
    guardOutputs(kernel, (id) => !isElsewhere(router.knownHostOf(id)));
    local.router = {
      deliver: (envelope) => router.published(envelope),
      signal: (to, signal) => actors.signal(to, signal),
    };
    const toRef = (id: ActorId): unknown => this.system.ref(id);
    const handoffs = new HandoffParticipant({
      ...{ self, actors, router, topics, peers, toRef, tellMaster: send, reached: others?.peers.reached() ?? peers },
      replyTo: (process, correlation) => new RemoteReply(this, process, correlation),
    });
    const durability = (this.#durability = this.#newDurability(toRef));
    this.#joinKernel(send);
    this.system = new ProcessSystem(system, kernel, actors, this, durability);
    const flushes = this.#flushes;
    const firstLinks = new FirstLinks(() => send({ type: 'linked' }));
    const loss = new PeerLoss({ actors, router, topics, handoffs, flushes, durability, others });
    peers.listener = new PeerEvents({
      ...{ actors, router, topics, handoffs, flushes, loss, firstLinks, others, toRef },
      replies: this,
    });
    this.#joinMachines({ ...{ router, topics, durability, flushes, loss, cluster, toRef }, handoffs });
    const letThrough: LetThrough = async (pattern, wanted) =>
      (await this.request({ kind: 'let-through', pattern, wanted })) as number;
    const handler = new ControlHandler({
      letThrough,
      ...{ options, cluster, behaviours, system: this.system, requests: this.#requests, handoffs, loss, firstLinks },
      ...this.#answering(),
    });
    control.onMessage(new ControlInbox<ToProcess>(handler.handle).push);
  }

  #joinMachines({ handoffs, ...parts }: JoinedParts): void {
    this.#others?.join({
      ...parts,
      flushed: (peer, move) => handoffs.flushed(peer, move),
      replyWithin: (process, correlation) => new RemoteReply(this, process, correlation),
      locate: async (id) => (await this.request({ kind: 'locate', id })) as number,
      pin: (id, worker) => this.request(claimOfChild(id, this.table.termsOf(id), worker, true)),
      machineGone: (index) => handoffs.peerDied(index, MACHINE_INCARNATION),
      replyTo: (replies, process, correlation) => new RemoteReply(replies, process, correlation),
    });
  }

  #newDurability(toRef: (id: ActorId) => unknown): ProcessDurability {
    const { store, journal, startedAt, durableInMemoryMax } = this.#options;
    return new ProcessDurability({
      ...{ kernel: this.kernel, store, journal, startedAt, inMemoryMax: durableInMemoryMax, toRef },
      isOurs: (id) => this.#router.isWakerOf(id),
      isDurable: (id) => this.table.termsOf(id)?.isDurable === true,
      partitionEpochOf: (id) => this.table.partitionEpochOf(id),
    });
  }

  /** The ports of the kernel to the cluster: requests of actors, and reports on them. */
  #joinKernel(send: (message: ToMaster) => void): void {
    const { kernel, actors } = this;
    const router = this.#router;
    kernel.durability = this.#durability;
    kernel.claims = {
      claim: async (id, kind, fresh) => {
        await this.request(claimOfChild(id, this.table.kind(kind), this.self.worker, fresh));
      },
      isHostOf: (id) => router.isHostOf(id),
      // Without other machines there is nothing to choose.
      ...(this.#others && { fits: (id, parent) => this.#fits(id, parent) }),
    };
    kernel.pending.onGivenUp = ({ target, correlation }) =>
      router.signal(target, { type: 'ask-given-up', process: kernel.address, correlation });
    actors.observer = new SpawnReports(kernel.clock, send, () => this.table);
    actors.durableSideOf = (cell) => this.#durability.open(cell);
    new EventRelay(kernel, this.#options.control);
  }

  get self(): ProcessIdentity {
    const { index: worker, role } = this.#options.self;
    const { machines } = this.table;
    return { worker, role, pid: process.pid, ...(machines && { machine: machines.self }) };
  }

  /** Listens for links. Resolves to the path of the socket. */
  async listen(): Promise<string> {
    const path = await this.#peers.listen();
    const { clock, heartbeatMs, control, memoryUsage } = this.#options;
    this.#stopHeartbeat = beatHeart(clock, heartbeatMs, this.actors, (message) => control.send(message), memoryUsage);
    return path;
  }

  /** The way in for other machines. Resolves to `host:port`. */
  listenForMachines(): Promise<string> {
    if (!this.#others) throw new Error('this machine is alone');
    return this.#others.listen();
  }

  /** A reload has brought the first durable kind. */
  openStore(store: Store): void {
    this.#durability.openStore(store);
  }

  /** The placement table as far as this process has taken it up. */
  get table(): PlacementTable {
    return this.#cluster.table;
  }

  machines(): MachineInfo[] {
    const links = this.#others && linksByMachine(this.#others.others(), this.#others.links());
    return (this.table.machines?.members ?? []).map((machine) => ({ ...machine, links: links?.get(machine.id) ?? 0 }));
  }

  workers(): WorkerInfo[] {
    return this.#cluster.workers.map((worker) => ({ ...worker }));
  }

  request(what: MasterRequest): Promise<unknown> {
    if (this.kernel.closing && !GOES_ON.has(what.kind)) {
      return Promise.reject(new TroupeError('SHUTTING_DOWN', `the system is shutting down; ${what.kind} rejected`));
    }
    return new Promise((resolve, reject) => this.#requests.send(what, { resolve, reject }));
  }

  claim(id: ActorId, options: SpawnOptions): Promise<void> | undefined {
    const claim = claimOf(id, this.table.termsOf(id), options);
    return claim && this.request(claim).then(() => undefined);
  }

  async metrics(): Promise<SystemMetrics> {
    const { processes, handoffs, pauses } = (await this.request({ kind: 'metrics' })) as MetricsAnswer;
    return systemMetrics(processes as ProcessMetrics[], pauses, handoffs);
  }

  /** Resolves once that machine has taken up the pauses of the system. */
  takenUpBy(machine: string, withinMs: number): Promise<unknown> {
    const other = this.#others?.others().find((one) => one.machine === machine);
    if (other && this.#others) return this.#others.call(other, TAKE_UP_PAUSES, [], withinMs);
    return Promise.reject(new TroupeError('ACTOR_UNAVAILABLE', `the machine ${machine} is not linked to yet`));
  }

  get beyond(): MachineCalling | undefined {
    return this.#others;
  }

  hostOf(id: ActorId): number | undefined {
    return this.#router.knownHostOf(id);
  }

  async look(what: Look, worker: number | undefined): Promise<unknown[]> {
    if (worker === this.self.worker) return [await answerTo(what, this.#answering())];
    const request: MasterRequest = worker === undefined ? { kind: 'look', what } : { kind: 'look', what, worker };
    return (await this.request(request)) as unknown[];
  }

  pastPlaces(id: ActorId): PastPlace[] {
    const column = this.table.termsOf(id)?.column ?? '';
    return this.#cluster.places?.of(id, column) ?? [];
  }

  async placement(): Promise<PlacementView> {
    return (await this.request({ kind: 'placement' })) as PlacementView;
  }

  async blockedLoops(): Promise<BlockedLoop[]> {
    return (await this.request({ kind: 'blocked-loops' })) as BlockedLoop[];
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

  /** Resolves when nothing that was sent from here is in flight any more; from that moment on calls are refused. */
  async untilQuiet(withinMs: number): Promise<void> {
    const { clock } = this.kernel;
    const until = clock.now() + withinMs;
    void this.kernel.gateways.close();
    while ((!this.idleness().idle || this.#others?.isVisited) && clock.now() < until) {
      await new Promise<void>((resolve) => clock.setTimer(1, resolve));
    }
    this.kernel.closing = true;
    // Held mail becomes dead letters while somebody can be told of them.
    this.#router.holds.refuseAll('SHUTTING_DOWN', 'the worker of the sender ended before the mail had a host');
  }

  /** Ends what belongs to the process: links, socket file, timers. */
  async close(): Promise<void> {
    this.#stopHeartbeat?.();
    this.kernel.closing = true;
    const gateways = this.kernel.gateways.close();
    const text = 'the system has shut down; mail and asks are rejected';
    this.#router.holds.refuseAll('SHUTTING_DOWN', text);
    this.kernel.pending.rejectAll('SHUTTING_DOWN', text);
    this.kernel.pending.close();
    this.actors.close();
    this.#loop.close();
    this.kernel.timing?.close();
    await within(this.kernel.clock, GATEWAYS_MS, gateways);
    await this.#durability.close();
    await this.#others?.close();
    await this.#peers.close();
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
      loop: this.#loop,
      others: this.#others,
    };
  }

  /** A child is to move with its parent between machines; any other one is to be placed here. */
  #fits(id: ActorId, parent: ActorId | undefined): boolean {
    return parent === undefined ? !isElsewhere(this.#router.knownHostOf(id)) : shardOf(id) === shardOf(parent);
  }

  /** Also while the system winds down: actors speak with each other to the end. */
  #locate(id: ActorId, { found, failed }: LocateAnswer): void {
    const resolve = (worker: unknown): void => found(worker as number);
    this.#requests.send({ kind: 'locate', id }, { resolve, reject: failed });
  }
}
