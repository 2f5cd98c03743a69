/**
 * A whole system in one process on a seeded scheduler and a virtual clock: the real master, workers, router, hand-off and
 * kernel over simulated links, forks and time. The same seed gives the same run, message by message.
 */
import { behaviourOf } from '../actor/behaviour.ts';
import type { ActorDefinition } from '../actor/definition.ts';
import { Master } from '../master/master.ts';
import type { MasterOptions } from '../master/master-options.ts';
import { type ProcessRecord, PidTrackingHost } from '../worker-pool/pid-tracking-host.ts';
import { type Log, openLog } from '../observe/log.ts';
import type { TraceEvent } from '../observe/trace.ts';
import { supervisionPolicy } from '../supervision/supervision-options.ts';
import { processAddress } from '../vocabulary/address.ts';
import type { ToMaster, ToProcess } from '../wire/control.ts';
import { FRAME_EXTRA_BYTES } from '../wire/link.ts';
import { localChannel } from '../wire/local-channel.ts';
import { MemoryNetwork } from '../doubles/memory-network.ts';
import { ClusterProcess } from '../process/cluster-process.ts';
import { termsOfAll } from '../process/kind-terms.ts';
import type { System } from '../system/system.ts';
import { type Probe, Probes, withProbes } from '../doubles/probe.ts';
import { seededRandom } from '../doubles/seeded-random.ts';
import { type Observer, Observers, type SimulationEvent } from './observation.ts';
import { observedChannel } from './observed-channel.ts';
import { ObservedNetwork } from './observed-network.ts';
import { ProcessClock } from './process-clock.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedHost } from './simulated-host.ts';
import type { MachineGround, ProcessSeed } from './simulated-machine.ts';
import { SimulatedOwner } from './simulated-owner.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { SimulatedTime } from './simulated-time.ts';

export interface SimulationOptions {
  seed: number;
  workers: number | { role: string; count: number }[];
  actors: Record<string, ActorDefinition>;
  /** The function that every worker runs once it is ready. */
  main?: (system: System) => unknown;
  /** Milliseconds that a frame is in flight, at most. Default 1. */
  linkMs?: number | ((from: string, to: string) => number);
  /** Frames in flight on a link before its writer has to wait. Default 64. */
  linkFramesMax?: number;
  hangMs?: number;
  askTimeoutMs?: number;
  /** Looks on from the beginning; of several machines nobody else sees frames. */
  observe?: Observer;
  /** Called for each process, the master's own data plane first, before anything happens in it. */
  began?: (process: ClusterProcess) => void;
  /** Called once, before any process. */
  built?: (simulation: Simulation) => void;
  /** The disk that all processes share; given to the next simulation, it stands for a restart of everything. */
  disk?: SimulatedDisk;
  /** Simulated milliseconds at which it begins; later than any simulation before it on the disk. Default 1 000. */
  beginsAt?: number;
  durableInMemoryMax?: number;
  /** The machine is one of a cluster: nothing is served before `master.serve`. */
  isLeased?: boolean;
  log?: string;
  /** One of several machines, which share time and chance. */
  machine?: MachineGround;
  /** Told of what happens inside of each process; `process`: its address. */
  trace?: (at: number, process: string, event: TraceEvent) => void;
}

/** All processes share the memory of one: what each would use cannot be told. */
const NO_MEMORY = { heapUsed: 0, rss: 0 };
const MESSAGE_BYTES_MAX = 1_000_000;

export class Simulation {
  readonly time: SimulatedTime;
  readonly random: () => number;
  readonly network: MemoryNetwork;
  readonly host: SimulatedHost;
  readonly master: Master;
  /** The system as the master sees it. */
  readonly system: System;
  /** The master's own data plane. */
  readonly peer: ClusterProcess;
  /** Of the master and its data plane. */
  readonly clock: ProcessClock;
  readonly observers: Observers = new Observers();
  /** Of the store, where there is a disk. */
  readonly owner: SimulatedOwner | undefined;
  readonly #options: SimulationOptions;
  readonly #log: Log;
  readonly #links: ObservedNetwork;
  readonly #probes = new Probes((isSo, ms) => this.time.runUntil(this.time.now + ms, isSo));
  /** The code that a process loads which is forked from now on. */
  #actors: Record<string, ActorDefinition>;
  #keys = 0;

  private constructor(options: SimulationOptions) {
    const { seed, beginsAt, observe, disk, built } = options;
    this.#options = options;
    this.#actors = options.actors;
    if (observe) this.observers.add(observe);
    this.random = options.machine?.random ?? seededRandom(seed);
    this.time = options.machine?.time ?? new SimulatedTime(this.random);
    if (beginsAt !== undefined) this.time.now = beginsAt;
    this.#log = openLog(options.log ?? 'silent', {});
    this.clock = new ProcessClock(this.time, options.machine?.clockAheadMs);
    this.network = this.#newNetwork();
    built?.(this);
    this.#links = new ObservedNetwork(this.network, this.time, this.observers, !options.machine || !!observe);
    disk?.journals.takeOver();
    this.owner = disk && new SimulatedOwner(this.time, this.network, this.#links, disk, this.random);
    this.host = this.#newHost();
    const [toMaster, toPeer] = localChannel<ToMaster, ToProcess>(this.clock);
    const boot = this.#bootOrder();
    this.peer = this.#process({
      boot: { type: 'boot', ...boot, self: { index: 0, incarnation: this.#incarnationsFrom + 1, role: 'master' } },
      clock: this.clock,
      control: observedChannel(toMaster, this.#masterAddress, 'master', this.time, this.observers),
      exit: () => void this.peer.close(),
    });
    this.master = this.#newMaster(
      boot,
      observedChannel(toPeer, 'master', this.#masterAddress, this.time, this.observers),
    );
    this.system = this.peer.system;
  }

  /** A system whose workers are ready. */
  static async start(options: SimulationOptions): Promise<Simulation> {
    const simulation = new Simulation(options);
    await simulation.begin();
    return simulation;
  }

  /** A system of which nothing runs yet. */
  static build(options: SimulationOptions): Simulation {
    return new Simulation(options);
  }

  /** Resolves once all workers are ready. */
  async begin(): Promise<void> {
    await this.owner?.listen();
    await this.peer.listen();
    await this.until(this.master.start());
  }

  /** Runs the machine until a promise settles. */
  until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    return this.time.untilSettled(promise, withinMs);
  }

  /** Lets the machine run for some milliseconds. */
  run(ms: number): Promise<void> {
    return this.time.runUntil(this.time.now + ms);
  }

  worker(index: number): SimulatedProcess | undefined {
    return this.host.running(index);
  }

  /** Other code lies there: each process that is forked from now on loads it. */
  deploy(actors: Record<string, ActorDefinition>): void {
    this.#actors = actors;
  }

  /** The present processes of the workers. */
  workers(): SimulatedProcess[] {
    return this.host.processes.filter((process) => process.isAlive);
  }

  /** SIGKILL: the memory of the worker is gone at once. */
  crash(index: number): void {
    this.worker(index)?.crash();
  }

  /** SIGSTOP: it does nothing until it is thawed; the master kills it once it has been silent for `hangMs`. */
  freeze(index: number): void {
    this.worker(index)?.freeze();
  }

  thaw(index: number): void {
    this.worker(index)?.thaw();
  }

  /** The master and its own data plane are frozen; the workers go on. */
  freezeMaster(): void {
    if (this.clock.isFrozen) return;
    this.clock.freeze();
    this.network.freeze(this.#masterAddress);
    this.#tell({ kind: 'process', step: 'frozen', at: this.time.now, process: this.#masterAddress });
  }

  thawMaster(): void {
    if (!this.clock.isFrozen) return;
    this.clock.thaw();
    this.network.thaw(this.#masterAddress);
    this.#tell({ kind: 'process', step: 'thawed', at: this.time.now, process: this.#masterAddress });
  }

  /** The link between two processes ends: both read what is in flight. They link again. 0 is the master. */
  cut(one: number, other: number): void {
    this.#betweenTwo(one, other, 'cut', (a, b) => this.network.cut(a, b));
  }

  /** The link breaks at once: what the first one was sent and has not read is lost. They link again. */
  reset(one: number, other: number): void {
    this.#betweenTwo(one, other, 'reset', (a, b) => this.network.reset(a, b));
  }

  /** Nothing arrives between the two until `unstall`. */
  stall(one: number, other: number): void {
    this.#betweenTwo(one, other, 'stalled', (a, b) => this.network.stall(a, b));
  }

  unstall(one: number, other: number): void {
    this.#betweenTwo(one, other, 'unstalled', (a, b) => this.network.unstall(a, b));
  }

  /** Nothing that the master says arrives at a worker until `unstallOrders`; its links and its own word go on. */
  stallOrders(index: number): void {
    const process = this.worker(index);
    if (!process) return;
    this.#tell({ kind: 'network', step: 'stalled', at: this.time.now, from: 'master', to: process.address });
    process.stallOrders();
  }

  unstallOrders(index: number): void {
    const process = this.worker(index);
    if (!process) return;
    this.#tell({ kind: 'network', step: 'unstalled', at: this.time.now, from: 'master', to: process.address });
    process.unstallOrders();
  }

  /** The machine was asleep: all that is due comes late, at once. */
  jump(ms: number): void {
    this.time.jump(ms);
    this.#tell({ kind: 'jump', at: this.time.now, ms });
  }

  /** SIGKILL to everything, the master first: nothing happens in it any more. */
  crashAll(): void {
    for (const process of this.workers()) process.crash();
    this.clock.kill();
    this.owner?.kill();
  }

  /** Calls `act` once, at the first event that fits: before a control message or frame that is received is handled. */
  when(fits: (event: SimulationEvent) => boolean, act: (event: SimulationEvent) => void): void {
    const forget = this.observers.add((event) => {
      if (!fits(event)) return;
      forget();
      act(event);
    });
  }

  /** An actor that the test plays, `probe/<name>`, wherever it is placed. */
  probe(name?: string): Probe {
    return this.#probes.probe(name);
  }

  /** The address of the present process of a worker, or of the master for 0. */
  addressOf(index: number): string | undefined {
    return index === 0 ? this.#masterAddress : this.worker(index)?.address;
  }

  #betweenTwo(
    one: number,
    other: number,
    step: 'cut' | 'reset' | 'stalled' | 'unstalled',
    act: (a: string, b: string) => void,
  ): void {
    const from = this.addressOf(one);
    const to = this.addressOf(other);
    if (from === undefined || to === undefined || from === to) return;
    this.#tell({ kind: 'network', step, at: this.time.now, from, to });
    act(from, to);
  }

  #newNetwork(): MemoryNetwork {
    const { linkMs = 1, linkFramesMax } = this.#options;
    const delayMs = typeof linkMs === 'number' ? () => linkMs : linkMs;
    return new MemoryNetwork({
      // Of the machine: links go on whichever process is frozen.
      clock: new ProcessClock(this.time),
      delayMs: (from, to) => this.random() * delayMs(from, to),
      frameBytesMax: MESSAGE_BYTES_MAX + FRAME_EXTRA_BYTES,
      ...(linkFramesMax !== undefined && { blockedFrames: linkFramesMax }),
    });
  }

  #newHost(): SimulatedHost {
    const { time, random, network, observers, clock } = this;
    return new SimulatedHost({
      ...{ time, random, network, observers, clock },
      start: (process) => this.#process(process),
      died: (address, { signal }) => this.#died(address, signal !== null),
    });
  }

  #bootOrder(): MasterOptions['boot'] {
    return {
      ...{ system: 'simulation', actors: '', socketDir: '', token: 'token', options: {} },
      startedAt: this.clock.wall(),
      heartbeatMs: this.#hangMs / 5,
      ...(this.#options.isLeased && { isLeased: true }),
    };
  }

  #newMaster(boot: MasterOptions['boot'], channel: MasterOptions['peer']['channel']): Master {
    const { workers, machine } = this.#options;
    return new Master({
      host: this.owner ? new PidTrackingHost(this.host, this.#recordOf(this.owner)) : this.host,
      clock: this.clock,
      random: this.random,
      log: this.#log,
      policy: supervisionPolicy({ intensity: 1_000, periodMs: 30_000 }),
      hangMs: this.#hangMs,
      shutdownMs: 10_000,
      groups: typeof workers === 'number' ? [{ role: 'worker', count: workers }] : workers,
      kinds: termsOfAll(this.#behaviours()),
      boot,
      incarnationsFrom: this.#incarnationsFrom,
      ...(machine && {
        elsewhere: machine.elsewhere,
        pausesOfAll: machine.pausesOfAll,
        stateArrived: machine.stateArrived,
        ...{ outdated: machine.outdated, placesTold: machine.placesTold, want: machine.want },
      }),
      peer: { channel, path: `memory:${this.#masterAddress}` },
    });
  }

  /** Of the master's own data plane. */
  get #masterAddress(): string {
    return processAddress(0, this.#incarnationsFrom + 1);
  }

  get #incarnationsFrom(): number {
    return this.#options.machine?.incarnationsFrom ?? 0;
  }

  get #hangMs(): number {
    return this.#options.hangMs ?? 500;
  }

  /** Of what a killed process wrote, a tail may still have been in its own buffers. */
  #died(address: string, isKilled: boolean): void {
    const lost = (unread: number): number => (isKilled ? Math.floor(this.random() * (unread + 1)) : 0);
    this.network.kill(address, (_to, unread) => lost(unread));
    this.#options.machine?.died(address, lost);
    this.#links.died(address);
  }

  #tell(event: SimulationEvent): void {
    this.observers.tell(event);
  }

  #process({ boot, clock, control, exit }: ProcessSeed): ClusterProcess {
    const { main, askTimeoutMs = 5_000, durableInMemoryMax, trace } = this.#options;
    const address = processAddress(boot.self.index, boot.self.incarnation);
    const process: ClusterProcess = new ClusterProcess({
      system: 'simulation',
      self: boot.self,
      clock,
      random: this.random,
      newKey: () => `key-${++this.#keys}`,
      memoryUsage: () => NO_MEMORY,
      log: this.#log,
      ...(trace && { trace: { note: (event) => trace(this.time.now, address, event) } }),
      limits: { askTimeoutMs, messageBytesMax: MESSAGE_BYTES_MAX, checkMessages: true },
      behaviours: this.#behaviours(),
      startedAt: boot.startedAt,
      heartbeatMs: boot.heartbeatMs,
      isLeased: boot.isLeased,
      token: boot.token,
      network: this.#links.host(address, clock, () => process.table.epoch),
      control,
      machines: this.#options.machine?.networkOf(boot.self),
      ...(main && { main }),
      store: this.owner?.storeOf(boot.self, clock),
      journal: this.#options.disk?.journals.open(address, () => clock.isDead),
      durableInMemoryMax,
      exit,
    });
    this.#options.began?.(process);
    return process;
  }

  #recordOf(owner: SimulatedOwner): ProcessRecord {
    const died = (worker: { index: number; incarnation: number }): void => {
      owner.died(worker);
      this.#options.disk?.journals.died(processAddress(worker.index, worker.incarnation));
    };
    return { addWorker: () => {}, removeWorker: () => {}, died };
  }

  /** A set of its own for each process, as each loads the modules anew. */
  #behaviours(): Map<string, ReturnType<typeof behaviourOf>> {
    return withProbes(
      new Map(Object.entries(this.#actors).map(([kind, definition]) => [kind, behaviourOf(kind, definition)])),
      this.#probes,
    );
  }
}
