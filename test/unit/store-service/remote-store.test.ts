import { join } from 'node:path';
import { LmdbStore } from '../../../src/store/lmdb-store.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { storeConformance } from '../store/store-conformance.ts';
import { ownedKit } from './owned-kit.ts';

const lmdb = (folder: string): LmdbStore => LmdbStore.open(join(folder, 'store'));

storeConformance('a store that another process owns, over sockets', () => ownedKit(lmdb, false));
storeConformance('one that gets whole values', () => ownedKit(lmdb, true));
storeConformance('one in memory that gets whole values', () => ownedKit(() => new MemoryStore(), true));
