/** What a lost machine had passed on: whoever has it now is asked until it has read all of that. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import {
  answerReadToEnd,
  LostRoutes,
  READ_AGAIN_MS,
  READ_ANSWER_MS,
  READ_MS_MAX,
} from '../../../src/machine-routes/lost-routes.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { foreignWorkerIndex, MACHINE_INDEX_MIN } from '../../../src/vocabulary/host-index.ts';
import type { ForeignMachine, MachinesView } from '../../../src/wire/control.ts';
import type { Link } from '../../../src/wire/link.ts';
import { defineActor, startKit } from '../actor/kernel-fixture.ts';
import { newWayIn } from '../machine-routing/way-in-fixture.ts';

const counter = defineActor({ state: () => ({}), receive: { add: () => {} } });
const [LOST, THERE] = [MACHINE_INDEX_MIN, MACHINE_INDEX_MIN + 1];
const worker = { index: foreignWorkerIndex(LOST, 1), process: 4, incarnation: 9 };
const peerAt = (index: number): OutboundQueue => ({ index }) as OutboundQueue;

function waysOf() {
  const clock = new VirtualClock();
  const others: ForeignMachine[] = [
    { index: LOST, machine: 'lost', address: '', workers: [worker] },
    { index: THERE, machine: 'there', address: '', workers: [] },
  ];
  const said: unknown[][] = [];
  let answer: () => Promise<unknown> = () => Promise.resolve();
  const peers = new Map<number, OutboundQueue>();
  const ways = new LostRoutes({
    ...{ clock, others: () => others, peer: (index) => peers.get(index) },
    call: ({ machine }, name, args, withinMs) => {
      said.push([machine, name, ...args, withinMs]);
      return answer();
    },
    request: (what) => {
      said.push([what]);
      return answer();
    },
  });
  const read = async (to: number, address: '' | ReturnType<typeof processAddress> = ''): Promise<() => boolean> => {
    let isRead = false;
    void ways.read({ machine: 'lost', address }, to).then(() => (isRead = true));
    await clock.advance(1);
    return () => isRead;
  };
  const answers = (next: () => Promise<unknown>): void => void (answer = next);
  return { ...{ clock, others, said, peers, ways, read, answers } };
}

const silent = (): Promise<unknown> => Promise.reject(new TroupeError('ACTOR_UNAVAILABLE', 'no answer'));

describe('what a lost machine had passed on', () => {
  it('is asked for at the machine that has it, until that gives an answer', async () => {
    const { clock, said, read, answers } = waysOf();
    answers(silent);
    const isRead = await read(THERE);
    expect(said).toEqual([['there', 'read-to-end', 'lost', '', READ_ANSWER_MS]]);
    await clock.advance(READ_AGAIN_MS * 10);
    expect([said.length, isRead()]).toEqual([11, false]);
    answers(() => Promise.resolve());
    await clock.advance(READ_AGAIN_MS);
    expect([said.length, isRead()]).toEqual([12, true]);
  });

  it('is waited for no longer where that machine is lost too, or does not know the question', async () => {
    const { clock, others, read, answers } = waysOf();
    answers(silent);
    const isRead = await read(THERE);
    others.pop();
    await clock.advance(READ_AGAIN_MS);
    expect(isRead()).toBe(true);
    others.push({ index: THERE, machine: 'there', address: '', workers: [] });
    answers(() => Promise.reject(new TroupeError('UNKNOWN_MESSAGE', 'read-to-end')));
    expect((await read(THERE))()).toBe(true);
  });

  it('is asked for at the own master where it has come here, and at nobody within its own machine', async () => {
    const { said, read } = waysOf();
    expect((await read(2, processAddress(4, 9)))()).toBe(true);
    expect(said).toEqual([[{ kind: 'read-to-end', machine: 'lost', address: processAddress(4, 9) }]]);
    expect((await read(LOST))()).toBe(true);
    expect(said.length).toBe(1);
  });

  it('ends with this process', async () => {
    const { clock, said, ways, read, answers } = waysOf();
    answers(silent);
    const isRead = await read(THERE);
    ways.close();
    await clock.advance(READ_AGAIN_MS * 5);
    expect([said.length, isRead()]).toEqual([1, true]);
  });

  it('comes from one process, or from all of a machine', () => {
    const { ways, others } = waysOf();
    expect(ways.sourceOf(peerAt(worker.index))).toEqual({ machine: 'lost', address: processAddress(4, 9) });
    expect(ways.sourceOf(peerAt(LOST))).toEqual({ machine: 'lost', address: '' });
    others.shift();
    expect([ways.sourceOf(peerAt(LOST)), ways.sourceOf(peerAt(worker.index))]).toEqual([undefined, undefined]);
  });

  it('is asked of the same process once that is linked to under another name', () => {
    const { ways, peers } = waysOf();
    const [before, now] = [peerAt(LOST), peerAt(LOST)];
    peers.set(LOST, before);
    expect(ways.linkedAnew(before)).toBeUndefined();
    peers.set(LOST, now);
    expect(ways.linkedAnew(before)).toBe(now);
    // A worker's mail that goes by its master is no link to it.
    peers.set(worker.index, now);
    expect(ways.linkedAnew(peerAt(worker.index))).toBeUndefined();
  });

  it('is no other call', () => {
    const request = (): Promise<unknown> => Promise.resolve();
    expect(answerReadToEnd(request, 'inspect', [])).toBeUndefined();
    expect(answerReadToEnd(request, 'read-to-end', ['lost', ''])).toBeInstanceOf(Promise);
  });
});

describe('links of a lost machine', () => {
  async function guestsOf() {
    const kit = startKit({ counter });
    const { peers, come } = await newWayIn(kit.process.actors.kernel);
    const others = [{ index: LOST, machine: 'lost', address: 'there:1', workers: [] }];
    peers.take({ self: 'here', others } as unknown as MachinesView);
    const link = (process: number): Link => come('lost', process, { destroy: () => {}, write: () => true });
    return { clock: kit.clock, peers, link };
  }

  it('are waited for until the last of them has ended', async () => {
    const { clock, peers, link } = await guestsOf();
    const [first, second] = [link(0), link(1)];
    const read: string[] = [];
    void peers.readToEnd({ machine: 'lost', address: '' }, READ_MS_MAX).then(() => read.push('all'));
    void peers.readToEnd({ machine: 'lost', address: processAddress(1, 1) }, READ_MS_MAX).then(() => read.push('1'));
    void peers.readToEnd({ machine: 'another', address: '' }, READ_MS_MAX).then(() => read.push('none'));
    await clock.advance(10);
    expect(read).toEqual(['none']);
    second.listener.onEnd(undefined);
    await clock.advance(10);
    expect(read).toEqual(['none', '1']);
    first.listener.onEnd(undefined);
    await clock.advance(10);
    expect(read).toEqual(['none', '1', 'all']);
  });

  it('are waited for so long', async () => {
    const { clock, peers, link } = await guestsOf();
    link(0);
    let isOver = false;
    void peers.readToEnd({ machine: 'lost', address: '' }, READ_MS_MAX).then(() => (isOver = true));
    await clock.advance(READ_MS_MAX - 1);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect(isOver).toBe(true);
  });
});
