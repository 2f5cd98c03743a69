/** The store, reached over the socket on which its owner listens. */
import type { Clock } from '../vocabulary/clock.ts';
import { type Link, type LinkPeer, WIRE_VERSION } from '../wire/link.ts';
import { SocketNetwork } from '../wire/socket-network.ts';
import { LoadWait } from './load-wait.ts';
import { RemoteStore } from './remote-store.ts';
import { STORE_FRAME_BYTES_MAX, STORE_PEER } from './store-frames.ts';

export interface SocketStoreOptions {
  readonly clock: Clock;
  readonly socketDir: string;
  /** Of the owner. */
  readonly path: string;
  readonly system: string;
  readonly token: string;
  readonly self: LinkPeer;
  readonly pollMicros: number;
  /** See `Store`. */
  readonly gathersCommits: boolean;
}

/** Connects with the first request. */
export function socketStore(options: SocketStoreOptions): RemoteStore {
  const { clock, socketDir, path, pollMicros, gathersCommits, ...own } = options;
  const network = new SocketNetwork({
    clock,
    folder: socketDir,
    frameBytesMax: STORE_FRAME_BYTES_MAX,
    pollMicros,
  });
  const connect = (): Promise<Link> => network.connect(path, { version: WIRE_VERSION, ...own }, STORE_PEER);
  // A store across a network answers later than a sleeping process wakes up.
  const loadWait = gathersCommits ? undefined : new LoadWait(clock);
  return new RemoteStore(connect, clock, gathersCommits, loadWait);
}
