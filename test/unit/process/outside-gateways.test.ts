import { describe, expect, it } from 'vitest';
import { GATEWAYS_MS } from '../../../src/vocabulary/shutdown-times.ts';
import { defineActor, Gate, startKit } from '../actor/kernel-fixture.ts';

const gates: Gate[] = [];
const slow = defineActor({ receive: { work: () => gates[0]?.opened } });

function start(close: () => Promise<void>) {
  const kit = startKit({ slow });
  const metrics = () => ({
    ...{ kind: 'rabbitmq', url: 'amqp://a', worker: 0, state: 'connected' as const, reason: undefined, connects: 1 },
    ...{ queues: [], exchanges: [] },
  });
  const takeOut = kit.process.kernel.gateways.add({ metrics, close });
  return { ...kit, takeOut };
}

describe('a gateway to a broker', () => {
  it('is told at once that the system closes, and may end what is in flight', async () => {
    gates[0] = new Gate();
    const steps: string[] = [];
    const { system, clock } = start(async () => void steps.push('told'));
    const asked = system.ask('slow/a', { type: 'work' }).then(() => steps.push('answered'));
    const down = system.shutdown().then(() => steps.push('down'));
    expect(steps).toEqual(['told', 'told']);
    gates[0].open();
    await asked;
    await clock.advance(100);
    await down;
    expect(steps).toEqual(['told', 'told', 'answered', 'down']);
  });

  it(`is waited for as it says its last words, ${GATEWAYS_MS} ms at most`, async () => {
    const { system, clock } = start(() => new Promise(() => {}));
    let isDown = false;
    const down = system.shutdown({ timeoutMs: 50 }).then(() => (isDown = true));
    await clock.advance(GATEWAYS_MS - 10);
    expect(isDown).toBe(false);
    await clock.advance(200);
    await down;
    expect(isDown).toBe(true);
  });

  it('shows in the metrics of the system until it is taken out', async () => {
    const { system, takeOut } = start(async () => {});
    const { gateways, workers } = await system.metrics();
    expect(gateways).toMatchObject([{ url: 'amqp://a', state: 'connected' }]);
    expect(workers[0]?.gateways).toEqual(gateways);
    takeOut();
    expect((await system.metrics()).gateways).toEqual([]);
  });
});
