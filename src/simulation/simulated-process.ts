/**
 * A process that is an object: the real ClusterProcess on a clock of its own, links in memory, and a control channel
 * that delays. Killed, it does nothing any more; what it wrote last may be lost.
 */
import type { WorkerExit, WorkerProcess } from '../worker-pool/worker-host.ts';
import { processAddress } from '../vocabulary/address.ts';
import type { ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';
import type { ClusterProcess } from '../process/cluster-process.ts';
import { ControlLine } from './control-line.ts';
import { ProcessClock } from './process-clock.ts';
import type { SimulatedMachine } from './simulated-machine.ts';

/** Milliseconds for that, at most. */
const QUIET_MS_MAX = 3_000;

export class SimulatedProcess implements WorkerProcess {
  readonly pid: number;
  readonly index: number;
  readonly incarnation: number;
  /** Its address: `~<index>.<incarnation>`. */
  readonly address: string;
  readonly clock: ProcessClock;
  readonly channel: ControlChannel<ToProcess, ToMaster>;
  /** Undefined before it has its orders. */
  process: ClusterProcess | undefined;
  readonly #machine: SimulatedMachine;
  readonly #up: ControlLine<ToMaster>;
  readonly #down: ControlLine<ToProcess>;
  #exited: ((exit: WorkerExit) => void) | undefined;

  constructor(machine: SimulatedMachine, pid: number, index: number, incarnation: number) {
    this.pid = pid;
    this.index = index;
    this.incarnation = incarnation;
    this.address = processAddress(index, incarnation);
    this.#machine = machine;
    this.clock = new ProcessClock(machine.time, machine.clock.aheadMs);
    this.#up = new ControlLine(machine.time, machine.random);
    this.#down = new ControlLine(machine.time, machine.random);
    this.channel = { send: (message) => this.#toProcess(message), onMessage: (receive) => this.#onUp(receive) };
    const control: ControlChannel<ToMaster, ToProcess> = {
      send: (message) => this.#toMaster(message),
      onMessage: (receive) => this.#onDown(receive),
    };
    control.onMessage((message) => message.type === 'boot' && this.#boot(message, control));
    machine.observers.tell({ kind: 'process', step: 'forked', at: machine.time.now, process: this.address });
    this.clock.defer(() => control.send({ type: 'hello' }));
  }

  get isAlive(): boolean {
    return !this.clock.isDead;
  }

  get isFrozen(): boolean {
    return this.clock.isFrozen;
  }

  /** Control messages in flight, in both directions, but for signs of life and news for onlookers. */
  get inFlight(): number {
    return this.#up.inFlight + this.#down.inFlight;
  }

  /** As a worker does once its servers have closed: it goes when nothing is in flight that was sent from it. */
  retire(): void {
    const exit = (): void => this.channel.send({ type: 'exit' });
    if (this.process) void this.process.untilQuiet(QUIET_MS_MAX).then(exit);
    else exit();
  }

  /** By the master. */
  kill(): void {
    this.#end({ code: null, signal: 'SIGKILL' }, 'killed');
  }

  /** By fate. */
  crash(): void {
    this.#end({ code: null, signal: 'SIGKILL' }, 'crashed');
  }

  freeze(): void {
    if (!this.isAlive || this.isFrozen) return;
    this.clock.freeze();
    this.#machine.network.freeze(this.address);
    this.#tell('frozen');
  }

  thaw(): void {
    if (!this.isFrozen) return;
    this.clock.thaw();
    this.#machine.network.thaw(this.address);
    this.#tell('thawed');
  }

  /** Control messages of the master do not arrive until `unstallOrders`. */
  stallOrders(): void {
    this.#down.stall();
  }

  unstallOrders(): void {
    this.#down.unstall();
  }

  onExit(listener: (exit: WorkerExit) => void): void {
    this.#exited = listener;
  }

  #end(exit: WorkerExit, step: 'crashed' | 'killed' | 'ended'): void {
    if (this.clock.isDead) return;
    this.#tell(step);
    this.clock.kill();
    this.#machine.died(this.address, exit);
    this.#up.after(() => this.#machine.clock.whenRunning(() => this.#exited?.(exit)));
  }

  #boot(boot: Extract<ToProcess, { type: 'boot' }>, control: ControlChannel<ToMaster, ToProcess>): void {
    const { clock } = this;
    const exit = (): void => this.#end({ code: 0, signal: null }, 'ended');
    const process = this.#machine.start({ boot, clock, control, exit });
    this.process = process;
    void process.listen().then((path) => control.send({ type: 'listening', path, kinds: process.kinds }));
  }

  #toMaster(message: ToMaster): void {
    if (this.clock.isDead) return;
    this.#see('sent', this.address, 'master', message);
    this.#up.send(message);
  }

  #toProcess(message: ToProcess): void {
    this.#see('sent', 'master', this.address, message);
    this.#down.send(message);
  }

  #onUp(receive: (message: ToMaster) => void): void {
    this.#up.receive = (message) =>
      this.#machine.clock.whenRunning(() => {
        this.#see('received', this.address, 'master', message);
        receive(message);
      });
  }

  #onDown(receive: (message: ToProcess) => void): void {
    this.#down.receive = (message) =>
      this.clock.whenRunning(() => {
        this.#see('received', 'master', this.address, message);
        // An observer may have killed it.
        this.clock.whenRunning(() => receive(message));
      });
  }

  #see(step: 'sent' | 'received', from: string, to: string, message: ToMaster | ToProcess): void {
    this.#machine.observers.tell({ kind: 'control', step, at: this.#machine.time.now, from, to, message });
  }

  #tell(step: 'crashed' | 'killed' | 'ended' | 'frozen' | 'thawed'): void {
    this.#machine.observers.tell({ kind: 'process', step, at: this.#machine.time.now, process: this.address });
  }
}
