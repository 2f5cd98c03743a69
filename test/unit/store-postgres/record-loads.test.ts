import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { LOADED_TOGETHER_MAX, LOADS_AT_ONCE, RecordLoads } from '../../../src/store-postgres/record-loads.ts';

/** Statements that wait for the test, with the ids of each. */
function newLoads(): { loads: RecordLoads; asked: string[][]; answers: ((error?: Error) => void)[] } {
  const asked: string[][] = [];
  const answers: ((error?: Error) => void)[] = [];
  const loads = new RecordLoads((ids) => {
    asked.push([...ids]);
    return new Promise((resolve, reject) => {
      const values = new Map(ids.filter((id) => id !== 'bank/none').map((id) => [id, Buffer.from(id)]));
      answers.push((error) => (error ? reject(error) : resolve(values)));
    });
  });
  return { loads, asked, answers };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('reads together what is asked for at once, and what waits for statements in the next', async () => {
  const { loads, asked, answers } = newLoads();
  const first = Promise.all(['bank/a', 'bank/b', 'bank/a', 'bank/none'].map((id) => loads.get(id)));
  await settled();
  const second = loads.get('bank/c');
  await settled();
  const third = Promise.all([loads.get('bank/d'), loads.get('bank/e')]);
  await settled();
  expect(asked).toEqual([['bank/a', 'bank/b', 'bank/none'], ['bank/c']]);
  expect(asked).toHaveLength(LOADS_AT_ONCE);
  answers[0]?.();
  expect((await first).map((value) => value?.toString())).toEqual(['bank/a', 'bank/b', 'bank/a', undefined]);
  await settled();
  expect(asked[2]).toEqual(['bank/d', 'bank/e']);
  answers[2]?.();
  answers[1]?.();
  expect(await second).toEqual(Buffer.from('bank/c'));
  expect(await third).toHaveLength(2);
});

it('reads no more in a statement than its bound, and goes on with the rest', async () => {
  const { loads, asked, answers } = newLoads();
  const all = Array.from({ length: LOADED_TOGETHER_MAX * 3 + 1 }, (_, at) => loads.get(`bank/${at}`));
  for (let answered = 0; answered < 4; answered++) {
    await settled();
    answers[answered]?.();
  }
  expect(await Promise.all(all)).toHaveLength(LOADED_TOGETHER_MAX * 3 + 1);
  expect(asked.map(({ length }) => length)).toEqual([...Array(3).fill(LOADED_TOGETHER_MAX), 1]);
});

it('fails those alone that a statement was for', async () => {
  const { loads, answers } = newLoads();
  const failing = loads.get('bank/a');
  await settled();
  const well = loads.get('bank/b');
  await settled();
  answers[0]?.(new Error('gone'));
  await expect(failing).rejects.toThrow('gone');
  answers[1]?.();
  expect(await well).toEqual(Buffer.from('bank/b'));
});
