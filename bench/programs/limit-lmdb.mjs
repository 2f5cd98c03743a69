/** The limit of durable turns: LMDB alone, one record of 100 bytes a turn, 1 024 waiting for their commit, on the disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { Program, windowed } from '../harness/measure.mjs';

const IN_FLIGHT = 1_024;
const program = new Program('bare LMDB');
const folder = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-lmdb-'));
// Without overlapping syncs a put is promised only once it is on the disk, as a turn is.
const store = open({ path: folder, compression: false, encoding: 'binary', overlappingSync: false });
const value = Buffer.alloc(100, 7);
try {
  const put = (at) => store.put(`counter/${at % IN_FLIGHT}`, value);
  await program.rate('D1', '1024 in flight, fsync', 'turns/s', (n) => windowed(n, IN_FLIGHT, put), { most: 200_000 });
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
