/**
 * The machine network of tests and the simulation: every process of every machine has its own MachineNetwork, all in one Node.js process and on
 * one clock, unless a host brings its machine's. The names of the wires, for `cut`, `stall`, `freeze` and `kill`, are those of `machineProcess`.
 */
import {
  type MachineCredentials,
  type MachineLink,
  type MachineNetwork,
  type MachinePeer,
  type MachineWorker,
  unreachableMachine,
} from '../machine-links/machine-network.ts';
import { faultOfTerms } from '../machine-links/machine-greeting.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { MachineId } from '../machines/machine-row.ts';
import { WIRE_VERSION } from '../wire/link.ts';
import { MemoryWires, type MemoryWiresOptions } from './memory-wires.ts';

/** Milliseconds after which a connect to a machine that does not answer rejects. */
const CONNECT_MS = 5_000;

/** The terms of both ends. */
interface Terms {
  readonly cluster: string;
  readonly version: number;
}

interface Listening {
  readonly host: Host;
  readonly accept: (link: MachineLink) => void;
}

interface Host {
  self: MachinePeer;
  readonly terms: Terms;
  /** Of its machine. */
  readonly clock: Clock;
  isClosed: boolean;
}

/** The name of a process among the wires. */
export function machineProcess({ machine, process, incarnation }: MachinePeer): string {
  return `${machine}~${process}.${incarnation}`;
}

export class MemoryMachines extends MemoryWires {
  readonly #options: MemoryWiresOptions;
  readonly #listening = new Map<string, Listening>();
  /** Workers, to which the masters of their machines hand links over. */
  readonly #taking = new Set<Listening>();
  #ports = 0;

  constructor(options: MemoryWiresOptions) {
    super(options);
    this.#options = options;
  }

  /** The network as one process of one machine sees it. */
  host(self: MachinePeer, options: Partial<Terms> & { clock?: Clock } = {}): MachineNetwork {
    const { cluster = 'troupe', version = WIRE_VERSION, clock = this.#options.clock } = options;
    const host: Host = { self, terms: { cluster, version }, clock, isClosed: false };
    let address: string | undefined;
    return {
      listen: async (accept) => {
        address ??= `memory:${++this.#ports}`;
        this.#listening.set(address, { host, accept });
        return address;
      },
      take: (accept) => void this.#taking.add({ host, accept }),
      connect: (to, machine, worker) => this.#connect(to, host, machine, worker),
      checkReach: async (to, machine, own) => {
        const there = await this.#reach(to, host, machine);
        return this.#reach(own, there.host, host.self.machine).then(
          () => undefined,
          (error: Error) => error.message,
        );
      },
      use: ({ machine }: MachineCredentials) => {
        host.self = { ...host.self, machine };
      },
      close: async () => {
        host.isClosed = true;
        if (address !== undefined) this.#listening.delete(address);
        for (const one of this.#taking) if (one.host === host) this.#taking.delete(one);
      },
    };
  }

  override kill(name: string, lost?: (to: string, unread: number) => number): void {
    for (const [address, { host }] of this.#listening)
      if (machineProcess(host.self) === name) this.#listening.delete(address);
    for (const one of this.#taking) if (machineProcess(one.host.self) === name) this.#taking.delete(one);
    super.kill(name, lost);
  }

  async #connect(address: string, host: Host, machine: MachineId, worker?: MachineWorker): Promise<MachineLink> {
    const master = await this.#reach(address, host, machine);
    const there = worker === undefined ? master : this.#workerOf(machine, worker);
    if (there === undefined) throw unreachableMachine(machine, address, 'no such worker there');
    if (this.isStalled(machineProcess(host.self), machineProcess(there.host.self)))
      throw unreachableMachine(machine, address, 'no answer of its worker');
    const { self } = host;
    const peer = there.host.self;
    const [near, far] = this.join(
      { name: machineProcess(self), peer: { index: self.process, incarnation: self.incarnation } },
      { name: machineProcess(peer), peer: { index: peer.process, incarnation: peer.incarnation } },
    );
    there.accept({ peer: self, link: far, since: there.host.clock.now() });
    return { peer, link: near };
  }

  #workerOf(machine: MachineId, { process, incarnation }: MachineWorker): Listening | undefined {
    return [...this.#taking].find(({ host: { self } }) => {
      return self.machine === machine && self.process === process && self.incarnation === incarnation;
    });
  }

  /** The machine that listens there, where it is that one and of the same terms. A dead process hears nothing, not even that. */
  #reach(address: string, host: Host, machine: MachineId): Promise<Listening> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      clock.defer(() => {
        if (this.isDead(machineProcess(host.self))) return;
        const there = this.#listening.get(address);
        const isSilent = there && this.isStalled(machineProcess(host.self), machineProcess(there.host.self));
        const unreachable = (got: string): Error => unreachableMachine(machine, address, got);
        if (isSilent) {
          clock.setTimer(CONNECT_MS, () => reject(unreachable(`no answer within ${CONNECT_MS} ms`)));
          return;
        }
        if (host.isClosed) return reject(unreachable('this end was closed'));
        if (there === undefined) return reject(unreachable('nobody who listens there'));
        const fault = faultOfTerms(host.terms, there.host.terms);
        const answered = there.host.self.machine;
        if (fault) return reject(fault);
        if (answered !== machine) return reject(unreachable(`the machine ${answered} answered`));
        resolve(there);
      });
    });
  }
}
