/**
 * A person: the sockets that they look through, the rooms that they are in, what they have not read, and their
 * conversations with others, also while they are away. It watches its sockets and its rooms; when a room has ended it
 * joins again, and when it ends itself its sockets' pages say hello to the next incarnation.
 */
import { type Context, defineActor, parseActorId, Refusal } from 'troupe';
import {
  type ChatMessage,
  CONNECTIONS_PER_USER_MAX,
  CONVERSATIONS_PER_USER_MAX,
  HISTORY_MAX,
  keepNewest,
  ROOMS_PER_USER_MAX,
  roomTopic,
  type ServerFrame,
} from './_chat.ts';

/** A page that is loaded again, or finds another worker, does not leave its rooms in between. */
const LEAVE_AFTER_MS = 2_000;
/** Messages for somebody who is away are kept this long. */
const KEEP_AWAY_MS = 60 * 60_000;
const EXPIRE_EVERY_MS = 60_000;

interface RoomSeat {
  /** Which incarnation of the room has let us in; 0: none yet. */
  since: number;
  readAt: number;
  unread: number;
}

interface Conversation {
  messages: ChatMessage[];
  unread: number;
}

interface User {
  connections: Set<string>;
  rooms: Map<string, RoomSeat>;
  conversations: Map<string, Conversation>;
  awaySince: number;
}

type Ctx = Context<User>;
type FromRoom<T> = { room: string; since: number } & T;

export default defineActor({
  supervision: { onFailure: 'stop' },
  state: (): User => ({ connections: new Set(), rooms: new Map(), conversations: new Map(), awaySince: Date.now() }),
  onStart: (ctx) => void ctx.every(EXPIRE_EVERY_MS, { type: 'expire' }),

  receive: {
    // From a connection.

    async hello(ctx, hello: { rooms: { room: string; readAt: number }[]; direct: { with: string; unread: number }[] }) {
      const connection = senderOf(ctx);
      const { connections, conversations, rooms } = ctx.state;
      if (connections.size >= CONNECTIONS_PER_USER_MAX && !connections.has(connection)) {
        const reason = `${ctx.key} has ${CONNECTIONS_PER_USER_MAX} pages open already`;
        return sendTo(ctx, connection, { type: 'refused', reason });
      }
      connections.add(connection);
      ctx.watch(connection);
      // What an earlier incarnation had counted, the page has told us.
      for (const { with: other, unread } of hello.direct) {
        if (!conversations.has(other)) conversationWith(ctx, other).unread = unread;
      }
      for (const [other, { messages, unread }] of conversations) {
        sendTo(ctx, connection, { type: 'conversation', with: other, messages: [...messages], unread });
      }
      const readAt = new Map(hello.rooms.map((known) => [known.room, known.readAt]));
      for (const room of new Set([...rooms.keys(), ...readAt.keys()])) await join(ctx, room, readAt.get(room) ?? 0);
    },

    join: (ctx, { room, readAt }: { room: string; readAt: number }) => join(ctx, room, readAt),

    async leave(ctx, { room }: { room: string }) {
      await leave(ctx, room);
      send(ctx, { type: 'left', room });
    },

    post(ctx, { room, id, text }: { room: string; id: string; text: string }) {
      if (ctx.state.rooms.has(room)) ctx.tell(`chat-room/${room}`, { type: 'post', id, text });
    },

    direct(ctx, message: { with: string; id: string; text: string }) {
      ctx.tell(`chat-user/${message.with}`, { type: 'whisper', id: message.id, text: message.text });
    },

    'read-room'(ctx, { room, at }: { room: string; at: number }) {
      const seat = ctx.state.rooms.get(room);
      if (!seat) return;
      seat.readAt = Math.max(seat.readAt, at);
      seat.unread = 0;
      send(ctx, { type: 'unread', room, unread: 0 });
    },

    'read-direct'(ctx, message: { with: string }) {
      const conversation = ctx.state.conversations.get(message.with);
      if (!conversation) return;
      conversation.unread = 0;
      send(ctx, { type: 'unread-direct', with: message.with, unread: 0 });
    },

    // From a room. What an incarnation says that has not let us in yet, its `joined` says too.

    joined(ctx, { room, since, people, history }: FromRoom<{ people: string[]; history: ChatMessage[] }>) {
      const seat = ctx.state.rooms.get(room);
      if (!seat) return;
      seat.since = since;
      seat.unread = history.filter(({ at, from }) => at > seat.readAt && from !== ctx.key).length;
      send(ctx, { type: 'joined', room, since, people, history, unread: seat.unread });
    },

    posted(ctx, { room, since, message }: FromRoom<{ message: ChatMessage }>) {
      const seat = ctx.state.rooms.get(room);
      if (seat?.since !== since) return;
      if (message.from !== ctx.key) seat.unread++;
      send(ctx, { type: 'posted', room, message, unread: seat.unread });
    },

    came(ctx, { room, since, name }: FromRoom<{ name: string }>) {
      if (ctx.state.rooms.get(room)?.since === since) send(ctx, { type: 'came', room, name });
    },

    went(ctx, { room, since, name }: FromRoom<{ name: string }>) {
      if (ctx.state.rooms.get(room)?.since === since) send(ctx, { type: 'went', room, name });
    },

    async refused(ctx, { room, reason }: { room: string; reason: string }) {
      await leave(ctx, room);
      send(ctx, { type: 'refused', room, reason });
    },

    // Between two people. Both keep the conversation; the receiver decides on order and repeats.

    whisper(ctx, { id, text }: { id: string; text: string }) {
      const from = parseActorId(senderOf(ctx)).key;
      const known = ctx.state.conversations.get(from)?.messages.find((message) => message.id === id);
      const message = known ?? { id, from, text, at: Date.now() };
      if (!known) keep(ctx, from, message);
      ctx.tell(senderOf(ctx), { type: 'whispered', message });
    },

    whispered(ctx, { message }: { message: ChatMessage }) {
      keep(ctx, parseActorId(senderOf(ctx)).key, message);
    },

    // From its own timers.

    async 'leave-rooms'(ctx) {
      if (ctx.state.connections.size > 0) return;
      for (const room of [...ctx.state.rooms.keys()]) await leave(ctx, room);
    },

    expire(ctx) {
      const { connections, awaySince } = ctx.state;
      if (connections.size === 0 && Date.now() - awaySince >= KEEP_AWAY_MS) ctx.stop();
    },
  },

  async onTerminated(ctx, { id }) {
    const { connections, rooms } = ctx.state;
    const { kind, key } = parseActorId(id);
    const seat = kind === 'chat-room' ? rooms.get(key) : undefined;
    if (seat) return join(ctx, key, seat.readAt);
    if (!connections.delete(id) || connections.size > 0) return;
    ctx.state.awaySince = Date.now();
    ctx.after(LEAVE_AFTER_MS, { type: 'leave-rooms' });
  },
});

function senderOf({ sender }: Ctx): string {
  if (!sender) throw new Refusal('actors-only', 'a user talks to actors; got mail without a sender');
  return sender;
}

/** Also for a room that it is in already: the answer is the room as it is now. */
async function join(ctx: Ctx, room: string, readAt: number): Promise<void> {
  const { rooms } = ctx.state;
  if (!rooms.has(room)) {
    const reason = `nobody is in more than ${ROOMS_PER_USER_MAX} rooms`;
    if (rooms.size >= ROOMS_PER_USER_MAX) return send(ctx, { type: 'refused', room, reason });
    rooms.set(room, { since: 0, readAt, unread: 0 });
    await ctx.subscribe(roomTopic(room));
  }
  ctx.tell(`chat-room/${room}`, { type: 'join' });
  // After the mail that brings it to life: a watch on nothing would tell at once.
  ctx.watch(`chat-room/${room}`);
}

async function leave(ctx: Ctx, room: string): Promise<void> {
  if (!ctx.state.rooms.delete(room)) return;
  ctx.unwatch(`chat-room/${room}`);
  ctx.tell(`chat-room/${room}`, { type: 'leave' });
  await ctx.unsubscribe(roomTopic(room));
}

function keep(ctx: Ctx, other: string, message: ChatMessage): void {
  const conversation = conversationWith(ctx, other);
  const { messages } = conversation;
  if (!messages.some(({ id }) => id === message.id)) {
    messages.push(message);
    if (messages.length > HISTORY_MAX) messages.shift();
    if (message.from !== ctx.key) conversation.unread++;
  }
  send(ctx, { type: 'direct', with: other, message, unread: conversation.unread });
}

/** Asked for is used: the ones that are not are forgotten first. */
function conversationWith({ state: { conversations } }: Ctx, other: string): Conversation {
  const conversation = conversations.get(other) ?? { messages: [], unread: 0 };
  conversations.delete(other);
  conversations.set(other, conversation);
  keepNewest(conversations, CONVERSATIONS_PER_USER_MAX);
  return conversation;
}

/** To all pages of this person. */
function send(ctx: Ctx, frame: ServerFrame): void {
  for (const connection of ctx.state.connections) sendTo(ctx, connection, frame);
}

function sendTo(ctx: Ctx, connection: string, frame: ServerFrame): void {
  ctx.tell(connection, { type: 'send', frame });
}
