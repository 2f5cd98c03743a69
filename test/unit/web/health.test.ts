/** What health says, for each thing that may be the matter. */
import { describe, expect, it, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { checkWorkers, Health, type HealthParts, STORE_ANSWER_MS, STORE_LOOK_MS } from '../../../src/web/health.ts';
import type { Answer, Route, WebRequest } from '../../../src/web/route.ts';
import type { WorkerInfo, WorkerState } from '../../../src/wire/control.ts';

const workersOf = (...all: [role: string, state: WorkerState][]): WorkerInfo[] =>
  all.map(([role, state], index) => ({ index: index + 1, role, state }) as WorkerInfo);

function healthOf(parts: Partial<HealthParts> = {}): {
  health: Health;
  at: (path: string) => Promise<[number, string]>;
} {
  const usual = { workers: () => [], isClosing: () => false, readStore: () => undefined };
  const health = new Health({ clock: new VirtualClock(), ...usual, ...parts });
  const routes = health.routes();
  const at = async (target: string): Promise<[number, string]> => {
    const { pathname, searchParams: query } = new URL(target, 'http://a');
    const route = routes.find(({ path }) => path === pathname);
    const { status, body } = (await (route as Route).handle({ query } as WebRequest)) as Answer;
    return [status as number, body as string];
  };
  return { health, at };
}

describe('workers', () => {
  test.each([
    ['none there are', [], true, true],
    ['all are ready', workersOf(['a', 'ready'], ['a', 'ready']), true, true],
    ['one of two comes back', workersOf(['a', 'ready'], ['a', 'starting']), true, false],
    ['one of two drains', workersOf(['a', 'draining'], ['a', 'ready']), true, false],
    ['one of two is given up', workersOf(['a', 'given-up'], ['a', 'ready']), true, false],
    ['the only one of a role comes back', workersOf(['a', 'ready'], ['b', 'backing-off']), false, false],
    ['none is ready', workersOf(['a', 'backing-off'], ['a', 'given-up']), false, false],
  ] as const)('%s', (_, workers, some, all) => {
    expect([checkWorkers(workers, false).ok, checkWorkers(workers, true).ok]).toEqual([some, all]);
  });

  it('that lack are named', () => {
    expect(checkWorkers(workersOf(['web', 'ready'], ['mail', 'starting']), false).text).toBe('1 of 2 ready; no mail');
  });
});

describe('a system', () => {
  it('is alive from the beginning, and ready once it has started', async () => {
    const { health, at } = healthOf();
    expect((await at('/livez'))[0]).toBe(200);
    expect((await at('/startupz'))[0]).toBe(503);
    expect((await at('/readyz'))[0]).toBe(503);
    health.started();
    expect((await at('/startupz'))[0]).toBe(200);
    expect((await at('/readyz'))[0]).toBe(200);
  });

  it.each([
    ['a shutdown begins in the master', (health: Health) => health.drains(), false],
    ['calls are refused already', () => {}, true],
  ])('is alive, and not ready: %s', async (_, drain, closing) => {
    let isClosing = false;
    // It may be closed already.
    const readStore = () => (isClosing ? Promise.reject(new Error('closed')) : Promise.resolve());
    const { health, at } = healthOf({ isClosing: () => isClosing, readStore });
    health.started();
    expect((await at('/readyz'))[0]).toBe(200);
    drain(health);
    isClosing = closing;
    const [status, body] = await at('/readyz');
    expect([status, body]).toEqual([503, expect.stringContaining('the system ends')]);
    expect(JSON.parse(body).checks.map(({ name }: { name: string }) => name)).toEqual([
      'started',
      'draining',
      'workers',
    ]);
    expect((await at('/livez'))[0]).toBe(200);
    expect((await at('/startupz'))[0]).toBe(200);
  });

  it('is not ready where workers lack', async () => {
    const workers = workersOf(['a', 'ready'], ['a', 'starting']);
    const { health, at } = healthOf({ workers: () => workers });
    health.started();
    expect((await at('/readyz'))[0]).toBe(200);
    expect((await at('/readyz?all'))[0]).toBe(503);
    workers.shift();
    expect((await at('/readyz'))[0]).toBe(503);
  });
});

describe('the store', () => {
  it('that has failed, or does not answer, makes it unready, and is looked at once a second', async () => {
    const clock = new VirtualClock();
    let reads = 0;
    let read = (): Promise<unknown> => Promise.resolve();
    const { health, at } = healthOf({
      clock,
      readStore: () => {
        reads++;
        return read();
      },
    });
    health.started();
    for (let n = 0; n < 10; n++) expect((await at('/readyz'))[0]).toBe(200);
    expect(reads).toBe(1);
    await clock.advance(STORE_LOOK_MS);
    read = () => Promise.reject(new Error('no disk'));
    expect((await at('/readyz'))[0]).toBe(503);
    await clock.advance(STORE_LOOK_MS);
    read = () => new Promise(() => {});
    const late = at('/readyz');
    await clock.advance(STORE_ANSWER_MS);
    expect(await late).toEqual([503, expect.stringContaining('no answer within')]);
    await clock.advance(STORE_LOOK_MS);
    read = () => Promise.resolve();
    expect((await at('/readyz'))[0]).toBe(200);
    expect(clock.timers).toBe(0);
  });
});
