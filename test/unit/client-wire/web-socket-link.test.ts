/** A link over real WebSockets: order, pauses, large frames, ends. */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { FrameSplitter } from '../../../src/wire/frame.ts';
import {
  firstFrameOf,
  SilentWebSocketError,
  WEB_SOCKET_MESSAGE_BYTES_MAX,
  WebSocketLink,
  type WebSocketPort,
} from '../../../src/client-wire/web-socket-link.ts';
import { frame } from '../wire/link-conformance.ts';
import { until } from '../wire/event-loop-clock.ts';

const FRAME_BYTES_MAX = 10 * 1024 * 1024;
const clock = systemClock();
let server: WebSocketServer;
let near: WebSocket;
let far: WebSocket;
let one: WebSocketLink;
let other: WebSocketLink;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: WEB_SOCKET_MESSAGE_BYTES_MAX });
  await once(server, 'listening');
  near = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
  [far] = (await once(server, 'connection')) as [WebSocket];
  other = linkOf(far);
  await once(near, 'open');
  one = linkOf(near);
});
afterEach(() => {
  near.terminate();
  server.close();
});

function linkOf(socket: WebSocket): WebSocketLink {
  return new WebSocketLink(socket as unknown as WebSocketPort, new FrameSplitter(FRAME_BYTES_MAX), clock);
}

interface Heard {
  frames: string[];
  ends: (Error | undefined)[];
  drains: number;
  goOn: () => boolean;
}

function hear(link: WebSocketLink): Heard {
  const heard: Heard = { frames: [], ends: [], drains: 0, goOn: () => true };
  link.listener = {
    onFrame: (bytes) => {
      heard.frames.push(new TextDecoder().decode(bytes));
      return heard.goOn();
    },
    onDrain: () => heard.drains++,
    onEnd: (error) => void heard.ends.push(error),
  };
  return heard;
}

test('frames come in order, though the other end reads one at a time, and all before the end', async () => {
  const heard = hear(other);
  heard.goOn = () => false;
  hear(one);
  const texts = Array.from({ length: 300 }, (_, n) => `frame ${n}`);
  for (const text of texts) one.write(frame(text));
  one.close();
  for (let n = 0; n < 400 && heard.ends.length === 0; n++) {
    await until(() => heard.frames.length > n || heard.ends.length > 0, 'what is written');
    expect(heard.frames.length).toBeLessThanOrEqual(n + 1);
    other.resume();
  }
  await until(() => heard.ends.length > 0, 'what is written');
  expect(heard.frames).toEqual(texts);
  expect(heard.ends).toEqual([undefined]);
});

test('a frame that is larger than a message may be is sent in several', async () => {
  const heard = hear(other);
  const text = 'x'.repeat(10 * WEB_SOCKET_MESSAGE_BYTES_MAX + 7);
  one.write(frame(text));
  await until(() => heard.frames.length === 1, 'what is written');
  expect(heard.frames).toEqual([text]);
});

test('who does not read makes the other end say slow down, and go on later', async () => {
  const heard = hear(other);
  const writer = hear(one);
  await clockTurns();
  far.pause();
  const text = 'x'.repeat(WEB_SOCKET_MESSAGE_BYTES_MAX);
  let written = 0;
  while (one.write(frame(text)) && written < 1_000) {
    written++;
    await clockTurns();
  }
  expect(one.blocked).toBe(true);
  expect(written).toBeLessThan(1_000);
  far.resume();
  await until(() => writer.drains === 1, 'what is written');
  expect(one.blocked).toBe(false);
  await until(() => heard.frames.length === written + 1, 'what is written');
});

test('a message of text, or a frame that is too large, ends it with the reason', async () => {
  const heard = hear(other);
  near.send('text');
  await until(() => heard.ends.length === 1, 'what is written');
  expect(heard.ends[0]?.message).toBe('a message that is no bytes');
});

test('its first frame comes within a time, or it ends', async () => {
  await expect(firstFrameOf(other, clock, 20)).rejects.toBeInstanceOf(SilentWebSocketError);
  await once(near, 'close');
});

test('what comes behind the first frame waits for its owner', async () => {
  const first = firstFrameOf(other, clock, 5_000);
  for (const text of ['hello', 'one', 'two']) one.write(frame(text));
  expect(new TextDecoder().decode(await first)).toBe('hello');
  await clockTurns();
  const heard = hear(other);
  await until(() => heard.frames.length === 2, 'what is written');
  expect(heard.frames).toEqual(['one', 'two']);
});

async function clockTurns(): Promise<void> {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
}
