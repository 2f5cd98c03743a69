/**
 * A server that closes waits for its connections, and a busy one that is kept alive never ends. From now on each HTTP
 * response of this process is the last one of its connection; its client opens the next one elsewhere.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';

export function keepNoConnections(): void {
  subscribe('http.server.request.start', (event) => {
    (event as { response: ServerResponse }).response.shouldKeepAlive = false;
  });
}
