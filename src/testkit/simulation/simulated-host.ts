/**
 * Processes that are objects: the real ClusterProcess on a clock of its own, links in memory, and a control channel that
 * delays. Killed, it does nothing any more; what it wrote last may be lost.
 */
import type { WorkerExit, WorkerHost, WorkerProcess } from '../../master/worker-host.ts';
import { processAddress } from '../../vocabulary/address.ts';
import type { BootOrder, ControlChannel, ToMaster, ToProcess } from '../../wire/control.ts';
import type { MemoryNetwork } from '../../wire/memory-link.ts';
import type { ClusterProcess } from '../../worker/cluster-process.ts';
import { ProcessClock, type SimulatedTime } from './simulated-time.ts';

/** Milliseconds that a control message is under way, at most; an exit is seen after at most as long again. */
const CONTROL_MS = 0.5;

export interface ProcessSeed {
  boot: BootOrder;
  clock: ProcessClock;
  control: ControlChannel<ToMaster, ToProcess>;
  exit: () => void;
}

export class SimulatedProcess implements WorkerProcess {
  readonly pid: number;
  readonly index: number;
  readonly incarnation: number;
  readonly clock: ProcessClock;
  readonly channel: ControlChannel<ToProcess, ToMaster>;
  process: ClusterProcess | undefined;
  readonly #host: SimulatedHost;
  readonly #time: SimulatedTime;
  readonly #random: () => number;
  readonly #network: MemoryNetwork;
  #toMaster: (message: ToMaster) => void = () => {};
  #toProcess: (message: ToProcess) => void = () => {};
  #exited: ((exit: WorkerExit) => void) | undefined;
  /** Control messages arrive in order, each not before the last. */
  #lastUp = 0;
  #lastDown = 0;

  constructor(host: SimulatedHost, pid: number, index: number, incarnation: number) {
    this.pid = pid;
    this.index = index;
    this.incarnation = incarnation;
    this.#host = host;
    this.#time = host.time;
    this.#random = host.random;
    this.#network = host.network;
    this.clock = new ProcessClock(host.time);
    this.channel = {
      send: (message) => this.#down(message),
      onMessage: (receive) => {
        this.#toMaster = receive;
      },
    };
    const control: ControlChannel<ToMaster, ToProcess> = {
      send: (message) => this.#up(message),
      onMessage: (receive) => {
        this.#toProcess = receive;
      },
    };
    control.onMessage((message) => {
      if (message.type !== 'boot') return;
      this.process = host.start({
        boot: message,
        clock: this.clock,
        control,
        exit: () => this.end({ code: 0, signal: null }),
      });
      void this.process.listen().then((path) => control.send({ type: 'listening', path }));
    });
    this.clock.defer(() => control.send({ type: 'hello' }));
  }

  get isAlive(): boolean {
    return !this.clock.isDead;
  }

  kill(): void {
    this.end({ code: null, signal: 'SIGKILL' });
  }

  freeze(): void {
    this.clock.freeze();
    for (const other of this.#others()) this.#network.stall(this.#address, other);
  }

  thaw(): void {
    this.clock.thaw();
    for (const other of this.#others()) this.#network.unstall(this.#address, other);
  }

  onExit(listener: (exit: WorkerExit) => void): void {
    this.#exited = listener;
  }

  end(exit: WorkerExit): void {
    if (this.clock.isDead) return;
    this.clock.kill();
    this.#host.onEnd(exit, this);
    for (const other of this.#others()) this.#network.unstall(this.#address, other);
    // The tail of what it wrote may still have been in its own buffers.
    this.#network.kill(this.#address, (_to, unread) => (exit.signal ? Math.floor(this.#random() * (unread + 1)) : 0));
    this.#lastUp = Math.max(this.#lastUp, this.#time.now) + this.#random() * CONTROL_MS;
    this.#time.at(this.#lastUp - this.#time.now, () => this.#exited?.(exit));
  }

  get #address(): string {
    return processAddress(this.index, this.incarnation);
  }

  *#others(): Iterable<string> {
    for (let index = 0; index < 32; index++) {
      for (let incarnation = 1; incarnation < 32; incarnation++) {
        if (index !== this.index) yield processAddress(index, incarnation);
      }
    }
  }

  #up(message: ToMaster): void {
    if (this.clock.isDead) return;
    this.#lastUp = Math.max(this.#lastUp, this.#time.now + this.#random() * CONTROL_MS);
    this.#time.at(this.#lastUp - this.#time.now, () => this.#toMaster(structuredClone(message)));
  }

  #down(message: ToProcess): void {
    this.#lastDown = Math.max(this.#lastDown, this.#time.now + this.#random() * CONTROL_MS);
    const copy = structuredClone(message);
    this.#time.at(this.#lastDown - this.#time.now, () => this.clock.whenRunning(() => this.#toProcess(copy)));
  }
}

export class SimulatedHost implements WorkerHost {
  readonly time: SimulatedTime;
  readonly random: () => number;
  readonly network: MemoryNetwork;
  readonly start: (seed: ProcessSeed) => ClusterProcess;
  readonly processes: SimulatedProcess[] = [];
  /** Told of each end of a process, wanted or not. */
  onEnd: (exit: WorkerExit, process: SimulatedProcess) => void = () => {};

  constructor(
    time: SimulatedTime,
    random: () => number,
    network: MemoryNetwork,
    start: (seed: ProcessSeed) => ClusterProcess,
  ) {
    this.time = time;
    this.random = random;
    this.network = network;
    this.start = start;
  }

  fork({ index, incarnation }: { index: number; incarnation: number; role: string }): WorkerProcess {
    const process = new SimulatedProcess(this, 1_000 + this.processes.length, index, incarnation);
    this.processes.push(process);
    return process;
  }

  running(index: number): SimulatedProcess | undefined {
    return this.processes.findLast((process) => process.index === index && process.isAlive);
  }
}
