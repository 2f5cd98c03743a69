import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('each file that is said to take long is there: one of another name would run last, and in `test:fast`', () => {
  const names = Object.keys(JSON.parse(readFileSync(new URL('../long-files.json', import.meta.url), 'utf8')));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !existsSync(new URL(`../${name}.test.ts`, import.meta.url)))).toEqual([]);
});
