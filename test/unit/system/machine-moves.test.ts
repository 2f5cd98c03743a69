/** How long a move to another machine may take, and whom it asks meanwhile. */
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { MACHINE_MOVE_MS, moveActor } from '../../../src/system/machine-moves.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';

const ID = 'room/lobby';
const THERE = 'machine-b';

describe('a move of an actor to another machine', () => {
  let clock: VirtualClock;
  let states: Record<string, string>;
  let asked: number;
  let answer: () => Promise<unknown>;
  let isAlone: boolean;

  beforeEach(() => {
    clock = new VirtualClock();
    states = { 'machine-a': 'live', [THERE]: 'live' };
    asked = 0;
    answer = async () => 'there';
    isAlone = false;
  });

  function move(): Promise<unknown> {
    const cluster = {
      self: { machine: 'machine-a' },
      ...(!isAlone && { beyond: { others: () => [], call: () => Promise.reject(new Error('nobody is called')) } }),
      machines: () => Object.entries(states).map(([id, state]) => ({ id, state })),
      hostOf: () => undefined,
      request: () => {
        asked++;
        return answer();
      },
    };
    const around = { clock, cluster } as unknown as Parameters<typeof moveActor>[0];
    return moveActor(around, ID, { machine: THERE }).then(
      () => 'moved',
      (error: unknown) => error,
    );
  }

  async function settled(promise: Promise<unknown>, ms: number): Promise<unknown> {
    let end: unknown;
    void promise.then((one) => (end = one));
    for (let at = 0; at < ms && end === undefined; at += 100) await clock.advance(100);
    return end;
  }

  const afterSecond = (): Promise<unknown> => new Promise((resolve) => clock.setTimer(1_000, () => resolve('not-yet')));

  it('is given up after fifteen seconds, with a fate that is not known, and not before', async () => {
    answer = afterSecond;
    const move1 = move();
    expect(await settled(move1, MACHINE_MOVE_MS - 1_000)).toBeUndefined();
    expect(await settled(move1, 1_500)).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    expect(asked).toBe(MACHINE_MOVE_MS / 1_000);
  });

  it('asks the next owner where the one it asked is gone, or has it no longer', async () => {
    const answers: (() => Promise<unknown>)[] = [
      async () => {
        throw new TroupeError('ACTOR_UNAVAILABLE', 'the machine gave no answer');
      },
      async () => 'elsewhere',
      afterSecond,
      async () => 'there',
    ];
    answer = () => (answers.shift() as () => Promise<unknown>)();
    expect(await settled(move(), 3_000)).toBe('moved');
    expect(asked).toBe(4);
  });

  it('ends at once, and says why, where the machine leaves meanwhile', async () => {
    answer = async () => {
      states[THERE] = 'leaving';
      return afterSecond();
    };
    const end = await settled(move(), 3_000);
    expect(end).toMatchObject({ code: 'NO_WORKER' });
    expect(String(end)).toMatch(/leaving; those that are live: machine-a/);
    expect(asked).toBe(1);
  });

  it('is refused for good only where the system is alone: a worker may ask before its machine has joined', async () => {
    states = {};
    expect(await settled(move(), 1_000)).toMatchObject({
      code: 'NO_WORKER',
      message: expect.stringMatching(/not joined/),
    });
    isAlone = true;
    expect(await settled(move(), 1_000)).toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(asked).toBe(0);
  });
});
