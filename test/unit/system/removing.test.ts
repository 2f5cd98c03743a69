/** How long the removal of an actor may take: a store that does not answer is not waited for without end. */
import { expect, test } from 'vitest';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { CommitOptions, StoreChange } from '../../../src/store/store.ts';
import { REMOVE_TIMEOUT_MS } from '../../../src/system/stored-ids.ts';
import { defineActor, errorOf, startKit } from '../actor/kernel-fixture.ts';

class StillStore extends MemoryStore {
  goOn = (): void => {};
  #still: Promise<void> | undefined;

  stand(): void {
    this.#still = new Promise((resolve) => (this.goOn = resolve));
  }

  override async commit(changes: readonly StoreChange[], options?: CommitOptions): Promise<void> {
    await this.#still;
    return super.commit(changes, options);
  }
}

test(`a removal that the store does not answer ends after ${REMOVE_TIMEOUT_MS} ms, beyond the time for asks`, async () => {
  const receive = { add: (ctx: { state: { n: number } }) => ++ctx.state.n };
  const account = defineActor({ durable: true, state: () => ({ n: 0 }), receive });
  const store = new StillStore();
  const { system, clock } = startKit({ account }, { askTimeoutMs: 500 }, store);
  await system.ask('account/a', { type: 'add' });
  store.stand();
  let isOver = false;
  const removed = errorOf(system.remove('account/a')).finally(() => {
    isOver = true;
  });
  await clock.advance(REMOVE_TIMEOUT_MS - 1);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect(isOver).toBe(true);
  expect(await removed).toMatchObject({ code: 'ASK_TIMEOUT' });
  store.goOn();
});
