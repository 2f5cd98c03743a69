/**
 * A room: who is here, and the last messages, on disk. What happens in it is published once and reaches each worker once.
 * A publish is not sent again after a crash, so each message names the time of the one before it: who has missed one joins
 * again, and is told all there is. Whoever is in a room that starts again is told to do the same.
 */
import { type Context, defineActor, parseActorId, Refusal } from 'troupe';
import {
  type ChatMessage,
  HISTORY_MAX,
  keepNewest,
  PEOPLE_PER_ROOM_MAX,
  PRESENT_MS,
  roomTopic,
  SEEN_MAX,
} from './_chat.ts';

/** What was said in a room is forgotten when nobody has been there for a week. */
const KEEP_EMPTY_MS = 7 * 24 * 3_600_000;

interface Room {
  /** When its history begins. */
  since: number;
  /** Names this incarnation: the fence that it started with. */
  opened: string;
  people: Set<string>;
  history: ChatMessage[];
  /** Author and id of a message → its time. */
  seen: Map<string, number>;
  lastAt: number;
}

const emptyRoom = (): Room => ({
  since: Date.now(),
  opened: '',
  people: new Set(),
  history: [],
  seen: new Map(),
  lastAt: 0,
});

export default defineActor({
  durable: true,
  state: emptyRoom,

  onStart(ctx) {
    const { state, key: room } = ctx;
    state.opened = ctx.fence;
    for (const name of state.people) ctx.tell(`chat-user/${name}`, { type: 'reopened', room });
  },

  receive: {
    join(ctx) {
      const { people, history, since, opened, lastAt } = ctx.state;
      const { user, name } = author(ctx);
      const room = ctx.key;
      if (!people.has(name)) {
        const reason = `${room} is full: ${PEOPLE_PER_ROOM_MAX} people are here`;
        if (people.size >= PEOPLE_PER_ROOM_MAX) return void ctx.tell(user, { type: 'refused', room, reason });
        if (people.size === 0) fill(ctx);
        people.add(name);
        ctx.publish(roomTopic(room), { type: 'came', room, opened, name });
      }
      ctx.tell(user, { type: 'joined', room, since, opened, lastAt, people: [...people], history: [...history] });
    },

    leave(ctx) {
      const { state, key: room } = ctx;
      const { name } = author(ctx);
      if (!state.people.delete(name)) return;
      ctx.publish(roomTopic(room), { type: 'went', room, opened: state.opened, name });
      if (state.people.size === 0) empty(ctx);
    },

    post(ctx, { id, text }: { id: string; text: string }) {
      const { state, key: room } = ctx;
      const { user, name: from } = author(ctx);
      const key = `${from} ${id}`;
      const { opened, lastAt: after } = state;
      const seenAt = state.seen.get(key);
      // A page that missed its own message has sent it again; only its author hears of it again.
      if (seenAt !== undefined)
        return void ctx.tell(user, { type: 'repeated', room, message: { id, from, text, at: seenAt } });
      const message = { id, from, text, at: Math.max(Date.now(), after + 1) };
      state.lastAt = message.at;
      state.seen.set(key, message.at);
      keepNewest(state.seen, SEEN_MAX);
      state.history.push(message);
      if (state.history.length > HISTORY_MAX) state.history.shift();
      ctx.publish(roomTopic(room), { type: 'posted', room, opened, after, message });
    },

    /** Nothing to do: it is here, and after a crash `onStart` has told its people. */
    present: () => {},

    expire(ctx) {
      if (ctx.state.people.size === 0) ctx.state = { ...emptyRoom(), opened: ctx.state.opened };
    },
  },
});

/** The sender's id is set by the runtime, so nobody can write in another's name. */
function author({ sender }: Context<Room>): { user: string; name: string } {
  if (!sender) throw new Refusal('users-only', 'a room talks to actors; got mail without a sender');
  return { user: sender, name: parseActorId(sender).key };
}

/** While somebody is here a reminder brings it back after a crash, also where nobody writes. */
function fill(ctx: Context<Room>): void {
  ctx.forget('expire');
  ctx.remind('present', { everyMs: PRESENT_MS }, { type: 'present' });
}

function empty(ctx: Context<Room>): void {
  ctx.forget('present');
  ctx.remind('expire', { atMs: Date.now() + KEEP_EMPTY_MS }, { type: 'expire' });
}
