/**
 * The connections of one address: where as many are taken as may be, a new one takes the place of the one that has been longest without a request. So
 * whoever opens connections and says nothing keeps no health check out, and what is being answered goes on.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections at one address; one more takes the place of one without a request, or is closed where there is none. */
export const WEB_CONNECTIONS_MAX = 512;

/** `closed`: told of each that has to go, with its address. */
export function boundConnections(server: Server, closed: (address: string) => void): void {
  const all = new Set<Socket>();
  /** Without a request, the longest one first. */
  const idle = new Set<Socket>();
  const close = (socket: Socket): void => {
    closed(socket.remoteAddress ?? '');
    all.delete(socket);
    idle.delete(socket);
    socket.destroy();
  };
  server.on('connection', (socket: Socket) => {
    if (all.size >= WEB_CONNECTIONS_MAX) {
      const [longest = socket] = idle;
      close(longest);
      if (longest === socket) return;
    }
    all.add(socket);
    idle.add(socket);
    socket.once('close', () => {
      all.delete(socket);
      idle.delete(socket);
    });
  });
  server.on('request', ({ socket }: { socket: Socket }, response: ServerResponse) => {
    idle.delete(socket);
    response.once('close', () => {
      if (all.has(socket)) idle.add(socket);
    });
  });
  // The kernel may have more of them waiting than one round of the event loop closes.
  server.maxConnections = 2 * WEB_CONNECTIONS_MAX;
  server.on('drop', (dropped) => closed(dropped?.remoteAddress ?? ''));
}
