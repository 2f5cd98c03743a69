/** What the page asks of an actor is waited for as long as a person looks at a page, whatever the system's own time for asks is. */
import { expect, test } from 'vitest';
import { change, PAGE_ASK_MS } from '../../../src/dashboard/changes.ts';
import type { Ground } from '../../../src/dashboard/ground.ts';
import { defineActor, errorOf, startKit } from '../actor/kernel-fixture.ts';

test(`an ask of the page that nobody answers ends after ${PAGE_ASK_MS} ms`, async () => {
  const desk = defineActor({ receive: { wait: () => new Promise<void>(() => {}) } });
  const { system, clock } = startKit({ desk }, { askTimeoutMs: 10 * PAGE_ASK_MS });
  const ground = { system, rights: { refusal: () => undefined } } as unknown as Ground;
  let isOver = false;
  const asked = errorOf(change(ground, 'ask', { id: 'desk/a', message: { type: 'wait' } })).finally(() => {
    isOver = true;
  });
  await clock.advance(PAGE_ASK_MS - 1);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect(isOver).toBe(true);
  expect((await asked).code).toBe('ASK_TIMEOUT');
});
