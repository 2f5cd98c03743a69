/** A process's way in stays open, whatever a cleaner of the temporary folder does. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Timer } from '../../../src/vocabulary/clock.ts';
import { isPrivateFolder } from '../../../src/wire/private-folder.ts';
import { LOOK_MS, TOUCH_EVERY } from '../../../src/wire/socket-listener.ts';
import { SocketNetwork } from '../../../src/wire/socket-network.ts';
import { eventLoopClock, until } from './event-loop-clock.ts';
import { Diary, frame, handshakeOf } from './link-conformance.ts';

const PEER = { index: 1, incarnation: 1 };

let parent: string;
let folder: string;
let path: string;
let network: SocketNetwork;
let far: Diary[];
let troubles: Error[];
/** Long waits, which the test lets end. */
let waits: { ms: number; run: () => void }[];
const networks: SocketNetwork[] = [];

const clock = {
  ...eventLoopClock,
  setTimer(ms: number, run: () => void): Timer {
    if (ms !== LOOK_MS) return eventLoopClock.setTimer(ms, run);
    const wait = { ms, run };
    waits.push(wait);
    return {
      cancel: () => {
        waits = waits.filter((one) => one !== wait);
      },
    };
  },
};

function newNetwork(): SocketNetwork {
  const made = new SocketNetwork({
    ...{ clock, folder, frameBytesMax: 1_000 },
    troubled: (error) => troubles.push(error),
  });
  networks.push(made);
  return made;
}

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'door-'));
  folder = join(parent, 'sockets');
  [far, troubles, waits] = [[], [], []];
  network = newNetwork();
  path = await network.listen(handshakeOf(1), (link) => far.push(new Diary(link)));
});

afterEach(async () => {
  await Promise.all(networks.splice(0).map((one) => one.close()));
  rmSync(parent, { recursive: true, force: true });
});

/** The one wait there is comes to its end. */
function pass(looks = 1): void {
  for (let n = 0; n < looks; n++) {
    expect(waits.map((wait) => wait.ms)).toEqual([LOOK_MS]);
    waits.shift()?.run();
  }
}

async function expectWayIn(): Promise<void> {
  const before = far.length;
  const near = new Diary(await newNetwork().connect(path, handshakeOf(2), PEER));
  await until(() => far.length > before, 'the link');
  near.link.write(frame('in'));
  await far.at(-1)?.has(1);
  expect(far.at(-1)?.frames).toEqual(['in']);
}

const linkUp = (): Promise<unknown> => newNetwork().connect(path, handshakeOf(2), PEER);

test('the folder is made for its user alone where it is not there', async () => {
  expect(isPrivateFolder(folder)).toBe(true);
  await expectWayIn();
});

test.each([
  ['the folder', () => rmSync(folder, { recursive: true })],
  ['the socket', () => rmSync(path)],
])('where %s was removed, others come in again once somebody is expected', async (_, clean) => {
  await expectWayIn();
  const old = far.at(-1) as Diary;
  clean();
  await expect(linkUp()).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
  network.mend();
  await until(() => existsSync(path), 'the socket');
  await expectWayIn();
  expect(isPrivateFolder(folder)).toBe(true);
  expect([old.ends, troubles]).toEqual([0, []]);
});

test('a socket that is there is left as it is', async () => {
  const before = statSync(path).ino;
  network.mend();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(statSync(path).ino).toBe(before);
});

test('what was removed is also noticed by itself after a while', async () => {
  rmSync(folder, { recursive: true });
  pass();
  await until(() => existsSync(path), 'the socket');
  await expectWayIn();
});

test('folder and socket are touched while they are in use', () => {
  const then = new Date(Date.now() - 30 * 24 * 3_600_000);
  for (const one of [folder, path]) utimesSync(one, then, then);
  pass(TOUCH_EVERY);
  for (const one of [folder, path]) {
    expect(Date.now() - statSync(one).mtimeMs).toBeLessThan(60_000);
    expect(Date.now() - statSync(one).atimeMs).toBeLessThan(60_000);
  }
});

test('a folder that others may enter is neither listened in nor connected through; that is told once, and tried again', async () => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  network.mend();
  await until(() => troubles.length > 0, 'the trouble');
  expect(troubles[0]?.message).toContain(`0700); got another one at ${folder}`);
  expect(existsSync(path)).toBe(false);
  await expect(linkUp()).rejects.toThrow(/no folder of this user's alone/);
  for (let n = 0; n < 3; n++) {
    pass();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(troubles).toHaveLength(1);
  rmSync(folder, { recursive: true });
  pass();
  await until(() => existsSync(path), 'the socket');
  await expectWayIn();
  expect(waits.map((wait) => wait.ms)).toEqual([LOOK_MS]);
});

test('after close nothing is made again', async () => {
  await network.close();
  expect([existsSync(path), waits]).toEqual([false, []]);
  network.mend();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(existsSync(path)).toBe(false);
});
