/** The store, reached over the socket on which its owner listens. */
import type { Clock } from '../vocabulary/clock.ts';
import { type LinkPeer, WIRE_VERSION } from '../wire/link.ts';
import { SocketNetwork } from '../wire/socket-link.ts';
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
}

/** Connects with the first request. */
export function socketStore({ clock, socketDir, path, pollMicros, ...own }: SocketStoreOptions): RemoteStore {
  const network = new SocketNetwork({
    clock,
    folder: socketDir,
    frameBytesMax: STORE_FRAME_BYTES_MAX,
    pollMicros,
  });
  return new RemoteStore(() => network.connect(path, { version: WIRE_VERSION, ...own }, STORE_PEER), clock);
}
