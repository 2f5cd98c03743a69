/** What a link with beats does about a wire that has ended, by a clock of the test. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { BeatingLink } from '../../../src/machine-links/beating-link.ts';
import type { Clock } from '../../../src/vocabulary/clock.ts';
import type { Link } from '../../../src/wire/link.ts';

const SILENT_MS = 600;

/** An end of a wire that takes all, and brings nothing. */
class Wire implements Link {
  readonly peer = { index: 1, incarnation: 1 };
  readonly blocked = false;
  listener!: Link['listener'];
  flushed = 0;
  isOpen = true;
  write(): boolean {
    this.flushed++;
    return true;
  }
  resume(): void {}
  close(): void {
    this.isOpen = false;
  }
  destroy(error?: Error): void {
    this.isOpen = false;
    this.listener?.onEnd(error);
  }
}

test('a link that waits for its owner beats while its wire is there, and not for ever', async () => {
  const virtual = new VirtualClock();
  const due = new Set<object>();
  const clock: Clock = {
    ...{ now: () => virtual.now(), wall: () => virtual.wall(), defer: (run) => virtual.defer(run) },
    soon: (run) => virtual.soon(run),
    setTimer: (ms, run) => {
      const timer = virtual.setTimer(ms, () => {
        due.delete(timer);
        run();
      });
      due.add(timer);
      return timer;
    },
  };
  const wire = new Wire();
  new BeatingLink({ inner: wire, bytesRead: () => 0, isOpen: () => wire.isOpen, clock, silentMs: SILENT_MS });
  await virtual.advance(2 * SILENT_MS);
  const beats = wire.flushed;
  expect(beats).toBeGreaterThan(5);
  // Nobody listens, so nobody is told.
  wire.close();
  await virtual.advance(2 * SILENT_MS);
  expect([wire.flushed, due.size]).toEqual([beats, 0]);
});
