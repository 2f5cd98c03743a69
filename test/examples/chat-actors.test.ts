/** The chat's actors in one process, without sockets: what a room and a person remember, and every bound of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem, defineActor, type System } from 'troupe';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type ChatMessage,
  CONNECTIONS_PER_USER_MAX,
  CONVERSATIONS_CHARACTERS_MAX,
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
  state: () => ({ frames: [] as ServerFrame[], seat: {} as object }),
  receive: {
    /** In a room as a person is, to see what it says. */
    enter: (ctx, { into }: { into: string }) => void ctx.tell(`chat-room/${into}`, { type: 'join' }),
    joined(ctx, message: object) {
      ctx.state.seat = { ...message };
    },
    seat: (ctx) => ctx.state.seat,

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
let dataDir: string;

async function start(): Promise<void> {
  const actors = { 'chat-room': room, 'chat-user': user, 'chat-connection': connection };
  system = await createSystem({ workers: 0, log: 'error', actors, dataDir });
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-chat-'));
  await start();
});

afterEach(async () => {
  kept.clear();
  await system.shutdown();
  rmSync(dataDir, { recursive: true, force: true });
});

it('a room remembers its newest messages, and no more than its bound', async () => {
  await enter('ann', 'hall');
  for (let i = 0; i < HISTORY_MAX + 5; i++) say('ann', { type: 'post', room: 'hall', id: `m${i}`, text: `${i}` });
  await counted('ann', 'posted', HISTORY_MAX + 5);
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
  await counted('ann', 'posted', SEEN_MAX + 1);
  const times = posted(await take('ann')).map(({ at }) => at);
  for (const id of ['m1', 'm0']) say('ann', { type: 'post', room: 'hall', id, text: 'x' });
  await counted('ann', 'posted', 2);
  const [known, forgotten] = posted(await take('ann'));
  expect(known?.at).toBe(times[1]);
  expect(forgotten?.at).toBeGreaterThan(times.at(-1) as number);
});

it('a full room refuses one more, and lets them in when somebody has left', async () => {
  for (let i = 0; i < PEOPLE_PER_ROOM_MAX; i++) say(`p${i}`, hello(['hall']));
  const last = async () => first(await take(`p${PEOPLE_PER_ROOM_MAX - 1}`), 'joined', 'optional');
  await expect.poll(last, { timeout: 20_000 }).toBeDefined();
  say('late', hello(['hall']));
  await expect.poll(async () => (await take('late')).map(({ type }) => type), { timeout: 5_000 }).toContain('refused');
  say('p0', { type: 'leave', room: 'hall' });
  await settled('p0');
  await enter('late', 'hall');
});

it('nobody is in more rooms than the bound says', async () => {
  await enter('ann', 'room-0');
  for (let i = 1; i <= ROOMS_PER_USER_MAX; i++) say('ann', { type: 'join', room: `room-${i}`, readAt: 0 });
  await counted('ann', 'joined', ROOMS_PER_USER_MAX);
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
    say(`p${i}`, hello([]));
    say(`p${i}`, { type: 'direct', with: 'ann', id: 'a', text: 'hi' });
    await counted(`p${i}`, 'direct', 1);
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
  await system.kill('chat-room/hall');
  for (const name of ['ann', 'ben']) {
    const joined = async (): Promise<number> => (await peek(name)).filter(({ type }) => type === 'joined').length;
    await expect.poll(joined, { timeout: 5_000 }).toBeGreaterThan(1);
  }
  say('ann', { type: 'post', room: 'hall', id: 'after', text: 'after' });
  await expect.poll(async () => posted(await take('ben')).map(({ text }) => text)).toEqual(['after']);
});

it('a room and its people are what they were after a restart of everything', async () => {
  await enter('ann', 'hall');
  await enter('ben', 'hall');
  say('ann', { type: 'post', room: 'hall', id: 'm1', text: 'before' });
  say('ben', { type: 'direct', with: 'ann', id: 'd1', text: 'between us' });
  await settled('ann');
  const { since } = first(await take('ann'), 'joined');
  await system.shutdown();
  kept.clear();
  await start();
  // Only Ann's page comes back at once; Ben is still in the room, though nothing has brought his actor to life but the room.
  say('ann', hello([]));
  const back = async () => (await peek('ann')).findLast((frame) => frame.type === 'joined');
  await expect.poll(back).toMatchObject({ room: 'hall', since, people: ['ann', 'ben'], history: [{ text: 'before' }] });
  expect(first(await peek('ann'), 'conversation')).toMatchObject({ with: 'ben', messages: [{ text: 'between us' }] });
  say('ben', { type: 'post', room: 'hall', id: 'm2', text: 'after' });
  await expect.poll(async () => posted(await peek('ann')).map(({ text }) => text)).toEqual(['after']);
});

it('what a room has said and a process has lost comes with the next message', async () => {
  await enter('ann', 'hall');
  await enter('ben', 'hall');
  say('ann', { type: 'post', room: 'hall', id: 'm1', text: 'one' });
  await settled('ben');
  // As if the publish of a message had been lost on the way: Ben hears of it only by the gap before the next one.
  await system.ask('chat-connection/spy', { type: 'enter', into: 'hall' });
  await expect.poll(() => system.ask('chat-connection/spy', { type: 'seat' })).toHaveProperty('opened');
  const seat = await system.ask('chat-connection/spy', { type: 'seat' });
  await system.ask('chat-user/ben', { ...seat, type: 'joined', lastAt: 1, history: [] });
  say('ann', { type: 'post', room: 'hall', id: 'm2', text: 'two' });
  const last = async () => (await peek('ben')).findLast((frame) => frame.type === 'joined')?.history.map((m) => m.text);
  await expect.poll(last).toEqual(['one', 'two']);
});

it('all conversations of a person together have a bound; the oldest words go first', async () => {
  const text = 'x'.repeat(2_000);
  const all = CONVERSATIONS_CHARACTERS_MAX / 2_000;
  for (let i = 0; i < all + 3; i++) say(`p${i % 2}`, { type: 'direct', with: 'ann', id: `m${i}`, text });
  for (const name of ['p0', 'p1']) await settled(name);
  say('ann', hello([]));
  const talks = async () =>
    (await peek('ann')).flatMap((frame) => (frame.type === 'conversation' ? frame.messages : []));
  await expect.poll(async () => (await talks()).length).toBe(all);
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

/** Until so many frames of a type have come, looked at and not taken. */
async function counted(name: string, type: ServerFrame['type'], count: number): Promise<void> {
  const found = async (): Promise<number> => (await peek(name)).filter((frame) => frame.type === type).length;
  await expect.poll(found, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
}

/** Until nothing more comes from what this connection has said: a few hops there and back, each with a commit. */
async function settled(name: string): Promise<void> {
  let count = -1;
  while (count !== (await peek(name)).length) {
    count = (await peek(name)).length;
    await new Promise((resolve) => setTimeout(resolve, 250));
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
