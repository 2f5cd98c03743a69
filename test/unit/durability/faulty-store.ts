/** A store whose commits a test can hold up or make fail. */
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { Store, StoreChange } from '../../../src/store/store.ts';
import type { Gate } from '../actor/kernel-fixture.ts';

export class FaultyStore extends MemoryStore implements Store {
  gate: Gate | undefined;
  failures = 0;
  /** The engine says that it failed, although it wrote. */
  lies = 0;
  commits = 0;

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    this.commits++;
    await this.gate?.opened;
    if (this.failures > 0 && this.failures--) throw Object.assign(new Error('disk full'), { code: 'STORE_FAILED' });
    await super.commit(changes);
    if (this.lies > 0 && this.lies--) throw Object.assign(new Error('connection lost'), { code: 'STORE_FAILED' });
  }
}
