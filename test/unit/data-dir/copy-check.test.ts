/** A copy is read in a process of its own: however that one ends, this one goes on, and the dataDir is as it was. */
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { READER_SIGN_MS, READER_SILENT_LOOKS_MAX } from '../../../src/data-dir/copy-check.ts';
import { checkCopy, restoreStore } from '../../../src/data-dir/store-copy.ts';
import { COMMIT_CHANGES_MAX } from '../../../src/store/commit-rules.ts';
import { HEAD, openEnvironment, WAKE } from '../../../src/store/lmdb-environment.ts';
import { LmdbStore } from '../../../src/store/lmdb-store.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { COPY_READER, otherReader } from './copy-readers.ts';
import { until } from '../wire/event-loop-clock.ts';

let folder: string;
let backup: string;
let copy: string;
let dataDir: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-copy-'));
  [backup, dataDir] = [join(folder, 'backup'), join(folder, 'data')];
  copy = join(backup, 'store');
  for (const place of [backup, dataDir]) await LmdbStore.open(join(place, 'store')).close();
  rmSync(join(copy, 'data.mdb-lock'));
});
afterEach(() => {
  vi.useRealTimers();
  vi.doUnmock('node:child_process');
  vi.resetModules();
  rmSync(folder, { recursive: true, force: true });
});

const restore = (program: string) => restoreStore({ backup, dataDir, replaces: true, progress: () => {}, program });
const ANSWER = "{ type: 'checked', check: { records: 7, wakes: 0, faults: 0, told: [] } }";
const WAITS = 'setInterval(() => {}, 1_000);';

async function untilThere(path: string): Promise<void> {
  await until(() => existsSync(path), `the file ${path}`);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.each([
  ['by SIGSEGV', "process.kill(process.pid, 'SIGSEGV');", 'is damaged: the engine ended while it read it (SIGSEGV)'],
  ['by SIGBUS', "process.kill(process.pid, 'SIGBUS');", 'is damaged: the engine ended while it read it (SIGBUS)'],
  ['by SIGABRT', "process.kill(process.pid, 'SIGABRT');", 'is damaged: the engine ended while it read it (SIGABRT)'],
  ['by SIGKILL', "process.kill(process.pid, 'SIGKILL');", 'ended by SIGKILL, without an answer'],
  ['with a code', 'process.exit(3);', 'ended with exit code 3, without an answer'],
  ['as if all were well', 'process.exit(0);', 'ended with exit code 0, without an answer'],
])('a reader that ends %s is one sentence, and the dataDir as it was', async (_how, ends, said) => {
  const reader = otherReader(folder, `process.send({ type: 'alive' }, () => { ${ends} });\n${WAITS}`);
  const file = join(dataDir, 'store/data.mdb');
  const [{ ino }, bytes] = [statSync(file), readFileSync(file)];
  const refused = { code: 'STORE_FAILED', message: expect.stringMatching(/^the copy in .*backup\/store [^\n]*$/) };
  const failure = await restore(reader).catch((error) => error);
  expect(failure).toMatchObject(refused);
  expect(failure.message).toContain(said);
  expect([statSync(file).ino, readFileSync(file).equals(bytes)]).toEqual([ino, true]);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('store.'))).toEqual([]);
  await expect(checkCopy(backup, reader)).rejects.toMatchObject(refused);
  // The lock is free again.
  await expect(restore(reader)).rejects.toMatchObject(refused);
});

test('an answer counts, whatever becomes of its reader', async () => {
  const reader = otherReader(folder, `process.send(${ANSWER}, () => process.kill(process.pid, 'SIGKILL'));\n${WAITS}`);
  expect(await checkCopy(backup, reader)).toMatchObject({ check: { records: 7 } });
});

test('an answer counts where the end of its reader is heard before it', async () => {
  const reader = Object.assign(new EventEmitter(), { connected: true });
  vi.resetModules();
  vi.doMock('node:child_process', async (original) => ({ ...(await original<object>()), fork: () => reader }));
  const { checkedCopy } = await import('../../../src/data-dir/copy-check.ts');
  const looked = checkedCopy({ folder: copy, name: copy });
  reader.emit('exit', 0, null);
  reader.emit('message', { type: 'checked', check: { records: 7, wakes: 0, faults: 0, told: [] } });
  reader.emit('disconnect');
  expect(await looked).toMatchObject({ records: 7 });
});

test('a reader that cannot be started is said, too', async () => {
  const { execPath } = process;
  try {
    process.execPath = join(folder, 'no-such-program');
    await expect(checkCopy(backup, COPY_READER)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/could not be checked: .*ENOENT/),
    });
  } finally {
    process.execPath = execPath;
  }
});

test('faults that the reader finds are told in the words of the check, and nothing is left in the copy', async () => {
  const environment = openEnvironment(copy);
  await environment.transaction(() => {
    environment.putSync([HEAD, 'purse/a'], new Uint8Array([1, 0]));
    environment.putSync([WAKE, 5, 'purse/b'], new Uint8Array(0));
  });
  await environment.close();
  const refused = {
    code: 'STORE_FAILED',
    message: expect.stringMatching(
      /^the copy in .*backup\/store has 2 faults: the record of purse\/a cannot be read: .*; the index wakes purse\/b, which/,
    ),
  };
  await expect(checkCopy(backup, COPY_READER)).rejects.toMatchObject(refused);
  await expect(restore(COPY_READER)).rejects.toMatchObject(refused);
  expect(readdirSync(copy)).toEqual(['data.mdb']);
});

test('a reader that gives no sign of life for READER_SILENT_LOOKS_MAX looks is killed', async () => {
  const pidFile = join(folder, 'pid');
  const reader = otherReader(folder, `appendFileSync(own + '/pid', String(process.pid));\n${WAITS}`);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let failure: Error | undefined;
  const looked = checkCopy(backup, reader).catch((error) => (failure = error));
  await untilThere(pidFile);
  await vi.advanceTimersByTimeAsync((READER_SILENT_LOOKS_MAX - 1) * READER_SIGN_MS);
  await pause(20);
  expect(failure).toBe(undefined);
  await vi.advanceTimersByTimeAsync(READER_SIGN_MS);
  await looked;
  expect(failure).toMatchObject({ code: 'STORE_FAILED', message: expect.stringMatching(/no sign of life for 60 s/) });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await expect.poll(() => isThere(pid)).toBe(false);
});

test('a reader that gives signs of life may take as long as it likes', async () => {
  const signs = join(folder, 'signs');
  const reader = otherReader(
    folder,
    `const signs = setInterval(() => {
      if (existsSync(own + '/enough')) return clearInterval(signs), process.send(${ANSWER}, () => process.exit());
      process.send({ type: 'alive' }, () => appendFileSync(own + '/signs', '.'));
    }, 5);`,
  );
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const looked = checkCopy(backup, reader);
  for (let round = 0; round < 3; round++) {
    rmSync(signs, { force: true });
    await untilThere(signs);
    await pause(20);
    await vi.advanceTimersByTimeAsync((READER_SILENT_LOOKS_MAX - 10) * READER_SIGN_MS);
  }
  writeFileSync(join(folder, 'enough'), '');
  expect(await looked).toMatchObject({ check: { records: 7 } });
});

/** Of many records, so that a look at it takes a while. */
async function fill(): Promise<void> {
  const store = LmdbStore.open(copy);
  for (let n = 0; n < 15; n++) {
    const changes = Array.from(
      { length: COMMIT_CHANGES_MAX },
      (_, i): StoreChange => ({
        ...{ id: `purse/${n}-${i}`, expectedVersion: 0, fence: '1', wakeAt: 1 + i },
        ...{ put: new Map(), remove: [] },
      }),
    );
    await store.commit(changes, { sync: false });
  }
  await store.close();
  rmSync(join(copy, 'data.mdb-lock'));
}

test('a reader ends where its command ends, in the middle of its look', async () => {
  await fill();
  const reader = fork(COPY_READER, [copy], { execArgv: [] });
  const ended = once(reader, 'exit');
  await untilThere(join(copy, 'data.mdb-lock'));
  reader.disconnect();
  expect(await ended).toEqual([1, null]);
});

test('a reader whose command has ended before does not begin', async () => {
  const reader = fork(COPY_READER, [copy], { execArgv: [] });
  reader.disconnect();
  expect(await once(reader, 'exit')).toEqual([1, null]);
  expect(readdirSync(copy)).toEqual(['data.mdb']);
});
