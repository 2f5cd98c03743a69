/**
 * A socket that ends with its process, whatever ends that: who can connect to it knows that the process lives, also from
 * another container with process numbers of its own. Where the file system has no sockets there is none.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { withShortPath } from '../wire/short-path.ts';

/** Milliseconds for a connection to one's own machine. */
export const CONNECT_MS_MAX = 2_000;
/** Codes of a connection to a socket without a listener. */
const NOBODY = 'ECONNREFUSED';
/** The file is gone: this says nothing of the process. */
const MISSING = 'ENOENT';

export interface LockSocket {
  /** In its folder. */
  readonly name: string;
  close(): void;
}

/** Listens in a folder, and never keeps the process alive. Undefined where that is not to be had. */
export async function openLockSocket(folder: string): Promise<LockSocket | undefined> {
  const name = `${randomBytes(6).toString('hex')}.sock`;
  const server = createServer((socket) => socket.destroy());
  const isOpen = await withPath(folder, name, (path) => listen(server, path));
  if (!isOpen) return undefined;
  server.on('error', () => {});
  server.unref();
  const close = (): void => {
    server.close();
    rmSync(join(folder, name), { force: true });
  };
  return { name, close };
}

/** Whether somebody listens; undefined where that cannot be told. */
export function isListening(folder: string, name: string): Promise<boolean | undefined> {
  return withPath(folder, name, connect);
}

function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    // Of this process alone, not one that node:cluster shares.
    server.listen({ path, exclusive: true }, () => {
      if (process.platform !== 'win32') chmodSync(path, 0o600);
      resolve(true);
    });
  });
}

function connect(path: string): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    const tell = (is: boolean | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(is);
    };
    const timer = setTimeout(() => tell(undefined), CONNECT_MS_MAX);
    socket.once('connect', () => tell(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      // Too many who wait, or a socket of another user: somebody is there.
      tell(code === NOBODY ? false : code === MISSING ? undefined : true);
    });
  });
}

/** On Windows a named pipe, whose name is not a path. */
function withPath<T>(folder: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  if (process.platform !== 'win32') return withShortPath(join(folder, name), use);
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  return use(`\\\\.\\pipe\\troupe-lock-${hash}-${name}`);
}
