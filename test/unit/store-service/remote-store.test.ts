import { join } from 'node:path';
import { LmdbStore } from '../../../src/store/lmdb-store.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { storeConformance } from '../store/store-conformance.ts';
import { ownedKit } from './owned-kit.ts';

storeConformance('a store that another process owns, over sockets', () =>
  ownedKit((folder) => LmdbStore.open(join(folder, 'store'))),
);
storeConformance('a store in memory that another process owns', () => ownedKit(() => new MemoryStore()));
