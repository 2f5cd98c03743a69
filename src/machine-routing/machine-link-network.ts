/** A machine network as the port that links are opened by (wire/link.ts): its paths name a machine and where it is. */
import type { MachineNetwork } from '../machine-links/machine-network.ts';
import type { ForeignMachine } from '../wire/control.ts';
import type { LinkNetwork } from '../wire/link.ts';

export function pathOfMachine({ machine, address }: ForeignMachine): string {
  return `${machine} ${address}`;
}

/** The handshake is the machine network's own. `self`: the name of this machine, under which others know its links. */
export function linkNetworkOf(network: MachineNetwork, self: () => string): LinkNetwork {
  return {
    listen: () => Promise.reject(new Error('only a master listens for machines, by its machine network')),
    connect: async (path) => {
      const space = path.indexOf(' ');
      const name = self();
      const { link } = await network.connect(path.slice(space + 1), path.slice(0, space));
      if (self() === name) return link;
      link.destroy();
      throw new Error(`the machine ${name} is ${self()} now`);
    },
    close: () => network.close(),
  };
}
