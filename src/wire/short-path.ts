/** Paths of Unix sockets that are longer than the kernel takes: such a one goes by a link that is there for as long as that takes. */
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SOCKET_PATH_BYTES_MAX } from './socket-path.ts';

/** Calls `use` with a path that is short enough, and leads to the same file. */
export async function withShortPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (process.platform === 'win32' || Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return use(path);
  const short = mkdtempSync(join(tmpdir(), 'troupe-'));
  try {
    symlinkSync(dirname(path), join(short, 'l'));
    return await use(join(short, 'l', basename(path)));
  } finally {
    rmSync(short, { recursive: true, force: true });
  }
}
