import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  CONTROL_SOCKETS_MAX,
  livingControlSockets,
  newControlSocketFile,
  removeDeserted,
  YOUNG_MS,
} from '../../../src/client-wire/control-folder.ts';

let dataDir: string;
let folder: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'control-folder-'));
  folder = join(dataDir, 'control');
  mkdirSync(folder, { mode: 0o700 });
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** The socket file of a process that is gone. */
async function deserted(): Promise<string> {
  const path = newControlSocketFile(dataDir, 'dead');
  const server = createServer().listen(`${path}.first`);
  await once(server, 'listening');
  renameSync(`${path}.first`, path);
  server.close();
  utimesSync(path, 0, 0);
  return path;
}

test('what somebody listens at, and what is no control socket, stays; what is left behind goes', async () => {
  const dead = await deserted();
  const living = newControlSocketFile(dataDir, 'living');
  const server = createServer().listen(living);
  await once(server, 'listening');
  utimesSync(living, 0, 0);
  writeFileSync(join(folder, 'other.0123456789ab.sock'), 'a file of somebody else');
  await removeDeserted(dataDir);
  expect(existsSync(dead)).toBe(false);
  expect(readdirSync(folder)).toHaveLength(2);
  expect(await livingControlSockets(dataDir)).toEqual([{ path: living, system: 'living' }]);
  server.close();
});

test('a start looks at so many sockets, and not at one more', async () => {
  const first = await deserted();
  for (let n = 0; n < CONTROL_SOCKETS_MAX; n++) linkSync(first, newControlSocketFile(dataDir, 'dead'));
  await removeDeserted(dataDir);
  expect(readdirSync(folder)).toHaveLength(1);
});

test('a socket that is young is left alone: its system may be about to listen', async () => {
  const young = await deserted();
  utimesSync(young, new Date(), new Date());
  await removeDeserted(dataDir);
  expect(existsSync(young)).toBe(true);
});

test('one that nobody answers stays while it is young: whoever made it may not listen yet', async () => {
  const [young, old] = [await deserted(), await deserted()];
  const seconds = Date.now() / 1_000;
  utimesSync(young, seconds, seconds + 3_600);
  utimesSync(old, seconds, seconds - YOUNG_MS / 1_000);
  await removeDeserted(dataDir);
  expect([existsSync(young), existsSync(old)]).toEqual([true, false]);
});
