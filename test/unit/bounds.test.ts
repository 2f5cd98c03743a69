/** Each bound that docs/BOUNDS.md names is named by a test too: one that no test goes beyond is a promise that nobody has looked at. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const TESTS = new URL('..', import.meta.url);
const SELF = fileURLToPath(import.meta.url);
const NAME = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g;

/**
 * No test names these yet: it goes beyond them by a number of its own, or not at all. One that gets a test by its name leaves this list, and
 * none is added to it.
 */
const UNNAMED = `
BUSY_MS CONNECT_MS_MAX ENGINE_WAIT_MS IDLE_MS_MAX LOOP_ANSWER_MS OUTLIVED_MS_MAX PAGE_ASK_MS
REMOVE_TIMEOUT_MS STATEMENT_MS_MAX STATE_BYTES_MAX STORE_BATCH_BYTES_MAX
`
  .trim()
  .split(/\s+/);

function testTexts(): string[] {
  const entries = readdirSync(TESTS, { recursive: true, encoding: 'utf8' });
  const files = entries.filter((path) => /\.(ts|mjs)$/.test(path)).map((path) => fileURLToPath(new URL(path, TESTS)));
  return files.filter((path) => path !== SELF).map((path) => readFileSync(path, 'utf8'));
}

test('each bound is named by a test, but for those that are said to wait for one', () => {
  const table = readFileSync(new URL('../../docs/BOUNDS.md', import.meta.url), 'utf8');
  const names = new Set([...table.matchAll(NAME)].map(([, name]) => name as string));
  expect(names.size).toBeGreaterThan(300);
  const words = new Set(testTexts().flatMap((text) => text.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));
  expect([...names].filter((name) => !words.has(name)).sort()).toEqual([...UNNAMED].sort());
});
