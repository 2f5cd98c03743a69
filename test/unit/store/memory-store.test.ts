import { MemoryStore } from '../../../src/store/memory-store.ts';
import { storeConformance } from './store-conformance.ts';

storeConformance('a store in memory', async () => {
  const disk = new Map();
  return { open: async () => new MemoryStore(disk), remove: async () => {} };
});
