import { Serializer } from 'node:v8';
import { expect, test, vi } from 'vitest';
import { OutgoingHandoff } from '../../../src/handoff/outgoing.ts';
import { checkState, encodeState, STATE_BYTES_MAX } from '../../../src/handoff/transfer-codec.ts';
import { unmovable } from '../../../src/process/unmovable.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { defineActor, startKit } from '../actor/kernel-fixture.ts';
import { KeptReply, message } from '../peer/link-fixture.ts';

test('asks that an actor had under way go along as well: whether they ran is then known elsewhere only', () => {
  const order = { id: 1, purpose: 'move', units: ['counter/a'], subscriptions: [] } as const;
  const ends = { from: { index: 1, incarnation: 1 }, to: { index: 2, incarnation: 1 } };
  const outgoing = new OutgoingHandoff({ actors: { kernel: { memory: new QueueMemory() } } } as never, {
    ...order,
    ...ends,
    units: [...order.units],
    subscriptions: [],
  });
  const [sent, late] = [message('counter/b', 1, new KeptReply()), message('counter/a', 2, new KeptReply())];
  outgoing.outbound.push(sent);
  outgoing.buffered.push(late);
  expect([...outgoing.allMail()]).toEqual([sent, late]);
});

test('a state beyond the bound stays where it is, and a look before a reload finds it', async () => {
  const large = defineActor({
    state: () => ({ text: '' }),
    receive: { grow: (ctx, { text }: { text: string }) => void (ctx.state.text = text) },
  });
  const { system, process } = startKit({ large });
  const { actors } = process;
  const stateBytesMax = 1_000;
  const moveOf = async (text: string): Promise<string> => {
    await system.ask('large/a', { type: 'grow', text });
    return new Promise((resolve) => {
      const quiesced = (outgoing: OutgoingHandoff): void => resolve(`moves ${[...outgoing.ids]}`);
      const refused = ({ code, message: words }: TroupeError): void => resolve(`${code}: ${words}`);
      const parts = { actors, router: { unitOf: (id: string) => id }, quiesced, refused, stateBytesMax };
      const outgoing = new OutgoingHandoff(parts, { id: 1, units: ['large/a'] } as never);
      outgoing.stop(1_000, false);
      outgoing.resume();
    });
  };
  expect(await moveOf('x'.repeat(900))).toBe('moves large/a');
  expect(await unmovable(actors, stateBytesMax)).toBeUndefined();
  const words =
    'large/a moves with its state, and stays where it is; a state that moves has at most 1000 encoded bytes; got 1109';
  expect(await moveOf('x'.repeat(1_100))).toBe(`MESSAGE_TOO_LARGE: ${words}`);
  expect(await unmovable(actors, stateBytesMax)).toMatchObject({ code: 'MESSAGE_TOO_LARGE', message: words });
});

test(`a state moves with up to ${STATE_BYTES_MAX} bytes where nothing else is said`, () => {
  const fault = expect.objectContaining({
    code: 'MESSAGE_TOO_LARGE',
    message: `a state that moves has at most ${STATE_BYTES_MAX} encoded bytes; got ${STATE_BYTES_MAX + 1}`,
  });
  // A gigabyte is not to be had for a test: only its length is.
  const encoded = vi.spyOn(Serializer.prototype, 'releaseBuffer');
  try {
    const state = new Map();
    encoded.mockReturnValue({ byteLength: STATE_BYTES_MAX } as never);
    expect(() => checkState(state)).not.toThrow();
    encoded.mockReturnValue({ byteLength: STATE_BYTES_MAX + 1 } as never);
    expect(() => checkState(state)).toThrow(fault);
    expect(() => encodeState(state)).toThrow(fault);
  } finally {
    encoded.mockRestore();
  }
});
