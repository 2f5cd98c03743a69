/** Calls between machines: answered once, in time or not at all, and so many at once. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { MACHINE_CALLS_MAX, MachineCalls } from '../../../src/machine-routes/machine-calls.ts';
import { ClockDifference } from '../../../src/machine-routes/machine-clocks.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { CALL_TEXT_LENGTH_MAX, type CallArgument } from '../../../src/wire/entry.ts';

function peerOf(isLinked = true): { peer: OutboundQueue; said: unknown[][] } {
  const said: unknown[][] = [];
  const note =
    (what: string) =>
    (...parts: unknown[]): void =>
      void said.push([what, ...parts]);
  const parts = { link: isLinked ? {} : undefined, ended: false, noteFirst: note('call'), reply: note('reply') };
  return { peer: { ...parts, fail: note('fail') } as unknown as OutboundQueue, said };
}

const call = (number: number, text = 'a'): Parameters<MachineCalls['call']>[2] => ({
  ...{ number, name: 'inspect', args: [text], withinMs: 2_000 },
});

const clocks = new ClockDifference();
const inspect = { name: 'inspect', args: [] };

describe('calls of another machine', () => {
  it('settle once: by the answer, an error, or their time', async () => {
    const clock = new VirtualClock();
    const calls = new MachineCalls(clock, async () => {});
    const { peer, said } = peerOf();
    const [answered, failed, late] = [1, 2, 3].map((number) => calls.call(peer, 'b', call(number)));
    const hasFailed = expect(failed).rejects.toMatchObject({ code: 'NO_WORKER' });
    const isLate = expect(late).rejects.toMatchObject({
      ...{ code: 'ACTOR_UNAVAILABLE', message: expect.stringContaining('2000 ms') },
    });
    expect(said.length).toBe(3);
    expect([calls.replied(1, 'yes'), calls.replied(1, 'again'), calls.replied(9, 'of an ask')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(calls.failed(2, { code: 'NO_WORKER', message: 'gone' })).toBe(true);
    await clock.advance(2_000);
    expect(await answered).toBe('yes');
    await hasFailed;
    await isLate;
    expect(calls.replied(3, 'late')).toBe(false);
  });

  it('fail at once without a link, and where a text is longer than goes over it', async () => {
    const calls = new MachineCalls(new VirtualClock(), async () => {});
    await expect(calls.call(peerOf(false).peer, 'b', call(1))).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
    const long = 'x'.repeat(CALL_TEXT_LENGTH_MAX + 1);
    expect(() => calls.call(peerOf().peer, 'b', call(1, long))).toThrow('characters');
  });

  it('are answered so many at once, and one more is refused', async () => {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const calls = new MachineCalls(new VirtualClock(), () => ended);
    const { peer, said } = peerOf();
    for (let number = 0; number <= MACHINE_CALLS_MAX; number++) calls.called(peer, number, inspect, clocks);
    expect(said).toEqual([['fail', MACHINE_CALLS_MAX, expect.objectContaining({ code: 'OVERLOADED' })]]);
    end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(said.filter(([what]) => what === 'reply').length).toBe(MACHINE_CALLS_MAX);
    calls.called(peer, 1_000, inspect, clocks);
    expect(said.filter(([what]) => what === 'fail').length).toBe(1);
  });

  it('that change something are refused past the deadline of their caller, on the clock of that one', async () => {
    const clock = new VirtualClock();
    const done: unknown[][] = [];
    const calls = new MachineCalls(clock, async (...call) => void done.push(call));
    const { peer, said } = peerOf();
    const difference = new ClockDifference();
    difference.heard(0, 1_000, 1_000);
    for (const name of ['want', 'move-to-worker', 'inspect']) {
      const caller = peerOf();
      void calls.call(caller.peer, 'b', { number: 1, name, args: ['counter/a', 'c'], withinMs: 2_000 }).catch(() => {});
      const [[, , , , args]] = caller.said as [[string, number, number, string, CallArgument[]]];
      expect(args).toEqual(name === 'inspect' ? ['counter/a', 'c'] : ['counter/a', 'c', 3_000]);
    }
    const wish = (number: number, deadline: number, name = 'want'): void =>
      calls.called(peer, number, { name, args: ['counter/a', 'c', deadline] }, difference);
    wish(1, 1);
    wish(2, 0);
    wish(3, -500, 'move-to-worker');
    // Nothing is changed by these, or they are of a build that says no deadline.
    wish(4, -500, 'inspect');
    calls.called(peer, 5, { name: 'want', args: ['counter/a', 'c'] }, difference);
    expect(said.map(([what, number]) => [what, number])).toEqual([
      ['fail', 2],
      ['fail', 3],
    ]);
    expect(said[0]?.[2]).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'not-executed' });
    expect(done.map(([name]) => name)).toEqual(['want', 'inspect', 'want']);
  });
});
