/**
 * The network of tests and the simulation: every process has its own LinkNetwork, all in one Node.js process and on one
 * clock, and links can be cut, stalled, or lose a process.
 */
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import { faultOfAnswer, isSameToken, mismatch, unreachable } from '../wire/handshake.ts';
import type { Handshake, Link, LinkNetwork, LinkPeer } from '../wire/link.ts';
import { MemoryWires, type MemoryWiresOptions } from './memory-wires.ts';

export type MemoryNetworkOptions = MemoryWiresOptions<ActorId>;

interface Listening {
  handshake: Handshake;
  accept: (link: Link) => void;
}

export class MemoryNetwork extends MemoryWires<ActorId> {
  private readonly network: MemoryNetworkOptions;
  private readonly listening: Map<string, Listening> = new Map();

  constructor(options: MemoryNetworkOptions) {
    super(options);
    this.network = options;
  }

  /** The network as one process sees it. */
  host(): LinkNetwork {
    let path: string | undefined;
    return {
      listen: async (handshake, accept) => {
        path = pathOf(addressOf(handshake.self));
        this.listening.set(path, { handshake, accept });
        return path;
      },
      connect: (to, handshake, peer) => this.connect(to, handshake, peer),
      close: async () => {
        if (path !== undefined) this.listening.delete(path);
      },
    };
  }

  override kill(address: ActorId, lost?: (to: ActorId, unread: number) => number): void {
    this.listening.delete(pathOf(address));
    super.kill(address, lost);
  }

  private connect(path: string, own: Handshake, peer: LinkPeer): Promise<Link> {
    return new Promise((resolve, reject) => {
      this.network.clock.defer(() => {
        // A dead process hears nothing, not even that it could not link.
        if (this.isDead(addressOf(own.self))) return;
        try {
          resolve(this.meet(path, own, peer));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  private meet(path: string, own: Handshake, peer: LinkPeer): Link {
    const there = this.listening.get(path);
    if (there === undefined) throw unreachable(peer, `nobody who listens at ${path}`);
    if (!isSameToken(there.handshake, own)) throw unreachable(peer, 'a closed connection instead of a handshake');
    const fault = mismatch(own, there.handshake) ?? faultOfAnswer(own, there.handshake, peer);
    if (fault !== undefined) throw fault;
    const [near, far] = this.join({ name: addressOf(own.self), peer: own.self }, { name: addressOf(peer), peer });
    there.accept(far);
    return near;
  }
}

function addressOf(peer: LinkPeer): ActorId {
  return processAddress(peer.index, peer.incarnation);
}

function pathOf(address: ActorId): string {
  return `memory:${address}`;
}
