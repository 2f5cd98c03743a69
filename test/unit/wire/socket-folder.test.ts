/** What a start may remove from the temporary folder: only what it can prove to be a dead system's own. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  CONNECT_MS_MAX,
  EMPTY_FOLDER_MS_MAX,
  FOLDERS_LOOKED_AT_MAX,
  isDeserted,
  openSocketFolder,
} from '../../../src/wire/socket-folder.ts';
import { isPrivateFolder, removeSocketFolder } from '../../../src/wire/private-folder.ts';

const servers: Server[] = [];
let temporary: string;
let before: string | undefined;

beforeEach(() => {
  before = process.env.TMPDIR;
  temporary = mkdtempSync(join(realpathSync(tmpdir()), 'folders-'));
  process.env.TMPDIR = temporary;
});

afterEach(async () => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  rmSync(temporary, { recursive: true, force: true });
});

function folder(name: string, mode = 0o700): string {
  const path = join(temporary, name);
  mkdirSync(path, { mode });
  return path;
}

async function listenAt(path: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(path, done));
  servers.push(server);
  return server;
}

/** A socket file at which nobody listens any more, as a killed process leaves it. */
async function desertedSocket(path: string): Promise<void> {
  const other = `${path}.other`;
  const server = await listenAt(other);
  // The server forgets its file's new name, and so leaves it.
  renameSync(other, path);
  await new Promise((done) => server.close(done));
  servers.splice(servers.indexOf(server), 1);
}

describe('a start', () => {
  test('makes a folder that only its user may enter', async () => {
    const path = await openSocketFolder();
    expect(path).toMatch(new RegExp(`^${temporary}/troupe-${process.pid}-.{6}$`));
    expect(isPrivateFolder(path)).toBe(true);
  });

  test('removes a folder of sockets at which nobody answers, also where its process id is in use', async () => {
    const left = [folder(`troupe-${process.pid}-dead00`), folder('troupe-1-dead01')];
    for (const path of left)
      for (const name of ['0.1.sock', '12.345.sock', '-1.1.sock', 'w2.9007199254740991.sock', 'c1.1.sock'])
        await desertedSocket(join(path, name));
    await openSocketFolder();
    expect(left.map((path) => existsSync(path))).toEqual([false, false]);
  });

  test('leaves one where somebody answers, also where its process id is in no use here', async () => {
    const path = folder('troupe-4194303-alive0');
    await desertedSocket(join(path, '1.1.sock'));
    await listenAt(join(path, '0.1.sock'));
    await openSocketFolder();
    expect(existsSync(join(path, '0.1.sock'))).toBe(true);
    expect(existsSync(join(path, '1.1.sock'))).toBe(true);
  });

  test.each([
    ['that others may enter', async (path: string) => chmodSync(path, 0o755)],
    ['with a file in it', async (path: string) => writeFileSync(join(path, 'notes.txt'), 'mine')],
    ['with a file named as a socket', async (path: string) => writeFileSync(join(path, '1.1.sock'), 'mine')],
    ['with a folder in it', async (path: string) => mkdirSync(join(path, '1.1.sock'))],
    ['with a socket of another name', async (path: string) => desertedSocket(join(path, 'agent.sock'))],
    ['that is empty and new', async (path: string) => rmSync(join(path, '0.1.sock'))],
  ])('leaves a folder %s', async (_, change) => {
    const path = folder('troupe-99999999-aaaaaa');
    await desertedSocket(join(path, '0.1.sock'));
    await change(path);
    await openSocketFolder();
    expect(existsSync(path)).toBe(true);
  });

  test.skipIf(process.getuid?.() !== 0)('leaves a folder of another user', async () => {
    const path = folder('troupe-99999999-aaaaaa');
    await desertedSocket(join(path, '0.1.sock'));
    chownSync(path, 12_345, 12_345);
    await openSocketFolder();
    expect(existsSync(join(path, '0.1.sock'))).toBe(true);
  });

  test.each(['troupe-2024-backup-1', 'troupe-1e6', 'troupe-99999999-notes', 'troupe--aaaaaa', 'atroupe-1-aaaaaa'])(
    'leaves %s, whose name only looks alike',
    async (name) => {
      const path = folder(name);
      await desertedSocket(join(path, '0.1.sock'));
      await openSocketFolder();
      expect(existsSync(join(path, '0.1.sock'))).toBe(true);
    },
  );

  test('leaves what a link of such a name leads to', async () => {
    const elsewhere = folder('elsewhere');
    await desertedSocket(join(elsewhere, '0.1.sock'));
    symlinkSync(elsewhere, join(temporary, 'troupe-99999999-aaaaaa'));
    await openSocketFolder();
    expect(existsSync(join(elsewhere, '0.1.sock'))).toBe(true);
  });

  test('removes an empty folder once it is old', async () => {
    const path = folder('troupe-99999999-aaaaaa');
    const then = new Date(Date.now() - EMPTY_FOLDER_MS_MAX - 1_000);
    utimesSync(path, then, then);
    await openSocketFolder();
    expect(existsSync(path)).toBe(false);
  });

  test(`looks at ${FOLDERS_LOOKED_AT_MAX} folders at most`, async () => {
    const then = new Date(Date.now() - EMPTY_FOLDER_MS_MAX - 1_000);
    const all = Array.from({ length: FOLDERS_LOOKED_AT_MAX + 3 }, (_, n) =>
      folder(`troupe-9-${String(n).padStart(6, '0')}`),
    );
    for (const path of all) utimesSync(path, then, then);
    await openSocketFolder();
    expect(all.filter((path) => existsSync(path))).toHaveLength(3);
  });

  test('in a temporary folder with a name too long for a socket is refused, and leaves nothing there', async () => {
    const long = join(temporary, 'x'.repeat(80));
    mkdirSync(long);
    process.env.TMPDIR = long;
    await expect(openSocketFolder()).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/at most 10[37] bytes; got up to \d+ in .*xxx.*TMPDIR/),
    });
    expect(readdirSync(long)).toEqual([]);
  });

  test('knows that incarnations of one machine of several are large numbers', async () => {
    const most = process.platform === 'linux' ? 107 : 103;
    const rest = Buffer.byteLength(join(temporary, `/troupe-${process.pid}-XXXXXX/w9999.9999999999.sock`)) + 1;
    const fits = join(temporary, 'x'.repeat(most - rest));
    mkdirSync(fits);
    process.env.TMPDIR = fits;
    expect(existsSync(await openSocketFolder())).toBe(true);
    await expect(openSocketFolder(4_074_725_980_504_064)).rejects.toMatchObject({
      message: expect.stringContaining(`got up to ${most + 6} in`),
    });
  });

  test('in a temporary folder that is not there is refused by its name', async () => {
    process.env.TMPDIR = join(temporary, 'missing');
    await expect(openSocketFolder()).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(join(temporary, 'missing')),
    });
  });
});

test('the end of a system leaves what somebody put into its folder', async () => {
  const path = await openSocketFolder();
  await desertedSocket(join(path, '0.1.sock'));
  writeFileSync(join(path, 'precious.txt'), 'mine');
  removeSocketFolder(path);
  expect(existsSync(join(path, 'precious.txt'))).toBe(true);
  rmSync(join(path, 'precious.txt'));
  removeSocketFolder(path);
  expect(existsSync(path)).toBe(false);
});

test(`a socket of which the kernel says nothing for ${CONNECT_MS_MAX} ms may be somebody's`, async () => {
  const connect = vi.spyOn(Socket.prototype, 'connect').mockReturnThis();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let told: unknown = 'nothing yet';
    const looked = isDeserted(join(temporary, 'a.sock')).then((is) => (told = is));
    expect(connect).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(CONNECT_MS_MAX - 1);
    expect(told).toBe('nothing yet');
    await vi.advanceTimersByTimeAsync(1);
    await looked;
    expect(told).toBe(false);
  } finally {
    vi.useRealTimers();
    connect.mockRestore();
  }
});
