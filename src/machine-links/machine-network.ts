/**
 * MachineNetwork: the port to the other machines of a cluster. Each process of a machine links to the *master* of another one, which passes
 * mail on inside, and to its workers, through the one port of that master; tls-machine-network.ts is the real one, doubles/memory-machines.ts the one of tests and the simulation.
 */
import type { MachineId } from '../machines/machine-row.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Link } from '../wire/link.ts';

/** A process of a machine, as it said in the handshake and as its certificate says. */
export interface MachinePeer {
  readonly machine: MachineId;
  /** Index of the process on its machine; 0: its master. */
  readonly process: number;
  readonly incarnation: number;
}

/** A worker of a machine: its master hands over what wants to link to it. */
export type MachineWorker = Pick<MachinePeer, 'process' | 'incarnation'>;

export interface MachineLink {
  readonly peer: MachinePeer;
  /** Ordered, without a gap: a frame that is missing is the end of the link. `link.peer` is the process alone. */
  readonly link: Link;
  /** Of one that came, on this machine's clock: the other end had written nothing on it before that. */
  readonly since?: number;
}

/** The credentials that a machine shows, and the authority by which it judges those of others: plain data, texts in PEM. */
export interface MachineCredentials {
  readonly machine: MachineId;
  /** Signed by the cluster's authority, with the machine and the cluster as its name. */
  readonly certificate: string;
  readonly key: string;
  /** The certificates of the authority. */
  readonly authority: string;
}

export interface MachineNetwork {
  /** The master alone: `accept` gets each link whose handshake was good. Resolves to `host:port` where others reach this machine. */
  listen(accept: (link: MachineLink) => void): Promise<string>;
  /** A worker: `accept` gets each link that was meant for it. */
  take(accept: (link: MachineLink) => void): void;
  /**
   * Links to the master of a machine, or to one of its workers. Rejects ACTOR_UNAVAILABLE where nobody answers there, or another machine does, and INVALID_OPTIONS where
   * the machine belongs to another cluster or speaks another wire version.
   */
  connect(address: string, machine: MachineId, worker?: MachineWorker): Promise<MachineLink>;
  /**
   * Whether that machine reaches this one at `own`: a joining machine asks before it counts. Resolves to why not; undefined: it does. Rejects
   * where that machine gives no answer.
   */
  checkReach(address: string, machine: MachineId, own: string): Promise<string | undefined>;
  /** New links are made with these: the certificate is a newer one, or the machine joins again under another id. Links that stand stay. */
  use(credentials: MachineCredentials): void;
  /** The way in is shut, and a connect that is in flight rejects. Links that stand are their owners' business. */
  close(): Promise<void>;
}

/** The fault of a machine that cannot be linked to. */
export function unreachableMachine(machine: MachineId, address: string, got: string, cause?: unknown): TroupeError {
  return new TroupeError('ACTOR_UNAVAILABLE', `no link to the machine ${machine} at ${address}: ${got}`, { cause });
}
