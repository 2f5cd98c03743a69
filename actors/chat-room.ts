/**
 * A room: who is here, and the last messages. What happens in it is published once and reaches each worker once.
 * All of it is in memory. When its worker dies it starts empty elsewhere, and the users, who watch it, join again.
 */
import { type Context, defineActor, parseActorId, Refusal } from 'troupe';
import { type ChatMessage, HISTORY_MAX, keepNewest, PEOPLE_PER_ROOM_MAX, roomTopic, SEEN_MAX } from './_chat.ts';

/** An empty room is forgotten after this. */
const KEEP_EMPTY_MS = 10 * 60_000;
const EXPIRE_EVERY_MS = 60_000;

interface Room {
  /** When its history begins; tells this incarnation from an earlier one. */
  since: number;
  people: Set<string>;
  history: ChatMessage[];
  /** Author and id of a message → its time. */
  seen: Map<string, number>;
  lastAt: number;
  emptyAt: number;
}

export default defineActor({
  // An error in a handler ends the room, as the death of its worker would: one way back for both.
  supervision: { onFailure: 'stop' },
  state: (): Room => ({
    since: Date.now(),
    people: new Set(),
    history: [],
    seen: new Map(),
    lastAt: 0,
    emptyAt: Date.now(),
  }),

  onStart: (ctx) => void ctx.every(EXPIRE_EVERY_MS, { type: 'expire' }),

  receive: {
    join(ctx) {
      const { people, history, since } = ctx.state;
      const { user, name } = author(ctx);
      const room = ctx.key;
      if (!people.has(name)) {
        const reason = `${room} is full: ${PEOPLE_PER_ROOM_MAX} people are here`;
        if (people.size >= PEOPLE_PER_ROOM_MAX) return void ctx.tell(user, { type: 'refused', room, reason });
        people.add(name);
        ctx.watch(user);
        ctx.publish(roomTopic(room), { type: 'came', room, since, name });
      }
      // Told, not replied: a tell keeps its place among what is published, so nothing is missed or comes twice.
      ctx.tell(user, { type: 'joined', room, since, people: [...people], history: [...history] });
    },

    leave(ctx) {
      const { user, name } = author(ctx);
      ctx.unwatch(user);
      remove(ctx, name);
    },

    post(ctx, { id, text }: { id: string; text: string }) {
      const { state } = ctx;
      const { user, name: from } = author(ctx);
      const key = `${from} ${id}`;
      const seenAt = state.seen.get(key);
      const at = seenAt ?? Math.max(Date.now(), state.lastAt + 1);
      const posted = { type: 'posted', room: ctx.key, since: state.since, message: { id, from, text, at } };
      // A page that missed its own message has sent it again; only its author hears of it again.
      if (seenAt !== undefined) return void ctx.tell(user, posted);
      state.lastAt = at;
      state.seen.set(key, at);
      keepNewest(state.seen, SEEN_MAX);
      state.history.push(posted.message);
      if (state.history.length > HISTORY_MAX) state.history.shift();
      ctx.publish(roomTopic(ctx.key), posted);
    },

    expire(ctx) {
      const { people, emptyAt } = ctx.state;
      if (people.size === 0 && Date.now() - emptyAt >= KEEP_EMPTY_MS) ctx.stop();
    },
  },

  /** A user has gone without leaving. */
  onTerminated: (ctx, { id }) => remove(ctx, parseActorId(id).key),
});

/** The sender's id is set by the runtime, so nobody can write in another's name. */
function author({ sender }: Context<Room>): { user: string; name: string } {
  if (!sender) throw new Refusal('users-only', 'a room talks to actors; got mail without a sender');
  return { user: sender, name: parseActorId(sender).key };
}

function remove(ctx: Context<Room>, name: string): void {
  const { state, key: room } = ctx;
  if (!state.people.delete(name)) return;
  ctx.publish(roomTopic(room), { type: 'went', room, since: state.since, name });
  state.emptyAt = Date.now();
}
