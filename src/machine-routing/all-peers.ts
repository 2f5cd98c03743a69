/** All peers that mail can be written to: the processes of this machine, other machines, and their processes through the own master. */
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Peers } from '../peer/peers.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { MACHINE_INDEX_MIN } from '../vocabulary/host-index.ts';
import type { MachinePeers } from './machine-peers.ts';

/** The master's own process. */
const MASTER_INDEX = 0;

export class AllPeers {
  readonly #own: Peers;
  readonly #machines: MachinePeers;

  constructor(own: Peers, machines: MachinePeers) {
    this.#own = own;
    this.#machines = machines;
  }

  byIndex(index: number): OutboundQueue | undefined {
    return index < MACHINE_INDEX_MIN ? this.#own.byIndex(index) : this.#machines.byIndex(index);
  }

  byAddress(address: ActorId): OutboundQueue | undefined {
    return this.#own.byAddress(address) ?? this.#machines.guest(address) ?? this.#machineBy(address);
  }

  /** As `byAddress`; a process that is nowhere to be seen may be one of another machine: the own master knows those that have linked to it. */
  routeTo(address: ActorId): OutboundQueue | undefined {
    return this.byAddress(address) ?? this.#own.byIndex(MASTER_INDEX);
  }

  /** As mail sees them. */
  forMail(): Pick<Peers, 'byIndex' | 'byAddress'> {
    return { byIndex: (index) => this.byIndex(index), byAddress: (address) => this.routeTo(address) };
  }

  /** Of this machine. */
  all(): Iterable<OutboundQueue> {
    return this.#own.all();
  }

  /** All to whom actors of this process may have sent something. */
  reached(): Pick<Peers, 'all' | 'byAddress'> {
    const machines = this.#machines;
    const all = (): Iterable<OutboundQueue> => [...this.#own.all(), ...machines.machines(), ...machines.workers()];
    return { all, byAddress: (address) => this.byAddress(address) };
  }

  #machineBy(address: ActorId): OutboundQueue | undefined {
    for (const peers of [this.#machines.machines(), this.#machines.workers()])
      for (const peer of peers) if (peer.address === address) return peer;
    return undefined;
  }
}
