/** A pause that a worker does not take up: how long it is waited for, and what its caller is told. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { PAUSE_MS_MAX, type PauseParts, PauseService } from '../../../src/master/pause-service.ts';
import { Queries } from '../../../src/master/queries.ts';
import type { Participant } from '../../../src/worker-pool/process-membership.ts';

function world() {
  const clock = new VirtualClock();
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
    ...{ clock, membership, queries, handoffs: { commitNow: () => {} }, keep: undefined, ofAll: undefined },
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
