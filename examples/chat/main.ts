/**
 * What every worker runs: the page and its sockets, all on one port. The kernel of it is `accept`: each socket becomes
 * an actor on this worker, and the rest of the chat is actors talking to each other (actors/chat-*.ts).
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { System } from 'troupe';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerFrame } from '../../actors/_chat.ts';
import { sockets } from '../../actors/_chat-sockets.ts';
import { parseFrame } from './frames.ts';
import { servePage } from './page.ts';

const FRAME_BYTES_MAX = 32 * 1024;
const SOCKETS_MAX = 5_000;
/** Frames of one socket: so many at once, and so many a second on average. */
const BURST_MAX = 60;
const FRAMES_PER_SECOND = 20;
/** Many changes of placement within this are one hint to the pages. */
const HINT_EVERY_MS = 250;

export default async function main(system: System): Promise<void> {
  // Workers that only send mail have nothing to serve.
  if (system.self.role === 'mail') return;
  const server = createServer((request, response) => {
    if (request.url !== '/status') return servePage(request, response);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ self: system.self, workers: system.workers(), sockets: sockets.size }));
  });
  const webSockets = new WebSocketServer({ server, path: '/socket', maxPayload: FRAME_BYTES_MAX, verifyClient });
  webSockets.on('connection', (socket) => accept(system, socket));
  hintAtMoves(system);
  await listen(server, Number(process.env.PORT ?? 8080));
}

function accept(system: System, socket: WebSocket): void {
  const key = randomUUID();
  const connection = `chat-connection/${key}`;
  const accepted = { socket, alive: true };
  sockets.set(key, accepted);
  const withinRate = rateLimit();

  socket.on('message', (data, isBinary) => {
    // What comes after a fault, while the socket closes, is not read any more.
    if (socket.readyState !== socket.OPEN) return;
    try {
      if (isBinary) throw new Error('expected text');
      if (!withinRate()) throw new Error(`expected at most ${FRAMES_PER_SECOND} frames a second`);
      const frame = parseFrame(data.toString());
      if (frame.type === 'hello') send(socket, { type: 'welcome', name: frame.name, ...here(system) });
      system.tell(connection, { type: 'frame', frame });
    } catch (error) {
      socket.close(1008, (error as Error).message.slice(0, 120));
    }
  });
  socket.on('pong', () => {
    accepted.alive = true;
  });
  // A frame that is too large or malformed: ws closes this socket with the fitting code.
  socket.on('error', () => {});
  socket.on('close', () => {
    sockets.delete(key);
    try {
      system.tell(connection, { type: 'closed' });
    } catch {
      // The system is shutting down, and all its actors with it.
    }
  });
}

function here({ self }: System): { worker: number; pid: number } {
  return { worker: self.worker, pid: self.pid };
}

/** A page of another site must not talk in a visitor's name. */
function verifyClient({ origin, req }: { origin?: string; req: IncomingMessage }, verdict: Verdict): void {
  if (sockets.size >= SOCKETS_MAX) return verdict(false, 503, 'too many sockets');
  const isOwn = !origin || (URL.canParse(origin) && new URL(origin).host === req.headers.host);
  verdict(isOwn, 403, 'another origin');
}

type Verdict = (isFine: boolean, code: number, message: string) => void;

function rateLimit(): () => boolean {
  let tokens = BURST_MAX;
  let countedAt = Date.now();
  return () => {
    const now = Date.now();
    tokens = Math.min(BURST_MAX, tokens + ((now - countedAt) * FRAMES_PER_SECOND) / 1_000);
    countedAt = now;
    return --tokens >= 0;
  };
}

/** Pages ask again where their room lives. A worker that is being drained sends its pages to the others. */
function hintAtMoves(system: System): void {
  let isDue = false;
  const hint = (): void => {
    isDue = false;
    const own = system.workers().find(({ index }) => index === system.self.worker);
    for (const { socket } of sockets.values()) {
      if (own?.state === 'draining') socket.close(1012, 'this worker stops');
      else send(socket, { type: 'placement' });
    }
  };
  system.on('placement-changed', () => {
    if (!isDue) setTimeout(hint, HINT_EVERY_MS);
    isDue = true;
  });
}

function send(socket: WebSocket, frame: ServerFrame): void {
  socket.send(JSON.stringify(frame));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
}
