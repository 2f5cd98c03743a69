/**
 * A person: the sockets that they look through, the rooms that they are in, what they have not read, and their
 * conversations with others, also while they are away, all on disk. It watches its sockets and its rooms; when a room has
 * ended, or it has missed something said there, it joins again. After a crash it comes back by itself, and joins its rooms anew.
 */
import { type Context, defineActor, parseActorId, Refusal } from 'troupe';
import {
  type ChatMessage,
  CONNECTIONS_PER_USER_MAX,
  CONVERSATIONS_CHARACTERS_MAX,
  CONVERSATIONS_PER_USER_MAX,
  HISTORY_MAX,
  keepNewest,
  PRESENT_MS,
  ROOMS_PER_USER_MAX,
  roomTopic,
  type ServerFrame,
} from './_chat.ts';

/** A page that is loaded again, or finds another worker, does not leave its rooms in between. */
const LEAVE_AFTER_MS = 2_000;
/** Nor one whose worker died: a page tries again within ten seconds. */
const BACK_WITHIN_MS = 15_000;
/** Messages for somebody who is away are kept for a week. */
const KEEP_AWAY_MS = 7 * 24 * 3_600_000;

interface RoomSeat {
  /** Which incarnation of the room has let us in; '': none yet. */
  opened: string;
  /** The time of the last message that came from there. */
  lastAt: number;
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
  /** It has a page, or a seat in a room. */
  isPresent: boolean;
}

type Ctx = Context<User>;
type FromRoom<T> = { room: string; opened: string } & T;

export default defineActor({
  durable: true,
  state: (): User => ({ connections: new Set(), rooms: new Map(), conversations: new Map(), isPresent: false }),

  /** Subscriptions and watches are of the incarnation. */
  async onStart(ctx) {
    const { connections, rooms } = ctx.state;
    for (const connection of connections) ctx.watch(connection);
    if (rooms.size > 0 && connections.size === 0) ctx.after(BACK_WITHIN_MS, { type: 'leave-rooms' });
    for (const room of rooms.keys()) {
      await ctx.subscribe(roomTopic(room));
      ctx.tell(`chat-room/${room}`, { type: 'join' });
    }
  },

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
      notePresence(ctx);
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

    joined(ctx, message: FromRoom<{ since: number; lastAt: number; people: string[]; history: ChatMessage[] }>) {
      const { room, opened, since, lastAt, people, history } = message;
      const seat = ctx.state.rooms.get(room);
      if (!seat) return;
      Object.assign(seat, { opened, lastAt });
      seat.unread = history.filter(({ at, from }) => at > seat.readAt && from !== ctx.key).length;
      // It lives now, so a watch that finds nothing would be wrong about it.
      ctx.watch(`chat-room/${room}`);
      send(ctx, { type: 'joined', room, since, people, history, unread: seat.unread });
    },

    posted(ctx, { room, opened, after, message }: FromRoom<{ after: number; message: ChatMessage }>) {
      const seat = ctx.state.rooms.get(room);
      if (seat?.opened !== opened || message.at <= seat.lastAt) return;
      // One in between was lost with a process.
      if (seat.lastAt !== after) return askForAll(ctx, room, seat);
      seat.lastAt = message.at;
      if (message.from !== ctx.key) seat.unread++;
      send(ctx, { type: 'posted', room, message, unread: seat.unread });
    },

    repeated(ctx, { room, message }: { room: string; message: ChatMessage }) {
      const seat = ctx.state.rooms.get(room);
      if (seat) send(ctx, { type: 'posted', room, message, unread: seat.unread });
    },

    came(ctx, { room, opened, name }: FromRoom<{ name: string }>) {
      if (ctx.state.rooms.get(room)?.opened === opened) send(ctx, { type: 'came', room, name });
    },

    went(ctx, { room, opened, name }: FromRoom<{ name: string }>) {
      if (ctx.state.rooms.get(room)?.opened === opened) send(ctx, { type: 'went', room, name });
    },

    /** The room is in memory again, and may have lost a publish with its process. */
    reopened(ctx, { room }: { room: string }) {
      const seat = ctx.state.rooms.get(room);
      if (!seat) ctx.tell(`chat-room/${room}`, { type: 'leave' });
      else if (seat.opened !== '') askForAll(ctx, room, seat);
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

    // From its own timers and reminders.

    async 'leave-rooms'(ctx) {
      if (ctx.state.connections.size > 0) return;
      for (const room of [...ctx.state.rooms.keys()]) await leave(ctx, room);
    },

    /** Nothing to do: it is here, and after a crash `onStart` has seen to its rooms and pages. */
    present: () => {},

    expire(ctx) {
      if (!ctx.state.isPresent) ctx.state.conversations.clear();
    },
  },

  async onTerminated(ctx, { id, reason }) {
    const { connections, rooms } = ctx.state;
    const { kind, key } = parseActorId(id);
    const seat = kind === 'chat-room' ? rooms.get(key) : undefined;
    if (seat) return askForAll(ctx, key, seat);
    if (!connections.delete(id) || connections.size > 0) return;
    notePresence(ctx);
    // The socket was closed, or its process is gone and the page looks for another.
    ctx.after(reason === 'stopped' ? LEAVE_AFTER_MS : BACK_WITHIN_MS, { type: 'leave-rooms' });
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
    rooms.set(room, { opened: '', lastAt: 0, readAt, unread: 0 });
    await ctx.subscribe(roomTopic(room));
  }
  notePresence(ctx);
  ctx.tell(`chat-room/${room}`, { type: 'join' });
}

/** Until the answer is there, nothing that the room says counts: the answer has it all. */
function askForAll(ctx: Ctx, room: string, seat: RoomSeat): void {
  seat.opened = '';
  ctx.tell(`chat-room/${room}`, { type: 'join' });
}

async function leave(ctx: Ctx, room: string): Promise<void> {
  if (!ctx.state.rooms.delete(room)) return;
  notePresence(ctx);
  ctx.unwatch(`chat-room/${room}`);
  ctx.tell(`chat-room/${room}`, { type: 'leave' });
  await ctx.unsubscribe(roomTopic(room));
}

/** Who is here is brought back by a reminder after a crash; who is not is forgotten after a while. */
function notePresence(ctx: Ctx): void {
  const { state } = ctx;
  const isPresent = state.connections.size > 0 || state.rooms.size > 0;
  if (isPresent === state.isPresent) return;
  state.isPresent = isPresent;
  ctx.forget(isPresent ? 'expire' : 'present');
  if (isPresent) ctx.remind('present', { everyMs: PRESENT_MS }, { type: 'present' });
  else ctx.remind('expire', { atMs: Date.now() + KEEP_AWAY_MS }, { type: 'expire' });
}

function keep(ctx: Ctx, other: string, message: ChatMessage): void {
  const conversation = conversationWith(ctx, other);
  const { messages } = conversation;
  if (!messages.some(({ id }) => id === message.id)) {
    messages.push(message);
    if (messages.length > HISTORY_MAX) messages.shift();
    if (message.from !== ctx.key) conversation.unread++;
    trim(ctx);
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

/** The oldest messages of the conversation that was used least recently go first. */
function trim({ state: { conversations } }: Ctx): void {
  let characters = 0;
  for (const { messages } of conversations.values()) for (const { text } of messages) characters += text.length;
  for (const { messages } of conversations.values()) {
    while (characters > CONVERSATIONS_CHARACTERS_MAX && messages.length > 0) {
      characters -= messages.shift()?.text.length ?? 0;
    }
  }
}

/** To all pages of this person. */
function send(ctx: Ctx, frame: ServerFrame): void {
  for (const connection of ctx.state.connections) sendTo(ctx, connection, frame);
}

function sendTo(ctx: Ctx, connection: string, frame: ServerFrame): void {
  ctx.tell(connection, { type: 'send', frame });
}
