/** A machine network as the port that links are opened by (wire/link.ts): its paths name a machine and where it is, and the worker that is meant. */
import type { MachineNetwork } from '../machine-links/machine-network.ts';
import type { ForeignWorker } from '../vocabulary/host-index.ts';
import type { ForeignMachine } from '../wire/control.ts';
import type { LinkNetwork } from '../wire/link.ts';

/** Of the peer that stands for a machine, or for a worker of one: it comes and goes with its index. */
export const MACHINE_INCARNATION = 1;

/** Of the master; `worker`: of that one. */
export function pathOfMachine({ machine, address }: ForeignMachine, worker?: ForeignWorker): string {
  return JSON.stringify({ machine, address, worker });
}

/** The handshake is the machine network's own. `self`: the name of this machine, under which others know its links. */
export function linkNetworkOf(network: MachineNetwork, self: () => string): LinkNetwork {
  return {
    listen: () => Promise.reject(new Error('only a master listens for machines, by its machine network')),
    connect: async (path) => {
      const { machine, address, worker } = JSON.parse(path) as ForeignMachine & { worker?: ForeignWorker };
      const name = self();
      const { link } = await network.connect(address, machine, worker);
      if (self() === name) return link;
      link.destroy();
      throw new Error(`the machine ${name} is ${self()} now`);
    },
    close: () => network.close(),
  };
}
