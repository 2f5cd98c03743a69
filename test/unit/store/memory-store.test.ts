import { MemoryStore } from '../../../src/store/memory-store.ts';
import { type StoreKit, storeConformance, writersConformance } from './store-conformance.ts';

const newKit = async (): Promise<StoreKit> => {
  const disk = new Map();
  return { open: async () => new MemoryStore(disk), remove: async () => {} };
};
storeConformance('a store in memory', newKit);
writersConformance('a store in memory', newKit);
