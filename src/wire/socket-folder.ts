/**
 * Opens the private folder of a system's link sockets, and removes what killed masters left behind: whether somebody still
 * listens there is found out by connecting. The process id in a name is for people; in another container, or after a new
 * start of the machine, it is another process's.
 */
import { mkdtempSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { ageMs, removeSocketFolder, socketsIn } from './private-folder.ts';
import { SOCKET_PATH_BYTES_MAX } from './socket-path.ts';

/** The form of a name that mkdtemp makes of `troupe-<pid>-`. */
const FOLDER = /^troupe-\d+-[A-Za-z0-9]{6}$/;
/** The longest name of a socket in it: of a watchdog, with its worker's number, and its incarnation where those count from 0. */
const SOCKET_NAME_BYTES_MAX = Buffer.byteLength('w9999.9999999999.sock');
/** Folders of other systems that one start looks at, at most. */
export const FOLDERS_LOOKED_AT_MAX = 256;
/** Milliseconds until a folder without a socket counts as left behind; before, its master may be about to listen. */
export const EMPTY_FOLDER_MS_MAX = 60_000;
/** Milliseconds for the kernel to say whether somebody listens. */
export const CONNECT_MS_MAX = 1_000;

/** Makes the folder, mode 0700: nobody else's process can connect. `incarnationsFrom`: default 0. Throws INVALID_OPTIONS where paths in it are too long. */
export async function openSocketFolder(incarnationsFrom = 0): Promise<string> {
  const prefix = join(tmpdir(), `troupe-${process.pid}-`);
  const moreDigits = Math.max(0, String(incarnationsFrom).length - '9999999999'.length);
  const length = Buffer.byteLength(prefix) + 'XXXXXX/'.length + SOCKET_NAME_BYTES_MAX + moreDigits;
  // From the length of the longest name on: a worker that is started for the thousandth time links like the first one.
  if (process.platform !== 'win32' && length > SOCKET_PATH_BYTES_MAX) {
    const text = `expected a temporary folder in which the path of a socket has at most ${SOCKET_PATH_BYTES_MAX} bytes`;
    throw new TroupeError(
      'INVALID_OPTIONS',
      `${text}; got up to ${length} in ${tmpdir()} (set TMPDIR to a shorter one)`,
    );
  }
  try {
    await removeFoldersLeftBehind(tmpdir());
    return mkdtempSync(prefix);
  } catch (cause) {
    const text = `expected a temporary folder for the sockets between processes; got ${tmpdir()}: ${asError(cause).message}`;
    throw new TroupeError('INVALID_OPTIONS', text, { cause });
  }
}

async function removeFoldersLeftBehind(within: string): Promise<void> {
  const names = readdirSync(within).filter((name) => FOLDER.test(name));
  for (const name of names.slice(0, FOLDERS_LOOKED_AT_MAX)) {
    const path = join(within, name);
    if (await isLeftBehind(path)) removeSocketFolder(path);
  }
}

/** It is ours to judge, and nobody answers at any of its sockets. */
async function isLeftBehind(path: string): Promise<boolean> {
  const sockets = socketsIn(path);
  if (sockets === undefined) return false;
  if (sockets.length === 0) return ageMs(path) > EMPTY_FOLDER_MS_MAX;
  for (const socket of sockets) if (!(await isDeserted(socket))) return false;
  return true;
}

/** The kernel itself says that nobody listens; anything else, a full queue say, may be somebody. */
export function isDeserted(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const tell = (isDeserted: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isDeserted);
    };
    const timer = setTimeout(tell, CONNECT_MS_MAX, false);
    socket.once('connect', () => tell(false));
    socket.on('error', (error: NodeJS.ErrnoException) => tell(error.code === 'ECONNREFUSED'));
  });
}
