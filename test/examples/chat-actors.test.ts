/** The chat's actors in one process, without sockets: what a room and a person remember, and every bound of it. */
import { createSystem, defineActor, type System } from 'troupe';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type ChatMessage,
  CONNECTIONS_PER_USER_MAX,
  CONVERSATIONS_PER_USER_MAX,
  HISTORY_MAX,
  PEOPLE_PER_ROOM_MAX,
  ROOMS_PER_USER_MAX,
  SEEN_MAX,
  type ServerFrame,
} from '../../actors/_chat.ts';
import room from '../../actors/chat-room.ts';
import user from '../../actors/chat-user.ts';

/** Instead of a socket: keeps the frames, and says to its user what it is told to. */
const connection = defineActor({
  state: () => ({ frames: [] as ServerFrame[] }),
  receive: {
    say(ctx, { to, message }: { to: string; message: { type: string } }) {
      ctx.tell(`chat-user/${to}`, { ...message });
    },
    send(ctx, { frame }: { frame: ServerFrame }) {
      ctx.state.frames.push(frame);
    },
    take(ctx) {
      const { frames } = ctx.state;
      ctx.state.frames = [];
      return frames;
    },
  },
});

let system: System;

beforeEach(async () => {
  const actors = { 'chat-room': room, 'chat-user': user, 'chat-connection': connection };
  system = await createSystem({ workers: 0, log: 'error', actors });
});

afterEach(async () => {
  kept.clear();
  await system.shutdown();
});

it('a room remembers its newest messages, and no more than its bound', async () => {
  await enter('ann', 'hall');
  for (let i = 0; i < HISTORY_MAX + 5; i++) say('ann', { type: 'post', room: 'hall', id: `m${i}`, text: `${i}` });
  await settled('ann');
  await enter('ben', 'hall');
  const { history } = first(await take('ben'), 'joined');
  expect(history.map(({ text }) => text)).toEqual(Array.from({ length: HISTORY_MAX }, (_, i) => `${i + 5}`));
  expect(new Set(history.map(({ at }) => at)).size).toBe(HISTORY_MAX);
});

it('a repeat is told to its author only, with the time of the first', async () => {
  await enter('ann', 'hall');
  await enter('ben', 'hall');
  for (let i = 0; i < 2; i++) say('ann', { type: 'post', room: 'hall', id: 'same', text: 'once' });
  await settled('ann');
  const own = posted(await take('ann'));
  expect(own).toHaveLength(2);
  expect(own[1]).toEqual(own[0]);
  expect(posted(await take('ben'))).toHaveLength(1);
});

it('the same id of another author is another message', async () => {
  await enter('ann', 'hall');
  await enter('ben', 'hall');
  for (const name of ['ann', 'ben']) say(name, { type: 'post', room: 'hall', id: 'same', text: name });
  await settled('ann');
  await settled('ben');
  expect(
    posted(await take('ann'))
      .map(({ from }) => from)
      .sort(),
  ).toEqual(['ann', 'ben']);
});

it('a repeat is recognised among as many messages as the bound says, not among more', async () => {
  await enter('ann', 'hall');
  for (let i = 0; i < SEEN_MAX + 1; i++) say('ann', { type: 'post', room: 'hall', id: `m${i}`, text: 'x' });
  await settled('ann');
  const times = posted(await take('ann')).map(({ at }) => at);
  for (const id of ['m1', 'm0']) say('ann', { type: 'post', room: 'hall', id, text: 'x' });
  await settled('ann');
  const [known, forgotten] = posted(await take('ann'));
  expect(known?.at).toBe(times[1]);
  expect(forgotten?.at).toBeGreaterThan(times.at(-1) as number);
});

it('a full room refuses one more, and lets them in when somebody has left', async () => {
  for (let i = 0; i < PEOPLE_PER_ROOM_MAX; i++) say(`p${i}`, hello(['hall']));
  await expect.poll(async () => first(await take(`p${PEOPLE_PER_ROOM_MAX - 1}`), 'joined', 'optional')).toBeDefined();
  say('late', hello(['hall']));
  await expect.poll(async () => (await take('late')).map(({ type }) => type)).toContain('refused');
  say('p0', { type: 'leave', room: 'hall' });
  await settled('p0');
  await enter('late', 'hall');
});

it('nobody is in more rooms than the bound says', async () => {
  await enter('ann', 'room-0');
  for (let i = 1; i <= ROOMS_PER_USER_MAX; i++) say('ann', { type: 'join', room: `room-${i}`, readAt: 0 });
  await settled('ann');
  const frames = await take('ann');
  expect(frames.filter(({ type }) => type === 'joined')).toHaveLength(ROOMS_PER_USER_MAX);
  expect(first(frames, 'refused').room).toBe(`room-${ROOMS_PER_USER_MAX}`);
});

it('a person has no more pages open than the bound says', async () => {
  for (let i = 0; i <= CONNECTIONS_PER_USER_MAX; i++) {
    await system.ask(`chat-connection/ann-${i}`, { type: 'say', to: 'ann', message: hello([]) });
  }
  await expect
    .poll(() => system.ask(`chat-connection/ann-${CONNECTIONS_PER_USER_MAX}`, { type: 'take' }))
    .toEqual([{ type: 'refused', reason: 'ann has 10 pages open already' }]);
});

it('the conversations that were used least recently are forgotten first', async () => {
  for (let i = 0; i <= CONVERSATIONS_PER_USER_MAX; i++) {
    say(`p${i}`, { type: 'direct', with: 'ann', id: 'a', text: 'hi' });
    await settled(`p${i}`);
  }
  await enter('ann', 'hall');
  const talks = (await take('ann')).flatMap((frame) => (frame.type === 'conversation' ? [frame.with] : []));
  expect(talks).toEqual(Array.from({ length: CONVERSATIONS_PER_USER_MAX }, (_, i) => `p${i + 1}`));
});

it('a conversation remembers its newest messages, and no more than its bound', async () => {
  for (let i = 0; i < HISTORY_MAX + 3; i++) say('ben', { type: 'direct', with: 'ann', id: `m${i}`, text: `${i}` });
  await settled('ben');
  await enter('ann', 'hall');
  const { messages, unread } = first(await take('ann'), 'conversation');
  expect(messages.map(({ text }) => text)).toEqual(Array.from({ length: HISTORY_MAX }, (_, i) => `${i + 3}`));
  expect(unread).toBe(HISTORY_MAX + 3);
});

it('a page that knows what was read gets the count of the rest', async () => {
  await enter('ann', 'hall');
  for (const text of ['one', 'two', 'three']) say('ann', { type: 'post', room: 'hall', id: text, text });
  await settled('ann');
  const [one] = posted(await take('ann'));
  say('ben', { type: 'hello', rooms: [{ room: 'hall', readAt: one?.at }], direct: [] });
  await expect.poll(async () => first(await take('ben'), 'joined', 'optional')?.unread).toBe(2);
});

it('when a room has ended, its people are in the next one by themselves', async () => {
  await enter('ann', 'hall');
  await enter('ben', 'hall');
  const before = first(await peek('ann'), 'joined').since;
  await system.kill('chat-room/hall');
  for (const name of ['ann', 'ben']) {
    const since = async (): Promise<number[]> =>
      (await peek(name)).flatMap((frame) => (frame.type === 'joined' ? [frame.since] : []));
    await expect.poll(async () => (await since()).at(-1)).toBeGreaterThan(before);
  }
  say('ann', { type: 'post', room: 'hall', id: 'after', text: 'after' });
  await expect.poll(async () => posted(await take('ben')).map(({ text }) => text)).toEqual(['after']);
});

it('mail without a sender changes nothing in a room or a person', async () => {
  await enter('ann', 'hall');
  await expect(system.ask('chat-room/hall', { type: 'post', id: 'a', text: 'b' })).rejects.toMatchObject({
    code: 'REFUSED',
    reason: 'users-only',
  });
  await expect(system.ask('chat-user/ann', { type: 'whisper', id: 'a', text: 'b' })).rejects.toMatchObject({
    code: 'REFUSED',
    reason: 'actors-only',
  });
});

function hello(rooms: string[]): { type: string; rooms: unknown[]; direct: unknown[] } {
  return { type: 'hello', rooms: rooms.map((name) => ({ room: name, readAt: 0 })), direct: [] };
}

function say(name: string, message: { type: string } & Record<string, unknown>): void {
  system.tell(`chat-connection/${name}`, { type: 'say', to: name, message });
}

async function enter(name: string, into: string): Promise<void> {
  say(name, hello([into]));
  await expect.poll(async () => (await peek(name)).map(({ type }) => type)).toContain('joined');
}

/** Frames that were looked at and not taken yet. */
const kept = new Map<string, ServerFrame[]>();

async function peek(name: string): Promise<ServerFrame[]> {
  const frames = [...(kept.get(name) ?? []), ...(await system.ask(`chat-connection/${name}`, { type: 'take' }))];
  kept.set(name, frames);
  return frames;
}

async function take(name: string): Promise<ServerFrame[]> {
  const frames = await peek(name);
  kept.delete(name);
  return frames;
}

/** Until nothing more comes from what this connection has said: a few hops there and back. */
async function settled(name: string): Promise<void> {
  let count = -1;
  while (count !== (await peek(name)).length) {
    count = (await peek(name)).length;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function posted(frames: ServerFrame[]): ChatMessage[] {
  return frames.flatMap((frame) => (frame.type === 'posted' ? [frame.message] : []));
}

function first<T extends ServerFrame['type']>(
  frames: ServerFrame[],
  type: T,
  isNeeded?: undefined,
): Extract<ServerFrame, { type: T }>;
function first<T extends ServerFrame['type']>(
  frames: ServerFrame[],
  type: T,
  isNeeded: 'optional',
): Extract<ServerFrame, { type: T }> | undefined;
function first(frames: ServerFrame[], type: string, isNeeded?: 'optional'): ServerFrame | undefined {
  const frame = frames.find((each) => each.type === type);
  if (!frame && !isNeeded) throw new Error(`expected a frame ${type}; got ${JSON.stringify(frames).slice(0, 400)}`);
  return frame;
}
