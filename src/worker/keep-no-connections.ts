/**
 * A server that closes waits for its connections, and a busy one that is kept alive never ends. From now on each HTTP
 * response of this process is the last one of its connection; its client opens the next one elsewhere.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Server, ServerResponse } from 'node:http';

/** Milliseconds from the close of a server to the end of the connections on which nothing has been asked by then. */
export const IDLE_MS_MAX = 500;

let isAnnounced = false;

export function keepNoConnections(): void {
  if (isAnnounced) return;
  isAnnounced = true;
  subscribe('http.server.request.start', (event) => {
    (event as { response: ServerResponse }).response.shouldKeepAlive = false;
  });
  endIdleConnectionsLater();
}

/**
 * Node.js ends idle connections as their server closes. Since 26 these are also the ones that have just been opened: what
 * their clients are sending would be met by a reset, on a connection that never answered anything, so that they may not
 * send it again. All of them get some time to ask, and are answered.
 */
function endIdleConnectionsLater(): void {
  for (const name of ['node:http', 'node:https'] as const) {
    const { prototype } = process.getBuiltinModule(name).Server as { prototype: Server };
    const endIdle = prototype.closeIdleConnections;
    prototype.closeIdleConnections = function (this: Server): void {
      // Behind the reading of sockets: in a process that was busy, what has arrived is read first.
      setTimeout(() => setImmediate(() => endIdle.call(this)), IDLE_MS_MAX);
    };
  }
}
