import { expect, test } from 'vitest';
import { EXIT_MS_MAX } from '../../../src/master/master.ts';
import { LAST_WORDS_MS } from '../../../src/vocabulary/shutdown-times.ts';
import type { ProcessQuery } from '../../../src/wire/process-query.ts';
import type { FakeProcess } from './fake-host.ts';
import { request, SHUTDOWN_MS, startTestSystem } from './system.ts';

function queriesTo(process: FakeProcess): ProcessQuery[] {
  return process.all('query').map(({ what }) => what);
}

function rounds(process: FakeProcess): number {
  return queriesTo(process).filter((what) => what === 'idle').length;
}

test('a shutdown closes, waits for quiet, stops the actors, waits again, and only then ends the processes', async () => {
  const { clock, host, master, self } = await startTestSystem();
  const actors = [3, 1, 0];
  host.worker(1).behave.stopActors = () => actors.shift();
  const down = master.shutdown();
  await clock.advance(SHUTDOWN_MS);
  await down;
  for (const worker of host.forked) {
    const again = ['stop-actors', 'idle', 'idle'];
    expect(queriesTo(worker)).toEqual(['close', 'idle', 'idle', ...again, ...again, 'stop-actors']);
    expect([worker.types().at(-1), worker.kills]).toEqual(['exit', []]);
  }
  expect([host.living(), self.types().at(-1)]).toEqual([[], 'exit']);
});

test('quiet is only where all are idle, as much came as was sent, and the next round says the same', async () => {
  const { clock, host, master } = await startTestSystem();
  const answers = [
    { idle: false, waiting: 0, sent: 1, received: 0 },
    { idle: true, waiting: 0, sent: 1, received: 0 },
    { idle: true, waiting: 0, sent: 1, received: 1 },
    { idle: true, waiting: 0, sent: 2, received: 2 },
  ];
  let round = 0;
  host.worker(1).behave.idle = () => answers[Math.min(round++, answers.length - 1)] as (typeof answers)[number];
  const down = master.shutdown();
  await clock.advance(SHUTDOWN_MS);
  await down;
  expect(queriesTo(host.worker(1)).slice(0, 7)).toEqual([
    'close',
    'idle',
    'idle',
    'idle',
    'idle',
    'idle',
    'stop-actors',
  ]);
});

test('mail that never ends is cut off at the deadline, the actors are stopped all the same', async () => {
  const { clock, host, master } = await startTestSystem();
  host.worker(1).behave.idle = () => ({ idle: false, waiting: 0, sent: 0, received: 0 });
  let isDown = false;
  const down = master.shutdown(1_000).then(() => (isDown = true));
  await clock.advance(790);
  expect([isDown, rounds(host.worker(1)) > 10]).toEqual([false, true]);
  await clock.advance(410);
  await down;
  expect(queriesTo(host.worker(2))).toContain('stop-actors');
  expect(host.living()).toEqual([]);
});

test('actors that bring others to life for ever are cut off at the deadline', async () => {
  const { clock, host, master } = await startTestSystem();
  let times = 0;
  host.worker(1).behave.stopActors = () => ++times;
  host.worker(1).behave.idle = () => ({ idle: false, waiting: 0, sent: 0, received: 0 });
  const down = master.shutdown(5_000);
  await clock.advance(5_000 + LAST_WORDS_MS + 10);
  await down;
  expect([times > 1, host.living()]).toEqual([true, []]);
});

test('a worker that does not obey is killed', async () => {
  const { clock, host, master } = await startTestSystem();
  host.worker(2).behave.ignoresExit = true;
  const down = master.shutdown(0);
  await clock.advance(EXIT_MS_MAX - 1);
  expect(host.worker(2).kills).toEqual([]);
  await clock.advance(10);
  await down;
  expect([host.worker(1).kills, host.worker(2).kills]).toEqual([[], ['SIGKILL']]);
});

test('a frozen worker holds a shutdown up no longer than its deadline and the kill', async () => {
  const { clock, host, master } = await startTestSystem();
  host.worker(2).behave.isFrozen = true;
  const down = master.shutdown(500);
  await clock.advance(500 + EXIT_MS_MAX + 10);
  await down;
  expect(host.living()).toEqual([]);
});

test('a second call waits for the first, also when it comes from a process', async () => {
  const { clock, host, master, self } = await startTestSystem();
  host.worker(2).behave.ignoresExit = true;
  const first = master.shutdown(0);
  const asked = request(self, { kind: 'shutdown' });
  let isSecondDown = false;
  const second = master.shutdown(0).then(() => (isSecondDown = true));
  await clock.advance(EXIT_MS_MAX - 1);
  expect([isSecondDown, asked.isThere()]).toEqual([false, false]);
  await clock.advance(10);
  await Promise.all([first, second]);
  await clock.advance(1);
  expect(asked.isThere()).toBe(true);
  expect(self.all('exit').length).toBe(1);
});

test('workers that end because they were told to are not forked again', async () => {
  const { clock, host, master } = await startTestSystem();
  const down = master.shutdown();
  await clock.advance(60_000);
  await down;
  expect(host.forked.length).toBe(2);
});

test('numbers are asked of every process; one that does not answer is left out', async () => {
  const { clock, host, self } = await startTestSystem();
  host.worker(1).behave.isFrozen = true;
  const reply = request(self, { kind: 'metrics' });
  await clock.advance(1_100);
  expect(reply.value()).toMatchObject({ processes: [{ worker: 0 }, { worker: 2 }] });
});

test('a query to a worker that dies is answered by its death', async () => {
  const { clock, host, self } = await startTestSystem();
  host.worker(1).behave.isFrozen = true;
  const reply = request(self, { kind: 'metrics' });
  await clock.advance(1);
  host.worker(1).exit();
  await clock.advance(1);
  expect(reply.value()).toMatchObject({ processes: [{ worker: 0 }, { worker: 2 }] });
});
