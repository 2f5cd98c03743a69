/** Forks processes that are objects, and knows all there ever were. */
import type { WorkerHost, WorkerProcess } from '../worker-pool/worker-host.ts';
import type { SimulatedMachine } from './simulated-machine.ts';
import { SimulatedProcess } from './simulated-process.ts';

export class SimulatedHost implements WorkerHost {
  readonly processes: SimulatedProcess[] = [];
  readonly #machine: SimulatedMachine;

  constructor(machine: SimulatedMachine) {
    this.#machine = machine;
  }

  fork({ index, incarnation }: { index: number; incarnation: number; role: string }): WorkerProcess {
    const process = new SimulatedProcess(this.#machine, 1_000 + this.processes.length, index, incarnation);
    this.processes.push(process);
    return process;
  }

  running(index: number): SimulatedProcess | undefined {
    return this.processes.findLast((process) => process.index === index && process.isAlive);
  }
}
