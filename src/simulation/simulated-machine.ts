/** The machine that simulated processes share. */
import type { WorkerExit } from '../worker-pool/worker-host.ts';
import type { MachineNetwork } from '../machine-links/machine-network.ts';
import type { PausesOfAll } from '../master/pause-service.ts';
import type { Elsewhere } from '../placement/rebalance.ts';
import type { MachinePlaces } from '../vocabulary/host-index.ts';
import type { BootOrder, ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';
import type { MemoryNetwork } from '../doubles/memory-network.ts';
import type { ClusterProcess } from '../process/cluster-process.ts';
import type { Observers } from './observation.ts';
import type { WantAnswer } from '../observe/machine-info.ts';
import type { ProcessClock } from './process-clock.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** The parts of one machine of several. */
export interface MachineGround {
  readonly time: SimulatedTime;
  readonly random: () => number;
  /** Beyond it the incarnations of its processes count. */
  readonly incarnationsFrom: number;
  /** By which its clock is before the simulated time. */
  readonly clockAheadMs: number;
  readonly elsewhere: Elsewhere;
  readonly pausesOfAll: PausesOfAll;
  stateArrived(machine: string, partitions: readonly number[]): void;
  /** Another machine has a newer table of partitions. */
  outdated(): void;
  want(partition: number, machine: string): Promise<WantAnswer>;
  placesTold(machine: string, places: MachinePlaces): void;
  networkOf(process: { index: number; incarnation: number }): MachineNetwork;
  /** Its links to other machines end. `lost`: of so many frames that nobody has read. */
  died(process: string, lost: (unread: number) => number): void;
}

/** The beginning of a process. */
export interface ProcessSeed {
  boot: BootOrder;
  clock: ProcessClock;
  control: ControlChannel<ToMaster, ToProcess>;
  exit: () => void;
}

export interface SimulatedMachine {
  readonly time: SimulatedTime;
  readonly random: () => number;
  readonly network: MemoryNetwork;
  readonly observers: Observers;
  /** Of the master. */
  readonly clock: ProcessClock;
  start(seed: ProcessSeed): ClusterProcess;
  /** A process is no more: its links end. */
  died(address: string, exit: WorkerExit): void;
}
