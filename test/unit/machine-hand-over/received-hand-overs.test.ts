/** What has been handed over, at the way in of its new machine. */
import { describe, expect, it } from 'vitest';
import type { TransferredActor } from '../../../src/actor/transfer.ts';
import { actorPieces } from '../../../src/handoff/transfer-codec.ts';
import {
  ARRIVALS_BYTES_MAX,
  ReceivedHandOvers,
  type PartAnswer,
} from '../../../src/machine-hand-over/received-hand-overs.ts';
import { ClockDifference } from '../../../src/machine-routes/machine-clocks.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { encodeValue } from '../../../src/wire/codec.ts';

const incarnation = {
  ...{ state: undefined, args: undefined, spawned: false, child: undefined, restarts: 0, restartTimes: [5] },
  ...{ pausedBy: undefined, lastActiveAt: 7, epoch: 9, watching: [], terminated: [] },
  timers: [{ dueAt: 20, everyMs: undefined, message: { type: 'beat' }, mailedAs: undefined }],
};

function actor(id: string): TransferredActor {
  return { id, incarnation, passivated: undefined, failedUntil: 3, watchers: [], topics: [] };
}

function world(bytesMax?: number) {
  const told: [string, number[]][] = [];
  const arrivals = new ReceivedHandOvers({
    toRef: (id) => ({ id }),
    replyTo: () => {
      throw new Error('nobody asks');
    },
    arrived: (machine, partitions) => void told.push([machine, partitions]),
    ...(bytesMax !== undefined && { bytesMax }),
  });
  // Between 90 and 100 ms before the other one: its timers shall not go off early.
  const clocks = new ClockDifference();
  clocks.heard(900, 990, 1_000);
  const send = (process: string, move: number, id: string, state: unknown, isWhole = true): PartAnswer[] => {
    const pieces = actorPieces(actor(id), encodeValue(state)).map(({ piece }) => piece as unknown);
    const parts = [['begin', [shardOf(id)]], ...pieces, ...(isWhole ? [['end']] : [])];
    return parts.map((part) => arrivals.part(process, 'm1', move, part, clocks));
  };
  const ids = (...wanted: string[]): string[] =>
    arrivals.take('m1', new Set(wanted.map(shardOf))).flatMap((one) => ('actor' in one ? [one.actor.id] : []));
  return { arrivals, told, send, ids };
}

describe('what has been handed over', () => {
  it('is kept as a whole, on the clock of this machine, until it is taken', () => {
    const { arrivals, told, send } = world();
    const answers = send('~1.1', 1, 'a/1', 'x'.repeat(200_000));
    expect(answers.at(-1)).toBe('whole');
    expect(answers.length).toBeGreaterThan(4);
    expect(told).toEqual([['m1', [shardOf('a/1')]]]);
    const [one] = arrivals.take('m1', new Set([shardOf('a/1')]));
    expect(one).toMatchObject({
      actor: {
        ...{ id: 'a/1', failedUntil: 103 },
        incarnation: { restartTimes: [105], lastActiveAt: 107, timers: [{ dueAt: 120 }] },
      },
    });
    expect(arrivals.take('m1', new Set([shardOf('a/1')]))).toEqual([]);
  });

  it('takes the place of what another process has sent before of the same partition, which died since', () => {
    const { send, ids } = world();
    send('~1.1', 1, 'a/1', 1);
    send('~2.1', 2, 'a/1', 2);
    expect(ids('a/1')).toEqual(['a/1']);
  });

  it('takes the place of what the same process has sent before, and half of it is nothing', () => {
    const { send, ids } = world();
    send('~1.1', 1, 'a/1', 1);
    send('~1.1', 2, 'a/2', 2);
    send('~2.1', 2, 'a/3', 3, false);
    expect(ids('a/1', 'a/2', 'a/3')).toEqual(['a/2']);
  });

  it('is forgotten with its machine, and is never of another one', () => {
    const { arrivals, send, ids } = world();
    send('~1.1', 1, 'a/1', 1);
    expect(arrivals.take('m2', new Set([shardOf('a/1')]))).toEqual([]);
    arrivals.keep(() => false);
    expect(ids('a/1')).toEqual([]);
  });

  it('is refused where there is no room for it; what is there already stays', () => {
    const { arrivals, send, ids } = world(100_000);
    send('~1.1', 1, 'a/1', 'x'.repeat(60_000));
    expect(send('~2.1', 1, 'a/2', 'x'.repeat(60_000))).toContain('refused');
    expect(arrivals.bytes).toBeLessThan(100_000);
    expect(ids('a/1', 'a/2')).toEqual(['a/1']);
  });

  it('has the room of all that wait, where nobody says less', () => {
    const { arrivals } = world();
    // The same bytes each time: it is what is counted that matters.
    const bytes = new Uint8Array(2 ** 26);
    const part = (one: unknown): PartAnswer => arrivals.part('~1.1', 'm1', 1, one, new ClockDifference());
    part(['begin', [shardOf('a/1')]]);
    for (let at = 0; at < ARRIVALS_BYTES_MAX; at += bytes.length) expect(part(['actor', bytes, false])).toBe('more');
    expect(part(['actor', new Uint8Array(1), false])).toBe('refused');
    expect(arrivals.bytes).toBe(0);
  });
});
