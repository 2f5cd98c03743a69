/** Dead letters in the memory of a process, as those see them who look at a whole system. */
import { afterEach, expect, test } from 'vitest';
import { defineActor } from '../../../src/index.ts';
import { keptLettersOf, mergeLetters } from '../../../src/inspection/kept-letters.ts';
import { LETTERS_TOLD_LENGTH_MAX, LETTERS_TOLD_MAX } from '../../../src/observe/kept-letter.ts';
import { kernelOf } from '../../../src/system/process-system.ts';
import type { Kernel } from '../../../src/actor/kernel.ts';
import { createTestSystem, type TestSystem } from '../../../src/testkit/index.ts';

const receive = {
  fail: () => {
    throw new Error('by the test');
  },
};
const note = defineActor({ durable: true, state: () => ({}), receive });
const plain = defineActor({ receive });
let running: TestSystem | undefined;

afterEach(() => running?.shutdown());

function start(): TestSystem & { kernel: Kernel } {
  running = createTestSystem({ actors: { note, plain } });
  return { ...running, kernel: kernelOf(running.system) as Kernel };
}

test('a letter on disk is not listed a second time, one of a volatile actor is', async () => {
  const { system, advance } = start();
  for (const id of ['note/a', 'plain/a']) system.tell(id, { type: 'fail' });
  await advance(1_000);
  expect(system.deadLetters()).toHaveLength(2);
  expect((await system.deadLetters.list()).map(({ to }) => to)).toEqual(['note/a']);
  expect(await system.deadLetters.inMemory()).toMatchObject([
    { worker: 0, to: 'plain/a', reason: 'HANDLER_FAILED', message: { type: 'fail' }, preview: "{ type: 'fail' }" },
  ]);
});

test('the newest are told, the oldest of them first, and no more than so many', () => {
  const { kernel } = start();
  for (let n = 0; n < 2 * LETTERS_TOLD_MAX; n++) kernel.deadLetters.add(`a/${n}`, { n }, undefined, 'NO_WORKER');
  const { letters } = keptLettersOf(kernel);
  expect(letters.map(({ to }) => to)).toEqual(
    Array.from({ length: LETTERS_TOLD_MAX }, (_, n) => `a/${n + LETTERS_TOLD_MAX}`),
  );
});

test('large messages are cut, and with those that are large so many are told as have room', () => {
  const { kernel } = start();
  const text = 'x'.repeat(LETTERS_TOLD_LENGTH_MAX / 4);
  for (let n = 0; n < LETTERS_TOLD_MAX; n++) kernel.deadLetters.add(`a/${n}`, { text }, undefined, 'NO_WORKER');
  const { letters } = keptLettersOf(kernel);
  expect(letters.length).toBeLessThan(LETTERS_TOLD_MAX / 2);
  expect(letters.at(-1)?.to).toBe(`a/${LETTERS_TOLD_MAX - 1}`);
  const one = JSON.stringify(letters[0]?.message).length;
  expect(JSON.stringify(letters.map(({ message }) => message)).length).toBeLessThan(LETTERS_TOLD_LENGTH_MAX + 2 * one);
});

test('a message that is no data is shown as well as it can be', () => {
  const { kernel } = start();
  kernel.deadLetters.add('a/1', undefined, undefined, 'INVALID_MESSAGE');
  kernel.deadLetters.add('a/2', { at: new Date(0), run: () => 1, big: 1n }, undefined, 'INVALID_MESSAGE');
  expect(keptLettersOf(kernel).letters.map(({ message }) => message)).toEqual([
    undefined,
    { at: '1970-01-01T00:00:00.000Z', run: '[function]', big: '1n' },
  ]);
});

test('those of all processes are in the order of time', () => {
  const letter = (worker: number, at: number) => {
    return { worker, at, to: 'a/1', sender: undefined, reason: 'NO_WORKER', message: {}, preview: '{}' };
  };
  const merged = mergeLetters([
    { worker: 1, letters: [letter(1, 1), letter(1, 4)] },
    { worker: 2, letters: [letter(2, 2), letter(2, 3)] },
  ]);
  expect(merged.map(({ at }) => at)).toEqual([1, 2, 3, 4]);
});
