/** Machines on the loopback, with certificates of one authority, and a log that is kept. */
import { newAuthority } from '../../../src/machine-links/authority.ts';
import { issueCredentials } from '../../../src/machine-links/credentials.ts';
import type { MachineCredentials, MachinePeer } from '../../../src/machine-links/machine-network.ts';
import { TlsMachineNetwork, type TlsMachineNetworkOptions } from '../../../src/machine-links/tls-machine-network.ts';
import type { Log } from '../../../src/observe/log.ts';
import { silent } from '../peer/link-fixture.ts';
import { eventLoopClock } from '../wire/event-loop-clock.ts';
import type { MachineWorld, Terms } from './machine-conformance.ts';

export const FRAME_BYTES_MAX = 2 * 1024 * 1024;
/** Nobody asks it: the URL of a database on this host. */
const DATABASE = 'postgres:///troupe?host=/run/postgresql';

export interface TlsWorld extends MachineWorld {
  host(self: MachinePeer, terms?: Terms, options?: Partial<TlsMachineNetworkOptions>): TlsMachineNetwork;
  /** `now`: as if it were then. */
  credentials(machine: string, now?: number): MachineCredentials;
  readonly lines: Record<string, unknown>[];
}

const AUTHORITY = newAuthority('troupe', Date.now());

export function tlsWorld(options: Partial<TlsMachineNetworkOptions> = {}): TlsWorld {
  const networks: TlsMachineNetwork[] = [];
  const workers = new Map<string, TlsMachineNetwork>();
  const lines: Record<string, unknown>[] = [];
  const log: Log = { ...silent, warn: (fields) => void lines.push(fields as Record<string, unknown>) };
  const credentials = (machine: string, now = Date.now(), cluster = 'troupe'): MachineCredentials =>
    issueCredentials(AUTHORITY, cluster, machine, now);
  return {
    frameBytesMax: FRAME_BYTES_MAX,
    countsBegun: true,
    lines,
    credentials,
    host({ machine, process, incarnation }, { cluster = 'troupe', version } = {}, more = {}) {
      const network = new TlsMachineNetwork({
        ...{ clock: eventLoopClock, log, cluster, process, incarnation, frameBytesMax: FRAME_BYTES_MAX },
        credentials: credentials(machine, Date.now(), cluster),
        address: { advertise: undefined, databaseUrl: DATABASE },
        handOver: (worker, raw) => {
          const there = workers.get(`${machine} ${worker.process} ${worker.incarnation}`);
          there?.handed(raw);
          return there !== undefined;
        },
        ...(version !== undefined && { version }),
        ...options,
        ...more,
      });
      networks.push(network);
      if (process !== 0) workers.set(`${machine} ${process} ${incarnation}`, network);
      return network;
    },
    async dispose() {
      await Promise.all(networks.map((network) => network.close()));
    },
  };
}
