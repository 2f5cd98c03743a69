/** The links of a way in by themselves: no other machine is there, and a test says whose links come. */
import type { Kernel } from '../../../src/actor/kernel.ts';
import type { MachineLink } from '../../../src/machine-links/machine-network.ts';
import { MachinePeers, type MachinePeersParts } from '../../../src/machine-routing/machine-peers.ts';
import type { Link } from '../../../src/wire/link.ts';

export interface WayIn {
  readonly peers: MachinePeers;
  /** A process of a machine has linked. */
  come(machine: string, process: number, link: Partial<Link>, since?: number): Link;
}

export async function newWayIn(kernel: Kernel): Promise<WayIn> {
  let accept = (_: MachineLink): void => {};
  const network = {
    listen: async (take: typeof accept) => {
      accept = take;
      return 'here:1';
    },
    connect: () => new Promise(() => {}),
    use: () => {},
    close: async () => {},
  };
  const peers = new MachinePeers({
    ...{ kernel, network, self: { index: 0, incarnation: 1 } },
    ...{ epoch: () => 0, outdated: () => {} },
  } as unknown as MachinePeersParts);
  peers.listener = { ingress: () => ({}) as never, linked: () => {}, ended: (peer) => peers.forgetGuest(peer) };
  await peers.listen();
  return {
    peers,
    come(machine, process, link, since) {
      const one = { peer: { index: process, incarnation: 1 }, ...link } as Link;
      accept({ peer: { machine, process, incarnation: 1 }, link: one, ...(since !== undefined && { since }) });
      return one;
    },
  };
}
