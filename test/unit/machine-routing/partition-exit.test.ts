/** A partition that is another machine's from one moment to the next: whatever its actors do, they end here; their mail goes on where they do. */
import { describe, expect, it } from 'vitest';
import { PartitionExit } from '../../../src/machine-routing/partition-exit.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { defineActor, startKit } from '../actor/kernel-fixture.ts';

const handlers = {
  state: () => ({ done: 0 }),
  receive: {
    add: (ctx: { state: { done: number } }) => ++ctx.state.done,
    hang: () => new Promise<void>(() => {}),
    fail: () => {
      throw new Error('by the test');
    },
  },
};
const durable = defineActor({ ...handlers, durable: true });
const volatile = defineActor(handlers);
const STATES: Record<string, (to: { tell(type: string): void; settle(): Promise<void> }) => Promise<void>> = {
  'is idle': async ({ tell, settle }) => {
    tell('add');
    await settle();
  },
  'has just had a turn': async ({ tell, settle }) => {
    tell('add');
    await settle();
    tell('add');
  },
  'is in a turn': async ({ tell, settle }) => {
    tell('hang');
    tell('add');
    await settle();
  },
  'waits to be restarted': async ({ tell, settle }) => {
    tell('fail');
    tell('add');
    await settle();
  },
  'is about to start': async ({ tell }) => tell('add'),
};

const ALL = ['durable', 'volatile'].flatMap((kind) => [true, false].map((isLive) => ({ kind, isLive })));

describe.each(ALL)(
  'a $kind actor whose partition is another machine’s, handed over: $isLive, and that',
  ({ kind, isLive }) => {
    it.each(Object.keys(STATES))('%s leaves at once', async (state) => {
      const kit = startKit({ durable, volatile });
      const { actors, kernel } = kit.process;
      const id = `${kind}/a`;
      await STATES[state]?.({
        tell: (type) => void kit.system.tell(id, { type }),
        settle: () => kit.clock.advance(5),
      });
      const cell = actors.cellOf(id);
      const waiting = cell?.mailbox.length;
      const sent: string[] = [];
      const refused: string[] = [];
      const { router } = kernel;
      kernel.router = {
        ...router,
        deliver: (envelope) => sent.push((envelope.message as { type: string }).type) > 0,
        signal: (to, signal) => router.signal(to, signal),
      };
      const exit = new PartitionExit(actors, ({ message }) => refused.push((message as { type: string }).type));
      exit.leave({ partitions: [shardOf(id)], handedOver: isLive ? [shardOf(id)] : [] });
      kernel.router = router;
      expect(actors.cellOf(id)).toBeUndefined();
      expect(cell?.status).toBe('ended');
      await kit.clock.advance(5_000);
      expect(actors.cellOf(id)).toBeUndefined();
      const all = new Array(waiting).fill('add');
      expect([sent, refused]).toEqual(isLive ? [all, []] : [[], all]);
      if (state === 'is in a turn') expect(waiting).toBe(1);
    });
  },
);
