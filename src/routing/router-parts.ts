/** The ground of the router. */
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { Peers } from '../peer/peers.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { KnownCluster } from './known-cluster.ts';
import type { LocateAnswer } from './located-places.ts';

/** The parts of a process that the router stands on. */
export interface RouterParts {
  readonly kernel: Kernel;
  readonly actors: LocalActors;
  readonly cluster: Pick<KnownCluster, 'table' | 'workers'>;
  readonly peers: Pick<Peers, 'byIndex' | 'byAddress'>;
  /** Of this process. */
  readonly index: number;
  /** The master's answer for an id whose kind is not placed by hash. */
  locate(id: ActorId, answer: LocateAnswer): void;
}
