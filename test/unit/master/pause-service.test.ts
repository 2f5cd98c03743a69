/** A pause that a worker does not take up, and a resume that a machine does not hear of: how long they are waited for, and what the caller is told. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import {
  PAUSE_MS_MAX,
  type PauseParts,
  type PausesOfAll,
  PauseService,
  RESUME_MS_MAX,
} from '../../../src/master/pause-service.ts';
import { Queries } from '../../../src/master/queries.ts';
import type { Participant } from '../../../src/worker-pool/process-membership.ts';

function world(ofAll?: PausesOfAll, clock: VirtualClock = new VirtualClock()) {
  const queries = new Queries(clock);
  const participants = [1, 2].map((index) => {
    const send = ({ query }: { query: number }): void => {
      if (index === 1) queries.answered(query, true);
    };
    return { index, channel: { send } } as unknown as Participant;
  });
  const dead = new Set<Participant>();
  const membership = Object.assign([...participants], { isPresent: (one: Participant) => !dead.has(one) });
  const parts = {
    ...{ clock, membership, queries, handoffs: { commitNow: () => {} }, keep: undefined, ofAll },
    placement: { table: { pauses: [] }, publish: () => {} },
  } as unknown as PauseParts;
  const die = (participant: Participant): void => {
    dead.add(participant);
    queries.died(participant);
  };
  return { clock, participants, die, pauses: new PauseService(parts) };
}

test('a worker that blocks its event loop is waited for so long, and named', async () => {
  const { clock, pauses } = world();
  let fault: unknown;
  pauses.pause('order/*', undefined).catch((error: unknown) => (fault = error));
  await clock.advance(PAUSE_MS_MAX - 1);
  expect(fault).toBeUndefined();
  await clock.advance(1);
  expect(fault).toMatchObject({
    code: 'ACTOR_UNAVAILABLE',
    fate: 'unknown',
    message: expect.stringMatching(new RegExp(`worker 2 .* within ${PAUSE_MS_MAX} ms`)),
  });
});

test('it is not waited for once it has died', async () => {
  const { clock, participants, die, pauses } = world();
  let isPaused = false;
  void pauses.pause('order/*', undefined).then(() => (isPaused = true));
  await clock.advance(10);
  expect(isPaused).toBe(false);
  die(participants[1] as Participant);
  await clock.settle();
  expect(isPaused).toBe(true);
});

test(`a resume does not wait for a machine that is silent, which is told for ${RESUME_MS_MAX} ms and reads it later`, async () => {
  const clock = new VirtualClock();
  const givenUpAt: number[] = [];
  const silent = (withinMs: number): Promise<string[]> =>
    new Promise((resolve) => {
      clock.setTimer(withinMs, () => {
        givenUpAt.push(clock.now());
        resolve(['m2']);
      });
    });
  const paused = [{ pattern: 'order/*', since: 0, reason: undefined, perSecond: undefined }];
  const { pauses } = world(
    { machines: 2, read: async () => paused, change: async (make) => make(paused), silent },
    clock,
  );
  const began = clock.now();
  expect(await pauses.resume('order/*', undefined)).toBe(true);
  expect(clock.now()).toBe(began);
  await clock.advance(10 * RESUME_MS_MAX);
  expect(givenUpAt).toEqual([began + RESUME_MS_MAX]);
});
