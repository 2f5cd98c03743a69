/** How long a machine is asked for a partition, and how long it says that it is not there yet. */
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { MachineAgent } from '../../../src/machines/machine-agent.ts';
import { WANT_ANSWER_MS, WANT_MS, PartitionRequests } from '../../../src/membership/partition-requests.ts';

const HERE = 'machine-a';
const THERE = 'machine-b';
const PARTITION = 7;

describe('a partition that is wanted on another machine', () => {
  let clock: VirtualClock;
  let owner: string;
  let pinned: number[];
  let phase: string;
  let isHeld: boolean;
  let wishes: [partition: number, machine: string][];
  let unwanted: number[];
  let wanted: PartitionRequests;

  beforeEach(() => {
    clock = new VirtualClock();
    owner = HERE;
    pinned = [];
    phase = 'member';
    isHeld = false;
    wishes = [];
    unwanted = [];
    const agent = {
      get state() {
        return { id: HERE, phase, owner: { read: { table: { owners: { [PARTITION]: owner }, pinned } } } };
      },
      want(_now: number, partition: number, machine: string) {
        wishes.push([partition, machine]);
        return [];
      },
      owner: { unwant: (partition: number) => unwanted.push(partition), isHeld: () => isHeld },
    } as unknown as MachineAgent;
    wanted = new PartitionRequests(
      clock,
      () => agent,
      () => {},
    );
  });

  async function advance(ms: number): Promise<void> {
    await clock.advance(ms);
    wanted.look();
  }

  it('is told of as not there yet after a second, and not before', async () => {
    let answer: string | undefined;
    void wanted.want(PARTITION, THERE).then((one) => (answer = one));
    await advance(WANT_ANSWER_MS - 1);
    expect(answer).toBeUndefined();
    await advance(1);
    expect(answer).toBe('not-yet');
    expect(wishes).toEqual([[PARTITION, THERE]]);
    expect(unwanted).toEqual([]);
  });

  it('is not wanted any more three seconds after the last question', async () => {
    void wanted.want(PARTITION, THERE);
    await advance(WANT_MS - 1);
    void wanted.want(PARTITION, THERE);
    await advance(WANT_MS - 1);
    expect(unwanted).toEqual([]);
    await advance(1);
    expect(unwanted).toEqual([PARTITION]);
  });

  it('is told of to all who wait once it is there, and counts as there only where it is to stay', async () => {
    const answers = Promise.all([wanted.want(PARTITION, THERE), wanted.want(PARTITION, THERE)]);
    pinned = [PARTITION];
    owner = THERE;
    wanted.look();
    expect(await answers).toEqual(['there', 'there']);
    expect(unwanted).toEqual([PARTITION]);
    expect(await wanted.want(PARTITION, THERE)).toBe('there');
    pinned = [];
    expect(await wanted.want(PARTITION, THERE)).toBe('elsewhere');
  });

  it('is asked for elsewhere once this machine has it no longer, or leaves', async () => {
    const [gone, left] = [wanted.want(PARTITION, THERE), wanted.want(PARTITION, 'machine-c')];
    expect(await gone).toBe('overtaken');
    owner = 'machine-d';
    wanted.look();
    expect(await left).toBe('elsewhere');
    owner = HERE;
    phase = 'leaving';
    expect(await wanted.want(PARTITION, THERE)).toBe('elsewhere');
  });

  it('is not said to be here while it is handed over as somebody wanted before, who is overtaken', async () => {
    pinned = [PARTITION];
    const before = wanted.want(PARTITION, THERE);
    isHeld = true;
    const answer = wanted.want(PARTITION, HERE);
    expect(await before).toBe('overtaken');
    await advance(WANT_ANSWER_MS);
    expect(await answer).toBe('not-yet');
    const again = wanted.want(PARTITION, HERE);
    owner = THERE;
    isHeld = false;
    wanted.look();
    expect(await again).toBe('elsewhere');
  });

  it('is here, and wanted elsewhere no more, where the last who asks wants that', async () => {
    pinned = [PARTITION];
    const before = wanted.want(PARTITION, THERE);
    expect(await wanted.want(PARTITION, HERE)).toBe('there');
    expect(await before).toBe('overtaken');
    expect(unwanted).toEqual([PARTITION]);
  });
});
