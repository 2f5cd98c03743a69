/** Whom a sender remembers that it has to slow down for: as many as there may be, and `drained()` waits for these. */
import { expect, test } from 'vitest';
import { CONGESTED_KEPT } from '../../../src/actor/sender.ts';
import { defineActor, startKit } from './kernel-fixture.ts';

test(`${CONGESTED_KEPT} recipients: a sender waits for them, and not for one more`, async () => {
  const release = new Map<string, () => void>();
  const slow = defineActor({
    mailbox: { capacity: 2 },
    receive: { wait: (ctx) => new Promise<void>((resolve) => void release.set(ctx.key, resolve)) },
  });
  const { system, clock } = startKit({ slow });
  const keys = Array.from({ length: CONGESTED_KEPT + 1 }, (_, n) => String(n));
  const said = keys.map((key) => [1, 2, 3].map(() => system.tell(`slow/${key}`, { type: 'wait' })));
  expect(said.every((each) => each.includes(false))).toBe(true);
  await clock.settle();
  let isDrained = false;
  void system.drained().then(() => (isDrained = true));
  const last = keys.at(-1) as string;
  for (let round = 0; round < 2; round++) {
    expect(isDrained).toBe(false);
    for (const key of keys) if (key !== last) release.get(key)?.();
    await clock.settle();
  }
  expect(isDrained).toBe(true);
  for (let round = 0; round < 2; round++) {
    release.get(last)?.();
    await clock.settle();
  }
});
