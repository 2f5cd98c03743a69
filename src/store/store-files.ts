/** The files of the store, and the room that the disk has left for them. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreFiles } from '../observe/system-facts.ts';

/** Never rejects. */
export async function storeFiles(folder: string): Promise<StoreFiles> {
  const names = await readdir(folder).catch(() => []);
  const files: { name: string; bytes: number }[] = [];
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) files.push({ name, bytes: found.size });
  }
  const disk = await statfs(folder).catch(() => undefined);
  return {
    ...{ folder, files },
    freeBytes: disk && disk.bavail * disk.bsize,
    diskBytes: disk && disk.blocks * disk.bsize,
  };
}
