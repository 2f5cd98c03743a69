/** The sockets that this process has accepted. An actor's state can move to another process, a socket cannot. */
import type { WebSocket } from 'ws';

export interface Accepted {
  socket: WebSocket;
  /** It has answered the last ping. */
  alive: boolean;
}

/** By the key of their `chat-connection` actor. */
export const sockets: Map<string, Accepted> = new Map();
