import { describe, expect, test } from 'vitest';
import { type ClientStrangers, newClientStrangers } from '../../../src/gateway/client-strangers.ts';
import { ADDRESSES_KEPT, REFUSALS_LOG_MS, REFUSALS_MAX, REFUSALS_PERIOD_MS } from '../../../src/observe/strangers.ts';
import type { Log } from '../../../src/observe/log.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { silent } from '../peer/link-fixture.ts';

function newStrangers(): { strangers: ClientStrangers; clock: VirtualClock; lines: object[] } {
  const clock = new VirtualClock();
  const lines: object[] = [];
  const log: Log = { ...silent, warn: (fields) => void lines.push(fields) };
  return { strangers: newClientStrangers(clock, log), clock, lines };
}

describe('who is refused', () => {
  test('again and again is shut out until the period is over; others are not', async () => {
    const { strangers, clock } = newStrangers();
    for (let n = 0; n < REFUSALS_MAX; n++) {
      expect(strangers.isShutOut('10.0.0.1')).toBe(false);
      strangers.refused('token', '10.0.0.1', 'x');
    }
    expect(strangers.isShutOut('10.0.0.1')).toBe(true);
    expect(strangers.isShutOut('10.0.0.2')).toBe(false);
    await clock.advance(REFUSALS_PERIOD_MS + 1);
    expect(strangers.isShutOut('10.0.0.1')).toBe(false);
  });

  test('over a unix socket is counted, and never shut out: all who come there are one user', () => {
    const { strangers } = newStrangers();
    for (let n = 0; n < REFUSALS_MAX * 2; n++) strangers.refused('version', '', 'x');
    expect(strangers.isShutOut('')).toBe(false);
    expect(strangers.counts.version).toBe(REFUSALS_MAX * 2);
  });

  test('is told in one line a second, with all counts, however many come', async () => {
    const { strangers, clock, lines } = newStrangers();
    for (let n = 0; n < 5_000; n++) strangers.refused('bytes', `10.0.${n >> 8}.${n & 255}`, 'x');
    expect(lines).toHaveLength(1);
    await clock.advance(REFUSALS_LOG_MS + 1);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ refused: 4_999, counts: { bytes: 5_000 } });
    await clock.advance(10 * REFUSALS_LOG_MS);
    expect(lines).toHaveLength(2);
  });

  test('is forgotten where more addresses come than are remembered, the oldest first', () => {
    const { strangers } = newStrangers();
    for (let n = 0; n < REFUSALS_MAX; n++) strangers.refused('token', 'first', 'x');
    for (let n = 0; n < ADDRESSES_KEPT - 1; n++) strangers.refused('token', `later-${n}`, 'x');
    expect(strangers.isShutOut('first')).toBe(true);
    strangers.refused('token', 'one-more', 'x');
    expect(strangers.isShutOut('first')).toBe(false);
  });
});
