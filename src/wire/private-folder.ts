/**
 * The folder of a system's link sockets, as every process of the system treats it: proved before it is trusted, made
 * again where a cleaner of the temporary folder took it, and removed file by file, never with what is not a socket.
 *
 * Its user alone may enter it, and that is all that keeps others from the sockets. So a folder of that name which
 * somebody else made meanwhile is no folder of ours: nothing is made in it, and nobody is connected to through it.
 */
import { type Dirent, lstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** `<index>.<incarnation>.sock`, of up to 16 digits; the owner of the store has an index below 0, a watchdog `w` before that, a worker's socket for clients `c`. */
export const SOCKET_NAME: RegExp = /^[-wc]?\d{1,4}\.\d{1,16}\.sock$/;

/** Where the watchdog thread of a worker is asked. */
export function watchdogPath(folder: string, { index, incarnation }: { index: number; incarnation: number }): string {
  return join(folder, `w${index}.${incarnation}.sock`);
}

/** Where clients ask the actors of a worker directly. */
export function directPath(folder: string, { index, incarnation }: { index: number; incarnation: number }): string {
  return join(folder, `c${index}.${incarnation}.sock`);
}

const PRIVATE_MODE = 0o700;
const PERMISSIONS = 0o777;

/** A folder itself, no link to one, of this user, and closed to all others. */
export function isPrivateFolder(path: string): boolean {
  try {
    const stat = lstatSync(path);
    const isOwn = process.getuid === undefined || stat.uid === process.getuid();
    return stat.isDirectory() && isOwn && (process.platform === 'win32' || (stat.mode & PERMISSIONS) === PRIVATE_MODE);
  } catch {
    return false;
  }
}

/** Makes the folder where it is gone. Throws where what stands there is not private. */
export function ensurePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: PRIVATE_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isPrivateFolder(path))
      throw new Error(`a folder of sockets must be this user's alone (mode 0700); got another one at ${path}`);
  }
}

/** The sockets in a folder that holds nothing else; undefined where it is not private, or holds something else. */
export function socketsIn(path: string): string[] | undefined {
  if (!isPrivateFolder(path)) return undefined;
  let entries: Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch {
    return undefined;
  }
  if (!entries.every((entry) => entry.isSocket() && SOCKET_NAME.test(entry.name))) return undefined;
  return entries.map(({ name }) => join(path, name));
}

/** Removes the sockets, then the folder if nothing else is in it. Files that are not ours stay as they are. */
export function removeSocketFolder(path: string): void {
  const sockets = socketsIn(path);
  if (sockets === undefined) return;
  try {
    for (const socket of sockets) unlinkSync(socket);
    rmdirSync(path);
  } catch {
    // Another process of the system was faster, or something came in meanwhile: that stays.
  }
}

/** Milliseconds since it was changed; 0 where it is gone. */
export function ageMs(path: string): number {
  try {
    return Date.now() - lstatSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** Shows those who clean by age that the files are in use. */
export function touch(paths: readonly string[]): void {
  const now = new Date();
  for (const path of paths) {
    try {
      utimesSync(path, now, now);
    } catch {
      // It is gone: whoever needs it next makes it again.
    }
  }
}

/** Device and number of the file at the path, so that it is known again; undefined where there is none. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
