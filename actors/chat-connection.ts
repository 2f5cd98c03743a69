/**
 * One socket, as an actor: it lives on the worker that accepted the socket, passes frames on between the page and its
 * `chat-user`, and ends with the socket. Whoever watches it learns of that end, even by kill -9 of the whole worker.
 */
import { type Context, defineActor } from 'troupe';
import type { ClientFrame, ServerFrame } from './_chat.ts';
import { sockets } from './_chat-sockets.ts';

const BEAT_MS = 10_000;
/** A page that does not read is cut off: what waits for it is memory of ours. */
const BUFFERED_BYTES_MAX = 1024 * 1024;

interface Connection {
  /** Id of the user's actor, once the page has said hello; what comes before is dropped, the page sends it again. */
  user: string | undefined;
}

export default defineActor({
  // Where it is first used, and that is where its socket is.
  placement: { strategy: 'local' },
  state: (): Connection => ({ user: undefined }),

  onStart(ctx) {
    // Called to life by mail that came after the end: nobody is here.
    if (!sockets.has(ctx.key)) ctx.stop();
    ctx.every(BEAT_MS, { type: 'beat' });
  },

  receive: {
    /** From the page. */
    async frame(ctx, { frame }: { frame: ClientFrame }) {
      const { state } = ctx;
      if (frame.type === 'where') return place(ctx, frame.room);
      if (frame.type !== 'hello') return void (state.user && ctx.tell(state.user, frame));
      const user = `chat-user/${frame.name}`;
      if (state.user && state.user !== user) return close(ctx, 1008, 'expected one name for each connection');
      state.user = user;
      ctx.tell(user, frame);
      // After the mail that brings it to life: a watch on nothing would tell at once.
      ctx.watch(user);
    },

    /** To the page. */
    send(ctx, { frame }: { frame: ServerFrame }) {
      send(ctx, frame);
    },

    /** Finds sockets whose other end is gone without a word, and actors that a drained worker has moved away from theirs. */
    beat(ctx) {
      const accepted = sockets.get(ctx.key);
      if (!accepted) return ctx.stop();
      if (!accepted.alive) return accepted.socket.terminate();
      accepted.alive = false;
      accepted.socket.ping();
    },

    closed: (ctx) => ctx.stop(),
  },

  /** The user's actor has ended, with its worker or by an error. The page knows all that the next one needs. */
  onTerminated(ctx, { id }) {
    if (id !== ctx.state.user) return;
    ctx.state.user = undefined;
    send(ctx, { type: 'restarted' });
  },
});

async function place(ctx: Context<Connection>, room: string): Promise<void> {
  try {
    const { worker, pid } = await ctx.where(`chat-room/${room}`);
    send(ctx, { type: 'placed', room, worker, pid });
  } catch (error) {
    // The page asks again after the next change of placement.
    ctx.log.debug({ err: error, room }, 'a room was not found');
  }
}

function send(ctx: Context<Connection>, frame: ServerFrame): void {
  const accepted = sockets.get(ctx.key);
  if (!accepted) return ctx.stop();
  if (accepted.socket.bufferedAmount > BUFFERED_BYTES_MAX) return close(ctx, 1013, 'reads too slowly');
  accepted.socket.send(JSON.stringify(frame));
}

function close(ctx: Context<Connection>, code: number, reason: string): void {
  sockets.get(ctx.key)?.socket.close(code, reason);
}
