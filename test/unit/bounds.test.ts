/** Each bound that docs/BOUNDS.md names is named by a test too: one that no test goes beyond is a promise that nobody has looked at. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const TESTS = new URL('..', import.meta.url);
const SELF = fileURLToPath(import.meta.url);
const NAME = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g;

function testTexts(): string[] {
  const entries = readdirSync(TESTS, { recursive: true, encoding: 'utf8' });
  const files = entries.filter((path) => /\.(ts|mjs)$/.test(path)).map((path) => fileURLToPath(new URL(path, TESTS)));
  return files.filter((path) => path !== SELF).map((path) => readFileSync(path, 'utf8'));
}

test('each bound is named by a test', () => {
  const table = readFileSync(new URL('../../docs/BOUNDS.md', import.meta.url), 'utf8');
  const names = new Set([...table.matchAll(NAME)].map(([, name]) => name as string));
  expect(names.size).toBeGreaterThan(300);
  const words = new Set(testTexts().flatMap((text) => text.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));
  expect([...names].filter((name) => !words.has(name))).toEqual([]);
});
